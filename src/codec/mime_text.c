// SPDX-License-Identifier: Apache-2.0
// Bodies; mime_text.h has the contract (spec/documents.md, 8.1, steps 4 to 7).
//
// Nearly every text has lines of at most 78 bytes and is written in one pass, straight into the
// output; the first longer line takes that back and lets the encoders of mime_encode.c do it.
#include "codec/mime_text.h"

#include "codec/charset.h"
#include "codec/mime_encode.h"
#include "codec/mime_scan.h"
#include "limits.h"

// The names that CPython's email.charset replaces in what it writes.
static str charset_written(str lower)
{
    static const struct {
        str from, to;
    } names[] = {
        {S("latin_1"), S("iso-8859-1")},   {S("latin-1"), S("iso-8859-1")},
        {S("latin_2"), S("iso-8859-2")},   {S("latin-2"), S("iso-8859-2")},
        {S("latin_3"), S("iso-8859-3")},   {S("latin-3"), S("iso-8859-3")},
        {S("latin_4"), S("iso-8859-4")},   {S("latin-4"), S("iso-8859-4")},
        {S("latin_5"), S("iso-8859-9")},   {S("latin-5"), S("iso-8859-9")},
        {S("latin_6"), S("iso-8859-10")},  {S("latin-6"), S("iso-8859-10")},
        {S("latin_7"), S("iso-8859-13")},  {S("latin-7"), S("iso-8859-13")},
        {S("latin_8"), S("iso-8859-14")},  {S("latin-8"), S("iso-8859-14")},
        {S("latin_9"), S("iso-8859-15")},  {S("latin-9"), S("iso-8859-15")},
        {S("latin_10"), S("iso-8859-16")}, {S("latin-10"), S("iso-8859-16")},
        {S("cp949"), S("ks_c_5601-1987")}, {S("euc_jp"), S("euc-jp")},
        {S("euc_kr"), S("euc-kr")},        {S("ascii"), S("us-ascii")},
    };
    for (isize i = 0; i < COUNT(names); i++) {
        if (str_eq_nocase(lower, names[i].from)) {
            return names[i].to;
        }
    }
    return lower;
}

static void put_head(const struct mime_body *body, str charset, str encoding, struct buf *out)
{
    buf_put(out, S("Content-Type: text/"));
    buf_put(out, body->subtype);
    buf_put(out, S("; charset=\""));
    for (isize i = 0; i < charset.n; i++) {
        if (charset.p[i] == '"' || charset.p[i] == '\\') {
            buf_put_byte(out, '\\');
        }
        buf_put_byte(out, str_lower_byte(charset.p[i]));
    }
    buf_put(out, S("\"\nContent-Transfer-Encoding: "));
    buf_put(out, encoding);
    buf_put(out, S("\nMIME-Version: 1.0\n\n"));
}

// Appends `text` with LF line ends, one of them at its end, as long as no line is longer than
// MIME_LINE_BYTES. False: one is, and `out` is as it was.
static bool put_short_lines(str text, struct buf *out)
{
    isize start = out->n;
    u8 *to = buf_grab(out, text.n + 1);
    if (!to) {
        return true; // full, which the caller finds out
    }
    isize n = 0;
    for (isize at = 0; at < text.n;) {
        isize end = mime_scan_copy_line(text, at, to + n); // n <= at: what is left has room there
        if (end - at > MIME_LINE_BYTES) {
            out->n = start;
            return false;
        }
        n += end - at;
        to[n++] = '\n';
        at = mime_scan_after_eol(text, end);
    }
    if (!text.n) {
        to[n++] = '\n';
    }
    out->n = start + n;
    return true;
}

// Text whose lines can be split by its bytes.
static err put_bytes(const struct mime_body *body, str charset, str text, struct buf *out)
{
    struct buf before = *out;
    bool ascii = charset_ascii_run(text) == text.n;
    put_head(body, charset, ascii ? S("7bit") : S("8bit"), out);
    if (!put_short_lines(text, out)) {
        *out = before;
        bool quoted = mime_encode_prefers_quoted(text);
        put_head(body, charset, quoted ? S("quoted-printable") : S("base64"), out);
        if (quoted) {
            mime_encode_put_quoted(text, out);
        } else {
            mime_encode_put_base64(text, out);
        }
    }
    return buf_check(out);
}

