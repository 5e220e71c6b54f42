// SPDX-License-Identifier: Apache-2.0
// /_connector of the Elasticsearch double: records of connectors, and what Kibana and the service
// change in them (spec/elastic-protocol.md 2, 4, 8.2, 14). No server at hand has this module: all
// of it is from the specification. Legal moves of _status are not in it and from memory.
#include <stdio.h>
#include <string.h>

#include "es.h"

struct ask {
    struct tenant *t;
    const struct t_request *q;
    struct t_response *r;
    struct es_tree tree;
    int record, body; // of the tree; -1: none
    str id;
};

static bool refuse(struct t_response *r, const char *type, const char *format, str word)
{
    char text[400];
    snprintf(text, sizeof(text), format, (int)(word.n < 200 ? word.n : 200), word.p);
    elastic_error(r, 400, type, text);
    return false;
}

static bool required(const struct ask *a, const char *name)
{
    return refuse(a->r, "illegal_argument_exception", "Required [%.*s]", str_from(name));
}

static int given(const struct ask *a, const char *name)
{
    return es_tree_get(&a->tree, a->body, name);
}

static void set(struct ask *a, const char *name, const char *json)
{
    es_tree_set_json(&a->tree, a->record, name, json);
}

static void take(struct ask *a, const char *name)
{
    es_tree_set_copy(&a->tree, a->record, name, given(a, name));
}

// The name of an index belongs to one connector.
static bool is_free(struct ask *a, int name)
{
    struct es_index *x = es_system_index(a->t, ES_CONNECTORS);
    struct t_buf wanted = {0};
    es_tree_text(&a->tree, name, &wanted);
    bool found = false;
    for (isize i = 0; i < x->count && !found && es_tree_kind(&a->tree, name) == ES_STRING; i++) {
        const struct es_doc *doc = &x->docs[i];
        struct es_tree other = {0};
        int root = doc->deleted_seq == 0 && !str_eq(a->id, str_make(doc->id, doc->id_bytes))
                       ? es_tree_parse(&other, es_source(doc))
                       : -1;
        struct t_buf theirs = {0};
        es_tree_text(&other, es_tree_get(&other, root, "index_name"), &theirs);
        found = root >= 0 && str_eq(t_buf_str(&theirs), t_buf_str(&wanted)) &&
                !es_tree_true(&other, es_tree_get(&other, root, "deleted"));
        t_buf_free(&theirs);
        es_tree_free(&other);
    }
    if (found) {
        refuse(a->r, "status_exception", "Index name [%.*s] is used by another connector.",
               t_buf_str(&wanted));
    }
    t_buf_free(&wanted);
    return !found;
}

// ---- records
// -------------------------------------------------------------------------------------

// PUT|POST /_connector[/ID]
static void create(struct ask *a)
{
    static const char *const taken[] = {"description", "index_name", "is_native",
                                        "language",    "name",       "service_type"};
    struct t_buf id = {0};
    bool known = a->record >= 0;
    if (a->body >= 0 && !is_free(a, given(a, "index_name"))) {
        return;
    }
    a->record = es_connector_new(a->t, &a->tree);
    for (isize i = 0; i < COUNT(taken); i++) {
        if (given(a, taken[i]) >= 0) {
            take(a, taken[i]);
        }
    }
    if (es_tree_true(&a->tree, given(a, "is_native"))) {
        set(a, "status", "\"needs_configuration\"");
    }
    if (a->id.n == 0) {
        es_make_id(a->t, &id);
        a->id = t_buf_str(&id);
    }
    es_record_save(a->t, &a->tree, a->record, ES_CONNECTORS, a->id);
    struct t_writer w = elastic_writer(a->r);
    a->r->status = known ? 200 : 201;
    t_json_open(&w, '{');
    t_json_put_member(&w, "result", known ? S("updated") : S("created"));
    t_json_put_member(&w, "id", a->id);
    t_json_close(&w, '}');
    t_buf_free(&id);
}

static void put_with_id(struct t_buf *out, const struct es_tree *t, int record, str id)
{
    struct t_buf text = {0};
    es_tree_put(t, record, &text);
    t_buf_z(out, "{\"id\":");
    t_json_put_string(out, id);
    t_buf_z(out, text.n > 2 ? "," : "");
    t_buf_put(out, str_from_index(t_buf_str(&text), 1));
    t_buf_free(&text);
}

