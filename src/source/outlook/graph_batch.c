// SPDX-License-Identifier: Apache-2.0
// Several mails by one request (see graph_batch.h). In the lane's buffer: what the answer says
// besides its parts (GRAPH_FRONT_BYTES); the request, until it was sent; the documents, each behind
// its record; the part in hand.
//
// The number of a part is that of its unit. An answer that broke off is forgotten: nothing of it
// was handed over.
#include "source/outlook/graph_batch.h"

#include <string.h>

#include "base/hash.h"
#include "codec/json_write.h"
#include "os/os.h"
#include "source/outlook/graph_fetch.h"
#include "source/outlook/graph_item.h"
#include "source/outlook/graph_page.h"

enum {
    BATCH_NODES = 64,        // of a refusal, and of an answer without its parts
    BATCH_PART_BYTES = 1024, // of a part of the request, besides address and id
    BATCH_REQUEST_BYTES = FETCH_UNITS_MAX *
                          (3 * (ADDRESS_BYTES + UNIT_ID_BYTES) + BATCH_PART_BYTES),
    BATCH_PAUSE_MS = 1000, // after an answer that lacked something; doubles
    BATCH_ROOM_MIN = 2 * BATCH_REQUEST_BYTES,
};

_Static_assert(FETCH_UNITS_MAX <= 10, "a part's number has one digit");
_Static_assert(GRAPH_FRONT_BYTES + BATCH_ROOM_MIN <= LANE_BYTES, "the request fits");

// Before its document.
struct batch_record {
    i64 element_bytes;
    isize doc_bytes, timestamp_from, timestamp_bytes;
    int unit;
};

_Static_assert(sizeof(struct graph_item) >= sizeof(struct batch_record), "the record's room");

static void batch_say(struct fetch *f, int unit, enum fetch_verdict verdict, err e)
{
    struct graph_fetch *gf = f->state;
    struct graph_batch *b = &gf->batch;
    b->state[unit] = GRAPH_BATCH_SAID;
    b->verdict[unit] = (u8)verdict;
    b->error[unit] = e;
}

static void batch_give_up(struct fetch *f, err e)
{
    struct graph_fetch *gf = f->state;
    for (int i = 0; i < f->unit_count; i++) {
        if (gf->batch.state[i] == GRAPH_BATCH_WANTED) {
            batch_say(f, i, FETCH_UNDECIDED, e);
        }
    }
}

// What an answer that was not whole has said.
static void batch_forget(struct fetch *f)
{
    struct graph_fetch *gf = f->state;
    for (int i = 0; i < f->unit_count && gf->asking == GRAPH_ASKING_BATCH; i++) {
        if (gf->batch.asked >> i & 1) {
            gf->batch.state[i] = GRAPH_BATCH_WANTED;
        }
    }
    gf->asking = GRAPH_ASKING_NOTHING;
}

// ---- handing over

static bool batch_hand_over(struct outlook *o, struct fetch *f, int unit)
{
    struct graph_fetch *gf = f->state;
    struct graph_batch *b = &gf->batch;
    b->state[unit] = GRAPH_BATCH_OVER;
    f->decides = unit;
    f->more = false;
    for (int i = 0; i < f->unit_count; i++) {
        f->more = f->more || b->state[i] != GRAPH_BATCH_OVER;
    }
    if (!f->more) {
        graph_call_stop(o, &gf->call, f);
    }
    return true;
}

static bool batch_hand_over_document(struct outlook *o, struct fetch *f)
{
    struct graph_fetch *gf = f->state;
    struct batch_record r;
    if (!gf->whole || gf->at >= gf->base) {
        return false;
    }
    u8 *p = f->data.p + gf->at;
    memcpy(&r, p, sizeof r);
    gf->at += (isize)sizeof r + r.doc_bytes;
    // Its tail goes where its own end was, not over the next record.
    u8 *doc = p + sizeof r - FETCH_DOC_TAIL;
    memmove(doc, doc + FETCH_DOC_TAIL, (size_t)r.doc_bytes);
    f->doc = (struct buf){.p = doc, .n = r.doc_bytes, .cap = r.doc_bytes};
    f->timestamp = str_make(doc + r.timestamp_from, r.timestamp_bytes);
    f->message_bytes = r.element_bytes;
    f->verdict = FETCH_DOCUMENT;
    return batch_hand_over(o, f, r.unit);
}

