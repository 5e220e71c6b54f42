// SPDX-License-Identifier: Apache-2.0
// Bump allocation over one region (see arena.h).
#include "base/arena.h"

#include <string.h>

struct arena arena_over(void *p, isize cap)
{
    ASSERT(cap >= 0 && ((uintptr_t)p & 15) == 0);
    return (struct arena){.p = p, .cap = cap};
}

void *arena_try(struct arena *a, isize size, isize count)
{
    ASSERT(size > 0 && count >= 0);
    isize room = a->cap - a->n;
    if (a->closed || count > (room - 15) / size || room < 15) {
        return NULL;
    }
    isize bytes = ARENA_ROUND(size * count);
    ASSERT(bytes <= room);
    u8 *at = a->p + a->n;
    a->n += bytes;
    memset(at, 0, (size_t)bytes);
    return at;
}

void *arena_must(struct arena *a, isize size, isize count)
{
    void *at = arena_try(a, size, count);
    ASSERT(at);
    return at;
}

void arena_close(struct arena *a)
{
    a->closed = true;
}
