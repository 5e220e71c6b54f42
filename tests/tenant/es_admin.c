// SPDX-License-Identifier: Apache-2.0
// License and security of the Elasticsearch double. Keys that are made here carry rights:
// privileges by name on patterns of names, and cluster privileges, as far as the requests of a
// connector service need them. The user and the tenant's own key may do everything.
#include <stdio.h>
#include <string.h>

#include "es.h"

void es_license(struct tenant *t, const struct t_request *q, struct t_response *r)
{
    struct t_buf flag = {0};
    bool plain = t_query_get(q->query, "pretty", 0, &flag) && str_eq(t_buf_str(&flag), S("false"));
    struct t_writer w = {.b = &r->own, .pretty = !plain};
    bool expired = str_ends(t->o.es_license, S(" expired"));
    str type = expired ? str_slice(t->o.es_license, 0, t->o.es_license.n - 8) : t->o.es_license;
    t_buf_free(&flag);
    t_json_open(&w, '{');
    t_json_key(&w, "license");
    t_json_open(&w, '{');
    t_json_put_member(&w, "status", expired ? S("expired") : S("active"));
    t_json_put_member(&w, "uid", S("5f2f9f5e-0000-4000-8000-000000000001"));
    t_json_put_member(&w, "type", type);
    t_json_put_member(&w, "issue_date", S("2026-01-01T00:00:00.000Z"));
    t_json_put_number(&w, "issue_date_in_millis", 1767225600000);
    if (!str_eq(type, S("basic"))) {
        t_json_put_member(&w, "expiry_date", S("2036-01-01T00:00:00.000Z"));
        t_json_put_number(&w, "expiry_date_in_millis", 2082758400000);
    }
    t_json_put_number(&w, "max_nodes", 1000);
    t_json_key(&w, "max_resource_units");
    t_buf_z(w.b, "null");
    t_json_put_member(&w, "issued_to", S("fake-tenant"));
    t_json_put_member(&w, "issuer", S("elasticsearch"));
    t_json_put_number(&w, "start_date_in_millis", -1);
    t_json_close(&w, '}');
    t_json_close(&w, '}');
    t_buf_byte(&r->own, '\n');
}

// ---- who asks, and what it may
// -------------------------------------------------------------------

int es_who(const struct tenant *t, const struct t_request *q)
{
    str value = t_request_header(q, "authorization");
    if (t->o.es_user.n == 0) {
        return -1;
    }
    if (str_starts_nocase(value, S("apikey "))) {
        str key = str_trim(str_from_index(value, 7));
        for (int i = 0; i < t->es->key_count; i++) {
            if (!t->es->keys[i].invalid && str_eq(key, str_from(t->es->keys[i].encoded))) {
                return i;
            }
        }
        return str_eq(key, t->o.es_api_key) ? -1 : -2;
    }
    struct t_buf pair = {0}, want = {0};
    bool ok = str_starts_nocase(value, S("basic ")) &&
              t_base64_decode(&pair, str_from_index(value, 6));
    t_buf_put(&want, t->o.es_user);
    t_buf_byte(&want, ':');
    t_buf_put(&want, t->o.es_password);
    ok = ok && str_eq(t_buf_str(&pair), t_buf_str(&want));
    t_buf_free(&pair);
    t_buf_free(&want);
    return ok ? -1 : -2;
}

// One '*' at the end, or none.
static bool fits(const struct es_tree *t, int pattern, str name)
{
    struct t_buf b = {0};
    es_tree_text(t, pattern, &b);
    str p = t_buf_str(&b);
    bool ok = str_ends(p, S("*")) ? str_starts(name, str_slice(p, 0, p.n - 1)) : str_eq(p, name);
    t_buf_free(&b);
    return ok;
}

static bool any_fits(const struct es_tree *t, int list, str name)
{
    bool found = false;
    for (int at = list < 0 ? -1 : t->nodes[list].first; at >= 0; at = t->nodes[at].next) {
        found = found || fits(t, at, name);
    }
    return found;
}

