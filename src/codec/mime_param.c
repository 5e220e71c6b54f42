// SPDX-License-Identifier: Apache-2.0
// Tokens and parameters of structured fields; mime_param.h has the contract (RFC 2045, section 5.1;
// RFC 2231, sections 3 and 4).
#include "codec/mime_param.h"

#include <string.h>

#include "codec/mime_cte.h"
#include "limits.h"

err mime_param_unfold(str folded, struct arena *scratch, str *out)
{
    u8 *p = arena_try_n(scratch, u8, folded.n + 1);
    if (!p) {
        return FAIL(ARENA_FULL);
    }
    isize n = 0;
    for (isize i = 0; i < folded.n; i++) {
        p[n] = folded.p[i];
        n += folded.p[i] != '\r' && folded.p[i] != '\n';
    }
    *out = (str){p, n};
    return OK;
}

static bool is_blank(u8 c)
{
    return c == ' ' || c == '\t';
}

static bool is_space(u8 c)
{
    return c == ' ' || (c >= 9 && c <= 13) || (c >= 0x1C && c <= 0x1F);
}

str mime_param_head(str u)
{
    isize end = str_find_byte(u, ';');
    isize start = 0;
    end = end < 0 ? u.n : end;
    while (start < end && is_space(u.p[start])) {
        start++;
    }
    while (end > start && is_space(u.p[end - 1])) {
        end--;
    }
    return str_slice(u, start, end);
}

static bool ends_token(u8 c)
{
    return is_blank(c) || memchr("()<>@,:;\\\"[]/?=", c, 15);
}

static bool ends_value(u8 c)
{
    return ends_token(c) || c == '*' || c == '\'';
}

static bool ends_name(u8 c)
{
    return ends_value(c) || c == '%';
}

// Index behind a comment that starts at `i`, or behind a quoted string.
static isize skip_comment(str u, isize i)
{
    isize depth = 0;
    for (; i < u.n; i++) {
        if (u.p[i] == '\\') {
            i++;
        } else if (u.p[i] == '(') {
            depth++;
        } else if (u.p[i] == ')' && --depth == 0) {
            return i + 1;
        }
    }
    return u.n;
}

static isize skip_quoted(str u, isize i)
{
    for (i++; i < u.n; i++) {
        if (u.p[i] == '\\') {
            i++;
        } else if (u.p[i] == '"') {
            return i + 1;
        }
    }
    return u.n;
}

static isize skip_blanks(str u, isize i)
{
    while (i < u.n && (is_blank(u.p[i]) || u.p[i] == '(')) {
        i = u.p[i] == '(' ? skip_comment(u, i) : i + 1;
    }
    return i;
}

static isize skip_to_semicolon(str u, isize i)
{
    while (i < u.n && u.p[i] != ';') {
        i = u.p[i] == '(' ? skip_comment(u, i) : u.p[i] == '"' ? skip_quoted(u, i) : i + 1;
    }
    return i;
}

str mime_param_token(str u)
{
    isize start = skip_blanks(u, 0);
    isize end = start;
    while (end < u.n && !ends_token(u.p[end])) {
        end++;
    }
    return str_slice(u, start, end);
}

struct piece {
    str name;
    str value; // between the quotes, if quoted
    bool quoted;
    bool sectioned;
    bool extended; // percent escapes; in section 0 charset and language come first
    u32 section;
};

// charset'language' at the start of an extended value is cut off; what is not of that form stays.
static void strip_charset(struct piece *p)
{
    isize first = str_find_byte(p->value, '\'');
    if (first < 0) {
        return;
    }
    str rest = str_from_index(p->value, first + 1);
    isize second = str_find_byte(rest, '\'');
    if (second >= 0) {
        p->value = str_from_index(rest, second + 1);
    }
}

