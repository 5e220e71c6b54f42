// SPDX-License-Identifier: Apache-2.0
// Searches of the fake directory (RFC 4511, section 4.5): base, scope, limits, attributes, pages
// (RFC 2696), the three references of a domain, the rootDSE.
#include <string.h>

#include "ldap.h"

#define PAGED "1.2.840.113556.1.4.319"
#define DOMAIN_SCOPE "1.2.840.113556.1.4.1339"

struct search {
    struct ldap *c;
    const struct ldap_message *m;
    struct t_buf *out;
    str base, filter, attributes;
    i64 scope, size_limit;
    bool types_only, all_attributes;
    // Controls.
    bool paged, no_references;
    i64 page_size;
    str cookie;
    bool unknown_critical;
};

static void done(const struct search *s, int code, const char *text)
{
    t_ldap_result_put(s->out, s->m->id, 0x65, code, (str){0}, text);
}

static bool read_controls(struct search *s)
{
    str list = s->m->controls, control, oid, value;
    while (list.n > 0) {
        bool critical = false;
        str flag;
        if (!t_ber_take(&list, 0x30, &control) || !t_ber_take(&control, 0x04, &oid)) {
            return false;
        }
        if (t_ber_take(&control, 0x01, &flag)) {
            critical = flag.n == 1 && flag.p[0] != 0;
        }
        value = (str){0};
        t_ber_take(&control, 0x04, &value);
        if (str_eq(oid, S(PAGED))) {
            str body;
            s->paged = true;
            if (!t_ber_take(&value, 0x30, &body) || !t_ber_int(&body, 0x02, &s->page_size) ||
                !t_ber_take(&body, 0x04, &s->cookie)) {
                return false;
            }
        } else if (str_eq(oid, S(DOMAIN_SCOPE))) {
            s->no_references = true;
        } else if (!str_eq(oid, S("2.16.840.1.113730.3.4.2"))) { // ManageDsaIT
            s->unknown_critical = s->unknown_critical || critical;
        }
    }
    return true;
}

static bool read_search(struct search *s)
{
    str op = s->m->op, flag;
    i64 deref = 0, time_limit = 0;
    u8 tag = 0;
    if (!t_ber_take(&op, 0x04, &s->base) || !t_ber_int(&op, 0x0A, &s->scope) ||
        !t_ber_int(&op, 0x0A, &deref) || !t_ber_int(&op, 0x02, &s->size_limit) ||
        !t_ber_int(&op, 0x02, &time_limit) || !t_ber_take(&op, 0x01, &flag) || flag.n != 1) {
        return false;
    }
    str filter = op, content;
    if (!t_ber_next(&op, &tag, &content)) {
        return false;
    }
    s->filter = str_slice(filter, 0, filter.n - op.n);
    s->types_only = flag.p[0] != 0;
    if (!t_ber_take(&op, 0x30, &s->attributes) || op.n > 0 || s->scope < 0 || s->scope > 2 ||
        deref < 0 || deref > 3 || s->size_limit < 0 || time_limit < 0) {
        return false;
    }
    str list = s->attributes, name;
    s->all_attributes = list.n == 0;
    while (list.n > 0) {
        if (!t_ber_take(&list, 0x04, &name)) {
            return false;
        }
        s->all_attributes = s->all_attributes || str_eq(name, S("*"));
    }
    return t_ldap_filter_ok(s->filter) && read_controls(s);
}

// ---- entries
// -------------------------------------------------------------------------------------

static bool wants(const struct search *s, const char *attribute)
{
    str list = s->attributes, name;
    while (t_ber_take(&list, 0x04, &name)) {
        if (str_eq_nocase(name, str_from(attribute))) {
            return true;
        }
    }
    return s->all_attributes;
}

static void open_attribute(struct t_ber *w, const char *name)
{
    t_ber_open(w, 0x30);
    t_ber_put(w, 0x04, str_from(name));
    t_ber_open(w, 0x31);
}

static void close_attribute(struct t_ber *w)
{
    t_ber_close(w);
    t_ber_close(w);
}

