// SPDX-License-Identifier: Apache-2.0
// The six fields of service type gmail (spec/configuration.md 4.1): keys, labels, types, defaults
// and the one validation are those of the service that this one replaces, tooltips are our own.
#include "source/gmail/gmail_schema.h"

#include "base/types.h"

static const struct field gmail_fields[] = {
    [GMAIL_FIELD_CREDENTIALS] =
        {
            .key = "service_account_credentials",
            .label = "GMail service account JSON",
            .display = "textarea",
            .type = FIELD_STR,
            .sensitive = true,
            .value_json = "\"\"",
        },
    [GMAIL_FIELD_SUBJECT] =
        {
            .key = "subject",
            .label = "Google Workspace admin email",
            .tooltip = "Mail address of a Google Workspace administrator. Users are listed in "
                       "the name of this account.",
            .display = "text",
            .type = FIELD_STR,
            .value_json = "\"\"",
            .validations_json =
                "[{\"type\":\"regex\",\"constraint\":\"^\\\\S+@\\\\S+\\\\.\\\\S+$\"}]",
        },
    [GMAIL_FIELD_CUSTOMER_ID] =
        {
            .key = "customer_id",
            .label = "Google customer id",
            .tooltip = "Shown in the Google admin console under Account, Account settings, "
                       "Customer ID.",
            .display = "text",
            .type = FIELD_STR,
            .value_json = "\"\"",
        },
    [GMAIL_FIELD_SPAM_AND_TRASH] =
        {
            .key = "include_spam_and_trash",
            .label = "Include spam and trash emails",
            .tooltip = "When on, messages in spam and trash are fetched too.",
            .display = "toggle",
            .type = FIELD_BOOL,
            .value_json = "false",
        },
    [GMAIL_FIELD_RAW_MESSAGE] =
        {
            .key = "include_full_raw_message",
            .label = "Index full raw email (including headers)",
            .tooltip = "When off, only the body of a message is indexed. When on, the complete "
                       "message with its transport headers.",
            .display = "toggle",
            .type = FIELD_BOOL,
            .value_json = "false",
        },
    [GMAIL_FIELD_SECURITY] =
        {
            .key = "use_document_level_security",
            .label = "Enable document level security",
            .tooltip = "Keeps the ownership of mailboxes as permissions of the documents. Access "
                       "control syncs have to run for it to work.",
            .display = "toggle",
            .type = FIELD_BOOL,
            .value_json = "true",
        },
};
_Static_assert(COUNT(gmail_fields) == GMAIL_FIELDS, "a field has no row");
_Static_assert(GMAIL_FIELDS <= SCHEMA_FIELDS_MAX, "too many fields");

const struct schema gmail_schema = {
    .fields = gmail_fields,
    .count = GMAIL_FIELDS,
    .advanced_rules = true,
};
