// SPDX-License-Identifier: Apache-2.0
// `connector create` (spec/configuration.md 7): values first, then the seal, then the checks, the
// index, its API key and the record. Each thing that was made is said as soon as it is made, so
// that an error in the middle leaves nothing behind that nobody knows of.
#include "base/date.h"
#include "cli/connectors_internal.h"
#include "cli/output.h"
#include "cli/yaml_heap.h"
#include "codec/json_write.h"
#include "elastic/answers.h"
#include "elastic/index.h"
#include "elastic/record.h"

#define CREATE_WORD_BYTES KIB(1) // an id or key in an answer

// ---- before the seal

static err create_ask(struct connectors *c, str text, str fallback, str given, str *out)
{
    *out = given;
    if (given.n) {
        return OK;
    }
    struct console_question q = {.text = text, .fallback = fallback};
    u8 *memory = arena_try(&c->texts, 1, CLI_LINE_BYTES);
    struct buf answer = buf_over(memory, memory ? CLI_LINE_BYTES : 0);
    err e = console_ask(&c->console, &q, &answer);
    TRY(err_is(e, ERR_BUF_FULL) ? connectors_about(c, text, FAIL(CLI_TOO_MUCH)) : e);
    *out = str_trim(buf_str(&answer));
    return OK;
}

static err create_ask_type(struct connectors *c)
{
    u8 bytes[512];
    struct buf menu = buf_over(bytes, COUNT(bytes));
    str type;
    if (c->args.service_type.n == 0) {
        buf_put(&menu, S("Service types:\n"));
        for (int i = 0; service_types_at(i); i++) {
            buf_put(&menu, S("  "));
            buf_put(&menu, str_from(service_types_at(i)->type));
            buf_put(&menu, S("  "));
            buf_put(&menu, str_from(service_types_at(i)->name));
            buf_put(&menu, S("\n"));
        }
        console_say(buf_str(&menu));
    }
    str first = str_from(service_types_at(0)->type);
    TRY(create_ask(c, S("Service type"), first, c->args.service_type, &type));
    c->type = service_types_find(type);
    return c->type ? OK : connectors_about(c, type, FAIL(SERVICE_TYPE_UNKNOWN));
}

// The service's config.yml is read, and opened, before anything is made: it is an error now when it
// is not there.
static err create_open_config(struct connectors *c)
{
    str path = c->args.service_config;
    u8 *memory = os_reserve(2 * CONFIG_BYTES);
    void *slab = os_reserve(YAML_HEAP_BYTES);
    struct config_tree *tree = os_reserve((isize)sizeof *tree);
    if (!memory || !slab || !tree) {
        return FAIL(START_MEMORY);
    }
    struct buf file = buf_over(memory, CONFIG_BYTES);
    struct buf combined = buf_over(memory + CONFIG_BYTES, CONFIG_BYTES);
    err e = os_file_read((const char *)path.p, &file, &c->s->detail);
    TRY(err_is(e, ERR_BUF_FULL) ? FAIL(CONFIG_TOO_LARGE) : e);
    tree->arena = &c->texts;
    yaml_heap_open(slab, YAML_HEAP_BYTES);
    c->place = connectors_entry_find(tree, buf_str(&file), &combined);
    yaml_heap_close();
    c->file_fd = os_file_change((const char *)path.p, OS_CHANGE_APPEND, &c->s->detail);
    os_trim(slab, YAML_HEAP_BYTES, 0);
    os_trim(tree, (isize)sizeof *tree, 0);
    os_trim(memory, 2 * CONFIG_BYTES, 0);
    return c->file_fd >= 0 ? OK : FAIL(CONFIG_FILE);
}

