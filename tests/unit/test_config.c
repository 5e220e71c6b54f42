// SPDX-License-Identifier: Apache-2.0
// cli/config: defaults, types, bounds, what each mistake is told, fields of connectors, and that
// the code and config.yml.example know the same keys with the same defaults.
#include "config_rig.h"

#include <fcntl.h>
#include <stdlib.h>

#include "os/os.h"

static void test_config_load_empty(void)
{
    static const char *const empty[] = {"",
                                        "\n",
                                        "# only a comment\n",
                                        "---\n",
                                        "just words",
                                        "~",
                                        "elasticsearch:\nservice: ~\nlimits:\nconnectors:\n"};
    for (isize i = 0; i < COUNT(empty); i++) {
        CHECK_OK(rig_load(empty[i]));
        const struct config *c = &rig_config;
        CHECK_STR(c->elasticsearch.host, S("http://localhost:9200"));
        CHECK_STR(c->elasticsearch.username, S("elastic"));
        CHECK_STR(c->elasticsearch.password, S("changeme"));
        CHECK(c->elasticsearch.ssl && c->elasticsearch.verify_certs && !c->elasticsearch.compress);
        CHECK(c->bulk.chunk_size == 500 && c->bulk.max_concurrency == 5);
        CHECK(c->bulk.max_error_rate > 0.1499 && c->bulk.max_error_rate < 0.1501);
        CHECK(c->limits.ids == 500000 && c->limits.lanes == 32 && c->tls.verify);
        CHECK(!c->proxy.none && c->proxy.url.n == 0 && c->connector_count == 0);
        CHECK(c->doubts.n == 0);
    }
}

static void test_config_load_values(void)
{
    CHECK_OK(rig_load("elasticsearch:\n"
                      "  host: https://u:p@es.example:9243/prefix\n"
                      "  api_key: 'a b'\n"
                      "  verify_certs: no\n"
                      "  compress: \"true\"\n"
                      "  request_timeout: 1_000\n"
                      "  bulk: {chunk_size: 7, chunk_max_mem_size: 0.5}\n"
                      "elasticsearch.bulk.max_concurrency: 3\n"
                      "service.log_level: warning\n"
                      "outlook: {ldap_bind: NTLM}\n"
                      "limits: {lanes: 64}\n"
                      "tls.google: {verify: off, ca_file: g.pem}\n"
                      "purge.max_share: 1\n"
                      "gmail.requests_per_mailbox: 8.0\n"));
    const struct config *c = &rig_config;
    CHECK_STR(c->elasticsearch.host, S("https://u:p@es.example:9243/prefix"));
    CHECK_STR(c->elasticsearch.api_key, S("a b"));
    CHECK(!c->elasticsearch.verify_certs && c->elasticsearch.compress);
    CHECK(c->elasticsearch.request_timeout_s == 1000);
    CHECK(c->bulk.chunk_size == 7 && c->bulk.max_concurrency == 3);
    CHECK(c->bulk.chunk_max_mem_size_mib > 0.49 && c->bulk.chunk_max_mem_size_mib < 0.51);
    CHECK_STR(c->sync.log_level, S("WARNING"));
    CHECK_STR(c->outlook.ldap_bind, S("ntlm"));
    CHECK(c->limits.lanes == 64 && c->gmail.requests_per_mailbox == 8);
    CHECK(!c->tls.google_verify && c->tls.verify);
    CHECK_STR(c->tls.google_ca_file, S("g.pem"));
    CHECK(c->sync.purge_max_share > 0.999);
}

