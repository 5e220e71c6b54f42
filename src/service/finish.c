// SPDX-License-Identifier: Apache-2.0
// The end of a job (see finish.h):
//   GET job                     gone: only the connector is told
//   GET connector               gone: only the job is told
//   POST <index>/_refresh       not on serverless
//   POST <index>/_count         total_document_count, of the content index for every kind of job
//   POST job/_update, POST connector/_update
#include "service/finish.h"

#include <string.h>

#include "codec/url.h"
#include "limits.h"

enum finish_state {
    FINISH_JOB,
    FINISH_JOB_READ,
    FINISH_CONNECTOR,
    FINISH_CONNECTOR_READ,
    FINISH_REFRESH,
    FINISH_REFRESHED,
    FINISH_COUNT,
    FINISH_COUNTED,
    FINISH_WRITE_JOB,
    FINISH_JOB_WRITTEN,
    FINISH_WRITE_CONNECTOR,
    FINISH_CONNECTOR_WRITTEN,
    FINISH_OVER,
};

void finish_init(struct finish *f, struct plan *plan, struct worker *w)
{
    *f = (struct finish){.w = w, .state = FINISH_OVER};
    u8 *memory = plan_take(plan, "service ends", CONNECTOR_ERROR_BYTES + SERVICE_METADATA_BYTES, 1,
                           "error and metadata of one ending job");
    f->error = buf_over(memory, CONNECTOR_ERROR_BYTES);
    f->metadata = buf_over(memory + CONNECTOR_ERROR_BYTES, SERVICE_METADATA_BYTES);
}

void finish_reset(struct finish *f)
{
    *f = (struct finish){
        .w = f->w,
        .error = buf_over(f->error.p, f->error.cap),
        .metadata = buf_over(f->metadata.p, f->metadata.cap),
        .counts = {.total = -1},
        .state = FINISH_OVER,
    };
}

void finish_begin(struct finish *f)
{
    f->w->wait_until_ms = 0;
    f->state = FINISH_JOB;
}

static enum work finish_go(struct finish *f, enum finish_state state)
{
    f->state = (int)state;
    return WORK_STEP;
}

static void finish_log(struct finish *f, enum log_level level)
{
    err e = elastic_call_error(&f->w->call);
    struct log_fact facts[] = {{"connector_id", f->connector_id}, {"sync_job_id", f->job_id}};
    log_err(f->w->log, level, e, buf_str(&f->w->call.detail), facts, COUNT(facts));
}

// Whether the call has failed for a reason that may pass: then it is made again after a pause.
static bool finish_again(struct finish *f, enum finish_state state, struct moment now)
{
    int status = f->w->call.status;
    if (worker_went_well(f->w) || (status >= 400 && status < 500 && status != 429)) {
        return false;
    }
    if (status == 200 || err_is(f->w->call.error, ERR_CALL_TOO_LARGE) ||
        err_is(f->w->call.error, ERR_CALL_REQUEST)) {
        return false;
    }
    finish_log(f, LOG_WARN);
    f->w->wait_until_ms = now.mono_ms + f->w->es->settings.retry_interval_ms;
    f->state = (int)state;
    return true;
}

// ---- what is there

// Whoever did not run the job knows only what its worker has told: the connector says the same.
static void finish_read_counts(struct finish *f)
{
    struct sync_job j;
    if (err_ok(worker_read_job(f->w, &j))) {
        (void)json_i64(&j.json, json_get(&j.json, j.source, S("indexed_document_count")),
                       &f->counts.indexed);
        (void)json_i64(&j.json, json_get(&j.json, j.source, S("deleted_document_count")),
                       &f->counts.deleted);
    }
}

static enum work finish_take_job(struct finish *f, struct moment now)
{
    if (f->w->call.status == 404) {
        f->job_gone = true;
        return finish_go(f, FINISH_CONNECTOR);
    }
    if (finish_again(f, FINISH_JOB, now)) {
        return WORK_WAIT;
    }
    if (!worker_went_well(f->w)) {
        finish_log(f, LOG_ERROR);
    } else if (!f->counted) {
        finish_read_counts(f);
    }
    return finish_go(f, f->connector_gone ? FINISH_WRITE_JOB : FINISH_CONNECTOR);
}

static enum work finish_take_connector(struct finish *f, struct moment now)
{
    struct connector c;
    if (f->w->call.status == 404) {
        f->connector_gone = true;
        return finish_go(f, FINISH_WRITE_JOB);
    }
    if (finish_again(f, FINISH_CONNECTOR, now)) {
        return WORK_WAIT;
    }
    f->index_n = 0;
    if (worker_went_well(f->w) && err_ok(worker_read_connector(f->w, &c))) {
        f->connector_gone = c.deleted;
        if (c.index_name.n > 0 && c.index_name.n <= COUNT(f->index_bytes)) {
            memcpy(f->index_bytes, c.index_name.p, (size_t)c.index_name.n);
            f->index_n = (int)c.index_name.n;
        }
    } else {
        finish_log(f, LOG_ERROR);
    }
    bool count = f->counted && f->index_n && !f->job_gone && !f->connector_gone && !f->job_ended;
    return finish_go(f, !count                 ? FINISH_WRITE_JOB
                        : f->w->es->serverless ? FINISH_COUNT
                                               : FINISH_REFRESH);
}

