// SPDX-License-Identifier: Apache-2.0
// An access control sync: every account of the directory becomes one document of
// `.search-acl-filter-<index>` (spec/elastic-protocol.md 11.3, spec/documents.md 8.3 and 9). Known
// ids are updated (doc_as_upsert), new ones indexed, vanished ones deleted; nothing is deleted when
// the directory was not read to its end. With document level security off in the configuration it
// ends with ACCESS_OFF and touches nothing (the service that this program replaces empties the
// index).
//
// Where a key lacks a right, the error is ES_KEY_RIGHTS and access_detail() the whole text.
//
// The same face as sync/job.h: init once, configure and start for each run, step after each turn.
#ifndef SYNC_ACCESS_H
#define SYNC_ACCESS_H

#include "sync/job.h"

struct access_settings {
    isize accounts;             // capacity of its id set
    struct source_bytes states; // of sources that runs may have instead of the one of access_init()
    struct elastic_settings elastic;
    struct bulk_settings bulk;
};

struct access_run {
    struct source *source; // NULL: that of access_init()
    str index;             // with its prefix, as the job's snapshot says
    str authorization;     // of the connector's own key; empty: that of the settings
    bool enabled;          // toggle and feature
    str pipeline;          // of the job's snapshot; empty: none
};

struct access;

struct access *access_init(struct plan *plan, const struct access_settings *settings,
                           struct loop *loop, struct source *source, struct log *log);
void access_configure(struct access *a, const struct access_run *run);
void access_start(struct access *a);
void access_step(struct access *a);
i64 access_wait_ms(const struct access *a);
bool access_is_done(const struct access *a);
void access_stop(struct access *a);
enum job_end access_end(const struct access *a);
err access_error(const struct access *a);
str access_detail(const struct access *a);
const struct sync_stats *access_stats(const struct access *a);

#endif
