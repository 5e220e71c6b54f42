// SPDX-License-Identifier: Apache-2.0
// SyncFolderItems of the fake Exchange: first all items, newest to oldest, each as a Create; then
// what changed since, in order. It cannot skip: an item that is in the folder when the range ends
// was given, whatever came, went or was moved in between.
//
// The state is opaque base64: folder, epoch, the position in the folder's changes and, while the
// first pass lasts, the next index. One for another folder, or damaged, or of an earlier epoch, is
// ErrorInvalidSyncStateData.
#include "ews.h"

#define CHANGES_MOST 512

struct state {
    i64 base;     // what the client knew when this round began
    i64 position; // of the change that comes next
    i64 next;     // the index that comes next in the first pass; -1: it is over
};

static void put_number(struct t_buf *b, u64 v)
{
    for (int i = 0; i < 8; i++) {
        t_buf_byte(b, (u8)(v >> (8 * i)));
    }
}

static u64 get_number(const u8 *p)
{
    u64 v = 0;
    for (int i = 7; i >= 0; i--) {
        v = v << 8 | p[i];
    }
    return v;
}

static u64 seal(const struct ews *c, const struct ews_target *f, const struct state *s)
{
    u64 v = ews_mix((u64)f->mailbox << 8 | (u64)f->place);
    v = ews_mix(v ^ (u64)s->base);
    v = ews_mix(v ^ (u64)s->position);
    v = ews_mix(v ^ (u64)s->next);
    return ews_mix(v ^ (u64)c->e->sync_epoch ^ c->t->o.seed << 20);
}

static void put_state(struct ews *c, const struct ews_target *f, const struct state *s)
{
    struct t_buf b = {0}, text = {0};
    t_buf_put(&b, str_make("\x1F\x8B\x08\x00\x00\x00\x00\x00\x04\x00", 10)); // as real ones begin
    put_number(&b, (u64)s->base);
    put_number(&b, (u64)s->position);
    put_number(&b, (u64)s->next);
    put_number(&b, seal(c, f, s));
    // Real states grow with the folder, to tens of kilobytes.
    isize pad = 40 + (isize)(ews_total(ews_folder(c->t, f->mailbox, f->place)) / 64) % 24000;
    for (isize k = 0; k < pad; k++) {
        t_buf_byte(&b, (u8)ews_mix((u64)k));
    }
    t_base64_put(&text, t_buf_str(&b), false);
    x_text(&c->w, "m:SyncState", t_buf_str(&text));
    t_buf_free(&b);
    t_buf_free(&text);
}

static bool read_state(struct ews *c, const struct ews_target *f, struct state *s)
{
    const struct ews_folder *folder = ews_folder(c->t, f->mailbox, f->place);
    str text = t_xml_text(&c->x, t_xml_child(&c->x, c->operation, "m:SyncState"));
    if (text.n == 0) {
        *s = (struct state){.base = folder->log_count, .next = ews_total(folder) - 1};
        s->position = s->base;
        return true;
    }
    struct t_buf b = {0}, again = {0};
    bool ok = t_base64_decode(&b, text) && b.n >= 42;
    if (ok) {
        s->base = (i64)get_number(b.p + 10);
        s->position = (i64)get_number(b.p + 18);
        s->next = (i64)get_number(b.p + 26);
        t_base64_put(&again, t_buf_str(&b), false);
        ok = get_number(b.p + 34) == seal(c, f, s) && str_eq(t_buf_str(&again), text) &&
             s->position <= folder->log_count && s->next < ews_total(folder);
    }
    t_buf_free(&b);
    t_buf_free(&again);
    return ok;
}

static void put_change(struct ews *c, const struct ews_target *f, const struct ews_shape *s,
                       const char *element, i64 index)
{
    struct ews_item item;
    if (ews_item_find(c->t, f->mailbox, f->place, index, &item)) {
        x_open(&c->w, element);
        ews_item_put(c, &item, s, true, true);
        x_close(&c->w, element);
        c->e->items_listed++;
    }
}

