// SPDX-License-Identifier: Apache-2.0
// One request to Exchange from taking a reader to the judgement of its answer: what listing, lanes
// and ping have in common (spec/wire-ews.md 1, 13, 14).
#ifndef SOURCE_OUTLOOK_OUTLOOK_CALL_H
#define SOURCE_OUTLOOK_OUTLOOK_CALL_H

#include "source/outlook/ews_error.h"
#include "source/outlook/outlook_state.h"

// Part of the caller's state; zeroed is a valid beginning.
struct outlook_call {
    int reader;  // number + 1; 0: none
    int status;  // of the answer; 0: no head came
    u64 number;  // of the request
    u32 token;   // generation of the token that it was made with; Exchange Online
    bool broken; // the answer is not one of Exchange's
    bool whole;  // its envelope has ended
};

// The number of a request as a GUID, which is what Exchange and Graph expect.
enum { OUTLOOK_NUMBER_BYTES = 36 };
str outlook_call_number(u64 number, u8 bytes[OUTLOOK_NUMBER_BYTES]);

// Takes a reader, or says in x->wait_until_ms when to ask again. After a broken attempt the reader
// is still there.
bool outlook_call_take(struct outlook *o, struct outlook_call *call, i64 now_ms,
                       struct exchange *x);
struct outlook_reader *outlook_call_reader(struct outlook *o, const struct outlook_call *call);

// The request for this mailbox (empty: none); its operation is then written to reader->request.
struct ews_call outlook_call_begin(struct outlook *o, struct outlook_call *call, str mailbox);

// The request is written: fills in the exchange. false: it did not fit.
bool outlook_call_ask(struct outlook *o, struct outlook_call *call, str mailbox,
                      struct exchange *x);

err outlook_call_head(struct outlook *o, struct outlook_call *call, struct exchange *x,
                      const struct http_head *head);

// The next event of the answer; MORE also when the rest of it is of no interest.
enum ews_event outlook_call_next(struct outlook *o, struct outlook_call *call, str *in);

// The answer has ended: OK for a whole one, whose messages have their own errors; else what the
// fault or the status means, with its words in x->detail. The reader is given back unless the call
// is asked again.
err outlook_call_end(struct outlook *o, struct outlook_call *call, struct exchange *x);
void outlook_call_close(struct outlook *o, struct outlook_call *call); // gives the reader back

// The error of a message as that of the whole call: back-off, version.
err outlook_call_judge(struct outlook *o, const struct outlook_reader *r, err e,
                       struct exchange *x);

// The mailbox is out of reach: chooses its phase by how far the error reaches, and by whether other
// mailboxes have worked in this run. Keeps the first error.
void outlook_mailbox_refuse(struct outlook *o, struct mailbox *m, err e, const struct buf *detail);
// The same, of an error that reaches so far.
void outlook_mailbox_leave(struct outlook *o, struct mailbox *m, err e, enum ews_reach reach,
                           const struct buf *detail);
bool outlook_mailbox_is_readable(const struct mailbox *m);

#endif
