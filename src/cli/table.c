// SPDX-License-Identifier: Apache-2.0
// Tables (see table.h). Widths are counted in characters of UTF-8.
#include "cli/table.h"

#include "cli/output.h"

static isize table_characters(str s)
{
    isize n = 0;
    for (isize i = 0; i < s.n; i++) {
        n += (s.p[i] & 0xc0) != 0x80;
    }
    return n;
}

// The text of a cell as it is shown, in a buffer of its own.
struct table_cell {
    u8 bytes[4 * TABLE_CELL_CHARACTERS + 8];
    struct buf text;
};

static str table_cell(struct table_cell *cell, str s)
{
    cell->text = buf_over(cell->bytes, COUNT(cell->bytes));
    output_put_clean(&cell->text, s, TABLE_CELL_CHARACTERS);
    return buf_str(&cell->text);
}

static void table_line(struct buf *b, const str *cells, const isize *widths, int columns)
{
    for (int i = 0; i < columns; i++) {
        struct table_cell cell;
        str text = table_cell(&cell, cells[i]);
        buf_put(b, text);
        for (isize n = table_characters(text); i + 1 < columns && n < widths[i] + 2; n++) {
            buf_put_byte(b, ' ');
        }
    }
    buf_put_byte(b, '\n');
}

void table_put(struct buf *b, const char *const *head, int columns, const str *cells, isize rows)
{
    str names[TABLE_COLUMNS_MAX];
    isize widths[TABLE_COLUMNS_MAX];
    ASSERT(columns > 0 && columns <= TABLE_COLUMNS_MAX);
    for (int i = 0; i < columns; i++) {
        names[i] = str_from(head[i]);
        widths[i] = table_characters(names[i]);
        for (isize row = 0; row < rows; row++) {
            struct table_cell cell;
            isize n = table_characters(table_cell(&cell, cells[row * columns + i]));
            widths[i] = n > widths[i] ? n : widths[i];
        }
    }
    table_line(b, names, widths, columns);
    for (int i = 0; i < columns; i++) {
        for (isize k = 0; k < widths[i]; k++) {
            buf_put_byte(b, '-');
        }
        buf_put(b, i + 1 == columns ? S("\n") : S("  "));
    }
    for (isize row = 0; row < rows; row++) {
        table_line(b, cells + row * columns, widths, columns);
    }
}
