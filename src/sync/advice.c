// SPDX-License-Identifier: Apache-2.0
// Sentences for the summary (see advice.h).
#include "sync/advice.h"

void advice_reset(struct advice *a)
{
    a->count = 0;
}

struct buf *advice_add(struct advice *a)
{
    // The last row is the overflow: it is written again and again rather than an array overrun.
    isize i = a->count < ADVICE_MAX ? a->count++ : ADVICE_MAX - 1;
    a->rows[i] = buf_over(a->text[i], ADVICE_BYTES);
    return &a->rows[i];
}
