// SPDX-License-Identifier: Apache-2.0
// `job start|list|view|cancel` (spec/configuration.md 7). A job that does not exist is an error in
// all of them, and cancelling follows the legal moves of a job (spec/elastic-protocol.md 4): one
// that waits is canceled at once, one that runs is told to stop.
#include "base/date.h"
#include "cli/connectors_internal.h"
#include "cli/table.h"
#include "codec/json_pretty.h"
#include "codec/json_write.h"
#include "elastic/answers.h"
#include "elastic/record.h"
#include "elastic/sync_job.h"

#define JOB_INDEX S("/.elastic-connectors-sync-jobs")
#define JOB_COLUMNS 8

static const char *const job_heads[JOB_COLUMNS] = {"Job id",
                                                   "Connector id",
                                                   "Index name",
                                                   "Job status",
                                                   "Job type",
                                                   "Documents indexed",
                                                   "Volume documents indexed (MiB)",
                                                   "Documents deleted"};
static const char *const job_keys[JOB_COLUMNS] = {"job_id",
                                                  "connector_id",
                                                  "index_name",
                                                  "job_status",
                                                  "job_type",
                                                  "documents_indexed",
                                                  "volume_documents_indexed",
                                                  "documents_deleted"};
static const char *const job_paths[JOB_COLUMNS] = {"_id",
                                                   "_source.connector.id",
                                                   "_source.connector.index_name",
                                                   "_source.status",
                                                   "_source.job_type",
                                                   "_source.indexed_document_count",
                                                   "_source.indexed_document_volume",
                                                   "_source.deleted_document_count"};

// ---- start

static err connectors_job_put(struct connectors *c, const struct connector *connector)
{
    connectors_begin(c, S("POST"));
    buf_put(&c->call.target, JOB_INDEX);
    buf_put(&c->call.target, S("/_doc?refresh=true"));
    return sync_job_put_demanded(&c->call.body, connector, c->args.job_type, os_unix_us());
}

// The record is read in both modes: without index or type there is a better word than a status 400.
static err connectors_job_read_connector(struct connectors *c, struct connector *connector)
{
    str copy;
    TRY(connectors_get(c, S("/.elastic-connectors/_doc/"), c->args.subject,
                       FAIL(CLI_CONNECTOR_UNKNOWN)));
    TRY(connectors_copy(c, buf_str(&c->call.answer), &copy));
    u8 notes_bytes[KIB(1)];
    struct buf notes = buf_over(notes_bytes, COUNT(notes_bytes));
    err e = connector_read(connector, copy, c->nodes, CLI_NODES, &c->texts, &notes);
    if (!err_ok(e)) {
        return connectors_about(c, buf_str(&notes), e);
    }
    return connector->deleted ? connectors_about(c, c->args.subject, FAIL(CLI_CONNECTOR_UNKNOWN))
                              : OK;
}

static err connectors_job_create(struct connectors *c)
{
    struct connector connector;
    TRY(connectors_job_read_connector(c, &connector));
    err e = connectors_job_put(c, &connector);
    if (!err_ok(e)) {
        return connectors_about(c, c->args.subject, e);
    }
    // Off unless the file says so, unlike in the service's config.yml.
    bool set = config_tree_find(&c->s->tree, S("elasticsearch.feature_use_connectors_api")) >= 0;
    if (!set || !c->s->config.elasticsearch.feature_use_connectors_api) {
        return OK;
    }
    connectors_begin(c, S("POST"));
    buf_put(&c->call.target, S("/_connector/_sync_job"));
    struct json_write w = json_write_to(&c->call.body);
    json_write_object(&w);
    json_write_member(&w, S("id"), c->args.subject);
    json_write_member(&w, S("job_type"), str_from(job_type_name(c->args.job_type)));
    json_write_member(&w, S("trigger_method"), S("on_demand"));
    json_write_object_end(&w);
    return OK;
}

