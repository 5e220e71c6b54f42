// SPDX-License-Identifier: Apache-2.0
// sync/rules: what is kept and dropped, what can be said before a document is read, values in
// pieces, sets that are refused. tests/interop/golden_rules.py compares with recorded answers.
#include "test.h"

#include <stdlib.h>

#include "rules_set.h"

static enum rules_verdict decide(const char *rules_json, const char *members)
{
    struct rules *r = rules_set();
    load_rules(r, rules_json);
    struct rules_doc doc = {.members = test_guarded(str_from(members)),
                            .id = S("18f0c2"),
                            .extract_binary_content = true};
    enum rules_verdict whole = rules_decide(r, &doc), step;
    rules_begin(r, &doc);
    do {
        step = rules_step(r, 1);
    } while (step == RULES_MORE);
    CHECK(step == whole);
    return whole;
}

#define RULE(policy, field, op, value)                                                           \
    "{\"id\":\"r\",\"order\":0,\"policy\":\"" policy "\",\"field\":\"" field "\",\"rule\":\"" op \
    "\",\"value\":\"" value "\"}"

static void test_rules_decide_spec(void)
{
    static const struct {
        const char *rules, *members;
        enum rules_verdict want;
    } cases[] = {
        {RULE("exclude", "type", "equals", "Contact"), "\"type\":\"Contact\"", RULES_DROP},
        {RULE("EXCLUDE", "type", "EQUALS", "Contact"), "\"type\":\"contact\"", RULES_KEEP},
        {RULE("include", "sender", "ends_with",
              "@ourcorp.example") "," RULE("exclude", "type", "equals", "Junk Mails"),
         "\"type\":\"Junk Mails\",\"sender\":\"x@ourcorp.example\"", RULES_KEEP},
        {RULE("exclude", "to_recipients", "contains", "spam-trap@"),
         "\"to_recipients\":[\"a@x\",\"spam-trap@y\"]", RULES_DROP},
        {RULE("exclude", "size", ">", "1000000"), "\"size\":1000001", RULES_DROP},
        {RULE("exclude", "size", ">", "1000000"), "\"size\":1000000", RULES_KEEP},
        {RULE("exclude", "size", ">", "1000000"), "\"size\":null", RULES_KEEP},
        {RULE("exclude", "size", ">", "1e6"), "\"size\": 1000000.5 ", RULES_DROP},
        {RULE("exclude", "size", "equals", " 1_000 "), "\"size\":1000", RULES_DROP},
        {RULE("exclude", "size", "equals", "5"), "\"size\":5.0", RULES_DROP},
        {RULE("exclude", "size", "equals", "nan"), "\"size\":5", RULES_KEEP},
        {RULE("exclude", "size", "<", "inf"), "\"size\":5", RULES_DROP},
        {RULE("exclude", "size", "<", "x"), "\"size\":5", RULES_KEEP},
        {RULE("exclude", "title", "regex", "confidential"), "\"title\":\"Re: confidential\"",
         RULES_KEEP},
        {RULE("exclude", "title", "regex", ".*[Cc]onfidential"), "\"title\":\"Re: confidential\"",
         RULES_DROP},
        {RULE("exclude", "sender", "equals", "None"), "\"sender\":null", RULES_KEEP},
        {RULE("exclude", "location", "starts_with", "None"), "\"location\":null", RULES_DROP},
        {RULE("exclude", "_timestamp", "<", "2024-01-01"),
         "\"_timestamp\":\"2023-12-31T23:59:59Z\"", RULES_DROP},
        {RULE("exclude", "v", ">", "10"), "\"v\":\"9\"", RULES_DROP},
        {RULE("exclude", "v", ">", "ab"), "\"v\":\"abc\"", RULES_DROP},
        {RULE("exclude", "v", "<", "ab"), "\"v\":\"a\"", RULES_DROP},
        {RULE("exclude", "v", "<", "a"), "\"v\":\"a\"", RULES_KEEP},
        {RULE("exclude", "v", "equals", "True"), "\"v\":true", RULES_KEEP},
        {RULE("exclude", "v", "equals", "1"), "\"v\":true", RULES_KEEP},
        {RULE("exclude", "v", "starts_with", "Tr"), "\"v\":true", RULES_DROP},
        {RULE("exclude", "v", "contains", "'k': 1"), "\"v\":{\"k\":1}", RULES_DROP},
        {RULE("exclude", "v", "contains", ""), "\"v\":\"\"", RULES_DROP},
        {RULE("exclude", "v", "contains", ""), "\"w\":\"\"", RULES_KEEP},
        {RULE("exclude", "v", "ends_with", "aab"), "\"v\":\"aabaaab\"", RULES_DROP},
        {RULE("exclude", "v", "ends_with", "aab"), "\"v\":\"aabaaba\"", RULES_KEEP},
        {RULE("exclude", "v", "equals", "a\\\"\\u00e9\\ud83d\\ude00"),
         "\"v\":\"a\\u0022\xc3\xa9\xf0\x9f\x98\x80\"", RULES_DROP},
        {RULE("exclude", "a.b", "equals", "1"), "\"a\":{\"b\":\"1\"}", RULES_KEEP},
        {RULE("exclude", "a.b", "equals", "1"), "\"\\u0061.b\":\"1\"", RULES_DROP},
        {RULE("exclude", "id", "equals", "18f0c2"), "", RULES_DROP},
        {RULE("exclude", "_id", "regex", ".+"), "", RULES_KEEP},
        {RULE("exclude", "_extract_binary_content", "contains", "True"), "", RULES_DROP},
        {RULE("exclude", "_reduce_whitespace", "regex", "False$"), "", RULES_DROP},
        {RULE("exclude", "v", "regex", "["), "\"v\":\"[\"", RULES_KEEP},
        {RULE("exclude", "n", "equals", "12"), "\"n\":12", RULES_DROP},
        {RULE("exclude", "n", "ends_with", "e+16"), "\"n\":1E16", RULES_DROP},
        {"", "\"n\":12", RULES_KEEP},
    };
    for (isize i = 0; i < COUNT(cases); i++) {
        enum rules_verdict got = decide(cases[i].rules, cases[i].members);
        if (got != cases[i].want) {
            fprintf(stderr, "%s on %s\n", cases[i].rules, cases[i].members);
        }
        CHECK(got == cases[i].want);
    }
}

