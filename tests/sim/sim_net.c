// SPDX-License-Identifier: Apache-2.0
// TCP links and UDP sockets in memory; see sim_net.h. Bytes are written to a pipe at once and
// become readable by events, in order; what a fault does to them is decided when they arrive.
#include "sim_net.h"

#include <string.h>

#include "clock.h"
#include "far.h"
#include "faults.h"
#include "sim.h"
#include "sim_os.h"

#define NET_OPEN_US (32 * SIM_S)    // 30 s to open a connection, a second, and the way there
#define NET_SILENT_US (122 * SIM_S) // the longest silence that is borne: before the first byte
#define NET_PAUSE_US (62 * SIM_S)   // ... and between two bytes of an answer
#define NET_RECORD_BYTES 17000
#define NET_GOOGLE_S 300
#define NET_DIRECTORY_S 3600

enum link_state { LINK_CONNECTING, LINK_OPEN, LINK_REFUSED, LINK_UNREACHABLE, LINK_RESET };

struct pipe {
    struct t_buf data;
    isize head;                     // bytes of data that were read
    i64 written, arrived, consumed; // data's head is at `consumed`
    i64 last_us;                    // when the latest segment arrives
    bool ended, end_arrived;
};

struct link {
    enum link_state state;
    int fd, owner;
    struct os_addr to;
    struct pipe up, down;
    bool closed; // by the product
    bool silent, half_open, opened;
    i64 latency_us;
    bool exchange; // one is under way
    i64 answer_at; // where its answer begins in `down`
    i64 exchange_us, progress_us, unread_us, blocked_us;
    i64 number; // of the exchange
};

struct datagram {
    struct t_buf data;
    int socket;
    bool arrived;
};

struct udp {
    int fd, owner;
    struct os_addr to;
    bool closed;
    i64 first; // datagrams before it are read
};

struct descriptor {
    bool udp;
    int index;
};

enum { LATENCY_US = 30000 }; // one way, at most
static i64 net_latency_us = LATENCY_US;

static struct {
    struct link *links;
    struct udp *udps;
    struct datagram *datagrams;
    struct descriptor *fds;
    int link_count, link_cap, udp_count, udp_cap, datagram_count, datagram_cap, fd_count, fd_cap;
    int open[HOST_PROCESSES];
    i64 bytes_in, bytes_out, elastic_timeout_s;
} net;

#define FD_BASE 10

void net_reset(void)
{
    for (int i = 0; i < net.link_count; i++) {
        t_buf_free(&net.links[i].up.data);
        t_buf_free(&net.links[i].down.data);
    }
    for (int i = 0; i < net.datagram_count; i++) {
        t_buf_free(&net.datagrams[i].data);
    }
    net.link_count = net.udp_count = net.datagram_count = net.fd_count = 0;
    memset(net.open, 0, sizeof(net.open));
    net.bytes_in = net.bytes_out = 0;
}

void net_set_latency_us(i64 us)
{
    net_latency_us = us ? us : LATENCY_US;
}

void net_set_timeout_s(i64 elastic)
{
    net.elastic_timeout_s = elastic;
}

void net_count_from_zero(void)
{
    net.bytes_in = net.bytes_out = 0;
}

i64 net_bytes_in(void)
{
    return net.bytes_in;
}

i64 net_bytes_out(void)
{
    return net.bytes_out;
}

int net_open_count(void)
{
    return net.open[host_selected()];
}

static void *grown(void *p, int count, int *cap, isize size)
{
    if (count < *cap) {
        return p;
    }
    *cap = *cap * 2 + 64;
    return t_resize(p, *cap * size);
}

static int new_fd(bool udp, int index)
{
    net.fds = grown(net.fds, net.fd_count, &net.fd_cap, (isize)sizeof(*net.fds));
    net.fds[net.fd_count] = (struct descriptor){udp, index};
    net.open[host_selected()]++;
    return FD_BASE + net.fd_count++;
}

static const struct descriptor *find_fd(int fd)
{
    int i = fd - FD_BASE;
    if (i < 0 || i >= net.fd_count) {
        sim_violation("descriptor %d was never opened", fd);
    }
    const struct descriptor *d = &net.fds[i];
    bool closed = d->udp ? net.udps[d->index].closed : net.links[d->index].closed;
    if (closed) {
        sim_violation("descriptor %d is used after its close", fd);
    }
    return d;
}

