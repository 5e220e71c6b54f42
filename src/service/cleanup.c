// SPDX-License-Identifier: Apache-2.0
// Jobs without worker, workers without job (see cleanup.h). One list of jobs at a time; what does
// not fit into it is there at the next clean-up.
#include "service/cleanup.h"

#include "elastic/answers.h"
#include "limits.h"
#include "service/classes.h"

enum cleanup_state {
    CLEANUP_IDLE,
    CLEANUP_ALL, // reads every connector there is
    CLEANUP_ORPHANS,
    CLEANUP_ORPHANS_PAGE,
    CLEANUP_ORPHANS_END, // one job after another
    CLEANUP_LIST,        // reads the connectors that are served
    CLEANUP_LOST,
    CLEANUP_LOST_PAGE,
    CLEANUP_LOST_END,
    CLEANUP_RUNNING, // of connectors that say that a sync is under way: is it?
    CLEANUP_RUNNING_PAGE,
    CLEANUP_FREE,
    CLEANUP_FREE_READ,
    CLEANUP_FREED,
    CLEANUP_STOPPED,
};

void cleanup_init(struct cleanup *c, struct plan *plan, const struct cleanup_settings *settings)
{
    *c = (struct cleanup){.budget = settings->budget, .key = settings->key};
    worker_init(&c->w, plan, &settings->env, CONNECTOR_RECORD_BYTES);
    round_init(&c->round, plan, &c->w);
    finish_init(&c->finish, plan, &c->w);
    c->text = buf_over(plan_take(plan, "service id texts", SERVICE_ID_TEXT_BYTES, 1,
                                 "ids of the connectors of one round"),
                       SERVICE_ID_TEXT_BYTES);
    c->suspects = plan_take_n(plan, "service suspects", u64, 2 * SERVICE_CONNECTORS_MAX,
                              "connectors whose sync may have no worker");
    c->fresh = c->suspects + SERVICE_CONNECTORS_MAX;
}

void cleanup_start(struct cleanup *c, struct moment now)
{
    c->next_ms = now.mono_ms;
}

static enum work cleanup_go(struct cleanup *c, enum cleanup_state state)
{
    c->state = (int)state;
    return WORK_STEP;
}

static enum work cleanup_end(struct cleanup *c, err e)
{
    c->error = e;
    c->state = CLEANUP_IDLE;
    return WORK_DONE;
}

// ---- lists

static enum work cleanup_list(struct cleanup *c, struct moment now, bool everything,
                              enum cleanup_state then)
{
    enum work work = round_step(&c->round, now);
    if (work != WORK_DONE) {
        return work;
    }
    if (!err_ok(c->round.error)) {
        return cleanup_end(c, c->round.error);
    }
    if (everything && c->round.cut) {
        log_line(c->w.log, LOG_WARN,
                 S("there are too many connectors to know which jobs have none: not looked at"),
                 NULL, 0);
        round_start(&c->round, false);
        return cleanup_go(c, CLEANUP_LIST);
    }
    return cleanup_go(c, then);
}

// `busy`: only of connectors that say that a sync is under way.
static enum work cleanup_ask(struct cleanup *c, enum job_query_kind kind, bool busy,
                             enum cleanup_state then)
{
    struct round *r = &c->round;
    isize count = 0;
    c->job_count = 0;
    c->next = 0;
    for (int i = 0; i < r->count; i++) {
        const struct round_connector *k = &r->connectors[i];
        if (!busy || k->content_busy || k->access_busy) {
            r->ids[count++] = k->id;
        }
    }
    if (count == 0 && kind != JOB_QUERY_ORPHANS) {
        c->suspect_count = 0;
        return cleanup_end(c, OK); // nothing is served, or nothing is under way
    }
    worker_ask(&c->w, S("POST"));
    buf_put(&c->w.call.target, S("/.elastic-connectors-sync-jobs/_search?expand_wildcards=hidden"));
    struct job_query q = {
        .kind = kind,
        .ids = r->ids,
        .id_count = count,
        .idle_s = busy ? 0 : SERVICE_IDLE_S,
        .size = SERVICE_JOBS_MAX,
        .brief = true,
    };
    sync_job_put_query(&c->w.call.body, &q);
    c->state = (int)then;
    return WORK_CALL;
}

static str cleanup_keep(struct cleanup *c, str id)
{
    isize at = c->text.n;
    buf_put(&c->text, id);
    return str_from_index(buf_str(&c->text), at);
}

