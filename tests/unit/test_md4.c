// SPDX-License-Identifier: Apache-2.0
// codec/md4: the examples of RFC 1320, those of spec/wire-ntlm.md 1, and every length around the
// border of a block against a sum of all of them.
#include "test.h"

#include "codec/md4.h"
#include "base/buf.h"

static void check(str in, const char *want)
{
    u8 hash[16], text[32];
    struct buf hex = buf_over(text, COUNT(text));
    md4(test_guarded(in), hash);
    buf_put_hex(&hex, str_make(hash, 16));
    CHECK_STR(buf_str(&hex), str_from(want));
}

static void test_md4_examples(void)
{
    check(S(""), "31d6cfe0d16ae931b73c59d7e0c089c0");
    check(S("a"), "bde52cb31de33e46245e05fbdbd6fb24");
    check(S("abc"), "a448017aaf21d8525fc10ae87aa6729d");
    check(S("message digest"), "d9130a8164549fe818874806e1c7014b");
    check(S("abcdefghijklmnopqrstuvwxyz"), "d79e1c308aa5bbcdeea8ed63df412da9");
    check(S("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"),
          "043f8582f241db351ce627e153e7f0e4");
    check(S("12345678901234567890123456789012345678901234567890123456789012345678901234567890"),
          "e33b4ddc9c38f2199c3e7b164fcc0536");
}

static void test_md4_passwords(void)
{
    check(S("P\0a\0s\0s\0w\0o\0r\0d\0"), "a4f49c406510bdcab6824ee7c30fd852");
    check(S("P\0a\0s\0s\0w\0000\0r\0d\0"), "a87f3a337d73085c45f9416be5787d86");
}

// The hash of the hashes of 'x' * 0 ... 'x' * 199, as OpenSSL's MD4 gives it.
static void test_md4_lengths(void)
{
    u8 text[200], sums[COUNT(text) * 16];
    memset(text, 'x', sizeof text);
    for (isize n = 0; n < COUNT(text); n++) {
        md4(str_make(text, n), sums + 16 * n);
    }
    check(str_make(sums, COUNT(sums)), "0df08240710d0d10432419f9380598f1");
}

static const struct test_case cases[] = {
    CASE(test_md4_examples),
    CASE(test_md4_passwords),
    CASE(test_md4_lengths),
};
TEST_MAIN(cases)
