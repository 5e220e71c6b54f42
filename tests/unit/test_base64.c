// SPDX-License-Identifier: Apache-2.0
// codec/base64: RFC 4648's examples, and every way (table, SSSE3, AVX2) against a plain oracle for
// all short lengths, every place of a foreign byte, every split.
#include "test.h"

#include "codec/base64.h"

#define TEXT_MAX 400

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static u32 seed = 1;

static u8 next_byte(void)
{
    seed = seed * 1664525U + 1013904223U;
    return (u8)(seed >> 24);
}

static void fill(u8 *p, isize n)
{
    for (isize i = 0; i < n; i++) {
        p[i] = next_byte();
    }
}

// The oracles: bit by bit, as the RFC tells it.
static str oracle_encode(u8 *out, str in)
{
    isize n = 0;
    for (isize bit = 0; bit < in.n * 8; bit += 6) {
        int value = 0;
        for (isize k = bit; k < bit + 6; k++) {
            value = value * 2 + (k < in.n * 8 ? in.p[k / 8] >> (7 - k % 8) & 1 : 0);
        }
        out[n++] = (u8)alphabet[value];
    }
    while (n % 4) {
        out[n++] = '=';
    }
    return (str){out, n};
}

static str oracle_decode(u8 *out, str in, i64 *ignored)
{
    isize bits = 0, quantum = 0, n = 0;
    int value = 0;
    for (isize i = 0; i < in.n; i++) {
        u8 c = in.p[i] == '-' ? '+' : in.p[i] == '_' ? '/' : in.p[i];
        const char *hit = c ? strchr(alphabet, c) : NULL;
        if (c == '=') {
            bits = quantum = 0;
        } else if (!hit) {
            ++*ignored;
        } else {
            value = (value << 6 | (int)(hit - alphabet)) & 0xffff;
            bits += 6;
            if (bits >= 8) {
                bits -= 8;
                out[n++] = (u8)(value >> bits);
            }
            if (++quantum == 4) {
                bits = quantum = 0;
            }
        }
    }
    return (str){out, n};
}

static enum base64_way ways(void)
{
    return base64_best_way();
}

// Decodes `in` by every way, whole, and compares bytes, count of ignored ones, and what lies
// behind.
static void check_decode(str in)
{
    u8 want[TEXT_MAX], got[TEXT_MAX + 64];
    i64 ignored = 0;
    str expected = oracle_decode(want, in, &ignored);
    for (int way = BASE64_TABLE; way <= (int)ways(); way++) {
        isize caps[] = {expected.n, expected.n + 1, expected.n + 40};
        for (isize k = 0; k < COUNT(caps); k++) {
            memset(got, 0xee, sizeof got);
            struct buf b = buf_over(got, caps[k]);
            struct base64_decoder d = {0};
            base64_decode_by(&d, &b, in, (enum base64_way)way);
            CHECK(!b.full && d.ignored == ignored);
            CHECK_STR(buf_str(&b), expected);
            CHECK(got[caps[k]] == 0xee);
        }
    }
}

static void test_base64_encode_rfc(void)
{
    static const char *const pairs[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };
    for (isize i = 0; i < COUNT(pairs); i++) {
        u8 memory[64];
        struct buf b = buf_over(memory, sizeof memory);
        base64_encode(&b, str_from(pairs[i][0]));
        CHECK_STR(buf_str(&b), str_from(pairs[i][1]));
        buf_reset(&b);
        base64_encode_url(&b, str_from(pairs[i][0]));
        CHECK_STR(buf_str(&b),
                  str_slice(str_from(pairs[i][1]), 0, (isize)strcspn(pairs[i][1], "=")));
        check_decode(str_from(pairs[i][1]));
    }
    u8 memory[64];
    struct buf b = buf_over(memory, sizeof memory);
    base64_encode_url(&b, S("\xfb\xff\xfe>>>???\xfb\xff\xfe\xfb\xff\xfe\xfb\xff\xfe\xfb\xff\xfe"));
    CHECK_STR(buf_str(&b), S("-__-Pj4-Pz8_-__--__--__--__-"));
}

static void test_base64_encode_lengths(void)
{
    static u8 in[300], want[TEXT_MAX + 8], got[TEXT_MAX + 64];
    for (isize n = 0; n <= 250; n++) {
        fill(in, n);
        str text = test_guarded((str){in, n});
        str expected = oracle_encode(want, text);
        CHECK(base64_encoded_bytes(n) == expected.n);
        for (int way = BASE64_TABLE; way <= (int)ways(); way++) {
            memset(got, 0xee, sizeof got);
            struct buf b = buf_over(got, expected.n);
            base64_encode_by(&b, text, (enum base64_way)way);
            CHECK(!b.full && got[expected.n] == 0xee);
            CHECK_STR(buf_str(&b), expected);
        }
        for (isize cap = expected.n; cap < expected.n + 30; cap++) {
            memset(got, 0xee, sizeof got);
            memcpy(got + cap - n, in, (size_t)n);
            CHECK(base64_encode_in_place(got, cap, n) == expected.n);
            CHECK_STR(((str){got, expected.n}), expected);
            CHECK(got[cap] == 0xee);
        }
        if (n) {
            struct buf small = buf_over(got, expected.n - 1);
            base64_encode(&small, text);
            CHECK(small.full && small.n == 0);
        }
        check_decode(expected);
    }
}

