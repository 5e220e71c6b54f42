// SPDX-License-Identifier: Apache-2.0
// The list of pools, kept while they are carved (see plan.h).
#include "base/plan.h"

void *plan_take(struct plan *plan, const char *name, isize bytes, isize count, const char *reason)
{
    ASSERT(plan->count < PLAN_ROWS_MAX);
    plan->rows[plan->count++] = (struct plan_row){
        .name = name, .reason = reason, .count = count, .bytes = bytes};
    return arena_must(plan->arena, bytes, count);
}

void plan_note(struct plan *plan, const char *name, isize bytes, const char *reason, bool lazy)
{
    ASSERT(plan->count < PLAN_ROWS_MAX);
    plan->rows[plan->count++] = (struct plan_row){
        .name = name, .reason = reason, .count = 1, .bytes = bytes, .lazy = lazy};
}

isize plan_total_bytes(const struct plan *plan)
{
    isize total = 0;
    for (int i = 0; i < plan->count; i++) {
        total += plan->rows[i].lazy ? 0 : ARENA_ROUND(plan->rows[i].bytes * plan->rows[i].count);
    }
    return total;
}
