// SPDX-License-Identifier: Apache-2.0
// Shaping elements of Graph (see graph_item.h). A table for each kind says which member becomes
// which, in what form, and what stands there when the element does not have it; it has the keys and
// the values of the tables of outlook_item.c, which tests compare.
#include "source/outlook/graph_item.h"

#include "codec/json_write.h"
#include "source/outlook/graph_recurrence.h"
#include "source/outlook/graph_text.h"

enum graph_form {
    FORM_TEXT,
    FORM_WORD, // a word of an enum, with a capital
    FORM_BOOL,
    FORM_TIME,       // a time in UTC
    FORM_DATE,       // its day
    FORM_ZONED_TIME, // {dateTime, timeZone}
    FORM_ZONED_DATE, // its day in that zone
    FORM_BODY,       // {contentType, content}
    FORM_TASK_BODY,  // the same, plain text stays that
    FORM_ADDRESSES,  // each emailAddress.address
    FORM_REQUIRED,   // the same, of attendees that have to come
    FORM_OPTIONAL,   // and of those that may
    FORM_ENTRIES,    // each address, else name
    FORM_STRINGS,
    FORM_NUMBERS, // businessPhones, homePhones, mobilePhone of the element
    FORM_MEETING, // type and recurrence of the element
    FORM_ID,      // as EWS writes it
    FORM_NONE,    // not there at all
};

struct graph_field {
    const char *key;
    const char *otherwise; // JSON
    const char *path;      // of the member
    enum graph_form form;
};

#define ITEM_NONE "null"
#define ITEM_LIST "[]"
#define ITEM_STAMP "lastModifiedDateTime"
#define ADDRESS ".emailAddress.address"

static const struct graph_field mail_fields[] = {
    {"title", ITEM_NONE, "subject", FORM_TEXT},
    {"message", ITEM_NONE, "body", FORM_BODY},
    {"categories", ITEM_LIST, "categories", FORM_STRINGS},
    {"importance", "\"Normal\"", "importance", FORM_WORD},
    {"_timestamp", ITEM_NONE, ITEM_STAMP, FORM_TIME},
    {"sender", ITEM_NONE, "sender" ADDRESS, FORM_TEXT},
    {"to_recipients", ITEM_LIST, "toRecipients", FORM_ADDRESSES},
    {"cc_recipients", ITEM_LIST, "ccRecipients", FORM_ADDRESSES},
    {"bcc_recipients", ITEM_LIST, "bccRecipients", FORM_ADDRESSES},
};

static const struct graph_field mail_more[] = {
    {"received_date", ITEM_NONE, "receivedDateTime", FORM_TIME},
    {"sent_date", ITEM_NONE, "sentDateTime", FORM_TIME},
    {"message_id", ITEM_NONE, "internetMessageId", FORM_TEXT},
    {"conversation_id", ITEM_NONE, "conversationId", FORM_ID},
    {"is_read", ITEM_NONE, "isRead", FORM_BOOL},
    {"flag_status", ITEM_NONE, "flag.flagStatus", FORM_WORD},
    {"web_link", ITEM_NONE, "webLink", FORM_TEXT},
};

static const struct graph_field calendar_fields[] = {
    {"title", ITEM_NONE, "subject", FORM_TEXT},
    {"content", ITEM_NONE, "body", FORM_BODY},
    {"_timestamp", ITEM_NONE, ITEM_STAMP, FORM_TIME},
    {"start_date", ITEM_NONE, "start", FORM_ZONED_TIME},
    {"end_date", ITEM_NONE, "end", FORM_ZONED_TIME},
    {"location", ITEM_NONE, "location.displayName", FORM_TEXT},
    {"organizer", ITEM_NONE, "organizer" ADDRESS, FORM_TEXT},
    {"attendees", ITEM_LIST, "attendees", FORM_REQUIRED},
    {"meeting_type", ITEM_NONE, "", FORM_MEETING},
};

static const struct graph_field calendar_more[] = {
    {"optional_attendees", ITEM_LIST, "attendees", FORM_OPTIONAL},
    {"web_link", ITEM_NONE, "webLink", FORM_TEXT},
};

