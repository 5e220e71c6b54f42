// SPDX-License-Identifier: Apache-2.0
// The pools, by induction: one operation on any state that the invariant allows.
//
// The heap of a TLS connection, cut in any way into blocks that are in use or free (the invariant:
// whole()). A request of any number of bytes: the piece lies within the memory, aligned to 16,
// zeroed, large enough, where a free block was; no header of a block in use changes; a refusal
// means that no free block was large enough. A product of any two 64-bit numbers that does not fit
// is refused. Any piece given back: the others stay; given back once more, or any other place (of
// each 16 bytes) that is not marked as in use: ASSERT. Wiping leaves nothing that a header held.
//
// The lanes' buffers, whichever are in use: a lane that grows gets one that nobody has, of the next
// size, gives back its own and no other, and what it held is all copied; refused when there is
// none.
//
// Left out: the content of pieces; that memset and memcpy write what they are told, here only
// where.
//
// bound: any history (induction); a heap of 4 units of 16 bytes for a request, 5 for what is given
// bound: back (heaps have thousands); 2 medium buffers and 1 large one
// proof: prove_calloc 2,4 --unwind 6 --boolector
// proof: prove_product 2 --unwind 4 --boolector
// proof: prove_free 2,5 --unwind 7 --boolector
// proof: prove_free_wrong 4 --unwind 6 --boolector
// proof: prove_reset 2,4 --unwind 6 --boolector
// proof: prove_lanes 2 --unwind 4 --boolector
// mutant: prove_calloc 3 net/tls_heap.c s/rest < 32/rest < 16/
// mutant: prove_product 2 net/tls_heap.c s/size \&\& n >/size == 3 \&\& n >/
// mutant: prove_free 3 net/tls_heap.c s/if (block->before \&\& /if (!block->before \&\& /
// mutant: prove_reset 2 net/tls_heap.c s/? heap->top + 16/? heap->top/
// mutant: prove_lanes 2 sync/buffers.c s/b->large_used = false/b->large_used = true/
#include "prove.h"

// An ASSERT ends the run: a claim breaks, unless this is what the proof waits for.
static bool prove_traps;
#undef __builtin_trap
#define __builtin_trap() (__ESBMC_assert(prove_traps, "ASSERT holds"), __ESBMC_assume(0))

#include "base/buf.c"
#include "base/str.c"

// Where the last memset or memcpy wrote, and how much.
static u8 *prove_written;
static size_t prove_written_bytes;

static void *prove_memset(void *p, int byte, size_t n)
{
    CLAIM(byte == 0);
    prove_written = p;
    prove_written_bytes = n;
    return p;
}
#define memset prove_memset
#include "net/tls_heap.c"
#undef memset

void crypto_wipe(void *p, isize n)
{
    (void)prove_memset(p, 0, (size_t)n);
}

struct date date_from_unix(i64 unix_s)
{
    (void)unix_s;
    return (struct date){0};
}

#include "limits.h"
#undef LANE_MEDIUM_BYTES
#define LANE_MEDIUM_BYTES 4
#define memcpy prove_memcpy
static const u8 *prove_read;

static void *prove_memcpy(void *to, const void *from, size_t n)
{
    prove_written = to;
    prove_written_bytes = n;
    prove_read = from;
    return to;
}
#include "sync/buffers.c"
#undef memcpy

// ---- the heap: N units of 16 bytes

enum { UNIT = 16, CAP = N * UNIT };

static struct tls_block blocks[N], was[N];
static struct tls_heap heap;

struct layout {
    bool starts[N]; // a block begins with this unit
    bool whole;     // the invariant
};

static bool is_used(const struct tls_block *b)
{
    return b->mark == TLS_HEAP_USED;
}

