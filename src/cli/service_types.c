// SPDX-License-Identifier: Apache-2.0
// Service types (see service_types.h): the names are those that the replaced service prints.
#include "cli/service_types.h"

#include "base/types.h"
#include "cli/start_source.h"
#include "source/gmail/gmail_schema.h"
#include "source/outlook/outlook_schema.h"

static const struct service_type service_types[] = {
    {"gmail", "GMail", &gmail_schema, start_source_gmail},
    {"outlook", "Outlook", &outlook_schema, start_source_outlook},
};

static int service_types_index(str type)
{
    for (int i = 0; i < COUNT(service_types); i++) {
        if (str_eq(type, str_from(service_types[i].type))) {
            return i;
        }
    }
    return -1;
}

const struct service_type *service_types_at(int i)
{
    return i >= 0 && i < COUNT(service_types) ? &service_types[i] : NULL;
}

const struct service_type *service_types_find(str type)
{
    return service_types_at(service_types_index(type));
}

u32 service_types_bit(str type)
{
    int i = service_types_index(type);
    return i < 0 ? 0 : (u32)1 << i;
}
