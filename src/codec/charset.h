// SPDX-License-Identifier: Apache-2.0
// Text in a named charset to UTF-8, and back where bodies need it.
//
// Names are looked up as CPython's codecs do ("ISO-8859-1", "latin1", "iso8859_1" are one). Known:
// UTF-8, US-ASCII, UTF-16 and UTF-32 (also LE and BE), ISO-8859-1 to -16, windows-125x, KOI8-R/U/T,
// the DOS and Mac code pages, GB2312, GBK, GB18030, Big5, cp950, EUC-KR, cp949, EUC-JP, Shift_JIS,
// cp932, ISO-2022-JP. Anything else is unknown. Multi-byte charsets other than the Unicode forms
// are only decoded: what is already in them is checked and kept (spec/documents.md 8.1), never
// produced.
//
// No state, no memory of its own. Errors: MIME_CHARSET, BUF_FULL.
#ifndef CODEC_CHARSET_H
#define CODEC_CHARSET_H

#include "base/buf.h"
#include "codec/charset_tables.h"

struct charset {
    u8 kind;   // enum charset_kind
    u8 single; // which single-byte map
};

// What becomes of bytes that mean nothing in the charset.
enum charset_bad {
    CHARSET_STRICT,  // the text is refused: MIME_CHARSET
    CHARSET_REPLACE, // U+FFFD
    CHARSET_ESCAPE,  // each byte b >= 128 as the lone surrogate U+DC00 + b (three bytes, not valid
                     // UTF-8; charset_escape_at() reads them back); b < 128: MIME_CHARSET
};

#define CHARSET_ESCAPE_BYTES 3

// False: the name is unknown, and *out is not written.
bool charset_find(str name, struct charset *out);

// True when bytes below 128 mean ASCII wherever they start a character, so that lines can be split
// before decoding. False for UTF-16 and UTF-32.
bool charset_is_ascii_based(struct charset cs);

// Appends `bytes` as UTF-8, at most 3 bytes for one. After an error `out` holds what it held.
err charset_decode(struct charset cs, str bytes, enum charset_bad bad, struct buf *out);

// What decoding strictly would say, without an output.
bool charset_is_valid(struct charset cs, str bytes);

// Length of the longest prefix that can be decoded; *bad: how many bytes behind it mean nothing.
// Not for text that starts with a byte order mark or within ISO-2022-JP.
isize charset_valid_run(struct charset cs, str bytes, isize *bad);

// Appends valid UTF-8 `text` in the charset: the Unicode forms (UTF-16 and UTF-32 with a byte order
// mark), ASCII, single-byte maps, and what is ASCII in the other charsets. MIME_CHARSET when a
// character has no place there. After an error `out` holds what it held.
err charset_encode(struct charset cs, str text, struct buf *out);

// Length of the longest prefix without a byte >= 128.
isize charset_ascii_run(str s);

// The character that starts `s` (not empty) in UTF-8: bytes used; *ch is CHARSET_NONE for bad
// bytes, whose count is then what a decoder replaces by one U+FFFD.
isize charset_utf8_next(str s, u32 *ch);
#define CHARSET_NONE 0xFFFFFFFFu

// The raw byte that an escape at the start of `s` stands for, or -1.
int charset_escape_at(str s);
void charset_put_escape(struct buf *out, u8 raw);
void charset_put_char(struct buf *out, u32 ch);

#endif
