// SPDX-License-Identifier: Apache-2.0
// A link as the far side sees it: name server, proxy, TLS, requests and their answers; see far.h.
#include "far.h"

#include <string.h>

#include "../tenant/ldap.h"
#include "clock.h"
#include "far_exchange.h"
#include "far_request.h"
#include "far_tls.h"
#include "faults.h"
#include "observer.h"
#include "sim.h"
#include "sim_net.h"

enum phase { PHASE_NONE, PHASE_DNS, PHASE_PROXY, PHASE_SERVE, PHASE_LDAP, PHASE_OVER };

struct far {
    enum phase phase;
    enum t_service service;
    bool tls_refused;
    bool doubled;        // an answer came twice: whoever reads on may take it for another
    struct far_tls *tls; // NULL: plain
    struct t_link link;  // what logins know of it
    struct ldap *ldap;   // of the directory
    struct t_buf in;     // of name server, proxy and directory
    struct t_reader reader;
    struct t_request request;
    struct t_response response;
    struct manner manner;
    bool handling, sending, scheduled; // an answer is made, may go, waits for room
    bool pending;                      // ... is sent, and not yet read by the product
    i64 sent, end;                     // bytes in clear; where the answer ends on the wire
    struct t_buf ahead;                // the next piece of the answer
    struct t_buf copy;                 // of an answer that comes twice
    isize copied;                      // of it, sent with the end of the answer: on the wire
    i64 exchanges;
};

struct far_world far_world;
static struct {
    struct far **fars;
    int cap;
} all;

#define CHUNK_BYTES 16384
#define TWICE_BYTES KIB(64)
#define TWICE_PAGE_BYTES KIB(4) // with its original it fits into what is read at once

static void free_far(struct far *f)
{
    if (f->handling && !f->ldap) {
        tenant_done(far_world.tenant, &f->response);
    }
    if (f->tls) {
        far_tls_free(f->tls);
    }
    t_ldap_free(f->ldap);
    t_link_free(&f->link);
    t_reader_free(&f->reader);
    t_buf_free(&f->in);
    t_buf_free(&f->copy);
    t_buf_free(&f->ahead);
    t_free(f);
}

void far_reset(void)
{
    for (int i = 0; i < all.cap; i++) {
        if (all.fars[i]) {
            free_far(all.fars[i]);
            all.fars[i] = NULL;
        }
    }
}

static struct far *find(int link)
{
    return link < all.cap && all.fars[link] && all.fars[link]->phase != PHASE_OVER ? all.fars[link]
                                                                                   : NULL;
}

void far_gone(int link)
{
    struct far *f = find(link);
    if (!f) {
        return;
    }
    if (!f->ldap && (f->handling || f->pending)) {
        observer_lost(f->manner.note);
    }
    free_far(f);
    all.fars[link] = NULL;
}

void far_given_up(int link)
{
    struct far *f = find(link);
    if (f && !f->ldap && (f->handling || f->pending)) {
        observer_lost(f->manner.note);
    }
}

static void begin_service(struct far *f, u16 port)
{
    bool directory = port == FAR_PORT_LDAP || port == FAR_PORT_LDAPS;
    f->service = port == FAR_PORT_ELASTIC    ? T_ELASTIC
                 : port == FAR_PORT_EXCHANGE ? T_EXCHANGE
                 : port == FAR_PORT_ENTRA    ? T_ENTRA
                 : port == FAR_PORT_GRAPH    ? T_GRAPH
                                             : T_GOOGLE;
    f->phase = directory ? PHASE_LDAP : PHASE_SERVE;
    bool plain = (f->service == T_ELASTIC && far_world.plain_elastic) || port == FAR_PORT_LDAP;
    f->ldap = directory ? t_ldap_open(far_world.tenant, &f->link) : NULL;
    f->link.tls = !plain;
    f->tls = plain ? NULL : far_tls_open();
    f->tls_refused = !plain && fault_due(FAULT_TLS_ALERT);
}

