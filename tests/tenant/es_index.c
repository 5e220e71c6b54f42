// SPDX-License-Identifier: Apache-2.0
// Indices of the Elasticsearch double: made, shown, dropped, closed, refreshed; aliases; what a
// mapping says; the blocks that an operator or a full disk puts on an index.
#include <stdio.h>

#include "es.h"

static void put_acknowledged(struct t_response *r)
{
    t_buf_z(&r->own, "{\"acknowledged\":true}");
}

const char *es_index_block(const struct es_index *x, int *status, char *reason, isize cap)
{
    static const struct {
        int status;
        const char *type, *format;
    } blocks[] = {
        [ES_OPEN] = {200, NULL, "%s"},
        [ES_CLOSED] = {403, "cluster_block_exception",
                       "index [%s] blocked by: [FORBIDDEN/4/index closed];"},
        [ES_READ_ONLY] = {403, "cluster_block_exception",
                          "index [%s] blocked by: [FORBIDDEN/8/index write (api)];"},
        [ES_FLOOD] = {429, "cluster_block_exception",
                      "index [%s] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded "
                      "flood-stage watermark, index has read-only-allow-delete block; for more "
                      "information, see the documentation];"},
    };
    *status = blocks[x->state].status;
    snprintf(reason, (size_t)cap, blocks[x->state].format, x->name);
    return blocks[x->state].type;
}

bool es_index_open(const struct es_index *x, bool write, struct t_response *r)
{
    char reason[600];
    int status;
    if (x->state == ES_CLOSED && !write) {
        elastic_index_error(r, 400, "index_closed_exception", "closed", x->name);
        return false;
    }
    const char *type = write ? es_index_block(x, &status, reason, (isize)sizeof(reason)) : NULL;
    if (type) {
        elastic_error(r, status, type, reason);
    }
    return !type;
}

static void put_aliases(const struct es *es, int index, struct t_buf *out)
{
    str alias;
    bool first = true;
    t_buf_z(out, "{\"aliases\":{");
    for (int at = 0; (alias = es_index_alias(es, index, &at)).n > 0; first = false) {
        t_buf_z(out, first ? "" : ",");
        t_json_put_string(out, alias);
        t_buf_z(out, ":{}");
    }
    t_buf_byte(out, '}');
}

static void put_index(struct tenant *t, int index, struct t_response *r)
{
    const struct es_index *x = &t->es->indices[index];
    bool hidden = x->name[0] == '.';
    t_buf_printf(&r->own, "{\"%s\":", x->name);
    put_aliases(t->es, index, &r->own);
    t_buf_z(&r->own, ",\"mappings\":");
    t_buf_z(&r->own, x->mapping ? x->mapping : "{}");
    t_buf_printf(&r->own,
                 ",\"settings\":{\"index\":{%s\"number_of_shards\":\"1\",\"provided_name\":\"%s\","
                 "\"number_of_replicas\":\"%d\",\"uuid\":\"nZ7kqZzTQ6qXo8g%07llu\"}}}}",
                 hidden ? "\"hidden\":\"true\"," : "", x->name, x->keeps_old ? 0 : 1,
                 (unsigned long long)x->number);
}

// ---- made and dropped
// ----------------------------------------------------------------------------

static bool check_body(str object, struct t_response *r)
{
    str key, value;
    isize at = 0;
    while (object.n > 0 && t_json_member(object, &at, &key, &value)) {
        if (!str_eq(key, S("settings")) && !str_eq(key, S("mappings")) &&
            !str_eq(key, S("aliases"))) {
            char text[200];
            snprintf(text, sizeof(text), "unknown key [%.*s] for create index",
                     (int)(key.n < 100 ? key.n : 100), key.p);
            elastic_error(r, 400, "parse_exception", text);
            return false;
        }
    }
    return true;
}

static void take_body(struct es *es, struct es_index *x, str object)
{
    str value, name, alias;
    isize at = 0;
    if (t_json_get(object, "mappings", &value)) {
        t_free(x->mapping);
        x->mapping = t_strdup(value);
    }
    if (t_json_get(object, "aliases", &value)) {
        while (t_json_member(value, &at, &name, &alias)) {
            es_set_name(es->aliases, &es->alias_count, name, str_from(x->name));
        }
    }
}

