// SPDX-License-Identifier: Apache-2.0
// What memory was taken at start, and why: each pool is carved from the program's arena through
// plan_take(), which notes it, so that `mailferry limits` prints what really happened.
#ifndef BASE_PLAN_H
#define BASE_PLAN_H

#include "base/arena.h"

#define PLAN_ROWS_MAX 128 // pools of the whole program

struct plan_row {
    const char *name;
    const char *reason;
    isize count;
    isize bytes; // of each
    isize taken; // bytes of all, as the arena gave them
    bool lazy;   // address space only: not touched at start, not part of the total
};

struct plan {
    struct arena *arena;
    struct plan_row rows[PLAN_ROWS_MAX];
    int count;
};

// `count` pieces of `bytes`, contiguous, zeroed, the first aligned to 16. Traps when the arena is
// full.
void *plan_take(struct plan *plan, const char *name, isize bytes, isize count, const char *reason);
#define plan_take_n(plan, name, T, count, reason) \
    ((T *)plan_take((plan), (name), (isize)sizeof(T), (count), (reason)))

// Memory that is not carved but counts: the program itself, its stack.
void plan_note(struct plan *plan, const char *name, isize bytes, const char *reason, bool lazy);

isize plan_total_bytes(const struct plan *plan); // without lazy rows

#endif
