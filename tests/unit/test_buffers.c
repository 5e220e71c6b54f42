// SPDX-License-Identifier: Apache-2.0
// The three sizes of lane buffers: content moves up whole, and comes back.
#include "test.h"

#include "sync/buffers.h"

#define BYTES (LANE_BYTES * 2 + LANE_MEDIUM_BYTES * 2 + KIB(64))

static _Alignas(16) u8 memory[BYTES];
static u8 large[LANE_MEDIUM_BYTES * 2];
static struct arena arena;
static struct plan plan;
static struct buffers buffers;

static void start(void)
{
    arena = arena_over(memory, BYTES);
    plan = (struct plan){.arena = &arena};
    buffers_init(&buffers, &plan, 2, 1, buf_over(large, (isize)sizeof large));
}

static void test_buffers_grow_keeps_the_content(void)
{
    start();
    struct buf data = buffers_small(&buffers, 1);
    CHECK(data.cap == LANE_BYTES);
    buf_put(&data, S("what was received"));
    CHECK(buffers_grow(&buffers, &data) && data.cap == LANE_MEDIUM_BYTES);
    CHECK_STR(buf_str(&data), S("what was received"));
    CHECK(buffers_grow(&buffers, &data) && buffers_is_largest(&buffers, &data));
    CHECK_STR(buf_str(&data), S("what was received"));
    CHECK(!buffers.medium_used[0]);
    CHECK(!buffers_grow(&buffers, &data));
    buffers_release(&buffers, &data);
    CHECK(buffers_all_free(&buffers));
}

static void test_buffers_grow_waits_for_a_free_one(void)
{
    start();
    struct buf a = buffers_small(&buffers, 0);
    struct buf b = buffers_small(&buffers, 1);
    CHECK(a.p + LANE_BYTES <= b.p);
    CHECK(buffers_grow(&buffers, &a));
    CHECK(!buffers_grow(&buffers, &b) && b.cap == LANE_BYTES);
    buffers_release(&buffers, &a);
    CHECK(buffers_grow(&buffers, &b));
    buffers_release(&buffers, &b);
    CHECK(buffers_all_free(&buffers));
}

static const struct test_case cases[] = {
    CASE(test_buffers_grow_keeps_the_content),
    CASE(test_buffers_grow_waits_for_a_free_one),
};

TEST_MAIN(cases)
