// SPDX-License-Identifier: Apache-2.0
// Items of the fake Graph and the members of its answers; see graph_shape.h.
#include "graph_shape.h"

#include "base/date.h"

int graph_odd_bits(str list)
{
    static const char *const names[] = {"no_value",  "value_type", "types", "no_id",
                                        "link_host", "link_loop",  "html",  "cut"};
    struct t_buf text = {0};
    str element;
    isize at = 0;
    int bits = 0;
    while (t_json_is_array(list) && t_json_element(list, &at, &element)) {
        text.n = 0;
        t_json_text(element, &text);
        for (int i = 0; i < (int)COUNT(names); i++) {
            bits |= str_eq(t_buf_str(&text), str_from(names[i])) ? 1 << i : 0;
        }
    }
    t_buf_free(&text);
    return bits;
}

// ---- an item
// ---------------------------------------------------------------------------------

void graph_item_open(struct graph_call *c, const struct ews_item *i, bool mime,
                     struct graph_item *g)
{
    // What is odd there is odd XML, and here nobody writes XML.
    struct exchange even = *c->t->exchange;
    even.odd = false;
    *g = (struct graph_item){.item = *i};
    struct ews e = {.t = c->t, .e = &even, .q = c->q, .mailbox = i->mailbox, .w.b = &g->xml};
    struct ews_shape s = {.fields = ~(u64)0, .text_body = c->prefer.text};
    bool body = graph_selected(c, "body") || graph_selected(c, "bodyPreview") ||
                graph_selected(c, "uniqueBody");
    s.fields &= mime ? ~(u64)0 : ~((u64)1 << EWS_F_ITEM_MIME);
    s.fields &= body ? ~(u64)0 : ~((u64)1 << EWS_F_ITEM_BODY | (u64)1 << EWS_F_ITEM_TEXT_BODY);
    t_buf_z(&g->xml, "<t:r xmlns:t=\"http://schemas.microsoft.com/exchange/services/2006/types\">");
    ews_item_put(&e, i, &s, false, false);
    t_buf_z(&g->xml, "</t:r>");
    bool ok = t_xml_parse(t_buf_str(&g->xml), &g->x);
    ASSERT(ok);
    g->node = g->x.nodes[0].first;
}

void graph_item_close(struct graph_item *g)
{
    t_xml_free(&g->x);
    t_buf_free(&g->xml);
}

int graph_item_child(const struct graph_item *g, const char *name)
{
    return t_xml_child(&g->x, g->node, name);
}

str graph_item_text(const struct graph_item *g, const char *name)
{
    int n = graph_item_child(g, name);
    return n < 0 ? (str){0} : t_xml_text(&g->x, n);
}

bool graph_item_is(const struct graph_item *g, const char *name, const char *text)
{
    return str_eq(graph_item_text(g, name), str_from(text));
}

bool graph_time_read(str text, i64 *unix_ms)
{
    i64 us = 0;
    bool ok = date_parse_iso(text, &us);
    *unix_ms = us / 1000;
    return ok;
}

// ---- members
// ---------------------------------------------------------------------------------

bool graph_wants(const struct graph_put *p, const char *key)
{
    return graph_selected(p->c, key);
}

bool graph_wants_named(const struct graph_put *p, const char *key)
{
    str list;
    return graph_option(p->c, "$select", &list) && graph_selected(p->c, key);
}

// Something of another type than the schema's, for one member in a few.
static bool put_odd(struct graph_put *p, const char *key)
{
    static const char *const values[] = {"17", "null", "{\"x\":[1]}", "true", "[[]]", "\"\""};
    if (!(p->c->t->exchange->graph_odd & GRAPH_ODD_TYPES) || !p->g) {
        return false;
    }
    u64 r = p->g->item.r;
    for (const char *z = key; *z; z++) {
        r = ews_mix(r ^ (u64)(u8)*z);
    }
    if (r % 5 != 0) {
        return false;
    }
    t_json_key(&p->w, key);
    t_buf_z(p->w.b, values[r / 5 % COUNT(values)]);
    return true;
}

bool graph_put_key(struct graph_put *p, const char *key)
{
    if (!graph_wants(p, key) || put_odd(p, key)) {
        return false;
    }
    t_json_key(&p->w, key);
    return true;
}

void graph_put_text(struct graph_put *p, const char *key, str s)
{
    if (graph_put_key(p, key)) {
        t_json_put_string(p->w.b, s);
    }
}

void graph_put_z(struct graph_put *p, const char *key, const char *z)
{
    if (!z) {
        graph_put_null(p, key);
    } else {
        graph_put_text(p, key, str_from(z));
    }
}

void graph_put_null(struct graph_put *p, const char *key)
{
    graph_put_empty(p, key, "null");
}

void graph_put_bool(struct graph_put *p, const char *key, bool v)
{
    graph_put_empty(p, key, v ? "true" : "false");
}

void graph_put_number(struct graph_put *p, const char *key, i64 v)
{
    if (graph_put_key(p, key)) {
        t_buf_printf(p->w.b, "%lld", (long long)v);
    }
}

void graph_put_empty(struct graph_put *p, const char *key, const char *brackets)
{
    if (graph_put_key(p, key)) {
        t_buf_z(p->w.b, brackets);
    }
}

void graph_put_time(struct graph_put *p, const char *key, i64 unix_ms)
{
    struct t_buf b = {0};
    ews_date_put(&b, unix_ms, 0);
    graph_put_text(p, key, t_buf_str(&b));
    t_buf_free(&b);
}

