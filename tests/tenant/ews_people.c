// SPDX-License-Identifier: Apache-2.0
// Contacts, distribution lists and tasks of the fake Exchange: 12 cases in turn of each.
#include "ews.h"

#define DAY_MS 86400000
#define CASES 12

enum {
    CASE_LIST = 5,
    CASE_LIST_BARE = 6,
    CASE_BARE = 7,
    CASE_EMPTY_ENTRIES = 8,
    CASE_UNKNOWN_KIND = 10
};

const char *ews_contact_element(const struct exchange *e, i64 number)
{
    i64 which = ews_case(e->content, EWS_CONTACTLIKE, number, CASES);
    return which == CASE_LIST || which == CASE_LIST_BARE ? "t:DistributionList"
           : which == CASE_UNKNOWN_KIND && e->odd        ? "t:Persona"
                                                         : "t:Contact";
}

static void put_entry(struct ews_out *w, const char *key, const char *name, str text)
{
    x_open(w, "t:Entry");
    x_attr(w, "Key", str_from(key));
    if (name) {
        x_attr(w, "Name", str_from(name));
        x_attr(w, "RoutingType", S("SMTP"));
        x_attr(w, "MailboxType", S("Contact"));
    }
    x_put(w, text);
    x_close(w, "t:Entry");
}

// Entries of a dictionary are written only inside of an element that has any.
static void put_emails(struct ews *c, const struct ews_item *i, const struct ews_shape *s)
{
    static const char *const keys[] = {"EmailAddress1", "EmailAddress2", "EmailAddress3"};
    i64 which = ews_item_case(i, CASES);
    int count = which == CASE_BARE ? 0 : 1 + (int)(i->r % 3);
    bool open = false;
    for (int k = 0; k < count; k++) {
        if (!ews_wants_index(s, EWS_F_CONTACT_EMAILS, keys[k])) {
            continue;
        }
        if (!open) {
            x_open(&c->w, "t:EmailAddresses");
            open = true;
        }
        struct t_buf b = {0};
        t_buf_printf(&b, "Contact%lld.%d@Acme.test", (long long)i->number, k);
        // Without text the Name stands for it; with an empty one there is nothing.
        bool empty = which == CASE_EMPTY_ENTRIES;
        put_entry(&c->w, keys[k],
                  empty && k > 0 ? ""
                  : empty        ? "by.name@acme.test"
                                 : "Cid Ng",
                  empty ? (str){0} : t_buf_str(&b));
        t_buf_free(&b);
    }
    if (open) {
        x_close(&c->w, "t:EmailAddresses");
    }
}

static void put_phones(struct ews *c, const struct ews_item *i, const struct ews_shape *s)
{
    static const char *const keys[] = {"BusinessFax", "BusinessPhone",  "HomePhone",
                                       "MobilePhone", "OtherTelephone", "Pager"};
    i64 which = ews_item_case(i, CASES);
    bool open = false;
    for (int k = 0; k < (int)COUNT(keys) && which != CASE_BARE; k++) {
        bool both = k >= 1 && k <= 3; // kinds that Graph has, too
        if ((i->content == EWS_CONTENT_ALIKE && !both) || (i->r >> k & 1) == 0 ||
            !ews_wants_index(s, EWS_F_CONTACT_PHONES, keys[k])) {
            continue;
        }
        if (!open) {
            x_open(&c->w, "t:PhoneNumbers");
            open = true;
        }
        struct t_buf b = {0};
        t_buf_printf(&b, "+31 20 555 %04d", (int)(i->number * 7 + k) % 10000);
        put_entry(&c->w, keys[k], NULL,
                  which == CASE_EMPTY_ENTRIES && k % 2 ? (str){0} : t_buf_str(&b));
        t_buf_free(&b);
    }
    if (open) {
        x_close(&c->w, "t:PhoneNumbers");
    }
}

static void put_birthday(struct ews *c, const struct ews_item *i)
{
    static const char *const days[] = {
        "1980-02-29T11:59:00Z",
        "1604-05-17T00:00:00Z",
        "1975-12-31T23:30:00Z",
        "1990-06-01T00:00:00+02:00",
        NULL,
        "2001-01-01T00:00:00Z",
    };
    const char *day = days[i->number % COUNT(days)];
    if (day) {
        x_z(&c->w, "t:Birthday", day);
    }
}

