// SPDX-License-Identifier: Apache-2.0
// Calendars and events of the fake Graph (spec/wire-graph.md 8). Lists have single events and
// masters; occurrences are in calendarView only, which makes none of its own but the first of a
// series. The list of calendars has one of another mailbox too for every third user.
#include "graph_shape.h"

#define CASES 24 // as in ews_calendar.c: an occurrence and an exception
#define CASE_OCCURRENCE 10
#define CASE_EXCEPTION 11
#define FIRST_OCCURRENCE 9000 // the attachment number in the id of a series' first occurrence

static bool in_list(const struct tenant *t, enum ews_place origin, i64 number)
{
    i64 which = ews_case(t->exchange->content, EWS_CALENDARS, number, CASES);
    return origin < EWS_CALENDAR || (which != CASE_OCCURRENCE && which != CASE_EXCEPTION);
}

static struct graph_set events_of(enum ews_place place)
{
    return (struct graph_set){.what = "calendar/events",
                              .place = place,
                              .has = in_list,
                              .put = graph_event_put,
                              .properties = graph_event_properties,
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
    graph_event_put_times(p);
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
        !graph_select_check(c, graph_event_properties) ||
        !graph_place_enter(c, place, "GraphList")) {
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

#define PLACE_SHARED EWS_PLACES // the calendar of somebody else

struct calendars {
    enum ews_place places[EWS_PLACES + 1];
    int count;
};

// Whose calendar every third user sees beside the own ones: the next user's. -1: nobody's.
static int sharer(const struct graph_call *c)
{
    return c->mailbox % 3 == 1 && c->mailbox + 1 < c->t->user_count ? c->mailbox + 1 : -1;
}

// The id of a calendar that is shared. true: from now on the mailbox is its owner's.
static bool enter_shared(struct graph_call *c, str text)
{
    struct ews_id id;
    int own = c->mailbox;
    if (sharer(c) >= 0) {
        c->mailbox = sharer(c);
        if (graph_id_read(c, text, &id) && id.kind == EWS_ID_FOLDER && id.place == EWS_CALENDAR) {
            return true;
        }
    }
    c->mailbox = own;
    return false;
}

static void put_calendar(struct graph_put *p, const void *st, int n)
{
    const struct calendars *l = st;
    struct graph_call *c = p->c;
    struct ews_place_info info;
    bool shared = l->places[n] == PLACE_SHARED;
    enum ews_place place = shared ? EWS_CALENDAR : l->places[n];
    struct ews_id id = {
        .kind = EWS_ID_FOLDER, .mailbox = shared ? sharer(c) : c->mailbox, .place = place};
    struct t_buf b = {0}, name = {0};
    bool own = !shared && place != EWS_BIRTHDAYS; // nobody writes into birthdays
    bool first = !shared && place == EWS_CALENDAR;
    ews_place_find(c->t, id.mailbox, place, &info);
    graph_id_put(c, id, &b);
    t_json_put_member(&p->w, "id", t_buf_str(&b));
    t_buf_z(&name, shared ? c->t->users[id.mailbox].email : info.name);
    graph_put_text(p, "name", t_buf_str(&name));
    graph_put_z(p, "color", "auto");
    graph_put_z(p, "hexColor", "");
    graph_put_bool(p, "isDefaultCalendar", first);
    b.n = 0;
    ews_change_key_put(id, 0, false, &b);
    graph_put_text(p, "changeKey", t_buf_str(&b));
    graph_put_bool(p, "canShare", own);
    graph_put_bool(p, "canViewPrivateItems", !shared);
    graph_put_bool(p, "canEdit", own);
    graph_put_bool(p, "isRemovable", !first);
    graph_put_bool(p, "isTallyingResponses", first);
    graph_put_empty(p, "allowedOnlineMeetingProviders", "[]");
    graph_put_z(p, "defaultOnlineMeetingProvider", "unknown");
    b.n = 0;
    t_buf_printf(&b, "{\"name\":\"User %d\",\"address\":\"%s\"}", id.mailbox + 1,
                 c->t->users[id.mailbox].email);
    t_buf_byte(&b, 0);
    graph_put_empty(p, "owner", (const char *)b.p);
    t_buf_free(&b);
    t_buf_free(&name);
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
    if (sharer(c) >= 0) {
        l.places[l.count++] = PLACE_SHARED;
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

// Of one calendar, the segments from `at` on.
static void answer_within(struct graph_call *c, enum ews_place place, int at)
{
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

// calendar[/events | /calendarView], calendars[/{id}[...]], events[/{id}...], calendarView
void graph_calendar_answer(struct graph_call *c)
{
    enum ews_place place = EWS_CALENDAR;
    int own = c->mailbox;
    if (!graph_segment_is(c, 0, "calendars")) {
        answer_within(c, place, graph_segment_is(c, 0, "calendar") ? 1 : 0);
    } else if (c->segment_count == 1) {
        answer_calendars(c);
    } else if (enter_shared(c, c->segments[1])) {
        answer_within(c, place, 2);
        c->mailbox = own;
    } else if (graph_place_read(c, c->segments[1], EWS_CALENDARS, &place)) {
        answer_within(c, place, 2);
    }
}
