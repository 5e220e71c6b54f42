// SPDX-License-Identifier: Apache-2.0
// Aimed at graph_batch_*(), graph_light_*() and what they call (graph_page, graph_sets): a list of
// answers (answers.h) to one folder that is listed lightly, and to the batches that read what is
// new in it. The first byte: into what pieces answers are cut, and how small the lane's buffer is;
// the second: which ids the index has as they are, how many mails wait already, whether owners are
// named. Whatever is said each mail is decided once, what is called a document is JSON, the mailbox
// comes to its end, and nothing is in flight then; in pieces and in a growing buffer it is the
// same.
#include "../tests/unit/graph_rig.h"
#include "answers.h"

#include "codec/json.h"
#include "source/outlook/graph_light.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { TURNS_MAX = 20000, UNITS_MAX = 2000, SMALLEST = KIB(80) };

static void check_document(const struct fetch *f)
{
    static u8 text[GRAPH_REGION];
    static struct json_node nodes[4096];
    struct json j;
    struct buf b = buf_over(text, COUNT(text));
    ASSERT(f->timestamp.p >= f->doc.p && f->timestamp.p + f->timestamp.n <= f->doc.p + f->doc.n);
    buf_put_byte(&b, '{');
    buf_put(&b, buf_str(&f->doc));
    buf_put_byte(&b, '}');
    err e = json_parse(&j, buf_str(&b), nodes, COUNT(nodes));
    ASSERT(err_ok(e) || err_is(e, ERR_JSON_TOO_MANY));
    ASSERT(!err_ok(e) || json_get(&j, 0, S("_timestamp")) >= 0);
}

static u64 mix(u64 hash, str s)
{
    for (isize i = 0; i < s.n; i++) {
        hash = (hash ^ s.p[i]) * 0x100000001b3U;
    }
    return (hash ^ (u64)s.n) * 0x100000001b3U;
}

static bool is_known(void *st, str id, str timestamp)
{
    const u8 *how = st;
    return timestamp.n && id.n && (id.p[id.n - 1] & 3) < (*how & 3);
}

// The units to their end. false: they were given back.
static bool units(struct graph_rig *r, struct answers *a, u64 *hash)
{
    struct fetch *f = &r->fetch;
    u32 decided = 0;
    for (int turn = 0;; turn++) {
        ASSERT(turn < TURNS_MAX);
        graph_clear_result(r);
        enum step s = answers_turn(a, &graph_lane_ops, r, INT64_MAX / 2);
        if (s == STEP_REQUEST) {
            f->data.n = a->attempts ? 0 : f->data.n; // as lanes do between attempts
            continue;
        }
        if (s == STEP_WAIT) {
            ASSERT(f->give_back && decided == 0);
            return false;
        }
        ASSERT(s == STEP_DONE && f->decides < f->unit_count);
        *hash = (*hash ^ (u64)f->verdict ^ (u64)(f->decides + 1) << 8) * 0x100000001b3U;
        *hash = mix(mix(*hash, buf_str(&f->doc)), f->id);
        if (f->decides >= 0) {
            ASSERT(!(decided >> f->decides & 1));
            decided |= (u32)1 << f->decides;
        }
        if (f->verdict == FETCH_DOCUMENT) {
            bool light = graph_box(r)->sets[OUTLOOK_INBOX].light;
            ASSERT(f->decides >= 0 || f->units[0].parts || !light);
            check_document(f);
            graph_spoil(f);
        }
        if (!f->more) {
            ASSERT(decided == ((u32)1 << f->unit_count) - 1);
            return true;
        }
    }
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
        if (!units(r, &a, &hash)) {
            for (int i = taken_count - 1; i >= 0; i--) {
                bool fits = unit_queue_return(&r->mailbox.queue, &taken[i]);
                ASSERT(fits);
            }
        }
    }
    (void)answers_turn(&a, &graph_list_ops, r, INT64_MAX / 2);
    ASSERT(graph_box(r)->pace.in_flight == 0);
    r->source.ops->mailbox_close(r->o, &r->mailbox);
    hash = mix(hash, buf_str(&r->mailbox.detail));
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
