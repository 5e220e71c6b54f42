// SPDX-License-Identifier: Apache-2.0
// An item of Exchange becomes a document while its answer arrives (spec/documents.md 2,
// wire-ews.md 8): each property is written as its element ends, what the item does not have is
// written behind the others. Bodies pass through codec/html in pieces; nothing is kept.
//
// Before each call the caller has seen to room in `json` for OUTLOOK_ITEM_ROOM bytes, and for six
// times the bytes of the text that it feeds.
#ifndef SOURCE_OUTLOOK_OUTLOOK_ITEM_H
#define SOURCE_OUTLOOK_OUTLOOK_ITEM_H

#include "codec/html.h"
#include "source/outlook/ews_answer.h"
#include "source/outlook/ews_request.h"
#include "source/outlook/outlook_parts.h"
#include "source/outlook/outlook_place.h"
#include "source/outlook/outlook_recurrence.h"

// What an item is shaped by besides itself.
struct outlook_shape {
    bool extended;              // more members (README, "Exchange Online: Graph and EWS")
    struct outlook_place place; // of the extended form
    enum ews_kind kind;
    str type;         // "Inbox Mails"
    str owner;        // address of the mailbox, for _allow_access_control; empty: none is written
    bool html_always; // plain text bodies are read as HTML too, as the service before did
    struct outlook_parts *parts; // where its attachments go
    int unit;
    int skip; // of its attachments
};

struct outlook_item {
    struct outlook_shape shape;
    struct buf *json;
    int level;        // of its element
    u32 seen;         // bit i: the i-th field of the kind is written
    bool attachments; // HasAttachments
    isize from;       // in json: where the document begins
    isize timestamp_from, timestamp_bytes;

    // The property in hand.
    int field; // index; -1: none; -2: its attachments, -3: its recurrence
    int field_level;
    int element_level; // of the element whose text is wanted
    u8 capture;        // enum of outlook_item.c
    bool any;          // the property has text
    bool comma;        // the array has elements
    isize key_from, value_from;
    struct buf small;
    struct outlook_recurrence recurrence;
    struct buf meeting;
    struct buf id, name;
    struct outlook_part part;
    struct html_text html;
    u8 small_bytes[OUTLOOK_SMALL_BYTES], meeting_bytes[32];
    u8 id_bytes[UNIT_ID_BYTES + 1], name_bytes[OUTLOOK_NAME_BYTES], time_bytes[OUTLOOK_TIME_BYTES];
};

// An element of this kind of item: false when there is no document for such.
bool outlook_item_kind(enum ews_tag tag, enum ews_kind *kind);

// At the START of the item's element; what follows is written to json.
void outlook_item_start(struct outlook_item *it, const struct outlook_shape *shape, int level,
                        struct buf *json);

// Events of its content, up to and without its own END.
void outlook_item_event(struct outlook_item *it, const struct ews_answer *a, enum ews_event event);

// At its END: the document is json from it->from on. A broken-off or dropped one is undone by
// whoever owns json.
void outlook_item_finish(struct outlook_item *it);

// `_allow_access_control` of a mailbox (documents.md 3), for attachments too.
void outlook_put_owner(struct buf *json, str address);

#endif
