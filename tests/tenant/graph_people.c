// SPDX-License-Identifier: Apache-2.0
// Contacts of the fake Graph (spec/wire-graph.md 9). Distribution lists are silently absent, as are
// the numbers of faxes, pagers and the like. The folder "Contacts" itself is not among the folders.
#include "graph_delta.h"

#include <string.h>

static const char contact_properties[] =
    "id assistantName birthday businessAddress businessHomePage businessPhones categories "
    "changeKey "
    "children companyName createdDateTime department displayName emailAddresses fileAs generation "
    "givenName homeAddress homePhones imAddresses initials jobTitle lastModifiedDateTime manager "
    "middleName mobilePhone nickName officeLocation otherAddress parentFolderId personalNotes "
    "profession spouseName surname title yomiCompanyName yomiGivenName yomiSurname";

// The texts of the entries whose key begins so.
static void put_phones(struct graph_put *p, const char *key, const char *entry)
{
    int list = graph_item_child(p->g, "t:PhoneNumbers");
    if (!graph_put_key(p, key)) {
        return;
    }
    t_json_open(&p->w, '[');
    for (int n = list < 0 ? -1 : p->g->x.nodes[list].first; n >= 0; n = p->g->x.nodes[n].next) {
        str text = t_xml_text(&p->g->x, n);
        if (text.n > 0 && str_starts(t_xml_attr(&p->g->x, n, "Key"), str_from(entry))) {
            t_json_item(&p->w);
            t_json_put_string(p->w.b, text);
        }
    }
    t_json_close(&p->w, ']');
}

static void put_mobile(struct graph_put *p)
{
    int list = graph_item_child(p->g, "t:PhoneNumbers");
    for (int n = list < 0 ? -1 : p->g->x.nodes[list].first; n >= 0; n = p->g->x.nodes[n].next) {
        str text = t_xml_text(&p->g->x, n);
        if (text.n > 0 && str_eq(t_xml_attr(&p->g->x, n, "Key"), S("MobilePhone"))) {
            graph_put_text(p, "mobilePhone", text);
            return;
        }
    }
    graph_put_null(p, "mobilePhone");
}

// Where an entry has no text, its name stands for it.
static void put_emails(struct graph_put *p)
{
    const struct t_xml *x = &p->g->x;
    int list = graph_item_child(p->g, "t:EmailAddresses");
    if (!graph_put_key(p, "emailAddresses")) {
        return;
    }
    t_json_open(&p->w, '[');
    for (int n = list < 0 ? -1 : x->nodes[list].first; n >= 0; n = x->nodes[n].next) {
        str name = t_xml_attr(x, n, "Name"), text = t_xml_text(x, n);
        str address = text.n > 0 ? text : name;
        if (address.n > 0) {
            t_json_item(&p->w);
            t_json_open(&p->w, '{');
            t_json_put_member(&p->w, "name", name);
            t_json_put_member(&p->w, "address", address);
            t_json_close(&p->w, '}');
        }
    }
    t_json_close(&p->w, ']');
}

// Without an offset: an EWS birthday in another zone is noon of its day, as Exchange Online keeps
// it.
static void put_birthday(struct graph_put *p)
{
    str day = graph_item_text(p->g, "t:Birthday");
    struct t_buf b = {0};
    t_buf_put(&b, day);
    if (b.n > 20) {
        b.n = 10;
        t_buf_z(&b, "T11:59:00Z");
    }
    if (b.n == 0) {
        graph_put_null(p, "birthday");
    } else {
        graph_put_text(p, "birthday", t_buf_str(&b));
    }
    t_buf_free(&b);
}

static void contact_put(struct graph_put *p)
{
    static const char *const nulls[] = {
        "initials",    "middleName",    "nickName",        "title",           "yomiGivenName",
        "yomiSurname", "jobTitle",      "department",      "yomiCompanyName", "officeLocation",
        "profession",  "assistantName", "manager",         "spouseName",      "generation",
        "givenName",   "surname",       "businessHomePage"};
    static const char *const empty[] = {"imAddresses", "children"};
    static const char *const addresses[] = {"homeAddress", "businessAddress", "otherAddress"};
    const struct ews_item *i = &p->g->item;
    str name = graph_item_text(p->g, "t:DisplayName");
    int company = graph_item_child(p->g, "t:CompanyName");
    graph_put_head(p);
    graph_put_folder_id(p, "parentFolderId", i->place);
    put_birthday(p);
    if (name.n > 0) {
        graph_put_text(p, "displayName", name);
        graph_put_text(p, "fileAs", name);
    } else {
        graph_put_z(p, "displayName", i->number / 12 % 2 ? "" : NULL);
        graph_put_z(p, "fileAs", "");
    }
    if (company < 0) {
        graph_put_null(p, "companyName");
    } else {
        graph_put_text(p, "companyName", t_xml_text(&p->g->x, company));
    }
    graph_put_z(p, "personalNotes", "");
    put_mobile(p);
    put_phones(p, "businessPhones", "BusinessPhone");
    put_phones(p, "homePhones", "HomePhone");
    put_emails(p);
    for (isize k = 0; k < COUNT(nulls); k++) {
        graph_put_null(p, nulls[k]);
    }
    for (isize k = 0; k < COUNT(empty); k++) {
        graph_put_empty(p, empty[k], "[]");
    }
    for (isize k = 0; k < COUNT(addresses); k++) {
        graph_put_empty(p, addresses[k], "{}");
    }
}

