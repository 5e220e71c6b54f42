// SPDX-License-Identifier: Apache-2.0
// Whether one kind of sync of one connector is due, and making its job (spec/elastic-protocol.md
// 8.3): the planned time is written with the guard of the record that was read, so that of several
// services only one makes the job of an occurrence.
//
// The record that the visit has in hand decides whether anything is asked at all: only a schedule
// that looks due costs requests. Occurrences count from the last decision on, not from the last
// wake-up: what fell into a long round or an outage gives one job afterwards.
#ifndef SERVICE_DECIDE_H
#define SERVICE_DECIDE_H

#include "service/registry.h"
#include "service/worker.h"

enum due {
    DUE_NO,
    DUE_YES,   // at *planned_us
    DUE_NEVER, // the expression has no occurrence any more
    DUE_BAD,   // it cannot be read: `detail` says why
};

// Whether an occurrence lies after `decided_us` (and after the last one that anybody scheduled) and
// not after `now_us`. The first such one is the planned time.
enum due decide_due(const struct connector_schedule *s, i64 decided_us, i64 now_us, i64 *planned_us,
                    struct buf *detail);

struct decide {
    struct worker *w;
    str id;
    enum job_type type;
    struct registry_entry *entry;
    struct connector *c; // the record in hand; read anew here when the schedule is due
    i64 now_us;          // of the visit: what falls later is the next visit's
    i64 planned_us;
    int state, tries;
    struct buf *error; // text for the connector's `error`; empty: none
};

// `d->error` is emptied by the caller once a visit.
void decide_start(struct decide *d, enum job_type type);
enum work decide_step(struct decide *d);

#endif
