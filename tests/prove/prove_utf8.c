// SPDX-License-Identifier: Apache-2.0
// UTF-8: for every string of up to 5 bytes str_is_utf8() says what RFC 3629 says by its code points
// (shortest form, no surrogates, at most U+10FFFF), and reads no byte outside.
//
// bound: 5 bytes
// proof: prove_utf8 0,1,2,3,4,5 --unwind 8
// mutant: prove_utf8 3 base/str.c s/a == 0xed ? 0x9f/a == 0xed ? 0xbf/
#include "prove.h"

#include "base/str.c"

// Bytes of the character at p[0..n), 0: none. By value, not by ranges of bytes.
static isize reference_step(const u8 *p, isize n)
{
    isize want = p[0] < 0x80       ? 1
                 : p[0] >> 5 == 6  ? 2
                 : p[0] >> 4 == 14 ? 3
                 : p[0] >> 3 == 30 ? 4
                                   : 0;
    if (want == 0 || want > n) {
        return 0;
    }
    u32 c = want == 1 ? p[0] : p[0] & (0x7fu >> want);
    for (isize i = 1; i < want; i++) {
        if (p[i] >> 6 != 2) {
            return 0;
        }
        c = c << 6 | (p[i] & 0x3fu);
    }
    u32 least = want == 1 ? 0 : want == 2 ? 0x80 : want == 3 ? 0x800 : 0x10000;
    return c < least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) ? 0 : want;
}

void prove_utf8(void)
{
    PROVE_INPUT(in);
    isize at = 0, step = 1;
    while (at < N && step) {
        step = reference_step(in.p + at, N - at);
        at += step;
    }
    CLAIM(str_is_utf8(in) == (at == N));
}
