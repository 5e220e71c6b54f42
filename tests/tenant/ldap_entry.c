// SPDX-License-Identifier: Apache-2.0
// The entries of the fake directory: containers, the users with mailboxes, persons, computers,
// groups and contacts without, the accounts. All follows from an entry's number.
#include <string.h>

#include "ldap.h"

#define CONTAINERS 5
#define CASES 10 // of entries without a mailbox

enum kind {
    KIND_DOMAIN,
    KIND_CONTAINER,
    KIND_USER, // with a mailbox
    KIND_PERSON,
    KIND_COMPUTER,
    KIND_CONTACT,
    KIND_GROUP,
    KIND_ACCOUNT,
};

struct entry {
    enum kind kind;
    i64 number;         // within its group
    const char *parent; // a container's RDN; "": the domain itself
};

static const char *const containers[CONTAINERS] = {"", "OU=Staff", "OU=External", "CN=Computers",
                                                   "CN=Users"};
static const char *const attributes[] = {
    "objectClass",
    "cn",
    "sn",
    "givenName",
    "distinguishedName",
    "displayName",
    "name",
    "objectGUID",
    "userAccountControl",
    "sAMAccountName",
    "userPrincipalName",
    "mail",
    "objectCategory",
    "proxyAddresses",
    "whenCreated",
    "dn",
};

const char *t_ldap_attribute_name(int n)
{
    return n < (int)COUNT(attributes) - 1 ? attributes[n] : NULL;
}

bool t_ldap_attribute_known(str name)
{
    for (isize i = 0; i < COUNT(attributes); i++) {
        if (str_eq_nocase(name, str_from(attributes[i]))) {
            return true;
        }
    }
    return false;
}

i64 t_ldap_entry_count(const struct tenant *t)
{
    return CONTAINERS + t->user_count + t->o.directory_users + 2;
}

static struct entry find(const struct tenant *t, i64 n)
{
    static const enum kind kinds[CASES] = {
        KIND_PERSON, KIND_PERSON, KIND_COMPUTER, KIND_CONTACT, KIND_GROUP,
        KIND_PERSON, KIND_PERSON, KIND_PERSON,   KIND_PERSON,  KIND_PERSON,
    };
    if (n == 0) {
        return (struct entry){KIND_DOMAIN, 0, ""};
    }
    if (n < CONTAINERS) {
        return (struct entry){KIND_CONTAINER, n, ""};
    }
    n -= CONTAINERS;
    if (n < t->user_count) {
        return (struct entry){KIND_USER, n, "OU=Staff"};
    }
    n -= t->user_count;
    if (n < t->o.directory_users) {
        enum kind kind = kinds[n % CASES];
        return (struct entry){kind, n, kind == KIND_COMPUTER ? "CN=Computers" : "OU=External"};
    }
    return (struct entry){KIND_ACCOUNT, n - t->o.directory_users, "CN=Users"};
}

bool t_ldap_entry_exists(const struct tenant *t, i64 n)
{
    struct entry e = find(t, n);
    return n >= 0 && n < t_ldap_entry_count(t) &&
           (e.kind != KIND_USER || t->users[e.number].state != T_USER_DELETED);
}

// ---- names
// ---------------------------------------------------------------------------------------

static void put_name(const struct tenant *t, struct entry e, struct t_buf *b)
{
    long long n = (long long)e.number + 1;
    switch (e.kind) {
    case KIND_DOMAIN:
        t_buf_put(b, t->o.domain);
        return;
    case KIND_CONTAINER:
        t_buf_z(b, containers[e.number] + 3);
        return;
    case KIND_USER: {
        static const char *const formats[] = {
            "User %lld",       "Doe, Ann %lld",         "Jörg Müller %lld",
            "山田 太郎 %lld",  "O\"Brien + Söhne %lld", "normal user %lld",
            "Multi Mail %lld", "Site Admin %lld",
        };
        t_buf_printf(b, formats[e.number % COUNT(formats)], n);
        return;
    }
    case KIND_PERSON: {
        static const char *const formats[CASES] = {
            "Nomail %lld",
            "Disabled %lld",
            "",
            "",
            "",
            "Admin Helper %lld",
            "Service %lld",
            "Guest %lld",
            "Two Mails %lld",
            "Odd Mail %lld",
        };
        t_buf_printf(b, formats[e.number % CASES], n);
        return;
    }
    case KIND_COMPUTER:
        t_buf_printf(b, "PC%05lld", n);
        return;
    case KIND_CONTACT:
        t_buf_printf(b, "Contact %lld", n);
        return;
    case KIND_GROUP:
        t_buf_printf(b, "Group normal %lld", n);
        return;
    case KIND_ACCOUNT:
        if (e.number == 0) {
            t_buf_put(b, t->o.account);
        } else {
            t_buf_z(b, "Administrator");
        }
        return;
    }
}

