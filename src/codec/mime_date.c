// SPDX-License-Identifier: Apache-2.0
// Dates of mails; mime_date.h has the contract. At most eight words of the text are looked at.
#include "codec/mime_date.h"

#include "base/date.h"

#define WORDS_MAX 8

static bool is_space(u8 c)
{
    return c == ' ' || (c >= 9 && c <= 13) || (c >= 0x1C && c <= 0x1F);
}

static isize split_words(str s, str *words)
{
    isize count = 0;
    for (isize i = 0; i < s.n && count < WORDS_MAX;) {
        while (i < s.n && is_space(s.p[i])) {
            i++;
        }
        isize start = i;
        while (i < s.n && !is_space(s.p[i])) {
            i++;
        }
        if (i > start) {
            words[count++] = str_slice(s, start, i);
        }
    }
    return count;
}

static bool ends_with(str s, u8 c)
{
    return s.n && s.p[s.n - 1] == c;
}

static str without_comma(str s)
{
    return ends_with(s, ',') ? str_slice(s, 0, s.n - 1) : s;
}

static bool is_day_name(str s)
{
    static const char names[] = "montuewedthufrisatsun";
    for (isize i = 0; i < 7; i++) {
        if (str_eq_nocase(s, str_make(names + i * 3, 3))) {
            return true;
        }
    }
    return false;
}

static int month_of(str s)
{
    static const str names[12] = {
        S("january"), S("february"), S("march"),     S("april"),   S("may"),      S("june"),
        S("july"),    S("august"),   S("september"), S("october"), S("november"), S("december"),
    };
    for (int i = 0; i < 12; i++) {
        if (str_eq_nocase(s, names[i]) || str_eq_nocase(s, str_slice(names[i], 0, 3))) {
            return i + 1;
        }
    }
    return 0;
}

// A small number with an optional sign; -1 when it is none.
static i64 number(str s)
{
    i64 v;
    if (s.n && s.p[0] == '+') {
        s = str_from_index(s, 1);
    }
    return s.n < 10 && str_to_i64(s, &v) && v >= 0 ? v : -1;
}

struct zone {
    bool known; // else "-0000": the time is UTC, the writer's zone is not told
    i64 minutes;
};

// False: it looks like an offset but is none, such as "+01:00".
static bool read_zone(str s, struct zone *zone)
{
    static const struct {
        str name;
        int hours;
    } names[] = {{S("UT"), 0},   {S("UTC"), 0},  {S("GMT"), 0},  {S("Z"), 0},    {S("AST"), -4},
                 {S("ADT"), -3}, {S("EST"), -5}, {S("EDT"), -4}, {S("CST"), -6}, {S("CDT"), -5},
                 {S("MST"), -7}, {S("MDT"), -6}, {S("PST"), -8}, {S("PDT"), -7}};
    *zone = (struct zone){0};
    for (isize i = 0; i < COUNT(names); i++) {
        if (str_eq_nocase(s, names[i].name)) {
            *zone = (struct zone){.known = true, .minutes = names[i].hours * 60};
            return true;
        }
    }
    bool negative = s.n && s.p[0] == '-';
    bool sign = negative || (s.n && s.p[0] == '+');
    i64 v = number(sign ? str_from_index(s, 1) : s);
    if (v < 0 || (sign && s.n > 1 && !str_is_digit(s.p[1]))) {
        return !sign;
    }
    zone->minutes = v / 100 * 60 + v % 100;
    zone->known = v || !negative;
    zone->minutes = negative ? -zone->minutes : zone->minutes;
    return zone->minutes < 24 * 60 && zone->minutes > -24 * 60;
}

// hh:mm, hh:mm:ss, or the same with dots.
static bool read_time(str s, struct date *d)
{
    str part[3] = {0};
    isize count = 0;
    u8 mark = str_find_byte(s, ':') >= 0 ? ':' : '.';
    bool found = true;
    while (found) {
        str head;
        s = str_cut(s, mark, &head, &found);
        if (count == 3) {
            return false;
        }
        part[count++] = head;
    }
    i64 second = count == 3 ? number(part[2]) : 0;
    d->hour = (int)number(part[0]);
    d->minute = (int)number(part[1]);
    d->second = (int)second;
    return count >= 2;
}

