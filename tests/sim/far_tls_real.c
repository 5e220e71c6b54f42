// SPDX-License-Identifier: Apache-2.0
// The server's end of TLS over tests/tenant/tls.c, for build/sim_tls. That file and the mbedTLS
// that it wants, which can serve, are linked into one object whose names are hidden: the product
// has an mbedTLS of its own. What it asks the system for (time, entropy) is answered here.
#define _GNU_SOURCE
#include "far_tls.h"

#include <string.h>
#include <time.h>

#include "clock.h"
#include "net/tls_heap.h"
#include "sim.h"
#include "sim_crypto.h"
#include "sim_tls_reset.h"

#define tls_init far_real_init
#define tls_close far_real_close
#define tls_session_open far_real_open
#define tls_session_free far_real_free
#define tls_handshake far_real_handshake
#define tls_read far_real_read
#define tls_write far_real_write
#define tls_say_close far_real_say_close
#define tls_verify_account far_real_verify
#include "../tenant/tls.h"

void far_psa_free(void);            // of the far side's mbedTLS
void mbedtls_psa_crypto_free(void); // of the product's
long sim_far_syscall(long number, void *p, size_t n, unsigned flags);
time_t sim_far_time(time_t *out);
int sim_far_clock_gettime(clockid_t clock, struct timespec *out);

// The only system call that mbedTLS makes by its number is getrandom.
long sim_far_syscall(long number, void *p, size_t n, unsigned flags)
{
    (void)number;
    (void)flags;
    u8 *out = p;
    for (size_t i = 0; i < n; i++) {
        out[i] = (u8)(sim_random(SIM_FAR) >> 13);
    }
    return (long)n;
}

time_t sim_far_time(time_t *out)
{
    time_t now = (time_t)(clock_true_unix_ms() / 1000);
    if (out) {
        *out = now;
    }
    return now;
}

int sim_far_clock_gettime(clockid_t clock, struct timespec *out)
{
    (void)clock;
    i64 us = clock_now_us() + 1000 * SIM_S;
    *out = (struct timespec){.tv_sec = us / SIM_S, .tv_nsec = us % SIM_S * 1000};
    return 0;
}

struct far_tls {
    struct t_session s;
};

static bool is_open;

void far_tls_world(u64 seed)
{
    (void)seed;
    if (is_open) {
        far_real_close();
        far_psa_free();
    }
    is_open = far_real_init(T_TLS_BOTH, true);
    ASSERT(is_open);
}

struct far_tls *far_tls_open(void)
{
    struct far_tls *t = t_alloc((isize)sizeof(*t));
    far_real_open(&t->s, false);
    return t;
}

void far_tls_free(struct far_tls *t)
{
    far_real_free(&t->s);
    t_free(t);
}

bool far_tls_ready(const struct far_tls *t)
{
    return t->s.ready;
}

static void drain(struct far_tls *t, struct t_buf *wire)
{
    t_buf_put(wire, str_make(t->s.tx + t->s.tx_at, t->s.tx_n - t->s.tx_at));
    t->s.tx_at = t->s.tx_n = 0;
}

static enum far_tls_result work(struct far_tls *t, struct t_buf *plain)
{
    if (!t->s.ready) {
        int rc = far_real_handshake(&t->s);
        if (rc != 1) {
            return rc == T_TLS_FAILED ? FAR_TLS_FAILED : FAR_TLS_OK;
        }
    }
    for (;;) {
        u8 *at = t_buf_grab(plain, 16384);
        isize n = far_real_read(&t->s, at, 16384);
        plain->n -= 16384 - (n > 0 ? n : 0);
        if (n <= 0) {
            return n == T_TLS_MORE     ? FAR_TLS_OK
                   : n == T_TLS_CLOSED ? FAR_TLS_CLOSED
                                       : FAR_TLS_FAILED;
        }
    }
}

enum far_tls_result far_tls_feed(struct far_tls *t, str in, struct t_buf *plain, struct t_buf *wire)
{
    enum far_tls_result result = FAR_TLS_OK;
    while (in.n > 0 && result == FAR_TLS_OK) {
        isize n = in.n < TLS_RX_BYTES ? in.n : TLS_RX_BYTES;
        memcpy(t->s.rx, in.p, (size_t)n);
        t->s.rx_at = 0;
        t->s.rx_n = n;
        in = str_from_index(in, n);
        result = work(t, plain);
        drain(t, wire);
    }
    return result;
}

void far_tls_write(struct far_tls *t, str plain, struct t_buf *wire)
{
    while (plain.n > 0) {
        isize n = far_real_write(&t->s, plain.p, plain.n);
        ASSERT(n > 0);
        plain = str_from_index(plain, n);
        drain(t, wire);
    }
}

void far_tls_close(struct far_tls *t, struct t_buf *wire)
{
    far_real_say_close(&t->s);
    drain(t, wire);
}

// In clear: before the handshake an alert like any other, after it a record that cannot be read.
void far_tls_alert(struct far_tls *t, struct t_buf *wire)
{
    static const u8 handshake_failure[] = {21, 3, 3, 0, 2, 2, 40};
    (void)t;
    t_buf_put(wire, str_make(handshake_failure, COUNT(handshake_failure)));
}

bool sim_crypto_verify(void *unused, str text, str signature)
{
    return far_real_verify(unused, text, signature);
}

// ---- the product's hook for allocations, which a process that dies within TLS leaves set

static bool entered;
void __real_tls_heap_enter(struct tls_heap *heap);
void __wrap_tls_heap_enter(struct tls_heap *heap);
void __real_tls_heap_leave(void);
void __wrap_tls_heap_leave(void);

void __wrap_tls_heap_enter(struct tls_heap *heap)
{
    entered = true;
    __real_tls_heap_enter(heap);
}

void __wrap_tls_heap_leave(void)
{
    entered = false;
    __real_tls_heap_leave();
}

void sim_tls_reset(void)
{
    if (entered) {
        __wrap_tls_heap_leave();
    }
    mbedtls_psa_crypto_free(); // another process begins with nothing
}

// ---- the product's mbedTLS notes the age of its tickets by the system's clocks

time_t __wrap_time(time_t *out);
time_t __wrap_time(time_t *out)
{
    return sim_far_time(out);
}

long long __wrap_mbedtls_ms_time(void);
long long __wrap_mbedtls_ms_time(void)
{
    return clock_now_us() / 1000 + 1000000;
}
