// SPDX-License-Identifier: Apache-2.0
// Opening a connection and moving bytes through it (see conn.h). The way is RESOLVE, CONNECT,
// PROXY, START_TLS, TLS; each address of the host is tried in turn, within a share of the one
// deadline for all of it.
//
// A socket is read only after poll() said so, and until a read came back short: the call that would
// only say "nothing more" is saved. Requests are encrypted straight into the record buffer of TLS;
// a plain connection parks what the socket does not take in the read buffer that its TLS does not
// use.
#include "net/conn.h"

#include <string.h>

#include "net/auth.h"
#include "net/conn_auth.h"
#include "net/conn_start_tls.h"
#include "net/crypto.h"
#include "net/exchange_head.h"
#include "net/proxy.h"

void conn_set_error(struct conn *conn, err e, str fact)
{
    if (err_ok(conn->error)) {
        conn->error = e;
        buf_put(&conn->facts, fact);
    }
}

static enum conn_result conn_fail(struct conn *conn, err e, str fact)
{
    conn_set_error(conn, e, fact);
    return CONN_FAILED;
}

static isize conn_wire_recv(void *st, void *p, isize n)
{
    struct conn *conn = st;
    if (!conn->readable) {
        return OS_AGAIN;
    }
    isize got = os_recv(conn->fd, p, n);
    conn->readable = got == n || got == 0; // a short read has emptied the socket
    conn->stats->bytes_in += got > 0 ? got : 0;
    return got;
}

static isize conn_wire_send(void *st, str s)
{
    struct conn *conn = st;
    isize sent = os_send(conn->fd, s);
    conn->stats->bytes_out += sent > 0 ? sent : 0;
    return sent;
}

static const struct url *conn_first_hop(const struct conn *conn)
{
    return conn->dest->proxy ? &conn->dest->proxy->url : &conn->dest->url;
}

void conn_open(struct conn_env *env, struct conn *conn, const struct dest *dest, i64 now_ms)
{
    ASSERT(conn->state == CONN_FREE);
    conn->state = CONN_RESOLVE;
    conn->dest = dest;
    conn->key = dest->index;
    conn->auth = dest->auth;
    conn->identity = dest->auth ? dest->auth->identity : 0;
    conn->authenticated = false;
    conn->fd = -1;
    conn->addr_count = conn->addr_next = 0;
    conn->readable = conn->writable = conn->want_write = conn->asked = conn->kept = false;
    conn->deadline_ms = now_ms + env->settings->connect_timeout_ms;
    conn->error = OK;
    buf_reset(&conn->facts);
    conn->in_from = conn->in_to = conn->out_sent = 0;
    conn->out = tls_spare(conn->tls);
}

static void conn_release_query(struct conn_env *env, struct conn *conn)
{
    if (conn->query) {
        dns_query_close(conn->query);
        env->resolver_used[conn->query - env->resolvers] = false;
        env->progress = true; // somebody may wait for it
        conn->query = NULL;
    }
}

void conn_release_probe(struct conn_env *env, struct conn *conn)
{
    if (conn->probing) {
        conn->probing = false;
        // Unless there is another user now, for whom another connection may find out.
        conn->auth->probing = conn->auth->probing && conn->identity != conn->auth->identity;
        env->progress = true; // others wait for what came out
    }
}

static void conn_drop_socket(struct conn *conn)
{
    if (conn->fd >= 0) {
        os_close(conn->fd);
        conn->fd = -1;
    }
}

void conn_wipe_inflater(struct conn_inflater *inflater)
{
    if (inflater->reader) { // an answer was packed
        crypto_wipe(inflater->memory, gzip_reader_bytes);
        crypto_wipe(inflater->out.p, inflater->out.cap);
    }
    inflater->reader = NULL;
    inflater->used = false;
}

void conn_wipe_idle(struct conn *conn)
{
    if (conn->state == CONN_IDLE && conn->in_from == conn->in_to) {
        crypto_wipe(conn->in, CONN_IN_BYTES);
    }
    if (conn->state == CONN_IDLE && !conn->tls_open && conn_is_flushed(conn)) {
        crypto_wipe(conn->out.p, conn->out.cap);
    }
}

