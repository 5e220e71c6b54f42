// SPDX-License-Identifier: Apache-2.0
// service/values and service/classes: coercions, dependencies and checks of spec/configuration.md
// 5, and the words for what failed.
#include "records.h"

#include "service/classes.h"
#include "service/prepare.h"
#include "service/values.h"
#include "source/gmail/gmail_schema.h"

static const struct field fields[] = {
    {.key = "kind", .label = "Kind", .type = FIELD_STR, .value_json = "\"cloud\""},
    {.key = "name",
     .label = "Name",
     .type = FIELD_STR,
     .value_json = "\"\"",
     .depends_on = {{"kind", "\"server\""}, {"on", "true"}}},
    {.key = "on", .label = "On", .type = FIELD_BOOL, .value_json = "false"},
    {.key = "size", .label = "Size", .type = FIELD_INT, .value_json = "5", .optional = true},
    {.key = "list", .label = "List", .type = FIELD_LIST, .value_json = "[\"a\"]"},
    {.key = "secret",
     .label = "Secret",
     .type = FIELD_STR,
     .sensitive = true,
     .optional = true,
     .value_json = "\"\"",
     .validations_json = "[{\"type\":\"regex\",\"constraint\":\"[a-z]+\"}]"},
};
static const struct schema schema = {.fields = fields, .count = COUNT(fields)};
enum { KIND, NAME, ON, SIZE, LIST, SECRET };

static struct values v;
static struct json json;
static struct json_node nodes[2048];
static u8 texts_space[CONNECTOR_TEXTS_BYTES], detail_space[2048], memory_space[512 * 1024];
static struct buf detail;

static err read_with(const struct schema *s, str configuration)
{
    static struct arena texts;
    texts = arena_over(texts_space, COUNT(texts_space));
    detail = buf_over(detail_space, COUNT(detail_space));
    CHECK_OK(json_parse(&json, test_guarded(configuration), nodes, COUNT(nodes)));
    return values_read(&v, s, &json, json_type(&json, 0) == JSON_OBJECT ? 0 : -1, &texts);
}

static err read_own(str configuration)
{
    return read_with(&schema, configuration);
}

static err check(void)
{
    static struct values_checker checker;
    static struct plan plan;
    static struct arena arena;
    if (!checker.scratch) {
        arena = arena_over(memory_space, COUNT(memory_space));
        plan.arena = &arena;
        values_init(&checker, &plan);
    }
    detail = buf_over(detail_space, COUNT(detail_space));
    return values_check(&v, &checker, &detail);
}

// The text of `kind` when its value is this JSON.
static str text_of(str value)
{
    u8 space[1024];
    struct buf b = buf_over(space, COUNT(space));
    buf_put(&b, S("{\"kind\":{\"value\":"));
    buf_put(&b, value);
    buf_put(&b, S("}}"));
    CHECK_OK(read_own(buf_str(&b)));
    return v.fields[KIND].text;
}

static void test_values_str(void)
{
    CHECK_STR(text_of(S("\"x\"")), S("x"));
    CHECK_STR(text_of(S("\"\\u00e9\\n\"")), S("\xc3\xa9\n"));
    CHECK_STR(text_of(S("null")), S(""));
    CHECK(v.fields[KIND].empty);
    CHECK_STR(text_of(S("\"\"")), S(""));
    CHECK(v.fields[KIND].empty);
    CHECK_STR(text_of(S("\" \"")), S(" "));
    CHECK(!v.fields[KIND].empty);
    CHECK_STR(text_of(S("5")), S("5"));
    CHECK_STR(text_of(S("-0")), S("0"));
    CHECK_STR(text_of(S("5.50")), S("5.5"));
    CHECK_STR(text_of(S("5.00")), S("5.0"));
    CHECK_STR(text_of(S("true")), S("True"));
    CHECK_STR(text_of(S("false")), S("False"));
    CHECK(!v.fields[KIND].empty);
    CHECK_STR(text_of(S("[\"a\"]")), S("['a']"));
    CHECK_STR(text_of(S("[]")), S("[]"));
    CHECK_STR(text_of(S("[1,[null,\"it's\"],{\"k\":\"a\\\"b'\\\\\\n\\u0001\",\"z\":{}}]")),
              S("[1, [None, \"it's\"], {'k': 'a\"b\\'\\\\\\n\\x01', 'z': {}}]"));
}

