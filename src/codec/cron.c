// SPDX-License-Identifier: Apache-2.0
// Quartz expressions (see cron.h): a reader over one field at a time, and the search for the next
// occurrence: years, then months, then the days of one month as a mask, then the time of day.
#include "codec/cron.h"

#include "base/date.h"
#include "limits.h"

enum cron_field {
    CRON_SECOND,
    CRON_MINUTE,
    CRON_HOUR,
    CRON_DAY,
    CRON_MONTH,
    CRON_WEEKDAY,
    CRON_YEAR,
    CRON_FIELDS
};

static const struct {
    str name;
    int min, max;
} cron_ranges[CRON_FIELDS] = {
    [CRON_SECOND] = {S("second"), 0, 59},
    [CRON_MINUTE] = {S("minute"), 0, 59},
    [CRON_HOUR] = {S("hour"), 0, 23},
    [CRON_DAY] = {S("day of month"), 1, 31},
    [CRON_MONTH] = {S("month"), 1, 12},
    [CRON_WEEKDAY] = {S("day of week"), 1, 7},
    [CRON_YEAR] = {S("year"), CRON_YEAR_FIRST, CRON_YEAR_LAST},
};

static const str cron_weekdays = S("SUNMONTUEWEDTHUFRISAT");
static const str cron_months = S("JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC");

// One item of a list, being read.
struct cron_read {
    struct cron *c;
    struct buf *detail;
    enum cron_field field;
    str item; // the whole item, for messages
    str left;
};

static err cron_bad(const struct cron_read *r, str why)
{
    buf_put(r->detail, S("field "));
    buf_put_i64(r->detail, (i64)r->field + 1);
    buf_put(r->detail, S(" ("));
    buf_put(r->detail, cron_ranges[r->field].name);
    buf_put(r->detail, S("): '"));
    buf_put(r->detail, r->item);
    buf_put(r->detail, S("' "));
    buf_put(r->detail, why);
    return FAIL(CRON_SYNTAX);
}

static err cron_out_of_range(const struct cron_read *r)
{
    u8 memory[64];
    struct buf why = buf_over(memory, sizeof memory);
    buf_put(&why, S("is out of range: "));
    buf_put_i64(&why, cron_ranges[r->field].min);
    buf_put(&why, S(" to "));
    buf_put_i64(&why, cron_ranges[r->field].max);
    return cron_bad(r, buf_str(&why));
}

static bool cron_take(struct cron_read *r, u8 c)
{
    if (r->left.n && str_lower_byte(r->left.p[0]) == str_lower_byte(c)) {
        r->left = str_from_index(r->left, 1);
        return true;
    }
    return false;
}

static void cron_add(const struct cron_read *r, int v)
{
    u64 bit = (u64)1 << (v & 63);
    switch (r->field) {
    case CRON_SECOND:
        r->c->seconds |= bit;
        break;
    case CRON_MINUTE:
        r->c->minutes |= bit;
        break;
    case CRON_HOUR:
        r->c->hours |= (u32)bit;
        break;
    case CRON_DAY:
        r->c->days |= (u32)bit;
        break;
    case CRON_MONTH:
        r->c->months |= (u32)bit;
        break;
    case CRON_WEEKDAY:
        r->c->days_of_week |= (u8)(bit >> 1);
        break;
    case CRON_YEAR:
        ASSERT(v >= CRON_YEAR_FIRST && v <= CRON_YEAR_LAST);
        r->c->years[(u32)(v - CRON_YEAR_FIRST) / 64] |= (u64)1 << ((u32)(v - CRON_YEAR_FIRST) % 64);
        break;
    case CRON_FIELDS:
        break;
    }
}

// Digits. *found is false when there are none; a number too large for any field stays too large.
static int cron_number(struct cron_read *r, bool *found)
{
    int v = 0;
    *found = r->left.n && str_is_digit(r->left.p[0]);
    while (r->left.n && str_is_digit(r->left.p[0])) {
        v = v > 99999 ? v : v * 10 + (r->left.p[0] - '0');
        r->left = str_from_index(r->left, 1);
    }
    return v;
}

static bool cron_name(struct cron_read *r, str names, int *v)
{
    for (isize i = 0; i < names.n && r->left.n >= 3; i += 3) {
        if (str_eq_nocase(str_slice(r->left, 0, 3), str_slice(names, i, i + 3))) {
            r->left = str_from_index(r->left, 3);
            *v = (int)(i / 3) + 1;
            return true;
        }
    }
    return false;
}

// A number or a name of this field.
static err cron_value(struct cron_read *r, int *v)
{
    if (r->field == CRON_WEEKDAY && cron_name(r, cron_weekdays, v)) {
        return OK;
    }
    if (r->field == CRON_MONTH && cron_name(r, cron_months, v)) {
        return OK;
    }
    bool found;
    *v = cron_number(r, &found);
    if (!found) {
        return cron_bad(r, S("is not understood"));
    }
    if (*v < cron_ranges[r->field].min || *v > cron_ranges[r->field].max) {
        return cron_out_of_range(r);
    }
    return OK;
}

