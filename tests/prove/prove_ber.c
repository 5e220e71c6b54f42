// SPDX-License-Identifier: Apache-2.0
// BER: lengths and integers. For every input of N bytes: an element lies within the input,
// the rest behind it, nothing else is read; an integer that is taken is its bytes in two's
// complement. For every 64-bit integer: written and read again it is the same, in the shortest
// form.
//
// bound: up to 10 bytes of input; all 2^64 integers
// proof: prove_element 0,1,2,3,6,7,10 --unwind 12
// proof: prove_integer 3,10,11 --unwind 12
// proof: prove_written 10 --unwind 12
// mutant: prove_element 4 codec/ber.c s/bytes > in->n)/bytes > in->n + 1)/
#include "prove.h"

#include "base/buf.c"
#include "base/str.c"
#include "codec/ber.c"

void prove_element(void)
{
    PROVE_INPUT(in);
    str rest = in, content;
    u8 tag;
    isize bytes;
    if (ber_element_bytes(in, &bytes) == BER_WHOLE) {
        CLAIM(bytes >= 2 && bytes <= 6 + (isize)UINT32_MAX);
    }
    if (ber_take_any(&rest, &tag, &content)) {
        CLAIM(tag == in.p[0]);
        CLAIM(content.p >= in.p + 2 && content.n >= 0 && content.p + content.n == rest.p);
        CLAIM(rest.n >= 0 && rest.p + rest.n == in.p + in.n);
    } else {
        CLAIM(rest.p == in.p && rest.n == in.n);
    }
    rest = in;
    bool was = ber_take_optional(&rest, BER_CONTEXT, &content);
    CLAIM(was || rest.n == in.n);
    rest = in;
    bool flag;
    CLAIM(!ber_take_bool(&rest, BER_BOOLEAN, &flag) || content.n >= 0);
}

void prove_integer(void)
{
    PROVE_INPUT(in);
    str rest = in;
    i64 value;
    if (ber_take_int(&rest, BER_INTEGER, &value) && in.p[1] < BER_LONG) {
        isize n = in.p[1];
        CLAIM(n >= 1 && n <= 8);
        for (isize i = 0; i < n; i++) {
            CLAIM((u8)((u64)value >> 8 * (n - 1 - i)) == in.p[2 + i]);
        }
        CLAIM(n == 8 || value >> (8 * n - 1) == (value < 0 ? -1 : 0));
    }
}

void prove_written(void)
{
    i64 value = nondet_long();
    u8 memory[N];
    struct buf b = buf_over(memory, N);
    ber_put_int(&b, BER_ENUMERATED, value);
    CLAIM(!b.full);
    str rest = buf_str(&b);
    i64 again;
    CLAIM(ber_take_int(&rest, BER_ENUMERATED, &again));
    CLAIM(again == value && rest.n == 0);
    CLAIM(memory[1] == 1 || value >> (8 * memory[1] - 9) != (value < 0 ? -1 : 0));
}
