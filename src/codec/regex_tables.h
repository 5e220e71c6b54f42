// SPDX-License-Identifier: Apache-2.0
// What Unicode says of characters, as CPython 3.11 knows it (Unicode 14): written by
// regex_tables.py. Some 10 KB. Ranges are packed: first character << 11 | length - 1; ascending.
#ifndef CODEC_REGEX_TABLES_H
#define CODEC_REGEX_TABLES_H

#include "base/types.h"

extern const u32 regex_word[], regex_digit[], regex_space[], regex_printable[];
extern const int regex_word_count, regex_digit_count, regex_space_count, regex_printable_count;

// `count` characters from `first`, `stride` apart, whose other case is `delta` further; each pair
// is there in both directions. Ascending.
struct regex_case_run {
    u32 first;
    int delta;
    u16 count, stride;
};
extern const struct regex_case_run regex_case_runs[];
extern const int regex_case_runs_count;

// Three or four characters that are one when case is ignored (k, K, the Kelvin sign); 0 fills up.
extern const u16 regex_case_sets[][4];
extern const int regex_case_sets_count;

#endif
