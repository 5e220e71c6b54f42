// SPDX-License-Identifier: Apache-2.0
// codec/http1: heads good and bad, framing, chunked bodies; each whole, cut everywhere and byte by
// byte.
#include "test.h"

#include "codec/http1.h"

// Reads it whole, and from every prefix: a prefix never says something else than MORE or the end
// result.
static enum http_more read_head(str in, struct http_head *head, isize *used, err *why)
{
    str text = test_guarded(in);
    enum http_more whole = http1_read_head(text, head, used, why);
    for (isize n = 0; n < in.n; n++) {
        static struct http_head part;
        isize part_used;
        err part_why;
        enum http_more more = http1_read_head(test_guarded(str_slice(in, 0, n)), &part, &part_used,
                                              &part_why);
        if (more == HTTP_MORE) {
            CHECK(whole != HTTP_DONE || n < *used);
            CHECK(part_used == 0);
        } else {
            CHECK(more == whole && part_used == *used && part_why.code == why->code);
            break;
        }
    }
    return whole;
}

static enum http_more read_text(const char *text, struct http_head *head, isize *used, err *why)
{
    return read_head(str_from(text), head, used, why);
}

static void test_http1_read_head_good(void)
{
    static struct http_head h;
    isize used;
    err why;
    bool found;
    const char *text =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX:\r\nX-Two: \t a\tb  c \t\r\n"
        "x-TWO: again\r\n!#$%&'*+-.^_`|~09: \x80\xff\r\n\r\nbody";
    CHECK(read_text(text, &h, &used, &why) == HTTP_DONE);
    CHECK_STR(str_from(text + used), S("body"));
    CHECK(h.status == 200 && h.header_count == 5 && !h.is_http10);
    CHECK_STR(h.reason, S("OK"));
    CHECK_STR(http1_header(&h, S("content-type"), &found), S("application/json"));
    CHECK_STR(http1_header(&h, S("x-two"), &found), S("a\tb  c"));
    CHECK_STR(http1_header(&h, S("X"), &found), S(""));
    CHECK(found);
    CHECK_STR(http1_header(&h, S("Y"), &found), S(""));
    CHECK(!found);
    CHECK(read_text("HTTP/1.0 999 \r\n\r\n", &h, &used, &why) == HTTP_DONE && h.status == 999 &&
          h.is_http10);
    CHECK(h.reason.n == 0 && used == 17 && h.header_count == 0);
    CHECK(read_text("HTTP/1.1 204\r\n\r\n", &h, &used, &why) == HTTP_DONE && h.status == 204);
    CHECK(read_text("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", &h, &used, &why) ==
          HTTP_DONE);
    CHECK(h.status == 100 && used == 25);
}

