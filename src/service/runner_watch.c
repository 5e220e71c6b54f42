// SPDX-License-Identifier: Apache-2.0
// A running sync, from outside: is its connector still there, is the job still wanted, how far is
// it. Looks come every SERVICE_CHECK_MS, counts every SERVICE_STATS_MS; one that fails is made
// again at the next time. None of it touches what the sync works with.
#include "limits.h"
#include "service/classes.h"
#include "service/runner_internal.h"

// The engine stops; when it has, the job ends as `outcome`.
static enum work runner_tell(struct runner *r, enum job_outcome outcome)
{
    r->told = true;
    r->finish.outcome = outcome;
    engine_stop(&r->engine);
    return runner_go(r, RUNNER_STOPPING);
}

static enum work runner_tell_error(struct runner *r, err e, str detail)
{
    classes_put_job_error(&r->finish.error, e, detail);
    runner_log(r, LOG_ERROR, e, detail);
    return runner_tell(r, OUTCOME_ERROR);
}

static enum work runner_tell_stats(struct runner *r, struct moment now)
{
    struct worker *w = &r->w;
    const struct sync_stats *s = engine_stats(&r->engine);
    struct job_counts counts = {
        .indexed = s->documents_indexed,
        .deleted = s->documents_deleted,
        .volume_bytes = s->document_bytes,
    };
    r->stats_ms = now.mono_ms + SERVICE_STATS_MS;
    if (w->settings->api) {
        worker_ask(w, S("PUT"));
        connector_put_target(&w->call.target, S("/_connector/_sync_job/"), r->job_id);
        buf_put(&w->call.target, S("/_stats"));
    } else {
        worker_ask(w, S("POST"));
        connector_put_target(&w->call.target, S("/.elastic-connectors-sync-jobs/_update/"),
                             r->job_id);
    }
    sync_job_put_stats(&w->call.body, &counts, S("{}"), !w->settings->api, now.unix_us);
    r->state = RUNNER_STATS;
    return WORK_CALL;
}

// What the running engine is asked between two calls.
static enum work runner_watch(struct runner *r, struct moment now)
{
    if (engine_is_done(&r->engine)) {
        return runner_end(r);
    }
    if (r->stopping) {
        return runner_tell(r, OUTCOME_SUSPENDED);
    }
    if (now.mono_ms >= r->check_ms) {
        r->check_ms = now.mono_ms + SERVICE_CHECK_MS;
        r->state = RUNNER_CHECK_CONNECTOR;
        return worker_get_connector(&r->w, r->connector_id);
    }
    if (r->counting && now.mono_ms >= r->stats_ms) {
        return runner_tell_stats(r, now);
    }
    r->w.wait_until_ms = r->check_ms;
    if (r->counting && r->stats_ms < r->check_ms) {
        r->w.wait_until_ms = r->stats_ms;
    }
    return WORK_WAIT;
}

// The looks do not touch the record in hand: the sync works with parts of it.
static enum work runner_check_connector(struct runner *r)
{
    struct worker *w = &r->w;
    struct arena texts = arena_over(r->check_texts, CONNECTOR_TEXTS_BYTES);
    struct connector c;
    bool gone = w->call.status == 404;
    if (worker_went_well(w)) {
        buf_reset(&w->call.detail);
        err e = connector_read(&c, buf_str(&w->call.answer), r->check_nodes, CONNECTOR_NODES,
                               &texts, &w->call.detail);
        gone = err_ok(e) && c.deleted;
    } else if (!gone) {
        err e = elastic_call_error(&w->call);
        runner_log(r, LOG_WARN, e, buf_str(&w->call.detail));
        return runner_go(r, RUNNER_RUNNING);
    }
    if (gone) {
        u8 words[CONNECTOR_ID_BYTES + 64];
        struct buf detail = buf_over(words, COUNT(words));
        classes_put_gone(&detail, r->connector_id);
        r->finish.connector_gone = true;
        return runner_tell_error(r, FAIL(SYNC_JOB_CONNECTOR_GONE), buf_str(&detail));
    }
    return runner_ask_job(r, RUNNER_CHECK_JOB);
}

