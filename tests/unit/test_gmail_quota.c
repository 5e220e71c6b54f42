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

// Who looks often and takes nothing saves nothing up.
static void test_quota_looking_saves_nothing(void)
{
    struct gmail_quota q = {.units_minute = 6000};
    for (i64 now = 1000; now < 100000; now += 1000) {
        CHECK(gmail_quota_ready_ms(&q, 20, now) == now);
    }
    for (int i = 0; i < 15; i++) {
        CHECK(ready(&q, 20, 99000) == 0);
    }
    CHECK(ready(&q, 20, 99000) == 200);
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

static struct unit unit_of(isize id_bytes, u8 byte)
{
    struct unit unit = {.id_bytes = (int)id_bytes, .kind = byte, .parts = byte & 1, .bytes = byte};
    memset(unit.id, byte, (size_t)id_bytes);
    unit.timestamp_bytes = byte % UNIT_TIMESTAMP_BYTES;
    memset(unit.timestamp, byte, (size_t)unit.timestamp_bytes);
    return unit;
}

static bool unit_is(const struct unit *u, isize id_bytes, u8 byte)
{
    struct unit want = unit_of(id_bytes, byte);
    return u->id_bytes == id_bytes && u->kind == byte && u->parts == want.parts &&
           u->bytes == byte && u->timestamp_bytes == want.timestamp_bytes &&
           memcmp(u->id, want.id, (size_t)id_bytes) == 0 &&
           memcmp(u->timestamp, want.timestamp, (size_t)want.timestamp_bytes) == 0;
}

// As long as the ring allows, with ids of all lengths, round and round: what goes in comes out.
static void test_unit_queue(void)
{
    static u8 bytes[UNIT_QUEUE_BYTES];
    struct unit_queue q = {.bytes = bytes};
    struct unit u;
    int in = 0;
    int out = 0;
    CHECK(!unit_queue_pop(&q, &u));
    for (int round = 0; round < 20; round++) {
        for (;;) {
            struct unit unit = unit_of(in * 7 % (UNIT_ID_BYTES + 1), (u8)in);
            if (!unit_queue_stage(&q, &unit)) {
                break;
            }
            in++;
        }
        CHECK(q.count == 0 && !unit_queue_pop(&q, &u)); // nobody sees it before the page is whole
        unit_queue_commit(&q);
        CHECK(q.count == in - out &&
              !unit_queue_has_room(&q, 1, UNIT_HEAD_BYTES + UNIT_ID_BYTES + UNIT_TIMESTAMP_BYTES));
        while (unit_queue_pop(&q, &u)) {
            CHECK(unit_is(&u, out * 7 % (UNIT_ID_BYTES + 1), (u8)out));
            out++;
        }
        CHECK(in == out && q.used == 0);
    }
    CHECK(in > 20 * UNIT_QUEUE_BYTES / (UNIT_ID_BYTES + 64));
}

static void test_unit_queue_return(void)
{
    static u8 bytes[UNIT_QUEUE_BYTES];
    struct unit_queue q = {.bytes = bytes};
    for (int i = 1; i <= 3; i++) {
        struct unit unit = unit_of(i, (u8)i);
        CHECK(unit_queue_stage(&q, &unit));
    }
    unit_queue_commit(&q);
    struct unit staged = unit_of(9, 9);
    CHECK(unit_queue_stage(&q, &staged)); // is forgotten
    unit_queue_unstage(&q);
    struct unit first;
    struct unit second;
    CHECK(unit_queue_pop(&q, &first) && unit_queue_pop(&q, &second));
    CHECK(unit_queue_return(&q, &second) && unit_queue_return(&q, &first) && q.count == 3);
    for (int i = 1; i <= 3; i++) {
        struct unit peeked;
        struct unit u;
        CHECK(unit_queue_peek(&q, &peeked) && unit_is(&peeked, i, (u8)i));
        CHECK(unit_queue_pop(&q, &u) && unit_is(&u, i, (u8)i));
    }
    CHECK(!unit_queue_pop(&q, &first));
}

static const struct test_case cases[] = {
    CASE(test_quota_looking_saves_nothing),
    CASE(test_quota_burst_then_rate),
    CASE(test_quota_rate_holds),
    CASE(test_quota_long_pause),
    CASE(test_quota_ready_is_exact),
    CASE(test_quota_mailbox),
    CASE(test_quota_project),
    CASE(test_unit_queue),
    CASE(test_unit_queue_return),
};

TEST_MAIN(cases)
