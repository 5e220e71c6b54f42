// SPDX-License-Identifier: Apache-2.0
// An event of the fake Graph (spec/wire-graph.md 8), from what the fake Exchange writes of it: six
// patterns of recurrence, sets of weekdays, three lists of attendees, times in UTC. All-day events
// begin at midnight UTC, where EWS has midnight of the creator's zone.
#include "graph_shape.h"

#include <string.h>

#define ZONE "W. Europe Standard Time"
#define INDEX_FIRST "first"

const char graph_event_properties[] =
    "id subject body bodyPreview start end location locations attendees organizer recurrence type "
    "seriesMasterId isAllDay isCancelled isOrganizer hasAttachments importance sensitivity showAs "
    "categories lastModifiedDateTime createdDateTime changeKey iCalUId uid originalStartTimeZone "
    "originalEndTimeZone onlineMeeting onlineMeetingProvider onlineMeetingUrl isOnlineMeeting "
    "webLink responseRequested responseStatus reminderMinutesBeforeStart isReminderOn "
    "allowNewTimeProposals hideAttendees isDraft transactionId originalStart occurrenceId";

// ---- recurrence
// ---------------------------------------------------------------------------------

static void put_lower(struct t_buf *b, str word)
{
    t_buf_byte(b, '"');
    for (isize i = 0; i < word.n; i++) {
        t_buf_byte(b, str_lower_byte(word.p[i]));
    }
    t_buf_byte(b, '"');
}

// "Monday Wednesday", or a set of days that EWS has one word for.
static void put_days(struct t_buf *b, str words)
{
    static const char all[] = "\"sunday\",\"monday\",\"tuesday\",\"wednesday\",\"thursday\","
                              "\"friday\",\"saturday\"";
    t_buf_byte(b, '[');
    if (str_eq(words, S("Day"))) {
        t_buf_z(b, all);
    } else if (str_eq(words, S("Weekday"))) {
        t_buf_put(b, str_slice(str_from(all), 9, (isize)sizeof(all) - 1 - 11));
    } else if (str_eq(words, S("WeekendDay"))) {
        t_buf_z(b, "\"sunday\",\"saturday\"");
    } else {
        bool more = words.n > 0, first = true;
        while (more) {
            str one;
            words = str_cut(words, ' ', &one, &more);
            t_buf_z(b, first ? "" : ",");
            put_lower(b, one);
            first = false;
        }
    }
    t_buf_byte(b, ']');
}

static int month_number(str name)
{
    static const char *const names[] = {"January",   "February", "March",    "April",
                                        "May",       "June",     "July",     "August",
                                        "September", "October",  "November", "December"};
    for (int i = 0; i < 12; i++) {
        if (str_eq(name, str_from(names[i]))) {
            return i + 1;
        }
    }
    return 0;
}

static i64 number_of(const struct t_xml *x, int node, const char *name, i64 otherwise)
{
    i64 n = otherwise;
    int child = t_xml_child(x, node, name);
    return child >= 0 && str_to_i64(t_xml_text(x, child), &n) ? n : otherwise;
}

static void put_pattern(struct t_buf *b, const struct t_xml *x, int node, const char *type)
{
    str days = t_xml_text(x, t_xml_child(x, node, "t:DaysOfWeek"));
    int first = t_xml_child(x, node, "t:FirstDayOfWeek");
    int index = t_xml_child(x, node, "t:DayOfWeekIndex");
    t_buf_printf(b, "{\"type\":\"%s\",\"interval\":%lld,\"month\":%d,\"dayOfMonth\":%lld,", type,
                 (long long)number_of(x, node, "t:Interval", 1),
                 month_number(t_xml_text(x, t_xml_child(x, node, "t:Month"))),
                 (long long)number_of(x, node, "t:DayOfMonth", 0));
    t_buf_z(b, "\"daysOfWeek\":");
    put_days(b, days);
    t_buf_z(b, ",\"firstDayOfWeek\":");
    put_lower(b, first < 0 ? S("monday") : t_xml_text(x, first));
    t_buf_z(b, ",\"index\":");
    put_lower(b, index < 0 ? S(INDEX_FIRST) : t_xml_text(x, index));
    t_buf_byte(b, '}');
}

