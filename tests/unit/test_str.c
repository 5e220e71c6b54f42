// SPDX-License-Identifier: Apache-2.0
// base/str: comparing, searching, cutting, numbers and UTF-8; each input ends at a guard page.
#include "test.h"

static str guard(const char *z)
{
    return test_guarded(str_from(z));
}

static int sign(int v)
{
    return (v > 0) - (v < 0);
}

static void test_str_eq_and_order(void)
{
    CHECK(str_eq(guard("abc"), guard("abc")) && !str_eq(guard("abc"), guard("abd")));
    CHECK(!str_eq(guard("abc"), guard("ab")) && str_eq((str){0}, S("")));
    CHECK(str_eq_nocase(guard("aBz"), guard("AbZ")) && !str_eq_nocase(S("a"), S("ab")));
    CHECK(!str_eq_nocase(S("@["), S("`{")) && !str_eq_nocase(S("\xc4"), S("\xe4")));
    static const char *const sorted[] = {"", "A", "AB", "B", "a", "\x7f", "\x80", "\xff"};
    for (int i = 0; i < COUNT(sorted); i++) {
        for (int k = 0; k < COUNT(sorted); k++) {
            CHECK(sign(str_compare(guard(sorted[i]), guard(sorted[k]))) == sign(i - k));
        }
    }
    CHECK(str_starts(guard("abc"), S("")) && str_starts(guard("abc"), S("abc")));
    CHECK(!str_starts(guard("abc"), S("abcd")) && !str_starts(guard("abc"), S("b")));
    CHECK(str_starts_nocase(guard("ABC"), S("ab")) && !str_starts_nocase(S("a"), S("ab")));
    CHECK(str_ends(guard("abc"), S("bc")) && str_ends(guard("abc"), S("")));
    CHECK(!str_ends(guard("abc"), S("ab")) && !str_ends(guard("c"), S("bc")));
    CHECK(str_from(NULL).n == 0 && str_make("ab", 2).n == 2);
}

static void test_str_find_places(void)
{
    CHECK(str_find_byte(guard("abca"), 'a') == 0 && str_find_byte(guard("abca"), 'c') == 2);
    CHECK(str_find_byte(guard("abc"), 'x') == -1 && str_find_byte((str){0}, 'x') == -1);
    CHECK(str_find(guard("aab"), S("ab")) == 1 && str_find(guard("aaab"), S("aab")) == 1);
    CHECK(str_find(guard("ab"), S("abc")) == -1 && str_find(guard("ab"), S("")) == 0);
    CHECK(str_find((str){0}, S("")) == 0 && str_find((str){0}, S("a")) == -1);
    CHECK(str_find(guard("xxab"), S("ab")) == 2 && str_find(guard("xxa"), S("ab")) == -1);
    CHECK(str_contains_nocase(guard("Hello World"), S("o wOR")));
    CHECK(!str_contains_nocase(guard("Hello"), S("lloo")) && str_contains_nocase(S(""), S("")));
    // Against memmem for all short texts over two letters.
    for (u32 bits = 0; bits < 256; bits++) {
        u8 text[8];
        for (int i = 0; i < 8; i++) {
            text[i] = bits >> i & 1 ? 'b' : 'a';
        }
        for (isize n = 1; n < 5; n++) {
            const u8 *hit = memmem(text, 8, "abab", (size_t)n);
            CHECK(str_find((str){text, 8}, str_make("abab", n)) == (hit ? hit - text : -1));
        }
    }
}

static void test_str_parts(void)
{
    str s = guard("  a\t b\r\n");
    CHECK_STR(str_trim(s), S("a\t b"));
    CHECK_STR(str_trim_end(s), S("  a\t b"));
    CHECK(str_trim(guard(" \t\r\n")).n == 0 && str_trim((str){0}).n == 0);
    CHECK_STR(str_trim(guard("\v a")), S("\v a"));
    CHECK_STR(str_slice(s, 2, 3), S("a"));
    CHECK_STR(str_from_index(s, s.n), S(""));
    CHECK(str_slice((str){0}, 0, 0).p == NULL);
    str head, rest;
    bool found;
    rest = str_cut(guard("a=b=c"), '=', &head, &found);
    CHECK(found);
    CHECK_STR(head, S("a"));
    CHECK_STR(rest, S("b=c"));
    rest = str_cut(guard("abc"), '=', &head, &found);
    CHECK(!found && rest.n == 0);
    CHECK_STR(head, S("abc"));
    rest = str_cut(guard("abc="), '=', &head, &found);
    CHECK(found && rest.n == 0);
    rest = str_cut((str){0}, '=', &head, &found);
    CHECK(!found && rest.n == 0 && head.n == 0);
}

