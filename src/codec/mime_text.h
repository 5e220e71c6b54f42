// SPDX-License-Identifier: Apache-2.0
// The text of a mail written as a body: checked against its charset, its lines ended by LF, and
// given the transfer encoding that CPython's email package would choose. Text is not converted,
// with two exceptions: bytes that are wrong in UTF-8 become U+FFFD, and UTF-16 and UTF-32 are read
// to split their lines.
#ifndef CODEC_MIME_TEXT_H
#define CODEC_MIME_TEXT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

struct mime_body {
    str bytes;     // transfer decoded
    str subtype;   // "plain" or "html"
    bool declared; // there is a charset parameter,
    str charset;   // and this is it
};

// Appends Content-Type, Content-Transfer-Encoding, MIME-Version, the blank line and the text.
// MIME_CHARSET, BUF_FULL, ARENA_FULL.
err mime_text_put(const struct mime_body *body, struct arena *scratch, struct buf *out);

#endif
