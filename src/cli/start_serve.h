// SPDX-License-Identifier: Apache-2.0
// Everything that `mailferry serve` makes before the seal: the destinations, one loop for all, a
// source for each connector that is pinged at the same time and for each job that runs at the same
// time, the jobs themselves, and the service over them. What one sync takes is taken once for each
// that may run at the same time.
#ifndef CLI_START_SERVE_H
#define CLI_START_SERVE_H

#include "cli/start.h"

// service.listen: an address of the loopback interface, with a port. false: it is none.
bool start_listen_address(str text, struct os_addr *out);

// The error's facts are in s->detail.
err start_serve(struct start *s, const struct options *options);

#endif
