// SPDX-License-Identifier: Apache-2.0
// What the content files of the fake Graph share: an item as the fake Exchange writes it, taken
// apart (so that the two ways to a mailbox cannot disagree), members of answers, sets of items and
// their pages. $select is honoured by every graph_put_*: what was not asked for is not written.
#ifndef TENANT_GRAPH_SHAPE_H
#define TENANT_GRAPH_SHAPE_H

#include "graph.h"

#define GRAPH_HOUR_MS 3600000
#define GRAPH_DAY_MS 86400000

// Answers that no server should give, for a client to survive; POST exchange "graph_odd":[...].
enum {
    GRAPH_ODD_NO_VALUE = 1,   // "no_value": a collection without "value"
    GRAPH_ODD_VALUE_TYPE = 2, // "value_type": "value" is an object
    GRAPH_ODD_TYPES = 4,      // "types": members are numbers, strings, null where others belong
    GRAPH_ODD_NO_ID = 8,      // "no_id": each third item of a page has no id
    GRAPH_ODD_LINK_HOST = 16, // "link_host": nextLink and deltaLink point elsewhere
    GRAPH_ODD_LINK_LOOP = 32, // "link_loop": nextLink is the address of the page itself
    GRAPH_ODD_HTML = 64,      // "html": a page of a proxy, with status 200
    GRAPH_ODD_CUT = 128,      // "cut": the JSON ends in the middle
};
int graph_odd_bits(str list); // a JSON array of those names

// ---- an item (graph_shape.c)
// -----------------------------------------------------------------------------

struct graph_item {
    struct ews_item item;
    struct t_buf xml; // as GetItem has it, without anything odd
    struct t_xml x;
    int node;
};
void graph_item_open(struct graph_call *c, const struct ews_item *i, bool mime,
                     struct graph_item *g);
void graph_item_close(struct graph_item *g);
int graph_item_child(const struct graph_item *g, const char *name); // "t:Subject"; -1: none
str graph_item_text(const struct graph_item *g, const char *name);  // empty when absent
bool graph_item_is(const struct graph_item *g, const char *name, const char *text);
bool graph_time_read(str text, i64 *unix_ms); // as EWS writes it

// ---- members (graph_shape.c)
// -----------------------------------------------------------------------------

struct graph_put {
    struct graph_call *c;
    struct t_writer w;
    const struct graph_item *g; // whose members these are
};
bool graph_wants(const struct graph_put *p, const char *key);
bool graph_wants_named(const struct graph_put *p, const char *key); // only if $select names it
// The key alone; false: it is not wanted, or something odd was written in its place.
bool graph_put_key(struct graph_put *p, const char *key);
void graph_put_text(struct graph_put *p, const char *key, str s);
void graph_put_z(struct graph_put *p, const char *key, const char *z); // NULL: null
void graph_put_null(struct graph_put *p, const char *key);
void graph_put_bool(struct graph_put *p, const char *key, bool v);
void graph_put_number(struct graph_put *p, const char *key, i64 v);
void graph_put_empty(struct graph_put *p, const char *key, const char *brackets); // "[]", "{}"
void graph_put_time(struct graph_put *p, const char *key, i64 unix_ms); // "2024-07-05T10:20:31Z"
// {"dateTime":"2024-07-05T10:20:31.0000000","timeZone":"UTC"}
void graph_put_zoned(struct graph_put *p, const char *key, i64 unix_ms, const char *zone);
void graph_put_folder_id(struct graph_put *p, const char *key, enum ews_place place);
void graph_put_body(struct graph_put *p, const char *key, const char *element);
void graph_put_categories(struct graph_put *p);
void graph_put_importance(struct graph_put *p);
// A t:Mailbox as {"emailAddress":{...}}, without a key.
void graph_put_mailbox(struct graph_put *p, int mailbox);
// What all items begin with: @odata.etag, id, createdDateTime, lastModifiedDateTime, changeKey,
// categories.
void graph_put_web_link(struct graph_put *p);
void graph_put_head(struct graph_put *p);

// $select may name these only ("id subject"); false: refused, and answered.
bool graph_select_check(struct graph_call *c, const char *properties);

// ---- folders and faults (graph_page.c)
// -----------------------------------------------------------------------------

// A folder of `group` by its id or well-known name. false: refused, and answered.
bool graph_place_read(struct graph_call *c, str text, enum ews_group group, enum ews_place *place);
bool graph_place_is_listed(struct graph_call *c, enum ews_place place, enum ews_group group,
                           struct ews_place_info *info);
// A request to a folder: scripts run, faults are due. false: refused, and answered.
bool graph_place_enter(struct graph_call *c, enum ews_place place, const char *operation);
// level: 1 of a folder, 2 of an item, as POST exchange says. true: a fault is due, and answered.
bool graph_is_refused(struct graph_call *c, const char *operation, int level, enum ews_place place,
                      i64 index);
// The item of an id, of a group. false: refused, and answered.
bool graph_item_enter(struct graph_call *c, str text, enum ews_group group, struct ews_item *i);

// ---- sets of items (graph_page.c, graph_delta.c)
// -----------------------------------------------------------------------------

struct graph_set {
    const char *what; // for @odata.context: "messages"
    enum ews_place place;
    bool newest_first;
    // Is the item with this content among them? NULL: all are.
    bool (*has)(const struct tenant *t, enum ews_place origin, i64 number);
    void (*put)(struct graph_put *p); // the members of one
    const char *properties;
    i64 usual_page, most_page;
};
void graph_set_answer(struct graph_call *c, const struct graph_set *s); // a list with $top, $skip
bool graph_set_has(const struct tenant *t, const struct graph_set *s, const struct ews_folder *f,
                   i64 index); // it is there, and one of them
void graph_set_put(struct graph_call *c, const struct graph_set *s, struct t_writer *w, i64 index);
void graph_one_answer(struct graph_call *c, const struct graph_set *s, const struct ews_item *i);

// A list of things that are few: `put` writes the n-th.
struct graph_few {
    const char *what, *properties;
    int count;
    void (*put)(struct graph_put *p, const void *st, int n);
    const void *st;
};
void graph_few_answer(struct graph_call *c, const struct graph_few *f);

struct t_writer graph_collection_open(struct graph_call *c, const char *what);
void graph_collection_end_value(const struct graph_call *c, struct t_writer *w);
void graph_collection_close(struct graph_call *c, struct t_writer *w);
void graph_next_link(struct graph_call *c, struct t_writer *w, const char *name, str value,
                     bool keep);

// ---- what is where
// -----------------------------------------------------------------------------

void graph_calendar_answer(struct graph_call *c); // calendar, calendars, events, calendarView
void graph_people_answer(struct graph_call *c);   // contacts, contactFolders
void graph_todo_answer(struct graph_call *c);     // todo
void graph_event_put(struct graph_put *p);        // the members of an event
void graph_event_put_times(struct graph_put *p);  // isAllDay, start, end, their zones
extern const char graph_event_properties[];
void graph_message_put(struct graph_put *p); // of a message
// attachments[/{id}[/$value]] of an item, the segments from `at` on.
void graph_attachments_answer(struct graph_call *c, const struct ews_item *i, int at);

#endif
