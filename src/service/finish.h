// SPDX-License-Identifier: Apache-2.0
// The last writes of a sync job, in their order (spec/elastic-protocol.md 10.1 and 10.2): what
// became of the job, then what its connector says. Used by whoever ran the job, and by the clean-up
// for jobs whose worker is gone. As long as Elasticsearch does not answer it tries again: a job
// that is done and not written down would look as if it ran for ever.
#ifndef SERVICE_FINISH_H
#define SERVICE_FINISH_H

#include "service/worker.h"

struct finish {
    struct worker *w;
    // what is to be written
    str job_id, connector_id;
    enum job_type type;
    enum job_outcome outcome;
    struct buf error;    // of OUTCOME_ERROR; storage of its own
    struct buf metadata; // JSON object; empty: none
    bool counted;        // the counts are known
    struct job_counts counts;
    bool guarded; // only if the job is as it was found: seq_no and primary_term
    i64 seq_no, primary_term;
    // what is known of the records
    bool job_gone, connector_gone;
    bool job_ended;       // somebody else has written the end of the job already
    bool leave_connector; // and of its connector
    // results
    bool lost; // the guard did not hold: somebody else has the job
    // private
    int state;
    bool stopping;
    u8 index_bytes[256];
    int index_n;
};

void finish_init(struct finish *f, struct plan *plan, struct worker *w);

// Empties everything but the storage; the caller then fills what is to be written.
void finish_reset(struct finish *f);
void finish_begin(struct finish *f);
enum work finish_step(void *st, struct moment now); // st = struct finish

#endif
