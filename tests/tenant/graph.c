// SPDX-License-Identifier: Apache-2.0
// The fake Microsoft Graph: whose token it is, what it may see, which mailbox is meant, how often
// and how many at once (spec/wire-graph.md 2, 4 and 11). What is in a mailbox: graph_mail.c.
#include "graph.h"

#include <stdio.h>
#include <string.h>

#include "entra.h"
#include "graph_core.h"

static const struct {
    const char *segment; // the first below a user
    int role;
    enum t_endpoint endpoint;
} kinds[] = {
    {"messages", GRAPH_ROLE_MAIL, T_EP_GRAPH_MAIL},
    {"mailFolders", GRAPH_ROLE_MAIL, T_EP_GRAPH_MAIL},
    {"calendar", GRAPH_ROLE_CALENDAR, T_EP_GRAPH_CALENDAR},
    {"calendars", GRAPH_ROLE_CALENDAR, T_EP_GRAPH_CALENDAR},
    {"calendarGroups", GRAPH_ROLE_CALENDAR, T_EP_GRAPH_CALENDAR},
    {"calendarView", GRAPH_ROLE_CALENDAR, T_EP_GRAPH_CALENDAR},
    {"events", GRAPH_ROLE_CALENDAR, T_EP_GRAPH_CALENDAR},
    {"contacts", GRAPH_ROLE_CONTACTS, T_EP_GRAPH_CONTACTS},
    {"contactFolders", GRAPH_ROLE_CONTACTS, T_EP_GRAPH_CONTACTS},
    {"todo", GRAPH_ROLE_TASKS, T_EP_GRAPH_TASKS},
    {"mailboxSettings", GRAPH_ROLE_SETTINGS, T_EP_GRAPH_OTHER},
    {"translateExchangeIds", -1, T_EP_GRAPH_OTHER}, // any role
};

struct graph *graph_new(void)
{
    struct graph *g = t_alloc((isize)sizeof(*g));
    *g = (struct graph){.max_concurrent = 4,
                        .mailbox_requests = 10000,
                        .mailbox_window_ms = 600000,
                        .users_units = 8000,
                        .users_window_ms = 10000,
                        .extra_users = 1,
                        .batch_parallel = 4,
                        .retry_after_s = 10};
    return g;
}

void graph_free(struct graph *g)
{
    t_free(g->mailboxes);
    t_free(g);
}

struct graph_mailbox *graph_mailbox(struct tenant *t, int mailbox)
{
    struct graph *g = t->graph;
    ASSERT(mailbox >= 0 && mailbox < t->user_count);
    if (mailbox >= g->mailbox_cap) {
        int cap = mailbox + 64;
        g->mailboxes = t_resize(g->mailboxes, cap * (isize)sizeof(*g->mailboxes));
        memset(g->mailboxes + g->mailbox_cap, 0,
               (size_t)(cap - g->mailbox_cap) * sizeof(*g->mailboxes));
        g->mailbox_cap = cap;
    }
    return &g->mailboxes[mailbox];
}

// ---- limits of a mailbox
// -------------------------------------------------------------------------

static void throttle(struct graph_call *c, struct graph_mailbox *m, const char *what, i64 wait_s)
{
    char text[120];
    snprintf(text, sizeof(text), "Application is over its %s limit.", what);
    if (!c->g->no_retry_after) {
        graph_header(c, "Retry-After: %lld", (long long)wait_s);
    }
    graph_error(c, 429, "ApplicationThrottled", text);
    c->g->throttled++;
    m->refused++;
}

// The request counts, and is in flight until its answer was sent. false: refused with 429.
static bool enter(struct graph_call *c, int mailbox)
{
    struct graph *g = c->g;
    struct graph_mailbox *m = graph_mailbox(c->t, mailbox);
    struct graph_flight *f = c->flight;
    i64 now = c->t->now_ms, window = g->mailbox_window_ms > 0 ? g->mailbox_window_ms : 600000;
    m->requests++;
    if (now - m->window_start_ms >= window) {
        m->window_start_ms = now;
        m->window_requests = 0;
    }
    if (g->mailbox_requests > 0 && m->window_requests >= g->mailbox_requests) {
        throttle(c, m, "MailboxRequests", (m->window_start_ms + window - now + 999) / 1000);
        return false;
    }
    // Parts of a batch wait for each other, unless they are all begun at once.
    int own = 0;
    for (int i = 0; i < f->count; i++) {
        own += f->mailboxes[i] == mailbox ? 1 : 0;
    }
    int parallel = g->batch_refuse || own < g->batch_parallel ? own : g->batch_parallel - 1;
    int beside = m->in_flight - own + (c->chained ? 0 : parallel);
    if (g->max_concurrent > 0 && beside >= g->max_concurrent) {
        throttle(c, m, "MailboxConcurrency", g->retry_after_s);
        return false;
    }
    m->window_requests++;
    if (own == 0 || (!c->chained && (g->batch_refuse || own < g->batch_parallel))) {
        f->mailboxes[f->count++] = mailbox;
        m->in_flight++;
        m->max_in_flight = m->in_flight > m->max_in_flight ? m->in_flight : m->max_in_flight;
    }
    return true;
}

