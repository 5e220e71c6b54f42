// SPDX-License-Identifier: Apache-2.0
// cli/interpolate: every row of spec/configuration.md 2, .env, and what is told of missing
// variables.
#include "test.h"

#include "cli/interpolate.h"

static str env_get(void *st, str name, bool *found)
{
    static const struct {
        const char *name, *value;
    } vars[] = {{"A", "alpha"}, {"EMPTY", ""},      {"A-b", "dash"}, {"a.b", "dot"},
                {"NUM", "42"},  {"DOLLAR", "$A$$"}, {"HOME", "/h"},  {"LINES", "1\n2"}};
    (void)st;
    for (isize i = 0; i < COUNT(vars); i++) {
        if (str_eq(name, str_from(vars[i].name))) {
            *found = true;
            return str_from(vars[i].value);
        }
    }
    *found = false;
    return (str){0};
}

static u8 out_bytes[4096], detail_bytes[CONFIG_DETAIL_BYTES];
static struct buf out, detail;

static err run(const char *text, const char *dot_env, bool lenient)
{
    struct interpolate_env env = {
        .get = env_get, .dot_env = test_guarded(str_from(dot_env)), .lenient = lenient};
    out = buf_over(out_bytes, sizeof out_bytes);
    detail = buf_over(detail_bytes, sizeof detail_bytes);
    return interpolate(test_guarded(str_from(text)), &env, &out, &detail);
}

static void test_interpolate_rows(void)
{
    static const struct {
        const char *in, *want;
    } cases[] = {
        {"x: ${A}", "x: alpha"},
        {"x: ${A}${A}y", "x: alphaalphay"},
        {"x: ${A|d}", "x: alpha"},
        {"x: ${B|d}", "x: d"},
        {"x: ${B|}", "x: "},
        {"x: ${B|d|e|f}", "x: d|e|f"},
        {"x: ${B|http://127.0.0.1:9}", "x: http://127.0.0.1:9"},
        {"x: ${EMPTY|d}", "x: "}, // set, though empty: no default
        {"x: $A", "x: alpha"},
        {"x: $A-b", "x: dash"}, // - and . belong to the name
        {"x: $a.b/c", "x: dot/c"},
        {"x: ${a.b}", "x: dot"},
        {"x: $B|rest of the line # too\ny: $A", "x: rest of the line # too\ny: alpha"},
        {"x: $A|gone\ny: z", "x: alpha\ny: z"},
        {"x: $$", "x: $"},
        {"x: $${X}", "x: ${X}"},
        {"x: pa$$word", "x: pa$word"},
        {"x: $$$A", "x: $alpha"},
        {"x: pa$1x", "x: pa$1x"},
        {"x: $", "x: $"},
        {"x: $ $, $}", "x: $ $, $}"},
        {"x: ${A", "x: ${A"},
        {"x: ${A\ny: }", "x: ${A\ny: }"}, // not across lines
        {"x: \"${A}\" '$A'", "x: \"alpha\" 'alpha'"},
        {"x: ${DOLLAR}", "x: $A$$"}, // what a variable holds is not looked at again
        {"# ${UNSET} $UNSET\nx: ${NUM}", "\nx: 42"},
        {"#a\n#b\nx: y\n#c\n#d", "\n\nx: y\n\n"},
        {"\xef\xbb\xbf# $UNSET\nx: y", "\nx: y"}, // a byte order mark
        {"x: |\r\n  $A\r\n", "x: |\r\n  alpha\r\n"},
        {"", ""},
    };
    for (isize i = 0; i < COUNT(cases); i++) {
        CHECK_OK(run(cases[i].in, "", false));
        CHECK_STR(buf_str(&out), str_from(cases[i].want));
        CHECK(detail.n == 0);
    }
}

static void test_interpolate_unset(void)
{
    CHECK_ERR(run("a: $B\n# $C\nb: ${D}\n\n  # ${E} indented comments are no exception\nc: d # $F",
                  "", false),
              CONFIG_UNSET);
    CHECK_STR(buf_str(&detail), S("B (line 1), D (line 3), E (line 5), F (line 6)"));
    CHECK_ERR(run("a: ${A B}${}${ A }", "", false), CONFIG_UNSET);
    CHECK_STR(buf_str(&detail), S("A B (line 1), ${} (line 1),  A  (line 1)"));
    CHECK_OK(run("a: $B ${D} $A", "", true));
    CHECK_STR(buf_str(&out), S("a: $B ${D} alpha"));
}

