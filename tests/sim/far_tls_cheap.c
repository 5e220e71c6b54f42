// SPDX-License-Identifier: Apache-2.0
// The server's end of the cheap TLS; see tls_frame.h. It checks what the client says as strictly as
// a real one would: the host must be ours, nothing may come out of order.
#include "far_tls.h"

#include <string.h>

#include "faults.h"
#include "sim.h"
#include "tls_frame.h"

struct far_tls {
    struct t_buf in;
    bool greeted, ready, over;
};

#define TICKET 0x7469636B65743031u

void far_tls_world(u64 seed)
{
    (void)seed;
}

struct far_tls *far_tls_open(void)
{
    return t_alloc((isize)sizeof(struct far_tls));
}

void far_tls_free(struct far_tls *t)
{
    t_buf_free(&t->in);
    t_free(t);
}

bool far_tls_ready(const struct far_tls *t)
{
    return t->ready;
}

static void put_frame(struct t_buf *wire, int type, str payload)
{
    u8 *p = t_buf_grab(wire, FRAME_HEAD_BYTES + payload.n);
    p[0] = (u8)type;
    p[1] = (u8)(payload.n >> 8);
    p[2] = (u8)payload.n;
    for (isize i = 0; i < payload.n; i++) {
        p[FRAME_HEAD_BYTES + i] = payload.p[i] ^ FRAME_MASK;
    }
}

void far_tls_alert(struct far_tls *t, struct t_buf *wire)
{
    u8 code = (u8)sim_between(SIM_FAULTS, 40, 80);
    put_frame(wire, FRAME_ALERT, str_make(&code, 1));
    t->over = true;
}

void far_tls_write(struct far_tls *t, str plain, struct t_buf *wire)
{
    ASSERT(t->ready);
    while (plain.n > 0) {
        isize n = plain.n < FRAME_PAYLOAD_BYTES ? plain.n : FRAME_PAYLOAD_BYTES;
        put_frame(wire, FRAME_DATA, str_slice(plain, 0, n));
        plain = str_from_index(plain, n);
    }
}

void far_tls_close(struct far_tls *t, struct t_buf *wire)
{
    if (t->ready && !t->over) {
        put_frame(wire, FRAME_CLOSE, (str){0});
    }
}

static bool greet(struct far_tls *t, str payload, struct t_buf *wire)
{
    if (payload.n < 8 || t->greeted || !str_ends(str_from_index(payload, 8), S(".tenant.test"))) {
        sim_violation("a client hello for %.*s", (int)payload.n, payload.p);
    }
    u64 ticket;
    memcpy(&ticket, payload.p, 8);
    u8 resumed = ticket == TICKET;
    if (ticket && fault_due(FAULT_TLS_STALE)) {
        if (sim_one_in(SIM_FAULTS, 2)) {
            far_tls_alert(t, wire);
            return false;
        }
        resumed = 0;
    }
    t->greeted = true;
    put_frame(wire, FRAME_ACCEPTED, str_make(&resumed, 1));
    return true;
}

static enum far_tls_result take_frame(struct far_tls *t, int type, str payload, struct t_buf *plain,
                                      struct t_buf *wire)
{
    u64 ticket = TICKET;
    switch (type) {
    case FRAME_HELLO:
        return greet(t, payload, wire) ? FAR_TLS_OK : FAR_TLS_FAILED;
    case FRAME_FINISHED:
        t->ready = t->greeted;
        put_frame(wire, FRAME_TICKET, str_make(&ticket, 8));
        return FAR_TLS_OK;
    case FRAME_DATA:
        if (!t->ready) {
            sim_violation("data before the handshake");
        }
        t_buf_put(plain, payload);
        return FAR_TLS_OK;
    case FRAME_CLOSE:
        return FAR_TLS_CLOSED;
    case FRAME_ALERT:
        return FAR_TLS_FAILED;
    default:
        sim_violation("a TLS record of type %d", type);
    }
}

enum far_tls_result far_tls_feed(struct far_tls *t, str in, struct t_buf *plain, struct t_buf *wire)
{
    t_buf_put(&t->in, in);
    isize at = 0;
    enum far_tls_result result = FAR_TLS_OK;
    while (result == FAR_TLS_OK && t->in.n - at >= FRAME_HEAD_BYTES) {
        u8 *p = t->in.p + at;
        isize n = (isize)p[1] << 8 | p[2];
        if (t->in.n - at < FRAME_HEAD_BYTES + n) {
            break;
        }
        for (isize i = 0; i < n; i++) {
            p[FRAME_HEAD_BYTES + i] ^= FRAME_MASK;
        }
        result = take_frame(t, p[0], str_make(p + FRAME_HEAD_BYTES, n), plain, wire);
        at += FRAME_HEAD_BYTES + n;
    }
    t_buf_drop(&t->in, at);
    return result;
}
