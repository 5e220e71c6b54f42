// SPDX-License-Identifier: Apache-2.0
// Documents of Exchange; see observer_exchange.h.
#include "observer_exchange.h"

#include <string.h>

#include "../tenant/es.h"
#include "../tenant/graph.h"
#include "clock.h"
#include "sim.h"

static const struct place_type {
    enum ews_place place;
    const char *type; // of its items; NULL: by their kind
} read_places[] = {
    {EWS_INBOX, "Inbox Mails"},     {EWS_SENT, "Sent Mails"}, {EWS_JUNK, "Junk Mails"},
    {EWS_ARCHIVE, "Archive Mails"}, {EWS_CONTACTS, NULL},     {EWS_TASKS, "Task"},
    {EWS_CALENDAR, "Calendar"},     {EWS_TEAM, "Calendar"},   {EWS_TRIPS, "Calendar"},
};

static const struct place_type *find_place(enum ews_place place)
{
    for (isize i = 0; i < COUNT(read_places); i++) {
        if (read_places[i].place == place) {
            return &read_places[i];
        }
    }
    return NULL;
}

static struct exchange_key *key_at(int mailbox, i64 number)
{
    return &book.mailboxes[mailbox].keys[number];
}

static bool is_class(const struct ews_place_info *info, const char *want)
{
    return info->folder_class && strcmp(info->folder_class, want) == 0;
}

static bool is_by_graph(void)
{
    return book.settings.cloud && book.run.way == WAY_GRAPH;
}

// Graph knows the archive whatever it is called, and takes classes that begin as they should.
static bool is_read_by_graph(const struct ews_place_info *info)
{
    static const char *const classes[] = {[EWS_MAIL] = "IPF.Note",
                                          [EWS_CALENDARS] = "IPF.Appointment",
                                          [EWS_CONTACTLIKE] = "IPF.Contact",
                                          [EWS_TASKLIKE] = "IPF.Task"};
    return !info->folder_class ||
           str_starts(str_from(info->folder_class), str_from(classes[info->group]));
}

// The folders without a name of their own are known by what they are called, and by their class.
static bool is_read(int mailbox, enum ews_place place)
{
    struct ews_place_info info;
    if (!find_place(place) || !ews_place_find(book.t, mailbox, place, &info)) {
        return false;
    }
    if (is_by_graph()) {
        return is_read_by_graph(&info);
    }
    if (place == EWS_ARCHIVE) {
        return is_class(&info, "IPF.Note") && str_eq_nocase(str_from(info.name), S("Archive"));
    }
    return (place != EWS_TEAM && place != EWS_TRIPS) || is_class(&info, "IPF.Appointment");
}

static bool is_list(const struct ews_item *i)
{
    return strcmp(i->element, "t:DistributionList") == 0;
}

// Graph shows all that lies in mail folders as mails, no lists of contacts, and no single
// occurrence of a series.
static bool is_kind(const struct ews_item *i)
{
    if (is_by_graph()) {
        bool occurrence = i->group == EWS_CALENDARS && i->origin >= EWS_CALENDAR &&
                          (i->number % 24 == 10 || i->number % 24 == 11);
        return !occurrence && (i->group != EWS_CONTACTLIKE || strcmp(i->element, "t:Contact") == 0);
    }
    static const char *const without[] = {"t:PostItem", "t:SharingMessage", "t:Persona"};
    for (isize k = 0; k < COUNT(without); k++) {
        if (strcmp(i->element, without[k]) == 0) {
            return false;
        }
    }
    return true;
}

// Attachments are looked for where the item says that it has some; references and, among odd
// things, the one without an id have no documents (ews_attachment.c).
static bool has_attachment(const struct ews_item *i, int n)
{
    const struct exchange *e = book.t->exchange;
    bool told = i->number % 13 != 12 && ews_attachments_shown(e, i);
    bool special = i->group == EWS_MAIL && i->number % 24 == 12;
    if (is_by_graph() && i->group == EWS_TASKLIKE) { // files only
        struct t_buf bytes = {0};
        bool file = ews_attachment_file_put(i, n, &bytes);
        t_buf_free(&bytes);
        return told && n < ews_attachment_count(e, i) && file;
    }
    return told && n < ews_attachment_count(e, i) && !(special && (n == 5 || (n == 0 && e->odd)));
}

