// SPDX-License-Identifier: Apache-2.0
// The network in memory: TCP links of two byte pipes with latency, windows and segments, and UDP
// sockets. The product holds one end by a descriptor (sim_os.c); the far side is called back when
// bytes arrive. A descriptor is never used twice in a world, so that a use after its close shows.
//
// The network also watches the clock for the product: a link that is not open in time, an exchange
// that is silent or takes longer than it may is a violation.
#ifndef SIM_SIM_NET_H
#define SIM_SIM_NET_H

#include "os/os.h"
#include "../tenant/t_mem.h"

#define NET_WINDOW_BYTES KIB(64)

void net_reset(void);                // a new world
void net_set_latency_us(i64 us);     // one way, at most; 0: the usual
void net_set_timeout_s(i64 elastic); // of one exchange, as config.yml says; Google's is fixed

// ---- the product's end
int net_connect(const struct os_addr *to, bool udp);
err net_connected(int fd);
isize net_send(int fd, str s);
isize net_recv(int fd, void *p, isize n);
void net_close(int fd);
bool net_is_readable(int fd);
bool net_is_writable(int fd);
int net_open_count(void);                    // descriptors that the product has not closed
void net_reset_all(void);                    // the process died: its peers see resets
i64 net_bytes_in(void), net_bytes_out(void); // of TCP to anybody but name servers, in this run
void net_count_from_zero(void);              // a new run

// ---- the far end of a link
const struct os_addr *net_peer(int link);
int net_owner(int link);                    // the process whose link it is
bool net_is_alive(int link);                // the product has not closed it, and no reset came
void net_read(int link, struct t_buf *out); // appends all that has arrived
bool net_read_ended(int link);
isize net_room(int link); // bytes that may be written now; a single write may exceed it
void net_write(int link, str s);
void net_write_whole(int link, str s); // in one segment
void net_finish(int link);             // no more bytes: the product reads the end after them
void net_break(int link);              // a reset
i64 net_written(int link);             // so far, towards the product
i64 net_consumed(int link);            // of them read by the product
void net_note_opened(int link);        // the first byte of a request was seen
void net_note_answering(int link);     // the first byte of the answer comes next
void net_note_answered(int link);      // the exchange is over for the far side, too
void net_udp_answer(int socket, str datagram, i64 after_us);

#endif
