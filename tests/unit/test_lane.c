// SPDX-License-Identifier: Apache-2.0
// sync/lane: what becomes of each unit, which buffers are held when, and what a stop leaves behind.
#include "sync_rig.h"

#include "sync/lane_internal.h"

static bool all_free(void)
{
    return lanes_are_idle(&rig.lanes) && buffers_all_free(&rig.lanes.buffers);
}

static void test_lane_each_verdict(void)
{
    static const struct rig_mailbox_script scripts[] = {
        {"ann@x.test", {"d1", "g1", "c1", "x1", "n1", "d2", "L1"}},
        {"bob@x.test", {"d3", "known"}},
    };
    rig_start(scripts, COUNT(scripts), "known");
    rig.settings.max_failed_items = 1;
    rig_turns(30);
    CHECK(!mailboxes_are_done(&rig.mailboxes)); // six documents are in the air
    CHECK(rig.stats.documents_indexed == 0 && rig.flying_count == 6);
    CHECK(rig.mailboxes.open_count == 2 - (rig.stats.mailboxes_done > 0));
    rig_land();
    rig_turns(2);
    const struct sync_stats *s = &rig.stats;
    CHECK(mailboxes_are_done(&rig.mailboxes) && rig.closed == 2);
    CHECK(s->documents_indexed == 4 && s->documents_unchanged == 1);
    CHECK(s->skipped[SKIP_GONE] == 1 && s->skipped[SKIP_CORRUPT] == 1);
    CHECK(s->skipped[SKIP_REJECTED] == 1 && s->skipped[SKIP_UNDECIDED] == 1);
    CHECK(s->messages_listed == 9 && s->messages_decided == 9);
    CHECK(s->mailboxes_done == 2 && s->mailboxes_partial == 1); // n1 protects ann
    CHECK(roster_fate(&rig.roster, S("ann@x.test")) == FATE_PROTECTED);
    CHECK(roster_fate(&rig.roster, S("bob@x.test")) == FATE_FINISHED);
    CHECK(purge_unseen(&rig.purge) == 0);
    CHECK(all_free());
}

static void test_lane_undecided_by_the_source(void)
{
    static const struct rig_mailbox_script scripts[] = {{"ann@x.test", {"u1", "d1"}}};
    rig_start(scripts, COUNT(scripts), "u1");
    rig_turns(10);
    rig_land();
    rig_turns(2);
    CHECK(rig.stats.documents_unchanged == 1); // it was in the index, and is not asked for
    CHECK(mailboxes_are_done(&rig.mailboxes) && rig.stats.mailboxes_partial == 0);
    rig_start(scripts, COUNT(scripts), "other");
    rig_turns(10);
    rig_land();
    rig_turns(2);
    CHECK(rig.stats.skipped[SKIP_UNDECIDED] == 1 && rig.stats.mailboxes_partial == 1);
    CHECK(purge_unseen(&rig.purge) == 1 && all_free());
}

static void test_lane_waits_while_the_sink_is_busy(void)
{
    static const struct rig_mailbox_script scripts[] = {{"ann@x.test", {"d1", "d2", "d3"}}};
    rig_start(scripts, COUNT(scripts), NULL);
    rig.sink_busy = true;
    rig_turns(10);
    CHECK(rig.flying_count == 0 && !lanes_are_idle(&rig.lanes));
    rig.sink_busy = false;
    rig_turns(10);
    CHECK(rig.flying_count == 3 && all_free());
}

// An answer of an hour's wait holds no medium buffer: another message that needs one goes on.
static void test_lane_gives_its_buffer_back_while_it_waits(void)
{
    static const struct rig_mailbox_script scripts[] = {{"ann@x.test", {"W1"}},
                                                        {"bob@x.test", {"L1"}}};
    rig_start(scripts, COUNT(scripts), NULL);
    rig_turns(10);
    CHECK(rig.flying_count == 1 && rig.flying[0].id[0] == 'L');
    CHECK(buffers_all_free(&rig.lanes.buffers) && !lanes_are_idle(&rig.lanes));
    rig.now_ms += 3600000;
    rig_turns(10);
    CHECK(rig.flying_count == 2 && rig.flying[1].id[0] == 'W');
    CHECK(all_free());
}