static bool find_item(int mailbox, const struct exchange_key *k, struct ews_item *i)
{
    return ews_item_find(book.t, mailbox, (enum ews_place)k->place, k->index, i);
}

i64 exchange_number(int mailbox, const struct ews_id *id, int attachment)
{
    struct mailbox_book *m = &book.mailboxes[mailbox];
    for (i64 n = 0; n < m->key_count; n++) {
        const struct exchange_key *k = &m->keys[n];
        if (k->place == (int)id->place && k->index == id->index && k->attachment == attachment) {
            return n;
        }
    }
    if (!find_place(id->place)) {
        return -1;
    }
    if (m->key_count == m->key_cap) {
        m->key_cap = m->key_cap * 2 + 64;
        m->keys = t_resize(m->keys, m->key_cap * (isize)sizeof(*m->keys));
    }
    m->keys[m->key_count] = (struct exchange_key){
        .place = (int)id->place, .index = id->index, .attachment = attachment};
    book_message(mailbox, m->key_count);
    return m->key_count++;
}

bool exchange_find(str text, int *mailbox, i64 *number)
{
    struct ews_id id;
    if (!ews_id_read(book.t, text, &id) || id.kind == EWS_ID_FOLDER) {
        return false;
    }
    *mailbox = id.mailbox;
    if (id.index >= ews_total(ews_folder(book.t, id.mailbox, id.place))) {
        return false;
    }
    *number = exchange_number(id.mailbox, &id, id.kind == EWS_ID_ATTACHMENT ? id.attachment : -1);
    return *number >= 0;
}

void exchange_put_id(int mailbox, i64 number, struct t_buf *out)
{
    const struct exchange_key *k = key_at(mailbox, number);
    struct ews_id id = {.mailbox = mailbox, .place = (enum ews_place)k->place, .index = k->index};
    id.kind = k->attachment < 0 ? EWS_ID_ITEM : EWS_ID_ATTACHMENT;
    id.attachment = k->attachment < 0 ? 0 : k->attachment;
    ews_id_put(book.t, id, out);
}

// Numbers an item and its attachments, and calls back for each.
static void each_of(int mailbox, int place, i64 index, void (*run)(int mailbox, i64 number))
{
    struct ews_item i;
    if (!find_place((enum ews_place)place) ||
        !ews_item_find(book.t, mailbox, (enum ews_place)place, index, &i)) {
        return;
    }
    struct ews_id id = {.place = (enum ews_place)place, .index = index};
    i64 number = exchange_number(mailbox, &id, -1);
    key_at(mailbox, number)->list = is_list(&i);
    run(mailbox, number);
    for (int n = 0; n < ews_attachment_count(book.t->exchange, &i); n++) {
        run(mailbox, exchange_number(mailbox, &id, n));
    }
}

static void no_more(int mailbox, i64 number)
{
    (void)mailbox;
    (void)number;
}

void exchange_learn(void)
{
    for (int m = 0; m < book.mailbox_count; m++) {
        for (isize p = 0; p < COUNT(read_places); p++) {
            enum ews_place place = read_places[p].place;
            i64 total = ews_total(ews_folder(book.t, m, place));
            for (i64 k = 0; k < total; k++) {
                each_of(m, (int)place, k, no_more);
            }
        }
    }
}

bool exchange_is_selected(int mailbox, i64 number)
{
    const struct exchange_key *k = key_at(mailbox, number);
    struct ews_item i;
    return is_read(mailbox, (enum ews_place)k->place) && find_item(mailbox, k, &i) && is_kind(&i) &&
           (k->attachment < 0 || has_attachment(&i, k->attachment));
}

bool exchange_stays(int mailbox, i64 number)
{
    const struct exchange_key *k = key_at(mailbox, number);
    return is_by_graph() && (k->list || (k->place == EWS_TASKS && k->attachment >= 0));
}

bool exchange_is_attachment(int mailbox, i64 number)
{
    return key_at(mailbox, number)->attachment >= 0;
}