static bool is_asked(const struct ask *a, const char *parameter, const struct es_tree *t, int node)
{
    struct t_buf list = {0}, text = {0};
    bool more = t_query_get(a->q->query, parameter, 0, &list), found = !more;
    str rest = t_buf_str(&list);
    es_tree_text(t, node, &text);
    while (more && !found) {
        str item;
        rest = str_cut(rest, ',', &item, &more);
        found = str_eq(item, t_buf_str(&text));
    }
    t_buf_free(&list);
    t_buf_free(&text);
    return found;
}

static void list_all(struct ask *a)
{
    struct es_index *x = es_system_index(a->t, ES_CONNECTORS);
    struct t_buf list = {0}, v = {0};
    i64 from = 0, size = 100, count = 0;
    if (t_query_get(a->q->query, "from", 0, &v) && !str_to_i64(t_buf_str(&v), &from)) {
        from = 0;
    }
    if (t_query_get(a->q->query, "size", 0, &v) && !str_to_i64(t_buf_str(&v), &size)) {
        size = 100;
    }
    for (isize i = 0; i < x->count; i++) {
        const struct es_doc *doc = &x->docs[i];
        struct es_tree t = {0};
        int root = doc->deleted_seq == 0 ? es_tree_parse(&t, es_source(doc)) : -1;
        bool gone = es_tree_true(&t, es_tree_get(&t, root, "deleted"));
        if (root >= 0 && (!gone || es_query_flag(a->q, "include_deleted")) &&
            is_asked(a, "index_name", &t, es_tree_get(&t, root, "index_name")) &&
            is_asked(a, "connector_name", &t, es_tree_get(&t, root, "name")) &&
            is_asked(a, "service_type", &t, es_tree_get(&t, root, "service_type"))) {
            if (count >= from && count < from + size) {
                t_buf_z(&list, list.n > 0 ? "," : "");
                put_with_id(&list, &t, root, str_make(doc->id, doc->id_bytes));
            }
            count++;
        }
        es_tree_free(&t);
    }
    t_buf_printf(&a->r->own, "{\"count\":%lld,\"results\":[", (long long)count);
    t_buf_put(&a->r->own, t_buf_str(&list));
    t_buf_z(&a->r->own, "]}");
    t_buf_free(&list);
    t_buf_free(&v);
}

// ---- what changes one
// ----------------------------------------------------------------------------

static bool set_configuration(struct ask *a)
{
    int whole = given(a, "configuration"), values = given(a, "values");
    struct es_tree *t = &a->tree;
    if ((whole < 0) == (values < 0)) {
        return refuse(a->r, "action_request_validation_exception",
                      "Validation Failed: 1: [configuration] and [values] cannot both be %.*s;",
                      whole < 0 ? S("null") : S("provided in the same request"));
    }
    int mine = es_tree_get(t, a->record, "configuration");
    if (whole >= 0) {
        take(a, "configuration");
    }
    for (int at = values < 0 ? -1 : t->nodes[values].first; at >= 0; at = t->nodes[at].next) {
        int field = es_tree_find(t, mine, t->nodes[at].key);
        if (field < 0) {
            return refuse(a->r, "status_exception",
                          "Unknown [configuration] fields in the request payload: [%.*s]. Remove "
                          "them from request or register their schema first.",
                          t->nodes[at].key);
        }
        es_tree_set_copy(t, field, "value", at);
    }
    set(a, "status", "\"configured\"");
    return true;
}

// Six or seven fields; what they hold is for whoever runs the schedule.
static bool is_cron(const struct es_tree *t, int node)
{
    struct t_buf text = {0};
    es_tree_text(t, node, &text);
    int fields = 0;
    bool inside = false;
    for (isize i = 0; i < text.n; i++) {
        fields += !inside && text.p[i] != ' ' ? 1 : 0;
        inside = text.p[i] != ' ';
    }
    t_buf_free(&text);
    return fields == 6 || fields == 7;
}

