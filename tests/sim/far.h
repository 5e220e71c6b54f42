// SPDX-License-Identifier: Apache-2.0
// The far side: which addresses there are and what listens there, and what happens to bytes on the
// way through a proxy, TLS and HTTP to the tenant and back. The network calls far_*; everything is
// driven by events, nothing waits.
#ifndef SIM_FAR_H
#define SIM_FAR_H

#include "os/os.h"
#include "../tenant/tenant.h"

enum {
    FAR_PORT_GOOGLE = 443,
    FAR_PORT_EXCHANGE = 444,
    FAR_PORT_ENTRA = 445,
    FAR_PORT_GRAPH = 446,
    FAR_PORT_ELASTIC = 9200,
    FAR_PORT_LDAP = 389,
    FAR_PORT_LDAPS = 636,
    FAR_PORT_PROXY = 3128,
    FAR_PORT_DNS = 53
};
enum far_address { FAR_LISTENS, FAR_REFUSES, FAR_SWALLOWS };

struct far_world {
    struct tenant *tenant;
    bool plain_elastic;            // http:// there
    bool exchange;                 // the source is Exchange
    bool cloud;                    // ... Online
    bool no_ldaps;                 // nobody listens there
    int addresses, addresses_v6;   // of each name, at most 4
    u32 dead;                      // bit i: nobody is at the i-th address; from bit 4 on of IPv6
    i64 outage_us;                 // Elasticsearch is away until then
    bool outage_refuses;           // its port is closed; else it answers 503
    i64 idle_s;                    // an idle connection is closed after so long; 0: never
    bool service;                  // the observer of services is asked (life_observer.h)
    int asking;                    // the process whose request it is
    char proxy_authorization[128]; // what the proxy wants to hear; empty: nothing
};
extern struct far_world far_world;

void far_reset(void); // a new world: nothing is open
enum far_address far_address_is(const struct os_addr *to);
// The i-th address of a name; false: there is none.
bool far_address_of(str name, int i, bool v6, struct os_addr *out);

void far_accept(int link);
void far_input(int link);    // bytes have arrived
void far_consumed(int link); // the product has read some
void far_given_up(int link); // the product has closed: it waits for no answer, whoever knows it
void far_gone(int link);     // closed or reset by the other side
void far_datagram(int socket, const struct os_addr *to, str packet);

// dns.c: an answer to one question over UDP or TCP; false: none is given.
bool dns_answer(str question, bool tcp, struct t_buf *out);

#endif
