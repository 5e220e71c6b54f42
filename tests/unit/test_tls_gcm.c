// SPDX-License-Identifier: Apache-2.0
// AES-GCM of records: a published vector, then random keys, lengths, nonces and places against
// mbedTLS's own code, with damaged tags and texts too.
#include "test.h"

#include "net/tls_gcm.h"
#include "net/tls_heap.h"

#define CASES 30000
#define TEXT_MAX 2200
#define AAD_MAX 80

struct sample {
    u8 key[32], iv[16], aad[AAD_MAX], text[TEXT_MAX];
    unsigned key_bits;
    size_t iv_bytes, aad_bytes, bytes, tag_bytes;
};

static _Alignas(16) u8 slab[8192];
static struct tls_heap heap;
static mbedtls_gcm_context ctx;
static u64 seed = 88172645463325252;

static u32 dice(u32 sides)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (u32)(seed >> 32) % sides;
}

static void dice_fill(u8 *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        p[i] = (u8)dice(256);
    }
}

static void open_key(const u8 *key, unsigned bits)
{
    tls_heap_init(&heap, slab, COUNT(slab));
    tls_heap_enter(&heap);
    mbedtls_gcm_init(&ctx);
    CHECK(mbedtls_gcm_setkey(&ctx, MBEDTLS_CIPHER_ID_AES, key, bits) == 0);
}

static void close_key(void)
{
    mbedtls_gcm_free(&ctx);
    tls_heap_leave();
}

static void draw(struct sample *s)
{
    static const unsigned bits[] = {128, 192, 256};
    s->key_bits = bits[dice(3)];
    s->iv_bytes = dice(10) ? 12 : 1 + dice(16);
    s->aad_bytes = dice(3) ? (dice(2) ? 13 : 5) : dice(AAD_MAX);
    s->bytes = dice(4) ? dice(300) : dice(TEXT_MAX);
    s->tag_bytes = dice(5) ? 16 : 4 + dice(13);
    dice_fill(s->key, sizeof s->key);
    dice_fill(s->iv, sizeof s->iv);
    dice_fill(s->aad, s->aad_bytes);
    dice_fill(s->text, s->bytes);
}

static int seal(const struct sample *s, const u8 *in, u8 *out, u8 *tag)
{
    return mbedtls_gcm_crypt_and_tag(&ctx, MBEDTLS_GCM_ENCRYPT, s->bytes, s->iv, s->iv_bytes,
                                     s->aad, s->aad_bytes, in, out, s->tag_bytes, tag);
}

static int unseal(const struct sample *s, const u8 *in, u8 *out, const u8 *tag)
{
    return mbedtls_gcm_auth_decrypt(&ctx, s->bytes, s->iv, s->iv_bytes, s->aad, s->aad_bytes, tag,
                                    s->tag_bytes, in, out);
}

// Where `n` bytes end at the guard page.
static u8 *at_guard(u8 *end, size_t n)
{
    return end - n;
}

