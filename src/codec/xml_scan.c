// SPDX-License-Identifier: Apache-2.0
// The characters of XML (see xml_scan.h; XML 1.0, sections 2.2, 2.3, 2.11, 4.1 and 4.6). Text is
// searched 64 bytes at a time where the processor has SSE2, and byte by byte elsewhere.
#include "codec/xml_scan.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

const u8 xml_classes[256] = {
    ['\t'] = XML_BLANK,
    ['\n'] = XML_BLANK,
    ['\r'] = XML_BLANK,
    [' '] = XML_BLANK,
    ['-'] = XML_NAME,
    ['.'] = XML_NAME,
    ['0' ... '9'] = XML_NAME,
    ['A' ... 'Z'] = XML_LETTER | XML_NAME,
    ['_'] = XML_LETTER | XML_NAME,
    ['a' ... 'z'] = XML_LETTER | XML_NAME,
    [0x80 ... 0xff] = XML_LETTER | XML_NAME,
};

// ---- UTF-8

enum xml_character xml_character(str s, isize *n)
{
    u8 c = s.p[0], low = 0x80, high = 0xbf; // of the second byte
    isize need = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    *n = 1;
    if (c < 0xc2 || c > 0xf4) {
        return XML_CHARACTER_BAD;
    }
    if (c == 0xe0) {
        low = 0xa0;
    } else if (c == 0xed) { // no surrogates
        high = 0x9f;
    } else if (c == 0xf0) {
        low = 0x90;
    } else if (c == 0xf4) {
        high = 0x8f;
    }
    for (; *n < need; ++*n) {
        if (*n == s.n) {
            return XML_CHARACTER_CUT;
        }
        if (s.p[*n] < low || s.p[*n] > high) {
            return XML_CHARACTER_BAD;
        }
        low = 0x80;
        high = 0xbf;
    }
    bool forbidden = c == 0xef && s.p[1] == 0xbf && s.p[2] >= 0xbe;
    return forbidden ? XML_CHARACTER_FORBIDDEN : XML_CHARACTER;
}

// ---- runs

// What ends a run, or needs a look: two bytes of the caller's, controls (tab and LF only with
// `blanks`), and all from 0x80 on.
static inline bool xml_stops(u8 c, u8 a, u8 b, bool blanks)
{
    return c == a || c == b || c >= 0x80 || (c < 0x20 && (blanks || (c != '\t' && c != '\n')));
}

#ifdef __SSE2__
static inline __m128i xml_stops16(const u8 *p, u8 a, u8 b, bool blanks)
{
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
    // Signed: less than 0x20 is a control, or 0x80 and more.
    __m128i stops = _mm_cmplt_epi8(v, _mm_set1_epi8(0x20));
    if (!blanks) {
        __m128i kept = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('\t')),
                                    _mm_cmpeq_epi8(v, _mm_set1_epi8('\n')));
        stops = _mm_andnot_si128(kept, stops);
    }
    stops = _mm_or_si128(stops, _mm_cmpeq_epi8(v, _mm_set1_epi8((char)a)));
    return _mm_or_si128(stops, _mm_cmpeq_epi8(v, _mm_set1_epi8((char)b)));
}

static inline isize xml_plain_run(const u8 *p, isize n, u8 a, u8 b, bool blanks)
{
    isize i = 0;
    for (; n - i >= 16; i += 16) {
        int mask = _mm_movemask_epi8(xml_stops16(p + i, a, b, blanks));
        if (mask) {
            return i + __builtin_ctz((u32)mask);
        }
        for (; n - i >= 80; i += 64) { // at i + 16, so that the loop above goes on behind it
            const u8 *q = p + i + 16;
            __m128i first = _mm_or_si128(xml_stops16(q, a, b, blanks),
                                         xml_stops16(q + 16, a, b, blanks));
            __m128i second = _mm_or_si128(xml_stops16(q + 32, a, b, blanks),
                                          xml_stops16(q + 48, a, b, blanks));
            if (_mm_movemask_epi8(_mm_or_si128(first, second))) {
                break;
            }
        }
    }
    while (i < n && !xml_stops(p[i], a, b, blanks)) {
        i++;
    }
    return i;
}
#else
static inline isize xml_plain_run(const u8 *p, isize n, u8 a, u8 b, bool blanks)
{
    isize i = 0;
    while (i < n && !xml_stops(p[i], a, b, blanks)) {
        i++;
    }
    return i;
}
#endif

// Length of the character that p begins, for the usual ones of two and three bytes; else 0.
static inline isize xml_usual_character(const u8 *p, isize n)
{
    u8 c = p[0];
    if (n < 3 || c < 0xc2 || (p[1] & 0xc0) != 0x80) {
        return 0;
    }
    if (c < 0xe0) {
        return 2;
    }
    bool usual = c > 0xe0 && c < 0xef && c != 0xed; // no surrogates, no U+FFFE
    return usual && (p[2] & 0xc0) == 0x80 ? 3 : 0;
}

