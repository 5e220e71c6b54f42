// SPDX-License-Identifier: Apache-2.0
// One schedule decision (see decide.h).
#include "service/decide.h"

#include "base/date.h"
#include "codec/cron.h"
#include "codec/json_write.h"
#include "elastic/answers.h"
#include "limits.h"

#define DECIDE_TRIES 3 // reads of the record when others write it meanwhile
// A planned time so far ahead was written by a clock that was wrong: believed, it would stop the
// schedule until then.
#define DECIDE_AHEAD_US (600 * (i64)1000000)

enum decide_state {
    DECIDE_LOOK,
    DECIDE_SOUGHT,
    DECIDE_READ,
    DECIDE_PLANNED,
    DECIDE_MADE,
    DECIDE_OVER
};

static i64 decide_floor_s(i64 us)
{
    i64 s = us / 1000000;
    return us % 1000000 < 0 ? s - 1 : s;
}

enum due decide_due(const struct connector_schedule *s, i64 decided_us, i64 now_us, i64 *planned_us,
                    struct buf *detail)
{
    if (!s->enabled) {
        return DUE_NO;
    }
    struct cron cron;
    if (!err_ok(cron_parse(s->interval, &cron, detail))) {
        return DUE_BAD;
    }
    i64 after_us = decided_us;
    if (s->last_scheduled_us > after_us && s->last_scheduled_us <= now_us + DECIDE_AHEAD_US) {
        after_us = s->last_scheduled_us; // another service did it
    }
    i64 next_s;
    if (!cron_next(&cron, decide_floor_s(after_us), &next_s)) {
        return DUE_NEVER;
    }
    *planned_us = next_s * 1000000;
    return *planned_us <= now_us ? DUE_YES : DUE_NO;
}

void decide_start(struct decide *d, enum job_type type)
{
    d->type = type;
    d->state = DECIDE_LOOK;
    d->tries = 0;
}

static enum work decide_end(struct decide *d, bool decided)
{
    if (decided && d->now_us > d->entry->decided_us[d->type]) {
        d->entry->decided_us[d->type] = d->now_us;
    }
    if (decided && d->entry->decided_us[d->type] > d->now_us + DECIDE_AHEAD_US) {
        d->entry->decided_us[d->type] = d->now_us; // the clock was set back
    }
    d->state = DECIDE_OVER;
    return WORK_DONE;
}

static void decide_log(struct decide *d, enum log_level level, err e, str detail)
{
    struct log_fact facts[] = {{"connector_id", d->id},
                               {"job_type", str_from(job_type_name(d->type))}};
    log_err(d->w->log, level, e, detail, facts, COUNT(facts));
}

static void decide_say(struct decide *d, enum log_level level, str message)
{
    struct log_fact facts[] = {{"connector_id", d->id},
                               {"job_type", str_from(job_type_name(d->type))}};
    log_line(d->w->log, level, message, facts, COUNT(facts));
}

// "full schedule: minute 60 ...".
static void decide_put_bad(struct decide *d, str detail)
{
    if (d->error->n) {
        buf_put(d->error, S("; "));
    }
    buf_put(d->error, S("the schedule of "));
    buf_put(d->error, str_from(job_type_name(d->type)));
    buf_put(d->error, S(" syncs cannot be understood: "));
    buf_put(d->error, detail);
}

// One attempt: were the loop to repeat it after an answer that was lost, there would be two jobs.
static enum work decide_make_job(struct decide *d)
{
    struct worker *w = d->w;
    worker_ask(w, S("POST"));
    w->call.once = w->call.unique = true;
    if (w->settings->api) {
        buf_put(&w->call.target, S("/_connector/_sync_job"));
        sync_job_put_create(&w->call.body, d->id, d->type);
    } else {
        buf_put(&w->call.target, S("/.elastic-connectors-sync-jobs/_doc"));
        err e = sync_job_put_record(&w->call.body, d->c, d->type, d->now_us);
        if (!err_ok(e)) {
            decide_log(d, LOG_ERROR, e, (str){0});
            return decide_end(d, true);
        }
    }
    d->state = DECIDE_MADE;
    return WORK_CALL;
}

// A scheduled job that was made since the planned time of what is owed.
static enum work decide_seek_job(struct decide *d)
{
    struct buf *b = &d->w->call.body;
    worker_ask(d->w, S("POST"));
    buf_put(&d->w->call.target,
            S("/.elastic-connectors-sync-jobs/_search?expand_wildcards=hidden"));
    struct json_write type = json_write_to(b), id = json_write_to(b);
    buf_put(b, S("{\"size\":1,\"_source\":[\"status\"],\"query\":{\"bool\":{\"filter\":["
                 "{\"term\":{\"trigger_method\":\"scheduled\"}},{\"term\":{\"job_type\":"));
    json_write_string(&type, str_from(job_type_name(d->type)));
    buf_put(b, S("}},{\"term\":{\"connector.id\":"));
    json_write_string(&id, d->id);
    buf_put(b, S("}},{\"range\":{\"created_at\":{\"gte\":\""));
    date_put_iso_us(b, d->entry->owed_us[d->type]);
    buf_put(b, S("\"}}}]}}}"));
    d->state = DECIDE_SOUGHT;
    return WORK_CALL;
}

