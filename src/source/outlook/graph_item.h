// SPDX-License-Identifier: Apache-2.0
// An element of Microsoft Graph (message, event, contact, todoTask; spec/wire-graph.md 6 to 9)
// becomes the document that outlook_item writes for the same thing read by EWS
// (spec/documents.md 2): the same members, in the same forms, with the same values where there is
// nothing. Members come in a fixed order. No I/O, no state: a call that found its buffer too small
// is repeated with a larger one.
//
// Any member may be missing, null, of another type or there more than once (the last counts):
// what cannot be used is as if it had not been there. Members, annotations and enum words that are
// not known are ignored, or capitalised where EWS capitalises them.
//
// Where Graph says something else than EWS about the same item, so that documents differ:
//
//   field                    by EWS                         by Graph
//   message, content         the body as it is stored       scripts and the like are taken out, and
//                                                           some markup is written anew, first
//   content of a task        Exchange's own plain text      the body as text, or its HTML read here
//   start_date, end_date     midnight of the organizer's    midnight UTC
//     of whole days            zone, as UTC
//   due_date, start_date     date part of what Outlook      date part of what To Do stored
//     of a task                stored
//   start_date, end_date,    true UTC                       true UTC; null when the time comes in
//     complete_date                                         another zone, which we never ask for
//   owner of a task          its owner                      null: To Do has none
//   meeting_type of          all patterns of a calendar     the same; a set of days that is neither
//     monthly, yearly                                       one day nor Day, Weekday, WeekendDay is
//                                                           listed; RecurringMaster without one
//   contact_numbers          19 kinds                       business, home and mobile: the others
//                                                           are not there
//   distribution lists       documents                      none: Graph cannot list them
//   mail that is no message  left out                       as a message: Graph does not tell
//     (posts, documents)
//   archived mails           of the folder "Archive"        of the archive, whatever it is called
//   calendars of a class     left out                       as calendars
//     of their own
//   attachments of tasks     documents                      none: Graph lists files only
//     that are no files
//   attachments by link      left out                       the same; documents without content in
//                            (ReferenceAttachment)          the extended form
#ifndef SOURCE_OUTLOOK_GRAPH_ITEM_H
#define SOURCE_OUTLOOK_GRAPH_ITEM_H

#include "codec/html.h"
#include "codec/json.h"
#include "limits.h"
#include "source/outlook/ews_request.h"
#include "source/outlook/graph_id.h"
#include "source/outlook/outlook_item.h"

// What an element is shaped by besides itself.
struct graph_shape {
    enum ews_kind kind; // never EWS_KIND_LIST: Graph has none
    str type;           // "Inbox Mails"
    str owner;          // address of the mailbox, for _allow_access_control; empty: none is written
    bool html_always;   // plain text bodies of mails and events are read as HTML too
    bool extended;      // more members (README, "Exchange Online: Graph and EWS")
    struct outlook_place place; // of the extended form
};

enum graph_verdict {
    GRAPH_ITEM_PUT,     // the document is there, unless the buffer is full
    GRAPH_ITEM_REMOVED, // the element says that it is not there any more: no document
    GRAPH_ITEM_BAD_ID,  // no id, or one that cannot be used: no document
    GRAPH_ITEM_NO_ITEM, // not even an object
};

// What was seen of an element. The caller owns it; nothing in it need be set.
struct graph_item {
    str id;           // as EWS writes it, into id_bytes; whole also when the buffer is full
    bool attachments; // hasAttachments
    isize from;       // in the buffer: where the document begins
    isize timestamp_from, timestamp_bytes; // in the buffer: the value of _timestamp
    isize element_bytes;                   // of its JSON
    u8 id_bytes[UNIT_ID_BYTES];
    struct html_text html; // while a body is read
    u8 piece[GRAPH_PIECE_BYTES];
};

// Appends the members of the document (without braces, without a comma before the first) of the
// element `node` to `doc`. A full `doc` is to be taken back to out->from: call again when it is
// larger. Nothing is appended unless the verdict is GRAPH_ITEM_PUT; out->id is set for that and for
// GRAPH_ITEM_REMOVED.
enum graph_verdict graph_item_put(const struct json *j, int node, const struct graph_shape *s,
                                  struct buf *doc, struct graph_item *out);

// What to ask for: the value of $select for elements of this kind.
str graph_item_select(enum ews_kind kind, bool extended);

#endif