static enum work finish_ask_index(struct finish *f, str verb, enum finish_state state)
{
    worker_ask(f->w, S("POST"));
    struct buf *target = &f->w->call.target;
    buf_put(target, S("/"));
    url_put_encoded(target, str_make(f->index_bytes, f->index_n));
    buf_put(target, verb);
    buf_put(target, S("?ignore_unavailable=true"));
    f->state = (int)state;
    return WORK_CALL;
}

// A count that cannot be had is left out: the end of the job is worth more.
static enum work finish_take_count(struct finish *f)
{
    struct json_node nodes[ELASTIC_NODES];
    struct json j;
    i64 count;
    if (worker_went_well(f->w) &&
        err_ok(json_parse(&j, buf_str(&f->w->call.answer), nodes, COUNT(nodes))) &&
        json_i64(&j, json_get(&j, 0, S("count")), &count) && count >= 0) {
        f->counts.total = count;
    } else {
        finish_log(f, LOG_WARN);
    }
    return finish_go(f, FINISH_WRITE_JOB);
}

// ---- what is written

static enum work finish_write_job(struct finish *f, struct moment now)
{
    if (f->job_gone || f->job_ended) {
        return finish_go(f, FINISH_WRITE_CONNECTOR);
    }
    struct worker *w = f->w;
    worker_ask(w, S("POST"));
    connector_put_target(&w->call.target, S("/.elastic-connectors-sync-jobs/_update/"), f->job_id);
    if (f->guarded) {
        connector_put_guard(&w->call.target, f->seq_no, f->primary_term);
    }
    struct job_done done = {
        .outcome = f->outcome,
        .error = buf_str(&f->error),
        .now_us = now.unix_us,
        .counts = f->counted ? &f->counts : NULL,
        .metadata = buf_str(&f->metadata),
    };
    sync_job_put_done(&w->call.body, &done);
    f->state = FINISH_JOB_WRITTEN;
    return WORK_CALL;
}

static enum work finish_end_job(struct finish *f, struct moment now)
{
    if (f->w->call.status == 409 && f->guarded) {
        f->lost = true;
        return finish_go(f, FINISH_OVER);
    }
    if (finish_again(f, FINISH_WRITE_JOB, now)) {
        return WORK_WAIT;
    }
    if (!worker_went_well(f->w)) {
        finish_log(f, LOG_ERROR);
    }
    return finish_go(f, FINISH_WRITE_CONNECTOR);
}

static enum work finish_write_connector(struct finish *f, struct moment now)
{
    if (f->connector_gone || f->leave_connector) {
        return finish_go(f, FINISH_OVER);
    }
    worker_update_connector(f->w, f->connector_id, NULL);
    struct connector_done done = {
        .type = f->type,
        .outcome = f->outcome,
        .job_gone = f->job_gone,
        .error = f->job_gone ? (str){0} : buf_str(&f->error),
        .now_us = now.unix_us,
        .indexed = f->counts.indexed,
        .deleted = f->counts.deleted,
    };
    connector_put_sync_done(&f->w->call.body, &done);
    f->state = FINISH_CONNECTOR_WRITTEN;
    return WORK_CALL;
}

static enum work finish_end_connector(struct finish *f, struct moment now)
{
    if (finish_again(f, FINISH_WRITE_CONNECTOR, now)) {
        return WORK_WAIT;
    }
    if (!worker_went_well(f->w)) {
        finish_log(f, LOG_ERROR);
    }
    return finish_go(f, FINISH_OVER);
}

static enum work finish_ask(struct finish *f)
{
    bool job = f->state == FINISH_JOB;
    f->state = job ? FINISH_JOB_READ : FINISH_CONNECTOR_READ;
    return job ? worker_get_job(f->w, f->job_id) : worker_get_connector(f->w, f->connector_id);
}

enum work finish_step(void *st, struct moment now)
{
    struct finish *f = st;
    if (f->w->wait_until_ms > now.mono_ms) {
        return WORK_WAIT;
    }
    switch ((enum finish_state)f->state) {
    case FINISH_JOB:
    case FINISH_CONNECTOR:
        return finish_ask(f);
    case FINISH_JOB_READ:
        return finish_take_job(f, now);
    case FINISH_CONNECTOR_READ:
        return finish_take_connector(f, now);
    case FINISH_REFRESH:
        return finish_ask_index(f, S("/_refresh"), FINISH_REFRESHED);
    case FINISH_REFRESHED:
        return finish_go(f, FINISH_COUNT);
    case FINISH_COUNT:
        return finish_ask_index(f, S("/_count"), FINISH_COUNTED);
    case FINISH_COUNTED:
        return finish_take_count(f);
    case FINISH_WRITE_JOB:
        return finish_write_job(f, now);
    case FINISH_JOB_WRITTEN:
        return finish_end_job(f, now);
    case FINISH_WRITE_CONNECTOR:
        return finish_write_connector(f, now);
    case FINISH_CONNECTOR_WRITTEN:
        return finish_end_connector(f, now);
    case FINISH_OVER:
        break;
    }
    return WORK_DONE;
}
