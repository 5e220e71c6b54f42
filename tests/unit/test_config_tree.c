// SPDX-License-Identifier: Apache-2.0
// cli/config_tree: merging, dotted keys, duplicates, YAML 1.1 scalars, bounds, and where each
// mistake is.
#include "config_rig.h"

static err add(const char *text)
{
    yaml_heap_open(rig_slab, sizeof rig_slab);
    err e = config_tree_add_yaml(&rig_tree, S("f"), test_guarded(str_from(text)), &rig_detail);
    yaml_heap_close();
    return e;
}

static str text_at(const char *path)
{
    int at = config_tree_find(&rig_tree, str_from(path));
    return at < 0 ? S("<absent>") : rig_tree.nodes[at].text;
}

static void test_config_tree_merge(void)
{
    static const struct {
        const char *yaml, *path, *want;
    } cases[] = {
        {"a: {b: 1}\na.c: 2", "a.b", "1"},
        {"a: {b: 1}\na.c: 2", "a.c", "2"},
        {"a.b.c: 1\na.b: {d: 2}", "a.b.c", "1"},
        {"a.b.c: 1\na: {b: {c: 2}}", "a.b.c", "2"},
        {"a: {b: {c: 2}}\na.b.c: 1", "a.b.c", "1"},
        {"a: 1\na.b: 2", "a.b", "2"},
        {"a.b: 2\na: 1", "a.b", "<absent>"},
        {"a.b: [1]\na.b: 2", "a.b", "2"},
        {"a: 1\na: 2", "a", "2"},
        {"a: {b: 1}\na: {c: 2}", "a.b", "<absent>"}, // the same key twice: the last one wins whole
        {"a: {b: 1, b: 2}", "a.b", "2"},
        {"a: {b: {x: 1}, b: {y: 2}}", "a.b.x", "<absent>"},
        {"a: {b.c: 1}", "a.b.c", "<absent>"}, // only keys of the top level are split
        {"'a.b': 1", "a.b", "1"},
    };
    for (isize i = 0; i < COUNT(cases); i++) {
        rig_reset();
        CHECK_OK(add(cases[i].yaml));
        CHECK_STR(text_at(cases[i].path), str_from(cases[i].want));
    }
    rig_reset();
    CHECK_OK(config_tree_add_path(&rig_tree, S("a.b"), S("env")));
    CHECK_OK(config_tree_add_path(&rig_tree, S("a.c"), S("env")));
    CHECK_OK(add("a: {b: yaml}"));
    CHECK_STR(text_at("a.b"), S("yaml"));
    CHECK_STR(text_at("a.c"), S("env"));
}

static void test_config_tree_scalars(void)
{
    static const struct {
        const char *yaml, *text;
        enum config_kind kind;
    } cases[] = {
        {"a: ", "", CONFIG_NULL},
        {"a: ~", "", CONFIG_NULL},
        {"a: null", "", CONFIG_NULL},
        {"a: 'null'", "null", CONFIG_SCALAR},
        {"a: ''", "", CONFIG_SCALAR},
        {"a: b # c", "b", CONFIG_SCALAR},
        {"a: |\n  x\n  y\n", "x\ny\n", CONFIG_SCALAR},
        {"a: >-\n  x\n  y\n", "x y", CONFIG_SCALAR},
        {"a: \"\\u00fc\\n\"", "\xc3\xbc\n", CONFIG_SCALAR},
        {"\xef\xbb\xbf"
         "a: b",
         "b", CONFIG_SCALAR},
        {"a: b\r\n", "b", CONFIG_SCALAR},
        {"? a\n: b", "b", CONFIG_SCALAR},
        {"--- {a: b}\n...\n", "b", CONFIG_SCALAR},
    };
    for (isize i = 0; i < COUNT(cases); i++) {
        rig_reset();
        CHECK_OK(add(cases[i].yaml));
        int at = config_tree_find(&rig_tree, S("a"));
        CHECK(at > 0 && rig_tree.nodes[at].kind == cases[i].kind);
        CHECK_STR(text_at("a"), str_from(cases[i].text));
    }
}