static void test_config_load_wrong_type(void)
{
    rig_refused(
        "limits:\n  lanes: many\n", ERR_CONFIG_TYPE,
        "config.yml:2:3: limits.lanes: a whole number in decimal digits is wanted; found \"many\"");
    rig_refused(
        "limits.lanes: 1.5", ERR_CONFIG_TYPE,
        "config.yml:1:1: limits.lanes: a whole number in decimal digits is wanted; found \"1.5\"");
    rig_refused(
        "limits.lanes: 010", ERR_CONFIG_TYPE,
        "config.yml:1:1: limits.lanes: a whole number in decimal digits is wanted; found \"010\"");
    rig_refused(
        "purge: {max_share: half}", ERR_CONFIG_TYPE,
        "config.yml:1:9: purge.max_share: a number in decimal digits is wanted; found \"half\"");
    rig_refused("tls.verify: 1", ERR_CONFIG_TYPE,
                "config.yml:1:1: tls.verify: true or false is wanted; found \"1\"");
    rig_refused("tls.verify: [true]", ERR_CONFIG_TYPE,
                "config.yml:1:1: tls.verify: a single value is wanted; found a list");
    rig_refused(
        "elasticsearch.password: {a: b}", ERR_CONFIG_TYPE,
        "config.yml:1:1: elasticsearch.password: a single value is wanted; found a mapping");
    rig_refused(
        "service:\n  log_level: loud", ERR_CONFIG_TYPE,
        "config.yml:2:3: service.log_level: DEBUG, INFO, WARNING, ERROR or CRITICAL is wanted; "
        "found \"loud\"");
    rig_refused("outlook.ldap_bind: kerberos", ERR_CONFIG_TYPE,
                "config.yml:1:1: outlook.ldap_bind: auto, simple or ntlm is wanted; found "
                "\"kerberos\"");
    rig_refused("outlook.cloud: germany", ERR_CONFIG_TYPE,
                "config.yml:1:1: outlook.cloud: global, us-gov, us-gov-dod or china is wanted; "
                "found \"germany\"");
    rig_refused("outlook:\n  mailboxes:\n    include: ann@x.test", ERR_CONFIG_TYPE,
                "config.yml:3:5: outlook.mailboxes.include: a list of addresses is wanted; found "
                "\"ann@x.test\"");
    rig_refused("outlook:\n  mailboxes:\n    exclude:\n    - a@b.test\n    - ann", ERR_CONFIG_TYPE,
                "config.yml:5:7: outlook.mailboxes.exclude: an address is wanted: "
                "ann@example.com; found \"ann\"");
    rig_refused("outlook:\n  mailboxes:\n    inclde: [a@b.test]", ERR_CONFIG_UNKNOWN_KEY,
                "config.yml:3:5: outlook.mailboxes.inclde: unknown key; did you mean "
                "outlook.mailboxes.include?");
    // What is repeated is cut, and cannot move the cursor.
    rig_refused("limits.ids: \"\\e[2J0123456789012345678901234567890123456789\"", ERR_CONFIG_TYPE,
                "config.yml:1:1: limits.ids: a whole number in decimal digits is wanted; found "
                "\"?[2J012345678901234567890123456789012345...\"");
}

static void test_config_load_words_and_lists(void)
{
    CHECK_OK(rig_load("outlook:\n  backend: EWS\n  cloud: us-gov-dod\n  mailboxes:\n"
                      "    include: [a@b.test, c@d.test]\n    exclude: []\n"));
    const struct config_outlook *o = &rig_config.outlook;
    CHECK_STR(o->backend, S("ews"));
    CHECK_STR(o->cloud, S("us-gov-dod"));
    CHECK_STR(o->fields, S("compatible"));
    CHECK_STR(o->include, S("a@b.test\nc@d.test\n"));
    CHECK(o->exclude.n == 0 && !o->include_disabled);
}

static void test_config_load_out_of_range(void)
{
    rig_refused("limits:\n\n  lanes: 65", ERR_CONFIG_RANGE,
                "config.yml:3:3: limits.lanes: allowed is 1 to 64; found \"65\"");
    rig_refused("limits.lanes: -1", ERR_CONFIG_RANGE,
                "config.yml:1:1: limits.lanes: allowed is 1 to 64; found \"-1\"");
    rig_refused("elasticsearch.bulk.chunk_max_mem_size: 0.1", ERR_CONFIG_RANGE,
                "config.yml:1:1: elasticsearch.bulk.chunk_max_mem_size: allowed is 0.125 to 64; "
                "found \"0.1\"");
    CHECK_OK(rig_load("elasticsearch.bulk.chunk_max_mem_size: 0.125"));
    CHECK_OK(rig_load("limits.lanes: 64"));
}