// Two large ones and one medium buffer: the second takes the large buffer or waits; both pass.
static void test_lane_large_messages_take_turns(void)
{
    static const struct rig_mailbox_script scripts[] = {
        {"ann@x.test", {"L1", "L2", "L3", "L4", "L5"}}};
    rig_start(scripts, COUNT(scripts), NULL);
    rig.sink_busy = true; // they stay in their buffers
    rig_turns(10);
    rig.sink_busy = false;
    rig_turns(20);
    CHECK(rig.flying_count == 5 && all_free());
}

static void test_lane_aloft_until_its_verdict(void)
{
    static const struct rig_mailbox_script scripts[] = {{"ann@x.test", {"a1", "d1"}}};
    rig_start(scripts, COUNT(scripts), NULL);
    rig_turns(10);
    CHECK(rig.flying_count == 2 && !lanes_are_idle(&rig.lanes));
    rig_land();
    rig_turns(2);
    CHECK(rig.stats.documents_indexed == 2 && all_free());
}

static void test_lane_unit_goes_back_without_quota(void)
{
    static const struct rig_mailbox_script scripts[] = {{"quiet@x.test", {"d1", "d2"}},
                                                        {"bob@x.test", {"d3"}}};
    rig_start(scripts, COUNT(scripts), NULL);
    rig_turns(20);
    CHECK(rig.flying_count == 1 && rig.flying[0].id[1] == '3'); // the others go on
    CHECK(rig.mailboxes.slots[0].m.queue.count == 2 && rig.mailboxes.slots[0].in_flight == 0);
    CHECK(rig.mailboxes.slots[0].outstanding == 0);
    rig.quota = true;
    rig.now_ms += 1000;
    rig_turns(5);
    rig_land();
    rig_turns(2);
    CHECK(rig.stats.documents_indexed == 3 && mailboxes_are_done(&rig.mailboxes));
}

// The time that one mailbox has to wait is not that of the next one.
static void test_lane_waits_for_each_mailbox_alone(void)
{
    static const struct rig_mailbox_script scripts[] = {{"quiet@x.test", {"d1"}},
                                                        {"held@x.test", {"d2"}}};
    rig_start(scripts, COUNT(scripts), NULL);
    rig_turns(20);
    CHECK(rig.mailboxes.slots[0].not_before_ms > rig.now_ms);
    CHECK(rig.mailboxes.slots[1].m.queue.count == 1 && rig.mailboxes.slots[1].not_before_ms == 0);
}

static void test_lane_broken_sink_stops(void)
{
    static const struct rig_mailbox_script scripts[] = {{"ann@x.test", {"d1", "d2"}}};
    rig_start(scripts, COUNT(scripts), NULL);
    rig.sink_broken = true;
    rig_turns(6);
    CHECK_ERR(rig.lanes.broken, JOB_OUTPUT);
    lanes_cancel(&rig.lanes, NULL);
    CHECK(buffers_all_free(&rig.lanes.buffers) && lanes_are_idle(&rig.lanes));
}

static void test_lane_too_many_items(void)
{
    static struct rig_mailbox_script scripts[] = {{"ann@x.test", {"c1"}}};
    rig_start(scripts, COUNT(scripts), NULL);
    rig.stats.messages_decided = SYSTEMIC_MIN_ITEMS - 1;
    rig.stats.skipped[SKIP_CORRUPT] = SYSTEMIC_MIN_ITEMS / 2;
    rig_turns(5);
    CHECK_ERR(rig.lanes.broken, JOB_TOO_MANY_ITEMS);
    rig_start(scripts, COUNT(scripts), NULL);
    rig.stats.messages_decided = SYSTEMIC_MIN_ITEMS - 1;
    rig.stats.skipped[SKIP_CORRUPT] = SYSTEMIC_MIN_ITEMS / 2 - 1;
    rig_turns(5);
    CHECK_OK(rig.lanes.broken);
}

