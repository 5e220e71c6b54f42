// SPDX-License-Identifier: Apache-2.0
// The workers of a sync (see lane.h).
#include "sync/lane_internal.h"

#include <string.h>

static bool lane_is_unchanged_part(void *st, str id, str timestamp)
{
    const struct lane *lane = st;
    const struct lanes *all = lane->all;
    u8 bytes[DOCUMENT_ID_BYTES];
    return !all->settings->full && !sieve_is_on(&all->sieve) &&
           purge_is_unchanged(all->purge, document_id(id, bytes), timestamp);
}

void lanes_init(struct lanes *all, struct plan *plan, const struct job_settings *settings)
{
    isize state_bytes = ARENA_ROUND(source_bytes_max(settings->states, all->source->ops).fetch);
    all->settings = settings;
    all->count = settings->limits.lanes;
    all->lanes = plan_take_n(plan, "lanes", struct lane, all->count, "a message under way");
    u8 *states = plan_take(plan, "lane states", state_bytes, all->count,
                           "what the source knows of a message under way");
    for (int i = 0; i < all->count; i++) {
        all->lanes[i].all = all;
        all->lanes[i].index = i;
        all->lanes[i].f.state = states + i * state_bytes;
        all->lanes[i].f.is_unchanged = lane_is_unchanged_part;
        all->lanes[i].f.is_unchanged_st = &all->lanes[i];
    }
}

// ---- taking work

static void lane_clear_result(struct fetch *f)
{
    f->decides = 0;
    f->id = (str){0};
    f->more = false;
    f->doc = (struct buf){0};
    f->timestamp = (str){0};
    f->message_bytes = 0;
    f->raw_fallback = false;
    f->attached = false;
    f->verdict = FETCH_UNDECIDED;
    f->error = OK;
}

static void lane_open(struct lane *lane, struct mailbox_slot *slot)
{
    struct fetch *f = &lane->f;
    memset(f->state, 0, (size_t)lane->all->source->ops->fetch_bytes);
    lane_clear_result(f);
    f->mailbox = &slot->m;
    f->data = buffers_small(&lane->all->buffers, lane->index);
    f->give_back = false;
    lane->decided = 0;
    lane->slot = (u32)(slot - lane->all->mailboxes->slots);
    lane->generation = slot->generation;
    lane->state = LANE_FETCH;
    slot->in_flight++;
}

// Tries the mailboxes in turn until one yields a request.
static enum step lane_find_work(struct lane *lane, i64 now_ms, struct exchange *x)
{
    struct lanes *all = lane->all;
    struct mailboxes *mailboxes = all->mailboxes;
    i64 earliest_ms = 0;
    if (sieve_is_held(&all->sieve, lane->index)) {
        x->wait_until_ms = now_ms; // the rules are needed to take a unit
        return STEP_WAIT;
    }
    int first = lane_first_mailbox(lane, now_ms);
    for (int k = 0; k < mailboxes->slot_count && !all->stopped; k++) {
        struct mailbox_slot *slot = &mailboxes->slots[(first + k) % mailboxes->slot_count];
        if (!lane_may_take(all, slot, now_ms)) {
            if (slot->open && slot->m.queue.count && slot->not_before_ms > now_ms &&
                (!earliest_ms || slot->not_before_ms < earliest_ms)) {
                earliest_ms = slot->not_before_ms;
            }
            continue;
        }
        if (!lane_take_units(lane, slot)) {
            continue;
        }
        lane_open(lane, slot);
        x->wait_until_ms = 0; // what the one before has to wait for is not this one's
        enum step step = all->source->ops->fetch_next(all->source->state, &lane->f, now_ms, x);
        if (step == STEP_REQUEST) {
            lane_went_to(lane, slot);
            return STEP_REQUEST;
        }
        if (step != STEP_WAIT) {
            lane->state = LANE_RESULT; // decided without a request
            return step;
        }
        if (x->wait_until_ms && (!earliest_ms || x->wait_until_ms < earliest_ms)) {
            earliest_ms = x->wait_until_ms;
        }
        lane_give_back(lane, slot, x);
    }
    x->wait_until_ms = earliest_ms;
    return all->stopped ? STEP_DONE : STEP_WAIT;
}

// ---- what became of it

static struct mailbox_slot *lane_slot(const struct lane *lane)
{
    struct mailbox_slot *slot = mailboxes_slot(lane->all->mailboxes, lane->slot, lane->generation);
    ASSERT(slot); // it stays open while a lane works on it
    return slot;
}

