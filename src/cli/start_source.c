// SPDX-License-Identifier: Apache-2.0
// Sources and the fields of one connector (see start_source.h). The fields are put together as the
// JSON of a record, so that dependencies, requirements and validations are those of the service.
// Their memory is address space that is given back once the source has copied what it keeps.
#include "cli/start_source.h"

#include <string.h>

#include "cli/start_entra.h"
#include "cli/start_volume.h"
#include "codec/json_write.h"
#include "source/gmail/gmail.h"
#include "source/outlook/outlook.h"
#include "source/outlook/outlook_schema.h"

#define START_VALUES_NODES (4 * SCHEMA_FIELDS_MAX)

// ---- sources

void start_source_gmail(struct start *s, enum source_use use, struct source *out)
{
    const struct config_gmail *c = &s->config.gmail;
    struct gmail_settings settings = {
        .token = &s->dests[DEST_TOKEN],
        // In a single sync start_dest.c has asked the service account.
        .token_fixed = use == SOURCE_SYNC || s->config.endpoints.google_token.n > 0,
        .directory = &s->dests[DEST_DIRECTORY],
        .gmail = &s->dests[DEST_GMAIL],
        .proxy = s->proxied ? &s->proxy : NULL,
        .no_proxy = s->no_proxy,
        .requests_per_mailbox = (int)c->requests_per_mailbox,
        .quota_units_user_minute = c->quota_units_per_user_minute,
        .quota_units_project_minute = c->quota_units_per_project_minute,
        .estimate = s->options->dry_run,
    };
    gmail_init(&s->plan, &settings, out);
}

void start_source_outlook(struct start *s, enum source_use use, struct source *out)
{
    const struct config_outlook *c = &s->config.outlook;
    struct outlook_settings settings = {
        .trust = &s->trust_common,
        .require_verification = s->config.tls.require_verification,
        .proxy = s->proxied ? &s->proxy : NULL,
        .no_proxy = s->no_proxy,
        .requests = use == SOURCE_LOOK ? 1 : (int)c->requests, // each takes memory
        .requests_per_mailbox = (int)c->requests_per_mailbox,
        .max_file_bytes = s->config.service.max_file_download_size,
        .extraction = s->extraction.label ? &s->extraction : NULL,
        .extraction_timeout_ms = s->config.service.extraction_timeout_s * 1000,
        .html_always = c->plain_text_as_html,
        .only_basic = c->basic_only,
        .delegate = c->delegate,
        .ldap_base = c->ldap_base,
        .ldap_filter = c->ldap_filter,
        .ldap_bind = str_eq(c->ldap_bind, S("simple")) ? OUTLOOK_LDAP_BIND_SIMPLE
                     : str_eq(c->ldap_bind, S("ntlm")) ? OUTLOOK_LDAP_BIND_NTLM
                                                       : OUTLOOK_LDAP_BIND_AUTO,
        .backend = str_eq(c->backend, S("graph")) ? OUTLOOK_BACKEND_GRAPH
                   : str_eq(c->backend, S("ews")) ? OUTLOOK_BACKEND_EWS
                                                  : OUTLOOK_BACKEND_AUTO,
        .cloud = entra_cloud_find(c->cloud),
        .identity = &s->entra,
        .login_url = s->config.endpoints.microsoft_login,
        .graph_url = s->config.endpoints.microsoft_graph,
        .ews_url = s->config.endpoints.microsoft_ews,
        .extended = str_eq(c->fields, S("extended")),
        .include_disabled = c->include_disabled,
        .include = c->include,
        .exclude = c->exclude,
        .estimate = s->options->dry_run,
    };
    if (use != SOURCE_LOOK) {
        start_volume_share(s, &settings);
    }
    outlook_init(&s->plan, &settings, out);
}

struct sources start_sources(struct start *s, enum source_use use)
{
    struct sources list = {0};
    const struct service_type *type;
    for (int i = 0; (type = service_types_at(i)) != NULL; i++) {
        if (s->types >> i & 1) {
            struct source *source = plan_take_n(&s->plan, "source", struct source, 1,
                                                "a service type, for one connector at a time");
            type->init(s, use, source);
            sources_add(&list, source);
        }
    }
    return list;
}

// ---- the fields of a connector

void start_source_put_connector(struct start *s)
{
    const struct config_connector *c = s->connector;
    int node = config_tree_child(&s->tree, 0, S("connectors"));
    for (node = node < 0 ? -1 : s->tree.nodes[node].first; node >= 0;
         node = s->tree.nodes[node].next) {
        if (s->tree.nodes[node].line == c->line) {
            break;
        }
    }
    config_tree_put_place(&s->detail, &s->tree, s->config.name, node);
    buf_put(&s->detail, S(": connector "));
    buf_put(&s->detail, c->connector_id);
}

