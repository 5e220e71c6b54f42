// SPDX-License-Identifier: Apache-2.0
// One document of the Elasticsearch double at a time: _doc, _create, _source, _update, with
// optimistic concurrency as the real one has it (an answer of 409 names what it found).
#include <stdio.h>
#include <string.h>

#include "es.h"

struct write {
    struct tenant *t;
    const struct t_request *q;
    struct t_response *r;
    str id;
    i64 if_seq, if_term; // < 0: not asked
};

bool es_query_flag(const struct t_request *q, const char *name)
{
    struct t_buf v = {0};
    bool set = t_query_get(q->query, name, 0, &v) && !str_eq(t_buf_str(&v), S("false"));
    t_buf_free(&v);
    return set;
}

static bool refuse(struct t_response *r, const char *type, const char *reason)
{
    elastic_error(r, 400, type, reason);
    return false;
}

static bool read_long(const struct write *w, const char *name, i64 *out)
{
    struct t_buf v = {0};
    bool ok = true;
    if (t_query_get(w->q->query, name, 0, &v) && !str_to_i64(t_buf_str(&v), out)) {
        char text[200];
        snprintf(text, sizeof(text), "Failed to parse long parameter [%s] with value [%.*s]", name,
                 (int)(v.n < 60 ? v.n : 60), (const char *)v.p);
        ok = refuse(w->r, "illegal_argument_exception", text);
    }
    t_buf_free(&v);
    return ok;
}

static bool is_one_of(str name, const char *const *list, isize count)
{
    for (isize i = 0; i < count; i++) {
        if (str_eq(name, str_from(list[i]))) {
            return true;
        }
    }
    return false;
}

// The real one refuses parameters that it does not know.
static bool check_parameters(const struct t_request *q, struct t_response *r)
{
    static const char *const known[] = {"if_seq_no",   "if_primary_term",  "retry_on_conflict",
                                        "refresh",     "timeout",          "routing",
                                        "pipeline",    "op_type",          "require_alias",
                                        "_source",     "_source_includes", "_source_excludes",
                                        "version",     "version_type",     "preference",
                                        "realtime",    "pretty",           "human",
                                        "error_trace", "filter_path",      "wait_for_active_shards",
                                        "lang",        "stored_fields",    "ignore_unavailable"};
    str rest = q->query;
    bool more = rest.n > 0;
    while (more) {
        str pair, name;
        bool found;
        rest = str_cut(rest, '&', &pair, &more);
        str_cut(pair, '=', &name, &found);
        if (!is_one_of(name, known, COUNT(known))) {
            char text[500];
            snprintf(text, sizeof(text), "request [%.*s] contains unrecognized parameter: [%.*s]",
                     (int)(q->path.n < 300 ? q->path.n : 300), q->path.p,
                     (int)(name.n < 60 ? name.n : 60), name.p);
            return refuse(r, "illegal_argument_exception", text);
        }
    }
    return true;
}

static bool read_conditions(struct write *w)
{
    i64 retries = 0;
    char text[200];
    w->if_seq = -2;
    w->if_term = 0;
    if (!read_long(w, "if_seq_no", &w->if_seq) || !read_long(w, "if_primary_term", &w->if_term) ||
        !read_long(w, "retry_on_conflict", &retries)) {
        return false;
    }
    if (w->if_seq != -2 && w->if_seq < 0) {
        snprintf(text, sizeof(text), "sequence numbers must be non negative. got [%lld].",
                 (long long)w->if_seq);
        return refuse(w->r, "illegal_argument_exception", text);
    }
    if ((w->if_seq == -2) != (w->if_term == 0)) {
        snprintf(text, sizeof(text),
                 "Validation Failed: 1: ifSeqNo is %s, but primary term is [%lld];",
                 w->if_seq == -2 ? "unassigned" : "set", (long long)w->if_term);
        return refuse(w->r, "action_request_validation_exception", text);
    }
    if (w->if_seq >= 0 && retries > 0) {
        return refuse(w->r, "action_request_validation_exception",
                      "Validation Failed: 1: compare and write operations can not be retried;");
    }
    return true;
}

