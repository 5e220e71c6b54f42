// SPDX-License-Identifier: Apache-2.0
// `mailferry healthcheck`: asks a running service for GET /healthz, for the health checks of
// containers whose image has neither a shell nor curl.
#ifndef CLI_HEALTHCHECK_H
#define CLI_HEALTHCHECK_H

#include "cli/start.h"

// Exit status 0: healthy; 1: not, with a line on standard error; 2: config.yml names no
// service.listen, or cannot be read (then s->detail and *refused say why).
int healthcheck_run(struct start *s, const struct options *options, err *refused);

#endif