// Somebody has ended the job meanwhile. Its record stays as they wrote it; the connector is told,
// unless we were away for so long that whoever took us for dead has told it.
static enum work runner_not_running(struct runner *r, const struct sync_job *j)
{
    u8 words[CONNECTOR_ID_BYTES + 256];
    struct buf detail = buf_over(words, COUNT(words));
    classes_put_not_running(&detail, r->job_id, j->status_text);
    r->finish.job_ended = j->status != JOB_STATUS_UNKNOWN && !(j->status == JOB_PENDING);
    r->finish.leave_connector = r->blind;
    return runner_tell_error(r, FAIL(SYNC_JOB_NOT_RUNNING), buf_str(&detail));
}

static enum work runner_check_job(struct runner *r, struct moment now)
{
    struct worker *w = &r->w;
    struct arena texts = arena_over(r->check_texts, CONNECTOR_TEXTS_BYTES);
    struct sync_job j = {.status = JOB_STATUS_UNKNOWN};
    if (w->call.status == 404) {
        r->finish.job_gone = true;
        return runner_tell_error(r, FAIL(SYNC_JOB_GONE), (str){0});
    }
    buf_reset(&w->call.detail);
    err e = worker_went_well(w) ? sync_job_read(&j, buf_str(&w->call.answer), r->check_nodes,
                                                CONNECTOR_NODES, &texts, &w->call.detail)
                                : elastic_call_error(&w->call);
    if (!err_ok(e)) {
        runner_log(r, LOG_WARN, e, buf_str(&w->call.detail));
        return runner_go(r, RUNNER_RUNNING);
    }
    r->blind = now.mono_ms - r->seen_ms >= SERVICE_IDLE_S * 1000;
    r->seen_ms = now.mono_ms;
    if (j.status == JOB_CANCELING) {
        runner_say(r, LOG_INFO, S("the job is cancelled"));
        return runner_tell(r, OUTCOME_CANCELED);
    }
    return j.status == JOB_IN_PROGRESS ? runner_go(r, RUNNER_RUNNING) : runner_not_running(r, &j);
}

static enum work runner_end_stats(struct runner *r)
{
    if (r->w.call.status == 404) {
        r->counting = false;
    } else if (!worker_went_well(&r->w)) {
        err e = elastic_call_error(&r->w.call);
        runner_log(r, LOG_WARN, e, buf_str(&r->w.call.detail));
    }
    return runner_go(r, RUNNER_RUNNING);
}

enum work runner_watch_step(struct runner *r, struct moment now)
{
    switch ((enum runner_state)r->state) {
    case RUNNER_RUNNING:
        return runner_watch(r, now);
    case RUNNER_CHECK_CONNECTOR:
        return runner_check_connector(r);
    case RUNNER_CHECK_JOB:
        return runner_check_job(r, now);
    case RUNNER_STATS:
        return runner_end_stats(r);
    case RUNNER_STOPPING:
        if (engine_is_done(&r->engine)) {
            return runner_end(r);
        }
        r->w.wait_until_ms = now.mono_ms + SERVICE_CHECK_MS; // the engine is asked each turn
        return WORK_WAIT;
    case RUNNER_CONNECTOR:
    case RUNNER_CONNECTOR_READ:
    case RUNNER_LICENSED:
    case RUNNER_JOB_READ:
    case RUNNER_TAKEN:
    case RUNNER_JOB_AGAIN:
    case RUNNER_CLAIMED:
    case RUNNER_OPEN:
    case RUNNER_PINGED:
    case RUNNER_LICENSED_OWN:
    case RUNNER_START:
    case RUNNER_FINISH:
    case RUNNER_OVER:
        break;
    }
    return WORK_DONE;
}
