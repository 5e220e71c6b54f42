// SPDX-License-Identifier: Apache-2.0
// Shaping items (see outlook_item.h). A table for each kind says which element becomes which
// member, in what form, and what stands there when the item does not have it. An element that comes
// twice counts once.
#include "source/outlook/outlook_item.h"

#include "codec/json_write.h"

enum item_form {
    FORM_TEXT,
    FORM_TIME,
    FORM_DATE,
    FORM_BODY,
    FORM_ADDRESS,   // the first EmailAddress below
    FORM_ADDRESSES, // each
    FORM_STRINGS,   // each String
    FORM_ENTRIES,   // each Entry: its text, else its Name
    FORM_BOOL,
    FORM_FLAG, // the FlagStatus below
    FORM_ID,   // its attribute Id
};

struct item_field {
    const char *key;
    const char *otherwise; // JSON
    enum ews_tag tag;
    enum item_form form;
};

#define ITEM_NONE "null"
#define ITEM_LIST "[]"

static const struct item_field mail_fields[] = {
    {"title", ITEM_NONE, EWS_TAG_Subject, FORM_TEXT},
    {"message", ITEM_NONE, EWS_TAG_Body, FORM_BODY},
    {"categories", ITEM_LIST, EWS_TAG_Categories, FORM_STRINGS},
    {"importance", "\"Normal\"", EWS_TAG_Importance, FORM_TEXT},
    {"_timestamp", ITEM_NONE, EWS_TAG_LastModifiedTime, FORM_TIME},
    {"sender", ITEM_NONE, EWS_TAG_Sender, FORM_ADDRESS},
    {"to_recipients", ITEM_LIST, EWS_TAG_ToRecipients, FORM_ADDRESSES},
    {"cc_recipients", ITEM_LIST, EWS_TAG_CcRecipients, FORM_ADDRESSES},
    {"bcc_recipients", ITEM_LIST, EWS_TAG_BccRecipients, FORM_ADDRESSES},
};

static const struct item_field calendar_fields[] = {
    {"title", ITEM_NONE, EWS_TAG_Subject, FORM_TEXT},
    {"content", ITEM_NONE, EWS_TAG_Body, FORM_BODY},
    {"_timestamp", ITEM_NONE, EWS_TAG_LastModifiedTime, FORM_TIME},
    {"start_date", ITEM_NONE, EWS_TAG_Start, FORM_TIME},
    {"end_date", ITEM_NONE, EWS_TAG_End, FORM_TIME},
    {"location", ITEM_NONE, EWS_TAG_Location, FORM_TEXT},
    {"organizer", ITEM_NONE, EWS_TAG_Organizer, FORM_ADDRESS},
    {"attendees", ITEM_LIST, EWS_TAG_RequiredAttendees, FORM_ADDRESSES},
};

static const struct item_field task_fields[] = {
    {"title", ITEM_NONE, EWS_TAG_Subject, FORM_TEXT},
    {"categories", ITEM_LIST, EWS_TAG_Categories, FORM_STRINGS},
    {"importance", "\"Normal\"", EWS_TAG_Importance, FORM_TEXT},
    {"_timestamp", ITEM_NONE, EWS_TAG_LastModifiedTime, FORM_TIME},
    {"content", ITEM_NONE, EWS_TAG_TextBody, FORM_TEXT},
    {"complete_date", ITEM_NONE, EWS_TAG_CompleteDate, FORM_TIME},
    {"due_date", ITEM_NONE, EWS_TAG_DueDate, FORM_DATE},
    {"owner", ITEM_NONE, EWS_TAG_Owner, FORM_TEXT},
    {"start_date", ITEM_NONE, EWS_TAG_StartDate, FORM_DATE},
    {"status", "\"NotStarted\"", EWS_TAG_Status, FORM_TEXT},
};

