// SPDX-License-Identifier: Apache-2.0
// Names and addresses of the far side; see far.h. 10.0.N.I and fd00::N:I is the I-th address of the
// N-th name; whatever is not among them is a place where nobody lives.
#include "far.h"

#include "clock.h"

static const char *const names[] = {"es.tenant.test",   "google.tenant.test", "proxy.tenant.test",
                                    "mail.tenant.test", "dc.tenant.test",     "login.tenant.test",
                                    "graph.tenant.test"};

bool far_address_of(str name, int i, bool v6, struct os_addr *out)
{
    int count = v6 ? far_world.addresses_v6 : far_world.addresses;
    for (int n = 0; n < (int)COUNT(names) && i < count; n++) {
        if (str_eq_nocase(name, str_from(names[n]))) {
            *out = (struct os_addr){.v6 = v6};
            u8 *ip = out->ip;
            ip[0] = v6 ? 0xfd : 10;
            ip[v6 ? 13 : 2] = (u8)(n + 1);
            ip[v6 ? 15 : 3] = (u8)(i + 1);
            return true;
        }
    }
    return false;
}

// Number of the name and of the address, from 0. false: no such.
static bool find_address(const struct os_addr *a, int *name, int *i)
{
    *name = a->ip[a->v6 ? 13 : 2] - 1;
    *i = a->ip[a->v6 ? 15 : 3] - 1;
    struct os_addr same;
    return *name >= 0 && *name < (int)COUNT(names) && *i >= 0 &&
           far_address_of(str_from(names[*name]), *i, a->v6, &same) &&
           str_eq(str_make(same.ip, 16), str_make(a->ip, 16));
}

enum far_address far_address_is(const struct os_addr *to)
{
    static const u16 ports[] = {FAR_PORT_ELASTIC,  FAR_PORT_GOOGLE, FAR_PORT_PROXY,
                                FAR_PORT_EXCHANGE, FAR_PORT_LDAP,   FAR_PORT_ENTRA,
                                FAR_PORT_GRAPH};
    int name, i;
    if (to->port == FAR_PORT_DNS) {
        return FAR_LISTENS;
    }
    if (!find_address(to, &name, &i)) {
        return to->ip[3] & 1 ? FAR_REFUSES : FAR_SWALLOWS;
    }
    int bit = i + (to->v6 ? 4 : 0);
    if (far_world.dead >> bit & 1) {
        return bit & 1 ? FAR_REFUSES : FAR_SWALLOWS;
    }
    bool away = to->port == FAR_PORT_ELASTIC && far_world.outage_refuses &&
                clock_now_us() < far_world.outage_us;
    bool ldaps = ports[name] == FAR_PORT_LDAP && to->port == FAR_PORT_LDAPS && !far_world.no_ldaps;
    return away || (to->port != ports[name] && !ldaps) ? FAR_REFUSES : FAR_LISTENS;
}
