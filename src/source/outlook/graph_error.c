// SPDX-License-Identifier: Apache-2.0
// Codes to errors (see graph_error.h): one table for what Graph says, one for what a status says
// alone, one for how far an error reaches.
#include "source/outlook/graph_error.h"

struct graph_code {
    const char *code; // without "Error" before it
    u16 error;
};

// Compared without regard to case: the parts of Graph do not agree on it.
static const struct graph_code graph_codes[] = {
    {"TooManyRequests", ERR_GRAPH_THROTTLED},
    {"ApplicationThrottled", ERR_GRAPH_THROTTLED},
    {"activityLimitReached", ERR_GRAPH_THROTTLED},
    {"ThrottleLimitExceeded", ERR_GRAPH_THROTTLED},
    {"MailboxConcurrency", ERR_GRAPH_THROTTLED},
    {"throttledRequest", ERR_GRAPH_THROTTLED},
    {"Request_ThrottledTemporarily", ERR_GRAPH_THROTTLED},
    {"ServerBusy", ERR_GRAPH_THROTTLED},
    {"TooManyObjectsOpened", ERR_GRAPH_THROTTLED},
    {"ExceededConnectionCount", ERR_GRAPH_THROTTLED},
    {"ExceededFindCountLimit", ERR_GRAPH_THROTTLED},
    {"TimeoutExpired", ERR_GRAPH_TIMEOUT},
    {"GatewayTimeout", ERR_GRAPH_TIMEOUT},
    {"timeout", ERR_GRAPH_TIMEOUT},
    {"generalException", ERR_GRAPH_TRANSIENT},
    {"serviceNotAvailable", ERR_GRAPH_TRANSIENT},
    {"ServiceUnavailable", ERR_GRAPH_TRANSIENT},
    {"Directory_ResultSizeLimitExceeded", ERR_GRAPH_TRANSIENT},
    {"InternalServerError", ERR_GRAPH_TRANSIENT},
    {"InternalServerTransientError", ERR_GRAPH_TRANSIENT},
    {"MailboxStoreUnavailable", ERR_GRAPH_TRANSIENT},
    {"MailboxMoveInProgress", ERR_GRAPH_TRANSIENT},
    {"MailboxFailover", ERR_GRAPH_TRANSIENT},
    {"MailboxInfoStale", ERR_GRAPH_TRANSIENT},
    {"ConnectionFailed", ERR_GRAPH_TRANSIENT},
    {"ADUnavailable", ERR_GRAPH_TRANSIENT},
    {"ADOperation", ERR_GRAPH_TRANSIENT},
    {"NotEnoughMemory", ERR_GRAPH_TRANSIENT},
    {"ClientDisconnected", ERR_GRAPH_TRANSIENT},
    {"IrresolvableConflict", ERR_GRAPH_TRANSIENT},
    {"locked", ERR_GRAPH_TRANSIENT},
    {"resourceLocked", ERR_GRAPH_TRANSIENT},
    {"InvalidAuthenticationToken", ERR_GRAPH_TOKEN},
    {"unauthenticated", ERR_GRAPH_TOKEN},
    {"TokenExpired", ERR_GRAPH_TOKEN},
    {"TokenNotYetValid", ERR_GRAPH_TOKEN},
    {"Authentication_ExpiredToken", ERR_GRAPH_TOKEN},
    {"Authentication_MissingOrMalformed", ERR_GRAPH_TOKEN},
    {"Authorization_RequestDenied", ERR_GRAPH_PERMISSION},
    {"Authorization_IdentityNotFound", ERR_GRAPH_PERMISSION},
    {"Authorization_IdentityDisabled", ERR_GRAPH_PERMISSION},
    {"NoPermissionsInAccessToken", ERR_GRAPH_PERMISSION},
    {"OrganizationFromTenantGuidNotFound", ERR_GRAPH_NO_EXCHANGE},
    {"AccessDenied", ERR_GRAPH_DENIED},
    {"accessRestricted", ERR_GRAPH_DENIED},
    {"extensionError", ERR_GRAPH_DENIED},
    {"MailboxNotEnabledForRESTAPI", ERR_GRAPH_NO_MAILBOX},
    {"MailboxNotSupportedForRESTAPI", ERR_GRAPH_NO_MAILBOX},
    {"MailboxNotHostedInExchangeOnline", ERR_GRAPH_NO_MAILBOX},
    {"MailboxNotFound", ERR_GRAPH_NO_MAILBOX},
    {"NonExistentMailbox", ERR_GRAPH_NO_MAILBOX},
    {"MissingEmailAddress", ERR_GRAPH_NO_MAILBOX},
    {"InvalidUser", ERR_GRAPH_NO_MAILBOX},
    {"UserNotFound", ERR_GRAPH_NO_MAILBOX},
    {"Request_ResourceNotFound", ERR_GRAPH_NO_MAILBOX},
    {"ResourceNotFound", ERR_GRAPH_NO_MAILBOX},
    {"AccountSuspend", ERR_GRAPH_MAILBOX_CLOSED},
    {"AccountSuspendShowTierUpgrade", ERR_GRAPH_MAILBOX_CLOSED},
    {"AccountDisabled", ERR_GRAPH_MAILBOX_CLOSED},
    {"FolderNotFound", ERR_GRAPH_FOLDER},
    {"ParentFolderNotFound", ERR_GRAPH_FOLDER},
    {"SyncFolderNotFound", ERR_GRAPH_FOLDER},
    {"SyncStateNotFound", ERR_GRAPH_SYNC_STATE},
    {"SyncStateInvalid", ERR_GRAPH_SYNC_STATE},
    {"InvalidSyncStateData", ERR_GRAPH_SYNC_STATE},
    {"resyncRequired", ERR_GRAPH_SYNC_STATE},
    {"resyncApplyDifferences", ERR_GRAPH_SYNC_STATE},
    {"resyncUploadDifferences", ERR_GRAPH_SYNC_STATE},
    {"resyncChangesApplyDifferences", ERR_GRAPH_SYNC_STATE},
    {"resyncChangesUploadDifferences", ERR_GRAPH_SYNC_STATE},
    {"Directory_ExpiredPageToken", ERR_GRAPH_SYNC_STATE},
    {"ItemNotFound", ERR_GRAPH_GONE},
    {"NotFound", ERR_GRAPH_GONE},
    {"InvalidIdMalformed", ERR_GRAPH_ID},
    {"InvalidId", ERR_GRAPH_ID},
    {"InvalidIdEmpty", ERR_GRAPH_ID},
    {"InvalidMailboxItemId", ERR_GRAPH_ID},
    {"ItemCorrupt", ERR_GRAPH_CORRUPT},
    {"CorruptData", ERR_GRAPH_CORRUPT},
    {"ContentConversionFailed", ERR_GRAPH_CORRUPT},
    {"MimeContentConversionFailed", ERR_GRAPH_CORRUPT},
    {"MessageSizeExceeded", ERR_GRAPH_CORRUPT},
    {"RecurrenceHasNoOccurrence", ERR_GRAPH_CORRUPT},
    {"VirusDetected", ERR_GRAPH_CORRUPT},
    {"VirusMessageDeleted", ERR_GRAPH_CORRUPT},
    {"CannotOpenFileAttachment", ERR_GRAPH_CORRUPT},
    {"AttachmentSizeLimitExceeded", ERR_GRAPH_CORRUPT},
    {"BadRequest", ERR_GRAPH_REQUEST},
    {"invalidRequest", ERR_GRAPH_REQUEST},
    {"InefficientFilter", ERR_GRAPH_REQUEST},
    {"RequestBroker--ParseUri", ERR_GRAPH_REQUEST},
    {"InvalidUrlQuery", ERR_GRAPH_REQUEST},
    {"InvalidUrlQueryFilter", ERR_GRAPH_REQUEST},
    {"Request_BadRequest", ERR_GRAPH_REQUEST},
    {"Request_UnsupportedQuery", ERR_GRAPH_REQUEST},
    {"UnsupportedQueryOption", ERR_GRAPH_REQUEST},
};

