// SPDX-License-Identifier: Apache-2.0
// JSON values as Python's str() writes them (see values.h): what a user of the replaced service
// sees when a text field holds something that is no text. A stack instead of recursion, as deep as
// a JSON value may be.
#include "limits.h"
#include "service/values.h"

static void text_put_string(struct buf *b, const struct json *j, int node)
{
    isize from = b->n;
    buf_put_byte(b, '\'');
    (void)json_put_string(j, node, b);
    if (b->full) {
        return;
    }
    // Decoded in place first; then what Python escapes is counted, and moved apart from the end.
    str s = str_from_index(buf_str(b), from + 1);
    bool quote = str_find_byte(s, '\'') >= 0 && str_find_byte(s, '"') < 0;
    isize more = 0;
    for (isize i = 0; i < s.n; i++) {
        u8 c = s.p[i];
        bool two = c == '\\' || c == '\n' || c == '\r' || c == '\t' || (c == '\'' && !quote);
        more += two ? 1 : c < ' ' || c == 127 ? 3 : 0;
    }
    isize n = s.n;
    if (!buf_grab(b, more + 1)) {
        return;
    }
    u8 *base = b->p + from + 1;
    isize to = n + more;
    base[to] = quote ? '"' : '\'';
    b->p[from] = base[to];
    for (isize i = n - 1; i >= 0; i--) {
        u8 c = base[i];
        u8 letter = c == '\n' ? 'n' : c == '\r' ? 'r' : c == '\t' ? 't' : c;
        if (letter != c || c == '\\' || (c == '\'' && !quote)) {
            base[--to] = letter;
            base[--to] = '\\';
        } else if (c < ' ' || c == 127) {
            base[--to] = (u8) "0123456789abcdef"[c & 15];
            base[--to] = (u8) "0123456789abcdef"[c >> 4];
            base[--to] = 'x';
            base[--to] = '\\';
        } else {
            base[--to] = c;
        }
    }
}

static void text_put_number(struct buf *b, str raw)
{
    str whole;
    bool point;
    str fraction = str_cut(raw, '.', &whole, &point);
    if (str_find_byte(raw, 'e') >= 0 || str_find_byte(raw, 'E') >= 0) {
        buf_put(b, raw);
        return;
    }
    buf_put(b, !point && str_eq(whole, S("-0")) ? S("0") : whole);
    if (point) {
        while (fraction.n > 1 && fraction.p[fraction.n - 1] == '0') {
            fraction.n--;
        }
        buf_put(b, S("."));
        buf_put(b, fraction);
    }
}

static void text_put_scalar(struct buf *b, const struct json *j, int node, bool quoted)
{
    switch (json_type(j, node)) {
    case JSON_STRING:
        if (quoted) {
            text_put_string(b, j, node);
        } else {
            (void)json_put_string(j, node, b);
        }
        break;
    case JSON_NUMBER:
        text_put_number(b, json_raw(j, node));
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        buf_put(b, json_type(j, node) == JSON_TRUE ? S("True") : S("False"));
        break;
    case JSON_NULL:
    case JSON_NONE:
        buf_put(b, S("None"));
        break;
    case JSON_OBJECT:
    case JSON_ARRAY:
        break;
    }
}

struct text_level {
    int child; // the next element, or key; -1: none is left
    bool object, first;
};

void values_put_python(struct buf *b, const struct json *j, int node)
{
    struct text_level levels[JSON_DEPTH_MAX + 1];
    int depth = 0;
    for (;;) {
        enum json_type type = json_type(j, node);
        if (type == JSON_OBJECT || type == JSON_ARRAY) {
            ASSERT(depth <= JSON_DEPTH_MAX); // json_parse() refuses deeper ones
            buf_put(b, type == JSON_OBJECT ? S("{") : S("["));
            levels[depth++] = (struct text_level){
                .child = json_first(j, node), .object = type == JSON_OBJECT, .first = true};
        } else {
            text_put_scalar(b, j, node, depth > 0);
        }
        while (depth > 0 && levels[depth - 1].child < 0) {
            buf_put(b, levels[--depth].object ? S("}") : S("]"));
        }
        if (depth == 0) {
            return;
        }
        struct text_level *at = &levels[depth - 1];
        buf_put(b, at->first ? S("") : S(", "));
        at->first = false;
        node = at->child;
        at->child = json_next(j, node);
        if (at->object) {
            text_put_string(b, j, node);
            buf_put(b, S(": "));
            node = json_value(j, node);
        }
    }
}
