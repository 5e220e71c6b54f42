// SPDX-License-Identifier: Apache-2.0
// The table of scenarios: what each changes of the world that the seed made, and which faults may
// happen in it. A new one is a row here, and a function if it needs settings of its own.
#include <string.h>

#include "faults.h"
#include "sim.h"
#include "world.h"

#define NETWORK                                                                                \
    (FAULT_BIT(REFUSE) | FAULT_BIT(NO_SOCKET) | FAULT_BIT(SWALLOW) | FAULT_BIT(SLOW_CONNECT) | \
     FAULT_BIT(HALF_OPEN) | FAULT_BIT(RESET) | FAULT_BIT(CLOSE) | FAULT_BIT(SILENCE) |         \
     FAULT_BIT(SHORT_IO) | FAULT_BIT(SPURIOUS) | FAULT_BIT(IDLE_CLOSE))
#define NAMES                                                                  \
    (FAULT_BIT(DNS_SILENT) | FAULT_BIT(DNS_SERVFAIL) | FAULT_BIT(DNS_NONE) |   \
     FAULT_BIT(DNS_TRUNCATED) | FAULT_BIT(DNS_CHANGED) | FAULT_BIT(DNS_LATE) | \
     FAULT_BIT(IDLE_CLOSE))
#define TLS \
    (FAULT_BIT(TLS_ALERT) | FAULT_BIT(TLS_STALE) | FAULT_BIT(TLS_BROKEN) | FAULT_BIT(IDLE_CLOSE))
#define ANSWERS                                                                            \
    (FAULT_BIT(TRUNCATED) | FAULT_BIT(DUPLICATE) | FAULT_BIT(DELAY) | FAULT_BIT(TRICKLE) | \
     FAULT_BIT(HANG) | FAULT_BIT(GARBLED))
#define STATUSES (FAULT_BIT(STATUS_429) | FAULT_BIT(STATUS_5XX))
#define GOOGLE (FAULT_BIT(TOKEN) | FAULT_BIT(PAGE_TOKEN) | FAULT_BIT(CLOCK))
#define ELASTIC                                                                                   \
    (FAULT_BIT(ITEM_BUSY) | FAULT_BIT(ITEM_REJECT) | FAULT_BIT(BULK_413) | FAULT_BIT(BULK_LOST) | \
     FAULT_BIT(SCROLL_LOST) | FAULT_BIT(OUTAGE))
#define CHURN (FAULT_BIT(VANISH) | FAULT_BIT(APPEAR))
#define POOLS                                                                      \
    (FAULT_BIT(POOL_BUFFERS) | FAULT_BIT(POOL_MAILBOX) | FAULT_BIT(POOL_FLIGHTS) | \
     FAULT_BIT(POOL_RESOLVERS) | FAULT_BIT(POOL_GZIP))
#define FULL_SETS (FAULT_BIT(POOL_IDS) | FAULT_BIT(POOL_ROSTER))

static void set_calm(struct world *w)
{
    w->runs = 2;
}

static void set_tiny(struct world *w)
{
    w->lanes = w->mailbox_open = w->medium_buffers = w->flights = 1;
    w->chunk_size = 2;
    w->chunk_mib = 0.125;
    w->requests_per_mailbox = 1;
    w->tenant.users = (int)sim_between(SIM_PLAN, 1, 4);
    w->tenant.messages = sim_between(SIM_PLAN, 0, 20);
}

// For enumerations: one run of which every operation fails once, and the calm one after it.
static void set_smallest(struct world *w)
{
    set_tiny(w);
    w->tenant.users = 2;
    w->tenant.messages = 3;
    w->tenant.message_bytes = 500;
    w->tenant.latency_ms = w->tenant.es_latency_ms = 0;
    w->odd_users = 0;
    w->runs = 1;
}

static void set_big(struct world *w)
{
    w->lanes = (int)sim_between(SIM_PLAN, 2, 6);
    w->medium_buffers = (int)sim_between(SIM_PLAN, 1, 2);
    w->tenant.users = (int)sim_between(SIM_PLAN, 1, 3);
    w->tenant.messages = sim_between(SIM_PLAN, 1, 6);
    w->tenant.message_bytes = KIB(sim_between(SIM_PLAN, 100, 4000));
    w->tenant.spread_percent = 90;
    w->runs = 2;
}

