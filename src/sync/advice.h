// SPDX-License-Identifier: Apache-2.0
// What the operator should know after a sync besides errors: at most ADVICE_MAX sentences, each
// with what to do. A sentence that does not fit is cut; one too many is dropped.
#ifndef SYNC_ADVICE_H
#define SYNC_ADVICE_H

#include "base/buf.h"
#include "limits.h"

struct advice {
    u8 text[ADVICE_MAX][ADVICE_BYTES];
    struct buf rows[ADVICE_MAX];
    isize count;
};

void advice_reset(struct advice *a);
struct buf *advice_add(struct advice *a); // a fresh sentence to put into

#endif
