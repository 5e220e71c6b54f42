// SPDX-License-Identifier: Apache-2.0
// The fates of mailboxes, and when everything counts as read.
#include "test.h"

#include "sync/roster.h"

static struct idset_entry entries[IDSET_PLACES(4)];

static struct roster roster_of_four(void)
{
    struct roster r = {0};
    memset(entries, 0, sizeof entries);
    idset_init(&r.set, entries, 4, (struct hash_key){1, 2});
    return r;
}

static void test_roster_add_says_whether_fresh(void)
{
    struct roster r = roster_of_four();
    bool room;
    CHECK(roster_add(&r, S("a@x"), &room) && room);
    CHECK(!roster_add(&r, S("a@x"), &room) && room);
    CHECK(roster_fate(&r, S("a@x")) == FATE_PROTECTED);
    CHECK(roster_fate(&r, S("b@x")) == FATE_UNKNOWN);
    CHECK(r.count == 1);
}

static void test_roster_all_finished_wants_directory_and_every_mailbox(void)
{
    struct roster r = roster_of_four();
    bool room;
    CHECK(roster_add(&r, S("a@x"), &room));
    CHECK(roster_add(&r, S("b@x"), &room));
    roster_finish(&r, S("a@x"), false);
    roster_finish(&r, S("a@x"), false);
    r.directory_complete = true;
    CHECK(!roster_all_finished(&r));
    roster_finish(&r, S("b@x"), false);
    CHECK(roster_all_finished(&r));
    r.directory_complete = false;
    CHECK(!roster_all_finished(&r));
}

static void test_roster_full_is_never_all(void)
{
    struct roster r = roster_of_four();
    static const char *const names[] = {"a", "b", "c", "d", "e"};
    bool room = true;
    for (isize i = 0; i < COUNT(names); i++) {
        bool fresh = roster_add(&r, str_from(names[i]), &room);
        CHECK(fresh == (i < 4) && room == (i < 4));
    }
    for (isize i = 0; i < 4; i++) {
        roster_finish(&r, str_from(names[i]), false);
    }
    r.directory_complete = true;
    CHECK(!roster_all_finished(&r));
}

static void test_roster_continued_is_finished_once(void)
{
    struct roster r = roster_of_four();
    bool room;
    CHECK(roster_add(&r, S("a@x"), &room));
    roster_finish(&r, S("a@x"), true);
    roster_finish(&r, S("a@x"), false);
    CHECK(roster_fate(&r, S("a@x")) == FATE_CONTINUED && r.finished == 1 && r.continued == 1);
    roster_clear(&r);
    CHECK(r.continued == 0);
}

static const struct test_case cases[] = {
    CASE(test_roster_add_says_whether_fresh),
    CASE(test_roster_all_finished_wants_directory_and_every_mailbox),
    CASE(test_roster_full_is_never_all),
    CASE(test_roster_continued_is_finished_once),
};

TEST_MAIN(cases)
