// SPDX-License-Identifier: Apache-2.0
// The source of sync_rig.h: accounts, listings and messages as the case's script says, through the
// steps of source/source.h. Included by sync_rig.h in its middle, which owns the state.
#ifndef TESTS_UNIT_SYNC_SOURCE_H
#define TESTS_UNIT_SYNC_SOURCE_H

struct rig_fetch {
    int status;
    bool over;
    bool failed;
    int unit;  // whose result is the next one
    int item;  // of a page, likewise
    bool busy; // was told to come back
    bool part; // its part
    bool part_asked;
    u8 id[UNIT_ID_BYTES];
};

static const struct rig_mailbox_script *rig_script(const struct mailbox *m)
{
    for (isize i = 0; i < rig.script_count; i++) {
        str address = str_from(rig.scripts[i].address);
        if (str_eq(address, str_make(m->address, m->address_bytes))) {
            return &rig.scripts[i];
        }
    }
    return NULL;
}

static enum step rig_ask(struct exchange *x, const char *path, str name)
{
    x->method = S("GET");
    buf_put(&x->target, str_from(path));
    buf_put(&x->target, name);
    return STEP_REQUEST;
}

static enum step rig_accounts_next(void *src, void *st, i64 now_ms, struct exchange *x)
{
    (void)src, (void)now_ms;
    return *(bool *)st ? STEP_DONE : rig_ask(x, "/", S("users"));
}

static err rig_accounts_head(void *src, void *st, struct exchange *x, const struct http_head *head)
{
    (void)src, (void)st, (void)x, (void)head;
    return OK;
}

static err rig_accounts_body(void *src, void *st, struct exchange *x, str *in,
                             const struct account_sink *to)
{
    (void)src, (void)st, (void)x;
    for (isize i = 0; i < rig.script_count; i++) {
        struct account a = {.address = str_from(rig.scripts[i].address)};
        a.flags = a.address.p[0] == 'r' && a.address.p[1] == 'e' ? S("suspended") : (str){0};
        CHECK(to->take(to->st, &a));
    }
    *in = str_from_index(*in, in->n);
    return OK;
}

static err rig_accounts_end(void *src, void *st, struct exchange *x)
{
    (void)src, (void)x;
    *(bool *)st = true;
    return OK;
}

static bool rig_accounts_fail(void *src, void *st, struct exchange *x, err e)
{
    (void)src, (void)st, (void)x, (void)e;
    return false;
}

static enum step rig_mailbox_next(void *src, struct mailbox *m, i64 now_ms, struct exchange *x)
{
    (void)src, (void)now_ms;
    bool listed = m->phase != MAILBOX_LISTING;
    return listed ? STEP_WAIT : rig_ask(x, "/-list-", str_make(m->address, m->address_bytes));
}

static err rig_mailbox_head(void *src, struct mailbox *m, struct exchange *x,
                            const struct http_head *head)
{
    (void)src, (void)m, (void)x, (void)head;
    return OK;
}

static err rig_mailbox_body(void *src, struct mailbox *m, struct exchange *x, str *in)
{
    (void)src, (void)x;
    const struct rig_mailbox_script *script = rig_script(m);
    for (isize i = 0; i < COUNT(script->ids) && script->ids[i]; i++) {
        struct unit unit = {.id_bytes = (int)strlen(script->ids[i])};
        memcpy(unit.id, script->ids[i], (size_t)unit.id_bytes);
        unit.parts = unit.id[0] == 'p';
        unit.page = unit.id[0] >= 'P' && unit.id[0] <= 'R';
        unit.kind = unit.id[1] == '2';
        unit.bytes = unit.id[0] == 'b' ? FETCH_BATCH_BYTES : 10;
        CHECK(unit_queue_stage(&m->queue, &unit));
        m->units_listed += !unit.page;
    }
    unit_queue_commit(&m->queue);
    *in = str_from_index(*in, in->n);
    return OK;
}

static err rig_mailbox_end(void *src, struct mailbox *m, struct exchange *x)
{
    (void)src, (void)x;
    u8 fate = m->address[0];
    m->phase = MAILBOX_LISTED;
    if (fate == 'r' || fate == 'f' || fate == 's') {
        m->phase = fate == 'r' ? MAILBOX_REFUSED : fate == 'f' ? MAILBOX_FAILED : MAILBOX_SYSTEMIC;
        m->error = fate == 's' ? FAIL(TOKEN_UNAUTHORIZED) : FAIL(GMAIL_FORBIDDEN);
        buf_put(&m->detail, S("its words"));
    }
    return OK;
}

static void rig_mailbox_fail(void *src, struct mailbox *m, struct exchange *x, err e)
{
    (void)src, (void)m, (void)x, (void)e;
}

static void rig_mailbox_close(void *src, struct mailbox *m)
{
    (void)src, (void)m;
    rig.closed++;
}

// A page has two items, and then its own result.
static void rig_page_result(struct fetch *f)
{
    struct rig_fetch *rf = f->state;
    const struct unit *page = &f->units[0];
    bool over = rf->item == 2;
    f->decides = over ? 0 : -1;
    f->verdict = !over ? FETCH_DOCUMENT : page->id[0] == 'R' ? FETCH_UNDECIDED : FETCH_NOTHING;
    f->more = !over;
    if (!over) {
        struct buf id = buf_over(rf->id, UNIT_ID_BYTES);
        buf_put(&id, S("d"));
        buf_put(&id, str_make(page->id, page->id_bytes));
        buf_put_i64(&id, rf->item++);
        f->id = buf_str(&id);
        f->doc = f->data;
        f->doc.p += FETCH_DOC_OFFSET;
        f->doc.n -= FETCH_DOC_OFFSET;
    }
}

