// SPDX-License-Identifier: Apache-2.0
// elastic/index and index_count: every outcome of product, version, index and pipeline checks, with
// answers whole and byte by byte.
#include "machine.h"

#include "elastic/index.h"

static const struct dest dest = {.label = "Elasticsearch"};
static struct elastic es;
static struct index_open o;
static struct machine m;
static u8 answer_space[INDEX_ANSWER_BYTES], detail_space[512];

#define ROOT_OF(number)                                                                     \
    "{\"name\":\"n\",\"version\":{\"number\":\"" number "\",\"build_flavor\":\"default\"}," \
    "\"tagline\":\"You Know, for Search\"}"
#define ROOT ANSWER(200, ROOT_OF("9.5.3"))
#define INDEX_THERE ANSWER(200, "{\"mail\":{\"aliases\":{}}}")
#define PIPELINE_EXTRACTS \
    ANSWER(200, "{\"p\":{\"processors\":[{\"attachment\":{\"field\":\"_attachment\"}}]}}")

static enum step open_with(str index, str pipeline, const struct machine_answer *answers,
                           isize count)
{
    isize steps[] = {1, 3, 0};
    enum step step = STEP_WAIT;
    enum step before = STEP_WAIT;
    for (isize i = 0; i < COUNT(steps); i++) {
        elastic_init(&es, &(struct elastic_settings){.dest = &dest, .max_retries = 2});
        o.answer = buf_over(answer_space, COUNT(answer_space));
        o.detail = buf_over(detail_space, COUNT(detail_space));
        index_open_init(&o, &es, index, pipeline);
        machine_init(&m, &index_open_ops, &o);
        m.step_bytes = steps[i];
        step = machine_run(&m, answers, count);
        CHECK(i == 0 || step == before);
        before = step;
    }
    return step;
}

#define RUN(pipeline, ...)                                                          \
    open_with(S("mail"), S(pipeline), (const struct machine_answer[]){__VA_ARGS__}, \
              COUNT(((const struct machine_answer[]){__VA_ARGS__})))

static str used(void)
{
    return str_make(o.pipeline_used, o.pipeline_used_bytes);
}

static void test_index_open_all_there(void)
{
    CHECK(RUN("", ROOT, INDEX_THERE, PIPELINE_EXTRACTS) == STEP_DONE);
    CHECK_OK(o.error);
    CHECK(m.request_count == 3 && !o.created && o.extracts && !o.pipeline_unchecked);
    CHECK_STR(machine_target(&m, 0), S("/"));
    CHECK_STR(machine_target(&m, 1), S("/mail?ignore_unavailable=true"));
    CHECK_STR(machine_target(&m, 2), S("/_ingest/pipeline/search-default-ingestion"));
    CHECK_STR(machine_method(&m, 1), S("GET"));
    CHECK_STR(used(), S("search-default-ingestion"));
    CHECK_STR(str_make(o.version, o.version_bytes), S("9.5.3"));
    CHECK(es.major == 9 && es.minor == 5 && !es.serverless);
}

static void test_index_open_creates(void)
{
    CHECK(RUN("", ROOT, ANSWER(200, "{}"), ANSWER(200, "{\"acknowledged\":true}"),
              ANSWER(404, "{}")) == STEP_DONE);
    CHECK(o.created && o.pipeline_used_bytes == 0 && !o.extracts);
    CHECK_STR(machine_method(&m, 2), S("PUT"));
    CHECK_STR(machine_target(&m, 2), S("/mail"));
    CHECK(machine_body(&m, 2).n == 0);
    CHECK(RUN("", ROOT, ANSWER(200, " { } "), ANSWER(200, "{}"), ANSWER(404, "{}")) == STEP_DONE);
    CHECK(RUN("", ROOT, ANSWER(404, "{}"), ANSWER(200, "{}"), ANSWER(404, "{}")) == STEP_DONE);
    CHECK(o.created);
}

