// SPDX-License-Identifier: Apache-2.0
// Aimed at http1_body_next() on chunks alone: sizes, extensions, trailers, their bounds. The input
// is a chunked body; a second reader, line by line over the whole, says what it holds: both take
// the same bodies, find the same content and stop at the same byte, however the body is cut. What
// is chunked here by the input's own lengths comes back.
#include "codec/http1.h"
#include "cuts.h"

#define IN_MAX 49152

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum verdict { GOOD, BAD, OPEN };

// ---- the second reader

struct reference {
    str in;
    isize at;
    i64 overhead, data;
    struct buf content;
};

// Takes a line with its CRLF off the input. OPEN: it has not ended yet.
static enum verdict take_line(struct reference *r, str *line)
{
    isize end = r->at;
    while (end < r->in.n && r->in.p[end] != '\n') {
        end++;
    }
    if (end == r->in.n) {
        return OPEN;
    }
    *line = str_slice(r->in, r->at, end);
    r->overhead += end + 1 - r->at;
    r->at = end + 1;
    if (line->n == 0 || line->p[line->n - 1] != '\r' ||
        r->overhead > HTTP_OVERHEAD_FREE_BYTES + HTTP_OVERHEAD_RATIO_MAX * r->data) {
        return BAD;
    }
    line->n--;
    for (isize i = 0; i < line->n; i++) {
        if ((line->p[i] < ' ' && line->p[i] != '\t') || line->p[i] == 0x7f) {
            return BAD;
        }
    }
    return GOOD;
}

static enum verdict read_size(str line, i64 *size)
{
    isize digits = 0;
    *size = 0;
    for (; digits < line.n; digits++) {
        isize value = str_find_byte(S("0123456789abcdef"), str_lower_byte(line.p[digits]));
        if (value < 0) {
            break;
        }
        if (digits == 15) {
            return BAD;
        }
        *size = *size * 16 + value;
    }
    isize i = digits;
    while (i < line.n && (line.p[i] == ' ' || line.p[i] == '\t')) {
        i++;
    }
    bool extension = i < line.n && line.p[i] == ';';
    return digits && line.n + 2 <= HTTP_CHUNK_LINE_BYTES && (extension || digits == line.n) ? GOOD
                                                                                            : BAD;
}

static enum verdict read_trailers(struct reference *r)
{
    isize from = r->at;
    for (;;) {
        str line;
        enum verdict v = take_line(r, &line);
        if (v != GOOD || r->at - from > HTTP_TRAILER_BYTES) {
            return v == GOOD ? BAD : v;
        }
        if (line.n == 0) {
            return GOOD;
        }
        isize colon = str_find_byte(line, ':');
        for (isize i = 0; i < colon; i++) {
            u8 c = str_lower_byte(line.p[i]);
            if (!str_is_digit(c) && (c < 'a' || c > 'z') &&
                str_find_byte(S("!#$%&'*+-.^_`|~"), c) < 0) {
                return BAD;
            }
        }
        if (colon < 1) {
            return BAD;
        }
    }
}

static enum verdict read_reference(struct reference *r)
{
    for (;;) {
        str line;
        i64 size;
        enum verdict v = take_line(r, &line);
        v = v == GOOD ? read_size(line, &size) : v;
        if (v != GOOD) {
            return v;
        }
        if (size == 0) {
            return read_trailers(r);
        }
        isize there = size < r->in.n - r->at ? (isize)size : r->in.n - r->at;
        buf_put(&r->content, str_slice(r->in, r->at, r->at + there));
        r->at += there;
        r->data += there;
        if (there < size || r->at == r->in.n) {
            return OPEN;
        }
        v = take_line(r, &line);
        if (v != GOOD || line.n) {
            return v == OPEN && r->in.n - r->at < 2 ? OPEN : BAD;
        }
    }
}

// ---- ours

struct result {
    struct buf content;
    err error;
    bool done;
    isize used;
};

