// SPDX-License-Identifier: Apache-2.0
// Aimed at gmail_account_read() and gmail_token_uri(). Both see the same text: what one takes as
// JSON the other takes too, a token URI that both find is the same, scratch memory is wiped, and
// messages never hold what stands in quotes behind "private_key".
#include "../tests/unit/gmail_below.h"

#include "source/gmail/gmail.h"
#include "source/gmail/gmail_account.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static u8 scratch[GMAIL_ACCOUNT_BYTES + GMAIL_KEY_BYTES], detail_bytes[512], uri_bytes[600];
    static struct gmail_account account;
    if (n > GMAIL_ACCOUNT_BYTES) {
        return 0;
    }
    str text = str_make(p, (isize)n);
    memset(&account, 0, sizeof account);
    struct buf detail = buf_over(detail_bytes, COUNT(detail_bytes));
    rig_keys = 0;
    account.key = crypto_key_take(NULL);
    err e = gmail_account_read(&account, text, scratch, &detail);
    ASSERT(err_ok(e) == (detail.n == 0));
    ASSERT(str_find(buf_str(&detail), S("SECRET")) < 0 || str_find(text, S("SECRET\":")) >= 0 ||
           err_is(e, ERR_GMAIL_ACCOUNT_UNKNOWN_FIELD));
    for (isize i = 0; i < COUNT(scratch); i++) {
        ASSERT(scratch[i] == 0);
    }

    struct buf uri = buf_over(uri_bytes, COUNT(uri_bytes));
    detail = buf_over(detail_bytes, COUNT(detail_bytes));
    err u = gmail_token_uri(text, &uri, &detail);
    if (err_ok(e)) {
        ASSERT(account.email.n && account.key_id.n && rig_keys == 1);
        ASSERT(http1_is_field_value(account.email) && http1_is_field_value(account.token_uri));
        // Of equal keys the one takes the last, the other all.
        ASSERT(err_ok(u) &&
               (str_eq(account.token_uri, buf_str(&uri)) || str_find(text, S("token_uri")) >= 0));
    }
    return 0;
}
