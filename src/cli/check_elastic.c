// SPDX-License-Identifier: Apache-2.0
// The hops of Elasticsearch for `check`: login, version, index, rights of the key, pipeline. Only
// questions: a sync creates the index, this looks whether it may (spec/elastic-protocol.md 6, 9).
// What the key may not ask is a warning, as it is for a sync.
#include "cli/check_internal.h"
#include "codec/json_write.h"
#include "codec/url.h"
#include "elastic/index.h"

static const char *const elastic_place = "Elasticsearch";

static struct buf *elastic_begin(struct check *c, str method, str target)
{
    elastic_call_init(&c->call, &c->es, method);
    buf_put(&c->call.target, target);
    return &c->call.target;
}

// The answer's meaning; CHECK_CUT_OFF: none came.
static enum check_end elastic_ask(struct check *c, err *e)
{
    enum check_end end = check_ask(c, &elastic_call_ops, &c->call);
    *e = end == CHECK_ANSWERED ? elastic_call_error(&c->call) : OK;
    return end;
}

static void elastic_tell_error(struct check *c, const char *what, err e)
{
    check_tell_error(c, elastic_place, what, e, buf_str(&c->call.detail));
}

static bool elastic_parse(struct check *c, struct json *j)
{
    return err_ok(json_parse(j, buf_str(&c->call.answer), c->nodes, CHECK_NODES));
}

// ---- login, version

static void elastic_tell_login(struct check *c)
{
    struct buf *b = check_found(c);
    bool key = str_starts(c->es.settings.authorization, S("ApiKey "));
    buf_put(b, key ? S("by API key") : S("by user name and password"));
    check_tell(c, CHECK_OK, elastic_place, "login");
}

static bool elastic_check_root(struct check *c)
{
    err e;
    (void)elastic_begin(c, S("GET"), S("/"));
    if (elastic_ask(c, &e) == CHECK_CUT_OFF) {
        return false;
    }
    if (err_is(e, ERR_ES_FORBIDDEN)) {
        elastic_tell_login(c);
        buf_put(check_found(c), S("not told: the key has no right `monitor`, a sync does without"));
        check_tell(c, CHECK_WARN, elastic_place, "version");
        return true;
    }
    if (!err_ok(e)) {
        e = err_is(e, ERR_ES_NOT_FOUND) ? FAIL(ES_NOT_ELASTIC) : e;
        elastic_tell_error(c, err_is(e, ERR_ES_UNAUTHORIZED) ? "login" : "answer", e);
        return false;
    }
    struct buf *version = check_found(c);
    buf_reset(&c->detail);
    e = index_read_root(&c->es, buf_str(&c->call.answer), c->s->settings.any_version, version,
                        &c->detail);
    if (err_is(e, ERR_ES_NOT_ELASTIC)) {
        check_tell_error(c, elastic_place, "answer", e, (str){0});
        return false;
    }
    elastic_tell_login(c);
    if (!err_ok(e)) {
        check_tell_error(c, elastic_place, "version", e, buf_str(&c->detail));
        return false;
    }
    (void)index_read_root(&c->es, buf_str(&c->call.answer), true, check_found(c), &c->detail);
    buf_put(&c->found, c->es.serverless ? S(", serverless") : S(""));
    check_tell(c, CHECK_OK, elastic_place, "version");
    return true;
}

// ---- the index

enum elastic_index { INDEX_THERE, INDEX_ABSENT, INDEX_UNSEEN, INDEX_BAD };

// The block that an operator or a full disk has put on it; empty: none.
static str elastic_block(const struct json *j)
{
    static const char *const blocks[] = {"read_only", "read_only_allow_delete", "write"};
    for (int key = json_first(j, 0); key >= 0; key = json_next(j, key)) {
        int settings = json_get(j, json_value(j, key), S("settings"));
        int nested = json_path(j, settings, S("index.blocks"));
        for (isize i = 0; i < COUNT(blocks); i++) {
            u8 bytes[64];
            struct buf flat = buf_over(bytes, COUNT(bytes));
            buf_put(&flat, S("index.blocks."));
            buf_put(&flat, str_from(blocks[i]));
            int node = json_get(j, settings, buf_str(&flat));
            node = node >= 0 ? node : json_get(j, nested, str_from(blocks[i]));
            if (str_eq(json_raw(j, node), S("true"))) {
                return str_from(blocks[i]);
            }
        }
    }
    return (str){0};
}

