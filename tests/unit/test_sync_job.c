// SPDX-License-Identifier: Apache-2.0
// elastic/sync_job: reading jobs of all ages, and every body and query that is written.
#include "records.h"

static struct sync_job j;
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

#define NOW 1791172982000100
#define NOW_TEXT "\"2026-10-05T04:03:02.000100+00:00\""

#define JOB(filtering, type, status)                                                            \
    "{\"connector\":{\"id\":\"post-1\",\"configuration\":{\"subject\":" FIELD_PROPERTIES(       \
        1, "Admin", "str",                                                                      \
        "\"a@b.example\"") "},\"filtering\":" filtering ",\"index_name\":"                      \
                           "\"search-post\",\"language\":null,\"pipeline\":" RECORD_PIPELINE    \
                           ",\"service_type\":"                                                 \
                           "\"gmail\"},\"trigger_method\":\"on_demand\",\"job_type\":\"" type   \
                           "\",\"status\":\"" status                                            \
                           "\",\"created_at\":\"2026-10-05T04:03:02.0001Z\",\"last_seen\":"     \
                           "\"2026-10-05T04:03:02.000100+00:00\",\"indexed_document_count\":0," \
                           "\"metadata\":{}}"

static void test_sync_job_read_whole(void)
{
    CHECK_OK(records_read_job(
        &j, S(RECORD_HIT("j-1", JOB(RECORD_FILTER("valid"), "incremental", "pending")))));
    CHECK_STR(buf_str(&records.detail), S(""));
    CHECK_STR(j.id, S("j-1"));
    CHECK(j.seq_no == 41 && j.primary_term == 3 && j.status == JOB_PENDING);
    CHECK_STR(j.status_text, S("pending"));
    CHECK(j.type_known && j.type == JOB_INCREMENTAL);
    CHECK(j.created_us == NOW && j.last_seen_us == NOW);
    CHECK_STR(j.connector_id, S("post-1"));
    CHECK_STR(j.service_type, S("gmail"));
    CHECK_STR(j.index_name, S("search-post"));
    CHECK_STR(j.pipeline, S("post-office"));
    CHECK(!j.extract_binary_content && j.reduce_whitespace && !j.run_ml_inference);
    CHECK(json_size(&j.json, j.configuration) == 1);
    CHECK(json_equals(&j.json, json_path(&j.json, j.filtering, S("validation.state")), S("valid")));
}

static void test_sync_job_read_statuses(void)
{
    static const struct {
        str hit;
        enum job_status status;
    } rows[] = {
#define ROW(name, value) {S(RECORD_HIT("j", JOB("{}", "full", name))), value}
        ROW("pending", JOB_PENDING),     ROW("in_progress", JOB_IN_PROGRESS),
        ROW("canceling", JOB_CANCELING), ROW("canceled", JOB_CANCELED),
        ROW("suspended", JOB_SUSPENDED), ROW("completed", JOB_COMPLETED_STATUS),
        ROW("error", JOB_ERROR_STATUS),  ROW("paused", JOB_STATUS_UNKNOWN),
    };
    for (isize i = 0; i < COUNT(rows); i++) {
        CHECK_OK(records_read_job(&j, rows[i].hit));
        CHECK(j.status == rows[i].status && j.type == JOB_FULL && j.type_known);
    }
    CHECK_STR(j.status_text, S("paused"));
}

// What older versions wrote: all filters of the connector, or only the active one in an array.
static void test_sync_job_read_filtering_array(void)
{
    CHECK_OK(records_read_job(
        &j, S(RECORD_HIT("j", JOB("[" RECORD_FILTER("edited") "]", "full", "pending")))));
    CHECK(
        json_equals(&j.json, json_path(&j.json, j.filtering, S("validation.state")), S("edited")));
    CHECK_OK(records_read_job(
        &j, S(RECORD_HIT("j", JOB("[{\"domain\":\"DEFAULT\",\"active\":" RECORD_FILTER(
                                      "valid") ",\"draft\":" RECORD_FILTER("invalid") "}]",
                                  "full", "pending")))));
    CHECK(json_equals(&j.json, json_path(&j.json, j.filtering, S("validation.state")), S("valid")));
    CHECK_OK(records_read_job(&j, S(RECORD_HIT("j", JOB("[]", "full", "pending")))));
    CHECK(j.filtering == -1);
    CHECK_OK(records_read_job(&j, S(RECORD_HIT("j", JOB("\"x\"", "full", "pending")))));
    CHECK(j.filtering == -1);
    CHECK_STR(buf_str(&records.detail), S("connector.filtering: not an object"));
}

