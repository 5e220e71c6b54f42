// SPDX-License-Identifier: Apache-2.0
// The machine of one mailbox: its folders, then the items of each, page by page, into the queue of
// units, by SyncFolderItems, which cannot skip, or where Exchange refuses that, by FindItem, whose
// pages overlap (spec/wire-ews.md 6, 7, 10). Steps as source.h asks for them. LISTED only after the
// last page of the last folder was read whole.
#ifndef SOURCE_OUTLOOK_OUTLOOK_LISTING_H
#define SOURCE_OUTLOOK_OUTLOOK_LISTING_H

#include "source/outlook/outlook_call.h"
#include "source/outlook/outlook_find.h"

// Folders that have documents; unit.folder.
enum outlook_folder {
    OUTLOOK_INBOX,
    OUTLOOK_SENT,
    OUTLOOK_JUNK,
    OUTLOOK_ARCHIVE,
    OUTLOOK_CONTACTS,
    OUTLOOK_TASKS,
    OUTLOOK_CALENDAR,
    OUTLOOK_CHILD_CALENDARS, // all of them
    OUTLOOK_FOLDERS
};

// Their display names, for the extended form.
struct outlook_names {
    u8 bytes[OUTLOOK_FOLDERS];
    u8 text[OUTLOOK_FOLDERS][OUTLOOK_PLACE_BYTES];
};

_Static_assert(OUTLOOK_PLACE_BYTES <= UINT8_MAX, "a byte says how long it is");

void outlook_names_put(struct outlook_names *n, u8 folder, str name);
str outlook_names_at(const struct outlook_names *n, u8 folder);

str outlook_folder_type(u8 folder, enum ews_kind kind); // `type` of its documents

enum outlook_listing_step {
    OUTLOOK_LIST_FOLDERS,   // which of the distinguished ones are there
    OUTLOOK_LIST_ARCHIVE,   // the one named "Archive"
    OUTLOOK_LIST_CALENDARS, // children of the calendar
    OUTLOOK_LIST_ITEMS,
    OUTLOOK_LIST_DONE,
};

// Lies in mailbox.state, zeroed by sync when the mailbox is opened.
struct outlook_mailbox {
    struct outlook_call call;
    enum outlook_listing_step step;
    u32 there;                // bit i: folder i is
    int folder;               // the one that is listed
    struct outlook_find find; // where that is listed by offsets; of folders, before
    int id_bytes, id_at;      // of `ids`: used; where the folder in hand stands
    int restarts, pages;
    int page_units; // asked for at a time; 0: as many as there may be
    // Of the folder in hand, where states are kept between runs.
    bool looked;           // whether there is one of it
    bool continued;        // there was: changes are listed
    bool whole, stateless; // of folders before: one was listed from its beginning; by offsets
    i64 bad_ids;
    int denied;              // items in a row that were not given, when single ones were asked for
    int closed, page_closed; // folders that are there and cannot be read; of the answer in hand
    // The answer in hand.
    int asked[OUTLOOK_FOLDERS], asked_count;
    err error; // of a message that speaks of more than its folder
    bool last, has_last, has_state;
    bool absent;            // FindFolder has answered that the folder is not there
    bool full;              // of ids
    bool extended;          // names are wanted
    int page_ids, step_ids; // bytes of ids before the answer in hand, before the step
    i64 counted, page_gone, page_bad_ids;
    bool tells_gone;
    bool deleting; // the change in hand is a Delete that somebody wants to hear of, not yet of what
    u8 capture;
    bool folder_ok;
    struct unit unit;
    enum ews_kind kind;
    bool kind_known, has_id;
    struct buf small, id, name;
    u8 small_bytes[64], id_text[UNIT_ID_BYTES + 1], name_bytes[OUTLOOK_PLACE_BYTES];
    // Between answers.
    int state_bytes;
    struct outlook_names names;
    u8 ids[OUTLOOK_FOLDER_BYTES]; // archive and child calendars: kind, lengths, id, name
    u8 state[EWS_STATE_BYTES];
};

enum step outlook_listing_next(void *src, struct mailbox *m, i64 now_ms, struct exchange *x);
err outlook_listing_head(void *src, struct mailbox *m, struct exchange *x,
                         const struct http_head *head);
err outlook_listing_body(void *src, struct mailbox *m, struct exchange *x, str *in);
err outlook_listing_end(void *src, struct mailbox *m, struct exchange *x);
void outlook_listing_fail(void *src, struct mailbox *m, struct exchange *x, err e);
void outlook_listing_close(void *src, struct mailbox *m);

#endif
