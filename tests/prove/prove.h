// SPDX-License-Identifier: Apache-2.0
// What the harnesses of tests/prove share. A harness includes the product's .c files themselves, so
// that static functions can be called; ESBMC then follows every path for every value of what
// prove_*() returns, and for every content of memory that is not initialised.
#ifndef PROVE_H
#define PROVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

// Only now: the system's headers need these names. The code for vectors is left out, the portable
// one behind the same #ifdef is proven; the unit tests compare the two.
#undef __x86_64__
#undef __SSE2__

void __ESBMC_assume(_Bool);
void __ESBMC_assert(_Bool, const char *);

#define ASSUME(x) __ESBMC_assume(x)
#define CLAIM(x) __ESBMC_assert((x), #x)
#define __builtin_trap() __ESBMC_assert(0, "ASSERT holds")

// Any value.
unsigned char nondet_uchar(void);
unsigned nondet_uint(void);
int nondet_int(void);
long nondet_long(void);
unsigned long nondet_ulong(void);
_Bool nondet_bool(void);

static inline long prove_between(long low, long high)
{
    long n = nondet_long();
    ASSUME(low <= n && n <= high);
    return n;
}

// Exactly N bytes of any value: one byte before or behind them is out of bounds.
#define PROVE_INPUT(name)      \
    u8 name##_room[N ? N : 1]; \
    str name = {name##_room + !N, N}

#endif
