// SPDX-License-Identifier: Apache-2.0
// RFC 8259, byte by byte but for the text of strings, which is searched 16 bytes at a time (see
// json_grammar.h). Each state says what may come next; every other byte is an error.
#include "codec/json_grammar.h"

#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum json_state {
    JSON_AT_VALUE,       // a value has to follow
    JSON_AT_FIRST_VALUE, // after [: a value or ]
    JSON_AT_FIRST_KEY,   // after {: a key or }
    JSON_AT_KEY,
    JSON_AT_COLON,
    JSON_AT_SEPARATOR, // after a value within an array or object
    JSON_AT_END,       // after the root
    JSON_IN_STRING,
    JSON_IN_ESCAPE, // after the backslash
    JSON_IN_HEX,    // after \u
    JSON_IN_LITERAL,
    JSON_IN_MINUS, // numbers, by what was read last
    JSON_IN_ZERO,
    JSON_IN_INTEGER,
    JSON_IN_POINT,
    JSON_IN_FRACTION,
    JSON_IN_E,
    JSON_IN_SIGN,
    JSON_IN_EXPONENT,
};

static const str json_literals[] = {S("true"), S("false"), S("null")};

// What the byte after a backslash stands for; 0: nothing, or \u.
static const u8 json_short_escapes[256] = {
    ['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
    ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t',
};

void json_grammar_init(struct json_grammar *g)
{
    *g = (struct json_grammar){.state = JSON_AT_VALUE};
}

void json_grammar_init_string(struct json_grammar *g)
{
    *g = (struct json_grammar){.state = JSON_IN_STRING};
}

static bool json_is_blank(u8 c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static enum json_token json_bad(struct json_grammar *g, err e)
{
    g->error = e;
    return JSON_TOKEN_BAD;
}

static void json_value_ended(struct json_grammar *g)
{
    g->state = g->depth ? JSON_AT_SEPARATOR : JSON_AT_END;
}

// ---- strings

// How many of the first bytes stand for themselves.
static isize json_text_bytes(const u8 *p, isize n)
{
    isize i = 0;
#ifdef __SSE2__
    for (; n - i >= 16; i += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
        __m128i hit = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1f)), v); // control
        hit = _mm_or_si128(hit, _mm_cmpeq_epi8(v, _mm_set1_epi8('"')));
        hit = _mm_or_si128(hit, _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
        int mask = _mm_movemask_epi8(hit);
        if (mask) {
            return i + __builtin_ctz((u32)mask);
        }
    }
#endif
    while (i < n && p[i] >= 0x20 && p[i] != '"' && p[i] != '\\') {
        i++;
    }
    return i;
}

static void json_decoded_put(struct json_grammar *g, u32 c)
{
    u8 *to = g->utf8 + g->decoded.n;
    isize n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const u8 lead[5] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (isize i = n - 1; i > 0; i--, c >>= 6) {
        to[i] = (u8)(0x80 | (c & 0x3f));
    }
    to[0] = (u8)(lead[n] | c);
    g->decoded = (str){g->utf8, g->decoded.n + n};
}

// A waiting first half to which no second half came.
static void json_put_lone_half(struct json_grammar *g)
{
    if (g->high) {
        g->high = 0;
        json_decoded_put(g, 0xfffd);
    }
}

// The four digits of \uXXXX are there.
static void json_code_unit_ended(struct json_grammar *g)
{
    u32 unit = g->code_unit;
    if (unit >= 0xdc00 && unit < 0xe000) {
        json_decoded_put(g,
                         g->high ? 0x10000 + ((g->high & 0x3ff) << 10) + (unit & 0x3ff) : 0xfffd);
        g->high = 0;
    } else {
        json_put_lone_half(g);
        if (unit >= 0xd800 && unit < 0xdc00) {
            g->high = unit;
        } else {
            json_decoded_put(g, unit);
        }
    }
    g->state = JSON_IN_STRING;
}

// One byte of an escape; false when it may not stand there.
static bool json_escape_byte(struct json_grammar *g, u8 c)
{
    if (g->state == JSON_IN_ESCAPE) {
        if (c == 'u') {
            g->state = JSON_IN_HEX;
            g->code_unit = g->digits = 0;
            return true;
        }
        if (!json_short_escapes[c]) {
            return false;
        }
        json_put_lone_half(g);
        json_decoded_put(g, json_short_escapes[c]);
        g->state = JSON_IN_STRING;
        return true;
    }
    u8 lower = c | 0x20;
    bool digit = c >= '0' && c <= '9';
    if (!digit && (lower < 'a' || lower > 'f')) {
        return false;
    }
    g->code_unit = g->code_unit << 4 | (u32)(digit ? c - '0' : lower - 'a' + 10);
    if (++g->digits == 4) {
        json_code_unit_ended(g);
    }
    return true;
}

