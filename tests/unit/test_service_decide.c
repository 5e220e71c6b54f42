// SPDX-License-Identifier: Apache-2.0
// When a schedule is due (service/decide.h), and the decision as a machine: what is read, written
// under which guard, and made; 409s, refusals, lost answers, direct mode. Answers are given by
// hand.
#include "service_rig.h"

#include "service/decide.h"

#define SEC 1000000
// 2026-08-20T10:00:00Z
#define BASE_US (1787220000 * (i64)SEC)

static enum due due(const char *interval, i64 last_us, i64 decided_us, i64 now_us, i64 *planned_us)
{
    static u8 words[256];
    struct buf detail = buf_over(words, sizeof words);
    struct connector_schedule s = {
        .enabled = true, .interval = str_from(interval), .last_scheduled_us = last_us};
    *planned_us = -1;
    return decide_due(&s, decided_us, now_us, planned_us, &detail);
}

static void test_due_window(void)
{
    i64 at;
    // (decided, now]: the occurrence at the beginning was dealt with, that at the end counts.
    CHECK(due("0 * * * * ?", INT64_MIN, BASE_US, BASE_US + 59 * SEC, &at) == DUE_NO);
    CHECK(due("0 * * * * ?", INT64_MIN, BASE_US, BASE_US + 60 * SEC, &at) == DUE_YES);
    CHECK(at == BASE_US + 60 * SEC);
    CHECK(due("0 * * * * ?", INT64_MIN, BASE_US - 1, BASE_US, &at) == DUE_YES);
    CHECK(at == BASE_US);
    // Several in one window: one job, at the first of them.
    CHECK(due("0 * * * * ?", INT64_MIN, BASE_US, BASE_US + 300 * SEC, &at) == DUE_YES);
    CHECK(at == BASE_US + 60 * SEC);
}

static void test_due_after_another_service(void)
{
    i64 at;
    // The other one scheduled 10:01; 10:01 is not ours, 10:02 is.
    i64 other = BASE_US + 60 * SEC;
    CHECK(due("0 * * * * ?", other, BASE_US, BASE_US + 61 * SEC, &at) == DUE_NO);
    CHECK(due("0 * * * * ?", other, BASE_US, BASE_US + 120 * SEC, &at) == DUE_YES);
    CHECK(at == BASE_US + 120 * SEC);
    // A planned time that lies years ahead was written by a wrong clock: it stops nothing.
    CHECK(due("0 * * * * ?", BASE_US + 86400 * (i64)SEC * 1000, BASE_US, BASE_US + 60 * SEC, &at) ==
          DUE_YES);
}

static void test_due_others(void)
{
    i64 at;
    CHECK(due("0 60 * * * ?", INT64_MIN, BASE_US, BASE_US + SEC, &at) == DUE_BAD);
    CHECK(due("", INT64_MIN, BASE_US, BASE_US + SEC, &at) == DUE_BAD);
    CHECK(due("0 0 0 * * ? 2020", INT64_MIN, BASE_US, BASE_US + SEC, &at) == DUE_NEVER);
    struct connector_schedule off = {.interval = S("* * * * * ?")};
    u8 words[64];
    struct buf detail = buf_over(words, sizeof words);
    CHECK(decide_due(&off, BASE_US, BASE_US + 10 * SEC, &at, &detail) == DUE_NO);
}

// ---- the machine

static struct decide d;
static struct connector record;
static struct registry_entry entry;
static u8 error_bytes[1024];
static struct buf error;

#define CONNECTOR(scheduled)                                                                     \
    "{\"_index\":\".elastic-connectors-v1\",\"_id\":\"c1\",\"_seq_no\":7,\"_primary_term\":2,"   \
    "\"found\":true,\"_source\":{\"status\":\"connected\",\"service_type\":\"gmail\","           \
    "\"index_name\":\"search-x\",\"configuration\":{},\"last_sync_scheduled_at\":" scheduled "," \
    "\"scheduling\":{\"full\":{\"enabled\":true,\"interval\":\"0 * * * * ?\"}}}}"

