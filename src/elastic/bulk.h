// SPDX-License-Identifier: Apache-2.0
// Flights: `_bulk` requests. Closed documents are copied in; a flight leaves when it is full, or a
// second after its first item, or when it is told to; it comes back as one verdict per item. It keeps
// its bytes until every item is decided: after a 429 (of the request or of items) or a 413 it compacts
// in place to what must be sent again. A document that fits no flight flies alone from the memory of
// whoever made it.
#ifndef ELASTIC_BULK_H
#define ELASTIC_BULK_H

#include "codec/json.h"
#include "elastic/client.h"
#include "elastic/monitor.h"

enum bulk_op { BULK_INDEX, BULK_DELETE };

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
    u16 state;  // private
    u32 id_offset, id_bytes; // the id as JSON text within the action line
};

// Told once per item, when it is decided.
struct bulk_result {
    const struct bulk_item *item;
    enum bulk_verdict verdict;
    str id;      // as JSON string content (escaped)
    int status;
    bool updated; // index: replaced an existing document
    err error;    // for REJECTED and UNDECIDED
    str reason;   // the server's words, bounded
};

struct bulk_settings {
    int flights;         // bulk.max_concurrency
    int chunk_entries;   // bulk.chunk_size: index counts 2, delete 1
    isize chunk_bytes;   // bulk.chunk_max_mem_size
    i64 flush_ms;        // a flight leaves this long after its first item
    struct error_monitor_settings monitor;
};

struct bulk_stats {
    i64 requests, resent_items, split, indexed, updated, deleted, rejected;
    i64 bytes; // of documents that were taken
};

struct bulk; // all flights

struct bulk *bulk_init(struct plan *plan, struct elastic *es, const struct bulk_settings *settings);

// For each job: where to, and who hears the verdicts. `pipeline` may be empty.
void bulk_start(struct bulk *b, str index, str pipeline,
                void (*decided)(void *st, const struct bulk_result *r), void *st);

// Copies one document in: `body` is the inside of the JSON object, without braces. true: taken; its
// verdict will come. false: no open flight has room now; ask again later.
bool bulk_put_index(struct bulk *b, str id, str body, u32 owner, u32 generation, i64 now_ms);
bool bulk_put_delete(struct bulk *b, str id, u32 owner, u32 generation, i64 now_ms);
bool bulk_fits(const struct bulk *b, str id, isize body_bytes); // false: it has to fly alone

// Flies one document alone from the caller's memory, which must stay until the verdict. `doc` is the
// whole memory: action line is written into its first BULK_ACTION_BYTES (reserved by the caller), the
// body's end gets "}\n". false: no lone flight is free now.
bool bulk_fly_alone(struct bulk *b, str id, struct buf *doc, u32 owner, u32 generation);

void bulk_flush(struct bulk *b);       // whatever is open leaves now
bool bulk_is_idle(const struct bulk *b); // nothing open, nothing in the air
err bulk_error(const struct bulk *b);  // what stops the job: BULK_TOO_MANY_ERRORS, ES_FORBIDDEN, ES_DISK_FULL, ...
str bulk_detail(const struct bulk *b);
const struct bulk_stats *bulk_stats(const struct bulk *b);

// The machines: one per flight and one lone flight, numbered 0 .. bulk_machines(b) - 1. They never
// end by themselves: WAIT when they have nothing to send.
extern const struct machine_ops bulk_flight_ops;
int bulk_machines(const struct bulk *b);
void *bulk_machine(struct bulk *b, int i);

#endif
