// SPDX-License-Identifier: Apache-2.0
// source/outlook/ews_error: every code of wire-ews.md 13 has the class that its row asks for, and
// reaches as far as it should.
#include "test.h"

#include "source/outlook/ews_error.h"

static const struct {
    const char *code;
    enum err_class class;
    enum ews_reach reach;
} rows[] = {
    // wait and ask again
    {"ErrorServerBusy", ERR_CLASS_RETRY, EWS_REACH_PASSING},
    {"ErrorTooManyObjectsOpened", ERR_CLASS_RETRY, EWS_REACH_PASSING},
    {"ErrorExceededConnectionCount", ERR_CLASS_RETRY, EWS_REACH_PASSING},
    {"ErrorExceededFindCountLimit", ERR_CLASS_RETRY, EWS_REACH_PASSING},
    {"ErrorTimeoutExpired", ERR_CLASS_RETRY, EWS_REACH_PASSING},
    {"ErrorInternalServerTransientError", ERR_CLASS_RETRY, EWS_REACH_PASSING},
    {"ErrorMailboxStoreUnavailable", ERR_CLASS_RETRY, EWS_REACH_PASSING},
    {"ErrorMailboxMoveInProgress", ERR_CLASS_RETRY, EWS_REACH_PASSING},
    {"ErrorMailboxFailover", ERR_CLASS_RETRY, EWS_REACH_PASSING},
    {"ErrorConnectionFailed", ERR_CLASS_RETRY, EWS_REACH_PASSING},
    {"ErrorMailboxLogonFailed", ERR_CLASS_RETRY, EWS_REACH_PASSING},
    {"ErrorADUnavailable", ERR_CLASS_RETRY, EWS_REACH_PASSING},
    {"ErrorADOperation", ERR_CLASS_RETRY, EWS_REACH_PASSING},
    {"ErrorNoRespondingCASInDestinationSite", ERR_CLASS_RETRY, EWS_REACH_PASSING},
    {"ErrorNotEnoughMemory", ERR_CLASS_RETRY, EWS_REACH_PASSING},
    {"ErrorClientDisconnected", ERR_CLASS_RETRY, EWS_REACH_PASSING},
    {"ErrorInternalServerError", ERR_CLASS_RETRY, EWS_REACH_PASSING},
    {"ErrorBatchProcessingStopped", ERR_CLASS_RETRY, EWS_REACH_PASSING},
    {"ErrorQuotaExceeded", ERR_CLASS_RETRY, EWS_REACH_PASSING},
    {"ErrorNobodyKnows", ERR_CLASS_RETRY, EWS_REACH_PASSING},
    {"", ERR_CLASS_RETRY, EWS_REACH_PASSING},
    // this mailbox
    {"ErrorAccessDenied", ERR_CLASS_SCOPE, EWS_REACH_MAILBOX},
    {"ErrorNonExistentMailbox", ERR_CLASS_SCOPE, EWS_REACH_MAILBOX},
    {"ErrorMissingEmailAddress", ERR_CLASS_SCOPE, EWS_REACH_MAILBOX},
    {"ErrorAccountDisabled", ERR_CLASS_SCOPE, EWS_REACH_MAILBOX},
    {"ErrorPasswordExpired", ERR_CLASS_SCOPE, EWS_REACH_MAILBOX},
    {"ErrorCrossSiteRequest", ERR_CLASS_SCOPE, EWS_REACH_MAILBOX},
    {"ErrorProxyRequestNotAllowed", ERR_CLASS_SCOPE, EWS_REACH_MAILBOX},
    {"ErrorProxyRequestProcessingFailed", ERR_CLASS_SCOPE, EWS_REACH_MAILBOX},
    {"ErrorNoDestinationCASDueToSSLRequirements", ERR_CLASS_SCOPE, EWS_REACH_MAILBOX},
    // this one, unless it is all of them
    {"ErrorImpersonateUserDenied", ERR_CLASS_SCOPE, EWS_REACH_SOME},
    // the set-up
    {"ErrorImpersonationDenied", ERR_CLASS_CONFIG, EWS_REACH_TENANT},
    {"ErrorImpersonationFailed", ERR_CLASS_CONFIG, EWS_REACH_TENANT},
    {"ErrorInvalidExchangeImpersonationHeaderData", ERR_CLASS_CONFIG, EWS_REACH_TENANT},
    {"ErrorInvalidUserPrincipalName", ERR_CLASS_CONFIG, EWS_REACH_TENANT},
    {"ErrorMoreThanOneAccessModeSpecified", ERR_CLASS_CONFIG, EWS_REACH_TENANT},
    {"ErrorInvalidServerVersion", ERR_CLASS_CONFIG, EWS_REACH_TENANT},
    {"ErrorIncorrectSchemaVersion", ERR_CLASS_CONFIG, EWS_REACH_TENANT},
    {"ErrorInvalidSchemaVersionForMailboxVersion", ERR_CLASS_CONFIG, EWS_REACH_TENANT},
    {"ErrorInvalidRequest", ERR_CLASS_CONFIG, EWS_REACH_TENANT},
    {"ErrorWrongServerVersion", ERR_CLASS_CONFIG, EWS_REACH_TENANT},
    {"ErrorSchemaValidation", ERR_CLASS_CONFIG, EWS_REACH_TENANT},
    {"ErrorInvalidPagingMaxRows", ERR_CLASS_CONFIG, EWS_REACH_TENANT},
    {"ErrorInvalidFractionalPagingParameters", ERR_CLASS_CONFIG, EWS_REACH_TENANT},
    // this folder
    {"ErrorFolderNotFound", ERR_CLASS_DATA, EWS_REACH_FOLDER},
    {"ErrorManagedFolderNotFound", ERR_CLASS_DATA, EWS_REACH_FOLDER},
    {"ErrorSyncFolderNotFound", ERR_CLASS_DATA, EWS_REACH_FOLDER},
    {"ErrorInvalidSyncStateData", ERR_CLASS_DATA, EWS_REACH_FOLDER},
    {"ErrorNoPublicFolderReplicaAvailable", ERR_CLASS_SCOPE, EWS_REACH_FOLDER},
    {"ErrorInvalidOperation", ERR_CLASS_SCOPE, EWS_REACH_FOLDER},
    {"ErrorInvalidFolderId", ERR_CLASS_SCOPE, EWS_REACH_FOLDER},
    // this item
    {"ErrorItemNotFound", ERR_CLASS_DATA, EWS_REACH_ITEM},
    {"ErrorInvalidIdMalformed", ERR_CLASS_DATA, EWS_REACH_ITEM},
    {"ErrorInvalidId", ERR_CLASS_DATA, EWS_REACH_ITEM},
    {"ErrorInvalidIdEmpty", ERR_CLASS_DATA, EWS_REACH_ITEM},
    {"ErrorInvalidChangeKey", ERR_CLASS_DATA, EWS_REACH_ITEM},
    {"ErrorInvalidIdNotAnItemAttachmentId", ERR_CLASS_DATA, EWS_REACH_ITEM},
    {"ErrorItemCorrupt", ERR_CLASS_DATA, EWS_REACH_ITEM},
    {"ErrorCorruptData", ERR_CLASS_DATA, EWS_REACH_ITEM},
    {"ErrorContentConversionFailed", ERR_CLASS_DATA, EWS_REACH_ITEM},
    {"ErrorMimeContentConversionFailed", ERR_CLASS_DATA, EWS_REACH_ITEM},
    {"ErrorMessageSizeExceeded", ERR_CLASS_DATA, EWS_REACH_ITEM},
    {"ErrorDataSizeLimitExceeded", ERR_CLASS_DATA, EWS_REACH_ITEM},
    {"ErrorRecurrenceHasNoOccurrence", ERR_CLASS_DATA, EWS_REACH_ITEM},
    {"ErrorVirusDetected", ERR_CLASS_DATA, EWS_REACH_ITEM},
    {"ErrorVirusMessageDeleted", ERR_CLASS_DATA, EWS_REACH_ITEM},
    {"ErrorInvalidPropertyRequest", ERR_CLASS_DATA, EWS_REACH_ITEM},
    {"ErrorCannotOpenFileAttachment", ERR_CLASS_DATA, EWS_REACH_ITEM},
    {"ErrorAttachmentSizeLimitExceeded", ERR_CLASS_DATA, EWS_REACH_ITEM},
};

