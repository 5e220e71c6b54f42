// SPDX-License-Identifier: Apache-2.0
// The resolver: names to addresses over UDP, with TCP when an answer is truncated (RFC 1035, 7766,
// 3596). /etc/resolv.conf and /etc/hosts are read at start and given here as text. A and AAAA are
// asked at the same time; servers are tried in order, `attempts` times, `timeout` seconds each;
// `search` and `ndots` apply. Answers must match the query (id, name, type, source address). No cache
// beyond what a connection keeps: connections live long. Non-ASCII names are refused (use punycode).
#ifndef NET_DNS_H
#define NET_DNS_H

#include "limits.h"
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

// Unknown options are ignored, as resolvers do; without servers 127.0.0.1 is used.
void dns_config_parse(struct dns_config *config, str resolv_conf, str hosts);

enum dns_state { DNS_WORKING, DNS_FOUND, DNS_FAILED };

struct dns_query {
    struct os_addr addrs[DNS_ADDRS_MAX]; // v6 and v4 alternating, as RFC 8305 section 4 orders them
    int addr_count;
    err error; // DNS_NO_NAME, DNS_NO_ANSWER, DNS_BAD_NAME, ...
    // private
    const struct dns_config *config;
    u8 name[DNS_NAME_BYTES];
    int name_bytes;
    int search_index, server_index, attempt, fd, tcp_fd;
    bool tried_plain, have_a, have_aaaa, name_exists;
    u16 id_a, id_aaaa;
    i64 deadline_ms;
    u8 packet[DNS_PACKET_BYTES];
    isize packet_bytes, tcp_sent;
    u16 port;
    i64 reserved[4];
};

// `host` may be a name or an address literal. Nothing is sent when /etc/hosts or the literal answers.
void dns_query_start(struct dns_query *q, const struct dns_config *config, str host, u16 port,
                     i64 now_ms);

// Reads what has arrived, sends what is due. Call after its descriptor became ready or at its deadline.
enum dns_state dns_query_step(struct dns_query *q, i64 now_ms);

int dns_query_poll(const struct dns_query *q, struct os_poll *list, int cap); // descriptors to wait for
i64 dns_query_deadline_ms(const struct dns_query *q);
void dns_query_close(struct dns_query *q); // at any time; q may be started again

// For the fuzzer: reads one answer packet for (name, type, id) into q. False when it is not the answer.
bool dns_read_answer(struct dns_query *q, str packet, u16 id, bool aaaa);

#endif
