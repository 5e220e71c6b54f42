// SPDX-License-Identifier: Apache-2.0
// The maps of HTML: named characters and element names, about 17 KB of constants, written by
// html_tables.py. Only html_entities.c and html_tree.c read them.
#ifndef CODEC_HTML_TABLES_H
#define CODEC_HTML_TABLES_H

#include "base/types.h"

// Named characters, sorted, in blocks of HTML_ENTITY_BLOCK, each name told by what it adds to the
// one before it:
//     u8  bytes shared with the one before (bits 4-7; 0 at the start of a block), kind (bits 0-3)
//     u8  the rest of the name, the last byte with bit 7 set
// and the character: its page is html_pages[kind], one byte is the rest. With HTML_KIND_PAGE a byte
// before that one is the index of the page; with HTML_KIND_TWO two bytes are the first character,
// the third the index of the second in html_seconds.
#define HTML_ENTITY_BLOCK 16
#define HTML_KIND_BARE 0 // page 0, and the name means it without ';' too
#define HTML_KIND_PAGE 14
#define HTML_KIND_TWO 15
#define HTML_ENTITY_NAME_MAX 31
#define HTML_ENTITY_BARE_MAX 6 // longest name of kind HTML_KIND_BARE

extern const u8 html_entities[];
extern const u16 html_entity_blocks[]; // where each begins
extern const isize html_entities_count;
extern const u16 html_pages[];
extern const u16 html_seconds[];

// How the text of an element is read: bits 0-2 of html_facts.
enum html_raw {
    HTML_MARKUP,
    HTML_REFERENCES, // references, but no tags: title, textarea
    HTML_RAW,
    HTML_PLAIN, // until the end of the body
    HTML_SCRIPT,
    HTML_SCRIPT_ESCAPED,        // within <!-- -->
    HTML_SCRIPT_DOUBLE_ESCAPED, // within <script> in it
};

// Other facts about an element.
#define HTML_RAW_MASK 7
#define HTML_VOID 8       // has no content
#define HTML_EXCLUDED 16  // its text is not wanted
#define HTML_PRESERVED 32 // its white space is kept
#define HTML_HEADISH 64   // belongs into head, which it implies
#define HTML_FRAMISH 128  // implies no body

// Elements whose number has a meaning; the smaller it is, the less an end tag reaches across them.
enum html_element {
    HTML_HTML,
    HTML_BODY,
    HTML_HEAD,
    HTML_TABLE,
    HTML_TFOOT,
    HTML_TBODY,
    HTML_THEAD,
    HTML_TR,
    HTML_TH,
    HTML_TD,
    HTML_DIV,
    HTML_P,
};
#define HTML_SLOTS 256

// Number + 1 of the element with that hash (the upper bits of name * HTML_SLOT_FACTOR), or in one
// of the slots behind it; 0 ends the search.
extern const u8 html_slots[HTML_SLOTS];
extern const u64 html_names[]; // of an element, as html_name_add() packs it
extern const u8 html_facts[];
extern const u8 html_rows[];       // of an element in html_closed, 0: no start tag closes it
extern const u8 html_closed[][12]; // bit n: the start tag of element n closes what has this row

#define HTML_SLOT_FACTOR 0x9E3779B97F4A7C15u

#endif
