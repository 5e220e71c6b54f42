// SPDX-License-Identifier: Apache-2.0
// What all files of the simulation share: one seed's random streams, the trace and its hash, and
// how a violation ends the run. One seed is one world: a tenant, a network, a clock, and one to a
// few runs of the whole product in it. Nothing here may depend on an address, on real time, or on
// the order of a hash table, so that the same seed gives the same trace.
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include "../tenant/t_mem.h"

// ---- random numbers: a stream of its own for each purpose, so that one does not shift another
enum sim_stream {
    SIM_PLAN,    // the scenario: sizes, settings, which faults, how often
    SIM_NET,     // latencies, cuts between segments
    SIM_FAULTS,  // whether a fault is due
    SIM_CHURN,   // what the tenant's people do
    SIM_ENTROPY, // what the product draws
    SIM_FAR,     // what the far side draws
    SIM_STREAMS,
};

void sim_random_seed(u64 seed);
u64 sim_random(enum sim_stream s);
i64 sim_between(enum sim_stream s, i64 low, i64 high); // both included
bool sim_one_in(enum sim_stream s, i64 n);             // never when n <= 0

// ---- the trace: every call of the product into os.h with its result, and what the far side heard
__attribute__((format(printf, 1, 2))) void sim_trace(const char *format, ...);
void sim_trace_bytes(const char *what, str bytes); // by their hash
void sim_trace_reset(bool print);
u64 sim_trace_hash(void);
u64 sim_hash(str s);

// ---- violations
// The world is wrong: says it with the command that repeats it, and ends the seed.
__attribute__((format(printf, 1, 2))) _Noreturn void sim_violation(const char *format, ...);
void sim_name_world(u64 seed, const char *command); // for that command

#endif
