// SPDX-License-Identifier: Apache-2.0
// Whether a function leaves a secret on its stack: it runs in a thread whose stack is ours, and
// that is searched afterwards.
#ifndef TESTS_UNIT_STACK_H
#define TESTS_UNIT_STACK_H

#include <pthread.h>
#include <string.h>

#include "base/str.h"

static _Alignas(4096) u8 stack_room[256 * 1024];

struct stack_call {
    void (*run)(void *st);
    void *st;
};

static void *stack_thread(void *call)
{
    const struct stack_call *c = call;
    volatile u8 distance[sizeof stack_room / 2];
    distance[0] = 1;
    c->run(c->st);
    return distance[0] ? NULL : call;
}

// Without optimisation each value of an expression has a place of its own there: the build that
// counts coverage says nothing about what ships.
#ifdef __OPTIMIZE__
enum { STACK_JUDGED = true };
#else
enum { STACK_JUDGED = false };
#endif

// Runs it; returns whether the secret is on the stack that it has left, or true when it did not
// run.
static bool stack_keeps(void (*run)(void *st), void *st, str secret)
{
    pthread_attr_t attr;
    pthread_t thread;
    struct stack_call call = {run, st};
    memset(stack_room, 0, sizeof stack_room);
    bool ran = !pthread_attr_init(&attr) &&
               !pthread_attr_setstack(&attr, stack_room, sizeof stack_room) &&
               !pthread_create(&thread, &attr, stack_thread, &call) && !pthread_join(thread, NULL);
    str half = str_make(stack_room, COUNT(stack_room) / 2);
    bool used = false;
    for (isize i = 0; i < half.n && !used; i++) {
        used = half.p[i] != 0;
    }
    return !ran || !used || (STACK_JUDGED && str_find(half, secret) >= 0);
}

#endif
