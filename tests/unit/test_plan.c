// SPDX-License-Identifier: Apache-2.0
// The list of pools: what is carved is what is printed.
#include "test.h"

#include "base/plan.h"

static _Alignas(16) u8 memory[KIB(4)];

static void test_plan_total_is_what_was_carved(void)
{
    struct arena arena = arena_over(memory, KIB(4));
    struct plan plan = {.arena = &arena};
    u8 *a = plan_take(&plan, "a", 10, 3, "three tens");
    u64 *b = plan_take_n(&plan, "b", u64, 5, "five words");
    CHECK((u8 *)b == a + 32 && ((uintptr_t)b & 15) == 0);
    CHECK(plan_total_bytes(&plan) == arena.n && arena.n == 32 + 48);
    for (int i = 0; i < 30; i++) {
        CHECK(a[i] == 0);
    }
}

static void test_plan_note_counts_unless_lazy(void)
{
    struct arena arena = arena_over(memory, KIB(4));
    struct plan plan = {.arena = &arena};
    plan_note(&plan, "image", 1000, "outside the arena", false);
    plan_note(&plan, "large", 5000, "not touched", true);
    CHECK(plan_total_bytes(&plan) == 1008 && arena.n == 0 && plan.count == 2);
}

static const struct test_case cases[] = {
    CASE(test_plan_total_is_what_was_carved),
    CASE(test_plan_note_counts_unless_lazy),
};

TEST_MAIN(cases)
