// SPDX-License-Identifier: Apache-2.0
// Requests to Exchange Web Services (spec/wire-ews.md 2, 6 to 10): SOAP envelopes with the child
// elements in the order of Exchange's schema, which is enforced. A full buffer sticks.
#ifndef SOURCE_OUTLOOK_EWS_REQUEST_H
#define SOURCE_OUTLOOK_EWS_REQUEST_H

#include "base/buf.h"

// What a request is about besides its operation.
struct ews_call {
    str version;   // of the protocol: "Exchange2013_SP1"
    str mailbox;   // whose; impersonated
    bool delegate; // the service account reads it in its own name instead
    bool extended; // what the extended form has besides
};

// Item kinds: each has its list of properties.
enum ews_kind {
    EWS_KIND_MAIL, // Message and MeetingRequest, Response, Cancellation
    EWS_KIND_CALENDAR,
    EWS_KIND_TASK,
    EWS_KIND_CONTACT,
    EWS_KIND_LIST, // distribution lists
    EWS_KINDS
};

// A folder: by its distinguished name ("inbox"), or else by its id.
struct ews_folder {
    str name, id;
};

// Which properties an item is asked for.
enum ews_shape {
    EWS_SHAPE_ALL,
    EWS_SHAPE_PLAIN,       // without body and attachments: what is left of a broken one
    EWS_SHAPE_ATTACHMENTS, // nothing but them
};

void ews_put_get_folders(struct buf *b, const struct ews_call *c, const str *names, isize count);

// Children of a folder, from `offset`; with the one display name, or all.
void ews_put_find_folder(struct buf *b, const struct ews_call *c, str parent, str display_name,
                         i64 offset);
void ews_put_sync_items(struct buf *b, const struct ews_call *c, const struct ews_folder *folder,
                        str state, i64 max_changes);

// The items of a folder from `offset` on, in the order of their arrival.
void ews_put_find_items(struct buf *b, const struct ews_call *c, const struct ews_folder *folder,
                        i64 offset, i64 max_items);

// begin, then each id, then end.
void ews_put_get_items(struct buf *b, const struct ews_call *c, enum ews_kind kind,
                       enum ews_shape shape);
void ews_put_item_id(struct buf *b, str id);
void ews_put_get_items_end(struct buf *b);

void ews_put_get_attachment(struct buf *b, const struct ews_call *c, str id);

// Proves address and login, whatever mailboxes there are; the expected answer is EWS_ID.
void ews_put_probe(struct buf *b, const struct ews_call *c);

#endif
