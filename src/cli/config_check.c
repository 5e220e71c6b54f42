// SPDX-License-Identifier: Apache-2.0
// What may stand in config.yml: sections are mappings; in our own blocks and below `configuration`
// nothing is unknown; elsewhere unknown keys are ignored, as the service that we replace does, and
// the ones that look like typing errors are named in config->doubts.
#include "cli/config_internal.h"
#include "cli/config_names.h"
#include "cli/config_tree.h"
#include "cli/output.h"

#define CONFIG_FAR 4   // from here on two names have nothing to do with each other
#define CONFIG_DOUBT 3 // the same for names that would be ignored

static const char *const config_own_blocks[] = {"endpoints", "tls",     "proxy", "limits", "purge",
                                                "gmail",     "outlook", "sync",  "seal"};

// Keys beside the table, of the top level and of an entry of `connectors`.
static const char *const config_top_keys[] = {
    "connectors",
    "connector_id",
    "service_type",
    "elasticsearch",
    "elasticsearch.headers",
    "service",
    "extraction_service",
    "sources",
    "service.service_types",
    "outlook.mailboxes.include",
    "outlook.mailboxes.exclude",
};
static const char *const config_entry_keys[] = {"connector_id", "service_type", "api_key",
                                                "index_name",   "pipeline",     "configuration"};

err config_check_sections(const struct config_where *w)
{
    struct config_tree *t = w->config->tree;
    const char *fallback;
    const char *key;
    for (int i = 0; (key = config_key_at(i, &fallback)) != NULL; i++) {
        str path = str_from(key);
        for (isize k = 0; k < path.n; k++) {
            str section = str_slice(path, 0, k);
            int node = path.p[k] == '.' ? config_tree_find(t, section) : -1;
            if (node >= 0 && t->nodes[node].kind != CONFIG_MAP &&
                t->nodes[node].kind != CONFIG_NULL) {
                config_complain(w, node, section, S("a mapping of keys is wanted"));
                config_put_found(w, node);
                return FAIL(CONFIG_NOT_A_MAP);
            }
        }
    }
    return OK;
}

// ---- the nearest name

struct config_nearest {
    str given;
    const char *name;
    int distance; // of `name`; names that are not nearer are not taken
};

static void config_try_name(struct config_nearest *n, const char *name)
{
    int distance = config_names_distance(n->given, str_from(name));
    if (distance < n->distance) {
        n->distance = distance;
        n->name = name;
    }
}

static void config_try_names(struct config_nearest *n, const char *const *names, isize count)
{
    for (isize i = 0; i < count; i++) {
        config_try_name(n, names[i]);
    }
}

static void config_try_table(struct config_nearest *n)
{
    const char *fallback;
    const char *key;
    for (int i = 0; (key = config_key_at(i, &fallback)) != NULL; i++) {
        config_try_name(n, key);
    }
    config_try_names(n, config_own_blocks, COUNT(config_own_blocks));
    config_try_names(n, config_top_keys, COUNT(config_top_keys));
}

static void config_put_nearest(struct buf *b, const struct config_nearest *n)
{
    if (n->name) {
        buf_put(b, S("; did you mean "));
        buf_put(b, str_from(n->name));
        buf_put_byte(b, '?');
    }
}

// ---- our own blocks

static str config_join(struct buf *path, str section, str key)
{
    buf_reset(path);
    buf_put(path, section);
    buf_put_byte(path, '.');
    buf_put(path, key);
    return buf_str(path);
}

static err config_unknown(const struct config_where *w, int node, str path)
{
    struct config_nearest nearest = {.given = path, .distance = CONFIG_FAR};
    config_try_table(&nearest);
    config_complain(w, node, path, S("unknown key"));
    config_put_nearest(w->detail, &nearest);
    return FAIL(CONFIG_UNKNOWN_KEY);
}

// Below our own blocks everything has to have been asked for. Two levels: tls.google.verify.
static err config_check_block(const struct config_where *w, str block)
{
    const struct config_tree *t = w->config->tree;
    u8 bytes[2][256];
    struct buf outer = buf_over(bytes[0], COUNT(bytes[0]));
    struct buf inner = buf_over(bytes[1], COUNT(bytes[1]));
    int map = config_tree_child(t, 0, block);
    for (int at = map < 0 ? -1 : t->nodes[map].first; at >= 0; at = t->nodes[at].next) {
        str path = config_join(&outer, block, t->nodes[at].key);
        if (!t->nodes[at].used) {
            return config_unknown(w, at, path);
        }
        for (int in = t->nodes[at].first; in >= 0; in = t->nodes[in].next) {
            if (!t->nodes[in].used) {
                return config_unknown(w, in, config_join(&inner, path, t->nodes[in].key));
            }
        }
    }
    return OK;
}

