// SPDX-License-Identifier: Apache-2.0
// The scroll over an index (see scan.h, spec/elastic-protocol.md 11.1):
//   POST /<index>/_search?scroll=5m   the first page
//   POST /_search/scroll              the next ones, until one is empty
//   DELETE /_search/scroll            at the end, after errors too; nobody minds when it fails
// Hits are visited while the page streams in. A scroll cannot be asked for the same page twice:
// what a retry may have lost is found by comparing the hits with the announced total, and a page
// that broke off after a hit was shown is not asked again.
#include "elastic/scan.h"

#include "limits.h"

enum scan_state { SCAN_FIRST, SCAN_NEXT, SCAN_CLEAR, SCAN_DONE, SCAN_FAILED };

static const struct retry_policy scan_clear_policy = {.attempts = 1, .base_ms = 1, .max_ms = 1};

void scan_init(struct scan *s, struct plan *plan)
{
    struct {
        struct buf *b;
        isize bytes;
    } parts[] = {
        {&s->scroll_id, SCAN_SCROLL_ID_BYTES},  {&s->rest, SCAN_REST_BYTES},
        {&s->element, SCAN_ELEMENT_BYTES},      {&s->fields, SCAN_ELEMENT_BYTES},
        {&s->body, SCAN_SCROLL_ID_BYTES + 256}, {&s->detail, EXCHANGE_DETAIL_BYTES},
    };
    isize bytes = 0;
    for (isize i = 0; i < COUNT(parts); i++) {
        bytes += parts[i].bytes;
    }
    u8 *at = plan_take(plan, "scan", bytes, 1,
                       "scroll id, request, answer, one hit as JSON and decoded");
    for (isize i = 0; i < COUNT(parts); i++) {
        *parts[i].b = buf_over(at, parts[i].bytes);
        at += parts[i].bytes;
    }
    s->nodes = plan_take_n(plan, "scan nodes", struct json_node, SCAN_NODES, "values of one hit");
}

void scan_start(struct scan *s, struct elastic *es, str index,
                bool (*visit)(void *st, const struct scan_hit *hit), void *visit_st)
{
    s->es = es;
    s->index = index;
    s->visit = visit;
    s->visit_st = visit_st;
    s->error = OK;
    s->hits = 0;
    s->unread_hits = 0;
    s->page_hits = 0;
    s->total = -1;
    s->pending = false;
    s->state = SCAN_FIRST;
    buf_reset(&s->detail);
    buf_reset(&s->scroll_id);
}

// ---- requests

static void scan_put_scroll_id(struct scan *s)
{
    buf_put(&s->body, S("{\"scroll_id\":\""));
    buf_put(&s->body, buf_str(&s->scroll_id));
    buf_put(&s->body, S("\""));
}

static void scan_give_up(struct scan *s, err e, str detail)
{
    s->error = e;
    buf_reset(&s->detail);
    elastic_put_cut(&s->detail, detail, detail.n);
    s->state = s->scroll_id.n ? SCAN_CLEAR : SCAN_FAILED;
}

static enum step scan_next(void *st, i64 now_ms, struct exchange *x)
{
    (void)now_ms;
    struct scan *s = st;
    str method = S("POST");
    if (s->page_hits > 0 && (s->state == SCAN_FIRST || s->state == SCAN_NEXT)) {
        scan_give_up(s, FAIL(ES_SCROLL_LOST), S("the connection broke within a page"));
    }
    buf_reset(&s->body);
    buf_reset(&s->rest);
    s->page_hits = 0;
    s->pending = false;
    s->page_whole = false;
    switch ((enum scan_state)s->state) {
    case SCAN_FIRST:
        buf_put(&x->target, S("/"));
        url_put_encoded(&x->target, s->index);
        buf_put(&x->target, S("/_search?scroll=5m"));
        buf_put(&s->body, S("{\"size\":"));
        buf_put_i64(&s->body, SCAN_PAGE_HITS);
        buf_put(&s->body, S(",\"sort\":[\"_doc\"],\"_source\":[\"id\",\"_timestamp\","
                            "\"_allow_access_control\",\"type\"]}"));
        break;
    case SCAN_NEXT:
        buf_put(&x->target, S("/_search/scroll"));
        scan_put_scroll_id(s);
        buf_put(&s->body, S(",\"scroll\":\"5m\"}"));
        break;
    case SCAN_CLEAR:
        method = S("DELETE");
        buf_put(&x->target, S("/_search/scroll"));
        scan_put_scroll_id(s);
        buf_put(&s->body, S("}"));
        break;
    case SCAN_DONE:
        return STEP_DONE;
    case SCAN_FAILED:
        return STEP_FAILED;
    }
    elastic_request(s->es, x, method, buf_str(&s->body), false);
    x->flags |= EXCHANGE_GZIP;
    if (s->state == SCAN_CLEAR) {
        x->retry = &scan_clear_policy;
    }
    return STEP_REQUEST;
}

