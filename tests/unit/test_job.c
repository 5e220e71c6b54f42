// SPDX-License-Identifier: Apache-2.0
// sync/job as the service uses it: one run after another in the same memory, whatever the one
// before came to; two at once in one loop.
#include "fake_source.h"

#include "sync/access.h"
#include "sync/job_internal.h"

enum { ROOM = 1 << 23 };

struct desk { // a job with its memory and source
    struct arena arena;
    struct plan plan;
    struct source source;
    struct job *job;
    struct rules rules;
    u8 *memory;
};

static struct loop loop;
static struct desk desks[2];
static struct source_bytes states; // of sources besides the desk's own

static void desk_make(struct desk *d)
{
    d->memory = d->memory ? d->memory : aligned_alloc(16, ROOM);
    memset(d->memory, 0, ROOM);
    d->arena = arena_over(d->memory, ROOM);
    d->plan = (struct plan){.arena = &d->arena};
    d->source = (struct source){.ops = &fake_ops, .in_flight_max = 2};
    static u8 *large;
    large = large ? large : malloc(LANE_LARGE_BYTES);
    struct job_settings settings = {
        .limits =
            {.ids = 1000, .mailboxes = 100, .lanes = 4, .mailbox_open = 3, .medium_buffers = 1},
        .states = states,
        .large = large,
        .to_elastic = true,
        .elastic = {.dest = &elastic_dest,
                    .authorization = S("ApiKey service"),
                    .max_retries = 3,
                    .retry_interval_ms = 10},
        .bulk = {.flights = 2,
                 .chunk_entries = 20,
                 .chunk_bytes = KIB(64),
                 .flush_ms = 1000,
                 .monitor = {.enabled = true,
                             .max_total_errors = 10,
                             .max_consecutive_errors = 3,
                             .error_window_size = 100,
                             .max_error_rate = 0.15}},
        .purge = true,
        .purge_max_share = 0.5,
        .max_failed_mailboxes = 0.5,
        .max_failed_items = 0.5,
    };
    d->job = job_init(&d->plan, &settings, &loop, &d->source, NULL);
    rules_init(&d->rules, &d->plan);
    arena_close(&d->arena);
}

static void setup(void)
{
    doc_count = message_count = mailbox_count = 0;
    fake_indices[0] = failing_mailbox[0] = wanted_key[0] = seen_targets[0] = fake_log[0] = 0;
    puts_of_index = bulk_updates = bulk_indexes = bulk_deletes = lists_repeated = 0;
    fake_bulk_403 = fake_get_403 = fake_bulk_lost = fake_scan_500 = false;
    fake_directory_500 = fake_directory_forbidden = false;
    fake_ops.units_immutable = true;
    memset(&loop, 0, sizeof loop);
    for (int i = 0; i < 3; i++) {
        snprintf(mailbox_names[mailbox_count++], 64, "user%d@x.test", i);
        for (int k = 0; k < 40; k++) {
            char id[32], stamp[32];
            snprintf(id, sizeof id, "m%d-%d", i, k);
            snprintf(stamp, sizeof stamp, "%d", 1700000000 + k);
            message_put(mailbox_names[i], id, stamp);
        }
    }
    desk_make(&desks[0]);
}

static struct job_run usual_run(void)
{
    return (struct job_run){
        .index = S("content"),
        .pipeline = S("search-default-ingestion"),
        .authorization = S("ApiKey own"),
        .extract_binary_content = true,
    };
}

static void run_on(struct desk *d, const struct job_run *run, int stop_after)
{
    job_configure(d->job, run);
    job_start(d->job);
    int turns = 0;
    for (; turns < 5000 && !job_is_done(d->job); turns++) {
        if (turns == stop_after) {
            job_stop(d->job);
        }
        fake_turn(&loop);
        job_step(d->job);
    }
    CHECK(turns < 5000);
}

static void run(const struct job_run *run, int stop_after)
{
    run_on(&desks[0], run, stop_after);
    CHECK(loop_active_count(&loop) == 0); // nothing of it is left in the loop
}

static enum job_end full_run(void)
{
    struct job_run usual = usual_run();
    run(&usual, -1);
    return job_end(desks[0].job);
}

