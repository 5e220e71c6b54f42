// SPDX-License-Identifier: Apache-2.0
// build/badnet: a bad network on the loopback address. It stands before each port that --to names,
// hands bytes on in both directions, and spoils some connections, so that real sockets meet what
// the simulation makes up. One thread, one poll loop; the seed and the number of a connection
// decide its fault: none, or one of enum fault, in one direction, from one byte on.
//
// Bounds: CONNS_MAX connections, the others are closed at once; HELD bytes in each direction.
// Refused: targets that are not on this machine (they are given as ports of 127.0.0.1).
// The file --ready gets a line with the ports to connect to, in the order of --to. SIGTERM or
// SIGINT end it; then a line of JSON says how many connections and how many faults there were.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/types.h"

enum { CONNS_MAX = 256, TARGETS_MAX = 4, HELD = 16384, TICK_MS = 5, TRICKLED = 8192, PAUSES = 4 };

enum fault { CLEAN, DELAY, CUT, CORRUPT, HALF_CLOSE, TRICKLE, FAULTS };

static const char *const fault_names[FAULTS] = {
    [CLEAN] = "clean",     [DELAY] = "delay",           [CUT] = "cut",
    [CORRUPT] = "corrupt", [HALF_CLOSE] = "half_close", [TRICKLE] = "trickle",
};

// One direction of a connection. `fault` is CLEAN for the direction that is left alone.
struct way {
    int from, to; // descriptors
    enum fault fault;
    i64 at;            // the byte at which it happens
    i64 passed, taken; // bytes handed on, bytes read
    isize held;        // bytes read and not handed on
    i64 wake_ms;       // nothing is handed on before
    int pauses;
    isize trickle;    // bytes a tick
    bool ended, shut; // `from` has ended; `to` was told so
    bool dropping;    // what comes is thrown away
    bool struck;      // the fault has shown itself
    u8 bytes[HELD];
};

struct conn {
    bool open;
    struct way ways[2]; // client to server, server to client
};

struct net {
    u64 seed;
    int rates[FAULTS]; // percent of connections
    i64 delay_ms, skip_bytes, span_bytes;
    int targets[TARGETS_MAX], listeners[TARGETS_MAX], count;
    const char *ready;
    i64 accepted, refused;
    i64 chosen[FAULTS], struck[FAULTS];
    struct conn conns[CONNS_MAX];
};

static struct net net;
static volatile sig_atomic_t stopped;

static void stop(int signal)
{
    (void)signal;
    stopped = 1;
}

static i64 now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (i64)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

// splitmix64: every number of a connection follows from the seed and which connection it is.
static u64 roll(u64 *state)
{
    u64 z = *state += 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

static void die(const char *what)
{
    perror(what);
    exit(2);
}

// ---- one connection

// As many faults strike in the handshake and the heads as in bodies: the logarithm is even.
static i64 choose_byte(u64 *state)
{
    i64 top = 1;
    u64 doublings = 0;
    for (i64 n = net.span_bytes; n > 1; n /= 2) {
        doublings++;
    }
    for (u64 k = roll(state) % (doublings + 1); k; k--) {
        top *= 2;
    }
    return (i64)(roll(state) % (u64)top);
}

static void choose_fault(struct conn *c)
{
    u64 state = net.seed * 1000003 + (u64)net.accepted;
    int percent = (int)(roll(&state) % 100);
    struct way *w = &c->ways[roll(&state) % 2];
    for (int f = DELAY; f < FAULTS; f++) {
        if (percent < net.rates[f]) {
            w->fault = (enum fault)f;
            break;
        }
        percent -= net.rates[f];
    }
    w->at = net.skip_bytes + choose_byte(&state);
    w->trickle = 16 + (isize)(roll(&state) % 512);
    net.chosen[w->fault]++;
}

static int connect_to(int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((u16)port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) < 0 && errno != EINPROGRESS) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

static void accept_one(int listener, int target)
{
    int client = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client < 0) {
        return;
    }
    struct conn *c = net.conns;
    while (c < net.conns + CONNS_MAX && c->open) {
        c++;
    }
    int server = c < net.conns + CONNS_MAX ? connect_to(target) : -1;
    if (server < 0) {
        net.refused++;
        (void)close(client);
        return;
    }
    memset(c, 0, sizeof *c);
    c->open = true;
    c->ways[0].from = c->ways[1].to = client;
    c->ways[0].to = c->ways[1].from = server;
    choose_fault(c);
    net.accepted++;
}

