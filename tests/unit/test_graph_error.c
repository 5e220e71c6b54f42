// SPDX-License-Identifier: Apache-2.0
// source/outlook/graph_error: every code of wire-graph.md 11, and what is known from practice, has
// the class and the reach that its row asks for, whatever its status.
#include "test.h"

#include "source/outlook/graph_error.h"

static const struct {
    const char *code;
    u16 error;
    enum err_class class;
    enum graph_reach reach;
} rows[] = {
    // wait and ask again
    {"TooManyRequests", ERR_GRAPH_THROTTLED, ERR_CLASS_RETRY, GRAPH_REACH_PASSING},
    {"ApplicationThrottled", ERR_GRAPH_THROTTLED, ERR_CLASS_RETRY, GRAPH_REACH_PASSING},
    {"activityLimitReached", ERR_GRAPH_THROTTLED, ERR_CLASS_RETRY, GRAPH_REACH_PASSING},
    {"ErrorServerBusy", ERR_GRAPH_THROTTLED, ERR_CLASS_RETRY, GRAPH_REACH_PASSING},
    {"ErrorThrottleLimitExceeded", ERR_GRAPH_THROTTLED, ERR_CLASS_RETRY, GRAPH_REACH_PASSING},
    {"ErrorTimeoutExpired", ERR_GRAPH_TIMEOUT, ERR_CLASS_RETRY, GRAPH_REACH_PASSING},
    {"GatewayTimeout", ERR_GRAPH_TIMEOUT, ERR_CLASS_RETRY, GRAPH_REACH_PASSING},
    {"generalException", ERR_GRAPH_TRANSIENT, ERR_CLASS_RETRY, GRAPH_REACH_PASSING},
    {"serviceNotAvailable", ERR_GRAPH_TRANSIENT, ERR_CLASS_RETRY, GRAPH_REACH_PASSING},
    {"ErrorInternalServerTransientError", ERR_GRAPH_TRANSIENT, ERR_CLASS_RETRY,
     GRAPH_REACH_PASSING},
    {"ErrorMailboxStoreUnavailable", ERR_GRAPH_TRANSIENT, ERR_CLASS_RETRY, GRAPH_REACH_PASSING},
    {"ErrorMailboxMoveInProgress", ERR_GRAPH_TRANSIENT, ERR_CLASS_RETRY, GRAPH_REACH_PASSING},
    {"ErrorIrresolvableConflict", ERR_GRAPH_TRANSIENT, ERR_CLASS_RETRY, GRAPH_REACH_PASSING},
    {"locked", ERR_GRAPH_TRANSIENT, ERR_CLASS_RETRY, GRAPH_REACH_PASSING},
    // the token
    {"InvalidAuthenticationToken", ERR_GRAPH_TOKEN, ERR_CLASS_AUTH, GRAPH_REACH_TENANT},
    {"unauthenticated", ERR_GRAPH_TOKEN, ERR_CLASS_AUTH, GRAPH_REACH_TENANT},
    // the set-up
    {"Authorization_RequestDenied", ERR_GRAPH_PERMISSION, ERR_CLASS_CONFIG, GRAPH_REACH_TENANT},
    {"NoPermissionsInAccessToken", ERR_GRAPH_PERMISSION, ERR_CLASS_CONFIG, GRAPH_REACH_TENANT},
    {"OrganizationFromTenantGuidNotFound", ERR_GRAPH_NO_EXCHANGE, ERR_CLASS_CONFIG,
     GRAPH_REACH_TENANT},
    // this mailbox, unless it is all of them
    {"ErrorAccessDenied", ERR_GRAPH_DENIED, ERR_CLASS_SCOPE, GRAPH_REACH_SOME},
    {"accessDenied", ERR_GRAPH_DENIED, ERR_CLASS_SCOPE, GRAPH_REACH_SOME},
    {"accessRestricted", ERR_GRAPH_DENIED, ERR_CLASS_SCOPE, GRAPH_REACH_SOME},
    {"extensionError", ERR_GRAPH_DENIED, ERR_CLASS_SCOPE, GRAPH_REACH_SOME},
    // this mailbox
    {"MailboxNotEnabledForRESTAPI", ERR_GRAPH_NO_MAILBOX, ERR_CLASS_SCOPE, GRAPH_REACH_MAILBOX},
    {"MailboxNotSupportedForRESTAPI", ERR_GRAPH_NO_MAILBOX, ERR_CLASS_SCOPE, GRAPH_REACH_MAILBOX},
    {"ErrorMailboxNotEnabledForRESTAPI", ERR_GRAPH_NO_MAILBOX, ERR_CLASS_SCOPE,
     GRAPH_REACH_MAILBOX},
    {"ErrorNonExistentMailbox", ERR_GRAPH_NO_MAILBOX, ERR_CLASS_SCOPE, GRAPH_REACH_MAILBOX},
    {"ErrorInvalidUser", ERR_GRAPH_NO_MAILBOX, ERR_CLASS_SCOPE, GRAPH_REACH_MAILBOX},
    {"Request_ResourceNotFound", ERR_GRAPH_NO_MAILBOX, ERR_CLASS_SCOPE, GRAPH_REACH_MAILBOX},
    {"ResourceNotFound", ERR_GRAPH_NO_MAILBOX, ERR_CLASS_SCOPE, GRAPH_REACH_MAILBOX},
    {"ErrorAccountSuspend", ERR_GRAPH_MAILBOX_CLOSED, ERR_CLASS_SCOPE, GRAPH_REACH_MAILBOX},
    // this folder
    {"ErrorFolderNotFound", ERR_GRAPH_FOLDER, ERR_CLASS_DATA, GRAPH_REACH_FOLDER},
    {"SyncStateNotFound", ERR_GRAPH_SYNC_STATE, ERR_CLASS_DATA, GRAPH_REACH_FOLDER},
    {"resyncRequired", ERR_GRAPH_SYNC_STATE, ERR_CLASS_DATA, GRAPH_REACH_FOLDER},
    {"ErrorInvalidSyncStateData", ERR_GRAPH_SYNC_STATE, ERR_CLASS_DATA, GRAPH_REACH_FOLDER},
    // this item
    {"ErrorItemNotFound", ERR_GRAPH_GONE, ERR_CLASS_DATA, GRAPH_REACH_ITEM},
    {"itemNotFound", ERR_GRAPH_GONE, ERR_CLASS_DATA, GRAPH_REACH_ITEM},
    {"ErrorInvalidIdMalformed", ERR_GRAPH_ID, ERR_CLASS_DATA, GRAPH_REACH_ITEM},
    {"ErrorInvalidMailboxItemId", ERR_GRAPH_ID, ERR_CLASS_DATA, GRAPH_REACH_ITEM},
    {"ErrorItemCorrupt", ERR_GRAPH_CORRUPT, ERR_CLASS_DATA, GRAPH_REACH_ITEM},
    {"ErrorMimeContentConversionFailed", ERR_GRAPH_CORRUPT, ERR_CLASS_DATA, GRAPH_REACH_ITEM},
    {"ErrorVirusDetected", ERR_GRAPH_CORRUPT, ERR_CLASS_DATA, GRAPH_REACH_ITEM},
    // what was asked
    {"BadRequest", ERR_GRAPH_REQUEST, ERR_CLASS_DATA, GRAPH_REACH_ITEM},
    {"InefficientFilter", ERR_GRAPH_REQUEST, ERR_CLASS_DATA, GRAPH_REACH_ITEM},
    {"ErrorInvalidUrlQuery", ERR_GRAPH_REQUEST, ERR_CLASS_DATA, GRAPH_REACH_ITEM},
    {"RequestBroker--ParseUri", ERR_GRAPH_REQUEST, ERR_CLASS_DATA, GRAPH_REACH_ITEM},
};

