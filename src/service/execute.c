// SPDX-License-Identifier: Apache-2.0
// Waiting jobs to free runners (see execute.h).
#include "service/execute.h"

#include "elastic/answers.h"
#include "limits.h"

enum execute_state {
    EXECUTE_IDLE,
    EXECUTE_LIST, // reads the connectors
    EXECUTE_CONTENT,
    EXECUTE_CONTENT_PAGE,
    EXECUTE_ACCESS,
    EXECUTE_ACCESS_PAGE,
    EXECUTE_STOPPED,
};

void execute_init(struct execute *x, struct plan *plan, const struct execute_settings *settings)
{
    const struct service_settings *s = settings->env.settings;
    int count = s->content_slots + s->access_slots;
    *x = (struct execute){
        .budget = settings->budget,
        .metrics = settings->metrics,
        .content_count = s->content_slots,
        .runner_count = count,
    };
    worker_init(&x->w, plan, &settings->env, CONNECTOR_RECORD_BYTES);
    round_init(&x->round, plan, &x->w);
    x->runners = plan_take_n(plan, "service runners", struct runner, count,
                             "jobs that run at the same time");
    for (int i = 0; i < count; i++) {
        struct runner_settings r = {
            .env = settings->env,
            .engine = settings->engines[i],
            .sources = settings->sources[i],
            .checker = settings->checker,
        };
        runner_init(&x->runners[i], plan, &r);
    }
}

void execute_start(struct execute *x, struct moment now)
{
    x->next_ms = now.mono_ms;
}

static void execute_first(const struct execute *x, bool access, int *from, int *to)
{
    *from = access ? x->content_count : 0;
    *to = access ? x->runner_count : x->content_count;
}

static struct runner *execute_free(struct execute *x, bool access)
{
    int from, to;
    execute_first(x, access, &from, &to);
    for (int i = from; i < to; i++) {
        if (!x->runners[i].active) {
            return &x->runners[i];
        }
    }
    return NULL;
}

static bool execute_is_running(const struct execute *x, bool access, str connector_id)
{
    int from, to;
    execute_first(x, access, &from, &to);
    for (int i = from; i < to; i++) {
        if (x->runners[i].active && str_eq(x->runners[i].connector_id, connector_id)) {
            return true;
        }
    }
    return false;
}

// Whether a runner of a service that is on is free: else there is nothing to look for.
static bool execute_has_room(const struct execute *x)
{
    const struct service_settings *s = x->w.settings;
    for (int i = 0; i < x->runner_count; i++) {
        bool on = i < x->content_count ? s->sync_content : s->sync_access_control;
        if (on && !x->runners[i].active) {
            return true;
        }
    }
    return false;
}

// ---- one round

static enum work execute_go(struct execute *x, enum execute_state state)
{
    x->state = (int)state;
    return WORK_STEP;
}

static enum work execute_end(struct execute *x, err e)
{
    x->error = e;
    x->state = EXECUTE_IDLE;
    return WORK_DONE;
}

static enum work execute_ask(struct execute *x, bool access)
{
    const struct service_settings *s = x->w.settings;
    bool wanted = (access ? s->sync_access_control : s->sync_content) && execute_free(x, access);
    struct round *r = &x->round;
    isize count = 0;
    for (int i = 0; i < r->count && wanted; i++) {
        const struct round_connector *c = &r->connectors[i];
        bool busy = access ? c->access_busy : c->content_busy;
        if (!busy && !execute_is_running(x, access, c->id)) {
            r->ids[count++] = c->id;
        }
    }
    if (count == 0) {
        return access ? execute_end(x, OK) : execute_go(x, EXECUTE_ACCESS);
    }
    worker_ask(&x->w, S("POST"));
    buf_put(&x->w.call.target, S("/.elastic-connectors-sync-jobs/_search?expand_wildcards=hidden"));
    struct job_query q = {
        .kind = access ? JOB_QUERY_ACCESS_CONTROL : JOB_QUERY_CONTENT,
        .ids = r->ids,
        .id_count = count,
        .size = x->page,
        .brief = true,
    };
    sync_job_put_query(&x->w.call.body, &q);
    x->state = access ? EXECUTE_ACCESS_PAGE : EXECUTE_CONTENT_PAGE;
    return WORK_CALL;
}

static void execute_take_job(struct execute *x, bool access, str hit)
{
    struct worker *w = &x->w;
    struct sync_job j;
    struct runner *free = execute_free(x, access);
    w->texts = arena_over(w->text_memory, CONNECTOR_TEXTS_BYTES);
    buf_reset(&w->call.detail);
    err e = sync_job_read(&j, hit, w->nodes, w->node_cap, &w->texts, &w->call.detail);
    if (!err_ok(e)) {
        log_err(w->log, LOG_ERROR, e, buf_str(&w->call.detail), NULL, 0);
        return;
    }
    bool fits = j.type_known && (j.type == JOB_ACCESS_CONTROL) == access &&
                j.id.n <= CONNECTOR_ID_BYTES && j.connector_id.n <= CONNECTOR_ID_BYTES;
    if (!free || !fits || !round_find(&x->round, j.connector_id) ||
        execute_is_running(x, access, j.connector_id)) {
        return;
    }
    if (!sources_find(&free->sources, j.service_type)) {
        struct log_fact facts[] = {{"sync_job_id", j.id}, {"connector_id", j.connector_id}};
        log_err(w->log, LOG_ERROR, FAIL(SERVICE_TYPE_UNKNOWN), j.service_type, facts, COUNT(facts));
        return;
    }
    runner_start(free, j.id, j.connector_id, j.type);
}

