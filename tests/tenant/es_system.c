// SPDX-License-Identifier: Apache-2.0
// What Elasticsearch's connector module brings along, as the double has it: the templates of the
// two connector indices and of the access-control indices, and helpers around their records
// (spec/elastic-protocol.md 1 to 4, 17.1).
#include <string.h>

#include "es.h"

#define SIDE(s)                                                                        \
    {"date", s "advanced_snippet.created_at " s "advanced_snippet.updated_at " s       \
               "rules.created_at " s "rules.updated_at"},                              \
        {"object", s "advanced_snippet.value"},                                        \
        {"keyword", s "rules.field " s "rules.id " s "rules.policy " s "rules.rule " s \
                      "rules.value " s "validation.errors.ids " s "validation.state"}, \
        {"short", s "rules.order"},                                                    \
    {                                                                                  \
        "text", s "validation.errors.messages"                                         \
    }

struct types {
    const char *type, *names;
};

static const struct types connector_types[] = {
    {"keyword", "api_key_id api_key_secret_id error filtering.domain index_name language "
                "last_access_control_sync_error last_access_control_sync_status last_sync_error "
                "last_sync_status name pipeline.name service_type status"},
    {"object", "configuration custom_scheduling sync_cursor"},
    {"text", "description scheduling.access_control.interval scheduling.full.interval "
             "scheduling.incremental.interval"},
    {"boolean", "features.filtering_advanced_config features.filtering_rules "
                "features.incremental_sync.enabled features.sync_rules.advanced.enabled "
                "features.sync_rules.basic.enabled is_native pipeline.extract_binary_content "
                "pipeline.reduce_whitespace pipeline.run_ml_inference "
                "scheduling.access_control.enabled scheduling.full.enabled "
                "scheduling.incremental.enabled sync_now deleted"},
    {"date", "last_access_control_sync_scheduled_at last_incremental_sync_scheduled_at last_seen "
             "last_sync_scheduled_at last_synced"},
    {"long", "last_deleted_document_count last_indexed_document_count"},
    SIDE("filtering.active."),
    SIDE("filtering.draft."),
};

static const struct types job_types[] = {
    {"date", "cancelation_requested_at canceled_at completed_at created_at last_seen started_at"},
    {"keyword", "connector.filtering.domain connector.id connector.index_name connector.language "
                "connector.pipeline.name connector.service_type error job_type status "
                "trigger_method worker_hostname"},
    {"object", "connector.configuration connector.sync_cursor metadata"},
    {"integer", "deleted_document_count indexed_document_count indexed_document_volume "
                "total_document_count"},
    {"boolean", "connector.pipeline.extract_binary_content connector.pipeline.reduce_whitespace "
                "connector.pipeline.run_ml_inference"},
    SIDE("connector.filtering."),
};

static const struct types acl_types[] = {{"date", "created_at"}};

static const char connector_meta[] =
    "{\"pipeline\":{\"default_name\":\"search-default-ingestion\",\"default_extract_binary_"
    "content\":"
    "true,\"default_run_ml_inference\":true,\"default_reduce_whitespace\":true},\"version\":1}";

// a.b.c below the object that holds "properties".
static void put_type(struct es_tree *t, int object, str path, const char *type)
{
    bool more = true;
    while (more) {
        str part;
        char name[64] = {0};
        path = str_cut(path, '.', &part, &more);
        memcpy(name, part.p, (size_t)part.n);
        if (es_tree_get(t, object, "properties") < 0) {
            es_tree_set_json(t, object, "properties", "{}");
        }
        int properties = es_tree_get(t, object, "properties");
        if (es_tree_get(t, properties, name) < 0) {
            es_tree_set_json(t, properties, name, "{}");
        }
        object = es_tree_get(t, properties, name);
    }
    es_tree_set(t, object, "type", es_tree_string(t, str_from(type)));
}

