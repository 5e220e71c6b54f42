// SPDX-License-Identifier: Apache-2.0
// The life of one job (see runner.h): a state machine that is asked after each turn of the loop.
#include <string.h>

#include "limits.h"
#include "base/hash.h"
#include "service/classes.h"
#include "service/license.h"
#include "service/runner_internal.h"
#include "sync/rules_validate.h"

#define RUNNER_TRIES 3 // of the guarded update that takes the connector

void runner_init(struct runner *r, struct plan *plan, const struct runner_settings *settings)
{
    *r = (struct runner){
        .engine = settings->engine,
        .sources = settings->sources,
        .job_id = {.p = r->job_id_bytes},
        .state = RUNNER_OVER,
    };
    worker_init(&r->w, plan, &settings->env, CONNECTOR_RECORD_BYTES);
    ping_init(&r->w.ping, plan, r->sources.all, r->sources.count);
    open_init(&r->open, plan, settings->checker);
    finish_init(&r->finish, plan, &r->w);
    if (r->engine.job) {
        rules_init(&r->rules, plan);
        r->validation = buf_over(plan_take(plan, "service validations", SERVICE_VALIDATION_BYTES, 1,
                                           "what is wrong with a draft of sync rules"),
                                 SERVICE_VALIDATION_BYTES);
    }
    r->check_nodes = plan_take_n(plan, "service nodes", struct json_node, CONNECTOR_NODES,
                                 "JSON values of a record");
    r->check_texts = plan_take(plan, "service texts", CONNECTOR_TEXTS_BYTES, 1,
                               "names and intervals of a record, decoded");
}

static str runner_copy(u8 *to, str id)
{
    ASSERT(id.n <= CONNECTOR_ID_BYTES);
    memcpy(to, id.p, (size_t)id.n);
    return str_make(to, id.n);
}

void runner_start(struct runner *r, str job_id, str connector_id, enum job_type type)
{
    ASSERT(!r->active);
    r->active = true;
    r->state = RUNNER_CONNECTOR;
    r->stopping = r->claimed = r->started = r->told = r->blind = false;
    r->counting = true;
    r->tries = 0;
    r->job_id = runner_copy(r->job_id_bytes, job_id);
    r->connector_id = runner_copy(r->connector_id_bytes, connector_id);
    r->type = type;
    r->w.wait_until_ms = 0;
    finish_reset(&r->finish);
    r->finish.job_id = r->job_id;
    r->finish.connector_id = r->connector_id;
    r->finish.type = type;
    r->finish.counted = true;
}

// ---- words

void runner_log(struct runner *r, enum log_level level, err e, str detail)
{
    struct log_fact facts[] = {{"connector_id", r->connector_id}, {"sync_job_id", r->job_id}};
    log_err(r->w.log, level, e, detail, facts, COUNT(facts));
}

void runner_say(struct runner *r, enum log_level level, str message)
{
    struct log_fact facts[] = {{"connector_id", r->connector_id},
                               {"sync_job_id", r->job_id},
                               {"job_type", str_from(job_type_name(r->type))}};
    log_line(r->w.log, level, message, facts, COUNT(facts));
}

enum work runner_go(struct runner *r, enum runner_state state)
{
    r->state = (int)state;
    return WORK_STEP;
}

// The job stays as it is: another round, or another service, may take it.
static enum work runner_leave(struct runner *r, enum log_level level, str why)
{
    runner_say(r, level, why);
    return runner_go(r, RUNNER_OVER);
}

static enum work runner_leave_failed(struct runner *r)
{
    err e = elastic_call_error(&r->w.call);
    runner_log(r, LOG_ERROR, e, buf_str(&r->w.call.detail));
    return runner_go(r, RUNNER_OVER);
}

// ---- endings: what is known goes into r->finish, which writes it

enum work runner_finish(struct runner *r, enum job_outcome outcome)
{
    if (r->started) {
        const struct sync_stats *s = engine_stats(&r->engine);
        r->finish.counts = (struct job_counts){
            .indexed = s->documents_indexed,
            .deleted = s->documents_deleted,
            .volume_bytes = s->document_bytes,
            .total = -1,
        };
        engine_put_metadata(&r->finish.metadata, &r->engine);
        bool warns;
        str notice = engine_notice(&r->engine, &warns);
        if (notice.n) {
            runner_say(r, warns ? LOG_WARN : LOG_INFO, notice);
        }
    }
    r->finish.outcome = outcome;
    struct log_fact facts[] = {{"connector_id", r->connector_id},
                               {"sync_job_id", r->job_id},
                               {"outcome", str_from(job_outcome_name(outcome))}};
    log_line(r->w.log, outcome == OUTCOME_ERROR ? LOG_ERROR : LOG_INFO, S("the sync job ends"),
             facts, COUNT(facts));
    open_close(&r->open);
    finish_begin(&r->finish);
    return runner_go(r, RUNNER_FINISH);
}

