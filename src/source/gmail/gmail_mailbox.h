// SPDX-License-Identifier: Apache-2.0
// One open mailbox as the Gmail source knows it: token, quota, listing. Lies in mailbox.state,
// zeroed by sync when the mailbox is opened; shared by its listing (one machine) and its lanes.
#ifndef SOURCE_GMAIL_MAILBOX_H
#define SOURCE_GMAIL_MAILBOX_H

#include "codec/json.h"
#include "source/gmail/gmail_quota.h"
#include "source/gmail/gmail_token.h"

enum gmail_asking { GMAIL_ASKING_NOTHING, GMAIL_ASKING_TOKEN, GMAIL_ASKING_PAGE };

struct gmail_listing {
    enum gmail_asking asking;
    u32 generation; // of the token that the page in hand was asked with
    struct gmail_answer answer;
    struct json_stream stream;
    struct buf element;
    bool page_read;   // the page in hand is whole, and its ids are in the queue
    bool is_complete; // the last page was read
    int elements;     // of the page in hand
    i64 counted;      // ids of the page in hand
    i64 bad_ids;      // of the mailbox
    isize query;      // of the run's queries: the one that is being listed
    int restarts;
    int pages; // read, those of begun-again listings included
    isize page_token_bytes;
    u8 page_token[GMAIL_PAGE_TOKEN_BYTES]; // of the next page, or of the one in hand
    u8 element_bytes[GMAIL_ID_ELEMENT_BYTES];
    u8 answer_bytes[GMAIL_ANSWER_BYTES];
};

struct gmail_mailbox {
    struct gmail_quota quota;
    i64 pause_until_ms; // Gmail asked for fewer requests: nobody asks before this
    i64 wait_since_ms;  // somebody has been waiting for quota since then; 0: nobody
    struct gmail_token token;
    struct gmail_listing listing;
};

// Whether units of work may still come out of it.
bool gmail_mailbox_is_readable(const struct mailbox *m);

// Takes quota for one request, or says in x->wait_until_ms when to come back.
bool gmail_mailbox_take_quota(struct gmail *g, struct gmail_mailbox *gm, i64 units, i64 now_ms,
                              struct exchange *x);

// An answer asked for a pause: the whole mailbox keeps it, or all of them when the day's quota is
// gone.
void gmail_mailbox_pause(struct gmail *g, struct gmail_mailbox *gm, err e, i64 retry_at_ms);

// The mailbox is out of reach: chooses its phase by how far the error reaches, and by whether other
// mailboxes have worked in this run. Keeps the first error.
void gmail_mailbox_refuse(struct gmail *g, struct mailbox *m, err e, const struct buf *detail);

// "/gmail/v1/users/ADDRESS/messages"
void gmail_mailbox_put_path(const struct mailbox *m, struct buf *target);

#endif
