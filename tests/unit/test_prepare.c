// SPDX-License-Identifier: Apache-2.0
// service/prepare and service/filter: what is written to a record before it is served, by the rows
// of the acceptance list that they decide (test_aNN_), and to an edited draft.
#include "records.h"

#include "service/filter.h"
#include "service/prepare.h"
#include "source/gmail/gmail_schema.h"

static struct connector c;
static u8 out_space[64 * 1024], source_space[64 * 1024];
static struct buf out, source;
static struct prepare_answer answer;

static const struct source_ops gmail = {.service_type = "gmail", .schema = &gmail_schema};

// A second type, for what gmail has not: dependencies, options, restrictions, no advanced rules.
static const struct field post_fields[] = {
    {.key = "kind",
     .label = "Kind",
     .display = "dropdown",
     .type = FIELD_STR,
     .value_json = "\"cloud\"",
     .options_json = "[{\"label\":\"Cloud\",\"value\":\"cloud\"}]"},
    {.key = "size",
     .label = "Size",
     .display = "numeric",
     .type = FIELD_INT,
     .optional = true,
     .value_json = "7",
     .restrictions_json = "[\"advanced\"]",
     .depends_on = {{"kind", "\"cloud\""}}},
};
static const struct schema post_schema = {.fields = post_fields, .count = 2};
static const struct source_ops post = {.service_type = "post", .schema = &post_schema};
static const struct source_ops *const sources[] = {&gmail, &post};

static enum prepare ask_listed(str type, bool listed, str text)
{
    CHECK_OK(records_read_connector(&c, text));
    struct prepare_ask ask = {.connector = &c,
                              .listed = listed,
                              .service_type = type,
                              .sources = sources,
                              .source_count = COUNT(sources)};
    out = buf_over(out_space, COUNT(out_space));
    enum prepare p = prepare_put(&out, &ask, &answer);
    CHECK(!out.full && (p == PREPARE_WRITE) == (out.n > 0));
    if (out.n) {
        records_check_json(buf_str(&out));
    }
    return p;
}

static enum prepare ask_gmail(str text)
{
    return ask_listed(S("gmail"), true, text);
}

// The written document, to look things up in.
static struct json_node doc_nodes[2048];
static struct json doc;

static str written(const char *path)
{
    static u8 texts[8][4096];
    static int turn;
    if (!err_ok(json_parse(&doc, buf_str(&out), doc_nodes, COUNT(doc_nodes)))) {
        return S("(nothing)");
    }
    int node = json_path(&doc, json_get(&doc, 0, S("doc")), str_from(path));
    if (node < 0) {
        return S("(absent)");
    }
    str raw = json_raw(&doc, node);
    u8 *copy = texts[turn++ % 8];
    ASSERT(raw.n <= 4096);
    memcpy(copy, raw.p, (size_t)raw.n);
    return str_make(copy, raw.n);
}

// A complete record of gmail, with `edit` in place of the member that begins with `from`.
static str record(str rest)
{
    source = buf_over(source_space, COUNT(source_space));
    buf_put(&source, S("{\"_id\":\"c1\",\"_seq_no\":1,\"_primary_term\":1,\"_source\":"
                       "{\"configuration\":"));
    prepare_put_schema(&source, &gmail_schema);
    buf_put(&source, S(",\"features\":"));
    prepare_put_features(&source, &gmail_schema);
    buf_put(&source, S(",\"service_type\":\"gmail\",\"status\":\"configured\""));
    buf_put(&source, rest);
    buf_put(&source, S("}}"));
    return buf_str(&source);
}

// The first `from` in the record becomes `to`.
static str edited(str text, str from, str to)
{
    static u8 spaces[2][64 * 1024]; // `text` may be in one of them
    static int turn;
    struct buf b = buf_over(spaces[turn++ % 2], COUNT(spaces[0]));
    isize at = str_find(text, from);
    CHECK(at >= 0);
    buf_put(&b, str_slice(text, 0, at));
    buf_put(&b, to);
    buf_put(&b, str_from_index(text, at + from.n));
    return buf_str(&b);
}

