// SPDX-License-Identifier: Apache-2.0
// The configuration of service type gmail as Kibana shows it (spec/configuration.md 4.1). The
// values of a record come in this order.
#ifndef SOURCE_GMAIL_GMAIL_SCHEMA_H
#define SOURCE_GMAIL_GMAIL_SCHEMA_H

#include "source/schema.h"

enum gmail_field {
    GMAIL_FIELD_CREDENTIALS,
    GMAIL_FIELD_SUBJECT,
    GMAIL_FIELD_CUSTOMER_ID,
    GMAIL_FIELD_SPAM_AND_TRASH,
    GMAIL_FIELD_RAW_MESSAGE,
    GMAIL_FIELD_SECURITY,
    GMAIL_FIELDS
};

extern const struct schema gmail_schema;

#endif
