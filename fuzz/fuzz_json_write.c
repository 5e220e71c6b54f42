// SPDX-License-Identifier: Apache-2.0
// Aimed at json_escape() and json_write_member(). Whatever goes in: what comes out is JSON and
// UTF-8; well-formed text comes back from json_put_string() unchanged; a buffer too small is never
// overrun.
#include "codec/json.h"
#include "codec/json_write.h"

#define IN_MAX 2048

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static u8 out[IN_MAX * 6 + 16], back[IN_MAX * 4];
    if (n < 1 || n > IN_MAX) {
        return 0;
    }
    str in = {p + 1, (isize)n - 1};
    struct buf b = buf_over(out, sizeof out), d = buf_over(back, sizeof back);
    struct json_write w = json_write_to(&b);
    json_write_object(&w);
    json_write_member(&w, in, in);
    json_write_object_end(&w);
    ASSERT(!b.full && str_is_utf8(buf_str(&b)));
    struct json j;
    struct json_node nodes[3];
    ASSERT(err_ok(json_parse(&j, buf_str(&b), nodes, 3)) && j.count == 3);
    ASSERT(json_put_string(&j, 2, &d) && !d.full);
    ASSERT(!str_is_utf8(in) || str_eq(buf_str(&d), in));
    ASSERT(json_get(&j, 0, buf_str(&d)) == 2);

    isize whole = b.n;
    b = buf_over(out, p[0] < whole ? p[0] : whole);
    w = json_write_to(&b);
    json_write_member(&w, in, in);
    ASSERT(b.n <= b.cap && b.full == (whole - 2 > b.cap));
    return 0;
}
