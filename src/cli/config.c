// SPDX-License-Identifier: Apache-2.0
// Typed values out of the tree, driven by the table of config_keys.h (see config.h).
#include "cli/config.h"

#include <string.h>

#include "cli/config_names.h"
#include "cli/config_tree.h"
#include "codec/http1.h"

enum config_type { CONFIG_STR, CONFIG_SECRET, CONFIG_INT, CONFIG_NUMBER, CONFIG_BOOL };

struct config_key {
    const char *path;
    enum config_type type;
    u32 offset;
    const char *fallback;
    double min, max;
};

static const struct config_key config_keys[] = {
#define KEY(path, type, field, fallback, min, max) \
    {path, CONFIG_##type, (u32)offsetof(struct config, field), fallback, min, max},
#include "cli/config_keys.h"
#undef KEY
};

const char *config_key_at(int i, const char **fallback)
{
    if (i < 0 || i >= COUNT(config_keys)) {
        return NULL;
    }
    *fallback = config_keys[i].fallback;
    return config_keys[i].path;
}

// What a message needs to point at a node.
struct config_where {
    struct config *config;
    str name;
    struct buf *detail;
};

static void config_complain(const struct config_where *w, int node, str path, str what)
{
    config_tree_put_place(w->detail, w->config->tree, w->name, node);
    buf_put(w->detail, S(": "));
    buf_put(w->detail, path);
    buf_put(w->detail, S(": "));
    buf_put(w->detail, what);
}

// ---- one value

static void *config_field(struct config *config, const struct config_key *key)
{
    return (u8 *)config + key->offset;
}

static void config_put_bound(struct buf *b, double v)
{
    buf_put_i64(b, (i64)v);
    i64 thousandths = (i64)(v * 1000 + 0.5) % 1000;
    if (thousandths) {
        buf_put_byte(b, '.');
        buf_put_decimal(b, (u64)thousandths, 3);
    }
}

static err config_set_number(const struct config_where *w, const struct config_key *key,
                             const struct config_node *n, int node)
{
    double value;
    bool integral;
    str path = str_from(key->path);
    if (!config_scalar_number(n, &value, &integral) || (key->type == CONFIG_INT && !integral)) {
        config_complain(w, node, path,
                        key->type == CONFIG_INT ? S("a whole number is wanted") : S("a number is wanted"));
        return FAIL(CONFIG_TYPE);
    }
    if (value < key->min || value > key->max) {
        config_complain(w, node, path, S("allowed is "));
        config_put_bound(w->detail, key->min);
        buf_put(w->detail, S(" to "));
        config_put_bound(w->detail, key->max);
        return FAIL(CONFIG_RANGE);
    }
    if (key->type == CONFIG_INT) {
        *(i64 *)config_field(w->config, key) = (i64)value;
    } else {
        *(double *)config_field(w->config, key) = value;
    }
    return OK;
}

static err config_set(const struct config_where *w, const struct config_key *key,
                      const struct config_node *n, int node)
{
    str path = str_from(key->path);
    if (n->kind == CONFIG_MAP || n->kind == CONFIG_LIST) {
        config_complain(w, node, path, S("a single value is wanted, not a mapping or list"));
        return FAIL(CONFIG_TYPE);
    }
    switch (key->type) {
    case CONFIG_STR:
    case CONFIG_SECRET:
        *(str *)config_field(w->config, key) = n->text;
        return OK;
    case CONFIG_BOOL:
        if (!config_scalar_bool(n, config_field(w->config, key))) {
            config_complain(w, node, path, S("true or false is wanted"));
            return FAIL(CONFIG_TYPE);
        }
        return OK;
    case CONFIG_INT:
    case CONFIG_NUMBER:
        return config_set_number(w, key, n, node);
    }
    return OK;
}

// The values of the file over the fallbacks. A null stands for the fallback.
static err config_set_all(const struct config_where *w)
{
    for (isize i = 0; i < COUNT(config_keys); i++) {
        const struct config_key *key = &config_keys[i];
        struct config_node fallback = {
            .text = str_from(key->fallback), .kind = CONFIG_SCALAR, .plain = true};
        TRY(config_set(w, key, &fallback, -1));
        int node = config_tree_find(w->config->tree, str_from(key->path));
        if (node >= 0 && w->config->tree->nodes[node].kind != CONFIG_NULL) {
            TRY(config_set(w, key, &w->config->tree->nodes[node], node));
        }
    }
    return OK;
}

// ---- shapes and unknown keys

static const char *const config_own_blocks[] = {"endpoints", "tls", "proxy", "limits", "purge",
                                                "gmail",     "sync", "seal"};

// Every section that a key of the table lies in has to be a mapping.
static err config_check_sections(const struct config_where *w)
{
    struct config_tree *t = w->config->tree;
    for (isize i = 0; i < COUNT(config_keys); i++) {
        str path = str_from(config_keys[i].path);
        for (isize k = 0; k < path.n; k++) {
            str section = str_slice(path, 0, k);
            int node = path.p[k] == '.' ? config_tree_find(t, section) : -1;
            if (node >= 0 && t->nodes[node].kind != CONFIG_MAP && t->nodes[node].kind != CONFIG_NULL) {
                config_complain(w, node, section, S("a mapping of keys is wanted"));
                return FAIL(CONFIG_NOT_A_MAP);
            }
        }
    }
    return OK;
}

static err config_unknown(const struct config_where *w, int node, str block, str key)
{
    u8 text[256];
    struct buf path = buf_over(text, COUNT(text));
    buf_put(&path, block);
    buf_put_byte(&path, '.');
    buf_put(&path, key);
    config_complain(w, node, buf_str(&path), S("unknown key"));
    const char *best = NULL;
    int best_distance = 4;
    for (isize i = 0; i < COUNT(config_keys); i++) {
        int distance = config_names_distance(buf_str(&path), str_from(config_keys[i].path));
        if (distance < best_distance) {
            best_distance = distance;
            best = config_keys[i].path;
        }
    }
    if (best) {
        buf_put(w->detail, S("; did you mean "));
        buf_put(w->detail, str_from(best));
        buf_put_byte(w->detail, '?');
    }
    return FAIL(CONFIG_UNKNOWN_KEY);
}

// Below our own blocks everything has to have been asked for. Two levels: tls.google.verify.
static err config_check_unknown(const struct config_where *w)
{
    const struct config_tree *t = w->config->tree;
    for (isize i = 0; i < COUNT(config_own_blocks); i++) {
        str block = str_from(config_own_blocks[i]);
        int map = config_tree_child(t, 0, block);
        for (int at = map < 0 ? -1 : t->nodes[map].first; at >= 0; at = t->nodes[at].next) {
            if (!t->nodes[at].used) {
                return config_unknown(w, at, block, t->nodes[at].key);
            }
            for (int in = t->nodes[at].first; in >= 0; in = t->nodes[in].next) {
                if (!t->nodes[in].used) {
                    return config_unknown(w, in, t->nodes[at].key, t->nodes[in].key);
                }
            }
        }
    }
    return OK;
}

// ---- lists and maps that are not in the table

static bool config_is_header_name(str s)
{
    for (isize i = 0; i < s.n; i++) {
        u8 c = str_lower_byte(s.p[i]);
        if (!(c >= 'a' && c <= 'z') && !str_is_digit(c) && c != '-' && c != '_') {
            return false;
        }
    }
    return s.n > 0;
}

static err config_read_headers(const struct config_where *w, struct arena *arena)
{
    struct config_tree *t = w->config->tree;
    int map = config_tree_find(t, S("elasticsearch.headers"));
    if (map < 0 || t->nodes[map].kind == CONFIG_NULL) {
        return OK;
    }
    u8 *text = arena_try(arena, 1, EXCHANGE_HEADERS_BYTES / 2);
    if (!text || t->nodes[map].kind != CONFIG_MAP) {
        config_complain(w, map, S("elasticsearch.headers"), S("a mapping of names to values is wanted"));
        return FAIL(CONFIG_NOT_A_MAP);
    }
    struct buf lines = buf_over(text, EXCHANGE_HEADERS_BYTES / 2);
    for (int at = t->nodes[map].first; at >= 0; at = t->nodes[at].next) {
        const struct config_node *n = &t->nodes[at];
        // These two are ours (spec/configuration.md 3).
        if (str_eq_nocase(n->key, S("user-agent")) ||
            str_eq_nocase(n->key, S("x-elastic-product-origin"))) {
            continue;
        }
        if (!config_is_header_name(n->key) || !http1_is_field_value(n->text)) {
            config_complain(w, at, S("elasticsearch.headers"), S("not a header that HTTP allows"));
            return FAIL(CONFIG_TYPE);
        }
        buf_put(&lines, n->key);
        buf_put(&lines, S(": "));
        buf_put(&lines, n->text);
        buf_put(&lines, S("\r\n"));
    }
    w->config->elasticsearch.headers = buf_str(&lines);
    return lines.full ? FAIL(CONFIG_TOO_LARGE) : OK;
}

static str config_child_text(const struct config_tree *t, int map, str key)
{
    int at = config_tree_child(t, map, key);
    return at < 0 ? (str){0} : t->nodes[at].text;
}

static err config_read_connector(const struct config_where *w, int node)
{
    struct config *config = w->config;
    const struct config_tree *t = config->tree;
    if (t->nodes[node].kind != CONFIG_MAP) {
        config_complain(w, node, S("connectors"), S("each entry has to be a mapping"));
        return FAIL(CONFIG_NOT_A_MAP);
    }
    if (config->connector_count == CONNECTORS_MAX) {
        config_complain(w, node, S("connectors"), S("too many entries"));
        return FAIL(CONFIG_TOO_LARGE);
    }
    config->connectors[config->connector_count++] = (struct config_connector){
        .connector_id = config_child_text(t, node, S("connector_id")),
        .service_type = config_child_text(t, node, S("service_type")),
        .api_key = config_child_text(t, node, S("api_key")),
        .index_name = config_child_text(t, node, S("index_name")),
        .pipeline = config_child_text(t, node, S("pipeline")),
        .configuration = config_tree_child(t, node, S("configuration")),
        .line = t->nodes[node].line,
    };
    return OK;
}

static err config_read_connectors(const struct config_where *w)
{
    struct config *config = w->config;
    struct config_tree *t = config->tree;
    int list = config_tree_find(t, S("connectors"));
    if (list >= 0 && t->nodes[list].kind != CONFIG_NULL && t->nodes[list].kind != CONFIG_LIST) {
        config_complain(w, list, S("connectors"), S("a list is wanted"));
        return FAIL(CONFIG_NOT_A_MAP);
    }
    for (int at = list < 0 ? -1 : t->nodes[list].first; at >= 0; at = t->nodes[at].next) {
        TRY(config_read_connector(w, at));
    }
    int id = config_tree_child(t, 0, S("connector_id"));
    if (config->connector_count == 0 && id >= 0) { // deprecated: a single connector at the top level
        config->connectors[config->connector_count++] = (struct config_connector){
            .connector_id = t->nodes[id].text,
            .service_type = config_child_text(t, 0, S("service_type")),
            .configuration = -1,
        };
    }
    return OK;
}

// `proxy: false` and `proxy: http://...` are short forms of the block.
static void config_read_proxy(struct config *config)
{
    struct config_tree *t = config->tree;
    int at = config_tree_child(t, 0, S("proxy"));
    if (at < 0 || t->nodes[at].kind != CONFIG_SCALAR) {
        return;
    }
    bool on;
    if (config_scalar_bool(&t->nodes[at], &on)) {
        config->proxy.none = !on;
    } else {
        config->proxy.url = t->nodes[at].text;
    }
    t->nodes[at].kind = CONFIG_NULL;
}

err config_load(struct config *config, str name, str text, struct arena *arena, struct buf *detail)
{
    ASSERT(config->tree);
    struct config_where w = {.config = config, .name = name, .detail = detail};
    TRY(config_tree_add_yaml(config->tree, name, text, detail));
    struct config_proxy proxy = {0};
    config_read_proxy(config);
    proxy = config->proxy;
    TRY(config_check_sections(&w));
    TRY(config_set_all(&w));
    config->proxy.none = proxy.none;
    config->proxy.url = proxy.url.n ? proxy.url : config->proxy.url;
    TRY(config_read_headers(&w, arena));
    TRY(config_read_connectors(&w));
    return config_check_unknown(&w);
}