enum work runner_fail(struct runner *r, err e, str detail)
{
    if (r->finish.error.n == 0) {
        classes_put_job_error(&r->finish.error, e, detail);
    }
    runner_log(r, LOG_ERROR, e, detail);
    return runner_finish(r, OUTCOME_ERROR);
}

enum work runner_end(struct runner *r)
{
    const struct engine *e = &r->engine;
    if (r->told && r->finish.outcome != OUTCOME_SUSPENDED) {
        return runner_finish(r, r->finish.outcome); // canceled, or the reason lies in finish.error
    }
    switch (engine_end(e)) {
    case JOB_COMPLETED:
    case JOB_COMPLETED_WITH_REFUSALS:
        return runner_finish(r, OUTCOME_COMPLETED);
    case JOB_ERROR:
        break;
    case JOB_STOPPED:
    case JOB_AGAIN:
        return runner_finish(r, OUTCOME_SUSPENDED);
    }
    bool told = err_is(engine_error(e), ERR_ES_KEY_RIGHTS); // its detail is the whole text
    return runner_fail(r, told ? FAIL(SYNC_JOB_FORBIDDEN) : engine_error(e), engine_detail(e));
}

// ---- taking the job

static bool runner_is_busy(const struct runner *r, const struct connector *c)
{
    str status = r->type == JOB_ACCESS_CONTROL ? c->last_access_control_sync_status
                                               : c->last_sync_status;
    return str_eq(status, S("in_progress"));
}

enum work runner_ask_job(struct runner *r, enum runner_state then)
{
    r->state = (int)then;
    return worker_get_job(&r->w, r->job_id);
}

static enum work runner_take_connector(struct runner *r)
{
    struct connector c;
    if (r->stopping) {
        return runner_leave(r, LOG_DEBUG, S("stopping: the job is not begun"));
    }
    if (r->w.call.status == 404) {
        return runner_leave(r, LOG_ERROR, S("the connector of the job is gone"));
    }
    if (!worker_went_well(&r->w)) {
        return runner_leave_failed(r);
    }
    err e = worker_read_connector(&r->w, &c);
    if (!err_ok(e)) {
        runner_log(r, LOG_ERROR, e, buf_str(&r->w.call.detail));
        return runner_go(r, RUNNER_OVER);
    }
    if (c.deleted) {
        return runner_leave(r, LOG_ERROR, S("the connector of the job is deleted"));
    }
    if (runner_is_busy(r, &c)) {
        return runner_leave(r, LOG_DEBUG, S("a sync of this connector is under way already"));
    }
    r->features = c.features;
    r->seq_no = c.seq_no;
    r->primary_term = c.primary_term;
    if (r->type != JOB_ACCESS_CONTROL) {
        return runner_ask_job(r, RUNNER_JOB_READ);
    }
    if (!c.features.document_level_security) {
        return runner_leave(r, LOG_DEBUG, S("document level security is off for this connector"));
    }
    license_ask(&r->w);
    r->state = RUNNER_LICENSED;
    return WORK_CALL;
}

static err runner_read_license(struct runner *r, struct buf *detail)
{
    err e = license_read(&r->w, detail);
    if (!err_ok(e)) {
        runner_log(r, LOG_ERROR, e, buf_str(detail));
    }
    return e;
}

static enum work runner_take_license(struct runner *r)
{
    u8 words[512];
    struct buf detail = buf_over(words, COUNT(words));
    return err_ok(runner_read_license(r, &detail)) ? runner_ask_job(r, RUNNER_JOB_READ)
                                                   : runner_go(r, RUNNER_OVER);
}

// The job as it is now. False: it is out of reach, or makes no sense this time; or, if it is
// `*too_large`, nobody will ever read it.
static bool runner_read_job(struct runner *r, bool *too_large)
{
    *too_large = err_is(r->w.call.error, ERR_CALL_TOO_LARGE);
    if (*too_large) {
        buf_reset(&r->w.call.detail);
        return false;
    }
    if (!worker_went_well(&r->w)) {
        (void)runner_leave_failed(r);
        return false;
    }
    err e = worker_read_job(&r->w, &r->job);
    if (err_is(e, ERR_SYNC_JOB_TOO_LARGE)) {
        *too_large = true;
    } else if (!err_ok(e)) {
        runner_log(r, LOG_ERROR, e, buf_str(&r->w.call.detail));
    }
    return err_ok(e);
}

