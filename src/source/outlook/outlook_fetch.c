// SPDX-License-Identifier: Apache-2.0
// The life of a batch (see outlook_fetch.h): ask for items, hand their results over one by one,
// then their attachments; then ask for those that have no result yet. Nothing is handed over before
// its answer was whole: one that broke off leaves nothing behind, and all of it is asked for again.
// An item that Exchange left out of an answer is asked for again, OUTLOOK_TRIES_MAX times; one that
// it cannot read, once more without body and attachments.
#include "source/outlook/outlook_fetch.h"

#include <string.h>

#include "source/outlook/outlook_attachment.h"
#include "source/outlook/outlook_batch.h"
#include "source/outlook/outlook_items.h"
#include "source/outlook/outlook_listing.h"

_Static_assert(LANE_BYTES > FETCH_DOC_OFFSET + FETCH_DOC_TAIL + OUTLOOK_ITEM_ROOM + KIB(1),
               "the smallest buffer holds an empty document");

static bool fetch_is_largest(const struct fetch *f)
{
    return f->data.cap >= LANE_LARGE_BYTES;
}

// ---- what there is to do

static int fetch_find(const struct fetch *f, enum outlook_unit_state state)
{
    const struct outlook_fetch *of = f->state;
    for (int i = 0; i < f->unit_count; i++) {
        if (of->state[i] == state) {
            return i;
        }
    }
    return -1;
}

static bool fetch_has_rest(const struct outlook_fetch *of)
{
    return of->rest_unit >= 0 || of->parts.over_unit >= 0;
}

static bool fetch_has_more(const struct fetch *f)
{
    const struct outlook_fetch *of = f->state;
    struct outlook_part part;
    return fetch_find(f, OUTLOOK_UNIT_READY) >= 0 || fetch_find(f, OUTLOOK_UNIT_TO_ASK) >= 0 ||
           fetch_find(f, OUTLOOK_UNIT_PLAIN) >= 0 || outlook_parts_first(&of->parts, &part) ||
           fetch_has_rest(of) || of->rest_failed;
}

static void fetch_hand_over(struct fetch *f, int unit)
{
    struct outlook_fetch *of = f->state;
    const struct outlook_result *r = &of->results[unit];
    of->state[unit] = OUTLOOK_UNIT_HANDED;
    f->decides = unit;
    f->verdict = r->verdict;
    f->error = r->error;
    f->message_bytes = r->bytes;
    if (r->verdict == FETCH_DOCUMENT && r->bytes) {
        f->doc = (struct buf){.p = f->data.p + r->from, .n = r->bytes, .cap = r->bytes};
        f->timestamp = str_make(f->data.p + r->timestamp_from, r->timestamp_bytes);
    }
    f->more = fetch_has_more(f);
}

// ---- asking for items

static void fetch_reset(struct fetch *f)
{
    struct outlook_fetch *of = f->state;
    buf_reset(&f->data);
    f->data.n = FETCH_DOC_OFFSET;
    of->asked_count = 0;
    of->shaping = of->same = of->is_too_large = of->again = false;
    of->message = -1;
    of->error = of->passing = of->refusal = OK;
    of->refused = 0;
}

// No reader is free: what is in the buffer was handed over, and others may need the room.
static enum step fetch_wait(struct fetch *f)
{
    fetch_reset(f);
    return STEP_WAIT;
}

static str fetch_unit_id(const struct fetch *f, int unit)
{
    return str_make(f->units[unit].id, f->units[unit].id_bytes);
}

// `about`: the first thing that is asked for.
static bool fetch_ask(struct outlook *o, struct fetch *f, str about, struct exchange *x)
{
    struct outlook_fetch *of = f->state;
    str mailbox = str_make(f->mailbox->address, f->mailbox->address_bytes);
    x->about = hash_siphash(o->hosts, about);
    return outlook_call_ask(o, &of->call, mailbox, x);
}

static struct ews_call fetch_begin(struct outlook *o, struct fetch *f)
{
    struct outlook_fetch *of = f->state;
    str mailbox = str_make(f->mailbox->address, f->mailbox->address_bytes);
    of->in_hand = true;
    return outlook_call_begin(o, &of->call, mailbox);
}

