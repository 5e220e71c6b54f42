// SPDX-License-Identifier: Apache-2.0
// Words of others on a screen, and numbers as people read them. Control characters, and those that
// turn the direction of writing, could move the cursor or fake a line: they become '?'.
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include "base/buf.h"

// At most `characters` of `s`, with "..." when it was cut.
void output_put_clean(struct buf *b, str s, isize characters);

void output_put_bytes(struct buf *b, i64 bytes);          // "17 bytes", "1.4 KiB", "2.0 GiB"
void output_put_duration(struct buf *b, i64 ms);          // "0.3 s", "1m07s", "2h05m"
void output_put_thousands(struct buf *b, i64 v);          // "1,234,567"
void output_put_left(struct buf *b, str s, isize width);  // padded with blanks at its end
void output_put_right(struct buf *b, str s, isize width); // padded with blanks at its beginning

#endif
