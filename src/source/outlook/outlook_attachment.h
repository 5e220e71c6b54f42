// SPDX-License-Identifier: Apache-2.0
// The document of one attachment, and its content as it arrives: base64 within XML becomes base64
// within JSON, in place, without a copy in between (documents.md 2.6 and 6).
#ifndef SOURCE_OUTLOOK_OUTLOOK_ATTACHMENT_H
#define SOURCE_OUTLOOK_OUTLOOK_ATTACHMENT_H

#include "source/outlook/outlook_fetch.h"

// Whether its content is fetched: a file with a name whose extension is allowed, neither empty nor
// too large.
bool outlook_attachment_has_content(const struct outlook_part *part, i64 max_bytes);

// The members of its document, at the beginning of the lane's buffer, without content.
void outlook_attachment_begin(struct fetch *f, const struct outlook_part *part, enum ews_kind kind,
                              str owner);

// The same for any lane, whatever its state; and the document of it, once it is whole.
void outlook_attachment_put(struct buf *data, const struct outlook_part *part, enum ews_kind kind,
                            str owner);
void outlook_attachment_hand(struct fetch *f, bool attached);

// Events of the answer to GetAttachment. LANE_TOO_SMALL cannot be: body() sees to the room.
void outlook_attachment_event(struct fetch *f, const struct ews_answer *a, enum ews_event event);

// The answer was whole: f->doc and f->timestamp.
err outlook_attachment_end_content(struct fetch *f);
void outlook_attachment_drop_content(struct fetch *f);
void outlook_attachment_finish(struct fetch *f);

#endif
