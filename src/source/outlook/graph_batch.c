// SPDX-License-Identifier: Apache-2.0
// Several mails by one request (see graph_batch.h). In the lane's buffer: what the answer says
// besides its parts (GRAPH_FRONT_BYTES); the request, until it was sent; the documents, each behind
// its record; the part in hand.
//
// A request of several that fails again is halved, down to one, asked for by a plain GET; so are
// all of a mailbox whose requests of several are refused for good, as by a proxy. That request is
// an item's: what it fails by costs the item.
//
// The number of a part is that of its unit. An answer that broke off is forgotten: nothing of it
// was handed over.
#include "source/outlook/graph_batch.h"

#include <string.h>

#include "base/hash.h"
#include "codec/json_write.h"
#include "os/os.h"
#include "source/outlook/graph_batch_part.h"
#include "source/outlook/graph_item.h"
#include "source/outlook/graph_page.h"

enum {
    BATCH_NODES = 64,        // of a refusal, and of an answer without its parts
    BATCH_PART_BYTES = 1024, // of a part of the request, besides address and id
    BATCH_REQUEST_BYTES = FETCH_UNITS_MAX *
                          (3 * (ADDRESS_BYTES + 2 * UNIT_ID_BYTES) + BATCH_PART_BYTES),
    BATCH_PAUSE_MS = 1000, // after an answer that lacked something; doubles
    BATCH_ROOM_MIN = 2 * BATCH_REQUEST_BYTES,
};

_Static_assert(FETCH_UNITS_MAX <= 10, "a part's number has one digit");
_Static_assert(GRAPH_FRONT_BYTES + BATCH_ROOM_MIN <= LANE_BYTES, "the request fits");

static void batch_give_up(struct fetch *f, err e)
{
    struct graph_fetch *gf = f->state;
    for (int i = 0; i < f->unit_count; i++) {
        if (gf->batch.state[i] == GRAPH_BATCH_WANTED) {
            graph_batch_say(f, i, FETCH_UNDECIDED, e);
        }
    }
}

