// SPDX-License-Identifier: Apache-2.0
// How far the collections of a mailbox are (see graph_sets.h).
#include "source/outlook/graph_sets.h"

#include <string.h>

#include "source/outlook/graph_item.h"
#include "source/outlook/graph_light.h"

enum {
    SETS_OPEN = GRAPH_IN_FLIGHT,           // with pages under way at the same time
    SETS_PAGE_BYTES = 2 * UNIT_HEAD_BYTES, // of the unit of a page
};

_Static_assert(SETS_OPEN *GRAPH_PAGE_UNITS *GRAPH_UNIT_ROOM + GRAPH_RETURNED_BYTES +
                       SETS_OPEN * SETS_PAGE_BYTES <=
                   UNIT_QUEUE_BYTES,
               "pages of all open collections fit");
_Static_assert(GRAPH_PAGE_UNITS *(UNIT_HEAD_BYTES + UNIT_ID_BYTES) <= GRAPH_PAGE_ROOM_MAX,
               "the page with the longest ids fits");

static const str sets_names[] = {
    [OUTLOOK_INBOX] = S("inbox"),
    [OUTLOOK_SENT] = S("sentitems"),
    [OUTLOOK_JUNK] = S("junkemail"),
    [OUTLOOK_ARCHIVE] = S("archive"),
};

static const str sets_unit = S("page");

enum ews_kind graph_sets_kind(u8 folder)
{
    switch ((enum outlook_folder)folder) {
    case OUTLOOK_CONTACTS:
        return EWS_KIND_CONTACT;
    case OUTLOOK_TASKS:
        return EWS_KIND_TASK;
    case OUTLOOK_CALENDAR:
    case OUTLOOK_CHILD_CALENDARS:
        return EWS_KIND_CALENDAR;
    case OUTLOOK_INBOX:
    case OUTLOOK_SENT:
    case OUTLOOK_JUNK:
    case OUTLOOK_ARCHIVE:
    case OUTLOOK_FOLDERS:
        break;
    }
    return EWS_KIND_MAIL;
}

static bool sets_has_delta(const struct graph_set *s, u8 folder)
{
    return !s->plain && graph_sets_kind(folder) != EWS_KIND_CALENDAR;
}

static void sets_again(struct graph_set *s)
{
    s->confirms = false;
    s->pages = 0;
    s->link_bytes = 0;
    s->unknown = 0;
    s->sum = s->again = (struct graph_sum){0};
}

void graph_sets_begin(struct graph_set *s)
{
    sets_again(s);
    s->state = GRAPH_SET_READY;
    s->light = s->plain = false;
    s->restarts = 0;
    s->room_bytes = 0;
    s->page_units = 0;
}

bool graph_sets_are_done(const struct graph_box *box)
{
    for (int i = 0; i < OUTLOOK_FOLDERS; i++) {
        if (box->sets[i].state == GRAPH_SET_READY || box->sets[i].state == GRAPH_SET_OUT) {
            return false;
        }
    }
    return true;
}

// ---- calendars besides the first: records of the owner's hash, two lengths, id, name

enum { CALENDAR_HEAD_BYTES = 11 };

bool graph_sets_keep_calendar(struct graph_box *box, str id, u64 owner, str name)
{
    isize bytes = CALENDAR_HEAD_BYTES + id.n + name.n;
    if (id.n > UNIT_ID_BYTES || name.n > OUTLOOK_PLACE_BYTES ||
        bytes > OUTLOOK_FOLDER_BYTES - box->calendar_bytes) {
        return false;
    }
    u8 *to = box->calendars + box->calendar_bytes;
    memcpy(to, &owner, sizeof owner);
    to[8] = (u8)(id.n >> 8);
    to[9] = (u8)id.n;
    to[10] = (u8)name.n;
    memcpy(to + CALENDAR_HEAD_BYTES, id.p, (size_t)id.n);
    if (name.n) {
        memcpy(to + CALENDAR_HEAD_BYTES + id.n, name.p, (size_t)name.n);
    }
    box->calendar_bytes += (int)bytes;
    return true;
}

static str sets_calendar(const struct graph_box *box, u64 *owner)
{
    const u8 *at = box->calendars + box->calendar_at;
    memcpy(owner, at, sizeof *owner);
    return str_make(at + CALENDAR_HEAD_BYTES, at[8] << 8 | at[9]);
}

