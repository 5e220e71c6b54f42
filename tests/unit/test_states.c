// SPDX-License-Identifier: Apache-2.0
// sync/states: what a run keeps for the next one, in a real file; who counts when; torn and hostile
// files.
#include "test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "limits.h"
#include "os/os.h"
#include "sync/states.h"

static u8 memory[MIB(8)], out_bytes[STATES_RECORD_BYTES], long_state[STATES_RECORD_BYTES];
static struct arena arena;
static struct plan plan;
static char path[] = "/tmp/test_states.XXXXXX";
static int fd = -1;
static struct states *all;
static struct buf out;

// Another process: what is in memory is gone.
static void start(void)
{
    memset(memory, 0, sizeof memory);
    arena = arena_over(memory, COUNT(memory));
    plan = (struct plan){.arena = &arena};
    all = states_init(&plan, fd, log_init(&plan, LOG_ERROR + 1, LOG_PLAIN));
}

static void fresh(void)
{
    CHECK(ftruncate(fd, 0) == 0);
    start();
    CHECK(states_count(all) == 0);
}

static struct states_run run;

static void begin(i64 documents)
{
    states_begin(&run, all, S("connector"), S("binding"), documents);
}

static void name(const char *mailbox)
{
    states_name(&run, str_from(mailbox));
}

static void keep(const char *folder, const char *state)
{
    run.hooks.keep(run.hooks.st, S("A@x"), str_from(folder), str_from(state));
}

static bool reads(const char *folder, const char *state)
{
    out = buf_over(out_bytes, COUNT(out_bytes));
    return run.hooks.read(run.hooks.st, S("a@X"), str_from(folder), &out) &&
           str_eq(buf_str(&out), str_from(state));
}

// A run that has kept two states and left five documents, and a new process.
static void completed(void)
{
    fresh();
    begin(0);
    name("a@x");
    name("b@x");
    keep("inbox", "one");
    keep("tasks", "two");
    states_complete(&run, 5);
    start();
    CHECK(states_count(all) == 2);
}

static void test_states_file_made(void)
{
    u8 bytes[300];
    struct buf detail = buf_over(bytes, COUNT(bytes));
    CHECK(close(mkstemp(path)) == 0);
    fd = os_store_open(path, &detail);
    CHECK(fd >= 0 && detail.n == 0);
    CHECK(os_store_open(path, &detail) < 0); // it is locked
    CHECK(str_find(buf_str(&detail), S("another process")) >= 0);
}

static void test_states_count_when_their_run_is_complete(void)
{
    completed();
    begin(5);
    CHECK(run.reads && reads("inbox", "one") && reads("tasks", "two") && !reads("junk", ""));
    keep("inbox", "three");
    CHECK(reads("inbox", "one"));
    start(); // it died
    begin(5);
    CHECK(reads("inbox", "one") && reads("tasks", "two"));
    keep("inbox", "four");
    keep("inbox", "five");
    states_complete(&run, 6);
    for (int i = 0; i < 2; i++) {
        begin(6);
        CHECK(reads("inbox", "five"));
        CHECK(!reads("tasks", "two")); // it was not seen by that run
        start();
    }
}

static void test_states_of_something_else_do_not_count(void)
{
    completed();
    begin(5);
    run.reads = false; // a full run
    CHECK(!reads("inbox", "one"));
    states_begin(&run, all, S("other"), S("binding"), 5);
    CHECK(!reads("inbox", "one"));
    keep("inbox", "other");
    states_complete(&run, 9);
    start();
    begin(5);
    CHECK(reads("inbox", "one")); // two connectors in one file
    states_begin(&run, all, S("other"), S("binding"), 9);
    CHECK(reads("inbox", "other"));
    out = buf_over(out_bytes, COUNT(out_bytes));
    CHECK(!run.hooks.read(run.hooks.st, S("b@x"), S("inbox"), &out));
}

// Whoever dies after that may leave as many documents as there were, and they are others.
static void test_states_are_taken_back_when_something_else_has_changed(void)
{
    completed();
    begin(4); // somebody has changed the index
    CHECK(!run.reads && !reads("inbox", "one"));
    start();
    begin(5);
    CHECK(!run.reads && !reads("inbox", "one"));
    completed();
    states_begin(&run, all, S("connector"), S("other"), 5);
    CHECK(!run.reads && !reads("inbox", "one"));
    start();
    begin(5);
    CHECK(!run.reads && !reads("inbox", "one"));
}

