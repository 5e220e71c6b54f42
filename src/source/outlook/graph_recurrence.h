// SPDX-License-Identifier: Apache-2.0
// How an event of Graph recurs (patternedRecurrence, spec/wire-graph.md 8), in the words of EWS, so
// that outlook_put_meeting_type() prints both (spec/documents.md 2.2). A pattern that is not known
// is none; what it lacks is empty.
#ifndef SOURCE_OUTLOOK_GRAPH_RECURRENCE_H
#define SOURCE_OUTLOOK_GRAPH_RECURRENCE_H

#include "codec/json.h"
#include "source/outlook/outlook_recurrence.h"

// `node`: the value of "recurrence"; -1 or null: none.
void graph_recurrence_read(const struct json *j, int node, struct outlook_recurrence *r);

// The value of "type" of an event as EWS says it: "singleInstance" is "Single". Appends to `type`;
// what does not fit is left out.
void graph_recurrence_put_type(const struct json *j, int node, struct buf *type);

#endif
