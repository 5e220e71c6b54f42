// SPDX-License-Identifier: Apache-2.0
// Inside of elastic/bulk: the flights and what their three files share. bulk.c fills flights,
// bulk_flight.c is the machine that sends them, bulk_answer.c reads answers and decides items.
#ifndef ELASTIC_BULK_FLIGHT_H
#define ELASTIC_BULK_FLIGHT_H

#include "codec/gzip.h"
#include "elastic/bulk.h"
#include "limits.h"

enum flight_state {
    FLIGHT_FREE,
    FLIGHT_OPEN,  // items are put
    FLIGHT_READY, // closed, or landed with items that have to go again at once
    FLIGHT_ALOFT, // a request was given to the loop; its answer, or its next attempt, is awaited
};

// bulk_item.state; from 100 on it is the status of the latest refusal.
enum { ITEM_NEW, ITEM_SENT, ITEM_DECIDED };

struct flight {
    struct bulk *b;
    enum flight_state state;
    bool alone;      // the lone flight: data is the caller's
    bool too_large;  // the lone document left no room for its last two bytes
    struct buf data; // whole items, one after another
    struct bulk_item *items;
    int count, entries;
    i64 opened_ms;
    int span;      // at most so many items in one request; 0: all (a culprit is being looked for)
    int refusals;  // answers in a row that took nothing for want of room (429)
    int rounds;    // answers in a row that took some items and refused others
    bool pause;    // the next request waits a little: resume_ms is not known yet
    i64 resume_ms; // not before; 0: at once
    i64 retry_after_ms; // that the latest answer asked for; -1: nothing
    // the request in hand: items[0 .. sent)
    int sent;
    isize sent_bytes;
    struct buf packed; // gzip; no memory when bodies are not compressed
    // its answer
    int status;
    int answered;                   // items[0 .. answered) have a verdict
    int decided;                    // of them: decided
    int again;                      // of them: to be sent again
    bool blocked;                   // one of them because the index is blocked
    bool echoed;                    // X-Opaque-Id came back, and the loop has compared it
    bool unreadable;                // a verdict could not be read
    bool without_pipeline;          // one of them because of a pipeline that was only guessed
    bool whole;                     // the answer was JSON to its end
    u8 words[ELASTIC_REASON_BYTES]; // of the latest refusal
    int words_bytes;
    struct json_stream stream;
    struct buf answer; // BULK_VERDICT_BYTES: one verdict, or the front of an error
};

struct bulk {
    struct elastic *es;
    struct bulk_settings settings;
    struct flight *flights;    // settings.flights, and the lone one behind them
    int open;                  // the flight that is filled; -1: none
    int aloft;                 // flights in the air
    bool proven;               // a document was taken: flights need not go one by one
    isize request_bytes;       // at most so many bytes in one request, unless it has one item; less
                               // after refusals for want of room (429), and then it grows again
    isize request_limit_bytes; // up to here; a 413 halves it for good
    int smooth;                // requests that were taken whole since it last changed
    void *gzip;                // memory of the writer, NULL when bodies are not compressed
    struct buf action;         // BULK_ACTION_BYTES: the line that is being made
    u8 index[256], pipeline[BULK_PIPELINE_BYTES];
    int index_bytes, pipeline_bytes;
    bool pipeline_guessed; // it is done without when it is not there
    void (*decided)(void *st, const struct bulk_result *r);
    void *decided_st;
    struct bulk_stats stats;
    struct error_monitor monitor;
    err error;
    struct buf detail; // EXCHANGE_DETAIL_BYTES
};

// bulk.c
void flight_close(struct flight *f); // an open flight is ready to leave
void flight_free(struct flight *f);  // empty again

// bulk_answer.c
void flight_apply(struct flight *f, str element, bool cut);       // the next verdict of the answer
err flight_land(struct flight *f, struct exchange *x);            // the answer has ended
void flight_give_up(struct flight *f, struct exchange *x, err e); // no further attempt
void flight_abandon(struct flight *f);             // every item that is left becomes UNDECIDED
void flight_reject_first(struct flight *f, err e); // its first item, with the words that were kept

#endif
