// SPDX-License-Identifier: Apache-2.0
// elastic/bulk_verdict and bulk_answer: every verdict of an item, what is sent again and for how
// long, and what stops a job (acceptance 95).
#include "bulk_server.h"

// ---- verdicts of items

static void test_bulk_verdict_table(void)
{
    static const struct {
        int status;
        const char *type, *reason;
        enum bulk_op op;
        enum verdict_kind kind;
        u16 code;
    } rows[] = {
        {200, NULL, "updated", BULK_INDEX, VERDICT_TAKEN, 0},
        {201, NULL, "created", BULK_INDEX, VERDICT_TAKEN, 0},
        {200, NULL, "noop", BULK_INDEX, VERDICT_TAKEN, 0},
        {200, NULL, "deleted", BULK_DELETE, VERDICT_TAKEN, 0},
        {404, NULL, "not_found", BULK_DELETE, VERDICT_TAKEN, 0},
        {404, "index_not_found_exception", "no such index [mail]", BULK_DELETE, VERDICT_STOP,
         ERR_ES_INDEX_GONE},
        {404, "index_not_found_exception", "no such index [mail]", BULK_INDEX, VERDICT_STOP,
         ERR_ES_INDEX_GONE},
        {404, "other", "x", BULK_INDEX, VERDICT_REJECTED, ERR_BULK_REJECTED},
        {400, "mapper_parsing_exception", "x", BULK_INDEX, VERDICT_REJECTED, ERR_BULK_REJECTED},
        {400, "illegal_argument_exception", "pipeline with id [p] does not exist", BULK_INDEX,
         VERDICT_STOP, ERR_ES_PIPELINE_MISSING},
        {400, "illegal_argument_exception", "id [p] does not exist", BULK_INDEX, VERDICT_REJECTED,
         ERR_BULK_REJECTED},
        {401, "security_exception", "x", BULK_INDEX, VERDICT_STOP, ERR_ES_UNAUTHORIZED},
        {403, "security_exception", "x", BULK_INDEX, VERDICT_STOP, ERR_ES_FORBIDDEN},
        {403, "cluster_block_exception", "FORBIDDEN/8", BULK_INDEX, VERDICT_BLOCKED,
         ERR_BULK_AGAIN},
        {429, "cluster_block_exception", "flood", BULK_INDEX, VERDICT_BLOCKED, ERR_BULK_AGAIN},
        {429, "cluster_block_exception", "flood", BULK_DELETE, VERDICT_BLOCKED, ERR_BULK_AGAIN},
        {429, "es_rejected_execution_exception", "x", BULK_INDEX, VERDICT_AGAIN, ERR_BULK_AGAIN},
        {429, "circuit_breaking_exception", "x", BULK_DELETE, VERDICT_AGAIN, ERR_BULK_AGAIN},
        {500, "x", "x", BULK_INDEX, VERDICT_AGAIN, ERR_BULK_AGAIN},
        {503, "unavailable_shards_exception", "x", BULK_INDEX, VERDICT_AGAIN, ERR_BULK_AGAIN},
        {409, "version_conflict_engine_exception", "x", BULK_INDEX, VERDICT_REJECTED,
         ERR_BULK_REJECTED},
        {413, "x", "x", BULK_INDEX, VERDICT_REJECTED, ERR_BULK_REJECTED},
    };
    for (isize i = 0; i < COUNT(rows); i++) {
        u8 space[512];
        struct buf element = buf_over(space, COUNT(space));
        memset(rules, 0, sizeof rules);
        rules[0] = (struct rule){"i", rows[i].status, rows[i].type, rows[i].reason, -1};
        str op = rows[i].op == BULK_DELETE ? S("delete") : S("index");
        put_verdict(&element, op, S("i"));
        str whole_element = test_guarded(buf_str(&element));
        struct verdict v = bulk_verdict_read(whole_element, false, rows[i].op);
        CHECK(v.kind == rows[i].kind && v.error.code == rows[i].code && v.status == rows[i].status);
        CHECK(v.updated == (i == 0) && v.dropped == (i == 2));
        // Cut anywhere, it is the same or it is unreadable, never something else; but that a
        // pipeline is missing stands in the words alone.
        bool agree = true;
        for (isize n = 0; rows[i].type && n < whole_element.n; n++) {
            str part = test_guarded(str_slice(whole_element, 0, n));
            agree = agree && bulk_verdict_read(part, false, rows[i].op).kind == VERDICT_UNREADABLE;
            struct verdict cut = bulk_verdict_read(part, true, rows[i].op);
            bool by_words = rows[i].code == ERR_ES_PIPELINE_MISSING && cut.kind == VERDICT_REJECTED;
            bool same = cut.kind == v.kind && cut.status == v.status;
            agree = agree && (same || by_words || cut.kind == VERDICT_UNREADABLE);
            agree = agree && (same || by_words || str_find(part, S("\",\"reason\"")) < 0);
        }
        CHECK(agree);
        CHECK(bulk_verdict_read(whole_element, false,
                                rows[i].op == BULK_INDEX ? BULK_DELETE : BULK_INDEX)
                  .kind == VERDICT_UNREADABLE);
    }
}

