// SPDX-License-Identifier: Apache-2.0
// Reading several mails by one request (spec/wire-graph.md 10): units that are no pages, of which a
// light listing (graph_light.h) found that the index does not have them as they are. They are asked
// for by one POST /$batch; its parts are answered in any order, each with a status of its own, and
// each is shaped in the lane's buffer as the elements of a page are (graph_page.h). When the answer
// was whole its documents are handed over, and what it did not bring is asked for again: parts that
// were refused for their number after the time that the longest of them names; what failed or is
// missing, OUTLOOK_TRIES_MAX times; what the buffer had no room for beside the others, at once.
//
// Graph works on the parts at the same time, and counts each: a batch is asked for only when so
// many requests to the mailbox may be under way, and counts for as many.
#ifndef SOURCE_OUTLOOK_GRAPH_BATCH_H
#define SOURCE_OUTLOOK_GRAPH_BATCH_H

#include "net/exchange.h"
#include "source/work.h"

struct outlook;

enum graph_batch_state {
    GRAPH_BATCH_WANTED, // to be asked for, once more perhaps
    GRAPH_BATCH_READ,   // its document is in the buffer
    GRAPH_BATCH_SAID,   // decided without a document
    GRAPH_BATCH_OVER,   // handed over
};

// Of the units of a fetch. Zeroed is a valid beginning.
struct graph_batch {
    u8 state[FETCH_UNITS_MAX];   // enum graph_batch_state
    u8 verdict[FETCH_UNITS_MAX]; // of what is SAID
    u8 tries[FETCH_UNITS_MAX];   // that brought nothing
    err error[FETCH_UNITS_MAX];
    int failures;      // of requests as a whole
    int most;          // units asked for at a time; 0: all
    i64 wait_until_ms; // before it is asked again
    // The request in hand and its answer.
    u32 asked;            // bits of units
    u32 refused;          // of those whose part says why it was not answered
    int rounds, refusals; // before it (graph_pace)
    isize from;           // where the documents begin in the buffer
    int answered;         // READ or SAID by it
    bool token;           // a part refused the token
    bool throttled;       // a part was refused for the number of requests
    i64 retry_at_ms;
    err refusal; // of a part: all of the mailbox may be out of reach
};

enum step graph_batch_next(struct outlook *o, struct fetch *f, i64 now_ms, struct exchange *x);
err graph_batch_end(struct outlook *o, struct fetch *f, struct exchange *x);
void graph_batch_fail(struct outlook *o, struct fetch *f, struct exchange *x, err e);

#endif
