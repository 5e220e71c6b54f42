// SPDX-License-Identifier: Apache-2.0
// Strings of Graph's answers, decoded piece by piece on their way into documents: a body of many MB
// needs no second copy of itself. What XML cannot hold (control characters but tab, CR, LF) is left
// out, so that a document is the same by EWS; a lone surrogate becomes U+FFFD.
//
// Each put appends a JSON value and is true, or appends nothing and is false when the node is no
// string or has no text. A full buffer sticks.
#ifndef SOURCE_OUTLOOK_GRAPH_TEXT_H
#define SOURCE_OUTLOOK_GRAPH_TEXT_H

#include "codec/html.h"
#include "codec/json.h"

bool graph_put_text(struct buf *doc, const struct json *j, int node);
bool graph_put_word(struct buf *doc, const struct json *j, int node); // with a capital, as EWS does

// The text of HTML (spec/documents.md 7). `html` and `piece` are memory to work in. True also when
// the HTML has no text: "".
bool graph_put_html(struct buf *doc, const struct json *j, int node, struct html_text *html,
                    struct buf piece);

// Appends the string itself, as much of it as there is room for, up to a whole character.
void graph_copy_text(struct buf *b, const struct json *j, int node);

#endif