void graph_put_zoned(struct graph_put *p, const char *key, i64 unix_ms, const char *zone)
{
    if (graph_put_key(p, key)) {
        struct t_buf b = {0};
        ews_date_put(&b, unix_ms, 3);
        t_buf_printf(p->w.b, "{\"dateTime\":\"%.*s.0000000\",\"timeZone\":\"%s\"}", (int)b.n,
                     (const char *)b.p, zone);
        t_buf_free(&b);
    }
}

void graph_put_folder_id(struct graph_put *p, const char *key, enum ews_place place)
{
    struct t_buf b = {0};
    struct ews_id id = {.kind = EWS_ID_FOLDER, .mailbox = p->c->mailbox, .place = place};
    graph_id_put(p->c, id, &b);
    graph_put_text(p, key, t_buf_str(&b));
    t_buf_free(&b);
}

void graph_put_body(struct graph_put *p, const char *key, const char *element)
{
    int n = graph_item_child(p->g, element);
    bool text = p->c->prefer.text ||
                (n >= 0 && str_eq(t_xml_attr(&p->g->x, n, "BodyType"), S("Text")));
    if (graph_put_key(p, key)) {
        t_buf_printf(p->w.b, "{\"contentType\":\"%s\",\"content\":", text ? "text" : "html");
        t_json_put_string(p->w.b, n < 0 ? (str){0} : t_xml_text(&p->g->x, n));
        t_buf_byte(p->w.b, '}');
    }
}

void graph_put_categories(struct graph_put *p)
{
    int list = graph_item_child(p->g, "t:Categories");
    if (!graph_put_key(p, "categories")) {
        return;
    }
    t_json_open(&p->w, '[');
    for (int n = list < 0 ? -1 : p->g->x.nodes[list].first; n >= 0; n = p->g->x.nodes[n].next) {
        t_json_item(&p->w);
        t_json_put_string(p->w.b, t_xml_text(&p->g->x, n));
    }
    t_json_close(&p->w, ']');
}

void graph_put_importance(struct graph_put *p)
{
    graph_put_z(p, "importance",
                graph_item_is(p->g, "t:Importance", "Low")    ? "low"
                : graph_item_is(p->g, "t:Importance", "High") ? "high"
                                                              : "normal");
}

// Who has no address has null, or no such member.
void graph_put_mailbox(struct graph_put *p, int mailbox)
{
    const struct t_xml *x = &p->g->x;
    int address = t_xml_child(x, mailbox, "t:EmailAddress");
    t_json_open(&p->w, '{');
    t_json_key(&p->w, "emailAddress");
    t_json_open(&p->w, '{');
    t_json_put_member(&p->w, "name", t_xml_text(x, t_xml_child(x, mailbox, "t:Name")));
    if (address >= 0) {
        t_json_put_member(&p->w, "address", t_xml_text(x, address));
    } else if (p->g->item.number % 2 == 0) {
        t_json_key(&p->w, "address");
        t_buf_z(p->w.b, "null");
    }
    t_json_close(&p->w, '}');
    t_json_close(&p->w, '}');
}

void graph_put_web_link(struct graph_put *p)
{
    str link = graph_item_text(p->g, "t:WebClientReadFormQueryString");
    if (link.n > 0) {
        graph_put_text(p, "webLink", link);
    } else {
        graph_put_null(p, "webLink");
    }
}

void graph_put_head(struct graph_put *p)
{
    const struct ews_item *i = &p->g->item;
    struct ews_id id = {.mailbox = i->mailbox, .place = i->place, .index = i->index};
    struct t_buf key = {0}, tag = {0}, text = {0};
    ews_change_key_put(id, i->version, false, &key);
    t_buf_printf(&tag, "W/\"%.*s\"", (int)key.n, (const char *)key.p);
    t_json_put_member(&p->w, "@odata.etag", t_buf_str(&tag));
    if (!(p->c->t->exchange->graph_odd & GRAPH_ODD_NO_ID) || i->number % 3 != 1) {
        graph_item_id_put(p->c, i, &text);
        t_json_put_member(&p->w, "id", t_buf_str(&text));
    }
    graph_put_time(p, "createdDateTime", i->received_ms);
    graph_put_time(p, "lastModifiedDateTime", i->modified_ms);
    graph_put_text(p, "changeKey", t_buf_str(&key));
    graph_put_categories(p);
    t_buf_free(&key);
    t_buf_free(&tag);
    t_buf_free(&text);
}

// ---- $select
// ---------------------------------------------------------------------------------

static bool is_named(str list, str name)
{
    isize at = 0;
    while (at < list.n) {
        str one = str_from_index(list, at);
        isize end = str_find_byte(one, ' ');
        end = end < 0 ? one.n : end;
        if (str_eq(str_slice(one, 0, end), name)) {
            return true;
        }
        at += end + 1;
    }
    return false;
}

bool graph_select_check(struct graph_call *c, const char *properties)
{
    str list;
    if (!graph_option(c, "$select", &list)) {
        return true;
    }
    while (list.n > 0) {
        isize end = str_find_byte(list, ',');
        end = end < 0 ? list.n : end;
        str name = str_trim(str_slice(list, 0, end));
        if (!is_named(str_from(properties), name)) {
            struct t_buf text = {0};
            t_buf_printf(&text,
                         "Parsing OData Select and Expand failed: Could not find a property "
                         "named '%.*s' on this type.",
                         (int)(name.n < 80 ? name.n : 80), (const char *)name.p);
            t_buf_byte(&text, 0);
            graph_error(c, 400, "RequestBroker--ParseUri", (const char *)text.p);
            t_buf_free(&text);
            return false;
        }
        list = str_from_index(list, end < list.n ? end + 1 : end);
    }
    return true;
}