static void read_one(const char *key, str value)
{
    u8 space[1024];
    struct buf b = buf_over(space, COUNT(space));
    buf_put(&b, S("{\""));
    buf_put(&b, str_from(key));
    buf_put(&b, S("\":{\"value\":"));
    buf_put(&b, value);
    buf_put(&b, S("}}"));
    CHECK_OK(read_own(buf_str(&b)));
}

static void test_values_int(void)
{
    static const struct {
        str value;
        i64 number;
        bool empty, bad;
    } rows[] = {
        {S("5"), 5, false, false},
        {S("\"5\""), 5, false, false},
        {S("\" 5 \""), 5, false, false},
        {S("5.7"), 5, false, false},
        {S("-5.7"), -5, false, false},
        {S("\"+5\""), 5, false, false},
        {S("\"1_000\""), 1000, false, false},
        {S("true"), 1, false, false},
        {S("\"-7\""), -7, false, false},
        {S("0"), 0, false, false},
        {S("\"x\""), 0, false, true},
        {S("\"5.7\""), 0, false, true},
        {S("[5]"), 0, false, true},
        {S("1e3"), 0, false, true},
        {S("99999999999999999999"), 0, false, true},
        {S("\"_1\""), 0, false, true},
        {S("\"1__0\""), 0, false, true},
        {S("\"123456789012345678901234567890\""), 0, false, true},
    };
    for (isize i = 0; i < COUNT(rows); i++) {
        read_one("size", rows[i].value);
        CHECK(v.unreadable[SIZE] == rows[i].bad && v.fields[SIZE].empty == rows[i].empty);
        CHECK(rows[i].bad || v.fields[SIZE].number == rows[i].number);
        if (rows[i].bad) {
            CHECK_ERR(check(), VALUES_INVALID);
            CHECK(str_find(buf_str(&detail), S("'Size' '")) > 0 &&
                  str_find(buf_str(&detail), S("' is not a whole number")) > 0);
        }
    }
    read_one("size", S("null"));
    CHECK(v.fields[SIZE].empty);
    read_one("size", S("\"\""));
    CHECK(v.fields[SIZE].empty && !v.unreadable[SIZE]);
}

static void test_values_bool(void)
{
    static const struct {
        str value;
        bool flag, empty;
    } rows[] = {
        {S("true"), true, false},       {S("false"), false, false},
        {S("0"), false, false},         {S("1"), true, false},
        {S("0.0"), false, false},       {S("0.5"), true, false},
        {S("null"), false, true},       {S("\"\""), false, true},
        {S("\"false\""), false, false}, {S("\" False \""), false, false},
        {S("\"true\""), true, false},   {S("\"no\""), true, false},
        {S("[]"), false, false},        {S("[0]"), true, false},
    };
    for (isize i = 0; i < COUNT(rows); i++) {
        read_one("on", rows[i].value);
        CHECK(v.fields[ON].flag == rows[i].flag && v.fields[ON].empty == rows[i].empty);
    }
}

static void test_values_list(void)
{
    static const struct {
        str value, text;
        bool empty;
    } rows[] = {
        {S("\"a, b,,c \""), S("a\nb\nc"), false},
        {S("\"\""), S(""), true},
        {S("\" , \""), S(""), true},
        {S("null"), S(""), true},
        {S("[]"), S(""), true},
        {S("[\"\",null]"), S("\nNone"), true},
        {S("[\"a\",7]"), S("a\n7"), false},
        {S("7"), S("7"), false},
    };
    for (isize i = 0; i < COUNT(rows); i++) {
        read_one("list", rows[i].value);
        CHECK_STR(v.fields[LIST].text, rows[i].text);
        CHECK(v.fields[LIST].empty == rows[i].empty);
    }
}

