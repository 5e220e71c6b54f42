// SPDX-License-Identifier: Apache-2.0
// What a sync did, in numbers: the only thing that progress displays and summaries read.
#ifndef SYNC_STATS_H
#define SYNC_STATS_H

#include "base/err.h"
#include "base/str.h"
#include "limits.h"

// Why something was left out; each with a text and an advice in stats.c.
enum skip_reason {
    SKIP_GONE,      // vanished between listing and reading
    SKIP_CORRUPT,   // could not be read even as raw bytes
    SKIP_TOO_LARGE, // fits no buffer
    SKIP_REJECTED,  // Elasticsearch refused the document
    SKIP_UNDECIDED, // weather after all retries: will be tried at the next sync
    SKIP_BAD_ID,    // the far side gave an id that cannot be used
    SKIP_TEXT_SIZE, // larger than elasticsearch.bulk.max_text_document_size
    SKIP_FILTERED,  // a sync rule excludes it: docs_filtered
    SKIP_REASONS
};

const char *skip_reason_text(enum skip_reason r);

enum sync_phase { SYNC_PREFLIGHT, SYNC_SCAN, SYNC_MAILBOXES, SYNC_PURGE, SYNC_FINISH, SYNC_ENDED };

struct sync_stats {
    enum sync_phase phase;
    i64 started_ms, ended_ms; // monotonic
    i64 existing;             // documents found in the index before
    i64 mailboxes_found, mailboxes_done, mailboxes_refused, mailboxes_failed;
    i64 mailboxes_explained; // refused, and the directory says why (suspended, archived, no
                             // mailbox)
    i64 longest_mailbox;     // messages of the largest mailbox
    i64 mailboxes_partial;   // done, with messages that are tried again at the next sync
    i64 messages_listed, messages_decided;
    i64 messages_dropped; // listed in a mailbox that then could not be read
    i64 documents_indexed, documents_updated, documents_unchanged, documents_deleted;
    i64 kept_from_purge; // unseen documents that were not deleted
    i64 skipped[SKIP_REASONS];
    i64 messages_repeated; // listed again by another query
    i64 indexed_bytes;     // of the documents that Elasticsearch took
    i64 raw_fallbacks;     // messages that went raw because they could not be read as mail
    i64 texts_missing;     // files that are indexed without the text that was wanted
    u16 text_code;         // enum err_code: why it was the last one that was told about
    i64 message_bytes, document_bytes;
    i64 quota_wait_ms;
};

// A line of the progress display: the open mailboxes.
struct sync_mailbox_view {
    str address;
    i64 listed, decided;
    bool listing; // more may come
};

#endif
