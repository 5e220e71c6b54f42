// SPDX-License-Identifier: Apache-2.0
// net/auth: which scheme is chosen from what a server offers, the header lines of each (NTLM by the
// vector of spec/wire-ntlm.md, bare and in SPNEGO), and how many refusals there may be. Entropy and
// clock are the test's.
#include "test.h"

#include "limits.h"
#include "net/auth.h"
#include "ntlm_base64.h"
#include "os/os.h"
#include "stack.h"

void os_entropy(void *p, isize n)
{
    for (isize i = 0; i < n; i++) {
        ((u8 *)p)[i] = (u8)(0xa0 + i);
    }
}

i64 os_unix_us(void)
{
    return 1720174830500000;
}

static u8 text_bytes[KIB(16)], scratch_bytes[KIB(16)];
static struct buf text = {text_bytes, 0, COUNT(text_bytes), false};
static struct buf scratch = {scratch_bytes, 0, COUNT(scratch_bytes), false};

static const u8 end_point[32] = { // SHA-256 of "demo certificate"
    0x7a, 0x02, 0x7e, 0xa4, 0xab, 0x80, 0xfe, 0x22, 0x28, 0x22, 0x76, 0x6d, 0x92, 0x5e, 0x3e, 0x1d,
    0x72, 0xa7, 0xa4, 0x7e, 0x25, 0x2d, 0x86, 0x40, 0xb2, 0xf5, 0xaf, 0x9c, 0x10, 0x73, 0xc3, 0x38};

static struct http_auth auth_of(const char *user, const char *password)
{
    struct http_auth a = {0};
    auth_set(&a, str_from(user), (struct secret){str_from(password)});
    return a;
}

static struct http_head head_of(const char *const *values, int count, const char *name)
{
    struct http_head head = {.status = 401};
    for (int i = 0; i < count; i++) {
        head.headers[head.header_count++] = (struct http_header){str_from(name),
                                                                 test_guarded(str_from(values[i]))};
    }
    return head;
}

#define BIT(s) ((u32)1 << (s))
#define NEGOTIATE_BITS (BIT(AUTH_NEGOTIATE) | BIT(AUTH_SPNEGO))

static void test_read_offer(void)
{
    static const struct {
        const char *values[3];
        enum auth_scheme asked;
        u32 want;
        const char *token;
    } cases[] = {
        {{"Negotiate", "NTLM", "Basic realm=\"a\""},
         AUTH_NTLM,
         NEGOTIATE_BITS | BIT(AUTH_NTLM) | BIT(AUTH_BASIC),
         ""},
        {{"Negotiate, ntlm ,BASIC realm=\"x, NTLM y\", charset=\"UTF-8\""},
         AUTH_NTLM,
         NEGOTIATE_BITS | BIT(AUTH_NTLM) | BIT(AUTH_BASIC),
         ""},
        {{"NTLM TlRM==", "Negotiate oY=="}, AUTH_NTLM, NEGOTIATE_BITS | BIT(AUTH_NTLM), "TlRM=="},
        {{"NTLM TlRM==", "negotiate  oY=="}, AUTH_SPNEGO, NEGOTIATE_BITS | BIT(AUTH_NTLM), "oY=="},
        {{"Negotiate oY=="}, AUTH_NTLM, NEGOTIATE_BITS, ""},
        {{"Basic realm=\"NTLM\""}, AUTH_NTLM, BIT(AUTH_BASIC), ""},
        {{"Basic realm=\"a\\\", NTLM \\\\\", NTLM"},
         AUTH_NTLM,
         BIT(AUTH_BASIC) | BIT(AUTH_NTLM),
         ""},
        {{"Bearer realm=\"\", error=\"invalid_token\""}, AUTH_NTLM, 0, ""},
        {{"Digest NTLM=\"x\", basic=\"y\""}, AUTH_NTLM, 0, ""},
        {{"NTLMv3", "BasicAuth"}, AUTH_NTLM, 0, ""},
        {{"", ",,", " , \t"}, AUTH_NTLM, 0, ""},
        {{"Basic \"unended, NTLM"}, AUTH_NTLM, BIT(AUTH_BASIC), ""},
        {{"Basic \"\\"}, AUTH_NTLM, BIT(AUTH_BASIC), ""},
        {{"Basic dG9rZW4="}, AUTH_BASIC, BIT(AUTH_BASIC), ""},
    };
    for (isize i = 0; i < COUNT(cases); i++) {
        int count = 0;
        while (count < 3 && cases[i].values[count]) {
            count++;
        }
        struct http_head head = head_of(cases[i].values, count, "WWW-Authenticate");
        struct auth_offer offer;
        auth_read_offer(&head, cases[i].asked, &offer);
        if (offer.schemes != cases[i].want) {
            fprintf(stderr, "%s: %x\n", cases[i].values[0], offer.schemes);
        }
        CHECK(offer.schemes == cases[i].want);
        CHECK_STR(offer.token, str_from(cases[i].token));
    }
    const char *values[] = {"NTLM"};
    struct http_head head = head_of(values, 1, "Proxy-Authenticate");
    struct auth_offer offer;
    auth_read_offer(&head, AUTH_NTLM, &offer);
    CHECK(offer.schemes == 0);
}

