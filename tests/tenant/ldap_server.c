// SPDX-License-Identifier: Apache-2.0
// The fake directory's connection: messages out of bytes, binds, extended operations, faults on
// request; see ldap.h.
#include <stdio.h>
#include <string.h>

#include "ews.h"
#include "ldap.h"
#include "t_ntlm.h"

#define MESSAGE_MOST MIB(10)
#define START_TLS "1.3.6.1.4.1.1466.20037"
#define DISCONNECTION "1.3.6.1.4.1.1466.20036"

struct ldap *t_ldap_open(struct tenant *t, struct t_link *link)
{
    struct ldap *c = t_alloc((isize)sizeof(*c));
    c->t = t;
    c->link = link;
    link->directory = true;
    return c;
}

void t_ldap_free(struct ldap *c)
{
    if (c) {
        t_buf_free(&c->in);
        t_free(c);
    }
}

// Leaves message and operation open, for what may follow the result.
void t_ldap_result_open(struct t_ber *w, i64 id, u8 tag, int code, str matched, const char *text)
{
    struct t_buf diagnostic = {0};
    if (text) {
        t_buf_z(&diagnostic, text);
        t_buf_byte(&diagnostic, 0); // AD ends it with a NUL
    }
    t_ber_open(w, 0x30);
    t_ber_put_int(w, 0x02, id);
    t_ber_open(w, tag);
    t_ber_put_int(w, 0x0A, code);
    t_ber_put(w, 0x04, matched);
    t_ber_put(w, 0x04, t_buf_str(&diagnostic));
    t_buf_free(&diagnostic);
}

void t_ldap_result_put(struct t_buf *out, i64 id, u8 tag, int code, str matched, const char *text)
{
    struct t_ber w = {.b = out, .wide = true};
    t_ldap_result_open(&w, id, tag, code, matched, text);
    t_ber_close(&w);
    t_ber_close(&w);
}

static void notice(struct t_buf *out, int code, const char *text)
{
    struct t_ber w = {.b = out, .wide = true};
    t_ldap_result_open(&w, 0, 0x78, code, (str){0}, text);
    t_ber_put(&w, 0x8A, S(DISCONNECTION));
    t_ber_close(&w);
    t_ber_close(&w);
}

// ---- bind
// ----------------------------------------------------------------------------------------

static void put_bind(struct t_buf *out, const struct ldap_message *m, int code, str matched,
                     const char *text, str credentials)
{
    struct t_ber w = {.b = out, .wide = true};
    t_ldap_result_open(&w, m->id, 0x61, code, matched, text);
    if (credentials.n > 0) {
        t_ber_put(&w, 0x87, credentials);
    }
    t_ber_close(&w);
    t_ber_close(&w);
}

static void refuse(struct t_buf *out, const struct ldap_message *m, enum account_result why)
{
    char text[160];
    const char *data = why == ACCOUNT_UNKNOWN   ? "525"
                       : why == ACCOUNT_LOCKED  ? "775"
                       : why == ACCOUNT_UNBOUND ? "80090346"
                                                : "52e";
    bool binding = why == ACCOUNT_UNBOUND;
    snprintf(text, sizeof(text),
             "%s: LdapErr: DSID-0C09%s, comment: AcceptSecurityContext error, data %s, v2580",
             binding ? "80090346" : "80090308", binding ? "056D" : "044E", data);
    put_bind(out, m, LDAP_INVALID_CREDENTIALS, (str){0}, text, (str){0});
}

static bool is_account_dn(struct tenant *t, str name)
{
    struct t_buf wanted = {0}, a = {0}, b = {0};
    t_buf_z(&wanted, "CN=");
    t_buf_put(&wanted, t->o.account);
    t_buf_z(&wanted, ",CN=Users,");
    t_ldap_domain_dn(t, &wanted);
    bool same = t_ldap_dn_normal(name, &a) && t_ldap_dn_normal(t_buf_str(&wanted), &b) &&
                str_eq(t_buf_str(&a), t_buf_str(&b));
    t_buf_free(&wanted);
    t_buf_free(&a);
    t_buf_free(&b);
    return same;
}

