// SPDX-License-Identifier: Apache-2.0
// Class tokens of errors, and the sentences around them (see classes.h).
//
// The table names what section 16 names; what it does not name falls to the class of the error
// (base/err.h), in words that its readers know from other programs: HTTPError, ConnectionError.
#include "service/classes.h"

#include "elastic/client.h"

static const char classes_field[] = "ConfigurableFieldValueError";
static const char classes_http[] = "HTTPError";
static const char classes_certificate[] = "SSLCertificateError";
static const char classes_answer[] = "InvalidAnswerError";

static const char *const classes_tokens[ERR_CODE_COUNT] = {
    [ERR_HTTP_BUSY] = classes_http,
    [ERR_HTTP_UNAUTHORIZED] = "UnauthorizedException",
    [ERR_HTTP_FORBIDDEN] = "Forbidden",
    [ERR_HTTP_NOT_FOUND] = "NotFound",
    [ERR_HTTP_CONFLICT] = classes_http,
    [ERR_HTTP_TOO_LARGE] = classes_http,
    [ERR_HTTP_REDIRECT] = classes_http,
    [ERR_HTTP_REFUSED] = classes_http,
    [ERR_HTTP_STATUS] = classes_http,
    [ERR_HTTP_BODY_SIZE] = classes_http,

    [ERR_TLS_EXPIRED] = classes_certificate,
    [ERR_TLS_NOT_YET_VALID] = classes_certificate,
    [ERR_TLS_WRONG_NAME] = classes_certificate,
    [ERR_TLS_UNKNOWN_ROOT] = classes_certificate,
    [ERR_TLS_DISTRUSTED] = classes_certificate,
    [ERR_TLS_SELF_SIGNED] = classes_certificate,
    [ERR_TLS_WEAK] = classes_certificate,
    [ERR_TLS_PURPOSE] = classes_certificate,
    [ERR_TLS_CERTIFICATE] = classes_certificate,
    [ERR_TLS_FORGED] = classes_certificate,
    [ERR_TLS_VERSION] = classes_certificate,
    [ERR_TLS_NOT_TLS] = classes_certificate,
    [ERR_TLS_HANDSHAKE] = classes_certificate,

    [ERR_ES_UNAUTHORIZED] = "AuthenticationException",
    [ERR_ES_FORBIDDEN] = "AuthorizationException",
    [ERR_ES_KEY_RIGHTS] = "AuthorizationException",
    [ERR_ES_NOT_FOUND] = "NotFoundError",
    [ERR_ES_CONFLICT] = "ConflictError",
    [ERR_ES_NAME] = "BadRequestError",
    [ERR_ES_PIPELINE_MISSING] = "BadRequestError",
    [ERR_ES_REFUSED] = "BadRequestError",
    [ERR_ES_INDEX_GONE] = "NotFoundError",
    [ERR_ES_DISK_FULL] = "ElasticsearchOverloadedError",
    [ERR_ES_BUSY] = "ElasticsearchOverloadedError",
    [ERR_ES_ANSWER] = classes_answer,
    [ERR_ES_SHARDS] = classes_answer,
    [ERR_ES_SCROLL_LOST] = classes_answer,
    [ERR_CALL_TOO_LARGE] = classes_answer,
    [ERR_BULK_AGAIN] = "ElasticsearchOverloadedError",
    [ERR_BULK_VERDICTS] = classes_answer,
    [ERR_BULK_TOO_MANY_ERRORS] = "TooManyErrors",

    [ERR_GMAIL_ACCOUNT_JSON] = classes_field,
    [ERR_GMAIL_ACCOUNT_UNKNOWN_FIELD] = classes_field,
    [ERR_GMAIL_ACCOUNT_FIELD] = classes_field,
    [ERR_GMAIL_ACCOUNT_KEY] = classes_field,
    [ERR_GMAIL_SUBJECT] = classes_field,
    [ERR_GMAIL_CUSTOMER_ID] = classes_field,
    [ERR_GMAIL_SCOPE] = classes_field,
    [ERR_GMAIL_API_OFF] = classes_field,
    [ERR_GMAIL_DIRECTORY_FORBIDDEN] = classes_field,
    [ERR_GMAIL_DIRECTORY_CUSTOMER] = classes_field,
    [ERR_GMAIL_DIRECTORY_REQUEST] = classes_field,
    [ERR_OUTLOOK_DATA_SOURCE] = classes_field,
    [ERR_OUTLOOK_PERMISSIONS] = classes_field,
    [ERR_ENTRA_FIELDS] = classes_field,
    [ERR_ENTRA_TENANT] = classes_field,
    [ERR_ENTRA_CLIENT] = classes_field,
    [ERR_ENTRA_SECRET] = classes_field,
    [ERR_ENTRA_SECRET_WRONG] = classes_field,
    [ERR_ENTRA_SECRET_EXPIRED] = classes_field,
    [ERR_ENTRA_SECRET_MISSING] = classes_field,
    [ERR_ENTRA_APP_UNKNOWN] = classes_field,
    [ERR_ENTRA_TENANT_UNKNOWN] = classes_field,
    [ERR_OUTLOOK_FIELD] = classes_field,
    [ERR_OUTLOOK_ADDRESS] = classes_field,
    [ERR_OUTLOOK_CA] = classes_field,
    [ERR_TOKEN_UNAUTHORIZED] = classes_field,
    [ERR_TOKEN_CLOCK] = classes_field,
    [ERR_TOKEN_SIGNATURE] = classes_field,
    [ERR_TOKEN_SUBJECT] = classes_field,
    [ERR_TOKEN_ACCOUNT] = classes_field,
    [ERR_TOKEN_SCOPE] = classes_field,
    [ERR_TOKEN_POLICY] = classes_field,
    [ERR_TOKEN_REFUSED] = classes_field,
    [ERR_TOKEN_REVOKED] = classes_field,

    [ERR_JOB_TOO_MANY_ITEMS] = "TooManyErrors",
    [ERR_JOB_TOO_MANY_MAILBOXES] = "TooManyErrors",
    [ERR_JOB_DIRECTORY] = "UsersFetchFailed",
    [ERR_JOB_DIRECTORY_EMPTY] = "UsersFetchFailed",

    [ERR_RULES_SHAPE] = "InvalidFilteringError",
    [ERR_RULES_TOO_LARGE] = "InvalidFilteringError",
    [ERR_GMAIL_QUERY] = "InvalidFilteringError",

    [ERR_VALUES_MISSING] = "MalformedConfigurationError",
    [ERR_VALUES_INVALID] = classes_field,
    [ERR_VALUES_TOO_LARGE] = classes_field,
    [ERR_CONNECTOR_INDEX_NAME] = "MalformedConfigurationError",
    [ERR_CONNECTOR_SERVICE_TYPE] = "MalformedConfigurationError",
    [ERR_SYNC_JOB_PROTOCOL] = "ProtocolError",
    [ERR_SYNC_JOB_NOT_RUNNING] = "ConnectorJobNotRunningError",
    [ERR_SYNC_JOB_CONNECTOR_GONE] = "ConnectorNotFoundError",
    [ERR_SYNC_JOB_GONE] = "ConnectorJobNotFoundError",
    [ERR_SYNC_JOB_FILTER] = "InvalidFilteringError",
    [ERR_SYNC_JOB_INCREMENTAL] = "UnsupportedJobType",
    [ERR_SERVICE_LICENSE] = "InsufficientESLicenseError",
};