static bool is_contact(const struct tenant *t, enum ews_place origin, i64 number)
{
    return origin == EWS_CONTACTS &&
           strcmp(ews_contact_element(t->exchange, number), "t:Contact") == 0;
}

static struct graph_set contacts_of(enum ews_place place)
{
    return (struct graph_set){.what = "contacts",
                              .place = place,
                              .has = is_contact,
                              .put = contact_put,
                              .properties = contact_properties,
                              .usual_page = 10,
                              .most_page = 999};
}

// ---- folders
// ---------------------------------------------------------------------------------

static const char folder_properties[] = "id displayName parentFolderId";

struct folders {
    enum ews_place places[EWS_PLACES];
    int count;
};

static void put_folder(struct graph_put *p, const void *st, int n)
{
    const struct folders *f = st;
    struct ews_place_info info;
    struct t_buf b = {0};
    struct ews_id id = {.kind = EWS_ID_FOLDER, .mailbox = p->c->mailbox, .place = f->places[n]};
    ews_place_find(p->c->t, p->c->mailbox, f->places[n], &info);
    graph_id_put(p->c, id, &b);
    t_json_put_member(&p->w, "id", t_buf_str(&b));
    graph_put_folder_id(p, "parentFolderId", info.parent);
    graph_put_z(p, "displayName", info.name);
    t_buf_free(&b);
}

// Those in the folder "Contacts", or in one of them.
static void answer_folders(struct graph_call *c, enum ews_place parent, bool delta)
{
    struct folders f = {0};
    for (int k = 0; k < EWS_PLACES; k++) {
        struct ews_place_info info;
        if (graph_place_is_listed(c, (enum ews_place)k, EWS_CONTACTLIKE, &info) &&
            info.parent == parent) {
            f.places[f.count++] = (enum ews_place)k;
        }
    }
    struct graph_few few = {.what = "contactFolders",
                            .properties = folder_properties,
                            .count = f.count,
                            .put = put_folder,
                            .st = &f};
    if (delta) {
        graph_few_delta_answer(c, &few, (u64)f.count + 1);
    } else {
        graph_few_answer(c, &few);
    }
}

static void answer_folder(struct graph_call *c, enum ews_place place)
{
    struct folders f = {.places = {place}, .count = 1};
    if (graph_select_check(c, folder_properties) && graph_place_enter(c, place, "GraphFolder")) {
        struct graph_put p = {.c = c, .w = graph_writer(c)};
        t_json_open(&p.w, '{');
        graph_put_context(c, &p.w, "users/contactFolders/$entity");
        put_folder(&p, &f, 0);
        t_json_close(&p.w, '}');
    }
}

// contacts[/delta | /{id}], the segments from `at` on.
static void answer_contacts(struct graph_call *c, enum ews_place place, int at)
{
    struct graph_set s = contacts_of(place);
    struct ews_item i;
    if (c->segment_count == at) {
        graph_set_answer(c, &s);
    } else if (graph_segment_is_delta(c, at)) {
        graph_delta_answer(c, &s);
    } else if (c->segment_count == at + 1 &&
               graph_item_enter(c, c->segments[at], EWS_CONTACTLIKE, &i)) {
        if (is_contact(c->t, i.origin, i.number)) {
            graph_one_answer(c, &s, &i);
        } else {
            graph_not_found(c);
        }
    } else if (c->segment_count > at + 1) {
        graph_error(c, 400, "BadRequest", "Resource not found for the segment.");
    }
}

// contacts[...], contactFolders[/delta | /{id}[/childFolders | /contacts...]]
void graph_people_answer(struct graph_call *c)
{
    enum ews_place place = EWS_CONTACTS;
    if (graph_segment_is(c, 0, "contacts")) {
        answer_contacts(c, EWS_CONTACTS, 1);
    } else if (c->segment_count == 1 || graph_segment_is_delta(c, 1)) {
        answer_folders(c, EWS_CONTACTS, c->segment_count == 2);
    } else if (!graph_place_read(c, c->segments[1], EWS_CONTACTLIKE, &place)) {
        return;
    } else if (c->segment_count == 2) {
        answer_folder(c, place);
    } else if (graph_segment_is(c, 2, "childFolders") && c->segment_count == 3) {
        answer_folders(c, place, false);
    } else if (graph_segment_is(c, 2, "contacts")) {
        answer_contacts(c, place, 3);
    } else {
        graph_error(c, 400, "BadRequest", "Resource not found for the segment.");
    }
}