void far_accept(int link)
{
    while (link >= all.cap) {
        int cap = all.cap * 2 + 256;
        all.fars = t_resize(all.fars, cap * (isize)sizeof(*all.fars));
        memset(all.fars + all.cap, 0, (size_t)(cap - all.cap) * sizeof(*all.fars));
        all.cap = cap;
    }
    struct far *f = t_alloc((isize)sizeof(*f));
    all.fars[link] = f;
    u16 port = net_peer(link)->port;
    if (port == FAR_PORT_DNS) {
        f->phase = PHASE_DNS;
    } else if (port == FAR_PORT_PROXY) {
        f->phase = PHASE_PROXY;
    } else {
        begin_service(f, port);
    }
}

// ---- bytes out

static void put_clear(int link, struct far *f, str s)
{
    if (!f->tls) {
        net_write(link, s);
        return;
    }
    struct t_buf wire = {0};
    far_tls_write(f->tls, s, &wire);
    net_write(link, t_buf_str(&wire));
    t_buf_free(&wire);
}

static void end_link(int link, struct far *f, bool politely)
{
    struct t_buf wire = {0};
    if (f->tls && politely) {
        far_tls_close(f->tls, &wire);
        net_write(link, t_buf_str(&wire));
    }
    t_buf_free(&wire);
    net_finish(link);
}

static void close_idle(i64 link, i64 exchanges)
{
    struct far *f = find((int)link);
    if (f && !f->handling && f->exchanges == exchanges && f->reader.in.n == 0) {
        end_link((int)link, f, true);
    }
}

static void read_requests(int link, struct far *f);
static void send_event(i64 link, i64 exchange);

// Nothing in a page of ids says whose it is: only a copy that is there before the next request
// leaves can be told from the answer to that. So it comes in one segment with the end of its
// original; copies of other answers come when they like.
static bool is_page(const struct far *f)
{
    enum request_kind kind = request_kind_of(&f->request);
    return kind == REQUEST_LIST || kind == REQUEST_USERS;
}

// All of the answer is on its way.
static void answer_sent(int link, struct far *f)
{
    bool close = f->response.close || f->request.too_large || f->manner.drop;
    tenant_done(far_world.tenant, &f->response);
    f->handling = f->sending = false;
    f->pending = true;
    f->end = net_written(link);
    t_reader_drop(&f->reader);
    if (f->copied) {
        f->end -= f->copied; // the copy came with it
    } else if (f->manner.twice && f->copy.n > 0 && !is_page(f)) {
        put_clear(link, f, t_buf_str(&f->copy));
        f->doubled = true;
    }
    f->copied = 0;
    f->copy.n = 0;
    far_consumed(link); // it may have been read before its end was known
    if (close) {
        end_link(link, f, true);
        return;
    }
    if (fault_due(FAULT_IDLE_CLOSE)) {
        clock_after(sim_between(SIM_FAULTS, 0, 60000), close_idle, link, f->exchanges);
    } else if (far_world.idle_s) {
        clock_after(far_world.idle_s * SIM_S, close_idle, link, f->exchanges);
    }
    read_requests(link, f);
}

static void schedule_send(int link, struct far *f, i64 us)
{
    if (!f->scheduled) {
        f->scheduled = true;
        clock_after(us, send_event, link, f->exchanges);
    }
}

// The next bytes of the answer, at most `cap`; 0: it has ended, or is to be cut here.
static isize read_answer(struct far *f, u8 *out)
{
    const struct manner *m = &f->manner;
    isize cap = m->trickle ? (isize)sim_between(SIM_FAR, 1, 2000) : CHUNK_BYTES;
    if (m->cut_after >= 0 && cap > m->cut_after - f->sent) {
        cap = (isize)(m->cut_after - f->sent);
    }
    isize n = cap > 0 ? t_response_read(&f->response, out, cap) : 0;
    f->sent += n;
    if (n > 0 && m->twice && f->copy.n < (is_page(f) ? TWICE_PAGE_BYTES : TWICE_BYTES)) {
        t_buf_put(&f->copy, str_make(out, n));
    }
    return n;
}

