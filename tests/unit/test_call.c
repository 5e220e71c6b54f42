// SPDX-License-Identifier: Apache-2.0
// elastic/call: what is sent, which answers are results, which are errors, and what is retried;
// each with answers whole and byte by byte.
#include "machine.h"

#include "elastic/call.h"

static const struct dest dest = {.label = "Elasticsearch"};
static struct elastic es;
static struct elastic_call c;
static struct machine m;
static u8 target_space[256], body_space[256], answer_space[64], detail_space[256];

static void set_up(str method, str target, str body)
{
    elastic_init(&es, &(struct elastic_settings){.dest = &dest, .max_retries = 3});
    c.target = buf_over(target_space, COUNT(target_space));
    c.body = buf_over(body_space, COUNT(body_space));
    c.answer = buf_over(answer_space, COUNT(answer_space));
    c.detail = buf_over(detail_space, COUNT(detail_space));
    elastic_call_init(&c, &es, method);
    buf_put(&c.target, target);
    buf_put(&c.body, body);
    machine_init(&m, &elastic_call_ops, &c);
}

static bool front, once;

static enum step call_with(str method, str target, str body, const struct machine_answer *answers,
                           isize count)
{
    isize steps[] = {1, 7, 0};
    enum step step = STEP_WAIT, before = STEP_WAIT;
    int status = 0;
    for (isize i = 0; i < COUNT(steps); i++) {
        set_up(method, target, body);
        c.front = front;
        c.once = once;
        m.step_bytes = steps[i];
        step = machine_run(&m, answers, count);
        CHECK(i == 0 || (step == before && status == c.status));
        before = step;
        status = c.status;
    }
    return step;
}

#define RUN(method, target, body, ...)                                                     \
    call_with(S(method), S(target), S(body), (const struct machine_answer[]){__VA_ARGS__}, \
              COUNT(((const struct machine_answer[]){__VA_ARGS__})))
#define REASON(type, reason) \
    "{\"error\":{\"type\":\"" type "\",\"reason\":\"" reason "\"},\"status\":0}"

static void test_call_ok(void)
{
    CHECK(RUN("PUT", "/_connector/c1/_check_in", "", ANSWER(200, "{\"result\":\"updated\"}")) ==
          STEP_DONE);
    CHECK(elastic_call_is_ok(&c) && c.status == 200);
    CHECK_OK(c.error);
    CHECK_OK(elastic_call_error(&c));
    CHECK_STR(buf_str(&c.answer), S("{\"result\":\"updated\"}"));
    CHECK_STR(machine_method(&m, 0), S("PUT"));
    CHECK_STR(machine_target(&m, 0), S("/_connector/c1/_check_in"));
    CHECK(m.x.send_empty_body || m.request_count == 1);
    CHECK(machine_has_header(&m, 0, S("X-Elastic-Product-Origin: connectors")));
}

static void test_call_sends_body_and_method(void)
{
    set_up(S("POST"), S("/i/_update/1?if_seq_no=2"), S("{\"doc\":{}}"));
    CHECK(machine_next(&m) == STEP_REQUEST);
    CHECK(m.x.send_empty_body && (m.x.flags & EXCHANGE_GZIP) && !(m.x.flags & EXCHANGE_HEAD));
    CHECK_STR(machine_body(&m, 0), S("{\"doc\":{}}"));
    CHECK(m.x.retry->attempts == 3 && m.x.retry->linear);
    set_up(S("HEAD"), S("/i"), S(""));
    CHECK(machine_next(&m) == STEP_REQUEST);
    CHECK((m.x.flags & EXCHANGE_HEAD) && !m.x.send_empty_body);
    set_up(S("GET"), S("/i"), S(""));
    CHECK(machine_next(&m) == STEP_REQUEST && !m.x.send_empty_body);
}

static void test_call_empty_answer(void)
{
    CHECK(RUN("HEAD", "/.elastic-connectors-v1", "", ANSWER(404, "")) == STEP_DONE);
    CHECK(c.status == 404 && !elastic_call_is_ok(&c) && c.answer.n == 0);
    CHECK_ERR(elastic_call_error(&c), ES_NOT_FOUND);
    CHECK_STR(buf_str(&c.detail), S("HEAD /.elastic-connectors-v1: status 404"));
    CHECK(RUN("PUT", "/i", "", ANSWER(200, "")) == STEP_DONE);
    CHECK(elastic_call_is_ok(&c));
}

static void test_call_statuses_are_results(void)
{
    static const struct {
        int status;
        enum err_code code;
    } want[] = {
        {400, ERR_ES_REFUSED},    {401, ERR_ES_UNAUTHORIZED}, {403, ERR_ES_FORBIDDEN},
        {404, ERR_ES_NOT_FOUND},  {409, ERR_ES_CONFLICT},     {413, ERR_ES_REFUSED},
        {301, ERR_HTTP_REDIRECT},
    };
    for (isize i = 0; i < COUNT(want); i++) {
        struct machine_answer a = ANSWER(0, REASON("t", "r"));
        a.status = want[i].status;
        CHECK(call_with(S("GET"), S("/i/_doc/1?a=b"), S(""), &a, 1) == STEP_DONE);
        CHECK(m.request_count == 1 && m.failed == 0 && c.status == want[i].status);
        CHECK_OK(c.error);
        CHECK(elastic_call_error(&c).code == want[i].code);
        CHECK(elastic_call_error(&c).code == want[i].code);
        str words = buf_str(&c.detail);
        CHECK(str_starts(words, S("GET /i/_doc/1: status ")) && str_ends(words, S(": t: r")));
    }
}

