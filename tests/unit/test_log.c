// SPDX-License-Identifier: Apache-2.0
// Tests of log lines. This program is its own os.h for the log: a clock that it sets, and standard
// error caught in a buffer, one entry a write.
#include "test.h"

#include "base/plan.h"
#include "codec/json.h"
#include "limits.h"
#include "os/log.h"
#include "os/os.h"

static i64 now_ms = 1000;
static u8 caught_space[MIB(1)];
static struct buf caught;
static int writes, hooks;
static isize longest;

i64 os_mono_ms(void)
{
    return now_ms;
}

i64 os_unix_us(void)
{
    return 1795316645678901; // 2026-11-22T03:04:05.678901Z
}

err os_write_all(int fd, str s, struct os_watch *watch, struct buf *detail)
{
    (void)watch;
    (void)detail;
    CHECK(fd == 2);
    buf_put(&caught, s);
    writes++;
    longest = s.n > longest ? s.n : longest;
    return OK;
}

static struct log *log_new(enum log_form form)
{
    static _Alignas(16) u8 memory[KIB(32)];
    static struct plan plan;
    static struct arena arena;
    arena = arena_over(memory, (isize)sizeof memory);
    plan = (struct plan){.arena = &arena};
    caught = buf_over(caught_space, (isize)sizeof caught_space);
    writes = hooks = 0;
    longest = 0;
    struct log *log = log_init(&plan, LOG_INFO, form);
    CHECK(plan.count == 1);
    return log;
}

#define PLAIN "2026-11-22T03:04:05.678Z "
#define JSON(level) \
    "{\"@timestamp\":\"2026-11-22T03:04:05.678Z\",\"log.level\":\"" level "\",\"message\":\""
#define ECS "\",\"ecs\":{\"version\":\"1.6.0\"}"

static void test_line_plain(void)
{
    struct log *log = log_new(LOG_PLAIN);
    struct log_fact facts[] = {{"mailbox", S("a@b.example")},
                               {"folder", S("In box")},
                               {"empty", S("")},
                               {"n", S("1=\"2\\\"")}};
    log_line(log, LOG_INFO, S("mailbox done"), facts, 4);
    log_line(log, LOG_ERROR, S("x"), NULL, 0);
    CHECK_STR(buf_str(&caught),
              S(PLAIN "INFO mailbox done mailbox=a@b.example folder=\"In box\" empty=\"\" "
                      "n=\"1=\\\"2\\\\\\\"\"\n" PLAIN "ERROR x\n"));
    CHECK(writes == 2);
}

static void test_line_json(void)
{
    struct log *log = log_new(LOG_JSON);
    struct log_fact facts[] = {{"mailbox", S("a@b.example")}, {"folder", S("\"\\\n\t\x01\x7f")}};
    log_line(log, LOG_WARN, S("a \"b\""), facts, 2);
    log_line(log, LOG_INFO, S("x"), NULL, 0);
    CHECK_STR(buf_str(&caught),
              S(JSON("warning") "a \\\"b\\\"" ECS ",\"labels\":{\"mailbox\":\"a@b.example\","
                                "\"folder\":\"\\\"\\\\\\n\\t\\u0001\\u007f\"}}\n" JSON(
                                    "info") "x" ECS "}\n"));
}

static void test_line_level(void)
{
    struct log *log = log_new(LOG_PLAIN);
    log_line(log, LOG_DEBUG, S("no"), NULL, 0);
    CHECK(writes == 0);
    log_level_set(log, LOG_DEBUG);
    log_line(log, LOG_DEBUG, S("yes"), NULL, 0);
    log_level_set(log, LOG_ERROR);
    log_line(log, LOG_WARN, S("no"), NULL, 0);
    CHECK_STR(buf_str(&caught), S(PLAIN "DEBUG yes\n"));
}