// The schemes that are tried one after another while none leads anywhere, and the error after them.
static err choose_all(struct http_auth *a, u32 schemes, bool tls, enum auth_scheme *tried)
{
    struct auth_offer offer = {.schemes = schemes};
    err e = OK;
    for (int i = 0; i < 6; i++) {
        tried[i] = AUTH_UNKNOWN;
    }
    for (int i = 0; i < 6 && a->scheme != AUTH_BASIC; i++) {
        e = auth_choose(a, &offer, tls);
        if (!err_ok(e)) {
            break;
        }
        tried[i] = a->scheme;
    }
    return e;
}

static void test_choose(void)
{
    enum auth_scheme t[6];
    struct http_auth a = auth_of("svc", "x");
    CHECK_OK(choose_all(&a, BIT(AUTH_BASIC), true, t));
    CHECK(t[0] == AUTH_BASIC);
    a = auth_of("svc", "x");
    CHECK_OK(choose_all(&a, NEGOTIATE_BITS | BIT(AUTH_BASIC), true, t));
    CHECK(t[0] == AUTH_NEGOTIATE && t[1] == AUTH_SPNEGO && t[2] == AUTH_BASIC);
    // Who offers NTLM and does not go on with it gets no password in clear.
    a = auth_of("svc", "x");
    CHECK_ERR(choose_all(&a, BIT(AUTH_NTLM) | BIT(AUTH_BASIC), true, t), AUTH_BROKEN);
    CHECK(a.scheme == AUTH_UNKNOWN && t[0] == AUTH_UNKNOWN);
    a = auth_of("svc", "x");
    CHECK_ERR(choose_all(&a, NEGOTIATE_BITS, true, t), AUTH_SCHEME);
    CHECK(a.tried == 0 && t[0] == AUTH_NEGOTIATE && t[1] == AUTH_SPNEGO);
    CHECK_ERR(choose_all(&a, 0, true, t), AUTH_SCHEME);
    CHECK_ERR(choose_all(&a, BIT(AUTH_BASIC), false, t), AUTH_PLAIN);
    a.allow_basic = true;
    CHECK_OK(choose_all(&a, BIT(AUTH_BASIC), false, t));
    CHECK(a.scheme == AUTH_BASIC);
    const char *values[] = {"Bearer realm=x", "Negotiate"};
    struct http_head head = head_of(values, 2, "WWW-Authenticate");
    buf_reset(&text);
    auth_put_offer(&text, &head);
    CHECK_STR(buf_str(&text), S("it offers Bearer, Negotiate"));
    buf_reset(&text);
    head = head_of(values, 0, "");
    auth_put_offer(&text, &head);
    CHECK_STR(buf_str(&text), S("it offers nothing"));
}

static err put_last(struct http_auth *a, enum auth_scheme scheme, str token)
{
    struct auth_answer answer = {.scheme = scheme,
                                 .token = token,
                                 .host = S("mail.example.test"),
                                 .end_point = {end_point, 32},
                                 .scratch = &scratch};
    buf_reset(&text);
    return auth_put_last(&text, a, &answer);
}

static bool scratch_is_wiped(void)
{
    isize set = 0;
    for (isize i = 0; i < COUNT(scratch_bytes); i++) {
        set += scratch_bytes[i] != 0;
    }
    return set == 0 && scratch.n == 0;
}

