// SPDX-License-Identifier: Apache-2.0
// Reading and swapping ids (see graph_id.h).
#include "source/outlook/graph_id.h"

#include "limits.h"

static bool id_is_letter(u8 c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || str_is_digit(c) || c == '=';
}

// from and to: two characters each.
static bool id_put_swapped(struct buf *b, str id, str from, str to)
{
    if (id.n == 0 || id.n > UNIT_ID_BYTES) {
        return false;
    }
    for (isize i = 0; i < id.n; i++) {
        if (!id_is_letter(id.p[i]) && str_find_byte(from, id.p[i]) < 0) {
            return false;
        }
    }
    u8 *p = buf_grab(b, id.n);
    for (isize i = 0; p && i < id.n; i++) {
        isize swapped = str_find_byte(from, id.p[i]);
        p[i] = swapped < 0 ? id.p[i] : to.p[swapped];
    }
    return p != NULL;
}

bool graph_id_put_ews(struct buf *b, str id)
{
    return id_put_swapped(b, id, S("-_"), S("/+"));
}

bool graph_id_put_rest(struct buf *b, str id)
{
    return id_put_swapped(b, id, S("/+"), S("-_"));
}

static bool id_put_decoded(struct buf *b, str raw)
{
    u8 bytes[UNIT_ID_BYTES];
    struct buf id = buf_over(bytes, COUNT(bytes));
    return json_unescape(raw, &id) && !id.full && graph_id_put_ews(b, buf_str(&id));
}

bool graph_id_put_of(const struct json *j, int object, struct buf *b)
{
    int id = json_get(j, object, S("id"));
    return json_type(j, id) == JSON_STRING && id_put_decoded(b, json_raw(j, id));
}

// To the end of the string whose quote was read. false: it is not all there.
static bool id_read_string(struct json_grammar *g, str text, isize *at, str *raw)
{
    isize start = *at, from;
    enum json_token token;
    do {
        token = json_grammar_next(g, text, &from, at);
    } while (token == JSON_TOKEN_TEXT || token == JSON_TOKEN_CHAR);
    if (token != JSON_TOKEN_STRING) {
        return false;
    }
    *raw = str_slice(text, start, *at - 1);
    return true;
}

bool graph_id_find(struct buf *b, str text)
{
    struct json_grammar g;
    isize from, at = 0;
    bool named = false; // the value that comes is the id
    str raw;
    json_grammar_init(&g);
    for (;;) {
        enum json_token token = json_grammar_next(&g, text, &from, &at);
        if (token == JSON_TOKEN_OPEN && g.depth > 1) {
            token = json_grammar_skip(&g, text, &at, 1);
        }
        if (token == JSON_TOKEN_MORE || token == JSON_TOKEN_BAD) {
            return false;
        }
        if (token != JSON_TOKEN_QUOTE) {
            continue;
        }
        bool key = g.key;
        if (!id_read_string(&g, text, &at, &raw)) {
            return false;
        }
        if (!key && named) {
            return id_put_decoded(b, raw);
        }
        named = key && str_eq(raw, S("id"));
    }
}
