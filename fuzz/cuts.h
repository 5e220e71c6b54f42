// SPDX-License-Identifier: Apache-2.0
// Where a fuzz target cuts its input: at lengths that follow from the input itself, short ones more
// often than long ones, so that over many inputs every byte is a border. Short inputs are also cut
// at each byte in turn by the targets.
#ifndef FUZZ_CUTS_H
#define FUZZ_CUTS_H

#include "base/str.h"

enum { CUTS_EVERY_BYTES = 64 }; // inputs up to here are cut at every byte

struct cuts {
    u64 state;
};

static inline struct cuts cuts_from(str in)
{
    struct cuts c = {0xcbf29ce484222325U};
    for (isize i = 0; i < in.n; i++) {
        c.state = (c.state ^ in.p[i]) * 0x100000001b3U;
    }
    return c;
}

static inline u64 cuts_roll(struct cuts *c)
{
    c->state = c->state * 6364136223846793005U + 1442695040888963407U;
    return c->state >> 33;
}

// The length of the next piece: 1 to max.
static inline isize cuts_next(struct cuts *c, isize max)
{
    isize top = (isize)1 << cuts_roll(c) % 12;
    isize n = 1 + (isize)(cuts_roll(c) % (u64)top);
    return n < max ? n : max;
}

#endif