static enum work runner_fail_too_large(struct runner *r)
{
    return runner_fail(r, FAIL(SYNC_JOB_TOO_LARGE), buf_str(&r->w.call.detail));
}

static bool runner_is_waiting(const struct runner *r)
{
    return r->job.status == JOB_PENDING || r->job.status == JOB_SUSPENDED;
}

static enum work runner_take_job(struct runner *r)
{
    bool too_large = false;
    if (r->stopping || !runner_read_job(r, &too_large)) {
        // Left as it is it would be taken in each round, before all others of its connector.
        return too_large ? runner_fail_too_large(r) : runner_go(r, RUNNER_OVER);
    }
    if (!runner_is_waiting(r) || !r->job.type_known || r->job.type != r->type ||
        !str_eq(r->job.connector_id, r->connector_id)) {
        return runner_leave(r, LOG_DEBUG, S("the job is not waiting any more"));
    }
    struct connector guard = {.seq_no = r->seq_no, .primary_term = r->primary_term};
    worker_update_connector(&r->w, r->connector_id, &guard);
    connector_put_sync_starts(&r->w.call.body, r->type);
    r->state = RUNNER_TAKEN;
    return WORK_CALL;
}

static enum work runner_end_take(struct runner *r)
{
    if (r->w.call.status == 409 && ++r->tries < RUNNER_TRIES && !r->stopping) {
        return runner_go(r, RUNNER_CONNECTOR);
    }
    if (!worker_went_well(&r->w)) {
        return runner_leave_failed(r);
    }
    return runner_ask_job(r, RUNNER_JOB_AGAIN);
}

// The connector is taken, so from here on every way out goes through runner_finish().
static enum work runner_claim(struct runner *r, struct moment now)
{
    struct worker *w = &r->w;
    if (w->call.status == 404) {
        r->finish.job_gone = true;
        return runner_finish(r, OUTCOME_ERROR);
    }
    bool too_large;
    bool read = runner_read_job(r, &too_large);
    if (too_large) {
        return runner_fail_too_large(r);
    }
    if (!read || !runner_is_waiting(r)) { // out of reach, or cancelled in this very moment
        r->finish.job_ended = true;
        bool canceled = read && r->job.status == JOB_CANCELED;
        r->finish.leave_connector = read && (r->job.status == JOB_IN_PROGRESS ||
                                             r->job.status == JOB_CANCELING);
        runner_say(r, LOG_INFO, S("the job is not waiting any more, or cannot be read"));
        return runner_finish(r, canceled ? OUTCOME_CANCELED : OUTCOME_SUSPENDED);
    }
    if (w->settings->api) {
        worker_ask(w, S("PUT"));
        connector_put_target(&w->call.target, S("/_connector/_sync_job/"), r->job_id);
        buf_put(&w->call.target, S("/_claim"));
    } else {
        worker_ask(w, S("POST"));
        connector_put_target(&w->call.target, S("/.elastic-connectors-sync-jobs/_update/"),
                             r->job_id);
        connector_put_guard(&w->call.target, r->job.seq_no, r->job.primary_term);
    }
    sync_job_put_claim(&w->call.body, w->settings->host_name, !w->settings->api, now.unix_us);
    r->state = RUNNER_CLAIMED;
    return WORK_CALL;
}

static enum work runner_end_claim(struct runner *r, struct moment now)
{
    struct worker *w = &r->w;
    if (w->call.status == 409 && ++r->tries < RUNNER_TRIES) {
        return runner_ask_job(r, RUNNER_JOB_AGAIN); // direct mode: the job has changed
    }
    if (!worker_went_well(w)) {
        u8 words[CONNECTOR_ID_BYTES + EXCHANGE_DETAIL_BYTES + 64];
        struct buf detail = buf_over(words, COUNT(words));
        err e = elastic_call_error(&w->call);
        if (w->call.status == 0 || w->call.status == 429 || w->call.status >= 500) {
            runner_log(r, LOG_ERROR, e, buf_str(&w->call.detail));
            return runner_finish(r, OUTCOME_SUSPENDED); // weather: it will be taken again
        }
        classes_put_protocol(&detail, S("claim"), r->job_id,
                             w->call.detail.n ? buf_str(&w->call.detail) : str_from(err_what(e)));
        return runner_fail(r, FAIL(SYNC_JOB_PROTOCOL), buf_str(&detail));
    }
    runner_say(r, LOG_INFO, S("the sync job begins"));
    r->claimed = true;
    r->seen_ms = now.mono_ms;
    return r->stopping ? runner_finish(r, OUTCOME_SUSPENDED) : runner_go(r, RUNNER_OPEN);
}

