// SPDX-License-Identifier: Apache-2.0
// Service types (see connectors_types.h): the names are those that the replaced service prints.
#include "cli/connectors_types.h"

#include "base/types.h"
#include "source/gmail/gmail_schema.h"

static const struct connectors_type connectors_types[] = {
    {"gmail", "GMail", &gmail_schema},
};

const struct connectors_type *connectors_type_at(int i)
{
    return i >= 0 && i < COUNT(connectors_types) ? &connectors_types[i] : NULL;
}

const struct connectors_type *connectors_type_find(str type)
{
    for (int i = 0; i < COUNT(connectors_types); i++) {
        if (str_eq(type, str_from(connectors_types[i].type))) {
            return &connectors_types[i];
        }
    }
    return NULL;
}
