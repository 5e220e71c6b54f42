// SPDX-License-Identifier: Apache-2.0
// Marking and finding what is no longer there (see purge.h).
#include "sync/purge.h"

bool purge_visit_fill(void *st, const struct scan_hit *hit)
{
    struct purge *p = st;
    p->existing++;
    struct idset_entry *entry = idset_add(&p->ids, hit->id);
    if (entry) {
        entry->flags |= PURGE_EXISTED;
        entry->stamp = hit->timestamp.n ? idset_stamp(&p->ids, hit->timestamp) : 0;
    }
    return true;
}

static bool purge_is_ours(struct purge *p, const struct scan_hit *hit)
{
    if (roster_all_finished(p->roster)) {
        return true;
    }
    if (hit->owner.n == 0) {
        return false;
    }
    switch (roster_fate(p->roster, hit->owner)) {
    case FATE_FINISHED:
        return true;
    case FATE_UNKNOWN:
        return roster_knows_all(p->roster);
    case FATE_PROTECTED:
        return false;
    }
    return false;
}

// Unseen: there before, and no unit of this run had its id. What appeared since is not in the set.
static bool purge_is_unseen(struct purge *p, const struct scan_hit *hit)
{
    struct idset_entry *entry = idset_find(&p->ids, hit->id);
    return entry && (entry->flags & (PURGE_EXISTED | PURGE_SEEN)) == PURGE_EXISTED;
}

bool purge_visit_count(void *st, const struct scan_hit *hit)
{
    struct purge *p = st;
    if (purge_is_unseen(p, hit)) {
        if (purge_is_ours(p, hit)) {
            p->would_delete++;
        } else {
            p->kept++;
        }
    }
    return true;
}

bool purge_visit_delete(void *st, const struct scan_hit *hit)
{
    struct purge *p = st;
    if (!purge_is_unseen(p, hit) || !purge_is_ours(p, hit)) {
        return true;
    }
    if (!bulk_put_delete(p->bulk, hit->doc_id, UINT32_MAX, 0, p->now_ms)) {
        return false;
    }
    p->deleted_sent++;
    return true;
}

void purge_mark(struct purge *p, str id)
{
    // Ids that were not there before need no mark: the scan that deletes ignores what it does not
    // know.
    struct idset_entry *entry = idset_find(&p->ids, id);
    if (entry) {
        entry->flags |= PURGE_SEEN;
    }
}

bool purge_is_pending(struct purge *p, str id)
{
    struct idset_entry *entry = idset_find(&p->ids, id);
    return entry && !(entry->flags & PURGE_SEEN);
}

i64 purge_unseen(const struct purge *p)
{
    return idset_count(&p->ids, PURGE_EXISTED | PURGE_SEEN, PURGE_EXISTED);
}
