// SPDX-License-Identifier: Apache-2.0
// codec/ber: lengths in all their forms, integers at the borders, what is refused, every cut; the
// writer against known bytes, and against the reader for every length that changes its form.
#include "test.h"

#include "codec/ber.h"
#include "hex.h"

static u8 memory[KIB(300)];
static struct buf bytes = {memory, 0, COUNT(memory), false};

static str unhex(const char *text)
{
    bytes.n = 0;
    return test_guarded(hex_put(&bytes, text));
}

static void check_hex(str got, const char *want)
{
    u8 text[512];
    struct buf hex = buf_over(text, COUNT(text));
    buf_put_hex(&hex, got);
    CHECK_STR(buf_str(&hex), str_from(want));
}

static void test_take_lengths(void)
{
    static const char *const forms[] = {"0403616263", "048103616263", "04820003616263",
                                        "0483000003616263", "048400000003616263"};
    for (isize i = 0; i < COUNT(forms); i++) {
        str in = unhex(forms[i]), content;
        isize all;
        CHECK(ber_element_bytes(in, &all) == BER_WHOLE && all == in.n);
        CHECK(ber_take(&in, BER_OCTETS, &content));
        CHECK_STR(content, S("abc"));
        CHECK(in.n == 0);
    }
}

static void test_take_refused(void)
{
    static const char *const forms[] = {
        "",         "04",           "0480616200", "0403",
        "04036162", "048403616263", "0485000000", "0401",
        "1f0100",   "3f0100",       "04ff",       "0484ffffffff61",
        "0481",     "04820003",     "0484000000", "048500000003616263"};
    for (isize i = 0; i < COUNT(forms); i++) {
        str in = unhex(forms[i]), before = in, content;
        u8 tag;
        CHECK(!ber_take_any(&in, &tag, &content));
        CHECK(in.p == before.p && in.n == before.n);
        CHECK(!ber_take(&in, BER_OCTETS, &content));
    }
}

static void test_element_bytes(void)
{
    static const struct {
        const char *in;
        enum ber_verdict verdict;
        isize bytes;
    } rows[] = {
        {"", BER_MORE, 0},
        {"30", BER_MORE, 0},
        {"3084", BER_MORE, 0},
        {"3084000000", BER_MORE, 0},
        {"308400000005", BER_WHOLE, 11},
        {"300c020101", BER_WHOLE, 14},
        {"3084ffffffff", BER_WHOLE, 0xffffffff + (isize)6},
        {"3080", BER_BAD, 0},
        {"3085", BER_BAD, 0},
        {"30ff", BER_BAD, 0},
        {"1f", BER_BAD, 0},
    };
    for (isize i = 0; i < COUNT(rows); i++) {
        isize n = 0;
        CHECK(ber_element_bytes(unhex(rows[i].in), &n) == rows[i].verdict && n == rows[i].bytes);
    }
}

static void test_take_other(void)
{
    str in = unhex("0401610a0102"), content;
    i64 value;
    bool flag;
    CHECK(!ber_take(&in, BER_SEQUENCE, &content) && !ber_take_int(&in, BER_INTEGER, &value));
    CHECK(ber_take_optional(&in, BER_BOOLEAN, &content) && content.p == NULL && in.n == 6);
    CHECK(ber_take_optional(&in, BER_OCTETS, &content) && content.n == 1 && in.n == 3);
    CHECK(!ber_take_bool(&in, BER_ENUMERATED - 1, &flag) && ber_peek(in) == BER_ENUMERATED);
    CHECK(ber_take_int(&in, BER_ENUMERATED, &value) && value == 2 && ber_peek(in) == -1);
    CHECK(ber_take_optional(&in, BER_OCTETS, &content) && content.p == NULL);
    in = unhex("0405");
    CHECK(!ber_take_optional(&in, BER_OCTETS, &content));
}

static const struct {
    const char *hex;
    i64 value;
} integers[] = {
    {"020100", 0},
    {"02017f", 127},
    {"02020080", 128},
    {"020200ff", 255},
    {"02020100", 256},
    {"0201ff", -1},
    {"020180", -128},
    {"0202ff7f", -129},
    {"020201f4", 500},
    {"02047fffffff", 0x7fffffff},
    {"02050080000000", 0x80000000},
    {"02087fffffffffffffff", INT64_MAX},
    {"02088000000000000000", INT64_MIN},
};