static void test_values_absent_and_default(void)
{
    CHECK_OK(read_own(S("{}")));
    CHECK_STR(v.fields[KIND].text, S("cloud"));
    CHECK(v.fields[SIZE].number == 5 && !v.fields[ON].flag);
    CHECK_STR(v.fields[LIST].text, S("a"));
    CHECK_OK(read_own(S("[]"))); // no configuration at all
    CHECK_STR(v.fields[KIND].text, S("cloud"));
    // Something that is no field object is a value.
    CHECK_OK(read_own(S("{\"kind\":\"server\",\"on\":true}")));
    CHECK_STR(v.fields[KIND].text, S("server"));
    CHECK(v.fields[ON].flag);
    // default_value stands in for an empty one that is not required.
    CHECK_OK(
        read_own(S("{\"size\":{\"value\":null,\"default_value\":\"9\"},\"kind\":{\"value\":\"\","
                   "\"default_value\":\"d\"}}")));
    CHECK(v.fields[SIZE].number == 9 && !v.fields[SIZE].empty);
    CHECK(v.fields[KIND].empty);
    CHECK_OK(read_own(S("{\"kind\":{\"value\":\"\",\"default_value\":\"d\",\"required\":false}}")));
    CHECK_STR(v.fields[KIND].text, S("d"));
}

static void test_values_too_large(void)
{
    static u8 space[CONNECTOR_TEXTS_BYTES + 128];
    struct buf b = buf_over(space, COUNT(space));
    buf_put(&b, S("{\"kind\":\"\\n"));
    buf_put_fill(&b, 'x', CONNECTOR_TEXTS_BYTES);
    buf_put(&b, S("\"}"));
    CHECK_ERR(read_own(buf_str(&b)), VALUES_TOO_LARGE);
}

static void test_a36_values_dependencies(void)
{
    CHECK_OK(read_own(S("{\"kind\":\"server\",\"on\":true,\"name\":\"\"}")));
    CHECK(v.fields[NAME].active && v.fields[KIND].active);
    CHECK_ERR(check(), VALUES_INVALID);
    CHECK_STR(buf_str(&detail), S("Invalid configuration: 'Name' is empty"));
    CHECK_OK(read_own(S("{\"kind\":\"server\",\"on\":false,\"name\":\"\"}")));
    CHECK(!v.fields[NAME].active);
    CHECK_OK(check());
    CHECK_OK(read_own(S("{\"kind\":\"cloud\",\"on\":true,\"name\":\"\"}")));
    CHECK(!v.fields[NAME].active);
    CHECK_OK(check());
    // The record's own, with Python's True == 1.
    CHECK_OK(read_own(S("{\"on\":true,\"name\":{\"value\":\"\",\"depends_on\":[{\"field\":\"on\","
                        "\"value\":1},{\"field\":\"size\",\"value\":5.0}]},\"size\":5}")));
    CHECK(v.fields[NAME].active);
    CHECK_OK(
        read_own(S("{\"name\":{\"value\":\"\",\"depends_on\":[{\"field\":\"on\",\"value\":true},"
                   "{\"field\":\"size\",\"value\":5}]},\"size\":5}")));
    CHECK(!v.fields[NAME].active); // all of them have to be met
    CHECK_OK(read_own(S("{\"name\":{\"value\":\"\",\"depends_on\":[{\"field\":\"other\",\"value\":"
                        "[1]}]},\"other\":{\"value\":[1]}}")));
    CHECK(v.fields[NAME].active);
    CHECK_OK(
        read_own(S("{\"name\":{\"value\":\"x\",\"depends_on\":[{\"field\":\"gone\",\"value\":1}"
                   "]}}")));
    CHECK(!v.fields[NAME].active);
    CHECK_ERR(check(), VALUES_INVALID);
    CHECK_STR(buf_str(&detail),
              S("Invalid configuration: 'Name' depends on a field that does not exist: gone"));
}

static void test_values_missing(void)
{
    CHECK_OK(read_own(S("{\"list\":1,\"kind\":null,\"on\":{},\"extra\":5}")));
    CHECK_ERR(values_missing(&v, &detail), VALUES_MISSING);
    CHECK_STR(buf_str(&detail), S("The configuration lacks these fields: name, size, secret"));
    CHECK_OK(read_own(S("{\"list\":1,\"kind\":1,\"on\":1,\"name\":1,\"size\":1,\"secret\":1}")));
    CHECK_OK(values_missing(&v, &detail));
}

