// SPDX-License-Identifier: Apache-2.0
// codec/cron: the spec's worked examples, every form of every field, what is refused with which
// words, and random expressions against a slow reference (cron_oracle.h).
#include "test.h"

#include "cron_oracle.h"
#include "base/date.h"
#include "codec/cron.h"
#include "limits.h"

static i64 at(const char *iso)
{
    i64 us = 0;
    CHECK(date_parse_iso(str_from(iso), &us));
    return us / 1000000;
}

static void check_next(const char *text, const char *after, const char *want)
{
    u8 memory[256], shown[64];
    struct buf detail = buf_over(memory, sizeof memory), got = buf_over(shown, sizeof shown);
    struct cron c;
    CHECK_OK(cron_parse(test_guarded(str_from(text)), &c, &detail));
    i64 next = 0;
    if (cron_next(&c, at(after), &next)) {
        date_put_iso_us(&got, next * 1000000);
        got.n -= 6;
    } else {
        buf_put(&got, S("never"));
    }
    if (!str_eq(buf_str(&got), str_from(want))) {
        fprintf(stderr, "%s after %s: %.*s\n", text, after, (int)detail.n, (char *)detail.p);
    }
    CHECK_STR(buf_str(&got), str_from(want));
}

// The behaviours 55-59 and 61, and the worked examples of spec/elastic-protocol.md 8.4.
static const char thursday[] = "2026-08-20T17:18:56.000814Z";

static void test_a55_cron_next_day_of_week(void)
{
    check_next("0 0 0 ? * 1", thursday, "2026-08-23T00:00:00"); // Sunday
    check_next("0 0 0 ? * 2", thursday, "2026-08-24T00:00:00"); // Monday
    check_next("0 0 0 ? * 7", thursday, "2026-08-22T00:00:00"); // Saturday
}

static void test_a56_cron_next_monday_to_friday(void)
{
    static const char *const days[] = {"2026-08-21", "2026-08-24", "2026-08-25",
                                       "2026-08-26", "2026-08-27", "2026-08-28"};
    const char *after = thursday;
    static char want[COUNT(days)][32];
    for (isize i = 0; i < COUNT(days); i++) {
        sprintf(want[i], "%sT00:00:00", days[i]);
        check_next("0 0 0 ? * 2-6", after, want[i]);
        after = want[i];
    }
}

static void test_a57_cron_next_each_quarter(void)
{
    static const char *const times[] = {"17:30", "17:45", "18:00", "18:15", "18:30"};
    const char *after = thursday;
    static char want[COUNT(times)][32];
    for (isize i = 0; i < COUNT(times); i++) {
        sprintf(want[i], "2026-08-20T%s:00", times[i]);
        check_next("0 0/15 * * * ?", after, want[i]);
        after = want[i];
    }
}

static void test_a58_cron_next_last_nth_and_nearest(void)
{
    check_next("0 0 0 L * ?", thursday, "2026-08-31T00:00:00");
    check_next("0 0 0 L * ?", "2026-08-31T00:00:00", "2026-09-30T00:00:00");
    check_next("0 0 0 L 2 ?", thursday, "2027-02-28T00:00:00");
    check_next("0 0 0 L 2 ? 2028", thursday, "2028-02-29T00:00:00");
    check_next("0 0 0 ? * 6L", thursday, "2026-08-28T00:00:00");
    check_next("0 0 0 ? * 6#3", thursday, "2026-08-21T00:00:00");
    check_next("0 0 0 ? * 6#3", "2026-08-21T00:00:00", "2026-09-18T00:00:00");
    check_next("0 0 0 15W * ?", thursday, "2026-09-15T00:00:00");
    check_next("0 0 0 15W 11 ?", thursday, "2026-11-16T00:00:00"); // of a Sunday
    check_next("0 0 0 15W 8 ? 2026-2027", thursday, "2027-08-16T00:00:00");
    check_next("0 0 0 15W 8 ?", "2026-08-01T00:00:00", "2026-08-14T00:00:00"); // of a Saturday
}

static void test_a59_cron_next_leap_day_and_end_of_year(void)
{
    check_next("0 0 0 29 2 ?", thursday, "2028-02-29T00:00:00");
    check_next("0 59 23 31 12 ?", thursday, "2026-12-31T23:59:00");
    check_next("0 59 23 31 12 ?", "2026-12-31T23:59:00", "2027-12-31T23:59:00");
    check_next("0 0 0 1 1 ?", "2026-12-31T23:59:59", "2027-01-01T00:00:00");
}

