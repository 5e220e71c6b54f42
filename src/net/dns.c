// SPDX-License-Identifier: Apache-2.0
// The query machine of the resolver (see dns.h). It owns at most one UDP socket and one TCP socket.
//
// A try is one full name; each try asks the servers in turn, with a new socket (so a new port) and
// new ids each time, for the record types that are still open. Once one type has addresses, the
// other is waited for only DNS_SECOND_WAIT_MS longer. Names x servers x attempts bound everything.
// A connected UDP socket hands over only what came from the server's address and port.
#include "net/dns.h"

#include <string.h>

enum { DNS_A, DNS_AAAA, DNS_LENGTH_BYTES = 2, DNS_TC_BYTE = 2, DNS_TC_BIT = 2 };

static void dns_close_fd(int *fd)
{
    if (*fd >= 0) {
        os_close(*fd);
    }
    *fd = -1;
}

void dns_query_close(struct dns_query *q)
{
    dns_close_fd(&q->fd);
    dns_close_fd(&q->tcp_fd);
}

static void dns_fail(struct dns_query *q, err e)
{
    dns_query_close(q);
    q->error = e;
    q->state = DNS_FAILED;
}

static void dns_put_addr(struct dns_query *q, const struct dns_side *side, int i, bool v6)
{
    if (i < side->found.count && q->addr_count < DNS_ADDRS_MAX) {
        struct os_addr *a = &q->addrs[q->addr_count++];
        *a = (struct os_addr){.v6 = v6, .port = q->port};
        memcpy(a->ip, side->found.ip[i], v6 ? 16 : 4);
    }
}

static void dns_succeed(struct dns_query *q)
{
    dns_query_close(q);
    q->addr_count = 0;
    for (int i = 0; i < DNS_ADDRS_MAX; i++) {
        dns_put_addr(q, &q->sides[DNS_AAAA], i, true);
        dns_put_addr(q, &q->sides[DNS_A], i, false);
    }
    q->state = DNS_FOUND;
}

static bool dns_side_open(const struct dns_side *side)
{
    return side->state == DNS_SIDE_ASKED || side->state == DNS_SIDE_TRUNCATED;
}

static bool dns_any(const struct dns_query *q, enum dns_side_state state)
{
    return q->sides[DNS_A].state == state || q->sides[DNS_AAAA].state == state;
}

// ---- which name, which server

// The full name of try `try_index`. With at least ndots dots the name itself comes first, else last
// (resolv.conf(5)). False when there is no such try.
static bool dns_set_name(struct dns_query *q)
{
    str name = str_make(q->name, q->name_bytes);
    int dots = 0;
    for (isize i = 0; i < name.n; i++) {
        dots += name.p[i] == '.';
    }
    int searched = q->absolute ? 0 : q->config->search_count;
    bool plain_first = q->absolute || dots >= q->config->ndots;
    while (q->try_index <= searched) {
        int search = plain_first ? q->try_index - 1 : q->try_index == searched ? -1 : q->try_index;
        u8 text[2 * DNS_NAME_BYTES + 1];
        struct buf b = buf_over(text, (isize)sizeof text);
        buf_put(&b, name);
        if (search >= 0) {
            buf_put_byte(&b, '.');
            buf_put(&b, str_make(q->config->search[search], q->config->search_bytes[search]));
        }
        if (err_ok(dns_name_parse(buf_str(&b), &q->asked))) {
            return true;
        }
        q->try_index++; // too long together with this domain
    }
    return false;
}

static bool dns_first_server(struct dns_query *q)
{
    q->server_index = q->attempt = 0;
    q->problem = false;
    q->sides[DNS_A] = q->sides[DNS_AAAA] = (struct dns_side){.state = DNS_SIDE_FAILED};
    return dns_set_name(q);
}

static bool dns_next_server(struct dns_query *q)
{
    q->server_index++;
    if (q->server_index >= q->config->server_count) {
        q->server_index = 0;
        q->attempt++;
    }
    return q->attempt < q->config->attempts;
}

// ---- asking

static struct dns_question dns_question_of(const struct dns_query *q, int side)
{
    return (struct dns_question){&q->asked, q->sides[side].id, side == DNS_AAAA};
}

