// SPDX-License-Identifier: Apache-2.0
// Aimed at ntlm_put_authenticate(), ntlm_put_utf16(). The input is a user name behind its length,
// and a challenge. A message that is made has all its fields inside, in the right order and without
// a gap, the pairs of the challenge in their order with ours behind them, and a MIC that is right
// by a second computation; the same bytes come out in every room that is large enough.
#include "net/ntlm.h"

#include <string.h>

#include "limits.h"
#include "net/crypto.h"

#define NAME_MAX 64
#define IN_MAX (NTLM_CHALLENGE_BYTES + 64)

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static u8 a_memory[KIB(16)], b_memory[KIB(16)];

static isize get(str m, isize at, int bytes)
{
    isize value = 0;
    for (int i = bytes; i > 0; i--) {
        value = value << 8 | m.p[at + i - 1];
    }
    return value;
}

static str field(str m, isize at)
{
    isize n = get(m, at, 2), from = get(m, at + 4, 4);
    ASSERT(n == get(m, at + 2, 2) && from >= 88 && from + n <= m.n);
    return str_slice(m, from, from + n);
}

// The pairs of `theirs` without those that are replaced, then three of ours.
static void check_pairs(str theirs, str ours)
{
    for (;;) {
        isize id = get(theirs, 0, 2), n = 4 + get(theirs, 2, 2);
        if (id == 0) {
            break;
        }
        if (id != 6 && id != 9 && id != 10) {
            ASSERT(str_eq(str_slice(theirs, 0, n), str_slice(ours, 0, n)));
            ours = str_from_index(ours, n);
        }
        theirs = str_from_index(theirs, n);
    }
    ASSERT(get(ours, 0, 2) == 6 && get(ours, 2, 2) == 4 && (ours.p[4] & 2));
    ASSERT(get(ours, 8, 2) == 10 && get(ours, 10, 2) == 16);
    ASSERT(get(ours, 28, 2) == 9 && get(ours, 30, 2) == 2 * 6 && ours.n == 32 + 12 + 4 + 4);
    ASSERT(get(ours, 44, 8) == 0);
}

static void check_message(str m, const struct ntlm_setup *setup, str challenge)
{
    str lm = field(m, 12), nt = field(m, 20), domain = field(m, 28), user = field(m, 36);
    ASSERT(lm.n == 24 && nt.n > 16 + 28 && field(m, 44).n == 0 && field(m, 52).n == 0);
    ASSERT(domain.p == m.p + 88 && user.p == domain.p + domain.n && lm.p == user.p + user.n);
    ASSERT(nt.p == lm.p + 24 && nt.p + nt.n == m.p + m.n);
    u32 flags = (u32)get(m, 60, 4), offered = (u32)get(challenge, 20, 4);
    ASSERT((flags & ~offered) == 0 && (flags & 0x40000012) == 0);
    isize info = get(challenge, 44, 4);
    check_pairs(str_slice(challenge, info, info + get(challenge, 40, 2)),
                str_from_index(nt, 16 + 28));
    isize slash = str_find_byte(setup->user, '\\');
    u8 key[16], proof[16], session[16], mic[16];
    ASSERT(err_ok(ntlm_key(setup->password, str_from_index(setup->user, slash + 1), domain, key)));
    str proven[] = {str_slice(challenge, 24, 32), str_from_index(nt, 16)};
    crypto_hmac_md5(str_make(key, 16), proven, 2, proof);
    ASSERT(memcmp(proof, nt.p, 16) == 0);
    crypto_hmac_md5(str_make(key, 16), &(str){proof, 16}, 1, session);
    str parts[] = {S("negotiate"),        challenge,
                   str_slice(m, 0, 72),   S("\0\0\0\0\0\0\0\0"),
                   S("\0\0\0\0\0\0\0\0"), str_from_index(m, 88)};
    crypto_hmac_md5(str_make(session, 16), parts, COUNT(parts), mic);
    ASSERT(memcmp(mic, m.p + 72, 16) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n < 2 || n > IN_MAX || p[0] > NAME_MAX || p[0] + (size_t)2 > n) {
        return 0;
    }
    str user = {p + 2, p[0]}, challenge = {p + 2 + p[0], (isize)n - 2 - p[0]};
    struct ntlm_setup setup = {.user = user,
                               .password = S("p\u00e4ss"),
                               .service = S("HTTP"),
                               .host = S("h"),
                               .now = 12345};
    struct buf a = buf_over(a_memory, sizeof a_memory);
    err e = ntlm_put_authenticate(&a, &setup, S("negotiate"), challenge);
    ASSERT(!a.full && (err_ok(e) || a.n == 0));
    ASSERT(err_ok(e) || err_is(e, ERR_NTLM_CHALLENGE) || err_is(e, ERR_NTLM_OLD) ||
           err_is(e, ERR_NTLM_NAME));
    isize room = (isize)(p[1] * 8);
    struct buf b = buf_over(b_memory + sizeof b_memory - room, room);
    err tight = ntlm_put_authenticate(&b, &setup, S("negotiate"), challenge);
    if (err_ok(tight)) {
        ASSERT(err_ok(e) && str_eq(buf_str(&a), buf_str(&b)));
    } else {
        ASSERT(b.n == 0 && (tight.code == e.code || err_is(tight, ERR_BUF_FULL)));
    }
    if (err_ok(e)) {
        check_message(buf_str(&a), &setup, challenge);
    }
    return 0;
}
