// SPDX-License-Identifier: Apache-2.0
// Adding and cancelling the tasks of flights (see flights.h). A handle that is no longer used is
// -1: handles of the loop come again after a long time.
#include "sync/flights.h"

void flights_reset(struct flights *f)
{
    for (int i = 0; i < BULK_MACHINES_MAX; i++) {
        f->tasks[i] = -1;
    }
}

void flights_start(struct flights *f, struct loop *loop, struct bulk *bulk)
{
    ASSERT(bulk_machines(bulk) <= BULK_MACHINES_MAX);
    for (int i = 0; i < bulk_machines(bulk); i++) {
        ASSERT(f->tasks[i] < 0);
        f->tasks[i] = loop_add(loop, &bulk_flight_ops, bulk_machine(bulk, i));
        ASSERT(f->tasks[i] >= 0);
    }
}

void flights_cancel(struct flights *f, struct loop *loop)
{
    for (int i = 0; i < BULK_MACHINES_MAX; i++) {
        if (f->tasks[i] >= 0) {
            loop_cancel(loop, f->tasks[i]);
        }
    }
    flights_reset(f);
}