// As many as are worth reading, and that there are more.
static void test_interpolate_unset_many(void)
{
    static char text[64 * 1024];
    size_t n = 0;
    for (int i = 0; i < 2000; i++) {
        n += (size_t)snprintf(text + n, sizeof text - n, "k: $VARIABLE_%d\n", i);
    }
    CHECK_ERR(run(text, "", false), CONFIG_UNSET);
    CHECK(!detail.full && str_ends(buf_str(&detail), S("), ...")));
}

static void test_interpolate_full(void)
{
    struct interpolate_env env = {.get = env_get};
    out = buf_over(out_bytes, 8);
    detail = buf_over(detail_bytes, sizeof detail_bytes);
    CHECK_OK(interpolate(S("x: $NUM,"), &env, &out, &detail));
    buf_reset(&out);
    CHECK_ERR(interpolate(S("x: $A,"), &env, &out, &detail), CONFIG_TOO_LARGE);
}

// ---- .env

static void test_interpolate_dot_env(void)
{
    static const char file[] =
        "# comment\n\nA=from .env\nQ=\"quoted # not a comment\"\r\nS='s'\n  T = t\n"
        "export E=ignored\nwords\n=x\nH=$HOME/${A}/$B/${B}/$1/$\nHALF=\"x\n1N=x\n"
        "D=${HOME|d} $A-b";
    static const struct {
        const char *in, *want;
    } cases[] = {
        {"${A}", "from .env"}, // beats the environment
        {"${Q}", "quoted # not a comment"},
        {"${S}", "s"},
        {"${T}", "t"},
        {"${E|unset}", "unset"},
        {"${NUM}", "42"},
        {"${H}", "/h/alpha/$B/${B}/$1/$"},
        {"${HALF}", "\"x"},
        {"${1N|unset}", "unset"},
        {"${D}", "${HOME|d} alpha-b"}, // the shell's rules here, not those of config.yml
    };
    for (isize i = 0; i < COUNT(cases); i++) {
        CHECK_OK(run(cases[i].in, file, false));
        CHECK_STR(buf_str(&out), str_from(cases[i].want));
    }
    str name, value;
    CHECK(interpolate_dot_env_at(str_from(file), 1, &name, &value));
    CHECK_STR(name, S("Q"));
    CHECK_STR(value, S("quoted # not a comment"));
    CHECK(!interpolate_dot_env_at(str_from(file), 7, &name, &value));
}

static void test_interpolate_dot_env_twice(void)
{
    detail = buf_over(detail_bytes, sizeof detail_bytes);
    CHECK_OK(interpolate_check_dot_env(S("A=1\nB=1\nAA=1\nwords\n"), &detail));
    CHECK_ERR(interpolate_check_dot_env(S("A=1\nB=2\n\nA=1\n"), &detail), CONFIG_DOT_ENV);
    CHECK_STR(buf_str(&detail), S(".env:4: A is already set in line 1"));
    CHECK_OK(run("$A", "A=1\nA=2\n", true));
    CHECK_STR(buf_str(&out), S("2"));
}

// Each prefix of a text behaves; none reads past its end.
static void test_interpolate_prefixes(void)
{
    static const char text[] = "#c\na: ${A|x} $A|y\n$$ ${B} $a.b\n# $";
    for (isize n = 0; n <= (isize)sizeof text - 1; n++) {
        struct interpolate_env env = {.get = env_get, .dot_env = test_guarded(str_make(text, n))};
        out = buf_over(out_bytes, sizeof out_bytes);
        detail = buf_over(detail_bytes, sizeof detail_bytes);
        err e = interpolate(test_guarded(str_make(text, n)), &env, &out, &detail);
        CHECK(err_ok(e) || err_is(e, ERR_CONFIG_UNSET));
    }
}

static const struct test_case cases[] = {
    CASE(test_interpolate_rows),       CASE(test_interpolate_unset),
    CASE(test_interpolate_unset_many), CASE(test_interpolate_full),
    CASE(test_interpolate_dot_env),    CASE(test_interpolate_dot_env_twice),
    CASE(test_interpolate_prefixes),
};

TEST_MAIN(cases)