#define WITH(key, value, validations) \
    S("{\"" key "\":{\"value\":" value ",\"validations\":[" validations "]}}")

static void check_one(str configuration, str want)
{
    CHECK_OK(read_own(configuration));
    err e = check();
    if (want.n == 0) {
        CHECK_OK(e);
        return;
    }
    CHECK_ERR(e, VALUES_INVALID);
    CHECK(str_starts(buf_str(&detail), S("Invalid configuration: ")));
    CHECK_STR(str_from_index(buf_str(&detail), 23), want);
}

static void test_values_check_numbers(void)
{
#define LESS "{\"type\":\"less_than\",\"constraint\":10}"
#define GREATER "{\"type\":\"greater_than\",\"constraint\":3}"
    check_one(WITH("size", "9", LESS "," GREATER), S(""));
    check_one(WITH("size", "10", LESS), S("'Size' '10' is not less than '10'"));
    check_one(WITH("size", "3", GREATER), S("'Size' '3' is not greater than '3'"));
    check_one(WITH("kind", "\"11\"", LESS), S("'Kind' '11' is not less than '10'"));
    check_one(WITH("kind", "\"x\"", LESS), S("'Kind' 'x' is not a number"));
    check_one(WITH("size", "1", "{\"type\":\"less_than\",\"constraint\":\"z\"}"),
              S("'Size' '1' is compared with something that is no whole number: 'z'"));
    check_one(WITH("size", "1", "{\"type\":\"of tomorrow\",\"constraint\":1},7"), S(""));
}

static void test_values_check_lists(void)
{
#define STRINGS "{\"type\":\"list_type\",\"constraint\":\"str\"}"
#define INTS "{\"type\":\"list_type\",\"constraint\":\"int\"}"
    check_one(WITH("list", "[\"a\",\"b\"]", STRINGS), S(""));
    check_one(WITH("list", "\"a,b\"", STRINGS), S(""));
    check_one(WITH("list", "[1,2]", INTS), S(""));
    check_one(WITH("list", "3", INTS), S(""));
    check_one(WITH("list", "[1,\"b\"]", INTS),
              S("'List' '1\nb' has an element that is not of type 'int'"));
    check_one(WITH("list", "[1,\"b\"]", STRINGS),
              S("'List' '1\nb' has an element that is not of type 'str'"));
    check_one(WITH("kind", "\"a\"", STRINGS),
              S("'Kind' 'a' has an element that is not of type 'str'"));
#define AMONG "{\"type\":\"included_in\",\"constraint\":[\"a\",\"b\",5,true]}"
    check_one(WITH("kind", "\"b\"", AMONG), S(""));
    check_one(WITH("size", "5", AMONG), S(""));
    check_one(WITH("on", "true", AMONG), S(""));
    check_one(WITH("list", "[\"b\",\"a\"]", AMONG), S(""));
    check_one(WITH("list", "[\"b\",\"c\"]", AMONG), S("'List' 'b\nc' is not one of a, b, 5, true"));
    check_one(WITH("kind", "\"ab\"", AMONG), S("'Kind' 'ab' is not one of a, b, 5, true"));
}

