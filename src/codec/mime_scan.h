// SPDX-License-Identifier: Apache-2.0
// The searches that a mail is read with, 16 or 8 bytes at a time: line ends, and lines that start
// with two dashes (the only ones that can be boundaries). A line ends at CR LF, LF, or a CR alone.
#ifndef CODEC_MIME_SCAN_H
#define CODEC_MIME_SCAN_H

#include "base/str.h"

// Index of the first CR or LF at or after `from`; s.n when there is none.
isize mime_scan_eol(str s, isize from);

// The same, copying what it passes to `to`, which has room for all of s from `from` on.
isize mime_scan_copy_line(str s, isize from, u8 *to);

// First index after the line break at `at`, which is a CR or LF or the end of `s`.
isize mime_scan_after_eol(str s, isize at);

// Start of the next line, at or after `from`, that begins with "--"; s.n when there is none. `from`
// is itself the start of a line.
isize mime_scan_dashes(str s, isize from);

// `s` without the one line break at its end, if it has one.
str mime_scan_chomp(str s);

#endif