// ---- one hit

static str scan_decode(struct scan *s, const struct json *j, int node)
{
    isize from = s->fields.n;
    if (!json_put_string(j, node, &s->fields) || s->fields.full) {
        s->fields.full = false;
        s->fields.n = from;
        return S("");
    }
    return str_from_index(buf_str(&s->fields), from);
}

// A value as JSON text: a string with its quotes.
static str scan_raw(const struct json *j, int node)
{
    str raw = json_raw(j, node);
    if (json_type(j, node) == JSON_STRING) {
        raw = str_make(raw.p - 1, raw.n + 2);
    }
    return raw;
}

// false: no hit that could be named.
static bool scan_read_hit(struct scan *s)
{
    struct json j;
    if (s->stream.cut || !err_ok(json_parse(&j, s->stream.element, s->nodes, SCAN_NODES))) {
        return false;
    }
    buf_reset(&s->fields);
    int source = json_get(&j, 0, S("_source"));
    int id = json_get(&j, source, S("id"));
    s->hit = (struct scan_hit){.doc_id = scan_decode(s, &j, json_get(&j, 0, S("_id")))};
    switch (json_type(&j, id)) {
    case JSON_NONE:
    case JSON_NULL:
        s->hit.id = s->hit.doc_id;
        break;
    case JSON_STRING:
        s->hit.id = scan_decode(s, &j, id);
        break;
    case JSON_OBJECT:
    case JSON_ARRAY:
    case JSON_NUMBER:
    case JSON_TRUE:
    case JSON_FALSE:
        s->hit.id = json_raw(&j, id);
        break;
    }
    s->hit.timestamp = scan_raw(&j, json_get(&j, source, S("_timestamp")));
    int owners = json_get(&j, source, S("_allow_access_control"));
    if (json_type(&j, owners) == JSON_ARRAY && json_size(&j, owners) == 1) {
        s->hit.owner = scan_decode(s, &j, json_first(&j, owners));
    } else {
        s->hit.owner = scan_decode(s, &j, owners);
    }
    s->hit.type = scan_decode(s, &j, json_get(&j, source, S("type")));
    return s->hit.id.n > 0 && s->hit.doc_id.n > 0 && s->hit.doc_id.n <= ELASTIC_ID_BYTES;
}

// false: the visitor does not want it now.
static bool scan_show(struct scan *s)
{
    if (!s->visit(s->visit_st, &s->hit)) {
        s->pending = true;
        return false;
    }
    s->pending = false;
    s->hits++;
    return true;
}

// ---- answers

static err scan_head(void *st, struct exchange *x, const struct http_head *head)
{
    (void)x;
    struct scan *s = st;
    s->status = head->status;
    struct json_stream_target hits = {.elements_of = S("hits.hits")};
    json_stream_init(&s->stream, hits, &s->rest, &s->element);
    return OK;
}

// A scroll has an end: a page has no more hits than were asked for, all pages together no more than
// the index announced with the first one.
static err scan_check_count(const struct scan *s, struct exchange *x)
{
    i64 most = s->total >= 0 ? s->total : SCAN_HITS_MAX;
    i64 seen = s->hits + s->unread_hits;
    if (s->page_hits <= SCAN_PAGE_HITS && seen <= most) {
        return OK;
    }
    buf_put_i64(&x->detail, seen > most ? most : SCAN_PAGE_HITS);
    elastic_put_cut(&x->detail, S(" documents were to be listed, and there came more"), 49);
    return FAIL(ES_SCROLL_LOST);
}

static err scan_body(void *st, struct exchange *x, str *in)
{
    struct scan *s = st;
    if (s->status != 200 || s->state == SCAN_CLEAR) {
        elastic_keep(&s->rest, in);
        return OK;
    }
    if (s->pending) {
        if (!scan_show(s)) {
            return OK;
        }
        TRY(scan_check_count(s, x));
    }
    for (;;) {
        switch (json_stream_next(&s->stream, in)) {
        case JSON_EVENT_MORE:
            return OK;
        case JSON_EVENT_ELEMENT:
            s->page_hits++;
            if (!scan_read_hit(s)) {
                s->unread_hits++;
            } else if (!scan_show(s)) {
                return OK;
            }
            TRY(scan_check_count(s, x));
            break;
        case JSON_EVENT_PIECE:
        case JSON_EVENT_STRING_END:
            break;
        case JSON_EVENT_END:
            s->page_whole = true;
            break;
        case JSON_EVENT_BAD:
            elastic_put_cut(&x->detail, S("a page of hits is not JSON"), 26);
            return FAIL(ES_ANSWER);
        }
    }
}

