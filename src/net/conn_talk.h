// SPDX-License-Identifier: Apache-2.0
// One exchange over an open connection: sending the request, reading the answer, feeding the
// machine. The states are SEND, HEAD, BODY, and DRAIN for what nobody wants any more.
#ifndef NET_CONN_TALK_H
#define NET_CONN_TALK_H

#include "net/conn.h"

enum talk_result {
    TALK_WORKING,
    TALK_DONE,   // end() was called and was content
    TALK_FAILED, // conn->error; the connection is closed, draining, or idle
};

// Begins the exchange: the connection is open or idle. `x` must stay valid until a result.
void talk_start(struct conn_env *env, struct conn *conn, struct exchange *x, i64 now_ms);
enum talk_result talk_step(struct conn_env *env, struct conn *conn, i64 now_ms);

// A connection without an exchange: reads what is left of an answer, notices that an idle one was
// closed or has become too old, and closes it then.
void talk_rest(struct conn_env *env, struct conn *conn, i64 now_ms);

// When talk_step() or talk_rest() has to be called even if nothing arrives.
i64 talk_deadline_ms(const struct conn *conn);

#endif