static void test_base64_decode_foreign(void)
{
    static const u8 foreign[] = {'\n', '\r', '=', ' ', 0,   0x7f, 0x80, 0xff, '@', '[',
                                 '`',  '{',  '.', ',', ':', '!',  0xab, 0xad, 0xdf};
    u8 text[200];
    for (isize n = 1; n <= 140; n += n < 70 ? 1 : 7) {
        for (isize i = 0; i < n; i++) {
            text[i] = (u8) "+/-_"[next_byte() & 3];
            if (next_byte() & 1) {
                text[i] = (u8)alphabet[next_byte() & 63];
            }
        }
        str s = test_guarded((str){text, n});
        check_decode(s);
        u8 *w = (u8 *)(uintptr_t)s.p;
        for (isize at = 0; at < n; at++) {
            u8 kept = w[at];
            w[at] = foreign[(n + at) % COUNT(foreign)];
            check_decode(s);
            w[at] = kept;
        }
    }
    // Every byte value, in the middle of a vector.
    for (int c = 0; c < 256; c++) {
        memset(text, 'Q', 64);
        text[37] = (u8)c;
        check_decode((str){text, 64});
    }
}

static void test_base64_decode_lines(void)
{
    u8 text[TEXT_MAX];
    for (isize width = 1; width < 80; width++) {
        isize n = 0;
        for (isize i = 0; i < 200 && n < TEXT_MAX - 2; i++) {
            text[n++] = (u8)alphabet[next_byte() & 63];
            if (i % width == width - 1) {
                text[n++] = '\r';
                text[n++] = '\n';
            }
        }
        check_decode(test_guarded((str){text, n}));
    }
}

static void test_base64_decode_splits(void)
{
    str in = S("TWFueSBoYW5kcyBtYWtl\r\nIGxpZ2h0IHdvcmsuLi4u-_+/QUI=Zg==Z!g=====QQQ");
    u8 want[TEXT_MAX], got[TEXT_MAX];
    i64 ignored = 0;
    str expected = oracle_decode(want, in, &ignored);
    CHECK(ignored == 3);
    for (isize a = 0; a <= in.n; a++) {
        for (isize c = a; c <= in.n; c++) {
            struct buf b = buf_over(got, sizeof got);
            struct base64_decoder d = {0};
            base64_decode(&d, &b, str_slice(in, 0, a));
            base64_decode(&d, &b, str_slice(in, a, c));
            base64_decode(&d, &b, str_from_index(in, c));
            CHECK_STR(buf_str(&b), expected);
            CHECK(d.ignored == ignored);
        }
    }
}

static void test_base64_decode_full(void)
{
    u8 text[128], want[128], got[128];
    memset(text, 'Z', sizeof text);
    i64 ignored = 0;
    str expected = oracle_decode(want, (str){text, 128}, &ignored);
    for (isize cap = 0; cap < expected.n; cap++) {
        for (int way = BASE64_TABLE; way <= (int)ways(); way++) {
            memset(got, 0xee, sizeof got);
            struct buf b = buf_over(got, cap);
            struct base64_decoder d = {0};
            base64_decode_by(&d, &b, (str){text, 128}, (enum base64_way)way);
            CHECK(b.full && b.n <= cap && memcmp(got, want, (size_t)b.n) == 0 && got[cap] == 0xee);
        }
    }
}

static void test_base64_translate_splits(void)
{
    static const char *const pairs[][2] = {
        {"", ""},
        {"QQ", "QQ=="},
        {"QQ==", "QQ=="},
        {"QUI", "QUI="},
        {"QUI=", "QUI="},
        {"QUJD", "QUJD"},
        {"-_-_", "+/+/"},
        {"+/-_", "+/+/"},
        {"Q Q\n", "QQ=="},
        {"Q", "QA=="},
        {"abcdefghijklmnop-rstuvwxyzABCDE_GHIJKLMNOPQRSTUVWXYZ0123456789",
         "abcdefghijklmnop+rstuvwxyzABCDE/GHIJKLMNOPQRSTUVWXYZ0123456789=="},
        {"abcdefghijklmn\nop-rstuvwxyzABCDE_GHIJKLM\xc3OPQRST\x80VWXYZ0123456789==",
         "abcdefghijklmnop+rstuvwxyzABCDE/GHIJKLMOPQRSTVWXYZ0123456789"},
    };
    u8 got[128];
    for (isize i = 0; i < COUNT(pairs); i++) {
        str in = test_guarded(str_from(pairs[i][0]));
        for (isize at = 0; at <= in.n; at++) {
            struct buf b = buf_over(got, sizeof got);
            struct base64_translator t = {0};
            base64_translate(&t, &b, str_slice(in, 0, at));
            base64_translate(&t, &b, str_from_index(in, at));
            base64_translate_end(&t, &b);
            CHECK_STR(buf_str(&b), str_from(pairs[i][1]));
            CHECK(t.count == b.n);
        }
    }
    for (int c = 0; c < 256; c++) { // every byte in the middle of a vector
        u8 text[32], want[32];
        memset(text, 'x', sizeof text);
        text[7] = (u8)c;
        isize n = 0;
        for (isize i = 0; i < 32; i++) {
            u8 mapped = text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i];
            if (mapped && strchr(alphabet, mapped)) {
                want[n++] = mapped;
            }
        }
        struct buf b = buf_over(got, sizeof got);
        struct base64_translator t = {0};
        base64_translate(&t, &b, (str){text, 32});
        CHECK_STR(buf_str(&b), ((str){want, n}));
    }
}

static const struct test_case cases[] = {
    CASE(test_base64_encode_rfc),       CASE(test_base64_encode_lengths),
    CASE(test_base64_decode_foreign),   CASE(test_base64_decode_lines),
    CASE(test_base64_decode_splits),    CASE(test_base64_decode_full),
    CASE(test_base64_translate_splits),
};

TEST_MAIN(cases)
