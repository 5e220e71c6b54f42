// SPDX-License-Identifier: Apache-2.0
// net/tls.h over the cheap framing of tls_frame.h: what build/sim links instead of src/net/tls*.c,
// so that a minute has very many exchanges. It keeps the contract of the header to the letter:
// states, what a failed write leaves readable, tickets, was_cut, and that memory is wiped on close.
#include "net/tls.h"

#include <string.h>

#include "limits.h"
#include "net/crypto.h"
#include "os/os.h"
#include "sim_tls_reset.h"
#include "tls_frame.h"

enum { IN_BYTES = FRAME_PAYLOAD_BYTES + FRAME_HEAD_BYTES };

struct tls_roots {
    int count;
};

struct tls_conn {
    struct tls_global *global;
    struct tls_peer peer;
    struct tls_wire wire;
    bool open, greeted, accepted, ready, offered, resumed, cut;
    u8 *in, *out;
    isize in_n, in_at;     // bytes of the wire; the first is at in_at
    isize data_at, data_n; // of the record in hand, unmasked
    isize out_n, out_sent;
    err error;
    u8 facts_bytes[TLS_FACTS_BYTES];
    struct buf facts;
};

struct tls_global {
    i64 unix_s;
    struct tls_conn *conns;
    int count;
    u64 tickets[TLS_SESSIONS_MAX];
    int numbers[TLS_SESSIONS_MAX]; // whose they are: the number of its destination
    int next;                      // is forgotten for the next one
};

static u64 *ticket_of(struct tls_conn *c)
{
    struct tls_global *g = c->global;
    for (int i = 0; i < TLS_SESSIONS_MAX; i++) {
        if (g->numbers[i] == c->peer.session) {
            return &g->tickets[i];
        }
    }
    int i = g->next;
    g->next = (g->next + 1) % TLS_SESSIONS_MAX;
    g->numbers[i] = c->peer.session;
    g->tickets[i] = 0;
    return &g->tickets[i];
}

err tls_roots_load(struct plan *plan, str pem, struct tls_roots **out, struct buf *detail)
{
    (void)detail;
    *out = plan_take_n(plan, "roots", struct tls_roots, 1, "certificates of a ca_file");
    for (isize at = 0; at >= 0 && pem.n;) {
        at = str_find(pem, S("-----BEGIN CERTIFICATE-----"));
        pem = at < 0 ? (str){0} : str_from_index(pem, at + 5);
        (*out)->count += at >= 0;
    }
    return (*out)->count ? OK : FAIL(TLS_CA_EMPTY);
}

int tls_roots_count(const struct tls_roots *roots)
{
    return roots->count;
}

struct tls_global *tls_init(struct plan *plan, int connections)
{
    struct tls_global *g = plan_take_n(plan, "TLS sessions", struct tls_global, 1, "tickets");
    g->conns = plan_take_n(plan, "TLS connections", struct tls_conn, connections, "one a socket");
    u8 *memory = plan_take(plan, "TLS records", 2 * IN_BYTES, connections, "one each way");
    g->count = connections;
    for (int i = 0; i < connections; i++) {
        struct tls_conn *c = &g->conns[i];
        c->global = g;
        c->in = memory + (isize)i * 2 * IN_BYTES;
        c->out = c->in + IN_BYTES;
        c->facts = buf_over(c->facts_bytes, TLS_FACTS_BYTES);
    }
    return g;
}

void tls_clock_set(struct tls_global *g, i64 unix_s)
{
    g->unix_s = unix_s;
}

struct tls_conn *tls_conn_at(struct tls_global *g, int index)
{
    ASSERT(index >= 0 && index < g->count);
    return &g->conns[index];
}

static enum tls_state fail(struct tls_conn *c, err e, str fact)
{
    if (err_ok(c->error)) {
        c->error = e;
        buf_put(&c->facts, fact);
        if (c->offered && !c->ready) {
            *ticket_of(c) = 0;
            c->error = FAIL(TLS_BROKEN);
        }
    }
    return TLS_FAILED;
}

