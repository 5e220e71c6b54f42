// SPDX-License-Identifier: Apache-2.0
// A world from its seed to its end: the tenant, a few runs of the product with what people and the
// weather do to it, and the observer's judgement after each. The last run is calm: whatever went
// wrong before, it must make everything right.
#include "world.h"

#include <string.h>

#include "../tenant/es.h"
#include "../tenant/ews.h"
#include "clock.h"
#include "far.h"
#include "far_cloud.h"
#include "far_exchange.h"
#include "far_tls.h"
#include "faults.h"
#include "observer.h"
#include "observer_exchange.h"
#include "people.h"
#include "product.h"
#include "sim.h"
#include "sim_crypto.h"
#include "sim_net.h"
#include "sim_os.h"

struct world_stats world_stats;
struct world_figure world_figure;

// Other users than before cannot be read, as many.
static void change_states(const struct world *w, struct tenant *t)
{
    if (w->odd_users) {
        people_calm_down(t);
    }
    for (int i = 0; i < w->odd_users; i++) {
        people_upset(t, (int)sim_between(SIM_CHURN, 0, t->user_count - 1));
    }
}

static struct tenant *make_tenant(struct world *w)
{
    w->tenant.verify = sim_crypto_verify;
    struct tenant *t = tenant_new(&w->tenant, clock_true_unix_ms());
    change_states(w, t);
    return t;
}

static void begin_world(struct world *w)
{
    clock_reset();
    if (w->life.start_unix_s) {
        clock_begin_at(w->life.start_unix_s);
    }
    net_reset();
    host_reset();
    host_set_patience_s(w->patience_s);
    net_set_timeout_s(w->request_timeout_s);
    net_set_latency_us(w->graph_latency_ms ? 1000 : 0);
    far_world = (struct far_world){
        .plain_elastic = w->plain_elastic,
        .exchange = w->exchange,
        .cloud = w->cloud,
        .no_ldaps = w->exchange && !str_starts(str_from(w->directory), S("ldaps")) &&
                    sim_one_in(SIM_PLAN, 2),
        .addresses = w->addresses,
        .addresses_v6 = w->addresses_v6,
        .dead = w->dead,
        .idle_s = w->idle_s,
    };
    if (w->proxy) {
        strcpy(far_world.proxy_authorization,
               "Proxy-Authorization: Basic cHJveHktdXNlcjpwcm94eS1wYXNzd29yZA==\r\n");
    }
    far_world.tenant = make_tenant(w);
    if (w->no_sync) {
        exchange_without_sync(sim_between(SIM_PLAN, 2, 12));
    }
    if (w->cloud) {
        cloud_begin(w);
    }
    world_put_files(w);
    struct observer_settings o = {
        .document_level_security = w->document_level_security,
        .full_raw = w->full_raw,
        .spam_and_trash = w->spam_and_trash,
        .exchange = w->exchange,
        .offsets = w->no_sync,
        .strangers = w->tenant.directory_users > 0 || w->cloud,
        .cloud = w->cloud,
        .index = "mail",
    };
    observer_world(far_world.tenant, &o);
}

static void end_world(void)
{
    far_reset();
    tenant_free(far_world.tenant);
    far_world.tenant = NULL;
}

// What the weather had changed is as it should be.
static void clear_up(struct world *w)
{
    struct tenant *t = far_world.tenant;
    clock_right_product();
    far_world.outage_us = 0;
    t->o.token_ttl_s = 3600;
    t->o.quota_user = t->o.quota_project = 0;
    t->o.latency_ms = 0;
    w->small_limits = false;
    elastic_control(t, S("{\"error_every\":0,\"error_count\":0}"));
    if (w->exchange) {
        exchange_calm();
    }
    if (w->cloud) {
        cloud_calm();
    }
    if (w->exchange) {
        change_states(w, t);
    }
}