static char *make_mapping(const struct types *types, isize count, const char *meta)
{
    struct es_tree t = {0};
    struct t_buf text = {0};
    int root = es_tree_parse(&t, S("{\"dynamic\":\"false\"}"));
    if (meta) {
        es_tree_set_json(&t, root, "_meta", meta);
    }
    for (isize i = 0; i < count; i++) {
        str names = str_from(types[i].names);
        bool more = true;
        while (more) {
            str name;
            names = str_cut(names, ' ', &name, &more);
            put_type(&t, root, name, types[i].type);
        }
    }
    es_tree_put(&t, root, &text);
    es_tree_free(&t);
    char *z = t_strdup(t_buf_str(&text));
    t_buf_free(&text);
    return z;
}

void es_system_apply(struct es *es, int index)
{
    struct es_index *x = &es->indices[index];
    str name = str_from(x->name);
    bool jobs = str_eq(name, S(ES_JOBS "-v1"));
    if (jobs || str_eq(name, S(ES_CONNECTORS "-v1"))) {
        x->keeps_old = true;
        x->mapping = jobs ? make_mapping(job_types, COUNT(job_types), "{\"version\":1}")
                          : make_mapping(connector_types, COUNT(connector_types), connector_meta);
        es_set_name(es->aliases, &es->alias_count, jobs ? S(ES_JOBS) : S(ES_CONNECTORS), name);
    } else if (str_starts(name, S(ES_ACL))) {
        x->mapping = make_mapping(acl_types, COUNT(acl_types), NULL);
    }
}

struct es_index *es_system_index(struct tenant *t, const char *alias)
{
    int place = es_find_index(t->es, str_from(alias));
    if (place < 0) {
        place = es_make_index(t->es, strcmp(alias, ES_JOBS) == 0 ? S(ES_JOBS "-v1")
                                                                 : S(ES_CONNECTORS "-v1"));
    }
    ASSERT(place >= 0);
    return &t->es->indices[place];
}

void elastic_make_system(struct tenant *t)
{
    es_system_index(t, ES_CONNECTORS);
    es_system_index(t, ES_JOBS);
}

// ---- records
// -------------------------------------------------------------------------------------

void es_make_id(struct tenant *t, struct t_buf *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    u64 n[2] = {++t->es->made, t->o.seed};
    out->n = 0;
    for (int half = 0; half < 2; half++) {
        n[1] ^= (u64)half;
        u64 v = hash_siphash(t->es->key, str_make(n, (isize)sizeof(n)));
        for (int i = 0; i < 10; i++, v /= 62) {
            t_buf_byte(out, (u8)digits[v % 62]);
        }
    }
}

void es_set_now(const struct tenant *t, struct es_tree *tree, int record, const char *key)
{
    struct t_buf date = {0};
    t_put_iso_date(&date, t->now_ms);
    es_tree_set(tree, record, key, es_tree_string(tree, t_buf_str(&date)));
    t_buf_free(&date);
}

static void put_filtering(const struct tenant *t, struct es_tree *tree, int record)
{
    struct t_buf date = {0}, side = {0}, all = {0};
    t_put_iso_date(&date, t->now_ms);
    t_buf_byte(&date, 0);
    const char *d = (const char *)date.p;
    t_buf_printf(&side,
                 "{\"rules\":[{\"id\":\"DEFAULT\",\"order\":0,\"policy\":\"include\",\"field\":"
                 "\"_\",\"rule\":\"regex\",\"value\":\".*\",\"created_at\":\"%s\",\"updated_at\":"
                 "\"%s\"}],\"advanced_snippet\":{\"value\":{},\"created_at\":\"%s\","
                 "\"updated_at\":\"%s\"},\"validation\":{\"state\":\"valid\",\"errors\":[]}}",
                 d, d, d, d);
    t_buf_z(&all, "[{\"domain\":\"DEFAULT\",\"active\":");
    t_buf_put(&all, t_buf_str(&side));
    t_buf_z(&all, ",\"draft\":");
    t_buf_put(&all, t_buf_str(&side));
    t_buf_z(&all, "}]");
    es_tree_set(tree, record, "filtering", es_tree_keep(tree, t_buf_str(&all)));
    t_buf_free(&date);
    t_buf_free(&side);
    t_buf_free(&all);
}

