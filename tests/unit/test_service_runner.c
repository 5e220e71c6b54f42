// SPDX-License-Identifier: Apache-2.0
// Who gets a job (service/runner.h): the order of reads and writes before the claim, everything
// that others may do in between, weather, and what is written when the claim or what follows it
// fails. Answers are given by hand; the sync itself is not begun here.
#include "service_rig.h"

#include "service/runner_internal.h"
#include "source/gmail/gmail_schema.h"

static struct runner r;
static struct values_checker checker;
static struct moment now = {.mono_ms = 1000, .unix_us = 1787220000000000};

#define CONNECTOR(status, more)                                                        \
    "{\"_id\":\"c1\",\"_seq_no\":7,\"_primary_term\":2,\"found\":true,\"_source\":{"   \
    "\"status\":\"connected\",\"service_type\":\"gmail\",\"index_name\":\"search-x\"," \
    "\"last_sync_status\":" status more "}}"
#define JOB_OF(status, type)                                                            \
    "{\"_id\":\"j1\",\"_seq_no\":3,\"_primary_term\":1,\"found\":true,\"_source\":{"    \
    "\"status\":\"" status "\",\"job_type\":\"" type "\",\"connector\":{\"id\":\"c1\"," \
    "\"service_type\":\"gmail\",\"index_name\":\"search-x\",\"configuration\":{}}}}"
#define JOB(status) JOB_OF(status, "full")
#define UPDATED "{\"result\":\"updated\"}"

static int released;

static err fake_configure(void *src, const struct source_setup *setup, struct buf *detail)
{
    (void)src;
    (void)setup;
    (void)detail;
    return OK;
}

static void fake_release(void *src)
{
    (void)src;
    released++;
}

static const struct source_ops fake_ops = {
    .service_type = "gmail",
    .schema = &gmail_schema,
    .configure = fake_configure,
    .release = fake_release,
    .ping_bytes = 16,
};
static struct source fake = {.ops = &fake_ops};

static void begin(bool api, enum job_type type)
{
    rig_open(api);
    values_init(&checker, &rig_plan);
    struct runner_settings settings = {
        .env = rig_env,
        .checker = &checker,
        .sources = {.all = {&fake}, .ops = {&fake_ops}, .count = 1},
    };
    runner_init(&r, &rig_plan, &settings);
    runner_start(&r, S("j1"), S("c1"), type);
}

// Steps until something is wanted.
static enum work step(void)
{
    enum work work = WORK_STEP;
    for (int i = 0; i < 16 && work == WORK_STEP; i++) {
        work = runner_step(&r, now);
    }
    return work;
}

// The next call is `want`, and gets this answer.
static void talk(const char *want, int status, const char *answer)
{
    enum work work = step();
    CHECK(work == WORK_CALL);
    if (work == WORK_CALL) {
        CHECK_STR(rig_answer_to(&r.w, status, answer), str_from(want));
    }
}

#define GET_CONNECTOR "GET /.elastic-connectors/_doc/c1 "
#define GET_JOB "GET /.elastic-connectors-sync-jobs/_doc/j1 "
#define TAKE                                                                                  \
    "POST /.elastic-connectors/_update/c1?if_seq_no=7&if_primary_term=2 "                     \
    "{\"doc\":{\"status\":\"connected\",\"error\":null,\"last_sync_status\":\"in_progress\"," \
    "\"last_sync_error\":null}}"
#define CLAIM "PUT /_connector/_sync_job/j1/_claim {\"worker_hostname\":\"host-1\"}"

static void take(void)
{
    talk(GET_CONNECTOR, 200, CONNECTOR("null", ""));
    talk(GET_JOB, 200, JOB("pending"));
    talk(TAKE, 200, UPDATED);
    talk(GET_JOB, 200, JOB("pending"));
}

// What comes after the end is known: the reads, then the job's and the connector's last update.
static str last_updates(bool job, const char *contains)
{
    talk(GET_JOB, 200, JOB("in_progress"));
    talk(GET_CONNECTOR, 200, CONNECTOR("\"in_progress\"", ""));
    if (job) {
        talk("POST /search-x/_refresh?ignore_unavailable=true ", 200, "{}");
        talk("POST /search-x/_count?ignore_unavailable=true ", 200, "{\"count\":5}");
        CHECK(step() == WORK_CALL);
        str said = rig_answer_to(&r.w, 200, UPDATED);
        CHECK(str_starts(said, S("POST /.elastic-connectors-sync-jobs/_update/j1 ")));
        CHECK(str_find(said, str_from(contains)) > 0);
    }
    CHECK(step() == WORK_CALL);
    return rig_answer_to(&r.w, 200, UPDATED);
}

static void test_a63_a64_order_before_the_claim(void)
{
    begin(true, JOB_FULL);
    take();
    talk(CLAIM, 200, UPDATED);
    // The configuration lacks everything: job and connector end with one text.
    str said = last_updates(true, "\"error\":\"MalformedConfigurationError: ");
    CHECK(str_find(said, S("\"last_sync_status\":\"error\"")) > 0);
    CHECK(str_find(said, S("MalformedConfigurationError: ")) > 0);
    CHECK(step() == WORK_DONE);
}

