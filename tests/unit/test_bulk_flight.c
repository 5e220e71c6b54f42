// SPDX-License-Identifier: Apache-2.0
// elastic/bulk_flight and bulk_answer: every status of a whole request, answers that break off or
// do not fit, the lone flight, and the end of a job.
#include "bulk_server.h"

// ---- whole requests

static void test_bulk_flight_too_large(void)
{
    start();
    max_bytes = 1000;
    put_numbered("m", 0, 100);
    fly();
    CHECK(done == 100 && rejected == 0);
    CHECK(bulk_stats(b)->split > 0);
    i64 split = bulk_stats(b)->split;
    put_numbered("n", 0, 100); // the bound was learned
    fly();
    CHECK(done == 200 && bulk_stats(b)->split == split);
    for (int i = 0; i < machines[0].request_count; i++) {
        CHECK(i < (int)split || machine_body(&machines[0], i).n <= 1000);
    }
    start(); // one document is too large by itself: the others are not
    max_bytes = 1000;
    static u8 text[2000];
    memset(text, '1', sizeof text);
    CHECK(put("a") && bulk_put_index(b, S("big"), str_make(text, 2000), 7, 9, now_ms) && put("c"));
    fly();
    CHECK(done == 2 && rejected == 1);
    CHECK_ERR(last_error, BULK_TOO_LARGE);
    CHECK(str_find(str_from(err_todo(last_error)), S("http.max_content_length")) >= 0);
    CHECK(str_find(buf_str(&told), S("big rejected 413\n")) >= 0);
}

// A node that never takes more than so much at once (429, by request or by item): three times the
// same, then smaller, and the next flights are small from the beginning.
static void test_bulk_flight_small_node(void)
{
    start();
    small_node = 1000;
    put_numbered("m", 0, 200);
    fly();
    CHECK(done == 200 && undecided == 0);
    CHECK_OK(bulk_error(b));
    for (int i = 1; i < BULK_PATIENCE; i++) {
        CHECK_STR(machine_body(&machines[0], i), machine_body(&machines[0], 0));
    }
    CHECK(b->request_bytes <= 1000);
    i64 requests = bulk_stats(b)->requests, resent = bulk_stats(b)->resent_items;
    put_numbered("n", 0, 10);
    fly();
    CHECK(done == 210 && bulk_stats(b)->requests == requests + 1 &&
          bulk_stats(b)->resent_items == resent);
    start();
    small_node = 10; // nothing fits: it ends
    put_numbered("m", 0, 200);
    fly();
    CHECK_ERR(bulk_error(b), ES_BUSY);
    CHECK(undecided == 200 && machines[0].request_count <= 20);
}

// A part is taken, the rest refused for want of room: the server says when to come again.
static void test_bulk_flight_part_refused_with_retry_after(void)
{
    start();
    rules[0] = (struct rule){"b", 429, "es_rejected_execution_exception", "queue full", 1};
    CHECK(put("a") && put("b"));
    bulk_flush(b);
    struct machine *m = &machines[0];
    CHECK(machine_next(m) == STEP_REQUEST);
    struct machine_answer answer = serve(m->x.body);
    answer.headers = S("Retry-After: 7\n");
    machine_finish(m, &answer);
    CHECK(done == 1 && machine_next(m) == STEP_WAIT && m->x.wait_until_ms == m->now_ms + 7000);
    m->now_ms += 7000;
    CHECK(machine_next(m) == STEP_REQUEST);
    answer = serve(m->x.body);
    machine_finish(m, &answer);
    CHECK(done == 2);
}