static bool grants(const struct es_tree *t, int list, const char *privilege)
{
    static const struct {
        const char *has, *gives;
    } within[] = {{"write", "index"},
                  {"write", "delete"},
                  {"write", "create"},
                  {"manage", "create_index"},
                  {"manage", "delete_index"},
                  {"manage", "view_index_metadata"},
                  {"manage", "maintenance"},
                  {"manage", "monitor"},
                  {"manage_connector", "monitor_connector"}};
    bool ok = any_fits(t, list, S("all")) || any_fits(t, list, str_from(privilege));
    for (isize i = 0; i < COUNT(within); i++) {
        ok = ok || (strcmp(within[i].gives, privilege) == 0 &&
                    any_fits(t, list, str_from(within[i].has)));
    }
    return ok;
}

// An empty index asks for a cluster privilege.
bool es_may(const struct tenant *t, int who, str index, const char *privilege)
{
    struct es_tree tree = {0};
    const char *rights = who >= 0 ? t->es->keys[who].rights : NULL;
    int root = rights ? es_tree_parse(&tree, str_from(rights)) : -1;
    bool ok = root < 0 || tree.nodes[root].first < 0;
    for (int role = root < 0 ? -1 : tree.nodes[root].first; role >= 0;
         role = tree.nodes[role].next) {
        int entries = es_tree_get(&tree, role, "indices");
        entries = entries < 0 ? es_tree_get(&tree, role, "index") : entries;
        ok = ok || (index.n == 0 && grants(&tree, es_tree_get(&tree, role, "cluster"), privilege));
        for (int e = entries < 0 ? -1 : tree.nodes[entries].first; e >= 0 && index.n > 0;
             e = tree.nodes[e].next) {
            ok = ok || (any_fits(&tree, es_tree_get(&tree, e, "names"), index) &&
                        grants(&tree, es_tree_get(&tree, e, "privileges"), privilege));
        }
    }
    es_tree_free(&tree);
    return ok;
}

struct need {
    const char *what, *method; // a part of the path (of_index: the index itself), any method
    const char *privilege, *action, *granting;
};

static const struct need needs[] = {
    {NULL, "PUT", "create_index", "indices:admin/create", "create_index,manage,all"},
    {NULL, "DELETE", "delete_index", "indices:admin/delete", "delete_index,manage,all"},
    {NULL, NULL, "view_index_metadata", "indices:admin/get", "view_index_metadata,manage,all"},
    {"_doc", "GET", "read", "indices:data/read/get", "read,all"},
    {"_doc", "HEAD", "read", "indices:data/read/get", "read,all"},
    {"_doc", "DELETE", "delete", "indices:data/write/delete", "delete,write,all"},
    {"_doc", NULL, "index", "indices:data/write/index", "create_doc,create,index,write,all"},
    {"_create", NULL, "index", "indices:data/write/index", "create_doc,create,index,write,all"},
    {"_source", NULL, "read", "indices:data/read/get", "read,all"},
    {"_update", NULL, "index", "indices:data/write/update", "index,write,all"},
    {"_search", NULL, "read", "indices:data/read/search", "read,all"},
    {"_count", NULL, "read", "indices:data/read/search", "read,all"},
    {"_pit", NULL, "read", "indices:data/read/open_point_in_time", "read,all"},
    {"_refresh", NULL, "maintenance", "indices:admin/refresh", "maintenance,manage,all"},
    {"_mapping", "GET", "view_index_metadata", "indices:admin/mappings/get",
     "view_index_metadata,manage,all"},
    {"_mapping", NULL, "manage", "indices:admin/mapping/put", "manage,all"},
    {"_alias", "GET", "view_index_metadata", "indices:admin/aliases/get",
     "view_index_metadata,manage,all"},
    {"_alias", NULL, "manage", "indices:admin/aliases", "manage,all"},
    {"auto", NULL, "create_index", "indices:admin/auto_create",
     "auto_configure,create_index,manage,all"},
    {"bulk index", NULL, "index", "indices:data/write/bulk[s]",
     "create_doc,create,delete,index,write,all"},
    {"bulk delete", NULL, "delete", "indices:data/write/bulk[s]",
     "create_doc,create,delete,index,write,all"},
};