// `/step`, or 1 without. *given: there was one.
static err cron_step(struct cron_read *r, int *step, bool *given)
{
    *step = 1;
    *given = cron_take(r, '/');
    if (!*given) {
        return OK;
    }
    bool found;
    *step = cron_number(r, &found);
    int values = cron_ranges[r->field].max - cron_ranges[r->field].min + 1;
    if (!found) {
        return cron_bad(r, S("has no number behind its '/'"));
    }
    return *step >= 1 && *step <= values ? OK : cron_bad(r, S("has a step that is out of range"));
}

static err cron_ended(const struct cron_read *r)
{
    return r->left.n ? cron_bad(r, S("is not understood")) : OK;
}

// From a to b in steps, past the end of the field back to its beginning.
static void cron_add_range(const struct cron_read *r, int a, int b, int step)
{
    int min = cron_ranges[r->field].min;
    int values = cron_ranges[r->field].max - min + 1;
    int last = b < a ? b + values : b;
    for (int v = a; v <= last; v += step) {
        cron_add(r, v < min + values ? v : v - values);
    }
}

// L, L-3, LW, L-3W; the L is taken.
static err cron_last_day(struct cron_read *r)
{
    int offset = 0;
    if (cron_take(r, '-')) {
        bool found;
        offset = cron_number(r, &found);
        if (!found || offset > 30) {
            return cron_bad(r, S("needs a number from 0 to 30 behind 'L-'"));
        }
    }
    if (cron_take(r, 'W')) {
        r->c->last_weekdays |= (u32)1 << offset;
    } else {
        r->c->last_days |= (u32)1 << offset;
    }
    return cron_ended(r);
}

// What may stand behind one value: W, L, #n. *done when there was such a thing.
static err cron_suffix(struct cron_read *r, int v, bool *done)
{
    *done = true;
    if (r->field == CRON_DAY && cron_take(r, 'W')) {
        r->c->weekdays_near |= (u32)1 << v;
        return cron_ended(r);
    }
    if (r->field == CRON_WEEKDAY && cron_take(r, 'L')) {
        r->c->last_of_week |= (u8)(1 << (v - 1));
        return cron_ended(r);
    }
    if (r->field == CRON_WEEKDAY && cron_take(r, '#')) {
        bool found;
        int nth = cron_number(r, &found);
        if (!found || nth < 1 || nth > 5) {
            return cron_bad(r, S("needs a number from 1 to 5 behind '#'"));
        }
        r->c->nth_of_week[nth] |= (u8)(1 << (v - 1));
        return cron_ended(r);
    }
    *done = false;
    return OK;
}

static err cron_item(struct cron_read *r)
{
    int min = cron_ranges[r->field].min, max = cron_ranges[r->field].max;
    int a = min, b = max, step;
    bool stepped, done;
    if (!r->item.n) {
        return cron_bad(r, S("is empty"));
    }
    if (cron_take(r, '?')) {
        if (r->field != CRON_DAY && r->field != CRON_WEEKDAY) {
            return cron_bad(r, S("may stand for the day of month or of week only; write '*'"));
        }
        cron_add_range(r, min, max, 1);
        return cron_ended(r);
    }
    if (r->field == CRON_DAY && cron_take(r, 'L')) {
        return cron_last_day(r);
    }
    if (r->field == CRON_WEEKDAY && str_eq_nocase(r->left, S("L"))) {
        cron_add(r, 7);
        return OK;
    }
    if (r->left.p[0] != '/' && !cron_take(r, '*')) {
        TRY(cron_value(r, &a));
        TRY(cron_suffix(r, a, &done));
        if (done) {
            return OK;
        }
        bool range = cron_take(r, '-');
        if (range) {
            TRY(cron_value(r, &b));
        }
        if (range && b < a && r->field == CRON_YEAR) {
            return cron_bad(r, S("ends before it begins"));
        }
        TRY(cron_step(r, &step, &stepped));
        cron_add_range(r, a, range || stepped ? b : a, step);
        return cron_ended(r);
    }
    TRY(cron_step(r, &step, &stepped));
    cron_add_range(r, a, b, step);
    return cron_ended(r);
}

static err cron_field(struct cron_read *r, str text)
{
    bool more = true;
    while (more) {
        text = str_cut(text, ',', &r->item, &more);
        r->left = r->item;
        TRY(cron_item(r));
    }
    return OK;
}

err cron_parse(str text, struct cron *out, struct buf *detail)
{
    *out = (struct cron){0};
    struct cron_read r = {.c = out, .detail = detail};
    if (text.n > CRON_TEXT_BYTES) {
        buf_put(detail, S("the expression is too long"));
        return FAIL(CRON_SYNTAX);
    }
    str left = str_trim(text);
    int fields = 0;
    while (left.n) {
        isize n = 0;
        while (n < left.n && !str_is_space(left.p[n])) {
            n++;
        }
        if (fields == CRON_FIELDS) {
            fields++;
            break;
        }
        r.field = (enum cron_field)fields++;
        TRY(cron_field(&r, str_slice(left, 0, n)));
        left = str_trim(str_from_index(left, n));
    }
    if (fields < CRON_YEAR || fields > CRON_FIELDS) {
        buf_put(detail, S("there are "));
        buf_put(detail, fields > CRON_FIELDS ? S("more than 7") : S(""));
        if (fields <= CRON_FIELDS) {
            buf_put_i64(detail, fields);
        }
        buf_put(detail, S(" fields; write: second minute hour day-of-month month day-of-week, "
                          "and a year if need be"));
        return FAIL(CRON_SYNTAX);
    }
    if (fields == CRON_YEAR) {
        r.field = CRON_YEAR;
        cron_add_range(&r, CRON_YEAR_FIRST, CRON_YEAR_LAST, 1);
    }
    return OK;
}

