// SPDX-License-Identifier: Apache-2.0
// What has to be true before the first round (see preflight.h).
#include "service/preflight.h"

#include "elastic/index.h"
#include "limits.h"

enum preflight_state {
    PREFLIGHT_START,
    PREFLIGHT_ASK,  // the pause before another try is over
    PREFLIGHT_ROOT, // the answer to GET /
    PREFLIGHT_EXTRACTION,
    PREFLIGHT_CONFIG,
    PREFLIGHT_LOOK, // for the index whose turn it is
    PREFLIGHT_HEAD,
    PREFLIGHT_PUT,
    PREFLIGHT_OVER,
};

static const char *const preflight_indices[] = {
    ".elastic-connectors-v1",
    ".elastic-connectors-sync-jobs-v1",
};

void preflight_init(struct preflight *p, struct worker *w)
{
    *p = (struct preflight){.w = w};
    if (w->settings->extraction) {
        struct elastic_settings there = {
            .dest = w->settings->extraction,
            .request_timeout_ms = EXTRACTION_PING_MS,
            .max_retries = 1,
            .retry_interval_ms = 1,
        };
        elastic_init(&p->extraction, &there);
    }
}

static enum work preflight_end(struct preflight *p, err e, str detail)
{
    p->error = e;
    p->state = PREFLIGHT_OVER;
    if (!err_ok(e)) {
        log_err(p->w->log, LOG_ERROR, e, detail, NULL, 0);
    }
    return WORK_DONE;
}

static enum work preflight_go(struct preflight *p, enum preflight_state state)
{
    p->state = (int)state;
    return WORK_STEP;
}

static enum work preflight_wait(struct preflight *p, enum preflight_state then, i64 until_ms)
{
    p->state = (int)then;
    p->w->wait_until_ms = until_ms;
    return WORK_WAIT;
}

// ---- Elasticsearch

static enum work preflight_ask_root(struct preflight *p)
{
    worker_ask(p->w, S("GET"));
    p->w->call.once = true;
    p->w->call.front = true;
    buf_put(&p->w->call.target, S("/"));
    p->state = PREFLIGHT_ROOT;
    return WORK_CALL;
}

static enum work preflight_take_root(struct preflight *p)
{
    struct worker *w = p->w;
    u8 words[24];
    struct buf version = buf_over(words, COUNT(words));
    buf_reset(&w->call.detail);
    err e = index_read_root(w->es, buf_str(&w->call.answer), w->settings->any_version, &version,
                            &w->call.detail);
    if (!err_ok(e)) {
        return preflight_end(p, e, buf_str(&w->call.detail));
    }
    struct log_fact facts[] = {{"version", buf_str(&version)}};
    log_line(w->log, LOG_INFO, S("Elasticsearch answers"), facts, COUNT(facts));
    if (w->settings->any_version) {
        log_line(w->log, LOG_WARN,
                 S("ALLOW_ES_VERSION_MISMATCH: the version of Elasticsearch was not looked at"),
                 NULL, 0);
    }
    return preflight_go(p, PREFLIGHT_EXTRACTION);
}

static enum work preflight_end_root(struct preflight *p, i64 now_ms)
{
    struct worker *w = p->w;
    const struct service_settings *s = w->settings;
    if (worker_went_well(w)) {
        return preflight_take_root(p);
    }
    err e = elastic_call_error(&w->call);
    // Versions that are older or newer by far do not even know the media type.
    bool foreign = w->call.status == 400 &&
                   str_find(buf_str(&w->call.answer), S("media_type_header_exception")) >= 0;
    if (foreign && !s->any_version) {
        return preflight_end(p, FAIL(ES_VERSION), buf_str(&w->call.detail));
    }
    if (err_is(e, ERR_ES_FORBIDDEN) ||
        foreign) { // without the right `monitor` the version stays unknown
        log_err(w->log, LOG_WARN, e, buf_str(&w->call.detail), NULL, 0);
        return preflight_go(p, PREFLIGHT_EXTRACTION);
    }
    log_err(w->log, LOG_WARN, e, buf_str(&w->call.detail), NULL, 0);
    if (now_ms - p->started_ms >= s->max_wait_ms) {
        return preflight_end(p, FAIL(SERVICE_UNREACHABLE), buf_str(&w->call.detail));
    }
    i64 pause_ms = p->backoff_ms;
    double next_ms = (double)pause_ms * s->backoff_multiplier;
    p->backoff_ms = next_ms < PREFLIGHT_BACKOFF_MAX_MS ? (i64)next_ms : PREFLIGHT_BACKOFF_MAX_MS;
    i64 last_ms = p->started_ms + s->max_wait_ms; // not slept past the end of patience
    i64 until_ms = now_ms + pause_ms < last_ms ? now_ms + pause_ms : last_ms;
    return preflight_wait(p, PREFLIGHT_ASK, until_ms);
}

// ---- the extraction service

