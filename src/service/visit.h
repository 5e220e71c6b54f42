// SPDX-License-Identifier: Apache-2.0
// What the scheduler does for one connector in one round (spec/elastic-protocol.md 8): prepare the
// record, heartbeat, look whether it is configured and works (values, source, ping), validate an
// edited draft of its sync rules, say `connected` or what is wrong, and make the jobs that are due.
// Nothing that is wrong with one connector touches another.
#ifndef SERVICE_VISIT_H
#define SERVICE_VISIT_H

#include "service/decide.h"
#include "service/draft.h"
#include "service/open.h"
#include "service/registry.h"
#include "service/worker.h"

struct visit {
    struct worker w;
    struct sources sources; // of its own, for pings
    struct open open;
    struct draft draft;
    struct decide decide;
    struct registry *registry;
    struct registry_entry *entry;
    bool active;
    int state, tries;
    str id; // of the round's list, which outlives the visit
    i64 now_us;
    struct connector c; // the record in hand
    struct buf text;    // of the error that the record will show
    bool failed;        // that text is final: no schedule is looked at
    bool licensed;      // for access control
    err trouble;        // of Elasticsearch itself: ends the visit, counts against the budget
};

struct visit_settings {
    struct worker_env env;
    struct sources sources;
    struct registry *registry;
    struct values_checker *checker;
    struct rules *rules; // for validations, shared by all
};

void visit_init(struct visit *v, struct plan *plan, const struct visit_settings *settings);

// Occurrences up to now_us count; those of a connector that is seen for the first time, after
// since_us.
void visit_start(struct visit *v, str id, i64 since_us, i64 now_us);
enum work visit_step(void *st, struct moment now); // st = struct visit
void visit_end(struct visit *v);                   // done, or given up: closes its source

#endif