static void test_line_escapes_what_a_terminal_obeys(void)
{
    struct log *log = log_new(LOG_PLAIN);
    struct log_fact facts[] = {{"v", S("\xc2\x9b"
                                       "2J\x1b[2J\r\n")}};
    log_line(log, LOG_INFO, S("caf\xc3\xa9 \xf0\x9f\x93\xac \xff \xc3 \xed\xa0\x80 \x1b]0;x\x07\n"),
             facts, 1);
    CHECK_STR(buf_str(&caught),
              S(PLAIN
                "INFO caf\xc3\xa9 \xf0\x9f\x93\xac \\xff \\xc3 \\xed\\xa0\\x80 \\x1b]0;x\\x07\\n "
                "v=\"\\xc2\\x9b"
                "2J\\x1b[2J\\r\\n\"\n"));
    CHECK(writes == 1);
}

static void test_line_json_has_only_characters(void)
{
    struct log *log = log_new(LOG_JSON);
    log_line(log, LOG_INFO, test_guarded(S("\xff\xc3\xa9\xc2\x85 \xe2\x82")), NULL, 0);
    CHECK_STR(buf_str(&caught),
              S(JSON("info") "\\ufffd\xc3\xa9\\ufffd\\ufffd \\ufffd\\ufffd" ECS "}\n"));
}

// A message of every length, with facts behind it: lines stay whole, below the limit, and say the
// cut.
static void test_line_cut_keeps_the_line_whole(void)
{
    static u8 text[2 * LOG_LINE_BYTES];
    memset(text, '"', sizeof text);
    for (int form = LOG_PLAIN; form <= LOG_JSON; form++) {
        for (isize n = 0; n <= COUNT(text); n++) {
            struct log *log = log_new((enum log_form)form);
            struct log_fact facts[] = {
                {"first", S("1")}, {"second", str_make(text, n)}, {"third", S("3")}};
            log_line(log, LOG_INFO, str_make(text, n), facts, 3);
            str line = buf_str(&caught);
            bool cut = str_find(line, S("[cut]")) >= 0 || str_find(line, S("\"cut\":\"1\"")) >= 0;
            CHECK(longest <= LOG_LINE_BYTES && writes == 1);
            CHECK(str_ends(line, form == LOG_JSON ? S("\"}}\n") : S("\n")));
            CHECK(str_find_byte(line, '\n') == line.n - 1);
            CHECK(str_find(line, form == LOG_JSON ? S("\"first\":\"1\"") : S(" first=1")) > 0);
            CHECK(cut ? n > 150 : n < 400); // each '"' takes two bytes in quotes
            CHECK(cut || str_find(line, S("third")) > 0);
        }
    }
}

static void test_line_cut_between_facts(void)
{
    static u8 text[LOG_LINE_BYTES];
    memset(text, 'x', sizeof text);
    for (int form = LOG_PLAIN; form <= LOG_JSON; form++) {
        int marks = 0;
        for (isize n = 800; n < 960; n++) {
            struct log *log = log_new((enum log_form)form);
            struct log_fact facts[] = {{"first", str_make(text, n)}, {"second", S("2")}};
            log_line(log, LOG_INFO, S("m"), facts, 2);
            str line = buf_str(&caught);
            bool whole = str_find(line, form == LOG_JSON ? S("\"second\":\"2\"") : S(" second=2")) >
                         0;
            bool inside = str_find(line, S("[cut]\"")) > 0 || str_find(line, S("x[cut]")) > 0;
            bool between = str_find(line, form == LOG_JSON ? S("x\",\"cut\":\"1\"}}")
                                                           : S("x [cut]\n")) > 0;
            CHECK(whole + inside + between == 1 || str_find(line, S("second=[cut]")) > 0 ||
                  str_find(line, S("\"second\":\"[cut]\"")) > 0);
            CHECK(longest <= LOG_LINE_BYTES);
            marks += between;
        }
        CHECK(marks > 0);
    }
}

