// SPDX-License-Identifier: Apache-2.0
// The command line: `mailferry COMMAND [flags]`. All str point into argv.
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "base/buf.h"
#include "limits.h"
#include "os/log.h"
#include "sync/shard.h"

enum command {
    COMMAND_HELP,
    COMMAND_VERSION,
    COMMAND_LIMITS,
    COMMAND_SYNC,
    COMMAND_SERVE,
    COMMAND_CHECK,
    COMMAND_HEALTHCHECK,
    COMMAND_SEAL_TEST
};

struct options {
    enum command command;
    str config_path; // default "config.yml"
    bool config_given;
    str connector; // --connector ID; empty: the only one
    str to;        // --to elastic | ndjson:FILE | -; empty: not given
    bool dry_run, full, json, require_seal;
    bool log_level_given;
    enum log_level log_level;
    str mailboxes[OPTION_MAILBOXES_MAX];
    isize mailbox_count;
    struct shard shard; // --shard K/N
    str seal_test;
    bool ingest, filebeat; // called as `elastic-ingest`: its log forms
    u32 services;          // enum ingest_service; 0: all
};

// OPTION_UNKNOWN, OPTION_COMMAND (the nearest one is named in detail), OPTION_VALUE, OPTION_EXTRA,
// OPTION_NO_COMMAND.
// Nothing given at all is COMMAND_HELP.
err options_parse(struct options *o, int argc, char **argv, struct buf *detail);

extern const char options_help[]; // fits 24 lines of 80 columns

#endif
