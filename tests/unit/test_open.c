// SPDX-License-Identifier: Apache-2.0
// service/open with both sources, and the schema of outlook as it is registered: what a record has
// to say, by the rows of the acceptance list (test_aNN_). There is no loop and no socket: whatever
// is found here is found before anybody is asked.
#include "records.h"

#include <stdlib.h>

#include "net/tls.h"
#include "service/classes.h"
#include "service/open.h"
#include "service/prepare.h"
#include "source/gmail/gmail.h"
#include "source/outlook/outlook.h"
#include "source/outlook/outlook_schema.h"

enum { ROOM = 8 << 20 };

static struct plan plan;
static struct arena arena;
static struct values_checker checker;
static struct open place;
static struct sources both;
static struct source gmail, outlook;
static struct json json;
static struct json_node nodes[2048];
static u8 text_space[64 * 1024], words_space[4096];
static struct buf text;

static struct entra_identity identity; // of config.yml: a certificate, a token file

static void setup(bool require_verification)
{
    static u8 *memory;
    static struct dest dests[3];
    memory = memory ? memory : aligned_alloc(16, ROOM);
    memset(memory, 0, ROOM);
    arena = arena_over(memory, ROOM);
    plan = (struct plan){.arena = &arena};
    both = (struct sources){0};
    struct gmail_settings g = {.token = &dests[0], .directory = &dests[1], .gmail = &dests[2]};
    static const struct tls_trust trust = {.verify = true, .embedded_roots = true};
    struct outlook_settings o = {
        .require_verification = require_verification, .identity = &identity, .trust = &trust};
    gmail_init(&plan, &g, &gmail);
    outlook_init(&plan, &o, &outlook);
    sources_add(&both, &gmail);
    sources_add(&both, &outlook);
    values_init(&checker, &plan);
    open_init(&place, &plan, &checker);
}

// The values of a record of outlook as members; the rest is the schema's.
static err open_outlook(const char *values)
{
    struct json given;
    struct json_node given_nodes[256];
    struct json registered;
    static struct json_node own_nodes[2048];
    static u8 own_space[32 * 1024];
    struct buf own = buf_over(own_space, COUNT(own_space));
    prepare_put_schema(&own, &outlook_schema);
    CHECK_OK(json_parse(&given, str_from(values), given_nodes, COUNT(given_nodes)));
    CHECK_OK(json_parse(&registered, buf_str(&own), own_nodes, COUNT(own_nodes)));
    text = buf_over(text_space, COUNT(text_space));
    buf_put_byte(&text, '{');
    for (int k = json_first(&given, 0); k >= 0; k = json_next(&given, k)) {
        int object = json_get(&registered, 0, json_raw(&given, k));
        buf_put(&text, text.n > 1 ? S(",\"") : S("\""));
        buf_put(&text, json_raw(&given, k));
        buf_put(&text, S("\":{\"depends_on\":"));
        int depends = json_get(&registered, object, S("depends_on"));
        buf_put(&text, depends >= 0 ? json_raw(&registered, depends) : S("[]"));
        int value = json_value(&given, k);
        bool quoted = json_type(&given, value) == JSON_STRING;
        buf_put(&text, quoted ? S(",\"value\":\"") : S(",\"value\":"));
        buf_put(&text, json_raw(&given, value));
        buf_put(&text, quoted ? S("\"}") : S("}"));
    }
    buf_put_byte(&text, '}');
    CHECK_OK(json_parse(&json, test_guarded(buf_str(&text)), nodes, COUNT(nodes)));
    struct open_ask ask = {.service_type = S("outlook"),
                           .json = &json,
                           .configuration = 0,
                           .document_level_security = true};
    return open_source(&place, &both, &ask);
}

// What Kibana shows of it.
static str told(err e)
{
    struct buf words = buf_over(words_space, COUNT(words_space));
    classes_put_message(&words, e, buf_str(&place.detail));
    return buf_str(&words);
}

static bool tells(err e, const char *words)
{
    return str_find(told(e), str_from(words)) >= 0;
}

#define CLOUD(id, client, secret)                                                        \
    "\"data_source\":\"outlook_cloud\",\"tenant_id\":\"" id "\",\"client_id\":\"" client \
    "\",\"client_secret\":\"" secret "\""
#define SERVER(host, directory)                                                 \
    "\"exchange_server\":\"" host "\",\"active_directory_server\":\"" directory \
    "\",\"username\":\"EX\\\\svc\",\"password\":\"pw\",\"domain\":\"ex.test\""
#define NO_SERVER                                                                               \
    "\"exchange_server\":\"\",\"active_directory_server\":\"\",\"username\":\"\",\"password\":" \
    "\"\",\"domain\":\"\""
