// SPDX-License-Identifier: Apache-2.0
// The ping of a source as a machine (see ping.h).
#include "service/ping.h"

#include <string.h>

#include "limits.h"

void ping_init(struct ping *p, struct plan *plan, struct source *const *sources, int count)
{
    for (int i = 0; i < count; i++) {
        isize bytes = sources[i]->ops->ping_bytes;
        p->state_bytes = bytes > p->state_bytes ? bytes : p->state_bytes;
    }
    p->state = plan_take(plan, "ping", p->state_bytes, 1, "of a source, by one connector");
    p->detail = buf_over(
        plan_take(plan, "ping details", EXCHANGE_DETAIL_BYTES, 1, "why a source did not answer"),
        EXCHANGE_DETAIL_BYTES);
}

void ping_start(struct ping *p, struct source *source)
{
    ASSERT(source->ops->ping_bytes <= p->state_bytes);
    p->source = source;
    p->error = OK;
    p->ended = false;
    buf_reset(&p->detail);
    memset(p->state, 0, (size_t)p->state_bytes);
}

static enum step ping_next(void *st, i64 now_ms, struct exchange *x)
{
    struct ping *p = st;
    enum step step = p->source->ops->ping_next(p->source->state, p->state, now_ms, x);
    p->ended = step == STEP_DONE || step == STEP_FAILED;
    if (step == STEP_FAILED && err_ok(p->error)) {
        p->error = FAIL(SERVICE_PING); // it knew without asking anybody
    }
    return step;
}

static err ping_head(void *st, struct exchange *x, const struct http_head *head)
{
    struct ping *p = st;
    return p->source->ops->ping_head(p->source->state, p->state, x, head);
}

static err ping_body(void *st, struct exchange *x, str *in)
{
    struct ping *p = st;
    return p->source->ops->ping_body(p->source->state, p->state, x, in);
}

static err ping_end(void *st, struct exchange *x)
{
    struct ping *p = st;
    return p->source->ops->ping_end(p->source->state, p->state, x);
}

static void ping_fail(void *st, struct exchange *x, err e)
{
    struct ping *p = st;
    if (p->source->ops->ping_fail(p->source->state, p->state, x, e)) {
        return;
    }
    p->error = e;
    buf_reset(&p->detail);
    buf_put(&p->detail, buf_str(&x->detail));
}

static err ping_send(void *st, struct buf *room, bool *last)
{
    struct ping *p = st;
    return p->source->ops->ping_send(p->source->state, p->state, room, last);
}

const struct machine_ops ping_ops = {
    .name = "source ping",
    .next = ping_next,
    .head = ping_head,
    .body = ping_body,
    .end = ping_end,
    .fail = ping_fail,
    .send = ping_send,
};