static void test_err_says_what_to_do(void)
{
    struct log *log = log_new(LOG_PLAIN);
    struct log_fact facts[] = {{"mailbox", S("a@b.example")}};
    log_err(log, LOG_ERROR, FAIL(BUF_FULL), S("of 5 bytes"), facts, 1);
    CHECK_STR(buf_str(&caught),
              S(PLAIN "ERROR a buffer is full: of 5 bytes mailbox=a@b.example code=BUF_FULL "
                      "todo=\"raise the limit that the message names, or report it\"\n"));
    log = log_new(LOG_JSON);
    log_err(log, LOG_WARN, FAIL(BUF_FULL), S(""), NULL, 0);
    CHECK_STR(
        buf_str(&caught),
        S(JSON(
            "warning") "a buffer is full" ECS ",\"error\":{\"code\":\"BUF_FULL\"},\"labels\":"
                       "{\"todo\":\"raise the limit that the message names, or report it\"}}\n"));
}

static void test_err_rate_limit(void)
{
    struct log *log = log_new(LOG_PLAIN);
    now_ms = 5000000;
    for (int i = 0; i < LOG_PER_CODE + 7; i++) {
        log_err(log, LOG_WARN, FAIL(BUF_FULL), S(""), NULL, 0);
        now_ms += 10;
    }
    CHECK(writes == LOG_PER_CODE);
    log_err(log, LOG_WARN, FAIL(ARENA_FULL), S(""), NULL, 0);
    log_line(log, LOG_INFO, S("not limited"), NULL, 0);
    CHECK(writes == LOG_PER_CODE + 2);
    now_ms = 5000000 + 59999;
    log_err(log, LOG_WARN, FAIL(BUF_FULL), S(""), NULL, 0);
    CHECK(writes == LOG_PER_CODE + 2);
    buf_reset(&caught);
    now_ms++;
    log_line(log, LOG_INFO, S("any line"), NULL, 0);
    CHECK_STR(buf_str(&caught),
              S(PLAIN "WARN more lines of this code were left out left_out=8 code=BUF_FULL\n" PLAIN
                      "INFO any line\n"));
    log_err(log, LOG_WARN, FAIL(BUF_FULL), S(""), NULL, 0);
    CHECK(writes == LOG_PER_CODE + 5);
}

static void test_say_left_out_once(void)
{
    struct log *log = log_new(LOG_JSON);
    for (int i = 0; i < LOG_PER_CODE + 1; i++) {
        log_err(log, LOG_WARN, FAIL(BUF_FULL), S(""), NULL, 0);
    }
    buf_reset(&caught);
    log_say_left_out(log);
    log_say_left_out(log);
    CHECK_STR(buf_str(&caught),
              S(JSON("warning") "more lines of this code were left out" ECS
                                ",\"labels\":{\"left_out\":\"1\",\"code\":\"BUF_FULL\"}}\n"));
}

static void count_hook(void *st)
{
    CHECK(st == &hooks);
    CHECK(writes == (hooks == 0 ? 0 : 1)); // erased before the line, drawn again after it
    hooks++;
}

static void test_on_line_before_and_after(void)
{
    struct log *log = log_new(LOG_PLAIN);
    log_on_line(log, count_hook, &hooks);
    log_line(log, LOG_INFO, S("x"), NULL, 0);
    log_line(log, LOG_DEBUG, S("not written"), NULL, 0);
    CHECK(hooks == 2);
}

// ---- the forms of the replaced service

static const struct log_fact job_facts[] = {
    {"sync_job_id", {(const u8 *)"j1", 2}},
    {"connector_id", {(const u8 *)"c 1", 3}},
    {"documents", {(const u8 *)"7", 1}},
    {"index_name", {(const u8 *)"mail", 4}},
    {"service_name", {(const u8 *)"job_cleanup_service", 19}},
};

