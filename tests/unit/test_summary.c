// SPDX-License-Identifier: Apache-2.0
// cli/summary and cli/output: the three forms, what only shows when there is something to show,
// texts of others, and that the worst case fits.
#include "test.h"

#include "cli/output.h"
#include "cli/summary.h"
#include "fake_job.h"

static u8 out_bytes[SUMMARY_BYTES];
static struct buf out;

static str summarise(enum output_form form, bool dry_run)
{
    struct summary_settings settings = {
        .form = form,
        .dry_run = dry_run,
        .to_elastic = true,
        .index = S("search-mail"),
        .connector = S("mail \"1\""),
        .cpu_us = 1500000,
        .peak_rss_bytes = MIB(60),
        .requests = 1234567,
        .bytes_in = 1500,
    };
    out = buf_over(out_bytes, sizeof out_bytes);
    summary_put(&out, NULL, &settings);
    CHECK(!out.full);
    return buf_str(&out);
}

static void reset(void)
{
    memset(&fake, 0, sizeof fake);
    fake.stats.started_ms = 5000;
    fake.stats.ended_ms = 72000;
    fake.stats.mailboxes_done = 3;
    fake.stats.messages_listed = 6700;
    fake.stats.messages_decided = 6700;
    fake.stats.documents_indexed = 6690;
    fake.stats.message_bytes = 3 * (i64)MIB(1024);
}

static void has(str s, const char *what)
{
    if (str_find(s, str_from(what)) < 0) {
        fprintf(stderr, "[%s] is not in\n%.*s\n", what, (int)s.n, (const char *)s.p);
        test_failures++;
    }
}

static void has_not(str s, const char *what)
{
    CHECK(str_find(s, str_from(what)) < 0);
}

static void test_summary_table(void)
{
    reset();
    str s = summarise(OUTPUT_TERMINAL, false);
    has(s, "\nSync completed: mail \"1\" into index search-mail\n");
    has(s, "               3  mailboxes read\n");
    has(s, "           6,690  documents indexed\n");
    has(s, "               0  documents deleted\n");
    has(s, "         3.0 GiB  of messages\n");
    has(s, "           1m07s  in all\n");
    has(s, "             100  messages a second\n");
    has(s, "           1.5 s  of CPU time\n");
    has(s, "       1,234,567  requests\n");
    has_not(s, "refused");
    has_not(s, "Error");
    has_not(s, "left out");
    has_not(s, "Note");
    has_not(s, "estimate");
    has_not(s, "quota");
    for (int i = 0; i < SKIP_REASONS; i++) {
        has_not(s, skip_reason_text((enum skip_reason)i));
        fake.stats.skipped[i] = 1;
    }
    s = summarise(OUTPUT_TERMINAL, false);
    for (int i = 0; i < SKIP_REASONS; i++) {
        has(s, skip_reason_text((enum skip_reason)i));
    }
}

static void test_summary_table_troubles(void)
{
    reset();
    fake.end = JOB_ERROR;
    fake.error = FAIL(JOB_MAILBOXES_FAILED);
    fake.detail = S("b@x\x1b[31m");
    fake.notes[0] = (struct job_note){S("b@x\r\n"), S("words\x07"), FAIL(GMAIL_NO_MAILBOX)};
    fake.note_count = 1;
    fake.advice[0] = S("do this");
    fake.advice_count = 1;
    str s = summarise(OUTPUT_TERMINAL, false);
    has(s, "\nSync failed: ");
    has(s, err_what(FAIL(JOB_MAILBOXES_FAILED)));
    has(s, err_todo(FAIL(JOB_MAILBOXES_FAILED)));
    has(s, ": b@x?[31m\n");
    has(s, "\nMailboxes left out (their documents were kept):\n  b@x??: ");
    has(s, err_what(FAIL(GMAIL_NO_MAILBOX)));
    has(s, ": words?\n    ");
    has(s, err_todo(FAIL(GMAIL_NO_MAILBOX)));
    has(s, "\nNote: do this\n");
    fake.error = OK;
    fake.end = JOB_STOPPED;
    has(summarise(OUTPUT_TERMINAL, false), "\nSync stopped by a signal");
    fake.end = JOB_COMPLETED_WITH_REFUSALS;
    has(summarise(OUTPUT_TERMINAL, false), "some mailboxes were refused");
    fake.end = JOB_AGAIN;
    has(summarise(OUTPUT_TERMINAL, false), "time budget");
}

