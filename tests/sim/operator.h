// SPDX-License-Identifier: Apache-2.0
// Kibana and whoever sits before it: makes connectors, fills in their configuration as soon as the
// service has registered it, turns schedules on, edits and spoils them, asks for syncs, cancels
// them, deletes connectors. Everything is told to the observer.
#ifndef SIM_OPERATOR_H
#define SIM_OPERATOR_H

#include "life.h"
#include "../tenant/tenant.h"

void operator_begin(struct tenant *t, const struct life_settings *s);
void operator_end(void); // all schedules are turned off, and nothing is edited any more

#endif