static void put_entry(struct search *s, i64 entry)
{
    struct tenant *t = s->c->t;
    struct t_ber w = {.b = s->out, .wide = true};
    struct t_buf value = {0};
    t_ber_open(&w, 0x30);
    t_ber_put_int(&w, 0x02, s->m->id);
    t_ber_open(&w, 0x64);
    t_ldap_entry_value(t, entry, S("distinguishedName"), 0, &value);
    t_ber_put(&w, 0x04, t_buf_str(&value));
    t_ber_open(&w, 0x30);
    for (int a = 0; t_ldap_attribute_name(a); a++) {
        str name = str_from(t_ldap_attribute_name(a));
        if (!wants(s, t_ldap_attribute_name(a)) || !t_ldap_entry_value(t, entry, name, 0, &value)) {
            continue; // one without values is not there
        }
        open_attribute(&w, t_ldap_attribute_name(a));
        for (int n = 0; !s->types_only && t_ldap_entry_value(t, entry, name, n, &value); n++) {
            t_ber_put(&w, 0x04, t_buf_str(&value));
        }
        close_attribute(&w);
    }
    t_ber_close(&w);
    t_ber_close(&w);
    t_ber_close(&w);
    t_buf_free(&value);
    t->stats.ldap_entries++;
}

static void put_references(struct search *s)
{
    static const char *const zones[] = {"ForestDnsZones", "DomainDnsZones", "Configuration"};
    struct tenant *t = s->c->t;
    struct t_buf dn = {0};
    t_ldap_domain_dn(t, &dn);
    for (isize i = 0; i < COUNT(zones); i++) {
        struct t_buf uri = {0};
        struct t_ber w = {.b = s->out, .wide = true};
        bool configuration = i == 2;
        t_buf_printf(&uri, "ldap://%s%s%.*s/%s=%s,%.*s", configuration ? "" : zones[i],
                     configuration ? "" : ".", (int)t->o.domain.n, (const char *)t->o.domain.p,
                     configuration ? "CN" : "DC", zones[i], (int)dn.n, (const char *)dn.p);
        t_ber_open(&w, 0x30);
        t_ber_put_int(&w, 0x02, s->m->id);
        t_ber_open(&w, 0x73);
        t_ber_put(&w, 0x04, t_buf_str(&uri));
        t_ber_close(&w);
        t_ber_close(&w);
        t_buf_free(&uri);
    }
    t_buf_free(&dn);
}

static void put_done_paged(struct search *s, i64 next)
{
    struct ldap *c = s->c;
    struct t_ber w = {.b = s->out, .wide = true};
    struct t_buf value = {0};
    u8 cookie[8];
    c->page_next = next;
    c->page_cookie = next >= 0 ? c->page_cookie * 6364136223846793005u + 99991 : 0;
    for (int i = 0; i < 8; i++) {
        cookie[i] = (u8)(c->page_cookie >> (8 * i));
    }
    struct t_ber v = {.b = &value, .wide = true};
    t_ber_open(&v, 0x30);
    t_ber_put_int(&v, 0x02, 0);
    t_ber_put(&v, 0x04, next >= 0 ? str_make(cookie, 8) : (str){0});
    t_ber_close(&v);
    t_ldap_result_open(&w, s->m->id, 0x65, LDAP_SUCCESS, (str){0}, NULL);
    t_ber_close(&w);
    t_ber_open(&w, 0xA0);
    t_ber_open(&w, 0x30);
    t_ber_put(&w, 0x04, S(PAGED));
    t_ber_put(&w, 0x04, t_buf_str(&value));
    t_ber_close(&w);
    t_ber_close(&w);
    t_ber_close(&w);
    t_buf_free(&value);
    c->t->stats.ldap_pages++;
}

// ---- the base
// ------------------------------------------------------------------------------------

static void dn_of(struct tenant *t, i64 entry, struct t_buf *out)
{
    struct t_buf dn = {0};
    out->n = 0;
    t_ldap_entry_value(t, entry, S("distinguishedName"), 0, &dn);
    t_ldap_dn_normal(t_buf_str(&dn), out);
    t_buf_free(&dn);
}

// The entry of that DN; -1: none.
static i64 find_base(struct tenant *t, str base)
{
    struct t_buf dn = {0};
    i64 found = -1;
    for (i64 n = 0; n < t_ldap_entry_count(t) && found < 0; n++) {
        dn_of(t, n, &dn);
        found = t_ldap_entry_exists(t, n) && str_eq(t_buf_str(&dn), base) ? n : -1;
    }
    t_buf_free(&dn);
    return found;
}