// Blocks tile the memory, each knows the one before; no two neighbours are free; nothing free lies
// before first_free, where a block or the end is; used is their sum, and top is not below any. The
// last block is never a header alone: its payload would begin where the memory ends. Nothing was
// ever written behind the header at top.
static struct layout whole(void)
{
    struct layout l = {.whole = true};
    isize next = 0, before = 0, used = 0;
    bool free_before = false, first_free_found = heap.first_free == CAP;
    for (isize u = 0; u < N; u++) {
        l.starts[u] = u == next;
        if (u != next) {
            continue;
        }
        const struct tls_block *b = &blocks[u];
        isize units = b->bytes / UNIT;
        bool is_free = b->mark == TLS_HEAP_FREE;
        l.whole = l.whole && b->bytes % UNIT == 0 && units >= 1 && units <= N - u &&
                  b->before == before * UNIT && (is_free || is_used(b)) &&
                  !(is_free && free_before) && (!is_free || heap.first_free <= u * UNIT) &&
                  (is_free || heap.top >= (u + units) * UNIT);
        first_free_found = first_free_found || heap.first_free == u * UNIT;
        used += is_free ? 0 : units;
        free_before = is_free;
        before = units;
        next = u + units;
    }
    for (isize u = 1; u < N; u++) {
        const struct tls_block *b = &blocks[u];
        l.whole = l.whole && (u * UNIT <= heap.top || !(b->bytes | b->before | b->mark | b->spare));
    }
    l.whole = l.whole && next == N && before >= 2 && first_free_found && heap.used == used * UNIT &&
              heap.top >= 0 && heap.top <= CAP && heap.cap == CAP && heap.p == (u8 *)blocks;
    return l;
}

static struct layout any_heap(void)
{
    struct tls_block any[N];
    for (isize u = 0; u < N; u++) {
        blocks[u] = was[u] = any[u];
    }
    heap = (struct tls_heap){.p = (u8 *)blocks, .cap = CAP};
    heap.first_free = prove_between(0, CAP);
    heap.top = prove_between(0, CAP);
    heap.used = prove_between(0, CAP);
    struct layout l = whole();
    ASSUME(l.whole);
    prove_traps = false;
    tls_heap_enter(&heap);
    return l;
}

// Each block that was in use, but one that begins with unit `but`, is what it was.
static void claim_others(const struct layout *before, const struct layout *after, isize but)
{
    isize j = prove_between(0, N - 1);
    if (j != but && before->starts[j] && is_used(&was[j])) {
        CLAIM(after->starts[j] && is_used(&blocks[j]) && blocks[j].bytes == was[j].bytes);
    }
}

void prove_calloc(void)
{
    struct layout before = any_heap();
    size_t n = nondet_ulong();
    u8 *p = tls_heap_calloc(1, n);
    struct layout after = whole();
    CLAIM(after.whole);
    claim_others(&before, &after, -1);
    if (!p) {
        isize j = prove_between(0, N - 1);
        CLAIM(blocks[j].bytes == was[j].bytes && blocks[j].mark == was[j].mark);
        CLAIM(!before.starts[j] || is_used(&was[j]) || n > was[j].bytes - UNIT);
        return;
    }
    isize at = p - (u8 *)blocks;
    CLAIM(at >= UNIT && at % UNIT == 0 && at <= CAP);
    isize u = at / UNIT - 1;
    CLAIM(after.starts[u] && is_used(&blocks[u]) && n <= blocks[u].bytes - UNIT);
    CLAIM(!before.starts[u] || !is_used(&was[u]));
    CLAIM(prove_written == p && prove_written_bytes == blocks[u].bytes - UNIT);
}

void prove_product(void)
{
    (void)any_heap();
    size_t n = nondet_ulong(), size = nondet_ulong();
    u8 *p = tls_heap_calloc(n, size);
    unsigned __int128 product = (unsigned __int128)n * size;
    CLAIM(!p || product <= prove_written_bytes);
}

// Any piece that is in use.
static isize any_used(const struct layout *l)
{
    isize u = prove_between(0, N - 1);
    ASSUME(l->starts[u] && is_used(&was[u]));
    return u;
}

void prove_free(void)
{
    struct layout before = any_heap();
    isize u = any_used(&before);
    tls_heap_free(&blocks[u] + 1);
    struct layout after = whole();
    CLAIM(after.whole && heap.first_free <= u * UNIT);
    claim_others(&before, &after, u);
    prove_traps = true;
    tls_heap_free(&blocks[u] + 1);
    CLAIM(!"a second release goes through");
}