// `fresh`: the record was read for this decision, and its guard holds.
static enum work decide_look(struct decide *d, bool fresh)
{
    u8 words[256];
    struct buf detail = buf_over(words, COUNT(words));
    if (!fresh && d->entry->owed[d->type] != OWED_NO) {
        return d->entry->owed[d->type] == OWED_SURELY ? decide_make_job(d) : decide_seek_job(d);
    }
    enum due due = decide_due(&d->c->schedules[d->type], d->entry->decided_us[d->type], d->now_us,
                              &d->planned_us, &detail);
    switch (due) {
    case DUE_NO:
        return decide_end(d, true);
    case DUE_NEVER:
        decide_say(d, LOG_WARN, S("the schedule has no occurrence any more"));
        return decide_end(d, true);
    case DUE_BAD:
        decide_put_bad(d, buf_str(&detail));
        return decide_end(d, true);
    case DUE_YES:
        break;
    }
    if (!fresh) {
        d->state = DECIDE_READ;
        return worker_get_connector(d->w, d->id);
    }
    worker_update_connector(d->w, d->id, d->c);
    connector_put_scheduled(&d->w->call.body, d->type, d->planned_us);
    d->state = DECIDE_PLANNED;
    return WORK_CALL;
}

static enum work decide_fail(struct decide *d)
{
    err e = elastic_call_error(&d->w->call);
    decide_log(d, LOG_ERROR, e, buf_str(&d->w->call.detail));
    return decide_end(d, false); // the occurrence is looked at again in the next round
}

static enum work decide_end_read(struct decide *d)
{
    if (!worker_went_well(d->w)) {
        return decide_fail(d);
    }
    err e = worker_read_connector(d->w, d->c);
    if (!err_ok(e)) {
        decide_log(d, LOG_ERROR, e, buf_str(&d->w->call.detail));
        return decide_end(d, false);
    }
    if (d->c->deleted) {
        return decide_end(d, true);
    }
    return decide_look(d, true);
}

static enum work decide_end_planned(struct decide *d)
{
    if (d->w->call.status == 409 && ++d->tries < DECIDE_TRIES) {
        d->state = DECIDE_READ;
        return worker_get_connector(d->w, d->id);
    }
    if (!worker_went_well(d->w)) {
        return decide_fail(d);
    }
    d->entry->owed_us[d->type] = d->planned_us;
    return decide_make_job(d);
}

static enum work decide_end_sought(struct decide *d)
{
    struct search_answer answer;
    str hit;
    if (!worker_went_well(d->w)) {
        return decide_fail(d);
    }
    search_answer_init(&answer, buf_str(&d->w->call.answer));
    bool made = search_answer_next(&answer, &hit);
    if (!made && err_ok(answer.error)) {
        return decide_make_job(d);
    }
    if (made) {
        d->entry->owed[d->type] = OWED_NO;
        d->state = DECIDE_LOOK;
        return WORK_STEP;
    }
    return decide_end(d, false);
}

// What becomes of an occurrence whose job was not made, or not for sure: it is not given up.
static enum registry_owed decide_owed(const struct elastic_call *call)
{
    if (call->status == 429 || call->status == 503) {
        return OWED_SURELY;
    }
    bool lost = call->status == 0 && !err_is(call->error, ERR_CALL_REQUEST);
    return lost || call->status == 408 || call->status >= 500 ? OWED_PERHAPS : OWED_NO;
}

static enum work decide_end_made(struct decide *d)
{
    bool made = worker_went_well(d->w);
    d->entry->owed[d->type] = made ? OWED_NO : decide_owed(&d->w->call);
    if (!made) {
        err e = elastic_call_error(&d->w->call);
        decide_log(d, LOG_ERROR, e, buf_str(&d->w->call.detail));
    } else {
        decide_say(d, LOG_INFO, S("a scheduled sync job was made"));
    }
    return decide_end(d, true);
}

enum work decide_step(struct decide *d)
{
    switch ((enum decide_state)d->state) {
    case DECIDE_LOOK:
        return decide_look(d, false);
    case DECIDE_SOUGHT:
        return decide_end_sought(d);
    case DECIDE_READ:
        return decide_end_read(d);
    case DECIDE_PLANNED:
        return decide_end_planned(d);
    case DECIDE_MADE:
        return decide_end_made(d);
    case DECIDE_OVER:
        break;
    }
    return WORK_DONE;
}