static const struct item_field contact_fields[] = {
    {"_timestamp", ITEM_NONE, EWS_TAG_LastModifiedTime, FORM_TIME},
    {"name", ITEM_NONE, EWS_TAG_DisplayName, FORM_TEXT},
    {"company_name", ITEM_NONE, EWS_TAG_CompanyName, FORM_TEXT},
    {"email_addresses", ITEM_LIST, EWS_TAG_EmailAddresses, FORM_ENTRIES},
    {"contact_numbers", ITEM_LIST, EWS_TAG_PhoneNumbers, FORM_ENTRIES},
    {"birthday", ITEM_NONE, EWS_TAG_Birthday, FORM_DATE},
};

static const struct item_field list_fields[] = {
    {"_timestamp", ITEM_NONE, EWS_TAG_LastModifiedTime, FORM_TIME},
    {"name", ITEM_NONE, EWS_TAG_DisplayName, FORM_TEXT},
    {"email_addresses", ITEM_LIST, EWS_TAG_Members, FORM_ADDRESSES},
};

// Of the extended form, behind those above.
static const struct item_field mail_more[] = {
    {"received_date", ITEM_NONE, EWS_TAG_DateTimeReceived, FORM_TIME},
    {"sent_date", ITEM_NONE, EWS_TAG_DateTimeSent, FORM_TIME},
    {"message_id", ITEM_NONE, EWS_TAG_InternetMessageId, FORM_TEXT},
    {"conversation_id", ITEM_NONE, EWS_TAG_ConversationId, FORM_ID},
    {"is_read", ITEM_NONE, EWS_TAG_IsRead, FORM_BOOL},
    {"flag_status", ITEM_NONE, EWS_TAG_Flag, FORM_FLAG},
    {"web_link", ITEM_NONE, EWS_TAG_WebClientReadFormQueryString, FORM_TEXT},
};

static const struct item_field calendar_more[] = {
    {"optional_attendees", ITEM_LIST, EWS_TAG_OptionalAttendees, FORM_ADDRESSES},
    {"web_link", ITEM_NONE, EWS_TAG_WebClientReadFormQueryString, FORM_TEXT},
};

static const struct {
    const struct item_field *fields, *more;
    int count, more_count;
} item_kinds[EWS_KINDS] = {
    [EWS_KIND_MAIL] = {mail_fields, mail_more, COUNT(mail_fields), COUNT(mail_more)},
    [EWS_KIND_CALENDAR] = {calendar_fields, calendar_more, COUNT(calendar_fields),
                           COUNT(calendar_more)},
    [EWS_KIND_TASK] = {task_fields, NULL, COUNT(task_fields), 0},
    [EWS_KIND_CONTACT] = {contact_fields, NULL, COUNT(contact_fields), 0},
    [EWS_KIND_LIST] = {list_fields, NULL, COUNT(list_fields), 0},
};

_Static_assert(COUNT(mail_fields) + COUNT(mail_more) <= 32, "a bit each, of what was seen");

// Instead of an index of a field.
enum {
    ITEM_NO_FIELD = -1,
    ITEM_ATTACHMENTS = -2,
    ITEM_RECURRENCE = -3,
    ITEM_TYPE = -4,
    ITEM_HAS = -5
};

// Where text goes.
enum { CAPTURE_NONE, CAPTURE_JSON, CAPTURE_HTML, CAPTURE_SMALL, CAPTURE_NAME, CAPTURE_RECURRENCE };

bool outlook_item_kind(enum ews_tag tag, enum ews_kind *kind)
{
    bool mail = tag == EWS_TAG_Message || tag == EWS_TAG_MeetingRequest ||
                tag == EWS_TAG_MeetingResponse || tag == EWS_TAG_MeetingCancellation;
    *kind = tag == EWS_TAG_CalendarItem       ? EWS_KIND_CALENDAR
            : tag == EWS_TAG_Task             ? EWS_KIND_TASK
            : tag == EWS_TAG_Contact          ? EWS_KIND_CONTACT
            : tag == EWS_TAG_DistributionList ? EWS_KIND_LIST
                                              : EWS_KIND_MAIL;
    return mail || *kind != EWS_KIND_MAIL;
}