static err scan_refused(struct scan *s, struct exchange *x)
{
    elastic_put_cut(&x->detail, S("listing index ["), 15);
    elastic_put_cut(&x->detail, s->index, s->index.n);
    elastic_put_cut(&x->detail, S("] (privilege read)"), 18);
    struct elastic_error words = elastic_error_of(buf_str(&s->rest));
    if (words.type.n || words.reason.n) {
        elastic_put_cut(&x->detail, S(": "), 2);
        elastic_put_error(&x->detail, &words);
    }
    if (s->state == SCAN_NEXT && s->status == 404) {
        return FAIL(ES_SCROLL_LOST);
    }
    return elastic_status_error(s->status);
}

static i64 scan_number(const struct json *j, str path)
{
    i64 v;
    return json_i64(j, json_path(j, 0, path), &v) ? v : 0;
}

static err scan_check_shards(struct exchange *x, const struct json *j)
{
    i64 total = scan_number(j, S("_shards.total"));
    i64 reached = scan_number(j, S("_shards.successful")) + scan_number(j, S("_shards.skipped"));
    i64 failed = scan_number(j, S("_shards.failed"));
    bool late = json_type(j, json_get(j, 0, S("timed_out"))) == JSON_TRUE;
    if (!late && failed == 0 && reached >= total) {
        return OK;
    }
    struct elastic_error words = elastic_error_at(j,
                                                  json_path(j, 0, S("_shards.failures.0.reason")));
    elastic_put_cut(&x->detail, late ? S("timed out") : S("shards failed"), 16);
    if (words.type.n) {
        elastic_put_cut(&x->detail, S(": "), 2);
        elastic_put_error(&x->detail, &words);
    }
    return FAIL(ES_SHARDS);
}

static void scan_note_total(struct scan *s, const struct json *j)
{
    int total = json_path(j, 0, S("hits.total"));
    bool exact = json_equals(j, json_get(j, total, S("relation")), S("eq"));
    i64 value;
    if (exact && json_i64(j, json_get(j, total, S("value")), &value)) {
        s->total = value;
    }
}

static err scan_end_page(struct scan *s, struct exchange *x)
{
    struct json j;
    if (!s->page_whole || !err_ok(json_parse(&j, buf_str(&s->rest), s->nodes, SCAN_NODES))) {
        elastic_put_cut(&x->detail, S("a page of hits is not whole"), 27);
        return FAIL(ES_ANSWER);
    }
    int id = json_get(&j, 0, S("_scroll_id"));
    if (json_type(&j, id) == JSON_STRING) {
        buf_reset(&s->scroll_id);
        buf_put(&s->scroll_id, json_raw(&j, id));
    }
    TRY(scan_check_shards(x, &j));
    if (s->scroll_id.full || s->scroll_id.n == 0) {
        buf_reset(&s->scroll_id);
        elastic_put_cut(&x->detail, S("the scroll id is missing or too long"), 36);
        return FAIL(ES_ANSWER);
    }
    if (s->state == SCAN_FIRST) {
        scan_note_total(s, &j);
        TRY(scan_check_count(s, x));
    }
    if (s->page_hits > 0) {
        s->page_hits = 0;
        s->state = SCAN_NEXT;
        return OK;
    }
    if (s->total >= 0 && s->total != s->hits + s->unread_hits) {
        buf_put_i64(&x->detail, s->hits + s->unread_hits);
        elastic_put_cut(&x->detail, S(" documents were listed of "), 26);
        buf_put_i64(&x->detail, s->total);
        return FAIL(ES_SCROLL_LOST);
    }
    s->state = SCAN_CLEAR;
    return OK;
}

static err scan_end(void *st, struct exchange *x)
{
    struct scan *s = st;
    if (s->state == SCAN_CLEAR) {
        s->state = err_ok(s->error) ? SCAN_DONE : SCAN_FAILED;
        return OK;
    }
    if (s->state == SCAN_FIRST && s->status == 404) {
        s->state = SCAN_DONE; // no index, no documents
        return OK;
    }
    if (s->status != 200) {
        err e = scan_refused(s, x);
        return err_ok(e) ? FAIL(ES_ANSWER) : e;
    }
    return scan_end_page(s, x);
}

static void scan_fail(void *st, struct exchange *x, err e)
{
    struct scan *s = st;
    if (s->state == SCAN_CLEAR) {
        s->state = err_ok(s->error) ? SCAN_DONE : SCAN_FAILED;
        return;
    }
    scan_give_up(s, e, buf_str(&x->detail));
}

const struct machine_ops scan_ops = {
    .name = "elasticsearch scan",
    .next = scan_next,
    .head = scan_head,
    .body = scan_body,
    .end = scan_end,
    .fail = scan_fail,
};
