// SPDX-License-Identifier: Apache-2.0
// Writes one header field folded at MIME_LINE_BYTES: lines break before blanks, after a comma by
// preference, and text that is not ASCII becomes encoded words (RFC 2047) that each stand alone.
// Nothing is kept beyond the struct; the output buffer's own sticky error tells that it is full.
#ifndef CODEC_MIME_FOLD_H
#define CODEC_MIME_FOLD_H

#include "base/buf.h"

struct mime_fold {
    struct buf *out;
    isize line;  // where the current line starts in out
    isize soft;  // where it could be broken, 0: nowhere
    isize comma; // the same, behind a comma
};

// Starts with "Name:"; nothing follows the colon yet.
struct mime_fold mime_fold_start(struct buf *out, str name);

// The blank behind the colon, where no line is broken.
void mime_fold_put_lead(struct mime_fold *f);
// Blanks: the line may be broken before them.
void mime_fold_put_blanks(struct mime_fold *f, str blanks, bool after_comma);
// ASCII that is not broken.
void mime_fold_put_word(struct mime_fold *f, str word);
// Generalised UTF-8 (charset.h, CHARSET_ESCAPE) as encoded words. `raw`: it holds escapes and ASCII
// only, and is written as bytes of an unknown charset.
void mime_fold_put_encoded(struct mime_fold *f, str text, bool raw);
// Ends the field.
void mime_fold_end(struct mime_fold *f);

#endif
