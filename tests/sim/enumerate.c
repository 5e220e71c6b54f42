// SPDX-License-Identifier: Apache-2.0
// The two loops of an enumeration; see enumerate.h.
#include "enumerate.h"

#include <stdio.h>
#include <unistd.h>

#include "faults.h"
#include "sim.h"

static i64 enumerate_kind(const char *program, const struct scenario *s, u64 seed, enum fault f)
{
    i64 runs = 0;
    for (int persistent = 0; persistent < 2; persistent++) {
        struct enumerated e = {.fault = f, .reached = true, .persistent = persistent};
        while (e.reached) {
            char command[300];
            e.n++;
            snprintf(command, sizeof(command),
                     "%s --enumerate --scenario %s --seed %llu --faults %s    (operation %lld%s)",
                     program, s->name, (unsigned long long)seed, fault_name(f), (long long)e.n,
                     persistent ? " and all after it" : "");
            sim_name_world(seed, command);
            alarm(120);
            sim_trace_reset(false);
            world_run(seed, s, (u64)1 << f, &e);
            runs++;
        }
    }
    return runs;
}

int enumerate_run(const char *program, const struct scenario *s, u64 seed, u64 kinds)
{
    i64 all = 0;
    s = s ? s : scenario_find("smallest");
    for (int f = 0; f < FAULT_COUNT; f++) {
        if (!kinds || (kinds >> f & 1)) {
            i64 runs = enumerate_kind(program, s, seed, (enum fault)f);
            printf("%-16s %lld runs\n", fault_name((enum fault)f), (long long)runs);
            all += runs;
        }
    }
    printf("%lld runs without a violation\n", (long long)all);
    return 0;
}
