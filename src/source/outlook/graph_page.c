// SPDX-License-Identifier: Apache-2.0
// Pages of items (see graph_page.h). A page is asked for again with fewer items when together they
// do not fit the largest buffer. What a delta says of an item that changed meanwhile may be a part
// of it (its id, and that it was read). Whether the whole of it came before is not known here: it
// is read alone.
#include "source/outlook/graph_page.h"

#include <string.h>

#include "base/hash.h"
#include "source/outlook/graph_batch_part.h"
#include "source/outlook/graph_content.h"
#include "source/outlook/graph_id.h"
#include "source/outlook/graph_ids.h"
#include "source/outlook/graph_item.h"
#include "source/outlook/graph_light.h"
#include "source/outlook/graph_link.h"

enum {
    PAGE_NODES = 32,        // of an answer without its elements: real ones have 7
    PAGE_WINDOW_MIN = 512,  // of an answer, taken in one go
    PAGE_SHAPE_MIN = KIB(1) // for nodes and a document: less is not tried
};

// What became of an item, before its id and its document.
struct page_record {
    i64 element_bytes;
    isize doc_bytes, timestamp_from, timestamp_bytes;
    int id_bytes;
    u16 error;
    u8 verdict;
    bool attachments;
    bool unread; // listed alone: it becomes a unit, and its document here is its _timestamp
};

enum { PAGE_RECORD_BYTES = sizeof(struct page_record) + UNIT_ID_BYTES };

_Static_assert(LANE_BYTES > 2 * GRAPH_FRONT_BYTES + PAGE_RECORD_BYTES +
                                (isize)sizeof(struct graph_item) + KIB(64),
               "the smallest buffer holds an item");

str graph_page_owner(const struct outlook *o, const struct fetch *f)
{
    str address = str_make(f->mailbox->address, f->mailbox->address_bytes);
    return o->run.document_level_security ? address : (str){0};
}

static bool page_is_largest(const struct fetch *f)
{
    return f->data.cap >= LANE_LARGE_BYTES;
}

// ---- collecting

void graph_page_place(struct fetch *f)
{
    struct graph_fetch *gf = f->state;
    gf->rest.p = f->data.p;
    gf->element.p = f->data.p + gf->base;
    isize cap = f->data.cap - gf->base - PAGE_RECORD_BYTES;
    gf->element.cap = cap > 0 ? cap : 0; // records may reach into the room of the next one
}

void graph_page_begin(struct fetch *f)
{
    struct graph_fetch *gf = f->state;
    buf_reset(&f->data);
    f->data.n = GRAPH_FRONT_BYTES;
    gf->rest = buf_over(f->data.p, GRAPH_FRONT_BYTES);
    gf->element = (struct buf){0};
    gf->base = GRAPH_FRONT_BYTES;
    gf->pending = 0;
    gf->cut = gf->broken = gf->shrinks = false;
    gf->elements = 0;
    gf->bad_ids = 0;
    gf->unknown = 0;
    gf->sum = (struct graph_sum){0};
    graph_page_place(f);
    json_stream_init(&gf->stream, (struct json_stream_target){.elements_of = S("value")}, &gf->rest,
                     &gf->element);
}

void graph_page_next_element(struct fetch *f)
{
    struct graph_fetch *gf = f->state;
    gf->pending = 0;
    gf->cut = false;
    gf->elements++;
    gf->element.n = 0;
    f->data.n = gf->base;
    graph_page_place(f);
}

// The element lies in the bytes that came, or in the buffer already.
static void page_keep_element(struct fetch *f)
{
    struct graph_fetch *gf = f->state;
    str element = gf->stream.element;
    gf->pending = element.n;
    gf->cut = gf->stream.cut;
    if (element.p != f->data.p + gf->base) {
        memcpy(f->data.p + gf->base, element.p, (size_t)element.n);
    }
    f->data.n = gf->base + gf->pending;
}

// ---- records

