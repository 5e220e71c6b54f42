// SPDX-License-Identifier: Apache-2.0
// `elastic-ingest` (see ingest.h): one table of options, one of actions. Names of actions and
// levels are taken in any case, as the replaced command line takes them.
#include "cli/ingest.h"

#include "cli/output.h"
#include "codec/json_pretty.h"

#define INGEST_SHOWN_CHARACTERS 100 // of a wrong argument that a message repeats

const char ingest_help[] =
    "Usage: elastic-ingest [OPTIONS]\n"
    "\n"
    "  The connector service: runs what Kibana schedules. This is mailferry under\n"
    "  the name of the service that it replaces; `mailferry --help` shows the rest.\n"
    "\n"
    "Options:\n"
    "  -c, --config-file PATH   configuration, default config.yml\n"
    "  --action NAME            schedule, sync_content, sync_access_control or cleanup;\n"
    "                           may be repeated, default all four. Or alone: `list`\n"
    "                           (the sources) or `config` (the schema of one)\n"
    "  --service-type TYPE      for `--action config`\n"
    "  --log-level LEVEL        DEBUG, INFO, WARNING, ERROR or CRITICAL\n"
    "  --debug                  the same as --log-level DEBUG\n"
    "  --filebeat               log as JSON lines in ECS field names\n"
    "  --uvloop                 accepted and ignored\n"
    "  -v, --version            print the version and exit\n"
    "  --help                   print this text and exit\n";

enum ingest_option {
    INGEST_OPT_CONFIG,
    INGEST_OPT_ACTION,
    INGEST_OPT_SERVICE_TYPE,
    INGEST_OPT_LOG_LEVEL,
    INGEST_OPT_DEBUG,
    INGEST_OPT_FILEBEAT,
    INGEST_OPT_UVLOOP,
    INGEST_OPT_VERSION,
    INGEST_OPT_HELP,
    INGEST_OPTS
};

static const struct {
    const char *name, *brief;
    bool takes_value;
} ingest_options[INGEST_OPTS] = {
    [INGEST_OPT_CONFIG] = {"--config-file", "-c", true},
    [INGEST_OPT_ACTION] = {"--action", NULL, true},
    [INGEST_OPT_SERVICE_TYPE] = {"--service-type", NULL, true},
    [INGEST_OPT_LOG_LEVEL] = {"--log-level", NULL, true},
    [INGEST_OPT_DEBUG] = {"--debug", NULL, false},
    [INGEST_OPT_FILEBEAT] = {"--filebeat", NULL, false},
    [INGEST_OPT_UVLOOP] = {"--uvloop", NULL, false},
    [INGEST_OPT_VERSION] = {"--version", "-v", false},
    [INGEST_OPT_HELP] = {"--help", NULL, false},
};

static const struct {
    const char *name;
    enum ingest_command command;
    u32 service;
} ingest_actions[] = {
    {"schedule", INGEST_SERVE, INGEST_SCHEDULE},
    {"sync_content", INGEST_SERVE, INGEST_CONTENT},
    {"sync_access_control", INGEST_SERVE, INGEST_ACCESS_CONTROL},
    {"cleanup", INGEST_SERVE, INGEST_CLEANUP},
    {"list", INGEST_LIST, 0},
    {"config", INGEST_CONFIG, 0},
};

bool ingest_is_called(const char *argv0)
{
    str name = str_from(argv0);
    bool whole = str_eq(name, INGEST_NAME);
    return whole || (str_ends(name, INGEST_NAME) && name.p[name.n - INGEST_NAME.n - 1] == '/');
}

static err ingest_refuse(enum ingest_option option, str value, str wanted, struct buf *detail)
{
    buf_put(detail, S("Invalid value for '"));
    buf_put(detail, str_from(ingest_options[option].name));
    buf_put(detail, S("': '"));
    output_put_clean(detail, value, INGEST_SHOWN_CHARACTERS);
    buf_put(detail, S("' is not one of "));
    buf_put(detail, wanted);
    buf_put(detail, S("."));
    return FAIL(OPTION_VALUE);
}

static err ingest_level(struct ingest *in, str value, struct buf *detail)
{
    static const struct {
        const char *name;
        enum log_level level;
    } levels[] = {
        {"DEBUG", LOG_DEBUG}, {"INFO", LOG_INFO},      {"WARNING", LOG_WARN},
        {"ERROR", LOG_ERROR}, {"CRITICAL", LOG_ERROR},
    };
    for (isize i = 0; i < COUNT(levels); i++) {
        if (str_eq_nocase(value, str_from(levels[i].name))) {
            in->log_level = levels[i].level;
            in->log_level_given = true;
            return OK;
        }
    }
    return ingest_refuse(INGEST_OPT_LOG_LEVEL, value, S("DEBUG, INFO, WARNING, ERROR, CRITICAL"),
                         detail);
}

// What the actions given so far amount to; `alone` ones are remembered by the command.
struct ingest_chosen {
    int actions;
    int alone; // of them: list and config
};

