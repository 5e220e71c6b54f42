// SPDX-License-Identifier: Apache-2.0
// The fake tenant: making it, and handing each request to the service that it is for; see tenant.h.
#include "model.h"

#define GOOGLE_BODY_MAX MIB(1)
#define CONTROL_BODY_MAX MIB(128)

void t_options_default(struct t_options *o)
{
    *o = (struct t_options){
        .seed = 1,
        .message_bytes = 4096,
        .shape = T_SHAPES,
        .domain = S("example.test"),
        .customer = S("C01test00"),
        .admin = S("admin@example.test"),
        .client_email = S("sync@demo.iam.gserviceaccount.com"),
        .client_id = S("104500000000000000001"),
        .key_id = S("a1b2c3d4e5f60718293a4b5c6d7e8f9001122334"),
        .token_ttl_s = 3600,
        .quota_window_ms = 60000,
        .units_get = 20,
        .units_list = 5,
        .es_version = S("9.5.3"),
        .es_flavor = S("default"),
        .es_user = S("elastic"),
        .es_password = S("tenant-password"),
        .es_api_key = S("dGVuYW50a2V5OnRlbmFudHNlY3JldA=="),
        .es_max_bytes = MIB(100),
        .es_license = S("basic"),
        .exchange_items = -1,
        .account = S("svc"),
        .netbios = S("EXAMPLE"),
        .account_password = S("Passw0rd"),
        .exchange_auth = T_AUTH_NTLM | T_AUTH_NEGOTIATE | T_AUTH_BASIC,
        .exchange_version = S("Exchange2016"),
        .exchange_style = -1,
        .binding = T_BINDING_ALLOWED,
        .directory_users = 10,
        .ldap_page = 1000,
        .tenant_id = S("9f2c1d3a-5b47-4e8e-a1c0-27d94f6b8e55"),
        .app_id = S("11111111-2222-3333-4444-555555555555"),
        .app_secret = S("aB~3/x+y.tenant-Secret_9"),
    };
}

static void add_users(struct tenant *t)
{
    for (int i = 0; i < t->o.users; i++) {
        struct t_buf name = {0};
        t_buf_printf(&name, "user%d", i + 1);
        int mailbox = tenant_add_mailbox(t, t_buf_str(&name));
        t->users[mailbox].synthetic = t->o.messages;
        t->users[mailbox].history_id = (u64)(1000 + t->o.messages);
        t_buf_free(&name);
    }
}

struct tenant *tenant_new(const struct t_options *options, i64 now_ms)
{
    struct tenant *t = t_alloc((isize)sizeof(*t));
    t->o = *options;
    t->start_ms = now_ms;
    t->now_ms = now_ms;
    t->allowed_scopes = T_SCOPE_DIRECTORY | T_SCOPE_GMAIL;
    content_init(t);
    synthetic_init(t);
    t->es = elastic_new();
    t->exchange = exchange_new(t->o.exchange_content);
    t->entra = entra_new(&t->o);
    t->graph = graph_new();
    if (t->o.es_system) {
        elastic_make_system(t);
    }
    add_users(t);
    return t;
}

void tenant_free(struct tenant *t)
{
    for (int i = 0; i < t->user_count; i++) {
        struct t_user *u = &t->users[i];
        for (isize k = 0; k < u->stored_count; k++) {
            t_free(u->stored[k].encoded);
        }
        t_free(u->stored);
        t_free(u->changes);
        t_free(u->gone);
        t_free(u->email);
    }
    exchange_free(t->exchange);
    entra_free(t->entra);
    graph_free(t->graph);
    for (int i = 0; i < T_SHAPES; i++) {
        t_free(t->blocks.raw[i]);
        t_free(t->blocks.encoded[i]);
    }
    t_free(t->users);
    t_free(t->tokens);
    faults_clear(t);
    elastic_free(t->es);
    t_free(t);
}

