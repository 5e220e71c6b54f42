// SPDX-License-Identifier: Apache-2.0
// The parts of config.yml that are not in the table of config_keys.h: further headers for
// Elasticsearch, the connectors, the service types of a worker, and lists of mailboxes.
#include "cli/config_internal.h"
#include "cli/config_tree.h"
#include "codec/http1.h"

// ---- elasticsearch.headers

static bool config_is_header_name(str s)
{
    for (isize i = 0; i < s.n; i++) {
        u8 c = str_lower_byte(s.p[i]);
        if (!(c >= 'a' && c <= 'z') && !str_is_digit(c) && c != '-' && c != '_' && c != '.') {
            return false;
        }
    }
    return s.n > 0;
}

static bool config_is_one_of(str s, const char *const *words, isize count)
{
    for (isize i = 0; i < count; i++) {
        if (str_eq_nocase(s, str_from(words[i]))) {
            return true;
        }
    }
    return false;
}

// Values of headers are often tokens: they are not repeated.
static err config_put_header(const struct config_where *w, int at, struct buf *lines)
{
    // These two are ours (spec/configuration.md 3).
    static const char *const ours[] = {"user-agent", "x-elastic-product-origin"};
    // These frame the request; `authorization` has its own keys, and two of them contradict.
    static const char *const reserved[] = {
        "host",    "content-length", "content-type",    "content-encoding", "transfer-encoding",
        "te",      "connection",     "keep-alive",      "upgrade",          "expect",
        "trailer", "accept",         "accept-encoding", "authorization",    "proxy-authorization",
    };
    const struct config_node *n = &w->config->tree->nodes[at];
    if (config_is_one_of(n->key, ours, COUNT(ours))) {
        return OK;
    }
    if (config_is_one_of(n->key, reserved, COUNT(reserved))) {
        config_complain(
            w, at, S("elasticsearch.headers"),
            S("this header is set by the program itself (credentials have keys of their "
              "own: api_key, username, password)"));
        return FAIL(CONFIG_TYPE);
    }
    if (n->kind == CONFIG_MAP || n->kind == CONFIG_LIST || !config_is_header_name(n->key) ||
        !http1_is_field_value(n->text)) {
        config_complain(w, at, S("elasticsearch.headers"),
                        S("a name of letters, digits, - _ . and a value in one line are wanted"));
        return FAIL(CONFIG_TYPE);
    }
    buf_put(lines, n->key);
    buf_put(lines, S(": "));
    buf_put(lines, n->text);
    buf_put(lines, S("\r\n"));
    if (lines->full) {
        config_complain(w, at, S("elasticsearch.headers"), S("all headers together are too long"));
        return FAIL(CONFIG_TOO_LARGE);
    }
    return OK;
}

err config_read_headers(const struct config_where *w, struct arena *arena)
{
    struct config_tree *t = w->config->tree;
    int map = config_tree_find(t, S("elasticsearch.headers"));
    if (map < 0 || t->nodes[map].kind == CONFIG_NULL) {
        return OK;
    }
    if (t->nodes[map].kind != CONFIG_MAP) {
        config_complain(w, map, S("elasticsearch.headers"),
                        S("a mapping of names to values is wanted"));
        return FAIL(CONFIG_NOT_A_MAP);
    }
    u8 *text = arena_try(arena, 1, EXCHANGE_HEADERS_BYTES / 2);
    struct buf lines = buf_over(text, text ? EXCHANGE_HEADERS_BYTES / 2 : 0);
    for (int at = t->nodes[map].first; at >= 0; at = t->nodes[at].next) {
        TRY(config_put_header(w, at, &lines));
    }
    w->config->elasticsearch.headers = buf_str(&lines);
    return OK;
}

// ---- connectors

// The text below `key`; null and absent are empty.
static err config_entry_text(const struct config_where *w, int entry, const char *key, str *out)
{
    const struct config_tree *t = w->config->tree;
    int at = config_tree_child(t, entry, str_from(key));
    *out = (str){0};
    if (at < 0) {
        return OK;
    }
    if (t->nodes[at].kind == CONFIG_MAP || t->nodes[at].kind == CONFIG_LIST) {
        config_complain(w, at, str_from(key), S("a single value is wanted"));
        config_put_found(w, at);
        return FAIL(CONFIG_TYPE);
    }
    *out = t->nodes[at].text;
    return config_check_line(w, at, str_from(key), *out);
}

