// SPDX-License-Identifier: Apache-2.0
// The characters of XML: how far text stands for itself, what a sequence of UTF-8 is, what a
// reference stands for. Under codec/xml_text.c and codec/xml_tag.c (attributes). No state but
// struct xml_reference, no memory, no errors: what may not stand there is said to the caller.
#ifndef CODEC_XML_SCAN_H
#define CODEC_XML_SCAN_H

#include "codec/xml.h"

// How many of the first bytes are whole characters that stand for themselves. Never counted: CR,
// what XML forbids, what is not UTF-8; and
isize xml_text_run(str s);  // < &
isize xml_cdata_run(str s); // ]
isize xml_value_run(str s); // < & tab LF

enum xml_character {
    XML_CHARACTER,
    XML_CHARACTER_FORBIDDEN, // U+FFFE and U+FFFF
    XML_CHARACTER_BAD,       // not UTF-8: the maximal subpart (Unicode, section 3.9)
    XML_CHARACTER_CUT,       // may go on behind the end of s
};

// What the first byte of s, 0x80 or more, begins; *n bytes of it are there.
enum xml_character xml_character(str s, isize *n);

enum xml_reference_step {
    XML_REFERENCE_MORE,
    XML_REFERENCE_CHARACTER, // *character
    XML_REFERENCE_NOTHING,   // a forbidden character or an unknown entity: to be dropped
    XML_REFERENCE_BAD,       // c may not stand there
};

// Takes one byte behind '&'; *r is all zero before the first.
enum xml_reference_step xml_reference_byte(struct xml_reference *r, u8 c, u32 *character);

enum { XML_LETTER = 1, XML_NAME = 2, XML_BLANK = 4 };
extern const u8 xml_classes[256];

static inline bool xml_is_blank(u8 c)
{
    return xml_classes[c] & XML_BLANK;
}

// ASCII as XML says, without the colon; every byte from 0x80 on.
static inline bool xml_is_name_start(u8 c)
{
    return xml_classes[c] & XML_LETTER;
}

static inline bool xml_is_name_byte(u8 c)
{
    return xml_classes[c] & XML_NAME;
}

#endif
