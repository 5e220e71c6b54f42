// SPDX-License-Identifier: Apache-2.0
// Logging in to an HTTP server with user and password: which scheme (NTLM, Negotiate with NTLM in
// it, Basic), the header lines of each, and how often. No I/O: conn_auth.c has the connection.
//
// One struct http_auth is shared by all connections to its destination. Accounts get locked by
// wrong passwords, so the rules about how often are strict: until a login was accepted, one
// connection at a time tries; AUTH_REFUSALS_MAX refusals in a row are the last ones, and every
// request after that fails at once. NTLMv1 never; Digest and Kerberos never.
#ifndef NET_AUTH_H
#define NET_AUTH_H

#include "base/buf.h"
#include "codec/http1.h"

enum auth_scheme {
    AUTH_UNKNOWN,
    AUTH_NONE, // the server asks for nothing
    AUTH_NTLM,
    AUTH_NEGOTIATE, // with a bare NTLM message in it, as IIS takes it
    AUTH_SPNEGO,    // Negotiate as RFC 4559 has it, NTLM as its only mechanism
    AUTH_BASIC,
};

struct secret { // no formatter takes one; its owner wipes it
    str hidden;
};

struct http_auth {
    // From the configuration. The texts must stay valid.
    str user; // `EXAMPLE\svc`, `svc@example.test` or `svc`, UTF-8
    struct secret password;
    bool only_basic;  // NTLM is not tried
    bool allow_basic; // also without TLS
    // Found out.
    enum auth_scheme scheme;
    u32 tried;          // bits of enum auth_scheme that led nowhere
    bool latin1;        // Basic: UTF-8 was refused
    bool proven;        // a login was accepted, and none refused since
    bool probing;       // a connection finds out
    bool failed;        // for good
    bool locked;        // the server said so
    int refusals;       // in a row
    i64 quiet_until_ms; // no login before: the last one was refused, those before it were not
    u32 epoch;          // counts refusals: one of an older login says nothing new
    u32 identity;       // changes with user and password; not 0
};

// Takes new credentials (zeroed before the first time); what was found out about others is
// forgotten, and connections that others have opened are not used any more. Once a run.
void auth_set(struct http_auth *a, str user, struct secret password);

// ---- what the server says

struct auth_offer {
    u32 schemes; // bits of enum auth_scheme
    str token;   // of the scheme that was asked for, in base64; empty: none
};

// All WWW-Authenticate headers; each may hold several schemes (RFC 9110, section 11.6.1).
void auth_read_offer(const struct http_head *head, enum auth_scheme asked, struct auth_offer *out);

// "it offers Negotiate, Bearer": the first word of each header.
void auth_put_offer(struct buf *b, const struct http_head *head);

// Goes on to the next scheme that is offered and was not tried: NTLM, Negotiate, Basic. AUTH_BROKEN
// (what is offered is not gone on with), AUTH_SCHEME, AUTH_PLAIN (only Basic, no TLS).
err auth_choose(struct http_auth *a, const struct auth_offer *offer, bool tls);

// ---- header lines, with CRLF, appended

err auth_put_basic(struct buf *b, const struct http_auth *a); // AUTH_NAME
void auth_put_first(struct buf *b, enum auth_scheme scheme);  // NTLM's NEGOTIATE

// What the last message of NTLM needs besides user and password.
struct auth_answer {
    enum auth_scheme scheme;
    str token;           // of the server, in base64
    str host;            // of the URL
    str end_point;       // tls_server_end_point(); empty: no TLS
    struct buf *scratch; // for all three messages; wiped before return
};

// NTLM's AUTHENTICATE. NTLM_CHALLENGE, NTLM_OLD, NTLM_NAME, SPNEGO_SYNTAX, SPNEGO_REJECTED,
// AUTH_BROKEN (no challenge in it).
err auth_put_last(struct buf *b, const struct http_auth *a, const struct auth_answer *answer);

// The Cookie line that gives back what the server has set: behind a load balancer it leads to the
// same server.
void auth_put_cookies(struct buf *b, const struct http_head *head);

// ---- how often

bool auth_may_try(const struct http_auth *a);              // else another connection is at it: wait
bool auth_is_quiet(const struct http_auth *a, i64 now_ms); // wait until quiet_until_ms

enum auth_verdict {
    AUTH_ONCE_MORE, // at once
    AUTH_LATER,     // it worked before: after AUTH_PAUSE_MS
    AUTH_NO_MORE,   // for good
};

// A login that was sent in `epoch` was refused, or accepted.
enum auth_verdict auth_refuse(struct http_auth *a, u32 epoch, bool locked);
void auth_accept(struct http_auth *a);

void auth_put_facts(struct buf *b, const struct http_auth *a); // "as EXAMPLE\svc by NTLM"

#endif