static enum elastic_index elastic_check_blocks(struct check *c)
{
    err e;
    url_put_encoded(elastic_begin(c, S("GET"), S("/")), c->s->connector->index_name);
    buf_put(&c->call.target, S("/_settings?flat_settings=true"));
    if (elastic_ask(c, &e) == CHECK_CUT_OFF) {
        return INDEX_BAD;
    }
    if (err_is(e, ERR_ES_NOT_FOUND) || err_is(e, ERR_ES_FORBIDDEN)) {
        return err_is(e, ERR_ES_FORBIDDEN) ? INDEX_UNSEEN : INDEX_ABSENT;
    }
    if (!err_ok(e)) {
        elastic_tell_error(c, "index", e);
        return INDEX_BAD;
    }
    struct json j;
    str block = elastic_parse(c, &j) ? elastic_block(&j) : (str){0};
    if (block.n) {
        buf_reset(&c->detail);
        output_put_clean(&c->detail, c->s->connector->index_name, 80);
        buf_put(&c->detail, S(" has index.blocks."));
        buf_put(&c->detail, block);
        check_tell_error(c, elastic_place, "index", FAIL(ES_DISK_FULL), buf_str(&c->detail));
        return INDEX_BAD;
    }
    return INDEX_THERE;
}

static enum elastic_index elastic_check_index(struct check *c)
{
    err e;
    enum elastic_index found = elastic_check_blocks(c);
    i64 documents = -1;
    if (found == INDEX_BAD) {
        return found;
    }
    if (found == INDEX_THERE) {
        url_put_encoded(elastic_begin(c, S("GET"), S("/")), c->s->connector->index_name);
        buf_put(&c->call.target, S("/_count"));
        struct json j;
        if (elastic_ask(c, &e) == CHECK_CUT_OFF) {
            return INDEX_BAD;
        }
        if (err_ok(e) && elastic_parse(c, &j)) {
            (void)json_i64(&j, json_get(&j, 0, S("count")), &documents);
        } else if (!err_is(e, ERR_ES_FORBIDDEN)) { // that the rights tell
            elastic_tell_error(c, "index", e);
            return INDEX_BAD;
        }
    }
    struct buf *b = check_found(c);
    buf_put(b, c->s->connector->index_name);
    buf_put(b, found == INDEX_ABSENT   ? S(" is not there yet: the first sync creates it")
               : found == INDEX_UNSEEN ? S(" may not be looked at by this key")
               : documents < 0         ? S(" is there")
                                       : S(" is there, documents: "));
    if (documents >= 0) {
        output_put_thousands(b, documents);
    }
    check_tell(c, found == INDEX_UNSEEN ? CHECK_WARN : CHECK_OK, elastic_place, "index");
    return found;
}

// ---- rights

enum { RIGHT_READ, RIGHT_WRITE, RIGHT_VIEW, RIGHT_CREATE, RIGHT_REFRESH, RIGHT_COUNT };

static const char *const elastic_rights[RIGHT_COUNT] = {
    [RIGHT_READ] = "read",
    [RIGHT_WRITE] = "write",
    [RIGHT_VIEW] = "view_index_metadata",
    [RIGHT_CREATE] = "create_index",
    [RIGHT_REFRESH] = "maintenance",
};

static void elastic_put_rights(struct check *c, str index)
{
    struct json_write w = json_write_to(&c->call.body);
    json_write_object(&w);
    json_write_key(&w, S("index"));
    json_write_array(&w);
    json_write_object(&w);
    json_write_key(&w, S("names"));
    json_write_array(&w);
    json_write_string(&w, index);
    json_write_array_end(&w);
    json_write_key(&w, S("privileges"));
    json_write_array(&w);
    for (int i = 0; i < RIGHT_COUNT; i++) {
        json_write_string(&w, str_from(elastic_rights[i]));
    }
    json_write_array_end(&w);
    json_write_object_end(&w);
    json_write_array_end(&w);
    json_write_object_end(&w);
}

