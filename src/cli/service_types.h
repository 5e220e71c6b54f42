// SPDX-License-Identifier: Apache-2.0
// The service types of this version: their names, their schemas, and how config.yml sets up a
// source of each (start_source.c). A set of them is a mask with the bits of their numbers.
#ifndef CLI_SERVICE_TYPES_H
#define CLI_SERVICE_TYPES_H

#include "source/schema.h"

struct source;
struct start;

// What a source is for: that decides how much memory it takes.
enum source_use {
    SOURCE_SYNC, // the one connector of `sync`
    SOURCE_JOB,  // content jobs of the service
    SOURCE_LOOK, // pings and directories only
};

struct service_type {
    const char *type, *name; // "gmail", "GMail"
    const struct schema *schema;
    void (*init)(struct start *s, enum source_use use, struct source *out);
};

const struct service_type *service_types_at(int i); // NULL after the last
const struct service_type *service_types_find(str type);
u32 service_types_bit(str type); // 0: not known here

#endif