static const struct need cluster_needs[] = {
    {"_connector", "GET", "monitor_connector", "cluster:monitor/xpack/connector/get",
     "monitor_connector,manage_connector,all"},
    {"_connector", NULL, "manage_connector", "cluster:admin/xpack/connector/put",
     "manage_connector,all"},
    {"_license", NULL, "monitor", "cluster:monitor/xpack/license/get", "monitor,manage,all"},
    {"_ingest", "GET", "read_pipeline", "cluster:admin/ingest/pipeline/get",
     "read_pipeline,manage_ingest_pipelines,manage_pipeline,manage,all"},
    {"_ingest", NULL, "manage_pipeline", "cluster:admin/ingest/pipeline/put",
     "manage_ingest_pipelines,manage_pipeline,manage,all"},
    {"_cluster", NULL, "monitor", "cluster:monitor/health", "monitor,manage,all"},
};

static const struct need *find_need(const struct need *list, isize count, str what,
                                    const struct t_request *q)
{
    for (isize i = 0; i < count; i++) {
        if (str_eq(str_from(list[i].what), what) &&
            (!list[i].method || t_request_is(q, list[i].method))) {
            return &list[i];
        }
    }
    return NULL;
}

static void put_reason(const struct tenant *t, int who, const struct need *need, str index,
                       char *reason)
{
    bool named = index.n > 0;
    snprintf(reason, ES_REASON_BYTES,
             "action [%s] is unauthorized for API key id [%s] of user [%.*s]%s%.*s%s, this action "
             "is granted by the %s privileges [%s]",
             need->action, t->es->keys[who].id, (int)(t->o.es_user.n % 100), t->o.es_user.p,
             named ? " on indices [" : "", (int)(index.n < 255 ? index.n : 255), index.p,
             named ? "]" : "", strncmp(need->action, "cluster", 7) == 0 ? "cluster" : "index",
             need->granting);
}

void es_forbidden(const struct tenant *t, int who, const char *what, str index, char *reason)
{
    reason[0] = 0;
    for (isize i = 0; i < COUNT(needs); i++) {
        if (needs[i].what && strcmp(needs[i].what, what) == 0) {
            put_reason(t, who, &needs[i], index, reason);
            return;
        }
    }
}

// A key that may write nowhere is refused as a whole.
bool es_check_bulk_rights(const struct tenant *t, int who, struct t_response *r)
{
    static const struct need bulk = {NULL, NULL, "index", "indices:data/write/bulk",
                                     "create_doc,create,delete,index,write,all"};
    struct es_tree tree = {0};
    const char *rights = who >= 0 ? t->es->keys[who].rights : NULL;
    int root = rights ? es_tree_parse(&tree, str_from(rights)) : -1;
    bool ok = root < 0 || tree.nodes[root].first < 0;
    for (int role = root < 0 ? -1 : tree.nodes[root].first; role >= 0;
         role = tree.nodes[role].next) {
        int entries = es_tree_get(&tree, role, "indices");
        entries = entries < 0 ? es_tree_get(&tree, role, "index") : entries;
        for (int e = entries < 0 ? -1 : tree.nodes[entries].first; e >= 0; e = tree.nodes[e].next) {
            int list = es_tree_get(&tree, e, "privileges");
            ok = ok || grants(&tree, list, "index") || grants(&tree, list, "delete");
        }
    }
    es_tree_free(&tree);
    if (!ok) {
        char reason[ES_REASON_BYTES];
        put_reason(t, who, &bulk, (str){0}, reason);
        elastic_error(r, 403, "security_exception", reason);
    }
    return ok;
}

bool es_check_rights(const struct tenant *t, const struct t_request *q, struct t_response *r,
                     const struct es_route *p)
{
    int who = es_who(t, q);
    bool of_cluster = p->one.n == 0 || p->one.p[0] == '_';
    str what = of_cluster ? p->one : p->two;
    const struct need *need = of_cluster ? find_need(cluster_needs, COUNT(cluster_needs), what, q)
                                         : find_need(needs, COUNT(needs), what, q);
    str index = of_cluster ? (str){0} : p->one;
    if (who < 0 || !need || es_may(t, who, index, need->privilege)) {
        return true;
    }
    // What may be left out is left out without a word.
    bool reads = !t_request_is(q, "PUT") && !t_request_is(q, "DELETE");
    if (!of_cluster && es_query_flag(q, "ignore_unavailable") && reads) {
        t_buf_z(&r->own,
                what.n == 0 ? "{}"
                : str_eq(what, S("_count"))
                    ? "{\"count\":0,\"_shards\":{\"total\":0,\"successful\":0,\"skipped\":0,"
                      "\"failed\":0}}"
                    : "{\"_shards\":{\"total\":0,\"successful\":0,\"failed\":0}}");
        return false;
    }
    char reason[ES_REASON_BYTES];
    put_reason(t, who, need, index, reason);
    elastic_error(r, 403, "security_exception", reason);
    return false;
}