// How much longer than `bytes` its text in UTF-8 can be: a byte >= 128 grows to three, a unit of
// UTF-16 from two to three, and any byte of ISO-2022-JP can turn out to mean nothing.
static isize growth_bytes(struct charset cs, str bytes)
{
    if (!charset_is_ascii_based(cs)) {
        return bytes.n / 2 + 3;
    }
    if (cs.kind == CHARSET_ISO2022_JP) {
        return bytes.n * 2;
    }
    isize high = 0;
    for (isize i = 0; i < bytes.n; i++) {
        high += bytes.p[i] >> 7;
    }
    return high * 2;
}

// `bytes` with what is wrong in them replaced, in UTF-8.
static err repaired(struct charset cs, str bytes, struct arena *scratch, str *out)
{
    isize more = growth_bytes(cs, bytes);
    u8 *room = arena_try(scratch, 1, bytes.n + more);
    if (!room) {
        return FAIL(ARENA_FULL);
    }
    struct buf text = buf_over(room, bytes.n + more);
    err e = charset_decode(cs, bytes, CHARSET_REPLACE, &text);
    *out = buf_str(&text);
    return e;
}

// GB18030 has a code for U+FFFD, so that its text is repaired too instead of going raw.
static err repaired_gb18030(struct charset cs, str bytes, struct arena *scratch, str *out)
{
    static const u8 replacement[4] = {0x84, 0x31, 0xA4, 0x37};
    isize high = 0;
    for (isize i = 0; i < bytes.n; i++) {
        high += bytes.p[i] >> 7;
    }
    u8 *room = arena_try(scratch, 1, bytes.n + high * 3);
    if (!room) {
        return FAIL(ARENA_FULL);
    }
    struct buf text = buf_over(room, bytes.n + high * 3);
    while (bytes.n > 0) {
        isize bad;
        isize run = charset_valid_run(cs, bytes, &bad);
        buf_put(&text, str_slice(bytes, 0, run));
        buf_put(&text, bad ? str_make(replacement, 4) : S(""));
        bytes = str_from_index(bytes, run + bad);
    }
    *out = buf_str(&text);
    return buf_check(&text);
}

// UTF-16 and UTF-32: lines end where characters say so, and only base64 carries the bytes.
static err put_wide(const struct mime_body *body, struct charset cs, struct arena *scratch,
                    struct buf *out)
{
    str text;
    TRY(repaired(cs, body->bytes, scratch, &text));
    put_head(body, body->charset, S("base64"), out);
    mime_encode_put_wide(text, cs, out);
    return buf_check(out);
}

// Without a charset: what is valid UTF-8 is UTF-8, anything else is ASCII with holes.
static err put_undeclared(const struct mime_body *body, struct arena *scratch, struct buf *out)
{
    str text = body->bytes;
    if (!charset_is_valid((struct charset){.kind = CHARSET_UTF8}, text)) {
        TRY(repaired((struct charset){.kind = CHARSET_ASCII}, body->bytes, scratch, &text));
    }
    return put_bytes(body, S("utf-8"), text, out);
}

static bool is_printable(str s)
{
    for (isize i = 0; i < s.n; i++) {
        if (s.p[i] < 32 || s.p[i] > 126) {
            return false;
        }
    }
    return true;
}

err mime_text_put(const struct mime_body *body, struct arena *scratch, struct buf *out)
{
    if (!body->declared) {
        return put_undeclared(body, scratch, out);
    }
    struct charset cs = {.kind = CHARSET_ASCII};
    bool nothing = !body->charset.n && !body->bytes.n; // then CPython does not look the name up
    if (!charset_find(body->charset, &cs) && !nothing) {
        return FAIL(MIME_CHARSET);
    }
    str text = body->bytes;
    if (!is_printable(body->charset)) { // a name that cannot be written again
        TRY(repaired(cs, body->bytes, scratch, &text));
        return put_bytes(body, S("utf-8"), text, out);
    }
    if (!charset_is_ascii_based(cs)) {
        return put_wide(body, cs, scratch, out);
    }
    if (!charset_is_valid(cs, text)) {
        if (cs.kind == CHARSET_GB18030) {
            TRY(repaired_gb18030(cs, body->bytes, scratch, &text));
        } else if (cs.kind == CHARSET_UTF8) {
            TRY(repaired(cs, body->bytes, scratch, &text));
        } else {
            return FAIL(MIME_CHARSET);
        }
    }
    str written = body->charset.n ? charset_written(body->charset) : S("utf-8");
    return put_bytes(body, written, text, out);
}
