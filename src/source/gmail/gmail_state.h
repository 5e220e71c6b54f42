// SPDX-License-Identifier: Apache-2.0
// What the Gmail source knows beyond one mailbox: settings, service account, the project's quota,
// and what has worked so far in this run. Made by gmail_open(), one a source; only gmail/ looks
// into it.
#ifndef SOURCE_GMAIL_STATE_H
#define SOURCE_GMAIL_STATE_H

#include "source/gmail/gmail.h"
#include "source/gmail/gmail_account.h"
#include "source/gmail/gmail_quota.h"

struct gmail {
    struct gmail_settings settings;
    struct source *source; // its counters
    struct gmail_account account;
    struct dest token_dest; // settings.token without its path, which is the whole target
    str token_target;
    struct gmail_quota project_quota;
    i64 project_pause_ms; // nobody asks Gmail before this: the quota of the day is used up
    i64 tokens_granted;   // to mailboxes
    i64 pages_read;       // of messages
    i64 some_refused;     // mailboxes, for reasons that may be everybody's
};

#endif
