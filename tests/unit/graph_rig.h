// SPDX-License-Identifier: Apache-2.0
// A mailbox of Exchange Online to be driven by hand: an Outlook source whose run goes to Graph and
// has its token, one mailbox, one lane whose buffer grows as sync's do and ends at a guard page,
// and the machines that sync/ makes of a source's steps. Also for fuzz targets.
#ifndef TESTS_UNIT_GRAPH_RIG_H
#define TESTS_UNIT_GRAPH_RIG_H

#include "machine.h"

#include "limits.h"
#include "source/outlook/graph_ids.h"
#include "source/outlook/outlook.h"
#include "source/outlook/outlook_schema.h"
#include "source/outlook/outlook_steps.h"

#define GRAPH_URL "https://graph.example.test/v1.0"
#define PAGE(items, rest) "{\"@odata.context\":\"x\",\"value\":[" items "]" rest "}"
#define NEXT(link) ",\"@odata.nextLink\":\"" GRAPH_URL link "\""
#define DELTA ",\"@odata.deltaLink\":\"" GRAPH_URL "/users/x/delta?$deltatoken=d\""
#define MODIFIED "\"lastModifiedDateTime\":\"2024-07-05T10:20:31Z\""
#define MAIL(id, rest) "{\"id\":\"" id "\",\"subject\":\"s" id "\"," MODIFIED rest "}"
#define REFUSAL(code) "{\"error\":{\"code\":\"" code "\",\"message\":\"words\"}}"
#define HAS ",\"hasAttachments\":true"

enum { GRAPH_REGION = MIB(1) };

struct graph_rig {
    struct arena arena;
    struct plan plan;
    struct tls_trust trust;
    struct source source;
    struct outlook *o;
    u8 detail_bytes[512], mailbox_detail[512];
    struct buf detail;
    struct mailbox mailbox;
    struct fetch fetch;
    u8 *region; // GRAPH_REGION bytes before a guard page: the lane's buffer is the end of it
    isize grow; // bytes more at each LANE_TOO_SMALL
    int grown;
    bool shape; // end() said LANE_TOO_SMALL
    union outlook_any_mailbox mailbox_state;
    union outlook_any_fetch fetch_state;
    struct machine list, lane;
    u8 units[UNIT_QUEUE_BYTES];
    _Alignas(16) u8 memory[MIB(2)];
};

#define GRAPH_RIG(st) struct graph_rig *r = (st)

static inline enum step graph_list_next(void *st, i64 now_ms, struct exchange *x)
{
    GRAPH_RIG(st);
    return r->source.ops->mailbox_next(r->o, &r->mailbox, now_ms, x);
}
static inline err graph_list_head(void *st, struct exchange *x, const struct http_head *head)
{
    GRAPH_RIG(st);
    return r->source.ops->mailbox_head(r->o, &r->mailbox, x, head);
}
static inline err graph_list_body(void *st, struct exchange *x, str *in)
{
    GRAPH_RIG(st);
    return r->source.ops->mailbox_body(r->o, &r->mailbox, x, in);
}
static inline err graph_list_end(void *st, struct exchange *x)
{
    GRAPH_RIG(st);
    return r->source.ops->mailbox_end(r->o, &r->mailbox, x);
}
static inline void graph_list_fail(void *st, struct exchange *x, err e)
{
    GRAPH_RIG(st);
    r->source.ops->mailbox_fail(r->o, &r->mailbox, x, e);
}

// What sync does: the content moves to larger memory, and what it was in becomes useless.
static inline void graph_place(struct graph_rig *r, isize cap)
{
    static u8 spare[GRAPH_REGION];
    struct buf *data = &r->fetch.data;
    ASSERT(cap <= GRAPH_REGION && data->n <= cap);
    if (data->n) {
        memcpy(spare, data->p, (size_t)data->n);
    }
    memset(r->region + GRAPH_REGION - cap, 0xee, (size_t)cap);
    if (data->n) {
        memcpy(r->region + GRAPH_REGION - cap, spare, (size_t)data->n);
    }
    *data = (struct buf){.p = r->region + GRAPH_REGION - cap, .n = data->n, .cap = cap};
}

