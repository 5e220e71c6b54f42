// SPDX-License-Identifier: Apache-2.0
// Rounds over the connectors (see schedule.h).
#include "service/schedule.h"

#include "limits.h"

enum schedule_state { SCHEDULE_IDLE, SCHEDULE_LIST, SCHEDULE_VISIT };

void schedule_init(struct schedule *s, struct plan *plan, const struct schedule_settings *settings)
{
    int count = settings->env.settings->schedule_slots;
    *s = (struct schedule){.budget = settings->budget, .visit_count = count};
    worker_init(&s->w, plan, &settings->env, CONNECTOR_RECORD_BYTES);
    round_init(&s->round, plan, &s->w);
    registry_init(&s->registry, plan, settings->key);
    s->visits = plan_take_n(plan, "service visits", struct visit, count,
                            "connectors that are looked after at the same time");
    for (int i = 0; i < count; i++) {
        struct visit_settings v = {
            .env = settings->env,
            .sources = settings->sources[i],
            .registry = &s->registry,
            .checker = settings->checker,
            .rules = settings->rules,
        };
        visit_init(&s->visits[i], plan, &v);
    }
}

void schedule_start(struct schedule *s, struct moment now)
{
    s->since_us = now.unix_us;
    s->round_us = now.unix_us;
    s->next_ms = now.mono_ms;
}

static void schedule_pause(struct schedule *s, struct moment now)
{
    s->state = SCHEDULE_IDLE;
    s->next_ms = now.mono_ms + s->w.settings->idling_ms;
}

static void schedule_end_list(struct schedule *s, struct moment now)
{
    struct round *r = &s->round;
    if (!err_ok(r->error)) {
        budget_note(s->budget, r->error, now.mono_ms);
        struct log_fact facts[] = {{"service_name", S("job_scheduling_service")}};
        log_err(s->w.log, LOG_ERROR, r->error, buf_str(&s->w.call.detail), facts, COUNT(facts));
        schedule_pause(s, now);
        return;
    }
    if (r->cut) {
        log_line(s->w.log, LOG_ERROR,
                 S("there are more connectors than one process serves: the rest is left out"), NULL,
                 0);
    }
    s->since_us = s->round_us;
    s->round_us = now.unix_us;
    s->next = 0;
    s->state = SCHEDULE_VISIT;
}

// One slot: gives it a connector when it is free, and moves it.
static bool schedule_turn_visit(struct schedule *s, struct visit *v, struct moment now)
{
    struct routine routine = {.step = visit_step, .st = v};
    if (!v->active && s->next < s->round.count) {
        visit_start(v, s->round.connectors[s->next++].id, s->since_us, now.unix_us);
    }
    if (v->active && worker_turn(&v->w, &routine, now)) {
        budget_note(s->budget, v->trouble, now.mono_ms);
        visit_end(v);
    }
    return v->active;
}

static void schedule_turn_visits(struct schedule *s, struct moment now)
{
    bool busy = false;
    for (int i = 0; i < s->visit_count; i++) {
        busy = schedule_turn_visit(s, &s->visits[i], now) || busy;
    }
    if (!busy && s->next == s->round.count) {
        s->rounds++;
        schedule_pause(s, now);
    }
}

void schedule_turn(struct schedule *s, struct moment now)
{
    struct routine listing = {.step = round_step, .st = &s->round};
    if (s->state == SCHEDULE_IDLE && now.mono_ms >= s->next_ms) {
        round_start(&s->round, false);
        s->state = SCHEDULE_LIST;
    }
    if (s->state == SCHEDULE_LIST && worker_turn(&s->w, &listing, now)) {
        schedule_end_list(s, now);
    }
    if (s->state == SCHEDULE_VISIT) {
        schedule_turn_visits(s, now);
    }
}

i64 schedule_wait_until_ms(const struct schedule *s)
{
    i64 until_ms = INT64_MAX;
    switch ((enum schedule_state)s->state) {
    case SCHEDULE_IDLE:
        return s->next_ms;
    case SCHEDULE_LIST:
        return worker_wait_until_ms(&s->w);
    case SCHEDULE_VISIT:
        break;
    }
    for (int i = 0; i < s->visit_count; i++) {
        const struct visit *v = &s->visits[i];
        i64 own_ms = v->active || s->next < s->round.count ? worker_wait_until_ms(&v->w)
                                                           : INT64_MAX;
        until_ms = own_ms < until_ms ? own_ms : until_ms;
    }
    return until_ms;
}

void schedule_stop(struct schedule *s)
{
    worker_stop(&s->w);
    for (int i = 0; i < s->visit_count; i++) {
        if (s->visits[i].active) {
            visit_end(&s->visits[i]);
        }
    }
    s->state = SCHEDULE_IDLE;
    s->next_ms = INT64_MAX;
}