static void test_str_to_numbers(void)
{
    static const struct {
        const char *in;
        bool ok;
        u64 want;
    } decimal[] = {
        {"0", true, 0},
        {"007", true, 7},
        {"18446744073709551615", true, UINT64_MAX},
        {"18446744073709551616", false, 0},
        {"99999999999999999999", false, 0},
        {"", false, 0},
        {"-1", false, 0},
        {"+1", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"a", false, 0},
        {"1a", false, 0},
        {"1.", false, 0},
    };
    for (isize i = 0; i < COUNT(decimal); i++) {
        u64 got = 0;
        CHECK(str_to_u64(guard(decimal[i].in), &got) == decimal[i].ok);
        CHECK(!decimal[i].ok || got == decimal[i].want);
    }
    u64 u;
    CHECK(str_to_u64_hex(guard("ffffffffffffffff"), &u) && u == UINT64_MAX);
    CHECK(str_to_u64_hex(guard("DeadBeef"), &u) && u == 0xdeadbeef);
    CHECK(!str_to_u64_hex(guard("10000000000000000"), &u) && !str_to_u64_hex(guard("0x1"), &u));
    CHECK(!str_to_u64_hex(guard("g"), &u) && !str_to_u64_hex(guard(""), &u));
    i64 v;
    CHECK(str_to_i64(guard("-9223372036854775808"), &v) && v == INT64_MIN);
    CHECK(str_to_i64(guard("9223372036854775807"), &v) && v == INT64_MAX);
    CHECK(!str_to_i64(guard("9223372036854775808"), &v) &&
          !str_to_i64(guard("-9223372036854775809"), &v));
    CHECK(!str_to_i64(guard("-"), &v) && !str_to_i64(guard(""), &v) &&
          !str_to_i64(guard("--1"), &v));
    CHECK(str_to_i64(guard("-0"), &v) && v == 0);
}

static void test_str_bytes(void)
{
    for (int c = 0; c < 256; c++) {
        u8 b = (u8)c;
        CHECK(str_lower_byte(b) == (c >= 'A' && c <= 'Z' ? c + 32 : c));
        CHECK(str_is_digit(b) == (c >= '0' && c <= '9'));
        CHECK(str_is_space(b) == (c == 32 || c == 9 || c == 10 || c == 13));
    }
}

// Every code point encoded by hand, and every two and three bytes against a decoder by value.
static bool utf8_by_value(const u8 *p, isize n)
{
    for (isize i = 0; i < n;) {
        isize k = p[i] < 0x80       ? 1
                  : p[i] >> 5 == 6  ? 2
                  : p[i] >> 4 == 14 ? 3
                  : p[i] >> 3 == 30 ? 4
                                    : 0;
        if (k == 0 || i + k > n) {
            return false;
        }
        u32 value = k == 1 ? p[i] : p[i] & (0x7fU >> k);
        for (isize j = 1; j < k; j++) {
            if (p[i + j] >> 6 != 2) {
                return false;
            }
            value = value << 6 | (p[i + j] & 63U);
        }
        static const u32 least[5] = {0, 0, 0x80, 0x800, 0x10000};
        if (value < least[k] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) {
            return false;
        }
        i += k;
    }
    return true;
}

static void test_str_is_utf8_all(void)
{
    int wrong = 0;
    for (u32 v = 0; v < 1U << 24; v++) {
        u8 p[4] = {(u8)(v >> 16), (u8)(v >> 8), (u8)v};
        wrong += str_is_utf8((str){p, 3}) != utf8_by_value(p, 3);
    }
    for (u32 v = 0; v < 1U << 21;
         v++) { // four bytes: lead and second free, the others at their edges
        u8 p[4] = {(u8)(0xf0 | (v >> 17)), (u8)(v >> 9), (u8)(v >> 1 & 0xff), v & 1 ? 0xbf : 0x80};
        wrong += str_is_utf8((str){p, 4}) != utf8_by_value(p, 4);
    }
    CHECK(wrong == 0);
    CHECK(str_is_utf8((str){0}) && str_is_utf8(guard("a\xf0\x9f\x98\x80"
                                                     "b")));
    CHECK(!str_is_utf8(guard("a\xf0\x9f\x98")) && !str_is_utf8(guard("\xc3")));
}

static const struct test_case cases[] = {
    CASE(test_str_eq_and_order), CASE(test_str_find_places), CASE(test_str_parts),
    CASE(test_str_to_numbers),   CASE(test_str_bytes),       CASE(test_str_is_utf8_all),
};

TEST_MAIN(cases)