static void test_a65_busy_connector_is_left(void)
{
    begin(true, JOB_FULL);
    talk(GET_CONNECTOR, 200, CONNECTOR("\"in_progress\"", ""));
    CHECK(step() == WORK_DONE);
    CHECK(!r.claimed);
}

static void test_gone_or_deleted_connector_is_left(void)
{
    begin(true, JOB_FULL);
    talk(GET_CONNECTOR, 404, "{\"found\":false}");
    CHECK(step() == WORK_DONE);
    begin(true, JOB_FULL);
    talk(GET_CONNECTOR, 200, CONNECTOR("null", ",\"deleted\":true"));
    CHECK(step() == WORK_DONE);
}

// Another service ran it from start to end while the list was read.
static void test_finished_job_is_not_begun_again(void)
{
    begin(true, JOB_FULL);
    talk(GET_CONNECTOR, 200, CONNECTOR("\"completed\"", ""));
    talk(GET_JOB, 200, JOB("completed"));
    CHECK(step() == WORK_DONE);
}

// The list said it was ours; the job says whose it is.
static void test_job_of_another_connector_is_left(void)
{
    begin(true, JOB_FULL);
    talk(GET_CONNECTOR, 200, CONNECTOR("null", ""));
    talk(GET_JOB, 200,
         "{\"_id\":\"j1\",\"_seq_no\":3,\"_primary_term\":1,\"found\":true,\"_source\":{"
         "\"status\":\"pending\",\"job_type\":\"full\",\"connector\":{\"id\":\"c2\","
         "\"service_type\":\"gmail\",\"index_name\":\"search-x\",\"configuration\":{}}}}");
    CHECK(step() == WORK_DONE && !r.claimed);
}

// Another service takes it between our read and our write: the guard does not hold.
static void test_lost_race_leaves_the_job(void)
{
    begin(true, JOB_FULL);
    talk(GET_CONNECTOR, 200, CONNECTOR("null", ""));
    talk(GET_JOB, 200, JOB("pending"));
    talk(TAKE, 409, "{}");
    talk(GET_CONNECTOR, 200, CONNECTOR("\"in_progress\"", ""));
    CHECK(step() == WORK_DONE);
}

static void test_three_conflicts_are_enough(void)
{
    begin(true, JOB_FULL);
    for (int i = 0; i < 3; i++) {
        talk(GET_CONNECTOR, 200, CONNECTOR("null", ""));
        talk(GET_JOB, 200, JOB("pending"));
        talk(TAKE, 409, "{}");
    }
    CHECK(step() == WORK_DONE);
}

// Cancelled by a person in the very moment of the claim: the connector is told, the job is theirs.
static void test_cancelled_before_the_claim(void)
{
    begin(true, JOB_FULL);
    talk(GET_CONNECTOR, 200, CONNECTOR("null", ""));
    talk(GET_JOB, 200, JOB("pending"));
    talk(TAKE, 200, UPDATED);
    talk(GET_JOB, 200, JOB("canceled"));
    str said = last_updates(false, "");
    CHECK(str_starts(said, S("POST /.elastic-connectors/_update/c1 ")));
    CHECK(str_find(said, S("\"last_sync_status\":\"canceled\"")) > 0);
    CHECK(step() == WORK_DONE);
}

// A job that is too large to be read ends: else it would be taken in each round, before all others.
static void test_too_large_job_ends_as_error(void)
{
    static char bytes[CONNECTOR_RECORD_BYTES + 16], values[2 * CONNECTOR_NODES + 64];
    memset(bytes, ' ', sizeof bytes - 1);
    int n = sprintf(values, "{\"_id\":\"j1\",\"_source\":[1");
    for (int i = 0; i < CONNECTOR_NODES; i++) {
        n += sprintf(values + n, ",1");
    }
    sprintf(values + n, "]}");
    const char *const records[] = {bytes, values};
    for (isize i = 0; i < COUNT(records); i++) {
        begin(true, JOB_FULL);
        talk(GET_CONNECTOR, 200, CONNECTOR("null", ""));
        talk(GET_JOB, 200, records[i]);
        talk(GET_JOB, 200, records[i]);
        talk(GET_CONNECTOR, 200, CONNECTOR("null", ""));
        talk("POST /search-x/_refresh?ignore_unavailable=true ", 200, "{}");
        talk("POST /search-x/_count?ignore_unavailable=true ", 200, "{\"count\":5}");
        CHECK(step() == WORK_CALL);
        str said = rig_answer_to(&r.w, 200, UPDATED);
        CHECK(str_starts(said, S("POST /.elastic-connectors-sync-jobs/_update/j1 ")));
        CHECK(str_find(said, S("\"status\":\"error\",\"error\":\"")) > 0);
        CHECK(step() == WORK_CALL);
        said = rig_answer_to(&r.w, 200, UPDATED);
        CHECK(str_find(said, S("\"last_sync_status\":\"error\"")) > 0);
        CHECK(step() == WORK_DONE);
    }
    // What makes no sense may be the fault of somebody between: the next round asks again.
    begin(true, JOB_FULL);
    talk(GET_CONNECTOR, 200, CONNECTOR("null", ""));
    talk(GET_JOB, 200, "<html>");
    CHECK(step() == WORK_DONE);
}

