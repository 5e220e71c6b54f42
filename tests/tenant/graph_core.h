// SPDX-License-Identifier: Apache-2.0
// What only the core of the fake Graph shares; see graph.h for what the content is written with.
#ifndef TENANT_GRAPH_CORE_H
#define TENANT_GRAPH_CORE_H

#include "graph.h"

// Takes c->q apart. `first` gets the segment after /v1.0/. false: the address is no good.
bool graph_call_read(struct graph_call *c, str *first);
// The answer of the call as a response, with the headers that each has.
void graph_finish(struct graph_call *c, struct t_response *r);
void graph_request_id_put(const struct graph_call *c, struct t_buf *out);
const char *graph_content_type(const struct graph_call *c);

#endif