const char *classes_token(err e)
{
    if (e.code < ERR_CODE_COUNT && classes_tokens[e.code]) {
        return classes_tokens[e.code];
    }
    if (str_starts(str_from(err_name(e)), S("GMAIL_"))) { // what Google's interfaces answer
        return err_class(e) == ERR_CLASS_CONFIG ? classes_field : classes_http;
    }
    switch (err_class(e)) {
    case ERR_CLASS_RETRY:
        return "ConnectionError";
    case ERR_CLASS_AUTH:
        return "UnauthorizedException";
    case ERR_CLASS_SCOPE:
        return "Forbidden";
    case ERR_CLASS_LIMIT:
        return "LimitError";
    case ERR_CLASS_CONFIG:
        return "ConfigurationError";
    case ERR_CLASS_NONE:
    case ERR_CLASS_DATA:
    case ERR_CLASS_FATAL:
        break;
    }
    return "SyncError";
}

// Texts that have no class (16): their detail, if there is one, is the whole of them.
static bool classes_is_plain(err e)
{
    return err_is(e, ERR_SYNC_JOB_FORBIDDEN) || err_is(e, ERR_ES_KEY_RIGHTS) ||
           err_is(e, ERR_SYNC_JOB_IDLE) || err_is(e, ERR_SYNC_JOB_ORPHAN);
}

static bool classes_is_told(err e)
{
    return classes_is_plain(e) || err_is(e, ERR_VALUES_MISSING) || err_is(e, ERR_VALUES_INVALID);
}

static void classes_put(struct buf *b, str s)
{
    elastic_put_cut(b, s, s.n);
}

void classes_put_message(struct buf *b, err e, str detail)
{
    if (classes_is_told(e) && detail.n) {
        classes_put(b, detail);
        return;
    }
    classes_put(b, str_from(err_what(e)));
    if (detail.n) {
        classes_put(b, S(": "));
        classes_put(b, detail);
    }
    str todo = str_from(err_todo(e));
    if (todo.n && !str_starts(todo, S("nothing"))) { // that is said to operators, not in Kibana
        classes_put(b, S("; "));
        classes_put(b, todo);
    }
}

void classes_put_job_error(struct buf *b, err e, str detail)
{
    if (!classes_is_plain(e)) {
        classes_put(b, str_from(classes_token(e)));
        classes_put(b, S(": "));
    }
    classes_put_message(b, e, detail);
}

// ---- details

static void classes_put_i64(struct buf *b, i64 v)
{
    if (buf_room(b) >= 20) {
        buf_put_i64(b, v);
    }
}

void classes_put_forbidden(struct buf *b, str index)
{
    classes_put(b, S("The credentials may not write to the index ["));
    classes_put(b, index);
    classes_put(b, S("]. Make a new API key for it in Kibana, or give the key all privileges on "
                     "this index. Status code: [403]."));
}

void classes_put_not_running(struct buf *b, str job, str status)
{
    classes_put(b, S("job "));
    classes_put(b, job);
    classes_put(b, S(" has status '"));
    classes_put(b, status);
    classes_put(b, S("'"));
}

void classes_put_protocol(struct buf *b, str operation, str job, str words)
{
    classes_put(b, operation);
    classes_put(b, S(" of job "));
    classes_put(b, job);
    classes_put(b, S(": "));
    classes_put(b, words);
}

void classes_put_incremental(struct buf *b, str connector)
{
    classes_put(b, S("connector "));
    classes_put(b, connector);
}

void classes_put_gone(struct buf *b, str connector)
{
    classes_put(b, S("connector "));
    classes_put(b, connector);
}

void classes_put_idle(struct buf *b, i64 idle_s)
{
    classes_put(b, S("The job gave no sign of life for more than "));
    classes_put_i64(b, idle_s);
    classes_put(b, S(" seconds and was ended; look whether the service that ran it was killed."));
}
