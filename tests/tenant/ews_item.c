// SPDX-License-Identifier: Apache-2.0
// An item of the fake Exchange: which kind it is, when it came; and what all kinds have in common
// when they are written. Everything follows from seed, mailbox, the folder it began in and its
// number there.
#include "ews.h"

#define FIRST_MS 1700000000000
#define STEP_MS 61000
#define HOUR_MS 3600000

// Calendars: occurrences and exceptions; regenerations, all-day events. Contacts: lists. Tasks:
// days with an offset, and attached mails. Mails: posts.
i64 ews_case(enum ews_content content, enum ews_group group, i64 number, i64 cases)
{
    static const struct {
        enum ews_group group;
        enum ews_content from;
        i64 number, instead;
    } rows[] = {
        {EWS_CALENDARS, EWS_CONTENT_SERIES, 10, 18}, {EWS_CALENDARS, EWS_CONTENT_SERIES, 11, 19},
        {EWS_CALENDARS, EWS_CONTENT_ALIKE, 8, 20},   {EWS_CALENDARS, EWS_CONTENT_ALIKE, 13, 21},
        {EWS_CONTACTLIKE, EWS_CONTENT_ALIKE, 5, 1},  {EWS_CONTACTLIKE, EWS_CONTENT_ALIKE, 6, 2},
        {EWS_TASKLIKE, EWS_CONTENT_ALIKE, 3, 5},     {EWS_TASKLIKE, EWS_CONTENT_ALIKE, 9, 11},
        {EWS_MAIL, EWS_CONTENT_ALIKE, 7, 0},
    };
    for (isize k = 0; k < COUNT(rows); k++) {
        // Cases of attachments are counted on: the row is of the first round.
        i64 round = group == EWS_TASKLIKE || group == EWS_CONTACTLIKE ? 12 : 24;
        if (rows[k].group == group && content >= rows[k].from && number % round == rows[k].number) {
            return rows[k].instead % cases;
        }
    }
    return number % cases;
}

i64 ews_item_case(const struct ews_item *i, i64 cases)
{
    return ews_case(i->content, i->group, i->number, cases);
}

bool ews_item_find(struct tenant *t, int mailbox, enum ews_place p, i64 index, struct ews_item *i)
{
    const struct ews_folder *f = ews_folder(t, mailbox, p);
    struct ews_place_info info;
    if (!ews_is_there(f, index) || !ews_place_find(t, mailbox, p, &info)) {
        return false;
    }
    *i = (struct ews_item){.mailbox = mailbox, .place = p, .index = index, .origin = p};
    i->number = index;
    if (index >= f->synthetic) {
        i->origin = f->extra[index - f->synthetic].place;
        i->number = f->extra[index - f->synthetic].index;
        ews_place_find(t, mailbox, i->origin, &info);
    }
    i->group = info.group;
    i->version = ews_version(f, index);
    i->bare = t->o.exchange_bare;
    i->content = t->exchange->content;
    u64 where = (u64)mailbox << 8 | (u64)i->origin;
    i->r = ews_mix(t->o.seed ^ where << 40 ^ (u64)i->number);
    i->received_ms = FIRST_MS + i->number * STEP_MS + mailbox * 1000 + (i64)(i->r % 60) * 1000;
    i->modified_ms = i->received_ms + 5000 + i->version * HOUR_MS;
    i->element = info.group == EWS_CALENDARS     ? "t:CalendarItem"
                 : info.group == EWS_TASKLIKE    ? "t:Task"
                 : info.group == EWS_CONTACTLIKE ? ews_contact_element(t->exchange, i->number)
                                                 : ews_mail_element(t->exchange, i->number);
    return true;
}

static const char *class_of(const struct ews_item *i)
{
    static const struct {
        const char *element, *class;
    } classes[] = {
        {"t:Message", "IPM.Note"},
        {"t:MeetingRequest", "IPM.Schedule.Meeting.Request"},
        {"t:MeetingResponse", "IPM.Schedule.Meeting.Resp.Pos"},
        {"t:MeetingCancellation", "IPM.Schedule.Meeting.Canceled"},
        {"t:PostItem", "IPM.Post"},
        {"t:CalendarItem", "IPM.Appointment"},
        {"t:Task", "IPM.Task"},
        {"t:Contact", "IPM.Contact"},
        {"t:DistributionList", "IPM.DistList"},
    };
    for (isize k = 0; k < COUNT(classes); k++) {
        if (str_eq(str_from(i->element), str_from(classes[k].element))) {
            return classes[k].class;
        }
    }
    return "IPM.Activity";
}