// ---- _security
// -----------------------------------------------------------------------------------

static void authenticate(struct tenant *t, const struct t_request *q, struct t_response *r)
{
    int who = es_who(t, q);
    bool key = who >= 0;
    const char *realm = key ? "_es_api_key" : "reserved";
    struct t_writer w = elastic_writer(r);
    t_json_open(&w, '{');
    t_json_put_member(&w, "username", t->o.es_user);
    t_json_key(&w, "roles");
    t_buf_z(w.b, key ? "[]" : "[\"superuser\"]");
    t_buf_printf(w.b,
                 ",\"full_name\":null,\"email\":null,\"metadata\":%s,\"enabled\":true,"
                 "\"authentication_realm\":{\"name\":\"%s\",\"type\":\"%s\"},"
                 "\"lookup_realm\":{\"name\":\"%s\",\"type\":\"%s\"}",
                 "{\"_reserved\":true}", realm, realm, realm, realm);
    t_json_put_member(&w, "authentication_type", key ? S("api_key") : S("realm"));
    if (key) {
        t_json_key(&w, "api_key");
        t_json_open(&w, '{');
        t_json_put_member(&w, "id", str_from(t->es->keys[who].id));
        t_json_put_member(&w, "name", str_from(t->es->keys[who].name));
        t_json_put_member(&w, "managed_by", S("elasticsearch"));
        t_json_close(&w, '}');
    }
    t_json_close(&w, '}');
}

static void make_key(struct tenant *t, struct t_response *r, str object)
{
    struct es *es = t->es;
    struct t_buf name = {0}, id = {0}, secret = {0}, pair = {0}, encoded = {0};
    str rights;
    if (!t_json_get_text(object, "name", &name) || es->key_count == ES_KEYS_MAX) {
        elastic_error(r, 400, "illegal_argument_exception", "Required [name]");
    } else {
        es_make_id(t, &id);
        es_make_id(t, &secret);
        t_buf_put(&pair, t_buf_str(&id));
        t_buf_byte(&pair, ':');
        t_buf_put(&pair, t_buf_str(&secret));
        t_base64_put(&encoded, t_buf_str(&pair), false);
        struct es_key *k = &es->keys[es->key_count++];
        *k = (struct es_key){.id = t_strdup(t_buf_str(&id)), .name = t_strdup(t_buf_str(&name))};
        k->encoded = t_strdup(t_buf_str(&encoded));
        k->rights = t_json_get(object, "role_descriptors", &rights) ? t_strdup(rights) : NULL;
        struct t_writer w = elastic_writer(r);
        t_json_open(&w, '{');
        t_json_put_member(&w, "id", t_buf_str(&id));
        t_json_put_member(&w, "name", t_buf_str(&name));
        t_json_put_member(&w, "api_key", t_buf_str(&secret));
        t_json_put_member(&w, "encoded", t_buf_str(&encoded));
        t_json_close(&w, '}');
    }
    t_buf_free(&name);
    t_buf_free(&id);
    t_buf_free(&secret);
    t_buf_free(&pair);
    t_buf_free(&encoded);
}

static void drop_keys(struct tenant *t, struct t_response *r, str object)
{
    struct es_tree tree = {0};
    int root = es_tree_parse(&tree, object), ids = es_tree_get(&tree, root, "ids");
    int name = es_tree_get(&tree, root, "name");
    bool first = true;
    if (ids < 0 && name < 0) {
        elastic_error(r, 400, "action_request_validation_exception",
                      "Validation Failed: 1: One of [api key id(s), api key name, username, realm "
                      "name] must be specified if [owner] flag is false;");
        es_tree_free(&tree);
        return;
    }
    t_buf_z(&r->own, "{\"invalidated_api_keys\":[");
    for (int i = 0; i < t->es->key_count; i++) {
        struct es_key *k = &t->es->keys[i];
        if (!k->invalid &&
            (any_fits(&tree, ids, str_from(k->id)) || es_tree_is(&tree, name, k->name))) {
            k->invalid = true;
            t_buf_printf(&r->own, "%s\"%s\"", first ? "" : ",", k->id);
            first = false;
        }
    }
    t_buf_z(&r->own, "],\"previously_invalidated_api_keys\":[],\"error_count\":0}");
    es_tree_free(&tree);
}

