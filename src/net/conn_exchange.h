// SPDX-License-Identifier: Apache-2.0
// What a connection knows of the exchange that it carries, and what the loop hears of one that has
// failed. Part of struct conn.
#ifndef NET_CONN_EXCHANGE_H
#define NET_CONN_EXCHANGE_H

#include "codec/gzip.h"
#include "limits.h"
#include "net/exchange.h"

// A gzip reader and the bytes that it has written and nobody has taken yet.
struct conn_inflater {
    bool used;
    void *memory; // of the reader
    struct gzip_reader *reader;
    struct buf out; // GZIP_OUT_BYTES
    isize taken;    // of out
    bool ended;
};

// One exchange on a connection; zeroed for each.
struct talk {
    struct exchange *x; // NULL: nobody waits for it
    const struct machine_ops *ops;
    void *st;
    bool head_sent, sent; // the request: its head, all of it
    bool started;         // some of it may have reached the server
    isize body_sent;      // bytes of x->body
    bool chunks_ended;
    bool credential; // the request carries one
    bool asks;       // stream: the machine may have something to send
    bool again;      // failed in a way that a fresh connection may cure
    bool login;      // stands behind x->headers, whose own bytes are headers_bytes
    isize headers_bytes;
    bool answered; // the first byte of an answer was seen
    bool early;    // the answer began before the request had ended: the connection cannot be kept
    bool blocked;  // the machine does not take bytes now
    bool more;     // this turn's share is used up, not what there is to do
    int interim;   // 1xx answers so far
    int status;    // of the answer; 0 before its head
    i64 retry_after_ms;
    struct http_body body;
    struct conn_inflater *inflater; // reserved when gzip was offered
    bool inflating;
    i64 fed_bytes; // of the body, unpacked, that the machine took
    i64 drained_bytes;
    i64 deadline_ms;      // of the whole exchange
    i64 step_deadline_ms; // of the first byte, or of the next
    i64 blocked_since_ms; // deadlines stand still while the machine blocks; 0: it does not
};

// What the loop wants to know of an exchange that has failed.
struct talk_outcome {
    bool started;       // some of the request may have reached the server
    bool stale;         // a kept connection had been closed before the first byte of an answer
    bool again;         // a login failed: another connection may do better
    bool judged;        // the machine said so, not the connection
    int status;         // 0: no answer
    i64 retry_after_ms; // -1: the answer does not say
};

#endif
