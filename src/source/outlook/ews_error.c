// SPDX-License-Identifier: Apache-2.0
// Codes to errors (see ews_error.h): one table for what Exchange says, one for how far it reaches.
#include "source/outlook/ews_error.h"

struct ews_code {
    const char *code; // without "Error"
    u16 error;
};

static const struct ews_code ews_codes[] = {
    {"ServerBusy", ERR_EWS_BUSY},
    {"TooManyObjectsOpened", ERR_EWS_TOO_MUCH},
    {"ExceededConnectionCount", ERR_EWS_BUSY},
    {"ExceededFindCountLimit", ERR_EWS_TOO_MUCH},
    {"TimeoutExpired", ERR_EWS_TIMEOUT},
    {"InternalServerTransientError", ERR_EWS_TRANSIENT},
    {"MailboxStoreUnavailable", ERR_EWS_TRANSIENT},
    {"MailboxMoveInProgress", ERR_EWS_TRANSIENT},
    {"MailboxFailover", ERR_EWS_TRANSIENT},
    {"ConnectionFailed", ERR_EWS_TRANSIENT},
    {"MailboxLogonFailed", ERR_EWS_TRANSIENT},
    {"ADUnavailable", ERR_EWS_TRANSIENT},
    {"ADOperation", ERR_EWS_TRANSIENT},
    {"NoRespondingCASInDestinationSite", ERR_EWS_TRANSIENT},
    {"NotEnoughMemory", ERR_EWS_TRANSIENT},
    {"ClientDisconnected", ERR_EWS_TRANSIENT},
    {"InternalServerError", ERR_EWS_TRANSIENT},
    {"BatchProcessingStopped", ERR_EWS_STOPPED},
    {"AccessDenied", ERR_EWS_DENIED},
    {"NonExistentMailbox", ERR_EWS_NO_MAILBOX},
    {"MissingEmailAddress", ERR_EWS_NO_MAILBOX},
    {"ImpersonateUserDenied", ERR_EWS_IMPERSONATE},
    {"ImpersonationDenied", ERR_EWS_IMPERSONATION},
    {"ImpersonationFailed", ERR_EWS_IMPERSONATION},
    {"ImpersonationRequired", ERR_EWS_IMPERSONATION},
    {"InvalidExchangeImpersonationHeaderData", ERR_EWS_IMPERSONATION},
    {"InvalidUserPrincipalName", ERR_EWS_IMPERSONATION},
    {"MoreThanOneAccessModeSpecified", ERR_EWS_IMPERSONATION},
    {"AccountDisabled", ERR_EWS_ACCOUNT},
    {"PasswordExpired", ERR_EWS_ACCOUNT},
    {"FolderNotFound", ERR_EWS_FOLDER},
    {"ManagedFolderNotFound", ERR_EWS_FOLDER},
    {"SyncFolderNotFound", ERR_EWS_FOLDER},
    {"InvalidFolderId", ERR_EWS_FOLDER_CLOSED},
    {"NoPublicFolderReplicaAvailable", ERR_EWS_FOLDER_CLOSED},
    {"InvalidOperation", ERR_EWS_FOLDER_CLOSED},
    {"InvalidFolderTypeForOperation", ERR_EWS_FOLDER_CLOSED},
    {"ItemNotFound", ERR_EWS_GONE},
    {"InvalidIdMalformed", ERR_EWS_ID},
    {"InvalidId", ERR_EWS_ID},
    {"InvalidIdEmpty", ERR_EWS_ID},
    {"InvalidChangeKey", ERR_EWS_ID},
    {"InvalidIdNotAnItemAttachmentId", ERR_EWS_ID},
    {"ItemCorrupt", ERR_EWS_CORRUPT},
    {"CorruptData", ERR_EWS_CORRUPT},
    {"ContentConversionFailed", ERR_EWS_CORRUPT},
    {"MimeContentConversionFailed", ERR_EWS_CORRUPT},
    {"MessageSizeExceeded", ERR_EWS_CORRUPT},
    {"DataSizeLimitExceeded", ERR_EWS_CORRUPT},
    {"RecurrenceHasNoOccurrence", ERR_EWS_CORRUPT},
    {"VirusDetected", ERR_EWS_CORRUPT},
    {"VirusMessageDeleted", ERR_EWS_CORRUPT},
    {"InvalidPropertyRequest", ERR_EWS_CORRUPT},
    {"CannotOpenFileAttachment", ERR_EWS_CORRUPT},
    {"AttachmentSizeLimitExceeded", ERR_EWS_CORRUPT},
    {"InvalidSyncStateData", ERR_EWS_SYNC_STATE},
    {"InvalidServerVersion", ERR_EWS_VERSION},
    {"IncorrectSchemaVersion", ERR_EWS_VERSION},
    {"InvalidSchemaVersionForMailboxVersion", ERR_EWS_VERSION},
    {"InvalidRequest", ERR_EWS_REQUEST},
    {"WrongServerVersion", ERR_EWS_VERSION},
    {"ActionNotSupported", ERR_EWS_REQUEST}, // what stands before Exchange knows no such operation
    {"SchemaValidation", ERR_EWS_SCHEMA},
    {"InvalidPagingMaxRows", ERR_EWS_SCHEMA},
    {"InvalidFractionalPagingParameters", ERR_EWS_SCHEMA},
    {"CrossSiteRequest", ERR_EWS_ROUTING},
    {"ProxyRequestNotAllowed", ERR_EWS_ROUTING},
    {"ProxyRequestProcessingFailed", ERR_EWS_ROUTING},
    {"NoDestinationCASDueToSSLRequirements", ERR_EWS_ROUTING},
};

