// SPDX-License-Identifier: Apache-2.0
// The observer keeps its own model of the world: which messages exist, since when, with which
// bytes; what was asked, answered, delivered; what lies in the index. After each run it compares.
// It believes neither the product nor the tenant's counters.
#ifndef SIM_OBSERVER_H
#define SIM_OBSERVER_H

#include "far_request.h"

// How mailboxes of Exchange are read, and so which documents there are.
enum exchange_way { WAY_EWS, WAY_GRAPH };

struct observer_settings {
    bool document_level_security, full_raw, spam_and_trash;
    bool exchange;  // the source is Exchange
    bool offsets;   // Exchange lists by offsets
    bool strangers; // in the directory, without a mailbox
    bool cloud;     // Exchange Online
    const char *index;
    i64 pages; // of listings are not counted twice
};

void observer_world(struct tenant *t, const struct observer_settings *s);

// ---- while a run goes on
struct observer_run {
    bool full;             // --full: known documents are read again
    bool purge;            // purge.enabled
    bool changes;          // only what has changed may be listed: who is gone is not always said
    bool settled;          // ... but of items, by the third run in a row without any trouble
    bool only_some;        // --mailbox was given
    i64 chunk_bytes;       // of a bulk request: what does not fit flies alone
    bool small_limits;     // id set, roster or shares may keep documents that could go
    bool retry_after_date; // dates mean something: the unix clock does not step
    enum exchange_way way; // that it is expected to go; in the end: that it went
};
void observer_run_begin(const struct observer_run *run);
void observer_message_came(int mailbox, i64 index);
void observer_message_went(int mailbox, i64 index);

int observer_asked(const struct t_request *q, enum request_kind kind);
void observer_answered(int note, const struct t_response *r, bool damaged);
void observer_doubted(int note); // the product may take something else for this answer
void observer_delivered(int note);
void observer_lost(int note);

// ---- its end
struct observer_end {
    bool finished; // the process ended by itself: there is an exit code and a summary
    int exit_code;
    bool stopped; // it had been told to
    str summary, log;
    i64 bytes_in, bytes_out; // on the wire, when the summary was written
    bool calm;               // nothing had gone wrong: it must have completed
};
void observer_run_end(const struct observer_end *end);

// Strings that must not be found anywhere but where they belong.
isize observer_secrets(const str **list);

#endif