static struct link *find_link(int fd)
{
    const struct descriptor *d = find_fd(fd);
    if (d->udp) {
        sim_violation("descriptor %d is no TCP socket", fd);
    }
    return &net.links[d->index];
}

static bool is_counted(const struct link *l)
{
    return l->to.port != 53;
}

// ---- connecting

static void watch_open(i64 link, i64 unused)
{
    (void)unused;
    struct link *l = &net.links[link];
    // Where nothing is spoken before the request, or silence fell after the greeting, the request
    // may be on its way: watch_exchange() is patient with it.
    bool plain = (l->to.port == FAR_PORT_ELASTIC && far_world.plain_elastic) ||
                 l->to.port == FAR_PORT_LDAP;
    bool sent = plain ? l->up.written > 0 : l->silent && l->down.written > 0;
    if (!l->closed && !l->opened && !sent && l->state != LINK_RESET) {
        sim_violation("link %d was not opened in time, and not given up either", (int)link);
    }
}

static void connected(i64 link, i64 state)
{
    struct link *l = &net.links[link];
    if (l->closed || l->state != LINK_CONNECTING) {
        return;
    }
    l->state = (enum link_state)state;
    if (l->state == LINK_OPEN && !l->half_open) {
        far_accept((int)link);
    }
}

static int connect_udp(const struct os_addr *to)
{
    net.udps = grown(net.udps, net.udp_count, &net.udp_cap, (isize)sizeof(*net.udps));
    net.udps[net.udp_count] = (struct udp){
        .to = *to, .first = net.datagram_count, .owner = host_selected()};
    net.udps[net.udp_count].fd = new_fd(true, net.udp_count);
    return net.udps[net.udp_count++].fd;
}

int net_connect(const struct os_addr *to, bool udp)
{
    if (fault_due(FAULT_NO_SOCKET)) {
        return OS_BROKEN;
    }
    if (udp) {
        return connect_udp(to);
    }
    net.links = grown(net.links, net.link_count, &net.link_cap, (isize)sizeof(*net.links));
    int link = net.link_count++;
    struct link *l = &net.links[link];
    *l = (struct link){.to = *to, .owner = host_selected()};
    l->latency_us = sim_between(SIM_NET, 100, net_latency_us);
    l->fd = new_fd(false, link);
    i64 us = 2 * l->latency_us;
    enum link_state becomes = LINK_OPEN;
    switch (far_address_is(to)) {
    case FAR_REFUSES:
        becomes = LINK_REFUSED;
        break;
    case FAR_SWALLOWS:
        us = -1;
        break;
    case FAR_LISTENS:
        break;
    }
    if (fault_due(FAULT_REFUSE)) {
        becomes = sim_one_in(SIM_FAULTS, 3) ? LINK_UNREACHABLE : LINK_REFUSED;
    }
    if (fault_due(FAULT_SWALLOW)) {
        us = -1;
    }
    if (fault_due(FAULT_SLOW_CONNECT)) {
        us = us < 0 ? us : sim_between(SIM_FAULTS, 1, 40000) * SIM_MS;
    }
    l->half_open = fault_due(FAULT_HALF_OPEN);
    if (us >= 0) {
        clock_after(us, connected, link, becomes);
    }
    if (is_counted(l)) {
        clock_after(NET_OPEN_US, watch_open, link, 0);
    }
    return l->fd;
}

err net_connected(int fd)
{
    switch (find_link(fd)->state) {
    case LINK_OPEN:
        return OK;
    case LINK_REFUSED:
        return FAIL(NET_REFUSED);
    case LINK_CONNECTING:
        sim_violation("descriptor %d is asked for its connection before it was writable", fd);
    case LINK_UNREACHABLE:
        return FAIL(NET_UNREACHABLE);
    case LINK_RESET:
        return FAIL(NET_RESET);
    }
    return OK;
}

// ---- arriving

// Days have very many links: their bytes go when nobody can read them any more.
static void forget(struct pipe *p)
{
    t_buf_free(&p->data);
    p->head = 0;
}

static void reset_link(int link)
{
    struct link *l = &net.links[link];
    if (l->state == LINK_OPEN) {
        l->state = LINK_RESET;
        far_gone(link);
        forget(&l->up);
    }
}

