// SPDX-License-Identifier: Apache-2.0
// codec/json, json_grammar and json_stream: what is JSON and what is not, looking things up,
// escapes, and events that are the same wherever the text is cut.
#include "test.h"

#include "codec/json.h"

static struct json_node nodes[4096];

static err parse(struct json *j, const char *text)
{
    return json_parse(j, test_guarded(str_from(text)), nodes, COUNT(nodes));
}

// After JSONTestSuite's y_ files.
static const char *const good[] = {
    "0",
    "-0",
    "1",
    "-1",
    "10",
    "1.5",
    "1e5",
    "1E+5",
    "1e-05",
    "-0.0e0",
    "123456789012345678901234567890",
    " 1 ",
    "\t\n\r 1",
    "true",
    "false",
    "null",
    "\"\"",
    "\"a\"",
    " \"a\" ",
    "[]",
    "{}",
    "[ ]",
    "{ }",
    "[[]]",
    "[[],[]]",
    "[{},{}]",
    "{\"a\":{}}",
    "{\"a\":[]}",
    "[1,2]",
    "[1 , 2]",
    "[\"\"]",
    "[\"\",\"\"]",
    "{\"\":0}",
    "{\"a\":1,\"a\":2}",
    "{\"a\":\"b\",\"c\":\"d\"}",
    "[true,false,null]",
    "[1\n]",
    "[1\t,2 ]",
    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\"",
    "\"\\uD83D\\uDE00\"",
    "\"\\ud83d\"",
    "\"\\u0000\"",
    "\"\x7f\"",
    "\"\xc3\xbc\"",
    "\"\xff\"",
    "{\"a\\u0062\":1}",
    "[-1.5e+3,{\"x\":[0,[0]]}]",
    "[0e1]",
    "[1E0]",
    "{\"a\" : 1 , \"b\" : [ ] }",
    "\"a\\\\\"",
    "[[[[[[[[[[1]]]]]]]]]]",
};

// After JSONTestSuite's n_ files, and what jsmn would take.
static const char *const bad[] = {
    "",
    " ",
    "[",
    "]",
    "{",
    "}",
    "[1",
    "[1,",
    "[1,]",
    "[,1]",
    "[,]",
    "[1,,2]",
    "[1 2]",
    "[1}",
    "{]",
    "[]]",
    "{}}",
    "{\"a\"}",
    "{\"a\":}",
    "{\"a\":1,}",
    "{,}",
    "{\"a\" \"b\"}",
    "{\"a\",\"b\"}",
    "{1:2}",
    "{a:1}",
    "{\"a\":1 \"b\":2}",
    "{\"a\":1;\"b\":2}",
    "{\"a\"::1}",
    "{:1}",
    "{\"a\":1:2}",
    "[\"a\":1]",
    "{[]:1}",
    "{null:1}",
    "01",
    "-",
    "-01",
    "+1",
    ".5",
    "1.",
    "1.e5",
    "1e",
    "1e+",
    "1ee5",
    "1-2",
    "--1",
    "0x10",
    "1a",
    "1 2",
    "1,2",
    "NaN",
    "Infinity",
    "-Infinity",
    "tru",
    "truee",
    "True",
    "nul",
    "nulll",
    "fals",
    "t",
    "f1",
    "'a'",
    "\"",
    "\"a",
    "\"a\\\"",
    "\"\\",
    "\"\\a\"",
    "\"\\x41\"",
    "\"\\u\"",
    "\"\\u12\"",
    "\"\\u123\"",
    "\"\\u123g\"",
    "\"\\U0041\"",
    "\"a\nb\"",
    "\"a\tb\"",
    "\"\x1f\"",
    "\"\x01\"",
    "\"a\" \"b\"",
    "\"a\"b",
    "[\"a]",
    "{\"a\":\"b}",
    "[1]x",
    "[1]/**/",
    "/**/1",
    "[1]#",
    "\xef\xbb\xbf{}",
    "\xc2\xa0"
    "1",
    "[1\v]",
    "[1\f]",
    "{}[]",
    "{\"a\":tru}",
    "[nul]",
    "[0123]",
    "[1.]",
    "[-]",
    "[1e]",
    "[\"\\u00\"]",
    "\\u0041",
    "[a]",
    "{\"a\":1}}",
    "[[1]",
    "{\"a\":[}",
    "[{]",
    "[\"x\",",
    "{\"a\":1,\"b\"",
    "{\"a\":1,\"b\":",
    "*",
    "[\\n]",
};

