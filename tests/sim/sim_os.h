// SPDX-License-Identifier: Apache-2.0
// What stands behind the fake os.h: files and variables of the world, what the product wrote, and
// its death. The functions of os.h themselves are in sim_os.c and sim_memory.c.
#ifndef SIM_SIM_OS_H
#define SIM_SIM_OS_H

#include <setjmp.h>

#include "os/os.h"
#include "../tenant/t_mem.h"

void host_reset(void); // a new world: no files, no variables
void host_put_file(const char *path, str text);
void host_put_env(const char *assignment);

// One run of the product. The jump buffer is where a dying process goes.
void host_run_begin(void);
extern jmp_buf host_grave;
void host_run_end(void); // gives back all memory

str host_output(int fd); // 1 or 2: what was written in this run
// Bytes that the network had carried when standard output was last written.
void host_summary_bytes(i64 *in, i64 *out);
i64 host_stopped_us(void);     // when the first signal was due; -1: none was
i64 host_reserved_bytes(void); // address space that the product kept

// Limits of patience (a busy loop, a circle of waits, a run without end).
void host_set_patience_s(i64 seconds);

// A pool that somebody else has used up, for a while; sim_pools.c.
void pools_step(void);
void pools_run_begin(void);
void pools_run_end(void);

#endif
