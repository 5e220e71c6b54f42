// SPDX-License-Identifier: Apache-2.0
// The command line (see options.h): one table of flags, one of commands.
#include "cli/options.h"

#include "cli/config_names.h"

const char options_help[] =
    "mailferry carries the mail of a Gmail domain into Elasticsearch.\n"
    "\n"
    "  mailferry sync [flags]     one sync, then exit\n"
    "  mailferry limits [flags]   every pool of memory and the total\n"
    "  mailferry version          version, dependencies and their digests\n"
    "\n"
    "  -c, --config FILE      configuration, default config.yml (see config.yml.example)\n"
    "      --connector ID     which entry of `connectors`, when there are several\n"
    "      --to SINK          elastic, ndjson:FILE, or - for standard output\n"
    "      --dry-run          count mailboxes, messages and quota; write nothing\n"
    "      --full             read again what is in the index already\n"
    "      --mailbox ADDR     only this mailbox (may be repeated)\n"
    "      --json             progress, log and summary as JSON\n"
    "      --log-level LEVEL  debug, info, warning or error\n"
    "      --require-seal     do not start where the host forbids seccomp\n"
    "  -h, --help             this text\n"
    "  -v, --version          as `mailferry version`\n"
    "\n"
    "Without --to, documents go to Elasticsearch when config.yml names one, else to\n"
    "standard output. Exit: 0 done, 1 failed, 2 wrong use or configuration, 75 run again.\n";

enum flag {
    FLAG_CONFIG,
    FLAG_CONNECTOR,
    FLAG_TO,
    FLAG_DRY_RUN,
    FLAG_FULL,
    FLAG_MAILBOX,
    FLAG_JSON,
    FLAG_LOG_LEVEL,
    FLAG_REQUIRE_SEAL,
    FLAG_HELP,
    FLAG_VERSION,
    FLAG_COUNT
};

static const struct {
    const char *name, *brief;
    bool takes_value;
} options_flags[FLAG_COUNT] = {
    [FLAG_CONFIG] = {"--config", "-c", true},
    [FLAG_CONNECTOR] = {"--connector", NULL, true},
    [FLAG_TO] = {"--to", NULL, true},
    [FLAG_DRY_RUN] = {"--dry-run", NULL, false},
    [FLAG_FULL] = {"--full", NULL, false},
    [FLAG_MAILBOX] = {"--mailbox", NULL, true},
    [FLAG_JSON] = {"--json", NULL, false},
    [FLAG_LOG_LEVEL] = {"--log-level", NULL, true},
    [FLAG_REQUIRE_SEAL] = {"--require-seal", NULL, false},
    [FLAG_HELP] = {"--help", "-h", false},
    [FLAG_VERSION] = {"--version", "-v", false},
};

static const struct {
    const char *name;
    enum command command;
} options_commands[] = {
    {"sync", COMMAND_SYNC},
    {"limits", COMMAND_LIMITS},
    {"version", COMMAND_VERSION},
    {"help", COMMAND_HELP},
};

static void options_name_nearest(struct buf *detail, str given, const char *best, int distance)
{
    buf_put(detail, given);
    if (best && distance <= 3) {
        buf_put(detail, S("; did you mean "));
        buf_put(detail, str_from(best));
        buf_put_byte(detail, '?');
    }
}

static err options_unknown_flag(str given, struct buf *detail)
{
    const char *best = NULL;
    int distance = 99;
    for (int i = 0; i < FLAG_COUNT; i++) {
        int d = config_names_distance(given, str_from(options_flags[i].name));
        if (d < distance) {
            distance = d;
            best = options_flags[i].name;
        }
    }
    options_name_nearest(detail, given, best, distance);
    return FAIL(OPTION_UNKNOWN);
}

static err options_log_level(struct options *o, str value, struct buf *detail)
{
    static const struct {
        const char *name;
        enum log_level level;
    } levels[] = {
        {"debug", LOG_DEBUG}, {"info", LOG_INFO}, {"warning", LOG_WARN}, {"error", LOG_ERROR},
    };
    for (isize i = 0; i < COUNT(levels); i++) {
        if (str_eq_nocase(value, str_from(levels[i].name))) {
            o->log_level = levels[i].level;
            o->log_level_given = true;
            return OK;
        }
    }
    buf_put(detail, S("--log-level "));
    buf_put(detail, value);
    return FAIL(OPTION_VALUE);
}

