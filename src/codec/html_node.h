// SPDX-License-Identifier: Apache-2.0
// The text nodes of html.h: what is between them, what becomes of white space, and the bytes on
// their way to the caller. Part of struct html_text; see html.h for the bounds.
#ifndef CODEC_HTML_NODE_H
#define CODEC_HTML_NODE_H

#include "codec/html.h"

// A tag, comment or declaration: the text before it is a node of its own.
void html_node_end(struct html_text *h);

// Text of up to HTML_PIECE_BYTES.
void html_node_put(struct html_text *h, str text);

// Text of any length that lies in the chunk: returns how much of it was read. It may set *piece.
isize html_node_read(struct html_text *h, str text, str *piece);

// Gives what is ready as a piece; false: nothing is.
bool html_node_give(struct html_text *h, str *piece);

// Forgets the piece that was given.
void html_node_given(struct html_text *h);

// White space: space, tab, LF, FF, CR.
static inline bool html_is_blank(u8 c)
{
    return c == ' ' || (c >= '\t' && c <= '\r' && c != '\v');
}

// How much of it `s` starts with.
isize html_blank_run(str s);

#endif
