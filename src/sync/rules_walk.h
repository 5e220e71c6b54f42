// SPDX-License-Identifier: Apache-2.0
// Going through the members of a JSON object, or the elements of an array, without nodes: values
// are handed out as ranges of the text, so that neither their number nor their size has a bound.
// Used by sync/rules* for documents and for the records of rules. Nothing is owned.
#ifndef SYNC_RULES_WALK_H
#define SYNC_RULES_WALK_H

#include "codec/json.h"

struct rules_walk {
    struct json_grammar g;
    str text;
    isize at;
    bool broken; // not JSON: nothing more is handed out
};

// Over `value`, an object or array as JSON text. False: it is neither.
bool rules_walk_begin(struct rules_walk *w, str value);
// Over the members of an object without its braces; may be empty.
void rules_walk_begin_members(struct rules_walk *w, str members);

// The next member: its key (between the quotes, escaped) and its value. False: none left.
bool rules_walk_member(struct rules_walk *w, str *key, str *value);
bool rules_walk_element(struct rules_walk *w, str *value);

// A member of an object; empty when there is none (or `object` is no object). The last of equals.
str rules_walk_get(str object, str key);

enum json_type rules_walk_type(str value); // by its first byte; JSON_NONE when empty
str rules_walk_inside(str string_value);   // without the quotes
bool rules_walk_equals(str inside, str s); // once decoded

#endif
