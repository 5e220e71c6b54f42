// SPDX-License-Identifier: Apache-2.0
// The command line of the simulation: one seed, many seeds, so many minutes, an enumeration. A
// process that crashes or hangs says which seed it was, like any other violation.
#define _GNU_SOURCE
#include <execinfo.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "enumerate.h"
#include "faults.h"
#include "life_observer.h"
#include "sim.h"
#include "world.h"

#define SECONDS_MAX 120         // of real time for one seed
#define SERVICE_SECONDS_MAX 900 // ... of a service: a busy machine is patient
#define JOBS_MAX 64

static struct {
    const char *program;
    u64 seed, first;
    i64 seeds, minutes;
    int jobs;
    const struct scenario *scenario;
    u64 faults;
    const char *fault_list;
    bool trace, enumerate, twice;
} o = {.program = "build/sim", .first = 1, .jobs = 1};

static void usage(void)
{
    fprintf(stderr, "usage: sim --seed N [--scenario S] [--faults A,B] [--trace]\n"
                    "       sim --seeds COUNT | --minutes M [--first N] [--jobs J] [--twice]\n"
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
    bool service = o.scenario && (strncmp(o.scenario->name, "service", 7) == 0 ||
                                  strncmp(o.scenario->name, "graph_limits", 12) == 0);
    alarm(service ? SERVICE_SECONDS_MAX : SECONDS_MAX);
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
    const struct world_figure *f = &world_figure;
    if (f->requests > 0) {
        printf(
            "Graph: %lld requests to %lld mailboxes and %lld refusals in %.1f s; its limits, its "
            "latency and the lanes allow %.1f s: %.1f %%\n",
            (long long)f->requests, (long long)f->mailboxes, (long long)f->refused,
            (double)f->took_us / 1e6, (double)f->least_us / 1e6,
            100.0 * (double)f->least_us / (double)f->took_us);
    }
    const struct life_counts *l = &life_counts;
    if (l->requests > 0) {
        printf("service: %lld requests, %lld occurrences planned, %lld jobs, %lld claims, %lld "
               "ends, %lld of them by clean-ups; %lld connectors set free\n",
               (long long)l->requests, (long long)l->planned, (long long)l->jobs,
               (long long)l->claims, (long long)l->ended, (long long)l->idle_ended,
               (long long)l->freed);
    }
    return 0;
}

// The seeds first, first + step, ...; as many as asked for, or until the time is up.
static i64 run_share(u64 first, u64 step, double until)
{
    i64 count = 0;
    u64 seed = first;
    for (; o.minutes ? seconds() < until : seed < o.first + (u64)o.seeds; seed += step) {
        u64 hash = run_seed(seed, o.trace);
        if (o.twice && run_seed(seed, o.trace) != hash) {
            name_seed(seed);
            sim_violation("the same seed twice gives two traces");
        }
        count++;
    }
    return count;
}

struct report {
    i64 seeds;
    struct world_stats stats;
};

static void add_report(struct report *all, const struct report *one_share)
{
    const struct world_stats *s = &one_share->stats;
    all->seeds += one_share->seeds;
    all->stats.runs += s->runs;
    all->stats.completed += s->completed;
    all->stats.failed += s->failed;
    all->stats.stopped += s->stopped;
    all->stats.died += s->died;
    all->stats.virtual_us += s->virtual_us;
}

static int child(int i, int out, double until)
{
    struct report r = {.seeds = run_share(o.first + (u64)i, (u64)o.jobs, until)};
    r.stats = world_stats;
    return write(out, &r, sizeof(r)) == (ssize_t)sizeof(r) ? 0 : 1;
}

// A process for each core; the first violation ends them all.
static int many(void)
{
    double from = seconds(), until = from + (double)o.minutes * 60;
    pid_t pids[JOBS_MAX];
    int pipes[2], failed = 0;
    struct report all = {0}, r;
    if (pipe(pipes) != 0) {
        return 1;
    }
    for (int i = 0; i < o.jobs; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            _exit(child(i, pipes[1], until));
        }
    }
    close(pipes[1]);
    for (int left = o.jobs; left > 0; left--) {
        int status = 0;
        pid_t ended = wait(&status);
        for (int i = 0; i < o.jobs && status && !failed; i++) {
            if (pids[i] != ended) {
                kill(pids[i], SIGKILL);
            }
        }
        failed = failed || status != 0;
    }
    while (read(pipes[0], &r, sizeof(r)) == (ssize_t)sizeof(r)) {
        add_report(&all, &r);
    }
    double took = seconds() - from;
    const struct world_stats *s = &all.stats;
    printf(
        "%lld seeds from %llu on %d cores, %lld runs (%lld completed, %lld failed, %lld stopped, "
        "%lld died): %.1f seeds/s, %.0f simulated hours per wall hour\n",
        (long long)all.seeds, (unsigned long long)o.first, o.jobs, (long long)s->runs,
        (long long)s->completed, (long long)s->failed, (long long)s->stopped, (long long)s->died,
        (double)all.seeds / took, (double)s->virtual_us / 1e6 / took);
    return failed ? 3 : 0;
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
    } else if (strcmp(name, "--jobs") == 0) {
        o.jobs = (int)number_of(value);
        o.jobs = o.jobs < 1 ? 1 : o.jobs > JOBS_MAX ? JOBS_MAX : o.jobs;
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
