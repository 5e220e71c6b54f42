// SPDX-License-Identifier: Apache-2.0
// source/outlook/graph_answer: where a page goes on, and the words of refusals.
#include "test.h"

#include "source/outlook/graph_answer.h"

static struct {
    struct json_node nodes[256];
    struct json json;
    struct graph_words words;
    struct buf link;
    u8 link_bytes[128];
} g;

static void read_json(const char *text)
{
    CHECK_OK(json_parse(&g.json, test_guarded(str_from(text)), g.nodes, COUNT(g.nodes)));
}

static err page(const char *text, enum graph_link *kind)
{
    read_json(text);
    g.link = buf_over(g.link_bytes, COUNT(g.link_bytes));
    buf_put(&g.link, S("x"));
    return graph_answer_page(&g.json, kind, &g.link);
}

static void test_page_links(void)
{
    enum graph_link kind;
    CHECK_OK(page("{\"@odata.context\":\"c\",\"value\":[],\"@odata.nextLink\":"
                  "\"https:\\/\\/graph.example\\/v1.0\\/a?$skip=10\\u00263\"}",
                  &kind));
    CHECK(kind == GRAPH_LINK_NEXT);
    CHECK_STR(buf_str(&g.link), S("xhttps://graph.example/v1.0/a?$skip=10&3"));
    CHECK_OK(page("{\"@odata.deltaLink\":\"https://d\",\"value\":[{}]}", &kind));
    CHECK(kind == GRAPH_LINK_DELTA && str_eq(buf_str(&g.link), S("xhttps://d")));
    CHECK_OK(page("{\"value\":[]}", &kind));
    CHECK(kind == GRAPH_LINK_NONE && g.link.n == 1);
    CHECK_OK(page("{\"value\":[],\"@odata.nextLink\":null,\"@odata.deltaLink\":\"d\"}", &kind));
    CHECK(kind == GRAPH_LINK_DELTA);
    CHECK_OK(page("{\"value\":[],\"@odata.nextLink\":\"n\",\"@odata.deltaLink\":\"d\"}", &kind));
    CHECK(kind == GRAPH_LINK_NEXT && str_eq(buf_str(&g.link), S("xn")));
}

static void test_page_that_is_none(void)
{
    static const char *const answers[] = {
        "{}",
        "[]",
        "7",
        "null",
        "{\"value\":null}",
        "{\"value\":{}}",
        "{\"value\":\"\"}",
        "{\"values\":[]}",
        "{\"value\":[],\"@odata.nextLink\":7}",
        "{\"value\":[],\"@odata.nextLink\":\"\"}",
        "{\"value\":[],\"@odata.deltaLink\":[]}",
    };
    enum graph_link kind;
    for (isize i = 0; i < COUNT(answers); i++) {
        CHECK_ERR(page(answers[i], &kind), GRAPH_ANSWER);
        CHECK(kind == GRAPH_LINK_NONE && g.link.n == 1 && !g.link.full);
    }
}

static void test_page_long_link(void)
{
    char text[256];
    enum graph_link kind;
    snprintf(text, sizeof text, "{\"value\":[],\"@odata.nextLink\":\"%0127d\"}", 1);
    CHECK_OK(page(text, &kind));
    CHECK(g.link.n == 128);
    snprintf(text, sizeof text, "{\"value\":[],\"@odata.nextLink\":\"%0128d\"}", 1);
    CHECK_ERR(page(text, &kind), GRAPH_LINK);
    CHECK(kind == GRAPH_LINK_NONE && g.link.n == 1 && !g.link.full);
}

// A service that fails in the middle of a page can only say so at its end.
static void test_page_that_ends_with_an_error(void)
{
    enum graph_link kind;
    CHECK_ERR(page("{\"value\":[{}],\"error\":{\"code\":\"ErrorMailboxStoreUnavailable\","
                   "\"message\":\"m\"}}",
                   &kind),
              GRAPH_TRANSIENT);
    CHECK_ERR(page("{\"value\":[],\"@odata.nextLink\":\"n\",\"error\":{}}", &kind),
              GRAPH_TRANSIENT);
    CHECK_ERR(page("{\"value\":[],\"error\":{\"code\":\"ErrorAccessDenied\"}}", &kind),
              GRAPH_DENIED);
    CHECK(g.link.n == 1);
    CHECK_OK(page("{\"value\":[],\"error\":null}", &kind));
}

