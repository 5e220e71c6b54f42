// SPDX-License-Identifier: Apache-2.0
// BER both ways (see ber.h). All reading goes through one function, which knows tag and length and
// compares them with what is there; no state, no memory of its own.
#include "codec/ber.h"

#include <string.h>

#define BER_LONG 0x80    // the length follows in so many bytes
#define BER_TAG_LOW 0x1f // in a tag: more bytes of it follow, which neither LDAP nor SPNEGO has
#define BER_LENGTH_BYTES 4

enum ber_verdict ber_element_bytes(str in, isize *bytes)
{
    if (in.n >= 1 && (in.p[0] & BER_TAG_LOW) == BER_TAG_LOW) {
        return BER_BAD;
    }
    if (in.n < 2) {
        return BER_MORE;
    }
    isize length = in.p[1], head = 2;
    if (length >= BER_LONG) {
        isize count = length - BER_LONG; // 0: indefinite, RFC 4511, section 5.1
        if (count == 0 || count > BER_LENGTH_BYTES) {
            return BER_BAD;
        }
        if (in.n < 2 + count) {
            return BER_MORE;
        }
        for (length = 0; head < 2 + count; head++) {
            length = length << 8 | in.p[head];
        }
    }
    *bytes = head + length;
    return BER_WHOLE;
}

int ber_peek(str in)
{
    return in.n ? in.p[0] : -1;
}

bool ber_take_any(str *in, u8 *tag, str *content)
{
    isize bytes;
    if (ber_element_bytes(*in, &bytes) != BER_WHOLE || bytes > in->n) {
        return false;
    }
    isize head = in->p[1] < BER_LONG ? 2 : 2 + (in->p[1] - BER_LONG);
    *tag = in->p[0];
    *content = str_slice(*in, head, bytes);
    *in = str_from_index(*in, bytes);
    return true;
}

bool ber_take(str *in, u8 tag, str *content)
{
    u8 found;
    return ber_peek(*in) == tag && ber_take_any(in, &found, content);
}

bool ber_take_optional(str *in, u8 tag, str *content)
{
    *content = (str){0};
    return ber_peek(*in) != tag || ber_take(in, tag, content);
}

bool ber_take_int(str *in, u8 tag, i64 *value)
{
    str rest = *in, content;
    if (!ber_take(&rest, tag, &content) || content.n < 1 || content.n > (isize)sizeof *value) {
        return false;
    }
    u64 bits = content.p[0] & 0x80 ? ~(u64)0 : 0; // two's complement
    for (isize i = 0; i < content.n; i++) {
        bits = bits << 8 | content.p[i];
    }
    *value = (i64)bits;
    *in = rest;
    return true;
}

bool ber_take_bool(str *in, u8 tag, bool *value)
{
    str rest = *in, content;
    if (!ber_take(&rest, tag, &content) || content.n != 1) {
        return false;
    }
    *value = content.p[0] != 0;
    *in = rest;
    return true;
}

// The bytes that `length` takes behind the tag; written to `to` unless it is NULL.
static isize ber_length(isize length, u8 *to)
{
    isize count = 0;
    for (isize rest = length; length >= BER_LONG && rest; rest >>= 8) {
        count++;
    }
    if (to) {
        to[0] = (u8)(count ? BER_LONG | count : length);
        for (isize i = count; i > 0; i--, length >>= 8) {
            to[i] = (u8)length;
        }
    }
    return 1 + count;
}

isize ber_open(struct buf *b, u8 tag)
{
    buf_put_byte(b, tag);
    buf_put_byte(b, 0);
    return b->n;
}

void ber_close(struct buf *b, isize place)
{
    isize length = b->n - place;
    isize more = ber_length(length, NULL) - 1; // than the byte that ber_open() left
    if (!b->full && buf_grab(b, more)) {
        u8 *content = b->p + place;
        memmove(content + more, content, (size_t)length);
        ber_length(length, content - 1);
    }
}

void ber_put(struct buf *b, u8 tag, str content)
{
    u8 length[1 + sizeof(isize)];
    buf_put_byte(b, tag);
    buf_put(b, str_make(length, ber_length(content.n, length)));
    buf_put(b, content);
}

void ber_put_int(struct buf *b, u8 tag, i64 value)
{
    isize count = 1; // the bytes before these would only repeat the sign
    while (count < (isize)sizeof value && value >> (8 * count - 1) != (value < 0 ? -1 : 0)) {
        count++;
    }
    buf_put_byte(b, tag);
    buf_put_byte(b, (u8)count);
    for (isize i = count; i > 0; i--) {
        buf_put_byte(b, (u8)((u64)value >> 8 * (i - 1)));
    }
}

void ber_put_bool(struct buf *b, u8 tag, bool value)
{
    u8 byte = value ? 0xff : 0;
    ber_put(b, tag, str_make(&byte, 1));
}
