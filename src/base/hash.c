// SPDX-License-Identifier: Apache-2.0
// SipHash-2-4 over a byte string (see hash.h).
#include "base/hash.h"

#include <string.h>

struct sip {
    u64 v0, v1, v2, v3;
};

static u64 hash_rotate(u64 x, int bits)
{
    return x << bits | x >> (64 - bits);
}

static void hash_round(struct sip *s)
{
    s->v0 += s->v1;
    s->v1 = hash_rotate(s->v1, 13) ^ s->v0;
    s->v0 = hash_rotate(s->v0, 32);
    s->v2 += s->v3;
    s->v3 = hash_rotate(s->v3, 16) ^ s->v2;
    s->v0 += s->v3;
    s->v3 = hash_rotate(s->v3, 21) ^ s->v0;
    s->v2 += s->v1;
    s->v1 = hash_rotate(s->v1, 17) ^ s->v2;
    s->v2 = hash_rotate(s->v2, 32);
}

static void hash_absorb(struct sip *s, u64 word)
{
    s->v3 ^= word;
    hash_round(s);
    hash_round(s);
    s->v0 ^= word;
}

u64 hash_siphash(struct hash_key key, str s)
{
    struct sip state = {
        .v0 = key.k0 ^ 0x736f6d6570736575U,
        .v1 = key.k1 ^ 0x646f72616e646f6dU,
        .v2 = key.k0 ^ 0x6c7967656e657261U,
        .v3 = key.k1 ^ 0x7465646279746573U,
    };
    isize i = 0;
    for (; i + 8 <= s.n; i += 8) {
        u64 word;
        memcpy(&word, s.p + i, sizeof word);
        hash_absorb(&state, word);
    }
    u64 last = (u64)s.n << 56;
    for (isize k = 0; i + k < s.n; k++) {
        last |= (u64)s.p[i + k] << (8 * k);
    }
    hash_absorb(&state, last);
    state.v2 ^= 0xff;
    for (int k = 0; k < 4; k++) {
        hash_round(&state);
    }
    return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}
