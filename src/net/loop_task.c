// SPDX-License-Identifier: Apache-2.0
// The life of a task (see loop_task.h): ask, request, connection, answer, and by the policy of
// retry.h once more. This is the only place where an error of class RETRY becomes a pause.
//
// A connection is chosen in this order: idle to the same destination (the one used last: its caches
// are warm, the others may age and be closed); a free place; the place of the oldest idle one.
#include "net/loop_task.h"

#include "base/hash.h"
#include "net/auth.h"
#include "net/conn_auth.h"
#include "net/conn_talk.h"
#include "net/crypto.h"
#include "net/exchange_head.h"
#include "net/retry.h"
#include "os/log.h"

void task_free(struct loop *loop, int task)
{
    struct task *t = &loop->tasks[task];
    crypto_wipe(t->x.headers.p, t->x.headers.cap); // they may hold a token
    exchange_reset(&t->x);
    t->state = TASK_FREE;
    t->generation = (t->generation + 1) & 0x7fff;
    loop->active--;
    loop->env.progress = true;
}

// Calls into the machine stand between these two: one that cancels itself is freed after the call.
static void task_enter(struct loop *loop, int task)
{
    ASSERT(loop->running == -1);
    loop->running = task;
}

static bool task_leave(struct loop *loop, int task)
{
    loop->running = -1;
    if (loop->tasks[task].cancelled) {
        task_free(loop, task);
        return false;
    }
    return true;
}

// xorshift64*: jitter needs no more (Vigna, "An experimental exploration of Marsaglia's xorshift").
static u64 task_random(struct loop *loop)
{
    loop->random ^= loop->random >> 12;
    loop->random ^= loop->random << 25;
    loop->random ^= loop->random >> 27;
    return loop->random * 0x2545f4914f6cdd1dU;
}

static void task_fail(struct loop *loop, int task, err e, int status, str facts)
{
    struct task *t = &loop->tasks[task];
    exchange_put_facts(&t->x, status, facts);
    t->attempts = 0;
    t->fresh = false;
    t->state = TASK_ASK;
    loop->env.progress = true;
    task_enter(loop, task);
    t->ops->fail(t->st, &t->x, e);
    (void)task_leave(loop, task);
}

void task_done(struct loop *loop, int task)
{
    struct task *t = &loop->tasks[task];
    t->attempts = 0;
    t->fresh = false;
    t->state = TASK_ASK;
}

// The request is sent once more, at once, and without counting: nobody has looked at it.
static void task_resend(struct loop *loop, int task)
{
    struct task *t = &loop->tasks[task];
    t->fresh = true;
    // Parts that the machine has handed out are gone: it has to begin again.
    t->state = t->x.flags & EXCHANGE_CHUNKED ? TASK_ASK : TASK_QUEUED;
    loop->env.progress = true;
}

// Said each time, within the rate limit of the log: who waits for a server wants to know why.
static void task_tell_retry(const struct loop *loop, const struct task *t, const struct conn *conn,
                            i64 pause_ms)
{
    if (!loop->settings.log) {
        return;
    }
    u8 text[64];
    struct buf numbers = buf_over(text, COUNT(text));
    buf_put_i64(&numbers, pause_ms);
    isize cut = numbers.n;
    buf_put_i64(&numbers, t->attempts + 1);
    struct log_fact facts[] = {
        {"at", str_from(t->x.dest->label)},
        {"retry_in_ms", str_make(text, cut)},
        {"attempt", str_make(text + cut, numbers.n - cut)},
        {"facts", buf_str(&conn->facts)}, // the last: left out where there are none
    };
    log_err(loop->settings.log, LOG_WARN, conn->error, buf_str(&t->x.detail), facts,
            conn->facts.n ? COUNT(facts) : COUNT(facts) - 1);
}

void task_failed(struct loop *loop, int task, struct conn *conn, i64 now_ms)
{
    struct task *t = &loop->tasks[task];
    const struct talk_outcome *o = &conn->outcome;
    const struct retry_policy *policy = t->x.retry ? t->x.retry : &retry_default;
    bool resend = !(t->x.flags & EXCHANGE_NO_RESEND);
    if ((o->again || (o->stale && resend)) && !t->fresh) {
        task_resend(loop, task);
        return;
    }
    bool again = err_class(conn->error) == ERR_CLASS_RETRY && (resend || !o->started || o->judged);
    int max = loop->settings.attempts_max;
    int attempts = max && max < policy->attempts ? max : policy->attempts;
    if (!again || t->attempts + 1 >= attempts) {
        task_fail(loop, task, conn->error, o->status, buf_str(&conn->facts));
        return;
    }
    t->attempts++;
    bool at_once = t->x.retry_at_ms == RETRY_AT_ONCE;
    i64 pause_ms = at_once ? 0 : retry_pause_ms(policy, t->attempts, task_random(loop));
    pause_ms = o->retry_after_ms > pause_ms ? o->retry_after_ms : pause_ms;
    t->until_ms = now_ms + pause_ms > t->x.retry_at_ms ? now_ms + pause_ms : t->x.retry_at_ms;
    t->state = TASK_PAUSE;
    loop->stats.retries++;
    loop->stats.retries_by[conn->error.code]++;
    loop->stats.retry_wait_ms += t->until_ms - now_ms;
    task_tell_retry(loop, t, conn, t->until_ms - now_ms);
}

