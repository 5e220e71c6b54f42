// SPDX-License-Identifier: Apache-2.0
// The smaller parts of the service, each driven by hand: the list of connectors page by page, the
// registry, the budget of errors, the preflight.
#include "service_rig.h"

#include "service/budget.h"
#include "service/preflight.h"
#include "service/registry.h"
#include "service/round.h"

static struct round list;
static struct moment now = {.mono_ms = 1000, .unix_us = 1787220000000000};

static void use_ids(const char *const *ids, int count)
{
    static struct service_connector connectors[8];
    for (int i = 0; i < count; i++) {
        connectors[i] = (struct service_connector){.id = str_from(ids[i])};
    }
    rig_settings.connectors = connectors;
    rig_settings.connector_count = count;
}

#define PAGE(total, hits)                                                     \
    "{\"_shards\":{\"total\":1,\"successful\":1,\"skipped\":0,\"failed\":0}," \
    "\"hits\":{\"total\":{\"value\":" total ",\"relation\":\"eq\"},\"hits\":[" hits "]}}"
#define HIT(id, source) \
    "{\"_id\":\"" id "\",\"_seq_no\":1,\"_primary_term\":1,\"_source\":{" source "}}"

static void open_list(void)
{
    static const char *const ids[] = {"a", "b"};
    rig_open(true);
    use_ids(ids, 2);
    round_init(&list, &rig_plan, &rig_worker);
    round_start(&list, false);
}

static void test_round_reads_every_page(void)
{
    open_list();
    CHECK(round_step(&list, now) == WORK_CALL);
    str said = rig_answer(
        200, PAGE("3", HIT("a", "\"last_sync_status\":\"in_progress\"") "," HIT("b", "")));
    CHECK(str_find(said, S("\"from\":0")) > 0);
    CHECK(round_step(&list, now) == WORK_STEP);
    CHECK(round_step(&list, now) == WORK_CALL);
    said = rig_answer(200, PAGE("3", HIT("b", "") "," HIT("c", "\"deleted\":true")));
    CHECK(str_find(said, S("\"from\":2")) > 0);
    CHECK(round_step(&list, now) == WORK_DONE);
    CHECK_OK(list.error);
    CHECK(list.count == 2); // b came twice, c is deleted
    CHECK(list.connectors[0].content_busy && !list.connectors[1].content_busy);
    CHECK(round_find(&list, S("b")) && !round_find(&list, S("c")));
}

static void test_round_asks_for_less_when_a_page_is_too_large(void)
{
    static char huge[CONNECTOR_RECORD_BYTES + 16];
    open_list();
    memset(huge, ' ', sizeof huge - 1);
    CHECK(round_step(&list, now) == WORK_CALL);
    str said = rig_answer(200, huge);
    CHECK(str_find(said, S("\"size\":100")) > 0);
    CHECK(round_step(&list, now) == WORK_STEP);
    CHECK(round_step(&list, now) == WORK_CALL);
    said = rig_answer(200, PAGE("0", ""));
    CHECK(str_find(said, S("\"size\":25")) > 0);
    CHECK(round_step(&list, now) == WORK_DONE);
    CHECK_OK(list.error);
}

// A part of the index that does not answer must not look as if its connectors were gone.
static void test_round_of_a_broken_index_is_an_error(void)
{
    open_list();
    CHECK(round_step(&list, now) == WORK_CALL);
    (void)rig_answer(200, "{\"_shards\":{\"total\":2,\"successful\":1,\"skipped\":0,\"failed\":1},"
                          "\"hits\":{\"total\":{\"value\":0},\"hits\":[]}}");
    CHECK(round_step(&list, now) == WORK_DONE);
    CHECK_ERR(list.error, ES_SHARDS);
}

static void test_round_without_connectors_asks_nothing(void)
{
    open_list();
    rig_settings.connector_count = 0;
    CHECK(round_step(&list, now) == WORK_DONE);
    CHECK(list.count == 0);
}

static void test_registry_keeps_and_makes_room(void)
{
    static struct registry r;
    rig_open(true);
    registry_init(&r, &rig_plan, (struct hash_key){1, 2});
    struct registry_entry *a = registry_get(&r, S("a"), 5, 10);
    CHECK(a->decided_us[JOB_FULL] == 5 && !a->greeted);
    a->greeted = true;
    CHECK(registry_get(&r, S("a"), 7, 11) == a && a->greeted && a->decided_us[JOB_FULL] == 5);
    for (int i = 0; i < SERVICE_CONNECTORS_MAX; i++) {
        u8 id[4] = {'x', (u8)('a' + i % 26), (u8)('a' + i / 26 % 26), (u8)('a' + i / 676)};
        (void)registry_get(&r, str_make(id, 4), 20, 20 + i);
    }
    CHECK(r.count == SERVICE_CONNECTORS_MAX);
    CHECK(!registry_get(&r, S("a"), 30, 9999)->greeted); // it was the oldest
}

