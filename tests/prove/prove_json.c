// SPDX-License-Identifier: Apache-2.0
// JSON string escapes. Writing: the first character of every N bytes takes at most 6 bytes and is
// what RFC 8259 allows in a string: itself, or its escape; what is no UTF-8 is U+FFFD. Reading, by
// induction: in any state of an escape any byte leads to a state again or is refused, no more than
// 8 bytes come out, and they are UTF-8.
//
// bound: a character written, of up to 5 bytes; any number of bytes read (induction)
// proof: prove_write_one 1,2,3,4,5 --unwind 8
// proof: prove_read 1 --unwind 9
// mutant: prove_write_one 3 codec/json_write.c s/a == 0xed ? 0x9f/a == 0xed ? 0xbf/
#include "prove.h"

#include "base/buf.c"
#include "base/str.c"
#include "codec/json_grammar.c"
#include "codec/json_write.c"

enum { STEP = JSON_STEP_BYTES };

void prove_write_one(void)
{
    PROVE_INPUT(in);
    u8 to[STEP];
    isize taken, n = json_escape_one(to, in.p, N, &taken);
    u8 c = in.p[0];
    CLAIM(n >= 1 && n <= STEP && taken >= 1 && taken <= N && taken <= 4);
    if (c >= 0x80) {
        CLAIM(str_is_utf8((str){to, n}) && to[0] >= 0x80);
        bool same = n == taken && memcmp(to, in.p, (size_t)n) == 0;
        CLAIM(same || (n == 3 && to[0] == 0xef && to[1] == 0xbf && to[2] == 0xbd));
        CLAIM(same || !str_is_utf8((str){in.p, taken}));
        return;
    }
    CLAIM(taken == 1);
    if (n == 1) {
        CLAIM(to[0] == c && c >= 0x20 && c != '"' && c != '\\');
    } else if (n == 2) {
        CLAIM(to[0] == '\\' && json_short_escapes[to[1]] == c);
    } else {
        CLAIM(n == 6 && to[0] == '\\' && to[1] == 'u' && to[2] == '0' && to[3] == '0');
        int low = to[5] <= '9' ? to[5] - '0' : to[5] - 'a' + 10;
        CLAIM((to[4] - '0') * 16 + low == c);
    }
}

static bool is_escape(const struct json_grammar *g)
{
    bool first = g->high == 0 || (g->high >= 0xd800 && g->high < 0xdc00);
    return first &&
           (g->state == JSON_IN_ESCAPE || g->state == JSON_IN_STRING ||
            (g->state == JSON_IN_HEX && g->digits < 4 && g->code_unit < 1u << 4 * g->digits));
}

void prove_read(void)
{
    struct json_grammar g;
    g.decoded.n = 0;
    ASSUME(g.state != JSON_IN_STRING && is_escape(&g));
    if (json_escape_byte(&g, nondet_uchar())) {
        CLAIM(is_escape(&g));
        CLAIM(g.decoded.n >= 0 && g.decoded.n <= (isize)sizeof g.utf8);
        CLAIM(g.decoded.n == 0 || (g.state == JSON_IN_STRING && str_is_utf8(g.decoded)));
    }
}
