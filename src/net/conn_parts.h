// SPDX-License-Identifier: Apache-2.0
// What the files behind conn_talk.h share and nobody else includes: the ways in which an exchange
// ends, and what is done in the states that have a file of their own.
#ifndef NET_CONN_PARTS_H
#define NET_CONN_PARTS_H

#include "net/conn_talk.h"

// conn_talk.c. fail: the connection is to blame, and closed. judge: the machine has spoken.
enum talk_result talk_fail(struct conn_env *env, struct conn *conn, err e, str fact);
enum talk_result talk_fail_wire(struct conn_env *env, struct conn *conn);
enum talk_result talk_judge(struct conn_env *env, struct conn *conn, err e, i64 now_ms);
void talk_idle_clock(struct conn_env *env, struct conn *conn, i64 now_ms);
i64 talk_first_byte_ms(const struct talk *t);

// The head of the answer is in env->head.
enum talk_result talk_take_head(struct conn_env *env, struct conn *conn, i64 now_ms);

// conn_body.c. feed: gives the front of `piece` to the machine; *taken: how much it took.
i64 talk_answer_bytes(const struct talk *t); // at most, of the body
err talk_feed(struct conn_env *env, struct talk *t, str piece, isize *taken, i64 now_ms);
enum talk_result talk_body(struct conn_env *env, struct conn *conn, i64 now_ms); // state BODY

// conn_stream.c: state STREAM
enum talk_result talk_stream(struct conn_env *env, struct conn *conn, i64 now_ms);

#endif
