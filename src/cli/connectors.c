// SPDX-License-Identifier: Apache-2.0
// One command from its arguments to its exit status (see connectors.h). What a command has printed
// so far is shown also when it fails afterwards: it says what was done.
#include "cli/connectors.h"

#include "cli/commands.h"
#include "cli/connectors_internal.h"
#include "net/crypto.h"

#define CONNECTORS_TEXT_BYTES KIB(3)

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USE = 2 };

static const struct {
    err (*prepare)(struct connectors *c); // before the seal; NULL: nothing to ask
    err (*run)(struct connectors *c);
    bool login; // it makes the file that the others read
} connectors_commands[] = {
    [CONNECTORS_LOGIN] = {connectors_login_prepare, connectors_login_run, true},
    [CONNECTORS_LIST] = {NULL, connectors_list_run, false},
    [CONNECTORS_CREATE] = {connectors_create_prepare, connectors_create_run, false},
    [CONNECTORS_INDEX_LIST] = {NULL, connectors_index_list_run, false},
    [CONNECTORS_INDEX_CLEAN] = {connectors_index_prepare, connectors_index_clean_run, false},
    [CONNECTORS_INDEX_DELETE] = {connectors_index_prepare, connectors_index_delete_run, false},
    [CONNECTORS_JOB_START] = {NULL, connectors_job_start_run, false},
    [CONNECTORS_JOB_LIST] = {NULL, connectors_job_list_run, false},
    [CONNECTORS_JOB_VIEW] = {NULL, connectors_job_view_run, false},
    [CONNECTORS_JOB_CANCEL] = {connectors_job_cancel_prepare, connectors_job_cancel_run, false},
};

static void connectors_print(int fd, str text)
{
    err lost = os_write_all(fd, text, NULL, NULL);
    (void)lost; // there is nowhere else to say so
}

static int connectors_fail(err e, const struct buf *detail, int code)
{
    u8 bytes[CONNECTORS_TEXT_BYTES];
    struct buf text = buf_over(bytes, COUNT(bytes));
    buf_put(&text, S("mailferry: "));
    buf_put(&text, str_from(err_what(e)));
    if (detail->n) {
        buf_put(&text, S(": "));
        buf_put(&text, buf_str(detail));
    }
    buf_put(&text, S("\n  "));
    buf_put(&text, str_from(err_todo(e)));
    buf_put(&text, S("\n"));
    connectors_print(2, buf_str(&text));
    return code;
}

static int connectors_version(void)
{
    u8 bytes[CONNECTORS_TEXT_BYTES];
    struct buf text = buf_over(bytes, COUNT(bytes));
    commands_put_version(&text);
    connectors_print(1, buf_str(&text));
    return EXIT_DONE;
}

static err connectors_do(struct connectors *c)
{
    enum connectors_command command = c->args.command;
    if (!connectors_commands[command].login) {
        TRY(connectors_config(c));
    }
    if (connectors_commands[command].prepare) {
        TRY(connectors_commands[command].prepare(c));
    }
    TRY(connectors_reach(c));
    TRY(connectors_seal(c));
    return connectors_commands[command].run(c);
}

int connectors_run(struct start *s, int argc, char **argv)
{
    struct connectors_args args;
    s->detail = buf_over(s->detail_bytes, CONFIG_DETAIL_BYTES);
    err e = connectors_args_parse(&args, argc, argv, &s->detail);
    if (!err_ok(e)) {
        return connectors_fail(e, &s->detail, EXIT_USE);
    }
    if (args.command == CONNECTORS_HELP) {
        connectors_print(1, str_from(connectors_help));
        return EXIT_DONE;
    }
    if (args.command == CONNECTORS_VERSION) {
        return connectors_version();
    }
    u8 *memory = os_reserve((isize)sizeof(struct connectors));
    if (!memory) {
        return connectors_fail(FAIL(START_MEMORY), &s->detail, EXIT_FAILED);
    }
    struct connectors *c = (struct connectors *)(void *)memory;
    *c = (struct connectors){.s = s, .args = args, .file_fd = -1};
    e = connectors_open(c);
    if (err_ok(e)) {
        e = connectors_do(c);
    }
    connectors_print(1, buf_str(&c->out));
    if (s->loop) {
        loop_close(s->loop);
    }
    crypto_wipe(s->texts.p, s->texts.n); // passwords, and what was typed
    crypto_wipe(c->texts.p, c->texts.n);
    os_env_wipe();
    return err_ok(e) ? EXIT_DONE : connectors_fail(e, &s->detail, EXIT_FAILED);
}
