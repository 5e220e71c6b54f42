// SPDX-License-Identifier: Apache-2.0
// One sync job from the moment that it is chosen to the last write (spec/elastic-protocol.md 10):
// takes the connector, claims the job, opens the source as the job's snapshot says, drives the
// sync, looks every few seconds whether it is still wanted, tells its counts, and writes how it
// ended (service/finish.h).
//
// A job is taken by the connector's guarded update: whoever's update goes through has it. Record
// and job are read before it, so that a job which somebody else has started or finished meanwhile
// changes the guard or is seen; the job is read again after it, because a person may have cancelled
// it. What fails before the claim leaves the job pending for the next round.
#ifndef SERVICE_RUNNER_H
#define SERVICE_RUNNER_H

#include "service/engine.h"
#include "service/finish.h"
#include "service/open.h"
#include "sync/rules.h"

struct runner {
    struct worker w;
    struct engine engine;
    struct sources sources; // of its own: one of them works for the job
    struct open open;
    struct rules rules;    // of content jobs
    struct buf validation; // of their snapshot
    struct finish finish;
    struct json_node *check_nodes; // of records that are only looked at
    u8 *check_texts;
    struct elastic es_own; // with the connector's own key
    int state;
    bool active;
    bool stopping; // a signal came
    bool ruled;    // the snapshot has sync rules
    bool claimed;  // the job is ours
    bool started;  // the engine is at work
    bool told;     // it was told to stop
    bool blind;    // no look at the job has gone well for so long that others took it for dead
    bool counting; // its counts are still told
    int tries;
    u8 job_id_bytes[CONNECTOR_ID_BYTES], connector_id_bytes[CONNECTOR_ID_BYTES];
    str job_id, connector_id;
    enum job_type type;
    struct connector_features features;
    i64 seq_no, primary_term; // of the connector, as it was read
    struct sync_job job;      // the record in hand, for the whole run
    i64 check_ms, stats_ms, seen_ms;
};

struct runner_settings {
    struct worker_env env;
    struct engine engine;
    struct sources sources;
    struct values_checker *checker;
};

void runner_init(struct runner *r, struct plan *plan, const struct runner_settings *settings);

// Not while it is active. The ids are copied.
void runner_start(struct runner *r, str job_id, str connector_id, enum job_type type);

// After each turn of the loop; r->active is false once the job has ended or was left alone.
void runner_turn(struct runner *r, struct moment now);
i64 runner_wait_until_ms(const struct runner *r, i64 now_ms);

// A signal: what runs ends as suspended, what was not claimed yet is left alone.
void runner_stop(struct runner *r);
void runner_abandon(struct runner *r); // there is no time left

#endif
