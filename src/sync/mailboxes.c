// SPDX-License-Identifier: Apache-2.0
// Directory, waiting accounts and open mailboxes (see mailboxes.h).
#include "sync/mailboxes.h"

#include <string.h>

#include "net/crypto.h"

// ---- what is kept of an account while it waits
struct waiting_account {
    u16 address_bytes, flags_bytes;
    u8 address[ADDRESS_BYTES];
    u8 flags[32];
};

static struct waiting_account *mailboxes_waiting(struct mailboxes *all, int i)
{
    struct waiting_account *ring = (void *)all->waiting;
    return &ring[(all->waiting_head + i) % MAILBOX_QUEUE];
}

void mailboxes_init(struct mailboxes *all, struct plan *plan, const struct job_settings *settings)
{
    struct source_bytes bytes = source_bytes_max(settings->states, all->source->ops);
    isize state_bytes = ARENA_ROUND(bytes.mailbox);
    all->settings = settings;
    all->slot_count = settings->limits.mailbox_open;
    all->slots = plan_take_n(plan, "mailboxes", struct mailbox_slot, all->slot_count,
                             "a mailbox that is being read");
    u8 *units = plan_take(plan, "units", UNIT_QUEUE_BYTES, all->slot_count,
                          "ids listed and not yet read");
    u8 *states = plan_take(plan, "mailbox states", state_bytes, all->slot_count,
                           "token and page of the source");
    u8 *details = plan_take(plan, "mailbox details", EXCHANGE_DETAIL_BYTES, all->slot_count + 2,
                            "facts of a mailbox's error");
    for (int i = 0; i < all->slot_count; i++) {
        struct mailbox_slot *slot = &all->slots[i];
        slot->all = all;
        slot->m.state = states + i * state_bytes;
        slot->m.queue = (struct unit_queue){.bytes = units + (isize)i * UNIT_QUEUE_BYTES};
        slot->m.detail = buf_over(details + (isize)i * EXCHANGE_DETAIL_BYTES,
                                  EXCHANGE_DETAIL_BYTES);
    }
    details += (isize)all->slot_count * EXCHANGE_DETAIL_BYTES;
    all->accounts_detail = buf_over(details, EXCHANGE_DETAIL_BYTES);
    all->systemic_detail = buf_over(details + EXCHANGE_DETAIL_BYTES, EXCHANGE_DETAIL_BYTES);
    all->waiting = plan_take(plan, "accounts", sizeof(struct waiting_account), MAILBOX_QUEUE,
                             "accounts that wait to be opened, two pages of the directory");
    all->accounts_state = plan_take(plan, "directory", bytes.accounts, 1,
                                    "token and page of the directory");
    all->notes = plan_take_n(plan, "notes", struct job_note, NOTES_MAX,
                             "refused and failed mailboxes that the summary names");
    all->note_text = plan_take(plan, "note texts", ADDRESS_BYTES + NOTE_DETAIL_BYTES, NOTES_MAX,
                               "their addresses and reasons");
}

// ---- the directory

_Static_assert(OPTION_MAILBOXES_MAX <= 64, "one bit each");

bool mailboxes_was_found(const struct mailboxes *all, isize wanted)
{
    return all->wanted_found >> wanted & 1;
}

static bool mailboxes_is_wanted(struct mailboxes *all, str address)
{
    const struct job_settings *s = all->settings;
    bool hit = false;
    for (isize i = 0; s->only_mailboxes && i < s->only_mailbox_count; i++) {
        if (str_eq_nocase(s->only_mailboxes[i], address)) {
            all->wanted_found |= (u64)1 << i;
            hit = true;
        }
    }
    return hit || (!s->only_mailboxes && shard_owns(&s->shard, address));
}