// A part of what was to arrive, perhaps, and then the fault.
static i64 part_of(const struct pipe *p, i64 target)
{
    i64 left = target > p->arrived ? target - p->arrived : 0;
    return p->arrived + sim_between(SIM_FAULTS, 0, left);
}

// false: the link is no more.
static bool weather(int link, struct pipe *p, i64 *target)
{
    struct link *l = &net.links[link];
    if (l->state != LINK_OPEN || l->silent) {
        return false;
    }
    if (fault_due(FAULT_SILENCE)) {
        *target = part_of(p, *target);
        l->silent = true;
    }
    if (fault_due(FAULT_RESET)) {
        reset_link(link);
        return false;
    }
    return true;
}

static void arrive_up(i64 link, i64 target)
{
    struct link *l = &net.links[link];
    if (weather((int)link, &l->up, &target)) {
        l->up.arrived = target > l->up.arrived ? target : l->up.arrived;
        far_input((int)link);
    }
}

static void arrive_down(i64 link, i64 target)
{
    struct link *l = &net.links[link];
    if (l->closed || !weather((int)link, &l->down, &target)) {
        return;
    }
    if (fault_due(FAULT_CLOSE)) {
        l->down.arrived = part_of(&l->down, target);
        l->down.end_arrived = l->down.ended = true;
        l->down.written = l->down.arrived;
        far_gone((int)link);
    } else if (l->down.arrived < target && !l->down.end_arrived) {
        if (l->down.arrived == l->down.consumed) {
            l->unread_us = clock_now_us();
        }
        l->down.arrived = target;
    }
}

static void end_up(i64 link, i64 unused)
{
    (void)unused;
    struct link *l = &net.links[link];
    if (!l->silent && l->state == LINK_OPEN) {
        l->up.end_arrived = true;
        far_gone((int)link);
        forget(&l->up);
    }
}

static void end_down(i64 link, i64 unused)
{
    (void)unused;
    struct link *l = &net.links[link];
    if (!l->silent) {
        l->down.end_arrived = true;
    }
}

static void reset_arrives(i64 link, i64 unused)
{
    (void)unused;
    reset_link((int)link);
}

static i64 delay_of(struct link *l, struct pipe *p)
{
    i64 now = clock_now_us();
    i64 at = now + l->latency_us + sim_between(SIM_NET, 0, 500);
    p->last_us = at > p->last_us ? at : p->last_us;
    return p->last_us - now;
}

static void put_pipe(int link, bool up, str s)
{
    struct link *l = &net.links[link];
    struct pipe *p = up ? &l->up : &l->down;
    if (up || !l->closed) {
        t_buf_put(&p->data, s);
    }
    while (s.n > 0) {
        isize n = sim_one_in(SIM_NET, 3) ? (isize)sim_between(SIM_NET, 1, s.n) : s.n;
        p->written += n;
        clock_after(delay_of(l, p), up ? arrive_up : arrive_down, link, p->written);
        s = str_from_index(s, n);
    }
}

// ---- watching the clock

static i64 timeout_us(const struct link *l)
{
    bool directory = l->to.port == FAR_PORT_LDAP || l->to.port == FAR_PORT_LDAPS;
    i64 s = directory                        ? NET_DIRECTORY_S
            : l->to.port == FAR_PORT_ELASTIC ? net.elastic_timeout_s
                                             : NET_GOOGLE_S;
    return (s + 2) * SIM_S;
}

static void watch_exchange(i64 link, i64 number)
{
    struct link *l = &net.links[link];
    if (l->closed || !l->exchange || l->number != number || l->state != LINK_OPEN) {
        return;
    }
    i64 now = clock_now_us();
    bool unread = l->down.arrived > l->down.consumed;
    // A part of a record is no byte of an answer yet.
    bool answered = l->down.consumed > l->answer_at + NET_RECORD_BYTES;
    i64 patience_us = answered ? NET_PAUSE_US : NET_SILENT_US;
    i64 silent_us = now - l->progress_us;
    if (!unread && !l->down.end_arrived && silent_us > patience_us) {
        sim_violation("link %d: an exchange is silent for %lld s, and goes on", (int)link,
                      (long long)(silent_us / SIM_S));
    }
    i64 blocked_us = l->blocked_us + (unread ? now - l->unread_us : 0);
    if (now - l->exchange_us - blocked_us > timeout_us(l)) {
        sim_violation("link %d: an exchange takes %lld s", (int)link,
                      (long long)((now - l->exchange_us) / SIM_S));
    }
    clock_after(5 * SIM_S, watch_exchange, link, number);
}