static void test_error_every_code(void)
{
    for (isize i = 0; i < COUNT(rows); i++) {
        err e = ews_error_from_code(str_from(rows[i].code));
        CHECK(!err_ok(e));
        if (err_class(e) != rows[i].class || ews_error_reach(e) != rows[i].reach) {
            fprintf(stderr, "%s: %s, reach %d\n", rows[i].code, err_name(e), ews_error_reach(e));
            test_failures++;
        }
    }
}

static void test_error_names(void)
{
    CHECK_OK(ews_error_from_code(S("NoError")));
    CHECK_ERR(ews_error_from_code(S("ErrorNoError")), EWS_CODE);
    CHECK_ERR(ews_error_from_code(S("ServerBusy")), EWS_BUSY);
    CHECK_ERR(ews_error_from_code(S("Error")), EWS_CODE);
}

static void test_error_gone_and_corrupt(void)
{
    CHECK(ews_error_is_gone(FAIL(EWS_GONE)) && !ews_error_is_gone(FAIL(EWS_FOLDER)));
    CHECK(ews_error_is_corrupt(FAIL(EWS_CORRUPT)) && !ews_error_is_corrupt(FAIL(EWS_CODE)));
    // What HTTP says of a mailbox, and of the whole server.
    CHECK(ews_error_reach(FAIL(EWS_FORBIDDEN)) == EWS_REACH_SOME);
    CHECK(ews_error_reach(FAIL(EWS_NOT_THERE)) == EWS_REACH_SOME);
    CHECK(ews_error_reach(FAIL(EWS_UNAUTHORIZED)) == EWS_REACH_TENANT);
    CHECK(ews_error_reach(FAIL(NET_RESET)) == EWS_REACH_PASSING);
}

static const struct test_case cases[] = {
    CASE(test_error_every_code),
    CASE(test_error_names),
    CASE(test_error_gone_and_corrupt),
};
TEST_MAIN(cases)
