// SPDX-License-Identifier: Apache-2.0
// Proxies: who is exempt (NO_PROXY as curl reads it), what a proxy's URL may be, the bytes of
// CONNECT.
#include "test.h"

#include "net/proxy.h"

struct exempt_row {
    const char *no_proxy, *host;
    bool exempt;
};

static void test_is_exempt(void)
{
    static const struct exempt_row rows[] = {
        {"", "example.com", false},
        {"*", "example.com", true},
        {"*", "10.1.2.3", true},
        {"example.com", "example.com", true},
        {"example.com", "EXAMPLE.com.", true},
        {"example.com.", "example.com", true},
        {".example.com", "example.com", true},
        {".example.com", "a.example.com", true},
        {"example.com", "a.b.example.com", true},
        {"*.example.com", "a.example.com", true},
        {"example.com", "badexample.com", false},
        {"example.com", "example.com.evil", false},
        {"a.example.com", "example.com", false},
        {" localhost , 10.0.0.0/8 ", "localhost", true},
        {"localhost,10.0.0.0/8", "10.200.3.4", true},
        {"localhost,10.0.0.0/8", "11.0.0.1", false},
        {"192.168.7.0/25", "192.168.7.127", true},
        {"192.168.7.0/25", "192.168.7.128", false},
        {"192.168.7.9", "192.168.7.9", true},
        {"192.168.7.9", "192.168.7.90", false},
        {"0.0.0.0/0", "8.8.8.8", true},
        {"0.0.0.0/0", "::1", false},
        {"10.0.0.0/33", "10.0.0.1", false},
        {"10.0.0.0/33", "10.0.0.0", false},
        {"10.0.0.0/64", "10.0.0.0", false},
        {"::/129", "::", false},
        {"10.0.0.0/x", "10.0.0.1", false},
        {"fe80::/10", "febf::1", true},
        {"fe80::/10", "fec0::1", false},
        {"[::1]", "::1", true},
        {"::1", "0:0:0:0:0:0:0:1", true},
        {"1", "127.0.0.1", false},
        {"0.1", "127.0.0.1", false},
        {",,", "example.com", false},
        {".", "example.com", false},
    };
    for (isize i = 0; i < COUNT(rows); i++) {
        str no_proxy = test_guarded(str_from(rows[i].no_proxy));
        if (proxy_is_exempt(no_proxy, str_from(rows[i].host)) != rows[i].exempt) {
            fprintf(stderr, "NO_PROXY=%s host=%s\n", rows[i].no_proxy, rows[i].host);
            test_failures++;
        }
    }
}

static err parse(const char *url, struct proxy *proxy, struct buf *storage)
{
    static u8 bytes[1024];
    *storage = buf_over(bytes, COUNT(bytes));
    return proxy_parse(str_from(url), proxy, storage);
}

static void test_parse(void)
{
    struct proxy proxy;
    struct buf storage;
    CHECK_OK(parse("http://proxy.example:3128", &proxy, &storage));
    CHECK_STR(proxy.url.host, S("proxy.example"));
    CHECK(proxy.url.port == 3128 && proxy.authorization.n == 0);
    CHECK_OK(parse("http://us%40er:p%3Ass@[::1]:8080/", &proxy, &storage));
    CHECK_STR(proxy.authorization, S("Basic dXNAZXI6cDpzcw=="));
    CHECK_ERR(parse("https://proxy.example", &proxy, &storage), PROXY_URL);
    CHECK_ERR(parse("socks5://proxy.example", &proxy, &storage), PROXY_URL);
    CHECK_ERR(parse("proxy.example:3128", &proxy, &storage), PROXY_URL);
    CHECK_ERR(parse("http://u:%zz@proxy.example", &proxy, &storage), PROXY_URL);
    static char longer[2000];
    memset(longer, 'a', sizeof longer - 1);
    memcpy(longer, "http://", 7);
    memcpy(longer + 1900, "@proxy", 7);
    CHECK_ERR(parse(longer, &proxy, &storage), PROXY_URL);
    struct buf small = buf_over(storage.p, 10);
    CHECK_ERR(proxy_parse(S("http://user:password@proxy"), &proxy, &small), PROXY_URL);
}

static void test_put_request(void)
{
    struct proxy proxy;
    struct buf storage;
    u8 bytes[400];
    struct buf b = buf_over(bytes, COUNT(bytes));
    CHECK_OK(parse("http://a:b@proxy", &proxy, &storage));
    proxy_put_request(&b, &proxy, S("gmail.googleapis.com"), 443);
    CHECK_STR(buf_str(&b), S("CONNECT gmail.googleapis.com:443 HTTP/1.1\r\n"
                             "Host: gmail.googleapis.com:443\r\n"
                             "Proxy-Authorization: Basic YTpi\r\n\r\n"));
    buf_reset(&b);
    CHECK_OK(parse("http://proxy", &proxy, &storage));
    proxy_put_request(&b, &proxy, S("2001:db8::1"), 9200);
    CHECK_STR(buf_str(&b), S("CONNECT [2001:db8::1]:9200 HTTP/1.1\r\n"
                             "Host: [2001:db8::1]:9200\r\n\r\n"));
}

static const struct test_case cases[] = {
    CASE(test_is_exempt),
    CASE(test_parse),
    CASE(test_put_request),
};

TEST_MAIN(cases)
