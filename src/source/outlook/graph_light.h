// SPDX-License-Identifier: Apache-2.0
// Listing mails lightly (spec/wire-graph.md 7): where the index has documents already, a folder's
// delta asks for ids and times alone, GRAPH_IDS_UNITS at a time. What the index has with the same
// time is unchanged; the others become units that lanes read together (graph_batch.h). Where too
// much is unknown, as after a first sync that was interrupted, the folder begins again, once, with
// pages of whole mails: ten of them cost one request by either way, a hundred cost ten by this one.
//
// Contacts, tasks and events are few: their pages are always whole. Pure, but for the marks in a
// collection.
#ifndef SOURCE_OUTLOOK_GRAPH_LIGHT_H
#define SOURCE_OUTLOOK_GRAPH_LIGHT_H

#include "source/outlook/graph_sets.h"

// All collections are known, and nothing of them is listed yet.
void graph_light_begin(const struct outlook *o, struct graph_box *box);

str graph_light_select(void); // the value of $select

// Whether the index has it as it is.
bool graph_light_is_unchanged(const struct fetch *f, str id, str timestamp);

// A page was whole, with `unknown` of the items in `sum` not in the index as they are: true when
// the folder is to begin again with whole pages, and then it does. Else the caller counts them
// (graph_set.unknown) when it takes the page.
bool graph_light_gives_up(struct graph_box *box, u8 folder, const struct graph_sum *sum,
                          int unknown);

#endif
