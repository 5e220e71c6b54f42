// SPDX-License-Identifier: Apache-2.0
// A Gmail source to be driven by hand: clocks that the test moves, a key that signs nothing
// (signatures are tested in test_gmail_account.c), one mailbox, one lane, and the three machines
// that sync/ makes of a source's steps, cut down to what the contract of source.h says. Also for
// fuzz targets.
#ifndef TESTS_UNIT_GMAIL_RIG_H
#define TESTS_UNIT_GMAIL_RIG_H

#include "machine.h"

#include "gmail_below.h"
#include "gmail_case.h"

#include "limits.h"
#include "source/gmail/gmail.h"
#include "source/gmail/gmail_directory.h"
#include "source/gmail/gmail_listing.h"
#include "source/gmail/gmail_message.h"

// ---- one source

#define RIG_ACCOUNT                                                                          \
    "{\"type\":\"service_account\",\"project_id\":\"demo\",\"private_key_id\":\"a1b2\","     \
    "\"private_key\":\"-----BEGIN PRIVATE KEY-----\\nAA==\\n-----END PRIVATE KEY-----\\n\"," \
    "\"client_email\":\"sync@demo.iam.gserviceaccount.com\",\"client_id\":\"1045\"}"
#define RIG_TOKEN "{\"access_token\":\"ya29.one\",\"expires_in\":3599,\"token_type\":\"Bearer\"}"
#define RIG_TOKEN_2 "{\"access_token\":\"ya29.two\",\"expires_in\":3599,\"token_type\":\"Bearer\"}"

enum { RIG_ACCOUNTS = 2048, RIG_DATA = 1 << 20 };

struct rig {
    struct arena arena;
    struct plan plan;
    struct dest token, directory, gmail;
    struct source source;
    u8 detail_bytes[512];
    struct buf detail;

    struct mailbox mailbox;
    u8 units[UNIT_QUEUE_BYTES];
    u8 mailbox_detail[512];
    struct fetch fetch;
    u8 *region; // RIG_DATA bytes before a guard page: the lane's buffer is the end of it
    isize grow; // bytes more at each LANE_TOO_SMALL; 0: the test sees it
    int grown;
    bool stuck; // a larger buffer is needed, and `grow` is 0

    struct account_sink sink;
    int accounts, accounts_room;
    struct buf accounts_seen; // "address[flags]\n"

    // From here on nothing is zeroed as a whole: it is large, and fuzz targets are in a hurry.
    struct machine walk, list, lane; // directory, mailbox, lane
    u8 account_text[RIG_ACCOUNTS * 64];
    _Alignas(16) u8 directory_state[sizeof(struct gmail_directory)];
    _Alignas(16) u8 mailbox_state[sizeof(struct gmail_mailbox)];
    _Alignas(16) u8 fetch_state[sizeof(struct gmail_message)];
    _Alignas(16) u8 memory[KIB(48)];
};

// machine_init() without zeroing the megabyte that requests are copied to.
static inline void rig_machine(struct machine *m, const struct machine_ops *ops, struct rig *r)
{
    memset(m, 0, offsetof(struct machine, text));
    m->text_bytes = 0;
    m->ops = ops;
    m->st = r;
    m->now_ms = 1000;
}

static inline bool rig_take(void *st, const struct account *a)
{
    struct rig *r = st;
    if (r->accounts >= r->accounts_room) {
        return false;
    }
    r->accounts++;
    buf_put(&r->accounts_seen, a->address);
    buf_put(&r->accounts_seen, S("["));
    buf_put(&r->accounts_seen, a->flags);
    buf_put(&r->accounts_seen, S("]\n"));
    return true;
}

#define RIG(st) struct rig *r = (st)

static inline enum step rig_walk_next(void *st, i64 now_ms, struct exchange *x)
{
    RIG(st);
    return r->source.ops->accounts_next(r->source.state, r->directory_state, now_ms, x);
}
static inline err rig_walk_head(void *st, struct exchange *x, const struct http_head *head)
{
    RIG(st);
    return r->source.ops->accounts_head(r->source.state, r->directory_state, x, head);
}
static inline err rig_walk_body(void *st, struct exchange *x, str *in)
{
    RIG(st);
    return r->source.ops->accounts_body(r->source.state, r->directory_state, x, in, &r->sink);
}
static inline err rig_walk_end(void *st, struct exchange *x)
{
    RIG(st);
    return r->source.ops->accounts_end(r->source.state, r->directory_state, x);
}
static inline void rig_walk_fail(void *st, struct exchange *x, err e)
{
    RIG(st);
    (void)r->source.ops->accounts_fail(r->source.state, r->directory_state, x, e);
}