static void test_integers(void)
{
    for (isize i = 0; i < COUNT(integers); i++) {
        u8 out[16];
        struct buf b = buf_over(out, COUNT(out));
        ber_put_int(&b, BER_INTEGER, integers[i].value);
        check_hex(buf_str(&b), integers[i].hex);
        str in = unhex(integers[i].hex);
        i64 value;
        CHECK(ber_take_int(&in, BER_INTEGER, &value) && value == integers[i].value && in.n == 0);
    }
    static const char *const refused[] = {"0200", "0209000000000000000001", "0101ff", "020201"};
    for (isize i = 0; i < COUNT(refused); i++) {
        str in = unhex(refused[i]), before = in;
        i64 value;
        CHECK(!ber_take_int(&in, BER_INTEGER, &value) && in.p == before.p && in.n == before.n);
    }
    str padded = unhex("02040000007f"); // longer than needed
    i64 value;
    CHECK(ber_take_int(&padded, BER_INTEGER, &value) && value == 127);
}

static void test_booleans(void)
{
    u8 out[8];
    struct buf b = buf_over(out, COUNT(out));
    ber_put_bool(&b, BER_BOOLEAN, true);
    ber_put_bool(&b, BER_CONTEXT + 4, false);
    check_hex(buf_str(&b), "0101ff840100");
    str in = unhex("010101010100010200000100");
    bool flag;
    CHECK(ber_take_bool(&in, BER_BOOLEAN, &flag) && flag);
    CHECK(ber_take_bool(&in, BER_BOOLEAN, &flag) && !flag);
    CHECK(!ber_take_bool(&in, BER_BOOLEAN, &flag) && in.n == 6);
}

// Every border of the length's form, by ber_put() and by open and close.
static void test_put_lengths(void)
{
    static const struct {
        isize n;
        const char *head;
    } rows[] = {{0, "0400"},         {1, "0401"},           {127, "047f"},
                {128, "048180"},     {255, "0481ff"},       {256, "04820100"},
                {65535, "0482ffff"}, {65536, "0483010000"}, {100000, "04830186a0"}};
    static u8 one[KIB(100)], two[KIB(100)], text[KIB(100)];
    memset(text, 'x', sizeof text);
    for (isize i = 0; i < COUNT(rows); i++) {
        struct buf a = buf_over(one, COUNT(one)), b = buf_over(two, COUNT(two));
        str want = str_make(text, rows[i].n), content;
        ber_put(&a, BER_OCTETS, want);
        isize place = ber_open(&b, BER_OCTETS);
        buf_put(&b, want);
        ber_close(&b, place);
        CHECK(str_eq(buf_str(&a), buf_str(&b)));
        check_hex(str_slice(buf_str(&a), 0, a.n - rows[i].n), rows[i].head);
        str in = buf_str(&a);
        CHECK(ber_take(&in, BER_OCTETS, &content) && str_eq(content, want) && in.n == 0);
        // A byte too few: full, at whatever append it is.
        struct buf small = buf_over(two, b.n - 1);
        place = ber_open(&small, BER_OCTETS);
        buf_put(&small, want);
        ber_close(&small, place);
        CHECK(small.full);
    }
}

static void test_open_nested(void)
{
    u8 out[400];
    struct buf b = buf_over(out, COUNT(out));
    isize outer = ber_open(&b, BER_SEQUENCE);
    isize inner = ber_open(&b, BER_SET);
    buf_put_fill(&b, 'a', 130);
    ber_close(&b, inner);
    inner = ber_open(&b, BER_CONTEXT_IN + 3);
    ber_close(&b, inner);
    ber_close(&b, outer);
    str in = buf_str(&b), sequence, set, empty;
    CHECK(b.n == 3 + 3 + 130 + 2);
    CHECK(ber_take(&in, BER_SEQUENCE, &sequence) && in.n == 0);
    CHECK(ber_take(&sequence, BER_SET, &set) && set.n == 130 && set.p[129] == 'a');
    CHECK(ber_take(&sequence, 0xa3, &empty) && empty.n == 0 && sequence.n == 0);
}

static const struct test_case cases[] = {
    CASE(test_take_lengths), CASE(test_take_refused), CASE(test_element_bytes),
    CASE(test_take_other),   CASE(test_integers),     CASE(test_booleans),
    CASE(test_put_lengths),  CASE(test_open_nested),
};
TEST_MAIN(cases)
