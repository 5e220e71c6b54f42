// SPDX-License-Identifier: Apache-2.0
// The Elasticsearch double: who may ask, in which media type, and what was asked
// (spec/elastic-protocol.md 1, 5, 11 and the appendix of what a real 9.5 does).
#include "es.h"

#include <stdio.h>
#include <string.h>

struct t_writer elastic_writer(struct t_response *r)
{
    return (struct t_writer){.b = &r->own};
}

struct cause {
    const char *type, *reason, *index; // index: NULL, or where
    bool missing;                      // the index
};

static void put_cause(struct t_writer *w, const struct cause *c)
{
    t_json_put_member(w, "type", str_from(c->type));
    t_json_put_member(w, "reason", str_from(c->reason));
    if (c->missing) {
        t_json_put_member(w, "resource.type", S("index_or_alias"));
        t_json_put_member(w, "resource.id", str_from(c->index));
    }
    if (c->index) {
        t_json_put_member(w, "index_uuid", c->missing ? S("_na_") : S("nZ7kqZzTQ6qXo8gR3rJb5w"));
        t_json_put_member(w, "index", str_from(c->index));
    }
}

// `shards`: the cause is that of a shard, and the request says so.
static void put_error(struct t_response *r, int status, bool shards, const struct cause *c)
{
    r->status = status;
    r->own.n = 0;
    struct t_writer w = elastic_writer(r);
    t_json_open(&w, '{');
    t_json_key(&w, "error");
    t_json_open(&w, '{');
    t_json_key(&w, "root_cause");
    t_json_open(&w, '[');
    t_json_item(&w);
    t_json_open(&w, '{');
    put_cause(&w, c);
    t_json_close(&w, '}');
    t_json_close(&w, ']');
    if (shards) {
        const struct cause all = {"search_phase_execution_exception", "all shards failed", NULL,
                                  false};
        put_cause(&w, &all);
        t_json_put_member(&w, "phase", S("query"));
        t_json_put_bool(&w, "grouped", true);
        t_json_key(&w, "failed_shards");
        t_buf_z(&r->own, "[{\"shard\":0,\"reason\":{");
        w.first = true;
        put_cause(&w, c);
        t_buf_z(&r->own, "}}]");
    } else {
        put_cause(&w, c);
    }
    t_json_close(&w, '}');
    t_json_put_number(&w, "status", status);
    t_json_close(&w, '}');
}

void elastic_error(struct t_response *r, int status, const char *type, const char *reason)
{
    const struct cause c = {type, reason, NULL, false};
    put_error(r, status, false, &c);
}

void elastic_shard_error(struct t_response *r, int status, const char *type, const char *reason)
{
    const struct cause c = {type, reason, NULL, false};
    put_error(r, status, true, &c);
}

void elastic_index_error(struct t_response *r, int status, const char *type, const char *reason,
                         const char *index)
{
    const struct cause c = {type, reason, index, false};
    put_error(r, status, false, &c);
}

void elastic_index_missing(struct t_response *r, str index)
{
    char text[320], name[256];
    int n = (int)(index.n < 255 ? index.n : 255);
    snprintf(text, sizeof(text), "no such index [%.*s]", n, index.p);
    snprintf(name, sizeof(name), "%.*s", n, index.p);
    const struct cause c = {"index_not_found_exception", text, name, true};
    put_error(r, 404, false, &c);
}

static void put_acknowledged(struct t_response *r)
{
    t_buf_z(&r->own, "{\"acknowledged\":true}");
}

// ---- before anything else
// ------------------------------------------------------------------------

// Version asked for by a media type: 0 none, -1 not one that this version serves.
static int compatible_with(const struct tenant *t, str media)
{
    isize at = str_find(media, S("compatible-with="));
    if (at < 0) {
        return 0;
    }
    u64 n = 0, major = 0;
    str dot;
    bool found = false;
    str_cut(t->o.es_version, '.', &dot, &found);
    str_to_u64(dot, &major);
    str digits = str_trim(str_from_index(media, at + 16));
    return str_to_u64(digits, &n) && (n == major || n + 1 == major) ? (int)n : -1;
}

