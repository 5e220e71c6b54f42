// SPDX-License-Identifier: Apache-2.0
// HTTP head lines, each step by itself. A line: whatever N bytes come, one that is taken ends with
// CRLF, has no control bytes, and the rest begins behind it, at least 2 bytes later, so that a head
// ends. A status line: whatever N bytes. A header: whatever N bytes; the name is
// a token without blanks, the value has none at its ends, both lie within the line. Nothing outside
// is read.
//
// bound: lines of 10 bytes, status lines of 14, headers of 3
// proof: prove_line 0,1,2,3,10 --unwind 12
// proof: prove_status 0,11,12,14 --unwind 6
// proof: prove_header 0,1,2,3 --unwind 17 loops=http1_trim_blanks:0:5,http1_trim_blanks:1:5
// mutant: prove_line 1 codec/http1.c s/n + 1 == in->n/n + 2 == in->n/
#include "prove.h"

#include "base/str.c"
#include "codec/http1.c"

void prove_line(void)
{
    PROVE_INPUT(in);
    str rest = in, line;
    err why = OK;
    enum http_more more = http1_take_line(&rest, &line, FAIL(HTTP_HEADER), &why);
    CLAIM((more == HTTP_BAD) == !err_ok(why));
    if (more != HTTP_DONE) {
        CLAIM(rest.p == in.p && rest.n == N);
        return;
    }
    CLAIM(line.p == in.p && line.n >= 0 && line.n <= N - 2);
    CLAIM(in.p[line.n] == '\r' && in.p[line.n + 1] == '\n');
    CLAIM(rest.p == in.p + line.n + 2 && rest.n == N - line.n - 2);
    isize i = prove_between(0, N);
    CLAIM(i >= line.n || (in.p[i] >= 0x20 && in.p[i] != 0x7f) || in.p[i] == '\t');
}

void prove_status(void)
{
    PROVE_INPUT(line);
    struct http_head head;
    if (http1_parse_status(line, &head)) {
        CLAIM(head.status >= 100 && head.status <= 999);
        CLAIM(head.status == (line.p[9] - '0') * 100 + (line.p[10] - '0') * 10 + line.p[11] - '0');
        CLAIM(head.reason.n >= 0 && head.reason.p + head.reason.n == line.p + N);
    }
}

static bool is_blank(u8 c)
{
    return c == ' ' || c == '\t';
}

void prove_header(void)
{
    PROVE_INPUT(line);
    struct http_header h;
    if (http1_parse_header(line, &h)) {
        CLAIM(h.name.p == line.p && h.name.n >= 1 && line.p[h.name.n] == ':');
        isize i = prove_between(0, N);
        CLAIM(i >= h.name.n || (line.p[i] > ' ' && line.p[i] < 0x7f && line.p[i] != ':'));
        CLAIM(h.value.n >= 0 && h.value.p > line.p + h.name.n);
        CLAIM(h.value.p + h.value.n <= line.p + N);
        CLAIM(!h.value.n || (!is_blank(h.value.p[0]) && !is_blank(h.value.p[h.value.n - 1])));
    }
}