static err ingest_action(struct ingest *in, str value, struct ingest_chosen *chosen,
                         struct buf *detail)
{
    for (isize i = 0; i < COUNT(ingest_actions); i++) {
        if (str_eq_nocase(value, str_from(ingest_actions[i].name))) {
            chosen->actions++;
            chosen->alone += ingest_actions[i].command != INGEST_SERVE;
            in->services |= ingest_actions[i].service;
            if (ingest_actions[i].command != INGEST_SERVE) {
                in->command = ingest_actions[i].command;
            }
            return OK;
        }
    }
    return ingest_refuse(INGEST_OPT_ACTION, value,
                         S("schedule, sync_content, sync_access_control, cleanup, list, config"),
                         detail);
}

// argv[*i] is an option: which, and its value behind a '=' or in the next argument.
static err ingest_take(char **argv, int *i, enum ingest_option *option, str *value,
                       struct buf *detail)
{
    str name;
    bool has_value;
    str arg = str_from(argv[*i]);
    *value = str_cut(arg, '=', &name, &has_value);
    for (int k = 0; k < INGEST_OPTS; k++) {
        bool brief = ingest_options[k].brief && str_eq(arg, str_from(ingest_options[k].brief));
        if (!brief && !str_eq(name, str_from(ingest_options[k].name))) {
            continue;
        }
        *option = (enum ingest_option)k;
        bool takes = ingest_options[k].takes_value;
        if (takes && !has_value && argv[*i + 1]) {
            *value = str_from(argv[++*i]);
            has_value = true;
        }
        if (takes == has_value) {
            return OK;
        }
        buf_put(detail, S("Option '"));
        buf_put(detail, str_from(ingest_options[k].name));
        buf_put(detail, takes ? S("' requires an argument.") : S("' does not take a value."));
        return FAIL(OPTION_VALUE);
    }
    buf_put(detail, S("No such option: "));
    output_put_clean(detail, name, INGEST_SHOWN_CHARACTERS);
    return FAIL(OPTION_UNKNOWN);
}

static err ingest_set(struct ingest *in, enum ingest_option option, str value,
                      struct ingest_chosen *chosen, struct buf *detail)
{
    switch (option) {
    case INGEST_OPT_CONFIG:
        in->config_path = value;
        in->config_given = true;
        return OK;
    case INGEST_OPT_ACTION:
        return ingest_action(in, value, chosen, detail);
    case INGEST_OPT_SERVICE_TYPE:
        in->service_type = value;
        return OK;
    case INGEST_OPT_LOG_LEVEL:
        return ingest_level(in, value, detail);
    case INGEST_OPT_DEBUG:
        return ingest_level(in, S("DEBUG"), detail);
    case INGEST_OPT_FILEBEAT:
        in->filebeat = true;
        return OK;
    case INGEST_OPT_UVLOOP:
    case INGEST_OPT_VERSION: // ingest_parse sees to these
    case INGEST_OPT_HELP:
    case INGEST_OPTS:
        break;
    }
    return OK;
}

err ingest_parse(struct ingest *in, int argc, char **argv, struct buf *detail)
{
    *in = (struct ingest){.config_path = S("config.yml")};
    struct ingest_chosen chosen = {0};
    bool given[INGEST_OPTS] = {0};
    for (int i = 1; i < argc; i++) {
        str arg = str_from(argv[i]);
        if (!str_starts(arg, S("-")) || arg.n < 2) {
            buf_put(detail, S("Got unexpected extra argument ("));
            output_put_clean(detail, arg, INGEST_SHOWN_CHARACTERS);
            buf_put(detail, S(")"));
            return FAIL(OPTION_EXTRA);
        }
        enum ingest_option option;
        str value;
        TRY(ingest_take(argv, &i, &option, &value, detail));
        TRY(ingest_set(in, option, value, &chosen, detail));
        given[option] = true;
    }
    if (given[INGEST_OPT_HELP] || given[INGEST_OPT_VERSION]) {
        in->command = given[INGEST_OPT_HELP] ? INGEST_HELP : INGEST_VERSION;
        return OK;
    }
    if (chosen.alone && chosen.actions > 1) {
        buf_put(detail, S("Cannot use the `list` or `config` action with other actions"));
        return FAIL(OPTION_VALUE);
    }
    in->services = in->services ? in->services : INGEST_ALL;
    return OK;
}

void ingest_put_usage_error(struct buf *out, str detail)
{
    buf_put(out, S("Usage: elastic-ingest [OPTIONS]\n"
                   "Try 'elastic-ingest --help' for help.\n\nError: "));
    buf_put(out, detail);
    buf_put_byte(out, '\n');
}

void ingest_put_list(struct buf *out, const char *const *names, isize count)
{
    buf_put(out, S("Registered connectors:\n"));
    for (isize i = 0; i < count; i++) {
        buf_put(out, S("- "));
        buf_put(out, str_from(names[i]));
        buf_put_byte(out, '\n');
    }
    buf_put(out, S("Bye\n"));
}

void ingest_put_config(struct buf *out, str service_type, str schema_json)
{
    buf_put(out, S("Getting default configuration for service type "));
    buf_put(out, service_type);
    buf_put_byte(out, '\n');
    json_pretty_put(out, schema_json, 2);
    buf_put(out, S("\nBye\n"));
}