// The record that is being made, masked and ready to leave.
static void put_record(struct tls_conn *c, int type, str payload)
{
    ASSERT(c->out_n == c->out_sent && payload.n <= FRAME_PAYLOAD_BYTES);
    c->out[0] = (u8)type;
    c->out[1] = (u8)(payload.n >> 8);
    c->out[2] = (u8)payload.n;
    for (isize i = 0; i < payload.n; i++) {
        c->out[FRAME_HEAD_BYTES + i] = payload.p[i] ^ FRAME_MASK;
    }
    c->out_n = FRAME_HEAD_BYTES + payload.n;
    c->out_sent = 0;
}

enum tls_state tls_flush(struct tls_conn *c)
{
    while (c->out_sent < c->out_n) {
        isize n = c->wire.send(c->wire.st, str_make(c->out + c->out_sent, c->out_n - c->out_sent));
        if (n == OS_AGAIN) {
            return TLS_WANT_WRITE;
        }
        if (n < 0) {
            c->out_n = c->out_sent = 0;
            return fail(c, FAIL(NET_RESET), c->ready ? S("") : S("during the TLS handshake"));
        }
        c->out_sent += n;
    }
    return TLS_READY;
}

bool tls_is_flushed(const struct tls_conn *c)
{
    return c->out_sent == c->out_n;
}

err tls_open(struct tls_conn *c, const struct tls_peer *peer, const struct tls_wire *wire)
{
    ASSERT(!c->open);
    c->peer = *peer;
    c->wire = *wire;
    c->open = true;
    c->greeted = c->accepted = c->ready = c->resumed = c->cut = false;
    c->in_n = c->in_at = c->data_n = c->data_at = c->out_n = c->out_sent = 0;
    c->error = OK;
    buf_reset(&c->facts);
    u64 ticket = peer->session >= 0 ? *ticket_of(c) : 0;
    c->offered = ticket != 0;
    u8 bytes[8 + 256];
    struct buf hello = buf_over(bytes, COUNT(bytes));
    buf_put(&hello, str_make(&ticket, 8));
    buf_put_lower(&hello, peer->host);
    put_record(c, FRAME_HELLO, buf_str(&hello));
    return OK;
}

// The next record: its type, payload at data_at; 0: closed without an ending; OS_AGAIN, OS_BROKEN.
static isize next_record(struct tls_conn *c)
{
    for (;;) {
        u8 *p = c->in + c->in_at;
        isize here = c->in_n - c->in_at;
        isize n = here >= FRAME_HEAD_BYTES ? (isize)p[1] << 8 | p[2] : 0;
        if (here >= FRAME_HEAD_BYTES && here >= FRAME_HEAD_BYTES + n) {
            for (isize i = 0; i < n; i++) {
                p[FRAME_HEAD_BYTES + i] ^= FRAME_MASK;
            }
            c->data_at = c->in_at + FRAME_HEAD_BYTES;
            c->data_n = n;
            c->in_at += FRAME_HEAD_BYTES + n;
            return p[0];
        }
        memmove(c->in, p, (size_t)here);
        c->in_at = 0;
        c->in_n = here;
        isize got = c->wire.recv(c->wire.st, c->in + here, IN_BYTES - here);
        if (got <= 0) {
            return got;
        }
        c->in_n += got;
    }
}

static enum tls_state take_alert(struct tls_conn *c)
{
    return fail(c, c->ready ? FAIL(TLS_BROKEN) : FAIL(TLS_HANDSHAKE),
                S("the server sent an alert"));
}

