// SPDX-License-Identifier: Apache-2.0
// Tags; html_tag.h has the contract (HTML5, 13.2.5.6 to 13.2.5.54, as far as libxml2 2.14 follows
// it: the value of an attribute is of no interest, CDATA and processing instructions are comments,
// a tag within which the body ends is none).
#include "codec/html_tag.h"

#include <string.h>

#include "codec/html_node.h"
#include "codec/html_state.h"
#include "codec/html_tree.h"

static bool is_letter(u8 c)
{
    return (u8)((c | 32) - 'a') < 26;
}

static const u8 *find(const u8 *p, const u8 *end, u8 c)
{
    const u8 *at = memchr(p, c, (size_t)(end - p));
    return at ? at : end;
}

static void begin_tag(struct html_text *h, bool end)
{
    h->end = end;
    h->name = 0;
    h->name_n = 0;
    h->prolog = HTML_PROLOG_NONE;
    h->state = HTML_STATE_NAME;
}

// The '>' of a tag was read.
static void end_tag(struct html_text *h, bool closed)
{
    h->state = HTML_STATE_TEXT;
    if (h->end) {
        html_tree_end(h);
        return;
    }
    html_tree_start(h, closed);
    h->raw_name = h->name;
    h->raw_name_n = h->name_n;
}

static void begin_bogus(struct html_text *h)
{
    html_node_end(h);
    h->state = HTML_STATE_BOGUS;
}

void html_tag_put_open(struct html_text *h, str open)
{
    html_tree_begin_text(h);
    html_node_put(h, open);
}

static const u8 *read_tag_open(struct html_text *h, const u8 *p, const u8 *end)
{
    (void)end;
    if (*p == '!') {
        h->token_n = 0;
        h->state = HTML_STATE_MARKUP;
        return p + 1;
    }
    if (*p == '?') {
        begin_bogus(h);
        return p;
    }
    h->prolog = HTML_PROLOG_NONE;
    if (*p == '/') {
        h->state = HTML_STATE_END_OPEN;
        return p + 1;
    }
    if (is_letter(*p)) {
        begin_tag(h, false);
        return p;
    }
    html_tag_put_open(h, S("<"));
    h->state = HTML_STATE_TEXT;
    return p;
}

static const u8 *read_end_open(struct html_text *h, const u8 *p, const u8 *end)
{
    (void)end;
    if (*p == '>') {
        h->state = HTML_STATE_TEXT;
        return p + 1;
    }
    if (is_letter(*p)) {
        begin_tag(h, true);
    } else {
        begin_bogus(h);
    }
    return p;
}

static const u8 *read_name(struct html_text *h, const u8 *p, const u8 *end)
{
    u64 name = h->name;
    u32 n = h->name_n;
    for (; p < end; p++) {
        u8 c = *p;
        if (c <= '>' && (c == '>' || c == '/' || html_is_blank(c))) {
            h->state = HTML_STATE_BEFORE_ATTR;
            break;
        }
        name = html_name_add(name, n, (u8)(c - 'A') < 26 ? c | 32 : c);
        n += n < 8;
    }
    h->name = name;
    h->name_n = n;
    return p;
}

static const u8 *read_before_attr(struct html_text *h, const u8 *p, const u8 *end)
{
    while (p < end && html_is_blank(*p)) {
        p++;
    }
    if (p == end) {
        return p;
    }
    if (*p == '>') {
        end_tag(h, false);
    } else {
        h->state = *p == '/' ? HTML_STATE_SLASH : HTML_STATE_ATTR;
    }
    return p + 1;
}

static const u8 *read_slash(struct html_text *h, const u8 *p, const u8 *end)
{
    (void)end;
    if (*p == '>') {
        end_tag(h, true);
        return p + 1;
    }
    h->state = HTML_STATE_BEFORE_ATTR;
    return p;
}

// The first byte of the name was read: it may be '='.
static const u8 *read_attr(struct html_text *h, const u8 *p, const u8 *end)
{
    for (; p < end; p++) {
        u8 c = *p;
        if (c <= '>' && (c == '=' || c == '>' || c == '/' || html_is_blank(c))) {
            h->state = HTML_STATE_AFTER_ATTR;
            break;
        }
    }
    return p;
}

static const u8 *read_after_attr(struct html_text *h, const u8 *p, const u8 *end)
{
    while (p < end && html_is_blank(*p)) {
        p++;
    }
    if (p == end) {
        return p;
    }
    h->state = *p == '=' ? HTML_STATE_BEFORE_VALUE : HTML_STATE_BEFORE_ATTR;
    return *p == '=' ? p + 1 : p;
}

static const u8 *read_before_value(struct html_text *h, const u8 *p, const u8 *end)
{
    while (p < end && html_is_blank(*p)) {
        p++;
    }
    if (p == end) {
        return p;
    }
    if (*p != '"' && *p != '\'') {
        h->state = HTML_STATE_VALUE;
        return p;
    }
    h->state = *p == '"' ? HTML_STATE_VALUE_DOUBLE : HTML_STATE_VALUE_SINGLE;
    return p + 1;
}

