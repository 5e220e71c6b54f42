// SPDX-License-Identifier: Apache-2.0
// The command line of `mailferry connectors` (see connectors_args.h): one table of commands, one of
// options; which option goes with which command is a mask in the first.
#include "cli/connectors_args.h"

#include "cli/output.h"

#define ARGS_SHOWN_CHARACTERS 100 // of a wrong argument that a message repeats

const char connectors_help[] =
    "mailferry connectors [-c FILE] COMMAND: what is in Elasticsearch, by hand\n"
    "\n"
    "  login [--host URL] [--method basic|apikey]   asks, tries, and keeps the access\n"
    "  connector list\n"
    "  connector create [--index-name NAME] [--name TEXT] [--service-type TYPE]\n"
    "            [--index-language CODE] [--native] [--from-index] [--from-file JSON]\n"
    "            [--update-config [--connector-service-config FILE]]\n"
    "  index list | clean INDEX | delete INDEX\n"
    "  job start -i CONNECTOR -t full|incremental|access_control [-o json|text]\n"
    "  job list CONNECTOR\n"
    "  job view JOB [-o json|text]\n"
    "  job cancel JOB\n"
    "\n"
    "  -c, --config FILE   access to Elasticsearch, default .cli/config.yml\n"
    "  -y, --yes           do not ask before something is deleted or cancelled\n"
    "      --require-seal  do not start where the host forbids seccomp\n"
    "  -h, --help          this text\n"
    "  -v, --version       the version\n"
    "\n"
    "What is not given is asked for. Exit status: 0 done, 1 failed, 2 wrong use.\n";

enum args_option {
    ARGS_CONFIG,
    ARGS_YES,
    ARGS_HELP,
    ARGS_VERSION,
    ARGS_HOST,
    ARGS_METHOD,
    ARGS_INDEX_NAME,
    ARGS_NAME,
    ARGS_LANGUAGE,
    ARGS_SERVICE_TYPE,
    ARGS_NATIVE,
    ARGS_FROM_INDEX,
    ARGS_FROM_FILE,
    ARGS_UPDATE_CONFIG,
    ARGS_SERVICE_CONFIG,
    ARGS_CONNECTOR,
    ARGS_JOB_TYPE,
    ARGS_FORM,
    ARGS_REQUIRE_SEAL,
    ARGS_OPTIONS
};

#define BIT(x) ((u32)1 << (x))
#define ARGS_ALWAYS \
    (BIT(ARGS_CONFIG) | BIT(ARGS_YES) | BIT(ARGS_HELP) | BIT(ARGS_VERSION) | BIT(ARGS_REQUIRE_SEAL))

static const struct {
    const char *name, *brief;
    bool takes_value;
} args_options[ARGS_OPTIONS] = {
    [ARGS_CONFIG] = {"--config", "-c", true},
    [ARGS_YES] = {"--yes", "-y", false},
    [ARGS_HELP] = {"--help", "-h", false},
    [ARGS_VERSION] = {"--version", "-v", false},
    [ARGS_HOST] = {"--host", NULL, true},
    [ARGS_METHOD] = {"--method", NULL, true},
    [ARGS_INDEX_NAME] = {"--index-name", NULL, true},
    [ARGS_NAME] = {"--name", NULL, true},
    [ARGS_LANGUAGE] = {"--index-language", NULL, true},
    [ARGS_SERVICE_TYPE] = {"--service-type", NULL, true},
    [ARGS_NATIVE] = {"--native", NULL, false},
    [ARGS_FROM_INDEX] = {"--from-index", NULL, false},
    [ARGS_FROM_FILE] = {"--from-file", NULL, true},
    [ARGS_UPDATE_CONFIG] = {"--update-config", NULL, false},
    [ARGS_SERVICE_CONFIG] = {"--connector-service-config", NULL, true},
    [ARGS_CONNECTOR] = {"--connector-id", "-i", true},
    [ARGS_JOB_TYPE] = {"--job-type", "-t", true},
    [ARGS_FORM] = {"--format", "-o", true},
    [ARGS_REQUIRE_SEAL] = {"--require-seal", NULL, false},
};

