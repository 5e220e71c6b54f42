// SPDX-License-Identifier: Apache-2.0
// The texts of what was left out.
#include "sync/stats.h"

const char *skip_reason_text(enum skip_reason r)
{
    static const char *const texts[SKIP_REASONS] = {
        [SKIP_GONE] = "vanished between listing and reading",
        [SKIP_CORRUPT] = "unreadable in the answer of the source",
        [SKIP_TOO_LARGE] = "too large for every buffer or for the cluster",
        [SKIP_REJECTED] = "refused by Elasticsearch",
        [SKIP_UNDECIDED] = "not reached after all retries; tried again at the next sync",
        [SKIP_BAD_ID] = "without a usable id",
        [SKIP_TEXT_SIZE] = "larger than elasticsearch.bulk.max_text_document_size",
        [SKIP_FILTERED] = "excluded by the sync rules",
    };
    ASSERT(r < SKIP_REASONS && texts[r]);
    return texts[r];
}