void outlook_item_start(struct outlook_item *it, const struct outlook_shape *shape, int level,
                        struct buf *json)
{
    it->shape = *shape;
    it->json = json;
    it->level = level;
    it->seen = 0;
    it->attachments = false;
    it->from = json->n;
    it->timestamp_from = it->timestamp_bytes = 0;
    it->field = ITEM_NO_FIELD;
    it->capture = CAPTURE_NONE;
    it->meeting = buf_over(it->meeting_bytes, COUNT(it->meeting_bytes));
    outlook_recurrence_start(&it->recurrence);
    outlook_parts_item(shape->parts, shape->skip);
}

// ---- writing members

static void item_put_key(struct outlook_item *it, str key)
{
    struct json_write w = json_write_to(it->json);
    w.comma = it->json->n > it->from;
    it->key_from = it->json->n;
    json_write_key(&w, key);
    it->value_from = it->json->n;
}

static void item_capture(struct outlook_item *it, int level, u8 capture)
{
    it->element_level = level;
    it->capture = capture;
    it->small = buf_over(it->small_bytes, OUTLOOK_SMALL_BYTES);
}

static void item_begin_element_of_list(struct outlook_item *it, int level)
{
    it->value_from = it->json->n;
    if (it->comma) {
        buf_put_byte(it->json, ',');
    }
    buf_put_byte(it->json, '"');
    it->any = false;
    item_capture(it, level, CAPTURE_JSON);
}

// Nothing was in it: as if it had not been there.
static void item_end_element_of_list(struct outlook_item *it)
{
    if (it->any) {
        buf_put_byte(it->json, '"');
        it->comma = true;
    } else {
        it->json->n = it->value_from;
    }
}

static int item_field_count(const struct outlook_item *it)
{
    enum ews_kind kind = it->shape.kind;
    return item_kinds[kind].count + (it->shape.extended ? item_kinds[kind].more_count : 0);
}

static const struct item_field *item_field_at(const struct outlook_item *it, int i)
{
    enum ews_kind kind = it->shape.kind;
    return i < item_kinds[kind].count ? &item_kinds[kind].fields[i]
                                      : &item_kinds[kind].more[i - item_kinds[kind].count];
}

static const struct item_field *item_field(const struct outlook_item *it)
{
    return it->field < 0 ? NULL : item_field_at(it, it->field);
}

// ---- elements that begin

static void item_begin_body(struct outlook_item *it, const struct ews_answer *a, int level)
{
    bool html = it->shape.html_always ||
                !str_eq(xml_attribute(&a->xml, S("BodyType"), NULL), S("Text"));
    buf_put_byte(it->json, '"');
    item_capture(it, level, html ? CAPTURE_HTML : CAPTURE_JSON);
    if (html) {
        html_text_init(&it->html);
    }
}

static void item_put_otherwise(struct outlook_item *it, const struct item_field *f)
{
    it->json->n = it->value_from;
    buf_put(it->json, str_from(f->otherwise));
}

static void item_put_id(struct outlook_item *it, const struct item_field *f, str id)
{
    if (id.n == 0 || id.n > UNIT_ID_BYTES) {
        item_put_otherwise(it, f);
        return;
    }
    buf_put_byte(it->json, '"');
    json_escape(it->json, id);
    buf_put_byte(it->json, '"');
}