static enum work preflight_ask_extraction(struct preflight *p)
{
    struct worker *w = p->w;
    if (!w->settings->extraction) {
        return preflight_go(p, PREFLIGHT_CONFIG);
    }
    elastic_call_init(&w->call, &p->extraction, S("GET"));
    w->call.once = true;
    w->call.front = true;
    buf_put(&w->call.target, S("/ping/"));
    p->state = PREFLIGHT_CONFIG;
    return WORK_CALL;
}

static void preflight_tell_extraction(struct preflight *p)
{
    struct worker *w = p->w;
    if (!w->settings->extraction) {
        return;
    }
    if (worker_went_well(w)) {
        log_line(w->log, LOG_INFO, S("the extraction service answers"), NULL, 0);
    } else {
        err e = elastic_call_error(&w->call);
        struct log_fact facts[] = {{"what", S("extraction service")}};
        log_err(w->log, LOG_WARN, e, buf_str(&w->call.detail), facts, COUNT(facts));
    }
}

// ---- configuration

static err preflight_check_config(const struct preflight *p, str *detail)
{
    const struct service_settings *s = p->w->settings;
    *detail = (str){0};
    if (s->worker_mode) {
        return s->type_count ? OK : FAIL(SERVICE_TYPES);
    }
    for (int i = 0; i < s->connector_count; i++) {
        const struct service_connector *c = &s->connectors[i];
        if (str_eq(c->id, S("changeme")) || str_eq(c->service_type, S("changeme"))) {
            *detail = c->id;
            return FAIL(SERVICE_CHANGEME);
        }
    }
    return s->connector_count ? OK : FAIL(SERVICE_NO_CONNECTORS);
}

static enum work preflight_take_config(struct preflight *p)
{
    str detail;
    preflight_tell_extraction(p);
    p->config_error = preflight_check_config(p, &detail);
    if (!err_ok(p->config_error)) { // the indices are looked at all the same
        log_err(p->w->log, LOG_ERROR, p->config_error, detail, NULL, 0);
    }
    return preflight_go(p, PREFLIGHT_LOOK);
}

// ---- the indices

static enum work preflight_ask_index(struct preflight *p, str method, enum preflight_state state)
{
    worker_ask(p->w, method);
    p->w->call.once = true;
    p->w->call.front = true;
    buf_put(&p->w->call.target, S("/"));
    buf_put(&p->w->call.target, str_from(preflight_indices[p->index]));
    p->state = (int)state;
    return WORK_CALL;
}

static enum work preflight_look(struct preflight *p)
{
    if (p->index < COUNT(preflight_indices)) {
        return preflight_ask_index(p, S("HEAD"), PREFLIGHT_HEAD);
    }
    p->error = p->config_error;
    p->state = PREFLIGHT_OVER;
    return WORK_DONE;
}

static enum work preflight_next_index(struct preflight *p)
{
    p->index++;
    return preflight_go(p, PREFLIGHT_LOOK);
}

static enum work preflight_end_index(struct preflight *p, i64 now_ms)
{
    struct worker *w = p->w;
    bool head = p->state == PREFLIGHT_HEAD;
    str answer = buf_str(&w->call.answer);
    bool exists = !head && w->call.status == 400 &&
                  str_find(answer, S("resource_already_exists_exception")) >= 0;
    if (worker_went_well(w) || exists) {
        return preflight_next_index(p);
    }
    if (head && w->call.status == 404) {
        return preflight_ask_index(p, S("PUT"), PREFLIGHT_PUT);
    }
    err e = elastic_call_error(&w->call);
    log_err(w->log, LOG_WARN, e, buf_str(&w->call.detail), NULL, 0);
    if (++p->attempts > w->settings->preflight_max_attempts) {
        return preflight_end(p, FAIL(SERVICE_INDICES), buf_str(&w->call.detail));
    }
    return preflight_wait(p, PREFLIGHT_LOOK, now_ms + w->settings->preflight_idle_ms);
}

enum work preflight_step(void *st, struct moment now)
{
    struct preflight *p = st;
    bool paused = p->w->wait_until_ms > now.mono_ms;
    switch ((enum preflight_state)p->state) {
    case PREFLIGHT_START:
        p->started_ms = now.mono_ms;
        p->backoff_ms = p->w->settings->initial_backoff_ms;
        return preflight_ask_root(p);
    case PREFLIGHT_ASK:
        return paused ? WORK_WAIT : preflight_ask_root(p);
    case PREFLIGHT_ROOT:
        return preflight_end_root(p, now.mono_ms);
    case PREFLIGHT_EXTRACTION:
        return preflight_ask_extraction(p);
    case PREFLIGHT_CONFIG:
        return preflight_take_config(p);
    case PREFLIGHT_LOOK:
        return paused ? WORK_WAIT : preflight_look(p);
    case PREFLIGHT_HEAD:
    case PREFLIGHT_PUT:
        return preflight_end_index(p, now.mono_ms);
    case PREFLIGHT_OVER:
        break;
    }
    return WORK_DONE;
}
