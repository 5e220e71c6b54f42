// SPDX-License-Identifier: Apache-2.0
// source/outlook/graph_recurrence: every pattern in the words that EWS gives for the same one, and
// patterns that are none.
#include "graph_item_rig.h"

// ---- recurrence

#define TYPE(t) "<t:CalendarItemType>" t "</t:CalendarItemType>"
#define INTERVAL "<t:Interval>3</t:Interval>"

static void check_meeting(const char *type, const char *recurrence, const char *graph)
{
    static char answer[4096], element[1024];
    snprintf(answer, sizeof answer,
             ANSWER("<t:CalendarItem>%s<t:Recurrence>%s</t:Recurrence></t:CalendarItem>"), type,
             recurrence);
    snprintf(element, sizeof element, "{\"id\":\"A\",%s}", graph);
    check_pair(answer, element, (struct graph_shape){.kind = EWS_KIND_CALENDAR});
}

static void test_pair_meeting_types(void)
{
    check_meeting(TYPE("Single"), "", "\"type\":\"singleInstance\",\"recurrence\":null");
    check_meeting(TYPE("Single"), "<t:DailyRecurrence>" INTERVAL "</t:DailyRecurrence>",
                  "\"type\":\"singleInstance\",\"recurrence\":{\"pattern\":{\"type\":\"daily\","
                  "\"interval\":3}}");
    check_meeting(TYPE("Occurrence"), "", "\"type\":\"occurrence\"");
    check_meeting(TYPE("Exception"), "", "\"type\":\"exception\"");
    check_meeting(TYPE("RecurringMaster"), "", "\"type\":\"seriesMaster\"");
    check_meeting("", "", "\"type\":null");
    check_meeting("", "<t:DailyRecurrence>" INTERVAL "</t:DailyRecurrence>",
                  "\"recurrence\":{\"pattern\":{\"type\":\"daily\",\"interval\":3}}");
    check_meeting("",
                  "<t:WeeklyRecurrence>" INTERVAL
                  "<t:DaysOfWeek>Friday</t:DaysOfWeek></t:WeeklyRecurrence>",
                  "\"recurrence\":{\"pattern\":{\"type\":\"weekly\",\"interval\":3,"
                  "\"daysOfWeek\":[\"friday\"]}}");
    // A week of a weekly pattern is listed, it is no set.
    check_meeting("",
                  "<t:WeeklyRecurrence>" INTERVAL "<t:DaysOfWeek>Saturday Sunday</t:DaysOfWeek>"
                  "<t:FirstDayOfWeek>Monday</t:FirstDayOfWeek></t:WeeklyRecurrence>",
                  "\"recurrence\":{\"pattern\":{\"type\":\"weekly\",\"interval\":3,"
                  "\"daysOfWeek\":[\"saturday\",\"sunday\"],\"firstDayOfWeek\":\"monday\"}}");
    check_meeting("",
                  "<t:AbsoluteMonthlyRecurrence>" INTERVAL
                  "<t:DayOfMonth>15</t:DayOfMonth></t:AbsoluteMonthlyRecurrence>",
                  "\"recurrence\":{\"pattern\":{\"type\":\"absoluteMonthly\",\"interval\":3,"
                  "\"dayOfMonth\":15}}");
    check_meeting("",
                  "<t:AbsoluteYearlyRecurrence><t:DayOfMonth>5</t:DayOfMonth><t:Month>March"
                  "</t:Month></t:AbsoluteYearlyRecurrence>",
                  "\"recurrence\":{\"pattern\":{\"type\":\"absoluteYearly\",\"interval\":1,"
                  "\"dayOfMonth\":5,\"month\":3}}");
    check_meeting("",
                  "<t:RelativeYearlyRecurrence><t:DaysOfWeek>Thursday</t:DaysOfWeek>"
                  "<t:DayOfWeekIndex>Fourth</t:DayOfWeekIndex><t:Month>November</t:Month>"
                  "</t:RelativeYearlyRecurrence>",
                  "\"recurrence\":{\"pattern\":{\"type\":\"relativeYearly\",\"interval\":1,"
                  "\"daysOfWeek\":[\"thursday\"],\"index\":\"fourth\",\"month\":11}}");
}

