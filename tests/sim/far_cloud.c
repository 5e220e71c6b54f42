// SPDX-License-Identifier: Apache-2.0
// Faults of Entra ID and Graph; see far_cloud.h. The tenant's functions of these names cannot be
// called here, because the product has modules of the same names: everything goes through the
// control port's handler.
#include "far_cloud.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../tenant/entra.h"
#include "../tenant/graph_shape.h"
#include "clock.h"
#include "far.h"
#include "faults.h"
#include "observer_exchange.h"
#include "sim.h"
#include "world.h"

static const char all_roles[] =
    "\"users\",\"mail\",\"calendar\",\"contacts\",\"tasks\",\"settings\",\"ews\"";

static const char *one_of(const char *const *list, isize count)
{
    return list[sim_between(SIM_FAULTS, 0, count - 1)];
}

__attribute__((format(printf, 2, 3))) static void order(const char *path, const char *format, ...)
{
    static char text[1024];
    struct t_response r = {0};
    struct t_request q = {
        .service = T_CONTROL, .method = S("POST"), .path = str_from(path), .body = {0}};
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    ASSERT(n > 0 && n < (int)sizeof(text));
    q.body = str_make(text, n);
    t_response_init(&r);
    control_handle(far_world.tenant, &q, &r);
    if (r.status != 200) {
        sim_violation("the tenant does not understand %s: %.*s", text, (int)r.own.n,
                      (const char *)r.own.p);
    }
    t_response_free(&r);
}

enum {
    WAY_US = 11200,     // of an answer besides its latency, on average (far_request.c, sim_net.c)
    LISTING = 2,        // requests of a mailbox before its collections: calendars, lists of tasks
    SHARE_PERCENT = 90, // of the rate that the limits allow, at least
};

static void set_sizes(const struct world *w)
{
    struct tenant *t = far_world.tenant;
    for (int i = 0; i < t->user_count; i++) {
        bool is_large = i == w->large[0] || i == w->large[1];
        i64 small = is_large || i % 10 == 1
                        ? 0
                        : sim_between(SIM_PLAN, w->small_mails / 20, w->small_mails);
        i64 mails = is_large ? w->large_mails : i % 10 == 1 ? w->medium_mails : small;
        ews_folder(t, i, EWS_INBOX)->synthetic = mails;
    }
    order("/_tenant/graph", "{\"latency_ms\":%lld}", (long long)w->graph_latency_ms);
}

// Of one mailbox: so many at once, and so many in a window.
static i64 least_of_mailbox_us(const struct graph *g, i64 requests, i64 latency_us)
{
    i64 windows = requests > 0 ? (requests - 1) / g->mailbox_requests : 0;
    i64 rest = requests - windows * g->mailbox_requests;
    return windows * g->mailbox_window_ms * SIM_MS + rest * latency_us / g->max_concurrent;
}

// No order of the same requests takes less than the longest of these:
// - the users, then the calendars and the task lists of a mailbox, one after the other, for each
//   says what is asked next; then what else it is asked, as many at a time as Graph allows;
// - the same three, before which no lane has anything to do; then what lanes ask in all mailboxes,
//   as many at a time as there are lanes. (Calendars and task lists are asked for beside them.)
// What the run does besides (to log in, the last bulk request, the refresh) counts as lost.
static i64 least_us(const struct world *w, struct world_figure *f)
{
    const struct tenant *t = far_world.tenant;
    const struct graph *g = t->graph;
    i64 latency_us = w->graph_latency_ms * SIM_MS + WAY_US, longest_us = 0;
    for (int i = 0; i < t->user_count && i < g->mailbox_cap; i++) {
        const struct graph_mailbox *m = &g->mailboxes[i];
        i64 requests = m->requests - m->refused;
        i64 us = least_of_mailbox_us(g, requests - LISTING, latency_us);
        longest_us = us > longest_us ? us : longest_us;
        f->requests += requests;
        f->refused += m->refused;
        f->mailboxes++;
    }
    i64 together_us = (f->requests - LISTING * f->mailboxes) * latency_us / w->lanes;
    return (1 + LISTING) * latency_us + (longest_us > together_us ? longest_us : together_us);
}

