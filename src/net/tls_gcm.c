// SPDX-License-Identifier: Apache-2.0
// AES-GCM with AES-NI and PCLMULQDQ (see tls_gcm.h).
//
// Eight counter blocks go through the rounds of AES side by side, and between the rounds eight
// blocks of ciphertext go into GHASH with H^8..H, so that one reduction serves all eight. Blocks
// are held with their bytes reversed; H carries a factor x, which makes up for the bit that a
// product of reflected polynomials is short of (S. Gueron, M. Kounavis: Intel's white paper on
// carry-less multiplication and GCM, algorithms 1 and 5). No branch and no index depends on a key
// or a byte of text. The fast way takes what TLS sends: nonces of 12 bytes and less than 4 GiB;
// anything else, wrong arguments too, goes to mbedTLS.
// Before the headers of mbedTLS: their <limits.h> would make glibc's fortified <stdlib.h> refuse.
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "net/tls_gcm.h"

#include <mbedtls/aes.h>
#include <mbedtls/constant_time.h>
#include <mbedtls/platform_util.h>
#include <string.h>

#include "base/types.h"

#define GCM_NONCE_BYTES 12

// One record. `nonce` has GCM_NONCE_BYTES.
struct gcm_text {
    const u8 *nonce, *aad, *in;
    u8 *out;
    isize aad_bytes, bytes;
    bool encrypt;
};

#if defined(__x86_64__)

#define GCM_TARGET __attribute__((target("aes,pclmul,ssse3,sse4.1")))
#define GCM_INLINE GCM_TARGET __attribute__((always_inline)) static inline
#define GCM_BLOCK 16
#define GCM_WIDE 8 // blocks at a time
#define GCM_WIDE_BYTES ((isize)GCM_BLOCK * GCM_WIDE)
#define GCM_BYTES_MAX 0xffffff00 // the 32-bit counter does not wrap

// A whole call. Only in registers and on the stack of one call, and wiped.
struct gcm_work {
    __m128i power[GCM_WIDE]; // H^1 .. H^8, times x
    __m128i hash;            // bytes reversed
    __m128i counter;         // bytes reversed: the lowest lane counts
    const __m128i *keys;     // of the rounds
    int rounds;
};

