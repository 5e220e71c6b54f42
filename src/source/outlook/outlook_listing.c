// SPDX-License-Identifier: Apache-2.0
// Listing a mailbox (see outlook_listing.h). A page is asked for when the queue has room for all of
// it. Its units are staged and join the queue, and its state takes the place of the one before,
// when the page is whole: one that broke off yields nothing twice. A state that Exchange does not
// know any more begins the folder again; a folder whose changes Exchange does not list begins again
// by FindItem. With states that outlive a run (source.h) a folder goes on from the last one; items
// that vanished are units then. A mailbox with an id that cannot be used is not finished.
#include "source/outlook/outlook_listing.h"

#include <string.h>

#include "source/outlook/outlook_folders.h"

enum { LISTING_UNIT_BYTES = UNIT_HEAD_BYTES + UNIT_TIMESTAMP_BYTES + UNIT_ID_BYTES };
_Static_assert(OUTLOOK_PAGE_UNITS *LISTING_UNIT_BYTES <= UNIT_QUEUE_BYTES, "a page fits");

enum { CAPTURE_NONE, CAPTURE_STATE, CAPTURE_SMALL };

str outlook_folder_type(u8 folder, enum ews_kind kind)
{
    static const str others[EWS_KINDS] = {
        [EWS_KIND_CALENDAR] = S("Calendar"),
        [EWS_KIND_TASK] = S("Task"),
        [EWS_KIND_CONTACT] = S("Contact"),
        [EWS_KIND_LIST] = S("Distribution List"),
    };
    return kind != EWS_KIND_MAIL     ? others[kind]
           : folder == OUTLOOK_INBOX ? S("Inbox Mails")
           : folder == OUTLOOK_SENT  ? S("Sent Mails")
           : folder == OUTLOOK_JUNK  ? S("Junk Mails")
                                     : S("Archive Mails");
}

void outlook_names_put(struct outlook_names *n, u8 folder, str name)
{
    ASSERT(name.n <= OUTLOOK_PLACE_BYTES);
    if (name.n) {
        memcpy(n->text[folder], name.p, (size_t)name.n);
    }
    n->bytes[folder] = (u8)name.n;
}

str outlook_names_at(const struct outlook_names *n, u8 folder)
{
    return str_make(n->text[folder], n->bytes[folder]);
}

static bool listing_takes(u8 folder, enum ews_kind kind)
{
    switch (folder) {
    case OUTLOOK_CONTACTS:
        return kind == EWS_KIND_CONTACT || kind == EWS_KIND_LIST;
    case OUTLOOK_TASKS:
        return kind == EWS_KIND_TASK;
    case OUTLOOK_CALENDAR:
    case OUTLOOK_CHILD_CALENDARS:
        return kind == EWS_KIND_CALENDAR;
    default:
        return kind == EWS_KIND_MAIL;
    }
}

// The order of the service before: mails, the archive's last, contacts, tasks, calendars.
static const u8 listing_order[] = {OUTLOOK_INBOX,    OUTLOOK_SENT,  OUTLOOK_JUNK,
                                   OUTLOOK_CONTACTS, OUTLOOK_TASKS, OUTLOOK_CALENDAR};

// The folder in hand; false: all are listed.
static bool listing_folder(struct outlook_mailbox *om, u8 *folder, struct ews_folder *out,
                           int *next)
{
    while (om->folder < COUNT(listing_order) && !(om->there >> listing_order[om->folder] & 1)) {
        om->folder++;
    }
    *out = (struct ews_folder){0};
    if (om->folder < COUNT(listing_order)) {
        *folder = listing_order[om->folder];
        out->name = outlook_folder_names[*folder];
        return true;
    }
    return outlook_folders_at(om, folder, &out->id, next);
}

static void listing_next_folder(struct outlook_mailbox *om)
{
    u8 folder;
    struct ews_folder at;
    int next;
    if (listing_folder(om, &folder, &at, &next)) {
        om->id_at = om->folder < COUNT(listing_order) ? om->id_at : next;
        om->folder += om->folder < COUNT(listing_order);
    }
    om->state_bytes = 0;
    om->restarts = 0;
    om->pages = 0;
    om->page_units = 0;
    om->find = (struct outlook_find){0};
    om->looked = om->continued = false;
}

