// SPDX-License-Identifier: Apache-2.0
// Aimed at date_parse_iso(), date_parse_http(), date_from_unix(), date_to_unix(),
// date_put_iso_us(), date_put_iso_ms(), against libc: regular expressions say which texts are
// dates, timegm() and gmtime_r() what they mean, strftime() how they are written.
#define _GNU_SOURCE // timegm
#include "base/date.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define IN_MAX 200
#define PARTS 16
#define YEAR_1_S (-62135596800)    // 0001-01-01T00:00:00Z
#define YEAR_9999_S (253402300799) // 9999-12-31T23:59:59Z

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

#define CLOCK "([0-9]{2}):([0-9]{2}):([0-9]{2})"
#define MONTHS "(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
#define DAYS "(sun|mon|tue|wed|thu|fri|sat)"
#define LONG_DAYS "(sunday|monday|tuesday|wednesday|thursday|friday|saturday)"

// Where the fields are in a pattern: year, month, day, then the clock.
static const struct form {
    const char *pattern;
    int year, month, day, clock;
} forms[] = {
    {"^([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]" CLOCK
     "(\\.([0-9]{1,9}))?([Zz]|([-+])([0-9]{2})(:?([0-9]{2}))?)?$",
     1, 2, 3, 4},
    {"^" DAYS ", ([0-9]{2}) " MONTHS " ([0-9]{4}) " CLOCK " GMT$", 4, 3, 2, 5},
    {"^" LONG_DAYS ", ([0-9]{2})-" MONTHS "-([0-9]{2}) " CLOCK " GMT$", 4, 3, 2, 5},
    {"^" DAYS " " MONTHS " ( [0-9]|[0-9]{2}) " CLOCK " ([0-9]{4})$", 7, 2, 3, 4},
};

static int number(const char *text, const regmatch_t *m)
{
    int value = 0;
    for (int i = m->rm_so; i >= 0 && i < m->rm_eo; i++) {
        value = text[i] == ' ' ? value : value * 10 + (text[i] - '0');
    }
    return value;
}

static int month(const char *text, const regmatch_t *m)
{
    static const char *const names[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                        "jul", "aug", "sep", "oct", "nov", "dec"};
    for (int i = 0; i < 12; i++) {
        if (strncasecmp(text + m->rm_so, names[i], 3) == 0) {
            return i + 1;
        }
    }
    return number(text, m);
}

// Whether `text` has this form, its fields, and the seconds that libc makes of them.
static bool match(int which, const char *text, regmatch_t *m, i64 *unix_s)
{
    static regex_t regex[COUNT(forms)];
    static bool ready;
    for (isize i = 0; !ready && i < COUNT(forms); i++) {
        ASSERT(regcomp(&regex[i], forms[i].pattern, REG_EXTENDED | REG_ICASE) == 0);
    }
    ready = true;
    const struct form *f = &forms[which];
    if (regexec(&regex[which], text, PARTS, m, 0) != 0 ||
        (which && which < 3 && strcmp(text + strlen(text) - 3, "GMT") != 0)) {
        return false;
    }
    struct tm t = {.tm_year = number(text, &m[f->year]) - 1900,
                   .tm_mon = month(text, &m[f->month]) - 1,
                   .tm_mday = number(text, &m[f->day]),
                   .tm_hour = number(text, &m[f->clock]),
                   .tm_min = number(text, &m[f->clock + 1]),
                   .tm_sec = number(text, &m[f->clock + 2])};
    if (which == 2) { // two digits of the year
        t.tm_year = number(text, &m[f->year]) + (number(text, &m[f->year]) < 70 ? 100 : 0);
    }
    struct tm asked = t;
    *unix_s = timegm(&t); // moves what is out of range
    return asked.tm_year == t.tm_year && asked.tm_mon == t.tm_mon && asked.tm_mday == t.tm_mday &&
           asked.tm_hour == t.tm_hour && asked.tm_min == t.tm_min && asked.tm_sec == t.tm_sec &&
           *unix_s >= YEAR_1_S;
}