static const struct {
    int first, last;
    u16 error;
} graph_statuses[] = {
    {401, 401, ERR_GRAPH_TOKEN},     {403, 403, ERR_GRAPH_DENIED},
    {404, 404, ERR_GRAPH_NOT_THERE}, {408, 408, ERR_GRAPH_TIMEOUT},
    {409, 409, ERR_GRAPH_TRANSIENT}, {410, 410, ERR_GRAPH_SYNC_STATE},
    {412, 412, ERR_GRAPH_TRANSIENT}, {423, 423, ERR_GRAPH_TRANSIENT},
    {429, 429, ERR_GRAPH_THROTTLED}, {400, 499, ERR_GRAPH_REQUEST},
    {501, 501, ERR_GRAPH_REQUEST},   {504, 504, ERR_GRAPH_TIMEOUT},
    {509, 509, ERR_GRAPH_THROTTLED}, {500, 599, ERR_GRAPH_TRANSIENT},
};

static const struct {
    u16 error;
    enum graph_reach reach;
} graph_reaches[] = {
    {ERR_GRAPH_GONE, GRAPH_REACH_ITEM},
    {ERR_GRAPH_ID, GRAPH_REACH_ITEM},
    {ERR_GRAPH_CORRUPT, GRAPH_REACH_ITEM},
    {ERR_GRAPH_REQUEST, GRAPH_REACH_ITEM},
    {ERR_GRAPH_UNIT_ID, GRAPH_REACH_ITEM},
    {ERR_GRAPH_TOO_LARGE, GRAPH_REACH_ITEM},
    {ERR_GRAPH_FOLDER, GRAPH_REACH_FOLDER},
    {ERR_GRAPH_SYNC_STATE, GRAPH_REACH_FOLDER},
    {ERR_GRAPH_LINK, GRAPH_REACH_FOLDER},
    {ERR_GRAPH_NO_MAILBOX, GRAPH_REACH_MAILBOX},
    {ERR_GRAPH_MAILBOX_CLOSED, GRAPH_REACH_MAILBOX},
    {ERR_GRAPH_LEFT_OUT, GRAPH_REACH_MAILBOX},
    {ERR_GRAPH_DENIED, GRAPH_REACH_SOME},
    {ERR_GRAPH_POLICY, GRAPH_REACH_SOME},
    {ERR_GRAPH_NOT_THERE, GRAPH_REACH_SOME},
};

