// SPDX-License-Identifier: Apache-2.0
// `mailferry serve`: the connector service until a signal comes. Exit status 0 after SIGINT or
// SIGTERM, 1 when the preflight failed or there were too many errors.
#ifndef CLI_SERVE_COMMAND_H
#define CLI_SERVE_COMMAND_H

#include "cli/start.h"

int serve_command_run(struct start *s); // the exit status

#endif
