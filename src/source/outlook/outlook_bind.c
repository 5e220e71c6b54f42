// SPDX-License-Identifier: Apache-2.0
// The login at the directory (see outlook_bind.h): each step sends one message, whose answer
// chooses the next step. Bounds: NTLM_CHALLENGE_BYTES; the room of put(), in which NTLM's last
// message is put together. The password stays where the run keeps it; what was derived from it is
// wiped.
#include "source/outlook/outlook_bind.h"

#include <string.h>

#include "codec/spnego.h"
#include "net/crypto.h"
#include "os/os.h"

// The type of a relative distinguished name: `CN`, `2.5.4.3`.
static bool bind_is_rdn_type(u8 c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.';
}

bool outlook_bind_is_dn(str user)
{
    isize i = 0;
    while (i < user.n && bind_is_rdn_type(user.p[i])) {
        i++;
    }
    return i > 0 && i < user.n && user.p[i] == '=';
}

static bool bind_has_domain(str user)
{
    return str_find_byte(user, '\\') >= 0 || str_find_byte(user, '@') >= 0;
}

static bool bind_may_ntlm(const struct outlook_bind *b)
{
    return b->setup.kind != OUTLOOK_LDAP_BIND_SIMPLE && !b->no_ntlm &&
           !outlook_bind_is_dn(b->setup.user);
}

static bool bind_may_simple(const struct outlook_bind *b)
{
    return b->setup.kind != OUTLOOK_LDAP_BIND_NTLM && err_ok(b->simple_refused);
}

void outlook_bind_begin(struct outlook_bind *b, const struct outlook_bind_setup *setup)
{
    *b = (struct outlook_bind){.setup = *setup};
    bool first = bind_may_ntlm(b) && (!setup->tls || !bind_has_domain(setup->user));
    b->step = setup->kind == OUTLOOK_LDAP_BIND_NTLM ? OUTLOOK_BIND_NEGOTIATE
              : first                               ? OUTLOOK_BIND_ROOT
                                                    : OUTLOOK_BIND_SIMPLE;
}

// ---- what is sent

static err bind_put_root(int id, struct buf *room)
{
    struct ldap_search search = {
        .scope = LDAP_SCOPE_BASE,
        .filter = S("(objectClass=*)"),
        .attributes = S("supportedSASLMechanisms"),
    };
    return ldap_put_search(room, id, &search);
}

// Always the same bytes: the last message is made with them.
static void bind_put_first(struct buf *b)
{
    ntlm_put_negotiate(b);
}

static void bind_put_negotiate(int id, struct buf *room)
{
    u8 bytes[NTLM_NEGOTIATE_BYTES], wrapped_bytes[2 * NTLM_NEGOTIATE_BYTES];
    struct buf token = buf_over(bytes, COUNT(bytes));
    struct buf wrapped = buf_over(wrapped_bytes, COUNT(wrapped_bytes));
    bind_put_first(&token);
    spnego_put_init(&wrapped, buf_str(&token));
    ASSERT(!token.full && !wrapped.full);
    ldap_put_spnego_bind(room, id, buf_str(&wrapped));
}

// NTLM's last message, SPNEGO around it, the bind around that: each behind the one before, and the
// last one is moved to the front.
static err bind_put_wrapped(const struct outlook_bind *b, int id, struct buf *room)
{
    struct ntlm_setup setup = {.user = b->setup.user,
                               .password = b->setup.password,
                               .service = S("ldap"),
                               .host = b->setup.host,
                               .now = ntlm_filetime(os_unix_us() / 1000)};
    if (b->end_point_bytes) {
        ntlm_binding(str_make(b->end_point, b->end_point_bytes), setup.binding);
    }
    os_entropy(setup.client, sizeof setup.client);
    u8 bytes[NTLM_NEGOTIATE_BYTES];
    struct buf first = buf_over(bytes, COUNT(bytes));
    bind_put_first(&first);
    str challenge;
    TRY(spnego_token(str_make(b->challenge, b->challenge_bytes), &challenge));
    isize start = room->n;
    TRY(ntlm_put_authenticate(room, &setup, buf_str(&first), challenge));
    str token = str_from_index(buf_str(room), start);
    if (!spnego_is_bare(str_make(b->challenge, b->challenge_bytes))) {
        spnego_put_response(room, token);
        token = str_from_index(buf_str(room), start + token.n);
    }
    isize at = room->n;
    ldap_put_spnego_bind(room, id, token);
    TRY(buf_check(room));
    memmove(room->p + start, room->p + at, (size_t)(room->n - at));
    room->n -= at - start;
    return OK;
}

static err bind_put_authenticate(struct outlook_bind *b, int id, struct buf *room)
{
    isize start = room->n;
    err e = bind_put_wrapped(b, id, room);
    isize end = err_ok(e) ? room->n : start;
    crypto_wipe(room->p + end, room->cap - end);
    room->n = end;
    crypto_wipe(b->challenge, b->challenge_bytes);
    b->challenge_bytes = 0;
    return e;
}

err outlook_bind_put(struct outlook_bind *b, int id, struct buf *room)
{
    switch (b->step) {
    case OUTLOOK_BIND_ROOT:
        return bind_put_root(id, room);
    case OUTLOOK_BIND_SIMPLE:
        return ldap_put_simple_bind(room, id, b->setup.user, b->setup.password);
    case OUTLOOK_BIND_NEGOTIATE:
        bind_put_negotiate(id, room);
        return OK;
    case OUTLOOK_BIND_AUTHENTICATE:
        return bind_put_authenticate(b, id, room);
    case OUTLOOK_BIND_DONE:
        break;
    }
    return OK;
}