static void test_lines_ntlm(void)
{
    struct http_auth a = auth_of("EXAMPLE\\svc", "Passw0rd");
    buf_reset(&text);
    auth_put_first(&text, AUTH_NTLM);
    CHECK_STR(buf_str(&text), S("Authorization: NTLM " NEGOTIATE_B "\r\n"));
    CHECK_OK(put_last(&a, AUTH_NTLM, test_guarded(S(CHALLENGE_B))));
    CHECK_STR(buf_str(&text), S("Authorization: NTLM " AUTHENTICATE_B "\r\n"));
    CHECK(scratch_is_wiped());
    CHECK_OK(put_last(&a, AUTH_NEGOTIATE, S(CHALLENGE_B)));
    CHECK_STR(buf_str(&text), S("Authorization: Negotiate " AUTHENTICATE_B "\r\n"));
}

static void test_lines_spnego(void)
{
    struct http_auth a = auth_of("EXAMPLE\\svc", "Passw0rd");
    buf_reset(&text);
    auth_put_first(&text, AUTH_SPNEGO);
    CHECK_STR(buf_str(&text), S("Authorization: Negotiate " INIT_B "\r\n"));
    CHECK_OK(put_last(&a, AUTH_SPNEGO, test_guarded(S(WRAPPED_CHALLENGE_B))));
    CHECK_STR(buf_str(&text), S("Authorization: Negotiate " WRAPPED_AUTHENTICATE_B "\r\n"));
    // The server decides: what comes bare is answered bare, and the reverse.
    CHECK_OK(put_last(&a, AUTH_NEGOTIATE, S(WRAPPED_CHALLENGE_B)));
    CHECK_STR(buf_str(&text), S("Authorization: Negotiate " WRAPPED_AUTHENTICATE_B "\r\n"));
    CHECK_OK(put_last(&a, AUTH_SPNEGO, S(CHALLENGE_B)));
    CHECK_STR(buf_str(&text), S("Authorization: Negotiate " AUTHENTICATE_B "\r\n"));
}

static void test_lines_bad_challenge(void)
{
    struct http_auth a = auth_of("EXAMPLE\\svc", "Passw0rd");
    CHECK_ERR(put_last(&a, AUTH_NTLM, S("TlRMTVNTUAACAAAA")), NTLM_CHALLENGE);
    CHECK_ERR(put_last(&a, AUTH_NTLM, S("!!!!")), NTLM_CHALLENGE);
    CHECK_ERR(put_last(&a, AUTH_SPNEGO, S("oQcwBaADCgEA")), AUTH_BROKEN); // accepted, no token
    CHECK_ERR(put_last(&a, AUTH_SPNEGO, S("oQcwBaADCgEC")), SPNEGO_REJECTED);
    CHECK_ERR(put_last(&a, AUTH_SPNEGO, S("oQcwBa")), SPNEGO_SYNTAX);
    CHECK(text.n == 0 && scratch_is_wiped());
    static u8 huge[KIB(30)];
    memset(huge, 'A', COUNT(huge));
    CHECK_ERR(put_last(&a, AUTH_NTLM, str_make(huge, COUNT(huge))), NTLM_CHALLENGE);
    scratch.full = false;
}

static void test_lines_basic(void)
{
    static const struct {
        const char *user, *password, *utf8, *latin1;
    } cases[] = {
        {"EXAMPLE\\svc", "Passw0rd",
         "RVhBTVBMRVxzdmM6UGFzc3cwcmQ=", "RVhBTVBMRVxzdmM6UGFzc3cwcmQ="},
        {"svc", "a:b", "c3ZjOmE6Yg==", "c3ZjOmE6Yg=="},
        {"j\u00f6rg", "\u00e9\u00ff\u00a7", "asO2cmc6w6nDv8Kn", "avZyZzrp/6c="},
    };
    for (isize i = 0; i < COUNT(cases); i++) {
        struct http_auth a = auth_of(cases[i].user, cases[i].password);
        for (int k = 0; k < 2; k++) {
            a.latin1 = k;
            buf_reset(&text);
            CHECK_OK(auth_put_basic(&text, &a));
            char want[100];
            snprintf(want, sizeof want, "Authorization: Basic %s\r\n",
                     k ? cases[i].latin1 : cases[i].utf8);
            CHECK_STR(buf_str(&text), str_from(want));
        }
    }
    buf_reset(&text);
    struct http_auth colon = auth_of("a:b", "x"), euro = auth_of("svc", "\u20ac");
    CHECK_ERR(auth_put_basic(&text, &colon), AUTH_NAME);
    CHECK_OK(auth_put_basic(&text, &euro));
    buf_reset(&text);
    euro.latin1 = true;
    CHECK_ERR(auth_put_basic(&text, &euro), AUTH_NAME);
    static char lengthy[AUTH_BASIC_BYTES];
    memset(lengthy, 'x', sizeof lengthy - 1);
    struct http_auth large = auth_of("u", lengthy);
    CHECK_ERR(auth_put_basic(&text, &large), AUTH_NAME);
    CHECK(text.n == 0);
}

