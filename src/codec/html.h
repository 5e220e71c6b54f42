// SPDX-License-Identifier: Apache-2.0
// The text of an HTML body, as the connector has always indexed it (spec/documents.md, 7): the text
// nodes in document order, one LF between two of them. The tokeniser is that of HTML5; which tags
// are closed, implied or ignored follows libxml2 2.14, because that decides where a node ends.
//
// Streaming: the body comes in chunks, cut anywhere, and the text goes out in pieces; how the body
// was cut changes where pieces end, never their sum. No memory but the struct, linear time.
//
//     html_text_init(&h);
//     for each chunk:
//         while (html_text_next(&h, &chunk, &piece)) { use piece; }
//     while (html_text_finish(&h, &piece)) { use piece; }
//
// The body is UTF-8; bytes from 128 on go through as they are. NUL becomes U+FFFD. No piece ends
// within a character unless a chunk did.
//
// No errors: any bytes have a text. Bounds, and what happens beyond:
// - HTML_DEPTH_MAX open elements are known by name. Of deeper ones only the number is known: an end
//   tag closes the innermost, whatever it says. Where text is split may then differ; none is lost.
// - HTML_BLANK_BYTES of a node that is all white space so far wait for what the node turns out to
//   be. A longer node of white space is kept as it is, instead of becoming one character.
#ifndef CODEC_HTML_H
#define CODEC_HTML_H

#include "base/str.h"
#include "limits.h"

// Bytes gathered before they are given as one piece.
#define HTML_OUT_BYTES (HTML_PIECE_BYTES * 2 + HTML_BLANK_BYTES + 64)
#define HTML_TOKEN_BYTES 32 // names of references have 31

struct html_text {
    // Tokens (html_tokens.c)
    u8 state;      // enum html_state
    u8 prolog;     // enum html_prolog
    u8 raw;        // enum html_raw: how the text of the open element is read
    u8 dashes;     // in a row, within a comment or script: 2 is two or more
    bool end;      // the tag that is read is an end tag
    bool after_cr; // an LF that follows belongs to it
    u8 token_n;
    u8 token[HTML_TOKEN_BYTES]; // a reference, or what may be an end tag, as it was written
    u32 number;                 // of a numeric reference
    u32 name_n, raw_name_n;
    u64 name;     // of the tag that is read, html_name_add()
    u64 raw_name; // of the element whose end tag ends the raw text
    // Elements (html_tree.c)
    u8 mode; // enum html_mode
    bool body_open;
    bool hidden; // in a script or style, also where it is too deep for the stack
    u32 ignored; // start tags of html, head and body not obeyed; so are as many end tags
    u32 excluded, preserved; // open elements of these kinds
    u32 beyond;              // open elements deeper than the stack
    u32 open_n;
    u16 open[HTML_DEPTH_MAX]; // names, html_tree.h
    // Text (html_node.c)
    u8 node;     // enum html_node
    bool any;    // a node has begun, so that the next one needs an LF before it
    bool done;   // finish has seen the end
    u32 blank_n; // white space that waits
    u32 given;   // bytes of `out` that the last piece was
    u32 ready;   // bytes of `out` that can be given; behind them is white space that waits
    u32 out_n;
    u8 out[HTML_OUT_BYTES];
};

void html_text_init(struct html_text *h);

// The next piece of the text: true, and *piece is not empty, points into the chunk or into `h` and
// is good until the next call. *in loses what was read. False: the chunk is used up.
[[nodiscard]] bool html_text_next(struct html_text *h, str *in, str *piece);

// After the last chunk: what is left, piece by piece. False: that was all.
[[nodiscard]] bool html_text_finish(struct html_text *h, str *piece);

#endif