static void close_conn(struct conn *c, bool reset)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    for (int i = 0; i < 2; i++) {
        if (reset) {
            (void)setsockopt(c->ways[i].from, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        }
        (void)close(c->ways[i].from);
    }
    c->open = false;
}

static void strike(struct way *w)
{
    net.struck[w->fault] += !w->struck;
    w->struck = true;
}

// Reads what fits. False: the connection is broken.
static bool fill(struct way *w)
{
    isize n = recv(w->from, w->bytes + w->held, (size_t)(HELD - w->held), 0);
    if (n < 0) {
        return errno == EAGAIN || errno == EINTR;
    }
    w->ended = n == 0;
    if (w->fault == CORRUPT && w->at >= w->taken && w->at < w->taken + n) {
        w->bytes[w->held + (w->at - w->taken)] ^= (u8)(1 << w->at % 8);
        strike(w);
    }
    w->taken += n;
    w->held = w->dropping ? 0 : w->held + n;
    return true;
}

// How many of the held bytes may go now; a fault that is due shows itself here.
// -1: the connection is to be reset.
static isize allowed(struct way *w, i64 now)
{
    i64 before = w->at - w->passed; // bytes that still go undisturbed
    if (w->fault == CLEAN || w->fault == CORRUPT || before >= w->held) {
        return w->held;
    }
    if (before > 0) {
        return (isize)before;
    }
    switch (w->fault) {
    case CUT:
        strike(w);
        return -1;
    case HALF_CLOSE:
        strike(w);
        w->dropping = true;
        w->held = 0;
        return 0;
    case DELAY:
        if (w->pauses == PAUSES) {
            return w->held;
        }
        strike(w);
        w->pauses++;
        w->at = w->passed + 1024;
        w->wake_ms = now + net.delay_ms;
        return 0;
    case TRICKLE:
        if (before < -TRICKLED) {
            return w->held;
        }
        strike(w);
        w->wake_ms = now + TICK_MS;
        return w->held < w->trickle ? w->held : w->trickle;
    case CLEAN:
    case CORRUPT:
    case FAULTS:
        break;
    }
    return w->held;
}

// Hands on what may go. False: the connection is to be reset.
static bool drain(struct way *w, i64 now)
{
    while (w->held && now >= w->wake_ms) {
        isize n = allowed(w, now);
        if (n < 0) {
            return false;
        }
        if (n == 0) {
            break;
        }
        isize sent = send(w->to, w->bytes, (size_t)n, MSG_NOSIGNAL);
        if (sent < 0) {
            return errno == EAGAIN || errno == EINTR || errno == ENOTCONN;
        }
        memmove(w->bytes, w->bytes + sent, (size_t)(w->held - sent));
        w->held -= sent;
        w->passed += sent;
    }
    if ((w->dropping || (w->ended && w->held == 0)) && !w->shut) {
        (void)shutdown(w->to, SHUT_WR);
        w->shut = true;
    }
    return true;
}

// ---- the loop

static int ask(struct pollfd *list, i64 now, i64 *wait_ms)
{
    int n = 0;
    for (int i = 0; i < net.count; i++) {
        list[n++] = (struct pollfd){.fd = net.listeners[i], .events = POLLIN};
    }
    for (int i = 0; i < CONNS_MAX; i++) {
        for (int k = 0; k < 2; k++) {
            const struct way *w = &net.conns[i].ways[k];
            const struct way *back = &net.conns[i].ways[!k];
            struct pollfd *p = &list[n++];
            *p = (struct pollfd){.fd = -1};
            if (!net.conns[i].open) {
                continue;
            }
            bool read = !w->ended && w->held < HELD;
            bool write = back->held && now >= back->wake_ms;
            if (back->held && now < back->wake_ms && back->wake_ms - now < *wait_ms) {
                *wait_ms = back->wake_ms - now;
            }
            p->fd = read || write ? w->from : -1;
            p->events = (short)((read ? POLLIN : 0) | (write ? POLLOUT : 0));
        }
    }
    return n;
}

static void serve(struct conn *c, const struct pollfd *two, i64 now)
{
    bool good = true;
    for (int k = 0; k < 2 && good; k++) {
        struct way *w = &c->ways[k];
        if (two[k].revents & (POLLIN | POLLHUP | POLLERR) && !w->ended && w->held < HELD) {
            good = fill(w);
        }
    }
    for (int k = 0; k < 2 && good; k++) {
        good = drain(&c->ways[k], now);
    }
    if (!good) {
        close_conn(c, true);
    } else if (c->ways[0].shut && c->ways[1].shut && c->ways[0].ended && c->ways[1].ended) {
        close_conn(c, false);
    }
}