// Sends a query for each side that has no final answer. False when the server cannot be reached.
static bool dns_ask(struct dns_query *q, i64 now_ms)
{
    u16 ids[2];
    os_entropy(ids, (isize)sizeof ids);
    ids[1] = ids[1] == ids[0] ? (u16)~ids[0] : ids[1];
    dns_query_close(q);
    q->deadline_ms = now_ms + q->config->timeout_ms;
    q->fd = os_udp_connect(&q->config->servers[q->server_index]);
    bool sent = q->fd >= 0;
    for (int i = 0; i < 2; i++) {
        struct dns_side *side = &q->sides[i];
        if (sent && side->state == DNS_SIDE_FAILED) {
            u8 packet[DNS_NAME_BYTES + 32];
            struct buf b = buf_over(packet, (isize)sizeof packet);
            *side = (struct dns_side){.state = DNS_SIDE_ASKED, .id = ids[i]};
            struct dns_question question = dns_question_of(q, i);
            dns_packet_put_query(&b, &question);
            ASSERT(!b.full);
            sent = os_send(q->fd, buf_str(&b)) == b.n;
        }
    }
    return sent;
}

// Sides that this server left open have failed; the next server is asked for them again.
static void dns_give_up_open(struct dns_query *q)
{
    for (int i = 0; i < 2; i++) {
        if (dns_side_open(&q->sides[i])) {
            q->sides[i].state = DNS_SIDE_FAILED;
        }
    }
}

// Goes on with the next server, or the next name, until one could be asked or none is left.
static void dns_go_on(struct dns_query *q, bool next_name, i64 now_ms)
{
    bool asked = false;
    while (!asked) {
        dns_give_up_open(q);
        if (!next_name && !dns_next_server(q)) {
            if (!q->problem) {
                dns_fail(q, FAIL(DNS_NO_ANSWER)); // silence: another name would meet the same
                return;
            }
            q->saw_problem = next_name = true;
        }
        if (next_name) {
            q->try_index++;
            if (!dns_first_server(q)) {
                dns_fail(q, q->saw_problem ? FAIL(DNS_SERVER_FAILED)
                            : q->saw_empty ? FAIL(DNS_NO_ADDRESS)
                                           : FAIL(DNS_NO_NAME));
                return;
            }
            next_name = false;
        }
        asked = dns_ask(q, now_ms);
    }
}

// ---- answers

bool dns_read_answer(struct dns_query *q, str packet, u16 id, bool aaaa)
{
    struct dns_side *side = &q->sides[aaaa ? DNS_AAAA : DNS_A];
    struct dns_question question = {&q->asked, id, aaaa};
    struct dns_addresses found;
    enum dns_verdict verdict = dns_packet_read(packet, &question, &found);
    switch (verdict) {
    case DNS_OTHER:
        return false;
    case DNS_ADDRESSES:
        side->found = found;
        side->state = DNS_SIDE_FOUND;
        break;
    case DNS_NO_DATA:
        side->state = DNS_SIDE_EMPTY;
        break;
    case DNS_NO_SUCH_NAME:
        side->state = DNS_SIDE_NO_NAME;
        break;
    case DNS_TRUNCATED:
        side->found = found; // for the case that TCP does not get through
        side->state = DNS_SIDE_TRUNCATED;
        break;
    case DNS_SERVER_PROBLEM:
        side->state = DNS_SIDE_FAILED;
        q->problem = true;
        break;
    }
    return true;
}

static void dns_read_udp(struct dns_query *q)
{
    u8 packet[DNS_DATAGRAM_BYTES];
    for (int reads = 0; reads < DNS_READS_MAX && dns_any(q, DNS_SIDE_ASKED) && q->fd >= 0;
         reads++) {
        isize n = os_recv(q->fd, packet, (isize)sizeof packet);
        if (n == OS_AGAIN) {
            return;
        }
        if (n == OS_BROKEN) { // nobody listens there
            dns_close_fd(&q->fd);
        }
        for (int i = 0; i < 2; i++) {
            struct dns_side *side = &q->sides[i];
            if (side->state != DNS_SIDE_ASKED) {
                continue;
            }
            if (n == OS_BROKEN) {
                side->state = DNS_SIDE_FAILED;
            } else if (dns_read_answer(q, str_make(packet, n), side->id, i == DNS_AAAA)) {
                break;
            }
        }
    }
}

