// SPDX-License-Identifier: Apache-2.0
// The model of connectors, schedules and processes, fed by requests; see life_observer.h. What is
// judged at each write of a record is in life_records.c, what is when things have come to rest in
// life_judge.c.
#include "life_book.h"

#include <stdio.h>
#include <string.h>

#include "../tenant/es.h"
#include "../unit/cron_oracle.h"
#include "clock.h"
#include "far.h"
#include "sim.h"

struct life_book life_book;
struct life_counts life_counts;

#define B life_book

const char *const life_type_names[] = {"full", "incremental", "access_control"};

// ---- records of the double

str life_record(bool job, const char *id)
{
    int place = es_find_index(B.t->es, job ? S(ES_JOBS) : S(ES_CONNECTORS));
    struct es_index *x = place < 0 ? NULL : &B.t->es->indices[place];
    const struct es_doc *doc = x ? es_find_doc(B.t->es, x, str_from(id)) : NULL;
    return doc ? es_source(doc) : (str){0};
}

void life_copy(char *to, isize cap, str s)
{
    isize n = s.n < cap - 1 ? s.n : cap - 1;
    memcpy(to, s.p, (size_t)n);
    to[n] = 0;
}

// A text member; "" when it is null or absent.
void life_text(str object, const char *key, char *out, isize cap)
{
    struct t_buf b = {0};
    str value;
    out[0] = 0;
    if (object.n > 0 && t_json_get(object, key, &value) && t_json_is_string(value) &&
        t_json_text(value, &b)) {
        life_copy(out, cap, t_buf_str(&b));
    }
    t_buf_free(&b);
}

bool life_is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

bool life_is_final(const char *status)
{
    return life_is(status, "completed") || life_is(status, "error") || life_is(status, "canceled");
}

i64 life_now_s(void)
{
    return clock_true_unix_ms() / 1000;
}

// ---- the model

struct life_connector *life_connector_of(const char *id)
{
    for (int i = 0; i < B.connector_count; i++) {
        if (life_is(B.connectors[i].id, id)) {
            return &B.connectors[i];
        }
    }
    return NULL;
}

struct life_job *life_job_of(const char *id)
{
    for (int i = B.job_count - 1; i >= 0; i--) {
        if (life_is(B.jobs[i].id, id)) {
            return &B.jobs[i];
        }
    }
    return NULL;
}

struct life_process *life_asking(void)
{
    return &B.processes[far_world.asking];
}

struct life_process *life_process_numbered(int number)
{
    for (int i = 0; i < HOST_PROCESSES; i++) {
        if (B.processes[i].number == number && B.processes[i].alive) {
            return &B.processes[i];
        }
    }
    return NULL;
}

void life_observer_world(struct tenant *t, const struct life_settings *s)
{
    struct life_job *jobs = B.jobs;
    int cap = B.job_cap;
    B = (struct life_book){.t = t, .settings = *s, .jobs = jobs, .job_cap = cap};
    B.oldest_unix_s = life_now_s();
}

// The next occurrence that obliges: after what was planned, after the edit, in the life of a
// process that could have seen it.
static void reckon(struct life_schedule *s)
{
    s->due_s = INT64_MAX;
    if (s->enabled && s->base_s > 0) {
        i64 next = oracle_next(str_from(s->interval), s->base_s, 12 * 366);
        s->due_s = next < 0 ? INT64_MAX : next;
    }
}

static i64 first_begin_s(void)
{
    i64 first = INT64_MAX;
    for (int i = 0; i < HOST_PROCESSES; i++) {
        const struct life_process *p = &B.processes[i];
        if (p->alive && !p->stopping && p->begun_s < first) {
            first = p->begun_s;
        }
    }
    return first;
}

void life_rebase(struct life_schedule *s, i64 base_s)
{
    s->base_s = base_s;
    reckon(s);
}

void life_edited(const char *id)
{
    struct life_connector *c = life_connector_of(id);
    if (!c) {
        ASSERT(B.connector_count < LIFE_CONNECTORS_MAX);
        c = &B.connectors[B.connector_count++];
        *c = (struct life_connector){.kinds = {{.last_job = -1}, {.last_job = -1}}};
        life_copy(c->id, COUNT(c->id), str_from(id));
    }
    str record = life_record(false, id), scheduling, one;
    char status[40];
    c->edited_us = clock_now_us();
    c->deleted = t_json_bool(record, "deleted", false);
    life_text(record, "status", status, COUNT(status));
    bool serves = !c->deleted && !c->spoiled && !life_is(status, "created") &&
                  !life_is(status, "needs_configuration");
    for (int i = 0; i < LIFE_TYPES; i++) {
        struct life_schedule *s = &c->schedules[i];
        s->enabled = serves && t_json_get(record, "scheduling", &scheduling) &&
                     t_json_get(scheduling, life_type_names[i], &one) &&
                     t_json_bool(one, "enabled", false);
        if (s->enabled) {
            life_text(one, "interval", s->interval, COUNT(s->interval));
        }
        if (i == LIFE_ACCESS && !B.settings.platinum) {
            s->enabled = false; // it may be planned, or not
        }
        // Whoever is at work has the record as it was.
        life_rebase(s, life_now_s() + 2 * B.settings.idling_s + 120);
    }
}

