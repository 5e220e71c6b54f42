// SPDX-License-Identifier: Apache-2.0
// What a mutator of a format shares with those of other formats. A format finds the elements of an
// input (a JSON value, a header field, a BER element) and knows how to put another in the place of
// one; here it is decided what happens to them: dropped, doubled, exchanged, replaced by a piece
// that the format has ready, wrapped, or changed inside as libFuzzer does it. Every second input is
// left to libFuzzer as a whole, for what has no structure.
//
// A mutate_*.c is linked into the libFuzzer programs of its targets (fuzz/formats), and ends with
// MUTATE_FORMAT. Inputs and pieces are bounded by MUTATE_BYTES; what does not fit stays as it was.
#ifndef FUZZ_MUTATE_H
#define FUZZ_MUTATE_H

#include <string.h>

#include "base/buf.h"
#include "cuts.h"

#define MUTATE_BYTES 65536

size_t LLVMFuzzerMutate(uint8_t *p, size_t n, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *p, size_t n, size_t max, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *p, size_t n, const uint8_t *q, size_t m,
                                 uint8_t *out, size_t max, unsigned seed);

// An element, and what of it is content: from <= inner_from <= inner_to <= to.
struct mutate_span {
    isize from, inner_from, inner_to, to;
};

struct mutate_format {
    // An element of the input, any with the same chance. False: there is none.
    bool (*pick)(str in, struct cuts *dice, struct mutate_span *span);
    // The input with `piece` in the place of the element, or of its content (`inner`).
    void (*replace)(str in, const struct mutate_span *span, str piece, bool inner, struct buf *out);
    // The input once more, with lengths made right; NULL: it has none.
    void (*mend)(str in, struct cuts *dice, struct buf *out);
    const str *pieces; // elements of the format that mutation alone would hardly find
    isize piece_count;
    const str (*wraps)[2]; // before and after an element
    isize wrap_count;
    u8 separator; // between elements; 0: none
};

static inline u64 mutate_roll(struct cuts *dice, isize sides)
{
    return cuts_roll(dice) % (u64)sides;
}

static inline struct cuts mutate_dice(unsigned seed)
{
    struct cuts dice = {seed * 0x9e3779b97f4a7c15U + 1};
    (void)cuts_roll(&dice);
    return dice;
}

// One of many, when they come one by one: true when the one that comes now is it, so far.
static inline bool mutate_choose(struct cuts *dice, isize *seen)
{
    return mutate_roll(dice, ++*seen) == 0;
}

// After the line that `at` is in.
static inline isize mutate_line_end(str in, isize at)
{
    isize n = str_find_byte(str_from_index(in, at), '\n');
    return n < 0 ? in.n : at + n + 1;
}

// The place of an element is its place, and nothing else has to know.
static inline void mutate_splice(str in, const struct mutate_span *span, str piece, bool inner,
                                 struct buf *out)
{
    buf_put(out, str_slice(in, 0, inner ? span->inner_from : span->from));
    buf_put(out, piece);
    buf_put(out, str_from_index(in, inner ? span->inner_to : span->to));
}

// An element goes with the separator that follows it, or that it follows.
static inline void mutate_drop(const struct mutate_format *f, str in, struct mutate_span span,
                               struct buf *out)
{
    if (f->separator && span.to < in.n && in.p[span.to] == f->separator) {
        span.to++;
    } else if (f->separator && span.from > 0 && in.p[span.from - 1] == f->separator) {
        span.from--;
    }
    f->replace(in, &span, (str){0}, false, out);
}

enum { MUTATE_DROP, MUTATE_DOUBLE, MUTATE_COPY, MUTATE_PIECE, MUTATE_ADD, MUTATE_WRAP, MUTATE_IN };