static enum json_token json_next_in_string(struct json_grammar *g, str in, isize *at)
{
    g->decoded.n = 0;
    while (*at < in.n) {
        const u8 *p = in.p + *at;
        if (g->state != JSON_IN_STRING) {
            if (!json_escape_byte(g, *p)) {
                return json_bad(g, FAIL(JSON_SYNTAX));
            }
            ++*at;
            if (g->decoded.n) {
                return JSON_TOKEN_CHAR;
            }
            continue;
        }
        if (g->high && *p != '\\') {
            json_put_lone_half(g);
            return JSON_TOKEN_CHAR;
        }
        isize n = json_text_bytes(p, in.n - *at);
        *at += n;
        if (n) {
            return JSON_TOKEN_TEXT;
        }
        if (*p < 0x20) {
            return json_bad(g, FAIL(JSON_SYNTAX));
        }
        ++*at;
        if (*p == '"') {
            if (g->key) {
                g->state = JSON_AT_COLON;
            } else {
                json_value_ended(g);
            }
            return JSON_TOKEN_STRING;
        }
        g->state = JSON_IN_ESCAPE;
    }
    return JSON_TOKEN_MORE;
}

// ---- numbers and literals

// The state after one more byte of a number; JSON_AT_END when the byte is no part of it.
static enum json_state json_number_step(enum json_state state, u8 c)
{
    bool digit = c >= '0' && c <= '9';
    bool e = (c | 0x20) == 'e';
    // Only the states of numbers come here.
    if (state == JSON_IN_MINUS) {
        return c == '0' ? JSON_IN_ZERO : digit ? JSON_IN_INTEGER : JSON_AT_END;
    }
    if (state == JSON_IN_ZERO || state == JSON_IN_INTEGER) {
        bool more = digit && state == JSON_IN_INTEGER;
        return more ? JSON_IN_INTEGER : c == '.' ? JSON_IN_POINT : e ? JSON_IN_E : JSON_AT_END;
    }
    if (state == JSON_IN_POINT || state == JSON_IN_FRACTION) {
        bool e_after = e && state == JSON_IN_FRACTION;
        return digit ? JSON_IN_FRACTION : e_after ? JSON_IN_E : JSON_AT_END;
    }
    if (state == JSON_IN_E && (c == '+' || c == '-')) {
        return JSON_IN_SIGN;
    }
    return digit ? JSON_IN_EXPONENT : JSON_AT_END;
}

static bool json_number_may_end(enum json_state state)
{
    return state == JSON_IN_ZERO || state == JSON_IN_INTEGER || state == JSON_IN_FRACTION ||
           state == JSON_IN_EXPONENT;
}

static enum json_token json_next_in_number(struct json_grammar *g, str in, isize *at)
{
    for (; *at < in.n; ++*at) {
        enum json_state next = json_number_step(g->state, in.p[*at]);
        if (next == JSON_AT_END) {
            if (!json_number_may_end(g->state)) {
                return json_bad(g, FAIL(JSON_SYNTAX));
            }
            json_value_ended(g);
            return JSON_TOKEN_SCALAR;
        }
        g->state = (u8)next;
    }
    return JSON_TOKEN_MORE;
}

static enum json_token json_next_in_literal(struct json_grammar *g, str in, isize *at)
{
    str literal = json_literals[g->literal];
    for (; *at < in.n; ++*at) {
        if (in.p[*at] != literal.p[g->matched]) {
            return json_bad(g, FAIL(JSON_SYNTAX));
        }
        if (++g->matched == literal.n) {
            ++*at;
            json_value_ended(g);
            return JSON_TOKEN_SCALAR;
        }
    }
    return JSON_TOKEN_MORE;
}

// ---- structure

static enum json_token json_open(struct json_grammar *g, u8 c, isize *at)
{
    if (g->depth == JSON_DEPTH_MAX) {
        return json_bad(g, FAIL(JSON_TOO_DEEP));
    }
    g->stack[g->depth++] = c;
    g->state = c == '{' ? JSON_AT_FIRST_KEY : JSON_AT_FIRST_VALUE;
    ++*at;
    return JSON_TOKEN_OPEN;
}

static enum json_token json_close(struct json_grammar *g, isize *at)
{
    g->depth--;
    json_value_ended(g);
    ++*at;
    return JSON_TOKEN_CLOSE;
}

static enum json_token json_quote(struct json_grammar *g, bool key, isize *at)
{
    g->key = key;
    g->high = 0;
    g->state = JSON_IN_STRING;
    ++*at;
    return JSON_TOKEN_QUOTE;
}

static enum json_token json_next_value(struct json_grammar *g, str in, isize *at)
{
    u8 c = in.p[*at];
    if (c == '"') {
        return json_quote(g, false, at);
    }
    if (c == '{' || c == '[') {
        return json_open(g, c, at);
    }
    if (c == '-' || (c >= '0' && c <= '9')) {
        g->state = c == '-' ? JSON_IN_MINUS : c == '0' ? JSON_IN_ZERO : JSON_IN_INTEGER;
        ++*at;
        return json_next_in_number(g, in, at);
    }
    for (isize i = 0; i < COUNT(json_literals); i++) {
        if (c == json_literals[i].p[0]) {
            g->state = JSON_IN_LITERAL;
            g->literal = (u8)i;
            g->matched = 0;
            return json_next_in_literal(g, in, at);
        }
    }
    return json_bad(g, FAIL(JSON_SYNTAX));
}

