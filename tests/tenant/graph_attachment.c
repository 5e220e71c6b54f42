// SPDX-License-Identifier: Apache-2.0
// Attachments of messages, events and tasks of the fake Graph (spec/wire-graph.md 6 and 9). Without
// $select a file comes with its bytes. The names of derived types must be written with the type.
#include <string.h>

#include "graph_shape.h"

#define FILE_TYPE "microsoft.graph.fileAttachment/"

static const char attachment_properties[] =
    "id name contentType size isInline lastModifiedDateTime " FILE_TYPE "contentBytes " FILE_TYPE
    "contentId " FILE_TYPE "contentLocation";

enum kind { KIND_FILE, KIND_ITEM, KIND_REFERENCE };

struct attachment {
    struct graph_item item; // whose it is
    int node, number;
    enum kind kind;
    bool task, alone; // of To Do; asked for by its id
    bool with_item;   // $expand
};

static enum kind kind_of(const struct t_xml *x, int node)
{
    return t_xml_is(x, node, "t:FileAttachment")   ? KIND_FILE
           : t_xml_is(x, node, "t:ItemAttachment") ? KIND_ITEM
                                                   : KIND_REFERENCE;
}

// The n-th of the item; tasks have files only. false: there is none.
static bool find_nth(struct attachment *a, int n)
{
    const struct t_xml *x = &a->item.x;
    int list = graph_item_child(&a->item, "t:Attachments");
    a->node = list < 0 ? -1 : x->nodes[list].first;
    for (a->number = 0; a->node >= 0; a->node = x->nodes[a->node].next) {
        a->kind = kind_of(x, a->node);
        if ((!a->task || a->kind == KIND_FILE) && n-- == 0) {
            return true;
        }
        a->number++;
    }
    return false;
}

static str child(const struct attachment *a, const char *name)
{
    const struct t_xml *x = &a->item.x;
    return t_xml_text(x, t_xml_child(x, a->node, name));
}

static bool has_child(const struct attachment *a, const char *name)
{
    return t_xml_child(&a->item.x, a->node, name) >= 0;
}

static void put_id(struct graph_put *p, const struct attachment *a)
{
    const struct t_xml *x = &a->item.x;
    struct t_buf b = {0};
    graph_id_from_ews(t_xml_attr(x, t_xml_child(x, a->node, "t:AttachmentId"), "Id"), &b);
    t_json_put_member(&p->w, "id", t_buf_str(&b));
    t_buf_free(&b);
}

static void put_file(struct graph_put *p, const struct attachment *a)
{
    str list;
    bool all = !graph_option(p->c, "$select", &list);
    if (!a->task && (all || graph_wants(p, FILE_TYPE "contentId"))) {
        t_json_key(&p->w, "contentId");
        if (has_child(a, "t:ContentId")) {
            t_json_put_string(p->w.b, child(a, "t:ContentId"));
        } else {
            t_buf_z(p->w.b, "null");
        }
        t_json_key(&p->w, "contentLocation");
        t_buf_z(p->w.b, "null");
    }
    if ((all || graph_wants(p, FILE_TYPE "contentBytes")) && (!a->task || a->alone)) {
        struct t_buf bytes = {0};
        ews_attachment_file_put(&a->item.item, a->number, &bytes);
        t_json_key(&p->w, "contentBytes");
        t_buf_byte(p->w.b, '"');
        t_base64_put(p->w.b, t_buf_str(&bytes), false);
        t_buf_byte(p->w.b, '"');
        t_buf_free(&bytes);
    }
}

static bool is_event(const struct attachment *a)
{
    const char *inner = ews_attachment_inner(&a->item.item, a->number);
    return inner && strcmp(inner, "t:CalendarItem") == 0;
}

// The item within, as JSON.
static void put_inner(struct graph_put *p, const struct attachment *a)
{
    t_json_key(&p->w, "item@odata.context");
    t_json_put_string(p->w.b, p->c->base);
    t_json_key(&p->w, "item");
    t_json_open(&p->w, '{');
    t_json_put_member(&p->w, "@odata.type",
                      is_event(a) ? S("#microsoft.graph.event") : S("#microsoft.graph.message"));
    t_json_put_member(&p->w, "id", S(""));
    t_json_put_member(&p->w, "subject", child(a, "t:Name"));
    t_json_key(&p->w, "body");
    t_buf_z(p->w.b, "{\"contentType\":\"html\",\"content\":\"<p>inner body</p>\"}");
    t_json_close(&p->w, '}');
}

static void put_members(struct graph_put *p, const struct attachment *a)
{
    str time = child(a, "t:LastModifiedTime");
    i64 size = 0;
    put_id(p, a);
    if (time.n >= 19) {
        struct t_buf b = {0};
        t_buf_put(&b, str_slice(time, 0, 19));
        t_buf_byte(&b, 'Z');
        graph_put_text(p, "lastModifiedDateTime", t_buf_str(&b));
        t_buf_free(&b);
    } else {
        graph_put_null(p, "lastModifiedDateTime");
    }
    if (has_child(a, "t:Name")) {
        graph_put_text(p, "name", child(a, "t:Name"));
    } else {
        graph_put_null(p, "name");
    }
    if (a->kind == KIND_FILE) {
        graph_put_text(p, "contentType", child(a, "t:ContentType"));
    } else {
        graph_put_null(p, "contentType");
    }
    if (str_to_i64(child(a, "t:Size"), &size)) {
        graph_put_number(p, "size", size);
    } else {
        graph_put_null(p, "size");
    }
    if (!a->task) {
        graph_put_bool(p, "isInline", str_eq(child(a, "t:IsInline"), S("true")));
    }
}

