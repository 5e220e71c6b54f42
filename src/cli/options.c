// SPDX-License-Identifier: Apache-2.0
// The command line (see options.h): one table of flags, one of commands.
#include "cli/options.h"

#include "cli/config_names.h"
#include "cli/output.h"
#include "os/os.h"

#define OPTION_SHOWN_CHARACTERS 100 // of a wrong argument that a message repeats

const char options_help[] =
    "mailferry carries the mail of Gmail or Exchange into Elasticsearch.\n"
    "\n"
    "  mailferry sync [flags]     one sync, then exit\n"
    "  mailferry serve [flags]    the connector service: runs what Kibana schedules\n"
    "  mailferry check [flags]    walks every hop of one connector, says what to fix\n"
    "  mailferry connectors ...   connectors, indices, jobs by hand (connectors -h)\n"
    "  mailferry limits [flags]   every pool of memory and the total\n"
    "  mailferry healthcheck      whether a running service is well (service.listen)\n"
    "  mailferry version          version, dependencies and their digests\n"
    "\n"
    "  -c, --config FILE      default config.yml (see config.yml.example)\n"
    "      --connector ID     which entry of `connectors`, when there are several\n"
    "      --to SINK          elastic (where config.yml has one), ndjson:FILE or -\n"
    "      --dry-run          count mailboxes, messages and quota; write nothing\n"
    "      --full             read again what is in the index already\n"
    "      --mailbox ADDR     only this mailbox (may be repeated)\n"
    "      --shard K/N        the K-th of N parts (N alone: JOB_COMPLETION_INDEX)\n"
    "      --json             progress, log and summary as JSON\n"
    "      --log-level LEVEL  debug, info, warning or error\n"
    "      --require-seal     do not start where the host forbids seccomp\n"
    "  -h, --help             this text (-v, --version: as `mailferry version`)\n"
    "\n"
    "Exit status: 0 done, 1 failed, 2 wrong use or configuration, 75 run it again.\n";

enum flag {
    FLAG_CONFIG,
    FLAG_CONNECTOR,
    FLAG_TO,
    FLAG_DRY_RUN,
    FLAG_FULL,
    FLAG_MAILBOX,
    FLAG_SHARD,
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
    [FLAG_SHARD] = {"--shard", NULL, true},
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
    {"serve", COMMAND_SERVE},
    {"check", COMMAND_CHECK},
    {"limits", COMMAND_LIMITS},
    {"healthcheck", COMMAND_HEALTHCHECK},
    {"version", COMMAND_VERSION},
    {"help", COMMAND_HELP},
};

struct options_nearest {
    str given;
    const char *name;
    int distance;
};

static void options_try(struct options_nearest *n, const char *name)
{
    int d = config_names_distance(n->given, str_from(name));
    if (d < n->distance) {
        n->distance = d;
        n->name = name;
    }
}

static void options_put_nearest(struct buf *detail, const struct options_nearest *n)
{
    output_put_clean(detail, n->given, OPTION_SHOWN_CHARACTERS);
    if (n->name) {
        buf_put(detail, S("; did you mean "));
        buf_put(detail, str_from(n->name));
        buf_put_byte(detail, '?');
    }
}

static err options_unknown_flag(str given, struct buf *detail)
{
    str name;
    bool has_value;
    (void)str_cut(given, '=', &name, &has_value);
    struct options_nearest nearest = {.given = name, .distance = 4};
    for (int i = 0; i < FLAG_COUNT && str_starts(name, S("--")); i++) {
        options_try(&nearest, options_flags[i].name);
    }
    options_put_nearest(detail, &nearest);
    return FAIL(OPTION_UNKNOWN);
}

// "FLAG VALUE: what is wanted"
static err options_refuse(const char *flag, str value, str wanted, struct buf *detail)
{
    buf_put(detail, str_from(flag));
    buf_put_byte(detail, ' ');
    output_put_clean(detail, value, OPTION_SHOWN_CHARACTERS);
    buf_put(detail, S(": "));
    buf_put(detail, wanted);
    return FAIL(OPTION_VALUE);
}

static err options_log_level(struct options *o, str value, struct buf *detail)
{
    static const struct {
        const char *name;
        enum log_level level;
    } levels[] = {
        {"debug", LOG_DEBUG}, {"info", LOG_INFO},      {"warning", LOG_WARN},
        {"error", LOG_ERROR}, {"critical", LOG_ERROR}, // the service that we replace has it
    };
    for (isize i = 0; i < COUNT(levels); i++) {
        if (str_eq_nocase(value, str_from(levels[i].name))) {
            o->log_level = levels[i].level;
            o->log_level_given = true;
            return OK;
        }
    }
    return options_refuse("--log-level", value, S("allowed are debug, info, warning and error"),
                          detail);
}

