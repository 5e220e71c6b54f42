// SPDX-License-Identifier: Apache-2.0
// Aimed at the listing's body() and end(): gmail_listing_*(). The first byte says into what pieces
// the answer is cut, the second how full the queue is. Whole and cut the page gives the same ids; a
// page that is not wholly read gives none and leaves the listing unfinished.
#include "../tests/unit/gmail_rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void drain(void *st)
{
    struct rig *r = st;
    struct unit unit;
    while (r->mailbox.queue.count > 500 && unit_queue_pop(&r->mailbox.queue, &unit)) {
    }
}

struct outcome {
    enum mailbox_phase phase;
    i64 listed;
    u64 hash; // of the ids in the queue
    bool page;
};

static struct outcome list(str body, isize step)
{
    struct rig *r = rig_make(NULL);
    rig_grant(r);
    r->list.step_bytes = step;
    r->list.stalled = drain;
    r->list.stalled_st = r;
    enum step asked = machine_next(&r->list);
    ASSERT(asked == STEP_REQUEST);
    struct machine_answer answer = ANSWER_STR(200, body);
    machine_finish(&r->list, &answer);
    struct gmail_mailbox *gm = r->mailbox.state;
    struct outcome o = {
        .phase = r->mailbox.phase, .listed = r->mailbox.units_listed, .page = err_ok(r->list.last)};
    ASSERT(o.page == gm->listing.page_read);
    ASSERT(o.page || o.phase == MAILBOX_LISTING);
    ASSERT(o.page || o.listed == 0 ||
           o.listed >= 1024); // only a page that is far too long counts early
    struct unit unit;
    while (unit_queue_pop(&r->mailbox.queue, &unit)) {
        ASSERT(unit.id_bytes > 0 && unit.id_bytes <= UNIT_ID_BYTES);
        for (int i = 0; i < unit.id_bytes; i++) {
            ASSERT(unit.id[i] > ' ' && unit.id[i] < 0x7f);
            o.hash = o.hash * 1099511628211U + unit.id[i];
        }
    }
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n < 1 || n > 32768) {
        return 0;
    }
    str body = str_make(p + 1, (isize)n - 1);
    struct outcome whole = list(body, 0);
    struct outcome cut = list(body, 1 + p[0] % 64);
    ASSERT(whole.page == cut.page && whole.phase == cut.phase);
    ASSERT(!whole.page || (whole.listed == cut.listed && whole.hash == cut.hash));
    return 0;
}
