// SPDX-License-Identifier: Apache-2.0
// codec/ldap_filter and codec/ldap_text: RFC 4515's own examples and AD's matching rules as BER,
// filters that are malformed, their depth; what results mean, DNs in and out.
#include "test.h"

#include "codec/ldap.h"
#include "hex.h"

static u8 out_memory[1024];

static void check_filter(str text, const char *want)
{
    u8 hex_memory[1024], want_memory[512], want_hex[1024];
    struct buf b = buf_over(out_memory, COUNT(out_memory));
    struct buf hex = buf_over(hex_memory, COUNT(hex_memory)),
               bytes = buf_over(want_memory, COUNT(want_memory)),
               wanted = buf_over(want_hex, COUNT(want_hex));
    CHECK_OK(ldap_put_filter(&b, test_guarded(text)));
    buf_put_hex(&hex, buf_str(&b));
    buf_put_hex(&wanted, hex_put(&bytes, want));
    CHECK_STR(buf_str(&hex), buf_str(&wanted));
}

static void test_filter_items(void)
{
    check_filter(S("(cn=Babs Jensen)"), "a3110402636e040b42616273204a656e73656e");
    check_filter(S("(cn=*)"), "8702636e");
    check_filter(S("(cn=)"), "a3060402636e0400");
    check_filter(S("(cn~=a)"), "a8070402636e040161");
    check_filter(S("(cn>=a=b)"), "a5090402636e0403613d62");
    check_filter(S("(cn<=a)"), "a6070402636e040161");
    check_filter(S("(mail;lang-en=a)"), "a311040c6d61696c3b6c616e672d656e040161");
}

static void test_filter_substrings(void)
{
    check_filter(S("(cn=a*)"), "a4090402636e3003800161");
    check_filter(S("(cn=*a)"), "a4090402636e3003820161");
    check_filter(S("(cn=*a*)"), "a4090402636e3003810161");
    check_filter(S("(cn=a*b*c*d)"), "a4120402636e300c800161810162810163820164");
    check_filter(S("(cn=a**b)"), "a40c0402636e3006800161820162");
    check_filter(S("(cn=\\2a*\\2A)"), "a40c0402636e300680012a82012a");
}

// RFC 4515, section 4, and spec/wire-ldap.md 4.
static void test_filter_examples(void)
{
    check_filter(
        S("(o=Parens R Us \\28for all your parenthetical needs\\29)"),
        "a333 0401 6f 042e 506172656e73205220557320 28 666f7220616c6c20796f757220706172656e"
        "746865746963616c206e65656473 29");
    check_filter(S("(cn=*\\2A*)"), "a4090402636e300381012a");
    check_filter(S("(bin=\\00\\00\\00\\04)"), "a30b040362696e040400000004");
    check_filter(S("(sn=Lu\\c4\\8di\\c4\\87)"), "a30d0402736e04074c75c48d69c487");
    check_filter(S("(sn=Lu\u010di\u0107)"), "a30d0402736e04074c75c48d69c487");
    check_filter(S("(!(cn=Tim))"), "a20ba3090402636e040354696d");
    check_filter(S("(userAccountControl:1.2.840.113556.1.4.803:=2)"),
                 "a92f8116312e322e3834302e3131333535362e312e342e383033"
                 "82127573657241636 36f756e74436f6e74726f6c830132");
    check_filter(S("(cn:caseExactMatch:=F)"), "a917810e6361736545786163744d617463688202636e830146");
    check_filter(S("(cn:=B)"), "a9078202636e830142");
    check_filter(S("(sn:dn:2.4.6.8.10:=B)"), "a916810a322e342e362e382e31308202736e8301428401ff");
    check_filter(S("(o:DN:=A)"), "a90982016f8301418401ff");
    check_filter(S("(:1.2.3:=W)"), "a90a8105312e322e33830157");
    check_filter(S("(:dn:2.4.6:=D)"), "a90d8105322e342e368301448401ff");
}

static void test_filter_nested(void)
{
    check_filter(S("(&(a=b)(|(c=d)(!(e=f))))"),
                 "a01ca306040161040162a112a306040163040164a208a306040165040166");
    check_filter(S("(& (a=b)\n\t(c=d) )\n"), "a010a306040161040162a306040163040164");
}

