// SPDX-License-Identifier: Apache-2.0
// elastic/client: the lines of a request, what statuses mean, and the words of errors without what
// they quote of a mail.
#include "machine.h"

#include "elastic/client.h"
#include "limits.h"

static const struct dest dest = {.label = "Elasticsearch"};

static struct elastic make_elastic(str authorization)
{
    struct elastic es;
    elastic_init(&es, &(struct elastic_settings){.dest = &dest,
                                                 .authorization = authorization,
                                                 .extra_headers = S("X-Extra: 1\r\n"),
                                                 .request_timeout_ms = 240000,
                                                 .max_retries = 5,
                                                 .retry_interval_ms = 10000});
    return es;
}

static void test_elastic_init_retries(void)
{
    struct elastic es = make_elastic(S(""));
    CHECK(es.retry.attempts == 5 && es.retry.base_ms == 10000 && es.retry.linear);
    CHECK(es.retry.max_ms == 50000);
    elastic_init(&es, &(struct elastic_settings){.dest = &dest});
    CHECK(es.retry.attempts == 1 && es.retry.base_ms > 0);
}

static void test_elastic_request_headers(void)
{
    u8 space[1024];
    struct elastic es = make_elastic(S("ApiKey abc=="));
    struct exchange x = {.headers = buf_over(space, COUNT(space))};
    elastic_request(&es, &x, S("GET"), S(""), false);
    CHECK_STR(buf_str(&x.headers),
              S("Accept: application/vnd.elasticsearch+json; compatible-with=8\r\n"
                "Content-Type: application/vnd.elasticsearch+json; compatible-with=8\r\n"
                "X-Elastic-Product-Origin: connectors\r\n"
                "Authorization: ApiKey abc==\r\n"
                "X-Extra: 1\r\n"));
    CHECK(x.dest == &dest && x.timeout_ms == 240000 && x.retry == &es.retry);
    buf_reset(&x.headers);
    es = make_elastic(S(""));
    elastic_request(&es, &x, S("PUT"), S("{}\n"), true);
    CHECK(
        str_find(buf_str(&x.headers),
                 S("Content-Type: application/vnd.elasticsearch+x-ndjson; compatible-with=8\r\n")) >
        0);
    CHECK(str_find(buf_str(&x.headers), S("Authorization")) < 0);
    CHECK_STR(x.method, S("PUT"));
    CHECK_STR(x.body, S("{}\n"));
}

// A line end in a credential must not become a header.
static void test_elastic_request_smuggling(void)
{
    u8 space[1024];
    struct elastic es = make_elastic(S("ApiKey abc\r\nX-Evil: 1"));
    struct exchange x = {.headers = buf_over(space, COUNT(space))};
    elastic_request(&es, &x, S("GET"), S(""), false);
    CHECK(x.headers.full);
}

static void test_elastic_status_error_table(void)
{
    CHECK_OK(elastic_status_error(200));
    CHECK_OK(elastic_status_error(201));
    CHECK_ERR(elastic_status_error(401), ES_UNAUTHORIZED);
    CHECK_ERR(elastic_status_error(403), ES_FORBIDDEN);
    CHECK_ERR(elastic_status_error(400), ES_REFUSED);
    CHECK_ERR(elastic_status_error(404), ES_REFUSED);
    CHECK_ERR(elastic_status_error(413), ES_REFUSED);
    int busy[] = {408, 429, 500, 502, 503, 504};
    for (isize i = 0; i < COUNT(busy); i++) {
        CHECK(err_class(elastic_status_error(busy[i])) == ERR_CLASS_RETRY);
    }
    CHECK_ERR(elastic_status_error(302), HTTP_REDIRECT);
}

static void check_reason(str body, str want)
{
    u8 space[EXCHANGE_DETAIL_BYTES];
    struct buf detail = buf_over(space, COUNT(space));
    elastic_put_reason(&detail, test_guarded(body));
    CHECK_STR(buf_str(&detail), want);
    CHECK(!detail.full);
}

static void test_elastic_put_reason_shapes(void)
{
    check_reason(
        S("{\"error\":{\"root_cause\":[{\"type\":\"a\",\"reason\":\"b\"}],\"type\":\"security_"
          "exception\",\"reason\":\"action [x] is unauthorized\"},\"status\":403}"),
        S("security_exception: action [x] is unauthorized"));
    check_reason(S("{\"error\":\"no handler found\",\"status\":400}"), S("no handler found"));
    check_reason(S("{\"error\":{\"type\":\"t\"}}"), S("t"));
    check_reason(S("{\"error\":{\"reason\":\"say \\\"\\u00fc\\\"\"}}"), S("say \"\xc3\xbc\""));
    check_reason(S(""), S(""));
    check_reason(S("<html>"), S(""));
    check_reason(S("[1]"), S(""));
    check_reason(S("{\"error\":7}"), S(""));
    check_reason(S("{\"error\":{\"type\":{},\"reason\":[]}}"), S(""));
}

