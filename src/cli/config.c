// SPDX-License-Identifier: Apache-2.0
// Typed values out of the tree, driven by the table of config_keys.h (see config.h).
#include "cli/config.h"

#include "cli/config_internal.h"
#include "cli/config_tree.h"
#include "cli/output.h"
#include "codec/http1.h"
#include "codec/url.h"

#define CONFIG_FOUND_CHARACTERS 40 // of a wrong value that a message repeats

enum config_type {
    CONFIG_STR,
    CONFIG_SECRET,
    CONFIG_URL,
    CONFIG_INT,
    CONFIG_NUMBER,
    CONFIG_BOOL,
    // One word of a few.
    CONFIG_LEVEL,
    CONFIG_BIND,
    CONFIG_BACKEND,
    CONFIG_CLOUD,
    CONFIG_FIELDS,
};

struct config_key {
    const char *path;
    enum config_type type;
    u32 offset;
    const char *fallback;
    double min, max;
};

// A number of limits.h as the text that would stand in the file.
#define CONFIG_TEXT_OF(x) #x
#define CONFIG_TEXT(x) CONFIG_TEXT_OF(x)

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

// ---- messages

void config_complain(const struct config_where *w, int node, str path, str what)
{
    config_tree_put_place(w->detail, w->config->tree, w->config->name, node);
    buf_put(w->detail, S(": "));
    output_put_clean(w->detail, path, CONFIG_DETAIL_BYTES);
    buf_put(w->detail, S(": "));
    buf_put(w->detail, what);
}

void config_put_found(const struct config_where *w, int node)
{
    const struct config_node *n = &w->config->tree->nodes[node];
    switch (n->kind) {
    case CONFIG_NULL:
        buf_put(w->detail, S("; found nothing"));
        return;
    case CONFIG_MAP:
        buf_put(w->detail, S("; found a mapping"));
        return;
    case CONFIG_LIST:
        buf_put(w->detail, S("; found a list"));
        return;
    case CONFIG_SCALAR:
        buf_put(w->detail, S("; found \""));
        output_put_clean(w->detail, n->text, CONFIG_FOUND_CHARACTERS);
        buf_put(w->detail, S("\""));
        return;
    }
}

err config_check_line(const struct config_where *w, int node, str path, str text)
{
    if (http1_is_field_value(text)) {
        return OK;
    }
    config_complain(w, node, path, S("it has to be one line without control characters"));
    return FAIL(CONFIG_TYPE);
}

// ---- one value

static void *config_field(struct config *config, const struct config_key *key)
{
    return (u8 *)config + key->offset;
}

static err config_wrong_type(const struct config_where *w, const struct config_key *key, int node,
                             str what)
{
    config_complain(w, node, str_from(key->path), what);
    config_put_found(w, node);
    return FAIL(CONFIG_TYPE);
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
    bool whole = key->type == CONFIG_INT;
    if (!config_scalar_number(n, &value, &integral) || (whole && !integral)) {
        return config_wrong_type(w, key, node,
                                 whole ? S("a whole number in decimal digits is wanted")
                                       : S("a number in decimal digits is wanted"));
    }
    if (value < key->min || value > key->max) {
        config_complain(w, node, str_from(key->path), S("allowed is "));
        config_put_bound(w->detail, key->min);
        buf_put(w->detail, S(" to "));
        config_put_bound(w->detail, key->max);
        config_put_found(w, node);
        return FAIL(CONFIG_RANGE);
    }
    if (whole) {
        *(i64 *)config_field(w->config, key) = (i64)value;
    } else {
        *(double *)config_field(w->config, key) = value;
    }
    return OK;
}

// Quoted, or from the environment, "false" is false too.
static err config_set_bool(const struct config_where *w, const struct config_key *key,
                           const struct config_node *n, int node)
{
    struct config_node plain = *n;
    plain.plain = true;
    return config_scalar_bool(&plain, config_field(w->config, key))
               ? OK
               : config_wrong_type(w, key, node, S("true or false is wanted"));
}

// An address may hold a password, so it is not repeated.
static err config_set_url(const struct config_where *w, const struct config_key *key,
                          const struct config_node *n, int node)
{
    struct url url;
    err e = n->text.n ? url_parse(n->text, &url) : OK;
    if (!err_ok(e)) {
        config_complain(w, node, str_from(key->path), str_from(err_what(e)));
        return FAIL(CONFIG_URL);
    }
    *(str *)config_field(w->config, key) = n->text;
    return OK;
}

