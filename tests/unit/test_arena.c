// SPDX-License-Identifier: Apache-2.0
// base/arena: alignment, zeroing, the end, overflow of sizes, marks, and the trap after closing.
#include "test.h"

#include <sys/wait.h>

#include "base/arena.h"

static _Alignas(16) u8 memory[256];

static void test_arena_try_pieces(void)
{
    memset(memory, 0xee, sizeof memory);
    struct arena a = arena_over(memory, 200);
    u8 *one = arena_try(&a, 1, 1);
    u8 *two = arena_try(&a, 17, 1);
    u64 *many = arena_try_n(&a, u64, 3);
    CHECK(one == memory && two == memory + 16 && (u8 *)many == memory + 48);
    CHECK(a.n == 48 + 32 && a.n == ARENA_ROUND(1) + ARENA_ROUND(17) + ARENA_ROUND(24));
    for (isize i = 0; i < a.n; i++) {
        CHECK(memory[i] == 0);
    }
    CHECK(memory[a.n] == 0xee);
    struct arena mark = a;
    CHECK(arena_try(&a, 64, 1) != NULL);
    a = mark;
    CHECK(arena_try(&a, 64, 1) == memory + 80);
}

static void test_arena_try_end(void)
{
    for (isize cap = 0; cap <= 80; cap++) {
        for (isize bytes = 1; bytes <= 90; bytes++) {
            memset(memory, 0xee, sizeof memory);
            struct arena a = arena_over(memory, cap);
            u8 *at = arena_try(&a, bytes, 1);
            CHECK(!at || (bytes <= cap && a.n <= cap));
            CHECK(at || ARENA_ROUND(bytes) > cap - 15); // refused only near the end
            CHECK(memory[cap] == 0xee);
        }
    }
    struct arena a = arena_over(memory, sizeof memory);
    CHECK(arena_try(&a, PTRDIFF_MAX, 1) == NULL && arena_try(&a, 1, PTRDIFF_MAX) == NULL);
    CHECK(arena_try(&a, PTRDIFF_MAX / 2, 3) == NULL &&
          arena_try(&a, PTRDIFF_MAX, PTRDIFF_MAX) == NULL);
    CHECK(a.n == 0);
    CHECK(arena_try(&a, 8, 0) != NULL && a.n == 0);
}

// Whether the call ends the process by a trap.
static bool traps(bool close_it, isize bytes)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        struct arena a = arena_over(memory, 128);
        if (close_it) {
            arena_close(&a);
        }
        (void)arena_must(&a, bytes, 1);
        _exit(0);
    }
    int status = 0;
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    return WIFSIGNALED(status);
}

static void test_arena_must_traps(void)
{
    CHECK(!traps(false, 64));
    CHECK(traps(false, 129));
    CHECK(traps(true, 1));
    struct arena a = arena_over(memory, 128);
    arena_close(&a);
    CHECK(arena_try(&a, 1, 1) == NULL);
}

static const struct test_case cases[] = {
    CASE(test_arena_try_pieces),
    CASE(test_arena_try_end),
    CASE(test_arena_must_traps),
};

TEST_MAIN(cases)
