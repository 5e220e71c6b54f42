// SPDX-License-Identifier: Apache-2.0
// MD4 after RFC 1320, section 3: three rounds of 16 steps over each block of 64 bytes. Written for
// size: one step for all rounds, with what differs in tables. All of the state is wiped, since what
// is hashed is a password.
#define _DEFAULT_SOURCE // explicit_bzero
#include "codec/md4.h"

#include <string.h>

enum { MD4_BLOCK = 64, MD4_STEPS = 48 };

static u32 md4_mix(int round, u32 x, u32 y, u32 z)
{
    switch (round) {
    case 0:
        return ((x & y) | (~x & z));
    case 1:
        return ((x & y) | (x & z) | (y & z)) + 0x5a827999;
    default:
        return (x ^ y ^ z) + 0x6ed9eba1;
    }
}

static void md4_block(u32 state[4], const u8 *block)
{
    static const u8 shifts[3][4] = {{3, 7, 11, 19}, {3, 5, 9, 13}, {3, 9, 11, 15}};
    static const u8 third[4] = {0, 2, 1, 3}; // two bits turned round
    u32 words[16];
    for (int i = 0; i < 16; i++) {
        const u8 *p = block + 4 * i;
        words[i] = p[0] | (u32)p[1] << 8 | (u32)p[2] << 16 | (u32)p[3] << 24;
    }
    u32 a = state[0], b = state[1], c = state[2], d = state[3];
    for (int step = 0; step < MD4_STEPS; step++) {
        int round = step / 16, i = step % 16;
        int word = round == 0   ? i
                   : round == 1 ? i % 4 * 4 + i / 4
                                : third[i % 4] * 4 + third[i / 4];
        u32 sum = a + md4_mix(round, b, c, d) + words[word];
        int shift = shifts[round][i % 4];
        a = d;
        d = c;
        c = b;
        b = sum << shift | sum >> (32 - shift);
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    explicit_bzero(words, sizeof words);
}

void md4(str in, u8 out[16])
{
    u32 state[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
    u8 last[2 * MD4_BLOCK] = {0}; // the end of `in`, a bit, zeros, the length in bits
    isize whole = in.n / MD4_BLOCK * MD4_BLOCK, rest = in.n - whole;
    for (isize at = 0; at < whole; at += MD4_BLOCK) {
        md4_block(state, in.p + at);
    }
    if (rest) {
        memcpy(last, in.p + whole, (size_t)rest);
    }
    last[rest] = 0x80;
    isize padded = rest < MD4_BLOCK - 8 ? MD4_BLOCK : 2 * MD4_BLOCK;
    for (int i = 0; i < 8; i++) {
        last[padded - 8 + i] = (u8)((u64)in.n * 8 >> 8 * i);
    }
    for (isize at = 0; at < padded; at += MD4_BLOCK) {
        md4_block(state, last + at);
    }
    for (int i = 0; i < 16; i++) {
        out[i] = (u8)(state[i / 4] >> 8 * (i % 4));
    }
    explicit_bzero(last, sizeof last);
    explicit_bzero(state, sizeof state);
}
