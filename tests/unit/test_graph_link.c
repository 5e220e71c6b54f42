// SPDX-License-Identifier: Apache-2.0
// source/outlook/graph_link: which links to the next page are followed, and where they lead.
#include "test.h"

#include "limits.h"
#include "source/outlook/graph_link.h"

static struct dest dest_of(str url)
{
    struct dest d = {.label = "Graph"};
    CHECK_OK(url_parse(url, &d.url));
    return d;
}

static str take(str base, str link)
{
    static u8 bytes[GRAPH_LINK_BYTES];
    struct buf target = buf_over(bytes, COUNT(bytes));
    struct dest d = dest_of(base);
    err e = graph_link_take(&target, &d, link);
    CHECK(err_ok(e) || (err_is(e, ERR_GRAPH_LINK) && target.n == 0));
    return err_ok(e) ? buf_str(&target) : S("refused");
}

#define GRAPH S("https://graph.microsoft.com/v1.0")

static void test_link_taken(void)
{
    CHECK_STR(take(GRAPH, S("https://graph.microsoft.com/v1.0/users/x?$skiptoken=a%20b")),
              S("/users/x?$skiptoken=a%20b"));
    CHECK_STR(take(GRAPH, S("https://GRAPH.microsoft.com:443/v1.0/users('x')/messages")),
              S("/users('x')/messages"));
    CHECK_STR(take(S("http://127.0.0.1:8443"), S("http://127.0.0.1:8443/v1.0/a")), S("/v1.0/a"));
    CHECK_STR(take(S("https://h/p/v1.0/"), S("https://h/p/v1.0/a?b")), S("/a?b"));
    CHECK_STR(take(GRAPH, S("https://graph.microsoft.com/v1.0/a?x=/../y")), S("/a?x=/../y"));
}

static void test_link_elsewhere(void)
{
    static const char *const links[] = {
        "",
        "/v1.0/users",
        "https://graph.microsoft.com.evil.test/v1.0/users",
        "https://evil.test/v1.0/users",
        "https://graph.microsoft.com@evil.test/v1.0/users",
        "https://a:b@graph.microsoft.com/v1.0/users",
        "http://graph.microsoft.com/v1.0/users",
        "http://graph.microsoft.com:443/v1.0/users",
        "https://graph.microsoft.com:444/v1.0/users",
        "https://graph.microsoft.com/beta/users",
        "https://graph.microsoft.com/v1.0",
        "https://graph.microsoft.com/v1.0?x=y",
        "https://graph.microsoft.com/v1.00/users",
        "https://graph.microsoft.com/v1.0/../beta/users",
        "https://graph.microsoft.com/v1.0/a/..",
        "https://graph.microsoft.com/v1.0/%2E%2e/beta",
        "https://graph.microsoft.com/v1.0/.%2E/beta",
        "https://graph.microsoft.com/v1.0/%2e./beta",
        "https://graph.microsoft.com/v1.0/..%2Fbeta",
        "https://graph.microsoft.com/v1.0/a b",
        "https://graph.microsoft.com/v1.0/a\r\nX: y",
        "https://graph.microsoft.com/v1.0/\xc3\xa9",
        "ftp://graph.microsoft.com/v1.0/users",
        "//graph.microsoft.com/v1.0/users",
    };
    for (isize i = 0; i < COUNT(links); i++) {
        CHECK_STR(take(GRAPH, str_from(links[i])), S("refused"));
    }
}

static void test_link_too_long(void)
{
    static u8 bytes[GRAPH_LINK_BYTES + 100];
    struct buf link = buf_over(bytes, COUNT(bytes));
    buf_put(&link, S("https://graph.microsoft.com/v1.0/"));
    buf_put_fill(&link, 'a', GRAPH_LINK_BYTES - 1);
    CHECK(take(GRAPH, buf_str(&link)).n == GRAPH_LINK_BYTES);
    buf_put_byte(&link, 'a');
    CHECK_STR(take(GRAPH, buf_str(&link)), S("refused"));
}

static const struct test_case cases[] = {
    CASE(test_link_taken),
    CASE(test_link_elsewhere),
    CASE(test_link_too_long),
};
TEST_MAIN(cases)
