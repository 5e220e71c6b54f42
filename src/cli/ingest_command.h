// SPDX-License-Identifier: Apache-2.0
// What `elastic-ingest` does: the actions that only print, or the options of `serve` in its words
// (spec/configuration.md 6).
#ifndef CLI_INGEST_COMMAND_H
#define CLI_INGEST_COMMAND_H

#include "cli/ingest.h"
#include "cli/options.h"

#define INGEST_COMMAND_SERVES (-1)

// Fills *o for `serve` and says INGEST_COMMAND_SERVES; or an exit status, with what is to be
// printed in `out`: on standard output for 0, else on standard error.
int ingest_command(struct options *o, int argc, char **argv, struct buf *out);

#endif