static void test_bulk_verdict_unreadable(void)
{
    const char *elements[] = {
        "",
        "{",
        "[]",
        "1",
        "{}",
        "{\"index\":7}",
        "{\"index\":{}}",
        "{\"index\":{\"status\":\"200\"}}",
        "{\"index\":{\"status\":99}}",
        "{\"index\":{\"status\":1000}}",
        "{\"index\":{\"status\":2e2}}",
        "{\"other\":{\"status\":200}}",
        "{\"index\":{\"status\":200},\"index\":{\"status\":200}}",
        "\"index\"",
        "{\"delete\":{\"status\":200}}",
    };
    for (isize i = 0; i < COUNT(elements); i++) {
        str element = test_guarded(str_from(elements[i]));
        CHECK(bulk_verdict_read(element, false, BULK_INDEX).kind == VERDICT_UNREADABLE);
    }
    // Of an element that is cut only a refusal can be believed.
    CHECK(bulk_verdict_read(S("{\"index\":{\"status\":201,\"x\":{\"type\":\"y\",\"z\":"), true,
                            BULK_INDEX)
              .kind == VERDICT_UNREADABLE);
    CHECK(bulk_verdict_read(S("{\"create\":{\"status\":201}}"), false, BULK_INDEX).kind ==
          VERDICT_TAKEN);
    CHECK(bulk_verdict_read(S("{\"update\":{\"status\":200}}"), false, BULK_INDEX).kind ==
          VERDICT_TAKEN);
}

// An update counts as an index operation; what it found unchanged (noop) was not dropped.
static void test_bulk_update_verdicts(void)
{
    start();
    rules[0] = (struct rule){"same", 200, NULL, "noop", -1};
    rules[1] = (struct rule){"bad", 400, "mapper_parsing_exception", "no", -1};
    CHECK(put_update("same") && put_update("new") && put_update("bad"));
    fly();
    const struct bulk_stats *stats = bulk_stats(b);
    CHECK(stats->indexed == 2 && stats->dropped == 0 && stats->rejected == 1);
    CHECK(done == 2 && rejected == 1);
    CHECK(bulk_verdict_read(S("{\"index\":{\"status\":200}}"), false, BULK_UPDATE).kind ==
          VERDICT_UNREADABLE);
    CHECK(bulk_verdict_read(S("{\"update\":{\"status\":404}}"), false, BULK_UPDATE).kind ==
          VERDICT_REJECTED);
}

static void test_bulk_stats_counts(void)
{
    start();
    rules[0] = (struct rule){"old", 200, NULL, "updated", -1};
    rules[1] = (struct rule){"drop", 200, NULL, "noop", -1};
    rules[2] = (struct rule){"gone", 404, NULL, "not_found", -1};
    rules[3] = (struct rule){"bad", 400, "t", "r", -1};
    CHECK(put("new") && put("old") && put("drop") && put("bad") && put_delete("x") &&
          put_delete("gone"));
    fly();
    const struct bulk_stats *stats = bulk_stats(b);
    CHECK(stats->indexed == 3 && stats->updated == 1 && stats->dropped == 1 && stats->deleted == 2);
    CHECK(stats->rejected == 1 && stats->undecided == 0 && stats->requests == 1);
    CHECK(stats->bytes == 3 * S("{\"id\":\"x\",\"a\":1}\n").n);
    CHECK_OK(bulk_error(b));
    CHECK_ERR(last_error, BULK_REJECTED);
    CHECK_STR(buf_str(&last_words), S("t: r"));
}

