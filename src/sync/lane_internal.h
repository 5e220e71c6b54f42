// SPDX-License-Identifier: Apache-2.0
// What the files of a lane share: lane.c (the machine), lane_take.c (which units), lane_verdict.c
// (what became of them).
#ifndef SYNC_LANE_INTERNAL_H
#define SYNC_LANE_INTERNAL_H

#include "sync/document.h"
#include "sync/lane.h"

// ---- lane_take.c

bool lane_may_take(const struct lanes *all, const struct mailbox_slot *slot, i64 now_ms);

// The slot that a lane looks at first; the others follow it in turn. A mailbox may have few
// requests at a time, so one that is large ends last, with all other lanes idle, unless it gets its
// share from the beginning. How much it has is not known before it is listed, but the large ones
// are those that have been open the longest: every second lane begins with the oldest that it may
// take from. The others go round, so that no mailbox waits for the end of another.
int lane_first_mailbox(const struct lane *lane, i64 now_ms);
void lane_went_to(const struct lane *lane, const struct mailbox_slot *slot); // a request was made

// Takes units off the front of the queue until there is a batch that has to be read; false: the
// queue has none.
bool lane_take_units(struct lane *lane, struct mailbox_slot *slot);

// The source has no token or no quota for it now: the units go back, other mailboxes go on.
void lane_give_back(struct lane *lane, struct mailbox_slot *slot, const struct exchange *x);

// ---- lane_verdict.c

str lane_document_id(const struct fetch *f, u8 bytes[DOCUMENT_ID_BYTES]); // of its result

// A unit or part is decided without a document: it was there before and stays; a rule excludes it,
// and what is in the index of it goes (docs_filtered); it cannot be had.
void lane_pass_over(struct lanes *all, struct mailbox_slot *slot, str id);
void lane_drop(struct lanes *all, struct mailbox_slot *slot, str id);
void lane_skip(struct lane *lane, struct mailbox_slot *slot, str id, enum skip_reason reason);

// Its result is a document, but for the text of a file: counted, and said once in a job.
void lane_miss_text(struct lane *lane, struct mailbox_slot *slot, str id);

void lane_release(struct lane *lane); // idle again, its buffer given back

#endif
