// SPDX-License-Identifier: Apache-2.0
// /_connector/_sync_job of the Elasticsearch double: jobs with their snapshot of the connector,
// claim, statistics, cancellation (spec/elastic-protocol.md 3, 4, 14). A claim is not checked
// against the job's status, as in the real one; _cancel and _error are.
#include <stdio.h>
#include <string.h>

#include "es.h"

struct ask {
    struct tenant *t;
    const struct t_request *q;
    struct t_response *r;
    struct es_tree tree;
    int job, body; // of the tree; -1: none
    str id;
};

void es_put_result(struct t_response *r, const char *result)
{
    t_buf_printf(&r->own, "{\"result\":\"%s\"}", result);
}

static bool refuse(struct t_response *r, const char *type, const char *format, str word)
{
    char text[300];
    snprintf(text, sizeof(text), format, (int)(word.n < 150 ? word.n : 150), word.p);
    elastic_error(r, 400, type, text);
    return false;
}

static bool is_named(const struct es_tree *t, int node, const char *const *names, isize count)
{
    for (isize i = 0; i < count; i++) {
        if (es_tree_is(t, node, names[i])) {
            return true;
        }
    }
    return false;
}

// ---- creation
// ------------------------------------------------------------------------------------

static void put_snapshot(struct es_tree *t, int job, int connector, str id, bool acl)
{
    static const char *const copied[] = {"configuration", "language", "pipeline", "service_type"};
    es_tree_set_json(t, job, "connector", "{}");
    int snapshot = es_tree_get(t, job, "connector");
    es_tree_set(t, snapshot, "id", es_tree_string(t, id));
    for (isize i = 0; i < COUNT(copied); i++) {
        es_tree_set_copy(t, snapshot, copied[i], es_tree_get(t, connector, copied[i]));
    }
    es_tree_set_copy(t, snapshot, "filtering", es_draft(t, connector, "active"));
    struct t_buf name = {0}, whole = {0};
    es_tree_text(t, es_tree_get(t, connector, "index_name"), &name);
    t_buf_z(&whole, acl ? ES_ACL : "");
    t_buf_put(&whole, t_buf_str(&name));
    es_tree_set(t, snapshot, "index_name", es_tree_string(t, t_buf_str(&whole)));
    t_buf_free(&name);
    t_buf_free(&whole);
}

static bool check_wanted(const struct es_tree *t, int wanted, struct t_response *r)
{
    static const char *const types[] = {"full", "incremental", "access_control"};
    static const char *const triggers[] = {"on_demand", "scheduled"};
    int type = es_tree_get(t, wanted, "job_type"),
        trigger = es_tree_get(t, wanted, "trigger_method");
    if (es_tree_kind(t, es_tree_get(t, wanted, "id")) != ES_STRING) {
        return refuse(r, "illegal_argument_exception", "Required [id]%.*s", S(""));
    }
    struct t_buf text = {0};
    bool ok = true;
    if (type >= 0 && !is_named(t, type, types, COUNT(types))) {
        es_tree_text(t, type, &text);
        ok = refuse(r, "illegal_argument_exception", "Unknown sync job type [%.*s].",
                    t_buf_str(&text));
    } else if (trigger >= 0 && !is_named(t, trigger, triggers, COUNT(triggers))) {
        es_tree_text(t, trigger, &text);
        ok = refuse(r, "illegal_argument_exception", "Unknown trigger method [%.*s].",
                    t_buf_str(&text));
    }
    t_buf_free(&text);
    return ok;
}

static void no_connector(struct t_response *r, str id)
{
    char text[700];
    snprintf(text, sizeof(text), "connector [%.*s] not found", (int)(id.n < 512 ? id.n : 512),
             id.p);
    elastic_error(r, 404, "resource_not_found_exception", text);
}

static int make_record(struct tenant *t, struct es_tree *tree, int wanted, int connector, str id)
{
    int type = es_tree_get(tree, wanted, "job_type");
    int trigger = es_tree_get(tree, wanted, "trigger_method");
    int job = es_tree_parse(tree, S("{\"job_type\":\"full\",\"trigger_method\":\"on_demand\","
                                    "\"status\":\"pending\",\"metadata\":{},"
                                    "\"indexed_document_count\":0,\"indexed_document_volume\":0,"
                                    "\"deleted_document_count\":0,\"total_document_count\":0}"));
    if (type >= 0) {
        es_tree_set_copy(tree, job, "job_type", type);
    }
    if (trigger >= 0) {
        es_tree_set_copy(tree, job, "trigger_method", trigger);
    }
    put_snapshot(tree, job, connector, id, es_tree_is(tree, type, "access_control"));
    es_set_now(t, tree, job, "created_at");
    es_set_now(t, tree, job, "last_seen");
    return job;
}

