// SPDX-License-Identifier: Apache-2.0
// Aimed at base64_decode(), base64_encode(), base64_encode_in_place(), base64_translate(). Every
// way against the table, whole against split at the first byte's place, encoding undone by
// decoding.
#include "codec/base64.h"

#include <string.h>

#define IN_MAX 8192

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static u8 a_memory[IN_MAX * 2], b_memory[IN_MAX * 2];

static void check_decode(str in, isize split, isize cap)
{
    struct buf a = buf_over(a_memory, cap);
    struct base64_decoder da = {0};
    base64_decode_by(&da, &a, in, BASE64_TABLE);
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
    base64_encode(&a, in);
    base64_encode_by(&b, in, BASE64_TABLE);
    ASSERT(!a.full && str_eq(buf_str(&a), buf_str(&b)));
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
    struct base64_decoder whole = {0};
    struct buf w = buf_over(b_memory, sizeof b_memory);
    base64_decode(&whole, &w, buf_str(&a));
    ASSERT(whole.ignored == 0);
    return 0;
}