static inline isize xml_run(str s, u8 a, u8 b, bool blanks)
{
    isize i = 0;
    for (;;) {
        i += xml_plain_run(s.p + i, s.n - i, a, b, blanks);
        if (i == s.n || s.p[i] < 0x80) {
            return i;
        }
        while (i < s.n && s.p[i] >= 0x80) {
            isize n = xml_usual_character(s.p + i, s.n - i);
            if (n == 0 && xml_character((str){s.p + i, s.n - i}, &n) != XML_CHARACTER) {
                return i;
            }
            i += n;
        }
    }
}

isize xml_text_run(str s)
{
    return xml_run(s, '<', '&', false);
}

isize xml_cdata_run(str s)
{
    return xml_run(s, ']', ']', false);
}

isize xml_value_run(str s)
{
    return xml_run(s, '<', '&', true);
}

// ---- references

enum xml_reference_state {
    XML_REFERENCE_START,
    XML_REFERENCE_NAME,
    XML_REFERENCE_HASH,
    XML_REFERENCE_DECIMAL,
    XML_REFERENCE_X,
    XML_REFERENCE_HEX,
};

#define XML_ENTITY(a, b, c, d) ((u64)(a) << 24 | (u64)(b) << 16 | (u64)(c) << 8 | (u64)(d))

static const struct {
    u64 name;
    u32 character;
} xml_entities[] = {
    {XML_ENTITY(0, 0, 'l', 't'), '<'},      {XML_ENTITY(0, 0, 'g', 't'), '>'},
    {XML_ENTITY(0, 'a', 'm', 'p'), '&'},    {XML_ENTITY('q', 'u', 'o', 't'), '"'},
    {XML_ENTITY('a', 'p', 'o', 's'), '\''}, {XML_ENTITY('n', 'b', 's', 'p'), 0xa0},
};

static enum xml_reference_step xml_reference_named(const struct xml_reference *r, u32 *character)
{
    for (isize i = 0; i < COUNT(xml_entities); i++) {
        if (r->name == xml_entities[i].name) {
            *character = xml_entities[i].character;
            return XML_REFERENCE_CHARACTER;
        }
    }
    return XML_REFERENCE_NOTHING;
}

static enum xml_reference_step xml_reference_numbered(const struct xml_reference *r, u32 *character)
{
    u32 c = r->value;
    *character = c;
    bool allowed = c < 0x20 ? c == '\t' || c == '\n' || c == '\r'
                            : c < 0xd800 || (c >= 0xe000 && c < 0xfffe) ||
                                  (c >= 0x10000 && c < 0x110000);
    return allowed ? XML_REFERENCE_CHARACTER : XML_REFERENCE_NOTHING;
}

static enum xml_reference_step xml_reference_digit(struct xml_reference *r, u8 c, u32 base)
{
    u8 lower = c | 0x20;
    u32 digit = str_is_digit(c)                ? (u32)c - '0'
                : lower >= 'a' && lower <= 'f' ? (u32)lower - 'a' + 10
                                               : base;
    if (digit >= base) {
        return XML_REFERENCE_BAD;
    }
    r->value = r->value * base + digit;
    if (r->value > 0x110000) { // no character: it stays so
        r->value = 0x110000;
    }
    r->state = base == 16 ? XML_REFERENCE_HEX : XML_REFERENCE_DECIMAL;
    return XML_REFERENCE_MORE;
}

enum xml_reference_step xml_reference_byte(struct xml_reference *r, u8 c, u32 *character)
{
    switch ((enum xml_reference_state)r->state) {
    case XML_REFERENCE_START:
        if (c == '#') {
            r->state = XML_REFERENCE_HASH;
            return XML_REFERENCE_MORE;
        }
        r->state = XML_REFERENCE_NAME;
        r->name = c;
        return xml_is_name_start(c) ? XML_REFERENCE_MORE : XML_REFERENCE_BAD;
    case XML_REFERENCE_NAME:
        if (c == ';') {
            return xml_reference_named(r, character);
        }
        r->name = r->name << 8 | c; // the last eight: none is 0, so a longer one stays unknown
        return xml_is_name_byte(c) ? XML_REFERENCE_MORE : XML_REFERENCE_BAD;
    case XML_REFERENCE_HASH:
        if (c == 'x') {
            r->state = XML_REFERENCE_X;
            return XML_REFERENCE_MORE;
        }
        return xml_reference_digit(r, c, 10);
    case XML_REFERENCE_DECIMAL:
        return c == ';' ? xml_reference_numbered(r, character) : xml_reference_digit(r, c, 10);
    case XML_REFERENCE_X:
        return xml_reference_digit(r, c, 16);
    case XML_REFERENCE_HEX:
        return c == ';' ? xml_reference_numbered(r, character) : xml_reference_digit(r, c, 16);
    }
    return XML_REFERENCE_BAD;
}
