// SPDX-License-Identifier: Apache-2.0
// The token bucket (see gmail_quota.h). It holds at least one messages.get, however few units a
// minute there are, so that nothing waits for ever. spec/wire-gmail.md 7.
#include "source/gmail/gmail_quota.h"

#include "limits.h"

enum { PARTS = 60000 }; // of a unit

i64 gmail_quota_ready_ms(struct gmail_quota *q, i64 units, i64 now_ms)
{
    i64 cap = q->units_minute * GMAIL_BURST_MS;
    cap = cap > GMAIL_UNITS_GET * PARTS ? cap : GMAIL_UNITS_GET * PARTS;
    // A clock that stands still or a long pause must neither lose units nor overflow.
    i64 elapsed_ms = now_ms > q->at_ms ? now_ms - q->at_ms : 0;
    if (q->at_ms == 0 || elapsed_ms > cap / q->units_minute) {
        q->level = cap;
    } else {
        q->level += elapsed_ms * q->units_minute;
        q->level = q->level < cap ? q->level : cap;
    }
    q->at_ms = now_ms > q->at_ms ? now_ms : q->at_ms;
    i64 missing = units * PARTS - q->level;
    return missing <= 0 ? now_ms : now_ms + (missing + q->units_minute - 1) / q->units_minute;
}

void gmail_quota_take(struct gmail_quota *q, i64 units)
{
    q->level -= units * PARTS;
}