#define TLS(on, ca) "\"ssl_enabled\":" on ",\"ssl_ca\":\"" ca "\""
#define TOGGLES "\"use_text_extraction_service\":false,\"use_document_level_security\":"
#define ON_SERVER "{" CLOUD_OFF "," SERVER("mail.ex.test", "dc.ex.test") ","
#define CLOUD_OFF                                                               \
    "\"data_source\":\"outlook_server\",\"tenant_id\":\"\",\"client_id\":\"\"," \
    "\"client_secret\":\"\""

static void test_a35_open_cloud_without_credentials(void)
{
    setup(false);
    err e = open_outlook("{" CLOUD("", "", "") "," NO_SERVER "," TLS("false", "") "," TOGGLES
                                                                                  "false}");
    CHECK_ERR(e, VALUES_INVALID);
    CHECK_STR(told(e), S("Invalid configuration: 'Tenant ID' is empty; 'Client ID' is empty; "
                         "'Client Secret Value' is empty"));
}

// With a certificate or a federated token in config.yml the secret may stay empty.
static void test_a35_open_cloud_with_another_proof(void)
{
    identity.token_name = "token";
    setup(false);
    err e = open_outlook("{" CLOUD("", "", "") "," NO_SERVER "," TLS("false", "") "," TOGGLES
                                                                                  "false}");
    CHECK_ERR(e, VALUES_INVALID);
    CHECK_STR(told(e), S("Invalid configuration: 'Tenant ID' is empty; 'Client ID' is empty"));
    CHECK_OK(open_outlook("{" CLOUD("contoso.example", "11111111-2222-3333-4444-555555555555",
                                    "") "," NO_SERVER "," TLS("true", "") "," TOGGLES "false}"));
    identity.token_name = NULL;
}

// Fields that the other one switches off are neither wanted nor looked at.
static void test_a36_open_dependencies(void)
{
    setup(false);
    CHECK_OK(open_outlook("{" CLOUD("contoso.example", "11111111-2222-3333-4444-555555555555",
                                    "s") "," NO_SERVER "," TLS("true", "") "," TOGGLES "false}"));
    err e = open_outlook("{" CLOUD("t", "c", "s") "," NO_SERVER "," TLS("true", "") "," TOGGLES
                                                                                    "false}");
    CHECK_ERR(e, ENTRA_TENANT); // nothing was missed
    CHECK_OK(open_outlook(ON_SERVER TLS("false", "no certificate") "," TOGGLES "false}"));
    e = open_outlook("{" CLOUD_OFF "," NO_SERVER "," TLS("true", "") "," TOGGLES "false}");
    CHECK_ERR(e, VALUES_INVALID);
    CHECK(tells(e, "'Exchange Server' is empty; ") && tells(e, "'SSL certificate' is empty"));
    CHECK(!tells(e, "Tenant"));
}

// Neither what was decoded nor what the source made of it outlives its use.
static void test_close_leaves_nothing_behind(void)
{
    setup(false);
    CHECK_OK(open_outlook("{" CLOUD("contoso.example", "11111111-2222-3333-4444-555555555555",
                                    "a\\u002dsecret") "," NO_SERVER "," TLS("true", "") "," TOGGLES
                                                                                        "false}"));
    CHECK(str_find(str_make(arena.p, arena.n), S("a-secret")) >= 0);
    open_close(&place);
    CHECK(str_find(str_make(arena.p, arena.n), S("a-secret")) < 0);
}

static void test_open_data_source_is_one_of_two(void)
{
    setup(false);
    err e = open_outlook(
        "{\"data_source\":\"outlook_somewhere\",\"tenant_id\":\"\",\"client_id\":"
        "\"\",\"client_secret\":\"\"," SERVER("h", "d") "," TLS("false", "") "," TOGGLES "false}");
    CHECK_ERR(e, OUTLOOK_DATA_SOURCE);
    CHECK(tells(e, "outlook_somewhere") && tells(e, "outlook_cloud"));
    CHECK(classes_token(e) == classes_token(FAIL(VALUES_INVALID)));
}

static void test_a39_open_garbage_certificate(void)
{
    static const char *const certificates[] = {
        "garbage",
        "-----BEGIN CERTIFICATE-----",
        "-----BEGIN CERTIFICATE----- AAAA -----END CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----\\n",
    };
    setup(false);
    for (isize i = 0; i < COUNT(certificates); i++) {
        char values[1024];
        snprintf(values, sizeof values, ON_SERVER TLS("true", "%s") "," TOGGLES "false}",
                 certificates[i]);
        err e = open_outlook(values);
        CHECK_ERR(e, OUTLOOK_CA);
        CHECK(tells(e, "'SSL certificate'"));
        CHECK(classes_token(e) == classes_token(FAIL(VALUES_INVALID)));
    }
}