static bool reference_iso(const char *text, i64 *unix_us)
{
    regmatch_t m[PARTS];
    i64 unix_s;
    if (!match(0, text, m, &unix_s)) {
        return false;
    }
    char fraction[8] = "000000";
    for (int i = 0; m[8].rm_so >= 0 && i < 6 && m[8].rm_so + i < m[8].rm_eo; i++) {
        fraction[i] = text[m[8].rm_so + i];
    }
    int hours = number(text, &m[11]), minutes = number(text, &m[13]);
    bool west = m[10].rm_so >= 0 && text[m[10].rm_so] == '-';
    unix_s -= (hours * 3600 + minutes * 60) * (west ? -1 : 1);
    *unix_us = unix_s * 1000000 + strtol(fraction, NULL, 10);
    return hours < 24 && minutes < 60 && unix_s >= YEAR_1_S && unix_s <= YEAR_9999_S;
}

static bool reference_http(const char *text, i64 *unix_s)
{
    regmatch_t m[PARTS];
    return match(1, text, m, unix_s) || match(2, text, m, unix_s) || match(3, text, m, unix_s);
}

// What is written is what strftime() writes, and is read again as the same.
static void check_time(i64 unix_us)
{
    u8 memory[64];
    char want[64], digits[16];
    i64 back, unix_s = unix_us / 1000000, us = unix_us % 1000000;
    unix_s -= us < 0;
    us += us < 0 ? 1000000 : 0;
    time_t t = (time_t)unix_s;
    struct tm tm;
    ASSERT(gmtime_r(&t, &tm));
    size_t n = strftime(want, sizeof want, "-%m-%dT%H:%M:%S", &tm);
    (void)snprintf(digits, sizeof digits, "%04d", tm.tm_year + 1900);
    struct buf b = buf_over(memory, sizeof memory);
    date_put_iso_us(&b, unix_us);
    ASSERT(!b.full && str_starts(buf_str(&b), str_from(digits)));
    ASSERT(str_starts(str_from_index(buf_str(&b), 4), str_make(want, (isize)n)));
    ASSERT(b.n == (us ? 32 : 25) && date_parse_iso(buf_str(&b), &back) && back == unix_us);
    buf_reset(&b);
    date_put_iso_ms(&b, unix_us);
    ASSERT(b.n == 24 && date_parse_iso(buf_str(&b), &back) && back == unix_us - us % 1000);
}

static void check_number(i64 value)
{
    u8 memory[64];
    i64 back;
    struct date d = date_from_unix(value);
    ASSERT(date_is_valid(d) && d.weekday >= 0 && d.weekday <= 6);
    struct buf b = buf_over(memory, sizeof memory);
    date_put_iso_us(&b, value); // whatever it is: a date within the years
    ASSERT(!b.full && date_parse_iso(buf_str(&b), &back));
    i64 span = YEAR_9999_S - YEAR_1_S;
    i64 unix_s = YEAR_1_S + (value % span + span) % span;
    time_t t = (time_t)unix_s;
    struct tm tm;
    ASSERT(gmtime_r(&t, &tm));
    d = date_from_unix(unix_s);
    ASSERT(d.year == tm.tm_year + 1900 && d.month == tm.tm_mon + 1 && d.day == tm.tm_mday);
    ASSERT(d.hour == tm.tm_hour && d.minute == tm.tm_min && d.second == tm.tm_sec);
    ASSERT(d.weekday == tm.tm_wday && date_to_unix(d) == unix_s);
    check_time(unix_s * 1000000 + (value & 0xfffff) % 1000000);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n < 1 || n > IN_MAX) {
        return 0;
    }
    str in = {p, (isize)n};
    char text[IN_MAX + 1] = {0};
    memcpy(text, p, n);
    bool whole = strlen(text) == n; // no NUL within: the reference would stop there
    i64 value = 0, want = 0;
    bool good = date_parse_iso(in, &value);
    ASSERT(good == (whole && reference_iso(text, &want)) && (!good || value == want));
    if (good) {
        check_time(value);
    }
    good = date_parse_http(in, &value);
    ASSERT(good == (whole && reference_http(text, &want)) && (!good || value == want));
    if (good) {
        check_time(value * 1000000);
    }
    memcpy(&value, text, sizeof value);
    check_number(value);
    return 0;
}
