// SPDX-License-Identifier: Apache-2.0
// elastic/connector: reading records whole, hostile and in parts, and every body that is written.
#include "records.h"

#include "elastic/answers.h"

static struct connector c;
static u8 out_space[64 * 1024];
static struct buf out;

static struct buf *fresh(void)
{
    out = buf_over(out_space, COUNT(out_space));
    return &out;
}

#define PUT(call, want)                 \
    do {                                \
        struct buf *b = fresh();        \
        call;                           \
        CHECK_STR(buf_str(b), S(want)); \
        CHECK(!b->full);                \
        records_check_json(buf_str(b)); \
    } while (0)

// The time 2026-10-05T04:03:02.000100Z.
#define NOW 1791172982000100

#define SOURCE                                                                                     \
    "{\"api_key_id\":null,\"configuration\":{\"subject\":" FIELD_PROPERTIES(                       \
        1, "Admin", "str",                                                                         \
        "\"a@b.example\"") "},\"custom_scheduling\":{},\"deleted\":false,"                         \
                           "\"error\":null,\"features\":" RECORD_FEATURES                          \
                           ",\"filtering\":[{\"domain\":\"OTHER\"},"                               \
                           "{\"domain\":\"DEFAULT\",\"active\":" RECORD_FILTER(                    \
                               "valid") ",\"draft\":" RECORD_FILTER("edited") "}],\"index_name\":" \
                                                                              "\"search-post\","   \
                                                                              "\"is_native\":"     \
                                                                              "false,"             \
                                                                              "\"language\":"      \
                                                                              "\"de\","            \
                                                                              "\"last_access_"     \
                                                                              "control_sync_"      \
                                                                              "status\":"          \
                                                                              "\"error\",\"last_"  \
                                                                              "access_control_"    \
                                                                              "sync_scheduled_"    \
                                                                              "at\":"              \
                                                                              "null,\"last_"       \
                                                                              "incremental_sync_"  \
                                                                              "scheduled_at\":"    \
                                                                              "\"2026-10-05T04:"   \
                                                                              "03:02.000100+00:"   \
                                                                              "00\","              \
                                                                              "\"last_seen\":"     \
                                                                              "\"2026-10-05T04:"   \
                                                                              "03:02."             \
                                                                              "000100999Z\","      \
                                                                              "\"last_sync_"       \
                                                                              "scheduled_at\":"    \
                                                                              "\"2026-10-05T06:"   \
                                                                              "03:02.0001+02:"     \
                                                                              "00\",\"last_sync_"  \
                                                                              "status\":"          \
                                                                              "\"completed\","     \
                                                                              "\"name\":\"Post\"," \
                                                                              "\"pipeline\""       \
                                                                              ":" RECORD_PIPELINE  \
                                                                              ",\"scheduling\":{"  \
                                                                              "\"full\":{"         \
                                                                              "\"enabled\":true,"  \
                                                                              "\"interval\":"      \
                                                                              "\"0 0 9 * * "       \
                                                                              "?\"},"              \
                                                                              "\"incremental\":{"  \
                                                                              "\"enabled\":false," \
                                                                              "\"interval\":\"0 "  \
                                                                              "0 0 * * ?\"},"      \
                                                                              "\"access_"          \
                                                                              "control\":{"        \
                                                                              "\"enabled\":true,"  \
                                                                              "\"interval\":\"0 "  \
                                                                              "5 0 * * "           \
                                                                              "?\"}},\"service_"   \
                                                                              "type\":"            \
                                                                              "\"gmail\","         \
                                                                              "\"status\":"        \
                                                                              "\"configured\","    \
                                                                              "\"sync_cursor\":"   \
                                                                              "null,\"sync_now\":" \
                                                                              "false,\"unheard_"   \
                                                                              "of\":"              \
                                                                              "{\"of\":[1,{\"x\":" \
                                                                              "[]}]}}"

