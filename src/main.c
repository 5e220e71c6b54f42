// SPDX-License-Identifier: Apache-2.0
// Arguments to command, nothing else.
#include "base/date.h"
#include "cli/check_command.h"
#include "cli/commands.h"
#include "cli/connectors.h"
#include "cli/healthcheck.h"
#include "cli/ingest_command.h"
#include "cli/serve_command.h"
#include "cli/start_serve.h"
#include "cli/sync_command.h"
#include "codec/json_write.h"
#include "os/os.h"
#include "os/seal.h"

static struct app {
    struct options options;
    struct start start;
    u8 text_bytes[KIB(48)];
} app;

static void main_say(int fd, str s)
{
    err lost = os_write_all(fd, s, NULL, NULL);
    (void)lost;
}

// The same as a line of the log (ECS).
static void main_put_json(struct buf *text, err e, const struct buf *detail)
{
    u8 time_bytes[40];
    struct buf time = buf_over(time_bytes, COUNT(time_bytes));
    date_put_iso_ms(&time, os_unix_us());
    struct json_write w = json_write_to(text);
    json_write_object(&w);
    json_write_member(&w, S("@timestamp"), buf_str(&time));
    json_write_member(&w, S("log.level"), S("error"));
    json_write_member(&w, S("message"), str_from(err_what(e)));
    json_write_key(&w, S("error"));
    json_write_object(&w);
    json_write_member(&w, S("code"), str_from(err_name(e)));
    json_write_member(&w, S("message"), buf_str(detail));
    json_write_object_end(&w);
    json_write_key(&w, S("labels"));
    json_write_object(&w);
    json_write_member(&w, S("todo"), str_from(err_todo(e)));
    json_write_object_end(&w);
    json_write_object_end(&w);
    buf_put(text, S("\n"));
}

// Wrong use or configuration, in one line, before there is a log.
static int main_refuse(err e, const struct buf *detail)
{
    struct buf text = buf_over(app.text_bytes, COUNT(app.text_bytes));
    if (app.options.json) {
        main_put_json(&text, e, detail);
        main_say(2, buf_str(&text));
        return 2;
    }
    buf_put(&text, S("mailferry: "));
    buf_put(&text, str_from(err_what(e)));
    if (detail->n) {
        buf_put(&text, S(": "));
        buf_put(&text, buf_str(detail));
    }
    buf_put(&text, S("\n  "));
    buf_put(&text, str_from(err_todo(e)));
    buf_put(&text, S("\n"));
    main_say(2, buf_str(&text));
    return 2;
}

static int main_seal_test(str name)
{
    struct seal_report report;
    err e = seal_engage(&(struct seal_wants){.require = true, .listen_fd = -1}, &report);
    if (!err_ok(e)) {
        main_say(2, S("the seal could not be engaged\n"));
        return 1;
    }
    bool known = seal_try(name);
    main_say(2, known ? S("the call was not fatal\n") : S("no such trial\n"));
    return known ? 0 : 2;
}

// Under the name of the service that is replaced.
static int main_ingest(int argc, char **argv)
{
    struct buf text = buf_over(app.text_bytes, COUNT(app.text_bytes));
    int code = ingest_command(&app.options, argc, argv, &text);
    if (code != INGEST_COMMAND_SERVES) {
        main_say(code ? 2 : 1, buf_str(&text));
        return code;
    }
    err e = start_serve(&app.start, &app.options);
    if (!err_ok(e)) {
        (void)main_refuse(e, &app.start.detail);
        return 1; // as its users know it
    }
    return serve_command_run(&app.start);
}

int main(int argc, char **argv)
{
    struct start *s = &app.start;
    struct buf text = buf_over(app.text_bytes, COUNT(app.text_bytes));
    if (argc > 0 && ingest_is_called(argv[0])) {
        return main_ingest(argc, argv);
    }
    if (argc > 1 && str_eq(str_from(argv[1]), S("connectors"))) {
        return connectors_run(s, argc - 2, argv + 2);
    }
    err e = options_parse(&app.options, argc, argv, &text);
    if (!err_ok(e)) {
        struct buf detail = buf_over(s->detail_bytes, CONFIG_DETAIL_BYTES);
        buf_put(&detail, buf_str(&text));
        return main_refuse(e, &detail);
    }
    switch (app.options.command) {
    case COMMAND_HELP:
        main_say(1, str_from(options_help));
        return 0;
    case COMMAND_VERSION:
        commands_put_version(&text);
        main_say(1, buf_str(&text));
        return 0;
    case COMMAND_SEAL_TEST:
        return main_seal_test(app.options.seal_test);
    case COMMAND_SERVE:
        e = start_serve(s, &app.options);
        return err_ok(e) ? serve_command_run(s) : main_refuse(e, &s->detail);
    case COMMAND_HEALTHCHECK: {
        int code = healthcheck_run(s, &app.options, &e);
        return err_ok(e) ? code : main_refuse(e, &s->detail);
    }
    case COMMAND_CHECK: {
        struct check *check;
        e = check_command_start(s, &app.options, &check);
        return err_ok(e) ? check_command_run(check) : main_refuse(e, &s->detail);
    }
    case COMMAND_LIMITS:
    case COMMAND_SYNC:
        break;
    }
    e = start_all(s, &app.options);
    if (!err_ok(e)) {
        return main_refuse(e, &s->detail);
    }
    if (app.options.command == COMMAND_LIMITS) {
        commands_put_limits(&text, &s->plan);
        main_say(1, buf_str(&text));
        return 0;
    }
    return sync_command_run(s);
}