static void test_filter_refused(void)
{
    static const char *const bad[] = {
        "",
        "cn=a",
        "(cn=a",
        "cn=a)",
        "(cn=a))",
        "((cn=a))",
        "(cn=a)(cn=b)",
        "()",
        "(cn)",
        "(=a)",
        "(&)",
        "(|)",
        "(!)",
        "(&",
        "(",
        "(!(a=b)(c=d))",
        "(&(a=b)",
        "(a=b)x",
        "x(a=b)",
        "(&x(a=b))",
        "(c n=a)",
        "(cn=a(b)",
        "(cn=\\)",
        "(cn=\\2)",
        "(cn=\\2x)",
        "(cn=\\zz)",
        "(cn=**)",
        "(cn=***)",
        "(cn>=a*)",
        "(cn~=*)",
        "(:=a)",
        "(:dn:=a)",
        "(cn:dn:x:y:=a)",
        "(cn::=a)",
        "(cn:dn::=a)",
        "(-cn=a)",
        "(;x=a)",
        "(cn_x=a)",
        "(cn:=a*)",
        "( cn=a)",
        "(>=a)",
        "(&(a=b)))",
        ")",
        "(!)(a=b)",
    };
    for (isize i = 0; i < COUNT(bad); i++) {
        struct buf b = buf_over(out_memory, COUNT(out_memory));
        err e = ldap_put_filter(&b, test_guarded(str_from(bad[i])));
        if (!err_is(e, ERR_LDAP_FILTER)) {
            fprintf(stderr, "taken: %s\n", bad[i]);
        }
        CHECK_ERR(e, LDAP_FILTER);
    }
    struct buf b = buf_over(out_memory, COUNT(out_memory));
    CHECK_ERR(ldap_put_filter(&b, S("(cn=a\0)")), LDAP_FILTER);
}

static void test_filter_depth(void)
{
    char text[4 * LDAP_FILTER_DEPTH + 16];
    for (int depth = LDAP_FILTER_DEPTH; depth <= LDAP_FILTER_DEPTH + 1; depth++) {
        struct buf b = buf_over(text, COUNT(text)), out = buf_over(out_memory, COUNT(out_memory));
        for (int i = 0; i < depth; i++) {
            buf_put(&b, S("(!"));
        }
        buf_put(&b, S("(a=b)"));
        buf_put_fill(&b, ')', depth);
        err e = ldap_put_filter(&out, buf_str(&b));
        if (depth == LDAP_FILTER_DEPTH) {
            CHECK_OK(e);
            CHECK(out.n == 8 + 2 * depth);
        } else {
            CHECK_ERR(e, LDAP_FILTER);
        }
    }
}

// ---- results

static struct ldap_message result(u8 op, int code, const char *words)
{
    return (struct ldap_message){.id = 1, .op = op, .result = code, .diagnostic = str_from(words)};
}

static void test_result_err(void)
{
    static const struct {
        int code;
        enum err_code want;
        const char *name;
    } rows[] = {
        {0, ERR_NONE, "success"},
        {14, ERR_NONE, "saslBindInProgress"},
        {3, ERR_LDAP_BUSY, "timeLimitExceeded"},
        {4, ERR_LDAP_CUT, "sizeLimitExceeded"},
        {7, ERR_LDAP_METHOD, "authMethodNotSupported"},
        {8, ERR_LDAP_NEEDS_TLS, "strongerAuthRequired"},
        {10, ERR_LDAP_BASE, "referral"},
        {12, ERR_LDAP_NO_PAGING, "unavailableCriticalExtension"},
        {13, ERR_LDAP_NEEDS_TLS, "confidentialityRequired"},
        {32, ERR_LDAP_BASE, "noSuchObject"},
        {49, ERR_LDAP_CREDENTIALS, "invalidCredentials"},
        {50, ERR_LDAP_RIGHTS, "insufficientAccessRights"},
        {51, ERR_LDAP_BUSY, "busy"},
        {52, ERR_LDAP_BUSY, "unavailable"},
        {53, ERR_LDAP_REFUSED, "unwillingToPerform"},
        {80, ERR_LDAP_REFUSED, "other"},
        {123, ERR_LDAP_REFUSED, ""},
    };
    for (isize i = 0; i < COUNT(rows); i++) {
        struct ldap_message m = result(LDAP_BIND_RESPONSE, rows[i].code, "");
        CHECK(ldap_result_err(&m).code == rows[i].want);
        CHECK_STR(str_from(ldap_result_name(rows[i].code)), str_from(rows[i].name));
    }
    struct ldap_message m = result(LDAP_DONE, 1,
                                   "000004DC: LdapErr: DSID-0C0907E9, comment: In order to perform "
                                   "this operation a successful bind must be completed on the "
                                   "connection., data 0, v2580");
    CHECK_ERR(ldap_result_err(&m), LDAP_RIGHTS);
    m = result(LDAP_DONE, 1, "00002020: Operation unavailable without authentication");
    CHECK_ERR(ldap_result_err(&m), LDAP_RIGHTS);
    m = result(LDAP_DONE, 1, "");
    CHECK_ERR(ldap_result_err(&m), LDAP_REFUSED);
    m = result(LDAP_BIND_RESPONSE, 49, "80090346: LdapErr: x, data 80090346, v2580");
    CHECK_ERR(ldap_result_err(&m), LDAP_BINDING);
    m = result(LDAP_EXTENDED_RESPONSE, 52, ""); // StartTLS without a certificate
    CHECK_ERR(ldap_result_err(&m), LDAP_START_TLS);
    m.result = 0;
    CHECK_OK(ldap_result_err(&m));
    m.id = 0;
    m.name = S("1.3.6.1.4.1.1466.20036");
    CHECK_ERR(ldap_result_err(&m), LDAP_DISCONNECTED);
}