static inline enum step graph_lane_next(void *st, i64 now_ms, struct exchange *x)
{
    GRAPH_RIG(st);
    enum step step = r->source.ops->fetch_next(r->o, &r->fetch, now_ms, x);
    r->fetch.data.n = step == STEP_WAIT ? 0 : r->fetch.data.n;
    return step;
}
static inline err graph_lane_head(void *st, struct exchange *x, const struct http_head *head)
{
    GRAPH_RIG(st);
    return r->source.ops->fetch_head(r->o, &r->fetch, x, head);
}
static inline void graph_grow(struct graph_rig *r)
{
    graph_place(r, r->fetch.data.cap + r->grow);
    r->grown++;
}
static inline err graph_lane_body(void *st, struct exchange *x, str *in)
{
    GRAPH_RIG(st);
    for (;;) {
        err e = r->source.ops->fetch_body(r->o, &r->fetch, x, in);
        ASSERT(!r->fetch.data.full);
        if (!err_is(e, ERR_LANE_TOO_SMALL)) {
            r->fetch.data.n = err_class(e) == ERR_CLASS_RETRY ? 0 : r->fetch.data.n;
            return e;
        }
        graph_grow(r);
    }
}
static inline err graph_lane_end(void *st, struct exchange *x)
{
    GRAPH_RIG(st);
    for (;;) {
        err e = r->source.ops->fetch_end(r->o, &r->fetch, x);
        if (!err_is(e, ERR_LANE_TOO_SMALL)) {
            r->fetch.data.n = err_class(e) == ERR_CLASS_RETRY ? 0 : r->fetch.data.n;
            return e;
        }
        graph_grow(r);
    }
}
static inline void graph_lane_fail(void *st, struct exchange *x, err e)
{
    GRAPH_RIG(st);
    r->source.ops->fetch_fail(r->o, &r->fetch, x, e);
}

#define GRAPH_OPS(part)                                                                     \
    {                                                                                       \
        .name = #part, .next = graph_##part##_next, .head = graph_##part##_head,            \
        .body = graph_##part##_body, .end = graph_##part##_end, .fail = graph_##part##_fail \
    }
static const struct machine_ops graph_list_ops = GRAPH_OPS(list);
static const struct machine_ops graph_lane_ops = GRAPH_OPS(lane);

// machine_init() without zeroing the megabyte that requests are copied to.
static inline void graph_machine(struct machine *m, const struct machine_ops *ops,
                                 struct graph_rig *r)
{
    memset(m, 0, offsetof(struct machine, text));
    m->text_bytes = 0;
    m->ops = ops;
    m->st = r;
    m->now_ms = 1000;
}

static inline void graph_token(struct graph_rig *r)
{
    struct entra_token *t = &r->o->run.tokens[ENTRA_GRAPH];
    memcpy(t->text, "tok", 3);
    t->bytes = 3;
    t->generation++;
    t->renew_ms = t->expires_ms = INT64_MAX;
}

static inline void graph_lane(struct graph_rig *r, isize cap)
{
    memset(&r->fetch, 0, sizeof r->fetch);
    memset(&r->fetch_state, 0, sizeof r->fetch_state);
    r->fetch.mailbox = &r->mailbox;
    r->fetch.state = &r->fetch_state;
    graph_place(r, cap);
    graph_machine(&r->lane, &graph_lane_ops, r);
}

static inline struct graph_box *graph_box(struct graph_rig *r)
{
    return &r->mailbox_state.graph;
}

// Its collections are there and nothing of them is listed, as if the listing had got so far.
static inline void graph_open(struct graph_rig *r)
{
    struct graph_box *box = graph_box(r);
    for (int i = 0; i < OUTLOOK_FOLDERS; i++) {
        graph_sets_begin(&box->sets[i]);
    }
    box->sets[OUTLOOK_CHILD_CALENDARS].state = GRAPH_SET_DONE;
    memcpy(box->tasks, "list", 4);
    box->tasks_bytes = 4;
    box->step = GRAPH_LIST_SETS;
}

static inline void graph_mailbox(struct graph_rig *r)
{
    static const str address = S("Ann@example.test");
    struct mailbox *m = &r->mailbox;
    memset(m, 0, sizeof *m);
    memset(&r->mailbox_state, 0, sizeof r->mailbox_state);
    memcpy(m->address, address.p, (size_t)address.n);
    m->address_bytes = (int)address.n;
    m->queue = (struct unit_queue){.bytes = r->units};
    m->detail = buf_over(r->mailbox_detail, COUNT(r->mailbox_detail));
    m->state = &r->mailbox_state;
    graph_machine(&r->list, &graph_list_ops, r);
}