static void test_sync_job_read_bare(void)
{
    CHECK_OK(records_read_job(&j, S("{\"_id\":\"j\",\"_source\":{\"status\":\"in_progress\"}}")));
    CHECK(j.connector_id.n == 0 && !j.type_known && j.configuration == -1 && j.filtering == -1);
    CHECK_STR(j.pipeline, S("search-default-ingestion"));
    CHECK(j.extract_binary_content && j.reduce_whitespace && j.run_ml_inference);
    CHECK(j.created_us == INT64_MIN);
    CHECK_STR(buf_str(&records.detail), S("job_type: none of those that are known; connector.id: "
                                          "empty"));
    CHECK_OK(records_read_job(
        &j, S("{\"_id\":\"j\",\"_source\":{\"connector\":[],\"status\":7,\"job_type\":null,"
              "\"created_at\":[]}}")));
    CHECK(j.status == JOB_STATUS_UNKNOWN && !j.type_known);
    CHECK_OK(records_read_job(
        &j, S("{\"_id\":\"j\",\"_source\":{\"connector\":{\"pipeline\":{\"name\":\"\","
              "\"run_ml_inference\":\"no\"}}}}")));
    CHECK_STR(j.pipeline, S("search-default-ingestion"));
    CHECK(j.run_ml_inference);
}

static void test_sync_job_read_refuses(void)
{
    CHECK_ERR(records_read_job(&j, S("{\"_id\":\"j\"}")), SYNC_JOB_RECORD);
    CHECK_ERR(records_read_job(&j, S("{")), SYNC_JOB_RECORD);
    struct json_node few[3];
    CHECK_ERR(sync_job_read(&j, S("{\"_id\":\"j\",\"_source\":{}}"), few, 3, &records.texts,
                            &records.detail),
              SYNC_JOB_TOO_LARGE);
    str hit = S(RECORD_HIT("j-1", JOB(RECORD_FILTER("valid"), "full", "pending")));
    for (isize n = 0; n < hit.n; n++) {
        CHECK_ERR(records_read_job(&j, str_slice(hit, 0, n)), SYNC_JOB_RECORD);
    }
}

// ---- bodies

static void test_sync_job_put_claim(void)
{
    PUT(sync_job_put_claim(b, S("host\"7"), false, NOW), "{\"worker_hostname\":\"host\\\"7\"}");
    PUT(sync_job_put_claim(b, S("h"), true, NOW),
        "{\"doc\":{\"status\":\"in_progress\",\"started_at\":" NOW_TEXT ",\"last_seen\":" NOW_TEXT
        ",\"worker_hostname\":\"h\",\"connector\":{\"sync_cursor\":null}}}");
}

static const struct job_counts counts = {
    .indexed = 700, .deleted = 1, .volume_bytes = 3 * 1048576 + 1, .total = 1900};