static void test_values_check_regex(void)
{
#define LIKE(pattern) "{\"type\":\"regex\",\"constraint\":\"" pattern "\"}"
    check_one(WITH("kind", "\"abc\"", LIKE("a|abc")), S(""));
    check_one(WITH("kind", "\"abcd\"", LIKE("a|abc")),
              S("'Kind' 'abcd' does not match the pattern 'a|abc'"));
    check_one(WITH("kind", "\"ABC\"", LIKE("(?i)abc")), S(""));
    check_one(WITH("kind", "\"abc\\n\"", LIKE("abc$")),
              S("'Kind' 'abc\n' does not match the pattern 'abc$'"));
    check_one(WITH("on", "true", LIKE("x")), S("'On' 'true' is not a text, but is to match 'x'"));
    CHECK_OK(read_own(WITH("kind", "\"x\"", LIKE("(x"))));
    CHECK_ERR(check(), VALUES_INVALID);
    CHECK(str_find(buf_str(&detail), S("'Kind' 'x' cannot be compared with the pattern '(x'")) > 0);
    // The value of a sensitive field is nobody's business; its validation is the schema's.
    check_one(S("{\"secret\":{\"value\":\"PASS1\"}}"),
              S("'Secret' (hidden) does not match the pattern '[a-z]+'"));
    check_one(S("{\"secret\":{\"value\":\"PASS1\",\"sensitive\":false}}"),
              S("'Secret' (hidden) does not match the pattern '[a-z]+'"));
    check_one(S("{\"secret\":{\"value\":\"pass\"}}"), S(""));
    check_one(
        S("{\"kind\":{\"value\":\"PASS1\",\"sensitive\":true,\"validations\":[" LIKE("x") "]}}"),
        S("'Kind' (hidden) does not match the pattern 'x'"));
}

static void test_values_check_order_and_labels(void)
{
    check_one(S("{\"on\":null,\"kind\":{\"label\":\"My \\\"kind\\\"\",\"value\":\"\"},\"extra\":"
                "{\"value\":\"\"},\"kind\":{\"label\":\"My kind\",\"value\":\"\"}}"),
              S("'On' is empty; 'My kind' is empty"));
    check_one(S("{\"size\":{\"value\":null,\"required\":true}}"), S("'Size' is empty"));
    check_one(S("{\"size\":{\"value\":null,\"required\":false}}"), S(""));
    // Long values are cut.
    static u8 space[1024];
    struct buf b = buf_over(space, COUNT(space));
    buf_put(&b, S("{\"size\":\""));
    buf_put_fill(&b, 'x', 300);
    buf_put(&b, S("\"}"));
    CHECK_OK(read_own(buf_str(&b)));
    CHECK_ERR(check(), VALUES_INVALID);
    CHECK(detail.n < 220 && str_find(buf_str(&detail), S("xx...' is not a whole number")) > 0);
}

// ---- gmail

#define GMAIL(subject, toggle)                                                              \
    S("{\"service_account_credentials\":{\"value\":\"{}\"},\"subject\":{\"value\":" subject \
      "},\"customer_id\":{\"value\":\"C1\"},\"include_spam_and_trash\":{\"value\":" toggle  \
      "},\"include_full_raw_message\":{\"value\":false},\"use_document_level_security\":"   \
      "{\"value\":true}}")

static void test_a34_gmail_subject(void)
{
    static const struct {
        str configuration;
        bool good;
    } rows[] = {
        {GMAIL("\"root@ourcorp.example\"", "false"), true},
        {GMAIL("\"x\"", "false"), false},
        {GMAIL("\"a@b\"", "false"), false},
        {GMAIL("\"\xc3\xa9@x.y\"", "false"), true},
        {GMAIL("\"a@b.c\\n\"", "false"), false},
        {GMAIL("\" a@b.c\"", "false"), false},
    };
    for (isize i = 0; i < COUNT(rows); i++) {
        CHECK_OK(read_with(&gmail_schema, rows[i].configuration));
        CHECK_OK(values_missing(&v, &detail));
        CHECK(err_ok(check()) == rows[i].good);
    }
    CHECK_OK(read_with(&gmail_schema, GMAIL("\"x\"", "false")));
    err e = check();
    CHECK_ERR(e, VALUES_INVALID);
    u8 space[512];
    struct buf text = buf_over(space, COUNT(space));
    classes_put_message(&text, e, buf_str(&detail));
    CHECK_STR(buf_str(&text), S("Invalid configuration: 'Google Workspace admin email' 'x' does "
                                "not match the pattern '^\\S+@\\S+\\.\\S+$'"));
    text = buf_over(space, COUNT(space));
    classes_put_job_error(&text, e, buf_str(&detail));
    CHECK(str_starts(buf_str(&text), S("ConfigurableFieldValueError: Invalid configuration: ")));
}