static void item_begin_field(struct outlook_item *it, const struct ews_answer *a)
{
    const struct item_field *f = item_field(it);
    ASSERT(f);
    it->seen |= (u32)1 << it->field;
    it->any = false;
    it->comma = false;
    item_put_key(it, str_from(f->key));
    switch (f->form) {
    case FORM_BODY:
        item_begin_body(it, a, a->level);
        break;
    case FORM_TEXT:
        buf_put_byte(it->json, '"');
        item_capture(it, a->level, CAPTURE_JSON);
        break;
    case FORM_TIME:
    case FORM_DATE:
    case FORM_BOOL:
        item_capture(it, a->level, CAPTURE_SMALL);
        break;
    case FORM_ID:
        item_put_id(it, f, xml_attribute(&a->xml, S("Id"), NULL));
        break;
    case FORM_ADDRESS:
    case FORM_FLAG:
        break;
    case FORM_ADDRESSES:
    case FORM_STRINGS:
    case FORM_ENTRIES:
        buf_put_byte(it->json, '[');
        break;
    }
}

static void item_begin_property(struct outlook_item *it, const struct ews_answer *a)
{
    bool calendar = it->shape.kind == EWS_KIND_CALENDAR;
    it->field_level = a->level;
    it->field = a->tag == EWS_TAG_Attachments                    ? ITEM_ATTACHMENTS
                : a->tag == EWS_TAG_HasAttachments               ? ITEM_HAS
                : calendar && a->tag == EWS_TAG_Recurrence       ? ITEM_RECURRENCE
                : calendar && a->tag == EWS_TAG_CalendarItemType ? ITEM_TYPE
                                                                 : ITEM_NO_FIELD;
    if (it->field == ITEM_HAS || it->field == ITEM_TYPE) {
        item_capture(it, a->level, CAPTURE_SMALL);
        return;
    }
    for (int i = 0; it->field == ITEM_NO_FIELD && i < item_field_count(it); i++) {
        if (item_field_at(it, i)->tag == a->tag && !(it->seen >> i & 1)) {
            it->field = i;
            item_begin_field(it, a);
        }
    }
}

static void item_begin_attachment(struct outlook_item *it, const struct ews_answer *a)
{
    int below = a->level - it->field_level;
    if (below == 1) {
        it->part = (struct outlook_part){
            .size = -1,
            .unit = it->shape.unit,
            .file = a->tag == EWS_TAG_FileAttachment,
            .timestamp = S("null"),
        };
        it->id = buf_over(it->id_bytes, COUNT(it->id_bytes));
        it->name = buf_over(it->name_bytes, OUTLOOK_NAME_BYTES);
    } else if (below == 2 && a->tag == EWS_TAG_AttachmentId) {
        buf_put(&it->id, xml_attribute(&a->xml, S("Id"), NULL));
    } else if (below == 2 && a->tag == EWS_TAG_Name) {
        item_capture(it, a->level, CAPTURE_NAME);
    } else if (below == 2 && (a->tag == EWS_TAG_Size || a->tag == EWS_TAG_LastModifiedTime)) {
        item_capture(it, a->level, CAPTURE_SMALL);
    }
}

static void item_begin_below(struct outlook_item *it, const struct ews_answer *a)
{
    const struct item_field *f = item_field(it);
    if (it->field == ITEM_ATTACHMENTS) {
        item_begin_attachment(it, a);
        return;
    }
    if (it->field == ITEM_RECURRENCE) {
        outlook_recurrence_open(&it->recurrence, a->tag, a->level - it->field_level);
        item_capture(it, a->level, CAPTURE_RECURRENCE);
        return;
    }
    if (!f || it->capture != CAPTURE_NONE) {
        return;
    }
    bool one = (f->form == FORM_ADDRESS && a->tag == EWS_TAG_EmailAddress) ||
               (f->form == FORM_FLAG && a->tag == EWS_TAG_FlagStatus);
    if (one && !it->any) {
        buf_put_byte(it->json, '"');
        item_capture(it, a->level, CAPTURE_JSON);
    } else if ((f->form == FORM_ADDRESSES && a->tag == EWS_TAG_EmailAddress) ||
               (f->form == FORM_STRINGS && a->tag == EWS_TAG_String)) {
        item_begin_element_of_list(it, a->level);
    } else if (f->form == FORM_ENTRIES && a->tag == EWS_TAG_Entry) {
        str name = xml_attribute(&a->xml, S("Name"), NULL);
        item_begin_element_of_list(it, a->level);
        // Kept aside: it counts when there is no text.
        buf_put(&it->small, str_slice(name, 0, name.n < it->small.cap ? name.n : it->small.cap));
    }
}

