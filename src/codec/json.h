// SPDX-License-Identifier: Apache-2.0
// Reading JSON (RFC 8259), in two ways.
//
// A whole small value: json_parse() makes nodes (jsmn tokens, in memory of the caller) and the rest
// looks things up in them. A long answer: json_stream pulls events out of it as it arrives: the
// elements of one array, one at a time, and the bytes of one huge string, in pieces; what remains is
// collected as a small value for json_parse(). Neither recurses; nesting beyond JSON_DEPTH_MAX is
// refused. Strings are checked for their escapes where they are decoded, not before.
#ifndef CODEC_JSON_H
#define CODEC_JSON_H

#include "base/buf.h"

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

// The layout of jsmntok_t, so that jsmn stays inside json.c.
struct json_node {
    int type, start, end, size, parent;
};

struct json {
    str text;
    const struct json_node *nodes;
    int count;
};

// Parses `text` (a whole value, blanks around it allowed) into at most `cap` nodes of the caller's.
// JSON_SYNTAX, JSON_TOO_MANY (more nodes than cap), JSON_TOO_DEEP. On error *j has no nodes.
err json_parse(struct json *j, str text, struct json_node *nodes, int cap);

// Nodes are indexes; the root is 0; -1 is "absent" and every function takes it: JSON_NONE, -1, false.
enum json_type json_type(const struct json *j, int node);
int json_get(const struct json *j, int object, str key); // value of the member; the last of equal keys
int json_path(const struct json *j, int node, str path); // "error.details.0.reason"
int json_first(const struct json *j, int node);          // first element, or first key of an object
int json_next(const struct json *j, int node);           // next element or key
int json_value(const struct json *j, int key);           // value of a key
isize json_size(const struct json *j, int node);         // elements or members
str json_raw(const struct json *j, int node);            // its text; of a string without the quotes

bool json_equals(const struct json *j, int node, str s); // a string equal to s once decoded
bool json_i64(const struct json *j, int node, i64 *out); // an integral number in range
bool json_bool(const struct json *j, int node, bool *out);

// Appends the decoded string. false (nothing useful appended) when the node is no string or an escape
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
    str element;  // valid until the next call
    bool cut;     // the element was longer than its buffer: only its beginning is there
    str piece;    // valid until the next call
    err error;
    struct buf *rest; // what was diverted to neither: a value in which the array is [] and the string ""
    // private: see json.c
    struct json_stream_target target;
    struct buf *element_buf;
    u8 stack[64]; // one byte a level: JSON_DEPTH_MAX
    int depth;
    int state, mode, matched_depth, literal, skip_depth, element_depth;
    u32 code_point;
    u8 path_state[16];
    isize key_at;
    u8 key[128], scratch[8];
    isize key_bytes;
    i64 reserved[8];
};

// `rest` and `element_buf` are the caller's, emptied here; rest may be NULL when nobody wants it.
void json_stream_init(struct json_stream *s, struct json_stream_target target, struct buf *rest,
                      struct buf *element_buf);

// Takes bytes off the front of *in until there is an event. Pull until MORE; stop pulling earlier to
// leave the rest of *in to a later call.
enum json_event json_stream_next(struct json_stream *s, str *in);

#endif