static void test_budget_counts_refusals_not_weather(void)
{
    struct budget b;
    budget_init(&b, 2, 1000, 0);
    for (int i = 0; i < 1000; i++) {
        budget_note(&b, FAIL(ES_BUSY), i);
        budget_note(&b, FAIL(NET_REFUSED), i);
    }
    CHECK(!b.spent);
    budget_note(&b, FAIL(ES_FORBIDDEN), 10);
    budget_note(&b, FAIL(ES_FORBIDDEN), 20);
    CHECK(!b.spent);
    budget_note(&b, FAIL(ES_FORBIDDEN), 2000); // a new span
    budget_note(&b, FAIL(ES_FORBIDDEN), 2001);
    CHECK(!b.spent);
    budget_note(&b, FAIL(ES_FORBIDDEN), 2002);
    CHECK(b.spent);
}

// ---- preflight

#define ROOT                                                                                    \
    "{\"version\":{\"number\":\"9.1.0\",\"build_flavor\":\"default\"},\"tagline\":\"You Know, " \
    "for Search\"}"

static struct preflight flight;

static enum work go(void)
{
    enum work work = WORK_STEP;
    for (int i = 0; i < 16 && work == WORK_STEP; i++) {
        work = preflight_step(&flight, now);
    }
    return work;
}

static void open_flight(void)
{
    static const char *const ids[] = {"a"};
    rig_open(true);
    use_ids(ids, 1);
    rig_settings.initial_backoff_ms = 1000;
    rig_settings.backoff_multiplier = 2;
    rig_settings.max_wait_ms = 5000;
    rig_settings.preflight_idle_ms = 100;
    rig_settings.preflight_max_attempts = 1;
    now.mono_ms = 1000;
    preflight_init(&flight, &rig_worker);
}

static void test_a03_a04_backoff_and_its_end(void)
{
    static const i64 pauses[] = {1000, 2000, 2000}; // the last is cut at the end of patience
    open_flight();
    for (int i = 0; i < COUNT(pauses); i++) {
        CHECK(go() == WORK_CALL);
        CHECK_STR(rig_answer(0, ""), S("GET / "));
        CHECK(go() == WORK_WAIT);
        CHECK(rig_worker.wait_until_ms == now.mono_ms + pauses[i]);
        now.mono_ms += pauses[i];
    }
    CHECK(go() == WORK_CALL);
    (void)rig_answer(0, "");
    CHECK(go() == WORK_DONE);
    CHECK_ERR(flight.error, SERVICE_UNREACHABLE);
}

static void test_a01_a02_missing_index_is_made(void)
{
    open_flight();
    CHECK(go() == WORK_CALL);
    (void)rig_answer(200, ROOT);
    CHECK(go() == WORK_CALL);
    CHECK_STR(rig_answer(200, ""), S("HEAD /.elastic-connectors-v1 "));
    CHECK(go() == WORK_CALL);
    CHECK_STR(rig_answer(404, ""), S("HEAD /.elastic-connectors-sync-jobs-v1 "));
    CHECK(go() == WORK_CALL);
    CHECK_STR(rig_answer(200, "{}"), S("PUT /.elastic-connectors-sync-jobs-v1 "));
    CHECK(go() == WORK_DONE);
    CHECK_OK(flight.error);
}

static void test_preflight_gives_up_on_the_indices(void)
{
    open_flight();
    CHECK(go() == WORK_CALL);
    (void)rig_answer(200, ROOT);
    CHECK(go() == WORK_CALL);
    (void)rig_answer(403, "");
    CHECK(go() == WORK_WAIT);
    now.mono_ms += 100;
    CHECK(go() == WORK_CALL);
    (void)rig_answer(403, "");
    CHECK(go() == WORK_DONE);
    CHECK_ERR(flight.error, SERVICE_INDICES);
}

// ---- the worker

static enum work fill_step(void *st, struct moment at)
{
    (void)at;
    bool *done = st;
    buf_put(&rig_worker.call.body, S("a-secret"));
    buf_put(&rig_worker.call.answer, S("a-secret"));
    buf_put(&rig_worker.record, S("a-secret"));
    memcpy(arena_must(&rig_worker.texts, 16, 1), "a-secret", 8);
    return *done ? WORK_DONE : WORK_WAIT;
}

static bool rig_holds_secret(void)
{
    return str_find(str_make(rig_arena.p, rig_arena.n), S("a-secret")) >= 0;
}

static void test_worker_keeps_no_record(void)
{
    bool done = false;
    struct routine routine = {.step = fill_step, .st = &done};
    rig_open(true);
    CHECK(!worker_turn(&rig_worker, &routine, now) && rig_holds_secret());
    worker_stop(&rig_worker);
    CHECK(!rig_holds_secret());
    rig_open(true);
    done = true;
    CHECK(worker_turn(&rig_worker, &routine, now));
    CHECK(!rig_holds_secret());
}

static const struct test_case cases[] = {
    CASE(test_round_reads_every_page),
    CASE(test_round_asks_for_less_when_a_page_is_too_large),
    CASE(test_round_of_a_broken_index_is_an_error),
    CASE(test_round_without_connectors_asks_nothing),
    CASE(test_registry_keeps_and_makes_room),
    CASE(test_budget_counts_refusals_not_weather),
    CASE(test_a03_a04_backoff_and_its_end),
    CASE(test_a01_a02_missing_index_is_made),
    CASE(test_preflight_gives_up_on_the_indices),
    CASE(test_worker_keeps_no_record),
};

TEST_MAIN(cases)