// Which rights a sync does without: see elastic/index.h.
static void elastic_tell_rights(struct check *c, u32 missing, enum elastic_index found)
{
    u32 needed = 1 << RIGHT_READ | 1 << RIGHT_WRITE;
    needed |= found == INDEX_ABSENT ? 1 << RIGHT_CREATE : 0;
    bool blind = missing >> RIGHT_VIEW & missing >> RIGHT_CREATE & 1;
    missing &= found == INDEX_ABSENT ? ~(u32)0 : ~(u32)(1 << RIGHT_CREATE);
    missing |= blind ? 1 << RIGHT_CREATE : 0;
    struct buf *b = missing & needed || blind ? &c->detail : check_found(c);
    buf_reset(b);
    for (int i = 0; i < RIGHT_COUNT; i++) {
        if (missing >> i & 1) {
            buf_put(b, b->n ? S(", ") : S("the key lacks "));
            buf_put(b, str_from(elastic_rights[i]));
        }
    }
    if (missing & needed || blind) {
        check_tell_error(c, elastic_place, "rights", FAIL(ES_FORBIDDEN), buf_str(b));
        return;
    }
    buf_put(b, missing ? S(": a sync does without") : S("all that a sync needs"));
    check_tell(c, missing ? CHECK_WARN : CHECK_OK, elastic_place, "rights");
}

static void elastic_check_rights(struct check *c, enum elastic_index found)
{
    err e;
    u32 missing = 0;
    str index = c->s->connector->index_name;
    (void)elastic_begin(c, S("POST"), S("/_security/user/_has_privileges"));
    elastic_put_rights(c, index);
    if (elastic_ask(c, &e) == CHECK_CUT_OFF) {
        return;
    }
    struct json j;
    int rights = err_ok(e) && elastic_parse(c, &j)
                     ? json_get(&j, json_get(&j, 0, S("index")), index)
                     : -1;
    if (rights < 0) {
        buf_put(check_found(c), S("not told: the cluster has no security, or does not answer"));
        check_tell(c, CHECK_WARN, elastic_place, "rights");
        return;
    }
    for (int i = 0; i < RIGHT_COUNT; i++) {
        bool may = false;
        (void)json_bool(&j, json_get(&j, rights, str_from(elastic_rights[i])), &may);
        missing |= may ? 0 : (u32)1 << i;
    }
    elastic_tell_rights(c, missing, found);
}

// ---- the pipeline

static void elastic_check_pipeline(struct check *c)
{
    err e;
    str wanted = c->s->connector->pipeline;
    str name = wanted.n ? wanted : S("search-default-ingestion");
    if (str_eq(wanted, S("none"))) {
        buf_put(check_found(c), S("none, as the connector says"));
        check_tell(c, CHECK_OK, elastic_place, "pipeline");
        return;
    }
    url_put_encoded(elastic_begin(c, S("GET"), S("/_ingest/pipeline/")), name);
    c->call.front = true;
    if (elastic_ask(c, &e) == CHECK_CUT_OFF) {
        return;
    }
    if (err_is(e, ERR_ES_NOT_FOUND) && wanted.n) {
        elastic_tell_error(c, "pipeline", FAIL(ES_PIPELINE_MISSING));
        return;
    }
    if (!err_ok(e) && !err_is(e, ERR_ES_NOT_FOUND) && !err_is(e, ERR_ES_FORBIDDEN)) {
        elastic_tell_error(c, "pipeline", e);
        return;
    }
    struct buf *b = check_found(c);
    output_put_clean(b, name, 100);
    buf_put(b, err_ok(e) ? S("")
               : err_is(e, ERR_ES_FORBIDDEN)
                   ? S(" is used unseen: the key may not look at it")
                   : S(" is not there: texts of mails are not searchable"));
    check_tell(c, err_ok(e) ? CHECK_OK : CHECK_WARN, elastic_place, "pipeline");
}

void check_elastic(struct check *c)
{
    if (!start_names_elastic(c->s)) {
        buf_put(check_found(c), S("config.yml names none: a sync writes to standard output"));
        check_tell(c, CHECK_WARN, elastic_place, "address");
        return;
    }
    elastic_init(&c->es, &c->s->settings.elastic);
    if (!elastic_check_root(c)) {
        return;
    }
    enum elastic_index found = elastic_check_index(c);
    if (found != INDEX_BAD) {
        elastic_check_rights(c, found);
        elastic_check_pipeline(c);
    }
}