static void test_http1_read_head_bad(void)
{
    static const struct {
        const char *in;
        enum err_code want;
    } cases[] = {
        {"SSH-2.0-x", ERR_HTTP_STATUS_LINE},
        {"HTTP/2 200\r\n\r\n", ERR_HTTP_STATUS_LINE},
        {"HTTP/1.2 200 OK\r\n\r\n", ERR_HTTP_STATUS_LINE},
        {"http/1.1 200 OK\r\n\r\n", ERR_HTTP_STATUS_LINE},
        {" HTTP/1.1 200 OK\r\n\r\n", ERR_HTTP_STATUS_LINE},
        {"\r\nHTTP/1.1 200 OK\r\n\r\n", ERR_HTTP_STATUS_LINE},
        {"HTTP/1.1  200 OK\r\n\r\n", ERR_HTTP_STATUS_LINE},
        {"HTTP/1.1 20 OK\r\n\r\n", ERR_HTTP_STATUS_LINE},
        {"HTTP/1.1 2000 OK\r\n\r\n", ERR_HTTP_STATUS_LINE},
        {"HTTP/1.1 099 OK\r\n\r\n", ERR_HTTP_STATUS_LINE},
        {"HTTP/1.1 +20 OK\r\n\r\n", ERR_HTTP_STATUS_LINE},
        {"HTTP/1.1\t200 OK\r\n\r\n", ERR_HTTP_STATUS_LINE},
        {"HTTP/1.1\r\n\r\n", ERR_HTTP_STATUS_LINE},
        {"HTTP/1.1 200 O\x01K\r\n\r\n", ERR_HTTP_STATUS_LINE},
        {"HTTP/1.1 200 OK\n\r\n", ERR_HTTP_LINE_END},
        {"HTTP/1.1 200 OK\rX", ERR_HTTP_LINE_END},
        {"HTTP/1.1 200 OK\r\r\n", ERR_HTTP_LINE_END},
        {"HTTP/1.1 200 OK\r\nA: b\n\r\n", ERR_HTTP_LINE_END},
        {"HTTP/1.1 200 OK\r\nA: b\n\n", ERR_HTTP_LINE_END},
        {"HTTP/1.1 200 OK\r\nA: b\r\n\n", ERR_HTTP_LINE_END},
        {"HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n", ERR_HTTP_LINE_END},
        {"HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n", ERR_HTTP_HEADER},
        {"HTTP/1.1 200 OK\r\nA: b\r\n\tfolded\r\n\r\n", ERR_HTTP_HEADER},
        {"HTTP/1.1 200 OK\r\n A: b\r\n\r\n", ERR_HTTP_HEADER},
        {"HTTP/1.1 200 OK\r\nA : b\r\n\r\n", ERR_HTTP_HEADER},
        {"HTTP/1.1 200 OK\r\nA\r\n\r\n", ERR_HTTP_HEADER},
        {"HTTP/1.1 200 OK\r\n: b\r\n\r\n", ERR_HTTP_HEADER},
        {"HTTP/1.1 200 OK\r\nA(b): c\r\n\r\n", ERR_HTTP_HEADER},
        {"HTTP/1.1 200 OK\r\n\xc3\xbc: c\r\n\r\n", ERR_HTTP_HEADER},
        {"HTTP/1.1 200 OK\r\nA: \x01\r\n\r\n", ERR_HTTP_HEADER},
        {"HTTP/1.1 200 OK\r\nA: \x7f\r\n\r\n", ERR_HTTP_HEADER},
    };
    static struct http_head h;
    isize used;
    err why;
    for (isize i = 0; i < COUNT(cases); i++) {
        enum http_more more = read_text(cases[i].in, &h, &used, &why);
        if (more != HTTP_BAD || why.code != cases[i].want) {
            fprintf(stderr, "case %td: %d %s\n", i, (int)more, err_name(why));
        }
        CHECK(more == HTTP_BAD && why.code == cases[i].want && used == 0);
    }
    CHECK(read_head((str){(const u8 *)"HTTP/1.1 200 OK\r\nA: \0\r\n\r\n", 25}, &h, &used, &why) ==
          HTTP_BAD);
    CHECK_ERR(why, HTTP_HEADER);
    CHECK(read_text("HTTP/1.1 200 OK\r\nA: b\r\n", &h, &used, &why) == HTTP_MORE);
    CHECK_OK(why);
    CHECK(read_text("", &h, &used, &why) == HTTP_MORE);
}

static void test_http1_read_head_bounds(void)
{
    static u8 text[HTTP_HEAD_BYTES + 64];
    static struct http_head h;
    isize used;
    err why;
    for (int extra = -1; extra <= 1;
         extra++) { // the last byte of the head at, before, behind the bound
        struct buf b = buf_over(text, sizeof text);
        buf_put(&b, S("HTTP/1.1 200 OK\r\nA: "));
        buf_put_fill(&b, 'x', HTTP_HEAD_BYTES + extra - b.n - 4);
        buf_put(&b, S("\r\n\r\n"));
        enum http_more more = http1_read_head(test_guarded(buf_str(&b)), &h, &used, &why);
        CHECK(more == (extra <= 0 ? HTTP_DONE : HTTP_BAD));
        CHECK(err_is(why, extra <= 0 ? ERR_NONE : ERR_HTTP_HEAD_SIZE));
    }
    for (int count = HTTP_HEADERS_MAX; count <= HTTP_HEADERS_MAX + 1; count++) {
        struct buf b = buf_over(text, sizeof text);
        buf_put(&b, S("HTTP/1.1 200 OK\r\n"));
        for (int i = 0; i < count; i++) {
            buf_put(&b, S("a:b\r\n"));
        }
        buf_put(&b, S("\r\n"));
        enum http_more more = read_head(buf_str(&b), &h, &used, &why);
        CHECK(more == (count <= HTTP_HEADERS_MAX ? HTTP_DONE : HTTP_BAD));
        CHECK(err_is(why, count <= HTTP_HEADERS_MAX ? ERR_NONE : ERR_HTTP_HEAD_SIZE));
    }
}

