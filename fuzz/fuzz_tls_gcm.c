// SPDX-License-Identifier: Apache-2.0
// Aimed at mbedtls_gcm_crypt_and_tag() and mbedtls_gcm_auth_decrypt() of net/tls_gcm.c: every key,
// nonce, additional data and text against mbedTLS's own code, in place and apart, and one bit that
// is wrong. Input: a byte each for the size of the key, of the nonce, of the additional data and
// for the wrong bit, then these and the text.
#include <string.h>

#include "base/types.h"
#include "net/tls_gcm.h"
#include "net/tls_heap.h"

#define IN_MAX 4096
#define HEAD 36 // four bytes and the longest key

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static _Alignas(16) u8 slab[8192];
static u8 want[IN_MAX], got[IN_MAX], back[IN_MAX];

struct record {
    const u8 *iv, *aad, *text;
    size_t iv_bytes, aad_bytes, bytes;
};

static void check(mbedtls_gcm_context *ctx, const struct record *r, u8 wrong)
{
    u8 want_tag[16] = {0}, tag[16] = {0};
    int ret = tls_gcm_portable_crypt(ctx, MBEDTLS_GCM_ENCRYPT, r->bytes, r->iv, r->iv_bytes, r->aad,
                                     r->aad_bytes, r->text, want, 16, want_tag);
    ASSERT(ret == mbedtls_gcm_crypt_and_tag(ctx, MBEDTLS_GCM_ENCRYPT, r->bytes, r->iv, r->iv_bytes,
                                            r->aad, r->aad_bytes, r->text, got, 16, tag));
    if (ret) {
        return;
    }
    ASSERT(memcmp(want, got, r->bytes) == 0 && memcmp(want_tag, tag, 16) == 0);
    ASSERT(mbedtls_gcm_auth_decrypt(ctx, r->bytes, r->iv, r->iv_bytes, r->aad, r->aad_bytes, tag,
                                    16, got, back) == 0);
    ASSERT(mbedtls_gcm_auth_decrypt(ctx, r->bytes, r->iv, r->iv_bytes, r->aad, r->aad_bytes, tag,
                                    16, got, got) == 0);
    ASSERT(memcmp(back, r->text, r->bytes) == 0 && memcmp(got, r->text, r->bytes) == 0);
    if (wrong < 128) {
        tag[wrong / 8] ^= (u8)(1 << wrong % 8);
    } else if (r->bytes) {
        want[wrong % r->bytes] ^= 1;
    } else {
        return;
    }
    ASSERT(mbedtls_gcm_auth_decrypt(ctx, r->bytes, r->iv, r->iv_bytes, r->aad, r->aad_bytes, tag,
                                    16, want, back) == MBEDTLS_ERR_GCM_AUTH_FAILED);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n < HEAD || n > IN_MAX) {
        return 0;
    }
    size_t left = n - HEAD;
    struct record r = {.iv = p + HEAD};
    r.iv_bytes = p[1] % 2 && p[1] % 16 < left ? p[1] % 16 : left < 12 ? left : 12;
    left -= r.iv_bytes;
    r.aad = r.iv + r.iv_bytes;
    r.aad_bytes = p[2] < left ? p[2] : left;
    r.text = r.aad + r.aad_bytes;
    r.bytes = left - r.aad_bytes;
    struct tls_heap heap;
    tls_heap_init(&heap, slab, sizeof slab);
    tls_heap_enter(&heap);
    mbedtls_gcm_context ctx;
    mbedtls_gcm_init(&ctx);
    ASSERT(mbedtls_gcm_setkey(&ctx, MBEDTLS_CIPHER_ID_AES, p + 4, 128 + p[0] % 3 * 64U) == 0);
    check(&ctx, &r, p[3]);
    mbedtls_gcm_free(&ctx);
    ASSERT(heap.used == 0);
    tls_heap_leave();
    return 0;
}