void conn_close(struct conn_env *env, struct conn *conn)
{
    conn_release_query(env, conn);
    conn_release_probe(env, conn);
    if (conn->talk.inflater) {
        conn_wipe_inflater(conn->talk.inflater);
    }
    conn_auth_forget(conn);
    conn->talk = (struct talk){0};
    tls_close(conn->tls);
    conn->tls_open = false;
    conn_drop_socket(conn);
    crypto_wipe(conn->out.p, conn->out.cap); // what waited before may have been longer
    crypto_wipe(conn->in, CONN_IN_BYTES);
    conn->state = CONN_FREE;
}

static enum conn_result conn_resolve(struct conn_env *env, struct conn *conn, i64 now_ms)
{
    const struct url *hop = conn_first_hop(conn);
    for (int i = 0; !conn->query && i < CONN_RESOLVERS; i++) {
        if (!env->resolver_used[i]) {
            env->resolver_used[i] = true;
            conn->query = &env->resolvers[i];
            dns_query_start(conn->query, env->settings->dns, hop->host, hop->port, now_ms);
        }
    }
    if (!conn->query) {
        return CONN_WORKING; // asked again each turn: look-ups are short
    }
    switch (dns_query_step(conn->query, now_ms)) {
    case DNS_WORKING:
        return CONN_WORKING;
    case DNS_FAILED:
        buf_put(&conn->facts, conn->dest->proxy ? S("the proxy ") : S(""));
        return conn_fail(conn, conn->query->error, hop->host);
    case DNS_FOUND:
        break;
    }
    memcpy(conn->addrs, conn->query->addrs, sizeof conn->addrs);
    conn->addr_count = conn->query->addr_count;
    conn_release_query(env, conn);
    conn->state = CONN_CONNECT;
    return CONN_READY;
}

// The next address gets an equal share of the time that is left, so that one that swallows packets
// does not use up all of it.
static bool conn_try_address(struct conn *conn, i64 now_ms)
{
    while (conn->fd < 0 && conn->addr_next < conn->addr_count) {
        int left = conn->addr_count - conn->addr_next;
        conn->addr_deadline_ms = now_ms + (conn->deadline_ms - now_ms) / left;
        conn->fd = os_tcp_connect(&conn->addrs[conn->addr_next++]);
    }
    return conn->fd >= 0;
}

static void conn_put_address(struct conn *conn)
{
    buf_reset(&conn->facts);
    buf_put(&conn->facts, conn->dest->proxy ? S("through the proxy ") : S(""));
    os_addr_put(&conn->facts, &conn->addrs[conn->addr_next - 1]);
}

// What comes when the way to the server itself is open.
static enum conn_state conn_after_way(const struct conn *conn)
{
    return conn->dest->start_tls ? CONN_START_TLS_SEND : CONN_TLS;
}

static enum conn_result conn_connect(struct conn *conn, i64 now_ms)
{
    for (bool again = true; again;) {
        again = conn->fd < 0;
        if (again && !conn_try_address(conn, now_ms)) {
            err e = conn->error;
            conn->error = OK;
            return conn_fail(conn, err_ok(e) ? FAIL(NET_UNREACHABLE) : e, S(""));
        }
        err e = OK;
        if (conn->writable) {
            e = os_tcp_connected(conn->fd);
        } else if (now_ms >= conn->addr_deadline_ms) {
            e = FAIL(NET_TIMEOUT_CONNECT);
        } else {
            return CONN_WORKING;
        }
        if (err_ok(e)) {
            break;
        }
        conn->error = e; // of the last address, unless another one works
        conn_put_address(conn);
        conn_drop_socket(conn);
        conn->writable = false;
        again = true;
    }
    conn->error = OK;
    conn_put_address(conn);
    conn->stats->connects++;
    conn->state = conn->dest->proxy ? CONN_PROXY_SEND : conn_after_way(conn);
    return CONN_READY;
}

static enum conn_result conn_proxy_send(struct conn_env *env, struct conn *conn)
{
    isize left = conn_flush(conn);
    if (left == 0 && conn->out.n == 0) {
        buf_reset(&env->compose);
        proxy_put_request(&env->compose, conn->dest->proxy, conn->dest->url.host,
                          conn->dest->url.port);
        left = conn_put(conn, buf_str(&env->compose));
        left = left < 0 ? left : conn_flush(conn);
    }
    if (left < 0) {
        return conn_fail(conn, FAIL(NET_RESET), S(""));
    }
    conn->state = left ? CONN_PROXY_SEND : CONN_PROXY_HEAD;
    return left ? CONN_WORKING : CONN_READY;
}