static void conflict(const struct write *w, const struct es_index *x, const char *what)
{
    struct t_buf text = {0};
    t_buf_printf(&text, "[%.*s]: version conflict, %s", (int)(w->id.n < 512 ? w->id.n : 512),
                 w->id.p, what);
    t_buf_byte(&text, 0);
    elastic_index_error(w->r, 409, "version_conflict_engine_exception", (const char *)text.p,
                        x->name);
    t_buf_free(&text);
}

static bool check_conditions(const struct write *w, const struct es_index *x,
                             const struct es_doc *doc)
{
    if (w->if_seq < 0 || (doc && w->if_seq == (i64)doc->seq - 1 && w->if_term == 1)) {
        return true;
    }
    char text[200];
    int n = snprintf(text, sizeof(text), "required seqNo [%lld], primary term [%lld]. ",
                     (long long)w->if_seq, (long long)w->if_term);
    if (doc) {
        snprintf(text + n, sizeof(text) - (size_t)n,
                 "current document has seqNo [%lld] and primary term [1]", (long long)doc->seq - 1);
    } else {
        snprintf(text + n, sizeof(text) - (size_t)n, "but no document was found");
    }
    conflict(w, x, text);
    return false;
}

static void put_meta(struct t_writer *w, const struct es_index *x, str id)
{
    t_json_open(w, '{');
    t_json_put_member(w, "_index", str_from(x->name));
    t_json_put_member(w, "_id", id);
}

static void put_result(const struct write *w, struct es_index *x, const struct es_doc *doc,
                       const char *result)
{
    struct t_writer j = elastic_writer(w->r);
    struct t_buf refresh = {0};
    bool noop = strcmp(result, "noop") == 0;
    bool asked = t_query_get(w->q->query, "refresh", 0, &refresh);
    bool forced = asked && (refresh.n == 0 || str_eq(t_buf_str(&refresh), S("true")));
    w->r->status = strcmp(result, "created") == 0     ? 201
                   : strcmp(result, "not_found") == 0 ? 404
                                                      : 200;
    put_meta(&j, x, w->id);
    t_json_put_number(&j, "_version", doc ? (i64)doc->version : 1);
    t_json_put_member(&j, "result", str_from(result));
    if (forced && !noop) {
        t_json_put_bool(&j, "forced_refresh", true);
    }
    t_json_key(&j, "_shards");
    t_buf_z(j.b, noop ? "{\"total\":0,\"successful\":0,\"failed\":0}"
                      : "{\"total\":2,\"successful\":1,\"failed\":0}");
    t_json_put_number(&j, "_seq_no", doc ? (i64)doc->seq - 1 : (i64)x->seq - 1);
    t_json_put_number(&j, "_primary_term", 1);
    if (asked && !str_eq(t_buf_str(&refresh), S("false")) && !noop) {
        x->refreshed_seq = x->seq; // wait_for: the wait is not shown
    }
    t_buf_free(&refresh);
}

// ---- reading, deleting
// ---------------------------------------------------------------------------

static void put_list(struct t_buf *out, str list)
{
    bool more = true;
    t_buf_byte(out, '[');
    while (more) {
        str item;
        list = str_cut(list, ',', &item, &more);
        t_json_put_string(out, item);
        t_buf_z(out, more ? "," : "]");
    }
}

