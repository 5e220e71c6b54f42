// SPDX-License-Identifier: Apache-2.0
// Reading XML as it arrives: a pull reader for the SOAP answers of Exchange (spec/wire-ews.md,
// sections 2, 9 and 12; XML 1.0, fifth edition; Namespaces in XML 1.0). UTF-8 only.
//
//     xml_init(&x, uris, COUNT(uris));
//     for each chunk: while ((event = xml_next(&x, &chunk)) != XML_MORE && event != XML_BAD) { ...
//     } at the end: xml_finish(&x)
//
// Names are a number of the caller's table of namespaces and a local part; prefixes are never seen.
// Text comes in pieces, in place where nothing had to be decoded, so that tens of MB pass without a
// copy. A start tag comes whole. Nothing recurses, and all memory is struct xml (24 KiB).
//
// More is taken than XML allows, because real answers need it. Dropped, and the rest of the text
// kept: characters that XML forbids, raw or as a reference (&#x0; &#xD800;); entities without a
// meaning here (&nbsp; is U+00A0). Bytes that are not UTF-8 become U+FFFD, one for each maximal
// subpart. Skipped: whatever stands before the first '<'; what comments and processing
// instructions hold. Also taken: "]]>" in text, any character from U+0080 on in names, prefixes
// that are not bound (namespace XML_UNKNOWN), xml and xmlns declared anew, any <?xml ...?> that
// makes sense.
// Less is taken: no document type (entities in it are an attack), no encoding but utf-8 and
// us-ascii, and the bounds of limits.h.
#ifndef CODEC_XML_H
#define CODEC_XML_H

#include "base/err.h"
#include "base/str.h"
#include "limits.h"

enum xml_event {
    XML_MORE,  // *in is used up: feed more
    XML_START, // x->name, and its attributes
    XML_END,   // x->name; comes after an empty element's XML_START too
    XML_TEXT,  // x->text: the next piece, never empty, never cut inside a character
    XML_DONE,  // the root has ended; comes once. Anything but blanks and comments after it is BAD
    XML_BAD,   // x->error says why, x->at where; it stays BAD
};

// Namespaces that are no index of the caller's table.
enum { XML_NONE = -1, XML_UNKNOWN = -2 };

struct xml_name {
    int ns; // index into the table, XML_NONE or XML_UNKNOWN
    str local;
};

struct xml_attribute {
    struct xml_name name;
    str value; // decoded, blanks normalised
    u64 key;   // private: of name and namespace
};

// A prefix and what it means. By hashes: whoever makes two collide wrote the document anyway, and
// could have said so in plain words.
struct xml_binding {
    u64 prefix, uri;
    int ns;
    int depth; // of the element that declared it
};

struct xml_reference { // between & and ;
    u8 state;
    u32 value; // of a number
    u64 name;  // the last bytes of a name
};

struct xml {
    // Valid until the next call; they point into the input or into this struct.
    struct xml_name name; // of START and END
    str text;             // of TEXT
    // Of START, without declarations of namespaces, in the order of the tag.
    struct xml_attribute attributes[XML_ATTRIBUTES_MAX];
    isize attribute_count;
    // Of the element that starts or ends, or whose text it is; the root has 1.
    int depth;
    err error;
    i64 at; // bytes of input before the next one; after BAD: before what is wrong

    // private: see xml.c
    const str *uris;
    int uri_count;
    u8 state, quote, matched, brackets;
    bool ended, done, empty, leaving, declared, cr;
    isize junk_bytes;
    struct xml_reference reference;
    u8 gathered[XML_GATHER_BYTES];
    u8 character[4]; // of a character that was cut, or that a reference stands for
    isize character_bytes;
    i64 open_at; // where the open tag or reference begins
    isize tag_bytes, value_bytes;
    int binding_count;
    struct xml_binding bindings[XML_NAMESPACES_MAX + 1]; // and that of xml
    u64 open[XML_DEPTH_MAX];                             // names of open elements, as hashes
    u8 values[XML_VALUES_BYTES];
    u8 tag[XML_TAG_BYTES];
};

// `uris` names the namespaces that the caller cares for; it is kept, not copied.
void xml_init(struct xml *x, const str *uris, int uri_count);

// Takes bytes off the front of *in until there is an event. Pull until MORE; stop pulling earlier
// to leave the rest of *in to a later call. The events do not depend on how the text was cut into
// chunks, but that pieces of text may be shorter.
// XML_SYNTAX, XML_MISMATCH (end tags), XML_DUPLICATE (attributes), XML_DOCTYPE, XML_ENCODING,
// XML_AFTER_ROOT, XML_TAG_SIZE, XML_TOO_DEEP, XML_ATTRIBUTES, XML_NAMESPACES.
enum xml_event xml_next(struct xml *x, str *in);

// The input has ended: the error, if there was one; XML_CUT unless the root has ended.
err xml_finish(const struct xml *x);

// Whether START or END is of this element.
bool xml_is(const struct xml *x, int ns, str local);

// The value of an attribute of START; an empty str with *found false when there is none. `found`
// may be NULL. The first one is of names without a prefix, as all of Exchange's are.
str xml_attribute(const struct xml *x, str local, bool *found);
str xml_attribute_of(const struct xml *x, int ns, str local, bool *found);

#endif
