// SPDX-License-Identifier: Apache-2.0
// codec/json_write: punctuation, every escape, malformed UTF-8 at every place, every buffer size.
#include "test.h"

#include "codec/json_write.h"

static u8 memory[8192];

static str escape(str s)
{
    static u8 out[4096];
    struct buf b = buf_over(out, sizeof out);
    json_escape(&b, test_guarded(s));
    CHECK(!b.full);
    return buf_str(&b);
}

static void test_json_write_punctuation(void)
{
    struct buf b = buf_over(memory, sizeof memory);
    struct json_write w = json_write_to(&b);
    json_write_object(&w);
    json_write_member(&w, S("a"), S("x"));
    json_write_key(&w, S("b"));
    json_write_array(&w);
    json_write_i64(&w, -5);
    json_write_bool(&w, true);
    json_write_bool(&w, false);
    json_write_null(&w);
    json_write_object(&w);
    json_write_object_end(&w);
    json_write_array(&w);
    json_write_array_end(&w);
    json_write_raw(&w, S("{\"r\":1}"));
    json_write_string_begin(&w);
    buf_put(w.b, S("QUJD"));
    json_write_string_end(&w);
    json_write_array_end(&w);
    json_write_key(&w, S("k\"\n"));
    json_write_object(&w);
    json_write_object_end(&w);
    json_write_member(&w, S("last"), S(""));
    json_write_object_end(&w);
    CHECK_OK(buf_check(&b));
    CHECK_STR(buf_str(&b), S("{\"a\":\"x\",\"b\":[-5,true,false,null,{},[],{\"r\":1},\"QUJD\"],"
                             "\"k\\\"\\n\":{},\"last\":\"\"}"));
}

static void test_json_escape_bytes(void)
{
    CHECK_STR(escape(S("")), S(""));
    CHECK_STR(escape(S("\"\\/\b\f\n\r\t")), S("\\\"\\\\/\\b\\f\\n\\r\\t"));
    CHECK_STR(escape((str){(const u8 *)"\0\x01\x1f\x7f", 4}), S("\\u0000\\u0001\\u001f\x7f"));
    CHECK_STR(escape(S("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80")),
              S("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80"));
}

// The expected values are those of Python's bytes.decode("utf-8", "replace").
static void test_json_escape_malformed(void)
{
    static const struct {
        const char *in;
        int marks;
        const char *rest;
    } cases[] = {
        {"\x80z", 1, "z"},
        {"\xc0\xafz", 2, "z"},
        {"\xe0\x80\x80z", 3, "z"},
        {"\xe2\x82z", 1, "z"},
        {"\xed\xa0\x80z", 3, "z"},
        {"\xf0\x9f\x98z", 1, "z"},
        {"\xf4\x90\x80\x80z", 4, "z"},
        {"\xf5\x80z", 2, "z"},
        {"\xff\xfez", 2, "z"},
        {"\xc3", 1, ""},
        {"\xe2\x82", 1, ""},
        {"\xf0\x9f\x98", 1, ""},
        {"\xf0\x80", 2, ""},
        {"\xe2\xc3\xbc", 1, "\xc3\xbc"},
        {"\xc3\"", 1, "\\\""},
        {"\xf0\x9f\n", 1, "\\n"},
    };
    for (isize i = 0; i < COUNT(cases); i++) {
        u8 want[64];
        struct buf b = buf_over(want, sizeof want);
        for (int k = 0; k < cases[i].marks; k++) {
            buf_put(&b, S("\xef\xbf\xbd"));
        }
        buf_put(&b, str_from(cases[i].rest));
        CHECK_STR(escape(str_from(cases[i].in)), buf_str(&b));
    }
}

// A special byte at every place of texts of every length about the 16-byte steps.
static void test_json_escape_places(void)
{
    static const str specials[] = {S("\""), S("\n"), S("\xc3\xbc"), S("\xff"), S("\x01")};
    static const str wants[] = {S("\\\""), S("\\n"), S("\xc3\xbc"), S("\xef\xbf\xbd"),
                                S("\\u0001")};
    for (isize n = 0; n < 50; n++) {
        for (isize at = 0; at <= n; at++) {
            for (isize k = 0; k < COUNT(specials); k++) {
                u8 in[64], want[64];
                struct buf a = buf_over(in, sizeof in), b = buf_over(want, sizeof want);
                buf_put_fill(&a, 'x', at);
                buf_put(&a, specials[k]);
                buf_put_fill(&a, 'y', n - at);
                buf_put_fill(&b, 'x', at);
                buf_put(&b, wants[k]);
                buf_put_fill(&b, 'y', n - at);
                CHECK_STR(escape(buf_str(&a)), buf_str(&b));
            }
        }
    }
}

// Into buffers of every size: never a byte beyond, full exactly when it did not fit.
static void test_json_escape_full(void)
{
    str in = S("0123456789abcdef0123456789abcdef\"\x01gr\xc3\xbc\xff and more than that");
    str whole = escape(in);
    static u8 copy[256];
    memcpy(copy, whole.p, (size_t)whole.n);
    for (isize cap = 0; cap <= whole.n + 20; cap++) {
        memset(memory, 0xee, sizeof memory);
        struct buf b = buf_over(memory, cap);
        json_escape(&b, in);
        CHECK(b.full == (cap < whole.n));
        CHECK(b.n <= cap && memcmp(memory, copy, (size_t)b.n) == 0);
        CHECK(memory[cap] == 0xee);
        isize n = b.n;
        json_escape(&b, S("x"));
        CHECK(b.n == n + (cap > whole.n));
    }
}

static const struct test_case cases[] = {
    CASE(test_json_write_punctuation), CASE(test_json_escape_bytes),
    CASE(test_json_escape_malformed),  CASE(test_json_escape_places),
    CASE(test_json_escape_full),
};

TEST_MAIN(cases)
