// SPDX-License-Identifier: Apache-2.0
// The machine before the first document (see index.h, spec/elastic-protocol.md 6, 9 and appendix):
//   GET /                                      product and version
//   GET /<index>?ignore_unavailable=true       {} or 403: not visible; then
//   PUT /<index>                               without a body; "exists already" is as good
//   GET /_ingest/pipeline/<name>               searched for the attachment processor as it streams
//   by
// Answers are read up to INDEX_ANSWER_BYTES; of what is longer (mappings) only the front matters.
#include "elastic/index.h"

#include <string.h>

enum index_state { INDEX_ROOT, INDEX_GET, INDEX_PUT, INDEX_PIPELINE, INDEX_DONE, INDEX_FAILED };

#define INDEX_DEFAULT_PIPELINE S("search-default-ingestion")

// The versions that are known to work, and from which minor on (DESIGN, Versions).
static const struct {
    int major, minor;
} index_versions[] = {{8, 10}, {9, 0}};

bool index_name_is_valid(str name)
{
    if (name.n < 1 || name.n > 255 || str_eq(name, S(".")) || str_eq(name, S(".."))) {
        return false;
    }
    if (str_find_byte(S("-_+"), name.p[0]) >= 0) {
        return false;
    }
    for (isize i = 0; i < name.n; i++) {
        if (name.p[i] <= ' ' || name.p[i] == 127 ||
            str_find_byte(S("\\/*?\"<>|,#"), name.p[i]) >= 0) {
            return false;
        }
    }
    return str_is_utf8(name);
}

void index_open_init(struct index_open *o, struct elastic *es, str index, str pipeline)
{
    *o = (struct index_open){
        .es = es,
        .index = index,
        .pipeline = pipeline,
        .any_version = o->any_version,
        .no_pipeline = o->no_pipeline,
        .service = o->service,
        .identify = o->identify,
        .state = o->service ? INDEX_GET : INDEX_ROOT,
        .detail = buf_over(o->detail.p, o->detail.cap),
        .answer = buf_over(o->answer.p, o->answer.cap),
    };
}

static str index_pipeline_name(const struct index_open *o)
{
    return o->pipeline.n ? o->pipeline : INDEX_DEFAULT_PIPELINE;
}

static enum step index_refuse_name(struct index_open *o, str kind, str name)
{
    buf_reset(&o->detail);
    elastic_put_cut(&o->detail, kind, kind.n);
    elastic_put_cut(&o->detail, name, BULK_PIPELINE_BYTES);
    elastic_put_cut(&o->detail, S("]"), 1);
    o->error = FAIL(ES_NAME);
    o->state = INDEX_FAILED;
    return STEP_FAILED;
}

static enum step index_next(void *st, i64 now_ms, struct exchange *x)
{
    (void)now_ms;
    struct index_open *o = st;
    str method = S("GET");
    buf_reset(&o->answer);
    if (o->state != INDEX_FAILED && !index_name_is_valid(o->index)) {
        return index_refuse_name(o, S("index ["), o->index);
    }
    if (o->state != INDEX_FAILED &&
        (o->pipeline.n > BULK_PIPELINE_BYTES || !str_is_utf8(o->pipeline))) {
        return index_refuse_name(o, S("pipeline ["), o->pipeline);
    }
    switch ((enum index_state)o->state) {
    case INDEX_ROOT:
        buf_put(&x->target, S("/"));
        break;
    case INDEX_PUT:
        method = S("PUT");
        x->send_empty_body = true;
        buf_put(&x->target, S("/"));
        url_put_encoded(&x->target, o->index);
        break;
    case INDEX_GET:
        o->match_uuid = 0;
        o->identity = 0;
        buf_put(&x->target, S("/"));
        url_put_encoded(&x->target, o->index);
        buf_put(&x->target, S("?ignore_unavailable=true"));
        break;
    case INDEX_PIPELINE:
        o->match_attachment = 0;
        o->match_pipeline = 0;
        o->extracts = false;
        buf_put(&x->target, S("/_ingest/pipeline/"));
        url_put_encoded(&x->target, index_pipeline_name(o));
        break;
    case INDEX_DONE:
        return STEP_DONE;
    case INDEX_FAILED:
        return STEP_FAILED;
    }
    elastic_request(o->es, x, method, S(""), false);
    return STEP_REQUEST;
}

static err index_head(void *st, struct exchange *x, const struct http_head *head)
{
    (void)x;
    struct index_open *o = st;
    o->status = head->status;
    bool found;
    str product = http1_header(head, S("X-Elastic-Product"), &found);
    o->product_header = found && str_eq_nocase(product, S("Elasticsearch"));
    return OK;
}

// How many bytes of `"key" : {` are matched after `c`; `key` has its quotes. Blanks may stand
// around the colon. Positions: 0..key.n within the key, key.n + 1 after the colon, key.n + 2 all.
static int index_match(int at, str key, u8 c)
{
    if (at == key.n + 2) {
        return at;
    }
    if (at < key.n) {
        return c == key.p[at] ? at + 1 : c == '"';
    }
    if (str_is_space(c)) {
        return at;
    }
    if (at == key.n) {
        return c == ':' ? at + 1 : c == '"';
    }
    return c == '{' ? at + 1 : c == '"';
}