static void test_connector_read_whole(void)
{
    CHECK_OK(records_read_connector(&c, S(RECORD_HIT("post-1", SOURCE))));
    CHECK_STR(buf_str(&records.detail), S(""));
    CHECK_STR(c.id, S("post-1"));
    CHECK(c.seq_no == 41 && c.primary_term == 3 && !c.deleted && !c.is_native);
    CHECK(c.status == CONNECTOR_CONFIGURED);
    CHECK_STR(c.service_type, S("gmail"));
    CHECK_STR(c.index_name, S("search-post"));
    CHECK_STR(c.last_sync_status, S("completed"));
    CHECK_STR(c.last_access_control_sync_status, S("error"));
    CHECK(c.last_seen_us == NOW);
    CHECK(c.schedules[JOB_FULL].enabled && c.schedules[JOB_FULL].last_scheduled_us == NOW);
    CHECK_STR(c.schedules[JOB_FULL].interval, S("0 0 9 * * ?"));
    CHECK(!c.schedules[JOB_INCREMENTAL].enabled);
    CHECK(c.schedules[JOB_INCREMENTAL].last_scheduled_us == NOW);
    CHECK(c.schedules[JOB_ACCESS_CONTROL].last_scheduled_us == INT64_MIN);
    CHECK_STR(c.schedules[JOB_ACCESS_CONTROL].interval, S("0 5 0 * * ?"));
    CHECK(c.features.present && c.features.document_level_security);
    CHECK(c.features.incremental_sync && c.features.sync_rules_basic);
    CHECK(c.features.sync_rules_advanced && connector_rules_are_on(&c));
    CHECK(json_equals(&c.json, json_path(&c.json, c.draft, S("validation.state")), S("edited")));
    CHECK(json_equals(&c.json, json_path(&c.json, c.active, S("validation.state")), S("valid")));
    CHECK(json_size(&c.json, c.filtering) == 2 && json_size(&c.json, c.configuration) == 1);
    CHECK(json_equals(&c.json, json_get(&c.json, c.pipeline, S("name")), S("post-office")));
}

static void test_connector_read_doc_answer(void)
{
    CHECK_OK(records_read_connector(
        &c, S("{\"_index\":\"i\",\"_id\":\"a/b c\\u00e9\\\"\",\"_version\":7,"
              "\"_seq_no\":0,\"_primary_term\":1,\"found\":true,"
              "\"_source\":{\"status\":\"created\"}}")));
    CHECK_STR(c.id, S("a/b c\xc3\xa9\""));
    CHECK(c.seq_no == 0 && c.status == CONNECTOR_CREATED && c.configuration == -1);
    CHECK(c.filtering == -1 && c.draft == -1 && c.active == -1 && c.pipeline == -1);
    CHECK(!c.features.present && !connector_rules_are_on(&c));
    CHECK(c.last_seen_us == INT64_MIN && c.service_type.n == 0 && c.index_name.n == 0);
    CHECK_OK(records_read_connector(&c, S("{\"_id\":\"c\",\"_source\":{}}")));
    CHECK(c.seq_no == -1 && c.primary_term == -1 && c.status == CONNECTOR_UNKNOWN);
}

static void test_connector_read_wrong_types(void)
{
    CHECK_OK(records_read_connector(
        &c,
        S(RECORD_HIT("c", "{\"configuration\":[],\"deleted\":\"yes\",\"features\":true,"
                          "\"filtering\":{},\"index_name\":5,\"is_native\":1,\"last_seen\":\"x\","
                          "\"pipeline\":\"p\",\"scheduling\":{\"full\":{\"enabled\":1,"
                          "\"interval\":null},\"incremental\":[],\"access_control\":{\"enabled\":"
                          "true,\"interval\":\"\"}},\"service_type\":{},\"status\":\"odd\","
                          "\"last_sync_status\":null}"))));
    CHECK(c.status == CONNECTOR_UNKNOWN && !c.deleted && !c.is_native && c.configuration == -1);
    CHECK(c.index_name.n == 0 && c.service_type.n == 0 && c.pipeline == -1 && c.filtering == -1);
    CHECK(!c.schedules[JOB_FULL].enabled && c.schedules[JOB_ACCESS_CONTROL].enabled);
    CHECK_STR(buf_str(&records.detail),
              S("deleted: neither true nor false; is_native: neither true nor false; status: none "
                "of those that are known; service_type: not a string; index_name: not a string; "
                "last_seen: not a time; scheduling.full.enabled: neither true nor false; "
                "scheduling.incremental: not an object; scheduling.access_control.interval: empty; "
                "features: not an object; filtering: not an array; configuration: not an object; "
                "pipeline: not an object"));
}

