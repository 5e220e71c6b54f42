// SPDX-License-Identifier: Apache-2.0
// Charset names, the Unicode forms, ASCII and the single-byte maps; charset_cjk.c has the rest.
//
// Every decoder is a function that reads one character, so that one loop decides what happens to
// bad bytes. Runs of ASCII, most of any mail, are found 64 bytes at a time and copied whole.
#include "codec/charset.h"

#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "codec/charset_cjk.h"

#define NAME_MAX 24 // bytes of the longest known name, and a little more

// The name as the table spells it: lower case, every run of other characters one '_', none at the
// ends. 0: longer than any known name.
static isize name_normalize(str name, char *out)
{
    isize n = 0;
    bool gap = false;
    for (isize i = 0; i < name.n; i++) {
        u8 c = str_lower_byte(name.p[i]);
        if (!str_is_digit(c) && (c < 'a' || c > 'z') && c != '.') {
            gap = true;
            continue;
        }
        if (gap && n) {
            if (n == NAME_MAX) {
                return 0;
            }
            out[n++] = '_';
        }
        gap = false;
        if (n == NAME_MAX) {
            return 0;
        }
        out[n++] = c == '.' ? '_' : (char)c;
    }
    return n;
}

bool charset_find(str name, struct charset *out)
{
    char key[NAME_MAX];
    isize n = name_normalize(name, key);
    if (str_find_byte(name, 0) >= 0) {
        return false;
    }
    isize low = 0;
    isize high = charset_names_count;
    while (n && low < high) {
        isize mid = low + (high - low) / 2;
        int order = str_compare(str_make(key, n), str_from(charset_names[mid].name));
        if (order == 0) {
            *out = (struct charset){charset_names[mid].kind, charset_names[mid].single};
            return true;
        }
        if (order < 0) {
            high = mid;
        } else {
            low = mid + 1;
        }
    }
    return false;
}

bool charset_is_ascii_based(struct charset cs)
{
    return cs.kind < CHARSET_UTF16 || cs.kind > CHARSET_UTF32BE;
}

// A bit for each of 16 bytes: it is 128 or more.
#if defined(__SSE2__)
static u32 high_bits(const u8 *p)
{
    return (u32)_mm_movemask_epi8(_mm_loadu_si128((const __m128i *)(const void *)p));
}
#else
static u32 high_bits(const u8 *p)
{
    u32 bits = 0;
    for (int i = 0; i < 16; i++) {
        bits |= (u32)(p[i] >> 7) << i;
    }
    return bits;
}
#endif

isize charset_ascii_run(str s)
{
    isize i = 0;
    for (; i + 64 <= s.n; i += 64) {
        if (high_bits(s.p + i) | high_bits(s.p + i + 16) | high_bits(s.p + i + 32) |
            high_bits(s.p + i + 48)) {
            break;
        }
    }
    for (; i + 16 <= s.n; i += 16) {
        u32 high = high_bits(s.p + i);
        if (high) {
            return i + __builtin_ctz(high);
        }
    }
    while (i < s.n && s.p[i] < 128) {
        i++;
    }
    return i;
}

// ---- UTF-8

isize charset_utf8_next(str s, u32 *ch)
{
    u8 c = s.p[0];
    *ch = c;
    if (c < 0x80) {
        return 1;
    }
    // The second byte's range rules out overlong forms, surrogates and what is above U+10FFFF
    // (RFC 3629, section 4).
    isize more = c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : 1;
    u8 low = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : 0x80;
    u8 high = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F : 0xBF;
    if (c < 0xC2 || c > 0xF4) {
        *ch = CHARSET_NONE;
        return 1;
    }
    u32 value = c & (0x3Fu >> more);
    for (isize i = 1; i <= more; i++) {
        if (i >= s.n || s.p[i] < low || s.p[i] > high) {
            *ch = CHARSET_NONE;
            return i;
        }
        value = value << 6 | (s.p[i] & 0x3Fu);
        low = 0x80;
        high = 0xBF;
    }
    *ch = value;
    return more + 1;
}

static bool is_tail(u8 c)
{
    return (c & 0xC0) == 0x80;
}

// How far `s` is valid UTF-8. The frequent forms are judged here, the rest by charset_utf8_next().
static isize utf8_run(str s)
{
    isize i = 0;
    while (i < s.n) {
        u8 c = s.p[i];
        if (c < 0x80) {
            i += charset_ascii_run((str){s.p + i, s.n - i});
        } else if (c >= 0xC2 && c < 0xE0 && i + 1 < s.n && is_tail(s.p[i + 1])) {
            i += 2;
        } else if (c > 0xE0 && c < 0xED && i + 2 < s.n && is_tail(s.p[i + 1]) &&
                   is_tail(s.p[i + 2])) {
            i += 3;
        } else {
            u32 ch;
            isize used = charset_utf8_next((str){s.p + i, s.n - i}, &ch);
            if (ch == CHARSET_NONE) {
                break;
            }
            i += used;
        }
    }
    return i;
}

