// SPDX-License-Identifier: Apache-2.0
// The model, and what is judged at each request; see life_observer.h. What is judged when things
// have come to rest is in life_judge.c.
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
#define CANCEL_RACE_US (20 * SIM_S) // a sync that is through may not see its cancellation any more

static const char *const type_names[] = {"full", "incremental", "access_control"};

// ---- records of the double

str life_record(bool job, const char *id)
{
    int place = es_find_index(B.t->es, job ? S(ES_JOBS) : S(ES_CONNECTORS));
    struct es_index *x = place < 0 ? NULL : &B.t->es->indices[place];
    const struct es_doc *doc = x ? es_find_doc(B.t->es, x, str_from(id)) : NULL;
    return doc ? es_source(doc) : (str){0};
}

static void copy(char *to, isize cap, str s)
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
        copy(out, cap, t_buf_str(&b));
    }
    t_buf_free(&b);
}

static bool is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static bool is_final(const char *status)
{
    return is(status, "completed") || is(status, "error") || is(status, "canceled");
}

static i64 now_s(void)
{
    return clock_true_unix_ms() / 1000;
}

// ---- the model

struct life_connector *life_connector_of(const char *id)
{
    for (int i = 0; i < B.connector_count; i++) {
        if (is(B.connectors[i].id, id)) {
            return &B.connectors[i];
        }
    }
    return NULL;
}

static struct life_job *job_of(const char *id)
{
    for (int i = B.job_count - 1; i >= 0; i--) {
        if (is(B.jobs[i].id, id)) {
            return &B.jobs[i];
        }
    }
    return NULL;
}

static struct life_process *asking(void)
{
    return &B.processes[far_world.asking];
}

static struct life_process *process_numbered(int number)
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
    B.oldest_unix_s = now_s();
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

static void rebase(struct life_schedule *s, i64 base_s)
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
        copy(c->id, COUNT(c->id), str_from(id));
    }
    str record = life_record(false, id), scheduling, one;
    char status[40];
    c->edited_us = clock_now_us();
    c->deleted = t_json_bool(record, "deleted", false);
    life_text(record, "status", status, COUNT(status));
    bool serves = !c->deleted && !c->spoiled && !is(status, "created") &&
                  !is(status, "needs_configuration");
    for (int i = 0; i < LIFE_TYPES; i++) {
        struct life_schedule *s = &c->schedules[i];
        s->enabled = serves && t_json_get(record, "scheduling", &scheduling) &&
                     t_json_get(scheduling, type_names[i], &one) &&
                     t_json_bool(one, "enabled", false);
        if (s->enabled) {
            life_text(one, "interval", s->interval, COUNT(s->interval));
        }
        if (i == LIFE_ACCESS && !B.settings.platinum) {
            s->enabled = false; // it may be planned, or not
        }
        // Whoever is at work has the record as it was.
        rebase(s, now_s() + 2 * B.settings.idling_s + 120);
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
                rebase(s, s->base_s < first ? first : s->base_s);
            }
        }
    }
}

