// SPDX-License-Identifier: Apache-2.0
// Text nodes; html_node.h has the contract (spec/documents.md, 7: separator, white space, excluded
// nodes).
//
// `out` holds bytes that can be given, then, while the node is all white space so far, the LF
// before it and that white space. It never is full: a reader stops when HTML_PIECE_BYTES can be
// given, one step adds at most as many and a token, and HTML_BLANK_BYTES is the most that waits.
#include "codec/html_node.h"

#include <string.h>

#include "codec/html_tree.h"

enum html_node {
    NODE_NONE,
    NODE_BLANK, // white space so far
    NODE_TEXT,
};

isize html_blank_run(str s)
{
    isize n = 0;
    while (n < s.n && html_is_blank(s.p[n])) {
        n++;
    }
    return n;
}

static void add(struct html_text *h, str text)
{
    ASSERT(text.n <= (isize)(sizeof h->out - h->out_n));
    memcpy(h->out + h->out_n, text.p, (size_t)text.n);
    h->out_n += (u32)text.n;
}

static void node_begin(struct html_text *h)
{
    h->node = h->preserved ? NODE_TEXT : NODE_BLANK;
    h->blank_n = 0;
    if (h->any) {
        add(h, S("\n"));
    }
    h->any = true;
}

void html_node_end(struct html_text *h)
{
    if (h->node == NODE_BLANK) {
        u8 *blank = h->out + h->out_n - h->blank_n;
        *blank = memchr(blank, '\n', h->blank_n) ? '\n' : ' ';
        h->out_n -= h->blank_n - 1;
        h->ready = h->out_n;
    }
    h->node = NODE_NONE;
}

static void node_add(struct html_text *h, str text)
{
    if (h->node == NODE_NONE) {
        node_begin(h);
    }
    if (h->node == NODE_BLANK) {
        isize blank = html_blank_run(text);
        if (blank < text.n || blank + h->blank_n > HTML_BLANK_BYTES) {
            h->node = NODE_TEXT;
        } else {
            h->blank_n += (u32)blank;
        }
    }
    add(h, text);
    if (h->node == NODE_TEXT) {
        h->ready = h->out_n;
    }
}

void html_node_put(struct html_text *h, str text)
{
    if (h->excluded || h->hidden) {
        return;
    }
    while (text.n) {
        isize n = text.n;
        if (html_tree_is_at_top(h)) { // only text begins the body, white space stays where it is
            isize blank = html_blank_run(text);
            if (blank) {
                n = blank;
            } else {
                html_tree_begin_text(h);
            }
        }
        node_add(h, str_slice(text, 0, n));
        text = str_from_index(text, n);
    }
}

// At most HTML_PIECE_BYTES, without a part of a character at the end: who takes pieces may want
// well-formed ones.
static isize node_whole(str text)
{
    isize n = HTML_PIECE_BYTES;
    for (int i = 0; i < 3 && n < text.n && (text.p[n] & 0xC0) == 0x80; i++) {
        n--;
    }
    return n;
}

isize html_node_read(struct html_text *h, str text, str *piece)
{
    if (h->excluded || h->hidden || !text.n) {
        return text.n;
    }
    if (text.n > HTML_PIECE_BYTES && h->node == NODE_TEXT) {
        if (html_node_give(h, piece)) {
            return 0;
        }
        *piece = text;
        return text.n;
    }
    isize n = text.n < HTML_PIECE_BYTES ? text.n : node_whole(text);
    html_node_put(h, str_slice(text, 0, n));
    return n;
}

bool html_node_give(struct html_text *h, str *piece)
{
    *piece = str_make(h->out, h->ready);
    h->given = h->ready;
    return h->given;
}

void html_node_given(struct html_text *h)
{
    if (h->given) {
        memmove(h->out, h->out + h->given, h->out_n - h->given);
        h->out_n -= h->given;
        h->ready -= h->given;
        h->given = 0;
    }
}