static void create(struct tenant *t, struct t_response *r, str name, str body)
{
    struct es *es = t->es;
    str object = {0};
    char text[400], own[256];
    int n = (int)(name.n < 255 ? name.n : 255);
    snprintf(own, sizeof(own), "%.*s", n, name.p);
    if (body.n > 0 && !t_json_whole(body, &object)) {
        elastic_error(r, 400, "parse_exception", "Failed to parse content to map");
    } else if (!check_body(object, r)) {
        // it is said
    } else if (es_name_value(es->aliases, es->alias_count, name)) {
        snprintf(text, sizeof(text), "Invalid index name [%.*s], already exists as alias", n,
                 name.p);
        elastic_index_error(r, 400, "invalid_index_name_exception", text, own);
    } else if (es_find_index(es, name) >= 0) {
        snprintf(text, sizeof(text), "index [%.*s/fake] already exists", n, name.p);
        elastic_index_error(r, 400, "resource_already_exists_exception", text, own);
    } else {
        int place = es_make_index(es, name);
        if (place < 0) {
            snprintf(text, sizeof(text), "Invalid index name [%.*s], must be lowercase", n, name.p);
            elastic_index_error(r, 400, "invalid_index_name_exception", text, own);
            return;
        }
        take_body(es, &es->indices[place], object);
        t_buf_printf(&r->own,
                     "{\"acknowledged\":true,\"shards_acknowledged\":true,\"index\":\"%.*s\"}", n,
                     name.p);
    }
}

static void do_index(struct tenant *t, const struct t_request *q, struct t_response *r, str name,
                     str body)
{
    struct es *es = t->es;
    int index = es_find_index(es, name);
    bool get = t_request_is(q, "GET"), delete = t_request_is(q, "DELETE");
    if (t_request_is(q, "PUT")) {
        create(t, r, name, body);
    } else if (index < 0 && es_query_flag(q, "ignore_unavailable") && (get || delete)) {
        t_buf_z(&r->own, get ? "{}" : "{\"acknowledged\":true}");
    } else if (index < 0) {
        elastic_index_missing(r, name);
    } else if (delete &&es_name_value(es->aliases, es->alias_count, name)) {
        char text[400];
        snprintf(text, sizeof(text),
                 "The provided expression [%.*s] matches an alias, specify the corresponding "
                 "concrete indices instead.",
                 (int)(name.n < 255 ? name.n : 255), name.p);
        elastic_error(r, 400, "illegal_argument_exception", text);
    } else if (delete) {
        es_drop_index(es, index);
        put_acknowledged(r);
    } else {
        put_index(t, index, r);
    }
}

// ---- aliases
// -------------------------------------------------------------------------------------

static void alias_missing(struct t_response *r, str alias)
{
    r->status = 404;
    t_buf_printf(&r->own, "{\"error\":\"alias [%.*s] missing\",\"status\":404}",
                 (int)(alias.n < 255 ? alias.n : 255), alias.p);
}

// One action of POST /_aliases.
static bool do_action(struct tenant *t, struct t_response *r, bool add, str what)
{
    struct es *es = t->es;
    struct t_buf index = {0}, alias = {0};
    t_json_get_text(what, "index", &index);
    t_json_get_text(what, "alias", &alias);
    int place = es_find_index(es, t_buf_str(&index));
    const char *target = es_name_value(es->aliases, es->alias_count, t_buf_str(&alias));
    bool ok = false;
    if (place < 0) {
        elastic_index_missing(r, t_buf_str(&index));
    } else if (!add && !target) {
        char text[400];
        snprintf(text, sizeof(text), "aliases [%.*s] missing", (int)(alias.n < 255 ? alias.n : 255),
                 (const char *)alias.p);
        elastic_error(r, 404, "aliases_not_found_exception", text);
    } else {
        str name = str_from(es->indices[place].name);
        es_set_name(es->aliases, &es->alias_count, t_buf_str(&alias), add ? name : (str){0});
        ok = true;
    }
    t_buf_free(&index);
    t_buf_free(&alias);
    return ok;
}

