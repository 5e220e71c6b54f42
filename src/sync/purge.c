// SPDX-License-Identifier: Apache-2.0
// Marking and finding what is no longer there (see purge.h).
#include "sync/purge.h"

bool purge_visit_fill(void *st, const struct scan_hit *hit)
{
    struct purge *p = st;
    p->existing++;
    p->owned += hit->owner.n > 0;
    struct idset_entry *entry = idset_add(&p->ids, hit->id);
    if (entry) {
        entry->flags |= PURGE_EXISTED;
        entry->stamp = hit->timestamp.n ? idset_stamp(&p->ids, hit->timestamp) : 0;
    }
    return true;
}

// The address of the mailbox: that of Gmail stands alone, that of Outlook behind a prefix
// (spec/documents.md 3), which no address begins with.
static str purge_owner(const struct scan_hit *hit)
{
    static const str prefix = S("email:");
    return str_starts(hit->owner, prefix) ? str_from_index(hit->owner, prefix.n) : hit->owner;
}

static u32 purge_flags(struct purge *p, const struct scan_hit *hit)
{
    const struct idset_entry *entry = idset_find(&p->ids, hit->id);
    return entry ? entry->flags : 0;
}

static bool purge_is_due(struct purge *p, const struct scan_hit *hit)
{
    return purge_flags(p, hit) & (PURGE_FILTERED | PURGE_GONE);
}

// Only changes were listed where it is, or where it may be: not to have seen it means nothing, if
// nothing else says that it has to go.
static bool purge_is_unread(struct purge *p, const struct scan_hit *hit)
{
    str owner = purge_owner(hit);
    if (purge_is_due(p, hit)) {
        return false;
    }
    return owner.n ? roster_fate(p->roster, owner) == FATE_CONTINUED : p->roster->continued > 0;
}

static bool purge_is_ours(struct purge *p, const struct scan_hit *hit)
{
    str owner = purge_owner(hit);
    if (purge_is_unread(p, hit)) {
        return false;
    }
    if (roster_all_finished(p->roster)) {
        return true;
    }
    if (owner.n == 0) {
        return false;
    }
    switch (roster_fate(p->roster, owner)) {
    case FATE_FINISHED:
    case FATE_CONTINUED:
        return true;
    case FATE_UNKNOWN:
        return roster_knows_all(p->roster) && shard_owns(p->shard, owner);
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

static bool purge_is_filtered(struct purge *p, const struct scan_hit *hit)
{
    return purge_flags(p, hit) & PURGE_FILTERED;
}

// A document of a type that cannot be listed whole stays, unless a rule has excluded just this one,
// or its mailbox says that just this one is gone.
static bool purge_is_listed(struct purge *p, const struct scan_hit *hit)
{
    for (int i = 0; p->source && i < p->source->unlisted_type_count; i++) {
        if (str_eq(hit->type, p->source->unlisted_types[i])) {
            return purge_is_due(p, hit);
        }
    }
    return true;
}

bool purge_visit_count(void *st, const struct scan_hit *hit)
{
    struct purge *p = st;
    if (purge_is_unseen(p, hit)) {
        if (!purge_is_listed(p, hit)) {
            p->unlisted++;
        } else if (purge_is_ours(p, hit)) {
            p->would_delete++;
            p->filtered += purge_is_filtered(p, hit);
        } else if (!purge_is_unread(p, hit)) {
            p->kept++;
        }
    }
    return true;
}

bool purge_visit_delete(void *st, const struct scan_hit *hit)
{
    struct purge *p = st;
    if (!purge_is_unseen(p, hit) || !purge_is_listed(p, hit) || !purge_is_ours(p, hit)) {
        return true;
    }
    struct idset_entry *entry = idset_find(&p->ids, hit->id);
    if (entry->flags & PURGE_SENT) {
        return true; // the scan began again: it would be deleted, and counted, twice
    }
    if (!bulk_put_delete(p->bulk, hit->doc_id, UINT32_MAX, 0, p->now_ms)) {
        return false;
    }
    p->due_sent += (entry->flags & (PURGE_FILTERED | PURGE_GONE)) != 0;
    entry->flags |= PURGE_SENT;
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

void purge_filter(struct purge *p, str id)
{
    struct idset_entry *entry = idset_find(&p->ids, id);
    if (entry) {
        entry->flags |= PURGE_FILTERED;
    }
}

bool purge_gone(struct purge *p, str id)
{
    struct idset_entry *entry = idset_find(&p->ids, id);
    if (entry && (entry->flags & PURGE_EXISTED)) {
        entry->flags |= PURGE_GONE;
    }
    return entry && (entry->flags & PURGE_TAKEN);
}

i64 purge_due(const struct purge *p)
{
    u32 mask = PURGE_EXISTED | PURGE_SEEN | PURGE_FILTERED | PURGE_GONE;
    return idset_count(&p->ids, mask, PURGE_EXISTED | PURGE_FILTERED) +
           idset_count(&p->ids, mask, PURGE_EXISTED | PURGE_GONE) +
           idset_count(&p->ids, mask, PURGE_EXISTED | PURGE_FILTERED | PURGE_GONE);
}

enum purge_unit purge_take(struct purge *p, str id, u32 mailbox)
{
    struct idset_entry *entry = mailbox ? idset_add(&p->ids, id) : idset_find(&p->ids, id);
    if (!entry) {
        return PURGE_UNIT_NEW;
    }
    entry->flags &= ~(u32)PURGE_GONE; // it is there again, or in another folder
    if (mailbox) {
        u32 tag = mailbox << 8;
        if ((entry->flags & PURGE_TAKEN) && (entry->flags & ~(u32)0xff) == tag) {
            return PURGE_UNIT_REPEATED;
        }
        entry->flags = (entry->flags & 0xff) | PURGE_TAKEN | tag;
    }
    bool pending = (entry->flags & (PURGE_EXISTED | PURGE_SEEN)) == PURGE_EXISTED;
    return pending ? PURGE_UNIT_KNOWN : PURGE_UNIT_NEW;
}

void purge_give_back(struct purge *p, str id)
{
    struct idset_entry *entry = idset_find(&p->ids, id);
    if (entry) {
        entry->flags &= ~(u32)PURGE_TAKEN;
    }
}

bool purge_is_unchanged(struct purge *p, str id, str timestamp)
{
    struct idset_entry *entry = idset_find(&p->ids, id);
    u32 stamp = timestamp.n ? idset_stamp(&p->ids, timestamp) : 0;
    return entry && (entry->flags & PURGE_EXISTED) && entry->stamp == stamp;
}

void purge_clear(struct purge *p)
{
    if (p->ids.count || p->ids.full) {
        idset_clear(&p->ids);
    }
    p->existing = 0;
    p->owned = 0;
    p->due_sent = 0;
    p->would_delete = 0;
    p->kept = 0;
    p->unlisted = 0;
    p->filtered = 0;
    p->deleted_sent = 0;
}

i64 purge_unseen(const struct purge *p)
{
    return idset_count(&p->ids, PURGE_EXISTED | PURGE_SEEN, PURGE_EXISTED);
}