static inline void mutate_element(const struct mutate_format *f, str in, struct mutate_span span,
                                  struct cuts *dice, struct buf *out)
{
    static u8 memory[MUTATE_BYTES];
    struct buf piece = buf_over(memory, sizeof memory);
    struct mutate_span other = span;
    str element = str_slice(in, span.from, span.to);
    u64 what = mutate_roll(dice, MUTATE_IN + 3);
    bool inner = what >= MUTATE_IN;
    isize times = what == MUTATE_DOUBLE && mutate_roll(dice, 8) == 0 ? 64 : 2;
    switch (what) {
    case MUTATE_DROP:
        mutate_drop(f, in, span, out);
        return;
    case MUTATE_DOUBLE:
        for (isize i = 0; i < times; i++) {
            if (i && f->separator) {
                buf_put_byte(&piece, f->separator);
            }
            buf_put(&piece, element);
        }
        break;
    case MUTATE_COPY:
        (void)f->pick(in, dice, &other);
        buf_put(&piece, str_slice(in, other.from, other.to));
        break;
    case MUTATE_PIECE:
    case MUTATE_ADD:
        if (what == MUTATE_ADD) {
            buf_put(&piece, element);
            if (f->separator) {
                buf_put_byte(&piece, f->separator);
            }
        }
        buf_put(&piece, f->pieces[mutate_roll(dice, f->piece_count)]);
        break;
    case MUTATE_WRAP: {
        isize wrap = (isize)mutate_roll(dice, f->wrap_count);
        buf_put(&piece, f->wraps[wrap][0]);
        buf_put(&piece, element);
        buf_put(&piece, f->wraps[wrap][1]);
        break;
    }
    default:
        buf_put(&piece, str_slice(in, span.inner_from, span.inner_to));
        piece.n = (isize)LLVMFuzzerMutate(memory, (size_t)piece.n, sizeof memory / 4);
    }
    f->replace(in, &span, buf_str(&piece), inner, out);
}

// What was made goes where libFuzzer wants it, unless it is too long or nothing.
static inline size_t mutate_give(const struct mutate_format *f, const struct buf *made,
                                 struct cuts *dice, uint8_t *p, size_t n, size_t max)
{
    static u8 memory[MUTATE_BYTES];
    struct buf mended = buf_over(memory, sizeof memory);
    if (f->mend && mutate_roll(dice, 4)) {
        f->mend(buf_str(made), dice, &mended);
        made = &mended;
    }
    if (made->full || made->n == 0 || (size_t)made->n > max) {
        return n;
    }
    memcpy(p, made->p, (size_t)made->n);
    return (size_t)made->n;
}

static inline size_t mutate(const struct mutate_format *f, uint8_t *p, size_t n, size_t max,
                            unsigned seed)
{
    static u8 memory[MUTATE_BYTES];
    struct cuts dice = mutate_dice(seed);
    struct buf made = buf_over(memory, sizeof memory);
    struct mutate_span span;
    str in = str_make(p, (isize)n);
    if (mutate_roll(&dice, 2) || !f->pick(in, &dice, &span)) {
        return LLVMFuzzerMutate(p, n, max);
    }
    mutate_element(f, in, span, &dice, &made);
    return mutate_give(f, &made, &dice, p, n, max);
}

// An element of one input in the place of one of another.
static inline size_t mutate_cross(const struct mutate_format *f, str a, str b, uint8_t *out,
                                  size_t max, unsigned seed)
{
    static u8 memory[MUTATE_BYTES];
    struct cuts dice = mutate_dice(seed);
    struct buf made = buf_over(memory, sizeof memory);
    struct mutate_span place, taken;
    if (!f->pick(a, &dice, &place) || !f->pick(b, &dice, &taken)) {
        return 0;
    }
    f->replace(a, &place, str_slice(b, taken.from, taken.to), false, &made);
    return mutate_give(f, &made, &dice, out, 0, max);
}

#define MUTATE_FORMAT(format)                                                                  \
    size_t LLVMFuzzerCustomMutator(uint8_t *p, size_t n, size_t max, unsigned seed)            \
    {                                                                                          \
        return mutate(&(format), p, n, max, seed);                                             \
    }                                                                                          \
    size_t LLVMFuzzerCustomCrossOver(const uint8_t *p, size_t n, const uint8_t *q, size_t m,   \
                                     uint8_t *out, size_t max, unsigned seed)                  \
    {                                                                                          \
        return mutate_cross(&(format), str_make(p, (isize)n), str_make(q, (isize)m), out, max, \
                            seed);                                                             \
    }

#endif