// ---- states that outlive the run

static bool listing_is_state(str state);

static str listing_state_name(struct buf *b, const struct ews_folder *folder)
{
    buf_put(b, folder->name.n ? S("ews/") : S("ews:"));
    buf_put(b, folder->name.n ? folder->name : folder->id);
    return b->full ? (str){0} : buf_str(b);
}

static void listing_look(const struct outlook *o, struct mailbox *m,
                         const struct ews_folder *folder)
{
    const struct source_states *states = o->source->states;
    struct outlook_mailbox *om = m->state;
    u8 bytes[UNIT_ID_BYTES];
    struct buf text = buf_over(bytes, COUNT(bytes)), state = buf_over(om->state, EWS_STATE_BYTES);
    str name = listing_state_name(&text, folder);
    if (!states || om->looked || om->find.on) {
        return;
    }
    om->looked = true;
    om->continued = name.n &&
                    states->read(states->st, str_make(m->address, m->address_bytes), name,
                                 &state) &&
                    state.n > 0 && listing_is_state(buf_str(&state));
    om->state_bytes = om->continued ? (int)state.n : 0;
}

static void listing_note_way(const struct outlook *o, struct mailbox *m)
{
    struct outlook_mailbox *om = m->state;
    om->whole |= !om->continued;
    om->stateless |= om->find.on;
    m->continued |= om->continued;
    m->mixed = o->source->states && (om->stateless || (m->continued && om->whole));
}

// The folder was listed to its end: its state is for the next run.
static void listing_keep(const struct outlook *o, struct mailbox *m)
{
    const struct source_states *states = o->source->states;
    struct outlook_mailbox *om = m->state;
    u8 bytes[UNIT_ID_BYTES], folder;
    struct buf text = buf_over(bytes, COUNT(bytes));
    struct ews_folder at;
    int next;
    if (states && listing_folder(om, &folder, &at, &next)) {
        str name = listing_state_name(&text, &at);
        if (name.n) {
            states->keep(states->st, str_make(m->address, m->address_bytes), name,
                         str_make(om->state, om->state_bytes));
        }
    }
}

// ---- asking

static void listing_settle(struct mailbox *m)
{
    struct outlook_mailbox *om = m->state;
    if (om->step != OUTLOOK_LIST_DONE || m->phase != MAILBOX_LISTING) {
        return;
    }
    if (!om->bad_ids && !om->closed) {
        m->phase = MAILBOX_LISTED;
    } else if (m->queue.count == 0) {
        m->phase = om->bad_ids ? MAILBOX_FAILED : MAILBOX_REFUSED;
        m->error = om->bad_ids ? FAIL(EWS_UNIT_ID) : FAIL(EWS_FOLDER_CLOSED);
        buf_reset(&m->detail);
        buf_put_i64(&m->detail, om->bad_ids ? om->bad_ids : om->closed);
        buf_put(&m->detail, om->bad_ids ? S(" ids") : S(" folders"));
    }
}

static void listing_ask_items(struct outlook_mailbox *om, const struct ews_call *c, struct buf *b,
                              const struct ews_folder *folder)
{
    om->error = OK;
    om->capture = CAPTURE_NONE;
    om->last = om->has_last = om->has_state = false;
    om->counted = om->page_gone = 0;
    om->deleting = false;
    om->page_bad_ids = 0;
    om->has_id = false;
    om->page_units = om->page_units ? om->page_units : OUTLOOK_PAGE_UNITS;
    outlook_find_page(&om->find);
    if (om->find.on) {
        ews_put_find_items(b, c, folder, outlook_find_offset(&om->find), om->page_units);
    } else {
        ews_put_sync_items(b, c, folder, str_make(om->state, om->state_bytes), om->page_units);
    }
}