static void test_states_know_who_has_left(void)
{
    completed();
    begin(5);
    CHECK(states_has_left(&run));
    name("B@x");
    CHECK(states_has_left(&run));
    name("A@x"); // in whatever order
    CHECK(!states_has_left(&run) && states_suspend(&run) && !states_has_left(&run));
    name("c@x");
    CHECK(states_has_left(&run));
    keep("inbox", "three");
    states_complete(&run, 5);
    start();
    begin(5);
    name("a@x");
    name("c@x");
    CHECK(run.reads && states_has_left(&run));
    name("b@x");
    CHECK(!states_has_left(&run));
}

static void test_states_know_which_folder_is_gone(void)
{
    completed();
    begin(5);
    CHECK(states_has_lost(&run, S("a@x")) && !states_has_lost(&run, S("b@x")));
    keep("inbox", "three");
    CHECK(states_has_lost(&run, S("a@x")));
    keep("junk", "new");
    CHECK(states_has_lost(&run, S("a@x")));
    keep("tasks", "four");
    CHECK(!states_has_lost(&run, S("A@X")));
    states_complete(&run, 5);
    start();
    begin(5);
    keep("junk", "1");
    keep("tasks", "2");
    CHECK(states_has_lost(&run, S("a@x")));
    keep("inbox", "3");
    CHECK(!states_has_lost(&run, S("a@x")));
}

static void test_states_full_run_that_dies_leaves_the_former(void)
{
    completed();
    begin(5);
    run.reads = false;
    keep("inbox", "new");
    start();
    begin(5);
    CHECK(reads("inbox", "one"));
}

static void test_states_forget_and_suspend(void)
{
    completed();
    begin(5);
    keep("inbox", "three");
    run.hooks.keep(run.hooks.st, S("b@x"), S("inbox"), S("other"));
    states_forget(&run, S("A@X"));
    CHECK(states_suspend(&run) && !reads("inbox", "one"));
    start(); // it died while it deleted
    begin(5);
    CHECK(!reads("inbox", "one") && !reads("inbox", "three"));
    completed();
    begin(5);
    keep("inbox", "three");
    run.hooks.keep(run.hooks.st, S("b@x"), S("inbox"), S("other"));
    states_forget(&run, S("A@X"));
    CHECK(states_suspend(&run));
    states_complete(&run, 5);
    start();
    begin(5);
    CHECK(!reads("inbox", "one") && !reads("inbox", "three"));
    out = buf_over(out_bytes, COUNT(out_bytes));
    CHECK(run.hooks.read(run.hooks.st, S("b@x"), S("inbox"), &out));
    CHECK_STR(buf_str(&out), S("other"));
}

static void test_states_too_long_are_not_kept(void)
{
    fresh();
    begin(0);
    memset(long_state, 's', sizeof long_state);
    run.hooks.keep(run.hooks.st, S("a@x"), S("inbox"), str_make(long_state, COUNT(long_state)));
    run.hooks.keep(run.hooks.st, S("a@x"), S("tasks"), str_make(long_state, 32000));
    run.hooks.keep(run.hooks.st, S("a@x"), S("junk"), S(""));
    states_complete(&run, 0);
    start();
    begin(0);
    CHECK(!reads("inbox", "") && !reads("junk", ""));
    out = buf_over(out_bytes, COUNT(out_bytes));
    CHECK(run.hooks.read(run.hooks.st, S("a@x"), S("tasks"), &out) && out.n == 32000);
}

enum {
    HEAD = KIB(4),                 // where the copy is that a first run writes
    HEAD_BYTES = 48 + 64 * 40 + 8, // of it: what stands in front, connectors, the checksum
    RECORD = KIB(8),
    RECORD_BYTES = 40 + 3, // with the state of the inbox
};

static u8 before[KIB(8) + STATES_RECORD_BYTES + 200], after[sizeof before];

static void put_after(isize n)
{
    CHECK(ftruncate(fd, n) == 0);
    CHECK(n == 0 || os_store_write(fd, 0, str_make(after, n)));
    start();
    begin(5);
}