void ews_date_put(struct t_buf *b, i64 unix_ms, int form)
{
    i64 shift = form == 2 ? 2 * HOUR_MS : 0;
    t_put_iso_date(b, unix_ms + shift); // ....123Z
    if (form == 1) {
        return;
    }
    b->n -= 5;
    t_buf_z(b, form == 2 ? "+02:00" : form == 3 ? "" : "Z");
}

static void put_date(struct ews *c, const char *name, i64 unix_ms, int form)
{
    struct t_buf b = {0};
    ews_date_put(&b, unix_ms, form);
    x_text(&c->w, name, t_buf_str(&b));
    t_buf_free(&b);
}

static void put_categories(struct ews *c, const struct ews_item *i)
{
    static const char *const names[] = {"Finance", "Blue category", "Grüße & mehr"};
    int count = (int)(i->number % 4);
    if (count > 0) {
        x_open(&c->w, "t:Categories");
        for (int k = 0; k < count; k++) {
            x_z(&c->w, "t:String", names[k]);
        }
        x_close(&c->w, "t:Categories");
    }
}

static void put_importance(struct ews *c, const struct ews_item *i)
{
    static const char *const names[] = {"Normal", "Low", "High", "Normal", NULL};
    const char *name = names[i->number % COUNT(names)];
    if (name) {
        x_z(&c->w, "t:Importance", name);
    }
}

static void put_mime(struct ews *c, const struct ews_item *i)
{
    struct t_buf raw = {0}, text = {0};
    t_buf_printf(&raw,
                 "Message-ID: <%016llx@example.test>\r\nMIME-Version: 1.0\r\n"
                 "Content-Type: text/plain; charset=utf-8\r\n\r\nThe same, as MIME.\r\n",
                 (unsigned long long)i->r);
    t_base64_put(&text, t_buf_str(&raw), false);
    x_open(&c->w, "t:MimeContent");
    x_attr(&c->w, "CharacterSet", S("UTF-8"));
    x_put(&c->w, t_buf_str(&text));
    x_close(&c->w, "t:MimeContent");
    t_buf_free(&raw);
    t_buf_free(&text);
}

static void put_conversation(struct ews *c, const struct ews_item *i)
{
    struct t_buf b = {0}, text = {0};
    u64 r = i->r;
    for (int n = 0; n < 48; n++) {
        r = ews_mix(r);
        t_buf_byte(&b, (u8)r);
    }
    t_base64_put(&text, t_buf_str(&b), false);
    x_open(&c->w, "t:ConversationId");
    x_attr(&c->w, "Id", t_buf_str(&text));
    x_close(&c->w, "t:ConversationId");
    t_buf_free(&b);
    t_buf_free(&text);
}

static void put_web(struct ews *c, const struct ews_item *i, const struct ews_shape *s)
{
    static const char *const flags[] = {"NotFlagged", "NotFlagged", "Flagged", "Complete"};
    if (ews_wants(s, EWS_F_ITEM_WEB_LINK) && i->number % 17 != 16) {
        struct t_buf b = {0};
        t_buf_printf(&b, "https://outlook.office365.com/owa/?ItemID=AAMk%lld&exvsurl=1",
                     (long long)i->number);
        x_text(&c->w, "t:WebClientReadFormQueryString", t_buf_str(&b));
        t_buf_free(&b);
    }
    if (ews_wants(s, EWS_F_ITEM_CONVERSATION) && i->group == EWS_MAIL) {
        put_conversation(c, i);
    }
    if (ews_wants(s, EWS_F_ITEM_FLAG) && i->group == EWS_MAIL) {
        x_open(&c->w, "t:Flag");
        x_z(&c->w, "t:FlagStatus", flags[i->number % COUNT(flags)]);
        x_close(&c->w, "t:Flag");
    }
}

