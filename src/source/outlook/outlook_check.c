// SPDX-License-Identifier: Apache-2.0
// Exchange and its directory for `check` (see outlook_check.h; spec/wire-ews.md 3, 13).
#include "source/outlook/outlook_check.h"

#include <string.h>

#include "source/outlook/outlook_directory.h"
#include "source/outlook/outlook_folders.h"

// ---- login

static enum step check_next(void *st, i64 now_ms, struct exchange *x)
{
    struct outlook_check_login *l = st;
    struct outlook *o = l->src;
    if (l->done || l->failed) {
        return l->failed ? STEP_FAILED : STEP_DONE;
    }
    if (!outlook_call_take(o, &l->call, now_ms, x)) {
        return STEP_WAIT;
    }
    struct ews_call c = outlook_call_begin(o, &l->call, (str){0});
    c.version = l->oldest ? S("Exchange2007_SP1") : c.version; // the first one with ConvertId
    ews_put_probe(&outlook_call_reader(o, &l->call)->request, &c);
    bool fits = outlook_call_ask(o, &l->call, (str){0}, x);
    ASSERT(fits); // EWS_REQUEST_BYTES
    l->error = OK;
    return STEP_REQUEST;
}

static err check_head(void *st, struct exchange *x, const struct http_head *head)
{
    struct outlook_check_login *l = st;
    return outlook_call_head(l->src, &l->call, x, head);
}

static err check_body(void *st, struct exchange *x, str *in)
{
    (void)x;
    struct outlook_check_login *l = st;
    for (;;) {
        enum ews_event event = outlook_call_next(l->src, &l->call, in);
        const struct ews_answer *a = &outlook_call_reader(l->src, &l->call)->answer;
        memcpy(l->version, a->version, sizeof l->version);
        if (event == EWS_MORE) {
            return OK;
        }
        if (event == EWS_MESSAGE_END) {
            l->error = a->error;
        }
    }
}

static err check_end(void *st, struct exchange *x)
{
    struct outlook_check_login *l = st;
    struct outlook *o = l->src;
    err e = outlook_call_end(o, &l->call, x);
    if (err_ok(e) && !err_is(l->error, ERR_EWS_ID)) { // what nobody has
        e = outlook_call_judge(o, outlook_call_reader(o, &l->call), l->error, x);
    }
    outlook_call_close(o, &l->call);
    if ((err_is(e, ERR_EWS_VERSION) || err_is(e, ERR_EWS_REQUEST)) && !l->oldest) {
        l->oldest = true;
        return OK; // asked again
    }
    if (err_ok(e) && l->oldest) {
        buf_reset(&x->detail);
        outlook_check_put_version(&x->detail, l->version);
        return FAIL(EWS_VERSION);
    }
    l->done = err_ok(e);
    return e;
}

static void check_fail(void *st, struct exchange *x, err e)
{
    (void)x;
    (void)e; // whoever runs it keeps it
    struct outlook_check_login *l = st;
    outlook_call_close(l->src, &l->call);
    l->failed = true;
}

const struct machine_ops outlook_check_login_ops = {
    .name = "exchange login",
    .next = check_next,
    .head = check_head,
    .body = check_body,
    .end = check_end,
    .fail = check_fail,
};

void outlook_check_put_login(struct buf *b, const void *src)
{
    const struct outlook *o = src;
    auth_put_facts(b, &o->auth);
}

void outlook_check_put_bind(struct buf *b, const void *src, const void *accounts)
{
    const struct outlook *o = src;
    const struct outlook_directory *d = accounts;
    buf_put(b, S("as "));
    buf_put(b, o->run.username);
    buf_put_byte(b, ' ');
    outlook_bind_put_facts(b, &d->bind);
}

bool outlook_check_put_version(struct buf *b, const int version[EWS_VERSION_PARTS])
{
    static const struct {
        int major, minor; // and later ones
        const char *name;
    } names[] = {
        {16, 0, "Exchange"},
        {15, 20, "Exchange Online"},
        {15, 3, "Exchange Server"},
        {15, 2, "Exchange Server 2019 or Subscription Edition"},
        {15, 1, "Exchange Server 2016"},
        {15, 0, "Exchange Server 2013"},
        {14, 0, "Exchange Server 2010"},
        {8, 0, "Exchange Server 2007"},
        {0, 0, "Exchange"},
    };
    int i = 0;
    while (version[0] < names[i].major ||
           (version[0] == names[i].major && version[1] < names[i].minor)) {
        i++;
    }
    buf_put(b, str_from(names[i].name));
    for (int k = 0; k < EWS_VERSION_PARTS; k++) {
        buf_put(b, k ? S(".") : S(", "));
        buf_put_i64(b, version[k]);
    }
    return version[0] >= 15;
}

