// SPDX-License-Identifier: Apache-2.0
// codec/spnego: the bytes of spec/wire-ntlm.md 8, every cut of them, and tokens that are none.
#include "test.h"

#include "codec/spnego.h"
#include "hex.h"

#define NEGOTIATE "4e544c4d5353500001000000078208a2000000000000000000000000000000000a00614a0000000f"

static u8 memory[KIB(8)];
static struct buf bytes = {memory, 0, COUNT(memory), false};

static str unhex(const char *text)
{
    return test_guarded(hex_put(&bytes, text));
}

static void check_hex(str got, const char *want)
{
    u8 text[1024];
    struct buf hex = buf_over(text, COUNT(text));
    buf_put_hex(&hex, got);
    CHECK_STR(buf_str(&hex), str_from(want));
}

static void test_put_init(void)
{
    u8 out[128];
    struct buf b = buf_over(out, COUNT(out));
    bytes.n = 0;
    str token = unhex(NEGOTIATE), back;
    spnego_put_init(&b, token);
    check_hex(buf_str(&b),
              "604806062b0601050502a03e303ca00e300c060a2b06010401823702020aa22a0428" NEGOTIATE);
    CHECK_OK(spnego_token(buf_str(&b), &back));
    CHECK(str_eq(token, back));
}

// As the one of 396 bytes in the specification.
static void test_put_response(void)
{
    u8 out[512], token[396];
    struct buf b = buf_over(out, COUNT(out));
    memset(token, 'N', sizeof token);
    spnego_put_response(&b, str_make(token, COUNT(token)));
    check_hex(str_slice(buf_str(&b), 0, b.n - COUNT(token)), "a182019830820194a28201900482018c");
    str back;
    CHECK_OK(spnego_token(buf_str(&b), &back));
    CHECK(str_eq(back, str_make(token, COUNT(token))));
}

static void test_token_challenge(void)
{
    u8 whole[256], challenge[210];
    struct buf b = buf_over(whole, COUNT(whole));
    str token;
    memset(challenge, 'C', sizeof challenge);
    hex_put(&b, "a181ee3081eba0030a0101a10c060a2b06010401823702020aa281d50481d2");
    buf_put(&b, str_make(challenge, COUNT(challenge)));
    str in = test_guarded(buf_str(&b));
    CHECK_OK(spnego_token(in, &token));
    CHECK(str_eq(token, str_make(challenge, COUNT(challenge))) && !spnego_is_bare(in));
    for (isize n = 0; n < b.n; n++) {
        CHECK_ERR(spnego_token(test_guarded(str_slice(buf_str(&b), 0, n)), &token), SPNEGO_SYNTAX);
    }
}

static void test_token_bare(void)
{
    str token, in = unhex(NEGOTIATE);
    CHECK(spnego_is_bare(in));
    CHECK_OK(spnego_token(in, &token));
    CHECK(str_eq(token, in));
}

static void test_token_none(void)
{
    str token;
    CHECK_OK(spnego_token(unhex("a1073005a0030a0100"), &token)); // a success at its end
    CHECK(token.n == 0);
    CHECK_OK(spnego_token(unhex("a1023000"), &token));
    CHECK(token.n == 0);
    CHECK_ERR(spnego_token(unhex("a1073005a0030a0102"), &token), SPNEGO_REJECTED);
    // A hint of the server's mechanisms (NegTokenInit2 of MS-SPNG): nothing for us in it.
    CHECK_OK(spnego_token(unhex("601c06062b0601050502a0123010a00e300c060a2b06010401823702020a"),
                          &token));
    CHECK(token.n == 0);
}

static void test_token_refused(void)
{
    static const char *const bad[] = {
        "",
        "4e544c4d53535001",               // nearly bare
        "a1073005a0030a010000",           // a byte too many
        "a1073005a0030201 00",            // the state is no enumerated value
        "a10430020401",                   // cut inside
        "a1053003a20104",                 // a token that is no octet string
        "3002a000",                       // no token at all
        "600c06062b0601050502a002300000", // a byte behind an init
        // whole, but of another mechanism
        "604806062b0601050503a03e303ca00e300c060a2b06010401823702020aa22a0428" NEGOTIATE,
        "600a06062b0601050502a100", // not an init
        "600a06062b0601050502a000", // an init of nothing
        "a180300000000000",         // indefinite
    };
    for (isize i = 0; i < COUNT(bad); i++) {
        str token;
        bytes.n = 0;
        CHECK_ERR(spnego_token(unhex(bad[i]), &token), SPNEGO_SYNTAX);
    }
}

static const struct test_case cases[] = {
    CASE(test_put_init),   CASE(test_put_response), CASE(test_token_challenge),
    CASE(test_token_bare), CASE(test_token_none),   CASE(test_token_refused),
};
TEST_MAIN(cases)
