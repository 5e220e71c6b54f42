// SPDX-License-Identifier: Apache-2.0
// elastic/scan: pages, fields of hits, a visitor that waits, and everything that makes a scan
// partial (acceptance 94).
#include "machine.h"

#include "elastic/scan.h"
#include "limits.h"

static const struct dest dest = {.label = "Elasticsearch"};
static struct elastic es;
static struct scan s;
static struct machine m;

// What the visitor saw: "id|doc_id|timestamp|owner|type\n" each.
static u8 seen_space[1 << 16];
static struct buf seen;
static int refusals;    // the next so many visits are refused
static int refuse_each; // every hit is refused so often
static int refused;

static bool visit(void *st, const struct scan_hit *hit)
{
    CHECK(st == &seen);
    if (refusals > 0) {
        refusals--;
        return false;
    }
    if (refused < refuse_each) {
        refused++;
        return false;
    }
    refused = 0;
    str fields[] = {hit->id, hit->doc_id, hit->timestamp, hit->owner, hit->type};
    for (isize i = 0; i < COUNT(fields); i++) {
        buf_put(&seen, fields[i]);
        buf_put_byte(&seen, i + 1 < COUNT(fields) ? '|' : '\n');
    }
    return true;
}

static void start(void)
{
    static u8 memory[1 << 17] __attribute__((aligned(16)));
    static struct arena arena;
    static struct plan plan;
    if (!plan.arena) {
        arena = arena_over(memory, COUNT(memory));
        plan.arena = &arena;
        scan_init(&s, &plan);
        arena_close(&arena);
    }
    elastic_init(&es, &(struct elastic_settings){.dest = &dest, .max_retries = 3});
    seen = buf_over(seen_space, COUNT(seen_space));
    refusals = 0;
    refused = 0;
    scan_start(&s, &es, S("mail"), visit, &seen);
    machine_init(&m, &scan_ops, &s);
}

static enum step scan_with(isize step_bytes, const struct machine_answer *answers, isize count)
{
    start();
    m.step_bytes = step_bytes;
    return machine_run(&m, answers, count);
}

#define RUN(...)                                               \
    scan_with(1, (const struct machine_answer[]){__VA_ARGS__}, \
              COUNT(((const struct machine_answer[]){__VA_ARGS__})))

#define SHARDS \
    "\"timed_out\":false,\"_shards\":{\"total\":1,\"successful\":1,\"skipped\":0,\"failed\":0}"
#define PAGE_OF(total, hits)                                                                   \
    "{\"_scroll_id\":\"c2Nyb2xs\",\"took\":1," SHARDS ",\"hits\":{\"total\":{\"value\":" total \
    ",\"relation\":\"eq\"},\"max_score\":null,\"hits\":[" hits "]}}"
#define HIT(id) \
    "{\"_index\":\"mail\",\"_id\":\"" id "\",\"_score\":null,\"_source\":{},\"sort\":[0]}"
#define CLEARED ANSWER(200, "{\"succeeded\":true,\"num_freed\":1}")

static void test_scan_next_two_pages(void)
{
    CHECK(RUN(ANSWER(200, PAGE_OF("3", HIT("a") "," HIT("b"))), ANSWER(200, PAGE_OF("3", HIT("c"))),
              ANSWER(200, PAGE_OF("3", "")), CLEARED) == STEP_DONE);
    CHECK_OK(s.error);
    CHECK(s.hits == 3 && s.unread_hits == 0);
    CHECK_STR(buf_str(&seen), S("a|a|||\nb|b|||\nc|c|||\n"));
    CHECK(m.request_count == 4);
    CHECK_STR(machine_target(&m, 0), S("/mail/_search?scroll=5m"));
    CHECK_STR(machine_body(&m, 0),
              S("{\"size\":1000,\"sort\":[\"_doc\"],\"_source\":[\"id\",\"_timestamp\","
                "\"_allow_access_control\",\"type\"]}"));
    CHECK_STR(machine_target(&m, 1), S("/_search/scroll"));
    CHECK_STR(machine_body(&m, 1), S("{\"scroll_id\":\"c2Nyb2xs\",\"scroll\":\"5m\"}"));
    CHECK_STR(machine_method(&m, 3), S("DELETE"));
    CHECK_STR(machine_target(&m, 3), S("/_search/scroll"));
    CHECK_STR(machine_body(&m, 3), S("{\"scroll_id\":\"c2Nyb2xs\"}"));
    CHECK(m.requests[0].flags & EXCHANGE_GZIP);
}