static void test_connector_read_nulls(void)
{
    CHECK_OK(records_read_connector(
        &c, S(RECORD_HIT("c", "{\"configuration\":null,\"deleted\":null,\"features\":null,"
                              "\"filtering\":null,\"index_name\":null,\"is_native\":null,"
                              "\"last_seen\":null,\"pipeline\":null,\"scheduling\":null,"
                              "\"service_type\":null,\"status\":\"connected\"}"))));
    CHECK_STR(buf_str(&records.detail), S(""));
    CHECK(c.status == CONNECTOR_CONNECTED && c.configuration == -1 && !c.features.present);
}

static void test_connector_read_old_features(void)
{
    CHECK_OK(records_read_connector(
        &c, S(RECORD_HIT("c", "{\"status\":\"error\",\"features\":{\"filtering_rules\":true,"
                              "\"filtering_advanced_config\":false}}"))));
    CHECK(c.status == CONNECTOR_ERROR && c.features.sync_rules_basic);
    CHECK(!c.features.sync_rules_advanced && connector_rules_are_on(&c));
    CHECK_OK(records_read_connector(
        &c, S(RECORD_HIT("c", "{\"features\":{\"filtering_advanced_config\":true}}"))));
    CHECK(c.features.sync_rules_advanced && connector_rules_are_on(&c));
}

static void test_connector_read_epoch_times(void)
{
    CHECK_OK(records_read_connector(
        &c, S(RECORD_HIT("c", "{\"last_seen\":1791172982001,\"last_sync_scheduled_at\":"
                              "999999999999999999}"))));
    CHECK(c.last_seen_us == 1791172982001000);
    CHECK(c.schedules[JOB_FULL].last_scheduled_us == INT64_MIN);
}

static void test_connector_read_refuses(void)
{
    static const struct {
        str hit, why;
    } bad[] = {
        {S(""), S("not JSON")},
        {S("[]"), S("no usable _id")},
        {S("{\"_id\":7,\"_source\":{}}"), S("no usable _id")},
        {S("{\"_id\":\"\",\"_source\":{}}"), S("no usable _id")},
        {S("{\"_id\":\"c\"}"), S("_source is not an object")},
        {S("{\"_id\":\"c\",\"found\":false}"), S("_source is not an object")},
        {S("{\"_id\":\"c\",\"_source\":[1]}"), S("_source is not an object")},
        {S("{\"_id\":\"c\",\"_source\":{}"), S("not JSON")},
    };
    for (isize i = 0; i < COUNT(bad); i++) {
        CHECK_ERR(records_read_connector(&c, bad[i].hit), CONNECTOR_RECORD);
        CHECK_STR(buf_str(&records.detail), bad[i].why);
    }
}

static void test_connector_read_deep(void)
{
    struct buf *b = fresh();
    buf_put(b, S("{\"_id\":\"c\",\"_source\":{\"x\":"));
    buf_put_fill(b, '[', JSON_DEPTH_MAX);
    buf_put_fill(b, ']', JSON_DEPTH_MAX);
    buf_put(b, S("}}"));
    CHECK_ERR(records_read_connector(&c, buf_str(b)), CONNECTOR_TOO_LARGE);
    CHECK_STR(buf_str(&records.detail), S("nested too deeply"));
}

static u8 huge[CONNECTOR_RECORD_BYTES + 64];

