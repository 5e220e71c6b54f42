// SPDX-License-Identifier: Apache-2.0
// Active Directory as the list of mailboxes (spec/wire-ldap.md, documents.md 5 and 10): one
// conversation over LDAP logs in (outlook_bind.h), runs both searches page by page, and unbinds. A
// broken one begins again from the start: cookies of pages die with their connection, and who was
// named before is known to whoever takes the accounts.
//
// TLS: LDAPS, then StartTLS, then, only where the record's ssl_enabled is off, plain (DESIGN, TLS).
#ifndef SOURCE_OUTLOOK_OUTLOOK_DIRECTORY_H
#define SOURCE_OUTLOOK_OUTLOOK_DIRECTORY_H

#include "source/outlook/outlook_bind.h"
#include "source/outlook/outlook_state.h"

enum outlook_ldap_step {
    OUTLOOK_LDAP_BIND,
    OUTLOOK_LDAP_SEARCH,
    OUTLOOK_LDAP_UNBIND,
    OUTLOOK_LDAP_DONE,
    OUTLOOK_LDAP_FAILED,
};

// State of the walk, and of the ping, which stops after the first entry. Zeroed is a valid
// beginning.
struct outlook_directory {
    enum outlook_ldap_step step;
    int way; // of the run's ways to the directory: the one that is tried
    struct dest dest;
    bool probe; // the first page of the first search is enough
    struct outlook_bind bind;
    bool answered;                 // this way leads to the directory
    int id;                        // of the message in hand
    bool ask;                      // there is something to send
    const struct account_sink *to; // of the call in hand
    int search;                    // which of the two
    bool no_paging;
    i64 entries; // of the search in hand, with an address or not
    i64 referrals, without_address;
    int cookie_bytes, input_bytes;
    u8 cookie[LDAP_COOKIE_BYTES];
    u8 input[LDAP_MESSAGE_BYTES]; // a message that came in parts
};

enum step outlook_directory_next(void *src, void *st, i64 now_ms, struct exchange *x);
err outlook_directory_head(void *src, void *st, struct exchange *x, const struct http_head *head);
err outlook_directory_body(void *src, void *st, struct exchange *x, str *in,
                           const struct account_sink *to);
err outlook_directory_end(void *src, void *st, struct exchange *x);
bool outlook_directory_fail(void *src, void *st, struct exchange *x, err e);
err outlook_directory_send(void *src, void *st, struct buf *room, bool *last);

#endif