// All that are to be asked for in the same shape as the first.
static void fetch_ask_items(struct outlook *o, struct fetch *f, struct exchange *x)
{
    struct outlook_fetch *of = f->state;
    int first = fetch_find(f, OUTLOOK_UNIT_TO_ASK);
    bool plain = first < 0;
    first = plain ? fetch_find(f, OUTLOOK_UNIT_PLAIN) : first;
    bool intact = f->units[first].intact;
    fetch_reset(f);
    outlook_parts_start(&of->parts);
    of->asking = OUTLOOK_ASKING_ITEMS;
    of->together = 0;
    of->plain = plain;
    struct ews_call c = fetch_begin(o, f);
    struct buf *b = &outlook_call_reader(o, &of->call)->request;
    ews_put_get_items(b, &c, outlook_items_kind(f),
                      plain    ? EWS_SHAPE_PLAIN
                      : intact ? EWS_SHAPE_ATTACHMENTS
                               : EWS_SHAPE_ALL);
    int most = outlook_batch_most(f);
    for (int i = first; i < f->unit_count && of->asked_count < most; i++) {
        if (of->state[i] == of->state[first] && f->units[i].intact == intact) {
            ews_put_item_id(b, fetch_unit_id(f, i));
            of->asked[of->asked_count++] = i;
        }
    }
    ews_put_get_items_end(b);
    bool fits = fetch_ask(o, f, fetch_unit_id(f, first), x);
    ASSERT(fits); // EWS_REQUEST_BYTES
}

static void fetch_ask_rest(struct outlook *o, struct fetch *f, struct exchange *x)
{
    struct outlook_fetch *of = f->state;
    if (of->parts.over_unit >= 0) {
        of->rest_unit = of->parts.over_unit;
        of->rest_from = of->parts.over_from;
    }
    fetch_reset(f);
    outlook_parts_start(&of->parts);
    of->asking = OUTLOOK_ASKING_REST;
    struct ews_call c = fetch_begin(o, f);
    struct buf *b = &outlook_call_reader(o, &of->call)->request;
    ews_put_get_items(b, &c, outlook_items_kind(f), EWS_SHAPE_ATTACHMENTS);
    ews_put_item_id(b, fetch_unit_id(f, of->rest_unit));
    ews_put_get_items_end(b);
    of->asked[of->asked_count++] = of->rest_unit;
    bool fits = fetch_ask(o, f, fetch_unit_id(f, of->rest_unit), x);
    ASSERT(fits);
}

static void fetch_ask_content(struct outlook *o, struct fetch *f, const struct outlook_part *part,
                              struct exchange *x)
{
    struct outlook_fetch *of = f->state;
    fetch_reset(f);
    of->asking = OUTLOOK_ASKING_CONTENT;
    of->part_error = OK;
    outlook_attachment_begin(f, part, outlook_items_kind(f), outlook_items_owner(o, f));
    of->extract.wanted = o->run.extract;
    struct ews_call c = fetch_begin(o, f);
    ews_put_get_attachment(&outlook_call_reader(o, &of->call)->request, &c, part->id);
    bool fits = fetch_ask(o, f, part->id, x);
    ASSERT(fits);
    x->answer_bytes = EXCHANGE_FILE_BYTES;
}

// ---- attachments

static void fetch_hand_over_part(struct fetch *f, const struct outlook_part *part,
                                 enum fetch_verdict verdict, err e)
{
    struct outlook_fetch *of = f->state;
    memcpy(of->id, part->id.p, (size_t)part->id.n); // the queue moves on
    f->decides = -1;
    f->id = str_make(of->id, part->id.n);
    f->verdict = verdict;
    f->error = e;
    outlook_parts_next(&of->parts);
    of->part_ready = of->extract.ready = false;
    f->more = fetch_has_more(f);
}

// The text of the content that is there; or not, when the service took too long for it.
static enum step fetch_ask_text(struct outlook *o, struct fetch *f, const struct outlook_part *part,
                                i64 now_ms, struct exchange *x)
{
    struct outlook_fetch *of = f->state;
    of->asking = OUTLOOK_ASKING_TEXT;
    x->about = hash_siphash(o->hosts, part->id);
    err e = outlook_extract_ask(o, &of->extract, &f->data, now_ms, x);
    if (err_ok(e)) {
        return STEP_REQUEST;
    }
    outlook_attachment_finish(f);
    fetch_hand_over_part(f, part, FETCH_DOCUMENT, e);
    return STEP_DONE;
}

