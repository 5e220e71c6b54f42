// SPDX-License-Identifier: Apache-2.0
// The states of the tokeniser of html.h. A state of the first group is left by html_tag_read()
// (html_tag.h), one of the second by html_tokens.c.
#ifndef CODEC_HTML_STATE_H
#define CODEC_HTML_STATE_H

#include "codec/html.h"

enum html_prolog {
    HTML_PROLOG_START,
    HTML_PROLOG_DOCTYPE, // there was one
    HTML_PROLOG_NONE,    // the content has begun: white space counts
};

enum html_state {
    HTML_STATE_START, // U+FEFF, up to two times
    HTML_STATE_TEXT,
    // Tags, comments, declarations
    HTML_STATE_TAG_OPEN,      // <
    HTML_STATE_END_OPEN,      // </
    HTML_STATE_NAME,          // <name
    HTML_STATE_BEFORE_ATTR,   // <name_
    HTML_STATE_SLASH,         // <name /
    HTML_STATE_ATTR,          // <name attr
    HTML_STATE_AFTER_ATTR,    // <name attr_
    HTML_STATE_BEFORE_VALUE,  // <name attr=
    HTML_STATE_VALUE,         // <name attr=v
    HTML_STATE_VALUE_DOUBLE,  // <name attr="v
    HTML_STATE_VALUE_SINGLE,  // <name attr='v
    HTML_STATE_MARKUP,        // <! and what may become "doctype"
    HTML_STATE_MARKUP_DASH,   // <!-
    HTML_STATE_BOGUS,         // up to the next >
    HTML_STATE_COMMENT_START, // <!--
    HTML_STATE_COMMENT_DASH,  // <!---
    HTML_STATE_COMMENT,
    HTML_STATE_COMMENT_BANG, // --! in it
    // References, raw text
    HTML_STATE_REFERENCE, // &
    HTML_STATE_REFERENCE_NAME,
    HTML_STATE_NUMBER,     // &#
    HTML_STATE_NUMBER_HEX, // &#x
    HTML_STATE_DECIMAL,
    HTML_STATE_HEX,
    HTML_STATE_RAW_OPEN,         // < in raw text
    HTML_STATE_RAW_END,          // </ in raw text
    HTML_STATE_SCRIPT_OPEN,      // < in a script
    HTML_STATE_SCRIPT_BANG,      // <!
    HTML_STATE_SCRIPT_BANG_DASH, // <!-
    HTML_STATE_SCRIPT_START,     // <s
    HTML_STATE_SCRIPT_END,       // </
};

// Each state has a function read_...(h, p, end). It reads from `p` on (there is at least one byte)
// as far as it can in one go, and returns where it stopped. One that changes the state without
// reading leaves the byte to the next; no two states do that in a circle.

#endif
