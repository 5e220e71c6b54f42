// SPDX-License-Identifier: Apache-2.0
// What is kept of one answer of Google: its status, when it says to come back, and its small text
// (an error, a token, a page without its elements). A text that is longer than its memory is cut,
// and is then no JSON any more: the status alone decides.
#ifndef SOURCE_GMAIL_ANSWER_H
#define SOURCE_GMAIL_ANSWER_H

#include "base/buf.h"
#include "codec/http1.h"

struct gmail_answer {
    int status;      // 0: no head came
    i64 retry_at_ms; // monotonic, from Retry-After; 0: none
    struct buf text;
};

void gmail_answer_start(struct gmail_answer *a, void *p, isize cap);
void gmail_answer_head(struct gmail_answer *a, const struct http_head *head);
void gmail_answer_take(struct gmail_answer *a, str *in); // takes all of it

#endif
