// SPDX-License-Identifier: Apache-2.0
// The source's steps for `check`: the walk over the directory as far as one page goes, and the
// opening of one mailbox; and the hops of Gmail, which are its ping and these two.
#include <string.h>

#include "cli/check_internal.h"
#include "source/gmail/gmail_ping.h"

static void *source_state(struct check *c, isize bytes)
{
    ASSERT(bytes <= c->state_bytes);
    memset(c->state, 0, (size_t)bytes);
    return c->state;
}

// ---- the directory: c->state is its walk

static bool accounts_take(void *st, const struct account *a)
{
    struct check *c = st;
    bool usable = a->address.n > 0 && a->address.n <= ADDRESS_BYTES && a->flags.n == 0;
    if (usable && c->mailbox_count < CHECK_MAILBOXES && !check_mailbox_is_named(c)) {
        memcpy(c->mailboxes[c->mailbox_count], a->address.p, (size_t)a->address.n);
        c->mailbox_bytes[c->mailbox_count++] = (int)a->address.n;
    }
    c->enough = ++c->accounts >= CHECK_ACCOUNTS;
    return true;
}

static enum step accounts_next(void *st, i64 now_ms, struct exchange *x)
{
    struct check *c = st;
    struct source *s = c->s->source;
    enum step step = s->ops->accounts_next(s->state, c->state, now_ms, x);
    if (step == STEP_REQUEST && x->flags & EXCHANGE_STREAM) { // from its beginning, if once more
        c->accounts = 0;
        c->mailbox_count = check_mailbox_is_named(c) ? c->mailbox_count : 0;
    }
    return step;
}

static err accounts_head(void *st, struct exchange *x, const struct http_head *head)
{
    struct check *c = st;
    struct source *s = c->s->source;
    return s->ops->accounts_head(s->state, c->state, x, head);
}

static err accounts_body(void *st, struct exchange *x, str *in)
{
    struct check *c = st;
    struct source *s = c->s->source;
    struct account_sink sink = {.take = accounts_take, .st = c};
    return s->ops->accounts_body(s->state, c->state, x, in, &sink);
}

static err accounts_end(void *st, struct exchange *x)
{
    struct check *c = st;
    struct source *s = c->s->source;
    return s->ops->accounts_end(s->state, c->state, x);
}

static void accounts_fail(void *st, struct exchange *x, err e)
{
    struct check *c = st;
    struct source *s = c->s->source;
    (void)s->ops->accounts_fail(s->state, c->state, x, e); // next() says whether there is more
}

static err accounts_send(void *st, struct buf *room, bool *last)
{
    struct check *c = st;
    struct source *s = c->s->source;
    return s->ops->accounts_send(s->state, c->state, room, last);
}

const struct machine_ops check_accounts_ops = {
    .name = "directory",
    .next = accounts_next,
    .head = accounts_head,
    .body = accounts_body,
    .end = accounts_end,
    .fail = accounts_fail,
    .send = accounts_send,
};

void check_put_accounts(struct check *c)
{
    struct buf *b = check_found(c);
    output_put_thousands(b, c->accounts);
    buf_put(b, c->accounts >= CHECK_ACCOUNTS ? S(" or more") : S(""));
    buf_put(b, c->accounts == 1 ? S(" user") : S(" users"));
    if (c->mailbox_count && !check_mailbox_is_named(c)) {
        buf_put(b, S(", the first is "));
        buf_put(b, check_mailbox(c, 0));
    }
}

// ---- one mailbox: c->state is its source's

str check_mailbox(const struct check *c, int i)
{
    return str_make(c->mailboxes[i], c->mailbox_bytes[i]);
}

bool check_mailbox_is_named(const struct check *c)
{
    return c->s->options->mailbox_count > 0;
}

static void source_open_mailbox(struct check *c, int i)
{
    struct mailbox *m = &c->mailbox;
    u8 *bytes = m->queue.bytes;
    struct buf detail = m->detail;
    buf_reset(&detail);
    *m = (struct mailbox){.address_bytes = c->mailbox_bytes[i],
                          .queue = {.bytes = bytes},
                          .detail = detail,
                          .state = source_state(c, c->s->source->ops->mailbox_bytes)};
    memcpy(m->address, c->mailboxes[i], (size_t)m->address_bytes);
}

static enum step mailbox_next(void *st, i64 now_ms, struct exchange *x)
{
    struct check *c = st;
    struct source *s = c->s->source;
    if (c->mailbox_open(&c->mailbox) || c->mailbox.phase != MAILBOX_LISTING) {
        return STEP_DONE;
    }
    return s->ops->mailbox_next(s->state, &c->mailbox, now_ms, x);
}

static err mailbox_head(void *st, struct exchange *x, const struct http_head *head)
{
    struct check *c = st;
    struct source *s = c->s->source;
    return s->ops->mailbox_head(s->state, &c->mailbox, x, head);
}

static err mailbox_body(void *st, struct exchange *x, str *in)
{
    struct check *c = st;
    struct source *s = c->s->source;
    return s->ops->mailbox_body(s->state, &c->mailbox, x, in);
}

static err mailbox_end(void *st, struct exchange *x)
{
    struct check *c = st;
    struct source *s = c->s->source;
    return s->ops->mailbox_end(s->state, &c->mailbox, x);
}

static void mailbox_fail(void *st, struct exchange *x, err e)
{
    struct check *c = st;
    struct source *s = c->s->source;
    s->ops->mailbox_fail(s->state, &c->mailbox, x, e);
}

static const struct machine_ops mailbox_ops = {
    .name = "mailbox",
    .next = mailbox_next,
    .head = mailbox_head,
    .body = mailbox_body,
    .end = mailbox_end,
    .fail = mailbox_fail,
};