static void break_tls(int link, struct far *f)
{
    struct t_buf wire = {0};
    far_tls_alert(f->tls, &wire);
    net_write(link, t_buf_str(&wire));
    t_buf_free(&wire);
    net_finish(link);
    far_gone(link);
}

static bool comes_with_copy(const struct far *f)
{
    bool whole = f->copy.n > 0 && f->copy.n == f->sent && f->manner.cut_after < 0;
    return f->manner.twice && is_page(f) && whole;
}

static void encode(struct far *f, str s, struct t_buf *wire)
{
    if (f->tls) {
        far_tls_write(f->tls, s, wire);
    } else {
        t_buf_put(wire, s);
    }
}

static void put_with_copy(int link, struct far *f)
{
    struct t_buf wire = {0};
    encode(f, t_buf_str(&f->ahead), &wire);
    isize end = wire.n;
    encode(f, t_buf_str(&f->copy), &wire);
    f->copied = wire.n - end;
    net_write_whole(link, t_buf_str(&wire));
    t_buf_free(&wire);
}

// The next piece; false: that was the last, or the link is gone. One piece is read ahead, so that
// the end is known when it is sent.
static bool send_piece(int link, struct far *f)
{
    static u8 bytes[CHUNK_BYTES];
    if (f->ahead.n == 0) {
        t_buf_put(&f->ahead, str_make(bytes, read_answer(f, bytes)));
    }
    if (f->ahead.n > 0 && f->tls && fault_due(FAULT_TLS_BROKEN)) {
        break_tls(link, f);
        return false;
    }
    isize n = read_answer(f, bytes);
    if (f->ahead.n > 0 && n == 0 && comes_with_copy(f)) {
        put_with_copy(link, f);
    } else if (f->ahead.n > 0) {
        put_clear(link, f, t_buf_str(&f->ahead));
    }
    f->ahead.n = 0;
    if (n > 0) {
        t_buf_put(&f->ahead, str_make(bytes, n));
        return true;
    }
    if (f->manner.cut_after >= 0 && f->sent >= f->manner.cut_after) {
        end_link(link, f, sim_one_in(SIM_FAR, 3));
        far_gone(link);
        return false;
    }
    answer_sent(link, f);
    return false;
}

static void send_answer(int link, struct far *f)
{
    if (f->sent == 0 && f->ahead.n == 0) {
        net_note_answering(link);
    }
    while (net_room(link) > 0) {
        if (!send_piece(link, f)) {
            return;
        }
        if (f->manner.trickle) {
            schedule_send(link, f, sim_between(SIM_FAR, 1, 3000) * SIM_MS);
            return;
        }
    }
    // The product's reading makes room: far_consumed().
}

static void send_event(i64 link, i64 exchange)
{
    struct far *f = find((int)link);
    if (f && f->exchanges == exchange) {
        f->scheduled = false;
        if (f->handling) {
            f->sending = true;
            send_answer((int)link, f);
        }
    }
}

void far_consumed(int link)
{
    struct far *f = find(link);
    if (!f) {
        return;
    }
    if (f->ldap) {
        if (net_consumed(link) >= f->end) {
            net_note_answered(link);
        }
        return;
    }
    if (f->pending && net_consumed(link) >= f->end) {
        f->pending = false;
        net_note_answered(link);
        observer_delivered(f->manner.note);
    }
    if (f->handling && f->sending && net_room(link) > 0) {
        schedule_send(link, f, sim_between(SIM_NET, 100, 2000));
    }
}

// ---- requests