static void test_json_parse_good(void)
{
    for (isize i = 0; i < COUNT(good); i++) {
        struct json j;
        err e = parse(&j, good[i]);
        if (!err_ok(e)) {
            fprintf(stderr, "%s: %s\n", good[i], err_name(e));
        }
        CHECK_OK(e);
        CHECK(j.count > 0 && json_type(&j, 0) != JSON_NONE && j.nodes[0].parent == -1);
    }
}

static void test_json_parse_bad(void)
{
    for (isize i = 0; i < COUNT(bad); i++) {
        struct json j;
        err e = parse(&j, bad[i]);
        if (err_ok(e)) {
            fprintf(stderr, "taken: %s\n", bad[i]);
        }
        CHECK_ERR(e, JSON_SYNTAX);
        CHECK(j.count == 0 && json_type(&j, 0) == JSON_NONE);
    }
    struct json j;
    CHECK_ERR(json_parse(&j, (str){(const u8 *)"[1]\0", 4}, nodes, 9), JSON_SYNTAX);
    CHECK_ERR(json_parse(&j, (str){(const u8 *)"[1\0]", 4}, nodes, 9), JSON_SYNTAX);
    CHECK_ERR(json_parse(&j, (str){(const u8 *)"\"a\0b\"", 5}, nodes, 9), JSON_SYNTAX);
    CHECK_ERR(json_parse(&j, (str){(const u8 *)"\0", 1}, nodes, 9), JSON_SYNTAX);
    CHECK_ERR(json_parse(&j, (str){0}, nodes, 9), JSON_SYNTAX);
}

static void test_json_parse_prefixes(void)
{
    const char *text = "{\"a\":[1,-2.5e3,\"x\\u00e9\\n\",true,false,null,{\"b\":{}}]}";
    struct json j;
    CHECK_OK(parse(&j, text));
    for (isize n = 0; n < (isize)strlen(text); n++) {
        CHECK_ERR(json_parse(&j, test_guarded((str){(const u8 *)text, n}), nodes, 99), JSON_SYNTAX);
    }
}

static void test_json_parse_bounds(void)
{
    u8 text[400];
    for (int depth = 1; depth <= JSON_DEPTH_MAX + 2; depth++) {
        struct buf b = buf_over(text, sizeof text);
        for (int i = 0; i < depth; i++) {
            buf_put(&b, i % 2 ? S("{\"\":") : S("["));
        }
        buf_put(&b, S("0"));
        for (int i = depth - 1; i >= 0; i--) {
            buf_put(&b, i % 2 ? S("}") : S("]"));
        }
        struct json j;
        err e = json_parse(&j, buf_str(&b), nodes, COUNT(nodes));
        CHECK(e.code == (depth <= JSON_DEPTH_MAX ? ERR_NONE : ERR_JSON_TOO_DEEP));
    }
    struct json j;
    str five = S("[1,\"a\",{\"k\":0}]"); // array, 1, "a", {}, "k", 0
    CHECK_ERR(json_parse(&j, five, nodes, 5), JSON_TOO_MANY);
    CHECK(j.count == 0);
    CHECK_ERR(json_parse(&j, five, nodes, 0), JSON_TOO_MANY);
    CHECK_ERR(json_parse(&j, S("7"), nodes, 0), JSON_TOO_MANY);
    CHECK_OK(json_parse(&j, five, nodes, 6));
    CHECK(j.count == 6);
}

