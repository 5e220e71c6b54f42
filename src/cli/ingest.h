// SPDX-License-Identifier: Apache-2.0
// The command line of the service that this program replaces, for when it is called by that name:
// `elastic-ingest [-c FILE] [--action NAME]...` (spec/configuration.md 6). All str point into argv.
#ifndef CLI_INGEST_H
#define CLI_INGEST_H

#include "base/buf.h"
#include "os/log.h"
#include "source/schema.h"

#define INGEST_NAME S("elastic-ingest")

enum ingest_command {
    INGEST_SERVE,
    INGEST_LIST,   // --action list: the sources
    INGEST_CONFIG, // --action config --service-type TYPE: the schema
    INGEST_HELP,
    INGEST_VERSION,
};

enum ingest_service { // bits: which services run
    INGEST_SCHEDULE = 1,
    INGEST_CONTENT = 2,
    INGEST_ACCESS_CONTROL = 4,
    INGEST_CLEANUP = 8,
    INGEST_ALL = 15,
};

struct ingest {
    enum ingest_command command;
    u32 services;      // of INGEST_SERVE
    str config_path;   // default "config.yml"
    bool config_given; // else a missing file is not the caller's mistake
    str service_type;
    bool filebeat; // log as ECS JSON
    bool log_level_given;
    enum log_level log_level;
};

// Whether argv[0] is this name, in any folder.
bool ingest_is_called(const char *argv0);

// OPTION_UNKNOWN, OPTION_VALUE, OPTION_EXTRA; a sentence for the user in `detail`.
err ingest_parse(struct ingest *in, int argc, char **argv, struct buf *detail);

extern const char ingest_help[];

// Usage, and what is wrong: for standard error, with exit status 2.
void ingest_put_usage_error(struct buf *out, str detail);

// Outputs of the actions. A source is a service type ("gmail"), its name and its schema; the schema
// is compact JSON and is laid out here.
void ingest_put_list(struct buf *out, const char *const *names, isize count);
void ingest_put_config(struct buf *out, str service_type, str schema_json);

#endif