static void test_call_retries(void)
{
    CHECK(RUN("GET", "/", "", ANSWER(503, "{}"), LOST(NET_RESET), ANSWER(200, "[1]")) == STEP_DONE);
    CHECK(m.request_count == 3 && elastic_call_is_ok(&c));
    CHECK_STR(buf_str(&c.answer), S("[1]"));
    CHECK(RUN("GET", "/", "", ANSWER(500, ""), ANSWER(429, ""), ANSWER(502, REASON("t", "r"))) ==
          STEP_DONE);
    CHECK(m.request_count == 3 && m.failed == 1 && c.status == 502);
    CHECK_OK(c.error);
    CHECK_ERR(elastic_call_error(&c), ES_BUSY);
    CHECK_STR(buf_str(&c.detail), S("GET /: status 502: t: r"));
}

static void test_call_network_failure(void)
{
    CHECK(RUN("GET", "/", "", ANSWER(503, "{}"), LOST(NET_RESET), LOST(NET_REFUSED)) ==
          STEP_FAILED);
    CHECK(c.status == 0 && m.request_count == 3);
    CHECK_ERR(c.error, NET_REFUSED);
    CHECK_ERR(elastic_call_error(&c), NET_REFUSED);
    CHECK(!elastic_call_is_ok(&c));
    // Certificates do not get better by asking again.
    CHECK(RUN("GET", "/", "", LOST(TLS_EXPIRED)) == STEP_FAILED);
    CHECK(m.request_count == 1);
    // A head came, but the rest did not.
    struct machine_answer cut = {.status = 200, .body = S("{\"a"), .lost = FAIL(HTTP_CUT)};
    struct machine_answer cuts[] = {cut, cut, cut};
    CHECK(call_with(S("GET"), S("/"), S(""), cuts, 3) == STEP_FAILED);
    CHECK_ERR(c.error, HTTP_CUT);
    CHECK(c.status == 200 && !elastic_call_is_ok(&c));
}

static void test_call_once(void)
{
    once = true;
    CHECK(RUN("GET", "/", "", ANSWER(503, "{}")) == STEP_DONE);
    CHECK(m.request_count == 1 && c.status == 503);
    CHECK(RUN("GET", "/", "", LOST(NET_REFUSED)) == STEP_FAILED);
    CHECK(m.request_count == 1);
    once = false;
}

#define LONG "0123456789012345678901234567890123456789012345678901234567890123" // 64

static void test_call_too_large(void)
{
    CHECK(RUN("GET", "/", "", ANSWER(200, LONG)) == STEP_DONE);
    CHECK(elastic_call_is_ok(&c));
    CHECK(RUN("GET", "/", "", ANSWER(200, LONG "4")) == STEP_FAILED);
    CHECK_ERR(c.error, CALL_TOO_LARGE);
    CHECK_STR(buf_str(&c.detail), S("more than 64 bytes"));
    CHECK(m.request_count == 1 && !elastic_call_is_ok(&c));
    front = true;
    CHECK(RUN("GET", "/", "", ANSWER(200, LONG "4")) == STEP_DONE);
    CHECK(elastic_call_is_ok(&c));
    CHECK_STR(buf_str(&c.answer), S(LONG));
    front = false;
    // Of what is no success the front is enough.
    CHECK(RUN("GET", "/", "", ANSWER(404, LONG LONG)) == STEP_DONE);
    CHECK_ERR(elastic_call_error(&c), ES_NOT_FOUND);
}

static void test_call_request_too_large(void)
{
    set_up(S("PUT"), S("/"), S(""));
    buf_put_fill(&c.target, 'x', COUNT(target_space));
    CHECK(machine_run(&m, NULL, 0) == STEP_FAILED);
    CHECK_ERR(elastic_call_error(&c), CALL_REQUEST);
    CHECK(m.request_count == 0);
    set_up(S("PUT"), S("/"), S(""));
    buf_put_fill(&c.body, 'x', COUNT(body_space) + 1);
    CHECK(machine_run(&m, NULL, 0) == STEP_FAILED);
    CHECK_STR(buf_str(&c.detail), S("body"));
}

static void test_call_is_used_again(void)
{
    CHECK(RUN("GET", "/a", "", LOST(TLS_EXPIRED)) == STEP_FAILED);
    elastic_call_init(&c, &es, S("GET"));
    buf_put(&c.target, S("/b"));
    CHECK(c.status == 0 && c.detail.n == 0 && c.body.n == 0);
    machine_init(&m, &elastic_call_ops, &c);
    CHECK(machine_run(&m, &ANSWER(200, "{}"), 1) == STEP_DONE);
    CHECK(elastic_call_is_ok(&c));
    CHECK_STR(machine_target(&m, 0), S("/b"));
}

static const struct test_case cases[] = {
    CASE(test_call_ok),
    CASE(test_call_sends_body_and_method),
    CASE(test_call_empty_answer),
    CASE(test_call_statuses_are_results),
    CASE(test_call_retries),
    CASE(test_call_network_failure),
    CASE(test_call_once),
    CASE(test_call_too_large),
    CASE(test_call_request_too_large),
    CASE(test_call_is_used_again),
};

TEST_MAIN(cases)
