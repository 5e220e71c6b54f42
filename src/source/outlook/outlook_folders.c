// SPDX-License-Identifier: Apache-2.0
// Finding folders (see outlook_folders.h). A folder that is not there has nothing to read; an error
// that speaks of the whole mailbox is the mailbox's.
#include "source/outlook/outlook_folders.h"

#include <string.h>

const str outlook_folder_names[OUTLOOK_FOLDERS] = {
    [OUTLOOK_INBOX] = S("inbox"),    [OUTLOOK_SENT] = S("sentitems"),
    [OUTLOOK_JUNK] = S("junkemail"), [OUTLOOK_CONTACTS] = S("contacts"),
    [OUTLOOK_TASKS] = S("tasks"),    [OUTLOOK_CALENDAR] = S("calendar"),
};

enum { CAPTURE_NONE, CAPTURE_CLASS, CAPTURE_NAME };

static const str folders_archive = S("Archive");

void outlook_folders_ask(struct outlook_mailbox *om, const struct ews_call *c, struct buf *b)
{
    str names[OUTLOOK_FOLDERS];
    om->asked_count = 0;
    om->error = OK;
    om->capture = CAPTURE_NONE;
    om->absent = om->full = false;
    om->extended = c->extended;
    om->name = buf_over(om->name_bytes, COUNT(om->name_bytes));
    om->page_closed = 0;
    outlook_find_page(&om->find);
    om->id_bytes = om->page_ids; // what a broken answer has left
    switch (om->step) {
    case OUTLOOK_LIST_FOLDERS:
        om->there = 0;
        for (int i = 0; i < OUTLOOK_FOLDERS; i++) {
            if (outlook_folder_names[i].n) {
                names[om->asked_count] = outlook_folder_names[i];
                om->asked[om->asked_count++] = i;
            }
        }
        ews_put_get_folders(b, c, names, om->asked_count);
        break;
    case OUTLOOK_LIST_ARCHIVE:
        ews_put_find_folder(b, c, S("msgfolderroot"), folders_archive,
                            outlook_find_offset(&om->find));
        break;
    case OUTLOOK_LIST_CALENDARS:
        ews_put_find_folder(b, c, S("calendar"), (str){0}, outlook_find_offset(&om->find));
        break;
    case OUTLOOK_LIST_ITEMS:
    case OUTLOOK_LIST_DONE:
        break;
    }
}

// ---- the answer

enum { RECORD_HEAD_BYTES = 4 };

static void folders_keep(struct outlook_mailbox *om, u8 folder, str name)
{
    name = om->extended ? name : (str){0};
    int bytes = RECORD_HEAD_BYTES + (int)(om->id.n + name.n);
    if (bytes > OUTLOOK_FOLDER_BYTES - om->id_bytes) {
        om->full = true;
        return;
    }
    u8 *to = om->ids + om->id_bytes;
    to[0] = folder;
    to[1] = (u8)(om->id.n >> 8);
    to[2] = (u8)om->id.n;
    to[3] = (u8)name.n;
    memcpy(to + RECORD_HEAD_BYTES, om->id.p, (size_t)om->id.n);
    if (name.n) {
        memcpy(to + RECORD_HEAD_BYTES + om->id.n, name.p, (size_t)name.n);
    }
    om->id_bytes += bytes;
}

// Where the next record is.
static int folders_record(const struct outlook_mailbox *om, int at, str *id, str *name)
{
    const u8 *p = om->ids + at;
    *id = str_make(p + RECORD_HEAD_BYTES, p[1] << 8 | p[2]);
    *name = str_make(id->p + id->n, p[3]);
    return at + RECORD_HEAD_BYTES + (int)(id->n + name->n);
}

bool outlook_folders_at(const struct outlook_mailbox *om, u8 *folder, str *id, int *next)
{
    if (om->id_at >= om->id_bytes) {
        return false;
    }
    str name;
    *folder = om->ids[om->id_at];
    *next = folders_record(om, om->id_at, id, &name);
    return true;
}

str outlook_folders_name(const struct outlook_mailbox *om, str id)
{
    str there, name;
    for (int at = 0; at < om->id_bytes;) {
        at = folders_record(om, at, &there, &name);
        if (str_eq(there, id)) {
            return name;
        }
    }
    return (str){0};
}

static void folders_end_folder(struct outlook_mailbox *om, enum ews_tag tag)
{
    str class = buf_str(&om->small);
    if (!outlook_find_take(&om->find)) {
        return; // of the page before
    }
    if (om->id.n == 0 && !om->id.full) { // it may be one that is looked for
        om->error = err_ok(om->error) ? FAIL(EWS_ANSWER) : om->error;
        return;
    }
    om->page_closed += om->id.full; // it cannot be asked for, and protects its mailbox
    if (om->id.full || om->small.full) {
        return; // longer than any that is looked for
    }
    str name = outlook_whole_characters(&om->name);
    bool archive = om->step == OUTLOOK_LIST_ARCHIVE && tag == EWS_TAG_Folder &&
                   str_eq(class, S("IPF.Note")) && str_eq_nocase(name, folders_archive);
    bool calendar = om->step == OUTLOOK_LIST_CALENDARS && tag == EWS_TAG_CalendarFolder &&
                    str_eq(class, S("IPF.Appointment"));
    if (archive || calendar) {
        folders_keep(om, archive ? OUTLOOK_ARCHIVE : OUTLOOK_CHILD_CALENDARS,
                     archive ? (str){0} : name);
    }
    if (archive) {
        outlook_names_put(&om->names, OUTLOOK_ARCHIVE, name);
    }
}

