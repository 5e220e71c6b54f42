// SPDX-License-Identifier: Apache-2.0
// memcpy and memmove as the program links them: every length and distance of small pieces, both
// directions of an overlap, and some large ones.
#include "test.h"

static u8 from[9000], to[9000], want[9000];

static void fill(void)
{
    for (isize i = 0; i < COUNT(from); i++) {
        from[i] = (u8)(i * 7 + i / 251);
        to[i] = 0xee;
        want[i] = 0xee;
    }
}

// What a copy does, a byte at a time; volatile, so that no compiler makes a memcpy of it.
static void slow_copy(volatile u8 *out, const volatile u8 *in, isize n)
{
    for (isize i = 0; i < n; i++) {
        out[i] = in[i];
    }
}

static void test_memcpy_every_small_length(void)
{
    for (isize n = 0; n <= 300; n++) {
        for (isize at = 0; at < 17; at++) {
            fill();
            slow_copy(want + at, from + 16 - at, n);
            CHECK(memcpy(to + at, from + 16 - at, (size_t)n) == to + at);
            CHECK(memcmp(to, want, sizeof to) == 0);
        }
    }
}

static void test_memcpy_large(void)
{
    static const isize lengths[] = {511, 512, 1023, 1024, 2047, 2048, 4095, 4096, 4097, 8000};
    for (isize i = 0; i < COUNT(lengths); i++) {
        fill();
        slow_copy(want + 3, from + 5, lengths[i]);
        memcpy(to + 3, from + 5, (size_t)lengths[i]);
        CHECK(memcmp(to, want, sizeof to) == 0);
    }
}

static void test_memmove_overlaps_both_ways(void)
{
    static const isize lengths[] = {0,  1,  2,  3,  7,  8,   9,   15,  16,
                                    17, 31, 33, 63, 65, 129, 300, 5000};
    for (isize i = 0; i < COUNT(lengths); i++) {
        for (isize distance = -70; distance <= 70; distance++) {
            fill();
            slow_copy(to, from, COUNT(from));
            slow_copy(want, from, COUNT(from));
            slow_copy(want + 100 + distance, from + 100, lengths[i]);
            CHECK(memmove(to + 100 + distance, to + 100, (size_t)lengths[i]) ==
                  to + 100 + distance);
            CHECK(memcmp(to, want, sizeof to) == 0);
        }
    }
}

static const struct test_case cases[] = {
    CASE(test_memcpy_every_small_length),
    CASE(test_memcpy_large),
    CASE(test_memmove_overlaps_both_ways),
};

TEST_MAIN(cases)