static bool mailboxes_take_account(void *st, const struct account *a)
{
    struct mailboxes *all = st;
    if (all->waiting_count == MAILBOX_QUEUE) {
        return false;
    }
    if (a->no_mailbox) {
        return true;
    }
    if (a->address.n == 0 || a->address.n > ADDRESS_BYTES) {
        all->stats->skipped[SKIP_BAD_ID]++;
        roster_forget(all->roster); // it is there, whatever its name: nothing counts as gone
        return true;
    }
    bool room;
    bool fresh = roster_add(all->roster, a->address, &room);
    // A full roster cannot tell a fresh account from one that was named before: it is read again.
    if ((!fresh && room) || !mailboxes_is_wanted(all, a->address)) {
        return true;
    }
    all->stats->mailboxes_found++;
    if (all->states) {
        states_name(all->states, a->address);
    }
    struct waiting_account *w = mailboxes_waiting(all, all->waiting_count++);
    *w = (struct waiting_account){.address_bytes = (u16)a->address.n};
    memcpy(w->address, a->address.p, (size_t)a->address.n);
    w->flags_bytes = (u16)(a->flags.n < COUNT(w->flags) ? a->flags.n : COUNT(w->flags));
    if (w->flags_bytes) {
        memcpy(w->flags, a->flags.p, (size_t)w->flags_bytes);
    }
    return true;
}

static enum step mailboxes_accounts_next(void *st, i64 now_ms, struct exchange *x)
{
    struct mailboxes *all = st;
    if (!err_ok(all->accounts_error)) {
        return STEP_FAILED;
    }
    if (MAILBOX_QUEUE - all->waiting_count < MAILBOX_PAGE) {
        return STEP_WAIT;
    }
    enum step step = all->source->ops->accounts_next(all->source->state, all->accounts_state,
                                                     now_ms, x);
    if (step == STEP_DONE) {
        all->accounts_done = true;
        all->roster->directory_complete = true;
        all->accounts_error = all->roster->count ? OK : FAIL(JOB_DIRECTORY_EMPTY);
    } else if (step == STEP_FAILED && err_ok(all->accounts_error)) {
        all->accounts_error = FAIL(JOB_DIRECTORY); // it gave up before it asked anything
        buf_put(&all->accounts_detail, buf_str(&x->detail));
    }
    return step;
}

static err mailboxes_accounts_head(void *st, struct exchange *x, const struct http_head *head)
{
    struct mailboxes *all = st;
    return all->source->ops->accounts_head(all->source->state, all->accounts_state, x, head);
}

static err mailboxes_accounts_body(void *st, struct exchange *x, str *in)
{
    struct mailboxes *all = st;
    struct account_sink sink = {.take = mailboxes_take_account, .st = all};
    return all->source->ops->accounts_body(all->source->state, all->accounts_state, x, in, &sink);
}

static err mailboxes_accounts_end(void *st, struct exchange *x)
{
    struct mailboxes *all = st;
    return all->source->ops->accounts_end(all->source->state, all->accounts_state, x);
}

static void mailboxes_accounts_fail(void *st, struct exchange *x, err e)
{
    struct mailboxes *all = st;
    if (all->source->ops->accounts_fail(all->source->state, all->accounts_state, x, e)) {
        return;
    }
    all->accounts_error = e;
    buf_reset(&all->accounts_detail);
    buf_put(&all->accounts_detail, buf_str(&x->detail));
}

static err mailboxes_accounts_send(void *st, struct buf *room, bool *last)
{
    struct mailboxes *all = st;
    return all->source->ops->accounts_send(all->source->state, all->accounts_state, room, last);
}

static const struct machine_ops mailboxes_accounts_ops = {
    .name = "directory",
    .next = mailboxes_accounts_next,
    .head = mailboxes_accounts_head,
    .body = mailboxes_accounts_body,
    .end = mailboxes_accounts_end,
    .fail = mailboxes_accounts_fail,
    .send = mailboxes_accounts_send,
};

// ---- one open mailbox