static bool needs_protection(const struct ldap *c)
{
    return c->t->o.ldap_signing && !c->link->tls;
}

static void put_stronger(struct t_buf *out, const struct ldap_message *m)
{
    put_bind(out, m, LDAP_STRONGER_AUTH, (str){0},
             "00002028: LdapErr: DSID-0C090256, comment: The server requires binds to turn on "
             "integrity checking if SSL\\TLS are not already active on the connection, data 0, "
             "v3839",
             (str){0});
}

static void simple(struct ldap *c, const struct ldap_message *m, str name, str password,
                   struct t_buf *out)
{
    c->bound = false;
    if (password.n == 0) { // anonymous, whatever name was given
        put_bind(out, m, LDAP_SUCCESS, (str){0}, NULL, (str){0});
        return;
    }
    c->t->stats.ldap_simple++;
    c->t->stats.ldap_clear += !c->link->tls;
    if (needs_protection(c)) {
        put_stronger(out, m);
        return;
    }
    if (c->t->o.ldap_no_simple) {
        put_bind(out, m, c->t->o.ldap_no_simple, (str){0},
                 "80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data 57, "
                 "v4563",
                 (str){0});
        return;
    }
    bool dn = is_account_dn(c->t, name);
    enum account_result result = account_check(c->t, dn ? c->t->o.account : name, password, false);
    c->bound = result == ACCOUNT_OK;
    if (c->bound) {
        put_bind(out, m, LDAP_SUCCESS, (str){0}, NULL, (str){0});
    } else {
        refuse(out, m, result);
    }
}

// sicily: the challenge goes in matchedDN, else in serverSaslCreds.
static void ntlm(struct ldap *c, const struct ldap_message *m, str token, bool sicily,
                 struct t_buf *out)
{
    struct t_buf answer = {0};
    enum account_result why = ACCOUNT_WRONG;
    c->bound = false;
    switch (t_ntlm_step(c->t, c->link, token, &answer, &why)) {
    case T_NTLM_CONTINUE:
        put_bind(out, m, sicily ? LDAP_SUCCESS : LDAP_SASL_IN_PROGRESS,
                 sicily ? t_buf_str(&answer) : (str){0}, NULL,
                 sicily ? (str){0} : t_buf_str(&answer));
        break;
    case T_NTLM_DONE:
        if (needs_protection(c)) {
            put_stronger(out, m);
            break;
        }
        c->bound = true;
        c->t->stats.ldap_ntlm++;
        put_bind(out, m, LDAP_SUCCESS, (str){0}, NULL, t_buf_str(&answer));
        break;
    case T_NTLM_REFUSED:
        refuse(out, m, why);
        break;
    }
    t_buf_free(&answer);
}

static void sasl(struct ldap *c, const struct ldap_message *m, str choice, struct t_buf *out)
{
    str mechanism, token = {0};
    if (!t_ber_take(&choice, 0x04, &mechanism) ||
        (choice.n > 0 && !t_ber_take(&choice, 0x04, &token))) {
        put_bind(out, m, LDAP_PROTOCOL_ERROR, (str){0}, "malformed", (str){0});
    } else if (!str_eq_nocase(mechanism, S("GSS-SPNEGO")) || token.n == 0 || c->t->o.ldap_no_ntlm) {
        put_bind(out, m, LDAP_AUTH_METHOD, (str){0},
                 "00002027: LdapErr: DSID-0C0905ED, comment: Invalid Authentication method, data "
                 "0, v2580",
                 (str){0});
    } else {
        ntlm(c, m, token, false, out);
    }
}