static void test_bulk_result_updated(void)
{
    start();
    rules[0] = (struct rule){"old", 200, NULL, "updated", -1};
    CHECK(put("old"));
    fly();
    CHECK(last_updated);
    CHECK(put("new"));
    fly();
    CHECK(!last_updated);
}

// Acceptance 95: exactly what was refused goes again.
static void test_bulk_flight_again_items(void)
{
    start();
    rules[0] = (struct rule){"busy", 429, "es_rejected_execution_exception", "queue full", 4};
    CHECK(put("a") && put("busy1") && put("b") && put("busy2") && put("c"));
    fly();
    CHECK(done == 5 && machines[0].request_count == 3 && bulk_stats(b)->resent_items == 4);
    CHECK_STR(machine_body(&machines[0], 1),
              S("{\"index\":{\"_index\":\"mail\",\"_id\":\"busy1\"}}\n{\"id\":\"x\",\"a\":1}\n"
                "{\"index\":{\"_index\":\"mail\",\"_id\":\"busy2\"}}\n{\"id\":\"x\",\"a\":1}\n"));
    CHECK_STR(machine_body(&machines[0], 2), machine_body(&machines[0], 1));
    CHECK(machines[0].failed == 0);
    CHECK_OK(bulk_error(b));
}

static void test_bulk_flight_again_whole(void)
{
    start();
    whole[whole_count++] = ANSWER(429,
                                  "{\"error\":{\"type\":\"es_rejected_execution_exception\"}}");
    whole[whole_count++] = ANSWER(429, "{\"error\":{\"type\":\"circuit_breaking_exception\"}}");
    whole[whole_count++] = ANSWER(503, "");
    whole[whole_count++] = LOST(NET_RESET);
    CHECK(put("a") && put_delete("b"));
    fly();
    CHECK(done == 2 && machines[0].request_count == 5);
    for (int i = 1; i < 5; i++) {
        CHECK_STR(machine_body(&machines[0], i), machine_body(&machines[0], 0));
    }
}

static void test_bulk_flight_busy_for_good(void)
{
    start();
    rules[0] = (struct rule){"busy", 429, "es_rejected_execution_exception", "queue full", -1};
    CHECK(put("a") && put("busy1"));
    fly();
    CHECK(machines[0].request_count == 6 && machines[0].failed == 1); // five without any progress
    CHECK_ERR(bulk_error(b), ES_BUSY);
    CHECK_STR(bulk_detail(b), S("1 of 1 items: es_rejected_execution_exception: queue full"));
    CHECK_STR(buf_str(&told), S("a done 201\nbusy1 undecided 429\n"));
    CHECK_ERR(last_error, ES_BUSY);
    CHECK(bulk_stats(b)->rejected == 0 && b->monitor.errors == 0);
    CHECK(!put("b") && !put_delete("b")); // nothing is taken any more
    start();
    for (int i = 0; i < 5; i++) {
        whole[whole_count++] = ANSWER(429, "{\"error\":{\"type\":\"t\",\"reason\":\"r\"}}");
    }
    CHECK(put("a"));
    fly();
    CHECK_ERR(bulk_error(b), ES_BUSY);
    CHECK_STR(buf_str(&told), S("a undecided 0\n"));
}

// A server that takes one of twenty each time is not given up; the pauses grow to the unit of
// retries.
static void test_bulk_flight_progress(void)
{
    start();
    static u8 space[20][4096];
    for (int left = 20; left > 0; left--) {
        struct buf answer = buf_over(space[left - 1], COUNT(space[0]));
        buf_put(&answer, S("{\"items\":[{\"index\":{\"status\":201}}"));
        for (int i = 1; i < left; i++) {
            buf_put(&answer, S(",{\"index\":{\"status\":429,\"error\":{\"type\":\"t\"}}}"));
        }
        buf_put(&answer, S("]}"));
        whole[whole_count++] = ANSWER_STR(200, buf_str(&answer));
    }
    put_numbered("m", 0, 20);
    bulk_flush(b);
    i64 pauses[] = {250, 500, 1000, 2000, 4000, 8000, 10000, 10000};
    for (isize i = 0; i < COUNT(pauses); i++) {
        CHECK(turn() == 1);
        CHECK(turn() == 0);
        CHECK(machines[0].x.wait_until_ms == now_ms + pauses[i]);
        now_ms += pauses[i];
    }
    fly();
    CHECK(done == 20 && undecided == 0 && machines[0].failed == 0);
    CHECK_OK(bulk_error(b));
    CHECK(bulk_stats(b)->resent_items == 19 * 20 / 2);
}