static enum job_end incremental_run(void)
{
    struct job_run usual = usual_run();
    usual.incremental = true;
    run(&usual, -1);
    return job_end(desks[0].job);
}

static const struct sync_stats *stats(void)
{
    return job_stats(desks[0].job);
}

static void check_good_run(i64 updated, i64 deleted)
{
    CHECK(job_end(desks[0].job) == JOB_COMPLETED);
    CHECK_OK(job_error(desks[0].job));
    CHECK(job_detail(desks[0].job).n == 0);
    const struct sync_stats *s = stats();
    CHECK(s->documents_indexed == message_count && s->documents_updated == updated);
    CHECK(s->documents_deleted == deleted && s->mailboxes_done == 3 && s->mailboxes_found == 3);
    CHECK(s->messages_decided == message_count && s->existing == updated + deleted);
    CHECK(s->indexed_bytes > 50 * message_count && s->kept_from_purge == 0);
    CHECK(doc_total("content") == message_count);
    const struct job_note *notes;
    CHECK(job_notes(desks[0].job, &notes) == 0);
    str advice[ADVICE_MAX];
    CHECK(job_advice(desks[0].job, advice, ADVICE_MAX) == 0);
}

static void test_job_first_run(void)
{
    setup();
    full_run();
    check_good_run(0, 0);
    CHECK(puts_of_index == 1 && loop.requests > 0);
    CHECK(strstr(seen_targets, "GET /content?ignore_unavailable=true\nPUT /content\n"));
    CHECK(strstr(seen_targets, "PUT /_bulk?pipeline=search-default-ingestion\n"));
    // Whoever has the right refreshes and counts; pipelines and versions are not looked at.
    CHECK(!strstr(seen_targets, "_refresh") && !strstr(seen_targets, "_count"));
    CHECK(!strstr(seen_targets, "_ingest") && !strstr(seen_targets, "GET /\n"));
    struct fake_doc *d = doc_find("content", "m1-7");
    CHECK(d &&
          !strcmp(d->source, "{\"body\":\"text\",\"_timestamp\":\"1700000007\",\"id\":\"m1-7\","
                             "\"_extract_binary_content\":true,\"_reduce_whitespace\":false,"
                             "\"_run_ml_inference\":false}"));
}

// Whatever the run before came to, the next one is as the first.
static void test_job_runs_after_each_end(void)
{
    setup();
    full_run();
    check_good_run(0, 0);
    struct job_run usual = usual_run();
    for (int after = 0; after < 40; after += 3) { // a signal in every phase
        run(&usual, after);
        CHECK(job_end(desks[0].job) == JOB_STOPPED || after > 20);
        full_run();
        check_good_run(120, 0);
    }
    fake_scan_500 = true;
    CHECK(full_run() == JOB_ERROR);
    fake_scan_500 = false;
    full_run();
    check_good_run(120, 0);

    fake_bulk_403 = true;
    CHECK(full_run() == JOB_ERROR);
    fake_bulk_403 = false;
    CHECK_ERR(job_error(desks[0].job), ES_KEY_RIGHTS);
    full_run();
    check_good_run(120, 0);

    fake_bulk_lost = true;
    CHECK(full_run() == JOB_ERROR);
    fake_bulk_lost = false;
    CHECK_ERR(job_error(desks[0].job), NET_RESET);
    full_run();
    check_good_run(120, 0);

    fake_directory_500 = true;
    CHECK(full_run() == JOB_ERROR);
    fake_directory_500 = false;
    full_run();
    check_good_run(120, 0);

    strcpy(failing_mailbox, "user1@x.test");
    message_remove("m0-3");
    CHECK(full_run() == JOB_ERROR);
    CHECK_ERR(job_error(desks[0].job), JOB_MAILBOXES_FAILED);
    CHECK(doc_find("content", "m0-3") && stats()->kept_from_purge > 0); // nothing was deleted
    failing_mailbox[0] = 0;
    full_run();
    check_good_run(119, 1);
    CHECK(!doc_find("content", "m0-3"));
}