static void test_elastic_put_reason_without_content(void)
{
    check_reason(
        S("{\"error\":{\"type\":\"document_parsing_exception\",\"reason\":\"[1:9] failed to parse "
          "field [n] of type [long] in document with id '1'. Preview of field's value: 'my "
          "secret'\"}}"),
        S("document_parsing_exception: [1:9] failed to parse field [n] of type [long] in document "
          "with id '1'."));
    check_reason(S("{\"error\":{\"type\":\"illegal_argument_exception\",\"reason\":\"immense term. "
                   "The prefix "
                   "of the first immense term is: '[84, 104]'\"}}"),
                 S("illegal_argument_exception: immense term."));
    check_reason(
        S("{\"error\":{\"type\":\"t\",\"reason\":\"For input string: \\\"my secret\\\"\"}}"),
        S("t: "));
}

// Bounded, and cut between characters and escapes, whatever the room.
static void test_elastic_put_reason_bounds(void)
{
    static u8 body[2048];
    struct buf b = buf_over(body, COUNT(body));
    buf_put(&b, S("{\"error\":{\"type\":\"t\",\"reason\":\""));
    for (int i = 0; i < 100; i++) {
        buf_put(&b, S("\xc3\xbc\\u00fc"));
    }
    buf_put(&b, S("\"}}"));
    for (isize room = 0; room <= 600; room++) {
        u8 space[600];
        struct buf detail = buf_over(space, room);
        elastic_put_reason(&detail, buf_str(&b));
        CHECK(!detail.full && detail.n <= ELASTIC_REASON_BYTES);
        CHECK(str_is_utf8(buf_str(&detail)));
        CHECK(room < 20 || detail.n > 5);
    }
}

static void test_elastic_put_cut_characters(void)
{
    u8 space[8];
    struct buf b = buf_over(space, COUNT(space));
    elastic_put_cut(&b, S("a\xe2\x82\xac"), 3);
    CHECK_STR(buf_str(&b), S("a"));
    elastic_put_cut(&b, S("a\xe2\x82\xac"), 4);
    CHECK_STR(buf_str(&b), S("aa\xe2\x82\xac"));
    elastic_put_cut(&b, S("123456789"), 100);
    CHECK_STR(buf_str(&b), S("aa\xe2\x82\xac"
                             "123"));
    CHECK(!b.full);
}

static void test_a81_elastic_put_forbidden(void)
{
    u8 space[512];
    struct buf b = buf_over(space, COUNT(space));
    elastic_put_forbidden(&b, S("mail"), S("HEAD /mail: status 403"));
    CHECK_STR(
        buf_str(&b),
        S("Elasticsearch refuses access to the index [mail]: the API key of the connector lacks "
          "a right on it, has expired or was revoked. Renew the API key of the connector in "
          "Kibana. Status code: [403]."));
    buf_reset(&b);
    elastic_put_forbidden(
        &b, S("mail"),
        S("PUT /_bulk: status 403: security_exception: action [a] is unauthorized, "
          "this action is granted by the index privileges [write,all]"));
    CHECK(str_find(buf_str(&b), S("a right on it (this action is granted by the index privileges "
                                  "[write,all]), has expired")) > 0);
    CHECK(str_ends(buf_str(&b), S("Status code: [403].")));
}

static void test_elastic_keep_front(void)
{
    u8 space[4];
    struct buf b = buf_over(space, COUNT(space));
    str in = S("abcdef");
    elastic_keep(&b, &in);
    CHECK_STR(buf_str(&b), S("abcd"));
    CHECK(in.n == 0 && !b.full);
    in = S("gh");
    elastic_keep(&b, &in);
    CHECK(in.n == 0 && b.n == 4 && !b.full);
}

static const struct test_case cases[] = {
    CASE(test_elastic_init_retries),      CASE(test_elastic_request_headers),
    CASE(test_elastic_request_smuggling), CASE(test_elastic_status_error_table),
    CASE(test_elastic_put_reason_shapes), CASE(test_elastic_put_reason_without_content),
    CASE(test_elastic_put_reason_bounds), CASE(test_elastic_put_cut_characters),
    CASE(test_a81_elastic_put_forbidden), CASE(test_elastic_keep_front),
};

TEST_MAIN(cases)
