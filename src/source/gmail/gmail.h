// SPDX-License-Identifier: Apache-2.0
// The source "gmail": Google Workspace users through the Directory API, their messages through the
// Gmail API, as a service account with domain-wide delegation (spec/wire-gmail.md).
//
// Carved once, at start, by gmail_init(); then, through source_ops, configured for one run after
// another: configure() checks and takes what a record says, release() forgets it.
#ifndef SOURCE_GMAIL_GMAIL_H
#define SOURCE_GMAIL_GMAIL_H

#include "base/plan.h"
#include "net/proxy.h"
#include "source/source.h"

// What config.yml says, the same for all runs. Destinations and str must outlive the source.
struct gmail_settings {
    const struct dest *token, *directory, *gmail;
    bool token_fixed;          // `token` is used whatever token_uri an account names; else accounts
                               // may name another https URL
    const struct proxy *proxy; // for that one; NULL: none
    str no_proxy;
    int requests_per_mailbox;
    i64 quota_units_user_minute, quota_units_project_minute;
    bool estimate; // dry run: ask for sizeEstimate of a sample instead of raw mails
};

// Carves the source's pools and fills *out. Nothing may be asked of it but configure().
//
// configure() gives friendly errors, whose facts are in `detail`: GMAIL_ACCOUNT_JSON,
// GMAIL_ACCOUNT_UNKNOWN_FIELD, GMAIL_ACCOUNT_FIELD, GMAIL_ACCOUNT_KEY, GMAIL_SUBJECT,
// GMAIL_CUSTOMER_ID, GMAIL_TOKEN_URI, GMAIL_QUERY. After an error nothing is configured. The texts
// of setup->values are copied; those of setup->queries must outlive the run.
void gmail_init(struct plan *plan, const struct gmail_settings *settings, struct source *out);

// token_uri of a service account, with no memory but the caller's.
err gmail_token_uri(str service_account, struct buf *out, struct buf *detail);

#endif