enum step outlook_listing_next(void *src, struct mailbox *m, i64 now_ms, struct exchange *x)
{
    struct outlook *o = src;
    struct outlook_mailbox *om = m->state;
    u8 folder;
    struct ews_folder at = {0};
    int next;
    if (om->step == OUTLOOK_LIST_ITEMS && !listing_folder(om, &folder, &at, &next)) {
        om->step = OUTLOOK_LIST_DONE;
    }
    listing_settle(m);
    if (!outlook_mailbox_is_readable(m)) {
        return STEP_FAILED;
    }
    if (m->flags_bytes && m->units_listed == 0 && om->step == OUTLOOK_LIST_FOLDERS) {
        outlook_mailbox_refuse(o, m, FAIL(EWS_ACCOUNT), &x->detail); // the directory says disabled
        return STEP_FAILED;
    }
    unit_queue_unstage(&m->queue); // what a broken answer has left
    bool room = unit_queue_has_room(&m->queue, OUTLOOK_PAGE_UNITS, LISTING_UNIT_BYTES);
    if (om->step == OUTLOOK_LIST_DONE || (om->step == OUTLOOK_LIST_ITEMS && !room) ||
        !outlook_call_take(o, &om->call, now_ms, x)) {
        // The reader of a broken attempt: those who make room here may be waiting for it.
        outlook_call_close(o, &om->call);
        return STEP_WAIT;
    }
    str mailbox = str_make(m->address, m->address_bytes);
    struct ews_call c = outlook_call_begin(o, &om->call, mailbox);
    struct buf *b = &outlook_call_reader(o, &om->call)->request;
    if (om->step == OUTLOOK_LIST_ITEMS) {
        listing_look(o, m, &at);
        om->tells_gone = o->source->states && !om->find.on;
        listing_ask_items(om, &c, b, &at);
    } else {
        outlook_folders_ask(om, &c, b);
    }
    bool fits = outlook_call_ask(o, &om->call, mailbox, x);
    ASSERT(fits); // EWS_REQUEST_BYTES
    return STEP_REQUEST;
}

// ---- a page of items

static bool listing_is_id(str id)
{
    for (isize i = 0; i < id.n; i++) {
        if (id.p[i] <= ' ' || id.p[i] >= 0x7f || id.p[i] == '"' || id.p[i] == '\\') {
            return false;
        }
    }
    return id.n > 0 && id.n <= UNIT_ID_BYTES;
}

// Changes, Create or Update, the item, its properties; of FindItem: RootFolder, Items.
enum { LEVEL_CHANGE = 2, LEVEL_ITEM, LEVEL_PROPERTY };

static void listing_take_id(struct outlook_mailbox *om, const struct ews_answer *a)
{
    str id = xml_attribute(&a->xml, S("Id"), NULL);
    om->has_id = listing_is_id(id);
    om->unit.id_bytes = om->has_id ? (int)id.n : 0;
    memcpy(om->unit.id, id.p, (size_t)om->unit.id_bytes);
}

static void listing_begin(struct outlook_mailbox *om, const struct ews_answer *a, struct buf *state)
{
    bool change = om->find.on ? a->tag == EWS_TAG_Items
                              : a->tag == EWS_TAG_Create || a->tag == EWS_TAG_Update;
    om->capture = CAPTURE_NONE;
    if (a->level == 1 && om->find.on) {
        if (a->tag == EWS_TAG_RootFolder) {
            outlook_find_root(&om->find, a);
        }
    } else if (a->level == 1 && a->tag == EWS_TAG_SyncState) {
        buf_reset(state);
        om->has_state = true;
        om->capture = CAPTURE_STATE;
    } else if (a->level == 1 && a->tag == EWS_TAG_IncludesLastItemInRange) {
        om->has_last = true;
        om->capture = CAPTURE_SMALL;
        om->small = buf_over(om->small_bytes, COUNT(om->small_bytes));
    } else if (a->level == LEVEL_CHANGE) {
        om->folder_ok = change;
        om->deleting = om->tells_gone && a->tag == EWS_TAG_Delete;
        om->has_id = false;
    } else if (a->level == LEVEL_ITEM && om->deleting && a->tag == EWS_TAG_ItemId) {
        om->unit = (struct unit){.gone = true};
        listing_take_id(om, a);
    } else if (a->level == LEVEL_ITEM && om->folder_ok) {
        om->unit = (struct unit){0};
        om->kind_known = outlook_item_kind(a->tag, &om->kind);
        om->has_id = false;
    } else if (a->level == LEVEL_PROPERTY && a->tag == EWS_TAG_ItemId) {
        outlook_find_id(&om->find, xml_attribute(&a->xml, S("Id"), NULL));
        listing_take_id(om, a);
    } else if (a->level == LEVEL_PROPERTY &&
               (a->tag == EWS_TAG_LastModifiedTime || a->tag == EWS_TAG_Size ||
                a->tag == EWS_TAG_HasAttachments)) {
        om->capture = CAPTURE_SMALL;
        om->small = buf_over(om->small_bytes, COUNT(om->small_bytes));
    }
}

