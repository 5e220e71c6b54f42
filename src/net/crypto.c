// SPDX-License-Identifier: Apache-2.0
// Hashes, RS256 and PS256 over mbedTLS (see crypto.h). A private key lives with all that mbedTLS
// allocates for it in a heap of its own, carved at start and wiped by crypto_key_free(). Signing is
// blinded with random numbers, so that its timing says nothing about the key. A certificate is read
// in that heap too, and leaves nothing in it.
#include "net/crypto.h"

#include <mbedtls/error.h>
#include <mbedtls/md5.h>
#include <mbedtls/pk.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/rsa.h>
#include <mbedtls/sha256.h>
#include <mbedtls/x509_crt.h>
#include <string.h>

#include "base/date.h"
#include "codec/base64.h"
#include "limits.h"
#include "net/tls_heap.h"
#include "os/os.h"

struct crypto_key {
    struct tls_heap heap;
    mbedtls_pk_context pk;
    bool loaded;
};

static int crypto_random(void *unused, unsigned char *p, size_t n)
{
    (void)unused;
    os_entropy(p, (isize)n);
    return 0;
}

void crypto_wipe(void *p, isize n)
{
    mbedtls_platform_zeroize(p, (size_t)n);
}

void crypto_sha256(str in, u8 out[32])
{
    ASSERT(mbedtls_sha256(in.n ? in.p : out, (size_t)in.n, out, 0) == 0);
}

void crypto_md5(str in, u8 out[16])
{
    ASSERT(mbedtls_md5(in.n ? in.p : out, (size_t)in.n, out) == 0);
}

// One of the two hashes of HMAC: of the key's pad, then of the parts.
static void crypto_hmac_half(const u8 pad[64], const str *parts, isize count, u8 out[16])
{
    mbedtls_md5_context md5;
    mbedtls_md5_init(&md5);
    ASSERT(mbedtls_md5_starts(&md5) == 0 && mbedtls_md5_update(&md5, pad, 64) == 0);
    for (isize i = 0; i < count; i++) {
        const u8 *p = parts[i].n ? parts[i].p : pad;
        ASSERT(mbedtls_md5_update(&md5, p, (size_t)parts[i].n) == 0);
    }
    ASSERT(mbedtls_md5_finish(&md5, out) == 0);
    mbedtls_md5_free(&md5); // wipes it
}

void crypto_hmac_md5(str key, const str *parts, isize count, u8 out[16])
{
    u8 pads[2][64]; // mbedTLS's own HMAC takes memory from a heap
    u8 inner[16];
    ASSERT(key.n <= COUNT(pads[0]));
    for (isize i = 0; i < COUNT(pads[0]); i++) {
        u8 byte = i < key.n ? key.p[i] : 0;
        pads[0][i] = byte ^ 0x36;
        pads[1][i] = byte ^ 0x5c;
    }
    crypto_hmac_half(pads[0], parts, count, inner);
    crypto_hmac_half(pads[1], &(str){inner, COUNT(inner)}, 1, out);
    crypto_wipe(pads, sizeof pads);
    crypto_wipe(inner, sizeof inner);
}

static err crypto_key_check(const mbedtls_pk_context *pk)
{
    size_t bits = mbedtls_pk_get_bitlen(pk);
    bool fits = mbedtls_pk_get_type(pk) == MBEDTLS_PK_RSA && bits >= 2048 && bits <= 4096;
    return fits ? OK : FAIL(CRYPTO_KEY_KIND);
}

// mbedTLS wants PEM with a NUL behind it; the copy stands in the key's heap and is wiped.
static err crypto_key_parse(struct crypto_key *key, str pem)
{
    u8 *text = pem.n ? tls_heap_calloc(1, (size_t)pem.n + 1) : NULL;
    if (!text) {
        return FAIL(CRYPTO_KEY_SYNTAX); // empty, or no key of 4096 bits is that long
    }
    memcpy(text, pem.p, (size_t)pem.n);
    int ret = mbedtls_pk_parse_key(&key->pk, text, (size_t)pem.n + 1, NULL, 0, crypto_random, NULL);
    crypto_wipe(text, pem.n);
    tls_heap_free(text);
    if (ret == MBEDTLS_ERR_PK_UNKNOWN_PK_ALG || ret == MBEDTLS_ERR_PK_FEATURE_UNAVAILABLE ||
        ret == MBEDTLS_ERR_PK_UNKNOWN_NAMED_CURVE) {
        return FAIL(CRYPTO_KEY_KIND);
    }
    if (ret == MBEDTLS_ERR_PK_PASSWORD_REQUIRED || ret == MBEDTLS_ERR_PK_PASSWORD_MISMATCH) {
        return FAIL(CRYPTO_KEY_ENCRYPTED);
    }
    return ret ? FAIL(CRYPTO_KEY_SYNTAX) : crypto_key_check(&key->pk);
}

struct crypto_key *crypto_key_take(struct plan *plan)
{
    struct crypto_key *key = plan_take_n(plan, "private key", struct crypto_key, 1,
                                         "signs token requests");
    tls_heap_init(&key->heap,
                  plan_take(plan, "private key heap", CRYPTO_HEAP_BYTES, 1,
                            "the key's numbers and those of one signature"),
                  CRYPTO_HEAP_BYTES);
    return key;
}

err crypto_key_read(struct crypto_key *key, str pem)
{
    crypto_key_free(key);
    if (str_find(pem, S("-----BEGIN ENCRYPTED PRIVATE KEY-----")) >= 0 ||
        str_find(pem, S("Proc-Type: 4,ENCRYPTED")) >= 0) {
        return FAIL(CRYPTO_KEY_ENCRYPTED);
    }
    if (str_find(pem, S("-----BEGIN EC PRIVATE KEY-----")) >= 0) {
        return FAIL(CRYPTO_KEY_KIND);
    }
    tls_heap_enter(&key->heap);
    mbedtls_pk_init(&key->pk);
    key->loaded = true;
    err e = crypto_key_parse(key, pem);
    tls_heap_leave();
    if (!err_ok(e)) {
        crypto_key_free(key);
    }
    return e;
}