void cloud_figure(const struct world *w, i64 took_us)
{
    struct world_figure *f = &world_figure;
    *f = (struct world_figure){.took_us = took_us};
    f->least_us = least_us(w, f);
    if (f->least_us * 100 < took_us * SHARE_PERCENT) {
        sim_violation("the sync took %.1f s, where the limits of Graph allow %.1f s: %.1f %%",
                      (double)took_us / 1e6, (double)f->least_us / 1e6,
                      100.0 * (double)f->least_us / (double)took_us);
    }
    if (f->least_us > took_us) {
        sim_violation("the sync was faster than the limits of Graph are thought to allow");
    }
}

void cloud_begin(const struct world *w)
{
    if (w->graph_limits.concurrent) {
        order("/_tenant/graph",
              "{\"max_concurrent\":%d,\"mailbox_requests\":%lld,\"mailbox_window_ms\":%lld,"
              "\"retry_after_s\":%lld,\"retry_after\":%s}",
              w->graph_limits.concurrent, (long long)w->graph_limits.requests,
              (long long)w->graph_limits.window_s * 1000, (long long)w->graph_limits.retry_after_s,
              w->graph_limits.silent ? "false" : "true");
    }
    if (w->graph_latency_ms) {
        set_sizes(w);
        return;
    }
    order("/_tenant/graph", "{\"extra_users\":%d}",
          (int)(sim_one_in(SIM_PLAN, 2) ? 0 : sim_between(SIM_PLAN, 1, 2)));
}

void cloud_calm(void)
{
    struct tenant *t = far_world.tenant;
    order("/_tenant/entra",
          "{\"secret\":\"%.*s\",\"secret_expired\":false,\"application\":true,\"disabled\":false,"
          "\"tenant\":true,\"resources\":[\"graph\",\"ews\"],\"token_ttl_s\":3600,\"roles\":[%s]}",
          (int)t->o.app_secret.n, (const char *)t->o.app_secret.p, all_roles);
    order("/_tenant/graph",
          "{\"max_concurrent\":4,\"mailbox_requests\":10000,\"mailbox_window_ms\":600000,"
          "\"retry_after_s\":10,\"retry_after\":true,\"odd_pages\":false}");
    order("/_tenant/exchange", "{\"graph_odd\":[],\"graph_empty\":false,\"graph_repeat\":false}");
    for (int i = 0; i < t->user_count; i++) {
        order("/_tenant/graph", "{\"user\":\"%s\",\"account\":\"ok\"}", t->users[i].email);
    }
}

void cloud_grant(bool enough)
{
    static const char *const sets[] = {
        all_roles,
        "\"users\",\"mail\",\"calendar\",\"contacts\",\"tasks\"",
        "\"users\",\"mail\",\"calendar\",\"contacts\",\"ews\"",
        "\"users\",\"ews\"",
        "\"users\",\"mail\",\"tasks\",\"settings\",\"ews\"",
        "\"users\",\"mail\"",
        "\"mail\",\"calendar\",\"contacts\",\"tasks\",\"ews\"",
        "",
    };
    isize count = enough ? COUNT(sets) - 3 : COUNT(sets);
    order("/_tenant/entra", "{\"roles\":[%s]}", sets[sim_between(SIM_CHURN, 0, count - 1)]);
}

enum exchange_way cloud_way(const char *backend)
{
    enum {
        ALL = GRAPH_ROLE_USERS | GRAPH_ROLE_MAIL | GRAPH_ROLE_CALENDAR | GRAPH_ROLE_CONTACTS |
              GRAPH_ROLE_TASKS
    };
    bool all = (far_world.tenant->entra->roles & ALL) == ALL;
    bool graph = strcmp(backend, "graph") == 0 || (strcmp(backend, "auto") == 0 && all);
    return graph ? WAY_GRAPH : WAY_EWS;
}

// ---- before

