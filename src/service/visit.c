// SPDX-License-Identifier: Apache-2.0
// One connector in one round (see visit.h). A failure of Elasticsearch itself ends the visit and is
// told to the round; everything else is the connector's own affair and goes into its record.
#include "service/visit.h"

#include "limits.h"
#include "service/classes.h"
#include "service/filter.h"
#include "service/license.h"
#include "service/prepare.h"

// A source that was found well with this very configuration is believed for so many rounds, and not
// longer than so: a ping costs two signatures and four requests to somebody else.
#define VISIT_WELL_ROUNDS 3
#define VISIT_WELL_US (300 * (i64)1000000)
#define VISIT_TRIES 3 // of the guarded update, when others write the record meanwhile

enum visit_state {
    VISIT_READ, // asks for the record
    VISIT_PREPARE,
    VISIT_PREPARED,
    VISIT_READ_AGAIN,
    VISIT_GREET,
    VISIT_GREETED,
    VISIT_OPEN,
    VISIT_PINGED,
    VISIT_FILTER,
    VISIT_CONNECTED,
    VISIT_LICENSE,
    VISIT_LICENSED,
    VISIT_ACCESS_CONTROL,
    VISIT_INCREMENTAL,
    VISIT_FULL,
    VISIT_TELL, // writes v->text, if there is any
    VISIT_TOLD,
    VISIT_OVER,
};

void visit_init(struct visit *v, struct plan *plan, const struct visit_settings *settings)
{
    *v = (struct visit){.sources = settings->sources, .registry = settings->registry};
    worker_init(&v->w, plan, &settings->env, CONNECTOR_RECORD_BYTES);
    ping_init(&v->w.ping, plan, v->sources.all, v->sources.count);
    open_init(&v->open, plan, settings->checker);
    draft_init(&v->draft, plan, &v->w, settings->rules);
    v->text = buf_over(plan_take(plan, "service errors", CONNECTOR_ERROR_BYTES, 1,
                                 "what a connector's record will say"),
                       CONNECTOR_ERROR_BYTES);
}

void visit_start(struct visit *v, str id, i64 since_us, i64 now_us)
{
    v->id = id;
    v->now_us = now_us;
    v->entry = registry_get(v->registry, id, since_us, now_us);
    v->active = true;
    v->state = VISIT_READ;
    v->tries = 0;
    v->failed = false;
    v->licensed = false;
    v->trouble = OK;
    buf_reset(&v->text);
    v->w.wait_until_ms = 0;
    v->decide = (struct decide){
        .w = &v->w, .id = id, .entry = v->entry, .c = &v->c, .now_us = now_us, .error = &v->text};
}

void visit_end(struct visit *v)
{
    worker_stop(&v->w);
    open_close(&v->open);
    v->active = false;
}

static enum work visit_go(struct visit *v, enum visit_state state)
{
    v->state = (int)state;
    return WORK_STEP;
}

static void visit_log(struct visit *v, enum log_level level, err e, str detail)
{
    struct log_fact facts[] = {{"connector_id", v->id}};
    log_err(v->w.log, level, e, detail, facts, COUNT(facts));
}

static void visit_say(struct visit *v, enum log_level level, str message)
{
    struct log_fact facts[] = {{"connector_id", v->id}};
    log_line(v->w.log, level, message, facts, COUNT(facts));
}

// Elasticsearch itself did not do what it was asked.
static enum work visit_give_up(struct visit *v)
{
    v->trouble = elastic_call_error(&v->w.call);
    visit_log(v, LOG_ERROR, v->trouble, buf_str(&v->w.call.detail));
    return visit_go(v, VISIT_OVER);
}

// Occurrences that pass while a connector cannot be served are not made up for, but for those that
// its own trouble holds back (`due` schedules are kept).
static void visit_pass(struct visit *v, enum job_type type, bool keep_due)
{
    i64 planned_us;
    u8 words[128];
    struct buf detail = buf_over(words, COUNT(words));
    i64 *decided_us = &v->entry->decided_us[type];
    bool due = decide_due(&v->c.schedules[type], *decided_us, v->now_us, &planned_us, &detail) ==
               DUE_YES;
    if (v->now_us > *decided_us && !(due && keep_due)) {
        *decided_us = v->now_us;
    }
}

