// SPDX-License-Identifier: Apache-2.0
// The part of outlook_fetch that reads answers to GetItem: each item of one goes into the lane's
// buffer behind the one before it, with what became of it in outlook_fetch.results. What is left
// without a result is asked for again.
#ifndef SOURCE_OUTLOOK_OUTLOOK_ITEMS_H
#define SOURCE_OUTLOOK_OUTLOOK_ITEMS_H

#include "source/outlook/outlook_fetch.h"

str outlook_items_owner(const struct outlook *o, const struct fetch *f); // empty: nobody is named
enum ews_kind outlook_items_kind(const struct fetch *f);                 // of all units of a batch
void outlook_items_decide(struct outlook_fetch *of, int unit, enum fetch_verdict verdict, err e);

void outlook_items_event(struct outlook *o, struct fetch *f, struct outlook_reader *r,
                         enum ews_event event);

#endif
