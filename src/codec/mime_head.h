// SPDX-License-Identifier: Apache-2.0
// Header blocks of a mail and of its parts: which fields they hold and where they end (RFC 5322),
// and the boundaries between parts (RFC 2046). Everything found is a slice of the mail. Bounds:
// none but the mail's length; a line is looked at three times at most. Nothing is refused.
#ifndef CODEC_MIME_HEAD_H
#define CODEC_MIME_HEAD_H

#include "base/str.h"
#include "limits.h"

// The fields that are looked at; those up to MIME_MESSAGE_ID are kept, in this order.
enum mime_field {
    MIME_SUBJECT,
    MIME_FROM,
    MIME_REPLY_TO,
    MIME_TO,
    MIME_CC,
    MIME_BCC,
    MIME_DATE,
    MIME_MESSAGE_ID,
    MIME_CONTENT_TYPE,
    MIME_CONTENT_ENCODING,
    MIME_CONTENT_DISPOSITION,
    MIME_CONTENT_ID,
    MIME_FIELDS,
};
#define MIME_FIELDS_KEPT (MIME_MESSAGE_ID + 1)

// The first field of each name. An absent one has an empty name.
struct mime_head {
    str name[MIME_FIELDS];  // as spelt in the mail
    str value[MIME_FIELDS]; // folded, without blanks before it or line breaks after it
};

// The boundaries that end an entity, outermost first.
struct mime_boundaries {
    isize count;
    str boundary[MIME_DEPTH_MAX];
};

// Which of `b` the line at `at` (which starts with "--") is: its index, the outermost if several,
// or -1. *close: it is the last one of its multipart. *after: start of the next line.
isize mime_boundary_match(str s, isize at, const struct mime_boundaries *b, bool *close,
                          isize *after);

// Reads the block at `at` and returns where the body starts. `top`: it is the mail's own, whose
// first line may be broken too. A line that is no field is skipped when a field that mail is known
// to have follows, or when it is the only one; otherwise it starts the body, as CPython has it.
isize mime_head_read(str s, isize at, const struct mime_boundaries *b, bool top,
                     struct mime_head *out);

#endif
