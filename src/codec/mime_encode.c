// SPDX-License-Identifier: Apache-2.0
// Transfer encoders; mime_encode.h has the contract. Nothing is copied but into the output.
#include "codec/mime_encode.h"

#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "codec/mime_scan.h"
#include "limits.h"

#define SNIFFED_LINES 10
#define BASE64_BYTES 57 // of text in a line of 76

// Bytes that quoted-printable leaves alone inside a line.
static bool is_safe(u8 c)
{
    return (c >= 32 && c < 127 && c != '=') || c == '\t';
}

// A bit for each of 16 bytes that is_safe() refuses.
#if defined(__SSE2__)
static u32 unsafe_16(const u8 *p)
{
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i high = _mm_cmpgt_epi8(v, _mm_set1_epi8(31)); // signed: 128 and more are below
    __m128i tab = _mm_cmpeq_epi8(v, _mm_set1_epi8('\t'));
    __m128i del = _mm_cmpeq_epi8(v, _mm_set1_epi8(127));
    __m128i mark = _mm_cmpeq_epi8(v, _mm_set1_epi8('='));
    __m128i safe = _mm_andnot_si128(_mm_or_si128(del, mark), _mm_or_si128(high, tab));
    return (u32)_mm_movemask_epi8(safe) ^ 0xffff;
}
#else
static u32 unsafe_16(const u8 *p)
{
    u32 bits = 0;
    for (int i = 0; i < 16; i++) {
        bits |= (u32)!is_safe(p[i]) << i;
    }
    return bits;
}
#endif

// How many bytes at the start of s need no escape.
static isize safe_run(str s)
{
    isize i = 0;
    for (; i + 16 <= s.n; i += 16) {
        u32 bits = unsafe_16(s.p + i);
        if (bits) {
            return i + __builtin_ctz(bits);
        }
    }
    while (i < s.n && is_safe(s.p[i])) {
        i++;
    }
    return i;
}

// Length of a line once escaped, its end apart.
static isize quoted_bytes(str line)
{
    isize n = line.n, i = 0;
    for (; i + 16 <= line.n; i += 16) {
        n += 2 * __builtin_popcount(unsafe_16(line.p + i));
    }
    for (; i < line.n; i++) {
        n += is_safe(line.p[i]) ? 0 : 2;
    }
    return n;
}

static void put_escape(u8 c, struct buf *out)
{
    static const char hex[] = "0123456789ABCDEF";
    u8 *at = buf_grab(out, 3);
    if (at) {
        at[0] = '=';
        at[1] = (u8)hex[c >> 4];
        at[2] = (u8)hex[c & 15];
    }
}

// Puts what needs no escape at the start of `line`, at most `limit` bytes of it.
static isize put_safe(str line, isize limit, struct buf *out)
{
    if (line.n < 16 || out->full || out->cap - out->n < 16) {
        isize run = safe_run(str_slice(line, 0, limit));
        buf_put(out, str_slice(line, 0, run));
        return run;
    }
    isize run = __builtin_ctz(unsafe_16(line.p) | 1U << 16);
    run = run < limit ? run : limit;
    memcpy(out->p + out->n, line.p, 16); // one store; what is behind the run is written over
    out->n += run;
    return run;
}

// Puts up to `room` bytes of escaped text from the start of `line`; the rest of it is returned.
static str put_segment(str line, isize room, struct buf *out)
{
    while (line.n > 0 && room > 0) {
        isize run = put_safe(line, line.n < room ? line.n : room, out);
        if (run) {
            line = str_from_index(line, run);
            room -= run;
        } else if (room >= 3) {
            put_escape(line.p[0], out);
            line = str_from_index(line, 1);
            room -= 3;
        } else {
            break;
        }
    }
    return line;
}

// One line: soft breaks after at most 77 bytes while more than 78 are left; a blank at the end must
// not stay one.
static void put_quoted_line(str line, struct buf *out)
{
    isize left = quoted_bytes(line);
    while (left > MIME_LINE_BYTES) {
        isize before = out->n;
        line = put_segment(line, MIME_LINE_BYTES - 1, out);
        if (out->full) {
            return;
        }
        left -= out->n - before;
        buf_put(out, S("=\n"));
    }
    u8 last = line.n ? line.p[line.n - 1] : 0;
    if (last != ' ' && last != '\t') {
        put_segment(line, left, out);
    } else {
        put_segment(str_slice(line, 0, line.n - 1), left - 1, out);
        if (left == MIME_LINE_BYTES - 1) {
            buf_put_byte(out, last);
            buf_put(out, S("=\n"));
        } else {
            buf_put(out, left == MIME_LINE_BYTES ? S("=\n") : S(""));
            put_escape(last, out);
        }
    }
    buf_put_byte(out, '\n');
}

