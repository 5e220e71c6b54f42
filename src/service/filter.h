// SPDX-License-Identifier: Apache-2.0
// An edited draft of sync rules on its way to being active (spec/elastic-protocol.md 8.2,
// spec/sync-rules.md 1): what is to be validated, and what is written about the result. Pure.
//
// `validation` is the JSON that rules_validate() (sync/) makes: {"state":"valid","errors":[]}.
#ifndef SERVICE_FILTER_H
#define SERVICE_FILTER_H

#include "elastic/connector.h"
#include "sync/rules_validate.h"

// The draft of domain DEFAULT waits for its validation.
bool filter_is_edited(const struct connector *c);

// Its JSON, for rules_validate(); valid as long as *c. "null": there is none.
str filter_draft(const struct connector *c);

// Judges the draft: `validation` is emptied and gets the result, *valid says which it is. `rules`
// is memory that is empty afterwards; `advanced`: schema.advanced_rules of the source. A draft that
// is larger than a set of rules may be is invalid, and so is told to whoever edits it. BUF_FULL: so
// much is wrong that it does not fit `validation`.
err filter_validate(const struct connector *c, struct rules *rules, bool advanced,
                    struct buf *validation, bool *valid);

// PUT _filtering/_validation: {"validation":...}.
void filter_put_validation(struct buf *b, str validation);

// Without the API: {"doc":{"filtering":[...]}}, the whole array, for an update under the guard of
// *c. Only the entry that was looked at differs: its draft has the validation, and when that is
// valid the active filter is the same as the draft.
void filter_put_direct(struct buf *b, const struct connector *c, str validation, bool valid);

#endif