static void test_form_brackets(void)
{
    struct log *log = log_new(LOG_BRACKETS);
    log_line(log, LOG_INFO, S("done"), job_facts, COUNT(job_facts));
    log_line(log, LOG_WARN, S("odd"), NULL, 0);
    CHECK_STR(
        buf_str(&caught),
        S("[FMWK][03:04:05][INFO] [job_cleanup_service] [Connector id: c 1, index name: mail, "
          "Sync job id: j1] done documents=7\n[FMWK][03:04:05][WARNING] odd\n"));
    log = log_new(LOG_COLOURS);
    log_line(log, LOG_ERROR, S("bad"), job_facts + 1, 1);
    CHECK_STR(buf_str(&caught),
              S("\033[31;20m[FMWK][03:04:05][ERROR] [Connector id: c 1] bad\033[0m\n"));
}

static void test_form_filebeat(void)
{
    struct log *log = log_new(LOG_FILEBEAT);
    log_line(log, LOG_WARN, S("done"), job_facts, COUNT(job_facts));
    struct json j;
    struct json_node nodes[64];
    CHECK_OK(json_parse(&j, buf_str(&caught), nodes, COUNT(nodes)));
    static const char *const members[][2] = {
        {"message", "done"},
        {"ecs.version", "1.6.0"},
        {"log.logger", "connectors"},
        {"service.type", "connectors-python"},
        {"service_name", "job_cleanup_service"},
        {"labels.connector_id", "c 1"},
        {"labels.index_name", "mail"},
        {"labels.sync_job_id", "j1"},
    };
    for (isize i = 0; i < COUNT(members); i++) {
        CHECK(json_equals(&j, json_path(&j, 0, str_from(members[i][0])), str_from(members[i][1])));
    }
    CHECK(json_get(&j, 0, S("log.level")) >= 0 && json_get(&j, 0, S("@timestamp")) >= 0);
    CHECK(json_path(&j, 0, S("labels.service_name")) < 0);
    CHECK(str_starts(buf_str(&caught), S(JSON("warning") "done")));
}

// Whatever is said, and however long: one whole line, and in the JSON forms one whole object.
static void test_forms_hold(void)
{
    static char words[3000];
    for (isize i = 0; i < COUNT(words); i++) {
        words[i] = "a\"\\\n\033\xc3\xa4="[i % 8];
    }
    for (int form = LOG_PLAIN; form <= LOG_FILEBEAT; form++) {
        for (isize n = 0; n < COUNT(words); n += 37) {
            struct log *log = log_new((enum log_form)form);
            str s = str_make(words, n);
            struct log_fact facts[] = {
                {"connector_id", s}, {"service_name", s}, {"a", s}, {"index_name", s}};
            log_line(log, LOG_INFO, s, facts, n % 5 == 0 ? 0 : COUNT(facts));
            log_err(log, LOG_ERROR, FAIL(ES_FORBIDDEN), s, facts, n % 3 == 0 ? 1 : COUNT(facts));
            CHECK(writes == 2 && longest <= LOG_LINE_BYTES);
            str first;
            bool found;
            str second = str_cut(buf_str(&caught), '\n', &first, &found);
            CHECK(found && str_find_byte(second, '\n') == second.n - 1);
            struct json j;
            static struct json_node nodes[64];
            bool json = form == LOG_JSON || form == LOG_FILEBEAT;
            CHECK(!json || (err_ok(json_parse(&j, first, nodes, COUNT(nodes))) &&
                            err_ok(json_parse(&j, second, nodes, COUNT(nodes)))));
        }
    }
}

static const struct test_case cases[] = {
    CASE(test_line_plain),
    CASE(test_line_json),
    CASE(test_line_level),
    CASE(test_line_escapes_what_a_terminal_obeys),
    CASE(test_line_json_has_only_characters),
    CASE(test_line_cut_keeps_the_line_whole),
    CASE(test_line_cut_between_facts),
    CASE(test_err_says_what_to_do),
    CASE(test_err_rate_limit),
    CASE(test_say_left_out_once),
    CASE(test_on_line_before_and_after),
    CASE(test_form_brackets),
    CASE(test_form_filebeat),
    CASE(test_forms_hold),
};

TEST_MAIN(cases)