static const struct graph_field task_fields[] = {
    {"title", ITEM_NONE, "title", FORM_TEXT},
    {"categories", ITEM_LIST, "categories", FORM_STRINGS},
    {"importance", "\"Normal\"", "importance", FORM_WORD},
    {"_timestamp", ITEM_NONE, ITEM_STAMP, FORM_TIME},
    {"content", ITEM_NONE, "body", FORM_TASK_BODY},
    {"complete_date", ITEM_NONE, "completedDateTime", FORM_ZONED_TIME},
    {"due_date", ITEM_NONE, "dueDateTime", FORM_ZONED_DATE},
    {"owner", ITEM_NONE, "", FORM_NONE}, // To Do has none
    {"start_date", ITEM_NONE, "startDateTime", FORM_ZONED_DATE},
    {"status", "\"NotStarted\"", "status", FORM_WORD},
};

static const struct graph_field contact_fields[] = {
    {"_timestamp", ITEM_NONE, ITEM_STAMP, FORM_TIME},
    {"name", ITEM_NONE, "displayName", FORM_TEXT},
    {"company_name", ITEM_NONE, "companyName", FORM_TEXT},
    {"email_addresses", ITEM_LIST, "emailAddresses", FORM_ENTRIES},
    {"contact_numbers", ITEM_LIST, "", FORM_NUMBERS},
    {"birthday", ITEM_NONE, "birthday", FORM_DATE},
};

#define MAIL_SELECT                                                                   \
    "id,subject,body,categories,importance,lastModifiedDateTime,sender,toRecipients," \
    "ccRecipients,bccRecipients,hasAttachments"
#define CALENDAR_SELECT                                                                 \
    "id,subject,body,lastModifiedDateTime,start,end,location,organizer,attendees,type," \
    "recurrence,hasAttachments"
#define TASK_SELECT                                                               \
    "id,title,categories,importance,lastModifiedDateTime,body,completedDateTime," \
    "dueDateTime,startDateTime,status,hasAttachments"
#define CONTACT_SELECT                                                               \
    "id,lastModifiedDateTime,displayName,companyName,emailAddresses,businessPhones," \
    "homePhones,mobilePhone,birthday"

static const struct {
    const struct graph_field *fields, *more;
    isize count, more_count;
    str select, select_more;
} item_kinds[EWS_KINDS] = {
    [EWS_KIND_MAIL] = {mail_fields, mail_more, COUNT(mail_fields), COUNT(mail_more), S(MAIL_SELECT),
                       S(MAIL_SELECT ",receivedDateTime,sentDateTime,internetMessageId,"
                                     "conversationId,isRead,flag,webLink")},
    [EWS_KIND_CALENDAR] = {calendar_fields, calendar_more, COUNT(calendar_fields),
                           COUNT(calendar_more), S(CALENDAR_SELECT), S(CALENDAR_SELECT ",webLink")},
    [EWS_KIND_TASK] = {task_fields, NULL, COUNT(task_fields), 0, S(TASK_SELECT), S(TASK_SELECT)},
    [EWS_KIND_CONTACT] = {contact_fields, NULL, COUNT(contact_fields), 0, S(CONTACT_SELECT),
                          S(CONTACT_SELECT)},
};

str graph_item_select(enum ews_kind kind, bool extended)
{
    return extended ? item_kinds[kind].select_more : item_kinds[kind].select;
}

// What is in hand while an element is shaped.
struct item_shaping {
    const struct json *j;
    int element;
    const struct graph_shape *shape;
    struct graph_item *out;
    struct buf *doc;
};

// ---- times

static struct buf item_small(const struct json *j, int node, u8 bytes[OUTLOOK_SMALL_BYTES])
{
    struct buf small = buf_over(bytes, OUTLOOK_SMALL_BYTES);
    graph_copy_text(&small, j, node);
    return small;
}

static void item_put_time(struct buf *doc, const struct json *j, int node)
{
    u8 bytes[OUTLOOK_SMALL_BYTES];
    struct buf text = item_small(j, node, bytes);
    outlook_put_time(doc, buf_str(&text));
}

static void item_put_date(struct buf *doc, const struct json *j, int node)
{
    u8 bytes[OUTLOOK_SMALL_BYTES];
    struct buf text = item_small(j, node, bytes);
    outlook_put_date(doc, buf_str(&text));
}

// The names under which Graph gives UTC; no zone at all is UTC too.
static bool item_zone_is_utc(const struct json *j, int zone)
{
    static const str names[] = {
        S("UTC"), S("Etc/UTC"), S("GMT"), S("Etc/GMT"), S("Z"), S("tzone://Microsoft/Utc"), S("")};
    u8 bytes[OUTLOOK_SMALL_BYTES];
    struct buf text = item_small(j, zone, bytes);
    for (isize i = 0; i < COUNT(names); i++) {
        if (str_eq_nocase(buf_str(&text), names[i])) {
            return true;
        }
    }
    return false;
}

