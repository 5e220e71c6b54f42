// SPDX-License-Identifier: Apache-2.0
// Printing times and dates (see outlook_time.h).
#include "source/outlook/outlook_time.h"

#include "base/date.h"

static void time_put_padded(struct buf *b, i64 value, int digits)
{
    i64 power = 1;
    for (int i = 1; i < digits; i++) {
        power *= 10;
    }
    for (; power; power /= 10) {
        buf_put_byte(b, (u8)('0' + value / power % 10));
    }
}

static void time_put_day(struct buf *b, const struct date *d)
{
    time_put_padded(b, d->year, 4);
    buf_put_byte(b, '-');
    time_put_padded(b, d->month, 2);
    buf_put_byte(b, '-');
    time_put_padded(b, d->day, 2);
}

void outlook_put_time(struct buf *json, str text)
{
    i64 us;
    if (!date_parse_iso(str_trim(text), &us)) {
        buf_put(json, S("null"));
        return;
    }
    i64 s = us / 1000000 - (us % 1000000 < 0);
    struct date d = date_from_unix(s);
    if (d.year < 1 || d.year > 9999) { // by its offset
        buf_put(json, S("null"));
        return;
    }
    buf_put_byte(json, '"');
    time_put_day(json, &d);
    buf_put_byte(json, 'T');
    time_put_padded(json, d.hour, 2);
    buf_put_byte(json, ':');
    time_put_padded(json, d.minute, 2);
    buf_put_byte(json, ':');
    time_put_padded(json, d.second, 2);
    buf_put(json, S("Z\""));
}

// The day of a text that begins with one.
static bool time_read_day(str text, struct date *d)
{
    u64 year, month, day;
    *d = (struct date){0};
    if (text.n < 10 || text.p[4] != '-' || text.p[7] != '-' ||
        !str_to_u64(str_slice(text, 0, 4), &year) || !str_to_u64(str_slice(text, 5, 7), &month) ||
        !str_to_u64(str_slice(text, 8, 10), &day)) {
        return false;
    }
    *d = (struct date){.year = (i64)year, .month = (int)month, .day = (int)day};
    return date_is_valid(*d);
}

void outlook_put_date(struct buf *json, str text)
{
    str s = str_trim(text);
    struct date d;
    i64 us;
    bool day_only = s.n >= 10 && str_find_byte(s, 'T') < 0 && str_find_byte(s, 't') < 0;
    bool whole = day_only || date_parse_iso(s, &us);
    if (!whole || !time_read_day(s, &d)) {
        buf_put(json, S("null"));
        return;
    }
    buf_put_byte(json, '"');
    time_put_day(json, &d);
    buf_put_byte(json, '"');
}
