// SPDX-License-Identifier: Apache-2.0
// StartTLS of LDAP (RFC 4511, section 4.14): one request in clear, one answer, then TLS. Two states
// of a connection that is being opened; there is no way from here to a connection without TLS.
#ifndef NET_CONN_START_TLS_H
#define NET_CONN_START_TLS_H

#include "net/conn.h"

enum conn_result conn_start_tls_send(struct conn_env *env, struct conn *conn);

// LDAP_START_TLS: the directory says no; LDAP_BUSY: not now; START_TLS_ANSWER: that is no answer;
// START_TLS_INJECTED: something came behind the answer.
enum conn_result conn_start_tls_read(struct conn *conn);

#endif
