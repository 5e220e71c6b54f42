// SPDX-License-Identifier: Apache-2.0
// source/gmail/gmail_error and gmail_mailbox: every row of spec/wire-gmail.md 2, 3 and 8, what
// people are told, how long is waited, and what becomes of the mailbox.
#include "gmail_lane.h"

// The two shapes of Google's errors, and pages of others.
#define OAUTH(error, text) "{\"error\":\"" error "\",\"error_description\":\"" text "\"}"
#define API(code, reason, text, status)                                                        \
    "{\"error\":{\"code\":" #code ",\"message\":\"" text "\",\"errors\":[{\"message\":\"" text \
    "\",\"domain\":\"global\",\"reason\":\"" reason "\"}],\"status\":\"" status "\"}}"
#define INFO(code, text, status, reason)                                              \
    "{\"error\":{\"code\":" #code ",\"message\":\"" text "\",\"status\":\"" status    \
    "\",\"details\":[{\"@type\":\"type.googleapis.com/google.rpc.Help\"},{\"@type\":" \
    "\"type.googleapis.com/google.rpc.ErrorInfo\",\"reason\":\"" reason "\"}]}}"

#define ADMIN GMAIL_CALL_TOKEN_DIRECTORY
#define USER GMAIL_CALL_TOKEN_MAILBOX
#define USERS GMAIL_CALL_USERS
#define LIST GMAIL_CALL_LIST
#define GET GMAIL_CALL_GET
#define API_ALL 90 // USERS, LIST, GET
#define MAIL_ALL 91
#define TOKEN_ALL 92

struct row {
    int call;
    int status;
    const char *body;
    enum err_code code;
    enum gmail_reach reach;
};

#define TENANT GMAIL_REACH_TENANT
#define MAILBOX GMAIL_REACH_MAILBOX
#define SOME GMAIL_REACH_SOME
#define PASSING GMAIL_REACH_PASSING
#define UNIT GMAIL_REACH_UNIT

