// SPDX-License-Identifier: Apache-2.0
// Aimed at gmail_token_read(), gmail_token_header() and gmail_answer_take(). A token that is taken
// makes one clean header line and has a life; one that is not leaves none behind.
#include "../tests/unit/gmail_below.h"

#include "source/gmail/gmail_token.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static struct gmail_token token;
    static u8 answer_bytes[GMAIL_ANSWER_BYTES], header_bytes[GMAIL_TOKEN_BYTES + 64];
    memset(&token, 0, sizeof token);
    token.asked_ms = 1000;
    struct gmail_answer answer;
    gmail_answer_start(&answer, answer_bytes, COUNT(answer_bytes));
    str in = str_make(p, (isize)n);
    while (in.n) { // in pieces
        str piece = str_slice(in, 0, in.n < 100 ? in.n : 100);
        in = str_from_index(in, piece.n);
        gmail_answer_take(&answer, &piece);
        ASSERT(piece.n == 0);
    }
    err e = gmail_token_read(&token, &answer);
    ASSERT(err_ok(e) == gmail_token_is_usable(&token, 1000));
    if (!err_ok(e)) {
        ASSERT(err_is(e, ERR_TOKEN_ANSWER) && token.generation == 0);
        return 0;
    }
    ASSERT(token.renew_ms > 1000 && token.renew_ms < token.expires_ms &&
           token.expires_ms <= 1000 + 86400000);
    struct exchange x = {.headers = buf_over(header_bytes, COUNT(header_bytes))};
    gmail_token_header(&token, &x);
    str line = buf_str(&x.headers);
    ASSERT(!x.headers.full && str_find(line, S("\r\n")) == line.n - 2);
    ASSERT(http1_is_field_value(str_slice(line, 0, line.n - 2)));
    ASSERT(gmail_token_is_due(&token, token.renew_ms));
    err refused = gmail_token_refuse(&token, token.generation);
    ASSERT(err_ok(refused) && !gmail_token_is_usable(&token, 1000));
    return 0;
}