enum ldap_next t_ldap_bind(struct ldap *c, const struct ldap_message *m, struct t_buf *out)
{
    str op = m->op, name, choice;
    i64 version = 0;
    u8 tag = 0;
    c->t->stats.ldap_binds++;
    if (!t_ber_int(&op, 0x02, &version) || !t_ber_take(&op, 0x04, &name) ||
        !t_ber_next(&op, &tag, &choice) || op.n > 0 || version != 3) {
        put_bind(out, m, LDAP_PROTOCOL_ERROR, (str){0}, "malformed", (str){0});
        return LDAP_GOES_ON;
    }
    switch (tag) {
    case 0x80:
        simple(c, m, name, choice, out);
        break;
    case 0xA3:
        sasl(c, m, choice, out);
        break;
    case 0x89: // Sicily: which packages there are
        put_bind(out, m, LDAP_SUCCESS, S("NTLM"), NULL, (str){0});
        break;
    case 0x8A:
    case 0x8B:
        ntlm(c, m, choice, true, out);
        break;
    default:
        put_bind(out, m, LDAP_AUTH_METHOD, (str){0}, "no such method", (str){0});
        break;
    }
    return LDAP_GOES_ON;
}

// ---- extended operations
// -------------------------------------------------------------------------

static void put_extended(struct t_buf *out, const struct ldap_message *m, int code,
                         const char *text, str name, str value)
{
    struct t_ber w = {.b = out, .wide = true};
    t_ldap_result_open(&w, m->id, 0x78, code, (str){0}, text);
    if (name.n > 0) {
        t_ber_put(&w, 0x8A, name);
    }
    if (value.n > 0) {
        t_ber_put(&w, 0x8B, value);
    }
    t_ber_close(&w);
    t_ber_close(&w);
}

static enum ldap_next extended(struct ldap *c, const struct ldap_message *m, struct t_buf *out)
{
    str op = m->op, oid;
    if (!t_ber_take(&op, 0x80, &oid)) {
        put_extended(out, m, LDAP_PROTOCOL_ERROR, "malformed", (str){0}, (str){0});
        return LDAP_GOES_ON;
    }
    if (str_eq(oid, S("1.3.6.1.4.1.4203.1.11.3"))) {
        struct t_buf who = {0};
        t_buf_printf(&who, "u:%.*s\\%.*s", (int)c->t->o.netbios.n, (const char *)c->t->o.netbios.p,
                     (int)c->t->o.account.n, (const char *)c->t->o.account.p);
        put_extended(out, m, LDAP_SUCCESS, NULL, (str){0}, c->bound ? t_buf_str(&who) : (str){0});
        t_buf_free(&who);
        return LDAP_GOES_ON;
    }
    if (!str_eq(oid, S(START_TLS))) {
        put_extended(out, m, LDAP_PROTOCOL_ERROR,
                     "0000203D: LdapErr: DSID-0C090E17, comment: "
                     "Unknown extended request OID, data 0, v2580",
                     (str){0}, (str){0});
        return LDAP_GOES_ON;
    }
    if (c->link->tls) {
        put_extended(out, m, LDAP_OPERATIONS_ERROR, "TLS is on", S(START_TLS), (str){0});
        return LDAP_GOES_ON;
    }
    if (c->t->o.ldap_no_tls) {
        put_extended(out, m, LDAP_UNAVAILABLE,
                     "00000000: LdapErr: DSID-0C090F78, comment: Error initializing SSL/TLS, data "
                     "0, v2580",
                     S(START_TLS), (str){0});
        return LDAP_GOES_ON;
    }
    put_extended(out, m, LDAP_SUCCESS, NULL, S(START_TLS), (str){0});
    c->bound = false;
    return LDAP_STARTS_TLS;
}

// ---- messages
// ------------------------------------------------------------------------------------

