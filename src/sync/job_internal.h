// SPDX-License-Identifier: Apache-2.0
// The state of a job, shared by the files that move it (job.c) and that show it (job_view.c).
#ifndef SYNC_JOB_INTERNAL_H
#define SYNC_JOB_INTERNAL_H

#include "sync/advice.h"
#include "sync/flights.h"
#include "sync/job.h"
#include "sync/lane.h"

enum purge_stage { PURGE_COUNTING, PURGE_DELETING, PURGE_LANDING };

struct job {
    struct job_settings settings;
    struct loop *loop;
    struct source *source;
    struct log *log;
    struct sync_stats stats;

    struct elastic elastic;
    struct bulk *bulk;
    struct index_open open;
    struct index_count count;
    struct scan scan;
    int scan_tries;

    struct roster roster;
    struct purge purge;
    struct mailboxes mailboxes;
    struct lanes lanes;
    struct advice advice;
    struct states_run states; // what this run keeps and goes on from
    u64 rules_hash;
    i64 due; // documents that purge has to delete before `states` may count

    bool service; // job_configure() was called: see struct job_run
    int task;     // of the phase's own machine
    struct flights flights;
    enum purge_stage purge_stage;
    bool purge_allowed;
    bool winding_down, refreshing;
    bool hurry; // machines were told something outside of a turn
    i64 wind_down_until_ms;
    enum job_end end;
    err error;
    struct buf detail;
    u8 detail_bytes[EXCHANGE_DETAIL_BYTES], forbidden_bytes[EXCHANGE_DETAIL_BYTES];
};

// job_run.c
void job_reset(struct job *job);                            // as if it were the first run
void job_end_tasks(struct job *job);                        // nothing of it is in the loop any more
err job_say_forbidden(struct job *job, err e, str *detail); // in a job of the service

// job_states.c
void job_begin_states(struct job *job);    // before mailboxes are opened, after the scan
i64 job_unseen(struct job *job);           // documents that the purge has to look at
bool job_suspend_states(struct job *job);  // before the first delete; false: nothing may be deleted
void job_complete_states(struct job *job); // everything else was done

#endif
