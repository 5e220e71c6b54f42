// SPDX-License-Identifier: Apache-2.0
// Aimed at outlook_ca_normalise(): nothing but blanks is lost or added, no line is empty or begins
// or ends with a blank, and once in order it stays as it is.
#include "source/outlook/outlook_ca.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { IN_MAX = 4096 };

static bool next_mark(str s, isize *at, u8 *c)
{
    while (*at < s.n && str_is_space(s.p[*at])) {
        (*at)++;
    }
    bool there = *at < s.n;
    *c = there ? s.p[(*at)++] : 0;
    return there;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static u8 one[IN_MAX * 2 + 2], other[IN_MAX * 2 + 2];
    struct buf pem = buf_over(one, COUNT(one)), again = buf_over(other, COUNT(other));
    if (n > IN_MAX) {
        return 0;
    }
    str in = str_make(p, (isize)n);
    outlook_ca_normalise(&pem, in);
    ASSERT(!pem.full);
    str out = buf_str(&pem);
    if (out.n == 0) {
        ASSERT(str_find(str_trim(in), S("-----END ")) < 0);
        return 0;
    }
    isize i = 0, k = 0;
    u8 a, b;
    while (next_mark(in, &i, &a)) {
        bool there = next_mark(out, &k, &b);
        ASSERT(there && a == b);
    }
    ASSERT(!next_mark(out, &k, &b) && out.p[out.n - 1] == '\n');
    str rest = out, line;
    bool more = true;
    while (rest.n) {
        rest = str_cut(rest, '\n', &line, &more);
        ASSERT(line.n > 0 && str_trim(line).n == line.n);
    }
    outlook_ca_normalise(&again, out);
    // Dashes that do not belong together may have been taken apart.
    ASSERT(str_eq(buf_str(&again), out) || str_find(out, S("-----END ")) < 0);
    struct buf small = buf_over(other, out.n - 1);
    outlook_ca_normalise(&small, in);
    ASSERT(small.full);
    return 0;
}