// Both media types, or neither, name a version; a body needs a type that can be read.
static bool check_media(const struct tenant *t, const struct t_request *q, struct t_response *r)
{
    str accept = t_request_header(q, "accept"), type = t_request_header(q, "content-type");
    int a = compatible_with(t, accept), c = compatible_with(t, type);
    static const char invalid[] = "Invalid media-type value on headers [Accept, Content-Type]";
    bool has_body = q->body.n > 0;
    if (a < 0 || c < 0 || (has_body && a != c)) {
        elastic_error(r, 400, "media_type_header_exception", invalid);
        return false;
    }
    if (has_body && !str_contains_nocase(type, S("json"))) {
        r->status = 406;
        t_buf_printf(&r->own,
                     "{\"error\":\"Content-Type header [%.*s] is not supported\",\"status\":406}",
                     (int)(type.n < 100 ? type.n : 100), type.p);
        return false;
    }
    return true;
}

static void put_type(const struct t_request *q, struct t_response *r)
{
    str accept = t_request_header(q, "accept");
    bool refused = r->status == 400 &&
                   str_find(t_buf_str(&r->own), S("media_type_header_exception")) >= 0;
    bool vendor = !refused && str_contains_nocase(accept, S("compatible-with="));
    isize at = vendor ? str_find(accept, S("compatible-with=")) + 16 : 0;
    t_response_header(r,
                      vendor ? "content-type: application/vnd.elasticsearch+json;compatible-with=%c"
                             : "content-type: application/json",
                      vendor && at < accept.n ? accept.p[at] : '8');
}

// ---- requests
// ------------------------------------------------------------------------------------

static void do_root(struct tenant *t, struct t_response *r)
{
    struct t_writer w = {.b = &r->own, .pretty = true};
    t_json_open(&w, '{');
    t_json_put_member(&w, "name", S("tenant"));
    t_json_put_member(&w, "cluster_name", S("fake-tenant"));
    t_json_put_member(&w, "cluster_uuid", S("nZ7kqZzTQ6qXo8gR3rJb5w"));
    t_json_key(&w, "version");
    t_json_open(&w, '{');
    t_json_put_member(&w, "number", t->o.es_version);
    t_json_put_member(&w, "build_flavor", t->o.es_flavor);
    t_json_put_member(&w, "build_type", S("tar"));
    t_json_put_member(&w, "build_hash", S("0000000000000000000000000000000000000000"));
    t_json_put_member(&w, "build_date", S("2026-01-01T00:00:00.000000000Z"));
    t_json_put_bool(&w, "build_snapshot", false);
    t_json_put_member(&w, "lucene_version", S("10.2.0"));
    t_json_put_member(&w, "minimum_wire_compatibility_version", S("8.19.0"));
    t_json_put_member(&w, "minimum_index_compatibility_version", S("8.0.0"));
    t_json_close(&w, '}');
    t_json_put_member(&w, "tagline", S("You Know, for Search"));
    t_json_close(&w, '}');
    t_buf_byte(&r->own, '\n');
}

