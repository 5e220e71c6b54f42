// SPDX-License-Identifier: Apache-2.0
// How many errors a service may meet before the process gives up (spec/elastic-protocol.md 7):
// `service.max_errors` within `service.max_errors_span`. What Elasticsearch refuses or answers
// wrongly counts; what is weather does not, however long it lasts: a cluster that is down for hours
// is no reason to end.
#ifndef SERVICE_BUDGET_H
#define SERVICE_BUDGET_H

#include "base/err.h"

struct budget {
    int max_errors;
    i64 span_ms;
    i64 since_ms; // of the present span
    int errors;
    bool spent;
};

void budget_init(struct budget *b, int max_errors, i64 span_ms, i64 now_ms);
void budget_note(struct budget *b, err e, i64 now_ms);

#endif
