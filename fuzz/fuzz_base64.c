// SPDX-License-Identifier: Apache-2.0
// Aimed at base64_decode(), base64_encode(), base64_encode_url(), base64_encode_in_place(),
// base64_translate(). Every way against a second implementation, bit by bit as RFC 4648 tells it;
// whole against split at the first byte's place; encoding undone by decoding.
#include "codec/base64.h"

#include <string.h>

#define IN_MAX 8192

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static u8 a_memory[IN_MAX * 2], b_memory[IN_MAX * 2];

// ---- the second implementation

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int value_of(u8 c)
{
    c = c == '-' ? '+' : c == '_' ? '/' : c;
    const char *at = c ? strchr(alphabet, c) : NULL;
    return at ? (int)(at - alphabet) : -1;
}

static void reference_decode(str in, struct buf *out, struct base64_decoder *d)
{
    u32 bits = 0;
    int have = 0; // bits that gave no byte yet
    for (isize i = 0; i < in.n; i++) {
        int value = value_of(in.p[i]);
        if (value < 0) {
            d->ignored += in.p[i] != '=';
            if (in.p[i] == '=') {
                d->count = have = 0;
            }
            continue;
        }
        bits = bits << 6 | (u32)value;
        have += 6;
        d->count = (d->count + 1) % 4;
        if (have >= 8) {
            have -= 8;
            buf_put_byte(out, (u8)(bits >> have));
        }
    }
}

static void reference_encode(str in, struct buf *out, bool url)
{
    for (isize bit = 0; bit < in.n * 8; bit += 6) {
        int value = 0;
        for (isize k = bit; k < bit + 6; k++) {
            value = value * 2 + (k < in.n * 8 ? in.p[k / 8] >> (7 - k % 8) & 1 : 0);
        }
        u8 c = (u8)alphabet[value];
        buf_put_byte(out, url && c == '+' ? '-' : url && c == '/' ? '_' : c);
    }
    buf_put_fill(out, '=', url ? 0 : (4 - out->n % 4) % 4);
}

static void reference_translate(str in, struct buf *out)
{
    for (isize i = 0; i < in.n; i++) {
        if (value_of(in.p[i]) >= 0) {
            buf_put_byte(out, (u8)alphabet[value_of(in.p[i])]);
        }
    }
    if (out->n % 4 == 1) {
        buf_put_byte(out, 'A');
    }
    buf_put_fill(out, '=', (4 - out->n % 4) % 4);
}

// ---- ours

static void check_decode(str in, isize split, isize cap)
{
    struct buf a = buf_over(a_memory, cap);
    struct base64_decoder da = {0};
    reference_decode(in, &a, &da);
    for (int way = BASE64_TABLE; way <= (int)base64_best_way(); way++) {
        struct buf b = buf_over(b_memory, cap);
        struct base64_decoder db = {0};
        base64_decode_by(&db, &b, str_slice(in, 0, split), (enum base64_way)way);
        base64_decode_by(&db, &b, str_from_index(in, split), (enum base64_way)way);
        ASSERT(a.full == b.full && (a.full || str_eq(buf_str(&a), buf_str(&b))));
        ASSERT(a.full || (da.ignored == db.ignored && da.count == db.count));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n < 2 || n > IN_MAX) {
        return 0;
    }
    str in = {p + 2, (isize)n - 2};
    isize split = p[0] < in.n ? p[0] : in.n;
    check_decode(in, split, IN_MAX);
    check_decode(in, split, p[1]);

    struct buf a = buf_over(a_memory, sizeof a_memory), b = buf_over(b_memory, sizeof b_memory);
    reference_encode(in, &a, true);
    base64_encode_url(&b, in);
    ASSERT(!a.full && str_eq(buf_str(&a), buf_str(&b)));
    buf_reset(&a);
    reference_encode(in, &a, false);
    for (int way = BASE64_TABLE; way <= (int)base64_best_way(); way++) {
        buf_reset(&b);
        base64_encode_by(&b, in, (enum base64_way)way);
        ASSERT(!b.full && str_eq(buf_str(&a), buf_str(&b)));
    }
    struct base64_decoder d = {0};
    buf_reset(&b);
    base64_decode(&d, &b, buf_str(&a));
    ASSERT(str_eq(buf_str(&b), in) && d.ignored == 0);
    isize cap = base64_encoded_bytes(in.n) + p[1];
    if (in.n) {
        memcpy(b_memory + cap - in.n, in.p, (size_t)in.n);
    }
    ASSERT(base64_encode_in_place(b_memory, cap, in.n) == a.n);
    ASSERT(str_eq((str){b_memory, a.n}, buf_str(&a)));

    struct base64_translator t = {0};
    buf_reset(&a);
    base64_translate(&t, &a, str_slice(in, 0, split));
    base64_translate(&t, &a, str_from_index(in, split));
    base64_translate_end(&t, &a);
    ASSERT(!a.full && a.n % 4 == 0 && t.count == a.n);
    buf_reset(&b);
    reference_translate(in, &b);
    ASSERT(str_eq(buf_str(&a), buf_str(&b)));
    return 0;
}
