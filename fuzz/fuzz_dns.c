// SPDX-License-Identifier: Apache-2.0
// Aimed at dns_read_answer(), dns_packet_read(), dns_name_parse(), dns_config_parse(),
// dns_hosts_find(). The first byte chooses what the rest is: an answer for A, an answer for AAAA
// (both with the id that was asked with, so that the fuzzer gets past it), resolv.conf, hosts, a
// name.
#include "net/dns.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { PACKET_MAX = 4096, NAMES = 3 };

static const char *const names[NAMES] = {"mail.example", "a", "x.y.z.w"};

static void run_packet(str in, bool aaaa)
{
    static struct dns_query q;
    static u8 packet[PACKET_MAX];
    memset(&q, 0, sizeof q);
    memcpy(packet, in.p, (size_t)in.n);
    packet[0] = 0x12;
    packet[1] = 0x34;
    for (int i = 0; i < NAMES; i++) {
        struct dns_side *side = &q.sides[aaaa];
        *side = (struct dns_side){.id = 0x1234};
        ASSERT(err_ok(dns_name_parse(str_from(names[i]), &q.asked)));
        bool answer = dns_read_answer(&q, str_make(packet, in.n), 0x1234, aaaa);
        ASSERT(answer == (side->state != DNS_SIDE_ASKED));
        ASSERT(side->found.count >= 0 && side->found.count <= DNS_ADDRS_MAX);
        ASSERT((side->state == DNS_SIDE_FOUND) <= (side->found.count > 0));
        ASSERT(side->found.count == 0 || side->state == DNS_SIDE_FOUND ||
               side->state == DNS_SIDE_TRUNCATED);
        ASSERT(!dns_read_answer(&q, str_make(packet, in.n), 0x1235, aaaa));
        ASSERT(q.sides[!aaaa].found.count == 0);
    }
}

static void run_config(str in)
{
    static struct dns_config config;
    // The zone of a server is looked up by a system call: numbers only here.
    if (str_find_byte(in, '%') >= 0) {
        return;
    }
    dns_config_parse(&config, in, (str){0});
    ASSERT(config.server_count >= 1 && config.server_count <= DNS_SERVERS_MAX);
    ASSERT(config.search_count >= 0 && config.search_count <= DNS_SEARCH_MAX);
    ASSERT(config.ndots >= 0 && config.ndots <= 15);
    ASSERT(config.timeout_ms >= 1000 && config.timeout_ms <= 30000);
    ASSERT(config.attempts >= 1 && config.attempts <= 5);
    for (int i = 0; i < config.search_count; i++) {
        struct dns_name name;
        ASSERT(err_ok(dns_name_parse(str_make(config.search[i], config.search_bytes[i]), &name)));
    }
}

static void run_hosts(str in)
{
    struct dns_addresses v4, v6;
    ASSERT(dns_hosts_find(in, S("localhost"), &v4, &v6));
    ASSERT(v4.count + v6.count >= 1 && v4.count <= DNS_ADDRS_MAX && v6.count <= DNS_ADDRS_MAX);
    bool found = dns_hosts_find(in, S("mail.example"), &v4, &v6);
    ASSERT(found == (v4.count + v6.count > 0));
}

// A name that is taken comes back whole from its form on the wire.
static void run_name(str in)
{
    struct dns_name name;
    if (!err_ok(dns_name_parse(in, &name))) {
        return;
    }
    ASSERT(name.bytes <= 255 && name.wire[name.bytes - 1] == 0);
    isize at = 0;
    for (int i = 0; name.wire[i]; i += 1 + name.wire[i]) {
        for (int k = 1; k <= name.wire[i]; k++) {
            ASSERT(str_lower_byte(in.p[at++]) == name.wire[i + k]);
        }
        ASSERT(at == in.n || in.p[at] == '.');
        at++;
    }
    ASSERT(at == in.n || at == in.n + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n < 3 || n > PACKET_MAX) {
        return 0;
    }
    str in = {p + 1, (isize)n - 1};
    switch (p[0] % 5) {
    case 0:
        run_packet(in, false);
        break;
    case 1:
        run_packet(in, true);
        break;
    case 2:
        run_config(in);
        break;
    case 3:
        run_hosts(in);
        break;
    default:
        run_name(in);
        break;
    }
    return 0;
}
