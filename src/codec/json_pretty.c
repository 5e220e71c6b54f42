// SPDX-License-Identifier: Apache-2.0
// One pass over the text: strings are copied whole, blanks outside them dropped, brackets and
// commas begin lines. Nothing is parsed, so there is nothing to refuse.
#include "codec/json_pretty.h"

#include "limits.h"

static void pretty_line(struct buf *b, int depth, int indent)
{
    buf_put_byte(b, '\n');
    for (int i = 0; i < depth * indent; i++) {
        buf_put_byte(b, ' ');
    }
}

// The end of the string that begins at s[i].
static isize pretty_string_end(str s, isize i)
{
    for (i++; i < s.n && s.p[i] != '"'; i++) {
        i += s.p[i] == '\\';
    }
    return i + 1 < s.n ? i + 1 : s.n;
}

static isize pretty_skip_blanks(str s, isize i)
{
    while (i < s.n && str_is_space(s.p[i])) {
        i++;
    }
    return i;
}

// A bracket that opens; returns what comes after it: `{}` and `[]` stay together.
static isize pretty_open(struct buf *b, str s, isize i, int *depth, int indent)
{
    u8 open = s.p[i];
    isize next = pretty_skip_blanks(s, i + 1);
    buf_put_byte(b, open);
    if (next < s.n && s.p[next] == (open == '{' ? '}' : ']')) {
        buf_put_byte(b, s.p[next]);
        return next + 1;
    }
    *depth += *depth < JSON_DEPTH_MAX;
    pretty_line(b, *depth, indent);
    return next;
}

void json_pretty_put(struct buf *b, str s, int indent)
{
    int depth = 0;
    for (isize i = 0; i < s.n && !b->full;) {
        u8 c = s.p[i];
        if (c == '"') {
            isize end = pretty_string_end(s, i);
            buf_put(b, str_slice(s, i, end));
            i = end;
        } else if (c == '{' || c == '[') {
            i = pretty_open(b, s, i, &depth, indent);
        } else if (c == '}' || c == ']') {
            depth -= depth > 0;
            pretty_line(b, depth, indent);
            buf_put_byte(b, c);
            i++;
        } else if (c == ',') {
            buf_put_byte(b, c);
            pretty_line(b, depth, indent);
            i++;
        } else if (c == ':') {
            buf_put(b, S(": "));
            i++;
        } else {
            if (!str_is_space(c)) {
                buf_put_byte(b, c);
            }
            i++;
        }
    }
}