static void do_pipeline(struct tenant *t, const struct t_request *q, struct t_response *r, str name,
                        str body)
{
    struct es *es = t->es;
    const char *value = es_name_value(es->pipelines, es->pipeline_count, name);
    if (t_request_is(q, "PUT")) {
        es_set_name(es->pipelines, &es->pipeline_count, name, body);
        put_acknowledged(r);
    } else if (t_request_is(q, "DELETE") && value) {
        es_set_name(es->pipelines, &es->pipeline_count, name, (str){0});
        put_acknowledged(r);
    } else if (!value) {
        r->status = 404;
        t_buf_z(&r->own, "{}");
    } else {
        bool stock = strcmp(value, "default") == 0;
        struct t_buf key = {0};
        t_buf_put(&key, name);
        t_buf_byte(&key, 0);
        struct t_writer w = elastic_writer(r);
        t_json_open(&w, '{');
        t_json_key(&w, (const char *)key.p);
        t_buf_z(
            &r->own,
            stock ? "{\"version\":1,\"description\":\"Generic Enterprise Search ingest pipeline\","
                    "\"processors\":[{\"attachment\":{\"if\":\"ctx?._extract_binary_content == "
                    "true\",\"field\":\"_attachment\",\"target_field\":\"_extracted_attachment\","
                    "\"ignore_missing\":true}},{\"set\":{\"field\":\"body\",\"copy_from\":"
                    "\"_extracted_attachment.content\",\"ignore_empty_value\":true}},{\"remove\":"
                    "{\"field\":[\"_attachment\",\"_attachment_indexed_chars\","
                    "\"_extracted_attachment\",\"_extract_binary_content\",\"_reduce_whitespace\","
                    "\"_run_ml_inference\"],\"ignore_missing\":true}}]}"
                  : value);
        t_json_close(&w, '}');
        t_buf_free(&key);
    }
}

void elastic_wrong_method(const struct t_request *q, struct t_response *r, const char *allowed)
{
    r->status = 405;
    t_buf_printf(&r->own,
                 "{\"error\":\"Incorrect HTTP method for uri [%.*s%s%.*s] and method [%.*s], "
                 "allowed: [%s]\",\"status\":405}",
                 (int)(q->path.n < 300 ? q->path.n : 300), q->path.p, q->query.n > 0 ? "?" : "",
                 (int)(q->query.n < 300 ? q->query.n : 300), q->query.p,
                 (int)(q->method.n < 20 ? q->method.n : 20), q->method.p, allowed);
}

void elastic_no_handler(const struct t_request *q, struct t_response *r)
{
    str rest = str_from_index(q->path, 1);
    if (str_find_byte(rest, '/') < 0 && !t_request_is(q, "POST")) { // then it is an index
        char text[400], name[256];
        snprintf(name, sizeof(name), "%.*s", (int)(rest.n < 255 ? rest.n : 255), rest.p);
        snprintf(text, sizeof(text), "Invalid index name [%s], must not start with '_'.", name);
        elastic_index_error(r, 400, "invalid_index_name_exception", text, name);
        return;
    }
    r->status = 400;
    t_buf_printf(&r->own, "{\"error\":\"no handler found for uri [%.*s%s%.*s] and method [%.*s]\"}",
                 (int)(q->path.n < 300 ? q->path.n : 300), q->path.p, q->query.n > 0 ? "?" : "",
                 (int)(q->query.n < 300 ? q->query.n : 300), q->query.p,
                 (int)(q->method.n < 20 ? q->method.n : 20), q->method.p);
}

static void do_of_index(struct tenant *t, const struct t_request *q, struct t_response *r,
                        const struct es_route *p, str body)
{
    bool get = t_request_is(q, "GET"), post = t_request_is(q, "POST"), put = t_request_is(q, "PUT");
    if (str_eq(p->two, S("_bulk")) && (post || put)) {
        es_bulk(t, q, r, p->one, body);
    } else if (str_eq(p->two, S("_search")) && (get || post)) {
        es_search(t, q, r, p->one, body);
    } else if (str_eq(p->two, S("_count")) && (get || post)) {
        es_count(t, q, r, p->one, body);
    } else if (str_eq(p->two, S("_pit")) && post) {
        es_pit(t, q, r, p->one, body);
    } else if (str_eq(p->two, S("_alias")) || str_eq(p->two, S("_aliases"))) {
        es_aliases(t, q, r, p, body);
    } else if (str_eq(p->two, S("_doc")) || str_eq(p->two, S("_update")) ||
               str_eq(p->two, S("_create")) || str_eq(p->two, S("_source"))) {
        es_doc_handle(t, q, r, p, body);
    } else {
        es_index_handle(t, q, r, p, body);
    }
}