static void test_json_get_members(void)
{
    struct json j;
    CHECK_OK(parse(&j, " {\"a\": 1, \"b\":{\"a\":[10,[20,21],{\"c\":\"d\"}],\"e\":{}}, \"a\":2,"
                       "\"\\u0062b\":\"esc\", \"\":\"empty\", \"z\":[], \"n.m\":3} "));
    i64 v = 0;
    CHECK(json_size(&j, 0) == 7 && json_type(&j, 0) == JSON_OBJECT);
    CHECK(json_i64(&j, json_get(&j, 0, S("a")), &v) && v == 2); // the last of equal keys
    CHECK(json_equals(&j, json_get(&j, 0, S("bb")), S("esc")));
    CHECK(json_equals(&j, json_get(&j, 0, S("")), S("empty")));
    CHECK(json_get(&j, 0, S("c")) == -1 && json_get(&j, 0, S("A")) == -1);
    CHECK(json_i64(&j, json_path(&j, 0, S("b.a.0")), &v) && v == 10);
    CHECK(json_i64(&j, json_path(&j, 0, S("b.a.1.1")), &v) && v == 21);
    CHECK(json_equals(&j, json_path(&j, 0, S("b.a.2.c")), S("d")));
    CHECK(json_path(&j, 0, S("")) == 0);
    static const char *const absent[] = {
        "b.a.3", "b.a.-1", "b.a.x", "b.a.0.0", "b.x.y",
        "a.a",   "x",      "b.e.f", "b.a.",    "b.a.99999999999999999999",
        "n.m"};
    for (isize i = 0; i < COUNT(absent); i++) {
        CHECK(json_path(&j, 0, str_from(absent[i])) == -1);
    }
    CHECK_STR(json_raw(&j, json_path(&j, 0, S("b.a.1"))), S("[20,21]"));
    CHECK_STR(json_raw(&j, json_path(&j, 0, S("b.a.2.c"))), S("d"));
    CHECK_STR(json_raw(&j, json_get(&j, 0, S("z"))), S("[]"));
    CHECK(json_first(&j, json_get(&j, 0, S("z"))) == -1 &&
          json_size(&j, json_get(&j, 0, S("z"))) == 0);
}

static void test_json_next_order(void)
{
    struct json j;
    CHECK_OK(parse(&j, "[{\"a\":[1,2],\"b\":{\"c\":0}},\"\",[],[[]],{},5]"));
    static const char *const want[] = {
        "{\"a\":[1,2],\"b\":{\"c\":0}}", "", "[]", "[[]]", "{}", "5"};
    isize n = 0;
    for (int e = json_first(&j, 0); e >= 0; e = json_next(&j, e)) {
        CHECK(n < COUNT(want));
        CHECK_STR(json_raw(&j, e), str_from(want[n < COUNT(want) ? n : 0]));
        n++;
    }
    CHECK(n == COUNT(want) && json_size(&j, 0) == n);
    int object = json_first(&j, 0), a = json_first(&j, object), b = json_next(&j, a);
    CHECK(json_equals(&j, a, S("a")) && json_equals(&j, b, S("b")) && json_next(&j, b) == -1);
    CHECK(json_size(&j, json_value(&j, a)) == 2 && json_type(&j, json_value(&j, b)) == JSON_OBJECT);
    CHECK(json_value(&j, json_value(&j, a)) == -1 && json_next(&j, json_value(&j, a)) == -1);
    CHECK(json_next(&j, 0) == -1);
}

static void test_json_absent_nodes(void)
{
    struct json j;
    CHECK_OK(parse(&j, "[1]"));
    i64 v;
    bool flag;
    u8 memory[8];
    struct buf b = buf_over(memory, sizeof memory);
    for (int node = -1; node < 5; node += 5) { // -1 and 4: none
        CHECK(json_type(&j, node) == JSON_NONE && json_get(&j, node, S("a")) == -1);
        CHECK(json_path(&j, node, S("a")) == -1 && json_first(&j, node) == -1);
        CHECK(json_next(&j, node) == -1 && json_value(&j, node) == -1 && json_size(&j, node) == 0);
        CHECK(json_raw(&j, node).n == 0 && !json_equals(&j, node, S("")));
        CHECK(!json_i64(&j, node, &v) && !json_bool(&j, node, &flag));
        CHECK(!json_put_string(&j, node, &b) && b.n == 0);
    }
    CHECK(json_get(&j, 0, S("a")) == -1 && !json_equals(&j, 1, S("1")));
}

