// SPDX-License-Identifier: Apache-2.0
// What a character is: the questions that patterns, numbers and text forms in the manner of Python
// ask. Any u32 may be asked; what is no character is nothing. Pure, no memory.
#ifndef CODEC_REGEX_UNICODE_H
#define CODEC_REGEX_UNICODE_H

#include "base/types.h"

enum { REGEX_CASES_MAX = 4 };

bool regex_is_word(u32 c);      // str.isalnum() or '_'
bool regex_is_space(u32 c);     // str.isspace()
bool regex_is_printable(u32 c); // str.isprintable()
int regex_digit_value(u32 c);   // of str.isdecimal() characters; -1: it is none

// All characters that are `c` when case is ignored, itself among them: 1 to 4.
int regex_cases(u32 c, u32 to[REGEX_CASES_MAX]);

#endif