static void test_connector_read_too_large(void)
{
    struct buf b = buf_over(huge, COUNT(huge));
    buf_put(&b, S("{\"_id\":\"c\",\"_source\":{\"description\":\""));
    buf_put_fill(&b, 'x', CONNECTOR_RECORD_BYTES - b.n - 3);
    buf_put(&b, S("\"}}"));
    CHECK(b.n == CONNECTOR_RECORD_BYTES);
    CHECK_OK(records_read_connector(&c, buf_str(&b)));
    buf_put(&b, S(" "));
    CHECK_ERR(records_read_connector(&c, buf_str(&b)), CONNECTOR_TOO_LARGE);
    buf_reset(&b);
    buf_put(&b, S("{\"_id\":\"c\",\"_source\":{\"x\":[0"));
    for (int i = 0; i < CONNECTOR_NODES; i++) {
        buf_put(&b, S(",0"));
    }
    buf_put(&b, S("]}}"));
    CHECK_ERR(records_read_connector(&c, buf_str(&b)), CONNECTOR_TOO_LARGE);
    CHECK_STR(buf_str(&records.detail), S("more values than there is room for"));
    buf_reset(&b);
    buf_put(&b, S("{\"_id\":\""));
    buf_put_fill(&b, 'i', CONNECTOR_ID_BYTES + 1);
    buf_put(&b, S("\",\"_source\":{}}"));
    CHECK_ERR(records_read_connector(&c, buf_str(&b)), CONNECTOR_TOO_LARGE);
    buf_reset(&b);
    buf_put(&b, S("{\"_id\":\"c\",\"_source\":{\"scheduling\":{\"full\":{\"interval\":\"\\n"));
    buf_put_fill(&b, 'x', CONNECTOR_TEXTS_BYTES);
    buf_put(&b, S("\"}}}}"));
    CHECK_ERR(records_read_connector(&c, buf_str(&b)), CONNECTOR_TOO_LARGE);
}

// Every front of a record is refused, and so is every record with one byte made a quote or a
// bracket, or it is read: nothing else happens.
static void test_connector_read_damaged(void)
{
    str hit = S(RECORD_HIT("post-1", SOURCE));
    for (isize n = 0; n < hit.n; n++) {
        CHECK_ERR(records_read_connector(&c, str_slice(hit, 0, n)), CONNECTOR_RECORD);
    }
    int taken = 0;
    for (isize i = 0; i < hit.n; i += 3) {
        u8 copy[8192];
        memcpy(copy, hit.p, (size_t)hit.n);
        copy[i] = (u8) "\"[]{},:x0"[i % 9];
        taken += err_ok(records_read_connector(&c, str_make(copy, hit.n)));
    }
    CHECK(taken > 0);
}

// ---- bodies

static void test_connector_put_states(void)
{
    PUT(connector_put_connected(b), "{\"doc\":{\"status\":\"connected\",\"error\":null}}");
    PUT(connector_put_error(b, S("no \"such\"\nkey")),
        "{\"doc\":{\"status\":\"error\",\"error\":\"no \\\"such\\\"\\nkey\"}}");
    PUT(connector_put_last_seen(b, NOW),
        "{\"doc\":{\"last_seen\":\"2026-10-05T04:03:02.000100+00:00\"}}");
    PUT(connector_put_scheduled(b, JOB_FULL, NOW - 100),
        "{\"doc\":{\"last_sync_scheduled_at\":\"2026-10-05T04:03:02+00:00\"}}");
    PUT(connector_put_scheduled(b, JOB_INCREMENTAL, NOW - 100),
        "{\"doc\":{\"last_incremental_sync_scheduled_at\":\"2026-10-05T04:03:02+00:00\"}}");
    PUT(connector_put_scheduled(b, JOB_ACCESS_CONTROL, NOW - 100),
        "{\"doc\":{\"last_access_control_sync_scheduled_at\":\"2026-10-05T04:03:02+00:00\"}}");
    PUT(connector_put_sync_starts(b, JOB_INCREMENTAL),
        "{\"doc\":{\"status\":\"connected\",\"error\":null,\"last_sync_status\":\"in_progress\","
        "\"last_sync_error\":null}}");
    PUT(connector_put_sync_starts(b, JOB_ACCESS_CONTROL),
        "{\"doc\":{\"status\":\"connected\",\"error\":null,\"last_access_control_sync_status\":"
        "\"in_progress\",\"last_access_control_sync_error\":null}}");
}

static void test_connector_put_long_error(void)
{
    static u8 text[CONNECTOR_ERROR_BYTES * 2];
    for (isize i = 0; i < COUNT(text); i += 2) {
        memcpy(text + i, "\xc3\xa9", 2);
    }
    // Cut in whole characters, wherever they begin.
    for (isize shift = 0; shift < 2; shift++) {
        struct buf *b = fresh();
        text[0] = shift ? 'x' : 0xc3;
        connector_put_error(b, str_make(text + (shift ? 1 : 0), COUNT(text) - 2));
        CHECK(b->n < CONNECTOR_ERROR_BYTES + 64 && b->n > CONNECTOR_ERROR_BYTES);
        CHECK(str_is_utf8(buf_str(b)));
        records_check_json(buf_str(b));
    }
}