static str next_line(str text, isize *at)
{
    isize end = mime_scan_eol(text, *at);
    str line = str_slice(text, *at, end);
    *at = mime_scan_after_eol(text, end);
    return line;
}

// What put_quoted_line() would write.
static isize quoted_line_bytes(str line)
{
    isize n = 0;
    isize left = quoted_bytes(line);
    while (left > MIME_LINE_BYTES) {
        isize room = MIME_LINE_BYTES - 1;
        while (line.n > 0 && room > 0) {
            isize run = safe_run(str_slice(line, 0, line.n < room ? line.n : room));
            isize cost = run ? run : 3;
            if (cost > room) {
                break;
            }
            room -= cost;
            line = str_from_index(line, run ? run : 1);
        }
        n += MIME_LINE_BYTES - 1 - room + 2;
        left -= MIME_LINE_BYTES - 1 - room;
    }
    u8 last = line.n ? line.p[line.n - 1] : 0;
    bool blank = last == ' ' || last == '\t';
    isize more = !blank ? 0 : left == MIME_LINE_BYTES ? 4 : 2;
    return n + left + more + 1;
}

bool mime_encode_prefers_quoted(str text)
{
    isize quoted = 0;
    isize bytes = 0;
    isize at = 0;
    for (isize i = 0; i < SNIFFED_LINES && at < text.n; i++) {
        str line = next_line(text, &at);
        quoted += quoted_line_bytes(line);
        bytes += line.n + 1;
    }
    return quoted <= (bytes + 2) / 3 * 4 + 1;
}

void mime_encode_put_quoted(str text, struct buf *out)
{
    for (isize at = 0; at < text.n && !out->full;) {
        put_quoted_line(next_line(text, &at), out);
    }
}

// ---- base64

struct base64 {
    struct buf *out;
    u8 line[BASE64_BYTES];
    isize n;
};

static void base64_flush(struct base64 *b)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    u8 text[BASE64_BYTES / 3 * 4 + 1];
    isize n = 0;
    for (isize i = 0; i < b->n; i += 3) {
        bool two = i + 1 < b->n;
        bool three = i + 2 < b->n;
        u32 v = (u32)b->line[i] << 16 | (two ? (u32)b->line[i + 1] << 8 : 0) |
                (three ? b->line[i + 2] : 0);
        text[n++] = (u8)digits[v >> 18];
        text[n++] = (u8)digits[v >> 12 & 63];
        text[n++] = two ? (u8)digits[v >> 6 & 63] : '=';
        text[n++] = three ? (u8)digits[v & 63] : '=';
    }
    if (n) {
        text[n++] = '\n';
        buf_put(b->out, (str){text, n});
    }
    b->n = 0;
}

static void base64_add(struct base64 *b, str s)
{
    while (s.n > 0) {
        isize room = BASE64_BYTES - b->n;
        isize take = s.n < room ? s.n : room;
        memcpy(b->line + b->n, s.p, (size_t)take);
        b->n += take;
        s = str_from_index(s, take);
        if (b->n == BASE64_BYTES) {
            base64_flush(b);
        }
    }
}

void mime_encode_put_base64(str text, struct buf *out)
{
    struct base64 b = {.out = out};
    for (isize at = 0; at < text.n && !out->full;) {
        base64_add(&b, next_line(text, &at));
        base64_add(&b, S("\n"));
    }
    base64_flush(&b);
}

void mime_encode_put_wide(str text, struct charset cs, struct buf *out)
{
    struct base64 b = {.out = out};
    u8 room[16];
    struct buf one = buf_over(room, sizeof room);
    bool ended = false; // a line break is the last thing written
    // The first call writes the byte order mark, where there is one; the mark is not repeated.
    struct charset rest = cs;
    (void)charset_encode(cs, S(""), &one).code;
    rest.kind = cs.kind == CHARSET_UTF16   ? CHARSET_UTF16LE
                : cs.kind == CHARSET_UTF32 ? CHARSET_UTF32LE
                                           : cs.kind;
    base64_add(&b, buf_str(&one));
    for (isize at = 0; at < text.n && !out->full;) {
        u32 ch;
        isize used = charset_utf8_next(str_from_index(text, at), &ch);
        ended = ch == '\n' || ch == '\r';
        str put = ended ? S("\n") : str_slice(text, at, at + used);
        at = ended ? mime_scan_after_eol(text, at) : at + used;
        buf_reset(&one);
        (void)charset_encode(rest, put, &one).code;
        base64_add(&b, buf_str(&one));
    }
    if (!ended) {
        buf_reset(&one);
        (void)charset_encode(rest, S("\n"), &one).code;
        base64_add(&b, buf_str(&one));
    }
    base64_flush(&b);
}