// It is not known what it holds.
static void lane_leave(struct lane *lane, struct mailbox_slot *slot, const struct unit *unit)
{
    if (unit->page) {
        mailboxes_page_done(slot, true);
    } else {
        lane->all->stats->skipped[SKIP_UNDECIDED]++;
        mailboxes_unit_done(slot, true);
    }
}

// A page itself is nothing that anybody counts: its items were handed over one by one.
static void lane_result_page(struct lane *lane, struct mailbox_slot *slot)
{
    ASSERT(lane->f.verdict == FETCH_NOTHING || lane->f.verdict == FETCH_UNDECIDED);
    if (!err_ok(lane->f.error)) {
        struct log_fact facts[] = {{"mailbox", str_make(slot->m.address, slot->m.address_bytes)}};
        log_err(lane->all->log, LOG_WARN, lane->f.error, (str){0}, facts, COUNT(facts));
    }
    mailboxes_page_done(slot, lane->f.verdict == FETCH_UNDECIDED);
}

// Units that the source has left without a result are not known.
static void lane_conclude(struct lane *lane, struct mailbox_slot *slot)
{
    for (int i = 0; i < lane->f.unit_count; i++) {
        if (!(lane->decided >> i & 1)) {
            lane_leave(lane, slot, &lane->f.units[i]);
        }
    }
}

// A result is there. What has no document is decided at once.
static void lane_result(struct lane *lane)
{
    struct lanes *all = lane->all;
    struct fetch *f = &lane->f;
    struct mailbox_slot *slot = lane_slot(lane);
    u8 bytes[DOCUMENT_ID_BYTES];
    str id = lane_document_id(f, bytes);
    slot->in_flight -= !f->more;
    lane->last = !f->more;
    if (f->decides >= 0) {
        ASSERT(f->decides < f->unit_count && !(lane->decided >> f->decides & 1));
        lane->decided |= (u32)1 << f->decides;
    } else if (f->verdict != FETCH_NOTHING) {
        slot->outstanding++;
        slot->m.units_listed++;
        all->stats->messages_listed++;
    }
    lane->state = LANE_NEXT;
    if (f->decides >= 0 && f->units[f->decides].page) {
        lane_result_page(lane, slot);
        return;
    }
    switch (f->verdict) {
    case FETCH_NOTHING:
        break;
    case FETCH_DOCUMENT:
        all->stats->message_bytes += f->message_bytes;
        all->stats->raw_fallbacks += f->raw_fallback;
        if (!err_ok(f->error)) {
            lane_miss_text(lane, slot, id);
        }
        if (!all->settings->dry_run) {
            lane->state = LANE_DECIDE;
            break;
        }
        all->sampled++;
        all->sampled_bytes += f->message_bytes;
        mailboxes_unit_done(slot, false);
        break;
    case FETCH_UNCHANGED:
        lane_pass_over(all, slot, id);
        break;
    case FETCH_GONE:
        lane_skip(lane, slot, id, SKIP_GONE);
        break;
    case FETCH_CORRUPT: {
        bool large = err_class(f->error) == ERR_CLASS_LIMIT;
        lane_skip(lane, slot, id, large ? SKIP_TOO_LARGE : SKIP_CORRUPT);
        break;
    }
    case FETCH_UNDECIDED:
        lane_skip(lane, slot, id, SKIP_UNDECIDED);
        break;
    }
    if (lane->last) {
        lane_conclude(lane, slot);
    }
}

// The document with the members that every one gets; in place, and the same each time.
static struct buf lane_finish_document(struct lane *lane, str id)
{
    const struct job_settings *s = lane->all->settings;
    struct fetch *f = &lane->f;
    u8 *begin = f->doc.p - FETCH_DOC_OFFSET;
    isize end = FETCH_DOC_OFFSET + f->doc.n + FETCH_DOC_TAIL;
    ASSERT(begin >= f->data.p && begin + end <= f->data.p + f->data.cap);
    struct buf whole = {.p = begin, .n = FETCH_DOC_OFFSET + f->doc.n, .cap = end};
    struct document_flags flags = {
        .extract_binary_content = s->extract_binary_content,
        .reduce_whitespace = s->reduce_whitespace,
        .run_ml_inference = s->run_ml_inference,
    };
    document_finish(&whole, FETCH_DOC_OFFSET, id, &flags);
    ASSERT(!whole.full); // FETCH_DOC_TAIL
    return whole;
}

// Its two lines of a bulk request (spec/elastic-protocol.md 11.4): what is in the index of it is
// neither updated nor deleted.
static bool lane_is_too_much_text(const struct lane *lane, str id, i64 bytes)
{
    static const str action = S("{\"index\":{\"_index\":\"\",\"_id\":\"\"}}\n{}\n");
    const struct job_settings *s = lane->all->settings;
    return s->max_text_bytes > 0 && !lane->f.attached &&
           bytes + action.n + s->index.n + id.n > s->max_text_bytes;
}

