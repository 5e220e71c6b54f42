// SPDX-License-Identifier: Apache-2.0
// First fit over one slab, with boundary tags: each block knows its own size and that of the block
// before it, so that freeing joins neighbours at once and needs no list. A handshake holds some 60
// blocks; the walk starts at the first hole. Blocks are multiples of 16 with a header of 16.
// A damaged header traps: it means that memory was overwritten.
#include "net/tls_heap.h"

#include <string.h>
#include <time.h>

#include "base/date.h"
#include "base/str.h"
#include "net/crypto.h"

#define TLS_HEAP_USED 0x55534544u // "USED"
#define TLS_HEAP_FREE 0x46524545u // "FREE"

struct tls_block {
    u32 bytes;  // of this block, header included
    u32 before; // of the block before it; 0 for the first
    u32 mark;
    u32 spare;
};

_Static_assert(sizeof(struct tls_block) == 16, "payloads stay aligned to 16");

static struct tls_heap *tls_heap_current;

static struct tls_block *tls_block_at(const struct tls_heap *heap, isize at)
{
    struct tls_block *block = (struct tls_block *)(void *)(heap->p + at);
    ASSERT(block->mark == TLS_HEAP_USED || block->mark == TLS_HEAP_FREE);
    return block;
}

static void tls_heap_format(struct tls_heap *heap)
{
    *(struct tls_block *)(void *)heap->p = (struct tls_block){.bytes = (u32)heap->cap,
                                                              .mark = TLS_HEAP_FREE};
    heap->first_free = 0;
    heap->used = 0;
    heap->top = 0;
}

void tls_heap_init(struct tls_heap *heap, void *p, isize cap)
{
    ASSERT(cap >= 32 && cap % 16 == 0 && cap < INT32_MAX && ((uintptr_t)p & 15) == 0);
    *heap = (struct tls_heap){.p = p, .cap = cap};
    tls_heap_format(heap);
}

void tls_heap_reset(struct tls_heap *heap)
{
    // The header of the free block behind the last one belongs to it.
    crypto_wipe(heap->p, heap->top + 16 < heap->cap ? heap->top + 16 : heap->cap);
    tls_heap_format(heap);
}

void tls_heap_enter(struct tls_heap *heap)
{
    ASSERT(tls_heap_current == NULL);
    tls_heap_current = heap;
}

void tls_heap_leave(void)
{
    ASSERT(tls_heap_current);
    tls_heap_current = NULL;
}

// Cuts the free block at `at` down to `need` bytes; the rest stays free.
static void tls_heap_split(struct tls_heap *heap, isize at, isize need)
{
    struct tls_block *block = tls_block_at(heap, at);
    isize rest = (isize)block->bytes - need;
    if (rest < 32) {
        return;
    }
    struct tls_block *tail = (struct tls_block *)(void *)(heap->p + at + need);
    *tail = (struct tls_block){.bytes = (u32)rest, .before = (u32)need, .mark = TLS_HEAP_FREE};
    block->bytes = (u32)need;
    if (at + need + rest < heap->cap) {
        tls_block_at(heap, at + need + rest)->before = (u32)rest;
    }
}

void *tls_heap_calloc(size_t n, size_t size)
{
    struct tls_heap *heap = tls_heap_current;
    ASSERT(heap);
    if (size && n > (size_t)heap->cap / size) {
        heap->denied++;
        return NULL;
    }
    isize need = ((isize)(n * size) + 15) / 16 * 16 + 16;
    bool hole_seen = false;
    for (isize at = heap->first_free; at < heap->cap;) {
        struct tls_block *block = tls_block_at(heap, at);
        if (block->mark == TLS_HEAP_FREE && (isize)block->bytes >= need) {
            tls_heap_split(heap, at, need);
            block->mark = TLS_HEAP_USED;
            heap->used += block->bytes;
            heap->peak = heap->used > heap->peak ? heap->used : heap->peak;
            isize end = at + (isize)block->bytes;
            heap->top = end > heap->top ? end : heap->top;
            heap->first_free = hole_seen ? heap->first_free : end;
            return memset(block + 1, 0, block->bytes - sizeof *block);
        }
        if (block->mark == TLS_HEAP_FREE && !hole_seen) {
            hole_seen = true;
            heap->first_free = at;
        }
        at += (isize)block->bytes;
    }
    heap->denied++;
    return NULL;
}

// Joins the free block at `at` with the block behind it, when that is free too.
static void tls_heap_join(struct tls_heap *heap, isize at)
{
    struct tls_block *block = tls_block_at(heap, at);
    isize next = at + (isize)block->bytes;
    if (next >= heap->cap || tls_block_at(heap, next)->mark != TLS_HEAP_FREE) {
        return;
    }
    block->bytes += tls_block_at(heap, next)->bytes;
    isize after = at + (isize)block->bytes;
    if (after < heap->cap) {
        tls_block_at(heap, after)->before = block->bytes;
    }
}

void tls_heap_free(void *p)
{
    struct tls_heap *heap = tls_heap_current;
    if (!p) {
        return;
    }
    ASSERT(heap && (u8 *)p >= heap->p + 16 && (u8 *)p < heap->p + heap->cap);
    isize at = (u8 *)p - heap->p - 16;
    struct tls_block *block = tls_block_at(heap, at);
    ASSERT(block->mark == TLS_HEAP_USED);
    block->mark = TLS_HEAP_FREE;
    heap->used -= block->bytes;
    tls_heap_join(heap, at);
    if (block->before && tls_block_at(heap, at - (isize)block->before)->mark == TLS_HEAP_FREE) {
        at -= (isize)block->before;
        tls_heap_join(heap, at);
    }
    heap->first_free = at < heap->first_free ? at : heap->first_free;
}

// mbedTLS asks this for the date of today and for nothing else (x509.c), so the seconds that it
// offers, which it took from the system, give way to the clock of the heap: tests can then choose
// the day.
struct tm *mbedtls_platform_gmtime_r(const time_t *unix_s, struct tm *out);

struct tm *mbedtls_platform_gmtime_r(const time_t *unix_s, struct tm *out)
{
    (void)unix_s;
    if (!tls_heap_current || !tls_heap_current->unix_s) {
        return NULL;
    }
    struct date d = date_from_unix(*tls_heap_current->unix_s);
    *out = (struct tm){
        .tm_year = (int)d.year - 1900,
        .tm_mon = d.month - 1,
        .tm_mday = d.day,
        .tm_hour = d.hour,
        .tm_min = d.minute,
        .tm_sec = d.second,
        .tm_wday = d.weekday,
    };
    return out;
}