int es_connector_new(struct tenant *t, struct es_tree *tree)
{
    static const char *const nulls[] = {"api_key_id",
                                        "api_key_secret_id",
                                        "description",
                                        "error",
                                        "features",
                                        "index_name",
                                        "language",
                                        "last_access_control_sync_error",
                                        "last_access_control_sync_scheduled_at",
                                        "last_access_control_sync_status",
                                        "last_deleted_document_count",
                                        "last_incremental_sync_scheduled_at",
                                        "last_indexed_document_count",
                                        "last_seen",
                                        "last_sync_error",
                                        "last_sync_scheduled_at",
                                        "last_sync_status",
                                        "last_synced",
                                        "service_type",
                                        "sync_cursor"};
    int record = es_tree_parse(
        tree, S("{\"configuration\":{},\"custom_scheduling\":{},\"deleted\":false,\"is_native\":"
                "false,\"name\":\"\",\"status\":\"created\",\"sync_now\":false,\"pipeline\":{"
                "\"name\":\"search-default-ingestion\",\"extract_binary_content\":true,"
                "\"reduce_whitespace\":true,\"run_ml_inference\":true},\"scheduling\":{\"full\":{"
                "\"enabled\":false,\"interval\":\"0 0 0 * * ?\"},\"incremental\":{\"enabled\":"
                "false,\"interval\":\"0 0 0 * * ?\"},\"access_control\":{\"enabled\":false,"
                "\"interval\":\"0 0 0 * * ?\"}}}"));
    for (isize i = 0; i < COUNT(nulls); i++) {
        es_tree_set_json(tree, record, nulls[i], "null");
    }
    put_filtering(t, tree, record);
    return record;
}

int es_record(struct tenant *t, struct es_tree *tree, const char *alias, str id)
{
    struct es_index *x = es_system_index(t, alias);
    const struct es_doc *doc = es_find_doc(t->es, x, id);
    return doc ? es_tree_keep(tree, es_source(doc)) : -1;
}

void es_record_save(struct tenant *t, const struct es_tree *tree, int record, const char *alias,
                    str id)
{
    struct es_index *x = es_system_index(t, alias);
    struct t_buf text = {0};
    bool created;
    es_tree_put(tree, record, &text);
    es_put_doc(t, x, id, t_buf_str(&text), &created);
    x->refreshed_seq = x->seq;
    t_buf_free(&text);
}

int es_draft(const struct es_tree *tree, int record, const char *side)
{
    int list = es_tree_get(tree, record, "filtering");
    for (int at = list < 0 ? -1 : tree->nodes[list].first; at >= 0; at = tree->nodes[at].next) {
        if (es_tree_is(tree, es_tree_get(tree, at, "domain"), "DEFAULT")) {
            return es_tree_get(tree, at, side);
        }
    }
    return -1;
}

bool es_job_may(const char *from, const char *to)
{
    static const struct {
        const char *from, *to;
    } moves[] = {{"pending", "in_progress"},   {"pending", "canceled"},
                 {"in_progress", "canceling"}, {"in_progress", "completed"},
                 {"in_progress", "suspended"}, {"in_progress", "error"},
                 {"suspended", "in_progress"}, {"suspended", "canceled"},
                 {"canceling", "canceled"},    {"canceling", "error"}};
    for (isize i = 0; i < COUNT(moves); i++) {
        if (strcmp(moves[i].from, from) == 0 && strcmp(moves[i].to, to) == 0) {
            return true;
        }
    }
    return false;
}
