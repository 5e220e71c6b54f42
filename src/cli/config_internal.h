// SPDX-License-Identifier: Apache-2.0
// What the files of config.h share: messages that point into the file, and the table's names.
#ifndef CLI_CONFIG_INTERNAL_H
#define CLI_CONFIG_INTERNAL_H

#include "cli/config.h"

// What a message needs to point at a node.
struct config_where {
    struct config *config;
    struct buf *detail;
};

// Appends "config.yml:12:5: path: what".
void config_complain(const struct config_where *w, int node, str path, str what);
// Appends `; found "x"`, or the kind of what was found.
void config_put_found(const struct config_where *w, int node);
// A value that goes into a header, a path or a message: one line. It is not repeated.
err config_check_line(const struct config_where *w, int node, str path, str text);

// config_check.c: every section of the table has to be a mapping; nothing unknown may stand in our
// own blocks; what elsewhere looks like a typing error goes to config->doubts.
err config_check_sections(const struct config_where *w);
err config_check_unknown(const struct config_where *w, struct arena *arena);

// config_lists.c: elasticsearch.headers, connectors and service.service_types.
err config_read_headers(const struct config_where *w, struct arena *arena);
err config_read_connectors(const struct config_where *w);
err config_read_service_types(const struct config_where *w);
err config_read_mailboxes(const struct config_where *w, struct arena *arena);

// The fields that a service type knows below `configuration`; NULL after the last, or for a service
// type that is not known here.
const char *config_field_at(str service_type, int i);

#endif