static void do_of_cluster(struct tenant *t, const struct t_request *q, struct t_response *r,
                          const struct es_route *p, str body)
{
    bool get = t_request_is(q, "GET") || t_request_is(q, "HEAD");
    bool post = t_request_is(q, "POST"), put = t_request_is(q, "PUT");
    if (str_eq(p->one, S("_bulk")) && (post || put)) {
        es_bulk(t, q, r, (str){0}, body);
    } else if (str_eq(p->one, S("_search")) && p->two.n == 0 && (get || post)) {
        es_search(t, q, r, (str){0}, body);
    } else if (str_eq(p->one, S("_search")) && str_eq(p->two, S("scroll")) && !put) {
        es_scroll(t, q, r, body);
    } else if (str_eq(p->one, S("_pit")) && t_request_is(q, "DELETE")) {
        es_pit(t, q, r, (str){0}, body);
    } else if (str_eq(p->one, S("_ingest")) && str_eq(p->two, S("pipeline")) && p->three.n > 0 &&
               !t_request_is(q, "HEAD") && !post) {
        do_pipeline(t, q, r, p->three, body);
    } else if (str_eq(p->one, S("_cluster")) && str_eq(p->two, S("health"))) {
        t_buf_z(&r->own,
                "{\"cluster_name\":\"fake-tenant\",\"status\":\"green\",\"timed_out\":false}");
    } else if (str_eq(p->one, S("_license")) && get) {
        es_license(t, q, r);
    } else if (str_eq(p->one, S("_security"))) {
        es_security(t, q, r, p, body);
    } else if (str_eq(p->one, S("_alias")) || str_eq(p->one, S("_aliases"))) {
        es_aliases(t, q, r, p, body);
    } else if (str_eq(p->one, S("_connector")) && !t->o.es_no_connectors) {
        es_connector_handle(t, q, r, p, body);
    } else if (str_eq(p->one, S("_bulk")) || str_eq(p->one, S("_search"))) {
        elastic_wrong_method(q, r, "PUT, POST");
    } else {
        elastic_no_handler(q, r);
    }
}

static void do_request(struct tenant *t, const struct t_request *q, struct t_response *r,
                       const struct es_route *p, str body)
{
    if (p->one.n == 0 && (t_request_is(q, "GET") || t_request_is(q, "HEAD"))) {
        do_root(t, r);
    } else if (p->one.n == 0) {
        elastic_wrong_method(q, r, "GET, HEAD");
    } else if (!es_check_rights(t, q, r, p)) {
        // it is said
    } else if (p->one.p[0] == '_') {
        do_of_cluster(t, q, r, p, body);
    } else if (p->two.n > 0) {
        do_of_index(t, q, r, p, body);
    } else {
        es_index_handle(t, q, r, p, body);
    }
}

static enum t_endpoint endpoint_of(const struct es_route *p)
{
    static const struct {
        const char *name;
        enum t_endpoint endpoint;
    } names[] = {{"_bulk", T_EP_BULK},
                 {"_search", T_EP_SEARCH},
                 {"_pit", T_EP_PIT},
                 {"_ingest", T_EP_PIPELINE},
                 {"_refresh", T_EP_REFRESH},
                 {"_count", T_EP_COUNT},
                 {"_doc", T_EP_DOC},
                 {"_create", T_EP_DOC},
                 {"_source", T_EP_DOC},
                 {"_update", T_EP_UPDATE},
                 {"_license", T_EP_LICENSE},
                 {"_security", T_EP_SECURITY},
                 {"_connector", T_EP_CONNECTOR}};
    if (p->one.n == 0) {
        return T_EP_ROOT;
    }
    str what = p->one.p[0] == '_' ? p->one : p->two;
    if (what.n == 0) {
        return T_EP_INDEX;
    }
    if (str_eq(what, S("_connector")) && str_eq(p->two, S("_sync_job"))) {
        return T_EP_JOB;
    }
    if (str_eq(what, S("_search")) && str_eq(p->two, S("scroll"))) {
        return T_EP_SCROLL;
    }
    for (isize i = 0; i < COUNT(names); i++) {
        if (str_eq(what, str_from(names[i].name))) {
            return names[i].endpoint;
        }
    }
    return T_EP_OTHER;
}

