// SPDX-License-Identifier: Apache-2.0
// DNS names. From text: whatever label of N bytes is put behind a name of whatever length,
// the name stays within its 255 octets. From a packet: whatever N bytes it has, read from the
// middle, compression pointers end (the loop is unwound without a rest), nothing outside the packet
// or the name is touched.
//
// bound: labels of 64 bytes on any name (induction); packets of 4 bytes
// proof: prove_label 0,1,63,64 --unwind 72
// proof: prove_packet 0,1,2,3,4 --unwind 6
// mutant: prove_packet 4 net/dns_packet.c s/to >= limit/to > limit/
#include "prove.h"

#include "base/buf.c"
#include "base/str.c"
#include "net/dns_packet.c"

void prove_label(void)
{
    PROVE_INPUT(text);
    struct dns_name name;
    bool digits;
    ASSUME(name.bytes >= 0 && name.bytes < DNS_NAME_MAX);
    int before = name.bytes;
    if (err_ok(dns_name_put_label(&name, text, &digits))) {
        CLAIM(N >= 1 && N <= DNS_LABEL_MAX && name.bytes == before + 1 + N);
        CLAIM(name.bytes < DNS_NAME_MAX); // room for the root label
    }
}

void prove_packet(void)
{
    PROVE_INPUT(packet);
    struct dns_name name;
    struct dns_cursor c = {.packet = packet, .at = N / 2};
    isize at = c.at;
    dns_take_name(&c, &name);
    CLAIM(name.bytes >= 0 && name.bytes <= DNS_NAME_MAX);
    CLAIM(c.bad || (c.at > at && c.at <= N && name.bytes >= 1 && name.wire[name.bytes - 1] == 0));
}
