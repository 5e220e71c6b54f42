// SPDX-License-Identifier: Apache-2.0
// Reading through Graph (source.h, fetch): one unit at a time, which is a page of a collection,
// with whole items (graph_page.h), or an item with attachments (graph_content.h). Both are units of
// the kind that have no document of their own (unit.page). Units that have one are mails, and read
// several at a time (graph_batch.h).
//
// Nothing is handed over before its answer was whole; what broke off is asked for again. A lane
// that is told to wait while it has handed nothing over gives its unit back, so that others can be
// read meanwhile.
#ifndef SOURCE_OUTLOOK_GRAPH_FETCH_H
#define SOURCE_OUTLOOK_GRAPH_FETCH_H

#include "source/outlook/graph_batch.h"
#include "source/outlook/graph_sets.h"
#include "source/outlook/outlook_extract.h"

enum graph_asking {
    GRAPH_ASKING_NOTHING,
    GRAPH_ASKING_PAGE,
    GRAPH_ASKING_PARTS,   // which attachments an item has
    GRAPH_ASKING_CONTENT, // of an attachment
    GRAPH_ASKING_TEXT,    // of that content: the extraction service
    GRAPH_ASKING_BATCH,   // several items (graph_batch.h)
    GRAPH_ASKING_ONE,     // one of them, where no several are given
};

// Lies in fetch.state, zeroed before each unit.
struct graph_fetch {
    struct graph_call call;
    u8 asking;    // enum graph_asking
    bool handed;  // something of the unit was handed over
    bool decided; // the unit itself: nothing more is asked
    bool listed;  // all attachments are in `parts`, or were
    enum fetch_verdict verdict;
    err error;
    // The answer in hand: elements, one behind the other in the lane's buffer.
    bool cut;             // the element that waits was larger than the largest buffer
    bool broken, shrinks; // the rest of the answer is dropped
    bool whole;           // it was whole: its items can be handed over
    struct json_stream stream;
    struct buf rest, element; // into the lane's buffer
    isize base;               // where the element in hand begins; what is before it is shaped
    isize pending;            // bytes of an element that is whole, and not shaped yet
    isize at;                 // of the item that is handed over next
    i64 bad_ids;
    struct graph_sum sum;
    int elements;
    int unknown; // of a page of ids: what is not in the index as it is
    // An item's attachments.
    i64 part_base;  // how many came before the answer in hand
    i64 part_count; // of those that are dealt with, or in `parts`
    struct outlook_parts parts;
    enum fetch_verdict part_verdict;
    err part_error;
    bool part_ready, content_open, is_too_large;
    u8 carry[3];        // bytes of content that are no whole quantum yet
    int carried;        // so many
    i64 content_left;   // so much of it is taken at most
    isize content_from; // where `_attachment` begins, behind the members of its document
    struct outlook_extract extract;
    struct graph_batch batch;
    u8 id[UNIT_ID_BYTES]; // of the document in hand
};

enum step graph_fetch_next(void *src, struct fetch *f, i64 now_ms, struct exchange *x);
err graph_fetch_head(void *src, struct fetch *f, struct exchange *x, const struct http_head *head);
err graph_fetch_body(void *src, struct fetch *f, struct exchange *x, str *in);
err graph_fetch_end(void *src, struct fetch *f, struct exchange *x);
void graph_fetch_fail(void *src, struct fetch *f, struct exchange *x, err e);

#endif
