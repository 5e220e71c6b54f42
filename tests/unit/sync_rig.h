// SPDX-License-Identifier: Apache-2.0
// Lanes and mailboxes of a sync, driven by hand: a loop in place of net/loop.c whose turns the test
// counts, a source whose answers follow from names, and a sink in place of sync/sink.c.
//
// The first letter of a message's id is its fate: d document, g gone, c corrupt, u undecided, L a
// document of 300 KiB, W one whose first attempt breaks off after 300 KiB and whose second answer
// is "come back in an hour", x refused by Elasticsearch, n not decided by it, a flies alone, P a
// page of two documents, R one with a hole, Q one that is not given before the test allows it. That
// of an address is its mailbox's: r refused, f failed, s systemic, q no quota before the test
// says, h the same without saying for how long.
#ifndef TESTS_UNIT_SYNC_RIG_H
#define TESTS_UNIT_SYNC_RIG_H

#include "test.h"

#include <stdlib.h>

#include "sync/lane.h"

enum { RIG_LANES = 3, RIG_SLOTS = 2, RIG_TASKS = 16, RIG_LARGE = KIB(300), RIG_SEEN = 64 };

struct rig_task {
    const struct machine_ops *ops;
    void *st;
    bool active;
    i64 until_ms;
    str left; // of an answer that the machine did not take whole
    bool asked;
    struct exchange x;
    u8 target[512], headers[512], detail[512];
};

struct rig_mailbox_script {
    const char *address;
    const char *ids[8];
};

static struct {
    struct rig_task tasks[RIG_TASKS];
    i64 now_ms;
    const struct rig_mailbox_script *scripts;
    isize script_count;
    bool quota;     // of mailboxes whose name begins with q
    bool sink_busy; // the sink takes nothing
    bool sink_broken;
    int puts, log_lines, requests;
    struct {
        struct bulk_item owner;
        u8 id[UNIT_ID_BYTES];
        int id_bytes;
    } flying[RIG_SEEN]; // handed over, no verdict yet
    int flying_count;
    int closed; // mailboxes whose source was told to forget them

    struct source source;
    struct roster roster;
    struct purge purge;
    struct sync_stats stats;
    struct job_settings settings;
    struct mailboxes mailboxes;
    struct lanes lanes;
} rig;

// ---- the loop

int loop_add(struct loop *loop, const struct machine_ops *ops, void *st)
{
    (void)loop;
    for (int i = 0; i < RIG_TASKS; i++) {
        if (!rig.tasks[i].active) {
            rig.tasks[i] = (struct rig_task){.ops = ops, .st = st, .active = true};
            return i;
        }
    }
    return -1;
}

bool loop_is_active(const struct loop *loop, int task)
{
    (void)loop;
    return task >= 0 && rig.tasks[task].active;
}

void loop_cancel(struct loop *loop, int task)
{
    (void)loop;
    rig.tasks[task].active = false;
}

static str rig_answer(const struct rig_task *t, int *status, err *lost)
{
    static u8 large[RIG_LARGE];
    static int attempts; // of the message W
    str target = buf_str(&t->x.target);
    u8 fate = target.p[1];
    *status = 200;
    *lost = OK;
    memset(large, 'x', sizeof large);
    if (fate == 'W') {
        attempts++;
        *status = attempts % 3 == 2 ? 429 : 200;
        *lost = attempts % 3 == 1 ? FAIL(NET_RESET) : OK;
    }
    return fate == 'L' || (fate == 'W' && *status == 200) ? str_make(large, RIG_LARGE) : S("small");
}

static void rig_end(struct rig_task *t, err e)
{
    t->asked = false;
    e = err_ok(e) ? t->ops->end(t->st, &t->x) : e;
    if (err_class(e) == ERR_CLASS_RETRY) {
        t->until_ms = t->x.retry_at_ms > rig.now_ms ? t->x.retry_at_ms : rig.now_ms + 1;
    } else if (!err_ok(e)) {
        t->ops->fail(t->st, &t->x, e);
    }
}

// The answer of the request in hand, as much as the machine takes of it.
static void rig_feed(struct rig_task *t, err lost)
{
    isize before;
    do {
        before = t->left.n;
        err e = t->left.n ? t->ops->body(t->st, &t->x, &t->left) : OK;
        if (!err_ok(e)) {
            rig_end(t, e);
            return;
        }
    } while (t->left.n && t->left.n < before);
    if (t->left.n == 0) {
        rig_end(t, lost);
    }
}

static void rig_turn_of(struct rig_task *t)
{
    if (t->asked) {
        rig_feed(t, OK);
        return;
    }
    if (rig.now_ms < t->until_ms) {
        return;
    }
    t->x = (struct exchange){
        .target = buf_over(t->target, COUNT(t->target)),
        .headers = buf_over(t->headers, COUNT(t->headers)),
        .detail = buf_over(t->detail, COUNT(t->detail)),
    };
    switch (t->ops->next(t->st, rig.now_ms, &t->x)) {
    case STEP_REQUEST: {
        struct http_head head = {0};
        err lost;
        t->asked = true;
        rig.requests++;
        t->left = rig_answer(t, &head.status, &lost);
        err e = t->ops->head(t->st, &t->x, &head);
        if (!err_ok(e)) {
            rig_end(t, e);
        } else {
            rig_feed(t, lost);
        }
        break;
    }
    case STEP_WAIT:
        break;
    case STEP_DONE:
    case STEP_FAILED:
        t->active = false;
        break;
    }
}