static void test_a82_claim_404(void)
{
    begin(true, JOB_FULL);
    take();
    talk(CLAIM, 404, "{\"error\":{\"type\":\"resource_not_found_exception\"},\"status\":404}");
    (void)last_updates(true, "\"error\":\"ProtocolError: ");
    CHECK(step() == WORK_DONE);
}

// A claim that weather swallowed: the job will be taken again, by whoever comes first.
static void test_claim_without_answer_suspends(void)
{
    begin(true, JOB_FULL);
    take();
    talk(CLAIM, 503, "{}");
    str said = last_updates(true, "\"status\":\"suspended\"");
    CHECK(str_find(said, S("\"last_sync_status\":\"suspended\"")) > 0);
    CHECK(str_find(said, S("last_indexed_document_count")) < 0);
    CHECK(step() == WORK_DONE);
}

// Without the API the claim is guarded too: whoever cancels in between is seen.
static void test_direct_claim_is_guarded(void)
{
    begin(false, JOB_FULL);
    take();
    CHECK(step() == WORK_CALL);
    str said = rig_answer_to(&r.w, 409, "{}");
    CHECK(
        str_starts(said, S("POST /.elastic-connectors-sync-jobs/_update/j1"
                           "?if_seq_no=3&if_primary_term=1 {\"doc\":{\"status\":\"in_progress\"")));
    talk(GET_JOB, 200, JOB("canceled"));
    said = last_updates(false, "");
    CHECK(str_find(said, S("\"last_sync_status\":\"canceled\"")) > 0);
}

static void test_a79_incremental_needs_the_feature(void)
{
    begin(true, JOB_INCREMENTAL);
    talk(GET_CONNECTOR, 200, CONNECTOR("null", ""));
    talk(GET_JOB, 200, JOB_OF("pending", "incremental"));
    talk(TAKE, 200, UPDATED);
    talk(GET_JOB, 200, JOB_OF("pending", "incremental"));
    talk(CLAIM, 200, UPDATED);
    (void)last_updates(true, "\"error\":\"UnsupportedJobType: ");
}

static void test_access_control_needs_feature_and_license(void)
{
    begin(true, JOB_ACCESS_CONTROL);
    talk(GET_CONNECTOR, 200, CONNECTOR("null", ""));
    CHECK(step() == WORK_DONE); // the feature is off: the job waits
    begin(true, JOB_ACCESS_CONTROL);
    talk(GET_CONNECTOR, 200,
         CONNECTOR("\"in_progress\"",
                   ",\"features\":{\"document_level_security\":{\"enabled\":true}}"));
    talk("GET /_license ", 200, "{\"license\":{\"status\":\"active\",\"type\":\"basic\"}}");
    CHECK(step() == WORK_DONE); // so it does without the license
}

// The last write cannot be made: it is tried until it can.
static void test_last_write_is_tried_again(void)
{
    begin(true, JOB_FULL);
    take();
    talk(CLAIM, 404, "{}");
    talk(GET_JOB, 0, "");
    CHECK(step() == WORK_WAIT);
    now.mono_ms += 60000;
    (void)last_updates(true, "ProtocolError");
    CHECK(step() == WORK_DONE);
}

static void test_signal_before_the_claim(void)
{
    begin(true, JOB_FULL);
    talk(GET_CONNECTOR, 200, CONNECTOR("null", ""));
    CHECK(step() == WORK_CALL); // the job is being read
    runner_stop(&r);
    CHECK(step() == WORK_DONE);
    begin(true, JOB_FULL);
    take();
    CHECK(step() == WORK_CALL); // the claim is on its way: it has to be known how it ends
    runner_stop(&r);
    (void)rig_answer_to(&r.w, 200, UPDATED);
    (void)last_updates(true, "\"status\":\"suspended\"");
    CHECK(step() == WORK_DONE);
}

static const struct test_case cases[] = {
    CASE(test_a63_a64_order_before_the_claim),
    CASE(test_a65_busy_connector_is_left),
    CASE(test_gone_or_deleted_connector_is_left),
    CASE(test_finished_job_is_not_begun_again),
    CASE(test_job_of_another_connector_is_left),
    CASE(test_lost_race_leaves_the_job),
    CASE(test_three_conflicts_are_enough),
    CASE(test_cancelled_before_the_claim),
    CASE(test_too_large_job_ends_as_error),
    CASE(test_a82_claim_404),
    CASE(test_claim_without_answer_suspends),
    CASE(test_direct_claim_is_guarded),
    CASE(test_a79_incremental_needs_the_feature),
    CASE(test_access_control_needs_feature_and_license),
    CASE(test_last_write_is_tried_again),
    CASE(test_signal_before_the_claim),
};

TEST_MAIN(cases)