static void upset_entra(void)
{
    static const char *const orders[] = {
        "{\"secret\":\"another~one\"}",
        "{\"secret_expired\":true}",
        "{\"application\":false}",
        "{\"disabled\":true}",
        "{\"tenant\":false}",
        "{\"resources\":[\"graph\"]}",
        "{\"resources\":[\"ews\"]}",
        "{\"roles\":[\"users\",\"mail\",\"ews\"]}",
        "{\"roles\":[\"mail\",\"calendar\",\"contacts\",\"tasks\"]}",
        "{\"roles\":[]}",
        "{\"token_ttl_s\":0}",
        "{\"token_ttl_s\":40}",
    };
    struct tenant *t = far_world.tenant;
    if (sim_one_in(SIM_FAULTS, 3)) { // as it was
        order("/_tenant/entra",
              "{\"secret\":\"%.*s\",\"secret_expired\":false,\"application\":true,"
              "\"disabled\":false,\"tenant\":true,\"resources\":[\"graph\",\"ews\"],"
              "\"token_ttl_s\":3600,\"roles\":[%s]}",
              (int)t->o.app_secret.n, (const char *)t->o.app_secret.p, all_roles);
        return;
    }
    order("/_tenant/entra", "%s", one_of(orders, COUNT(orders)));
}

static void upset_mailbox(void)
{
    static const char *const accounts[] = {"ok", "disabled", "on_premises", "denied", "moving"};
    struct tenant *t = far_world.tenant;
    bool all = sim_one_in(SIM_FAULTS, 8);
    const char *account = one_of(accounts, COUNT(accounts));
    int one = (int)sim_between(SIM_FAULTS, 0, t->user_count - 1);
    if (sim_one_in(SIM_FAULTS, 2)) {
        ews_mailbox(t, one)->state = (enum ews_state)sim_between(SIM_FAULTS, 0, EWS_STATES - 1);
        return;
    }
    for (int i = all ? 0 : one; i < (all ? t->user_count : one + 1); i++) {
        order("/_tenant/graph", "{\"user\":\"%s\",\"account\":\"%s\"}", t->users[i].email, account);
    }
}

static void set_error(const char *level, const char *code, i64 back_off_ms)
{
    order("/_tenant/exchange", "{\"fault\":{\"level\":\"%s\",\"code\":\"%s\",\"backoff_ms\":%lld}}",
          level, code, (long long)back_off_ms);
}

static void before_graph(void)
{
    static const char *const busy[] = {"ApplicationThrottled", "TooManyRequests", "ErrorServerBusy",
                                       "activityLimitReached"};
    static const char *const passing[] = {"ErrorInternalServerTransientError",
                                          "ErrorMailboxStoreUnavailable",
                                          "UnknownError",
                                          "generalException",
                                          "ErrorIrresolvableConflict",
                                          "InvalidAuthenticationToken"};
    static const char *const levels[] = {"answer", "item"};
    if (fault_due(FAULT_EWS_BUSY)) {
        bool says = !sim_one_in(SIM_FAULTS, 3);
        i64 ms = (i64)100 << sim_between(SIM_FAULTS, 0, 14);
        set_error(one_of(levels, 2), one_of(busy, COUNT(busy)), says ? ms : -1);
    }
    if (fault_due(FAULT_EWS_ERROR)) {
        bool state = sim_one_in(SIM_FAULTS, 6);
        set_error(state ? "answer" : one_of(levels, 2),
                  state ? "SyncStateNotFound" : one_of(passing, COUNT(passing)), -1);
        if (state) {
            exchange_forgotten();
        }
    }
    if (fault_due(FAULT_EWS_STATE)) {
        order("/_tenant/exchange", "{\"expire_sync\":true}");
        exchange_forgotten();
    }
    if (fault_due(FAULT_EWS_MAILBOX)) {
        upset_mailbox();
    }
    if (fault_due(FAULT_GRAPH_PAGES)) {
        bool repeats = sim_one_in(SIM_FAULTS, 2);
        order("/_tenant/exchange", "{\"graph_empty\":%s,\"graph_repeat\":%s}",
              sim_one_in(SIM_FAULTS, 2) ? "true" : "false", repeats ? "true" : "false");
        if (repeats) {
            exchange_forgotten();
        }
    }
    if (fault_due(FAULT_GRAPH_ODD)) {
        static const int odd[] = {GRAPH_ODD_NO_VALUE,  GRAPH_ODD_VALUE_TYPE, GRAPH_ODD_LINK_HOST,
                                  GRAPH_ODD_LINK_LOOP, GRAPH_ODD_HTML,       GRAPH_ODD_CUT};
        far_world.tenant->exchange->graph_odd = odd[sim_between(SIM_FAULTS, 0, COUNT(odd) - 1)];
    }
}

