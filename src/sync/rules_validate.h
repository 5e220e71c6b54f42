// SPDX-License-Identifier: Apache-2.0
// Validation of sync rules, as a draft is judged in each round of the service and a snapshot at the
// start of its job (spec/sync-rules.md 3 and 4): schema, match-all patterns, semantic duplicates,
// then patterns that cannot be compiled (ours), then the advanced snippet.
#ifndef SYNC_RULES_VALIDATE_H
#define SYNC_RULES_VALIDATE_H

#include "sync/rules.h"

// Appends {"state":"valid"|"invalid","errors":[{"ids":[id],"messages":[text]}...]} to `json`.
// `filtering` as for rules_load(); `advanced`: the source has advanced rules (gmail), else a
// snippet is valid and ignored. `r` serves as memory: it is empty afterwards. RULES_TOO_LARGE when
// there is more than a set can hold, BUF_FULL when `json` is; both with facts in `detail`.
err rules_validate(struct rules *r, str filtering, bool advanced, struct buf *json, bool *valid,
                   struct buf *detail);

#endif
