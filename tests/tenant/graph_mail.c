// SPDX-License-Identifier: Apache-2.0
// What is in a mailbox, as Microsoft Graph shows it (spec/wire-graph.md 6); see graph.h. Here are
// its first segments, mail folders and messages; graph_calendar.c graph_people.c graph_todo.c
// graph_attachment.c are the others, graph_page.c and graph_delta.c their pages, graph_shape.c what
// an item is made from: what the fake Exchange writes of it.
#include "graph_delta.h"

#include <string.h>

#define PREVIEW_CHARACTERS 255

// ---- a message
// ---------------------------------------------------------------------------------

static const char message_properties[] =
    "id subject body bodyPreview bccRecipients categories ccRecipients changeKey conversationId "
    "conversationIndex createdDateTime flag from hasAttachments importance inferenceClassification "
    "internetMessageHeaders internetMessageId isDeliveryReceiptRequested isDraft isRead "
    "isReadReceiptRequested lastModifiedDateTime parentFolderId receivedDateTime replyTo sender "
    "sentDateTime toRecipients uniqueBody webLink meetingMessageType";

static const struct {
    const char *element, *type, *meeting;
} kinds[] = {
    {"t:MeetingRequest", "#microsoft.graph.eventMessageRequest", "meetingRequest"},
    {"t:MeetingResponse", "#microsoft.graph.eventMessageResponse", "meetingAccepted"},
    {"t:MeetingCancellation", "#microsoft.graph.eventMessage", "meetingCancelled"},
    {"t:SharingMessage", "#microsoft.graph.sharingMessage", NULL}, // an odd one
};

static void put_people(struct graph_put *p, const char *key, const char *element)
{
    int list = graph_item_child(p->g, element);
    if (!graph_put_key(p, key)) {
        return;
    }
    t_json_open(&p->w, '[');
    for (int n = list < 0 ? -1 : p->g->x.nodes[list].first; n >= 0; n = p->g->x.nodes[n].next) {
        t_json_item(&p->w);
        graph_put_mailbox(p, n);
    }
    t_json_close(&p->w, ']');
}

// Absent without a sender, and in drafts.
static void put_sender(struct graph_put *p, const char *key, const char *element)
{
    int n = graph_item_child(p->g, element);
    if (n >= 0 && p->g->item.place != EWS_DRAFTS && graph_put_key(p, key)) {
        graph_put_mailbox(p, p->g->x.nodes[n].first);
    }
}

// The first characters without markup.
static void put_preview(struct graph_put *p)
{
    str text = graph_item_text(p->g, "t:TextBody");
    struct t_buf b = {0};
    isize at = 0;
    for (int n = 0; n < PREVIEW_CHARACTERS && at < text.n; n++) {
        do {
            at++;
        } while (at < text.n && (text.p[at] & 0xC0) == 0x80);
    }
    t_buf_put(&b, str_slice(text, 0, at));
    graph_put_text(p, "bodyPreview", t_buf_str(&b));
    t_buf_free(&b);
}

static void put_opaque(struct graph_put *p, const char *key, u64 r, int bytes)
{
    struct t_buf b = {0}, text = {0};
    for (int n = 0; n < bytes; n++) {
        r = ews_mix(r);
        t_buf_byte(&b, (u8)r);
    }
    t_base64_put(&text, t_buf_str(&b), true);
    graph_put_text(p, key, t_buf_str(&text));
    t_buf_free(&b);
    t_buf_free(&text);
}

// No subject is null, or "".
static void put_subject(struct graph_put *p)
{
    str subject = graph_item_text(p->g, "t:Subject");
    if (subject.n == 0 && p->g->item.number / 24 % 2 == 0) {
        graph_put_null(p, "subject");
    } else {
        graph_put_text(p, "subject", subject);
    }
}

static void put_conversation(struct graph_put *p)
{
    struct t_buf b = {0};
    t_buf_put(&b, t_xml_attr(&p->g->x, graph_item_child(p->g, "t:ConversationId"), "Id"));
    for (isize k = 0; k < b.n; k++) {
        b.p[k] = b.p[k] == '/' ? '-' : b.p[k] == '+' ? '_' : b.p[k];
    }
    graph_put_text(p, "conversationId", t_buf_str(&b));
    t_buf_free(&b);
}

static void put_flag(struct graph_put *p)
{
    int flag = graph_item_child(p->g, "t:Flag");
    str status = t_xml_text(&p->g->x, t_xml_child(&p->g->x, flag, "t:FlagStatus"));
    graph_put_empty(p, "flag",
                    str_eq(status, S("Flagged"))    ? "{\"flagStatus\":\"flagged\"}"
                    : str_eq(status, S("Complete")) ? "{\"flagStatus\":\"complete\"}"
                                                    : "{\"flagStatus\":\"notFlagged\"}");
}