static void test_bulk_flight_bad_request(void)
{
    for (int at = 0; at < 20; at++) {
        start();
        poison = "poison";
        for (int i = 0; i < 20; i++) {
            if (i == at) {
                CHECK(put("poison"));
            }
            put_numbered("m", i, i + 1);
        }
        fly();
        CHECK(done == 20 && rejected == 1);
        CHECK_OK(bulk_error(b));
        CHECK(str_find(buf_str(&told), S("poison rejected 400\n")) >= 0);
        CHECK(machines[0].request_count < 20);
    }
    start();
    whole[whole_count++] = ANSWER(400,
                                  "{\"error\":{\"type\":\"illegal_argument_exception\",\"reason\":"
                                  "\"pipeline with id [x] does not exist\"}}");
    CHECK(put("a"));
    fly();
    CHECK_ERR(bulk_error(b), ES_PIPELINE_MISSING);
}

static void test_bulk_flight_whole_stops(void)
{
    const struct {
        struct machine_answer answer;
        u16 code;
    } rows[] = {
        {ANSWER(401, "{\"error\":{\"type\":\"security_exception\",\"reason\":\"x\"}}"),
         ERR_ES_UNAUTHORIZED},
        {ANSWER(403, "{\"error\":{\"type\":\"security_exception\",\"reason\":\"x\"}}"),
         ERR_ES_FORBIDDEN},
        {ANSWER(403, ""), ERR_ES_FORBIDDEN},
        {ANSWER(404, "{\"error\":{\"type\":\"index_not_found_exception\"}}"), ERR_ES_INDEX_GONE},
        {ANSWER(404, "no"), ERR_ES_REFUSED},
        {ANSWER(405, "{\"error\":\"x\"}"), ERR_ES_REFUSED},
        {ANSWER(302, ""), ERR_HTTP_REDIRECT},
        {ANSWER(204, ""), ERR_ES_ANSWER},
        {LOST(TLS_EXPIRED), ERR_TLS_EXPIRED},
    };
    for (isize i = 0; i < COUNT(rows); i++) {
        start();
        whole[whole_count++] = rows[i].answer;
        CHECK(put("a") && put("b"));
        fly();
        CHECK(bulk_error(b).code == rows[i].code);
        CHECK(undecided == 2 && machines[0].request_count == 1);
    }
    start(); // a server that is never there
    for (int i = 0; i < 5; i++) {
        whole[whole_count++] = LOST(NET_REFUSED);
    }
    CHECK(put("a"));
    fly();
    CHECK_ERR(bulk_error(b), NET_REFUSED);
    CHECK(undecided == 1);
}

// Fewer verdicts than items: what has one is decided, the rest goes again. More: nobody knows
// whose.
static void test_bulk_flight_verdict_count(void)
{
    start();
    drop_verdicts = 1;
    CHECK(put("a") && put("b") && put("c"));
    fly();
    CHECK(done == 3 && machines[0].request_count == 2);
    CHECK(str_starts(machine_body(&machines[0], 1),
                     S("{\"index\":{\"_index\":\"mail\",\"_id\":\"c\"}}")));
    start();
    extra_verdicts = 1;
    CHECK(put("a"));
    fly();
    CHECK_ERR(bulk_error(b), ES_ANSWER);
    start();
    for (int i = 0; i < 5; i++) {
        whole[whole_count++] = ANSWER(200, "{\"items\":[]}");
    }
    CHECK(put("a"));
    fly();
    CHECK_ERR(bulk_error(b), ES_ANSWER);
    CHECK_STR(bulk_detail(b), S("0 verdicts for 1 items"));
}

