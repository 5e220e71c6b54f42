// SPDX-License-Identifier: Apache-2.0
// What is judged when a record was written: planned times, jobs and their ends, connectors taken
// and set free; see life_observer.h.
#include "life_book.h"

#include <stdio.h>
#include <string.h>

#include "../tenant/es.h"
#include "../unit/cron_oracle.h"
#include "clock.h"
#include "far.h"
#include "sim.h"

#define B life_book
#define CANCEL_RACE_US (20 * SIM_S) // a sync that is through may not see its cancellation any more

// ---- planning

static const char *const scheduled_keys[] = {"last_sync_scheduled_at",
                                             "last_incremental_sync_scheduled_at",
                                             "last_access_control_sync_scheduled_at"};

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
    struct life_process *p = life_asking();
    str record = life_record(false, c->id), scheduling, one;
    char interval[LIFE_INTERVAL_BYTES] = "";
    if (t_json_get(record, "scheduling", &scheduling) &&
        t_json_get(scheduling, life_type_names[type], &one)) {
        life_text(one, "interval", interval, COUNT(interval));
    }
    if (!life_ask.guarded) {
        sim_violation("%s: a planned time is written without a guard", c->id);
    }
    if (!t_json_bool(one, "enabled", false)) {
        sim_violation("%s: a %s sync is planned, and its schedule is off", c->id,
                      life_type_names[type]);
    }
    if (oracle_next(str_from(interval), at_s - 1, 1) != at_s) {
        sim_violation("%s: %lld is no occurrence of \"%s\"", c->id, (long long)at_s, interval);
    }
    if (at_s > life_now_s()) {
        sim_violation("%s: an occurrence is planned %lld s before it comes", c->id,
                      (long long)(at_s - life_now_s()));
    }
    if (at_s <= s->planned_s) {
        sim_violation("%s: the %s sync of %lld is planned, and one of %lld was before", c->id,
                      life_type_names[type], (long long)at_s, (long long)s->planned_s);
    }
    if (at_s < p->begun_s - 1) {
        sim_violation("%s: an occurrence of before the start of the process is planned", c->id);
    }
    if (s->owed && !s->excused && !s->asked && life_process_numbered(s->owed_by)) {
        sim_violation("%s: no %s job was made for the occurrence of %lld", c->id,
                      life_type_names[type], (long long)s->planned_s);
    }
    life_counts.planned++;
    s->planned_s = at_s;
    s->owed = true;
    s->asked = s->excused = false;
    s->owed_by = p->number;
    s->owed_us = clock_now_us();
    if (s->enabled) {
        life_rebase(s, life_now_s());
    }
}

// ---- jobs

struct life_job *life_new_job(const char *id)
{
    if (B.job_count == B.job_cap) {
        B.job_cap = B.job_cap * 2 + 64;
        B.jobs = t_resize(B.jobs, B.job_cap * (isize)sizeof(*B.jobs));
    }
    struct life_job *j = &B.jobs[B.job_count++];
    *j = (struct life_job){.created_us = clock_now_us(), .changed_us = clock_now_us()};
    life_copy(j->id, COUNT(j->id), str_from(id));
    str record = life_record(true, id), connector;
    char text[64];
    life_text(record, "status", j->status, COUNT(j->status));
    life_text(record, "job_type", text, COUNT(text));
    for (int i = 0; i < LIFE_TYPES; i++) {
        j->type = life_is(text, life_type_names[i]) ? i : j->type;
    }
    life_text(record, "trigger_method", text, COUNT(text));
    j->scheduled = life_is(text, "scheduled");
    if (t_json_get(record, "connector", &connector)) {
        life_text(connector, "id", text, COUNT(text));
        j->connector = life_connector_of(text);
    }
    life_counts.jobs++;
    return j;
}

void life_made(const struct t_response *r)
{
    char id[64];
    str answer = t_buf_str(&r->own);
    life_text(answer, "id", id, COUNT(id));
    if (!id[0]) {
        life_text(answer, "_id", id, COUNT(id));
    }
    struct life_job *j = life_new_job(id);
    if (!j->connector || !life_is(j->status, "pending")) {
        sim_violation("job %s is made %s, and of no connector", id, j->status);
    }
    struct life_schedule *s = &j->connector->schedules[j->type];
    if (!j->scheduled || !s->owed || s->owed_by != life_asking()->number) {
        sim_violation("%s: a %s job is made for no occurrence: the one of %lld has its job",
                      j->connector->id, life_type_names[j->type], (long long)s->planned_s);
    }
    s->owed = false;
}

void life_canceled(str id)
{
    char text[64];
    life_copy(text, COUNT(text), id);
    struct life_job *j = life_job_of(text);
    if (!j) {
        j = life_new_job(text);
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
        life_copy(id, COUNT(id), str_make(x->docs[i].id, x->docs[i].id_bytes));
        if (life_job_of(id)) {
            break;
        }
        life_new_job(id);
    }
}

static bool is_running(const struct life_job *j)
{
    return life_is(j->status, "in_progress") || life_is(j->status, "canceling");
}

static struct life_kind *kind_of(const struct life_job *j)
{
    return &j->connector->kinds[j->type == LIFE_ACCESS];
}