// In the place of the element. `doc` lies behind it, `id` in gf->id.
static bool page_put_record(struct fetch *f, struct page_record *r, str doc)
{
    struct graph_fetch *gf = f->state;
    isize head = (isize)sizeof *r + r->id_bytes;
    if (head + doc.n > f->data.cap - gf->base) {
        return false;
    }
    u8 *to = f->data.p + gf->base;
    if (doc.n) {
        memmove(to + head, doc.p, (size_t)doc.n);
    }
    r->doc_bytes = doc.n;
    memcpy(to, r, sizeof *r);
    memcpy(to + sizeof *r, gf->id, (size_t)r->id_bytes);
    gf->base += head + doc.n;
    return true;
}

static void page_count(const struct outlook *o, struct graph_fetch *gf, str id)
{
    gf->sum.hashes += hash_siphash(o->hosts, id);
    gf->sum.count++;
}

static err page_put_verdict(const struct outlook *o, struct fetch *f, str id,
                            enum fetch_verdict verdict, err e)
{
    struct graph_fetch *gf = f->state;
    struct page_record r = {.id_bytes = (int)id.n, .verdict = (u8)verdict, .error = e.code};
    memcpy(gf->id, id.p, (size_t)id.n);
    if (!page_put_record(f, &r, (str){0})) {
        return page_is_largest(f) ? FAIL(GRAPH_TOO_LARGE) : FAIL(LANE_TOO_SMALL);
    }
    page_count(o, gf, id);
    graph_page_next_element(f);
    return OK;
}

// No buffer is large enough for it where it stands. In the place of the first one it has more room,
// unless it is the first one.
static err page_too_large(const struct outlook *o, struct fetch *f)
{
    struct graph_fetch *gf = f->state;
    const struct graph_box *box = f->mailbox->state;
    u8 bytes[UNIT_ID_BYTES];
    struct buf id = buf_over(bytes, COUNT(bytes));
    if (!page_is_largest(f)) {
        return FAIL(LANE_TOO_SMALL);
    }
    if (gf->asking == GRAPH_ASKING_BATCH || gf->asking == GRAPH_ASKING_ONE) {
        graph_batch_leave_element(f);
        return OK;
    }
    if (gf->base > GRAPH_FRONT_BYTES && box->sets[f->units[0].folder].page_units != 1) {
        gf->shrinks = true;
        gf->cut = false;
        gf->pending = 0;
        return OK;
    }
    if (gf->asking == GRAPH_ASKING_PARTS) {
        return FAIL(GRAPH_TOO_LARGE);
    }
    if (!graph_id_find(&id, str_make(f->data.p + gf->base, gf->pending))) {
        gf->bad_ids++;
        graph_page_next_element(f);
        return OK;
    }
    return page_put_verdict(o, f, buf_str(&id), FETCH_CORRUPT, FAIL(GRAPH_TOO_LARGE));
}

// ---- shaping

static void *page_align(const u8 *p)
{
    return (void *)(((uintptr_t)p + 15) & ~(uintptr_t)15);
}

static bool page_is_light(const struct fetch *f)
{
    const struct graph_box *box = f->mailbox->state;
    return box->sets[f->units[0].folder].light;
}

// Changed while it was listed, perhaps, and not all of it is said.
static bool page_is_part(const struct json *j, enum ews_kind kind)
{
    return kind != EWS_KIND_CALENDAR && json_type(j, 0) == JSON_OBJECT &&
           json_get(j, 0, S("lastModifiedDateTime")) < 0 && json_get(j, 0, S("@removed")) < 0;
}