// The value at `i`. False: there is none that can be read.
static bool read_value(str u, isize i, struct piece *p)
{
    if (i < u.n && u.p[i] == '"') {
        isize end = skip_quoted(u, i);
        bool closed = end - i >= 2 && u.p[end - 1] == '"';
        p->quoted = true;
        p->value = str_slice(u, i + 1, closed ? end - 1 : end);
        if (p->extended && p->section == 0) {
            strip_charset(p);
        }
        return true;
    }
    bool first = p->extended && p->section == 0;
    isize end = i;
    while (end < u.n && (!ends_value(u.p[end]) || (first && u.p[end] == '\''))) {
        end++;
    }
    p->value = str_slice(u, i, end);
    if (end < u.n && u.p[end] == '\'') {
        return false;
    }
    if (!first) {
        return p->value.n > 0;
    }
    bool bare = str_find_byte(p->value, '\'') < 0; // charset and language may lack at the very end
    strip_charset(p);
    isize mark = str_find_byte(p->value, '\'');
    p->value = mark < 0 || bare ? p->value : str_slice(p->value, 0, mark);
    return p->value.n > 0 && (!bare || end == u.n) && (bare || mark != 0);
}

// Reads one parameter at *at, moves *at behind its ';' or to the end. False: it is broken.
static bool read_piece(str u, isize *at, struct piece *p)
{
    *p = (struct piece){0};
    isize i = skip_blanks(u, *at);
    isize start = i;
    while (i < u.n && !ends_name(u.p[i])) {
        i++;
    }
    p->name = str_slice(u, start, i);
    i = skip_blanks(u, i);
    bool whole = p->name.n > 0;
    if (i < u.n && u.p[i] != ';') {
        if (u.p[i] == '*' && i + 1 < u.n && str_is_digit(u.p[i + 1])) {
            p->sectioned = true;
            for (i++; i < u.n && str_is_digit(u.p[i]); i++) {
                p->section = p->section < 100000 ? p->section * 10 + (u.p[i] - '0') : p->section;
            }
        }
        if (i < u.n && u.p[i] == '*') {
            p->extended = true;
            i++;
        }
        whole = whole && i < u.n && u.p[i] == '=';
        whole = whole && read_value(u, skip_blanks(u, i + 1), p);
    }
    i = skip_to_semicolon(u, i);
    *at = i < u.n ? i + 1 : i;
    return whole;
}

static void put_value(const struct piece *p, struct buf *out)
{
    str v = p->value;
    for (isize i = 0; i < v.n; i++) {
        if (p->quoted && v.p[i] == '\\' && i + 1 < v.n) {
            i++;
        } else if (p->extended && v.p[i] == '%' && i + 2 < v.n &&
                   mime_cte_hex_digit(v.p[i + 1]) >= 0 && mime_cte_hex_digit(v.p[i + 2]) >= 0) {
            buf_put_byte(
                out, (u8)(mime_cte_hex_digit(v.p[i + 1]) * 16 + mime_cte_hex_digit(v.p[i + 2])));
            i += 2;
            continue;
        }
        buf_put_byte(out, v.p[i]);
    }
}

// In the order of their sections; equal ones in the order of the field.
static void sort_pieces(struct piece *pieces, isize count)
{
    for (isize i = 1; i < count; i++) {
        struct piece p = pieces[i];
        isize k = i;
        for (; k > 0 && pieces[k - 1].section > p.section; k--) {
            pieces[k] = pieces[k - 1];
        }
        pieces[k] = p;
    }
}

bool mime_param_get(str u, str name, struct buf *out)
{
    struct piece pieces[MIME_PARAM_PIECES];
    isize count = 0;
    isize at = skip_to_semicolon(u, 0) + 1;
    while (at < u.n && count < MIME_PARAM_PIECES) {
        struct piece p;
        if (read_piece(u, &at, &p) &&
            (count ? str_eq(p.name, pieces[0].name) : str_eq_nocase(p.name, name))) {
            pieces[count++] = p;
        }
    }
    sort_pieces(pieces, count);
    if (count > 1 && !pieces[0].extended && pieces[1].section == 0) {
        count = 1; // a repeated parameter: the first one counts
    }
    u32 expected = 0;
    for (isize i = 0; i < count; i++) {
        if (pieces[i].section == expected || pieces[i].extended) {
            put_value(&pieces[i], out);
            expected++;
        }
    }
    return count > 0;
}
