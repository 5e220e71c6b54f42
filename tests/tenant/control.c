// SPDX-License-Identifier: Apache-2.0
// The control port: what a test changes and looks at while the tenant runs. Bodies and answers are
// JSON; README.md lists them.
#include <stdio.h>
#include <string.h>

#include "model.h"

static const char *const state_names[T_USER_STATES] = {
    [T_USER_OK] = "ok",
    [T_USER_SUSPENDED] = "suspended",
    [T_USER_SUSPENDED_GET] = "suspended_get",
    [T_USER_ARCHIVED] = "archived",
    [T_USER_NO_MAIL] = "no_mail",
    [T_USER_DELEGATION] = "delegation",
    [T_USER_UNAUTHORIZED] = "unauthorized",
    [T_USER_DOMAIN_POLICY] = "domain_policy",
    [T_USER_PRECONDITION] = "precondition",
    [T_USER_DELETED] = "deleted",
};

static void refuse(struct t_response *r, int status, const char *text)
{
    r->status = status;
    r->own.n = 0;
    struct t_writer w = {.b = &r->own};
    t_json_open(&w, '{');
    t_json_put_member(&w, "error", str_from(text));
    t_json_close(&w, '}');
}

static int find_user(struct tenant *t, str o, struct t_response *r)
{
    struct t_buf name = {0};
    int mailbox = t_json_get_text(o, "user", &name) ? content_mailbox(t, t_buf_str(&name)) : -1;
    t_buf_free(&name);
    if (mailbox < 0) {
        refuse(r, 404, "no such user");
    }
    return mailbox;
}

// ---- users
// ---------------------------------------------------------------------------------------

static void set_user(struct tenant *t, str o, struct t_response *r)
{
    struct t_buf name = {0}, state = {0};
    t_json_get_text(o, "user", &name);
    t_json_get_text(o, "state", &state);
    int wanted = -1;
    for (int i = 0; i < T_USER_STATES; i++) {
        wanted = str_eq(t_buf_str(&state), str_from(state_names[i])) ? i : wanted;
    }
    int mailbox = content_mailbox(t, t_buf_str(&name));
    str local;
    bool found = false;
    str_cut(t_buf_str(&name), '@', &local, &found);
    if (mailbox < 0 && t_json_bool(o, "add", false) && local.n > 0) {
        mailbox = tenant_add_mailbox(t, local);
    }
    if (mailbox < 0) {
        refuse(r, 404, "no such user");
    } else if (wanted >= 0) {
        t->users[mailbox].state = (enum t_state)wanted;
        t_buf_z(&r->own, "{\"ok\":true}");
    } else {
        refuse(r, 400,
               "state: ok suspended suspended_get archived no_mail delegation unauthorized "
               "domain_policy precondition deleted");
    }
    t_buf_free(&name);
    t_buf_free(&state);
}

static void show_users(const struct tenant *t, struct t_response *r)
{
    struct t_writer w = {.b = &r->own};
    for (int i = 0; i < t->user_count; i++) {
        const struct t_user *u = &t->users[i];
        t_json_open(&w, '{');
        t_json_put_member(&w, "user", str_from(u->email));
        t_json_put_member(&w, "state", str_from(state_names[u->state]));
        t_json_put_number(&w, "messages", content_live(t, i));
        t_json_put_number(&w, "requests", u->requests);
        t_json_put_number(&w, "quota_units", u->units);
        t_json_put_number(&w, "max_units_window", u->max_window_units);
        t_json_put_number(&w, "max_concurrent", u->max_in_flight);
        t_json_close(&w, '}');
        t_buf_byte(&r->own, '\n');
    }
}

// ---- messages
// ------------------------------------------------------------------------------------

static void put_ids(int mailbox, i64 from, i64 to, struct t_writer *w)
{
    t_json_open(w, '[');
    for (i64 i = from; i < to; i++) {
        t_json_item(w);
        t_buf_printf(w->b, "\"%016llx\"", (unsigned long long)content_id(mailbox, i));
    }
    t_json_close(w, ']');
}

