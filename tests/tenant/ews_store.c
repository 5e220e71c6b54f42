// SPDX-License-Identifier: Apache-2.0
// The mailboxes of the fake Exchange: how many items each folder has, which are gone, what changed.
//
// Synthetic items take no memory (a million in a folder is a number); a bit each once one was
// deleted. Added and moved items follow them, and an index is never used again, so an id stays true
// or names nothing.
#include <string.h>

#include "ews.h"

#define SUPERSEDE_BACK 4096 // how far back an earlier change of the same item is looked for

static i64 share(i64 items, i64 divisor, i64 floor)
{
    i64 least = items < floor ? items : floor;
    return items / divisor > least ? items / divisor : least;
}

static const struct {
    enum ews_place place;
    i64 divisor, floor;
} shares[] = {
    {EWS_INBOX, 1, 0},      {EWS_SENT, 4, 6},      {EWS_JUNK, 8, 3},     {EWS_DELETED, 16, 2},
    {EWS_DRAFTS, 16, 2},    {EWS_ARCHIVE, 4, 6},   {EWS_PROJECTS, 8, 3}, {EWS_CONTACTS, 4, 12},
    {EWS_TASKS, 4, 12},     {EWS_CALENDAR, 4, 24}, {EWS_TEAM, 8, 6},     {EWS_TRIPS, 16, 3},
    {EWS_BIRTHDAYS, 16, 2}, {EWS_NOTES, 16, 1},
};

static struct ews_mailbox *make(const struct tenant *t)
{
    struct ews_mailbox *m = t_alloc((isize)sizeof(*m));
    i64 items = t->o.exchange_items >= 0 ? t->o.exchange_items : t->o.messages;
    for (isize i = 0; i < COUNT(shares); i++) {
        m->folders[shares[i].place].synthetic = share(items, shares[i].divisor, shares[i].floor);
    }
    return m;
}

struct ews_mailbox *ews_mailbox(struct tenant *t, int mailbox)
{
    struct exchange *e = t->exchange;
    ASSERT(mailbox >= 0 && mailbox < t->user_count);
    if (mailbox >= e->mailbox_cap) {
        int cap = mailbox + 64;
        e->mailboxes = t_resize(e->mailboxes, cap * (isize)sizeof(*e->mailboxes));
        memset(e->mailboxes + e->mailbox_cap, 0,
               (size_t)(cap - e->mailbox_cap) * sizeof(*e->mailboxes));
        e->mailbox_cap = cap;
    }
    if (!e->mailboxes[mailbox]) {
        e->mailboxes[mailbox] = make(t);
    }
    return e->mailboxes[mailbox];
}

struct ews_folder *ews_folder(struct tenant *t, int mailbox, enum ews_place p)
{
    return &ews_mailbox(t, mailbox)->folders[p];
}

i64 ews_total(const struct ews_folder *f)
{
    return f->synthetic + f->extra_count;
}

i64 ews_live(const struct ews_folder *f)
{
    return ews_total(f) - f->gone_count;
}

static bool is_gone(const struct ews_folder *f, i64 index)
{
    return index / 8 < f->gone_bytes && (f->gone[index / 8] >> (index % 8) & 1);
}

bool ews_is_there(const struct ews_folder *f, i64 index)
{
    return index >= 0 && index < ews_total(f) && !is_gone(f, index);
}

static int gone_in_byte(const struct ews_folder *f, i64 byte)
{
    return byte < f->gone_bytes ? __builtin_popcount(f->gone[byte]) : 0;
}

i64 ews_nth(const struct ews_folder *f, i64 n, bool newest_first)
{
    i64 live = ews_live(f);
    if (n < 0 || n >= live) {
        return -1;
    }
    n = newest_first ? live - 1 - n : n;
    if (f->gone_count == 0) {
        return n;
    }
    i64 byte = 0; // whole bytes of the map first
    while (8 - gone_in_byte(f, byte) <= n) {
        n -= 8 - gone_in_byte(f, byte);
        byte++;
    }
    for (i64 index = byte * 8;; index++) {
        if (!is_gone(f, index) && n-- == 0) {
            return index;
        }
    }
}

// ---- changes
// -------------------------------------------------------------------------------------

static void note(struct ews_folder *f, enum ews_change_kind kind, i64 index)
{
    if (f->log_count == f->log_cap) {
        f->log_cap = f->log_cap * 2 + 16;
        f->log = t_resize(f->log, (isize)f->log_cap * (isize)sizeof(*f->log));
    }
    i64 created = kind == EWS_CREATED ? f->log_count : -1;
    i64 back = f->log_count > SUPERSEDE_BACK ? f->log_count - SUPERSEDE_BACK : 0;
    for (i64 i = f->log_count - 1; i >= back; i--) {
        struct ews_change *earlier = &f->log[i];
        if (earlier->index == index && !earlier->superseded) {
            created = earlier->created;
            if (kind != EWS_READ) {
                earlier->superseded = true;
            }
            break;
        }
    }
    f->log[f->log_count++] = (struct ews_change){.kind = kind, .index = index, .created = created};
}

i64 ews_add(struct ews_folder *f, enum ews_place from, i64 index)
{
    if (f->extra_count == f->extra_cap) {
        f->extra_cap = f->extra_cap * 2 + 16;
        f->extra = t_resize(f->extra, (isize)f->extra_cap * (isize)sizeof(*f->extra));
    }
    i64 own = ews_total(f);
    f->extra[f->extra_count++] = (struct ews_extra){.place = from,
                                                    .index = index < 0 ? own : index};
    note(f, EWS_CREATED, own);
    return own;
}

bool ews_remove(struct ews_folder *f, i64 index)
{
    if (!ews_is_there(f, index)) {
        return false;
    }
    if (index / 8 >= f->gone_bytes) {
        i64 bytes = ews_total(f) / 8 + 64;
        f->gone = t_resize(f->gone, (isize)bytes);
        memset(f->gone + f->gone_bytes, 0, (size_t)(bytes - f->gone_bytes));
        f->gone_bytes = bytes;
    }
    f->gone[index / 8] = (u8)(f->gone[index / 8] | 1 << (index % 8));
    f->gone_count++;
    note(f, EWS_DELETED_ITEM, index);
    return true;
}

void ews_update(struct ews_folder *f, i64 index, enum ews_change_kind kind)
{
    if (ews_is_there(f, index)) {
        note(f, kind, index);
    }
}

int ews_version(const struct ews_folder *f, i64 index)
{
    int n = 0;
    for (i64 i = 0; i < f->log_count; i++) {
        n += f->log[i].index == index && f->log[i].kind == EWS_UPDATED ? 1 : 0;
    }
    return n;
}

// ---- the end
// -------------------------------------------------------------------------------------

static void free_mailbox(struct ews_mailbox *m)
{
    for (int p = 0; m && p < EWS_PLACES; p++) {
        struct ews_folder *f = &m->folders[p];
        t_free(f->extra);
        t_free(f->gone);
        t_free(f->log);
        t_free(f->name);
        t_free(f->folder_class);
    }
    t_free(m);
}

void exchange_free(struct exchange *e)
{
    for (int i = 0; i < e->mailbox_cap; i++) {
        free_mailbox(e->mailboxes[i]);
    }
    t_free(e->mailboxes);
    exchange_faults_clear(e);
    t_free(e);
}