static void test_a21_prepare_registers_whole_schema(void)
{
    CHECK(ask_gmail(S("{\"_id\":\"c1\",\"_source\":{\"configuration\":{},\"service_type\":null,"
                      "\"features\":null,\"status\":\"created\"}}")) == PREPARE_WRITE);
    CHECK(answer.registered && answer.typed && answer.featured && !answer.upgraded);
    CHECK_STR(written("status"), S("needs_configuration"));
    CHECK_STR(written("service_type"), S("gmail"));
    CHECK(json_size(&doc, json_path(&doc, 0, S("doc.configuration"))) == 6);
    CHECK(json_size(&doc, json_path(&doc, 0, S("doc"))) == 4);
    CHECK_STR(written("features.native_connector_api_keys.enabled"), S("false"));
    // The same for a record without, or with null, or with something else.
    CHECK(ask_gmail(S("{\"_id\":\"c1\",\"_source\":{\"configuration\":null}}")) == PREPARE_WRITE);
    CHECK(answer.registered && answer.typed && answer.featured);
    CHECK(ask_gmail(S("{\"_id\":\"c1\",\"_source\":{\"configuration\":\"\"}}")) == PREPARE_WRITE);
    CHECK(answer.registered);
}

static void test_a22_schema_of_gmail(void)
{
    static const struct {
        const char *key, *label, *type, *display, *sensitive, *value;
    } rows[] = {
        {"service_account_credentials", "GMail service account JSON", "str", "textarea", "true",
         ""},
        {"subject", "Google Workspace admin email", "str", "text", "false", ""},
        {"customer_id", "Google customer id", "str", "text", "false", ""},
        {"include_spam_and_trash", "Include spam and trash emails", "bool", "toggle", "false",
         "false"},
        {"include_full_raw_message", "Index full raw email (including headers)", "bool", "toggle",
         "false", "false"},
        {"use_document_level_security", "Enable document level security", "bool", "toggle", "false",
         "true"},
    };
    CHECK(ask_gmail(S("{\"_id\":\"c1\",\"_source\":{}}")) == PREPARE_WRITE);
    for (int i = 0; i < COUNT(rows); i++) {
        char path[128];
#define PROPERTY(name, want)                                            \
    snprintf(path, sizeof path, "configuration.%s." name, rows[i].key); \
    CHECK_STR(written(path), want)
        PROPERTY("label", str_from(rows[i].label));
        PROPERTY("type", str_from(rows[i].type));
        PROPERTY("display", str_from(rows[i].display));
        PROPERTY("sensitive", str_from(rows[i].sensitive));
        PROPERTY("value", str_from(rows[i].value));
        PROPERTY("required", S("true"));
        PROPERTY("default_value", S("null"));
        PROPERTY("depends_on", S("[]"));
        PROPERTY("options", S("[]"));
        PROPERTY("ui_restrictions", S("[]"));
        str order = written(
            (snprintf(path, sizeof path, "configuration.%s.order", rows[i].key), path));
        CHECK(order.n == 1 && order.p[0] == '1' + i);
        snprintf(path, sizeof path, "doc.configuration.%s", rows[i].key);
        CHECK(json_size(&doc, json_path(&doc, 0, str_from(path))) == 13);
    }
    CHECK_STR(written("configuration.service_account_credentials.tooltip"), S("null"));
    CHECK_STR(written("configuration.subject.validations"),
              S("[{\"type\":\"regex\",\"constraint\":\"^\\\\S+@\\\\S+\\\\.\\\\S+$\"}]"));
    CHECK_STR(written("configuration.customer_id.validations"), S("[]"));
}

