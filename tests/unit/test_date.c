// SPDX-License-Identifier: Apache-2.0
// base/date: every day of the calendar there and back against libc, and the formats good and bad.
#include "test.h"

#include <time.h>

#include "base/date.h"

static void test_date_to_unix_every_day(void)
{
    i64 day = -719162; // 0001-01-01
    int weekday = 1;   // a Monday
    for (; day <= 2932896; day++, weekday = (weekday + 1) % 7) {
        i64 unix_s = day * 86400 + (day & 0xffff);
        struct date d = date_from_unix(unix_s);
        time_t t = (time_t)unix_s;
        struct tm want;
        if (!gmtime_r(&t, &want) || d.year != want.tm_year + 1900 || d.month != want.tm_mon + 1 ||
            d.day != want.tm_mday || d.hour != want.tm_hour || d.minute != want.tm_min ||
            d.second != want.tm_sec || d.weekday != weekday || !date_is_valid(d) ||
            date_to_unix(d) != unix_s) {
            fprintf(stderr, "day %lld\n", (long long)day);
            CHECK(false);
            return;
        }
    }
    CHECK(date_from_unix(INT64_MIN).year == 1 && date_from_unix(INT64_MIN).day == 1);
    CHECK(date_from_unix(INT64_MAX).year == 9999 && date_from_unix(INT64_MAX).second == 59);
}

static void test_date_is_valid_ranges(void)
{
    struct date d = {.year = 2024, .month = 2, .day = 29};
    CHECK(date_is_valid(d));
    d.year = 2023;
    CHECK(!date_is_valid(d));
    d.year = 1900;
    CHECK(!date_is_valid(d));
    d.year = 2000;
    CHECK(date_is_valid(d));
    static const struct date bad[] = {
        {.year = 0, .month = 1, .day = 1},
        {.year = 10000, .month = 1, .day = 1},
        {.year = 1, .month = 0, .day = 1},
        {.year = 1, .month = 13, .day = 1},
        {.year = 1, .month = 1, .day = 0},
        {.year = 1, .month = 1, .day = 32},
        {.year = 1, .month = 4, .day = 31},
        {.year = 1, .month = 1, .day = 1, .hour = 24},
        {.year = 1, .month = 1, .day = 1, .minute = 60},
        {.year = 1, .month = 1, .day = 1, .second = 60},
        {.year = 1, .month = 1, .day = 1, .hour = -1},
    };
    for (isize i = 0; i < COUNT(bad); i++) {
        CHECK(!date_is_valid(bad[i]));
    }
}

static void test_date_month_from_name_all(void)
{
    static const char *const names[] = {"Jan", "feb", "MAR", "Apr", "May", "Jun",
                                        "Jul", "aug", "Sep", "Oct", "Nov", "dEC"};
    for (int i = 0; i < 12; i++) {
        CHECK(date_month_from_name(str_from(names[i])) == i + 1);
    }
    CHECK(date_month_from_name(S("")) == 0 && date_month_from_name(S("Janu")) == 0);
    CHECK(date_month_from_name(S("Ja")) == 0 && date_month_from_name(S("xyz")) == 0);
}

static void test_date_parse_iso_good(void)
{
    static const struct {
        const char *in;
        i64 want;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01T00:00:00", 0},
        {"1970-01-01 00:00:01", 1000000},
        {"1970-01-01t00:00:00z", 0},
        {"2026-08-20T10:11:12.345678+00:00", 1787220672345678},
        {"2026-08-20T10:11:12.3Z", 1787220672300000},
        {"2026-08-20T10:11:12.3456789Z", 1787220672345678},
        {"2026-08-20T10:11:12.123456789Z", 1787220672123456},
        {"2026-08-20T12:11:12+02:00", 1787220672000000},
        {"2026-08-20T12:11:12+0200", 1787220672000000},
        {"2026-08-20T12:11:12+02", 1787220672000000},
        {"2026-08-20T04:41:12-05:30", 1787220672000000},
        {"2026-08-20T10:11:12-00:00", 1787220672000000},
        {"1969-12-31T23:59:59.999999Z", -1},
        {"0001-01-01T00:00:00Z", -62135596800000000},
        {"9999-12-31T23:59:59.999999Z", 253402300799999999},
        {"2024-02-29T23:59:59+23:59", 1709164859000000},
    };
    for (isize i = 0; i < COUNT(cases); i++) {
        i64 got = 0;
        bool ok = date_parse_iso(test_guarded(str_from(cases[i].in)), &got);
        if (!ok || got != cases[i].want) {
            fprintf(stderr, "%s: %d %lld\n", cases[i].in, ok, (long long)got);
        }
        CHECK(ok && got == cases[i].want);
    }
}

