// SPDX-License-Identifier: Apache-2.0
// JSON for the fake tenant: a strict checker that hands out slices, and a writer that can print
// prettily (Google does unless it is asked not to).
//
// Values are slices of the input. Nesting is bounded by T_JSON_DEPTH; strings must be valid UTF-8
// without control characters, as Elasticsearch's reader demands. The long strings of mails are
// skipped sixteen bytes at a time.
#ifndef TENANT_JSON_H
#define TENANT_JSON_H

#include "t_mem.h"

#define T_JSON_DEPTH 200

// Length of the value that `s` begins with (after blanks), or -1. *value gets its slice.
isize t_json_value(str s, str *value);
bool t_json_whole(str s, str *value); // nothing but blanks may follow

// The members of an object, elements of an array. `at` starts at 0; false at the end. The input
// must be a value that t_json_value() accepted. Keys come decoded only if they have no escape.
bool t_json_member(str object, isize *at, str *key, str *value);
bool t_json_element(str array, isize *at, str *value);

bool t_json_get(str object, const char *key, str *value); // the first of that name
bool t_json_is_object(str v);
bool t_json_is_array(str v);
bool t_json_is_string(str v);
bool t_json_text(str v, struct t_buf *out); // a string, decoded and appended
i64 t_json_i64(str object, const char *key, i64 otherwise);
bool t_json_bool(str object, const char *key, bool otherwise);
bool t_json_get_text(str object, const char *key, struct t_buf *out); // replaces what is in `out`

struct t_writer {
    struct t_buf *b;
    bool pretty;
    int depth;
    bool first; // nothing was written yet in the open object or array
};

void t_json_open(struct t_writer *w, char bracket);
void t_json_close(struct t_writer *w, char bracket);
void t_json_key(struct t_writer *w, const char *key);
void t_json_item(struct t_writer *w); // before an element of an array
void t_json_put_string(struct t_buf *b, str s);
void t_json_put_member(struct t_writer *w, const char *key, str s);
void t_json_put_number(struct t_writer *w, const char *key, i64 v);
void t_json_put_bool(struct t_writer *w, const char *key, bool v);

#endif
