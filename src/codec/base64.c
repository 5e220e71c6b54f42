// SPDX-License-Identifier: Apache-2.0
// Base64 by tables, SSSE3 or AVX2, whichever the processor has (see base64.h).
//
// The vector code is Mula's and Lemire's ("Faster Base64 Encoding and Decoding Using AVX2
// Instructions", ACM TWEB 2018): characters to values by nibble look-up, values packed by two
// multiply-adds. Steps without a foreign byte go through it; the step around one goes by table.
// Both ways give the same bytes for every input, which the tests compare.
#include "codec/base64.h"

#include <string.h>

#ifdef __x86_64__
#include <immintrin.h>
#define BASE64_SIMD 1
#define TARGET_SSSE3 __attribute__((target("ssse3")))
#define TARGET_AVX2 __attribute__((target("avx2")))
#else
#define BASE64_SIMD 0
#endif

enum { BASE64_VALID = 0x80 }; // in the table: value | BASE64_VALID; 0 = not in either alphabet

#define V(n) ((n) | BASE64_VALID)
static const u8 base64_values[256] = {
    ['A'] = V(0),  ['B'] = V(1),  ['C'] = V(2),  ['D'] = V(3),  ['E'] = V(4),  ['F'] = V(5),
    ['G'] = V(6),  ['H'] = V(7),  ['I'] = V(8),  ['J'] = V(9),  ['K'] = V(10), ['L'] = V(11),
    ['M'] = V(12), ['N'] = V(13), ['O'] = V(14), ['P'] = V(15), ['Q'] = V(16), ['R'] = V(17),
    ['S'] = V(18), ['T'] = V(19), ['U'] = V(20), ['V'] = V(21), ['W'] = V(22), ['X'] = V(23),
    ['Y'] = V(24), ['Z'] = V(25), ['a'] = V(26), ['b'] = V(27), ['c'] = V(28), ['d'] = V(29),
    ['e'] = V(30), ['f'] = V(31), ['g'] = V(32), ['h'] = V(33), ['i'] = V(34), ['j'] = V(35),
    ['k'] = V(36), ['l'] = V(37), ['m'] = V(38), ['n'] = V(39), ['o'] = V(40), ['p'] = V(41),
    ['q'] = V(42), ['r'] = V(43), ['s'] = V(44), ['t'] = V(45), ['u'] = V(46), ['v'] = V(47),
    ['w'] = V(48), ['x'] = V(49), ['y'] = V(50), ['z'] = V(51), ['0'] = V(52), ['1'] = V(53),
    ['2'] = V(54), ['3'] = V(55), ['4'] = V(56), ['5'] = V(57), ['6'] = V(58), ['7'] = V(59),
    ['8'] = V(60), ['9'] = V(61), ['+'] = V(62), ['-'] = V(62), ['/'] = V(63), ['_'] = V(63),
};
#undef V

