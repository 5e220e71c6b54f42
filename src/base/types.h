// SPDX-License-Identifier: Apache-2.0
// The integer names, and the three macros, that every file uses.
// ASSERT is always on and traps. It guards what only our own code can break; it never tests what a
// peer, a file or a clock can influence: those are errors (base/err.h).
#ifndef BASE_TYPES_H
#define BASE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t i64;
typedef ptrdiff_t isize;

#define ASSERT(x)             \
    do {                      \
        if (!(x)) {           \
            __builtin_trap(); \
        }                     \
    } while (0)

#define COUNT(a) ((isize)(sizeof(a) / sizeof((a)[0])))

#define KIB(n) ((isize)(n)*1024)
#define MIB(n) ((isize)(n)*1024 * 1024)

#endif
