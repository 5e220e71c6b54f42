// SPDX-License-Identifier: Apache-2.0
// The turn (see loop.h): wait, move connections, ask machines. rpki-client's http.c is the model:
// the list for poll() is built anew each turn, each connection is moved by one dispatcher, and
// every failure leaves through one function (task_failed).
//
// Work of one turn is bounded: each connection moves at most CONN_TURN_BYTES, each machine is asked
// at most twice. After a turn in which anything happened the next one does not wait, because it may
// be what another machine was waiting for.
#include "net/loop.h"

#include "net/conn_talk.h"
#include "net/crypto.h"
#include "net/loop_task.h"

#define LOOP_TASK_BYTES (EXCHANGE_TARGET_BYTES + EXCHANGE_HEADERS_BYTES + EXCHANGE_DETAIL_BYTES)
#define LOOP_RESOLVER_FDS 4 // descriptors that one look-up waits for at most

static void loop_init_conns(struct plan *plan, struct loop *loop)
{
    int count = loop->settings.connections;
    loop->conns = plan_take_n(plan, "connections", struct conn, count,
                              "one a lane, mailbox and flight, and a few kept alive");
    loop->conn_memory = plan_take(plan, "connection buffers", CONN_IN_BYTES, count,
                                  "a head of an answer, or a record of its body, decrypted");
    loop->env.tls = tls_init(plan, count);
    for (int i = 0; i < count; i++) {
        struct conn *conn = &loop->conns[i];
        conn->index = i;
        conn->task = -1;
        conn->fd = -1;
        conn->in = loop->conn_memory + i * CONN_IN_BYTES;
        conn->facts = buf_over(conn->facts_bytes, CONN_FACTS_BYTES);
        conn->tls = tls_conn_at(loop->env.tls, i);
        conn->stats = &loop->stats;
    }
}

static void loop_init_tasks(struct plan *plan, struct loop *loop)
{
    int count = loop->settings.tasks;
    loop->tasks = plan_take_n(plan, "tasks", struct task, count, "machines under way");
    loop->task_memory = plan_take(plan, "task requests", LOOP_TASK_BYTES, count,
                                  "target, headers with a token, and words of an error");
    for (int i = 0; i < count; i++) {
        u8 *at = loop->task_memory + i * LOOP_TASK_BYTES;
        struct exchange *x = &loop->tasks[i].x;
        x->target = buf_over(at, EXCHANGE_TARGET_BYTES);
        x->headers = buf_over(at + EXCHANGE_TARGET_BYTES, EXCHANGE_HEADERS_BYTES);
        x->detail = buf_over(at + EXCHANGE_TARGET_BYTES + EXCHANGE_HEADERS_BYTES,
                             EXCHANGE_DETAIL_BYTES);
    }
}

static void loop_init_shared(struct plan *plan, struct conn_env *env)
{
    env->resolvers = plan_take_n(plan, "resolvers", struct dns_query, CONN_RESOLVERS,
                                 "names that are looked up at the same time");
    env->compose = buf_over(
        plan_take(plan, "request buffer", CONN_OUT_BYTES, 1, "where requests are put together"),
        CONN_OUT_BYTES);
    isize reader_bytes = ARENA_ROUND(gzip_reader_bytes);
    u8 *readers = plan_take(plan, "gzip readers", reader_bytes, GZIP_READERS,
                            "answers that are inflated at the same time");
    u8 *outs = plan_take(plan, "gzip buffers", GZIP_OUT_BYTES, GZIP_READERS,
                         "inflated bytes on their way to a machine");
    for (int i = 0; i < GZIP_READERS; i++) {
        env->inflaters[i].memory = readers + i * reader_bytes;
        env->inflaters[i].out = buf_over(outs + i * GZIP_OUT_BYTES, GZIP_OUT_BYTES);
    }
}