static str sets_calendar_name(const struct graph_box *box)
{
    u64 owner;
    str id = sets_calendar(box, &owner);
    return str_make(id.p + id.n, box->calendars[box->calendar_at + CALENDAR_HEAD_BYTES - 1]);
}

static void sets_next_calendar(struct graph_box *box)
{
    str name = sets_calendar_name(box);
    box->calendar_at = (int)(name.p + name.n - box->calendars);
}

// From calendar_at on: the first that is of this mailbox.
static void sets_seek_calendar(struct graph_box *box)
{
    struct graph_set *s = &box->sets[OUTLOOK_CHILD_CALENDARS];
    graph_sets_begin(s);
    while (box->calendar_at < box->calendar_bytes) {
        u64 owner;
        (void)sets_calendar(box, &owner);
        if (owner == 0 || box->owner == 0 || owner == box->owner) {
            return;
        }
        sets_next_calendar(box);
    }
    s->state = GRAPH_SET_DONE;
}

void graph_sets_first_calendar(struct graph_box *box)
{
    box->calendar_at = 0;
    sets_seek_calendar(box);
}

str graph_sets_name(u8 folder)
{
    return sets_names[folder];
}

struct outlook_place graph_sets_place(const struct mailbox *m, u8 folder)
{
    const struct graph_box *box = m->state;
    bool below = folder == OUTLOOK_CHILD_CALENDARS;
    return (struct outlook_place){
        .mailbox = str_make(m->address, m->address_bytes),
        .above = below ? outlook_names_at(&box->names, OUTLOOK_CALENDAR) : (str){0},
        .folder = below ? sets_calendar_name(box) : outlook_names_at(&box->names, folder),
    };
}

static void sets_finish(struct graph_box *box, u8 folder)
{
    box->sets[folder].state = GRAPH_SET_DONE;
    if (folder == OUTLOOK_CHILD_CALENDARS) {
        sets_next_calendar(box);
        sets_seek_calendar(box);
    }
}

// ---- staging

static int sets_page_units(const struct graph_set *s)
{
    int usual = s->confirms || s->light ? GRAPH_IDS_UNITS : GRAPH_PAGE_UNITS;
    return s->page_units ? s->page_units : usual;
}

// In the queue, for the attachments of its page, and for mails that a light one finds.
static int sets_room(const struct graph_set *s, u8 folder)
{
    if (s->confirms || graph_sets_kind(folder) == EWS_KIND_CONTACT) {
        return 0;
    }
    int units = sets_page_units(s); // of a light page, few are for lanes
    units = units < GRAPH_PAGE_UNITS ? units : GRAPH_PAGE_UNITS;
    return s->room_bytes ? s->room_bytes : units * GRAPH_UNIT_ROOM;
}

static bool sets_stage_one(struct mailbox *m, u8 folder, int kept_bytes)
{
    struct graph_box *box = m->state;
    struct graph_set *s = &box->sets[folder];
    struct unit unit = {.kind = (u8)graph_sets_kind(folder), .folder = folder, .page = true};
    int needed = kept_bytes + sets_room(s, folder) + GRAPH_RETURNED_BYTES +
                 SETS_OPEN * SETS_PAGE_BYTES;
    if (!unit_queue_has_room(&m->queue, 1, needed)) {
        return false;
    }
    memcpy(unit.id, sets_unit.p, (size_t)sets_unit.n);
    unit.id_bytes = (int)sets_unit.n;
    // The next page of a collection goes before the attachments that the one before has brought:
    // those are what there is to do while it is on its way.
    bool follows = s->link_bytes > 0;
    bool fits = follows ? unit_queue_return(&m->queue, &unit) : unit_queue_stage(&m->queue, &unit);
    ASSERT(fits); // it was asked for
    unit_queue_commit(&m->queue);
    s->state = GRAPH_SET_OUT;
    return true;
}