// A comma, or the end of what is open.
static enum json_token json_next_separator(struct json_grammar *g, u8 c, isize *at)
{
    bool object = g->stack[g->depth - 1] == '{';
    if (c == ',') {
        g->state = object ? JSON_AT_KEY : JSON_AT_VALUE;
        ++*at;
        return JSON_TOKEN_COMMA;
    }
    return c == (object ? '}' : ']') ? json_close(g, at) : json_bad(g, FAIL(JSON_SYNTAX));
}

static enum json_token json_next_structure(struct json_grammar *g, str in, isize *at)
{
    u8 c = in.p[*at];
    switch ((enum json_state)g->state) {
    case JSON_AT_FIRST_VALUE:
        return c == ']' ? json_close(g, at) : json_next_value(g, in, at);
    case JSON_AT_VALUE:
        return json_next_value(g, in, at);
    case JSON_AT_FIRST_KEY:
        if (c == '}') {
            return json_close(g, at);
        }
        return c == '"' ? json_quote(g, true, at) : json_bad(g, FAIL(JSON_SYNTAX));
    case JSON_AT_KEY:
        return c == '"' ? json_quote(g, true, at) : json_bad(g, FAIL(JSON_SYNTAX));
    case JSON_AT_COLON:
        if (c == ':') {
            g->state = JSON_AT_VALUE;
            ++*at;
            return JSON_TOKEN_COLON;
        }
        return json_bad(g, FAIL(JSON_SYNTAX));
    case JSON_AT_SEPARATOR:
        return json_next_separator(g, c, at);
    case JSON_AT_END:
    case JSON_IN_STRING:
    case JSON_IN_ESCAPE:
    case JSON_IN_HEX:
    case JSON_IN_LITERAL:
    case JSON_IN_MINUS:
    case JSON_IN_ZERO:
    case JSON_IN_INTEGER:
    case JSON_IN_POINT:
    case JSON_IN_FRACTION:
    case JSON_IN_E:
    case JSON_IN_SIGN:
    case JSON_IN_EXPONENT:
        break;
    }
    return json_bad(g, FAIL(JSON_SYNTAX)); // something after the root
}

enum json_token json_grammar_next(struct json_grammar *g, str in, isize *from, isize *at)
{
    *from = *at;
    if (!err_ok(g->error)) {
        return JSON_TOKEN_BAD;
    }
    if (g->state >= JSON_IN_MINUS) {
        return json_next_in_number(g, in, at);
    }
    if (g->state == JSON_IN_LITERAL) {
        return json_next_in_literal(g, in, at);
    }
    if (g->state >= JSON_IN_STRING) {
        return json_next_in_string(g, in, at);
    }
    while (*at < in.n && json_is_blank(in.p[*at])) {
        ++*at;
    }
    *from = *at;
    return *at < in.n ? json_next_structure(g, in, at) : JSON_TOKEN_MORE;
}

// A string without escapes that lies whole in in[*at..), quote at *at: stepped over in one go.
static bool json_skip_plain_string(struct json_grammar *g, str in, isize *at)
{
    bool key = g->state == JSON_AT_KEY || g->state == JSON_AT_FIRST_KEY;
    if (!key && g->state != JSON_AT_VALUE && g->state != JSON_AT_FIRST_VALUE) {
        return false;
    }
    isize end = *at + 1;
    end += json_text_bytes(in.p + end, in.n - end);
    if (end == in.n || in.p[end] != '"') {
        return false;
    }
    *at = end + 1;
    g->key = key;
    g->state = JSON_AT_COLON;
    if (!key) {
        json_value_ended(g);
    } else if (*at < in.n && in.p[*at] == ':') {
        g->state = JSON_AT_VALUE;
        ++*at;
    }
    return true;
}

enum json_token json_grammar_skip(struct json_grammar *g, str in, isize *at, int depth)
{
    enum json_token token = JSON_TOKEN_COMMA;
    isize from;
    while (g->depth > depth) {
        if (*at < in.n && in.p[*at] == '"' && json_skip_plain_string(g, in, at)) {
            continue;
        }
        token = json_grammar_next(g, in, &from, at);
        if (token == JSON_TOKEN_MORE || token == JSON_TOKEN_BAD) {
            break;
        }
    }
    return token;
}

bool json_grammar_is_whole(const struct json_grammar *g)
{
    return err_ok(g->error) && g->depth == 0 &&
           (g->state == JSON_AT_END || json_number_may_end(g->state));
}

bool json_grammar_is_text(const struct json_grammar *g, bool *pending)
{
    *pending = g->high != 0;
    return err_ok(g->error) && g->state == JSON_IN_STRING;
}
