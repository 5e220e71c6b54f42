// SPDX-License-Identifier: Apache-2.0
// A conversation that is not HTTP (EXCHANGE_STREAM of exchange.h): the machine says what is sent
// and when it is over, and is fed whatever arrives. The connection carries nothing else.
//
// Sending comes first, but what has arrived is read even while the far side takes nothing, or two
// sides that both send would wait for each other. Of the deadlines the one of the first byte begins
// anew whenever something was sent.
#include "net/conn_parts.h"

// Asks the machine; what it has is on its way after it. Bytes that still wait, or OS_BROKEN.
static isize stream_ask(struct conn_env *env, struct conn *conn, i64 now_ms)
{
    struct talk *t = &conn->talk;
    buf_reset(&env->compose);
    t->asks = false;
    t->head_sent = true;
    err e = t->ops->send(t->st, &env->compose, &t->chunks_ended);
    e = err_ok(e) ? buf_check(&env->compose) : e;
    if (!err_ok(e)) {
        conn_set_error(conn, e, S(""));
        return OS_BROKEN;
    }
    if (env->compose.n == 0) {
        return 0;
    }
    env->progress = true;
    t->started = true;
    t->answered = false;
    t->step_deadline_ms = now_ms + talk_first_byte_ms(t);
    isize put = conn_put(conn, buf_str(&env->compose));
    return put < 0 ? OS_BROKEN : conn_flush(conn);
}

// Gives what has arrived to the machine. True: there is nothing left of it.
static bool stream_feed(struct conn_env *env, struct conn *conn, i64 now_ms, err *e)
{
    struct talk *t = &conn->talk;
    isize taken = 0;
    *e = OK;
    if (conn->in_from < conn->in_to) {
        *e = talk_feed(env, t, conn_in(conn), &taken, now_ms);
        conn->in_from += taken;
        t->asks = t->asks || taken > 0;
    }
    return err_ok(*e) && t->x && !t->blocked;
}

static enum talk_result stream_fill(struct conn_env *env, struct conn *conn, i64 now_ms, isize *got)
{
    struct talk *t = &conn->talk;
    *got = conn_fill(conn);
    if (*got == OS_AGAIN) {
        t->more = false;
        return TALK_WORKING;
    }
    if (*got < 0) {
        return talk_fail_wire(env, conn);
    }
    if (*got == 0) {
        return talk_fail(env, conn, FAIL(NET_ENDED), S(""));
    }
    t->answered = true;
    talk_idle_clock(env, conn, now_ms);
    return TALK_WORKING;
}

enum talk_result talk_stream(struct conn_env *env, struct conn *conn, i64 now_ms)
{
    struct talk *t = &conn->talk;
    t->more = true;
    for (isize total = 0, got = 0; total < CONN_TURN_BYTES; total += got) {
        isize left = t->early ? 0 : conn_flush(conn);
        bool asks = left == 0 && t->asks && !t->early && !t->chunks_ended;
        left = asks ? stream_ask(env, conn, now_ms) : left;
        if (!t->x) {
            return TALK_WORKING; // cancelled by its own machine
        }
        if (left < 0 && !err_ok(conn->error)) {
            return talk_fail(env, conn, conn->error, S(""));
        }
        err e;
        if (t->chunks_ended && left > 0) {
            t->more = false;
            return TALK_WORKING; // nothing is read any more
        }
        if (t->chunks_ended) { // a farewell need not arrive
            e = t->ops->end(t->st, t->x);
            return t->x ? talk_judge(env, conn, e, now_ms) : TALK_WORKING;
        }
        if (left < 0) {
            t->early = conn->readable = true; // the far side has closed: maybe it said why
        }
        if (!stream_feed(env, conn, now_ms, &e)) {
            t->more = false;
            return err_ok(e) || !t->x ? TALK_WORKING : talk_judge(env, conn, e, now_ms);
        }
        if (t->asks && left == 0 && !t->early) {
            got = 1; // what it has to say to that comes before what it may hear next
            continue;
        }
        enum talk_result result = stream_fill(env, conn, now_ms, &got);
        if (result != TALK_WORKING || !t->more) {
            return result;
        }
    }
    return TALK_WORKING;
}