#define LAST "\"last_synced\":\"2026-10-05T04:03:02.000100+00:00\","

static struct connector_done done_of(enum job_type type, enum job_outcome outcome)
{
    return (struct connector_done){.type = type,
                                   .outcome = outcome,
                                   .error = S("HTTPError: 503"),
                                   .now_us = NOW,
                                   .indexed = 12,
                                   .deleted = 3};
}

static void test_connector_put_sync_done(void)
{
    struct connector_done done = done_of(JOB_FULL, OUTCOME_COMPLETED);
    PUT(connector_put_sync_done(b, &done),
        "{\"doc\":{" LAST "\"status\":\"connected\",\"error\":null,\"last_sync_status\":"
        "\"completed\",\"last_sync_error\":null,\"sync_cursor\":null,"
        "\"last_indexed_document_count\":12,\"last_deleted_document_count\":3}}");
    done = done_of(JOB_ACCESS_CONTROL, OUTCOME_COMPLETED);
    PUT(connector_put_sync_done(b, &done),
        "{\"doc\":{" LAST "\"status\":\"connected\",\"error\":null,"
        "\"last_access_control_sync_status\":\"completed\",\"last_access_control_sync_error\":"
        "null,\"last_indexed_document_count\":12,\"last_deleted_document_count\":3}}");
    done = done_of(JOB_INCREMENTAL, OUTCOME_ERROR);
    PUT(connector_put_sync_done(b, &done),
        "{\"doc\":{" LAST "\"status\":\"error\",\"error\":\"HTTPError: 503\",\"last_sync_status\":"
        "\"error\",\"last_sync_error\":\"HTTPError: 503\",\"last_indexed_document_count\":12,"
        "\"last_deleted_document_count\":3}}");
    done.error = S("");
    struct buf *out_error = fresh();
    connector_put_sync_done(out_error, &done);
    CHECK(str_find(buf_str(out_error), S("\"error\":\"unknown error\"")) > 0);
    done = done_of(JOB_FULL, OUTCOME_CANCELED);
    PUT(connector_put_sync_done(b, &done),
        "{\"doc\":{" LAST "\"status\":\"connected\",\"error\":null,\"last_sync_status\":"
        "\"canceled\",\"last_sync_error\":null,\"last_indexed_document_count\":12,"
        "\"last_deleted_document_count\":3}}");
    done = done_of(JOB_ACCESS_CONTROL, OUTCOME_SUSPENDED);
    PUT(connector_put_sync_done(b, &done),
        "{\"doc\":{" LAST "\"status\":\"connected\",\"error\":null,"
        "\"last_access_control_sync_status\":\"suspended\",\"last_access_control_sync_error\":"
        "null}}");
}

// Acceptance 77.
static void test_a77_connector_put_sync_done_job_gone(void)
{
    struct connector_done done = {.type = JOB_ACCESS_CONTROL, .job_gone = true, .now_us = NOW};
    PUT(connector_put_sync_done(b, &done),
        "{\"doc\":{" LAST "\"status\":\"error\",\"error\":\"job not found\",\"last_sync_status\":"
        "\"error\",\"last_sync_error\":\"job not found\",\"last_access_control_sync_status\":"
        "\"error\",\"last_access_control_sync_error\":\"job not found\"}}");
}

static void test_connector_put_targets(void)
{
    struct buf *b = fresh();
    connector_put_target(b, S("/.elastic-connectors/_update/"), S("a/b?c#d e\xc3\xa9%.x"));
    connector_put_guard(b, 12, 3);
    CHECK_STR(buf_str(b), S("/.elastic-connectors/_update/a%2Fb%3Fc%23d%20e%C3%A9%25.x"
                            "?if_seq_no=12&if_primary_term=3"));
    b = fresh();
    connector_put_target(b, S("/i/_doc/"), S(".."));
    CHECK_STR(buf_str(b), S("/i/_doc/%2E%2E"));
}