// ---- text

static void item_put_html(struct outlook_item *it, str text)
{
    str piece;
    while (html_text_next(&it->html, &text, &piece)) {
        json_escape(it->json, piece);
    }
}

static void item_text(struct outlook_item *it, const struct ews_answer *a)
{
    str text = a->xml.text;
    if (it->capture == CAPTURE_NONE || a->level != it->element_level) {
        return;
    }
    it->any = true;
    switch (it->capture) {
    case CAPTURE_JSON:
        json_escape(it->json, text);
        break;
    case CAPTURE_HTML:
        item_put_html(it, text);
        break;
    case CAPTURE_RECURRENCE:
        outlook_recurrence_text(&it->recurrence, text);
        break;
    case CAPTURE_NAME:
        buf_put(&it->name,
                str_slice(text, 0,
                          text.n < it->name.cap - it->name.n ? text.n : it->name.cap - it->name.n));
        break;
    default:
        buf_put(
            &it->small,
            str_slice(text, 0,
                      text.n < it->small.cap - it->small.n ? text.n : it->small.cap - it->small.n));
        break;
    }
}

// ---- elements that end

static bool item_is_true(const struct outlook_item *it)
{
    str text = str_trim(buf_str(&it->small));
    return str_eq(text, S("true")) || str_eq(text, S("1"));
}

static void item_end_body(struct outlook_item *it)
{
    str piece;
    while (it->capture == CAPTURE_HTML && html_text_finish(&it->html, &piece)) {
        json_escape(it->json, piece);
    }
    buf_put_byte(it->json, '"');
}

static void item_end_field(struct outlook_item *it)
{
    const struct item_field *f = item_field(it);
    ASSERT(f);
    switch (f->form) {
    case FORM_TEXT:
    case FORM_BODY:
        if (it->any) {
            item_end_body(it);
        } else {
            item_put_otherwise(it, f);
        }
        break;
    case FORM_TIME:
        outlook_put_time(it->json, buf_str(&it->small));
        break;
    case FORM_DATE:
        outlook_put_date(it->json, buf_str(&it->small));
        break;
    case FORM_BOOL:
        buf_put(it->json, !it->any           ? str_from(f->otherwise)
                          : item_is_true(it) ? S("true")
                                             : S("false"));
        break;
    case FORM_ADDRESS:
    case FORM_FLAG:
        if (!it->any) {
            item_put_otherwise(it, f);
        }
        break;
    case FORM_ID:
        break;
    case FORM_ADDRESSES:
    case FORM_STRINGS:
    case FORM_ENTRIES:
        buf_put_byte(it->json, ']');
        break;
    }
    if (f->tag == EWS_TAG_LastModifiedTime) {
        it->timestamp_from = it->value_from;
        it->timestamp_bytes = it->json->n - it->value_from;
    }
}

static void item_end_property(struct outlook_item *it)
{
    if (it->field >= 0) {
        item_end_field(it);
    } else if (it->field == ITEM_HAS) {
        it->attachments = item_is_true(it);
    } else if (it->field == ITEM_TYPE) {
        str text = str_trim(buf_str(&it->small));
        buf_reset(&it->meeting);
        buf_put(&it->meeting, str_slice(text, 0, text.n < it->meeting.cap ? text.n : 0));
    }
    it->field = ITEM_NO_FIELD;
    it->capture = CAPTURE_NONE;
}

