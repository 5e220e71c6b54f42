// SPDX-License-Identifier: Apache-2.0
// Calendar items of the fake Exchange: 24 cases in turn: single ones, masters with every pattern of
// recurrence and every range, an occurrence, an exception, all-day events, missing properties.
#include "ews.h"

#define DAY_MS 86400000
#define HOUR_MS 3600000

// Children of the pattern, up to three as name and text; the range: 0 none, 1 with an end, 2
// numbered.
struct pattern {
    const char *element;
    const char *children[6];
    int range;
};

static const struct pattern patterns[] = {
    {"t:DailyRecurrence", {"t:Interval", "3"}, 0},
    {"t:WeeklyRecurrence",
     {"t:Interval", "2", "t:DaysOfWeek", "Monday Wednesday", "t:FirstDayOfWeek", "Sunday"},
     0},
    {"t:WeeklyRecurrence", {"t:Interval", "1", "t:DaysOfWeek", "Friday Tuesday"}, 1},
    {"t:AbsoluteMonthlyRecurrence", {"t:Interval", "2", "t:DayOfMonth", "15"}, 2},
    {"t:RelativeMonthlyRecurrence",
     {"t:Interval", "1", "t:DaysOfWeek", "WeekendDay", "t:DayOfWeekIndex", "Last"},
     0},
    {"t:RelativeMonthlyRecurrence",
     {"t:Interval", "1", "t:DaysOfWeek", "Weekday", "t:DayOfWeekIndex", "First"},
     1},
    {"t:AbsoluteYearlyRecurrence", {"t:DayOfMonth", "5", "t:Month", "March"}, 0},
    {"t:RelativeYearlyRecurrence",
     {"t:DaysOfWeek", "Thursday", "t:DayOfWeekIndex", "Fourth", "t:Month", "November"},
     2},
    {"t:DailyRegeneration", {"t:Interval", "4"}, 0},
};

enum {
    CASE_WEEKDAY_IN_WEEKLY = 9,
    CASE_OCCURRENCE = 10,
    CASE_EXCEPTION = 11,
    CASE_MASTER_BARE = 12,
    CASE_ALL_DAY = 13,
    CASE_OFFSETS = 14,
    CASE_BARE = 15,
    CASE_NO_TYPE = 16,
    CASES = 24
};

static const struct pattern weekday_in_weekly = {
    "t:WeeklyRecurrence", {"t:Interval", "1", "t:DaysOfWeek", "Weekday"}, 0};

static const struct pattern *pattern_of(const struct ews *c, const struct ews_item *i)
{
    i64 which = ews_item_case(i, CASES);
    if (which == CASE_WEEKDAY_IN_WEEKLY && c->e->odd) {
        return &weekday_in_weekly;
    }
    return which < COUNT(patterns) ? &patterns[which] : NULL;
}

static const char *type_of(const struct ews *c, const struct ews_item *i)
{
    i64 which = ews_item_case(i, CASES);
    return pattern_of(c, i) || which == CASE_MASTER_BARE ? "RecurringMaster"
           : which == CASE_OCCURRENCE                    ? "Occurrence"
           : which == CASE_EXCEPTION                     ? "Exception"
           : which == CASE_NO_TYPE                       ? NULL
                                                         : "Single";
}

static void put_when(struct ews *c, const char *name, i64 unix_ms, int form)
{
    struct t_buf b = {0};
    ews_date_put(&b, unix_ms, form);
    x_text(&c->w, name, t_buf_str(&b));
    t_buf_free(&b);
}

// A date without time, with an offset, as ranges of recurrence have it.
static void put_day(struct ews *c, const char *name, i64 unix_ms)
{
    struct t_buf b = {0};
    ews_date_put(&b, unix_ms, 3);
    b.n = 10;
    t_buf_z(&b, unix_ms / DAY_MS % 2 ? "+02:00" : "Z");
    x_text(&c->w, name, t_buf_str(&b));
    t_buf_free(&b);
}

static void put_recurrence(struct ews *c, const struct ews_item *i, i64 start_ms)
{
    static const char *const ranges[] = {"t:NoEndRecurrence", "t:EndDateRecurrence",
                                         "t:NumberedRecurrence"};
    const struct pattern *p = pattern_of(c, i);
    if (!p) {
        return;
    }
    struct ews_out *w = &c->w;
    x_open(w, "t:Recurrence");
    x_open(w, p->element);
    for (isize k = 0; k + 1 < COUNT(p->children) && p->children[k]; k += 2) {
        x_z(w, p->children[k], p->children[k + 1]);
    }
    x_close(w, p->element);
    x_open(w, ranges[p->range]);
    put_day(c, "t:StartDate", start_ms);
    if (p->range == 1) {
        put_day(c, "t:EndDate", start_ms + 90 * (i64)DAY_MS);
    } else if (p->range == 2) {
        x_num(w, "t:NumberOfOccurrences", 10);
    }
    x_close(w, ranges[p->range]);
    x_close(w, "t:Recurrence");
}

