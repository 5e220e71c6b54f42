// SPDX-License-Identifier: Apache-2.0
// Look-ups in regex_tables.c (see regex_unicode.h): binary search; ASCII, which is nearly all that
// is asked, by comparison.
#include "codec/regex_unicode.h"

#include "codec/regex_tables.h"

enum { UNICODE_LENGTH_BITS = 11, UNICODE_LENGTH_MASK = (1 << UNICODE_LENGTH_BITS) - 1 };

// The index of the range that holds c, or -1.
static int unicode_find(const u32 *ranges, int count, u32 c)
{
    int low = 0, high = count;
    if (c > 0x10ffff) {
        return -1;
    }
    while (low < high) {
        int middle = (low + high) / 2;
        if (ranges[middle] >> UNICODE_LENGTH_BITS <= c) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == 0) {
        return -1;
    }
    u32 range = ranges[low - 1];
    return c - (range >> UNICODE_LENGTH_BITS) <= (range & UNICODE_LENGTH_MASK) ? low - 1 : -1;
}

bool regex_is_word(u32 c)
{
    if (c < 0x80) {
        u32 lower = c | 0x20;
        return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '_';
    }
    return unicode_find(regex_word, regex_word_count, c) >= 0;
}

bool regex_is_space(u32 c)
{
    if (c < 0x80) {
        return c == ' ' || (c >= 9 && c <= 13) || (c >= 28 && c <= 31);
    }
    return unicode_find(regex_space, regex_space_count, c) >= 0;
}

bool regex_is_printable(u32 c)
{
    if (c < 0x80) {
        return c >= 0x20 && c < 0x7f;
    }
    return unicode_find(regex_printable, regex_printable_count, c) >= 0;
}

int regex_digit_value(u32 c)
{
    if (c < 0x80) {
        return c >= '0' && c <= '9' ? (int)(c - '0') : -1;
    }
    // Decimal digits come as whole tens, zero first.
    int at = unicode_find(regex_digit, regex_digit_count, c);
    return at < 0 ? -1 : (int)((c - (regex_digit[at] >> UNICODE_LENGTH_BITS)) % 10);
}

// The run of pairs in which c can be, or NULL.
static const struct regex_case_run *unicode_find_run(u32 c)
{
    int low = 0, high = regex_case_runs_count;
    while (low < high) {
        int middle = (low + high) / 2;
        if (regex_case_runs[middle].first <= c) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low ? &regex_case_runs[low - 1] : NULL;
}

int regex_cases(u32 c, u32 to[REGEX_CASES_MAX])
{
    to[0] = c;
    u32 lower = c | 0x20;
    if (c < 0x80 && lower != 'i' && lower != 'k' && lower != 's') { // those have more than two
        to[1] = c ^ 0x20;
        return lower >= 'a' && lower <= 'z' ? 2 : 1;
    }
    for (int i = 0; i < regex_case_sets_count; i++) {
        int n = 0;
        bool in = false;
        for (; n < REGEX_CASES_MAX && regex_case_sets[i][n]; n++) {
            in = in || regex_case_sets[i][n] == c;
        }
        if (in) {
            for (int k = 0; k < n; k++) {
                to[k] = regex_case_sets[i][k];
            }
            return n;
        }
    }
    // Runs of stride 2 can have another run between their characters: look at two.
    const struct regex_case_run *run = unicode_find_run(c);
    for (int back = 0; run && back < 2; back++) {
        u32 offset = c - run->first;
        if (offset % run->stride == 0 && offset / run->stride < run->count) {
            to[1] = (u32)((i64)c + run->delta);
            return 2;
        }
        run = run > regex_case_runs ? run - 1 : NULL;
    }
    return 1;
}