static void check_days(const char *ews, const char *graph)
{
    static char recurrence[1024], element[1024];
    snprintf(recurrence, sizeof recurrence,
             "<t:RelativeMonthlyRecurrence>" INTERVAL "<t:DaysOfWeek>%s</t:DaysOfWeek>"
             "<t:DayOfWeekIndex>Last</t:DayOfWeekIndex></t:RelativeMonthlyRecurrence>",
             ews);
    snprintf(element, sizeof element,
             "\"recurrence\":{\"pattern\":{\"type\":\"relativeMonthly\",\"interval\":3,"
             "\"index\":\"last\",\"daysOfWeek\":[%s]}}",
             graph);
    check_meeting("", recurrence, element);
}

static void test_pair_days(void)
{
    check_days("Tuesday", "\"tuesday\"");
    check_days("Weekday", "\"monday\",\"tuesday\",\"wednesday\",\"thursday\",\"friday\"");
    check_days("Weekday", "\"friday\",\"thursday\",\"wednesday\",\"tuesday\",\"monday\"");
    check_days("WeekendDay", "\"sunday\",\"saturday\"");
    check_days("Day", "\"sunday\",\"monday\",\"tuesday\",\"wednesday\",\"thursday\",\"friday\","
                      "\"saturday\"");
    // Not all of a set: listed.
    check_days("Monday Friday", "\"monday\",\"friday\"");
    check_days("Monday Tuesday Wednesday Thursday",
               "\"monday\",\"tuesday\",\"wednesday\",\"thursday\"");
}

static str meeting(const char *pattern)
{
    static char element[2048];
    const struct graph_shape s = {.kind = EWS_KIND_CALENDAR};
    snprintf(element, sizeof element,
             "{\"id\":\"A\",\"type\":\"seriesMaster\",\"recurrence\":{\"pattern\":%s}}", pattern);
    CHECK(put(element, &s) == GRAPH_ITEM_PUT && !g.doc.full);
    return member("meeting_type");
}

static void test_recurrence_odd(void)
{
    CHECK_STR(meeting("{\"type\":\"hourly\",\"interval\":1}"), S("\"RecurringMaster\""));
    CHECK_STR(meeting("[]"), S("\"RecurringMaster\""));
    CHECK_STR(meeting("{\"type\":\"daily\",\"interval\":\"3\"}"),
              S("\"Recurring Occurs every  day(s)\""));
    CHECK_STR(meeting("{\"type\":\"absoluteYearly\",\"dayOfMonth\":1,\"month\":13}"),
              S("\"Recurring Occurs on day 1 of \""));
    CHECK_STR(meeting("{\"type\":\"daily\",\"interval\":-9223372036854775808}"),
              S("\"Recurring Occurs every  day(s)\""));
    CHECK_STR(meeting("{\"type\":\"weekly\",\"interval\":1,\"daysOfWeek\":[\"oneday\",7,null],"
                      "\"firstDayOfWeek\":\"\"}"),
              S("\"Recurring Occurs on weekdays Oneday of every 1 week(s) where the first day of "
                "the week is Monday\""));
    // Far too many and too long: cut, not overrun.
    str text = meeting(
        "{\"type\":\"weekly\",\"interval\":123456789012,\"daysOfWeek\":[\"a\",\"b\",\"c\",\"d\","
        "\"e\",\"f\",\"g\",\"h\",\"i\",\"j\",\"k\",\"l\",\"m\",\"n\",\"o\",\"p\",\"q\",\"r\","
        "\"s\",\"t\",\"u\",\"v\",\"w\",\"x\",\"y\",\"z\",\"a\",\"b\",\"c\",\"d\",\"e\",\"f\","
        "\"g\",\"h\",\"i\",\"j\",\"k\",\"l\",\"m\",\"n\",\"o\",\"p\",\"q\",\"r\",\"s\",\"t\","
        "\"u\",\"v\",\"w\",\"x\",\"y\",\"z\"],\"firstDayOfWeek\":\"sundaysundaysundaysunday\"}");
    CHECK(str_starts(text, S("\"Recurring Occurs on weekdays A, B, C, ")));
    const struct graph_shape s = {.kind = EWS_KIND_CALENDAR};
    CHECK(put("{\"id\":\"A\",\"type\":\"newKind\"}", &s) == GRAPH_ITEM_PUT);
    CHECK_STR(member("meeting_type"), S("\"NewKind\""));
    CHECK(put("{\"id\":\"A\",\"type\":\"aTypeThatIsLongerThanAllThatAreKnown\"}", &s) ==
          GRAPH_ITEM_PUT);
    CHECK_STR(member("meeting_type"), S("null"));
}

static const struct test_case cases[] = {
    CASE(test_pair_meeting_types),
    CASE(test_pair_days),
    CASE(test_recurrence_odd),
};

TEST_MAIN(cases)