enum tls_state tls_handshake(struct tls_conn *c)
{
    ASSERT(c->open);
    enum tls_state state = tls_flush(c);
    while (state == TLS_READY && !c->ready) {
        if (c->accepted) {
            c->ready = true;
            break;
        }
        isize type = next_record(c);
        if (type == OS_AGAIN) {
            return TLS_WANT_READ;
        }
        if (type == 0 || type == OS_BROKEN) {
            return fail(c, FAIL(NET_RESET), S("during the TLS handshake"));
        }
        if (type != FRAME_ACCEPTED) {
            return type == FRAME_ALERT ? take_alert(c) : fail(c, FAIL(TLS_NOT_TLS), S(""));
        }
        c->resumed = c->in[c->data_at] && c->peer.trust->verify;
        c->accepted = true;
        c->data_n = 0;
        put_record(c, FRAME_FINISHED, (str){0});
        state = tls_flush(c);
    }
    return state;
}

void tls_close(struct tls_conn *c)
{
    if (!c->open) {
        return;
    }
    if (c->ready && err_ok(c->error) && c->out_sent == c->out_n) {
        put_record(c, FRAME_CLOSE, (str){0});
        (void)tls_flush(c);
    }
    crypto_wipe(c->in, 2 * (isize)IN_BYTES);
    c->open = c->ready = false;
}

isize tls_read(struct tls_conn *c, void *p, isize n)
{
    ASSERT(c->ready && n > 0);
    while (c->data_n == 0) {
        isize type = next_record(c);
        switch (type) {
        case FRAME_DATA:
            break;
        case FRAME_TICKET:
            if (c->peer.session >= 0) {
                memcpy(ticket_of(c), c->in + c->data_at, 8);
            }
            c->data_n = 0;
            break;
        case FRAME_CLOSE:
            c->in_at = c->in_n = 0;
            return 0;
        case 0:
            c->cut = true;
            return 0;
        case OS_AGAIN:
            return OS_AGAIN;
        case FRAME_ALERT:
            (void)take_alert(c);
            return OS_BROKEN;
        default:
            (void)fail(c, type == OS_BROKEN ? FAIL(NET_RESET) : FAIL(TLS_BROKEN), S(""));
            return OS_BROKEN;
        }
    }
    isize take = c->data_n < n ? c->data_n : n;
    memcpy(p, c->in + c->data_at, (size_t)take);
    c->data_at += take;
    c->data_n -= take;
    return take;
}

bool tls_was_cut(const struct tls_conn *c)
{
    return c->cut;
}

isize tls_write(struct tls_conn *c, str s)
{
    ASSERT(c->ready && s.n > 0);
    if (c->out_sent < c->out_n) {
        return 0;
    }
    isize n = s.n < FRAME_PAYLOAD_BYTES ? s.n : FRAME_PAYLOAD_BYTES;
    put_record(c, FRAME_DATA, str_slice(s, 0, n));
    return tls_flush(c) == TLS_FAILED ? OS_BROKEN : n;
}

err tls_error(const struct tls_conn *c, struct buf *detail)
{
    buf_put(detail, buf_str(&c->facts));
    return c->error;
}

bool tls_is_resumed(const struct tls_conn *c)
{
    return c->resumed;
}

const char *tls_version_name(const struct tls_conn *c)
{
    return c->ready ? "TLSv1.3" : "";
}

isize tls_server_end_point(const struct tls_conn *c, u8 out[TLS_END_POINT_BYTES])
{
    // There are no certificates: a hash of the name stands for one.
    crypto_sha256(c->peer.host, out);
    return 32;
}

void tls_certificate_read(const struct tls_conn *c, struct tls_certificate *out)
{
    (void)c;
    memset(out, 0, sizeof(*out));
}

isize tls_heap_peak_bytes(const struct tls_conn *c)
{
    (void)c;
    return 0;
}

struct buf tls_spare(struct tls_conn *c)
{
    ASSERT(!c->open);
    return buf_over(c->in, TLS_READ_BYTES);
}

void sim_tls_reset(void)
{
    // Nothing here outlives the memory of a process.
}