static void test_connector_put_query(void)
{
    str ids[] = {S("c1"), S("c\"2")}, types[] = {S("gmail")};
    struct connector_query q = {.ids = ids, .id_count = 2, .size = 100};
    PUT(CHECK(connector_put_query(b, &q)),
        "{\"from\":0,\"query\":{\"bool\":{\"must_not\":[{\"term\":{\"deleted\":true}}],\"filter\":"
        "[{\"terms\":{\"_id\":[\"c1\",\"c\\\"2\"]}}]}},\"size\":100,\"seq_no_primary_term\":true}");
    q = (struct connector_query){.types = types, .type_count = 1, .from = 100, .size = 50};
    PUT(CHECK(connector_put_query(b, &q)),
        "{\"from\":100,\"query\":{\"bool\":{\"must_not\":[{\"term\":{\"deleted\":true}}],"
        "\"filter\":[{\"terms\":{\"service_type\":[\"gmail\"]}},{\"term\":{\"is_native\":false}}]}"
        "},\"size\":50,\"seq_no_primary_term\":true}");
    q.ids = ids;
    q.id_count = 1;
    PUT(CHECK(connector_put_query(b, &q)),
        "{\"from\":100,\"query\":{\"bool\":{\"should\":[{\"bool\":{\"must_not\":[{\"term\":"
        "{\"deleted\":true}}],\"filter\":[{\"terms\":{\"service_type\":[\"gmail\"]}},{\"term\":"
        "{\"is_native\":false}}]}},{\"bool\":{\"must_not\":[{\"term\":{\"deleted\":true}}],"
        "\"filter\":[{\"terms\":{\"_id\":[\"c1\"]}}]}}]}},\"size\":50,\"seq_no_primary_term\":"
        "true}");
    q = (struct connector_query){.size = 100};
    CHECK(!connector_put_query(fresh(), &q) && out.n == 0);
    PUT(connector_put_ids_query(b, 0, 1000),
        "{\"from\":0,\"query\":{\"match_all\":{}},\"size\":1000,\"_source\":false,\"sort\":"
        "[\"_doc\"]}");
}

// ---- small answers

static struct search_answer answer;

static int count_hits(str text)
{
    search_answer_init(&answer, test_guarded(text));
    str hit;
    int hits = 0;
    while (search_answer_next(&answer, &hit)) {
        records_check_json(hit);
        hits++;
    }
    CHECK(!search_answer_next(&answer, &hit));
    return hits;
}

static void test_search_answer(void)
{
    CHECK(count_hits(S("{\"took\":1,\"timed_out\":false,\"_shards\":{\"total\":1,\"successful\":1,"
                       "\"failed\":0},\"hits\":{\"total\":{\"value\":12,\"relation\":\"eq\"},"
                       "\"max_score\":null,\"hits\":[{\"_id\":\"a\"},{\"_id\":\"b\",\"_source\":"
                       "{\"x\":[1]}}]}}")) == 2);
    CHECK_OK(answer.error);
    CHECK(answer.total == 12 && answer.hits == 2);
    CHECK(count_hits(S("{\"hits\":{\"total\":{\"value\":0},\"hits\":[]}}")) == 0);
    CHECK_OK(answer.error);
    CHECK(answer.total == 0);
    CHECK(count_hits(S("{\"hits\":{\"hits\":[{}],\"total\":7}}")) == 1 && answer.total == 7);
    CHECK(count_hits(S("{\"hits\":{\"hits\":[{}]}}")) == 1 && answer.total == -1);
    CHECK_OK(answer.error);
}

static void test_search_answer_refuses(void)
{
    CHECK(count_hits(S("")) == 0);
    CHECK_ERR(answer.error, ES_ANSWER);
    CHECK(count_hits(S("{\"hits\":{\"hits\":[{},{}")) == 2);
    CHECK_ERR(answer.error, ES_ANSWER);
    CHECK(count_hits(S("{\"hits\":{}}")) == 0);
    CHECK_ERR(answer.error, ES_ANSWER);
    CHECK(count_hits(S("{\"_shards\":{\"failed\":1},\"hits\":{\"hits\":[]}}")) == 0);
    CHECK_ERR(answer.error, ES_SHARDS);
    CHECK(count_hits(S("{\"timed_out\":true,\"hits\":{\"hits\":[]}}")) == 0);
    CHECK_ERR(answer.error, ES_SHARDS);
}