static void test_a61_cron_next_year(void)
{
    check_next("0 0 0 * * ? 2027", thursday, "2027-01-01T00:00:00");
    check_next("0 30 7 ? * 2 2027", thursday, "2027-01-04T07:30:00");
    check_next("0 0 0 * * ? 2027", "2027-12-31T00:00:00", "never");
}

static void test_cron_next_spec(void)
{
    static const char *const cases[][2] = {
        {"0 0 0 * * ?", "2026-08-21T00:00:00"},
        {"0 0,30 * * * ?", "2026-08-20T17:30:00"},
        {"0 0 0 1 * ?", "2026-09-01T00:00:00"},
        {"0/5 * * * * ?", "2026-08-20T17:19:00"},
        {"0 0 0 31 2 ?", "never"},
        {"0 0 0 13 * FRI", "2026-11-13T00:00:00"},
    };
    for (isize i = 0; i < COUNT(cases); i++) {
        check_next(cases[i][0], thursday, cases[i][1]);
    }
}

static void test_cron_next_forms(void)
{
    static const char *const cases[][3] = {
        {"* * * * * *", "2026-08-20T23:59:59Z", "2026-08-21T00:00:00"},
        {"56 18 17 * * ?", "2026-08-20T17:18:55Z", "2026-08-20T17:18:56"},
        {"56 18 17 * * ?", "2026-08-20T17:18:56Z", "2026-08-21T17:18:56"},
        {"7/20 * * * * ?", "2026-08-20T17:18:28Z", "2026-08-20T17:18:47"},
        {"/20 * * * * ?", "2026-08-20T17:18:28Z", "2026-08-20T17:18:40"},
        {"0 50-10 * * * ?", "2026-08-20T17:10:00Z", "2026-08-20T17:50:00"},
        {"0 50-10/7 * * * ?", "2026-08-20T17:57:30Z", "2026-08-20T18:04:00"},
        {"0 0 22-2 * * ?", "2026-08-20T02:00:00Z", "2026-08-20T22:00:00"},
        {"0 0 0 ? * fri-Mon", "2026-08-24T00:00:00Z", "2026-08-28T00:00:00"},
        {"0 0 0 1 nov-FEB ?", "2026-02-01T00:00:00Z", "2026-11-01T00:00:00"},
        {"0 0 0 30-2 * ?", "2026-08-02T00:00:00Z", "2026-08-30T00:00:00"},
        {"0 0 0 L-3 2 ?", "2026-01-01T00:00:00Z", "2026-02-25T00:00:00"},
        {"0 0 0 L-30 * ?", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00"},
        {"0 0 0 LW * ?", "2026-05-01T00:00:00Z", "2026-05-29T00:00:00"},
        {"0 0 0 L-1W 5 ?", "2026-05-01T00:00:00Z", "2026-05-29T00:00:00"},
        {"0 0 0 1W 8 ?", "2026-07-01T00:00:00Z", "2026-08-03T00:00:00"},
        {"0 0 0 31W * ?", "2026-05-01T00:00:00Z", "2026-05-29T00:00:00"},
        {"0 0 0 31W * ?", "2026-06-01T00:00:00Z", "2026-07-31T00:00:00"},
        {"0 0 0 ? * FRI#2", "2026-08-20T00:00:00Z", "2026-09-11T00:00:00"},
        {"0 0 0 ? * 6#5", "2026-08-01T00:00:00Z", "2026-10-30T00:00:00"},
        {"0 0 0 ? * friL", "2026-08-28T00:00:00Z", "2026-09-25T00:00:00"},
        {"0 0 0 ? * L", "2026-08-20T00:00:00Z", "2026-08-22T00:00:00"},
        {"0 0 0 ? * 2#1,6L", "2026-08-04T00:00:00Z", "2026-08-28T00:00:00"},
        {"0 0 0 1,15W,L * ?", "2026-08-02T00:00:00Z", "2026-08-14T00:00:00"},
        {"0 0 0 ? * ?", "2026-08-20T00:00:00Z", "2026-08-21T00:00:00"},
        {"0 0 0 1 1 ? 2028-2030", "2026-08-20T00:00:00Z", "2028-01-01T00:00:00"},
        {"0 0 0 1 1 ? 2024/5", "2026-08-20T00:00:00Z", "2029-01-01T00:00:00"},
        {"0 0 0 1 1 ? 1970,2099", "2026-08-20T00:00:00Z", "2099-01-01T00:00:00"},
        {"59 59 23 31 12 ? 2099", "2099-12-31T23:59:58Z", "2099-12-31T23:59:59"},
        {"59 59 23 31 12 ? 2099", "2099-12-31T23:59:59Z", "never"},
        {"* * * * * ?", "2100-01-01T00:00:00Z", "never"},
        {"0 0 0 * * ? 2020", "2026-08-20T00:00:00Z", "never"},
        {"  0\t0  0 * * ? ", "2026-08-20T00:00:00Z", "2026-08-21T00:00:00"},
        {"0 0 0 29 2 ?", "2096-02-29T00:00:00Z", "never"},
        {"0 0 0 29 2 ?", "1999-02-28T00:00:00Z", "2000-02-29T00:00:00"},
        {"* * * * * ?", "1969-01-01T00:00:00Z", "1970-01-01T00:00:00"},
    };
    for (isize i = 0; i < COUNT(cases); i++) {
        check_next(cases[i][0], cases[i][1], cases[i][2]);
    }
}

static void test_cron_parse_bad(void)
{
    static const char *const cases[][2] = {
        {"", "there are 0 fields"},
        {"x", "field 1 (second): 'x' is not understood"},
        {"@daily", "field 1 (second): '@daily' is not understood"},
        {"0 0 0 * *", "there are 5 fields"},
        {"0 0 0 * * ? 2027 1", "there are more than 7 fields"},
        {"0 60 * * * ?", "field 2 (minute): '60' is out of range: 0 to 59"},
        {"0 0 24 * * ?", "field 3 (hour): '24' is out of range: 0 to 23"},
        {"0 0 0 0 * ?", "field 4 (day of month): '0' is out of range: 1 to 31"},
        {"0 0 0 32 * ?", "field 4 (day of month): '32' is out of range: 1 to 31"},
        {"0 0 0 1 13 ?", "field 5 (month): '13' is out of range: 1 to 12"},
        {"0 0 0 ? * 0", "field 6 (day of week): '0' is out of range: 1 to 7"},
        {"0 0 0 ? * 8", "field 6 (day of week): '8' is out of range: 1 to 7"},
        {"0 0 0 ? * ? 1969", "field 7 (year): '1969' is out of range: 1970 to 2099"},
        {"0 0 0 ? * ? 2030-2029", "field 7 (year): '2030-2029' ends before it begins"},
        {"0 ? 0 * * ?", "field 2 (minute): '?' may stand for"},
        {"0 0 0 ? ? ?", "field 5 (month): '?' may stand for"},
        {"0 1, 0 * * ?", "field 2 (minute): '' is empty"},
        {"0 1-, 0 * * ?", "field 2 (minute): '1-' is not understood"},
        {"0 -1 0 * * ?", "field 2 (minute): '-1' is not understood"},
        {"0 1/ 0 * * ?", "field 2 (minute): '1/' has no number"},
        {"0 / 0 * * ?", "field 2 (minute): '/' has no number"},
        {"0 1/0 0 * * ?", "field 2 (minute): '1/0' has a step that is out of range"},
        {"0 1/61 0 * * ?", "field 2 (minute): '1/61' has a step that is out of range"},
        {"0 **  0 * * ?", "field 2 (minute): '**' is not understood"},
        {"0 0 0 L-31 * ?", "field 4 (day of month): 'L-31' needs a number"},
        {"0 0 0 LX * ?", "field 4 (day of month): 'LX' is not understood"},
        {"0 0 0 LW-3 * ?", "field 4 (day of month): 'LW-3' is not understood"},
        {"0 0 0 15WW * ?", "field 4 (day of month): '15WW' is not understood"},
        {"0 0 0 ? * 6#6", "field 6 (day of week): '6#6' needs a number"},
        {"0 0 0 ? * 6#", "field 6 (day of week): '6#' needs a number"},
        {"0 0 0 ? * MO", "field 6 (day of week): 'MO' is not understood"},
        {"0 0 0 ? MON *", "field 5 (month): 'MON' is not understood"},
        {"0 0 0 1#2 * ?", "field 4 (day of month): '1#2' is not understood"},
        {"99999999999999999999 * * * * ?", "field 1 (second): '99999999999999999999' is out of"},
    };
    for (isize i = 0; i < COUNT(cases); i++) {
        u8 memory[256];
        struct buf detail = buf_over(memory, sizeof memory);
        struct cron c;
        CHECK_ERR(cron_parse(test_guarded(str_from(cases[i][0])), &c, &detail), CRON_SYNTAX);
        str want = str_from(cases[i][1]);
        CHECK_STR(str_slice(buf_str(&detail), 0, detail.n < want.n ? detail.n : want.n), want);
    }
    char text[CRON_TEXT_BYTES + 2];
    memset(text, ' ', sizeof text);
    struct buf detail = buf_over(NULL, 0);
    struct cron c;
    CHECK_ERR(cron_parse((str){(u8 *)text, sizeof text}, &c, &detail), CRON_SYNTAX);
}

// ---- random expressions

static u64 seed = 20260820;

static int random_below(int n)
{
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    return (int)((seed >> 33) % (u64)n);
}

static int put_value(char *to, int min, int max, int field)
{
    static const char days[] = "SUNMONTUEWEDTHUFRISAT",
                      months[] = "JANfebMARAPRMAYJUNJULAUGSEPOCTNOVDEC";
    int v = min + random_below(max - min + 1);
    if (field == 5 && random_below(3) == 0) {
        return sprintf(to, "%.3s", days + (v - 1) * 3);
    }
    if (field == 4 && random_below(3) == 0) {
        return sprintf(to, "%.3s", months + (v - 1) * 3);
    }
    return sprintf(to, "%d", v);
}

static int put_item(char *to, int field)
{
    static const int mins[] = {0, 0, 0, 1, 1, 1, 2020}, maxs[] = {59, 59, 23, 31, 12, 7, 2040};
    int min = mins[field], max = maxs[field], n = 0;
    int kind = random_below(field == 3 || field == 5 ? 9 : 6);
    if (kind == 0) {
        return sprintf(to, "*");
    }
    if (kind == 1) {
        return sprintf(to, "*/%d", 1 + random_below(max > 99 ? 5 : max));
    }
    if (kind == 6 && field == 3) {
        return sprintf(to, "L-%d%s", random_below(31), random_below(2) ? "W" : "");
    }
    if (kind == 7 && field == 3) {
        return sprintf(to, random_below(2) ? "LW" : "L");
    }
    n = put_value(to, min, max, field);
    if (kind == 8 && field == 3) {
        return n + sprintf(to + n, "W");
    }
    if (kind == 6 || kind == 7) {
        return n + sprintf(to + n, "L");
    }
    if (kind == 8) {
        return n + sprintf(to + n, "#%d", 1 + random_below(5));
    }
    if (kind >= 3 && field != 6) {
        n += sprintf(to + n, "-");
        n += put_value(to + n, min, max, field);
    }
    if (kind == 5) {
        n += sprintf(to + n, "/%d", 1 + random_below(6));
    }
    return n;
}

static void test_cron_next_random(void)
{
    for (int i = 0; i < 3000; i++) {
        char text[256];
        int n = 0;
        for (int field = 0; field < 6 + (random_below(4) == 0); field++) {
            n += sprintf(text + n, field ? " " : "");
            int items = 1 + random_below(3);
            for (int k = 0; k < items; k++) {
                n += sprintf(text + n, k ? "," : "");
                n += put_item(text + n, field);
            }
        }
        u8 memory[256];
        struct buf detail = buf_over(memory, sizeof memory);
        struct cron c;
        str s = {(u8 *)text, n};
        if (!err_ok(cron_parse(s, &c, &detail))) {
            fprintf(stderr, "%s: %.*s\n", text, (int)detail.n, (char *)detail.p);
            CHECK(!"parses");
            continue;
        }
        i64 after = 1577836800 + (i64)random_below(400000000), next = -1;
        int days = 12 * 366;
        i64 want = oracle_next(s, after, days);
        bool some = cron_next(&c, after, &next);
        bool same = want >= 0 ? some && next == want : !some || next > after + (i64)days * 86400;
        if (!same) {
            fprintf(stderr, "%s after %lld: %lld, want %lld\n", text, (long long)after,
                    (long long)next, (long long)want);
        }
        CHECK(same);
    }
}

static const struct test_case cases[] = {
    CASE(test_a55_cron_next_day_of_week),
    CASE(test_a56_cron_next_monday_to_friday),
    CASE(test_a57_cron_next_each_quarter),
    CASE(test_a58_cron_next_last_nth_and_nearest),
    CASE(test_a59_cron_next_leap_day_and_end_of_year),
    CASE(test_a61_cron_next_year),
    CASE(test_cron_next_spec),
    CASE(test_cron_next_forms),
    CASE(test_cron_parse_bad),
    CASE(test_cron_next_random),
};

TEST_MAIN(cases)