struct loop *loop_init(struct plan *plan, const struct loop_settings *settings)
{
    ASSERT(settings->tasks > 0 && settings->tasks < 1 << 15 && settings->connections > 0);
    struct loop *loop = plan_take_n(plan, "loop", struct loop, 1, "settings and counters");
    loop->settings = *settings;
    loop->env.settings = &loop->settings;
    loop->running = -1;
    loop_init_conns(plan, loop);
    loop_init_tasks(plan, loop);
    loop_init_shared(plan, &loop->env);
    loop->poll_cap = 1 + LOOP_WATCH_MAX + settings->connections +
                     CONN_RESOLVERS * LOOP_RESOLVER_FDS;
    ASSERT(loop->poll_cap <= POLL_MAX);
    loop->polls = plan_take_n(plan, "poll list", struct os_poll, loop->poll_cap,
                              "what a turn waits for");
    os_entropy(&loop->random, sizeof loop->random);
    loop->random |= 1;
    return loop;
}

// ---- tasks: a handle is generation and place

static int loop_handle(const struct loop *loop, int task)
{
    return loop->tasks[task].generation << 15 | task;
}

static int loop_find(const struct loop *loop, int handle)
{
    int task = handle & 0x7fff;
    bool valid = handle >= 0 && task < loop->settings.tasks &&
                 loop->tasks[task].state != TASK_FREE && loop_handle(loop, task) == handle;
    return valid ? task : -1;
}

int loop_add(struct loop *loop, const struct machine_ops *ops, void *st)
{
    for (int i = 0; i < loop->settings.tasks; i++) {
        struct task *t = &loop->tasks[i];
        if (t->state == TASK_FREE) {
            *t = (struct task){
                .state = TASK_ASK, .generation = t->generation, .ops = ops, .st = st, .x = t->x};
            loop->active++;
            loop->env.progress = true;
            return loop_handle(loop, i);
        }
    }
    return -1;
}

bool loop_is_active(const struct loop *loop, int task)
{
    return loop_find(loop, task) >= 0;
}

int loop_active_count(const struct loop *loop)
{
    return loop->active;
}

void loop_cancel(struct loop *loop, int handle)
{
    int task = loop_find(loop, handle);
    if (task < 0) {
        return;
    }
    struct task *t = &loop->tasks[task];
    struct conn *conn = t->state == TASK_FLYING ? &loop->conns[t->conn] : NULL;
    if (loop->running == task) {
        t->cancelled = true; // by itself: when it returns
        if (conn) {
            conn->talk.x = NULL;
        }
        return;
    }
    if (conn) {
        conn_close(&loop->env, conn);
        conn->task = -1;
    }
    task_free(loop, task);
}

const struct loop_stats *loop_stats(const struct loop *loop)
{
    return &loop->stats;
}

// ---- a turn

// The exchange of a connection has come to a result: the task is told, the connection is its own
// again.
static void loop_settle(struct loop *loop, struct conn *conn, enum talk_result result, i64 now_ms)
{
    int task = conn->task;
    conn->task = -1;
    if (loop->tasks[task].cancelled) {
        conn_close(&loop->env, conn); // an answer that nobody reads to its end
        task_free(loop, task);
        return;
    }
    switch (result) {
    case TALK_WORKING:
        conn->task = task;
        break;
    case TALK_DONE:
        task_done(loop, task);
        break;
    case TALK_FAILED:
        task_failed(loop, task, conn, now_ms);
        break;
    }
    if (conn->state == CONN_DRAIN) {
        talk_rest(&loop->env, conn, now_ms); // most of it is already here
    }
}

static enum loop_stage loop_stage_of(enum conn_state state)
{
    return state == CONN_RESOLVE         ? LOOP_STAGE_NAME
           : state == CONN_CONNECT       ? LOOP_STAGE_TCP
           : state < CONN_START_TLS_SEND ? LOOP_STAGE_PROXY
           : state < CONN_TLS            ? LOOP_STAGE_START_TLS
           : state == CONN_TLS           ? LOOP_STAGE_TLS
                                         : LOOP_STAGE_OPEN;
}

