// SPDX-License-Identifier: Apache-2.0
// Faults of requests and answers; see far_request.h. Statuses are made by the tenant's own
// functions, so that they have the shape of the service.
#include "far_request.h"

#include <string.h>

#include "../tenant/es.h"
#include "../tenant/google.h"
#include "clock.h"
#include "far.h"
#include "far_cloud.h"
#include "far_exchange.h"
#include "faults.h"
#include "life_observer.h"
#include "observer.h"
#include "people.h"
#include "sim.h"
#include "sim_net.h"

static const char garbled[] =
    "<!DOCTYPE html><html><body><h1>Sign in to the network</h1></body></html>";

enum request_kind request_kind_of(const struct t_request *q)
{
    if (q->service == T_EXCHANGE) {
        return REQUEST_EXCHANGE;
    }
    if (q->service == T_ENTRA || q->service == T_GRAPH) {
        return q->service == T_ENTRA ? REQUEST_TOKEN : REQUEST_GRAPH;
    }
    if (q->service == T_ELASTIC) {
        return str_ends(q->path, S("/_bulk"))            ? REQUEST_BULK
               : str_ends(q->path, S("/_search"))        ? REQUEST_SEARCH
               : str_ends(q->path, S("/_search/scroll")) ? REQUEST_SCROLL
                                                         : REQUEST_ELASTIC;
    }
    if (str_starts(q->path, S("/token"))) {
        return REQUEST_TOKEN;
    }
    if (str_starts(q->path, S("/admin/directory/"))) {
        return REQUEST_USERS;
    }
    isize at = str_find(q->path, S("/messages"));
    if (at < 0) {
        return REQUEST_OTHER;
    }
    return str_find(str_from_index(q->path, at + 1), S("/")) > 0 ? REQUEST_GET : REQUEST_LIST;
}

// ---- answers that are not the tenant's

static void put_retry_after(struct t_response *r)
{
    i64 s = (i64)1 << sim_between(SIM_FAULTS, 0, 7);
    s = sim_one_in(SIM_FAULTS, 100) ? 3 * 3600 : s; // longer than anybody waits
    switch (sim_between(SIM_FAULTS, 0, 2)) {
    case 0:
        t_response_header(r, "Retry-After: %lld", (long long)s);
        break;
    case 1: {
        struct t_buf date = {0};
        t_put_mail_date(&date, clock_true_unix_ms() + s * 1000);
        t_response_header(r, "Retry-After: %.*sGMT", (int)date.n - 5, (const char *)date.p);
        t_buf_free(&date);
        break;
    }
    default:
        break;
    }
}

static void put_status(const struct t_request *q, struct t_response *r, int status)
{
    t_response_init(r);
    put_retry_after(r);
    if (q->service == T_ELASTIC) {
        elastic_error(r, status, status == 429 ? "es_rejected_execution_exception" : "exception",
                      "a fault of the simulation");
        t_response_header(r, "content-type: application/json");
        t_response_header(r, "X-elastic-product: Elasticsearch");
    } else if (q->service == T_EXCHANGE) { // what stands before Exchange
        r->status = status;
        t_buf_z(&r->own, "<html><body>a fault of the simulation</body></html>");
        t_response_header(r, "Content-Type: text/html");
    } else if (q->service == T_ENTRA || q->service == T_GRAPH) {
        cloud_put_status(q, r, status);
    } else if (request_kind_of(q) == REQUEST_TOKEN) {
        token_error(r, status, "internal_failure", "a fault of the simulation");
    } else if (status == 429 && sim_one_in(SIM_FAULTS, 2)) {
        google_error(r, 403,
                     sim_one_in(SIM_FAULTS, 2) ? "userRateLimitExceeded" : "rateLimitExceeded",
                     "Rate Limit Exceeded");
    } else {
        google_error(r, status, status == 429 ? "rateLimitExceeded" : "backendError",
                     "a fault of the simulation");
    }
}

static void put_garbled(struct t_response *r)
{
    t_response_init(r);
    r->status = sim_one_in(SIM_FAULTS, 2) ? 200 : 502;
    t_buf_z(&r->own, garbled);
    t_response_header(r, "Content-Type: text/html");
}

