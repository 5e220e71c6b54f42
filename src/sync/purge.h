// SPDX-License-Identifier: Apache-2.0
// What is in the index and was not seen: the id set over a sync's life. A scan before the sync
// fills it, units mark it when they are decided, a second scan after the sync finds the documents
// that may go (DESIGN, "Who owns an id").
//
// A document is deleted only when it was there before the sync, was not seen in it, and either
// every mailbox of the tenant was finished, or its one owner is known and was finished, or is gone
// from a directory that was read to the end.
#ifndef SYNC_PURGE_H
#define SYNC_PURGE_H

#include "elastic/bulk.h"
#include "elastic/scan.h"
#include "source/source.h"
#include "sync/roster.h"
#include "sync/shard.h"

enum {
    PURGE_EXISTED = 1,
    PURGE_SEEN = 2,
    PURGE_FILTERED = 4, // a sync rule has decided that it may not stay
    PURGE_SENT = 16,    // its deletion was handed to a flight
    PURGE_GONE = 32,    // its mailbox says that it is not there any more
    PURGE_TAKEN = 8,    // by the mailbox whose generation stands in the upper 24 bits
};

// What is known of a unit when a lane takes it.
enum purge_unit {
    PURGE_UNIT_NEW,      // not in the index, as far as is known, or seen in another mailbox
    PURGE_UNIT_KNOWN,    // in the index, and not seen in this run
    PURGE_UNIT_REPEATED, // its mailbox listed it before
};

struct purge {
    struct idset ids;
    const struct source *source; // whose unlisted_types stay; NULL: all are listed
    struct roster *roster;
    const struct shard *shard; // whose vanished mailboxes are ours to judge
    struct bulk *bulk;
    i64 existing;     // documents of the first scan
    i64 would_delete; // counted by the second scan
    i64 kept;         // unseen, but not ours to delete
    i64 unlisted;     // unseen, and of a type that the source cannot list
    i64 filtered;     // of would_delete: excluded by a sync rule
    i64 deleted_sent; // handed to a flight by the third scan
    i64 owned;        // of existing: their document says whose they are
    i64 due_sent;     // of deleted_sent: purge_due()
    i64 now_ms;       // set before each turn: bulk wants the time
};

// Visitors of elastic/scan.h, st = struct purge.
bool purge_visit_fill(void *st, const struct scan_hit *hit);
bool purge_visit_count(void *st, const struct scan_hit *hit);
bool purge_visit_delete(void *st, const struct scan_hit *hit);

// A unit was decided in this run: whatever its verdict, its document stays.
void purge_mark(struct purge *p, str id);
void purge_filter(struct purge *p,
                  str id); // ... but this one: it goes, unless it is marked as well

// Its item is not there any more, and nothing else will say so: a document of it goes, unless it is
// marked as well, when its mailbox is finished (all are, if it does not say whose it is). true:
// this run has read it before, and may leave a document of it.
bool purge_gone(struct purge *p, str id);

// Documents that go by purge_filter() or purge_gone(): unseen ones of mailboxes of which only
// changes were listed have no other reason to.
i64 purge_due(const struct purge *p);

// `mailbox`: the generation of its slot, when ids may come more than once; 0: they do not. What was
// taken and not worked on is given back. A set that is full cannot tell what comes again.
enum purge_unit purge_take(struct purge *p, str id, u32 mailbox);
void purge_give_back(struct purge *p, str id);
bool purge_is_unchanged(struct purge *p, str id, str timestamp); // known, with this _timestamp
void purge_clear(struct purge *p);                               // before each run
i64 purge_unseen(const struct purge *p);

#endif
