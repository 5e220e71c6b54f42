// SPDX-License-Identifier: Apache-2.0
// The list of pools, kept while they are carved (see plan.h).
#include "base/plan.h"

#include "base/str.h"

// Pools of the same name and size are one row: the service has several of most.
static struct plan_row *plan_row_of(struct plan *plan, const char *name, isize bytes)
{
    for (int i = 0; i < plan->count; i++) {
        struct plan_row *row = &plan->rows[i];
        if (row->bytes == bytes && str_eq(str_from(row->name), str_from(name)) && !row->lazy) {
            return row;
        }
    }
    ASSERT(plan->count < PLAN_ROWS_MAX);
    return &plan->rows[plan->count++];
}

void *plan_take(struct plan *plan, const char *name, isize bytes, isize count, const char *reason)
{
    struct plan_row *row = plan_row_of(plan, name, bytes);
    row->name = name;
    row->reason = reason;
    row->bytes = bytes;
    row->count += count;
    row->taken += ARENA_ROUND(bytes * count);
    return arena_must(plan->arena, bytes, count);
}

void plan_note(struct plan *plan, const char *name, isize bytes, const char *reason, bool lazy)
{
    ASSERT(plan->count < PLAN_ROWS_MAX);
    plan->rows[plan->count++] = (struct plan_row){
        .name = name,
        .reason = reason,
        .count = 1,
        .bytes = bytes,
        .taken = ARENA_ROUND(bytes),
        .lazy = lazy,
    };
}

isize plan_total_bytes(const struct plan *plan)
{
    isize total = 0;
    for (int i = 0; i < plan->count; i++) {
        total += plan->rows[i].lazy ? 0 : plan->rows[i].taken;
    }
    return total;
}
