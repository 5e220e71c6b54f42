// SPDX-License-Identifier: Apache-2.0
// sync/access: one run after another in the same memory, and beside a content job.
#include "fake_source.h"

#include "sync/access.h"

enum { ROOM = 1 << 21 };

static struct loop loop;
static struct arena arena;
static struct plan plan;
static struct source source;
static struct access *job;
static _Alignas(16) u8 memory[ROOM];

static void setup(isize accounts)
{
    doc_count = message_count = mailbox_count = 0;
    fake_indices[0] = wanted_key[0] = seen_targets[0] = fake_log[0] = 0;
    puts_of_index = bulk_updates = bulk_indexes = bulk_deletes = 0;
    fake_bulk_403 = fake_bulk_lost = fake_scan_500 = false;
    fake_directory_500 = fake_directory_forbidden = false;
    memset(&loop, 0, sizeof loop);
    memset(memory, 0, sizeof memory);
    arena = arena_over(memory, ROOM);
    plan = (struct plan){.arena = &arena};
    source = (struct source){.ops = &fake_ops};
    struct access_settings settings = {
        .accounts = accounts,
        .elastic = {.dest = &elastic_dest,
                    .authorization = S("ApiKey service"),
                    .max_retries = 3,
                    .retry_interval_ms = 10},
        .bulk = {.flights = 2,
                 .chunk_entries = 4,
                 .chunk_bytes = KIB(64),
                 .flush_ms = 1000,
                 .monitor = {.enabled = true,
                             .max_total_errors = 10,
                             .max_consecutive_errors = 3,
                             .error_window_size = 100,
                             .max_error_rate = 0.15}},
    };
    job = access_init(&plan, &settings, &loop, &source, NULL);
    arena_close(&arena);
}

static void people(int from, int to)
{
    mailbox_count = 0;
    for (int i = from; i < to; i++) {
        snprintf(mailbox_names[mailbox_count++], 64, "User%d@x.test", i);
    }
}

static enum job_end run(bool enabled, int stop_after)
{
    bulk_updates = bulk_indexes = bulk_deletes = 0;
    seen_targets[0] = 0;
    struct access_run usual = {.index = S(".search-acl-filter-content"),
                               .authorization = S("ApiKey own"),
                               .enabled = enabled};
    access_configure(job, &usual);
    access_start(job);
    int turns = 0;
    for (; turns < 2000 && !access_is_done(job); turns++) {
        if (turns == stop_after) {
            access_stop(job);
        }
        fake_turn(&loop);
        access_step(job);
    }
    CHECK(turns < 2000 && loop_active_count(&loop) == 0);
    return access_end(job);
}

#define INDEX ".search-acl-filter-content"

static void exists(void)
{
    strcpy(fake_indices, " " INDEX " ");
}

// 100, 109, 85: new ones are indexed with a time, known ones updated, vanished ones deleted.
static void test_access_new_known_vanished(void)
{
    setup(100);
    people(0, 5);
    CHECK(run(true, -1) == JOB_COMPLETED);
    CHECK(bulk_indexes == 5 && bulk_updates == 0 && access_stats(job)->documents_indexed == 5);
    CHECK(puts_of_index == 0 && doc_total(INDEX) == 5);
    struct fake_doc *d = doc_find(INDEX, "User3@x.test");
    CHECK(d && !strcmp(d->source, "{\"id\":\"User3@x.test\",\"identity\":{\"email\":"
                                  "\"User3@x.test\"},\"created_at\":\"2020-01-02T03:04:05Z\","
                                  "\"_timestamp\":\"2024-07-05T10:20:30+00:00\"}"));
    exists();
    people(1, 6);
    CHECK(run(true, -1) == JOB_COMPLETED);
    CHECK(bulk_indexes == 1 && bulk_updates == 4 && bulk_deletes == 1);
    CHECK(!doc_find(INDEX, "User0@x.test") && doc_find(INDEX, "User5@x.test"));
    d = doc_find(INDEX, "User3@x.test");
    CHECK(d && !strcmp(d->source, "{\"doc\":{\"id\":\"User3@x.test\",\"identity\":{\"email\":"
                                  "\"User3@x.test\"},\"created_at\":\"2020-01-02T03:04:05Z\"},"
                                  "\"doc_as_upsert\":true}"));
    const struct sync_stats *s = access_stats(job);
    CHECK(s->documents_indexed == 5 && s->documents_updated == 4 && s->documents_deleted == 1);
    CHECK(s->existing == 5 && s->indexed_bytes > 300 && s->phase == SYNC_ENDED);
    CHECK(run(true, -1) == JOB_COMPLETED);
    CHECK(bulk_indexes == 0 && bulk_updates == 5 && bulk_deletes == 0);
}

