// SPDX-License-Identifier: Apache-2.0
// What the loop and its connections do with an exchange before and after it is on the wire;
// machines use net/exchange.h only.
#ifndef NET_EXCHANGE_HEAD_H
#define NET_EXCHANGE_HEAD_H

#include "limits.h"
#include "net/exchange.h"

void exchange_reset(struct exchange *x); // empties it; the three buffers keep their memory

// HTTP_REQUEST_BAD: the machine put something that cannot be sent.
err exchange_check(const struct exchange *x);

// What the connection adds to a request.
struct exchange_extras {
    str user_agent;
    bool offer_gzip;
    int echo;        // with EXCHANGE_ECHO: X-Opaque-Id: mailferry-<echo>, a digit
    str line;        // a header line with its CRLF: the credential; may be empty
    bool empty_body; // whatever body there is comes later: a login goes before it
};

// Request line and headers, with the empty line. At most target + headers + line + 1 KiB.
void exchange_put_request(struct buf *b, const struct exchange *x,
                          const struct exchange_extras *extras);

// The X-Opaque-Id that came back is that of another request; none, or one that the caller's own
// headers ask for, says nothing.
bool exchange_is_other(const struct exchange *x, const struct http_head *head, int echo);

void exchange_put_host(struct buf *b, const struct url *url); // "host", "host:9200", "[::1]:9200"

// Rewrites x->detail for people: "GET /path at Gmail API (host): status 503: facts: words", where
// the words are what the machine had written there. The query is left out: it may hold secrets.
void exchange_put_facts(struct exchange *x, int status, str facts);

#endif
