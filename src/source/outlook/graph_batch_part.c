// SPDX-License-Identifier: Apache-2.0
// Parts of the answer to a batch (see graph_batch_part.h). What is no answer to a question of this
// request is passed over; its item stays unanswered.
#include "source/outlook/graph_batch_part.h"

#include <string.h>

#include "os/os.h"
#include "source/outlook/graph_answer.h"
#include "source/outlook/graph_id.h"
#include "source/outlook/graph_item.h"
#include "source/outlook/graph_page.h"

enum { PART_NODES = 64 }; // of a refusal

_Static_assert(sizeof(struct graph_item) >= sizeof(struct graph_batch_record), "the record's room");

void graph_batch_say(struct fetch *f, int unit, enum fetch_verdict verdict, err e)
{
    struct graph_fetch *gf = f->state;
    struct graph_batch *b = &gf->batch;
    b->state[unit] = GRAPH_BATCH_SAID;
    b->verdict[unit] = (u8)verdict;
    b->error[unit] = e;
}

int graph_batch_first(const struct fetch *f)
{
    const struct graph_fetch *gf = f->state;
    int unit = 0;
    while (unit + 1 < f->unit_count && !(gf->batch.asked >> unit & 1)) {
        unit++;
    }
    return unit;
}

// Of the units that were asked for, and are not answered yet; -1: none.
static int batch_unit(const struct fetch *f, const struct json *j)
{
    const struct graph_fetch *gf = f->state;
    int node = json_get(j, 0, S("id"));
    str id = json_raw(j, node);
    int unit = json_type(j, node) == JSON_STRING && id.n == 1 ? id.p[0] - '0' : -1;
    bool ours = unit >= 0 && unit < f->unit_count && (gf->batch.asked >> unit & 1) &&
                gf->batch.state[unit] == GRAPH_BATCH_WANTED;
    return ours ? unit : -1;
}

// When it may be asked for again; 0: it does not say.
static i64 batch_retry_at_ms(const struct json *j)
{
    u8 name_bytes[sizeof("retry-after")], bytes[32];
    int headers = json_get(j, 0, S("headers"));
    bool object = json_type(j, headers) == JSON_OBJECT;
    for (int n = object ? json_first(j, headers) : -1; n >= 0; n = json_next(j, n)) {
        struct buf name = buf_over(name_bytes, COUNT(name_bytes));
        struct buf text = buf_over(bytes, COUNT(bytes));
        i64 seconds = 0;
        int value = json_value(j, n);
        if (!json_put_string(j, n, &name) || !str_eq_nocase(buf_str(&name), S("retry-after"))) {
            continue;
        }
        bool read = json_i64(j, value, &seconds) ||
                    (json_put_string(j, value, &text) && str_to_i64(buf_str(&text), &seconds));
        if (read && seconds >= 0) {
            bool long_wait = seconds > RETRY_AFTER_MAX_MS / 1000;
            return os_mono_ms() + (long_wait ? RETRY_AFTER_MAX_MS : seconds * 1000);
        }
    }
    return 0;
}

static err batch_refusal(const struct json *j, i64 status)
{
    struct json_node nodes[PART_NODES];
    struct json body;
    struct graph_words words = {0};
    int node = json_get(j, 0, S("body"));
    if (json_type(j, node) == JSON_OBJECT &&
        err_ok(json_parse(&body, json_raw(j, node), nodes, PART_NODES))) {
        graph_answer_words(&body, &words);
    }
    bool possible = status >= 100 && status <= 999;
    err e = graph_answer_error(possible ? (int)status : 500, &words);
    return err_ok(e) ? FAIL(GRAPH_ANSWER) : e;
}

static void batch_take_refusal(struct fetch *f, const struct json *j, int unit, i64 status)
{
    struct graph_fetch *gf = f->state;
    struct graph_batch *b = &gf->batch;
    err e = batch_refusal(j, status);
    i64 at_ms = batch_retry_at_ms(j);
    b->error[unit] = e; // if it stays so
    b->refused |= (u32)1 << unit;
    if (err_is(e, ERR_GRAPH_TOKEN)) {
        b->token = true;
        b->tries[unit]++;
    } else if (err_is(e, ERR_GRAPH_THROTTLED) || (err_class(e) == ERR_CLASS_RETRY && at_ms)) {
        b->throttled = true;
        b->retry_at_ms = at_ms > b->retry_at_ms ? at_ms : b->retry_at_ms;
    } else if (err_class(e) == ERR_CLASS_RETRY) {
        b->tries[unit]++;
    } else if (graph_error_is_gone(e) || graph_error_reach(e) == GRAPH_REACH_FOLDER) {
        graph_batch_say(f, unit, FETCH_GONE, OK);
    } else if (graph_error_reach(e) >= GRAPH_REACH_MAILBOX) {
        b->refusal = e;
        b->tries[unit] = OUTLOOK_TRIES_MAX;
    } else {
        graph_batch_say(f, unit, graph_error_is_corrupt(e) ? FETCH_CORRUPT : FETCH_UNDECIDED, e);
    }
    b->answered += b->state[unit] == GRAPH_BATCH_SAID;
}

