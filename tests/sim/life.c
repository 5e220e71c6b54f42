// SPDX-License-Identifier: Apache-2.0
// The life of services; see life.h. Each process of the product has a stack of its own and runs
// until it waits; then it is another's turn, or time passes.
#define _GNU_SOURCE
#include "life.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "clock.h"
#include "far.h"
#include "faults.h"
#include "life_observer.h"
#include "operator.h"
#include "product.h"
#include "sim.h"
#include "sim_net.h"
#include "sim_os.h"
#include "world.h"

#define STACK MIB(4)
#define SETTLE_S 3600 // from the calm end to the last look, at least
#define SETTLE_MAX_S (24 * 3600)

enum state { PROCESS_AWAY, PROCESS_RUNS, PROCESS_OVER };

static struct {
    struct life_settings s;
    u64 faults;
    ucontext_t home;
    struct process {
        ucontext_t context;
        u8 *stack;
        enum state state;
        bool killed;
        struct product_end end;
        i64 begins_us;
    } processes[HOST_PROCESSES];
    struct product_levels levels[HOST_PROCESSES];
    bool over, failing, closing;
} life;

// ---- processes

static void run_process(void)
{
    struct process *p = &life.processes[host_selected()];
    p->end = product_serve();
    p->state = PROCESS_OVER;
    swapcontext(&p->context, &life.home);
}

static void idle(void)
{
    swapcontext(&life.processes[host_selected()].context, &life.home);
}

static void begin_process(int i)
{
    struct process *p = &life.processes[i];
    host_select(i);
    if (!p->stack) {
        p->stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        ASSERT(p->stack != MAP_FAILED);
    }
    sim_trace("%lld process %d begins", (long long)clock_now_us(), i);
    getcontext(&p->context);
    p->context.uc_stack.ss_sp = p->stack;
    p->context.uc_stack.ss_size = STACK;
    p->context.uc_link = NULL;
    makecontext(&p->context, run_process, 0);
    p->state = PROCESS_RUNS;
    life.levels[i] = (struct product_levels){0};
    life_process_begins(i);
    swapcontext(&life.home, &p->context);
}

static void end_process(int i, bool died)
{
    struct process *p = &life.processes[i];
    host_select(i);
    sim_trace("%lld process %d ends: %d %d", (long long)clock_now_us(), i, died, p->end.exit_code);
    if (died) {
        net_reset_all();
    } else {
        if (net_open_count() != 0) {
            sim_violation("process %d: %d descriptors are open at its end", i, net_open_count());
        }
        product_check_service(false);
    }
    life_process_ends(i, died, p->end.exit_code, host_output(2));
    host_run_end();
    p->state = PROCESS_AWAY;
    // Whoever looks after it begins it again.
    p->begins_us = clock_now_us() +
                   sim_between(SIM_PLAN, 1, sim_one_in(SIM_PLAN, 4) ? 3600 : 60) * SIM_S;
    p->begins_us = life.closing ? INT64_MAX : p->begins_us;
    world_stats.runs++;
    world_stats.died += died;
    world_stats.stopped += !died && p->end.exit_code == 0;
    world_stats.failed += !died && p->end.exit_code != 0;
}

// One step of the process, if there is something for it. `until_us`: when it wants to go on.
static bool turn(int i, i64 *until_us)
{
    struct process *p = &life.processes[i];
    i64 at_us = INT64_MAX;
    if (p->state == PROCESS_AWAY) {
        at_us = p->begins_us;
        if (at_us <= clock_now_us()) {
            begin_process(i);
            at_us = 0;
        }
    } else {
        host_select(i);
        at_us = p->killed ? 0 : host_waits_until_us();
        if (p->killed) {
            p->killed = false;
            end_process(i, true);
        } else if (at_us <= clock_now_us()) {
            swapcontext(&life.home, &p->context);
            at_us = 0;
        }
    }
    if (p->state == PROCESS_OVER) {
        end_process(i, p->end.died);
    }
    *until_us = at_us < *until_us ? at_us : *until_us;
    return at_us == 0;
}

