// SPDX-License-Identifier: Apache-2.0
// Are Google's APIs there, and do they take these credentials: one page of one user of the
// directory, then the administrator's own Gmail profile, each with a token of its own scope
// (spec/configuration.md 5, elastic-protocol.md 8). Four requests. Steps as source.h asks for them
// (ping_*). The administrator may be without a mailbox.
#ifndef SOURCE_GMAIL_PING_H
#define SOURCE_GMAIL_PING_H

#include "source/gmail/gmail_token.h"

enum gmail_ping_step {
    GMAIL_PING_TOKEN_DIRECTORY, // 0: where it begins
    GMAIL_PING_USERS,
    GMAIL_PING_TOKEN_GMAIL,
    GMAIL_PING_PROFILE,
    GMAIL_PING_DONE,
    GMAIL_PING_FAILED,
};

struct gmail_ping {
    enum gmail_ping_step step;
    struct gmail_token token;
    struct gmail_answer answer;
    u8 answer_bytes[GMAIL_ANSWER_BYTES];
};

enum step gmail_ping_next(void *src, void *st, i64 now_ms, struct exchange *x);
err gmail_ping_head(void *src, void *st, struct exchange *x, const struct http_head *head);
err gmail_ping_body(void *src, void *st, struct exchange *x, str *in);
err gmail_ping_end(void *src, void *st, struct exchange *x);
bool gmail_ping_fail(void *src, void *st, struct exchange *x, err e);

#endif