static void loop_tell_opening(const struct loop *loop, const struct conn *conn)
{
    const struct loop_observer *observer = loop->settings.observer;
    if (!observer) {
        return;
    }
    struct loop_opening o = {.dest = conn->dest,
                             .stage = loop_stage_of(conn->state),
                             .addresses = conn->addr_count,
                             .tls_version = ""};
    if (conn->addr_next > 0) {
        o.address = conn->addrs[conn->addr_next - 1];
    }
    if (o.stage == LOOP_STAGE_OPEN && conn->tls_open) {
        o.tls_version = tls_version_name(conn->tls);
        tls_certificate_read(conn->tls, &o.certificate);
    }
    observer->opened(observer->st, &o);
}

static void loop_move_opening(struct loop *loop, struct conn *conn, i64 now_ms)
{
    enum conn_result result = conn_step(&loop->env, conn, now_ms);
    if (result != CONN_WORKING) {
        loop_tell_opening(loop, conn);
    }
    if (result == CONN_FAILED) {
        conn->outcome = (struct talk_outcome){.retry_after_ms = -1};
        conn_close(&loop->env, conn);
        loop_settle(loop, conn, TALK_FAILED, now_ms);
    } else if (result == CONN_READY) {
        struct task *t = &loop->tasks[conn->task];
        talk_start(&loop->env, conn, &t->x, now_ms);
        conn->talk.ops = t->ops;
        conn->talk.st = t->st;
    }
}

// Whether a step would find anything to do: most connections wait for their far side in most turns.
static bool loop_is_due(const struct conn *conn, i64 now_ms)
{
    const struct talk *t = &conn->talk;
    switch (conn->state) {
    case CONN_FREE:
        return false;
    case CONN_RESOLVE:
    case CONN_CONNECT:
    case CONN_PROXY_SEND:
    case CONN_PROXY_HEAD:
    case CONN_START_TLS_SEND:
    case CONN_START_TLS_READ:
    case CONN_TLS:
        return true;
    case CONN_SEND:
    case CONN_AUTH_SEND:
    case CONN_STREAM:
        return !t->head_sent || conn->writable || conn->readable || t->more || t->blocked ||
               now_ms >= talk_deadline_ms(conn);
    case CONN_HEAD:
    case CONN_BODY:
    case CONN_AUTH_HEAD:
    case CONN_AUTH_BODY:
    case CONN_DRAIN:
    case CONN_IDLE:
        return conn->readable || t->more || t->blocked || now_ms >= talk_deadline_ms(conn);
    }
    return true;
}

static void loop_move(struct loop *loop, struct conn *conn, i64 now_ms)
{
    if (!loop_is_due(conn, now_ms)) {
        return;
    }
    if (conn->state < CONN_SEND) {
        loop_move_opening(loop, conn, now_ms);
    }
    if (conn->task < 0) {
        if (conn->state >= CONN_DRAIN) {
            talk_rest(&loop->env, conn, now_ms);
        }
        return;
    }
    if (conn->state >= CONN_SEND) {
        loop->running = conn->task;
        enum talk_result result = talk_step(&loop->env, conn, now_ms);
        loop->running = -1;
        loop_settle(loop, conn, result, now_ms);
    }
}