// ---- preparing

static str runner_authorization(const struct runner *r)
{
    const struct service_connector *c = service_settings_find(r->w.settings, r->connector_id);
    return c ? c->authorization : (str){0};
}

// The rules of the snapshot, judged again. On an error r->validation is what is wrong.
static err runner_load_rules(struct runner *r)
{
    const struct source *source = sources_find(&r->sources, r->job.service_type);
    str filtering = json_raw(&r->job.json, r->job.filtering);
    u8 words[256];
    struct buf detail = buf_over(words, COUNT(words));
    bool valid;
    r->ruled = r->engine.job && source && r->job.filtering >= 0 &&
               (r->features.sync_rules_basic || r->features.sync_rules_advanced);
    if (!r->ruled) {
        return OK;
    }
    bool advanced = source->ops->schema->advanced_rules;
    buf_reset(&r->validation);
    err e = rules_validate(&r->rules, filtering, advanced, &r->validation, &valid, &detail);
    if (err_ok(e) && !valid) {
        return FAIL(SYNC_JOB_FILTER);
    }
    if (err_ok(e)) {
        e = rules_load(&r->rules, filtering, advanced, &detail);
    }
    if (!err_ok(e)) {
        buf_reset(&r->validation);
        buf_put(&r->validation, str_from(err_what(e)));
        return FAIL(SYNC_JOB_FILTER);
    }
    return OK;
}

static enum work runner_open(struct runner *r)
{
    if (r->type == JOB_INCREMENTAL && !r->features.incremental_sync) {
        u8 words[CONNECTOR_ID_BYTES + 64];
        struct buf detail = buf_over(words, COUNT(words));
        classes_put_incremental(&detail, r->connector_id);
        return runner_fail(r, FAIL(SYNC_JOB_INCREMENTAL), buf_str(&detail));
    }
    err e = runner_load_rules(r);
    if (!err_ok(e)) {
        return runner_fail(r, e, buf_str(&r->validation));
    }
    struct open_ask ask = {
        .service_type = r->job.service_type,
        .json = &r->job.json,
        .configuration = r->job.configuration,
        .document_level_security = r->features.document_level_security,
        .queries = r->ruled ? r->rules.queries : NULL,
        .query_count = r->ruled ? r->rules.query_count : 0,
        .content = r->job.extract_binary_content,
    };
    e = open_source(&r->open, &r->sources, &ask);
    if (!err_ok(e)) {
        return runner_fail(r, e, buf_str(&r->open.detail));
    }
    if (r->open.source->unverified) {
        runner_say(r, LOG_WARN, OPEN_UNVERIFIED);
    }
    if (r->open.source->warning) {
        runner_say(r, LOG_WARN, str_from(r->open.source->warning));
    }
    ping_start(&r->w.ping, r->open.source);
    r->state = RUNNER_PINGED;
    return WORK_PING;
}

static enum work runner_end_ping(struct runner *r)
{
    if (r->stopping) {
        return runner_finish(r, OUTCOME_SUSPENDED);
    }
    if (!err_ok(r->w.ping.error)) {
        return runner_fail(r, r->w.ping.error, buf_str(&r->w.ping.detail));
    }
    str own = runner_authorization(r);
    if (r->type != JOB_ACCESS_CONTROL || own.n == 0) {
        return runner_go(r, RUNNER_START); // with the same credentials it was asked already
    }
    r->es_own = *r->w.es;
    r->es_own.settings.authorization = own;
    license_ask(&r->w);
    r->w.call.es = &r->es_own;
    r->state = RUNNER_LICENSED_OWN;
    return WORK_CALL;
}

static enum work runner_end_license(struct runner *r)
{
    u8 words[512];
    struct buf detail = buf_over(words, COUNT(words));
    err e = license_read(&r->w, &detail);
    return err_ok(e) ? runner_go(r, RUNNER_START) : runner_fail(r, e, buf_str(&detail));
}

// As the job's snapshot has them, byte for byte.
static u64 runner_hash_rules(const struct runner *r)
{
    return hash_siphash((struct hash_key){0}, json_raw(&r->job.json, r->job.filtering));
}

