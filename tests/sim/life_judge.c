// SPDX-License-Identifier: Apache-2.0
// What is judged of a service now and then, and when everything has come to rest; see
// life_observer.h.
#include <stdio.h>
#include <string.h>

#include "../tenant/es.h"
#include "clock.h"
#include "life_book.h"
#include "sim.h"

#define B life_book

static const char *const type_names[] = {"full", "incremental", "access_control"};

static bool is_final(const struct life_job *j)
{
    return strcmp(j->status, "completed") == 0 || strcmp(j->status, "error") == 0 ||
           strcmp(j->status, "canceled") == 0;
}

// ---- now and then

// From the moment that an occurrence obliges, in fair weather, to the write of its planned time.
static i64 patience_s(void)
{
    i64 visits = (B.connector_count + B.settings.visits - 1) / B.settings.visits;
    return 2 * B.settings.idling_s + 180 + 10 * visits;
}

static void check_schedule(const struct life_connector *c, int type)
{
    const struct life_schedule *s = &c->schedules[type];
    i64 now_s = clock_true_unix_ms() / 1000;
    bool served = false;
    for (int i = 0; i < HOST_PROCESSES; i++) {
        const struct life_process *p = &B.processes[i];
        served = served || (p->alive && !p->stopping && p->begun_s <= s->base_s);
    }
    if (!s->enabled || s->due_s == INT64_MAX || B.fair_since_us == INT64_MAX || !served) {
        return;
    }
    i64 fair_s = now_s - (clock_now_us() - B.fair_since_us - LIFE_STORM_US) / SIM_S;
    i64 from_s = fair_s > s->due_s && B.stormy_until_us > 0 ? fair_s : s->due_s;
    if (now_s - from_s > patience_s()) {
        sim_violation("%s: the %s sync of %lld (\"%s\") is not planned after %lld s", c->id,
                      type_names[type], (long long)s->due_s, s->interval,
                      (long long)(now_s - s->due_s));
    }
}

void life_check_schedules(void)
{
    for (int i = 0; i < B.connector_count; i++) {
        for (int k = 0; k < LIFE_TYPES && !B.connectors[i].deleted; k++) {
            check_schedule(&B.connectors[i], k);
        }
    }
}

// ---- at rest

// Jobs that nobody may run wait for ever: their connector is gone, or the license is too small.
static bool may_run(const struct life_job *j)
{
    bool waits = strcmp(j->status, "pending") == 0 || strcmp(j->status, "suspended") == 0;
    bool licensed = j->type != LIFE_ACCESS || B.settings.platinum;
    return !waits || (j->connector && !j->connector->deleted && licensed);
}

static const struct life_job *unsettled(void)
{
    for (int i = 0; i < B.job_count; i++) {
        const struct life_job *j = &B.jobs[i];
        if (!is_final(j) && may_run(j)) {
            return j;
        }
    }
    return NULL;
}

bool life_is_working(void)
{
    for (int i = B.kept_from; i < B.job_count; i++) {
        const struct life_job *j = &B.jobs[i];
        if (strcmp(j->status, "in_progress") == 0 || strcmp(j->status, "canceling") == 0) {
            return true;
        }
    }
    return false;
}

static const char *status_key(int kind)
{
    return kind ? "last_access_control_sync_status" : "last_sync_status";
}

static const struct life_connector *taken_still(int *kind)
{
    char status[40];
    for (int i = 0; i < B.connector_count; i++) {
        const struct life_connector *c = &B.connectors[i];
        for (*kind = 0; *kind < 2 && !c->deleted; ++*kind) {
            life_text(life_record(false, c->id), status_key(*kind), status, COUNT(status));
            if (strcmp(status, "in_progress") == 0) {
                return c;
            }
        }
    }
    return NULL;
}

bool life_is_settled(void)
{
    int kind;
    return !unsettled() && !taken_still(&kind);
}

static void check_told(const struct life_connector *c, int kind)
{
    const struct life_kind *k = &c->kinds[kind];
    char status[40], error[200], job_error[200];
    str record = life_record(false, c->id);
    if (k->last_job < 0 || k->freed || k->doubtful) {
        return;
    }
    const struct life_job *j = &B.jobs[k->last_job];
    if (j->canceled_us > j->ended_us) {
        return; // one that was suspended: nobody runs it who could tell its connector
    }
    life_text(record, status_key(kind), status, COUNT(status));
    life_text(record, kind ? "last_access_control_sync_error" : "last_sync_error", error,
              COUNT(error));
    life_text(life_record(true, j->id), "error", job_error, COUNT(job_error));
    if (strcmp(status, j->status) != 0 || strcmp(error, job_error) != 0) {
        sim_violation("%s says %s \"%s\", and its last job %s is %s \"%s\"", c->id, status, error,
                      j->id, j->status, job_error);
    }
}