static bool lane_deliver(struct lane *lane, i64 now_ms)
{
    struct lanes *all = lane->all;
    u8 id_bytes[DOCUMENT_ID_BYTES];
    str id = lane_document_id(&lane->f, id_bytes);
    struct bulk_item owner = {.owner = lane->slot, .generation = lane->generation};
    struct buf whole = lane_finish_document(lane, id);
    i64 bytes = whole.n - FETCH_DOC_OFFSET;
    if (lane_is_too_much_text(lane, id, bytes)) {
        lane_skip(lane, lane_slot(lane), id, SKIP_TEXT_SIZE);
        lane->state = LANE_NEXT;
        return true;
    }
    switch (sink_put(&all->sink, id, &whole, owner, now_ms)) {
    case SINK_TAKEN:
        all->stats->document_bytes += bytes;
        lane->state = LANE_NEXT;
        return true;
    case SINK_ALOFT:
        all->stats->document_bytes += bytes;
        lane->state = LANE_ALOFT;
        return false;
    case SINK_BUSY:
        return false;
    case SINK_BROKEN:
        all->broken = FAIL(JOB_OUTPUT);
        return false;
    }
    return false;
}

// The document is there. Rules first; then a run that is not full leaves alone what the index has.
// false: in the next turn.
static bool lane_decide(struct lane *lane)
{
    struct lanes *all = lane->all;
    struct fetch *f = &lane->f;
    struct mailbox_slot *slot = lane_slot(lane);
    u8 bytes[DOCUMENT_ID_BYTES];
    str id = lane_document_id(f, bytes);
    enum rules_verdict verdict = RULES_KEEP;
    if (sieve_is_on(&all->sieve)) {
        verdict = sieve_is_held(&all->sieve, lane->index)
                      ? RULES_MORE
                      : sieve_step(&all->sieve, lane->index, id, buf_str(&f->doc));
    }
    if (verdict == RULES_MORE) {
        return false;
    }
    lane->state = LANE_NEXT;
    if (verdict == RULES_DROP) {
        lane_drop(all, slot, id);
    } else if (!all->settings->full && purge_is_unchanged(all->purge, id, f->timestamp)) {
        lane_pass_over(all, slot, id);
    } else {
        lane->state = LANE_DELIVER;
    }
    return true;
}

// ---- the machine

// Back to the lane's own buffer, with what is in it: whoever has to wait before the first byte of
// an answer, an hour perhaps, holds nothing that others need.
static void lane_shrink(struct lane *lane)
{
    struct buf *data = &lane->f.data;
    struct buf small = buffers_small(&lane->all->buffers, lane->index);
    if (data->p != small.p && data->n <= small.cap) {
        memcpy(small.p, data->p, (size_t)data->n);
        small.n = data->n;
        buffers_release(&lane->all->buffers, data);
        *data = small;
    }
}

// An attempt is over; the next one begins with an empty buffer.
static err lane_judge(struct lane *lane, err e)
{
    if (err_class(e) == ERR_CLASS_RETRY) {
        lane->f.data.n = 0;
        lane_shrink(lane);
    }
    return e;
}

static err lane_end(void *st, struct exchange *x)
{
    struct lane *lane = st;
    const struct source *source = lane->all->source;
    i64 before = lane->f.mailbox->units_listed; // a page may be a listing
    err e = source->ops->fetch_end(source->state, &lane->f, x);
    lane->all->stats->messages_listed += lane->f.mailbox->units_listed - before;
    if (err_is(e, ERR_LANE_TOO_SMALL)) {
        lane->state = LANE_SHAPE;
        return OK;
    }
    return lane_judge(lane, e);
}

// Received whole, and the buffer was too small to shape it in. false: no larger one is free.
static bool lane_shape(struct lane *lane, struct exchange *x)
{
    const struct source *source = lane->all->source;
    if (!buffers_grow(&lane->all->buffers, &lane->f.data)) {
        return false;
    }
    lane->state = LANE_FETCH;
    err e = lane_end(lane, x);
    if (!err_ok(e)) {
        source->ops->fetch_fail(source->state, &lane->f, x, e);
    }
    return true;
}