static const struct args_row {
    const char *group, *verb; // verb NULL: the group is the command
    enum connectors_command command;
    u32 options;         // besides ARGS_ALWAYS
    const char *subject; // what it is about; NULL: nothing
} args_commands[] = {
    {"login", NULL, CONNECTORS_LOGIN, BIT(ARGS_HOST) | BIT(ARGS_METHOD), NULL},
    {"connector", "list", CONNECTORS_LIST, 0, NULL},
    {"connector", "create", CONNECTORS_CREATE,
     BIT(ARGS_INDEX_NAME) | BIT(ARGS_NAME) | BIT(ARGS_LANGUAGE) | BIT(ARGS_SERVICE_TYPE) |
         BIT(ARGS_NATIVE) | BIT(ARGS_FROM_INDEX) | BIT(ARGS_FROM_FILE) | BIT(ARGS_UPDATE_CONFIG) |
         BIT(ARGS_SERVICE_CONFIG),
     NULL},
    {"index", "list", CONNECTORS_INDEX_LIST, 0, NULL},
    {"index", "clean", CONNECTORS_INDEX_CLEAN, 0, "INDEX"},
    {"index", "delete", CONNECTORS_INDEX_DELETE, 0, "INDEX"},
    {"job", "start", CONNECTORS_JOB_START,
     BIT(ARGS_CONNECTOR) | BIT(ARGS_JOB_TYPE) | BIT(ARGS_FORM), NULL},
    {"job", "list", CONNECTORS_JOB_LIST, 0, "CONNECTOR"},
    {"job", "view", CONNECTORS_JOB_VIEW, BIT(ARGS_FORM), "JOB"},
    {"job", "cancel", CONNECTORS_JOB_CANCEL, 0, "JOB"},
};

// What was found so far of the words that are no options.
struct args_words {
    str words[4];
    int count;
};

static err args_refuse(enum args_option option, str value, str wanted, struct buf *detail)
{
    buf_put(detail, str_from(args_options[option].name));
    buf_put_byte(detail, ' ');
    output_put_clean(detail, value, ARGS_SHOWN_CHARACTERS);
    buf_put(detail, S(": allowed are "));
    buf_put(detail, wanted);
    return FAIL(OPTION_VALUE);
}

static err args_set_job_type(struct connectors_args *a, str value, struct buf *detail)
{
    for (int t = 0; t < JOB_TYPES; t++) {
        if (str_eq(value, str_from(job_type_name((enum job_type)t)))) {
            a->job_type = (enum job_type)t;
            return OK;
        }
    }
    return args_refuse(ARGS_JOB_TYPE, value, S("full, incremental and access_control"), detail);
}

static err args_set_choice(struct connectors_args *a, enum args_option option, str value,
                           struct buf *detail)
{
    if (option == ARGS_METHOD) {
        a->api_key = str_eq(value, S("apikey"));
        return a->api_key || str_eq(value, S("basic"))
                   ? OK
                   : args_refuse(option, value, S("basic and apikey"), detail);
    }
    a->json = str_eq(value, S("json"));
    return a->json || str_eq(value, S("text"))
               ? OK
               : args_refuse(option, value, S("json and text"), detail);
}

static err args_set(struct connectors_args *a, enum args_option option, str value,
                    struct buf *detail)
{
    switch (option) {
    case ARGS_CONFIG:
        a->config_path = value;
        return OK;
    case ARGS_YES:
        a->yes = true;
        return OK;
    case ARGS_HOST:
        a->host = value;
        return OK;
    case ARGS_METHOD:
    case ARGS_FORM:
        return args_set_choice(a, option, value, detail);
    case ARGS_INDEX_NAME:
        a->index_name = value;
        return OK;
    case ARGS_NAME:
        a->name = value;
        return OK;
    case ARGS_LANGUAGE:
        a->language = value;
        return OK;
    case ARGS_SERVICE_TYPE:
        a->service_type = value;
        return OK;
    case ARGS_NATIVE:
        a->is_native = true;
        return OK;
    case ARGS_FROM_INDEX:
        a->from_index = true;
        return OK;
    case ARGS_FROM_FILE:
        a->from_file = value;
        return OK;
    case ARGS_UPDATE_CONFIG:
        a->update_config = true;
        return OK;
    case ARGS_SERVICE_CONFIG:
        a->service_config = value;
        return OK;
    case ARGS_REQUIRE_SEAL:
        a->require_seal = true;
        return OK;
    case ARGS_CONNECTOR:
        a->subject = value;
        return OK;
    case ARGS_JOB_TYPE:
        return args_set_job_type(a, value, detail);
    case ARGS_HELP:
    case ARGS_VERSION: // connectors_args_parse sees to them
    case ARGS_OPTIONS:
        break;
    }
    return OK;
}