static void mailboxes_note(struct mailboxes *all, const struct mailbox *m)
{
    if (all->note_count == NOTES_MAX) {
        return;
    }
    u8 *text = all->note_text + all->note_count * (ADDRESS_BYTES + NOTE_DETAIL_BYTES);
    memcpy(text, m->address, (size_t)m->address_bytes);
    isize n = m->detail.n < NOTE_DETAIL_BYTES ? m->detail.n : NOTE_DETAIL_BYTES;
    if (n) {
        memcpy(text + ADDRESS_BYTES, m->detail.p, (size_t)n);
    }
    all->notes[all->note_count++] = (struct job_note){
        .address = str_make(text, m->address_bytes),
        .detail = str_make(text + ADDRESS_BYTES, n),
        .error = m->error,
    };
}

// No mailbox could be read, and each for the same reason, a setting: it is everybody's.
static bool mailboxes_failed_alike(const struct mailboxes *all)
{
    bool alike = all->note_count > 0 && all->stats->mailboxes_done == 0 &&
                 err_class(all->notes[0].error) == ERR_CLASS_CONFIG;
    for (isize i = 1; i < all->note_count; i++) {
        alike = alike && all->notes[i].error.code == all->notes[0].error.code;
    }
    return alike;
}

// Too large a share of what has ended so far failed: something is wrong with more than a mailbox.
// Refusals that the directory explains (suspended, archived, no mailbox) do not count.
static void mailboxes_judge(struct mailboxes *all, bool last)
{
    const struct sync_stats *s = all->stats;
    i64 bad = s->mailboxes_refused - s->mailboxes_explained + s->mailboxes_failed;
    i64 ended = s->mailboxes_done + s->mailboxes_refused + s->mailboxes_failed;
    if (!err_ok(all->systemic) || (!last && ended < SYSTEMIC_MIN_MAILBOXES)) {
        return;
    }
    if ((double)bad > (double)ended * all->settings->max_failed_mailboxes) {
        bool alike = mailboxes_failed_alike(all);
        if (alike) { // one cause, said once
            all->systemic = all->notes[0].error;
            buf_put(&all->systemic_detail, all->notes[0].detail);
            buf_put(&all->systemic_detail, S(" ("));
        } else {
            all->systemic = FAIL(JOB_TOO_MANY_MAILBOXES);
        }
        buf_put_i64(&all->systemic_detail, bad);
        buf_put(&all->systemic_detail, S(" of "));
        buf_put_i64(&all->systemic_detail, ended);
        buf_put(&all->systemic_detail, alike ? S(" mailboxes)") : S(" mailboxes"));
    }
}

static void mailboxes_end_badly(struct mailbox_slot *slot)
{
    struct mailboxes *all = slot->all;
    struct mailbox *m = &slot->m;
    bool refused = m->phase == MAILBOX_REFUSED;
    all->stats->mailboxes_refused += refused;
    all->stats->mailboxes_explained += refused && m->flags_bytes > 0;
    all->stats->mailboxes_failed += !refused;
    mailboxes_note(all, m);
    struct log_fact facts[] = {
        {"mailbox", str_make(m->address, m->address_bytes)},
        {"directory", str_make(m->flags, m->flags_bytes)},
    };
    log_err(all->log, LOG_WARN, m->error, buf_str(&m->detail), facts, m->flags_bytes ? 2 : 1);
}

static void mailboxes_close(struct mailbox_slot *slot)
{
    struct mailboxes *all = slot->all;
    struct mailbox *m = &slot->m;
    if (m->units_listed > all->stats->longest_mailbox) {
        all->stats->longest_mailbox = m->units_listed;
    }
    str address = str_make(m->address, m->address_bytes);
    bool finished = m->phase == MAILBOX_LISTED && slot->undecided == 0;
    if (all->states && (!finished || slot->unkept || m->mixed ||
                        (m->continued && states_has_lost(all->states, address)))) {
        states_forget(all->states, address);
    }
    if (finished) {
        if (!all->roster->set.full) {
            roster_finish(all->roster, address, m->continued);
        }
        all->stats->mailboxes_done++;
    } else if (m->phase == MAILBOX_LISTED) {
        all->stats->mailboxes_done++;
        all->stats->mailboxes_partial++;
    } else {
        mailboxes_end_badly(slot);
    }
    all->source->ops->mailbox_close(all->source->state, m);
    slot->open = false;
    all->open_count--;
    mailboxes_judge(all, mailboxes_are_done(all));
}

