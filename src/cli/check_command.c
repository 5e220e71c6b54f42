// SPDX-License-Identifier: Apache-2.0
// `check` from its memory to its exit code (see check_command.h).
#include "cli/check_command.h"

#include <string.h>

#include "cli/check_internal.h"
#include "cli/start_entra.h"
#include "cli/start_source.h"
#include "net/crypto.h"
#include "os/os.h"
#include "os/seal.h"

enum { CHECK_CONNECTIONS = 4, CHECK_RETRY_MS = 1000 };

// Where what is asked for depends on the service type.
static const struct {
    const char *service_type;
    void (*hops)(struct check *c);
} check_kinds[] = {{"gmail", check_gmail}, {"outlook", check_outlook}};

static struct buf check_text(struct start *s, isize bytes)
{
    return buf_over(plan_take(&s->plan, "check texts", bytes, 1, "what is said of a hop"), bytes);
}

static struct check *check_init(struct start *s)
{
    struct check *c = plan_take_n(&s->plan, "check", struct check, 1, "hops and their results");
    c->s = s;
    c->observer = (struct loop_observer){.opened = check_opened, .st = c};
    c->found = check_text(s, CHECK_FOUND_BYTES);
    c->line = check_text(s, CHECK_LINE_BYTES);
    c->detail = check_text(s, EXCHANGE_DETAIL_BYTES);
    c->mailbox.detail = check_text(s, EXCHANGE_DETAIL_BYTES);
    c->call.target = check_text(s, EXCHANGE_TARGET_BYTES);
    c->call.body = check_text(s, CHECK_LINE_BYTES);
    c->call.answer = check_text(s, CHECK_ANSWER_BYTES);
    c->call.detail = check_text(s, EXCHANGE_DETAIL_BYTES);
    c->nodes = plan_take_n(&s->plan, "check nodes", struct json_node, CHECK_NODES,
                           "values of an answer of Elasticsearch");
    c->mailbox.queue.bytes = plan_take(&s->plan, "units", UNIT_QUEUE_BYTES, 1,
                                       "ids of the mailbox that is tried");
    s->observer = &c->observer;
    return c;
}

static void check_init_state(struct check *c)
{
    const struct source_ops *ops = c->s->source->ops;
    isize bytes = ops->mailbox_bytes;
    bytes = ops->ping_bytes > bytes ? ops->ping_bytes : bytes;
    c->state_bytes = ops->accounts_bytes > bytes ? ops->accounts_bytes : bytes;
    c->state = plan_take(&c->s->plan, "check state", c->state_bytes, 1, "of the source");
}

// --mailbox, instead of the first of the directory.
static void check_take_mailboxes(struct check *c)
{
    const struct options *o = c->s->options;
    for (isize i = 0; i < o->mailbox_count && c->mailbox_count < CHECK_MAILBOXES; i++) {
        isize n = o->mailboxes[i].n < ADDRESS_BYTES ? o->mailboxes[i].n : ADDRESS_BYTES;
        memcpy(c->mailboxes[c->mailbox_count], o->mailboxes[i].p, (size_t)n);
        c->mailbox_bytes[c->mailbox_count++] = (int)n;
    }
}

err check_command_start(struct start *s, const struct options *options, struct check **out)
{
    TRY(start_begin(s, options));
    struct check *c = check_init(s);
    *out = c;
    TRY(start_source_fields(s));
    TRY(start_make_dests(s));
    TRY(start_loop(s, 1, CHECK_CONNECTIONS));
    TRY(start_job_settings(s));
    TRY(start_check_index(s));
    s->settings.elastic.retry_interval_ms = CHECK_RETRY_MS;
    s->source = start_sources(s, SOURCE_LOOK).all[0];
    TRY(start_source_configure(s));
    check_init_state(c);
    check_take_mailboxes(c);
    start_source_forget(s);
    start_end(s);
    return OK;
}

static err check_seal(const struct start *s)
{
    struct seal_report report;
    struct seal_wants wants = {
        .require = s->options->require_seal || s->config.sync.seal_require,
        .listen_fd = -1,
    };
    start_entra_put_wants(s, &wants);
    TRY(seal_engage(&wants, &report));
    if (!report.seccomp) {
        log_line(s->log, LOG_WARN, S("this host does not let the program seal itself"), NULL, 0);
    }
    return OK;
}

int check_command_run(struct check *c)
{
    struct start *s = c->s;
    err e = check_seal(s);
    if (!err_ok(e)) {
        log_err(s->log, LOG_ERROR, e, (str){0}, NULL, 0);
        return 1;
    }
    check_elastic(c);
    for (isize i = 0; i < COUNT(check_kinds) && !s->watch.stopped; i++) {
        if (str_eq(str_from(s->source->ops->service_type), str_from(check_kinds[i].service_type))) {
            check_kinds[i].hops(c);
        }
    }
    check_tell_end(c);
    log_say_left_out(s->log);
    loop_close(s->loop);
    s->source->ops->release(s->source->state);
    start_entra_clear(s);
    crypto_wipe(s->texts.p, s->texts.n); // passwords, and the key as it stood in the file
    os_env_wipe();
    return s->watch.stopped ? 75 : c->failures ? 1 : 0;
}
