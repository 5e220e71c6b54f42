// SPDX-License-Identifier: Apache-2.0
// The machine of one mailbox in Exchange Online: which calendars and which list of tasks it has
// (which also proves that it is there), then the pages of its collections, as units for lanes, as
// long as there are more (graph_sets.h); once in a run a sample of ids is compared (graph_ids.h).
// Steps as source.h asks for them. LISTED only after the last page of every collection was read
// whole, by lanes. The state is struct graph_box.
#ifndef SOURCE_OUTLOOK_GRAPH_LISTING_H
#define SOURCE_OUTLOOK_GRAPH_LISTING_H

#include "source/outlook/graph_sets.h"

enum step graph_listing_next(void *src, struct mailbox *m, i64 now_ms, struct exchange *x);
err graph_listing_head(void *src, struct mailbox *m, struct exchange *x,
                       const struct http_head *head);
err graph_listing_body(void *src, struct mailbox *m, struct exchange *x, str *in);
err graph_listing_end(void *src, struct mailbox *m, struct exchange *x);
void graph_listing_fail(void *src, struct mailbox *m, struct exchange *x, err e);
void graph_listing_close(void *src, struct mailbox *m);

#endif