static void set_proxy(struct world *w)
{
    w->proxy = true;
}

static void set_refused(struct world *w)
{
    w->tenant.users = (int)sim_between(SIM_PLAN, 4, 12);
    w->odd_users = (int)sim_between(SIM_PLAN, 1, w->tenant.users / 3);
}

static void set_full_sets(struct world *w)
{
    w->small_limits = true;
}

static void set_quota(struct world *w)
{
    w->tenant.quota_user = sim_between(SIM_PLAN, 100, 2000);
    w->tenant.quota_project = w->tenant.quota_user * sim_between(SIM_PLAN, 1, 4);
    w->quota_user = w->tenant.quota_user * sim_between(SIM_PLAN, 1, 3);
    w->quota_project = w->tenant.quota_project * sim_between(SIM_PLAN, 1, 3);
    w->tenant.messages = sim_between(SIM_PLAN, 5, 60);
    w->tenant.users = (int)sim_between(SIM_PLAN, 1, 4);
    w->patience_s = 48 * 3600;
}

static void set_tokens(struct world *w)
{
    w->tenant.token_ttl_s = sim_between(SIM_PLAN, 1, 400);
}

static void set_stop(struct world *w)
{
    w->runs = (int)sim_between(SIM_PLAN, 2, 5);
}

// ---- Exchange

#define EXCHANGE                                                                                 \
    (FAULT_BIT(EWS_BUSY) | FAULT_BIT(EWS_ERROR) | FAULT_BIT(EWS_DAMAGE) | FAULT_BIT(EWS_STATE) | \
     FAULT_BIT(EWS_MAILBOX) | FAULT_BIT(EWS_LOGIN) | FAULT_BIT(LDAP))

static void set_exchange(struct world *w)
{
    static const char *const directories[] = {"ldap://dc.tenant.test", "dc.tenant.test",
                                              "ldaps://dc.tenant.test"};
    static const int offers[] = {T_AUTH_NTLM, T_AUTH_BASIC, T_AUTH_NTLM | T_AUTH_NEGOTIATE,
                                 T_AUTH_NEGOTIATE | T_AUTH_WRAPPED,
                                 T_AUTH_NTLM | T_AUTH_NEGOTIATE | T_AUTH_BASIC};
    struct t_options *o = &w->tenant;
    w->exchange = true;
    w->directory = directories[sim_between(SIM_PLAN, 0, 2)];
    o->messages = 0;
    o->users = (int)sim_between(SIM_PLAN, 1, 5);
    o->exchange_items = sim_between(SIM_PLAN, 0, sim_one_in(SIM_PLAN, 8) ? 400 : 40);
    o->exchange_auth = offers[sim_between(SIM_PLAN, 0, COUNT(offers) - 1)];
    o->exchange_bare = sim_one_in(SIM_PLAN, 3);
    o->ldap_page = sim_one_in(SIM_PLAN, 2) ? sim_between(SIM_PLAN, 1, 5) : 1000;
    o->directory_users = sim_one_in(SIM_PLAN, 4) ? sim_between(SIM_PLAN, 1, 30) : 0;
    o->latency_ms = 0;
    w->exchange_requests = (int)sim_between(SIM_PLAN, 1, 6);
    w->requests_per_mailbox = (int)sim_between(SIM_PLAN, 1, 4);
    // Some directories take no simple bind. By what was drawn before, so that the others stay the
    // worlds that their seeds have been.
    static const int refusals[] = {7, 8, 13, 48, 49, 7};
    o->ldap_no_simple = w->requests_per_mailbox == 4 ? refusals[w->exchange_requests - 1] : 0;
    w->delegate = sim_one_in(SIM_PLAN, 4);
    o->exchange_full_access = w->delegate;
    w->only_basic = o->exchange_auth & T_AUTH_BASIC && sim_one_in(SIM_PLAN, 2);
    w->ssl_off = sim_one_in(SIM_PLAN, 4);
    w->extraction = false;
    w->patience_s = 10 * 24 * 3600;
}

