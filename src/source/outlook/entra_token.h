// SPDX-License-Identifier: Apache-2.0
// Access tokens of Entra ID by the client credentials grant (spec/wire-graph.md 1; RFC 6749,
// section 4.4): asked for with the account's proof, kept until ENTRA_RENEW_MS before their end, and
// asked for again once when an API no longer takes one. One for each resource of a run, shared by
// its machines: whichever sees that it is due, and that nobody is asking, asks, and hands the
// answer on. No I/O here but the reading of a federated token's file. Text, request and answer are
// secrets: they go into headers and bodies of requests and nowhere else.
//
// A machine that asks:
//   next():  it is asking already (its own flag), or entra_token_is_due(t, now) && !t->asking
//            -> entra_token_ask(...), STEP_REQUEST
//   head():  entra_token_head(t, head)
//   body():  entra_token_body(t, in)
//   end():   entra_token_end(t, a, x); OK: there is a token. RETRY: the loop comes to next() again,
//            and t->asking stays, so that nobody else asks during the pause
//   fail(), and when the machine goes away meanwhile: entra_token_stop(t)
#ifndef SOURCE_OUTLOOK_ENTRA_TOKEN_H
#define SOURCE_OUTLOOK_ENTRA_TOKEN_H

#include "net/exchange.h"
#include "source/outlook/entra_account.h"
#include "source/outlook/entra_roles.h"

enum entra_resource { ENTRA_GRAPH, ENTRA_EWS, ENTRA_RESOURCES };

struct entra_token {
    u8 text[ENTRA_TOKEN_BYTES];
    isize bytes;    // 0: there is none
    u32 generation; // counts the tokens that were given
    u32 roles;      // enum entra_role
    i64 asked_ms;   // monotonic, when it was asked for: its life is counted from there
    i64 renew_ms, expires_ms;
    int refusals; // tokens in a row that an API refused, since it last accepted one
    bool asking;  // a request is under way
    int status;   // of the answer that is coming
    i64 retry_at_ms;
    isize request_bytes, answer_bytes; // of those below
    u8 request[ENTRA_REQUEST_BYTES];
    u8 answer[ENTRA_ANSWER_BYTES];
};

bool entra_token_is_usable(const struct entra_token *t, i64 now_ms);
bool entra_token_is_due(const struct entra_token *t, i64 now_ms); // absent, or old enough to renew

// Which token, and where requests for it go: `login` (its path is a prefix). `cloud` gives the
// names of the resource and of the audience.
struct entra_where {
    const struct dest *login;
    const struct entra_cloud *cloud;
    enum entra_resource resource;
};

// Fills *x with the request for a token and sets t->asking; its life is counted from now.
// CRYPTO_SIGN, ENTRA_TOKEN_FILE, BUF_FULL for absurdly long fields: then t->asking is false, the
// reason is in x->detail, and asking again at once is of no use.
err entra_token_ask(struct entra_token *t, const struct entra_account *a,
                    const struct entra_where *where, struct exchange *x);

// The answer to it. end: OK, ENTRA_ANSWER (200 without a usable token: RETRY), or what
// entra_error_judge() says, with its facts in x->detail and, where the answer names a time,
// x->retry_at_ms. Request and answer are wiped. t->asking is false afterwards, but for an error of
// class RETRY.
void entra_token_head(struct entra_token *t, const struct http_head *head);
void entra_token_body(struct entra_token *t, str *in); // takes all of it
err entra_token_end(struct entra_token *t, const struct entra_account *a, struct exchange *x);
void entra_token_stop(struct entra_token *t); // attempts are used up, or the asking machine is gone

// A renewal has failed, whyever. true: the token that there is still lives, and is not renewed for
// ENTRA_RETRY_MS. The caller stops.
bool entra_token_outlives(struct entra_token *t, i64 now_ms);

void entra_token_header(const struct entra_token *t, struct exchange *x); // Authorization: Bearer

// What an API said to the token of `generation`. refuse: OK when a new token is to be asked for,
// which shows as entra_token_is_due(); ENTRA_REVOKED when this one was new. Several requests may be
// refused with the same token: only the first counts.
void entra_token_accept(struct entra_token *t, u32 generation);
err entra_token_refuse(struct entra_token *t, u32 generation);

void entra_token_wipe(struct entra_token *t);

// ---- parts of the request, for tests
// The assertion up to its signature (header.payload): RFC 7515; claims of Microsoft's "certificate
// credentials". `id` is the random jti.
void entra_token_put_claims(const struct entra_account *a, const struct entra_cloud *cloud,
                            i64 unix_s, str id, struct buf *out);

#endif