static void test_job_other_index_in_the_same_memory(void)
{
    setup();
    full_run();
    struct job_run other = usual_run();
    other.index = S("second");
    run(&other, -1);
    CHECK(stats()->existing == 0 && stats()->documents_indexed == 120); // nothing of the first's
    CHECK(doc_total("content") == 120 && doc_total("second") == 120);
    full_run();
    check_good_run(120, 0);   // its scan has filled the set of ids
    other.index = S("third"); // made by this run, so there is no scan: nothing is known of it
    other.incremental = true;
    run(&other, -1);
    CHECK(stats()->documents_indexed == 120 && doc_total("third") == 120);
    message_remove("m2-0");
    full_run();
    CHECK(doc_total("content") == 119 && doc_total("second") == 120);
}

// A source that needs much more state than the one that the job was made for, and writes to all of
// it: what another mailbox or lane has written there is not its own.
enum { TALL = 4096, TALL_HEAD = sizeof(struct fake_walk) };

static int tall_calls;

static void tall_use(void *state)
{
    u8 *p = state;
    u8 mark = (u8)((uintptr_t)p / 16 % 255 + 1);
    for (isize i = TALL_HEAD; i < TALL_HEAD + TALL; i++) {
        CHECK(p[i] == 0 || p[i] == mark);
        p[i] = mark;
    }
    tall_calls++;
}

static enum step tall_accounts_next(void *src, void *st, i64 now_ms, struct exchange *x)
{
    tall_use(st);
    return fake_ops.accounts_next(src, st, now_ms, x);
}

static enum step tall_mailbox_next(void *src, struct mailbox *m, i64 now_ms, struct exchange *x)
{
    tall_use(m->state);
    return fake_ops.mailbox_next(src, m, now_ms, x);
}

static enum step tall_fetch_next(void *src, struct fetch *f, i64 now_ms, struct exchange *x)
{
    tall_use(f->state);
    return fake_ops.fetch_next(src, f, now_ms, x);
}

static void test_job_runs_with_either_source(void)
{
    static struct source_ops tall_ops;
    tall_ops = fake_ops;
    tall_ops.mailbox_bytes = tall_ops.fetch_bytes = tall_ops.accounts_bytes = TALL_HEAD + TALL;
    tall_ops.accounts_next = tall_accounts_next;
    tall_ops.mailbox_next = tall_mailbox_next;
    tall_ops.fetch_next = tall_fetch_next;
    struct source tall = {.ops = &tall_ops, .in_flight_max = 2};
    states = source_bytes_max((struct source_bytes){0}, &tall_ops);
    setup();
    states = (struct source_bytes){0};
    struct job_run usual = usual_run();
    for (int turn = 0; turn < 4; turn++) {
        int calls = tall_calls;
        usual.source = turn % 2 ? &tall : &desks[0].source;
        run(&usual, -1);
        CHECK(job_end(desks[0].job) == JOB_COMPLETED);
        CHECK(stats()->mailboxes_done == 3 && doc_count == 120);
        CHECK((tall_calls > calls) == (turn % 2 == 1));
    }
}

static void test_job_key_of_the_run(void)
{
    setup();
    strcpy(wanted_key, "Authorization: ApiKey own\r\n");
    full_run();
    check_good_run(0, 0);
    full_run(); // with a scan
    check_good_run(120, 0);
    strcpy(wanted_key, "Authorization: ApiKey service\r\n");
    struct job_run run_as_service = usual_run();
    run_as_service.authorization = (str){0};
    run(&run_as_service, -1);
    check_good_run(120, 0);
    CHECK(full_run() == JOB_ERROR);
    CHECK_ERR(job_error(desks[0].job), ES_KEY_RIGHTS);
}

static void test_job_forbidden_text(void)
{
    setup();
    fake_get_403 = true;
    CHECK(full_run() == JOB_ERROR);
    CHECK_ERR(job_error(desks[0].job), ES_KEY_RIGHTS);
    str text = job_detail(desks[0].job);
    CHECK(str_find(text, S("[content]")) > 0 && str_find(text, S("Status code: [403].")) > 0);
    CHECK(str_find(text, S("API key")) > 0 && puts_of_index == 0);
}

