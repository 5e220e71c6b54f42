// SPDX-License-Identifier: Apache-2.0
// Open elements; html_tree.h has the contract (spec/documents.md, 7; the behaviour is that of
// libxml2's HTML parser, version 2.14).
//
// Names on the stack are numbers of 16 bits: the elements that the rules know count down from the
// top in the order of enum html_element, so that "reaches across" is a comparison; others are
// hashes. The lowest element of a stack is always html.
#include "codec/html_tree.h"

#include "codec/html_node.h"

enum html_mode { MODE_INITIAL, MODE_HEAD, MODE_BODY };

#define KNOWN_FIRST 0xFF00u
#define LOOK 32 // elements that a search looks at in one go

static u16 name_number(u64 name)
{
    u64 hash = name * HTML_SLOT_FACTOR;
    for (u32 slot = (u32)(hash >> 56); html_slots[slot]; slot = (slot + 1) % HTML_SLOTS) {
        if (html_names[html_slots[slot] - 1] == name) {
            return HTML_NUMBER(html_slots[slot] - 1);
        }
    }
    u16 number = (u16)(hash >> 48);
    return number < KNOWN_FIRST ? number : (u16)(number - KNOWN_FIRST);
}

static bool is_known(u16 number)
{
    return number >= KNOWN_FIRST;
}

// Where an element that is known is in the tables.
static u32 index_of(u16 number)
{
    return 0xFFFFu - number;
}

static u8 facts_of(u16 number)
{
    return is_known(number) ? html_facts[index_of(number)] : 0;
}

static bool is_element(u16 number, enum html_element element)
{
    return number == HTML_NUMBER(element);
}

// The deepest open element, 0 where its name is not known. (0 is as good as any unknown name.)
static u16 top(const struct html_text *h)
{
    return h->open_n && !h->beyond ? h->open[h->open_n - 1] : 0;
}

static void push(struct html_text *h, u16 number)
{
    html_node_end(h);
    if (h->open_n == HTML_DEPTH_MAX) {
        h->beyond++;
        return;
    }
    if (is_element(number, HTML_HEAD) && h->mode == MODE_INITIAL) {
        h->mode = MODE_HEAD;
    } else if (is_element(number, HTML_BODY)) {
        h->mode = MODE_BODY;
        h->body_open = true;
    }
    u8 facts = facts_of(number);
    h->excluded += (facts & HTML_EXCLUDED) != 0;
    h->preserved += (facts & HTML_PRESERVED) != 0;
    h->open[h->open_n++] = number;
}

static void pop(struct html_text *h)
{
    html_node_end(h);
    if (h->beyond) {
        h->beyond--;
        return;
    }
    u16 number = h->open[--h->open_n];
    u8 facts = facts_of(number);
    h->excluded -= (facts & HTML_EXCLUDED) != 0;
    h->preserved -= (facts & HTML_PRESERVED) != 0;
    h->body_open = h->body_open && !is_element(number, HTML_BODY);
}

// A start tag closes the elements that cannot hold it, from the deepest on.
static void close_for(struct html_text *h, u16 number)
{
    u32 index = index_of(number);
    while (is_known(number) && is_known(top(h))) {
        u8 row = html_rows[index_of(top(h))];
        if (!(html_closed[row][index / 8] >> index % 8 & 1)) {
            return;
        }
        pop(h);
    }
}

// Opens html, head and body where a start tag implies them.
static void open_implied(struct html_text *h, u16 number)
{
    if (is_element(number, HTML_HTML)) {
        return;
    }
    if (!h->open_n) {
        push(h, HTML_NUMBER(HTML_HTML));
    }
    if (is_element(number, HTML_BODY) || is_element(number, HTML_HEAD)) {
        return;
    }
    u8 facts = facts_of(number);
    if (h->open_n == 1 && facts & HTML_HEADISH) {
        if (h->mode == MODE_INITIAL) {
            push(h, HTML_NUMBER(HTML_HEAD));
        }
    } else if (!(facts & HTML_FRAMISH) && h->mode != MODE_BODY &&
               !(h->open_n > 1 && is_element(h->open[1], HTML_HEAD))) {
        push(h, HTML_NUMBER(HTML_BODY));
    }
}

