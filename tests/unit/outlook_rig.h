// SPDX-License-Identifier: Apache-2.0
// An Outlook source to be driven by hand: one mailbox, one lane whose buffer grows as sync's do and
// ends at a guard page, and the machines that sync/ makes of a source's steps, cut down to what
// source.h says. Also for fuzz targets.
#ifndef TESTS_UNIT_OUTLOOK_RIG_H
#define TESTS_UNIT_OUTLOOK_RIG_H

#include "machine.h"

#include "limits.h"
#include "source/outlook/outlook.h"
#include "source/outlook/outlook_directory.h"
#include "source/outlook/outlook_fetch.h"
#include "source/outlook/outlook_folders.h"
#include "source/outlook/outlook_listing.h"
#include "source/outlook/outlook_schema.h"

// ---- answers

#define NS_M "http://schemas.microsoft.com/exchange/services/2006/messages"
#define NS_T "http://schemas.microsoft.com/exchange/services/2006/types"
#define EWS_OPEN                                                                        \
    "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:m=\"" NS_M \
    "\" xmlns:t=\"" NS_T "\"><s:Body>"
#define EWS_CLOSE "</s:Body></s:Envelope>"
#define EWS(op, messages)                                                                     \
    EWS_OPEN "<m:" op "Response><m:ResponseMessages>" messages "</m:ResponseMessages></m:" op \
             "Response>" EWS_CLOSE
#define FINE(op, content)                                                                        \
    "<m:" op                                                                                     \
    "ResponseMessage ResponseClass=\"Success\"><m:ResponseCode>NoError</m:ResponseCode>" content \
    "</m:" op "ResponseMessage>"
#define WRONG(op, class, code)                                                                  \
    "<m:" op "ResponseMessage ResponseClass=\"" class "\"><m:MessageText>words</m:MessageText>" \
                                                      "<m:ResponseCode>" code                   \
                                                      "</m:ResponseCode></m:" op                \
                                                      "ResponseMessage>"
#define FAULT(code, detail)                                                \
    EWS_OPEN "<s:Fault><faultcode>a:" code                                 \
             "</faultcode><faultstring>words</faultstring><detail>" detail \
             "</detail></s:Fault>" EWS_CLOSE

// ---- one source

enum { RIG_REGION = MIB(1), RIG_ACCOUNTS = 512 };

struct rig {
    struct arena arena;
    struct plan plan;
    struct source source;
    struct outlook *o;
    u8 detail_bytes[512];
    struct buf detail;

    struct mailbox mailbox;
    u8 mailbox_detail[512];
    struct fetch fetch;
    u8 *region; // RIG_REGION bytes before a guard page: the lane's buffer is the end of it
    isize grow; // bytes more at each LANE_TOO_SMALL
    int grown;

    struct account_sink sink;
    int accounts, accounts_room;
    struct buf accounts_seen; // "address[flags]name\n"

    // From here on nothing is zeroed as a whole.
    struct outlook_mailbox mailbox_state;
    struct outlook_fetch fetch_state;
    struct outlook_directory directory_state;
    struct machine list, lane, walk;
    u8 units[UNIT_QUEUE_BYTES];
    u8 account_text[RIG_ACCOUNTS * 64];
    _Alignas(16) u8 memory[MIB(2)];
};

#define RIG(st) struct rig *r = (st)

static inline enum step rig_list_next(void *st, i64 now_ms, struct exchange *x)
{
    RIG(st);
    return r->source.ops->mailbox_next(r->o, &r->mailbox, now_ms, x);
}
static inline err rig_list_head(void *st, struct exchange *x, const struct http_head *head)
{
    RIG(st);
    return r->source.ops->mailbox_head(r->o, &r->mailbox, x, head);
}
static inline err rig_list_body(void *st, struct exchange *x, str *in)
{
    RIG(st);
    return r->source.ops->mailbox_body(r->o, &r->mailbox, x, in);
}
static inline err rig_list_end(void *st, struct exchange *x)
{
    RIG(st);
    return r->source.ops->mailbox_end(r->o, &r->mailbox, x);
}
static inline void rig_list_fail(void *st, struct exchange *x, err e)
{
    RIG(st);
    r->source.ops->mailbox_fail(r->o, &r->mailbox, x, e);
}

static inline enum step rig_lane_next(void *st, i64 now_ms, struct exchange *x)
{
    RIG(st);
    return r->source.ops->fetch_next(r->o, &r->fetch, now_ms, x);
}
static inline err rig_lane_head(void *st, struct exchange *x, const struct http_head *head)
{
    RIG(st);
    return r->source.ops->fetch_head(r->o, &r->fetch, x, head);
}

// What sync does: the content moves to larger memory, and what it was in becomes useless.
static inline void rig_place(struct rig *r, isize cap)
{
    static u8 spare[RIG_REGION];
    struct buf *data = &r->fetch.data;
    ASSERT(cap <= RIG_REGION && data->n <= cap);
    if (data->n) {
        memcpy(spare, data->p, (size_t)data->n);
        memcpy(r->region + RIG_REGION - cap, spare, (size_t)data->n);
    }
    *data = (struct buf){.p = r->region + RIG_REGION - cap, .n = data->n, .cap = cap};
}

static inline err rig_lane_body(void *st, struct exchange *x, str *in)
{
    RIG(st);
    for (;;) {
        err e = r->source.ops->fetch_body(r->o, &r->fetch, x, in);
        ASSERT(!r->fetch.data.full);
        if (!err_is(e, ERR_LANE_TOO_SMALL)) {
            r->fetch.data.n = err_class(e) == ERR_CLASS_RETRY ? 0 : r->fetch.data.n;
            return e;
        }
        rig_place(r, r->fetch.data.cap + r->grow);
        r->grown++;
    }
}
static inline err rig_lane_end(void *st, struct exchange *x)
{
    RIG(st);
    err e = r->source.ops->fetch_end(r->o, &r->fetch, x);
    r->fetch.data.n = err_class(e) == ERR_CLASS_RETRY ? 0 : r->fetch.data.n;
    return e;
}
static inline void rig_lane_fail(void *st, struct exchange *x, err e)
{
    RIG(st);
    r->source.ops->fetch_fail(r->o, &r->fetch, x, e);
}

