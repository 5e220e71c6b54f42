// SPDX-License-Identifier: Apache-2.0
// Writing JSON: punctuation by one flag, escaping 16 bytes at a time (see json_write.h).
//
// Escapes are what RFC 8259, section 7, demands and no more: quote, backslash and control bytes.
// Text that is not well-formed UTF-8 gets one U+FFFD for each maximal part that could begin a
// character (Unicode 15, section 3.9; what Python's errors="replace" and browsers do).
#include "codec/json_write.h"

#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

// A character is at most 4 bytes, an escape 6: what one step may append.
#define JSON_STEP_BYTES 6

// What follows the backslash; 0: it takes \u00XX, or no escape at all.
static const u8 json_escapes[128] = {
    ['"'] = '"',  ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f',
    ['\n'] = 'n', ['\r'] = 'r',  ['\t'] = 't',
};

// Bytes of the UTF-8 sequence at p[0..n) (RFC 3629, section 4). Where there is none, minus the
// bytes that one U+FFFD stands for.
static isize json_utf8_step(const u8 *p, isize n)
{
    u8 a = p[0];
    isize want = a < 0x80 ? 1 : a < 0xc2 ? 0 : a < 0xe0 ? 2 : a < 0xf0 ? 3 : a < 0xf5 ? 4 : 0;
    if (want == 0) {
        return -1;
    }
    u8 low = a == 0xe0 ? 0xa0 : a == 0xf0 ? 0x90 : 0x80;
    u8 high = a == 0xed ? 0x9f : a == 0xf4 ? 0x8f : 0xbf;
    for (isize k = 1; k < want; k++) {
        if (k == n || p[k] < low || p[k] > high) {
            return -k;
        }
        low = 0x80;
        high = 0xbf;
    }
    return want;
}

// Writes the character at p[0..n) to `to` (JSON_STEP_BYTES are there). Returns the bytes that it
// takes there; *taken: here.
static isize json_escape_one(u8 *to, const u8 *p, isize n, isize *taken)
{
    u8 c = p[0];
    *taken = 1;
    if (c >= 0x80) {
        isize step = json_utf8_step(p, n);
        *taken = step > 0 ? step : -step;
        if (step > 0 && n >= 4) {
            memcpy(to, p, 4); // always 4: one move, and what is too much is written over
            return step;
        }
        memcpy(to, step > 0 ? p : S("\xef\xbf\xbd").p, step > 0 ? (size_t)step : 3);
        return step > 0 ? step : 3;
    }
    if (json_escapes[c]) {
        to[0] = '\\';
        to[1] = json_escapes[c];
        return 2;
    }
    if (c < 0x20) {
        memcpy(to, "\\u00", 4);
        to[4] = (u8)('0' + (c >> 4));
        to[5] = (u8) "0123456789abcdef"[c & 15];
        return 6;
    }
    to[0] = c;
    return 1;
}

// Copies 16 bytes; the result is how many of the first need no look: plain ASCII.
static isize json_copy_16(u8 *to, const u8 *from)
{
#ifdef __SSE2__
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)from);
    _mm_storeu_si128((__m128i *)(void *)to, v);
    // Signed: control bytes and everything from 0x80 on are below the blank.
    __m128i special = _mm_cmplt_epi8(v, _mm_set1_epi8(0x20));
    special = _mm_or_si128(special, _mm_cmpeq_epi8(v, _mm_set1_epi8('"')));
    special = _mm_or_si128(special, _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
    int mask = _mm_movemask_epi8(special);
    return mask ? __builtin_ctz((u32)mask) : 16;
#else
    memcpy(to, from, 16);
    isize i = 0;
    while (i < 16 && from[i] >= 0x20 && from[i] < 0x80 && from[i] != '"' && from[i] != '\\') {
        i++;
    }
    return i;
#endif
}

void json_escape(struct buf *b, str s)
{
    if (b->full) {
        return;
    }
    u8 *to = b->p + b->n;
    u8 *end = b->p + b->cap;
    isize i = 0;
    while (i < s.n) {
        if (s.n - i >= 16 && end - to >= 16) {
            isize plain = json_copy_16(to, s.p + i);
            if (plain == 16) { // by constants: else each step would wait for the one before it
                to += 16;
                i += 16;
                continue;
            }
            to += plain;
            i += plain;
        }
        do { // letters of other scripts come in runs
            u8 step[JSON_STEP_BYTES];
            bool roomy = end - to >= JSON_STEP_BYTES;
            isize taken;
            isize n = json_escape_one(roomy ? to : step, s.p + i, s.n - i, &taken);
            if (n > end - to) {
                b->full = true;
                break;
            }
            if (!roomy) {
                memcpy(to, step, (size_t)n);
            }
            to += n;
            i += taken;
        } while (i < s.n && s.p[i] >= 0x80);
        if (b->full) {
            break;
        }
    }
    b->n = to - b->p;
}

struct json_write json_write_to(struct buf *b)
{
    return (struct json_write){.b = b};
}

static void json_write_comma(struct json_write *w, bool next)
{
    if (w->comma) {
        buf_put_byte(w->b, ',');
    }
    w->comma = next;
}

void json_write_object(struct json_write *w)
{
    json_write_comma(w, false);
    buf_put_byte(w->b, '{');
}

void json_write_object_end(struct json_write *w)
{
    buf_put_byte(w->b, '}');
    w->comma = true;
}

void json_write_array(struct json_write *w)
{
    json_write_comma(w, false);
    buf_put_byte(w->b, '[');
}

void json_write_array_end(struct json_write *w)
{
    buf_put_byte(w->b, ']');
    w->comma = true;
}

void json_write_key(struct json_write *w, str key)
{
    json_write_string(w, key);
    buf_put_byte(w->b, ':');
    w->comma = false;
}

void json_write_string(struct json_write *w, str s)
{
    json_write_string_begin(w);
    json_escape(w->b, s);
    json_write_string_end(w);
}

void json_write_i64(struct json_write *w, i64 v)
{
    json_write_comma(w, true);
    buf_put_i64(w->b, v);
}

void json_write_bool(struct json_write *w, bool v)
{
    json_write_raw(w, v ? S("true") : S("false"));
}

void json_write_null(struct json_write *w)
{
    json_write_raw(w, S("null"));
}

void json_write_raw(struct json_write *w, str json)
{
    json_write_comma(w, true);
    buf_put(w->b, json);
}

void json_write_string_begin(struct json_write *w)
{
    json_write_comma(w, true);
    buf_put_byte(w->b, '"');
}

void json_write_string_end(struct json_write *w)
{
    buf_put_byte(w->b, '"');
    w->comma = true;
}

void json_write_member(struct json_write *w, str key, str value)
{
    json_write_key(w, key);
    json_write_string(w, value);
}
