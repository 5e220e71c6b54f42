// SPDX-License-Identifier: Apache-2.0
// Bytes from hex text, for examples of binary formats. Blanks between digits are passed over.
#ifndef TESTS_UNIT_HEX_H
#define TESTS_UNIT_HEX_H

#include "base/buf.h"

// Appends to `b`; the result is what this call appended.
static inline str hex_put(struct buf *b, const char *text)
{
    isize start = b->n;
    int half = -1;
    for (; *text; text++) {
        u8 c = str_lower_byte((u8)*text);
        if (str_is_space(c)) {
            continue;
        }
        int digit = str_is_digit(c) ? c - '0' : c - 'a' + 10;
        ASSERT(digit >= 0 && digit < 16);
        if (half >= 0) {
            buf_put_byte(b, (u8)(half * 16 + digit));
        }
        half = half < 0 ? digit : -1;
    }
    ASSERT(half < 0 && !b->full);
    return str_make(b->p + start, b->n - start);
}

#endif
