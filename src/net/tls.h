// SPDX-License-Identifier: Apache-2.0
// TLS 1.2 and 1.3 for one connection (client side), over mbedTLS; besides the tls_*.c files only
// crypto.c knows mbedTLS. Engine without I/O of its own: struct tls_wire carries its bytes.
// All memory of a connection comes from its own heap (TLS_HEAP_BYTES), wiped and reset on close.
//
// Certificates are verified as browsers do: chain to a trusted root, dates, names (DNS and IP SANs,
// wildcards), key sizes and signatures, purpose, and Mozilla's distrust dates. Sessions are kept
// serialised for each destination, outside the heaps, so that the next connection resumes.
#ifndef NET_TLS_H
#define NET_TLS_H

#include "base/plan.h"
#include "base/buf.h"

struct tls_global; // clock, session store, the connections: one a process
struct tls_conn;
struct tls_roots; // parsed certificates of a PEM file

// Which certificates are trusted for a destination.
struct tls_trust {
    bool verify;                   // false: anything goes (each job says so)
    bool embedded_roots;           // the Mozilla roots in the program
    const struct tls_roots *extra; // from ca_file; NULL: none
};

// Parses every certificate of a PEM (or one DER) text. TLS_CA_EMPTY, TLS_CA_SYNTAX,
// TLS_CA_TOO_MANY.
err tls_roots_load(struct plan *plan, str pem, struct tls_roots **out, struct buf *detail);
int tls_roots_count(const struct tls_roots *roots);

// Carves the memory of `connections` connections.
struct tls_global *tls_init(struct plan *plan, int connections);

// The unix time that certificates are judged by: set once a turn by the loop.
void tls_clock_set(struct tls_global *g, i64 unix_s);

enum tls_state { TLS_WANT_READ, TLS_WANT_WRITE, TLS_READY, TLS_CLOSED, TLS_FAILED };

// How encrypted bytes travel; results as those of os_recv() and os_send().
struct tls_wire {
    isize (*recv)(void *st, void *p, isize n);
    isize (*send)(void *st, str s);
    void *st;
};

// Whom a connection should reach. `host` must stay valid until the connection is closed.
struct tls_peer {
    str host; // name or address literal
    const struct tls_trust *trust;
    int session; // number of the session to resume and to keep (dest.index); -1: none
    bool other;  // than HTTP: no protocol is named (ALPN), since servers of LDAP know none
};

struct tls_conn *tls_conn_at(struct tls_global *g, int index);

// open, then handshake until it is TLS_READY; then read and write. After TLS_FAILED nothing but
// tls_error() and tls_close() may be called, with one exception: after a failed write what the far
// side had said before may still be read. tls_close() may be called at any time, also twice.
err tls_open(struct tls_conn *c, const struct tls_peer *peer, const struct tls_wire *wire);
enum tls_state tls_handshake(struct tls_conn *c);
void tls_close(struct tls_conn *c);

// Decrypted bytes, 0 = closed by the peer, OS_AGAIN, or OS_BROKEN (see tls_error()).
isize tls_read(struct tls_conn *c, void *p, isize n);
bool tls_was_cut(const struct tls_conn *c); // closed without TLS's own ending: data may be missing

// Takes the front of `s` (at most one record) and returns how much; what it took it keeps until
// tls_flush() says TLS_READY. 0: flush first. OS_BROKEN: see tls_error().
isize tls_write(struct tls_conn *c, str s);
enum tls_state tls_flush(struct tls_conn *c);
bool tls_is_flushed(const struct tls_conn *c); // also by a read that met a ticket

// Why it failed; facts (names, dates, the alert) are appended to `detail`.
err tls_error(const struct tls_conn *c, struct buf *detail);
bool tls_is_resumed(const struct tls_conn *c);
const char *tls_version_name(const struct tls_conn *c); // "TLSv1.3"

// What tells this server from one in between (RFC 5929, tls-server-end-point): the hash of its
// certificate, by the hash function of the signature on it, SHA-256 instead of MD5 and SHA-1.
// Returns its bytes; 0: it showed no certificate, because an old session was resumed.
enum { TLS_END_POINT_BYTES = 64 };
isize tls_server_end_point(const struct tls_conn *c, u8 out[TLS_END_POINT_BYTES]);

// The certificate that the server has shown, for people: names cut where they are long.
enum { TLS_CERTIFICATE_NAME_BYTES = 160 };
struct tls_certificate {
    u8 subject[TLS_CERTIFICATE_NAME_BYTES], issuer[TLS_CERTIFICATE_NAME_BYTES];
    int subject_bytes, issuer_bytes;
    i64 not_after_s; // unix time; 0: it showed none
};

// Once it is TLS_READY. An old session that was resumed shows none.
void tls_certificate_read(const struct tls_conn *c, struct tls_certificate *out);

isize tls_heap_peak_bytes(const struct tls_conn *c); // since the start of the process

// The read buffer of a connection that does not use TLS: lent to it for what it could not yet send.
struct buf tls_spare(struct tls_conn *c);

#endif
