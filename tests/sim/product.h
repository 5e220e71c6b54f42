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

// Of the loop under way, for sim_pools.c; NULL: there is none.
struct conn_env *product_env(void);

#endif
