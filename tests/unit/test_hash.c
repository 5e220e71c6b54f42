// SPDX-License-Identifier: Apache-2.0
// base/hash: the vectors of SipHash's authors (siphash24, key 00..0f, input 00..n-1), for all
// lengths about the words of 8 bytes.
#include "test.h"

#include "base/hash.h"

static void test_hash_siphash_vectors(void)
{
    static const u64 vectors[] = {
        0x726fdb47dd0e0e31, 0x74f839c593dc67fd, 0x0d6c8009d9a94f5a, 0x85676696d7fb7e2d,
        0xcf2794e0277187b7, 0x18765564cd99a68d, 0xcbc9466e58fee3ce, 0xab0200f58b01d137,
        0x93f5f5799a932462, 0x9e0082df0ba9e4b0, 0x7a5dbbc594ddb9f3, 0xf4b32f46226bada7,
        0x751e8fbc860ee5fb, 0x14ea5627c0843d90, 0xf723ca908e7af2ee, 0xa129ca6149be45e5,
        0x3f2acc7f57c29bdb, 0x699ae9f52cbe4794, 0x4bc1b3f0968dd39c, 0xbb6dc91da77961bd,
        0xbed65cf21aa2ee98, 0xd0f2cbb02e3b67c7, 0x93536795e3a33e88, 0xa80c038ccd5ccec8,
        0xb8ad50c6f649af94, 0xbce192de8a85b8ea, 0x17d835b85bbb15f3, 0x2f2e6163076bcfad,
        0xde4daaaca71dc9a5, 0xa6a2506687956571, 0xad87a3535c49ef28, 0x32d892fad841c342,
        0x7127512f72f27cce, 0xa7f32346f95978e3, 0x12e0b01abb051238, 0x15e034d40fa197ae,
        0x314dffbe0815a3b4, 0x027990f029623981, 0xcadcd4e59ef40c4d, 0x9abfd8766a33735c,
    };
    struct hash_key key = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
    u8 in[64];
    for (isize n = 0; n < COUNT(vectors); n++) {
        in[n] = (u8)n;
        CHECK(hash_siphash(key, test_guarded((str){in, n})) == vectors[n]);
    }
    CHECK(hash_siphash(key, (str){0}) == vectors[0]);
    key.k0++;
    CHECK(hash_siphash(key, (str){0}) != vectors[0]);
}

static const struct test_case cases[] = {CASE(test_hash_siphash_vectors)};

TEST_MAIN(cases)
