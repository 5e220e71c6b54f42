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
    om->last = om->has_last = om->has_root = om->absent = om->full = false;
    om->counted = 0;
    om->page_closed = 0;
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
        ews_put_find_folder(b, c, S("msgfolderroot"), folders_archive, 0);
        break;
    case OUTLOOK_LIST_CALENDARS:
        ews_put_find_folder(b, c, S("calendar"), (str){0}, om->offset);
        break;
    case OUTLOOK_LIST_ITEMS:
    case OUTLOOK_LIST_DONE:
        break;
    }
}

// ---- the answer

static void folders_keep(struct outlook_mailbox *om, u8 folder)
{
    int bytes = 3 + (int)om->id.n;
    if (bytes > OUTLOOK_FOLDER_BYTES - om->id_bytes) {
        om->full = true;
        return;
    }
    u8 *to = om->ids + om->id_bytes;
    to[0] = folder;
    to[1] = (u8)(om->id.n >> 8);
    to[2] = (u8)om->id.n;
    memcpy(to + 3, om->id.p, (size_t)om->id.n);
    om->id_bytes += bytes;
}

bool outlook_folders_at(const struct outlook_mailbox *om, u8 *folder, str *id, int *next)
{
    if (om->id_at >= om->id_bytes) {
        return false;
    }
    const u8 *p = om->ids + om->id_at;
    *folder = p[0];
    *id = str_make(p + 3, p[1] << 8 | p[2]);
    *next = om->id_at + 3 + (int)id->n;
    return true;
}

static void folders_end_folder(struct outlook_mailbox *om, enum ews_tag tag)
{
    str class = buf_str(&om->small);
    om->counted++;
    if (om->id.n == 0 && !om->id.full) { // it may be one that is looked for
        om->error = err_ok(om->error) ? FAIL(EWS_ANSWER) : om->error;
        return;
    }
    om->page_closed += om->id.full; // it cannot be asked for, and protects its mailbox
    if (om->id.full || om->small.full || om->name.full) {
        return; // longer than any that is looked for
    }
    bool archive = om->step == OUTLOOK_LIST_ARCHIVE && tag == EWS_TAG_Folder &&
                   str_eq(class, S("IPF.Note")) &&
                   str_eq_nocase(buf_str(&om->name), folders_archive);
    bool calendar = om->step == OUTLOOK_LIST_CALENDARS && tag == EWS_TAG_CalendarFolder &&
                    str_eq(class, S("IPF.Appointment"));
    if (archive || calendar) {
        folders_keep(om, archive ? OUTLOOK_ARCHIVE : OUTLOOK_CHILD_CALENDARS);
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
        str last = xml_attribute(&a->xml, S("IncludesLastItemInRange"), &om->has_last);
        om->has_root = true;
        om->last = str_eq(last, S("true")) || str_eq(last, S("1"));
    } else if (a->level == level) {
        om->small = buf_over(om->small_bytes, COUNT(om->small_bytes));
        om->id = buf_over(om->id_text, COUNT(om->id_text));
        om->name = buf_over(om->name_bytes, COUNT(om->name_bytes));
    } else if (a->level == level + 1) {
        om->capture = a->tag == EWS_TAG_FolderClass   ? CAPTURE_CLASS
                      : a->tag == EWS_TAG_DisplayName ? CAPTURE_NAME
                                                      : CAPTURE_NONE;
        if (a->tag == EWS_TAG_FolderId) {
            buf_reset(&om->id);
            buf_put(&om->id, xml_attribute(&a->xml, S("Id"), NULL));
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
        om->there |= (u32)1 << om->asked[a->index];
    }
}

void outlook_folders_event(struct outlook_mailbox *om, const struct ews_answer *a,
                           enum ews_event event)
{
    if (event == EWS_START) {
        folders_begin(om, a);
    } else if (event == EWS_TEXT && om->capture != CAPTURE_NONE) {
        struct buf *b = om->capture == CAPTURE_CLASS ? &om->small : &om->name;
        buf_put(b, a->xml.text);
    } else if (event == EWS_END) {
        om->capture = CAPTURE_NONE;
        if (a->level == folders_level(om) && om->step != OUTLOOK_LIST_FOLDERS) {
            folders_end_folder(om, a->tag);
        }
    } else if (event == EWS_MESSAGE_END) {
        folders_end_message(om, a);
    }
}

err outlook_folders_take(struct outlook_mailbox *om)
{
    TRY(om->error);
    if (om->full) {
        return FAIL(EWS_FOLDERS);
    }
    // Of a folder that nothing is said about it is not known that it is absent.
    if (om->step != OUTLOOK_LIST_FOLDERS && !om->has_root && !om->absent) {
        return FAIL(EWS_ANSWER);
    }
    switch (om->step) {
    case OUTLOOK_LIST_FOLDERS:
        om->step = OUTLOOK_LIST_ARCHIVE;
        break;
    case OUTLOOK_LIST_ARCHIVE:
        om->step = om->there >> OUTLOOK_CALENDAR & 1 ? OUTLOOK_LIST_CALENDARS : OUTLOOK_LIST_ITEMS;
        break;
    case OUTLOOK_LIST_CALENDARS:
        om->offset += om->counted;
        if (om->counted == 0 && om->has_last && !om->last) {
            return FAIL(EWS_ANSWER); // more of nothing
        }
        if (om->last || om->counted == 0) {
            om->step = OUTLOOK_LIST_ITEMS;
        } else if (++om->pages == OUTLOOK_PAGES_MAX) {
            return FAIL(EWS_ENDLESS);
        }
        break;
    case OUTLOOK_LIST_ITEMS:
    case OUTLOOK_LIST_DONE:
        break;
    }
    om->page_ids = om->id_bytes;
    om->closed += om->page_closed;
    return OK;
}
