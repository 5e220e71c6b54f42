// SPDX-License-Identifier: Apache-2.0
// The loop: one thread, one poll(). It owns the table of tasks (machines under way) and the table
// of connections (resolve, connect, proxy, TLS, send, head, body, idle), lends a kept-alive
// connection to a request, gives each exchange its deadlines, retries by policy, and counts.
//
// Each turn: wait for events, move every connection, then ask every waiting machine again, because
// whatever one machine did may be what another waits for; a machine's next() is therefore cheap.
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include "base/plan.h"
#include "net/dns.h"
#include "net/exchange.h"
#include "net/tls.h"
#include "os/os.h"

struct log;
struct loop;

// How far a connection came that was opened: for who shows each hop of the way (`check`).
enum loop_stage {
    LOOP_STAGE_NAME,
    LOOP_STAGE_TCP,
    LOOP_STAGE_PROXY,
    LOOP_STAGE_START_TLS,
    LOOP_STAGE_TLS,
    LOOP_STAGE_OPEN,
};

struct loop_opening {
    const struct dest *dest;
    enum loop_stage stage;              // where it failed; LOOP_STAGE_OPEN: it did not
    int addresses;                      // of the name
    struct os_addr address;             // the one that was tried last; from LOOP_STAGE_TCP on
    const char *tls_version;            // "" without TLS; with LOOP_STAGE_OPEN only, as the next
    struct tls_certificate certificate; // not_after_s 0: none was shown
};

struct loop_observer {
    void (*opened)(void *st, const struct loop_opening *opening); // each attempt, before its result
    void *st;
};

struct loop_settings {
    int tasks;       // machines at the same time
    int connections; // sockets at the same time, idle ones included; with fewer than tasks,
                     // machines that wait for one another can wait forever
    const struct dns_config *dns;
    i64 connect_timeout_ms; // name, TCP, proxy and TLS together
    i64 idle_timeout_ms;    // between two bytes of an answer
    i64 keep_alive_ms;      // an idle connection is closed after this
    str user_agent;
    struct log *log;  // where retries are told; NULL: nowhere
    int attempts_max; // of any request, whatever its policy allows; 0: as that says
    const struct loop_observer *observer; // NULL: nobody
};

struct loop_stats {
    i64 requests, retries, connects, resumed; // TLS sessions resumed
    i64 bytes_in, bytes_out;                  // on the wire
    i64 retry_wait_ms;
    i64 retries_by[ERR_CODE_COUNT]; // by reason
};

struct loop *loop_init(struct plan *plan, const struct loop_settings *settings);

// Adds a machine; it is asked at the next turn. `st` belongs to the caller and must outlive the
// task. Returns a handle, or -1 when the table is full.
int loop_add(struct loop *loop, const struct machine_ops *ops, void *st);
bool loop_is_active(const struct loop *loop, int task);
void loop_cancel(struct loop *loop,
                 int task); // drops its exchange; neither end() nor fail() is called
int loop_active_count(const struct loop *loop);

// One turn, waiting at most max_wait_ms for an event. `extra_fd` (or -1) is watched too; the result
// says whether it became readable.
bool loop_turn(struct loop *loop, i64 max_wait_ms, int extra_fd);

// Further descriptors of the caller's, at most LOOP_WATCH_MAX, for the turns that follow: each turn
// fills in what happened to them. They stay the caller's.
void loop_watch(struct loop *loop, struct os_poll *extra, int count);

void loop_close(struct loop *loop); // closes every connection, wipes their memory
const struct loop_stats *loop_stats(const struct loop *loop);

#endif