static const u8 *read_value(struct html_text *h, const u8 *p, const u8 *end)
{
    for (; p < end; p++) {
        if (*p == '>' || html_is_blank(*p)) {
            h->state = HTML_STATE_BEFORE_ATTR;
            break;
        }
    }
    return p;
}

static const u8 *read_quoted(struct html_text *h, const u8 *p, const u8 *end)
{
    p = find(p, end, h->state == HTML_STATE_VALUE_DOUBLE ? '"' : '\'');
    if (p == end) {
        return p;
    }
    h->state = HTML_STATE_BEFORE_ATTR;
    return p + 1;
}

// ---- declarations and comments

static const u8 *read_markup(struct html_text *h, const u8 *p, const u8 *end)
{
    static const str doctype = S("doctype");
    (void)end;
    if (*p == '-' && !h->token_n) {
        h->state = HTML_STATE_MARKUP_DASH;
        return p + 1;
    }
    if ((*p | 32) != doctype.p[h->token_n]) {
        h->prolog = HTML_PROLOG_NONE;
        begin_bogus(h);
        return p;
    }
    h->token_n++;
    if (h->token_n == doctype.n) {
        h->prolog = h->prolog == HTML_PROLOG_START ? HTML_PROLOG_DOCTYPE : HTML_PROLOG_NONE;
        begin_bogus(h);
    }
    return p + 1;
}

static const u8 *read_markup_dash(struct html_text *h, const u8 *p, const u8 *end)
{
    (void)end;
    if (*p != '-') {
        h->prolog = HTML_PROLOG_NONE;
        begin_bogus(h);
        return p;
    }
    html_node_end(h);
    h->state = HTML_STATE_COMMENT_START;
    return p + 1;
}

static const u8 *read_bogus(struct html_text *h, const u8 *p, const u8 *end)
{
    p = find(p, end, '>');
    if (p == end) {
        return p;
    }
    h->state = HTML_STATE_TEXT;
    return p + 1;
}

static const u8 *read_comment_start(struct html_text *h, const u8 *p, const u8 *end)
{
    (void)end;
    if (*p == '>') {
        h->state = HTML_STATE_TEXT;
        return p + 1;
    }
    if (*p == '-' && h->state == HTML_STATE_COMMENT_START) {
        h->state = HTML_STATE_COMMENT_DASH;
        return p + 1;
    }
    h->dashes = h->state == HTML_STATE_COMMENT_DASH;
    h->state = HTML_STATE_COMMENT;
    return p;
}

static const u8 *read_comment(struct html_text *h, const u8 *p, const u8 *end)
{
    if (!h->dashes) {
        p = find(p, end, '-');
    }
    for (; p < end; p++) {
        if (*p == '-') {
            h->dashes = h->dashes ? 2 : 1;
        } else if (h->dashes == 2 && (*p == '>' || *p == '!')) {
            h->state = *p == '>' ? HTML_STATE_TEXT : HTML_STATE_COMMENT_BANG;
            h->dashes = 0;
            return p + 1;
        } else {
            h->dashes = 0;
            return p + 1;
        }
    }
    return p;
}

static const u8 *read_comment_bang(struct html_text *h, const u8 *p, const u8 *end)
{
    (void)end;
    h->state = *p == '>' ? HTML_STATE_TEXT : HTML_STATE_COMMENT;
    return *p == '>' ? p + 1 : p;
}

const u8 *html_tag_read(struct html_text *h, const u8 *p, const u8 *end)
{
    switch (h->state) {
    case HTML_STATE_TAG_OPEN:
        return read_tag_open(h, p, end);
    case HTML_STATE_END_OPEN:
        return read_end_open(h, p, end);
    case HTML_STATE_NAME:
        return read_name(h, p, end);
    case HTML_STATE_BEFORE_ATTR:
        return read_before_attr(h, p, end);
    case HTML_STATE_SLASH:
        return read_slash(h, p, end);
    case HTML_STATE_ATTR:
        return read_attr(h, p, end);
    case HTML_STATE_AFTER_ATTR:
        return read_after_attr(h, p, end);
    case HTML_STATE_BEFORE_VALUE:
        return read_before_value(h, p, end);
    case HTML_STATE_VALUE:
        return read_value(h, p, end);
    case HTML_STATE_VALUE_DOUBLE:
    case HTML_STATE_VALUE_SINGLE:
        return read_quoted(h, p, end);
    case HTML_STATE_MARKUP:
        return read_markup(h, p, end);
    case HTML_STATE_MARKUP_DASH:
        return read_markup_dash(h, p, end);
    case HTML_STATE_BOGUS:
        return read_bogus(h, p, end);
    case HTML_STATE_COMMENT_START:
    case HTML_STATE_COMMENT_DASH:
        return read_comment_start(h, p, end);
    case HTML_STATE_COMMENT:
        return read_comment(h, p, end);
    default: // HTML_STATE_COMMENT_BANG
        return read_comment_bang(h, p, end);
    }
}
