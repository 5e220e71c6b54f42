// SPDX-License-Identifier: Apache-2.0
// One DNS packet: the query for a name's addresses, and the reading of its answer (RFC 1035, 3596).
//
// Pure: bytes in, values out. Names are handled as on the wire (labels with their lengths, lower
// case, at most 255 octets). A compression pointer must point before everything read so far of its
// name, so that reading ends; a chain of CNAMEs is followed within one answer, at most
// DNS_CNAME_MAX of them. Refused: names that are no host names, answers to another question,
// packets that end too early.
#ifndef NET_DNS_PACKET_H
#define NET_DNS_PACKET_H

#include "base/buf.h"
#include "limits.h"

// A name as on the wire, lower case, with the root label at its end.
struct dns_name {
    u8 wire[DNS_NAME_BYTES];
    int bytes; // 0: none
};

// DNS_BAD_NAME unless `text` is a host name: labels of 1-63 letters, digits, '-' and '_', at most
// 253 bytes without the trailing dot, which is allowed, and not all digits at its end (a mistyped
// address).
err dns_name_parse(str text, struct dns_name *out);

struct dns_question {
    const struct dns_name *name;
    u16 id;
    bool aaaa; // else A
};

// Appends the query: recursion desired, no EDNS.
void dns_packet_put_query(struct buf *b, const struct dns_question *question);
isize dns_packet_query_bytes(const struct dns_name *name);

struct dns_addresses {
    u8 ip[DNS_ADDRS_MAX][16]; // IPv4 in the first 4
    int count;                // further ones in the packet are ignored
};

enum dns_verdict {
    DNS_OTHER,         // not an answer to this question: as if it had not come
    DNS_ADDRESSES,     // *out has at least one
    DNS_NO_DATA,       // the name exists, without an address of this type
    DNS_NO_SUCH_NAME,  // NXDOMAIN
    DNS_TRUNCATED,     // ask again by TCP; *out has what was there, perhaps nothing
    DNS_SERVER_PROBLEM // SERVFAIL, REFUSED, a referral, an unreadable answer: ask the next server
};

enum dns_verdict dns_packet_read(str packet, const struct dns_question *question,
                                 struct dns_addresses *out);

#endif