static void test_json_i64_forms(void)
{
    static const struct {
        const char *in;
        bool ok;
        i64 want;
    } cases[] = {
        {"0", true, 0},
        {"-0", true, 0},
        {"42", true, 42},
        {"7.000", true, 7},
        {"-7.0", true, -7},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775808", false, 0},
        {"-9223372036854775809", false, 0},
        {"7.5", false, 0},
        {"1e3", false, 0},
        {"1.0e0", false, 0},
        {"\"1\"", false, 0},
        {"true", false, 0},
        {"[]", false, 0},
    };
    for (isize i = 0; i < COUNT(cases); i++) {
        struct json j;
        i64 got = 77;
        CHECK_OK(parse(&j, cases[i].in));
        CHECK(json_i64(&j, 0, &got) == cases[i].ok);
        CHECK(got == (cases[i].ok ? cases[i].want : 77));
    }
    struct json j;
    bool v = false;
    CHECK_OK(parse(&j, "[true,false,null,0]"));
    CHECK(json_bool(&j, 1, &v) && v && json_bool(&j, 2, &v) && !v);
    CHECK(!json_bool(&j, 3, &v) && !json_bool(&j, 4, &v));
    CHECK(json_type(&j, 3) == JSON_NULL && json_type(&j, 4) == JSON_NUMBER);
}

static void test_json_unescape_forms(void)
{
    static const char *const pairs[][2] = {
        {"", ""},
        {"abc", "abc"},
        {"\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t"},
        {"\\u0041\\u00e9\\u20AC", "A\xc3\xa9\xe2\x82\xac"},
        {"\\ud83d\\ude00", "\xf0\x9f\x98\x80"},
        {"\\uD834\\uDD1Ex", "\xf0\x9d\x84\x9ex"},
        {"\\ud83d", "\xef\xbf\xbd"},
        {"\\ud83dx", "\xef\xbf\xbdx"},
        {"\\ud83d\\n", "\xef\xbf\xbd\n"},
        {"\\ude00", "\xef\xbf\xbd"},
        {"\\ud83d\\u0041", "\xef\xbf\xbd"
                           "A"},
        {"\\ud83d\\u20ac", "\xef\xbf\xbd\xe2\x82\xac"},
        {"\\ud83d\\ud83d\\ude00", "\xef\xbf\xbd\xf0\x9f\x98\x80"},
        {"\\ude00\\ud83d", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"\\uffff", "\xef\xbf\xbf"},
        {"\\udbff\\udfff", "\xf4\x8f\xbf\xbf"},
        {"a\\u003d\\u003d", "a=="},
        {"\xff\xc3", "\xff\xc3"},
    };
    u8 memory[64];
    for (isize i = 0; i < COUNT(pairs); i++) {
        struct buf b = buf_over(memory, sizeof memory);
        CHECK(json_unescape(test_guarded(str_from(pairs[i][0])), &b));
        CHECK_STR(buf_str(&b), str_from(pairs[i][1]));
        u8 text[64];
        struct buf t = buf_over(text, sizeof text);
        buf_put_byte(&t, '"');
        buf_put(&t, str_from(pairs[i][0]));
        buf_put_byte(&t, '"');
        struct json j;
        CHECK_OK(json_parse(&j, buf_str(&t), nodes, 1));
        str want = str_from(pairs[i][1]);
        CHECK(json_equals(&j, 0, want));
        CHECK(!json_equals(&j, 0, (str){(const u8 *)"\x01longer than any of them", 20}));
        CHECK(want.n == 0 || !json_equals(&j, 0, str_slice(want, 0, want.n - 1)));
        memcpy(memory, want.p, (size_t)want.n);
        memory[want.n] = 'x';
        CHECK(!json_equals(&j, 0, (str){memory, want.n + 1}));
    }
    struct buf b = buf_over(memory, sizeof memory);
    CHECK(json_unescape((str){(const u8 *)"\\u0000", 6}, &b) && b.n == 1 && memory[0] == 0);
    static const char *const wrong[] = {"\\",      "\\x",  "\\u",  "\\u12",
                                        "\\u12g4", "a\"b", "a\nb", "ab\\"};
    for (isize i = 0; i < COUNT(wrong); i++) {
        b = buf_over(memory, sizeof memory);
        buf_put(&b, S("keep"));
        CHECK(!json_unescape(test_guarded(str_from(wrong[i])), &b));
        CHECK_STR(buf_str(&b), S("keep"));
    }
    b = buf_over(memory, 3);
    CHECK(json_unescape(S("abcd"), &b) && b.full);
}

// ---- streams: the events of a document as one line of text

static u8 rest_memory[4096], element_memory[4096];
static isize rest_cap = sizeof rest_memory, element_cap = sizeof element_memory;