// The next result; false: there is none yet.
static bool batch_hand_over_next(struct outlook *o, struct fetch *f)
{
    struct graph_fetch *gf = f->state;
    if (batch_hand_over_document(o, f)) {
        return true;
    }
    for (int i = 0; i < f->unit_count; i++) {
        if (gf->batch.state[i] == GRAPH_BATCH_SAID) {
            f->verdict = (enum fetch_verdict)gf->batch.verdict[i];
            f->error = gf->batch.error[i];
            return batch_hand_over(o, f, i);
        }
    }
    return false;
}

// ---- asking

// Units that nothing was tried with yet go back, where there is room for them besides what may have
// come into the queue meanwhile.
static enum step batch_wait(struct fetch *f)
{
    const struct graph_fetch *gf = f->state;
    int bytes = GRAPH_RETURNED_BYTES;
    bool fresh = true;
    for (int i = 0; i < f->unit_count; i++) {
        const struct unit *u = &f->units[i];
        fresh = fresh && gf->batch.state[i] == GRAPH_BATCH_WANTED && !gf->batch.tries[i];
        bytes += UNIT_HEAD_BYTES + u->id_bytes + u->timestamp_bytes;
    }
    f->give_back = fresh && unit_queue_has_room(&f->mailbox->queue, 1, bytes);
    return STEP_WAIT;
}

static int batch_choose(struct fetch *f)
{
    struct graph_fetch *gf = f->state;
    struct graph_batch *b = &gf->batch;
    int most = b->most ? b->most : f->unit_count, count = 0;
    b->asked = 0;
    for (int i = 0; i < f->unit_count && count < most; i++) {
        if (b->state[i] == GRAPH_BATCH_WANTED) {
            b->asked |= (u32)1 << i;
            count++;
        }
    }
    return count;
}

static void batch_put_part(const struct outlook *o, const struct fetch *f, int unit,
                           struct json_write *w)
{
    u8 digit = (u8)('0' + unit), bytes[UNIT_ID_BYTES];
    struct buf rest = buf_over(bytes, COUNT(bytes));
    bool is_id = graph_id_put_rest(&rest, str_make(f->units[unit].id, f->units[unit].id_bytes));
    ASSERT(is_id); // a page has listed it
    json_write_object(w);
    json_write_member(w, S("id"), str_make(&digit, 1));
    json_write_member(w, S("method"), S("GET"));
    json_write_key(w, S("url"));
    json_write_string_begin(w);
    graph_put_user(w->b, f->mailbox);
    buf_put(w->b, S("/messages/"));
    url_put_encoded(w->b, buf_str(&rest));
    buf_put(w->b, S("?$select="));
    buf_put(w->b, graph_item_select(EWS_KIND_MAIL, o->settings.extended));
    json_write_string_end(w);
    json_write_key(w, S("headers"));
    json_write_object(w);
    json_write_member(w, S("Prefer"), S("outlook.body-content-type=\"html\""));
    json_write_object_end(w);
    json_write_object_end(w);
}

// In the buffer, behind the front; the documents come behind it.
static str batch_put_request(const struct outlook *o, struct fetch *f)
{
    struct graph_fetch *gf = f->state;
    struct buf body = buf_over(f->data.p + GRAPH_FRONT_BYTES, BATCH_REQUEST_BYTES);
    struct json_write w = json_write_to(&body);
    json_write_object(&w);
    json_write_key(&w, S("requests"));
    json_write_array(&w);
    for (int i = 0; i < f->unit_count; i++) {
        if (gf->batch.asked >> i & 1) {
            batch_put_part(o, f, i, &w);
        }
    }
    json_write_array_end(&w);
    json_write_object_end(&w);
    ASSERT(!body.full);
    return buf_str(&body);
}

