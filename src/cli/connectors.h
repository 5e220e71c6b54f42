// SPDX-License-Identifier: Apache-2.0
// `mailferry connectors ...`: what the command line of the replaced service does with connectors,
// indices and jobs (spec/configuration.md 7). Prompts and files come first, then the seal, then one
// request after the other. Exit status 0 done, 1 failed, 2 wrong use.
#ifndef CLI_CONNECTORS_H
#define CLI_CONNECTORS_H

#include "cli/start.h"

// `argv` is what stands after the word `connectors`. *s is empty; it is the caller's because it is
// too large for the stack.
int connectors_run(struct start *s, int argc, char **argv);

#endif
