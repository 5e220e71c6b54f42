// SPDX-License-Identifier: Apache-2.0
// Which units a lane reads next (see lane_internal.h). What the index has already, or a rule
// excludes, is decided here, without asking the source.
#include "sync/lane_internal.h"

static str lane_unit_id(const struct unit *unit, u8 bytes[DOCUMENT_ID_BYTES])
{
    return document_id(str_make(unit->id, unit->id_bytes), bytes);
}

static bool lane_is_unchanged(const struct lanes *all, const struct unit *unit, str id)
{
    str timestamp = str_make(unit->timestamp, unit->timestamp_bytes);
    return all->source->ops->units_immutable ||
           (timestamp.n && purge_is_unchanged(all->purge, id, timestamp));
}

// Whether it has to be read: with *unit popped off the queue, or decided.
static bool lane_must_read(struct lanes *all, struct mailbox_slot *slot, struct unit *unit)
{
    if (unit->page) {
        return true;
    }
    u8 bytes[DOCUMENT_ID_BYTES];
    str id = lane_unit_id(unit, bytes);
    if (unit->gone) {
        slot->unkept |= purge_gone(all->purge, id);
        mailboxes_page_done(slot, false);
        return false;
    }
    enum purge_unit known = purge_take(all->purge, id,
                                       all->source->may_repeat ? slot->generation : 0);
    if (known == PURGE_UNIT_REPEATED) {
        all->stats->messages_repeated++;
        slot->unkept = true; // whether the index has what has changed of it is not known
        mailboxes_unit_done(slot, false);
        return false;
    }
    enum rules_verdict early = sieve_is_on(&all->sieve) ? sieve_early(&all->sieve, id) : RULES_KEEP;
    if (early == RULES_DROP && !unit->parts) {
        lane_drop(all, slot, id);
        return false;
    }
    // What is in the index already is not read again, unless this run reads everything, or a rule
    // has to see it.
    bool intact = known == PURGE_UNIT_KNOWN && early == RULES_KEEP && !all->settings->full &&
                  lane_is_unchanged(all, unit, id);
    if (intact && !unit->parts) {
        lane_pass_over(all, slot, id);
        return false;
    }
    unit->intact = intact;
    return true;
}

static bool lane_goes_with(const struct lane *lane, const struct unit *next, i64 bytes)
{
    const struct fetch *f = &lane->f;
    return f->unit_count == 0 ||
           (!f->units[0].page && !next->page &&
            f->unit_count < lane->all->source->ops->units_together &&
            next->kind == f->units[0].kind && bytes + next->bytes <= FETCH_BATCH_BYTES);
}

bool lane_take_units(struct lane *lane, struct mailbox_slot *slot)
{
    struct fetch *f = &lane->f;
    struct unit_queue *q = &slot->m.queue;
    i64 bytes = 0;
    f->unit_count = 0;
    while (f->unit_count < FETCH_UNITS_MAX) {
        struct unit *unit = &f->units[f->unit_count];
        if (!unit_queue_peek(q, unit) || !lane_goes_with(lane, unit, bytes)) {
            break;
        }
        (void)unit_queue_pop(q, unit);
        slot->outstanding++;
        if (lane_must_read(lane->all, slot, unit)) {
            bytes += unit->bytes;
            f->unit_count++;
        }
    }
    return f->unit_count > 0;
}

bool lane_may_take(const struct lanes *all, const struct mailbox_slot *slot, i64 now_ms)
{
    bool readable = slot->m.phase == MAILBOX_LISTING || slot->m.phase == MAILBOX_LISTED;
    return slot->open && readable && slot->m.queue.count > 0 && !slot->starved &&
           slot->in_flight < all->source->in_flight_max && slot->not_before_ms <= now_ms;
}

static bool lane_serves_oldest(const struct lane *lane)
{
    return lane->index % 2 == 1;
}

int lane_first_mailbox(const struct lane *lane, i64 now_ms)
{
    const struct lanes *all = lane->all;
    const struct mailboxes *mailboxes = all->mailboxes;
    int oldest = -1;
    for (int i = 0; i < mailboxes->slot_count && lane_serves_oldest(lane); i++) {
        const struct mailbox_slot *slot = &mailboxes->slots[i];
        if (lane_may_take(all, slot, now_ms) &&
            (oldest < 0 || slot->generation < mailboxes->slots[oldest].generation)) {
            oldest = i;
        }
    }
    return oldest < 0 ? all->cursor : oldest;
}

void lane_went_to(const struct lane *lane, const struct mailbox_slot *slot)
{
    if (!lane_serves_oldest(lane)) {
        lane->all->cursor = (int)(slot - lane->all->mailboxes->slots) + 1;
    }
}

void lane_give_back(struct lane *lane, struct mailbox_slot *slot, const struct exchange *x)
{
    struct fetch *f = &lane->f;
    for (int i = f->unit_count - 1; i >= 0; i--) {
        u8 bytes[DOCUMENT_ID_BYTES];
        if (!f->units[i].page) {
            purge_give_back(lane->all->purge, lane_unit_id(&f->units[i], bytes));
        }
        bool fits = unit_queue_return(&slot->m.queue, &f->units[i]);
        ASSERT(fits); // nothing was staged since they were popped
        slot->outstanding--;
    }
    slot->in_flight--;
    slot->starved = x->wait_until_ms == 0;
    slot->not_before_ms = x->wait_until_ms;
    lane->state = LANE_IDLE;
}
