// SPDX-License-Identifier: Apache-2.0
// The document of a message that has been received (spec/documents.md 8), made within the lane's
// buffer. Nothing is kept between two calls but what lies in the buffer, so that a call that found
// it too small can be made again after it was moved to a larger one.
#ifndef SOURCE_GMAIL_SHAPE_H
#define SOURCE_GMAIL_SHAPE_H

#include "source/source.h"

// The beginning of a document whose _attachment follows. The full form is received right behind it.
#define GMAIL_SHAPE_PREFIX S("\"_attachment\":\"")

// Members behind _attachment: a time stamp in JSON, and the owner's address (empty: none).
void gmail_shape_put_suffix(struct buf *suffix, str timestamp, str owner);

// These set f->doc, f->data.n and f->timestamp; they begin at FETCH_DOC_OFFSET of f->data and leave
// FETCH_DOC_TAIL free. LANE_TOO_SMALL; in the largest buffer GMAIL_TOO_LARGE.
err gmail_shape_null(struct fetch *f, str suffix);    // no content: "_attachment":null
err gmail_shape_full(struct fetch *f, str suffix);    // base64 lies behind the prefix
err gmail_shape_trimmed(struct fetch *f, str suffix); // the mail lies at FETCH_DOC_OFFSET, decoded

bool gmail_shape_is_largest(const struct fetch *f);

#endif
