// SPDX-License-Identifier: Apache-2.0
// source/gmail/gmail_quota, its use by mailboxes, and the ring of units of source/source.
#include "gmail_lane.h"

static i64 ready(struct gmail_quota *q, i64 units, i64 now_ms)
{
    i64 at_ms = gmail_quota_ready_ms(q, units, now_ms);
    if (at_ms == now_ms) {
        gmail_quota_take(q, units);
    }
    return at_ms - now_ms;
}

static void test_quota_burst_then_rate(void)
{
    struct gmail_quota q = {.units_minute = 6000}; // 100 units a second: 5 messages
    for (int i = 0; i < 15; i++) {
        CHECK(ready(&q, 20, 1000) == 0); // 3 seconds' worth
    }
    CHECK(ready(&q, 20, 1000) == 200);
    CHECK(ready(&q, 20, 1199) == 1);
    CHECK(ready(&q, 20, 1200) == 0);
    CHECK(ready(&q, 20, 1200) == 200);
    CHECK(ready(&q, 5, 1200) == 50);
}

// Over an hour no more than the rate, whoever asks how often.
static void test_quota_rate_holds(void)
{
    static const i64 rates[] = {1, 19, 20, 777, 6000, 15000, 1200000};
    for (isize i = 0; i < COUNT(rates); i++) {
        struct gmail_quota q = {.units_minute = rates[i]};
        i64 taken = 0;
        i64 burst = rates[i] / 20 > 20 ? rates[i] / 20 : 20;
        for (i64 now = 1; now < 3600000; now += 17) {
            while (ready(&q, 20, now) == 0) {
                taken += 20;
            }
        }
        CHECK(taken <= rates[i] * 60 + burst && taken >= rates[i] * 59 - 20);
    }
}

static void test_quota_long_pause(void)
{
    struct gmail_quota q = {.units_minute = 6000};
    CHECK(ready(&q, 300, 1) == 0);
    CHECK(ready(&q, 300, INT64_MAX / 2) == 0); // full again, and no overflow
    CHECK(ready(&q, 20, INT64_MAX / 2) == 200);
    i64 wait_ms = ready(&q, 20, INT64_MAX / 2 - 50); // a clock that goes back gives nothing
    CHECK(wait_ms == 200 && ready(&q, 20, INT64_MAX / 2) == 200); // and takes nothing
}

// Units that say the moment do not have to be asked again: at that moment they are there.
static void test_quota_ready_is_exact(void)
{
    struct gmail_quota q = {.units_minute = 777};
    i64 now = 1000;
    for (int i = 0; i < 1000; i++) {
        i64 wait = ready(&q, 20, now);
        if (wait) {
            now += wait;
            CHECK(ready(&q, 20, now) == 0);
            CHECK(q.level >= 0); // nothing is lent
        }
    }
}

static enum step ask(struct rig *r, i64 now_ms)
{
    memset(r->fetch_state, 0, sizeof r->fetch_state);
    r->lane.now_ms = now_ms;
    return machine_next(&r->lane);
}

// Lanes of one mailbox share its quota; the time that it waited is counted once.
static void test_quota_mailbox(void)
{
    struct rig *r = rig_make(NULL);
    rig_grant(r);
    rig_unit(r, S("18c1"), LANE_BYTES);
    int asked = 0;
    while (ask(r, 1000) == STEP_REQUEST) {
        asked++;
    }
    CHECK(asked == 15 && r->source.quota_units_used == 300);
    CHECK(r->lane.x.wait_until_ms == 1200);
    CHECK(ask(r, 1100) == STEP_WAIT && r->lane.x.wait_until_ms == 1200);
    CHECK(ask(r, 1200) == STEP_REQUEST && r->source.quota_wait_ms == 200);
    CHECK(ask(r, 1400) == STEP_REQUEST && r->source.quota_wait_ms == 200); // did not wait
    CHECK(machine_next(&r->list) == STEP_WAIT); // at 1000: the listing waits as well
}

// The project's quota is shared by all mailboxes.
static void test_quota_project(void)
{
    struct rig *r = rig_make(NULL);
    struct gmail_case settings = rig_settings(r);
    settings.quota_units_project_minute = 1200; // 60 in a burst
    r = rig_make(&settings);
    CHECK(r->source.quota_units_project_minute == 1200 &&
          r->source.quota_units_user_minute == 6000);
    CHECK(r->source.in_flight_max == 4 && r->source.ops->fetch_quota_units == 20);
    rig_grant(r);
    rig_unit(r, S("18c1"), LANE_BYTES);
    CHECK(ask(r, 1000) == STEP_REQUEST && ask(r, 1000) == STEP_REQUEST);
    rig_mailbox(r, S("bob@example.test"), S(""));
    rig_grant(r);
    rig_unit(r, S("18c1"), LANE_BYTES);
    CHECK(ask(r, 1000) == STEP_REQUEST);
    CHECK(ask(r, 1000) == STEP_WAIT && r->lane.x.wait_until_ms == 2000);
}

static void test_unit_queue(void)
{
    struct unit units[3];
    struct unit_queue q = {.units = units, .cap = 3};
    struct unit u;
    u8 id[UNIT_ID_BYTES + 1];
    memset(id, 'x', sizeof id);
    CHECK(!unit_queue_pop(&q, &u));
    CHECK(!unit_queue_push(&q, str_make(id, UNIT_ID_BYTES + 1)));
    for (int i = 0; i < 10; i++) {
        CHECK(unit_queue_push(&q, str_make(id, i)) &&
              unit_queue_push(&q, str_make(id, UNIT_ID_BYTES)));
        CHECK(unit_queue_push(&q, S("3")) && !unit_queue_push(&q, S("4")));
        CHECK(unit_queue_pop(&q, &u) && u.id_bytes == i);
        CHECK(unit_queue_pop(&q, &u) && u.id_bytes == UNIT_ID_BYTES);
        CHECK(unit_queue_pop(&q, &u) && u.id_bytes == 1 && u.id[0] == '3');
        CHECK(q.count == 0 && !unit_queue_pop(&q, &u));
        CHECK(unit_queue_push(&q, S("moves the head")) && unit_queue_pop(&q, &u));
    }
}

static const struct test_case cases[] = {
    CASE(test_quota_burst_then_rate),
    CASE(test_quota_rate_holds),
    CASE(test_quota_long_pause),
    CASE(test_quota_ready_is_exact),
    CASE(test_quota_mailbox),
    CASE(test_quota_project),
    CASE(test_unit_queue),
};

TEST_MAIN(cases)
