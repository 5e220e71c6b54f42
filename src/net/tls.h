// SPDX-License-Identifier: Apache-2.0
// TLS 1.2 and 1.3 for one connection (client side), over mbedTLS; the only other file that knows
// mbedTLS is crypto.c. Engine without I/O: bytes from the wire go in, bytes for the wire come out.
// All memory of a connection comes from its own heap (TLS_HEAP_BYTES), wiped and reset on close.
#ifndef NET_TLS_H
#define NET_TLS_H

#include "base/plan.h"
#include "base/buf.h"

struct tls_global; // DRBG, configurations, session store: one a process
struct tls_conn;

// Which certificates are trusted for a destination.
struct tls_trust {
    bool verify;         // false: anything goes (each job says so)
    bool embedded_roots; // the Mozilla roots in the program
    const struct tls_roots *extra; // from ca_file; NULL: none
};

struct tls_roots; // parsed certificates of a PEM file

// Parses every certificate of a PEM (or one DER) text. TLS_CA_EMPTY, TLS_CA_SYNTAX, TLS_CA_TOO_MANY.
err tls_roots_load(struct plan *plan, str pem, struct tls_roots **out, struct buf *detail);

struct tls_global *tls_init(struct plan *plan, int connections);

// The unix time that certificates are judged by: set once a turn by the loop.
void tls_clock_set(struct tls_global *g, i64 unix_s);

enum tls_state { TLS_WANT_READ, TLS_WANT_WRITE, TLS_READY, TLS_CLOSED, TLS_FAILED };

#endif
