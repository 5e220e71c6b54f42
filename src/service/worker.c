// SPDX-License-Identifier: Apache-2.0
// One pair of hands of the service (see worker.h).
#include "service/worker.h"

#include "limits.h"
#include "net/crypto.h"

const struct service_connector *service_settings_find(const struct service_settings *s, str id)
{
    for (int i = s->connector_count - 1; i >= 0; i--) { // of two with one id the later counts
        if (str_eq(s->connectors[i].id, id)) {
            return &s->connectors[i];
        }
    }
    return NULL;
}

void worker_init(struct worker *w, struct plan *plan, const struct worker_env *env,
                 isize record_bytes)
{
    *w = (struct worker){
        .settings = env->settings,
        .es = env->es,
        .loop = env->loop,
        .log = env->log,
        .task = -1,
    };
    isize each = EXCHANGE_TARGET_BYTES + EXCHANGE_DETAIL_BYTES;
    u8 *small = plan_take(plan, "service calls", each, 1, "address and errors of one call");
    u8 *large = plan_take(plan, "service records", record_bytes, 3,
                          "of each call: request, answer, and the record in hand");
    w->call.target = buf_over(small, EXCHANGE_TARGET_BYTES);
    w->call.detail = buf_over(small + EXCHANGE_TARGET_BYTES, EXCHANGE_DETAIL_BYTES);
    w->call.body = buf_over(large, record_bytes);
    w->call.answer = buf_over(large + record_bytes, record_bytes);
    w->record = buf_over(large + 2 * record_bytes, record_bytes);
    w->node_cap = CONNECTOR_NODES;
    w->nodes = plan_take_n(plan, "service nodes", struct json_node, CONNECTOR_NODES,
                           "JSON values of a record");
    w->text_memory = plan_take(plan, "service texts", CONNECTOR_TEXTS_BYTES, 1,
                               "names and intervals of a record, decoded");
    w->texts = arena_over(w->text_memory, CONNECTOR_TEXTS_BYTES);
}

void worker_ask(struct worker *w, str method)
{
    elastic_call_init(&w->call, w->es, method);
}

static enum work worker_get(struct worker *w, str index_and_verb, str id)
{
    worker_ask(w, S("GET"));
    connector_put_target(&w->call.target, index_and_verb, id);
    return WORK_CALL;
}

enum work worker_get_connector(struct worker *w, str id)
{
    return worker_get(w, S("/.elastic-connectors/_doc/"), id);
}

enum work worker_get_job(struct worker *w, str id)
{
    return worker_get(w, S("/.elastic-connectors-sync-jobs/_doc/"), id);
}

void worker_update_connector(struct worker *w, str id, const struct connector *guard)
{
    worker_ask(w, S("POST"));
    connector_put_target(&w->call.target, S("/.elastic-connectors/_update/"), id);
    if (guard) {
        connector_put_guard(&w->call.target, guard->seq_no, guard->primary_term);
    }
}

static str worker_keep_answer(struct worker *w)
{
    struct buf kept = w->call.answer;
    w->call.answer = w->record;
    buf_reset(&w->call.answer);
    w->record = kept;
    w->texts = arena_over(w->text_memory, CONNECTOR_TEXTS_BYTES);
    return buf_str(&w->record);
}

err worker_read_connector(struct worker *w, struct connector *c)
{
    str text = worker_keep_answer(w);
    buf_reset(&w->call.detail);
    return connector_read(c, text, w->nodes, w->node_cap, &w->texts, &w->call.detail);
}

err worker_read_job(struct worker *w, struct sync_job *j)
{
    str text = worker_keep_answer(w);
    buf_reset(&w->call.detail);
    return sync_job_read(j, text, w->nodes, w->node_cap, &w->texts, &w->call.detail);
}

bool worker_went_well(const struct worker *w)
{
    return elastic_call_is_ok(&w->call);
}

static void worker_wipe(struct worker *w)
{
    crypto_wipe(w->call.body.p, w->call.body.cap);
    crypto_wipe(w->call.answer.p, w->call.answer.cap);
    crypto_wipe(w->record.p, w->record.cap);
    crypto_wipe(w->text_memory, CONNECTOR_TEXTS_BYTES);
}

bool worker_turn(struct worker *w, const struct routine *routine, struct moment now)
{
    if (w->task >= 0 && loop_is_active(w->loop, w->task)) {
        return false;
    }
    w->task = -1;
    for (int i = 0; i < WORKER_STEPS_MAX; i++) {
        enum work work = routine->step(routine->st, now);
        w->wait_until_ms = work == WORK_WAIT ? w->wait_until_ms : now.mono_ms;
        switch (work) {
        case WORK_CALL:
            w->task = loop_add(w->loop, &elastic_call_ops, &w->call);
            ASSERT(w->task >= 0);
            return false;
        case WORK_PING:
            w->task = loop_add(w->loop, &ping_ops, &w->ping);
            ASSERT(w->task >= 0);
            return false;
        case WORK_WAIT:
            return false;
        case WORK_STEP:
            break;
        case WORK_DONE:
            worker_wipe(w);
            return true;
        }
    }
    return false;
}

void worker_cancel(struct worker *w)
{
    if (w->task >= 0) {
        loop_cancel(w->loop, w->task);
    }
    w->task = -1;
}

void worker_stop(struct worker *w)
{
    worker_cancel(w);
    worker_wipe(w);
}

i64 worker_wait_until_ms(const struct worker *w)
{
    return w->task >= 0 && loop_is_active(w->loop, w->task) ? INT64_MAX : w->wait_until_ms;
}