static enum step lane_next(void *st, i64 now_ms, struct exchange *x)
{
    struct lane *lane = st;
    const struct source *source = lane->all->source;
    for (;;) {
        switch (lane->state) {
        case LANE_IDLE: {
            enum step step = lane_find_work(lane, now_ms, x);
            if (lane->state != LANE_RESULT) {
                return step;
            }
            break;
        }
        case LANE_SHAPE:
            if (!lane_shape(lane, x)) {
                return STEP_WAIT;
            }
            break;
        case LANE_FETCH: {
            enum step step = source->ops->fetch_next(source->state, &lane->f, now_ms, x);
            if (step == STEP_WAIT) { // for what others may hold while they wait for room
                lane->f.data.n = 0;  // whatever it was has been dealt with
                lane_shrink(lane);
                if (lane->f.give_back && lane->decided == 0) {
                    lane_give_back(lane, lane_slot(lane), x);
                    break;
                }
            }
            if (step != STEP_DONE && step != STEP_FAILED) {
                return step;
            }
            lane->state = LANE_RESULT;
            break;
        }
        case LANE_RESULT:
            lane_result(lane);
            break;
        case LANE_DECIDE:
            if (!lane_decide(lane)) {
                x->wait_until_ms = now_ms;
                return STEP_WAIT;
            }
            break;
        case LANE_DELIVER:
            if (!lane_deliver(lane, now_ms)) {
                return STEP_WAIT;
            }
            break;
        case LANE_ALOFT:
            return STEP_WAIT;
        case LANE_NEXT:
            lane_clear_result(&lane->f);
            if (lane->last) {
                lane_release(lane);
            } else {
                lane->state = LANE_FETCH;
            }
            break;
        }
    }
}

static err lane_head(void *st, struct exchange *x, const struct http_head *head)
{
    struct lane *lane = st;
    const struct source *source = lane->all->source;
    if (head->status >= 300) {
        lane_shrink(lane); // what an earlier attempt needed its buffer for does not come
    }
    return lane_judge(lane, source->ops->fetch_head(source->state, &lane->f, x, head));
}

// While no larger buffer is free the bytes stay where they are: the connection waits.
static err lane_body(void *st, struct exchange *x, str *in)
{
    struct lane *lane = st;
    const struct source *source = lane->all->source;
    for (;;) {
        err e = source->ops->fetch_body(source->state, &lane->f, x, in);
        if (!err_is(e, ERR_LANE_TOO_SMALL)) {
            return lane_judge(lane, e);
        }
        if (!buffers_grow(&lane->all->buffers, &lane->f.data)) {
            return OK;
        }
    }
}

static void lane_fail(void *st, struct exchange *x, err e)
{
    struct lane *lane = st;
    lane->all->source->ops->fetch_fail(lane->all->source->state, &lane->f, x, e);
}

static const struct machine_ops lane_ops = {
    .name = "lane",
    .next = lane_next,
    .head = lane_head,
    .body = lane_body,
    .end = lane_end,
    .fail = lane_fail,
};

void lanes_reset(struct lanes *all)
{
    all->stopped = false;
    all->broken = OK;
    all->cursor = 0;
    all->sampled = 0;
    all->sampled_bytes = 0;
    for (int i = 0; i < all->count; i++) {
        all->lanes[i].state = LANE_IDLE;
        all->lanes[i].task = -1;
    }
    sieve_reset(&all->sieve);
    ASSERT(buffers_all_free(&all->buffers)); // lanes_stop()
}

void lanes_start(struct lanes *all, struct loop *loop)
{
    bool reads_all = all->settings->full || sieve_is_on(&all->sieve);
    all->source->known = reads_all ? 0 : all->purge->existing;
    for (int i = 0; i < all->count; i++) {
        ASSERT(all->lanes[i].task < 0);
        all->lanes[i].task = loop_add(loop, &lane_ops, &all->lanes[i]);
        ASSERT(all->lanes[i].task >= 0);
    }
}

void lanes_end(struct lanes *all)
{
    all->stopped = true;
}

void lanes_cancel(struct lanes *all, struct loop *loop)
{
    all->stopped = true;
    for (int i = 0; i < all->count; i++) {
        struct lane *lane = &all->lanes[i];
        if (loop_is_active(loop, lane->task)) {
            loop_cancel(loop, lane->task);
        }
        lane->last = true; // whatever else its buffer holds
        if (lane->state != LANE_IDLE && lane->state != LANE_ALOFT) {
            lane_release(lane);
        }
    }
}

void lanes_stop(struct lanes *all, struct loop *loop)
{
    lanes_cancel(all, loop);
    for (int i = 0; i < all->count; i++) {
        struct lane *lane = &all->lanes[i];
        if (lane->state == LANE_ALOFT) {
            lane_release(lane);
        }
        lane->task = -1;
    }
}

bool lanes_are_idle(const struct lanes *all)
{
    for (int i = 0; i < all->count; i++) {
        if (all->lanes[i].state != LANE_IDLE) {
            return false;
        }
    }
    return true;
}
