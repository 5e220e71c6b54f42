// SPDX-License-Identifier: Apache-2.0
// The tokeniser of html.h. Part of struct html_text.
#ifndef CODEC_HTML_TOKENS_H
#define CODEC_HTML_TOKENS_H

#include "codec/html.h"

// Reads on in *in, until *piece is set, enough text is ready or the chunk is used up.
void html_tokens_read(struct html_text *h, str *in, str *piece);

// The body has ended: what was begun is text, or nothing.
void html_tokens_finish(struct html_text *h);

#endif