static void begin(bool api)
{
    rig_open(api);
    entry = (struct registry_entry){0};
    for (int t = 0; t < JOB_TYPES; t++) {
        entry.decided_us[t] = BASE_US;
    }
    record = (struct connector){0};
    record.schedules[JOB_FULL] = (struct connector_schedule){
        .enabled = true, .interval = S("0 * * * * ?"), .last_scheduled_us = INT64_MIN};
    error = buf_over(error_bytes, sizeof error_bytes);
    d = (struct decide){.w = &rig_worker,
                        .id = S("c1"),
                        .entry = &entry,
                        .c = &record,
                        .now_us = BASE_US + 61 * (i64)SEC,
                        .error = &error};
    decide_start(&d, JOB_FULL);
}

static enum work step(void)
{
    return decide_step(&d);
}

static void test_a49_due_writes_planned_then_creates(void)
{
    begin(true);
    CHECK(step() == WORK_CALL);
    CHECK_STR(rig_answer(200, CONNECTOR("null")), S("GET /.elastic-connectors/_doc/c1 "));
    CHECK(step() == WORK_CALL);
    CHECK_STR(rig_answer(200, "{\"result\":\"updated\"}"),
              S("POST /.elastic-connectors/_update/c1?if_seq_no=7&if_primary_term=2 "
                "{\"doc\":{\"last_sync_scheduled_at\":\"2026-08-20T10:01:00+00:00\"}}"));
    CHECK(step() == WORK_CALL);
    CHECK_STR(rig_answer(201, "{\"id\":\"j1\"}"),
              S("POST /_connector/_sync_job "
                "{\"id\":\"c1\",\"job_type\":\"full\",\"trigger_method\":\"scheduled\"}"));
    CHECK(step() == WORK_DONE);
    CHECK(entry.decided_us[JOB_FULL] == d.now_us);
    // The next visit within the same minute asks nothing.
    decide_start(&d, JOB_FULL);
    CHECK(step() == WORK_DONE);
}

static void test_a50_disabled_asks_nothing(void)
{
    begin(true);
    record.schedules[JOB_FULL].enabled = false;
    CHECK(step() == WORK_DONE);
    CHECK(error.n == 0);
}

static void test_a51_the_other_service_was_first(void)
{
    begin(true);
    CHECK(step() == WORK_CALL);
    (void)rig_answer(200, CONNECTOR("null"));
    CHECK(step() == WORK_CALL);
    (void)rig_answer(409, "{}");
    CHECK(step() == WORK_CALL);
    CHECK_STR(rig_answer(200, CONNECTOR("\"2026-08-20T10:01:00Z\"")),
              S("GET /.elastic-connectors/_doc/c1 "));
    CHECK(step() == WORK_DONE);
}

static void test_conflicts_end(void)
{
    begin(true);
    for (int i = 0; i < 3; i++) {
        CHECK(step() == WORK_CALL);
        (void)rig_answer(200, CONNECTOR("null"));
        CHECK(step() == WORK_CALL);
        (void)rig_answer(409, "{}");
    }
    CHECK(step() == WORK_DONE);
    CHECK(entry.decided_us[JOB_FULL] == BASE_US); // looked at again in the next round
}

static void test_a60_bad_interval_is_told(void)
{
    begin(true);
    record.schedules[JOB_FULL].interval = S("0 60 * * * ?");
    CHECK(step() == WORK_DONE);
    CHECK(str_find(buf_str(&error), S("full")) >= 0);
}