// ---- bodies

// The status and headers of `head`, then the start of its body.
static err start(struct http_body *body, const char *head_text, bool head_request)
{
    static struct http_head h;
    static u8 text[1024];
    struct buf b = buf_over(text, sizeof text);
    buf_put(&b, S("HTTP/1."));
    buf_put(&b, str_from(head_text));
    buf_put(&b, S("\r\n\r\n"));
    isize used;
    err why;
    CHECK(http1_read_head(buf_str(&b), &h, &used, &why) == HTTP_DONE);
    return http1_body_start(body, &h, head_request);
}

static void test_http1_body_start_framing(void)
{
    static const struct {
        const char *head;
        bool head_request;
        enum http_framing framing;
        i64 left;
        bool keep_alive, done;
    } cases[] = {
        {"1 200 OK\r\nContent-Length: 5", false, HTTP_LENGTH, 5, true, false},
        {"1 200 OK\r\ncontent-length:0", false, HTTP_LENGTH, 0, true, true},
        {"1 200 OK\r\nContent-Length: 00012 ", false, HTTP_LENGTH, 12, true, false},
        {"1 200 OK\r\nTransfer-Encoding: Chunked", false, HTTP_CHUNKED, 0, true, false},
        {"1 200 OK", false, HTTP_UNTIL_CLOSE, 0, false, false},
        {"1 200 OK\r\nContent-Length: 5\r\nConnection: close", false, HTTP_LENGTH, 5, false, false},
        {"1 200 OK\r\nContent-Length: 5\r\nConnection: x , CLOSE", false, HTTP_LENGTH, 5, false,
         false},
        {"1 200 OK\r\nContent-Length: 5\r\nConnection: a\r\nConnection: close", false, HTTP_LENGTH,
         5, false, false},
        {"1 200 OK\r\nContent-Length: 5\r\nConnection: closed", false, HTTP_LENGTH, 5, true, false},
        {"0 200 OK\r\nContent-Length: 5", false, HTTP_LENGTH, 5, false, false},
        {"0 200 OK\r\nContent-Length: 5\r\nConnection: Keep-Alive", false, HTTP_LENGTH, 5, true,
         false},
        {"1 200 OK\r\nContent-Length: 5", true, HTTP_NO_BODY, 0, true, true},
        {"1 200 OK\r\nTransfer-Encoding: chunked", true, HTTP_NO_BODY, 0, true, true},
        {"1 200 OK", true, HTTP_NO_BODY, 0, true, true},
        {"1 304 Not Modified\r\nContent-Length: 5", false, HTTP_NO_BODY, 0, true, true},
        {"1 204 No Content", false, HTTP_NO_BODY, 0, true, true},
        {"1 204 No Content\r\nContent-Length: 0", false, HTTP_NO_BODY, 0, true, true},
        {"1 204 No Content\r\nContent-Length: 3", false, HTTP_NO_BODY, 0, false, true},
        {"1 204 No Content\r\nTransfer-Encoding: chunked", false, HTTP_NO_BODY, 0, false, true},
        {"1 100 Continue", false, HTTP_NO_BODY, 0, true, true},
        {"1 404 x\r\nContent-Length: 999999999999999999", false, HTTP_LENGTH, 999999999999999999,
         true, false},
    };
    for (isize i = 0; i < COUNT(cases); i++) {
        struct http_body b;
        CHECK_OK(start(&b, cases[i].head, cases[i].head_request));
        bool same = b.framing == cases[i].framing && b.left == cases[i].left &&
                    b.keep_alive == cases[i].keep_alive && b.done == cases[i].done;
        if (!same) {
            fprintf(stderr, "%s\n", cases[i].head);
        }
        CHECK(same);
    }
}