void life_weather(bool fair)
{
    B.fair_since_us = fair ? clock_now_us() : INT64_MAX;
    B.stormy_until_us = fair ? B.stormy_until_us : INT64_MAX;
    if (fair) {
        B.stormy_until_us = clock_now_us();
    }
}

static void rebase_all(void)
{
    i64 first = first_begin_s();
    for (int i = 0; i < B.connector_count; i++) {
        for (int k = 0; k < LIFE_TYPES; k++) {
            struct life_schedule *s = &B.connectors[i].schedules[k];
            if (first == INT64_MAX) {
                s->due_s = INT64_MAX;
            } else if (s->base_s < first || s->due_s == INT64_MAX) {
                life_rebase(s, s->base_s < first ? first : s->base_s);
            }
        }
    }
}

void life_process_begins(int i)
{
    B.processes[i] = (struct life_process){.number = ++B.process_count,
                                           .alive = true,
                                           .begun_s = life_now_s() + 1,
                                           .begun_us = clock_now_us()};
    rebase_all();
}

void life_process_stopping(int i)
{
    struct life_process *p = &B.processes[i];
    if (p->alive && !p->stopping) {
        p->stopping = true;
        p->told_us = clock_now_us();
        rebase_all();
    }
}

void life_process_ends(int i, bool died, int exit_code, str log)
{
    struct life_process *p = &B.processes[i];
    bool spent = str_find(log, S("too many errors")) >= 0;
    bool fair = B.fair_since_us < p->begun_us;
    if (!died && p->stopping && exit_code != 0 && !spent) {
        sim_violation("process %d was told to stop, and ended with %d", i, exit_code);
    }
    if (!died && !p->stopping && (p->rounds > 0 || fair) && !(spent && !fair)) {
        sim_violation("process %d ended by itself with %d, after %lld rounds", i, exit_code,
                      (long long)p->rounds);
    }
    bool peace = !died && p->stopping && B.fair_since_us < p->told_us - LIFE_STORM_US;
    for (int k = B.kept_from; k < B.job_count; k++) {
        struct life_job *j = &B.jobs[k];
        if (j->worker != p->number ||
            (!life_is(j->status, "in_progress") && !life_is(j->status, "canceling"))) {
            continue;
        }
        if (peace) {
            sim_violation("process %d has stopped in fair weather, and its job %s is %s", i, j->id,
                          j->status);
        }
    }
    for (int k = 0; k < B.connector_count; k++) {
        for (int kind = 0; kind < 2; kind++) {
            struct life_kind *x = &B.connectors[k].kinds[kind];
            if (x->taker == p->number && peace && !B.connectors[k].deleted) {
                sim_violation("process %d has stopped in fair weather, and %s was not told", i,
                              B.connectors[k].id);
            }
            if (x->taker == p->number) {
                x->doubtful = true; // what it has begun may stay half done
            }
        }
    }
    p->alive = false;
    p->ended_us = clock_now_us();
    rebase_all();
}

// ---- requests

struct life_ask life_ask;

static void part(const struct t_request *q, int n, char *out, isize cap)
{
    struct t_buf b = {0};
    out[0] = 0;
    if (t_path_part(q->path, n, &b)) {
        life_copy(out, cap, t_buf_str(&b));
    }
    t_buf_free(&b);
}

static void count(const struct t_request *q, const char *one, const char *two)
{
    struct life_process *p = life_asking();
    bool connectors = life_is(one, ES_CONNECTORS), jobs = life_is(one, ES_JOBS);
    life_counts.requests++;
    if (q->service != T_ELASTIC) {
        B.tally.google++;
    } else if (connectors && life_is(two, "_search")) {
        B.tally.connector_searches++;
        p->rounds++;
    } else if (jobs && life_is(two, "_search")) {
        B.tally.job_searches++;
    } else if (connectors && life_is(two, "_doc")) {
        B.tally.connector_gets++;
    } else if (connectors && life_is(two, "_update")) {
        B.tally.connector_updates++;
    } else if (life_is(one, "_connector") && str_ends(q->path, S("/_check_in"))) {
        B.tally.check_ins++;
    } else {
        B.tally.others++;
    }
}

// A job is asked for, whatever becomes of it.
static void note_make(str body)
{
    char id[64], type[40];
    str connector;
    life_text(body, "id", id, COUNT(id));
    if (!id[0] && t_json_get(body, "connector", &connector)) {
        life_text(connector, "id", id, COUNT(id));
    }
    life_text(body, "job_type", type, COUNT(type));
    struct life_connector *c = life_connector_of(id);
    for (int i = 0; c && i < LIFE_TYPES; i++) {
        c->schedules[i].asked = c->schedules[i].asked || life_is(type, life_type_names[i]);
    }
}

