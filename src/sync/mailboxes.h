// SPDX-License-Identifier: Apache-2.0
// The mailboxes of a sync: the walk over the directory, the accounts that wait, and the open ones,
// each listed page by page into its queue of units and closed when everything in it is decided.
//
// A mailbox is the unit of failure: what goes wrong in it is noted, protects its documents, and
// never stops the others, unless too many fail or the source says that the whole tenant is
// affected.
#ifndef SYNC_MAILBOXES_H
#define SYNC_MAILBOXES_H

#include "net/loop.h"
#include "os/log.h"
#include "sync/job.h"
#include "sync/roster.h"
#include "sync/states.h"

struct mailbox_slot {
    bool open;
    u32 generation;
    struct mailbox m;
    struct mailboxes *all;
    i64 outstanding; // units taken from the queue and not decided
    i64 undecided;   // units whose fate is not known: they protect the mailbox
    i64 decided;
    int in_flight;     // lanes at work on it
    i64 not_before_ms; // its source has no quota before this
    bool unkept;       // finished or not, what its source has kept of it does not count
    bool starved;      // a lane asked in this turn and had to wait
    int task;
};

struct mailboxes {
    struct source *source;
    struct loop *loop;
    struct log *log;
    struct roster *roster;
    struct sync_stats *stats;
    const struct job_settings *settings;
    struct states_run *states; // of the run; NULL: none are kept

    struct mailbox_slot *slots;
    int slot_count, open_count;
    u32 next_generation;

    u8 *waiting; // ring of MAILBOX_QUEUE accounts
    int waiting_head, waiting_count;
    void *accounts_state;
    bool accounts_done;
    err accounts_error;
    struct buf accounts_detail;
    int accounts_task;

    u64 wanted_found; // bit i: the i-th of settings->only_mailboxes is in the directory
    err systemic;     // stops the job
    struct buf systemic_detail;
    struct job_note *notes;
    u8 *note_text;
    isize note_count;
};

void mailboxes_init(struct mailboxes *all, struct plan *plan, const struct job_settings *settings);
void mailboxes_reset(struct mailboxes *all);                         // before each run
void mailboxes_start(struct mailboxes *all);                         // adds the directory machine
bool mailboxes_was_found(const struct mailboxes *all, isize wanted); // the i-th of --mailbox
void mailboxes_open_waiting(struct mailboxes *all);                  // fills free slots; each turn
bool mailboxes_are_done(const struct mailboxes *all);
void mailboxes_cancel(
    struct mailboxes *all);                 // ends directory and listings; slots stay for verdicts
void mailboxes_stop(struct mailboxes *all); // closes every slot, wipes tokens

// The slot of (index, generation), or NULL when it was closed since.
struct mailbox_slot *mailboxes_slot(struct mailboxes *all, u32 index, u32 generation);

// A unit left: `undecided` protects the mailbox from purge.
void mailboxes_unit_done(struct mailbox_slot *slot, bool undecided);
void mailboxes_page_done(struct mailbox_slot *slot, bool undecided); // of unit.page: not counted

#endif
