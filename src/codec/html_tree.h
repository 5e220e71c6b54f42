// SPDX-License-Identifier: Apache-2.0
// The open elements of html.h: which a tag closes, implies or leaves alone, as libxml2 2.14 does
// it. Part of struct html_text; see html.h for the bound of its stack.
#ifndef CODEC_HTML_TREE_H
#define CODEC_HTML_TREE_H

#include "codec/html.h"
#include "codec/html_tables.h"

// An element of html_tables.h on the stack.
#define HTML_NUMBER(element) ((u16)(0xFFFF - (element)))

// Adds a byte, in lower case, to a name that began as 0 and has `n` bytes. Names of up to eight
// bytes can be read back; longer ones are hashed.
static inline u64 html_name_add(u64 name, u32 n, u8 c)
{
    int turn = n < 8 ? 8 : 5;
    return (name << turn | name >> (64 - turn)) ^ c;
}

// The start tag h->name; `closed`: it ends with "/>". Sets h->raw.
void html_tree_start(struct html_text *h, bool closed);
// The end tag h->name.
void html_tree_end(struct html_text *h);

// True where text may have to begin the body: html_tree_begin_text().
static inline bool html_tree_is_at_top(const struct html_text *h)
{
    return h->open_n <= 1 || (h->open_n == 2 && h->open[1] == HTML_NUMBER(HTML_HEAD));
}
void html_tree_begin_text(struct html_text *h);

#endif