// What is left in the queue of a mailbox that cannot be read was listed and is not known.
static void mailboxes_drop_queue(struct mailbox_slot *slot)
{
    struct unit unit;
    while (unit_queue_pop(&slot->m.queue, &unit)) {
        slot->undecided++;
        slot->all->stats->messages_dropped += !unit.page && !unit.gone; // not listed as items
    }
}

// A lane whose units are decided may still be at work on their parts.
static bool mailboxes_is_quiet(const struct mailbox_slot *slot)
{
    return slot->outstanding == 0 && slot->in_flight == 0;
}

static enum step mailboxes_next(void *st, i64 now_ms, struct exchange *x)
{
    struct mailbox_slot *slot = st;
    struct mailbox *m = &slot->m;
    const struct source *source = slot->all->source;
    slot->starved = false;
    switch (m->phase) {
    case MAILBOX_LISTING:
    case MAILBOX_LISTED:
        if (m->phase == MAILBOX_LISTED && m->queue.count == 0 && mailboxes_is_quiet(slot)) {
            mailboxes_close(slot);
            return STEP_DONE;
        }
        break;
    case MAILBOX_SYSTEMIC:
        if (err_ok(slot->all->systemic)) {
            slot->all->systemic = m->error;
            buf_put(&slot->all->systemic_detail, buf_str(&m->detail));
        }
        [[fallthrough]];
    case MAILBOX_REFUSED:
    case MAILBOX_FAILED:
        mailboxes_drop_queue(slot);
        if (mailboxes_is_quiet(slot)) {
            mailboxes_close(slot);
            return STEP_DONE;
        }
        return STEP_WAIT;
    }
    enum step step = source->ops->mailbox_next(source->state, m, now_ms, x);
    // The slot ends when its units are decided, not when its source has nothing more to ask.
    return step == STEP_REQUEST ? STEP_REQUEST : STEP_WAIT;
}

static err mailboxes_head(void *st, struct exchange *x, const struct http_head *head)
{
    struct mailbox_slot *slot = st;
    return slot->all->source->ops->mailbox_head(slot->all->source->state, &slot->m, x, head);
}

static err mailboxes_body(void *st, struct exchange *x, str *in)
{
    struct mailbox_slot *slot = st;
    i64 before = slot->m.units_listed;
    err e = slot->all->source->ops->mailbox_body(slot->all->source->state, &slot->m, x, in);
    slot->all->stats->messages_listed += slot->m.units_listed - before;
    return e;
}

static err mailboxes_end(void *st, struct exchange *x)
{
    struct mailbox_slot *slot = st;
    i64 before = slot->m.units_listed;
    err e = slot->all->source->ops->mailbox_end(slot->all->source->state, &slot->m, x);
    slot->all->stats->messages_listed += slot->m.units_listed - before;
    return e;
}

static void mailboxes_fail(void *st, struct exchange *x, err e)
{
    struct mailbox_slot *slot = st;
    slot->all->source->ops->mailbox_fail(slot->all->source->state, &slot->m, x, e);
}

static const struct machine_ops mailboxes_ops = {
    .name = "mailbox",
    .next = mailboxes_next,
    .head = mailboxes_head,
    .body = mailboxes_body,
    .end = mailboxes_end,
    .fail = mailboxes_fail,
};

