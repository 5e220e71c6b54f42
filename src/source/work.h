// SPDX-License-Identifier: Apache-2.0
// What a source and sync/ hand to each other: accounts, open mailboxes with their queue of units,
// and the fetching of one unit. Memory is sync's but for what the comments call the source's.
#ifndef SOURCE_WORK_H
#define SOURCE_WORK_H

#include "base/buf.h"
#include "limits.h"

// One piece of work within a mailbox: a message id.
struct unit {
    u8 id[UNIT_ID_BYTES];
    int id_bytes;
};

// Filled by the listing, emptied by lanes; a ring of limits.h's MAILBOX_UNITS_MAX.
struct unit_queue {
    struct unit *units;
    int head, count, cap;
};

bool unit_queue_push(struct unit_queue *q, str id); // false: full, or the id is too long
bool unit_queue_pop(struct unit_queue *q, struct unit *out);

// What the directory says of one account. Pointers are valid during the call that hands it over.
struct account {
    str address;
    str flags; // "suspended", "archived", "no mailbox": words that explain a later refusal; may be
               // empty
    str created; // creation time as the directory writes it; empty: not given
};

// Where a mailbox stands, as its source knows it.
enum mailbox_phase {
    MAILBOX_LISTING,  // more units may come
    MAILBOX_LISTED,   // listed to the end by something that cannot skip
    MAILBOX_REFUSED,  // SCOPE: out of reach for a reason that will not pass (no mailbox, suspended,
                      // delegation)
    MAILBOX_FAILED,   // weather, after all retries
    MAILBOX_SYSTEMIC, // an error of the whole tenant: the job has to stop
};

// One open mailbox. The first part is sync's, the second the source's.
struct mailbox {
    u8 address[ADDRESS_BYTES];
    int address_bytes;
    u8 flags[32]; // account.flags
    int flags_bytes;
    struct unit_queue queue;
    i64 units_listed;

    enum mailbox_phase phase;
    err error;         // why, for REFUSED, FAILED and SYSTEMIC
    struct buf detail; // facts of that error, for people
    void *state;       // the source's: source_ops.mailbox_bytes, zeroed when the mailbox is opened
};

// What became of a unit.
enum fetch_verdict {
    FETCH_DOCUMENT,  // lane->doc is a document
    FETCH_GONE,      // positively not there any more
    FETCH_CORRUPT,   // positively unreadable or too large: counted, named, kept as seen
    FETCH_UNDECIDED, // not known: protects its mailbox
};

// One lane's work on one unit. Memory is sync's. `data` is the whole buffer of the lane; when it
// does not suffice the source returns LANE_TOO_SMALL from body() having taken nothing of *in, and
// is called again with the same bytes after sync has moved the content to a larger one (or decided
// CORRUPT).
struct fetch {
    struct mailbox *mailbox;
    struct unit unit;
    struct buf data; // what was received so far, and scratch for shaping
    struct buf
        doc; // result: members of a JSON object, without braces and without "id"; lies in data
    str timestamp;     // the value of _timestamp, in JSON: part of doc; empty when there is none
    i64 message_bytes; // of the message as it is in the mailbox
    bool raw_fallback; // the message could not be read as a mail and went raw
    enum fetch_verdict verdict;
    err error;   // why, for CORRUPT and UNDECIDED
    void *state; // the source's: source_ops.fetch_bytes, zeroed before each unit
};

// Called by the accounts machine for each account; false: no room now, offer the same one again
// later.
struct account_sink {
    bool (*take)(void *st, const struct account *a);
    void *st;
};

#endif
