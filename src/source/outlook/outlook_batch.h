// SPDX-License-Identifier: Apache-2.0
// The part of outlook_fetch that decides what an answer about several items, or the lack of one,
// means for each of them (spec/wire-ews.md 8, 13, 14): which are asked for again, and how many at a
// time; whether an error is that of one item or of the mailbox.
#ifndef SOURCE_OUTLOOK_OUTLOOK_BATCH_H
#define SOURCE_OUTLOOK_OUTLOOK_BATCH_H

#include "source/outlook/outlook_fetch.h"

int outlook_batch_most(const struct fetch *f); // items of the next request

// The answer to GetItem is whole; there was none, but the error `e`; that was the last attempt.
err outlook_batch_end(struct outlook *o, struct fetch *f, struct exchange *x);
err outlook_batch_end_refused(struct outlook *o, struct fetch *f, err e);
void outlook_batch_fail(struct fetch *f, err e);

// Whether what the answer in hand refuses is the mailbox, and not an item.
bool outlook_batch_is_refused(struct fetch *f);

#endif
