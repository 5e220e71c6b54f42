// SPDX-License-Identifier: Apache-2.0
// Walking over the users (see graph_users.h). A page that is read again names the same users again;
// one that cannot be read fails, because a directory with a hole would let documents be deleted.
#include "source/outlook/graph_users.h"

#include <string.h>

#include "source/outlook/graph_answer.h"
#include "source/outlook/graph_link.h"
#include "source/outlook/outlook_way.h"

enum { USERS_NODES = 64 };
_Static_assert(GRAPH_LINK_BYTES + OUTLOOK_FIELD_BYTES <= GRAPH_USER_BYTES / 2, "as a URL");

// ---- asking

static enum step users_ask_page(struct outlook *o, struct graph_users *u, i64 now_ms,
                                struct exchange *x)
{
    u->page_read = u->pending = false;
    u->elements = 0;
    u->element = buf_over(u->element_bytes, GRAPH_USER_BYTES);
    u->rest = buf_over(u->rest_bytes, GRAPH_REST_BYTES);
    json_stream_init(&u->stream, (struct json_stream_target){.elements_of = S("value")}, &u->rest,
                     &u->element);
    if (u->link_bytes) {
        buf_put(&x->target, str_make(u->link, u->link_bytes));
    } else {
        buf_put(&x->target, S("/users?$top="));
        buf_put_i64(&x->target, u->probe ? 1 : MAILBOX_PAGE);
        buf_put(&x->target, S("&$select=id,displayName,mail,jobTitle,accountEnabled,userType"));
    }
    graph_call_ask(o, &u->call, (str){0}, now_ms, x);
    x->timeout_ms = u->probe ? OUTLOOK_PING_MS : 0;
    x->answer_bytes = EXCHANGE_PAGE_BYTES;
    return STEP_REQUEST;
}

enum step graph_users_next(void *src, void *st, i64 now_ms, struct exchange *x)
{
    struct outlook *o = src;
    struct graph_users *u = st;
    if (u->failed) {
        return STEP_FAILED;
    }
    if (u->is_complete) {
        return STEP_DONE;
    }
    u->call.pace = &u->pace;
    enum step step = graph_call_turn(o, &u->call, u, now_ms, x);
    if (step != STEP_DONE) {
        return step;
    }
    outlook_way_begin(o);
    if (o->run.way == OUTLOOK_WAY_ASKING_EWS) {
        step = outlook_token_step(o, ENTRA_EWS, u, now_ms, x);
        u->failed = step == STEP_DONE;
        return u->failed ? STEP_FAILED : step; // its answer decides: it cannot be there already
    }
    return users_ask_page(o, u, now_ms, x);
}

// ---- reading a page

static bool users_is_listed(str list, str address)
{
    while (list.n) {
        str line;
        bool found;
        list = str_cut(list, '\n', &line, &found);
        if (address.n && str_eq_nocase(str_trim(line), address)) {
            return true;
        }
    }
    return false;
}

// A text of the user; no pointer when there is none.
static str users_take_text(const struct json *j, str key, struct buf *text)
{
    isize from = text->n;
    int node = json_get(j, 0, key);
    return json_type(j, node) == JSON_STRING && json_put_string(j, node, text)
               ? str_trim(str_from_index(buf_str(text), from))
               : (str){0};
}

// Reads a user; u->pending: there is one to hand over.
static err users_read(const struct outlook *o, struct graph_users *u)
{
    const struct outlook_settings *s = &o->settings;
    struct json_node nodes[USERS_NODES];
    struct json j;
    if (u->stream.cut || !err_ok(json_parse(&j, u->stream.element, nodes, USERS_NODES)) ||
        json_type(&j, 0) != JSON_OBJECT) {
        return FAIL(GRAPH_ANSWER);
    }
    struct buf text = buf_over(u->text, COUNT(u->text));
    bool enabled = true;
    (void)json_bool(&j, json_get(&j, 0, S("accountEnabled")), &enabled);
    u->address = users_take_text(&j, S("mail"), &text);
    u->id = users_take_text(&j, S("id"), &text);
    u->name = users_take_text(&j, S("displayName"), &text);
    u->title = users_take_text(&j, S("jobTitle"), &text);
    if (text.full || u->id.n == 0) {
        return FAIL(GRAPH_ANSWER);
    }
    bool read = enabled || s->include_disabled || users_is_listed(s->include, u->address);
    u->flags = users_is_listed(s->exclude, u->address) ? S("excluded")
               : read                                  ? (str){0}
                                                       : S("disabled");
    u->no_mailbox = u->address.n == 0;
    u->pending = !json_equals(&j, json_get(&j, 0, S("userType")), S("Guest"));
    return OK;
}