// The first of the queue: its document, or the question for its content.
static enum step fetch_part(struct outlook *o, struct fetch *f, const struct outlook_part *part,
                            i64 now_ms, struct exchange *x)
{
    struct outlook_fetch *of = f->state;
    if (of->part_ready) {
        outlook_extract_release(o, &of->extract); // its mailbox was closed between two attempts
        if (of->part_verdict == FETCH_DOCUMENT) {
            outlook_attachment_finish(f);
        }
        fetch_hand_over_part(f, part, of->part_verdict, of->part_error);
        return STEP_DONE;
    }
    if (of->extract.ready) {
        return fetch_ask_text(o, f, part, now_ms, x);
    }
    if (f->is_unchanged && f->is_unchanged(f->is_unchanged_st, part->id, part->timestamp)) {
        fetch_hand_over_part(f, part, FETCH_UNCHANGED, OK);
        return STEP_DONE;
    }
    i64 max_bytes = o->run.extract ? INT64_MAX : o->settings.max_file_bytes;
    if (o->run.content && outlook_attachment_has_content(part, max_bytes)) {
        if (!outlook_call_take(o, &of->call, now_ms, x)) {
            return fetch_wait(f);
        }
        fetch_ask_content(o, f, part, x);
        return STEP_REQUEST;
    }
    fetch_reset(f);
    outlook_attachment_begin(f, part, outlook_items_kind(f), outlook_items_owner(o, f));
    outlook_attachment_finish(f);
    fetch_hand_over_part(f, part, FETCH_DOCUMENT, OK);
    return STEP_DONE;
}

// The end of a batch; or attachments that could not be listed, under the name of their item.
static void fetch_hand_over_nothing(struct fetch *f, bool lost)
{
    struct outlook_fetch *of = f->state;
    f->decides = -1;
    f->verdict = lost ? FETCH_UNDECIDED : FETCH_NOTHING;
    f->error = of->rest_error;
    of->rest_failed = false;
    of->rest_unit = -1;
    of->parts.over_unit = -1;
    f->more = fetch_has_more(f);
}

// ---- next

static u8 fetch_asked_state(const struct outlook_fetch *of)
{
    return of->plain ? OUTLOOK_UNIT_PLAIN : OUTLOOK_UNIT_TO_ASK;
}

// An attempt broke off: what it had read is read again.
static void fetch_forget_attempt(struct fetch *f)
{
    struct outlook_fetch *of = f->state;
    for (int i = 0; of->in_hand && i < of->asked_count; i++) {
        if (of->asking == OUTLOOK_ASKING_ITEMS) {
            of->state[of->asked[i]] = (u8)fetch_asked_state(of);
        }
    }
    if (of->in_hand && of->asking == OUTLOOK_ASKING_REST) {
        of->state[of->rest_unit] = OUTLOOK_UNIT_HANDED;
    }
    if (of->in_hand && of->asking != OUTLOOK_ASKING_CONTENT) {
        outlook_parts_start(&of->parts);
    }
    of->in_hand = false;
}

static void fetch_start(const struct outlook *o, struct fetch *f)
{
    struct outlook_fetch *of = f->state;
    of->started = true;
    of->rest_unit = -1;
    outlook_parts_start(&of->parts);
    for (int i = 0; o->settings.estimate && i < f->unit_count; i++) {
        outlook_items_decide(of, i, FETCH_DOCUMENT, OK);
        of->results[i].bytes = 0;
    }
}

enum step outlook_fetch_next(void *src, struct fetch *f, i64 now_ms, struct exchange *x)
{
    struct outlook *o = src;
    struct outlook_fetch *of = f->state;
    struct outlook_part part;
    if (!of->started) {
        fetch_start(o, f);
    }
    fetch_forget_attempt(f);
    enum mailbox_phase phase = f->mailbox->phase;
    bool closed = phase == MAILBOX_SYSTEMIC ||
                  (phase == MAILBOX_REFUSED && !err_is(f->mailbox->error, ERR_EWS_FOLDER_CLOSED));
    for (int i = 0; closed && i < f->unit_count; i++) {
        if (of->state[i] == OUTLOOK_UNIT_TO_ASK || of->state[i] == OUTLOOK_UNIT_PLAIN) {
            outlook_items_decide(of, i, FETCH_UNDECIDED, f->mailbox->error);
        }
    }
    int ready = fetch_find(f, OUTLOOK_UNIT_READY);
    if (ready >= 0) {
        fetch_hand_over(f, ready);
        f->message_bytes = o->settings.estimate ? f->units[ready].bytes : f->message_bytes;
        outlook_call_close(o, &of->call);
        return STEP_DONE;
    }
    bool ask = fetch_find(f, OUTLOOK_UNIT_TO_ASK) >= 0 || fetch_find(f, OUTLOOK_UNIT_PLAIN) >= 0;
    if (outlook_parts_first(&of->parts, &part)) { // the next answer takes their place
        of->part_ready = of->part_ready || closed;
        of->part_verdict = closed ? FETCH_UNDECIDED : of->part_verdict;
        of->part_error = closed ? f->mailbox->error : of->part_error;
        enum step step = fetch_part(o, f, &part, now_ms, x);
        if (step == STEP_DONE) {
            outlook_call_close(o, &of->call);
        }
        return step;
    }
    bool lost = of->rest_failed || (closed && fetch_has_rest(of));
    if (lost || (!ask && !fetch_has_rest(of))) {
        fetch_hand_over_nothing(f, lost);
        outlook_call_close(o, &of->call);
        return STEP_DONE;
    }
    if (!outlook_call_take(o, &of->call, now_ms, x)) {
        return fetch_wait(f);
    }
    if (fetch_has_rest(of)) {
        fetch_ask_rest(o, f, x);
    } else {
        fetch_ask_items(o, f, x);
    }
    return STEP_REQUEST;
}