void exchange_goes(enum exchange_way way)
{
    if (book.way_seen && way != book.run.way) {
        sim_violation("mailboxes are read by Graph and by EWS in one run");
    }
    book.way_seen = true;
    book.run.way = way;
}

int exchange_graph_mailbox(const struct t_request *q)
{
    struct t_buf part = {0};
    int mailbox = -1;
    bool batch = str_ends(q->path, S("/$batch"));
    isize at = batch ? str_find(q->body, S("/users/")) : -1;
    str path = at >= 0 ? str_from_index(q->body, at) : q->path;
    int user = at >= 0 ? 1 : 2;
    if (t_path_part(path, user + 1, &part) && t_path_part(path, user, &part)) {
        mailbox = content_mailbox(book.t, t_buf_str(&part));
    }
    t_buf_free(&part);
    return mailbox;
}

bool exchange_is_readable(int mailbox)
{
    const struct graph *g = book.t->graph;
    enum graph_account a = mailbox < g->mailbox_cap ? g->mailboxes[mailbox].account : GRAPH_OK;
    if (book.settings.cloud && a != GRAPH_OK) {
        return false;
    }
    enum t_state s = book.t->users[mailbox].state;
    enum ews_state state = ews_mailbox(book.t, mailbox)->state;
    return s != T_USER_SUSPENDED && s != T_USER_SUSPENDED_GET && s != T_USER_NO_MAIL &&
           s != T_USER_DELETED &&
           (state == EWS_STATE_OK || (is_by_graph() && state == EWS_STATE_DISABLED));
}

// ---- what a document must be

static void read_stamp(str source, struct t_buf *out)
{
    out->n = 0;
    t_json_get_text(source, "_timestamp", out);
}

static bool is_text(str source, const char *key, const char *want)
{
    struct t_buf b = {0};
    bool same = t_json_get_text(source, key, &b) && str_eq(t_buf_str(&b), str_from(want));
    t_buf_free(&b);
    return same;
}

static const char *type_of(const struct ews_item *i, bool attachment)
{
    const struct place_type *p = find_place(i->place);
    if (attachment) {
        return i->group == EWS_CALENDARS  ? "Calendar Attachment"
               : i->group == EWS_TASKLIKE ? "Task Attachment"
                                          : "Mail Attachment";
    }
    return p && p->type                                            ? p->type
           : str_eq(str_from(i->element), S("t:DistributionList")) ? "Distribution List"
                                                                   : "Contact";
}

static bool is_owned(int mailbox, str source)
{
    struct t_buf want = {0};
    str list;
    t_buf_printf(&want, "[\"email:%s\"]", book.t->users[mailbox].email);
    bool has = t_json_get(source, "_allow_access_control", &list);
    bool right = book.settings.document_level_security ? has && str_eq(list, t_buf_str(&want))
                                                       : !has;
    t_buf_free(&want);
    return right;
}

// The time of a version up to the one that is there now.
static bool is_time(const struct ews_item *i, str stamp)
{
    bool right = false;
    struct t_buf b = {0};
    i64 first_ms = i->received_ms + 5000,
        hour_ms = (i->modified_ms - first_ms) / (i->version ? i->version : 1);
    for (int v = 0; v <= i->version && !right; v++) {
        b.n = 0;
        ews_date_put(&b, first_ms + v * hour_ms, 0);
        right = str_eq(stamp, t_buf_str(&b));
    }
    t_buf_free(&b);
    return right;
}

// The same as any other of this version that came by this way.
static bool is_same(struct exchange_key *k, str stamp, str source)
{
    u64 of_stamp = sim_hash(stamp), hash = sim_hash(source);
    bool known = false;
    for (int i = 0; i < k->known_count; i++) {
        if (k->known[i].stamp == of_stamp && k->known[i].hash == hash) {
            return true;
        }
        known = known || (k->known[i].stamp == of_stamp && k->known[i].way == book.run.way);
    }
    if (known) {
        return false;
    }
    int at = k->known_count < EXCHANGE_VERSIONS ? k->known_count++ : EXCHANGE_VERSIONS - 1;
    k->known[at].way = book.run.way;
    k->known[at].stamp = of_stamp;
    k->known[at].hash = hash;
    return true;
}

