// SPDX-License-Identifier: Apache-2.0
// What the tls_*.c files share and nobody else includes: the connection with its mbedTLS objects,
// the session store, and the verification of certificates.
#ifndef NET_TLS_INTERNAL_H
#define NET_TLS_INTERNAL_H

#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>

#include "limits.h"
#include "net/tls.h"
#include "net/tls_heap.h"
#include "os/os.h"

struct tls_session {
    int key; // tls_peer.session + 1; 0: empty place
    isize bytes;
    u8 data[TLS_SESSION_BYTES];
};

struct tls_conn {
    struct tls_global *global;
    struct tls_heap heap;
    mbedtls_ssl_config config; // one each, because the CA callback finds its connection through it
    mbedtls_ssl_context ssl;
    bool open;    // the two above are initialised
    bool ready;   // the handshake is over
    bool offered; // an old session
    bool resumed; // it was taken: the handshake was an abbreviated one
    bool cut;
    isize flushing; // bytes of a record that is not yet on the wire whole
    struct tls_peer peer;
    struct tls_wire wire;
    u8 *in; // TLS_READ_BYTES read ahead from the wire
    isize in_from, in_to;
    bool dry; // the wire had nothing more when it was last asked
    // What verification found.
    bool verified;
    u32 flags; // MBEDTLS_X509_BADCERT_*
    bool self_signed, distrusted;
    i64 distrust_after_s;
    // Why it failed.
    err error;
    u8 facts_bytes[TLS_FACTS_BYTES];
    struct buf facts;
};

struct tls_global {
    i64 unix_s;
    struct tls_conn *conns;
    int count;
    struct tls_session sessions[TLS_SESSIONS_MAX];
    int next_session; // the place that is overwritten next
};

// tls_verify.c: hooks for mbedTLS, and the error that the flags mean.
int tls_verify_find_root(void *conn, mbedtls_x509_crt const *child, mbedtls_x509_crt **out);
int tls_verify_look(void *conn, mbedtls_x509_crt *crt, int depth, u32 *flags);
err tls_verify_error(const struct tls_conn *c);

// tls_roots.c: appends the roots whose subject is `subject` to *chain, allocating its head.
int tls_roots_find(const struct tls_roots *roots, str subject, mbedtls_x509_crt **chain);
int tls_roots_append(mbedtls_x509_crt **chain, str der);
bool tls_roots_hold(const struct tls_roots *roots, str der); // this very certificate

// tls_session.c
bool tls_session_offer(struct tls_conn *c); // false: there is none, or it no longer fits
void tls_session_keep(struct tls_conn *c);
void tls_session_drop(struct tls_conn *c);

int tls_random(void *unused, unsigned char *p, size_t n);

#endif
