// SPDX-License-Identifier: Apache-2.0
// cli/connectors_args and cli/table: each command with its options, what is refused in which words,
// and tables that no cell can break.
#include "test.h"

#include "cli/connectors_args.h"
#include "cli/table.h"

static struct connectors_args a;
static u8 detail_bytes[1024];
static struct buf detail;

static err parse(const char *line)
{
    static char copy[1024];
    char *argv[64] = {NULL};
    int argc = 0;
    snprintf(copy, sizeof copy, "%s", line);
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " ")) {
        argv[argc++] = word;
    }
    detail = buf_over(detail_bytes, sizeof detail_bytes);
    return connectors_args_parse(&a, argc, argv, &detail);
}

static void test_commands(void)
{
    static const struct {
        const char *line;
        enum connectors_command command;
        const char *subject;
    } cases[] = {
        {"", CONNECTORS_HELP, ""},
        {"-h", CONNECTORS_HELP, ""},
        {"job --help", CONNECTORS_HELP, ""},
        {"-v", CONNECTORS_VERSION, ""},
        {"login --host http://h --method apikey", CONNECTORS_LOGIN, ""},
        {"connector list", CONNECTORS_LIST, ""},
        {"-c x.yml connector list", CONNECTORS_LIST, ""},
        {"connector create --index-name i --name n --service-type gmail", CONNECTORS_CREATE, ""},
        {"index list", CONNECTORS_INDEX_LIST, ""},
        {"index clean mail", CONNECTORS_INDEX_CLEAN, "mail"},
        {"index --yes delete mail", CONNECTORS_INDEX_DELETE, "mail"},
        {"job start -i c1 -t incremental -o json", CONNECTORS_JOB_START, "c1"},
        {"job list c1", CONNECTORS_JOB_LIST, "c1"},
        {"job view j1 -o text", CONNECTORS_JOB_VIEW, "j1"},
        {"job cancel j1", CONNECTORS_JOB_CANCEL, "j1"},
        {"job view -G9yAqIBx1DlHI_tubk6", CONNECTORS_JOB_VIEW, "-G9yAqIBx1DlHI_tubk6"},
        {"job cancel -y -- --dAqIB", CONNECTORS_JOB_CANCEL, "--dAqIB"},
        {"job view -- -y", CONNECTORS_JOB_VIEW, "-y"},
    };
    for (isize i = 0; i < COUNT(cases); i++) {
        CHECK_OK(parse(cases[i].line));
        CHECK(a.command == cases[i].command);
        CHECK_STR(a.subject, str_from(cases[i].subject));
    }
    CHECK_OK(parse("job start -i c1 -t incremental -o json"));
    CHECK(a.job_type == JOB_INCREMENTAL && a.json && !a.yes);
    CHECK_STR(a.config_path, S(".cli/config.yml"));
    CHECK_OK(parse("connector create -c a.yml --native --from-index --from-file=f.json"
                   " --update-config --connector-service-config=s.yml --index-language en"));
    CHECK(a.is_native && a.from_index && a.update_config);
    CHECK_STR(a.config_path, S("a.yml"));
    CHECK_STR(a.from_file, S("f.json"));
    CHECK_STR(a.service_config, S("s.yml"));
    CHECK_STR(a.language, S("en"));
    CHECK_OK(parse("login --method=basic --host h"));
    CHECK(!a.api_key);
    CHECK_STR(a.host, S("h"));
}

static void test_refused(void)
{
    static const struct {
        const char *line, *says;
    } cases[] = {
        {"conector list", "connectors conector list"},
        {"job", "connectors job"},
        {"job run j", "connectors job run"},
        {"index clean", "INDEX is missing"},
        {"index clean a b", "b"},
        {"job list c1 c2", "c2"},
        {"job start -t full", "-i CONNECTOR is missing"},
        {"job start -i c", "-t full, incremental or access_control is missing"},
        {"job start -i c -t weekly",
         "--job-type weekly: allowed are full, incremental and access_control"},
        {"job view j -o xml", "--format xml: allowed are json and text"},
        {"login --method oauth", "--method oauth: allowed are basic and apikey"},
        {"connector list --host h", "--host does not go with this command"},
        {"index list -o json", "--format does not go with this command"},
        {"connector list --verbose", "--verbose"},
        {"connector create --name", "--name needs a value"},
        {"connector create --native=1", "--native takes no value"},
        {"a b c d e", "e"},
    };
    for (isize i = 0; i < COUNT(cases); i++) {
        CHECK(!err_ok(parse(cases[i].line)));
        CHECK_STR(buf_str(&detail), str_from(cases[i].says));
    }
}

static void test_help_fits_a_screen(void)
{
    int lines = 0;
    for (str rest = str_from(connectors_help), line; rest.n; lines++) {
        bool found;
        rest = str_cut(rest, '\n', &line, &found);
        CHECK(found && line.n <= 80);
    }
    CHECK(lines <= 24);
}

static void test_table(void)
{
    static const char *const head[] = {"ID", "Status", "Last"};
    u8 bytes[2048];
    struct buf b = buf_over(bytes, COUNT(bytes));
    const str cells[] = {S("connector-1"), S("ok"), S("x"), S("\xc3\xa4"), S("a\033[2Jb\n"), S("")};
    table_put(&b, head, 3, cells, 2);
    CHECK_STR(buf_str(&b), S("ID           Status   Last\n"
                             "-----------  -------  ----\n"
                             "connector-1  ok       x\n"
                             "\xc3\xa4            a?[2Jb?  \n"));
    buf_reset(&b);
    static u8 long_bytes[500];
    memset(long_bytes, 'x', sizeof long_bytes);
    const str wide[] = {str_make(long_bytes, COUNT(long_bytes))};
    table_put(&b, head, 1, wide, 1);
    CHECK(!b.full && str_ends(buf_str(&b), S("xxx...\n")));
}

static const struct test_case cases[] = {
    CASE(test_commands),
    CASE(test_refused),
    CASE(test_help_fits_a_screen),
    CASE(test_table),
};

TEST_MAIN(cases)