// ---- the search

static int cron_month_days(int year, int month)
{
    static const u8 days[13] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    // No year from 1970 to 2099 is a full century without a leap day: 2000 has one.
    return month == 2 && year % 4 == 0 ? 29 : days[month];
}

// The weekday (Monday to Friday) nearest to a day, without leaving the month.
static int cron_nearest(int day, int first_weekday, int days)
{
    int weekday = (first_weekday + day - 1) % 7;
    if (weekday == 6) {
        return day == 1 ? 3 : day - 1;
    }
    if (weekday == 0) {
        return day == days ? day - 2 : day + 1;
    }
    return day;
}

// The days of a month that satisfy both fields. `first_weekday`: of its first day, 0 = Sunday.
static u32 cron_month_mask(const struct cron *c, int first_weekday, int days)
{
    u32 by_day = c->days, by_weekday = 0;
    for (int i = 0; i <= 31; i++) {
        int from_end = days - i;
        if (c->last_days >> i & 1 && from_end >= 1) {
            by_day |= (u32)1 << from_end;
        }
        if (c->last_weekdays >> i & 1 && from_end >= 1) {
            by_day |= (u32)1 << cron_nearest(from_end, first_weekday, days);
        }
        if (c->weekdays_near >> i & 1 && i >= 1 && i <= days) {
            by_day |= (u32)1 << cron_nearest(i, first_weekday, days);
        }
    }
    for (int day = 1; day <= days; day++) {
        int weekday = (first_weekday + day - 1) % 7;
        u8 allowed = c->days_of_week | c->nth_of_week[(day + 6) / 7];
        if (day + 7 > days) {
            allowed |= c->last_of_week;
        }
        by_weekday |= (u32)(allowed >> weekday & 1) << day;
    }
    return by_day & by_weekday;
}

static int cron_lowest(u64 mask, int from)
{
    u64 left = from > 63 ? 0 : mask >> from;
    return left ? from + __builtin_ctzll(left) : -1;
}

// The first time of day from a time on, in seconds of the day; -1 when the day is over.
static int cron_time(const struct cron *c, int hour, int minute, int second)
{
    int h = cron_lowest(c->hours, hour);
    if (h == hour) {
        int m = cron_lowest(c->minutes, minute);
        if (m == minute) {
            int s = cron_lowest(c->seconds, second);
            if (s >= 0) {
                return h * 3600 + m * 60 + s;
            }
            m = cron_lowest(c->minutes, minute + 1);
        }
        if (m >= 0) {
            return h * 3600 + m * 60 + cron_lowest(c->seconds, 0);
        }
        h = cron_lowest(c->hours, hour + 1);
    }
    return h < 0 ? -1 : h * 3600 + cron_lowest(c->minutes, 0) * 60 + cron_lowest(c->seconds, 0);
}

bool cron_next(const struct cron *c, i64 after_unix_s, i64 *next_unix_s)
{
    i64 end = date_to_unix((struct date){.year = CRON_YEAR_LAST + 1, .month = 1, .day = 1});
    if (after_unix_s >= end) {
        return false;
    }
    i64 from_unix_s = after_unix_s < 0 ? 0 : after_unix_s + 1;
    struct date from = date_from_unix(from_unix_s);
    for (u32 at = 0; at <= CRON_YEAR_LAST - CRON_YEAR_FIRST; at++) {
        int year = CRON_YEAR_FIRST + (int)at;
        if (year < from.year || !(c->years[at / 64] >> (at % 64) & 1)) {
            continue;
        }
        for (int month = 1; month <= 12; month++) {
            bool first = year == from.year && month == from.month;
            if (!(c->months >> month & 1) || (year == from.year && month < from.month)) {
                continue;
            }
            i64 start = date_to_unix((struct date){.year = year, .month = month, .day = 1});
            int weekday = date_from_unix(start).weekday;
            u32 mask = cron_month_mask(c, weekday, cron_month_days(year, month));
            int day = cron_lowest(mask, first ? from.day : 1);
            int time = -1;
            if (first && day == from.day) {
                time = cron_time(c, from.hour, from.minute, from.second);
                day = time < 0 ? cron_lowest(mask, day + 1) : day;
            }
            if (day > 0) {
                *next_unix_s = start + (day - 1) * 86400 +
                               (time < 0 ? cron_time(c, 0, 0, 0) : time);
                return true;
            }
        }
    }
    return false;
}