static const char base64_standard[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64_url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

enum base64_way base64_best_way(void)
{
#if BASE64_SIMD
    if (__builtin_cpu_supports("avx2")) {
        return BASE64_AVX2;
    }
    if (__builtin_cpu_supports("ssse3")) {
        return BASE64_SSSE3;
    }
#endif
    return BASE64_TABLE;
}

// ---- decoding
// A kernel decodes whole quanta from the front of in[0..n) into out[0..room) until one of them ends
// or a byte is foreign. Result: characters taken, a multiple of 4; 3 bytes were written for each 4.
// It may write beyond them, within room.

static isize base64_decode_table(const u8 *in, isize n, u8 *out, isize room)
{
    isize i = 0;
    for (; n - i >= 4 && room >= 3; i += 4, room -= 3, out += 3) {
        u32 a = base64_values[in[i]], b = base64_values[in[i + 1]];
        u32 c = base64_values[in[i + 2]], d = base64_values[in[i + 3]];
        if (!(a & b & c & d & BASE64_VALID)) {
            break;
        }
        // Takes the four flags out again in one go.
        u32 bits = (a << 18 ^ b << 12 ^ c << 6 ^ d) ^ (BASE64_VALID * 0x41041U);
        out[0] = (u8)(bits >> 16);
        out[1] = (u8)(bits >> 8);
        out[2] = (u8)bits;
    }
    return i;
}

#if BASE64_SIMD
// Nibble tables of the paper: a character is valid when its two entries share no bit; the roll,
// taken by the high nibble (one less for '/'), turns it into its value.
#define BASE64_LOW \
    0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1a, 0x1b, 0x1b, 0x1b, 0x1a
#define BASE64_HIGH \
    0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10
#define BASE64_ROLL 0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0
#define BASE64_PACK 2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1

TARGET_SSSE3 static isize base64_decode_ssse3(const u8 *in, isize n, u8 *out, isize room)
{
    const __m128i nibble = _mm_set1_epi8(0x0f);
    isize i = 0;
    for (; n - i >= 16 && room >= 16; i += 16, room -= 12, out += 12) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(in + i));
        __m128i minus = _mm_cmpeq_epi8(v, _mm_set1_epi8('-'));
        __m128i under = _mm_cmpeq_epi8(v, _mm_set1_epi8('_'));
        v = _mm_xor_si128(v, _mm_and_si128(minus, _mm_set1_epi8('-' ^ '+')));
        v = _mm_xor_si128(v, _mm_and_si128(under, _mm_set1_epi8('_' ^ '/')));
        __m128i high = _mm_and_si128(_mm_srli_epi32(v, 4), nibble);
        __m128i low_bits = _mm_shuffle_epi8(_mm_setr_epi8(BASE64_LOW), _mm_and_si128(v, nibble));
        __m128i high_bits = _mm_shuffle_epi8(_mm_setr_epi8(BASE64_HIGH), high);
        __m128i clash = _mm_cmpeq_epi8(_mm_and_si128(low_bits, high_bits), _mm_setzero_si128());
        if (_mm_movemask_epi8(clash) != 0xffff) {
            break;
        }
        __m128i slash = _mm_cmpeq_epi8(v, _mm_set1_epi8('/'));
        __m128i roll = _mm_shuffle_epi8(_mm_setr_epi8(BASE64_ROLL), _mm_add_epi8(slash, high));
        v = _mm_add_epi8(v, roll);
        v = _mm_maddubs_epi16(v, _mm_set1_epi32(0x01400140));
        v = _mm_madd_epi16(v, _mm_set1_epi32(0x00011000));
        v = _mm_shuffle_epi8(v, _mm_setr_epi8(BASE64_PACK));
        _mm_storeu_si128((__m128i *)(void *)out, v);
    }
    return i;
}

TARGET_AVX2 static isize base64_decode_avx2(const u8 *in, isize n, u8 *out, isize room)
{
    const __m256i nibble = _mm256_set1_epi8(0x0f);
    const __m256i low_table = _mm256_setr_epi8(BASE64_LOW, BASE64_LOW);
    const __m256i high_table = _mm256_setr_epi8(BASE64_HIGH, BASE64_HIGH);
    const __m256i roll_table = _mm256_setr_epi8(BASE64_ROLL, BASE64_ROLL);
    isize i = 0;
    for (; n - i >= 32 && room >= 32; i += 32, room -= 24, out += 24) {
        __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)(in + i));
        __m256i minus = _mm256_cmpeq_epi8(v, _mm256_set1_epi8('-'));
        __m256i under = _mm256_cmpeq_epi8(v, _mm256_set1_epi8('_'));
        v = _mm256_xor_si256(v, _mm256_and_si256(minus, _mm256_set1_epi8('-' ^ '+')));
        v = _mm256_xor_si256(v, _mm256_and_si256(under, _mm256_set1_epi8('_' ^ '/')));
        __m256i high = _mm256_and_si256(_mm256_srli_epi32(v, 4), nibble);
        __m256i low_bits = _mm256_shuffle_epi8(low_table, _mm256_and_si256(v, nibble));
        __m256i high_bits = _mm256_shuffle_epi8(high_table, high);
        if (!_mm256_testz_si256(low_bits, high_bits)) {
            break;
        }
        __m256i slash = _mm256_cmpeq_epi8(v, _mm256_set1_epi8('/'));
        __m256i roll = _mm256_shuffle_epi8(roll_table, _mm256_add_epi8(slash, high));
        v = _mm256_add_epi8(v, roll);
        v = _mm256_maddubs_epi16(v, _mm256_set1_epi32(0x01400140));
        v = _mm256_madd_epi16(v, _mm256_set1_epi32(0x00011000));
        v = _mm256_shuffle_epi8(v, _mm256_setr_epi8(BASE64_PACK, BASE64_PACK));
        v = _mm256_permutevar8x32_epi32(v, _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 3, 7));
        _mm256_storeu_si256((__m256i *)(void *)out, v);
    }
    return i;
}
#endif