static err config_read_connector(const struct config_where *w, int node, int configuration)
{
    struct config *config = w->config;
    const struct config_tree *t = config->tree;
    if (t->nodes[node].kind != CONFIG_MAP) {
        config_complain(w, node, S("connectors"), S("each entry has to be a mapping of keys"));
        config_put_found(w, node);
        return FAIL(CONFIG_NOT_A_MAP);
    }
    if (config->connector_count == CONNECTORS_MAX) {
        config_complain(w, node, S("connectors"), S("more than 64 entries"));
        return FAIL(CONFIG_TOO_LARGE);
    }
    if (configuration >= 0 && t->nodes[configuration].kind != CONFIG_MAP &&
        t->nodes[configuration].kind != CONFIG_NULL) {
        config_complain(w, configuration, S("configuration"), S("a mapping of keys is wanted"));
        config_put_found(w, configuration);
        return FAIL(CONFIG_NOT_A_MAP);
    }
    struct config_connector *c = &config->connectors[config->connector_count++];
    *c = (struct config_connector){.configuration = configuration, .line = t->nodes[node].line};
    TRY(config_entry_text(w, node, "connector_id", &c->connector_id));
    TRY(config_entry_text(w, node, "service_type", &c->service_type));
    TRY(config_entry_text(w, node, "api_key", &c->api_key));
    TRY(config_entry_text(w, node, "index_name", &c->index_name));
    return config_entry_text(w, node, "pipeline", &c->pipeline);
}

err config_read_connectors(const struct config_where *w)
{
    struct config_tree *t = w->config->tree;
    int list = config_tree_find(t, S("connectors"));
    if (list >= 0 && t->nodes[list].kind != CONFIG_NULL && t->nodes[list].kind != CONFIG_LIST) {
        config_complain(w, list, S("connectors"),
                        S("a list is wanted, each entry beginning with '- '"));
        config_put_found(w, list);
        return FAIL(CONFIG_NOT_A_MAP);
    }
    w->config->connector_count = 0;
    for (int at = list < 0 ? -1 : t->nodes[list].first; at >= 0; at = t->nodes[at].next) {
        TRY(config_read_connector(w, at, config_tree_child(t, at, S("configuration"))));
    }
    if (w->config->connector_count == 0 && config_tree_child(t, 0, S("connector_id")) >= 0) {
        return config_read_connector(w, 0, -1); // deprecated: one connector at the top level
    }
    return OK;
}

// ---- service.service_types

err config_read_service_types(const struct config_where *w)
{
    struct config_service *service = &w->config->service;
    struct config_tree *t = w->config->tree;
    str path = S("service.service_types");
    int list = config_tree_find(t, path);
    service->type_count = 0;
    if (list < 0 || t->nodes[list].kind == CONFIG_NULL) {
        return OK;
    }
    if (t->nodes[list].kind != CONFIG_LIST) {
        config_complain(w, list, path, S("a list is wanted"));
        config_put_found(w, list);
        return FAIL(CONFIG_TYPE);
    }
    for (int at = t->nodes[list].first; at >= 0; at = t->nodes[at].next) {
        if (t->nodes[at].kind != CONFIG_SCALAR || service->type_count == SERVICE_TYPES_MAX) {
            config_complain(w, at, path, S("up to 16 names are wanted"));
            return FAIL(CONFIG_TYPE);
        }
        TRY(config_check_line(w, at, path, t->nodes[at].text));
        service->types[service->type_count++] = t->nodes[at].text;
    }
    return OK;
}

// ---- outlook.mailboxes

// A list of addresses becomes a text of lines.
static err config_read_addresses(const struct config_where *w, const char *path,
                                 struct arena *arena, str *out)
{
    struct config_tree *t = w->config->tree;
    int list = config_tree_find(t, str_from(path));
    *out = (str){0};
    if (list < 0 || t->nodes[list].kind == CONFIG_NULL) {
        return OK;
    }
    if (t->nodes[list].kind != CONFIG_LIST) {
        config_complain(w, list, str_from(path), S("a list of addresses is wanted"));
        config_put_found(w, list);
        return FAIL(CONFIG_TYPE);
    }
    isize bytes = 0;
    for (int at = t->nodes[list].first; at >= 0; at = t->nodes[at].next) {
        const struct config_node *n = &t->nodes[at];
        if (n->kind != CONFIG_SCALAR || str_find_byte(n->text, '@') < 1) {
            config_complain(w, at, str_from(path), S("an address is wanted: ann@example.com"));
            config_put_found(w, at);
            return FAIL(CONFIG_TYPE);
        }
        TRY(config_check_line(w, at, str_from(path), n->text));
        bytes += n->text.n + 1;
    }
    u8 *p = arena_try(arena, 1, bytes);
    struct buf text = buf_over(p, p ? bytes : 0);
    for (int at = t->nodes[list].first; at >= 0; at = t->nodes[at].next) {
        buf_put(&text, t->nodes[at].text);
        buf_put_byte(&text, '\n');
    }
    *out = buf_str(&text);
    return text.full ? FAIL(CONFIG_TOO_LARGE) : OK;
}

err config_read_mailboxes(const struct config_where *w, struct arena *arena)
{
    struct config_outlook *o = &w->config->outlook;
    TRY(config_read_addresses(w, "outlook.mailboxes.include", arena, &o->include));
    return config_read_addresses(w, "outlook.mailboxes.exclude", arena, &o->exclude);
}