static void test_http1_body_start_contradiction(void)
{
    static const char *const bad[] = {
        "1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked",
        "1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5",
        "1 200 OK\r\nContent-Length: 5, 5",
        "1 200 OK\r\nContent-Length: +5",
        "1 200 OK\r\nContent-Length: -5",
        "1 200 OK\r\nContent-Length: 0x5",
        "1 200 OK\r\nContent-Length: 5 5",
        "1 200 OK\r\nContent-Length:",
        "1 200 OK\r\nContent-Length: 9999999999999999999",
        "1 200 OK\r\nTransfer-Encoding: gzip, chunked",
        "1 200 OK\r\nTransfer-Encoding: identity",
        "1 200 OK\r\nTransfer-Encoding:",
        "1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "0 200 OK\r\nTransfer-Encoding: chunked",
        "1 204 x\r\nContent-Length: 5\r\nContent-Length: 6",
    };
    for (isize i = 0; i < COUNT(bad); i++) {
        struct http_body b;
        CHECK_ERR(start(&b, bad[i], false), HTTP_FRAMING);
    }
}

// Feeds in[..a), in[a..b), in[b..); logs the content. Stops at an error or when done; *left: what
// was not taken.
static err read_body(struct http_body *body, str in, isize a, isize b, struct buf *log, isize *left)
{
    const isize ends[] = {a, b, in.n};
    isize at = 0;
    for (isize i = 0; i < COUNT(ends); i++) {
        str chunk = str_slice(in, at, ends[i]);
        while (chunk.n && !body->done) {
            str piece;
            TRY(http1_body_next(body, &chunk, &piece));
            CHECK(piece.n == 0 || (piece.p >= in.p && piece.p + piece.n <= in.p + in.n));
            buf_put(log, piece);
        }
        at = ends[i] - chunk.n;
        if (body->done) {
            break;
        }
    }
    *left = in.n - at;
    return OK;
}

static void check_chunked(const char *text, enum err_code want, const char *content, isize left)
{
    str in = test_guarded(str_from(text));
    for (isize a = 0; a <= in.n; a++) {
        for (isize b = a; b <= in.n; b++) {
            u8 memory[256];
            struct buf log = buf_over(memory, sizeof memory);
            struct http_body body;
            CHECK_OK(start(&body, "1 200 OK\r\nTransfer-Encoding: chunked", false));
            isize got_left = 0;
            err e = read_body(&body, in, a, b, &log, &got_left);
            if (e.code != want) {
                fprintf(stderr, "%s: %s\n", text, err_name(e));
            }
            CHECK(e.code == want);
            CHECK_STR(buf_str(&log), str_from(content));
            CHECK(!err_ok(e) || (body.done == (left >= 0) && (left < 0 || got_left == left)));
            if (e.code != want || test_failures > 5) {
                return;
            }
            if (err_ok(e) && !body.done) {
                CHECK_ERR(http1_body_eof(&body), HTTP_CUT);
            } else if (err_ok(e)) {
                CHECK(body.keep_alive);
                CHECK_OK(http1_body_eof(&body));
            }
        }
    }
}

static void test_http1_body_chunked_good(void)
{
    check_chunked("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", ERR_NONE, "hello world", 0);
    check_chunked("0\r\n\r\nHTTP", ERR_NONE, "", 4);
    check_chunked("00B\r\nhello\r\nworl\r\n000\r\n\r\n", ERR_NONE, "hello\r\nworl", 0);
    check_chunked("00b\r\nhello\r\nworld\r\n", ERR_HTTP_CHUNK_END, "hello\r\nworl", 0);
    check_chunked("5;a=b;c=\"d e\"\r\nhello\r\n0 ; x\r\nA: b\r\nC-d:\r\n\r\n.", ERR_NONE, "hello",
                  1);
    check_chunked("3\r\n\r\n\n\r\n0\r\n\r\n", ERR_NONE, "\r\n\n", 0);
    check_chunked("5\r\nhel", ERR_NONE, "hel", -1);
    check_chunked("5\r\nhello\r\n0\r\n", ERR_NONE, "hello", -1);
}

