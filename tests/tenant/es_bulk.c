// SPDX-License-Identifier: Apache-2.0
// _bulk of the Elasticsearch double: what fails the whole request does so before the first document
// is written, what fails one item is told in its place (spec/elastic-protocol.md 11.4, 11.5,
// appendix).
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "es.h"

enum op { OP_INDEX, OP_CREATE, OP_UPDATE, OP_DELETE, OP_NONE };
static const char *const op_names[] = {"index", "create", "update", "delete"};

struct item {
    enum op op;
    struct t_buf index, id, pipeline;
    bool has_id;
    str source;
    bool end; // there was no further item
};

struct bulk {
    struct tenant *t;
    struct t_response *r;
    str body;
    isize at;
    i64 line;
    struct t_writer w;
    int who;
    bool errors, forced;
};

static str next_line(struct bulk *b)
{
    str rest = str_from_index(b->body, b->at);
    isize end = str_find_byte(rest, '\n');
    ASSERT(end >= 0); // the body ends with one
    b->at += end + 1;
    b->line++;
    str line = str_slice(rest, 0, end);
    return line.n > 0 && line.p[line.n - 1] == '\r' ? str_slice(line, 0, line.n - 1) : line;
}

static void item_free(struct item *i)
{
    t_buf_free(&i->index);
    t_buf_free(&i->id);
    t_buf_free(&i->pipeline);
}

__attribute__((format(printf, 3, 4))) static bool fail_request(struct bulk *b, const char *type,
                                                               const char *format, ...)
{
    char reason[1200];
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof(reason), format, args);
    va_end(args);
    elastic_error(b->r, 400, type, reason);
    return false;
}

static bool check_parameters(struct bulk *b, str meta)
{
    static const char *const known[] = {"_index",
                                        "_id",
                                        "routing",
                                        "op_type",
                                        "pipeline",
                                        "version",
                                        "version_type",
                                        "if_seq_no",
                                        "if_primary_term",
                                        "retry_on_conflict",
                                        "require_alias",
                                        "dynamic_templates",
                                        "_source",
                                        "list_executed_pipelines",
                                        "require_data_stream"};
    str key, value;
    isize at = 0;
    while (t_json_member(meta, &at, &key, &value)) {
        bool ok = false;
        for (isize i = 0; i < COUNT(known) && !ok; i++) {
            ok = str_eq(key, str_from(known[i]));
        }
        if (!ok) {
            return fail_request(b, "illegal_argument_exception",
                                "Action/metadata line [%lld] contains an unknown parameter [%.*s]",
                                (long long)b->line, (int)(key.n < 200 ? key.n : 200), key.p);
        }
    }
    return true;
}

// The action line: which operation, and its parameters.
static bool read_action(struct bulk *b, struct item *i, str line, str *meta)
{
    str value, key;
    isize at = 0;
    long long n = b->line;
    if (!t_json_whole(line, &value)) {
        return fail_request(b, "x_content_parse_exception", "[1:1] Unrecognized token");
    }
    if (!t_json_is_object(value)) {
        return fail_request(b, "illegal_argument_exception",
                            "Malformed action/metadata line [%lld], expected START_OBJECT", n);
    }
    if (!t_json_member(value, &at, &key, meta) || !t_json_is_object(*meta)) {
        return fail_request(b, "illegal_argument_exception",
                            "Malformed action/metadata line [%lld], expected FIELD_NAME", n);
    }
    i->op = OP_NONE;
    for (int k = 0; k < OP_NONE; k++) {
        i->op = str_eq(key, str_from(op_names[k])) ? (enum op)k : i->op;
    }
    if (i->op == OP_NONE) {
        return fail_request(
            b, "illegal_argument_exception",
            "Malformed action/metadata line [%lld], expected field [create], [delete], "
            "[index] or [update] but found [%.*s]",
            n, (int)(key.n < 200 ? key.n : 200), key.p);
    }
    return check_parameters(b, *meta);
}