static void test_sync_job_put_stats(void)
{
    PUT(sync_job_put_stats(b, &counts, S("{}"), false, NOW),
        "{\"indexed_document_count\":700,\"indexed_document_volume\":3,"
        "\"deleted_document_count\":1,\"metadata\":{}}");
    PUT(sync_job_put_stats(b, &counts, S("{\"mailferry\":{\"n\":1}}"), false, NOW),
        "{\"indexed_document_count\":700,\"indexed_document_volume\":3,"
        "\"deleted_document_count\":1,\"metadata\":{\"mailferry\":{\"n\":1}}}");
    PUT(sync_job_put_stats(b, &counts, S("{}"), true, NOW),
        "{\"doc\":{\"last_seen\":" NOW_TEXT ",\"indexed_document_count\":700,"
        "\"indexed_document_volume\":3,\"deleted_document_count\":1}}");
    PUT(sync_job_put_stats(b, &counts, S("{\"m\":1}"), true, NOW),
        "{\"doc\":{\"last_seen\":" NOW_TEXT ",\"indexed_document_count\":700,"
        "\"indexed_document_volume\":3,\"deleted_document_count\":1,\"metadata\":{\"m\":1}}}");
}

static void test_sync_job_volume(void)
{
    static const struct {
        i64 bytes, mib;
    } rows[] = {
        {0, 0},       {524287, 0},  {524288, 0},  {524289, 1},
        {1048576, 1}, {1572863, 1}, {1572864, 2}, {1572865, 2},
        {2621440, 2}, {2621441, 3}, {3670016, 4}, {1099511627776, 1048576},
    };
    for (isize i = 0; i < COUNT(rows); i++) {
        CHECK(sync_job_volume_mib(rows[i].bytes) == rows[i].mib);
    }
}

static void test_sync_job_put_create(void)
{
    PUT(sync_job_put_create(b, S("c\\1"), JOB_FULL),
        "{\"id\":\"c\\\\1\",\"job_type\":\"full\",\"trigger_method\":\"scheduled\"}");
    PUT(sync_job_put_create(b, S("c1"), JOB_ACCESS_CONTROL),
        "{\"id\":\"c1\",\"job_type\":\"access_control\",\"trigger_method\":\"scheduled\"}");
}

static struct connector c;

#define CONNECTOR(rest)                                                                           \
    "{\"configuration\":{\"k\":{\"value\":\"\\u0041\"}},\"filtering\":[{\"domain\":\"DEFAULT\","  \
    "\"active\":{\"rules\":[]},\"draft\":{}}],\"language\":\"en\",\"pipeline\":{\"name\":\"p\"}," \
    "\"status\":\"connected\"" rest "}"

static void test_sync_job_put_record(void)
{
    CHECK_OK(records_read_connector(
        &c, S(RECORD_HIT("post-1", CONNECTOR(",\"index_name\":\"search-post\",\"service_type\":"
                                             "\"gmail\"")))));
    PUT(CHECK_OK(sync_job_put_record(b, &c, JOB_FULL, NOW)),
        "{\"connector\":{\"id\":\"post-1\",\"configuration\":{\"k\":{\"value\":\"\\u0041\"}},"
        "\"filtering\":{\"rules\":[]},\"index_name\":\"search-post\",\"language\":\"en\","
        "\"pipeline\":{\"name\":\"p\"},\"service_type\":\"gmail\"},\"trigger_method\":"
        "\"scheduled\",\"job_type\":\"full\",\"status\":\"pending\",\"created_at\":" NOW_TEXT
        ",\"last_seen\":" NOW_TEXT ",\"indexed_document_count\":0,\"indexed_document_volume\":0,"
        "\"deleted_document_count\":0}");
    // It can be read again.
    struct buf *b = fresh();
    buf_put(b, S("{\"_id\":\"j\",\"_source\":"));
    CHECK_OK(sync_job_put_record(b, &c, JOB_ACCESS_CONTROL, NOW));
    buf_put(b, S("}"));
    CHECK_OK(records_read_job(&j, buf_str(b)));
    CHECK_STR(j.index_name, S(".search-acl-filter-search-post"));
    CHECK(j.type == JOB_ACCESS_CONTROL && j.status == JOB_PENDING && j.created_us == NOW);
    // Somebody asked for it: nothing else differs.
    CHECK_OK(sync_job_put_record(fresh(), &c, JOB_FULL, NOW));
    isize planned = out.n;
    CHECK_OK(sync_job_put_demanded(fresh(), &c, JOB_FULL, NOW));
    CHECK(out.n == planned); // "on_demand" is as long as "scheduled"
    CHECK(str_find(buf_str(&out), S("\"trigger_method\":\"on_demand\",")) > 0);
}

