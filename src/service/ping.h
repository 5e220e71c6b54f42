// SPDX-License-Identifier: Apache-2.0
// The ping of a source as a machine of the loop: is the far side there, and does it take these
// credentials. The steps are the source's; this carries them and keeps how they ended.
#ifndef SERVICE_PING_H
#define SERVICE_PING_H

#include "base/plan.h"
#include "source/source.h"

struct ping {
    struct source *source; // configured before
    void *state;           // of the source: the largest ping_bytes of all of them
    isize state_bytes;
    err error;         // OK, or why it failed
    struct buf detail; // facts of it
    bool ended;
};

extern const struct machine_ops ping_ops; // st = struct ping

// Room for the largest of `count` sources.
void ping_init(struct ping *p, struct plan *plan, struct source *const *sources, int count);

void ping_start(struct ping *p, struct source *source);

#endif