static void test_index_open_exists_already(void)
{
    struct machine_answer exists = ANSWER(
        400, "{\"error\":{\"type\":\"resource_already_exists_exception\",\"reason\":\"index [mail] "
             "already exists\"},\"status\":400}");
    CHECK(RUN("", ROOT, ANSWER(200, "{}"), exists, ANSWER(404, "")) == STEP_DONE);
    CHECK(!o.created);
    // The key may not look, but the index is there.
    CHECK(RUN("", ROOT, ANSWER(403, ""), exists, ANSWER(404, "")) == STEP_DONE);
    CHECK(!o.created);
    // The answer to the first PUT was lost.
    CHECK(RUN("", ROOT, ANSWER(200, "{}"), LOST(NET_RESET), exists, ANSWER(404, "")) == STEP_DONE);
    CHECK(m.request_count == 5);
}

static void test_index_open_index_refused(void)
{
    CHECK(RUN("", ROOT, ANSWER(200, "{}"),
              ANSWER(403, "{\"error\":{\"type\":\"security_exception\",\"reason\":\"action "
                          "[indices:admin/create] is unauthorized\"}}")) == STEP_FAILED);
    CHECK_ERR(o.error, ES_FORBIDDEN);
    CHECK_STR(buf_str(&o.detail),
              S("missing privilege view_index_metadata or create_index on index "
                "[mail]: security_exception: action [indices:admin/create] is "
                "unauthorized"));
    CHECK(
        RUN("", ROOT, ANSWER(200, "{}"),
            ANSWER(403,
                   "{\"error\":{\"type\":\"cluster_block_exception\",\"reason\":\"blocked\"}}")) ==
        STEP_FAILED);
    CHECK_ERR(o.error, ES_DISK_FULL);
    CHECK(RUN("", ROOT, ANSWER(200, "{}"),
              ANSWER(400,
                     "{\"error\":{\"type\":\"invalid_index_name_exception\",\"reason\":\"must be "
                     "lowercase\"}}")) == STEP_FAILED);
    CHECK_ERR(o.error, ES_NAME);
    CHECK(RUN("", ROOT, ANSWER(200, "<html>")) == STEP_FAILED);
    CHECK_ERR(o.error, ES_ANSWER);
    CHECK(RUN("", ROOT, ANSWER(400, "{\"error\":{\"type\":\"x\",\"reason\":\"y\"}}")) ==
          STEP_FAILED);
    CHECK_ERR(o.error, ES_REFUSED);
    CHECK_STR(buf_str(&o.detail), S("index [mail]: x: y"));
}

static void test_index_open_versions(void)
{
    CHECK(RUN("", ANSWER(200, ROOT_OF("8.10.0")), INDEX_THERE, PIPELINE_EXTRACTS) == STEP_DONE);
    CHECK(RUN("", ANSWER(200, ROOT_OF("8.19.4-SNAPSHOT")), INDEX_THERE, PIPELINE_EXTRACTS) ==
          STEP_DONE);
    CHECK(RUN("", ANSWER(200, ROOT_OF("9.0.0")), INDEX_THERE, PIPELINE_EXTRACTS) == STEP_DONE);
    CHECK(RUN("", ANSWER(200, ROOT_OF("8.9.2"))) == STEP_FAILED);
    CHECK_ERR(o.error, ES_VERSION);
    CHECK_STR(buf_str(&o.detail), S("version 8.9.2"));
    CHECK(RUN("", ANSWER(200, ROOT_OF("7.17.9"))) == STEP_FAILED);
    CHECK(RUN("", ANSWER(200, ROOT_OF("10.0.0"))) == STEP_FAILED);
    CHECK(RUN("", ANSWER(200, ROOT_OF("99999.1"))) == STEP_FAILED);
    CHECK(RUN("", ANSWER(200, ROOT_OF("nine"))) == STEP_FAILED);
    CHECK_ERR(o.error, ES_VERSION);
    o.any_version = true; // ALLOW_ES_VERSION_MISMATCH
    CHECK(RUN("", ANSWER(200, ROOT_OF("7.17.9")), INDEX_THERE, PIPELINE_EXTRACTS) == STEP_DONE);
    CHECK(RUN("", ANSWER(200, ROOT_OF("x")), INDEX_THERE, PIPELINE_EXTRACTS) == STEP_DONE);
    o.any_version = false;
}

