// SPDX-License-Identifier: Apache-2.0
// SipHash-2-4, a keyed 64-bit hash: the far side cannot choose ids that collide, because it does
// not know the key (Aumasson, Bernstein: "SipHash: a fast short-input PRF", 2012).
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/str.h"

struct hash_key {
    u64 k0, k1; // from the system's entropy, one pair a process
};

u64 hash_siphash(struct hash_key key, str s);

#endif