static err options_to(struct options *o, str value, struct buf *detail)
{
    bool file = str_starts(value, S("ndjson:")) && value.n > 7;
    if (!file && !str_eq(value, S("-")) && !str_eq(value, S("elastic"))) {
        buf_put(detail, S("--to "));
        buf_put(detail, value);
        buf_put(detail, S(": allowed are elastic, ndjson:FILE and -"));
        return FAIL(OPTION_VALUE);
    }
    o->to = value;
    return OK;
}

static err options_mailbox(struct options *o, str value, struct buf *detail)
{
    if (o->mailbox_count == OPTION_MAILBOXES_MAX) {
        buf_put(detail, S("--mailbox is given too often"));
        return FAIL(OPTION_VALUE);
    }
    o->mailboxes[o->mailbox_count++] = value;
    return OK;
}

static err options_set(struct options *o, enum flag flag, str value, struct buf *detail)
{
    switch (flag) {
    case FLAG_CONFIG:
        o->config_path = value;
        o->config_given = true;
        return OK;
    case FLAG_CONNECTOR:
        o->connector = value;
        return OK;
    case FLAG_TO:
        return options_to(o, value, detail);
    case FLAG_DRY_RUN:
        o->dry_run = true;
        return OK;
    case FLAG_FULL:
        o->full = true;
        return OK;
    case FLAG_MAILBOX:
        return options_mailbox(o, value, detail);
    case FLAG_JSON:
        o->json = true;
        return OK;
    case FLAG_LOG_LEVEL:
        return options_log_level(o, value, detail);
    case FLAG_REQUIRE_SEAL:
        o->require_seal = true;
        return OK;
    case FLAG_HELP:
        o->command = COMMAND_HELP;
        return OK;
    case FLAG_VERSION:
        o->command = COMMAND_VERSION;
        return OK;
    case FLAG_COUNT:
        break;
    }
    return OK;
}

// The flag that `arg` names; --name=value puts the value into *value.
static enum flag options_find(str arg, str *value, bool *inline_value)
{
    str name;
    *value = str_cut(arg, '=', &name, inline_value);
    for (int i = 0; i < FLAG_COUNT; i++) {
        if (str_eq(name, str_from(options_flags[i].name)) ||
            (options_flags[i].brief && str_eq(arg, str_from(options_flags[i].brief)))) {
            return (enum flag)i;
        }
    }
    return FLAG_COUNT;
}

static err options_command(struct options *o, str name, struct buf *detail)
{
    const char *best = NULL;
    int distance = 99;
    for (isize i = 0; i < COUNT(options_commands); i++) {
        int d = config_names_distance(name, str_from(options_commands[i].name));
        if (d == 0) {
            o->command = options_commands[i].command;
            return OK;
        }
        if (d < distance) {
            distance = d;
            best = options_commands[i].name;
        }
    }
    options_name_nearest(detail, name, best, distance);
    return FAIL(OPTION_COMMAND);
}

static err options_parse_flag(struct options *o, int argc, char **argv, int *i, struct buf *detail)
{
    str value;
    bool has_value;
    str arg = str_from(argv[*i]);
    enum flag flag = options_find(arg, &value, &has_value);
    if (flag == FLAG_COUNT) {
        return options_unknown_flag(arg, detail);
    }
    if (has_value != options_flags[flag].takes_value) {
        if (has_value || *i + 1 >= argc) {
            buf_put(detail, arg);
            buf_put(detail, has_value ? S(" takes no value") : S(" needs a value"));
            return FAIL(OPTION_VALUE);
        }
        value = str_from(argv[++*i]);
    }
    if (options_flags[flag].takes_value && value.n == 0) {
        buf_put(detail, arg);
        buf_put(detail, S(" needs a value"));
        return FAIL(OPTION_VALUE);
    }
    return options_set(o, flag, value, detail);
}

err options_parse(struct options *o, int argc, char **argv, struct buf *detail)
{
    *o = (struct options){.command = COMMAND_HELP, .config_path = S("config.yml")};
    bool have_command = false;
    for (int i = 1; i < argc; i++) {
        str arg = str_from(argv[i]);
        if (str_starts(arg, S("-")) && arg.n > 1) {
            TRY(options_parse_flag(o, argc, argv, &i, detail));
        } else if (!have_command && str_eq(arg, S("seal-test")) && i + 1 < argc) {
            o->command = COMMAND_SEAL_TEST;
            o->seal_test = str_from(argv[++i]);
            have_command = true;
        } else if (!have_command) {
            enum command asked = o->command;
            TRY(options_command(o, arg, detail));
            // `sync --help` is help, wherever the flag stands.
            o->command = asked == COMMAND_VERSION ? asked : o->command;
            have_command = true;
        } else {
            buf_put(detail, arg);
            return FAIL(OPTION_COMMAND);
        }
    }
    return OK;
}