void t_ldap_domain_dn(const struct tenant *t, struct t_buf *out)
{
    str domain = t->o.domain;
    bool found = true;
    for (bool first = true; found; first = false) {
        str label;
        domain = str_cut(domain, '.', &label, &found);
        t_buf_z(out, first ? "DC=" : ",DC=");
        t_buf_put(out, label);
    }
}

static void put_dn(const struct tenant *t, struct entry e, struct t_buf *b)
{
    struct t_buf name = {0};
    if (e.kind == KIND_CONTAINER) {
        t_buf_z(b, containers[e.number]);
        t_buf_byte(b, ',');
    } else if (e.kind != KIND_DOMAIN) {
        put_name(t, e, &name);
        t_buf_z(b, "CN=");
        for (isize i = 0; i < name.n; i++) { // RFC 4514, section 2.4
            if (str_find_byte(S(",+\"\\<>;"), name.p[i]) >= 0) {
                t_buf_byte(b, '\\');
            }
            t_buf_byte(b, name.p[i]);
        }
        t_buf_printf(b, ",%s,", e.parent);
    }
    t_ldap_domain_dn(t, b);
    t_buf_free(&name);
}

static bool has_space_before(const struct t_buf *b)
{
    return b->n > 0 && b->p[b->n - 1] == ' ';
}

bool t_ldap_dn_normal(str dn, struct t_buf *out)
{
    bool name = false, start = true;
    for (isize i = 0; i < dn.n; i++) {
        u8 c = dn.p[i];
        if (c == '\\' && i + 1 < dn.n) {
            t_buf_byte(out, c);
            t_buf_byte(out, str_lower_byte(dn.p[++i]));
            continue;
        }
        if (c == ' ' && start) {
            continue;
        }
        if (c == ',' || c == '=') {
            while (has_space_before(out)) {
                out->n--;
            }
            if ((c == '=' && start) || (c == ',' && !name)) {
                return false;
            }
            name = c == '=' ? true : false;
            start = true;
            t_buf_byte(out, c);
            continue;
        }
        start = false;
        t_buf_byte(out, str_lower_byte(c));
    }
    return dn.n == 0 || name;
}

// ---- values
// --------------------------------------------------------------------------------------

static bool put_z(struct t_buf *b, int n, const char *const *values, int count)
{
    if (n >= count) {
        return false;
    }
    t_buf_z(b, values[n]);
    return true;
}

static bool put_class(struct entry e, int n, struct t_buf *b)
{
    static const char *const user[] = {"top", "person", "organizationalPerson", "user"};
    static const char *const computer[] = {"top", "person", "organizationalPerson", "user",
                                           "computer"};
    static const char *const contact[] = {"top", "person", "organizationalPerson", "contact"};
    static const char *const group[] = {"top", "group"};
    static const char *const domain[] = {"top", "domain", "domainDNS"};
    static const char *const unit[] = {"top", "organizationalUnit"};
    static const char *const container[] = {"top", "container"};
    switch (e.kind) {
    case KIND_DOMAIN:
        return put_z(b, n, domain, (int)COUNT(domain));
    case KIND_CONTAINER:
        return containers[e.number][0] == 'O' ? put_z(b, n, unit, (int)COUNT(unit))
                                              : put_z(b, n, container, (int)COUNT(container));
    case KIND_COMPUTER:
        return put_z(b, n, computer, (int)COUNT(computer));
    case KIND_CONTACT:
        return put_z(b, n, contact, (int)COUNT(contact));
    case KIND_GROUP:
        return put_z(b, n, group, (int)COUNT(group));
    case KIND_USER:
    case KIND_PERSON:
    case KIND_ACCOUNT:
        break;
    }
    return put_z(b, n, user, (int)COUNT(user));
}

static bool put_category(const struct tenant *t, struct entry e, int n, struct t_buf *b)
{
    const char *name = e.kind == KIND_DOMAIN      ? "Domain-DNS"
                       : e.kind == KIND_CONTAINER ? "Organizational-Unit"
                       : e.kind == KIND_COMPUTER  ? "Computer"
                       : e.kind == KIND_GROUP     ? "Group"
                                                  : "Person";
    t_buf_printf(b, "CN=%s,CN=Schema,CN=Configuration,", name);
    t_ldap_domain_dn(t, b);
    return n == 0;
}

static bool is_person(struct entry e)
{
    return e.kind == KIND_USER || e.kind == KIND_PERSON || e.kind == KIND_CONTACT;
}