// Reads one action and, unless it deletes, its source line. false: the whole request is refused.
static bool read_item(struct bulk *b, struct item *i)
{
    str line = {0}, meta;
    while (line.n == 0 && b->at < b->body.n) {
        line = next_line(b); // empty lines between items are passed over
    }
    i->end = line.n == 0;
    if (i->end) {
        return true;
    }
    if (!read_action(b, i, line, &meta)) {
        return false;
    }
    t_json_get_text(meta, "_index", &i->index);
    t_json_get_text(meta, "pipeline", &i->pipeline);
    i->has_id = t_json_get_text(meta, "_id", &i->id);
    if (i->id.n > ES_ID_BYTES_MAX) {
        return fail_request(
            b, "action_request_validation_exception",
            "Validation Failed: 1: id [%.*s] is too long, must be no longer than 512 "
            "bytes but was: %lld;",
            (int)(i->id.n < 600 ? i->id.n : 600), (const char *)i->id.p, (long long)i->id.n);
    }
    if (!i->has_id && (i->op == OP_DELETE || i->op == OP_UPDATE)) {
        return fail_request(b, "action_request_validation_exception",
                            "Validation Failed: 1: id is missing;");
    }
    if (i->op != OP_DELETE) {
        i->end = b->at >= b->body.n; // the real one forgets an action without its source
        i->source = i->end ? (str){0} : next_line(b);
    }
    return true;
}

static void put_start(struct bulk *b, const struct item *i)
{
    t_json_item(&b->w);
    t_json_open(&b->w, '{');
    t_json_key(&b->w, op_names[i->op]);
    t_json_open(&b->w, '{');
    t_json_put_member(&b->w, "_index", t_buf_str(&i->index));
    t_json_put_member(&b->w, "_id", t_buf_str(&i->id));
}

// `index`: NULL, or the one that the error names.
static void put_failed_at(struct bulk *b, const struct item *i, int status,
                          const char *const what[3])
{
    const char *type = what[0], *reason = what[1], *index = what[2];
    put_start(b, i);
    t_json_put_number(&b->w, "status", status);
    t_json_key(&b->w, "error");
    t_json_open(&b->w, '{');
    t_json_put_member(&b->w, "type", str_from(type));
    t_json_put_member(&b->w, "reason", str_from(reason));
    if (index) {
        t_json_put_member(&b->w, "index_uuid", S("nZ7kqZzTQ6qXo8gR3rJb5w"));
        t_json_put_member(&b->w, "index", str_from(index));
    }
    t_json_close(&b->w, '}');
    t_json_close(&b->w, '}');
    t_json_close(&b->w, '}');
    b->errors = true;
    b->t->stats.bulk_failed++;
}

static void put_failed(struct bulk *b, const struct item *i, int status, const char *type,
                       const char *reason)
{
    const char *const what[3] = {type, reason, NULL};
    put_failed_at(b, i, status, what);
}

static void put_done(struct bulk *b, const struct item *i, const struct es_doc *doc,
                     const char *result)
{
    bool created = strcmp(result, "created") == 0, missing = strcmp(result, "not_found") == 0;
    put_start(b, i);
    t_json_put_number(&b->w, "_version", doc ? (i64)doc->version : 1);
    t_json_put_member(&b->w, "result", str_from(result));
    if (b->forced) {
        t_json_put_bool(&b->w, "forced_refresh", true);
    }
    t_json_key(&b->w, "_shards");
    t_buf_z(b->w.b, "{\"total\":2,\"successful\":1,\"failed\":0}");
    t_json_put_number(&b->w, "_seq_no", doc ? (i64)doc->seq - 1 : 0);
    t_json_put_number(&b->w, "_primary_term", 1);
    t_json_put_number(&b->w, "status", created ? 201 : missing ? 404 : 200);
    t_json_close(&b->w, '}');
    t_json_close(&b->w, '}');
}

