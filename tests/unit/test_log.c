// SPDX-License-Identifier: Apache-2.0
// Tests of log lines. This program is its own os.h for the log: a clock that it sets, and standard
// error caught in a buffer, one entry a write.
#include "test.h"

#include "base/plan.h"
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
};

TEST_MAIN(cases)
