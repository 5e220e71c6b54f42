// SPDX-License-Identifier: Apache-2.0
// The fake directory: LDAP v3 as Active Directory speaks it, bytes in and bytes out, no I/O. Binds
// (simple, SASL GSS-SPNEGO and Sicily with NTLM), searches with filters and pages, StartTLS.
//
// Its entries are the users of the model, persons without a mailbox, and what else a domain has;
// they take no memory: each follows from its number (ldap_entry.c).
#ifndef TENANT_LDAP_H
#define TENANT_LDAP_H

#include "account.h"
#include "t_ber.h"

enum ldap_next { LDAP_GOES_ON, LDAP_STARTS_TLS, LDAP_CLOSES };

struct ldap {
    struct tenant *t;
    struct t_link *link;
    struct t_buf in;
    bool bound; // anonymous otherwise
    // The one paged search: what it asked for, where it stands, the cookie that continues it.
    u64 page_asked, page_cookie;
    i64 page_next;
};

struct ldap *t_ldap_open(struct tenant *t, struct t_link *link); // link->tls says what is below
void t_ldap_free(struct ldap *c);
// Appends answers to what came. After LDAP_STARTS_TLS the answer goes out in clear, then TLS
// begins.
enum ldap_next t_ldap_input(struct ldap *c, str bytes, struct t_buf *out, i64 now_ms);

// ---- within
// --------------------------------------------------------------------------------------

enum {
    LDAP_SUCCESS = 0,
    LDAP_OPERATIONS_ERROR = 1,
    LDAP_PROTOCOL_ERROR = 2,
    LDAP_SIZE_LIMIT = 4,
    LDAP_AUTH_METHOD = 7,
    LDAP_STRONGER_AUTH = 8,
    LDAP_REFERRAL = 10,
    LDAP_CRITICAL = 12,
    LDAP_SASL_IN_PROGRESS = 14,
    LDAP_NO_SUCH_OBJECT = 32,
    LDAP_INVALID_DN = 34,
    LDAP_INVALID_CREDENTIALS = 49,
    LDAP_INSUFFICIENT = 50,
    LDAP_UNAVAILABLE = 52,
    LDAP_UNWILLING = 53,
};

struct ldap_message {
    i64 id;
    u8 tag; // of the operation
    str op; // its content
    str controls;
};

// An answer with a result and nothing else. text may be NULL; otherwise it ends with a NUL, as
// AD's.
void t_ldap_result_put(struct t_buf *out, i64 id, u8 tag, int code, str matched, const char *text);
void t_ldap_result_open(struct t_ber *w, i64 id, u8 tag, int code, str matched, const char *text);

enum ldap_next t_ldap_bind(struct ldap *c, const struct ldap_message *m, struct t_buf *out);
void t_ldap_search(struct ldap *c, const struct ldap_message *m, struct t_buf *out);

// Filters: 1 true, 0 false, -1 undefined; -2: not a filter.
int t_ldap_filter(struct tenant *t, i64 entry, str filter);
bool t_ldap_filter_ok(str filter); // its form, without an entry

// Entries 0 .. count - 1. The n-th value of an attribute, replacing what is in `out`.
i64 t_ldap_entry_count(const struct tenant *t);
bool t_ldap_entry_exists(const struct tenant *t, i64 entry);
bool t_ldap_entry_value(const struct tenant *t, i64 entry, str attribute, int n, struct t_buf *out);
const char *t_ldap_attribute_name(int n); // NULL: that were all
bool t_ldap_attribute_known(str name);
void t_ldap_domain_dn(const struct tenant *t, struct t_buf *out);
// A DN without the blanks around its separators, in lower case. false: it is none.
bool t_ldap_dn_normal(str dn, struct t_buf *out);

#endif