static void add_raw(struct tenant *t, int mailbox, str raw64, i64 internal_ms)
{
    struct t_buf text = {0}, raw = {0}, encoded = {0};
    struct t_stored *s = content_add(t, mailbox, internal_ms);
    t_json_text(raw64, &text);
    t_base64_decode(&raw, t_buf_str(&text));
    t_base64_put(&encoded, t_buf_str(&raw), true);
    s->bytes = raw.n;
    s->encoded = encoded.p;
    s->encoded_bytes = encoded.n;
    t_buf_free(&text);
    t_buf_free(&raw);
}

static void add_messages(struct tenant *t, int mailbox, str o)
{
    str raw;
    i64 internal_ms = t_json_i64(o, "internal_ms", t->now_ms);
    if (t_json_get(o, "raw", &raw)) {
        add_raw(t, mailbox, raw, internal_ms);
    }
    for (i64 n = t_json_i64(o, "add", 0); n > 0; n--) {
        struct t_stored *s = content_add(t, mailbox, internal_ms);
        s->bytes = t_json_i64(o, "bytes", t->o.message_bytes);
    }
}

static i64 delete_some(struct tenant *t, int mailbox, i64 count, bool newest)
{
    i64 places = content_count(&t->users[mailbox]), deleted = 0;
    for (i64 i = 0; i < places && deleted < count; i++) {
        deleted += content_delete(t, mailbox, newest ? places - 1 - i : i) ? 1 : 0;
    }
    return deleted;
}

static i64 delete_ids(struct tenant *t, int mailbox, str ids)
{
    struct t_buf text = {0};
    str element;
    isize at = 0;
    i64 deleted = 0;
    while (t_json_is_array(ids) && t_json_element(ids, &at, &element)) {
        u64 id = 0;
        text.n = 0;
        if (t_json_text(element, &text) && str_to_u64_hex(t_buf_str(&text), &id)) {
            deleted += content_delete(t, mailbox, content_index(t, mailbox, id)) ? 1 : 0;
        }
    }
    t_buf_free(&text);
    return deleted;
}

static void change_messages(struct tenant *t, str o, struct t_response *r)
{
    int mailbox = find_user(t, o, r);
    if (mailbox < 0) {
        return;
    }
    str ids;
    i64 deleted = t_json_get(o, "delete", &ids) ? delete_ids(t, mailbox, ids) : 0;
    deleted += delete_some(t, mailbox, t_json_i64(o, "delete_newest", 0), true);
    deleted += delete_some(t, mailbox, t_json_i64(o, "delete_oldest", 0), false);
    i64 before = content_count(&t->users[mailbox]);
    add_messages(t, mailbox, o);
    struct t_writer w = {.b = &r->own};
    t_json_open(&w, '{');
    t_json_put_number(&w, "deleted", deleted);
    t_json_key(&w, "added");
    put_ids(mailbox, before, content_count(&t->users[mailbox]), &w);
    t_json_close(&w, '}');
}

struct mail_stream {
    struct tenant *t;
    int mailbox, last;
    i64 index;
    bool bare; // without raw
};

static bool produce_mail(void *st, struct t_buf *out)
{
    struct mail_stream *s = st;
    struct t_message m;
    if (s->mailbox <= s->last && s->index < content_count(&s->t->users[s->mailbox])) {
        if (content_find(s->t, s->mailbox, s->index, &m)) {
            t_buf_printf(
                out,
                "{\"user\":\"%s\",\"id\":\"%016llx\",\"internalDate\":\"%lld\",\"labels\":%d,"
                "\"bytes\":%lld",
                m.user->email, (unsigned long long)m.id, (long long)m.internal_ms, m.labels,
                (long long)m.bytes);
            if (!s->bare) {
                struct t_buf raw = {0};
                content_put_raw(s->t, &m, &raw);
                t_buf_z(out, ",\"raw\":\"");
                t_base64_put(out, t_buf_str(&raw), false);
                t_buf_byte(out, '"');
                t_buf_free(&raw);
            }
            t_buf_z(out, "}\n");
        }
        s->index++;
        return true;
    }
    s->index = 0;
    s->mailbox++;
    return s->mailbox <= s->last;
}

