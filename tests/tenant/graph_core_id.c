// SPDX-License-Identifier: Apache-2.0
// Ids as Graph writes them, and translateExchangeIds (spec/wire-graph.md 5). A REST id is the EWS
// id with two characters swapped. An immutable id names the place where the item began, so it stays
// true wherever the item moves within its mailbox.
#include <string.h>

#include "graph_core.h"

#define EWS_BEGIN "AAMkA"       // how every EWS id begins
#define IMMUTABLE_BEGIN "AAkAL" // and every immutable one
#define TRANSLATE_MAX 1000

static void swap(str in, const char *from, const char *to, struct t_buf *out)
{
    for (isize i = 0; i < in.n; i++) {
        u8 k = in.p[i];
        t_buf_byte(out, k == (u8)from[0] ? (u8)to[0] : k == (u8)from[1] ? (u8)to[1] : k);
    }
}

void graph_id_from_ews(str ews, struct t_buf *rest)
{
    swap(ews, "+/", "_-", rest);
}

void graph_id_to_ews(str rest, struct t_buf *ews)
{
    swap(rest, "_-", "+/", ews);
}

void graph_id_put(const struct graph_call *c, struct ews_id id, struct t_buf *out)
{
    struct t_buf ews = {0};
    ews_id_put(c->t, id, &ews);
    graph_id_from_ews(t_buf_str(&ews), out);
    t_buf_free(&ews);
}

bool graph_id_read(const struct graph_call *c, str text, struct ews_id *id)
{
    struct t_buf ews = {0};
    graph_id_to_ews(text, &ews);
    bool ok = str_find_byte(text, '+') < 0 && str_find_byte(text, '/') < 0 &&
              ews_id_read(c->t, t_buf_str(&ews), id) && id->mailbox == c->mailbox;
    t_buf_free(&ews);
    return ok;
}

static void immutable_put(const struct graph_call *c, const struct ews_item *i, struct t_buf *out)
{
    isize at = out->n;
    struct ews_id id = {.mailbox = i->mailbox, .place = i->origin, .index = i->number};
    graph_id_put(c, id, out);
    memcpy(out->p + at, IMMUTABLE_BEGIN, sizeof(IMMUTABLE_BEGIN) - 1);
}

void graph_item_id_put(const struct graph_call *c, const struct ews_item *i, struct t_buf *out)
{
    if (c->prefer.immutable) {
        immutable_put(c, i, out);
        return;
    }
    struct ews_id id = {.mailbox = i->mailbox, .place = i->place, .index = i->index};
    graph_id_put(c, id, out);
}

// Where an item is now that began at `begin`.
static bool find_moved(struct graph_call *c, struct ews_id begin, struct ews_item *i)
{
    if (ews_item_find(c->t, begin.mailbox, begin.place, begin.index, i) &&
        i->origin == begin.place && i->number == begin.index) {
        return true;
    }
    for (int p = 0; p < EWS_PLACES; p++) {
        const struct ews_folder *f = ews_folder(c->t, begin.mailbox, (enum ews_place)p);
        for (i64 k = 0; k < f->extra_count; k++) {
            if (f->extra[k].place == begin.place && f->extra[k].index == begin.index &&
                ews_item_find(c->t, begin.mailbox, (enum ews_place)p, f->synthetic + k, i)) {
                return true;
            }
        }
    }
    return false;
}

const char *graph_item_find(struct graph_call *c, str text, struct ews_item *i)
{
    struct ews_id id;
    if (str_starts(text, S(IMMUTABLE_BEGIN))) {
        struct t_buf b = {0};
        t_buf_z(&b, EWS_BEGIN);
        t_buf_put(&b, str_from_index(text, (isize)sizeof(IMMUTABLE_BEGIN) - 1));
        bool ok = graph_id_read(c, t_buf_str(&b), &id) && id.kind == EWS_ID_ITEM;
        t_buf_free(&b);
        return !ok ? "ErrorInvalidIdMalformed" : !find_moved(c, id, i) ? "ErrorItemNotFound" : NULL;
    }
    if (!graph_id_read(c, text, &id) || id.kind != EWS_ID_ITEM) {
        return "ErrorInvalidIdMalformed";
    }
    bool there = ews_item_find(c->t, id.mailbox, id.place, id.index, i);
    return there ? NULL : "ErrorItemNotFound";
}

// ---- translateExchangeIds
// --------------------------------------------------------------------------------

enum id_type { ID_ENTRY, ID_EWS, ID_IMMUTABLE_ENTRY, ID_REST, ID_REST_IMMUTABLE, ID_TYPES };
static const char *const id_types[ID_TYPES] = {
    [ID_ENTRY] = "entryId",
    [ID_EWS] = "ewsId",
    [ID_IMMUTABLE_ENTRY] = "immutableEntryId",
    [ID_REST] = "restId",
    [ID_REST_IMMUTABLE] = "restImmutableEntryId",
};