static void test_a23_features(void)
{
    out = buf_over(out_space, COUNT(out_space));
    prepare_put_features(&out, &gmail_schema);
    CHECK_STR(buf_str(&out),
              S("{\"sync_rules\":{\"basic\":{\"enabled\":true},\"advanced\":{\"enabled\":true}},"
                "\"document_level_security\":{\"enabled\":true},\"incremental_sync\":"
                "{\"enabled\":true},\"native_connector_api_keys\":{\"enabled\":false}}"));
    out = buf_over(out_space, COUNT(out_space));
    prepare_put_features(&out, &post_schema);
    CHECK(str_find(buf_str(&out), S("\"advanced\":{\"enabled\":false}")) > 0);
}

static void test_a25_missing_field(void)
{
    // A record from before include_full_raw_message, its texts somebody else's.
    str text = record(S(""));
    isize from = str_find(text, S("\"include_full_raw_message\""));
    isize to = str_find(text, S("\"use_document_level_security\""));
    static u8 space[64 * 1024];
    struct buf b = buf_over(space, COUNT(space));
    buf_put(&b, str_slice(text, 0, from));
    buf_put(&b, str_from_index(text, to));
    text = edited(buf_str(&b), S("Google customer id"), S("Customer"));
    text = edited(text, S("\"tooltip\":null"), S("\"tooltip\":\"theirs\"")); // the schema has none
    CHECK(ask_gmail(text) == PREPARE_WRITE);
    CHECK(answer.upgraded && !answer.registered && !answer.typed && !answer.featured);
    CHECK_STR(written("status"), S("(absent)"));
    CHECK_STR(written("configuration.include_full_raw_message.value"), S("false"));
    CHECK(json_size(&doc, json_path(&doc, 0, S("doc.configuration.include_full_raw_message"))) ==
          13);
    // What the schema says otherwise is written, values are not.
    CHECK_STR(written("configuration.customer_id"), S("{\"label\":\"Google customer id\"}"));
    CHECK(json_size(&doc, json_path(&doc, 0, S("doc.configuration"))) == 2);
    CHECK(json_size(&doc, json_path(&doc, 0, S("doc"))) == 1);
}

static void test_a26_missing_property(void)
{
    // The last but one property of the second field, and a label of somebody's own.
    str text = record(S(""));
    text = edited(text, S("\"label\":\"Google Workspace admin email\""), S("\"label\":\"Boss\""));
    static u8 space[64 * 1024];
    struct buf b = buf_over(space, COUNT(space));
    buf_put(&b, text);
    text = edited(buf_str(&b),
                  S("\"validations\":[{\"type\":\"regex\",\"constraint\":"
                    "\"^\\\\S+@\\\\S+\\\\.\\\\S+$\"}],\"value\":\"\""),
                  S("\"value\":\"a\\u0040b.example\",\"more\":1"));
    CHECK(ask_gmail(text) == PREPARE_WRITE);
    CHECK(answer.upgraded && !answer.featured);
    CHECK_STR(written("configuration.subject.label"), S("Boss"));
    CHECK_STR(written("configuration.subject.value"), S("a\\u0040b.example"));
    CHECK_STR(written("configuration.subject.validations.0.type"), S("regex"));
    CHECK_STR(written("status"), S("(absent)"));
    CHECK(json_size(&doc, json_path(&doc, 0, S("doc.configuration.subject"))) == 13);
    CHECK(json_size(&doc, json_path(&doc, 0, S("doc.configuration"))) == 1);
}

static void test_prepare_field_that_is_no_object(void)
{
    str text = record(S(""));
    isize from = str_find(text, S("\"customer_id\":"));
    isize to = str_find(text, S(",\"include_spam_and_trash\""));
    static u8 space[64 * 1024];
    struct buf b = buf_over(space, COUNT(space));
    buf_put(&b, str_slice(text, 0, from));
    buf_put(&b, S("\"customer_id\":\"C0\\\"1\""));
    buf_put(&b, str_from_index(text, to));
    CHECK(ask_gmail(buf_str(&b)) == PREPARE_WRITE);
    CHECK_STR(written("configuration.customer_id.value"), S("C0\\\"1"));
    CHECK_STR(written("configuration.customer_id.label"), S("Google customer id"));
}