static void cleanup_add(struct cleanup *c, str hit)
{
    struct worker *w = &c->w;
    struct sync_job j;
    w->texts = arena_over(w->text_memory, CONNECTOR_TEXTS_BYTES);
    buf_reset(&w->call.detail);
    err e = sync_job_read(&j, hit, w->nodes, w->node_cap, &w->texts, &w->call.detail);
    if (!err_ok(e) || !j.type_known || c->job_count == SERVICE_JOBS_MAX ||
        j.id.n + j.connector_id.n > buf_room(&c->text)) {
        return;
    }
    c->jobs[c->job_count++] = (struct cleanup_job){
        .id = cleanup_keep(c, j.id),
        .connector_id = cleanup_keep(c, j.connector_id),
        .type = j.type,
        .seq_no = j.seq_no,
        .primary_term = j.primary_term,
    };
}

static enum work cleanup_take_page(struct cleanup *c, enum cleanup_state then)
{
    struct worker *w = &c->w;
    struct search_answer answer;
    str hit;
    c->job_count = 0;
    c->next = 0;
    buf_reset(&c->text);
    if (!worker_went_well(w)) {
        return cleanup_end(c, elastic_call_error(&w->call));
    }
    search_answer_init(&answer, buf_str(&w->call.answer));
    while (search_answer_next(&answer, &hit)) {
        cleanup_add(c, hit);
    }
    return err_ok(answer.error) ? cleanup_go(c, then) : cleanup_end(c, answer.error);
}

// ---- ending jobs

static void cleanup_begin(struct cleanup *c, const struct cleanup_job *j, bool orphan)
{
    struct finish *f = &c->finish;
    u8 words[256];
    struct buf detail = buf_over(words, COUNT(words));
    finish_reset(f);
    f->job_id = j->id;
    f->connector_id = j->connector_id;
    f->type = j->type;
    f->outcome = OUTCOME_ERROR;
    f->guarded = true;
    f->seq_no = j->seq_no;
    f->primary_term = j->primary_term;
    f->connector_gone = orphan;
    if (orphan) {
        classes_put_job_error(&f->error, FAIL(SYNC_JOB_ORPHAN), (str){0});
    } else {
        classes_put_idle(&detail, SERVICE_IDLE_S);
        classes_put_job_error(&f->error, FAIL(SYNC_JOB_IDLE), buf_str(&detail));
    }
    struct log_fact facts[] = {{"sync_job_id", j->id}, {"connector_id", j->connector_id}};
    log_line(c->w.log, LOG_WARN, S("a running job has no worker: it ends as an error"), facts,
             COUNT(facts));
    finish_begin(f);
}

static enum work cleanup_end_jobs(struct cleanup *c, struct moment now, bool orphans,
                                  enum cleanup_state then)
{
    enum work work = finish_step(&c->finish, now);
    if (work != WORK_DONE) {
        return work;
    }
    if (c->next < c->job_count) {
        cleanup_begin(c, &c->jobs[c->next++], orphans);
        return WORK_STEP;
    }
    if (orphans) {
        round_start(&c->round, false);
    }
    return cleanup_go(c, then);
}

// ---- connectors whose sync has no worker

static bool cleanup_has_job(const struct cleanup *c, str connector_id, bool access)
{
    for (int i = 0; i < c->job_count; i++) {
        if (str_eq(c->jobs[i].connector_id, connector_id) &&
            (c->jobs[i].type == JOB_ACCESS_CONTROL) == access) {
            return true;
        }
    }
    return false;
}

static bool cleanup_was_suspect(const struct cleanup *c, u64 hash)
{
    for (int i = 0; i < c->suspect_count; i++) {
        if (c->suspects[i] == hash) {
            return true;
        }
    }
    return false;
}

static bool cleanup_is_stranded(const struct cleanup *c, const struct round_connector *k)
{
    return (k->content_busy && !cleanup_has_job(c, k->id, false)) ||
           (k->access_busy && !cleanup_has_job(c, k->id, true));
}

// However often it looks: between taking its connector and its claim a worker may wait for long.
static enum work cleanup_free(struct cleanup *c, struct moment now)
{
    bool young = c->suspect_count > 0 && now.mono_ms - c->suspects_ms < SERVICE_IDLE_S * 1000;
    while (c->next < c->round.count && c->job_count < SERVICE_JOBS_MAX) { // else it is not known
        const struct round_connector *k = &c->round.connectors[c->next];
        u64 hash = hash_siphash(c->key, k->id);
        if (!cleanup_is_stranded(c, k)) {
            c->next++;
        } else if (young || !cleanup_was_suspect(c, hash)) {
            c->fresh[c->fresh_count] = hash;
            c->fresh_count += !young || cleanup_was_suspect(c, hash);
            c->next++;
        } else {
            c->state = CLEANUP_FREE_READ;
            return worker_get_connector(&c->w, k->id);
        }
    }
    u64 *kept = c->suspects;
    c->suspects = c->fresh;
    c->suspect_count = c->fresh_count;
    c->fresh = kept;
    c->fresh_count = 0;
    c->suspects_ms = young ? c->suspects_ms : now.mono_ms;
    return cleanup_end(c, OK);
}