static void put_gone(struct ews *c, const struct ews_target *f, const char *element, i64 index,
                     bool read)
{
    struct ews_id id = {.mailbox = f->mailbox, .place = f->place, .index = index};
    x_open(&c->w, element);
    x_id(&c->w, "t:ItemId", c->t, id, 0, true);
    if (read) {
        x_z(&c->w, "t:IsRead", "true");
    }
    x_close(&c->w, element);
}

// false: it says nothing. An item created in this round may have been given on an earlier page, or
// left to its update: the update is a Create, and a Delete is not left out. `since`: of this page.
static bool put_logged(struct ews *c, const struct ews_target *f, const struct ews_shape *s,
                       const struct ews_change *change, const struct state *since)
{
    if (change->superseded) {
        return false;
    }
    switch (change->kind) {
    case EWS_CREATED:
        put_change(c, f, s, "t:Create", change->index);
        return true;
    case EWS_UPDATED:
        put_change(c, f, s, change->created < since->base ? "t:Update" : "t:Create", change->index);
        return true;
    case EWS_DELETED_ITEM:
        if (change->created >= since->position) {
            return false;
        }
        put_gone(c, f, "t:Delete", change->index, false);
        return true;
    case EWS_READ:
        put_gone(c, f, "t:ReadFlagChange", change->index, true);
        return true;
    }
    return false;
}

static void sync(struct ews *c, const struct ews_target *f, const struct ews_shape *s,
                 struct state *at)
{
    const struct ews_folder *folder = ews_folder(c->t, f->mailbox, f->place);
    i64 most = 0, given = 0;
    str_to_i64(t_xml_text(&c->x, t_xml_child(&c->x, c->operation, "m:MaxChangesReturned")), &most);
    struct t_buf changes = {0}, *answer = c->w.b;
    struct ews_out before = c->w;
    c->w.b = &changes; // the state goes before them
    x_open(&c->w, "m:Changes");
    while (at->next >= 0 && given < most) {
        if (ews_is_there(folder, at->next)) {
            put_change(c, f, s, "t:Create", at->next);
            given++;
        }
        at->next--;
    }
    const struct state since = *at;
    while (at->next < 0 && at->position < folder->log_count && given < most) {
        given += put_logged(c, f, s, &folder->log[at->position], &since) ? 1 : 0;
        at->position++;
    }
    x_close(&c->w, "m:Changes");
    bool last = at->next < 0 && at->position == folder->log_count;
    at->base = last ? at->position : at->base;
    c->w = before;
    c->w.b = answer;
    x_response(&c->w, "SyncFolderItems");
    put_state(c, f, at);
    x_z(&c->w, "m:IncludesLastItemInRange", last ? "true" : "false");
    x_raw(&c->w, t_buf_str(&changes));
    x_response_end(&c->w, "SyncFolderItems");
    t_buf_free(&changes);
}

void ews_sync_items(struct ews *c)
{
    struct ews_shape s;
    struct ews_target f;
    struct state at;
    ews_shape_read(&c->x, t_xml_child(&c->x, c->operation, "m:ItemShape"), &s);
    int id = t_xml_child(&c->x, c->operation, "m:SyncFolderId");
    const char *error = ews_target(c, c->x.nodes[id].first, &f);
    if (!error && c->e->no_sync) {
        error = "ErrorInvalidOperation";
    }
    if (!error) {
        ews_scripts_run(c, f.mailbox, f.place);
        error = read_state(c, &f, &at) ? NULL : "ErrorInvalidSyncStateData";
    }
    if (error && str_eq(str_from(error), S("ErrorFolderNotFound"))) {
        error = "ErrorSyncFolderNotFound";
    }
    if (error) {
        x_error(&c->w, "SyncFolderItems", error, NULL);
    } else {
        sync(c, &f, &s, &at);
    }
}