static void log_event(struct buf *log, const struct json_stream *s, enum json_event event)
{
    switch (event) {
    case JSON_EVENT_MORE:
        break;
    case JSON_EVENT_ELEMENT:
        buf_put(log, s->cut ? S("<cut ") : S("<"));
        buf_put(log, s->element);
        buf_put(log, S(">"));
        break;
    case JSON_EVENT_PIECE: // pieces of one string run together
        CHECK(s->piece.n > 0);
        buf_put(log, s->piece);
        break;
    case JSON_EVENT_STRING_END:
        buf_put(log, S("|"));
        break;
    case JSON_EVENT_END:
        buf_put(log, S(" rest="));
        buf_put(log, buf_str(s->rest));
        break;
    case JSON_EVENT_BAD:
        buf_put(log, S(" BAD "));
        buf_put(log, str_from(err_name(s->error)));
        break;
    }
}

static bool feed(struct json_stream *s, str in, struct buf *log)
{
    enum json_event event;
    isize turns = 0;
    do {
        event = json_stream_next(s, &in);
        log_event(log, s, event);
        CHECK(++turns < 10000);
    } while (event != JSON_EVENT_MORE && event != JSON_EVENT_BAD && turns < 10000);
    CHECK(event == JSON_EVENT_BAD || in.n == 0);
    return event != JSON_EVENT_BAD;
}

// Cut at a and b (whole: both 0), or into single bytes when a < 0.
static str events(struct json_stream_target target, str in, isize a, isize b, u8 *memory, isize cap)
{
    struct buf log = buf_over(memory, cap);
    struct buf rest = buf_over(rest_memory, rest_cap),
               element = buf_over(element_memory, element_cap);
    struct json_stream s;
    json_stream_init(&s, target, &rest, &element);
    if (a < 0) {
        for (isize i = 0; i < in.n && feed(&s, str_slice(in, i, i + 1), &log); i++) {
        }
    } else if (feed(&s, str_slice(in, 0, a), &log) && feed(&s, str_slice(in, a, b), &log)) {
        (void)feed(&s, str_from_index(in, b), &log);
    }
    CHECK(!log.full);
    return buf_str(&log);
}

static void check_events(struct json_stream_target target, const char *text, const char *want)
{
    static u8 memory[8192];
    str in = test_guarded(str_from(text));
    CHECK_STR(events(target, in, 0, 0, memory, sizeof memory), str_from(want));
    CHECK_STR(events(target, in, -1, 0, memory, sizeof memory), str_from(want));
    for (isize a = 0; a <= in.n; a++) {
        for (isize b = a; b <= in.n; b += 1 + (in.n > 60) * 6) {
            str got = events(target, in, a, b, memory, sizeof memory);
            if (!str_eq(got, str_from(want))) {
                fprintf(stderr, "cut at %td and %td\n", a, b);
                CHECK_STR(got, str_from(want));
                return;
            }
        }
    }
}

static const struct json_stream_target hits = {.elements_of = S("hits.hits")};
static const struct json_stream_target raw = {.string_at = S("raw")};
static const struct json_stream_target both = {.elements_of = S("items"), .string_at = S("a.b")};

static void test_json_stream_elements(void)
{
    check_events(hits,
                 "{\"took\":1, \"hits\":{\"total\":2,\"hits\":[{\"_id\":\"a\"}, "
                 "{\"x\":[1,\"]\"]}]},\"z\":0}\n",
                 "<{\"_id\":\"a\"}><{\"x\":[1,\"]\"]}> "
                 "rest={\"took\":1,\"hits\":{\"total\":2,\"hits\":[]},\"z\":0}");
    check_events(both, "{\"items\":[1, -2.5 ,true,null,\"s\\\"t\",\"\",[],[[]],{}]}",
                 "<1><-2.5><true><null><\"s\\\"t\"><\"\"><[]><[[]]><{}> rest={\"items\":[]}");
    check_events(both, "{\"items\":[]}", " rest={\"items\":[]}");
    check_events(both, "{\"items\":[ ] , \"q\" : 1}  ", " rest={\"items\":[],\"q\":1}");
    check_events(both, "{\"items\":null}", " rest={\"items\":null}");
    check_events(both, "{\"items\":{\"items\":[1]}}", " rest={\"items\":{\"items\":[1]}}");
    check_events(both, "{\"x\":{\"items\":[1]},\"items\":[2],\"items\":[3]}",
                 "<2><3> rest={\"x\":{\"items\":[1]},\"items\":[],\"items\":[]}");
    check_events(both, "{\"x\":[{\"items\":[1]}],\"\\u0069tems\":[2]}",
                 "<2> rest={\"x\":[{\"items\":[1]}],\"\\u0069tems\":[]}");
    check_events(both, "[{\"items\":[1]}]", " rest=[{\"items\":[1]}]");
    check_events(hits, "{\"hits\":[{\"hits\":[1]}]}", " rest={\"hits\":[{\"hits\":[1]}]}");
    check_events(hits, "{\"hits\":{\"x\":{\"hits\":[1]}},\"hits.hits\":[2]}",
                 " rest={\"hits\":{\"x\":{\"hits\":[1]}},\"hits.hits\":[2]}");
    check_events(hits, "{\"x\":{\"hits\":[1]},\"hits\":{\"hits\":[2]},\"y\":{\"hits\":[3]}}",
                 "<2> rest={\"x\":{\"hits\":[1]},\"hits\":{\"hits\":[]},\"y\":{\"hits\":[3]}}");
    check_events((struct json_stream_target){0}, "{\"items\":[1,2]}", " rest={\"items\":[1,2]}");
}