bool es_job_make(struct tenant *t, struct t_response *r, const struct es_tree *given, int wanted,
                 struct t_buf *id)
{
    struct es_tree tree = {0};
    struct t_buf text = {0}, name = {0};
    bool ok = false;
    es_tree_put(given, wanted, &text);
    wanted = es_tree_keep(&tree, t_buf_str(&text));
    if (check_wanted(&tree, wanted, r)) {
        es_tree_text(&tree, es_tree_get(&tree, wanted, "id"), &name);
        int connector = es_record(t, &tree, ES_CONNECTORS, t_buf_str(&name));
        struct t_buf index = {0}, service = {0};
        if (es_tree_kind(&tree, es_tree_get(&tree, connector, "index_name")) == ES_STRING) {
            es_tree_text(&tree, es_tree_get(&tree, connector, "index_name"), &index);
        }
        if (es_tree_kind(&tree, es_tree_get(&tree, connector, "service_type")) == ES_STRING) {
            es_tree_text(&tree, es_tree_get(&tree, connector, "service_type"), &service);
        }
        if (connector < 0) {
            no_connector(r, t_buf_str(&name));
        } else if (index.n == 0) {
            refuse(r, "status_exception",
                   "Cannot start a sync for connector [%.*s] as it doesn't have an index attached. "
                   "Please attach an index and try again.",
                   t_buf_str(&name));
        } else if (service.n == 0) {
            refuse(r, "status_exception",
                   "Cannot start a sync for connector [%.*s] as its service type is not set. "
                   "Please set a service type and try again.",
                   t_buf_str(&name));
        } else {
            int job = make_record(t, &tree, wanted, connector, t_buf_str(&name));
            es_make_id(t, id);
            es_record_save(t, &tree, job, ES_JOBS, t_buf_str(id));
            ok = true;
        }
        t_buf_free(&index);
        t_buf_free(&service);
    }
    t_buf_free(&text);
    t_buf_free(&name);
    es_tree_free(&tree);
    return ok;
}

static void create(struct ask *a)
{
    struct t_buf id = {0};
    if (a->body < 0) {
        elastic_error(a->r, 400, "parse_exception", "request body is required");
    } else if (es_job_make(a->t, a->r, &a->tree, a->body, &id)) {
        struct t_writer w = elastic_writer(a->r);
        a->r->status = 201;
        t_json_open(&w, '{');
        t_json_put_member(&w, "id", t_buf_str(&id));
        t_json_close(&w, '}');
    }
    t_buf_free(&id);
}

// ---- what happens to a job
// -----------------------------------------------------------------------

static void save(struct ask *a, const char *result)
{
    es_record_save(a->t, &a->tree, a->job, ES_JOBS, a->id);
    es_put_result(a->r, result);
}

static void claim(struct ask *a)
{
    int host = es_tree_get(&a->tree, a->body, "worker_hostname");
    int cursor = es_tree_get(&a->tree, a->body, "sync_cursor");
    if (es_tree_kind(&a->tree, host) != ES_STRING) {
        refuse(a->r, "illegal_argument_exception", "Required [worker_hostname]%.*s", S(""));
        return;
    }
    es_tree_set_json(&a->tree, a->job, "status", "\"in_progress\"");
    es_tree_set_copy(&a->tree, a->job, "worker_hostname", host);
    es_set_now(a->t, &a->tree, a->job, "started_at");
    es_set_now(a->t, &a->tree, a->job, "last_seen");
    int snapshot = es_tree_get(&a->tree, a->job, "connector");
    if (snapshot >= 0 && cursor >= 0) {
        es_tree_set_copy(&a->tree, snapshot, "sync_cursor", cursor);
    }
    save(a, "updated");
}

