// SPDX-License-Identifier: Apache-2.0
// What one element of a `_bulk` answer's "items" means. Pure.
#ifndef ELASTIC_BULK_VERDICT_H
#define ELASTIC_BULK_VERDICT_H

#include "elastic/bulk.h"

enum verdict_kind {
    VERDICT_TAKEN,
    VERDICT_REJECTED, // this document will never be taken
    VERDICT_AGAIN,    // refused for the moment, or the server failed on it
    VERDICT_BLOCKED,  // the index is blocked: the disk is full, or it was made read-only
    VERDICT_STOP,     // no document will be taken: `error` says why
    VERDICT_UNREADABLE,
};

struct verdict {
    enum verdict_kind kind;
    int status;
    bool updated, dropped;
    str id; // as JSON string content, pointing into the element; empty: it is not there
    err error;
    struct elastic_error words; // points into the element
};

// `cut`: only the beginning of the element is there (its words are very long).
struct verdict bulk_verdict_read(str element, bool cut, enum bulk_op op);

// Also for the words of a whole answer: a missing pipeline, whatever the status.
bool bulk_verdict_is_pipeline_missing(const struct elastic_error *words);
bool bulk_verdict_is_block(const struct elastic_error *words);

#endif
