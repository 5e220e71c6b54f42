// SPDX-License-Identifier: Apache-2.0
// Strings by pointer and length. Pure functions; nothing is copied or owned.
#include "base/str.h"

#include <string.h>

str str_from(const char *z)
{
    return z ? (str){(const u8 *)z, (isize)strlen(z)} : (str){0};
}

str str_make(const void *p, isize n)
{
    ASSERT(n >= 0);
    return (str){p, n};
}

u8 str_lower_byte(u8 c)
{
    return c >= 'A' && c <= 'Z' ? (u8)(c | 0x20) : c;
}

bool str_is_space(u8 c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool str_is_digit(u8 c)
{
    return c >= '0' && c <= '9';
}

bool str_eq(str a, str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, (size_t)a.n) == 0);
}

bool str_eq_nocase(str a, str b)
{
    return a.n == b.n && str_starts_nocase(a, b);
}

int str_compare(str a, str b)
{
    isize n = a.n < b.n ? a.n : b.n;
    int order = n ? memcmp(a.p, b.p, (size_t)n) : 0;
    if (order) {
        return order;
    }
    return a.n < b.n ? -1 : a.n > b.n;
}

bool str_starts(str s, str prefix)
{
    return s.n >= prefix.n && str_eq((str){s.p, prefix.n}, prefix);
}

bool str_starts_nocase(str s, str prefix)
{
    if (s.n < prefix.n) {
        return false;
    }
    for (isize i = 0; i < prefix.n; i++) {
        if (str_lower_byte(s.p[i]) != str_lower_byte(prefix.p[i])) {
            return false;
        }
    }
    return true;
}

bool str_ends(str s, str suffix)
{
    return s.n >= suffix.n && str_eq(str_from_index(s, s.n - suffix.n), suffix);
}

isize str_find_byte(str s, u8 c)
{
    const u8 *hit = s.n ? memchr(s.p, c, (size_t)s.n) : NULL;
    return hit ? hit - s.p : -1;
}

isize str_find(str s, str needle)
{
    if (needle.n == 0) {
        return 0;
    }
    for (isize from = 0; from <= s.n - needle.n;) {
        isize hit = str_find_byte((str){s.p + from, s.n - needle.n + 1 - from}, needle.p[0]);
        if (hit < 0) {
            return -1;
        }
        from += hit;
        if (memcmp(s.p + from, needle.p, (size_t)needle.n) == 0) {
            return from;
        }
        from++;
    }
    return -1;
}

bool str_contains_nocase(str s, str needle)
{
    for (isize i = 0; i <= s.n - needle.n; i++) {
        if (str_starts_nocase(str_from_index(s, i), needle)) {
            return true;
        }
    }
    return false;
}

str str_slice(str s, isize from, isize to)
{
    ASSERT(0 <= from && from <= to && to <= s.n);
    return (str){from ? s.p + from : s.p, to - from}; // NULL + 0 is undefined
}

str str_from_index(str s, isize from)
{
    return str_slice(s, from, s.n);
}

str str_trim_end(str s)
{
    while (s.n && str_is_space(s.p[s.n - 1])) {
        s.n--;
    }
    return s;
}

str str_trim(str s)
{
    while (s.n && str_is_space(s.p[0])) {
        s = str_from_index(s, 1);
    }
    return str_trim_end(s);
}

str str_cut(str s, u8 c, str *head, bool *found)
{
    isize at = str_find_byte(s, c);
    *found = at >= 0;
    if (at < 0) {
        *head = s;
        return str_from_index(s, s.n);
    }
    *head = str_slice(s, 0, at);
    return str_from_index(s, at + 1);
}

static bool str_to_number(str s, u64 base, u64 *out)
{
    u64 value = 0;
    for (isize i = 0; i < s.n; i++) {
        u8 c = str_lower_byte(s.p[i]);
        u64 digit = str_is_digit(c)        ? (u64)(c - '0')
                    : c >= 'a' && c <= 'f' ? (u64)(c - 'a') + 10
                                           : 99;
        if (digit >= base || value > (UINT64_MAX - digit) / base) {
            return false;
        }
        value = value * base + digit;
    }
    *out = value;
    return s.n > 0;
}

bool str_to_u64(str s, u64 *out)
{
    return str_to_number(s, 10, out);
}

bool str_to_u64_hex(str s, u64 *out)
{
    return str_to_number(s, 16, out);
}

bool str_to_i64(str s, i64 *out)
{
    bool negative = s.n && s.p[0] == '-';
    u64 value = 0;
    if (!str_to_number(negative ? str_from_index(s, 1) : s, 10, &value)) {
        return false;
    }
    if (value > (u64)INT64_MAX + (negative ? 1 : 0)) {
        return false;
    }
    *out = negative ? (i64)(0 - value) : (i64)value;
    return true;
}

// Bytes of the UTF-8 sequence at s[i], or 0 where there is none (RFC 3629, section 4).
static isize str_utf8_step(str s, isize i)
{
    u8 a = s.p[i];
    isize n = a < 0x80                ? 1
              : a >= 0xc2 && a < 0xe0 ? 2
              : a >= 0xe0 && a < 0xf0 ? 3
              : a >= 0xf0 && a < 0xf5 ? 4
                                      : 0;
    if (n == 0 || n > s.n - i) {
        return 0;
    }
    u8 low = a == 0xe0 ? 0xa0 : a == 0xf0 ? 0x90 : 0x80;
    u8 high = a == 0xed ? 0x9f : a == 0xf4 ? 0x8f : 0xbf;
    if (n > 1 && (s.p[i + 1] < low || s.p[i + 1] > high)) {
        return 0;
    }
    for (isize k = 2; k < n; k++) {
        if ((s.p[i + k] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return n;
}

bool str_is_utf8(str s)
{
    for (isize i = 0; i < s.n;) {
        isize step = str_utf8_step(s, i);
        if (step == 0) {
            return false;
        }
        i += step;
    }
    return true;
}