static void visit_pass_all(struct visit *v, bool keep_due)
{
    for (int t = 0; t < JOB_TYPES; t++) {
        visit_pass(v, (enum job_type)t, keep_due);
    }
}

// The connector's own error: it goes into its record.
static enum work visit_fail(struct visit *v, err e, str detail)
{
    buf_reset(&v->text);
    classes_put_message(&v->text, e, detail);
    visit_log(v, LOG_ERROR, e, detail);
    v->failed = true;
    visit_pass_all(v, true);
    return visit_go(v, VISIT_TELL);
}

// A record that is too large to be read can be told so all the same: it is its own affair, and no
// reason for the service to give up. Its schedules are not known.
static void visit_refuse(struct visit *v, str detail)
{
    buf_reset(&v->text);
    classes_put_message(&v->text, FAIL(CONNECTOR_TOO_LARGE), detail);
    visit_log(v, LOG_ERROR, FAIL(CONNECTOR_TOO_LARGE), detail);
    v->failed = true;
    v->state = VISIT_TELL;
}

// ---- the record

static enum work visit_ask(struct visit *v, enum visit_state then)
{
    v->state = (int)then;
    return worker_get_connector(&v->w, v->id);
}

// The answer as the record in hand; false: the visit is over, and v->state says so.
static bool visit_take(struct visit *v)
{
    if (v->w.call.status == 404) {
        visit_say(v, LOG_WARN, S("the record of the connector is gone"));
        v->state = VISIT_OVER;
        return false;
    }
    if (err_is(v->w.call.error, ERR_CALL_TOO_LARGE)) {
        visit_refuse(v, (str){0});
        return false;
    }
    if (!worker_went_well(&v->w)) {
        (void)visit_give_up(v);
        return false;
    }
    err e = worker_read_connector(&v->w, &v->c);
    if (err_is(e, ERR_CONNECTOR_TOO_LARGE)) {
        visit_refuse(v, buf_str(&v->w.call.detail));
        return false;
    }
    if (!err_ok(e)) {
        visit_log(v, LOG_ERROR, e, buf_str(&v->w.call.detail));
        v->state = VISIT_OVER;
        return false;
    }
    if (v->c.deleted) {
        v->state = VISIT_OVER;
        return false;
    }
    return true;
}

static enum work visit_prepare(struct visit *v)
{
    if (!visit_take(v)) {
        return WORK_STEP;
    }
    const struct service_connector *entry = service_settings_find(v->w.settings, v->id);
    struct prepare_ask ask = {
        .connector = &v->c,
        .listed = entry != NULL,
        .service_type = entry ? entry->service_type : (str){0},
        .sources = v->sources.ops,
        .source_count = v->sources.count,
    };
    struct prepare_answer answer = {0};
    worker_update_connector(&v->w, v->id, &v->c);
    switch (prepare_put(&v->w.call.body, &ask, &answer)) {
    case PREPARE_NOTHING:
        return visit_go(v, VISIT_GREET);
    case PREPARE_NO_TYPE:
        visit_log(v, LOG_ERROR, FAIL(CONNECTOR_SERVICE_TYPE), (str){0});
        return visit_go(v, VISIT_OVER);
    case PREPARE_UNKNOWN:
        visit_say(v, LOG_DEBUG, S("not of a service type that this version knows: left alone"));
        return visit_go(v, VISIT_OVER);
    case PREPARE_WRITE:
        break;
    }
    if (answer.registered) {
        visit_say(v, LOG_INFO, S("the configuration schema is registered"));
    } else if (answer.upgraded) {
        visit_say(v, LOG_WARN, S("the record lacks fields or properties: they are added"));
    }
    v->state = VISIT_PREPARED;
    return WORK_CALL;
}

static enum work visit_end_prepare(struct visit *v)
{
    if (v->w.call.status == 409 && ++v->tries < VISIT_TRIES) {
        return visit_ask(v, VISIT_PREPARE);
    }
    return worker_went_well(&v->w) ? visit_ask(v, VISIT_READ_AGAIN) : visit_give_up(v);
}

// ---- heartbeat

static bool visit_heartbeat_is_due(const struct visit *v)
{
    i64 seen_us = v->c.last_seen_us;
    i64 span_us = v->w.settings->heartbeat_us;
    // A time that lies ahead was written by a wrong clock.
    return !v->entry->greeted || seen_us == INT64_MIN || v->now_us - seen_us >= span_us ||
           seen_us - v->now_us >= span_us;
}