static void check_planned(const struct life_connector *c, int type)
{
    static const char *const keys[] = {"last_sync_scheduled_at",
                                       "last_incremental_sync_scheduled_at",
                                       "last_access_control_sync_scheduled_at"};
    const struct life_schedule *s = &c->schedules[type];
    char text[48];
    struct t_buf want = {0};
    life_text(life_record(false, c->id), keys[type], text, COUNT(text));
    t_put_iso_date(&want, s->planned_s * 1000);
    bool same = s->planned_s ? strncmp(text, (const char *)want.p, 19) == 0 : text[0] == 0;
    if (!same) {
        sim_violation("%s: %s is \"%s\", and %lld was planned last", c->id, keys[type], text,
                      (long long)s->planned_s);
    }
    t_buf_free(&want);
    if (s->owed && !s->excused && !s->asked && s->owed_us < clock_now_us() - LIFE_STORM_US) {
        bool alive = false;
        for (int i = 0; i < HOST_PROCESSES; i++) {
            alive = alive || (B.processes[i].alive && B.processes[i].number == s->owed_by);
        }
        if (alive) {
            sim_violation("%s: no %s job was ever made for the occurrence of %lld", c->id,
                          type_names[type], (long long)s->planned_s);
        }
    }
}

void life_check_end(void)
{
    int kind;
    const struct life_job *j = unsettled();
    if (j) {
        sim_violation("at rest, and job %s of %s is %s: made %lld s ago, changed %lld s ago, by "
                      "process number %d",
                      j->id, j->connector ? j->connector->id : "nobody", j->status,
                      (long long)((clock_now_us() - j->created_us) / SIM_S),
                      (long long)((clock_now_us() - j->changed_us) / SIM_S), j->worker);
    }
    const struct life_connector *c = taken_still(&kind);
    if (c) {
        sim_violation("at rest, and %s says that a sync is under way, taken %lld s ago", c->id,
                      (long long)((clock_now_us() - c->kinds[kind].taken_us) / SIM_S));
    }
    for (int i = 0; i < B.connector_count; i++) {
        c = &B.connectors[i];
        for (kind = 0; kind < 2 && !c->deleted; kind++) {
            check_told(c, kind);
        }
        for (int k = 0; k < LIFE_TYPES && !c->deleted; k++) {
            check_planned(c, k);
        }
    }
}

// An administrator deletes the records of old jobs, or every search would look at all of them.
void life_forget_jobs(void)
{
    int place = es_find_index(B.t->es, S(ES_JOBS));
    struct es_index *x = place < 0 ? NULL : &B.t->es->indices[place];
    for (int i = B.kept_from; x && i < B.job_count; i++) {
        const struct life_job *j = &B.jobs[i];
        const struct life_kind *k = j->connector ? &j->connector->kinds[j->type == LIFE_ACCESS]
                                                 : NULL;
        bool last = k && k->last_job == i;
        struct es_doc *doc = es_find_doc(B.t->es, x, str_from(j->id));
        if (doc && !last && is_final(j) && clock_now_us() - j->changed_us > 3600 * SIM_S) {
            es_delete_doc(B.t->es, x, doc);
            doc = NULL;
        }
        B.kept_from += !doc && i == B.kept_from;
    }
    es_free_gone(B.t->es);
}

// ---- idleness

static void at_most(const char *what, i64 n, i64 most)
{
    if (n > most) {
        sim_violation("idle: %lld %s, and %lld would be enough", (long long)n, what,
                      (long long)most);
    }
}

// What the service that this one replaces makes, at most: spec/elastic-protocol.md 7 to 9 and 12.
void life_check_idle(i64 seconds, int connectors)
{
    const struct life_settings *s = &B.settings;
    const struct life_tally *t = &B.tally;
    i64 rounds = seconds / s->idling_s + 2, cleanups = seconds / s->cleanup_s + 2;
    i64 pages = (connectors + 99) / 100;
    sim_trace(
        "idle for %lld s: %lld searches of connectors, %lld of jobs, %lld reads, %lld writes, "
        "%lld heartbeats, %lld to Google, %lld others",
        (long long)seconds, (long long)t->connector_searches, (long long)t->job_searches,
        (long long)t->connector_gets, (long long)t->connector_updates, (long long)t->check_ins,
        (long long)t->google, (long long)t->others);
    at_most("searches of connectors", t->connector_searches, (2 * rounds + 2 * cleanups) * pages);
    at_most("searches of jobs", t->job_searches, 2 * rounds + 2 * cleanups);
    at_most("reads of records", t->connector_gets, rounds * connectors);
    at_most("writes to records", t->connector_updates, rounds * connectors + 2 * connectors);
    at_most("heartbeats", t->check_ins, (seconds / s->heartbeat_s + 2) * connectors);
    at_most("other requests", t->others, 4 * cleanups + 20);
    at_most("requests to Google", t->google, rounds * connectors * 4);
}