// `item` and `doc` lie behind the place of the record: it is moved there last.
static void batch_put_document(struct fetch *f, int unit, const struct graph_item *item,
                               const struct buf *doc)
{
    struct graph_fetch *gf = f->state;
    struct graph_batch_record r = {
        .element_bytes = item->element_bytes,
        .doc_bytes = doc->n - item->from,
        .timestamp_from = item->timestamp_from - item->from,
        .timestamp_bytes = item->timestamp_bytes,
        .unit = unit,
    };
    u8 *to = f->data.p + gf->base;
    str members = str_from_index(buf_str(doc), item->from);
    ASSERT(to + sizeof r <= members.p); // what shaping needs is larger than a record
    memmove(to + sizeof r, members.p, (size_t)members.n);
    memcpy(to, &r, sizeof r);
    gf->base += (isize)sizeof r + r.doc_bytes;
    gf->batch.state[unit] = GRAPH_BATCH_READ;
    gf->batch.answered++;
}

struct batch_place {
    const struct json *j;
    int node;
    int unit; // that was asked for
};

// The item that stands there. false: `doc` was too small.
static bool batch_take_item(const struct outlook *o, struct fetch *f, struct batch_place place,
                            struct graph_item *item, struct buf *doc)
{
    struct graph_fetch *gf = f->state;
    const struct unit *u = &f->units[place.unit];
    struct graph_shape shape = graph_page_shape(o, f, u);
    switch (graph_item_put(place.j, place.node, &shape, doc, item)) {
    case GRAPH_ITEM_PUT:
        if (doc->full) {
            return false;
        }
        if (!str_eq(item->id, str_make(u->id, u->id_bytes))) {
            doc->n = item->from; // another one's: it stays unanswered
            break;
        }
        batch_put_document(f, place.unit, item, doc);
        break;
    case GRAPH_ITEM_REMOVED:
        graph_batch_say(f, place.unit, FETCH_GONE, OK);
        gf->batch.answered++;
        break;
    case GRAPH_ITEM_BAD_ID:
    case GRAPH_ITEM_NO_ITEM:
        break; // it stays unanswered
    }
    graph_page_next_element(f);
    return true;
}

bool graph_batch_take_one(const struct outlook *o, struct fetch *f, const struct json *j,
                          struct graph_item *item, struct buf *doc)
{
    struct batch_place place = {j, 0, graph_batch_first(f)};
    return batch_take_item(o, f, place, item, doc);
}

err graph_batch_body_one(struct fetch *f, str *in)
{
    struct graph_fetch *gf = f->state;
    graph_page_place(f);
    bool largest = f->data.cap >= LANE_LARGE_BYTES;
    if (in->n > buf_room(&gf->element) && !largest && !gf->cut) {
        return FAIL(LANE_TOO_SMALL);
    }
    gf->cut = gf->cut || in->n > buf_room(&gf->element);
    buf_put(&gf->element, gf->cut ? (str){0} : *in);
    f->data.n = gf->base + gf->element.n;
    *in = str_from_index(*in, in->n);
    return OK;
}

bool graph_batch_take_element(const struct outlook *o, struct fetch *f, const struct json *j,
                              struct graph_item *item, struct buf *doc)
{
    int unit = batch_unit(f, j);
    i64 status = 0;
    if (unit < 0) {
        graph_page_next_element(f);
        return true;
    }
    if (!json_i64(j, json_get(j, 0, S("status")), &status) || status < 200 || status > 299) {
        batch_take_refusal(f, j, unit, status);
        graph_page_next_element(f);
        return true;
    }
    struct batch_place place = {j, json_get(j, 0, S("body")), unit};
    return batch_take_item(o, f, place, item, doc);
}

// Beside others: it is asked for again, and will have more room.
void graph_batch_leave_element(struct fetch *f)
{
    struct graph_fetch *gf = f->state;
    u8 bytes[UNIT_ID_BYTES];
    struct buf id = buf_over(bytes, COUNT(bytes));
    bool alone = gf->base == gf->batch.from;
    if (gf->asking == GRAPH_ASKING_ONE) {
        graph_batch_say(f, graph_batch_first(f), FETCH_CORRUPT, FAIL(GRAPH_TOO_LARGE));
        graph_page_next_element(f);
        return;
    }
    bool named = graph_id_find(&id, str_make(f->data.p + gf->base, gf->pending));
    int unit = named && id.n == 1 ? bytes[0] - '0' : -1;
    if (alone && unit >= 0 && unit < f->unit_count && (gf->batch.asked >> unit & 1) &&
        gf->batch.state[unit] == GRAPH_BATCH_WANTED) {
        graph_batch_say(f, unit, FETCH_CORRUPT, FAIL(GRAPH_TOO_LARGE));
        gf->batch.answered++;
    }
    graph_page_next_element(f);
}