static void set_exchange_calm(struct world *w)
{
    set_exchange(w);
    w->runs = (int)sim_between(SIM_PLAN, 2, 4);
}

static void set_exchange_states(struct world *w)
{
    set_exchange_calm(w);
    w->states = true;
    w->full = false;
    w->runs = (int)sim_between(SIM_PLAN, 5, 8);
}

static void set_exchange_offsets(struct world *w)
{
    set_exchange(w);
    w->no_sync = true;
}

static void set_exchange_stop(struct world *w)
{
    set_exchange(w);
    w->runs = (int)sim_between(SIM_PLAN, 2, 5);
}

// ---- Exchange Online

#define GRAPH                                                                               \
    (FAULT_BIT(TOKEN) | FAULT_BIT(EWS_BUSY) | FAULT_BIT(EWS_ERROR) | FAULT_BIT(EWS_STATE) | \
     FAULT_BIT(EWS_MAILBOX) | FAULT_BIT(ENTRA) | FAULT_BIT(GRAPH_ODD) | FAULT_BIT(GRAPH_PAGES))

static void set_graph(struct world *w)
{
    set_exchange(w);
    w->cloud = true;
    w->backend = "graph";
    w->tenant.exchange_auth = T_AUTH_BEARER;
    w->tenant.exchange_full_access = w->delegate = w->only_basic = false;
    w->tenant.directory_users = 0;
    w->runs = (int)sim_between(SIM_PLAN, 1, 4);
}

static void set_graph_errors(struct world *w)
{
    set_graph(w);
    w->tenant.token_ttl_s = sim_one_in(SIM_PLAN, 2) ? sim_between(SIM_PLAN, 1, 400) : 3600;
}

static void set_cloud_ews(struct world *w)
{
    set_graph_errors(w);
    w->backend = "ews";
}

static void set_graph_auto(struct world *w)
{
    set_graph(w);
    w->backend = "auto";
    w->grants = true;
}

static void set_switch_ways(struct world *w)
{
    set_graph(w);
    w->switches = true;
    w->runs = (int)sim_between(SIM_PLAN, 3, 6);
}

static void set_graph_throttled(struct world *w)
{
    set_graph(w);
    w->graph_limits.concurrent = (int)sim_between(SIM_PLAN, 1, 4);
    w->graph_limits.requests = (i64)4 << sim_between(SIM_PLAN, 0, 8);
    w->graph_limits.window_s = sim_between(SIM_PLAN, 1, 600);
    w->graph_limits.retry_after_s = sim_between(SIM_PLAN, 1, 120);
    w->graph_limits.silent = sim_one_in(SIM_PLAN, 3);
}

// 300 mailboxes of mixed size, two of them large, at the limits that Microsoft publishes: how near
// the sync comes to what they allow (cloud_figure()).
static void set_graph_limits(struct world *w)
{
    set_graph(w);
    w->tenant.users = 300;
    w->tenant.exchange_items = 16;
    w->tenant.exchange_bare = false;
    w->odd_users = 0;
    w->addresses = 1;
    w->addresses_v6 = 0;
    w->dead = 0;
    w->idle_s = 0;
    w->graph_latency_ms = 90;
    w->large[0] = 10;
    w->large[1] = 60;
    w->large_mails = 5000;
    w->medium_mails = 500;
    w->small_mails = 100;
    w->file_bytes = 1000;
    w->lanes = 32;
    w->mailbox_open = 16;
    w->medium_buffers = 4;
    w->requests_per_mailbox = 4;
    w->ids = 400000;
    w->mailboxes = 400;
    w->flights = 3;
    w->chunk_size = 500;
    w->chunk_mib = 4;
    w->compress = w->proxy = w->full = false;
    w->request_timeout_s = 120;
    w->tenant.es_latency_ms = 0;
    w->runs = 1;
}

// The same in little, for every check: with ten times the latency, so that the beginning and the
// end weigh as they do there.
static void set_graph_limits_small(struct world *w)
{
    set_graph_limits(w);
    w->tenant.users = 80;
    w->tenant.exchange_items = 6;
    w->graph_latency_ms = 900;
    w->large[0] = 3;
    w->large[1] = 20;
    w->large_mails = 550;
    w->medium_mails = 60;
    w->small_mails = 20;
}