void life_claimed(struct life_job *j)
{
    struct life_process *p = life_asking();
    struct life_process *other = life_process_numbered(j->worker);
    bool again = j->worker == p->number && is_running(j);
    bool waits = life_is(life_ask.before, "pending") || life_is(life_ask.before, "suspended");
    bool unseen = j->changed_us >= j->read_us[far_world.asking]; // changed after it was looked at
    if (is_running(j) && other && other != p) {
        sim_violation("job %s has a worker, process %d, and is claimed by process %d", j->id,
                      (int)(other - B.processes), far_world.asking);
    }
    if (!waits && !again && !unseen) {
        sim_violation("job %s was %s when it was claimed", j->id, life_ask.before);
    }
    if (!B.settings.api && !life_ask.guarded) {
        sim_violation("job %s is claimed without a guard", j->id);
    }
    const struct life_kind *kind = kind_of(j);
    if (kind->taker != p->number && !kind->doubtful) {
        sim_violation("job %s is claimed by process %d, which has not taken %s", j->id,
                      far_world.asking, j->connector->id);
    }
    for (int i = B.kept_from; i < B.job_count; i++) {
        struct life_job *k = &B.jobs[i];
        struct life_process *theirs = life_process_numbered(k->worker);
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
    struct life_process *p = life_asking();
    // Whoever has taken the connector may end the job although its claim was lost.
    bool own = j->worker == p->number || (j->connector && kind_of(j)->taker == p->number);
    i64 silent_us = clock_now_us() - j->seen_us;
    if (life_is(j->status, life_ask.before) && own) {
        return; // said twice
    }
    if (life_is_final(life_ask.before) && !j->disowned) {
        sim_violation("job %s was %s, and is made %s", j->id, life_ask.before, j->status);
    }
    if (!own && (!life_is(j->status, "error") || !life_ask.guarded)) {
        sim_violation("job %s of another process is made %s%s", j->id, j->status,
                      life_ask.guarded ? "" : " without a guard");
    }
    if (!own && is_running(j) && silent_us < 300 * SIM_S - 2 * SIM_S && j->connector &&
        !j->connector->deleted) {
        sim_violation("job %s is ended as idle, %lld s after its last sign of life", j->id,
                      (long long)(silent_us / SIM_S));
    }
    if (life_is(j->status, "canceled") && !life_is(life_ask.before, "canceling")) {
        sim_violation("job %s is canceled, and nobody asked for it", j->id);
    }
    if (life_is(life_ask.before, "canceling") && own && !life_is(j->status, "canceled") &&
        clock_now_us() - j->canceled_us > CANCEL_RACE_US && B.fair_since_us < j->canceled_us &&
        !p->stopping) {
        sim_violation("job %s was to be canceled, and is %s", j->id, j->status);
    }
    char error[200], completed[48];
    str record = life_record(true, j->id);
    life_text(record, "error", error, COUNT(error));
    life_text(record, "completed_at", completed, COUNT(completed));
    if ((error[0] != 0) != life_is(j->status, "error")) {
        sim_violation("job %s is %s, and its error is \"%s\"", j->id, j->status, error);
    }
    if ((completed[0] != 0) != life_is_final(j->status)) {
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

void life_job_written(const struct t_request *q)
{
    struct life_job *j = life_job_of(life_ask.id);
    str doc, seen;
    if (!j) {
        j = life_new_job(life_ask.id);
    }
    if (!t_json_get(q->body, "doc", &doc)) {
        return;
    }
    life_text(life_record(true, life_ask.id), "status", j->status, COUNT(j->status));
    char status[40];
    life_text(doc, "status", status, COUNT(status));
    if (life_is(status, "in_progress")) {
        life_claimed(j);
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
    if (!life_ask.guarded) {
        sim_violation("%s is taken without a guard", c->id);
    }
    if (life_is(before, "in_progress")) {
        sim_violation("%s is taken by process %d, and it was taken already", c->id,
                      far_world.asking);
    }
    k->taker = life_asking()->number;
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
    struct life_process *p = life_asking();
    const struct life_job *j = k->last_job >= 0 && !k->told ? &B.jobs[k->last_job] : NULL;
    bool own = j && k->ended_by == p->number;
    char error[200], job_error[200];
    k->told_us = clock_now_us();
    if (own) {
        life_text(record, kind ? "last_access_control_sync_error" : "last_sync_error", error,
                  COUNT(error));
        life_text(life_record(true, j->id), "error", job_error, COUNT(job_error));
        if (!life_is(status, j->status) || !life_is(error, job_error)) {
            sim_violation("%s says %s \"%s\", and its job %s says %s \"%s\"", c->id, status, error,
                          j->id, j->status, job_error);
        }
        if (!life_is(status, "suspended") && !j->disowned) {
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
    struct life_process *worker = life_process_numbered(k->taker);
    if (worker && worker != p && !worker->stopping && B.fair_since_us < k->taken_us) {
        sim_violation("%s is set free by process %d, and process %d works for it", c->id,
                      far_world.asking, (int)(worker - B.processes));
    }
    k->taker = 0;
}

void life_connector_written(const struct t_request *q)
{
    static const char *const keys[] = {"last_sync_status", "last_access_control_sync_status"};
    struct life_connector *c = life_connector_of(life_ask.id);
    str doc, record = life_record(false, life_ask.id);
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
        if (life_is(status, "in_progress")) {
            taken(c, kind, kind ? life_ask.before_access : life_ask.before);
        } else if (status[0]) {
            told(c, kind, status, record);
        }
    }
}
