// SPDX-License-Identifier: Apache-2.0
// The observer's documents when the source is Exchange: items of the folders that are read and
// their attachments, numbered in each mailbox as messages of Gmail are, so that all that is said
// of messages holds of them.
//
// What a document must be is not reckoned here (tests/interop/outlook_documents.py does that): the
// first one that is sent of an item in one version is remembered, and every later one must be the
// same to the byte, whatever the weather. Its id, type, owner and time are compared with the item.
#ifndef SIM_OBSERVER_EXCHANGE_H
#define SIM_OBSERVER_EXCHANGE_H

#include "observer_book.h"

struct ews_id;

void exchange_learn(void); // numbers all that is there
// The item (attachment -1) or attachment; -1: such things have no documents.
i64 exchange_number(int mailbox, const struct ews_id *id, int attachment);
bool exchange_find(str id, int *mailbox, i64 *number);
void exchange_put_id(int mailbox, i64 number, struct t_buf *out);
bool exchange_is_selected(int mailbox, i64 number);
bool exchange_is_readable(int mailbox);
bool exchange_is_attachment(int mailbox, i64 number);
bool exchange_stays(int mailbox, i64 number); // in the index, whatever became of it
bool exchange_is_right(str id, str source);
void exchange_was_there(int mailbox, i64 number, str source);   // when the run begins
bool exchange_may_replace(int mailbox, i64 number, str source); // it has changed since
bool exchange_is_fresh(int mailbox, i64 number);                // what was there needs not be sent
bool exchange_is_current(int mailbox, i64 number, str source);  // no older version

void exchange_forgotten(void); // the states of listings

// What people do; `index` of the folder.
void exchange_came(int mailbox, int place, i64 index);
void exchange_went(int mailbox, int place, i64 index);
void exchange_changed(int mailbox, int place, i64 index);

#endif
