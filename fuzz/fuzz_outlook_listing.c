// SPDX-License-Identifier: Apache-2.0
// Aimed at outlook_listing_*(), outlook_folders_*(), outlook_call_*(): a list of answers
// (answers.h) to a mailbox's listing. The first byte: into what pieces they are cut. An answer that
// was not whole, or not to the question, yields no unit; units are valid; whatever is said the
// listing comes to its end and gives its reader back; however the answers are cut it is the same.
#include "../tests/unit/outlook_rig.h"
#include "answers.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { TURNS_MAX = 4000 };

struct outcome {
    enum mailbox_phase phase;
    u16 error;
    i64 listed;
    u64 hash;
};

static void drain(struct rig *r, struct outcome *o)
{
    struct unit u;
    while (unit_queue_pop(&r->mailbox.queue, &u)) {
        ASSERT(u.id_bytes > 0 && u.id_bytes <= UNIT_ID_BYTES && u.kind < EWS_KINDS);
        ASSERT(u.folder < OUTLOOK_FOLDERS && u.timestamp_bytes <= UNIT_TIMESTAMP_BYTES);
        for (int i = 0; i < u.id_bytes; i++) {
            ASSERT(u.id[i] > ' ' && u.id[i] < 0x7f);
            o->hash = (o->hash ^ u.id[i]) * 0x100000001b3U;
        }
        o->hash = (o->hash ^ u.parts ^ (u64)u.kind << 8) * 0x100000001b3U;
    }
}

static struct outcome list(str in, isize step)
{
    static struct answers a;
    struct rig *r = rig_make(KIB(32));
    struct outcome o = {.hash = 1};
    a.left = in;
    a.attempts = 0;
    a.step_bytes = step;
    for (int turn = 0;; turn++) {
        i64 listed = r->mailbox.units_listed;
        int count = r->mailbox.queue.count;
        ASSERT(turn < TURNS_MAX && count == 0);
        enum step s = answers_turn(&a, &rig_list_ops, r, INT64_MAX / 2);
        ASSERT(r->mailbox.units_listed - listed == r->mailbox.queue.count);
        ASSERT(r->mailbox.queue.staged == 0 || r->mailbox_state.step == OUTLOOK_LIST_ITEMS);
        if (s != STEP_REQUEST) {
            ASSERT(r->mailbox.phase != MAILBOX_LISTING);
            break;
        }
        drain(r, &o);
    }
    o.phase = r->mailbox.phase;
    o.error = r->mailbox.error.code;
    o.listed = r->mailbox.units_listed;
    ASSERT(o.phase != MAILBOX_LISTED || (!r->mailbox_state.bad_ids && !r->mailbox_state.closed));
    r->source.ops->mailbox_close(r->o, &r->mailbox);
    ASSERT(rig_readers_used(r) == 0);
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n < 1 || n > 32768) {
        return 0;
    }
    str in = str_make(p + 1, (isize)n - 1);
    struct outcome whole = list(in, 0);
    struct outcome cut = list(in, 1 + p[0] % 64);
    ASSERT(whole.phase == cut.phase && whole.error == cut.error);
    ASSERT(whole.listed == cut.listed && whole.hash == cut.hash);
    return 0;
}
