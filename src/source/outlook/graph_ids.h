// SPDX-License-Identifier: Apache-2.0
// Whether ids of Graph are those of EWS with other letters, as documents of both are known by
// (graph_item.h): Graph itself is asked (translateExchangeIds, spec/wire-graph.md 5), once in a
// run, for a sample of the ids of the first mailbox that has any. If it says something else, or
// cannot be asked, documents that an earlier run indexed may not be recognised: then nothing is
// purged in this run (source.purge_held), and the rest goes on.
#ifndef SOURCE_OUTLOOK_GRAPH_IDS_H
#define SOURCE_OUTLOOK_GRAPH_IDS_H

#include "source/outlook/graph_sets.h"

enum graph_ids_state { // outlook_run.ids
    GRAPH_IDS_UNKNOWN,
    GRAPH_IDS_ASKED, // by some mailbox
    GRAPH_IDS_KNOWN, // they are the same, or the purge is held
};

// An id as EWS writes it, of an item that is there.
void graph_ids_note(const struct outlook *o, struct graph_box *box, str id);

// Whether this mailbox has to ask now; `last`: it has nothing else to list.
bool graph_ids_is_due(const struct outlook *o, const struct graph_box *box, bool last);

// The request: target and body; the rest is graph_call's. Its method is POST.
void graph_ids_put_target(const struct mailbox *m, struct buf *target);
void graph_ids_put_body(struct graph_box *box, struct buf *body);

void graph_ids_take_element(struct graph_box *box, str element); // of "value"
// The answer is whole; or all attempts were in vain (not OK).
void graph_ids_end(struct outlook *o, const struct graph_box *box, err e);

#endif