err connectors_create_prepare(struct connectors *c)
{
    TRY(create_ask(c, S("Index name"), S(""), c->args.index_name, &c->index));
    if (!index_name_is_valid(c->index)) {
        return connectors_about(c, c->index, FAIL(CLI_INDEX_NAME));
    }
    TRY(create_ask_type(c));
    TRY(create_ask(c, S("Connector name"), c->index, c->args.name, &c->name));
    TRY(create_ask(c, S("Index language (empty: universal)"), S(""), c->args.language,
                   &c->language));
    if (c->args.from_file.n) {
        TRY(connectors_values_from_file(c));
    } else {
        TRY(connectors_values_ask(c));
    }
    return c->args.update_config ? create_open_config(c) : OK;
}

// ---- checks

static err create_check_index(struct connectors *c)
{
    bool exists;
    TRY(connectors_exists(c, c->index, &exists));
    if (exists == c->args.from_index) {
        return OK;
    }
    return connectors_about(c, c->index, exists ? FAIL(CLI_INDEX_EXISTS) : FAIL(CLI_INDEX_UNKNOWN));
}

static err create_check_connector(struct connectors *c)
{
    struct search_answer answer;
    struct json j;
    str hit, id = {0};
    connectors_begin(c, S("POST"));
    buf_put(&c->call.target, S("/.elastic-connectors/_search"));
    buf_put(&c->call.body, S("{\"query\":{\"bool\":{\"must_not\":[{\"term\":{\"deleted\":true}}],"
                             "\"filter\":[{\"term\":{\"index_name\":\""));
    json_escape(&c->call.body, c->index);
    buf_put(&c->call.body, S("\"}}]}},\"_source\":[\"index_name\"],\"size\":1}"));
    TRY(connectors_ask(c));
    search_answer_init(&answer, buf_str(&c->call.answer));
    bool taken = search_answer_next(&answer, &hit);
    if (!err_ok(answer.error)) {
        return connectors_about(c, buf_str(&c->call.target), answer.error);
    }
    if (taken && err_ok(json_parse(&j, hit, c->nodes, CLI_NODES))) {
        TRY(connectors_text(c, &j, S("_id"), &id));
    }
    return taken ? connectors_about(c, id, FAIL(CLI_CONNECTOR_EXISTS)) : OK;
}

// ---- what is made

struct create_made {
    str key_id, key, secret_id, id; // key: encoded, for config.yml
};

static err create_index(struct connectors *c)
{
    if (c->args.from_index) {
        return OK;
    }
    connectors_begin(c, S("PUT"));
    connector_put_target(&c->call.target, S("/"), c->index);
    TRY(connectors_ask(c));
    connectors_say(c, S("index created: "), c->index, (str){0});
    return OK;
}

// All that the connector's jobs need: its two indices, and the records of the service.
static void create_put_key(struct buf *b, str index)
{
    buf_put(b, S("{\"name\":\""));
    json_escape(b, index);
    buf_put(b, S("-connector\",\"metadata\":{\"created_by\":\"Connectors CLI\"},"
                 "\"role_descriptors\":{\""));
    json_escape(b, index);
    buf_put(b, S("-connector-role\":{\"cluster\":[\"monitor\",\"manage_connector\"],"
                 "\"index\":[{\"names\":[\""));
    json_escape(b, index);
    buf_put(b, S("\",\".search-acl-filter-"));
    json_escape(b, index);
    buf_put(b, S("\",\".elastic-connectors*\"],\"privileges\":[\"all\"]}]}}}"));
}

// Failing is reported, no more: the connector works with the service's own credentials.
static err create_key(struct connectors *c, struct create_made *made)
{
    struct json j;
    if (c->keyed) {
        connectors_say(c, S("no API key is made: an API key cannot make another one with rights"),
                       (str){0}, (str){0});
        return OK;
    }
    connectors_begin(c, S("PUT"));
    buf_put(&c->call.target, S("/_security/api_key"));
    create_put_key(&c->call.body, c->index);
    err e = connectors_ask(c);
    if (err_is(e, ERR_INPUT_STOPPED)) {
        return e;
    }
    if (err_ok(e)) {
        TRY(connectors_parse(c, &j));
        TRY(connectors_text(c, &j, S("id"), &made->key_id));
        TRY(connectors_text(c, &j, S("encoded"), &made->key));
    }
    if (made->key.n == 0) {
        connectors_say(c, S("no API key could be made: "),
                       err_ok(e) ? S("the answer has none") : buf_str(&c->s->detail), (str){0});
        buf_reset(&c->s->detail);
    }
    return OK;
}