// The state of the directory holds a token.
static void test_access_wipes_the_directory(void)
{
    static const struct fake_walk nothing;
    setup(100);
    people(0, 3);
    for (int stop_after = -1; stop_after < 6; stop_after++) {
        fake_walked = NULL;
        (void)run(true, stop_after);
        CHECK(!fake_walked || memcmp(fake_walked, &nothing, sizeof nothing) == 0);
        CHECK(fake_walked || stop_after >= 0);
    }
}

static void test_access_off_touches_nothing(void)
{
    setup(100);
    people(0, 3);
    CHECK(run(true, -1) == JOB_COMPLETED);
    exists();
    CHECK(run(false, -1) == JOB_ERROR);
    CHECK_ERR(access_error(job), ACCESS_OFF);
    CHECK(seen_targets[0] == 0 && doc_total(INDEX) == 3);
    CHECK(run(true, -1) == JOB_COMPLETED);
    CHECK_OK(access_error(job));
    CHECK(access_detail(job).n == 0 && bulk_updates == 3);
}

// A directory that was not read to its end deletes nothing; the next run is as the first.
static void test_access_directory_fails(void)
{
    setup(100);
    people(0, 4);
    CHECK(run(true, -1) == JOB_COMPLETED);
    exists();
    people(2, 4);
    fake_directory_500 = true;
    CHECK(run(true, -1) == JOB_ERROR);
    CHECK_ERR(access_error(job), NET_RESET);
    CHECK(doc_total(INDEX) == 4 && bulk_deletes == 0);
    fake_directory_500 = false;
    fake_directory_forbidden = true;
    CHECK(run(true, -1) == JOB_ERROR);
    CHECK_ERR(access_error(job), GMAIL_DIRECTORY_FORBIDDEN);
    fake_directory_forbidden = false;
    mailbox_count = 0;
    CHECK(run(true, -1) == JOB_ERROR);
    CHECK_ERR(access_error(job), JOB_DIRECTORY_EMPTY);
    CHECK(doc_total(INDEX) == 4);
    fake_scan_500 = true;
    people(2, 4);
    CHECK(run(true, -1) == JOB_ERROR && bulk_updates == 0);
    fake_scan_500 = false;
    CHECK(run(true, -1) == JOB_COMPLETED);
    CHECK(doc_total(INDEX) == 2);
}

static void test_access_stops_anywhere(void)
{
    setup(100);
    people(0, 8);
    CHECK(run(true, -1) == JOB_COMPLETED);
    exists();
    for (int after = 0; after < 30; after++) {
        enum job_end end = run(true, after);
        CHECK(end == JOB_STOPPED || (end == JOB_COMPLETED && after > 8));
        CHECK(doc_total(INDEX) == 8);
        CHECK(run(true, -1) == JOB_COMPLETED && bulk_updates == 8);
    }
}

static void test_access_rights(void)
{
    setup(100);
    people(0, 3);
    strcpy(wanted_key, "Authorization: ApiKey own\r\n");
    CHECK(run(true, -1) == JOB_COMPLETED);
    fake_bulk_403 = true;
    CHECK(run(true, -1) == JOB_ERROR);
    CHECK_ERR(access_error(job), ES_KEY_RIGHTS);
    CHECK(str_find(access_detail(job), S("[" INDEX "]")) > 0);
    CHECK(str_find(access_detail(job), S("Status code: [403].")) > 0);
    fake_bulk_403 = false;
    CHECK(run(true, -1) == JOB_COMPLETED);
}

static void test_access_more_than_fits(void)
{
    setup(4);
    people(0, 4);
    CHECK(run(true, -1) == JOB_COMPLETED);
    exists();
    people(0, 6);
    CHECK(run(true, -1) == JOB_COMPLETED && doc_total(INDEX) == 6);
    CHECK(run(true, -1) == JOB_ERROR);
    CHECK_ERR(access_error(job), ACCESS_FULL);
    CHECK(bulk_indexes + bulk_updates + bulk_deletes == 0);
}

static const struct test_case cases[] = {
    CASE(test_access_wipes_the_directory), CASE(test_access_new_known_vanished),
    CASE(test_access_off_touches_nothing), CASE(test_access_directory_fails),
    CASE(test_access_stops_anywhere),      CASE(test_access_rights),
    CASE(test_access_more_than_fits),
};

TEST_MAIN(cases)
