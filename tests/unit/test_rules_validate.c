// SPDX-License-Identifier: Apache-2.0
// sync/rules_validate: the whole answer for each kind of mistake, in the order of
// spec/sync-rules.md 3, and the advanced snippet (4).
#include "test.h"

#include "codec/json.h"
#include "rules_set.h"

static void check(const char *filtering, bool advanced, const char *want)
{
    u8 memory[8192], words[256];
    struct buf json = buf_over(memory, sizeof memory), detail = buf_over(words, sizeof words);
    bool valid = false;
    buf_put(&json, S("X")); // it is appended to what is there
    CHECK_OK(rules_validate(rules_set(), test_guarded(str_from(filtering)), advanced, &json, &valid,
                            &detail));
    str got = str_from_index(buf_str(&json), 1);
    CHECK_STR(got, str_from(want));
    CHECK(valid == str_starts(got, S("{\"state\":\"valid\"")));
    struct json_node nodes[256];
    struct json j;
    CHECK_OK(json_parse(&j, got, nodes, COUNT(nodes)));
}

static void check_all(const char *const cases[][2], isize n)
{
    for (isize i = 0; i < n; i++) {
        check(cases[i][0], true, cases[i][1]);
    }
}

#define VALID "{\"state\":\"valid\",\"errors\":[]}"
#define INVALID(errors) "{\"state\":\"invalid\",\"errors\":[" errors "]}"
#define ERROR(id, message) "{\"ids\":[" id "],\"messages\":[\"" message "\"]}"
#define RULE(id, policy, field, op, value, order)                                               \
    "{\"id\":" id ",\"policy\":" policy ",\"field\":" field ",\"rule\":" op ",\"value\":" value \
    ",\"order\":" order "}"
#define DEFAULT_RULE RULE("\"DEFAULT\"", "\"include\"", "\"_\"", "\"regex\"", "\".*\"", "9")
#define RULES(list) "{\"rules\":[" list "],\"advanced_snippet\":{\"value\":{}}}"
#define GOOD(id, op, value) \
    RULE("\"" id "\"", "\"include\"", "\"f\"", "\"" op "\"", "\"" value "\"", "0")

static void test_rules_validate_schema(void)
{
    static const char *const cases[][2] = {
        {"null", VALID},
        {RULES(""), VALID},
        {RULES(DEFAULT_RULE), VALID},
        {RULES(GOOD("r1", "EQUALS", "x") "," DEFAULT_RULE), VALID},
        {RULES(GOOD("r1", "equals", "")),
         INVALID(ERROR("\"r1\"", "data.value must be longer than or equal to 1 characters"))},
        {RULES(RULE("\"r1\"", "\"include\"", "\"\"", "\"equals\"", "\"\"", "0")),
         INVALID(ERROR("\"r1\"", "data.field must be longer than or equal to 1 characters"))},
        {RULES(RULE("\"r1\"", "\"include\"", "\"f\"", "\"equals\"", "5", "0")),
         INVALID(ERROR("\"r1\"", "data.value must be string"))},
        {RULES(RULE("\"r1\"", "\"include\"", "\"f\"", "\"equals\"", "\"v\"", "\"0\"")),
         INVALID(ERROR("\"r1\"", "data.order must be number"))},
        {RULES(RULE("\"r1\"", "\"include\"", "\"f\"", "\"equals\"", "\"v\"", "true")),
         INVALID(ERROR("\"r1\"", "data.order must be number"))},
        {RULES(RULE("\"r1\"", "\"keep\"", "\"f\"", "\"equals\"", "\"v\"", "0")),
         INVALID(ERROR("\"r1\"", "data.policy must be one of ['include', 'exclude']"))},
        {RULES(GOOD("r1", "less_than", "x")),
         INVALID(ERROR("\"r1\"", "data.rule must be one of ['equals', 'starts_with', 'ends_with', "
                                 "'contains', 'regex', '>', '<']"))},
        {RULES("{\"id\":\"r1\",\"policy\":\"include\",\"rule\":\"equals\",\"order\":1}"),
         INVALID(ERROR("\"r1\"", "data must contain ['field', 'value'] properties"))},
        {RULES(RULE("5", "\"include\"", "\"f\"", "\"equals\"", "\"v\"", "0")),
         INVALID(ERROR("null", "data.id must be string"))},
        {RULES("7"), INVALID(ERROR("null", "data must contain ['id', 'policy', 'field', 'rule', "
                                           "'value', 'order'] properties"))},
    };
    check_all(cases, COUNT(cases));
}

#define ALL                                                                                  \
    " uses a match-all regex, which matches every document that has the field. Not allowed " \
    "are: ['.*', '(.*)']"
#define SAME(a, b)                                                              \
    "Basic rule 1 (id: '" a "') is semantically equal to Basic rule 1 (id: '" b \
    "'): they have the same field, rule and value"

// The formatter comes to no end with these nested macros.
// clang-format off
static void test_a45_rules_validate_match_all(void)
{
    static const char *const cases[][2] = {
        {RULES(GOOD("aaaaa0c5-29d0-4a0e-b6f1-0123456eeeee", "regex", ".*") "," DEFAULT_RULE),
         INVALID(ERROR("\"aaaaa0c5-29d0-4a0e-b6f1-0123456eeeee\"",
                       "Basic rule 1 (id: 'aaaaa...eeeee')" ALL))},
        {RULES(GOOD("abcdefgh", "Regex", "(.*)")),
         INVALID(ERROR("\"abcdefgh\"", "Basic rule 1 (id: 'a...h')" ALL))},
        {RULES(DEFAULT_RULE), VALID},
        {RULES(GOOD("r1", "regex", ".+") "," GOOD("r2", "regex", "^.*$") ","
               GOOD("r3", "equals", ".*") "," DEFAULT_RULE),
         VALID},
    };
    check_all(cases, COUNT(cases));
}