// Errors that a test asked for.
static bool is_to_fail(struct es *es, const struct item *i)
{
    if (es->error_id && str_find(t_buf_str(&i->id), str_from(es->error_id)) >= 0) {
        return true;
    }
    es->error_seen++;
    if (es->error_every == 0 || es->error_count == 0 || es->error_seen % es->error_every != 0) {
        return false;
    }
    es->error_count -= es->error_count > 0 ? 1 : 0;
    return true;
}

static bool is_metadata(str key)
{
    static const char *const names[] = {"_id",     "_index",       "_source",
                                        "_type",   "_routing",     "_version",
                                        "_seq_no", "_field_names", "_ignored"};
    for (isize i = 0; i < COUNT(names); i++) {
        if (str_eq(key, str_from(names[i]))) {
            return true;
        }
    }
    return false;
}

static bool is_among(str key, const str *keys, isize count)
{
    for (isize i = 0; i < count; i++) {
        if (str_eq(key, keys[i])) {
            return true;
        }
    }
    return false;
}

// What the real one's mapper and reader refuse in a document; NULL: nothing.
static const char *find_fault(const struct item *item, bool piped, str *value, char *reason,
                              isize cap)
{
    str keys[64], key, member;
    isize count = 0, at = 0;
    const char *unreadable = piped ? "x_content_parse_exception" : "document_parsing_exception";
    if (!t_json_whole(item->source, value) || !t_json_is_object(*value)) {
        snprintf(reason, (size_t)cap, "[1:2] failed to parse");
        return unreadable;
    }
    while (t_json_member(*value, &at, &key, &member)) {
        int n = (int)(key.n < 80 ? key.n : 80);
        if (is_metadata(key)) {
            snprintf(reason, (size_t)cap,
                     piped ? "unexpected metadata [%.*s] in source"
                           : "[1:2] failed to parse field [%.*s]",
                     n, key.p);
            return piped ? "illegal_argument_exception" : unreadable;
        }
        if (is_among(key, keys, count)) {
            snprintf(reason, (size_t)cap, "[1:2] failed to parse: Duplicate field '%.*s'", n,
                     key.p);
            return unreadable;
        }
        if (count < COUNT(keys)) {
            keys[count++] = key;
        }
    }
    return NULL;
}

static void do_update(struct bulk *b, struct item *i, struct es_index *x, str value)
{
    struct es_doc *doc = es_find_doc(b->t->es, x, t_buf_str(&i->id));
    str partial, upsert;
    struct t_buf merged = {0};
    bool created = false;
    if (!t_json_get(value, "doc", &partial) || !t_json_is_object(partial)) {
        put_failed(b, i, 400, "illegal_argument_exception", "The double knows updates by doc only");
        return;
    }
    if (!doc && !t_json_bool(value, "doc_as_upsert", false) &&
        !t_json_get(value, "upsert", &upsert)) {
        char text[600];
        snprintf(text, sizeof(text), "[%.*s]: document missing", (int)i->id.n,
                 (const char *)i->id.p);
        const char *const what[3] = {"document_missing_exception", text, x->name};
        put_failed_at(b, i, 404, what);
        return;
    }
    if (doc) {
        if (!es_merge(es_source(doc), partial, &merged)) {
            put_done(b, i, doc, "noop");
            t_buf_free(&merged);
            return;
        }
    } else {
        t_buf_put(&merged, t_json_get(value, "upsert", &upsert) ? upsert : partial);
    }
    doc = es_put_doc(b->t, x, t_buf_str(&i->id), t_buf_str(&merged), &created);
    t_buf_free(&merged);
    put_done(b, i, doc, created ? "created" : "updated");
    b->t->stats.bulk_created += created ? 1 : 0;
    b->t->stats.bulk_updated += created ? 0 : 1;
}

static void do_delete(struct bulk *b, struct item *i, struct es_index *x)
{
    struct es_doc *doc = es_find_doc(b->t->es, x, t_buf_str(&i->id));
    if (!doc) {
        put_done(b, i, NULL, "not_found");
        return;
    }
    es_delete_doc(b->t->es, x, doc);
    doc->version++;
    put_done(b, i, doc, "deleted");
    b->t->stats.bulk_deleted++;
}

