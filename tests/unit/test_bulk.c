// SPDX-License-Identifier: Apache-2.0
// elastic/bulk: filling flights, when they leave, and the error monitor of a job (acceptance 87,
// 89, 93, 96 to 98).
#include "bulk_server.h"

static str all_requests(int *count)
{
    static u8 space[1 << 21];
    struct buf out = buf_over(space, COUNT(space));
    *count = 0;
    for (int i = 0; i < bulk_machines(b); i++) {
        for (int k = 0; k < machines[i].request_count; k++) {
            buf_put(&out, machine_body(&machines[i], k));
            (*count)++;
        }
    }
    return buf_str(&out);
}

static int count_lines(str s)
{
    int n = 0;
    for (isize i = 0; i < s.n; i++) {
        n += s.p[i] == '\n';
    }
    return n;
}

static int count_of(str s, str what)
{
    int n = 0;
    for (isize at; (at = str_find(s, what)) >= 0; s = str_from_index(s, at + what.n)) {
        n++;
    }
    return n;
}

// ---- filling and leaving

static void test_bulk_put_lines(void)
{
    start();
    CHECK(put("a\"\xc3\xbc"));
    CHECK(put_delete("d"));
    CHECK(bulk_put_index(b, S("c"), S(""), 7, 9, now_ms));
    fly();
    CHECK_STR(
        machine_body(&machines[0], 0),
        S("{\"index\":{\"_index\":\"mail\",\"_id\":\"a\\\"\xc3\xbc\"}}\n{\"id\":\"x\",\"a\":1}\n"
          "{\"delete\":{\"_index\":\"mail\",\"_id\":\"d\"}}\n"
          "{\"index\":{\"_index\":\"mail\",\"_id\":\"c\"}}\n{}\n"));
    CHECK_STR(machine_method(&machines[0], 0), S("PUT"));
    CHECK_STR(machine_target(&machines[0], 0), S("/_bulk?pipeline=search-default-ingestion"));
    CHECK(machine_has_header(&machines[0], 0,
                             S("Content-Type: application/vnd.elasticsearch+x-ndjson")));
}

static void test_bulk_start_pipeline(void)
{
    make_bulk(false, 500);
    start_with(S(""));
    put("a");
    fly();
    CHECK_STR(machine_target(&machines[0], 0), S("/_bulk"));
    start_with(S("a b&c"));
    put("a");
    fly();
    CHECK_STR(machine_target(&machines[0], 0), S("/_bulk?pipeline=a%20b%26c"));
}

// Acceptance 87: 700 documents and a delete are 250, 250 and 201 operations.
static void test_bulk_put_entries(void)
{
    start();
    put_numbered("m", 0, 700);
    CHECK(put_delete("stale"));
    fly();
    int requests;
    str all = all_requests(&requests);
    CHECK(requests == 3);
    CHECK(count_of(all, S("{\"index\":")) == 700 && count_of(all, S("{\"delete\":")) == 1);
    int sizes[3] = {0};
    for (int i = 0; i < FLIGHTS; i++) {
        for (int k = 0; k < machines[i].request_count; k++) {
            int lines = count_lines(machine_body(&machines[i], k));
            CHECK(lines <= 500);
            sizes[lines == 500 ? 0 : lines == 401 ? 1 : 2]++;
        }
    }
    CHECK(sizes[0] == 2 && sizes[1] == 1);
    CHECK(done == 701 && bulk_stats(b)->indexed == 700 && bulk_stats(b)->deleted == 1);
    CHECK(bulk_stats(b)->requests == 3);
}

// A flight never passes the bound in bytes; only deletes may fill the table.
static void test_bulk_put_bytes(void)
{
    start();
    static u8 text[20000];
    memset(text, '1', sizeof text);
    for (int i = 0; i < 30; i++) {
        char id[16];
        snprintf(id, sizeof id, "%d", i);
        isize n = (i * 7919) % 20000;
        while (!bulk_put_index(b, str_from(id), str_make(text, n), 7, 9, now_ms)) {
            CHECK(turn() > 0);
        }
    }
    fly();
    CHECK(done == 30);
    for (int i = 0; i < FLIGHTS; i++) {
        for (int k = 0; k < machines[i].request_count; k++) {
            CHECK(machine_body(&machines[i], k).n <= CHUNK);
        }
    }
    make_bulk(false, 3);
    start_with(S(""));
    CHECK(put_delete("1") && put_delete("2") && put_delete("3") && put_delete("4"));
    fly();
    CHECK(done == 4 && bulk_stats(b)->requests == 2);
}

static void test_bulk_fits_bound(void)
{
    start();
    for (int extra = 0; extra < 600; extra++) {
        isize n = CHUNK - 600 + extra;
        if (bulk_fits(b, S("\x01\x01\x01\x01"), n)) {
            start_with(S(""));
            static u8 text[CHUNK];
            memset(text, '1', sizeof text);
            CHECK(bulk_put_index(b, S("\x01\x01\x01\x01"), str_make(text, n), 7, 9, now_ms));
            fly();
        } else {
            CHECK(extra > 400);
        }
    }
    CHECK(!bulk_fits(b, S("a"), CHUNK));
    u8 id[ELASTIC_ID_BYTES];
    memset(id, 1, sizeof id); // escaped sixfold
    CHECK(bulk_put_delete(b, str_make(id, COUNT(id)), 7, 9, now_ms));
}