// A text that is longer than any that means something is none.
static str listing_small(const struct outlook_mailbox *om)
{
    return om->small.full ? (str){0} : str_trim(buf_str(&om->small));
}

static bool listing_is_true(const struct outlook_mailbox *om)
{
    str text = listing_small(om);
    return str_eq(text, S("true")) || str_eq(text, S("1"));
}

static void listing_end_property(struct outlook_mailbox *om, enum ews_tag tag)
{
    i64 bytes;
    if (tag == EWS_TAG_LastModifiedTime) {
        struct buf time = buf_over(om->unit.timestamp, UNIT_TIMESTAMP_BYTES);
        outlook_put_time(&time, listing_small(om));
        om->unit.timestamp_bytes = (int)time.n;
    } else if (tag == EWS_TAG_Size) {
        bool number = str_to_i64(listing_small(om), &bytes) && bytes > 0;
        om->unit.bytes = number ? bytes : 0;
    } else if (tag == EWS_TAG_HasAttachments) {
        om->unit.parts = listing_is_true(om);
    }
}

// false: far more than were asked for.
static bool listing_stage(struct outlook_mailbox *om, struct unit_queue *q)
{
    return om->counted + om->page_gone < OUTLOOK_PAGE_UNITS && unit_queue_stage(q, &om->unit);
}

static bool listing_end_gone(struct outlook_mailbox *om, struct unit_queue *q)
{
    if (om->has_id && !listing_stage(om, q)) {
        return false;
    }
    om->page_gone += om->has_id;
    om->deleting = !om->has_id;
    om->has_id = false;
    return true;
}

static bool listing_end_item(struct outlook_mailbox *om, struct unit_queue *q, u8 folder)
{
    if (om->deleting) {
        return listing_end_gone(om, q);
    }
    if (!om->folder_ok || (om->find.on && !outlook_find_take(&om->find))) {
        return true;
    }
    if (!om->kind_known || !listing_takes(folder, om->kind)) {
        return true; // of a kind that has no documents
    }
    if (!om->has_id) {
        om->page_bad_ids++;
        return true;
    }
    om->unit.kind = (u8)om->kind;
    om->unit.folder = folder;
    om->unit.parts = om->unit.parts && om->kind != EWS_KIND_CONTACT && om->kind != EWS_KIND_LIST;
    if (!listing_stage(om, q)) {
        return false;
    }
    om->counted++;
    return true;
}

static err listing_items_event(struct mailbox *m, struct outlook_reader *r, enum ews_event event,
                               u8 folder)
{
    struct outlook_mailbox *om = m->state;
    const struct ews_answer *a = &r->answer;
    if (event == EWS_START) {
        listing_begin(om, a, &r->state);
    } else if (event == EWS_TEXT && om->capture == CAPTURE_STATE) {
        buf_put(&r->state, a->xml.text);
    } else if (event == EWS_TEXT && om->capture == CAPTURE_SMALL) {
        buf_put(&om->small, a->xml.text);
    } else if (event == EWS_END) {
        bool small = om->capture == CAPTURE_SMALL;
        om->capture = CAPTURE_NONE;
        if (small && a->level == 1) {
            om->last = listing_is_true(om);
        } else if (small && a->level == LEVEL_PROPERTY) {
            listing_end_property(om, a->tag);
        } else if (a->level == LEVEL_ITEM && !listing_end_item(om, &m->queue, folder)) {
            return FAIL(EWS_ANSWER);
        } else if (a->level == LEVEL_CHANGE && om->deleting) {
            om->stateless = true; // something is gone, and nothing says what: the next run sees it
        }
    } else if (event == EWS_MESSAGE_END) {
        om->error = err_ok(om->error) ? a->error : om->error;
    }
    return OK;
}