static void put_one(struct graph_put *p, const struct attachment *a)
{
    static const char *const types[] = {[KIND_FILE] = "#microsoft.graph.fileAttachment",
                                        [KIND_ITEM] = "#microsoft.graph.itemAttachment",
                                        [KIND_REFERENCE] = "#microsoft.graph.referenceAttachment"};
    t_json_put_member(&p->w, "@odata.type",
                      str_from(a->task ? "#microsoft.graph.taskFileAttachment" : types[a->kind]));
    if (a->kind == KIND_FILE && !a->task) {
        t_json_put_member(&p->w, "@odata.mediaContentType", child(a, "t:ContentType"));
    }
    put_members(p, a);
    if (a->kind == KIND_FILE) {
        put_file(p, a);
    } else if (a->kind == KIND_ITEM && a->with_item) {
        put_inner(p, a);
    }
}

// ---- $value
// ---------------------------------------------------------------------------------

static void answer_value(struct graph_call *c, const struct attachment *a)
{
    if (a->kind == KIND_REFERENCE) {
        graph_error(c, 405, "ErrorInvalidRequest",
                    "The $value segment is not supported for a reference attachment.");
    } else if (a->kind == KIND_FILE) {
        ews_attachment_file_put(&a->item.item, a->number, &c->out);
        c->content_type = "application/octet-stream";
    } else if (is_event(a)) {
        c->content_type = "text/calendar";
        t_buf_z(&c->out, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nSUMMARY:");
        t_buf_put(&c->out, child(a, "t:Name"));
        t_buf_z(&c->out, "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
    } else {
        c->content_type = "text/plain"; // as EWS has it in MimeContent
        t_buf_z(&c->out, "Subject: inner\r\n\r\ninner body\r\n");
    }
    c->t->exchange->attachments++;
}

// ---- what is asked for
// ---------------------------------------------------------------------------------

static void answer_list(struct graph_call *c, struct attachment *a)
{
    i64 top = 100, skip = 0;
    if (!graph_number(c, "$top", 1, 1000, &top) || !graph_number(c, "$skip", 0, 1 << 20, &skip)) {
        return;
    }
    struct graph_put p = {.c = c, .w = graph_collection_open(c, "messages/attachments")};
    int n = (int)skip;
    for (; n < skip + top && find_nth(a, n); n++) {
        t_json_item(&p.w);
        t_json_open(&p.w, '{');
        put_one(&p, a);
        t_json_close(&p.w, '}');
    }
    graph_collection_end_value(c, &p.w);
    if (find_nth(a, n)) {
        struct t_buf b = {0};
        t_buf_printf(&b, "%d", n);
        graph_next_link(c, &p.w, "$skip", t_buf_str(&b), true);
        t_buf_free(&b);
    }
    graph_collection_close(c, &p.w);
}

// Finds it by its id. false: refused, and answered.
static bool find_id(struct graph_call *c, struct attachment *a, str text)
{
    struct ews_id id;
    if (!graph_id_read(c, text, &id) || id.kind != EWS_ID_ATTACHMENT) {
        graph_bad_id(c);
        return false;
    }
    const struct ews_item *i = &a->item.item;
    bool mine = id.place == i->place && id.index == i->index;
    for (int n = 0; mine && find_nth(a, n); n++) {
        if (a->number == id.attachment) {
            return true;
        }
    }
    graph_not_found(c);
    return false;
}

static void answer_one(struct graph_call *c, struct attachment *a, int at)
{
    if (!find_id(c, a, c->segments[at])) {
        return;
    }
    if (c->segment_count == at + 2 && graph_segment_is(c, at + 1, "$value")) {
        answer_value(c, a);
    } else if (c->segment_count == at + 1) {
        struct graph_put p = {.c = c, .w = graph_writer(c)};
        t_json_open(&p.w, '{');
        graph_put_context(c, &p.w, "users/messages/attachments/$entity");
        put_one(&p, a);
        t_json_close(&p.w, '}');
        c->t->exchange->attachments++;
    } else {
        graph_error(c, 400, "BadRequest", "Resource not found for the segment.");
    }
}

void graph_attachments_answer(struct graph_call *c, const struct ews_item *i, int at)
{
    static const char *const known[] = {"$top", "$skip", "$select", "$expand", NULL};
    struct attachment a = {.task = i->group == EWS_TASKLIKE, .alone = c->segment_count > at + 1};
    str expand;
    a.with_item = graph_option(c, "$expand", &expand);
    if (a.with_item && !str_eq_nocase(expand, S("microsoft.graph.itemattachment/item"))) {
        graph_error(c, 400, "RequestBroker--ParseUri", "Parsing OData Select and Expand failed.");
        return;
    }
    if (!graph_options_allowed(c, known) || !graph_select_check(c, attachment_properties) ||
        graph_is_refused(c, "GraphAttachment", 2, i->place, i->index)) {
        return;
    }
    graph_item_open(c, i, false, &a.item);
    if (a.alone) {
        answer_one(c, &a, at + 1);
    } else {
        answer_list(c, &a);
    }
    graph_item_close(&a.item);
}