static void go_on_until(i64 us)
{
    while (clock_now_us() < us) {
        i64 next_us = us;
        bool ran = false;
        clock_run_due();
        for (int i = 0; i < life.s.processes; i++) {
            ran = turn(i, &next_us) || ran;
        }
        if (!ran) {
            clock_advance_to(next_us);
        }
    }
}

// ---- weather, and those who stop and kill

static bool is_fair(void)
{
    return !life.failing && clock_now_us() >= far_world.outage_us;
}

static void clear(i64 unused, i64 unused2)
{
    (void)unused;
    (void)unused2;
    if (is_fair()) {
        life_weather(true);
    }
}

static void again(i64 mean_s, clock_event *what)
{
    if (mean_s > 0 && !life.over) {
        clock_after(sim_between(SIM_PLAN, mean_s / 4, 2 * mean_s) * SIM_S, what, 0, 0);
    }
}

// Half of all blows fall while a sync runs, or is about to: it is waited for.
static bool waits_for_sync(i64 tries, clock_event *what)
{
    if (tries == 0) {
        tries = sim_one_in(SIM_PLAN, 2) ? 1 : -1;
    }
    if (tries < 0 || tries > 2000 || life.over || life_is_working()) {
        return false;
    }
    clock_after(sim_between(SIM_PLAN, 200, 9000) * SIM_MS, what, tries + 1, 0);
    return true;
}

static void storm_ends(i64 unused, i64 unused2)
{
    faults_calm();
    life.failing = false;
    clear(unused, unused2);
}

static void storm(i64 unused, i64 unused2)
{
    (void)unused;
    (void)unused2;
    if (!life.over && !life.failing && life.faults) {
        life.failing = true;
        life_weather(false);
        faults_by_chance(life.faults);
        faults_forever();
        sim_trace("%lld a storm", (long long)clock_now_us());
        i64 long_s = sim_one_in(SIM_PLAN, 4) ? 7200 : 900;
        clock_after(sim_between(SIM_PLAN, 10, long_s) * SIM_S, storm_ends, 0, 0);
    }
    again(life.s.storm_s, storm);
}

static void outage(i64 tries, i64 unused)
{
    (void)unused;
    if (waits_for_sync(tries, outage)) {
        return;
    }
    if (!life.over && clock_now_us() >= far_world.outage_us) {
        i64 long_s = sim_one_in(SIM_PLAN, 3) ? 4 * 3600 : 1200;
        i64 us = sim_between(SIM_PLAN, 5, long_s) * SIM_S;
        far_world.outage_us = clock_now_us() + us;
        far_world.outage_refuses = sim_one_in(SIM_PLAN, 2);
        life_weather(false);
        sim_trace("%lld Elasticsearch is away for %lld s", (long long)clock_now_us(),
                  (long long)(us / SIM_S));
        clock_after(us + 1, clear, 0, 0);
    }
    again(life.s.outage_s, outage);
}

static void kill_one(i64 tries, i64 unused)
{
    (void)unused;
    if (waits_for_sync(tries, kill_one)) {
        return;
    }
    struct process *p = &life.processes[sim_between(SIM_PLAN, 0, life.s.processes - 1)];
    p->killed = !life.over && p->state == PROCESS_RUNS;
    again(life.s.kill_s, kill_one);
}

static void tell_stop(int i)
{
    int before = host_selected();
    if (life.processes[i].state == PROCESS_RUNS) {
        host_select(i);
        host_tell_stop();
        life_process_stopping(i);
        sim_trace("%lld process %d is told to stop", (long long)clock_now_us(), i);
        host_select(before);
    }
}

static void stop_one(i64 tries, i64 unused)
{
    (void)unused;
    if (waits_for_sync(tries, stop_one)) {
        return;
    }
    if (!life.over) {
        tell_stop((int)sim_between(SIM_PLAN, 0, life.s.processes - 1));
    }
    again(life.s.stop_s, stop_one);
}

static void look(i64 unused, i64 unused2)
{
    (void)unused;
    (void)unused2;
    life_check_schedules();
    life_forget_jobs();
    clock_after(60 * SIM_S, look, 0, 0);
}

// ---- a service that has nothing to do

