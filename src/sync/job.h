// SPDX-License-Identifier: Apache-2.0
// One sync from start to end: preflight, scan of what is there, mailboxes through lanes into the
// sink, purge of what is no longer there, refresh and count. Nothing is deleted that was not looked
// at (DESIGN, "Who owns an id"; rule 5).
#ifndef SYNC_JOB_H
#define SYNC_JOB_H

#include "base/plan.h"
#include "elastic/bulk.h"
#include "elastic/index.h"
#include "net/loop.h"
#include "os/log.h"
#include "source/source.h"
#include "sync/shard.h"
#include "sync/stats.h"

struct os_watch;
struct states;

struct job_limits {
    isize ids;       // capacity of the id set
    isize mailboxes; // mailboxes of one tenant whose fate can be remembered
    int lanes, mailbox_open;
    int medium_buffers; // of LANE_MEDIUM_BYTES
};

struct job_settings {
    struct job_limits limits;
    struct source_bytes states; // of sources that runs may have instead of the one of job_init()
    u8 *large;                  // LANE_LARGE_BYTES of address space, not touched
    bool to_elastic;            // else ndjson into ndjson_fd
    int ndjson_fd;
    str ndjson_name;        // for people
    struct states *kept;    // of folders, between runs (sync/states.h); NULL: none are kept
    str connector;          // whose they are
    struct os_watch *watch; // of writes that have to wait; may be NULL
    struct elastic_settings elastic;
    struct bulk_settings bulk;
    bool any_version; // ALLOW_ES_VERSION_MISMATCH
    str index;
    str pipeline;       // empty: default
    bool pipeline_none; // `pipeline: none`: documents go in as they are
    bool extract_binary_content, reduce_whitespace, run_ml_inference;
    bool document_level_security;
    bool purge;                  // false: delete nothing
    double purge_max_share;      // of at least PURGE_MIN_DOCUMENTS
    double max_failed_mailboxes; // share
    double max_failed_items;     // share of a whole job
    i64 max_text_bytes;          // of a document without _attachment; 0: any
    i64 time_budget_ms;          // 0: none
    bool full;                   // read again what is in the index already
    bool dry_run;
    struct shard shard;        // --shard K/N: only the mailboxes that are this process's
    const str *only_mailboxes; // --mailbox ADDR: only these; NULL: all
    isize only_mailbox_count;
};

struct job;
struct rules;

struct job *job_init(struct plan *plan, const struct job_settings *settings, struct loop *loop,
                     struct source *source, struct log *log);

// What one run is about, when a job of the service runs one after another in the same memory. Every
// str must outlive the run; the source was configured before.
struct job_run {
    struct source *source; // NULL: that of job_init()
    bool incremental; // what is in the index with an equal _timestamp is not written; ids that need
                      // no reading to know that are not fetched
    str index;
    str pipeline;      // as the job's snapshot says; never checked, never guessed
    str authorization; // of the connector's own key; empty: that of the settings
    bool extract_binary_content, reduce_whitespace, run_ml_inference;
    bool document_level_security;
    str connector;       // its id
    u64 rules_hash;      // of the rules as they are written; 0: none
    struct rules *rules; // basic sync rules, for this run alone; NULL: none
};

// Before job_start(), never while a run is under way. `full` of the settings is !incremental then.
//
// Such a run looks at nothing but the index (which it creates if need be), and neither refreshes
// nor counts it at the end: that is for whoever has the right. Where a key lacks a right, the error
// is ES_KEY_RIGHTS and job_detail() is the whole text for people.
void job_configure(struct job *job, const struct job_run *run);

void job_start(struct job *job);
void job_step(struct job *job);         // after each turn of the loop: moves the phases on
i64 job_wait_ms(const struct job *job); // how long the next turn may wait for an event
bool job_is_done(const struct job *job);
void job_stop(
    struct job *job); // a signal: flights in the air are awaited (bounded), nothing is purged

enum job_end { JOB_COMPLETED, JOB_COMPLETED_WITH_REFUSALS, JOB_ERROR, JOB_STOPPED, JOB_AGAIN };
enum job_end job_end(const struct job *job);
err job_error(const struct job *job);  // of JOB_ERROR
str job_detail(const struct job *job); // facts of it
const struct sync_stats *job_stats(const struct job *job);

// The i-th open mailbox for the progress display; false: no such.
bool job_mailbox_view(const struct job *job, isize i, struct sync_mailbox_view *out);

// Refused and failed mailboxes that the summary names: at most NOTES_MAX are kept.
struct job_note {
    str address, detail;
    err error;
};
isize job_notes(const struct job *job, const struct job_note **out);

// What the operator should look at besides errors: sentences, for the summary.
isize job_advice(const struct job *job, str *out, isize cap);

// What the source said of the run; empty: nothing. *warns: it is a warning.
str job_notice(const struct job *job, bool *warns);

// Dry run: what was counted, and what the quotas allow.
struct job_estimate {
    i64 mailboxes, messages, sampled, sampled_bytes, estimated_bytes, quota_units, minutes_by_quota;
};
void job_estimate(const struct job *job, struct job_estimate *out);

#endif
