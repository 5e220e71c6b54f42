// SPDX-License-Identifier: Apache-2.0
// The maps of charset.c: about 160 KB of constants, written by charset_tables.py. Only charset.c
// and charset_cjk.c read them. A character of 0 means that the code has none (no charset but the
// Unicode forms and ASCII's own zero maps to U+0000).
#ifndef CODEC_CHARSET_TABLES_H
#define CODEC_CHARSET_TABLES_H

#include "base/types.h"

enum charset_kind {
    CHARSET_ASCII,
    CHARSET_UTF8,
    CHARSET_UTF16, // with a byte order mark, little-endian without one
    CHARSET_UTF16LE,
    CHARSET_UTF16BE,
    CHARSET_UTF32,
    CHARSET_UTF32LE,
    CHARSET_UTF32BE,
    CHARSET_SINGLE, // one byte a character, ASCII below 128
    CHARSET_GB2312,
    CHARSET_GBK,
    CHARSET_GB18030,
    CHARSET_BIG5,
    CHARSET_CP950,
    CHARSET_EUC_KR,
    CHARSET_CP949,
    CHARSET_EUC_JP,
    CHARSET_SHIFT_JIS,
    CHARSET_CP932,
    CHARSET_ISO2022_JP,
};

struct charset_name {
    const char *name; // lower case, words joined by '_'
    u8 kind;          // enum charset_kind
    u8 single;        // row of charset_single
};

// `count` codes from `code` on mean the characters from `ch` on; ch == 0: none of them means any.
struct charset_run {
    u16 code, count, ch;
};

// From the linear four-byte code `linear` on, characters run from `ch` (0: undefined).
struct charset_four {
    u16 linear, ch;
};

#define CHARSET_ROWS 94 // of the 94 x 94 grids
#define CHARSET_GBK_TRAILS 190
#define CHARSET_BIG5_TRAILS 157

extern const struct charset_name charset_names[]; // sorted by name
extern const isize charset_names_count;
extern const u16 charset_single[][128]; // characters of the bytes 128 to 255
extern const u16 charset_jisx0208[CHARSET_ROWS * 94];
extern const u16 charset_jisx0212[CHARSET_ROWS * 94];
extern const u16 charset_ksx1001[CHARSET_ROWS * 94];
extern const u16 charset_gbk[126 * CHARSET_GBK_TRAILS];  // lead 0x81..0xFE
extern const u16 charset_big5[89 * CHARSET_BIG5_TRAILS]; // lead 0xA1..0xF9
// What differs from the table that a charset is built on, sorted by code.
extern const struct charset_run charset_cp932[]; // from JIS X 0208 by way of Shift_JIS
extern const isize charset_cp932_count;
extern const struct charset_run charset_gb2312[]; // from GBK, lead 0xA1..0xF7, trail 0xA1..0xFE
extern const isize charset_gb2312_count;
extern const struct charset_run charset_gb18030[]; // from GBK
extern const isize charset_gb18030_count;
extern const struct charset_run charset_cp950[]; // from Big5
extern const isize charset_cp950_count;
extern const struct charset_four charset_gb18030_four[]; // sorted
extern const isize charset_gb18030_four_count;

#endif