static const struct row rows[] = {
    // ---- 2
    {TOKEN_ALL, 401,
     OAUTH("unauthorized_client",
           "Client is unauthorized to retrieve access tokens using this method, or client not "
           "authorized for any of the scopes requested."),
     ERR_TOKEN_UNAUTHORIZED, SOME},
    {TOKEN_ALL, 400,
     OAUTH("invalid_grant",
           "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable "
           "timeframe. Check your iat and exp values in the JWT claim."),
     ERR_TOKEN_CLOCK, TENANT},
    {TOKEN_ALL, 400, OAUTH("invalid_grant", "iat is not within a reasonable timeframe"),
     ERR_TOKEN_CLOCK, TENANT},
    {TOKEN_ALL, 400, OAUTH("invalid_grant", "Invalid JWT Signature."), ERR_TOKEN_SIGNATURE, TENANT},
    {ADMIN, 400, OAUTH("invalid_grant", "Invalid email or User ID"), ERR_TOKEN_SUBJECT, TENANT},
    {USER, 400, OAUTH("invalid_grant", "Invalid email or User ID"), ERR_TOKEN_USER, MAILBOX},
    {TOKEN_ALL, 400, OAUTH("invalid_grant", "Invalid grant: account not found"), ERR_TOKEN_ACCOUNT,
     TENANT},
    {TOKEN_ALL, 400, OAUTH("invalid_grant", "Bad Request"), ERR_TOKEN_REFUSED, SOME},
    {TOKEN_ALL, 401, OAUTH("invalid_client", "The OAuth client was not found."), ERR_TOKEN_ACCOUNT,
     TENANT},
    {TOKEN_ALL, 401, OAUTH("deleted_client", "The OAuth client was deleted."), ERR_TOKEN_ACCOUNT,
     TENANT},
    {TOKEN_ALL, 401, OAUTH("disabled_client", "The OAuth client was disabled."), ERR_TOKEN_ACCOUNT,
     TENANT},
    {TOKEN_ALL, 400, OAUTH("invalid_scope", "Invalid OAuth scope or ID token audience provided."),
     ERR_TOKEN_SCOPE, TENANT},
    {TOKEN_ALL, 403, OAUTH("access_denied", "Account restricted"), ERR_TOKEN_POLICY, SOME},
    {TOKEN_ALL, 400, OAUTH("admin_policy_enforced", ""), ERR_TOKEN_POLICY, SOME},
    {TOKEN_ALL, 400, OAUTH("internal_failure", ""), ERR_TOKEN_BUSY, PASSING},
    {TOKEN_ALL, 400, OAUTH("server_error", ""), ERR_TOKEN_BUSY, PASSING},
    {TOKEN_ALL, 400, OAUTH("temporarily_unavailable", ""), ERR_TOKEN_BUSY, PASSING},
    {TOKEN_ALL, 408, "", ERR_HTTP_BUSY, PASSING},
    {TOKEN_ALL, 429, "slow down", ERR_HTTP_BUSY, PASSING},
    {TOKEN_ALL, 500, "<html>", ERR_HTTP_BUSY, PASSING},
    {TOKEN_ALL, 503, "", ERR_HTTP_BUSY, PASSING},
    {TOKEN_ALL, 504, "", ERR_HTTP_BUSY, PASSING},
    {TOKEN_ALL, 400, "<html>", ERR_TOKEN_REFUSED, SOME},
    {TOKEN_ALL, 401, OAUTH("never_heard_of", "x"), ERR_TOKEN_REFUSED, SOME},
    {TOKEN_ALL, 404, "<html>", ERR_TOKEN_REFUSED, SOME},
    {TOKEN_ALL, 302, "", ERR_HTTP_REDIRECT, TENANT},

    // ---- 3
    {USERS, 400, API(400, "badRequest", "Bad Request", "INVALID_ARGUMENT"),
     ERR_GMAIL_DIRECTORY_REQUEST, TENANT},
    {USERS, 400, API(400, "invalid", "Invalid Input: CUSTOMER_ID", "INVALID_ARGUMENT"),
     ERR_GMAIL_DIRECTORY_REQUEST, TENANT},
    {USERS, 400, API(400, "invalid", "Invalid Input: pageToken", "INVALID_ARGUMENT"),
     ERR_GMAIL_PAGE_TOKEN, UNIT},
    {API_ALL, 401, API(401, "authError", "Invalid Credentials", "UNAUTHENTICATED"),
     ERR_HTTP_UNAUTHORIZED, SOME},
    {USERS, 403,
     API(403, "forbidden", "Not Authorized to access this resource/api", "PERMISSION_DENIED"),
     ERR_GMAIL_DIRECTORY_FORBIDDEN, TENANT},
    {USERS, 403, "<html>", ERR_GMAIL_DIRECTORY_FORBIDDEN, TENANT},
    {API_ALL, 403,
     API(403, "accessNotConfigured",
         "Admin SDK API has not been used in project 1 before or it is disabled.",
         "PERMISSION_DENIED"),
     ERR_GMAIL_API_OFF, TENANT},
    {API_ALL, 403,
     INFO(403, "Gmail API has not been used in project 1", "PERMISSION_DENIED", "SERVICE_DISABLED"),
     ERR_GMAIL_API_OFF, TENANT},
    {USERS, 403, API(403, "userRateLimitExceeded", "User Rate Limit Exceeded", ""), ERR_GMAIL_RATE,
     PASSING},
    {USERS, 403, API(403, "quotaExceeded", "Quota exceeded", ""), ERR_GMAIL_RATE, PASSING},
    {USERS, 404, API(404, "notFound", "Domain not found.", "NOT_FOUND"),
     ERR_GMAIL_DIRECTORY_CUSTOMER, TENANT},
    {USERS, 404, API(404, "notFound", "Resource Not Found: customer", "NOT_FOUND"),
     ERR_GMAIL_DIRECTORY_CUSTOMER, TENANT},
    {USERS, 412, API(412, "conditionNotMet", "Precondition Failed", ""),
     ERR_GMAIL_DIRECTORY_REQUEST, TENANT},
    {USERS, 503, API(503, "backendError", "Service unavailable", "UNAVAILABLE"), ERR_HTTP_BUSY,
     PASSING},

    // ---- 8
    {MAIL_ALL, 400, API(400, "invalidArgument", "Invalid id value", "INVALID_ARGUMENT"),
     ERR_GMAIL_BAD_REQUEST, UNIT},
    {LIST, 400, API(400, "invalidArgument", "Invalid pageToken", "INVALID_ARGUMENT"),
     ERR_GMAIL_PAGE_TOKEN, UNIT},
    {MAIL_ALL, 400,
     API(400, "failedPrecondition", "Mail service not enabled", "FAILED_PRECONDITION"),
     ERR_GMAIL_NO_MAILBOX, MAILBOX},
    {MAIL_ALL, 400, INFO(400, "Mail service not enabled", "FAILED_PRECONDITION", "X"),
     ERR_GMAIL_NO_MAILBOX, MAILBOX},
    {MAIL_ALL, 400,
     API(400, "failedPrecondition", "Precondition check failed.", "FAILED_PRECONDITION"),
     ERR_GMAIL_PRECONDITION, SOME},
    {MAIL_ALL, 400, INFO(400, "Precondition check failed.", "FAILED_PRECONDITION", "X"),
     ERR_GMAIL_PRECONDITION, SOME},
    {API_ALL, 401,
     INFO(401, "Request had invalid authentication credentials. Expected OAuth 2 access token",
          "UNAUTHENTICATED", "X"),
     ERR_HTTP_UNAUTHORIZED, SOME},
    {API_ALL, 403, API(403, "rateLimitExceeded", "Rate Limit Exceeded", ""), ERR_GMAIL_RATE,
     PASSING},
    {MAIL_ALL, 403, API(403, "userRateLimitExceeded", "User Rate Limit Exceeded", ""),
     ERR_GMAIL_RATE, PASSING},
    {API_ALL, 403,
     INFO(403, "Quota exceeded for quota metric", "RESOURCE_EXHAUSTED", "RATE_LIMIT_EXCEEDED"),
     ERR_GMAIL_RATE, PASSING},
    {API_ALL, 403, API(403, "dailyLimitExceeded", "Daily Limit Exceeded", ""), ERR_GMAIL_QUOTA_DAY,
     PASSING},
    {API_ALL, 429, API(429, "dailyLimitExceeded", "Daily Limit Exceeded", ""), ERR_GMAIL_QUOTA_DAY,
     PASSING},
    {MAIL_ALL, 403, API(403, "quotaExceeded", "Quota exceeded", ""), ERR_GMAIL_QUOTA_DAY, PASSING},
    {MAIL_ALL, 403,
     API(403, "forbidden", "Delegation denied for admin@example.test", "PERMISSION_DENIED"),
     ERR_GMAIL_DELEGATION, MAILBOX},
    {API_ALL, 403,
     API(403, "insufficientPermissions", "Request had insufficient authentication scopes.",
         "PERMISSION_DENIED"),
     ERR_GMAIL_SCOPE, TENANT},
    {API_ALL, 403,
     INFO(403, "Request had insufficient authentication scopes.", "PERMISSION_DENIED",
          "ACCESS_TOKEN_SCOPE_INSUFFICIENT"),
     ERR_GMAIL_SCOPE, TENANT},
    {MAIL_ALL, 403,
     API(403, "domainPolicy", "The domain administrators have disabled Gmail apps.", ""),
     ERR_GMAIL_DOMAIN_POLICY, SOME},
    {MAIL_ALL, 403, API(403, "forbidden", "Forbidden", "PERMISSION_DENIED"), ERR_GMAIL_FORBIDDEN,
     MAILBOX},
    {MAIL_ALL, 403, "<html>", ERR_GMAIL_FORBIDDEN, MAILBOX},
    {LIST, 404, API(404, "notFound", "Requested entity was not found.", "NOT_FOUND"),
     ERR_GMAIL_NO_MAILBOX, MAILBOX},
    {LIST, 404, "<html>", ERR_HTTP_NOT_FOUND, UNIT},
    {GET, 404, API(404, "notFound", "Requested entity was not found.", "NOT_FOUND"),
     ERR_HTTP_NOT_FOUND, UNIT},
    {API_ALL, 429,
     API(429, "rateLimitExceeded", "Too many concurrent requests for user.", "RESOURCE_EXHAUSTED"),
     ERR_GMAIL_RATE, PASSING},
    {API_ALL, 429, "", ERR_GMAIL_RATE, PASSING},
    {API_ALL, 500, API(500, "backendError", "Backend Error", "INTERNAL"), ERR_HTTP_BUSY, PASSING},
    {API_ALL, 502, "<html>", ERR_HTTP_BUSY, PASSING},
    {API_ALL, 503, API(503, "backendError", "", "UNAVAILABLE"), ERR_HTTP_BUSY, PASSING},
    {API_ALL, 504, "", ERR_HTTP_BUSY, PASSING},
    {API_ALL, 200, "{}", ERR_GMAIL_ANSWER, PASSING},
    {API_ALL, 204, "", ERR_GMAIL_ANSWER, PASSING},
    {API_ALL, 302, "", ERR_HTTP_REDIRECT, TENANT},
};

