// SPDX-License-Identifier: Apache-2.0
// NTLM: the field offsets of a challenge. Whatever length and offset a field says (16 and 32 bits),
// and wherever it stands in a message of 64 bytes: what is accepted lies within the message.
// Whatever N bytes are left of the target information: a pair that is taken lies within
// them, the rest behind it and at least 4 bytes shorter, so that reading pairs ends (induction).
//
// bound: 64 bytes; pairs: any number (induction), of 12 bytes
// proof: prove_field 64 --unwind 8
// proof: prove_pair 0,3,4,5,12 --unwind 8
// mutant: prove_field 64 net/ntlm.c s/bytes > m.n - from/bytes > m.n/
#include "prove.h"

#include "base/buf.c"
#include "base/str.c"
#include "net/ntlm.c"

void prove_field(void)
{
    PROVE_INPUT(m);
    str field;
    isize at = nondet_bool() ? NTLM_CHALLENGE_TARGET : NTLM_CHALLENGE_INFO;
    if (ntlm_read_field(m, at, &field)) {
        CLAIM(field.n >= 0 && field.n <= N);
        CLAIM(field.n == 0 || (field.p >= m.p && field.p + field.n <= m.p + N));
    }
}

void prove_pair(void)
{
    PROVE_INPUT(info);
    str rest = info, value;
    u32 id;
    if (ntlm_take_pair(&rest, &id, &value)) {
        CLAIM(id <= 0xffff && rest.n >= 0 && rest.n <= N - 4);
        CLAIM(value.n >= 0 && value.p == info.p + 4 && value.p + value.n == rest.p);
        CLAIM(rest.p + rest.n == info.p + N);
    }
}