static void test_date_parse_iso_bad(void)
{
    static const char *const bad[] = {
        "",
        "2026",
        "2026-08-20",
        "2026-08-20T10:11",
        "2026-08-20T10:11:12.",
        "2026-08-20T10:11:12.Z",
        "2026-08-20T10:11:12.1234567890Z",
        "2026-08-20T10:11:12,5Z",
        "2026-08-20X10:11:12Z",
        "2026-8-20T10:11:12Z",
        "2026-08-20T1:11:12Z",
        "2026-02-30T10:11:12Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "2026-08-20T24:00:00Z",
        "2026-08-20T10:60:00Z",
        "2026-08-20T10:11:60Z",
        "2026-08-20T10:11:12Zx",
        "2026-08-20T10:11:12 Z",
        "2026-08-20T10:11:12+",
        "2026-08-20T10:11:12+2",
        "2026-08-20T10:11:12+24:00",
        "2026-08-20T10:11:12+02:60",
        "2026-08-20T10:11:12+02:",
        "2026-08-20T10:11:12+02:0",
        "2026-08-20T10:11:12+02:000",
        "2026-08-20T10:11:12UTC",
        " 2026-08-20T10:11:12Z",
        "+026-08-20T10:11:12Z",
        "-026-08-20T10:11:12Z",
        "2026/08/20T10:11:12Z",
        "20260820T101112Z",
        "12026-08-20T10:11:12Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
    };
    for (isize i = 0; i < COUNT(bad); i++) {
        i64 got = 7;
        if (date_parse_iso(test_guarded(str_from(bad[i])), &got) || got != 7) {
            fprintf(stderr, "taken: %s\n", bad[i]);
            CHECK(false);
        }
    }
}

static void test_date_parse_http_forms(void)
{
    static const struct {
        const char *in;
        i64 want;
    } good[] = {
        {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
        {"Sunday, 06-Nov-94 08:49:37 GMT", 784111777},
        {"Sun Nov  6 08:49:37 1994", 784111777},
        {"Wed Nov 16 08:49:37 1994", 784975777},
        {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
        {"Saturday, 01-Jan-69 00:00:00 GMT", 3124224000},
        {"Thursday, 01-Jan-70 00:00:00 GMT", 0},
        {"Wed, 06 Nov 1994 08:49:37 GMT", 784111777}, // a wrong day of the week does no harm
    };
    for (isize i = 0; i < COUNT(good); i++) {
        i64 got = 7;
        CHECK(date_parse_http(test_guarded(str_from(good[i].in)), &got) && got == good[i].want);
    }
    static const char *const bad[] = {
        "",
        "0",
        "Sun",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 31 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nox 1994 08:49:37 GMT",
        "Xxx, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 94 08:49:37 GMT",
        "Sun, 06-Nov-94 08:49:37 GMT",
        "Sunday, 06 Nov 1994 08:49:37 GMT",
        "Sun Nov 6 08:49:37 1994",
        "Sun Nov  6 08:49:37 1994x",
        "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:60 GMT",
        "Sun, 06 Nov 0000 08:49:37 GMT",
    };
    for (isize i = 0; i < COUNT(bad); i++) {
        i64 got = 7;
        if (date_parse_http(test_guarded(str_from(bad[i])), &got) || got != 7) {
            fprintf(stderr, "taken: %s\n", bad[i]);
            CHECK(false);
        }
    }
}

static void test_date_put_iso_forms(void)
{
    static const struct {
        i64 in;
        const char *us, *ms;
    } cases[] = {
        {0, "1970-01-01T00:00:00+00:00", "1970-01-01T00:00:00.000Z"},
        {1787220672345678, "2026-08-20T10:11:12.345678+00:00", "2026-08-20T10:11:12.345Z"},
        {1787220672000001, "2026-08-20T10:11:12.000001+00:00", "2026-08-20T10:11:12.000Z"},
        {-1, "1969-12-31T23:59:59.999999+00:00", "1969-12-31T23:59:59.999Z"},
        {-62135596800000000, "0001-01-01T00:00:00+00:00", "0001-01-01T00:00:00.000Z"},
        {INT64_MIN, "0001-01-01T00:00:00+00:00", "0001-01-01T00:00:00.000Z"},
        {INT64_MAX, "9999-12-31T23:59:59.999999+00:00", "9999-12-31T23:59:59.999Z"},
    };
    for (isize i = 0; i < COUNT(cases); i++) {
        u8 memory[64];
        struct buf b = buf_over(memory, sizeof memory);
        date_put_iso_us(&b, cases[i].in);
        CHECK_STR(buf_str(&b), str_from(cases[i].us));
        i64 back;
        CHECK(date_parse_iso(buf_str(&b), &back));
        CHECK(back == cases[i].in || cases[i].in == INT64_MIN || cases[i].in == INT64_MAX);
        buf_reset(&b);
        date_put_iso_ms(&b, cases[i].in);
        CHECK_STR(buf_str(&b), str_from(cases[i].ms));
    }
}

static const struct test_case cases[] = {
    CASE(test_date_to_unix_every_day),   CASE(test_date_is_valid_ranges),
    CASE(test_date_month_from_name_all), CASE(test_date_parse_iso_good),
    CASE(test_date_parse_iso_bad),       CASE(test_date_parse_http_forms),
    CASE(test_date_put_iso_forms),
};

TEST_MAIN(cases)
