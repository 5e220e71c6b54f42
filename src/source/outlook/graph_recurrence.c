// SPDX-License-Identifier: Apache-2.0
// Patterns of recurrence (see graph_recurrence.h). What does not fit the few bytes that
// outlook_recurrence has for a part is cut: no name of a day or month is that long.
#include "source/outlook/graph_recurrence.h"

#include "source/outlook/graph_text.h"

static const struct {
    const char *type;
    enum ews_tag pattern;
    bool relative; // to a week: its days may be a set that EWS has a name for
} recurrence_types[] = {
    {"daily", EWS_TAG_DailyRecurrence, false},
    {"weekly", EWS_TAG_WeeklyRecurrence, false},
    {"absoluteMonthly", EWS_TAG_AbsoluteMonthlyRecurrence, false},
    {"relativeMonthly", EWS_TAG_RelativeMonthlyRecurrence, true},
    {"absoluteYearly", EWS_TAG_AbsoluteYearlyRecurrence, false},
    {"relativeYearly", EWS_TAG_RelativeYearlyRecurrence, true},
};

static const char *const recurrence_days[] = {"monday", "tuesday",  "wednesday", "thursday",
                                              "friday", "saturday", "sunday"};
static const char *const recurrence_months[] = {"January",   "February", "March",    "April",
                                                "May",       "June",     "July",     "August",
                                                "September", "October",  "November", "December"};

// Bits of recurrence_days.
enum { DAYS_WEEKDAY = 0x1f, DAYS_WEEKEND = 0x60, DAYS_ALL = 0x7f };

static void recurrence_put_capital(struct buf *b, const struct json *j, int node)
{
    isize from = b->n;
    graph_copy_text(b, j, node);
    if (b->n > from && b->p[from] >= 'a' && b->p[from] <= 'z') {
        b->p[from] = (u8)(b->p[from] - 'a' + 'A');
    }
}

static void recurrence_put_number(struct buf *b, const struct json *j, int node)
{
    i64 number;
    if (json_i64(j, node, &number)) {
        buf_put_i64(b, number);
    }
}

static void recurrence_put_month(struct buf *b, const struct json *j, int node)
{
    i64 month;
    if (json_i64(j, node, &month) && month >= 1 && month <= COUNT(recurrence_months)) {
        buf_put(b, str_from(recurrence_months[month - 1]));
    }
}

// The days that are named, as bits; -1: one of them is no day.
static int recurrence_read_days(const struct json *j, int list)
{
    int days = 0;
    for (int n = json_first(j, list); n >= 0; n = json_next(j, n)) {
        int bit = -1;
        for (int i = 0; i < COUNT(recurrence_days); i++) {
            bit = json_equals(j, n, str_from(recurrence_days[i])) ? i : bit;
        }
        if (bit < 0) {
            return -1;
        }
        days |= 1 << bit;
    }
    return days;
}

static void recurrence_put_days(struct buf *b, const struct json *j, int list, bool relative)
{
    int days = json_type(j, list) == JSON_ARRAY ? recurrence_read_days(j, list) : 0;
    if (json_type(j, list) != JSON_ARRAY) {
        return;
    }
    if (relative && (days == DAYS_ALL || days == DAYS_WEEKDAY || days == DAYS_WEEKEND)) {
        buf_put(b, days == DAYS_ALL       ? S("Day")
                   : days == DAYS_WEEKDAY ? S("Weekday")
                                          : S("WeekendDay"));
        return;
    }
    for (int n = json_first(j, list); n >= 0; n = json_next(j, n)) {
        if (b->n && buf_room(b)) {
            buf_put_byte(b, ' ');
        }
        recurrence_put_capital(b, j, n);
    }
}

void graph_recurrence_read(const struct json *j, int node, struct outlook_recurrence *r)
{
    outlook_recurrence_start(r);
    int pattern = json_get(j, node, S("pattern"));
    int type = json_get(j, pattern, S("type"));
    bool relative = false;
    for (isize i = 0; i < COUNT(recurrence_types); i++) {
        if (json_equals(j, type, str_from(recurrence_types[i].type))) {
            r->pattern = recurrence_types[i].pattern;
            relative = recurrence_types[i].relative;
        }
    }
    recurrence_put_number(&r->interval, j, json_get(j, pattern, S("interval")));
    recurrence_put_days(&r->days, j, json_get(j, pattern, S("daysOfWeek")), relative);
    recurrence_put_capital(&r->index, j, json_get(j, pattern, S("index")));
    recurrence_put_number(&r->day, j, json_get(j, pattern, S("dayOfMonth")));
    recurrence_put_month(&r->month, j, json_get(j, pattern, S("month")));
    recurrence_put_capital(&r->first, j, json_get(j, pattern, S("firstDayOfWeek")));
}

void graph_recurrence_put_type(const struct json *j, int node, struct buf *type)
{
    if (json_equals(j, node, S("singleInstance"))) {
        buf_put(type, S("Single"));
    } else if (json_equals(j, node, S("seriesMaster"))) {
        buf_put(type, S("RecurringMaster"));
    } else if (json_raw(j, node).n <= buf_room(type)) { // "Occurrence", "Exception", or a new one
        recurrence_put_capital(type, j, node);
    }
}
