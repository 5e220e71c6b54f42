// SPDX-License-Identifier: Apache-2.0
// What a mailbox has (see graph_listing.h). Calendars and lists of tasks come in pages, of which
// there is usually one; what a broken answer has left is forgotten. Calendars of other people,
// which a mailbox shows too, are those of their mailboxes; so is that of birthdays, which Exchange
// makes of the contacts and EWS does not list.
#include "source/outlook/graph_listing.h"

#include <string.h>

#include "base/hash.h"
#include "source/outlook/graph_id.h"
#include "source/outlook/graph_ids.h"
#include "source/outlook/graph_light.h"
#include "source/outlook/graph_link.h"
#include "source/outlook/graph_text.h"

enum listing_asking { ASKING_NOTHING, ASKING_CALENDARS, ASKING_TASKS, ASKING_NAME, ASKING_IDS };

enum {
    LISTING_NODES = 96, // of a calendar, or of an answer without its elements
    LISTING_TOP = 100,  // calendars or lists of one page
};

// Whose names neither of the two lists has, in turn. Contacts have no name to be asked for by: one
// of them tells the id of their folder.
static const u8 listing_named[] = {OUTLOOK_INBOX, OUTLOOK_SENT, OUTLOOK_JUNK, OUTLOOK_ARCHIVE,
                                   OUTLOOK_CONTACTS};

// ---- asking

static void listing_settle(const struct outlook *o, struct mailbox *m)
{
    const struct graph_box *box = m->state;
    if (m->phase != MAILBOX_LISTING || box->step != GRAPH_LIST_SETS || !graph_sets_are_done(box) ||
        graph_ids_is_due(o, box, true) || box->asking == ASKING_IDS) {
        return;
    }
    if (o->run.ids == GRAPH_IDS_ASKED && box->sample_count) {
        return; // by another mailbox: if that one ends before its answer, this one asks
    }
    if (!box->bad_ids && !box->closed) {
        m->phase = MAILBOX_LISTED;
    } else if (m->queue.count == 0) {
        m->phase = box->bad_ids ? MAILBOX_FAILED : MAILBOX_REFUSED;
        m->error = box->bad_ids ? FAIL(GRAPH_UNIT_ID) : FAIL(GRAPH_FOLDER_CLOSED);
        buf_reset(&m->detail);
        buf_put_i64(&m->detail, box->bad_ids ? box->bad_ids : box->closed);
        buf_put(&m->detail, box->bad_ids ? S(" ids") : S(" folders"));
    }
}

static enum listing_asking listing_wants(const struct outlook *o, const struct graph_box *box)
{
    switch ((enum graph_listing_step)box->step) {
    case GRAPH_LIST_CALENDARS:
        return ASKING_CALENDARS;
    case GRAPH_LIST_TASKS:
        return ASKING_TASKS;
    case GRAPH_LIST_NAMES:
        return ASKING_NAME;
    case GRAPH_LIST_SETS:
        break;
    }
    bool asks = box->asking == ASKING_IDS || graph_ids_is_due(o, box, graph_sets_are_done(box));
    return asks ? ASKING_IDS : ASKING_NOTHING;
}

// Links of both lists are kept where no collection needs the room yet.
static struct graph_set *listing_place(struct graph_box *box)
{
    return &box->sets[OUTLOOK_INBOX];
}

static void listing_put_target(const struct mailbox *m, struct buf *target)
{
    const struct graph_box *box = m->state;
    u8 folder = listing_named[box->naming];
    graph_put_user(target, m);
    if (box->asking != ASKING_NAME) {
        buf_put(target,
                box->asking == ASKING_TASKS ? S("/todo/lists?$top=") : S("/calendars?$top="));
        buf_put_i64(target, LISTING_TOP);
    } else if (folder == OUTLOOK_CONTACTS) {
        buf_put(target, S("/contacts?$top=1&$select=parentFolderId"));
    } else {
        buf_put(target, S("/mailFolders/"));
        buf_put(target, graph_sets_name(folder));
        buf_put(target, S("?$select=displayName"));
    }
}

