// SPDX-License-Identifier: Apache-2.0
// What the files of a runner share: runner.c takes a job, opens its source and ends it;
// runner_watch.c looks after the sync while it runs.
#ifndef SERVICE_RUNNER_INTERNAL_H
#define SERVICE_RUNNER_INTERNAL_H

#include "service/runner.h"

enum runner_state {
    RUNNER_CONNECTOR, // asks for the connector
    RUNNER_CONNECTOR_READ,
    RUNNER_LICENSED, // access control only: may this cluster do it
    RUNNER_JOB_READ,
    RUNNER_TAKEN, // the guarded update
    RUNNER_JOB_AGAIN,
    RUNNER_CLAIMED,
    RUNNER_OPEN,
    RUNNER_PINGED,
    RUNNER_LICENSED_OWN, // with the job's own credentials
    RUNNER_START,
    RUNNER_RUNNING,
    RUNNER_CHECK_CONNECTOR,
    RUNNER_CHECK_JOB,
    RUNNER_STATS,
    RUNNER_STOPPING, // the engine was told to stop
    RUNNER_FINISH,
    RUNNER_OVER,
};

void runner_log(struct runner *r, enum log_level level, err e, str detail);
void runner_say(struct runner *r, enum log_level level, str message);
enum work runner_go(struct runner *r, enum runner_state state);
enum work runner_ask_job(struct runner *r, enum runner_state then);

// Every way out after the connector was taken goes through these.
enum work runner_finish(struct runner *r, enum job_outcome outcome);
enum work runner_fail(struct runner *r, err e, str detail);
enum work runner_end(struct runner *r); // the engine has ended, by itself or because it was told to

enum work runner_step(void *st, struct moment now); // st = struct runner

// RUNNER_RUNNING to RUNNER_STOPPING.
enum work runner_watch_step(struct runner *r, struct moment now);

#endif
