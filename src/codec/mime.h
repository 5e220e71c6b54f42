// SPDX-License-Identifier: Apache-2.0
// A mail (RFC 5322, 2045-2049, 2231) to the trimmed mail that is indexed: the eight headers that
// people search for and one body part, as spec/documents.md 8.1 lists them.
//
// Input is hostile: any bytes, any nesting (bounded by MIME_DEPTH_MAX, MIME_PARTS_MAX, without
// recursion), any charset. What cannot be understood is not lost: the caller then indexes the raw
// mail. What CPython's email package makes of a mail is the measure; tests/interop/mime_oracle.py
// lists where ours differs on purpose.
#ifndef CODEC_MIME_H
#define CODEC_MIME_H

#include "base/arena.h"
#include "base/buf.h"

// Appends the trimmed mail to `out` (eml bytes, LF line ends). `raw` is not changed. `scratch`
// holds decoded text for the time of the call: at most raw.n * 3 + MIME_SCRATCH_BYTES are asked
// for, and all of it is given back. Errors say why the raw mail has to be taken instead:
// MIME_CHARSET (unknown, or text that it cannot express), MIME_NESTING, and BUF_FULL / ARENA_FULL
// when out or scratch is too small. (With that much scratch, ARENA_FULL is left to a large body of
// raw bytes that claims to be quoted-printable UTF-8.) After an error `out` is restored to what it
// held.
err mime_trim(str raw, struct buf *out, struct arena *scratch);

#endif
