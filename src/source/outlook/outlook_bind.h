// SPDX-License-Identifier: Apache-2.0
// Logging in to the directory (spec/wire-ldap.md 3, 7; wire-ntlm.md): a simple bind, or SASL
// GSS-SPNEGO with NTLM in it, bound to the TLS connection (tls-server-end-point).
//
// Which one: what outlook.ldap_bind says, or by itself. By itself, over TLS it is the simple bind,
// and NTLM where the directory refuses simple ones, or where the name is one that simple binds do
// not take (without a domain). Without TLS the password is not sent where the directory offers
// GSS-SPNEGO; messages are not signed then, and a directory that demands it gets LDAP_NEEDS_TLS. A
// distinguished name logs in by a simple bind only. Neither is tried after the other has been
// refused for a wrong password: accounts get locked.
#ifndef SOURCE_OUTLOOK_OUTLOOK_BIND_H
#define SOURCE_OUTLOOK_OUTLOOK_BIND_H

#include "codec/ldap.h"
#include "net/exchange.h"
#include "net/ntlm.h"
#include "source/outlook/outlook.h"

enum outlook_bind_step {
    OUTLOOK_BIND_ROOT, // what does it offer?
    OUTLOOK_BIND_SIMPLE,
    OUTLOOK_BIND_NEGOTIATE,
    OUTLOOK_BIND_AUTHENTICATE,
    OUTLOOK_BIND_DONE,
};

// Whose login it is; part of what follows points into the run.
struct outlook_bind_setup {
    enum outlook_ldap_bind kind;
    str user, password, host;
    bool tls;
};

// Zeroed by begin(); once DONE the step before it is `last`.
struct outlook_bind {
    struct outlook_bind_setup setup;
    enum outlook_bind_step step, last;
    bool root_asked;
    bool no_ntlm;       // the directory says so, or has refused it
    err simple_refused; // for its kind, not for the password
    isize end_point_bytes, challenge_bytes;
    u8 end_point[EXCHANGE_END_POINT_BYTES];
    u8 challenge[NTLM_CHALLENGE_BYTES];
};

void outlook_bind_begin(struct outlook_bind *b, const struct outlook_bind_setup *setup);

// Appends the next message. LDAP_NO_PASSWORD, NTLM_CHALLENGE, NTLM_OLD, NTLM_NAME, BUF_FULL.
err outlook_bind_put(struct outlook_bind *b, int id, struct buf *room);

// An answer to it; x->detail gets its words where it refuses. *more: put() has something to say, or
// the step is DONE; else a further message belongs to the answer.
err outlook_bind_take(struct outlook_bind *b, const struct ldap_message *m, struct exchange *x,
                      bool *more);

bool outlook_bind_is_dn(str user); // `CN=svc,DC=example,DC=test`

void outlook_bind_put_facts(struct buf *out, const struct outlook_bind *b); // "by simple bind"

#endif