static void test_prepare_unknown_fields_are_left_alone(void)
{
    str text = edited(record(S("")), S("\"configuration\":{"),
                      S("\"configuration\":{\"extra\":{\"value\":1},"));
    CHECK(ask_gmail(text) == PREPARE_NOTHING);
}

static void test_a27_up_to_date(void)
{
    CHECK(ask_gmail(record(S(""))) == PREPARE_NOTHING);
    CHECK(!answer.upgraded && !answer.registered && !answer.typed && !answer.featured);
    CHECK(answer.ops == &gmail);
    // Features that others added, in another order.
    str text = edited(record(S("")), S("{\"sync_rules\":"), S("{\"x\":{\"y\":1},\"sync_rules\":"));
    CHECK(ask_gmail(text) == PREPARE_NOTHING);
}

static void test_a28_features_differ(void)
{
    str text = edited(record(S("")), S("\"incremental_sync\":{\"enabled\":true}"),
                      S("\"incremental_sync\":{\"enabled\":false}"));
    CHECK(ask_gmail(text) == PREPARE_WRITE);
    CHECK(answer.featured && !answer.upgraded && !answer.typed && !answer.registered);
    CHECK_STR(written("features.incremental_sync.enabled"), S("true"));
    CHECK(json_size(&doc, json_path(&doc, 0, S("doc"))) == 1);
    CHECK(ask_gmail(edited(record(S("")), S("\"native_connector_api_keys\":"), S("\"other\":"))) ==
          PREPARE_WRITE);
    CHECK(answer.featured);
}

static void test_prepare_service_type_only(void)
{
    CHECK(ask_gmail(edited(record(S("")), S("\"service_type\":\"gmail\""),
                           S("\"service_type\":null"))) == PREPARE_WRITE);
    CHECK_STR(buf_str(&out), S("{\"doc\":{\"service_type\":\"gmail\"}}"));
    CHECK(answer.typed);
    // One that somebody set is never replaced.
    CHECK(ask_gmail(edited(record(S("")), S("\"service_type\":\"gmail\""),
                           S("\"service_type\":\"post\""))) == PREPARE_NOTHING);
}

static void test_a30_without_known_type(void)
{
    CHECK(ask_listed(S(""), true, record(S(""))) == PREPARE_NO_TYPE);
    CHECK(ask_listed(S("sharepoint"), true, record(S(""))) == PREPARE_UNKNOWN);
    CHECK(!answer.ops);
    CHECK(ask_listed(S(""), false, S("{\"_id\":\"c\",\"_source\":{\"service_type\":\"x\"}}")) ==
          PREPARE_UNKNOWN);
}

static void test_prepare_found_by_type(void)
{
    // Not in config.yml: neither type nor features are written.
    CHECK(ask_listed(S(""), false, S("{\"_id\":\"c\",\"_source\":{\"service_type\":\"post\"}}")) ==
          PREPARE_WRITE);
    CHECK(answer.registered && !answer.typed && !answer.featured && answer.ops == &post);
    CHECK_STR(written("configuration.size"),
              S("{\"default_value\":null,\"depends_on\":[{\"field\":\"kind\",\"value\":\"cloud\"}],"
                "\"display\":\"numeric\",\"label\":\"Size\",\"options\":[],\"order\":2,"
                "\"required\":false,\"sensitive\":false,\"tooltip\":null,\"type\":\"int\","
                "\"ui_restrictions\":[\"advanced\"],\"validations\":[],\"value\":7}"));
    CHECK_STR(written("configuration.kind.options"),
              S("[{\"label\":\"Cloud\",\"value\":\"cloud\"}]"));
    CHECK(ask_listed(S(""), false, record(S(",\"is_native\":true"))) == PREPARE_NOTHING);
    str text = edited(record(S(",\"is_native\":true")), S("\"native_connector_api_keys\":"),
                      S("\"other\":"));
    text = edited(text, S("\"incremental_sync\":{\"enabled\":true}"),
                  S("\"incremental_sync\":{\"enabled\":false}"));
    CHECK(ask_listed(S(""), false, text) == PREPARE_WRITE);
    CHECK_STR(written("features.incremental_sync.enabled"), S("false"));
    CHECK_STR(written("features.native_connector_api_keys.enabled"), S("false"));
}