static void test_config_load_url(void)
{
    rig_refused("elasticsearch:\n  host: localhost:9200\n", ERR_CONFIG_URL,
                "config.yml:2:3: elasticsearch.host: a URL is neither http:// nor https://");
    // It may hold a password: it is not repeated.
    rig_refused(
        "elasticsearch.host: https://user:secret@host:99999\n", ERR_CONFIG_URL,
        "config.yml:1:1: elasticsearch.host: the port of a URL is not a number from 1 to 65535");
    rig_refused("endpoints: {google_gmail: gmail}", ERR_CONFIG_URL,
                "config.yml:1:13: endpoints.google_gmail: a URL is neither http:// nor https://");
}

// A line break at the end of a key file that came through a variable, for example.
static void test_config_load_one_line(void)
{
    rig_refused(
        "elasticsearch:\n  api_key: |\n    secret\n", ERR_CONFIG_TYPE,
        "config.yml:2:3: elasticsearch.api_key: it has to be one line without control characters");
    rig_refused("connectors:\n- api_key: \"a\\r\\nX: y\"\n", ERR_CONFIG_TYPE,
                "config.yml:2:3: api_key: it has to be one line without control characters");
}

static void test_config_load_shapes(void)
{
    rig_refused("- a\n", ERR_CONFIG_NOT_A_MAP, "config.yml:1:1: the file is a list, not a mapping");
    rig_refused("a: 1\nelasticsearch: http://x\n", ERR_CONFIG_NOT_A_MAP,
                "config.yml:2:1: elasticsearch: a mapping of keys is wanted; found \"http://x\"");
    rig_refused("tls:\n- verify: false\n", ERR_CONFIG_NOT_A_MAP,
                "config.yml:1:1: tls: a mapping of keys is wanted; found a list");
    rig_refused("connectors:\n  connector_id: a\n", ERR_CONFIG_NOT_A_MAP,
                "config.yml:1:1: connectors: a list is wanted, each entry beginning with '- '; "
                "found a mapping");
    rig_refused(
        "connectors:\n  - mail\n", ERR_CONFIG_NOT_A_MAP,
        "config.yml:2:5: connectors: each entry has to be a mapping of keys; found \"mail\"");
    rig_refused("connectors:\n  - configuration: x\n", ERR_CONFIG_NOT_A_MAP,
                "config.yml:2:5: configuration: a mapping of keys is wanted; found \"x\"");
    rig_refused("connectors:\n  - index_name: [a]\n", ERR_CONFIG_TYPE,
                "config.yml:2:5: index_name: a single value is wanted; found a list");
}

static void test_config_load_unknown(void)
{
    rig_refused("gmail:\n  requests_per_mailbx: 3\n", ERR_CONFIG_UNKNOWN_KEY,
                "config.yml:2:3: gmail.requests_per_mailbx: unknown key; did you mean "
                "gmail.requests_per_mailbox?");
    rig_refused("tls: {google: {verfy: false}}", ERR_CONFIG_UNKNOWN_KEY,
                "config.yml:1:16: tls.google.verfy: unknown key; did you mean tls.google.verify?");
    rig_refused("purge.something_else: 3", ERR_CONFIG_UNKNOWN_KEY,
                "config.yml:1:1: purge.something_else: unknown key");
    rig_refused(
        "connectors:\n- service_type: gmail\n  configuration: {customerid: C0}\n",
        ERR_CONFIG_UNKNOWN_KEY,
        "config.yml:3:19: configuration.customerid: unknown key; did you mean customer_id?");
    rig_refused("connectors:\n- service_type: gmail\n  configuration: {tenant_id_file: C0}\n",
                ERR_CONFIG_UNKNOWN_KEY,
                "config.yml:3:19: configuration.tenant_id_file: unknown key");
    CHECK_OK(
        rig_load("connectors:\n- service_type: outlook\n  configuration: {tenant_id_file: C0}\n"));
    CHECK_OK(rig_load("connectors:\n- service_type: other\n  configuration: {whatever: C0}\n"));
}

