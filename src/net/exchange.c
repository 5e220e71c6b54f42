// SPDX-License-Identifier: Apache-2.0
// The bytes of an exchange that do not depend on a connection: checked header lines, the request
// head, and the words that an error gets. Pure. A request is refused before it is sent when its
// target or a header does not fit, or holds bytes that could be read as the end of a line (request
// smuggling).
#include "net/exchange_head.h"

#define EXCHANGE_OPAQUE S("x-opaque-id")
#define EXCHANGE_OPAQUE_VALUE S("mailferry-")

void exchange_header(struct exchange *x, str name, str value)
{
    if (!http1_is_field_value(name) || str_find_byte(name, ':') >= 0 ||
        !http1_is_field_value(value)) {
        x->headers.full = true;
        return;
    }
    buf_put(&x->headers, name);
    buf_put(&x->headers, S(": "));
    buf_put(&x->headers, value);
    buf_put(&x->headers, S("\r\n"));
}

void exchange_reset(struct exchange *x)
{
    buf_reset(&x->target);
    buf_reset(&x->headers);
    buf_reset(&x->detail);
    *x = (struct exchange){.target = x->target, .headers = x->headers, .detail = x->detail};
}

void exchange_put_host(struct buf *b, const struct url *url)
{
    bool v6 = str_find_byte(url->host, ':') >= 0;
    buf_put(b, v6 ? S("[") : S(""));
    buf_put(b, url->host);
    buf_put(b, v6 ? S("]") : S(""));
    if (url->port != (url->tls ? 443 : 80)) {
        buf_put_byte(b, ':');
        buf_put_u64(b, url->port);
    }
}

// The base path of a destination without its last slash.
static str exchange_base(const struct exchange *x)
{
    str path = x->dest->url.path;
    return str_ends(path, S("/")) ? str_slice(path, 0, path.n - 1) : path;
}

// Besides what is counted: the names of our own headers, a port, a length, the name of the program.
enum { EXCHANGE_REST_BYTES = 512 };

err exchange_check(const struct exchange *x)
{
    ASSERT(x->dest && x->method.n);
    isize bytes = x->method.n + exchange_base(x).n + x->target.n + x->dest->url.host.n +
                  x->headers.n + EXCHANGE_REST_BYTES;
    bool good = bytes <= CONN_OUT_BYTES && !x->target.full && !x->headers.full && x->target.n > 0 &&
                x->target.p[0] == '/' && http1_is_target(buf_str(&x->target));
    return good ? OK : FAIL(HTTP_REQUEST_BAD);
}

// Four of them are enough to tell one request of a connection from the next. Not more: servers keep
// books by this header.
static bool exchange_echoes(const struct exchange *x)
{
    return (x->flags & EXCHANGE_ECHO) &&
           !str_contains_nocase(buf_str(&x->headers), EXCHANGE_OPAQUE);
}

bool exchange_is_other(const struct exchange *x, const struct http_head *head, int echo)
{
    bool found;
    str back = http1_header(head, EXCHANGE_OPAQUE, &found);
    if (!found || !exchange_echoes(x) || !str_starts(back, EXCHANGE_OPAQUE_VALUE)) {
        return false;
    }
    str digit = str_from_index(back, EXCHANGE_OPAQUE_VALUE.n);
    return digit.n != 1 || digit.p[0] != '0' + echo;
}

void exchange_put_request(struct buf *b, const struct exchange *x,
                          const struct exchange_extras *extras)
{
    buf_put(b, x->method);
    buf_put_byte(b, ' ');
    buf_put(b, exchange_base(x));
    buf_put(b, buf_str(&x->target));
    buf_put(b, S(" HTTP/1.1\r\nHost: "));
    exchange_put_host(b, &x->dest->url);
    buf_put(b, S("\r\nUser-Agent: "));
    buf_put(b, extras->user_agent);
    buf_put(b, extras->offer_gzip ? S("\r\nAccept-Encoding: gzip\r\n") : S("\r\n"));
    bool body = x->body.n || x->send_empty_body;
    if (extras->empty_body && (body || x->flags & EXCHANGE_CHUNKED)) {
        buf_put(b, S("Content-Length: 0\r\n"));
    } else if (x->flags & EXCHANGE_CHUNKED) {
        buf_put(b, S("Transfer-Encoding: chunked\r\n"));
    } else if (body) {
        buf_put(b, S("Content-Length: "));
        buf_put_i64(b, x->body.n);
        buf_put(b, S("\r\n"));
    }
    if (exchange_echoes(x)) {
        buf_put(b, EXCHANGE_OPAQUE);
        buf_put(b, S(": "));
        buf_put(b, EXCHANGE_OPAQUE_VALUE);
        buf_put_i64(b, extras->echo);
        buf_put(b, S("\r\n"));
    }
    buf_put(b, extras->line);
    buf_put(b, buf_str(&x->headers));
    buf_put(b, S("\r\n"));
}

// Puts as much of `s` as there is room for.
static void exchange_put_some(struct buf *b, str s)
{
    isize room = buf_room(b);
    buf_put(b, s.n <= room ? s : str_slice(s, 0, room));
}

void exchange_put_facts(struct exchange *x, int status, str facts)
{
    u8 bytes[EXCHANGE_DETAIL_BYTES];
    struct buf words = buf_over(bytes, COUNT(bytes)); // what the machine wrote
    exchange_put_some(&words, buf_str(&x->detail));
    buf_reset(&x->detail);
    struct buf *b = &x->detail;
    exchange_put_some(b, x->method);
    exchange_put_some(b, S(" "));
    str path, query = buf_str(&x->target);
    bool found;
    (void)str_cut(query, '?', &path, &found);
    exchange_put_some(b, exchange_base(x));
    exchange_put_some(b, path.n > 200 ? str_slice(path, 0, 200) : path);
    exchange_put_some(b, S(" at "));
    exchange_put_some(b, str_from(x->dest->label));
    exchange_put_some(b, S(" ("));
    u8 host_bytes[DNS_NAME_BYTES + 16];
    struct buf host = buf_over(host_bytes, COUNT(host_bytes));
    exchange_put_host(&host, &x->dest->url);
    exchange_put_some(b, buf_str(&host));
    exchange_put_some(b, S(")"));
    if (status) {
        u8 number[24];
        struct buf digits = buf_over(number, COUNT(number));
        buf_put_i64(&digits, status);
        exchange_put_some(b, S(": status "));
        exchange_put_some(b, buf_str(&digits));
    }
    if (facts.n) {
        exchange_put_some(b, S(": "));
        exchange_put_some(b, facts);
    }
    if (words.n) {
        exchange_put_some(b, S(": "));
        exchange_put_some(b, buf_str(&words));
    }
}