static void test_http1_body_chunked_bad(void)
{
    check_chunked("x\r\n", ERR_HTTP_CHUNK_SIZE, "", 0);
    check_chunked("\r\n", ERR_HTTP_CHUNK_SIZE, "", 0);
    check_chunked(";x\r\n", ERR_HTTP_CHUNK_SIZE, "", 0);
    check_chunked(" 5\r\nhello", ERR_HTTP_CHUNK_SIZE, "", 0);
    check_chunked("-5\r\nhello", ERR_HTTP_CHUNK_SIZE, "", 0);
    check_chunked("+5\r\nhello", ERR_HTTP_CHUNK_SIZE, "", 0);
    check_chunked("0x5\r\nhello", ERR_HTTP_CHUNK_SIZE, "", 0);
    check_chunked("5 \r\nhello", ERR_HTTP_CHUNK_SIZE, "", 0);
    check_chunked("5 5\r\nhello", ERR_HTTP_CHUNK_SIZE, "", 0);
    check_chunked("5;\x01\r\nhello", ERR_HTTP_CHUNK_SIZE, "", 0);
    check_chunked("ffffffffffffffff\r\n", ERR_HTTP_CHUNK_SIZE, "", 0);
    check_chunked("fffffffffffffff\r\nx", ERR_NONE, "x", -1);
    check_chunked("1234567890abcdef\r\n", ERR_HTTP_CHUNK_SIZE, "", 0);
    check_chunked("5\nhello", ERR_HTTP_LINE_END, "", 0);
    check_chunked("5;x\nhello", ERR_HTTP_LINE_END, "", 0);
    check_chunked("5\r5", ERR_HTTP_LINE_END, "", 0);
    check_chunked("5\r\nhello!\r\n", ERR_HTTP_CHUNK_END, "hello", 0);
    check_chunked("5\r\nhello\n0\r\n\r\n", ERR_HTTP_CHUNK_END, "hello", 0);
    check_chunked("5\r\nhello\r0\r\n\r\n", ERR_HTTP_CHUNK_END, "hello", 0);
    check_chunked("5\r\nhello\n\n0\r\n\r\n", ERR_HTTP_CHUNK_END, "hello", 0);
    check_chunked("0\r\n\n", ERR_HTTP_LINE_END, "", 0);
    check_chunked("0\r\n\rx", ERR_HTTP_LINE_END, "", 0);
    check_chunked("0\r\nA: b\n\r\n", ERR_HTTP_LINE_END, "", 0);
    check_chunked("0\r\nA: b\rc", ERR_HTTP_LINE_END, "", 0);
    check_chunked("0\r\n folded: x\r\n\r\n", ERR_HTTP_HEADER, "", 0);
    check_chunked("0\r\n: x\r\n\r\n", ERR_HTTP_HEADER, "", 0);
    check_chunked("0\r\nA\r\n\r\n", ERR_HTTP_HEADER, "", 0);
    check_chunked("0\r\nA b: c\r\n\r\n", ERR_HTTP_HEADER, "", 0);
    check_chunked("0\r\nA: \x02\r\n\r\n", ERR_HTTP_HEADER, "", 0);
}

static void test_http1_body_chunked_bounds(void)
{
    static u8 text[200000];
    struct http_body body;
    str piece;
    struct buf b = buf_over(text, sizeof text);
    buf_put(&b, S("1;"));
    buf_put_fill(&b, 'x', HTTP_CHUNK_LINE_BYTES);
    CHECK_OK(start(&body, "1 200 OK\r\nTransfer-Encoding: chunked", false));
    str in = buf_str(&b);
    CHECK_ERR(http1_body_next(&body, &in, &piece), HTTP_CHUNK_SIZE);

    b = buf_over(text, sizeof text);
    buf_put(&b, S("0\r\nA: "));
    buf_put_fill(&b, 'x', HTTP_TRAILER_BYTES);
    CHECK_OK(start(&body, "1 200 OK\r\nTransfer-Encoding: chunked", false));
    in = buf_str(&b);
    CHECK_ERR(http1_body_next(&body, &in, &piece), HTTP_TRAILER_SIZE);

    // Chunks of one byte pass; with long extensions they do not.
    for (int extension = 0; extension < 2; extension++) {
        b = buf_over(text, sizeof text);
        for (int i = 0; i < 5000; i++) {
            buf_put(&b, extension ? S("1;0123456789\r\nx\r\n") : S("1\r\nx\r\n"));
        }
        buf_put(&b, S("0\r\n\r\n"));
        CHECK_OK(buf_check(&b));
        CHECK_OK(start(&body, "1 200 OK\r\nTransfer-Encoding: chunked", false));
        in = buf_str(&b);
        err e = OK;
        while (err_ok(e) && !body.done && in.n) {
            e = http1_body_next(&body, &in, &piece);
        }
        CHECK(e.code == (extension ? ERR_HTTP_CHUNK_OVERHEAD : ERR_NONE) &&
              body.done == !extension);
    }
}

