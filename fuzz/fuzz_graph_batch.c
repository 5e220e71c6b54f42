// SPDX-License-Identifier: Apache-2.0
// Aimed at graph_batch_*(), graph_light_*() and what they call (graph_page, graph_sets): a list of
// answers (answers.h) to one folder that is listed lightly, and to the batches that read what is
// new in it. The first byte: into what pieces answers are cut, and how small the lane's buffer is;
// the second: which ids the index has as they are, how many mails wait already, whether owners are
// named. Whatever is said each mail is decided once, what is called a document is JSON, the mailbox
// comes to its end, and nothing is in flight then; in pieces and in a growing buffer it is the
// same.
#include "graph_lane.h"

#include "source/outlook/graph_light.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { UNITS_MAX = 2000, SMALLEST = KIB(112) };

static bool is_known(void *st, str id, str timestamp)
{
    const u8 *how = st;
    return timestamp.n && id.n && (id.p[id.n - 1] & 3) < (*how & 3);
}

// As sync takes them: a page alone, mails together.
static bool take(struct graph_rig *r, isize cap, u8 *how)
{
    struct fetch *f = &r->fetch;
    struct unit next;
    graph_lane(r, cap);
    f->is_unchanged = is_known;
    f->is_unchanged_st = how;
    while (f->unit_count < FETCH_UNITS_MAX && unit_queue_peek(&r->mailbox.queue, &next) &&
           (f->unit_count == 0 || (!next.page && !f->units[0].page))) {
        bool popped = unit_queue_pop(&r->mailbox.queue, &f->units[f->unit_count]);
        ASSERT(popped);
        f->unit_count++;
    }
    return f->unit_count > 0;
}

static void open_mailbox(struct graph_rig *r, u8 how)
{
    r->o->run.document_level_security = how & 4;
    r->o->run.ids = GRAPH_IDS_KNOWN;
    r->mailbox.phase = MAILBOX_LISTING;
    graph_open(r);
    r->source.known = 1;
    graph_light_begin(r->o, graph_box(r));
    for (int i = 0; i < OUTLOOK_FOLDERS; i++) {
        if (i != OUTLOOK_INBOX || (how & 8)) {
            graph_box(r)->sets[i].state = GRAPH_SET_DONE;
        }
    }
    for (int i = 0; i < how >> 4; i++) {
        struct unit u = {.kind = EWS_KIND_MAIL, .id = {(u8)('A' + i)}, .id_bytes = 1};
        bool fits = unit_queue_stage(&r->mailbox.queue, &u);
        ASSERT(fits);
    }
    unit_queue_commit(&r->mailbox.queue);
}

static u64 mailbox(str in, u8 how, isize step, isize cap)
{
    static struct answers a;
    struct graph_rig *r = graph_rig_make(cap);
    u64 hash = 1;
    int count = 0;
    open_mailbox(r, how);
    a.left = in;
    a.attempts = 0;
    a.step_bytes = step;
    for (int turn = 0; r->mailbox.phase == MAILBOX_LISTING || r->mailbox.queue.count; turn++) {
        ASSERT(turn < TURNS_MAX && count < UNITS_MAX);
        (void)answers_turn(&a, &graph_list_ops, r, INT64_MAX / 2);
        if (a.attempts || !take(r, cap, &how)) {
            continue;
        }
        static struct unit taken[FETCH_UNITS_MAX];
        int taken_count = r->fetch.unit_count;
        memcpy(taken, r->fetch.units, sizeof taken);
        count++;
        if (!lane_units(r, &a, &hash)) {
            for (int i = taken_count - 1; i >= 0; i--) {
                bool fits = unit_queue_return(&r->mailbox.queue, &taken[i]);
                ASSERT(fits);
            }
        }
    }
    (void)answers_turn(&a, &graph_list_ops, r, INT64_MAX / 2);
    ASSERT(graph_box(r)->pace.in_flight == 0);
    r->source.ops->mailbox_close(r->o, &r->mailbox);
    hash = lane_mix(hash, buf_str(&r->mailbox.detail));
    return hash ^ (u64)r->mailbox.phase ^ (u64)count << 8 ^ (u64)r->mailbox.units_listed << 24;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n < 2 || n > 16384) {
        return 0;
    }
    str in = str_make(p + 2, (isize)n - 2);
    u64 whole = mailbox(in, p[1], 0, GRAPH_REGION);
    u64 cut = mailbox(in, p[1], 1 + p[0] % 64, SMALLEST + 100 * (p[0] >> 6));
    ASSERT(whole == cut);
    return 0;
}