static err create_secret(struct connectors *c, struct create_made *made)
{
    struct json j;
    if (!c->args.is_native || made->key.n == 0) {
        return OK;
    }
    connectors_begin(c, S("POST"));
    buf_put(&c->call.target, S("/_connector/_secret"));
    buf_put(&c->call.body, S("{\"value\":\""));
    json_escape(&c->call.body, made->key);
    buf_put(&c->call.body, S("\"}"));
    TRY(connectors_ask(c));
    TRY(connectors_parse(c, &j));
    return connectors_text(c, &j, S("id"), &made->secret_id);
}

static void create_write_text(struct json_write *w, str key, str value)
{
    json_write_key(w, key);
    if (value.n) {
        json_write_string(w, value);
    } else {
        json_write_null(w);
    }
}

// Without `features`: they are registered when the service first looks at the record.
static void create_write_nulls(struct json_write *w)
{
    static const char *const names[] = {
        "error",
        "last_access_control_sync_error",
        "last_access_control_sync_scheduled_at",
        "last_access_control_sync_status",
        "last_incremental_sync_scheduled_at",
        "last_seen",
        "last_sync_error",
        "last_sync_scheduled_at",
        "last_sync_status",
        "last_synced",
    };
    for (isize i = 0; i < COUNT(names); i++) {
        record_write_null(w, str_from(names[i]));
    }
}

// One half of the filtering: everything is included.
static void create_write_rules(struct json_write *w, str key, str time)
{
    json_write_key(w, key);
    json_write_raw(w, S("{\"rules\":[{\"id\":\"DEFAULT\",\"order\":0,\"policy\":\"include\","
                        "\"field\":\"_\",\"rule\":\"regex\",\"value\":\".*\",\"created_at\":\""));
    buf_put(w->b, time);
    buf_put(w->b, S("\",\"updated_at\":\""));
    buf_put(w->b, time);
    buf_put(w->b, S("\"}],\"advanced_snippet\":{\"value\":{},\"created_at\":\""));
    buf_put(w->b, time);
    buf_put(w->b, S("\",\"updated_at\":\""));
    buf_put(w->b, time);
    buf_put(w->b, S("\"},\"validation\":{\"state\":\"valid\",\"errors\":[]}}"));
}

static void create_put_record(struct connectors *c, const struct create_made *made, struct buf *b)
{
    static const str off = S("{\"enabled\":false,\"interval\":\"0 0 0 * * ?\"}");
    u8 time_bytes[40];
    struct buf time = buf_over(time_bytes, COUNT(time_bytes));
    date_put_iso_us(&time, os_unix_us());
    struct json_write w = json_write_to(b);
    json_write_object(&w);
    create_write_text(&w, S("api_key_id"), made->key_id);
    create_write_text(&w, S("api_key_secret_id"), made->secret_id);
    json_write_key(&w, S("configuration"));
    json_write_raw(&w, S(""));
    connectors_put_configuration(c, b);
    json_write_member(&w, S("index_name"), c->index);
    json_write_member(&w, S("name"), c->name);
    json_write_member(&w, S("service_type"), str_from(c->type->type));
    json_write_member(&w, S("status"), S("configured"));
    json_write_key(&w, S("is_native"));
    json_write_bool(&w, c->args.is_native);
    create_write_text(&w, S("language"), c->language);
    create_write_nulls(&w);
    json_write_member(&w, S("created_at"), buf_str(&time));
    json_write_member(&w, S("updated_at"), buf_str(&time));
    json_write_key(&w, S("filtering"));
    json_write_raw(&w, S("[{\"domain\":\"DEFAULT\""));
    create_write_rules(&w, S("active"), buf_str(&time));
    create_write_rules(&w, S("draft"), buf_str(&time));
    buf_put(b, S("}]"));
    json_write_key(&w, S("scheduling"));
    json_write_object(&w);
    for (int t = 0; t < JOB_TYPES; t++) {
        json_write_key(&w, str_from(job_type_name((enum job_type)t)));
        json_write_raw(&w, off);
    }
    json_write_object_end(&w);
    json_write_key(&w, S("custom_scheduling"));
    json_write_raw(&w, S("{}"));
    json_write_key(&w, S("pipeline"));
    json_write_raw(&w, S("{\"name\":\"search-default-ingestion\",\"extract_binary_content\":true,"
                         "\"reduce_whitespace\":true,\"run_ml_inference\":true}"));
    json_write_key(&w, S("last_indexed_document_count"));
    json_write_i64(&w, 0);
    json_write_key(&w, S("last_deleted_document_count"));
    json_write_i64(&w, 0);
    json_write_object_end(&w);
}