static enum work visit_greet(struct visit *v, struct moment now)
{
    if (!visit_heartbeat_is_due(v)) {
        return visit_go(v, VISIT_OPEN);
    }
    if (v->w.settings->api) {
        worker_ask(&v->w, S("PUT"));
        connector_put_target(&v->w.call.target, S("/_connector/"), v->id);
        buf_put(&v->w.call.target, S("/_check_in"));
    } else {
        worker_update_connector(&v->w, v->id, NULL);
        connector_put_last_seen(&v->w.call.body, now.unix_us);
    }
    v->state = VISIT_GREETED;
    return WORK_CALL;
}

static enum work visit_end_greet(struct visit *v)
{
    if (!worker_went_well(&v->w)) {
        return visit_give_up(v);
    }
    v->entry->greeted = true;
    return visit_go(v, VISIT_OPEN);
}

// ---- the source

static enum work visit_connect(struct visit *v)
{
    worker_update_connector(&v->w, v->id, NULL);
    connector_put_connected(&v->w.call.body);
    v->state = VISIT_CONNECTED;
    return WORK_CALL;
}

static u64 visit_configuration_hash(const struct visit *v)
{
    u64 hash = hash_siphash(v->registry->key, json_raw(&v->c.json, v->c.configuration));
    return hash + (v->c.features.document_level_security ? 1 : 0);
}

static bool visit_is_believed(struct visit *v)
{
    struct registry_entry *e = v->entry;
    i64 age_us = v->now_us - e->well_us;
    if (e->well_rounds == 0 || e->well_hash != visit_configuration_hash(v) || age_us < 0 ||
        age_us > VISIT_WELL_US || v->c.status == CONNECTOR_ERROR || filter_is_edited(&v->c)) {
        e->well_rounds = 0;
        return false;
    }
    e->well_rounds--;
    return true;
}

static enum work visit_open(struct visit *v)
{
    if (v->c.status == CONNECTOR_CREATED || v->c.status == CONNECTOR_NEEDS_CONFIGURATION) {
        visit_say(v, LOG_INFO, S("the connector waits to be configured in Kibana"));
        visit_pass_all(v, false);
        return visit_go(v, VISIT_OVER);
    }
    if (!sources_find(&v->sources, v->c.service_type)) {
        visit_log(v, LOG_ERROR, FAIL(SERVICE_TYPE_UNKNOWN), v->c.service_type);
        return visit_go(v, VISIT_OVER);
    }
    if (visit_is_believed(v)) {
        return visit_connect(v);
    }
    struct open_ask ask = {
        .service_type = v->c.service_type,
        .json = &v->c.json,
        .configuration = v->c.configuration,
        .document_level_security = v->c.features.document_level_security,
        .probe = true,
    };
    err e = open_source(&v->open, &v->sources, &ask);
    if (!err_ok(e)) {
        open_close(&v->open);
        return visit_fail(v, e, buf_str(&v->open.detail));
    }
    ping_start(&v->w.ping, v->open.source);
    v->state = VISIT_PINGED;
    return WORK_PING;
}

static enum work visit_end_ping(struct visit *v)
{
    bool advanced = v->open.source->ops->schema->advanced_rules;
    open_close(&v->open);
    if (!err_ok(v->w.ping.error)) {
        return visit_fail(v, v->w.ping.error, buf_str(&v->w.ping.detail));
    }
    v->entry->well_hash = visit_configuration_hash(v);
    v->entry->well_us = v->now_us;
    v->entry->well_rounds = VISIT_WELL_ROUNDS;
    draft_start(&v->draft, v->id, &v->c, advanced);
    return visit_go(v, VISIT_FILTER);
}

// ---- connected

static enum work visit_filter(struct visit *v)
{
    enum work work = draft_step(&v->draft);
    if (work != WORK_DONE) {
        return work;
    }
    if (v->draft.gone) {
        return visit_go(v, VISIT_OVER);
    }
    return visit_connect(v);
}

static enum work visit_end_connect(struct visit *v)
{
    if (v->w.call.status == 404) {
        return visit_go(v, VISIT_OVER); // the record vanished meanwhile
    }
    return worker_went_well(&v->w) ? visit_go(v, VISIT_LICENSE) : visit_give_up(v);
}

// ---- schedules