static void do_actions(struct tenant *t, struct t_response *r, str body)
{
    str object, actions, action, what, key;
    isize at = 0;
    if (!t_json_whole(body, &object) || !t_json_get(object, "actions", &actions)) {
        elastic_error(r, 400, "illegal_argument_exception", "Required [actions]");
        return;
    }
    while (t_json_element(actions, &at, &action)) {
        isize in = 0;
        if (!t_json_member(action, &in, &key, &what) ||
            !do_action(t, r, str_eq(key, S("add")), what)) {
            return;
        }
    }
    t_buf_z(&r->own, "{\"acknowledged\":true,\"errors\":false}");
}

static void show_aliases(struct tenant *t, struct t_response *r, int place)
{
    t_buf_printf(&r->own, "{\"%s\":", t->es->indices[place].name);
    put_aliases(t->es, place, &r->own);
    t_buf_z(&r->own, "}}");
}

// /_alias/ALIAS, /_aliases, /INDEX/_alias[/ALIAS]
void es_aliases(struct tenant *t, const struct t_request *q, struct t_response *r,
                const struct es_route *p, str body)
{
    struct es *es = t->es;
    bool of_index = p->one.p[0] != '_';
    bool get = t_request_is(q, "GET") || t_request_is(q, "HEAD");
    str alias = of_index ? p->three : p->two;
    const char *target = es_name_value(es->aliases, es->alias_count, alias);
    int place = es_find_index(es, of_index ? p->one : str_from(target));
    if (!of_index && !get && t_request_is(q, "POST")) {
        do_actions(t, r, body);
    } else if (of_index && place < 0) {
        elastic_index_missing(r, p->one);
    } else if (get && ((alias.n > 0 && !target) || place < 0)) {
        alias_missing(r, alias);
    } else if (get) {
        show_aliases(t, r, place);
    } else if (t_request_is(q, "PUT") && of_index && alias.n > 0) {
        es_set_name(es->aliases, &es->alias_count, alias, str_from(es->indices[place].name));
        t_buf_z(&r->own, "{\"acknowledged\":true,\"errors\":false}");
    } else if (t_request_is(q, "DELETE") && target) {
        es_set_name(es->aliases, &es->alias_count, alias, (str){0});
        t_buf_z(&r->own, "{\"acknowledged\":true,\"errors\":false}");
    } else if (t_request_is(q, "DELETE")) {
        char text[400];
        snprintf(text, sizeof(text), "aliases [%.*s] missing", (int)(alias.n < 255 ? alias.n : 255),
                 alias.p);
        elastic_error(r, 404, "aliases_not_found_exception", text);
    } else {
        elastic_wrong_method(q, r, "GET, HEAD, PUT, DELETE");
    }
}

// ---- the rest
// ------------------------------------------------------------------------------------

static void put_mapping(struct tenant *t, struct t_response *r, int index, str body)
{
    struct es_index *x = &t->es->indices[index];
    struct t_buf whole = {0};
    str object;
    if (!t_json_whole(body, &object) || !t_json_is_object(object)) {
        elastic_error(r, 400, "parse_exception", "Failed to parse content to map");
        return;
    }
    es_merge(x->mapping ? str_from(x->mapping) : S("{}"), object, &whole);
    t_free(x->mapping);
    x->mapping = t_strdup(t_buf_str(&whole));
    t_buf_free(&whole);
    put_acknowledged(r);
}

// A setting by its full name, or without "index.", in dots or nested; -1: not given.
static int find_setting(const struct es_tree *t, int root, const char *name)
{
    int at = root, node = es_tree_each(t, root, str_from(name), false, &at);
    at = root;
    return node >= 0 ? node : es_tree_each(t, root, str_from(name + 6), false, &at);
}

