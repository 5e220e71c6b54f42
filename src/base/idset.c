// SPDX-License-Identifier: Apache-2.0
// The id set: keyed hashes in an open-addressed table (see idset.h).
#include "base/idset.h"

#include <string.h>

_Static_assert(sizeof(struct idset_entry) == 16, "20 bytes an id at a load of 0.8");

void idset_init(struct idset *set, struct idset_entry *entries, isize capacity, struct hash_key key)
{
    *set = (struct idset){
        .entries = entries,
        .hash = key,
        .places = IDSET_PLACES(capacity),
        .capacity = capacity,
    };
}

void idset_clear(struct idset *set)
{
    memset(set->entries, 0, (size_t)set->places * sizeof *set->entries);
    set->count = 0;
    set->full = false;
}

static u64 idset_key(const struct idset *set, str id)
{
    u64 key = hash_siphash(set->hash, id);
    return key ? key : 1;
}

// The place of the key, or the empty place where it would go: the load is below 1, so there is one.
static struct idset_entry *idset_place(struct idset *set, u64 key)
{
    // Multiply-shift spreads the key over any number of places without a division.
    isize i = (isize)((unsigned __int128)key * (u64)set->places >> 64);
    while (set->entries[i].key && set->entries[i].key != key) {
        i = i + 1 == set->places ? 0 : i + 1;
    }
    return &set->entries[i];
}

struct idset_entry *idset_find(struct idset *set, str id)
{
    struct idset_entry *entry = idset_place(set, idset_key(set, id));
    return entry->key ? entry : NULL;
}

struct idset_entry *idset_add(struct idset *set, str id)
{
    u64 key = idset_key(set, id);
    struct idset_entry *entry = idset_place(set, key);
    if (entry->key) {
        return entry;
    }
    if (set->count == set->capacity) {
        set->full = true;
        return NULL;
    }
    set->count++;
    entry->key = key;
    return entry;
}

u32 idset_stamp(const struct idset *set, str timestamp)
{
    u32 stamp = (u32)hash_siphash(set->hash, timestamp);
    return stamp ? stamp : 1;
}

isize idset_count(const struct idset *set, u32 mask, u32 want)
{
    isize count = 0;
    for (isize i = 0; i < set->places; i++) {
        const struct idset_entry *entry = &set->entries[i];
        count += entry->key && (entry->flags & mask) == want;
    }
    return count;
}