static bool row_is_for(const struct row *row, int call)
{
    switch (row->call) {
    case API_ALL:
        return call >= USERS;
    case MAIL_ALL:
        return call >= LIST;
    case TOKEN_ALL:
        return call <= USER;
    default:
        return row->call == call;
    }
}

static u8 answer_bytes[GMAIL_ANSWER_BYTES], detail_bytes[EXCHANGE_DETAIL_BYTES];
static struct exchange x;

static err judge_at(struct rig *r, enum gmail_call call, int status, str body, str headers)
{
    struct gmail_answer a;
    gmail_answer_start(&a, answer_bytes, COUNT(answer_bytes));
    struct http_head head = machine_head(status, headers);
    gmail_answer_head(&a, &head);
    gmail_answer_take(&a, &body);
    x = (struct exchange){.detail = buf_over(detail_bytes, COUNT(detail_bytes))};
    return gmail_error_judge(r->source.state, call, &a, &x);
}

static err judge(struct rig *r, enum gmail_call call, int status, str body)
{
    return judge_at(r, call, status, body, S(""));
}

static void test_error_judge_rows(void)
{
    struct rig *r = rig_make(NULL);
    for (isize i = 0; i < COUNT(rows); i++) {
        for (int call = 0; call <= GET; call++) {
            if (!row_is_for(&rows[i], call)) {
                continue;
            }
            err e = judge(r, (enum gmail_call)call, rows[i].status,
                          test_guarded(str_from(rows[i].body)));
            if (e.code != rows[i].code || gmail_error_reach(e) != rows[i].reach) {
                fprintf(stderr, "call %d: %s\n  got %s\n", call, rows[i].body, err_name(e));
                CHECK(false);
            }
            bool retry = rows[i].reach == PASSING;
            CHECK((err_class(e) == ERR_CLASS_RETRY) == retry);
            CHECK(x.detail.n > 0 && !x.detail.full && (retry || x.retry_at_ms == 0));
        }
    }
}