// An answer that breaks off: the verdicts that came count, the rest goes again.
static void test_bulk_flight_broken_answer(void)
{
    start();
    CHECK(put("a") && put("b") && put("c"));
    bulk_flush(b);
    CHECK(machine_next(&machines[0]) == STEP_REQUEST);
    str full = serve(machines[0].x.body).body;
    static u8 copy[4096];
    memcpy(copy, full.p, (size_t)full.n);
    full = str_make(copy, full.n);
    for (isize n = 0; n <= 2 * full.n; n++) {
        start();
        whole[whole_count++] = ANSWER_STR(200, str_slice(full, 0, n / 2));
        if (n % 2) { // else framed well, but not whole
            whole[0].lost = FAIL(NET_RESET);
        }
        machines[0].step_bytes = 3;
        CHECK(put("a") && put("b") && put("c"));
        fly();
        CHECK(done == 3 && rejected == 0 && undecided == 0);
        CHECK_OK(bulk_error(b));
    }
    start();
    whole[whole_count++] = ANSWER(
        200, "{\"items\":[{\"index\":{\"status\":201}},{\"index\":{}},{\"index\":"
             "{\"status\":201}}]}");
    CHECK(put("a") && put("b") && put("c"));
    fly();
    CHECK_STR(buf_str(&told), S("a done 201\nc done 201\nb done 201\n"));
}

static void test_bulk_flight_long_reason(void)
{
    start();
    static u8 space[BULK_VERDICT_BYTES * 2];
    struct buf answer = buf_over(space, COUNT(space));
    buf_put(&answer,
            S("{\"items\":[{\"index\":{\"_index\":\"mail\",\"_id\":\"a\",\"status\":400,\"error\":{"
              "\"type\":\"document_parsing_exception\",\"reason\":\""));
    buf_put_fill(&answer, 'x', BULK_VERDICT_BYTES);
    buf_put(&answer, S("\"}}},{\"index\":{\"status\":201}}]}"));
    whole[whole_count++] = ANSWER_STR(200, buf_str(&answer));
    CHECK(put("a") && put("b"));
    fly();
    CHECK_STR(buf_str(&told), S("a rejected 400\nb done 201\n"));
    str reason = buf_str(&last_words);
    CHECK(str_starts(reason, S("document_parsing_exception: xxx")) &&
          reason.n == ELASTIC_REASON_BYTES);
}

// ---- the lone flight

static u8 lone_space[BULK_ACTION_BYTES + 300000];

static bool put_alone(const char *id, isize body_bytes, isize room)
{
    struct buf doc = buf_over(lone_space, BULK_ACTION_BYTES + body_bytes + room);
    (void)buf_grab(&doc, BULK_ACTION_BYTES);
    buf_put_fill(&doc, ' ', body_bytes);
    return bulk_fly_alone(b, str_from(id), &doc, 7, 9);
}

static void test_bulk_fly_alone_body(void)
{
    start();
    CHECK(put_alone("big", 200000, 2));
    CHECK(!put_alone("other", 1, 2)); // the only lone flight is taken
    fly();
    struct machine *m = &machines[FLIGHTS];
    str body = machine_body(m, 0);
    str action = S("{\"index\":{\"_index\":\"mail\",\"_id\":\"big\"}}\n{  ");
    CHECK(body.n == action.n - 2 + 200000 + 2);
    CHECK_STR(str_slice(body, 0, action.n), action);
    CHECK_STR(str_from_index(body, body.n - 3), S(" }\n"));
    CHECK_STR(buf_str(&told), S("big done 201\n"));
    CHECK(bulk_stats(b)->bytes == 200003);
    CHECK(put_alone("again", 10, 2));
    fly();
    CHECK(done == 2);
}

static void test_bulk_fly_alone_refused(void)
{
    start();
    max_bytes = 100000;
    CHECK(put_alone("big", 200000, 2));
    fly();
    CHECK_STR(buf_str(&told), S("big rejected 413\n"));
    CHECK_ERR(last_error, BULK_TOO_LARGE);
    CHECK(machines[FLIGHTS].request_count == 1);
    CHECK(put_alone("tight", 100, 1)); // no room for the last two bytes
    fly();
    CHECK_STR(buf_str(&told), S("big rejected 413\ntight rejected 0\n"));
    CHECK(machines[FLIGHTS].request_count == 1);
    rules[0] = (struct rule){"busy", 429, "t", "r", 2};
    CHECK(put_alone("busy", 100, 2));
    fly();
    CHECK(done == 1 && machines[FLIGHTS].request_count == 4);
    whole[0] = ANSWER(400, "{\"error\":\"x\"}");
    whole_count = 1;
    CHECK(put_alone("bad", 100, 2));
    fly();
    CHECK(rejected == 3);
    CHECK_OK(bulk_error(b));
}