static void test_a120_open_either_key(void)
{
    setup(false);
#define EITHER(toggles) \
    ON_SERVER TLS("false", "") ",\"use_text_extraction_service\":false" toggles "}"
    CHECK_OK(open_outlook(EITHER(",\"document_level_security\":true")));
    CHECK(place.secured);
    CHECK_OK(open_outlook(EITHER(",\"document_level_security\":false")));
    CHECK(!place.secured);
    CHECK_OK(open_outlook(EITHER(",\"use_document_level_security\":false,"
                                 "\"document_level_security\":true")));
    CHECK(!place.secured); // the registered one counts
    CHECK_ERR(open_outlook(EITHER("")), VALUES_MISSING);
    CHECK(tells(FAIL(VALUES_MISSING), "use_document_level_security"));
    err e = open_outlook(EITHER(",\"document_level_security\":null"));
    CHECK_ERR(e, VALUES_INVALID);
    CHECK_STR(told(e), S("Invalid configuration: 'Enable document level security' is empty"));
}

static void test_open_says_what_is_not_verified(void)
{
    setup(false);
    CHECK_OK(open_outlook(ON_SERVER TLS("false", "") "," TOGGLES "true}"));
    CHECK(place.source == &outlook && outlook.unverified && place.secured);
    setup(true);
    err e = open_outlook(ON_SERVER TLS("false", "") "," TOGGLES "true}");
    CHECK_ERR(e, CONFIG_VERIFICATION);
    CHECK(tells(e, "Enable SSL"));
}

static void test_sources_have_room_for_each(void)
{
    setup(false);
    CHECK(both.count == 2 && sources_find(&both, S("outlook")) == &outlook);
    CHECK(sources_find(&both, S("gmail")) == &gmail && !sources_find(&both, S("Gmail")));
    CHECK(both.bytes.mailbox >= gmail.ops->mailbox_bytes);
    CHECK(both.bytes.mailbox >= outlook.ops->mailbox_bytes);
    CHECK(both.bytes.fetch >= gmail.ops->fetch_bytes &&
          both.bytes.fetch >= outlook.ops->fetch_bytes);
    CHECK(both.bytes.accounts >= gmail.ops->accounts_bytes);
    CHECK(both.bytes.accounts >= outlook.ops->accounts_bytes);
    struct source_bytes gmail_alone = source_bytes_max((struct source_bytes){0}, gmail.ops);
    CHECK(gmail_alone.mailbox == gmail.ops->mailbox_bytes);
}

// ---- registration

static struct connector c;

static enum prepare prepare_outlook(const char *record, struct buf *body)
{
    static const struct source_ops *ops;
    struct prepare_answer answer;
    ops = outlook.ops;
    CHECK_OK(records_read_connector(&c, str_from(record)));
    struct prepare_ask ask = {.connector = &c,
                              .listed = true,
                              .service_type = S("outlook"),
                              .sources = &ops,
                              .source_count = 1};
    *body = buf_over(text_space, COUNT(text_space));
    return prepare_put(body, &ask, &answer);
}

// The value at a path of what is written.
static str written(const struct buf *body, const char *path)
{
    CHECK_OK(json_parse(&json, buf_str(body), nodes, COUNT(nodes)));
    int node = json_path(&json, 0, str_from(path));
    return node < 0 ? S("(absent)") : json_raw(&json, node);
}

