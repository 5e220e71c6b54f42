// SPDX-License-Identifier: Apache-2.0
// Reading and printing recurrence (see outlook_recurrence.h). What does not fit its few bytes is
// cut: no name of a day or month is that long.
#include "source/outlook/outlook_recurrence.h"

#include "codec/json_write.h"

void outlook_recurrence_start(struct outlook_recurrence *r)
{
    r->pattern = EWS_TAG_OTHER;
    r->open = NULL;
    r->interval = buf_over(r->interval_bytes, COUNT(r->interval_bytes));
    r->days = buf_over(r->days_bytes, COUNT(r->days_bytes));
    r->index = buf_over(r->index_bytes, COUNT(r->index_bytes));
    r->day = buf_over(r->day_bytes, COUNT(r->day_bytes));
    r->month = buf_over(r->month_bytes, COUNT(r->month_bytes));
    r->first = buf_over(r->first_bytes, COUNT(r->first_bytes));
}

static bool recurrence_is_pattern(enum ews_tag tag)
{
    return tag == EWS_TAG_DailyRecurrence || tag == EWS_TAG_WeeklyRecurrence ||
           tag == EWS_TAG_AbsoluteMonthlyRecurrence || tag == EWS_TAG_RelativeMonthlyRecurrence ||
           tag == EWS_TAG_AbsoluteYearlyRecurrence || tag == EWS_TAG_RelativeYearlyRecurrence ||
           tag == EWS_TAG_DailyRegeneration || tag == EWS_TAG_WeeklyRegeneration ||
           tag == EWS_TAG_MonthlyRegeneration || tag == EWS_TAG_YearlyRegeneration;
}

static struct buf *recurrence_part(struct outlook_recurrence *r, enum ews_tag tag)
{
    return tag == EWS_TAG_Interval         ? &r->interval
           : tag == EWS_TAG_DaysOfWeek     ? &r->days
           : tag == EWS_TAG_DayOfWeekIndex ? &r->index
           : tag == EWS_TAG_DayOfMonth     ? &r->day
           : tag == EWS_TAG_Month          ? &r->month
           : tag == EWS_TAG_FirstDayOfWeek ? &r->first
                                           : NULL;
}

void outlook_recurrence_open(struct outlook_recurrence *r, enum ews_tag tag, int below)
{
    if (below == 1 && recurrence_is_pattern(tag)) {
        r->pattern = tag;
    }
    r->open = below == 2 ? recurrence_part(r, tag) : NULL;
}

void outlook_recurrence_text(struct outlook_recurrence *r, str text)
{
    if (r->open) {
        isize room = r->open->cap - r->open->n;
        buf_put(r->open, str_slice(text, 0, text.n < room ? text.n : room));
    }
}

void outlook_recurrence_close(struct outlook_recurrence *r)
{
    r->open = NULL;
}

static void recurrence_put_list(struct buf *b, str days)
{
    str rest = days, day;
    bool more = true;
    bool any = false;
    while (more) {
        rest = str_cut(rest, ' ', &day, &more);
        day = str_trim(day);
        if (day.n) {
            buf_put(b, any ? S(", ") : S(""));
            buf_put(b, day);
            any = true;
        }
    }
}

// "{i}" interval, "{w}" days, "{x}" index, "{d}" day of month, "{m}" month, "{f}" first day.
static const char *recurrence_form(enum ews_tag pattern)
{
    return pattern == EWS_TAG_DailyRecurrence    ? "Occurs every {i} day(s)"
           : pattern == EWS_TAG_WeeklyRecurrence ? "Occurs on weekdays {w} of every {i} week(s) "
                                                   "where the first day of the week is {f}"
           : pattern == EWS_TAG_AbsoluteMonthlyRecurrence
               ? "Occurs on day {d} of every {i} month(s)"
           : pattern == EWS_TAG_RelativeMonthlyRecurrence
               ? "Occurs on weekday {w} in the {x} week of every {i} month(s)"
           : pattern == EWS_TAG_AbsoluteYearlyRecurrence ? "Occurs on day {d} of {m}"
           : pattern == EWS_TAG_RelativeYearlyRecurrence
               ? "Occurs on weekday {w} in the {x} week of {m}"
           : pattern == EWS_TAG_DailyRegeneration   ? "Regenerates every {i} day(s)"
           : pattern == EWS_TAG_WeeklyRegeneration  ? "Regenerates every {i} week(s)"
           : pattern == EWS_TAG_MonthlyRegeneration ? "Regenerates every {i} month(s)"
                                                    : "Regenerates every {i} year(s)";
}

static void recurrence_put_part(struct buf *b, const struct outlook_recurrence *r, u8 part)
{
    str first = str_trim(buf_str(&r->first));
    switch (part) {
    case 'i':
        buf_put(b, str_trim(buf_str(&r->interval)));
        break;
    case 'w':
        recurrence_put_list(b, buf_str(&r->days));
        break;
    case 'x':
        buf_put(b, str_trim(buf_str(&r->index)));
        break;
    case 'd':
        buf_put(b, str_trim(buf_str(&r->day)));
        break;
    case 'm':
        buf_put(b, str_trim(buf_str(&r->month)));
        break;
    default:
        buf_put(b, first.n ? first : S("Monday"));
        break;
    }
}

static void recurrence_put(struct buf *b, const struct outlook_recurrence *r)
{
    str form = str_from(recurrence_form(r->pattern));
    for (isize i = 0; i < form.n; i++) {
        if (form.p[i] == '{') {
            recurrence_put_part(b, r, form.p[i + 1]);
            i += 2;
        } else {
            buf_put_byte(b, form.p[i]);
        }
    }
}

void outlook_put_meeting_type(struct buf *json, str type, const struct outlook_recurrence *r)
{
    u8 bytes[320];
    struct buf text = buf_over(bytes, COUNT(bytes));
    struct json_write w = json_write_to(json);
    if (r->pattern != EWS_TAG_OTHER && !str_eq(type, S("Single"))) {
        buf_put(&text, S("Recurring "));
        recurrence_put(&text, r);
        ASSERT(!text.full); // the longest form and all its parts
        json_write_string(&w, buf_str(&text));
    } else if (type.n) {
        json_write_string(&w, type);
    } else {
        json_write_null(&w);
    }
}
