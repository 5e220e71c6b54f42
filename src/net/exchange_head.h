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

// Request line and headers, with the empty line. At most target + headers + 1 KiB.
void exchange_put_request(struct buf *b, const struct exchange *x, str user_agent, bool offer_gzip);

void exchange_put_host(struct buf *b, const struct url *url); // "host", "host:9200", "[::1]:9200"

// Rewrites x->detail for people: "GET /path at Gmail API (host): status 503: facts: words", where
// the words are what the machine had written there. The query is left out: it may hold secrets.
void exchange_put_facts(struct exchange *x, int status, str facts);

#endif
