// SPDX-License-Identifier: Apache-2.0
// The queue of events is a binary heap by time and number; see clock.h.
#include "clock.h"

#include "../tenant/t_mem.h"

struct event {
    i64 at_us;
    u64 number;
    clock_event *run;
    i64 a, b;
};

static struct {
    i64 now_us, step_us, start_us;
    u64 number;
    struct event *heap;
    isize count, cap;
} world_clock;

#define C world_clock

void clock_reset(void)
{
    C.now_us = C.step_us = 0;
    C.start_us = SIM_UNIX_START_US;
    C.count = 0;
    C.number = 0;
}

void clock_begin_at(i64 unix_s)
{
    C.start_us = unix_s * SIM_S;
}

i64 clock_now_us(void)
{
    return C.now_us;
}

i64 clock_true_unix_ms(void)
{
    return (C.start_us + C.now_us) / 1000;
}

i64 clock_product_unix_us(void)
{
    return C.start_us + C.now_us + C.step_us;
}

void clock_step_product(i64 us)
{
    C.step_us += us;
}

bool clock_product_is_right(void)
{
    return C.step_us == 0;
}

void clock_right_product(void)
{
    C.step_us = 0;
}

static bool is_before(const struct event *a, const struct event *b)
{
    return a->at_us != b->at_us ? a->at_us < b->at_us : a->number < b->number;
}

void clock_after(i64 us, clock_event *run, i64 a, i64 b)
{
    if (C.count == C.cap) {
        C.cap = C.cap * 2 + 256;
        C.heap = t_resize(C.heap, C.cap * (isize)sizeof(*C.heap));
    }
    isize at = C.count++;
    struct event e = {C.now_us + (us > 0 ? us : 0), C.number++, run, a, b};
    while (at > 0 && is_before(&e, &C.heap[(at - 1) / 2])) {
        C.heap[at] = C.heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    C.heap[at] = e;
}

static struct event take_first(void)
{
    struct event first = C.heap[0], last = C.heap[--C.count];
    isize at = 0;
    for (;;) {
        isize child = 2 * at + 1;
        if (child + 1 < C.count && is_before(&C.heap[child + 1], &C.heap[child])) {
            child++;
        }
        if (child >= C.count || !is_before(&C.heap[child], &last)) {
            break;
        }
        C.heap[at] = C.heap[child];
        at = child;
    }
    if (C.count > 0) {
        C.heap[at] = last;
    }
    return first;
}

i64 clock_next_us(void)
{
    return C.count > 0 ? C.heap[0].at_us : INT64_MAX;
}

void clock_run_due(void)
{
    while (C.count > 0 && C.heap[0].at_us <= C.now_us) {
        struct event e = take_first();
        e.run(e.a, e.b);
    }
}

void clock_advance_to(i64 us)
{
    i64 next = clock_next_us();
    us = us < next ? us : next;
    C.now_us = us > C.now_us ? us : C.now_us;
}