static enum id_type read_type(str body, const char *key)
{
    struct t_buf b = {0};
    int type = ID_TYPES;
    t_json_get_text(body, key, &b);
    for (int i = 0; i < ID_TYPES; i++) {
        type = str_eq_nocase(t_buf_str(&b), str_from(id_types[i])) ? i : type;
    }
    t_buf_free(&b);
    return (enum id_type)type;
}

// One id; false: it cannot be translated, and its target is null. Entry ids are the bytes of an id
// in another order in reality; here nobody asks for them.
static bool translate(struct graph_call *c, str source, enum id_type from, enum id_type to,
                      struct t_buf *out)
{
    struct t_buf rest = {0};
    struct ews_id id;
    struct ews_item item;
    bool ok = true;
    if (from == ID_EWS) {
        ok = str_find_byte(source, '_') < 0 && str_find_byte(source, '-') < 0;
        graph_id_from_ews(source, &rest);
    } else {
        t_buf_put(&rest, source);
    }
    str text = t_buf_str(&rest);
    bool is_item = ok && graph_item_find(c, text, &item) == NULL;
    bool read = ok && graph_id_read(c, text, &id);
    if (to == ID_REST_IMMUTABLE && is_item) {
        immutable_put(c, &item, out);
    } else if (to == ID_REST_IMMUTABLE || (!read && !is_item)) {
        ok = false;
    } else {
        struct t_buf plain = {0};
        if (is_item) {
            id = (struct ews_id){.mailbox = item.mailbox, .place = item.place, .index = item.index};
        }
        ews_id_put(c->t, id, &plain);
        if (to == ID_EWS) {
            t_buf_put(out, t_buf_str(&plain));
        } else {
            graph_id_from_ews(t_buf_str(&plain), out);
        }
        t_buf_free(&plain);
    }
    t_buf_free(&rest);
    return ok;
}

static void put_translated(struct graph_call *c, str list, enum id_type from, enum id_type to)
{
    struct t_writer w = graph_writer(c);
    struct t_buf source = {0}, target = {0};
    str element;
    isize at = 0;
    t_json_open(&w, '{');
    graph_put_context(c, &w, "Collection(microsoft.graph.convertIdResult)");
    t_json_key(&w, "value");
    t_json_open(&w, '[');
    while (t_json_element(list, &at, &element)) {
        source.n = target.n = 0;
        t_json_text(element, &source);
        bool ok = translate(c, t_buf_str(&source), from, to, &target);
        t_json_item(&w);
        t_json_open(&w, '{');
        t_json_put_member(&w, "sourceId", t_buf_str(&source));
        if (ok) {
            t_json_put_member(&w, "targetId", t_buf_str(&target));
        } else {
            t_json_key(&w, "errorDetails");
            t_json_open(&w, '{');
            t_json_put_member(&w, "code", S("ErrorInvalidIdMalformed"));
            t_json_put_member(&w, "message", S("Id is malformed."));
            t_json_close(&w, '}');
        }
        t_json_close(&w, '}');
        c->g->translated++;
    }
    t_json_close(&w, ']');
    t_json_close(&w, '}');
    t_buf_free(&source);
    t_buf_free(&target);
}

void graph_translate_answer(struct graph_call *c)
{
    str body, list, element;
    isize at = 0;
    int count = 0;
    bool ok = t_json_whole(c->body, &body) && t_json_is_object(body) &&
              t_json_get(body, "inputIds", &list) && t_json_is_array(list);
    while (ok && t_json_element(list, &at, &element)) {
        ok = t_json_is_string(element);
        count++;
    }
    enum id_type from = ok ? read_type(body, "sourceIdType") : ID_TYPES;
    enum id_type to = ok ? read_type(body, "targetIdType") : ID_TYPES;
    if (!graph_is(c, "POST")) {
        graph_error(c, 405, "Request_BadRequest", "Specified HTTP method is not allowed.");
    } else if (!ok || count == 0) {
        graph_error(c, 400, "BadRequest", "Unable to read JSON request payload.");
    } else if (count > TRANSLATE_MAX) {
        graph_error(c, 400, "ErrorInvalidRequest", "The maximum number of ids is 1000.");
    } else if (from == ID_TYPES || to == ID_TYPES) {
        graph_error(c, 400, "RequestBodyRead", "Cannot convert the id type to the expected type.");
    } else if (from == ID_ENTRY || to == ID_ENTRY || from == ID_IMMUTABLE_ENTRY ||
               to == ID_IMMUTABLE_ENTRY) {
        graph_error(c, 501, "NotImplemented", "The fake tenant has no entry ids.");
    } else {
        put_translated(c, list, from, to);
    }
}
