// SPDX-License-Identifier: Apache-2.0
// The clean-up (service/cleanup.h) against an Elasticsearch that answers by a script: which jobs
// are ended and under what guard, and which connectors are set free, when, and which are not.
#include "fake_loop.h"

#include "base/plan.h"
#include "limits.h"
#include "service/cleanup.h"

enum { ROOM = 256 << 20, STEPS_MAX = 40, INTERVAL_MS = 60000 };

#define HITS(n, hits) "{\"hits\":{\"total\":{\"value\":" #n "},\"hits\":[" hits "]}}"
#define NONE HITS(0, "")
#define RECORD(id, content, access)                                                      \
    "{\"_id\":\"" id "\",\"_seq_no\":7,\"_primary_term\":2,\"found\":true,\"_source\":{" \
    "\"last_sync_status\":\"" content "\",\"last_access_control_sync_status\":\"" access "\"}}"
#define JOB(id, connector, type)                                                              \
    "{\"_id\":\"" id "\",\"_seq_no\":3,\"_primary_term\":1,\"found\":true,\"_source\":{"      \
    "\"status\":\"in_progress\",\"job_type\":\"" type "\",\"connector\":{\"id\":\"" connector \
    "\"}}}"
#define LIST "POST /.elastic-connectors/_search"
#define JOBS "POST /.elastic-connectors-sync-jobs/_search"

// What is expected, in this order: the beginning of "METHOD target", a part of the body.
static struct script {
    const char *want, *body;
    int status;
    char *answer; // malloc: it becomes the loop's
} script[STEPS_MAX];
static int script_count, script_at;

static struct loop loop;
static struct plan plan;
static struct arena arena;
static struct service_settings settings;
static struct elastic es;
static struct dest dest;
static struct budget budget;
static struct service_connector served[] = {{.id = {(const u8 *)"c1", 2}},
                                            {.id = {(const u8 *)"c2", 2}}};
static struct cleanup c;

struct fake_answer fake_serve(const struct exchange *x)
{
    char said[512];
    snprintf(said, sizeof said, "%.*s %.*s", (int)x->method.n, (const char *)x->method.p,
             (int)x->target.n, (const char *)x->target.p);
    CHECK(script_at < script_count);
    if (script_at == script_count) {
        return (struct fake_answer){.status = 400};
    }
    const struct script *s = &script[script_at++];
    CHECK_STR(str_slice(str_from(said), 0, (isize)strlen(s->want)), str_from(s->want));
    CHECK(str_find(x->body, str_from(s->body)) >= 0);
    return (struct fake_answer){s->status, s->answer, (isize)strlen(s->answer)};
}

static void expect(const char *want, const char *body, int status, const char *answer)
{
    ASSERT(script_count < STEPS_MAX);
    script[script_count++] = (struct script){want, body, status, strdup(answer)};
}

static void begin(void)
{
    static u8 *memory;
    memory = memory ? memory : malloc(ROOM);
    ASSERT(memory);
    arena = arena_over(memory, ROOM);
    plan = (struct plan){.arena = &arena};
    settings = (struct service_settings){
        .connectors = served,
        .connector_count = 2,
        .job_cleanup_interval_ms = INTERVAL_MS,
        .elastic = {.dest = &dest, .max_retries = 1, .retry_interval_ms = 10},
    };
    elastic_init(&es, &settings.elastic);
    budget_init(&budget, 20, 600000, fake_now_ms);
    struct cleanup_settings of = {
        .env = {.settings = &settings, .es = &es, .loop = &loop},
        .budget = &budget,
    };
    cleanup_init(&c, &plan, &of);
    cleanup_start(&c, (struct moment){.mono_ms = fake_now_ms});
    script_count = script_at = 0;
    fake_log[0] = 0;
}

// One whole clean-up, `later_s` after the one before: all that is expected is asked, and no more.
static void run(i64 later_s)
{
    fake_now_ms += later_s * 1000;
    CHECK(cleanup_wait_until_ms(&c) <= fake_now_ms);
    for (int turn = 0; turn < 200; turn++) {
        cleanup_turn(&c, (struct moment){.mono_ms = fake_now_ms, .unix_us = os_unix_us()});
        if (cleanup_wait_until_ms(&c) > fake_now_ms && !loop_active_count(&loop)) {
            break;
        }
        fake_turn(&loop);
    }
    CHECK(script_at == script_count);
    CHECK(!loop_active_count(&loop) && cleanup_wait_until_ms(&c) > fake_now_ms);
    script_count = script_at = 0;
}

// Nothing to end; the connectors that are served are `list`, the jobs that run `running`.
static void expect_quiet(const char *list, const char *running)
{
    expect(LIST, "\"match_all\"", 200, HITS(2, "{\"_id\":\"c1\"},{\"_id\":\"c2\"}"));
    expect(JOBS, "\"must_not\"", 200, NONE);
    expect(LIST, "\"c2\"", 200, list);
    expect(JOBS, "300s", 200, NONE);
    if (running) {
        expect(JOBS, "\"c1\"", 200, running);
    }
}

#define BUSY HITS(2, RECORD("c1", "in_progress", "completed") "," RECORD("c2", "error", "error"))

