// SPDX-License-Identifier: Apache-2.0
// The observer of services: a model of connectors, schedules, jobs and of who works on them, fed by
// every request that Elasticsearch has carried out. It reads the double's documents, never the
// product's memory. Occurrences are its own reckoning (tests/unit/cron_oracle.h).
//
// What it says of one run is in README.md, "Service life".
#ifndef SIM_LIFE_OBSERVER_H
#define SIM_LIFE_OBSERVER_H

#include "life.h"
#include "../tenant/tenant.h"

void life_observer_world(struct tenant *t, const struct life_settings *s);

// ---- requests, in the midst of which the world does not move
void life_asked(const struct t_request *q);                                // before it is done
void life_answered(const struct t_request *q, const struct t_response *r); // ... and after
void life_disturbed(const struct t_request *q); // it was not done, or its answer will not come
void life_lost(void);                           // an answer was lost on its way, whichever
void life_rival_writes(const struct t_request *q);

// ---- what people do
void life_edited(const char *connector); // its record, its schedules: read anew
void life_canceled(str job);             // by the double's own _cancel
void life_demanded(void);                // a job was made
void life_weather(bool fair);            // from now on
void life_process_begins(int process);   // HOST_PROCESSES
void life_process_stopping(int process); // a signal came
void life_process_ends(int process, bool died, int exit_code, str log);

bool life_is_working(void); // some job runs

// ---- judgement
void life_check_schedules(void); // now and then: is anything overdue
void life_forget_jobs(void);     // old records are deleted
bool life_is_settled(void);      // no job waits or runs
void life_check_end(void);       // everything has come to rest
void life_check_idle(i64 seconds, int connectors);

struct life_counts { // of the whole world, for the command line
    i64 planned, jobs, claims, ended, freed, idle_ended, requests;
};
extern struct life_counts life_counts;

#endif
