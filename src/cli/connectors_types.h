// SPDX-License-Identifier: Apache-2.0
// The service types of this version: their names for people, and their schemas.
#ifndef CLI_CONNECTORS_TYPES_H
#define CLI_CONNECTORS_TYPES_H

#include "source/schema.h"

struct connectors_type {
    const char *type, *name; // "gmail", "GMail"
    const struct schema *schema;
};

const struct connectors_type *connectors_type_at(int i); // NULL after the last
const struct connectors_type *connectors_type_find(str type);

#endif
