// SPDX-License-Identifier: Apache-2.0
// memcpy and memmove in place of musl's, which the linker then leaves out.
//
// A mail is copied in thousands of runs of a few bytes (words of a header, lines, escapes), and
// musl's "rep movsq" costs more to start than such a run to copy: 15 % of a whole sync. Here
// everything up to 128 bytes is loaded into registers and then stored, so that overlap needs no
// thought; longer runs go in steps of 64 bytes. Both functions are the same: the check for overlap
// costs nothing next to a call. glibc has its own for every processor, and the sanitizers replace
// them, so that only the musl builds take these.
#include <string.h>

#include "base/types.h"

#if !defined(__GLIBC__) && defined(__SSE2__)

typedef u8 copy_lane __attribute__((vector_size(16), aligned(1), may_alias));
typedef u64 copy_word __attribute__((aligned(1), may_alias));
typedef u32 copy_half __attribute__((aligned(1), may_alias));
typedef u16 copy_pair __attribute__((aligned(1), may_alias));

// The compiler must not make a call of memcpy out of the loops below.
#define COPY_AS_WRITTEN __attribute__((optimize("no-tree-loop-distribute-patterns")))

#define COPY_LOAD(p) (*(const copy_lane *)(const void *)(p))
#define COPY_STORE(p, v) (*(copy_lane *)(void *)(p) = (v))

// Up to 16 bytes: two loads that overlap in the middle.
static void copy_few(u8 *to, const u8 *from, size_t n)
{
    if (n >= 8) {
        u64 a = *(const copy_word *)(const void *)from;
        u64 b = *(const copy_word *)(const void *)(from + n - 8);
        *(copy_word *)(void *)to = a;
        *(copy_word *)(void *)(to + n - 8) = b;
    } else if (n >= 4) {
        u32 a = *(const copy_half *)(const void *)from;
        u32 b = *(const copy_half *)(const void *)(from + n - 4);
        *(copy_half *)(void *)to = a;
        *(copy_half *)(void *)(to + n - 4) = b;
    } else if (n >= 2) {
        u16 a = *(const copy_pair *)(const void *)from;
        u16 b = *(const copy_pair *)(const void *)(from + n - 2);
        *(copy_pair *)(void *)to = a;
        *(copy_pair *)(void *)(to + n - 2) = b;
    } else if (n) {
        *to = *from;
    }
}

// 17 to 128 bytes.
static void copy_some(u8 *to, const u8 *from, size_t n)
{
    copy_lane a = COPY_LOAD(from), z = COPY_LOAD(from + n - 16);
    if (n > 32) {
        copy_lane b = COPY_LOAD(from + 16), y = COPY_LOAD(from + n - 32);
        if (n > 64) {
            copy_lane c = COPY_LOAD(from + 32), d = COPY_LOAD(from + 48);
            copy_lane w = COPY_LOAD(from + n - 64), x = COPY_LOAD(from + n - 48);
            COPY_STORE(to + 32, c);
            COPY_STORE(to + 48, d);
            COPY_STORE(to + n - 64, w);
            COPY_STORE(to + n - 48, x);
        }
        COPY_STORE(to + 16, b);
        COPY_STORE(to + n - 32, y);
    }
    COPY_STORE(to, a);
    COPY_STORE(to + n - 16, z);
}

static void copy_step(u8 *to, const u8 *from)
{
    copy_lane a = COPY_LOAD(from), b = COPY_LOAD(from + 16);
    copy_lane c = COPY_LOAD(from + 32), d = COPY_LOAD(from + 48);
    COPY_STORE(to, a);
    COPY_STORE(to + 16, b);
    COPY_STORE(to + 32, c);
    COPY_STORE(to + 48, d);
}

// More than 128 bytes, `to` not inside them: the last 64 are loaded before anything is stored.
COPY_AS_WRITTEN static void copy_up(u8 *to, const u8 *from, size_t n)
{
    const u8 *last = from + n - 64;
    copy_lane w = COPY_LOAD(last), x = COPY_LOAD(last + 16);
    copy_lane y = COPY_LOAD(last + 32), z = COPY_LOAD(last + 48);
    for (size_t i = 0; i < n - 64; i += 64) {
        copy_step(to + i, from + i);
    }
    COPY_STORE(to + n - 64, w);
    COPY_STORE(to + n - 48, x);
    COPY_STORE(to + n - 32, y);
    COPY_STORE(to + n - 16, z);
}

// The same from the end, for a `to` that lies inside.
COPY_AS_WRITTEN static void copy_down(u8 *to, const u8 *from, size_t n)
{
    copy_lane a = COPY_LOAD(from), b = COPY_LOAD(from + 16);
    copy_lane c = COPY_LOAD(from + 32), d = COPY_LOAD(from + 48);
    for (size_t i = n; i > 64; i -= 64) {
        copy_step(to + i - 64, from + i - 64);
    }
    COPY_STORE(to, a);
    COPY_STORE(to + 16, b);
    COPY_STORE(to + 32, c);
    COPY_STORE(to + 48, d);
}

void *memmove(void *to, const void *from, size_t n)
{
    if (n <= 16) {
        copy_few(to, from, n);
    } else if (n <= 128) {
        copy_some(to, from, n);
    } else if ((uintptr_t)to - (uintptr_t)from >= n) {
        copy_up(to, from, n);
    } else {
        copy_down(to, from, n);
    }
    return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t n)
    __attribute__((alias("memmove")));

#endif