// What an answer that was not whole has said.
static void batch_forget(struct fetch *f)
{
    struct graph_fetch *gf = f->state;
    bool asking = gf->asking == GRAPH_ASKING_BATCH || gf->asking == GRAPH_ASKING_ONE;
    for (int i = 0; i < f->unit_count && asking; i++) {
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
    struct graph_batch_record r;
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
    const struct graph_box *box = f->mailbox->state;
    int most = box->no_batch ? 1 : b->most ? b->most : f->unit_count, count = 0;
    b->asked = 0;
    for (int i = 0; i < f->unit_count && count < most; i++) {
        if (b->state[i] == GRAPH_BATCH_WANTED) {
            b->asked |= (u32)1 << i;
            count++;
        }
    }
    return count;
}

static void batch_put_target(const struct outlook *o, const struct fetch *f, int unit,
                             struct buf *target)
{
    const struct unit *u = &f->units[unit];
    u8 bytes[UNIT_ID_BYTES];
    struct buf rest = buf_over(bytes, COUNT(bytes));
    bool is_id = graph_id_put_rest(&rest, str_make(u->id, u->id_bytes));
    ASSERT(is_id); // a page has listed it
    graph_sets_put_element(f->mailbox, u->folder, buf_str(&rest), target);
    buf_put(target, S("?$select="));
    buf_put(target, graph_item_select((enum ews_kind)u->kind, o->settings.extended));
}

static str batch_prefer(const struct fetch *f)
{
    return f->units[0].kind == EWS_KIND_TASK ? S("outlook.body-content-type=\"text\"")
                                             : S("outlook.body-content-type=\"html\"");
}

static void batch_put_part(const struct outlook *o, const struct fetch *f, int unit,
                           struct json_write *w)
{
    u8 digit = (u8)('0' + unit);
    json_write_object(w);
    json_write_member(w, S("id"), str_make(&digit, 1));
    json_write_member(w, S("method"), S("GET"));
    json_write_key(w, S("url"));
    json_write_string_begin(w);
    batch_put_target(o, f, unit, w->b);
    json_write_string_end(w);
    json_write_key(w, S("headers"));
    json_write_object(w);
    json_write_member(w, S("Prefer"), batch_prefer(f));
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

static void batch_ask_one(struct outlook *o, struct fetch *f, i64 now_ms, struct exchange *x)
{
    struct graph_fetch *gf = f->state;
    int unit = graph_batch_first(f);
    gf->asking = GRAPH_ASKING_ONE;
    batch_put_target(o, f, unit, &x->target);
    graph_call_ask(o, &gf->call, batch_prefer(f), now_ms, x);
    x->about = hash_siphash(o->hosts, str_make(f->units[unit].id, f->units[unit].id_bytes));
}

static void batch_ask_several(struct outlook *o, struct fetch *f, int count, i64 now_ms,
                              struct exchange *x)
{
    struct graph_fetch *gf = f->state;
    str body = batch_put_request(o, f);
    gf->base = GRAPH_FRONT_BYTES + body.n;
    f->data.n = gf->base;
    graph_page_place(f);
    json_stream_init(&gf->stream, (struct json_stream_target){.elements_of = S("responses")},
                     &gf->rest, &gf->element);
    gf->asking = GRAPH_ASKING_BATCH;
    buf_put(&x->target, S("/$batch"));
    graph_call_ask(o, &gf->call, (str){0}, now_ms, x);
    graph_call_count(&gf->call, count);
    x->method = S("POST");
    x->body = body;
    x->about = hash_siphash(o->hosts, body);
    exchange_header(x, S("Content-Type"), S("application/json"));
}

static void batch_ask(struct outlook *o, struct fetch *f, int count, i64 now_ms, struct exchange *x)
{
    struct graph_fetch *gf = f->state;
    struct graph_batch *b = &gf->batch;
    ASSERT(f->data.cap >= GRAPH_FRONT_BYTES + BATCH_ROOM_MIN);
    const struct graph_box *box = f->mailbox->state;
    graph_page_begin(f);
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
    if (count == 1 && (b->most == 1 || box->no_batch)) {
        batch_ask_one(o, f, now_ms, x);
    } else {
        batch_ask_several(o, f, count, now_ms, x);
    }
    b->from = gf->base;
}

static void batch_begin(struct fetch *f)
{
    for (int i = 0; i < f->unit_count; i++) {
        if (f->units[i].intact) {
            graph_batch_say(f, i, FETCH_UNCHANGED, OK);
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
            graph_mailbox_refuse(o, f->mailbox, o->run.token_error, &x->detail);
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
            graph_batch_say(f, i, FETCH_UNDECIDED,
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

// The next request is for fewer, when what was asked for is too much, or there is something about
// it that fails for long; in the end for one, by itself.
static void batch_halve(struct fetch *f, bool too_much)
{
    struct graph_fetch *gf = f->state;
    struct graph_batch *b = &gf->batch;
    int count = 0;
    for (int i = 0; i < f->unit_count; i++) {
        count += (b->asked >> i & 1) != 0;
    }
    if (b->failures++ || too_much) {
        b->most = count > 1 ? count / 2 : 1;
    }
}

// One that was asked for alone. OK: it is dealt with.
static err batch_refused_one(struct fetch *f, err e)
{
    struct graph_fetch *gf = f->state;
    struct graph_box *box = f->mailbox->state;
    int unit = graph_batch_first(f);
    bool closed = graph_error_reach(e) >= GRAPH_REACH_MAILBOX &&
                  (graph_error_reach(e) != GRAPH_REACH_SOME || ++box->denied >= OUTLOOK_SOME_MAX);
    if (err_class(e) == ERR_CLASS_RETRY || closed) {
        return e;
    }
    gf->asking = GRAPH_ASKING_NOTHING; // next() has nothing to forget
    if (graph_error_is_gone(e) || graph_error_reach(e) == GRAPH_REACH_FOLDER) {
        graph_batch_say(f, unit, FETCH_GONE, OK);
    } else {
        graph_batch_say(f, unit, graph_error_is_corrupt(e) ? FETCH_CORRUPT : FETCH_UNDECIDED, e);
    }
    return OK;
}

static err batch_refused(struct fetch *f, err e)
{
    struct graph_fetch *gf = f->state;
    struct graph_batch *b = &gf->batch;
    struct graph_box *box = f->mailbox->state;
    bool handed = false;
    for (int i = 0; i < f->unit_count; i++) {
        handed = handed || b->state[i] == GRAPH_BATCH_OVER;
    }
    if (gf->call.throttled && !handed && gf->call.pace->rounds <= GRAPH_ROUNDS_MAX) {
        return OK; // next() gives them back
    }
    if (gf->asking == GRAPH_ASKING_ONE) {
        return batch_refused_one(f, e);
    }
    batch_halve(f, err_is(e, ERR_GRAPH_TIMEOUT));
    bool said = gf->call.is_graphs && graph_error_reach(e) >= GRAPH_REACH_MAILBOX;
    if (err_class(e) == ERR_CLASS_RETRY || said || graph_error_reach(e) == GRAPH_REACH_TENANT) {
        return e;
    }
    box->no_batch = true; // by something on the way, or by Graph: not a word about the items
    return OK;
}

static err batch_end_one(struct outlook *o, struct fetch *f)
{
    struct graph_fetch *gf = f->state;
    struct graph_box *box = f->mailbox->state;
    int unit = graph_batch_first(f);
    gf->pending = gf->element.n;
    graph_page_place(f);
    TRY(graph_page_rest(o, f));
    if (gf->batch.state[unit] == GRAPH_BATCH_WANTED) {
        return FAIL(GRAPH_ANSWER);
    }
    box->denied = 0;
    o->run.answers++;
    gf->asking = GRAPH_ASKING_NOTHING;
    gf->whole = true;
    gf->at = gf->batch.from;
    return OK;
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
    if (gf->asking == GRAPH_ASKING_ONE) {
        return batch_end_one(o, f);
    }
    graph_page_place(f);
    TRY(graph_page_rest(o, f));
    if (gf->broken || !gf->stream.ended ||
        !err_ok(json_parse(&j, buf_str(&gf->rest), nodes, BATCH_NODES)) ||
        json_type(&j, json_get(&j, 0, S("responses"))) != JSON_ARRAY) {
        batch_halve(f, false);
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
    bool one = gf->asking == GRAPH_ASKING_ONE && !outlook_token_is_asking(o, f) &&
               graph_error_reach(e) < GRAPH_REACH_MAILBOX;
    int unit = graph_batch_first(f);
    graph_call_stop(o, &gf->call, f);
    batch_forget(f);
    gf->whole = false;
    if (one) {
        graph_batch_say(f, unit, FETCH_UNDECIDED, e);
        return;
    }
    batch_give_up(f, OK);
    graph_mailbox_refuse(o, f->mailbox, e, &x->detail);
}