static void do_index(struct bulk *b, struct item *i, struct es_index *x, str value, bool piped)
{
    bool created = false;
    if (i->op == OP_CREATE && es_find_doc(b->t->es, x, t_buf_str(&i->id))) {
        char text[700];
        snprintf(text, sizeof(text),
                 "[%.*s]: version conflict, document already exists (current version [%llu])",
                 (int)i->id.n, (const char *)i->id.p,
                 (unsigned long long)es_find_doc(b->t->es, x, t_buf_str(&i->id))->version);
        const char *const what[3] = {"version_conflict_engine_exception", text, x->name};
        put_failed_at(b, i, 409, what);
        return;
    }
    struct es_doc *doc = es_put_doc(b->t, x, t_buf_str(&i->id), value, &created);
    doc->piped = piped;
    put_done(b, i, doc, created ? "created" : "updated");
    b->t->stats.bulk_created += created ? 1 : 0;
    b->t->stats.bulk_updated += created ? 0 : 1;
}

static bool is_forbidden(struct bulk *b, const struct item *i)
{
    struct tenant *t = b->t;
    bool drop = i->op == OP_DELETE, makes = es_find_index(t->es, t_buf_str(&i->index)) < 0;
    if (es_may(t, b->who, t_buf_str(&i->index), drop ? "delete" : "index")) {
        return false;
    }
    char text[ES_REASON_BYTES];
    es_forbidden(t, b->who,
                 drop    ? "bulk delete"
                 : makes ? "auto"
                         : "bulk index",
                 t_buf_str(&i->index), text);
    put_failed(b, i, 403, "security_exception", text);
    return true;
}

static bool is_blocked(struct bulk *b, const struct item *i, const struct es_index *x)
{
    char text[600];
    int status = 400;
    const char *block = es_index_block(x, &status, text, sizeof(text));
    if (block) {
        bool closed = x->state == ES_CLOSED;
        const char *const what[3] = {closed ? "index_closed_exception" : block,
                                     closed ? "closed" : text, closed ? x->name : NULL};
        put_failed_at(b, i, closed ? 400 : status, what);
    }
    return block;
}

static void do_item(struct bulk *b, struct item *i, str pipeline)
{
    struct tenant *t = b->t;
    char text[320];
    str value = {0};
    const char *name = NULL;
    t->stats.bulk_items++;
    if (!i->has_id) {
        t_buf_printf(&i->id, "auto%016llx", (unsigned long long)(t->stats.bulk_items * 0x9E3779B9));
    }
    if (i->pipeline.n > 0) {
        pipeline = t_buf_str(&i->pipeline);
    }
    bool piped = pipeline.n > 0 && !str_eq(pipeline, S("_none")) &&
                 (i->op == OP_INDEX || i->op == OP_CREATE);
    name = piped ? es_name_value(t->es->pipelines, t->es->pipeline_count, pipeline) : NULL;
    int index = es_find_index(t->es, t_buf_str(&i->index));
    if (is_to_fail(t->es, i)) {
        put_failed(b, i, (int)t->es->error_status, t->es->error_type, t->es->error_reason);
        return;
    }
    if (is_forbidden(b, i)) {
        return;
    }
    if (piped && !name) {
        snprintf(text, sizeof(text), "pipeline with id [%.*s] does not exist",
                 (int)(pipeline.n < 200 ? pipeline.n : 200), pipeline.p);
        put_failed(b, i, 400, "illegal_argument_exception", text);
        return;
    }
    if (index < 0 && i->op != OP_DELETE) {
        index = es_make_index(t->es, t_buf_str(&i->index)); // action.auto_create_index
    }
    if (index < 0) {
        put_failed(b, i, i->op == OP_DELETE ? 404 : 400,
                   i->op == OP_DELETE ? "index_not_found_exception"
                                      : "invalid_index_name_exception",
                   i->op == OP_DELETE ? "no such index" : "Invalid index name");
        return;
    }
    if (i->has_id && i->id.n == 0) {
        put_failed(b, i, 400, "illegal_argument_exception",
                   "if _id is specified it must not be empty");
        return;
    }
    if (is_blocked(b, i, &t->es->indices[index])) {
        return;
    }
    const char *fault = i->op == OP_DELETE ? NULL
                                           : find_fault(i, piped, &value, text, sizeof(text));
    struct es_index *x = &t->es->indices[index];
    if (fault) {
        put_failed(b, i, 400, fault, text);
    } else if (i->op == OP_DELETE) {
        do_delete(b, i, x);
    } else if (i->op == OP_UPDATE) {
        do_update(b, i, x, value);
    } else {
        do_index(b, i, x, value, name && strcmp(name, "default") == 0);
    }
}

