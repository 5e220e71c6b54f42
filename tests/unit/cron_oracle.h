// SPDX-License-Identifier: Apache-2.0
// A slow reference for codec/cron, for its unit test and its fuzz target: goes day by day with its
// own calendar, and reads the text of the expression anew for each value, without sets or masks.
// It takes only what cron_parse() accepted.
#ifndef TESTS_UNIT_CRON_ORACLE_H
#define TESTS_UNIT_CRON_ORACLE_H

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

struct oracle_day {
    int year, month, day, weekday, days; // weekday 1 = Sunday; days of the month
};

static inline int oracle_days_in(int year, int month)
{
    if (month == 2) {
        return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28;
    }
    return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

static inline void oracle_tomorrow(struct oracle_day *d)
{
    d->weekday = d->weekday % 7 + 1;
    if (++d->day > d->days) {
        d->day = 1;
        if (++d->month > 12) {
            d->month = 1;
            d->year++;
        }
        d->days = oracle_days_in(d->year, d->month);
    }
}

static inline int oracle_weekday_of(const struct oracle_day *d, int day)
{
    return ((d->weekday - 1 + day - d->day) % 7 + 7) % 7 + 1;
}

// Whether `d` is the weekday nearest to day `target` of its month.
static inline bool oracle_is_nearest(const struct oracle_day *d, int target)
{
    if (target < 1 || target > d->days) {
        return false;
    }
    int best = 0;
    for (int day = 1; day <= d->days; day++) {
        int weekday = oracle_weekday_of(d, day);
        if (weekday != 1 && weekday != 7 && (!best || abs(day - target) < abs(best - target))) {
            best = day;
        }
    }
    return best == d->day;
}

static inline int oracle_value(const char **p)
{
    static const char names[] = "SUNMONTUEWEDTHUFRISATJANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC";
    if (isdigit((unsigned char)**p)) {
        char *end;
        long v = strtol(*p, &end, 10);
        *p = end;
        return (int)v;
    }
    for (int i = 0; i < 19; i++) {
        bool same = true;
        for (int k = 0; k < 3; k++) {
            same = same && toupper((unsigned char)(*p)[k]) == names[i * 3 + k];
        }
        if (same) {
            *p += 3;
            return i < 7 ? i + 1 : i - 6;
        }
    }
    abort();
}

// One item of a list against one value; `d` for the fields of days.
static inline bool oracle_item(const char *p, int v, int min, int max, const struct oracle_day *d,
                               bool dow)
{
    if (d && !dow && toupper((unsigned char)*p) == 'L') {
        int target = d->days;
        p++;
        if (*p == '-') {
            p++;
            target -= oracle_value(&p);
        }
        return *p ? oracle_is_nearest(d, target) : d->day == target;
    }
    if (dow && toupper((unsigned char)*p) == 'L') {
        return v == 7;
    }
    int a = min, b = max, step = 1;
    bool single = false;
    if (*p == '?' || *p == '*') {
        p++;
    } else if (*p != '/') {
        a = oracle_value(&p);
        if (dow && *p == '#') {
            p++;
            return v == a && (d->day - 1) / 7 + 1 == oracle_value(&p);
        }
        if (dow && toupper((unsigned char)*p) == 'L') {
            return v == a && d->day + 7 > d->days;
        }
        if (d && !dow && toupper((unsigned char)*p) == 'W') {
            return oracle_is_nearest(d, a);
        }
        single = *p != '/';
        if (*p == '-') {
            p++;
            b = oracle_value(&p);
            single = false;
        }
    }
    if (*p == '/') {
        p++;
        step = oracle_value(&p);
    }
    if (single) {
        return v == a;
    }
    // Walk, one at a time, from a to b around the end of the field.
    for (int at = a, i = 0;; i++) {
        if (at == v && i % step == 0) {
            return true;
        }
        if (at == b) {
            return false;
        }
        at = at == max ? min : at + 1;
    }
}

static inline bool oracle_field(const char *field, int v, int min, int max,
                                const struct oracle_day *d, bool dow)
{
    char copy[2048];
    strcpy(copy, field);
    for (char *item = strtok(copy, ","); item; item = strtok(NULL, ",")) {
        if (oracle_item(item, v, min, max, d, dow)) {
            return true;
        }
    }
    return false;
}

// The next occurrence after a moment >= 0, at most `days` days later; -1: none.
static inline i64 oracle_next(str text, i64 after_unix_s, int days)
{
    char copy[2048], *field[7] = {0};
    memcpy(copy, text.p, (size_t)text.n);
    copy[text.n] = 0;
    int n = 0;
    for (char *f = strtok(copy, " \t\r\n"); f; f = strtok(NULL, " \t\r\n")) {
        field[n++] = f;
    }
    bool seconds[60], minutes[60], hours[24];
    for (int i = 0; i < 60; i++) {
        seconds[i] = oracle_field(field[0], i, 0, 59, NULL, false);
        minutes[i] = oracle_field(field[1], i, 0, 59, NULL, false);
        if (i < 24) {
            hours[i] = oracle_field(field[2], i, 0, 23, NULL, false);
        }
    }
    static struct oracle_day d;
    static i64 day;
    if (!d.year || day > after_unix_s / 86400) {
        d = (struct oracle_day){1970, 1, 1, 5, 31}; // a Thursday
        day = 0;
    }
    while (day < after_unix_s / 86400) {
        oracle_tomorrow(&d);
        day++;
    }
    struct oracle_day at = d;
    for (i64 k = 0; k <= days && at.year <= 2099; k++, oracle_tomorrow(&at)) {
        if (!oracle_field(field[4], at.month, 1, 12, NULL, false) ||
            (field[6] && !oracle_field(field[6], at.year, 1970, 2099, NULL, false)) ||
            !oracle_field(field[3], at.day, 1, 31, &at, false) ||
            !oracle_field(field[5], at.weekday, 1, 7, &at, true)) {
            continue;
        }
        for (i64 s = 0; s < 86400; s++) {
            i64 t = (day + k) * 86400 + s;
            if (t > after_unix_s && hours[s / 3600] && minutes[s / 60 % 60] && seconds[s % 60]) {
                return t;
            }
        }
    }
    return -1;
}

#endif
