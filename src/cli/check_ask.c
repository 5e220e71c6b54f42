// SPDX-License-Identifier: Apache-2.0
// Asking for `check`: one machine of another module at a time, and around it what this command
// wants besides: how far its connections came, how its exchange failed, and less patience.
#include "cli/check_internal.h"

#define CHECK_TURN_MS 1000 // the loop is left so often to look for signals

static enum step ask_next(void *st, i64 now_ms, struct exchange *x)
{
    struct check *c = st;
    if (c->enough) {
        return STEP_DONE;
    }
    enum step step = c->ops->next(c->st, now_ms, x);
    if (step == STEP_REQUEST) {
        c->error = OK; // there was another way
        c->opened = false;
        bool long_one = x->timeout_ms == 0 || x->timeout_ms > CHECK_REQUEST_MS;
        x->timeout_ms = long_one ? CHECK_REQUEST_MS : x->timeout_ms;
    }
    return step;
}

static err ask_head(void *st, struct exchange *x, const struct http_head *head)
{
    struct check *c = st;
    return c->ops->head(c->st, x, head);
}

static err ask_body(void *st, struct exchange *x, str *in)
{
    struct check *c = st;
    return c->ops->body(c->st, x, in);
}

static err ask_end(void *st, struct exchange *x)
{
    struct check *c = st;
    return c->ops->end(c->st, x);
}

static void ask_fail(void *st, struct exchange *x, err e)
{
    struct check *c = st;
    c->error = e;
    buf_reset(&c->detail);
    buf_put(&c->detail, buf_str(&x->detail));
    c->ops->fail(c->st, x, e);
}

static err ask_send(void *st, struct buf *room, bool *last)
{
    struct check *c = st;
    return c->ops->send(c->st, room, last);
}

static const struct machine_ops ask_ops = {
    .name = "check",
    .next = ask_next,
    .head = ask_head,
    .body = ask_body,
    .end = ask_end,
    .fail = ask_fail,
    .send = ask_send,
};

static bool ask_is_told(struct check *c, const char *place)
{
    for (int i = 0; i < c->place_count; i++) {
        if (c->places[i] == place) {
            return true;
        }
    }
    ASSERT(c->place_count < CHECK_PLACES_MAX);
    c->places[c->place_count++] = place;
    return false;
}

void check_opened(void *st, const struct loop_opening *opening)
{
    struct check *c = st;
    c->opening = *opening;
    c->opened = true;
    if (opening->stage == LOOP_STAGE_OPEN && !ask_is_told(c, opening->dest->label)) {
        check_tell_opening(c, OK);
    }
}

enum check_end check_ask(struct check *c, const struct machine_ops *ops, void *st)
{
    struct start *s = c->s;
    c->ops = ops;
    c->st = st;
    c->enough = c->opened = false;
    c->error = OK;
    buf_reset(&c->detail);
    int task = loop_add(s->loop, &ask_ops, c);
    ASSERT(task >= 0); // one at a time
    while (loop_is_active(s->loop, task) && !c->enough && !s->watch.stopped) {
        if (loop_turn(s->loop, CHECK_TURN_MS, s->watch.signals_fd)) {
            (void)os_watch_signals(&s->watch);
        }
    }
    loop_cancel(s->loop, task);
    if (s->watch.stopped) {
        return CHECK_CUT_OFF;
    }
    if (!err_ok(c->error) && c->opened && c->opening.stage != LOOP_STAGE_OPEN) {
        check_tell_opening(c, c->error);
        return CHECK_CUT_OFF;
    }
    return CHECK_ANSWERED;
}