static void check_sample(const struct sample *s, u8 *in_end, u8 *out_end)
{
    u8 *in = at_guard(in_end, s->bytes), *out = at_guard(out_end, s->bytes);
    u8 want[TEXT_MAX], want_tag[16] = {0}, tag[16] = {0};
    open_key(s->key, s->key_bits);
    CHECK(tls_gcm_portable_crypt(&ctx, MBEDTLS_GCM_ENCRYPT, s->bytes, s->iv, s->iv_bytes, s->aad,
                                 s->aad_bytes, s->text, want, s->tag_bytes, want_tag) == 0);
    memcpy(in, s->text, s->bytes);
    CHECK(seal(s, in, out, tag) == 0);
    CHECK(memcmp(out, want, s->bytes) == 0 && memcmp(tag, want_tag, 16) == 0);
    CHECK(seal(s, in, in, tag) == 0); // in place
    CHECK(memcmp(in, want, s->bytes) == 0 && memcmp(tag, want_tag, 16) == 0);
    CHECK(unseal(s, out, out, tag) == 0);
    CHECK(memcmp(out, s->text, s->bytes) == 0);
    memset(out, 7, s->bytes);
    CHECK(unseal(s, in, out, tag) == 0);
    CHECK(memcmp(out, s->text, s->bytes) == 0);

    // One bit of the text or of the tag: refused, and nothing of the text is left.
    u32 bit = dice((u32)(s->bytes + s->tag_bytes) * 8);
    u8 *hurt = bit / 8 < s->bytes ? &in[bit / 8] : &tag[bit / 8 - s->bytes];
    *hurt ^= (u8)(1 << bit % 8);
    CHECK(unseal(s, in, out, tag) == MBEDTLS_ERR_GCM_AUTH_FAILED);
    bool zero = true;
    for (size_t i = 0; i < s->bytes; i++) {
        zero = zero && out[i] == 0;
    }
    CHECK(zero);
    close_key();
}

static void test_gcm_equals_the_portable_code(void)
{
    static u8 filler[TEXT_MAX];
    static struct sample s;
    u8 *in_end = (u8 *)test_guarded(str_make(filler, TEXT_MAX)).p + TEXT_MAX;
    u8 *out_end = (u8 *)test_guarded(str_make(filler, TEXT_MAX)).p + TEXT_MAX;
    for (int i = 0; i < CASES && !test_failures; i++) {
        draw(&s);
        check_sample(&s, in_end, out_end);
    }
}

static void test_gcm_knows_the_published_case(void)
{
    // D. McGrew, J. Viega: The Galois/Counter Mode of Operation, test case 4.
    static const u8 key[] = {0xfe, 0xff, 0xe9, 0x92, 0x86, 0x65, 0x73, 0x1c,
                             0x6d, 0x6a, 0x8f, 0x94, 0x67, 0x30, 0x83, 0x08};
    static const u8 iv[] = {0xca, 0xfe, 0xba, 0xbe, 0xfa, 0xce, 0xdb, 0xad, 0xde, 0xca, 0xf8, 0x88};
    static const u8 aad[] = {0xfe, 0xed, 0xfa, 0xce, 0xde, 0xad, 0xbe, 0xef, 0xfe, 0xed,
                             0xfa, 0xce, 0xde, 0xad, 0xbe, 0xef, 0xab, 0xad, 0xda, 0xd2};
    static const u8 text[] = {
        0xd9, 0x31, 0x32, 0x25, 0xf8, 0x84, 0x06, 0xe5, 0xa5, 0x59, 0x09, 0xc5, 0xaf, 0xf5, 0x26,
        0x9a, 0x86, 0xa7, 0xa9, 0x53, 0x15, 0x34, 0xf7, 0xda, 0x2e, 0x4c, 0x30, 0x3d, 0x8a, 0x31,
        0x8a, 0x72, 0x1c, 0x3c, 0x0c, 0x95, 0x95, 0x68, 0x09, 0x53, 0x2f, 0xcf, 0x0e, 0x24, 0x49,
        0xa6, 0xb5, 0x25, 0xb1, 0x6a, 0xed, 0xf5, 0xaa, 0x0d, 0xe6, 0x57, 0xba, 0x63, 0x7b, 0x39};
    static const u8 want[] = {
        0x42, 0x83, 0x1e, 0xc2, 0x21, 0x77, 0x74, 0x24, 0x4b, 0x72, 0x21, 0xb7, 0x84, 0xd0, 0xd4,
        0x9c, 0xe3, 0xaa, 0x21, 0x2f, 0x2c, 0x02, 0xa4, 0xe0, 0x35, 0xc1, 0x7e, 0x23, 0x29, 0xac,
        0xa1, 0x2e, 0x21, 0xd5, 0x14, 0xb2, 0x54, 0x66, 0x93, 0x1c, 0x7d, 0x8f, 0x6a, 0x5a, 0xac,
        0x84, 0xaa, 0x05, 0x1b, 0xa3, 0x0b, 0x39, 0x6a, 0x0a, 0xac, 0x97, 0x3d, 0x58, 0xe0, 0x91};
    static const u8 want_tag[] = {0x5b, 0xc9, 0x4f, 0xbc, 0x32, 0x21, 0xa5, 0xdb,
                                  0x94, 0xfa, 0xe9, 0x5a, 0xe7, 0x12, 0x1a, 0x47};
    u8 out[sizeof text], tag[16];
    open_key(key, 128);
    CHECK(mbedtls_gcm_crypt_and_tag(&ctx, MBEDTLS_GCM_ENCRYPT, sizeof text, iv, sizeof iv, aad,
                                    sizeof aad, text, out, sizeof tag, tag) == 0);
    CHECK(memcmp(out, want, sizeof want) == 0);
    CHECK(memcmp(tag, want_tag, sizeof want_tag) == 0);
    close_key();
}