static void test_rules_load_order(void)
{
    // Sorted by order, equals as they stand; DEFAULT goes, whatever it says.
    CHECK(decide("{\"id\":\"b\",\"order\":2,\"policy\":\"exclude\",\"field\":\"f\",\"rule\":"
                 "\"contains\",\"value\":\"x\"},"
                 "{\"id\":\"a\",\"order\":1.5,\"policy\":\"include\",\"field\":\"f\",\"rule\":"
                 "\"contains\",\"value\":\"x\"}",
                 "\"f\":\"x\"") == RULES_KEEP);
    CHECK(decide(RULE("include", "f", "contains", "x") "," RULE("exclude", "f", "contains", "x"),
                 "\"f\":\"x\"") == RULES_KEEP);
    CHECK(decide("{\"id\":\"DEFAULT\",\"order\":0,\"policy\":\"exclude\",\"field\":\"_\",\"rule\":"
                 "\"regex\",\"value\":\".*\"}",
                 "\"_\":\"x\"") == RULES_KEEP);
}

static void test_rules_decide_pending(void)
{
    static const str pending[] = {S("_attachment"), S("_timestamp")};
    static const struct {
        const char *rules;
        enum rules_verdict want;
    } cases[] = {
        {RULE("exclude", "id", "starts_with", "18"), RULES_DROP},
        {RULE("exclude", "sender", "contains", "x"), RULES_KEEP}, // never there
        {RULE("exclude", "_attachment", "contains", "x"), RULES_UNKNOWN},
        {RULE("include", "_attachment", "contains", "x"), RULES_KEEP}, // either way
        {RULE("include", "_attachment", "contains", "x") "," RULE("exclude", "id", "regex", "1"),
         RULES_UNKNOWN},
        {RULE("exclude", "_timestamp", "<", "x") "," RULE("exclude", "id", "regex", "1"),
         RULES_DROP},
        {RULE("exclude", "id", "regex", "1") "," RULE("include", "_timestamp", "<", "x"),
         RULES_DROP},
        {RULE("include", "id", "regex", "1") "," RULE("exclude", "_timestamp", "<", "x"),
         RULES_KEEP},
    };
    for (isize i = 0; i < COUNT(cases); i++) {
        struct rules *r = rules_set();
        load_rules(r, cases[i].rules);
        struct rules_doc doc = {.id = S("18f0c2"), .pending = pending, .pending_count = 2};
        CHECK(rules_decide(r, &doc) == cases[i].want);
        // Known members are not pending.
        doc.members = S("\"_timestamp\":\"y\",\"_attachment\":null");
        CHECK(rules_decide(r, &doc) != RULES_UNKNOWN);
    }
    struct rules *r = rules_set();
    load_rules(r, RULE("exclude", "a", "contains", "x"));
    CHECK(rules_use_field(r, S("a")) && !rules_use_field(r, S("b")) && !rules_are_empty(r));
}