static void show_messages(struct tenant *t, const struct t_request *q, struct t_response *r)
{
    struct t_buf name = {0}, bare = {0};
    bool one = t_query_get(q->query, "user", 0, &name);
    int mailbox = one ? content_mailbox(t, t_buf_str(&name)) : 0;
    if (mailbox < 0) {
        refuse(r, 404, "no such user");
    } else {
        struct mail_stream *s = t_alloc((isize)sizeof(*s));
        *s = (struct mail_stream){
            .t = t, .mailbox = mailbox, .last = one ? mailbox : t->user_count - 1};
        s->bare = t_query_get(q->query, "bare", 0, &bare);
        r->produce = produce_mail;
        r->produce_st = s;
        r->produce_free = t_free;
    }
    t_buf_free(&name);
    t_buf_free(&bare);
}

// ---- the rest
// ------------------------------------------------------------------------------------

static void revoke_tokens(struct tenant *t, str o, struct t_response *r)
{
    struct t_buf name = {0};
    i64 revoked = 0;
    t_json_get_text(o, "revoke", &name);
    bool all = str_eq(t_buf_str(&name), S("all"));
    int mailbox = content_mailbox(t, t_buf_str(&name));
    for (isize i = 0; i < t->token_count; i++) {
        if (all || (mailbox >= 0 && t->tokens[i].mailbox == mailbox)) {
            revoked += t->tokens[i].revoked ? 0 : 1;
            t->tokens[i].revoked = true;
        }
    }
    t_buf_printf(&r->own, "{\"revoked\":%lld}", (long long)revoked);
    t_buf_free(&name);
}

static void set_options(struct tenant *t, str o, struct t_response *r)
{
    struct t_options *p = &t->o;
    str list;
    p->quota_user = t_json_i64(o, "quota_user", p->quota_user);
    p->quota_project = t_json_i64(o, "quota_project", p->quota_project);
    p->quota_window_ms = t_json_i64(o, "quota_window_ms", p->quota_window_ms);
    p->max_concurrent_user = (int)t_json_i64(o, "max_concurrent_user", p->max_concurrent_user);
    p->latency_ms = t_json_i64(o, "latency_ms", p->latency_ms);
    p->token_ttl_s = t_json_i64(o, "token_ttl_s", p->token_ttl_s);
    p->es_max_bytes = t_json_i64(o, "es_max_bytes", p->es_max_bytes);
    p->es_latency_ms = t_json_i64(o, "es_latency_ms", p->es_latency_ms);
    t->skew_ms = t_json_i64(o, "clock_skew_s", t->skew_ms / 1000) * 1000;
    t->o.list_admin = t_json_bool(o, "list_admin", t->o.list_admin);
    if (t_json_get(o, "scopes", &list)) {
        t->allowed_scopes = (str_find(list, S("\"directory\"")) >= 0 ? T_SCOPE_DIRECTORY : 0) |
                            (str_find(list, S("\"gmail\"")) >= 0 ? T_SCOPE_GMAIL : 0) |
                            (str_find(list, S("\"metadata\"")) >= 0 ? T_SCOPE_METADATA : 0);
    }
    t_buf_z(&r->own, "{\"ok\":true}");
}

static void show_docs(struct tenant *t, const struct t_request *q, struct t_response *r)
{
    struct t_buf index = {0}, stored = {0};
    t_query_get(q->query, "index", 0, &index);
    if (!elastic_stream_docs(t, t_buf_str(&index), t_query_get(q->query, "stored", 0, &stored),
                             r)) {
        refuse(r, 404, "no such index");
    }
    t_buf_free(&index);
    t_buf_free(&stored);
}

