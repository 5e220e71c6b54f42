// SPDX-License-Identifier: Apache-2.0
// The tenant's server; see server.h.
#define _GNU_SOURCE
#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "ldap.h"
#include "tls.h"

#define CONNS_MAX 1024
#define RECORD_BYTES 16384
#define LINGER_MS 2000
#define FOREVER ((i64)1 << 60)

enum phase {
    PHASE_FREE,
    PHASE_HANDSHAKE,
    PHASE_REQUEST,
    PHASE_RESPONSE,
    PHASE_LINGER,
    PHASE_LDAP, // bytes instead of requests
};

struct conn {
    enum phase phase;
    int fd;
    enum t_service service;
    struct t_session tls;
    struct t_link link;
    struct ldap *ldap;        // NULL: HTTP
    struct t_buf ldap_out;    // not in the session yet
    enum ldap_next ldap_next; // once that has left
    struct t_reader reader;
    struct t_request request;
    struct t_response response;
    bool handling; // the response belongs to the model until tenant_done()
    u8 *staged;    // one record of the response
    isize staged_at, staged_n;
    bool read_out;              // nothing more comes from the response
    i64 due_ms, begun_ms, sent; // plain bytes of the response
    i64 active_ms, requests, linger_until_ms;
    bool eof;
};

static struct {
    int listeners[T_SERVICES];
    struct conn conns[CONNS_MAX];
    struct pollfd polls[CONNS_MAX + T_SERVICES];
    volatile sig_atomic_t stop;
} server;

static void on_signal(int number)
{
    (void)number;
    server.stop = 1;
}

static i64 clock_ms(clockid_t clock)
{
    struct timespec ts;
    clock_gettime(clock, &ts);
    return (i64)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int listen_on(int *port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int one = 1;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)*port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t n = sizeof(a);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0 || listen(fd, 512) != 0 ||
        getsockname(fd, (struct sockaddr *)&a, &n) != 0) {
        fprintf(stderr, "tenant: port %d: %s\n", *port, strerror(errno));
        return -1;
    }
    *port = ntohs(a.sin_port);
    return fd;
}

bool server_open(struct server_options *options)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < T_SERVICES; i++) {
        server.listeners[i] = listen_on(&options->ports[i]);
        if (server.listeners[i] < 0) {
            return false;
        }
    }
    return true;
}

// ---- one connection
// ------------------------------------------------------------------------------

static void finish_response(struct tenant *t, struct conn *c)
{
    if (c->handling) {
        tenant_done(t, &c->response);
        c->handling = false;
    }
}

static void conn_close(struct tenant *t, struct conn *c, bool reset)
{
    struct linger hard = {.l_onoff = 1, .l_linger = 0};
    if (reset) {
        setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
    }
    if (c->phase == PHASE_HANDSHAKE) {
        tenant_net_stats(t)->failed_handshakes++;
    }
    finish_response(t, c);
    tls_session_free(&c->tls);
    t_reader_free(&c->reader);
    t_link_free(&c->link);
    t_ldap_free(c->ldap);
    t_buf_free(&c->ldap_out);
    t_free(c->staged);
    close(c->fd);
    tenant_net_stats(t)->open--;
    c->phase = PHASE_FREE;
}

