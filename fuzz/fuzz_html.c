// SPDX-License-Identifier: Apache-2.0
// Aimed at html_text_next() and html_text_finish(), and so at the tokeniser, the elements and the
// references below them. A body read whole, cut at lengths that follow from it, and, if it is
// short, cut at every byte and byte by byte, has one text. The text is not longer than the body
// allows, no more pieces come than bytes, and what is after the end of the struct stays as it is.
#include "codec/html.h"

#include <string.h>

#include "cuts.h"

#define IN_MAX 16384
// NUL becomes three bytes, and "<b " a node of its own has an LF before it.
#define OUT_MAX (IN_MAX * 3 + 64)

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct {
    struct html_text h;
    u8 behind[64];
} state;
static u8 first[OUT_MAX], second[OUT_MAX];
static isize pieces;

static isize add(u8 *out, isize n, str piece)
{
    ASSERT(piece.n > 0 && n + piece.n <= OUT_MAX);
    memcpy(out + n, piece.p, (size_t)piece.n);
    pieces++;
    return n + piece.n;
}

static isize feed(str chunk, u8 *out, isize n)
{
    str piece;
    while (html_text_next(&state.h, &chunk, &piece)) {
        n = add(out, n, piece);
    }
    ASSERT(!chunk.n);
    return n;
}

static void begin(void)
{
    memset(&state, 0x5A, sizeof state);
    html_text_init(&state.h);
    pieces = 0;
}

static isize end(u8 *out, isize n, isize in_n)
{
    str piece;
    while (html_text_finish(&state.h, &piece)) {
        n = add(out, n, piece);
    }
    ASSERT(!html_text_finish(&state.h, &piece));
    ASSERT(pieces <= in_n + 1 && n <= in_n * 3 + 3);
    for (isize i = 0; i < COUNT(state.behind); i++) {
        ASSERT(state.behind[i] == 0x5A);
    }
    return n;
}

static void check(isize want_n, isize got_n)
{
    ASSERT(want_n == got_n && !memcmp(first, second, (size_t)got_n));
}

static void check_cuts(str in, isize want_n)
{
    struct cuts cuts = cuts_from(in);
    begin();
    isize out = 0;
    for (isize at = 0, step; at < in.n; at += step) {
        step = cuts_next(&cuts, in.n - at);
        out = feed(str_slice(in, at, at + step), second, out);
    }
    check(want_n, end(second, out, in.n));
}

static void check_every(str in, isize want_n)
{
    for (isize at = 1; at < in.n; at++) {
        begin();
        isize out = feed(str_slice(in, 0, at), second, 0);
        out = feed(str_from_index(in, at), second, out);
        check(want_n, end(second, out, in.n));
    }
    begin();
    isize out = 0;
    for (isize at = 0; at < in.n; at++) {
        out = feed(str_slice(in, at, at + 1), second, out);
    }
    check(want_n, end(second, out, in.n));
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n > IN_MAX) {
        return 0;
    }
    str in = {p, (isize)n};
    begin();
    isize out = end(first, feed(in, first, 0), in.n);
    check_cuts(in, out);
    if (in.n <= CUTS_EVERY_BYTES) {
        check_every(in, out);
    }
    return 0;
}