// A large document that is refused to the end does not stop the job.
static void test_bulk_fly_alone_too_heavy(void)
{
    struct machine_answer refused = ANSWER(
        429, "{\"error\":{\"type\":\"es_rejected_execution_exception\",\"reason\":\"r\"}}");
    for (int by_item = 0; by_item < 2; by_item++) {
        start();
        rules[0] = (struct rule){"heavy", 429, "es_rejected_execution_exception", "r",
                                 by_item ? -1 : 0};
        for (whole_count = 0; !by_item && whole_count < 5; whole_count++) {
            whole[whole_count] = refused;
        }
        CHECK(put_alone("heavy", 100, 2));
        fly();
        CHECK(machines[FLIGHTS].request_count == 5);
        CHECK_OK(bulk_error(b));
        CHECK_ERR(last_error, BULK_TOO_HEAVY);
        CHECK_STR(buf_str(&last_words), S("es_rejected_execution_exception: r"));
        CHECK(put("b"));
        fly();
        CHECK_STR(buf_str(&told), S("heavy rejected 429\nb done 201\n"));
    }
    start(); // no answer at all is something else
    for (; whole_count < 5; whole_count++) {
        whole[whole_count] = ANSWER(503, "");
    }
    CHECK(put_alone("heavy", 100, 2));
    fly();
    CHECK_ERR(bulk_error(b), ES_BUSY);
}

// ---- the end

// A new job forgets what was under way, flights in the air too.
static void test_bulk_start_over(void)
{
    start();
    CHECK(put("a"));
    bulk_flush(b);
    CHECK(machine_next(&machines[0]) == STEP_REQUEST);
    CHECK(put("b") && put_alone("c", 10, 2));
    start_with(S(""));
    CHECK(bulk_is_idle(b) && b->aloft == 0);
    CHECK(put("d"));
    fly();
    CHECK_STR(buf_str(&told), S("d done 201\n"));
}

// A flight that stops the job while others are in the air: their verdicts still count.
static void test_bulk_flight_stop_with_others_aloft(void)
{
    make_bulk(false, 2);
    start_with(S(""));
    CHECK(put("ok"));
    fly();
    CHECK(put("a") && put("b") && put("c"));
    CHECK(machine_next(&machines[0]) == STEP_REQUEST);
    CHECK(machine_next(&machines[1]) == STEP_REQUEST);
    struct machine_answer refused = ANSWER(401, "");
    machine_finish(&machines[0], &refused);
    CHECK_ERR(bulk_error(b), ES_UNAUTHORIZED);
    struct machine_answer good = serve(machines[1].x.body);
    machine_finish(&machines[1], &good);
    CHECK(machine_next(&machines[2]) == STEP_WAIT); // the third never leaves
    CHECK(bulk_is_idle(b));
    CHECK_STR(buf_str(&told), S("ok done 201\na undecided 0\nb done 201\nc undecided 0\n"));
}

static const struct test_case cases[] = {
    CASE(test_bulk_flight_part_refused_with_retry_after),
    CASE(test_bulk_flight_too_large),
    CASE(test_bulk_flight_small_node),
    CASE(test_bulk_flight_bad_request),
    CASE(test_bulk_flight_whole_stops),
    CASE(test_bulk_flight_verdict_count),
    CASE(test_bulk_flight_broken_answer),
    CASE(test_bulk_flight_long_reason),
    CASE(test_bulk_fly_alone_body),
    CASE(test_bulk_fly_alone_refused),
    CASE(test_bulk_fly_alone_too_heavy),
    CASE(test_bulk_start_over),
    CASE(test_bulk_flight_stop_with_others_aloft),
};

TEST_MAIN(cases)