void graph_sets_stage(struct mailbox *m)
{
    struct graph_box *box = m->state;
    int open = 0, kept_bytes = 0;
    bool waits = false; // one that was put off: the others make way
    for (int i = 0; i < OUTLOOK_FOLDERS; i++) {
        const struct graph_set *s = &box->sets[i];
        open += s->state == GRAPH_SET_OUT;
        kept_bytes += s->state == GRAPH_SET_OUT ? sets_room(s, (u8)i) : 0;
        waits = waits || (s->state == GRAPH_SET_READY && s->room_bytes);
    }
    for (int i = 0; i < OUTLOOK_FOLDERS && open < SETS_OPEN; i++) {
        const struct graph_set *s = &box->sets[i];
        if (s->state != GRAPH_SET_READY || (waits && !s->room_bytes)) {
            continue;
        }
        if (!sets_stage_one(m, (u8)i, kept_bytes)) {
            return;
        }
        open++;
        kept_bytes += sets_room(s, (u8)i);
    }
}

// ---- requests

static void sets_put_listing(const struct graph_set *s, u8 folder, struct buf *target)
{
    if (sets_has_delta(s, folder)) {
        buf_put(target, S("/delta?$select="));
        return;
    }
    buf_put(target, S("?$top="));
    buf_put_i64(target, sets_page_units(s));
    buf_put(target, S("&$select="));
}

void graph_sets_put_target(const struct outlook *o, const struct mailbox *m, u8 folder,
                           struct buf *target)
{
    const struct graph_box *box = m->state;
    const struct graph_set *s = &box->sets[folder];
    u64 owner;
    if (s->link_bytes) {
        buf_put(target, str_make(s->link, s->link_bytes));
        return;
    }
    graph_put_user(target, m);
    switch ((enum outlook_folder)folder) {
    case OUTLOOK_INBOX:
    case OUTLOOK_SENT:
    case OUTLOOK_JUNK:
    case OUTLOOK_ARCHIVE:
    case OUTLOOK_FOLDERS:
        buf_put(target, S("/mailFolders/"));
        buf_put(target, sets_names[folder]);
        buf_put(target, S("/messages"));
        break;
    case OUTLOOK_CONTACTS:
        buf_put(target, S("/contacts"));
        break;
    case OUTLOOK_TASKS:
        buf_put(target, S("/todo/lists/"));
        url_put_encoded(target, str_make(box->tasks, box->tasks_bytes));
        buf_put(target, S("/tasks"));
        break;
    case OUTLOOK_CALENDAR:
    case OUTLOOK_CHILD_CALENDARS:
        if (folder == OUTLOOK_CALENDAR) {
            buf_put(target, S("/calendar"));
        } else {
            buf_put(target, S("/calendars/"));
            url_put_encoded(target, sets_calendar(box, &owner));
        }
        buf_put(target, S("/events"));
        break;
    }
    sets_put_listing(s, folder, target);
    buf_put(target, s->confirms ? S("id")
                    : s->light  ? graph_light_select()
                                : graph_item_select(graph_sets_kind(folder), o->settings.extended));
}

void graph_sets_put_prefer(const struct graph_box *box, u8 folder, struct buf *prefer)
{
    const struct graph_set *s = &box->sets[folder];
    enum ews_kind kind = graph_sets_kind(folder);
    if (sets_has_delta(s, folder)) {
        buf_put(prefer, S("odata.maxpagesize="));
        buf_put_i64(prefer, sets_page_units(s));
    } else {
        buf_put(prefer, S("outlook.timezone=\"UTC\""));
    }
    if (kind != EWS_KIND_CONTACT) {
        buf_put(prefer, S(", outlook.body-content-type=\""));
        buf_put(prefer, kind == EWS_KIND_TASK ? S("text\"") : S("html\""));
    }
}

void graph_sets_put_element(const struct mailbox *m, u8 folder, str id, struct buf *target)
{
    const struct graph_box *box = m->state;
    enum ews_kind kind = graph_sets_kind(folder);
    graph_put_user(target, m);
    if (kind == EWS_KIND_TASK) {
        buf_put(target, S("/todo/lists/"));
        url_put_encoded(target, str_make(box->tasks, box->tasks_bytes));
        buf_put(target, S("/tasks/"));
    } else {
        buf_put(target, kind == EWS_KIND_CALENDAR  ? S("/events/")
                        : kind == EWS_KIND_CONTACT ? S("/contacts/")
                                                   : S("/messages/"));
    }
    url_put_encoded(target, id);
}