static void batch_ask(struct outlook *o, struct fetch *f, int count, i64 now_ms, struct exchange *x)
{
    struct graph_fetch *gf = f->state;
    struct graph_batch *b = &gf->batch;
    ASSERT(f->data.cap >= GRAPH_FRONT_BYTES + BATCH_ROOM_MIN);
    graph_page_begin(f);
    str body = batch_put_request(o, f);
    gf->base = b->from = GRAPH_FRONT_BYTES + body.n;
    f->data.n = gf->base;
    graph_page_place(f);
    json_stream_init(&gf->stream, (struct json_stream_target){.elements_of = S("responses")},
                     &gf->rest, &gf->element);
    gf->asking = GRAPH_ASKING_BATCH;
    gf->whole = false;
    b->answered = 0;
    b->refused = 0;
    b->token = b->throttled = false;
    b->retry_at_ms = 0;
    b->refusal = OK;
    b->rounds = gf->call.pace->rounds;
    b->refusals = gf->call.pace->refusals;
    for (int i = 0; i < f->unit_count; i++) {
        b->error[i] = b->asked >> i & 1 ? OK : b->error[i]; // it may not be answered this time
    }
    buf_put(&x->target, S("/$batch"));
    graph_call_ask(o, &gf->call, (str){0}, now_ms, x);
    graph_call_count(&gf->call, count);
    x->method = S("POST");
    x->body = body;
    x->about = hash_siphash(o->hosts, body);
    exchange_header(x, S("Content-Type"), S("application/json"));
}

static void batch_begin(struct fetch *f)
{
    for (int i = 0; i < f->unit_count; i++) {
        if (f->units[i].intact) {
            batch_say(f, i, FETCH_UNCHANGED, OK);
        }
    }
}

enum step graph_batch_next(struct outlook *o, struct fetch *f, i64 now_ms, struct exchange *x)
{
    struct graph_fetch *gf = f->state;
    struct graph_box *box = f->mailbox->state;
    f->give_back = false;
    if (!gf->listed) {
        batch_begin(f);
        gf->listed = true;
    }
    batch_forget(f);
    if (batch_hand_over_next(o, f)) {
        return STEP_DONE;
    }
    if (!outlook_mailbox_is_readable(f->mailbox)) {
        batch_give_up(f, OK); // the mailbox says why
        return batch_hand_over_next(o, f) ? STEP_DONE : STEP_FAILED;
    }
    if (gf->batch.wait_until_ms > now_ms) {
        x->wait_until_ms = gf->batch.wait_until_ms;
        return batch_wait(f);
    }
    gf->call.pace = &box->pace;
    enum step step = graph_call_turn(o, &gf->call, f, now_ms, x);
    if (step != STEP_DONE) {
        if (step == STEP_FAILED) {
            graph_mailbox_refuse(o, f->mailbox, FAIL(ENTRA_TOKEN_FILE), &x->detail);
            batch_give_up(f, OK);
            return batch_hand_over_next(o, f) ? STEP_DONE : STEP_FAILED;
        }
        return step == STEP_WAIT ? batch_wait(f) : step;
    }
    int count = batch_choose(f);
    count = count < GRAPH_IN_FLIGHT ? count : GRAPH_IN_FLIGHT;
    if (box->pace.in_flight + count > GRAPH_IN_FLIGHT) {
        return batch_wait(f);
    }
    batch_ask(o, f, count, now_ms, x);
    return STEP_REQUEST;
}

// ---- a part

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
    struct json_node nodes[BATCH_NODES];
    struct json body;
    struct graph_words words = {0};
    int node = json_get(j, 0, S("body"));
    if (json_type(j, node) == JSON_OBJECT &&
        err_ok(json_parse(&body, json_raw(j, node), nodes, BATCH_NODES))) {
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
        batch_say(f, unit, FETCH_GONE, OK);
    } else if (graph_error_reach(e) >= GRAPH_REACH_MAILBOX) {
        b->refusal = e;
        b->tries[unit] = OUTLOOK_TRIES_MAX;
    } else {
        batch_say(f, unit, graph_error_is_corrupt(e) ? FETCH_CORRUPT : FETCH_UNDECIDED, e);
    }
    b->answered += b->state[unit] == GRAPH_BATCH_SAID;
}

