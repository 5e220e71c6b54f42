// SPDX-License-Identifier: Apache-2.0
// Aimed at spnego_token(), spnego_put_init(), spnego_put_response(). What is found lies inside; any
// bytes wrapped by ours are found again; a prefix of a token that is whole is none.
#include "codec/spnego.h"

#define IN_MAX 2048

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static u8 memory[IN_MAX + 128];

static void check_wrapped(str in, void (*put)(struct buf *, str))
{
    struct buf b = buf_over(memory, sizeof memory);
    str back;
    put(&b, in);
    ASSERT(!b.full && err_ok(spnego_token(buf_str(&b), &back)) && str_eq(back, in));
    ASSERT(!spnego_is_bare(buf_str(&b)) && b.n <= in.n + 64);
    ASSERT(err_is(spnego_token(str_slice(buf_str(&b), 0, b.n - 1), &back), ERR_SPNEGO_SYNTAX));
    isize room = b.n - 1;
    b = buf_over(memory, room);
    put(&b, in);
    ASSERT(b.full);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n > IN_MAX) {
        return 0;
    }
    str in = {p, (isize)n}, token;
    err e = spnego_token(in, &token);
    ASSERT(token.n == 0 || (token.p >= in.p && token.p + token.n <= in.p + in.n));
    if (err_ok(e) && !spnego_is_bare(in)) {
        str part;
        for (isize i = 0; i < in.n && i < 64; i++) {
            ASSERT(!err_ok(spnego_token(str_slice(in, 0, i), &part)));
        }
    }
    check_wrapped(in, spnego_put_init);
    check_wrapped(in, spnego_put_response);
    return 0;
}
