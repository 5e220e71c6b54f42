// SPDX-License-Identifier: Apache-2.0
// HTTP proxies: which destination goes through one (config `proxy:`, HTTPS_PROXY, HTTP_PROXY,
// NO_PROXY), and the CONNECT exchange that opens the tunnel (RFC 9110, section 9.3.6), with Basic
// auth. Plain http destinations are tunnelled too, so that there is one way only.
#ifndef NET_PROXY_H
#define NET_PROXY_H

#include "base/buf.h"
#include "codec/url.h"

struct proxy {
    struct url url;    // http:// only; user and password (decoded) become Basic auth
    str authorization; // "Basic ..." or empty; secret
};

// NO_PROXY as curl reads it: comma-separated names; a leading dot or none matches the domain and
// what is below it; address literals match exactly; IPv4/IPv6 CIDR ranges match literals; `*` is
// everything.
bool proxy_is_exempt(str no_proxy, str host);

// Makes a proxy of its URL text; Authorization goes into `storage`. PROXY_URL.
err proxy_parse(str url, struct proxy *out, struct buf *storage);

// The CONNECT request for host:port.
void proxy_put_request(struct buf *b, const struct proxy *proxy, str host, u16 port);

#endif
