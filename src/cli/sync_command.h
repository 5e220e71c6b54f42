// SPDX-License-Identifier: Apache-2.0
// `mailferry sync`: one sync, from the seal to the summary.
#ifndef CLI_SYNC_COMMAND_H
#define CLI_SYNC_COMMAND_H

#include "cli/start.h"

// After start_all(). The result is the exit code: 0 done, 1 the work failed, 75 stopped by a signal
// or told to come back.
int sync_command_run(struct start *s);

#endif
