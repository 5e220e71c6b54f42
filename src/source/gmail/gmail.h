// SPDX-License-Identifier: Apache-2.0
// The source "gmail": Google Workspace users through the Directory API, their messages through the
// Gmail API, as a service account with domain-wide delegation (spec/wire-gmail.md).
#ifndef SOURCE_GMAIL_GMAIL_H
#define SOURCE_GMAIL_GMAIL_H

#include "base/plan.h"
#include "net/crypto.h"
#include "source/source.h"

// What the configuration says. All str must outlive the source.
struct gmail_settings {
    str service_account; // JSON text: object, or a string holding one (doubly encoded); secret
    str subject;         // Workspace admin
    str customer_id;
    bool include_spam_and_trash;
    bool include_full_raw_message;
    bool document_level_security; // toggle and feature: _allow_access_control is written
    const struct dest *token, *directory,
        *gmail; // token: NULL when token_uri of the account is used
    int requests_per_mailbox;
    i64 quota_units_user_minute, quota_units_project_minute;
    bool estimate; // dry run: ask for sizeEstimate of a sample instead of raw mails
};

// Carves the source's pools and fills *out, then reads and checks everything that needs no network.
// After an error only out->ops may be used. Friendly errors, named in `detail`:
// GMAIL_ACCOUNT_JSON, GMAIL_ACCOUNT_KEY, GMAIL_ACCOUNT_UNKNOWN_FIELD, GMAIL_SUBJECT, GMAIL_KEY, ...
err gmail_open(struct plan *plan, const struct gmail_settings *settings, struct source *out,
               struct buf *detail);

// token_uri of the service account, before gmail_open: the caller makes a destination of it.
err gmail_token_uri(str service_account, struct buf *out, struct buf *detail);

void gmail_close(struct source *s); // wipes key and tokens

#endif