static void put_states(struct graph_put *p)
{
    const struct ews_item *i = &p->g->item;
    graph_put_null(p, "isDeliveryReceiptRequested");
    graph_put_bool(p, "isReadReceiptRequested", false);
    graph_put_bool(p, "isRead", graph_item_is(p->g, "t:IsRead", "true"));
    graph_put_bool(p, "isDraft", i->place == EWS_DRAFTS);
    graph_put_web_link(p);
    graph_put_z(p, "inferenceClassification", i->number % 2 ? "focused" : "other");
    put_flag(p);
}

static const char *meeting_type(struct graph_put *p)
{
    for (isize k = 0; k < COUNT(kinds); k++) {
        if (str_eq(str_from(p->g->item.element), str_from(kinds[k].element))) {
            t_json_put_member(&p->w, "@odata.type", str_from(kinds[k].type));
            return kinds[k].meeting;
        }
    }
    return NULL;
}

static void put_headers(struct graph_put *p)
{
    if (graph_wants_named(p, "internetMessageHeaders")) {
        graph_put_empty(p, "internetMessageHeaders",
                        "[{\"name\":\"Received\",\"value\":\"from mx.example.test\"},"
                        "{\"name\":\"MIME-Version\",\"value\":\"1.0\"}]");
    }
    if (graph_wants_named(p, "uniqueBody")) {
        graph_put_body(p, "uniqueBody", "t:Body");
    }
}

void graph_message_put(struct graph_put *p)
{
    const struct ews_item *i = &p->g->item;
    const char *meeting = meeting_type(p);
    graph_put_head(p);
    graph_put_time(p, "receivedDateTime", i->received_ms);
    graph_put_time(p, "sentDateTime", i->received_ms - 2000);
    graph_put_bool(p, "hasAttachments", graph_item_is(p->g, "t:HasAttachments", "true"));
    graph_put_text(p, "internetMessageId", graph_item_text(p->g, "t:InternetMessageId"));
    put_subject(p);
    put_preview(p);
    graph_put_importance(p);
    graph_put_folder_id(p, "parentFolderId", i->place);
    put_conversation(p);
    put_opaque(p, "conversationIndex", i->r + 1, 22);
    put_states(p);
    graph_put_body(p, "body", "t:Body");
    put_sender(p, "sender", "t:Sender");
    put_sender(p, "from", "t:From");
    put_people(p, "toRecipients", "t:ToRecipients");
    put_people(p, "ccRecipients", "t:CcRecipients");
    put_people(p, "bccRecipients", "t:BccRecipients");
    graph_put_empty(p, "replyTo", "[]");
    put_headers(p);
    if (meeting) {
        graph_put_z(p, "meetingMessageType", meeting);
    }
}

static struct graph_set messages_of(enum ews_place place)
{
    return (struct graph_set){.what = "mailFolders/messages",
                              .place = place,
                              .newest_first = true,
                              .put = graph_message_put,
                              .properties = message_properties,
                              .usual_page = 10,
                              .most_page = 1000};
}

// $value: the message as MIME.
static void answer_mime(struct graph_call *c, const struct ews_item *i)
{
    struct graph_item g;
    graph_item_open(c, i, true, &g);
    t_base64_decode(&c->out, graph_item_text(&g, "t:MimeContent"));
    c->content_type = "text/plain";
    graph_item_close(&g);
}

// messages/{id}..., the segments from `at` on.
static void answer_message(struct graph_call *c, int at)
{
    struct ews_item i;
    struct graph_set s = messages_of(EWS_INBOX);
    if (!graph_item_enter(c, c->segments[at], EWS_MAIL, &i)) {
        return;
    }
    s.what = "messages";
    if (c->segment_count == at + 1) {
        graph_one_answer(c, &s, &i);
    } else if (graph_segment_is(c, at + 1, "$value") && c->segment_count == at + 2) {
        answer_mime(c, &i);
    } else if (graph_segment_is(c, at + 1, "attachments")) {
        graph_attachments_answer(c, &i, at + 1);
    } else {
        graph_error(c, 400, "RequestBroker--ParseUri", "Resource not found for the segment.");
    }
}

// ---- folders
// ---------------------------------------------------------------------------------

static const char folder_properties[] =
    "id displayName parentFolderId childFolderCount unreadItemCount totalItemCount sizeInBytes "
    "isHidden";

struct folders {
    enum ews_place places[EWS_PLACES];
    int count;
    u64 fingerprint; // of what they are called
};

static u64 mix_name(u64 v, enum ews_place place, const char *name)
{
    v = ews_mix(v ^ (u64)place << 32);
    for (; *name; name++) {
        v = ews_mix(v ^ (u64)(u8)*name);
    }
    return v;
}

static struct folders folders_below(struct graph_call *c, enum ews_place top, bool hidden,
                                    bool deep)
{
    struct folders f = {0};
    for (int k = 0; k < EWS_PLACES; k++) {
        struct ews_place_info info;
        enum ews_place p = (enum ews_place)k;
        if (graph_place_is_listed(c, p, EWS_MAIL, &info) && (deep || info.parent == top) &&
            (hidden || p != EWS_NOTES)) {
            f.places[f.count++] = p;
            f.fingerprint = mix_name(f.fingerprint, p, info.name);
        }
    }
    return f;
}

