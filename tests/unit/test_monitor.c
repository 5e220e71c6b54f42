// SPDX-License-Identifier: Apache-2.0
// elastic/monitor: the three rules and their numbers (acceptance 96 and 97).
#include "test.h"

#include "elastic/monitor.h"

static const struct error_monitor_settings rules = {.enabled = true,
                                                    .max_total_errors = 1000,
                                                    .max_consecutive_errors = 10,
                                                    .error_window_size = 100,
                                                    .max_error_rate = 0.15};

static u8 detail_space[512];
static struct buf detail;

static bool one_error(struct error_monitor *m)
{
    detail = buf_over(detail_space, COUNT(detail_space));
    return error_monitor_error(m, S("index of 18f0c2 failed: mapper_parsing_exception"), &detail);
}

static void test_a96_error_monitor_consecutive(void)
{
    struct error_monitor m;
    error_monitor_init(&m, &rules);
    for (int i = 0; i < 10; i++) {
        CHECK(one_error(&m));
    }
    CHECK(!one_error(&m)); // the 11th
    CHECK_STR(buf_str(&detail), S("11 errors in a row (max_consecutive_errors 10); last: "
                                  "index of 18f0c2 failed: mapper_parsing_exception"));
}

static void test_a96_error_monitor_row_broken(void)
{
    struct error_monitor_settings no_rate = rules;
    no_rate.error_window_size = 0;
    struct error_monitor m;
    error_monitor_init(&m, &no_rate);
    for (int i = 0; i < 90; i++) {
        for (int k = 0; k < 10; k++) {
            CHECK(one_error(&m));
        }
        error_monitor_success(&m);
    }
    CHECK(m.errors == 900);
}

static void test_error_monitor_error_total(void)
{
    struct error_monitor_settings no_rate = rules;
    no_rate.error_window_size = 0;
    no_rate.max_total_errors = 20;
    struct error_monitor m;
    error_monitor_init(&m, &no_rate);
    for (int i = 0; i < 20; i++) {
        CHECK(one_error(&m));
        error_monitor_success(&m);
    }
    CHECK(!one_error(&m));
    CHECK(str_starts(buf_str(&detail),
                     S("21 errors in total (max_total_errors 20); last: index of")));
}

// `errors` spread evenly over 100 items; whether the last one is still allowed.
static bool spread(struct error_monitor *m, int errors)
{
    bool good = true;
    int made = 0;
    for (int i = 0; i < 100; i++) {
        if (made * 100 < errors * (i + 1) - errors && made < errors) {
            good = one_error(m);
            made++;
        } else if (i >= 100 - (errors - made)) {
            good = one_error(m);
            made++;
        } else {
            error_monitor_success(m);
        }
    }
    CHECK(made == errors);
    return good;
}

static void test_a97_error_monitor_rate(void)
{
    struct error_monitor m;
    error_monitor_init(&m, &rules);
    CHECK(spread(&m, 15));
    error_monitor_init(&m, &rules);
    CHECK(!spread(&m, 16));
    CHECK(str_starts(buf_str(&detail),
                     S("16 errors among the last 100 items (max_error_rate 15 %); last: ")));
    struct error_monitor_settings off = rules;
    off.enabled = false;
    error_monitor_init(&m, &off);
    CHECK(spread(&m, 16));
    CHECK(m.errors == 16 && !m.failed);
}

// The window begins as all-success with a fixed denominator: 16 errors among the first 31 items.
static void test_a97_error_monitor_rate_start(void)
{
    struct error_monitor m;
    error_monitor_init(&m, &rules);
    for (int i = 0; i < 15; i++) {
        CHECK(one_error(&m));
        error_monitor_success(&m);
    }
    CHECK(!one_error(&m));
}

// Errors leave the window again.
static void test_error_monitor_error_rate_slides(void)
{
    struct error_monitor m;
    error_monitor_init(&m, &rules);
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 100; i++) {
            if (i % 7 == 0) { // 15 of 100
                CHECK(one_error(&m));
            } else {
                error_monitor_success(&m);
            }
        }
    }
    CHECK(m.window_errors == 15);
}

static void test_error_monitor_init_clamps(void)
{
    struct error_monitor_settings wide = rules;
    wide.error_window_size = ERROR_WINDOW_MAX + 5;
    struct error_monitor m;
    error_monitor_init(&m, &wide);
    CHECK(m.settings.error_window_size == ERROR_WINDOW_MAX);
    for (int i = 0; i < ERROR_WINDOW_MAX * 2; i++) {
        error_monitor_success(&m);
    }
    wide.error_window_size = -1;
    error_monitor_init(&m, &wide);
    CHECK(m.settings.error_window_size == 0);
}

// It stays failed, and says the rule only once.
static void test_error_monitor_error_stays(void)
{
    struct error_monitor_settings strict = rules;
    strict.max_consecutive_errors = 0;
    struct error_monitor m;
    error_monitor_init(&m, &strict);
    CHECK(!one_error(&m));
    CHECK(detail.n > 0);
    error_monitor_success(&m);
    CHECK(!one_error(&m));
    CHECK(detail.n == 0);
}

// A detail that is too small is cut, not full.
static void test_error_monitor_error_short_detail(void)
{
    struct error_monitor_settings strict = rules;
    strict.max_consecutive_errors = 0;
    for (isize room = 0; room < 120; room++) {
        struct error_monitor m;
        error_monitor_init(&m, &strict);
        u8 space[120];
        struct buf small = buf_over(space, room);
        CHECK(!error_monitor_error(&m, S("index of 1 failed: x"), &small));
        CHECK(!small.full);
    }
}

static const struct test_case cases[] = {
    CASE(test_a96_error_monitor_consecutive),    CASE(test_a96_error_monitor_row_broken),
    CASE(test_error_monitor_error_total),        CASE(test_a97_error_monitor_rate),
    CASE(test_a97_error_monitor_rate_start),     CASE(test_error_monitor_error_rate_slides),
    CASE(test_error_monitor_init_clamps),        CASE(test_error_monitor_error_stays),
    CASE(test_error_monitor_error_short_detail),
};

TEST_MAIN(cases)