static void test_json_stream_string(void)
{
    check_events(
        raw, "{\"internalDate\":\"17\",\"raw\":\"QUJD-_\\u003d\\u003d\",\"x\":{\"raw\":\"no\"}}",
        "QUJD-_==| rest={\"internalDate\":\"17\",\"raw\":\"\",\"x\":{\"raw\":\"no\"}}");
    check_events(raw, "{\"raw\":\"\"}", "| rest={\"raw\":\"\"}");
    check_events(raw, "{\"raw\":\"\\ud83d\\ude00\\ud83d\\n\\ud83d\\ud83dx\\ude00\\ud83d\"}",
                 "\xf0\x9f\x98\x80\xef\xbf\xbd\n\xef\xbf\xbd\xef\xbf\xbdx\xef\xbf\xbd\xef\xbf\xbd|"
                 " rest={\"raw\":\"\"}");
    check_events(raw, "{\"raw\":null,\"raw\":[\"a\"],\"raw\":{\"raw\":\"b\"},\"raw\":\"c\"}",
                 "c| rest={\"raw\":null,\"raw\":[\"a\"],\"raw\":{\"raw\":\"b\"},\"raw\":\"\"}");
    check_events(both, "{\"items\":[{\"a\":{\"b\":\"x\"}}],\"a\":{\"b\":\"y\",\"c\":\"z\"}}",
                 "<{\"a\":{\"b\":\"x\"}}>y| rest={\"items\":[],\"a\":{\"b\":\"\",\"c\":\"z\"}}");
}

static void test_json_stream_bad(void)
{
    check_events(both, "{\"items\":[1 2]}", "<1> BAD JSON_SYNTAX");
    check_events(both, "{\"items\":[1,]}", "<1> BAD JSON_SYNTAX");
    check_events(both, "{\"items\":[{\"a\":tru}]}", " BAD JSON_SYNTAX");
    check_events(both, "{\"items\":[]}x", " rest={\"items\":[]} BAD JSON_SYNTAX");
    check_events(both, "{\"items\":[]} {}", " rest={\"items\":[]} BAD JSON_SYNTAX");
    check_events(both, "\"x\" 1", " rest=\"x\" BAD JSON_SYNTAX");
    check_events(both, "7 ", " rest=7");
    check_events(both, "<html>", " BAD JSON_SYNTAX");
    check_events(both, "{\"items\":[1", "");
    for (isize i = 0; i < COUNT(good); i++) { // whole values end, or are a number
        static u8 memory[4096];
        str log = events(both, str_from(good[i]), -1, 0, memory, sizeof memory);
        CHECK(log.n == 0 ? good[i][0] == '-' || str_is_digit((u8)good[i][0]) || good[i][0] == '\t'
                         : str_starts(log, S(" rest=")));
    }
    for (isize i = 0; i < COUNT(bad); i++) { // nothing bad ends and stays good
        static u8 memory[4096];
        str whole = events(both, str_from(bad[i]), 0, 0, memory, sizeof memory);
        CHECK(str_find(whole, S("rest=")) < 0 || str_ends(whole, S("BAD JSON_SYNTAX")));
    }
    u8 deep[JSON_DEPTH_MAX + 2];
    memset(deep, '[', sizeof deep);
    deep[JSON_DEPTH_MAX + 1] = 0;
    check_events(both, (const char *)deep, " BAD JSON_TOO_DEEP");
}

