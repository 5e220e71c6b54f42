// SPDX-License-Identifier: Apache-2.0
// codec/url: what is split how, what is refused with which code, and encoding there and back.
#include "test.h"

#include "codec/url.h"

static void test_url_parse_good(void)
{
    static const struct {
        const char *in;
        bool tls;
        const char *user, *password, *host;
        bool v6;
        u16 port;
        const char *path;
    } cases[] = {
        {"https://a", true, "", "", "a", false, 443, "/"},
        {"http://a", false, "", "", "a", false, 80, "/"},
        {"HTTPS://A.Example", true, "", "", "A.Example", false, 443, "/"},
        {"https://a:9200", true, "", "", "a", false, 9200, "/"},
        {"https://a:", true, "", "", "a", false, 443, "/"},
        {"https://a:65535/", true, "", "", "a", false, 65535, "/"},
        {"https://a/b/c?d=e&f=%20#g", true, "", "", "a", false, 443, "/b/c?d=e&f=%20"},
        {"https://a/?", true, "", "", "a", false, 443, "/?"},
        {"https://a#frag", true, "", "", "a", false, 443, "/"},
        {"http://u:p@a:1/x", false, "u", "p", "a", false, 1, "/x"},
        {"http://u@a", false, "u", "", "a", false, 80, "/"},
        {"http://u:p:q%40@a", false, "u", "p:q%40", "a", false, 80, "/"},
        {"http://@a", false, "", "", "a", false, 80, "/"},
        {"https://[::1]:9200/x", true, "", "", "::1", true, 9200, "/x"},
        {"https://[2001:DB8::1.2.3.4]", true, "", "", "2001:DB8::1.2.3.4", true, 443, "/"},
        {"http://127.0.0.1:8080", false, "", "", "127.0.0.1", false, 8080, "/"},
        {"http://under_score-1.x/", false, "", "", "under_score-1.x", false, 80, "/"},
        {"https://a/@b:c", true, "", "", "a", false, 443, "/@b:c"},
    };
    for (isize i = 0; i < COUNT(cases); i++) {
        struct url u;
        CHECK_OK(url_parse(test_guarded(str_from(cases[i].in)), &u));
        CHECK(u.tls == cases[i].tls && u.port == cases[i].port);
        CHECK(u.host_is_v6_literal == cases[i].v6);
        CHECK_STR(u.user, str_from(cases[i].user));
        CHECK_STR(u.password, str_from(cases[i].password));
        CHECK_STR(u.host, str_from(cases[i].host));
        CHECK_STR(u.path, str_from(cases[i].path));
    }
}

static void test_url_parse_ldap(void)
{
    struct url u;
    CHECK_OK(url_parse_ldap(test_guarded(S("ldap://dc1.example.test")), &u));
    CHECK(!u.tls && u.port == 389 && u.ldap);
    CHECK_STR(u.host, S("dc1.example.test"));
    CHECK_OK(url_parse_ldap(test_guarded(S("LDAPS://[::1]/")), &u));
    CHECK(u.tls && u.port == 636 && u.host_is_v6_literal);
    CHECK_OK(url_parse_ldap(test_guarded(S("ldaps://dc1:3269")), &u));
    CHECK(u.tls && u.port == 3269);
    CHECK_ERR(url_parse_ldap(S("https://dc1"), &u), URL_LDAP);
    CHECK_ERR(url_parse_ldap(S("ldapi://dc1"), &u), URL_LDAP);
    CHECK_ERR(url_parse_ldap(S("ldap://"), &u), URL_SYNTAX);
    CHECK_ERR(url_parse_ldap(S("ldap://dc1:0"), &u), URL_PORT);
    CHECK_ERR(url_parse_ldap(S("ldap://dc1/DC=example"), &u), URL_SYNTAX);
    CHECK_ERR(url_parse(S("ldap://dc1"), &u), URL_SCHEME);
    CHECK_ERR(url_parse(S("ldaps://dc1"), &u), URL_SCHEME);
}