// Every action line is read before anything is written.
static bool check_all(struct bulk *b, str index)
{
    bool ok = true, end = false;
    i64 items = 0;
    while (ok && !end) {
        struct item i = {0};
        ok = read_item(b, &i);
        end = i.end;
        if (ok && !end && i.index.n == 0 && index.n == 0) {
            ok = fail_request(b, "action_request_validation_exception",
                              "Validation Failed: 1: index is missing;");
        }
        items += ok && !end ? 1 : 0;
        item_free(&i);
    }
    if (ok && items == 0) {
        ok = fail_request(b, "action_request_validation_exception",
                          "Validation Failed: 1: no requests added;");
    }
    b->at = 0;
    b->line = 0;
    return ok;
}

static void do_all(struct bulk *b, str index, str pipeline)
{
    bool end = false;
    while (!end) {
        struct item i = {0};
        bool ok = read_item(b, &i);
        ASSERT(ok);
        end = i.end;
        if (i.index.n == 0) {
            t_buf_put(&i.index, index);
        }
        if (!end) {
            do_item(b, &i, pipeline);
        }
        item_free(&i);
    }
}

void es_bulk(struct tenant *t, const struct t_request *q, struct t_response *r, str index, str body)
{
    struct bulk b = {.t = t, .r = r, .body = body, .who = es_who(t, q)};
    t->stats.bulk_bytes += body.n;
    t->stats.bulk_max_bytes = body.n > t->stats.bulk_max_bytes ? body.n : t->stats.bulk_max_bytes;
    if (body.n == 0) {
        elastic_error(r, 400, "parse_exception", "request body is required");
        return;
    }
    if (body.p[body.n - 1] != '\n') {
        elastic_error(r, 400, "illegal_argument_exception",
                      "The bulk request must be terminated by a newline [\\n]");
        return;
    }
    if (!es_check_bulk_rights(t, b.who, r) || !check_all(&b, index)) {
        return;
    }
    struct t_buf pipeline = {0}, items = {0}, refresh = {0};
    b.forced = t_query_get(q->query, "refresh", 0, &refresh) &&
               (refresh.n == 0 || str_eq(t_buf_str(&refresh), S("true")));
    t_query_get(q->query, "pipeline", 0, &pipeline);
    b.w = (struct t_writer){.b = &items};
    t_json_open(&b.w, '[');
    do_all(&b, index, t_buf_str(&pipeline));
    t_json_close(&b.w, ']');
    t_buf_printf(&r->own, "{\"errors\":%s,\"took\":%d,%s\"items\":", b.errors ? "true" : "false", 7,
                 pipeline.n > 0 ? "\"ingest_took\":1," : "");
    t_buf_put(&r->own, t_buf_str(&items));
    t_buf_byte(&r->own, '}');
    if (t_query_get(q->query, "refresh", 0, &refresh) && !str_eq(t_buf_str(&refresh), S("false"))) {
        for (int i = 0; i < t->es->index_count; i++) {
            t->es->indices[i].refreshed_seq = t->es->indices[i].seq;
        }
    }
    r->delay_ms += t->o.es_latency_ms;
    t_buf_free(&pipeline);
    t_buf_free(&items);
    t_buf_free(&refresh);
}