// Results one by one: each unit's, then that of its part when its name begins with p; one that
// begins with o is left out.
static void rig_result(struct fetch *f)
{
    struct rig_fetch *rf = f->state;
    const struct unit *unit = &f->units[rf->unit];
    u8 fate = unit->id[0];
    if (unit->page) {
        rig_page_result(f);
        return;
    }
    f->decides = rf->part ? -1 : rf->unit;
    f->verdict = rf->failed                  ? FETCH_UNDECIDED
                 : fate == 'g'               ? FETCH_GONE
                 : fate == 'c'               ? FETCH_CORRUPT
                 : fate == 'u'               ? FETCH_UNDECIDED
                 : unit->intact && !rf->part ? FETCH_UNCHANGED
                                             : FETCH_DOCUMENT;
    f->doc = f->data;
    f->doc.p += FETCH_DOC_OFFSET;
    f->doc.n -= FETCH_DOC_OFFSET;
    f->message_bytes = f->doc.n;
    f->attached = str_ends(str_make(unit->id, unit->id_bytes), S("-attached"));
    if (rf->part) {
        struct buf id = buf_over(rf->id, UNIT_ID_BYTES);
        buf_put(&id, str_make(unit->id, unit->id_bytes));
        buf_put(&id, S("-part"));
        f->id = buf_str(&id);
    }
    rf->part = !rf->part && fate == 'p';
    rf->part_asked = false;
    rf->unit += !rf->part;
    bool omitted = rf->unit < f->unit_count && f->units[rf->unit].id[0] == 'o';
    f->more = rf->unit < f->unit_count && !omitted;
}

static enum step rig_fetch_next(void *src, struct fetch *f, i64 now_ms, struct exchange *x)
{
    (void)src;
    struct rig_fetch *rf = f->state;
    if (rf->over && (!rf->part || rf->part_asked)) {
        rig_result(f);
        return STEP_DONE;
    }
    if (f->mailbox->address[0] == 'h' && !rig.quota) {
        return STEP_WAIT; // for something else to happen
    }
    if (f->mailbox->address[0] == 'q' && !rig.quota) {
        x->wait_until_ms = now_ms + 1000;
        return STEP_WAIT;
    }
    if (rf->busy) {
        f->give_back = true;
        x->wait_until_ms = now_ms + 1000;
        return STEP_WAIT;
    }
    f->data.n = FETCH_DOC_OFFSET;
    rf->part_asked = rf->over;
    return rig_ask(x, "/", str_make(f->units[0].id, f->units[0].id_bytes));
}

static err rig_fetch_head(void *src, struct fetch *f, struct exchange *x,
                          const struct http_head *head)
{
    (void)src, (void)x;
    ((struct rig_fetch *)f->state)->status = head->status;
    return OK;
}

static err rig_fetch_body(void *src, struct fetch *f, struct exchange *x, str *in)
{
    (void)src, (void)x;
    if (((struct rig_fetch *)f->state)->status == 200) {
        if (f->data.cap - f->data.n < in->n + FETCH_DOC_TAIL) {
            return FAIL(LANE_TOO_SMALL);
        }
        buf_put(&f->data, *in);
    }
    *in = str_from_index(*in, in->n);
    return OK;
}

static err rig_fetch_end(void *src, struct fetch *f, struct exchange *x)
{
    (void)src;
    struct rig_fetch *rf = f->state;
    if (f->units[0].id[0] == 'Q' && !rig.quota) {
        rf->busy = true;
        return OK;
    }
    if (rf->status != 200) {
        x->retry_at_ms = rig.now_ms + 3600000;
        return FAIL(GMAIL_RATE);
    }
    rf->over = true;
    return OK;
}

static void rig_fetch_fail(void *src, struct fetch *f, struct exchange *x, err e)
{
    (void)src, (void)x;
    struct rig_fetch *rf = f->state;
    rf->over = true;
    rf->failed = true;
    f->error = e;
}

static struct source_ops rig_source_ops = {
    .service_type = "rig",
    .name = "Rig",
    .mailbox_bytes = 16,
    .fetch_bytes = (isize)sizeof(struct rig_fetch),
    .accounts_bytes = 16,
    .accounts_next = rig_accounts_next,
    .accounts_head = rig_accounts_head,
    .accounts_body = rig_accounts_body,
    .accounts_end = rig_accounts_end,
    .accounts_fail = rig_accounts_fail,
    .mailbox_next = rig_mailbox_next,
    .mailbox_head = rig_mailbox_head,
    .mailbox_body = rig_mailbox_body,
    .mailbox_end = rig_mailbox_end,
    .mailbox_fail = rig_mailbox_fail,
    .mailbox_close = rig_mailbox_close,
    .fetch_next = rig_fetch_next,
    .fetch_head = rig_fetch_head,
    .fetch_body = rig_fetch_body,
    .fetch_end = rig_fetch_end,
    .fetch_fail = rig_fetch_fail,
    .units_immutable = true,
};

#endif
