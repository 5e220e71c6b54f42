// SPDX-License-Identifier: Apache-2.0
// Content transfer encodings written (RFC 2045, section 6), line by line as CPython's email package
// writes them. Input lines may end in CR LF, LF or CR; all count as LF, and one LF ends the text.
#ifndef CODEC_MIME_ENCODE_H
#define CODEC_MIME_ENCODE_H

#include "base/buf.h"
#include "codec/charset.h"

// Quoted-printable unless base64 is shorter for the first ten lines.
bool mime_encode_prefers_quoted(str text);

void mime_encode_put_quoted(str text, struct buf *out);
void mime_encode_put_base64(str text, struct buf *out);

// Valid UTF-8 `text` as base64 of UTF-16 or UTF-32, whichever `cs` is.
void mime_encode_put_wide(str text, struct charset cs, struct buf *out);

#endif