// What a proxy says that opens no tunnel.
void request_refuse_tunnel(int link)
{
    static const char *const answers[] = {
        "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
        "SSH-2.0-OpenSSH_9.9\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n and then nobody asked",
        "",
    };
    net_write(link, str_from(answers[sim_between(SIM_FAULTS, 0, COUNT(answers) - 1)]));
    net_finish(link);
}

static bool has_page_token(const struct t_request *q)
{
    return str_find(q->query, S("pageToken=")) >= 0;
}

static void revoke_tokens(struct tenant *t)
{
    for (isize i = 0; i < t->token_count; i++) {
        t->tokens[i].revoked = true;
    }
}

// Errors of single items in the next bulk, or none.
static void set_item_errors(struct tenant *t, const char *type, int status)
{
    struct t_buf b = {0};
    t_buf_printf(&b,
                 "{\"error_every\":%lld,\"error_count\":%lld,\"error_status\":%d,"
                 "\"error_type\":\"%s\",\"error_reason\":\"a fault of the simulation\"}",
                 (long long)sim_between(SIM_FAULTS, 1, 4),
                 (long long)(status ? sim_between(SIM_FAULTS, 1, 5) : 0), status ? status : 400,
                 type);
    elastic_control(t, t_buf_str(&b));
    t_buf_free(&b);
}

static bool has_several_items(const struct t_request *q)
{
    struct t_buf unpacked = {0};
    str s = q->body;
    if (str_eq(t_request_header(q, "content-encoding"), S("gzip"))) {
        ASSERT(t_gunzip(q->body, MIB(200), &unpacked));
        s = t_buf_str(&unpacked);
    }
    i64 lines = 0;
    for (isize i = 0; i < s.n; i++) {
        lines += s.p[i] == '\n';
    }
    t_buf_free(&unpacked);
    return lines > 2;
}

// ---- before the tenant

static bool answer_elastic(const struct t_request *q, struct t_response *r)
{
    struct tenant *t = far_world.tenant;
    enum request_kind kind = request_kind_of(q);
    if (clock_now_us() < far_world.outage_us) {
        put_status(q, r, 503);
        return true;
    }
    if (kind == REQUEST_SCROLL && t_request_is(q, "POST") && fault_due(FAULT_SCROLL_LOST)) {
        t_response_init(r);
        elastic_shard_error(r, 404, "search_context_missing_exception",
                            "No search context found for id [1]");
        t_response_header(r, "content-type: application/json");
        return true;
    }
    if (kind != REQUEST_BULK) {
        return false;
    }
    if (has_several_items(q) && fault_due(FAULT_BULK_413)) {
        t_response_init(r);
        r->status = 413;
        return true;
    }
    set_item_errors(t, "", 0);
    if (fault_due(FAULT_ITEM_BUSY)) {
        bool busy = sim_one_in(SIM_FAULTS, 2);
        set_item_errors(t,
                        busy ? "es_rejected_execution_exception" : "unavailable_shards_exception",
                        busy ? 429 : 503);
    } else if (fault_due(FAULT_ITEM_REJECT)) {
        set_item_errors(t, "document_parsing_exception", 400);
    }
    return false;
}

static bool answer_google(const struct t_request *q, struct t_response *r)
{
    enum request_kind kind = request_kind_of(q);
    if (kind != REQUEST_TOKEN && fault_due(FAULT_TOKEN)) {
        revoke_tokens(far_world.tenant); // which the answer then says
    }
    bool page = (kind == REQUEST_LIST || kind == REQUEST_USERS) && has_page_token(q);
    if (page && fault_due(FAULT_PAGE_TOKEN)) {
        t_response_init(r);
        google_error(r, 400, "invalidArgument", "Invalid pageToken");
        return true;
    }
    return false;
}

