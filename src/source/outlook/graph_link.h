// SPDX-License-Identifier: Apache-2.0
// Links of Graph to the next page (spec/wire-graph.md 2): opaque, absolute URLs. The token goes
// nowhere but to the place that is configured, so a link that leads elsewhere is refused, whatever
// it says; of one that does not, the part behind the configured path is kept.
#ifndef SOURCE_OUTLOOK_GRAPH_LINK_H
#define SOURCE_OUTLOOK_GRAPH_LINK_H

#include "net/exchange.h"

// Appends the target of `link` for requests to `dest` ("/users/...": its scheme, host, port and the
// beginning of its path are those of dest). GRAPH_LINK, and nothing appended: it leads elsewhere,
// has a user or bytes that no request may have, or does not fit.
err graph_link_take(struct buf *target, const struct dest *dest, str link);

#endif