bool outlook_check_is_delegate(const void *src)
{
    const struct outlook *o = src;
    return o->settings.delegate;
}

// ---- the directory

void outlook_check_shorten(void *accounts)
{
    struct outlook_directory *d = accounts;
    d->probe = true;
}

bool outlook_check_is_bound(const void *accounts)
{
    const struct outlook_directory *d = accounts;
    return d->bind.step == OUTLOOK_BIND_DONE;
}

i64 outlook_check_without_address(const void *accounts)
{
    const struct outlook_directory *d = accounts;
    return d->without_address;
}

// ---- the text extraction service

enum outlook_check_extracts outlook_check_extracts(const void *src)
{
    const struct outlook *o = src;
    return !o->run.extract           ? OUTLOOK_EXTRACTS_NOT
           : !o->settings.extraction ? OUTLOOK_EXTRACTS_NOWHERE
                                     : OUTLOOK_EXTRACTS;
}

static enum step ping_next(void *st, i64 now_ms, struct exchange *x)
{
    struct outlook_check_ping *p = st;
    const struct outlook *o = p->src;
    (void)now_ms;
    if (p->done || p->failed) {
        return p->failed ? STEP_FAILED : STEP_DONE;
    }
    x->dest = o->settings.extraction;
    x->method = S("GET");
    x->timeout_ms = o->settings.extraction_timeout_ms;
    buf_put(&x->target, S("/ping/"));
    return STEP_REQUEST;
}

static err ping_head(void *st, struct exchange *x, const struct http_head *head)
{
    struct outlook_check_ping *p = st;
    (void)x;
    p->status = head->status;
    return OK;
}

static err ping_body(void *st, struct exchange *x, str *in)
{
    (void)st, (void)x;
    *in = str_from_index(*in, in->n); // it says that it runs
    return OK;
}

static err ping_end(void *st, struct exchange *x)
{
    struct outlook_check_ping *p = st;
    p->done = p->status == 200;
    if (!p->done) {
        buf_reset(&x->detail);
        buf_put(&x->detail, S("GET /ping/: status "));
        buf_put_i64(&x->detail, p->status);
    }
    return p->done ? OK : FAIL(EXTRACT_STATUS);
}

static void ping_fail(void *st, struct exchange *x, err e)
{
    (void)x, (void)e; // whoever runs it keeps it
    struct outlook_check_ping *p = st;
    p->failed = true;
}

const struct machine_ops outlook_check_ping_ops = {
    .name = "text extraction",
    .next = ping_next,
    .head = ping_head,
    .body = ping_body,
    .end = ping_end,
    .fail = ping_fail,
};

// ---- a mailbox

bool outlook_check_folders(struct mailbox *m, struct buf *b)
{
    struct outlook_mailbox *om = m->state;
    if (om->step < OUTLOOK_LIST_ITEMS) {
        return false;
    }
    int named = 0, there = 0, calendars = 0, next = 0, id_at = om->id_at;
    bool archive = false;
    for (int i = 0; i < OUTLOOK_FOLDERS; i++) {
        named += outlook_folder_names[i].n > 0;
        there += (int)(om->there >> i & 1);
    }
    om->id_at = 0;
    u8 folder;
    for (str id; outlook_folders_at(om, &folder, &id, &next); om->id_at = next) {
        archive = archive || folder == OUTLOOK_ARCHIVE;
        calendars += folder == OUTLOOK_CHILD_CALENDARS;
    }
    om->id_at = id_at;
    buf_put_i64(b, there);
    buf_put(b, S(" of "));
    buf_put_i64(b, named);
    buf_put(b, S(" folders"));
    buf_put(b, archive ? S(", Archive") : S(", no Archive"));
    if (calendars) {
        buf_put(b, S(", further calendars: "));
        buf_put_i64(b, calendars);
    }
    return true;
}