// What comes before the properties of the kind, in the order of types.xsd.
static void put_common(struct ews *c, const struct ews_item *i, const struct ews_shape *s)
{
    struct ews_out *w = &c->w;
    if (ews_wants(s, EWS_F_ITEM_PARENT)) {
        struct ews_id parent = {.kind = EWS_ID_FOLDER, .mailbox = i->mailbox, .place = i->place};
        x_id(w, "t:ParentFolderId", c->t, parent, 0, false);
    }
    if (ews_wants(s, EWS_F_ITEM_CLASS)) {
        x_z(w, "t:ItemClass", class_of(i));
    }
    if (ews_wants(s, EWS_F_ITEM_SUBJECT)) {
        struct t_buf subject = {0};
        ews_subject_put(c->e, i, &subject);
        if (subject.n > 0 || i->number % 2 == 0) { // empty: as an element, or none at all
            x_text(w, "t:Subject", t_buf_str(&subject));
        }
        t_buf_free(&subject);
    }
    if (ews_wants(s, EWS_F_ITEM_BODY)) {
        ews_body_put(c, i, "t:Body", s->text_body);
    }
    if (ews_wants(s, EWS_F_ITEM_ATTACHMENTS)) {
        ews_attachments_put(c, i);
    }
    if (ews_wants(s, EWS_F_ITEM_RECEIVED)) {
        put_date(c, "t:DateTimeReceived", i->received_ms, 0);
    }
    if (ews_wants(s, EWS_F_ITEM_SIZE)) {
        x_num(w, "t:Size", c->t->o.message_bytes);
    }
    if (ews_wants(s, EWS_F_ITEM_CATEGORIES)) {
        put_categories(c, i);
    }
    if (ews_wants(s, EWS_F_ITEM_IMPORTANCE)) {
        put_importance(c, i);
    }
    if (ews_wants(s, EWS_F_ITEM_SENT)) {
        put_date(c, "t:DateTimeSent", i->received_ms - 2000, 0);
    }
    if (ews_wants(s, EWS_F_ITEM_CREATED)) {
        put_date(c, "t:DateTimeCreated", i->received_ms, 0);
    }
    if (ews_wants(s, EWS_F_ITEM_HAS_ATTACHMENTS) && i->number % 13 != 12) {
        x_z(w, "t:HasAttachments", ews_attachments_shown(c->e, i) ? "true" : "false");
    }
    if (ews_wants(s, EWS_F_ITEM_MODIFIED)) {
        int form = i->number % 11 == 7 ? 2 : c->e->odd && i->number % 11 == 8 ? 1 : 0;
        put_date(c, "t:LastModifiedTime", i->modified_ms + (form == 1 ? 123 : 0), form);
    }
    put_web(c, i, s);
    if (ews_wants(s, EWS_F_ITEM_TEXT_BODY)) {
        ews_body_put(c, i, "t:TextBody", true);
    }
}

// FindItem and SyncFolderItems give no body, recipients, attachments or attendees.
static struct ews_shape narrowed(const struct ews_shape *s)
{
    static const enum ews_field never[] = {
        EWS_F_ITEM_MIME,         EWS_F_ITEM_BODY,           EWS_F_ITEM_TEXT_BODY,
        EWS_F_ITEM_ATTACHMENTS,  EWS_F_MESSAGE_TO,          EWS_F_MESSAGE_CC,
        EWS_F_MESSAGE_BCC,       EWS_F_CALENDAR_REQUIRED,   EWS_F_LIST_MEMBERS,
        EWS_F_CALENDAR_OPTIONAL, EWS_F_CALENDAR_RECURRENCE,
    };
    struct ews_shape n = *s;
    for (isize k = 0; k < COUNT(never); k++) {
        n.fields &= ~((u64)1 << never[k]);
    }
    return n;
}

void ews_item_put(struct ews *c, const struct ews_item *i, const struct ews_shape *s, bool listing,
                  bool sync)
{
    struct ews_shape shape = listing ? narrowed(s) : *s;
    struct ews_id id = {.mailbox = i->mailbox, .place = i->place, .index = i->index};
    x_open(&c->w, i->element);
    if (ews_wants(&shape, EWS_F_ITEM_MIME)) {
        put_mime(c, i);
    }
    x_id(&c->w, "t:ItemId", c->t, id, i->version, sync);
    put_common(c, i, &shape);
    if (i->group == EWS_CALENDARS) {
        ews_calendar_put(c, i, &shape);
    } else if (i->group == EWS_TASKLIKE) {
        ews_task_put(c, i, &shape);
    } else if (i->group == EWS_CONTACTLIKE) {
        ews_contact_put(c, i, &shape);
    } else {
        ews_mail_put(c, i, &shape);
    }
    x_close(&c->w, i->element);
}
