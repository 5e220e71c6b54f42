// SPDX-License-Identifier: Apache-2.0
// sync/mailboxes: when a mailbox is finished, what a bad one does to the others, and when it is too
// many of them.
#include "sync_rig.h"

static void run_to_the_end(void)
{
    for (int i = 0; i < 10; i++) {
        rig_turns(10);
        rig_land();
    }
}

static void test_mailboxes_finish_only_when_all_is_decided(void)
{
    static const struct rig_mailbox_script scripts[] = {{"ann@x.test", {"d1", "d2"}}};
    rig_start(scripts, COUNT(scripts), NULL);
    rig_turns(50);
    CHECK(rig.mailboxes.open_count == 1 && rig.mailboxes.slots[0].m.phase == MAILBOX_LISTED);
    CHECK(rig.mailboxes.slots[0].outstanding == 2 && rig.mailboxes.slots[0].m.queue.count == 0);
    CHECK(roster_fate(&rig.roster, S("ann@x.test")) == FATE_PROTECTED);
    rig_land();
    rig_turns(1);
    CHECK(roster_fate(&rig.roster, S("ann@x.test")) == FATE_FINISHED && rig.closed == 1);
    CHECK(roster_all_finished(&rig.roster) && mailboxes_are_done(&rig.mailboxes));
}

static void test_mailboxes_refused_and_failed_ones_are_noted(void)
{
    static const struct rig_mailbox_script scripts[] = {
        {"ann@x.test", {"d1"}}, {"rob@x.test", {"d2", "d3"}}, {"fay@x.test", {"d4"}},
        {"bob@x.test", {"d5"}}, {"cat@x.test", {0}},          {"retired@x.test", {0}},
        {"ANN@x.test", {"d9"}}, // named twice
    };
    rig_start(scripts, COUNT(scripts), NULL);
    run_to_the_end();
    const struct sync_stats *s = &rig.stats;
    CHECK(mailboxes_are_done(&rig.mailboxes) && rig.closed == 6);
    CHECK(s->mailboxes_found == 6 && s->mailboxes_done == 3 && s->mailboxes_refused == 2);
    CHECK(s->mailboxes_failed == 1 && s->mailboxes_explained == 1);
    CHECK(s->messages_dropped > 0 && s->documents_indexed + s->messages_dropped == 5);
    CHECK(rig.mailboxes.note_count == 3);
    CHECK_STR(rig.mailboxes.notes[0].address, S("rob@x.test"));
    CHECK_STR(rig.mailboxes.notes[0].detail, S("its words"));
    CHECK_ERR(rig.mailboxes.notes[0].error, GMAIL_FORBIDDEN);
    CHECK(roster_fate(&rig.roster, S("rob@x.test")) == FATE_PROTECTED);
    CHECK(roster_fate(&rig.roster, S("fay@x.test")) == FATE_PROTECTED);
    CHECK(roster_fate(&rig.roster, S("bob@x.test")) == FATE_FINISHED);
    CHECK(!roster_all_finished(&rig.roster));
    CHECK_OK(rig.mailboxes.systemic);
}

static void test_mailboxes_systemic_is_told_once(void)
{
    static const struct rig_mailbox_script scripts[] = {{"sam@x.test", {0}}, {"sue@x.test", {0}}};
    rig_start(scripts, COUNT(scripts), NULL);
    rig_turns(10);
    CHECK_ERR(rig.mailboxes.systemic, TOKEN_UNAUTHORIZED);
    CHECK_STR(buf_str(&rig.mailboxes.systemic_detail), S("its words"));
}

// Below SYSTEMIC_MIN_MAILBOXES the share is looked at when all have ended.
static void test_mailboxes_too_many_failed(void)
{
    static const struct rig_mailbox_script few[] = {
        {"fay@x.test", {0}}, {"ann@x.test", {0}}, {"fox@x.test", {0}}};
    rig_start(few, COUNT(few), NULL);
    run_to_the_end();
    CHECK_ERR(rig.mailboxes.systemic, JOB_TOO_MANY_MAILBOXES);
    CHECK_STR(buf_str(&rig.mailboxes.systemic_detail), S("2 of 3 mailboxes"));
    rig_start(few, COUNT(few) - 1, NULL);
    run_to_the_end();
    CHECK_OK(rig.mailboxes.systemic); // half of them is not more than half
    rig_start(few, COUNT(few), NULL);
    rig.settings.max_failed_mailboxes = 0.7;
    run_to_the_end();
    CHECK_OK(rig.mailboxes.systemic);
}

