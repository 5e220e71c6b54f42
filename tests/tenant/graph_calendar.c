// SPDX-License-Identifier: Apache-2.0
// Calendars and events of the fake Graph (spec/wire-graph.md 8). Lists have single events and
// masters; occurrences are in calendarView only, which makes none of its own but the first of a
// series. All-day events begin at midnight UTC, where EWS has midnight of the creator's zone.
#include "graph_shape.h"

#include <string.h>

#define CASES 24 // as in ews_calendar.c: an occurrence and an exception
#define CASE_OCCURRENCE 10
#define CASE_EXCEPTION 11
#define ZONE "W. Europe Standard Time"
#define INDEX_FIRST "first"
#define FIRST_OCCURRENCE 9000 // the attachment number in the id of a series' first occurrence

static const char event_properties[] =
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
static void put_times(struct graph_put *p)
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
        {"webLink", "\"https://outlook.office365.com/owa/?itemid=AAMk&exvsurl=1\""},
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
    put_times(p);
    put_location(p);
    put_recurrence(p);
    put_attendees(p);
    put_organizer(p);
}

static bool in_list(const struct tenant *t, enum ews_place origin, i64 number)
{
    (void)t;
    i64 which = number % CASES;
    return origin < EWS_CALENDAR || (which != CASE_OCCURRENCE && which != CASE_EXCEPTION);
}

static struct graph_set events_of(enum ews_place place)
{
    return (struct graph_set){.what = "calendar/events",
                              .place = place,
                              .has = in_list,
                              .put = graph_event_put,
                              .properties = event_properties,
                              .usual_page = 10,
                              .most_page = 999};
}

// ---- calendarView
// ---------------------------------------------------------------------------------

// The first occurrence of a series: the master with another id and type.
static void put_first(struct graph_put *p)
{
    const struct ews_item *i = &p->g->item;
    struct ews_id id = {.mailbox = i->mailbox, .place = i->place, .index = i->index};
    struct t_buf master = {0}, own = {0};
    graph_id_put(p->c, id, &master);
    id.kind = EWS_ID_ATTACHMENT;
    id.attachment = FIRST_OCCURRENCE;
    graph_id_put(p->c, id, &own);
    t_json_put_member(&p->w, "id", t_buf_str(&own));
    graph_put_text(p, "seriesMasterId", t_buf_str(&master));
    graph_put_z(p, "type", "occurrence");
    graph_put_text(p, "subject", graph_item_text(p->g, "t:Subject"));
    put_times(p);
    t_buf_free(&master);
    t_buf_free(&own);
}

static void view_put(struct graph_put *p)
{
    if (graph_item_is(p->g, "t:CalendarItemType", "RecurringMaster")) {
        put_first(p);
    } else {
        graph_event_put(p);
    }
}

static bool option_time(struct graph_call *c, const char *name, i64 *ms)
{
    str text;
    if (graph_option(c, name, &text) && graph_time_read(text, ms)) {
        return true;
    }
    graph_error(c, 400, "ErrorInvalidParameter",
                "This request requires a time window specified by the query string parameters "
                "StartDateTime and EndDateTime.");
    return false;
}

static bool starts_within(struct graph_call *c, const struct ews_item *i, i64 from, i64 to)
{
    struct graph_item g;
    i64 start = 0;
    // An event begins a week after it was made, give or take a day.
    if (i->received_ms < from - 9 * (i64)GRAPH_DAY_MS || i->received_ms > to) {
        return false;
    }
    graph_item_open(c, i, false, &g);
    bool in = graph_time_read(graph_item_text(&g, "t:Start"), &start) && start >= from &&
              start < to;
    graph_item_close(&g);
    return in;
}

static void answer_view(struct graph_call *c, enum ews_place place)
{
    struct graph_set s = events_of(place);
    i64 from = 0, to = 0, top = 10, skip = 0, seen = 0;
    if (!option_time(c, "startDateTime", &from) || !option_time(c, "endDateTime", &to) ||
        !graph_number(c, "$top", 1, 999, &top) || !graph_number(c, "$skip", 0, 1 << 30, &skip) ||
        !graph_select_check(c, event_properties) || !graph_place_enter(c, place, "GraphList")) {
        return;
    }
    s.put = view_put;
    const struct ews_folder *f = ews_folder(c->t, c->mailbox, place);
    struct t_writer w = graph_collection_open(c, "calendarView");
    for (i64 index = 0; index < ews_total(f) && seen <= skip + top; index++) {
        struct ews_item i;
        if (ews_item_find(c->t, c->mailbox, place, index, &i) && starts_within(c, &i, from, to)) {
            if (seen >= skip && seen < skip + top) {
                graph_set_put(c, &s, &w, index);
            }
            seen++;
        }
    }
    graph_collection_end_value(c, &w);
    if (seen > skip + top) {
        struct t_buf b = {0};
        t_buf_printf(&b, "%lld", (long long)(skip + top));
        graph_next_link(c, &w, "$skip", t_buf_str(&b), true);
        t_buf_free(&b);
    }
    graph_collection_close(c, &w);
}

// ---- calendars
// ---------------------------------------------------------------------------------

