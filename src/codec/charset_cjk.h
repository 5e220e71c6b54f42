// SPDX-License-Identifier: Apache-2.0
// The characters of the East Asian multi-byte charsets, one at a time, as CPython's codecs read
// them. Pure; the tables are charset_tables.c.
#ifndef CODEC_CHARSET_CJK_H
#define CODEC_CHARSET_CJK_H

#include "base/str.h"
#include "codec/charset_tables.h"

// Decodes the character at the start of `s`, which is not empty. Bytes used, at least 1; *ch is the
// code point, CHARSET_NONE when they mean nothing, or CHARSET_CJK_SILENT for an escape sequence
// that stands for no character. *state is 0 at the start of a text.
isize charset_cjk_next(enum charset_kind kind, str s, u8 *state, u32 *ch);
#define CHARSET_CJK_SILENT 0xFFFFFFFEu

#endif