static void test_http1_body_plain(void)
{
    struct http_body body;
    u8 memory[64];
    isize left;
    for (isize a = 0; a <= 9; a++) {
        struct buf log = buf_over(memory, sizeof memory);
        CHECK_OK(start(&body, "1 200 OK\r\nContent-Length: 5", false));
        CHECK_OK(read_body(&body, S("hello+HTT"), a, a, &log, &left));
        CHECK_STR(buf_str(&log), S("hello"));
        CHECK(body.done && left == 4 && body.keep_alive);
        log = buf_over(memory, sizeof memory);
        CHECK_OK(start(&body, "1 200 OK", false));
        CHECK_OK(read_body(&body, S("hello+HTT"), a, a, &log, &left));
        CHECK_STR(buf_str(&log), S("hello+HTT"));
        CHECK(!body.done);
        CHECK_OK(http1_body_eof(&body));
        CHECK(body.done && !body.keep_alive);
    }
    CHECK_OK(start(&body, "1 200 OK\r\nContent-Length: 5", false));
    CHECK_ERR(http1_body_eof(&body), HTTP_CUT);
    CHECK_OK(start(&body, "1 200 OK\r\nContent-Length: 0", false));
    CHECK_OK(http1_body_eof(&body));
    str in = S("x"), piece;
    CHECK_OK(http1_body_next(&body, &in, &piece));
    CHECK(piece.n == 0 && in.n == 1);
}

// Taking every piece one byte at a time, by giving the rest back, yields the same content.
static void test_http1_body_unread(void)
{
    static const char *const heads[] = {"1 200 OK\r\nTransfer-Encoding: chunked",
                                        "1 200 OK\r\nContent-Length: 11", "1 200 OK"};
    static const str bodies[] = {S("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"), S("hello world"),
                                 S("hello world")};
    for (isize i = 0; i < COUNT(heads); i++) {
        for (isize step = 0; step < 4; step++) {
            u8 memory[64];
            struct buf log = buf_over(memory, sizeof memory);
            struct http_body body;
            CHECK_OK(start(&body, heads[i], false));
            str in = test_guarded(bodies[i]), piece;
            for (int turn = 0; turn < 100 && in.n && !body.done; turn++) {
                CHECK_OK(http1_body_next(&body, &in, &piece));
                isize taken = piece.n < step + turn % 2 ? piece.n : step + turn % 2;
                buf_put(&log, str_slice(piece, 0, taken));
                http1_body_unread(&body, &in, piece, taken);
            }
            CHECK_STR(buf_str(&log), S("hello world"));
            CHECK(in.n == 0 && body.done == (i < 2) && body.data_bytes == 11);
        }
    }
}

static void test_http1_is_bytes(void)
{
    CHECK(http1_is_field_value(S("")) && http1_is_field_value(S("a b\tc \xff")));
    CHECK(!http1_is_field_value(S("a\rb")) && !http1_is_field_value(S("a\nb")));
    CHECK(!http1_is_field_value((str){(const u8 *)"a\0b", 3}) && !http1_is_field_value(S("\x7f")));
    CHECK(http1_is_target(S("/a?b=%20")) && !http1_is_target(S("")) && !http1_is_target(S("/a b")));
    CHECK(!http1_is_target(S("/a\r\nX: y")) && !http1_is_target(S("/\xc3\xbc")) &&
          !http1_is_target(S("/\t")));
}

static const struct test_case cases[] = {
    CASE(test_http1_read_head_good),
    CASE(test_http1_read_head_bad),
    CASE(test_http1_read_head_bounds),
    CASE(test_http1_body_start_framing),
    CASE(test_http1_body_start_contradiction),
    CASE(test_http1_body_chunked_good),
    CASE(test_http1_body_chunked_bad),
    CASE(test_http1_body_chunked_bounds),
    CASE(test_http1_body_plain),
    CASE(test_http1_body_unread),
    CASE(test_http1_is_bytes),
};

TEST_MAIN(cases)