static void turn(void)
{
    static struct pollfd list[TARGETS_MAX + 2 * CONNS_MAX];
    i64 wait_ms = 1000, now = now_ms();
    int n = ask(list, now, &wait_ms);
    if (poll(list, (nfds_t)n, (int)wait_ms) < 0) {
        return; // a signal
    }
    now = now_ms();
    for (int i = 0; i < CONNS_MAX; i++) {
        if (net.conns[i].open) {
            serve(&net.conns[i], list + net.count + 2 * i, now);
        }
    }
    for (int i = 0; i < net.count; i++) {
        if (list[i].revents & POLLIN) {
            accept_one(net.listeners[i], net.targets[i]);
        }
    }
}

// ---- start and end

static const char usage[] =
    "usage: badnet --to PORT... --ready FILE [--seed N] [--skip BYTES] [--span BYTES] [--delay-ms "
    "MS]\n"
    "  --delay P --cut P --corrupt P --half-close P --trickle P    percent of connections\n"
    "Faults strike behind the first --skip bytes (0), within --span bytes (262144).\n";

static bool read_option(const char *name, const char *value)
{
    static const char *const options[FAULTS] = {
        [CLEAN] = "--clean",     [DELAY] = "--delay",           [CUT] = "--cut",
        [CORRUPT] = "--corrupt", [HALF_CLOSE] = "--half-close", [TRICKLE] = "--trickle",
    };
    char *end;
    long long number = strtoll(value, &end, 10);
    if (strcmp(name, "--ready") == 0) {
        net.ready = value;
        return true;
    }
    if (*end || number < 0) {
        return false;
    }
    if (strcmp(name, "--to") == 0 && number > 0 && number < 65536 && net.count < TARGETS_MAX) {
        net.targets[net.count++] = (int)number;
        return true;
    }
    for (int f = DELAY; f < FAULTS; f++) {
        if (strcmp(name, options[f]) == 0) {
            net.rates[f] = (int)number;
            return number <= 100;
        }
    }
    i64 *place = strcmp(name, "--span") == 0       ? &net.span_bytes
                 : strcmp(name, "--skip") == 0     ? &net.skip_bytes
                 : strcmp(name, "--delay-ms") == 0 ? &net.delay_ms
                                                   : NULL;
    if (strcmp(name, "--seed") == 0) {
        net.seed = (u64)number;
    } else if (place) {
        *place = number;
    }
    return place || strcmp(name, "--seed") == 0;
}

static void listen_all(void)
{
    char line[128], path[4096];
    int used = 0;
    for (int i = 0; i < net.count; i++) {
        struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t n = sizeof a;
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0 || bind(fd, (struct sockaddr *)&a, n) < 0 || listen(fd, 128) < 0 ||
            getsockname(fd, (struct sockaddr *)&a, &n) < 0) {
            die("listen");
        }
        net.listeners[i] = fd;
        used += snprintf(line + used, sizeof line - (size_t)used, "%d%c", ntohs(a.sin_port),
                         i + 1 < net.count ? ' ' : '\n');
    }
    // Under another name first: whoever waits for the file finds it whole.
    (void)snprintf(path, sizeof path, "%s.new", net.ready);
    FILE *f = fopen(path, "w");
    if (!f || fputs(line, f) < 0 || fclose(f) != 0 || rename(path, net.ready) != 0) {
        die(net.ready);
    }
}

static void put_counts(const char *name, const i64 *counts)
{
    (void)printf(", \"%s\": {", name);
    for (int f = CLEAN; f < FAULTS; f++) {
        (void)printf("%s\"%s\": %lld", f ? ", " : "", fault_names[f], (long long)counts[f]);
    }
    (void)printf("}");
}

int main(int argc, char **argv)
{
    net.span_bytes = 262144;
    net.delay_ms = 200;
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc || !read_option(argv[i], argv[i + 1])) {
            (void)fputs(usage, stderr);
            return 2;
        }
    }
    if (net.count == 0 || !net.ready) {
        (void)fputs(usage, stderr);
        return 2;
    }
    struct sigaction act = {.sa_handler = stop};
    (void)sigaction(SIGTERM, &act, NULL);
    (void)sigaction(SIGINT, &act, NULL);
    listen_all();
    while (!stopped) {
        turn();
    }
    (void)printf("{\"seed\": %llu, \"connections\": %lld, \"refused\": %lld",
                 (unsigned long long)net.seed, (long long)net.accepted, (long long)net.refused);
    put_counts("chosen", net.chosen);
    put_counts("struck", net.struck);
    (void)printf("}\n");
    return 0;
}