// A value of 5 MB, its match at the end; steps stay within their budget.
static void test_rules_step_large(void)
{
    const isize n = MIB(5);
    u8 *text = malloc((size_t)n + 64);
    struct buf b = buf_over(text, n + 64);
    buf_put(&b, S("\"_attachment\":\""));
    buf_put_fill(&b, 'a', n - 16);
    buf_put(&b, S("\\u0041\\nEND\""));
    static const char *const drop[] = {
        RULE("exclude", "_attachment", "contains", "aaaA\\nE"),
        RULE("exclude", "_attachment", "ends_with", "aA\\nEND"),
        RULE("exclude", "_attachment", "regex", "(?s).*A.END$"),
        RULE("exclude", "_attachment", "regex", "(?m)a+A$"),
    };
    static const char *const keep[] = {
        RULE("exclude", "_attachment", "contains", "aaaA E"),
        RULE("exclude", "_attachment", "ends_with", "aEND"),
        RULE("exclude", "_attachment", "regex", "(a*)*b"),
        RULE("exclude", "_attachment", "equals", "a"),
    };
    for (isize i = 0; i < COUNT(drop) + COUNT(keep); i++) {
        struct rules *r = rules_set();
        load_rules(r, i < COUNT(drop) ? drop[i] : keep[i - COUNT(drop)]);
        struct rules_doc doc = {.members = buf_str(&b), .id = S("x")};
        int turns = 0;
        enum rules_verdict verdict;
        rules_begin(r, &doc);
        while ((verdict = rules_step(r, KIB(256))) == RULES_MORE) {
            turns++;
        }
        CHECK(verdict == (i < COUNT(drop) ? RULES_DROP : RULES_KEEP));
        CHECK(turns >= 18 || i == COUNT(drop) + COUNT(keep) - 1);
    }
    free(text);
}

static void test_rules_take_warning_once(void)
{
    struct rules *r = rules_set();
    u8 memory[512];
    load_rules(r, RULE("exclude", "a", "<", "5") "," RULE(
                      "exclude", "b", "regex", "(?=x)") "," RULE("exclude", "a", "equals", "5"));
    struct rules_doc doc = {.members = S("\"a\":null,\"b\":\"x\"")};
    struct buf out = buf_over(memory, sizeof memory);
    CHECK(rules_decide(r, &doc) == RULES_KEEP && rules_decide(r, &doc) == RULES_KEEP);
    CHECK(rules_take_warning(r, &out));
    CHECK(str_starts(buf_str(&out), S("sync rule 'r' on field 'a' compares with '<'")));
    buf_reset(&out);
    CHECK(rules_take_warning(r, &out));
    CHECK_STR(buf_str(&out), S("sync rule 'r' on field 'b' never matches: its pattern cannot be "
                               "used: look-ahead is not supported: found at position 0"));
    CHECK(!rules_take_warning(r, &out));
    CHECK(rules_decide(r, &doc) == RULES_KEEP && !rules_take_warning(r, &out));
}

static void test_rules_load_refused(void)
{
    static const struct {
        const char *filtering;
        enum err_code want;
        const char *detail;
    } cases[] = {
        {"null", ERR_NONE, ""},
        {"", ERR_NONE, ""},
        {"[]", ERR_NONE, ""},
        {"{\"rules\":null}", ERR_NONE, ""},
        {"{\"rules\":3}", ERR_RULES_SHAPE, "`rules` is no list"},
        {"{\"rules\":[3]}", ERR_RULES_SHAPE, "'id' is missing or of the wrong type in "},
        {"{\"rules\":[{\"id\":\"r1\"}]}", ERR_RULES_SHAPE,
         "'policy' is missing or of the wrong type in Basic rule (id: 'r...1')"},
        {"[{\"active\":{\"rules\":[" RULE("keep", "a", "equals", "b") "]}}]", ERR_RULES_SHAPE,
         "Basic rule 1 (id: 'r...r') has an unknown policy"},
        {"{\"rules\":[" RULE("include", "a", "greater_than", "b") "]}", ERR_RULES_SHAPE,
         "Basic rule 1 (id: 'r...r') has an unknown operator"},
        {"{\"rules\":[" RULE("include", "a", "regex", "(a{90}){90}") "]}", ERR_RULES_TOO_LARGE,
         "the pattern, its repeats written out"},
        {"{\"advanced_snippet\":{\"value\":{\"messages\":\"a\"}}}", ERR_RULES_SHAPE,
         "`messages` of the advanced snippet is no list"},
        {"{\"advanced_snippet\":{\"value\":{\"messages\":[1]}}}", ERR_RULES_SHAPE,
         "`messages` of the advanced snippet holds something else"},
    };
    for (isize i = 0; i < COUNT(cases); i++) {
        u8 memory[256];
        struct buf detail = buf_over(memory, sizeof memory);
        struct rules *r = rules_set();
        err e = rules_load(r, test_guarded(str_from(cases[i].filtering)), true, &detail);
        if (e.code != cases[i].want) {
            fprintf(stderr, "%s: %s\n", cases[i].filtering, err_name(e));
        }
        CHECK(e.code == cases[i].want && rules_are_empty(r));
        CHECK(str_starts(buf_str(&detail), str_from(cases[i].detail)));
    }
}