static isize base64_decode_quanta(const u8 *in, isize n, u8 *out, isize room, enum base64_way way)
{
    isize taken = 0;
#if BASE64_SIMD
    if (way == BASE64_AVX2) {
        taken = base64_decode_avx2(in, n, out, room);
    }
    if (way != BASE64_TABLE) {
        isize bytes = taken / 4 * 3;
        taken += base64_decode_ssse3(in + taken, n - taken, out + bytes, room - bytes);
    }
#else
    (void)way;
#endif
    isize bytes = taken / 4 * 3;
    return taken + base64_decode_table(in + taken, n - taken, out + bytes, room - bytes);
}

void base64_decode_by(struct base64_decoder *d, struct buf *out, str in, enum base64_way way)
{
    for (isize i = 0; i < in.n && !out->full;) {
        if (d->count == 0 && in.n - i >= 4 && base64_values[in.p[i]]) {
            isize taken = base64_decode_quanta(in.p + i, in.n - i, out->p + out->n,
                                               out->cap - out->n, way);
            out->n += taken / 4 * 3;
            i += taken;
            if (i == in.n) {
                break;
            }
        }
        // One character: bytes are written as soon as their bits are there, because nobody says
        // when the text has ended.
        u8 c = in.p[i++];
        u32 value = base64_values[c];
        if (value) {
            d->bits = (d->bits << 6 | (value ^ BASE64_VALID)) & 0xfff;
            if (d->count > 0) {
                buf_put_byte(out, (u8)(d->bits >> (6 - 2 * d->count)));
            }
            d->count = (d->count + 1) & 3;
        } else if (c == '=') {
            d->count = 0;
        } else {
            d->ignored++;
        }
    }
}

void base64_decode(struct base64_decoder *d, struct buf *out, str in)
{
    base64_decode_by(d, out, in, base64_best_way());
}

// ---- encoding
// A kernel encodes whole triples; result: bytes taken. Each load is done before the store of the
// same step, so that out may run up to in from below (base64_encode_in_place).

static void base64_encode_triple(const u8 *in, u8 *out, const char *alphabet)
{
    u32 bits = (u32)in[0] << 16 | (u32)in[1] << 8 | in[2];
    out[0] = (u8)alphabet[bits >> 18];
    out[1] = (u8)alphabet[bits >> 12 & 63];
    out[2] = (u8)alphabet[bits >> 6 & 63];
    out[3] = (u8)alphabet[bits & 63];
}

#if BASE64_SIMD
// By class of a value: a..z, ten digits, 62, 63, A..Z; what has to be added to it.
#define BASE64_SHIFT(alphabet)                                                                \
    'a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, \
        '0' - 52, '0' - 52, (char)((alphabet)[62] - 62), (char)((alphabet)[63] - 63), 'A', 0, 0
#define BASE64_SPREAD 1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10

TARGET_SSSE3 static isize base64_encode_ssse3(const u8 *in, isize n, u8 *out, const char *alphabet)
{
    const __m128i shifts = _mm_setr_epi8(BASE64_SHIFT(alphabet));
    isize i = 0;
    for (; n - i >= 16; i += 12, out += 16) { // loads 16, takes 12
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(in + i));
        v = _mm_shuffle_epi8(v, _mm_setr_epi8(BASE64_SPREAD));
        __m128i a = _mm_mulhi_epu16(_mm_and_si128(v, _mm_set1_epi32(0x0fc0fc00)),
                                    _mm_set1_epi32(0x04000040));
        __m128i b = _mm_mullo_epi16(_mm_and_si128(v, _mm_set1_epi32(0x003f03f0)),
                                    _mm_set1_epi32(0x01000010));
        v = _mm_or_si128(a, b);
        __m128i class = _mm_subs_epu8(v, _mm_set1_epi8(51));
        __m128i upper = _mm_cmpgt_epi8(_mm_set1_epi8(26), v);
        class = _mm_or_si128(class, _mm_and_si128(upper, _mm_set1_epi8(13)));
        v = _mm_add_epi8(v, _mm_shuffle_epi8(shifts, class));
        _mm_storeu_si128((__m128i *)(void *)out, v);
    }
    return i;
}
#endif

