// SPDX-License-Identifier: Apache-2.0
// cli/progress: what is drawn, how often, that it fits the terminal and is taken off again; the
// forms for pipes and programs.
#include "test.h"

#include "cli/progress.h"
#include "fake_job.h"
#include "os/os.h"

static u8 screen_bytes[1 << 16];
static struct buf screen;

err os_write_all(int fd, str s, struct os_watch *watch, struct buf *detail)
{
    (void)watch;
    (void)detail;
    CHECK(fd == 2);
    buf_put(&screen, s);
    return OK;
}

i64 os_unix_us(void)
{
    return 1700000000123456;
}

static struct arena arena;
static struct plan plan;
static u8 memory[1 << 16];

static struct progress *start(enum output_form form, int columns)
{
    memset(&fake, 0, sizeof fake);
    arena = arena_over(memory, sizeof memory);
    plan = (struct plan){.arena = &arena};
    screen = buf_over(screen_bytes, sizeof screen_bytes);
    fake.stats.phase = SYNC_MAILBOXES;
    fake.stats.started_ms = 1000;
    return progress_init(&plan, form, columns, NULL);
}

static void open_mailbox(isize i, const char *address, i64 decided, i64 listed, bool listing)
{
    fake.views[i] = (struct sync_mailbox_view){str_from(address), listed, decided, listing};
    fake.view_count = i + 1 > fake.view_count ? i + 1 : fake.view_count;
}

static void test_progress_terminal_lines(void)
{
    struct progress *p = start(OUTPUT_TERMINAL, 100);
    open_mailbox(0, "a@example.com", 0, 100, false);
    open_mailbox(1, "b@example.com", 0, 500, true);
    fake.stats.mailboxes_found = 4;
    fake.stats.messages_listed = 600;
    progress_step(p, NULL, 1000);
    CHECK_STR(buf_str(&screen),
              S("  a@example.com                     0/100\n"
                "  b@example.com                     0/500+\n"
                "reading mailboxes  mailboxes 0/4  messages 0/600  0/s  0.0 s\n"));
    buf_reset(&screen);
    open_mailbox(0, "a@example.com", 20, 100, false);
    open_mailbox(1, "b@example.com", 30, 500, true);
    fake.stats.messages_decided = 50;
    fake.stats.mailboxes_done = 1;
    progress_step(p, NULL, 2000);
    CHECK_STR(
        buf_str(&screen),
        S("\r\x1b[3A\x1b[J"
          "  a@example.com                     20/100  20/s  about 4.0 s\n"
          "  b@example.com                     30/500+  30/s\n"
          "reading mailboxes  mailboxes 1/4  messages 50/600  50/s  1.0 s  about 11.0 s left\n"));
    buf_reset(&screen);
    progress_clear(p);
    CHECK_STR(buf_str(&screen), S("\r\x1b[3A\x1b[J"));
    progress_clear(p); // nothing is drawn now
    CHECK(screen.n == 8);
}

// A mailbox that takes the slot of another one does not inherit its speed.
static void test_progress_terminal_mailbox_changes(void)
{
    struct progress *p = start(OUTPUT_TERMINAL, 100);
    open_mailbox(0, "a@x", 0, 900, false);
    progress_step(p, NULL, 1000);
    open_mailbox(0, "a@x", 500, 900, false);
    progress_step(p, NULL, 2000);
    open_mailbox(0, "b@x", 3, 900, false);
    buf_reset(&screen);
    progress_step(p, NULL, 3000);
    CHECK(str_find(buf_str(&screen), S("3/900\n")) > 0);
    open_mailbox(0, "b@x", 13, 900, false);
    buf_reset(&screen);
    progress_step(p, NULL, 4000);
    CHECK(str_find(buf_str(&screen), S("13/900  10/s  about 1m28s\n")) > 0);
}