// Builds the list; returns its length and, through *until_ms, when something is due at the latest.
static int loop_list(struct loop *loop, int extra_fd, i64 *until_ms)
{
    int n = 0;
    loop->polls[n++] = (struct os_poll){.fd = extra_fd, .want_read = extra_fd >= 0};
    for (int i = 0; i < loop->settings.connections; i++) {
        struct conn *conn = &loop->conns[i];
        conn->poll_at = n;
        conn->poll_count = conn_poll(conn, loop->polls + n, loop->poll_cap - LOOP_WATCH_MAX - n);
        n += conn->poll_count;
        if (conn->state != CONN_FREE) {
            i64 due = conn->talk.more ? 0 : talk_deadline_ms(conn);
            due = conn->query && dns_query_deadline_ms(conn->query) < due
                      ? dns_query_deadline_ms(conn->query)
                      : due;
            *until_ms = due < *until_ms ? due : *until_ms;
        }
    }
    for (int i = 0; i < loop->settings.tasks; i++) {
        const struct task *t = &loop->tasks[i];
        if ((t->state == TASK_WAIT || t->state == TASK_PAUSE) && t->until_ms < *until_ms) {
            *until_ms = t->until_ms;
        }
    }
    return n;
}

static void loop_wait(struct loop *loop, i64 max_wait_ms, int extra_fd)
{
    i64 until_ms = INT64_MAX;
    int count = loop_list(loop, extra_fd, &until_ms);
    i64 wait_ms = max_wait_ms;
    if (until_ms != INT64_MAX) {
        i64 left_ms = until_ms - os_mono_ms();
        wait_ms = left_ms < wait_ms ? left_ms : wait_ms;
    }
    wait_ms = loop->env.progress || wait_ms < 0 ? 0 : wait_ms;
    loop->env.progress = false;
    for (int i = 0; i < loop->watched_count; i++) {
        loop->polls[count + i] = loop->watched[i];
    }
    os_poll(loop->polls, count + loop->watched_count, wait_ms);
    for (int i = 0; i < loop->watched_count; i++) {
        loop->watched[i] = loop->polls[count + i];
    }
    for (int i = 0; i < loop->settings.connections; i++) {
        struct conn *conn = &loop->conns[i];
        if (conn->state != CONN_RESOLVE && conn->poll_count) {
            conn->readable = conn->readable || loop->polls[conn->poll_at].readable;
            conn->writable = loop->polls[conn->poll_at].writable;
        }
    }
}

bool loop_turn(struct loop *loop, i64 max_wait_ms, int extra_fd)
{
    loop_wait(loop, max_wait_ms, extra_fd);
    bool extra = loop->polls[0].readable;
    i64 now_ms = os_mono_ms();
    tls_clock_set(loop->env.tls, os_unix_us() / 1000000);
    for (int i = 0; i < loop->settings.connections; i++) {
        loop_move(loop, &loop->conns[i], now_ms);
    }
    int count = loop->settings.tasks;
    loop->first_task = (loop->first_task + 1) % count;
    for (int k = 0; k < count; k++) {
        int task = (loop->first_task + k) % count;
        struct task *t = &loop->tasks[task];
        if (t->state == TASK_PAUSE && now_ms >= t->until_ms) {
            t->state = TASK_ASK;
        }
        if (t->state == TASK_QUEUED) {
            task_start(loop, task, now_ms);
        } else {
            task_ask(loop, task, now_ms);
        }
        if (t->state == TASK_FLYING && loop->conns[t->conn].state == CONN_SEND &&
            !loop->conns[t->conn].talk.head_sent) {
            loop_move(loop, &loop->conns[t->conn], now_ms); // on a kept connection it goes at once
        }
    }
    return extra;
}

void loop_watch(struct loop *loop, struct os_poll *extra, int count)
{
    ASSERT(count >= 0 && count <= LOOP_WATCH_MAX);
    loop->watched = extra;
    loop->watched_count = count;
}

void loop_close(struct loop *loop)
{
    for (int i = 0; i < loop->settings.connections; i++) {
        conn_close(&loop->env, &loop->conns[i]);
        loop->conns[i].task = -1;
    }
    for (int i = 0; i < loop->settings.tasks; i++) {
        if (loop->tasks[i].state != TASK_FREE) {
            task_free(loop, i);
        }
    }
    crypto_wipe(loop->task_memory, LOOP_TASK_BYTES * loop->settings.tasks);
    crypto_wipe(loop->env.compose.p, CONN_OUT_BYTES);
}
