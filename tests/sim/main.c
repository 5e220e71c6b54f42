// SPDX-License-Identifier: Apache-2.0
// The command line of the simulation: one seed, many seeds, so many minutes, an enumeration. A
// process that crashes or hangs says which seed it was, like any other violation.
#define _GNU_SOURCE
#include <execinfo.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "enumerate.h"
#include "faults.h"
#include "sim.h"
#include "world.h"

#define SECONDS_MAX 120 // of real time for one seed

static struct {
    const char *program;
    u64 seed, first;
    i64 seeds, minutes;
    const struct scenario *scenario;
    u64 faults;
    const char *fault_list;
    bool trace, enumerate, twice, quiet;
} o = {.program = "build/sim", .first = 1};

static void usage(void)
{
    fprintf(stderr,
            "usage: sim --seed N [--scenario S] [--faults A,B] [--trace]\n"
            "       sim --seeds COUNT [--first N] | --minutes M    many; stops at a violation\n"
            "       sim --enumerate [--scenario S] [--seed N] [--faults A,B]\n"
            "scenarios:");
    for (int i = 0; scenario_at(i); i++) {
        fprintf(stderr, " %s", scenario_at(i)->name);
    }
    fprintf(stderr, "\nfaults:\n");
    for (int i = 0; i < FAULT_COUNT; i++) {
        fprintf(stderr, "  %-16s %s\n", fault_name((enum fault)i), fault_what((enum fault)i));
    }
    exit(2);
}

static void on_crash(int number)
{
    void *frames[40];
    int n = backtrace(frames, 40);
    backtrace_symbols_fd(frames, n, 2);
    sim_violation("signal %d (%s)", number,
                  number == SIGALRM ? "it does not come to an end" : strsignal(number));
}

static void catch_crashes(void)
{
    static const int numbers[] = {SIGSEGV, SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGABRT, SIGALRM};
    for (isize i = 0; i < COUNT(numbers); i++) {
        signal(numbers[i], on_crash);
    }
}

static void name_seed(u64 seed)
{
    char command[400];
    snprintf(command, sizeof(command), "%s --seed %llu%s%s%s%s", o.program,
             (unsigned long long)seed, o.scenario ? " --scenario " : "",
             o.scenario ? o.scenario->name : "", o.fault_list ? " --faults " : "",
             o.fault_list ? o.fault_list : "");
    sim_name_world(seed, command);
}

static u64 run_seed(u64 seed, bool trace)
{
    alarm(SECONDS_MAX);
    name_seed(seed);
    sim_trace_reset(trace);
    world_run(seed, o.scenario, o.faults, NULL);
    alarm(0);
    return sim_trace_hash();
}

static double seconds(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int one(void)
{
    u64 hash = run_seed(o.seed, o.trace);
    const struct world_stats *s = &world_stats;
    printf("seed %llu: trace %016llx, %lld runs (%lld completed, %lld failed, %lld stopped, "
           "%lld died), %.1f virtual s\n",
           (unsigned long long)o.seed, (unsigned long long)hash, (long long)s->runs,
           (long long)s->completed, (long long)s->failed, (long long)s->stopped, (long long)s->died,
           (double)s->virtual_us / 1e6);
    return 0;
}

static int many(void)
{
    double from = seconds(), until = from + (double)o.minutes * 60;
    u64 seed = o.first;
    for (; o.minutes ? seconds() < until : seed < o.first + (u64)o.seeds; seed++) {
        u64 hash = run_seed(seed, false);
        if (o.twice && run_seed(seed, false) != hash) {
            name_seed(seed);
            sim_violation("the same seed twice gives two traces");
        }
    }
    const struct world_stats *s = &world_stats;
    double took = seconds() - from;
    printf("%llu seeds from %llu, %lld runs (%lld completed, %lld failed, %lld stopped, %lld "
           "died): %.1f seeds/s, %.0f simulated hours per wall hour\n",
           (unsigned long long)(seed - o.first), (unsigned long long)o.first, (long long)s->runs,
           (long long)s->completed, (long long)s->failed, (long long)s->stopped, (long long)s->died,
           (double)(seed - o.first) / took, (double)s->virtual_us / 1e6 / took);
    return 0;
}

static u64 number_of(const char *text)
{
    u64 n;
    if (!text || !str_to_u64(str_from(text), &n)) {
        usage();
    }
    return n;
}

// true: the option takes a value.
static bool read_option(const char *name, const char *value)
{
    bool valued = true;
    if (strcmp(name, "--seed") == 0) {
        o.seed = number_of(value);
    } else if (strcmp(name, "--seeds") == 0) {
        o.seeds = (i64)number_of(value);
    } else if (strcmp(name, "--first") == 0) {
        o.first = number_of(value);
    } else if (strcmp(name, "--minutes") == 0) {
        o.minutes = (i64)number_of(value);
    } else if (strcmp(name, "--scenario") == 0) {
        o.scenario = value ? scenario_find(value) : NULL;
        if (!o.scenario) {
            usage();
        }
    } else if (strcmp(name, "--faults") == 0) {
        o.fault_list = value;
        if (!value || !faults_parse(value, &o.faults)) {
            usage();
        }
    } else {
        valued = false;
        if (strcmp(name, "--trace") == 0) {
            o.trace = true;
        } else if (strcmp(name, "--twice") == 0) {
            o.twice = true;
        } else if (strcmp(name, "--enumerate") == 0) {
            o.enumerate = true;
        } else {
            usage();
        }
    }
    return valued;
}

int main(int argc, char **argv)
{
    o.program = argv[0];
    for (int i = 1; i < argc; i++) {
        i += read_option(argv[i], i + 1 < argc ? argv[i + 1] : NULL);
    }
    catch_crashes();
    if (o.enumerate) {
        return enumerate_run(o.program, o.scenario, o.seed, o.faults);
    }
    return o.seeds || o.minutes ? many() : one();
}