// ---- the answer

err outlook_fetch_head(void *src, struct fetch *f, struct exchange *x, const struct http_head *head)
{
    struct outlook_fetch *of = f->state;
    if (of->asking == OUTLOOK_ASKING_TEXT) {
        outlook_extract_head(src, &of->extract, head);
        return OK;
    }
    return outlook_call_head(src, &of->call, x, head);
}

enum { WINDOW_MIN = 256, FETCH_CONTENT_KEY_BYTES = 32 };

// How many bytes may be taken: six times as many come out of them at worst, and an item's end.
static isize fetch_window(const struct fetch *f)
{
    isize room = f->data.cap - f->data.n - FETCH_DOC_TAIL - OUTLOOK_ITEM_ROOM;
    return room / 6;
}

// Base64 of more content than is wanted.
static bool fetch_is_over(const struct outlook *o, const struct fetch *f)
{
    const struct outlook_fetch *of = f->state;
    i64 most = (o->settings.max_file_bytes + 2) / 3 * 4;
    return !of->is_too_large && f->data.n - of->content_from > most + FETCH_CONTENT_KEY_BYTES;
}

err outlook_fetch_body(void *src, struct fetch *f, struct exchange *x, str *in)
{
    (void)x;
    struct outlook *o = src;
    struct outlook_fetch *of = f->state;
    if (of->asking == OUTLOOK_ASKING_TEXT) {
        return outlook_extract_body(&of->extract, &f->data, in);
    }
    struct outlook_reader *r = outlook_call_reader(o, &of->call);
    while (in->n) {
        isize window = of->is_too_large ? in->n : fetch_window(f);
        if (window < WINDOW_MIN && !fetch_is_largest(f)) {
            return FAIL(LANE_TOO_SMALL);
        }
        if (window < WINDOW_MIN &&
            !of->is_too_large) { // what is left of it is read to its end, and dropped
            of->is_too_large = true;
            f->data.n = of->asking == OUTLOOK_ASKING_CONTENT ? of->content_from
                        : of->shaping                        ? r->item.from
                                                             : f->data.n;
            window = in->n;
        }
        str chunk = str_slice(*in, 0, in->n < window ? in->n : window);
        isize before = chunk.n;
        enum ews_event event = outlook_call_next(o, &of->call, &chunk);
        *in = str_from_index(*in, before - chunk.n);
        if (event == EWS_MORE || event == EWS_DONE) {
            continue;
        }
        if (of->asking == OUTLOOK_ASKING_CONTENT) {
            outlook_attachment_event(f, &r->answer, event);
            if (!o->run.extract && fetch_is_over(o, f)) { // whatever its size said
                of->is_too_large = true;
                f->data.n = of->content_from;
            }
        } else {
            outlook_items_event(o, f, r, event);
        }
    }
    return OK;
}

// ---- its end

// One item's further attachments; then those of the items that were answered with it.
static err fetch_end_rest(struct outlook *o, struct fetch *f, struct exchange *x)
{
    struct outlook_fetch *of = f->state;
    const struct outlook_reader *r = outlook_call_reader(o, &of->call);
    err e = err_ok(of->error) ? of->passing : of->error;
    e = outlook_batch_is_refused(f) ? of->refusal : e;
    if (!err_ok(e)) {
        return outlook_call_judge(o, r, e, x);
    }
    u8 state = of->state[of->rest_unit];
    if (state == OUTLOOK_UNIT_HANDED) {
        return FAIL(EWS_ANSWER); // it says nothing about the item
    }
    const struct outlook_result *result = &of->results[of->rest_unit];
    bool endless = of->parts.over_unit >= 0 && of->parts.over_from >= OUTLOOK_ATTACHMENTS_MAX;
    bool denied = of->refused > 0;
    if (state != OUTLOOK_UNIT_READY || result->verdict == FETCH_CORRUPT || endless || denied) {
        of->rest_failed = true;
        of->rest_error = endless  ? FAIL(EWS_ENDLESS)
                         : denied ? FAIL(EWS_ITEM_DENIED)
                                  : FAIL(EWS_CORRUPT);
    }
    of->state[of->rest_unit] = OUTLOOK_UNIT_HANDED;
    of->rest_from = 0;
    do {
        of->rest_unit++;
    } while (of->rest_unit < f->unit_count &&
             (!f->units[of->rest_unit].parts || !(of->together >> of->rest_unit & 1)));
    of->rest_unit = of->rest_unit < f->unit_count ? of->rest_unit : -1;
    return OK;
}

