// SPDX-License-Identifier: Apache-2.0
// Flights: `_bulk` requests. Closed documents are copied in; a flight leaves when it is full, or a
// second after its first item, or when it is told to; it comes back as one verdict per item. It
// keeps its bytes until every item is decided: after a 429 (of the request or of items) or a 413 it
// compacts in place to what must be sent again. A document that fits no flight flies alone from the
// memory of whoever made it.
#ifndef ELASTIC_BULK_H
#define ELASTIC_BULK_H

#include "codec/json.h"
#include "elastic/client.h"
#include "elastic/monitor.h"

enum bulk_op { BULK_INDEX, BULK_UPDATE, BULK_DELETE };

enum bulk_verdict {
    BULK_DONE,      // created, updated, deleted, or not there any more
    BULK_REJECTED,  // this document will never be taken (mapping error, ...): counted, named
    BULK_UNDECIDED, // the flight failed: not known
};

struct bulk_item {
    u32 offset, bytes; // action line and document line in the flight's buffer
    u32 owner;         // the caller's: which mailbox slot
    u32 generation;    // the caller's
    u16 op;
    u16 state;               // private
    u32 id_offset, id_bytes; // the id as JSON text within the action line
};

// Told once per item, when it is decided.
struct bulk_result {
    const struct bulk_item *item;
    enum bulk_verdict verdict;
    str id;       // as JSON string content (escaped)
    int status;   // of the item; 0: none was received
    bool updated; // index: replaced an existing document; update: changed it
    err error;    // for REJECTED and UNDECIDED
    str reason;   // the server's words, bounded
};

struct bulk_settings {
    int flights;       // bulk.max_concurrency
    int chunk_entries; // bulk.chunk_size: index counts 2, delete 1
    isize chunk_bytes; // bulk.chunk_max_mem_size
    i64 flush_ms;      // a flight leaves this long after its first item
    struct error_monitor_settings monitor;
};

struct bulk_stats {
    i64 requests;     // attempts included
    i64 resent_items; // items that were sent more than once, each time
    i64 split;        // requests that were cut in two (413, 400)
    i64 indexed;      // index and update operations that were taken,
    i64 updated;      // of them: replaced a document
    i64 dropped;      // of them: a pipeline dropped the document
    i64 deleted;      // deletes that were taken, or were not needed any more
    i64 rejected;
    i64 undecided;
    i64 bytes; // document lines that were taken
};

struct bulk; // all flights

struct bulk *bulk_init(struct plan *plan, struct elastic *es, const struct bulk_settings *settings);

// For each job: where to, and who hears the verdicts. `pipeline` may be empty. Both are copied.
// Whatever was under way is forgotten without a verdict. `decided` is called from within the
// machines; it may put further documents.
void bulk_start(struct bulk *b, str index, str pipeline,
                void (*decided)(void *st, const struct bulk_result *r), void *st);

// After bulk_start(): nobody could look whether there is such a pipeline, and nobody named it. If
// there is none, documents go in without.
void bulk_guess_pipeline(struct bulk *b);
bool bulk_uses_pipeline(const struct bulk *b);

// Copies one document in: `body` is the inside of the JSON object, without braces; `id` is plain
// text of 1 to ELASTIC_ID_BYTES bytes. true: taken; its verdict will come. false: no open flight
// has room now, ask again later; or bulk_error() says that nothing is taken any more.
bool bulk_put_index(struct bulk *b, str id, str body, u32 owner, u32 generation, i64 now_ms);
bool bulk_put_delete(struct bulk *b, str id, u32 owner, u32 generation, i64 now_ms);

// The same as an update: members that the document has and `body` has not stay; a document that is
// not there is made of `body` (doc_as_upsert).
bool bulk_put_update(struct bulk *b, str id, str body, u32 owner, u32 generation, i64 now_ms);
bool bulk_fits(const struct bulk *b, str id, isize body_bytes); // false: it has to fly alone

// Flies one document alone from the caller's memory, which must stay until the verdict. `doc` is
// the whole memory: the action line is written into its first BULK_ACTION_BYTES (reserved by the
// caller and counted in doc->n), the body's end gets "}\n"; without room for these two bytes the
// document is rejected as too large. false: no lone flight is free now, or bulk_error().
bool bulk_fly_alone(struct bulk *b, str id, struct buf *doc, u32 owner, u32 generation);

bool bulk_flush(struct bulk *b); // whatever is open leaves at the next turn; false: nothing was
bool bulk_is_idle(const struct bulk *b); // nothing open, nothing in the air
// What stops the job: BULK_TOO_MANY_ERRORS, ES_FORBIDDEN, ES_DISK_FULL, ES_BUSY, ES_INDEX_GONE,
// ES_PIPELINE_MISSING, or the last error of the network. Then nothing more is sent or taken, and
// what was not decided becomes UNDECIDED as the machines are asked.
err bulk_error(const struct bulk *b);
str bulk_detail(const struct bulk *b);
const struct bulk_stats *bulk_stats(const struct bulk *b);

// The machines: one per flight and one lone flight, numbered 0 .. bulk_machines(b) - 1. They never
// end by themselves: WAIT when they have nothing to send. Until a first document was taken, one
// flight at a time is in the air: a missing right is found before a second batch is sent.
extern const struct machine_ops bulk_flight_ops;
int bulk_machines(const struct bulk *b);
void *bulk_machine(struct bulk *b, int i);

#endif
