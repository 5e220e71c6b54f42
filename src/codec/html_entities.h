// SPDX-License-Identifier: Apache-2.0
// Character references of HTML5: names and numbers to characters. No state. The tables are in
// html_tables.c.
#ifndef CODEC_HTML_ENTITIES_H
#define CODEC_HTML_ENTITIES_H

#include "base/str.h"

#define HTML_REFERENCE_BYTES 8 // of what one reference means, in UTF-8

// `name` is what followed '&': letters and digits, as many as there were, or the first
// HTML_ENTITY_NAME_MAX + 1 of them; `ended`: ';' is the next byte. Bytes of the name that mean
// something, 0 for none; *text then is that, in UTF-8. If all of the name was used, so is the ';'.
isize html_entity_match(str name, bool ended, u8 text[HTML_REFERENCE_BYTES], isize *text_n);

// The character with that number, as HTML5 has it: windows-1252 for 128 to 159, U+FFFD for what is
// none. Returns the bytes.
isize html_entity_number(u32 number, u8 text[HTML_REFERENCE_BYTES]);

#endif