// An answer that was cut anywhere still gives an error of its status, never a success.
static void test_error_judge_cut(void)
{
    struct rig *r = rig_make(NULL);
    for (isize i = 0; i < COUNT(rows); i += 7) {
        str body = str_from(rows[i].body);
        for (isize n = 0; n < body.n; n++) {
            CHECK(!err_ok(judge(r, GET, rows[i].status, test_guarded(str_slice(body, 0, n)))));
        }
    }
}

static void test_error_detail_facts(void)
{
    struct rig *r = rig_make(NULL);
    (void)err_ok(judge(r, USER, 401, S(OAUTH("unauthorized_client", "Client is unauthorized."))));
    CHECK_STR(buf_str(&x.detail),
              S("client id 1045; service account sync@demo.iam.gserviceaccount.com; "
                "scope https://www.googleapis.com/auth/gmail.readonly; "
                "HTTP 401 unauthorized_client: Client is unauthorized."));
    (void)err_ok(
        judge(r, USERS, 403, S(API(403, "forbidden", "Not Authorized", "PERMISSION_DENIED"))));
    CHECK_STR(buf_str(&x.detail),
              S("scope https://www.googleapis.com/auth/admin.directory.user.readonly; subject "
                "admin@example.test; customer_id C01; HTTP 403 forbidden: Not Authorized"));
    (void)err_ok(judge(r, GET, 503, S("<html>")));
    CHECK_STR(buf_str(&x.detail), S("HTTP 503"));
}

