// SPDX-License-Identifier: Apache-2.0
// What a test changes in the fake Graph and in Entra: POST /_tenant/graph and /_tenant/entra; see
// README.md.
#include <string.h>

#include "entra.h"
#include "graph.h"

static char *member(str object, const char *key)
{
    struct t_buf b = {0};
    char *z = t_json_get_text(object, key, &b) ? t_strdup(t_buf_str(&b)) : NULL;
    t_buf_free(&b);
    return z;
}

static void replace(char **text, str object, const char *key)
{
    char *given = member(object, key);
    if (given) {
        t_free(*text);
        *text = given;
    }
}

static bool has(str list, const char *name)
{
    struct t_buf b = {0};
    str element;
    isize at = 0;
    bool found = false;
    while (t_json_is_array(list) && t_json_element(list, &at, &element) && !found) {
        b.n = 0;
        found = t_json_text(element, &b) && str_eq(t_buf_str(&b), str_from(name));
    }
    t_buf_free(&b);
    return found;
}

// ---- Entra
// ---------------------------------------------------------------------------------------

struct entra *entra_new(const struct t_options *o)
{
    struct entra *e = t_alloc((isize)sizeof(*e));
    e->token_ttl_s = o->token_ttl_s;
    e->issuer = t_strdup(S("https://kubernetes.example.test"));
    e->subject = t_strdup(S("system:serviceaccount:mail:mailferry"));
    e->audience = t_strdup(S("api://AzureADTokenExchange"));
    e->roles = GRAPH_ROLE_USERS | GRAPH_ROLE_MAIL | GRAPH_ROLE_CALENDAR | GRAPH_ROLE_CONTACTS |
               GRAPH_ROLE_TASKS | GRAPH_ROLE_SETTINGS | GRAPH_ROLE_EWS;
    return e;
}

void entra_free(struct entra *e)
{
    t_free(e->tokens);
    t_free(e->secret);
    t_free(e->issuer);
    t_free(e->subject);
    t_free(e->audience);
    t_free(e);
}

static int read_roles(str list)
{
    static const struct {
        const char *name;
        int role;
    } names[] = {
        {"users", GRAPH_ROLE_USERS},       {"mail", GRAPH_ROLE_MAIL},
        {"calendar", GRAPH_ROLE_CALENDAR}, {"contacts", GRAPH_ROLE_CONTACTS},
        {"tasks", GRAPH_ROLE_TASKS},       {"settings", GRAPH_ROLE_SETTINGS},
        {"ews", GRAPH_ROLE_EWS},
    };
    int roles = 0;
    for (isize i = 0; i < COUNT(names); i++) {
        roles |= has(list, names[i].name) ? names[i].role : 0;
    }
    return roles;
}

// "all", "graph", "ews": of which resource.
static void end_tokens(struct tenant *t, str o, const char *key, bool expire)
{
    char *which = member(o, key);
    for (isize i = 0; which && i < t->entra->token_count; i++) {
        struct entra_token *k = &t->entra->tokens[i];
        bool mine = strcmp(which, "all") == 0 ||
                    strcmp(which, k->resource == ENTRA_GRAPH ? "graph" : "ews") == 0;
        k->revoked = k->revoked || (mine && !expire);
        k->expires_ms = mine && expire && k->expires_ms > t->now_ms ? t->now_ms : k->expires_ms;
    }
    t_free(which);
}

bool entra_control(struct tenant *t, str o, struct t_buf *answer, const char **error)
{
    struct entra *e = t->entra;
    str list;
    *error = NULL;
    replace(&e->secret, o, "secret");
    replace(&e->issuer, o, "issuer");
    replace(&e->subject, o, "subject");
    replace(&e->audience, o, "audience");
    e->secret_expired = t_json_bool(o, "secret_expired", e->secret_expired);
    e->no_app = !t_json_bool(o, "application", !e->no_app);
    e->app_disabled = t_json_bool(o, "disabled", e->app_disabled);
    e->no_tenant = !t_json_bool(o, "tenant", !e->no_tenant);
    e->no_certificate = !t_json_bool(o, "certificate", !e->no_certificate);
    e->no_federation = !t_json_bool(o, "federation", !e->no_federation);
    e->token_ttl_s = t_json_i64(o, "token_ttl_s", e->token_ttl_s);
    e->latency_ms = t_json_i64(o, "latency_ms", e->latency_ms);
    if (t_json_get(o, "resources", &list)) {
        e->missing[ENTRA_GRAPH] = !has(list, "graph");
        e->missing[ENTRA_EXCHANGE] = !has(list, "ews");
    }
    if (t_json_get(o, "roles", &list)) { // of tokens from now on: a token keeps what it was given
        e->roles = read_roles(list);
    }
    end_tokens(t, o, "revoke", false);
    end_tokens(t, o, "expire", true);
    t_buf_z(answer, "{\"ok\":true}");
    return true;
}

