// SPDX-License-Identifier: Apache-2.0
// The attachments that were found on items and whose documents are still to be made: a queue of
// records in a few KiB of its lane. What does not fit is asked for once more, when the queue is
// empty: `over` says at which item and attachment.
#ifndef SOURCE_OUTLOOK_OUTLOOK_PARTS_H
#define SOURCE_OUTLOOK_OUTLOOK_PARTS_H

#include "base/buf.h"
#include "limits.h"
#include "source/outlook/outlook_time.h"

struct outlook_part {
    str id, name;  // name empty: none
    str timestamp; // JSON
    i64 size;      // -1: not given
    int unit;      // of which item
    bool file;     // has bytes: no attached item
};

struct outlook_parts {
    int head, n;              // of bytes
    int mark;                 // n when the item in hand began
    int counted;              // attachments of the item in hand, the skipped ones included
    int skip;                 // so many of its first are known already
    int over_unit, over_from; // the first that did not fit; over_unit -1: all did
    int over_before;          // over_unit when the item in hand began
    u8 bytes[OUTLOOK_PARTS_BYTES];
};

void outlook_parts_start(struct outlook_parts *p);

// An item begins, whose first `skip` attachments are dealt with; it ends, and has none after all.
void outlook_parts_item(struct outlook_parts *p, int skip);
void outlook_parts_drop(struct outlook_parts *p);
void outlook_parts_put(struct outlook_parts *p, const struct outlook_part *part);

// The first one; its texts lie in the queue until it is dropped. false: there is none.
bool outlook_parts_first(const struct outlook_parts *p, struct outlook_part *out);
void outlook_parts_next(struct outlook_parts *p);

#endif
