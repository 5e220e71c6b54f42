// SPDX-License-Identifier: Apache-2.0
// LDAP v3 messages (RFC 4511) as a client of Active Directory needs them: binding, searching in
// pages (RFC 2696), StartTLS; and the words for what the directory answers.
//
// Pure: bytes in, values out. Values point into the message that was read. A message is read whole
// (ldap_message_bytes() frames); elements that are not known are passed over; an entry is checked
// to its last value before it is handed out. Bounds: LDAP_MESSAGE_BYTES, LDAP_FILTER_DEPTH.
#ifndef CODEC_LDAP_H
#define CODEC_LDAP_H

#include "base/buf.h"
#include "limits.h"

enum ldap_op { // the tags of RFC 4511
    LDAP_BIND_RESPONSE = 0x61,
    LDAP_ENTRY = 0x64,
    LDAP_DONE = 0x65,
    LDAP_REFERENCE = 0x73,
    LDAP_EXTENDED_RESPONSE = 0x78,
};

enum ldap_result { // those that code looks at; ldap_result_name() knows all
    LDAP_SUCCESS = 0,
    LDAP_OPERATIONS_ERROR = 1,
    LDAP_PROTOCOL_ERROR = 2,
    LDAP_TIME_LIMIT = 3,
    LDAP_SIZE_LIMIT = 4,
    LDAP_AUTH_METHOD = 7,
    LDAP_STRONGER_AUTH = 8,
    LDAP_REFERRAL = 10,
    LDAP_ADMIN_LIMIT = 11,
    LDAP_CRITICAL_EXTENSION = 12, // the server knows no paging: ask without
    LDAP_CONFIDENTIALITY = 13,
    LDAP_SASL_IN_PROGRESS = 14,
    LDAP_NO_SUCH_OBJECT = 32,
    LDAP_INAPPROPRIATE_AUTH = 48,
    LDAP_INVALID_CREDENTIALS = 49,
    LDAP_UNAVAILABLE = 52,
    LDAP_UNWILLING = 53,
};

struct ldap_message {
    int id;          // 0: nobody asked; a notice of disconnection
    u8 op;           // enum ldap_op, or another tag: to be passed over
    int result;      // not in entries and references
    str matched_dn;  // likewise
    str diagnostic;  // the server's words, without the NUL that AD puts behind them
    str uri;         // the first URI of a reference or referral
    str credentials; // serverSaslCreds of a bind response
    str name;        // OID of an extended response; may be empty
    str dn;          // of an entry
    str attributes;  // of an entry, for ldap_attribute_next()
    str cookie;      // paged results: empty with the last page
    bool paged;      // the control of paged results was there
};

// The length of the message at the start of `in`; 0: more bytes are needed to tell. The message may
// be longer than `in`. LDAP_SYNTAX: this is no LDAP. LDAP_TOO_LARGE: beyond LDAP_MESSAGE_BYTES.
err ldap_message_bytes(str in, isize *bytes);

// `bytes` is one whole message. LDAP_SYNTAX.
err ldap_message_read(str bytes, struct ldap_message *out);
bool ldap_is_disconnection(const struct ldap_message *m); // RFC 4511, section 4.4.1

struct ldap_attribute {
    str type;   // with its options: `member;range=0-1499`
    str values; // for ldap_value_next()
};

// Take one off the front; false: there is none left.
bool ldap_attribute_next(str *attributes, struct ldap_attribute *out);
bool ldap_value_next(str *values, str *out);
bool ldap_attribute_is(const struct ldap_attribute *a, str type); // without options, by any case

// The first value of an attribute of an entry; false: it has none.
bool ldap_entry_value(const struct ldap_message *m, str type, str *out);
bool ldap_entry_has(const struct ldap_message *m, str type, str value); // by any case

// ---- requests, appended. Ids begin at 1.

// LDAP_NO_PASSWORD: `password` is empty, which Active Directory would take for an anonymous bind
// and call a success; nothing is appended.
err ldap_put_simple_bind(struct buf *b, int id, str name, str password);
void ldap_put_spnego_bind(struct buf *b, int id, str token); // SASL GSS-SPNEGO
void ldap_put_unbind(struct buf *b, int id);
void ldap_put_start_tls(struct buf *b, int id);

enum ldap_scope { LDAP_SCOPE_BASE, LDAP_SCOPE_ONE, LDAP_SCOPE_SUBTREE };
enum ldap_deref { LDAP_DEREF_NEVER, LDAP_DEREF_SEARCHING, LDAP_DEREF_FINDING, LDAP_DEREF_ALWAYS };

struct ldap_search {
    str base;       // a DN; empty: the root DSE
    u8 scope;       // enum ldap_scope
    u8 deref;       // enum ldap_deref
    str filter;     // as RFC 4515 writes it
    str attributes; // with blanks between them; empty: all
    int page_size;  // at most 1000; 0: no paging control
    str cookie;     // of the page before; empty: the first page
    int size_limit; // 0: none
    int time_limit_s;
};

// LDAP_FILTER: the filter is malformed, and nothing is appended.
err ldap_put_search(struct buf *b, int id, const struct ldap_search *search);

// A filter alone (ldap_filter.c). LDAP_FILTER; what was appended before the error stays.
err ldap_put_filter(struct buf *b, str text);

// ---- words and names (ldap_text.c)

// What a result means for who goes on: OK for success, SASL in progress, and nothing else. Codes of
// base/err_table.h, with class and advice: LDAP_CREDENTIALS, LDAP_NEEDS_TLS, LDAP_BUSY, ...
err ldap_result_err(const struct ldap_message *m);

const char *ldap_result_name(int result); // "invalidCredentials"; "" when unknown

// A bind was refused for its kind, whatever user and password are: another kind may be taken.
bool ldap_refuses_method(const struct ldap_message *m);

// Why it was refused and what helps, as one line for people, with the server's words behind it:
// what the sub-code of AD means ("data 532"), if there is one.
void ldap_put_reason(struct buf *b, const struct ldap_message *m);

// `DC=example,DC=test` from `example.test`, escaped (RFC 4514).
void ldap_put_base(struct buf *b, str domain);

// What the connector that is replaced calls the name of a user (spec/documents.md 5): the text
// between the first '=' and the first comma behind it; the whole DN without a '='.
str ldap_dn_name(str dn);

#endif
