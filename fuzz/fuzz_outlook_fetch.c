// SPDX-License-Identifier: Apache-2.0
// Aimed at outlook_fetch_*(), outlook_attachment_*(), outlook_parts_*(): a list of answers
// (answers.h) to a batch of items. The first byte: into what pieces they are cut, and how small the
// lane's buffer is; the second: how many units of which kind. Whatever is said each unit gets
// exactly one result, what is called a document is JSON, the batch comes to its end and gives its
// reader back; in pieces and in a growing buffer it is the same.
#include "../tests/unit/outlook_rig.h"
#include "answers.h"
#include "fetched.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { TURNS_MAX = 8000, SMALLEST = KIB(26) };

static u64 fetch(str in, u8 units, isize step, isize cap)
{
    static struct answers a;
    struct rig *r = rig_make(cap);
    struct fetch *f = &r->fetch;
    u64 hash = 1;
    u32 decided = 0;
    static const char *const ids[] = {"A", "B", "C"};
    for (int i = 0; i <= (units & 3) % 3; i++) {
        rig_unit(r, ids[i], (enum ews_kind)((units >> 2) % EWS_KINDS), units & 0x20);
        f->units[i].intact = units & 0x40 && i != 1;
    }
    r->o->run.document_level_security = units & 0x80;
    r->mailbox.phase = MAILBOX_LISTING;
    a.left = in;
    a.attempts = 0;
    a.step_bytes = step;
    for (int turn = 0;; turn++) {
        ASSERT(turn < TURNS_MAX);
        rig_clear_result(r);
        enum step s = answers_turn(&a, &rig_lane_ops, r, INT64_MAX / 2);
        if (s == STEP_REQUEST) {
            f->data.n = a.attempts ? 0 : f->data.n; // as lanes do between attempts
            continue;
        }
        ASSERT(s == STEP_DONE);
        ASSERT(f->decides < f->unit_count && (f->decides < 0 || !(decided >> f->decides & 1)));
        decided |= f->decides < 0 ? 0 : (u32)1 << f->decides;
        if (f->verdict == FETCH_DOCUMENT) {
            ASSERT(f->doc.p - f->data.p >= FETCH_DOC_OFFSET);
            ASSERT(f->data.p + f->data.cap - (f->doc.p + f->doc.n) >= FETCH_DOC_TAIL);
            fetched_check(f);
        }
        hash = (hash ^ (u64)f->verdict ^ (u64)(f->decides + 1) << 8) * 0x100000001b3U;
        for (isize i = 0; i < f->doc.n; i++) {
            hash = (hash ^ f->doc.p[i]) * 0x100000001b3U;
        }
        for (isize i = 0; i < f->id.n; i++) {
            hash = (hash ^ f->id.p[i]) * 0x100000001b3U;
        }
        ASSERT(rig_readers_used(r) == 0);
        if (!f->more) {
            break;
        }
    }
    ASSERT(decided == ((u32)1 << f->unit_count) - 1);
    return hash ^ (u64)r->mailbox.phase;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n < 2 || n > 32768) {
        return 0;
    }
    str in = str_make(p + 2, (isize)n - 2);
    u64 whole = fetch(in, p[1], 0, RIG_REGION);
    u64 cut = fetch(in, p[1], 1 + p[0] % 64, SMALLEST + 100 * (p[0] >> 6));
    ASSERT(whole == cut);
    return 0;
}
