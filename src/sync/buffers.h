// SPDX-License-Identifier: Apache-2.0
// The memory that lanes read messages into: one small buffer each, a few medium ones, and one large
// one, which is address space until a large message touches it. A lane moves up and never down
// while it holds a message; small, medium, large is the only order, so that waiting cannot form a
// circle.
#ifndef SYNC_BUFFERS_H
#define SYNC_BUFFERS_H

#include "base/plan.h"
#include "base/buf.h"
#include "limits.h"

struct buffers {
    u8 *small; // LANE_BYTES each, lane i owns the i-th
    u8 *medium;
    bool medium_used[LANE_MEDIUM_MAX];
    int medium_count;
    u8 *large;
    isize large_bytes;
    bool large_used;
};

// `large` is empty: its memory is handed over untouched.
void buffers_init(struct buffers *b, struct plan *plan, int lanes, int medium, struct buf large);

struct buf buffers_small(struct buffers *b, int lane);

// Moves the content of *data to the next size. false: none is free now, or *data is the largest.
bool buffers_grow(struct buffers *b, struct buf *data);
bool buffers_is_largest(const struct buffers *b, const struct buf *data);

// Gives back a medium or large buffer; the lane's own one needs nothing.
void buffers_release(struct buffers *b, const struct buf *data);
bool buffers_all_free(const struct buffers *b);

#endif
