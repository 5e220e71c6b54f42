// SPDX-License-Identifier: Apache-2.0
// Counters of ended jobs, and the page (see metrics.h). Lines are put whole or not at all: a page
// that would be too long ends early with a line that says so.
#include "service/metrics.h"

#include <stddef.h>
#include <string.h>

void metrics_init(struct metrics *m, struct plan *plan)
{
    m->connectors = plan_take_n(plan, "connector metrics", struct metrics_connector,
                                METRICS_CONNECTORS, "jobs that have ended, for GET /metrics");
    m->count = 0;
}

// ---- what has ended

static str metrics_id(const struct metrics_connector *c)
{
    return str_make(c->id_bytes, c->id_n);
}

static struct metrics_connector *metrics_get(struct metrics *m, str id, i64 now_us)
{
    id = str_slice(id, 0, id.n < METRICS_ID_BYTES ? id.n : METRICS_ID_BYTES);
    struct metrics_connector *oldest = m->connectors;
    for (int i = 0; i < m->count; i++) {
        struct metrics_connector *c = &m->connectors[i];
        if (str_eq(metrics_id(c), id)) {
            c->used_us = now_us;
            return c;
        }
        oldest = c->used_us < oldest->used_us ? c : oldest;
    }
    struct metrics_connector *c = m->count < METRICS_CONNECTORS ? &m->connectors[m->count++]
                                                                : oldest;
    *c = (struct metrics_connector){.id_n = (int)id.n, .used_us = now_us};
    if (id.n) {
        memcpy(c->id_bytes, id.p, (size_t)id.n);
    }
    return c;
}

void metrics_job_ended(struct metrics *m, const struct runner *r, i64 now_us)
{
    struct metrics_connector *c = metrics_get(m, r->connector_id, now_us);
    const struct finish *f = &r->finish;
    c->ended[r->type][f->outcome]++;
    c->indexed += f->counts.indexed;
    c->deleted += f->counts.deleted;
    if (f->outcome == OUTCOME_COMPLETED) {
        c->last_completed_us[r->type] = now_us;
    }
}

// ---- lines

struct metrics_page {
    struct buf *b;
    isize line; // where the line under construction begins
    bool cut;
    bool labels; // it has some already
};

static void metrics_family(struct metrics_page *p, const char *name, const char *type,
                           const char *help)
{
    buf_put(p->b, S("# HELP mailferry_"));
    buf_put(p->b, str_from(name));
    buf_put_byte(p->b, ' ');
    buf_put(p->b, str_from(help));
    buf_put(p->b, S("\n# TYPE mailferry_"));
    buf_put(p->b, str_from(name));
    buf_put_byte(p->b, ' ');
    buf_put(p->b, str_from(type));
    buf_put_byte(p->b, '\n');
}

static void metrics_begin(struct metrics_page *p, const char *name)
{
    p->line = p->b->n;
    p->labels = false;
    buf_put(p->b, S("mailferry_"));
    buf_put(p->b, str_from(name));
}

// Backslash, quote and line end are escaped; what is no UTF-8, and control bytes, become '?'.
static void metrics_label(struct metrics_page *p, const char *key, str value)
{
    buf_put(p->b, p->labels ? S(",") : S("{"));
    p->labels = true;
    buf_put(p->b, str_from(key));
    buf_put(p->b, S("=\""));
    bool text = str_is_utf8(value);
    for (isize i = 0; i < value.n; i++) {
        u8 c = value.p[i];
        if (c == '"' || c == '\\') {
            buf_put_byte(p->b, '\\');
        }
        buf_put_byte(p->b, c < ' ' || c == 127 || (c >= 128 && !text) ? '?' : c);
    }
    buf_put_byte(p->b, '"');
}

static void metrics_end(struct metrics_page *p, i64 value)
{
    buf_put(p->b, p->labels ? S("} ") : S(" "));
    buf_put_i64(p->b, value);
    buf_put_byte(p->b, '\n');
    if (p->b->full || buf_room(p->b) < METRICS_CLOSING_BYTES) {
        p->b->n = p->line; // whole lines only
        p->b->full = false;
        p->cut = true;
    }
}

static void metrics_value(struct metrics_page *p, const char *name, i64 value)
{
    metrics_begin(p, name);
    metrics_end(p, value);
}