static void put_person(struct ews_out *w, const char *name, const char *address)
{
    x_open(w, "t:Mailbox");
    x_z(w, "t:Name", name);
    if (address) {
        x_z(w, "t:EmailAddress", address);
        x_z(w, "t:RoutingType", address[0] == '/' ? "EX" : "SMTP");
    }
    x_z(w, "t:MailboxType", "Mailbox");
    x_close(w, "t:Mailbox");
}

static void put_attendees(struct ews *c, const struct ews_item *i, const char *element, int count)
{
    static const struct {
        const char *name, *address;
    } people[] = {
        {"Bob Ray", "bob@example.test"},
        {"Zoë Ünal", "Zoe@Example.test"},
        {"Old Exchange", "/O=ORG/OU=X/CN=RECIPIENTS/CN=CAROL"},
        {"No address", NULL},
    };
    if (count == 0) {
        return;
    }
    x_open(&c->w, element);
    for (int k = 0; k < count; k++) {
        isize p = (isize)(((u64)k + i->r) % (u64)COUNT(people));
        x_open(&c->w, "t:Attendee");
        put_person(&c->w, people[p].name, people[p].address);
        x_z(&c->w, "t:ResponseType", k % 2 ? "Unknown" : "Accept");
        if (k % 2 == 0) {
            x_z(&c->w, "t:LastResponseTime", "2024-06-02T12:00:00Z");
        }
        x_close(&c->w, "t:Attendee");
    }
    x_close(&c->w, element);
}

static void put_zone(struct ews *c, const char *element)
{
    x_open(&c->w, element);
    x_attr(&c->w, "Id", S("W. Europe Standard Time"));
    x_attr(&c->w, "Name", S("(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna"));
    x_close(&c->w, element);
}

static void put_times(struct ews *c, const struct ews_item *i, const struct ews_shape *s,
                      i64 start_ms)
{
    i64 which = ews_item_case(i, CASES);
    int form = which == CASE_OFFSETS ? 2 : 0;
    i64 length = which == CASE_ALL_DAY ? DAY_MS : HOUR_MS / 2;
    if (ews_wants(s, EWS_F_CALENDAR_UID)) {
        struct t_buf uid = {0};
        t_buf_printf(&uid, "040000008200E00074C5B7101A82E00800000000%016llX",
                     (unsigned long long)i->r);
        x_text(&c->w, "t:UID", t_buf_str(&uid));
        t_buf_free(&uid);
    }
    if (ews_wants(s, EWS_F_CALENDAR_START) && which != CASE_BARE) {
        put_when(c, "t:Start", start_ms, form);
    }
    if (ews_wants(s, EWS_F_CALENDAR_END) && which != CASE_BARE) {
        put_when(c, "t:End", start_ms + length, form);
    }
    if (ews_wants(s, EWS_F_CALENDAR_ALL_DAY)) {
        x_z(&c->w, "t:IsAllDayEvent", which == CASE_ALL_DAY ? "true" : "false");
    }
}

void ews_calendar_put(struct ews *c, const struct ews_item *i, const struct ews_shape *s)
{
    i64 which = ews_item_case(i, CASES);
    bool bare = which == CASE_BARE;
    // All-day events begin at midnight of the creator's zone, here UTC+2.
    i64 start_ms = i->received_ms / DAY_MS * DAY_MS + 7 * (i64)DAY_MS +
                   (which == CASE_ALL_DAY ? -2 * HOUR_MS : (8 + i->number % 9) * HOUR_MS);
    put_times(c, i, s, start_ms);
    if (ews_wants(s, EWS_F_CALENDAR_LOCATION) && !bare) {
        x_z(&c->w, "t:Location", which % 3 == 0 ? "" : which % 3 == 1 ? "Room 4" : "Café & Küche");
    }
    if (ews_wants(s, EWS_F_CALENDAR_RECURRING)) {
        x_z(&c->w, "t:IsRecurring", which < 12 && which != 9 ? "true" : "false");
    }
    const char *type = type_of(c, i);
    if (ews_wants(s, EWS_F_CALENDAR_TYPE) && type) {
        x_z(&c->w, "t:CalendarItemType", type);
    }
    if (ews_wants(s, EWS_F_CALENDAR_ORGANIZER) && !bare) {
        x_open(&c->w, "t:Organizer");
        put_person(&c->w, "Ann Doe", which % 7 == 6 ? "/O=ORG/OU=X/CN=ANN" : "ann@example.test");
        x_close(&c->w, "t:Organizer");
    }
    if (ews_wants(s, EWS_F_CALENDAR_REQUIRED)) {
        put_attendees(c, i, "t:RequiredAttendees", bare ? 0 : (int)(i->r % 5));
    }
    if (ews_wants(s, EWS_F_CALENDAR_OPTIONAL)) {
        put_attendees(c, i, "t:OptionalAttendees", bare ? 0 : (int)(i->r / 5 % 2));
    }
    if (ews_wants(s, EWS_F_CALENDAR_RECURRENCE)) {
        put_recurrence(c, i, start_ms);
    }
    if (ews_wants(s, EWS_F_CALENDAR_START_ZONE) && !bare) {
        put_zone(c, "t:StartTimeZone");
    }
    if (ews_wants(s, EWS_F_CALENDAR_END_ZONE) && !bare) {
        put_zone(c, "t:EndTimeZone");
    }
}