void graph_done(struct tenant *t, struct t_response *r)
{
    for (int i = 0; i < r->graph.count; i++) {
        graph_mailbox(t, r->graph.mailboxes[i])->in_flight--;
    }
    t->graph->in_flight--;
}

// ---- the mailbox
// ---------------------------------------------------------------------------------

// false: refused, and answered.
static bool check_mailbox(struct graph_call *c, int place)
{
    static const char moving[] = "Mailbox move in progress. Try again later., Cannot open mailbox.";
    enum graph_account a = graph_user_account(c->t, place);
    bool elsewhere = place >= c->t->user_count || a == GRAPH_GUEST || a == GRAPH_NO_MAIL ||
                     a == GRAPH_UNLICENSED || a == GRAPH_ON_PREMISES;
    enum ews_state state = elsewhere ? EWS_STATE_OK : ews_mailbox(c->t, place)->state;
    if (elsewhere) {
        graph_error(c, 404, "MailboxNotEnabledForRESTAPI",
                    "The mailbox is either inactive, soft-deleted, or is hosted on-premise.");
    } else if (a == GRAPH_DENIED || state == EWS_STATE_DENIED || state == EWS_STATE_NO_ACCESS) {
        c->g->denied++;
        graph_error(c, 403, "ErrorAccessDenied",
                    c->g->turn % 2 ? "Access to OData is disabled."
                                   : "Access is denied. Check credentials and try again.");
    } else if (state == EWS_STATE_NO_MAILBOX) {
        graph_error(c, 404, "ErrorNonExistentMailbox",
                    "The SMTP address has no mailbox associated with it.");
    } else if (a == GRAPH_MOVING || state == EWS_STATE_MOVING) {
        graph_header(c, "Retry-After: %lld", (long long)c->g->retry_after_s);
        graph_error(c, 503, "ErrorMailboxMoveInProgress", moving);
    } else if (state == EWS_STATE_UNAVAILABLE) {
        graph_error(c, 503, "ErrorMailboxStoreUnavailable",
                    "The mailbox database is temporarily unavailable.");
    } else {
        return true;
    }
    return false;
}

static void answer_mailbox(struct graph_call *c, int place, int role)
{
    if (place < 0) {
        char text[160];
        snprintf(text, sizeof(text), "The requested user '%.*s' is invalid.",
                 (int)(c->user.n < 80 ? c->user.n : 80), (const char *)c->user.p);
        graph_error(c, 404, "ErrorInvalidUser", text);
    } else if ((c->roles & role) == 0) {
        c->g->denied++;
        graph_error(c, 403, "ErrorAccessDenied",
                    "Access is denied. Check credentials and try again.");
    } else if (check_mailbox(c, place) && enter(c, place)) {
        c->mailbox = place;
        if (graph_segment_is(c, 0, "translateExchangeIds") && c->segment_count == 1) {
            graph_translate_answer(c);
        } else {
            graph_mailbox_answer(c);
        }
    }
}

// ---- one request or part
// -------------------------------------------------------------------------

static void no_segment(struct graph_call *c, str segment)
{
    char text[160];
    snprintf(text, sizeof(text), "Resource not found for the segment '%.*s'.",
             (int)(segment.n < 80 ? segment.n : 80), (const char *)segment.p);
    graph_error(c, 400, "BadRequest", text);
}

static enum t_endpoint answer_users(struct graph_call *c)
{
    bool below = c->segment_count > 0;
    int kind = -1;
    for (int i = 0; below && i < (int)COUNT(kinds); i++) {
        kind = graph_segment_is(c, 0, kinds[i].segment) ? i : kind;
    }
    if (below && kind < 0) {
        no_segment(c, c->segments[0]);
        return T_EP_GRAPH_OTHER;
    }
    if (below) {
        answer_mailbox(c, graph_user_find(c->t, c->user), kinds[kind].role);
        return kinds[kind].endpoint;
    }
    if ((c->roles & GRAPH_ROLE_USERS) == 0) {
        c->g->denied++;
        graph_error(c, 403, "Authorization_RequestDenied",
                    "Insufficient privileges to complete the operation.");
    } else if (c->user.n > 0) {
        graph_user_answer(c, graph_user_find(c->t, c->user));
    } else {
        graph_users_answer(c);
    }
    return T_EP_GRAPH_USERS;
}

