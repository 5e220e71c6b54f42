// SPDX-License-Identifier: Apache-2.0
// Folding and encoded words; mime_fold.h has the contract (RFC 5322, section 2.2.3; RFC 2047).
#include "codec/mime_fold.h"

#include <string.h>

#include "codec/charset.h"
#include "limits.h"

#define WORD_BYTES 75 // of an encoded word (RFC 2047, section 2)
#define WORD_START 30 // less room than this at the end of a line is not used to begin one

struct mime_fold mime_fold_start(struct buf *out, str name)
{
    struct mime_fold f = {.out = out, .line = out->n};
    buf_put(out, name);
    buf_put_byte(out, ':');
    return f;
}

static isize line_bytes(const struct mime_fold *f)
{
    return f->out->n - f->line;
}

// Puts the line break in at `at`, which is where blanks start.
static void break_at(struct mime_fold *f, isize at)
{
    isize tail = f->out->n - at;
    if (!buf_grab(f->out, 1)) {
        return;
    }
    memmove(f->out->p + at + 1, f->out->p + at, (size_t)tail);
    f->out->p[at] = '\n';
    f->line = at + 1;
    f->soft = f->soft > at ? f->soft + 1 : 0;
    f->comma = f->comma > at ? f->comma + 1 : 0;
}

static void break_if_long(struct mime_fold *f)
{
    if (line_bytes(f) > MIME_LINE_BYTES && f->comma) {
        break_at(f, f->comma);
    }
    if (line_bytes(f) > MIME_LINE_BYTES && f->soft) {
        break_at(f, f->soft);
    }
}

void mime_fold_put_lead(struct mime_fold *f)
{
    buf_put_byte(f->out, ' ');
}

void mime_fold_put_blanks(struct mime_fold *f, str blanks, bool after_comma)
{
    if (line_bytes(f) > 1 && blanks.n) {
        f->soft = f->out->n;
        f->comma = after_comma ? f->out->n : f->comma;
    }
    buf_put(f->out, blanks);
}

void mime_fold_put_word(struct mime_fold *f, str word)
{
    buf_put(f->out, word);
    break_if_long(f);
}

static bool is_plain(u8 c)
{
    u8 low = str_lower_byte(c);
    return (low >= 'a' && low <= 'z') || str_is_digit(c) || (c && strchr("-!*+/", c));
}

static isize q_bytes(u8 c)
{
    return is_plain(c) || c == ' ' ? 1 : 3;
}

// The bytes of the character at the start of `text` as they are encoded; how much of `text` it is.
static isize char_bytes(str text, bool raw, u8 *bytes, isize *count)
{
    int escaped = raw ? charset_escape_at(text) : -1;
    if (escaped >= 0) {
        bytes[0] = (u8)escaped;
        *count = 1;
        return CHARSET_ESCAPE_BYTES;
    }
    u32 ch;
    *count = charset_utf8_next(text, &ch);
    memcpy(bytes, text.p, (size_t)*count);
    return *count;
}

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void put_b(struct buf *out, const u8 *p, isize n)
{
    for (isize i = 0; i < n; i += 3) {
        u32 v = (u32)p[i] << 16 | (i + 1 < n ? (u32)p[i + 1] << 8 : 0) | (i + 2 < n ? p[i + 2] : 0);
        buf_put_byte(out, (u8)base64_digits[v >> 18]);
        buf_put_byte(out, (u8)base64_digits[v >> 12 & 63]);
        buf_put_byte(out, i + 1 < n ? (u8)base64_digits[v >> 6 & 63] : '=');
        buf_put_byte(out, i + 2 < n ? (u8)base64_digits[v & 63] : '=');
    }
}

static void put_q(struct buf *out, const u8 *p, isize n)
{
    static const char hex[] = "0123456789ABCDEF";
    for (isize i = 0; i < n; i++) {
        if (q_bytes(p[i]) == 1) {
            buf_put_byte(out, p[i] == ' ' ? '_' : p[i]);
        } else {
            buf_put(out, (str){(u8[]){'=', (u8)hex[p[i] >> 4], (u8)hex[p[i] & 15]}, 3});
        }
    }
}

// Q unless it is five bytes longer than B, as CPython chooses. *bytes: what the shorter one takes.
static bool prefers_b(str text, bool raw, isize *bytes)
{
    isize q = 0;
    isize total = 0;
    while (text.n > 0) {
        u8 ch[4];
        isize count;
        text = str_from_index(text, char_bytes(text, raw, ch, &count));
        for (isize i = 0; i < count; i++) {
            q += q_bytes(ch[i]);
        }
        total += count;
    }
    isize b = (total + 2) / 3 * 4;
    *bytes = q - b >= 5 ? b : q;
    return q - b >= 5;
}

// Writes one encoded word of at most `room` bytes and returns the text that is left.
static str put_one(struct mime_fold *f, str text, bool raw, bool b, isize room)
{
    u8 bytes[WORD_BYTES];
    isize n = 0;
    isize q = 0;
    str start = raw ? S("=?unknown-8bit?") : S("=?utf-8?");
    room -= start.n + 4; // the letter, its question mark, the end
    while (text.n > 0) {
        u8 ch[4];
        isize count;
        isize used = char_bytes(text, raw, ch, &count);
        isize more = 0;
        for (isize i = 0; i < count; i++) {
            more += q_bytes(ch[i]);
        }
        if (n && (b ? (n + count + 2) / 3 * 4 : q + more) > room) {
            break;
        }
        memcpy(bytes + n, ch, (size_t)count);
        n += count;
        q += more;
        text = str_from_index(text, used);
    }
    buf_put(f->out, start);
    buf_put(f->out, b ? S("b?") : S("q?"));
    if (b) {
        put_b(f->out, bytes, n);
    } else {
        put_q(f->out, bytes, n);
    }
    buf_put(f->out, S("?="));
    return text;
}

void mime_fold_put_encoded(struct mime_fold *f, str text, bool raw)
{
    isize bytes;
    bool b = prefers_b(text, raw, &bytes);
    bytes += raw ? 19 : 12; // the frame of the word
    isize left = MIME_LINE_BYTES - line_bytes(f);
    // A long text fills up its line, but one inside a token (a domain) is not cut if that helps.
    u8 last = f->out->n ? f->out->p[f->out->n - 1] : ' ';
    bool inside = last != ' ' && last != '\t' && bytes <= WORD_BYTES;
    if (f->soft && (left < WORD_START || (inside && left < bytes))) {
        break_at(f, f->soft);
    }
    while (text.n > 0) {
        isize room = MIME_LINE_BYTES - line_bytes(f);
        if (room < WORD_START) {
            room = WORD_START; // a long word stands before it on this line: it gets longer
        }
        text = put_one(f, text, raw, b, room < WORD_BYTES ? room : WORD_BYTES);
        if (text.n) {
            f->soft = 0;
            f->comma = 0;
            buf_put(f->out, S("\n "));
            f->line = f->out->n - 1;
        }
    }
}

void mime_fold_end(struct mime_fold *f)
{
    buf_put_byte(f->out, '\n');
}