static enum conn_result conn_proxy_status(struct conn *conn, int status)
{
    buf_put(&conn->facts, S(": status "));
    buf_put_i64(&conn->facts, status);
    if (status == 407) {
        return conn_fail(conn, FAIL(PROXY_AUTH), S(""));
    }
    if (status == 408 || status == 429 || status >= 500) {
        return conn_fail(conn, FAIL(PROXY_BUSY), S(""));
    }
    return conn_fail(conn, FAIL(PROXY_REFUSED), S(""));
}

static enum conn_result conn_proxy_head(struct conn_env *env, struct conn *conn)
{
    isize got = conn_fill(conn);
    if (got == OS_AGAIN) {
        return CONN_WORKING;
    }
    if (got <= 0) {
        return conn_fail(conn, FAIL(NET_RESET), S(""));
    }
    isize used;
    err why = OK;
    switch (http1_read_head(conn_in(conn), &env->head, &used, &why)) {
    case HTTP_MORE:
        if (conn->in_to - conn->in_from < CONN_IN_BYTES) {
            return CONN_READY; // fill again
        }
        return conn_fail(conn, FAIL(PROXY_ANSWER), S(""));
    case HTTP_BAD:
        return conn_fail(conn, FAIL(PROXY_ANSWER), S(""));
    case HTTP_DONE:
        break;
    }
    if (env->head.status < 200) {
        conn->in_from += used;
        return CONN_READY;
    }
    if (env->head.status >= 300) {
        return conn_proxy_status(conn, env->head.status);
    }
    if (conn->in_from + used != conn->in_to) {
        return conn_fail(conn, FAIL(PROXY_ANSWER), S("")); // nobody was asked anything yet
    }
    conn->in_from = conn->in_to = 0;
    conn->state = conn_after_way(conn);
    return CONN_READY;
}

// CONN_READY with state CONN_SEND: the connection is open.
static enum conn_result conn_secure(struct conn *conn)
{
    if (!conn->dest->url.tls && !conn->dest->start_tls) {
        conn->state = CONN_SEND;
        return CONN_READY;
    }
    if (!conn->tls_open) {
        // An old session shows no certificate, which a login is bound to.
        bool ldap = conn->dest->url.ldap;
        struct tls_peer peer = {.host = conn->dest->url.host,
                                .trust = conn->dest->trust,
                                .session = conn->auth || ldap ? -1 : conn->key,
                                .other = ldap};
        struct tls_wire wire = {.recv = conn_wire_recv, .send = conn_wire_send, .st = conn};
        conn->tls_open = true;
        err e = tls_open(conn->tls, &peer, &wire);
        if (!err_ok(e)) {
            return conn_fail(conn, e, S(""));
        }
    }
    enum tls_state state = tls_handshake(conn->tls);
    conn->want_write = state == TLS_WANT_WRITE;
    if (state == TLS_READY) {
        conn->stats->resumed += tls_is_resumed(conn->tls);
        conn->state = CONN_SEND;
        return CONN_READY;
    }
    if (state == TLS_FAILED || state == TLS_CLOSED) {
        buf_put(&conn->facts, S(": "));
        return conn_fail(conn, tls_error(conn->tls, &conn->facts), S(""));
    }
    return CONN_WORKING;
}

static str conn_stage(enum conn_state state)
{
    return state == CONN_RESOLVE          ? S("while looking up the name")
           : state == CONN_CONNECT        ? S("")
           : state == CONN_TLS            ? S(": in the TLS handshake")
           : state >= CONN_START_TLS_SEND ? S(": while it waits for the answer to StartTLS")
                                          : S(": while it opens the tunnel");
}

enum conn_result conn_step(struct conn_env *env, struct conn *conn, i64 now_ms)
{
    enum conn_result result = CONN_READY;
    while (result == CONN_READY && conn->state < CONN_SEND) {
        if (conn->state == CONN_RESOLVE) {
            result = conn_resolve(env, conn, now_ms);
        } else if (conn->state == CONN_CONNECT) {
            result = conn_connect(conn, now_ms);
        } else if (conn->state == CONN_PROXY_SEND) {
            result = conn_proxy_send(env, conn);
        } else if (conn->state == CONN_PROXY_HEAD) {
            result = conn_proxy_head(env, conn);
        } else if (conn->state == CONN_START_TLS_SEND) {
            result = conn_start_tls_send(env, conn);
        } else if (conn->state == CONN_START_TLS_READ) {
            result = conn_start_tls_read(conn);
        } else {
            result = conn_secure(conn);
        }
    }
    if (result == CONN_WORKING && now_ms >= conn->deadline_ms) {
        conn->error = OK; // what an earlier address said matters less
        return conn_fail(conn, FAIL(NET_TIMEOUT_CONNECT), conn_stage(conn->state));
    }
    return result;
}