static void test_summary_dry_run(void)
{
    reset();
    fake.estimate = (struct job_estimate){
        .estimated_bytes = 5000, .sampled = 50, .quota_units = 134000, .minutes_by_quota = 7};
    str s = summarise(OUTPUT_TERMINAL, true);
    has(s, "\nDry run completed: ");
    has(s, "         4.8 KiB  of messages, an estimate\n");
    has(s, "         134,000  Gmail quota units");
    has(s, "           6,700  messages listed\n");
    has_not(s, "indexed");
    has_not(s, "deleted");
    s = summarise(OUTPUT_PLAIN, true);
    has(s, " estimated_bytes=5000 sampled=50 quota_units=134000 minutes_by_quota=7\n");
}

static void test_summary_lines(void)
{
    reset();
    fake.notes[0] = (struct job_note){S("b@x"), S("a \"b\"\n"), FAIL(GMAIL_NO_MAILBOX)};
    fake.note_count = 1;
    fake.advice[0] = S("do this");
    fake.advice_count = 1;
    str s = summarise(OUTPUT_PLAIN, false);
    has(s, "summary connector=\"mail \\\"1\\\"\" index=\"search-mail\" end=\"completed\" "
           "mailboxes_done=3 ");
    has(s, " documents_indexed=6690 ");
    has(s, " duration_ms=67000 ");
    has(s, " skipped_gone=0 "); // a program finds each key in each summary
    has(s,
        "\nleft_out mailbox=\"b@x\" error=\"GMAIL_NO_MAILBOX\" detail=\"a \\\"b\\\"\\n\" todo=\"");
    has(s, "\nnote text=\"do this\"\n");
    isize lines = 0;
    for (isize i = 0; i < s.n; i++) {
        lines += s.p[i] == '\n';
    }
    CHECK(lines == 3 && str_ends(s, S("\n")));
}

static void test_summary_json(void)
{
    reset();
    fake.end = JOB_ERROR;
    fake.error = FAIL(ES_UNAUTHORIZED);
    fake.detail = S("q\"\\\n");
    fake.notes[0] = (struct job_note){S("b@x"), S("d"), FAIL(GMAIL_NO_MAILBOX)};
    fake.note_count = 1;
    fake.advice[0] = S("one");
    fake.advice[1] = S("two");
    fake.advice_count = 2;
    str s = summarise(OUTPUT_JSON, false);
    CHECK(str_starts(
        s, S("{\"connector\":\"mail \\\"1\\\"\",\"index\":\"search-mail\",\"end\":\"failed\","
             "\"dry_run\":false,\"mailboxes_done\":3,")));
    has(s, "\"error\":{\"code\":\"ES_UNAUTHORIZED\",\"message\":\"");
    has(s, "\"detail\":\"q\\\"\\\\\\n\",\"todo\":\"");
    has(s, "\"left_out\":[{\"mailbox\":\"b@x\",\"code\":\"GMAIL_NO_MAILBOX\",");
    CHECK(str_ends(s, S(",\"notes\":[\"one\",\"two\"]}\n")));
    CHECK(str_find_byte(s, '\n') == s.n - 1);
}