static inline bool rig_take(void *st, const struct account *a)
{
    struct rig *r = st;
    if (r->accounts >= r->accounts_room) {
        return false;
    }
    r->accounts++;
    str parts[] = {a->address, S("["), a->flags, S("]"), a->name, S("\n")};
    for (int i = 0; i < COUNT(parts); i++) {
        buf_put(&r->accounts_seen, parts[i]);
    }
    return true;
}

#define RIG_OPS(part)                                                                 \
    {                                                                                 \
        .name = #part, .next = rig_##part##_next, .head = rig_##part##_head,          \
        .body = rig_##part##_body, .end = rig_##part##_end, .fail = rig_##part##_fail \
    }
static const struct machine_ops rig_list_ops = RIG_OPS(list);
static const struct machine_ops rig_lane_ops = RIG_OPS(lane);

// machine_init() without zeroing the megabyte that requests are copied to.
static inline void rig_machine(struct machine *m, const struct machine_ops *ops, struct rig *r)
{
    memset(m, 0, offsetof(struct machine, text));
    m->text_bytes = 0;
    m->ops = ops;
    m->st = r;
    m->now_ms = 1000;
}

static inline void rig_values(struct field_value values[SCHEMA_FIELDS_MAX])
{
    memset(values, 0, sizeof(struct field_value) * SCHEMA_FIELDS_MAX);
    values[OUTLOOK_FIELD_DATA_SOURCE].text = S("outlook_server");
    values[OUTLOOK_FIELD_EXCHANGE_SERVER].text = S("mail.example.test");
    values[OUTLOOK_FIELD_DIRECTORY_SERVER].text = S("dc.example.test");
    values[OUTLOOK_FIELD_USERNAME].text = S("EXAMPLE\\svc");
    values[OUTLOOK_FIELD_PASSWORD].text = S("Passw0rd");
    values[OUTLOOK_FIELD_DOMAIN].text = S("example.test");
}

static inline void rig_mailbox(struct rig *r)
{
    static const str address = S("Ann@example.test");
    struct mailbox *m = &r->mailbox;
    memset(m, 0, sizeof *m);
    memset(&r->mailbox_state, 0, offsetof(struct outlook_mailbox, ids));
    memcpy(m->address, address.p, (size_t)address.n);
    m->address_bytes = (int)address.n;
    m->queue = (struct unit_queue){.bytes = r->units};
    m->detail = buf_over(r->mailbox_detail, COUNT(r->mailbox_detail));
    m->state = &r->mailbox_state;
    rig_machine(&r->list, &rig_list_ops, r);
}

// A source with usual settings, configured; one mailbox, open; an empty lane of `cap` bytes.
static inline struct rig *rig_make(isize cap)
{
    static struct rig rig;
    struct rig *r = &rig;
    if (!r->region) {
        isize page = (isize)sysconf(_SC_PAGESIZE);
        r->region = mmap(NULL, (size_t)(RIG_REGION + page), PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        ASSERT(r->region != MAP_FAILED &&
               !mprotect(r->region + RIG_REGION, (size_t)page, PROT_NONE));
        r->arena = arena_over(r->memory, COUNT(r->memory));
        r->plan.arena = &r->arena;
        struct outlook_settings settings = {.max_file_bytes = MIB(10)};
        outlook_init(&r->plan, &settings, &r->source);
        r->o = r->source.state;
    }
    struct field_value values[SCHEMA_FIELDS_MAX];
    rig_values(values);
    struct source_setup setup = {.values = values, .content = true};
    r->detail = buf_over(r->detail_bytes, COUNT(r->detail_bytes));
    err e = r->source.ops->configure(r->o, &setup, &r->detail);
    ASSERT(err_ok(e));
    rig_mailbox(r);
    memset(&r->fetch, 0, sizeof r->fetch);
    memset(&r->fetch_state, 0, sizeof r->fetch_state);
    r->fetch.mailbox = &r->mailbox;
    r->fetch.state = &r->fetch_state;
    r->grow = KIB(4);
    r->grown = 0;
    rig_place(r, cap);
    rig_machine(&r->lane, &rig_lane_ops, r);
    memset(&r->directory_state, 0, sizeof r->directory_state);
    r->accounts = 0;
    r->accounts_room = RIG_ACCOUNTS;
    r->accounts_seen = buf_over(r->account_text, COUNT(r->account_text));
    r->sink = (struct account_sink){.take = rig_take, .st = r};
    return r;
}

static inline void rig_unit(struct rig *r, const char *id, enum ews_kind kind, bool parts)
{
    struct unit *u = &r->fetch.units[r->fetch.unit_count++];
    str s = str_from(id);
    memcpy(u->id, s.p, (size_t)s.n);
    u->id_bytes = (int)s.n;
    u->kind = (u8)kind;
    u->folder = kind == EWS_KIND_CALENDAR ? OUTLOOK_CALENDAR : OUTLOOK_INBOX;
    u->parts = parts;
}

static inline int rig_readers_used(const struct rig *r)
{
    int used = 0;
    for (int i = 0; i < r->o->reader_count; i++) {
        used += r->o->readers[i].used;
    }
    return used;
}

// What sync does before it asks for the next result.
static inline void rig_clear_result(struct rig *r)
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

#endif
