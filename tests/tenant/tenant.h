// SPDX-License-Identifier: Apache-2.0
// The fake tenant: one model of the far side. Google (token, Directory, Gmail), Exchange, Entra and
// Graph, and an Elasticsearch double answer requests that are given whole, at a time that is given;
// the directory (ldap.h) takes bytes. Nothing here opens a socket, a file or a clock. It is linked
// into build/tenant (server.c, a small TLS server) and into tests/sim.
//
//     struct tenant *t = tenant_new(&options, now_ms);
//     tenant_handle(t, &request, &response, now_ms);   // response starts zeroed
//     while ((n = t_response_read(&response, out, cap)) > 0) { send; }
//     tenant_done(t, &response); // sent or dropped: frees, ends the concurrency
//
// A response says how it must be sent: after delay_ms, at rate_bytes_s, cut after cut_after bytes.
// request.link is the connection's, for Exchange: NTLM authenticates connections.
// One seed gives the same content, ids and tokens.
#ifndef TENANT_H
#define TENANT_H

#include "t_http.h"

enum t_shape { // of synthetic messages
    T_SHAPE_PLAIN,
    T_SHAPE_UTF8,
    T_SHAPE_ALTERNATIVE,
    T_SHAPE_HTML,
    T_SHAPE_ATTACHMENT,
    T_SHAPE_BASE64,
    T_SHAPE_RELATED,
    T_SHAPE_HEADERS,
    T_SHAPES, // all of them in turn
};

enum {
    T_AUTH_NTLM = 1,
    T_AUTH_NEGOTIATE = 2,
    T_AUTH_BASIC = 4,
    T_AUTH_BEARER = 8,
    T_AUTH_WRAPPED = 16, // Negotiate takes no raw NTLM
};
enum t_key { T_KEY_APPLICATION, T_KEY_FEDERATION }; // that sign assertions for Entra
enum ews_content {      // which cases there are in mailboxes of Exchange
    EWS_CONTENT_ALL,    // of series their occurrences, too
    EWS_CONTENT_SERIES, // series and single events, as Exchange lists them
    EWS_CONTENT_ALIKE,  // what EWS and Graph show alike
};
enum t_binding { T_BINDING_OFF, T_BINDING_ALLOWED, T_BINDING_REQUIRED };

struct t_options {
    u64 seed;
    int users;                           // synthetic mailboxes user1@DOMAIN ...
    i64 messages;                        // in each
    i64 message_bytes;                   // of each raw message
    int spread_percent;                  // sizes vary by so much, deterministically
    enum t_shape shape;                  // T_SHAPES: all
    i64 spam_every, trash_every;         // 0: none
    str domain, customer, admin;         // "example.test", "C01test00", "admin@example.test"
    str client_email, client_id, key_id; // of the service account
    str token_uri;                       // a second right audience besides Google's
    i64 token_ttl_s;
    i64 quota_user, quota_project; // units in a window of quota_window_ms; 0: not enforced
    i64 quota_window_ms;
    i64 units_get, units_list;            // of Gmail; 20 and 5 since May 2026
    int max_concurrent_user;              // Gmail requests in flight for one user; 0: any
    i64 latency_ms;                       // of Gmail's answers
    str es_version, es_flavor;            // "9.5.3", "default" or "serverless"
    str es_user, es_password, es_api_key; // the key in its encoded form
    i64 es_max_bytes;                     // 413 above
    i64 es_latency_ms;                    // of _bulk
    bool es_discard;                      // keep ids and times only
    bool es_system;                       // the two connector indices are there from the start
    bool es_no_connectors; // without the connectors API: as a server of index mode only
    str es_license;        // "basic", "platinum", "trial expired" ...
    bool list_admin;       // the administrator is in the Directory, without a mailbox
    // Exchange and the directory, see ews.h and ldap.h.
    i64 exchange_items; // in each inbox, the others have shares; < 0: as `messages`
    str account, netbios, account_password; // "svc", "EXAMPLE", "Passw0rd": the service account
    int exchange_auth;                      // what is offered, T_AUTH_...
    bool exchange_full_access;              // rights on all mailboxes, without impersonation
    bool exchange_no_impersonation;         // the account lacks the right
    bool exchange_latin1;                   // Basic takes passwords as Latin-1 only
    bool exchange_bare;                     // items have no attachments
    enum ews_content exchange_content;      // which cases there are
    str exchange_version;                   // the newest that it takes: "Exchange2016"
    int exchange_style;                     // of prefixes, 0 .. 2; < 0: in turn
    int lockout;                            // failed logons until the account is locked; 0: never
    bool mic_required;
    enum t_binding binding; // of TLS channels by NTLM
    str certificate_hash;   // SHA-256 of the server's certificate; empty: unknown
    i64 directory_users;    // persons without a mailbox
    i64 ldap_page;          // MaxPageSize
    bool ldap_signing;      // strongerAuthRequired without TLS
    bool ldap_no_tls;       // StartTLS is unavailable
    int ldap_no_simple;     // the result that refuses each simple bind, as a policy; 0: none
    bool ldap_no_ntlm;      // neither offered nor taken
    // RS256: is `signature` the service account's over `text`? Outside, because it needs a library.
    bool (*verify)(void *st, str text, str signature);
    void *verify_st;
    // Entra and Graph, see entra.h and graph.h.
    str tenant_id, app_id, app_secret; // the tenant is called `domain`, too
    str app_sha1, app_sha256;          // of the application's certificate; empty: it has none
    // RS256, or PS256 with pss; NULL: no assertion is good.
    bool (*verify_key)(void *st, enum t_key key, bool pss, str text, str signature);
};

struct tenant;

void t_options_default(struct t_options *o);
struct tenant *tenant_new(const struct t_options *options, i64 now_ms);
void tenant_free(struct tenant *t);

// A mailbox beyond the synthetic ones; `local` is the part before the @. Returns its number.
int tenant_add_mailbox(struct tenant *t, str local);
// A stored message (the raw bytes), or a synthetic one of `bytes` when raw is empty. Newest last.
void tenant_add_message(struct tenant *t, int mailbox, str raw, i64 bytes);

isize tenant_body_limit(const struct tenant *t, enum t_service service);
void tenant_handle(struct tenant *t, const struct t_request *q, struct t_response *r, i64 now_ms);
void tenant_done(struct tenant *t, struct t_response *r);

// What the server counts: shown by GET /_tenant/stats.
struct t_net_stats {
    i64 connections, open, handshakes, resumed, failed_handshakes, bytes_in, bytes_out;
};
struct t_net_stats *tenant_net_stats(struct tenant *t);
bool tenant_wants_stop(const struct tenant *t); // POST /_tenant/stop came

#endif