static void test_scan_next_no_index(void)
{
    CHECK(RUN(ANSWER(404, "{\"error\":{\"type\":\"index_not_found_exception\"}}")) == STEP_DONE);
    CHECK_OK(s.error);
    CHECK(s.hits == 0);
    CHECK(RUN(ANSWER(200, PAGE_OF("0", "")), CLEARED) == STEP_DONE);
    CHECK(s.hits == 0);
}

#define HIT_WITH(source) "{\"_index\":\"mail\",\"_id\":\"d\",\"_source\":{" source "}}"

static void check_hit(str page, str want)
{
    static const isize steps[] = {1, 7, 0};
    for (isize i = 0; i < COUNT(steps); i++) {
        struct machine_answer answers[] = {ANSWER_STR(200, test_guarded(page)),
                                           ANSWER(200, PAGE_OF("1", "")), CLEARED};
        CHECK(scan_with(steps[i], answers, COUNT(answers)) == STEP_DONE);
        CHECK_STR(buf_str(&seen), want);
    }
}

static void test_scan_body_fields(void)
{
    check_hit(S(PAGE_OF("1", HIT_WITH("\"id\":\"i\",\"_timestamp\":\"2024-01-01\","
                                      "\"_allow_access_control\":[\"a@x\"],\"type\":\"Mail\""))),
              S("i|d|\"2024-01-01\"|a@x|Mail\n"));
    check_hit(S(PAGE_OF("1", HIT_WITH("\"id\":null,\"_timestamp\":null"))), S("d|d|null||\n"));
    check_hit(S(PAGE_OF("1", HIT_WITH("\"id\":17,\"_timestamp\":1721"))), S("17|d|1721||\n"));
    check_hit(S(PAGE_OF("1", HIT_WITH("\"_allow_access_control\":[\"a\",\"b\"]"))), S("d|d|||\n"));
    check_hit(S(PAGE_OF("1", HIT_WITH("\"_allow_access_control\":[]"))), S("d|d|||\n"));
    check_hit(S(PAGE_OF("1", HIT_WITH("\"_allow_access_control\":\"a\""))), S("d|d||a|\n"));
    check_hit(S(PAGE_OF("1", HIT_WITH("\"_allow_access_control\":[7],\"type\":7"))), S("d|d|||\n"));
    check_hit(S(PAGE_OF("1", HIT_WITH("\"id\":\"\\u00fc\\\"\\\\\",\"type\":\"a\\u002fb\""))),
              S("\xc3\xbc\"\\|d|||a/b\n"));
    check_hit(S(PAGE_OF("1", "{\"_id\":\"d\"}")), S("d|d|||\n"));
}

// What cannot be read is never shown, so never deleted; the rest goes on.
static void test_scan_body_unread(void)
{
    static u8 space[40000];
    static const isize steps[] = {1, 1000, 0};
    for (isize i = 0; i < COUNT(steps); i++) {
        struct buf page = buf_over(space, COUNT(space));
        buf_put(&page, S("{\"_scroll_id\":\"c2Nyb2xs\"," SHARDS
                         ",\"hits\":{\"total\":{\"value\":5,\"relation\":"
                         "\"eq\"},\"hits\":[" HIT("a") ",{\"_id\":\"b\",\"_source\":{\"type\":\""));
        buf_put_fill(&page, 'x', SCAN_ELEMENT_BYTES);
        buf_put(&page, S("\"}},{\"_id\":\"\"},{\"_id\":\""));
        buf_put_fill(&page, 'y', ELASTIC_ID_BYTES + 1);
        buf_put(&page, S("\"}," HIT("c") "]}}"));
        struct machine_answer answers[] = {ANSWER_STR(200, buf_str(&page)),
                                           ANSWER(200, PAGE_OF("5", "")), CLEARED};
        CHECK(scan_with(steps[i], answers, COUNT(answers)) == STEP_DONE);
        CHECK_STR(buf_str(&seen), S("a|a|||\nc|c|||\n"));
        CHECK(s.hits == 2 && s.unread_hits == 3);
    }
}