static void test_sync_job_put_record_defaults(void)
{
    CHECK_OK(records_read_connector(
        &c, S(RECORD_HIT("x", "{\"index_name\":\"i\",\"service_type\":\"gmail\"}"))));
    PUT(CHECK_OK(sync_job_put_record(b, &c, JOB_FULL, NOW)),
        "{\"connector\":{\"id\":\"x\",\"configuration\":{},\"filtering\":{},\"index_name\":\"i\","
        "\"language\":null,\"pipeline\":{\"name\":\"search-default-ingestion\","
        "\"extract_binary_content\":true,\"reduce_whitespace\":true,\"run_ml_inference\":true},"
        "\"service_type\":\"gmail\"},\"trigger_method\":\"scheduled\",\"job_type\":\"full\","
        "\"status\":\"pending\",\"created_at\":" NOW_TEXT ",\"last_seen\":" NOW_TEXT
        ",\"indexed_document_count\":0,\"indexed_document_volume\":0,\"deleted_document_count\":"
        "0}");
    CHECK_OK(records_read_connector(&c, S(RECORD_HIT("x", CONNECTOR("")))));
    CHECK_ERR(sync_job_put_record(fresh(), &c, JOB_FULL, NOW), CONNECTOR_INDEX_NAME);
    CHECK_OK(records_read_connector(&c, S(RECORD_HIT("x", CONNECTOR(",\"index_name\":\"i\"")))));
    CHECK_ERR(sync_job_put_record(fresh(), &c, JOB_FULL, NOW), CONNECTOR_SERVICE_TYPE);
    CHECK(out.n == 0);
}

static void test_a70_sync_job_put_done_completed(void)
{
    struct job_done done = {.outcome = OUTCOME_COMPLETED, .now_us = NOW, .counts = &counts};
    PUT(sync_job_put_done(b, &done),
        "{\"doc\":{\"last_seen\":" NOW_TEXT ",\"status\":\"completed\",\"error\":null,"
        "\"completed_at\":" NOW_TEXT ",\"indexed_document_count\":700,"
        "\"indexed_document_volume\":3,\"deleted_document_count\":1,\"total_document_count\":"
        "1900}}");
}

static void test_sync_job_put_done(void)
{
    struct job_done done = {
        .outcome = OUTCOME_ERROR, .error = S("A: b"), .now_us = NOW, .counts = &counts};
    PUT(sync_job_put_done(b, &done),
        "{\"doc\":{\"last_seen\":" NOW_TEXT ",\"status\":\"error\",\"error\":\"A: b\","
        "\"completed_at\":" NOW_TEXT ",\"indexed_document_count\":700,"
        "\"indexed_document_volume\":3,\"deleted_document_count\":1,\"total_document_count\":"
        "1900}}");
    done.counts = NULL;
    done.error = S("");
    done.metadata = S("{\"m\":1}");
    PUT(sync_job_put_done(b, &done),
        "{\"doc\":{\"last_seen\":" NOW_TEXT ",\"status\":\"error\",\"error\":\"unknown error\","
        "\"completed_at\":" NOW_TEXT ",\"metadata\":{\"m\":1}}}");
    struct job_counts unknown = {.total = -1};
    done = (struct job_done){.outcome = OUTCOME_CANCELED, .now_us = NOW, .counts = &unknown};
    PUT(sync_job_put_done(b, &done),
        "{\"doc\":{\"last_seen\":" NOW_TEXT ",\"status\":\"canceled\",\"error\":null,"
        "\"completed_at\":" NOW_TEXT ",\"canceled_at\":" NOW_TEXT ",\"indexed_document_count\":0,"
        "\"indexed_document_volume\":0,\"deleted_document_count\":0}}");
    done = (struct job_done){
        .outcome = OUTCOME_SUSPENDED, .now_us = NOW, .counts = &unknown, .metadata = S("{}")};
    PUT(sync_job_put_done(b, &done),
        "{\"doc\":{\"last_seen\":" NOW_TEXT ",\"status\":\"suspended\",\"error\":null,"
        "\"indexed_document_count\":0,\"indexed_document_volume\":0,\"deleted_document_count\":"
        "0}}");
}