// Stopped while messages are read, wait for the sink, and fly alone: only the last keep a buffer.
static void test_lane_stop_returns_all_buffers(void)
{
    static const struct rig_mailbox_script scripts[] = {{"ann@x.test", {"a1", "W1", "L1"}}};
    for (int turns = 1; turns < 8; turns++) {
        rig_start(scripts, COUNT(scripts), NULL);
        rig.sink_busy = turns % 2;
        rig_turns(turns);
        lanes_cancel(&rig.lanes, NULL);
        CHECK(buffers_all_free(&rig.lanes.buffers));
        rig_land();
        CHECK(all_free());
        lanes_end(&rig.lanes);
        for (int i = 0; i < RIG_LANES; i++) {
            CHECK(!loop_is_active(NULL, rig.lanes.lanes[i].task));
        }
    }
}

// Several units in one request, their parts behind them: each is decided once, and what the source
// says nothing of is undecided.
static void test_lane_batches(void)
{
    static const struct rig_mailbox_script scripts[] = {
        {"ann@x.test", {"d1", "p1", "g1", "d2", "b2", "d2x", "d1x", "o1"}},
    };
    rig_source_ops.units_together = 3;
    rig_start(scripts, COUNT(scripts), NULL);
    rig.settings.max_failed_items = 1;
    rig_turns(20);
    CHECK(!mailboxes_are_done(&rig.mailboxes));
    rig_land();
    rig_turns(2);
    const struct sync_stats *s = &rig.stats;
    CHECK(mailboxes_are_done(&rig.mailboxes));
    // d1 p1 g1 together; d2 alone, for b2 is large; b2; d2x; d1x o1, of another kind
    CHECK(rig.requests == 1 + 1 + 6); // and the part
    CHECK(s->documents_indexed == 7 && s->skipped[SKIP_GONE] == 1);
    CHECK(s->skipped[SKIP_UNDECIDED] == 1 && s->mailboxes_partial == 1);
    CHECK(s->messages_listed == 9 && s->messages_decided == 9);
    CHECK(all_free());
    rig_source_ops.units_together = 1;
}

// A part that keeps its mailbox open after the unit itself was decided; and a stop in between.
static void test_lane_parts_keep_the_mailbox(void)
{
    static const struct rig_mailbox_script scripts[] = {{"quinn@x.test", {"p1"}}};
    rig_start(scripts, COUNT(scripts), NULL);
    rig.quota = true;
    rig.sink_busy = true;
    rig_turns(5);
    rig.quota = false; // the part has to wait
    rig.sink_busy = false;
    rig_turns(1);
    CHECK(rig.flying_count == 1);
    rig_land();
    rig_turns(3);
    CHECK(!mailboxes_are_done(&rig.mailboxes) && rig.stats.documents_indexed == 1);
    rig.quota = true;
    rig_turns(1000 / 10 + 2);
    CHECK(rig.flying_count == 1);
    rig_land();
    rig_turns(2);
    CHECK(mailboxes_are_done(&rig.mailboxes) && rig.stats.documents_indexed == 2);
    CHECK(all_free());
    rig_start(scripts, COUNT(scripts), NULL);
    rig.quota = true;
    rig.sink_busy = true;
    rig_turns(5);
    lanes_cancel(&rig.lanes, NULL);
    CHECK(all_free());
}

// In the index, and its source says the same time: only its parts are read.
static void test_lane_intact_unit_with_parts(void)
{
    static const struct rig_mailbox_script scripts[] = {{"ann@x.test", {"p1"}}};
    rig_start(scripts, COUNT(scripts), "p1");
    rig_turns(5);
    rig_land();
    rig_turns(2);
    CHECK(rig.stats.documents_unchanged == 1 && rig.stats.documents_indexed == 1);
    CHECK(purge_unseen(&rig.purge) == 0 && all_free());
}

