// SPDX-License-Identifier: Apache-2.0
// A table of texts on a terminal: columns as wide as their widest cell, a line under the head.
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include "base/buf.h"
#include "limits.h"

// `cells` holds rows * columns texts, row by row; cells longer than TABLE_CELL_CHARACTERS are cut.
// What could move the cursor becomes '?'.
void table_put(struct buf *b, const char *const *head, int columns, const str *cells, isize rows);

#endif
