// SPDX-License-Identifier: Apache-2.0
// A string is a pointer and a length, by value; it owns nothing and ends with nothing.
//
// A str is valid as long as the bytes that it points into. Any byte may occur, NUL too. The length
// is signed and never negative. An empty str may have a null pointer: nothing here dereferences it.
// Functions that search return an index, or -1.
#ifndef BASE_STR_H
#define BASE_STR_H

#include "base/types.h"

struct str {
    const u8 *p;
    isize n; // bytes
};
typedef struct str str;

#define S(literal) ((str){(const u8 *)("" literal), (isize)sizeof(literal) - 1})

str str_from(const char *z); // a C string; NULL gives the empty str
str str_make(const void *p, isize n);

bool str_eq(str a, str b);
bool str_eq_nocase(str a, str b); // ASCII letters only
int str_compare(str a, str b);    // by bytes: < 0, 0, > 0
bool str_starts(str s, str prefix);
bool str_starts_nocase(str s, str prefix);
bool str_ends(str s, str suffix);

isize str_find_byte(str s, u8 c);
isize str_find(str s, str needle); // an empty needle is found at 0
bool str_contains_nocase(str s, str needle);

// Parts of a string. Bounds are the caller's to keep: 0 <= from <= to <= n, else it traps.
str str_slice(str s, isize from, isize to);
str str_from_index(str s, isize from); // s[from..]
str str_trim(str s);                   // space, tab, CR, LF at both ends
str str_trim_end(str s);

// Cuts at the first `c`: *head gets what is before it, the result is what is after it. Without `c`,
// *head is all of s and the result is empty; *found says which.
str str_cut(str s, u8 c, str *head, bool *found);

// Numbers. The whole string must be the number; no blanks, no sign for u64, no overflow.
bool str_to_u64(str s, u64 *out);
bool str_to_i64(str s, i64 *out);
bool str_to_u64_hex(str s, u64 *out);

u8 str_lower_byte(u8 c);
bool str_is_space(u8 c); // space, tab, CR, LF
bool str_is_digit(u8 c);
bool str_is_utf8(str s); // well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms)

#endif
