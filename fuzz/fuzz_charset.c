// SPDX-License-Identifier: Apache-2.0
// Aimed at charset_find(), charset_decode(), charset_valid_run(), charset_encode() and the East
// Asian decoders. The first byte picks a charset, the rest is text in it. Decoding agrees with
// validating, grows to three bytes a byte at most, and gives UTF-8; what can be encoded again
// decodes to the same.
#include "codec/charset.h"

#define IN_MAX 8192

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static u8 text[IN_MAX * 3], again[IN_MAX * 3], bytes[IN_MAX * 13];

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n < 2 || n > IN_MAX) {
        return 0;
    }
    struct charset cs;
    str in = {p + 2, (isize)n - 2};
    (void)charset_find(in, &cs);
    const struct charset_name *name = &charset_names[(p[0] << 8 | p[1]) % charset_names_count];
    ASSERT(charset_find(str_from(name->name), &cs) && cs.kind == name->kind);
    struct buf out = buf_over(text, in.n * 3);
    err strict = charset_decode(cs, in, CHARSET_STRICT, &out);
    ASSERT(err_ok(strict) == charset_is_valid(cs, in));
    ASSERT(err_ok(strict) || (err_is(strict, ERR_MIME_CHARSET) && out.n == 0));
    if (err_ok(strict)) {
        ASSERT(str_is_utf8(buf_str(&out)));
        struct buf coded = buf_over(bytes, sizeof bytes);
        struct buf back = buf_over(again, sizeof again);
        if (err_ok(charset_encode(cs, buf_str(&out), &coded))) {
            ASSERT(err_ok(charset_decode(cs, buf_str(&coded), CHARSET_STRICT, &back)));
            ASSERT(str_eq(buf_str(&back), buf_str(&out)));
        }
    }
    buf_reset(&out);
    out.cap = in.n * 3;
    ASSERT(err_ok(charset_decode(cs, in, CHARSET_REPLACE, &out)) && str_is_utf8(buf_str(&out)));
    buf_reset(&out);
    err escaped = charset_decode(cs, in, CHARSET_ESCAPE, &out);
    ASSERT(err_ok(escaped) || err_is(escaped, ERR_MIME_CHARSET));
    return 0;
}
