// SPDX-License-Identifier: Apache-2.0
// What became of units and documents (see lane_internal.h): each is counted once, marked for the
// purge, and told to its mailbox.
#include "codec/json.h"
#include "sync/lane_internal.h"

str lane_document_id(const struct fetch *f, u8 bytes[DOCUMENT_ID_BYTES])
{
    const struct unit *unit = &f->units[f->decides < 0 ? 0 : f->decides];
    return document_id(f->id.n ? f->id : str_make(unit->id, unit->id_bytes), bytes);
}

void lane_pass_over(struct lanes *all, struct mailbox_slot *slot, str id)
{
    purge_mark(all->purge, id);
    all->stats->documents_unchanged++;
    mailboxes_unit_done(slot, false);
}

void lane_drop(struct lanes *all, struct mailbox_slot *slot, str id)
{
    purge_filter(all->purge, id);
    all->stats->skipped[SKIP_FILTERED]++;
    mailboxes_unit_done(slot, false);
}

void lane_release(struct lane *lane)
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

void lane_miss_text(struct lane *lane, struct mailbox_slot *slot, str id)
{
    struct lanes *all = lane->all;
    struct sync_stats *stats = all->stats;
    stats->texts_missing++;
    if (stats->text_code != lane->f.error.code) { // one file for each reason, not thousands
        stats->text_code = lane->f.error.code;
        struct log_fact facts[] = {
            {"mailbox", str_make(slot->m.address, slot->m.address_bytes)},
            {"attachment", id},
        };
        log_err(all->log, LOG_WARN, lane->f.error, (str){0}, facts, COUNT(facts));
    }
    lane->f.error = OK;
}

void lane_skip(struct lane *lane, struct mailbox_slot *slot, str id, enum skip_reason reason)
{
    struct lanes *all = lane->all;
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
    // A whole listing asks for it again, or finds that it is gone.
    slot->unkept |= reason == SKIP_GONE || reason == SKIP_CORRUPT;
    mailboxes_unit_done(slot, undecided);
    lanes_judge(all);
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
            str_eq(lane_document_id(&lane->f, bytes), id)) {
            lane->state = LANE_NEXT;
            if (lane->last) {
                lane_release(lane);
            }
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
    slot->unkept |= r->verdict != BULK_DONE; // it is tried again, until it is taken
    if (r->verdict != BULK_UNDECIDED) {
        purge_mark(all->purge, buf_str(&id));
    }
    mailboxes_unit_done(slot, r->verdict == BULK_UNDECIDED);
    lanes_judge(all);
}