// The code decides, not the status that comes with it.
static void test_error_every_code(void)
{
    static const int statuses[] = {400, 401, 403, 404, 429, 500, 503};
    for (isize i = 0; i < COUNT(rows); i++) {
        for (isize k = 0; k < COUNT(statuses); k++) {
            err e = graph_error_from(statuses[k], str_from(rows[i].code), S(""), S(""));
            if (e.code != rows[i].error || err_class(e) != rows[i].class ||
                graph_error_reach(e) != rows[i].reach) {
                fprintf(stderr, "%s, %d: %s\n", rows[i].code, statuses[k], err_name(e));
                test_failures++;
            }
        }
    }
}

static void test_error_status_alone(void)
{
    static const struct {
        int status;
        u16 error;
    } statuses[] = {
        {200, ERR_GRAPH_TRANSIENT},  {302, ERR_GRAPH_ANSWER},    {400, ERR_GRAPH_REQUEST},
        {401, ERR_GRAPH_TOKEN},      {403, ERR_GRAPH_DENIED},    {404, ERR_GRAPH_NOT_THERE},
        {405, ERR_GRAPH_REQUEST},    {408, ERR_GRAPH_TIMEOUT},   {409, ERR_GRAPH_TRANSIENT},
        {410, ERR_GRAPH_SYNC_STATE}, {412, ERR_GRAPH_TRANSIENT}, {413, ERR_GRAPH_REQUEST},
        {415, ERR_GRAPH_REQUEST},    {422, ERR_GRAPH_REQUEST},   {423, ERR_GRAPH_TRANSIENT},
        {429, ERR_GRAPH_THROTTLED},  {500, ERR_GRAPH_TRANSIENT}, {501, ERR_GRAPH_REQUEST},
        {502, ERR_GRAPH_TRANSIENT},  {503, ERR_GRAPH_TRANSIENT}, {504, ERR_GRAPH_TIMEOUT},
        {507, ERR_GRAPH_TRANSIENT},  {509, ERR_GRAPH_THROTTLED}, {600, ERR_GRAPH_ANSWER},
        {0, ERR_GRAPH_ANSWER},
    };
    static const char *const codes[] = {"", "UnknownError", "Error", "SomethingNew"};
    for (isize i = 0; i < COUNT(statuses); i++) {
        for (isize k = 0; k < COUNT(codes); k++) {
            err e = graph_error_from(statuses[i].status, str_from(codes[k]), S(""), S("words"));
            if (e.code != statuses[i].error) {
                fprintf(stderr, "%d %s: %s\n", statuses[i].status, codes[k], err_name(e));
                test_failures++;
            }
        }
    }
}

