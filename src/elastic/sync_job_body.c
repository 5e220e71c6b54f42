// SPDX-License-Identifier: Apache-2.0
// What is written to sync jobs and asked about them (see sync_job.h; spec/elastic-protocol.md 9,
// 10, 12, 14, 17.7). Pure: every body is one JSON value appended to the caller's buffer, which is
// checked once at the end by whoever sends it.
#include "elastic/sync_job.h"

#include "elastic/record.h"

#define SYNC_JOB_PAGE 100 // jobs of one answer, as section 9 asks

i64 sync_job_volume_mib(i64 bytes)
{
    i64 mib = bytes / MIB(1);
    i64 rest = bytes % MIB(1);
    bool up = rest > MIB(1) / 2 || (rest == MIB(1) / 2 && mib % 2 == 1);
    return mib + (up ? 1 : 0);
}

static void sync_job_write_i64(struct json_write *w, str key, i64 v)
{
    json_write_key(w, key);
    json_write_i64(w, v);
}

static void sync_job_write_counts(struct json_write *w, const struct job_counts *c)
{
    sync_job_write_i64(w, S("indexed_document_count"), c->indexed);
    sync_job_write_i64(w, S("indexed_document_volume"), sync_job_volume_mib(c->volume_bytes));
    sync_job_write_i64(w, S("deleted_document_count"), c->deleted);
}

static bool sync_job_has_metadata(str metadata)
{
    return metadata.n > 0 && !str_eq(metadata, S("{}"));
}

void sync_job_put_claim(struct buf *b, str host, bool direct, i64 now_us)
{
    if (!direct) {
        struct json_write w = json_write_to(b);
        json_write_object(&w);
        json_write_member(&w, S("worker_hostname"), host);
        json_write_object_end(&w);
        return;
    }
    struct json_write w = record_write_doc(b);
    json_write_member(&w, S("status"), S("in_progress"));
    record_write_time(&w, S("started_at"), now_us);
    record_write_time(&w, S("last_seen"), now_us);
    json_write_member(&w, S("worker_hostname"), host);
    json_write_key(&w, S("connector"));
    json_write_raw(&w, S("{\"sync_cursor\":null}"));
    record_write_doc_end(&w);
}

void sync_job_put_stats(struct buf *b, const struct job_counts *counts, str metadata, bool direct,
                        i64 now_us)
{
    struct json_write w = direct ? record_write_doc(b) : json_write_to(b);
    if (direct) {
        record_write_time(&w, S("last_seen"), now_us);
    } else {
        json_write_object(&w);
    }
    sync_job_write_counts(&w, counts);
    if (!direct || sync_job_has_metadata(metadata)) {
        json_write_key(&w, S("metadata"));
        json_write_raw(&w, metadata.n ? metadata : S("{}"));
    }
    json_write_object_end(&w);
    if (direct) {
        json_write_object_end(&w);
    }
}

void sync_job_put_create(struct buf *b, str connector_id, enum job_type type)
{
    struct json_write w = json_write_to(b);
    json_write_object(&w);
    json_write_member(&w, S("id"), connector_id);
    json_write_member(&w, S("job_type"), str_from(job_type_name(type)));
    json_write_member(&w, S("trigger_method"), S("scheduled"));
    json_write_object_end(&w);
}

static void sync_job_write_node(struct json_write *w, str key, const struct json *j, int node,
                                str absent)
{
    json_write_key(w, key);
    json_write_raw(w, node >= 0 ? record_json(j, node) : absent);
}

static void sync_job_write_snapshot(struct json_write *w, const struct connector *c,
                                    enum job_type type)
{
    const struct json *j = &c->json;
    json_write_object(w);
    json_write_member(w, S("id"), c->id);
    sync_job_write_node(w, S("configuration"), j, c->configuration, S("{}"));
    sync_job_write_node(w, S("filtering"), j, c->active, S("{}"));
    json_write_key(w, S("index_name"));
    json_write_string_begin(w);
    buf_put(w->b, type == JOB_ACCESS_CONTROL ? S(".search-acl-filter-") : S(""));
    json_escape(w->b, c->index_name);
    json_write_string_end(w);
    sync_job_write_node(w, S("language"), j, json_get(j, c->source, S("language")), S("null"));
    sync_job_write_node(w, S("pipeline"), j, c->pipeline,
                        S("{\"name\":\"search-default-ingestion\",\"extract_binary_content\":true,"
                          "\"reduce_whitespace\":true,\"run_ml_inference\":true}"));
    json_write_member(w, S("service_type"), c->service_type);
    json_write_object_end(w);
}

static err sync_job_put_whole(struct buf *b, const struct connector *c, enum job_type type,
                              str trigger, i64 now_us)
{
    if (c->index_name.n == 0) {
        return FAIL(CONNECTOR_INDEX_NAME);
    }
    if (c->service_type.n == 0) {
        return FAIL(CONNECTOR_SERVICE_TYPE);
    }
    struct json_write w = json_write_to(b);
    json_write_object(&w);
    json_write_key(&w, S("connector"));
    sync_job_write_snapshot(&w, c, type);
    json_write_member(&w, S("trigger_method"), trigger);
    json_write_member(&w, S("job_type"), str_from(job_type_name(type)));
    json_write_member(&w, S("status"), S("pending"));
    record_write_time(&w, S("created_at"), now_us);
    record_write_time(&w, S("last_seen"), now_us);
    sync_job_write_i64(&w, S("indexed_document_count"), 0);
    sync_job_write_i64(&w, S("indexed_document_volume"), 0);
    sync_job_write_i64(&w, S("deleted_document_count"), 0);
    json_write_object_end(&w);
    return OK;
}