static void note_sent(int link)
{
    struct link *l = &net.links[link];
    l->progress_us = clock_now_us();
    // Who has read of an answer and sends again has begun another exchange.
    if ((!l->exchange || l->down.consumed > l->answer_at) && is_counted(l)) {
        l->exchange = true;
        l->answer_at = INT64_MAX / 2;
        l->number++;
        l->exchange_us = l->progress_us;
        l->blocked_us = 0;
        clock_after(60 * SIM_S, watch_exchange, link, l->number);
    }
}

void net_note_opened(int link)
{
    net.links[link].opened = true;
}

void net_note_answering(int link)
{
    net.links[link].answer_at = net.links[link].down.written;
}

void net_note_answered(int link)
{
    net.links[link].exchange = false;
}

// ---- sending and receiving

static isize send_udp(int socket, str s)
{
    struct udp *u = &net.udps[socket];
    if (fault_due(FAULT_DNS_SILENT)) {
        return s.n;
    }
    far_datagram(socket, &u->to, s);
    return s.n;
}

isize net_send(int fd, str s)
{
    const struct descriptor *d = find_fd(fd);
    if (d->udp) {
        return send_udp(d->index, s);
    }
    struct link *l = &net.links[d->index];
    if (l->state != LINK_OPEN) {
        return l->state == LINK_CONNECTING ? OS_AGAIN : OS_BROKEN;
    }
    i64 room = NET_WINDOW_BYTES - (l->up.written - l->up.consumed);
    if (room <= 0) {
        return OS_AGAIN;
    }
    isize n = s.n < room ? s.n : (isize)room;
    if (fault_due(FAULT_SHORT_IO)) {
        n = (isize)sim_between(SIM_FAULTS, 0, n);
        if (n == 0) {
            return OS_AGAIN;
        }
    }
    if (l->half_open) { // its peer is gone, and nobody says so
        l->up.written += n;
    } else {
        put_pipe(d->index, true, str_slice(s, 0, n));
    }
    note_sent(d->index);
    net.bytes_out += is_counted(l) ? n : 0;
    return n;
}

static isize recv_udp(int socket, u8 *p, isize n)
{
    struct udp *u = &net.udps[socket];
    for (i64 i = u->first; i < net.datagram_count; i++) {
        struct datagram *g = &net.datagrams[i];
        if (g->socket == socket && g->arrived) {
            g->arrived = false;
            isize take = g->data.n < n ? g->data.n : n;
            memcpy(p, g->data.p, (size_t)take);
            return take;
        }
    }
    return OS_AGAIN;
}

static void drop_consumed(struct pipe *p, isize n)
{
    p->consumed += n;
    p->head += n;
    if (p->head == p->data.n || p->head > NET_WINDOW_BYTES) {
        t_buf_drop(&p->data, p->head);
        p->head = 0;
    }
}

isize net_recv(int fd, void *out, isize n)
{
    const struct descriptor *d = find_fd(fd);
    if (d->udp) {
        return recv_udp(d->index, out, n);
    }
    struct link *l = &net.links[d->index];
    if (l->state == LINK_RESET || l->state == LINK_REFUSED || l->state == LINK_UNREACHABLE) {
        return OS_BROKEN;
    }
    i64 here = l->down.arrived - l->down.consumed;
    if (here == 0) {
        return l->down.end_arrived ? 0 : OS_AGAIN;
    }
    isize take = n < here ? n : (isize)here;
    if (fault_due(FAULT_SHORT_IO)) {
        take = (isize)sim_between(SIM_FAULTS, 1, take);
    }
    memcpy(out, l->down.data.p + l->down.head, (size_t)take);
    drop_consumed(&l->down, take);
    l->blocked_us += clock_now_us() - l->unread_us;
    l->unread_us = l->progress_us = clock_now_us();
    net.bytes_in += is_counted(l) ? take : 0;
    far_consumed(d->index);
    return take;
}

