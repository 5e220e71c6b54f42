// SPDX-License-Identifier: Apache-2.0
// What a structured field says: its first token and its parameters, quoted, plain, or in the pieces
// and escapes of RFC 2231. Broken parameters are passed over, and a plain value ends where
// CPython's parser ends it (`boundary=--=x` is `--`), so that the same parts are found. At most
// MIME_PARAM_PIECES pieces of one parameter are joined; the rest is ignored. No recursion.
#ifndef CODEC_MIME_PARAM_H
#define CODEC_MIME_PARAM_H

#include "base/arena.h"
#include "base/buf.h"

// `folded` without its line breaks, in memory of `scratch`. ARENA_FULL.
err mime_param_unfold(str folded, struct arena *scratch, str *out);

// What stands before the parameters, trimmed: "text/plain".
str mime_param_head(str unfolded);

// The first token, comments passed over: "attachment" of a Content-Disposition. Empty: there is
// none.
str mime_param_token(str unfolded);

// Appends the value of the parameter `name`, at most unfolded.n bytes. False when there is none.
bool mime_param_get(str unfolded, str name, struct buf *out);

#endif
