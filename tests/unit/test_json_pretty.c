// SPDX-License-Identifier: Apache-2.0
// codec/json_pretty: the layout of Python's json.dumps(indent=N), which made the expected texts.
#include "test.h"

#include "codec/json_pretty.h"

static const struct {
    const char *json, *pretty;
    int indent;
} cases[] = {
    {"{}", "{}", 2},
    {"[]", "[]", 4},
    {"  7 ", "7", 2},
    {"\"a\"", "\"a\"", 2},
    {"{\"id\":\"j1\"}", "{\n    \"id\": \"j1\"\n}", 4},
    {"{\"a\":[1,{\"b\":[]}],\"c\":{ }}",
     "{\n  \"a\": [\n    1,\n    {\n      \"b\": []\n    }\n  ],\n  \"c\": {}\n}", 2},
    {"[ 1 , true ,\n null]", "[\n  1,\n  true,\n  null\n]", 2},
    {"{\"k:,{\":\"v\\\"]},\\\\\"}", "{\n  \"k:,{\": \"v\\\"]},\\\\\"\n}", 2},
};

static void test_put(void)
{
    for (isize i = 0; i < COUNT(cases); i++) {
        u8 bytes[256];
        struct buf b = buf_over(bytes, COUNT(bytes));
        json_pretty_put(&b, str_from(cases[i].json), cases[i].indent);
        CHECK_STR(buf_str(&b), str_from(cases[i].pretty));
    }
}

// Whatever the text: it ends, within the buffer, and reads nothing beyond the text.
static void test_hostile(void)
{
    static const char *texts[] = {"", "\"", "\"\\", "{", "[", "}}}]", "[[[[", "{\"a\"", ",:", "\\"};
    for (isize i = 0; i < COUNT(texts); i++) {
        u8 bytes[256];
        struct buf b = buf_over(bytes, COUNT(bytes));
        json_pretty_put(&b, test_guarded(str_from(texts[i])), 2);
        CHECK(!b.full);
    }
    static u8 deep[1000], small[100];
    memset(deep, '[', sizeof deep);
    struct buf b = buf_over(small, COUNT(small));
    json_pretty_put(&b, str_make(deep, COUNT(deep)), 4);
    CHECK(b.full && b.n <= b.cap);
}

static const struct test_case list[] = {
    CASE(test_put),
    CASE(test_hostile),
};

TEST_MAIN(list)