static bool put_mail(const struct tenant *t, struct entry e, int n, struct t_buf *b)
{
    long long k = (long long)e.number + 1;
    int domain_n = (int)t->o.domain.n;
    const char *domain = (const char *)t->o.domain.p;
    if (e.kind == KIND_USER) {
        t_buf_z(b, t->users[e.number].email);
        if (e.number % 8 == 3 && b->n > 0) {
            b->p[0] = (u8)(b->p[0] - 32); // User4@..., the same mailbox
        }
        if (n == 1 && e.number % 8 == 6) {
            b->n = 0;
            t_buf_printf(b, "alias%lld@%.*s", k, domain_n, domain);
            return true;
        }
        return n == 0;
    }
    if (e.kind == KIND_CONTACT) {
        t_buf_printf(b, "contact%lld@partner.test", k);
        return n == 0;
    }
    if (e.kind != KIND_PERSON) {
        return false;
    }
    i64 which = e.number % CASES;
    if (which == 9) {
        t_buf_z(b, e.number / CASES % 2 ? "not an address" : "broken\xFF@example.test");
        return n == 0;
    }
    t_buf_printf(b, "%s%lld@%.*s", n == 1 ? "second" : "nobody", k, domain_n, domain);
    return which != 0 && n < (which == 8 ? 2 : 1);
}

static void put_guid(const struct tenant *t, i64 entry, struct t_buf *b)
{
    u64 x = t->o.seed * 77 + (u64)entry;
    for (int i = 0; i < 16; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        t_buf_byte(b, (u8)(x >> 56));
    }
}

static bool put_account(const struct tenant *t, struct entry e, int n, struct t_buf *b)
{
    long long k = (long long)e.number + 1;
    if (e.kind == KIND_USER) {
        str local;
        bool found = false;
        str_cut(str_from(t->users[e.number].email), '@', &local, &found);
        t_buf_put(b, local);
    } else if (e.kind == KIND_PERSON) {
        t_buf_printf(b, "person%lld", k);
    } else if (e.kind == KIND_COMPUTER) {
        t_buf_printf(b, "PC%05lld$", k);
    } else if (e.kind == KIND_ACCOUNT || e.kind == KIND_GROUP) {
        put_name(t, e, b);
    }
    return n == 0 && b->n > 0;
}

static bool put_control(const struct tenant *t, struct entry e, int n, struct t_buf *b)
{
    bool off = (e.kind == KIND_PERSON && e.number % CASES == 1) ||
               (e.kind == KIND_USER && (t->users[e.number].state == T_USER_SUSPENDED ||
                                        t->users[e.number].state == T_USER_SUSPENDED_GET));
    bool has = e.kind == KIND_USER || e.kind == KIND_PERSON || e.kind == KIND_ACCOUNT ||
               e.kind == KIND_COMPUTER;
    t_buf_z(b, e.kind == KIND_COMPUTER ? "4096" : off ? "514" : "512");
    return n == 0 && has;
}

bool t_ldap_entry_value(const struct tenant *t, i64 entry, str attribute, int n, struct t_buf *out)
{
    struct entry e = find(t, entry);
    out->n = 0;
    str a = attribute;
    if (str_eq_nocase(a, S("objectClass"))) {
        return put_class(e, n, out);
    }
    if (str_eq_nocase(a, S("objectCategory"))) {
        return put_category(t, e, n, out);
    }
    if (str_eq_nocase(a, S("mail"))) {
        return put_mail(t, e, n, out);
    }
    if (str_eq_nocase(a, S("userAccountControl"))) {
        return put_control(t, e, n, out);
    }
    if (str_eq_nocase(a, S("sAMAccountName"))) {
        return put_account(t, e, n, out);
    }
    if (n > 0) {
        return false;
    }
    if (str_eq_nocase(a, S("distinguishedName")) || str_eq_nocase(a, S("dn"))) {
        put_dn(t, e, out);
    } else if (str_eq_nocase(a, S("cn")) || str_eq_nocase(a, S("name")) ||
               str_eq_nocase(a, S("displayName"))) {
        put_name(t, e, out);
    } else if (str_eq_nocase(a, S("givenName"))) {
        i64 which = e.number % CASES; // helpers and services have none
        bool has = is_person(e) && (e.kind != KIND_PERSON || (which != 5 && which != 6));
        t_buf_z(out, has ? "Given" : "");
    } else if (str_eq_nocase(a, S("sn"))) {
        t_buf_z(out, is_person(e) ? "Surname" : "");
    } else if (str_eq_nocase(a, S("userPrincipalName"))) {
        if (put_account(t, e, 0, out) && e.kind != KIND_GROUP && e.kind != KIND_COMPUTER) {
            t_buf_byte(out, '@');
            t_buf_put(out, t->o.domain);
        } else {
            out->n = 0;
        }
    } else if (str_eq_nocase(a, S("proxyAddresses"))) {
        struct t_buf mail = {0};
        if (put_mail(t, e, 0, &mail)) {
            t_buf_z(out, "SMTP:");
            t_buf_put(out, t_buf_str(&mail));
        }
        t_buf_free(&mail);
    } else if (str_eq_nocase(a, S("objectGUID"))) {
        put_guid(t, entry, out);
    } else if (str_eq_nocase(a, S("whenCreated"))) {
        t_buf_z(out, "20240705102030.0Z");
    }
    return out->n > 0;
}