static void test_rules_load_queries(void)
{
    static const str filtering = S(
        "{\"rules\":[],\"advanced_snippet\":{\"value\":{\"messages\":[\"from:amy\",\"a\\\"b\"]}}}");
    struct rules *r = rules_set();
    struct buf detail = buf_over(NULL, 0);
    CHECK_OK(rules_load(r, filtering, true, &detail));
    CHECK(r->query_count == 2);
    CHECK_STR(r->queries[0], S("from:amy"));
    CHECK_STR(r->queries[1], S("a\"b"));
    CHECK_OK(rules_load(r, filtering, false, &detail));
    CHECK(r->query_count == 0);
}

// A set that is full to the last rule works; one more rule, or byte, is refused whole.
static void test_rules_load_bounds(void)
{
    static u8 text[MIB(1)];
    for (int extra = 0; extra < 2; extra++) {
        struct buf b = buf_over(text, sizeof text), detail = buf_over(NULL, 0);
        buf_put(&b, S("{\"rules\":["));
        for (int i = 0; i < RULES_MAX + extra; i++) {
            buf_put(&b, i ? S(",") : S(""));
            buf_put(&b, S("{\"id\":\"r\",\"order\":0,\"policy\":\"exclude\",\"field\":\"f\","
                          "\"rule\":\"regex\",\"value\":\"[a-c]x"));
            buf_put_i64(&b, i);
            buf_put(&b, S("$\"}"));
        }
        buf_put(&b, S("]}"));
        struct rules *r = rules_set();
        err e = rules_load(r, buf_str(&b), true, &detail);
        CHECK(err_is(e, extra ? ERR_RULES_TOO_LARGE : ERR_NONE));
        struct rules_doc doc = {.members = S("\"f\":\"bx255\"")};
        CHECK(rules_decide(r, &doc) == (extra ? RULES_KEEP : RULES_DROP));
    }
    for (int extra = 0; extra < 2; extra++) {
        struct buf b = buf_over(text, sizeof text), detail = buf_over(NULL, 0);
        buf_put(&b, S("{\"rules\":[{\"id\":\"r\",\"order\":0,\"policy\":\"exclude\",\"field\":"
                      "\"f\",\"rule\":\"equals\",\"value\":\""));
        buf_put_fill(&b, 'v', RULES_TEXT_BYTES - 2 + extra);
        buf_put(&b, S("\"}]}"));
        CHECK(err_is(rules_load(rules_set(), buf_str(&b), true, &detail),
                     extra ? ERR_RULES_TOO_LARGE : ERR_NONE));
    }
}

static void check_text(const char *value, str want)
{
    u8 memory[256];
    struct buf b = buf_over(memory, sizeof memory);
    struct rules_text t;
    str piece;
    rules_text_begin(&t, test_guarded(str_from(value)));
    while (rules_text_next(&t, &piece)) {
        CHECK(piece.n > 0);
        buf_put(&b, piece);
    }
    CHECK_STR(buf_str(&b), want);
}

static void test_rules_text_forms(void)
{
    check_text("\"a\\n'\\\"\"", S("a\n'\""));
    check_text("null", S("None"));
    check_text("5", S("5"));
    check_text("-0", S("0"));
    check_text("-0.0", S("-0.0"));
    check_text("5.0", S("5.0"));
    check_text("1E2", S("100.0"));
    check_text("123456789012345678901234567890", S("123456789012345678901234567890"));
    check_text("[]", S("[]"));
    check_text("[ \"a\" ,\"it's\", \"q\\\"\", \"b'\\\"\" ]", S("['a', \"it's\", 'q\"', 'b\\'\"']"));
    check_text("{\"k\":1,\"l\":[true,null,{}]}", S("{'k': 1, 'l': [True, None, {}]}"));
    check_text("[\"\\u0000\\t\\\\\\u007f\\u00a0\\u00e9\\u2028\\ud83d\\ude00\\udb40\\udc01\"]",
               S("['\\x00\\t\\\\\\x7f\\xa0\xc3\xa9\\u2028\xf0\x9f\x98\x80\\U000e0001']"));
    check_text("[\"\xff\"]", S("['\xef\xbf\xbd']"));
}

static const struct test_case cases[] = {
    CASE(test_rules_decide_spec),       CASE(test_rules_load_order),
    CASE(test_rules_decide_pending),    CASE(test_rules_step_large),
    CASE(test_rules_take_warning_once), CASE(test_rules_load_refused),
    CASE(test_rules_load_queries),      CASE(test_rules_load_bounds),
    CASE(test_rules_text_forms),
};

TEST_MAIN(cases)
