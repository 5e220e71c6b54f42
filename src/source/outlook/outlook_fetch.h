// SPDX-License-Identifier: Apache-2.0
// Reading items and their attachments (source.h, fetch): a batch of one kind by one GetItem; then
// each attachment, with its content by GetAttachment where that is wanted (documents.md 2.6, 6).
#ifndef SOURCE_OUTLOOK_OUTLOOK_FETCH_H
#define SOURCE_OUTLOOK_OUTLOOK_FETCH_H

#include "source/outlook/outlook_call.h"
#include "source/outlook/outlook_extract.h"

enum outlook_unit_state {
    OUTLOOK_UNIT_TO_ASK,
    OUTLOOK_UNIT_PLAIN, // to ask, without body and attachments: Exchange cannot read them
    OUTLOOK_UNIT_READY, // its result waits to be handed over
    OUTLOOK_UNIT_HANDED,
};

struct outlook_result {
    enum fetch_verdict verdict;
    err error;
    isize from, bytes; // of the document in the lane's buffer
    isize timestamp_from, timestamp_bytes;
};

enum outlook_asking {
    OUTLOOK_ASKING_NOTHING,
    OUTLOOK_ASKING_ITEMS,
    OUTLOOK_ASKING_REST,    // attachments of an item that has many
    OUTLOOK_ASKING_CONTENT, // of an attachment
    OUTLOOK_ASKING_TEXT,    // of that content: the extraction service
};

// Lies in fetch.state, zeroed before each batch.
struct outlook_fetch {
    struct outlook_call call;
    bool started;
    enum outlook_asking asking;
    u8 state[FETCH_UNITS_MAX]; // enum outlook_unit_state
    struct outlook_result results[FETCH_UNITS_MAX];
    int asked[FETCH_UNITS_MAX], asked_count; // units of the request in hand
    bool plain;                              // and in which shape
    int most;                                // of one request; 0: all of them
    int tries;                               // answers that brought nothing further
    bool answered;                           // something of the batch was decided by an answer
    int given_up;                            // requests, before that
    bool shaping, same; // an item is being shaped; its id is the one that was asked for
    bool is_too_large;
    bool again;               // the item in hand is to be asked for again, without those before it
    int message;              // whose item (or attachment) has been seen; -1: none
    u32 together;             // bit i: the last answer about items held unit i
    int rest_unit, rest_from; // the first attachment that did not fit the queue; -1: none
    bool rest_failed;         // what it has is not known: its mailbox is protected
    err rest_error;
    bool in_hand; // asked, and its answer was not whole yet
    err error;    // the answer is not to the question
    err passing;  // of one item, which may be answered the next time
    err refusal;  // of one item, and perhaps of more: its first error that says so
    int refused;  // items with such an error
    // The attachment in hand.
    bool part_ready;
    enum fetch_verdict part_verdict;
    err part_error;
    bool content, content_seen;
    u32 quad; // base64: characters so far, modulo four
    u32 padding;
    isize content_from;
    struct outlook_extract extract;
    struct outlook_parts parts;
    u8 id[UNIT_ID_BYTES];
};

enum step outlook_fetch_next(void *src, struct fetch *f, i64 now_ms, struct exchange *x);
err outlook_fetch_head(void *src, struct fetch *f, struct exchange *x,
                       const struct http_head *head);
err outlook_fetch_body(void *src, struct fetch *f, struct exchange *x, str *in);
err outlook_fetch_end(void *src, struct fetch *f, struct exchange *x);
void outlook_fetch_fail(void *src, struct fetch *f, struct exchange *x, err e);

#endif