static bool set_scheduling(struct ask *a)
{
    struct es_tree *t = &a->tree;
    int all = given(a, "scheduling");
    if (es_tree_kind(t, all) != ES_OBJECT) {
        return required(a, "scheduling");
    }
    for (int at = t->nodes[all].first; at >= 0; at = t->nodes[at].next) {
        int interval = es_tree_get(t, at, "interval");
        if (interval >= 0 && !is_cron(t, interval)) {
            struct t_buf text = {0};
            es_tree_text(t, interval, &text);
            refuse(a->r, "illegal_argument_exception", "invalid cron expression [%.*s]",
                   t_buf_str(&text));
            t_buf_free(&text);
            return false;
        }
    }
    es_tree_merge(t, es_tree_get(t, a->record, "scheduling"), es_tree_copy(t, all));
    return true;
}

static bool set_status(struct ask *a)
{
    static const struct {
        const char *from, *to;
    } moves[] = {{"created", "needs_configuration"},
                 {"created", "error"},
                 {"needs_configuration", "configured"},
                 {"needs_configuration", "error"},
                 {"configured", "needs_configuration"},
                 {"configured", "configured"},
                 {"configured", "connected"},
                 {"configured", "error"},
                 {"connected", "connected"},
                 {"connected", "configured"},
                 {"connected", "error"},
                 {"error", "error"},
                 {"error", "connected"},
                 {"error", "configured"}};
    int wanted = given(a, "status"), mine = es_tree_get(&a->tree, a->record, "status");
    if (es_tree_kind(&a->tree, wanted) != ES_STRING) {
        return required(a, "status");
    }
    for (isize i = 0; i < COUNT(moves); i++) {
        if (es_tree_is(&a->tree, mine, moves[i].from) &&
            es_tree_is(&a->tree, wanted, moves[i].to)) {
            take(a, "status");
            return true;
        }
    }
    return refuse(a->r, "status_exception", "invalid transition to connector status [%.*s]",
                  a->tree.nodes[wanted].text);
}

static bool set_error(struct ask *a)
{
    int error = given(a, "error");
    if (error < 0) {
        return required(a, "error");
    }
    take(a, "error");
    set(a, "status", es_tree_kind(&a->tree, error) == ES_STRING ? "\"error\"" : "\"connected\"");
    return true;
}

static bool set_index_name(struct ask *a)
{
    if (given(a, "index_name") < 0) {
        return required(a, "index_name");
    }
    bool ok = is_free(a, given(a, "index_name"));
    if (ok) {
        take(a, "index_name");
    }
    return ok;
}

void es_connector_draft(struct tenant *t, struct es_tree *tree, int record, int rules, int value)
{
    int draft = es_draft(tree, record, "draft");
    if (draft < 0) {
        return;
    }
    if (rules >= 0) {
        es_tree_set_copy(tree, draft, "rules", rules);
    }
    if (value >= 0) {
        es_tree_set_json(tree, draft, "advanced_snippet", "{}");
        int snippet = es_tree_get(tree, draft, "advanced_snippet");
        es_tree_set_copy(tree, snippet, "value", value);
        es_set_now(t, tree, snippet, "created_at");
        es_set_now(t, tree, snippet, "updated_at");
    }
    es_tree_set_json(tree, draft, "validation", "{\"state\":\"edited\",\"errors\":[]}");
}

static bool set_filtering(struct ask *a)
{
    int rules = given(a, "rules"), snippet = given(a, "advanced_snippet");
    int whole = given(a, "filtering");
    if (whole >= 0) {
        take(a, "filtering");
        return true;
    }
    if (rules < 0 && snippet < 0) {
        return refuse(a->r, "action_request_validation_exception",
                      "Validation Failed: 1: [rules] and [advanced_snippet] cannot be both "
                      "null%.*s;",
                      S(""));
    }
    es_connector_draft(a->t, &a->tree, a->record, rules, es_tree_get(&a->tree, snippet, "value"));
    return true;
}

static bool set_validation(struct ask *a)
{
    static const char *const states[] = {"valid", "invalid", "edited"};
    int validation = given(a, "validation"), draft = es_draft(&a->tree, a->record, "draft");
    int state = es_tree_get(&a->tree, validation, "state");
    bool known = false;
    for (isize i = 0; i < COUNT(states); i++) {
        known = known || es_tree_is(&a->tree, state, states[i]);
    }
    if (validation < 0 || es_tree_get(&a->tree, validation, "errors") < 0) {
        return required(a, validation < 0 ? "validation" : "errors");
    }
    if (!known || draft < 0) {
        return required(a, "state");
    }
    es_tree_set_copy(&a->tree, draft, "validation", validation);
    return true;
}

