// SPDX-License-Identifier: Apache-2.0
// The source "outlook": mails, calendars, contacts, tasks and attachments of Exchange mailboxes
// through Exchange Web Services, their owners from Active Directory through LDAP
// (spec/wire-ews.md, wire-ldap.md, documents.md).
//
// Carved once, at start, by outlook_init(); then, through source_ops, configured for one run after
// another: configure() checks and takes what a record says, release() forgets it.
#ifndef SOURCE_OUTLOOK_OUTLOOK_H
#define SOURCE_OUTLOOK_OUTLOOK_H

#include "base/plan.h"
#include "net/proxy.h"
#include "os/os.h"
#include "source/outlook/entra_account.h"
#include "source/source.h"

enum outlook_backend {    // outlook.backend: how mailboxes of Exchange Online are read
    OUTLOOK_BACKEND_AUTO, // by Graph, unless it lacks a permission that EWS has
    OUTLOOK_BACKEND_GRAPH,
    OUTLOOK_BACKEND_EWS,
};

enum outlook_ldap_bind { // outlook.ldap_bind; see outlook_bind.h
    OUTLOOK_LDAP_BIND_AUTO,
    OUTLOOK_LDAP_BIND_SIMPLE,
    OUTLOOK_LDAP_BIND_NTLM,
};

// Files by which content goes to the extraction service, instead of its requests. They are made
// after the sources are: before that nothing is asked of those.
struct outlook_files {
    str folder; // its absolute path, at most OUTLOOK_FOLDER_PATH_BYTES
    struct os_shared shared;
};

// What config.yml says, the same for all runs; texts must outlive the source.
struct outlook_settings {
    const struct tls_trust *trust; // when the record names no certificate: roots and ca_file
    bool require_verification;     // TLS without it is refused, whatever the record says
    const struct proxy *proxy;     // for Exchange; NULL: none
    str no_proxy;
    int requests;             // to Exchange at the same time, by one run; 0: OUTLOOK_REQUESTS
    int requests_per_mailbox; // 0: OUTLOOK_IN_FLIGHT
    i64 max_file_bytes;       // of an attachment whose content is fetched
    // Where the text extraction service is, for records that ask for it; NULL: nowhere.
    const struct dest *extraction;
    i64 extraction_timeout_ms; // of one file
    // The source's own files begin there; one for each fetch under way. NULL: requests hold
    // content.
    const struct outlook_files *files;
    int files_from, file_count;
    bool html_always;           // plain text bodies are read as HTML too
    bool only_basic;            // NTLM is not tried
    bool delegate;              // no impersonation: the service account has rights on the mailboxes
    str ldap_base, ldap_filter; // instead of the domain's, and of the two searches; empty: those
    enum outlook_ldap_bind ldap_bind;
    // Exchange Online.
    enum outlook_backend backend;
    const struct entra_cloud *cloud;       // NULL: global
    const struct entra_identity *identity; // certificate or token file; NULL: records have secrets
    str login_url, graph_url, ews_url;     // instead of the cloud's; empty: those
    bool extended;                         // documents have more members
    bool include_disabled; // mailboxes of disabled accounts are read: shared ones, rooms
    str include, exclude;  // addresses, one a line: read although disabled; not read
    bool estimate;         // dry run: sizes as listed, nothing is read
};

// Carves the source's pools and fills *out. Nothing may be asked of it but configure().
//
// configure() gives friendly errors, whose facts are in `detail`: OUTLOOK_DATA_SOURCE,
// OUTLOOK_SERVER, OUTLOOK_DIRECTORY, OUTLOOK_CA, CONFIG_VERIFICATION, LDAP_NTLM_NAME. After an
// error nothing is configured. The texts of setup->values are copied.
void outlook_init(struct plan *plan, const struct outlook_settings *settings, struct source *out);

#endif