void graph_run(struct graph_call *c)
{
    str first;
    enum t_endpoint e = T_EP_GRAPH_OTHER;
    c->g->turn++;
    c->g->requests++;
    if (!graph_call_read(c, &first)) {
        graph_error(c, 400, "RequestBroker--ParseUri", "Resource not found for the segment.");
    } else if (!str_eq_nocase(first, S("users"))) {
        no_segment(c, first);
    } else {
        e = answer_users(c);
    }
    c->t->stats.requests[e]++;
    c->t->stats.refused[e] += c->status >= 400 ? 1 : 0;
}

// ---- the whole
// -----------------------------------------------------------------------------------

// The roles of its token; -1: refused, and answered.
static int authorize(struct graph_call *c)
{
    str value = t_request_header(c->q, "authorization");
    const char *why = NULL;
    str bearer = str_starts_nocase(value, S("bearer ")) ? str_trim(str_from_index(value, 7))
                                                        : (str){0};
    const struct entra_token *k = entra_token_find(c->t, bearer, ENTRA_GRAPH, &why);
    if (k) {
        return k->roles;
    }
    c->g->unauthorized++;
    graph_header(c, "WWW-Authenticate: Bearer realm=\"\", authorization_uri=\"https://login."
                    "microsoftonline.com/common/oauth2/authorize\", client_id=\"00000003-0000-0000-"
                    "c000-000000000000\"");
    graph_error(c, 401, "InvalidAuthenticationToken", why);
    return -1;
}

static void put_base(const struct t_request *q, struct t_buf *b)
{
    t_buf_z(b, q->link && !q->link->tls ? "http://" : "https://");
    t_buf_put(b, t_request_header(q, "host"));
    t_buf_z(b, "/v1.0");
}

void graph_handle(struct tenant *t, const struct t_request *q, struct t_response *r)
{
    struct graph *g = t->graph;
    struct t_buf base = {0};
    put_base(q, &base);
    struct graph_call c = {.t = t, .g = g, .q = q, .base = t_buf_str(&base), .mailbox = -1};
    c.flight = &r->graph;
    c.status = 200;
    g->in_flight++;
    g->max_in_flight = g->in_flight > g->max_in_flight ? g->in_flight : g->max_in_flight;
    r->graph.running = true;
    r->delay_ms += g->latency_ms;
    c.roles = authorize(&c);
    bool batch = str_eq_nocase(q->path, S("/v1.0/$batch")) ||
                 str_eq_nocase(q->path, S("/v1.0/%24batch"));
    if (c.roles < 0) {
        t->stats.requests[T_EP_GRAPH_OTHER]++;
        t->stats.refused[T_EP_GRAPH_OTHER]++;
    } else if (q->too_large) {
        graph_error(&c, 413, "RequestTooLarge", "The request is too large.");
        r->close = true;
    } else if (batch) {
        i64 delay_ms = 0;
        graph_batch_answer(&c, &delay_ms);
        r->delay_ms += delay_ms;
        t->stats.requests[T_EP_GRAPH_BATCH]++;
        t->stats.refused[T_EP_GRAPH_BATCH] += c.status >= 400 ? 1 : 0;
    } else {
        graph_run(&c);
    }
    graph_finish(&c, r);
    graph_call_free(&c);
    t_buf_free(&base);
}

// A fault on request, in the shape of Graph.
void graph_fault(struct tenant *t, const struct t_request *q, struct t_response *r, int status,
                 const char *code, const char *message)
{
    const char *usual = status == 429   ? "TooManyRequests"
                        : status == 401 ? "InvalidAuthenticationToken"
                        : status == 403 ? "ErrorAccessDenied"
                        : status == 404 ? "ErrorItemNotFound"
                        : status == 410 ? "SyncStateNotFound"
                        : status == 503 ? "serviceNotAvailable"
                        : status == 504 ? "UnknownError"
                        : status < 500  ? "BadRequest"
                                        : "generalException";
    struct graph_call c = {.t = t, .g = t->graph, .q = q};
    t->graph->turn++;
    graph_error(&c, status, code ? code : usual, message);
    graph_finish(&c, r);
    graph_call_free(&c);
}

void graph_put_stats(const struct tenant *t, struct t_writer *w)
{
    const struct graph *g = t->graph;
    const struct {
        const char *key;
        i64 v;
    } rows[] = {
        {"graph_requests", g->requests},
        {"graph_batches", g->batches},
        {"graph_parts", g->parts},
        {"graph_user_pages", g->users},
        {"graph_translated", g->translated},
        {"graph_throttled", g->throttled},
        {"graph_unauthorized", g->unauthorized},
        {"graph_denied", g->denied},
        {"graph_max_in_flight", g->max_in_flight},
    };
    for (isize i = 0; i < COUNT(rows); i++) {
        t_json_put_number(w, rows[i].key, rows[i].v);
    }
    i64 most = 0;
    for (int i = 0; i < g->mailbox_cap; i++) {
        most = g->mailboxes[i].max_in_flight > most ? g->mailboxes[i].max_in_flight : most;
    }
    t_json_put_number(w, "graph_max_concurrent_mailbox", most);
}