// ---- services

#define STORMS                                                                              \
    (FAULT_BIT(REFUSE) | FAULT_BIT(SWALLOW) | FAULT_BIT(SLOW_CONNECT) | FAULT_BIT(RESET) |  \
     FAULT_BIT(CLOSE) | FAULT_BIT(SILENCE) | FAULT_BIT(SHORT_IO) | FAULT_BIT(SPURIOUS) |    \
     FAULT_BIT(IDLE_CLOSE) | FAULT_BIT(TRUNCATED) | FAULT_BIT(DELAY) | FAULT_BIT(TRICKLE) | \
     FAULT_BIT(HANG) | FAULT_BIT(STATUS_429) | FAULT_BIT(STATUS_5XX) | FAULT_BIT(TOKEN) |   \
     FAULT_BIT(ITEM_BUSY) | FAULT_BIT(BULK_LOST) | FAULT_BIT(LOST) | FAULT_BIT(BUSY_RECORD))

static void set_service_calm(struct world *w)
{
    bool slow = !sim_one_in(SIM_PLAN, 3); // syncs of minutes
    w->tenant.users = (int)sim_between(SIM_PLAN, 1, 3);
    w->tenant.messages = sim_between(SIM_PLAN, 0, 16);
    w->tenant.message_bytes = 500;
    w->tenant.latency_ms = slow ? sim_between(SIM_PLAN, 100, 20000) : 0;
    w->tenant.es_latency_ms = slow ? sim_between(SIM_PLAN, 0, 5000) : 0;
    w->tenant.es_license = S("platinum");
    w->odd_users = 0;
    w->lanes = (int)sim_between(SIM_PLAN, 1, 4);
    w->mailbox_open = 2;
    w->medium_buffers = 1;
    w->ids = 2000;
    w->dead = 0;
    w->proxy = w->api_key = false;
    w->patience_s = 400 * 86400;
    w->request_timeout_s = (int)sim_between(SIM_PLAN, 130, 240);
    struct life_settings *l = &w->life;
    l->on = l->platinum = true;
    l->processes = 1;
    l->connectors = (int)sim_between(SIM_PLAN, 1, 3);
    l->seconds = sim_between(SIM_PLAN, 4, 26) * 3600;
    l->idling_s = (int)sim_between(SIM_PLAN, 30, 180);
    l->heartbeat_s = 300;
    l->cleanup_s = (int)sim_between(SIM_PLAN, 60, 300);
    l->contents = (int)sim_between(SIM_PLAN, 1, 2);
    l->accesses = 1;
    l->visits = (int)sim_between(SIM_PLAN, 1, 4);
    l->api = !sim_one_in(SIM_PLAN, 3);
    w->tenant.es_no_connectors = !l->api;
    if (sim_one_in(SIM_PLAN, 4)) {
        w->tenant.es_license = S("basic");
        l->platinum = false;
    }
}

static void set_service(struct world *w)
{
    set_service_calm(w);
    struct life_settings *l = &w->life;
    l->storm_s = sim_between(SIM_PLAN, 3600, 20000);
    l->outage_s = sim_between(SIM_PLAN, 3600, 40000);
    l->kill_s = sim_between(SIM_PLAN, 3600, 40000);
    l->stop_s = sim_between(SIM_PLAN, 3600, 40000);
    l->edit_s = sim_between(SIM_PLAN, 3600, 40000);
    l->spoil_s = sim_between(SIM_PLAN, 10000, 80000);
    l->demand_s = sim_between(SIM_PLAN, 1000, 10000);
    l->cancel_s = sim_between(SIM_PLAN, 300, 10000);
    l->delete_s = sim_between(SIM_PLAN, 20000, 100000);
}

