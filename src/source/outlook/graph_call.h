// SPDX-License-Identifier: Apache-2.0
// One request to Microsoft Graph from the token to the judgement of its answer: what the walk over
// the users, mailboxes and lanes have in common (spec/wire-graph.md 2, 11). The token is the run's
// (outlook_token.h): when it is due, the machine's exchange may turn out to be one for it; then all
// of that exchange is dealt with here.
//
// A machine that asks:
//   next():  graph_call_turn() -> DONE: fill in x->target, then graph_call_ask(); else its step
//   head():  graph_call_head()
//   body():  graph_call_takes() -> true: taken here (token, refusal); false: the answer is yours
//   end():   graph_call_end() -> OK: look at call->outcome. GOT: the answer was a success; AGAIN:
//            next() asks once more. An error is returned from end() as it is.
//   fail():  graph_call_fail()
// Nothing is sent where the token must not go: links are taken apart by graph_link.h.
#ifndef SOURCE_OUTLOOK_GRAPH_CALL_H
#define SOURCE_OUTLOOK_GRAPH_CALL_H

#include "source/outlook/graph_error.h"
#include "source/outlook/outlook_token.h"

// How fast one mailbox (or the directory) may be asked: shared by its machines. Zeroed is a valid
// beginning.
struct graph_pace {
    i64 pause_until_ms; // Graph asked for fewer requests
    int rounds;         // of pauses, since an answer came that was none
    int refusals;       // tokens in a row that it did not take, though others did
    int in_flight;      // at most GRAPH_IN_FLIGHT
};

enum graph_outcome { GRAPH_GOT, GRAPH_AGAIN };

// Part of the caller's state; zeroed is a valid beginning.
struct graph_call {
    struct graph_pace *pace;
    int counted; // in pace->in_flight: requests
    int status;  // of the answer; 0: no head came
    i64 retry_at_ms;
    i64 asked_ms;
    u64 number;     // of the request
    u32 generation; // of the token that it was asked with
    enum graph_outcome outcome;
    bool is_graphs; // the answer has a number of Graph's: no proxy or login page has
    bool throttled; // the error that end() returned asks for a pause of all of the mailbox
};

// DONE: a request may be made. Else what next() returns: REQUEST (for the token), WAIT, or FAILED:
// the token cannot even be asked for. `machine` is what outlook_token.h knows the machine by: the
// mailbox, the fetch, the walk; its c->pace is set. An attempt that broke off is forgotten.
enum step graph_call_turn(struct outlook *o, struct graph_call *c, const void *machine, i64 now_ms,
                          struct exchange *x);

// x->target is put: the rest of a GET. `prefer` empty: no such header.
void graph_call_ask(struct outlook *o, struct graph_call *c, str prefer, i64 now_ms,
                    struct exchange *x);

// The request that is asked for is as much work as `requests`.
void graph_call_count(struct graph_call *c, int requests);

err graph_call_head(struct outlook *o, struct graph_call *c, const void *machine,
                    const struct http_head *head);

// `words`: the beginning of a refusal is kept there; what does not fit is dropped.
bool graph_call_takes(struct outlook *o, struct graph_call *c, const void *machine, str *in,
                      struct buf *words);
err graph_call_end(struct outlook *o, struct graph_call *c, const void *machine, str words,
                   struct exchange *x);

// An error that the answer itself is: pauses, words for people.
err graph_call_judge(struct graph_call *c, err e, struct exchange *x);

// The token was not taken. OK: once more, with a new one. ENTRA_REVOKED when a new one was not
// taken either, and no mailbox has answered in this run; else GRAPH_DENIED: it is this mailbox
// alone.
err graph_call_refuse(struct outlook *o, struct graph_call *c);

// All attempts are used up, or the machine is done with it.
void graph_call_stop(struct outlook *o, struct graph_call *c, const void *machine);

// "/users/ADDRESS"
void graph_put_user(struct buf *target, const struct mailbox *m);

// The mailbox is out of reach: chooses its phase by how far the error reaches, and by whether other
// mailboxes have worked in this run. Keeps the first error.
void graph_mailbox_refuse(struct outlook *o, struct mailbox *m, err e, const struct buf *detail);

#endif
