// SPDX-License-Identifier: Apache-2.0
// sync/shard: every mailbox has one owner, shares are even, and one shard more moves only what
// becomes its own.
#include "test.h"

#include "sync/shard.h"

static u8 detail_bytes[512];

static err parse(const char *text, const char *completion, struct shard *out)
{
    struct buf detail = buf_over(detail_bytes, COUNT(detail_bytes));
    return shard_parse(str_from(text), str_from(completion), out, &detail);
}

static void test_parse(void)
{
    struct shard s;
    CHECK_OK(parse("3/8", "", &s));
    CHECK(s.index == 2 && s.count == 8);
    CHECK_OK(parse("1/1", "7", &s)); // both given: the environment does not matter
    CHECK(s.index == 0 && s.count == 1);
    CHECK_OK(parse("8", "0", &s));
    CHECK(s.index == 0 && s.count == 8);
    CHECK_OK(parse("1000", "999", &s));
    CHECK(s.index == 999 && s.count == 1000);
    static const char *bad[][2] = {
        {"", ""},     {"8", ""},
        {"0/8", ""},  {"9/8", ""},
        {"a/8", ""},  {"3/", ""},
        {"/8", ""},   {"3/8/9", ""},
        {"8", "8"},   {"8", "-1"},
        {"1/0", ""},  {"1/1001", ""},
        {"-1/8", ""}, {"99999999999/8", ""},
        {"8", "x"},   {"0", "0"},
    };
    for (isize i = 0; i < COUNT(bad); i++) {
        CHECK_ERR(parse(bad[i][0], bad[i][1], &s), OPTION_VALUE);
    }
}

#define PEOPLE 20000

static str person(u8 *bytes, int i)
{
    struct buf b = buf_over(bytes, 64);
    buf_put(&b, S("user"));
    buf_put_i64(&b, i);
    buf_put(&b, S("@example.test"));
    return buf_str(&b);
}

static int owner(str address, int count)
{
    int found = -1;
    for (int k = 0; k < count; k++) {
        struct shard s = {.index = k, .count = count};
        if (shard_owns(&s, address)) {
            CHECK(found < 0); // one owner only
            found = k;
        }
    }
    return found;
}

static void test_one_owner_each(void)
{
    int shares[8] = {0};
    int moved = 0;
    for (int i = 0; i < PEOPLE; i++) {
        u8 bytes[64];
        str address = person(bytes, i);
        int seven = owner(address, 7);
        int eight = owner(address, 8);
        CHECK(seven >= 0 && eight >= 0);
        CHECK(seven == eight || eight == 7); // nothing moves between the old ones
        moved += seven != eight;
        shares[eight]++;
    }
    for (int k = 0; k < 8; k++) {
        CHECK(shares[k] > PEOPLE / 8 * 9 / 10 && shares[k] < PEOPLE / 8 * 11 / 10);
    }
    CHECK(moved == shares[7]);
}

static void test_case_does_not_matter(void)
{
    for (int i = 0; i < 100; i++) {
        u8 bytes[64], upper[64];
        str address = person(bytes, i);
        for (isize k = 0; k < address.n; k++) {
            u8 c = address.p[k];
            upper[k] = c >= 'a' && c <= 'z' ? (u8)(c - 32) : c;
        }
        CHECK(owner(address, 5) == owner(str_make(upper, address.n), 5));
    }
    struct shard none = {0};
    CHECK(shard_owns(&none, S("anybody@example.test")));
    static u8 lengthy[1000];
    memset(lengthy, 'x', sizeof lengthy);
    CHECK(owner(str_make(lengthy, COUNT(lengthy)), 3) >= 0);
}

// Fixed for ever: processes of two releases may share a tenant.
static void test_owners_are_stable(void)
{
    CHECK(owner(S("amy@example.test"), 10) == 0);
    CHECK(owner(S("bob@example.test"), 10) == 7);
    CHECK(owner(S("carol@example.test"), 10) == 1);
}

static const struct test_case cases[] = {
    CASE(test_parse),
    CASE(test_one_owner_each),
    CASE(test_case_does_not_matter),
    CASE(test_owners_are_stable),
};

TEST_MAIN(cases)
