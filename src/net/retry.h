// SPDX-License-Identifier: Apache-2.0
// The retry policy in one place: which answers are weather, and how long to wait.
#ifndef NET_RETRY_H
#define NET_RETRY_H

#include "net/exchange.h"

// exchange.retry_at_ms of an attempt that failed for what the next one does otherwise: no pause,
// but for a Retry-After. It counts as any other attempt.
#define RETRY_AT_ONCE (-1)

extern const struct retry_policy retry_default; // 6 attempts, 1 s doubling to 64 s

// The error that a status means when nothing in its body says otherwise: OK for 2xx; HTTP_BUSY
// (RETRY) for 408, 425, 429 and 5xx but 501 and 505; HTTP_UNAUTHORIZED (AUTH) for 401;
// HTTP_FORBIDDEN, HTTP_NOT_FOUND (404, 410), HTTP_CONFLICT, HTTP_TOO_LARGE (413), HTTP_REDIRECT
// (3xx), HTTP_REFUSED (other 4xx), HTTP_STATUS (rest).
err retry_status_error(int status);

// Pause before attempt `attempt` + 1 (attempt >= 1 were made), with jitter from `random`: 75 % to
// 125 % of base * 2^(attempt-1), or base * attempt, where max_ms bounds it before the jitter.
i64 retry_pause_ms(const struct retry_policy *policy, int attempt, u64 random);

// Retry-After (RFC 9110, 10.2.3) of an answer: milliseconds from now, -1 when absent or unreadable.
// At most RETRY_AFTER_MAX_MS.
i64 retry_after_ms(const struct http_head *head, i64 now_unix_s);

#endif