static err page_take_part(const struct outlook *o, struct fetch *f, const struct json *j)
{
    struct graph_fetch *gf = f->state;
    bool has = true;
    struct buf id = buf_over(gf->id, COUNT(gf->id));
    if (!graph_id_put_of(j, 0, &id)) {
        gf->bad_ids++;
        graph_page_next_element(f);
        return OK;
    }
    (void)json_bool(j, json_get(j, 0, S("hasAttachments")), &has);
    struct page_record r = {
        .id_bytes = (int)id.n,
        .verdict = FETCH_DOCUMENT,
        .attachments = has && f->units[0].kind != EWS_KIND_CONTACT,
        .unread = true,
    };
    if (!page_put_record(f, &r, (str){0})) {
        return page_is_largest(f) ? FAIL(GRAPH_TOO_LARGE) : FAIL(LANE_TOO_SMALL);
    }
    gf->unknown += page_is_light(f);
    page_count(o, gf, buf_str(&id));
    graph_page_next_element(f);
    return OK;
}

static err page_take_document(const struct outlook *o, struct fetch *f,
                              const struct graph_item *item, const struct buf *doc)
{
    struct graph_fetch *gf = f->state;
    struct page_record r = {
        .element_bytes = item->element_bytes,
        .timestamp_from = item->timestamp_from - item->from,
        .timestamp_bytes = item->timestamp_bytes,
        .id_bytes = (int)item->id.n,
        .verdict = FETCH_DOCUMENT,
        .attachments = item->attachments && f->units[0].kind != EWS_KIND_CONTACT,
    };
    str members = str_from_index(buf_str(doc), item->from);
    if (page_is_light(f)) {
        str time = str_slice(members, r.timestamp_from, r.timestamp_from + r.timestamp_bytes);
        r.unread = !graph_light_is_unchanged(f, item->id, time);
        r.verdict = r.unread ? FETCH_DOCUMENT : FETCH_UNCHANGED;
        members = r.unread ? time : (str){0};
        gf->unknown += r.unread;
    }
    memcpy(gf->id, item->id.p, (size_t)item->id.n);
    page_count(o, gf, item->id);
    bool fits = page_put_record(f, &r, members);
    ASSERT(fits); // what shaping needs is larger than a record
    graph_page_next_element(f);
    return OK;
}

_Static_assert(sizeof(struct graph_item) >= PAGE_RECORD_BYTES, "the record's room");

struct graph_shape graph_page_shape(const struct outlook *o, const struct fetch *f,
                                    const struct unit *unit)
{
    enum ews_kind kind = (enum ews_kind)unit->kind;
    struct graph_shape shape = {
        .kind = kind,
        .type = outlook_folder_type(unit->folder, kind),
        .owner = graph_page_owner(o, f),
        .html_always = o->settings.html_always,
        .extended = o->settings.extended,
    };
    if (shape.extended) {
        shape.place = graph_sets_place(f->mailbox, unit->folder);
    }
    return shape;
}

// The element at gf->base becomes a document. `at` is behind it, as much as there is room.
static err page_shape(const struct outlook *o, struct fetch *f, const struct json *j,
                      struct graph_item *item, struct buf *doc)
{
    struct graph_fetch *gf = f->state;
    struct graph_shape shape = graph_page_shape(o, f, &f->units[0]);
    switch (graph_item_put(j, 0, &shape, doc, item)) {
    case GRAPH_ITEM_PUT:
        return doc->full ? page_too_large(o, f) : page_take_document(o, f, item, doc);
    case GRAPH_ITEM_BAD_ID:
    case GRAPH_ITEM_NO_ITEM:
        gf->bad_ids++;
        break;
    case GRAPH_ITEM_REMOVED:
        break;
    }
    graph_page_next_element(f);
    return OK;
}

static void page_take_id(const struct outlook *o, struct fetch *f, const struct json *j)
{
    struct graph_fetch *gf = f->state;
    u8 bytes[UNIT_ID_BYTES];
    struct buf id = buf_over(bytes, COUNT(bytes));
    if (graph_id_put_of(j, 0, &id)) {
        page_count(o, gf, buf_str(&id));
    }
    graph_page_next_element(f);
}

