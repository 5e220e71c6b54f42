// SPDX-License-Identifier: Apache-2.0
// The execution services: every `service.idling`, and as soon as a job has ended, the oldest
// waiting jobs go to free runners, one of each kind (content, access control) for a connector at a
// time (spec/elastic-protocol.md 9). Jobs of connectors that are busy are not even asked for, so
// that they do not stand before others.
#ifndef SERVICE_EXECUTE_H
#define SERVICE_EXECUTE_H

#include "service/budget.h"
#include "service/metrics.h"
#include "service/round.h"
#include "service/runner.h"

struct execute {
    struct worker w;
    struct round round;
    struct runner *runners; // those of content first
    int content_count, runner_count;
    struct budget *budget;
    struct metrics *metrics;
    int state;
    int page; // waiting jobs that a search may show
    i64 next_ms;
    i64 rounds;
    err error; // of the round under way
};

struct execute_settings {
    struct worker_env env;
    const struct engine *engines;  // content_slots, then access_slots of them
    const struct sources *sources; // as many
    struct values_checker *checker;
    struct budget *budget;
    struct metrics *metrics; // where ended jobs are counted
};

void execute_init(struct execute *x, struct plan *plan, const struct execute_settings *settings);
void execute_start(struct execute *x, struct moment now);
void execute_turn(struct execute *x, struct moment now);
i64 execute_wait_until_ms(const struct execute *x, i64 now_ms);

// No job is begun any more; those that run end as suspended.
void execute_stop(struct execute *x);
bool execute_is_idle(const struct execute *x); // no runner is active
void execute_abandon(struct execute *x);

#endif