bool exchange_is_right(str id, str source)
{
    int mailbox;
    i64 number;
    struct ews_item i;
    struct t_buf stamp = {0}, own = {0};
    if (!exchange_find(id, &mailbox, &number)) {
        return false;
    }
    struct exchange_key *k = key_at(mailbox, number);
    read_stamp(source, &stamp);
    exchange_put_id(mailbox, number, &own);
    t_buf_byte(&own, 0);
    bool there = find_item(mailbox, k, &i); // else it has gone meanwhile
    bool item = k->attachment < 0;
    book.wrong = !is_text(source, "id", (const char *)own.p) ? "its id"
                 : !is_owned(mailbox, source)                ? "its owner"
                 : !is_same(k, t_buf_str(&stamp), source)    ? "not what was sent before"
                 : there && !is_text(source, "type", type_of(&i, !item)) ? "its type"
                 : there && item && !is_time(&i, t_buf_str(&stamp))      ? "its time"
                                                                         : NULL;
    bool right = !book.wrong;
    t_buf_free(&stamp);
    t_buf_free(&own);
    return right;
}

void exchange_was_there(int mailbox, i64 number, str source)
{
    struct t_buf stamp = {0};
    read_stamp(source, &stamp);
    key_at(mailbox, number)->index_stamp = sim_hash(t_buf_str(&stamp));
    t_buf_free(&stamp);
}

bool exchange_may_replace(int mailbox, i64 number, str source)
{
    struct t_buf stamp = {0};
    read_stamp(source, &stamp);
    u64 was = key_at(mailbox, number)->index_stamp;
    bool other = was != sim_hash(t_buf_str(&stamp));
    t_buf_free(&stamp);
    return other;
}

bool exchange_is_fresh(int mailbox, i64 number)
{
    const struct exchange_key *k = key_at(mailbox, number);
    struct ews_item i;
    struct t_buf want = {0};
    bool fresh = k->index_stamp != 0;
    if (fresh && k->attachment < 0 && find_item(mailbox, k, &i)) {
        ews_date_put(&want, i.modified_ms, 0);
        fresh = k->index_stamp == sim_hash(t_buf_str(&want));
    }
    t_buf_free(&want);
    return fresh;
}

bool exchange_is_current(int mailbox, i64 number, str source)
{
    const struct exchange_key *k = key_at(mailbox, number);
    struct ews_item i;
    struct t_buf stamp = {0}, want = {0};
    read_stamp(source, &stamp);
    bool right = true;
    if (k->attachment < 0 && find_item(mailbox, k, &i) && k->changed_us <= book.begun_us) {
        ews_date_put(&want, i.modified_ms, 0);
        right = str_eq(t_buf_str(&stamp), t_buf_str(&want));
    }
    t_buf_free(&stamp);
    t_buf_free(&want);
    return right;
}

// ---- what people do

static void set_born(int mailbox, i64 number)
{
    book_message(mailbox, number)->born_us = clock_now_us();
}

static void set_died(int mailbox, i64 number)
{
    book_message(mailbox, number)->died_us = clock_now_us();
}

static void set_changed(int mailbox, i64 number)
{
    key_at(mailbox, number)->changed_us = clock_now_us();
}

void exchange_forgotten(void)
{
    for (int i = 0; i < book.mailbox_count; i++) {
        book.mailboxes[i].restarts++;
    }
}

// A listing of Graph gives it once more, or has to begin again.
static void upset_listing(int mailbox)
{
    book.mailboxes[mailbox].restarts += book.settings.cloud;
}

void exchange_came(int mailbox, int place, i64 index)
{
    upset_listing(mailbox);
    each_of(mailbox, place, index, set_born);
}

void exchange_went(int mailbox, int place, i64 index)
{
    upset_listing(mailbox);
    each_of(mailbox, place, index, set_died);
}

// It may come once more in the listing that is under way.
void exchange_changed(int mailbox, int place, i64 index)
{
    each_of(mailbox, place, index, set_changed);
    book.mailboxes[mailbox].restarts++;
}