static void put_members(struct ews *c, const struct ews_item *i)
{
    x_open(&c->w, "t:Members");
    for (int k = 0; k < (int)(2 + i->r % 4); k++) {
        struct t_buf b = {0};
        t_buf_printf(&b, "member%d.%lld@acme.test", k, (long long)i->number);
        x_open(&c->w, "t:Member");
        x_attr(&c->w, "Key", S("AAAAAHg="));
        x_open(&c->w, "t:Mailbox");
        x_z(&c->w, "t:Name", "A Member");
        if (k != 1) { // one that has no address
            x_text(&c->w, "t:EmailAddress", t_buf_str(&b));
            x_z(&c->w, "t:RoutingType", "SMTP");
        }
        x_z(&c->w, "t:MailboxType", "OneOff");
        x_close(&c->w, "t:Mailbox");
        x_z(&c->w, "t:Status", "Normal");
        x_close(&c->w, "t:Member");
        t_buf_free(&b);
    }
    x_close(&c->w, "t:Members");
}

static void put_list(struct ews *c, const struct ews_item *i, const struct ews_shape *s)
{
    bool bare = ews_item_case(i, CASES) == CASE_LIST_BARE;
    if (ews_wants(s, EWS_F_CONTACT_NAME)) {
        x_z(&c->w, "t:DisplayName", bare ? "" : "Climbers & Wanderer");
    }
    if (ews_wants(s, EWS_F_LIST_MEMBERS) && !bare) {
        put_members(c, i);
    }
}

void ews_contact_put(struct ews *c, const struct ews_item *i, const struct ews_shape *s)
{
    i64 which = ews_item_case(i, CASES);
    if (which == CASE_LIST || which == CASE_LIST_BARE) {
        put_list(c, i, s);
        return;
    }
    if (ews_wants(s, EWS_F_CONTACT_NAME) && which != CASE_BARE) {
        struct t_buf b = {0};
        t_buf_printf(&b, "Cid Ng %lld%s", (long long)i->number, which % 2 ? " <Söhne>" : "");
        x_text(&c->w, "t:DisplayName", t_buf_str(&b));
        t_buf_free(&b);
    }
    if (ews_wants(s, EWS_F_CONTACT_COMPANY) && which % 3 != 2) {
        x_z(&c->w, "t:CompanyName", which % 3 ? "" : "Acme & Co");
    }
    put_emails(c, i, s);
    put_phones(c, i, s);
    if (ews_wants(s, EWS_F_CONTACT_BIRTHDAY) && which != CASE_BARE) {
        put_birthday(c, i);
    }
}

// ---- tasks
// ---------------------------------------------------------------------------------------

static void put_task_date(struct ews *c, const char *name, i64 unix_ms, int form)
{
    struct t_buf b = {0};
    ews_date_put(&b, unix_ms / DAY_MS * DAY_MS - (form == 2 ? 7200000 : 0), form);
    x_text(&c->w, name, t_buf_str(&b));
    t_buf_free(&b);
}

void ews_task_put(struct ews *c, const struct ews_item *i, const struct ews_shape *s)
{
    static const char *const states[] = {"NotStarted",      "InProgress", "Completed",
                                         "WaitingOnOthers", "Deferred",   NULL};
    i64 which = ews_item_case(i, CASES);
    const char *state = states[which % COUNT(states)];
    bool bare = which == CASE_BARE;
    int form = which == 3 || which == 9 ? 2 : 0;
    if (ews_wants(s, EWS_F_TASK_COMPANIES) && which % 2) {
        x_open(&c->w, "t:Companies");
        x_z(&c->w, "t:String", "Acme");
        x_close(&c->w, "t:Companies");
    }
    if (ews_wants(s, EWS_F_TASK_COMPLETE) && which % COUNT(states) == 2) {
        put_task_date(c, "t:CompleteDate", i->received_ms + DAY_MS, form);
    }
    if (ews_wants(s, EWS_F_TASK_DUE) && !bare) {
        put_task_date(c, "t:DueDate", i->received_ms + 9 * (i64)DAY_MS, form);
    }
    if (ews_wants(s, EWS_F_TASK_OWNER) && !bare && i->content != EWS_CONTENT_ALIKE) {
        x_z(&c->w, "t:Owner", which % 4 == 1 ? "" : "Ann Döe");
    }
    if (ews_wants(s, EWS_F_TASK_START) && !bare) {
        put_task_date(c, "t:StartDate", i->received_ms, form);
    }
    if (ews_wants(s, EWS_F_TASK_STATUS) && state) {
        x_z(&c->w, "t:Status", state);
    }
}