static void put_range(struct t_buf *b, const struct t_xml *x, int node)
{
    str start = t_xml_text(x, t_xml_child(x, node, "t:StartDate"));
    int end = t_xml_child(x, node, "t:EndDate");
    i64 count = number_of(x, node, "t:NumberOfOccurrences", 0);
    t_buf_printf(b, "{\"type\":\"%s\",\"startDate\":\"",
                 end >= 0    ? "endDate"
                 : count > 0 ? "numbered"
                             : "noEnd");
    t_buf_put(b, str_slice(start, 0, 10)); // a date, without the offset
    t_buf_z(b, "\",\"endDate\":\"");
    t_buf_put(b, end >= 0 ? str_slice(t_xml_text(x, end), 0, 10) : S("0001-01-01"));
    t_buf_printf(b, "\",\"recurrenceTimeZone\":\"" ZONE "\",\"numberOfOccurrences\":%lld}",
                 (long long)count);
}

// null for what is no series, and for regenerations, which events do not have.
static void put_recurrence(struct graph_put *p)
{
    static const struct {
        const char *element, *type;
    } types[] = {
        {"t:DailyRecurrence", "daily"},
        {"t:WeeklyRecurrence", "weekly"},
        {"t:AbsoluteMonthlyRecurrence", "absoluteMonthly"},
        {"t:RelativeMonthlyRecurrence", "relativeMonthly"},
        {"t:AbsoluteYearlyRecurrence", "absoluteYearly"},
        {"t:RelativeYearlyRecurrence", "relativeYearly"},
    };
    const struct t_xml *x = &p->g->x;
    int node = graph_item_child(p->g, "t:Recurrence");
    struct t_buf b = {0};
    for (isize k = 0; node >= 0 && k < COUNT(types); k++) {
        int pattern = t_xml_child(x, node, types[k].element);
        if (pattern >= 0) {
            t_buf_z(&b, "{\"pattern\":");
            put_pattern(&b, x, pattern, types[k].type);
            t_buf_z(&b, ",\"range\":");
            put_range(&b, x, x->nodes[pattern].next);
            t_buf_byte(&b, '}');
        }
    }
    t_buf_z(&b, b.n == 0 ? "null" : "");
    t_buf_byte(&b, 0);
    graph_put_empty(p, "recurrence", (const char *)b.p);
    t_buf_free(&b);
}

// ---- people and places
// ---------------------------------------------------------------------------------

static void put_attendee(struct graph_put *p, const char *type, int attendee)
{
    const struct t_xml *x = &p->g->x;
    str response = t_xml_text(x, t_xml_child(x, attendee, "t:ResponseType"));
    int when = t_xml_child(x, attendee, "t:LastResponseTime");
    t_json_item(&p->w);
    struct t_buf *b = p->w.b;
    isize at = b->n;
    graph_put_mailbox(p, t_xml_child(x, attendee, "t:Mailbox"));
    struct t_buf head = {0};
    t_buf_printf(&head, "{\"type\":\"%s\",\"status\":{\"response\":\"%s\",\"time\":\"", type,
                 str_eq(response, S("Accept")) ? "accepted" : "none");
    t_buf_put(&head, when < 0 ? S("0001-01-01T00:00:00Z") : t_xml_text(x, when));
    t_buf_z(&head, "\"},");
    t_buf_put(&head, str_slice(t_buf_str(b), at + 1, b->n)); // the mailbox behind it
    b->n = at;
    t_buf_put(b, t_buf_str(&head));
    t_buf_free(&head);
}

static void put_attendees(struct graph_put *p)
{
    static const struct {
        const char *element, *type;
    } lists[] = {{"t:OptionalAttendees", "optional"}, {"t:RequiredAttendees", "required"}};
    if (!graph_put_key(p, "attendees")) {
        return;
    }
    t_json_open(&p->w, '[');
    for (isize k = 0; k < COUNT(lists); k++) {
        int list = graph_item_child(p->g, lists[k].element);
        for (int n = list < 0 ? -1 : p->g->x.nodes[list].first; n >= 0; n = p->g->x.nodes[n].next) {
            put_attendee(p, lists[k].type, n);
        }
    }
    if (p->g->item.number % 7 == 3) { // EWS has rooms in a list of their own, which nobody asks for
        t_json_item(&p->w);
        t_buf_z(p->w.b, "{\"type\":\"resource\",\"status\":{\"response\":\"none\",\"time\":"
                        "\"0001-01-01T00:00:00Z\"},\"emailAddress\":{\"name\":\"Room 4\","
                        "\"address\":\"room4@example.test\"}}");
    }
    t_json_close(&p->w, ']');
}