// Another kind of login may do; another password would not.
static void test_refuses_method(void)
{
    static const struct {
        int result;
        const char *words;
        bool want;
    } rows[] = {
        {0, "", false},         {7, "", true},           {8, "", true},
        {13, "", true},         {14, "", false},         {48, "", true},
        {49, "", false},        {49, "data 52e", false}, {49, "x, data 57, v4563", true},
        {49, "data 0", false},  {49, "data 570", false}, {49, "data 80090346, v2580", true},
        {50, "data 57", false}, {53, "", false},
    };
    for (isize i = 0; i < COUNT(rows); i++) {
        struct ldap_message m = result(LDAP_BIND_RESPONSE, rows[i].result, rows[i].words);
        CHECK(ldap_refuses_method(&m) == rows[i].want);
    }
}

static void check_reason(struct ldap_message m, str want)
{
    struct buf b = buf_over(out_memory, COUNT(out_memory));
    ldap_put_reason(&b, &m);
    CHECK_STR(buf_str(&b), want);
}

static void test_put_reason(void)
{
    check_reason(result(LDAP_BIND_RESPONSE, 49, "error, data 52e, v2580"),
                 S("the user name or the password is wrong (invalidCredentials 49: error, data "
                   "52e, v2580)"));
    check_reason(result(LDAP_BIND_RESPONSE, 49, "data 80090346, v2580"),
                 S("channel binding failed: something between here and the directory opens TLS, or "
                   "the directory demands what cannot be had: connect directly "
                   "(invalidCredentials 49: data 80090346, v2580)"));
    check_reason(result(LDAP_BIND_RESPONSE, 49, "data zz, data 52e"),
                 S("invalidCredentials 49: data zz, data 52e"));
    check_reason(result(LDAP_DONE, 8, "data 52e"), S("strongerAuthRequired 8: data 52e"));
    check_reason(result(LDAP_DONE, 99, ""), S("result 99"));
    struct ldap_message m = result(LDAP_DONE, 10, "data 0, 1 access points\n\tref 1: 'other.test'");
    m.uri = S("ldap://other.test/");
    check_reason(m, S("referral 10: data 0, 1 access points  ref 1: 'other.test', "
                      "ldap://other.test/"));
    static const char *const codes[] = {"57",  "525", "530", "531", "532",
                                        "533", "568", "701", "773", "775"};
    for (isize i = 0; i < COUNT(codes); i++) {
        char words[64];
        struct buf b = buf_over(out_memory, COUNT(out_memory));
        snprintf(words, sizeof words, "data %s, v1db1", codes[i]);
        m = result(LDAP_BIND_RESPONSE, 49, words);
        ldap_put_reason(&b, &m);
        CHECK(str_starts(buf_str(&b), S("the ")) && str_find_byte(buf_str(&b), ':') > 0);
    }
}

// ---- names

static void check_base(str domain, str want)
{
    struct buf b = buf_over(out_memory, COUNT(out_memory));
    ldap_put_base(&b, domain);
    CHECK_STR(buf_str(&b), want);
}

static void test_put_base(void)
{
    check_base(S("example.test"), S("DC=example,DC=test"));
    check_base(S(" corp.example.test. "), S("DC=corp,DC=example,DC=test"));
    check_base(S("test"), S("DC=test"));
    check_base(S(""), S(""));
    check_base(S("a,b.#c;d.e\\f. g .h\"i+j<k>l"),
               S("DC=a\\,b,DC=\\#c\\;d,DC=e\\\\f,DC=\\ g\\ ,DC=h\\\"i\\+j\\<k\\>l"));
    check_base(S("a\0b"), S("DC=a\\00b"));
}

static void test_dn_name(void)
{
    CHECK_STR(ldap_dn_name(S("CN=Ann Doe,OU=Staff,DC=example")), S("Ann Doe"));
    CHECK_STR(ldap_dn_name(S("CN=Doe\\, Ann,OU=Staff")), S("Doe\\"));
    CHECK_STR(ldap_dn_name(S("CN=a=b")), S("a=b"));
    CHECK_STR(ldap_dn_name(S("CN=")), S(""));
    CHECK_STR(ldap_dn_name(S("no equals, sign")), S("no equals, sign"));
    CHECK_STR(ldap_dn_name(S("a,b=c,d")), S("c"));
    CHECK_STR(ldap_dn_name(S("")), S(""));
}

static const struct test_case cases[] = {
    CASE(test_filter_items),  CASE(test_filter_substrings), CASE(test_filter_examples),
    CASE(test_filter_nested), CASE(test_filter_refused),    CASE(test_filter_depth),
    CASE(test_result_err),    CASE(test_refuses_method),    CASE(test_put_reason),
    CASE(test_put_base),      CASE(test_dn_name),
};
TEST_MAIN(cases)
