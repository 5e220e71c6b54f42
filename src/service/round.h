// SPDX-License-Identifier: Apache-2.0
// Which connectors there are to serve: read page by page into a list of ids before anything is done
// to any of them, so that nothing is skipped while records change (spec/elastic-protocol.md 7 and
// 19). Only the few fields that decide about jobs are asked for; a page that is too large for the
// buffer is asked for again with fewer records.
#ifndef SERVICE_ROUND_H
#define SERVICE_ROUND_H

#include "service/worker.h"

struct round_connector {
    str id;
    bool content_busy, access_busy; // a sync of this kind is said to be under way
};

struct round {
    struct worker *w;
    struct round_connector *connectors; // SERVICE_CONNECTORS_MAX
    int count;
    struct buf text; // of their ids
    str *ids;        // SERVICE_CONNECTORS_MAX: for queries, filled by whoever asks
    bool everything; // every record there is, deleted ones too
    bool cut;        // there are more than fit
    err error;       // OK after a whole reading
    int state;
    i64 from, size;
};

void round_init(struct round *r, struct plan *plan, struct worker *w);
void round_start(struct round *r, bool everything);
enum work round_step(void *st, struct moment now); // st = struct round

const struct round_connector *round_find(const struct round *r, str id);

// Appends `,"_source":[...]` to a query that lies whole in `body`: only these members come back.
void round_narrow(struct buf *body, str fields);

#endif