static err create_record(struct connectors *c, struct create_made *made)
{
    u8 bytes[CREATE_WORD_BYTES];
    struct buf id = buf_over(bytes, COUNT(bytes));
    connectors_begin(c, S("POST"));
    buf_put(&c->call.target, S("/.elastic-connectors/_doc?refresh=true"));
    create_put_record(c, made, &c->call.body);
    TRY(connectors_ask(c));
    if (!answer_put_id(buf_str(&c->call.answer), &id) || id.full) {
        return connectors_about(c, buf_str(&c->call.target), FAIL(CLI_ANSWER));
    }
    return connectors_copy(c, buf_str(&id), &made->id);
}

// ---- what is said and written

static bool create_is_plain(str s)
{
    bool plain = s.n > 0;
    for (isize i = 0; i < s.n; i++) {
        u8 c = str_lower_byte(s.p[i]);
        plain = plain && ((c >= 'a' && c <= 'z') || str_is_digit(c) || c == '-' || c == '_' ||
                          c == '=' || c == '+' || c == '/' || c == '.');
    }
    return plain;
}

static err create_update_config(struct connectors *c, const struct create_made *made)
{
    struct connector_entry entry = {
        .id = made->id, .service_type = str_from(c->type->type), .api_key = made->key};
    struct buf text = buf_over(c->call.body.p, c->call.body.cap); // free: nothing is under way
    bool plain = create_is_plain(made->id) && (made->key.n == 0 || create_is_plain(made->key));
    connectors_entry_put(&text, &c->place, &entry);
    if (c->place.known && plain && !text.full) {
        TRY(os_write_all(c->file_fd, buf_str(&text), &c->s->watch, &c->s->detail));
        connectors_say(c, S("the connector is added to "), c->args.service_config, (str){0});
        return OK;
    }
    connectors_say(c, S("add this to "), c->args.service_config,
                   S(", where it cannot be appended without changing the rest:"));
    str rest = buf_str(&text);
    for (bool more = true; more && rest.n;) {
        str line;
        rest = str_cut(rest, '\n', &line, &more);
        connectors_say(c, (str){0}, line, (str){0});
    }
    return OK;
}

err connectors_create_run(struct connectors *c)
{
    struct create_made made = {0};
    TRY(connectors_ensure_indices(c));
    TRY(create_check_index(c));
    TRY(create_check_connector(c));
    TRY(create_index(c));
    TRY(create_key(c, &made));
    if (made.key.n) {
        connectors_say(c, S("API key id: "), made.key_id, (str){0});
        connectors_say(c, S("API key: "), made.key, (str){0});
    }
    TRY(create_secret(c, &made));
    TRY(create_record(c, &made));
    connectors_say(c, S("connector created: "), made.id, (str){0});
    connectors_say(c, S("name: "), c->name, (str){0});
    connectors_say(c, S("service type: "), str_from(c->type->type), (str){0});
    return c->args.update_config ? create_update_config(c, &made) : OK;
}