// Keys of the service that we replace are ignored, known ones silently.
static void test_config_load_ignored(void)
{
    CHECK_OK(rig_load(
        "sources: {gmail: x:Y}\nextraction_service: {host: http://x}\n"
        "service: {idling: 5, heartbeat: 7, worker_mode: true}\nnative_service_types: [a]\n"
        "elasticsearch: {log_level: info, bulk: {max_retries: 3}}\n"
        "connectors: [{connector_id: 5, is_native: true}]\n"));
    CHECK_STR(rig_config.doubts, S(""));
    CHECK_OK(rig_load("limit.lanes: 3\nelasticsearch:\n  hots: http://x\n"
                      "connectors:\n  - index: a\n    pipelines: b\n"));
    CHECK_STR(rig_config.doubts,
              S("config.yml:1:1: limit: an unknown key, ignored; did you mean limits?\n"
                "config.yml:3:3: elasticsearch.hots: an unknown key, ignored; did you mean "
                "elasticsearch.host?\n"
                "config.yml:6:5: pipelines: an unknown key, ignored; did you mean pipeline?"));
}

static void test_config_load_proxy(void)
{
    CHECK_OK(rig_load("proxy: false"));
    CHECK(rig_config.proxy.none && rig_config.proxy.url.n == 0);
    CHECK_OK(rig_load("proxy: http://p:3128"));
    CHECK(!rig_config.proxy.none);
    CHECK_STR(rig_config.proxy.url, S("http://p:3128"));
    CHECK_OK(rig_load("proxy: {url: 'http://p:3128', no_proxy: .example}"));
    CHECK_STR(rig_config.proxy.url, S("http://p:3128"));
    CHECK_STR(rig_config.proxy.no_proxy, S(".example"));
    rig_refused("proxy: {uri: 'http://p:3128'}", ERR_CONFIG_UNKNOWN_KEY,
                "config.yml:1:9: proxy.uri: unknown key; did you mean proxy.url?");
}

static void test_config_load_headers(void)
{
    CHECK_OK(rig_load("elasticsearch.headers: {X-Team: mail, user-agent: me, X-Empty: , n: 5}"));
    CHECK_STR(rig_config.elasticsearch.headers, S("X-Team: mail\r\nX-Empty: \r\nn: 5\r\n"));
    rig_refused(
        "elasticsearch.headers: {a: \"b\\r\\nc: d\"}", ERR_CONFIG_TYPE,
        "config.yml:1:25: elasticsearch.headers: a name of letters, digits, - _ . and a value in "
        "one line are wanted");
    rig_refused(
        "elasticsearch.headers: {\"a:b\": c}", ERR_CONFIG_TYPE,
        "config.yml:1:25: elasticsearch.headers: a name of letters, digits, - _ . and a value in "
        "one line are wanted");
    static const char *const reserved[] = {"Content-Length", "transfer-encoding", "HOST",
                                           "Authorization"};
    for (isize i = 0; i < COUNT(reserved); i++) {
        char text[80];
        snprintf(text, sizeof text, "elasticsearch:\n  headers: {%s: 0}", reserved[i]);
        CHECK_ERR(rig_load(text), CONFIG_TYPE);
    }
    CHECK_ERR(rig_load("elasticsearch.headers: [a]"), CONFIG_NOT_A_MAP);
}

