// SPDX-License-Identifier: Apache-2.0
// cli/options: every flag in both spellings, what is refused in which words, and that help fits a
// screen.
#include "test.h"

#include <stdlib.h>

#include "cli/options.h"

static struct options o;
static u8 detail_bytes[1024];
static struct buf detail;

static err parse(const char *line)
{
    static char copy[8192];
    char *argv[256] = {copy};
    int argc = 0;
    snprintf(copy, sizeof copy, "mailferry %s", line);
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " ")) {
        argv[argc++] = strcmp(word, "''") ? word : copy + sizeof copy - 1;
    }
    detail = buf_over(detail_bytes, sizeof detail_bytes);
    return options_parse(&o, argc, argv, &detail);
}

static void test_options_parse_commands(void)
{
    static const struct {
        const char *line;
        enum command command;
    } cases[] = {
        {"", COMMAND_HELP},
        {"help", COMMAND_HELP},
        {"--help", COMMAND_HELP},
        {"-h", COMMAND_HELP},
        {"version", COMMAND_VERSION},
        {"--version", COMMAND_VERSION},
        {"-v", COMMAND_VERSION},
        {"limits", COMMAND_LIMITS},
        {"limits -c x", COMMAND_LIMITS},
        {"sync", COMMAND_SYNC},
        {"check --mailbox a@b", COMMAND_CHECK},
        {"--json sync", COMMAND_SYNC},
        {"sync --help", COMMAND_HELP},
        {"--help sync", COMMAND_HELP}, // asking for help never starts a sync
        {"-v sync", COMMAND_VERSION},
        {"sync -v -h", COMMAND_HELP},
        {"seal-test open", COMMAND_SEAL_TEST},
    };
    for (isize i = 0; i < COUNT(cases); i++) {
        CHECK_OK(parse(cases[i].line));
        CHECK(o.command == cases[i].command);
    }
    CHECK_STR(o.seal_test, S("open"));
}

static void test_options_parse_flags(void)
{
    CHECK_OK(parse("sync"));
    CHECK_STR(o.config_path, S("config.yml"));
    CHECK(!o.config_given && !o.dry_run && !o.full && !o.json && !o.require_seal &&
          !o.log_level_given);
    CHECK(o.to.n == 0 && o.connector.n == 0 && o.mailbox_count == 0);
    CHECK_OK(
        parse("sync -c a.yml --connector=x --to - --dry-run --full --mailbox a@b --mailbox=c@d "
              "--json --log-level DEBUG --require-seal"));
    CHECK_STR(o.config_path, S("a.yml"));
    CHECK_STR(o.connector, S("x"));
    CHECK_STR(o.to, S("-"));
    CHECK(o.config_given && o.dry_run && o.full && o.json && o.require_seal);
    CHECK(o.log_level_given && o.log_level == LOG_DEBUG && o.mailbox_count == 2);
    CHECK_STR(o.mailboxes[1], S("c@d"));
    CHECK_OK(parse("--config=b=c sync --to=ndjson:x.ndjson --log-level critical"));
    CHECK_STR(o.config_path, S("b=c"));
    CHECK_STR(o.to, S("ndjson:x.ndjson"));
    CHECK(o.log_level == LOG_ERROR);
}