// A hit that is refused comes again, the same one, and nothing behind it comes before it.
static void test_scan_body_waits(void)
{
    static const isize steps[] = {1, 5, 0};
    for (isize i = 0; i < COUNT(steps); i++) {
        for (int each = 0; each < 4; each++) {
            refuse_each = each;
            struct machine_answer answers[] = {
                ANSWER(200, PAGE_OF("3", HIT("a") "," HIT("b") "," HIT("c"))),
                ANSWER(200, PAGE_OF("3", "")), CLEARED};
            CHECK(scan_with(steps[i], answers, COUNT(answers)) == STEP_DONE);
            CHECK_STR(buf_str(&seen), S("a|a|||\nb|b|||\nc|c|||\n"));
            CHECK(s.hits == 3);
            CHECK((m.stalls > 0) == (each > 1)); // the first refusal takes the hit's bytes
        }
    }
    refuse_each = 0;
}

static void test_scan_body_takes_nothing_while_waiting(void)
{
    start();
    CHECK(machine_next(&m) == STEP_REQUEST);
    struct http_head head = {.status = 200};
    CHECK_OK(scan_ops.head(&s, &m.x, &head));
    refusals = 1000;
    str in = S(PAGE_OF("1", HIT("a")));
    str all = in;
    CHECK_OK(scan_ops.body(&s, &m.x, &in));
    CHECK(in.n > 0 && in.n < all.n);
    isize left = in.n;
    for (int i = 0; i < 10; i++) {
        CHECK_OK(scan_ops.body(&s, &m.x, &in));
        CHECK(in.n == left);
    }
    refusals = 0;
    CHECK_OK(scan_ops.body(&s, &m.x, &in));
    CHECK(in.n == 0);
    CHECK_OK(scan_ops.end(&s, &m.x));
    CHECK_STR(buf_str(&seen), S("a|a|||\n"));
}

static void test_scan_end_shards(void)
{
    CHECK(RUN(ANSWER(
                  200,
                  "{\"_scroll_id\":\"x\",\"timed_out\":false,\"_shards\":{\"total\":2,"
                  "\"successful\":1,"
                  "\"skipped\":0,\"failed\":1,\"failures\":[{\"reason\":{\"type\":\"t\",\"reason\":"
                  "\"r\"}}]},\"hits\":{\"hits\":[]}}"),
              CLEARED) == STEP_FAILED);
    CHECK_ERR(s.error, ES_SHARDS);
    CHECK_STR(buf_str(&s.detail), S("shards failed: t: r"));
    CHECK_STR(machine_body(&m, 1), S("{\"scroll_id\":\"x\"}")); // the scroll is closed all the same
    CHECK(RUN(ANSWER(200, "{\"_scroll_id\":\"x\",\"timed_out\":true,\"_shards\":{\"total\":1,"
                          "\"successful\":1,"
                          "\"failed\":0},\"hits\":{\"hits\":[]}}"),
              CLEARED) == STEP_FAILED);
    CHECK_ERR(s.error, ES_SHARDS);
    CHECK_STR(buf_str(&s.detail), S("timed out"));
    // Skipped shards were reached.
    CHECK(RUN(ANSWER(200, "{\"_scroll_id\":\"x\",\"timed_out\":false,\"_shards\":{\"total\":3,"
                          "\"successful\":1,"
                          "\"skipped\":2,\"failed\":0},\"hits\":{\"hits\":[]}}"),
              CLEARED) == STEP_DONE);
    // On a later page too.
    CHECK(RUN(ANSWER(200, PAGE_OF("2", HIT("a"))),
              ANSWER(200, "{\"_scroll_id\":\"x\",\"timed_out\":false,\"_shards\":{\"total\":2,"
                          "\"successful\":1,"
                          "\"failed\":1},\"hits\":{\"hits\":[" HIT("b") "]}}"),
              CLEARED) == STEP_FAILED);
    CHECK_ERR(s.error, ES_SHARDS);
}