static void put_folder(struct graph_put *p, const void *st, int n)
{
    const struct folders *f = st;
    struct graph_call *c = p->c;
    struct ews_place_info info;
    struct t_buf b = {0};
    enum ews_place place = f->places[n];
    struct ews_id id = {.kind = EWS_ID_FOLDER, .mailbox = c->mailbox, .place = place};
    ews_place_find(c->t, c->mailbox, place, &info);
    i64 live = ews_live(ews_folder(c->t, c->mailbox, place));
    graph_id_put(c, id, &b);
    t_json_put_member(&p->w, "id", t_buf_str(&b));
    t_buf_free(&b);
    graph_put_z(p, "displayName", info.name);
    graph_put_folder_id(p, "parentFolderId", info.parent);
    graph_put_number(p, "childFolderCount", folders_below(c, place, false, false).count);
    graph_put_number(p, "unreadItemCount", live / 3);
    graph_put_number(p, "totalItemCount", live);
    graph_put_number(p, "sizeInBytes", live * c->t->o.message_bytes);
    graph_put_bool(p, "isHidden", place == EWS_NOTES);
}

static bool wants_hidden(struct graph_call *c)
{
    str value;
    return graph_option(c, "includeHiddenFolders", &value) && str_eq_nocase(value, S("true"));
}

static void answer_folders(struct graph_call *c, enum ews_place top, bool delta)
{
    struct folders f = folders_below(c, top, wants_hidden(c), delta);
    struct graph_few few = {.what = "mailFolders",
                            .properties = folder_properties,
                            .count = f.count,
                            .put = put_folder,
                            .st = &f};
    if (delta) {
        graph_few_delta_answer(c, &few, f.fingerprint);
    } else {
        graph_few_answer(c, &few);
    }
}

static void answer_folder(struct graph_call *c, enum ews_place place)
{
    struct folders f = {.places = {place}, .count = 1};
    if (!graph_select_check(c, folder_properties)) {
        return;
    }
    struct graph_put p = {.c = c, .w = graph_writer(c)};
    t_json_open(&p.w, '{');
    graph_put_context(c, &p.w, "users/mailFolders/$entity");
    put_folder(&p, &f, 0);
    t_json_close(&p.w, '}');
}

// mailFolders[/{id}[/childFolders | /messages...]]
static void answer_mail_folders(struct graph_call *c)
{
    enum ews_place place = EWS_TOP;
    if (c->segment_count == 1 || graph_segment_is_delta(c, 1)) {
        answer_folders(c, EWS_TOP, c->segment_count == 2);
        return;
    }
    if (!graph_place_read(c, c->segments[1], EWS_MAIL, &place)) {
        return;
    }
    struct graph_set s = messages_of(place);
    bool messages = graph_segment_is(c, 2, "messages");
    if (c->segment_count == 2) {
        if (graph_place_enter(c, place, "GraphFolder")) {
            answer_folder(c, place);
        }
    } else if (graph_segment_is(c, 2, "childFolders") && c->segment_count == 3) {
        answer_folders(c, place, false);
    } else if (messages && c->segment_count == 3) {
        graph_set_answer(c, &s);
    } else if (messages && c->segment_count == 4 && graph_segment_is_delta(c, 3)) {
        graph_delta_answer(c, &s);
    } else if (messages) {
        answer_message(c, 3);
    } else {
        graph_error(c, 400, "RequestBroker--ParseUri", "Resource not found for the segment.");
    }
}

// ---- what is meant
// ---------------------------------------------------------------------------------

static void prefer(struct graph_call *c)
{
    if (c->prefer.body_given) {
        graph_applied(c, c->prefer.text ? "outlook.body-content-type=\"text\""
                                        : "outlook.body-content-type=\"html\"");
    }
    if (c->prefer.immutable) {
        graph_applied(c, "IdType=\"ImmutableId\"");
    }
    if (c->prefer.timezone.n > 0 && str_eq_nocase(c->prefer.timezone, S("UTC"))) {
        graph_applied(c, "outlook.timezone=\"UTC\"");
    }
}

void graph_mailbox_answer(struct graph_call *c)
{
    static const struct {
        const char *name;
        void (*answer)(struct graph_call *c);
    } firsts[] = {
        {"mailFolders", answer_mail_folders},    {"calendar", graph_calendar_answer},
        {"calendars", graph_calendar_answer},    {"events", graph_calendar_answer},
        {"calendarView", graph_calendar_answer}, {"contacts", graph_people_answer},
        {"contactFolders", graph_people_answer}, {"todo", graph_todo_answer},
    };
    if (!graph_is(c, "GET")) {
        graph_error(c, 405, "ErrorInvalidRequest", "The HTTP method is not allowed.");
        return;
    }
    prefer(c);
    if (graph_segment_is(c, 0, "messages") && c->segment_count > 1) {
        answer_message(c, 1);
        return;
    }
    for (isize k = 0; k < COUNT(firsts); k++) {
        if (graph_segment_is(c, 0, firsts[k].name)) {
            firsts[k].answer(c);
            return;
        }
    }
    graph_error(c, 400, "BadRequest", "Resource not found for the segment.");
}
