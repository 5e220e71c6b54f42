// SPDX-License-Identifier: Apache-2.0
// Levenshtein distance by one row of the table (see config_names.h).
#include "cli/config_names.h"

#define NAME_BYTES 96

int config_names_distance(str a, str b)
{
    int row[NAME_BYTES + 1] = {0};
    if (a.n > NAME_BYTES || b.n > NAME_BYTES) {
        return NAME_BYTES;
    }
    for (isize j = 0; j <= b.n; j++) {
        row[j] = (int)j;
    }
    for (isize i = 0; i < a.n; i++) {
        int diagonal = row[0];
        row[0] = (int)i + 1;
        for (isize j = 0; j < b.n; j++) {
            int replaced = diagonal + (str_lower_byte(a.p[i]) != str_lower_byte(b.p[j]));
            diagonal = row[j + 1];
            int shorter = (row[j] < row[j + 1] ? row[j] : row[j + 1]) + 1;
            row[j + 1] = replaced < shorter ? replaced : shorter;
        }
    }
    return row[b.n];
}