// Flood stage and read-only: wait, then say that the disk is full; never bad documents.
static void test_bulk_flight_blocked(void)
{
    for (int status = 403; status <= 429; status += 26) {
        start();
        rules[0] = (struct rule){"", status, "cluster_block_exception",
                                 "index [mail] blocked by: [x];", -1};
        put_numbered("m", 0, 20);
        fly();
        CHECK_ERR(bulk_error(b), ES_DISK_FULL);
        CHECK(undecided == 20 && rejected == 0 && b->monitor.errors == 0);
        CHECK(machines[0].request_count == 5);
        start();
        rules[0] = (struct rule){"", status, "cluster_block_exception", "x", 25};
        put_numbered("m", 0, 20);
        fly();
        CHECK_OK(bulk_error(b));
        CHECK(done == 20);
    }
    start();
    for (int i = 0; i < 5; i++) {
        whole[whole_count++] = ANSWER(403, "{\"error\":{\"type\":\"cluster_block_exception\"}}");
    }
    CHECK(put("a"));
    fly();
    CHECK_ERR(bulk_error(b), ES_DISK_FULL);
}

// Items on which the server fails every time stay undecided and do not stop the others.
static void test_bulk_flight_item_fails(void)
{
    start();
    rules[0] = (struct rule){"hot", 500, "null_pointer_exception", "oops", -1};
    CHECK(put("a") && put("hot1") && put("b"));
    fly();
    CHECK_OK(bulk_error(b));
    CHECK_STR(buf_str(&told), S("a done 201\nb done 201\nhot1 undecided 500\n"));
    CHECK_ERR(last_error, BULK_ITEM_FAILED);
    CHECK(b->monitor.errors == 1);
    CHECK(put("c"));
    fly();
    CHECK(done == 3);
    start(); // with a busy one beside it the job stops
    rules[0] = (struct rule){"hot", 500, "null_pointer_exception", "oops", -1};
    rules[1] = (struct rule){"busy", 503, "unavailable_shards_exception", "x", -1};
    CHECK(put("hot1") && put("busy1"));
    fly();
    CHECK_ERR(bulk_error(b), ES_BUSY);
    CHECK(undecided == 2);
}

// A missing right, pipeline or index: one batch is refused, no second one is sent.
static void test_bulk_flight_stops(void)
{
    static const struct {
        int status;
        const char *type, *reason;
        u16 code;
        const char *detail;
    } rows[] = {
        {403, "security_exception", "unauthorized", ERR_ES_FORBIDDEN,
         "bulk into index [mail]: security_exception: unauthorized"},
        {400, "illegal_argument_exception", "pipeline with id [p] does not exist",
         ERR_ES_PIPELINE_MISSING,
         "pipeline [p]: illegal_argument_exception: pipeline with id [p] does not exist"},
        {404, "index_not_found_exception", "no such index [mail]", ERR_ES_INDEX_GONE,
         "bulk into index [mail]: index_not_found_exception: no such index [mail]"},
    };
    for (isize i = 0; i < COUNT(rows); i++) {
        make_bulk(false, 4);
        start_with(S("p"));
        rules[0] = (struct rule){"", rows[i].status, rows[i].type, rows[i].reason, -1};
        CHECK(put("a") && put("b") && put("c") && put("d") && put("e"));
        fly();
        CHECK(bulk_error(b).code == rows[i].code);
        CHECK_STR(bulk_detail(b), str_from(rows[i].detail));
        CHECK(bulk_stats(b)->requests == 1);
        CHECK(undecided == 5 && rejected == 0 && done == 0);
        CHECK(last_error.code == rows[i].code);
        CHECK(b->monitor.errors == 0);
    }
}

static const struct test_case cases[] = {
    CASE(test_bulk_verdict_table),      CASE(test_bulk_verdict_unreadable),
    CASE(test_bulk_update_verdicts),    CASE(test_bulk_stats_counts),
    CASE(test_bulk_result_updated),     CASE(test_bulk_flight_again_items),
    CASE(test_bulk_flight_again_whole), CASE(test_bulk_flight_busy_for_good),
    CASE(test_bulk_flight_progress),    CASE(test_bulk_flight_blocked),
    CASE(test_bulk_flight_item_fails),  CASE(test_bulk_flight_stops),
};

TEST_MAIN(cases)
