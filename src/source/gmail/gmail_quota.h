// SPDX-License-Identifier: Apache-2.0
// A token bucket in Gmail quota units: so many a minute, with a burst of GMAIL_BURST_MS. Whole
// numbers only; what it holds is counted in 1/60000 units, so that a millisecond is worth
// units_minute of them.
#ifndef SOURCE_GMAIL_QUOTA_H
#define SOURCE_GMAIL_QUOTA_H

#include "base/types.h"

struct gmail_quota {
    i64 units_minute;
    i64 level; // 1/60000 units
    i64 at_ms; // of `level`; 0: never used, so it is full
};

// The first moment at which `units` are there: now_ms or later. Takes nothing.
i64 gmail_quota_ready_ms(struct gmail_quota *q, i64 units, i64 now_ms);

// Takes them; gmail_quota_ready_ms() has said now.
void gmail_quota_take(struct gmail_quota *q, i64 units);

#endif