static bool in_scope(struct search *s, str base, i64 entry)
{
    struct t_buf dn = {0};
    dn_of(s->c->t, entry, &dn);
    str d = t_buf_str(&dn);
    bool same = str_eq(d, base), in = same && s->scope != 1;
    if (!same && s->scope > 0 && d.n > base.n + 1 && str_ends(d, base) &&
        d.p[d.n - base.n - 1] == ',') {
        str rdn = str_slice(d, 0, d.n - base.n - 1);
        bool child = true;
        for (isize i = 0; i < rdn.n; i++) {
            i += rdn.p[i] == '\\' ? 1 : 0;
            child = child && (i >= rdn.n || rdn.p[i] != ',');
        }
        in = s->scope == 2 || child;
    }
    t_buf_free(&dn);
    return in;
}

// ---- rootDSE
// -------------------------------------------------------------------------------------

static void root_value(struct t_ber *w, const struct search *s, const char *name, str value)
{
    if (wants(s, name)) {
        open_attribute(w, name);
        t_ber_put(w, 0x04, value);
        close_attribute(w);
    }
}

static void root_values(struct t_ber *w, const struct search *s, const char *name,
                        const char *const *values, isize count)
{
    if (wants(s, name)) {
        open_attribute(w, name);
        for (isize i = 0; i < count; i++) {
            t_ber_put(w, 0x04, str_from(values[i]));
        }
        close_attribute(w);
    }
}

static void put_root(struct search *s)
{
    static const char *const controls[] = {PAGED, DOMAIN_SCOPE, "1.2.840.113556.1.4.473",
                                           "1.2.840.113556.1.4.801"};
    static const char *const extensions[] = {"1.3.6.1.4.1.1466.20037", "1.3.6.1.4.1.4203.1.11.3"};
    static const char *const mechanisms[] = {"GSS-SPNEGO", "GSSAPI", "EXTERNAL", "DIGEST-MD5"};
    struct tenant *t = s->c->t;
    struct t_ber w = {.b = s->out, .wide = true};
    struct t_buf domain = {0}, host = {0};
    t_ldap_domain_dn(t, &domain);
    t_buf_printf(&host, "dc01.%.*s", (int)t->o.domain.n, (const char *)t->o.domain.p);
    t_ber_open(&w, 0x30);
    t_ber_put_int(&w, 0x02, s->m->id);
    t_ber_open(&w, 0x64);
    t_ber_put(&w, 0x04, (str){0});
    t_ber_open(&w, 0x30);
    root_value(&w, s, "defaultNamingContext", t_buf_str(&domain));
    root_value(&w, s, "namingContexts", t_buf_str(&domain));
    root_value(&w, s, "rootDomainNamingContext", t_buf_str(&domain));
    root_value(&w, s, "dnsHostName", t_buf_str(&host));
    root_value(&w, s, "supportedLDAPVersion", S("3"));
    root_value(&w, s, "isGlobalCatalogReady", S("TRUE"));
    root_values(&w, s, "supportedControl", controls, COUNT(controls));
    root_values(&w, s, "supportedExtension", extensions, COUNT(extensions));
    root_values(&w, s, "supportedSASLMechanisms", mechanisms + (t->o.ldap_no_ntlm ? 2 : 0),
                COUNT(mechanisms) - (t->o.ldap_no_ntlm ? 2 : 0));
    t_ber_close(&w);
    t_ber_close(&w);
    t_ber_close(&w);
    t_buf_free(&domain);
    t_buf_free(&host);
    done(s, LDAP_SUCCESS, NULL);
}

// ---- the search
// ----------------------------------------------------------------------------------

static u64 hash(str a, u64 h)
{
    for (isize i = 0; i < a.n; i++) {
        h = (h ^ a.p[i]) * 1099511628211u;
    }
    return h;
}

// Where this page begins; -1: the cookie is not this connection's, or of another search.
static i64 page_start(struct search *s)
{
    struct ldap *c = s->c;
    u64 asked = hash(s->attributes, hash(s->filter, hash(s->base, 1469598103934665603u)));
    if (s->cookie.n == 0) {
        c->page_asked = asked;
        c->page_cookie = (u64)c->t->now_ms * 2654435761u + asked;
        return 0;
    }
    u64 cookie = 0;
    for (isize i = s->cookie.n - 1; i >= 0; i--) {
        cookie = cookie << 8 | s->cookie.p[i];
    }
    bool mine = s->cookie.n == 8 && c->page_cookie != 0 && cookie == c->page_cookie &&
                asked == c->page_asked;
    return mine ? c->page_next : -1;
}

