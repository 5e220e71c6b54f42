// SPDX-License-Identifier: Apache-2.0
// What the fuzzers of Graph's mailboxes share: the units that a lane has taken, driven to their end
// by answers (answers.h).
#ifndef FUZZ_GRAPH_LANE_H
#define FUZZ_GRAPH_LANE_H

#include "../tests/unit/graph_rig.h"
#include "answers.h"
#include "fetched.h"

enum { TURNS_MAX = 20000 };

static inline u64 lane_mix(u64 hash, str s)
{
    for (isize i = 0; i < s.n; i++) {
        hash = (hash ^ s.p[i]) * 0x100000001b3U;
    }
    return (hash ^ (u64)s.n) * 0x100000001b3U;
}

// The units of the lane to their end, each with one result of its own. false: they were given back.
static inline bool lane_units(struct graph_rig *r, struct answers *a, u64 *hash)
{
    struct fetch *f = &r->fetch;
    u32 decided = 0;
    for (int turn = 0;; turn++) {
        ASSERT(turn < TURNS_MAX);
        graph_clear_result(r);
        enum step s = answers_turn(a, &graph_lane_ops, r, INT64_MAX / 2);
        if (s == STEP_REQUEST) {
            f->data.n = a->attempts ? 0 : f->data.n; // as lanes do between attempts
            continue;
        }
        if (s == STEP_WAIT) {
            ASSERT(f->give_back && decided == 0);
            return false;
        }
        ASSERT(s == STEP_DONE && f->decides < f->unit_count);
        *hash = (*hash ^ (u64)f->verdict ^ (u64)(f->decides + 1) << 8) * 0x100000001b3U;
        *hash = lane_mix(lane_mix(*hash, buf_str(&f->doc)), f->id);
        if (f->decides >= 0) {
            ASSERT(!(decided >> f->decides & 1));
            decided |= (u32)1 << f->decides;
        }
        if (f->verdict == FETCH_DOCUMENT) {
            bool light = graph_box(r)->sets[OUTLOOK_INBOX].light;
            ASSERT(f->decides >= 0 || f->units[0].parts || !light);
            fetched_check(f);
            graph_spoil(f);
        }
        ASSERT(!f->units[0].page || f->more == (f->decides < 0));
        if (!f->more) {
            ASSERT(!f->units[0].page || f->verdict == FETCH_NOTHING ||
                   f->verdict == FETCH_UNDECIDED);
            ASSERT(decided == ((u32)1 << f->unit_count) - 1);
            return true;
        }
    }
}

#endif
