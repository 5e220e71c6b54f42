// SPDX-License-Identifier: Apache-2.0
// The attachments of an item (spec/wire-graph.md 6 and 9, documents.md 2.6 and 6): their list, and
// the content of one, which comes as it is and becomes base64 within its document, or goes to the
// extraction service.
#ifndef SOURCE_OUTLOOK_GRAPH_CONTENT_H
#define SOURCE_OUTLOOK_GRAPH_CONTENT_H

#include "source/outlook/graph_fetch.h"

// The list; from the attachment on that did not fit before.
void graph_content_put_list(const struct fetch *f, struct buf *target);
void graph_content_take_element(const struct outlook *o, struct fetch *f, const struct json *j);
err graph_content_end_list(struct fetch *f, const struct json *rest);

// The content of the first attachment in the queue.
void graph_content_put_target(const struct fetch *f, const struct outlook_part *part,
                              struct buf *target);
void graph_content_begin(const struct outlook *o, struct fetch *f, const struct outlook_part *part);
err graph_content_body(struct fetch *f, str *in); // LANE_TOO_SMALL
void graph_content_end(struct fetch *f);          // it was whole
void graph_content_drop(struct fetch *f);         // it will not come: its document is without

#endif