static bool activate(struct ask *a)
{
    int list = es_tree_get(&a->tree, a->record, "filtering");
    int draft = es_draft(&a->tree, a->record, "draft");
    if (!es_tree_is(&a->tree, es_tree_path(&a->tree, draft, "validation.state"), "valid")) {
        return refuse(a->r, "status_exception",
                      "Filtering draft needs to be validated by the connector service before "
                      "activation. Current filtering draft validation state is not valid%.*s.",
                      S(""));
    }
    for (int at = a->tree.nodes[list].first; at >= 0; at = a->tree.nodes[at].next) {
        if (es_tree_get(&a->tree, at, "draft") == draft) {
            es_tree_set_copy(&a->tree, at, "active", draft);
        }
    }
    return true;
}

struct setter {
    const char *verb;
    bool (*set)(struct ask *a); // NULL: members are taken as they are
    const char *names[6];       // known ones; the first is required unless `optional`
    bool optional;
};

static const struct setter setters[] = {
    {.verb = "_configuration", .set = set_configuration},
    {.verb = "_scheduling", .set = set_scheduling},
    {.verb = "_status", .set = set_status},
    {.verb = "_error", .set = set_error},
    {.verb = "_index_name", .set = set_index_name},
    {.verb = "_filtering", .set = set_filtering},
    {.verb = "_features", .names = {"features"}},
    {.verb = "_pipeline", .names = {"pipeline"}},
    {.verb = "_name", .names = {"name", "description"}, .optional = true},
    {.verb = "_service_type", .names = {"service_type"}},
    {.verb = "_native", .names = {"is_native"}},
    {.verb = "_api_key_id", .names = {"api_key_id", "api_key_secret_id"}, .optional = true},
    {.verb = "_last_sync",
     .names = {"last_synced", "last_sync_status", "last_sync_error", "last_indexed_document_count",
               "last_deleted_document_count", "sync_cursor"},
     .optional = true},
};

static bool apply(struct ask *a, const struct setter *s)
{
    if (a->body < 0) {
        elastic_error(a->r, 400, "parse_exception", "request body is required");
        return false;
    }
    if (s->set) {
        return s->set(a);
    }
    if (!s->optional && given(a, s->names[0]) < 0) {
        return required(a, s->names[0]);
    }
    for (isize i = 0; i < COUNT(s->names) && s->names[i]; i++) {
        if (given(a, s->names[i]) >= 0) {
            take(a, s->names[i]);
        }
    }
    return true;
}

static void change(struct ask *a, const struct es_route *p)
{
    struct t_buf before = {0}, after = {0};
    bool found = false, ok = false;
    es_tree_put(&a->tree, a->record, &before);
    if (str_eq(p->three, S("_check_in"))) {
        es_set_now(a->t, &a->tree, a->record, "last_seen");
        found = ok = true;
    } else if (str_eq(p->three, S("_filtering")) && p->four.n > 0) {
        bool validation = str_eq(p->four, S("_validation"));
        found = validation || str_eq(p->four, S("_activate"));
        ok = validation ? set_validation(a) : found && activate(a);
    }
    for (isize i = 0; i < COUNT(setters) && !found && p->four.n == 0; i++) {
        if (str_eq(p->three, str_from(setters[i].verb))) {
            found = true;
            ok = apply(a, &setters[i]);
        }
    }
    if (!found) {
        elastic_no_handler(a->q, a->r);
    } else if (ok) {
        es_tree_put(&a->tree, a->record, &after);
        bool same = str_eq(t_buf_str(&before), t_buf_str(&after));
        if (!same) {
            es_record_save(a->t, &a->tree, a->record, ES_CONNECTORS, a->id);
        }
        es_put_result(a->r, same ? "noop" : "updated");
    }
    t_buf_free(&before);
    t_buf_free(&after);
}