static void put_basic(void *a)
{
    buf_reset(&text);
    CHECK_OK(auth_put_basic(&text, a));
}

static void test_basic_leaves_no_password(void)
{
    struct http_auth a = auth_of("svc", "a long secret of svc");
    CHECK(!stack_keeps(put_basic, &a, S("svc:a long")));
}

static void test_put_cookies(void)
{
    const char *values[] = {"exchangecookie=9f; path=/; HttpOnly", "novalue", "X-BE=1~2;secure",
                            "=x"};
    struct http_head head = head_of(values, 4, "set-Cookie");
    buf_reset(&text);
    auth_put_cookies(&text, &head);
    CHECK_STR(buf_str(&text), S("Cookie: exchangecookie=9f; X-BE=1~2\r\n"));
    buf_reset(&text);
    head = head_of(values, 4, "Cookie");
    auth_put_cookies(&text, &head);
    CHECK(text.n == 0);
}

static void test_refuse(void)
{
    struct http_auth a = auth_of("svc", "x");
    CHECK(auth_may_try(&a));
    a.probing = true;
    CHECK(!auth_may_try(&a)); // one at a time, until it is known
    CHECK(auth_refuse(&a, a.epoch, false) == AUTH_ONCE_MORE && !a.failed);
    CHECK(auth_refuse(&a, a.epoch, false) == AUTH_NO_MORE && a.failed);
    a.probing = false;
    CHECK(!auth_may_try(&a));
    // Others get a new chance.
    u32 identity = a.identity;
    auth_set(&a, S("svc"), (struct secret){S("y")});
    CHECK(auth_may_try(&a) && a.identity != identity && a.identity != 0);
    // After a success several refusals of logins that were on their way count as one.
    u32 epoch = a.epoch;
    auth_accept(&a);
    a.probing = true;
    CHECK(auth_may_try(&a));
    CHECK(auth_refuse(&a, epoch, false) == AUTH_LATER &&
          auth_refuse(&a, epoch, false) == AUTH_LATER);
    CHECK(!auth_may_try(&a) && !a.failed);
    CHECK(auth_refuse(&a, a.epoch, false) == AUTH_NO_MORE);
    // What is locked is not tried again.
    struct http_auth b = auth_of("svc", "x");
    auth_accept(&b);
    CHECK(auth_refuse(&b, b.epoch, true) == AUTH_NO_MORE);
    buf_reset(&text);
    auth_put_facts(&text, &b);
    CHECK_STR(buf_str(&text), S("as svc: the server says that the account is locked"));
    struct http_auth c = auth_of("svc", "x");
    CHECK(auth_refuse(&c, c.epoch, false) == AUTH_ONCE_MORE);
    auth_accept(&c);
    CHECK(auth_refuse(&c, c.epoch, false) == AUTH_LATER); // in a row means in a row
}

static void test_refuse_latin1(void)
{
    static const struct {
        const char *user, *password;
        bool want;
    } cases[] = {{"svc", "x", false},
                 {"svc", "\u00e9", true},
                 {"\u00fc", "x", true},
                 {"svc", "\u20ac\u00e9", false}};
    for (isize i = 0; i < COUNT(cases); i++) {
        struct http_auth a = auth_of(cases[i].user, cases[i].password);
        CHECK(auth_refuse(&a, a.epoch, false) == AUTH_ONCE_MORE && !a.latin1); // not yet Basic
        a = auth_of(cases[i].user, cases[i].password);
        a.scheme = AUTH_BASIC;
        CHECK(auth_refuse(&a, a.epoch, false) == AUTH_ONCE_MORE && a.latin1 == cases[i].want);
    }
}

static const struct test_case cases[] = {
    CASE(test_read_offer),    CASE(test_choose),
    CASE(test_lines_ntlm),    CASE(test_lines_spnego),
    CASE(test_lines_basic),   CASE(test_lines_bad_challenge),
    CASE(test_put_cookies),   CASE(test_refuse),
    CASE(test_refuse_latin1), CASE(test_basic_leaves_no_password),
};

TEST_MAIN(cases)
