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

// The machine has room for two processes of the product; all that follows is about the one that is
// selected, and so are the calls of os.h.
#define HOST_PROCESSES 2
void host_select(int process);
int host_selected(void);
// Two at once: instead of letting time pass in os_poll(), idle() is called, which comes back when
// the process may go on: when its wait is over, or somebody has written to it.
typedef void host_idle(void);
void host_share(host_idle *idle); // NULL: one, alone
i64 host_waits_until_us(void);    // 0: something is there for it already

// One run of the product. The jump buffer is where a dying process goes.
void host_run_begin(void);
jmp_buf *host_grave(void);
void host_run_end(void); // gives back all memory

str host_output(int fd); // 1 or 2: what was written in this run
// Bytes that the network had carried when standard output was last written.
void host_summary_bytes(i64 *in, i64 *out);
i64 host_stopped_us(void);     // when the first signal was due; -1: none was
i64 host_reserved_bytes(void); // address space that the product kept

void host_tell_stop(void); // SIGTERM
// Limits of patience (a busy loop, a circle of waits, a run without end).
void host_set_patience_s(i64 seconds);
void host_set_stop_s(i64 seconds); // from a signal to the end

// A pool that somebody else has used up, for a while; sim_pools.c.
void pools_step(void);
void pools_run_begin(void);
void pools_run_end(void);

#endif