// argv[*i] is an option: which, and its value behind a '=' or in the next argument.
static err args_take(char **argv, int *i, enum args_option *option, str *value, struct buf *detail)
{
    str name;
    bool has_value;
    str arg = str_from(argv[*i]);
    *value = str_cut(arg, '=', &name, &has_value);
    for (int k = 0; k < ARGS_OPTIONS; k++) {
        bool brief = args_options[k].brief && str_eq(arg, str_from(args_options[k].brief));
        if (!brief && !str_eq(name, str_from(args_options[k].name))) {
            continue;
        }
        *option = (enum args_option)k;
        bool takes = args_options[k].takes_value;
        if (takes && !has_value && argv[*i + 1]) {
            *value = str_from(argv[++*i]);
            has_value = true;
        }
        if (takes == has_value && (!takes || value->n)) {
            return OK;
        }
        buf_put(detail, str_from(args_options[k].name));
        buf_put(detail, takes ? S(" needs a value") : S(" takes no value"));
        return FAIL(OPTION_VALUE);
    }
    output_put_clean(detail, name, ARGS_SHOWN_CHARACTERS);
    return FAIL(OPTION_UNKNOWN);
}

// The command that the words name; the index of its row, -1: none.
static int args_find(const struct args_words *w, int *used)
{
    for (int i = 0; i < (int)COUNT(args_commands); i++) {
        bool group = w->count > 0 && str_eq(w->words[0], str_from(args_commands[i].group));
        const char *verb = args_commands[i].verb;
        if (group && (!verb || (w->count > 1 && str_eq(w->words[1], str_from(verb))))) {
            *used = verb ? 2 : 1;
            return i;
        }
    }
    return -1;
}

static void args_put_words(const struct args_words *w, struct buf *detail)
{
    buf_put(detail, S("connectors"));
    for (int i = 0; i < w->count && i < 2; i++) {
        buf_put_byte(detail, ' ');
        output_put_clean(detail, w->words[i], ARGS_SHOWN_CHARACTERS);
    }
}

static err args_command(struct connectors_args *a, const struct args_words *w, u32 given,
                        struct buf *detail)
{
    int used = 0;
    int row = args_find(w, &used);
    if (row < 0) {
        args_put_words(w, detail);
        return FAIL(OPTION_COMMAND);
    }
    a->command = args_commands[row].command;
    if (args_commands[row].subject && w->count > used) {
        a->subject = w->words[used++];
    }
    if (w->count > used) {
        output_put_clean(detail, w->words[used], ARGS_SHOWN_CHARACTERS);
        return FAIL(OPTION_EXTRA);
    }
    for (int k = 0; k < ARGS_OPTIONS; k++) {
        if (given & ~(args_commands[row].options | ARGS_ALWAYS) & BIT(k)) {
            buf_put(detail, str_from(args_options[k].name));
            buf_put(detail, S(" does not go with this command"));
            return FAIL(OPTION_UNKNOWN);
        }
    }
    bool start = a->command == CONNECTORS_JOB_START;
    if ((args_commands[row].subject || start) && a->subject.n == 0) {
        buf_put(detail, start ? S("-i CONNECTOR") : str_from(args_commands[row].subject));
        buf_put(detail, S(" is missing"));
        return FAIL(OPTION_VALUE);
    }
    if (start && !(given & BIT(ARGS_JOB_TYPE))) {
        buf_put(detail, S("-t full, incremental or access_control is missing"));
        return FAIL(OPTION_VALUE);
    }
    return OK;
}

// Ids of jobs begin with '-' now and then: what has one of them and is no option is a word, and so
// is everything behind "--".
static bool args_is_word(str arg, bool ended)
{
    bool option = str_starts(arg, S("--"));
    for (int k = 0; k < ARGS_OPTIONS; k++) {
        option = option || (args_options[k].brief && str_eq(arg, str_from(args_options[k].brief)));
    }
    return ended || !option;
}

err connectors_args_parse(struct connectors_args *a, int argc, char **argv, struct buf *detail)
{
    *a = (struct connectors_args){
        .config_path = S(".cli/config.yml"),
        .service_config = S("config.yml"),
    };
    struct args_words words = {0};
    u32 given = 0;
    bool ended = false;
    for (int i = 0; i < argc; i++) {
        str arg = str_from(argv[i]);
        if (!ended && str_eq(arg, S("--"))) {
            ended = true;
            continue;
        }
        if (args_is_word(arg, ended)) {
            if (words.count == COUNT(words.words)) {
                output_put_clean(detail, arg, ARGS_SHOWN_CHARACTERS);
                return FAIL(OPTION_EXTRA);
            }
            words.words[words.count++] = arg;
            continue;
        }
        enum args_option option;
        str value;
        TRY(args_take(argv, &i, &option, &value, detail));
        TRY(args_set(a, option, value, detail));
        given |= BIT(option);
    }
    if (given & (BIT(ARGS_HELP) | BIT(ARGS_VERSION)) || words.count == 0) {
        a->command = given & BIT(ARGS_VERSION) && !(given & BIT(ARGS_HELP)) ? CONNECTORS_VERSION
                                                                            : CONNECTORS_HELP;
        return OK;
    }
    return args_command(a, &words, given, detail);
}
