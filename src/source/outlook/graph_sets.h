// SPDX-License-Identifier: Apache-2.0
// The collections of one mailbox in Exchange Online, and how far each one is listed
// (spec/wire-graph.md 6 to 9). A collection yields pages of whole items; each page is a unit
// (unit.page) that a lane takes, and at most one of a collection is under way. Collections are
// named as the folders of Exchange are (enum outlook_folder); the calendars besides the first are
// one collection, whose calendars are listed one after another.
//
// What cannot skip: mails, contacts and tasks are listed by delta, which gives what changes
// meanwhile once more, and ends with a deltaLink; a listing that ends without one has not ended.
//
// Events have no delta without a window of time, so they are listed by plain pages, and a page is
// cut out by numbers: an event that is deleted meanwhile moves another one over the edge. A listing
// of one page has no edges. One of several is confirmed: the ids are listed once more, alone, and
// their number and sum (64-bit keyed hashes, whatever their order) have to be the same; what was
// skipped in one of them is not skipped in the other. If they differ it begins again,
// GRAPH_RESTARTS_MAX times; a calendar that changed each time is not finished: its items are
// indexed, and its mailbox is protected (GRAPH_UNSTABLE). The same goes for other collections where
// Graph refuses their delta.
//
// Mails with attachments become units too when their page is whole, and so do mails that a page of
// ids (graph_light.h) shows to be new or changed. Room for them in the queue is
// kept free before a page is staged, so that lanes never wait for room; where a page turns out to
// need more, it is put off, with nothing of it handed over, until there is as much.
#ifndef SOURCE_OUTLOOK_GRAPH_SETS_H
#define SOURCE_OUTLOOK_GRAPH_SETS_H

#include "source/outlook/graph_answer.h"
#include "source/outlook/graph_call.h"
#include "source/outlook/outlook_listing.h"

// Kept free in the queue for what lanes may give back at any time; the most that the attachments of
// one page may take besides.
#define GRAPH_RETURNED_BYTES \
    (GRAPH_IN_FLIGHT * (UNIT_HEAD_BYTES + UNIT_ID_BYTES + UNIT_TIMESTAMP_BYTES))
#define GRAPH_PAGE_ROOM_MAX (UNIT_QUEUE_BYTES - GRAPH_RETURNED_BYTES - KIB(1))

enum graph_set_state {
    GRAPH_SET_ABSENT, // there is nothing of this kind
    GRAPH_SET_READY,  // its next page can be staged
    GRAPH_SET_OUT,    // a page is in the queue or with a lane
    GRAPH_SET_DONE,
};

// The ids of a listing, whatever their order.
struct graph_sum {
    u64 hashes; // modulo 2^64
    i64 count;
};

struct graph_set {
    u8 state; // enum graph_set_state
    bool confirms;
    bool plain;     // Graph refuses its delta: it is listed as events are
    bool light;     // only ids and times are listed (graph_light.h)
    int unknown;    // of those, not in the index as they are
    int page_units; // asked for at a time; 0: as many as there may be
    int room_bytes; // for the attachments of its next page, where that is known; 0: it is not
    int restarts, pages;
    struct graph_sum sum, again; // of its items; of what confirms them
    int link_bytes;              // 0: from its beginning
    u8 link[GRAPH_LINK_BYTES];   // target of the next page
};

enum graph_listing_step {
    GRAPH_LIST_CALENDARS,
    GRAPH_LIST_TASKS,
    GRAPH_LIST_NAMES, // what folders are called, for the extended form
    GRAPH_LIST_SETS,
};

// One mailbox. Lies in mailbox.state, zeroed by sync when the mailbox is opened; shared by its
// listing (one machine) and its lanes.
struct graph_box {
    struct graph_pace pace;
    struct graph_call call; // of the listing
    u8 step;                // enum graph_listing_step
    u8 asking;              // of graph_listing.c
    u8 naming;              // which folder's name is asked for (graph_listing.c)
    i64 bad_ids;
    bool no_batch; // several items by one request are refused: they are read one by one
    int denied;    // items in a row whose attachments were
    int closed;    // collections that were there and cannot be read any more
    struct graph_set sets[OUTLOOK_FOLDERS];
    int calendar_at, calendar_bytes; // of `calendars`: the one that is listed; used
    u64 owner;                       // of the first calendar, hashed; 0: not known
    int tasks_bytes;
    bool has_lists; // of tasks, whichever they are
    // The answer to the listing in hand.
    struct json_stream stream;
    struct buf rest, element;
    int page_calendar_bytes; // of `calendars`, before it
    int elements;
    bool same;               // the ids in it are what they should be
    u8 tasks[UNIT_ID_BYTES]; // id of the list that Outlook shows as its tasks
    u8 calendars[OUTLOOK_FOLDER_BYTES];
    struct outlook_names names; // of the extended form; where they are known
    int sample_bytes, sample_count;
    u8 sample[GRAPH_SAMPLE_BYTES]; // ids, as EWS writes them: length, id
    u8 rest_bytes[GRAPH_REST_BYTES], element_bytes[GRAPH_ELEMENT_BYTES];
    u8 request[GRAPH_REST_BYTES];
};

enum ews_kind graph_sets_kind(u8 folder);
void graph_sets_begin(struct graph_set *s); // from its beginning, with nothing known
bool graph_sets_are_done(const struct graph_box *box);

// A calendar besides the first is kept: id as Graph writes it, hash of its owner, what it is called
// or nothing. false: no room.
bool graph_sets_keep_calendar(struct graph_box *box, str id, u64 owner, str name);
// All were: those of other people's mailboxes are left out. The first of them can be listed.
void graph_sets_first_calendar(struct graph_box *box);

str graph_sets_name(u8 folder); // a mail folder's well-known name

// The path of what a collection is listing, for the extended form.
struct outlook_place graph_sets_place(const struct mailbox *m, u8 folder);

// Stages pages, as many as there may be, and as there is room for.
void graph_sets_stage(struct mailbox *m);

// The request for the next page of a collection.
void graph_sets_put_target(const struct outlook *o, const struct mailbox *m, u8 folder,
                           struct buf *target);
void graph_sets_put_prefer(const struct graph_box *box, u8 folder, struct buf *prefer);
// "/users/ADDRESS/messages/ID", an item of it; id as Graph writes it.
void graph_sets_put_element(const struct mailbox *m, u8 folder, str id, struct buf *target);
// "/users/ADDRESS/messages/ID/attachments" of an item of it.
void graph_sets_put_item(const struct mailbox *m, u8 folder, str id, struct buf *target);

// The page in hand is whole: `kind` and `target` say where it goes on. Errors leave everything as
// it was (GRAPH_ANSWER, GRAPH_ENDLESS), but for GRAPH_UNSTABLE, after which it is done.
err graph_sets_take_page(struct graph_box *box, u8 folder, enum graph_link kind, str target,
                         const struct graph_sum *sum);
void graph_sets_put_off(struct graph_box *box, u8 folder, int room_bytes);
// Fewer items at a time. false: it is one already.
bool graph_sets_shrink(struct graph_box *box, u8 folder);
// Graph does not list its changes, as in some of its clouds. false: that is not why it refuses.
bool graph_sets_go_plain(struct graph_box *box, u8 folder);
// Graph has forgotten it. false: that was too often.
bool graph_sets_restart(struct graph_box *box, u8 folder);
// It cannot be listed. Absent: `gone` (it is positively not there), nothing of it was read yet, and
// it is one that a mailbox may lack. Else it was closed, which protects the mailbox.
void graph_sets_leave(struct graph_box *box, u8 folder, bool gone);

#endif