static void test_error_inner_code(void)
{
    CHECK_ERR(graph_error_from(400, S("BadRequest"), S("ErrorItemNotFound"), S("")), GRAPH_GONE);
    CHECK_ERR(graph_error_from(429, S("TooManyRequests"), S("429"), S("")), GRAPH_THROTTLED);
    CHECK_ERR(graph_error_from(404, S("ErrorItemNotFound"), S("BadRequest"), S("")), GRAPH_GONE);
    CHECK_ERR(graph_error_from(404, S("UnknownError"), S("ErrorInvalidUser"), S("")),
              GRAPH_NO_MAILBOX);
    // A state that is forgotten, whatever it is called.
    CHECK_ERR(graph_error_from(410, S("BadRequest"), S(""), S("")), GRAPH_SYNC_STATE);
    // Letters of either case, with "Error" or without.
    CHECK_ERR(graph_error_from(404, S("ERRORITEMNOTFOUND"), S(""), S("")), GRAPH_GONE);
    CHECK_ERR(graph_error_from(404, S("mailboxnotenabledforrestapi"), S(""), S("")),
              GRAPH_NO_MAILBOX);
}

static void test_error_refusals(void)
{
    CHECK_ERR(graph_error_from(403, S("ErrorAccessDenied"), S(""),
                               S("Access is denied. Check credentials and try again.")),
              GRAPH_DENIED);
    CHECK_ERR(
        graph_error_from(403, S("ErrorAccessDenied"), S(""), S("Access to OData is disabled.")),
        GRAPH_POLICY);
    CHECK_ERR(graph_error_from(403, S("ErrorAccessDenied"), S(""),
                               S("Access to OData is disabled: [RAOP] : Blocked by tenant "
                                 "configured AppOnly AccessPolicy settings.")),
              GRAPH_POLICY);
    CHECK_ERR(graph_error_from(403, S(""), S(""), S("blocked by an Application Access Policy")),
              GRAPH_POLICY);
    // Words choose an advice only where the code leaves it open.
    CHECK_ERR(graph_error_from(404, S("ErrorItemNotFound"), S(""), S("AccessPolicy")), GRAPH_GONE);
    CHECK(graph_error_reach(FAIL(GRAPH_POLICY)) == GRAPH_REACH_SOME);
    CHECK(err_class(FAIL(GRAPH_POLICY)) == ERR_CLASS_SCOPE);
}

static void test_error_others(void)
{
    CHECK(graph_error_is_gone(FAIL(GRAPH_GONE)) && !graph_error_is_gone(FAIL(GRAPH_ID)));
    CHECK(graph_error_is_corrupt(FAIL(GRAPH_ID)));
    CHECK(!graph_error_is_gone(FAIL(GRAPH_FOLDER)) && !graph_error_is_gone(FAIL(GRAPH_NOT_THERE)));
    CHECK(graph_error_is_corrupt(FAIL(GRAPH_CORRUPT)) &&
          !graph_error_is_corrupt(FAIL(GRAPH_REQUEST)));
    CHECK(graph_error_reach(FAIL(NET_RESET)) == GRAPH_REACH_PASSING);
    CHECK(graph_error_reach(FAIL(GRAPH_TOO_LARGE)) == GRAPH_REACH_ITEM);
    CHECK(graph_error_reach(FAIL(GRAPH_LINK)) == GRAPH_REACH_FOLDER);
    CHECK(graph_error_reach(FAIL(GRAPH_NOT_THERE)) == GRAPH_REACH_SOME);
}

static const struct test_case cases[] = {
    CASE(test_error_every_code), CASE(test_error_status_alone), CASE(test_error_inner_code),
    CASE(test_error_refusals),   CASE(test_error_others),
};
TEST_MAIN(cases)
