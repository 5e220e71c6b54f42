// SPDX-License-Identifier: Apache-2.0
// Three sizes of buffers for lanes (see buffers.h).
#include "sync/buffers.h"

#include <string.h>

void buffers_init(struct buffers *b, struct plan *plan, int lanes, int medium, struct buf large)
{
    ASSERT(medium <= LANE_MEDIUM_MAX);
    *b = (struct buffers){
        .small = plan_take(plan, "lane buffers", LANE_BYTES, lanes, "a message and its document"),
        .medium = plan_take(plan, "medium buffers", LANE_MEDIUM_BYTES, medium,
                            "a message that outgrew its lane's buffer"),
        .medium_count = medium,
        .large = large.p,
        .large_bytes = large.cap,
    };
}

struct buf buffers_small(struct buffers *b, int lane)
{
    return buf_over(b->small + (isize)lane * LANE_BYTES, LANE_BYTES);
}

bool buffers_is_largest(const struct buffers *b, const struct buf *data)
{
    return data->p == b->large;
}

// The index of the medium buffer that *data is, or -1.
static int buffers_medium_index(const struct buffers *b, const struct buf *data)
{
    for (int i = 0; i < b->medium_count; i++) {
        if (data->p == b->medium + (isize)i * LANE_MEDIUM_BYTES) {
            return i;
        }
    }
    return -1;
}

static struct buf buffers_take_medium(struct buffers *b)
{
    for (int i = 0; i < b->medium_count; i++) {
        if (!b->medium_used[i]) {
            b->medium_used[i] = true;
            return buf_over(b->medium + (isize)i * LANE_MEDIUM_BYTES, LANE_MEDIUM_BYTES);
        }
    }
    return (struct buf){0};
}

bool buffers_grow(struct buffers *b, struct buf *data)
{
    struct buf next = {0};
    if (!buffers_is_largest(b, data) && buffers_medium_index(b, data) < 0) {
        next = buffers_take_medium(b);
    } else if (!buffers_is_largest(b, data) && !b->large_used) {
        b->large_used = true;
        next = buf_over(b->large, b->large_bytes);
    }
    if (!next.p) {
        return false;
    }
    // The reserved front (FETCH_DOC_OFFSET) is part of what is kept: offsets stay the same.
    memcpy(next.p, data->p, (size_t)data->n);
    next.n = data->n;
    buffers_release(b, data);
    *data = next;
    return true;
}

void buffers_release(struct buffers *b, const struct buf *data)
{
    int i = buffers_medium_index(b, data);
    if (i >= 0) {
        b->medium_used[i] = false;
    } else if (buffers_is_largest(b, data)) {
        b->large_used = false;
    }
}

bool buffers_all_free(const struct buffers *b)
{
    for (int i = 0; i < b->medium_count; i++) {
        if (b->medium_used[i]) {
            return false;
        }
    }
    return !b->large_used;
}