static const char calendar_properties[] =
    "id name color hexColor isDefaultCalendar changeKey canShare canViewPrivateItems canEdit owner "
    "isTallyingResponses isRemovable allowedOnlineMeetingProviders defaultOnlineMeetingProvider";

struct calendars {
    enum ews_place places[EWS_PLACES];
    int count;
};

static void put_calendar(struct graph_put *p, const void *st, int n)
{
    const struct calendars *l = st;
    struct graph_call *c = p->c;
    struct ews_place_info info;
    enum ews_place place = l->places[n];
    struct ews_id id = {.kind = EWS_ID_FOLDER, .mailbox = c->mailbox, .place = place};
    struct t_buf b = {0};
    bool own = place != EWS_BIRTHDAYS; // nobody writes into birthdays
    ews_place_find(c->t, c->mailbox, place, &info);
    graph_id_put(c, id, &b);
    t_json_put_member(&p->w, "id", t_buf_str(&b));
    graph_put_z(p, "name", info.name);
    graph_put_z(p, "color", "auto");
    graph_put_z(p, "hexColor", "");
    graph_put_bool(p, "isDefaultCalendar", place == EWS_CALENDAR);
    b.n = 0;
    ews_change_key_put(id, 0, false, &b);
    graph_put_text(p, "changeKey", t_buf_str(&b));
    graph_put_bool(p, "canShare", own);
    graph_put_bool(p, "canViewPrivateItems", true);
    graph_put_bool(p, "canEdit", own);
    graph_put_bool(p, "isRemovable", place != EWS_CALENDAR);
    graph_put_bool(p, "isTallyingResponses", place == EWS_CALENDAR);
    graph_put_empty(p, "allowedOnlineMeetingProviders", "[]");
    graph_put_z(p, "defaultOnlineMeetingProvider", "unknown");
    b.n = 0;
    t_buf_printf(&b, "{\"name\":\"User %d\",\"address\":\"%s\"}", c->mailbox + 1,
                 c->t->users[c->mailbox].email);
    t_buf_byte(&b, 0);
    graph_put_empty(p, "owner", (const char *)b.p);
    t_buf_free(&b);
}

static void answer_calendars(struct graph_call *c)
{
    struct calendars l = {0};
    for (int k = 0; k < EWS_PLACES; k++) {
        struct ews_place_info info;
        if (graph_place_is_listed(c, (enum ews_place)k, EWS_CALENDARS, &info)) {
            l.places[l.count++] = (enum ews_place)k;
        }
    }
    struct graph_few few = {.what = "calendars",
                            .properties = calendar_properties,
                            .count = l.count,
                            .put = put_calendar,
                            .st = &l};
    graph_few_answer(c, &few);
}

static void answer_calendar(struct graph_call *c, enum ews_place place)
{
    struct calendars l = {.places = {place}, .count = 1};
    if (graph_select_check(c, calendar_properties) && graph_place_enter(c, place, "GraphFolder")) {
        struct graph_put p = {.c = c, .w = graph_writer(c)};
        t_json_open(&p.w, '{');
        graph_put_context(c, &p.w, "users/calendars/$entity");
        put_calendar(&p, &l, 0);
        t_json_close(&p.w, '}');
    }
}

// events/{id}[/attachments...], the segments from `at` on.
static void answer_event(struct graph_call *c, int at)
{
    struct ews_item i;
    struct ews_id id;
    struct graph_set s = events_of(EWS_CALENDAR);
    s.what = "events";
    bool first = graph_id_read(c, c->segments[at], &id) && id.kind == EWS_ID_ATTACHMENT &&
                 id.attachment == FIRST_OCCURRENCE;
    if (first && ews_item_find(c->t, id.mailbox, id.place, id.index, &i)) {
        s.put = put_first;
    } else if (!graph_item_enter(c, c->segments[at], EWS_CALENDARS, &i)) {
        return;
    }
    if (c->segment_count == at + 1) {
        graph_one_answer(c, &s, &i);
    } else if (graph_segment_is(c, at + 1, "attachments")) {
        graph_attachments_answer(c, &i, at + 1);
    } else {
        graph_error(c, 400, "BadRequest", "Resource not found for the segment.");
    }
}

// calendar[/events | /calendarView], calendars[/{id}[...]], events[/{id}...], calendarView
void graph_calendar_answer(struct graph_call *c)
{
    enum ews_place place = EWS_CALENDAR;
    int at = 0;
    if (graph_segment_is(c, 0, "calendars")) {
        if (c->segment_count == 1) {
            answer_calendars(c);
            return;
        }
        if (!graph_place_read(c, c->segments[1], EWS_CALENDARS, &place)) {
            return;
        }
        at = 2;
    } else if (graph_segment_is(c, 0, "calendar")) {
        at = 1;
    }
    struct graph_set s = events_of(place);
    if (at == c->segment_count) {
        answer_calendar(c, place);
    } else if (graph_segment_is(c, at, "events") && c->segment_count == at + 1) {
        graph_set_answer(c, &s);
    } else if (graph_segment_is(c, at, "events")) {
        answer_event(c, at + 1);
    } else if (graph_segment_is(c, at, "calendarView") && c->segment_count == at + 1) {
        answer_view(c, place);
    } else {
        graph_error(c, 400, "BadRequest", "Resource not found for the segment.");
    }
}
