// SPDX-License-Identifier: Apache-2.0
// The tenant's memory, base64 and dates; see t_mem.h.
#include "t_mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/date.h"

void *t_alloc(isize bytes)
{
    void *p = calloc(1, (size_t)(bytes > 0 ? bytes : 1));
    ASSERT(p);
    return p;
}

void *t_resize(void *p, isize bytes)
{
    void *q = realloc(p, (size_t)(bytes > 0 ? bytes : 1));
    ASSERT(q);
    return q;
}

void t_free(void *p)
{
    free(p);
}

void t_buf_free(struct t_buf *b)
{
    free(b->p);
    *b = (struct t_buf){0};
}

u8 *t_buf_grab(struct t_buf *b, isize n)
{
    if (n > b->cap - b->n) {
        isize cap = b->cap + b->cap / 2;
        if (cap < b->n + n) {
            cap = b->n + n;
        }
        cap = cap < 256 ? 256 : cap;
        b->p = t_resize(b->p, cap);
        b->cap = cap;
    }
    u8 *at = b->p + b->n;
    b->n += n;
    return at;
}

void t_buf_put(struct t_buf *b, str s)
{
    if (s.n > 0) {
        memcpy(t_buf_grab(b, s.n), s.p, (size_t)s.n);
    }
}

void t_buf_byte(struct t_buf *b, u8 c)
{
    *t_buf_grab(b, 1) = c;
}

void t_buf_z(struct t_buf *b, const char *z)
{
    t_buf_put(b, str_from(z));
}

void t_buf_fill(struct t_buf *b, u8 c, isize count)
{
    if (count > 0) {
        memset(t_buf_grab(b, count), c, (size_t)count);
    }
}

void t_buf_drop(struct t_buf *b, isize n)
{
    ASSERT(n >= 0 && n <= b->n);
    b->n -= n;
    if (b->n > 0) {
        memmove(b->p, b->p + n, (size_t)b->n);
    }
}

void t_buf_printf(struct t_buf *b, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    ASSERT(n >= 0);
    if (n < (int)sizeof(text)) {
        t_buf_put(b, str_make(text, n));
        return;
    }
    va_start(args, format);
    u8 *at = t_buf_grab(b, (isize)n + 1);
    vsnprintf((char *)at, (size_t)n + 1, format, args);
    va_end(args);
    b->n--;
}

str t_buf_str(const struct t_buf *b)
{
    return str_make(b->p, b->n);
}

char *t_strdup(str s)
{
    char *z = t_alloc(s.n + 1);
    if (s.n > 0) {
        memcpy(z, s.p, (size_t)s.n);
    }
    return z;
}

static const char base64_digits[2][65] = {
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
};

void t_base64_put(struct t_buf *b, str s, bool url)
{
    const char *digits = base64_digits[url ? 1 : 0];
    u8 *out = t_buf_grab(b, (s.n + 2) / 3 * 4);
    isize i = 0;
    for (; i + 2 < s.n; i += 3) {
        u32 v = (u32)s.p[i] << 16 | (u32)s.p[i + 1] << 8 | s.p[i + 2];
        *out++ = (u8)digits[v >> 18];
        *out++ = (u8)digits[v >> 12 & 63];
        *out++ = (u8)digits[v >> 6 & 63];
        *out++ = (u8)digits[v & 63];
    }
    if (i < s.n) {
        bool two = i + 1 < s.n;
        u32 v = (u32)s.p[i] << 16 | (two ? (u32)s.p[i + 1] << 8 : 0);
        *out++ = (u8)digits[v >> 18];
        *out++ = (u8)digits[v >> 12 & 63];
        *out++ = two ? (u8)digits[v >> 6 & 63] : (u8)'=';
        *out = '=';
    }
}

static int base64_value(u8 c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    if (c == '+' || c == '-') {
        return 62;
    }
    return c == '/' || c == '_' ? 63 : -1;
}

bool t_base64_decode(struct t_buf *b, str s)
{
    while (s.n > 0 && s.p[s.n - 1] == '=') {
        s.n--;
    }
    u32 v = 0;
    int bits = 0;
    for (isize i = 0; i < s.n; i++) {
        int d = base64_value(s.p[i]);
        if (d < 0) {
            return false;
        }
        v = v << 6 | (u32)d;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            t_buf_byte(b, (u8)(v >> bits));
        }
    }
    return s.n % 4 != 1;
}

void t_put_mail_date(struct t_buf *b, i64 unix_ms)
{
    static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct date d = date_from_unix(unix_ms / 1000);
    t_buf_printf(b, "%s, %02d %s %04d %02d:%02d:%02d +0000", days[d.weekday % 7], d.day,
                 months[(d.month - 1) % 12], (int)d.year, d.hour, d.minute, d.second);
}

void t_put_iso_date(struct t_buf *b, i64 unix_ms)
{
    struct date d = date_from_unix(unix_ms / 1000);
    t_buf_printf(b, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", (int)d.year, d.month, d.day, d.hour,
                 d.minute, d.second, (int)(unix_ms % 1000));
}
