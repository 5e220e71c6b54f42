// SPDX-License-Identifier: Apache-2.0
// TLS for the tenant's server: mbedTLS between the bytes of a socket and plain bytes. It does no
// I/O: received bytes are put into rx, what is to be sent is taken from tx. Also the check of the
// service account's signatures, which the model leaves to its owner.
#ifndef TENANT_TLS_H
#define TENANT_TLS_H

#include "tenant.h"

#define TLS_RX_BYTES 65536
#define TLS_TX_BYTES 262144 // a session stops taking plain bytes when so much waits

enum t_tls_versions { T_TLS_BOTH, T_TLS_12, T_TLS_13 };

struct t_session {
    void *ssl; // NULL: plain
    u8 *rx, *tx;
    isize rx_at, rx_n, tx_at, tx_n;
    bool ready; // the handshake is over
};

bool tls_init(enum t_tls_versions versions, bool tickets);
void tls_close(void);
long long tls_resumed(void); // sessions taken from tickets so far

void tls_session_open(struct t_session *s, bool plain);
void tls_session_free(struct t_session *s);
enum { T_TLS_MORE = 0, T_TLS_CLOSED = -1, T_TLS_FAILED = -2 };
int tls_handshake(struct t_session *s); // 1 done, T_TLS_MORE, T_TLS_FAILED
isize tls_read(struct t_session *s, u8 *out, isize cap);
isize tls_write(struct t_session *s, const u8 *p, isize n); // T_TLS_MORE: tx is full
void tls_say_close(struct t_session *s);

// SHA-256 of the server's certificate: what binds a channel (RFC 5929).
str tls_certificate_hash(void);
bool tls_verify_account(void *unused, str text, str signature);
bool tls_verify_key(void *unused, enum t_key key, bool pss, str text, str signature);
// Of the certificate that the application has in Entra.
bool tls_application_hashes(str *sha1, str *sha256);

#endif
