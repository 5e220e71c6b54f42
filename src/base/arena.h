// SPDX-License-Identifier: Apache-2.0
// Memory in one direction: an arena hands out pieces of one region and never takes one back.
//
// The program's arena is carved at start with arena_must(), which traps after arena_close():
// nothing is taken once the process is sealed. Scratch is a second arena over fixed memory;
// arena_try() gives NULL when it is full, and it is released by restoring a copied header:
//     struct arena mark = *scratch; ... *scratch = mark;
// Pieces are zeroed and aligned to 16 bytes.
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/types.h"

struct arena {
    u8 *p;
    isize n;   // bytes handed out
    isize cap; // bytes
    bool closed;
};

struct arena arena_over(void *p, isize cap);

// `count` pieces of `size` bytes, zeroed. must: traps when the arena is full or closed, because the
// start-up sum in limits.h is then wrong. try: NULL.
void *arena_must(struct arena *a, isize size, isize count);
void *arena_try(struct arena *a, isize size, isize count);

#define arena_must_n(a, T, count) ((T *)arena_must((a), (isize)sizeof(T), (count)))
#define arena_try_n(a, T, count) ((T *)arena_try((a), (isize)sizeof(T), (count)))

void arena_close(struct arena *a);

// Bytes that a piece really takes: rounded up to the alignment. For the sums in limits.h.
#define ARENA_ROUND(bytes) (((isize)(bytes) + 15) / 16 * 16)

#endif