static void runner_configure(struct runner *r)
{
    if (r->engine.job) {
        struct job_run run = {
            .source = r->open.source,
            .incremental = r->type == JOB_INCREMENTAL,
            .index = r->job.index_name,
            .pipeline = r->job.pipeline,
            .authorization = runner_authorization(r),
            .extract_binary_content = r->job.extract_binary_content,
            .reduce_whitespace = r->job.reduce_whitespace,
            .run_ml_inference = r->job.run_ml_inference,
            .document_level_security = r->open.secured,
            .connector = r->connector_id,
            .rules_hash = r->ruled ? runner_hash_rules(r) : 0,
            .rules = r->ruled ? &r->rules : NULL,
        };
        job_configure(r->engine.job, &run);
    } else {
        struct access_run run = {
            .source = r->open.source,
            .index = r->job.index_name,
            .authorization = runner_authorization(r),
            .pipeline = r->job.pipeline,
            .enabled = r->open.secured,
        };
        access_configure(r->engine.access, &run);
    }
}

static enum work runner_begin(struct runner *r, struct moment now)
{
    if (r->stopping) {
        return runner_finish(r, OUTCOME_SUSPENDED);
    }
    runner_configure(r);
    engine_start(&r->engine);
    r->started = true;
    r->check_ms = now.mono_ms; // at once
    r->stats_ms = now.mono_ms + SERVICE_STATS_MS;
    return runner_go(r, RUNNER_RUNNING);
}

// ---- the machine

enum work runner_step(void *st, struct moment now)
{
    struct runner *r = st;
    switch ((enum runner_state)r->state) {
    case RUNNER_CONNECTOR:
        r->state = RUNNER_CONNECTOR_READ;
        return worker_get_connector(&r->w, r->connector_id);
    case RUNNER_CONNECTOR_READ:
        return runner_take_connector(r);
    case RUNNER_LICENSED:
        return runner_take_license(r);
    case RUNNER_JOB_READ:
        return runner_take_job(r);
    case RUNNER_TAKEN:
        return runner_end_take(r);
    case RUNNER_JOB_AGAIN:
        return runner_claim(r, now);
    case RUNNER_CLAIMED:
        return runner_end_claim(r, now);
    case RUNNER_OPEN:
        return runner_open(r);
    case RUNNER_PINGED:
        return runner_end_ping(r);
    case RUNNER_LICENSED_OWN:
        return runner_end_license(r);
    case RUNNER_START:
        return runner_begin(r, now);
    case RUNNER_RUNNING:
    case RUNNER_CHECK_CONNECTOR:
    case RUNNER_CHECK_JOB:
    case RUNNER_STATS:
    case RUNNER_STOPPING:
        return runner_watch_step(r, now);
    case RUNNER_FINISH:
        return finish_step(&r->finish, now);
    case RUNNER_OVER:
        break;
    }
    return WORK_DONE;
}

static bool runner_has_engine(const struct runner *r)
{
    return r->started && r->state >= RUNNER_RUNNING && r->state <= RUNNER_STOPPING;
}

void runner_turn(struct runner *r, struct moment now)
{
    struct routine routine = {.step = runner_step, .st = r};
    if (!r->active) {
        return;
    }
    if (runner_has_engine(r)) {
        engine_step(&r->engine);
    }
    if (worker_turn(&r->w, &routine, now)) {
        open_close(&r->open);
        r->active = false;
    }
}

i64 runner_wait_until_ms(const struct runner *r, i64 now_ms)
{
    if (!r->active) {
        return INT64_MAX;
    }
    i64 until_ms = worker_wait_until_ms(&r->w);
    if (runner_has_engine(r) && !engine_is_done(&r->engine)) {
        i64 engine_ms = now_ms + engine_wait_ms(&r->engine);
        until_ms = engine_ms < until_ms ? engine_ms : until_ms;
    }
    return until_ms;
}

void runner_stop(struct runner *r)
{
    if (!r->active || r->stopping) {
        return;
    }
    r->stopping = true;
    if (r->state <= RUNNER_JOB_READ) {
        worker_cancel(&r->w);
        r->state = RUNNER_OVER;
    } else if (r->state == RUNNER_PINGED) {
        worker_cancel(&r->w);
    } else if (r->state >= RUNNER_RUNNING && r->state <= RUNNER_STATS) {
        worker_cancel(&r->w); // a look at the records, which may hang: it is not needed any more
        r->state = RUNNER_RUNNING;
    }
    r->w.wait_until_ms = 0;
}

void runner_abandon(struct runner *r)
{
    worker_stop(&r->w);
    open_close(&r->open);
    r->active = false;
}