static void test_progress_terminal_bounds(void)
{
    static char address[ADDRESS_BYTES];
    memset(address, 'x', sizeof address - 1);
    static const int columns[] = {0, 40, 60, 80, 200, 1000};
    for (isize c = 0; c < COUNT(columns); c++) {
        struct progress *p = start(OUTPUT_TERMINAL, columns[c]);
        int width = columns[c] < 40 ? 40 : columns[c] > 200 ? 200 : columns[c];
        for (int turn = 0; turn < 50;
             turn++) { // more mailboxes than places, and other ones each time
            for (isize i = 0; i < MAILBOX_OPEN_MAX; i++) {
                address[i % 8] = (char)('a' + (turn * 7 + (int)i) % 26);
                open_mailbox(i, address, INT64_MAX / 2, INT64_MAX, true);
            }
            fake.stats.messages_decided = fake.stats.messages_listed = INT64_MAX / 4 + turn;
            buf_reset(&screen);
            progress_step(p, NULL, 1000 + turn * 1000);
        }
        isize lines = 0;
        CHECK(str_starts(buf_str(&screen), S("\r\x1b[11A\x1b[J")));
        for (str rest = str_from_index(buf_str(&screen), 9), line; rest.n; lines++) {
            bool found;
            rest = str_cut(rest, '\n', &line, &found);
            CHECK(found && line.n < width); // the last column stays free: terminals wrap there
        }
        CHECK(lines == PROGRESS_MAILBOXES + 1);
    }
}

static void test_progress_terminal_hostile_address(void)
{
    struct progress *p = start(OUTPUT_TERMINAL, 80);
    open_mailbox(0, "a\x1b[2J\r\n\xc2\x9b@\xe2\x80\xae\xff", 1, 2, true);
    progress_step(p, NULL, 1000);
    CHECK(str_starts(buf_str(&screen), S("  a?[2J????@???? ")));
}

static void test_progress_often_enough(void)
{
    struct progress *p = start(OUTPUT_TERMINAL, 80);
    isize drawings = 0;
    for (i64 now_ms = 1000; now_ms < 3000; now_ms += 10) {
        buf_reset(&screen);
        progress_step(p, NULL, now_ms);
        drawings += screen.n > 0;
    }
    CHECK(drawings == 2 * PROGRESS_PER_SECOND);
}

static void test_progress_plain(void)
{
    struct progress *p = start(OUTPUT_PLAIN, 80);
    progress_step(p, NULL, 1000);
    progress_step(p, NULL, 1000 + PROGRESS_PLAIN_MS - 1);
    CHECK(screen.n == 0);
    fake.stats.mailboxes_found = 4;
    fake.stats.mailboxes_refused = 1;
    fake.stats.messages_decided = 500;
    fake.stats.messages_listed = 1000;
    fake.stats.documents_indexed = 400;
    progress_step(p, NULL, 1000 + PROGRESS_PLAIN_MS);
    CHECK_STR(
        buf_str(&screen),
        S("2023-11-14T22:13:20.123Z INFO progress phase=\"reading mailboxes\" mailboxes=1 "
          "mailboxes_found=4 messages=500 messages_listed=1000 indexed=400 unchanged=0 deleted=0 "
          "per_second=50 seconds_left=30\n"));
    buf_reset(&screen);
    progress_clear(p); // nothing to take off
    CHECK(screen.n == 0);
}

static void test_progress_json(void)
{
    struct progress *p = start(OUTPUT_JSON, 80);
    progress_step(p, NULL, 1000);
    fake.stats.phase = SYNC_PURGE;
    progress_step(p, NULL, 11000);
    CHECK_STR(buf_str(&screen),
              S("{\"@timestamp\":\"2023-11-14T22:13:20.123Z\",\"log.level\":\"info\",\"message\":"
                "\"progress\","
                "\"mailferry\":{\"phase\":\"removing what is "
                "gone\",\"mailboxes\":0,\"mailboxes_found\":0,"
                "\"messages\":0,\"messages_listed\":0,\"indexed\":0,\"unchanged\":0,\"deleted\":0,"
                "\"per_second\":0}}\n"));
}

static void test_progress_scan(void)
{
    struct progress *p = start(OUTPUT_TERMINAL, 80);
    fake.stats.phase = SYNC_SCAN;
    fake.stats.existing = 12345;
    progress_step(p, NULL, 61000);
    CHECK_STR(buf_str(&screen), S("listing the index  documents 12345  1m00s\n"));
}

static const struct test_case cases[] = {
    CASE(test_progress_terminal_lines),
    CASE(test_progress_terminal_mailbox_changes),
    CASE(test_progress_terminal_bounds),
    CASE(test_progress_terminal_hostile_address),
    CASE(test_progress_often_enough),
    CASE(test_progress_plain),
    CASE(test_progress_json),
    CASE(test_progress_scan),
};

TEST_MAIN(cases)