static void put_settings(struct tenant *t, struct t_response *r, int index, str body)
{
    static const struct {
        const char *name;
        enum es_state state;
    } blocks[] = {{"index.blocks.write", ES_READ_ONLY},
                  {"index.blocks.read_only_allow_delete", ES_FLOOD}};
    struct es_index *x = &t->es->indices[index];
    struct es_tree tree = {0};
    struct t_buf text = {0};
    u64 seconds = 0;
    int root = es_tree_parse(&tree, body);
    int refresh = find_setting(&tree, root, "index.refresh_interval");
    for (isize i = 0; i < COUNT(blocks); i++) {
        int node = find_setting(&tree, root, blocks[i].name);
        if (node >= 0 && es_tree_true(&tree, node)) {
            x->state = blocks[i].state;
        } else if (node >= 0 && x->state == blocks[i].state) {
            x->state = ES_OPEN;
        }
    }
    es_tree_text(&tree, refresh, &text);
    if (es_tree_kind(&tree, refresh) == ES_NULL && refresh >= 0) {
        x->refresh_ms = ES_REFRESH_MS;
    } else if (str_eq(t_buf_str(&text), S("-1"))) {
        x->refresh_ms = INT64_MAX / 4; // never
    } else if (text.n > 1 && str_to_u64(str_slice(t_buf_str(&text), 0, text.n - 1), &seconds)) {
        x->refresh_ms = (i64)seconds * 1000;
    }
    if (root < 0) {
        elastic_error(r, 400, "parse_exception", "Failed to parse content to map");
    } else {
        put_acknowledged(r);
    }
    t_buf_free(&text);
    es_tree_free(&tree);
}

static void show_settings(const struct es_index *x, struct t_response *r)
{
    const char *block = x->state == ES_READ_ONLY ? "\"index.blocks.write\":\"true\","
                        : x->state == ES_FLOOD ? "\"index.blocks.read_only_allow_delete\":\"true\","
                                               : "";
    t_buf_printf(&r->own, "{\"%s\":{\"settings\":{%s\"index.number_of_shards\":\"1\"}}}", x->name,
                 block);
}

static void set_state(struct t_response *r, struct es_index *x, bool close)
{
    x->state = close ? ES_CLOSED : ES_OPEN;
    if (close) {
        t_buf_printf(&r->own,
                     "{\"acknowledged\":true,\"shards_acknowledged\":true,\"indices\":{\"%s\":{"
                     "\"closed\":true}}}",
                     x->name);
    } else {
        t_buf_z(&r->own, "{\"acknowledged\":true,\"shards_acknowledged\":true}");
    }
}

void es_index_handle(struct tenant *t, const struct t_request *q, struct t_response *r,
                     const struct es_route *p, str body)
{
    int index = es_find_index(t->es, p->one);
    bool get = t_request_is(q, "GET"), post = t_request_is(q, "POST");
    if (p->two.n == 0 && post) {
        elastic_wrong_method(q, r, "GET, PUT, DELETE, HEAD");
    } else if (p->two.n == 0) {
        do_index(t, q, r, p->one, body);
    } else if (str_eq(p->two, S("_refresh")) && index < 0 &&
               es_query_flag(q, "ignore_unavailable")) {
        t_buf_z(&r->own, "{\"_shards\":{\"total\":2,\"successful\":1,\"failed\":0}}");
    } else if (index < 0) {
        elastic_index_missing(r, p->one);
    } else if (str_eq(p->two, S("_refresh")) && (get || post)) {
        if (es_index_open(&t->es->indices[index], false, r)) {
            t->es->indices[index].refreshed_seq = t->es->indices[index].seq;
            t_buf_z(&r->own, "{\"_shards\":{\"total\":2,\"successful\":1,\"failed\":0}}");
        }
    } else if ((str_eq(p->two, S("_close")) || str_eq(p->two, S("_open"))) && post) {
        set_state(r, &t->es->indices[index], str_eq(p->two, S("_close")));
    } else if (str_eq(p->two, S("_mapping")) && get) {
        const char *mapping = t->es->indices[index].mapping;
        t_buf_printf(&r->own, "{\"%s\":{\"mappings\":", t->es->indices[index].name);
        t_buf_z(&r->own, mapping ? mapping : "{}");
        t_buf_z(&r->own, "}}");
    } else if (str_eq(p->two, S("_mapping"))) {
        put_mapping(t, r, index, body);
    } else if (str_eq(p->two, S("_settings")) && get && es_query_flag(q, "flat_settings")) {
        show_settings(&t->es->indices[index], r);
    } else if (str_eq(p->two, S("_settings")) && t_request_is(q, "PUT")) {
        put_settings(t, r, index, body);
    } else {
        elastic_no_handler(q, r);
    }
}