static void get_doc(const struct write *w, struct es_index *x, bool source_only)
{
    const struct es_doc *doc = es_find_doc(w->t->es, x, w->id);
    struct t_writer j = elastic_writer(w->r);
    struct t_buf source = {0}, list = {0};
    char *filter = NULL;
    bool given = t_query_get(w->q->query, "_source", 0, &source) ||
                 t_query_get(w->q->query, "_source_includes", 0, &source);
    bool none = given && str_eq(t_buf_str(&source), S("false"));
    if (given && !none && !str_eq(t_buf_str(&source), S("true"))) {
        put_list(&list, t_buf_str(&source));
        filter = t_strdup(t_buf_str(&list));
    }
    w->r->status = doc ? 200 : 404;
    if (source_only && doc) {
        es_put_source(es_source(doc), doc->piped, filter, &w->r->own);
    } else if (source_only) {
        char text[700];
        snprintf(text, sizeof(text), "Document not found [%s]/[%.*s]", x->name,
                 (int)(w->id.n < 512 ? w->id.n : 512), w->id.p);
        elastic_error(w->r, 404, "resource_not_found_exception", text);
    } else {
        put_meta(&j, x, w->id);
        if (doc) {
            t_json_put_number(&j, "_version", (i64)doc->version);
            t_json_put_number(&j, "_seq_no", (i64)doc->seq - 1);
            t_json_put_number(&j, "_primary_term", 1);
        }
        t_json_put_bool(&j, "found", doc);
        if (doc && !none) {
            t_json_key(&j, "_source");
            es_put_source(es_source(doc), doc->piped, filter, &w->r->own);
        }
        t_json_close(&j, '}');
    }
    t_free(filter);
    t_buf_free(&source);
    t_buf_free(&list);
}

static void delete_doc(const struct write *w, struct es_index *x)
{
    struct es_doc *doc = es_find_doc(w->t->es, x, w->id);
    if (!check_conditions(w, x, doc)) {
        return;
    }
    if (doc) {
        es_delete_doc(w->t->es, x, doc);
        doc->version++;
        doc->seq = x->seq;
    } else {
        x->seq++; // a delete of nothing takes a number too
    }
    put_result(w, x, doc, doc ? "deleted" : "not_found");
    t_buf_byte(&w->r->own, '}');
}

// ---- writing
// -------------------------------------------------------------------------------------

static bool check_source(const struct write *w, str body, str *value)
{
    if (body.n == 0) {
        return refuse(w->r, "parse_exception", "request body is required");
    }
    if (!t_json_whole(body, value)) {
        return refuse(w->r, "document_parsing_exception", "[1:2] failed to parse");
    }
    if (!t_json_is_object(*value)) {
        return refuse(w->r, "document_parsing_exception",
                      "Malformed content, must start with an object");
    }
    return true;
}

static void put_doc(const struct write *w, struct es_index *x, str body, bool create)
{
    struct es_doc *doc = es_find_doc(w->t->es, x, w->id);
    str value;
    bool created = false;
    if (!check_source(w, body, &value)) {
        return;
    }
    if (create && doc) {
        char text[100];
        snprintf(text, sizeof(text), "document already exists (current version [%llu])",
                 (unsigned long long)doc->version);
        conflict(w, x, text);
        return;
    }
    if (!check_conditions(w, x, doc)) {
        return;
    }
    doc = es_put_doc(w->t, x, w->id, value, &created);
    put_result(w, x, doc, created ? "created" : "updated");
    t_buf_byte(&w->r->own, '}');
}

bool es_merge(str source, str partial, struct t_buf *out)
{
    struct es_tree t = {0};
    int old = es_tree_parse(&t, source), by = es_tree_parse(&t, partial);
    ASSERT(old >= 0 && by >= 0);
    bool changed = es_tree_merge(&t, old, by);
    out->n = 0;
    es_tree_put(&t, old, out);
    es_tree_free(&t);
    return changed;
}

void es_patch(struct tenant *t, struct es_index *x, str id, str partial)
{
    struct es_doc *doc = es_find_doc(t->es, x, id);
    struct t_buf whole = {0};
    bool created;
    if (doc) {
        es_merge(es_source(doc), partial, &whole);
    } else {
        t_buf_put(&whole, partial);
    }
    es_put_doc(t, x, id, t_buf_str(&whole), &created);
    x->refreshed_seq = x->seq;
    t_buf_free(&whole);
}

// A test's rival writes just before this conditional update.
static void race(const struct write *w, struct es_index *x)
{
    struct es *es = w->t->es;
    if (!es->race_id || w->if_seq < 0 || es->race_count == 0 ||
        !str_eq(w->id, str_from(es->race_id)) || !es_find_doc(es, x, w->id)) {
        return;
    }
    if (es->race_skip > 0) {
        es->race_skip--;
        return;
    }
    es->race_count -= es->race_count > 0 ? 1 : 0;
    es_patch(w->t, x, w->id, str_from(es->race_doc ? es->race_doc : "{}"));
}

