// SPDX-License-Identifier: Apache-2.0
// The one concept of this program: an exchange machine. It yields a request, is fed the answer as
// it streams in, and then yields the next request, or waits, or is done. Machines do no I/O; the
// loop (net/loop.h) owns connections, deadlines and retries.
//
// Order of calls for one exchange: next() -> REQUEST; head() once (1xx are not shown); body() as
// often as there are bytes; end() once. An error that head(), body() or end() returns ends the
// exchange; of class RETRY it is sent again after a pause: next() is called again and must yield
// the same request. When attempts are used up, or for any other class, fail() is called once; the
// next next() then says how the machine goes on (a machine that has nothing left says FAILED).
//
// A stream (EXCHANGE_STREAM) is a conversation by another protocol, on a connection of its own:
// next() -> REQUEST, whose method and target are only words for people; send() at the beginning and
// after each body(), whenever what it gave before has left; body() with whatever arrives; end()
// after the last bytes that send() gave are on their way. head() is not called. A connection that
// is closed before that is an error of class RETRY: the conversation starts from its beginning.
#ifndef NET_EXCHANGE_H
#define NET_EXCHANGE_H

#include "base/buf.h"
#include "codec/http1.h"
#include "codec/url.h"

struct tls_trust; // net/tls.h: which roots, and whether they are asked
struct proxy;     // net/proxy.h
struct http_auth; // net/auth.h: user and password

// Where requests go. Made at start from configuration, lives as long as the program.
struct dest {
    const char *label; // "Gmail API": used in messages to people
    struct url url;    // base; url.path is a prefix for every target ("/" adds nothing)
    const struct tls_trust *trust;
    const struct proxy *proxy; // NULL: direct
    int index;                 // its own, unique: connections of the same index are shared
    // TLS is begun by LDAP's StartTLS (RFC 4511, section 4.14), or there is no connection. Without
    // it the URL decides: https and ldaps begin with TLS, http and ldap have none.
    bool start_tls;
    struct http_auth
        *auth; // requests are made with this user; NULL: machines authenticate, or none
};

enum { EXCHANGE_END_POINT_BYTES = 64 };

enum step {
    STEP_REQUEST, // *out is a request
    STEP_WAIT,    // nothing to do before out->wait_until_ms, or before anything else happened
    STEP_DONE,    // the machine has ended well; the loop forgets it
    STEP_FAILED,  // it has ended badly; whoever owns it knows why
};

// How often, and how long apart, an exchange is tried again (net/retry.c computes the pause). The
// far side's Retry-After is obeyed above this. Jitter is always applied.
struct retry_policy {
    int attempts;        // in total, the first included
    i64 base_ms, max_ms; // pause before the 2nd attempt; upper bound of a pause
    bool linear;         // base * attempt, else base * 2^(attempt-1)
};

enum exchange_flag {
    EXCHANGE_GZIP = 1,      // offer gzip; the machine sees the inflated body
    EXCHANGE_HEAD = 2,      // the answer has no body
    EXCHANGE_CHUNKED = 4,   // the body comes from machine_ops.send(), chunked
    EXCHANGE_NO_RESEND = 8, // not even on a kept-alive connection that turned out to be closed
    EXCHANGE_ECHO = 16, // the server gives X-Opaque-Id back: an answer to another request is known
    EXCHANGE_STREAM = 32, // no HTTP: bytes both ways until the machine has done (below)
};

// Storage belongs to the loop; it is emptied before each next(). `body` must stay valid until the
// exchange has ended (end() or fail()).
struct exchange {
    const struct dest *dest;
    str method;
    struct buf target; // begins with '/', encoded; appended to dest->url.path
    struct buf
        headers; // further lines, each with its CRLF; secrets may be here, so it is never logged
    str body;    // empty: none, unless send_empty_body
    bool send_empty_body; // Content-Length: 0
    u32 flags;
    const struct retry_policy *retry; // NULL: retry_default
    u64 about; // what is asked for where the target does not tell: attempts are counted for each
    i64 answer_bytes;  // of its body, unpacked, at most; 0: EXCHANGE_ANSWER_BYTES
    i64 timeout_ms;    // whole exchange; 0: EXCHANGE_TIMEOUT_MS
    i64 first_byte_ms; // request sent -> first byte of the answer; 0: EXCHANGE_FIRST_BYTE_MS. In a
                       // stream: whatever was sent last -> first byte
    i64 wait_until_ms; // for STEP_WAIT; 0: until something happened
    i64 retry_at_ms;   // set by head/body/end with a RETRY error: not before this (monotonic); 0:
                       // policy; RETRY_AT_ONCE (net/retry.h): no pause
    struct buf detail; // facts of an error, for people: redacted by whoever writes them
    // Of a stream, from its first send() on: what tells this server from one in between
    // (tls_server_end_point()), for a login that is bound to the connection. 0 bytes: no TLS.
    u8 end_point[EXCHANGE_END_POINT_BYTES];
    isize end_point_bytes;
};

void exchange_header(struct exchange *x, str name,
                     str value); // refuses CR and LF: sets headers.full

struct machine_ops {
    const char *name; // "gmail fetch", for logs
    enum step (*next)(void *st, i64 now_ms, struct exchange *x);
    err (*head)(void *st, struct exchange *x, const struct http_head *head);
    // Takes bytes off the front of *in. Leaving some is backpressure: called again with at least
    // the same bytes on a later turn.
    err (*body)(void *st, struct exchange *x, str *in);
    err (*end)(void *st, struct exchange *x);
    void (*fail)(void *st, struct exchange *x, err e);
    // Only with EXCHANGE_CHUNKED: appends the next part to *room; *last after it was the last. Only
    // with EXCHANGE_STREAM: appends what is to be sent now (nothing: it waits for an answer);
    // *last: nothing comes after it, neither way.
    err (*send)(void *st, struct buf *room, bool *last);
};

#endif
