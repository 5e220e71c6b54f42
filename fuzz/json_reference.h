// SPDX-License-Identifier: Apache-2.0
// A second JSON reader for fuzz targets: RFC 8259 and nothing else, written apart from
// codec/json_grammar.c, over a whole text. It lists the values in the order in which they begin,
// keys too, and what the strings decode to. Nesting up to JSON_DEPTH_MAX.
#ifndef FUZZ_JSON_REFERENCE_H
#define FUZZ_JSON_REFERENCE_H

#include "base/buf.h"
#include "limits.h"

enum { REFERENCE_VALUES_MAX = 8192 };
enum reference_verdict { REFERENCE_GOOD, REFERENCE_BAD, REFERENCE_DEEP };

struct reference_value {
    u8 type; // one of {["01tfn
    isize members;
    str text; // of a string, decoded; of a number, as it stands there
};

struct json_reference {
    str in;
    isize at;
    struct reference_value values[REFERENCE_VALUES_MAX];
    int count;
    int open[JSON_DEPTH_MAX], depth; // indexes of values
    struct buf decoded;
};

static inline u8 reference_peek(const struct json_reference *r)
{
    return r->at < r->in.n ? r->in.p[r->at] : 0;
}

static inline u8 reference_after_blanks(struct json_reference *r)
{
    while (r->at < r->in.n && str_find_byte(S(" \t\r\n"), r->in.p[r->at]) >= 0) {
        r->at++;
    }
    return reference_peek(r);
}

static inline struct reference_value *reference_add(struct json_reference *r, u8 type)
{
    ASSERT(r->count < REFERENCE_VALUES_MAX);
    r->values[r->count] = (struct reference_value){.type = type};
    return &r->values[r->count++];
}

static inline bool reference_hex(struct json_reference *r, u32 *unit)
{
    *unit = 0;
    for (int i = 0; i < 4; i++) {
        isize digit = str_find_byte(S("0123456789abcdef"), str_lower_byte(reference_peek(r)));
        if (digit < 0) {
            return false;
        }
        *unit = *unit << 4 | (u32)digit;
        r->at++;
    }
    return true;
}

static inline void reference_put(struct buf *b, u32 c)
{
    if (c < 0x80) {
        buf_put_byte(b, (u8)c);
        return;
    }
    int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    buf_put_byte(b, (u8)((0xff80 >> more) | c >> 6 * more));
    while (more--) {
        buf_put_byte(b, (u8)(0x80 | (c >> 6 * more & 0x3f)));
    }
}

// Behind \u: one unit, or two that are a pair.
static inline bool reference_unit(struct json_reference *r)
{
    u32 unit, low;
    if (!reference_hex(r, &unit)) {
        return false;
    }
    if (unit >= 0xd800 && unit < 0xe000) {
        isize back = r->at;
        bool next = unit < 0xdc00 && r->in.n - back >= 6 && r->in.p[back] == '\\' &&
                    r->in.p[back + 1] == 'u';
        r->at += next ? 2 : 0;
        if (next && reference_hex(r, &low) && low >= 0xdc00 && low < 0xe000) {
            reference_put(&r->decoded, 0x10000 + ((unit - 0xd800) << 10 | (low - 0xdc00)));
            return true;
        }
        r->at = back;
        unit = 0xfffd;
    }
    reference_put(&r->decoded, unit);
    return true;
}

static inline bool reference_string(struct json_reference *r)
{
    struct reference_value *v = reference_add(r, '"');
    isize from = r->decoded.n;
    for (r->at++; r->at < r->in.n;) {
        u8 c = r->in.p[r->at++];
        if (c == '"') {
            v->text = str_from_index(buf_str(&r->decoded), from);
            return true;
        }
        if (c < 0x20) {
            return false;
        }
        if (c != '\\') {
            buf_put_byte(&r->decoded, c);
            continue;
        }
        c = reference_peek(r);
        isize simple = str_find_byte(S("\"\\/bfnrt"), c);
        r->at++;
        if (simple >= 0) {
            buf_put_byte(&r->decoded, S("\"\\/\b\f\n\r\t").p[simple]);
        } else if (c != 'u' || !reference_unit(r)) {
            return false;
        }
    }
    return false;
}

static inline bool reference_digits(struct json_reference *r)
{
    isize from = r->at;
    while (str_is_digit(reference_peek(r))) {
        r->at++;
    }
    return r->at > from;
}

static inline bool reference_number(struct json_reference *r)
{
    isize from = r->at;
    r->at += reference_peek(r) == '-';
    bool zero = reference_peek(r) == '0';
    isize first = r->at;
    if (!reference_digits(r) || (zero && r->at - first > 1)) {
        return false;
    }
    if (reference_peek(r) == '.') {
        r->at++;
        if (!reference_digits(r)) {
            return false;
        }
    }
    if (str_lower_byte(reference_peek(r)) == 'e') {
        r->at++;
        r->at += str_find_byte(S("+-"), reference_peek(r)) >= 0;
        if (!reference_digits(r)) {
            return false;
        }
    }
    reference_add(r, '0')->text = str_slice(r->in, from, r->at);
    return true;
}

static inline bool reference_scalar(struct json_reference *r, u8 c)
{
    static const str words[] = {S("true"), S("false"), S("null")};
    for (isize i = 0; i < COUNT(words); i++) {
        if (str_starts(str_from_index(r->in, r->at), words[i])) {
            (void)reference_add(r, words[i].p[0]);
            r->at += words[i].n;
            return true;
        }
    }
    return c == '"' ? reference_string(r) : reference_number(r);
}

// A key and its colon, when the value that is open is an object.
static inline bool reference_key(struct json_reference *r)
{
    struct reference_value *top = &r->values[r->open[r->depth - 1]];
    top->members++;
    if (top->type == '[') {
        return true;
    }
    bool good = reference_after_blanks(r) == '"' && reference_string(r) &&
                reference_after_blanks(r) == ':';
    r->at++;
    return good;
}

// After a value: closes what ends here. *more: a comma, and another value follows.
static inline bool reference_close(struct json_reference *r, bool *more)
{
    *more = false;
    while (r->depth) {
        u8 c = reference_after_blanks(r), type = r->values[r->open[r->depth - 1]].type;
        r->at++;
        if (c == ',') {
            *more = true;
            return reference_key(r);
        }
        if (c != (type == '{' ? '}' : ']')) {
            return false;
        }
        r->depth--;
    }
    return true;
}

static inline enum reference_verdict json_reference_read(struct json_reference *r, str in,
                                                         struct buf decoded)
{
    r->in = in;
    r->at = r->count = r->depth = 0;
    r->decoded = decoded;
    for (bool more = true; more;) {
        u8 c = reference_after_blanks(r);
        if (c == '{' || c == '[') {
            if (r->depth == JSON_DEPTH_MAX) {
                return REFERENCE_DEEP;
            }
            r->open[r->depth++] = r->count;
            (void)reference_add(r, c);
            r->at++;
            u8 next = reference_after_blanks(r);
            if (next != (c == '{' ? '}' : ']')) {
                if (!reference_key(r)) {
                    return REFERENCE_BAD;
                }
                continue;
            }
        } else if (!reference_scalar(r, c)) {
            return REFERENCE_BAD;
        }
        if (!reference_close(r, &more)) {
            return REFERENCE_BAD;
        }
    }
    (void)reference_after_blanks(r);
    return r->at == r->in.n ? REFERENCE_GOOD : REFERENCE_BAD;
}

#endif