static void check_words(const char *text, const char *code, const char *inner, const char *message)
{
    read_json(text);
    graph_answer_words(&g.json, &g.words);
    CHECK_STR(g.words.code, str_from(code));
    CHECK_STR(g.words.inner, str_from(inner));
    CHECK_STR(g.words.message, str_from(message));
}

static void test_words(void)
{
    check_words("{\"error\":{\"code\":\"ErrorItemNotFound\",\"message\":\"Not found.\","
                "\"innerError\":{\"date\":\"2024\",\"request-id\":\"1\"}}}",
                "ErrorItemNotFound", "", "Not found.");
    CHECK_ERR(graph_answer_error(404, &g.words), GRAPH_GONE);
    check_words("{\"error\":{\"code\":\"a\",\"message\":\"m\",\"innererror\":{\"code\":\"b\","
                "\"innerError\":{\"code\":\"c\",\"innererror\":{\"x\":1}}}}}",
                "a", "c", "m");
    check_words("{\"error\":{\"code\":\"a\",\"innerError\":{\"innerError\":{\"code\":\"c\"}}}}",
                "a", "c", "");
    check_words("{\"error\":{\"code\":\"a\",\"innerError\":{\"code\":\"b\",\"innerError\":"
                "{\"code\":\"\"}}}}",
                "a", "b", "");
    check_words("{\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000215: no\\r\\n\"}",
                "invalid_client", "", "AADSTS7000215: no");
}

static void test_words_odd(void)
{
    check_words("{}", "", "", "");
    check_words("[]", "", "", "");
    check_words("\"x\"", "", "", "");
    check_words("{\"error\":null}", "", "", "");
    check_words("{\"error\":[{\"code\":\"a\"}]}", "", "", "");
    check_words("{\"error\":{\"code\":404,\"message\":{},\"innerError\":\"x\"}}", "", "", "");
    check_words("{\"error\":{\"code\":\" a\\u0000b\\n\\u007fc \",\"message\":\"\\ud800\"}}",
                "ab  c", "", "\xef\xbf\xbd");
    // Cut, at a whole character.
    char text[1024];
    int n = snprintf(text, sizeof text, "{\"error\":{\"code\":\"%0*d\",\"message\":\"x",
                     GRAPH_CODE_BYTES + 5, 7);
    for (int i = 0; i < GRAPH_MESSAGE_BYTES; i++) {
        n += snprintf(text + n, sizeof text - (size_t)n, "\xc3\xa9");
    }
    snprintf(text + n, sizeof text - (size_t)n, "\"}}");
    read_json(text);
    graph_answer_words(&g.json, &g.words);
    CHECK(g.words.code.n == GRAPH_CODE_BYTES);
    CHECK(g.words.message.n == GRAPH_MESSAGE_BYTES - 1 && str_is_utf8(g.words.message));
    // As deep as JSON may be.
    n = snprintf(text, sizeof text, "{\"error\":{\"code\":\"a\"");
    for (int i = 0; i < JSON_DEPTH_MAX - 2; i++) {
        n += snprintf(text + n, sizeof text - (size_t)n, ",\"innerError\":{");
        n += snprintf(text + n, sizeof text - (size_t)n, "\"code\":\"%d\"", i);
        if (n > 900) {
            break;
        }
    }
    int depth = 0;
    for (int i = 0; i < n; i++) {
        depth += text[i] == '{';
    }
    for (int i = 0; i < depth; i++) {
        n += snprintf(text + n, sizeof text - (size_t)n, "}");
    }
    read_json(text);
    graph_answer_words(&g.json, &g.words);
    char last[8];
    snprintf(last, sizeof last, "%d", depth - 3);
    CHECK_STR(g.words.inner, str_from(last));
}

static const struct test_case cases[] = {
    CASE(test_page_links),     CASE(test_page_that_is_none),
    CASE(test_page_long_link), CASE(test_page_that_ends_with_an_error),
    CASE(test_words),          CASE(test_words_odd),
};
TEST_MAIN(cases)