static err fetch_end_content(struct outlook *o, struct fetch *f, struct exchange *x)
{
    struct outlook_fetch *of = f->state;
    const struct outlook_reader *r = outlook_call_reader(o, &of->call);
    err e = of->error;
    if (err_is(e, ERR_EWS_DENIED)) { // its item was given
        outlook_attachment_drop_content(f);
        of->part_ready = true;
        of->part_verdict = FETCH_UNDECIDED;
        of->part_error = FAIL(EWS_ITEM_DENIED);
        return OK;
    }
    if (!err_ok(e) && ews_error_reach(e) != EWS_REACH_ITEM) {
        return outlook_call_judge(o, r, e, x);
    }
    if (err_ok(e) && of->message < 0) {
        return FAIL(EWS_ANSWER);
    }
    e = err_ok(e) && of->is_too_large ? FAIL(EWS_TOO_LARGE) : e;
    e = err_ok(e) ? outlook_attachment_end_content(f) : e;
    if (!err_ok(e)) {
        outlook_attachment_drop_content(f); // what is known of it is indexed all the same
    }
    of->part_ready = !of->extract.ready;
    of->part_verdict = FETCH_DOCUMENT;
    of->part_error = of->extract.wanted && of->is_too_large ? e : OK; // no text of it
    if (of->extract.ready) {
        outlook_call_close(o, &of->call); // Exchange has nothing to do with the rest
    }
    return OK;
}

static void fetch_end_text(struct fetch *f, err e)
{
    struct outlook_fetch *of = f->state;
    of->part_error = e;
    of->part_ready = true;
    of->part_verdict = FETCH_DOCUMENT;
}

err outlook_fetch_end(void *src, struct fetch *f, struct exchange *x)
{
    struct outlook *o = src;
    struct outlook_fetch *of = f->state;
    if (of->asking == OUTLOOK_ASKING_TEXT) {
        fetch_end_text(f, outlook_extract_end(o, &of->extract, &f->data));
        return OK;
    }
    err e = outlook_call_end(o, &of->call, x);
    if (err_ok(e)) {
        e = of->asking == OUTLOOK_ASKING_CONTENT ? fetch_end_content(o, f, x)
            : of->asking == OUTLOOK_ASKING_REST  ? fetch_end_rest(o, f, x)
                                                 : outlook_batch_end(o, f, x);
    } else if (of->asking == OUTLOOK_ASKING_ITEMS) {
        fetch_forget_attempt(f);
        e = outlook_batch_end_refused(o, f, e);
    }
    if (err_ok(e)) {
        of->in_hand = false;
    } else {
        outlook_call_close(o, &of->call); // others may go on while this one waits
    }
    return e;
}

void outlook_fetch_fail(void *src, struct fetch *f, struct exchange *x, err e)
{
    struct outlook *o = src;
    struct outlook_fetch *of = f->state;
    if (of->asking == OUTLOOK_ASKING_TEXT) {
        outlook_extract_fail(o, &of->extract, &f->data);
        fetch_end_text(f, e);
        return;
    }
    enum ews_reach reach = ews_error_reach(e);
    fetch_forget_attempt(f);
    if (of->asking == OUTLOOK_ASKING_CONTENT) {
        of->part_ready = true;
        of->part_verdict = FETCH_UNDECIDED;
        of->part_error = e;
    } else if (of->asking == OUTLOOK_ASKING_REST) {
        of->rest_failed = true;
        of->rest_error = e;
    }
    if (of->asking == OUTLOOK_ASKING_ITEMS) {
        outlook_batch_fail(f, e);
    }
    outlook_call_close(o, &of->call);
    if (reach >= EWS_REACH_MAILBOX) {
        outlook_mailbox_refuse(o, f->mailbox, e, &x->detail);
    }
}
