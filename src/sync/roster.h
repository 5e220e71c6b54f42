// SPDX-License-Identifier: Apache-2.0
// The fate of every mailbox of the tenant in this run, by keyed hash of its address: what a purge may
// touch is decided by it. Bounded by limits.mailboxes; once it is full, no mailbox counts as gone.
#ifndef SYNC_ROSTER_H
#define SYNC_ROSTER_H

#include "base/idset.h"

enum fate {
    FATE_UNKNOWN,   // the directory did not name it
    FATE_PROTECTED, // named, and not (or not yet, or not wholly) read: its documents stay
    FATE_FINISHED,  // listed to the end, every unit decided
};

struct roster {
    struct idset set;
    bool directory_complete; // every page of the directory was read
    i64 count, finished;
};

// True when the address was not there before; it starts as FATE_PROTECTED. `room` false: full.
bool roster_add(struct roster *r, str address, bool *room);
void roster_finish(struct roster *r, str address);
enum fate roster_fate(struct roster *r, str address);

// Every mailbox that exists was finished: then whatever was not seen is gone.
bool roster_all_finished(const struct roster *r);

#endif
