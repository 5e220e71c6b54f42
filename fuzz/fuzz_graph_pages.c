// SPDX-License-Identifier: Apache-2.0
// Aimed at graph_listing_*(), graph_fetch_*() and what they call (graph_page, graph_content,
// graph_sets, graph_ids, graph_link): a list of answers (answers.h) to one mailbox and its lane, in
// turn. The first byte: into what pieces they are cut, and how small the lane's buffer is; the
// second: whether owners are named, tasks there, calendars known, the ids compared. Whatever is
// said each unit comes to its end with one result of its own, what is called a document is JSON,
// the mailbox comes to its end, and nothing is in flight then; in pieces and in a growing buffer it
// is the same.
#include "graph_lane.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { UNITS_MAX = 2000, SMALLEST = KIB(112) }; // batches of parts of items need as much

static void open_mailbox(struct graph_rig *r, u8 how)
{
    r->o->run.document_level_security = how & 1;
    r->o->run.ids = how & 2 ? GRAPH_IDS_KNOWN : GRAPH_IDS_UNKNOWN;
    r->mailbox.phase = MAILBOX_LISTING;
    if (how & 4) {
        return; // it is asked what it has
    }
    graph_open(r);
    for (int i = 0; i < OUTLOOK_FOLDERS; i++) {
        if (i != (how >> 3) % OUTLOOK_CHILD_CALENDARS) {
            graph_box(r)->sets[i].state = GRAPH_SET_DONE;
        }
    }
    if (how & 0x40) { // some mail's attachments besides
        struct unit u = {
            .kind = EWS_KIND_MAIL, .page = true, .parts = true, .id = "A", .id_bytes = 1};
        bool fits = unit_queue_stage(&r->mailbox.queue, &u);
        ASSERT(fits);
        unit_queue_commit(&r->mailbox.queue);
    }
}

static u64 mailbox(str in, u8 how, isize step, isize cap)
{
    static struct answers a;
    struct graph_rig *r = graph_rig_make(cap);
    u64 hash = 1;
    int units = 0;
    open_mailbox(r, how);
    a.left = in;
    a.attempts = 0;
    a.step_bytes = step;
    for (int turn = 0; r->mailbox.phase == MAILBOX_LISTING || r->mailbox.queue.count; turn++) {
        ASSERT(turn < TURNS_MAX && units < UNITS_MAX);
        (void)answers_turn(&a, &graph_list_ops, r, INT64_MAX / 2);
        if (a.attempts || !graph_take(r, cap)) {
            continue;
        }
        struct unit taken = r->fetch.units[0];
        units++;
        if (!lane_units(r, &a, &hash)) {
            bool fits = unit_queue_return(&r->mailbox.queue, &taken);
            ASSERT(fits);
        }
    }
    (void)answers_turn(&a, &graph_list_ops, r, INT64_MAX / 2);
    ASSERT(graph_box(r)->pace.in_flight == 0);
    r->source.ops->mailbox_close(r->o, &r->mailbox);
    hash = lane_mix(hash, buf_str(&r->mailbox.detail));
    return hash ^ (u64)r->mailbox.phase ^ (u64)units << 8 ^
           (u64)(r->source.purge_held != NULL) << 32;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n < 2 || n > 16384) {
        return 0;
    }
    str in = str_make(p + 2, (isize)n - 2);
    u64 whole = mailbox(in, p[1], 0, KIB(256));
    u64 cut = mailbox(in, p[1], 1 + p[0] % 64, SMALLEST + 100 * (p[0] >> 6));
    ASSERT(whole == cut);
    return 0;
}
