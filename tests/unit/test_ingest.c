// SPDX-License-Identifier: Apache-2.0
// cli/ingest: the options and actions of the replaced command line, and what it says of wrong ones.
#include "test.h"

#include "cli/ingest.h"

static struct ingest in;
static u8 detail_bytes[1024];
static struct buf detail;

static err parse(const char *line)
{
    static char copy[1024];
    char *argv[64] = {copy};
    int argc = 0;
    snprintf(copy, sizeof copy, "elastic-ingest %s", line);
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " ")) {
        argv[argc++] = word;
    }
    detail = buf_over(detail_bytes, sizeof detail_bytes);
    return ingest_parse(&in, argc, argv, &detail);
}

static void test_called(void)
{
    CHECK(ingest_is_called("elastic-ingest"));
    CHECK(ingest_is_called("/usr/bin/elastic-ingest"));
    CHECK(ingest_is_called("./elastic-ingest"));
    CHECK(!ingest_is_called("mailferry"));
    CHECK(!ingest_is_called("my-elastic-ingest"));
    CHECK(!ingest_is_called("elastic-ingest/mailferry"));
    CHECK(!ingest_is_called(""));
}

static void test_good(void)
{
    static const struct {
        const char *line;
        enum ingest_command command;
        u32 services;
        bool filebeat;
        enum log_level level;
    } cases[] = {
        {"", INGEST_SERVE, INGEST_ALL, false, 0},
        {"-c x.yml", INGEST_SERVE, INGEST_ALL, false, 0},
        {"--config-file=x.yml --uvloop", INGEST_SERVE, INGEST_ALL, false, 0},
        {"--action schedule", INGEST_SERVE, INGEST_SCHEDULE, false, 0},
        {"--action Sync_Content --action=CLEANUP", INGEST_SERVE, INGEST_CONTENT | INGEST_CLEANUP,
         false, 0},
        {"--action sync_access_control", INGEST_SERVE, INGEST_ACCESS_CONTROL, false, 0},
        {"--filebeat --log-level warning", INGEST_SERVE, INGEST_ALL, true, LOG_WARN},
        {"--debug", INGEST_SERVE, INGEST_ALL, false, LOG_DEBUG},
        {"--log-level CRITICAL", INGEST_SERVE, INGEST_ALL, false, LOG_ERROR},
        {"--action LIST", INGEST_LIST, INGEST_ALL, false, 0},
        {"--action config --service-type gmail", INGEST_CONFIG, INGEST_ALL, false, 0},
        {"--help --action list --action cleanup", INGEST_HELP, INGEST_CLEANUP, false, 0},
        {"-v", INGEST_VERSION, 0, false, 0},
        {"--version --debug", INGEST_VERSION, 0, false, LOG_DEBUG},
    };
    for (isize i = 0; i < COUNT(cases); i++) {
        CHECK_OK(parse(cases[i].line));
        CHECK(in.command == cases[i].command && in.services == cases[i].services);
        CHECK(in.filebeat == cases[i].filebeat && in.log_level == cases[i].level);
    }
    CHECK_OK(parse("-c x.yml"));
    CHECK_STR(in.config_path, S("x.yml"));
    CHECK(in.config_given);
    CHECK_OK(parse(""));
    CHECK_STR(in.config_path, S("config.yml"));
    CHECK(!in.config_given && !in.log_level_given);
    CHECK_OK(parse("--action config --service-type gmail"));
    CHECK_STR(in.service_type, S("gmail"));
}

static void test_bad(void)
{
    static const struct {
        const char *line, *says;
    } cases[] = {
        {"--actoin list", "No such option: --actoin"},
        {"-x", "No such option: -x"},
        {"--action", "Option '--action' requires an argument."},
        {"--filebeat=yes", "Option '--filebeat' does not take a value."},
        {"--action run", "Invalid value for '--action': 'run' is not one of schedule, "
                         "sync_content, sync_access_control, cleanup, list, config."},
        {"--log-level loud", "Invalid value for '--log-level': 'loud' is not one of DEBUG, INFO, "
                             "WARNING, ERROR, CRITICAL."},
        {"serve", "Got unexpected extra argument (serve)"},
        {"--action list --action cleanup",
         "Cannot use the `list` or `config` action with other actions"},
        {"--action list --action config",
         "Cannot use the `list` or `config` action with other actions"},
    };
    for (isize i = 0; i < COUNT(cases); i++) {
        CHECK(!err_ok(parse(cases[i].line)));
        CHECK_STR(buf_str(&detail), str_from(cases[i].says));
    }
}

static void test_outputs(void)
{
    u8 bytes[1024];
    struct buf b = buf_over(bytes, COUNT(bytes));
    static const char *const names[] = {"GMail", "Outlook"};
    ingest_put_list(&b, names, 2);
    CHECK_STR(buf_str(&b), S("Registered connectors:\n- GMail\n- Outlook\nBye\n"));
    buf_reset(&b);
    ingest_put_config(&b, S("gmail"), S("{\"a\":{\"order\":1}}"));
    CHECK_STR(buf_str(&b), S("Getting default configuration for service type gmail\n{\n  \"a\": {\n"
                             "    \"order\": 1\n  }\n}\nBye\n"));
    buf_reset(&b);
    ingest_put_usage_error(&b, S("No such option: -x"));
    CHECK_STR(buf_str(&b),
              S("Usage: elastic-ingest [OPTIONS]\nTry 'elastic-ingest --help' for help."
                "\n\nError: No such option: -x\n"));
}

static const struct test_case cases[] = {
    CASE(test_called),
    CASE(test_good),
    CASE(test_bad),
    CASE(test_outputs),
};

TEST_MAIN(cases)