static void test_a37_gmail_toggle_null(void)
{
    CHECK_OK(read_with(&gmail_schema, GMAIL("\"a@b.c\"", "null")));
    CHECK_ERR(check(), VALUES_INVALID);
    CHECK_STR(buf_str(&detail),
              S("Invalid configuration: 'Include spam and trash emails' is empty"));
}

static void test_gmail_values(void)
{
    CHECK_OK(read_with(&gmail_schema, GMAIL("\"a@b.c\"", "true")));
    CHECK_STR(v.fields[GMAIL_FIELD_SUBJECT].text, S("a@b.c"));
    CHECK_STR(v.fields[GMAIL_FIELD_CREDENTIALS].text, S("{}"));
    CHECK(v.fields[GMAIL_FIELD_SPAM_AND_TRASH].flag && !v.fields[GMAIL_FIELD_RAW_MESSAGE].flag);
    CHECK(v.fields[GMAIL_FIELD_SECURITY].flag);
    CHECK_OK(check());
    // What prepare registers is read as what it says, and is empty where nobody entered anything.
    static u8 space[8192];
    struct buf b = buf_over(space, COUNT(space));
    prepare_put_schema(&b, &gmail_schema);
    CHECK_OK(read_with(&gmail_schema, buf_str(&b)));
    CHECK(v.fields[GMAIL_FIELD_SECURITY].flag && !v.fields[GMAIL_FIELD_SPAM_AND_TRASH].flag);
    CHECK_ERR(check(), VALUES_INVALID);
    CHECK_STR(buf_str(&detail), S("Invalid configuration: 'GMail service account JSON' is empty; "
                                  "'Google Workspace admin email' is empty; 'Google customer id' "
                                  "is empty"));
}

// ---- classes

static void test_classes_token(void)
{
    static const struct {
        enum err_code code;
        const char *token;
    } rows[] = {
        {ERR_GMAIL_SUBJECT, "ConfigurableFieldValueError"},
        {ERR_TOKEN_UNAUTHORIZED, "ConfigurableFieldValueError"},
        {ERR_VALUES_INVALID, "ConfigurableFieldValueError"},
        {ERR_VALUES_MISSING, "MalformedConfigurationError"},
        {ERR_BULK_TOO_MANY_ERRORS, "TooManyErrors"},
        {ERR_ES_BUSY, "ElasticsearchOverloadedError"},
        {ERR_ES_FORBIDDEN, "AuthorizationException"},
        {ERR_SYNC_JOB_PROTOCOL, "ProtocolError"},
        {ERR_SYNC_JOB_NOT_RUNNING, "ConnectorJobNotRunningError"},
        {ERR_SYNC_JOB_CONNECTOR_GONE, "ConnectorNotFoundError"},
        {ERR_SYNC_JOB_FILTER, "InvalidFilteringError"},
        {ERR_SYNC_JOB_INCREMENTAL, "UnsupportedJobType"},
        {ERR_SERVICE_LICENSE, "InsufficientESLicenseError"},
        {ERR_RULES_SHAPE, "InvalidFilteringError"},
        {ERR_JOB_DIRECTORY, "UsersFetchFailed"},
        {ERR_TLS_EXPIRED, "SSLCertificateError"},
        {ERR_HTTP_FORBIDDEN, "Forbidden"},
        {ERR_HTTP_NOT_FOUND, "NotFound"},
        {ERR_HTTP_UNAUTHORIZED, "UnauthorizedException"},
        {ERR_NET_RESET, "ConnectionError"},
        {ERR_GMAIL_ANSWER, "HTTPError"},
        {ERR_HTTP_BUSY, "HTTPError"},
    };
    for (isize i = 0; i < COUNT(rows); i++) {
        CHECK_STR(str_from(classes_token((err){(u16)rows[i].code})), str_from(rows[i].token));
    }
    // Every error has one: a name without blanks, and its sentence can be put.
    for (int code = 1; code < ERR_CODE_COUNT; code++) {
        str token = str_from(classes_token((err){(u16)code}));
        CHECK(token.n > 3 && str_find_byte(token, ' ') < 0 && str_find_byte(token, ':') < 0);
        u8 space[2048];
        struct buf text = buf_over(space, COUNT(space));
        classes_put_job_error(&text, (err){(u16)code}, S("facts"));
        CHECK(!text.full && str_find(buf_str(&text), S("facts")) >= 0);
    }
}

