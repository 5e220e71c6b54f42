// SPDX-License-Identifier: Apache-2.0
// The retry policy: what a status means, how long a pause is, and what Retry-After says.
#include "test.h"

#include "net/retry.h"

static void check_class(int status, enum err_class class)
{
    err e = retry_status_error(status);
    if (err_class(e) != class) {
        fprintf(stderr, "status %d: %s\n", status, err_name(e));
        test_failures++;
    }
}

static void test_status_error_classes(void)
{
    const int retry[] = {408, 425, 429, 500, 502, 503, 504, 507, 520, 529, 599};
    for (isize i = 0; i < COUNT(retry); i++) {
        check_class(retry[i], ERR_CLASS_RETRY);
    }
    for (int status = 200; status < 300; status++) {
        check_class(status, ERR_CLASS_NONE);
    }
    CHECK_ERR(retry_status_error(401), HTTP_UNAUTHORIZED);
    CHECK_ERR(retry_status_error(403), HTTP_FORBIDDEN);
    CHECK_ERR(retry_status_error(404), HTTP_NOT_FOUND);
    CHECK_ERR(retry_status_error(410), HTTP_NOT_FOUND);
    CHECK_ERR(retry_status_error(409), HTTP_CONFLICT);
    CHECK_ERR(retry_status_error(413), HTTP_TOO_LARGE);
    CHECK_ERR(retry_status_error(302), HTTP_REDIRECT);
    CHECK_ERR(retry_status_error(400), HTTP_REFUSED);
    CHECK_ERR(retry_status_error(418), HTTP_REFUSED);
    CHECK_ERR(retry_status_error(501), HTTP_STATUS);
    CHECK_ERR(retry_status_error(505), HTTP_STATUS);
    CHECK_ERR(retry_status_error(600), HTTP_STATUS);
    CHECK_ERR(retry_status_error(199), HTTP_STATUS);
}

static void check_pause(const struct retry_policy *policy, int attempt, i64 about_ms)
{
    i64 low = INT64_MAX, high = 0;
    for (u64 random = 0; random < 100000; random += 7) {
        i64 ms = retry_pause_ms(policy, attempt, random * 0x9e3779b97f4a7c15U);
        low = ms < low ? ms : low;
        high = ms > high ? ms : high;
    }
    // Within 75 % and 125 %, and really spread over them.
    CHECK(low >= about_ms - about_ms / 4 && low <= about_ms - about_ms / 5);
    CHECK(high <= about_ms + about_ms / 4 && high >= about_ms + about_ms / 5);
}

static void test_pause_grows_to_its_bound(void)
{
    check_pause(&retry_default, 1, 1000);
    check_pause(&retry_default, 2, 2000);
    check_pause(&retry_default, 5, 16000);
    check_pause(&retry_default, 7, 64000);
    check_pause(&retry_default, 8, 64000);
    check_pause(&retry_default, 1000000, 64000);
    const struct retry_policy odd = {.attempts = 9, .base_ms = 1000, .max_ms = 10000};
    check_pause(&odd, 5, 10000);
    const struct retry_policy linear = {
        .attempts = 9, .base_ms = 10000, .max_ms = 35000, .linear = true};
    check_pause(&linear, 1, 10000);
    check_pause(&linear, 3, 30000);
    check_pause(&linear, 4, 35000);
    check_pause(&linear, INT32_MAX, 35000);
    const struct retry_policy none = {.attempts = 2};
    CHECK(retry_pause_ms(&none, 1, UINT64_MAX) == 0);
}

static i64 after(const char *value)
{
    struct http_head head = {.status = 503, .header_count = 2};
    head.headers[0] = (struct http_header){S("Date"), S("Sun, 06 Nov 1994 08:49:00 GMT")};
    head.headers[1] = (struct http_header){S("Retry-After"), str_from(value)};
    return retry_after_ms(&head, 784111777); // Sun, 06 Nov 1994 08:49:37 GMT
}

static void test_after_reads_both_forms(void)
{
    CHECK(after("0") == 0);
    CHECK(after("120") == 120000);
    CHECK(after(" 7 ") == 7000);
    CHECK(after("3600") == RETRY_AFTER_MAX_MS);
    CHECK(after("99999999999") == RETRY_AFTER_MAX_MS);
    CHECK(after("Sun, 06 Nov 1994 08:49:37 GMT") == 0);
    CHECK(after("Sun, 06 Nov 1994 08:50:07 GMT") == 30000);
    CHECK(after("Sun, 06 Nov 1994 08:40:00 GMT") == 0);
    CHECK(after("Sun, 06 Nov 2094 08:49:37 GMT") == RETRY_AFTER_MAX_MS);
    CHECK(after("soon") == -1);
    CHECK(after("-5") == -1);
    CHECK(after("") == -1);
    struct http_head none = {.status = 503};
    CHECK(retry_after_ms(&none, 0) == -1);
}

static const struct test_case cases[] = {
    CASE(test_status_error_classes),
    CASE(test_pause_grows_to_its_bound),
    CASE(test_after_reads_both_forms),
};

TEST_MAIN(cases)
