// SPDX-License-Identifier: Apache-2.0
// Random streams, trace and violations; see sim.h. The generator is splitmix64.
#include "sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
    u64 state[SIM_STREAMS];
    u64 hash;
    bool print;
    u64 seed;
    char command[512];
} sim;

void sim_random_seed(u64 seed)
{
    for (int i = 0; i < SIM_STREAMS; i++) {
        sim.state[i] = seed * 0x9E3779B97F4A7C15u + (u64)(i + 1) * 0xD1B54A32D192ED03u;
        sim_random((enum sim_stream)i);
    }
}

u64 sim_random(enum sim_stream s)
{
    u64 x = sim.state[s] += 0x9E3779B97F4A7C15u;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    x = (x ^ x >> 27) * 0x94D049BB133111EBu;
    return x ^ x >> 31;
}

i64 sim_between(enum sim_stream s, i64 low, i64 high)
{
    return high <= low ? low : low + (i64)(sim_random(s) % (u64)(high - low + 1));
}

bool sim_one_in(enum sim_stream s, i64 n)
{
    return n > 0 && sim_random(s) % (u64)n == 0;
}

u64 sim_hash(str s)
{
    u64 h = 0xCBF29CE484222325u;
    isize i = 0;
    for (; i + 8 <= s.n; i += 8) {
        u64 word;
        memcpy(&word, s.p + i, sizeof(word));
        h = (h ^ word) * 0x9FB21C651E98DF25u;
        h ^= h >> 32;
    }
    for (; i < s.n; i++) {
        h = (h ^ s.p[i]) * 0x100000001B3u;
    }
    return h ^ (u64)s.n << 1;
}

void sim_trace_reset(bool print)
{
    sim.hash = 0;
    sim.print = print;
}

void sim_trace(const char *format, ...)
{
    char line[512];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    n = n < (int)sizeof(line) ? n : (int)sizeof(line) - 1;
    sim.hash = (sim.hash << 7 | sim.hash >> 57) ^ sim_hash(str_make(line, n));
    if (sim.print) {
        printf("%s\n", line);
    }
}

void sim_trace_bytes(const char *what, str bytes)
{
    if (sim.print) {
        printf("%s: %.*s", what, (int)bytes.n, bytes.p);
    }
    sim_trace("%s %td bytes %016llx", what, bytes.n, (unsigned long long)sim_hash(bytes));
}

u64 sim_trace_hash(void)
{
    return sim.hash;
}

void sim_name_world(u64 seed, const char *command)
{
    sim.seed = seed;
    snprintf(sim.command, sizeof(sim.command), "%s", command);
}

void sim_violation(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fflush(stdout);
    fprintf(stderr, "VIOLATION seed %llu: ", (unsigned long long)sim.seed);
    vfprintf(stderr, format, args);
    fprintf(stderr, "\nrepeat: %s\n", sim.command);
    va_end(args);
    fflush(stderr);
    _exit(3);
}