static void test_config_load_connectors(void)
{
    CHECK_OK(rig_load(
        "connector_id: old\nservice_type: gmail\nconnectors:\n"
        "- {connector_id: 1234, service_type: gmail, index_name: a, pipeline: none}\n"
        "- {connector_id: b, api_key: k, index_name: ~, pipeline: null, configuration: }\n"));
    const struct config_connector *c = rig_config.connectors;
    CHECK(rig_config.connector_count == 2 && c[0].line == 4 && c[1].line == 5);
    CHECK_STR(c[0].connector_id, S("1234"));
    CHECK_STR(c[0].pipeline, S("none"));
    CHECK_STR(c[1].api_key, S("k"));
    CHECK_STR(c[1].index_name, S("")); // a null is not the word null
    CHECK_STR(c[1].pipeline, S(""));
    CHECK_OK(rig_load("connector_id: old\nservice_type: gmail\nconnectors: []\n"));
    CHECK(rig_config.connector_count == 1);
    CHECK_STR(c[0].connector_id, S("old"));
    CHECK_STR(c[0].service_type, S("gmail"));
}

static void test_config_load_too_many_connectors(void)
{
    static char text[CONNECTORS_MAX * 32];
    size_t n = (size_t)snprintf(text, sizeof text, "connectors:\n");
    for (int i = 0; i < CONNECTORS_MAX; i++) {
        n += (size_t)snprintf(text + n, sizeof text - n, "- connector_id: c%d\n", i);
    }
    CHECK_OK(rig_load(text));
    CHECK(rig_config.connector_count == CONNECTORS_MAX);
    snprintf(text + n, sizeof text - n, "- connector_id: x\n");
    rig_refused(text, ERR_CONFIG_TOO_LARGE, "config.yml:66:3: connectors: more than 64 entries");
}

// ---- the environment

static void test_config_load_environment(void)
{
    rig_reset();
    CHECK_OK(config_tree_add_path(&rig_tree, S("elasticsearch.host"), S("http://env:1")));
    CHECK_OK(config_tree_add_path(&rig_tree, S("elasticsearch.compress"), S("true")));
    CHECK_OK(config_tree_add_path(&rig_tree, S("elasticsearch.max_retries"), S("9")));
    CHECK_OK(rig_load_more(S("elasticsearch:\n  max_retries: 3\n")));
    CHECK_STR(rig_config.elasticsearch.host, S("http://env:1"));
    CHECK(rig_config.elasticsearch.compress && rig_config.elasticsearch.max_retries == 3);
    rig_reset();
    CHECK_OK(config_tree_add_path(&rig_tree, S("limits.lane"), S("1")));
    CHECK_ERR(rig_load_more(S("a: b")), CONFIG_UNKNOWN_KEY);
    CHECK_STR(buf_str(&rig_detail),
              S("the environment or .env: limits.lane: unknown key; did you mean "
                "limits.lanes?"));
}

// ---- fields

static const char *const fields_head = "connectors:\n- service_type: gmail\n  configuration:\n";

static struct config_fields rig_fields(void)
{
    return (struct config_fields){&rig_config, rig_config.connectors, &rig_arena, &rig_detail};
}

static err field_str(const char *text, const char *key, str *out, bool *found)
{
    static char whole[4096];
    snprintf(whole, sizeof whole, "%s%s", fields_head, text);
    err e = rig_load(whole);
    struct config_fields fields = rig_fields();
    return err_ok(e) ? config_field_str(&fields, key, out, found) : e;
}

static void test_config_field_str_forms(void)
{
    static const struct {
        const char *text, *want;
        bool found;
    } cases[] = {
        {"    subject: a@b.c\n", "a@b.c", true},
        {"    subject: 'a@b.c'\n", "a@b.c", true},
        {"    subject: 5\n", "5", true},
        {"    subject: {value: a@b.c, label: x, type: str}\n", "a@b.c", true},
        {"    subject: {value: }\n", "", false},
        {"    subject: ~\n", "", false},
        {"    subject: ''\n", "", true},
        {"    customer_id: x\n", "", false},
        {"    subject_file: ~\n    subject: x\n", "x", true},
    };
    for (isize i = 0; i < COUNT(cases); i++) {
        str out;
        bool found;
        CHECK_OK(field_str(cases[i].text, "subject", &out, &found));
        CHECK(found == cases[i].found);
        CHECK_STR(out, str_from(cases[i].want));
    }
}

