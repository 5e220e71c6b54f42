// SPDX-License-Identifier: Apache-2.0
// The tenant's BER; see t_ber.h.
#include "t_ber.h"

#include <string.h>

// Head of an element: its bytes, or 0 when more are needed, or -1.
static isize head(str in, u8 *tag, isize *length)
{
    if (in.n < 2) {
        return 0;
    }
    *tag = in.p[0];
    u8 first = in.p[1];
    if ((*tag & 31) == 31 || first == 0x80 || first > 0x84) {
        return -1; // long tags and indefinite lengths are not LDAP
    }
    if (first < 0x80) {
        *length = first;
        return 2;
    }
    int bytes = first - 0x80;
    if (in.n < 2 + bytes) {
        return 0;
    }
    u64 n = 0;
    for (int i = 0; i < bytes; i++) {
        n = n << 8 | in.p[2 + i];
    }
    *length = (isize)n;
    return 2 + bytes;
}

isize t_ber_whole(str in, isize most)
{
    u8 tag = 0;
    isize length = 0, n = head(in, &tag, &length);
    if (n <= 0) {
        return n;
    }
    return length > most ? -1 : n + length;
}

bool t_ber_next(str *in, u8 *tag, str *content)
{
    isize length = 0, n = head(*in, tag, &length);
    if (n <= 0 || length > in->n - n) {
        return false;
    }
    *content = str_slice(*in, n, n + length);
    *in = str_from_index(*in, n + length);
    return true;
}

bool t_ber_take(str *in, u8 tag, str *content)
{
    str rest = *in;
    u8 found = 0;
    if (!t_ber_next(&rest, &found, content) || found != tag) {
        return false;
    }
    *in = rest;
    return true;
}

bool t_ber_int(str *in, u8 tag, i64 *n)
{
    str c;
    if (!t_ber_take(in, tag, &c) || c.n < 1 || c.n > 8) {
        return false;
    }
    u64 v = c.p[0] & 0x80 ? ~(u64)0 : 0;
    for (isize i = 0; i < c.n; i++) {
        v = v << 8 | c.p[i];
    }
    *n = (i64)v;
    return true;
}

// Room for the longest form; close moves the content when a shorter one is wanted.
void t_ber_open(struct t_ber *w, u8 tag)
{
    ASSERT(w->depth < (int)COUNT(w->open));
    t_buf_byte(w->b, tag);
    w->open[w->depth++] = w->b->n;
    t_buf_fill(w->b, 0, 5);
}

static int length_form(isize n, u8 out[5])
{
    if (n < 128) {
        out[0] = (u8)n;
        return 1;
    }
    int bytes = n < 256 ? 1 : n < 65536 ? 2 : n < 1 << 24 ? 3 : 4;
    out[0] = (u8)(0x80 + bytes);
    for (int i = 0; i < bytes; i++) {
        out[1 + i] = (u8)(n >> (8 * (bytes - 1 - i)));
    }
    return 1 + bytes;
}

void t_ber_close(struct t_ber *w)
{
    ASSERT(w->depth > 0);
    isize at = w->open[--w->depth], n = w->b->n - at - 5;
    u8 form[5] = {0x84, (u8)(n >> 24), (u8)(n >> 16), (u8)(n >> 8), (u8)n};
    int bytes = w->wide ? 5 : length_form(n, form);
    memcpy(w->b->p + at, form, (size_t)bytes);
    memmove(w->b->p + at + bytes, w->b->p + at + 5, (size_t)n);
    w->b->n -= 5 - bytes;
}

void t_ber_put(struct t_ber *w, u8 tag, str content)
{
    u8 form[5];
    t_buf_byte(w->b, tag);
    t_buf_put(w->b, str_make(form, length_form(content.n, form)));
    t_buf_put(w->b, content);
}

void t_ber_put_int(struct t_ber *w, u8 tag, i64 n)
{
    u8 bytes[8];
    int count = 8;
    for (int i = 0; i < 8; i++) {
        bytes[i] = (u8)((u64)n >> (8 * (7 - i)));
    }
    // The shortest form: leading bytes that only repeat the sign go.
    while (count > 1) {
        u8 first = bytes[8 - count], second = bytes[9 - count];
        bool repeats = (first == 0 && !(second & 0x80)) || (first == 0xFF && (second & 0x80));
        if (!repeats) {
            break;
        }
        count--;
    }
    t_ber_put(w, tag, str_make(bytes + 8 - count, count));
}
