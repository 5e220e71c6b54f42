// SPDX-License-Identifier: Apache-2.0
// What the Outlook source knows beyond one mailbox: settings, the run's configuration, and the
// readers, one for each request to Exchange that is under way. Carved by outlook_init(); only
// outlook/ looks into it.
#ifndef SOURCE_OUTLOOK_OUTLOOK_STATE_H
#define SOURCE_OUTLOOK_OUTLOOK_STATE_H

#include "base/hash.h"
#include "net/auth.h"
#include "net/tls.h"
#include "source/outlook/entra_token.h"
#include "source/outlook/ews_answer.h"
#include "source/outlook/outlook.h"
#include "source/outlook/outlook_item.h"

// The memory of one request to Exchange and its answer.
struct outlook_reader {
    bool used;
    bool older; // the request was written by the older version of the protocol
    struct ews_answer answer;
    struct outlook_item item;
    struct buf request; // EWS_REQUEST_BYTES
    struct buf state;   // EWS_STATE_BYTES: a SyncState that is coming
};

// Where the items of a run come from.
enum outlook_way {
    OUTLOOK_WAY_SERVER,     // Exchange on-premises by EWS, its directory by LDAP
    OUTLOOK_WAY_UNDECIDED,  // Exchange Online, before the first token told what it permits
    OUTLOOK_WAY_ASKING_EWS, // when Graph lacks a permission: whether EWS has it
    OUTLOOK_WAY_GRAPH,
    OUTLOOK_WAY_CLOUD_EWS, // Exchange Online by EWS; users by Graph
};

// What lasts for one run: zeroed by configure() and by release().
struct outlook_run {
    bool configured;
    enum outlook_way way;
    // Exchange Online: where tokens come from, Graph, and who the application is.
    struct dest login, graph;
    struct entra_account account;
    struct entra_token tokens[ENTRA_RESOURCES];
    err token_error;                     // why one cannot even be asked for
    i64 token_asked_ms[ENTRA_RESOURCES]; // when one was, the last time
    const void
        *askers[ENTRA_RESOURCES];   // the machine whose exchange is the token's (outlook_token.h)
    str username, password, domain; // into the texts below
    struct dest exchange;
    struct tls_trust trust;       // of Exchange and the directory
    struct dest directory;        // its address as written
    bool directory_fixed;         // ldaps:// was written: nothing else is tried
    bool directory_bare;          // a host alone: the port goes with the way
    bool directory_scheme;        // ldap:// was written: LDAPS is not tried
    bool plain_allowed;           // LDAP without TLS, when nothing else works
    bool document_level_security; // _allow_access_control is written, accounts have identities
    bool content;                 // attachments are fetched
    bool extract;                 // and their text is asked for, instead of indexing them
    bool older;                   // Exchange2013 instead of Exchange2013_SP1
    bool extract_away;            // the service was asked in vain, and has not answered since
    i64 pause_until_ms;           // Exchange asked for fewer requests
    i64 answers;                  // of mailboxes that worked
    i64 some_refused;
    u8 ids;       // enum graph_ids_state (graph_ids.h)
    u64 requests; // numbered, so that an answer to another one is known
    u8 username_bytes[OUTLOOK_FIELD_BYTES], password_bytes[OUTLOOK_FIELD_BYTES],
        domain_bytes[OUTLOOK_FIELD_BYTES];
    u8 login_bytes[OUTLOOK_FIELD_BYTES], graph_bytes[OUTLOOK_FIELD_BYTES];
    u8 exchange_bytes[OUTLOOK_FIELD_BYTES + 64], directory_bytes[OUTLOOK_FIELD_BYTES + 64];
};

struct outlook {
    struct outlook_settings settings;
    struct source *source;
    struct outlook_run run;
    struct http_auth auth;            // outlives runs: it knows whose connections are whose
    u8 notice[EXCHANGE_DETAIL_BYTES]; // source.notice
    struct hash_key hosts;            // numbers the destinations that records name
    struct outlook_reader *readers;
    int reader_count;
    struct plan ca_plan;
    u8 *ca_memory;   // OUTLOOK_CA_BYTES: the certificates of ssl_ca
    u8 *ca_text;     // OUTLOOK_CA_TEXT_BYTES: their text, one line each
    bool *file_used; // settings.file_count
};

// The cloud of Microsoft that config.yml names.
static inline const struct entra_cloud *outlook_cloud(const struct outlook *o)
{
    return o->settings.cloud ? o->settings.cloud : entra_cloud_at(0);
}

// source_ops.configure and release (outlook_configure.c).
err outlook_configure(void *src, const struct source_setup *setup, struct buf *detail);
void outlook_release(void *src);

#endif
