// SPDX-License-Identifier: Apache-2.0
// The parts of the service and their life (see service.h).
#include "service/service.h"

#include "limits.h"
#include "os/os.h"

enum service_state { SERVICE_PREFLIGHT, SERVICE_RUNNING, SERVICE_STOPPING, SERVICE_DONE };

struct service {
    struct service_settings settings;
    struct elastic es;
    struct loop *loop;
    struct log *log;
    struct worker w; // of the preflight
    struct values_checker checker;
    struct rules rules; // for validations of drafts
    struct preflight preflight;
    struct schedule schedule;
    struct execute execute;
    struct cleanup cleanup;
    struct budget schedule_budget, execute_budget, cleanup_budget;
    struct metrics metrics;
    struct moment started;
    enum service_state state;
    bool failed;
    i64 stop_ms; // when patience ends
};

struct service *service_init(struct plan *plan, const struct service_settings *settings,
                             const struct service_parts *parts, struct loop *loop, struct log *log)
{
    struct service *s = plan_take_n(plan, "service", struct service, 1, "its parts and states");
    struct hash_key key;
    os_entropy(&key, sizeof key);
    s->settings = *settings;
    s->loop = loop;
    s->log = log;
    elastic_init(&s->es, &s->settings.elastic);
    struct worker_env env = {.settings = &s->settings, .es = &s->es, .loop = loop, .log = log};
    worker_init(&s->w, plan, &env, KIB(64)); // small answers only
    values_init(&s->checker, plan);
    rules_init(&s->rules, plan);
    preflight_init(&s->preflight, &s->w);
    struct schedule_settings schedule = {
        .env = env,
        .sources = parts->visits,
        .checker = &s->checker,
        .rules = &s->rules,
        .key = key,
        .budget = &s->schedule_budget,
    };
    schedule_init(&s->schedule, plan, &schedule);
    metrics_init(&s->metrics, plan);
    struct execute_settings execute = {
        .env = env,
        .engines = parts->engines,
        .sources = parts->jobs,
        .metrics = &s->metrics,
        .checker = &s->checker,
        .budget = &s->execute_budget,
    };
    execute_init(&s->execute, plan, &execute);
    struct cleanup_settings cleanup = {.env = env, .key = key, .budget = &s->cleanup_budget};
    cleanup_init(&s->cleanup, plan, &cleanup);
    return s;
}

int service_tasks(const struct service_settings *settings)
{
    // One of the preflight, one for each list (schedule, execute, cleanup), one a slot.
    return 1 + 3 + settings->schedule_slots + settings->content_slots + settings->access_slots;
}

void service_start(struct service *s, struct moment now)
{
    s->state = SERVICE_PREFLIGHT;
    s->started = now;
    struct budget *budgets[] = {&s->schedule_budget, &s->execute_budget, &s->cleanup_budget};
    for (isize i = 0; i < COUNT(budgets); i++) {
        budget_init(budgets[i], s->settings.max_errors, s->settings.max_errors_span_ms,
                    now.mono_ms);
    }
    schedule_start(&s->schedule, now); // occurrences count from here on
}

static void service_begin(struct service *s, struct moment now)
{
    s->state = SERVICE_RUNNING;
    s->schedule.next_ms = now.mono_ms;
    execute_start(&s->execute, now);
    cleanup_start(&s->cleanup, now);
    log_line(s->log, LOG_INFO, S("the connector service runs"), NULL, 0);
}

static void service_end(struct service *s, bool failed)
{
    s->failed = s->failed || failed;
    s->state = SERVICE_DONE;
}

static void service_step_preflight(struct service *s, struct moment now)
{
    struct routine routine = {.step = preflight_step, .st = &s->preflight};
    if (!worker_turn(&s->w, &routine, now)) {
        return;
    }
    if (err_ok(s->preflight.error)) {
        service_begin(s, now);
    } else {
        service_end(s, true);
    }
}

static bool service_is_spent(const struct service *s)
{
    return s->schedule_budget.spent || s->execute_budget.spent || s->cleanup_budget.spent;
}

static void service_step_parts(struct service *s, struct moment now)
{
    if (s->settings.schedule) {
        schedule_turn(&s->schedule, now);
    }
    execute_turn(&s->execute, now); // it looks itself which kinds are on
    if (s->settings.cleanup) {
        cleanup_turn(&s->cleanup, now);
    }
    if (service_is_spent(s)) {
        log_err(s->log, LOG_ERROR, FAIL(SERVICE_TOO_MANY_ERRORS), (str){0}, NULL, 0);
        s->failed = true;
        service_stop(s, now);
    }
}

