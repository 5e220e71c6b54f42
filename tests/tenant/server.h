// SPDX-License-Identifier: Apache-2.0
// The tenant's server: one thread, one poll() loop, sockets on the loopback address only. It moves
// bytes between sockets, TLS and the model, and sends each response the way the response asks for.
#ifndef TENANT_SERVER_H
#define TENANT_SERVER_H

#include "tenant.h"

struct server_options {
    int ports[T_SERVICES]; // 0: one that is free; replaced by what it became
    bool plain;            // no TLS on the ports of Google and Elasticsearch
    i64 idle_ms;           // an idle connection is closed after this; 0: never
    i64 max_requests;      // of a connection, which then is closed with an announcement; 0: any
};

bool server_open(struct server_options *options); // false: a message was written
// Until SIGTERM, SIGINT or POST /_tenant/stop.
void server_run(const struct server_options *options, struct tenant *t);

#endif
