// SPDX-License-Identifier: Apache-2.0
// The workers of a sync (see lane.h).
#include "sync/lane.h"

#include <string.h>

#include "codec/json.h"
#include "sync/document.h"

void lanes_init(struct lanes *all, struct plan *plan, const struct job_settings *settings)
{
    isize state_bytes = ARENA_ROUND(all->source->ops->fetch_bytes);
    all->settings = settings;
    all->count = settings->limits.lanes;
    all->lanes = plan_take_n(plan, "lanes", struct lane, all->count, "a message under way");
    u8 *states = plan_take(plan, "lane states", state_bytes, all->count,
                           "what the source knows of a message under way");
    for (int i = 0; i < all->count; i++) {
        all->lanes[i].all = all;
        all->lanes[i].index = i;
        all->lanes[i].f.state = states + i * state_bytes;
    }
}

// ---- choosing a unit

static str lane_document_id(const struct unit *unit, u8 bytes[DOCUMENT_ID_BYTES])
{
    return document_id(str_make(unit->id, unit->id_bytes), bytes);
}

// What is in the index already is not read again, unless this run reads everything, or the source
// changes what it has, or a rule has to see it.
static bool lane_may_pass_over(const struct lanes *all)
{
    return !all->settings->full && all->source->ops->units_immutable;
}

static void lane_pass_over(struct lanes *all, struct mailbox_slot *slot, str id)
{
    purge_mark(all->purge, id);
    all->stats->documents_unchanged++;
    mailboxes_unit_done(slot, false);
}

// A rule excludes it: decided, and what is in the index of it goes (docs_filtered).
static void lane_drop(struct lanes *all, struct mailbox_slot *slot, str id)
{
    purge_filter(all->purge, id);
    all->stats->skipped[SKIP_FILTERED]++;
    mailboxes_unit_done(slot, false);
}

// Takes units off the front of the queue until one has to be read.
static bool lane_take_unit(struct lanes *all, struct mailbox_slot *slot, struct unit *unit)
{
    while (unit_queue_pop(&slot->m.queue, unit)) {
        u8 bytes[DOCUMENT_ID_BYTES];
        str id = lane_document_id(unit, bytes);
        slot->outstanding++;
        enum purge_unit known = purge_take(all->purge, id,
                                           all->source->may_repeat ? slot->generation : 0);
        bool repeated = known == PURGE_UNIT_REPEATED;
        enum rules_verdict early = !repeated && sieve_is_on(&all->sieve)
                                       ? sieve_early(&all->sieve, id)
                                       : RULES_KEEP;
        if (repeated) {
            all->stats->messages_repeated++;
            mailboxes_unit_done(slot, false);
        } else if (early == RULES_DROP) {
            lane_drop(all, slot, id);
        } else if (known == PURGE_UNIT_KNOWN && early == RULES_KEEP && lane_may_pass_over(all)) {
            lane_pass_over(all, slot, id);
        } else {
            return true;
        }
    }
    return false;
}

static bool lane_may_take(const struct lanes *all, const struct mailbox_slot *slot, i64 now_ms)
{
    bool readable = slot->m.phase == MAILBOX_LISTING || slot->m.phase == MAILBOX_LISTED;
    return slot->open && readable && slot->m.queue.count > 0 && !slot->starved &&
           slot->in_flight < all->source->in_flight_max && slot->not_before_ms <= now_ms;
}

// The source has no token or no quota for it now: the unit goes back, other mailboxes go on.
static void lane_give_back(struct lane *lane, struct mailbox_slot *slot, const struct exchange *x)
{
    struct unit_queue *q = &slot->m.queue;
    u8 bytes[DOCUMENT_ID_BYTES];
    purge_give_back(lane->all->purge, lane_document_id(&lane->f.unit, bytes));
    q->head = (q->head + q->cap - 1) % q->cap;
    q->units[q->head] = lane->f.unit;
    q->count++;
    slot->outstanding--;
    slot->in_flight--;
    slot->starved = x->wait_until_ms == 0;
    slot->not_before_ms = x->wait_until_ms;
    lane->state = LANE_IDLE;
}

