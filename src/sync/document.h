// SPDX-License-Identifier: Apache-2.0
// What every document gets, whatever its source (spec/elastic-protocol.md 11.2): its id, and the
// flags that pipelines look at.
#ifndef SYNC_DOCUMENT_H
#define SYNC_DOCUMENT_H

#include "base/buf.h"
#include "limits.h"

// The _id of a unit: its own id, or the lower-case hex MD5 of one that is longer than Elasticsearch
// takes. The result points into `id` or into `bytes`.
str document_id(str id, u8 bytes[DOCUMENT_ID_BYTES]);

struct document_flags {
    bool extract_binary_content, reduce_whitespace, run_ml_inference;
};

// Appends ,"id":...,"_extract_binary_content":... to the members that are in *whole from
// `members_from` on.
void document_finish(struct buf *whole, isize members_from, str id,
                     const struct document_flags *flags);

#endif