static bool mailboxes_open_one(struct mailboxes *all, struct mailbox_slot *slot)
{
    struct waiting_account *w = mailboxes_waiting(all, 0);
    struct mailbox *m = &slot->m;
    m->address_bytes = w->address_bytes;
    memcpy(m->address, w->address, w->address_bytes);
    m->flags_bytes = w->flags_bytes;
    memcpy(m->flags, w->flags, w->flags_bytes);
    m->queue = (struct unit_queue){.bytes = m->queue.bytes};
    m->units_listed = 0;
    m->continued = m->mixed = false;
    m->phase = MAILBOX_LISTING;
    m->error = OK;
    buf_reset(&m->detail);
    memset(m->state, 0, (size_t)all->source->ops->mailbox_bytes);
    slot->task = loop_add(all->loop, &mailboxes_ops, slot);
    if (slot->task < 0) {
        return false;
    }
    slot->open = true;
    slot->generation = ++all->next_generation;
    slot->outstanding = 0;
    slot->undecided = 0;
    slot->unkept = false;
    slot->decided = 0;
    slot->in_flight = 0;
    slot->not_before_ms = 0;
    all->open_count++;
    all->waiting_head = (all->waiting_head + 1) % MAILBOX_QUEUE;
    all->waiting_count--;
    return true;
}

void mailboxes_open_waiting(struct mailboxes *all)
{
    for (int i = 0; i < all->slot_count && all->waiting_count; i++) {
        if (!all->slots[i].open && !mailboxes_open_one(all, &all->slots[i])) {
            return;
        }
    }
}

void mailboxes_reset(struct mailboxes *all)
{
    for (int i = 0; i < all->slot_count; i++) {
        all->slots[i].open = false;
        all->slots[i].task = -1;
    }
    all->open_count = 0;
    all->waiting_head = 0;
    all->waiting_count = 0;
    all->accounts_done = false;
    all->accounts_error = OK;
    buf_reset(&all->accounts_detail);
    all->accounts_task = -1;
    all->wanted_found = 0;
    all->systemic = OK;
    buf_reset(&all->systemic_detail);
    all->note_count = 0;
}

void mailboxes_start(struct mailboxes *all)
{
    memset(all->accounts_state, 0, (size_t)all->source->ops->accounts_bytes);
    all->accounts_task = loop_add(all->loop, &mailboxes_accounts_ops, all);
    ASSERT(all->accounts_task >= 0);
}

bool mailboxes_are_done(const struct mailboxes *all)
{
    return all->accounts_done && all->waiting_count == 0 && all->open_count == 0;
}

void mailboxes_cancel(struct mailboxes *all)
{
    if (loop_is_active(all->loop, all->accounts_task)) {
        loop_cancel(all->loop, all->accounts_task);
    }
    all->accounts_task = -1;
    for (int i = 0; i < all->slot_count; i++) {
        if (all->slots[i].open && loop_is_active(all->loop, all->slots[i].task)) {
            loop_cancel(all->loop, all->slots[i].task);
        }
    }
}

void mailboxes_stop(struct mailboxes *all)
{
    for (int i = 0; i < all->slot_count; i++) {
        if (all->slots[i].open) {
            all->source->ops->mailbox_close(all->source->state, &all->slots[i].m);
            all->slots[i].open = false;
        }
    }
    all->open_count = 0;
    all->waiting_count = 0;
    crypto_wipe(all->accounts_state, all->source->ops->accounts_bytes); // the directory's token
}

struct mailbox_slot *mailboxes_slot(struct mailboxes *all, u32 index, u32 generation)
{
    if (index >= (u32)all->slot_count) {
        return NULL;
    }
    struct mailbox_slot *slot = &all->slots[index];
    return slot->open && slot->generation == generation ? slot : NULL;
}

void mailboxes_unit_done(struct mailbox_slot *slot, bool undecided)
{
    ASSERT(slot->outstanding > 0);
    slot->outstanding--;
    slot->decided++;
    slot->undecided += undecided;
    slot->all->stats->messages_decided++;
}

void mailboxes_page_done(struct mailbox_slot *slot, bool undecided)
{
    ASSERT(slot->outstanding > 0);
    slot->outstanding--;
    slot->undecided += undecided;
}