int conn_poll(const struct conn *conn, struct os_poll *list, int cap)
{
    ASSERT(cap > 0);
    *list = (struct os_poll){.fd = conn->fd};
    switch (conn->state) {
    case CONN_FREE:
        return 0;
    case CONN_RESOLVE:
        return conn->query ? dns_query_poll(conn->query, list, cap) : 0;
    case CONN_CONNECT:
    case CONN_PROXY_SEND:
    case CONN_START_TLS_SEND:
    case CONN_AUTH_SEND:
        list->want_write = true;
        break;
    case CONN_STREAM:
        list->want_write = !conn_is_flushed(conn);
        list->want_read = !conn->talk.blocked;
        break;
    case CONN_TLS:
        list->want_write = conn->want_write;
        list->want_read = !conn->want_write;
        break;
    case CONN_SEND:
        list->want_write = !conn->talk.blocked;
        list->want_read = true;
        break;
    case CONN_PROXY_HEAD:
    case CONN_START_TLS_READ:
    case CONN_HEAD:
    case CONN_BODY:
    case CONN_AUTH_HEAD:
    case CONN_AUTH_BODY:
    case CONN_DRAIN:
    case CONN_IDLE:
        list->want_read = !conn->talk.blocked;
        break;
    }
    return list->want_read || list->want_write;
}

str conn_in(const struct conn *conn)
{
    return str_make(conn->in + conn->in_from, conn->in_to - conn->in_from);
}

isize conn_fill(struct conn *conn)
{
    if (conn->in_from == conn->in_to) {
        conn->in_from = conn->in_to = 0;
    } else if (conn->in_to == CONN_IN_BYTES) {
        memmove(conn->in, conn->in + conn->in_from, (size_t)(conn->in_to - conn->in_from));
        conn->in_to -= conn->in_from;
        conn->in_from = 0;
    }
    isize room = CONN_IN_BYTES - conn->in_to;
    ASSERT(room > 0);
    u8 *at = conn->in + conn->in_to;
    isize got = conn->tls_open ? tls_read(conn->tls, at, room) : conn_wire_recv(conn, at, room);
    conn->in_to += got > 0 ? got : 0;
    return got;
}

bool conn_was_cut(const struct conn *conn)
{
    return conn->tls_open && tls_was_cut(conn->tls);
}

isize conn_flush(struct conn *conn)
{
    if (conn->tls_open) {
        enum tls_state state = tls_flush(conn->tls);
        return state == TLS_READY ? 0 : state == TLS_WANT_WRITE ? 1 : OS_BROKEN;
    }
    while (conn->out_sent < conn->out.n) {
        isize sent = conn_wire_send(conn, str_from_index(buf_str(&conn->out), conn->out_sent));
        if (sent == OS_AGAIN) {
            return conn->out.n - conn->out_sent;
        }
        if (sent < 0) {
            return OS_BROKEN;
        }
        conn->out_sent += sent;
    }
    return 0;
}

bool conn_is_flushed(const struct conn *conn)
{
    return conn->tls_open ? tls_is_flushed(conn->tls) : conn->out_sent == conn->out.n;
}

isize conn_put(struct conn *conn, str s)
{
    ASSERT(s.n > 0 && s.n <= CONN_OUT_BYTES);
    if (conn->tls_open) {
        // One record takes it all: no extension that lets the server ask for smaller ones is
        // offered.
        return tls_write(conn->tls, s) == s.n ? s.n : OS_BROKEN;
    }
    buf_reset(&conn->out);
    conn->out_sent = 0;
    isize sent = conn_wire_send(conn, s);
    if (sent == OS_BROKEN) {
        return OS_BROKEN;
    }
    buf_put(&conn->out, str_from_index(s, sent > 0 ? sent : 0));
    return s.n;
}

isize conn_send(struct conn *conn, str s)
{
    isize left = conn_flush(conn);
    if (left) {
        return left < 0 ? OS_BROKEN : 0;
    }
    isize sent = conn->tls_open ? tls_write(conn->tls, s) : conn_wire_send(conn, s);
    return sent == OS_AGAIN ? 0 : sent;
}