void life_asked(const struct t_request *q)
{
    char one[64], two[64], three[64], four[64];
    part(q, 0, one, COUNT(one));
    part(q, 1, two, COUNT(two));
    part(q, 2, three, COUNT(three));
    part(q, 3, four, COUNT(four));
    count(q, one, two);
    memset(&life_ask, 0, sizeof(life_ask));
    if (q->service != T_ELASTIC) {
        return;
    }
    life_ask.guarded = str_find(q->query, S("if_seq_no=")) >= 0;
    if (life_is(one, ES_CONNECTORS) && life_is(two, "_update")) {
        life_ask.kind = ASK_CONNECTOR;
        memcpy(life_ask.id, three, sizeof(life_ask.id));
        str record = life_record(false, life_ask.id);
        life_text(record, "last_sync_status", life_ask.before, COUNT(life_ask.before));
        life_text(record, "last_access_control_sync_status", life_ask.before_access,
                  COUNT(life_ask.before_access));
        return;
    }
    if (life_is(one, ES_JOBS) && life_is(two, "_doc") && t_request_is(q, "GET")) {
        life_ask.kind = ASK_GET_JOB;
        memcpy(life_ask.id, three, sizeof(life_ask.id));
    } else if (life_is(one, ES_JOBS) && life_is(two, "_update")) {
        life_ask.kind = ASK_JOB;
        memcpy(life_ask.id, three, sizeof(life_ask.id));
    } else if (life_is(one, "_connector") && life_is(two, "_sync_job") && life_is(four, "_claim")) {
        life_ask.kind = ASK_CLAIM;
        memcpy(life_ask.id, three, sizeof(life_ask.id));
    } else if ((life_is(one, "_connector") && life_is(two, "_sync_job") && three[0] == 0) ||
               (life_is(one, ES_JOBS) && life_is(two, "_doc"))) {
        life_ask.kind = t_request_is(q, "POST") ? ASK_MAKE : ASK_NOTHING;
        note_make(q->body);
    }
    if (life_ask.id[0]) {
        life_text(life_record(true, life_ask.id), "status", life_ask.before,
                  COUNT(life_ask.before));
    }
}

void life_answered(const struct t_request *q, const struct t_response *r)
{
    if (q->service != T_ELASTIC || r->status < 200 || r->status > 299) {
        return;
    }
    struct life_job *j = life_ask.id[0] && life_ask.kind != ASK_CONNECTOR ? life_job_of(life_ask.id)
                                                                          : NULL;
    switch (life_ask.kind) {
    case ASK_CONNECTOR:
        life_connector_written(q);
        break;
    case ASK_JOB:
        life_job_written(q);
        break;
    case ASK_MAKE:
        life_made(r);
        break;
    case ASK_CLAIM:
        j = j ? j : life_new_job(life_ask.id);
        life_text(life_record(true, life_ask.id), "status", j->status, COUNT(j->status));
        life_claimed(j);
        j->changed_us = clock_now_us();
        break;
    case ASK_GET_JOB:
        if (j) {
            j->read_us[far_world.asking] = clock_now_us();
        }
        break;
    case ASK_NOTHING:
        break;
    }
    if (str_ends(q->path, S("/_stats"))) {
        char id[64];
        part(q, 2, id, COUNT(id));
        j = life_job_of(id);
        if (j) {
            j->seen_us = clock_now_us();
        }
    }
}

// An answer that does not come leaves whoever asked in doubt.
void life_disturbed(const struct t_request *q)
{
    char one[64], two[64], three[64];
    part(q, 0, one, COUNT(one));
    part(q, 1, two, COUNT(two));
    part(q, 2, three, COUNT(three));
    struct life_connector *c = life_is(one, ES_CONNECTORS) ? life_connector_of(three) : NULL;
    bool makes = (life_is(one, "_connector") && life_is(two, "_sync_job") && !three[0]) ||
                 (life_is(one, ES_JOBS) && life_is(two, "_doc") && t_request_is(q, "POST"));
    for (int i = 0; c && i < LIFE_TYPES; i++) {
        c->schedules[i].excused = true; // the answer to its plan is lost
    }
    for (int i = 0; makes && i < B.connector_count; i++) {
        for (int k = 0; k < LIFE_TYPES; k++) {
            B.connectors[i].schedules[k].excused = true;
        }
    }
}

void life_lost(void)
{
    for (int i = 0; i < B.connector_count; i++) {
        for (int k = 0; k < LIFE_TYPES; k++) {
            struct life_schedule *s = &B.connectors[i].schedules[k];
            s->excused = s->excused || clock_now_us() - s->owed_us < 900 * SIM_S;
        }
    }
}

// A person renames the connector in the very moment.
void life_rival_writes(const struct t_request *q)
{
    char one[64], two[64], three[64];
    part(q, 0, one, COUNT(one));
    part(q, 1, two, COUNT(two));
    part(q, 2, three, COUNT(three));
    if (!life_is(one, ES_CONNECTORS) || !life_is(two, "_update") || !life_connector_of(three)) {
        return;
    }
    struct es_index *x = es_system_index(B.t, ES_CONNECTORS);
    struct t_buf b = {0};
    t_buf_printf(&b, "{\"name\":\"renamed %d\"}", ++B.renames);
    es_patch(B.t, x, str_from(three), t_buf_str(&b));
    t_buf_free(&b);
}