static void test_url_parse_bad(void)
{
    static const struct {
        const char *in;
        enum err_code want;
    } cases[] = {
        {"", ERR_URL_SCHEME},
        {"a", ERR_URL_SCHEME},
        {"//a/b", ERR_URL_SCHEME},
        {"ftp://a", ERR_URL_SCHEME},
        {"https:/a", ERR_URL_SCHEME},
        {"https", ERR_URL_SCHEME},
        {"https://", ERR_URL_SYNTAX},
        {"https:///x", ERR_URL_SYNTAX},
        {"https://:80", ERR_URL_SYNTAX},
        {"https://u@", ERR_URL_SYNTAX},
        {"https://a b", ERR_URL_SYNTAX},
        {"https://a/\x7f", ERR_URL_SYNTAX},
        {"https://a/\r\nX: y", ERR_URL_SYNTAX},
        {"https://\xc3\xbc", ERR_URL_SYNTAX},
        {"https://a%62", ERR_URL_SYNTAX},
        {"https://a\\b", ERR_URL_SYNTAX},
        {"https://u@v@a", ERR_URL_SYNTAX},
        {"https://a?x", ERR_URL_SYNTAX},
        {"https://[::1", ERR_URL_SYNTAX},
        {"https://[]", ERR_URL_SYNTAX},
        {"https://[abc]", ERR_URL_SYNTAX},
        {"https://[::1%25eth0]", ERR_URL_SYNTAX},
        {"https://[fe80::1%25e0]", ERR_URL_SYNTAX},
        {"https://[::1]x", ERR_URL_SYNTAX},
        {"https://a:0", ERR_URL_PORT},
        {"https://a:65536", ERR_URL_PORT},
        {"https://a:x", ERR_URL_PORT},
        {"https://a:-1", ERR_URL_PORT},
        {"https://a:1:2", ERR_URL_PORT},
        {"https://a:99999999999999999999999", ERR_URL_PORT},
        {"https://::1", ERR_URL_SYNTAX},
    };
    for (isize i = 0; i < COUNT(cases); i++) {
        struct url u;
        err e = url_parse(test_guarded(str_from(cases[i].in)), &u);
        if (e.code != cases[i].want) {
            fprintf(stderr, "%s: %s\n", cases[i].in, err_name(e));
        }
        CHECK(e.code == cases[i].want);
    }
    u8 text[600];
    struct buf b = buf_over(text, sizeof text);
    buf_put(&b, S("http://"));
    buf_put_fill(&b, 'a', 255);
    struct url u;
    CHECK_OK(url_parse(buf_str(&b), &u));
    buf_put(&b, S("a"));
    CHECK_ERR(url_parse(buf_str(&b), &u), URL_SYNTAX);
}

static void test_url_put_encoded_bytes(void)
{
    u8 memory[2048], all[256], back[512];
    for (int i = 0; i < 256; i++) {
        all[i] = (u8)i;
    }
    struct buf b = buf_over(memory, sizeof memory);
    url_put_encoded(&b, S("AZaz09-._~ +/?&=%\xc3\xbc@"));
    CHECK_STR(buf_str(&b), S("AZaz09-._~%20%2B%2F%3F%26%3D%25%C3%BC%40"));
    buf_reset(&b);
    url_put_form(&b, S("a b+c"));
    CHECK_STR(buf_str(&b), S("a+b%2Bc"));
    buf_reset(&b);
    url_put_encoded(&b, (str){all, 256});
    struct buf d = buf_over(back, sizeof back);
    CHECK(url_put_decoded(&d, test_guarded(buf_str(&b))));
    CHECK_STR(buf_str(&d), ((str){all, 256}));
}

static void test_url_put_decoded_bad(void)
{
    static const char *const bad[] = {"%", "%4", "a%4", "%zz", "%+1", "x%4g"};
    for (isize i = 0; i < COUNT(bad); i++) {
        u8 memory[32];
        struct buf b = buf_over(memory, sizeof memory);
        buf_put(&b, S("keep"));
        CHECK(!url_put_decoded(&b, test_guarded(str_from(bad[i]))));
        CHECK_STR(buf_str(&b), S("keep"));
    }
    u8 memory[8];
    struct buf b = buf_over(memory, sizeof memory);
    CHECK(url_put_decoded(&b, S("%41+%4a%4A")));
    CHECK_STR(buf_str(&b), S("A+JJ"));
}

static const struct test_case cases[] = {
    CASE(test_url_parse_good),        CASE(test_url_parse_ldap),      CASE(test_url_parse_bad),
    CASE(test_url_put_encoded_bytes), CASE(test_url_put_decoded_bad),
};

TEST_MAIN(cases)