// What becomes of the document that a message has had so far: only of what is gone is it unseen,
// and of what is undecided, whose mailbox is protected.
static void test_lane_document_of_before(void)
{
    static const struct {
        const char *id;
        isize unseen;
        bool finished;
    } rows[] = {
        {"d1", 0, true}, {"x1", 0, true}, {"c1", 0, true}, {"g1", 1, true}, {"n1", 1, false}};
    for (isize i = 0; i < COUNT(rows); i++) {
        struct rig_mailbox_script script = {"ann@x.test", {rows[i].id}};
        rig_start(&script, 1, rows[i].id);
        rig.settings.full = true;
        rig.settings.max_failed_items = 1;
        rig_turns(20);
        rig_land();
        rig_turns(2);
        CHECK(mailboxes_are_done(&rig.mailboxes) && all_free());
        CHECK(purge_unseen(&rig.purge) == rows[i].unseen);
        CHECK((roster_fate(&rig.roster, S("ann@x.test")) == FATE_FINISHED) == rows[i].finished);
    }
}

// A document that is larger than max_text_document_size is kept as it is in the index; one with an
// attachment may have any size.
static void test_a99_lane_text_size(void)
{
    static const struct rig_mailbox_script scripts[] = {{"ann@x.test", {"L1", "d1", "L-attached"}}};
    rig_start(scripts, COUNT(scripts), "L1");
    rig.settings.full = true;
    rig.settings.max_text_bytes = 1000;
    rig_turns(20);
    rig_land();
    rig_turns(2);
    const struct sync_stats *s = &rig.stats;
    CHECK(s->skipped[SKIP_TEXT_SIZE] == 1 && s->documents_indexed == 2);
    CHECK(purge_unseen(&rig.purge) == 0 && all_free());
    rig_start(scripts, COUNT(scripts), "L1");
    rig.settings.full = true;
    rig_turns(20);
    rig_land();
    rig_turns(2);
    CHECK(s->skipped[SKIP_TEXT_SIZE] == 0 && s->documents_indexed == 3 && all_free());
}

// A page is no document: its items are, and none of them is asked for by itself.
static void test_lane_pages(void)
{
    static const struct rig_mailbox_script scripts[] = {{"ann@x.test", {"P1", "P2"}},
                                                        {"bob@x.test", {"R1"}}};
    rig_start(scripts, COUNT(scripts), "dP10");
    rig_turns(20);
    CHECK(rig.flying_count == 5 && rig.requests == 6); // users, two listings, three pages
    rig_land();
    rig_turns(2);
    const struct sync_stats *s = &rig.stats;
    CHECK(mailboxes_are_done(&rig.mailboxes) && all_free());
    CHECK(s->documents_indexed == 5 && s->documents_unchanged == 1);
    CHECK(s->messages_listed == 6 && s->messages_decided == 6);
    CHECK(s->mailboxes_done == 2 && s->mailboxes_partial == 1);
    CHECK(roster_fate(&rig.roster, S("ann@x.test")) == FATE_FINISHED);
    CHECK(roster_fate(&rig.roster, S("bob@x.test")) == FATE_PROTECTED);
    CHECK(purge_unseen(&rig.purge) == 0);
}

// What is told to come back later leaves its lane to others, and is there again in time.
static void test_lane_gives_a_unit_back(void)
{
    static const struct rig_mailbox_script scripts[] = {{"ann@x.test", {"Q1", "Q2", "Q3"}},
                                                        {"bob@x.test", {"d1", "d2"}}};
    rig_start(scripts, COUNT(scripts), NULL);
    rig_turns(20);
    CHECK(rig.flying_count == 2 && lanes_are_idle(&rig.lanes));
    CHECK(rig.mailboxes.slots[0].m.queue.count == 3 && rig.mailboxes.slots[0].outstanding == 0);
    CHECK(rig.mailboxes.slots[0].in_flight == 0);
    rig.quota = true;
    rig.now_ms += 1000;
    rig_turns(20);
    rig_land();
    rig_turns(2);
    CHECK(rig.stats.documents_indexed == 8 && mailboxes_are_done(&rig.mailboxes) && all_free());
}