static void listing_ask(struct outlook *o, struct mailbox *m, i64 now_ms, struct exchange *x)
{
    struct graph_box *box = m->state;
    const struct graph_set *at = listing_place(box);
    box->calendar_bytes = box->page_calendar_bytes;
    box->elements = 0;
    box->rest = buf_over(box->rest_bytes, GRAPH_REST_BYTES);
    box->element = buf_over(box->element_bytes, GRAPH_ELEMENT_BYTES);
    json_stream_init(&box->stream, (struct json_stream_target){.elements_of = S("value")},
                     &box->rest, &box->element);
    if (box->asking == ASKING_IDS) {
        struct buf body = buf_over(box->request, GRAPH_REST_BYTES);
        o->run.ids = GRAPH_IDS_ASKED;
        graph_ids_put_target(m, &x->target);
        graph_ids_put_body(box, &body);
        ASSERT(!body.full);
        graph_call_ask(o, &box->call, (str){0}, now_ms, x);
        x->method = S("POST");
        x->body = buf_str(&body);
        exchange_header(x, S("Content-Type"), S("application/json"));
        return;
    }
    if (at->link_bytes) {
        buf_put(&x->target, str_make(at->link, at->link_bytes));
    } else {
        listing_put_target(m, &x->target);
    }
    graph_call_ask(o, &box->call, (str){0}, now_ms, x);
}

enum step graph_listing_next(void *src, struct mailbox *m, i64 now_ms, struct exchange *x)
{
    struct outlook *o = src;
    struct graph_box *box = m->state;
    listing_settle(o, m);
    if (m->flags_bytes && m->units_listed == 0 && box->step == GRAPH_LIST_CALENDARS) {
        graph_mailbox_refuse(o, m, FAIL(GRAPH_LEFT_OUT), &x->detail); // the directory says why
    }
    if (!outlook_mailbox_is_readable(m)) {
        graph_listing_close(o, m);
        return STEP_FAILED;
    }
    if (box->step == GRAPH_LIST_SETS) {
        graph_sets_stage(m);
    }
    box->asking = (u8)listing_wants(o, box);
    if (box->asking == ASKING_NOTHING && !outlook_token_is_asking(o, m)) {
        return STEP_WAIT;
    }
    box->call.pace = &box->pace;
    enum step step = graph_call_turn(o, &box->call, m, now_ms, x);
    if (step != STEP_DONE) {
        if (step == STEP_FAILED) {
            graph_mailbox_refuse(o, m, o->run.token_error, &x->detail);
        }
        return step;
    }
    if (box->asking == ASKING_NOTHING) {
        return STEP_WAIT;
    }
    listing_ask(o, m, now_ms, x);
    return STEP_REQUEST;
}

// ---- the answer

err graph_listing_head(void *src, struct mailbox *m, struct exchange *x,
                       const struct http_head *head)
{
    (void)x;
    struct graph_box *box = m->state;
    return graph_call_head(src, &box->call, m, head);
}

static u64 listing_owner(const struct outlook *o, const struct json *j)
{
    u8 bytes[ADDRESS_BYTES], lower_bytes[ADDRESS_BYTES];
    struct buf address = buf_over(bytes, COUNT(bytes));
    struct buf lower = buf_over(lower_bytes, COUNT(lower_bytes));
    if (!json_put_string(j, json_path(j, 0, S("owner.address")), &address) || address.full) {
        return 0;
    }
    buf_put_lower(&lower, buf_str(&address));
    return lower.n ? hash_siphash(o->hosts, buf_str(&lower)) : 0;
}

static bool listing_is_birthdays(const struct json *j)
{
    bool edits = true;
    return json_bool(j, json_get(j, 0, S("canEdit")), &edits) && !edits &&
           json_equals(j, json_get(j, 0, S("name")), S("Birthdays"));
}

// In the extended form.
static str listing_name(const struct outlook *o, const struct json *j, str member,
                        u8 bytes[OUTLOOK_PLACE_BYTES])
{
    struct buf name = buf_over(bytes, OUTLOOK_PLACE_BYTES);
    if (o->settings.extended) {
        graph_copy_text(&name, j, json_get(j, 0, member));
    }
    return buf_str(&name);
}

static err listing_take_calendar(const struct outlook *o, struct graph_box *box,
                                 const struct json *j)
{
    u8 bytes[UNIT_ID_BYTES];
    struct buf id = buf_over(bytes, COUNT(bytes)), rest;
    u8 rest_bytes[UNIT_ID_BYTES];
    bool first = false;
    u64 owner = listing_owner(o, j);
    u8 name_bytes[OUTLOOK_PLACE_BYTES];
    str name = listing_name(o, j, S("name"), name_bytes);
    if (json_bool(j, json_get(j, 0, S("isDefaultCalendar")), &first) && first) {
        box->owner = owner; // it is listed by its name
        outlook_names_put(&box->names, OUTLOOK_CALENDAR, name);
        return OK;
    }
    if (listing_is_birthdays(j)) {
        return OK;
    }
    rest = buf_over(rest_bytes, COUNT(rest_bytes));
    if (!graph_id_put_of(j, 0, &id) || !graph_id_put_rest(&rest, buf_str(&id))) {
        box->bad_ids++;
        return OK;
    }
    return graph_sets_keep_calendar(box, buf_str(&rest), owner, name) ? OK : FAIL(GRAPH_CALENDARS);
}

