// SPDX-License-Identifier: Apache-2.0
// Chunk sizes, by induction: whatever state the reader of a chunked body may be in, after any one
// byte of framing and after any piece of content it is again in one of these states or has given an
// error. So no size overflows and no counter leaves its bound, however long the body (2^40 bytes of
// content are assumed not to be exceeded, where the ratio of framing to content would overflow
// last). And every 6 bytes or fewer that begin a chunk yield the size that their digits say.
//
// bound: any number of bytes (induction); 6 bytes for the value
// proof: prove_framing 1 --unwind 18
// proof: prove_content 2 --unwind 18
// proof: prove_value 1,6 --unwind 18
// mutant: prove_framing 1 codec/http1.c s/b->line_bytes > 15/b->line_bytes > 16/
#include "prove.h"

#include "base/buf.c"
#include "base/str.c"
#include "codec/http1.c"

static bool prove_is_state(const struct http_body *b)
{
    i64 most = (i64)1 << 60;
    bool size = b->state == HTTP_SIZE && b->line_bytes >= 0 && b->line_bytes <= 15;
    if (size) {
        most = (i64)1 << 4 * b->line_bytes; // so many digits
    }
    return b->framing == HTTP_CHUNKED && !b->done && b->state >= HTTP_IN_DATA &&
           b->state <= HTTP_LAST_LF && b->left >= 0 && b->left < most &&
           (b->state != HTTP_SIZE || size) && (b->state != HTTP_DATA_LF || b->left == 0) &&
           b->line_bytes >= 0 && b->line_bytes <= HTTP_CHUNK_LINE_BYTES && b->trailer_bytes >= 0 &&
           b->trailer_bytes <= HTTP_TRAILER_BYTES && b->overhead_bytes >= 0 && b->data_bytes >= 0 &&
           b->overhead_bytes <= HTTP_OVERHEAD_FREE_BYTES + HTTP_OVERHEAD_RATIO_MAX * b->data_bytes;
}

static void step(bool content, str in)
{
    struct http_body b;
    str piece;
    b.framing = HTTP_CHUNKED;
    b.done = false;
    ASSUME(b.data_bytes >= 0 && b.data_bytes < (i64)1 << 40);
    ASSUME(prove_is_state(&b));
    ASSUME(content == (b.state == HTTP_IN_DATA && b.left > 0));
    i64 left = b.left;
    err e = http1_body_next(&b, &in, &piece);
    if (!err_ok(e)) {
        return;
    }
    CLAIM(in.n >= 0 && piece.n >= 0 && piece.p + piece.n <= in.p);
    CLAIM(content ? piece.n >= 1 && b.left == left - piece.n : piece.n == 0);
    CLAIM(b.done ? b.state == HTTP_TRAILER : prove_is_state(&b));
}

void prove_framing(void)
{
    PROVE_INPUT(in);
    step(false, in);
}

void prove_content(void)
{
    PROVE_INPUT(in);
    step(true, in);
}

void prove_value(void)
{
    u8 room[N];
    struct http_body b = {.framing = HTTP_CHUNKED, .state = HTTP_SIZE};
    i64 want = 0;
    for (isize i = 0; i < N; i++) {
        ASSUME(http1_hex(room[i]) >= 0);
        want = want << 4 | http1_hex(room[i]);
        str in = {&room[i], 1}, piece;
        CLAIM(err_ok(http1_body_next(&b, &in, &piece)));
    }
    CLAIM(b.left == want);
}