static void metrics_single(struct metrics_page *p, const char *name, const char *type,
                           const char *help, i64 value)
{
    metrics_family(p, name, type, help);
    metrics_value(p, name, value);
}

// ---- the page

static void metrics_put_process(struct metrics_page *p, const struct metrics_view *v)
{
    metrics_family(p, "build_info", "gauge", "version of the program");
    metrics_begin(p, "build_info");
    metrics_label(p, "version", S(MAILFERRY_VERSION));
    metrics_end(p, 1);
    metrics_single(p, "start_time_seconds", "gauge", "unix time of the start",
                   v->started_us / 1000000);
    metrics_single(p, "ready", "gauge", "1 once Elasticsearch was found, until the end",
                   v->ready && !v->stopping);
    metrics_single(p, "schedule_rounds_total", "counter", "rounds over all connectors",
                   v->schedule_rounds);
    metrics_single(p, "execute_rounds_total", "counter", "looks for waiting jobs",
                   v->execute_rounds);
}

static void metrics_put_loop(struct metrics_page *p, const struct loop_stats *l)
{
    metrics_single(p, "requests_total", "counter", "requests sent, retries included", l->requests);
    metrics_single(p, "connects_total", "counter", "connections opened", l->connects);
    metrics_single(p, "tls_resumed_total", "counter", "TLS sessions resumed", l->resumed);
    metrics_single(p, "received_bytes_total", "counter", "bytes from the network", l->bytes_in);
    metrics_single(p, "sent_bytes_total", "counter", "bytes to the network", l->bytes_out);
    metrics_single(p, "retry_wait_milliseconds_total", "counter", "pauses before retries",
                   l->retry_wait_ms);
    metrics_family(p, "retries_total", "counter", "requests that were tried again, by reason");
    for (int code = 0; code < ERR_CODE_COUNT; code++) {
        if (l->retries_by[code]) {
            metrics_begin(p, "retries_total");
            metrics_label(p, "reason", str_from(err_name((err){(u16)code})));
            metrics_end(p, l->retries_by[code]);
        }
    }
}

static void metrics_put_ended(struct metrics_page *p, const struct metrics *m)
{
    metrics_family(p, "jobs_total", "counter", "sync jobs that have ended");
    for (int i = 0; i < m->count; i++) {
        const struct metrics_connector *c = &m->connectors[i];
        for (int k = 0; k < JOB_TYPES * METRICS_OUTCOMES; k++) {
            int type = k / METRICS_OUTCOMES, outcome = k % METRICS_OUTCOMES;
            if (c->ended[type][outcome]) {
                metrics_begin(p, "jobs_total");
                metrics_label(p, "connector", metrics_id(c));
                metrics_label(p, "type", str_from(job_type_name((enum job_type)type)));
                metrics_label(p, "outcome", str_from(job_outcome_name((enum job_outcome)outcome)));
                metrics_end(p, c->ended[type][outcome]);
            }
        }
    }
    metrics_family(p, "last_completed_seconds", "gauge", "unix time of the last completed job");
    for (int i = 0; i < m->count; i++) {
        const struct metrics_connector *c = &m->connectors[i];
        for (int type = 0; type < JOB_TYPES; type++) {
            if (c->last_completed_us[type]) {
                metrics_begin(p, "last_completed_seconds");
                metrics_label(p, "connector", metrics_id(c));
                metrics_label(p, "type", str_from(job_type_name((enum job_type)type)));
                metrics_end(p, c->last_completed_us[type] / 1000000);
            }
        }
    }
    metrics_family(p, "documents_indexed_total", "counter", "documents of ended jobs");
    for (int i = 0; i < m->count; i++) {
        metrics_begin(p, "documents_indexed_total");
        metrics_label(p, "connector", metrics_id(&m->connectors[i]));
        metrics_end(p, m->connectors[i].indexed);
    }
    metrics_family(p, "documents_deleted_total", "counter", "documents of ended jobs");
    for (int i = 0; i < m->count; i++) {
        metrics_begin(p, "documents_deleted_total");
        metrics_label(p, "connector", metrics_id(&m->connectors[i]));
        metrics_end(p, m->connectors[i].deleted);
    }
}

// ---- what runs