static bool check_counts(struct ask *a)
{
    static const char *const counts[] = {"deleted_document_count", "indexed_document_count",
                                         "indexed_document_volume", "total_document_count"};
    struct t_buf missing = {0}, wrong = {0};
    int number = 0;
    for (isize i = 0; i < COUNT(counts); i++) {
        int node = es_tree_get(&a->tree, a->body, counts[i]);
        if (node < 0 && i < 3) {
            t_buf_printf(&missing, "%s%s", missing.n > 0 ? ", " : "", counts[i]);
        } else if (node >= 0 && es_tree_i64(&a->tree, node, -1) < 0) {
            t_buf_printf(&wrong, " %d: [%s] cannot be negative;", ++number, counts[i]);
        }
    }
    bool ok = missing.n == 0 && wrong.n == 0;
    if (missing.n > 0) {
        refuse(a->r, "illegal_argument_exception", "Required [%.*s]", t_buf_str(&missing));
    } else if (!ok) {
        refuse(a->r, "action_request_validation_exception", "Validation Failed:%.*s",
               t_buf_str(&wrong));
    }
    t_buf_free(&missing);
    t_buf_free(&wrong);
    return ok;
}

static void statistics(struct ask *a)
{
    static const char *const taken[] = {"deleted_document_count", "indexed_document_count",
                                        "indexed_document_volume", "total_document_count",
                                        "metadata"};
    if (!check_counts(a)) {
        return;
    }
    for (isize i = 0; i < COUNT(taken); i++) {
        int node = es_tree_get(&a->tree, a->body, taken[i]);
        if (node >= 0) {
            es_tree_set_copy(&a->tree, a->job, taken[i], node);
        }
    }
    int seen = es_tree_get(&a->tree, a->body, "last_seen");
    if (seen >= 0) {
        es_tree_set_copy(&a->tree, a->job, "last_seen", seen);
    } else {
        es_set_now(a->t, &a->tree, a->job, "last_seen");
    }
    save(a, "updated");
}

static bool check_move(struct ask *a, const char *to)
{
    struct t_buf from = {0};
    char text[200];
    es_tree_text(&a->tree, es_tree_get(&a->tree, a->job, "status"), &from);
    t_buf_byte(&from, 0);
    bool ok = es_job_may((const char *)from.p, to);
    if (!ok) {
        snprintf(text, sizeof(text),
                 "invalid transition for sync job [%.*s] from status [%.40s] to [%s]",
                 (int)(a->id.n < 40 ? a->id.n : 40), a->id.p, (const char *)from.p, to);
        elastic_error(a->r, 400, "status_exception", text);
    }
    t_buf_free(&from);
    return ok;
}

static void fail(struct ask *a)
{
    int error = es_tree_get(&a->tree, a->body, "error");
    if (es_tree_kind(&a->tree, error) != ES_STRING) {
        refuse(a->r, "illegal_argument_exception", "Required [error]%.*s", S(""));
    } else if (check_move(a, "error")) {
        es_tree_set_copy(&a->tree, a->job, "error", error);
        es_tree_set_json(&a->tree, a->job, "status", "\"error\"");
        es_set_now(a->t, &a->tree, a->job, "completed_at");
        es_set_now(a->t, &a->tree, a->job, "last_seen");
        save(a, "updated");
    }
}

const char *es_job_cancel(struct tenant *t, str id)
{
    struct es_tree tree = {0};
    int job = es_record(t, &tree, ES_JOBS, id);
    int status = es_tree_get(&tree, job, "status");
    bool waits = es_tree_is(&tree, status, "pending") || es_tree_is(&tree, status, "suspended");
    const char *to = waits                                      ? "canceled"
                     : es_tree_is(&tree, status, "in_progress") ? "canceling"
                                                                : NULL;
    if (to) {
        es_tree_set(&tree, job, "status", es_tree_string(&tree, str_from(to)));
        es_set_now(t, &tree, job, "cancelation_requested_at");
        if (waits) {
            es_set_now(t, &tree, job, "canceled_at");
            es_set_now(t, &tree, job, "completed_at");
        }
        es_record_save(t, &tree, job, ES_JOBS, id);
    }
    es_tree_free(&tree);
    return to;
}

static void do_job(struct ask *a, str verb)
{
    if (str_eq(verb, S("_claim"))) {
        claim(a);
    } else if (str_eq(verb, S("_stats"))) {
        statistics(a);
    } else if (str_eq(verb, S("_error"))) {
        fail(a);
    } else if (str_eq(verb, S("_check_in"))) {
        es_set_now(a->t, &a->tree, a->job, "last_seen");
        save(a, "updated");
    } else if (str_eq(verb, S("_cancel"))) {
        if (es_job_cancel(a->t, a->id)) {
            es_put_result(a->r, "updated");
        } else {
            check_move(a, "canceling");
        }
    } else {
        elastic_no_handler(a->q, a->r);
    }
}

// ---- reading
// -------------------------------------------------------------------------------------