// One mailbox, of which nothing is known; an empty lane of `cap` bytes.
static inline struct graph_rig *graph_rig_make(isize cap)
{
    static struct graph_rig rig;
    struct graph_rig *r = &rig;
    if (!r->region) {
        isize page = (isize)sysconf(_SC_PAGESIZE);
        r->region = mmap(NULL, (size_t)(GRAPH_REGION + page), PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        ASSERT(r->region != MAP_FAILED &&
               !mprotect(r->region + GRAPH_REGION, (size_t)page, PROT_NONE));
        r->arena = arena_over(r->memory, COUNT(r->memory));
        r->plan.arena = &r->arena;
        r->trust.verify = true;
        struct outlook_settings settings = {
            .max_file_bytes = MIB(10),
            .trust = &r->trust,
            .requests = 1,
            .graph_url = S("https://graph.example.test"),
            .login_url = S("https://login.example.test"),
        };
        outlook_init(&r->plan, &settings, &r->source);
        r->o = r->source.state;
    }
    struct field_value values[SCHEMA_FIELDS_MAX] = {0};
    values[OUTLOOK_FIELD_DATA_SOURCE].text = S("outlook_cloud");
    values[OUTLOOK_FIELD_TENANT_ID].text = S("contoso.example");
    values[OUTLOOK_FIELD_CLIENT_ID].text = S("11111111-2222-3333-4444-555555555555");
    values[OUTLOOK_FIELD_CLIENT_SECRET].text = S("aB~3/x+y");
    struct source_setup setup = {.values = values, .content = true};
    r->detail = buf_over(r->detail_bytes, COUNT(r->detail_bytes));
    err e = r->source.ops->configure(r->o, &setup, &r->detail);
    ASSERT(err_ok(e));
    r->o->run.way = OUTLOOK_WAY_GRAPH;
    r->source.purge_held = NULL;
    graph_token(r);
    graph_mailbox(r);
    r->grow = KIB(4);
    r->grown = 0;
    graph_lane(r, cap);
    return r;
}

// A lane takes the next unit of the queue. false: there is none.
static inline bool graph_take(struct graph_rig *r, isize cap)
{
    graph_lane(r, cap);
    r->fetch.unit_count = 1;
    return unit_queue_pop(&r->mailbox.queue, &r->fetch.units[0]);
}

// What sync does before it asks for the next result.
static inline void graph_clear_result(struct graph_rig *r)
{
    struct fetch *f = &r->fetch;
    f->decides = 0;
    f->id = (str){0};
    f->more = false;
    f->doc = (struct buf){0};
    f->timestamp = (str){0};
    f->message_bytes = 0;
    f->attached = false;
    f->verdict = FETCH_UNDECIDED;
    f->error = OK;
}

// What sync does to a document: it writes before and behind it.
static inline void graph_spoil(struct fetch *f)
{
    ASSERT(f->doc.p - f->data.p >= FETCH_DOC_OFFSET);
    ASSERT(f->data.p + f->data.cap - (f->doc.p + f->doc.n) >= FETCH_DOC_TAIL);
    memset(f->doc.p - FETCH_DOC_OFFSET, 0xdd, FETCH_DOC_OFFSET);
    memset(f->doc.p + f->doc.n, 0xdd, FETCH_DOC_TAIL);
}

// The results up to the end of the unit or the next question: "Did" a document of id, with verdicts
// D U N G C ?, "=N" or "=?" the unit itself, and a blank; "wait" or "ask".
static inline str graph_results(struct graph_rig *r)
{
    static u8 bytes[KIB(64)];
    static const char verdicts[] = {
        [FETCH_UNDECIDED] = '?', [FETCH_DOCUMENT] = 'D', [FETCH_UNCHANGED] = 'U',
        [FETCH_NOTHING] = 'N',   [FETCH_GONE] = 'G',     [FETCH_CORRUPT] = 'C'};
    struct buf b = buf_over(bytes, COUNT(bytes));
    struct fetch *f = &r->fetch;
    bool more = true;
    while (more) {
        graph_clear_result(r);
        enum step step = machine_next(&r->lane);
        if (step != STEP_DONE) {
            buf_put(&b, step == STEP_WAIT      ? (f->give_back ? S("back") : S("wait"))
                        : step == STEP_REQUEST ? S("ask")
                                               : S("failed"));
            break;
        }
        buf_put_byte(&b, f->decides < 0 ? (u8)verdicts[f->verdict] : '=');
        if (f->decides < 0) {
            buf_put(&b, f->id);
        } else {
            buf_put_byte(&b, (u8)verdicts[f->verdict]);
        }
        more = f->more;
        if (more) {
            buf_put_byte(&b, ' ');
        }
        if (f->verdict == FETCH_DOCUMENT) {
            graph_spoil(f);
        }
    }
    return buf_str(&b);
}

#endif