static void test_config_scalar_bool(void)
{
    static const struct {
        const char *text;
        int want; // -1: none
    } cases[] = {{"true", 1}, {"True", 1},  {"TRUE", 1},  {"yes", 1}, {"Yes", 1}, {"on", 1},
                 {"ON", 1},   {"false", 0}, {"no", 0},    {"NO", 0},  {"off", 0}, {"Off", 0},
                 {"y", -1},   {"n", -1},    {"tRue", -1}, {"1", -1},  {"", -1},   {"true ", -1}};
    for (isize i = 0; i < COUNT(cases); i++) {
        struct config_node n = {.text = str_from(cases[i].text), .plain = true};
        bool out;
        CHECK(config_scalar_bool(&n, &out) == (cases[i].want >= 0));
        CHECK(cases[i].want < 0 || out == (cases[i].want == 1));
        n.plain = false;
        CHECK(!config_scalar_bool(&n, &out));
    }
}

static void test_config_scalar_number(void)
{
    static const struct {
        const char *text;
        double want;
        bool ok, whole;
    } cases[] = {
        {"0", 0, true, true},
        {"-7", -7, true, true},
        {"+7", 7, true, true},
        {"1_000", 1000, true, true},
        {"0.15", 0.15, true, false},
        {".5", 0.5, true, false},
        {"5.", 5, true, true},
        {"240.0", 240, true, true},
        {"-0.5", -0.5, true, false},
        {"999999999999999", 999999999999999.0, true, true},
        {"9999999999999999", 0, false, false}, // a double would not hold it exactly
        {"010", 0, false, false},
        {"0x10", 0, false, false},
        {"1e3", 0, false, false},
        {"1:30", 0, false, false},
        {"", 0, false, false},
        {"-", 0, false, false},
        {".", 0, false, false},
        {"1.2.3", 0, false, false},
        {"_1", 0, false, false},
        {"1 ", 0, false, false},
        {".inf", 0, false, false},
        {"--1", 0, false, false},
    };
    for (isize i = 0; i < COUNT(cases); i++) {
        struct config_node n = {.text = test_guarded(str_from(cases[i].text)), .plain = true};
        double out;
        bool whole;
        CHECK(config_scalar_number(&n, &out, &whole) == cases[i].ok);
        if (cases[i].ok) {
            CHECK(!(out < cases[i].want) && !(out > cases[i].want));
            CHECK(whole == cases[i].whole);
        }
    }
}

// ---- mistakes

static void refused(const char *text, enum err_code code, const char *detail)
{
    rig_reset();
    err e = add(text);
    CHECK(e.code == code);
    CHECK_STR(buf_str(&rig_detail), str_from(detail));
}

static void test_config_tree_refused(void)
{
    refused(
        "a: b\n\tc: d\n", ERR_CONFIG_YAML,
        "f:2:1: found a tab character that violates indentation (while scanning a plain scalar)");
    refused("a: 'b\nc: d\n", ERR_CONFIG_YAML,
            "f:3:1: found unexpected end of stream (while scanning a quoted scalar)");
    refused("x: y\na: {b: c\n", ERR_CONFIG_YAML,
            "f:3:1: did not find expected ',' or '}' (while parsing a flow mapping that began in "
            "line 2)");
    refused(
        "a: b\nc\n", ERR_CONFIG_YAML,
        "f:3:1: could not find expected ':' (while scanning a simple key that began in line 2)");
    refused("a: b: c\n", ERR_CONFIG_YAML, "f:1:5: mapping values are not allowed in this context");
    refused("a: b\nc: \xff\n", ERR_CONFIG_YAML,
            "f:2:4: this is not UTF-8 text, or a control character");
    refused("a: b\x01\n", ERR_CONFIG_YAML, "f:1:5: this is not UTF-8 text, or a control character");
    refused("a: \"b\\0c\"", ERR_CONFIG_YAML, "f:1:4: a NUL character has no meaning here");
    refused("a: 1\n---\nb: 2\n", ERR_CONFIG_YAML, "f:2:1: a second document begins here");
    refused("{a: b}: c", ERR_CONFIG_YAML,
            "f:1:1: a mapping or list cannot be a key (is a quote or a ':' missing?)");
    refused("- a", ERR_CONFIG_NOT_A_MAP, "f:1:1: the file is a list, not a mapping");
    static const char *const aliases[] = {"a: &x 1",          "a: &x {b: c}", "a: &x [b]",
                                          "a:\n  <<: {b: c}", "&x a: b",      "a: *x"};
    for (isize i = 0; i < COUNT(aliases); i++) {
        rig_reset();
        CHECK_ERR(add(aliases[i]), CONFIG_ALIAS);
        CHECK(str_starts(buf_str(&rig_detail), S("f:")));
    }
    rig_reset();
    CHECK_OK(add("a: {'<<': b}"));
}