static bool answer_instead(const struct t_request *q, struct t_response *r, bool *damaged)
{
    static const int statuses[] = {500, 502, 503, 504};
    if (fault_due(FAULT_STATUS_429)) {
        put_status(q, r, 429);
        return true;
    }
    if (fault_due(FAULT_STATUS_5XX)) {
        put_status(q, r, statuses[sim_between(SIM_FAULTS, 0, 3)]);
        return true;
    }
    if (fault_due(FAULT_GARBLED)) {
        put_garbled(r);
        *damaged = true;
        return true;
    }
    if (far_world.cloud && q->service != T_ELASTIC) {
        cloud_before(q);
    }
    if (q->service == T_EXCHANGE) {
        exchange_before();
        return false;
    }
    if (q->service == T_ENTRA || q->service == T_GRAPH) {
        return false;
    }
    return q->service == T_ELASTIC ? answer_elastic(q, r) : answer_google(q, r);
}

// ---- after it

static void choose_manner(const struct t_request *q, const struct t_response *r, struct manner *m)
{
    m->delay_us = sim_between(SIM_FAR, 200, 20000) + r->delay_ms * SIM_MS;
    if (fault_due(FAULT_DELAY)) {
        m->delay_us += sim_between(SIM_FAULTS, 1, 140000) * SIM_MS;
    }
    if (fault_due(FAULT_TRUNCATED)) {
        i64 whole = t_response_length(r) + 100;
        m->cut_after = sim_between(SIM_FAULTS, 0, whole - 1);
    }
    m->trickle = fault_due(FAULT_TRICKLE);
    // With short reads the copy would stay behind unseen: see is_page() in far.c. Nor can a copy of
    // a proxy's 413 be known, which bears no X-Opaque-Id and can come before a request is out.
    bool split = fault_enabled(FAULT_SHORT_IO) || m->trickle;
    m->twice = !split && r->status != 413 && fault_due(FAULT_DUPLICATE);
    m->lost = request_kind_of(q) == REQUEST_BULK && fault_due(FAULT_BULK_LOST);
    m->lost = m->lost || (q->service == T_ELASTIC && fault_due(FAULT_LOST));
}

// Of a service: what records and jobs were before and are after it.
static void answer_service(const struct t_request *q, struct t_response *r, struct manner *m)
{
    bool damaged = false, applied = false;
    *m = (struct manner){.cut_after = -1, .hang = fault_due(FAULT_HANG)};
    if (m->hang) {
        t_response_init(r);
        life_disturbed(q);
        return;
    }
    if (!answer_instead(q, r, &damaged)) {
        if (q->service == T_ELASTIC && fault_due(FAULT_BUSY_RECORD)) {
            life_rival_writes(q);
        }
        life_asked(q);
        tenant_handle(far_world.tenant, q, r, clock_true_unix_ms());
        applied = true;
    }
    r->close = r->close || q->close;
    choose_manner(q, r, m);
    if (q->service == T_ELASTIC && !t_request_is(q, "GET")) {
        str body = str_slice(q->body, 0, q->body.n < 200 ? q->body.n : 200);
        sim_trace("%lld process %d asks %.*s?%.*s %.*s -> %d%s", (long long)clock_now_us(),
                  far_world.asking, (int)q->path.n, (const char *)q->path.p, (int)q->query.n,
                  (const char *)q->query.p, (int)body.n, (const char *)body.p, r->status,
                  m->lost             ? " lost"
                  : m->cut_after >= 0 ? " cut"
                                      : "");
    }
    if (applied) {
        life_answered(q, r);
    }
    if (!applied || m->lost || m->cut_after >= 0) {
        life_disturbed(q);
    }
}

void request_answer(const struct t_request *q, struct t_response *r, struct manner *m)
{
    people_step(far_world.tenant);
    if (far_world.service) {
        answer_service(q, r, m);
        return;
    }
    *m = (struct manner){.cut_after = -1, .note = observer_asked(q, request_kind_of(q))};
    bool damaged = false;
    if (fault_due(FAULT_HANG)) {
        m->hang = true;
        t_response_init(r);
        return;
    }
    if (!answer_instead(q, r, &damaged)) {
        tenant_handle(far_world.tenant, q, r, clock_true_unix_ms());
    }
    if (q->service == T_EXCHANGE) {
        exchange_after(q, r, m, &damaged);
    }
    if (q->service == T_GRAPH) {
        cloud_after(q, r, &damaged);
    }
    r->close = r->close || q->close;
    choose_manner(q, r, m);
    observer_answered(m->note, r, damaged);
}
