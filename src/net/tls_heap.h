// SPDX-License-Identifier: Apache-2.0
// The memory of mbedTLS: one small heap for each connection, so that nothing of a connection
// outlives it and no connection can take what belongs to another.
//
// mbedTLS allocates through two functions without a context (third_party/mbedtls/tls_config.h), so
// the heap that is being worked on is named by a global, the only mutable one beside main's: every
// call into mbedTLS stands between tls_heap_enter() and tls_heap_leave(). The clock by which
// certificates are judged travels the same way.
#ifndef NET_TLS_HEAP_H
#define NET_TLS_HEAP_H

#include "base/types.h"

struct tls_heap {
    u8 *p;
    isize cap;         // bytes, a multiple of 16
    isize first_free;  // no free block lies before this offset
    isize top;         // bytes from the start that were ever handed out since the last reset
    isize used, peak;  // bytes, block headers included; peak survives a reset
    i64 denied;        // requests that found no room
    const i64 *unix_s; // the clock; NULL: no certificates are judged with this heap
};

void tls_heap_init(struct tls_heap *heap, void *p, isize cap);
void tls_heap_enter(struct tls_heap *heap); // must not be nested
void tls_heap_leave(void);
void tls_heap_reset(
    struct tls_heap *heap); // wipes; only after mbedtls_*_free() of what lives in it

// The hooks of mbedTLS. calloc zeroes, aligns to 16 and returns NULL when the heap is full.
void *tls_heap_calloc(size_t n, size_t size);
void tls_heap_free(void *p);

#endif