static void test_job_bad_names(void)
{
    setup();
    struct job_run bad = usual_run();
    bad.index = S("Not An Index");
    run(&bad, -1);
    CHECK_ERR(job_error(desks[0].job), ES_NAME);
    static char longest[600];
    memset(longest, 'p', sizeof longest);
    bad = usual_run();
    bad.pipeline = str_make(longest, sizeof longest);
    run(&bad, -1);
    CHECK_ERR(job_error(desks[0].job), ES_NAME);
    bad = usual_run();
    bad.index = str_make(longest, sizeof longest);
    run(&bad, -1);
    CHECK_ERR(job_error(desks[0].job), ES_NAME);
    full_run();
    check_good_run(0, 0);
}

// 110: what is in the index is not fetched; 92: what it has unchanged is not written.
static void test_job_incremental(void)
{
    setup();
    full_run();
    message_put("user0@x.test", "new", "1800000000");
    message_remove("m1-1");
    CHECK(incremental_run() == JOB_COMPLETED);
    CHECK(stats()->documents_indexed == 1 && stats()->documents_unchanged == 119);
    CHECK(stats()->documents_deleted == 1 && !doc_find("content", "m1-1"));
    CHECK(fetched("m0-0") == 1 && fetched("new") == 1);

    fake_ops.units_immutable = false; // a source whose items change
    message_put("user2@x.test", "m2-2", "1900000000");
    CHECK(incremental_run() == JOB_COMPLETED);
    CHECK(fetched("m0-0") == 2);
    CHECK(stats()->documents_indexed == 1 && stats()->documents_unchanged == 119);
    CHECK(doc_find("content", "m2-2")->written == 2 && doc_find("content", "m0-0")->written == 1);

    full_run();
    check_good_run(120, 0);
    CHECK(fetched("m0-0") == 3 && doc_find("content", "m0-0")->written == 2);
}

// Several queries list the same id: it is read and written once, known or not.
static void test_job_repeated_ids(void)
{
    setup();
    desks[0].source.may_repeat = true;
    lists_repeated = 2;
    CHECK(full_run() == JOB_COMPLETED);
    CHECK(stats()->documents_indexed == 120 && stats()->messages_repeated == 240);
    CHECK(fetched("m0-0") == 1 && doc_find("content", "m0-0")->written == 1);
    message_remove("m0-1");
    CHECK(incremental_run() == JOB_COMPLETED);
    CHECK(stats()->documents_unchanged == 119 && fetched("m0-0") == 1);
    CHECK(stats()->documents_deleted == 1);
    // Two mailboxes may have the same id: that is another message.
    message_put("user2@x.test", "m0-5", "1");
    CHECK(full_run() == JOB_COMPLETED);
    CHECK(stats()->documents_indexed == 120 && doc_find("content", "m0-5")->written == 3);
    desks[0].source.may_repeat = false;
}

static void load_rules(const char *field, const char *op, const char *value)
{
    char text[600];
    snprintf(text, sizeof text,
             "{\"rules\":[{\"id\":\"r1\",\"order\":0,\"policy\":\"exclude\",\"field\":\"%s\","
             "\"rule\":\"%s\",\"value\":\"%s\"},{\"id\":\"DEFAULT\",\"order\":1,\"policy\":"
             "\"include\",\"field\":\"_\",\"rule\":\"regex\",\"value\":\".*\"}]}",
             field, op, value);
    u8 bytes[300];
    struct buf detail = buf_over(bytes, COUNT(bytes));
    CHECK_OK(rules_load(&desks[0].rules, str_from(text), false, &detail));
}

// 93: what a rule excludes is deleted, and decided without being read where that is possible.
static void test_job_rules(void)
{
    setup();
    full_run();
    struct job_run usual = usual_run();
    usual.rules = &desks[0].rules;
    usual.incremental = true;
    load_rules("id", "equals", "m1-4");
    run(&usual, -1);
    CHECK(stats()->skipped[SKIP_FILTERED] == 1 && stats()->documents_deleted == 1);
    CHECK(stats()->documents_unchanged == 119 && !doc_find("content", "m1-4"));
    CHECK(fetched("m1-4") == 1 && fetched("m0-0") == 1 && stats()->mailboxes_partial == 0);

    load_rules("_timestamp", ">", "1700000019"); // has to be read: half of each mailbox goes
    run(&usual, -1);
    CHECK(stats()->skipped[SKIP_FILTERED] == 60 && stats()->documents_deleted == 60);
    CHECK(doc_total("content") == 60 && fetched("m0-0") == 2 && fetched("m0-20") == 2);
    CHECK(stats()->documents_indexed == 1 && stats()->documents_unchanged == 59); // m1-4 is back

    usual.incremental = false;
    load_rules("nobody", "starts_with", "x"); // a field that this source never writes
    run(&usual, -1);
    CHECK(stats()->documents_indexed == 120 && stats()->skipped[SKIP_FILTERED] == 0);
    usual.rules = NULL;
    run(&usual, -1);
    check_good_run(120, 0);
}

