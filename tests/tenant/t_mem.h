// SPDX-License-Identifier: Apache-2.0
// Memory of the fake tenant: a growable buffer over libc's heap, base64, and text helpers.
//
// The tenant is test code: it may allocate, and it traps when memory runs out. What is printed
// never depends on the locale. Of src/ it uses base/ only, so that a mistake in a codec of the
// product cannot be made here a second time.
#ifndef TENANT_MEM_H
#define TENANT_MEM_H

#include "base/str.h"

struct t_buf {
    u8 *p;
    isize n, cap; // bytes
};

void *t_alloc(isize bytes); // zeroed
void *t_resize(void *p, isize bytes);
void t_free(void *p);

void t_buf_free(struct t_buf *b);
u8 *t_buf_grab(struct t_buf *b, isize n); // room for n more bytes, which count as written
void t_buf_put(struct t_buf *b, str s);
void t_buf_byte(struct t_buf *b, u8 c);
void t_buf_z(struct t_buf *b, const char *z);
void t_buf_fill(struct t_buf *b, u8 c, isize count);
void t_buf_drop(struct t_buf *b, isize n); // from the front
__attribute__((format(printf, 2, 3))) void t_buf_printf(struct t_buf *b, const char *format, ...);
str t_buf_str(const struct t_buf *b);
char *t_strdup(str s); // with a NUL

void t_base64_put(struct t_buf *b, str s, bool url); // padded with '=' in both alphabets
bool t_base64_decode(struct t_buf *b, str s);        // both alphabets, padding optional

// A date for people and protocols: RFC 5322 (+0000) and RFC 3339 with milliseconds.
void t_put_mail_date(struct t_buf *b, i64 unix_ms);
void t_put_iso_date(struct t_buf *b, i64 unix_ms);

#endif