// ---- bounds

static char big[CONFIG_BYTES];

static void test_config_tree_depth(void)
{
    for (int depth = CONFIG_DEPTH_MAX - 1; depth <= CONFIG_DEPTH_MAX; depth++) {
        snprintf(big, sizeof big, "a: %.*s%.*s", depth, "[[[[[[[[[[[[[[[[[[[[", depth,
                 "]]]]]]]]]]]]]]]]]]]]");
        rig_reset();
        err e = add(big);
        CHECK(err_ok(e) == (depth < CONFIG_DEPTH_MAX));
    }
    CHECK_STR(buf_str(&rig_detail), S("f:1:19: too many levels"));
}

static void test_config_tree_nodes(void)
{
    size_t n = 0;
    for (int i = 0; i < CONFIG_NODES_MAX - 1; i++) {
        n += (size_t)snprintf(big + n, sizeof big - n, "k%d: v\n", i);
    }
    rig_reset();
    CHECK_OK(add(big));
    snprintf(big + n, sizeof big - n, "x: y\n");
    rig_reset();
    CHECK_ERR(add(big), CONFIG_TOO_LARGE);
    CHECK_STR(buf_str(&rig_detail), S("f:2048:1: too many keys, or too much text"));
}

static void test_config_tree_scalar_length(void)
{
    for (int over = 0; over < 2; over++) {
        size_t n = (size_t)snprintf(big, sizeof big, "a: ");
        memset(big + n, 'x', CONFIG_SCALAR_BYTES + (size_t)over);
        big[n + CONFIG_SCALAR_BYTES + (size_t)over] = 0;
        rig_reset();
        err e = add(big);
        CHECK(e.code == (over ? ERR_CONFIG_TOO_LARGE : ERR_NONE));
    }
    CHECK_STR(buf_str(&rig_detail), S("f:1:4: a value is longer than 64 KiB"));
}

// The longest file that is one value per line, and one that is all scalars of the greatest length:
// the arena and libyaml's heap hold them or the error says so.
static void test_config_tree_text_bound(void)
{
    size_t n = 0;
    for (int i = 0; i < 3; i++) {
        n += (size_t)snprintf(big + n, sizeof big - n, "k%d: ", i);
        memset(big + n, 'x', CONFIG_SCALAR_BYTES);
        n += CONFIG_SCALAR_BYTES;
        n += (size_t)snprintf(big + n, sizeof big - n, "\n");
    }
    rig_reset();
    CHECK_OK(add(big));
    CHECK(text_at("k2").n == CONFIG_SCALAR_BYTES);
    rig_reset();
    rig_arena = arena_over(rig_memory, CONFIG_SCALAR_BYTES); // less than the text needs
    CHECK_ERR(add(big), CONFIG_TOO_LARGE);
    CHECK_ERR(config_tree_add_path(&rig_tree, S("y.z"), str_make(big, CONFIG_SCALAR_BYTES)),
              CONFIG_TOO_LARGE);
}

// A heap that is too small anywhere in the file ends in an error, never in a crash.
static void test_config_tree_heap_bound(void)
{
    isize refusals = 0;
    for (isize bytes = 512; bytes < KIB(160); bytes += 512) {
        rig_reset();
        yaml_heap_open(rig_slab, bytes);
        err e = config_tree_add_yaml(&rig_tree, S("f"), S("k: {b: [1, 2, 'x'], \"c\": \"long\"}\n"),
                                     &rig_detail);
        yaml_heap_close();
        CHECK(err_ok(e) || err_is(e, ERR_CONFIG_TOO_LARGE));
        refusals += !err_ok(e);
    }
    CHECK(refusals > 10 && refusals < 300);
}

static const struct test_case cases[] = {
    CASE(test_config_tree_merge),      CASE(test_config_tree_scalars),
    CASE(test_config_scalar_bool),     CASE(test_config_scalar_number),
    CASE(test_config_tree_refused),    CASE(test_config_tree_depth),
    CASE(test_config_tree_nodes),      CASE(test_config_tree_scalar_length),
    CASE(test_config_tree_text_bound), CASE(test_config_tree_heap_bound),
};

TEST_MAIN(cases)