static void lane_open(struct lane *lane, struct mailbox_slot *slot, const struct unit *unit)
{
    struct fetch *f = &lane->f;
    void *state = f->state;
    memset(state, 0, (size_t)lane->all->source->ops->fetch_bytes);
    *f = (struct fetch){
        .mailbox = &slot->m,
        .unit = *unit,
        .data = buffers_small(&lane->all->buffers, lane->index),
        .verdict = FETCH_UNDECIDED,
        .state = state,
    };
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
    for (int k = 0; k < mailboxes->slot_count && !all->stopped; k++) {
        struct mailbox_slot *slot = &mailboxes->slots[(all->cursor + k) % mailboxes->slot_count];
        struct unit unit;
        if (!lane_may_take(all, slot, now_ms)) {
            if (slot->open && slot->m.queue.count && slot->not_before_ms > now_ms &&
                (!earliest_ms || slot->not_before_ms < earliest_ms)) {
                earliest_ms = slot->not_before_ms;
            }
            continue;
        }
        if (!lane_take_unit(all, slot, &unit)) {
            continue;
        }
        lane_open(lane, slot, &unit);
        enum step step = all->source->ops->fetch_next(all->source->state, &lane->f, now_ms, x);
        if (step == STEP_REQUEST) {
            all->cursor = (int)(slot - mailboxes->slots) + 1;
            return STEP_REQUEST;
        }
        if (step != STEP_WAIT) {
            x->wait_until_ms =
                now_ms; // decided without a request: concluded at once, in a call of its own
            return STEP_WAIT;
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

static void lane_release(struct lane *lane)
{
    buffers_release(&lane->all->buffers, &lane->f.data);
    lane->state = LANE_IDLE;
}

// More than a share of what was decided failed: something is wrong with more than single messages.
static void lanes_judge(struct lanes *all)
{
    const struct sync_stats *s = all->stats;
    i64 bad = s->skipped[SKIP_CORRUPT] + s->skipped[SKIP_TOO_LARGE] + s->skipped[SKIP_REJECTED] +
              s->skipped[SKIP_UNDECIDED];
    if (s->messages_decided >= SYSTEMIC_MIN_ITEMS &&
        (double)bad > (double)s->messages_decided * all->settings->max_failed_items) {
        all->broken = FAIL(JOB_TOO_MANY_ITEMS);
    }
}

static void lane_skip(struct lane *lane, struct mailbox_slot *slot, enum skip_reason reason)
{
    struct lanes *all = lane->all;
    u8 id_bytes[DOCUMENT_ID_BYTES];
    str id = lane_document_id(&lane->f.unit, id_bytes);
    bool undecided = reason == SKIP_UNDECIDED;
    all->stats->skipped[reason]++;
    if (!undecided && reason != SKIP_GONE) {
        purge_mark(all->purge, id); // kept as seen
    }
    if (!err_ok(lane->f.error)) {
        struct log_fact facts[] = {
            {"mailbox", str_make(slot->m.address, slot->m.address_bytes)},
            {"message", id},
        };
        log_err(all->log, LOG_WARN, lane->f.error, (str){0}, facts, COUNT(facts));
    }
    mailboxes_unit_done(slot, undecided);
    lanes_judge(all);
    lane_release(lane);
}

static bool lane_is_too_large(const struct lane *lane)
{
    return err_class(lane->f.error) == ERR_CLASS_LIMIT;
}

// The document with the members that every one gets; in place, and the same each time.
static struct buf lane_finish_document(struct lane *lane, str id)
{
    const struct job_settings *s = lane->all->settings;
    struct fetch *f = &lane->f;
    ASSERT(f->doc.p == f->data.p + FETCH_DOC_OFFSET);
    struct buf whole = f->data;
    whole.n = FETCH_DOC_OFFSET + f->doc.n;
    whole.full = false;
    struct document_flags flags = {
        .extract_binary_content = s->extract_binary_content,
        .reduce_whitespace = s->reduce_whitespace,
        .run_ml_inference = s->run_ml_inference,
    };
    document_finish(&whole, FETCH_DOC_OFFSET, id, &flags);
    ASSERT(!whole.full); // FETCH_DOC_TAIL
    return whole;
}

static enum step lane_deliver(struct lane *lane, i64 now_ms, struct exchange *x)
{
    struct lanes *all = lane->all;
    struct fetch *f = &lane->f;
    u8 id_bytes[DOCUMENT_ID_BYTES];
    str id = lane_document_id(&f->unit, id_bytes);
    struct bulk_item owner = {.owner = lane->slot, .generation = lane->generation};
    struct buf whole = lane_finish_document(lane, id);
    i64 bytes = whole.n - FETCH_DOC_OFFSET;
    switch (sink_put(&all->sink, id, &whole, owner, now_ms)) {
    case SINK_TAKEN:
        all->stats->document_bytes += bytes;
        lane_release(lane);
        return lane_find_work(lane, now_ms, x);
    case SINK_ALOFT:
        all->stats->document_bytes += bytes;
        lane->state = LANE_ALOFT;
        return STEP_WAIT;
    case SINK_BUSY:
        return STEP_WAIT;
    case SINK_BROKEN:
        all->broken = FAIL(JOB_OUTPUT);
        return STEP_WAIT;
    }
    return STEP_WAIT;
}

// The document is there. Rules first; then a run that is not full leaves alone what the index has.
static enum step lane_decide(struct lane *lane, i64 now_ms, struct exchange *x)
{
    struct lanes *all = lane->all;
    struct fetch *f = &lane->f;
    struct mailbox_slot *slot = mailboxes_slot(all->mailboxes, lane->slot, lane->generation);
    u8 bytes[DOCUMENT_ID_BYTES];
    str id = lane_document_id(&f->unit, bytes);
    ASSERT(slot);
    enum rules_verdict verdict = RULES_KEEP;
    if (sieve_is_on(&all->sieve)) {
        verdict = sieve_is_held(&all->sieve, lane->index)
                      ? RULES_MORE
                      : sieve_step(&all->sieve, lane->index, id, buf_str(&f->doc));
    }
    if (verdict == RULES_MORE) {
        x->wait_until_ms = now_ms; // in the next turn
        return STEP_WAIT;
    }
    if (verdict == RULES_DROP) {
        lane_drop(all, slot, id);
    } else if (!all->settings->full && purge_is_unchanged(all->purge, id, f->timestamp)) {
        lane_pass_over(all, slot, id);
    } else {
        lane->state = LANE_DELIVER;
        return lane_deliver(lane, now_ms, x);
    }
    lane_release(lane);
    return lane_find_work(lane, now_ms, x);
}

static enum step lane_conclude(struct lane *lane, i64 now_ms, struct exchange *x)
{
    struct lanes *all = lane->all;
    struct fetch *f = &lane->f;
    struct mailbox_slot *slot = mailboxes_slot(all->mailboxes, lane->slot, lane->generation);
    ASSERT(slot);
    slot->in_flight--;
    switch (f->verdict) {
    case FETCH_DOCUMENT:
        all->stats->message_bytes += f->message_bytes;
        all->stats->raw_fallbacks += f->raw_fallback;
        if (all->settings->dry_run) {
            all->sampled++;
            all->sampled_bytes += f->message_bytes;
            mailboxes_unit_done(slot, false);
            lane_release(lane);
            return lane_find_work(lane, now_ms, x);
        }
        lane->state = LANE_DECIDE;
        return lane_decide(lane, now_ms, x);
    case FETCH_GONE:
        lane_skip(lane, slot, SKIP_GONE);
        break;
    case FETCH_CORRUPT:
        lane_skip(lane, slot, lane_is_too_large(lane) ? SKIP_TOO_LARGE : SKIP_CORRUPT);
        break;
    case FETCH_UNDECIDED:
        lane_skip(lane, slot, SKIP_UNDECIDED);
        break;
    }
    return lane_find_work(lane, now_ms, x);
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
    err e = source->ops->fetch_end(source->state, &lane->f, x);
    if (err_is(e, ERR_LANE_TOO_SMALL)) {
        lane->state = LANE_SHAPE;
        return OK;
    }
    return lane_judge(lane, e);
}

static enum step lane_next(void *st, i64 now_ms, struct exchange *x)
{
    struct lane *lane = st;
    const struct source *source = lane->all->source;
    switch (lane->state) {
    case LANE_IDLE:
        return lane_find_work(lane, now_ms, x);
    case LANE_SHAPE:
        if (!buffers_grow(&lane->all->buffers, &lane->f.data)) {
            return STEP_WAIT;
        }
        lane->state = LANE_FETCH;
        err e = lane_end(lane, x);
        if (!err_ok(e)) {
            source->ops->fetch_fail(source->state, &lane->f, x, e);
        }
        if (lane->state == LANE_SHAPE) {
            return STEP_WAIT;
        }
        [[fallthrough]];
    case LANE_FETCH: {
        enum step step = source->ops->fetch_next(source->state, &lane->f, now_ms, x);
        bool over = step == STEP_DONE || step == STEP_FAILED;
        return over ? lane_conclude(lane, now_ms, x) : step;
    }
    case LANE_DECIDE:
        return lane_decide(lane, now_ms, x);
    case LANE_DELIVER:
        return lane_deliver(lane, now_ms, x);
    case LANE_ALOFT:
        return STEP_WAIT;
    }
    return STEP_WAIT;
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

// ---- verdicts

// The lane whose document flies alone, if it is this one.
static void lanes_land(struct lanes *all, const struct bulk_result *r, str id)
{
    for (int i = 0; i < all->count; i++) {
        struct lane *lane = &all->lanes[i];
        u8 bytes[DOCUMENT_ID_BYTES];
        if (lane->state == LANE_ALOFT && lane->slot == r->item->owner &&
            lane->generation == r->item->generation &&
            str_eq(lane_document_id(&lane->f.unit, bytes), id)) {
            lane_release(lane);
        }
    }
}

static void lanes_decide_delete(struct lanes *all, const struct bulk_result *r, str id)
{
    all->stats->documents_deleted += r->verdict == BULK_DONE;
    if (r->verdict != BULK_DONE) {
        struct log_fact facts[] = {{"document", id}, {"reason", r->reason}};
        log_err(all->log, LOG_WARN, r->error, (str){0}, facts, COUNT(facts));
    }
}

void lanes_decided(void *st, const struct bulk_result *r)
{
    struct lanes *all = st;
    u8 id_bytes[512 + 64];
    struct buf id = buf_over(id_bytes, COUNT(id_bytes));
    bool readable = json_unescape(r->id, &id);
    ASSERT(readable);
    if (r->item->owner == UINT32_MAX) {
        lanes_decide_delete(all, r, buf_str(&id));
        return;
    }
    struct mailbox_slot *slot = mailboxes_slot(all->mailboxes, r->item->owner, r->item->generation);
    lanes_land(all, r, buf_str(&id));
    if (!slot) {
        return; // the job was stopped
    }
    if (r->verdict == BULK_DONE) {
        all->stats->documents_indexed++;
        all->stats->documents_updated += r->updated;
    } else {
        bool rejected = r->verdict == BULK_REJECTED;
        all->stats->skipped[rejected ? SKIP_REJECTED : SKIP_UNDECIDED]++;
        struct log_fact facts[] = {
            {"mailbox", str_make(slot->m.address, slot->m.address_bytes)},
            {"message", buf_str(&id)},
            {"reason", r->reason},
        };
        if (rejected || err_ok(bulk_error(all->sink.bulk))) { // else the job says it, once
            log_err(all->log, LOG_WARN, r->error, (str){0}, facts, COUNT(facts));
        }
    }
    if (r->verdict != BULK_UNDECIDED) {
        purge_mark(all->purge, buf_str(&id));
    }
    mailboxes_unit_done(slot, r->verdict == BULK_UNDECIDED);
    lanes_judge(all);
}