// ---- which mailbox a lane begins with

enum { CHOICES = 4 };

// Four mailboxes with a unit each; the one in slot i is the ages[i]-th that was opened.
static void choice_of(struct mailbox_slot slots[CHOICES], const u32 ages[CHOICES])
{
    rig_start(NULL, 0, NULL);
    for (int i = 0; i < CHOICES; i++) {
        slots[i] = (struct mailbox_slot){.open = true, .generation = ages[i]};
        slots[i].m.phase = MAILBOX_LISTED;
        slots[i].m.queue.count = 1;
    }
    rig.mailboxes.slots = slots;
    rig.mailboxes.slot_count = CHOICES;
}

static int choice(int lane)
{
    return lane_first_mailbox(&rig.lanes.lanes[lane], rig.now_ms);
}

static void test_lane_serves_the_oldest(void)
{
    struct mailbox_slot slots[CHOICES];
    choice_of(slots, (u32[]){7, 3, 9, 5});
    rig.lanes.cursor = 2;
    CHECK(choice(0) == 2 && choice(1) == 1 && choice(2) == 2);
    slots[1].in_flight = rig.source.in_flight_max; // as many as it may have
    CHECK(choice(1) == 3);
    slots[3].not_before_ms = rig.now_ms + 1; // no quota yet
    CHECK(choice(1) == 0);
    slots[0].m.queue.count = 0; // nothing listed
    CHECK(choice(1) == 2);
    slots[2].open = false;
    CHECK(choice(1) == 2); // none: as the others
    rig.lanes.cursor = 0;
    CHECK(choice(1) == 0);
}

// However old one is, half of the lanes go round: nobody waits until it ends.
static void test_lane_goes_round(void)
{
    struct mailbox_slot slots[CHOICES];
    choice_of(slots, (u32[]){4, 1, 3, 2});
    for (int i = 0; i < 2 * CHOICES; i++) {
        int first = choice(0) % CHOICES;
        CHECK(first == i % CHOICES && choice(1) == 1);
        lane_went_to(&rig.lanes.lanes[1], &slots[1]); // leaves the round as it is
        lane_went_to(&rig.lanes.lanes[0], &slots[first]);
    }
}

// A verdict that comes after its mailbox was closed changes nothing.
static void test_lane_late_verdict(void)
{
    static const struct rig_mailbox_script scripts[] = {{"ann@x.test", {"d1"}}};
    rig_start(scripts, COUNT(scripts), NULL);
    rig_turns(10);
    CHECK(rig.flying_count == 1);
    lanes_cancel(&rig.lanes, NULL);
    mailboxes_stop(&rig.mailboxes);
    rig_land();
    CHECK(rig.stats.documents_indexed == 0 && rig.stats.messages_decided == 0 && rig.closed == 1);
}

static const struct test_case cases[] = {
    CASE(test_lane_each_verdict),
    CASE(test_lane_undecided_by_the_source),
    CASE(test_lane_waits_while_the_sink_is_busy),
    CASE(test_lane_gives_its_buffer_back_while_it_waits),
    CASE(test_lane_large_messages_take_turns),
    CASE(test_lane_aloft_until_its_verdict),
    CASE(test_lane_unit_goes_back_without_quota),
    CASE(test_lane_waits_for_each_mailbox_alone),
    CASE(test_lane_broken_sink_stops),
    CASE(test_lane_too_many_items),
    CASE(test_lane_stop_returns_all_buffers),
    CASE(test_lane_batches),
    CASE(test_lane_parts_keep_the_mailbox),
    CASE(test_lane_intact_unit_with_parts),
    CASE(test_a99_lane_text_size),
    CASE(test_lane_document_of_before),
    CASE(test_lane_pages),
    CASE(test_lane_gives_a_unit_back),
    CASE(test_lane_serves_the_oldest),
    CASE(test_lane_goes_round),
    CASE(test_lane_late_verdict),
};

TEST_MAIN(cases)
