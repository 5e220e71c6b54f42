// SPDX-License-Identifier: Apache-2.0
// A source of a few mailboxes in arrays that a test looks into; for jobs on a fake loop, beside a
// fake Elasticsearch. Faults are switches.
#ifndef TESTS_UNIT_FAKE_SOURCE_H
#define TESTS_UNIT_FAKE_SOURCE_H

#include "fake_elastic.h"

#include "limits.h"
#include "source/source.h"

struct fake_message {
    char mailbox[64], id[32], stamp[32];
    int fetched;
};

static struct fake_message messages[1000];
static int message_count;
static char mailbox_names[8][64];
static int mailbox_count;
static bool fake_directory_500, fake_directory_forbidden;
static char failing_mailbox[64];
static int lists_repeated; // each mailbox lists its ids so many times more

static inline void message_put(const char *mailbox, const char *id, const char *stamp)
{
    for (int i = 0; i < message_count; i++) {
        if (!strcmp(messages[i].mailbox, mailbox) && !strcmp(messages[i].id, id)) {
            snprintf(messages[i].stamp, sizeof messages[i].stamp, "%s", stamp);
            return;
        }
    }
    struct fake_message *m = &messages[message_count++];
    memset(m, 0, sizeof *m);
    snprintf(m->mailbox, sizeof m->mailbox, "%s", mailbox);
    snprintf(m->id, sizeof m->id, "%s", id);
    snprintf(m->stamp, sizeof m->stamp, "%s", stamp);
}

static inline void message_remove(const char *id)
{
    for (int i = 0; i < message_count; i++) {
        if (!strcmp(messages[i].id, id)) {
            messages[i] = messages[--message_count];
            return;
        }
    }
}

static inline int fetched(const char *id)
{
    for (int i = 0; i < message_count; i++) {
        if (!strcmp(messages[i].id, id)) {
            return messages[i].fetched;
        }
    }
    return -1;
}

static struct fake_answer fake_source_answer(const char *target)
{
    char *out = calloc(1, 1 << 16);
    size_t n = 0;
    char box[64] = "", id[64] = "";
    if (!strncmp(target, "/accounts", 9)) {
        free(out);
        if (fake_directory_500) {
            return (struct fake_answer){0};
        }
        out = calloc(1, 1 << 16);
        for (int i = 0; i < mailbox_count; i++) {
            n += (size_t)sprintf(out + n, "%s\n", mailbox_names[i]);
        }
        return (struct fake_answer){fake_directory_forbidden ? 403 : 200, out, (isize)n};
    }
    sscanf(target, "/%*[a-z]/%63[^/]/%63s", box, id);
    if (!strcmp(box, failing_mailbox)) {
        free(out);
        return (struct fake_answer){0};
    }
    for (int k = 0; k <= lists_repeated || id[0]; k++) {
        for (int i = 0; i < message_count; i++) {
            struct fake_message *m = &messages[i];
            if (strcmp(m->mailbox, box)) {
                continue;
            }
            if (!id[0]) {
                n += (size_t)sprintf(out + n, "%s\n", m->id);
            } else if (!strcmp(m->id, id)) {
                m->fetched++;
                n += (size_t)sprintf(out + n, "%s", m->stamp);
            }
        }
        if (id[0]) {
            return (struct fake_answer){n ? 200 : 404, out, (isize)n};
        }
    }
    return (struct fake_answer){200, out, (isize)n};
}

struct fake_answer fake_serve(const struct exchange *x)
{
    char target[4096];
    snprintf(target, sizeof target, "%.*s", (int)x->target.n, (const char *)x->target.p);
    size_t n = strlen(seen_targets);
    snprintf(seen_targets + n, sizeof seen_targets - n, "%.*s %s\n", (int)x->method.n,
             (const char *)x->method.p, target);
    return x->dest->index == 0 ? fake_elastic(x, target) : fake_source_answer(target);
}

static const struct dest source_dest = {.label = "source", .index = 1};

struct fake_walk {
    bool asked, failed;
    int status;
    isize bytes, told;
    char text[4096];
};

static const struct fake_walk *fake_walked; // whose state it was

static enum step fake_accounts_next(void *src, void *st, i64 now_ms, struct exchange *x)
{
    (void)src;
    (void)now_ms;
    struct fake_walk *w = st;
    fake_walked = w;
    if (w->failed) {
        return STEP_FAILED;
    }
    if (w->asked) {
        return STEP_DONE;
    }
    w->bytes = 0;
    x->dest = &source_dest;
    x->method = S("GET");
    buf_put(&x->target, S("/accounts"));
    return STEP_REQUEST;
}

static err fake_accounts_head(void *src, void *st, struct exchange *x, const struct http_head *head)
{
    (void)src;
    (void)x;
    struct fake_walk *w = st;
    w->status = head->status;
    return OK;
}

static err fake_accounts_body(void *src, void *st, struct exchange *x, str *in,
                              const struct account_sink *to)
{
    (void)src;
    (void)x;
    (void)st;
    while (in->n) {
        isize n = str_find_byte(*in, '\n');
        ASSERT(n >= 0);
        struct account a = {.address = str_slice(*in, 0, n), .created = S("2020-01-02T03:04:05Z")};
        if (!to->take(to->st, &a)) {
            return OK;
        }
        *in = str_from_index(*in, n + 1);
    }
    return OK;
}

static err fake_accounts_end(void *src, void *st, struct exchange *x)
{
    (void)src;
    (void)x;
    struct fake_walk *w = st;
    w->asked = w->status == 200;
    return w->asked ? OK : FAIL(GMAIL_DIRECTORY_FORBIDDEN);
}