static void listing_take_list(const struct outlook *o, struct graph_box *box, const struct json *j)
{
    u8 name_bytes[OUTLOOK_PLACE_BYTES];
    struct buf id = buf_over(box->tasks, UNIT_ID_BYTES);
    u8 bytes[UNIT_ID_BYTES];
    struct buf ews = buf_over(bytes, COUNT(bytes));
    box->has_lists = true;
    if (!json_equals(j, json_get(j, 0, S("wellknownListName")), S("defaultList"))) {
        return;
    }
    if (!graph_id_put_of(j, 0, &ews) || !graph_id_put_rest(&id, buf_str(&ews))) {
        box->bad_ids++;
        return;
    }
    box->tasks_bytes = (int)id.n;
    outlook_names_put(&box->names, OUTLOOK_TASKS, listing_name(o, j, S("displayName"), name_bytes));
}

// A contact: what its folder is called is asked next.
static void listing_take_contact(struct mailbox *m, const struct json *j)
{
    struct graph_box *box = m->state;
    struct graph_set *at = listing_place(box);
    struct buf target = buf_over(at->link, GRAPH_LINK_BYTES);
    u8 bytes[UNIT_ID_BYTES];
    struct buf id = buf_over(bytes, COUNT(bytes));
    if (at->link_bytes == 0 && json_put_string(j, json_get(j, 0, S("parentFolderId")), &id) &&
        id.n && !id.full) {
        graph_put_user(&target, m);
        buf_put(&target, S("/contactFolders/"));
        url_put_encoded(&target, buf_str(&id));
        buf_put(&target, S("?$select=displayName"));
        at->link_bytes = (int)target.n;
    }
}

static err listing_take_element(const struct outlook *o, struct mailbox *m)
{
    struct graph_box *box = m->state;
    struct json_node nodes[LISTING_NODES];
    struct json j;
    if (box->asking == ASKING_IDS) {
        graph_ids_take_element(box, box->stream.element);
        return OK;
    }
    box->elements++;
    if (box->stream.cut || !err_ok(json_parse(&j, box->stream.element, nodes, LISTING_NODES))) {
        return FAIL(GRAPH_ANSWER);
    }
    if (box->asking == ASKING_CALENDARS) {
        return listing_take_calendar(o, box, &j);
    }
    if (box->asking == ASKING_NAME) {
        listing_take_contact(m, &j);
    } else {
        listing_take_list(o, box, &j);
    }
    return OK;
}

err graph_listing_body(void *src, struct mailbox *m, struct exchange *x, str *in)
{
    (void)x;
    struct outlook *o = src;
    struct graph_box *box = m->state;
    if (graph_call_takes(o, &box->call, m, in, &box->rest)) {
        return OK;
    }
    for (;;) {
        switch (json_stream_next(&box->stream, in)) {
        case JSON_EVENT_ELEMENT:
            TRY(listing_take_element(o, m));
            break;
        case JSON_EVENT_BAD:
            return FAIL(GRAPH_ANSWER);
        case JSON_EVENT_MORE:
            return OK;
        case JSON_EVENT_END:
        case JSON_EVENT_PIECE:
        case JSON_EVENT_STRING_END:
            break;
        }
    }
}

// ---- its end

static void listing_first_sets(const struct outlook *o, struct graph_box *box)
{
    static const u8 always[] = {OUTLOOK_INBOX,   OUTLOOK_SENT,     OUTLOOK_JUNK,
                                OUTLOOK_ARCHIVE, OUTLOOK_CONTACTS, OUTLOOK_CALENDAR};
    for (isize i = 0; i < COUNT(always); i++) {
        graph_sets_begin(&box->sets[always[i]]);
    }
    if (box->tasks_bytes) {
        graph_sets_begin(&box->sets[OUTLOOK_TASKS]);
    }
    graph_sets_first_calendar(box);
    graph_light_begin(o, box);
    box->step = GRAPH_LIST_SETS;
}

static void listing_end_lists(const struct outlook *o, struct graph_box *box)
{
    box->step = GRAPH_LIST_NAMES;
    box->naming = 0;
    if (!o->settings.extended) {
        listing_first_sets(o, box);
    }
}

static void listing_next_name(const struct outlook *o, struct graph_box *box)
{
    listing_place(box)->link_bytes = 0;
    if (++box->naming == COUNT(listing_named)) {
        box->naming = 0;
        listing_first_sets(o, box);
    }
}

