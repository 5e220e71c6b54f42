// SPDX-License-Identifier: Apache-2.0
// $batch of the fake Graph: up to twenty requests in one, which may wait for each other; the
// answers come in another order (spec/wire-graph.md 10).
#include <string.h>

#include "graph_core.h"

#define PARTS_MAX T_GRAPH_PARTS_MAX
#define BODY_TYPE "application/json"

struct part {
    str id, url; // decoded, in `store`
    str depends; // the array, or empty
    struct t_request q;
    struct t_buf store; // never grows once it is in use
    bool has_type, absolute, done;
    int status;
    const char *content_type;
    struct t_buf head, out;
};

struct batch {
    struct graph_call *c;
    struct part parts[PARTS_MAX];
    int count;
    i64 delay_ms;
};

static bool text_into(struct part *p, str value, str *out)
{
    isize at = p->store.n;
    bool ok = t_json_is_string(value) && t_json_text(value, &p->store);
    *out = str_slice(t_buf_str(&p->store), at, p->store.n);
    return ok;
}

static bool read_headers(struct part *p, str object)
{
    isize at = 0;
    str key, value;
    bool ok = t_json_is_object(object);
    while (ok && t_json_member(object, &at, &key, &value)) {
        struct t_header *h = &p->q.headers[p->q.header_count];
        ok = p->q.header_count < T_HEADERS_MAX && text_into(p, value, &h->value);
        h->name = key;
        p->q.header_count++;
        p->has_type = p->has_type || str_eq_nocase(key, S("content-type"));
    }
    return ok;
}

static bool read_part(struct batch *b, struct part *p, str o)
{
    str v, method, url, headers;
    t_buf_grab(&p->store, 2 * o.n + 64); // the url is there twice
    p->store.n = 0;
    p->q = (struct t_request){.service = T_GRAPH, .link = b->c->q->link};
    bool ok = t_json_is_object(o) && t_json_get(o, "id", &v) && text_into(p, v, &p->id) &&
              p->id.n > 0 && t_json_get(o, "method", &v) && text_into(p, v, &method) &&
              t_json_get(o, "url", &v) && text_into(p, v, &url);
    for (int i = 0; ok && i < b->count; i++) {
        ok = !str_eq(b->parts[i].id, p->id);
    }
    if (!ok) {
        return false;
    }
    p->q.method = method;
    p->absolute = str_find(url, S("://")) >= 0;
    isize at = p->store.n;
    bool found = false;
    t_buf_z(&p->store, url.n > 0 && url.p[0] == '/' ? "/v1.0" : "/v1.0/");
    t_buf_put(&p->store, url);
    str whole = str_slice(t_buf_str(&p->store), at, p->store.n);
    p->q.query = str_cut(whole, '?', &p->q.path, &found);
    if (t_json_get(o, "headers", &headers) && !read_headers(p, headers)) {
        return false;
    }
    ASSERT(p->store.n <= 2 * o.n + 64);
    if (t_json_get(o, "dependsOn", &p->depends) && !t_json_is_array(p->depends)) {
        return false;
    }
    if (t_json_get(o, "body", &v)) {
        p->q.body = v;
    }
    return true;
}

static struct part *find(struct batch *b, str id)
{
    for (int i = 0; i < b->count; i++) {
        if (str_eq(b->parts[i].id, id)) {
            return &b->parts[i];
        }
    }
    return NULL;
}

// 1 may run, 0 waits, -1 a part that it waited for failed, -2 there is no such part.
static int ready(struct batch *b, const struct part *p)
{
    isize at = 0;
    str element;
    struct t_buf id = {0};
    int result = 1;
    while (p->depends.n > 0 && t_json_element(p->depends, &at, &element) && result != -2) {
        id.n = 0;
        const struct part *other = t_json_is_string(element) && t_json_text(element, &id)
                                       ? find(b, t_buf_str(&id))
                                       : NULL;
        result = !other || other == p                         ? -2
                 : result < 0 || !other->done                 ? (result < 0 ? result : 0)
                 : other->status < 200 || other->status > 299 ? -1
                                                              : result;
    }
    t_buf_free(&id);
    return result;
}

// The header lines of a response become those of the part, without what only a response has.
static void take_head(struct part *p, str lines)
{
    while (lines.n > 0) {
        isize end = str_find(lines, S("\r\n"));
        str line = end < 0 ? lines : str_slice(lines, 0, end);
        lines = end < 0 ? (str){0} : str_from_index(lines, end + 2);
        if (!str_starts_nocase(line, S("content-type:")) &&
            !str_starts_nocase(line, S("www-authenticate:")) &&
            !str_starts_nocase(line, S("date:"))) {
            t_buf_put(&p->head, line);
            t_buf_z(&p->head, "\r\n");
        }
    }
}

// A fault on request, also one that leaves a request without an answer: the front end gave up.
static bool fault(struct batch *b, struct part *p)
{
    struct t_response r;
    t_response_init(&r);
    bool due = faults_apply(b->c->t, &p->q, &r);
    b->delay_ms += r.delay_ms;
    if (due && (r.reset || r.hang || r.cut_after >= 0)) {
        graph_fault(b->c->t, &p->q, &r, 504, "UnknownError", "");
    }
    if (due) {
        p->status = r.status;
        t_buf_put(&p->out, t_buf_str(&r.own));
        take_head(p, t_buf_str(&r.head));
        bool json = str_find(t_buf_str(&r.head), S("json")) >= 0;
        p->content_type = json ? NULL : "text/html";
    }
    t_response_free(&r);
    return due;
}