static void handle_get(struct tenant *t, const struct t_request *q, struct t_response *r, str what)
{
    struct t_writer w = {.b = &r->own, .pretty = true};
    if (str_eq(what, S("stats"))) {
        stats_put(t, &w);
    } else if (str_eq(what, S("faults"))) {
        faults_put(t, &w);
    } else if (str_eq(what, S("users"))) {
        show_users(t, r);
    } else if (str_eq(what, S("messages"))) {
        show_messages(t, q, r);
    } else if (str_eq(what, S("docs"))) {
        show_docs(t, q, r);
    } else if (str_eq(what, S("connectors")) || str_eq(what, S("jobs"))) {
        elastic_records(t, str_eq(what, S("jobs")), (str){0}, r);
    } else if (str_eq(what, S("exchange"))) {
        if (!exchange_show(t, q, r)) {
            refuse(r, 404, "no such user or folder");
        }
    } else if (str_eq(what, S("graph"))) {
        graph_show(t, r);
    } else {
        refuse(r, 404,
               "GET stats, faults, users, messages, docs, connectors, jobs, exchange, graph");
    }
}

static void change_exchange(struct tenant *t, str o, struct t_response *r)
{
    const char *error = NULL;
    if (!exchange_control(t, o, &r->own, &error)) {
        refuse(r, 400, error);
    }
}

static void change_microsoft(struct tenant *t, bool entra, str o, struct t_response *r)
{
    const char *error = NULL;
    if (!(entra ? entra_control(t, o, &r->own, &error) : graph_control(t, o, &r->own, &error))) {
        refuse(r, 400, error);
    }
}

static void handle_post(struct tenant *t, const struct t_request *q, struct t_response *r, str what)
{
    str o = {0};
    if (!t_json_whole(q->body.n > 0 ? q->body : S("{}"), &o) || !t_json_is_object(o)) {
        refuse(r, 400, "the body is not a JSON object");
    } else if (str_eq(what, S("faults"))) {
        faults_add(t, o);
        t_buf_z(&r->own, "{\"ok\":true}");
    } else if (str_eq(what, S("users"))) {
        set_user(t, o, r);
    } else if (str_eq(what, S("messages"))) {
        change_messages(t, o, r);
    } else if (str_eq(what, S("tokens"))) {
        revoke_tokens(t, o, r);
    } else if (str_eq(what, S("options"))) {
        set_options(t, o, r);
    } else if (str_eq(what, S("es"))) {
        elastic_control(t, o);
        t_buf_z(&r->own, "{\"ok\":true}");
    } else if (str_eq(what, S("connectors")) || str_eq(what, S("jobs"))) {
        elastic_records(t, str_eq(what, S("jobs")), o, r);
    } else if (str_eq(what, S("exchange"))) {
        change_exchange(t, o, r);
    } else if (str_eq(what, S("entra")) || str_eq(what, S("graph"))) {
        change_microsoft(t, str_eq(what, S("entra")), o, r);
    } else if (str_eq(what, S("stop"))) {
        t->stop = true;
        t_buf_z(&r->own, "{\"ok\":true}");
    } else {
        refuse(r, 404,
               "POST faults, users, messages, tokens, options, es, connectors, jobs, "
               "exchange, entra, graph, stop");
    }
}

void control_handle(struct tenant *t, const struct t_request *q, struct t_response *r)
{
    struct t_buf first = {0}, second = {0};
    t_path_part(q->path, 0, &first);
    t_path_part(q->path, 1, &second);
    str what = t_buf_str(&second);
    if (!str_eq(t_buf_str(&first), S("_tenant"))) {
        refuse(r, 404, "everything is below /_tenant/");
    } else if (t_request_is(q, "GET")) {
        handle_get(t, q, r, what);
    } else if (t_request_is(q, "POST")) {
        handle_post(t, q, r, what);
    } else if (t_request_is(q, "DELETE") && str_eq(what, S("faults"))) {
        faults_clear(t);
        t_buf_z(&r->own, "{\"ok\":true}");
    } else if (t_request_is(q, "DELETE") && str_eq(what, S("stats"))) {
        t->stats = (struct t_stats){0};
        t_buf_z(&r->own, "{\"ok\":true}");
    } else {
        refuse(r, 405, "GET, POST, DELETE faults, DELETE stats");
    }
    if (!r->produce) {
        t_buf_byte(&r->own, '\n');
        t_response_header(r, "Content-Type: application/json");
    }
    t_buf_free(&first);
    t_buf_free(&second);
}