// ---- asking

static void task_request(struct loop *loop, int task, i64 now_ms)
{
    struct task *t = &loop->tasks[task];
    // A machine may turn to something else after a failed attempt: a lane whose mailbox was given
    // up meanwhile takes another message, which must not inherit the attempts of that one.
    u64 asked = hash_siphash((struct hash_key){0}, buf_str(&t->x.target)) ^ t->x.about;
    t->attempts = asked == t->asked ? t->attempts : 0;
    t->asked = asked;
    if (t->attempts == 0) {
        loop->stats.requests++;
    }
    err e = exchange_check(&t->x);
    if (!err_ok(e)) {
        task_fail(loop, task, e, 0, S(""));
        return;
    }
    t->state = TASK_QUEUED;
    task_start(loop, task, now_ms);
}

void task_ask(struct loop *loop, int task, i64 now_ms)
{
    struct task *t = &loop->tasks[task];
    // Twice: the one after a failure says how the machine goes on. A third time waits for the next
    // turn.
    for (int i = 0; i < 2 && (t->state == TASK_ASK || (i == 0 && t->state == TASK_WAIT)); i++) {
        bool waited = t->state == TASK_WAIT;
        exchange_reset(&t->x);
        task_enter(loop, task);
        enum step step = t->ops->next(t->st, now_ms, &t->x);
        if (!task_leave(loop, task)) {
            return;
        }
        loop->env.progress = loop->env.progress || step != STEP_WAIT || !waited;
        switch (step) {
        case STEP_REQUEST:
            task_request(loop, task, now_ms);
            break;
        case STEP_WAIT:
            t->state = TASK_WAIT;
            t->until_ms = t->x.wait_until_ms ? t->x.wait_until_ms : INT64_MAX;
            break;
        case STEP_DONE:
        case STEP_FAILED:
            task_free(loop, task);
            return;
        }
    }
}

// ---- connections for them

static struct conn *task_find_idle(struct loop *loop, const struct task *t)
{
    const struct dest *dest = t->x.dest;
    u32 identity = dest->auth ? dest->auth->identity : 0;
    if (t->fresh || dest->index < 0 || t->x.flags & EXCHANGE_STREAM) {
        return NULL;
    }
    struct conn *best = NULL;
    for (int i = 0; i < loop->settings.connections; i++) {
        struct conn *conn = &loop->conns[i];
        if (conn->state == CONN_IDLE && conn->key == dest->index && conn->identity == identity &&
            !conn->readable && (!best || conn->used_ms > best->used_ms)) {
            best = conn;
        }
    }
    return best;
}

// A free place, made free if need be.
static struct conn *task_find_place(struct loop *loop)
{
    struct conn *oldest = NULL;
    for (int i = 0; i < loop->settings.connections; i++) {
        struct conn *conn = &loop->conns[i];
        if (conn->state == CONN_FREE) {
            return conn;
        }
        if (conn->state == CONN_IDLE && (!oldest || conn->used_ms < oldest->used_ms)) {
            oldest = conn;
        }
    }
    if (oldest) {
        conn_close(&loop->env, oldest);
    }
    return oldest;
}

void task_start(struct loop *loop, int task, i64 now_ms)
{
    struct task *t = &loop->tasks[task];
    struct http_auth *auth = t->x.dest->auth;
    if (auth && auth->failed) {
        u8 bytes[CONN_FACTS_BYTES];
        struct buf facts = buf_over(bytes, COUNT(bytes));
        auth_put_facts(&facts, auth);
        task_fail(loop, task, FAIL(AUTH_REFUSED), 0, buf_str(&facts));
        return;
    }
    struct conn *conn = task_find_idle(loop, t);
    switch (conn_auth_turn(conn, auth, now_ms)) {
    case CONN_AUTH_NOW:
        break;
    case CONN_AUTH_WAIT:
        return; // asked again when it is known whether the login is good
    case CONN_AUTH_QUIET:
        t->state = TASK_PAUSE;
        t->until_ms = auth ? auth->quiet_until_ms : now_ms;
        return;
    }
    if (conn) {
        conn_auth_claim(conn);
        talk_start(&loop->env, conn, &t->x, now_ms);
    } else {
        conn = task_find_place(loop);
        if (!conn) {
            return; // asked again when one has become free
        }
        conn_open(&loop->env, conn, t->x.dest, now_ms);
        conn_auth_claim(conn);
    }
    conn->talk.ops = t->ops;
    conn->talk.st = t->st;
    conn->task = task;
    t->conn = conn->index;
    t->state = TASK_FLYING;
    loop->env.progress = true;
}
