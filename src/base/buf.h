// SPDX-License-Identifier: Apache-2.0
// A buffer of fixed capacity over memory that somebody else owns.
//
// Appends return nothing. The first one that does not fit sets `full`, and everything after it is
// ignored, so that a request or a document reads as a list of puts and is checked once at the end.
// After `full` the content is the longest prefix of whole appends and must not be used.
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/err.h"
#include "base/str.h"

struct buf {
    u8 *p;
    isize n;   // bytes used
    isize cap; // bytes
    bool full; // an append did not fit
};

struct buf buf_over(void *p, isize cap);
void buf_reset(struct buf *b);
str buf_str(const struct buf *b); // what was put so far; valid until the next reset
isize buf_room(const struct buf *b);
err buf_check(const struct buf *b); // BUF_FULL once an append did not fit

void buf_put(struct buf *b, str s);
void buf_put_byte(struct buf *b, u8 c);
void buf_put_fill(struct buf *b, u8 c, isize count);
void buf_put_i64(struct buf *b, i64 v);
void buf_put_u64(struct buf *b, u64 v);
void buf_put_hex(struct buf *b, str bytes);               // two lower-case digits a byte
void buf_put_decimal(struct buf *b, u64 v, isize digits); // zero-padded to `digits`
void buf_put_lower(struct buf *b, str s);                 // ASCII letters lowered

// A place for `n` bytes that the caller fills; NULL (and full) when there is no room.
u8 *buf_grab(struct buf *b, isize n);

// Removes the first `n` bytes (what was consumed) and closes the gap.
void buf_drop(struct buf *b, isize n);

#endif
