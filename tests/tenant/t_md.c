// SPDX-License-Identifier: Apache-2.0
// Digests of the tenant; see t_md.h.
#include "t_md.h"

#include <string.h>

#define BLOCK_BYTES 64

static u32 rotate(u32 v, int bits)
{
    return v << bits | v >> (32 - bits);
}

// ---- MD4
// -----------------------------------------------------------------------------------------

static void md4_block(u32 state[4], const u32 x[16])
{
    static const int shifts[3][4] = {{3, 7, 11, 19}, {3, 5, 9, 13}, {3, 9, 11, 15}};
    static const u8 third[16] = {0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15};
    u32 a = state[0], b = state[1], c = state[2], d = state[3];
    for (int i = 0; i < 48; i++) {
        int round = i / 16, k = i % 16;
        int word = round == 0 ? k : round == 1 ? k % 4 * 4 + k / 4 : third[k];
        u32 f = round == 0   ? (b & c) | (~b & d)
                : round == 1 ? ((b & c) | (b & d) | (c & d)) + 0x5A827999u
                             : (b ^ c ^ d) + 0x6ED9EBA1u;
        u32 next = rotate(a + f + x[word], shifts[round][i % 4]);
        a = d;
        d = c;
        c = b;
        b = next;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
}

// ---- MD5
// -----------------------------------------------------------------------------------------

static const u32 md5_sines[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};

static void md5_block(u32 state[4], const u32 x[16])
{
    static const int shifts[4][4] = {
        {7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
    u32 a = state[0], b = state[1], c = state[2], d = state[3];
    for (int i = 0; i < 64; i++) {
        int round = i / 16;
        int word = round == 0   ? i
                   : round == 1 ? (5 * i + 1) % 16
                   : round == 2 ? (3 * i + 5) % 16
                                : 7 * i % 16;
        u32 f = round == 0   ? (b & c) | (~b & d)
                : round == 1 ? (d & b) | (~d & c)
                : round == 2 ? b ^ c ^ d
                             : c ^ (b | ~d);
        u32 next = b + rotate(a + f + x[word] + md5_sines[i], shifts[round][i % 4]);
        a = d;
        d = c;
        c = b;
        b = next;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
}

// ---- both
// ----------------------------------------------------------------------------------------

typedef void block_function(u32 state[4], const u32 x[16]);

static void absorb(u32 state[4], const u8 *p, block_function *block)
{
    u32 x[16];
    for (int i = 0; i < 16; i++) {
        x[i] = (u32)p[4 * i] | (u32)p[4 * i + 1] << 8 | (u32)p[4 * i + 2] << 16 |
               (u32)p[4 * i + 3] << 24;
    }
    block(state, x);
}

static void digest(str s, block_function *block, u8 out[T_MD_BYTES])
{
    u32 state[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
    isize at = 0;
    for (; s.n - at >= BLOCK_BYTES; at += BLOCK_BYTES) {
        absorb(state, s.p + at, block);
    }
    u8 end[2 * BLOCK_BYTES] = {0};
    isize left = s.n - at, whole = left < 56 ? BLOCK_BYTES : 2 * BLOCK_BYTES;
    if (left > 0) {
        memcpy(end, s.p + at, (size_t)left);
    }
    end[left] = 0x80;
    for (int i = 0; i < 8; i++) {
        end[whole - 8 + i] = (u8)((u64)s.n * 8 >> (8 * i));
    }
    for (isize k = 0; k < whole; k += BLOCK_BYTES) {
        absorb(state, end + k, block);
    }
    for (int i = 0; i < T_MD_BYTES; i++) {
        out[i] = (u8)(state[i / 4] >> (8 * (i % 4)));
    }
}

void t_md4(str s, u8 out[T_MD_BYTES])
{
    digest(s, md4_block, out);
}

void t_md5(str s, u8 out[T_MD_BYTES])
{
    digest(s, md5_block, out);
}

void t_hmac_md5(str key, str s, u8 out[T_MD_BYTES])
{
    struct t_buf inner = {0}, outer = {0};
    ASSERT(key.n <= BLOCK_BYTES);
    for (isize i = 0; i < BLOCK_BYTES; i++) {
        u8 k = i < key.n ? key.p[i] : 0;
        t_buf_byte(&inner, k ^ 0x36);
        t_buf_byte(&outer, k ^ 0x5C);
    }
    t_buf_put(&inner, s);
    t_md5(t_buf_str(&inner), out);
    t_buf_put(&outer, str_make(out, T_MD_BYTES));
    t_md5(t_buf_str(&outer), out);
    t_buf_free(&inner);
    t_buf_free(&outer);
}