// A service account pasted as it is: YAML holds JSON.
static void test_config_field_str_mapping(void)
{
    str out;
    bool found;
    CHECK_OK(field_str("    service_account_credentials: {\n"
                       "      \"type\": \"service_account\",\n"
                       "      \"private_key\": \"-----BEGIN\\nx\\\"y\\n\",\n"
                       "      \"client_id\": \"123\"\n    }\n",
                       "service_account_credentials", &out, &found));
    CHECK_STR(out, S("{\"type\":\"service_account\",\"private_key\":\"-----BEGIN\\nx\\\"y\\n\","
                     "\"client_id\":\"123\"}"));
    CHECK_OK(field_str("    service_account_credentials: {a: 1, b: true, c: ~, d: 1.5, e: "
                       "115123456789012345678}\n",
                       "service_account_credentials", &out, &found));
    CHECK_STR(out,
              S("{\"a\":1,\"b\":true,\"c\":null,\"d\":\"1.5\",\"e\":\"115123456789012345678\"}"));
    CHECK_ERR(field_str("    service_account_credentials: {a: [1]}\n",
                        "service_account_credentials", &out, &found),
              CONFIG_TYPE);
    CHECK_STR(buf_str(&rig_detail),
              S("config.yml:4:5: configuration.service_account_credentials: a "
                "mapping of plain values is wanted"));
    CHECK_ERR(field_str("    subject: [a]\n", "subject", &out, &found), CONFIG_TYPE);
}

static void put_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
}

static void test_config_field_str_file(void)
{
    static const char *const endings[] = {"", "\n", "\r\n"};
    char path[] = "/tmp/mailferry_test_config_XXXXXX";
    char text[200];
    close(mkstemp(path));
    str out;
    bool found;
    for (isize i = 0; i < COUNT(endings); i++) {
        char content[64];
        snprintf(content, sizeof content, "line 1\n s3cret %s", endings[i]);
        put_file(path, content);
        snprintf(text, sizeof text, "    subject_file: %s\n", path);
        CHECK_OK(field_str(text, "subject", &out, &found));
        CHECK_STR(out, S("line 1\n s3cret "));
        CHECK(found);
    }
    static char large[CONFIG_SCALAR_BYTES + 2];
    memset(large, 'x', sizeof large - 1);
    put_file(path, large);
    CHECK_ERR(field_str(text, "subject", &out, &found), CONFIG_FILE);
    CHECK(str_ends(buf_str(&rig_detail), S(" is larger than 64 KiB")));
    unlink(path);
    CHECK_ERR(field_str(text, "subject", &out, &found), CONFIG_FILE);
    CHECK(str_starts(buf_str(&rig_detail),
                     S("config.yml:4:5: configuration.subject: the file /tmp/")));
    snprintf(text, sizeof text, "    subject_file: %s\n    subject: x\n", path);
    CHECK_ERR(field_str(text, "subject", &out, &found), CONFIG_TYPE);
    CHECK_STR(buf_str(&rig_detail),
              S("config.yml:4:5: configuration.subject: given twice, directly and as a file"));
    CHECK_ERR(field_str("    subject_file: {a: b}\n", "subject", &out, &found), CONFIG_TYPE);
}

static void test_config_field_bool(void)
{
    static const struct {
        const char *value;
        int want; // -1: refused, 2: not found
    } cases[] = {{"true", 1},    {"false", 0},
                 {"'false'", 0}, {"\"True\"", 1},
                 {"no", 0},      {"on", 1},
                 {"0", 0},       {"1", 1},
                 {"''", 2},      {"~", 2},
                 {"maybe", -1},  {"2", -1},
                 {"[true]", -1}, {"{value: false}", 0}};
    for (isize i = 0; i < COUNT(cases); i++) {
        char text[120];
        bool out = false, found;
        snprintf(text, sizeof text, "%s    include_spam_and_trash: %s\n", fields_head,
                 cases[i].value);
        CHECK_OK(rig_load(text));
        struct config_fields fields = rig_fields();
        err e = config_field_bool(&fields, "include_spam_and_trash", &out, &found);
        CHECK(err_ok(e) == (cases[i].want >= 0));
        CHECK(!err_ok(e) || found == (cases[i].want < 2));
        CHECK(!err_ok(e) || !found || out == (cases[i].want == 1));
    }
}