void html_tree_begin_text(struct html_text *h)
{
    if (is_element(top(h), HTML_HEAD)) {
        close_for(h, HTML_NUMBER(HTML_P));
    }
    open_implied(h, HTML_NUMBER(HTML_P));
}

// A second html, head or body, which is not obeyed.
static bool is_misplaced(const struct html_text *h, u16 number)
{
    return (is_element(number, HTML_HTML) && h->open_n) ||
           (is_element(number, HTML_HEAD) && h->open_n != 1) ||
           (is_element(number, HTML_BODY) && h->body_open);
}

void html_tree_start(struct html_text *h, bool closed)
{
    u16 number = name_number(h->name);
    close_for(h, number);
    open_implied(h, number);
    if (is_misplaced(h, number)) {
        h->ignored++;
        if (closed) { // it is the open element that ends
            pop(h);
        }
        return;
    }
    push(h, number);
    u8 facts = facts_of(number);
    if (closed || facts & HTML_VOID) {
        pop(h);
    } else {
        h->raw = facts & HTML_RAW_MASK;
        h->hidden = h->raw && facts & HTML_EXCLUDED;
    }
}

// True: one of LOOK elements ends the search. Without branches, so that the compiler looks at them
// in one go: millions of stray end tags behind a thousand open elements would take seconds
// otherwise.
static bool is_met(const u16 *open, u16 number, u16 border)
{
    u16 met = 0;
    for (int i = 0; i < LOOK; i++) {
        met |= (u16)((open[i] == number) | (open[i] >= border));
    }
    return met;
}

// Where the open element is that this end tag means, or -1: it is not open, or lies outside of an
// element that the end tag does not reach across.
static isize find_open(const struct html_text *h, u16 number)
{
    static const u8 outranked_by[HTML_P] = {
        [HTML_HTML] = HTML_HTML,   [HTML_BODY] = HTML_HTML,   [HTML_HEAD] = HTML_HTML,
        [HTML_TABLE] = HTML_HEAD,  [HTML_TFOOT] = HTML_TABLE, [HTML_TBODY] = HTML_TABLE,
        [HTML_THEAD] = HTML_TABLE, [HTML_TR] = HTML_THEAD,    [HTML_TH] = HTML_TR,
        [HTML_TD] = HTML_TR,       [HTML_DIV] = HTML_TD,
    };
    u32 index = index_of(number);
    u16 border = HTML_NUMBER(index < HTML_P ? outranked_by[index] : HTML_DIV);
    isize i = (isize)h->open_n - 1;
    while (i >= LOOK - 1 && !is_met(h->open + i - LOOK + 1, number, border)) {
        i -= LOOK;
    }
    for (; i >= 0; i--) {
        if (h->open[i] == number) {
            return i;
        }
        if (h->open[i] >= border) {
            return -1;
        }
    }
    return -1;
}

void html_tree_end(struct html_text *h)
{
    h->hidden = false;
    u16 number = name_number(h->name);
    bool outermost = index_of(number) <= HTML_HEAD;
    if (outermost && h->ignored) {
        h->ignored--;
        return;
    }
    // With names unknown it is the innermost element that ends, unless the end of something
    // excluded is seen: that must end, whatever was left open in it, or text would be lost.
    bool decisive = outermost || facts_of(number) & HTML_EXCLUDED;
    isize at = !h->beyond || decisive ? find_open(h, number) : -1;
    if (h->beyond && at < 0) {
        pop(h);
        return;
    }
    while (at >= 0 && (isize)h->open_n > at) {
        pop(h);
    }
}