static void test_json_stream_bounds(void)
{
    rest_cap = 12;
    check_events(both, "{\"items\":[1]}", "<1> rest={\"items\":[]}");
    rest_cap = 11;
    check_events(both, "{\"items\":[1]} ", "<1> BAD JSON_TOO_LARGE");
    rest_cap = sizeof rest_memory;
    element_cap = 5;
    check_events(
        both, "{\"items\":[12345,123456,\"abc\",\"abcd\",[1,2],[1,22],{}]}",
        "<12345><cut 12345><\"abc\"><cut \"abcd><[1,2]><cut [1,22><{}> rest={\"items\":[]}");
    element_cap = 0;
    check_events(both, "{\"items\":[1,{}]}", "<cut ><cut > rest={\"items\":[]}");
    element_cap = sizeof element_memory;
}

static void test_json_stream_long_keys(void)
{
    u8 text[600], path[300];
    struct buf t = buf_over(text, sizeof text), p = buf_over(path, sizeof path);
    buf_put_fill(&p, 'k', JSON_KEY_BYTES);
    buf_put(&t, S("{\""));
    buf_put(&t, buf_str(&p));
    buf_put(&t, S("k\":[1],\"\":[3],\""));
    buf_put(&t, buf_str(&p));
    buf_put(&t, S("\":[2]}"));
    struct json_stream_target target = {.elements_of = buf_str(&p)};
    u8 memory[1024];
    CHECK(
        str_starts(events(target, buf_str(&t), 0, 0, memory, sizeof memory), S("<2> rest={\"kkk")));
    CHECK(str_starts(events(target, buf_str(&t), -1, 0, memory, sizeof memory),
                     S("<2> rest={\"kkk")));
}

// Elements and pieces that lie within a chunk are parts of it: nothing was copied.
static void test_json_stream_zero_copy(void)
{
    struct buf rest = buf_over(rest_memory, sizeof rest_memory);
    struct buf element = buf_over(element_memory, sizeof element_memory);
    struct json_stream s;
    str text = S("{\"items\":[{\"i\":1},2],\"a\":{\"b\":\"long text\"}}"), in = text;
    json_stream_init(&s, both, &rest, &element);
    CHECK(json_stream_next(&s, &in) == JSON_EVENT_ELEMENT && s.element.p == text.p + 10);
    CHECK(json_stream_next(&s, &in) == JSON_EVENT_ELEMENT && s.element.p == text.p + 18);
    CHECK(json_stream_next(&s, &in) == JSON_EVENT_PIECE && s.piece.p > text.p && s.piece.n == 9);
    CHECK(json_stream_next(&s, &in) == JSON_EVENT_STRING_END && !s.ended);
    CHECK(json_stream_next(&s, &in) == JSON_EVENT_END && s.ended && in.n == 0);
    CHECK(json_stream_next(&s, &in) == JSON_EVENT_MORE);
    in = S("  \n");
    CHECK(json_stream_next(&s, &in) == JSON_EVENT_MORE && in.n == 0);
    in = S("x");
    CHECK(json_stream_next(&s, &in) == JSON_EVENT_BAD && err_is(s.error, ERR_JSON_SYNTAX));
    in = S(" ");
    CHECK(json_stream_next(&s, &in) == JSON_EVENT_BAD);
    json_stream_init(&s, raw, NULL, NULL);
    in = S("{\"x\":[1],\"raw\":\"a\"}");
    CHECK(json_stream_next(&s, &in) == JSON_EVENT_PIECE);
}

static const struct test_case cases[] = {
    CASE(test_json_parse_good),       CASE(test_json_parse_bad),
    CASE(test_json_parse_prefixes),   CASE(test_json_parse_bounds),
    CASE(test_json_get_members),      CASE(test_json_next_order),
    CASE(test_json_absent_nodes),     CASE(test_json_i64_forms),
    CASE(test_json_unescape_forms),   CASE(test_json_stream_elements),
    CASE(test_json_stream_string),    CASE(test_json_stream_bad),
    CASE(test_json_stream_bounds),    CASE(test_json_stream_long_keys),
    CASE(test_json_stream_zero_copy),
};

TEST_MAIN(cases)
