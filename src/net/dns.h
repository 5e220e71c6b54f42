// SPDX-License-Identifier: Apache-2.0
// The resolver: names to addresses over UDP, with TCP when an answer is truncated (RFC 1035, 7766,
// 3596). /etc/resolv.conf and /etc/hosts are read at start and given here as text. A and AAAA are
// asked at the same time; servers are tried in order, `attempts` times, `timeout` seconds each;
// `search` and `ndots` apply. Answers must match the query (id, name, type, source address). No
// cache beyond what a connection keeps: connections live long. Non-ASCII names are refused (use
// punycode).
#ifndef NET_DNS_H
#define NET_DNS_H

#include "limits.h"
#include "net/dns_packet.h"
#include "os/os.h"

struct dns_config {
    struct os_addr servers[DNS_SERVERS_MAX]; // port 53 unless set otherwise by a test
    int server_count;
    u8 search[DNS_SEARCH_MAX][DNS_NAME_BYTES];
    int search_bytes[DNS_SEARCH_MAX];
    int search_count;
    int ndots, timeout_ms, attempts;
    str hosts; // text of /etc/hosts, kept by the caller
};

// Unknown options are ignored, as resolvers do; without servers 127.0.0.1 is used. [start]: the
// zone of a link-local server may be the name of an interface, which is looked up.
void dns_config_parse(struct dns_config *config, str resolv_conf, str hosts);

enum dns_state { DNS_WORKING, DNS_FOUND, DNS_FAILED };

// What is known of one record type of the name that is being asked for.
enum dns_side_state {
    DNS_SIDE_ASKED,     // by UDP
    DNS_SIDE_TRUNCATED, // is asked by TCP, or waits for its turn there
    DNS_SIDE_FOUND,
    DNS_SIDE_EMPTY,
    DNS_SIDE_NO_NAME,
    DNS_SIDE_FAILED, // by this server
};

struct dns_side {
    enum dns_side_state state;
    u16 id;
    struct dns_addresses found;
};

struct dns_query {
    struct os_addr addrs[DNS_ADDRS_MAX]; // v6 and v4 alternating, as RFC 8305 section 4 orders them
    int addr_count;
    err error; // DNS_NO_NAME, DNS_NO_ADDRESS, DNS_NO_ANSWER, DNS_SERVER_FAILED, DNS_BAD_NAME
    // private
    enum dns_state state;
    const struct dns_config *config;
    u8 name[DNS_NAME_BYTES]; // as asked for, without a trailing dot
    int name_bytes;
    bool absolute; // it had one: no search list
    u16 port;
    int try_index;               // which of: the name itself, the name in each search domain
    int server_index, attempt;   // for this try
    bool problem;                // a server refused or failed during this try
    bool saw_empty, saw_problem; // in any try
    struct dns_name asked;       // the full name of this try
    struct dns_side sides[2];    // A, AAAA
    int fd, tcp_fd;              // -1: none
    int tcp_side;                // which side the TCP connection asks for
    isize tcp_sent, tcp_got;     // bytes, with the two of the length
    u8 packet[DNS_PACKET_BYTES]; // the answer that TCP brings
    i64 deadline_ms;
};

// `host` may be a name or an address literal. Nothing is sent when /etc/hosts or the literal
// answers; then the deadline is now, and the first step has the result.
void dns_query_start(struct dns_query *q, const struct dns_config *config, str host, u16 port,
                     i64 now_ms);

// Reads what has arrived, sends what is due. Call after its descriptor became ready or at its
// deadline. Once it is FOUND or FAILED no descriptor is left open.
enum dns_state dns_query_step(struct dns_query *q, i64 now_ms);

// Descriptors to wait for, at most 2. They change with each step.
int dns_query_poll(const struct dns_query *q, struct os_poll *list, int cap);
i64 dns_query_deadline_ms(const struct dns_query *q);
void dns_query_close(struct dns_query *q); // after start, at any time; q may be started again

// Reads one answer packet for (q->asked, type, id) into q. False when it is not the answer. For the
// resolver itself and its fuzzer.
bool dns_read_answer(struct dns_query *q, str packet, u16 id, bool aaaa);

// The addresses that /etc/hosts has for `name` (no trailing dot), and those that localhost always
// has (RFC 6761, section 6.3). False when there are none.
bool dns_hosts_find(str hosts, str name, struct dns_addresses *v4, struct dns_addresses *v6);

#endif