// What mbedTLS refuses is refused here.
static void test_gcm_refuses_wrong_arguments(void)
{
    static struct sample s;
    u8 tag[16], out[16];
    s.iv_bytes = 12;
    s.bytes = sizeof out;
    s.tag_bytes = 3;
    open_key(s.key, 128);
    CHECK(seal(&s, s.text, out, tag) == MBEDTLS_ERR_GCM_BAD_INPUT);
    s.tag_bytes = 17;
    CHECK(unseal(&s, s.text, out, tag) == MBEDTLS_ERR_GCM_BAD_INPUT);
    s.tag_bytes = 16;
    s.iv_bytes = 0;
    CHECK(seal(&s, s.text, out, tag) == MBEDTLS_ERR_GCM_BAD_INPUT);
    s.iv_bytes = 12;
    CHECK(seal(&s, s.text, s.text + 1, tag) == MBEDTLS_ERR_GCM_BAD_INPUT); // ahead of its input
    s.bytes = 0;
    CHECK(seal(&s, s.text, out, tag) == 0);
    close_key();
}

// Streaming stays mbedTLS's, with the same keys and the same result.
static void test_gcm_pieces_agree_with_the_whole(void)
{
    static struct sample s;
    u8 whole[1000], piece[1000], tag[16], piece_tag[16];
    size_t got, end;
    draw(&s);
    s.bytes = sizeof whole;
    s.iv_bytes = 12;
    s.tag_bytes = 16;
    dice_fill(s.text, s.bytes);
    open_key(s.key, s.key_bits);
    CHECK(seal(&s, s.text, whole, tag) == 0);
    CHECK(mbedtls_gcm_starts(&ctx, MBEDTLS_GCM_ENCRYPT, s.iv, s.iv_bytes) == 0);
    CHECK(mbedtls_gcm_update_ad(&ctx, s.aad, s.aad_bytes) == 0);
    CHECK(mbedtls_gcm_update(&ctx, s.text, s.bytes, piece, s.bytes, &got) == 0 && got == s.bytes);
    CHECK(mbedtls_gcm_finish(&ctx, NULL, 0, &end, piece_tag, 16) == 0);
    CHECK(memcmp(whole, piece, sizeof whole) == 0 && memcmp(tag, piece_tag, 16) == 0);
    close_key();
}

int main(void)
{
    static const struct test_case cases[] = {
        CASE(test_gcm_knows_the_published_case),
        CASE(test_gcm_equals_the_portable_code),
        CASE(test_gcm_refuses_wrong_arguments),
        CASE(test_gcm_pieces_agree_with_the_whole),
    };
    fprintf(stderr, "fast: %s\n", tls_gcm_is_fast() ? "yes" : "no, only the portable code runs");
    return test_main(__FILE__, cases, COUNT(cases));
}
