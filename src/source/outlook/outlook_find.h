// SPDX-License-Identifier: Apache-2.0
// Paging by offset: FindItem, where Exchange does not list a folder by its changes, and FindFolder
// (spec/wire-ews.md 6, 7). An offset says nothing when something before it comes or goes between
// two pages, so each page but the first begins with the last one of the page before: where another
// one stands there, the listing begins again. The order is that of arrival, so that what is new
// stands at the end. A listing has ended when its last page did, and it passed as many as there
// are: whatever was there all the time was then looked at.
#ifndef SOURCE_OUTLOOK_OUTLOOK_FIND_H
#define SOURCE_OUTLOOK_OUTLOOK_FIND_H

#include "source/outlook/ews_answer.h"

// Zeroed it stands before the first page.
struct outlook_find {
    bool on;      // items are listed by FindItem
    int restarts; // of this listing
    i64 at;       // that were passed
    u64 anchor;   // hash of the last one's id
    // The answer in hand.
    bool has_root, has_last, last, overlaps;
    i64 count, total; // of the page; in all: -1 when it is not said
    u64 id, end;      // hash of the id of the one in hand, 0: it has none; of the last one
};

enum outlook_find_end {
    OUTLOOK_FIND_MORE,
    OUTLOOK_FIND_LAST,    // all were passed
    OUTLOOK_FIND_AGAIN,   // something has moved: it begins again
    OUTLOOK_FIND_NOTHING, // the page says nothing: it is asked for again
};

// Whether this refusal of SyncFolderItems speaks of the operation, not of the folder or the hour.
bool outlook_find_serves(err e);

i64 outlook_find_offset(const struct outlook_find *w); // of the page to ask for
void outlook_find_page(struct outlook_find *w);        // it is asked for

// RootFolder begins; the id of the one in hand; its end, false: the page before had it already.
void outlook_find_root(struct outlook_find *w, const struct ews_answer *a);
void outlook_find_id(struct outlook_find *w, str id);
bool outlook_find_take(struct outlook_find *w);

// The page is whole. The caller bounds restarts and pages.
enum outlook_find_end outlook_find_end(struct outlook_find *w);
void outlook_find_again(struct outlook_find *w); // from the first page

#endif