// Day, month, year, time and zone, in that order, from words in one of the orders that are met.
static bool order_words(str s, str w[5])
{
    str words[WORDS_MAX + 2] = {0};
    isize n = split_words(s, words);
    isize from = 0;
    if (n && (ends_with(words[0], ',') || is_day_name(words[0]))) {
        from = 1;
    } else if (n) {
        for (isize i = str_find_byte(words[0], ','); i >= 0; i = str_find_byte(words[0], ',')) {
            words[0] = str_from_index(words[0], i + 1); // "Tue,2"
        }
    }
    n -= from;
    if (n == 3) { // RFC 850: 02-Jan-24 03:04:05 GMT
        str rest = words[from];
        str parts[3];
        bool found[3];
        rest = str_cut(rest, '-', &parts[0], &found[0]);
        rest = str_cut(rest, '-', &parts[1], &found[1]);
        (void)str_cut(rest, '-', &parts[2], &found[2]);
        if (found[0] && found[1] && !found[2]) {
            words[from + 4] = words[from + 2];
            words[from + 3] = words[from + 1];
            for (isize i = 0; i < 3; i++) {
                words[from + i] = parts[i];
            }
            n = 5;
        }
    }
    if (n == 4) { // the zone sticks to the time, or lacks
        str time = words[from + 3];
        isize sign = str_find_byte(time, '+');
        sign = sign < 0 ? str_find_byte(time, '-') : sign;
        words[from + 4] = sign > 0 ? str_from_index(time, sign) : S("");
        words[from + 3] = sign > 0 ? str_slice(time, 0, sign) : time;
        n = 5;
    }
    for (isize i = 0; i < 5 && n >= 5; i++) {
        w[i] = words[from + i];
    }
    return n >= 5 && w[0].n && w[1].n && w[2].n;
}

static bool read_date(str s, struct date *d, struct zone *zone)
{
    str w[5];
    if (!order_words(s, w)) {
        return false;
    }
    d->month = month_of(w[1]);
    if (!d->month) {
        str day = w[1];
        w[1] = w[0];
        w[0] = day;
        d->month = month_of(w[1]);
    }
    if (str_find_byte(w[2], ':') > 0) {
        str year = w[3];
        w[3] = w[2];
        w[2] = year;
    }
    w[0] = without_comma(w[0]);
    w[2] = without_comma(w[2]);
    if (!d->month || !w[2].n || !w[3].n) {
        return false;
    }
    if (!str_is_digit(w[2].p[0])) {
        str year = w[4];
        w[4] = w[2];
        w[2] = year;
    }
    d->year = number(w[2]);
    d->year += d->year >= 0 && d->year < 69 ? 2000 : d->year >= 69 && d->year < 100 ? 1900 : 0;
    d->day = (int)number(w[0]);
    return read_time(without_comma(w[3]), d) && date_is_valid(*d) && read_zone(w[4], zone);
}

bool mime_date_put(str text, struct buf *out)
{
    struct date d = {0};
    struct zone zone;
    if (!read_date(text, &d, &zone)) {
        return false;
    }
    int weekday = date_from_unix(date_to_unix(d)).weekday;
    buf_put(out, str_make(&"SunMonTueWedThuFriSat"[weekday * 3], 3));
    buf_put(out, S(", "));
    buf_put_decimal(out, (u64)d.day, 2);
    buf_put_byte(out, ' ');
    buf_put(out, str_make(&"JanFebMarAprMayJunJulAugSepOctNovDec"[(d.month - 1) * 3], 3));
    buf_put_byte(out, ' ');
    buf_put_decimal(out, (u64)d.year, 4);
    buf_put_byte(out, ' ');
    buf_put_decimal(out, (u64)d.hour, 2);
    buf_put_byte(out, ':');
    buf_put_decimal(out, (u64)d.minute, 2);
    buf_put_byte(out, ':');
    buf_put_decimal(out, (u64)d.second, 2);
    i64 minutes = zone.minutes < 0 ? -zone.minutes : zone.minutes;
    buf_put(out, zone.minutes < 0 || !zone.known ? S(" -") : S(" +"));
    buf_put_decimal(out, (u64)(minutes / 60), 2);
    buf_put_decimal(out, (u64)(minutes % 60), 2);
    return true;
}