// Folders of GetFolder stand two levels deep, those of FindFolder three.
static int folders_level(const struct outlook_mailbox *om)
{
    return om->step == OUTLOOK_LIST_FOLDERS ? 2 : 3;
}

static void folders_begin(struct outlook_mailbox *om, const struct ews_answer *a)
{
    int level = folders_level(om);
    if (a->tag == EWS_TAG_RootFolder && a->level == 1) {
        outlook_find_root(&om->find, a);
    } else if (a->level == level) {
        om->small = buf_over(om->small_bytes, COUNT(om->small_bytes));
        om->id = buf_over(om->id_text, COUNT(om->id_text));
        om->name = buf_over(om->name_bytes, COUNT(om->name_bytes));
    } else if (a->level == level + 1) {
        om->capture = a->tag == EWS_TAG_FolderClass   ? CAPTURE_CLASS
                      : a->tag == EWS_TAG_DisplayName ? CAPTURE_NAME
                                                      : CAPTURE_NONE;
        if (a->tag == EWS_TAG_FolderId) {
            str id = xml_attribute(&a->xml, S("Id"), NULL);
            outlook_find_id(&om->find, id);
            buf_reset(&om->id);
            buf_put(&om->id, id);
        }
    }
}

static void folders_end_message(struct outlook_mailbox *om, const struct ews_answer *a)
{
    if (!err_ok(a->error)) {
        bool absent = err_is(a->error, ERR_EWS_FOLDER);
        // The answer about one folder may say that it is closed to us; about the first one, that
        // the whole mailbox is.
        bool denied = err_is(a->error, ERR_EWS_DENIED) && om->there != 0;
        bool closed = denied || err_is(a->error, ERR_EWS_FOLDER_CLOSED);
        om->absent = absent || closed;
        om->page_closed += closed;
        if (!absent && !closed && err_ok(om->error)) {
            om->error = a->error;
        }
    } else if (om->step == OUTLOOK_LIST_FOLDERS && a->index < om->asked_count) {
        int folder = om->asked[a->index];
        om->there |= (u32)1 << folder;
        outlook_names_put(&om->names, (u8)folder, outlook_whole_characters(&om->name));
        buf_reset(&om->name);
    }
}

void outlook_folders_event(struct outlook_mailbox *om, const struct ews_answer *a,
                           enum ews_event event)
{
    if (event == EWS_START) {
        folders_begin(om, a);
    } else if (event == EWS_TEXT && om->capture != CAPTURE_NONE) {
        struct buf *b = om->capture == CAPTURE_CLASS ? &om->small : &om->name;
        isize room = om->capture == CAPTURE_CLASS ? a->xml.text.n : buf_room(b);
        buf_put(b, str_slice(a->xml.text, 0, a->xml.text.n < room ? a->xml.text.n : room));
    } else if (event == EWS_END) {
        om->capture = CAPTURE_NONE;
        if (a->level == folders_level(om) && om->step != OUTLOOK_LIST_FOLDERS) {
            folders_end_folder(om, a->tag);
        }
    } else if (event == EWS_MESSAGE_END) {
        folders_end_message(om, a);
    }
}

static enum outlook_listing_step folders_next_step(const struct outlook_mailbox *om)
{
    bool archive = om->step == OUTLOOK_LIST_FOLDERS;
    bool calendars = om->step == OUTLOOK_LIST_ARCHIVE && om->there >> OUTLOOK_CALENDAR & 1;
    return archive ? OUTLOOK_LIST_ARCHIVE : calendars ? OUTLOOK_LIST_CALENDARS : OUTLOOK_LIST_ITEMS;
}

static err folders_take_page(struct outlook_mailbox *om, bool *whole)
{
    *whole = false;
    switch (outlook_find_end(&om->find)) {
    case OUTLOOK_FIND_MORE:
        return ++om->pages == OUTLOOK_PAGES_MAX ? FAIL(EWS_ENDLESS) : OK;
    case OUTLOOK_FIND_LAST:
        *whole = true;
        return OK;
    case OUTLOOK_FIND_AGAIN:
        if (om->find.restarts == OUTLOOK_RESTARTS_MAX) {
            return FAIL(EWS_UNSTABLE);
        }
        outlook_find_again(&om->find);
        om->id_bytes = om->step_ids;
        om->page_closed = 0;
        return OK;
    case OUTLOOK_FIND_NOTHING: // of a folder that nothing is said about it is not known that it is
        break;                 // absent
    }
    return FAIL(EWS_ANSWER);
}

err outlook_folders_take(struct outlook_mailbox *om)
{
    bool whole = true;
    TRY(om->error);
    if (om->full) {
        return FAIL(EWS_FOLDERS);
    }
    if (om->step != OUTLOOK_LIST_FOLDERS && !om->absent) {
        TRY(folders_take_page(om, &whole));
    }
    // A mailbox without a single folder shows less than there is.
    bool lost = om->step == OUTLOOK_LIST_FOLDERS && !om->there && !om->page_closed;
    om->page_ids = om->id_bytes;
    om->closed += om->page_closed + lost;
    if (whole) {
        om->step = folders_next_step(om);
        om->find = (struct outlook_find){0};
        om->step_ids = om->id_bytes;
        om->pages = 0;
    }
    return OK;
}
