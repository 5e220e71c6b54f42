// SPDX-License-Identifier: Apache-2.0
// Appending to fixed memory; the first failure sticks (see buf.h).
#include "base/buf.h"

#include <string.h>

struct buf buf_over(void *p, isize cap)
{
    ASSERT(cap >= 0);
    return (struct buf){.p = p, .cap = cap};
}

void buf_reset(struct buf *b)
{
    b->n = 0;
    b->full = false;
}

str buf_str(const struct buf *b)
{
    return (str){b->p, b->n};
}

isize buf_room(const struct buf *b)
{
    return b->full ? 0 : b->cap - b->n;
}

err buf_check(const struct buf *b)
{
    return b->full ? FAIL(BUF_FULL) : OK;
}

u8 *buf_grab(struct buf *b, isize n)
{
    ASSERT(n >= 0);
    if (b->full || n > b->cap - b->n) {
        b->full = true;
        return NULL;
    }
    u8 *at = b->p + b->n;
    b->n += n;
    return at;
}

void buf_put(struct buf *b, str s)
{
    u8 *at = buf_grab(b, s.n);
    if (at && s.n) {
        memcpy(at, s.p, (size_t)s.n);
    }
}

void buf_put_byte(struct buf *b, u8 c)
{
    u8 *at = buf_grab(b, 1);
    if (at) {
        *at = c;
    }
}

void buf_put_fill(struct buf *b, u8 c, isize count)
{
    u8 *at = buf_grab(b, count);
    if (at && count) {
        memset(at, c, (size_t)count);
    }
}

static void buf_put_number(struct buf *b, bool negative, u64 v)
{
    u8 digits[21]; // a sign, and 20 for 2^64
    isize i = COUNT(digits);
    do {
        digits[--i] = (u8)('0' + v % 10);
        v /= 10;
    } while (v);
    if (negative) {
        digits[--i] = '-';
    }
    buf_put(b, (str){digits + i, COUNT(digits) - i});
}

void buf_put_u64(struct buf *b, u64 v)
{
    buf_put_number(b, false, v);
}

void buf_put_i64(struct buf *b, i64 v)
{
    buf_put_number(b, v < 0, v < 0 ? 0 - (u64)v : (u64)v);
}

void buf_put_decimal(struct buf *b, u64 v, isize digits)
{
    u8 *at = buf_grab(b, digits);
    for (isize i = digits; at && i > 0; v /= 10) {
        at[--i] = (u8)('0' + v % 10);
    }
}

void buf_put_hex(struct buf *b, str bytes)
{
    u8 *at = buf_grab(b, bytes.n * 2);
    for (isize i = 0; at && i < bytes.n; i++) {
        at[2 * i] = (u8) "0123456789abcdef"[bytes.p[i] >> 4];
        at[2 * i + 1] = (u8) "0123456789abcdef"[bytes.p[i] & 15];
    }
}

void buf_put_lower(struct buf *b, str s)
{
    u8 *at = buf_grab(b, s.n);
    for (isize i = 0; at && i < s.n; i++) {
        at[i] = str_lower_byte(s.p[i]);
    }
}

void buf_drop(struct buf *b, isize n)
{
    ASSERT(0 <= n && n <= b->n);
    if (n && n < b->n) {
        memmove(b->p, b->p + n, (size_t)(b->n - n));
    }
    b->n -= n;
}
