// SPDX-License-Identifier: Apache-2.0
// From an edited draft to active rules (see draft.h).
#include "service/draft.h"

#include "codec/json_write.h"
#include "limits.h"
#include "service/filter.h"
#include "sync/rules_validate.h"

#define DRAFT_TRIES 3

enum draft_state { DRAFT_LOOK, DRAFT_READ, DRAFT_WRITTEN, DRAFT_ACTIVATED, DRAFT_OVER };

void draft_init(struct draft *d, struct plan *plan, struct worker *w, struct rules *rules)
{
    *d = (struct draft){.w = w, .rules = rules, .state = DRAFT_OVER};
    d->validation = buf_over(plan_take(plan, "service validations", SERVICE_VALIDATION_BYTES, 1,
                                       "what is wrong with a draft of sync rules"),
                             SERVICE_VALIDATION_BYTES);
}

void draft_start(struct draft *d, str id, struct connector *c, bool advanced)
{
    d->id = id;
    d->c = c;
    d->advanced = advanced;
    d->state = DRAFT_LOOK;
    d->tries = 0;
    d->valid = d->gone = false;
}

static bool draft_is_wanted(const struct draft *d)
{
    const struct connector_features *f = &d->c->features;
    return (f->sync_rules_basic || f->sync_rules_advanced) && filter_is_edited(d->c);
}

static enum work draft_end(struct draft *d)
{
    d->state = DRAFT_OVER;
    return WORK_DONE;
}

static enum work draft_fail(struct draft *d, err e)
{
    struct log_fact facts[] = {{"connector_id", d->id}};
    log_err(d->w->log, LOG_ERROR, e, buf_str(&d->w->call.detail), facts, COUNT(facts));
    return draft_end(d);
}

static enum work draft_read(struct draft *d)
{
    d->state = DRAFT_READ;
    return worker_get_connector(d->w, d->id);
}

// What is more than a set can hold is not valid, and its editor reads why.
static void draft_validate(struct draft *d)
{
    u8 words[256];
    struct buf detail = buf_over(words, COUNT(words));
    buf_reset(&d->validation);
    err e = rules_validate(d->rules, filter_draft(d->c), d->advanced, &d->validation, &d->valid,
                           &detail);
    if (err_ok(e)) {
        return;
    }
    d->valid = false;
    buf_reset(&d->validation);
    struct json_write w = json_write_to(&d->validation);
    json_write_raw(&w, S("{\"state\":\"invalid\",\"errors\":[{\"ids\":[\"advanced_snippet\"],"
                         "\"messages\":["));
    w.comma = false;
    json_write_string(&w, str_from(err_what(e)));
    buf_put(&d->validation, S("]}]}"));
}

static enum work draft_write(struct draft *d)
{
    struct worker *w = d->w;
    str validation;
    draft_validate(d);
    validation = buf_str(&d->validation);
    if (w->settings->api) {
        worker_ask(w, S("PUT"));
        connector_put_target(&w->call.target, S("/_connector/"), d->id);
        buf_put(&w->call.target, S("/_filtering/_validation"));
        filter_put_validation(&w->call.body, validation);
    } else {
        worker_update_connector(w, d->id, d->c);
        filter_put_direct(&w->call.body, d->c, validation, d->valid);
    }
    d->state = DRAFT_WRITTEN;
    return WORK_CALL;
}

static enum work draft_take(struct draft *d)
{
    if (d->w->call.status == 404) {
        d->gone = true;
        return draft_end(d);
    }
    if (!worker_went_well(d->w)) {
        return draft_fail(d, elastic_call_error(&d->w->call));
    }
    err e = worker_read_connector(d->w, d->c);
    if (!err_ok(e)) {
        d->gone = true; // what is in hand cannot be used any more
        return draft_fail(d, e);
    }
    return draft_is_wanted(d) ? draft_write(d) : draft_end(d);
}

static enum work draft_end_write(struct draft *d)
{
    struct worker *w = d->w;
    if (w->call.status == 409 && ++d->tries < DRAFT_TRIES) {
        return draft_read(d);
    }
    if (!worker_went_well(w)) {
        return draft_fail(d, elastic_call_error(&w->call));
    }
    struct log_fact facts[] = {{"connector_id", d->id}};
    log_line(w->log, LOG_INFO,
             d->valid ? S("the draft of the sync rules is valid: it becomes active")
                      : S("the draft of the sync rules is not valid"),
             facts, COUNT(facts));
    if (!d->valid || !w->settings->api) {
        return draft_end(d);
    }
    worker_ask(w, S("PUT"));
    connector_put_target(&w->call.target, S("/_connector/"), d->id);
    buf_put(&w->call.target, S("/_filtering/_activate"));
    d->state = DRAFT_ACTIVATED;
    return WORK_CALL;
}

enum work draft_step(struct draft *d)
{
    switch ((enum draft_state)d->state) {
    case DRAFT_LOOK:
        return draft_is_wanted(d) ? draft_read(d) : draft_end(d);
    case DRAFT_READ:
        return draft_take(d);
    case DRAFT_WRITTEN:
        return draft_end_write(d);
    case DRAFT_ACTIVATED:
        return worker_went_well(d->w) ? draft_end(d)
                                      : draft_fail(d, elastic_call_error(&d->w->call));
    case DRAFT_OVER:
        break;
    }
    return WORK_DONE;
}