static void level(i64 unused, i64 unused2)
{
    (void)unused;
    (void)unused2;
    int before = host_selected();
    for (int i = 0; i < life.s.processes; i++) {
        if (life.processes[i].state != PROCESS_RUNS) {
            continue;
        }
        host_select(i);
        struct product_levels now = product_levels(), *first = &life.levels[i];
        if (now.busy || now.rounds < 3) {
            continue;
        }
        if (now.readers || now.resolvers || now.sources || now.syncs) {
            sim_violation("process %d: nothing is under way, and %d gzip readers, %d resolvers, %d "
                          "sources and %d syncs are in use",
                          i, now.readers, now.resolvers, now.sources, now.syncs);
        }
        if (first->rounds && (now.carved != first->carved || now.reserved != first->reserved)) {
            sim_violation("process %d grows: %td bytes are carved, %lld reserved, after %td and "
                          "%lld",
                          i, now.carved, (long long)now.reserved, first->carved,
                          (long long)first->reserved);
        }
        if (life.s.idle) {
            sim_trace("idle process %d: %td bytes carved, %lld reserved, %d connections, %d "
                      "connectors known, %lld rounds",
                      i, now.carved, (long long)now.reserved, now.connections, now.known,
                      (long long)now.rounds);
        }
        if (now.known > life.s.connectors * 2) {
            sim_violation("process %d knows %d connectors", i, now.known);
        }
        *first = first->rounds ? *first : now;
    }
    host_select(before);
    clock_after(sim_between(SIM_PLAN, 100, 1000) * SIM_S, level, 0, 0);
}

// ---- all of it

static void begin(const struct world *w, u64 faults)
{
    for (int i = 0; i < HOST_PROCESSES; i++) {
        struct process *p = &life.processes[i];
        p->state = PROCESS_AWAY;
        p->killed = false;
        p->begins_us = clock_now_us() + (i ? sim_between(SIM_PLAN, 0, 600) * SIM_S : 0);
    }
    life.s = w->life;
    life.faults = faults;
    life.over = life.failing = life.closing = false;
    far_world.service = true;
    host_share(idle);
    host_set_stop_s(17);
    life_observer_world(far_world.tenant, &w->life);
    operator_begin(far_world.tenant, &w->life);
    again(life.s.storm_s, storm);
    again(life.s.outage_s, outage);
    again(life.s.kill_s, kill_one);
    again(life.s.stop_s, stop_one);
    look(0, 0);
    level(0, 0);
}

static void settle(void)
{
    life.over = true;
    faults_calm();
    life.failing = false;
    far_world.outage_us = 0;
    life_weather(true);
    operator_end();
    i64 until_us = clock_now_us() + SETTLE_MAX_S * SIM_S;
    go_on_until(clock_now_us() + (life.s.idle ? 60 : SETTLE_S) * SIM_S);
    while (!life_is_settled() && clock_now_us() < until_us) {
        go_on_until(clock_now_us() + 60 * SIM_S);
    }
    life_check_end();
}

static void stop_all(void)
{
    life.closing = true;
    for (int i = 0; i < life.s.processes; i++) {
        tell_stop(i);
        life.processes[i].begins_us = INT64_MAX;
    }
    go_on_until(clock_now_us() + 20 * SIM_S);
    for (int i = 0; i < life.s.processes; i++) {
        if (life.processes[i].state == PROCESS_RUNS) {
            host_select(i);
            if (clock_now_us() - host_stopped_us() > 19 * SIM_S && host_stopped_us() >= 0) {
                sim_violation("process %d does not stop", i);
            }
            end_process(i, true);
        }
    }
    host_select(0);
}

void life_run(const struct world *w, u64 storm_faults)
{
    i64 begun_us = clock_now_us();
    begin(w, storm_faults);
    go_on_until(clock_now_us() + life.s.seconds * SIM_S);
    if (life.s.idle) {
        life_check_idle(life.s.seconds, life.s.connectors);
    }
    settle();
    stop_all();
    far_world.service = false;
    host_share(NULL);
    world_stats.virtual_us += clock_now_us() - begun_us;
}
