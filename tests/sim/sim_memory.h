// SPDX-License-Identifier: Apache-2.0
// What sim_os.c wants of sim_memory.c.
#ifndef SIM_SIM_MEMORY_H
#define SIM_SIM_MEMORY_H

#include "sim_os.h"

void memory_free_all(void);

#endif