// Google's words: no control bytes, no long runs, no queries, no more than a bound.
static void test_error_detail_redacted(void)
{
    struct rig *r = rig_make(NULL);
    (void)err_ok(judge(r, GET, 403,
                       S("{\"error\":{\"message\":\"token "
                         "ya29.c.c0AYnqXlgJ0123456789012345678901234567890123456789 "
                         "at https://evil.test/a?access_token=ya29 and "
                         "https://console.developers.google.com/apis/api/gmail.googleapis.com/"
                         "overview?project=1234 "
                         "\\u001b[31m\\n\\tred\\u007f\"}}")));
    CHECK_STR(buf_str(&x.detail), S("HTTP 403: token [...] at https://evil.test/a and "
                                    "https://console.developers.google.com/apis/api/"
                                    "gmail.googleapis.com/overview?project=1234 "
                                    "?[31m red?"));
    u8 bytes[4000];
    struct buf body = buf_over(bytes, COUNT(bytes));
    buf_put(&body, S("{\"error\":{\"message\":\""));
    for (int i = 0; i < 100; i++) {
        buf_put(&body, S("word "));
    }
    buf_put(&body, S("\"}}"));
    (void)err_ok(judge(r, GET, 403, buf_str(&body)));
    CHECK(x.detail.n < 240 && str_ends(buf_str(&x.detail), S("...")));
}

// ---- how long

#define LATER(text) \
    S("{\"error\":{\"code\":429,\"message\":\"User-rate limit exceeded.  " text "\"}}")

static void test_error_retry_at(void)
{
    static const struct {
        str body;
        i64 wait_ms; // 0: by policy
    } cases[] = {
        {LATER("Retry after 2024-07-05T10:20:31.500Z"), 1500},
        {LATER("Retry after 2024-07-05T10:21:30Z."), 60000},
        {LATER("Retry after 2024-07-05T10:21:30.000Z (Mail sending)"), 60000},
        {LATER("Retry after 2034-07-05T10:35:00.000Z"), RETRY_AFTER_MAX_MS},
        {LATER("Retry after tomorrow"), 0},
        {LATER("Retry after "), 0},
        {LATER(""), 0},
    };
    struct rig *r = rig_make(NULL);
    for (isize i = 0; i < COUNT(cases); i++) {
        CHECK_ERR(judge(r, GET, 429, cases[i].body), GMAIL_RATE);
        CHECK(x.retry_at_ms == (cases[i].wait_ms ? rig_mono_ms + cases[i].wait_ms : 0));
    }
    CHECK_ERR(judge(r, GET, 429, LATER("Retry after 2024-07-05T10:20:00Z")), GMAIL_RATE); // past
    CHECK(x.retry_at_ms == rig_mono_ms);
    CHECK_ERR(judge_at(r, GET, 429, S(""), S("Retry-After: 7\n")), GMAIL_RATE);
    CHECK(x.retry_at_ms == rig_mono_ms + 7000);
    CHECK_ERR(judge(r, GET, 403, S(API(403, "dailyLimitExceeded", "Daily", ""))), GMAIL_QUOTA_DAY);
    CHECK(x.retry_at_ms == rig_mono_ms + 3600000);
}

static enum step lane_asks(struct rig *r)
{
    memset(r->fetch_state, 0, sizeof r->fetch_state);
    r->lane.now_ms = rig_mono_ms;
    return machine_next(&r->lane);
}

// One lane is told to wait: the others of the mailbox, and its listing, wait as well.
static void test_error_rate_pauses_mailbox(void)
{
    struct rig *r = rig_make(NULL);
    rig_grant(r);
    rig_unit(r, S("18c1"), LANE_BYTES);
    CHECK(lane_asks(r) == STEP_REQUEST);
    struct machine_answer rate = ANSWER_STR(429, LATER("Retry after 2024-07-05T10:20:50Z"));
    machine_finish(&r->lane, &rate);
    CHECK_ERR(r->lane.last, GMAIL_RATE);
    CHECK(lane_asks(r) == STEP_WAIT && r->lane.x.wait_until_ms == 21000);
    CHECK(machine_next(&r->list) == STEP_WAIT && r->list.x.wait_until_ms == 21000);
    rig_mono_ms = r->list.now_ms = 21000;
    CHECK(lane_asks(r) == STEP_REQUEST);
    CHECK(r->source.quota_wait_ms == 20000);
    CHECK(r->mailbox.phase == MAILBOX_LISTING);
}