static void pass_time(struct world *w)
{
    i64 s = (i64)2 << sim_between(SIM_CHURN, 0, 12);
    i64 until_us = clock_now_us() + s * SIM_S;
    while (clock_now_us() < until_us) {
        clock_run_due();
        clock_advance_to(until_us);
    }
    clock_run_due();
    if (w->churn) {
        people_act(far_world.tenant, sim_between(SIM_CHURN, 0, 12));
        change_states(w, far_world.tenant);
    }
}

static void count_end(const struct product_end *end)
{
    world_stats.runs++;
    world_stats.died += end->died;
    world_stats.completed += !end->died && end->exit_code == 0;
    world_stats.stopped += !end->died && end->exit_code == 75;
    world_stats.failed += !end->died && end->exit_code == 1;
}

static void choose_way(struct world *w, bool calm)
{
    if (w->switches) {
        w->backend = sim_one_in(SIM_CHURN, 2) ? "graph" : "ews";
        world_put_files(w);
    }
    if (w->grants) {
        cloud_grant(calm);
    }
}

static void run_once(struct world *w, bool calm, bool full, bool settled)
{
    if (w->cloud) {
        choose_way(w, calm);
    }
    struct observer_run run = {
        .full = full,
        .changes = w->states && !full,
        .settled = settled,
        .purge = w->purge,
        .chunk_bytes = (i64)(w->chunk_mib * 1024 * 1024),
        .small_limits = w->small_limits,
        .retry_after_date = !fault_enabled(FAULT_CLOCK) && clock_product_is_right(),
        .way = w->cloud ? cloud_way(w->backend) : WAY_EWS,
    };
    i64 begun_us = clock_now_us();
    net_count_from_zero();
    observer_run_begin(&run);
    if (w->cloud && far_world.tenant->exchange->graph_repeat) {
        exchange_forgotten(); // pages of this run, too, repeat what the one before has brought
    }
    struct product_end ended = product_run(full);
    count_end(&ended);
    sim_trace("%lld end %d %d", (long long)clock_now_us(), ended.died, ended.exit_code);
    if (ended.died) {
        net_reset_all();
    } else {
        if (net_open_count() != 0) {
            sim_violation("%d descriptors are open at the end", net_open_count());
        }
        product_check();
    }
    struct observer_end end = {
        .finished = !ended.died,
        .exit_code = ended.exit_code,
        .stopped = host_stopped_us() >= 0,
        .summary = host_output(1),
        .log = host_output(2),
        .calm = calm,
    };
    host_summary_bytes(&end.bytes_in, &end.bytes_out);
    observer_run_end(&end);
    host_run_end();
    world_stats.virtual_us += clock_now_us() - begun_us;
}

void world_run(u64 seed, const struct scenario *s, u64 faults, struct enumerated *e)
{
    struct world w;
    // Seeds that follow one another share their numbers, one apart: services, with many decisions
    // in a row, would meet the same days again and again.
    bool service = s && str_starts(str_from(s->name), S("service"));
    sim_random_seed(service ? sim_hash(str_make(&seed, 8)) : seed);
    faults_calm();
    s = s ? s : scenario_by_chance();
    world_by_seed(&w, s);
    begin_world(&w);
    far_tls_world(seed); // by the clock of this world
    u64 allowed = faults ? faults : w.faults;
    if (w.life.on) {
        life_run(&w, allowed);
        end_world();
        world_stats.worlds++;
        return;
    }
    for (int i = 0; i < w.runs; i++) {
        bool last = i + 1 == w.runs; // with states it is a full one, and three are calm before it
        bool calm = last || !allowed || (w.states && i + 4 >= w.runs);
        if (calm) {
            faults_calm();
            clear_up(&w);
        } else if (e) {
            faults_enumerate((enum fault)e->fault, e->n, e->persistent);
        } else {
            faults_by_chance(allowed);
        }
        i64 begun_us = clock_now_us();
        run_once(&w, calm, w.full || (w.states && last), i + 2 == w.runs);
        if (e && i == 0) {
            e->reached = faults_reached();
        }
        if (w.graph_latency_ms) {
            cloud_figure(&w, clock_now_us() - begun_us);
        }
        pass_time(&w);
    }
    end_world();
    world_stats.worlds++;
}
