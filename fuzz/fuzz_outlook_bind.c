// SPDX-License-Identifier: Apache-2.0
// Aimed at outlook_bind_put() and outlook_bind_take(): whatever a directory answers to a login, in
// any of its kinds, by any form of name, with TLS and without. The first byte chooses; messages of
// LDAP follow. A login ends after a few messages; the password is in simple binds and nowhere else,
// without TLS never after the directory has offered GSS-SPNEGO; at most one password is tried.
#include <string.h>

#include "source/outlook/outlook_bind.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { SENT = 1 << 14, SENT_MAX = 6 };

static const char *const users[] = {"EXAMPLE\\svc", "svc@example.test", "svc", "CN=svc,DC=test"};

struct login {
    struct outlook_bind b;
    struct exchange x;
    int id, sent, passwords;
    bool offered;
};

static void put(struct login *l)
{
    static u8 memory[SENT];
    struct buf room = buf_over(memory, sizeof memory);
    enum outlook_bind_step step = l->b.step;
    l->sent++;
    ASSERT(l->sent <= SENT_MAX);
    err e = outlook_bind_put(&l->b, ++l->id, &room);
    str s = buf_str(&room);
    ASSERT(err_ok(e) || room.n == 0);
    bool simple = step == OUTLOOK_BIND_SIMPLE;
    ASSERT((str_find(s, S("Passw0rd")) >= 0) == simple);
    ASSERT(!simple || l->b.setup.tls || !l->offered || l->b.no_ntlm ||
           outlook_bind_is_dn(l->b.setup.user) || l->b.setup.kind == OUTLOOK_LDAP_BIND_SIMPLE);
    isize bytes = 0;
    ASSERT(!err_ok(e) || (err_ok(ldap_message_bytes(s, &bytes)) && bytes == s.n));
    if (!err_ok(e)) {
        l->b.step = OUTLOOK_BIND_DONE;
    }
}

// true: the login goes on.
static bool take(struct login *l, str message)
{
    struct ldap_message m;
    bool more = false;
    if (!err_ok(ldap_message_read(message, &m))) {
        return false;
    }
    enum outlook_bind_step before = l->b.step;
    bool refuses = ldap_refuses_method(&m);
    bool secret = before == OUTLOOK_BIND_SIMPLE || before == OUTLOOK_BIND_AUTHENTICATE;
    l->offered = l->offered || (before == OUTLOOK_BIND_ROOT && m.op == LDAP_ENTRY &&
                                ldap_entry_has(&m, S("supportedSASLMechanisms"), S("GSS-SPNEGO")));
    buf_reset(&l->x.detail);
    err e = outlook_bind_take(&l->b, &m, &l->x, &more);
    ASSERT(l->b.challenge_bytes <= NTLM_CHALLENGE_BYTES);
    if (!err_ok(e)) {
        return false;
    }
    if (!more) {
        ASSERT(l->b.step == before);
        return true;
    }
    if (secret && l->b.step != OUTLOOK_BIND_DONE) { // another one, then for another reason
        ASSERT(refuses && ++l->passwords <= 1);
    }
    if (l->b.step != OUTLOOK_BIND_DONE) {
        put(l);
    }
    return l->b.step != OUTLOOK_BIND_DONE;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static struct login l;
    static u8 detail[512];
    if (n < 1 || n > 16384) {
        return 0;
    }
    struct outlook_bind_setup setup = {.kind = (enum outlook_ldap_bind)(p[0] >> 3 & 3),
                                       .user = str_from(users[p[0] & 3]),
                                       .password = S("Passw0rd"),
                                       .host = S("dc.example.test"),
                                       .tls = p[0] >> 2 & 1};
    bool never = setup.kind == OUTLOOK_LDAP_BIND_NTLM && outlook_bind_is_dn(setup.user);
    if (setup.kind > OUTLOOK_LDAP_BIND_NTLM || never) { // outlook_configure() refuses it
        return 0;
    }
    if (str_find(str_make(p, (isize)n), setup.password) >= 0) {
        return 0; // NTLM sends back what the challenge says: who knows the password may say it
    }
    memset(&l, 0, sizeof l);
    l.x.detail = buf_over(detail, sizeof detail);
    l.x.end_point_bytes = setup.tls ? 32 : 0;
    outlook_bind_begin(&l.b, &setup);
    put(&l);
    str in = str_make(p + 1, (isize)n - 1);
    for (isize bytes = 0; in.n; in = str_from_index(in, bytes)) {
        if (!err_ok(ldap_message_bytes(in, &bytes)) || bytes == 0 || bytes > in.n) {
            break;
        }
        if (!take(&l, str_slice(in, 0, bytes))) {
            break;
        }
    }
    struct buf facts = buf_over(detail, sizeof detail);
    outlook_bind_put_facts(&facts, &l.b);
    ASSERT(!facts.full);
    return 0;
}