static void test_orphans_end(void)
{
    begin();
    expect(LIST, "\"match_all\"", 200, HITS(1, "{\"_id\":\"c1\"}"));
    expect(JOBS, "\"must_not\"", 200, HITS(1, JOB("j9", "gone", "full")));
    expect("GET /.elastic-connectors-sync-jobs/_doc/j9", "", 200, JOB("j9", "gone", "full"));
    expect("POST /.elastic-connectors-sync-jobs/_update/j9?if_seq_no=3&if_primary_term=1",
           "\"status\":\"error\"", 200, "{\"result\":\"updated\"}");
    expect(LIST, "\"c2\"", 200, NONE); // and its connector is not written: there is none
    run(0);
}

static void test_idle_jobs_end(void)
{
    begin();
    expect(LIST, "\"match_all\"", 200, HITS(1, "{\"_id\":\"c1\"}"));
    expect(JOBS, "\"must_not\"", 200, NONE);
    expect(LIST, "\"c2\"", 200, HITS(1, RECORD("c1", "completed", "completed")));
    expect(JOBS, "300s", 200, HITS(2, JOB("j1", "c1", "full") "," JOB("j2", "c1", "full")));
    expect("GET /.elastic-connectors-sync-jobs/_doc/j1", "", 200, JOB("j1", "c1", "full"));
    expect("GET /.elastic-connectors/_doc/c1", "", 200, RECORD("c1", "in_progress", "completed"));
    expect("POST /.elastic-connectors-sync-jobs/_update/j1?if_seq_no=3&if_primary_term=1",
           "sign of life", 200, "{\"result\":\"updated\"}");
    expect("POST /.elastic-connectors/_update/c1", "\"last_sync_status\":\"error\"", 200,
           "{\"result\":\"updated\"}");
    // The other one has given a sign meanwhile: its connector is left alone, too.
    expect("GET /.elastic-connectors-sync-jobs/_doc/j2", "", 200, JOB("j2", "c1", "full"));
    expect("GET /.elastic-connectors/_doc/c1", "", 200, RECORD("c1", "in_progress", "completed"));
    expect("POST /.elastic-connectors-sync-jobs/_update/j2?if_seq_no=3&if_primary_term=1",
           "\"status\":\"error\"", 409, "{\"error\":{\"reason\":\"conflict\"}}");
    run(0);
}

static void expect_free(const char *record, const char *wanted)
{
    expect("GET /.elastic-connectors/_doc/c1", "", 200, record);
    if (wanted) {
        expect("POST /.elastic-connectors/_update/c1?if_seq_no=7&if_primary_term=2", wanted, 200,
               "{\"result\":\"updated\"}");
    }
}

static void test_stranded_is_set_free_in_time(void)
{
    begin();
    expect_quiet(BUSY, NONE);
    run(0); // suspected
    expect_quiet(BUSY, NONE);
    run(SERVICE_IDLE_S / 2); // not yet
    expect_quiet(BUSY, NONE);
    expect_free(RECORD("c1", "in_progress", "completed"), "\"last_sync_status\":\"error\"");
    run(SERVICE_IDLE_S / 2);
}

static void test_job_of_its_kind_keeps_it(void)
{
    begin();
    for (int i = 0; i < 3; i++) {
        expect_quiet(BUSY, HITS(1, JOB("j1", "c1", "incremental")));
        run(SERVICE_IDLE_S);
    }
    for (int i = 0; i < 2; i++) { // of another kind, and of another connector
        expect_quiet(BUSY, HITS(2, JOB("j1", "c1", "access_control") "," JOB("j2", "c2", "full")));
        if (i == 1) {
            expect_free(RECORD("c1", "in_progress", "completed"), "\"last_sync_status\":\"error\"");
        }
        run(SERVICE_IDLE_S);
    }
}

static void test_access_control_is_set_free(void)
{
    const char *busy = HITS(1, RECORD("c1", "completed", "in_progress"));
    begin();
    expect_quiet(busy, HITS(1, JOB("j1", "c1", "full")));
    run(0);
    expect_quiet(busy, HITS(1, JOB("j1", "c1", "full")));
    expect_free(RECORD("c1", "completed", "in_progress"),
                "\"last_access_control_sync_status\":\"error\"");
    run(SERVICE_IDLE_S);
}

static void test_ended_meanwhile_is_left(void)
{
    begin();
    expect_quiet(BUSY, NONE);
    run(0);
    expect_quiet(BUSY, NONE);
    expect_free(RECORD("c1", "completed", "completed"), NULL);
    run(SERVICE_IDLE_S);
    expect_quiet(BUSY, NONE); // and is a suspect no longer
    run(SERVICE_IDLE_S);
}

static void test_errors_end_one_clean_up(void)
{
    begin();
    expect(LIST, "\"match_all\"", 403, "{\"error\":{\"reason\":\"no\"}}");
    run(0);
    CHECK(budget.errors == 1 && strstr(fake_log, "ES_FORBIDDEN"));
    expect(LIST, "\"match_all\"", 200, HITS(1, "{\"_id\":\"c1\"}"));
    expect(JOBS, "\"must_not\"", 403, "{\"error\":{\"reason\":\"no\"}}");
    run(INTERVAL_MS / 1000); // no job is ended by what is not known
    CHECK(budget.errors == 2);
    cleanup_stop(&c);
    CHECK(cleanup_wait_until_ms(&c) == INT64_MAX);
}

static const struct test_case cases[] = {
    CASE(test_orphans_end),
    CASE(test_idle_jobs_end),
    CASE(test_stranded_is_set_free_in_time),
    CASE(test_job_of_its_kind_keeps_it),
    CASE(test_access_control_is_set_free),
    CASE(test_ended_meanwhile_is_left),
    CASE(test_errors_end_one_clean_up),
};

TEST_MAIN(cases)