// A fault that a test asked for: level "ldap", operation "bind", "search" or "extended", a code
// that is a result, "close" or "notice". true: it decides.
static bool fault(struct ldap *c, const struct ldap_message *m, struct t_buf *out,
                  enum ldap_next *next)
{
    const char *name = m->tag == 0x60   ? "bind"
                       : m->tag == 0x63 ? "search"
                       : m->tag == 0x77 ? "extended"
                                        : "other";
    struct ews e = {.t = c->t, .e = c->t->exchange, .name = name, .mailbox = -1};
    const struct ews_fault *f = ews_fault_due(&e, 3, -1, -1, -1);
    *next = LDAP_GOES_ON;
    if (!f) {
        return false;
    }
    if (strcmp(f->code, "close") == 0 || strcmp(f->code, "notice") == 0) {
        if (f->code[0] == 'n') {
            notice(out, LDAP_UNAVAILABLE, "The server is shutting down");
        }
        *next = LDAP_CLOSES;
        return true;
    }
    u8 tag = (u8)(m->tag == 0x63 ? 0x65 : m->tag + 1);
    i64 code = LDAP_UNAVAILABLE;
    str_to_i64(str_from(f->code), &code);
    t_ldap_result_put(out, m->id, tag, (int)code, (str){0}, f->message ? f->message : "busy");
    return true;
}

static enum ldap_next handle(struct ldap *c, str message, struct t_buf *out)
{
    struct ldap_message m = {0};
    enum ldap_next next;
    u8 tag = 0;
    if (!t_ber_int(&message, 0x02, &m.id) || m.id < 1 || m.id > 0x7FFFFFFF ||
        !t_ber_next(&message, &m.tag, &m.op)) {
        notice(out, LDAP_PROTOCOL_ERROR, "malformed");
        return LDAP_CLOSES;
    }
    str part;
    while (t_ber_next(&message, &tag, &part)) {
        m.controls = tag == 0xA0 ? part : m.controls;
    }
    if (message.n > 0) {
        notice(out, LDAP_PROTOCOL_ERROR, "malformed");
        return LDAP_CLOSES;
    }
    if (fault(c, &m, out, &next)) {
        return next;
    }
    switch (m.tag) {
    case 0x42:
        return LDAP_CLOSES;
    case 0x50: // abandon: everything was answered already
        return LDAP_GOES_ON;
    case 0x60:
        return t_ldap_bind(c, &m, out);
    case 0x63:
        t_ldap_search(c, &m, out);
        return LDAP_GOES_ON;
    case 0x77:
        return extended(c, &m, out);
    case 0x66: // modify, add, delete, modify DN, compare: this directory is only read
    case 0x68:
    case 0x4A:
    case 0x6C:
    case 0x6E:
        t_ldap_result_put(out, m.id, (u8)(m.tag == 0x4A ? 0x6B : m.tag + 1), LDAP_INSUFFICIENT,
                          (str){0},
                          "00002098: SecErr: DSID-03150F94, problem 4003 "
                          "(INSUFF_ACCESS_RIGHTS), data 0\n");
        return LDAP_GOES_ON;
    default:
        notice(out, LDAP_PROTOCOL_ERROR, "no such operation");
        return LDAP_CLOSES;
    }
}

enum ldap_next t_ldap_input(struct ldap *c, str bytes, struct t_buf *out, i64 now_ms)
{
    c->t->now_ms = now_ms + c->t->skew_ms;
    t_buf_put(&c->in, bytes);
    for (;;) {
        str in = t_buf_str(&c->in), content;
        isize whole = t_ber_whole(in, MESSAGE_MOST);
        if (whole < 0 || (in.n > 0 && in.p[0] != 0x30)) {
            notice(out, LDAP_PROTOCOL_ERROR, "malformed");
            return LDAP_CLOSES;
        }
        if (whole == 0 || in.n < whole) {
            return LDAP_GOES_ON;
        }
        str message = str_slice(in, 0, whole);
        t_ber_take(&message, 0x30, &content);
        enum ldap_next next = handle(c, content, out);
        t_buf_drop(&c->in, whole);
        if (next != LDAP_GOES_ON) {
            c->in.n = 0; // what came in clear behind it is nobody's
            return next;
        }
    }
}