// Each byte of heads and records, one after the other, is another: what it says is never believed.
static void test_states_damaged(void)
{
    completed();
    isize n = os_store_read(fd, 0, before, COUNT(before));
    CHECK(n > RECORD + RECORD_BYTES);
    for (isize at = 0; at < RECORD + RECORD_BYTES; at += at < HEAD ? 97 : at < RECORD ? 3 : 1) {
        bool said = (at >= HEAD && at < HEAD + HEAD_BYTES) || at >= RECORD;
        memcpy(after, before, (size_t)n);
        after[at] ^= 0x41;
        put_after(n);
        CHECK(reads("inbox", "one") == !said && out.n == (said ? 0 : 3));
    }
    for (isize length = 0; length < RECORD + RECORD_BYTES; length += length < RECORD ? 61 : 1) {
        memcpy(after, before, (size_t)n);
        put_after(length);
        CHECK(!reads("inbox", "one") && out.n == 0);
    }
}

// Whatever is done to several places at once: there is the state that was kept, or none.
static void test_states_damaged_in_many_places(void)
{
    completed();
    isize n = os_store_read(fd, 0, before, COUNT(before));
    for (u64 round = 0; round < 400; round++) {
        u64 chance = hash_siphash((struct hash_key){round, 7}, S("places"));
        memcpy(after, before, (size_t)n);
        for (u64 i = 0; i <= (chance & 7); i++) {
            u64 one = hash_siphash((struct hash_key){round, i}, S("damage"));
            isize at = (isize)((one >> 16) % (u64)n);
            at = one & 1 ? HEAD + at % HEAD_BYTES : one & 2 ? RECORD + at % RECORD_BYTES : at;
            isize from = (isize)((one >> 40) % (u64)(n - 64));
            if (one & 4) {
                memmove(after + (at < n - 64 ? at : n - 64), before + from, 1 + (one >> 8) % 64);
            } else {
                after[at] = one & 8 ? 0xff : (u8)(one >> 8);
            }
        }
        put_after((chance >> 8 & 3) == 0 ? (isize)((chance >> 20) % (u64)n) : n);
        bool one = reads("inbox", "one");
        CHECK(one || out.n == 0);
        keep("inbox", "three"); // nor does it lead a run astray
        states_complete(&run, 5);
        start();
        begin(5);
        CHECK(reads("inbox", "three"));
    }
}

static void test_states_torn_and_hostile(void)
{
    completed();
    isize n = os_store_read(fd, 0, before, COUNT(before));
    memset(after, 0xff, sizeof after);
    CHECK(os_store_write(fd, KIB(8), str_make(after, n - KIB(8)))); // lengths beyond all bounds
    start();
    begin(5);
    CHECK(!reads("inbox", "one"));
    CHECK(ftruncate(fd, KIB(8) + 40) == 0); // torn
    CHECK(os_store_write(fd, 0, str_make(before, KIB(8) + 40)));
    start();
    begin(5);
    CHECK(!reads("inbox", "one"));
}

static void test_states_that_cannot_be_written(void)
{
    completed();
    int whole = fd, reader = open(path, O_RDONLY);
    fd = reader;
    start();
    begin(5);
    CHECK(reads("inbox", "one"));
    CHECK(!states_suspend(&run) && !states_suspend(&run)); // what is in the file counts
    begin(5);
    CHECK(!run.reads);
    fd = open("/dev/null", O_RDONLY);
    start();
    begin(0);
    keep("inbox", "one");
    states_complete(&run, 5);
    begin(5);
    CHECK(!run.reads && states_suspend(&run)); // nothing counts there
    close(fd);
    close(reader);
    fd = whole;
    CHECK(unlink(path) == 0);
}

static const struct test_case cases[] = {
    CASE(test_states_file_made),
    CASE(test_states_count_when_their_run_is_complete),
    CASE(test_states_of_something_else_do_not_count),
    CASE(test_states_are_taken_back_when_something_else_has_changed),
    CASE(test_states_know_who_has_left),
    CASE(test_states_know_which_folder_is_gone),
    CASE(test_states_full_run_that_dies_leaves_the_former),
    CASE(test_states_forget_and_suspend),
    CASE(test_states_too_long_are_not_kept),
    CASE(test_states_damaged),
    CASE(test_states_damaged_in_many_places),
    CASE(test_states_torn_and_hostile),
    CASE(test_states_that_cannot_be_written),
};

TEST_MAIN(cases)
