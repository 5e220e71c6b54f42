// SPDX-License-Identifier: Apache-2.0
// One message to one document: the machine of a lane. Steps as source.h asks for them (fetch_*).
#ifndef SOURCE_GMAIL_MESSAGE_H
#define SOURCE_GMAIL_MESSAGE_H

#include "codec/base64.h"
#include "source/gmail/gmail_mailbox.h"

struct gmail_message {
    bool decided;               // the verdict stands
    u32 generation;             // of the token that it was asked with
    struct gmail_answer answer; // its text: the message without its content, or an error
    struct json_stream stream;
    struct base64_decoder decoder;       // of the trimmed form
    struct base64_translator translator; // of the full form
    i64 raw_chars;                       // of the string "raw", as delivered
    int raw_strings;                     // how many there were
    bool is_too_large;                   // for the largest buffer: the rest is thrown away
    u8 answer_bytes[GMAIL_MESSAGE_REST_BYTES];
    u8 suffix[GMAIL_SUFFIX_BYTES]; // members behind _attachment
};

enum step gmail_message_next(void *src, struct fetch *f, i64 now_ms, struct exchange *x);
err gmail_message_head(void *src, struct fetch *f, struct exchange *x,
                       const struct http_head *head);
err gmail_message_body(void *src, struct fetch *f, struct exchange *x, str *in);
err gmail_message_end(void *src, struct fetch *f, struct exchange *x);
void gmail_message_fail(void *src, struct fetch *f, struct exchange *x, err e);

#endif