static void test_classes_put(void)
{
    u8 space[512];
    struct buf b = buf_over(space, COUNT(space));
    classes_put_job_error(&b, FAIL(GMAIL_SUBJECT), S("\"x\""));
    CHECK_STR(buf_str(&b),
              S("ConfigurableFieldValueError: 'Google Workspace admin email' (subject) is not a "
                "mail address: \"x\"; set it to the address of a Google Workspace administrator"));
    b = buf_over(space, COUNT(space));
    classes_put_job_error(&b, FAIL(SYNC_JOB_CONNECTOR_GONE), S(""));
    CHECK_STR(buf_str(&b), S("ConnectorNotFoundError: the connector was deleted"));
    b = buf_over(space, COUNT(space));
    classes_put_job_error(&b, FAIL(SYNC_JOB_ORPHAN), S(""));
    CHECK_STR(buf_str(&b), S("the connector of the job does not exist"));
    // A small buffer gets the front, whole characters, and is never `full`.
    u8 tiny[31];
    b = buf_over(tiny, COUNT(tiny));
    classes_put_job_error(&b, FAIL(GMAIL_SUBJECT), S("\xc3\xa9"));
    CHECK(!b.full && b.n == 31);
}

static void test_a81_classes_put_forbidden(void)
{
    u8 space[512], facts_space[512];
    struct buf b = buf_over(space, COUNT(space)), facts = buf_over(facts_space, COUNT(facts_space));
    classes_put_forbidden(&facts, S("search-post"));
    classes_put_job_error(&b, FAIL(SYNC_JOB_FORBIDDEN), buf_str(&facts));
    CHECK_STR(buf_str(&b),
              S("The credentials may not write to the index [search-post]. Make a new API key for "
                "it in Kibana, or give the key all privileges on this index. Status code: [403]."));
}

static void test_a82_classes_put_protocol(void)
{
    u8 space[512], facts_space[512];
    struct buf b = buf_over(space, COUNT(space)), facts = buf_over(facts_space, COUNT(facts_space));
    classes_put_protocol(&facts, S("claim"), S("j1"), S("status 404: not found"));
    classes_put_job_error(&b, FAIL(SYNC_JOB_PROTOCOL), buf_str(&facts));
    CHECK(str_starts(buf_str(&b), S("ProtocolError: the record of the job could not be written: "
                                    "claim of job j1: status 404: not found")));
    b = buf_over(space, COUNT(space));
    facts = buf_over(facts_space, COUNT(facts_space));
    classes_put_idle(&facts, 300);
    classes_put_job_error(&b, FAIL(SYNC_JOB_IDLE), buf_str(&facts));
    CHECK(str_starts(buf_str(&b), S("The job gave no sign of life for more than 300 seconds")));
    b = buf_over(space, COUNT(space));
    facts = buf_over(facts_space, COUNT(facts_space));
    classes_put_not_running(&facts, S("j1"), S("error"));
    classes_put_job_error(&b, FAIL(SYNC_JOB_NOT_RUNNING), buf_str(&facts));
    CHECK(str_starts(buf_str(&b), S("ConnectorJobNotRunningError: the job is not running any more: "
                                    "job j1 has status 'error'")));
}

static const struct test_case cases[] = {
    CASE(test_values_str),
    CASE(test_values_int),
    CASE(test_values_bool),
    CASE(test_values_list),
    CASE(test_values_absent_and_default),
    CASE(test_values_too_large),
    CASE(test_a36_values_dependencies),
    CASE(test_values_missing),
    CASE(test_values_check_numbers),
    CASE(test_values_check_lists),
    CASE(test_values_check_regex),
    CASE(test_values_check_order_and_labels),
    CASE(test_a34_gmail_subject),
    CASE(test_a37_gmail_toggle_null),
    CASE(test_gmail_values),
    CASE(test_classes_token),
    CASE(test_classes_put),
    CASE(test_a81_classes_put_forbidden),
    CASE(test_a82_classes_put_protocol),
};

TEST_MAIN(cases)