// The planned time is written, the job is refused for the moment: it is owed, and made next time.
static void test_refused_job_is_owed(void)
{
    begin(true);
    CHECK(step() == WORK_CALL);
    (void)rig_answer(200, CONNECTOR("null"));
    CHECK(step() == WORK_CALL);
    (void)rig_answer(200, "{}");
    CHECK(step() == WORK_CALL);
    (void)rig_answer(503, "{}");
    CHECK(step() == WORK_DONE);
    CHECK(entry.owed[JOB_FULL]);
    decide_start(&d, JOB_FULL);
    CHECK(step() == WORK_CALL);
    CHECK(str_starts(rig_answer(201, "{\"id\":\"j1\"}"), S("POST /_connector/_sync_job ")));
    CHECK(step() == WORK_DONE);
    CHECK(!entry.owed[JOB_FULL]);
}

// The planned time is written, and the answer of who was to make the job is lost.
static void lose_the_job(bool api, int status)
{
    begin(api);
    CHECK(step() == WORK_CALL);
    (void)rig_answer(200, CONNECTOR("null"));
    CHECK(step() == WORK_CALL);
    (void)rig_answer(200, "{}");
    CHECK(step() == WORK_CALL);
    (void)rig_answer(status, "{}");
    CHECK(step() == WORK_DONE);
    CHECK(entry.owed[JOB_FULL] == OWED_PERHAPS);
    CHECK(entry.owed_us[JOB_FULL] == BASE_US + 60 * (i64)SEC);
    decide_start(&d, JOB_FULL);
    CHECK(step() == WORK_CALL);
}

#define SOUGHT                                                                          \
    "POST /.elastic-connectors-sync-jobs/_search?expand_wildcards=hidden {\"size\":1,"  \
    "\"_source\":[\"status\"],\"query\":{\"bool\":{\"filter\":["                        \
    "{\"term\":{\"trigger_method\":\"scheduled\"}},{\"term\":{\"job_type\":\"full\"}}," \
    "{\"term\":{\"connector.id\":\"c1\"}},{\"range\":{\"created_at\":{\"gte\":"         \
    "\"2026-08-20T10:01:00+00:00\"}}}]}}}"
#define HITS(list) "{\"took\":1,\"timed_out\":false,\"hits\":{\"hits\":[" list "]}}"

// Nobody has made it: now it is made.
static void test_lost_job_is_sought_and_made(void)
{
    static const int lost[] = {0, 408, 500, 502, 504};
    for (isize i = 0; i < COUNT(lost); i++) {
        lose_the_job(true, lost[i]);
        CHECK_STR(rig_answer(200, HITS("")), S(SOUGHT));
        CHECK(step() == WORK_CALL);
        CHECK(str_starts(rig_answer(201, "{\"id\":\"j1\"}"), S("POST /_connector/_sync_job ")));
        CHECK(step() == WORK_DONE);
        CHECK(entry.owed[JOB_FULL] == OWED_NO);
    }
}

// It had been made after all: nothing is, and the schedule goes on.
static void test_lost_job_is_sought_and_found(void)
{
    lose_the_job(true, 0);
    (void)rig_answer(
        200, HITS("{\"_index\":\"x\",\"_id\":\"j1\",\"_source\":{\"status\":\"completed\"}}"));
    CHECK(step() == WORK_STEP);
    CHECK(entry.owed[JOB_FULL] == OWED_NO);
    CHECK(step() == WORK_DONE);
    CHECK(entry.decided_us[JOB_FULL] == d.now_us);
    // The next occurrence is planned as ever.
    d.now_us = BASE_US + 121 * (i64)SEC;
    decide_start(&d, JOB_FULL);
    CHECK(step() == WORK_CALL);
    CHECK_STR(rig_answer(200, CONNECTOR("\"2026-08-20T10:01:00Z\"")),
              S("GET /.elastic-connectors/_doc/c1 "));
    CHECK(step() == WORK_CALL);
}