// Each "uuid": "..." goes into the hash, wherever it stands: settings come behind mappings, which
// may be longer than what is kept of the answer. A field of that name is no string.
static void index_identify(struct index_open *o, u8 c)
{
    static const str key = S("\"uuid\"");
    int at = o->match_uuid;
    if (at == key.n + 2) {
        o->identity = (o->identity ^ c) * 0x100000001b3; // FNV-1a
        o->match_uuid = c == '"' ? 0 : at;
    } else if (at < key.n) {
        o->match_uuid = c == key.p[at] ? at + 1 : c == '"';
    } else if (!str_is_space(c)) {
        bool next = c == (at == key.n ? ':' : '"');
        o->match_uuid = next ? at + 1 : c == '"';
    }
}

static err index_body(void *st, struct exchange *x, str *in)
{
    (void)x;
    struct index_open *o = st;
    if (o->state == INDEX_PIPELINE && o->status == 200) {
        str attachment = S("\"attachment\""), pipeline = S("\"pipeline\"");
        for (isize i = 0; i < in->n; i++) {
            o->match_attachment = index_match(o->match_attachment, attachment, in->p[i]);
            o->match_pipeline = index_match(o->match_pipeline, pipeline, in->p[i]);
        }
        o->extracts = o->match_attachment == attachment.n + 2 ||
                      o->match_pipeline == pipeline.n + 2;
    }
    for (isize i = 0; o->state == INDEX_GET && o->identify && i < in->n; i++) {
        index_identify(o, in->p[i]);
    }
    elastic_keep(&o->answer, in);
    return OK;
}

// Says what was asked of what, and the server's words.
static err index_refused(struct index_open *o, struct exchange *x, str what, err e)
{
    str name = o->state == INDEX_PIPELINE ? index_pipeline_name(o) : o->index;
    elastic_put_cut(&x->detail, what, what.n);
    if (o->state != INDEX_ROOT) {
        elastic_put_cut(&x->detail, S(" ["), 2);
        elastic_put_cut(&x->detail, name, BULK_PIPELINE_BYTES);
        elastic_put_cut(&x->detail, S("]"), 1);
    }
    struct elastic_error words = elastic_error_of(buf_str(&o->answer));
    if (words.type.n || words.reason.n) {
        str colon = x->detail.n ? S(": ") : S("");
        elastic_put_cut(&x->detail, colon, colon.n);
        elastic_put_error(&x->detail, &words);
    }
    return e;
}

static bool index_take_number(str *s, int *out)
{
    isize n = 0;
    while (n < s->n && str_is_digit(s->p[n])) {
        n++;
    }
    u64 v;
    if (n > 4 || !str_to_u64(str_slice(*s, 0, n), &v)) {
        return false;
    }
    *out = (int)v;
    *s = str_from_index(*s, n);
    return true;
}

static bool index_version_is_known(int major, int minor)
{
    for (isize i = 0; i < COUNT(index_versions); i++) {
        if (index_versions[i].major == major) {
            return minor >= index_versions[i].minor;
        }
    }
    return false;
}

static err index_check_version(struct elastic *es, const struct json *j, bool any_version,
                               struct buf *version, struct buf *detail)
{
    str number = json_raw(j, json_path(j, 0, S("version.number")));
    buf_reset(version);
    elastic_put_cut(version, number, version->cap);
    es->serverless = json_equals(j, json_path(j, 0, S("version.build_flavor")), S("serverless"));
    es->major = 0;
    es->minor = 0;
    str rest = number;
    bool read = index_take_number(&rest, &es->major) && str_starts(rest, S("."));
    rest = read ? str_from_index(rest, 1) : rest;
    read = read && index_take_number(&rest, &es->minor);
    if (es->serverless || any_version || (read && index_version_is_known(es->major, es->minor))) {
        return OK;
    }
    elastic_put_cut(detail, S("version "), 8);
    elastic_put_cut(detail, buf_str(version), version->n);
    return FAIL(ES_VERSION);
}

err index_read_root(struct elastic *es, str answer, bool any_version, struct buf *version,
                    struct buf *detail)
{
    struct json_node nodes[ELASTIC_NODES];
    struct json j;
    bool read = err_ok(json_parse(&j, answer, nodes, COUNT(nodes))) &&
                json_type(&j, json_get(&j, 0, S("version"))) == JSON_OBJECT &&
                json_equals(&j, json_get(&j, 0, S("tagline")), S("You Know, for Search"));
    return read ? index_check_version(es, &j, any_version, version, detail) : FAIL(ES_NOT_ELASTIC);
}

