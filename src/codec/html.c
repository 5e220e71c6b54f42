// SPDX-License-Identifier: Apache-2.0
// HTML to text; html.h has the contract. The parts are html_tokens.c (what the bytes are),
// html_tree.c (which elements are open) and html_node.c (which text comes of it).
#include "codec/html.h"

#include "codec/html_node.h"
#include "codec/html_tokens.h"

void html_text_init(struct html_text *h)
{
    *h = (struct html_text){0};
}

bool html_text_next(struct html_text *h, str *in, str *piece)
{
    html_node_given(h);
    *piece = (str){0};
    html_tokens_read(h, in, piece);
    return piece->n || (h->ready >= HTML_PIECE_BYTES && html_node_give(h, piece));
}

bool html_text_finish(struct html_text *h, str *piece)
{
    html_node_given(h);
    if (!h->done) {
        html_tokens_finish(h);
        h->done = true;
    }
    return html_node_give(h, piece);
}