static inline enum step rig_list_next(void *st, i64 now_ms, struct exchange *x)
{
    RIG(st);
    return r->source.ops->mailbox_next(r->source.state, &r->mailbox, now_ms, x);
}
static inline err rig_list_head(void *st, struct exchange *x, const struct http_head *head)
{
    RIG(st);
    return r->source.ops->mailbox_head(r->source.state, &r->mailbox, x, head);
}
static inline err rig_list_body(void *st, struct exchange *x, str *in)
{
    RIG(st);
    return r->source.ops->mailbox_body(r->source.state, &r->mailbox, x, in);
}
static inline err rig_list_end(void *st, struct exchange *x)
{
    RIG(st);
    return r->source.ops->mailbox_end(r->source.state, &r->mailbox, x);
}
static inline void rig_list_fail(void *st, struct exchange *x, err e)
{
    RIG(st);
    r->source.ops->mailbox_fail(r->source.state, &r->mailbox, x, e);
}

#define RIG_OPS(part)                                                                 \
    {                                                                                 \
        .name = #part, .next = rig_##part##_next, .head = rig_##part##_head,          \
        .body = rig_##part##_body, .end = rig_##part##_end, .fail = rig_##part##_fail \
    }
static const struct machine_ops rig_walk_ops = RIG_OPS(walk);
static const struct machine_ops rig_list_ops = RIG_OPS(list);

static inline struct gmail_case rig_settings(struct rig *r)
{
    r->token = (struct dest){.label = "token", .url = {.path = S("/token")}, .index = 1};
    r->directory = (struct dest){.label = "Directory API", .url = {.path = S("/")}, .index = 2};
    r->gmail = (struct dest){.label = "Gmail API", .url = {.path = S("/")}, .index = 3};
    return (struct gmail_case){
        .service_account = S(RIG_ACCOUNT),
        .subject = S("admin@example.test"),
        .customer_id = S("C01"),
        .token = &r->token,
        .directory = &r->directory,
        .gmail = &r->gmail,
    };
}

static inline err rig_open(struct rig *r, const struct gmail_case *settings)
{
    r->arena = arena_over(r->memory, COUNT(r->memory));
    memset(&r->plan, 0, sizeof r->plan);
    r->plan.arena = &r->arena;
    r->detail = buf_over(r->detail_bytes, COUNT(r->detail_bytes));
    return gmail_case_open(&r->plan, settings, &r->source, &r->detail);
}

static inline void rig_mailbox(struct rig *r, str address, str flags)
{
    struct mailbox *m = &r->mailbox;
    memset(m, 0, sizeof *m);
    memset(r->mailbox_state, 0, sizeof r->mailbox_state);
    memcpy(m->address, address.p, (size_t)address.n);
    m->address_bytes = (int)address.n;
    memcpy(m->flags, flags.p, (size_t)flags.n);
    m->flags_bytes = (int)flags.n;
    m->queue = (struct unit_queue){.bytes = r->units};
    m->detail = buf_over(r->mailbox_detail, COUNT(r->mailbox_detail));
    m->state = r->mailbox_state;
    rig_machine(&r->list, &rig_list_ops, r);
}

// A source with usual settings, one mailbox that is open and has no token yet, room for accounts.
static inline struct rig *rig_make(const struct gmail_case *settings)
{
    static struct rig rig;
    static u8 *region;
    struct rig *r = &rig;
    if (!region) {
        isize page = (isize)sysconf(_SC_PAGESIZE);
        region = mmap(NULL, (size_t)(RIG_DATA + page), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        ASSERT(region != MAP_FAILED && !mprotect(region + RIG_DATA, (size_t)page, PROT_NONE));
    }
    memset(r, 0, offsetof(struct rig, walk));
    memset(r->directory_state, 0, sizeof r->directory_state);
    r->region = region;
    rig_mono_ms = 1000;
    rig_unix_us = (i64)RIG_UNIX_S * 1000000;
    struct gmail_case usual = rig_settings(r);
    err e = rig_open(r, settings ? settings : &usual);
    ASSERT(err_ok(e));
    r->accounts_seen = buf_over(r->account_text, COUNT(r->account_text));
    r->accounts_room = RIG_ACCOUNTS;
    r->sink = (struct account_sink){.take = rig_take, .st = r};
    rig_machine(&r->walk, &rig_walk_ops, r);
    rig_mailbox(r, S("ann@example.test"), S(""));
    return r;
}

// Gives the mailbox its token; the listing's first page is what it asks for next.
static inline void rig_grant(struct rig *r)
{
    struct machine_answer token = ANSWER(200, RIG_TOKEN);
    struct gmail_mailbox *gm = r->mailbox.state;
    gm->token.wanted = true;
    enum step step = machine_next(&r->list);
    ASSERT(step == STEP_REQUEST);
    machine_finish(&r->list, &token);
    ASSERT(gm->token.bytes > 0);
}

#endif