isize tenant_body_limit(const struct tenant *t, enum t_service service)
{
    if (service == T_ELASTIC) {
        return (isize)t->o.es_max_bytes;
    }
    return service == T_GOOGLE || service == T_EXCHANGE || service == T_ENTRA || service == T_GRAPH
               ? GOOGLE_BODY_MAX
               : CONTROL_BODY_MAX;
}

static enum t_endpoint google_endpoint(str path)
{
    struct t_buf what = {0}, id = {0};
    enum t_endpoint e = T_EP_OTHER;
    if (str_starts(path, S("/token"))) {
        e = T_EP_TOKEN;
    } else if (str_starts(path, S("/admin/directory/"))) {
        e = T_EP_USERS;
    } else if (str_starts(path, S("/gmail/v1/users/")) && t_path_part(path, 4, &what)) {
        str s = t_buf_str(&what);
        e = str_eq(s, S("profile"))     ? T_EP_PROFILE
            : str_eq(s, S("history"))   ? T_EP_HISTORY
            : !str_eq(s, S("messages")) ? T_EP_OTHER
            : t_path_part(path, 5, &id) ? T_EP_GET
                                        : T_EP_LIST;
    }
    t_buf_free(&what);
    t_buf_free(&id);
    return e;
}

static void google_handle(struct tenant *t, const struct t_request *q, struct t_response *r)
{
    if (str_eq(q->path, S("/token"))) {
        token_handle(t, q, r);
    } else if (str_starts(q->path, S("/admin/directory/"))) {
        directory_handle(t, q, r);
    } else if (str_starts(q->path, S("/gmail/v1/users/"))) {
        gmail_handle(t, q, r);
    } else {
        r->status = 404;
        t_buf_z(&r->own,
                "<!DOCTYPE html><html lang=en><title>Error 404 (Not Found)!!1</title></html>\n");
        t_response_header(r, "Content-Type: text/html; charset=UTF-8");
    }
}

void tenant_handle(struct tenant *t, const struct t_request *q, struct t_response *r, i64 now_ms)
{
    t_response_init(r);
    r->head_only = t_request_is(q, "HEAD");
    r->close = q->close;
    t->now_ms = now_ms + t->skew_ms;
    switch (q->service) {
    case T_GOOGLE:
        if (q->too_large) {
            r->status = 413;
            r->close = true;
        } else if (t_request_is(q, "POST") && t_request_header(q, "content-length").n == 0 &&
                   t_request_header(q, "transfer-encoding").n == 0) {
            r->status = 411;
        } else if (!faults_apply(t, q, r)) {
            google_handle(t, q, r);
        }
        stats_count(t, google_endpoint(q->path), r);
        break;
    case T_ELASTIC:
        if (!faults_apply(t, q, r)) {
            elastic_handle(t, q, r);
        }
        break;
    case T_EXCHANGE:
        if (!faults_apply(t, q, r)) {
            exchange_handle(t, q, r);
        }
        stats_count(t, T_EP_EXCHANGE, r);
        break;
    case T_ENTRA:
        if (!faults_apply(t, q, r)) {
            entra_handle(t, q, r);
        }
        stats_count(t, T_EP_ENTRA, r);
        break;
    case T_GRAPH:
        if (!faults_apply(t, q, r)) {
            graph_handle(t, q, r);
        } else {
            stats_count(t, T_EP_GRAPH_OTHER, r);
        }
        break;
    case T_CONTROL:
    case T_LDAP:
    case T_LDAPS:
    case T_SERVICES:
        control_handle(t, q, r);
        stats_count(t, T_EP_CONTROL, r);
        break;
    }
}

void tenant_done(struct tenant *t, struct t_response *r)
{
    if (r->user >= 0) {
        t->users[r->user].in_flight--;
    }
    if (r->exchange) {
        exchange_done(t);
    }
    if (r->graph.running) {
        graph_done(t, r);
    }
    t_response_free(r);
}

struct t_net_stats *tenant_net_stats(struct tenant *t)
{
    return &t->net;
}

bool tenant_wants_stop(const struct tenant *t)
{
    return t->stop;
}