static const struct {
    const char *name;
    isize offset; // in struct sync_stats
} metrics_job_numbers[] = {
    {"mailboxes_found", offsetof(struct sync_stats, mailboxes_found)},
    {"mailboxes_done", offsetof(struct sync_stats, mailboxes_done)},
    {"mailboxes_refused", offsetof(struct sync_stats, mailboxes_refused)},
    {"mailboxes_failed", offsetof(struct sync_stats, mailboxes_failed)},
    {"messages_listed", offsetof(struct sync_stats, messages_listed)},
    {"messages_decided", offsetof(struct sync_stats, messages_decided)},
    {"documents_indexed", offsetof(struct sync_stats, documents_indexed)},
    {"documents_updated", offsetof(struct sync_stats, documents_updated)},
    {"documents_unchanged", offsetof(struct sync_stats, documents_unchanged)},
    {"documents_deleted", offsetof(struct sync_stats, documents_deleted)},
    {"documents_existing", offsetof(struct sync_stats, existing)},
    {"kept_from_purge", offsetof(struct sync_stats, kept_from_purge)},
    {"message_bytes", offsetof(struct sync_stats, message_bytes)},
    {"quota_wait_milliseconds", offsetof(struct sync_stats, quota_wait_ms)},
};

static void metrics_put_running(struct metrics_page *p, const struct runner *r)
{
    const struct sync_stats *stats = engine_stats(&r->engine);
    for (isize i = 0; i < COUNT(metrics_job_numbers); i++) {
        i64 value;
        memcpy(&value, (const u8 *)stats + metrics_job_numbers[i].offset, sizeof value);
        metrics_begin(p, "job");
        metrics_label(p, "connector", r->connector_id);
        metrics_label(p, "type", str_from(job_type_name(r->type)));
        metrics_label(p, "counter", str_from(metrics_job_numbers[i].name));
        metrics_end(p, value);
    }
}

static void metrics_put_skipped(struct metrics_page *p, const struct runner *r)
{
    const struct sync_stats *stats = engine_stats(&r->engine);
    for (int reason = 0; reason < SKIP_REASONS; reason++) {
        if (stats->skipped[reason]) {
            metrics_begin(p, "job_skipped");
            metrics_label(p, "connector", r->connector_id);
            metrics_label(p, "type", str_from(job_type_name(r->type)));
            metrics_label(p, "reason", str_from(skip_reason_text((enum skip_reason)reason)));
            metrics_end(p, stats->skipped[reason]);
        }
    }
}

static void metrics_put_mailboxes(struct metrics_page *p, const struct runner *r)
{
    struct sync_mailbox_view box;
    for (isize i = 0; r->engine.job && job_mailbox_view(r->engine.job, i, &box); i++) {
        const i64 values[] = {box.listed, box.decided};
        static const char *const names[] = {"listed", "decided"};
        for (isize k = 0; k < COUNT(values); k++) {
            metrics_begin(p, "mailbox_messages");
            metrics_label(p, "connector", r->connector_id);
            metrics_label(p, "mailbox", box.address);
            metrics_label(p, "counter", str_from(names[k]));
            metrics_end(p, values[k]);
        }
    }
}

// One family, of every job that runs.
static void metrics_put_jobs(struct metrics_page *p, const struct metrics_view *v,
                             void (*put)(struct metrics_page *p, const struct runner *r))
{
    for (int i = 0; i < v->runner_count; i++) {
        if (v->runners[i].started && v->runners[i].active) {
            put(p, &v->runners[i]);
        }
    }
}

void metrics_put(struct buf *b, const struct metrics *m, const struct metrics_view *v)
{
    struct metrics_page p = {.b = b};
    int running = 0;
    for (int i = 0; i < v->runner_count; i++) {
        running += v->runners[i].started && v->runners[i].active;
    }
    metrics_put_process(&p, v);
    metrics_put_loop(&p, loop_stats(v->loop));
    metrics_single(&p, "jobs_running", "gauge", "sync jobs at work", running);
    metrics_put_ended(&p, m);
    metrics_family(&p, "job", "gauge", "counters of the jobs that run");
    metrics_put_jobs(&p, v, metrics_put_running);
    metrics_family(&p, "job_skipped", "gauge", "items that the running jobs left out, by reason");
    metrics_put_jobs(&p, v, metrics_put_skipped);
    metrics_family(&p, "mailbox_messages", "gauge", "messages of the mailboxes that are open");
    metrics_put_jobs(&p, v, metrics_put_mailboxes);
    if (p.cut) {
        buf_put(b, S("# the page is cut: there is more than fits\n"));
    }
}
