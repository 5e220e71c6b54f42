// SPDX-License-Identifier: Apache-2.0
// The server's end of TLS on one link: bytes in, bytes out, no I/O. Two implementations: a cheap
// framing (far_tls_cheap.c, the peer of sim_tls.c, in build/sim) and mbedTLS (far_tls_real.c, in
// build/sim_tls).
#ifndef SIM_FAR_TLS_H
#define SIM_FAR_TLS_H

#include "../tenant/t_mem.h"

struct far_tls;

enum far_tls_result { FAR_TLS_OK, FAR_TLS_CLOSED, FAR_TLS_FAILED };

void far_tls_world(u64 seed); // before a world begins: seeds what the server draws
struct far_tls *far_tls_open(void);
void far_tls_free(struct far_tls *t);
// Takes what came off the wire; appends what it says in clear to *plain and what must be sent to
// *wire.
enum far_tls_result far_tls_feed(struct far_tls *t, str in, struct t_buf *plain,
                                 struct t_buf *wire);
bool far_tls_ready(const struct far_tls *t);
void far_tls_write(struct far_tls *t, str plain, struct t_buf *wire);
void far_tls_close(struct far_tls *t, struct t_buf *wire); // the polite ending
void far_tls_alert(struct far_tls *t, struct t_buf *wire); // an impolite one

#endif
