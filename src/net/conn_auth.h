// SPDX-License-Identifier: Apache-2.0
// The login of a connection before its first request, and what a 401 means: machines see neither.
// NTLM authenticates the connection: its first message goes with an empty body to the address of
// the request, the last one with the request itself; later requests carry nothing. Basic goes with
// every request. The states are AUTH_SEND, AUTH_HEAD and AUTH_BODY; the rules are net/auth.h's.
#ifndef NET_CONN_AUTH_H
#define NET_CONN_AUTH_H

#include "net/conn_talk.h"

// A request may be made now, maybe with a login; `conn` is kept, or NULL. WAIT: another connection
// finds out whether the login is good. QUIET: not before auth.quiet_until_ms.
enum conn_auth_turn { CONN_AUTH_NOW, CONN_AUTH_WAIT, CONN_AUTH_QUIET };
enum conn_auth_turn conn_auth_turn(const struct conn *conn, const struct http_auth *a, i64 now_ms);

// This connection has been chosen: it finds out, if that has to be found out.
void conn_auth_claim(struct conn *conn);

// The request of conn->talk begins: chooses the state. AUTH_REFUSED, AUTH_AGAIN: it must not.
err conn_auth_start(struct conn *conn);

// One step of a login; working until the state is SEND.
enum talk_result talk_login(struct conn_env *env, struct conn *conn, i64 now_ms);

// A request is about to leave: the header line of one that carries Basic. AUTH_REFUSED, AUTH_AGAIN:
// the login was refused on another connection meanwhile; AUTH_NAME; AUTH_PLAIN.
err conn_auth_put_line(struct conn *conn, struct buf *b);

// The login that stands behind the headers of the request has been sent, or will not be.
void conn_auth_forget(struct conn *conn);

// The head of an answer: what it says about the login. An error: close the connection;
// talk.again, talk.retry_after_ms say what then.
err conn_auth_judge(struct conn_env *env, struct conn *conn, i64 now_ms);

#endif