static bool users_offer(struct graph_users *u, const struct account_sink *to)
{
    struct account account = {
        .address = u->address,
        .flags = u->flags,
        .name = u->name,
        .id = u->id,
        .title = u->title,
        .no_mailbox = u->no_mailbox,
    };
    return to->take(to->st, &account);
}

static err users_take_page(struct outlook *o, struct graph_users *u)
{
    struct json_node nodes[USERS_NODES];
    struct json j;
    // The last element was dealt with: its place is free.
    struct buf link = buf_over(u->element_bytes, GRAPH_USER_BYTES / 2);
    struct buf target = buf_over(u->element_bytes + GRAPH_USER_BYTES / 2, GRAPH_LINK_BYTES);
    enum graph_link kind;
    if (u->rest.full || !err_ok(json_parse(&j, buf_str(&u->rest), nodes, USERS_NODES))) {
        return FAIL(GRAPH_ANSWER);
    }
    TRY(graph_answer_page(&j, &kind, &link));
    if (kind == GRAPH_LINK_NEXT) {
        TRY(graph_link_take(&target, &o->run.graph, buf_str(&link)));
        if (str_eq(buf_str(&target), str_make(u->link, u->link_bytes)) ||
            ++u->pages == GRAPH_PAGES_MAX) {
            return FAIL(GRAPH_ANSWER);
        }
    }
    memcpy(u->link, target.p, (size_t)target.n);
    u->link_bytes = target.n;
    u->is_complete = kind != GRAPH_LINK_NEXT || u->probe;
    u->page_read = true;
    return OK;
}

static err users_read_page(struct outlook *o, struct graph_users *u, str *in,
                           const struct account_sink *to)
{
    if (u->pending) {
        if (!users_offer(u, to)) {
            return OK;
        }
        u->pending = false;
        *in = str_from_index(*in, 1); // the byte that was given back
    }
    while (!u->page_read) {
        switch (json_stream_next(&u->stream, in)) {
        case JSON_EVENT_ELEMENT:
            if (++u->elements > MAILBOX_PAGE) {
                return FAIL(GRAPH_ANSWER); // more than were asked for
            }
            TRY(users_read(o, u));
            if (u->pending && !users_offer(u, to)) {
                // One byte back, so that there is something to call again with.
                *in = str_make(in->p - 1, in->n + 1);
                return OK;
            }
            u->pending = false;
            break;
        case JSON_EVENT_END:
            TRY(users_take_page(o, u));
            break;
        case JSON_EVENT_MORE:
            return OK;
        case JSON_EVENT_BAD:
            return FAIL(GRAPH_ANSWER);
        case JSON_EVENT_PIECE:
        case JSON_EVENT_STRING_END:
            break;
        }
    }
    *in = str_from_index(*in, in->n);
    return OK;
}

// ---- one exchange

err graph_users_head(void *src, void *st, struct exchange *x, const struct http_head *head)
{
    (void)x;
    struct graph_users *u = st;
    return graph_call_head(src, &u->call, u, head);
}

static bool users_take_none(void *st, const struct account *a)
{
    (void)st, (void)a;
    return true;
}

err graph_users_body(void *src, void *st, struct exchange *x, str *in,
                     const struct account_sink *to)
{
    (void)x;
    static const struct account_sink none = {.take = users_take_none};
    struct graph_users *u = st;
    if (graph_call_takes(src, &u->call, u, in, &u->rest)) {
        return OK;
    }
    return users_read_page(src, u, in, u->probe ? &none : to);
}

err graph_users_end(void *src, void *st, struct exchange *x)
{
    struct outlook *o = src;
    struct graph_users *u = st;
    bool token = outlook_token_is_asking(o, u);
    err e = graph_call_end(o, &u->call, u, buf_str(&u->rest), x);
    if (token) {
        return o->run.way == OUTLOOK_WAY_ASKING_EWS ? outlook_way_decide(o, e, x) : e;
    }
    if (err_is(e, ERR_GRAPH_DENIED)) {
        // There is no mailbox that it could be about, on whichever page: a permission that is taken
        // away in the middle ends the walk as one that was never there, and nothing is purged.
        return FAIL(GRAPH_PERMISSION);
    }
    bool whole = u->call.outcome == GRAPH_AGAIN || u->page_read;
    return err_ok(e) && !whole ? FAIL(GRAPH_ANSWER) : e;
}

bool graph_users_fail(void *src, void *st, struct exchange *x, err e)
{
    (void)x, (void)e; // sync keeps it
    struct graph_users *u = st;
    if (outlook_token_fail(src, u)) {
        return true;
    }
    graph_call_stop(src, &u->call, u);
    u->failed = true;
    return false;
}