err ews_error_from_code(str code)
{
    if (str_eq(code, S("NoError"))) {
        return OK;
    }
    str name = str_starts(code, S("Error")) ? str_from_index(code, S("Error").n) : code;
    for (isize i = 0; i < COUNT(ews_codes); i++) {
        if (str_eq(name, str_from(ews_codes[i].code))) {
            return (err){ews_codes[i].error};
        }
    }
    return FAIL(EWS_CODE);
}

static const struct {
    u16 error;
    enum ews_reach reach;
} ews_reaches[] = {
    {ERR_EWS_GONE, EWS_REACH_ITEM},
    {ERR_EWS_ID, EWS_REACH_ITEM},
    {ERR_EWS_CORRUPT, EWS_REACH_ITEM},
    {ERR_EWS_TOO_LARGE, EWS_REACH_ITEM},
    {ERR_EWS_BASE64, EWS_REACH_ITEM},
    {ERR_EWS_ITEM_DENIED, EWS_REACH_ITEM},
    {ERR_EWS_FOLDER, EWS_REACH_FOLDER},
    {ERR_EWS_SYNC_STATE, EWS_REACH_FOLDER},
    {ERR_EWS_FOLDER_CLOSED, EWS_REACH_FOLDER},
    {ERR_EWS_DENIED, EWS_REACH_MAILBOX},
    {ERR_EWS_NO_MAILBOX, EWS_REACH_MAILBOX},
    {ERR_EWS_ACCOUNT, EWS_REACH_MAILBOX},
    {ERR_EWS_ROUTING, EWS_REACH_MAILBOX},
    {ERR_EWS_FORBIDDEN, EWS_REACH_SOME},
    {ERR_EWS_BLOCKED, EWS_REACH_SOME},
    {ERR_EWS_NOT_THERE, EWS_REACH_SOME},
    {ERR_EWS_IMPERSONATE, EWS_REACH_SOME},
};

enum ews_reach ews_error_reach(err e)
{
    for (isize i = 0; i < COUNT(ews_reaches); i++) {
        if (e.code == ews_reaches[i].error) {
            return ews_reaches[i].reach;
        }
    }
    enum err_class class = err_class(e);
    return class == ERR_CLASS_AUTH || class == ERR_CLASS_CONFIG ? EWS_REACH_TENANT
                                                                : EWS_REACH_PASSING;
}

bool ews_error_is_gone(err e)
{
    return err_is(e, ERR_EWS_GONE);
}

bool ews_error_is_corrupt(err e)
{
    return err_is(e, ERR_EWS_CORRUPT) || err_is(e, ERR_EWS_ID);
}
