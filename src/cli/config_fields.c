// SPDX-License-Identifier: Apache-2.0
// Fields of connectors[].configuration: what Kibana would ask for, given in the file instead. Each
// may be the value itself, a Kibana field object ({value: ...}), or <key>_file, a file that holds
// it (spec/configuration.md 5 for the coercions). A mapping becomes its JSON text, so that a
// service account can be pasted as it is.
#include "cli/config_internal.h"
#include "cli/config_tree.h"
#include "cli/output.h"
#include "cli/service_types.h"
#include "codec/json_write.h"
#include "os/os.h"

const char *config_field_at(str service_type, int i)
{
    const struct service_type *type = service_types_find(service_type);
    if (!type || i >= 2 * type->schema->count) {
        return NULL;
    }
    const struct field *f = &type->schema->fields[i / 2];
    return i % 2 && f->alias ? f->alias : f->key;
}

static void config_field_complain(const struct config *config, int node, const char *key, str what,
                                  struct buf *detail)
{
    config_tree_put_place(detail, config->tree, config->name, node);
    buf_put(detail, S(": configuration."));
    buf_put(detail, str_from(key));
    buf_put(detail, S(": "));
    buf_put(detail, what);
}

// The node of the value; -1: absent.
static int config_field_node(const struct config *config, const struct config_connector *c, str key)
{
    const struct config_tree *t = config->tree;
    int at = config_tree_child(t, c->configuration, key);
    int value = at >= 0 && t->nodes[at].kind == CONFIG_MAP ? config_tree_child(t, at, S("value"))
                                                           : -1;
    return value >= 0 ? value : at;
}

// A number or boolean as JSON allows it stays bare; everything else is a string.
static void config_write_scalar(struct json_write *w, const struct config_node *n)
{
    double number;
    bool integral, truth;
    if (n->kind == CONFIG_NULL) {
        json_write_null(w);
    } else if (config_scalar_bool(n, &truth)) {
        json_write_bool(w, truth);
    } else if (n->plain && config_scalar_number(n, &number, &integral) && integral) {
        json_write_i64(w, (i64)number);
    } else {
        json_write_string(w, n->text);
    }
}

// A mapping of scalars as JSON text: deeper values have no meaning in any field that we know.
static bool config_write_map(const struct config_tree *t, int map, struct buf *out)
{
    struct json_write w = json_write_to(out);
    json_write_object(&w);
    for (int at = t->nodes[map].first; at >= 0; at = t->nodes[at].next) {
        const struct config_node *n = &t->nodes[at];
        if (n->kind == CONFIG_MAP || n->kind == CONFIG_LIST) {
            return false;
        }
        json_write_key(&w, n->key);
        config_write_scalar(&w, n);
    }
    json_write_object_end(&w);
    return !out->full;
}

static err config_field_from_file(const struct config_fields *f, int node, const char *key,
                                  str *out)
{
    u8 *memory = arena_try(f->arena, 1, CONFIG_SCALAR_BYTES);
    struct buf content = buf_over(memory, memory ? CONFIG_SCALAR_BYTES : 0);
    // Texts of the tree end with a NUL that is not counted (config_tree_copy).
    const char *path = (const char *)f->config->tree->nodes[node].text.p;
    u8 words_bytes[KIB(1)];
    struct buf words = buf_over(words_bytes, COUNT(words_bytes));
    err e = os_file_read(path, &content, &words);
    if (!err_ok(e)) {
        config_field_complain(f->config, node, key, S("the file "), f->detail);
        bool too_large = err_is(e, ERR_BUF_FULL);
        output_put_clean(f->detail, too_large ? str_from(path) : buf_str(&words),
                         CONFIG_DETAIL_BYTES);
        buf_put(f->detail, too_large ? S(" is larger than 64 KiB") : S(""));
        return FAIL(CONFIG_FILE);
    }
    str text = buf_str(&content);
    text.n -= str_ends(text, S("\n"));
    text.n -= str_ends(text, S("\r"));
    *out = text;
    return OK;
}

// The field's node and that of <key>_file; -1: absent. A null counts as absent.
static err config_field_nodes(const struct config_fields *f, const char *key, int nodes[2])
{
    const struct config_tree *t = f->config->tree;
    u8 name_bytes[128];
    struct buf name = buf_over(name_bytes, COUNT(name_bytes));
    buf_put(&name, str_from(key));
    nodes[0] = config_field_node(f->config, f->connector, buf_str(&name));
    buf_put(&name, S("_file"));
    nodes[1] = config_tree_child(t, f->connector->configuration, buf_str(&name));
    for (isize i = 0; i < 2; i++) {
        nodes[i] = nodes[i] >= 0 && t->nodes[nodes[i]].kind == CONFIG_NULL ? -1 : nodes[i];
    }
    if (nodes[0] >= 0 && nodes[1] >= 0) {
        config_field_complain(f->config, nodes[1], key, S("given twice, directly and as a file"),
                              f->detail);
        return FAIL(CONFIG_TYPE);
    }
    if (nodes[1] >= 0 && t->nodes[nodes[1]].kind != CONFIG_SCALAR) {
        config_field_complain(f->config, nodes[1], key, S("the path of a file is wanted"),
                              f->detail);
        return FAIL(CONFIG_TYPE);
    }
    return OK;
}

err config_field_str(const struct config_fields *f, const char *key, str *out, bool *found)
{
    const struct config_tree *t = f->config->tree;
    int nodes[2];
    TRY(config_field_nodes(f, key, nodes));
    int node = nodes[0];
    *out = (str){0};
    *found = node >= 0 || nodes[1] >= 0;
    if (nodes[1] >= 0) {
        return config_field_from_file(f, nodes[1], key, out);
    }
    if (node < 0) {
        return OK;
    }
    if (t->nodes[node].kind == CONFIG_LIST) {
        config_field_complain(f->config, node, key, S("a single value is wanted, not a list"),
                              f->detail);
        return FAIL(CONFIG_TYPE);
    }
    if (t->nodes[node].kind != CONFIG_MAP) {
        *out = t->nodes[node].text;
        return OK;
    }
    u8 *memory = arena_try(f->arena, 1, CONFIG_SCALAR_BYTES);
    struct buf json = buf_over(memory, memory ? CONFIG_SCALAR_BYTES : 0);
    if (!config_write_map(t, node, &json)) {
        config_field_complain(f->config, node, key, S("a mapping of plain values is wanted"),
                              f->detail);
        return FAIL(CONFIG_TYPE);
    }
    *out = buf_str(&json);
    return OK;
}

err config_field_bool(const struct config_fields *f, const char *key, bool *out, bool *found)
{
    str text;
    TRY(config_field_str(f, key, &text, found));
    if (!*found || text.n == 0) {
        *found = false;
        return OK;
    }
    // Quoted "false" is false too: the reference takes any text for true (REF-DEFECT).
    struct config_node plain = {.text = text, .plain = true};
    if (config_scalar_bool(&plain, out)) {
        return OK;
    }
    bool one = str_eq(text, S("1"));
    if (one || str_eq(text, S("0"))) {
        *out = one;
        return OK;
    }
    int node = config_field_node(f->config, f->connector, str_from(key));
    config_field_complain(f->config, node, key, S("true or false is wanted"), f->detail);
    return FAIL(CONFIG_TYPE);
}