// Base64, as all of Exchange's are: it goes into the next request, where nothing has to be escaped.
static bool listing_is_state(str state)
{
    for (isize i = 0; i < state.n; i++) {
        u8 c = state.p[i];
        if ((c < ' ' && !str_is_space(c)) || c >= 0x7f || c == '&' || c == '<' || c == '>' ||
            c == '"') {
            return false;
        }
    }
    return true;
}

static void listing_take_units(struct outlook *o, struct mailbox *m)
{
    struct outlook_mailbox *om = m->state;
    unit_queue_commit(&m->queue);
    m->units_listed += om->counted;
    om->bad_ids += om->page_bad_ids;
    o->run.answers++;
}

// The page of FindItem is whole.
static err listing_take_found(struct outlook *o, struct mailbox *m)
{
    struct outlook_mailbox *om = m->state;
    if (om->find.total < 0) {
        return FAIL(EWS_ANSWER); // without their number nobody knows whether these are all
    }
    switch (outlook_find_end(&om->find)) {
    case OUTLOOK_FIND_MORE:
        listing_take_units(o, m);
        return ++om->pages == OUTLOOK_PAGES_MAX ? FAIL(EWS_ENDLESS) : OK;
    case OUTLOOK_FIND_LAST:
        listing_take_units(o, m);
        listing_note_way(o, m);
        listing_next_folder(om);
        return OK;
    case OUTLOOK_FIND_AGAIN: // what was listed is listed once more, and known by then
        if (om->find.restarts == OUTLOOK_RESTARTS_MAX) {
            return FAIL(EWS_UNSTABLE);
        }
        outlook_find_again(&om->find);
        return OK;
    case OUTLOOK_FIND_NOTHING:
        break;
    }
    return FAIL(EWS_ANSWER);
}

// The page is whole: its units count, and its state takes the place of the one before.
static err listing_take_page(struct outlook *o, struct mailbox *m)
{
    struct outlook_mailbox *om = m->state;
    struct outlook_reader *r = outlook_call_reader(o, &om->call);
    str state = str_trim(buf_str(&r->state));
    if (!om->has_last || (!om->last && !om->has_state) || r->state.full ||
        !listing_is_state(state)) {
        return FAIL(EWS_ANSWER);
    }
    if (!om->last &&
        (str_eq(state, str_make(om->state, om->state_bytes)) || ++om->pages == OUTLOOK_PAGES_MAX)) {
        return FAIL(EWS_ENDLESS);
    }
    listing_take_units(o, m);
    memcpy(om->state, state.p, (size_t)state.n);
    om->state_bytes = (int)state.n;
    if (om->last) {
        listing_keep(o, m);
        listing_note_way(o, m);
        listing_next_folder(om);
    }
    return OK;
}

// ---- one exchange

err outlook_listing_head(void *src, struct mailbox *m, struct exchange *x,
                         const struct http_head *head)
{
    struct outlook_mailbox *om = m->state;
    return outlook_call_head(src, &om->call, x, head);
}

err outlook_listing_body(void *src, struct mailbox *m, struct exchange *x, str *in)
{
    (void)x;
    struct outlook *o = src;
    struct outlook_mailbox *om = m->state;
    struct outlook_reader *r = outlook_call_reader(o, &om->call);
    u8 folder = 0;
    struct ews_folder at;
    int next;
    bool items = om->step == OUTLOOK_LIST_ITEMS && listing_folder(om, &folder, &at, &next);
    for (;;) {
        enum ews_event event = outlook_call_next(o, &om->call, in);
        if (event == EWS_MORE) {
            return OK;
        }
        if (items) {
            TRY(listing_items_event(m, r, event, folder));
        } else {
            outlook_folders_event(om, &r->answer, event);
        }
    }
}

