// SPDX-License-Identifier: Apache-2.0
// Google's refusals: which error each shape of answer means, how far it reaches, and how it is told
// to people. One table holds all rows of spec/wire-gmail.md 2, 3 and 8.
#ifndef SOURCE_GMAIL_ERROR_H
#define SOURCE_GMAIL_ERROR_H

#include "source/gmail/gmail_answer.h"
#include "source/gmail/gmail_state.h"

enum gmail_call {
    GMAIL_CALL_TOKEN_DIRECTORY, // a token for the administrator
    GMAIL_CALL_TOKEN_MAILBOX,   // a token for a user
    GMAIL_CALL_USERS,           // a page of the directory
    GMAIL_CALL_LIST,            // a page of message ids
    GMAIL_CALL_GET,             // one message
    GMAIL_CALL_TOKEN_PROFILE,   // a token for the administrator's own mailbox
    GMAIL_CALL_PROFILE,         // his profile
};

// What else an error says about.
enum gmail_reach {
    GMAIL_REACH_UNIT,    // this one message or page
    GMAIL_REACH_PASSING, // weather: this exchange, now
    GMAIL_REACH_MAILBOX,
    GMAIL_REACH_SOME, // this mailbox, or all of them if no other one works
    GMAIL_REACH_TENANT,
};

str gmail_error_scope(enum gmail_call call); // the OAuth scope that the call needs

// The error of an answer whose status is no success (or whose success is none). Puts Google's
// words, bounded and cleaned, and what people need to act on it (service account, scope) into
// x->detail; sets x->retry_at_ms where the answer says when to come back. 401 of the APIs is
// HTTP_UNAUTHORIZED.
err gmail_error_judge(const struct gmail *g, enum gmail_call call, const struct gmail_answer *a,
                      struct exchange *x);

enum gmail_reach gmail_error_reach(err e);

// Whether the answer is Google's own error with this code: a page of a proxy with the same status
// is no proof that a message is gone.
bool gmail_error_is_googles(const struct gmail_answer *a);

#endif