void crypto_key_free(struct crypto_key *key)
{
    if (!key->loaded) {
        return;
    }
    key->loaded = false;
    tls_heap_enter(&key->heap);
    mbedtls_pk_free(&key->pk);
    tls_heap_leave();
    tls_heap_reset(&key->heap);
}

// ---- signatures

static err crypto_sign(struct crypto_key *key, bool pss, str in, struct buf *signature)
{
    u8 hash[32];
    if (!key->loaded) {
        return FAIL(CRYPTO_SIGN);
    }
    crypto_sha256(in, hash);
    u8 *out = buf_grab(signature, (isize)mbedtls_pk_get_len(&key->pk));
    if (!out) {
        return FAIL(BUF_FULL);
    }
    mbedtls_rsa_context *rsa = mbedtls_pk_rsa(key->pk);
    tls_heap_enter(&key->heap);
    int ret = pss ? mbedtls_rsa_rsassa_pss_sign_ext(rsa, crypto_random, NULL, MBEDTLS_MD_SHA256,
                                                    sizeof hash, hash, sizeof hash, out)
                  : mbedtls_rsa_pkcs1_sign(rsa, crypto_random, NULL, MBEDTLS_MD_SHA256, sizeof hash,
                                           hash, out);
    tls_heap_leave();
    return ret ? FAIL(CRYPTO_SIGN) : OK;
}

err crypto_sign_rs256(struct crypto_key *key, str in, struct buf *signature)
{
    return crypto_sign(key, false, in, signature);
}

err crypto_sign_ps256(struct crypto_key *key, str in, struct buf *signature)
{
    mbedtls_rsa_context *rsa = key->loaded ? mbedtls_pk_rsa(key->pk) : NULL;
    // Both hashes: that of the message is given with each signature, that of MGF1 is the key's.
    if (!rsa || mbedtls_rsa_set_padding(rsa, MBEDTLS_RSA_PKCS_V21, MBEDTLS_MD_SHA256)) {
        return FAIL(CRYPTO_SIGN);
    }
    err e = crypto_sign(key, true, in, signature);
    int ret = mbedtls_rsa_set_padding(rsa, MBEDTLS_RSA_PKCS_V15, MBEDTLS_MD_NONE);
    return ret ? FAIL(CRYPTO_SIGN) : e;
}

// ---- certificates

// The text between the next pair of BEGIN and END lines; *rest goes behind it. False: there is
// none.
static bool crypto_next_certificate(str *rest, str *body)
{
    str begin = S("-----BEGIN CERTIFICATE-----");
    str end = S("-----END CERTIFICATE-----");
    isize from = str_find(*rest, begin);
    str behind = from >= 0 ? str_from_index(*rest, from + begin.n) : (str){0};
    isize n = from >= 0 ? str_find(behind, end) : -1;
    if (n < 0) {
        return false;
    }
    *body = str_slice(behind, 0, n);
    *rest = str_from_index(behind, n + end.n);
    return true;
}

static i64 crypto_unix_s(const mbedtls_x509_time *t)
{
    return date_to_unix((struct date){.year = t->year,
                                      .month = t->mon,
                                      .day = t->day,
                                      .hour = t->hour,
                                      .minute = t->min,
                                      .second = t->sec});
}

// Needs the heap to be entered. OK, or why this one is not it.
static err crypto_try_certificate(struct crypto_key *key, str der, struct crypto_certificate *out)
{
    mbedtls_x509_crt crt;
    mbedtls_x509_crt_init(&crt);
    int ret = mbedtls_x509_crt_parse_der_nocopy(&crt, der.p, (size_t)der.n);
    bool whole = !ret && crt.raw.len == (size_t)der.n;
    bool fits = whole && mbedtls_pk_get_type(&crt.pk) == MBEDTLS_PK_RSA &&
                !mbedtls_pk_check_pair(&crt.pk, &key->pk, crypto_random, NULL);
    if (fits) {
        crypto_sha256(der, out->thumbprint);
        out->not_before_s = crypto_unix_s(&crt.valid_from);
        out->not_after_s = crypto_unix_s(&crt.valid_to);
    }
    mbedtls_x509_crt_free(&crt);
    return fits ? OK : whole ? FAIL(CRYPTO_CERTIFICATE_KEY) : FAIL(CRYPTO_CERTIFICATE);
}

err crypto_certificate_read(struct crypto_key *key, str pem, struct crypto_certificate *out)
{
    *out = (struct crypto_certificate){0};
    err e = FAIL(CRYPTO_CERTIFICATE);
    str body;
    if (!key->loaded) {
        return FAIL(CRYPTO_CERTIFICATE_KEY);
    }
    tls_heap_enter(&key->heap);
    u8 *memory = tls_heap_calloc(1, CRYPTO_DER_BYTES);
    for (int i = 0; memory && i < CRYPTO_CERTIFICATES_MAX && !err_ok(e); i++) {
        struct buf der = buf_over(memory, CRYPTO_DER_BYTES);
        struct base64_decoder decoder = {0};
        if (!crypto_next_certificate(&pem, &body)) {
            break;
        }
        base64_decode(&decoder, &der, body);
        if (!der.full) {
            err tried = crypto_try_certificate(key, buf_str(&der), out);
            e = err_is(tried, ERR_CRYPTO_CERTIFICATE) ? e : tried;
        }
    }
    tls_heap_free(memory);
    tls_heap_leave();
    return e;
}
