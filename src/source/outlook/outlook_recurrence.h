// SPDX-License-Identifier: Apache-2.0
// The words for how an appointment recurs (spec/documents.md 2.2, wire-ews.md 8.6): read from the
// elements of t:Recurrence, printed as `meeting_type`.
#ifndef SOURCE_OUTLOOK_OUTLOOK_RECURRENCE_H
#define SOURCE_OUTLOOK_OUTLOOK_RECURRENCE_H

#include "base/buf.h"
#include "source/outlook/ews_tags.h"

struct outlook_recurrence {
    enum ews_tag pattern; // OTHER: none
    struct buf interval, days, index, day, month, first;
    u8 interval_bytes[12], days_bytes[96], index_bytes[12], day_bytes[12], month_bytes[16],
        first_bytes[16];
    struct buf *open; // the one whose text is coming
};

void outlook_recurrence_start(struct outlook_recurrence *r);

// An element begins `below` levels under t:Recurrence; its text; its end.
void outlook_recurrence_open(struct outlook_recurrence *r, enum ews_tag tag, int below);
void outlook_recurrence_text(struct outlook_recurrence *r, str text);
void outlook_recurrence_close(struct outlook_recurrence *r);

// `type`: calendar:CalendarItemType, empty when there was none. Appends a JSON value: a string, or
// null.
void outlook_put_meeting_type(struct buf *json, str type, const struct outlook_recurrence *r);

#endif