static void test_sync_job_put_queries(void)
{
    str ids[] = {S("a"), S("b")};
    PUT(sync_job_put_pending_query(b, ids, 2, false),
        "{\"from\":0,\"query\":{\"bool\":{\"must\":[{\"terms\":{\"status\":[\"pending\","
        "\"suspended\"]}},{\"terms\":{\"connector.id\":[\"a\",\"b\"]}},{\"terms\":{\"job_type\":"
        "[\"full\",\"incremental\"]}}]}},\"size\":100,\"seq_no_primary_term\":true,\"sort\":"
        "[{\"created_at\":\"asc\"}]}");
    PUT(sync_job_put_pending_query(b, ids, 1, true),
        "{\"from\":0,\"query\":{\"bool\":{\"must\":[{\"terms\":{\"status\":[\"pending\","
        "\"suspended\"]}},{\"terms\":{\"connector.id\":[\"a\"]}},{\"terms\":{\"job_type\":"
        "[\"access_control\"]}}]}},\"size\":100,\"seq_no_primary_term\":true,\"sort\":"
        "[{\"created_at\":\"asc\"}]}");
    PUT(sync_job_put_orphan_query(b, ids, 2),
        "{\"from\":0,\"query\":{\"bool\":{\"must_not\":[{\"terms\":{\"connector.id\":[\"a\","
        "\"b\"]}}],\"filter\":[{\"terms\":{\"status\":[\"in_progress\",\"canceling\"]}}]}},"
        "\"size\":100,\"seq_no_primary_term\":true,\"sort\":[{\"created_at\":\"asc\"}]}");
    PUT(sync_job_put_idle_query(b, ids, 2, 300),
        "{\"from\":0,\"query\":{\"bool\":{\"filter\":[{\"terms\":{\"connector.id\":[\"a\",\"b\"]}"
        "},{\"terms\":{\"status\":[\"in_progress\",\"canceling\"]}},{\"range\":{\"last_seen\":"
        "{\"lte\":\"now-300s\"}}}]}},\"size\":100,\"seq_no_primary_term\":true,\"sort\":"
        "[{\"created_at\":\"asc\"}]}");
    struct job_query brief = {.kind = JOB_QUERY_ORPHANS, .from = 1000, .size = 1000, .brief = true};
    PUT(sync_job_put_query(b, &brief),
        "{\"from\":1000,\"query\":{\"bool\":{\"must_not\":[{\"terms\":{\"connector.id\":[]}}],"
        "\"filter\":[{\"terms\":{\"status\":[\"in_progress\",\"canceling\"]}}]}},\"size\":1000,"
        "\"seq_no_primary_term\":true,\"sort\":[{\"created_at\":\"asc\"}],\"_source\":"
        "[\"status\",\"job_type\",\"created_at\",\"last_seen\",\"connector.id\","
        "\"connector.service_type\",\"connector.index_name\"]}");
}

static const struct test_case cases[] = {
    CASE(test_sync_job_read_whole),
    CASE(test_sync_job_read_statuses),
    CASE(test_sync_job_read_filtering_array),
    CASE(test_sync_job_read_bare),
    CASE(test_sync_job_read_refuses),
    CASE(test_sync_job_put_claim),
    CASE(test_sync_job_put_stats),
    CASE(test_sync_job_volume),
    CASE(test_sync_job_put_create),
    CASE(test_sync_job_put_record),
    CASE(test_sync_job_put_record_defaults),
    CASE(test_a70_sync_job_put_done_completed),
    CASE(test_sync_job_put_done),
    CASE(test_sync_job_put_queries),
};

TEST_MAIN(cases)
