// SPDX-License-Identifier: Apache-2.0
// Reading JSON (RFC 8259), in two ways.
//
// A whole small value: json_parse() makes nodes (jsmn tokens, in memory of the caller) and the rest
// looks things up in them. A long answer: json_stream pulls events out of it as it arrives: the
// elements of one array, one at a time, and the bytes of one huge string, in pieces; what remains
// is collected as a small value for json_parse(). Neither recurses; nesting beyond JSON_DEPTH_MAX
// is refused. Both accept what RFC 8259 accepts, to the byte (codec/json_grammar.h).
#ifndef CODEC_JSON_H
#define CODEC_JSON_H

#include "base/buf.h"
#include "codec/json_grammar.h"

enum json_type {
    JSON_NONE, // no such node
    JSON_OBJECT,
    JSON_ARRAY,
    JSON_STRING,
    JSON_NUMBER,
    JSON_TRUE,
    JSON_FALSE,
    JSON_NULL,
};

// The layout of jsmntok_t, so that jsmn stays inside json.c; `type` is an enum json_type.
struct json_node {
    int type, start, end, size, parent;
};

struct json {
    str text;
    const struct json_node *nodes;
    int count;
};

// Parses `text` (a whole value, blanks around it allowed) into at most `cap` nodes of the caller's.
// JSON_SYNTAX, JSON_TOO_MANY (more nodes than cap), JSON_TOO_DEEP, JSON_TOO_LARGE (2 GiB). On error
// *j has no nodes. A node is made for each value and each key.
err json_parse(struct json *j, str text, struct json_node *nodes, int cap);

// Nodes are indexes; the root is 0. -1 is "absent", and every function takes it
// (JSON_NONE, -1, false).
enum json_type json_type(const struct json *j, int node);
int json_get(const struct json *j, int object, str key); // a member's value; the last of equal keys
int json_path(const struct json *j, int node, str path); // "error.details.0.reason"; "": the node
int json_first(const struct json *j, int node);          // first element, or first key of an object
int json_next(const struct json *j, int node);           // next element, or next key after a key
int json_value(const struct json *j, int key);           // value of a key
isize json_size(const struct json *j, int node);         // elements or members
str json_raw(const struct json *j, int node);            // its text; of a string without the quotes

bool json_equals(const struct json *j, int node, str s); // a string equal to s once decoded
bool json_i64(const struct json *j, int node, i64 *out); // integral, in range: 7, 7.0, not 7e0
bool json_bool(const struct json *j, int node, bool *out);

// Appends the decoded string. false, and nothing appended, when the node is no string or an escape
// is bad. Lone surrogates become U+FFFD.
bool json_put_string(const struct json *j, int node, struct buf *out);
bool json_unescape(str raw, struct buf *out);

// ---- streams

enum json_event {
    JSON_EVENT_MORE,    // *in is used up: feed more
    JSON_EVENT_ELEMENT, // s->element is one whole element of the array
    JSON_EVENT_PIECE,   // s->piece are the next bytes of the string, decoded
    JSON_EVENT_STRING_END,
    JSON_EVENT_END, // the value is complete; anything but blanks after it is BAD
    JSON_EVENT_BAD, // s->error says why; it stays BAD
};

struct json_stream_target {
    str elements_of; // path of the array, "hits.hits"; empty: none
    str string_at;   // path of the string, "raw"; empty: none
};

struct json_stream {
    str element; // valid until the next call: a part of the input, or of element_buf
    bool cut;    // the element was longer than element_buf's capacity: only so much of it is there
    str piece;   // valid until the next call, never empty
    err error;
    // What was diverted to neither: a value with [] in place of the array, "" of the string.
    struct buf *rest;
    bool ended; // END was seen; when the input ends without it, the answer was cut
    // private: see json_stream.c
    struct json_stream_target target;
    struct buf *element_buf;
    struct json_grammar grammar;
    int mode, array_depth;
    int elements_matched, string_matched; // how many keys of each path the present place has
    bool element_open;
    const u8 *element_at; // where the open element, or its next part, begins in this chunk
    isize element_bytes;  // of the open element, in earlier chunks
    u8 key[JSON_KEY_BYTES];
    isize key_bytes; // -1: longer than any key of a path
};

// `rest` and `element_buf` are the caller's, emptied here; either may be NULL when nobody wants it.
// When `rest` overflows, the stream is BAD with JSON_TOO_LARGE. Blanks outside strings do not go
// there. Paths are keys joined by '.', from the root down through objects only.
void json_stream_init(struct json_stream *s, struct json_stream_target target, struct buf *rest,
                      struct buf *element_buf);

// Takes bytes off the front of *in until there is an event. Pull until MORE; stop pulling earlier
// to leave the rest of *in to a later call. END comes once; MORE after it. The events do not depend
// on how the text was cut into chunks, but that pieces may be shorter.
enum json_event json_stream_next(struct json_stream *s, str *in);

#endif
