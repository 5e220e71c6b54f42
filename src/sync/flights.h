// SPDX-License-Identifier: Apache-2.0
// The machines of elastic/bulk as tasks of the loop, for one run: they never end by themselves, so
// whoever starts a run ends them with it.
#ifndef SYNC_FLIGHTS_H
#define SYNC_FLIGHTS_H

#include "elastic/bulk.h"
#include "limits.h"
#include "net/loop.h"

struct flights {
    int tasks[BULK_MACHINES_MAX];
};

void flights_reset(struct flights *f); // none is at work
void flights_start(struct flights *f, struct loop *loop, struct bulk *bulk);

// Drops what is in the air, without verdicts.
void flights_cancel(struct flights *f, struct loop *loop);

#endif