static void item_put_zoned_time(struct buf *doc, const struct json *j, int node)
{
    if (item_zone_is_utc(j, json_get(j, node, S("timeZone")))) {
        item_put_time(doc, j, json_get(j, node, S("dateTime")));
    } else {
        buf_put(doc, S(ITEM_NONE));
    }
}

// ---- lists

struct item_list {
    struct buf *doc;
    const struct json *j;
    bool comma;
};

static bool item_list_put(struct item_list *l, int node)
{
    isize from = l->doc->n;
    if (l->comma) {
        buf_put_byte(l->doc, ',');
    }
    if (!graph_put_text(l->doc, l->j, node)) {
        l->doc->n = from; // nothing is in it: as if it had not been there
        return false;
    }
    l->comma = true;
    return true;
}

static bool item_is_attendee(const struct json *j, int attendee, enum graph_form form)
{
    int type = json_get(j, attendee, S("type"));
    if (form == FORM_REQUIRED) { // who is not said to be anything else
        return json_type(j, type) != JSON_STRING || json_equals(j, type, S("required"));
    }
    return form == FORM_ADDRESSES || json_equals(j, type, S("optional"));
}

static void item_put_element(struct item_list *l, int node, enum graph_form form)
{
    if (form == FORM_STRINGS) {
        (void)item_list_put(l, node);
    } else if (form == FORM_ENTRIES) {
        if (!item_list_put(l, json_get(l->j, node, S("address")))) {
            (void)item_list_put(l, json_get(l->j, node, S("name")));
        }
    } else if (item_is_attendee(l->j, node, form)) {
        int address = json_get(l->j, node, S("emailAddress"));
        (void)item_list_put(l, json_get(l->j, address, S("address")));
    }
}

static void item_put_elements(struct item_list *l, int node, enum graph_form form)
{
    bool array = json_type(l->j, node) == JSON_ARRAY;
    for (int n = array ? json_first(l->j, node) : -1; n >= 0 && !l->doc->full;
         n = json_next(l->j, n)) {
        item_put_element(l, n, form);
    }
}

static void item_put_list(struct buf *doc, const struct json *j, int node, enum graph_form form)
{
    struct item_list l = {.doc = doc, .j = j};
    buf_put_byte(doc, '[');
    item_put_elements(&l, node, form);
    buf_put_byte(doc, ']');
}

// In the order in which EWS lists the keys.
static void item_put_numbers(struct buf *doc, const struct json *j, int element)
{
    struct item_list l = {.doc = doc, .j = j};
    buf_put_byte(doc, '[');
    item_put_elements(&l, json_get(j, element, S("businessPhones")), FORM_STRINGS);
    item_put_elements(&l, json_get(j, element, S("homePhones")), FORM_STRINGS);
    (void)item_list_put(&l, json_get(j, element, S("mobilePhone")));
    buf_put_byte(doc, ']');
}

// ---- other values

static bool item_put_body(struct item_shaping *i, int node, enum graph_form form)
{
    int content = json_get(i->j, node, S("content"));
    u8 bytes[OUTLOOK_SMALL_BYTES];
    struct buf type = item_small(i->j, json_get(i->j, node, S("contentType")), bytes);
    bool text = str_eq_nocase(buf_str(&type), S("text"));
    if (text && (form == FORM_TASK_BODY || !i->shape->html_always)) {
        return graph_put_text(i->doc, i->j, content);
    }
    struct buf piece = buf_over(i->out->piece, COUNT(i->out->piece));
    return graph_put_html(i->doc, i->j, content, &i->out->html, piece);
}

static bool item_put_meeting(struct item_shaping *i)
{
    struct outlook_recurrence recurrence;
    u8 bytes[COUNT(((struct outlook_item *)0)->meeting_bytes)];
    struct buf type = buf_over(bytes, COUNT(bytes));
    graph_recurrence_read(i->j, json_get(i->j, i->element, S("recurrence")), &recurrence);
    graph_recurrence_put_type(i->j, json_get(i->j, i->element, S("type")), &type);
    outlook_put_meeting_type(i->doc, buf_str(&type), &recurrence);
    return true;
}

static bool item_put_bool(struct buf *doc, const struct json *j, int node)
{
    bool value;
    bool there = json_bool(j, node, &value);
    if (there) {
        buf_put(doc, value ? S("true") : S("false"));
    }
    return there;
}