// Neither are refusals of mailboxes that the directory does not explain.
static void test_mailboxes_too_many_refused(void)
{
    static const struct rig_mailbox_script scripts[] = {
        {"rob@x.test", {"d1"}}, {"ron@x.test", {"d2"}}, {"ann@x.test", {0}}};
    rig_start(scripts, COUNT(scripts), NULL);
    run_to_the_end();
    CHECK_ERR(rig.mailboxes.systemic, JOB_TOO_MANY_MAILBOXES);
    CHECK_STR(buf_str(&rig.mailboxes.systemic_detail), S("2 of 3 mailboxes"));
}

// Refusals that the directory explains are no sign of something larger.
static void test_mailboxes_explained_refusals_do_not_count(void)
{
    static const struct rig_mailbox_script scripts[] = {
        {"retired1@x.test", {0}}, {"retired2@x.test", {0}}, {"ann@x.test", {0}}};
    rig_start(scripts, COUNT(scripts), NULL);
    run_to_the_end();
    CHECK(rig.stats.mailboxes_refused == 2 && rig.stats.mailboxes_explained == 2);
    CHECK_OK(rig.mailboxes.systemic);
}

static void test_mailboxes_only_those_that_are_wanted(void)
{
    static const struct rig_mailbox_script scripts[] = {
        {"ann@x.test", {"d1"}}, {"bob@x.test", {"d2"}}, {"cat@x.test", {"d3"}}};
    static const str wanted[] = {S("BOB@x.test"), S("nobody@x.test")};
    rig_start(scripts, COUNT(scripts), NULL);
    rig.settings.only_mailboxes = wanted;
    rig.settings.only_mailbox_count = COUNT(wanted);
    run_to_the_end();
    CHECK(rig.stats.mailboxes_done == 1 && rig.stats.documents_indexed == 1);
    CHECK(mailboxes_was_found(&rig.mailboxes, 0) && !mailboxes_was_found(&rig.mailboxes, 1));
    CHECK(!roster_all_finished(&rig.roster));
}

static void test_mailboxes_stop_in_each_phase(void)
{
    static const struct rig_mailbox_script scripts[] = {
        {"ann@x.test", {"d1", "L1", "W1"}}, {"rob@x.test", {"d2"}}, {"cat@x.test", {"d3"}}};
    for (int turns = 0; turns < 12; turns++) {
        rig_start(scripts, COUNT(scripts), NULL);
        rig_turns(turns);
        int open = rig.mailboxes.open_count, closed = rig.closed;
        mailboxes_cancel(&rig.mailboxes);
        lanes_cancel(&rig.lanes, NULL);
        for (int i = 0; i < RIG_TASKS; i++) {
            CHECK(!rig.tasks[i].active);
        }
        rig_land(); // verdicts still count
        mailboxes_stop(&rig.mailboxes);
        CHECK(rig.closed == closed + open && rig.mailboxes.open_count == 0);
        CHECK(buffers_all_free(&rig.lanes.buffers) && lanes_are_idle(&rig.lanes));
        CHECK(!roster_all_finished(&rig.roster));
    }
}

static const struct test_case cases[] = {
    CASE(test_mailboxes_finish_only_when_all_is_decided),
    CASE(test_mailboxes_refused_and_failed_ones_are_noted),
    CASE(test_mailboxes_systemic_is_told_once),
    CASE(test_mailboxes_too_many_failed),
    CASE(test_mailboxes_too_many_refused),
    CASE(test_mailboxes_explained_refusals_do_not_count),
    CASE(test_mailboxes_only_those_that_are_wanted),
    CASE(test_mailboxes_stop_in_each_phase),
};

TEST_MAIN(cases)