// In the order of their types; up to five each.
static const char *const config_words[][5] = {
    {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"},
    {"auto", "simple", "ntlm"},
    {"auto", "graph", "ews"},
    {"global", "us-gov", "us-gov-dod", "china"},
    {"compatible", "extended"},
};

// By any case.
static err config_set_word(const struct config_where *w, const struct config_key *key,
                           const struct config_node *n, int node)
{
    const char *const *words = config_words[key->type - CONFIG_LEVEL];
    int count = 0;
    for (; count < COUNT(config_words[0]) && words[count]; count++) {
        if (str_eq_nocase(n->text, str_from(words[count]))) {
            *(str *)config_field(w->config, key) = str_from(words[count]);
            return OK;
        }
    }
    config_complain(w, node, str_from(key->path), (str){0});
    for (int i = 0; i < count; i++) {
        buf_put(w->detail, i == 0 ? (str){0} : i == count - 1 ? S(" or ") : S(", "));
        buf_put(w->detail, str_from(words[i]));
    }
    buf_put(w->detail, S(" is wanted"));
    config_put_found(w, node);
    return FAIL(CONFIG_TYPE);
}

static err config_set(const struct config_where *w, const struct config_key *key,
                      const struct config_node *n, int node)
{
    if (n->kind == CONFIG_MAP || n->kind == CONFIG_LIST) {
        return config_wrong_type(w, key, node, S("a single value is wanted"));
    }
    switch (key->type) {
    case CONFIG_STR:
    case CONFIG_SECRET:
        *(str *)config_field(w->config, key) = n->text;
        return config_check_line(w, node, str_from(key->path), n->text);
    case CONFIG_URL:
        return config_set_url(w, key, n, node);
    case CONFIG_LEVEL:
    case CONFIG_BIND:
    case CONFIG_BACKEND:
    case CONFIG_CLOUD:
    case CONFIG_FIELDS:
        return config_set_word(w, key, n, node);
    case CONFIG_BOOL:
        return config_set_bool(w, key, n, node);
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

// `proxy: false` and `proxy: http://...` are short forms of the block.
static void config_read_proxy(struct config *config, struct config_proxy *out)
{
    struct config_tree *t = config->tree;
    int at = config_tree_child(t, 0, S("proxy"));
    *out = (struct config_proxy){0};
    if (at < 0 || t->nodes[at].kind != CONFIG_SCALAR) {
        return;
    }
    bool on;
    if (config_scalar_bool(&t->nodes[at], &on)) {
        out->none = !on;
    } else {
        out->url = t->nodes[at].text;
    }
    t->nodes[at].kind = CONFIG_NULL;
}

// The service looks for the files under the same name: one that means something else there, or in
// another working directory, is none. What the directory is like is seen at start (start_volume.c).
static err config_check_extraction(const struct config_where *w)
{
    static const str path = S("extraction_service.shared_volume_dir");
    const struct config_service *c = &w->config->service;
    str folder = c->extraction_shared_volume;
    bool absolute = str_starts(folder, S("/")) && folder.n <= OUTLOOK_FOLDER_PATH_BYTES;
    if (!c->extraction_file_pointers || absolute) {
        return OK;
    }
    config_complain(w, config_tree_find(w->config->tree, path), path,
                    S("has to be an absolute path"));
    return FAIL(CONFIG_SHARED_VOLUME);
}

err config_load(struct config *config, str name, str text, struct arena *arena, struct buf *detail)
{
    ASSERT(config->tree);
    config->name = name;
    struct config_where w = {.config = config, .detail = detail};
    TRY(config_tree_add_yaml(config->tree, name, text, detail));
    struct config_proxy proxy;
    config_read_proxy(config, &proxy);
    TRY(config_check_sections(&w));
    TRY(config_set_all(&w));
    TRY(config_check_extraction(&w));
    config->proxy.none = proxy.none;
    config->proxy.url = proxy.url.n ? proxy.url : config->proxy.url;
    TRY(config_read_headers(&w, arena));
    TRY(config_read_connectors(&w));
    TRY(config_read_service_types(&w));
    TRY(config_read_mailboxes(&w, arena));
    return config_check_unknown(&w, arena);
}