// The day's quota is gone: nobody asks for an hour.
static void test_error_day_pauses_all(void)
{
    struct rig *r = rig_make(NULL);
    rig_grant(r);
    CHECK(machine_next(&r->list) == STEP_REQUEST);
    struct machine_answer day = ANSWER(403, API(403, "dailyLimitExceeded", "Daily", ""));
    machine_finish(&r->list, &day);
    CHECK_ERR(r->list.last, GMAIL_QUOTA_DAY);
    rig_mailbox(r, S("bob@example.test"), S(""));
    rig_grant(r);
    CHECK(machine_next(&r->list) == STEP_WAIT && r->list.x.wait_until_ms == 1000 + 3600000);
    r->list.now_ms = 1000 + 3600000;
    CHECK(machine_next(&r->list) == STEP_REQUEST); // of a new token: an hour has passed
}

// ---- what becomes of the mailbox

static enum mailbox_phase phase_after(struct rig *r, err e)
{
    rig_mailbox(r, S("ann@example.test"), S(""));
    struct buf detail = buf_over(detail_bytes, COUNT(detail_bytes));
    buf_put(&detail, S("facts"));
    gmail_mailbox_refuse(r->source.state, &r->mailbox, e, &detail);
    CHECK(r->mailbox.error.code == e.code);
    CHECK_STR(buf_str(&r->mailbox.detail), S("facts"));
    return r->mailbox.phase;
}

static void test_error_phases(void)
{
    struct rig *r = rig_make(NULL);
    CHECK(phase_after(r, FAIL(TOKEN_USER)) == MAILBOX_REFUSED);
    CHECK(phase_after(r, FAIL(GMAIL_FORBIDDEN)) == MAILBOX_REFUSED);
    CHECK(phase_after(r, FAIL(HTTP_BUSY)) == MAILBOX_FAILED);
    CHECK(phase_after(r, FAIL(NET_RESET)) == MAILBOX_FAILED);
    CHECK(phase_after(r, FAIL(GMAIL_BAD_REQUEST)) == MAILBOX_FAILED);
    CHECK(phase_after(r, FAIL(TOKEN_CLOCK)) == MAILBOX_SYSTEMIC);
    CHECK(phase_after(r, FAIL(GMAIL_SCOPE)) == MAILBOX_SYSTEMIC);
    CHECK(phase_after(r, FAIL(TLS_UNKNOWN_ROOT)) == MAILBOX_SYSTEMIC);
    gmail_mailbox_refuse(r->source.state, &r->mailbox, FAIL(TOKEN_USER), &r->mailbox.detail);
    CHECK_ERR(r->mailbox.error, TLS_UNKNOWN_ROOT); // the first error stands
}

// Refused alike, and none has worked: after a few it is everybody's. Not when the directory
// explains it.
static void test_error_some_or_all(void)
{
    static const enum err_code codes[] = {ERR_TOKEN_UNAUTHORIZED, ERR_GMAIL_PRECONDITION};
    for (isize i = 0; i < COUNT(codes); i++) {
        err e = {(u16)codes[i]};
        struct rig *r = rig_make(NULL);
        CHECK(phase_after(r, e) == MAILBOX_REFUSED);
        CHECK(phase_after(r, e) == MAILBOX_REFUSED);
        for (int k = 0; k < 5; k++) {
            rig_mailbox(r, S("old@example.test"), S("suspended"));
            gmail_mailbox_refuse(r->source.state, &r->mailbox, e, &r->mailbox.detail);
            CHECK(r->mailbox.phase == MAILBOX_REFUSED);
        }
        CHECK(phase_after(r, e) == MAILBOX_SYSTEMIC);

        r = rig_make(NULL);
        rig_grant(r);
        CHECK(machine_next(&r->list) == STEP_REQUEST);
        struct machine_answer page = ANSWER(200, "{}");
        machine_finish(&r->list, &page); // one has worked
        for (int k = 0; k < 5; k++) {
            CHECK(phase_after(r, e) == MAILBOX_REFUSED);
        }
    }
}

