// SPDX-License-Identifier: Apache-2.0
// An access token of one user: asked for with a signed assertion (RFC 7523; spec/wire-gmail.md 2),
// kept until GMAIL_RENEW_MS before its end, and asked for again once when an API no longer takes
// it. One in each mailbox, one in the directory; its owner drives the exchange. Text and assertion
// are secrets: they go into the headers and the body of a request, and nowhere else.
#ifndef SOURCE_GMAIL_TOKEN_H
#define SOURCE_GMAIL_TOKEN_H

#include "source/gmail/gmail_answer.h"
#include "source/gmail/gmail_error.h"
#include "source/gmail/gmail_state.h"

struct gmail_token {
    u8 text[GMAIL_TOKEN_BYTES];
    isize bytes;    // 0: there is none
    u32 generation; // counts the tokens that were given
    i64 asked_ms;   // monotonic, when it was asked for: its life is counted from there
    i64 renew_ms, expires_ms;
    int refusals; // tokens in a row that an API refused, since it last accepted one
    bool wanted;  // somebody waits for one
    u8 request[GMAIL_ASSERTION_BYTES];
};

bool gmail_token_is_usable(const struct gmail_token *t, i64 now_ms);
bool gmail_token_is_due(const struct gmail_token *t, i64 now_ms); // absent, or old enough to renew

// Fills *x with the request for `user`'s token; its life is counted from t->asked_ms, which the
// caller sets. CRYPTO_SIGN, or BUF_FULL for absurdly long fields.
err gmail_token_ask(struct gmail *g, struct gmail_token *t, enum gmail_call call, str user,
                    struct exchange *x);

// Reads an answer of status 200. TOKEN_ANSWER when there is no usable token in it.
err gmail_token_read(struct gmail_token *t, const struct gmail_answer *a);

void gmail_token_header(const struct gmail_token *t, struct exchange *x);

// What an API said to the token of `generation`. refuse: OK when a new token is to be asked for,
// which the owner sees as gmail_token_is_due(); TOKEN_REVOKED when this one was new. Several
// requests may be refused with the same token: only the first counts.
void gmail_token_accept(struct gmail_token *t, u32 generation);
err gmail_token_refuse(struct gmail_token *t, u32 generation);

void gmail_token_wipe(struct gmail_token *t);

// The first two parts of the assertion, before they are signed: for tests as well.
void gmail_token_put_claims(const struct gmail *g, enum gmail_call call, str user, i64 unix_s,
                            struct buf *out);

#endif