static void handle(int link, struct far *f)
{
    f->request.service = f->service;
    f->request.link = &f->link;
    f->exchanges++;
    f->sent = 0;
    f->handling = true;
    f->sending = f->scheduled = false;
    far_world.asking = net_owner(link);
    request_answer(&f->request, &f->response, &f->manner);
    if (f->doubled) {
        observer_doubted(f->manner.note);
    }
    sim_trace("%lld far %d %.*s %.*s -> %d", (long long)clock_now_us(), link,
              (int)f->request.method.n, (const char *)f->request.method.p, (int)f->request.path.n,
              (const char *)f->request.path.p, f->response.status);
    if (f->manner.lost) {
        net_break(link);
    } else if (!f->manner.hang) {
        schedule_send(link, f, f->manner.delay_us);
    }
}

static void handle_bad(int link, struct far *f)
{
    // A product that cannot frame its requests is wrong whatever the weather.
    sim_violation("link %d: a request that is not HTTP: %s", link, f->reader.error);
}

static void read_requests(int link, struct far *f)
{
    if (f->handling || f->reader.in.n == 0 || !net_is_alive(link)) {
        return; // what comes after our own ending is not looked at
    }
    net_note_opened(link);
    if (f->pending) {
        // The next request comes: the answer before it was read, whatever was behind it.
        f->pending = false;
        observer_delivered(f->manner.note);
    }
    switch (
        t_reader_next(&f->reader, tenant_body_limit(far_world.tenant, f->service), &f->request)) {
    case T_READ_DONE:
        handle(link, f);
        break;
    case T_READ_BAD:
        handle_bad(link, f);
        break;
    case T_READ_MORE:
        break;
    }
}

// ---- bytes in

static void input_dns(int link, struct far *f)
{
    net_read(link, &f->in);
    isize n = f->in.n >= 2 ? (f->in.p[0] << 8 | f->in.p[1]) : -1;
    if (n < 0 || f->in.n < 2 + n) {
        return;
    }
    struct t_buf out = {0};
    t_buf_byte(&out, 0);
    t_buf_byte(&out, 0);
    if (dns_answer(str_slice(t_buf_str(&f->in), 2, 2 + n), true, &out)) {
        out.p[0] = (u8)((out.n - 2) >> 8);
        out.p[1] = (u8)(out.n - 2);
        net_write(link, t_buf_str(&out));
    }
    t_buf_free(&out);
    net_finish(link);
    f->in.n = 0;
}

// "CONNECT host:port HTTP/1.1", headers, an empty line.
static void input_proxy(int link, struct far *f)
{
    net_read(link, &f->in);
    str in = t_buf_str(&f->in), method, target, port;
    isize end = str_find(in, S("\r\n\r\n"));
    if (end < 0) {
        return;
    }
    bool found;
    u64 number = 0;
    str rest = str_cut(in, ' ', &method, &found);
    str_cut(rest, ' ', &target, &found);
    port = str_cut(target, ':', &target, &found);
    bool known = str_eq(method, S("CONNECT")) && str_to_u64(port, &number) &&
                 (number == FAR_PORT_ELASTIC || number == FAR_PORT_GOOGLE ||
                  number == FAR_PORT_EXCHANGE || number == FAR_PORT_ENTRA ||
                  number == FAR_PORT_GRAPH);
    bool welcome = str_find(in, str_from(far_world.proxy_authorization)) >= 0;
    if (!known || end + 4 != in.n) {
        sim_violation("link %d: the proxy does not understand: %.*s", link, (int)end, in.p);
    }
    if (!welcome || fault_due(FAULT_PROXY)) {
        request_refuse_tunnel(link);
        return;
    }
    f->in.n = 0;
    net_write(link, S("HTTP/1.1 200 Connection established\r\nProxy-Agent: sim\r\n\r\n"));
    begin_service(f, (u16)number);
}