void prove_free_wrong(void)
{
    (void)any_heap();
    isize u = prove_between(-1, N - 1);
    ASSUME(u < 0 || !is_used(&blocks[u]));
    prove_traps = true;
    tls_heap_free((u8 *)blocks + (u + 1) * UNIT);
    CLAIM(!"a place that is no piece in use is released");
}

void prove_reset(void)
{
    (void)any_heap();
    isize u = prove_between(0, N - 1);
    tls_heap_reset(&heap);
    CLAIM(prove_written == heap.p && prove_written_bytes <= CAP);
    CLAIM((size_t)u * UNIT < prove_written_bytes || !(was[u].bytes | was[u].mark | was[u].spare));
    for (isize k = 1; k < N; k++) { // what the wipe did, which is noted only
        blocks[k] = (struct tls_block){0};
    }
    CLAIM(whole().whole && heap.used == 0 && blocks[0].bytes == CAP);
}

// ---- the lanes' buffers: N of medium size

enum size { SMALL, MEDIUM, LARGE };

// What a lane holds: its own, the medium one `i`, or the large one; with content.
static struct buf any_held(struct buffers *b, enum size size, int i, u8 *small)
{
    struct buf data;
    if (size == SMALL) {
        data = buf_over(small, 2);
    } else if (size == MEDIUM) {
        ASSUME(b->medium_used[i]);
        data = buf_over(b->medium + i * LANE_MEDIUM_BYTES, LANE_MEDIUM_BYTES);
    } else {
        ASSUME(b->large_used);
        data = buf_over(b->large, b->large_bytes);
    }
    data.n = prove_between(0, data.cap);
    return data;
}

// All medium ones but `but` are as they were.
static void claim_medium(const struct buffers *b, const struct buffers *before, int but)
{
    int k = (int)prove_between(0, N - 1);
    CLAIM(k == but || b->medium_used[k] == before->medium_used[k]);
}

void prove_lanes(void)
{
    static u8 medium[N * LANE_MEDIUM_BYTES], large[8], small[2];
    struct buffers b = {.medium = medium, .medium_count = N, .large = large, .large_bytes = 8};
    for (int k = 0; k < N; k++) {
        b.medium_used[k] = nondet_bool();
    }
    b.large_used = nondet_bool();
    enum size size = (enum size)prove_between(SMALL, LARGE);
    int i = (int)prove_between(0, N - 1), k = (int)prove_between(0, N - 1);
    struct buf data = any_held(&b, size, i, small), held = data;
    struct buffers before = b;
    if (!buffers_grow(&b, &data)) {
        CLAIM(size != SMALL || before.medium_used[k]);
        CLAIM(size != MEDIUM || before.large_used);
        CLAIM(data.p == held.p && data.n == held.n && b.large_used == before.large_used);
        claim_medium(&b, &before, -1);
        return;
    }
    CLAIM(data.n == held.n && data.n <= data.cap && prove_written == data.p);
    CLAIM(prove_read == held.p && prove_written_bytes == (size_t)held.n);
    int now = buffers_medium_index(&b, &data);
    if (size == SMALL) {
        CLAIM(now >= 0 && now < N && data.p == medium + now * LANE_MEDIUM_BYTES);
        CLAIM(data.cap == LANE_MEDIUM_BYTES && !before.medium_used[now] && b.medium_used[now]);
        CLAIM(b.large_used == before.large_used);
        claim_medium(&b, &before, now);
    } else {
        CLAIM(size == MEDIUM && data.p == large && data.cap == 8 && now < 0);
        CLAIM(!before.large_used && b.large_used && !b.medium_used[i]);
        claim_medium(&b, &before, i);
    }
    buffers_release(&b, &data);
    CLAIM(b.large_used == before.large_used);
    claim_medium(&b, &before, size == MEDIUM ? i : -1);
    CLAIM(!buffers_all_free(&b) || (!b.large_used && !b.medium_used[k]));
}
