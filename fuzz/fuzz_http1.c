// SPDX-License-Identifier: Apache-2.0
// Aimed at http1_read_head(), http1_body_start(), http1_body_next(), http1_body_unread(). An answer
// read whole, in pieces of the length that the first byte asks for, and with half of each piece
// given back, is the same answer: same head, same content, same error, same bytes left over;
// its head, written again, is the same head.
#include "codec/http1.h"

#define IN_MAX 32768

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

struct result {
    struct buf content;
    err error;
    bool done, keep_alive;
    isize used;
};

static struct http_head head;

static enum http_more read_head(str in, isize step, isize *used, err *why)
{
    enum http_more more = HTTP_MORE;
    for (isize n = step; more == HTTP_MORE; n += step) {
        n = n < in.n ? n : in.n;
        more = http1_read_head(str_slice(in, 0, n), &head, used, why);
        if (n == in.n) {
            break;
        }
    }
    return more;
}

static struct result read_body(struct http_body body, str in, isize step, bool half, u8 *memory)
{
    struct result r = {.content = buf_over(memory, IN_MAX)};
    isize at = 0;
    for (isize end = 0; end < in.n && !body.done && err_ok(r.error);) {
        end = in.n - end < step ? in.n : end + step;
        str rest = str_slice(in, at, end);
        for (isize turn = 0; rest.n && !body.done && err_ok(r.error); turn++) {
            str piece;
            r.error = http1_body_next(&body, &rest, &piece);
            isize taken = half && turn % 2 == 0 ? piece.n / 2 : piece.n;
            buf_put(&r.content, str_slice(piece, 0, taken));
            http1_body_unread(&body, &rest, piece, taken);
        }
        at = end - rest.n;
    }
    ASSERT(body.left >= 0 && !r.content.full && body.data_bytes == r.content.n);
    r.done = body.done;
    r.keep_alive = body.keep_alive;
    r.used = at;
    return r;
}

// The head that was read, written in the plainest way, is read as the same.
static void check_written(const struct http_head *h)
{
    static struct http_head again;
    static u8 memory[IN_MAX * 2];
    struct buf b = buf_over(memory, sizeof memory);
    buf_put(&b, h->is_http10 ? S("HTTP/1.0 ") : S("HTTP/1.1 "));
    buf_put_i64(&b, h->status);
    buf_put(&b, S(" "));
    buf_put(&b, h->reason);
    for (isize i = 0; i < h->header_count; i++) {
        buf_put(&b, S("\r\n"));
        buf_put(&b, h->headers[i].name);
        buf_put(&b, S(":"));
        buf_put(&b, h->headers[i].value);
    }
    buf_put(&b, S("\r\n\r\n"));
    isize used;
    err why;
    ASSERT(http1_read_head(buf_str(&b), &again, &used, &why) == HTTP_DONE && used == b.n);
    ASSERT(again.status == h->status && again.is_http10 == h->is_http10);
    ASSERT(str_eq(again.reason, h->reason) && again.header_count == h->header_count);
    for (isize i = 0; i < h->header_count; i++) {
        ASSERT(str_eq(again.headers[i].name, h->headers[i].name));
        ASSERT(str_eq(again.headers[i].value, h->headers[i].value));
        bool found;
        (void)http1_header(h, h->headers[i].name, &found);
        ASSERT(found);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static u8 memory[3][IN_MAX];
    if (n < 2 || n > IN_MAX) {
        return 0;
    }
    str in = {p + 2, (isize)n - 2};
    isize step = p[0] % 32 + 1, used, step_used;
    err why, step_why;
    (void)read_head(in, step, &step_used, &step_why);
    enum http_more more = http1_read_head(in, &head, &used, &why);
    ASSERT(used == step_used && why.code == step_why.code);
    ASSERT((more == HTTP_BAD) == !err_ok(why) && used <= in.n);
    if (more != HTTP_DONE) {
        return 0;
    }
    for (isize i = 0; i < head.header_count; i++) {
        ASSERT(head.headers[i].name.n > 0 && http1_is_field_value(head.headers[i].value));
    }
    check_written(&head);
    struct http_body body;
    if (!err_ok(http1_body_start(&body, &head, p[1] & 1))) {
        return 0;
    }
    str rest = str_from_index(in, used);
    struct result a = read_body(body, rest, rest.n + 1, false, memory[0]);
    struct result b = read_body(body, rest, step, false, memory[1]);
    struct result c = read_body(body, rest, rest.n + 1, true, memory[2]);
    ASSERT(a.error.code == b.error.code && a.done == b.done && a.error.code == c.error.code);
    ASSERT(str_eq(buf_str(&a.content), buf_str(&b.content)));
    ASSERT(str_eq(buf_str(&a.content), buf_str(&c.content)));
    ASSERT(!err_ok(a.error) || (a.used == b.used && a.used == c.used && a.done == c.done));
    return 0;
}