// ---- what is answered

// The error of a refusal, with its words.
static err bind_refuse(const struct outlook_bind *b, const struct ldap_message *m,
                       struct exchange *x)
{
    buf_reset(&x->detail);
    ldap_put_reason(&x->detail, m);
    err e = ldap_result_err(m);
    bool simple = b->step == OUTLOOK_BIND_SIMPLE;
    if (err_ok(e)) {
        return FAIL(LDAP_REFUSED); // "in progress", of what is over with one message
    }
    // What cannot be: over TLS it wants something else than TLS.
    return b->setup.tls && err_is(e, ERR_LDAP_NEEDS_TLS)
               ? simple ? FAIL(LDAP_METHOD) : FAIL(LDAP_SIGNING)
               : e;
}

static err bind_done(struct outlook_bind *b)
{
    b->last = b->step;
    b->step = OUTLOOK_BIND_DONE;
    return OK;
}

// Not every directory lets strangers read what it offers: it is tried then.
static err bind_take_root(struct outlook_bind *b, const struct ldap_message *m, struct exchange *x,
                          bool *more)
{
    if (m->op == LDAP_ENTRY) {
        b->no_ntlm = !ldap_entry_has(m, S("supportedSASLMechanisms"), S("GSS-SPNEGO"));
        return OK;
    }
    if (m->op != LDAP_DONE) {
        return OK;
    }
    err e = ldap_result_err(m);
    if (err_class(e) == ERR_CLASS_RETRY) {
        return bind_refuse(b, m, x); // it may offer what is better than the password in clear
    }
    *more = true;
    b->root_asked = true;
    bool ntlm = bind_may_ntlm(b);
    b->step = ntlm ? OUTLOOK_BIND_NEGOTIATE : OUTLOOK_BIND_SIMPLE;
    return ntlm || bind_may_simple(b) ? OK : b->simple_refused; // its words are in x->detail
}

static err bind_take_simple(struct outlook_bind *b, const struct ldap_message *m,
                            struct exchange *x)
{
    if (m->result == LDAP_SUCCESS) {
        return bind_done(b);
    }
    err e = bind_refuse(b, m, x);
    if (!ldap_refuses_method(m) || !bind_may_ntlm(b)) {
        return e;
    }
    b->simple_refused = e;
    b->step = b->root_asked ? OUTLOOK_BIND_NEGOTIATE : OUTLOOK_BIND_ROOT;
    return OK;
}

// The first message holds no secret: whatever refuses it refuses NTLM.
static err bind_take_challenge(struct outlook_bind *b, const struct ldap_message *m,
                               struct exchange *x)
{
    if (m->result == LDAP_SASL_IN_PROGRESS) {
        if (m->credentials.n == 0 || m->credentials.n > NTLM_CHALLENGE_BYTES) {
            return FAIL(NTLM_CHALLENGE);
        }
        memcpy(b->challenge, m->credentials.p, (size_t)m->credentials.n);
        b->challenge_bytes = m->credentials.n;
        memcpy(b->end_point, x->end_point, sizeof b->end_point);
        b->end_point_bytes = x->end_point_bytes;
        b->step = OUTLOOK_BIND_AUTHENTICATE;
        return OK;
    }
    err e = m->result == LDAP_SUCCESS ? FAIL(NTLM_CHALLENGE) : bind_refuse(b, m, x);
    bool weather = err_class(e) == ERR_CLASS_RETRY;
    bool safe = b->setup.tls || m->result == LDAP_AUTH_METHOD;
    if (weather || !safe || !bind_may_simple(b)) {
        return e;
    }
    b->no_ntlm = true;
    b->step = OUTLOOK_BIND_SIMPLE;
    return OK;
}

static err bind_take_end(struct outlook_bind *b, const struct ldap_message *m, struct exchange *x)
{
    if (m->result == LDAP_SUCCESS) {
        return bind_done(b);
    }
    err e = m->result == LDAP_SASL_IN_PROGRESS ? FAIL(NTLM_CHALLENGE) : bind_refuse(b, m, x);
    if (!b->setup.tls || !ldap_refuses_method(m) || !bind_may_simple(b)) {
        return e;
    }
    b->no_ntlm = true;
    b->step = OUTLOOK_BIND_SIMPLE;
    return OK;
}

err outlook_bind_take(struct outlook_bind *b, const struct ldap_message *m, struct exchange *x,
                      bool *more)
{
    *more = false;
    if (b->step == OUTLOOK_BIND_ROOT) {
        return bind_take_root(b, m, x, more);
    }
    if (m->op != LDAP_BIND_RESPONSE) {
        return OK;
    }
    *more = true;
    switch (b->step) {
    case OUTLOOK_BIND_SIMPLE:
        return bind_take_simple(b, m, x);
    case OUTLOOK_BIND_NEGOTIATE:
        return bind_take_challenge(b, m, x);
    case OUTLOOK_BIND_AUTHENTICATE:
        return bind_take_end(b, m, x);
    case OUTLOOK_BIND_ROOT:
    case OUTLOOK_BIND_DONE:
        break;
    }
    return OK;
}

void outlook_bind_put_facts(struct buf *out, const struct outlook_bind *b)
{
    if (b->step == OUTLOOK_BIND_DONE && b->last == OUTLOOK_BIND_SIMPLE) {
        buf_put(out, S("by simple bind"));
    } else if (b->step == OUTLOOK_BIND_DONE) {
        buf_put(out, S("by NTLM"));
        buf_put(out, b->end_point_bytes ? S(", bound to the certificate") : S(", not signed"));
    }
}