static const struct http_head head = {
    .status = 200, .headers = {{S("Transfer-Encoding"), S("chunked")}}, .header_count = 1};

static void feed(struct http_body *body, str piece, struct result *r)
{
    isize before = piece.n;
    while (piece.n && !body->done && err_ok(r->error)) {
        str content;
        r->error = http1_body_next(body, &piece, &content);
        buf_put(&r->content, content);
    }
    r->used += before - piece.n;
}

// `first`: the length of the first piece; 0: pieces as the cuts say.
static struct result read_cut(str in, isize first, struct cuts cuts, u8 *memory)
{
    struct http_body body;
    struct result r = {.content = buf_over(memory, IN_MAX)};
    ASSERT(err_ok(http1_body_start(&body, &head, false)) && body.framing == HTTP_CHUNKED);
    for (isize at = 0; at < in.n && !body.done && err_ok(r.error);) {
        isize n = first == 0 ? cuts_next(&cuts, in.n - at) : at ? in.n - at : first;
        feed(&body, str_slice(in, at, at + n), &r);
        at += n;
    }
    r.done = body.done;
    ASSERT(!r.content.full && body.data_bytes == r.content.n);
    ASSERT(!err_ok(http1_body_eof(&body)) == !r.done);
    return r;
}

static void check_same(const struct result *a, const struct result *b)
{
    ASSERT(a->error.code == b->error.code && a->done == b->done);
    ASSERT(str_eq(buf_str(&a->content), buf_str(&b->content)));
    ASSERT(a->used == b->used);
}

static void check(str in)
{
    static u8 memory[3][IN_MAX];
    struct reference r = {.in = in, .content = buf_over(memory[0], IN_MAX)};
    enum verdict want = read_reference(&r);
    struct cuts cuts = cuts_from(in);
    struct result whole = read_cut(in, in.n, cuts, memory[1]);
    ASSERT(whole.done == (want == GOOD) && (want == BAD) <= !err_ok(whole.error));
    ASSERT((want == GOOD) <= (err_ok(whole.error) && whole.used == r.at));
    ASSERT(str_eq(buf_str(&whole.content), buf_str(&r.content)));
    struct result cut = read_cut(in, 0, cuts, memory[2]);
    check_same(&whole, &cut);
    for (isize first = 1; first < in.n && in.n <= CUTS_EVERY_BYTES; first++) {
        cut = read_cut(in, first, cuts, memory[2]);
        check_same(&whole, &cut);
    }
}

// The input as content, in chunks of the cuts' lengths, with an extension and a trailer.
static void check_written(str content)
{
    static u8 memory[2][IN_MAX * 2];
    struct buf b = buf_over(memory[0], sizeof memory[0]);
    struct cuts cuts = cuts_from(content);
    for (isize at = 0; at < content.n;) {
        isize n = cuts_next(&cuts, content.n - at);
        u8 size[] = {(u8)(n >> 8), (u8)n};
        buf_put_hex(&b, str_make(size, 2));
        buf_put(&b, n % 3 ? S("\r\n") : S(" \t;a=\"b\"\r\n"));
        buf_put(&b, str_slice(content, at, at + n));
        buf_put(&b, S("\r\n"));
        at += n;
    }
    buf_put(&b, content.n % 2 ? S("0\r\n\r\n") : S("000\r\nX-Sum: 1\r\n\r\n"));
    buf_put(&b, S("HTTP/1.1 200"));
    struct result r = read_cut(buf_str(&b), 0, cuts, memory[1]);
    ASSERT(err_ok(r.error) && r.done && str_eq(buf_str(&r.content), content));
    ASSERT(r.used == b.n - 12);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n < 1 || n > IN_MAX) {
        return 0;
    }
    check(str_make(p, (isize)n));
    if (n < IN_MAX / 16) {
        check_written(str_make(p, (isize)n));
    }
    return 0;
}
