// SPDX-License-Identifier: Apache-2.0
// The lane of a rig (gmail_rig.h): one unit, fetched into a buffer that ends at a guard page and
// grows as sync's do, by moving.
#ifndef TESTS_UNIT_GMAIL_LANE_H
#define TESTS_UNIT_GMAIL_LANE_H

#include "gmail_rig.h"

// What sync does: the content moves to larger memory, and what it was in becomes useless.
static inline void rig_place(struct rig *r, isize cap)
{
    static u8 spare[RIG_DATA];
    struct buf *data = &r->fetch.data;
    ASSERT(cap <= RIG_DATA && data->n <= cap);
    if (data->n) {
        memcpy(spare, data->p, (size_t)data->n);
    }
    memset(r->region + RIG_DATA - cap, 0xa5, (size_t)cap);
    memcpy(r->region + RIG_DATA - cap, spare, (size_t)data->n);
    *data = (struct buf){.p = r->region + RIG_DATA - cap, .n = data->n, .cap = cap};
}

static inline bool rig_grow(struct rig *r)
{
    r->stuck = r->grow == 0;
    if (!r->stuck) {
        rig_place(r, r->fetch.data.cap + r->grow);
        r->grown++;
    }
    return !r->stuck;
}

static inline enum step rig_lane_next(void *st, i64 now_ms, struct exchange *x)
{
    RIG(st);
    return r->source.ops->fetch_next(r->source.state, &r->fetch, now_ms, x);
}
static inline err rig_lane_head(void *st, struct exchange *x, const struct http_head *head)
{
    RIG(st);
    return r->source.ops->fetch_head(r->source.state, &r->fetch, x, head);
}
static inline err rig_lane_body(void *st, struct exchange *x, str *in)
{
    RIG(st);
    err e;
    do {
        isize before = in->n, kept = r->fetch.data.n;
        e = r->source.ops->fetch_body(r->source.state, &r->fetch, x, in);
        ASSERT(in->n <= before && r->fetch.data.n >= kept);
    } while (err_is(e, ERR_LANE_TOO_SMALL) && rig_grow(r));
    return e;
}
static inline err rig_lane_end(void *st, struct exchange *x)
{
    RIG(st);
    err e;
    do {
        e = r->source.ops->fetch_end(r->source.state, &r->fetch, x);
    } while (err_is(e, ERR_LANE_TOO_SMALL) && rig_grow(r));
    return e;
}
static inline void rig_lane_fail(void *st, struct exchange *x, err e)
{
    RIG(st);
    r->source.ops->fetch_fail(r->source.state, &r->fetch, x, e);
}

static const struct machine_ops rig_lane_ops = RIG_OPS(lane);

// One unit in a buffer of `cap` bytes; what is asked first is r->lane's.
static inline void rig_unit(struct rig *r, str id, isize cap)
{
    memset(r->fetch_state, 0, sizeof r->fetch_state);
    r->fetch = (struct fetch){.mailbox = &r->mailbox, .state = r->fetch_state};
    memcpy(r->fetch.units[0].id, id.p, (size_t)id.n);
    r->fetch.units[0].id_bytes = (int)id.n;
    r->fetch.unit_count = 1;
    r->grown = 0;
    r->stuck = false;
    rig_place(r, cap);
    rig_machine(&r->lane, &rig_lane_ops, r);
}

#endif
