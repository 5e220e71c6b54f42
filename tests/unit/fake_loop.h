// SPDX-License-Identifier: Apache-2.0
// A loop without sockets, in the place of net/loop: machines are asked, their requests are answered
// one turn later by fake_serve(), which the test writes. Retries of class RETRY are made up to the
// policy's attempts, without pauses. Clock, log and randomness are the test's as well.
#ifndef TESTS_UNIT_FAKE_LOOP_H
#define TESTS_UNIT_FAKE_LOOP_H

#include "test.h"

#include <stdlib.h>

#include "net/crypto.h"
#include "net/loop.h"
#include "os/log.h"
#include "os/os.h"

enum { FAKE_TASKS = 256 };

struct fake_answer {
    int status; // 0: lost
    char *body; // malloc, or NULL
    isize bytes;
};

struct fake_answer fake_serve(const struct exchange *x);

struct fake_task {
    bool active, flying, answered;
    int generation, attempts;
    const struct machine_ops *ops;
    void *st;
    struct exchange x;
    struct fake_answer answer;
    isize taken;
    u8 target[4096], headers[8192], detail[512];
};

struct loop {
    struct fake_task tasks[FAKE_TASKS];
    int requests, running;
};

static i64 fake_now_ms = 1000;
static char fake_log[1 << 16]; // "CODE detail\n"

i64 os_mono_ms(void)
{
    return fake_now_ms;
}

i64 os_unix_us(void)
{
    return 1720174830000000;
}

void os_entropy(void *p, isize n)
{
    memset(p, 7, (size_t)n);
}

err os_write_all(int fd, str s, struct os_watch *watch, struct buf *detail)
{
    (void)fd;
    (void)s;
    (void)watch;
    (void)detail;
    return OK;
}

void crypto_wipe(void *p, isize n)
{
    memset(p, 0, (size_t)n);
}

void crypto_md5(str in, u8 out[16])
{
    (void)in;
    memset(out, 0xab, 16);
}

static void fake_note(const char *name, str text)
{
    size_t n = strlen(fake_log);
    snprintf(fake_log + n, sizeof fake_log - n, "%s %.*s\n", name, (int)text.n,
             (const char *)text.p);
}

void log_line(struct log *log, enum log_level level, str message, const struct log_fact *facts,
              isize count)
{
    (void)log;
    (void)level;
    (void)facts;
    (void)count;
    fake_note("-", message);
}

void log_err(struct log *log, enum log_level level, err e, str detail, const struct log_fact *facts,
             isize count)
{
    (void)log;
    (void)level;
    (void)facts;
    (void)count;
    fake_note(err_name(e), detail);
}

static struct fake_task *fake_find(struct loop *loop, int handle)
{
    if (handle < 0 || !loop->tasks[handle & 0xff].active ||
        loop->tasks[handle & 0xff].generation != handle >> 8) {
        return NULL;
    }
    return &loop->tasks[handle & 0xff];
}

int loop_add(struct loop *loop, const struct machine_ops *ops, void *st)
{
    for (int i = 0; i < FAKE_TASKS; i++) {
        struct fake_task *t = &loop->tasks[i];
        if (!t->active) {
            t->active = true;
            t->flying = false;
            t->attempts = 0;
            t->ops = ops;
            t->st = st;
            return t->generation << 8 | i;
        }
    }
    return -1;
}

static void fake_free(struct fake_task *t)
{
    free(t->answer.body);
    t->answer = (struct fake_answer){0};
    t->active = t->flying = t->answered = false;
    t->generation++;
}

bool loop_is_active(const struct loop *loop, int task)
{
    return fake_find((struct loop *)(uintptr_t)loop, task) != NULL;
}

void loop_cancel(struct loop *loop, int task)
{
    struct fake_task *t = fake_find(loop, task);
    if (t) {
        ASSERT(loop->running != task);
        fake_free(t);
    }
}

int loop_active_count(const struct loop *loop)
{
    int n = 0;
    for (int i = 0; i < FAKE_TASKS; i++) {
        n += loop->tasks[i].active;
    }
    return n;
}

static void fake_ask(struct fake_task *t, struct loop *loop)
{
    memset(&t->x, 0, sizeof t->x);
    t->x.target = buf_over(t->target, (isize)sizeof t->target);
    t->x.headers = buf_over(t->headers, (isize)sizeof t->headers);
    t->x.detail = buf_over(t->detail, (isize)sizeof t->detail);
    switch (t->ops->next(t->st, fake_now_ms, &t->x)) {
    case STEP_REQUEST:
        ASSERT(!t->x.target.full && !t->x.headers.full);
        t->flying = true;
        t->answered = false;
        loop->requests++;
        break;
    case STEP_WAIT:
        break;
    case STEP_DONE:
    case STEP_FAILED:
        fake_free(t);
        break;
    }
}

// true: the exchange is over, with *e.
static bool fake_deliver(struct fake_task *t, err *e)
{
    *e = OK;
    if (!t->answered) {
        t->answer = fake_serve(&t->x);
        t->answered = true;
        t->taken = 0;
        if (!t->answer.status) {
            *e = FAIL(NET_RESET);
            return true;
        }
        struct http_head head = {.status = t->answer.status};
        *e = t->ops->head(t->st, &t->x, &head);
    }
    while (err_ok(*e) && t->taken < t->answer.bytes) {
        str in = str_make(t->answer.body + t->taken, t->answer.bytes - t->taken);
        isize before = in.n;
        *e = t->ops->body(t->st, &t->x, &in);
        t->taken += before - in.n;
        if (err_ok(*e) && before == in.n) {
            return false; // it waits
        }
    }
    if (err_ok(*e)) {
        *e = t->ops->end(t->st, &t->x);
    }
    return true;
}

static void fake_fly(struct fake_task *t)
{
    err e;
    if (!fake_deliver(t, &e)) {
        return;
    }
    free(t->answer.body);
    t->answer = (struct fake_answer){0};
    t->flying = false;
    int attempts = t->x.retry ? t->x.retry->attempts : 3;
    if (err_ok(e)) {
        t->attempts = 0;
    } else if (err_class(e) != ERR_CLASS_RETRY || ++t->attempts >= attempts) {
        t->attempts = 0;
        t->ops->fail(t->st, &t->x, e);
    }
}

static void fake_turn(struct loop *loop)
{
    fake_now_ms += 20;
    for (int i = 0; i < FAKE_TASKS; i++) {
        struct fake_task *t = &loop->tasks[i];
        if (!t->active) {
            continue;
        }
        loop->running = t->generation << 8 | i;
        if (t->flying) {
            fake_fly(t);
        } else {
            fake_ask(t, loop);
        }
    }
    loop->running = -1;
}

#endif
