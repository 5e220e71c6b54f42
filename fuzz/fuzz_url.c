// SPDX-License-Identifier: Apache-2.0
// Aimed at url_parse(), url_put_encoded(), url_put_form(), url_put_decoded(). What was split lies
// within the input and holds nothing that could end a header line; encoding is undone by decoding.
#include "codec/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void check_part(str whole, str part)
{
    ASSERT(part.n == 0 || str_eq(part, S("/")) ||
           (part.p >= whole.p && part.p + part.n <= whole.p + whole.n));
    for (isize i = 0; i < part.n; i++) {
        ASSERT(part.p[i] > ' ' && part.p[i] < 0x7f);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static u8 encoded[3 * 4096], decoded[4096];
    str in = {p, (isize)n};
    if (in.n > 4096) {
        return 0;
    }
    struct url u;
    if (err_ok(url_parse(in, &u))) {
        ASSERT(u.host.n > 0 && u.port > 0 && u.path.n > 0 && u.path.p[0] == '/');
        check_part(in, u.user);
        check_part(in, u.password);
        check_part(in, u.host);
        check_part(in, u.path);
    }
    struct buf e = buf_over(encoded, sizeof encoded), d = buf_over(decoded, sizeof decoded);
    url_put_encoded(&e, in);
    ASSERT(url_put_decoded(&d, buf_str(&e)) && str_eq(buf_str(&d), in));
    buf_reset(&e);
    url_put_form(&e, in);
    ASSERT(!e.full);
    buf_reset(&d);
    (void)url_put_decoded(&d, in);
    ASSERT(!d.full && d.n <= in.n);
    return 0;
}