// The replaced one prints ASCII alone: everything else as \uXXXX. It also keeps what could turn a
// terminal's direction, or is a control character above 0x7f, from it. `text` is well-formed UTF-8.
static void connectors_put_ascii(struct buf *out, str text)
{
    for (isize i = 0; i < text.n;) {
        u8 c = text.p[i];
        isize n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
        if (n == 1) {
            buf_put_byte(out, c == 0x7f ? '?' : c);
        } else {
            u32 point = c & (0xffu >> (n + 1));
            for (isize k = 1; k < n && i + k < text.n; k++) {
                point = point << 6 | (text.p[i + k] & 0x3f);
            }
            bool pair = point > 0xffff;
            u32 units[] = {pair ? 0xd800 + ((point - 0x10000) >> 10) : point,
                           0xdc00 + ((point - 0x10000) & 0x3ff)};
            for (isize k = 0; k < 1 + pair; k++) {
                u8 bytes[] = {(u8)(units[k] >> 8), (u8)units[k]};
                buf_put(out, S("\\u"));
                buf_put_hex(out, str_make(bytes, 2));
            }
        }
        i += n;
    }
}

static void connectors_put_json(struct connectors *c, const char *const *keys, const str *values,
                                int count)
{
    struct buf *compact = &c->call.body; // free: no request is under way
    buf_reset(compact);
    struct json_write w = json_write_to(compact);
    json_write_object(&w);
    for (int i = 0; i < count; i++) {
        i64 number;
        json_write_key(&w, str_from(keys[i]));
        if (i >= 5 && str_to_i64(values[i], &number)) { // the counts
            json_write_i64(&w, number);
        } else if (values[i].n) {
            json_write_string(&w, values[i]);
        } else {
            json_write_null(&w);
        }
    }
    json_write_object_end(&w);
    isize from = compact->n;
    json_pretty_put(compact, str_slice(buf_str(compact), 0, from), 4);
    connectors_put_ascii(&c->out, str_from_index(buf_str(compact), from));
    buf_put_byte(&c->out, '\n');
}

err connectors_job_start_run(struct connectors *c)
{
    static const char *const keys[] = {"id"};
    u8 bytes[CONNECTOR_ID_BYTES];
    struct buf id = buf_over(bytes, COUNT(bytes));
    TRY(connectors_ensure_indices(c));
    TRY(connectors_job_create(c));
    TRY(connectors_ask(c));
    if (!answer_put_id(buf_str(&c->call.answer), &id) || id.full) {
        return connectors_about(c, buf_str(&c->call.target), FAIL(CLI_ANSWER));
    }
    str value = buf_str(&id);
    if (c->args.json) {
        connectors_put_json(c, keys, &value, 1);
    } else {
        connectors_say(c, S("job created: "), value, (str){0});
    }
    return OK;
}

// ---- list and view

err connectors_job_list_run(struct connectors *c)
{
    isize cap = 6 * c->args.subject.n + 64;
    u8 *memory = arena_try(&c->texts, 1, cap);
    struct buf query = buf_over(memory, memory ? cap : 0);
    buf_put(&query, S("{\"term\":{\"connector.id\":\""));
    json_escape(&query, c->args.subject);
    buf_put(&query, S("\"}}"));
    struct connectors_table t = {
        .head = job_heads,
        .paths = job_paths,
        .columns = JOB_COLUMNS,
        .index = S("/.elastic-connectors-sync-jobs/_search"),
        .query = buf_str(&query),
        .sort = S("[{\"created_at\":{\"order\":\"asc\",\"unmapped_type\":\"date\"}}]"),
        .fields = S("[\"connector.id\",\"connector.index_name\",\"status\",\"job_type\","
                    "\"indexed_document_count\",\"indexed_document_volume\","
                    "\"deleted_document_count\"]"),
        .none = S("No jobs found."),
    };
    if (query.full) {
        return FAIL(CLI_TOO_MUCH);
    }
    TRY(connectors_ensure_indices(c));
    return connectors_print_table(c, &t);
}

