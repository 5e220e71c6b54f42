// SPDX-License-Identifier: Apache-2.0
// The life of services: one or two processes of `mailferry serve` for days, with people who make
// and edit connectors, ask for syncs and cancel them, stop and kill processes, and with weather.
// The last part of each world is calm: then every job must come to its end.
#ifndef SIM_LIFE_H
#define SIM_LIFE_H

#include "base/types.h"

#define LIFE_CONNECTORS_MAX 128

struct life_settings {
    bool on;
    int connectors, processes;
    i64 seconds;      // until the calm end
    i64 start_unix_s; // 0: as every world
    int idling_s, heartbeat_s, cleanup_s, contents, accesses, visits;
    bool api, platinum;
    // How often people and weather do something: every so many seconds on an average; 0: never.
    i64 storm_s, outage_s, kill_s, stop_s, edit_s, cancel_s, demand_s, delete_s, spoil_s;
    bool idle;    // nothing is ever due: requests are counted
    bool outlook; // connectors of Exchange, on-premises and Online in turn
    bool leap;    // schedules for 29 February and the turn of months
};

struct world;
void life_run(const struct world *w, u64 storm_faults);

#endif
