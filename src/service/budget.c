// SPDX-License-Identifier: Apache-2.0
// Counting errors (see budget.h).
#include "service/budget.h"

void budget_init(struct budget *b, int max_errors, i64 span_ms, i64 now_ms)
{
    *b = (struct budget){.max_errors = max_errors, .span_ms = span_ms, .since_ms = now_ms};
}

static bool budget_counts(err e)
{
    return err_is(e, ERR_ES_UNAUTHORIZED) || err_is(e, ERR_ES_FORBIDDEN) ||
           err_is(e, ERR_ES_REFUSED) || err_is(e, ERR_ES_NOT_FOUND) || err_is(e, ERR_ES_ANSWER) ||
           err_is(e, ERR_CALL_REQUEST) || err_is(e, ERR_CALL_TOO_LARGE);
}

void budget_note(struct budget *b, err e, i64 now_ms)
{
    if (!budget_counts(e)) {
        return;
    }
    if (now_ms - b->since_ms > b->span_ms) {
        b->since_ms = now_ms;
        b->errors = 0;
    }
    b->errors++;
    b->spent = b->spent || b->errors > b->max_errors;
}