static isize utf8_write(u8 *p, u32 ch)
{
    if (ch < 0x80) {
        p[0] = (u8)ch;
        return 1;
    }
    isize n = ch < 0x800 ? 2 : ch < 0x10000 ? 3 : 4;
    for (isize i = n - 1; i > 0; i--) {
        p[i] = (u8)(0x80 | (ch & 0x3F));
        ch >>= 6;
    }
    p[0] = (u8)(0xF00u >> n | ch);
    return n;
}

void charset_put_char(struct buf *out, u32 ch)
{
    u8 bytes[4];
    isize n = utf8_write(bytes, ch);
    buf_put(out, (str){bytes, n});
}

void charset_put_escape(struct buf *out, u8 raw)
{
    charset_put_char(out, 0xDC00u + raw);
}

int charset_escape_at(str s)
{
    if (s.n < 3 || s.p[0] != 0xED || (s.p[1] & 0xFE) != 0xB2 || (s.p[2] & 0xC0) != 0x80) {
        return -1;
    }
    return (s.p[1] & 1) << 6 | (s.p[2] & 0x3F) | 0x80;
}

// ---- UTF-16, UTF-32

static u32 unit_at(str s, isize at, isize size, bool big)
{
    u32 v = 0;
    for (isize i = 0; i < size; i++) {
        v |= (u32)s.p[at + i] << 8 * (big ? size - 1 - i : i);
    }
    return v;
}

static isize utf16_next(str s, bool big, u32 *ch)
{
    *ch = CHARSET_NONE;
    if (s.n < 2) {
        return s.n;
    }
    u32 first = unit_at(s, 0, 2, big);
    if (first < 0xD800 || first > 0xDFFF) {
        *ch = first;
        return 2;
    }
    if (first > 0xDBFF) {
        return 2;
    }
    if (s.n < 4) {
        return s.n;
    }
    u32 second = unit_at(s, 2, 2, big);
    if (second < 0xDC00 || second > 0xDFFF) {
        return 2;
    }
    *ch = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
    return 4;
}

static isize utf32_next(str s, bool big, u32 *ch)
{
    *ch = CHARSET_NONE;
    if (s.n < 4) {
        return s.n;
    }
    u32 v = unit_at(s, 0, 4, big);
    if (v < 0xD800 || (v > 0xDFFF && v <= 0x10FFFF)) {
        *ch = v;
    }
    return 4;
}

// ---- one character of any charset

struct reader {
    struct charset cs;
    u8 state; // of ISO-2022-JP
    bool big; // byte order of UTF-16 and UTF-32
};

static isize next_char(struct reader *r, str s, u32 *ch)
{
    switch ((enum charset_kind)r->cs.kind) {
    case CHARSET_ASCII:
        *ch = s.p[0] < 128 ? s.p[0] : CHARSET_NONE;
        return 1;
    case CHARSET_UTF8:
        return charset_utf8_next(s, ch);
    case CHARSET_UTF16:
    case CHARSET_UTF16LE:
    case CHARSET_UTF16BE:
        return utf16_next(s, r->big, ch);
    case CHARSET_UTF32:
    case CHARSET_UTF32LE:
    case CHARSET_UTF32BE:
        return utf32_next(s, r->big, ch);
    case CHARSET_SINGLE:
        *ch = s.p[0] < 128 ? s.p[0] : charset_single[r->cs.single][s.p[0] - 128];
        *ch = *ch || !s.p[0] ? *ch : CHARSET_NONE;
        return 1;
    case CHARSET_GB2312:
    case CHARSET_GBK:
    case CHARSET_GB18030:
    case CHARSET_BIG5:
    case CHARSET_CP950:
    case CHARSET_EUC_KR:
    case CHARSET_CP949:
    case CHARSET_EUC_JP:
    case CHARSET_SHIFT_JIS:
    case CHARSET_CP932:
    case CHARSET_ISO2022_JP:
        break;
    }
    return charset_cjk_next((enum charset_kind)r->cs.kind, s, &r->state, ch);
}

// A reader at the start of *s; a byte order mark is taken off.
static struct reader reader_start(struct charset cs, str *s)
{
    struct reader r = {.cs = cs};
    r.big = cs.kind == CHARSET_UTF16BE || cs.kind == CHARSET_UTF32BE;
    isize size = cs.kind == CHARSET_UTF16 ? 2 : cs.kind == CHARSET_UTF32 ? 4 : 0;
    if (size && s->n >= size) {
        bool big = unit_at(*s, 0, size, true) == 0xFEFF;
        if (big || unit_at(*s, 0, size, false) == 0xFEFF) {
            r.big = big;
            *s = str_from_index(*s, size);
        }
    }
    return r;
}

// Runs of bytes below 128 can be copied as they are.
static bool has_ascii_runs(struct charset cs)
{
    return charset_is_ascii_based(cs) && cs.kind != CHARSET_ISO2022_JP;
}

// Bytes dealt with, 0 when they are refused.
static isize put_bad(str bytes, enum charset_bad bad, struct buf *out)
{
    isize n = 0;
    switch (bad) {
    case CHARSET_STRICT:
        break;
    case CHARSET_REPLACE:
        charset_put_char(out, 0xFFFD);
        return bytes.n;
    case CHARSET_ESCAPE:
        while (n < bytes.n && bytes.p[n] >= 128) {
            charset_put_escape(out, bytes.p[n++]);
        }
        break;
    }
    return n;
}