struct question {
    const struct tenant *t;
    const struct es_tree *tree;
    int who;
    bool all; // of what was asked is granted
};

static void put_list(struct question *k, int list, str index, struct t_writer *w)
{
    t_json_open(w, '{');
    for (int at = list < 0 ? -1 : k->tree->nodes[list].first; at >= 0;
         at = k->tree->nodes[at].next) {
        struct t_buf name = {0};
        es_tree_text(k->tree, at, &name);
        t_buf_byte(&name, 0);
        bool may = es_may(k->t, k->who, index, (const char *)name.p);
        t_json_put_bool(w, (const char *)name.p, may);
        k->all = k->all && may;
        t_buf_free(&name);
    }
    t_json_close(w, '}');
}

static void put_index_rights(struct question *k, int list, struct t_writer *w)
{
    const struct es_tree *tree = k->tree;
    t_json_open(w, '{');
    for (int e = list < 0 ? -1 : tree->nodes[list].first; e >= 0; e = tree->nodes[e].next) {
        int names = es_tree_get(tree, e, "names"), rights = es_tree_get(tree, e, "privileges");
        for (int n = names < 0 ? -1 : tree->nodes[names].first; n >= 0; n = tree->nodes[n].next) {
            struct t_buf name = {0};
            es_tree_text(tree, n, &name);
            t_json_item(w);
            t_json_put_string(w->b, t_buf_str(&name));
            t_buf_byte(w->b, ':');
            put_list(k, rights, t_buf_str(&name), w);
            t_buf_free(&name);
        }
    }
    t_json_close(w, '}');
}

static void has_privileges(struct tenant *t, const struct t_request *q, struct t_response *r,
                           str object)
{
    struct es_tree tree = {0};
    int root = es_tree_parse(&tree, object);
    int cluster = es_tree_get(&tree, root, "cluster"), index = es_tree_get(&tree, root, "index");
    if (root < 0) {
        elastic_error(r, 400, "parse_exception", "request body or source parameter is required");
    } else if (cluster < 0 && index < 0 && es_tree_get(&tree, root, "application") < 0) {
        char text[300];
        snprintf(text, sizeof(text),
                 "failed to parse privileges check [%.*s/has_privileges]. All privilege fields "
                 "[cluster,index,applications] are missing",
                 (int)(t->o.es_user.n < 60 ? t->o.es_user.n : 60), t->o.es_user.p);
        elastic_error(r, 400, "parse_exception", text);
    } else {
        struct question k = {.t = t, .tree = &tree, .who = es_who(t, q), .all = true};
        struct t_buf list = {0};
        struct t_writer w = {.b = &list};
        t_json_key(&w, "cluster");
        put_list(&k, cluster, (str){0}, &w);
        t_json_key(&w, "index");
        put_index_rights(&k, index, &w);
        t_buf_z(&r->own, "{\"username\":");
        t_json_put_string(&r->own, t->o.es_user);
        t_buf_printf(&r->own, ",\"has_all_requested\":%s", k.all ? "true" : "false");
        t_buf_put(&r->own, t_buf_str(&list));
        t_buf_z(&r->own, ",\"application\":{}}");
        t_buf_free(&list);
    }
    es_tree_free(&tree);
}

void es_security(struct tenant *t, const struct t_request *q, struct t_response *r,
                 const struct es_route *p, str body)
{
    bool get = t_request_is(q, "GET"), post = t_request_is(q, "POST"), put = t_request_is(q, "PUT");
    str object = {0};
    bool parsed = t_json_whole(body, &object) && t_json_is_object(object);
    object = parsed ? object : (str){0};
    if (str_eq(p->two, S("_authenticate")) && get) {
        authenticate(t, q, r);
    } else if (str_eq(p->two, S("api_key")) && (post || put)) {
        make_key(t, r, object);
    } else if (str_eq(p->two, S("api_key")) && t_request_is(q, "DELETE")) {
        drop_keys(t, r, object);
    } else if (str_eq(p->two, S("user")) && str_eq(p->three, S("_has_privileges")) &&
               (get || post)) {
        has_privileges(t, q, r, object);
    } else {
        elastic_no_handler(q, r);
    }
}
