// SPDX-License-Identifier: Apache-2.0
// Virtual time in microseconds, and the queue of what will happen. Monotonic time moves only here:
// a little with each wait of the product (it computes, too), and to the next event when it waits.
// Unix time is the same plus an offset, which steps when an operator or a time server says so.
#ifndef SIM_CLOCK_H
#define SIM_CLOCK_H

#include "base/types.h"

#define SIM_UNIX_START_US 1790000000000000
#define SIM_S ((i64)1000000)
#define SIM_MS ((i64)1000)

void clock_reset(void);          // a new world
void clock_begin_at(i64 unix_s); // ... that begins at another time
i64 clock_now_us(void);          // since the world began
i64 clock_true_unix_ms(void);
i64 clock_product_unix_us(void); // with the product's steps
void clock_step_product(i64 us); // its unix clock only
bool clock_product_is_right(void);
void clock_right_product(void); // as if it had never stepped

// Events with the same time run in the order in which they were made. What they are about is found
// by `a` and `b`; whoever runs looks whether it is still so.
typedef void clock_event(i64 a, i64 b);
void clock_after(i64 us, clock_event *run, i64 a, i64 b);
i64 clock_next_us(void); // INT64_MAX: nothing will happen
void clock_run_due(void);
void clock_advance_to(i64 us); // not beyond the next event

#endif