// ---- TCP: one question a connection, because old servers read no second one

// TCP did not bring an answer: what the truncated one had must do.
static void dns_take_truncated(struct dns_side *side)
{
    if (side->state == DNS_SIDE_TRUNCATED || side->state == DNS_SIDE_FAILED) {
        side->state = side->found.count ? DNS_SIDE_FOUND : DNS_SIDE_FAILED;
    }
}

static void dns_end_tcp(struct dns_query *q)
{
    dns_close_fd(&q->tcp_fd);
    dns_take_truncated(&q->sides[q->tcp_side]);
}

static isize dns_tcp_unsent(const struct dns_query *q)
{
    return DNS_LENGTH_BYTES + dns_packet_query_bytes(&q->asked) - q->tcp_sent;
}

static void dns_send_tcp(struct dns_query *q)
{
    u8 packet[DNS_NAME_BYTES + 32];
    struct buf b = buf_over(packet, (isize)sizeof packet);
    struct dns_question question = dns_question_of(q, q->tcp_side);
    buf_put_fill(&b, 0, DNS_LENGTH_BYTES);
    dns_packet_put_query(&b, &question);
    ASSERT(!b.full);
    packet[0] = (u8)((b.n - DNS_LENGTH_BYTES) >> 8);
    packet[1] = (u8)(b.n - DNS_LENGTH_BYTES);
    isize sent = os_send(q->tcp_fd, str_from_index(buf_str(&b), q->tcp_sent));
    if (sent == OS_BROKEN) {
        dns_end_tcp(q);
    } else if (sent != OS_AGAIN) {
        q->tcp_sent += sent;
    }
}

// Bytes of the answer that are wanted now: its length first. What is beyond our buffer is not read.
static isize dns_tcp_want(const struct dns_query *q)
{
    isize want = DNS_LENGTH_BYTES;
    if (q->tcp_got >= DNS_LENGTH_BYTES) {
        want += (isize)q->packet[0] << 8 | q->packet[1];
    }
    return want < DNS_PACKET_BYTES ? want : DNS_PACKET_BYTES;
}

static void dns_read_tcp(struct dns_query *q)
{
    while (q->tcp_got < dns_tcp_want(q)) {
        isize n = os_recv(q->tcp_fd, q->packet + q->tcp_got, dns_tcp_want(q) - q->tcp_got);
        if (n == OS_AGAIN) {
            return;
        }
        if (n <= 0) {
            dns_end_tcp(q);
            return;
        }
        q->tcp_got += n;
    }
    str packet = str_from_index(str_make(q->packet, q->tcp_got), DNS_LENGTH_BYTES);
    if (q->tcp_got == DNS_PACKET_BYTES) { // longer than we read: more addresses than we want
        q->packet[DNS_LENGTH_BYTES + DNS_TC_BYTE] |= DNS_TC_BIT;
    }
    (void)dns_read_answer(q, packet, q->sides[q->tcp_side].id, q->tcp_side == DNS_AAAA);
    dns_end_tcp(q);
}

static void dns_move_tcp(struct dns_query *q, i64 now_ms)
{
    if (q->tcp_fd < 0 && dns_any(q, DNS_SIDE_TRUNCATED)) {
        q->tcp_side = q->sides[DNS_A].state == DNS_SIDE_TRUNCATED ? DNS_A : DNS_AAAA;
        q->tcp_sent = q->tcp_got = 0;
        q->deadline_ms = now_ms + q->config->timeout_ms;
        q->tcp_fd = os_tcp_connect(&q->config->servers[q->server_index]);
        if (q->tcp_fd < 0) {
            dns_end_tcp(q);
            return;
        }
    }
    if (q->tcp_fd >= 0 && dns_tcp_unsent(q)) {
        dns_send_tcp(q);
    }
    if (q->tcp_fd >= 0 && !dns_tcp_unsent(q)) {
        dns_read_tcp(q);
    }
}