static void item_end_attachment(struct outlook_item *it, const struct ews_answer *a)
{
    int below = a->level - it->field_level;
    bool own = below == 2 && it->capture == CAPTURE_SMALL;
    i64 size;
    if (own && a->tag == EWS_TAG_Size) {
        bool number = str_to_i64(str_trim(buf_str(&it->small)), &size) && size >= 0;
        it->part.size = number ? size : -1;
    } else if (own && a->tag == EWS_TAG_LastModifiedTime) {
        struct buf time = buf_over(it->time_bytes, OUTLOOK_TIME_BYTES);
        outlook_put_time(&time, buf_str(&it->small));
        it->part.timestamp = buf_str(&time);
    } else if (below == 1 && it->id.n && it->id.n <= UNIT_ID_BYTES &&
               (it->part.file || a->tag == EWS_TAG_ItemAttachment)) {
        it->part.id = buf_str(&it->id);
        it->part.name = outlook_whole_characters(&it->name);
        outlook_parts_put(it->shape.parts, &it->part);
    }
    it->capture = CAPTURE_NONE;
}

static void item_end_below(struct outlook_item *it, const struct ews_answer *a)
{
    const struct item_field *f = item_field(it);
    if (it->field == ITEM_ATTACHMENTS) {
        item_end_attachment(it, a);
        return;
    }
    if (it->field == ITEM_RECURRENCE) {
        outlook_recurrence_close(&it->recurrence);
        it->capture = CAPTURE_NONE;
        return;
    }
    bool wanted = f && it->capture == CAPTURE_JSON && a->level == it->element_level;
    if (!wanted) {
        return;
    }
    if (f->form == FORM_ADDRESS || f->form == FORM_FLAG) {
        if (it->any) {
            buf_put_byte(it->json, '"');
        } else {
            it->json->n = it->value_from;
        }
        it->capture = CAPTURE_NONE;
        return;
    }
    if (f->form == FORM_ENTRIES && !it->any && it->small.n) {
        json_escape(it->json, outlook_whole_characters(&it->small));
        it->any = true;
    }
    item_end_element_of_list(it);
    it->capture = CAPTURE_NONE;
}

void outlook_item_event(struct outlook_item *it, const struct ews_answer *a, enum ews_event event)
{
    bool property = a->level == it->level + 1;
    if (event == EWS_TEXT) {
        item_text(it, a);
    } else if (event == EWS_START && property) {
        item_begin_property(it, a);
    } else if (event == EWS_START) {
        item_begin_below(it, a);
    } else if (event == EWS_END && property) {
        item_end_property(it);
    } else if (event == EWS_END) {
        item_end_below(it, a);
    }
}

// ---- the end

void outlook_put_owner(struct buf *json, str address)
{
    u8 bytes[ADDRESS_BYTES];
    struct buf lower = buf_over(bytes, ADDRESS_BYTES);
    if (address.n == 0) {
        return;
    }
    buf_put_lower(&lower, address);
    buf_put(json, S(",\"_allow_access_control\":[\"email:"));
    json_escape(json, buf_str(&lower));
    buf_put(json, S("\"]"));
}

void outlook_item_finish(struct outlook_item *it)
{
    for (int i = 0; i < item_field_count(it); i++) {
        const struct item_field *f = item_field_at(it, i);
        if (it->seen >> i & 1) {
            continue;
        }
        item_put_key(it, str_from(f->key));
        buf_put(it->json, str_from(f->otherwise));
        if (f->tag == EWS_TAG_LastModifiedTime) {
            it->timestamp_from = it->value_from;
            it->timestamp_bytes = it->json->n - it->value_from;
        }
    }
    if (it->shape.kind == EWS_KIND_CALENDAR) {
        item_put_key(it, S("meeting_type"));
        outlook_put_meeting_type(it->json, buf_str(&it->meeting), &it->recurrence);
    }
    if (it->shape.type.n) {
        struct json_write w = json_write_to(it->json);
        w.comma = true;
        json_write_member(&w, S("type"), it->shape.type);
    }
    if (it->shape.extended) {
        outlook_put_place(it->json, &it->shape.place);
    }
    outlook_put_owner(it->json, it->shape.owner);
    if (!it->attachments) {
        outlook_parts_drop(it->shape.parts);
    }
}