// Writes base64_encoded_bytes(in.n) in the standard alphabet, fewer in that of URLs: no padding
// there.
static isize base64_encode_to(u8 *out, str in, const char *alphabet, enum base64_way way)
{
    isize i = 0, written = 0;
#if BASE64_SIMD
    if (way != BASE64_TABLE) {
        i = base64_encode_ssse3(in.p, in.n, out, alphabet);
        written = i / 3 * 4;
    }
#else
    (void)way;
#endif
    for (; in.n - i >= 3; i += 3, written += 4) {
        base64_encode_triple(in.p + i, out + written, alphabet);
    }
    isize left = in.n - i;
    if (left == 0) {
        return written;
    }
    u8 last[3] = {in.p[i], left == 2 ? in.p[i + 1] : 0}, four[4];
    base64_encode_triple(last, four, alphabet);
    memcpy(out + written, four, (size_t)left + 1);
    written += left + 1;
    while (alphabet == base64_standard && written % 4) {
        out[written++] = '=';
    }
    return written;
}

isize base64_encoded_bytes(isize n)
{
    return (n + 2) / 3 * 4;
}

void base64_encode_by(struct buf *out, str in, enum base64_way way)
{
    u8 *at = buf_grab(out, base64_encoded_bytes(in.n));
    if (at) {
        (void)base64_encode_to(at, in, base64_standard, way);
    }
}

void base64_encode(struct buf *out, str in)
{
    base64_encode_by(out, in, base64_best_way());
}

void base64_encode_url(struct buf *out, str in)
{
    u8 *at = buf_grab(out, base64_encoded_bytes(in.n) - (3 - in.n % 3) % 3);
    if (at) {
        (void)base64_encode_to(at, in, base64_url, base64_best_way());
    }
}

isize base64_encode_in_place(u8 *p, isize cap, isize n)
{
    ASSERT(0 <= n && base64_encoded_bytes(n) <= cap);
    return base64_encode_to(p, (str){p + cap - n, n}, base64_standard, base64_best_way());
}

// ---- from one alphabet to the other

// Maps 16 characters if all of them are in one of the alphabets.
static bool base64_translate_16(u8 *to, const u8 *from)
{
#ifdef __SSE2__
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)from);
    __m128i minus = _mm_cmpeq_epi8(v, _mm_set1_epi8('-'));
    __m128i under = _mm_cmpeq_epi8(v, _mm_set1_epi8('_'));
    v = _mm_xor_si128(v, _mm_and_si128(minus, _mm_set1_epi8('-' ^ '+')));
    v = _mm_xor_si128(v, _mm_and_si128(under, _mm_set1_epi8('_' ^ '/')));
    // '/' to '9' follow one another; signed comparison leaves out what is above 0x7f.
    __m128i digit = _mm_and_si128(_mm_cmpgt_epi8(v, _mm_set1_epi8('/' - 1)),
                                  _mm_cmplt_epi8(v, _mm_set1_epi8('9' + 1)));
    __m128i lower = _mm_or_si128(v, _mm_set1_epi8(0x20));
    __m128i letter = _mm_and_si128(_mm_cmpgt_epi8(lower, _mm_set1_epi8('a' - 1)),
                                   _mm_cmplt_epi8(lower, _mm_set1_epi8('z' + 1)));
    __m128i plus = _mm_cmpeq_epi8(v, _mm_set1_epi8('+'));
    __m128i good = _mm_or_si128(_mm_or_si128(digit, letter), plus);
    if (_mm_movemask_epi8(good) != 0xffff) {
        return false;
    }
    _mm_storeu_si128((__m128i *)(void *)to, v);
    return true;
#else
    for (isize i = 0; i < 16; i++) {
        u8 value = base64_values[from[i]];
        if (!value) {
            return false;
        }
        to[i] = (u8)base64_standard[value ^ BASE64_VALID];
    }
    return true;
#endif
}

void base64_translate(struct base64_translator *t, struct buf *out, str in)
{
    isize start = out->n;
    for (isize i = 0; i < in.n && !out->full;) {
        if (in.n - i >= 16 && out->cap - out->n >= 16 &&
            base64_translate_16(out->p + out->n, in.p + i)) {
            out->n += 16;
            i += 16;
            continue;
        }
        isize end = in.n - i < 16 ? in.n : i + 16;
        for (; i < end; i++) {
            u8 value = base64_values[in.p[i]];
            if (value) {
                buf_put_byte(out, (u8)base64_standard[value ^ BASE64_VALID]);
            }
        }
    }
    t->count += out->n - start;
}

void base64_translate_end(struct base64_translator *t, struct buf *out)
{
    // A lone character means nothing, but it is written already: made a whole quantum, the text
    // stays base64 that anybody can read, with one byte at its end that was not in the mail.
    static const str padding[4] = {S(""), S("A=="), S("=="), S("=")};
    str missing = padding[t->count & 3];
    buf_put(out, missing);
    t->count += missing.n;
}
