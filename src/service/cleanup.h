// SPDX-License-Identifier: Apache-2.0
// The clean-up (spec/elastic-protocol.md 12): running jobs of connectors that no longer exist, and
// running jobs that gave no sign of life for SERVICE_IDLE_S, end as errors, under the guard of the
// record that was found, so that a job which has just given a sign is left alone. And what the
// service that this one replaces leaves for ever: a connector that says that a sync is under way,
// for SERVICE_IDLE_S and more, while in no clean-up there is a running job of that kind, is set
// free.
#ifndef SERVICE_CLEANUP_H
#define SERVICE_CLEANUP_H

#include "base/hash.h"
#include "service/budget.h"
#include "service/finish.h"
#include "service/round.h"

struct cleanup_job {
    str id, connector_id;
    enum job_type type;
    i64 seq_no, primary_term;
};

struct cleanup {
    struct worker w;
    struct round round;
    struct finish finish;
    struct cleanup_job jobs[SERVICE_JOBS_MAX];
    struct buf text; // of their ids
    int job_count, next;
    u64 *suspects, *fresh; // hashes of connectors that said so at the last clean-up, and now
    int suspect_count, fresh_count;
    i64 suspects_ms; // when the suspects were found: they stay so for SERVICE_IDLE_S, at least
    struct hash_key key;
    struct budget *budget;
    int state;
    i64 next_ms;
    err error;
};

struct cleanup_settings {
    struct worker_env env;
    struct hash_key key;
    struct budget *budget;
};

void cleanup_init(struct cleanup *c, struct plan *plan, const struct cleanup_settings *settings);
void cleanup_start(struct cleanup *c, struct moment now);
void cleanup_turn(struct cleanup *c, struct moment now);
i64 cleanup_wait_until_ms(const struct cleanup *c);
void cleanup_stop(struct cleanup *c);

#endif