static void put_location(struct graph_put *p)
{
    int node = graph_item_child(p->g, "t:Location");
    str name = node < 0 ? (str){0} : t_xml_text(&p->g->x, node);
    struct t_buf b = {0};
    if (node < 0) {
        graph_put_null(p, "location");
        graph_put_empty(p, "locations", "[]");
        return;
    }
    t_buf_z(&b, "[{\"displayName\":");
    t_json_put_string(&b, name);
    if (name.n > 0) {
        t_buf_z(&b, ",\"locationType\":\"default\",\"uniqueId\":");
        t_json_put_string(&b, name);
        t_buf_z(&b, ",\"uniqueIdType\":\"private\",\"address\":{},\"coordinates\":{}");
    }
    t_buf_z(&b, "}]");
    t_buf_byte(&b, 0);
    graph_put_empty(p, "locations", name.n > 0 ? (const char *)b.p : "[]");
    b.p[b.n - 2] = 0; // without the bracket
    graph_put_empty(p, "location", (const char *)b.p + 1);
    t_buf_free(&b);
}

static void put_organizer(struct graph_put *p)
{
    int node = graph_item_child(p->g, "t:Organizer");
    if (node < 0) {
        graph_put_null(p, "organizer");
    } else if (graph_put_key(p, "organizer")) {
        graph_put_mailbox(p, p->g->x.nodes[node].first);
    }
}

// ---- an event
// ---------------------------------------------------------------------------------

static const char *type_of(const struct graph_item *g)
{
    static const struct {
        const char *ews, *graph;
    } types[] = {{"Single", "singleInstance"},
                 {"Occurrence", "occurrence"},
                 {"Exception", "exception"},
                 {"RecurringMaster", "seriesMaster"}};
    for (isize k = 0; k < COUNT(types); k++) {
        if (graph_item_is(g, "t:CalendarItemType", types[k].ews)) {
            return types[k].graph;
        }
    }
    return NULL;
}

// All-day events float: the creator's midnight is everybody's.
void graph_event_put_times(struct graph_put *p)
{
    i64 start = 0, end = 0;
    bool all_day = graph_item_is(p->g, "t:IsAllDayEvent", "true");
    bool timed = graph_time_read(graph_item_text(p->g, "t:Start"), &start) &&
                 graph_time_read(graph_item_text(p->g, "t:End"), &end);
    i64 shift = all_day ? 2 * GRAPH_HOUR_MS : 0;
    graph_put_bool(p, "isAllDay", all_day);
    if (timed) {
        graph_put_zoned(p, "start", start + shift, "UTC");
        graph_put_zoned(p, "end", end + shift, "UTC");
    } else {
        graph_put_null(p, "start");
        graph_put_null(p, "end");
    }
    bool zones = graph_item_child(p->g, "t:StartTimeZone") >= 0;
    graph_put_z(p, "originalStartTimeZone", zones ? ZONE : NULL);
    graph_put_z(p, "originalEndTimeZone", zones ? ZONE : NULL);
}

static void put_constants(struct graph_put *p)
{
    static const struct {
        const char *key, *value;
    } rows[] = {
        {"transactionId", "null"},
        {"isDraft", "false"},
        {"hideAttendees", "false"},
        {"reminderMinutesBeforeStart", "15"},
        {"isReminderOn", "true"},
        {"responseRequested", "true"},
        {"allowNewTimeProposals", "true"},
        {"isCancelled", "false"},
        {"isOrganizer", "true"},
        {"isOnlineMeeting", "false"},
        {"onlineMeetingProvider", "\"unknown\""},
        {"onlineMeetingUrl", "null"},
        {"onlineMeeting", "null"},
        {"sensitivity", "\"normal\""},
        {"showAs", "\"busy\""},
        {"responseStatus", "{\"response\":\"organizer\",\"time\":\"0001-01-01T00:00:00Z\"}"},
    };
    for (isize k = 0; k < COUNT(rows); k++) {
        graph_put_empty(p, rows[k].key, rows[k].value);
    }
}

void graph_event_put(struct graph_put *p)
{
    str subject = graph_item_text(p->g, "t:Subject");
    graph_put_head(p);
    put_constants(p);
    graph_put_web_link(p);
    graph_put_text(p, "iCalUId", graph_item_text(p->g, "t:UID"));
    graph_put_text(p, "uid", graph_item_text(p->g, "t:UID"));
    graph_put_bool(p, "hasAttachments", graph_item_is(p->g, "t:HasAttachments", "true"));
    if (subject.n > 0) {
        graph_put_text(p, "subject", subject);
    } else {
        graph_put_null(p, "subject");
    }
    graph_put_z(p, "bodyPreview", "");
    graph_put_importance(p);
    graph_put_null(p, "seriesMasterId");
    graph_put_z(p, "type", type_of(p->g));
    graph_put_body(p, "body", "t:Body");
    graph_event_put_times(p);
    put_location(p);
    put_recurrence(p);
    put_attendees(p);
    put_organizer(p);
}