static bool check_update(const struct write *w, str body, str *doc)
{
    static const char *const known[] = {
        "doc",    "doc_as_upsert",   "upsert",    "detect_noop",    "_source",
        "script", "scripted_upsert", "if_seq_no", "if_primary_term"};
    str object = {0}, key, value;
    isize at = 0;
    char text[200];
    if (body.n > 0 && !t_json_whole(body, &object)) {
        return refuse(w->r, "x_content_parse_exception", "[1:1] [UpdateRequest] failed to parse");
    }
    if (object.n > 0 && !t_json_is_object(object)) {
        return refuse(w->r, "x_content_parse_exception",
                      "[1:1] [UpdateRequest] Expected START_OBJECT but was: START_ARRAY");
    }
    while (object.n > 0 && t_json_member(object, &at, &key, &value)) {
        if (!is_one_of(key, known, COUNT(known))) {
            snprintf(text, sizeof(text), "[1:2] [UpdateRequest] unknown field [%.*s]",
                     (int)(key.n < 80 ? key.n : 80), key.p);
            return refuse(w->r, "x_content_parse_exception", text);
        }
    }
    if (t_json_get(object, "script", &value)) {
        return refuse(w->r, "illegal_argument_exception", "cannot execute [inline] scripts");
    }
    if (!t_json_get(object, "doc", doc)) {
        return refuse(w->r, "action_request_validation_exception",
                      "Validation Failed: 1: script or doc is missing;");
    }
    if (!t_json_is_object(*doc)) {
        return refuse(w->r, "x_content_parse_exception",
                      "[1:8] [UpdateRequest] doc doesn't support values of type: VALUE_NUMBER");
    }
    return true;
}

static void put_updated(const struct write *w, struct es_index *x, const struct es_doc *doc,
                        const char *result, bool with_source)
{
    put_result(w, x, doc, result);
    if (with_source) {
        t_buf_printf(&w->r->own,
                     ",\"get\":{\"_seq_no\":%lld,\"_primary_term\":1,\"found\":true,\"_source\":",
                     (long long)doc->seq - 1);
        t_buf_put(&w->r->own, es_source(doc));
        t_buf_byte(&w->r->own, '}');
    }
    t_buf_byte(&w->r->own, '}');
}

static void update_doc(const struct write *w, struct es_index *x, str body)
{
    str partial, upsert;
    bool created = false;
    if (!check_update(w, body, &partial)) {
        return;
    }
    race(w, x);
    struct es_doc *doc = es_find_doc(w->t->es, x, w->id);
    bool has_upsert = t_json_get(body, "upsert", &upsert);
    bool as_upsert = t_json_bool(body, "doc_as_upsert", false);
    bool with_source = t_json_bool(body, "_source", false) || es_query_flag(w->q, "_source");
    if (!doc && !has_upsert && !as_upsert) {
        char text[600];
        snprintf(text, sizeof(text), "[%.*s]: document missing",
                 (int)(w->id.n < 512 ? w->id.n : 512), w->id.p);
        elastic_index_error(w->r, 404, "document_missing_exception", text, x->name);
        return;
    }
    if (!check_conditions(w, x, doc)) {
        return;
    }
    struct t_buf whole = {0};
    bool changed = true;
    if (doc) {
        changed = es_merge(es_source(doc), partial, &whole) ||
                  !t_json_bool(body, "detect_noop", true);
    } else {
        t_buf_put(&whole, has_upsert ? upsert : partial);
    }
    if (changed) {
        doc = es_put_doc(w->t, x, w->id, t_buf_str(&whole), &created);
    }
    put_updated(w, x, doc, !changed ? "noop" : created ? "created" : "updated", with_source);
    t_buf_free(&whole);
}

