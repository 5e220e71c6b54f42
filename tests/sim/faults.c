// SPDX-License-Identifier: Apache-2.0
// The plan of faults of one run; see faults.h.
#include "faults.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "sim.h"

static const struct {
    const char *name, *what;
} table[] = {
#define FAULT_ROW(NAME, name, what) {name, what},
    FAULT_TABLE(FAULT_ROW)
#undef FAULT_ROW
};
_Static_assert(COUNT(table) == FAULT_COUNT && FAULT_COUNT <= 64, "a bit each");

static struct {
    u64 mask;
    i64 one_in[FAULT_COUNT];
    i64 due[FAULT_COUNT];
    i64 until_us; // from then on the weather is fair
    enum fault only;
    i64 n, seen;
    bool persistent;
} plan = {.only = FAULT_NONE};

const char *fault_name(enum fault f)
{
    return table[f].name;
}

const char *fault_what(enum fault f)
{
    return table[f].what;
}

bool faults_parse(const char *list, u64 *mask)
{
    *mask = 0;
    str rest = str_from(list);
    while (rest.n) {
        str name;
        bool cut, known = false;
        rest = str_cut(rest, ',', &name, &cut);
        if (str_eq(name, S("all"))) {
            *mask = FAULT_ALL;
            known = true;
        }
        for (int i = 0; i < FAULT_COUNT; i++) {
            if (str_eq(name, str_from(table[i].name))) {
                *mask |= (u64)1 << i;
                known = true;
            }
        }
        if (!known && !str_eq(name, S("none"))) {
            return false;
        }
    }
    return true;
}

void faults_calm(void)
{
    memset(&plan, 0, sizeof(plan));
    plan.only = FAULT_NONE;
}

void faults_forever(void)
{
    plan.until_us = INT64_MAX;
}

void faults_enumerate(enum fault kind, i64 n, bool persistent)
{
    faults_calm();
    plan.mask = (u64)1 << kind;
    plan.only = kind;
    plan.n = n;
    plan.persistent = persistent;
    plan.until_us = INT64_MAX;
}

// What ends a process, or takes everything away, is asked for at each call.
static bool is_rare(int f)
{
    return f == FAULT_SIGTERM || f == FAULT_DEATH || f == FAULT_OUTAGE || f == FAULT_CLOCK ||
           f == FAULT_POOL_IDS || f == FAULT_POOL_ROSTER;
}

// Half of the allowed ones, from seldom to so often that little gets through.
void faults_by_chance(u64 allowed)
{
    faults_calm();
    bool few = sim_one_in(SIM_PLAN, 2);
    // Faults that came later draw nothing where they may not happen: old seeds stay what they were.
    for (int i = 0; i < FAULT_COUNT && (i <= FAULT_POOL_GZIP || allowed >> i); i++) {
        bool chosen = sim_one_in(SIM_PLAN, few ? 5 : 2);
        i64 one_in = (i64)2 << sim_between(SIM_PLAN, 0, 8);
        one_in = (one_in + sim_between(SIM_PLAN, 0, one_in)) * (is_rare(i) ? 20 : 1);
        if (chosen && (allowed >> i & 1)) {
            plan.mask |= (u64)1 << i;
            plan.one_in[i] = one_in;
        }
    }
    bool clears_up = !sim_one_in(SIM_PLAN, 3);
    i64 until_s = (i64)1 << sim_between(SIM_PLAN, 0, 10);
    plan.until_us = clears_up ? clock_now_us() + until_s * SIM_S : INT64_MAX;
}

bool fault_enabled(enum fault f)
{
    return (plan.mask >> f & 1) && clock_now_us() < plan.until_us;
}

bool fault_due(enum fault f)
{
    if (!(plan.mask >> f & 1)) {
        return false;
    }
    bool due;
    if (plan.only == f) {
        plan.seen++;
        // A pool that nobody ever gives back to would be waited for, rightly, for ever.
        bool pool = f >= FAULT_POOL_BUFFERS && f <= FAULT_POOL_GZIP;
        i64 last = !plan.persistent ? plan.n : pool ? plan.n + 50 : INT64_MAX;
        due = plan.seen >= plan.n && plan.seen <= last;
    } else {
        due = clock_now_us() < plan.until_us && sim_one_in(SIM_FAULTS, plan.one_in[f]);
    }
    if (due) {
        plan.due[f]++;
        sim_trace("%lld fault %s", (long long)clock_now_us(), table[f].name);
    }
    return due;
}

bool faults_reached(void)
{
    return plan.only != FAULT_NONE && plan.seen >= plan.n;
}

i64 faults_count(enum fault f)
{
    return plan.due[f];
}

void faults_put_counts(char *out, isize cap)
{
    isize n = 0;
    out[0] = 0;
    for (int i = 0; i < FAULT_COUNT && n < cap - 64; i++) {
        if (plan.due[i]) {
            n += snprintf(out + n, (size_t)(cap - n), "%s%s %lld", n ? ", " : "", table[i].name,
                          (long long)plan.due[i]);
        }
    }
}