static err index_end_root(struct index_open *o, struct exchange *x)
{
    if (o->status == 403) {
        o->state = INDEX_GET; // a key without the right `monitor`: the version stays unknown
        return OK;
    }
    if (o->status == 404) {
        return index_refused(o, x, S(""), FAIL(ES_NOT_ELASTIC));
    }
    err e = elastic_status_error(o->status);
    if (!err_ok(e)) {
        return index_refused(o, x, S(""), e);
    }
    struct json_node nodes[ELASTIC_NODES];
    struct json j;
    bool read = err_ok(json_parse(&j, buf_str(&o->answer), nodes, COUNT(nodes))) &&
                json_type(&j, json_get(&j, 0, S("version"))) == JSON_OBJECT;
    bool tagline = read &&
                   json_equals(&j, json_get(&j, 0, S("tagline")), S("You Know, for Search"));
    if (!read || (!tagline && !o->product_header)) {
        return index_refused(o, x, S(""), FAIL(ES_NOT_ELASTIC));
    }
    struct buf version = buf_over(o->version, (isize)sizeof o->version);
    e = index_check_version(o->es, &j, o->any_version, &version, &x->detail);
    o->version_bytes = (int)version.n;
    TRY(e);
    o->state = INDEX_GET;
    return OK;
}

static void index_use_pipeline(struct index_open *o)
{
    str name = index_pipeline_name(o);
    memcpy(o->pipeline_used, name.p, (size_t)name.n);
    o->pipeline_used_bytes = (int)name.n;
    o->state = INDEX_DONE;
}

static void index_after_index(struct index_open *o)
{
    o->state = o->no_pipeline ? INDEX_DONE : INDEX_PIPELINE;
    if (o->service && !o->no_pipeline) {
        o->extracts = true; // who named it knows
        index_use_pipeline(o);
    }
}

static err index_end_get(struct index_open *o, struct exchange *x)
{
    if (o->created) { // it is there: who it is was all that was asked
        index_after_index(o);
        return OK;
    }
    if ((o->status == 403 && !o->service) || o->status == 404) {
        o->state = INDEX_PUT;
        return OK;
    }
    err e = elastic_status_error(o->status);
    if (!err_ok(e)) {
        return index_refused(o, x, S("index"), e);
    }
    str answer = str_trim(buf_str(&o->answer));
    if (!str_starts(answer, S("{"))) {
        return index_refused(o, x, S("index"), FAIL(ES_ANSWER));
    }
    bool none = str_starts(str_trim(str_from_index(answer, 1)), S("}"));
    o->state = INDEX_PUT;
    if (!none) {
        index_after_index(o);
    }
    return OK;
}

static err index_end_put(struct index_open *o, struct exchange *x)
{
    err e = elastic_status_error(o->status);
    struct elastic_error words = elastic_error_of(buf_str(&o->answer));
    bool exists = o->status == 400 && str_eq(words.type, S("resource_already_exists_exception"));
    if (err_ok(e) || exists) {
        o->created = o->created || !exists;
        if (o->identify && o->created) {
            o->state = INDEX_GET;
        } else {
            index_after_index(o);
        }
        return OK;
    }
    if (str_eq(words.type, S("cluster_block_exception"))) {
        return index_refused(o, x, S("creating index"), FAIL(ES_DISK_FULL));
    }
    if (str_eq(words.type, S("invalid_index_name_exception"))) {
        return index_refused(o, x, S("creating index"), FAIL(ES_NAME));
    }
    str what = err_is(e, ERR_ES_FORBIDDEN)
                   ? S("missing privilege view_index_metadata or create_index on index")
                   : S("creating index");
    return index_refused(o, x, what, e);
}

static err index_end_pipeline(struct index_open *o, struct exchange *x)
{
    if (o->status == 404 && !o->pipeline.n) {
        o->state = INDEX_DONE; // no default on this cluster: none is used
        return OK;
    }
    if (o->status == 404) {
        return index_refused(o, x, S("pipeline"), FAIL(ES_PIPELINE_MISSING));
    }
    if (o->status == 403) {
        o->pipeline_unchecked = true;
        o->extracts = true;
        index_use_pipeline(o);
        return OK;
    }
    err e = elastic_status_error(o->status);
    if (!err_ok(e)) {
        return index_refused(o, x, S("pipeline"), e);
    }
    index_use_pipeline(o);
    return OK;
}

static err index_end(void *st, struct exchange *x)
{
    struct index_open *o = st;
    switch ((enum index_state)o->state) {
    case INDEX_ROOT:
        return index_end_root(o, x);
    case INDEX_GET:
        return index_end_get(o, x);
    case INDEX_PUT:
        return index_end_put(o, x);
    case INDEX_PIPELINE:
        return index_end_pipeline(o, x);
    case INDEX_DONE:
    case INDEX_FAILED:
        break;
    }
    return OK;
}

static void index_fail(void *st, struct exchange *x, err e)
{
    struct index_open *o = st;
    o->error = e;
    o->state = INDEX_FAILED;
    buf_reset(&o->detail);
    elastic_put_cut(&o->detail, buf_str(&x->detail), x->detail.n);
}

const struct machine_ops index_open_ops = {
    .name = "elasticsearch index",
    .next = index_next,
    .head = index_head,
    .body = index_body,
    .end = index_end,
    .fail = index_fail,
};