void graph_sets_put_item(const struct mailbox *m, u8 folder, str id, struct buf *target)
{
    graph_sets_put_element(m, folder, id, target);
    buf_put(target, S("/attachments"));
}

// ---- what became of a page

static err sets_take_last(struct graph_box *box, u8 folder)
{
    struct graph_set *s = &box->sets[folder];
    bool several = s->pages > 0; // before this one
    if (sets_has_delta(s, folder) || (!several && !s->confirms)) {
        sets_finish(box, folder);
        return OK;
    }
    s->state = GRAPH_SET_READY;
    s->pages = 0;
    s->link_bytes = 0;
    if (!s->confirms) {
        s->confirms = true;
        s->again = (struct graph_sum){0};
        return OK;
    }
    if (s->sum.hashes == s->again.hashes && s->sum.count == s->again.count) {
        sets_finish(box, folder);
        return OK;
    }
    if (s->restarts++ < GRAPH_RESTARTS_MAX) {
        sets_again(s);
        return OK;
    }
    sets_finish(box, folder);
    return FAIL(GRAPH_UNSTABLE);
}

err graph_sets_take_page(struct graph_box *box, u8 folder, enum graph_link kind, str target,
                         const struct graph_sum *sum)
{
    struct graph_set *s = &box->sets[folder];
    bool next = kind == GRAPH_LINK_NEXT;
    if (sets_has_delta(s, folder) && kind == GRAPH_LINK_NONE) {
        return FAIL(GRAPH_ANSWER); // it has not ended
    }
    if (next &&
        (str_eq(target, str_make(s->link, s->link_bytes)) || s->pages + 1 == GRAPH_PAGES_MAX)) {
        return FAIL(GRAPH_ENDLESS);
    }
    struct graph_sum *to = s->confirms ? &s->again : &s->sum;
    to->hashes += sum->hashes;
    to->count += sum->count;
    s->room_bytes = 0;
    if (!next) {
        return sets_take_last(box, folder);
    }
    ASSERT(target.n > 0 && target.n <= GRAPH_LINK_BYTES);
    memcpy(s->link, target.p, (size_t)target.n);
    s->link_bytes = (int)target.n;
    s->pages++;
    s->state = GRAPH_SET_READY;
    return OK;
}

void graph_sets_put_off(struct graph_box *box, u8 folder, int room_bytes)
{
    box->sets[folder].room_bytes = room_bytes;
    box->sets[folder].state = GRAPH_SET_READY;
}

bool graph_sets_shrink(struct graph_box *box, u8 folder)
{
    struct graph_set *s = &box->sets[folder];
    int units = sets_page_units(s);
    if (units == 1) {
        return false;
    }
    s->page_units = units > 4 ? units / 4 : 1;
    if (!sets_has_delta(s, folder) && !s->confirms) {
        sets_again(s); // the number stands in the links
    } else if (!sets_has_delta(s, folder)) {
        s->pages = 0;
        s->link_bytes = 0;
        s->again = (struct graph_sum){0};
    }
    return true;
}

bool graph_sets_go_plain(struct graph_box *box, u8 folder)
{
    struct graph_set *s = &box->sets[folder];
    if (!sets_has_delta(s, folder) || s->link_bytes) {
        return false;
    }
    sets_again(s);
    s->plain = true;
    return true;
}

bool graph_sets_restart(struct graph_box *box, u8 folder)
{
    struct graph_set *s = &box->sets[folder];
    if (s->restarts++ >= GRAPH_RESTARTS_MAX) {
        return false;
    }
    sets_again(s);
    return true;
}

// The others come with the mailbox and cannot be removed, or were named a moment ago: where one is
// said to be missing, a mailbox is broken or on its way elsewhere, and what it does not show is not
// gone.
static bool sets_may_be_absent(u8 folder)
{
    return folder == OUTLOOK_ARCHIVE || folder == OUTLOOK_JUNK;
}

void graph_sets_leave(struct graph_box *box, u8 folder, bool gone)
{
    const struct graph_set *s = &box->sets[folder];
    bool absent = gone && sets_may_be_absent(folder) && s->link_bytes == 0 && s->restarts == 0;
    box->closed += !absent;
    sets_finish(box, folder);
}