// Only the first repeated pair; the later one first. The policy does not matter.
static void test_a46_rules_validate_same_meaning(void)
{
    static const char *const cases[][2] = {
        {RULES(GOOD("r1", "equals", "a") "," GOOD("r2", "equals", "b") ","
               GOOD("r3", "EQUALS", "b") "," GOOD("r4", "equals", "a")),
         INVALID(ERROR("\"r3\"", SAME("r...3", "r...2")) ","
                 ERROR("\"r2\"", SAME("r...2", "r...3")))},
        {RULES(GOOD("r1", "equals", "a") ","
               RULE("\"r2\"", "\"exclude\"", "\"f\"", "\"equals\"", "\"\\u0061\"", "0")),
         INVALID(ERROR("\"r2\"", SAME("r...2", "r...1")) ","
                 ERROR("\"r1\"", SAME("r...1", "r...2")))},
    };
    check_all(cases, COUNT(cases));
}

static void test_rules_validate_order(void)
{
    static const char *const cases[][2] = {
        {RULES(GOOD("r1", "regex", "(a") "," GOOD("r2", "regex", "a(?!b)")),
         INVALID(ERROR("\"r1\"", "Basic rule 1 (id: 'r...1') has a regex that cannot be used: "
                                 "missing ), unterminated subpattern at position 0") ","
                 ERROR("\"r2\"", "Basic rule 1 (id: 'r...2') has a regex that cannot be used: "
                                 "look-ahead is not supported: found at position 1"))},
        // All validators, in their order.
        {"{\"rules\":[" GOOD("r1", "regex", "[") "," GOOD("r2", "regex", ".*") ","
         GOOD("r3", "regex", ".*") "," GOOD("r4", "equals", "")
         "],\"advanced_snippet\":{\"value\":{\"messages\":[]}}}",
         INVALID(ERROR("\"r4\"", "data.value must be longer than or equal to 1 characters") ","
                 ERROR("\"r2\"", "Basic rule 1 (id: 'r...2')" ALL) ","
                 ERROR("\"r3\"", "Basic rule 1 (id: 'r...3')" ALL) ","
                 ERROR("\"r3\"", SAME("r...3", "r...2")) ","
                 ERROR("\"r2\"", SAME("r...2", "r...3")) ","
                 ERROR("\"r1\"", "Basic rule 1 (id: 'r...1') has a regex that cannot be used: "
                                 "unterminated character set at position 0") ","
                 ERROR("\"advanced_snippet\"", "data.messages must contain at least 1 items"))},
    };
    check_all(cases, COUNT(cases));
}
// clang-format on

#define SNIPPET(value) "{\"rules\":[],\"advanced_snippet\":{\"value\":" value "}}"
#define SNIPPET_ERROR(message) INVALID(ERROR("\"advanced_snippet\"", message))

static void test_a47_rules_validate_advanced(void)
{
    static const char *const cases[][2] = {
        {"{}", VALID},
        {SNIPPET("{}"), VALID},
        {SNIPPET("[]"), VALID},
        {SNIPPET("null"), VALID},
        {SNIPPET("{\"messages\":[\"from:amy\",\"before:2021/10/10\"]}"), VALID},
        {SNIPPET("{\"messages\":[]}"),
         SNIPPET_ERROR("data.messages must contain at least 1 items")},
        {SNIPPET("{\"messages\":\"a\"}"), SNIPPET_ERROR("data.messages must be array")},
        {SNIPPET("{\"messages\":null}"), SNIPPET_ERROR("data.messages must be array")},
        {SNIPPET("{\"messages\":[1]}"), SNIPPET_ERROR("data.messages[0] must be string")},
        {SNIPPET("{\"messages\":[\"a\",null]}"), SNIPPET_ERROR("data.messages[1] must be string")},
        {SNIPPET("{\"foo\":1}"), SNIPPET_ERROR("data must not contain {'foo'} properties")},
        {SNIPPET("{\"foo\":1,\"messages\":[\"a\"],\"it's\":2}"),
         SNIPPET_ERROR("data must not contain {'foo', \\\"it's\\\"} properties")},
        {SNIPPET("[1]"), SNIPPET_ERROR("data must be object")},
        {SNIPPET("\"x\""), SNIPPET_ERROR("data must be object")},
    };
    for (isize i = 0; i < COUNT(cases); i++) {
        check(cases[i][0], true, cases[i][1]);
        check(cases[i][0], false, VALID); // a source without advanced rules ignores it
    }
}

static void test_rules_validate_full(void)
{
    static const str filtering = S(RULES(GOOD("r1", "regex", ".*")));
    u8 memory[512], words[256];
    bool valid;
    for (isize cap = 0; cap < 190; cap++) {
        struct buf json = buf_over(memory, cap), detail = buf_over(words, sizeof words);
        CHECK_ERR(rules_validate(rules_set(), filtering, true, &json, &valid, &detail), BUF_FULL);
        CHECK(!valid && detail.n > 0);
    }
    struct buf json = buf_over(memory, sizeof memory), detail = buf_over(words, sizeof words);
    CHECK_ERR(rules_validate(rules_set(), S("{\"rules\":5}"), true, &json, &valid, &detail),
              RULES_SHAPE);
}

static const struct test_case cases[] = {
    CASE(test_rules_validate_schema),           CASE(test_a45_rules_validate_match_all),
    CASE(test_a46_rules_validate_same_meaning), CASE(test_rules_validate_order),
    CASE(test_a47_rules_validate_advanced),     CASE(test_rules_validate_full),
};

TEST_MAIN(cases)
