// SPDX-License-Identifier: Apache-2.0
// The arena, by induction: however much of a region of 48 bytes is handed out, whatever size and
// count are asked for (any 64-bit numbers): a piece lies within the region, behind all earlier
// ones, aligned to 16 and zeroed; no product overflows; a closed arena hands out nothing. And
// buffers: however much of 8 bytes is used, whatever is put: it stays within, or `full` is set.
//
// bound: any history (induction); a region of 48 bytes, a buffer of 8
// proof: prove_arena 1 --unwind 50
// proof: prove_put 0,8,9 --unwind 12
// proof: prove_number 1 --unwind 22
// mutant: prove_arena 1 base/arena.c s/a->closed || //
#include "prove.h"

#include "base/arena.c"
#include "base/buf.c"
#include "base/str.c"

enum { REGION = 48, BUFFER = 8 };

void prove_arena(void)
{
    _Alignas(16) u8 region[REGION];
    struct arena a = arena_over(region, prove_between(0, REGION));
    a.n = prove_between(0, a.cap);
    a.closed = nondet_bool();
    ASSUME(a.n % 16 == 0);
    isize size = nondet_long(), count = nondet_long(), before = a.n;
    ASSUME(size > 0 && count >= 0); // ASSERTed
    u8 *p = arena_try(&a, size, count);
    CLAIM(!a.closed || !p);
    if (!p) {
        CLAIM(a.n == before);
        return;
    }
    CLAIM(p == region + before && a.n % 16 == 0 && a.n <= a.cap);
    CLAIM(count <= (a.n - before) / size);
    isize i = prove_between(0, REGION - 1);
    CLAIM(i < before || i >= a.n || region[i] == 0);
}

// A buffer in any state.
static struct buf any_buffer(u8 memory[BUFFER])
{
    isize cap = prove_between(0, BUFFER);
    struct buf b = buf_over(memory + BUFFER - cap, cap);
    b.n = prove_between(0, cap);
    b.full = nondet_bool();
    return b;
}

static void claim_buffer(const struct buf *b, const struct buf *before)
{
    CLAIM(b->n >= before->n && b->n <= b->cap && b->cap == before->cap);
    CLAIM(!b->full || b->n == before->n);
    CLAIM(b->full || !before->full);
}

void prove_put(void)
{
    PROVE_INPUT(text);
    u8 memory[BUFFER];
    struct buf b = any_buffer(memory), before = b;
    if (nondet_bool()) {
        buf_put(&b, text);
    } else {
        buf_put_hex(&b, text);
    }
    claim_buffer(&b, &before);
    isize drop = prove_between(0, b.n), n = b.n;
    buf_drop(&b, drop);
    CLAIM(b.n == n - drop);
}

void prove_number(void)
{
    u8 memory[BUFFER];
    struct buf b = any_buffer(memory), before = b;
    i64 value = nondet_long();
    ASSUME((value > -1000 && value < 1000) || value == INT64_MIN || value == INT64_MAX);
    buf_put_i64(&b, value);
    claim_buffer(&b, &before);
    before = b;
    buf_put_decimal(&b, (u64)value & 0xff, prove_between(0, BUFFER));
    claim_buffer(&b, &before);
}
