// SPDX-License-Identifier: Apache-2.0
// What the Gmail source takes from below, for tests: clocks that the test moves, and a key that
// signs nothing. With these the program links neither os/ nor mbedTLS. Real signatures:
// test_gmail_account.c.
#ifndef TESTS_UNIT_GMAIL_BELOW_H
#define TESTS_UNIT_GMAIL_BELOW_H

#include "test.h"

#include "net/crypto.h"
#include "os/os.h"

#define RIG_UNIX_S 1720174830 // of spec/wire-gmail.md 2: 2024-07-05T10:20:30Z

static i64 rig_mono_ms = 1000;
static i64 rig_unix_us = (i64)RIG_UNIX_S * 1000000;

i64 os_mono_ms(void)
{
    return rig_mono_ms;
}

i64 os_unix_us(void)
{
    return rig_unix_us;
}

static int rig_wiped, rig_signed, rig_keys;

void crypto_wipe(void *p, isize n)
{
    memset(p, 0, (size_t)n);
    rig_wiped++;
}

void os_entropy(void *p, isize n)
{
    memset(p, 7, (size_t)n);
}

struct crypto_key *crypto_key_take(struct plan *plan)
{
    (void)plan;
    return (struct crypto_key *)&rig_keys;
}

// rig_keys: 1 while a key is loaded.
err crypto_key_read(struct crypto_key *key, str pem)
{
    ASSERT(key == (struct crypto_key *)&rig_keys);
    rig_keys = str_starts(pem, S("-----BEGIN "));
    return rig_keys ? OK : FAIL(CRYPTO_KEY_SYNTAX);
}

void crypto_key_free(struct crypto_key *key)
{
    ASSERT(key == (struct crypto_key *)&rig_keys);
    rig_keys = 0;
}

err crypto_sign_rs256(struct crypto_key *key, str in, struct buf *signature)
{
    ASSERT(key && in.n);
    rig_signed++;
    buf_put(signature, S("signature"));
    return OK;
}

#endif