// Pages without end, and a page without end: they fail as soon as there is more than there can be.
static void test_scan_body_endless(void)
{
    struct machine_answer more = ANSWER(200, PAGE_OF("3", HIT("a") "," HIT("b")));
    struct machine_answer endless[] = {more, more, more, more, CLEARED};
    CHECK(scan_with(0, endless, COUNT(endless)) == STEP_FAILED);
    CHECK_ERR(s.error, ES_SCROLL_LOST);
    CHECK(m.request_count == 3 && s.hits == 4); // two pages, and the scroll is given back
    CHECK_STR(buf_str(&s.detail), S("3 documents were to be listed, and there came more"));

    CHECK(RUN(ANSWER(200, PAGE_OF("1", HIT("a") "," HIT("b"))), CLEARED) == STEP_FAILED);
    CHECK_ERR(s.error, ES_SCROLL_LOST);

    static u8 bytes[1 << 18];
    struct buf page = buf_over(bytes, COUNT(bytes));
    buf_put(&page, S("{\"_scroll_id\":\"c2Nyb2xs\"," SHARDS ",\"hits\":{\"total\":{\"value\":99999,"
                     "\"relation\":\"eq\"},\"hits\":[" HIT("a")));
    for (int i = 0; i < SCAN_PAGE_HITS; i++) {
        buf_put(&page, S("," HIT("b")));
    }
    struct machine_answer long_page[] = {ANSWER_STR(200, buf_str(&page)),
                                         CLEARED}; // not even ended
    CHECK(!page.full && scan_with(0, long_page, COUNT(long_page)) == STEP_FAILED);
    CHECK_ERR(s.error, ES_SCROLL_LOST);
    CHECK(s.hits == SCAN_PAGE_HITS + 1);
}

static void test_scan_end_lost(void)
{
    // The scroll expired.
    CHECK(
        RUN(ANSWER(200, PAGE_OF("2", HIT("a"))),
            ANSWER(
                404,
                "{\"error\":{\"type\":\"search_context_missing_exception\",\"reason\":\"No search "
                "context\"}}"),
            ANSWER(404, "{}")) == STEP_FAILED);
    CHECK_ERR(s.error, ES_SCROLL_LOST);
    // A page was lost by a retry: fewer hits than announced.
    CHECK(RUN(ANSWER(200, PAGE_OF("2", HIT("a"))), LOST(NET_RESET), ANSWER(200, PAGE_OF("2", "")),
              CLEARED) == STEP_FAILED);
    CHECK_ERR(s.error, ES_SCROLL_LOST);
    CHECK_STR(buf_str(&s.detail), S("1 documents were listed of 2"));
    // A page was shown twice.
    CHECK(RUN(ANSWER(200, PAGE_OF("1", HIT("a"))), ANSWER(200, PAGE_OF("1", HIT("a"))),
              ANSWER(200, PAGE_OF("1", "")), CLEARED) == STEP_FAILED);
    CHECK_ERR(s.error, ES_SCROLL_LOST);
    // The retry lost nothing.
    CHECK(RUN(ANSWER(200, PAGE_OF("1", HIT("a"))), ANSWER(503, ""), LOST(NET_RESET),
              ANSWER(200, PAGE_OF("1", "")), CLEARED) == STEP_DONE);
    // The total may be a lower bound.
    CHECK(RUN(ANSWER(200, "{\"_scroll_id\":\"x\"," SHARDS
                          ",\"hits\":{\"total\":{\"value\":9,\"relation\":"
                          "\"gte\"},\"hits\":[]}}"),
              CLEARED) == STEP_DONE);
}

// A page that breaks off after a hit was shown is not asked again.
static void test_scan_next_broken_page(void)
{
    struct machine_answer cut = ANSWER(200,
                                       "{\"_scroll_id\":\"x\",\"hits\":{\"hits\":[" HIT("a") ",{");
    cut.lost = FAIL(NET_RESET);
    struct machine_answer answers[] = {ANSWER(200, PAGE_OF("2", HIT("b"))), cut, CLEARED};
    CHECK(scan_with(1, answers, COUNT(answers)) == STEP_FAILED);
    CHECK_ERR(s.error, ES_SCROLL_LOST);
    CHECK(m.request_count == 3);
    CHECK_STR(machine_method(&m, 2), S("DELETE"));
    // The first page: there is no scroll to close that we know of.
    CHECK(scan_with(1, &cut, 1) == STEP_FAILED);
    CHECK_ERR(s.error, ES_SCROLL_LOST);
    CHECK(m.request_count == 1);
    // Before the first hit it is asked again.
    cut.body = S("{\"_scroll_id\":\"x\",\"hits\":{\"hits\":[");
    struct machine_answer again[] = {cut, ANSWER(200, PAGE_OF("0", "")), CLEARED};
    CHECK(scan_with(1, again, COUNT(again)) == STEP_DONE);
}

