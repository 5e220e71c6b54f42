// SPDX-License-Identifier: Apache-2.0
// The fates of mailboxes (see roster.h).
#include "sync/roster.h"

#include "base/buf.h"
#include "limits.h"

// An address as it is remembered. What is longer than any address is never looked up as one.
struct roster_key {
    u8 bytes[ADDRESS_BYTES];
    struct buf text;
};

static str roster_key(struct roster_key *key, str address)
{
    key->text = buf_over(key->bytes, COUNT(key->bytes));
    buf_put_lower(&key->text, address);
    return buf_str(&key->text);
}

void roster_clear(struct roster *r)
{
    if (r->set.count || r->set.full) {
        idset_clear(&r->set);
    }
    r->directory_complete = false;
    r->incomplete = false;
    r->count = 0;
    r->finished = 0;
    r->continued = 0;
}

bool roster_add(struct roster *r, str address, bool *room)
{
    isize before = r->set.count;
    struct roster_key key;
    ASSERT(address.n <= ADDRESS_BYTES);
    struct idset_entry *entry = idset_add(&r->set, roster_key(&key, address));
    *room = entry != NULL;
    if (!entry || r->set.count == before) {
        return false;
    }
    entry->flags = FATE_PROTECTED;
    r->count++;
    return true;
}

void roster_finish(struct roster *r, str address, bool continued)
{
    struct roster_key key;
    struct idset_entry *entry = idset_find(&r->set, roster_key(&key, address));
    ASSERT(entry);
    if (entry->flags == FATE_PROTECTED) {
        entry->flags = continued ? FATE_CONTINUED : FATE_FINISHED;
        r->finished++;
        r->continued += continued;
    }
}

enum fate roster_fate(struct roster *r, str address)
{
    struct roster_key key;
    if (address.n > ADDRESS_BYTES) {
        return FATE_PROTECTED; // an owner that no directory names: it is not ours to judge
    }
    struct idset_entry *entry = idset_find(&r->set, roster_key(&key, address));
    return entry ? (enum fate)entry->flags : FATE_UNKNOWN;
}

void roster_forget(struct roster *r)
{
    r->incomplete = true;
}

bool roster_knows_all(const struct roster *r)
{
    // A directory without anybody is no directory: whoever may read it is in it.
    return r->directory_complete && !r->set.full && !r->incomplete && r->count > 0;
}

bool roster_all_finished(const struct roster *r)
{
    return roster_knows_all(r) && r->finished == r->count;
}
