// SPDX-License-Identifier: Apache-2.0
// A process that died within TLS leaves its hook for allocations set: it is forgotten here.
#ifndef SIM_SIM_TLS_RESET_H
#define SIM_SIM_TLS_RESET_H

void sim_tls_reset(void);

#endif