err graph_page_rest(struct outlook *o, struct fetch *f)
{
    struct graph_fetch *gf = f->state;
    const struct graph_box *box = f->mailbox->state;
    const struct unit *unit = &f->units[0];
    struct json j;
    if (gf->pending == 0 && !gf->cut) { // an element without a byte is one that found no room
        return OK;
    }
    u8 *end = f->data.p + f->data.cap;
    struct graph_item *item = page_align(f->data.p + gf->base + gf->pending);
    struct json_node *nodes = page_align((u8 *)(item + 1));
    isize room = end - (u8 *)nodes;
    if (gf->cut || room < PAGE_SHAPE_MIN) {
        return page_too_large(o, f);
    }
    isize cap = room / 2 / (isize)sizeof *nodes;
    err e = json_parse(&j, str_make(f->data.p + gf->base, gf->pending), nodes,
                       cap < INT32_MAX ? (int)cap : INT32_MAX);
    if (err_is(e, ERR_JSON_TOO_MANY)) {
        return page_too_large(o, f);
    }
    if (!err_ok(e)) {
        return FAIL(GRAPH_ANSWER);
    }
    if (gf->asking == GRAPH_ASKING_PARTS) {
        graph_content_take_element(o, f, &j);
        graph_page_next_element(f);
        return OK;
    }
    if (gf->asking == GRAPH_ASKING_PAGE && box->sets[unit->folder].confirms) {
        page_take_id(o, f, &j);
        return OK;
    }
    if (gf->asking == GRAPH_ASKING_PAGE && page_is_part(&j, (enum ews_kind)unit->kind)) {
        return page_take_part(o, f, &j);
    }
    struct buf doc = buf_over(nodes + j.count, end - (u8 *)(nodes + j.count));
    if (gf->asking == GRAPH_ASKING_BATCH) {
        return graph_batch_take_element(o, f, &j, item, &doc) ? OK : page_too_large(o, f);
    }
    if (gf->asking == GRAPH_ASKING_ONE) {
        return graph_batch_take_one(o, f, &j, item, &doc) ? OK : page_too_large(o, f);
    }
    return page_shape(o, f, &j, item, &doc);
}

err graph_page_body(struct outlook *o, struct fetch *f, str *in)
{
    struct graph_fetch *gf = f->state;
    for (;;) {
        graph_page_place(f);
        TRY(graph_page_rest(o, f));
        if (gf->broken || gf->shrinks) {
            *in = str_from_index(*in, in->n);
        }
        if (in->n == 0) {
            return OK;
        }
        isize room = page_is_largest(f) ? in->n : buf_room(&gf->element);
        if (room < PAGE_WINDOW_MIN && !page_is_largest(f)) {
            return FAIL(LANE_TOO_SMALL);
        }
        str chunk = str_slice(*in, 0, in->n < room ? in->n : room);
        isize before = chunk.n;
        enum json_event event = json_stream_next(&gf->stream, &chunk);
        *in = str_from_index(*in, before - chunk.n);
        if (event == JSON_EVENT_ELEMENT) {
            page_keep_element(f);
        } else {
            gf->broken = gf->broken || event == JSON_EVENT_BAD;
            f->data.n = gf->base + (gf->element.n > 0 ? gf->element.n : 0);
        }
    }
}

// ---- its end

static u8 *page_record(const struct fetch *f, isize at, struct page_record *r)
{
    u8 *p = f->data.p + at;
    memcpy(r, p, sizeof *r);
    return p + sizeof *r;
}

static isize page_record_bytes(const struct page_record *r)
{
    return (isize)sizeof *r + r->id_bytes + r->doc_bytes;
}

// What its items need in the queue: the attachments, and mails that are to be read.
static int page_room(const struct fetch *f)
{
    const struct graph_fetch *gf = f->state;
    struct page_record r;
    isize bytes = 0;
    for (isize at = GRAPH_FRONT_BYTES; at < gf->base; at += page_record_bytes(&r)) {
        (void)page_record(f, at, &r);
        bytes += r.attachments ? UNIT_HEAD_BYTES + r.id_bytes : 0;
        bytes += r.unread ? UNIT_HEAD_BYTES + r.id_bytes + r.doc_bytes : 0;
    }
    return bytes < INT32_MAX ? (int)bytes : INT32_MAX;
}