// The record as it is now, and its guard: somebody may have begun a sync in this moment.
static enum work cleanup_free_read(struct cleanup *c, struct moment now)
{
    const struct round_connector *k = &c->round.connectors[c->next];
    struct connector record;
    bool content = false, access = false;
    if (worker_went_well(&c->w) && err_ok(worker_read_connector(&c->w, &record))) {
        str busy = S("in_progress");
        content = str_eq(record.last_sync_status, busy) && !cleanup_has_job(c, k->id, false);
        access = str_eq(record.last_access_control_sync_status, busy) &&
                 !cleanup_has_job(c, k->id, true);
    }
    if (!content && !access) {
        c->next++;
        return cleanup_go(c, CLEANUP_FREE);
    }
    struct log_fact facts[] = {{"connector_id", k->id}};
    log_line(c->w.log, LOG_WARN, S("a sync is said to be under way, but there is no such job"),
             facts, COUNT(facts));
    u8 words[256];
    struct buf detail = buf_over(words, COUNT(words));
    classes_put_idle(&detail, SERVICE_IDLE_S);
    worker_update_connector(&c->w, k->id, &record);
    struct connector_done done = {
        .type = content ? JOB_FULL : JOB_ACCESS_CONTROL,
        .outcome = OUTCOME_ERROR,
        .error = buf_str(&detail),
        .now_us = now.unix_us,
    };
    connector_put_sync_done(&c->w.call.body, &done);
    c->state = CLEANUP_FREED;
    return WORK_CALL;
}

static enum work cleanup_step(void *st, struct moment now)
{
    struct cleanup *c = st;
    switch ((enum cleanup_state)c->state) {
    case CLEANUP_ALL:
        return cleanup_list(c, now, true, CLEANUP_ORPHANS);
    case CLEANUP_ORPHANS:
        return cleanup_ask(c, JOB_QUERY_ORPHANS, false, CLEANUP_ORPHANS_PAGE);
    case CLEANUP_ORPHANS_PAGE:
        return cleanup_take_page(c, CLEANUP_ORPHANS_END);
    case CLEANUP_ORPHANS_END:
        return cleanup_end_jobs(c, now, true, CLEANUP_LIST);
    case CLEANUP_LIST:
        return cleanup_list(c, now, false, CLEANUP_LOST);
    case CLEANUP_LOST:
        return cleanup_ask(c, JOB_QUERY_IDLE, false, CLEANUP_LOST_PAGE);
    case CLEANUP_LOST_PAGE:
        return cleanup_take_page(c, CLEANUP_LOST_END);
    case CLEANUP_LOST_END:
        return cleanup_end_jobs(c, now, false, CLEANUP_RUNNING);
    case CLEANUP_RUNNING:
        return cleanup_ask(c, JOB_QUERY_IDLE, true, CLEANUP_RUNNING_PAGE);
    case CLEANUP_RUNNING_PAGE:
        return cleanup_take_page(c, CLEANUP_FREE);
    case CLEANUP_FREE:
        return cleanup_free(c, now);
    case CLEANUP_FREE_READ:
        return cleanup_free_read(c, now);
    case CLEANUP_FREED:
        c->next++;
        return cleanup_go(c, CLEANUP_FREE);
    case CLEANUP_IDLE:
    case CLEANUP_STOPPED:
        break;
    }
    return WORK_DONE;
}

void cleanup_turn(struct cleanup *c, struct moment now)
{
    struct routine routine = {.step = cleanup_step, .st = c};
    if (c->state == CLEANUP_IDLE && now.mono_ms >= c->next_ms) {
        round_start(&c->round, true);
        finish_reset(&c->finish);
        c->error = OK;
        c->state = CLEANUP_ALL;
    }
    if (c->state == CLEANUP_IDLE || c->state == CLEANUP_STOPPED ||
        !worker_turn(&c->w, &routine, now)) {
        return;
    }
    c->next_ms = now.mono_ms + c->w.settings->job_cleanup_interval_ms;
    if (!err_ok(c->error)) {
        budget_note(c->budget, c->error, now.mono_ms);
        struct log_fact facts[] = {{"service_name", S("job_cleanup_service")}};
        log_err(c->w.log, LOG_ERROR, c->error, buf_str(&c->w.call.detail), facts, COUNT(facts));
    }
}

i64 cleanup_wait_until_ms(const struct cleanup *c)
{
    return c->state == CLEANUP_STOPPED ? INT64_MAX
           : c->state == CLEANUP_IDLE  ? c->next_ms
                                       : worker_wait_until_ms(&c->w);
}

void cleanup_stop(struct cleanup *c)
{
    worker_stop(&c->w);
    c->state = CLEANUP_STOPPED;
}