// Whether it was made is not known yet: it stays owed, and nothing is made blindly.
static void test_search_that_fails_leaves_it_owed(void)
{
    static const struct {
        int status;
        const char *body;
    } answers[] = {{0, ""}, {503, "{}"}, {404, "{}"}, {200, "<html>"}, {200, "{\"hits\":[}"}};
    for (isize i = 0; i < COUNT(answers); i++) {
        lose_the_job(true, 0);
        i64 decided_us = entry.decided_us[JOB_FULL];
        (void)rig_answer(answers[i].status, answers[i].body);
        CHECK(step() == WORK_DONE);
        CHECK(entry.owed[JOB_FULL] == OWED_PERHAPS);
        CHECK(entry.decided_us[JOB_FULL] == decided_us);
        decide_start(&d, JOB_FULL);
        CHECK(step() == WORK_CALL);
        CHECK_STR(rig_answer(200, HITS("")), S(SOUGHT));
    }
}

// In direct mode it is the same; and a second loss is sought again.
static void test_lost_twice(void)
{
    lose_the_job(false, 500);
    CHECK_STR(rig_answer(200, HITS("")), S(SOUGHT));
    CHECK(step() == WORK_CALL);
    CHECK(str_starts(rig_answer(0, ""), S("POST /.elastic-connectors-sync-jobs/_doc {")));
    CHECK(step() == WORK_DONE);
    CHECK(entry.owed[JOB_FULL] == OWED_PERHAPS);
    decide_start(&d, JOB_FULL);
    CHECK(step() == WORK_CALL);
    CHECK_STR(rig_answer(200, HITS("")), S(SOUGHT));
}

// What is refused for good is not owed: the next occurrence comes.
static void test_refused_for_good_is_not_owed(void)
{
    begin(true);
    CHECK(step() == WORK_CALL);
    (void)rig_answer(200, CONNECTOR("null"));
    CHECK(step() == WORK_CALL);
    (void)rig_answer(200, "{}");
    CHECK(step() == WORK_CALL);
    (void)rig_answer(400, "{}");
    CHECK(step() == WORK_DONE);
    CHECK(entry.owed[JOB_FULL] == OWED_NO);
}

static void test_direct_mode_makes_a_record(void)
{
    begin(false);
    CHECK(step() == WORK_CALL);
    (void)rig_answer(200, CONNECTOR("null"));
    CHECK(step() == WORK_CALL);
    (void)rig_answer(200, "{}");
    CHECK(step() == WORK_CALL);
    str said = rig_answer(201, "{\"_id\":\"j1\"}");
    CHECK(str_starts(said, S("POST /.elastic-connectors-sync-jobs/_doc {")));
    CHECK(str_find(said, S("\"status\":\"pending\"")) > 0);
    CHECK(str_find(said, S("\"trigger_method\":\"scheduled\"")) > 0);
    CHECK(step() == WORK_DONE);
}

static void test_clock_set_back(void)
{
    begin(true);
    entry.decided_us[JOB_FULL] = BASE_US + 86400 * (i64)SEC * 365;
    CHECK(step() == WORK_DONE);
    CHECK(entry.decided_us[JOB_FULL] == d.now_us); // from now on it counts again
}

static const struct test_case cases[] = {
    CASE(test_due_window),
    CASE(test_due_after_another_service),
    CASE(test_due_others),
    CASE(test_a49_due_writes_planned_then_creates),
    CASE(test_a50_disabled_asks_nothing),
    CASE(test_a51_the_other_service_was_first),
    CASE(test_conflicts_end),
    CASE(test_a60_bad_interval_is_told),
    CASE(test_refused_job_is_owed),
    CASE(test_lost_job_is_sought_and_made),
    CASE(test_lost_job_is_sought_and_found),
    CASE(test_search_that_fails_leaves_it_owed),
    CASE(test_lost_twice),
    CASE(test_refused_for_good_is_not_owed),
    CASE(test_direct_mode_makes_a_record),
    CASE(test_clock_set_back),
};

TEST_MAIN(cases)