static void test_a22_schema_of_outlook(void)
{
#define ON(key, value) "{\"field\":\"" key "\",\"value\":" value "}"
#define IN_CLOUD "[" ON("data_source", "\"outlook_cloud\"") "]"
#define AT_HOME "[" ON("data_source", "\"outlook_server\"") "]"
    static const struct {
        const char *key, *label, *type, *display, *sensitive, *value, *depends, *restrictions;
    } rows[] = {
        {"data_source", "Outlook data source", "str", "dropdown", "false", "outlook_cloud", "[]",
         "[]"},
        {"tenant_id", "Tenant ID", "str", "text", "false", "", IN_CLOUD, "[]"},
        {"client_id", "Client ID", "str", "text", "false", "", IN_CLOUD, "[]"},
        {"client_secret", "Client Secret Value", "str", "text", "true", "", IN_CLOUD, "[]"},
        {"exchange_server", "Exchange Server", "str", "text", "false", "", AT_HOME, "[]"},
        {"active_directory_server", "Active Directory Server", "str", "text", "false", "", AT_HOME,
         "[]"},
        {"username", "Exchange server username", "str", "text", "false", "", AT_HOME, "[]"},
        {"password", "Exchange server password", "str", "text", "true", "", AT_HOME, "[]"},
        {"domain", "Exchange server domain name", "str", "text", "false", "", AT_HOME, "[]"},
        {"ssl_enabled", "Enable SSL", "bool", "toggle", "false", "false", AT_HOME, "[]"},
        {"ssl_ca", "SSL certificate", "str", "text", "false", "",
         "[" ON("data_source", "\"outlook_server\"") "," ON("ssl_enabled", "true") "]", "[]"},
        {"use_text_extraction_service", "Use text extraction service", "bool", "toggle", "false",
         "false", "[]", "[\"advanced\"]"},
        {"use_document_level_security", "Enable document level security", "bool", "toggle", "false",
         "false", "[]", "[]"},
    };
    struct buf body;
    setup(false);
    CHECK(prepare_outlook("{\"_id\":\"c1\",\"_source\":{}}", &body) == PREPARE_WRITE);
    CHECK_STR(written(&body, "doc.service_type"), S("outlook"));
    CHECK_STR(written(&body, "doc.features.sync_rules.advanced.enabled"), S("false")); // row 23
    CHECK_STR(written(&body, "doc.features.sync_rules.basic.enabled"), S("true"));
    CHECK(json_size(&json, json_path(&json, 0, S("doc.configuration"))) == COUNT(rows));
    for (int i = 0; i < COUNT(rows); i++) {
        char path[128];
        struct buf order = buf_over(words_space, COUNT(words_space));
        buf_put_i64(&order, i + 1);
#define PROPERTY(name, want)                                                \
    snprintf(path, sizeof path, "doc.configuration.%s." name, rows[i].key); \
    CHECK_STR(written(&body, path), want)
        PROPERTY("label", str_from(rows[i].label));
        PROPERTY("type", str_from(rows[i].type));
        PROPERTY("display", str_from(rows[i].display));
        PROPERTY("sensitive", str_from(rows[i].sensitive));
        PROPERTY("value", str_from(rows[i].value));
        PROPERTY("depends_on", str_from(rows[i].depends));
        PROPERTY("ui_restrictions", str_from(rows[i].restrictions));
        PROPERTY("order", buf_str(&order));
        PROPERTY("required", S("true"));
        PROPERTY("default_value", S("null"));
        PROPERTY("validations", S("[]"));
        snprintf(path, sizeof path, "doc.configuration.%s", rows[i].key);
        CHECK(json_size(&json, json_path(&json, 0, str_from(path))) == 13);
    }
    CHECK_STR(written(&body, "doc.configuration.data_source.options"),
              S("[{\"label\":\"Outlook Cloud\",\"value\":\"outlook_cloud\"},"
                "{\"label\":\"Outlook Server\",\"value\":\"outlook_server\"}]"));
    CHECK_STR(written(&body, "doc.configuration.tenant_id.options"), S("[]"));
    CHECK_STR(written(&body, "doc.configuration.username.tooltip"), S("null"));
}

// The registered field takes the value over, whatever the form of the other one.
static void test_a120_prepare_takes_over_the_other_key(void)
{
    struct buf body;
    setup(false);
#define TOGGLE "doc.configuration.use_document_level_security."
    CHECK(prepare_outlook("{\"_id\":\"c1\",\"_source\":{\"configuration\":{"
                          "\"document_level_security\":{\"value\":true,\"label\":\"DLS\"}}}}",
                          &body) == PREPARE_WRITE);
    CHECK_STR(written(&body, TOGGLE "value"), S("true"));
    CHECK_STR(written(&body, TOGGLE "label"), S("Enable document level security"));
    CHECK_STR(written(&body, TOGGLE "type"), S("bool"));
    CHECK_STR(written(&body, "doc.configuration.document_level_security"), S("(absent)"));
    CHECK_STR(written(&body, "doc.configuration.ssl_enabled.value"), S("false"));
    CHECK(prepare_outlook("{\"_id\":\"c1\",\"_source\":{\"configuration\":{"
                          "\"document_level_security\":true}}}",
                          &body) == PREPARE_WRITE);
    CHECK_STR(written(&body, TOGGLE "value"), S("true"));
    CHECK(json_size(&json,
                    json_path(&json, 0, S("doc.configuration.use_document_level_security"))) == 13);
    CHECK(prepare_outlook("{\"_id\":\"c1\",\"_source\":{\"configuration\":{\"domain\":\"x\"}}}",
                          &body) == PREPARE_WRITE);
    CHECK_STR(written(&body, TOGGLE "value"), S("false"));
}

static const struct test_case cases[] = {
    CASE(test_a35_open_cloud_without_credentials),
    CASE(test_a35_open_cloud_with_another_proof),
    CASE(test_a36_open_dependencies),
    CASE(test_close_leaves_nothing_behind),
    CASE(test_open_data_source_is_one_of_two),
    CASE(test_a39_open_garbage_certificate),
    CASE(test_a120_open_either_key),
    CASE(test_open_says_what_is_not_verified),
    CASE(test_sources_have_room_for_each),
    CASE(test_a22_schema_of_outlook),
    CASE(test_a120_prepare_takes_over_the_other_key),
};

TEST_MAIN(cases)
