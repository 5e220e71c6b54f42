// SPDX-License-Identifier: Apache-2.0
// The command line of `mailferry connectors ...`: the commands by which the replaced service's
// users manage connectors, indices and jobs (spec/configuration.md 7). All str point into argv.
#ifndef CLI_CONNECTORS_ARGS_H
#define CLI_CONNECTORS_ARGS_H

#include "base/buf.h"
#include "elastic/connector.h"

enum connectors_command {
    CONNECTORS_HELP,
    CONNECTORS_VERSION,
    CONNECTORS_LOGIN,
    CONNECTORS_LIST,
    CONNECTORS_CREATE,
    CONNECTORS_INDEX_LIST,
    CONNECTORS_INDEX_CLEAN,
    CONNECTORS_INDEX_DELETE,
    CONNECTORS_JOB_START,
    CONNECTORS_JOB_LIST,
    CONNECTORS_JOB_VIEW,
    CONNECTORS_JOB_CANCEL,
};

struct connectors_args {
    enum connectors_command command;
    str config_path; // default .cli/config.yml
    str subject;     // the index, connector or job that the command is about
    str host;        // login
    bool api_key;    // login --method apikey
    str index_name, name, language, service_type, from_file;
    str service_config; // create --connector-service-config; default config.yml
    bool is_native, from_index, update_config;
    enum job_type job_type;
    bool json; // -o json
    bool require_seal;
    bool yes; // --yes: no confirmation is asked
};

// Arguments after the word `connectors`. OPTION_UNKNOWN, OPTION_COMMAND, OPTION_VALUE,
// OPTION_EXTRA, OPTION_NO_COMMAND; what is wrong stands in `detail`.
err connectors_args_parse(struct connectors_args *a, int argc, char **argv, struct buf *detail);

extern const char connectors_help[]; // fits 24 lines of 80 columns

#endif
