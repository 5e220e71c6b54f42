// SPDX-License-Identifier: Apache-2.0
// net/crypto.h without mbedTLS: a signature is a keyed hash of the text, repeated to the length of
// an RSA signature. The key keeps its PEM, so that whoever looks through memory after its release
// would find it.
#include "net/crypto.h"

#include <string.h>

#include "../tenant/t_md.h"
#include "../tenant/test_keys.h"
#include "base/hash.h"
#include "sim_crypto.h"

enum { PEM_BYTES = 4096, SIGNATURE_BYTES = 256 };

struct crypto_key {
    u8 pem[PEM_BYTES];
    isize bytes;
};

void crypto_wipe(void *p, isize n)
{
    if (n) {
        memset(p, 0, (size_t)n);
    }
    __asm__ volatile("" : : "r"(p) : "memory");
}

struct crypto_key *crypto_key_take(struct plan *plan)
{
    return plan_take_n(plan, "private key", struct crypto_key, 1, "signs token requests");
}

err crypto_key_read(struct crypto_key *key, str pem)
{
    crypto_key_free(key);
    if (!str_starts(pem, S("-----BEGIN PRIVATE KEY-----")) || pem.n > PEM_BYTES) {
        return FAIL(CRYPTO_KEY_SYNTAX);
    }
    memcpy(key->pem, pem.p, (size_t)pem.n);
    key->bytes = pem.n;
    return OK;
}

void crypto_key_free(struct crypto_key *key)
{
    crypto_wipe(key, (isize)sizeof *key);
}

static void make_signature(str pem, str text, u8 out[SIGNATURE_BYTES])
{
    u64 of_key = hash_siphash((struct hash_key){1, 2}, pem);
    for (int i = 0; i < SIGNATURE_BYTES / 8; i++) {
        u64 word = hash_siphash((struct hash_key){of_key, (u64)i}, text);
        memcpy(out + 8 * i, &word, 8);
    }
}

err crypto_sign_rs256(struct crypto_key *key, str in, struct buf *signature)
{
    u8 *out = buf_grab(signature, SIGNATURE_BYTES);
    if (!out) {
        return FAIL(BUF_FULL);
    }
    make_signature(str_make(key->pem, key->bytes), in, out);
    return OK;
}

// No scenario has a certificate.
err crypto_sign_ps256(struct crypto_key *key, str in, struct buf *signature)
{
    return crypto_sign_rs256(key, in, signature);
}

err crypto_certificate_read(struct crypto_key *key, str pem, struct crypto_certificate *out)
{
    (void)key;
    (void)pem;
    *out = (struct crypto_certificate){0};
    return FAIL(CRYPTO_CERTIFICATE);
}

bool sim_crypto_verify(void *unused, str text, str signature)
{
    (void)unused;
    u8 want[SIGNATURE_BYTES];
    make_signature(str_from(test_keys_account_key), text, want);
    return str_eq(signature, str_make(want, SIGNATURE_BYTES));
}

// Not these functions, but as good as they for names and keys: nobody compares them with the world.
static void make_digest(str in, u8 *out, int bytes)
{
    for (int i = 0; i < bytes / 8; i++) {
        u64 word = hash_siphash((struct hash_key){3, (u64)i}, in);
        memcpy(out + 8 * i, &word, 8);
    }
}

void crypto_sha256(str in, u8 out[32])
{
    make_digest(in, out, 32);
}

// NTLM is checked by the tenant, with digests of its own.
void crypto_md5(str in, u8 out[16])
{
    t_md5(in, out);
}

void crypto_hmac_md5(str key, const str *parts, isize count, u8 out[16])
{
    struct t_buf whole = {0};
    for (isize i = 0; i < count; i++) {
        t_buf_put(&whole, parts[i]);
    }
    t_hmac_md5(key, t_buf_str(&whole), out);
    t_buf_free(&whole);
}