// ---- config.yml.example

static u8 example_bytes[CONFIG_BYTES], bared_bytes[CONFIG_BYTES];

static str example_text(void)
{
    struct buf text = buf_over(example_bytes, sizeof example_bytes);
    CHECK_OK(os_file_read("config.yml.example", &text, NULL));
    return buf_str(&text);
}

// The file with the # taken away before each key, and without what is filled in, so that only the
// documented defaults are left.
static str example_bared(void)
{
    struct buf out = buf_over(bared_bytes, sizeof bared_bytes);
    for (str rest = example_text(), line; rest.n;) {
        bool found;
        rest = str_cut(rest, '\n', &line, &found);
        bool key = line.n > 1 && line.p[0] == '#' && str_lower_byte(line.p[1]) >= 'a' &&
                   str_lower_byte(line.p[1]) <= 'z';
        buf_put(&out, key ? str_from_index(line, 1) : S(""));
        buf_put(&out, S("\n"));
    }
    return buf_str(&out);
}

static bool is_known_path(str path)
{
    const char *fallback, *key;
    for (int i = 0; (key = config_key_at(i, &fallback)) != NULL; i++) {
        if (str_eq(path, str_from(key))) {
            return true;
        }
    }
    return str_eq(path, S("elasticsearch.headers"));
}

static void test_config_example_loads(void)
{
    rig_reset();
    CHECK_OK(rig_load_more(example_text()));
    CHECK_STR(buf_str(&rig_detail), S(""));
    CHECK_STR(rig_config.doubts, S(""));
    CHECK(rig_config.connector_count == 1);
    CHECK_STR(rig_config.connectors[0].service_type, S("gmail"));
}

static void test_config_example_keys_are_known(void)
{
    isize keys = 0;
    for (str rest = example_bared(), line; rest.n;) {
        bool found;
        rest = str_cut(rest, '\n', &line, &found);
        str path;
        (void)str_cut(line, ':', &path, &found);
        if (line.n && !is_known_path(path)) {
            fprintf(stderr, "config.yml.example: the code does not know %.*s\n", (int)path.n,
                    (const char *)path.p);
            test_failures++;
        }
        keys += line.n > 0;
    }
    CHECK(keys > 50);
}

// Every key of the code stands there, with the default that the code has.
static void test_config_example_is_complete(void)
{
    rig_reset();
    CHECK_OK(rig_load_more(example_bared()));
    CHECK_STR(buf_str(&rig_detail), S(""));
    const char *fallback, *key;
    for (int i = 0; (key = config_key_at(i, &fallback)) != NULL; i++) {
        int at = config_tree_find(&rig_tree, str_from(key));
        if (at < 0) {
            fprintf(stderr, "config.yml.example: %s is not there\n", key);
            test_failures++;
        } else {
            CHECK_STR(rig_tree.nodes[at].text, str_from(fallback));
        }
    }
}

static const struct test_case cases[] = {
    CASE(test_config_load_empty),
    CASE(test_config_load_values),
    CASE(test_config_load_wrong_type),
    CASE(test_config_load_words_and_lists),
    CASE(test_config_load_out_of_range),
    CASE(test_config_load_url),
    CASE(test_config_load_one_line),
    CASE(test_config_load_shapes),
    CASE(test_config_load_unknown),
    CASE(test_config_load_ignored),
    CASE(test_config_load_proxy),
    CASE(test_config_load_headers),
    CASE(test_config_load_connectors),
    CASE(test_config_load_too_many_connectors),
    CASE(test_config_load_environment),
    CASE(test_config_field_str_forms),
    CASE(test_config_field_str_mapping),
    CASE(test_config_field_str_file),
    CASE(test_config_field_bool),
    CASE(test_config_example_loads),
    CASE(test_config_example_keys_are_known),
    CASE(test_config_example_is_complete),
};

TEST_MAIN(cases)
