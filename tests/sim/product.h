// SPDX-License-Identifier: Apache-2.0
// The product, run whole from its main(), and what can be seen of it when it has ended.
#ifndef SIM_PRODUCT_H
#define SIM_PRODUCT_H

#include "base/str.h"

struct product_end {
    bool died;
    int exit_code;
};

struct product_end product_run(bool full);
// After a run that ended by itself: every pool is back, memory is below its plan, secrets are gone.
void product_check(void);

// `mailferry serve`, as the process that is selected (sim_os.h), until it ends.
struct product_end product_serve(void);
// `in_peace`: it was not told to hurry, so that nothing may be left in its buffers.
void product_check_service(bool in_peace);

// What a running service holds; between two rounds it is always the same.
struct product_levels {
    isize carved;
    i64 reserved, rounds;
    int connections, known;                 // open ones; connectors in the registry
    int readers, resolvers, sources, syncs; // in use; syncs: with lanes, buffers or flights
    bool busy;                              // a request is under way
};
struct product_levels product_levels(void);

// Of the loop under way, for sim_pools.c; NULL: there is none.
struct conn_env *product_env(void);

#endif