static void test_index_open_serverless(void)
{
    CHECK(RUN("",
              ANSWER(
                  200,
                  "{\"version\":{\"number\":\"8.5.0\",\"build_flavor\":\"serverless\"},\"tagline\":"
                  "\"You Know, for Search\"}"),
              INDEX_THERE, PIPELINE_EXTRACTS) == STEP_DONE);
    CHECK(es.serverless);
}

static void test_index_open_product(void)
{
    CHECK(
        RUN("", ANSWER(200, "{\"version\":{\"number\":\"2.11.0\",\"distribution\":\"opensearch\"},"
                            "\"tagline\":\"The OpenSearch Project\"}")) == STEP_FAILED);
    CHECK_ERR(o.error, ES_NOT_ELASTIC);
    CHECK(RUN("", ANSWER(200, "<html>login</html>")) == STEP_FAILED);
    CHECK_ERR(o.error, ES_NOT_ELASTIC);
    CHECK(RUN("", ANSWER(404, "not found")) == STEP_FAILED);
    CHECK_ERR(o.error, ES_NOT_ELASTIC);
    CHECK(RUN("", ANSWER(200, "")) == STEP_FAILED);
    CHECK_ERR(o.error, ES_NOT_ELASTIC);
    CHECK(RUN("",
              ANSWER_WITH(200, "x-elastic-product: Elasticsearch\n",
                          "{\"version\":{\"number\":\"9.1.0\"}}"),
              INDEX_THERE, PIPELINE_EXTRACTS) == STEP_DONE);
}

static void test_index_open_credentials(void)
{
    CHECK(RUN("", ANSWER(401, "{\"error\":{\"type\":\"security_exception\",\"reason\":\"unable to "
                              "authenticate\"}}")) == STEP_FAILED);
    CHECK_ERR(o.error, ES_UNAUTHORIZED);
    CHECK(str_find(str_from(err_todo(o.error)), S("elasticsearch.api_key")) >= 0);
    CHECK(str_find(str_from(err_todo(o.error)), S("elasticsearch.username")) >= 0);
    // A key without `monitor` may not ask for the version: that is no reason to stop.
    CHECK(RUN("", ANSWER(403, "{}"), INDEX_THERE, PIPELINE_EXTRACTS) == STEP_DONE);
    CHECK(es.major == 0);
}

static void test_index_open_weather(void)
{
    CHECK(RUN("", ANSWER(503, ""), ROOT, ANSWER(429, "{}"), INDEX_THERE, LOST(NET_RESET),
              PIPELINE_EXTRACTS) == STEP_DONE);
    CHECK(RUN("", ANSWER(503, ""), ANSWER(503, "")) == STEP_FAILED); // two attempts are allowed
    CHECK(err_class(o.error) == ERR_CLASS_RETRY);
    CHECK(m.failed == 1);
    CHECK(RUN("", ANSWER(302, "")) == STEP_FAILED);
    CHECK_ERR(o.error, HTTP_REDIRECT);
}

static void test_index_open_pipelines(void)
{
    CHECK(RUN("p/1", ROOT, INDEX_THERE, PIPELINE_EXTRACTS) == STEP_DONE);
    CHECK_STR(machine_target(&m, 2), S("/_ingest/pipeline/p%2F1"));
    CHECK_STR(used(), S("p/1"));
    CHECK(o.extracts);
    CHECK(RUN("p", ROOT, INDEX_THERE, ANSWER(404, "{}")) == STEP_FAILED);
    CHECK_ERR(o.error, ES_PIPELINE_MISSING);
    CHECK_STR(buf_str(&o.detail), S("pipeline [p]"));
    CHECK(RUN("", ROOT, INDEX_THERE, ANSWER(404, "{}")) == STEP_DONE);
    CHECK(o.pipeline_used_bytes == 0 && !o.extracts);
    CHECK(RUN("p", ROOT, INDEX_THERE, ANSWER(403, "{}")) == STEP_DONE);
    CHECK(o.pipeline_unchecked && o.extracts);
    CHECK_STR(used(), S("p"));
    CHECK(RUN("", ROOT, INDEX_THERE, ANSWER(403, "{}")) == STEP_DONE);
    CHECK_STR(used(), S("search-default-ingestion"));
}

