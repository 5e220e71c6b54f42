// SPDX-License-Identifier: Apache-2.0
// Writing JSON into a buffer: commas, quotes and escapes are kept right here, so that a document
// reads as a list of puts. Compact, UTF-8 left as it is, control bytes and malformed UTF-8 made
// safe (U+FFFD), so that the output is valid JSON whatever the mail held. A full buffer sticks
// (base/buf.h).
#ifndef CODEC_JSON_WRITE_H
#define CODEC_JSON_WRITE_H

#include "base/buf.h"

struct json_write {
    struct buf *b;
    bool comma; // the next value or key needs one before it
};

struct json_write json_write_to(struct buf *b);

void json_write_object(struct json_write *w); // {
void json_write_object_end(struct json_write *w);
void json_write_array(struct json_write *w); // [
void json_write_array_end(struct json_write *w);
void json_write_key(struct json_write *w, str key);
void json_write_string(struct json_write *w, str s);
void json_write_i64(struct json_write *w, i64 v);
void json_write_bool(struct json_write *w, bool v);
void json_write_null(struct json_write *w);
void json_write_raw(struct json_write *w, str json); // a value that is JSON already

// A string value made by others: everything put into w->b between the two must need no escaping.
void json_write_string_begin(struct json_write *w);
void json_write_string_end(struct json_write *w);

void json_write_member(struct json_write *w, str key, str value); // key and string
void json_escape(struct buf *b, str s);                           // the inside of a string literal

#endif