err sync_job_put_record(struct buf *b, const struct connector *c, enum job_type type, i64 now_us)
{
    return sync_job_put_whole(b, c, type, S("scheduled"), now_us);
}

err sync_job_put_demanded(struct buf *b, const struct connector *c, enum job_type type, i64 now_us)
{
    return sync_job_put_whole(b, c, type, S("on_demand"), now_us);
}

void sync_job_put_done(struct buf *b, const struct job_done *done)
{
    bool bad = done->outcome == OUTCOME_ERROR;
    struct json_write w = record_write_doc(b);
    record_write_time(&w, S("last_seen"), done->now_us);
    json_write_member(&w, S("status"), str_from(job_outcome_name(done->outcome)));
    if (bad) {
        str text = connector_error_text(done->error);
        json_write_member(&w, S("error"), text.n ? text : S("unknown error"));
    } else {
        record_write_null(&w, S("error"));
    }
    if (done->outcome != OUTCOME_SUSPENDED) {
        record_write_time(&w, S("completed_at"), done->now_us);
    }
    if (done->outcome == OUTCOME_CANCELED) {
        record_write_time(&w, S("canceled_at"), done->now_us);
    }
    if (done->counts) {
        sync_job_write_counts(&w, done->counts);
        if (done->counts->total >= 0) {
            sync_job_write_i64(&w, S("total_document_count"), done->counts->total);
        }
    }
    if (sync_job_has_metadata(done->metadata)) {
        json_write_key(&w, S("metadata"));
        json_write_raw(&w, done->metadata);
    }
    record_write_doc_end(&w);
}

// ---- queries

static const str sync_job_waiting[] = {S("pending"), S("suspended")};
static const str sync_job_running[] = {S("in_progress"), S("canceling")};
static const str sync_job_content[] = {S("full"), S("incremental")};
static const str sync_job_access[] = {S("access_control")};

static void sync_job_write_query(struct json_write *w, const struct job_query *q)
{
    switch (q->kind) {
    case JOB_QUERY_CONTENT:
    case JOB_QUERY_ACCESS_CONTROL:
        json_write_raw(w, S("{\"bool\":{\"must\":["));
        w->comma = false;
        record_write_terms(w, S("status"), sync_job_waiting, COUNT(sync_job_waiting));
        record_write_terms(w, S("connector.id"), q->ids, q->id_count);
        if (q->kind == JOB_QUERY_CONTENT) {
            record_write_terms(w, S("job_type"), sync_job_content, COUNT(sync_job_content));
        } else {
            record_write_terms(w, S("job_type"), sync_job_access, COUNT(sync_job_access));
        }
        break;
    case JOB_QUERY_ORPHANS:
        json_write_raw(w, S("{\"bool\":{\"must_not\":["));
        w->comma = false;
        record_write_terms(w, S("connector.id"), q->ids, q->id_count);
        json_write_array_end(w);
        json_write_key(w, S("filter"));
        json_write_array(w);
        record_write_terms(w, S("status"), sync_job_running, COUNT(sync_job_running));
        break;
    case JOB_QUERY_IDLE:
        json_write_raw(w, S("{\"bool\":{\"filter\":["));
        w->comma = false;
        record_write_terms(w, S("connector.id"), q->ids, q->id_count);
        record_write_terms(w, S("status"), sync_job_running, COUNT(sync_job_running));
        json_write_raw(w, S("{\"range\":{\"last_seen\":{\"lte\":\"now-"));
        buf_put_i64(w->b, q->idle_s);
        buf_put(w->b, S("s\"}}}"));
        break;
    }
    buf_put(w->b, S("]}}"));
    w->comma = true;
}

void sync_job_put_query(struct buf *b, const struct job_query *q)
{
    struct json_write w = json_write_to(b);
    json_write_object(&w);
    sync_job_write_i64(&w, S("from"), q->from);
    json_write_key(&w, S("query"));
    sync_job_write_query(&w, q);
    sync_job_write_i64(&w, S("size"), q->size);
    json_write_key(&w, S("seq_no_primary_term"));
    json_write_bool(&w, true);
    json_write_key(&w, S("sort"));
    json_write_raw(&w, S("[{\"created_at\":\"asc\"}]"));
    if (q->brief) {
        json_write_key(&w, S("_source"));
        json_write_raw(&w, S("[\"status\",\"job_type\",\"created_at\",\"last_seen\","
                             "\"connector.id\",\"connector.service_type\","
                             "\"connector.index_name\"]"));
    }
    json_write_object_end(&w);
}

void sync_job_put_pending_query(struct buf *b, const str *ids, isize count, bool access_control)
{
    sync_job_put_query(b, &(struct job_query){.kind = access_control ? JOB_QUERY_ACCESS_CONTROL
                                                                     : JOB_QUERY_CONTENT,
                                              .ids = ids,
                                              .id_count = count,
                                              .size = SYNC_JOB_PAGE});
}

void sync_job_put_orphan_query(struct buf *b, const str *ids, isize count)
{
    sync_job_put_query(
        b, &(struct job_query){
               .kind = JOB_QUERY_ORPHANS, .ids = ids, .id_count = count, .size = SYNC_JOB_PAGE});
}

void sync_job_put_idle_query(struct buf *b, const str *ids, isize count, i64 idle_s)
{
    sync_job_put_query(b, &(struct job_query){.kind = JOB_QUERY_IDLE,
                                              .ids = ids,
                                              .id_count = count,
                                              .idle_s = idle_s,
                                              .size = SYNC_JOB_PAGE});
}
