// SPDX-License-Identifier: Apache-2.0
// What is written to connectors and asked about them (see connector.h; spec/elastic-protocol.md 5,
// 7, 8, 10). Pure: every body is one JSON value appended to the caller's buffer, which is checked
// once at the end by whoever sends it.
//
// `error` is a keyword in the index: Elasticsearch refuses the whole update when it has more than
// 32766 bytes, so texts are cut at CONNECTOR_ERROR_BYTES.
#include "elastic/connector.h"

#include "codec/json_write.h"
#include "codec/url.h"
#include "elastic/record.h"

// The names of the fields that a kind of job has in the record of its connector.
struct connector_names {
    const char *status, *error, *scheduled;
};

static const struct connector_names connector_names[] = {
    [JOB_FULL] = {"last_sync_status", "last_sync_error", "last_sync_scheduled_at"},
    [JOB_INCREMENTAL] = {"last_sync_status", "last_sync_error",
                         "last_incremental_sync_scheduled_at"},
    [JOB_ACCESS_CONTROL] = {"last_access_control_sync_status", "last_access_control_sync_error",
                            "last_access_control_sync_scheduled_at"},
};
_Static_assert(COUNT(connector_names) == JOB_TYPES, "a job type has no fields");

void connector_put_connected(struct buf *b)
{
    struct json_write w = record_write_doc(b);
    json_write_member(&w, S("status"), S("connected"));
    record_write_null(&w, S("error"));
    record_write_doc_end(&w);
}

str connector_error_text(str text)
{
    isize n = text.n < CONNECTOR_ERROR_BYTES ? text.n : CONNECTOR_ERROR_BYTES;
    while (n > 0 && n < text.n && (text.p[n] & 0xC0) == 0x80) {
        n--; // not in the middle of a character
    }
    return str_slice(text, 0, n);
}

void connector_put_error(struct buf *b, str text)
{
    struct json_write w = record_write_doc(b);
    json_write_member(&w, S("status"), S("error"));
    json_write_member(&w, S("error"), connector_error_text(text));
    record_write_doc_end(&w);
}

void connector_put_last_seen(struct buf *b, i64 now_us)
{
    struct json_write w = record_write_doc(b);
    record_write_time(&w, S("last_seen"), now_us);
    record_write_doc_end(&w);
}

void connector_put_scheduled(struct buf *b, enum job_type type, i64 planned_us)
{
    struct json_write w = record_write_doc(b);
    record_write_time(&w, str_from(connector_names[type].scheduled), planned_us);
    record_write_doc_end(&w);
}

void connector_put_sync_starts(struct buf *b, enum job_type type)
{
    struct json_write w = record_write_doc(b);
    json_write_member(&w, S("status"), S("connected"));
    record_write_null(&w, S("error"));
    json_write_member(&w, str_from(connector_names[type].status), S("in_progress"));
    record_write_null(&w, str_from(connector_names[type].error));
    record_write_doc_end(&w);
}

static const char *const connector_outcomes[] = {
    [OUTCOME_COMPLETED] = "completed",
    [OUTCOME_ERROR] = "error",
    [OUTCOME_CANCELED] = "canceled",
    [OUTCOME_SUSPENDED] = "suspended",
};

const char *job_outcome_name(enum job_outcome outcome)
{
    return connector_outcomes[outcome];
}

static void connector_put_outcome(struct json_write *w, enum job_type type, str status, str error)
{
    json_write_member(w, str_from(connector_names[type].status), status);
    json_write_key(w, str_from(connector_names[type].error));
    if (error.n) {
        json_write_string(w, error);
    } else {
        json_write_null(w);
    }
}

void connector_put_sync_done(struct buf *b, const struct connector_done *done)
{
    bool bad = done->job_gone || done->outcome == OUTCOME_ERROR;
    str error = {0};
    if (bad) {
        str unknown = done->job_gone ? S("job not found") : S("unknown error");
        error = done->error.n ? connector_error_text(done->error) : unknown;
    }
    str status = bad ? S("error") : str_from(connector_outcomes[done->outcome]);
    struct json_write w = record_write_doc(b);
    record_write_time(&w, S("last_synced"), done->now_us);
    json_write_member(&w, S("status"), bad ? S("error") : S("connected"));
    json_write_key(&w, S("error"));
    if (bad) {
        json_write_string(&w, error);
    } else {
        json_write_null(&w);
    }
    enum job_type type = done->job_gone ? JOB_FULL : done->type;
    connector_put_outcome(&w, type, status, error);
    if (done->job_gone) {
        connector_put_outcome(&w, JOB_ACCESS_CONTROL, status, error);
    }
    if (!bad && done->outcome == OUTCOME_COMPLETED && type != JOB_ACCESS_CONTROL) {
        record_write_null(&w, S("sync_cursor"));
    }
    if (!done->job_gone && done->outcome != OUTCOME_SUSPENDED) {
        json_write_key(&w, S("last_indexed_document_count"));
        json_write_i64(&w, done->indexed);
        json_write_key(&w, S("last_deleted_document_count"));
        json_write_i64(&w, done->deleted);
    }
    record_write_doc_end(&w);
}

// ---- addresses

void connector_put_target(struct buf *b, str index_and_verb, str id)
{
    buf_put(b, index_and_verb);
    if (str_eq(id, S(".")) || str_eq(id, S(".."))) {
        buf_put(b, id.n == 1 ? S("%2E") : S("%2E%2E")); // proxies would take it as a folder
        return;
    }
    url_put_encoded(b, id);
}

void connector_put_guard(struct buf *b, i64 seq_no, i64 primary_term)
{
    buf_put(b, S("?if_seq_no="));
    buf_put_i64(b, seq_no);
    buf_put(b, S("&if_primary_term="));
    buf_put_i64(b, primary_term);
}

// ---- queries

static void connector_put_bool(struct json_write *w, const struct connector_query *q, bool types)
{
    json_write_raw(w, S("{\"bool\":{\"must_not\":[{\"term\":{\"deleted\":true}}],\"filter\":["));
    w->comma = false;
    if (types) {
        record_write_terms(w, S("service_type"), q->types, q->type_count);
        json_write_raw(w, S("{\"term\":{\"is_native\":false}}"));
    } else {
        record_write_terms(w, S("_id"), q->ids, q->id_count);
    }
    buf_put(w->b, S("]}}"));
    w->comma = true;
}

bool connector_put_query(struct buf *b, const struct connector_query *q)
{
    if (q->id_count == 0 && q->type_count == 0) {
        return false;
    }
    struct json_write w = json_write_to(b);
    json_write_object(&w);
    json_write_key(&w, S("from"));
    json_write_i64(&w, q->from);
    json_write_key(&w, S("query"));
    if (q->id_count && q->type_count) {
        json_write_raw(&w, S("{\"bool\":{\"should\":["));
        w.comma = false;
        connector_put_bool(&w, q, true);
        connector_put_bool(&w, q, false);
        buf_put(b, S("]}}"));
    } else {
        connector_put_bool(&w, q, q->type_count > 0);
    }
    json_write_key(&w, S("size"));
    json_write_i64(&w, q->size);
    json_write_key(&w, S("seq_no_primary_term"));
    json_write_bool(&w, true);
    json_write_object_end(&w);
    return true;
}

void connector_put_ids_query(struct buf *b, i64 from, i64 size)
{
    buf_put(b, S("{\"from\":"));
    buf_put_i64(b, from);
    buf_put(b, S(",\"query\":{\"match_all\":{}},\"size\":"));
    buf_put_i64(b, size);
    buf_put(b, S(",\"_source\":false,\"sort\":[\"_doc\"]}"));
}
