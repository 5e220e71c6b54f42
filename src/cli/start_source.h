// SPDX-License-Identifier: Apache-2.0
// Sources as config.yml sets them up, and what it says for the fields of one connector: read by the
// schema of its service type and judged as the service judges a record (service/values.h).
#ifndef CLI_START_SOURCE_H
#define CLI_START_SOURCE_H

#include "cli/service_types.h"
#include "cli/start.h"
#include "service/open.h"

// service_type.init: carves a source.
void start_source_gmail(struct start *s, enum source_use use, struct source *out);
void start_source_outlook(struct start *s, enum source_use use, struct source *out);

// One source of each service type in s->types, with room for the private state of any of them.
struct sources start_sources(struct start *s, enum source_use use);

// connectors[].configuration of s->connector into s->values, whose texts live until
// start_source_forget(). The error's facts, with place and keys, are in s->detail.
err start_source_fields(struct start *s);
void start_source_forget(struct start *s);

// Configures s->source with them; says what is not verified.
err start_source_configure(struct start *s);
void start_source_put_connector(
    struct start *s); // "config.yml:20:5: connector mail": where to look

#endif
