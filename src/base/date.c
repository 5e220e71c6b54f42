// SPDX-License-Identifier: Apache-2.0
// Civil dates by Hinnant's day counts (http://howardhinnant.github.io/date_algorithms.html): years
// begin in March, so that the leap day is the last, and 400 of them repeat (see date.h).
//
// Times outside the years 1 to 9999 are clamped to their ends when written: they come from the far
// side, and a document with an odd date is better than none.
#include "base/date.h"

#define DAY_S 86400
#define DATE_MIN_S (-62135596800) // 0001-01-01T00:00:00Z
#define DATE_MAX_S 253402300799   // 9999-12-31T23:59:59Z

static const str date_months[12] = {
    S("January"), S("February"), S("March"),     S("April"),   S("May"),      S("June"),
    S("July"),    S("August"),   S("September"), S("October"), S("November"), S("December"),
};

static const str date_days[7] = {
    S("Sunday"),   S("Monday"), S("Tuesday"),  S("Wednesday"),
    S("Thursday"), S("Friday"), S("Saturday"),
};

static bool date_is_leap(i64 year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

bool date_is_valid(struct date d)
{
    static const int lengths[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (d.year < 1 || d.year > 9999 || d.month < 1 || d.month > 12) {
        return false;
    }
    int days = lengths[d.month - 1] + (d.month == 2 && date_is_leap(d.year));
    return d.day >= 1 && d.day <= days && d.hour >= 0 && d.hour <= 23 && d.minute >= 0 &&
           d.minute <= 59 && d.second >= 0 && d.second <= 59;
}

i64 date_to_unix(struct date d)
{
    i64 year = d.year - (d.month <= 2);
    i64 era = (year >= 0 ? year : year - 399) / 400;
    i64 year_of_era = year - era * 400;
    i64 day_of_year = (153 * (d.month + (d.month > 2 ? -3 : 9)) + 2) / 5 + d.day - 1;
    i64 day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    i64 days = era * 146097 + day_of_era - 719468;
    return days * DAY_S + d.hour * 3600 + d.minute * 60 + d.second;
}

struct date date_from_unix(i64 unix_s)
{
    unix_s = unix_s < DATE_MIN_S ? DATE_MIN_S : unix_s > DATE_MAX_S ? DATE_MAX_S : unix_s;
    // From 0000-03-01, so that nothing below is negative: DATE_MIN_S is 306 days later.
    i64 days = (unix_s - DATE_MIN_S) / DAY_S + 306;
    i64 second = (unix_s - DATE_MIN_S) % DAY_S;
    i64 era = days / 146097;
    i64 day_of_era = days % 146097;
    i64 year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) /
                      365;
    i64 day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    i64 month = (5 * day_of_year + 2) / 153; // 0 = March
    return (struct date){
        .year = year_of_era + era * 400 + (month >= 10),
        .month = (int)(month < 10 ? month + 3 : month - 9),
        .day = (int)(day_of_year - (153 * month + 2) / 5 + 1),
        .hour = (int)(second / 3600),
        .minute = (int)(second / 60 % 60),
        .second = (int)(second % 60),
        .weekday = (int)((days + 3) % 7), // 0000-03-01 was a Wednesday
    };
}

int date_month_from_name(str name)
{
    for (int i = 0; i < 12; i++) {
        if (str_eq_nocase(name, str_slice(date_months[i], 0, 3))) {
            return i + 1;
        }
    }
    return 0;
}

// ---- reading: each takes something off the front of *s, or says that it is not there

static bool date_take_byte(str *s, u8 c)
{
    if (s->n == 0 || s->p[0] != c) {
        return false;
    }
    *s = str_from_index(*s, 1);
    return true;
}

static bool date_take_digits(str *s, isize digits, i64 *out)
{
    u64 value;
    if (s->n < digits || !str_to_u64(str_slice(*s, 0, digits), &value)) {
        return false;
    }
    *s = str_from_index(*s, digits);
    *out = (i64)value;
    return true;
}

static bool date_take_int(str *s, isize digits, int *out)
{
    i64 value = 0;
    bool ok = date_take_digits(s, digits, &value);
    *out = (int)value;
    return ok;
}

static bool date_take_clock(str *s, struct date *d)
{
    return date_take_int(s, 2, &d->hour) && date_take_byte(s, ':') &&
           date_take_int(s, 2, &d->minute) && date_take_byte(s, ':') &&
           date_take_int(s, 2, &d->second);
}

// A fraction of 1 to 9 digits, or none. What is below a microsecond is dropped.
static bool date_take_fraction(str *s, i64 *us)
{
    *us = 0;
    if (!date_take_byte(s, '.')) {
        return true;
    }
    isize digits = 0;
    for (; s->n && str_is_digit(s->p[0]); digits++) {
        if (digits < 6) {
            *us = *us * 10 + (s->p[0] - '0');
        }
        *s = str_from_index(*s, 1);
    }
    for (isize i = digits; i < 6; i++) {
        *us *= 10;
    }
    return digits >= 1 && digits <= 9;
}

// Z, +hh:mm, +hhmm, +hh, or nothing. Has to be the end.
static bool date_take_zone(str *s, i64 *offset_s)
{
    *offset_s = 0;
    if (s->n == 0 || date_take_byte(s, 'Z') || date_take_byte(s, 'z')) {
        return s->n == 0;
    }
    bool west = date_take_byte(s, '-');
    i64 hours, minutes = 0;
    if ((!west && !date_take_byte(s, '+')) || !date_take_digits(s, 2, &hours)) {
        return false;
    }
    bool colon = date_take_byte(s, ':');
    if ((colon || s->n) && !date_take_digits(s, 2, &minutes)) {
        return false;
    }
    *offset_s = (hours * 3600 + minutes * 60) * (west ? -1 : 1);
    return s->n == 0 && hours <= 23 && minutes <= 59;
}

bool date_parse_iso(str s, i64 *unix_us)
{
    struct date d = {0};
    i64 us, offset_s;
    bool shape = date_take_digits(&s, 4, &d.year) && date_take_byte(&s, '-') &&
                 date_take_int(&s, 2, &d.month) && date_take_byte(&s, '-') &&
                 date_take_int(&s, 2, &d.day) &&
                 (date_take_byte(&s, 'T') || date_take_byte(&s, 't') || date_take_byte(&s, ' ')) &&
                 date_take_clock(&s, &d) && date_take_fraction(&s, &us) &&
                 date_take_zone(&s, &offset_s);
    if (!shape || !date_is_valid(d)) {
        return false;
    }
    i64 unix_s = date_to_unix(d) - offset_s;
    if (unix_s < DATE_MIN_S || unix_s > DATE_MAX_S) {
        return false;
    }
    *unix_us = unix_s * 1000000 + us;
    return true;
}

static bool date_take_month(str *s, struct date *d)
{
    d->month = s->n < 3 ? 0 : date_month_from_name(str_slice(*s, 0, 3));
    if (d->month) {
        *s = str_from_index(*s, 3);
    }
    return d->month != 0;
}

// The name of a day, by its first `letters` or whole (0). Whether it is the right one nobody asks.
static bool date_take_weekday(str *s, isize letters)
{
    for (int i = 0; i < 7; i++) {
        str name = str_slice(date_days[i], 0, letters ? letters : date_days[i].n);
        if (str_starts_nocase(*s, name)) {
            *s = str_from_index(*s, name.n);
            return true;
        }
    }
    return false;
}

static bool date_is_gmt(str s)
{
    return str_eq(s, S(" GMT"));
}

// "Sun, 06 Nov 1994 08:49:37 GMT"
static bool date_read_fixed(str s, struct date *d)
{
    return date_take_weekday(&s, 3) && date_take_byte(&s, ',') && date_take_byte(&s, ' ') &&
           date_take_int(&s, 2, &d->day) && date_take_byte(&s, ' ') && date_take_month(&s, d) &&
           date_take_byte(&s, ' ') && date_take_digits(&s, 4, &d->year) &&
           date_take_byte(&s, ' ') && date_take_clock(&s, d) && date_is_gmt(s);
}

// "Sunday, 06-Nov-94 08:49:37 GMT". The RFC's sliding window needs a clock; this one is fixed.
static bool date_read_rfc850(str s, struct date *d)
{
    bool ok = date_take_weekday(&s, 0) && date_take_byte(&s, ',') && date_take_byte(&s, ' ') &&
              date_take_int(&s, 2, &d->day) && date_take_byte(&s, '-') && date_take_month(&s, d) &&
              date_take_byte(&s, '-') && date_take_digits(&s, 2, &d->year) &&
              date_take_byte(&s, ' ') && date_take_clock(&s, d) && date_is_gmt(s);
    d->year += d->year < 70 ? 2000 : 1900;
    return ok;
}

// "Sun Nov  6 08:49:37 1994"
static bool date_read_asctime(str s, struct date *d)
{
    return date_take_weekday(&s, 3) && date_take_byte(&s, ' ') && date_take_month(&s, d) &&
           date_take_byte(&s, ' ') &&
           (date_take_byte(&s, ' ') ? date_take_int(&s, 1, &d->day)
                                    : date_take_int(&s, 2, &d->day)) &&
           date_take_byte(&s, ' ') && date_take_clock(&s, d) && date_take_byte(&s, ' ') &&
           date_take_digits(&s, 4, &d->year) && s.n == 0;
}

bool date_parse_http(str s, i64 *unix_s)
{
    struct date d = {0};
    if (!date_read_fixed(s, &d) && !date_read_rfc850(s, &d) && !date_read_asctime(s, &d)) {
        return false;
    }
    if (!date_is_valid(d)) {
        return false;
    }
    *unix_s = date_to_unix(d);
    return true;
}

// ---- writing

// "2026-08-20T10:11:12"; returns the microseconds that are left over.
static u64 date_put_seconds(struct buf *b, i64 unix_us)
{
    i64 unix_s = unix_us / 1000000, us = unix_us % 1000000;
    if (us < 0) {
        us += 1000000;
        unix_s--;
    }
    if (unix_s < DATE_MIN_S || unix_s > DATE_MAX_S) {
        us = unix_s < DATE_MIN_S ? 0 : 999999;
    }
    struct date d = date_from_unix(unix_s);
    const struct {
        i64 value;
        isize digits;
        u8 after;
    } fields[] = {{d.year, 4, '-'}, {d.month, 2, '-'},  {d.day, 2, 'T'},
                  {d.hour, 2, ':'}, {d.minute, 2, ':'}, {d.second, 2, 0}};
    for (isize i = 0; i < COUNT(fields); i++) {
        buf_put_decimal(b, (u64)fields[i].value, fields[i].digits);
        if (fields[i].after) {
            buf_put_byte(b, fields[i].after);
        }
    }
    return (u64)us;
}

void date_put_iso_us(struct buf *b, i64 unix_us)
{
    u64 us = date_put_seconds(b, unix_us);
    if (us) {
        buf_put_byte(b, '.');
        buf_put_decimal(b, us, 6);
    }
    buf_put(b, S("+00:00"));
}

void date_put_iso_ms(struct buf *b, i64 unix_us)
{
    u64 us = date_put_seconds(b, unix_us);
    buf_put_byte(b, '.');
    buf_put_decimal(b, us / 1000, 3);
    buf_put_byte(b, 'Z');
}
