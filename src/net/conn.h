// SPDX-License-Identifier: Apache-2.0
// One connection: a socket with what it takes to open it (look-up, TCP, proxy, TLS), to move bytes
// through it, and one exchange at a time on top of it (conn_talk.h). Belongs to the loop.
//
// conn.c is the only file that moves bytes of an exchange between the system and memory. Nothing
// here waits: a step does what can be done now, and says what to wait for.
#ifndef NET_CONN_H
#define NET_CONN_H

#include "limits.h"
#include "net/conn_exchange.h"
#include "net/loop.h"
#include "net/tls.h"

enum conn_state {
    CONN_FREE,
    CONN_RESOLVE,
    CONN_CONNECT,
    CONN_PROXY_SEND,
    CONN_PROXY_HEAD,
    CONN_START_TLS_SEND,
    CONN_START_TLS_READ,
    CONN_TLS,
    CONN_SEND, // from here on an exchange is under way
    CONN_HEAD,
    CONN_BODY,
    CONN_AUTH_SEND, // a login goes before its request (conn_auth.h)
    CONN_AUTH_HEAD,
    CONN_AUTH_BODY,
    CONN_STREAM, // no HTTP
    CONN_DRAIN,  // the exchange is over, the rest of its answer is read and dropped
    CONN_IDLE,
};

struct conn {
    enum conn_state state;
    int index;
    int task; // that it works for; -1: none
    const struct dest *dest;
    int key; // dest->index; -1: not to be kept
    int fd;
    struct dns_query *query; // lent from the pool
    struct os_addr addrs[DNS_ADDRS_MAX];
    int addr_count, addr_next;
    struct tls_conn *tls;
    bool tls_open;
    bool readable, writable; // as poll() said, until a call contradicts it
    bool want_write;         // of the handshake
    bool asked;              // for StartTLS
    bool kept;               // it has carried an exchange before
    struct http_auth *auth;  // of the dest
    u32 identity;            // of auth, when it was opened; 0: none
    bool authenticated;      // by NTLM: requests carry no credential any more
    bool probing;            // it finds out whether auth is good: the only one at that time
    u32 auth_epoch;          // of auth, when the credential was sent
    i64 deadline_ms;         // of opening, or of idling
    i64 addr_deadline_ms;    // of the address that is being tried
    i64 used_ms;             // when its last exchange ended
    u8 *in;                  // CONN_IN_BYTES, decrypted
    isize in_from, in_to;
    struct buf out; // plain connections: what the socket has not taken yet
    isize out_sent;
    int echo;                // of the request under way: the digit of its X-Opaque-Id
    int poll_at, poll_count; // its places in the list of this turn
    struct loop_stats *stats;
    err error; // why it failed
    u8 facts_bytes[CONN_FACTS_BYTES];
    struct buf facts;
    struct talk talk;
    struct talk_outcome outcome;
};

// What connections share.
struct conn_env {
    const struct loop_settings *settings;
    struct tls_global *tls;
    struct dns_query *resolvers; // CONN_RESOLVERS
    bool resolver_used[CONN_RESOLVERS];
    struct conn_inflater inflaters[GZIP_READERS];
    struct buf compose; // CONN_OUT_BYTES: where requests are put together
    struct http_head head;
    bool progress; // something happened in this turn that others may wait for
};

enum conn_result { CONN_WORKING, CONN_READY, CONN_FAILED };

// Begins to open a connection (state RESOLVE). conn_step() goes on until READY or FAILED, then see
// conn->error and conn->facts.
void conn_open(struct conn_env *env, struct conn *conn, const struct dest *dest, i64 now_ms);
enum conn_result conn_step(struct conn_env *env, struct conn *conn, i64 now_ms);
void conn_close(struct conn_env *env, struct conn *conn); // at any time; state FREE, memory wiped
// Between exchanges nothing of the last one stays: answers hold tokens, requests passwords.
void conn_wipe_idle(struct conn *conn);
void conn_wipe_inflater(struct conn_inflater *inflater);          // given back
void conn_release_probe(struct conn_env *env, struct conn *conn); // others may log in now

// Fills the list with what it waits for; returns the number of entries.
int conn_poll(const struct conn *conn, struct os_poll *list, int cap);

// Adds received bytes behind in[in_to): their number, 0 = closed, OS_AGAIN, OS_BROKEN. There must
// be room, or bytes before in_from.
isize conn_fill(struct conn *conn);
str conn_in(const struct conn *conn);
bool conn_was_cut(const struct conn *conn); // closed without the ending of TLS

// put: takes all of `s` (at most CONN_OUT_BYTES) when nothing waits to be flushed. send: as much of
// `s` as goes now. Both and flush: OS_BROKEN when the connection is gone.
isize conn_put(struct conn *conn, str s);
isize conn_send(struct conn *conn, str s);
isize conn_flush(struct conn *conn);           // bytes still waiting: 0 = all is on its way
bool conn_is_flushed(const struct conn *conn); // nothing waits, and nothing is tried

void conn_set_error(struct conn *conn, err e, str fact); // the first one sticks

#endif