// A user's refusal seen by a lane ends the mailbox; the unit is undecided; the listing stops.
static void test_error_lane_refuses_mailbox(void)
{
    struct rig *r = rig_make(NULL);
    rig_mailbox(r, S("old@example.test"), S("suspended"));
    rig_grant(r);
    rig_unit(r, S("18c1"), LANE_BYTES);
    struct machine_answer answers[] = {ANSWER(403, API(403, "forbidden", "Forbidden", ""))};
    CHECK(machine_run(&r->lane, answers, 1) == STEP_DONE);
    CHECK(r->fetch.verdict == FETCH_UNDECIDED && r->mailbox.phase == MAILBOX_REFUSED);
    CHECK_ERR(r->fetch.error, GMAIL_FORBIDDEN);
    CHECK_STR(buf_str(&r->mailbox.detail), S("HTTP 403 forbidden: Forbidden"));
    CHECK(machine_next(&r->list) == STEP_FAILED);
}

// Weather in one unit, after all attempts, is that unit's; the mailbox goes on.
static void test_error_lane_weather(void)
{
    struct rig *r = rig_make(NULL);
    rig_grant(r);
    rig_unit(r, S("18c1"), LANE_BYTES);
    struct machine_answer bad = ANSWER(503, "");
    struct machine_answer answers[] = {bad, LOST(NET_RESET), bad, bad, bad, bad};
    CHECK(machine_run(&r->lane, answers, 6) == STEP_DONE);
    CHECK(r->fetch.verdict == FETCH_UNDECIDED && r->mailbox.phase == MAILBOX_LISTING);
    CHECK(r->source.quota_units_used == 120);
}

// The listing failed by weather, and so did the token: a lane that waits does not wait for ever.
// With a token that still serves it goes on.
static void test_error_listing_weather(void)
{
    for (int granted = 0; granted < 2; granted++) {
        struct rig *r = rig_make(NULL);
        if (granted) {
            rig_grant(r);
        }
        struct machine_answer bad = ANSWER(503, "");
        struct machine_answer answers[] = {bad, bad, bad, bad, bad, bad};
        CHECK(machine_run(&r->list, answers, 6) == STEP_FAILED);
        CHECK(r->mailbox.phase == MAILBOX_FAILED);
        rig_unit(r, S("18c1"), LANE_BYTES);
        CHECK(machine_next(&r->lane) == (granted ? STEP_REQUEST : STEP_DONE));
        CHECK(granted || r->fetch.verdict == FETCH_UNDECIDED);
    }
}

// No token to be had: whoever waits for it learns it.
static void test_error_token_refused(void)
{
    struct rig *r = rig_make(NULL);
    rig_unit(r, S("18c1"), LANE_BYTES);
    CHECK(machine_next(&r->lane) == STEP_WAIT);
    struct machine_answer answers[] = {
        ANSWER(400, OAUTH("invalid_grant", "Invalid email or User ID"))};
    CHECK(machine_run(&r->list, answers, 1) == STEP_FAILED);
    CHECK(r->mailbox.phase == MAILBOX_REFUSED);
    CHECK(machine_next(&r->lane) == STEP_DONE && r->fetch.verdict == FETCH_UNDECIDED);
    CHECK_ERR(r->fetch.error, TOKEN_USER);
}

static const struct test_case cases[] = {
    CASE(test_error_judge_rows),     CASE(test_error_judge_cut),
    CASE(test_error_detail_facts),   CASE(test_error_detail_redacted),
    CASE(test_error_retry_at),       CASE(test_error_rate_pauses_mailbox),
    CASE(test_error_day_pauses_all), CASE(test_error_phases),
    CASE(test_error_some_or_all),    CASE(test_error_lane_refuses_mailbox),
    CASE(test_error_lane_weather),   CASE(test_error_listing_weather),
    CASE(test_error_token_refused),
};

TEST_MAIN(cases)
