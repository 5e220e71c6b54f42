// SPDX-License-Identifier: Apache-2.0
// The fate of every mailbox of the tenant in this run, by keyed hash of its address: what a purge
// may touch is decided by it. Bounded by limits.mailboxes. Once it is full, or a mailbox was named
// that it cannot remember, or the directory named none at all, no mailbox counts as gone. Upper and
// lower case do not tell addresses apart: a directory that changes its spelling has not lost a
// mailbox.
#ifndef SYNC_ROSTER_H
#define SYNC_ROSTER_H

#include "base/idset.h"

enum fate {
    FATE_UNKNOWN,   // the directory did not name it
    FATE_PROTECTED, // named, and not (or not yet, or not wholly) read: its documents stay
    FATE_FINISHED,  // listed to the end, every unit decided
    FATE_CONTINUED, // the same, but only what has changed was listed
};

struct roster {
    struct idset set;
    bool directory_complete; // every page of the directory was read
    bool incomplete;         // a mailbox was named that could not be remembered
    i64 count, finished;
    i64 continued; // of those finished
};

void roster_clear(struct roster *r);

// True when the address was not there before; it starts as FATE_PROTECTED. `room` false: full.
bool roster_add(struct roster *r, str address, bool *room);
void roster_forget(struct roster *r); // one was named whose address cannot be used
void roster_finish(struct roster *r, str address, bool continued);
enum fate roster_fate(struct roster *r, str address);

// Every mailbox that exists is in it: then one that is not there is gone.
bool roster_knows_all(const struct roster *r);

// Every mailbox that exists was finished: then whatever was not seen is gone.
bool roster_all_finished(const struct roster *r);

#endif
