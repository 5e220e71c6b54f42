// SPDX-License-Identifier: Apache-2.0
// What the Gmail source knows beyond one mailbox: settings, the run's configuration and service
// account, the project's quota, and what has worked so far in this run. Carved by gmail_init(), one
// a source; only gmail/ looks into it.
#ifndef SOURCE_GMAIL_STATE_H
#define SOURCE_GMAIL_STATE_H

#include "base/hash.h"
#include "source/gmail/gmail.h"
#include "source/gmail/gmail_account.h"
#include "source/gmail/gmail_quota.h"

// What lasts for one run: zeroed by configure() and by release().
struct gmail_run {
    bool configured;
    str subject, customer_id; // into the texts below
    bool include_spam_and_trash;
    bool include_full_raw_message;
    bool document_level_security; // _allow_access_control is written, accounts have identities
    const str *queries;           // the caller's; each mailbox is listed once a query
    isize query_count;            // 0: once, without
    struct dest token_dest;       // without its path, which is the whole target
    str token_target;
    struct gmail_quota project_quota;
    i64 project_pause_ms; // nobody asks Gmail before this: the quota of the day is used up
    i64 tokens_granted;   // to mailboxes
    i64 pages_read;       // of messages
    i64 some_refused;     // mailboxes, for reasons that may be everybody's
    u8 subject_bytes[ADDRESS_BYTES], customer_bytes[GMAIL_FIELD_BYTES];
};

struct gmail {
    struct gmail_settings settings;
    struct source *source; // its counters
    struct gmail_account account;
    struct gmail_run run;
    u8 *scratch;           // GMAIL_ACCOUNT_BYTES + GMAIL_KEY_BYTES: a key file while it is read
    struct hash_key hosts; // numbers the destinations that accounts name
};

// source_ops.configure and release (gmail_configure.c).
err gmail_configure(void *src, const struct source_setup *setup, struct buf *detail);
void gmail_release(void *src);

#endif