// 0: not known. Codes of Exchange begin with "Error"; the other parts of Graph use the same words
// without it.
static u16 graph_error_of_code(str code)
{
    str prefix = S("Error");
    str name = str_starts_nocase(code, prefix) ? str_from_index(code, prefix.n) : code;
    for (isize i = 0; i < COUNT(graph_codes); i++) {
        if (str_eq_nocase(name, str_from(graph_codes[i].code))) {
            return graph_codes[i].error;
        }
    }
    return 0;
}

static u16 graph_error_of_status(int status)
{
    for (isize i = 0; i < COUNT(graph_statuses); i++) {
        if (status >= graph_statuses[i].first && status <= graph_statuses[i].last) {
            return graph_statuses[i].error;
        }
    }
    return status == 200 ? ERR_GRAPH_TRANSIENT : ERR_GRAPH_ANSWER;
}

// Exchange gives one code for a permission that nobody granted and for a policy that forbids; the
// words are the only difference. They choose an advice, and nothing else.
static bool graph_error_is_policy(str message)
{
    return str_contains_nocase(message, S("AccessPolicy")) ||
           str_contains_nocase(message, S("[RAOP]")) ||
           str_contains_nocase(message, S("OData is disabled")) ||
           str_contains_nocase(message, S("application access policy"));
}

err graph_error_from(int status, str code, str inner, str message)
{
    u16 error = graph_error_of_code(inner);
    u16 outer = graph_error_of_code(code);
    // The inner code is the precise one; that a request was bad is the least that can be said.
    if (error == 0 || (error == ERR_GRAPH_REQUEST && outer != 0)) {
        error = outer;
    }
    if (error == 0 || (error == ERR_GRAPH_REQUEST && status == 410)) {
        error = graph_error_of_status(status);
    }
    if (error == ERR_GRAPH_DENIED && graph_error_is_policy(message)) {
        error = ERR_GRAPH_POLICY;
    }
    return (err){error};
}

enum graph_reach graph_error_reach(err e)
{
    for (isize i = 0; i < COUNT(graph_reaches); i++) {
        if (e.code == graph_reaches[i].error) {
            return graph_reaches[i].reach;
        }
    }
    enum err_class class = err_class(e);
    return class == ERR_CLASS_AUTH || class == ERR_CLASS_CONFIG ? GRAPH_REACH_TENANT
                                                                : GRAPH_REACH_PASSING;
}

bool graph_error_is_gone(err e)
{
    return err_is(e, ERR_GRAPH_GONE);
}

bool graph_error_is_corrupt(err e)
{
    return err_is(e, ERR_GRAPH_CORRUPT) || err_is(e, ERR_GRAPH_ID);
}