// What attachments it has, or that it is to be read. false: there is nothing of the kind.
static bool page_unit(const struct fetch *f, const struct page_record *r, const u8 *id, bool unread,
                      struct unit *unit)
{
    *unit = (struct unit){.kind = f->units[0].kind, .folder = f->units[0].folder};
    if (unread && r->unread) {
        memcpy(unit->id, id, (size_t)r->id_bytes);
        unit->id_bytes = r->id_bytes;
        if (r->doc_bytes <= UNIT_TIMESTAMP_BYTES) {
            memcpy(unit->timestamp, id + r->id_bytes, (size_t)r->doc_bytes);
            unit->timestamp_bytes = (int)r->doc_bytes;
        }
        return true;
    }
    if (unread || !r->attachments) {
        return false;
    }
    struct buf rest = buf_over(unit->id, UNIT_ID_BYTES);
    bool is_id = graph_id_put_rest(&rest, str_make(id, r->id_bytes));
    ASSERT(is_id); // it was made of one
    unit->id_bytes = (int)rest.n;
    unit->page = unit->parts = true;
    return true;
}

// Mails that are to be read come one behind the other: lanes read several at a time.
static void page_stage(struct fetch *f, bool unread)
{
    const struct graph_fetch *gf = f->state;
    struct page_record r;
    struct unit unit;
    for (isize at = GRAPH_FRONT_BYTES; at < gf->base; at += page_record_bytes(&r)) {
        const u8 *id = page_record(f, at, &r);
        if (page_unit(f, &r, id, unread, &unit)) {
            bool fits = unit_queue_stage(&f->mailbox->queue, &unit);
            ASSERT(fits); // page_has_room()
            f->mailbox->units_listed += unread;
        }
    }
    unit_queue_commit(&f->mailbox->queue);
}

static void page_note_ids(const struct outlook *o, struct fetch *f, bool light)
{
    const struct graph_fetch *gf = f->state;
    struct page_record r;
    for (isize at = GRAPH_FRONT_BYTES; at < gf->base; at += page_record_bytes(&r)) {
        const u8 *id = page_record(f, at, &r);
        if (r.verdict == FETCH_DOCUMENT || light) {
            graph_ids_note(o, f->mailbox->state, str_make(id, r.id_bytes));
        }
    }
}

// Where the listing goes on.
static err page_link(const struct outlook *o, struct fetch *f, enum graph_link *kind,
                     struct buf *target)
{
    struct graph_fetch *gf = f->state;
    struct json_node nodes[PAGE_NODES];
    struct json j;
    if (!err_ok(json_parse(&j, buf_str(&gf->rest), nodes, PAGE_NODES))) {
        return FAIL(GRAPH_ANSWER);
    }
    if (gf->asking == GRAPH_ASKING_PARTS) {
        *kind = GRAPH_LINK_NONE;
        return graph_content_end_list(f, &j);
    }
    struct buf link = {.p = f->data.p + gf->base, .cap = f->data.cap - gf->base};
    TRY(graph_answer_page(&j, kind, &link));
    return *kind == GRAPH_LINK_NEXT ? graph_link_take(target, &o->run.graph, buf_str(&link)) : OK;
}

// Handed over when there is room for all that comes of it; else put off.
static bool page_has_room(const struct outlook *o, struct fetch *f, int room_bytes)
{
    return o->settings.estimate || room_bytes == 0 ||
           unit_queue_has_room(&f->mailbox->queue, 1, room_bytes + GRAPH_RETURNED_BYTES);
}

static void page_put_off(struct fetch *f, int room_bytes)
{
    struct graph_fetch *gf = f->state;
    graph_sets_put_off(f->mailbox->state, f->units[0].folder, room_bytes);
    gf->base = GRAPH_FRONT_BYTES;
    gf->whole = gf->decided = true;
    gf->at = gf->base;
    gf->verdict = FETCH_NOTHING;
}