static enum work execute_take_page(struct execute *x, bool access)
{
    struct worker *w = &x->w;
    struct search_answer answer;
    str hit;
    if (err_is(w->call.error, ERR_CALL_TOO_LARGE) && x->page > 1) {
        x->page /= 4; // one job with large names must not hide the others
        return execute_ask(x, access);
    }
    if (!worker_went_well(w)) {
        return execute_end(x, elastic_call_error(&w->call));
    }
    search_answer_init(&answer, buf_str(&w->call.answer));
    while (search_answer_next(&answer, &hit)) {
        execute_take_job(x, access, hit);
    }
    if (!err_ok(answer.error)) {
        return execute_end(x, answer.error);
    }
    return access ? execute_end(x, OK) : execute_go(x, EXECUTE_ACCESS);
}

static enum work execute_list(struct execute *x, struct moment now)
{
    enum work work = round_step(&x->round, now);
    if (work != WORK_DONE) {
        return work;
    }
    return err_ok(x->round.error) ? execute_go(x, EXECUTE_CONTENT) : execute_end(x, x->round.error);
}

static enum work execute_step(void *st, struct moment now)
{
    struct execute *x = st;
    switch ((enum execute_state)x->state) {
    case EXECUTE_LIST:
        return execute_list(x, now);
    case EXECUTE_CONTENT:
        return execute_ask(x, false);
    case EXECUTE_CONTENT_PAGE:
        return execute_take_page(x, false);
    case EXECUTE_ACCESS:
        return execute_ask(x, true);
    case EXECUTE_ACCESS_PAGE:
        return execute_take_page(x, true);
    case EXECUTE_IDLE:
    case EXECUTE_STOPPED:
        break;
    }
    return WORK_DONE;
}

static void execute_end_round(struct execute *x, struct moment now)
{
    x->rounds++;
    x->next_ms = now.mono_ms + x->w.settings->idling_ms;
    if (!err_ok(x->error)) {
        budget_note(x->budget, x->error, now.mono_ms);
        struct log_fact facts[] = {{"service_name", S("sync_job_execution_service")}};
        log_err(x->w.log, LOG_ERROR, x->error, buf_str(&x->w.call.detail), facts, COUNT(facts));
    }
}

void execute_turn(struct execute *x, struct moment now)
{
    struct routine routine = {.step = execute_step, .st = x};
    if (x->state == EXECUTE_IDLE && now.mono_ms >= x->next_ms && execute_has_room(x)) {
        round_start(&x->round, false);
        x->error = OK;
        x->page = SERVICE_JOBS_MAX;
        x->state = EXECUTE_LIST;
    }
    if (x->state != EXECUTE_IDLE && x->state != EXECUTE_STOPPED &&
        worker_turn(&x->w, &routine, now)) {
        execute_end_round(x, now);
    }
    for (int i = 0; i < x->runner_count; i++) {
        struct runner *r = &x->runners[i];
        bool active = r->active;
        runner_turn(r, now);
        if (active && !r->active && r->claimed) {
            metrics_job_ended(x->metrics, r, now.unix_us);
            x->next_ms = now.mono_ms; // the next job need not wait for its period
        }
    }
}

i64 execute_wait_until_ms(const struct execute *x, i64 now_ms)
{
    i64 until_ms = INT64_MAX;
    if (x->state == EXECUTE_IDLE) {
        until_ms = execute_has_room(x) ? x->next_ms : INT64_MAX;
    } else if (x->state != EXECUTE_STOPPED) {
        until_ms = worker_wait_until_ms(&x->w);
    }
    for (int i = 0; i < x->runner_count; i++) {
        i64 own_ms = runner_wait_until_ms(&x->runners[i], now_ms);
        until_ms = own_ms < until_ms ? own_ms : until_ms;
    }
    return until_ms;
}

void execute_stop(struct execute *x)
{
    worker_stop(&x->w);
    x->state = EXECUTE_STOPPED;
    for (int i = 0; i < x->runner_count; i++) {
        runner_stop(&x->runners[i]);
    }
}

bool execute_is_idle(const struct execute *x)
{
    for (int i = 0; i < x->runner_count; i++) {
        if (x->runners[i].active) {
            return false;
        }
    }
    return true;
}

void execute_abandon(struct execute *x)
{
    for (int i = 0; i < x->runner_count; i++) {
        if (x->runners[i].active) {
            runner_abandon(&x->runners[i]);
        }
    }
}