// ---- connectors[].configuration

static bool config_is_field(str service_type, str key)
{
    const char *field;
    str bare = str_ends(key, S("_file")) ? str_slice(key, 0, key.n - 5) : key;
    for (int i = 0; (field = config_field_at(service_type, i)) != NULL; i++) {
        if (str_eq(bare, str_from(field))) {
            return true;
        }
    }
    return false;
}

static err config_check_fields(const struct config_where *w, const struct config_connector *c)
{
    const struct config_tree *t = w->config->tree;
    int at = c->configuration >= 0 && config_field_at(c->service_type, 0)
                 ? t->nodes[c->configuration].first
                 : -1;
    for (; at >= 0; at = t->nodes[at].next) {
        str key = t->nodes[at].key;
        if (config_is_field(c->service_type, key)) {
            continue;
        }
        u8 bytes[256];
        struct buf path = buf_over(bytes, COUNT(bytes));
        struct config_nearest nearest = {.given = key, .distance = CONFIG_FAR};
        const char *field;
        for (int i = 0; (field = config_field_at(c->service_type, i)) != NULL; i++) {
            config_try_name(&nearest, field);
        }
        config_complain(w, at, config_join(&path, S("configuration"), key), S("unknown key"));
        config_put_nearest(w->detail, &nearest);
        return FAIL(CONFIG_UNKNOWN_KEY);
    }
    return OK;
}

// ---- what is ignored

// A name that somebody asked for, or that the service that we replace knows, is no doubt.
static void config_doubt(const struct config_where *w, int node, struct config_nearest *nearest,
                         struct buf *doubts)
{
    if (!nearest->name || nearest->distance == 0 || w->config->tree->nodes[node].used) {
        return;
    }
    struct config_where to_doubts = {.config = w->config, .detail = doubts};
    if (doubts->n) {
        buf_put(doubts, S("\n"));
    }
    config_complain(&to_doubts, node, nearest->given, S("an unknown key, ignored"));
    config_put_nearest(doubts, nearest);
}

static void config_doubt_section(const struct config_where *w, str section, struct buf *doubts)
{
    struct config_tree *t = w->config->tree;
    int map = section.n ? config_tree_find(t, section) : 0;
    for (int at = map < 0 ? -1 : t->nodes[map].first; at >= 0; at = t->nodes[at].next) {
        u8 bytes[256];
        struct buf path = buf_over(bytes, COUNT(bytes));
        str key = t->nodes[at].key;
        struct config_nearest nearest = {
            .given = section.n ? config_join(&path, section, key) : key, .distance = CONFIG_DOUBT};
        config_try_table(&nearest);
        config_doubt(w, at, &nearest, doubts);
    }
}

static void config_doubt_entries(const struct config_where *w, struct buf *doubts)
{
    const struct config_tree *t = w->config->tree;
    int list = config_tree_child(t, 0, S("connectors"));
    for (int entry = list < 0 ? -1 : t->nodes[list].first; entry >= 0;
         entry = t->nodes[entry].next) {
        for (int at = t->nodes[entry].first; at >= 0; at = t->nodes[at].next) {
            struct config_nearest nearest = {.given = t->nodes[at].key, .distance = CONFIG_DOUBT};
            config_try_names(&nearest, config_entry_keys, COUNT(config_entry_keys));
            config_doubt(w, at, &nearest, doubts);
        }
    }
}

err config_check_unknown(const struct config_where *w, struct arena *arena)
{
    for (isize i = 0; i < COUNT(config_own_blocks); i++) {
        TRY(config_check_block(w, str_from(config_own_blocks[i])));
    }
    for (int i = 0; i < w->config->connector_count; i++) {
        TRY(config_check_fields(w, &w->config->connectors[i]));
    }
    static const char *const sections[] = {"", "elasticsearch", "elasticsearch.bulk",
                                           "elasticsearch.bulk.error_monitor", "service"};
    u8 *memory = arena_try(arena, 1, CONFIG_DETAIL_BYTES);
    struct buf doubts = buf_over(memory, memory ? CONFIG_DETAIL_BYTES : 0);
    for (isize i = 0; i < COUNT(sections); i++) {
        config_doubt_section(w, str_from(sections[i]), &doubts);
    }
    config_doubt_entries(w, &doubts);
    w->config->doubts = buf_str(&doubts);
    return OK;
}