// ---- filters

#define FILTERING(state)                                                                           \
    ",\"filtering\":[{\"domain\":\"X\",\"draft\":1},{\"domain\":\"DEFAULT\",\"active\":{\"a\":1}," \
    "\"draft\":{\"rules\":[{\"id\":\"r\\u0031\"}],\"validation\":{\"state\":\"" state              \
    "\",\"errors\":[]},\"advanced_snippet\":{}},\"k\\u0065y\":2}]"

static void test_a44_filter_is_edited(void)
{
    CHECK_OK(records_read_connector(&c, record(S(FILTERING("edited")))));
    CHECK(filter_is_edited(&c));
    CHECK_STR(filter_draft(&c), S("{\"rules\":[{\"id\":\"r\\u0031\"}],\"validation\":{\"state\":"
                                  "\"edited\",\"errors\":[]},\"advanced_snippet\":{}}"));
    CHECK_OK(records_read_connector(&c, record(S(FILTERING("valid")))));
    CHECK(!filter_is_edited(&c));
    CHECK_OK(records_read_connector(&c, record(S(FILTERING("invalid")))));
    CHECK(!filter_is_edited(&c));
    CHECK_OK(records_read_connector(&c, record(S(""))));
    CHECK(!filter_is_edited(&c));
    CHECK_STR(filter_draft(&c), S("null"));
}

#define VALID "{\"state\":\"valid\",\"errors\":[]}"

static struct rules *rules_of(void)
{
    static struct rules r;
    static struct plan plan;
    static struct arena arena;
    static u8 space[4 << 20];
    if (!plan.arena) {
        arena = arena_over(space, COUNT(space));
        plan.arena = &arena;
        rules_init(&r, &plan);
    }
    return &r;
}

// The state of a draft with these rules and this snippet; `out` is the validation.
static str judged(str draft_rules, str snippet)
{
    static u8 space[64 * 1024];
    struct buf b = buf_over(space, COUNT(space));
    buf_put(&b, S("{\"_id\":\"c\",\"_source\":{\"filtering\":[{\"domain\":\"DEFAULT\",\"draft\":"
                  "{\"rules\":"));
    buf_put(&b, draft_rules);
    buf_put(&b, S(",\"advanced_snippet\":{\"value\":"));
    buf_put(&b, snippet);
    buf_put(&b, S("},\"validation\":{\"state\":\"edited\"}}}]}}"));
    CHECK_OK(records_read_connector(&c, buf_str(&b)));
    out = buf_over(out_space, COUNT(out_space));
    bool valid = false;
    CHECK_OK(filter_validate(&c, rules_of(), true, &out, &valid));
    records_check_json(buf_str(&out));
    CHECK(valid == str_eq(buf_str(&out), S("{\"state\":\"valid\",\"errors\":[]}")));
    return valid ? S("valid") : S("invalid");
}

#define RULE(id, value)                                                             \
    "{\"id\":\"" id                                                                 \
    "\",\"order\":0,\"policy\":\"exclude\",\"field\":\"title\",\"rule\":\"regex\"," \
    "\"value\":\"" value "\"}"

