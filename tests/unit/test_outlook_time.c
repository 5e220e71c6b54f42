// SPDX-License-Identifier: Apache-2.0
// source/outlook/outlook_time: times and dates of Exchange as documents print them (wire-ews.md
// 11).
#include "test.h"

#include "source/outlook/outlook_time.h"

static str put(void (*print)(struct buf *, str), const char *text)
{
    static u8 bytes[OUTLOOK_TIME_BYTES];
    struct buf b = buf_over(bytes, OUTLOOK_TIME_BYTES);
    print(&b, test_guarded(str_from(text)));
    CHECK(!b.full);
    return buf_str(&b);
}

#define TIME(text, want) CHECK_STR(put(outlook_put_time, text), S(want))
#define DATE(text, want) CHECK_STR(put(outlook_put_date, text), S(want))

static void test_time(void)
{
    TIME("2024-07-05T10:20:30Z", "\"2024-07-05T10:20:30Z\"");
    TIME(" 2024-07-05T10:20:30Z\n", "\"2024-07-05T10:20:30Z\"");
    TIME("2024-07-05T10:20:30", "\"2024-07-05T10:20:30Z\"");
    TIME("2024-07-05T10:20:30.9999999Z", "\"2024-07-05T10:20:30Z\"");
    TIME("2024-06-03T00:30:00+02:00", "\"2024-06-02T22:30:00Z\"");
    TIME("2024-12-31T23:30:00-01:00", "\"2025-01-01T00:30:00Z\"");
    TIME("1969-12-31T23:59:59.5Z", "\"1969-12-31T23:59:59Z\"");
    TIME("1604-02-29T11:59:00Z", "\"1604-02-29T11:59:00Z\"");
}

static void test_time_that_is_none(void)
{
    TIME("", "null");
    TIME("yesterday", "null");
    TIME("2024-02-30T10:20:30Z", "null");
    TIME("2024-07-05T25:20:30Z", "null");
    TIME("9999-12-31T23:59:59-14:00", "null"); // a year of five digits
    TIME("0001-01-01T00:00:00+14:00", "null"); // the year before the first
    TIME("2024-07-05T10:20:30Z\"", "null");
}

static void test_date(void)
{
    DATE("1980-02-29T11:59:00Z", "\"1980-02-29\"");
    DATE("2024-03-09T23:00:00+02:00", "\"2024-03-09\""); // its own local date
    DATE("2024-03-09", "\"2024-03-09\"");
    DATE("2024-06-03+02:00", "\"2024-06-03\"");
    DATE("1604-01-01T00:00:00Z", "\"1604-01-01\"");
}

static void test_date_that_is_none(void)
{
    DATE("", "null");
    DATE("2024-02-30", "null");
    DATE("2024-3-9", "null");
    DATE("2024-03-09T99:00:00Z", "null");
    DATE("20240309000", "null");
}

static const struct test_case cases[] = {
    CASE(test_time),
    CASE(test_time_that_is_none),
    CASE(test_date),
    CASE(test_date_that_is_none),
};
TEST_MAIN(cases)
