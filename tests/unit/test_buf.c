// SPDX-License-Identifier: Apache-2.0
// base/buf: every append at every capacity: the longest prefix of whole appends, then nothing more.
#include "test.h"

#include "base/buf.h"

static void put_all(struct buf *b)
{
    buf_put(b, S("ab"));
    buf_put(b, (str){0});
    buf_put_byte(b, 'c');
    buf_put_fill(b, '.', 3);
    buf_put_fill(b, '.', 0);
    buf_put_u64(b, 1234567890);
    buf_put_hex(b, S("\x00\xaf\xff"));
    buf_put_decimal(b, 42, 5);
    buf_put_decimal(b, 12345, 3);
    buf_put_lower(b, S("AzZ\xc4"));
}

static void test_buf_put_whole(void)
{
    u8 memory[64];
    struct buf b = buf_over(memory, sizeof memory);
    put_all(&b);
    CHECK_OK(buf_check(&b));
    CHECK_STR(buf_str(&b), S("abc...123456789000afff00042345azz\xc4"));
    CHECK(buf_room(&b) == 64 - b.n);
    buf_reset(&b);
    CHECK(b.n == 0 && buf_room(&b) == 64);
}

static void test_buf_put_full(void)
{
    u8 whole[64], memory[64];
    struct buf w = buf_over(whole, sizeof whole);
    put_all(&w);
    static const isize ends[] = {0, 2, 3, 6, 16, 22, 27, 30, 34}; // after each append
    for (isize cap = 0; cap < w.n; cap++) {
        memset(memory, 0xee, sizeof memory);
        struct buf b = buf_over(memory, cap);
        put_all(&b);
        CHECK_ERR(buf_check(&b), BUF_FULL);
        isize want = 0;
        for (isize i = 0; i < COUNT(ends) && ends[i] <= cap; i++) {
            want = ends[i];
        }
        CHECK(b.n == want && memcmp(memory, whole, (size_t)want) == 0 && memory[cap] == 0xee);
        CHECK(buf_room(&b) == 0 && buf_grab(&b, 0) == NULL);
        buf_reset(&b);
        CHECK_OK(buf_check(&b));
    }
    CHECK(w.n == 34);
}

static void test_buf_put_numbers(void)
{
    static const struct {
        i64 v;
        const char *want;
    } cases[] = {{0, "0"},
                 {-1, "-1"},
                 {10, "10"},
                 {INT64_MAX, "9223372036854775807"},
                 {INT64_MIN, "-9223372036854775808"}};
    u8 memory[32];
    for (isize i = 0; i < COUNT(cases); i++) {
        struct buf b = buf_over(memory, sizeof memory);
        buf_put_i64(&b, cases[i].v);
        CHECK_STR(buf_str(&b), str_from(cases[i].want));
    }
    struct buf b = buf_over(memory, sizeof memory);
    buf_put_u64(&b, UINT64_MAX);
    CHECK_STR(buf_str(&b), S("18446744073709551615"));
    b = buf_over(memory, 1); // the sign alone is no number: nothing of it may stay
    buf_put_i64(&b, -1);
    CHECK(b.full && b.n == 0);
}

static void test_buf_grab_and_drop(void)
{
    u8 memory[8];
    struct buf b = buf_over(memory, sizeof memory);
    u8 *at = buf_grab(&b, 5);
    CHECK(at == memory && b.n == 5);
    memcpy(at, "hello", 5);
    buf_drop(&b, 2);
    CHECK_STR(buf_str(&b), S("llo"));
    buf_drop(&b, 0);
    CHECK_STR(buf_str(&b), S("llo"));
    buf_drop(&b, 3);
    CHECK(b.n == 0 && !b.full);
    CHECK(buf_grab(&b, 9) == NULL && b.full && b.n == 0);
    struct buf none = buf_over(NULL, 0);
    buf_put(&none, (str){0});
    CHECK(!none.full);
    buf_put_byte(&none, 'x');
    CHECK(none.full);
}

static const struct test_case cases[] = {
    CASE(test_buf_put_whole),
    CASE(test_buf_put_full),
    CASE(test_buf_put_numbers),
    CASE(test_buf_grab_and_drop),
};

TEST_MAIN(cases)
