// SPDX-License-Identifier: Apache-2.0
// What a source and sync/ hand to each other: accounts, open mailboxes with their queue of units,
// and the fetching of one unit. Memory is sync's but for what the comments call the source's.
#ifndef SOURCE_WORK_H
#define SOURCE_WORK_H

#include "base/buf.h"
#include "limits.h"

// One piece of work within a mailbox: an id, and what the listing tells with it.
struct unit {
    u8 id[UNIT_ID_BYTES];
    int id_bytes;
    u8 kind;     // the source's own; units of one kind may be read together
    u8 folder;   // the source's own
    bool parts;  // has documents of its own besides: to be read even if the unit did not change
    bool page;   // has no document itself, but carries whole items: read alone, its items come as
                 // parts, and it is decided by FETCH_NOTHING, or by UNDECIDED
    bool gone;   // its item is not there any more: nothing is read. Only where states are kept
    bool intact; // set by the lane: the index has it with this timestamp, only its parts are wanted
    u8 timestamp[UNIT_TIMESTAMP_BYTES]; // _timestamp of its document, in JSON
    int timestamp_bytes;                // 0: the listing does not say
    i64 bytes;                          // about; 0: not known
};

// Filled by the listing, emptied by lanes: a ring of bytes, so that short ids take little. What a
// page brings is staged first: lanes see it when the page was whole.
struct unit_queue {
    u8 *bytes; // UNIT_QUEUE_BYTES
    int head, used, count;
    int staged_bytes, staged;
};

#define UNIT_HEAD_BYTES 12 // of each unit in the ring, before its timestamp and id

bool unit_queue_stage(struct unit_queue *q, const struct unit *unit); // false: no room
void unit_queue_commit(struct unit_queue *q);
void unit_queue_unstage(struct unit_queue *q);                         // forgets what is staged
bool unit_queue_return(struct unit_queue *q, const struct unit *unit); // to the front again
bool unit_queue_peek(const struct unit_queue *q, struct unit *out);
bool unit_queue_pop(struct unit_queue *q, struct unit *out);
bool unit_queue_has_room(const struct unit_queue *q, int units, int unit_bytes);

// What the directory says of one account. Pointers are valid during the call that hands it over.
struct account {
    str address;
    str flags; // "suspended", "archived", "no mailbox": words that explain a later refusal; may be
               // empty
    str created;     // creation time as the directory writes it; empty: not given
    str name;        // what people call it; empty: not given
    str id;          // of the directory, where identities go by that; empty: they go by address
    str title;       // job title; empty: not given
    bool no_mailbox; // it has an identity, and nothing to read
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
    // Set by the source, where states are kept: a part of it was listed from such a state, so that
    // only changes were seen; and another was not, so that nothing was said of what is gone there.
    bool continued, mixed;

    enum mailbox_phase phase;
    err error;         // why, for REFUSED, FAILED and SYSTEMIC
    struct buf detail; // facts of that error, for people
    void *state;       // the source's: source_ops.mailbox_bytes, zeroed when the mailbox is opened
};

// What became of a unit, or of a part of one.
enum fetch_verdict {
    FETCH_UNDECIDED, // not known: protects its mailbox
    FETCH_DOCUMENT,  // fetch->doc is a document
    FETCH_UNCHANGED, // the index has it as it is
    FETCH_NOTHING,   // no result after all (decides is -1); of a page: its items were all of it
    FETCH_GONE,      // positively not there any more
    FETCH_CORRUPT,   // positively unreadable or too large: counted, named, kept as seen
};

// One lane's work on some units of one mailbox and kind. Memory is sync's. `data` is the whole
// buffer of the lane; when it does not suffice the source returns LANE_TOO_SMALL from body() having
// taken nothing of *in, and is called again with the same bytes after sync has moved the content to
// a larger one (or decided CORRUPT).
//
// next() that waits keeps nothing in `data`: it is the small buffer again when there is a request.
// It may give its units back with that (give_back), as long as none of them has a result: lanes go
// on with other mailboxes until x->wait_until_ms.
//
// Results are handed over one at a time: next() says DONE with one, and when `more` is set it is
// called again after that one was dealt with. Each unit is decided by one result; the documents of
// its parts (attachments) come with decides = -1 and an id of their own.
struct fetch {
    struct mailbox *mailbox;
    struct unit units[FETCH_UNITS_MAX];
    int unit_count;
    bool give_back;  // set by a next() that says WAIT
    struct buf data; // what was received so far, and scratch for shaping

    // The result, zeroed when the one before was dealt with.
    int decides;    // index of the unit that it decides; -1: a part
    str id;         // of the document; empty: the unit's. Lies in data or in the source's state
    bool more;      // next() has another one, or more to ask
    struct buf doc; // members of a JSON object, without braces and without "id"; lies in data, with
                    // FETCH_DOC_OFFSET bytes before it and FETCH_DOC_TAIL behind that may be
                    // written
    str timestamp;  // the value of _timestamp, in JSON: part of doc; empty when there is none
    i64 message_bytes; // of the message as it is in the mailbox
    bool raw_fallback; // the message could not be read as a mail and went raw
    bool attached;     // the document has _attachment: max_text_document_size is not for it
    enum fetch_verdict verdict;
    err error; // why, for CORRUPT and UNDECIDED; of a DOCUMENT: why the text of its file is missing

    // Whether the index has this id with this _timestamp (in JSON), and this run leaves alone what
    // did not change: then a part needs no content. Never in a full run.
    bool (*is_unchanged)(void *st, str id, str timestamp);
    void *is_unchanged_st;
    void *state; // the source's: source_ops.fetch_bytes, zeroed before the units
};

// Called by the accounts machine for each account; false: no room now, offer the same one again
// later.
struct account_sink {
    bool (*take)(void *st, const struct account *a);
    void *st;
};

#endif
