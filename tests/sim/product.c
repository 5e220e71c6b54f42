// SPDX-License-Identifier: Apache-2.0
// The product's main.c, included so that its one global can be emptied between two processes and
// looked at afterwards; see product.h.
#define _GNU_SOURCE
#include "product.h"

#include <string.h>

int product_main(int argc, char **argv);
#define main product_main
#include "../../src/main.c" // NOLINT(bugprone-suspicious-include)
#undef main

#include "../tenant/t_mem.h"
#include "net/loop_task.h"
#include "second.h"
#include "service/service.h"
#include "observer.h"
#include "sim.h"
#include "sim_os.h"
#include "sim_tls_reset.h"
#include "sync/job_internal.h"

enum { BLOCK_BYTES = 256 };

static char *arguments[] = {"mailferry", "sync", "--json", "--full", NULL};

struct product_end product_run(bool full)
{
    volatile struct product_end end = {.died = true};
    memset(&app, 0, sizeof(app));
    sim_tls_reset();
    host_run_begin();
    pools_run_begin();
    if (setjmp(*host_grave()) == 0) {
        int code = product_main(full ? 4 : 3, arguments);
        end.exit_code = code;
        end.died = false;
    }
    return (struct product_end){end.died, end.exit_code};
}

// Each of two processes at once has the program, and its one global, for itself.
struct product_end product_serve(void)
{
    static char *flags[] = {"mailferry", "serve", "--json", NULL};
    volatile struct product_end end = {.died = true};
    bool second = host_selected() == 1;
    if (second) {
        second_clear();
    } else {
        memset(&app, 0, sizeof(app));
    }
    sim_tls_reset();
    host_run_begin();
    if (setjmp(*host_grave()) == 0) {
        int code = second ? second_main(3, flags) : product_main(3, flags);
        end.exit_code = code;
        end.died = false;
    }
    return (struct product_end){end.died, end.exit_code};
}

static struct start *product_start(void)
{
    return host_selected() == 1 ? second_start() : &app.start;
}

struct conn_env *product_env(void)
{
    struct start *s = product_start();
    return s->loop ? &s->loop->env : NULL;
}

// ---- afterwards

static void check_loop(const struct loop *loop)
{
    for (int i = 0; i < loop->settings.connections; i++) {
        if (loop->conns[i].state != CONN_FREE || loop->conns[i].query) {
            sim_violation("connection %d is not free at the end", i);
        }
    }
    for (int i = 0; i < loop->settings.tasks; i++) {
        if (loop->tasks[i].state != TASK_FREE) {
            sim_violation("task %d is not free at the end", i);
        }
    }
    for (int i = 0; i < GZIP_READERS; i++) {
        if (loop->env.inflaters[i].used) {
            sim_violation("gzip reader %d is not free at the end", i);
        }
    }
    for (int i = 0; i < CONN_RESOLVERS; i++) {
        if (loop->env.resolver_used[i]) {
            sim_violation("resolver %d is not free at the end", i);
        }
    }
    if (loop->active != 0) {
        sim_violation("%d tasks are counted as active at the end", loop->active);
    }
}

static void check_job(const struct job *job)
{
    bool completed = job->end == JOB_COMPLETED || job->end == JOB_COMPLETED_WITH_REFUSALS;
    if (completed && (!lanes_are_idle(&job->lanes) || !buffers_all_free(&job->lanes.buffers) ||
                      !bulk_is_idle(job->bulk))) {
        sim_violation("completed, and lanes, buffers or flights are in use");
    }
    if (job->mailboxes.open_count != 0) {
        sim_violation("%d mailboxes are open at the end", job->mailboxes.open_count);
    }
}

static void check_memory(const struct start *s)
{
    isize planned = plan_total_bytes(&s->plan);
    if (s->arena.n > planned) {
        sim_violation("%td bytes are carved, and `limits` prints %td", s->arena.n, planned);
    }
    // A service has a large buffer for each sync, and one of start_job_settings() that is not used.
    isize syncs = s->job ? 1 : (isize)s->config.service.max_concurrent_content_syncs + 1;
    isize kept = planned + syncs * LANE_LARGE_BYTES + (s->job ? SUMMARY_BYTES : 0);
    if (host_reserved_bytes() > kept) {
        sim_violation("%lld bytes are kept, and `limits` prints %td",
                      (long long)host_reserved_bytes(), kept);
    }
}