// Limit of the unpacked body. An answer of 413 has no body and no product header.
static bool unpack(struct tenant *t, const struct t_request *q, struct t_response *r,
                   struct t_buf *unpacked)
{
    str coding = t_request_header(q, "content-encoding");
    bool packed = q->body.n > 0 && str_eq_nocase(coding, S("gzip"));
    isize limit = (isize)t->o.es_max_bytes;
    bool ok = !packed || t_gunzip(q->body, limit, unpacked);
    if (q->too_large || (packed && unpacked->n > limit)) {
        r->status = 413;
        r->close = true;
        return false;
    }
    if (!ok || (coding.n > 0 && !packed && q->body.n > 0)) {
        elastic_error(r, 400, "illegal_argument_exception",
                      "the body is not what Content-Encoding says");
        return false;
    }
    return true;
}

static void put_unknown(const struct t_request *q, struct t_response *r)
{
    str given = t_request_header(q, "authorization"), user;
    struct t_buf pair = {0}, text = {0};
    bool found;
    if (str_starts_nocase(given, S("basic "))) {
        t_base64_decode(&pair, str_from_index(given, 6));
        str_cut(t_buf_str(&pair), ':', &user, &found);
        t_buf_printf(&text, "unable to authenticate user [%.*s] for REST request [%.*s]",
                     (int)(user.n % 200), user.p, (int)(q->path.n % 300), q->path.p);
    } else if (given.n > 0) {
        t_buf_z(&text, "unable to authenticate with provided credentials and anonymous access is "
                       "not allowed for this request");
    } else {
        t_buf_printf(&text, "missing authentication credentials for REST request [%.*s]",
                     (int)(q->path.n % 300), q->path.p);
    }
    t_buf_byte(&text, 0);
    elastic_error(r, 401, "security_exception", (const char *)text.p);
    t_response_header(r, "WWW-Authenticate: Basic realm=\"security\", charset=\"UTF-8\"");
    t_response_header(r, "WWW-Authenticate: ApiKey");
    t_buf_free(&pair);
    t_buf_free(&text);
}

void elastic_handle(struct tenant *t, const struct t_request *q, struct t_response *r)
{
    struct t_buf unpacked = {0}, parts[5] = {0};
    struct es_route p = {0};
    if (!unpack(t, q, r, &unpacked)) {
        stats_count(t, T_EP_OTHER, r);
        t_buf_free(&unpacked);
        return;
    }
    str body = unpacked.p ? t_buf_str(&unpacked) : q->body;
    str *names[5] = {&p.one, &p.two, &p.three, &p.four, &p.five};
    for (int i = 0; i < 5; i++) {
        *names[i] = t_path_part(q->path, i, &parts[i]) ? t_buf_str(&parts[i]) : (str){0};
    }
    if (es_who(t, q) == -2) {
        put_unknown(q, r);
    } else if (check_media(t, q, r)) {
        do_request(t, q, r, &p, body);
    }
    str opaque = t_request_header(q, "x-opaque-id");
    if (opaque.n && opaque.n < 100) {
        t_response_header(r, "X-Opaque-Id: %.*s", (int)opaque.n, (const char *)opaque.p);
    }
    if (r->status != 401 && r->status != 403) {
        t_response_header(r, "X-elastic-product: Elasticsearch");
    }
    put_type(q, r);
    stats_count(t, endpoint_of(&p), r);
    for (int i = 0; i < 5; i++) {
        t_buf_free(&parts[i]);
    }
    t_buf_free(&unpacked);
}
