// SPDX-License-Identifier: Apache-2.0
// Searches for line ends and boundary-like lines; mime_scan.h has the contract. The fast loops use
// the compiler's vectors, which every x86-64 has; elsewhere a word is searched at a time.
#include "codec/mime_scan.h"

#include <string.h>

#if defined(__SSE2__)
typedef char bytes16 __attribute__((vector_size(16)));
#define STEP 16

static bytes16 load(const u8 *p)
{
    bytes16 v;
    memcpy(&v, p, sizeof v);
    return v;
}

static bytes16 splat(char c)
{
    return (bytes16){c, c, c, c, c, c, c, c, c, c, c, c, c, c, c, c};
}

static u32 mask_eol(const u8 *p)
{
    bytes16 v = load(p);
    bytes16 hit = (bytes16)((v == splat('\n')) | (v == splat('\r')));
    return (u32)__builtin_ia32_pmovmskb128(hit);
}

static u32 mask_dashes(const u8 *p)
{
    bytes16 dash = splat('-');
    bytes16 hit = (bytes16)((load(p) == dash) & (load(p + 1) == dash));
    return (u32)__builtin_ia32_pmovmskb128(hit);
}
#else
#define STEP 8

static u32 mask_where(const u8 *p, u8 a, u8 b)
{
    u32 mask = 0;
    for (int i = 0; i < STEP; i++) {
        mask |= (u32)(p[i] == a || p[i] == b) << i;
    }
    return mask;
}

static u32 mask_eol(const u8 *p)
{
    return mask_where(p, '\n', '\r');
}

static u32 mask_dashes(const u8 *p)
{
    return mask_where(p, '-', '-') & mask_where(p + 1, '-', '-');
}
#endif

isize mime_scan_eol(str s, isize from)
{
    isize i = from;
    for (; i + STEP <= s.n; i += STEP) {
        u32 hits = mask_eol(s.p + i);
        if (hits) {
            return i + __builtin_ctz(hits);
        }
    }
    while (i < s.n && s.p[i] != '\n' && s.p[i] != '\r') {
        i++;
    }
    return i;
}

isize mime_scan_copy_line(str s, isize from, u8 *to)
{
    isize i = from;
    for (; i + STEP <= s.n; i += STEP) {
        memcpy(to + (i - from), s.p + i, STEP);
        u32 hits = mask_eol(s.p + i);
        if (hits) {
            return i + __builtin_ctz(hits);
        }
    }
    for (; i < s.n && s.p[i] != '\n' && s.p[i] != '\r'; i++) {
        to[i - from] = s.p[i];
    }
    return i;
}

isize mime_scan_after_eol(str s, isize at)
{
    if (at < s.n && s.p[at] == '\r' && at + 1 < s.n && s.p[at + 1] == '\n') {
        return at + 2;
    }
    return at < s.n ? at + 1 : s.n;
}

static bool starts_line(str s, isize i, isize from)
{
    return i == from || s.p[i - 1] == '\n' || s.p[i - 1] == '\r';
}

isize mime_scan_dashes(str s, isize from)
{
    isize i = from;
    for (; i + STEP + 1 <= s.n; i += STEP) {
        for (u32 hits = mask_dashes(s.p + i); hits; hits &= hits - 1) {
            isize at = i + __builtin_ctz(hits);
            if (starts_line(s, at, from)) {
                return at;
            }
        }
    }
    for (; i + 2 <= s.n; i++) {
        if (s.p[i] == '-' && s.p[i + 1] == '-' && starts_line(s, i, from)) {
            return i;
        }
    }
    return s.n;
}

str mime_scan_chomp(str s)
{
    if (s.n && s.p[s.n - 1] == '\n') {
        s.n--;
        if (s.n && s.p[s.n - 1] == '\r') {
            s.n--;
        }
    } else if (s.n && s.p[s.n - 1] == '\r') {
        s.n--;
    }
    return s;
}
