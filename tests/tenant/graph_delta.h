// SPDX-License-Identifier: Apache-2.0
// delta of the fake Graph: first all items, newest to oldest, then what changed since, in order. It
// cannot skip: an item that is in the set when a round ends was given, whatever came and went.
//
// Tokens are opaque base64: place, epoch, position, $select. One that is damaged, of another set or
// of an earlier epoch is 410 SyncStateNotFound, each second time with the Location of a fresh
// start.
#ifndef TENANT_GRAPH_DELTA_H
#define TENANT_GRAPH_DELTA_H

#include "graph_shape.h"

bool graph_segment_is_delta(const struct graph_call *c, int n); // "delta", "delta()"
void graph_delta_answer(struct graph_call *c, const struct graph_set *s);
// Of folders, calendars, lists: all of them once, and again when one of them has changed.
void graph_few_delta_answer(struct graph_call *c, const struct graph_few *f, u64 fingerprint);

#endif
