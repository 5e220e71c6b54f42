// SPDX-License-Identifier: Apache-2.0
// What an answer says of single items of a batch (graph_batch.h): a part of the answer to several,
// or all of the answer to one. Documents lie one behind the other in the lane's buffer, each behind
// its record.
#ifndef SOURCE_OUTLOOK_GRAPH_BATCH_PART_H
#define SOURCE_OUTLOOK_GRAPH_BATCH_PART_H

#include "codec/json.h"
#include "source/outlook/graph_fetch.h"

struct graph_item;

// Before its document.
struct graph_batch_record {
    i64 element_bytes;
    isize doc_bytes, timestamp_from, timestamp_bytes;
    int unit;
};

void graph_batch_say(struct fetch *f, int unit, enum fetch_verdict verdict, err e);
int graph_batch_first(const struct fetch *f); // of the units that the request in hand asks for

// One part of the answer, by graph_page.c: its document is made in `doc`, with `item` for working
// memory, and put in its place. false: `doc` was too small, nothing is done.
bool graph_batch_take_element(const struct outlook *o, struct fetch *f, const struct json *j,
                              struct graph_item *item, struct buf *doc);
// The same of an item that was asked for alone, and its answer, which is collected whole.
bool graph_batch_take_one(const struct outlook *o, struct fetch *f, const struct json *j,
                          struct graph_item *item, struct buf *doc);
err graph_batch_body_one(struct fetch *f, str *in); // LANE_TOO_SMALL
// No buffer is large enough for it where it stands.
void graph_batch_leave_element(struct fetch *f);

#endif