// ---- the machine

// What to do when the deadline of this server passed.
static void dns_time_out(struct dns_query *q, i64 now_ms)
{
    for (int i = 0; i < 2; i++) {
        dns_take_truncated(&q->sides[i]);
    }
    if (dns_any(q, DNS_SIDE_FOUND)) {
        dns_succeed(q);
    } else { // a name that does not exist for one type exists for none (RFC 8020)
        dns_go_on(q, dns_any(q, DNS_SIDE_NO_NAME), now_ms);
    }
}

enum dns_state dns_query_step(struct dns_query *q, i64 now_ms)
{
    if (q->state != DNS_WORKING) {
        return q->state;
    }
    dns_read_udp(q);
    dns_move_tcp(q, now_ms);
    dns_move_tcp(q, now_ms); // when the first side is through with TCP, the second begins
    if (!dns_side_open(&q->sides[DNS_A]) && !dns_side_open(&q->sides[DNS_AAAA])) {
        if (dns_any(q, DNS_SIDE_FOUND)) {
            dns_succeed(q);
        } else if (dns_any(q, DNS_SIDE_FAILED)) {
            dns_go_on(q, false, now_ms);
        } else {
            q->saw_empty = q->saw_empty || dns_any(q, DNS_SIDE_EMPTY);
            dns_go_on(q, true, now_ms);
        }
    } else if (now_ms >= q->deadline_ms) {
        dns_time_out(q, now_ms);
    } else if (dns_any(q, DNS_SIDE_FOUND) || dns_any(q, DNS_SIDE_NO_NAME)) {
        i64 second_ms = now_ms + DNS_SECOND_WAIT_MS;
        q->deadline_ms = second_ms < q->deadline_ms ? second_ms : q->deadline_ms;
    }
    return q->state;
}

// Literals and /etc/hosts: no query at all.
static bool dns_answer_locally(struct dns_query *q, str host)
{
    struct os_addr addr;
    if (os_addr_parse(host, &addr)) {
        addr.port = q->port;
        q->addrs[0] = addr;
        q->addr_count = 1;
        q->state = DNS_FOUND;
        return true;
    }
    if (dns_hosts_find(q->config->hosts, host, &q->sides[DNS_A].found, &q->sides[DNS_AAAA].found)) {
        dns_succeed(q);
        return true;
    }
    return false;
}

void dns_query_start(struct dns_query *q, const struct dns_config *config, str host, u16 port,
                     i64 now_ms)
{
    *q = (struct dns_query){
        .config = config, .port = port, .fd = -1, .tcp_fd = -1, .deadline_ms = now_ms};
    q->absolute = str_ends(host, S("."));
    host.n -= q->absolute;
    if (host.n && dns_answer_locally(q, host)) {
        return;
    }
    if (!err_ok(dns_name_parse(host, &q->asked))) {
        dns_fail(q, FAIL(DNS_BAD_NAME));
        return;
    }
    memcpy(q->name, host.p, (size_t)host.n);
    q->name_bytes = (int)host.n;
    if (!dns_first_server(q)) {
        dns_fail(q, FAIL(DNS_BAD_NAME));
    } else if (!dns_ask(q, now_ms)) {
        dns_go_on(q, false, now_ms);
    }
    if (q->state != DNS_WORKING) {
        q->deadline_ms = now_ms;
    }
}

int dns_query_poll(const struct dns_query *q, struct os_poll *list, int cap)
{
    int count = 0;
    if (q->fd >= 0 && dns_any(q, DNS_SIDE_ASKED) && count < cap) {
        list[count++] = (struct os_poll){.fd = q->fd, .want_read = true};
    }
    if (q->tcp_fd >= 0 && count < cap) {
        bool unsent = dns_tcp_unsent(q) > 0;
        list[count++] = (struct os_poll){
            .fd = q->tcp_fd, .want_read = !unsent, .want_write = unsent};
    }
    return count;
}

i64 dns_query_deadline_ms(const struct dns_query *q)
{
    return q->deadline_ms;
}