static void set_service_outlook(struct world *w)
{
    set_service_calm(w);
    w->exchange = w->cloud = true;
    w->backend = "graph";
    w->directory = "ldaps://dc.tenant.test";
    w->tenant.messages = 0;
    w->tenant.exchange_items = sim_between(SIM_PLAN, 0, 12);
    w->tenant.exchange_bare = true;
    w->tenant.exchange_auth = T_AUTH_NTLM | T_AUTH_BEARER;
    w->tenant.es_license = S("platinum");
    struct life_settings *l = &w->life;
    l->outlook = l->platinum = true;
    l->connectors = 2;
    l->demand_s = sim_between(SIM_PLAN, 1000, 10000);
    l->cancel_s = sim_one_in(SIM_PLAN, 2) ? sim_between(SIM_PLAN, 300, 10000) : 0;
    l->stop_s = sim_one_in(SIM_PLAN, 2) ? 30000 : 0;
    l->kill_s = sim_one_in(SIM_PLAN, 2) ? 30000 : 0;
}

static void set_service_two(struct world *w)
{
    set_service(w);
    w->life.processes = 2;
    w->life.connectors = (int)sim_between(SIM_PLAN, 1, 3);
}

static void set_service_people(struct world *w)
{
    set_service(w);
    w->life.storm_s = w->life.outage_s = w->life.kill_s = 0;
    w->life.processes = (int)sim_between(SIM_PLAN, 1, 2);
}

static void set_service_outages(struct world *w)
{
    set_service_calm(w);
    w->life.outage_s = sim_between(SIM_PLAN, 600, 20000);
    w->life.demand_s = sim_between(SIM_PLAN, 1000, 10000);
    w->life.processes = (int)sim_between(SIM_PLAN, 1, 2);
}

static void set_service_lost(struct world *w)
{
    set_service_calm(w);
    w->life.storm_s = sim_between(SIM_PLAN, 600, 6000);
    w->life.demand_s = sim_between(SIM_PLAN, 1000, 10000);
    w->life.cancel_s = sim_between(SIM_PLAN, 300, 10000);
    w->life.processes = (int)sim_between(SIM_PLAN, 1, 2);
}

static void set_service_kills(struct world *w)
{
    set_service_calm(w);
    w->life.kill_s = sim_between(SIM_PLAN, 300, 10000);
    w->life.stop_s = sim_between(SIM_PLAN, 300, 10000);
    w->life.demand_s = sim_between(SIM_PLAN, 1000, 10000);
    w->life.processes = (int)sim_between(SIM_PLAN, 1, 2);
}

// Over the end of February in a leap year, or in another.
static void set_service_leap(struct world *w)
{
    static const i64 starts[] = {1835308800, 1709078400, 1772236800,
                                 1803772800}; // 2028, 24, 26, 27
    set_service_calm(w);
    struct life_settings *l = &w->life;
    l->leap = true;
    l->start_unix_s = starts[sim_between(SIM_PLAN, 0, 3)] + sim_between(SIM_PLAN, -7200, 7200);
    l->seconds = sim_between(SIM_PLAN, 28, 60) * 3600;
    l->idling_s = (int)sim_between(SIM_PLAN, 60, 240);
    l->stop_s = sim_one_in(SIM_PLAN, 2) ? 30000 : 0;
    l->edit_s = 40000;
}

static void set_service_idle(struct world *w)
{
    set_service_calm(w);
    struct life_settings *l = &w->life;
    l->idle = true;
    l->connectors = 100;
    l->seconds = 24 * 3600;
    l->idling_s = 30;
    l->cleanup_s = 300;
    l->visits = 4;
    w->tenant.latency_ms = w->tenant.es_latency_ms = 0;
}

static void set_service_idle_hours(struct world *w)
{
    set_service_idle(w);
    w->life.seconds = 3600;
}