// The first mailbox that may be read, of those that were named or found. One that is not there
// says nothing about the others.
enum check_end check_mailboxes(struct check *c, int *opened)
{
    struct source *s = c->s->source;
    *opened = -1;
    for (int i = 0; i < c->mailbox_count; i++) {
        source_open_mailbox(c, i);
        enum check_end end = check_ask(c, &mailbox_ops, c);
        s->ops->mailbox_close(s->state, &c->mailbox);
        if (end == CHECK_CUT_OFF) {
            return end;
        }
        err e = c->mailbox.error;
        c->error = err_ok(e) ? c->error : e;
        bool its_own = err_is(e, ERR_EWS_NO_MAILBOX) || err_is(e, ERR_EWS_ACCOUNT) ||
                       err_is(e, ERR_GMAIL_NO_MAILBOX) || err_is(e, ERR_TOKEN_USER) ||
                       err_is(e, ERR_GRAPH_NO_MAILBOX) || err_is(e, ERR_GRAPH_LEFT_OUT);
        if (!its_own || check_mailbox_is_named(c)) {
            *opened = i;
            return CHECK_ANSWERED;
        }
    }
    return CHECK_ANSWERED;
}

// ---- Gmail

static const char *const gmail_place = "Google";

static const char *const gmail_steps[] = {
    [GMAIL_PING_TOKEN_DIRECTORY] = "token for the directory",
    [GMAIL_PING_USERS] = "directory",
    [GMAIL_PING_TOKEN_GMAIL] = "token for Gmail",
    [GMAIL_PING_PROFILE] = "Gmail profile",
};

static enum step gmail_next(void *st, i64 now_ms, struct exchange *x)
{
    static const char *const found[] = {
        [GMAIL_PING_TOKEN_DIRECTORY] = "given",
        [GMAIL_PING_USERS] = "it answers the administrator",
        [GMAIL_PING_TOKEN_GMAIL] = "given",
        [GMAIL_PING_PROFILE] = "of the administrator: asked for and answered",
    };
    struct check *c = st;
    struct source *s = c->s->source;
    const struct gmail_ping *p = c->state;
    for (; c->told < (int)p->step && p->step <= GMAIL_PING_DONE; c->told++) {
        buf_put(check_found(c), str_from(found[c->told]));
        check_tell(c, CHECK_OK, gmail_place, gmail_steps[c->told]);
    }
    return s->ops->ping_next(s->state, c->state, now_ms, x);
}

static err gmail_head(void *st, struct exchange *x, const struct http_head *head)
{
    struct check *c = st;
    struct source *s = c->s->source;
    return s->ops->ping_head(s->state, c->state, x, head);
}

static err gmail_body(void *st, struct exchange *x, str *in)
{
    struct check *c = st;
    struct source *s = c->s->source;
    return s->ops->ping_body(s->state, c->state, x, in);
}

static err gmail_end(void *st, struct exchange *x)
{
    struct check *c = st;
    struct source *s = c->s->source;
    return s->ops->ping_end(s->state, c->state, x);
}

static void gmail_fail(void *st, struct exchange *x, err e)
{
    struct check *c = st;
    struct source *s = c->s->source;
    (void)s->ops->ping_fail(s->state, c->state, x, e); // it has no other way
}

static const struct machine_ops gmail_ops = {
    .name = "gmail ping",
    .next = gmail_next,
    .head = gmail_head,
    .body = gmail_body,
    .end = gmail_end,
    .fail = gmail_fail,
};

static bool gmail_is_open(struct mailbox *m)
{
    return m->phase == MAILBOX_LISTED || m->units_listed > 0;
}

static void gmail_check_mailbox(struct check *c)
{
    int opened;
    c->mailbox_open = gmail_is_open;
    if (check_mailboxes(c, &opened) == CHECK_CUT_OFF) {
        return;
    }
    if (opened < 0) {
        buf_put(check_found(c), S("none of the first users has one: name one with --mailbox ADDR"));
        check_tell(c, CHECK_WARN, gmail_place, "mailbox");
        return;
    }
    if (!err_ok(c->error)) {
        bool own = !err_ok(c->mailbox.error);
        check_tell_error(c, gmail_place, "mailbox", c->error,
                         own ? buf_str(&c->mailbox.detail) : buf_str(&c->detail));
        return;
    }
    buf_put(check_found(c), check_mailbox(c, opened));
    buf_put(&c->found, S(" was listed, messages of its first page: "));
    output_put_thousands(&c->found, c->mailbox.units_listed);
    check_tell(c, CHECK_OK, gmail_place, "mailbox");
}

void check_gmail(struct check *c)
{
    const struct source_ops *ops = c->s->source->ops;
    (void)source_state(c, ops->ping_bytes);
    if (check_ask(c, &gmail_ops, c) == CHECK_CUT_OFF) {
        return;
    }
    if (!err_ok(c->error)) {
        check_tell_error(c, gmail_place, gmail_steps[c->told], c->error, buf_str(&c->detail));
        return;
    }
    (void)source_state(c, ops->accounts_bytes);
    if (check_ask(c, &check_accounts_ops, c) == CHECK_CUT_OFF) {
        return;
    }
    if (!err_ok(c->error) || c->accounts == 0) {
        err e = err_ok(c->error) ? FAIL(JOB_DIRECTORY_EMPTY) : c->error;
        check_tell_error(c, gmail_place, "users", e, buf_str(&c->detail));
        return;
    }
    check_put_accounts(c);
    check_tell(c, CHECK_OK, gmail_place, "users");
    gmail_check_mailbox(c);
}
