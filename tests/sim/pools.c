// SPDX-License-Identifier: Apache-2.0
// Pools that are used up: the linker puts these before the product's own functions (--wrap), and
// resolvers and gzip readers, which are taken without a function, are held for a while as if by
// somebody else.
#include "base/idset.h"
#include "clock.h"
#include "elastic/bulk.h"
#include "faults.h"
#include "net/conn.h"
#include "product.h"
#include "sim.h"
#include "sim_os.h"
#include "sync/buffers.h"
#include "sync/roster.h"

static struct {
    u32 resolvers, readers; // bit i: held by us
    i64 until_us;
} held;

void pools_run_begin(void)
{
    held.resolvers = held.readers = 0;
}

static void release(struct conn_env *env)
{
    for (int i = 0; i < CONN_RESOLVERS; i++) {
        if (held.resolvers >> i & 1) {
            env->resolver_used[i] = false;
        }
    }
    for (int i = 0; i < GZIP_READERS; i++) {
        if (held.readers >> i & 1) {
            env->inflaters[i].used = false;
        }
    }
    held.resolvers = held.readers = 0;
}

static void hold_resolvers(struct conn_env *env)
{
    for (int i = 0; i < CONN_RESOLVERS; i++) {
        if (!env->resolver_used[i]) {
            env->resolver_used[i] = true;
            held.resolvers |= 1u << i;
        }
    }
}

static void hold_readers(struct conn_env *env)
{
    for (int i = 0; i < GZIP_READERS; i++) {
        if (!env->inflaters[i].used) {
            env->inflaters[i].used = true;
            held.readers |= 1u << i;
        }
    }
}

void pools_run_end(void)
{
    if (product_env()) {
        release(product_env());
    }
}

void pools_step(void)
{
    struct conn_env *env = product_env();
    if (!env) {
        return;
    }
    if (held.resolvers || held.readers) {
        if (clock_now_us() >= held.until_us) {
            release(env);
        }
        return;
    }
    if (fault_due(FAULT_POOL_RESOLVERS)) {
        hold_resolvers(env);
    }
    if (fault_due(FAULT_POOL_GZIP)) {
        hold_readers(env);
    }
    held.until_us = clock_now_us() + sim_between(SIM_FAULTS, 1, 5000) * SIM_MS;
}

// ---- functions that stand before the product's

bool __real_buffers_grow(struct buffers *b, struct buf *data);
bool __wrap_buffers_grow(struct buffers *b, struct buf *data);
bool __wrap_buffers_grow(struct buffers *b, struct buf *data)
{
    return !fault_due(FAULT_POOL_BUFFERS) && __real_buffers_grow(b, data);
}

int __real_loop_add(struct loop *loop, const struct machine_ops *ops, void *st);
int __wrap_loop_add(struct loop *loop, const struct machine_ops *ops, void *st);
int __wrap_loop_add(struct loop *loop, const struct machine_ops *ops, void *st)
{
    // Only mailboxes may find the table full: all others are counted in its size.
    bool mailbox = str_eq(str_from(ops->name), S("mailbox"));
    return mailbox && fault_due(FAULT_POOL_MAILBOX) ? -1 : __real_loop_add(loop, ops, st);
}

struct idset_entry *__real_idset_add(struct idset *set, str id);
struct idset_entry *__wrap_idset_add(struct idset *set, str id);
struct idset_entry *__wrap_idset_add(struct idset *set, str id)
{
    bool address = str_find_byte(id, '@') >= 0;
    if (fault_due(address ? FAULT_POOL_ROSTER : FAULT_POOL_IDS)) {
        set->full = true;
        return NULL;
    }
    return __real_idset_add(set, id);
}

bool __real_bulk_put_index(struct bulk *b, str id, str body, u32 owner, u32 generation, i64 now_ms);
bool __wrap_bulk_put_index(struct bulk *b, str id, str body, u32 owner, u32 generation, i64 now_ms);
bool __wrap_bulk_put_index(struct bulk *b, str id, str body, u32 owner, u32 generation, i64 now_ms)
{
    return !fault_due(FAULT_POOL_FLIGHTS) &&
           __real_bulk_put_index(b, id, body, owner, generation, now_ms);
}

bool __real_bulk_put_delete(struct bulk *b, str id, u32 owner, u32 generation, i64 now_ms);
bool __wrap_bulk_put_delete(struct bulk *b, str id, u32 owner, u32 generation, i64 now_ms);
bool __wrap_bulk_put_delete(struct bulk *b, str id, u32 owner, u32 generation, i64 now_ms)
{
    return !fault_due(FAULT_POOL_FLIGHTS) &&
           __real_bulk_put_delete(b, id, owner, generation, now_ms);
}

bool __real_bulk_fly_alone(struct bulk *b, str id, struct buf *doc, u32 owner, u32 generation);
bool __wrap_bulk_fly_alone(struct bulk *b, str id, struct buf *doc, u32 owner, u32 generation);
bool __wrap_bulk_fly_alone(struct bulk *b, str id, struct buf *doc, u32 owner, u32 generation)
{
    return !fault_due(FAULT_POOL_FLIGHTS) && __real_bulk_fly_alone(b, id, doc, owner, generation);
}