static void service_step_stopping(struct service *s, struct moment now)
{
    execute_turn(&s->execute, now);
    if (execute_is_idle(&s->execute)) {
        service_end(s, false);
    } else if (now.mono_ms >= s->stop_ms) {
        log_line(s->log, LOG_WARN,
                 S("Elasticsearch does not answer: how the running jobs ended could not be "
                   "written; they will end as idle and start again"),
                 NULL, 0);
        execute_abandon(&s->execute);
        service_end(s, false);
    }
}

void service_step(struct service *s, struct moment now)
{
    switch (s->state) {
    case SERVICE_PREFLIGHT:
        service_step_preflight(s, now);
        break;
    case SERVICE_RUNNING:
        service_step_parts(s, now);
        break;
    case SERVICE_STOPPING:
        service_step_stopping(s, now);
        break;
    case SERVICE_DONE:
        break;
    }
}

static i64 service_until_ms(const struct service *s, i64 now_ms)
{
    i64 until_ms = execute_wait_until_ms(&s->execute, now_ms);
    switch (s->state) {
    case SERVICE_PREFLIGHT:
        return worker_wait_until_ms(&s->w);
    case SERVICE_DONE:
        return now_ms;
    case SERVICE_STOPPING:
        return s->stop_ms < until_ms ? s->stop_ms : until_ms;
    case SERVICE_RUNNING:
        break;
    }
    if (s->settings.schedule) {
        i64 own_ms = schedule_wait_until_ms(&s->schedule);
        until_ms = own_ms < until_ms ? own_ms : until_ms;
    }
    if (s->settings.cleanup) {
        i64 own_ms = cleanup_wait_until_ms(&s->cleanup);
        until_ms = own_ms < until_ms ? own_ms : until_ms;
    }
    return until_ms;
}

i64 service_wait_ms(const struct service *s, struct moment now)
{
    i64 until_ms = service_until_ms(s, now.mono_ms);
    i64 longest_ms = 60000; // the loop looks around now and then in any case
    i64 wait_ms = until_ms == INT64_MAX ? longest_ms : until_ms - now.mono_ms;
    return wait_ms < 0 ? 0 : wait_ms < longest_ms ? wait_ms : longest_ms;
}

void service_stop(struct service *s, struct moment now)
{
    if (s->state == SERVICE_STOPPING || s->state == SERVICE_DONE) {
        return;
    }
    if (s->state == SERVICE_PREFLIGHT) {
        worker_stop(&s->w);
        service_end(s, false);
        return;
    }
    s->state = SERVICE_STOPPING;
    s->stop_ms = now.mono_ms + SERVICE_STOP_MS;
    schedule_stop(&s->schedule);
    cleanup_stop(&s->cleanup);
    execute_stop(&s->execute);
}

bool service_is_done(const struct service *s)
{
    return s->state == SERVICE_DONE;
}

bool service_failed(const struct service *s)
{
    return s->failed;
}

bool service_is_ready(const struct service *s)
{
    return s->state == SERVICE_RUNNING || s->state == SERVICE_STOPPING;
}

const struct schedule *service_schedule(const struct service *s)
{
    return &s->schedule;
}

const struct execute *service_execute(const struct service *s)
{
    return &s->execute;
}

static int service_put_health(const struct service *s, struct buf *body)
{
    switch (s->state) {
    case SERVICE_RUNNING:
        buf_put(body, S("ok\n"));
        return 200;
    case SERVICE_PREFLIGHT:
        buf_put(body, S("starting: waiting for Elasticsearch\n"));
        return 503;
    case SERVICE_STOPPING:
    case SERVICE_DONE:
        break;
    }
    buf_put(body, S("stopping\n"));
    return 503;
}

int service_page(void *st, str path, struct buf *body, const char **type)
{
    const struct service *s = st;
    if (str_eq(path, S("/healthz"))) {
        return service_put_health(s, body);
    }
    if (!str_eq(path, S("/metrics"))) {
        return 404;
    }
    struct metrics_view view = {
        .loop = s->loop,
        .runners = s->execute.runners,
        .runner_count = s->execute.runner_count,
        .ready = s->state == SERVICE_RUNNING,
        .stopping = s->state == SERVICE_STOPPING,
        .started_us = s->started.unix_us,
        .schedule_rounds = s->schedule.rounds,
        .execute_rounds = s->execute.rounds,
    };
    *type = "text/plain; version=0.0.4; charset=utf-8";
    metrics_put(body, &s->metrics, &view);
    return 200;
}
