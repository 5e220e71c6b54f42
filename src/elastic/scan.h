// SPDX-License-Identifier: Apache-2.0
// Reading the ids of every document of an index: scroll sorted by _doc, a page at a time, with
// _source reduced to what deletion needs. Used before a sync (to fill the id set) and after it (to
// find what was not seen). The visitor may refuse a document for now: the page then waits
// (backpressure), which is how deletions wait for room in a flight.
//
// A scan is whole or it is an error: parts of the index that did not answer (ES_SHARDS), a scroll
// that expired, and a number of hits other than the total that the index announced (ES_SCROLL_LOST:
// a page was lost, or shown twice, by a retry; start again). A missing index has no documents.
#ifndef ELASTIC_SCAN_H
#define ELASTIC_SCAN_H

#include "codec/json.h"
#include "elastic/client.h"

struct scan_hit {
    str id;        // _source.id if there, else _id; decoded
    str doc_id;    // _id, decoded: what a delete names
    str timestamp; // _timestamp as JSON text ("\"2024...\"", "null"); empty: absent
    str owner;     // the only element of _allow_access_control; empty: none, or several
    str type;      // `type` field; empty: none
};

struct scan {
    struct elastic *es;
    str index;
    bool (*visit)(void *st, const struct scan_hit *hit); // false: not now, the same hit comes again
    void *visit_st;
    // results
    err error;
    i64 hits;          // shown to the visitor
    i64 unread_hits;   // too long to read: never shown, so never deleted
    struct buf detail; // facts of error, for people
    // private; buffers are carved by scan_init, sizes of limits.h
    int state;
    int status;
    struct buf scroll_id;    // SCAN_SCROLL_ID_BYTES, as JSON text
    struct buf rest;         // SCAN_REST_BYTES
    struct buf element;      // SCAN_ELEMENT_BYTES
    struct buf body;         // request body, SCAN_SCROLL_ID_BYTES + 256
    struct buf fields;       // decoded fields of a hit, SCAN_ELEMENT_BYTES
    struct json_node *nodes; // SCAN_NODES
    struct json_stream stream;
    struct scan_hit hit; // the one that the visitor refused
    i64 page_hits;       // elements of this page, unread ones included
    i64 total;           // as the first page announced it; -1: not known
    bool pending;        // the visitor refused the current element
    bool page_whole;     // the answer was JSON to its end
};

extern const struct machine_ops scan_ops; // st = struct scan

void scan_init(struct scan *s, struct plan *plan); // carves the buffers, once

// Starts over, also after a scan that failed. `index` must stay valid until the scan has ended.
void scan_start(struct scan *s, struct elastic *es, str index,
                bool (*visit)(void *st, const struct scan_hit *hit), void *visit_st);

#endif