static bool allows(str text)
{
    fresh();
    return license_allows_platinum(test_guarded(text), &out);
}

#define LICENSE(type, status) S("{\"license\":{\"status\":\"" status "\",\"type\":\"" type "\"}}")

static void test_a54_license(void)
{
    CHECK(allows(LICENSE("platinum", "active")));
    CHECK(allows(LICENSE("enterprise", "active")));
    CHECK(allows(LICENSE("trial", "active")));
    CHECK(out.n == 0);
    CHECK(!allows(LICENSE("basic", "active")));
    CHECK_STR(buf_str(&out), S("required 'platinum', actual 'basic'"));
    CHECK(!allows(LICENSE("gold", "active")));
    CHECK(!allows(LICENSE("platinum", "EXPIRED")));
    CHECK_STR(buf_str(&out), S("required 'platinum', actual 'expired'"));
    CHECK(!allows(LICENSE("diamond", "active")));
    CHECK(!allows(S("{}")));
    CHECK_STR(buf_str(&out), S("required 'platinum', actual 'unknown'"));
    CHECK(!allows(S("[")));
    CHECK(!allows(S("{\"license\":{\"type\":5}}")));
}

static void test_answers_small(void)
{
    i64 count = 0;
    CHECK(answer_count(S("{\"count\":5,\"_shards\":{}}"), &count) && count == 5);
    CHECK(!answer_count(S("{\"count\":-1}"), &count) && !answer_count(S("{}"), &count));
    CHECK(!answer_count(S("x"), &count));
    CHECK(answer_put_id(S("{\"id\":\"j\\u0031\"}"), fresh()));
    CHECK_STR(buf_str(&out), S("j1"));
    CHECK(answer_put_id(S("{\"_index\":\"i\",\"_id\":\"j2\",\"result\":\"created\"}"), fresh()));
    CHECK_STR(buf_str(&out), S("j2"));
    CHECK(!answer_put_id(S("{\"id\":\"\"}"), fresh()));
    CHECK(!answer_put_id(S("{\"id\":5}"), fresh()));
    u8 tiny[2];
    struct buf small = buf_over(tiny, 2);
    CHECK(!answer_put_id(S("{\"id\":\"long\"}"), &small));
}

// What is cut is cut between characters.
static void test_connector_error_whole_characters(void)
{
    static u8 text[CONNECTOR_ERROR_BYTES + 16];
    for (isize shift = 0; shift < 4; shift++) {
        struct buf b = buf_over(text, COUNT(text));
        buf_put_fill(&b, 'x', shift);
        while (b.n + 4 <= b.cap) {
            buf_put(&b, S("\xf0\x9f\x93\xa7"));
        }
        str cut = connector_error_text(buf_str(&b));
        CHECK(str_is_utf8(cut) && cut.n <= CONNECTOR_ERROR_BYTES);
        CHECK(cut.n > CONNECTOR_ERROR_BYTES - 4 && b.n > CONNECTOR_ERROR_BYTES);
    }
    CHECK_STR(connector_error_text(S("short")), S("short"));
}

static const struct test_case cases[] = {
    CASE(test_connector_error_whole_characters),
    CASE(test_connector_read_whole),
    CASE(test_connector_read_doc_answer),
    CASE(test_connector_read_wrong_types),
    CASE(test_connector_read_nulls),
    CASE(test_connector_read_old_features),
    CASE(test_connector_read_epoch_times),
    CASE(test_connector_read_refuses),
    CASE(test_connector_read_deep),
    CASE(test_connector_read_too_large),
    CASE(test_connector_read_damaged),
    CASE(test_connector_put_states),
    CASE(test_connector_put_long_error),
    CASE(test_connector_put_sync_done),
    CASE(test_a77_connector_put_sync_done_job_gone),
    CASE(test_connector_put_targets),
    CASE(test_connector_put_query),
    CASE(test_search_answer),
    CASE(test_search_answer_refuses),
    CASE(test_a54_license),
    CASE(test_answers_small),
};

TEST_MAIN(cases)