static err options_to(struct options *o, str value, struct buf *detail)
{
    bool file = str_starts(value, S("ndjson:")) && value.n > 7;
    if (!file && !str_eq(value, S("-")) && !str_eq(value, S("elastic"))) {
        return options_refuse("--to", value, S("allowed are elastic, ndjson:FILE and -"), detail);
    }
    o->to = value;
    return OK;
}

static err options_mailbox(struct options *o, str value, struct buf *detail)
{
    isize at = str_find_byte(value, '@');
    if (at <= 0 || at == value.n - 1) {
        return options_refuse("--mailbox", value, S("a mail address is wanted"), detail);
    }
    if (o->mailbox_count == OPTION_MAILBOXES_MAX) {
        return options_refuse("--mailbox", value, S("no more than 64 can be given"), detail);
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
    case FLAG_SHARD: {
        bool found;
        return shard_parse(value, os_env("JOB_COMPLETION_INDEX", &found), &o->shard, detail);
    }
    case FLAG_JSON:
        o->json = true;
        return OK;
    case FLAG_LOG_LEVEL:
        return options_log_level(o, value, detail);
    case FLAG_REQUIRE_SEAL:
        o->require_seal = true;
        return OK;
    case FLAG_HELP:
    case FLAG_VERSION: // options_parse sees to them
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
    struct options_nearest nearest = {.given = name, .distance = 3};
    for (isize i = 0; i < COUNT(options_commands); i++) {
        if (str_eq(name, str_from(options_commands[i].name))) {
            o->command = options_commands[i].command;
            return OK;
        }
        options_try(&nearest, options_commands[i].name);
    }
    options_put_nearest(detail, &nearest);
    return FAIL(OPTION_COMMAND);
}

// argv[*i] is a flag: finds it, and its value behind a '=' or in the next argument, if there is
// one: argv ends with a NULL.
static err options_take_flag(char **argv, int *i, enum flag *flag, str *value, struct buf *detail)
{
    bool has_value;
    str arg = str_from(argv[*i]);
    *flag = options_find(arg, value, &has_value);
    if (*flag == FLAG_COUNT) {
        return options_unknown_flag(arg, detail);
    }
    bool takes = options_flags[*flag].takes_value;
    if (takes && !has_value && argv[*i + 1]) {
        *value = str_from(argv[++*i]);
    }
    // `--config --json` is a forgotten value, not a file of that name (./--json is one).
    bool forgotten = takes && (value->n == 0 || (!has_value && str_starts(*value, S("--"))));
    if (forgotten || (has_value && !takes)) {
        buf_put(detail, str_from(options_flags[*flag].name));
        buf_put(detail, forgotten ? S(" needs a value") : S(" takes no value"));
        return FAIL(OPTION_VALUE);
    }
    return OK;
}

static err options_word(struct options *o, str word, bool have_command, struct buf *detail)
{
    if (!have_command) {
        return options_command(o, word, detail);
    }
    output_put_clean(detail, word, OPTION_SHOWN_CHARACTERS);
    if (str_find_byte(word, '@') > 0) {
        buf_put(detail, S("; a single mailbox is given with --mailbox"));
    } else if (str_ends(word, S(".yml")) || str_ends(word, S(".yaml"))) {
        buf_put(detail, S("; the configuration is given with --config"));
    }
    return FAIL(OPTION_EXTRA);
}

err options_parse(struct options *o, int argc, char **argv, struct buf *detail)
{
    *o = (struct options){.command = COMMAND_HELP, .config_path = S("config.yml")};
    bool have_command = false;
    bool given[FLAG_COUNT] = {0};
    for (int i = 1; i < argc; i++) {
        str arg = str_from(argv[i]);
        if (str_starts(arg, S("-")) && arg.n > 1) {
            enum flag flag;
            str value;
            TRY(options_take_flag(argv, &i, &flag, &value, detail));
            TRY(options_set(o, flag, value, detail));
            given[flag] = true;
        } else if (!have_command && str_eq(arg, S("seal-test")) && i + 1 < argc) {
            o->command = COMMAND_SEAL_TEST;
            o->seal_test = str_from(argv[++i]);
            have_command = true;
        } else {
            TRY(options_word(o, arg, have_command, detail));
            have_command = true;
        }
    }
    // Help and version win, wherever they stand: nobody who asks for them wants a sync.
    if (given[FLAG_HELP]) {
        o->command = COMMAND_HELP;
    } else if (given[FLAG_VERSION]) {
        o->command = COMMAND_VERSION;
    } else if (!have_command && argc > 1) {
        return FAIL(OPTION_NO_COMMAND);
    }
    return OK;
}