// Exchange does not list the changes of this folder: from its beginning, by FindItem.
static void listing_begin_find(struct outlook_mailbox *om)
{
    om->state_bytes = 0;
    om->pages = 0;
    om->continued = false;
    om->find = (struct outlook_find){.on = true};
}

// It was there a moment ago: whether it has vanished, the next sync will see. The others are read
// all the same.
static void listing_close_folder(struct outlook_mailbox *om)
{
    om->closed++;
    listing_next_folder(om);
}

// What an error of a folder's listing means for the folder.
static err listing_end_items(struct outlook *o, struct mailbox *m, struct exchange *x)
{
    struct outlook_mailbox *om = m->state;
    struct outlook_reader *r = outlook_call_reader(o, &om->call);
    if (err_ok(om->error)) {
        return om->find.on ? listing_take_found(o, m) : listing_take_page(o, m);
    }
    if (err_is(om->error, ERR_EWS_FOLDER) || err_is(om->error, ERR_EWS_GONE)) {
        listing_close_folder(om);
        return OK;
    }
    if (err_is(om->error, ERR_EWS_SYNC_STATE) && om->state_bytes &&
        om->restarts++ < OUTLOOK_RESTARTS_MAX) {
        om->state_bytes = 0;
        om->continued = false;
        return OK;
    }
    return outlook_call_judge(o, r, om->error, x);
}

// What was refused is the operation. GetFolder was answered, so the version of the protocol is not
// why; nor is a state that is too large for whoever stands before Exchange.
static bool listing_is_refused(struct outlook *o, const struct outlook_mailbox *om)
{
    const struct outlook_call *call = &om->call;
    const struct ews_answer *a = &outlook_call_reader(o, call)->answer;
    if (om->step != OUTLOOK_LIST_ITEMS) {
        return false;
    }
    bool too_long = call->status == 413 && om->state_bytes > 0;
    err e = !call->whole ? OK : a->fault ? a->error : call->status == 200 ? om->error : OK;
    return too_long || outlook_find_serves(e);
}

err outlook_listing_end(void *src, struct mailbox *m, struct exchange *x)
{
    struct outlook *o = src;
    struct outlook_mailbox *om = m->state;
    if (listing_is_refused(o, om)) {
        if (om->find.on) {
            listing_close_folder(om); // this way too
        } else {
            listing_begin_find(om);
        }
        outlook_call_close(o, &om->call);
        return OK;
    }
    err e = outlook_call_end(o, &om->call, x);
    int messages = outlook_call_reader(o, &om->call)->answer.index + 1;
    if (err_ok(e) && err_ok(om->error) &&
        messages != (om->step == OUTLOOK_LIST_FOLDERS ? om->asked_count : 1)) {
        e = FAIL(EWS_ANSWER); // not to this question
    } else if (err_ok(e) && om->step == OUTLOOK_LIST_ITEMS) {
        e = listing_end_items(o, m, x);
    } else if (err_ok(e)) {
        e = outlook_folders_take(om);
        e = err_ok(e) ? e : outlook_call_judge(o, outlook_call_reader(o, &om->call), e, x);
    }
    bool too_much = err_is(e, ERR_EWS_TIMEOUT) || err_is(e, ERR_EWS_TOO_MUCH);
    if (too_much && om->step == OUTLOOK_LIST_ITEMS) {
        int half = om->page_units / 2;
        om->page_units = half > OUTLOOK_PAGE_UNITS_MIN ? half : OUTLOOK_PAGE_UNITS_MIN;
    }
    outlook_call_close(o, &om->call);
    return e;
}

void outlook_listing_fail(void *src, struct mailbox *m, struct exchange *x, err e)
{
    struct outlook *o = src;
    struct outlook_mailbox *om = m->state;
    outlook_call_close(o, &om->call);
    outlook_mailbox_refuse(o, m, e, &x->detail);
}

void outlook_listing_close(void *src, struct mailbox *m)
{
    struct outlook_mailbox *om = m->state;
    outlook_call_close(src, &om->call);
}
