// SPDX-License-Identifier: Apache-2.0
// Faults of Entra ID and Microsoft Graph: what is set up before the tenant answers, and what is
// done to its answer. Errors are the tenant's own, set as its control port would.
#ifndef SIM_FAR_CLOUD_H
#define SIM_FAR_CLOUD_H

#include "far_request.h"
#include "observer_book.h"

struct world;

void cloud_begin(const struct world *w); // limits of Graph
// What was asked of Graph, and the time that its limits and latency, and the lanes, need for that;
// a violation, if the run took much longer.
void cloud_figure(const struct world *w, i64 took_us);
void cloud_calm(void);         // nothing of it is left
void cloud_grant(bool enough); // other permissions than before; enough: for one way
enum exchange_way cloud_way(const char *backend); // that a run with a new token goes
void cloud_before(const struct t_request *q);
// `damaged`: the answer cannot be used.
void cloud_after(const struct t_request *q, struct t_response *r, bool *damaged);
void cloud_put_status(const struct t_request *q, struct t_response *r, int status);

#endif