static void drop(struct ask *a)
{
    struct es_index *jobs = es_system_index(a->t, ES_JOBS);
    set(a, "deleted", "true");
    es_record_save(a->t, &a->tree, a->record, ES_CONNECTORS, a->id);
    for (isize i = 0; i < jobs->count && es_query_flag(a->q, "delete_sync_jobs"); i++) {
        struct es_doc *doc = &jobs->docs[i];
        struct es_tree t = {0};
        int root = doc->deleted_seq == 0 ? es_tree_parse(&t, es_source(doc)) : -1;
        struct t_buf owner = {0};
        es_tree_text(&t, es_tree_path(&t, root, "connector.id"), &owner);
        if (root >= 0 && str_eq(t_buf_str(&owner), a->id)) {
            es_delete_doc(a->t->es, jobs, doc);
        }
        t_buf_free(&owner);
        es_tree_free(&t);
    }
    t_buf_z(&a->r->own, "{\"acknowledged\":true}");
}

// ---- secrets
// -------------------------------------------------------------------------------------

static void do_secret(struct ask *a, const struct es_route *p)
{
    struct es *es = a->t->es;
    struct t_buf id = {0}, value = {0};
    const char *stored = es_name_value(es->secrets, es->secret_count, p->three);
    struct t_writer w = elastic_writer(a->r);
    es_tree_text(&a->tree, given(a, "value"), &value);
    if (t_request_is(a->q, "POST") && p->three.n == 0 && value.n > 0) {
        es_make_id(a->t, &id);
        es_set_name(es->secrets, &es->secret_count, t_buf_str(&id), t_buf_str(&value));
        t_json_open(&w, '{');
        t_json_put_member(&w, "id", t_buf_str(&id));
        t_json_close(&w, '}');
    } else if (t_request_is(a->q, "POST")) {
        required(a, "value");
    } else if (t_request_is(a->q, "GET") && stored) {
        t_json_open(&w, '{');
        t_json_put_member(&w, "id", p->three);
        t_json_put_member(&w, "value", str_from(stored));
        t_json_close(&w, '}');
    } else {
        char text[300];
        snprintf(text, sizeof(text), "No secret with id [%.*s]",
                 (int)(p->three.n < 200 ? p->three.n : 200), p->three.p);
        elastic_error(a->r, 404, "resource_not_found_exception", text);
    }
    t_buf_free(&id);
    t_buf_free(&value);
}

static void not_found(struct ask *a)
{
    char text[700];
    snprintf(text, sizeof(text), "connector [%.*s] not found", (int)(a->id.n < 512 ? a->id.n : 512),
             a->id.p);
    elastic_error(a->r, 404, "resource_not_found_exception", text);
}

// /_connector[/ID[/VERB[/MORE]]]
void es_connector_handle(struct tenant *t, const struct t_request *q, struct t_response *r,
                         const struct es_route *p, str body)
{
    struct ask a = {.t = t, .q = q, .r = r, .record = -1, .body = -1, .id = p->two};
    bool get = t_request_is(q, "GET") || t_request_is(q, "HEAD");
    bool put = t_request_is(q, "PUT"), post = t_request_is(q, "POST");
    if (str_eq(p->two, S("_sync_job"))) {
        es_job_handle(t, q, r, p, body);
        return;
    }
    a.body = es_tree_keep(&a.tree, body);
    if (str_eq(p->two, S("_secret"))) {
        do_secret(&a, p);
        es_tree_free(&a.tree);
        return;
    }
    a.record = p->two.n > 0 ? es_record(t, &a.tree, ES_CONNECTORS, p->two) : -1;
    bool gone = es_tree_true(&a.tree, es_tree_get(&a.tree, a.record, "deleted"));
    if (body.n > 0 && a.body < 0) {
        elastic_error(r, 400, "x_content_parse_exception", "[1:1] failed to parse");
    } else if ((put || post) && p->three.n == 0 && (put || p->two.n == 0)) {
        create(&a);
    } else if (p->two.n == 0 && get) {
        list_all(&a);
    } else if (p->two.n == 0 || (p->three.n > 0 && !put)) {
        elastic_wrong_method(q, r, p->two.n == 0 ? "GET, POST, PUT" : "PUT");
    } else if (a.record < 0 || (gone && !(get && es_query_flag(q, "include_deleted")))) {
        not_found(&a);
    } else if (get) {
        put_with_id(&r->own, &a.tree, a.record, a.id);
    } else if (t_request_is(q, "DELETE")) {
        drop(&a);
    } else {
        change(&a, p);
    }
    es_tree_free(&a.tree);
}