void life_process_begins(int i)
{
    B.processes[i] = (struct life_process){.number = ++B.process_count,
                                           .alive = true,
                                           .begun_s = now_s() + 1,
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
            (!is(j->status, "in_progress") && !is(j->status, "canceling"))) {
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

static struct {
    enum { ASK_NOTHING, ASK_CONNECTOR, ASK_JOB, ASK_MAKE, ASK_CLAIM, ASK_GET_JOB } kind;
    char id[64];
    char before[40]; // status of the job; of the sync of this kind
    char before_access[40];
    bool guarded;
    char scheduled[LIFE_TYPES][40];
} ask;

static void part(const struct t_request *q, int n, char *out, isize cap)
{
    struct t_buf b = {0};
    out[0] = 0;
    if (t_path_part(q->path, n, &b)) {
        copy(out, cap, t_buf_str(&b));
    }
    t_buf_free(&b);
}

static void count(const struct t_request *q, const char *one, const char *two)
{
    struct life_process *p = asking();
    bool connectors = is(one, ES_CONNECTORS), jobs = is(one, ES_JOBS);
    life_counts.requests++;
    if (q->service != T_ELASTIC) {
        B.tally.google++;
    } else if (connectors && is(two, "_search")) {
        B.tally.connector_searches++;
        p->rounds++;
    } else if (jobs && is(two, "_search")) {
        B.tally.job_searches++;
    } else if (connectors && is(two, "_doc")) {
        B.tally.connector_gets++;
    } else if (connectors && is(two, "_update")) {
        B.tally.connector_updates++;
    } else if (is(one, "_connector") && str_ends(q->path, S("/_check_in"))) {
        B.tally.check_ins++;
    } else {
        B.tally.others++;
    }
}

static const char *const scheduled_keys[] = {"last_sync_scheduled_at",
                                             "last_incremental_sync_scheduled_at",
                                             "last_access_control_sync_scheduled_at"};

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
        c->schedules[i].asked = c->schedules[i].asked || is(type, type_names[i]);
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
    memset(&ask, 0, sizeof(ask));
    if (q->service != T_ELASTIC) {
        return;
    }
    ask.guarded = str_find(q->query, S("if_seq_no=")) >= 0;
    if (is(one, ES_CONNECTORS) && is(two, "_update")) {
        ask.kind = ASK_CONNECTOR;
        memcpy(ask.id, three, sizeof(ask.id));
        str record = life_record(false, ask.id);
        life_text(record, "last_sync_status", ask.before, COUNT(ask.before));
        life_text(record, "last_access_control_sync_status", ask.before_access,
                  COUNT(ask.before_access));
        return;
    }
    if (is(one, ES_JOBS) && is(two, "_doc") && t_request_is(q, "GET")) {
        ask.kind = ASK_GET_JOB;
        memcpy(ask.id, three, sizeof(ask.id));
    } else if (is(one, ES_JOBS) && is(two, "_update")) {
        ask.kind = ASK_JOB;
        memcpy(ask.id, three, sizeof(ask.id));
    } else if (is(one, "_connector") && is(two, "_sync_job") && is(four, "_claim")) {
        ask.kind = ASK_CLAIM;
        memcpy(ask.id, three, sizeof(ask.id));
    } else if ((is(one, "_connector") && is(two, "_sync_job") && three[0] == 0) ||
               (is(one, ES_JOBS) && is(two, "_doc"))) {
        ask.kind = t_request_is(q, "POST") ? ASK_MAKE : ASK_NOTHING;
        note_make(q->body);
    }
    if (ask.id[0]) {
        life_text(life_record(true, ask.id), "status", ask.before, COUNT(ask.before));
    }
}

// ---- planning

static bool read_time(str object, const char *key, i64 *unix_s)
{
    char text[48];
    int y, mo, d, h, mi, s;
    life_text(object, key, text, COUNT(text));
    if (sscanf(text, "%d-%d-%dT%d:%d:%d", &y, &mo, &d, &h, &mi, &s) != 6) {
        return false;
    }
    // Days since 1970, by counting years and months.
    i64 days = 0;
    for (int i = 1970; i < y; i++) {
        days += oracle_days_in(i, 2) == 29 ? 366 : 365;
    }
    for (int i = 1; i < mo; i++) {
        days += oracle_days_in(y, i);
    }
    *unix_s = (days + d - 1) * 86400 + h * 3600 + mi * 60 + s;
    return true;
}

static void planned(struct life_connector *c, int type, i64 at_s)
{
    struct life_schedule *s = &c->schedules[type];
    struct life_process *p = asking();
    str record = life_record(false, c->id), scheduling, one;
    char interval[LIFE_INTERVAL_BYTES] = "";
    if (t_json_get(record, "scheduling", &scheduling) &&
        t_json_get(scheduling, type_names[type], &one)) {
        life_text(one, "interval", interval, COUNT(interval));
    }
    if (!ask.guarded) {
        sim_violation("%s: a planned time is written without a guard", c->id);
    }
    if (!t_json_bool(one, "enabled", false)) {
        sim_violation("%s: a %s sync is planned, and its schedule is off", c->id, type_names[type]);
    }
    if (oracle_next(str_from(interval), at_s - 1, 1) != at_s) {
        sim_violation("%s: %lld is no occurrence of \"%s\"", c->id, (long long)at_s, interval);
    }
    if (at_s > now_s()) {
        sim_violation("%s: an occurrence is planned %lld s before it comes", c->id,
                      (long long)(at_s - now_s()));
    }
    if (at_s <= s->planned_s) {
        sim_violation("%s: the %s sync of %lld is planned, and one of %lld was before", c->id,
                      type_names[type], (long long)at_s, (long long)s->planned_s);
    }
    if (at_s < p->begun_s - 1) {
        sim_violation("%s: an occurrence of before the start of the process is planned", c->id);
    }
    if (s->owed && !s->excused && !s->asked && process_numbered(s->owed_by)) {
        sim_violation("%s: no %s job was made for the occurrence of %lld", c->id, type_names[type],
                      (long long)s->planned_s);
    }
    life_counts.planned++;
    s->planned_s = at_s;
    s->owed = true;
    s->asked = s->excused = false;
    s->owed_by = p->number;
    s->owed_us = clock_now_us();
    if (s->enabled) {
        rebase(s, now_s());
    }
}

// ---- jobs

static struct life_job *new_job(const char *id)
{
    if (B.job_count == B.job_cap) {
        B.job_cap = B.job_cap * 2 + 64;
        B.jobs = t_resize(B.jobs, B.job_cap * (isize)sizeof(*B.jobs));
    }
    struct life_job *j = &B.jobs[B.job_count++];
    *j = (struct life_job){.created_us = clock_now_us(), .changed_us = clock_now_us()};
    copy(j->id, COUNT(j->id), str_from(id));
    str record = life_record(true, id), connector;
    char text[64];
    life_text(record, "status", j->status, COUNT(j->status));
    life_text(record, "job_type", text, COUNT(text));
    for (int i = 0; i < LIFE_TYPES; i++) {
        j->type = is(text, type_names[i]) ? i : j->type;
    }
    life_text(record, "trigger_method", text, COUNT(text));
    j->scheduled = is(text, "scheduled");
    if (t_json_get(record, "connector", &connector)) {
        life_text(connector, "id", text, COUNT(text));
        j->connector = life_connector_of(text);
    }
    life_counts.jobs++;
    return j;
}

static void made(const struct t_response *r)
{
    char id[64];
    str answer = t_buf_str(&r->own);
    life_text(answer, "id", id, COUNT(id));
    if (!id[0]) {
        life_text(answer, "_id", id, COUNT(id));
    }
    struct life_job *j = new_job(id);
    if (!j->connector || !is(j->status, "pending")) {
        sim_violation("job %s is made %s, and of no connector", id, j->status);
    }
    struct life_schedule *s = &j->connector->schedules[j->type];
    if (!j->scheduled || !s->owed || s->owed_by != asking()->number) {
        sim_violation("%s: a %s job is made for no occurrence: the one of %lld has its job",
                      j->connector->id, type_names[j->type], (long long)s->planned_s);
    }
    s->owed = false;
}

void life_canceled(str id)
{
    char text[64];
    copy(text, COUNT(text), id);
    struct life_job *j = job_of(text);
    if (!j) {
        j = new_job(text);
    }
    life_text(life_record(true, text), "status", j->status, COUNT(j->status));
    j->changed_us = j->canceled_us = clock_now_us();
}

void life_demanded(void)
{
    int place = es_find_index(B.t->es, S(ES_JOBS));
    const struct es_index *x = place < 0 ? NULL : &B.t->es->indices[place];
    char id[64];
    for (isize i = x ? x->count - 1 : -1; i >= 0; i--) {
        copy(id, COUNT(id), str_make(x->docs[i].id, x->docs[i].id_bytes));
        if (job_of(id)) {
            break;
        }
        new_job(id);
    }
}

static bool is_running(const struct life_job *j)
{
    return is(j->status, "in_progress") || is(j->status, "canceling");
}

static struct life_kind *kind_of(const struct life_job *j)
{
    return &j->connector->kinds[j->type == LIFE_ACCESS];
}

static void claimed(struct life_job *j)
{
    struct life_process *p = asking();
    struct life_process *other = process_numbered(j->worker);
    bool again = j->worker == p->number && is_running(j);
    bool waits = is(ask.before, "pending") || is(ask.before, "suspended");
    bool unseen = j->changed_us >= j->read_us[far_world.asking]; // changed after it was looked at
    if (is_running(j) && other && other != p) {
        sim_violation("job %s has a worker, process %d, and is claimed by process %d", j->id,
                      (int)(other - B.processes), far_world.asking);
    }
    if (!waits && !again && !unseen) {
        sim_violation("job %s was %s when it was claimed", j->id, ask.before);
    }
    if (!B.settings.api && !ask.guarded) {
        sim_violation("job %s is claimed without a guard", j->id);
    }
    const struct life_kind *kind = kind_of(j);
    if (kind->taker != p->number && !kind->doubtful) {
        sim_violation("job %s is claimed by process %d, which has not taken %s", j->id,
                      far_world.asking, j->connector->id);
    }
    for (int i = B.kept_from; i < B.job_count; i++) {
        struct life_job *k = &B.jobs[i];
        struct life_process *theirs = process_numbered(k->worker);
        if (k != j && k->connector == j->connector && is_running(k) && theirs &&
            (k->type == LIFE_ACCESS) == (j->type == LIFE_ACCESS) &&
            clock_now_us() - k->seen_us < 300 * SIM_S) {
            sim_violation("job %s is claimed while job %s of the same connector runs", j->id,
                          k->id);
        }
    }
    life_counts.claims++;
    j->worker = p->number;
    j->claims += !again;
    j->claimed_us = j->seen_us = clock_now_us();
}

static void ended(struct life_job *j, str doc)
{
    struct life_process *p = asking();
    // Whoever has taken the connector may end the job although its claim was lost.
    bool own = j->worker == p->number || (j->connector && kind_of(j)->taker == p->number);
    i64 silent_us = clock_now_us() - j->seen_us;
    if (is(j->status, ask.before) && own) {
        return; // said twice
    }
    if (is_final(ask.before) && !j->disowned) {
        sim_violation("job %s was %s, and is made %s", j->id, ask.before, j->status);
    }
    if (!own && (!is(j->status, "error") || !ask.guarded)) {
        sim_violation("job %s of another process is made %s%s", j->id, j->status,
                      ask.guarded ? "" : " without a guard");
    }
    if (!own && is_running(j) && silent_us < 300 * SIM_S - 2 * SIM_S && j->connector &&
        !j->connector->deleted) {
        sim_violation("job %s is ended as idle, %lld s after its last sign of life", j->id,
                      (long long)(silent_us / SIM_S));
    }
    if (is(j->status, "canceled") && !is(ask.before, "canceling")) {
        sim_violation("job %s is canceled, and nobody asked for it", j->id);
    }
    if (is(ask.before, "canceling") && own && !is(j->status, "canceled") &&
        clock_now_us() - j->canceled_us > CANCEL_RACE_US && B.fair_since_us < j->canceled_us &&
        !p->stopping) {
        sim_violation("job %s was to be canceled, and is %s", j->id, j->status);
    }
    char error[200], completed[48];
    str record = life_record(true, j->id);
    life_text(record, "error", error, COUNT(error));
    life_text(record, "completed_at", completed, COUNT(completed));
    if ((error[0] != 0) != is(j->status, "error")) {
        sim_violation("job %s is %s, and its error is \"%s\"", j->id, j->status, error);
    }
    if ((completed[0] != 0) != is_final(j->status)) {
        sim_violation("job %s is %s, and completed_at \"%s\"", j->id, j->status, completed);
    }
    (void)doc;
    if (!own) {
        j->disowned = true; // whoever lost it may not know yet
        life_counts.idle_ended++;
    }
    life_counts.ended++;
    j->ended_us = clock_now_us();
    if (j->connector) {
        struct life_kind *k = kind_of(j);
        k->last_job = (int)(j - B.jobs);
        k->ended_by = p->number;
        k->told = false;
        k->ended_us = j->ended_us;
    }
}

static void job_written(const struct t_request *q)
{
    struct life_job *j = job_of(ask.id);
    str doc, seen;
    if (!j) {
        j = new_job(ask.id);
    }
    if (!t_json_get(q->body, "doc", &doc)) {
        return;
    }
    life_text(life_record(true, ask.id), "status", j->status, COUNT(j->status));
    char status[40];
    life_text(doc, "status", status, COUNT(status));
    if (is(status, "in_progress")) {
        claimed(j);
    } else if (status[0]) {
        ended(j, doc);
    }
    if (t_json_get(doc, "last_seen", &seen)) {
        j->seen_us = clock_now_us();
    }
    j->changed_us = clock_now_us();
}

// ---- connectors

static void taken(struct life_connector *c, int kind, const char *before)
{
    struct life_kind *k = &c->kinds[kind];
    if (!ask.guarded) {
        sim_violation("%s is taken without a guard", c->id);
    }
    if (is(before, "in_progress")) {
        sim_violation("%s is taken by process %d, and it was taken already", c->id,
                      far_world.asking);
    }
    k->taker = asking()->number;
    k->doubtful = false;
    k->taken_us = clock_now_us();
}

static void compare_counts(const struct life_connector *c, str record, const struct life_job *j)
{
    static const char *const keys[][2] = {
        {"last_indexed_document_count", "indexed_document_count"},
        {"last_deleted_document_count", "deleted_document_count"}};
    str job = life_record(true, j->id);
    for (isize i = 0; i < COUNT(keys); i++) {
        i64 theirs = t_json_i64(record, keys[i][0], -1), own = t_json_i64(job, keys[i][1], -1);
        if (theirs != own) {
            sim_violation("%s says %s %lld, and its job %s says %lld", c->id, keys[i][0],
                          (long long)theirs, j->id, (long long)own);
        }
    }
}

static void told(struct life_connector *c, int kind, const char *status, str record)
{
    struct life_kind *k = &c->kinds[kind];
    struct life_process *p = asking();
    const struct life_job *j = k->last_job >= 0 && !k->told ? &B.jobs[k->last_job] : NULL;
    bool own = j && k->ended_by == p->number;
    char error[200], job_error[200];
    k->told_us = clock_now_us();
    if (own) {
        life_text(record, kind ? "last_access_control_sync_error" : "last_sync_error", error,
                  COUNT(error));
        life_text(life_record(true, j->id), "error", job_error, COUNT(job_error));
        if (!is(status, j->status) || !is(error, job_error)) {
            sim_violation("%s says %s \"%s\", and its job %s says %s \"%s\"", c->id, status, error,
                          j->id, j->status, job_error);
        }
        if (!is(status, "suspended") && !j->disowned) {
            compare_counts(c, record, j);
        }
        k->told = true;
        k->doubtful = false;
        k->taker = 0;
        return;
    }
    // No job has ended: either nobody works any more (a clean-up), or the job was not to be had.
    k->freed = true;
    life_counts.freed++;
    struct life_process *worker = process_numbered(k->taker);
    if (worker && worker != p && !worker->stopping && B.fair_since_us < k->taken_us) {
        sim_violation("%s is set free by process %d, and process %d works for it", c->id,
                      far_world.asking, (int)(worker - B.processes));
    }
    k->taker = 0;
}

static void connector_written(const struct t_request *q)
{
    static const char *const keys[] = {"last_sync_status", "last_access_control_sync_status"};
    struct life_connector *c = life_connector_of(ask.id);
    str doc, record = life_record(false, ask.id);
    char status[40];
    if (!c || !t_json_get(q->body, "doc", &doc)) {
        return;
    }
    for (int i = 0; i < LIFE_TYPES; i++) {
        i64 at_s;
        if (read_time(doc, scheduled_keys[i], &at_s)) {
            planned(c, i, at_s);
        }
    }
    for (int kind = 0; kind < 2; kind++) {
        life_text(doc, keys[kind], status, COUNT(status));
        if (is(status, "in_progress")) {
            taken(c, kind, kind ? ask.before_access : ask.before);
        } else if (status[0]) {
            told(c, kind, status, record);
        }
    }
}

void life_answered(const struct t_request *q, const struct t_response *r)
{
    if (q->service != T_ELASTIC || r->status < 200 || r->status > 299) {
        return;
    }
    struct life_job *j = ask.id[0] && ask.kind != ASK_CONNECTOR ? job_of(ask.id) : NULL;
    switch (ask.kind) {
    case ASK_CONNECTOR:
        connector_written(q);
        break;
    case ASK_JOB:
        job_written(q);
        break;
    case ASK_MAKE:
        made(r);
        break;
    case ASK_CLAIM:
        j = j ? j : new_job(ask.id);
        life_text(life_record(true, ask.id), "status", j->status, COUNT(j->status));
        claimed(j);
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
        j = job_of(id);
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
    struct life_connector *c = is(one, ES_CONNECTORS) ? life_connector_of(three) : NULL;
    bool makes = (is(one, "_connector") && is(two, "_sync_job") && !three[0]) ||
                 (is(one, ES_JOBS) && is(two, "_doc") && t_request_is(q, "POST"));
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
    if (!is(one, ES_CONNECTORS) || !is(two, "_update") || !life_connector_of(three)) {
        return;
    }
    struct es_index *x = es_system_index(B.t, ES_CONNECTORS);
    struct t_buf b = {0};
    t_buf_printf(&b, "{\"name\":\"renamed %d\"}", ++B.renames);
    es_patch(B.t, x, str_from(three), t_buf_str(&b));
    t_buf_free(&b);
}
