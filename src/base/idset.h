// SPDX-License-Identifier: Apache-2.0
// A set of ids by 64-bit keyed hash, with a 32-bit hash of the time stamp and flags for each.
//
// Open addressing with linear probing at a load of at most 0.8: 16 bytes an entry, 20 bytes an id
// of capacity. Nothing is ever removed. Two different ids share a hash with a probability of
// n^2/2^65 (500,000 ids: 1 in 10^8); the pair would then be treated as one id, which keeps a
// document that could have been deleted, and never the reverse. Memory is the caller's.
#ifndef BASE_IDSET_H
#define BASE_IDSET_H

#include "base/err.h"
#include "base/hash.h"

struct idset_entry {
    u64 key;   // 0 = empty place
    u32 stamp; // low half of the keyed hash of _timestamp; 0 = none
    u32 flags; // the owner's
};

struct idset {
    struct idset_entry *entries;
    struct hash_key hash;
    isize places;   // IDSET_PLACES(capacity)
    isize capacity; // ids
    isize count;
    bool full; // an id found no place: membership can no longer be trusted to be complete
};

#define IDSET_PLACES(capacity) ((isize)(capacity)*5 / 4 + 1)

// `entries`: IDSET_PLACES(capacity) of them, zeroed; they stay the caller's.
void idset_init(struct idset *set, struct idset_entry *entries, isize capacity,
                struct hash_key key);
void idset_clear(struct idset *set);

// The entry of `id`, or NULL. The pointer stays valid until idset_clear().
struct idset_entry *idset_find(struct idset *set, str id);

// The entry of `id`, added with flags 0 when it was absent. NULL and set->full when there is no
// room.
struct idset_entry *idset_add(struct idset *set, str id);

u32 idset_stamp(const struct idset *set, str timestamp); // never 0

// How many entries have (flags & mask) == want.
isize idset_count(const struct idset *set, u32 mask, u32 want);

#endif