static void test_index_open_pipeline_extracts(void)
{
    static const struct {
        str text;
        bool extracts;
    } rows[] = {
        {S("{\"p\":{\"processors\":[]}}"), false},
        {S("{\"p\":{\"processors\":[{\"set\":{\"field\":\"attachment\",\"value\":1}}]}}"), false},
        {S("{\"p\":{\"description\":\"\\\"attachment\\\" : {\",\"processors\":[]}}"), false},
        {S("{\"p\":{\"processors\":[{\"foreach\":{\"processor\":{\"attachment\":{\"field\":\"a\"}}}"
           "}]}}"),
         true},
        {S("{\n \"p\" : { \"processors\" : [ { \"attachment\" : {\n"), true},
        {S("{\"p\":{\"processors\":[{\"pipeline\":{\"name\":\"other\"}}]}}"), true},
        {S("{\"p\":{\"processors\":[{\"attachments\":{}}]}}"), false},
        {S("{\"p\":{\"x\":\"\",\"\"attachment\":{}}}"), true},
    };
    for (isize i = 0; i < COUNT(rows); i++) {
        struct machine_answer answers[] = {ROOT, INDEX_THERE, ANSWER_STR(200, rows[i].text)};
        CHECK(open_with(S("mail"), S("p"), answers, COUNT(answers)) == STEP_DONE);
        CHECK(o.extracts == rows[i].extracts);
    }
}

// A pipeline longer than the buffer is still searched to its end; of a long mapping the front
// matters.
static void test_index_open_long_answers(void)
{
    static u8 space[INDEX_ANSWER_BYTES + 200000];
    struct buf pipeline = buf_over(space, COUNT(space));
    buf_put(&pipeline, S("{\"p\":{\"description\":\""));
    buf_put_fill(&pipeline, 'x', INDEX_ANSWER_BYTES + 100000);
    buf_put(&pipeline, S("\",\"processors\":[{\"attachment\":{}}]}}"));
    elastic_init(&es, &(struct elastic_settings){.dest = &dest, .max_retries = 2});
    o.answer = buf_over(answer_space, COUNT(answer_space));
    o.detail = buf_over(detail_space, COUNT(detail_space));
    index_open_init(&o, &es, S("mail"), S("p"));
    machine_init(&m, &index_open_ops, &o);
    m.step_bytes = 1000;
    struct machine_answer answers[] = {ROOT, ANSWER_STR(200, buf_str(&pipeline)),
                                       ANSWER_STR(200, buf_str(&pipeline))};
    CHECK(machine_run(&m, answers, COUNT(answers)) == STEP_DONE);
    CHECK(o.extracts && !o.created);
}

static void test_index_name_is_valid_rules(void)
{
    const char *good[] = {"mail", ".search-acl-filter-mail", "a", "search-\xc3\xbc", "Upper", "a:b",
                          "a%b"};
    const char *bad[] = {"",    ".",   "..",   "-a",   "_a",  "+a",  "a b",  "a*",   "a,b",  "a/b",
                         "a?b", "a#b", "a\"b", "a\\b", "<a>", "a|b", "a\nb", "\xff", "a\x7f"};
    for (isize i = 0; i < COUNT(good); i++) {
        CHECK(index_name_is_valid(str_from(good[i])));
    }
    for (isize i = 0; i < COUNT(bad); i++) {
        CHECK(!index_name_is_valid(str_from(bad[i])));
        CHECK(open_with(str_from(bad[i]), S(""), NULL, 0) == STEP_FAILED);
        CHECK_ERR(o.error, ES_NAME);
        CHECK(m.request_count == 0);
    }
    u8 name[256];
    memset(name, 'a', sizeof name);
    CHECK(index_name_is_valid(str_make(name, 255)));
    CHECK(!index_name_is_valid(str_make(name, 256)));
    u8 pipeline[BULK_PIPELINE_BYTES + 1];
    memset(pipeline, 'a', sizeof pipeline);
    CHECK(open_with(S("mail"), str_make(pipeline, COUNT(pipeline)), NULL, 0) == STEP_FAILED);
    CHECK_ERR(o.error, ES_NAME);
}