static void test_bulk_put_full(void)
{
    make_bulk(false, 2);
    start_with(S(""));
    CHECK(put("a") && put("b") && put("c"));
    CHECK(!put("d")); // three flights of one document each
    turn();           // the first leaves alone
    CHECK(put("d"));
    fly();
    CHECK(done == 4);
}

static void test_bulk_flight_leaves_by_age(void)
{
    start();
    CHECK(put("a"));
    CHECK(turn() == 0);
    CHECK(machines[0].x.wait_until_ms == 2000);
    now_ms = 1999;
    CHECK(turn() == 0);
    now_ms = 2000;
    CHECK(turn() == 1);
    CHECK(bulk_is_idle(b) && done == 1);
}

// Until a document was taken, one flight is in the air; then all.
static void test_bulk_flight_proves_first(void)
{
    make_bulk(false, 2);
    start_with(S(""));
    CHECK(put("a") && put("b") && put("c"));
    CHECK(machine_next(&machines[0]) == STEP_REQUEST);
    CHECK(machine_next(&machines[1]) == STEP_WAIT);
    CHECK(machine_next(&machines[2]) == STEP_WAIT);
    struct machine_answer a = serve(machines[0].x.body);
    machine_finish(&machines[0], &a);
    CHECK(machine_next(&machines[1]) == STEP_REQUEST);
    CHECK(machine_next(&machines[2]) == STEP_REQUEST);
    a = serve(machines[1].x.body);
    machine_finish(&machines[1], &a);
    a = serve(machines[2].x.body);
    machine_finish(&machines[2], &a);
    CHECK(done == 3 && bulk_is_idle(b));
}

// The same documents, with answers in pieces of every size up to 40 bytes.
static void test_bulk_flight_split_answers(void)
{
    static u8 want_space[1 << 12];
    str want = {0};
    for (isize step = 0; step <= 40; step++) {
        start();
        rules[0] = (struct rule){"bad", 400, "mapper_parsing_exception", "no \\\"such\\\" field",
                                 -1};
        rules[1] = (struct rule){"busy", 429, "es_rejected_execution_exception", "later", 1};
        rules[2] = (struct rule){"old", 200, NULL, "updated", -1};
        for (int i = 0; i < FLIGHTS; i++) {
            machines[i].step_bytes = step;
        }
        CHECK(put("a") && put("bad1") && put_delete("d") && put("busy1") && put("old1") &&
              put("z"));
        fly();
        CHECK(done == 5 && rejected == 1 && bulk_stats(b)->resent_items == 1);
        if (step == 0) {
            memcpy(want_space, told.p, (size_t)told.n);
            want = str_make(want_space, told.n);
            CHECK_STR(want,
                      S("a done 201\nbad1 rejected 400\nd done 200\nold1 done 200\nz done 201\n"
                        "busy1 done 201\n"));
        }
        CHECK_STR(buf_str(&told), want);
    }
}

static void test_bulk_flight_compressed(void)
{
    make_bulk(true, 500);
    start_with(S(""));
    put_numbered("m", 0, 100);
    bulk_flush(b);
    CHECK(machine_next(&machines[0]) == STEP_REQUEST);
    CHECK(machine_has_header(&machines[0], 0, S("Content-Encoding: gzip\r\n")));
    struct flight *f = bulk_machine(b, 0);
    str plain = str_make(f->data.p, f->sent_bytes);
    CHECK(machines[0].x.body.n < plain.n);
    struct machine_answer a = serve(plain);
    machine_finish(&machines[0], &a);
    CHECK(done == 100 && bulk_is_idle(b));
}

// ---- the error monitor (acceptance 96 to 98)

static void test_bulk_monitor_row(void)
{
    start();
    rules[0] = (struct rule){"bad", 400, "mapper_parsing_exception", "no", -1};
    put_numbered("bad", 0, 11);
    put_numbered("good", 0, 89);
    fly();
    CHECK_ERR(bulk_error(b), BULK_TOO_MANY_ERRORS);
    CHECK_STR(bulk_detail(b),
              S("11 errors in a row (max_consecutive_errors 10); last: index of bad10 "
                "failed: mapper_parsing_exception: no"));
    CHECK(rejected == 11 && done == 89); // what the answer says is still told
    CHECK(!put("more"));
}

static void test_bulk_monitor_rate(void)
{
    for (int errors = 15; errors <= 16; errors++) {
        start();
        rules[0] = (struct rule){"bad", 400, "t", "r", -1};
        for (int i = 0; i < errors; i++) {
            put_numbered("bad", i, i + 1);
            put_numbered("good", i * 5, i * 5 + 5);
        }
        fly();
        CHECK(err_is(bulk_error(b), ERR_BULK_TOO_MANY_ERRORS) == (errors == 16));
        CHECK(bulk_stats(b)->indexed == 5 * errors && bulk_stats(b)->rejected == errors);
    }
}

static const struct test_case cases[] = {
    CASE(test_bulk_put_lines),
    CASE(test_bulk_start_pipeline),
    CASE(test_bulk_put_entries),
    CASE(test_bulk_put_bytes),
    CASE(test_bulk_fits_bound),
    CASE(test_bulk_put_full),
    CASE(test_bulk_flight_leaves_by_age),
    CASE(test_bulk_flight_proves_first),
    CASE(test_bulk_flight_split_answers),
    CASE(test_bulk_flight_compressed),
    CASE(test_bulk_monitor_row),
    CASE(test_bulk_monitor_rate),
};

TEST_MAIN(cases)
