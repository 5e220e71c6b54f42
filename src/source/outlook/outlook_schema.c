// SPDX-License-Identifier: Apache-2.0
// The thirteen fields of service type outlook (see outlook_schema.h): keys, labels, types, defaults
// and dependencies are those of the service that this one replaces, tooltips are our own.
#include "source/outlook/outlook_schema.h"

#include "base/types.h"

#define EMPTY "\"\""
#define IN_CLOUD                                                    \
    {                                                               \
        {                                                           \
            .key = "data_source", .value_json = "\"outlook_cloud\"" \
        }                                                           \
    }
#define ON_SERVER                                                    \
    {                                                                \
        {                                                            \
            .key = "data_source", .value_json = "\"outlook_server\"" \
        }                                                            \
    }

static const struct field outlook_fields[] = {
    [OUTLOOK_FIELD_DATA_SOURCE] =
        {
            .key = "data_source",
            .label = "Outlook data source",
            .display = "dropdown",
            .type = FIELD_STR,
            .value_json = "\"outlook_cloud\"",
            .options_json = "[{\"label\":\"Outlook Cloud\",\"value\":\"outlook_cloud\"},"
                            "{\"label\":\"Outlook Server\",\"value\":\"outlook_server\"}]",
        },
    [OUTLOOK_FIELD_TENANT_ID] =
        {
            .key = "tenant_id",
            .label = "Tenant ID",
            .display = "text",
            .type = FIELD_STR,
            .value_json = EMPTY,
            .depends_on = IN_CLOUD,
        },
    [OUTLOOK_FIELD_CLIENT_ID] =
        {
            .key = "client_id",
            .label = "Client ID",
            .display = "text",
            .type = FIELD_STR,
            .value_json = EMPTY,
            .depends_on = IN_CLOUD,
        },
    [OUTLOOK_FIELD_CLIENT_SECRET] =
        {
            .key = "client_secret",
            .label = "Client Secret Value",
            .display = "text",
            .type = FIELD_STR,
            .sensitive = true,
            .value_json = EMPTY,
            .depends_on = IN_CLOUD,
        },
    [OUTLOOK_FIELD_EXCHANGE_SERVER] =
        {
            .key = "exchange_server",
            .label = "Exchange Server",
            .tooltip = "Host name or IP address of the Exchange server, for example 127.0.0.1.",
            .display = "text",
            .type = FIELD_STR,
            .value_json = EMPTY,
            .depends_on = ON_SERVER,
        },
    [OUTLOOK_FIELD_DIRECTORY_SERVER] =
        {
            .key = "active_directory_server",
            .label = "Active Directory Server",
            .tooltip = "Host name or IP address of a domain controller, for example 127.0.0.1. "
                       "Written as ldaps://host, nothing but LDAPS is tried.",
            .display = "text",
            .type = FIELD_STR,
            .value_json = EMPTY,
            .depends_on = ON_SERVER,
        },
    [OUTLOOK_FIELD_USERNAME] =
        {
            .key = "username",
            .label = "Exchange server username",
            .display = "text",
            .type = FIELD_STR,
            .value_json = EMPTY,
            .depends_on = ON_SERVER,
        },
    [OUTLOOK_FIELD_PASSWORD] =
        {
            .key = "password",
            .label = "Exchange server password",
            .display = "text",
            .type = FIELD_STR,
            .sensitive = true,
            .value_json = EMPTY,
            .depends_on = ON_SERVER,
        },
    [OUTLOOK_FIELD_DOMAIN] =
        {
            .key = "domain",
            .label = "Exchange server domain name",
            .tooltip = "The domain whose users are listed, for example outlook.com.",
            .display = "text",
            .type = FIELD_STR,
            .value_json = EMPTY,
            .depends_on = ON_SERVER,
        },
    [OUTLOOK_FIELD_SSL_ENABLED] =
        {
            .key = "ssl_enabled",
            .label = "Enable SSL",
            .display = "toggle",
            .type = FIELD_BOOL,
            .value_json = "false",
            .depends_on = ON_SERVER,
        },
    [OUTLOOK_FIELD_SSL_CA] =
        {
            .key = "ssl_ca",
            .label = "SSL certificate",
            .display = "text",
            .type = FIELD_STR,
            .value_json = EMPTY,
            .depends_on = {{.key = "data_source", .value_json = "\"outlook_server\""},
                           {.key = "ssl_enabled", .value_json = "true"}},
        },
    [OUTLOOK_FIELD_EXTRACTION] =
        {
            .key = "use_text_extraction_service",
            .label = "Use text extraction service",
            .tooltip = "Needs the text extraction service, which is deployed separately, and "
                       "content extraction switched off in the pipeline settings.",
            .display = "toggle",
            .type = FIELD_BOOL,
            .value_json = "false",
            .restrictions_json = "[\"advanced\"]",
        },
    [OUTLOOK_FIELD_SECURITY] =
        {
            .key = "use_document_level_security",
            .alias = "document_level_security", // what the user guide calls it
            .label = "Enable document level security",
            .tooltip = "Keeps the ownership of mailboxes as permissions of the documents. Access "
                       "control syncs, which index users and groups, have to run for it to work.",
            .display = "toggle",
            .type = FIELD_BOOL,
            .value_json = "false",
        },
};
_Static_assert(COUNT(outlook_fields) == OUTLOOK_FIELDS, "a field has no row");
_Static_assert(OUTLOOK_FIELDS <= SCHEMA_FIELDS_MAX, "too many fields");

const struct schema outlook_schema = {
    .fields = outlook_fields,
    .count = OUTLOOK_FIELDS,
    .advanced_rules = false,
};