static err page_take(struct outlook *o, struct fetch *f, enum graph_link kind, str target)
{
    struct graph_fetch *gf = f->state;
    struct graph_box *box = f->mailbox->state;
    u8 folder = f->units[0].folder;
    int room_bytes = page_room(f);
    if (graph_light_gives_up(box, folder, &gf->sum, gf->unknown)) {
        page_put_off(f, 0);
        return OK;
    }
    if (room_bytes > GRAPH_PAGE_ROOM_MAX) { // far more items than were asked for
        gf->shrinks = true;
        return graph_sets_shrink(box, folder) ? OK : FAIL(GRAPH_TOO_LARGE);
    }
    if (!page_has_room(o, f, room_bytes)) {
        page_put_off(f, room_bytes);
        return OK;
    }
    bool confirms = box->sets[folder].confirms, light = box->sets[folder].light;
    err e = graph_sets_take_page(box, folder, kind, target, &gf->sum);
    if (!err_ok(e) && !err_is(e, ERR_GRAPH_UNSTABLE)) {
        return e;
    }
    box->sets[folder].unknown += gf->unknown;
    if (!o->settings.estimate) {
        page_stage(f, true);
        page_stage(f, false);
    }
    if (!confirms) {
        page_note_ids(o, f, light);
        box->bad_ids += gf->bad_ids;
    }
    o->run.answers++;
    gf->whole = gf->decided = true;
    gf->at = GRAPH_FRONT_BYTES;
    gf->verdict = err_ok(e) ? FETCH_NOTHING : FETCH_UNDECIDED;
    gf->error = e;
    return OK;
}

err graph_page_end(struct outlook *o, struct fetch *f)
{
    struct graph_fetch *gf = f->state;
    u8 bytes[GRAPH_LINK_BYTES];
    struct buf target = buf_over(bytes, COUNT(bytes));
    enum graph_link kind;
    graph_page_place(f);
    TRY(graph_page_rest(o, f));
    if (gf->shrinks) {
        bool smaller = graph_sets_shrink(f->mailbox->state, f->units[0].folder);
        ASSERT(smaller); // page_too_large() has looked
        return OK;
    }
    if (gf->broken || !gf->stream.ended) {
        return FAIL(GRAPH_ANSWER);
    }
    // Links are read behind what is shaped.
    if (f->data.cap - gf->base < GRAPH_REST_BYTES && !page_is_largest(f)) {
        return FAIL(LANE_TOO_SMALL);
    }
    bool parts = gf->asking == GRAPH_ASKING_PARTS;
    TRY(page_link(o, f, &kind, &target));
    return parts ? OK : page_take(o, f, kind, buf_str(&target));
}

// ---- handing over

bool graph_page_hand_over(struct fetch *f)
{
    struct graph_fetch *gf = f->state;
    struct page_record r;
    if (!gf->whole) {
        return false;
    }
    while (gf->at < gf->base) { // a lane reads what is unread, when it finds it in the queue
        (void)page_record(f, gf->at, &r);
        if (!r.unread) {
            break;
        }
        gf->at += page_record_bytes(&r);
    }
    if (gf->at >= gf->base) {
        return false;
    }
    u8 *p = page_record(f, gf->at, &r);
    memcpy(gf->id, p, (size_t)r.id_bytes);
    gf->at += page_record_bytes(&r);
    f->decides = -1;
    f->id = str_make(gf->id, r.id_bytes);
    f->verdict = (enum fetch_verdict)r.verdict;
    f->error = (err){r.error};
    f->message_bytes = r.element_bytes;
    f->more = true;
    if (r.doc_bytes) {
        // Its tail goes where its own end was, not over the next record.
        u8 *doc = p + r.id_bytes - FETCH_DOC_TAIL;
        memmove(doc, doc + FETCH_DOC_TAIL, (size_t)r.doc_bytes);
        f->doc = (struct buf){.p = doc, .n = r.doc_bytes, .cap = r.doc_bytes};
        f->timestamp = str_make(doc + r.timestamp_from, r.timestamp_bytes);
    }
    return true;
}