// NOTES_MAX mailboxes and ADVICE_MAX sentences of bytes that JSON escapes most, in each form.
static void test_summary_worst_case(void)
{
    static u8 control[1024];
    memset(control, 1, sizeof control);
    for (int form = OUTPUT_TERMINAL; form <= OUTPUT_JSON; form++) {
        reset();
        fake.end = JOB_ERROR;
        fake.error = FAIL(JOB_TOO_MANY_MAILBOXES);
        fake.detail = str_make(control, 512);
        for (isize i = 0; i < NOTES_MAX; i++) {
            fake.notes[i] = (struct job_note){str_make(control, ADDRESS_BYTES),
                                              str_make(control, NOTE_DETAIL_BYTES),
                                              FAIL(GMAIL_DIRECTORY_FORBIDDEN)};
        }
        fake.note_count = NOTES_MAX;
        for (isize i = 0; i < ADVICE_MAX; i++) {
            fake.advice[i] = str_make(control, ADVICE_BYTES);
        }
        fake.advice_count = ADVICE_MAX;
        str s = summarise((enum output_form)form, false);
        CHECK(s.n > KIB(40) && s.n < SUMMARY_BYTES);
    }
}

// ---- cli/output

static void test_output_put_clean(void)
{
    static const struct {
        const char *in;
        isize characters;
        const char *want;
    } cases[] = {
        {"abc", 3, "abc"},
        {"abcd", 3, "abc..."},
        {"\xc3\xbc\xe2\x82\xac\xf0\x9f\x93\xa7!", 9, "\xc3\xbc\xe2\x82\xac\xf0\x9f\x93\xa7!"},
        {"\xc3\xbc\xc3\xbc\xc3\xbc", 2, "\xc3\xbc\xc3\xbc..."}, // characters, not bytes
        {"\x1b[0m\t\x7f", 9, "?[0m??"},
        {"\xc2\x9b\xc2\xa0", 9, "?\?\xc2\xa0"},
        {"\xe2\x80\xae\xe2\x81\xa6\xe2\x80\xa9", 9, "?????????"},
        {"\xff\xc3", 9, "??"},
        {"\xf0\x9f\x93", 9, "???"},
        {"", 0, ""},
    };
    for (isize i = 0; i < COUNT(cases); i++) {
        struct buf b = buf_over(out_bytes, 64);
        output_put_clean(&b, test_guarded(str_from(cases[i].in)), cases[i].characters);
        CHECK_STR(buf_str(&b), str_from(cases[i].want));
    }
}

static void test_output_put_numbers(void)
{
    static const struct {
        i64 v;
        const char *bytes, *duration, *thousands;
    } cases[] = {
        {0, "0 bytes", "0.0 s", "0"},
        {999, "999 bytes", "0.9 s", "999"},
        {1023, "1023 bytes", "1.0 s", "1,023"},
        {1024, "1.0 KiB", "1.0 s", "1,024"},
        {59999, "58.5 KiB", "59.9 s", "59,999"},
        {60000, "58.5 KiB", "1m00s", "60,000"},
        {3600000, "3.4 MiB", "1h00m", "3,600,000"},
        {360000000, "343.3 MiB", "100h00m", "360,000,000"},
        {-1234, "-1234 bytes", NULL, "-1,234"},
        {-123, NULL, NULL, "-123"},
    };
    for (isize i = 0; i < COUNT(cases); i++) {
        struct buf b = buf_over(out_bytes, 64);
        if (cases[i].bytes) {
            output_put_bytes(&b, cases[i].v);
            CHECK_STR(buf_str(&b), str_from(cases[i].bytes));
        }
        buf_reset(&b);
        if (cases[i].duration) {
            output_put_duration(&b, cases[i].v);
            CHECK_STR(buf_str(&b), str_from(cases[i].duration));
        }
        buf_reset(&b);
        output_put_thousands(&b, cases[i].v);
        CHECK_STR(buf_str(&b), str_from(cases[i].thousands));
    }
}

static const struct test_case cases[] = {
    CASE(test_summary_table),    CASE(test_summary_table_troubles), CASE(test_summary_dry_run),
    CASE(test_summary_lines),    CASE(test_summary_json),           CASE(test_summary_worst_case),
    CASE(test_output_put_clean), CASE(test_output_put_numbers),
};

TEST_MAIN(cases)