static err listing_end_page(struct outlook *o, struct graph_box *box, const struct json *j)
{
    struct graph_set *at = listing_place(box);
    struct buf target = buf_over(box->request, GRAPH_LINK_BYTES);
    struct buf link = buf_over(box->element_bytes, GRAPH_ELEMENT_BYTES);
    enum graph_link kind;
    TRY(graph_answer_page(j, &kind, &link));
    if (kind == GRAPH_LINK_NEXT) {
        TRY(graph_link_take(&target, &o->run.graph, buf_str(&link)));
        if (str_eq(buf_str(&target), str_make(at->link, at->link_bytes)) ||
            ++at->pages == GRAPH_PAGES_MAX) {
            return FAIL(GRAPH_ENDLESS);
        }
        memcpy(at->link, target.p, (size_t)target.n);
    }
    at->link_bytes = (int)target.n;
    box->page_calendar_bytes = box->calendar_bytes;
    o->run.answers++;
    if (kind == GRAPH_LINK_NEXT) {
        return OK;
    }
    at->pages = 0;
    if (box->step == GRAPH_LIST_CALENDARS) {
        box->step = GRAPH_LIST_TASKS;
    } else {
        // Without lists there are no tasks; with lists, one of them is the default.
        box->closed += box->has_lists && !box->tasks_bytes;
        listing_end_lists(o, box);
    }
    return OK;
}

static void listing_end_name(struct outlook *o, struct graph_box *box, const struct json *j)
{
    u8 bytes[OUTLOOK_PLACE_BYTES];
    u8 folder = listing_named[box->naming];
    bool more = box->elements && listing_place(box)->link_bytes; // it was a contact
    o->run.answers++;
    if (!more) {
        outlook_names_put(&box->names, folder, listing_name(o, j, S("displayName"), bytes));
        listing_next_name(o, box);
    }
}

static err listing_end_whole(struct outlook *o, struct graph_box *box)
{
    struct json_node nodes[LISTING_NODES];
    struct json j;
    if (!box->stream.ended || !err_ok(json_parse(&j, buf_str(&box->rest), nodes, LISTING_NODES))) {
        return FAIL(GRAPH_ANSWER);
    }
    if (box->asking == ASKING_NAME) {
        listing_end_name(o, box, &j);
        return OK;
    }
    if (box->asking != ASKING_IDS) {
        return listing_end_page(o, box, &j);
    }
    if (json_type(&j, json_get(&j, 0, S("value"))) != JSON_ARRAY) {
        return FAIL(GRAPH_ANSWER);
    }
    graph_ids_end(o, box, OK);
    box->asking = ASKING_NOTHING;
    return OK;
}

err graph_listing_end(void *src, struct mailbox *m, struct exchange *x)
{
    struct outlook *o = src;
    struct graph_box *box = m->state;
    bool token = outlook_token_is_asking(o, m);
    err e = graph_call_end(o, &box->call, m, buf_str(&box->rest), x);
    if (!token && box->call.throttled && box->pace.rounds <= GRAPH_ROUNDS_MAX) {
        return OK; // next() waits, which costs no attempt
    }
    TRY(e);
    if (box->call.outcome == GRAPH_AGAIN) {
        return OK;
    }
    return listing_end_whole(o, box);
}

// A mailbox without a list of tasks may say so in this way.
static bool listing_has_no_tasks(const struct graph_box *box, err e)
{
    return box->asking == ASKING_TASKS && (graph_error_is_gone(e) || err_is(e, ERR_GRAPH_FOLDER));
}

void graph_listing_fail(void *src, struct mailbox *m, struct exchange *x, err e)
{
    struct outlook *o = src;
    struct graph_box *box = m->state;
    bool token = outlook_token_is_asking(o, m);
    if (outlook_token_fail(o, m)) {
        return;
    }
    graph_call_stop(o, &box->call, m);
    if (!token && listing_has_no_tasks(box, e)) {
        listing_end_lists(o, box);
        return;
    }
    if (!token && box->asking == ASKING_NAME &&
        (graph_error_is_gone(e) || err_is(e, ERR_GRAPH_FOLDER))) {
        listing_next_name(o, box); // there is no such folder, or it is called nothing
        return;
    }
    if (!token && box->asking == ASKING_IDS && graph_error_reach(e) != GRAPH_REACH_TENANT) {
        graph_ids_end(o, box, e);
        box->asking = ASKING_NOTHING;
        return;
    }
    graph_mailbox_refuse(o, m, e, &x->detail);
}

void graph_listing_close(void *src, struct mailbox *m)
{
    struct outlook *o = src;
    struct graph_box *box = m->state;
    if (box->asking == ASKING_IDS && o->run.ids == GRAPH_IDS_ASKED) {
        o->run.ids = GRAPH_IDS_UNKNOWN; // somebody else's turn
    }
    box->asking = ASKING_NOTHING;
    graph_call_stop(o, &box->call, m);
}