void entra_fault(struct tenant *t, struct t_response *r, int status, const char *error,
                 const char *message)
{
    const char *usual = status == 429 ? "temporarily_unavailable" : "server_error";
    // 90033: a transient error has occurred; 90055: too many requests.
    entra_error_out(t, r, status, error ? error : usual, status == 429 ? 90055 : 90033,
                    str_from(message));
}

void entra_put_stats(const struct tenant *t, struct t_writer *w)
{
    const struct entra *e = t->entra;
    t_json_put_number(w, "entra_tokens_graph", e->issued[ENTRA_GRAPH]);
    t_json_put_number(w, "entra_tokens_ews", e->issued[ENTRA_EXCHANGE]);
    t_json_put_number(w, "entra_by_secret", e->by_secret);
    t_json_put_number(w, "entra_by_certificate", e->by_certificate);
    t_json_put_number(w, "entra_by_federation", e->by_federation);
    t_json_put_number(w, "entra_refused", e->refused);
    t_json_put_number(w, "entra_jti_repeated", e->repeated);
}

// ---- Graph
// ---------------------------------------------------------------------------------------

static void set_options(struct graph *g, str o)
{
    g->max_concurrent = (int)t_json_i64(o, "max_concurrent", g->max_concurrent);
    g->mailbox_requests = t_json_i64(o, "mailbox_requests", g->mailbox_requests);
    g->mailbox_window_ms = t_json_i64(o, "mailbox_window_ms", g->mailbox_window_ms);
    g->users_units = t_json_i64(o, "users_units", g->users_units);
    g->users_window_ms = t_json_i64(o, "users_window_ms", g->users_window_ms);
    g->latency_ms = t_json_i64(o, "latency_ms", g->latency_ms);
    g->extra_users = (int)t_json_i64(o, "extra_users", g->extra_users);
    g->batch_parallel = (int)t_json_i64(o, "batch_parallel", g->batch_parallel);
    g->batch_refuse = t_json_bool(o, "batch_refuse", g->batch_refuse);
    g->retry_after_s = t_json_i64(o, "retry_after_s", g->retry_after_s);
    g->no_retry_after = !t_json_bool(o, "retry_after", !g->no_retry_after);
    g->odd_pages = t_json_bool(o, "odd_pages", g->odd_pages);
}

bool graph_control(struct tenant *t, str o, struct t_buf *answer, const char **error)
{
    char *user = member(o, "user"), *account = member(o, "account");
    int mailbox = user ? content_mailbox(t, str_from(user)) : -1;
    *error = user && mailbox < 0 ? "no such user" : NULL;
    set_options(t->graph, o);
    if (!*error && account) {
        *error = "account: ok disabled shared guest no_mail unlicensed on_premises denied moving";
        for (int i = 0; mailbox >= 0 && i < GRAPH_ACCOUNTS; i++) {
            if (strcmp(account, graph_account_name((enum graph_account)i)) == 0) {
                graph_mailbox(t, mailbox)->account = (enum graph_account)i;
                *error = NULL;
            }
        }
    }
    if (!*error) {
        t_buf_z(answer, "{\"ok\":true}");
    }
    t_free(user);
    t_free(account);
    return *error == NULL;
}

void graph_show(struct tenant *t, struct t_response *r)
{
    struct t_writer w = {.b = &r->own};
    struct t_buf id = {0};
    for (int i = 0; i < graph_user_count(t); i++) {
        id.n = 0;
        graph_user_id_put(t, i, &id);
        t_json_open(&w, '{');
        t_json_put_member(&w, "id", t_buf_str(&id));
        t_json_put_member(&w, "account", str_from(graph_account_name(graph_user_account(t, i))));
        if (i < t->user_count) {
            const struct graph_mailbox *m = graph_mailbox(t, i);
            t_json_put_member(&w, "user", str_from(t->users[i].email));
            t_json_put_number(&w, "requests", m->requests);
            t_json_put_number(&w, "refused", m->refused);
            t_json_put_number(&w, "max_concurrent", m->max_in_flight);
        }
        t_json_close(&w, '}');
        t_buf_byte(&r->own, '\n');
    }
    t_buf_free(&id);
}
