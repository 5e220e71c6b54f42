// SPDX-License-Identifier: Apache-2.0
// The fates of mailboxes (see roster.h).
#include "sync/roster.h"

bool roster_add(struct roster *r, str address, bool *room)
{
    isize before = r->set.count;
    struct idset_entry *entry = idset_add(&r->set, address);
    *room = entry != NULL;
    if (!entry || r->set.count == before) {
        return false;
    }
    entry->flags = FATE_PROTECTED;
    r->count++;
    return true;
}

void roster_finish(struct roster *r, str address)
{
    struct idset_entry *entry = idset_find(&r->set, address);
    ASSERT(entry);
    if (entry->flags != FATE_FINISHED) {
        entry->flags = FATE_FINISHED;
        r->finished++;
    }
}

enum fate roster_fate(struct roster *r, str address)
{
    struct idset_entry *entry = idset_find(&r->set, address);
    return entry ? (enum fate)entry->flags : FATE_UNKNOWN;
}

bool roster_all_finished(const struct roster *r)
{
    return r->directory_complete && !r->set.full && r->finished == r->count;
}
