// SPDX-License-Identifier: Apache-2.0
// BER (X.690) as far as LDAP and SPNEGO use it: definite lengths, tags of one byte.
//
// Reading: every function takes one element off the front of *in and says whether there was one of
// the wanted kind; after false, *in is what it was. Values point into the input. Longer forms of a
// length than needed are accepted (Active Directory sends `84 00 00 00 05`), at most 4 bytes of it;
// refused: indefinite lengths, tags of several bytes, an element that ends behind its container.
// Nothing here goes down by itself: the depth of what is read is that of the caller's code.
//
// Writing: appends to a struct buf in the order of the wire, with shortest lengths. A constructed
// element is opened, filled and closed; closing moves its content when the length needs more than
// a byte, at most once for each level.
#ifndef CODEC_BER_H
#define CODEC_BER_H

#include "base/buf.h"

enum ber_tag {
    BER_BOOLEAN = 0x01,
    BER_INTEGER = 0x02,
    BER_OCTETS = 0x04,
    BER_OID = 0x06,
    BER_ENUMERATED = 0x0a,
    BER_SEQUENCE = 0x30,
    BER_SET = 0x31,
    BER_CONTEXT = 0x80,   // + n: [n], a primitive element
    BER_CONTEXT_IN = 0xa0 // + n: [n], a constructed element
};

enum ber_verdict { BER_MORE, BER_WHOLE, BER_BAD };

// The length of the element at the start of `in`, tag and length bytes with it, before all of it
// has come: *bytes is set with BER_WHOLE only, and may be more than `in` has.
enum ber_verdict ber_element_bytes(str in, isize *bytes);

int ber_peek(str in); // the tag of the next element, -1 at the end

bool ber_take_any(str *in, u8 *tag, str *content);
bool ber_take(str *in, u8 tag, str *content);
bool ber_take_int(str *in, u8 tag, i64 *value); // 1 to 8 bytes; BER_INTEGER, BER_ENUMERATED, [n]
bool ber_take_bool(str *in, u8 tag, bool *value);

// The element where there is one of this tag; else the empty str (p is NULL), and *in stays. False:
// what comes is no element.
bool ber_take_optional(str *in, u8 tag, str *content);

void ber_put(struct buf *b, u8 tag, str content);
void ber_put_int(struct buf *b, u8 tag, i64 value);
void ber_put_bool(struct buf *b, u8 tag, bool value);

isize ber_open(struct buf *b, u8 tag); // returns the place that ber_close() wants
void ber_close(struct buf *b, isize place);

#endif
