// SPDX-License-Identifier: Apache-2.0
// The retry policy as tables and arithmetic (see retry.h). Pure: clock and randomness come in.
#include "net/retry.h"

#include "base/date.h"

const struct retry_policy retry_default = {.attempts = 6, .base_ms = 1000, .max_ms = 64000};

err retry_status_error(int status)
{
    switch (status) {
    case 401:
        return FAIL(HTTP_UNAUTHORIZED);
    case 403:
        return FAIL(HTTP_FORBIDDEN);
    case 404:
    case 410:
        return FAIL(HTTP_NOT_FOUND);
    case 409:
        return FAIL(HTTP_CONFLICT);
    case 413:
        return FAIL(HTTP_TOO_LARGE);
    case 408: // the server waited too long for the request
    case 425: // replay suspected
    case 429:
        return FAIL(HTTP_BUSY);
    case 501: // the method is not known: it will not be known later
    case 505:
        return FAIL(HTTP_STATUS);
    default:
        break;
    }
    if (status >= 200 && status < 300) {
        return OK;
    }
    if (status >= 300 && status < 400) {
        return FAIL(HTTP_REDIRECT);
    }
    if (status >= 400 && status < 500) {
        return FAIL(HTTP_REFUSED);
    }
    return status >= 500 && status < 600 ? FAIL(HTTP_BUSY) : FAIL(HTTP_STATUS);
}

i64 retry_pause_ms(const struct retry_policy *policy, int attempt, u64 random)
{
    i64 pause = policy->base_ms;
    if (policy->linear) {
        pause = attempt < policy->max_ms / (policy->base_ms + 1) + 1 ? pause * attempt
                                                                     : policy->max_ms;
    } else {
        for (int i = 1; i < attempt && pause < policy->max_ms; i++) {
            pause *= 2;
        }
    }
    pause = pause < policy->max_ms ? pause : policy->max_ms;
    // From three quarters to five quarters, so that those who failed together do not return
    // together.
    return pause - pause / 4 + (i64)(random % (u64)(pause / 2 + 1));
}

i64 retry_after_ms(const struct http_head *head, i64 now_unix_s)
{
    bool found;
    str value = str_trim(http1_header(head, S("retry-after"), &found));
    u64 seconds;
    i64 at_s;
    i64 wait_ms = -1;
    if (!found) {
        return -1;
    }
    if (str_to_u64(value, &seconds)) {
        wait_ms = seconds > RETRY_AFTER_MAX_MS / 1000 ? RETRY_AFTER_MAX_MS : (i64)seconds * 1000;
    } else if (date_parse_http(value, &at_s)) {
        i64 left_s = at_s > now_unix_s ? at_s - now_unix_s : 0;
        wait_ms = left_s > RETRY_AFTER_MAX_MS / 1000 ? RETRY_AFTER_MAX_MS : left_s * 1000;
    }
    return wait_ms;
}
