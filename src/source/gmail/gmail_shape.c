// SPDX-License-Identifier: Apache-2.0
// Shaping documents in place (see gmail_shape.h). The trimmed form: behind the mail lie the trimmed
// mail and the scratch memory of codec/mime; then base64 of the trimmed mail is written over the
// mail. What cannot be read as a mail, or needs more scratch than the largest buffer has, goes raw
// (documents.md 8.2): no mail is lost to a parser.
#include "source/gmail/gmail_shape.h"

#include <string.h>

#include "codec/base64.h"
#include "codec/json_write.h"
#include "codec/mime.h"

static const str shape_null = S("\"_attachment\":null");
static const str shape_timestamp = S(",\"_timestamp\":");

bool gmail_shape_is_largest(const struct fetch *f)
{
    return f->data.cap >= LANE_LARGE_BYTES;
}

static err shape_too_small(const struct fetch *f)
{
    return gmail_shape_is_largest(f) ? FAIL(GMAIL_TOO_LARGE) : FAIL(LANE_TOO_SMALL);
}

void gmail_shape_put_suffix(struct buf *suffix, str timestamp, str owner)
{
    buf_put(suffix, shape_timestamp);
    buf_put(suffix, timestamp);
    if (owner.n) {
        struct json_write w = json_write_to(suffix);
        w.comma = true;
        json_write_key(&w, S("_allow_access_control"));
        json_write_array(&w);
        json_write_string(&w, owner);
        json_write_array_end(&w);
    }
}

// The value in a suffix: a string without escapes, or one whose end the next unescaped quote is.
static str shape_timestamp_of(str suffix)
{
    str value = str_from_index(suffix, shape_timestamp.n);
    isize n = 1;
    while (n < value.n && value.p[n] != '"') {
        n += value.p[n] == '\\' ? 2 : 1;
    }
    return str_slice(value, 0, n + 1 < value.n ? n + 1 : value.n);
}

// Members behind `n` bytes of document; the caller has seen to the room.
static void shape_finish(struct fetch *f, isize n, str suffix)
{
    u8 *p = f->data.p + FETCH_DOC_OFFSET;
    memcpy(p + n, suffix.p, (size_t)suffix.n);
    f->doc = (struct buf){.p = p, .n = n + suffix.n, .cap = f->data.cap - FETCH_DOC_OFFSET};
    f->data.n = FETCH_DOC_OFFSET + f->doc.n;
    f->attached = true;
    f->timestamp = shape_timestamp_of(str_make(p + n, suffix.n));
}

// Bytes that a document may have before its suffix.
static isize shape_room(const struct fetch *f, str suffix)
{
    return f->data.cap - FETCH_DOC_OFFSET - FETCH_DOC_TAIL - suffix.n;
}

err gmail_shape_null(struct fetch *f, str suffix)
{
    if (shape_null.n > shape_room(f, suffix)) {
        return shape_too_small(f);
    }
    memcpy(f->data.p + FETCH_DOC_OFFSET, shape_null.p, (size_t)shape_null.n);
    shape_finish(f, shape_null.n, suffix);
    return OK;
}

err gmail_shape_full(struct fetch *f, str suffix)
{
    isize n = f->data.n - FETCH_DOC_OFFSET;
    if (n + 1 > shape_room(f, suffix)) {
        return shape_too_small(f);
    }
    f->data.p[FETCH_DOC_OFFSET + n] = '"';
    shape_finish(f, n + 1, suffix);
    return OK;
}

// Prefix, base64 of `text` (which lies somewhere behind the prefix), the quote, the suffix.
static err shape_encode(struct fetch *f, str text, str suffix)
{
    u8 *doc = f->data.p + FETCH_DOC_OFFSET;
    u8 *to = doc + GMAIL_SHAPE_PREFIX.n;
    isize encoded = base64_encoded_bytes(text.n);
    if (GMAIL_SHAPE_PREFIX.n + encoded + 1 > shape_room(f, suffix)) {
        return shape_too_small(f);
    }
    // The encoder wants its input at the end of the room for its output. A text that lies far
    // enough behind stays where it is: the room then ends where it ends.
    isize span = text.p + text.n - to;
    if (span < encoded) {
        memmove(to + encoded - text.n, text.p, (size_t)text.n);
        span = encoded;
    }
    memcpy(doc, GMAIL_SHAPE_PREFIX.p, (size_t)GMAIL_SHAPE_PREFIX.n);
    isize n = GMAIL_SHAPE_PREFIX.n + base64_encode_in_place(to, span, text.n);
    doc[n] = '"';
    shape_finish(f, n + 1, suffix);
    return OK;
}

// Half of what is free behind the mail for the result, half as scratch: both need about as much as
// the body, whose share of the mail is not known before.
static err shape_trim(struct fetch *f, str *eml)
{
    str raw = str_make(f->data.p + FETCH_DOC_OFFSET, f->data.n - FETCH_DOC_OFFSET);
    u8 *free_at = f->data.p + f->data.n;
    u8 *end = f->data.p + f->data.cap;
    isize out_bytes = (end - free_at) / 2;
    u8 *scratch_at = (u8 *)(((uintptr_t)free_at + (uintptr_t)out_bytes + 15) & ~(uintptr_t)15);
    if (scratch_at > end) {
        return FAIL(ARENA_FULL);
    }
    struct buf out = buf_over(free_at, out_bytes);
    struct arena scratch = arena_over(scratch_at, end - scratch_at);
    TRY(mime_trim(raw, &out, &scratch));
    *eml = buf_str(&out);
    return OK;
}

err gmail_shape_trimmed(struct fetch *f, str suffix)
{
    str raw = str_make(f->data.p + FETCH_DOC_OFFSET, f->data.n - FETCH_DOC_OFFSET);
    str eml;
    err e = shape_trim(f, &eml);
    bool no_room = err_is(e, ERR_BUF_FULL) || err_is(e, ERR_ARENA_FULL);
    if (no_room && !gmail_shape_is_largest(f)) {
        return FAIL(LANE_TOO_SMALL);
    }
    if (err_ok(e)) {
        e = shape_encode(f, eml, suffix);
        if (err_ok(e) || err_is(e, ERR_LANE_TOO_SMALL)) {
            return e;
        }
    }
    f->raw_fallback = true;
    // The raw mail begins where the prefix has to stand: shape_encode() moves it before it writes
    // that.
    return shape_encode(f, raw, suffix);
}