void cloud_before(const struct t_request *q)
{
    static const char *const orders[] = {"\"revoke\":\"all\"", "\"revoke\":\"graph\"",
                                         "\"revoke\":\"ews\"", "\"expire\":\"all\"",
                                         "\"expire\":\"graph\""};
    if (fault_due(FAULT_TOKEN)) {
        order("/_tenant/entra", "{%s}", one_of(orders, COUNT(orders)));
    }
    if (fault_due(FAULT_ENTRA)) {
        upset_entra();
    }
    if (q->service == T_GRAPH) {
        before_graph();
    }
}

// ---- after

static void unpack(struct t_response *r)
{
    static const char packed[] = "Content-Encoding: gzip\r\n";
    struct t_buf plain = {0};
    isize at = str_find(t_buf_str(&r->head), str_from(packed));
    if (at >= 0 && t_gunzip(t_buf_str(&r->own), MIB(64), &plain)) {
        isize n = (isize)sizeof(packed) - 1;
        memmove(r->head.p + at, r->head.p + at + n, (size_t)(r->head.n - at - n));
        r->head.n -= n;
        t_buf_free(&r->own);
        r->own = plain;
    }
}

// An id that is not the one that was asked about.
static bool change_id(struct t_response *r)
{
    unpack(r);
    static const char key[] = "\"targetId\":\"";
    isize at = str_find(t_buf_str(&r->own), str_from(key));
    if (at < 0) {
        return false;
    }
    u8 *p = r->own.p + at + (isize)sizeof(key) - 1 + 20;
    *p = *p == 'A' ? 'B' : 'A';
    return true;
}

void cloud_after(const struct t_request *q, struct t_response *r, bool *damaged)
{
    struct exchange *e = far_world.tenant->exchange;
    bool ids = str_ends(q->path, S("/translateExchangeIds"));
    if (e->graph_odd && ids && r->status == 200 && change_id(r)) {
        book.ids_differ = true;
    }
    *damaged = *damaged || (e->graph_odd != 0 && !ids);
    e->graph_odd = 0;
}

void cloud_put_status(const struct t_request *q, struct t_response *r, int status)
{
    static const char *const codes[] = {"generalException", "serviceNotAvailable", "UnknownError",
                                        "ErrorInternalServerTransientError"};
    str number = t_request_header(q, "client-request-id");
    r->status = status;
    if (number.n > 0 && sim_one_in(SIM_FAULTS, 2)) {
        t_response_header(r, "client-request-id: %.*s", (int)number.n, (const char *)number.p);
    }
    if (sim_one_in(SIM_FAULTS, 3)) { // what stands before it
        t_buf_z(&r->own, "<html><body>a fault of the simulation</body></html>");
        t_response_header(r, "Content-Type: text/html");
        return;
    }
    t_response_header(r, "Content-Type: application/json");
    if (q->service == T_ENTRA) {
        t_buf_printf(&r->own,
                     "{\"error\":\"%s\",\"error_description\":\"AADSTS%d: a fault of the "
                     "simulation\",\"error_codes\":[%d]}",
                     status == 429 ? "temporarily_unavailable" : "server_error",
                     status == 429 ? 90055 : 90033, status == 429 ? 90055 : 90033);
        return;
    }
    t_buf_printf(&r->own, "{\"error\":{\"code\":\"%s\",\"message\":\"a fault of the simulation\"}}",
                 status == 429 ? "ApplicationThrottled" : one_of(codes, COUNT(codes)));
}