static err connectors_job_get(struct connectors *c, struct json *j)
{
    str target = S("/.elastic-connectors-sync-jobs/_doc/");
    TRY(connectors_get(c, target, c->args.subject, FAIL(CLI_JOB_UNKNOWN)));
    return connectors_parse(c, j);
}

err connectors_job_view_run(struct connectors *c)
{
    struct json j;
    str cells[JOB_COLUMNS];
    TRY(connectors_job_get(c, &j));
    for (int i = 0; i < JOB_COLUMNS; i++) {
        TRY(connectors_text(c, &j, str_from(job_paths[i]), &cells[i]));
    }
    if (c->args.json) {
        connectors_put_json(c, job_keys, cells, JOB_COLUMNS);
    } else {
        table_put(&c->out, job_heads, JOB_COLUMNS, cells, 1);
    }
    return OK;
}

// ---- cancel

err connectors_job_cancel_prepare(struct connectors *c)
{
    if (c->args.yes) {
        return OK;
    }
    isize cap = c->args.subject.n + 64;
    u8 *memory = arena_try(&c->texts, 1, cap);
    struct buf question = buf_over(memory, memory ? cap : 0);
    buf_put(&question, S("Cancel the job "));
    buf_put(&question, c->args.subject);
    buf_put(&question, S("?"));
    return console_confirm(&c->console, buf_str(&question));
}

// {"doc":{...}} for one that waits (canceled at once) or one that runs (told to stop).
static void connectors_put_cancel(struct buf *b, bool waits)
{
    i64 now_us = os_unix_us();
    struct json_write w = record_write_doc(b);
    record_write_time(&w, S("last_seen"), now_us);
    record_write_time(&w, S("cancelation_requested_at"), now_us);
    if (waits) {
        record_write_time(&w, S("canceled_at"), now_us);
        record_write_time(&w, S("completed_at"), now_us);
    }
    json_write_member(&w, S("status"), waits ? S("canceled") : S("canceling"));
    record_write_null(&w, S("error"));
    record_write_doc_end(&w);
}

static err connectors_job_cancel_once(struct connectors *c)
{
    struct json j;
    str status;
    i64 seq_no, primary_term;
    TRY(connectors_job_get(c, &j));
    TRY(connectors_text(c, &j, S("_source.status"), &status));
    bool waits = str_eq(status, S("pending")) || str_eq(status, S("suspended"));
    if (str_eq(status, S("canceling"))) {
        connectors_say(c, S("the job is being cancelled already: "), c->args.subject, (str){0});
        return OK;
    }
    if (!waits && !str_eq(status, S("in_progress"))) {
        return connectors_about(c, status, FAIL(CLI_JOB_ENDED));
    }
    if (!json_i64(&j, json_get(&j, 0, S("_seq_no")), &seq_no) ||
        !json_i64(&j, json_get(&j, 0, S("_primary_term")), &primary_term)) {
        return connectors_about(c, buf_str(&c->call.target), FAIL(CLI_ANSWER));
    }
    connectors_begin(c, S("POST"));
    connector_put_target(&c->call.target, S("/.elastic-connectors-sync-jobs/_update/"),
                         c->args.subject);
    connector_put_guard(&c->call.target, seq_no, primary_term);
    buf_put(&c->call.target, S("&refresh=true")); // a list that is asked for now shows it
    connectors_put_cancel(&c->call.body, waits);
    TRY(connectors_ask(c));
    connectors_say(c, waits ? S("job cancelled: ") : S("the job is told to stop: "),
                   c->args.subject, (str){0});
    return OK;
}

err connectors_job_cancel_run(struct connectors *c)
{
    err e = FAIL(ES_CONFLICT);
    for (int i = 0; i < CLI_CANCEL_TRIES && err_is(e, ERR_ES_CONFLICT); i++) {
        e = connectors_job_cancel_once(c);
    }
    return e;
}