static const struct scenario table[] = {
    {"weather", "everything may happen",
     NETWORK | NAMES | TLS | ANSWERS | STATUSES | GOOGLE | ELASTIC | CHURN | POOLS |
         FAULT_BIT(SIGTERM) | FAULT_BIT(DEATH),
     NULL, 10},
    {"calm", "nothing goes wrong: every number is known beforehand", 0, set_calm, 2},
    {"network", "links", NETWORK, NULL, 4},
    {"names", "name servers", NAMES, NULL, 2},
    {"tls", "handshakes, alerts, stale sessions", TLS, NULL, 2},
    {"answers", "cut, late, twice, garbled", ANSWERS, NULL, 4},
    {"statuses", "429 and 5xx", STATUSES, NULL, 3},
    {"quota", "the tenant's own quotas", STATUSES, set_quota, 1},
    {"tokens", "tokens that end early, page tokens, clock steps", GOOGLE, set_tokens, 3},
    {"elastic", "items, 413, lost answers, outages", ELASTIC, NULL, 5},
    {"churn", "messages come and go", CHURN | FAULT_BIT(PAGE_TOKEN) | FAULT_BIT(SCROLL_LOST), NULL,
     3},
    {"stop", "SIGTERM at any moment", FAULT_BIT(SIGTERM) | ELASTIC | ANSWERS, set_stop, 3},
    {"death", "the process dies at any moment", FAULT_BIT(DEATH) | ELASTIC | CHURN, set_stop, 4},
    {"tiny", "one of everything", NETWORK | ANSWERS | ELASTIC | CHURN, set_tiny, 3},
    {"smallest", "for enumerations", FAULT_ALL, set_smallest, 0},
    {"big", "messages beyond a lane's buffer", NETWORK | ANSWERS | ELASTIC | POOLS, set_big, 1},
    {"pools", "pools that are used up", POOLS | ANSWERS, NULL, 3},
    {"full_sets", "id set and roster are full", FULL_SETS | CHURN, set_full_sets, 2},
    {"proxy", "through a proxy", NETWORK | NAMES | TLS | FAULT_BIT(PROXY), set_proxy, 3},
    {"refused", "mailboxes in every state", STATUSES | CHURN, set_refused, 3},
    {"outlook", "Exchange: everything may happen",
     NETWORK | NAMES | TLS | ANSWERS | STATUSES | EXCHANGE | ELASTIC | CHURN | POOLS |
         FAULT_BIT(EWS_UPDATE) | FAULT_BIT(SIGTERM) | FAULT_BIT(DEATH),
     set_exchange, 6},
    {"outlook_calm", "Exchange, and nothing goes wrong", 0, set_exchange_calm, 1},
    {"outlook_errors", "what Exchange and its directory say and do", EXCHANGE | STATUSES,
     set_exchange, 5},
    {"outlook_password", "the account's password is changed", EXCHANGE | FAULT_BIT(EWS_PASSWORD),
     set_exchange, 1},
    {"outlook_links", "links and answers", NETWORK | TLS | ANSWERS | FAULT_BIT(EWS_LOGIN),
     set_exchange, 4},
    {"outlook_churn", "items come, go, move and change",
     CHURN | FAULT_BIT(EWS_UPDATE) | FAULT_BIT(EWS_STATE) | FAULT_BIT(SCROLL_LOST), set_exchange,
     4},
    {"outlook_offsets", "the same where only FindItem lists, in short pages",
     CHURN | FAULT_BIT(EWS_UPDATE) | FAULT_BIT(SCROLL_LOST) | FAULT_BIT(EWS_DAMAGE) |
         FAULT_BIT(EWS_BUSY) | FAULT_BIT(EWS_ERROR),
     set_exchange_offsets, 3},
    {"outlook_states", "states of folders outlive runs, and processes that die",
     CHURN | FAULT_BIT(EWS_UPDATE) | FAULT_BIT(EWS_STATE) | FAULT_BIT(EWS_ERROR) |
         FAULT_BIT(EWS_BUSY) | FAULT_BIT(EWS_DAMAGE) | FAULT_BIT(EWS_MAILBOX) | ELASTIC |
         FAULT_BIT(SIGTERM) | FAULT_BIT(DEATH) | FAULT_BIT(STORE),
     set_exchange_states, 4},
    {"outlook_stop", "SIGTERM and death", FAULT_BIT(SIGTERM) | FAULT_BIT(DEATH) | ELASTIC,
     set_exchange_stop, 2},
    {"graph", "Exchange Online by Graph: everything may happen",
     NETWORK | NAMES | TLS | ANSWERS | STATUSES | GRAPH | ELASTIC | CHURN | POOLS |
         FAULT_BIT(EWS_UPDATE) | FAULT_BIT(SIGTERM) | FAULT_BIT(DEATH),
     set_graph_errors, 4},
    {"graph_calm", "Exchange Online by Graph, and nothing goes wrong", 0, set_graph, 1},
    {"graph_errors", "what Entra and Graph say and do", GRAPH | STATUSES, set_graph_errors, 4},
    {"graph_links", "links and answers", NETWORK | TLS | ANSWERS | FAULT_BIT(TOKEN),
     set_graph_errors, 2},
    {"graph_incremental", "items come, go, move and change",
     CHURN | FAULT_BIT(EWS_UPDATE) | FAULT_BIT(EWS_STATE) | FAULT_BIT(SCROLL_LOST), set_graph, 3},
    {"graph_stop", "SIGTERM and death", FAULT_BIT(SIGTERM) | FAULT_BIT(DEATH) | ELASTIC, set_graph,
     2},
    {"graph_throttled", "limits of mailboxes that are narrow", STATUSES | FAULT_BIT(EWS_BUSY),
     set_graph_throttled, 2},
    {"graph_auto", "permissions are granted and removed, and say which way is gone",
     FAULT_BIT(ENTRA) | FAULT_BIT(TOKEN) | CHURN, set_graph_auto, 2},
    {"cloud_ews", "Exchange Online by EWS",
     NETWORK | ANSWERS | STATUSES | EXCHANGE | CHURN | FAULT_BIT(TOKEN) | FAULT_BIT(ENTRA) |
         FAULT_BIT(EWS_UPDATE) | FAULT_BIT(DEATH),
     set_cloud_ews, 3},
    {"switch_ways", "by Graph, by EWS, and by Graph again, into one index", 0, set_switch_ways, 3},
    {"switch_ways_churn", "the same, and items come and go meanwhile",
     CHURN | FAULT_BIT(EWS_UPDATE) | FAULT_BIT(DEATH), set_switch_ways, 1},
    {"graph_limits", "a figure: 300 mailboxes at the published limits of Graph", 0,
     set_graph_limits, 0},
    {"graph_limits_small", "the same with 80 mailboxes", 0, set_graph_limits_small, 0},
    {"service", "days of a service: everything may happen", STORMS | FAULT_BIT(DEATH), set_service,
     0},
    {"service_calm", "days of a service, and nothing goes wrong", 0, set_service_calm, 0},
    {"service_two", "two services at once", STORMS, set_service_two, 0},
    {"service_people", "schedules are edited, jobs cancelled, processes restarted", 0,
     set_service_people, 0},
    {"service_outages", "Elasticsearch is away for minutes and hours", 0, set_service_outages, 0},
    {"service_lost", "answers are lost, records are written by others",
     FAULT_BIT(LOST) | FAULT_BIT(BUSY_RECORD) | FAULT_BIT(DELAY), set_service_lost, 0},
    {"service_kills", "processes are killed and stopped", FAULT_BIT(DEATH), set_service_kills, 0},
    {"service_leap", "the end of February", 0, set_service_leap, 0},
    {"service_outlook", "Exchange on-premises and Online, by one service", FAULT_BIT(DEATH),
     set_service_outlook, 0},
    {"service_idle", "a hundred connectors, a day, and nothing is due", 0, set_service_idle, 0},
    {"service_idle_hours", "the same for an hour", 0, set_service_idle_hours, 0},
};

const struct scenario *scenario_at(int i)
{
    return i < (int)COUNT(table) ? &table[i] : NULL;
}

const struct scenario *scenario_find(const char *name)
{
    for (isize i = 0; i < COUNT(table); i++) {
        if (strcmp(table[i].name, name) == 0) {
            return &table[i];
        }
    }
    return NULL;
}

const struct scenario *scenario_by_chance(void)
{
    int sum = 0;
    for (isize i = 0; i < COUNT(table); i++) {
        sum += table[i].weight;
    }
    i64 at = sim_between(SIM_PLAN, 0, sum - 1);
    isize i = 0;
    while (at >= table[i].weight) {
        at -= table[i++].weight;
    }
    return &table[i];
}
