// SPDX-License-Identifier: Apache-2.0
// Which folders of a mailbox are read: reading the answers of GetFolder and FindFolder
// (spec/wire-ews.md 6). Folders are known by their distinguished names; only "Archive" is found by
// what it is called, since Exchange has no such name for it.
#ifndef SOURCE_OUTLOOK_OUTLOOK_FOLDERS_H
#define SOURCE_OUTLOOK_OUTLOOK_FOLDERS_H

#include "source/outlook/outlook_listing.h"

extern const str outlook_folder_names[OUTLOOK_FOLDERS]; // empty: it has none

// Writes the request of the step in hand; reads an event of its answer; takes what it said, when it
// was whole, and goes on to the next step.
void outlook_folders_ask(struct outlook_mailbox *om, const struct ews_call *c, struct buf *b);
void outlook_folders_event(struct outlook_mailbox *om, const struct ews_answer *a,
                           enum ews_event event);
err outlook_folders_take(struct outlook_mailbox *om);

// The folder in hand, of those without a name: false: there is no further one.
bool outlook_folders_at(const struct outlook_mailbox *om, u8 *folder, str *id, int *next);

// What the folder with this id is called, of those. Empty: not known.
str outlook_folders_name(const struct outlook_mailbox *om, str id);

#endif
