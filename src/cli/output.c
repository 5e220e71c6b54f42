// SPDX-License-Identifier: Apache-2.0
// What is fit for a screen (see output.h).
#include "cli/output.h"

// Bytes of the character at s[0] that may stand as it is; 0: it has to be replaced.
static isize output_character_bytes(str s)
{
    u8 c = s.p[0];
    if (c < 0x80) {
        return c >= ' ' && c != 0x7f;
    }
    isize n = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
    if (n > s.n || !str_is_utf8(str_slice(s, 0, n))) {
        return 0;
    }
    bool c1 = c == 0xc2 && s.p[1] < 0xa0;
    // U+200E, U+200F, U+2028 to U+202E and U+2066 to U+2069: line ends and directions.
    bool turns = c == 0xe2 && ((s.p[1] == 0x80 && (s.p[2] == 0x8e || s.p[2] == 0x8f ||
                                                   (s.p[2] >= 0xa8 && s.p[2] <= 0xae))) ||
                               (s.p[1] == 0x81 && s.p[2] >= 0xa6 && s.p[2] <= 0xa9));
    return c1 || turns ? 0 : n;
}

void output_put_clean(struct buf *b, str s, isize characters)
{
    for (isize count = 0; s.n; count++) {
        if (count == characters) {
            buf_put(b, S("..."));
            return;
        }
        isize n = output_character_bytes(s);
        if (n) {
            buf_put(b, str_slice(s, 0, n));
        } else {
            buf_put_byte(b, '?');
        }
        s = str_from_index(s, n ? n : 1);
    }
}

void output_put_bytes(struct buf *b, i64 bytes)
{
    static const char *const units[] = {" bytes", " KiB", " MiB", " GiB", " TiB"};
    isize unit = 0;
    i64 tenths = bytes * 10;
    for (; tenths >= 10240 && unit + 1 < COUNT(units); unit++) {
        tenths /= 1024;
    }
    buf_put_i64(b, tenths / 10);
    if (unit) {
        buf_put_byte(b, '.');
        buf_put_i64(b, tenths % 10);
    }
    buf_put(b, str_from(units[unit]));
}

void output_put_duration(struct buf *b, i64 ms)
{
    i64 s = ms / 1000;
    if (s < 60) {
        buf_put_i64(b, s);
        buf_put_byte(b, '.');
        buf_put_i64(b, ms / 100 % 10);
        buf_put(b, S(" s"));
        return;
    }
    bool hours = s >= 3600;
    buf_put_i64(b, hours ? s / 3600 : s / 60);
    buf_put_byte(b, hours ? 'h' : 'm');
    buf_put_decimal(b, (u64)(hours ? s / 60 % 60 : s % 60), 2);
    buf_put_byte(b, hours ? 'm' : 's');
}

void output_put_thousands(struct buf *b, i64 v)
{
    u8 bytes[24];
    struct buf digits = buf_over(bytes, COUNT(bytes));
    buf_put_i64(&digits, v);
    for (isize i = 0; i < digits.n; i++) {
        if (i && (digits.n - i) % 3 == 0 && bytes[i - 1] != '-') {
            buf_put_byte(b, ',');
        }
        buf_put_byte(b, bytes[i]);
    }
}

void output_put_left(struct buf *b, str s, isize width)
{
    buf_put(b, s);
    buf_put_fill(b, ' ', width > s.n ? width - s.n : 0);
}

void output_put_right(struct buf *b, str s, isize width)
{
    buf_put_fill(b, ' ', width > s.n ? width - s.n : 0);
    buf_put(b, s);
}