static void rig_turns(int count)
{
    for (int k = 0; k < count; k++) {
        rig.now_ms += 10;
        mailboxes_open_waiting(&rig.mailboxes);
        for (int i = 0; i < RIG_TASKS; i++) {
            if (rig.tasks[i].active) {
                rig_turn_of(&rig.tasks[i]);
            }
        }
    }
}

// ---- the sink, and what of elastic/bulk.c is asked for

enum sink_answer sink_put(struct sink *s, str id, struct buf *whole, struct bulk_item owner,
                          i64 now_ms)
{
    (void)s;
    (void)now_ms;
    rig.puts++;
    CHECK(whole->n > FETCH_DOC_OFFSET);
    if (rig.sink_broken || rig.sink_busy) {
        return rig.sink_broken ? SINK_BROKEN : SINK_BUSY;
    }
    ASSERT(rig.flying_count < RIG_SEEN);
    rig.flying[rig.flying_count].owner = owner;
    rig.flying[rig.flying_count].id_bytes = (int)id.n;
    memcpy(rig.flying[rig.flying_count++].id, id.p, (size_t)id.n);
    return id.p[0] == 'a' ? SINK_ALOFT : SINK_TAKEN;
}

err bulk_error(const struct bulk *b)
{
    (void)b;
    return OK;
}

bool bulk_put_delete(struct bulk *b, str id, u32 owner, u32 generation, i64 now_ms)
{
    (void)b, (void)id, (void)owner, (void)generation, (void)now_ms;
    return true;
}

// Verdicts for all that is in the air.
static void rig_land(void)
{
    for (int i = 0; i < rig.flying_count; i++) {
        u8 fate = rig.flying[i].id[0];
        struct bulk_result r = {
            .item = &rig.flying[i].owner,
            .id = str_make(rig.flying[i].id, rig.flying[i].id_bytes),
            .verdict = fate == 'x'   ? BULK_REJECTED
                       : fate == 'n' ? BULK_UNDECIDED
                                     : BULK_DONE,
            .error = fate == 'x' || fate == 'n' ? FAIL(BULK_AGAIN) : OK,
        };
        lanes_decided(&rig.lanes, &r);
    }
    rig.flying_count = 0;
}

#include "sync_source.h"

// ---- set up

static struct log *rig_log(struct plan *plan)
{
    return log_init(plan, LOG_ERROR + 1, LOG_PLAIN); // nothing is printed
}

// Everything fresh, the directory and the lanes under way; ids of `known` are in the index already.
static void rig_start(const struct rig_mailbox_script *scripts, isize count, const char *known)
{
    static struct arena arena;
    static struct plan plan;
    static u8 *memory, *large;
    memory = memory ? memory : malloc(MIB(16));
    large = large ? large : malloc(LANE_LARGE_BYTES);
    memset(&rig, 0, sizeof rig);
    memset(memory, 0, MIB(16));
    arena = arena_over(memory, MIB(16));
    plan = (struct plan){.arena = &arena};
    rig.scripts = scripts;
    rig.script_count = count;
    rig.now_ms = 1000;
    rig.source = (struct source){.ops = &rig_source_ops, .in_flight_max = 2};
    rig.settings = (struct job_settings){
        .limits = {.ids = 100,
                   .mailboxes = 100,
                   .lanes = RIG_LANES,
                   .mailbox_open = RIG_SLOTS,
                   .medium_buffers = 1},
        .to_elastic = true,
        .max_failed_mailboxes = 0.5,
        .max_failed_items = 0.5,
    };
    struct idset_entry *ids = plan_take_n(&plan, "ids", struct idset_entry, IDSET_PLACES(100), "");
    struct idset_entry *fates = plan_take_n(&plan, "fates", struct idset_entry, IDSET_PLACES(100),
                                            "");
    idset_init(&rig.purge.ids, ids, 100, (struct hash_key){0});
    idset_init(&rig.roster.set, fates, 100, (struct hash_key){0});
    rig.purge.roster = &rig.roster;
    rig.purge.shard = &rig.settings.shard;
    if (known) {
        CHECK(purge_visit_fill(
            &rig.purge, &(struct scan_hit){.id = str_from(known), .doc_id = str_from(known)}));
    }
    struct log *log = rig_log(&plan);
    rig.mailboxes = (struct mailboxes){
        .source = &rig.source, .log = log, .roster = &rig.roster, .stats = &rig.stats};
    mailboxes_init(&rig.mailboxes, &plan, &rig.settings);
    rig.lanes = (struct lanes){.source = &rig.source,
                               .mailboxes = &rig.mailboxes,
                               .purge = &rig.purge,
                               .stats = &rig.stats,
                               .log = log};
    lanes_init(&rig.lanes, &plan, &rig.settings);
    buffers_init(&rig.lanes.buffers, &plan, RIG_LANES, 1, buf_over(large, LANE_LARGE_BYTES));
    mailboxes_reset(&rig.mailboxes);
    lanes_reset(&rig.lanes);
    mailboxes_start(&rig.mailboxes);
    lanes_start(&rig.lanes, NULL);
}

#endif