GCM_INLINE __m128i gcm_load(const u8 *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

GCM_INLINE void gcm_store(u8 *p, __m128i v)
{
    _mm_storeu_si128((__m128i *)(void *)p, v);
}

GCM_INLINE __m128i gcm_reverse(__m128i v)
{
    return _mm_shuffle_epi8(v, _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
}

GCM_INLINE __m128i gcm_load_reversed(const u8 *p)
{
    return gcm_reverse(gcm_load(p));
}

// ---- GHASH

// A product before its reduction: low + middle x^64 + high x^128.
struct gcm_product {
    __m128i low, middle, high;
};

GCM_INLINE void gcm_add_product(struct gcm_product *sum, __m128i a, __m128i b)
{
    sum->low = _mm_xor_si128(sum->low, _mm_clmulepi64_si128(a, b, 0x00));
    sum->middle = _mm_xor_si128(sum->middle, _mm_clmulepi64_si128(a, b, 0x01));
    sum->middle = _mm_xor_si128(sum->middle, _mm_clmulepi64_si128(a, b, 0x10));
    sum->high = _mm_xor_si128(sum->high, _mm_clmulepi64_si128(a, b, 0x11));
}

// Folds the lowest 64 bits up, twice: x^128 = x^7 + x^2 + x + 1, reflected.
GCM_INLINE __m128i gcm_reduce(struct gcm_product p)
{
    const __m128i poly = _mm_set_epi64x((long long)0xc200000000000000, 0);
    __m128i fold = _mm_clmulepi64_si128(poly, p.low, 0x01);
    __m128i mid = _mm_xor_si128(p.middle, _mm_xor_si128(fold, _mm_shuffle_epi32(p.low, 0x4e)));
    fold = _mm_clmulepi64_si128(poly, mid, 0x01);
    return _mm_xor_si128(p.high, _mm_xor_si128(fold, _mm_shuffle_epi32(mid, 0x4e)));
}

GCM_INLINE __m128i gcm_times(__m128i a, __m128i b)
{
    struct gcm_product p = {_mm_setzero_si128(), _mm_setzero_si128(), _mm_setzero_si128()};
    gcm_add_product(&p, a, b);
    return gcm_reduce(p);
}

GCM_INLINE __m128i gcm_times_x(__m128i h)
{
    // Bit 127 comes back as the polynomial, bit 63 is the carry between the halves.
    const __m128i back = _mm_set_epi64x((long long)0xc200000000000001, 1);
    __m128i carry = _mm_srai_epi32(_mm_shuffle_epi32(h, 0xd3), 31);
    return _mm_xor_si128(_mm_add_epi64(h, h), _mm_and_si128(carry, back));
}

GCM_INLINE void gcm_hash_block(struct gcm_work *w, __m128i reversed)
{
    w->hash = gcm_times(_mm_xor_si128(w->hash, reversed), w->power[0]);
}

GCM_TARGET static void gcm_hash_wide(struct gcm_work *w, const u8 *p)
{
    struct gcm_product sum = {_mm_setzero_si128(), _mm_setzero_si128(), _mm_setzero_si128()};
    gcm_add_product(&sum, _mm_xor_si128(gcm_load_reversed(p), w->hash), w->power[GCM_WIDE - 1]);
    for (int i = 1; i < GCM_WIDE; i++) {
        gcm_add_product(&sum, gcm_load_reversed(p + GCM_BLOCK * i), w->power[GCM_WIDE - 1 - i]);
    }
    w->hash = gcm_reduce(sum);
}

// The last block is filled up with zeros.
GCM_TARGET static void gcm_hash(struct gcm_work *w, const u8 *p, isize n)
{
    for (; n >= GCM_BLOCK; n -= GCM_BLOCK, p += GCM_BLOCK) {
        gcm_hash_block(w, gcm_load_reversed(p));
    }
    if (n) {
        u8 last[GCM_BLOCK] = {0};
        memcpy(last, p, (size_t)n);
        gcm_hash_block(w, gcm_load_reversed(last));
    }
}

// ---- AES in counter mode

GCM_INLINE __m128i gcm_encrypt(const struct gcm_work *w, __m128i block)
{
    block = _mm_xor_si128(block, _mm_loadu_si128(w->keys));
    for (int r = 1; r < w->rounds; r++) {
        block = _mm_aesenc_si128(block, _mm_loadu_si128(w->keys + r));
    }
    return _mm_aesenclast_si128(block, _mm_loadu_si128(w->keys + w->rounds));
}

GCM_INLINE __m128i gcm_count(struct gcm_work *w)
{
    w->counter = _mm_add_epi32(w->counter, _mm_set_epi32(0, 0, 0, 1));
    return gcm_reverse(w->counter);
}

// Eight blocks from `in` to `out`. Meanwhile eight blocks of ciphertext at `hashed` go into the
// hash, all of them read before anything is written, so that everything may lie in one place.
GCM_TARGET static void gcm_crypt_wide(struct gcm_work *w, const u8 *in, u8 *out, const u8 *hashed)
{
    struct gcm_product sum = {_mm_setzero_si128(), _mm_setzero_si128(), _mm_setzero_si128()};
    __m128i b[GCM_WIDE], key = _mm_loadu_si128(w->keys);
#pragma GCC unroll 8
    for (int i = 0; i < GCM_WIDE; i++) {
        b[i] = _mm_xor_si128(gcm_count(w), key);
    }
    __m128i first = w->hash;
#pragma GCC unroll 8
    for (int r = 0; r < GCM_WIDE; r++) { // there are nine rounds at least
        key = _mm_loadu_si128(w->keys + r + 1);
#pragma GCC unroll 8
        for (int i = 0; i < GCM_WIDE; i++) {
            b[i] = _mm_aesenc_si128(b[i], key);
        }
        __m128i x = _mm_xor_si128(gcm_load_reversed(hashed + GCM_BLOCK * r), first);
        first = _mm_setzero_si128();
        gcm_add_product(&sum, x, w->power[GCM_WIDE - 1 - r]);
    }
    w->hash = gcm_reduce(sum);
    for (int r = GCM_WIDE + 1; r < w->rounds; r++) {
        key = _mm_loadu_si128(w->keys + r);
#pragma GCC unroll 8
        for (int i = 0; i < GCM_WIDE; i++) {
            b[i] = _mm_aesenc_si128(b[i], key);
        }
    }
    key = _mm_loadu_si128(w->keys + w->rounds);
#pragma GCC unroll 8
    for (int i = 0; i < GCM_WIDE; i++) {
        __m128i text = gcm_load(in + GCM_BLOCK * i);
        gcm_store(out + GCM_BLOCK * i, _mm_xor_si128(text, _mm_aesenclast_si128(b[i], key)));
    }
}

GCM_TARGET static void gcm_crypt_narrow(struct gcm_work *w, const u8 *in, u8 *out, isize n)
{
    for (isize i = 0; i < n; i += GCM_BLOCK) {
        u8 block[GCM_BLOCK] = {0};
        size_t take = n - i < GCM_BLOCK ? (size_t)(n - i) : GCM_BLOCK;
        __m128i stream = gcm_encrypt(w, gcm_count(w));
        memcpy(block, in + i, take);
        gcm_store(block, _mm_xor_si128(gcm_load(block), stream));
        memcpy(out + i, block, take);
    }
}

// Encryption hashes what the step before has written, decryption what this step reads.
GCM_TARGET static void gcm_encrypt_all(struct gcm_work *w, const u8 *in, u8 *out, isize n)
{
    isize done = 0;
    if (n >= GCM_WIDE_BYTES) {
        gcm_crypt_narrow(w, in, out, GCM_WIDE_BYTES);
        for (done = GCM_WIDE_BYTES; n - done >= GCM_WIDE_BYTES; done += GCM_WIDE_BYTES) {
            gcm_crypt_wide(w, in + done, out + done, out + done - GCM_WIDE_BYTES);
        }
        gcm_hash_wide(w, out + done - GCM_WIDE_BYTES);
    }
    gcm_crypt_narrow(w, in + done, out + done, n - done);
    gcm_hash(w, out + done, n - done);
}

GCM_TARGET static void gcm_decrypt_all(struct gcm_work *w, const u8 *in, u8 *out, isize n)
{
    isize done = 0;
    for (; n - done >= GCM_WIDE_BYTES; done += GCM_WIDE_BYTES) {
        gcm_crypt_wide(w, in + done, out + done, in + done);
    }
    gcm_hash(w, in + done, n - done);
    gcm_crypt_narrow(w, in + done, out + done, n - done);
}

// ---- one record

GCM_TARGET static void gcm_run(const mbedtls_aes_context *aes, const struct gcm_text *t, u8 *tag)
{
    struct gcm_work w = {
        .keys = (const __m128i *)(const void *)(aes->private_buf + aes->private_rk_offset),
        .rounds = aes->private_nr,
    };
    u8 block[GCM_BLOCK] = {[GCM_BLOCK - 1] = 1};
    memcpy(block, t->nonce, GCM_NONCE_BYTES);
    __m128i mask = gcm_encrypt(&w, gcm_load(block));
    w.counter = gcm_load_reversed(block);
    w.power[0] = gcm_times_x(gcm_reverse(gcm_encrypt(&w, _mm_setzero_si128())));
    for (int i = 1; i < GCM_WIDE && t->bytes >= GCM_WIDE_BYTES; i++) {
        w.power[i] = gcm_times(w.power[i - 1], w.power[0]);
    }
    gcm_hash(&w, t->aad, t->aad_bytes);
    if (t->encrypt) {
        gcm_encrypt_all(&w, t->in, t->out, t->bytes);
    } else {
        gcm_decrypt_all(&w, t->in, t->out, t->bytes);
    }
    gcm_hash_block(&w, _mm_set_epi64x((long long)t->aad_bytes * 8, (long long)t->bytes * 8));
    gcm_store(tag, _mm_xor_si128(gcm_reverse(w.hash), mask));
    mbedtls_platform_zeroize(&w, sizeof w);
}

bool tls_gcm_is_fast(void)
{
    return __builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul") &&
           __builtin_cpu_supports("ssse3") && __builtin_cpu_supports("sse4.1");
}

// False: not for us. The 16 bytes of the tag are written.
static bool gcm_try(mbedtls_gcm_context *ctx, const struct gcm_text *t, u8 *tag)
{
    // Output may lie in place or below the input, as mbedTLS demands too.
    size_t ahead = (size_t)((uintptr_t)t->out - (uintptr_t)t->in);
    const mbedtls_aes_context *aes = ctx->private_cipher_ctx.private_cipher_ctx;
    if (!tls_gcm_is_fast() || !aes || t->bytes > GCM_BYTES_MAX || t->aad_bytes > GCM_BYTES_MAX ||
        (ahead && ahead < (size_t)t->bytes)) {
        return false;
    }
    gcm_run(aes, t, tag);
    return true;
}
#else
bool tls_gcm_is_fast(void)
{
    return false;
}

static bool gcm_try(mbedtls_gcm_context *ctx, const struct gcm_text *t, u8 *tag)
{
    (void)ctx;
    (void)t;
    (void)tag;
    return false;
}
#endif

static bool gcm_is_record(size_t n, size_t iv_bytes, size_t aad_bytes, size_t tag_bytes)
{
    return n <= PTRDIFF_MAX && aad_bytes <= PTRDIFF_MAX && iv_bytes == GCM_NONCE_BYTES &&
           tag_bytes >= 4 && tag_bytes <= 16;
}

// The parameters of this and the next function are those of mbedTLS (gcm.h).
// NOLINTNEXTLINE(readability-function-size)
int mbedtls_gcm_crypt_and_tag(mbedtls_gcm_context *ctx, int mode, size_t n, const unsigned char *iv,
                              size_t iv_bytes, const unsigned char *aad, size_t aad_bytes,
                              const unsigned char *in, unsigned char *out, size_t tag_bytes,
                              unsigned char *tag)
{
    u8 whole[16];
    struct gcm_text t = {iv, aad, in, out, (isize)aad_bytes, (isize)n, mode == MBEDTLS_GCM_ENCRYPT};
    if (!gcm_is_record(n, iv_bytes, aad_bytes, tag_bytes) || !gcm_try(ctx, &t, whole)) {
        return tls_gcm_portable_crypt(ctx, mode, n, iv, iv_bytes, aad, aad_bytes, in, out,
                                      tag_bytes, tag);
    }
    memcpy(tag, whole, tag_bytes);
    return 0;
}

// NOLINTNEXTLINE(readability-function-size)
int mbedtls_gcm_auth_decrypt(mbedtls_gcm_context *ctx, size_t n, const unsigned char *iv,
                             size_t iv_bytes, const unsigned char *aad, size_t aad_bytes,
                             const unsigned char *tag, size_t tag_bytes, const unsigned char *in,
                             unsigned char *out)
{
    u8 whole[16];
    struct gcm_text t = {iv, aad, in, out, (isize)aad_bytes, (isize)n, false};
    if (!gcm_is_record(n, iv_bytes, aad_bytes, tag_bytes) || !gcm_try(ctx, &t, whole)) {
        return tls_gcm_portable_decrypt(ctx, n, iv, iv_bytes, aad, aad_bytes, tag, tag_bytes, in,
                                        out);
    }
    if (mbedtls_ct_memcmp(tag, whole, tag_bytes) != 0) {
        mbedtls_platform_zeroize(out, n);
        return MBEDTLS_ERR_GCM_AUTH_FAILED;
    }
    return 0;
}
