// SPDX-License-Identifier: Apache-2.0
// Base64. Decoding, by induction: in any state of the decoder, any character leads to a state again
// and writes the byte that is whole by then, into a buffer of any fill. Whole quanta by table:
// every N characters into every room give the bits that plain comparisons find, and end where no
// room or no quantum is left. The loop around both: every N characters after any others give the
// same as one at a time. Encoding: every N bytes in both alphabets, bit by bit as RFC 4648 says,
// padding as it belongs; and what is encoded decodes to itself.
//
// bound: any number of characters, one at a time (induction); quanta: 8 characters, that is all
// bound: 2^32 quanta and one behind another; the loop: 5 characters; 5 bytes to encode, 3 and back
// proof: prove_character 1 --unwind 3
// proof: prove_quanta 3,4,8 --unwind 9 --boolector
// proof: prove_loop 2,5 --unwind 7 --boolector
// proof: prove_encode 0,1,2,3,5 --unwind 10
// proof: prove_round_trip 1,2,3 --unwind 6 --boolector
// mutant: prove_character 1 codec/base64.c s/d->count + 1) \& 3/d->count + 1) \& 7/
// mutant: prove_quanta 4 codec/base64.c s/\['z'\] = V(51)/['z'] = V(50)/
// mutant: prove_quanta 8 codec/base64.c s/, room -= 3,/, room -= 2,/
// mutant: prove_loop 5 codec/base64.c s/d->count == 0 \&\& in.n/in.n/
// mutant: prove_round_trip 3 codec/base64.c s/bits >> 12 \& 63/bits >> 12 \& 31/
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

void prove_quanta(void)
{
    PROVE_INPUT(in);
    u8 memory[8];
    isize room = prove_between(0, 8);
    u8 *out = memory + 8 - room;
    isize taken = base64_decode_quanta(in.p, N, out, room, BASE64_TABLE);
    CLAIM(taken >= 0 && taken % 4 == 0 && taken <= N && taken / 4 * 3 <= room);
    bool foreign = false; // a byte that is in neither alphabet has come
    for (isize i = 0; i + 4 <= N; i += 4) {
        u32 bits = 0;
        for (isize k = i; k < i + 4; k++) {
            int value = reference_value(in.p[k]);
            foreign = foreign || value < 0;
            bits = bits * 64 + (u32)value % 64;
        }
        CLAIM((taken > i) == (!foreign && room >= i / 4 * 3 + 3));
        u8 *o = out + i / 4 * 3;
        CLAIM(taken <= i ||
              (o[0] == bits / 65536 && o[1] == bits / 256 % 256 && o[2] == bits % 256));
    }
}

// The loop around quanta and single characters gives what characters one by one do, which
// prove_character shows to be right.
void prove_loop(void)
{
    PROVE_INPUT(in);
    struct base64_decoder d = {.bits = nondet_uint(), .count = prove_between(0, 3)};
    ASSUME(d.bits <= 0xfff);
    struct base64_decoder one = d;
    u8 memory[6], other[6];
    isize cap = prove_between(0, 6);
    struct buf out = buf_over(memory + 6 - cap, cap), slow = buf_over(other + 6 - cap, cap);
    base64_decode_by(&d, &out, in, BASE64_TABLE);
    for (isize i = 0; i < N && !slow.full; i++) {
        base64_decode_by(&one, &slow, (str){in.p + i, 1}, BASE64_TABLE);
    }
    CLAIM(out.n == slow.n && out.full == slow.full);
    isize i = prove_between(0, 5);
    CLAIM(i >= out.n || out.p[i] == slow.p[i]);
    CLAIM(out.full || (d.count == one.count && d.ignored == one.ignored));
    // Of the bits only those matter that no byte has taken yet.
    u32 held = (1u << 2 * ((4 - d.count) & 3)) - 1;
    CLAIM(out.full || (d.bits & held) == (one.bits & held));
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

void prove_round_trip(void)
{
    PROVE_INPUT(in);
    u8 text[8], back[6];
    isize n = base64_encode_to(text, in, nondet_bool() ? base64_url : base64_standard,
                               BASE64_TABLE);
    struct base64_decoder d = {0};
    struct buf out = buf_over(back, 6);
    base64_decode_by(&d, &out, (str){text, n}, BASE64_TABLE);
    CLAIM(out.n == N && !out.full && d.ignored == 0);
    isize i = prove_between(0, 5);
    CLAIM(i >= N || back[i] == in.p[i]);
}