// One field as a record would have it: what is not in config.yml has the schema's value.
static err start_source_field(struct start *s, const struct field *f, struct json_write *w)
{
    struct config_fields fields = {
        .config = &s->config, .connector = s->connector, .arena = &s->texts, .detail = &s->detail};
    const char *keys[] = {f->key, f->alias};
    bool found = false;
    json_write_key(w, str_from(f->key));
    for (isize i = 0; i < COUNT(keys) && keys[i] && !found; i++) {
        str text = {0};
        bool flag = false;
        if (f->type == FIELD_BOOL) {
            TRY(config_field_bool(&fields, keys[i], &flag, &found));
        } else {
            TRY(config_field_str(&fields, keys[i], &text, &found));
        }
        if (found && f->type == FIELD_BOOL) {
            json_write_bool(w, flag);
        } else if (found) {
            json_write_string(w, text);
        }
    }
    if (!found) {
        json_write_raw(w, str_from(f->value_json));
    }
    return OK;
}

// People who write config.yml know keys, not labels: those of the labels that the text names.
static void start_source_put_keys(struct start *s, const struct schema *schema, isize from)
{
    str told = str_from_index(buf_str(&s->detail), from);
    str lead = S(" (configuration.");
    for (int i = 0; i < schema->count; i++) {
        u8 bytes[128];
        struct buf label = buf_over(bytes, COUNT(bytes));
        buf_put_byte(&label, '\'');
        buf_put(&label, str_from(schema->fields[i].label));
        buf_put_byte(&label, '\'');
        if (str_find(told, buf_str(&label)) >= 0) {
            buf_put(&s->detail, lead);
            buf_put(&s->detail, str_from(schema->fields[i].key));
            lead = S(", configuration.");
        }
    }
    buf_put(&s->detail, str_eq(lead, S(" (configuration.")) ? S("") : S(")"));
}

// `memory` is that of s->values: JSON, nodes, decoded texts, and what the checks need once.
static err start_source_judge(struct start *s, str json, struct arena *memory)
{
    const struct schema *schema = s->type->schema;
    struct values values;
    struct values_checker checker;
    struct json j;
    struct plan *plan = arena_must_n(memory, struct plan, 1); // too large for the stack
    struct json_node *nodes = arena_must_n(memory, struct json_node, START_VALUES_NODES);
    struct arena texts = arena_over(arena_must(memory, START_VALUES_BYTES / 4, 1),
                                    START_VALUES_BYTES / 4);
    plan->arena = memory;
    values_init(&checker, plan);
    checker.waived = start_entra_waives(s, s->type);
    TRY(json_parse(&j, json, nodes, START_VALUES_NODES));
    TRY(values_read(&values, schema, &j, 0, &texts));
    memcpy(s->values, values.fields, sizeof s->values);
    isize from = s->detail.n;
    start_source_put_connector(s);
    buf_put(&s->detail, S(": "));
    if (err_ok(values_check(&values, &checker, &s->detail))) {
        s->detail.n = from;
        if (schema == &outlook_schema) {
            start_entra_settle(s);
        }
        return OK;
    }
    start_source_put_keys(s, schema, from);
    return FAIL(CONFIG_FIELDS);
}

err start_source_fields(struct start *s)
{
    const struct schema *schema = s->type->schema;
    s->values_memory = os_reserve(START_VALUES_BYTES);
    if (!s->values_memory) {
        return FAIL(START_MEMORY);
    }
    struct arena memory = arena_over(s->values_memory, START_VALUES_BYTES);
    struct buf json = buf_over(arena_must(&memory, START_VALUES_BYTES / 4, 1),
                               START_VALUES_BYTES / 4);
    struct json_write w = json_write_to(&json);
    json_write_object(&w);
    for (int i = 0; i < schema->count; i++) {
        TRY(start_source_field(s, &schema->fields[i], &w));
    }
    json_write_object_end(&w);
    return json.full ? FAIL(VALUES_TOO_LARGE) : start_source_judge(s, buf_str(&json), &memory);
}

void start_source_forget(struct start *s)
{
    memset(s->values, 0, sizeof s->values);
    if (s->values_memory) {
        os_trim(s->values_memory, START_VALUES_BYTES, 0);
    }
    s->values_memory = NULL;
}

err start_source_configure(struct start *s)
{
    struct source_setup setup = {
        .values = s->values, .document_level_security = true, .content = true};
    TRY(s->source->ops->configure(s->source->state, &setup, &s->detail));
    struct log_fact facts[] = {{"connector_id", s->connector->connector_id}};
    if (s->source->unverified) {
        log_line(s->log, LOG_WARN, OPEN_UNVERIFIED, facts, COUNT(facts));
    }
    if (s->source->warning) {
        log_line(s->log, LOG_WARN, str_from(s->source->warning), facts, COUNT(facts));
    }
    return OK;
}