// `item` and `doc` lie behind the place of the record: it is moved there last.
static void batch_put_document(struct fetch *f, int unit, const struct graph_item *item,
                               const struct buf *doc)
{
    struct graph_fetch *gf = f->state;
    struct batch_record r = {
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

bool graph_batch_take_element(const struct outlook *o, struct fetch *f, const struct json *j,
                              struct graph_item *item, struct buf *doc)
{
    struct graph_fetch *gf = f->state;
    int unit = batch_unit(f, j);
    i64 status = 0;
    if (unit < 0) {
        graph_page_next_element(f);
        return true;
    }
    const struct unit *u = &f->units[unit];
    if (!json_i64(j, json_get(j, 0, S("status")), &status) || status < 200 || status > 299) {
        batch_take_refusal(f, j, unit, status);
        graph_page_next_element(f);
        return true;
    }
    struct graph_shape shape = graph_page_shape(o, f, u);
    switch (graph_item_put(j, json_get(j, 0, S("body")), &shape, doc, item)) {
    case GRAPH_ITEM_PUT:
        if (doc->full) {
            return false;
        }
        if (!str_eq(item->id, str_make(u->id, u->id_bytes))) {
            doc->n = item->from; // another one's: it stays unanswered
            break;
        }
        batch_put_document(f, unit, item, doc);
        break;
    case GRAPH_ITEM_REMOVED:
        batch_say(f, unit, FETCH_GONE, OK);
        gf->batch.answered++;
        break;
    case GRAPH_ITEM_BAD_ID:
    case GRAPH_ITEM_NO_ITEM:
        break; // it stays unanswered
    }
    graph_page_next_element(f);
    return true;
}

// Beside others: it is asked for again, and will have more room.
void graph_batch_leave_element(struct fetch *f)
{
    struct graph_fetch *gf = f->state;
    u8 bytes[UNIT_ID_BYTES];
    struct buf id = buf_over(bytes, COUNT(bytes));
    bool alone = gf->base == gf->batch.from;
    bool named = graph_id_find(&id, str_make(f->data.p + gf->base, gf->pending));
    int unit = named && id.n == 1 ? bytes[0] - '0' : -1;
    if (alone && unit >= 0 && unit < f->unit_count && (gf->batch.asked >> unit & 1) &&
        gf->batch.state[unit] == GRAPH_BATCH_WANTED) {
        batch_say(f, unit, FETCH_CORRUPT, FAIL(GRAPH_TOO_LARGE));
        gf->batch.answered++;
    }
    graph_page_next_element(f);
}

// ---- the end of the answer

// What was not answered, and has no excuse.
static void batch_count_tries(struct fetch *f)
{
    struct graph_fetch *gf = f->state;
    struct graph_batch *b = &gf->batch;
    for (int i = 0; i < f->unit_count; i++) {
        if (!(b->asked >> i & 1) || b->state[i] != GRAPH_BATCH_WANTED) {
            continue;
        }
        if (b->answered == 0 && !b->throttled && !(b->refused >> i & 1)) {
            b->tries[i]++;
        }
        if (b->tries[i] >= OUTLOOK_TRIES_MAX) {
            batch_say(f, i, FETCH_UNDECIDED,
                      err_ok(b->error[i]) ? FAIL(GRAPH_ANSWER) : b->error[i]);
        }
    }
}

// Whether what was refused is the mailbox: all that was asked for; when that was one, several in a
// row.
static bool batch_is_refused(struct fetch *f)
{
    struct graph_fetch *gf = f->state;
    struct graph_box *box = f->mailbox->state;
    const struct graph_batch *b = &gf->batch;
    box->denied = b->answered ? 0 : box->denied;
    if (err_ok(b->refusal) || b->answered) {
        return false;
    }
    bool one = !(b->asked & (b->asked - 1));
    return !one || graph_error_reach(b->refusal) != GRAPH_REACH_SOME ||
           ++box->denied >= OUTLOOK_SOME_MAX;
}

static err batch_end_parts(struct outlook *o, struct fetch *f, struct exchange *x)
{
    struct graph_fetch *gf = f->state;
    struct graph_batch *b = &gf->batch;
    struct graph_pace *pace = gf->call.pace;
    buf_put(&x->detail, S("in a batch"));
    if (batch_is_refused(f)) {
        graph_mailbox_refuse(o, f->mailbox, b->refusal, &x->detail);
        return OK; // next() gives up
    }
    if (b->token && b->answered == 0) {
        pace->refusals = b->refusals; // that the batch itself was answered says nothing
        TRY(graph_call_refuse(o, &gf->call));
    }
    if (b->throttled) {
        pace->rounds = b->answered ? 0 : b->rounds;
        gf->call.status = 429;
        gf->call.retry_at_ms = b->retry_at_ms;
        err e = graph_call_judge(&gf->call, FAIL(GRAPH_THROTTLED), x);
        if (b->answered == 0 && pace->rounds > GRAPH_ROUNDS_MAX) {
            return e;
        }
        x->retry_at_ms = 0;
    }
    batch_count_tries(f);
    int tries = 0;
    for (int i = 0; i < f->unit_count; i++) {
        bool again = b->state[i] == GRAPH_BATCH_WANTED;
        tries = again && b->tries[i] > tries ? b->tries[i] : tries;
    }
    b->wait_until_ms = tries ? os_mono_ms() + (BATCH_PAUSE_MS << (tries - 1)) : 0;
    o->run.answers += b->answered > 0;
    return OK;
}

static err batch_refused(struct fetch *f, err e)
{
    struct graph_fetch *gf = f->state;
    struct graph_batch *b = &gf->batch;
    bool handed = false;
    int count = 0;
    for (int i = 0; i < f->unit_count; i++) {
        handed = handed || b->state[i] == GRAPH_BATCH_OVER;
        count += (b->asked >> i & 1) != 0;
    }
    if (gf->call.throttled && !handed && gf->call.pace->rounds <= GRAPH_ROUNDS_MAX) {
        return OK; // next() gives them back
    }
    if (err_is(e, ERR_GRAPH_TIMEOUT)) {
        b->most = count > 1 ? count / 2 : 1;
    }
    return e;
}

err graph_batch_end(struct outlook *o, struct fetch *f, struct exchange *x)
{
    struct graph_fetch *gf = f->state;
    struct json_node nodes[BATCH_NODES];
    struct json j;
    bool token = outlook_token_is_asking(o, f);
    gf->rest.p = f->data.p;
    err e = graph_call_end(o, &gf->call, f, buf_str(&gf->rest), x);
    if (!err_ok(e) || gf->call.outcome == GRAPH_AGAIN) {
        return err_ok(e) || token ? e : batch_refused(f, e);
    }
    graph_page_place(f);
    TRY(graph_page_rest(o, f));
    if (gf->broken || !gf->stream.ended ||
        !err_ok(json_parse(&j, buf_str(&gf->rest), nodes, BATCH_NODES)) ||
        json_type(&j, json_get(&j, 0, S("responses"))) != JSON_ARRAY) {
        return FAIL(GRAPH_ANSWER);
    }
    TRY(batch_end_parts(o, f, x));
    gf->asking = GRAPH_ASKING_NOTHING;
    gf->whole = true;
    gf->at = gf->batch.from;
    return OK;
}

void graph_batch_fail(struct outlook *o, struct fetch *f, struct exchange *x, err e)
{
    struct graph_fetch *gf = f->state;
    graph_call_stop(o, &gf->call, f);
    batch_forget(f);
    gf->whole = false;
    batch_give_up(f, OK);
    graph_mailbox_refuse(o, f->mailbox, e, &x->detail);
}