static bool list_has(str list, const struct es_tree *t, int node)
{
    bool more = true, found = list.n == 0;
    struct t_buf text = {0};
    es_tree_text(t, node, &text);
    while (more && !found) {
        str item;
        list = str_cut(list, ',', &item, &more);
        found = str_eq(item, t_buf_str(&text));
    }
    t_buf_free(&text);
    return found;
}

static void put_with_id(struct t_buf *out, str id, str source)
{
    t_buf_z(out, "{\"id\":");
    t_json_put_string(out, id);
    source = str_trim(source);
    t_buf_z(out, source.n > 2 ? "," : "");
    t_buf_put(out, str_from_index(source, 1));
}

static i64 parameter(const struct t_request *q, const char *name, i64 otherwise)
{
    struct t_buf v = {0};
    i64 n = otherwise;
    if (t_query_get(q->query, name, 0, &v) && !str_to_i64(t_buf_str(&v), &n)) {
        n = otherwise;
    }
    t_buf_free(&v);
    return n;
}

static void list_jobs(struct ask *a)
{
    struct es_index *x = es_system_index(a->t, ES_JOBS);
    struct t_buf connector = {0}, status = {0}, type = {0}, list = {0};
    t_query_get(a->q->query, "connector_id", 0, &connector);
    t_query_get(a->q->query, "status", 0, &status);
    t_query_get(a->q->query, "job_type", 0, &type);
    i64 from = parameter(a->q, "from", 0), size = parameter(a->q, "size", 100), count = 0;
    for (isize i = 0; i < x->count; i++) {
        const struct es_doc *doc = &x->docs[i];
        struct es_tree tree = {0};
        int job = doc->deleted_seq == 0 ? es_tree_parse(&tree, es_source(doc)) : -1;
        if (job >= 0 &&
            list_has(t_buf_str(&connector), &tree, es_tree_path(&tree, job, "connector.id")) &&
            list_has(t_buf_str(&status), &tree, es_tree_get(&tree, job, "status")) &&
            list_has(t_buf_str(&type), &tree, es_tree_get(&tree, job, "job_type"))) {
            if (count >= from && count < from + size) {
                t_buf_z(&list, list.n > 0 ? "," : "");
                put_with_id(&list, str_make(doc->id, doc->id_bytes), es_source(doc));
            }
            count++;
        }
        es_tree_free(&tree);
    }
    t_buf_printf(&a->r->own, "{\"count\":%lld,\"results\":[", (long long)count);
    t_buf_put(&a->r->own, t_buf_str(&list));
    t_buf_z(&a->r->own, "]}");
    t_buf_free(&connector);
    t_buf_free(&status);
    t_buf_free(&type);
    t_buf_free(&list);
}

static void do_record(struct ask *a)
{
    struct es_index *x = es_system_index(a->t, ES_JOBS);
    struct es_doc *doc = es_find_doc(a->t->es, x, a->id);
    if (t_request_is(a->q, "DELETE")) {
        es_delete_doc(a->t->es, x, doc);
        t_buf_z(&a->r->own, "{\"acknowledged\":true}");
    } else {
        put_with_id(&a->r->own, a->id, es_source(doc));
    }
}

// /_connector/_sync_job[/ID[/VERB]]
void es_job_handle(struct tenant *t, const struct t_request *q, struct t_response *r,
                   const struct es_route *p, str body)
{
    struct ask a = {.t = t, .q = q, .r = r, .job = -1, .body = -1, .id = p->three};
    bool get = t_request_is(q, "GET") || t_request_is(q, "HEAD"), put = t_request_is(q, "PUT");
    bool record = p->four.n == 0 && (get || t_request_is(q, "DELETE"));
    a.body = es_tree_keep(&a.tree, body);
    a.job = p->three.n > 0 ? es_record(t, &a.tree, ES_JOBS, p->three) : -1;
    if (p->three.n == 0 && t_request_is(q, "POST")) {
        create(&a);
    } else if (p->three.n == 0 && get) {
        list_jobs(&a);
    } else if (p->three.n == 0 || !(record || (put && p->four.n > 0))) {
        elastic_wrong_method(q, r, "GET, POST");
    } else if (a.job < 0) {
        char text[700];
        snprintf(text, sizeof(text), "connector sync job [%.*s] not found",
                 (int)(a.id.n < 512 ? a.id.n : 512), a.id.p);
        elastic_error(r, 404, "resource_not_found_exception", text);
    } else if (record) {
        do_record(&a);
    } else {
        do_job(&a, p->four);
    }
    es_tree_free(&a.tree);
}
