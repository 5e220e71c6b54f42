// SPDX-License-Identifier: Apache-2.0
// codec/number: Python's answers for text to double and back, and exact comparisons.
// tests/interop/golden_rules.py compares many more with Python itself.
#include "test.h"

#include "codec/number.h"

static void test_number_parse_python_table(void)
{
    static const struct {
        const char *text, *want; // repr(float(text)); NULL: ValueError
    } cases[] = {
        {"5", "5.0"},
        {" 5 ", "5.0"},
        {"1e3", "1000.0"},
        {"1_000", "1000.0"},
        {"1_0.0_1e0_1", "100.1"},
        {"-.5", "-0.5"},
        {"+5.", "5.0"},
        {"-0", "-0.0"},
        {"inf", "inf"},
        {"-INFINITY", "-inf"},
        {"+NaN", "nan"},
        {"\xe2\x80\x83\xd9\xa4\xd9\xa2", "42.0"}, // EM SPACE, ARABIC-INDIC 42
        {"1e400", "inf"},
        {"1e-400", "0.0"},
        {"1e99999999999999999999", "inf"},
        {"0e99999999999999999999", "0.0"},
        {"4.9e-324", "5e-324"},
        {"2.4703282292062327208e-324", "0.0"},
        {"2.4703282292062327209e-324", "5e-324"},
        {"2.2250738585072011e-308", "2.225073858507201e-308"},
        {"1.7976931348623157e308", "1.7976931348623157e+308"},
        {"1.7976931348623159e308", "inf"},
        {"9007199254740993", "9007199254740992.0"},
        {"9007199254740993.00000000000000000000000000000000000001", "9007199254740994.0"},
        {"6.455624695217272e+119", "6.455624695217272e+119"},
        {"1e16", "1e+16"},
        {"1234567890123456", "1234567890123456.0"},
        {"0.0001", "0.0001"},
        {"0.00001", "1e-05"},
        {"1.5e-7", "1.5e-07"},
        {"", NULL},
        {" ", NULL},
        {".", NULL},
        {"-", NULL},
        {"1 2", NULL},
        {"_1", NULL},
        {"1_", NULL},
        {"1__0", NULL},
        {"1_.5", NULL},
        {"1._5", NULL},
        {"1e", NULL},
        {"1e_5", NULL},
        {"1e5_", NULL},
        {"0x10", NULL},
        {"infin", NULL},
        {"in f", NULL},
        {"5\x1c", NULL},
        {"\xff", NULL},
    };
    for (isize i = 0; i < COUNT(cases); i++) {
        u8 memory[NUMBER_REPR_BYTES];
        struct buf b = buf_over(memory, sizeof memory);
        double v;
        bool good = number_parse_python(test_guarded(str_from(cases[i].text)), &v);
        if (good != (cases[i].want != NULL)) {
            fprintf(stderr, "%s\n", cases[i].text);
        }
        CHECK(good == (cases[i].want != NULL));
        if (good) {
            number_put_repr(&b, v);
            CHECK_STR(buf_str(&b), str_from(cases[i].want));
        }
    }
}

// More digits than are kept: the note that something was cut decides.
static void test_number_parse_json_long(void)
{
    static u8 text[3000];
    double v;
    struct buf b = buf_over(text, sizeof text);
    buf_put(&b, S("9007199254740993."));
    buf_put_fill(&b, '0', 2000);
    CHECK(number_parse_json(buf_str(&b), &v) && v == 9007199254740992.0);
    buf_put(&b, S("1"));
    CHECK(number_parse_json(test_guarded(buf_str(&b)), &v) && v == 9007199254740994.0);
    buf_reset(&b);
    buf_put(&b, S("0."));
    buf_put_fill(&b, '0', 2000);
    buf_put(&b, S("5e2001"));
    CHECK(number_parse_json(buf_str(&b), &v) && v == 5.0);
    CHECK(!number_parse_json(S("1_0"), &v) && !number_parse_json(S("+1"), &v));
    CHECK(!number_parse_json(S("inf"), &v) && !number_parse_json(S(""), &v));
}

static void test_number_compare_integer_exact(void)
{
    static const struct {
        const char *integer;
        double v;
        int want;
    } cases[] = {
        {"5", 5, 0},
        {"5", 5.5, -1},
        {"6", 5.5, 1},
        {"-5", -5.5, 1},
        {"-6", -5.5, -1},
        {"-5", 5, -1},
        {"0", 0, 0},
        {"-0", 0, 0},
        {"0", -0.0, 0},
        {"0", 1e-300, -1},
        {"1", 1e-300, 1},
        {"9007199254740993", 9007199254740992.0, 1},
        {"9007199254740992", 9007199254740992.0, 0},
        {"100000000000000000000000", 1e23, 1}, // 1e23 is a little less
        {"99999999999999991611392", 1e23, 0},
        {"1", __builtin_inf(), -1},
        {"1", -__builtin_inf(), 1},
        {"1", __builtin_nan(""), 2},
    };
    for (isize i = 0; i < COUNT(cases); i++) {
        int got = number_compare_integer(test_guarded(str_from(cases[i].integer)), cases[i].v);
        if (got != cases[i].want) {
            fprintf(stderr, "%s %g: %d\n", cases[i].integer, cases[i].v, got);
        }
        CHECK(got == cases[i].want);
    }
}

static const struct test_case cases[] = {
    CASE(test_number_parse_python_table),
    CASE(test_number_parse_json_long),
    CASE(test_number_compare_integer_exact),
};

TEST_MAIN(cases)