// The index, made when it is not there and the request writes; NULL: the answer says why not.
static struct es_index *index_for(const struct write *w, str name, bool write)
{
    struct es *es = w->t->es;
    int place = es_find_index(es, name);
    if (place < 0 && write) {
        place = es_make_index(es, name);
        if (place < 0) {
            char text[400];
            snprintf(text, sizeof(text), "Invalid index name [%.*s], must be lowercase",
                     (int)(name.n < 255 ? name.n : 255), name.p);
            char own[256];
            snprintf(own, sizeof(own), "%.*s", (int)(name.n < 255 ? name.n : 255), name.p);
            elastic_index_error(w->r, 400, "invalid_index_name_exception", text, own);
        }
    } else if (place < 0) {
        elastic_index_missing(w->r, name);
    }
    struct es_index *x = place >= 0 ? &es->indices[place] : NULL;
    return x && es_index_open(x, write, w->r) ? x : NULL;
}

static bool check_id(const struct write *w)
{
    if (w->id.n <= ES_ID_BYTES_MAX) {
        return true;
    }
    char text[800];
    snprintf(text, sizeof(text),
             "Validation Failed: 1: id [%.*s] is too long, must be no longer than 512 bytes but "
             "was: %lld;",
             (int)(w->id.n < 600 ? w->id.n : 600), w->id.p, (long long)w->id.n);
    return refuse(w->r, "action_request_validation_exception", text);
}

static void write_doc(struct write *w, const struct es_route *p, str body)
{
    bool update = str_eq(p->two, S("_update")), delete = t_request_is(w->q, "DELETE");
    struct t_buf type = {0};
    bool create = str_eq(p->two, S("_create")) || (t_query_get(w->q->query, "op_type", 0, &type) &&
                                                   str_eq(t_buf_str(&type), S("create")));
    t_buf_free(&type);
    if (!check_parameters(w->q, w->r) || !read_conditions(w) || !check_id(w)) {
        return;
    }
    if (es_query_flag(w->q, "require_alias") &&
        !es_name_value(w->t->es->aliases, w->t->es->alias_count, p->one)) {
        char text[700], own[256];
        int n = (int)(p->one.n < 255 ? p->one.n : 255);
        snprintf(own, sizeof(own), "%.*s", n, p->one.p);
        snprintf(text, sizeof(text),
                 "no such index [%.*s] and [require_alias] request flag is [true] and [%.*s] is "
                 "not an alias",
                 n, p->one.p, n, p->one.p);
        elastic_index_error(w->r, 404, "index_not_found_exception", text, own);
        return;
    }
    struct es_index *x = index_for(w, p->one, true);
    if (!x) {
        return;
    }
    if (delete) {
        delete_doc(w, x);
    } else if (update) {
        update_doc(w, x, body);
    } else {
        put_doc(w, x, body, create);
    }
}

void es_doc_handle(struct tenant *t, const struct t_request *q, struct t_response *r,
                   const struct es_route *p, str body)
{
    struct write w = {.t = t, .q = q, .r = r, .id = p->three, .if_seq = -2};
    bool get = t_request_is(q, "GET") || t_request_is(q, "HEAD");
    bool post = t_request_is(q, "POST"), put = t_request_is(q, "PUT");
    bool doc = str_eq(p->two, S("_doc"));
    struct t_buf made = {0};
    if (str_eq(p->two, S("_update"))   ? !post
        : str_eq(p->two, S("_create")) ? !post && !put
        : str_eq(p->two, S("_source")) ? !get
                                       : false) {
        elastic_wrong_method(q, r,
                             str_eq(p->two, S("_update"))   ? "POST"
                             : str_eq(p->two, S("_create")) ? "PUT, POST"
                                                            : "GET, HEAD");
    } else if (p->three.n == 0 && doc && !post) {
        elastic_wrong_method(q, r, "POST");
    } else if (p->three.n == 0 && !doc) {
        elastic_no_handler(q, r);
    } else if (get) {
        struct es_index *x = check_parameters(q, r) ? index_for(&w, p->one, false) : NULL;
        if (x) {
            get_doc(&w, x, str_eq(p->two, S("_source")));
        }
    } else {
        if (p->three.n == 0) {
            es_make_id(t, &made);
            w.id = t_buf_str(&made);
        }
        write_doc(&w, p, body);
    }
    t_buf_free(&made);
}
