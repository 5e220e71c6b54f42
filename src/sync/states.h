// SPDX-License-Identifier: Apache-2.0
// What a source remembers of each folder from one run to the next (SyncState of Exchange, deltaLink
// of Graph), in the one file that outlook.state_file names: with it an incremental run asks only
// for what has changed since.
//
// A state counts when the run that wrote it was the last one of its connector that came to its end,
// with the same binding (index, rules, settings, version: a hash), and when the index holds as many
// documents as that run has left there: then nobody else has changed it. Everything else is as if
// it were not there, and the folder is listed from its beginning. A run that finds another binding
// or number, of whatever kind it is, takes back that they count, before it writes anything.
//
// The file: two copies of a head, of which the newer whole one counts, then places of two
// records each, STATES_FOLDERS at most. A run writes into the record that does not count, and its
// own begin to count at once, with the head that names it, when it has come to its end: until then,
// and when it dies, the former ones do. Each part has a checksum: what is torn or strange is not
// read. It is written as the machine keeps numbers (x86_64 and aarch64 do alike). A write that
// fails ends all writing.
#ifndef SYNC_STATES_H
#define SYNC_STATES_H

#include "base/hash.h"
#include "base/plan.h"
#include "os/log.h"
#include "source/source.h"

struct states; // one a process

// Reads the heads of what `fd` (os_store_open()) holds. Before the seal.
struct states *states_init(struct plan *plan, int fd, struct log *log);
isize states_count(const struct states *all); // folders that have one

// One run of a connector.
struct states_run {
    struct states *all; // NULL: nothing is kept
    u64 connector, binding, roster;
    u64 run;        // its number, by chance
    u64 former;     // the run whose states count; 0: none
    bool reads;     // this run goes on from them
    isize searched; // places that were looked at for room
    struct source_states hooks;
};

// `documents`: that the index holds now. A run that has to list everything sets `reads` to false.
void states_begin(struct states_run *r, struct states *all, str connector, str binding,
                  i64 documents);
void states_name(struct states_run *r, str mailbox);   // the directory has, once
void states_forget(struct states_run *r, str mailbox); // what this run has written of it

// The mailboxes that were named are others than in the run whose states count.
bool states_has_left(const struct states_run *r);

// That run has kept a state of a folder of it, and this one has not: the folder may be gone.
bool states_has_lost(const struct states_run *r, str mailbox);

// Before something is deleted, so that who dies then begins anew: from now on no state counts. What
// this run has written does when it completes. false: it cannot be written.
bool states_suspend(struct states_run *r);
void states_complete(struct states_run *r, i64 documents); // ... that the run leaves in the index

#endif