static void test_index_open_encodes_names(void)
{
    struct machine_answer answers[] = {ROOT, ANSWER(200, "{}"), ANSWER(200, "{}"),
                                       ANSWER(404, "{}")};
    CHECK(open_with(S("m%2e\xc3\xbc"), S(""), answers, COUNT(answers)) == STEP_DONE);
    CHECK_STR(machine_target(&m, 1), S("/m%252e%C3%BC?ignore_unavailable=true"));
    CHECK_STR(machine_target(&m, 2), S("/m%252e%C3%BC"));
}

// ---- the count

static struct index_count c;

static enum step count_with(bool serverless, const struct machine_answer *answers, isize count)
{
    elastic_init(&es, &(struct elastic_settings){.dest = &dest, .max_retries = 2});
    es.serverless = serverless;
    c = (struct index_count){.es = &es,
                             .index = S("mail"),
                             .answer = buf_over(answer_space, 4096),
                             .detail = buf_over(detail_space, COUNT(detail_space))};
    machine_init(&m, &index_count_ops, &c);
    m.step_bytes = 2;
    return machine_run(&m, answers, count);
}

#define COUNT_WITH(serverless, ...)                                      \
    count_with(serverless, (const struct machine_answer[]){__VA_ARGS__}, \
               COUNT(((const struct machine_answer[]){__VA_ARGS__})))

static void test_index_count_refreshes_first(void)
{
    CHECK(COUNT_WITH(false, ANSWER(200, "{\"_shards\":{}}"),
                     ANSWER(200, "{\"count\":12,\"_shards\":{}}")) == STEP_DONE);
    CHECK(c.documents == 12);
    CHECK_STR(machine_target(&m, 0), S("/mail/_refresh"));
    CHECK_STR(machine_target(&m, 1), S("/mail/_count"));
    CHECK_STR(machine_method(&m, 0), S("POST"));
    CHECK(COUNT_WITH(true, ANSWER(200, "{\"count\":0}")) == STEP_DONE);
    CHECK(m.request_count == 1 && c.documents == 0);
}

static void test_index_count_failures(void)
{
    CHECK(COUNT_WITH(false, ANSWER(403, "{}"), ANSWER(200, "{\"count\":3}")) == STEP_DONE);
    CHECK(c.documents == 3);
    CHECK(COUNT_WITH(false, ANSWER(200, "{}"),
                     ANSWER(403, "{\"error\":{\"type\":\"a\",\"reason\":\"b\"}}")) == STEP_FAILED);
    CHECK_ERR(c.error, ES_FORBIDDEN);
    CHECK_STR(buf_str(&c.detail), S("a: b"));
    CHECK(c.documents == -1);
    CHECK(COUNT_WITH(true, ANSWER(200, "{\"count\":-4}")) == STEP_FAILED);
    CHECK_ERR(c.error, ES_ANSWER);
    CHECK(COUNT_WITH(true, ANSWER(200, "{\"count\":")) == STEP_FAILED);
    CHECK_ERR(c.error, ES_ANSWER);
}

static const struct test_case cases[] = {
    CASE(test_index_open_all_there),         CASE(test_index_open_creates),
    CASE(test_index_open_exists_already),    CASE(test_index_open_index_refused),
    CASE(test_index_open_versions),          CASE(test_index_open_serverless),
    CASE(test_index_open_product),           CASE(test_index_open_credentials),
    CASE(test_index_open_weather),           CASE(test_index_open_pipelines),
    CASE(test_index_open_pipeline_extracts), CASE(test_index_open_long_answers),
    CASE(test_index_name_is_valid_rules),    CASE(test_index_open_encodes_names),
    CASE(test_index_count_refreshes_first),  CASE(test_index_count_failures),
};

TEST_MAIN(cases)