static void run(struct search *s, str base, bool root)
{
    struct tenant *t = s->c->t;
    i64 at = s->paged ? page_start(s) : 0, given = 0, most = t->o.ldap_page;
    if (at < 0) {
        done(s, LDAP_UNWILLING,
             "00000057: LdapErr: DSID-0C090AE8, comment: Error processing "
             "control, data 0, v2580");
        return;
    }
    if (s->paged && s->page_size == 0) {
        put_done_paged(s, -1);
        return;
    }
    if (s->paged && s->page_size < most) {
        most = s->page_size;
    }
    bool limited = s->size_limit > 0 && s->size_limit <= most;
    most = limited ? s->size_limit : most;
    for (; at < t_ldap_entry_count(t); at++) {
        if (!t_ldap_entry_exists(t, at) || t_ldap_filter(t, at, s->filter) != 1 ||
            !in_scope(s, base, at)) {
            continue;
        }
        if (given == most) {
            break;
        }
        put_entry(s, at);
        given++;
    }
    bool more = at < t_ldap_entry_count(t);
    if (more && s->paged && !limited) {
        put_done_paged(s, at);
        return;
    }
    if (!more && s->scope == 2 && root && !s->no_references) {
        put_references(s);
    }
    if (s->paged && !more) {
        put_done_paged(s, -1);
        return;
    }
    done(s, more ? LDAP_SIZE_LIMIT : LDAP_SUCCESS, NULL);
}

static void refer(struct search *s)
{
    struct t_ber w = {.b = s->out, .wide = true};
    t_ldap_result_open(&w, s->m->id, 0x65, LDAP_REFERRAL, (str){0},
                       "0000202B: RefErr: DSID-0310082F, data 0, 1 access points\n\tref 1: "
                       "'other.test'\n");
    t_ber_open(&w, 0xA3);
    t_ber_put(&w, 0x04, S("ldap://other.test/DC=other,DC=test"));
    t_ber_close(&w);
    t_ber_close(&w);
    t_ber_close(&w);
}

static void look_in(struct search *s)
{
    struct tenant *t = s->c->t;
    struct t_buf base = {0}, domain = {0}, plain = {0};
    bool good = t_ldap_dn_normal(s->base, &base);
    t_ldap_domain_dn(t, &plain);
    t_ldap_dn_normal(t_buf_str(&plain), &domain);
    bool root = str_eq(t_buf_str(&base), t_buf_str(&domain));
    if (!good) {
        done(s, LDAP_INVALID_DN,
             "0000208F: NameErr: DSID-03100228, problem 2006 (BAD_NAME), data "
             "8350, best match of:\n\t''\n");
    } else if (!str_ends(t_buf_str(&base), t_buf_str(&domain))) {
        refer(s);
    } else if (!root && find_base(t, t_buf_str(&base)) < 0) {
        done(s, LDAP_NO_SUCH_OBJECT,
             "0000208D: NameErr: DSID-0310028C, problem 2001 (NO_OBJECT), "
             "data 0, best match of:\n\t''\n");
    } else {
        run(s, t_buf_str(&base), root);
    }
    t_buf_free(&base);
    t_buf_free(&domain);
    t_buf_free(&plain);
}

void t_ldap_search(struct ldap *c, const struct ldap_message *m, struct t_buf *out)
{
    struct search s = {.c = c, .m = m, .out = out};
    c->t->stats.ldap_searches++;
    if (!read_search(&s)) {
        done(&s, LDAP_PROTOCOL_ERROR,
             "00000057: LdapErr: DSID-0C090AAA, comment: Error decoding "
             "ldap message, data 0, v2580");
    } else if (s.unknown_critical) {
        done(&s, LDAP_CRITICAL,
             "00000057: LdapErr: DSID-0C090A92, comment: Error processing "
             "control, data 0, v2580");
    } else if (s.base.n == 0 && s.scope == 0) {
        put_root(&s);
    } else if (!c->bound) {
        done(&s, LDAP_OPERATIONS_ERROR,
             "000004DC: LdapErr: DSID-0C0907E9, comment: In order to perform this operation a "
             "successful bind must be completed on the connection., data 0, v2580");
    } else {
        look_in(&s);
    }
}
