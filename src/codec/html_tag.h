// SPDX-License-Identifier: Apache-2.0
// Tags, comments and declarations for the tokeniser of html.h. Part of struct html_text.
#ifndef CODEC_HTML_TAG_H
#define CODEC_HTML_TAG_H

#include "codec/html.h"

// Reads on in one of the states from HTML_STATE_TAG_OPEN to HTML_STATE_COMMENT_BANG. Leaves
// HTML_STATE_TEXT behind a tag or comment.
const u8 *html_tag_read(struct html_text *h, const u8 *p, const u8 *end);

// What could have opened a tag and is text: it begins the body, whatever element is open.
void html_tag_put_open(struct html_text *h, str open);

#endif