static void test_options_parse_refused(void)
{
    static const struct {
        const char *line;
        enum err_code code;
        const char *detail;
    } cases[] = {
        {"swerve", ERR_OPTION_COMMAND, "swerve; did you mean serve?"},
        {"chek", ERR_OPTION_COMMAND, "chek; did you mean check?"},
        {"synch", ERR_OPTION_COMMAND, "synch; did you mean sync?"},
        {"Sync", ERR_OPTION_COMMAND, "Sync; did you mean sync?"},
        {"-", ERR_OPTION_COMMAND, "-"},
        {"seal-test", ERR_OPTION_COMMAND, "seal-test"},
        {"-c config.yml", ERR_OPTION_NO_COMMAND, ""},
        {"sync now", ERR_OPTION_EXTRA, "now"},
        {"sync a@b.c", ERR_OPTION_EXTRA, "a@b.c; a single mailbox is given with --mailbox"},
        {"sync my.yml", ERR_OPTION_EXTRA, "my.yml; the configuration is given with --config"},
        {"sync sync", ERR_OPTION_EXTRA, "sync"},
        {"sync --dryrun", ERR_OPTION_UNKNOWN, "--dryrun; did you mean --dry-run?"},
        {"sync --mailboxes=a@b", ERR_OPTION_UNKNOWN, "--mailboxes; did you mean --mailbox?"},
        {"sync --parallel 4", ERR_OPTION_UNKNOWN, "--parallel"},
        {"sync -x", ERR_OPTION_UNKNOWN, "-x"},
        {"sync -c", ERR_OPTION_VALUE, "--config needs a value"},
        {"sync --config=", ERR_OPTION_VALUE, "--config needs a value"},
        {"sync --config ''", ERR_OPTION_VALUE, "--config needs a value"},
        {"sync --config --json", ERR_OPTION_VALUE, "--config needs a value"},
        {"sync --json=yes", ERR_OPTION_VALUE, "--json takes no value"},
        {"sync --to elasticsearch", ERR_OPTION_VALUE,
         "--to elasticsearch: allowed are elastic, ndjson:FILE and -"},
        {"sync --to ndjson:", ERR_OPTION_VALUE,
         "--to ndjson:: allowed are elastic, ndjson:FILE and -"},
        {"sync --log-level loud", ERR_OPTION_VALUE,
         "--log-level loud: allowed are debug, info, warning and error"},
        {"sync --mailbox smith", ERR_OPTION_VALUE, "--mailbox smith: a mail address is wanted"},
        {"sync --mailbox @x", ERR_OPTION_VALUE, "--mailbox @x: a mail address is wanted"},
        {"sync --shard 9/8", ERR_OPTION_VALUE,
         "--shard 9/8: K from 1 to N and N up to 1000 are wanted, as 3/8"},
        {"sync --shard 8", ERR_OPTION_VALUE,
         "--shard 8: K/N is wanted, as 3/8; N alone takes K from JOB_COMPLETION_INDEX, which is "
         "not set"},
        {"sync \x1b[2J", ERR_OPTION_EXTRA, "?[2J"},
    };
    for (isize i = 0; i < COUNT(cases); i++) {
        err e = parse(cases[i].line);
        if (e.code != cases[i].code) {
            fprintf(stderr, "[%s]: got %s\n", cases[i].line, err_name(e));
            test_failures++;
        }
        CHECK_STR(buf_str(&detail), str_from(cases[i].detail));
    }
}

static void test_options_parse_many_mailboxes(void)
{
    static char line[4096];
    size_t n = (size_t)snprintf(line, sizeof line, "sync");
    for (int i = 0; i < OPTION_MAILBOXES_MAX; i++) {
        n += (size_t)snprintf(line + n, sizeof line - n, " --mailbox m%d@x", i);
    }
    CHECK_OK(parse(line));
    CHECK(o.mailbox_count == OPTION_MAILBOXES_MAX);
    snprintf(line + n, sizeof line - n, " --mailbox z@x");
    CHECK_ERR(parse(line), OPTION_VALUE);
    CHECK_STR(buf_str(&detail), S("--mailbox z@x: no more than 64 can be given"));
}

static void test_options_parse_shard(void)
{
    CHECK_OK(parse("sync --shard 3/8"));
    CHECK(o.shard.index == 2 && o.shard.count == 8);
    CHECK(setenv("JOB_COMPLETION_INDEX", "5", 1) == 0);
    CHECK_OK(parse("sync --shard=8"));
    CHECK(o.shard.index == 5 && o.shard.count == 8);
    CHECK(unsetenv("JOB_COMPLETION_INDEX") == 0);
    CHECK_OK(parse("sync"));
    CHECK(o.shard.count == 0);
}

static void test_options_help_fits(void)
{
    isize lines = 0;
    for (str rest = str_from(options_help), line; rest.n; lines++) {
        bool found;
        rest = str_cut(rest, '\n', &line, &found);
        CHECK(found && line.n <= 79);
    }
    CHECK(lines <= 23); // and the prompt below it
}

// Whatever can be given is in the help, and only the hidden command is not.
static void test_options_help_is_complete(void)
{
    static const char *const words[] = {
        "sync",        "check",          "limits",    "version", "--config",  "-c",
        "--connector", "--to",           "--dry-run", "--full",  "--mailbox", "--json",
        "--log-level", "--require-seal", "--help",    "-h",      "--version", "-v"};
    for (isize i = 0; i < COUNT(words); i++) {
        CHECK(str_find(str_from(options_help), str_from(words[i])) >= 0);
    }
    CHECK(str_find(str_from(options_help), S("seal-test")) < 0);
}

static const struct test_case cases[] = {
    CASE(test_options_parse_commands),   CASE(test_options_parse_flags),
    CASE(test_options_parse_refused),    CASE(test_options_parse_many_mailboxes),
    CASE(test_options_parse_shard),      CASE(test_options_help_fits),
    CASE(test_options_help_is_complete),
};

TEST_MAIN(cases)
