// SPDX-License-Identifier: Apache-2.0
// Sentences of a summary: bounded in number and length, and reasons all have a text.
#include "test.h"

#include "sync/advice.h"
#include "sync/stats.h"

static struct advice advice;

static void test_advice_add_beyond_the_last_overwrites_it(void)
{
    advice_reset(&advice);
    for (int i = 0; i < ADVICE_MAX + 3; i++) {
        buf_put_i64(advice_add(&advice), i);
    }
    CHECK(advice.count == ADVICE_MAX);
    CHECK_STR(buf_str(&advice.rows[0]), S("0"));
    CHECK_STR(buf_str(&advice.rows[ADVICE_MAX - 1]), S("14"));
}

static void test_advice_reset_forgets(void)
{
    buf_put(advice_add(&advice), S("x"));
    advice_reset(&advice);
    CHECK(advice.count == 0);
}

static void test_skip_reason_text_is_complete(void)
{
    for (int i = 0; i < SKIP_REASONS; i++) {
        CHECK(str_from(skip_reason_text((enum skip_reason)i)).n > 5);
    }
}

static const struct test_case cases[] = {
    CASE(test_advice_add_beyond_the_last_overwrites_it),
    CASE(test_advice_reset_forgets),
    CASE(test_skip_reason_text_is_complete),
};

TEST_MAIN(cases)