static bool item_put_id(struct buf *doc, const struct json *j, int node)
{
    u8 text_bytes[UNIT_ID_BYTES], bytes[UNIT_ID_BYTES];
    struct buf text = buf_over(text_bytes, COUNT(text_bytes));
    struct buf id = buf_over(bytes, COUNT(bytes));
    struct json_write w = json_write_to(doc);
    if (!json_put_string(j, node, &text) || text.full || !graph_id_put_ews(&id, buf_str(&text))) {
        return false;
    }
    json_write_string(&w, buf_str(&id));
    return true;
}

// false: nothing was appended, because the element does not have it.
static bool item_put_value(struct item_shaping *i, const struct graph_field *f)
{
    int node = json_path(i->j, i->element, str_from(f->path));
    switch (f->form) {
    case FORM_TEXT:
        return graph_put_text(i->doc, i->j, node);
    case FORM_WORD:
        return graph_put_word(i->doc, i->j, node);
    case FORM_BOOL:
        return item_put_bool(i->doc, i->j, node);
    case FORM_TIME:
        item_put_time(i->doc, i->j, node);
        return true;
    case FORM_DATE:
        item_put_date(i->doc, i->j, node);
        return true;
    case FORM_ZONED_TIME:
        item_put_zoned_time(i->doc, i->j, node);
        return true;
    case FORM_ZONED_DATE:
        item_put_date(i->doc, i->j, json_get(i->j, node, S("dateTime")));
        return true;
    case FORM_BODY:
    case FORM_TASK_BODY:
        return item_put_body(i, node, f->form);
    case FORM_ADDRESSES:
    case FORM_REQUIRED:
    case FORM_OPTIONAL:
    case FORM_ENTRIES:
    case FORM_STRINGS:
        item_put_list(i->doc, i->j, node, f->form);
        return true;
    case FORM_NUMBERS:
        item_put_numbers(i->doc, i->j, i->element);
        return true;
    case FORM_MEETING:
        return item_put_meeting(i);
    case FORM_ID:
        return item_put_id(i->doc, i->j, node);
    case FORM_NONE:
        break;
    }
    return false;
}

static void item_put_fields(struct item_shaping *i, const struct graph_field *fields, isize count)
{
    for (isize k = 0; k < count && !i->doc->full; k++) {
        const struct graph_field *f = &fields[k];
        struct json_write w = json_write_to(i->doc);
        w.comma = i->doc->n > i->out->from;
        json_write_key(&w, str_from(f->key));
        isize from = i->doc->n;
        if (!item_put_value(i, f)) {
            buf_put(i->doc, str_from(f->otherwise));
        }
        if (str_eq(str_from(f->path), S(ITEM_STAMP))) {
            i->out->timestamp_from = from;
            i->out->timestamp_bytes = i->doc->n - from;
        }
    }
}

// ---- the element

enum graph_verdict graph_item_put(const struct json *j, int node, const struct graph_shape *s,
                                  struct buf *doc, struct graph_item *out)
{
    struct item_shaping i = {.j = j, .element = node, .shape = s, .out = out, .doc = doc};
    struct buf id = buf_over(out->id_bytes, COUNT(out->id_bytes));
    ASSERT(item_kinds[s->kind].count); // not EWS_KIND_LIST
    out->from = doc->n;
    out->timestamp_from = out->timestamp_bytes = 0;
    out->attachments = false;
    out->element_bytes = json_raw(j, node).n;
    out->id = (str){0};
    if (json_type(j, node) != JSON_OBJECT) {
        return GRAPH_ITEM_NO_ITEM;
    }
    if (!graph_id_put_of(j, node, &id)) {
        return GRAPH_ITEM_BAD_ID;
    }
    out->id = buf_str(&id);
    if (json_type(j, json_get(j, node, S("@removed"))) == JSON_OBJECT) {
        return GRAPH_ITEM_REMOVED;
    }
    out->attachments = json_type(j, json_get(j, node, S("hasAttachments"))) == JSON_TRUE;
    item_put_fields(&i, item_kinds[s->kind].fields, item_kinds[s->kind].count);
    if (s->extended) {
        item_put_fields(&i, item_kinds[s->kind].more, item_kinds[s->kind].more_count);
    }
    if (s->type.n) {
        struct json_write w = json_write_to(doc);
        w.comma = true;
        json_write_member(&w, S("type"), s->type);
    }
    if (s->extended) {
        outlook_put_place(doc, &s->place);
    }
    outlook_put_owner(doc, s->owner);
    return GRAPH_ITEM_PUT;
}