static bool fake_accounts_fail(void *src, void *st, struct exchange *x, err e)
{
    (void)src;
    (void)x;
    (void)e;
    struct fake_walk *w = st;
    w->failed = true;
    return false;
}

static enum step fake_mailbox_next(void *src, struct mailbox *m, i64 now_ms, struct exchange *x)
{
    (void)src;
    (void)now_ms;
    if (m->phase != MAILBOX_LISTING) {
        return STEP_WAIT;
    }
    x->dest = &source_dest;
    x->method = S("GET");
    buf_put(&x->target, S("/list/"));
    buf_put(&x->target, str_make(m->address, m->address_bytes));
    return STEP_REQUEST;
}

static err fake_mailbox_head(void *src, struct mailbox *m, struct exchange *x,
                             const struct http_head *head)
{
    (void)src;
    (void)m;
    (void)x;
    (void)head;
    return OK;
}

static err fake_mailbox_body(void *src, struct mailbox *m, struct exchange *x, str *in)
{
    (void)src;
    (void)x;
    while (in->n) {
        isize n = str_find_byte(*in, '\n');
        struct unit unit = {.id_bytes = (int)n};
        memcpy(unit.id, in->p, (size_t)n);
        if (!unit_queue_stage(&m->queue, &unit)) {
            return OK;
        }
        unit_queue_commit(&m->queue);
        m->units_listed++;
        *in = str_from_index(*in, n + 1);
    }
    return OK;
}

static err fake_mailbox_end(void *src, struct mailbox *m, struct exchange *x)
{
    (void)src;
    (void)x;
    m->phase = MAILBOX_LISTED;
    return OK;
}

static void fake_mailbox_fail(void *src, struct mailbox *m, struct exchange *x, err e)
{
    (void)src;
    (void)x;
    m->phase = MAILBOX_FAILED;
    m->error = e;
}

static void fake_mailbox_close(void *src, struct mailbox *m)
{
    (void)src;
    (void)m;
}

static enum step fake_fetch_next(void *src, struct fetch *f, i64 now_ms, struct exchange *x)
{
    (void)src;
    (void)now_ms;
    if (*(bool *)f->state) {
        return STEP_DONE;
    }
    buf_reset(&f->data);
    f->data.n = FETCH_DOC_OFFSET;
    x->dest = &source_dest;
    x->method = S("GET");
    buf_put(&x->target, S("/get/"));
    buf_put(&x->target, str_make(f->mailbox->address, f->mailbox->address_bytes));
    buf_put_byte(&x->target, '/');
    buf_put(&x->target, str_make(f->units[0].id, f->units[0].id_bytes));
    return STEP_REQUEST;
}

static err fake_fetch_head(void *src, struct fetch *f, struct exchange *x,
                           const struct http_head *head)
{
    (void)src;
    (void)x;
    f->verdict = head->status == 200 ? FETCH_DOCUMENT : FETCH_GONE;
    buf_put(&f->data, S("\"body\":\"text\",\"_timestamp\":"));
    f->timestamp = (str){f->data.p + f->data.n, 0};
    buf_put(&f->data, S("\""));
    return OK;
}

static err fake_fetch_body(void *src, struct fetch *f, struct exchange *x, str *in)
{
    (void)src;
    (void)x;
    buf_put(&f->data, *in);
    *in = str_from_index(*in, in->n);
    return OK;
}

static err fake_fetch_end(void *src, struct fetch *f, struct exchange *x)
{
    (void)src;
    (void)x;
    buf_put(&f->data, S("\""));
    f->timestamp.n = f->data.p + f->data.n - f->timestamp.p;
    f->doc = (struct buf){f->data.p + FETCH_DOC_OFFSET, f->data.n - FETCH_DOC_OFFSET, LANE_BYTES,
                          false};
    *(bool *)f->state = true;
    return OK;
}

static void fake_fetch_fail(void *src, struct fetch *f, struct exchange *x, err e)
{
    (void)src;
    (void)x;
    f->verdict = FETCH_UNDECIDED;
    f->error = e;
    *(bool *)f->state = true;
}

static bool fake_identity(void *src, const struct account *a, struct buf *doc)
{
    (void)src;
    buf_put(doc, S("\"identity\":{\"email\":\""));
    buf_put(doc, a->address);
    buf_put(doc, S("\"},\"created_at\":\""));
    buf_put(doc, a->created);
    buf_put(doc, S("\""));
    return true;
}

static const str fake_fields[] = {S("body"), S("_timestamp")};
static struct source_ops fake_ops = {
    .service_type = "fake",
    .mailbox_bytes = 16,
    .fetch_bytes = 16,
    .accounts_bytes = sizeof(struct fake_walk),
    .accounts_next = fake_accounts_next,
    .accounts_head = fake_accounts_head,
    .accounts_body = fake_accounts_body,
    .accounts_end = fake_accounts_end,
    .accounts_fail = fake_accounts_fail,
    .mailbox_next = fake_mailbox_next,
    .mailbox_head = fake_mailbox_head,
    .mailbox_body = fake_mailbox_body,
    .mailbox_end = fake_mailbox_end,
    .mailbox_fail = fake_mailbox_fail,
    .mailbox_close = fake_mailbox_close,
    .fetch_next = fake_fetch_next,
    .fetch_head = fake_fetch_head,
    .fetch_body = fake_fetch_body,
    .fetch_end = fake_fetch_end,
    .fetch_fail = fake_fetch_fail,
    .document_fields = fake_fields,
    .document_field_count = COUNT(fake_fields),
    .units_immutable = true,
    .identity = fake_identity,
};

#endif
