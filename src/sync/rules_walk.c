// SPDX-License-Identifier: Apache-2.0
// Going through objects and arrays (see rules_walk.h), on the grammar of codec/json.
#include "sync/rules_walk.h"

bool rules_walk_begin(struct rules_walk *w, str value)
{
    isize from;
    *w = (struct rules_walk){.text = value};
    json_grammar_init(&w->g);
    w->broken = json_grammar_next(&w->g, value, &from, &w->at) != JSON_TOKEN_OPEN;
    return !w->broken;
}

void rules_walk_begin_members(struct rules_walk *w, str members)
{
    (void)rules_walk_begin(w, S("{"));
    w->text = members;
    w->at = 0;
}

// The rest of a value whose first token was read; false when the text is no JSON.
static bool walk_value_end(struct rules_walk *w, enum json_token token)
{
    isize from;
    switch (token) {
    case JSON_TOKEN_OPEN:
        return json_grammar_skip(&w->g, w->text, &w->at, w->g.depth - 1) == JSON_TOKEN_CLOSE;
    case JSON_TOKEN_QUOTE:
        do {
            token = json_grammar_next(&w->g, w->text, &from, &w->at);
        } while (token == JSON_TOKEN_TEXT || token == JSON_TOKEN_CHAR);
        return token == JSON_TOKEN_STRING;
    case JSON_TOKEN_SCALAR:
        return true;
    case JSON_TOKEN_MORE: // a number ends with the text
        return w->at == w->text.n;
    case JSON_TOKEN_CLOSE:
    case JSON_TOKEN_COMMA:
    case JSON_TOKEN_COLON:
    case JSON_TOKEN_TEXT:
    case JSON_TOKEN_CHAR:
    case JSON_TOKEN_STRING:
    case JSON_TOKEN_BAD:
        break;
    }
    return false;
}

// The next value or key, behind a comma if there is one. False: the end.
static bool walk_next(struct rules_walk *w, str *value)
{
    isize from;
    if (w->broken) {
        return false;
    }
    enum json_token token = json_grammar_next(&w->g, w->text, &from, &w->at);
    if (token == JSON_TOKEN_COMMA || token == JSON_TOKEN_COLON) {
        token = json_grammar_next(&w->g, w->text, &from, &w->at);
    }
    if (token == JSON_TOKEN_CLOSE || (token == JSON_TOKEN_MORE && from == w->at)) {
        w->broken = true;
        return false;
    }
    if (!walk_value_end(w, token)) {
        w->broken = true;
        return false;
    }
    *value = str_slice(w->text, from, w->at);
    return true;
}

bool rules_walk_member(struct rules_walk *w, str *key, str *value)
{
    if (!walk_next(w, key) || !walk_next(w, value)) {
        return false;
    }
    *key = rules_walk_inside(*key);
    return true;
}

bool rules_walk_element(struct rules_walk *w, str *value)
{
    return walk_next(w, value);
}

str rules_walk_get(str object, str key)
{
    struct rules_walk w;
    str name, value, found = S("");
    if (rules_walk_type(object) != JSON_OBJECT || !rules_walk_begin(&w, object)) {
        return found;
    }
    while (rules_walk_member(&w, &name, &value)) {
        if (rules_walk_equals(name, key)) {
            found = value;
        }
    }
    return found;
}

enum json_type rules_walk_type(str value)
{
    if (!value.n) {
        return JSON_NONE;
    }
    switch (value.p[0]) {
    case '{':
        return JSON_OBJECT;
    case '[':
        return JSON_ARRAY;
    case '"':
        return JSON_STRING;
    case 't':
        return JSON_TRUE;
    case 'f':
        return JSON_FALSE;
    case 'n':
        return JSON_NULL;
    default:
        return JSON_NUMBER;
    }
}

str rules_walk_inside(str string_value)
{
    return str_slice(string_value, 1, string_value.n - 1);
}

bool rules_walk_equals(str inside, str s)
{
    if (str_find_byte(inside, '\\') < 0) {
        return str_eq(inside, s);
    }
    struct json_grammar g;
    isize from, at = 0, n = 0;
    json_grammar_init_string(&g);
    for (;;) {
        enum json_token token = json_grammar_next(&g, inside, &from, &at);
        str piece = token == JSON_TOKEN_TEXT   ? str_slice(inside, from, at)
                    : token == JSON_TOKEN_CHAR ? g.decoded
                                               : S("");
        if (!piece.n) {
            return n == s.n && token == JSON_TOKEN_MORE;
        }
        if (piece.n > s.n - n || !str_eq(str_slice(s, n, n + piece.n), piece)) {
            return false;
        }
        n += piece.n;
    }
}