// Which pool of the plan an address belongs to, for the message.
static const char *pool_at(const struct start *s, isize at)
{
    isize n = 0;
    for (int i = 0; i < s->plan.count; i++) {
        n += ARENA_ROUND(s->plan.rows[i].bytes * s->plan.rows[i].count);
        if (at < n) {
            return s->plan.rows[i].name;
        }
    }
    return "nothing";
}

static void look_for(const struct start *s, const u8 *p, isize n)
{
    const str *list;
    isize count = observer_secrets(&list);
    for (isize i = 0; i < count; i++) {
        const u8 *found = memmem(p, (size_t)n, list[i].p, (size_t)list[i].n);
        if (found) {
            sim_violation("a secret is left in memory, in \"%s\": %.*s",
                          pool_at(s, found - s->reserved), (int)list[i].n, list[i].p);
        }
    }
}

// Most of the memory was never touched, or wiped: only what lies between zeros is searched.
static void check_secrets(const struct start *s)
{
    static const u8 zeros[BLOCK_BYTES];
    isize begin = -1;
    for (isize at = 0; at < s->arena.n; at += BLOCK_BYTES) {
        isize n = s->arena.n - at < BLOCK_BYTES ? s->arena.n - at : BLOCK_BYTES;
        bool empty = memcmp(s->reserved + at, zeros, (size_t)n) == 0;
        if (!empty && begin < 0) {
            begin = at;
        }
        if (begin >= 0 && (empty || at + n == s->arena.n)) {
            look_for(s, s->reserved + begin, at + n - begin);
            begin = -1;
        }
    }
}

void product_check(void)
{
    const struct start *s = product_start();
    if (!s->job) {
        return; // it did not come so far
    }
    pools_run_end();
    check_loop(s->loop);
    check_job(s->job);
    check_memory(s);
    check_secrets(s);
}

void product_check_service(bool in_peace)
{
    const struct start *s = product_start();
    if (!s->service) {
        return;
    }
    check_loop(s->loop);
    const struct execute *x = service_execute(s->service);
    for (int i = 0; i < x->runner_count; i++) {
        const struct runner *r = &x->runners[i];
        if (r->active) {
            sim_violation("runner %d is active at the end", i);
        }
        if (r->open.source) {
            sim_violation("the source of runner %d is open at the end", i);
        }
        if (in_peace && r->engine.job) {
            check_job(r->engine.job);
        }
    }
    check_memory(s);
    if (in_peace) {
        check_secrets(s);
    }
}

struct product_levels product_levels(void)
{
    const struct start *s = product_start();
    struct product_levels l = {.carved = s->arena.n, .reserved = host_reserved_bytes()};
    l.busy = !s->service || s->loop->active > 0;
    for (int i = 0; s->service && i < s->loop->settings.connections; i++) {
        l.connections += s->loop->conns[i].state != CONN_FREE;
    }
    for (int i = 0; s->service && i < GZIP_READERS; i++) {
        l.readers += s->loop->env.inflaters[i].used;
    }
    for (int i = 0; s->service && i < CONN_RESOLVERS; i++) {
        l.resolvers += s->loop->env.resolver_used[i];
    }
    const struct execute *x = s->service ? service_execute(s->service) : NULL;
    for (int i = 0; x && i < x->runner_count; i++) {
        const struct runner *r = &x->runners[i];
        l.busy = l.busy || r->active;
        l.sources += r->active || r->open.source;
        const struct job *job = r->engine.job;
        // Lanes of one that was told to stop, and the last flight, are dropped by the next one.
        l.syncs += job && r->finish.outcome == OUTCOME_COMPLETED && !r->active && r->started &&
                   (!lanes_are_idle(&job->lanes) || !buffers_all_free(&job->lanes.buffers));
    }
    l.rounds = s->service ? service_schedule(s->service)->rounds : 0;
    l.known = s->service ? service_schedule(s->service)->registry.count : 0;
    return l;
}