static void run(struct batch *b, struct part *p)
{
    struct graph_call *c = b->c;
    struct graph_call one = {.t = c->t,
                             .g = c->g,
                             .q = &p->q,
                             .base = c->base,
                             .mailbox = -1,
                             .roles = c->roles,
                             .part = true,
                             .chained = p->depends.n > 2,
                             .status = 200,
                             .flight = c->flight};
    c->g->parts++;
    if (fault(b, p)) {
        return;
    }
    if (p->absolute || str_ends(p->q.path, S("$batch"))) {
        graph_error(&one, 400, "BadRequest", "Invalid batch request url.");
    } else if (p->q.body.n > 0 && !p->has_type) {
        graph_error(&one, 400, "BadRequest",
                    "Write request id : does not contain Content-Type header or body.");
    } else {
        graph_run(&one);
    }
    p->status = one.status;
    p->content_type = one.content_type;
    p->out = one.out;
    take_head(p, t_buf_str(&one.head));
    one.out = (struct t_buf){0};
    graph_call_free(&one);
}

static void fail_dependent(struct batch *b, struct part *p)
{
    struct graph_call one = {.t = b->c->t, .g = b->c->g, .q = &p->q};
    graph_error(&one, 424, "FailedDependency", "A request that this one depends on failed.");
    p->status = 424;
    p->out = one.out;
}

// false: parts wait for each other in a circle.
static bool run_all(struct batch *b)
{
    int left = b->count;
    for (int round = 0; round < b->count && left > 0; round++) {
        for (int i = 0; i < b->count; i++) {
            struct part *p = &b->parts[i];
            int state = p->done ? 0 : ready(b, p);
            if (state == 1) {
                run(b, p);
            } else if (state == -1) {
                fail_dependent(b, p);
            }
            p->done = p->done || state == 1 || state == -1;
            left -= state == 1 || state == -1 ? 1 : 0;
        }
    }
    return left == 0;
}

static void put_headers(const struct part *p, struct t_writer *w)
{
    str lines = t_buf_str(&p->head);
    t_json_key(w, "headers");
    t_json_open(w, '{');
    while (lines.n > 0) {
        isize end = str_find(lines, S("\r\n"));
        str name, line = str_slice(lines, 0, end);
        bool found = false;
        str value = str_trim(str_cut(line, ':', &name, &found));
        lines = str_from_index(lines, end + 2);
        t_json_item(w);
        t_json_put_string(w->b, name);
        t_buf_byte(w->b, ':');
        t_json_put_string(w->b, value);
    }
    t_json_put_member(w, "Cache-Control", S("private"));
    if (p->out.n > 0) {
        t_json_put_member(w, "Content-Type",
                          str_from(p->content_type ? p->content_type : BODY_TYPE));
    }
    t_json_close(w, '}');
}

static void put_part(const struct part *p, struct t_writer *w)
{
    t_json_item(w);
    t_json_open(w, '{');
    t_json_put_member(w, "id", p->id);
    t_json_put_number(w, "status", p->status);
    put_headers(p, w);
    if (p->out.n > 0) {
        t_json_key(w, "body");
        if (p->content_type) { // base64, unless it is JSON
            t_buf_byte(w->b, '"');
            t_base64_put(w->b, t_buf_str(&p->out), false);
            t_buf_byte(w->b, '"');
        } else {
            t_buf_put(w->b, t_buf_str(&p->out));
        }
    }
    t_json_close(w, '}');
}

static void answer(struct batch *b)
{
    struct graph_call *c = b->c;
    c->out.n = 0;
    c->status = 200;
    struct t_writer w = graph_writer(c);
    t_json_open(&w, '{');
    t_json_key(&w, "responses");
    t_json_open(&w, '[');
    for (int i = 0; i < b->count; i++) {
        int turned = (i + b->count / 2) % b->count;
        put_part(&b->parts[c->g->turn % 2 ? b->count - 1 - i : turned], &w);
    }
    t_json_close(&w, ']');
    t_json_close(&w, '}');
}

// What is wrong with the batch as a whole; NULL: it can run.
static const char *read_batch(struct batch *b)
{
    str whole, list, element;
    isize at = 0;
    const struct t_request *q = b->c->q;
    if (!str_starts_nocase(t_request_header(q, "content-type"), S("application/json")) ||
        !t_json_whole(q->body, &whole) || !t_json_is_object(whole) ||
        !t_json_get(whole, "requests", &list) || !t_json_is_array(list)) {
        return "Invalid batch payload format.";
    }
    while (t_json_element(list, &at, &element)) {
        if (b->count == PARTS_MAX) {
            return "Number of batch requests exceeds the maximum of 20.";
        }
        if (!read_part(b, &b->parts[b->count], element)) {
            b->count++;
            return "Invalid batch payload format.";
        }
        b->count++;
    }
    for (int i = 0; i < b->count; i++) {
        if (ready(b, &b->parts[i]) == -2) {
            return "Batch request dependency is not valid.";
        }
    }
    return b->count > 0 ? NULL : "Invalid batch payload format.";
}

void graph_batch_answer(struct graph_call *c, i64 *delay_ms)
{
    struct batch *b = t_alloc((isize)sizeof(*b));
    b->c = c;
    c->g->turn++;
    c->g->batches++;
    const char *error = t_request_is(c->q, "POST") ? read_batch(b) : "POST is expected.";
    if (!error && !run_all(b)) {
        error = "Batch request dependency is circular.";
    }
    if (error) {
        graph_error(c, 400, "BadRequest", error);
    } else {
        answer(b);
    }
    *delay_ms = b->delay_ms;
    for (int i = 0; i < b->count; i++) {
        t_buf_free(&b->parts[i].store);
        t_buf_free(&b->parts[i].head);
        t_buf_free(&b->parts[i].out);
    }
    t_free(b);
}
