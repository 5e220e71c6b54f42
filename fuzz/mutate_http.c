// SPDX-License-Identifier: Apache-2.0
// HTTP for mutate.h (RFC 9112): an element is a line, or a whole answer up to the next. Afterwards
// the answer's Content-Length is that of its body, or the body is written anew in chunks: an error
// in the middle hides all that is behind it.
#include "mutate.h"

static bool is_answer(str in, isize at)
{
    return str_starts(str_from_index(in, at), S("HTTP/1."));
}

static isize answer_end(str in, isize at)
{
    isize n = str_find(str_from_index(in, at + 1), S("HTTP/1."));
    return n < 0 ? in.n : at + 1 + n;
}

static bool pick(str in, struct cuts *dice, struct mutate_span *span)
{
    bool answers = mutate_roll(dice, 4) == 0;
    isize seen = 0, chosen = -1;
    for (isize at = 0; at < in.n; at = answers ? at + 1 : mutate_line_end(in, at)) {
        if ((!answers || is_answer(in, at)) && mutate_choose(dice, &seen)) {
            chosen = at;
        }
    }
    if (chosen < 0) {
        return false;
    }
    isize end = answers ? answer_end(in, chosen) : mutate_line_end(in, chosen);
    isize colon = answers ? mutate_line_end(str_slice(in, chosen, end), 0)
                          : str_find_byte(str_slice(in, chosen, end), ':') + 1;
    isize tail = end - chosen - colon >= 2 && !answers ? 2 : 0; // CR LF
    *span = (struct mutate_span){chosen, chosen + colon, end - tail, end};
    return true;
}

static void put_chunks(str body, struct cuts *dice, struct buf *out)
{
    while (body.n) {
        isize n = cuts_next(dice, body.n);
        u8 size[] = {(u8)(n >> 8), (u8)n};
        buf_put_hex(out, str_make(size, 2));
        buf_put(out, mutate_roll(dice, 8) ? S("\r\n") : S(";a=b\r\n"));
        buf_put(out, str_slice(body, 0, n));
        buf_put(out, S("\r\n"));
        body = str_from_index(body, n);
    }
    buf_put(out, mutate_roll(dice, 8) ? S("0\r\n\r\n") : S("0\r\nX-A: b\r\n\r\n"));
}

// One answer; what comes before the first, options of the target, is none and stays.
static void mend_answer(str in, struct cuts *dice, struct buf *out)
{
    isize head = str_find(in, S("\r\n\r\n"));
    isize length = str_find(in, S("Content-Length:")), chunked = str_find(in, S("chunked"));
    str body = str_from_index(in, head < 0 ? in.n : head + 4);
    if (length >= 0 && length < head) {
        buf_put(out, str_slice(in, 0, length));
        buf_put(out, S("Content-Length: "));
        buf_put_i64(out, body.n);
        buf_put(out, S("\r\n"));
        buf_put(out, str_from_index(in, mutate_line_end(in, length)));
    } else if (chunked >= 0 && chunked < head && mutate_roll(dice, 4) == 0) {
        buf_put(out, str_slice(in, 0, head + 4));
        put_chunks(body, dice, out);
    } else {
        buf_put(out, in);
    }
}

static void mend(str in, struct cuts *dice, struct buf *out)
{
    isize at = 0;
    while (at < in.n && !is_answer(in, at)) {
        at++;
    }
    buf_put(out, str_slice(in, 0, at));
    while (at < in.n) {
        isize end = answer_end(in, at);
        mend_answer(str_slice(in, at, end), dice, out);
        at = end;
    }
}

static const str pieces[] = {
    S("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab"),
    S("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"),
    S("HTTP/1.1 100 Continue\r\n\r\n"),
    S("HTTP/1.1 204 No Content\r\n\r\n"),
    S("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\nabc"),
    S("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n"),
    S("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"),
    S("HTTP/1.1 503 Busy\r\nConnection: close\r\n\r\n"),
    S("Connection: close\r\n"),
    S("Connection: keep-alive, x\r\n"),
    S("Content-Encoding: gzip\r\n"),
    S("Content-Length: 1\r\n"),
    S("Transfer-Encoding: chunked\r\n"),
    S("Transfer-Encoding: gzip, chunked\r\n"),
    S("WWW-Authenticate: Basic realm=\"a\", Negotiate\r\n"),
    S("WWW-Authenticate: NTLM TlRMTVNTUAACAAAA\r\n"),
    S("Proxy-Authenticate: Digest realm=\"a\", nonce=\"b\", qop=\"auth\"\r\n"),
    S("Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n"),
    S("X-A:\t b \r\n"),
    S(" folded\r\n"),
    S("\r\n"),
    S("5\r\nabcde\r\n"),
    S("ffffffffffffffff\r\n"),
    S("0\r\nX-Trailer: a\r\n\r\n"),
};

static const str wraps[][2] = {
    {S("X-A: "), S("\r\n")},
    {S("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), S("")},
    {S("HTTP/1.1 100 Continue\r\n\r\n"), S("")},
    {S("10;a=\"b\"\r\n"), S("\r\n0\r\n\r\n")},
};

static const struct mutate_format http = {
    .pick = pick,
    .replace = mutate_splice,
    .mend = mend,
    .pieces = pieces,
    .piece_count = COUNT(pieces),
    .wraps = wraps,
    .wrap_count = COUNT(wraps),
};

MUTATE_FORMAT(http)
