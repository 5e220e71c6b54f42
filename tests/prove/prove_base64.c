// SPDX-License-Identifier: Apache-2.0
// Base64. Decoding, by induction: in any state of the decoder, any character leads to a state again
// and writes the byte that is whole by then, into a buffer of any fill. Encoding: every N bytes in
// both alphabets, bit by bit as RFC 4648 says, padding as it belongs.
//
// bound: any number of characters, one at a time (induction); 5 bytes to encode
// proof: prove_character 1 --unwind 3
// proof: prove_encode 0,1,2,3,5 --unwind 10
// mutant: prove_character 1 codec/base64.c s/d->count + 1) \& 3/d->count + 1) \& 7/
#include "prove.h"

#include "base/buf.c"
#include "base/str.c"
#include "codec/base64.c"

static int reference_value(u8 c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

void prove_character(void)
{
    PROVE_INPUT(in);
    u8 memory[2];
    isize cap = prove_between(0, 2);
    struct buf out = buf_over(memory + 2 - cap, cap);
    out.n = prove_between(0, cap);
    struct base64_decoder d = {.bits = nondet_uint(), .count = prove_between(0, 3)};
    ASSUME(d.bits <= 0xfff);
    struct base64_decoder was = d;
    isize n = out.n;
    base64_decode_by(&d, &out, in, BASE64_TABLE);
    int value = reference_value(in.p[0]);
    CLAIM(d.bits <= 0xfff && d.count >= 0 && d.count <= 3 && out.n <= cap);
    CLAIM(d.ignored == (value < 0 && in.p[0] != '='));
    if (value < 0) {
        CLAIM(out.n == n && !out.full && d.count == (in.p[0] == '=' ? 0 : was.count));
        return;
    }
    CLAIM(d.count == (was.count + 1) % 4 && d.bits == ((was.bits << 6 | (u32)value) & 0xfff));
    bool whole = was.count > 0; // of the 6 * count bits so far, 8 are left with these 6
    CLAIM(out.full == (whole && n == cap) && out.n == n + (whole && n < cap));
    CLAIM(out.n == n || out.p[n] == (u8)(d.bits >> (6 - 2 * was.count)));
}

void prove_encode(void)
{
    PROVE_INPUT(in);
    u8 memory[8];
    bool url = nondet_bool();
    isize bytes = base64_encoded_bytes(N) - (url ? (3 - N % 3) % 3 : 0);
    u8 *out = memory + 8 - bytes;
    CLAIM(base64_encode_to(out, in, url ? base64_url : base64_standard, BASE64_TABLE) == bytes);
    for (isize i = 0; i < (N * 8 + 5) / 6; i++) {
        u32 value = 0;
        for (isize bit = 6 * i; bit < 6 * i + 6; bit++) {
            value = value << 1 | (bit < 8 * N ? in.p[bit / 8] >> (7 - bit % 8) & 1u : 0);
        }
        CLAIM(out[i] == (u8)(url ? base64_url : base64_standard)[value]);
    }
    for (isize i = (N * 8 + 5) / 6; i < bytes; i++) {
        CLAIM(out[i] == '=');
    }
}
