// SPDX-License-Identifier: Apache-2.0
// A sync job record (spec/elastic-protocol.md 3) as the service reads it, and the bodies that are
// written to it (10, 14). Pure, as elastic/connector.h.
#ifndef ELASTIC_SYNC_JOB_H
#define ELASTIC_SYNC_JOB_H

#include "elastic/connector.h"

enum job_status {
    JOB_PENDING,
    JOB_IN_PROGRESS,
    JOB_CANCELING,
    JOB_CANCELED,
    JOB_SUSPENDED,
    JOB_COMPLETED_STATUS,
    JOB_ERROR_STATUS,
    JOB_STATUS_UNKNOWN,
};

// What a job record says; its connector snapshot is what the sync runs with.
struct sync_job {
    str id;
    i64 seq_no, primary_term;
    enum job_status status;
    str status_text;
    enum job_type type;
    bool type_known;
    i64 created_us, last_seen_us;
    str connector_id, service_type, index_name;
    str pipeline; // name; default search-default-ingestion
    bool extract_binary_content, reduce_whitespace, run_ml_inference; // default true
    struct json json;
    int source;
    int configuration; // of the snapshot, node; -1
    int filtering;     // of the snapshot: the object (element 0 when a record holds an array); -1
};

// SYNC_JOB_RECORD, SYNC_JOB_TOO_LARGE; `detail` as in connector_read().
err sync_job_read(struct sync_job *j, str hit, struct json_node *nodes, int cap,
                  struct arena *texts, struct buf *detail);

struct job_counts {
    i64 indexed, deleted, volume_bytes;
    i64 total; // -1: not known
};

// Bodies of the API: PUT _claim, PUT _stats, POST _sync_job; and of direct mode: {"doc":{...}}.
void sync_job_put_claim(struct buf *b, str host, bool direct, i64 now_us);
// `metadata` is a JSON object text ("{}").
void sync_job_put_stats(struct buf *b, const struct job_counts *counts, str metadata, bool direct,
                        i64 now_us);
void sync_job_put_create(struct buf *b, str connector_id, enum job_type type); // API
// Direct: the whole record out of the connector's, trigger_method scheduled (17.7).
// CONNECTOR_INDEX_NAME, CONNECTOR_SERVICE_TYPE: the connector has none; nothing is written.
err sync_job_put_record(struct buf *b, const struct connector *c, enum job_type type, i64 now_us);
// The same with trigger_method on_demand.
err sync_job_put_demanded(struct buf *b, const struct connector *c, enum job_type type, i64 now_us);

struct job_done {
    enum job_outcome outcome;
    str error;
    i64 now_us;
    const struct job_counts *counts; // NULL: without (orphans)
    str metadata;                    // JSON object; empty: none
};
void sync_job_put_done(struct buf *b, const struct job_done *done); // {"doc":{...}}

// MiB as records have them: rounded, a half to the even number.
i64 sync_job_volume_mib(i64 bytes);

// Queries: pending and suspended jobs (9), orphaned and idle ones (12). The first three ask for the
// first hundred, whole; `brief`: only what choosing one needs (status, type, times, connector.id,
// service_type and index_name), so that one page can hold a thousand.
enum job_query_kind {
    JOB_QUERY_CONTENT, // waiting: pending and suspended
    JOB_QUERY_ACCESS_CONTROL,
    JOB_QUERY_ORPHANS, // running, of no connector in `ids`
    JOB_QUERY_IDLE,    // running, of one in `ids`, not seen for idle_s
};
struct job_query {
    enum job_query_kind kind;
    const str *ids;
    isize id_count;
    i64 idle_s;
    i64 from, size;
    bool brief;
};
void sync_job_put_query(struct buf *b, const struct job_query *q);
void sync_job_put_pending_query(struct buf *b, const str *ids, isize count, bool access_control);
void sync_job_put_orphan_query(struct buf *b, const str *ids, isize count);
void sync_job_put_idle_query(struct buf *b, const str *ids, isize count, i64 idle_s);

#endif