void net_close(int fd)
{
    const struct descriptor *d = find_fd(fd);
    net.open[host_selected()]--;
    if (d->udp) {
        net.udps[d->index].closed = true;
        return;
    }
    struct link *l = &net.links[d->index];
    l->closed = true;
    forget(&l->down);
    far_given_up(d->index);
    if (l->state == LINK_OPEN && !l->half_open) {
        i64 us = delay_of(l, &l->up);
        clock_after(us, end_up, d->index, 0);
    }
}

void net_reset_all(void)
{
    for (int i = 0; i < net.link_count; i++) {
        struct link *l = &net.links[i];
        if (!l->closed && l->owner == host_selected()) {
            l->closed = true;
            forget(&l->down);
            reset_link(i);
        }
    }
    for (int i = 0; i < net.udp_count; i++) {
        net.udps[i].closed = net.udps[i].closed || net.udps[i].owner == host_selected();
    }
    net.open[host_selected()] = 0;
}

bool net_is_readable(int fd)
{
    const struct descriptor *d = find_fd(fd);
    if (!d->udp) {
        const struct link *l = &net.links[d->index];
        return l->down.arrived > l->down.consumed || l->down.end_arrived ||
               (l->state != LINK_OPEN && l->state != LINK_CONNECTING);
    }
    for (i64 i = net.udps[d->index].first; i < net.datagram_count; i++) {
        if (net.datagrams[i].socket == d->index && net.datagrams[i].arrived) {
            return true;
        }
    }
    return false;
}

bool net_is_writable(int fd)
{
    const struct descriptor *d = find_fd(fd);
    if (d->udp) {
        return true;
    }
    const struct link *l = &net.links[d->index];
    return l->state == LINK_OPEN ? l->up.written - l->up.consumed < NET_WINDOW_BYTES
                                 : l->state != LINK_CONNECTING;
}

// ---- the far end

const struct os_addr *net_peer(int link)
{
    return &net.links[link].to;
}

int net_owner(int link)
{
    return net.links[link].owner;
}

bool net_is_alive(int link)
{
    return net.links[link].state == LINK_OPEN && !net.links[link].down.ended;
}

void net_read(int link, struct t_buf *out)
{
    struct pipe *p = &net.links[link].up;
    isize n = (isize)(p->arrived - p->consumed);
    if (n > 0) {
        t_buf_put(out, str_make(p->data.p + p->head, n));
        drop_consumed(p, n);
    }
}

bool net_read_ended(int link)
{
    return net.links[link].up.end_arrived;
}

isize net_room(int link)
{
    const struct pipe *p = &net.links[link].down;
    i64 room = NET_WINDOW_BYTES - (p->written - p->consumed);
    return room > 0 ? (isize)room : 0;
}

void net_write(int link, str s)
{
    if (net_is_alive(link)) {
        put_pipe(link, false, s);
    }
}

void net_write_whole(int link, str s)
{
    struct link *l = &net.links[link];
    if (net_is_alive(link)) {
        if (!l->closed) {
            t_buf_put(&l->down.data, s);
        }
        l->down.written += s.n;
        clock_after(delay_of(l, &l->down), arrive_down, link, l->down.written);
    }
}

void net_finish(int link)
{
    struct link *l = &net.links[link];
    if (net_is_alive(link)) {
        l->down.ended = true;
        clock_after(delay_of(l, &l->down), end_down, link, 0);
    }
}

void net_break(int link)
{
    struct link *l = &net.links[link];
    clock_after(delay_of(l, &l->down), reset_arrives, link, 0);
}

i64 net_written(int link)
{
    return net.links[link].down.written;
}

i64 net_consumed(int link)
{
    return net.links[link].down.consumed;
}

static void datagram_arrives(i64 index, i64 unused)
{
    (void)unused;
    net.datagrams[index].arrived = true;
}

void net_udp_answer(int socket, str datagram, i64 after_us)
{
    net.datagrams = grown(net.datagrams, net.datagram_count, &net.datagram_cap,
                          (isize)sizeof(*net.datagrams));
    struct datagram *g = &net.datagrams[net.datagram_count];
    *g = (struct datagram){.socket = socket};
    t_buf_put(&g->data, datagram);
    clock_after(after_us, datagram_arrives, net.datagram_count++, 0);
}