static void test_scan_end_refused(void)
{
    CHECK(RUN(ANSWER(403, "{\"error\":{\"type\":\"security_exception\",\"reason\":\"no\"}}")) ==
          STEP_FAILED);
    CHECK_ERR(s.error, ES_FORBIDDEN);
    CHECK_STR(buf_str(&s.detail),
              S("listing index [mail] (privilege read): security_exception: no"));
    CHECK(RUN(ANSWER(401, "")) == STEP_FAILED);
    CHECK_ERR(s.error, ES_UNAUTHORIZED);
    CHECK(RUN(ANSWER(400, "{\"error\":\"bad\"}")) == STEP_FAILED);
    CHECK_ERR(s.error, ES_REFUSED);
    CHECK(RUN(ANSWER(206, PAGE_OF("0", ""))) == STEP_FAILED);
    CHECK_ERR(s.error, ES_ANSWER);
    CHECK(RUN(ANSWER(503, ""), ANSWER(503, ""), ANSWER(503, "")) == STEP_FAILED);
    CHECK_ERR(s.error, HTTP_BUSY);
}

static void test_scan_end_malformed(void)
{
    const char *pages[] = {
        "",
        "{",
        "<html>",
        "{\"hits\":{\"hits\":[{]}}",
        "[]",
        "{}",
        "{\"_scroll_id\":7,\"hits\":{\"hits\":[]}}",
        "{\"_scroll_id\":\"\",\"hits\":{\"hits\":[]}}",
        "{\"hits\":{\"hits\":[]}} x",
    };
    for (isize i = 0; i < COUNT(pages); i++) {
        struct machine_answer page = ANSWER_STR(200, str_from(pages[i]));
        CHECK(scan_with(1, &page, 1) == STEP_FAILED);
        CHECK_ERR(s.error, ES_ANSWER);
    }
}

static void test_scan_end_long_scroll_id(void)
{
    static u8 space[SCAN_REST_BYTES * 2];
    for (int big = 0; big < 2; big++) {
        struct buf page = buf_over(space, COUNT(space));
        buf_put(&page, S("{\"_scroll_id\":\""));
        buf_put_fill(&page, 'A', big ? SCAN_SCROLL_ID_BYTES + 1 : SCAN_SCROLL_ID_BYTES);
        buf_put(&page, S("\"," SHARDS ",\"hits\":{\"hits\":[]}}"));
        struct machine_answer answers[] = {ANSWER_STR(200, buf_str(&page)), CLEARED};
        CHECK(scan_with(100, answers, COUNT(answers)) == (big ? STEP_FAILED : STEP_DONE));
        CHECK(big ? err_is(s.error, ERR_ES_ANSWER) : err_ok(s.error));
        CHECK(m.request_count == (big ? 1 : 2));
    }
}

// A failing DELETE does not make a good scan bad, and is tried once.
static void test_scan_fail_clear(void)
{
    CHECK(RUN(ANSWER(200, PAGE_OF("0", "")), ANSWER(500, "")) == STEP_DONE);
    CHECK(RUN(ANSWER(200, PAGE_OF("0", "")), LOST(NET_RESET)) == STEP_DONE);
    CHECK(m.request_count == 2);
    CHECK_OK(s.error);
}

static const struct test_case cases[] = {
    CASE(test_scan_next_two_pages),     CASE(test_scan_next_no_index),
    CASE(test_scan_body_fields),        CASE(test_scan_body_unread),
    CASE(test_scan_body_waits),         CASE(test_scan_body_takes_nothing_while_waiting),
    CASE(test_scan_end_shards),         CASE(test_scan_end_lost),
    CASE(test_scan_body_endless),       CASE(test_scan_next_broken_page),
    CASE(test_scan_end_refused),        CASE(test_scan_end_malformed),
    CASE(test_scan_end_long_scroll_id), CASE(test_scan_fail_clear),
};

TEST_MAIN(cases)
