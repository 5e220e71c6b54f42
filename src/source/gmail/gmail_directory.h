// SPDX-License-Identifier: Apache-2.0
// The walk over the directory: the administrator's token, then every user, page by page. Steps as
// source.h asks for them (accounts_*). DONE only after the last page was read whole.
#ifndef SOURCE_GMAIL_DIRECTORY_H
#define SOURCE_GMAIL_DIRECTORY_H

#include "codec/json.h"
#include "source/gmail/gmail_mailbox.h"

struct gmail_directory {
    struct gmail_token token;
    enum gmail_asking asking;
    u32 generation; // of the token that the page in hand was asked with
    struct gmail_answer answer;
    struct json_stream stream;
    struct buf element;
    bool page_read, is_complete;
    bool failed;
    int restarts;
    int pages;    // read
    int elements; // of the page in hand
    // A user that was read and not taken: offered again, before the byte that was given back for
    // it.
    bool pending;
    isize address_bytes, flags_bytes, created_bytes;
    u8 address[ADDRESS_BYTES * 2], flags[32], created[GMAIL_CREATED_BYTES];
    isize page_token_bytes;
    u8 page_token[GMAIL_PAGE_TOKEN_BYTES];
    u8 element_bytes[GMAIL_USER_ELEMENT_BYTES];
    u8 answer_bytes[GMAIL_ANSWER_BYTES];
};

enum step gmail_directory_next(void *src, void *st, i64 now_ms, struct exchange *x);
err gmail_directory_head(void *src, void *st, struct exchange *x, const struct http_head *head);
err gmail_directory_body(void *src, void *st, struct exchange *x, str *in,
                         const struct account_sink *to);
err gmail_directory_end(void *src, void *st, struct exchange *x);
bool gmail_directory_fail(void *src, void *st, struct exchange *x, err e);

#endif