static void conn_open(struct tenant *t, const struct server_options *o, int fd,
                      enum t_service service)
{
    int one = 1;
    struct conn *c = NULL;
    for (int i = 0; i < CONNS_MAX && !c; i++) {
        c = server.conns[i].phase == PHASE_FREE ? &server.conns[i] : NULL;
    }
    if (!c) {
        close(fd);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    bool plain = service != T_LDAPS && (o->plain || service == T_CONTROL || service == T_LDAP);
    bool directory = service == T_LDAP || service == T_LDAPS;
    *c = (struct conn){.fd = fd, .service = service, .active_ms = clock_ms(CLOCK_MONOTONIC)};
    c->phase = !plain ? PHASE_HANDSHAKE : directory ? PHASE_LDAP : PHASE_REQUEST;
    c->link.tls = !plain;
    c->ldap = directory ? t_ldap_open(t, &c->link) : NULL;
    c->staged = t_alloc(RECORD_BYTES);
    tls_session_open(&c->tls, plain);
    tenant_net_stats(t)->connections++;
    tenant_net_stats(t)->open++;
}

// false: the connection is gone.
static bool receive(struct tenant *t, struct conn *c)
{
    struct t_session *s = &c->tls;
    if (s->rx_at < s->rx_n) {
        return true;
    }
    ssize_t n = recv(c->fd, s->rx, TLS_RX_BYTES, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return true;
    }
    if (n <= 0) {
        return false;
    }
    s->rx_at = 0;
    s->rx_n = n;
    tenant_net_stats(t)->bytes_in += n;
    return true;
}

static bool flush(struct tenant *t, struct conn *c)
{
    struct t_session *s = &c->tls;
    while (s->tx_at < s->tx_n) {
        ssize_t n = send(c->fd, s->tx + s->tx_at, (size_t)(s->tx_n - s->tx_at), 0);
        if (n < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        s->tx_at += n;
        tenant_net_stats(t)->bytes_out += n;
    }
    s->tx_at = 0;
    s->tx_n = 0;
    return true;
}

static void begin_linger(struct conn *c, i64 now)
{
    tls_say_close(&c->tls);
    c->phase = PHASE_LINGER;
    c->linger_until_ms = now + LINGER_MS;
}

static void handle(struct tenant *t, const struct server_options *o, struct conn *c, i64 now)
{
    c->request.service = c->service;
    c->request.link = &c->link;
    tenant_handle(t, &c->request, &c->response, clock_ms(CLOCK_REALTIME));
    c->handling = true;
    c->requests++;
    if (o->max_requests > 0 && c->requests >= o->max_requests) {
        c->response.close = true;
    }
    c->phase = PHASE_RESPONSE;
    c->due_ms = now + c->response.delay_ms;
    c->begun_ms = c->due_ms;
    c->sent = 0;
    c->staged_n = c->staged_at = 0;
    c->read_out = false;
}

static void handle_bad(struct conn *c, i64 now)
{
    t_response_init(&c->response);
    c->response.status = 400;
    c->response.close = true;
    t_buf_printf(&c->response.own, "bad request: %s\n", c->reader.error);
    t_response_header(&c->response, "Content-Type: text/plain");
    fprintf(stderr, "tenant: bad request: %s\n", c->reader.error);
    c->phase = PHASE_RESPONSE;
    c->due_ms = c->begun_ms = now;
    c->sent = 0;
    c->staged_n = c->staged_at = 0;
    c->read_out = false;
    c->handling = true; // so that the response is freed
}

// Reads what is there until a request is whole. false: gone.
static bool read_request(struct tenant *t, const struct server_options *o, struct conn *c, i64 now)
{
    static const u8 interim[] = "HTTP/1.1 100 Continue\r\n\r\n";
    for (;;) {
        enum t_read state = t_reader_next(&c->reader, tenant_body_limit(t, c->service),
                                          &c->request);
        if (state == T_READ_DONE) {
            handle(t, o, c, now);
            return true;
        }
        if (state == T_READ_BAD) {
            handle_bad(c, now);
            return true;
        }
        if (c->reader.wants_continue &&
            tls_write(&c->tls, interim, (isize)sizeof(interim) - 1) > 0) {
            c->reader.wants_continue = false;
        }
        u8 *at = t_buf_grab(&c->reader.in, RECORD_BYTES);
        isize n = tls_read(&c->tls, at, RECORD_BYTES);
        c->reader.in.n -= RECORD_BYTES - (n > 0 ? n : 0);
        if (n <= 0) {
            return n == T_TLS_MORE;
        }
        c->active_ms = now;
    }
}

// How many bytes of the response may be sent by now.
static i64 allowance(const struct conn *c, i64 now)
{
    const struct t_response *r = &c->response;
    i64 n = FOREVER;
    if (r->rate_bytes_s > 0) {
        n = (now - c->begun_ms + 20) * r->rate_bytes_s / 1000 - c->sent;
    }
    if (r->cut_after >= 0 && r->cut_after - c->sent < n) {
        n = r->cut_after - c->sent;
    }
    return n;
}

// Moves the response into the session. false: the connection fails.
static bool write_response(struct conn *c, i64 now)
{
    while (!c->read_out && c->tls.tx_n < TLS_TX_BYTES - 2 * RECORD_BYTES) {
        if (c->staged_at == c->staged_n) {
            i64 may = allowance(c, now);
            isize cap = may < RECORD_BYTES ? (isize)may : RECORD_BYTES;
            if (cap <= 0) {
                return true;
            }
            c->staged_at = 0;
            c->staged_n = t_response_read(&c->response, c->staged, cap);
            c->sent += c->staged_n;
            c->read_out = c->staged_n == 0;
            continue;
        }
        isize n = tls_write(&c->tls, c->staged + c->staged_at, c->staged_n - c->staged_at);
        if (n <= 0) {
            return n == T_TLS_MORE;
        }
        c->staged_at += n;
    }
    return true;
}

// The response is on its way; false: the connection was closed.
static bool send_response(struct tenant *t, struct conn *c, i64 now)
{
    struct t_response *r = &c->response;
    if (now < c->due_ms || r->hang) {
        return true;
    }
    bool ok = !r->reset && write_response(c, now) && flush(t, c);
    bool flushed = c->tls.tx_n == 0 && c->staged_at == c->staged_n;
    bool cut = r->cut_after >= 0 && c->sent >= r->cut_after && flushed;
    if (!ok || cut) {
        conn_close(t, c, r->reset);
        return false;
    }
    if (c->read_out && flushed) {
        bool close_after = r->close || c->request.too_large;
        finish_response(t, c);
        c->active_ms = now;
        t_reader_drop(&c->reader);
        c->phase = PHASE_REQUEST;
        if (close_after) {
            begin_linger(c, now);
            return flush(t, c) || (conn_close(t, c, false), false);
        }
    }
    return true;
}

static bool linger(struct tenant *t, struct conn *c, i64 now)
{
    c->tls.rx_at = c->tls.rx_n; // whatever comes is dropped
    bool gone = !flush(t, c) || !receive(t, c) || now >= c->linger_until_ms;
    c->tls.rx_at = c->tls.rx_n;
    if (!gone && c->tls.tx_n == 0) {
        shutdown(c->fd, SHUT_WR);
    }
    return !gone;
}

static bool step_handshake(struct tenant *t, struct conn *c)
{
    int rc = tls_handshake(&c->tls);
    bool sent = flush(t, c); // also an alert
    if (rc == 1) {
        tenant_net_stats(t)->handshakes++;
        tenant_net_stats(t)->resumed = tls_resumed();
        c->phase = c->ldap ? PHASE_LDAP : PHASE_REQUEST;
    }
    return sent && rc != T_TLS_FAILED;
}

// ---- the directory
// -------------------------------------------------------------------------------

// Moves what is to be said into the session. false: the connection fails.
static bool write_ldap(struct conn *c)
{
    while (c->ldap_out.n > 0) {
        isize n = tls_write(&c->tls, c->ldap_out.p,
                            c->ldap_out.n < RECORD_BYTES ? c->ldap_out.n : RECORD_BYTES);
        if (n <= 0) {
            return n == T_TLS_MORE;
        }
        t_buf_drop(&c->ldap_out, n);
    }
    return true;
}

static bool step_ldap(struct tenant *t, struct conn *c, i64 now)
{
    static u8 bytes[RECORD_BYTES];
    isize n = 0;
    while (c->ldap_next == LDAP_GOES_ON && c->ldap_out.n == 0 &&
           (n = tls_read(&c->tls, bytes, RECORD_BYTES)) > 0) {
        c->ldap_next = t_ldap_input(c->ldap, str_make(bytes, n), &c->ldap_out,
                                    clock_ms(CLOCK_REALTIME));
        c->active_ms = now;
    }
    if (n < 0 || !write_ldap(c) || !flush(t, c)) {
        return false;
    }
    if (c->ldap_out.n > 0 || c->tls.tx_n > 0) {
        return true;
    }
    if (c->ldap_next == LDAP_CLOSES) {
        begin_linger(c, now);
        return flush(t, c);
    }
    if (c->ldap_next == LDAP_STARTS_TLS) {
        tls_session_free(&c->tls);
        tls_session_open(&c->tls, false);
        c->ldap_next = LDAP_GOES_ON;
        c->link.tls = true;
        c->phase = PHASE_HANDSHAKE;
    }
    return true;
}

// All that can be done now without waiting.
static void conn_step(struct tenant *t, const struct server_options *o, struct conn *c, i64 now)
{
    bool ok = true;
    if (c->phase == PHASE_LINGER) {
        if (!linger(t, c, now)) {
            conn_close(t, c, false);
        }
        return;
    }
    if (!receive(t, c)) {
        conn_close(t, c, false);
        return;
    }
    if (c->phase == PHASE_HANDSHAKE) {
        ok = step_handshake(t, c);
    }
    if (ok && c->phase == PHASE_LDAP) {
        ok = step_ldap(t, c, now);
    }
    for (int turn = 0; ok && turn < 8; turn++) {
        if (c->phase == PHASE_REQUEST) {
            ok = read_request(t, o, c, now) && flush(t, c);
        }
        if (!ok || c->phase != PHASE_RESPONSE) {
            break;
        }
        if (!send_response(t, c, now)) {
            return;
        }
        if (c->phase != PHASE_REQUEST || c->reader.in.n == 0) {
            break;
        }
    }
    bool waits = c->phase == PHASE_LDAP || (c->phase == PHASE_REQUEST && c->reader.in.n == 0);
    bool idle = waits && o->idle_ms > 0 && now - c->active_ms >= o->idle_ms;
    if (!ok || idle) {
        if (idle) {
            tls_say_close(&c->tls);
            flush(t, c);
        }
        conn_close(t, c, false);
    }
}

// ---- the loop
// ------------------------------------------------------------------------------------

// When this connection wants to be looked at although nothing arrived.
static i64 wake_at(const struct server_options *o, const struct conn *c, i64 now)
{
    if (c->phase == PHASE_LINGER) {
        return c->linger_until_ms;
    }
    if (c->phase == PHASE_REQUEST || c->phase == PHASE_LDAP) {
        return o->idle_ms > 0 ? c->active_ms + o->idle_ms : FOREVER;
    }
    if (c->phase == PHASE_RESPONSE && !c->response.hang) {
        bool slow = now >= c->due_ms && c->response.rate_bytes_s > 0;
        return slow ? now + 20 : now < c->due_ms ? c->due_ms : FOREVER;
    }
    return FOREVER;
}

static short events_of(const struct conn *c, i64 now)
{
    short events = c->tls.rx_at < c->tls.rx_n ? 0 : POLLIN;
    bool waits = c->tls.tx_n > 0 || c->ldap_out.n > 0;
    if (c->phase == PHASE_RESPONSE && now >= c->due_ms && c->response.rate_bytes_s == 0 &&
        !c->response.hang) {
        waits = true;
    }
    return waits ? events | POLLOUT : events;
}

static void accept_all(struct tenant *t, const struct server_options *o, int service)
{
    for (;;) {
        int fd = accept4(server.listeners[service], NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            return;
        }
        conn_open(t, o, fd, (enum t_service)service);
    }
}

void server_run(const struct server_options *o, struct tenant *t)
{
    static int which[CONNS_MAX + T_SERVICES];
    while (!server.stop && !tenant_wants_stop(t)) {
        i64 now = clock_ms(CLOCK_MONOTONIC), wake = FOREVER;
        int n = 0;
        for (int i = 0; i < T_SERVICES; i++) {
            server.polls[n++] = (struct pollfd){.fd = server.listeners[i], .events = POLLIN};
        }
        for (int i = 0; i < CONNS_MAX; i++) {
            struct conn *c = &server.conns[i];
            if (c->phase != PHASE_FREE) {
                i64 at = wake_at(o, c, now);
                wake = at < wake ? at : wake;
                which[n] = i;
                server.polls[n++] = (struct pollfd){.fd = c->fd, .events = events_of(c, now)};
            }
        }
        i64 wait = wake - now < 0 ? 0 : wake - now;
        if (poll(server.polls, (nfds_t)n,
                 wake == FOREVER ? 1000 : (int)(wait < 1000 ? wait : 1000)) < 0) {
            continue;
        }
        now = clock_ms(CLOCK_MONOTONIC);
        for (int i = T_SERVICES; i < n; i++) {
            struct conn *c = &server.conns[which[i]];
            bool due = server.polls[i].revents != 0 || now >= wake_at(o, c, now - 20);
            if (due && c->phase != PHASE_FREE) {
                conn_step(t, o, c, now);
            }
        }
        for (int i = 0; i < T_SERVICES; i++) {
            if (server.polls[i].revents) {
                accept_all(t, o, i);
            }
        }
    }
    for (int i = 0; i < CONNS_MAX; i++) {
        if (server.conns[i].phase != PHASE_FREE) {
            conn_close(t, &server.conns[i], false);
        }
    }
}