static void test_a43_filter_validate(void)
{
    CHECK_STR(judged(S("[" RULE("r1", "a+") "," RECORD_RULE "]"), S("{}")), S("valid"));
    CHECK_STR(judged(S("[]"), S("{\"messages\":[\"newer_than:30d\"]}")), S("valid"));
    CHECK_STR(judged(S("[" RULE("r\\u0031", ".*") "]"), S("{}")), S("invalid"));
    CHECK(str_starts(buf_str(&out), S("{\"state\":\"invalid\",\"errors\":[{\"ids\":[\"r1\"],")));
    CHECK_STR(judged(S("[]"), S("{\"messages\":[]}")), S("invalid"));
    CHECK(str_find(buf_str(&out), S("\"ids\":[\"advanced_snippet\"]")) > 0);
}

static void test_filter_validate_too_large(void)
{
    static u8 space[RULES_TEXT_BYTES + 256];
    struct buf b = buf_over(space, COUNT(space));
    buf_put(&b, S("[{\"id\":\"r\",\"order\":0,\"policy\":\"exclude\",\"field\":\"title\",\"rule\":"
                  "\"equals\",\"value\":\""));
    buf_put_fill(&b, 'x', RULES_TEXT_BYTES);
    buf_put(&b, S("\"}]"));
    CHECK_STR(judged(buf_str(&b), S("{}")), S("invalid"));
    CHECK(str_starts(buf_str(&out), S("{\"state\":\"invalid\",\"errors\":[{\"ids\":[],\"messages\":"
                                      "[\"there are more or larger sync rules")));
    CHECK_STR(judged(S("[" RULE("r1", "a") "]"), S("{}")), S("valid")); // its memory is free again
    CHECK_STR(judged(S("7"), S("{}")), S("invalid"));
}

static void test_a42_filter_put_validation(void)
{
    out = buf_over(out_space, COUNT(out_space));
    filter_put_validation(&out, S(VALID));
    CHECK_STR(buf_str(&out), S("{\"validation\":" VALID "}"));
}

static void test_a48_filter_put_direct(void)
{
    CHECK_OK(records_read_connector(&c, record(S(FILTERING("edited")))));
    out = buf_over(out_space, COUNT(out_space));
    filter_put_direct(&out, &c, S(VALID), true);
#define DRAFT(v) "{\"rules\":[{\"id\":\"r\\u0031\"}],\"advanced_snippet\":{},\"validation\":" v "}"
    CHECK_STR(buf_str(&out),
              S("{\"doc\":{\"filtering\":[{\"domain\":\"X\",\"draft\":1},{\"domain\":\"DEFAULT\","
                "\"k\\u0065y\":2,\"active\":" DRAFT(VALID) ",\"draft\":" DRAFT(VALID) "}]}}"));
    records_check_json(buf_str(&out));
    out = buf_over(out_space, COUNT(out_space));
    filter_put_direct(&out, &c, S("{\"state\":\"invalid\"}"), false);
    CHECK_STR(buf_str(&out),
              S("{\"doc\":{\"filtering\":[{\"domain\":\"X\",\"draft\":1},{\"domain\":\"DEFAULT\","
                "\"active\":{\"a\":1},\"k\\u0065y\":2,\"draft\":" DRAFT(
                    "{\"state\":\"invalid\"}") "}]}}"));
}

static const struct test_case cases[] = {
    CASE(test_a21_prepare_registers_whole_schema),
    CASE(test_a22_schema_of_gmail),
    CASE(test_a23_features),
    CASE(test_a25_missing_field),
    CASE(test_a26_missing_property),
    CASE(test_prepare_field_that_is_no_object),
    CASE(test_prepare_unknown_fields_are_left_alone),
    CASE(test_a27_up_to_date),
    CASE(test_a28_features_differ),
    CASE(test_prepare_service_type_only),
    CASE(test_a30_without_known_type),
    CASE(test_prepare_found_by_type),
    CASE(test_a44_filter_is_edited),
    CASE(test_a43_filter_validate),
    CASE(test_filter_validate_too_large),
    CASE(test_a42_filter_put_validation),
    CASE(test_a48_filter_put_direct),
};

TEST_MAIN(cases)