// A rule that excludes nearly everything is no mistake; a source that lost nearly everything is.
static void test_job_rules_pass_the_safety_stop(void)
{
    setup();
    full_run();
    struct job_run usual = usual_run();
    usual.rules = &desks[0].rules;
    load_rules("body", "contains", "ex");
    run(&usual, -1);
    CHECK(stats()->skipped[SKIP_FILTERED] == 120 && doc_total("content") == 0);
    usual.rules = NULL;
    run(&usual, -1);
    CHECK(doc_total("content") == 120);
    message_count = 5;
    run(&usual, -1);
    CHECK(stats()->documents_deleted == 0 && stats()->kept_from_purge == 115);
}

static struct access *access_make(void)
{
    static _Alignas(16) u8 memory[1 << 20];
    static struct arena arena;
    static struct plan plan;
    static struct source source;
    memset(memory, 0, sizeof memory);
    arena = arena_over(memory, COUNT(memory));
    plan = (struct plan){.arena = &arena};
    source = (struct source){.ops = &fake_ops};
    struct access_settings settings = {
        .accounts = 10,
        .elastic = desks[0].job->settings.elastic,
        .bulk = desks[0].job->settings.bulk,
    };
    return access_init(&plan, &settings, &loop, &source, NULL);
}

// Two content jobs and an access job in one loop, each with its own source, key, index and end.
static void test_jobs_interleaved(void)
{
    setup();
    desk_make(&desks[1]);
    struct access *access = access_make();
    struct access_run access_run = {.index = S("acl"), .enabled = true};
    struct job_run runs[2] = {usual_run(), usual_run()};
    runs[1].index = S("second");
    runs[1].authorization = S("ApiKey other");
    for (int round = 0; round < 3; round++) {
        access_configure(access, &access_run);
        access_start(access);
        for (int i = 0; i < 2; i++) {
            job_configure(desks[i].job, &runs[i]);
            job_start(desks[i].job);
        }
        bool over = false;
        for (int turns = 0; turns < 5000 && !over; turns++) {
            if (round == 1 && turns == 12) {
                job_stop(desks[1].job);
            }
            fake_turn(&loop);
            job_step(desks[0].job);
            access_step(access);
            job_step(desks[1].job);
            over = job_is_done(desks[0].job) && job_is_done(desks[1].job) && access_is_done(access);
        }
        CHECK(over && loop_active_count(&loop) == 0);
        CHECK(job_end(desks[0].job) == JOB_COMPLETED && access_end(access) == JOB_COMPLETED);
        CHECK(job_end(desks[1].job) == (round == 1 ? JOB_STOPPED : JOB_COMPLETED));
        CHECK(job_stats(desks[0].job)->documents_indexed == 120);
        CHECK(round == 1 || job_stats(desks[1].job)->documents_indexed == 120);
        CHECK(access_stats(access)->documents_indexed == 3);
        CHECK(doc_total("content") == 120 && doc_total("second") == 120 && doc_total("acl") == 3);
        strcat(fake_indices, " acl ");
    }
}

static const struct test_case cases[] = {
    CASE(test_job_first_run),
    CASE(test_job_runs_after_each_end),
    CASE(test_job_other_index_in_the_same_memory),
    CASE(test_job_runs_with_either_source),
    CASE(test_job_key_of_the_run),
    CASE(test_job_forbidden_text),
    CASE(test_job_bad_names),
    CASE(test_job_incremental),
    CASE(test_job_repeated_ids),
    CASE(test_job_rules),
    CASE(test_job_rules_pass_the_safety_stop),
    CASE(test_jobs_interleaved),
};

TEST_MAIN(cases)