static void input_service(int link, struct far *f)
{
    if (!f->tls) {
        net_read(link, &f->reader.in);
        read_requests(link, f);
        return;
    }
    struct t_buf raw = {0}, wire = {0};
    net_read(link, &raw);
    if (f->tls_refused) {
        far_tls_alert(f->tls, &wire);
        net_write(link, t_buf_str(&wire));
        net_finish(link);
        f->phase = PHASE_OVER;
    } else {
        enum far_tls_result result = far_tls_feed(f->tls, t_buf_str(&raw), &f->reader.in, &wire);
        net_write(link, t_buf_str(&wire));
        if (result == FAR_TLS_FAILED) {
            net_finish(link);
            f->phase = PHASE_OVER;
        } else {
            read_requests(link, f);
        }
    }
    t_buf_free(&raw);
    t_buf_free(&wire);
}

// What the directory says goes out in one piece, after a while.
static void send_ldap(i64 link, i64 exchange)
{
    struct far *f = find((int)link);
    if (!f || f->exchanges != exchange) {
        return;
    }
    net_note_answering((int)link);
    put_clear((int)link, f, t_buf_str(&f->ahead));
    f->ahead.n = 0;
    f->end = net_written((int)link);
    f->handling = false;
    if (f->manner.drop) {
        end_link((int)link, f, sim_one_in(SIM_FAR, 2));
        f->phase = PHASE_OVER;
        return;
    }
    if (f->manner.twice) { // StartTLS: the answer went out in clear
        f->manner.twice = false;
        f->link.tls = true;
        f->tls = far_tls_open();
        f->tls_refused = fault_due(FAULT_TLS_ALERT);
    }
    far_input((int)link); // what came meanwhile
}

static void input_ldap(int link, struct far *f)
{
    struct t_buf plain = {0}, wire = {0};
    enum far_tls_result result = FAR_TLS_OK;
    if (f->handling) {
        return; // one after the other
    }
    net_read(link, &f->in);
    if (f->tls_refused) {
        far_tls_alert(f->tls, &wire);
        result = FAR_TLS_FAILED;
    } else if (f->tls) {
        result = far_tls_feed(f->tls, t_buf_str(&f->in), &plain, &wire);
    } else {
        t_buf_put(&plain, t_buf_str(&f->in));
    }
    f->in.n = 0;
    net_write(link, t_buf_str(&wire));
    if (result == FAR_TLS_FAILED) {
        net_finish(link);
        f->phase = PHASE_OVER;
    } else if (plain.n > 0) {
        net_note_opened(link);
        exchange_ldap_weather(f->ldap);
        enum ldap_next next = t_ldap_input(f->ldap, t_buf_str(&plain), &f->ahead,
                                           clock_true_unix_ms());
        f->manner = (struct manner){.drop = next == LDAP_CLOSES, .twice = next == LDAP_STARTS_TLS};
        sim_trace("%lld directory %d -> %td bytes, %d", (long long)clock_now_us(), link, f->ahead.n,
                  (int)next);
        if (f->ahead.n > 0 || next != LDAP_GOES_ON) {
            f->handling = true;
            f->exchanges++;
            clock_after(exchange_ldap_delay_us(), send_ldap, link, f->exchanges);
        }
    }
    t_buf_free(&plain);
    t_buf_free(&wire);
}

void far_input(int link)
{
    struct far *f = find(link);
    if (!f) {
        return;
    }
    switch (f->phase) {
    case PHASE_DNS:
        input_dns(link, f);
        break;
    case PHASE_PROXY:
        input_proxy(link, f);
        break;
    case PHASE_SERVE:
        input_service(link, f);
        break;
    case PHASE_LDAP:
        input_ldap(link, f);
        break;
    case PHASE_NONE:
    case PHASE_OVER:
        break;
    }
}

void far_datagram(int socket, const struct os_addr *to, str packet)
{
    struct t_buf out = {0};
    if (to->port == FAR_PORT_DNS && dns_answer(packet, false, &out)) {
        i64 us = sim_between(SIM_FAR, 500, 20000);
        if (fault_due(FAULT_DNS_LATE)) {
            net_udp_answer(socket, t_buf_str(&out), us);
            us += sim_between(SIM_FAULTS, 0, 7000) * SIM_MS;
        }
        net_udp_answer(socket, t_buf_str(&out), us);
    }
    t_buf_free(&out);
}