// The license is asked for only when a sync that needs it is due.
static bool visit_wants_license(struct visit *v)
{
    i64 planned_us;
    u8 words[128];
    struct buf detail = buf_over(words, COUNT(words));
    return v->c.features.document_level_security &&
           decide_due(&v->c.schedules[JOB_ACCESS_CONTROL], v->entry->decided_us[JOB_ACCESS_CONTROL],
                      v->now_us, &planned_us, &detail) == DUE_YES;
}

static enum work visit_license(struct visit *v)
{
    decide_start(&v->decide, JOB_ACCESS_CONTROL);
    if (!v->c.features.document_level_security) {
        visit_pass(v, JOB_ACCESS_CONTROL, false);
        decide_start(&v->decide, JOB_INCREMENTAL);
        return visit_go(v, VISIT_INCREMENTAL);
    }
    if (!visit_wants_license(v)) {
        return visit_go(v, VISIT_ACCESS_CONTROL); // nothing due, or it cannot be read
    }
    license_ask(&v->w);
    v->state = VISIT_LICENSED;
    return WORK_CALL;
}

static enum work visit_end_license(struct visit *v)
{
    u8 words[256];
    struct buf detail = buf_over(words, COUNT(words));
    err e = license_read(&v->w, &detail);
    if (!err_ok(e)) {
        visit_log(v, LOG_ERROR, e, buf_str(&detail));
        visit_pass(v, JOB_ACCESS_CONTROL, !err_is(e, ERR_SERVICE_LICENSE));
        decide_start(&v->decide, JOB_INCREMENTAL);
        return visit_go(v, VISIT_INCREMENTAL);
    }
    return visit_go(v, VISIT_ACCESS_CONTROL);
}

static enum work visit_decide(struct visit *v, enum visit_state then, enum job_type next)
{
    enum work work = decide_step(&v->decide);
    if (work != WORK_DONE) {
        return work;
    }
    decide_start(&v->decide, next);
    return visit_go(v, then);
}

static enum work visit_incremental(struct visit *v)
{
    if (!v->c.features.incremental_sync) {
        visit_pass(v, JOB_INCREMENTAL, false);
        decide_start(&v->decide, JOB_FULL);
        return visit_go(v, VISIT_FULL);
    }
    return visit_decide(v, VISIT_FULL, JOB_FULL);
}

static enum work visit_tell(struct visit *v)
{
    if (v->text.n == 0) {
        return visit_go(v, VISIT_OVER);
    }
    worker_update_connector(&v->w, v->id, NULL);
    connector_put_error(&v->w.call.body, buf_str(&v->text));
    v->state = VISIT_TOLD;
    return WORK_CALL;
}

static enum work visit_end_tell(struct visit *v)
{
    if (!worker_went_well(&v->w) && v->w.call.status != 404) {
        return visit_give_up(v);
    }
    return visit_go(v, VISIT_OVER);
}

enum work visit_step(void *st, struct moment now)
{
    struct visit *v = st;
    switch ((enum visit_state)v->state) {
    case VISIT_READ:
        return visit_ask(v, VISIT_PREPARE);
    case VISIT_PREPARE:
        return visit_prepare(v);
    case VISIT_PREPARED:
        return visit_end_prepare(v);
    case VISIT_READ_AGAIN:
        return visit_take(v) ? visit_go(v, VISIT_GREET) : WORK_STEP;
    case VISIT_GREET:
        return visit_greet(v, now);
    case VISIT_GREETED:
        return visit_end_greet(v);
    case VISIT_OPEN:
        return visit_open(v);
    case VISIT_PINGED:
        return visit_end_ping(v);
    case VISIT_FILTER:
        return visit_filter(v);
    case VISIT_CONNECTED:
        return visit_end_connect(v);
    case VISIT_LICENSE:
        return visit_license(v);
    case VISIT_LICENSED:
        return visit_end_license(v);
    case VISIT_ACCESS_CONTROL:
        return visit_decide(v, VISIT_INCREMENTAL, JOB_INCREMENTAL);
    case VISIT_INCREMENTAL:
        return visit_incremental(v);
    case VISIT_FULL:
        return visit_decide(v, VISIT_TELL, JOB_FULL);
    case VISIT_TELL:
        return visit_tell(v);
    case VISIT_TOLD:
        return visit_end_tell(v);
    case VISIT_OVER:
        break;
    }
    return WORK_DONE;
}