err charset_decode(struct charset cs, str bytes, enum charset_bad bad, struct buf *out)
{
    struct buf before = *out;
    struct reader r = reader_start(cs, &bytes);
    bool runs = has_ascii_runs(cs);
    while (bytes.n > 0) {
        isize run = runs ? charset_ascii_run(bytes) : 0;
        if (run) {
            // The source may lie further up in the same memory (mime_text.c): never memcpy.
            u8 *to = buf_grab(out, run);
            if (to) {
                memmove(to, bytes.p, (size_t)run);
            }
            bytes = str_from_index(bytes, run);
            continue;
        }
        u32 ch;
        isize used = next_char(&r, bytes, &ch);
        if (ch == CHARSET_NONE) {
            used = put_bad(str_slice(bytes, 0, used), bad, out);
            if (!used) {
                *out = before;
                return FAIL(MIME_CHARSET);
            }
        } else if (ch != CHARSET_CJK_SILENT) {
            charset_put_char(out, ch);
        }
        bytes = str_from_index(bytes, used);
    }
    if (out->full) {
        *out = before;
        return FAIL(BUF_FULL);
    }
    return OK;
}

isize charset_valid_run(struct charset cs, str bytes, isize *bad)
{
    struct reader r = reader_start(cs, &bytes);
    bool runs = has_ascii_runs(cs);
    isize at = cs.kind == CHARSET_UTF8 ? utf8_run(bytes) : 0;
    *bad = 0;
    while (at < bytes.n) {
        str rest = str_from_index(bytes, at);
        if (runs && rest.p[0] < 128) {
            at += charset_ascii_run(rest);
            continue;
        }
        u32 ch;
        isize used = next_char(&r, rest, &ch);
        if (ch == CHARSET_NONE) {
            *bad = used;
            break;
        }
        at += used;
    }
    return at;
}

bool charset_is_valid(struct charset cs, str bytes)
{
    isize bad;
    (void)charset_valid_run(cs, bytes, &bad);
    return !bad;
}

// ---- encoding

static void put_unit(struct buf *out, u32 v, isize size, bool big)
{
    for (isize i = 0; i < size; i++) {
        buf_put_byte(out, (u8)(v >> 8 * (big ? size - 1 - i : i)));
    }
}

static void put_utf16(struct buf *out, u32 ch, bool big)
{
    if (ch < 0x10000) {
        put_unit(out, ch, 2, big);
    } else {
        put_unit(out, 0xD800 + ((ch - 0x10000) >> 10), 2, big);
        put_unit(out, 0xDC00 + ((ch - 0x10000) & 0x3FF), 2, big);
    }
}

static bool put_encoded(struct charset cs, u32 ch, struct buf *out)
{
    switch ((enum charset_kind)cs.kind) {
    case CHARSET_UTF8:
        charset_put_char(out, ch);
        return true;
    case CHARSET_UTF16:
    case CHARSET_UTF16LE:
    case CHARSET_UTF16BE:
        put_utf16(out, ch, cs.kind == CHARSET_UTF16BE);
        return true;
    case CHARSET_UTF32:
    case CHARSET_UTF32LE:
    case CHARSET_UTF32BE:
        put_unit(out, ch, 4, cs.kind == CHARSET_UTF32BE);
        return true;
    case CHARSET_ASCII:
    case CHARSET_SINGLE:
    case CHARSET_GB2312:
    case CHARSET_GBK:
    case CHARSET_GB18030:
    case CHARSET_BIG5:
    case CHARSET_CP950:
    case CHARSET_EUC_KR:
    case CHARSET_CP949:
    case CHARSET_EUC_JP:
    case CHARSET_SHIFT_JIS:
    case CHARSET_CP932:
    case CHARSET_ISO2022_JP:
        break;
    }
    if (ch < 128) {
        buf_put_byte(out, (u8)ch);
        return true;
    }
    for (isize i = 0; cs.kind == CHARSET_SINGLE && i < 128; i++) {
        if (charset_single[cs.single][i] == ch) {
            buf_put_byte(out, (u8)(128 + i));
            return true;
        }
    }
    return false;
}

err charset_encode(struct charset cs, str text, struct buf *out)
{
    struct buf before = *out;
    if (cs.kind == CHARSET_UTF16) {
        put_unit(out, 0xFEFF, 2, false);
    } else if (cs.kind == CHARSET_UTF32) {
        put_unit(out, 0xFEFF, 4, false);
    }
    while (text.n > 0) {
        u32 ch;
        isize used = charset_utf8_next(text, &ch);
        if (ch == CHARSET_NONE || !put_encoded(cs, ch, out)) {
            *out = before;
            return FAIL(MIME_CHARSET);
        }
        text = str_from_index(text, used);
    }
    if (out->full) {
        *out = before;
        return FAIL(BUF_FULL);
    }
    return OK;
}
