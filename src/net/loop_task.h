// SPDX-License-Identifier: Apache-2.0
// Inside the loop: its tasks (machines under way) and how an exchange of one is started, judged and
// tried again. loop.c moves connections and time; this moves tasks.
#ifndef NET_LOOP_TASK_H
#define NET_LOOP_TASK_H

#include "net/conn.h"

enum task_state {
    TASK_FREE,
    TASK_ASK,    // its next() is called at once
    TASK_WAIT,   // its next() is called each turn, and at until_ms at the latest
    TASK_PAUSE,  // before another attempt, until until_ms
    TASK_QUEUED, // has a request and waits for a connection
    TASK_FLYING, // a connection works for it
};

struct task {
    enum task_state state;
    int generation; // of the handle: a place is used again
    bool cancelled; // while one of its own operations runs
    const struct machine_ops *ops;
    void *st;
    struct exchange x;
    int attempts; // of the current request that failed
    u64 asked;    // hash of its target: another one starts with no failed attempt
    i64 until_ms;
    int conn;   // while FLYING
    bool fresh; // only on a new connection: a kept one turned out to be closed
};

struct loop {
    struct loop_settings settings;
    struct conn_env env;
    struct task *tasks;
    struct conn *conns;
    u8 *conn_memory, *task_memory;
    struct os_poll *polls;
    int poll_cap;
    struct os_poll *watched; // the caller's (loop_watch)
    int watched_count;
    int active;
    int running;    // task whose operation is being called; -1: none
    int first_task; // asked first in this turn: it moves on, so that none is always the last
    struct loop_stats stats;
    u64 random; // state of the jitter's generator
};

// Asks a machine until it has a request that flies or waits for a connection, or nothing to do.
void task_ask(struct loop *loop, int task, i64 now_ms);

// Gives a queued task a connection, if one can be had.
void task_start(struct loop *loop, int task, i64 now_ms);

// What a connection reports about the task that it works for.
void task_done(struct loop *loop, int task);
void task_failed(struct loop *loop, int task, struct conn *conn, i64 now_ms);

void task_free(struct loop *loop, int task);

#endif
