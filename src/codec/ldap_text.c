// SPDX-License-Identifier: Apache-2.0
// What a directory's answers mean, in words and as errors, and names in and out of DNs (see
// ldap.h). Two tables: result codes (RFC 4511, section 4.1.9; spec/wire-ldap.md 8) and the
// sub-codes that Active Directory puts behind "data " when it refuses a login (spec/wire-ldap.md
// 3).
#include "codec/ldap.h"

struct ldap_meaning {
    u16 code;
    u16 error; // enum err_code
    const char *name;
};

static const struct ldap_meaning ldap_meanings[] = {
    {LDAP_SUCCESS, ERR_NONE, "success"},
    {LDAP_OPERATIONS_ERROR, ERR_LDAP_REFUSED, "operationsError"},
    {LDAP_PROTOCOL_ERROR, ERR_LDAP_REFUSED, "protocolError"},
    {LDAP_TIME_LIMIT, ERR_LDAP_BUSY, "timeLimitExceeded"},
    {LDAP_SIZE_LIMIT, ERR_LDAP_CUT, "sizeLimitExceeded"},
    {5, ERR_LDAP_REFUSED, "compareFalse"},
    {6, ERR_LDAP_REFUSED, "compareTrue"},
    {LDAP_AUTH_METHOD, ERR_LDAP_METHOD, "authMethodNotSupported"},
    {LDAP_STRONGER_AUTH, ERR_LDAP_NEEDS_TLS, "strongerAuthRequired"},
    {LDAP_REFERRAL, ERR_LDAP_BASE, "referral"},
    {LDAP_ADMIN_LIMIT, ERR_LDAP_CUT, "adminLimitExceeded"},
    {LDAP_CRITICAL_EXTENSION, ERR_LDAP_NO_PAGING, "unavailableCriticalExtension"},
    {LDAP_CONFIDENTIALITY, ERR_LDAP_NEEDS_TLS, "confidentialityRequired"},
    {LDAP_SASL_IN_PROGRESS, ERR_NONE, "saslBindInProgress"},
    {16, ERR_LDAP_REFUSED, "noSuchAttribute"},
    {17, ERR_LDAP_REFUSED, "undefinedAttributeType"},
    {18, ERR_LDAP_REFUSED, "inappropriateMatching"},
    {19, ERR_LDAP_REFUSED, "constraintViolation"},
    {20, ERR_LDAP_REFUSED, "attributeOrValueExists"},
    {21, ERR_LDAP_REFUSED, "invalidAttributeSyntax"},
    {LDAP_NO_SUCH_OBJECT, ERR_LDAP_BASE, "noSuchObject"},
    {33, ERR_LDAP_REFUSED, "aliasProblem"},
    {34, ERR_LDAP_BASE, "invalidDNSyntax"},
    {36, ERR_LDAP_REFUSED, "aliasDereferencingProblem"},
    {LDAP_INAPPROPRIATE_AUTH, ERR_LDAP_METHOD, "inappropriateAuthentication"},
    {LDAP_INVALID_CREDENTIALS, ERR_LDAP_CREDENTIALS, "invalidCredentials"},
    {50, ERR_LDAP_RIGHTS, "insufficientAccessRights"},
    {51, ERR_LDAP_BUSY, "busy"},
    {LDAP_UNAVAILABLE, ERR_LDAP_BUSY, "unavailable"},
    {LDAP_UNWILLING, ERR_LDAP_REFUSED, "unwillingToPerform"},
    {54, ERR_LDAP_REFUSED, "loopDetect"},
    {64, ERR_LDAP_REFUSED, "namingViolation"},
    {65, ERR_LDAP_REFUSED, "objectClassViolation"},
    {66, ERR_LDAP_REFUSED, "notAllowedOnNonLeaf"},
    {67, ERR_LDAP_REFUSED, "notAllowedOnRDN"},
    {68, ERR_LDAP_REFUSED, "entryAlreadyExists"},
    {69, ERR_LDAP_REFUSED, "objectClassModsProhibited"},
    {71, ERR_LDAP_REFUSED, "affectsMultipleDSAs"},
    {80, ERR_LDAP_REFUSED, "other"},
};

struct ldap_sub_code {
    u32 code;
    const char *text;
};

enum { LDAP_SUB_PARAMETER = 0x57 };
#define LDAP_SUB_BINDING 0x80090346u

static const struct ldap_sub_code ldap_sub_codes[] = {
    {LDAP_SUB_PARAMETER,
     "the directory cannot do anything with this kind of login: check the form of the user name "
     "(DOMAIN\\user, user@domain or a DN)"},
    {0x525,
     "the directory knows no such user: check the user name (DOMAIN\\user, user@domain or a DN)"},
    {0x52e, "the user name or the password is wrong"},
    {0x530, "the account may not log in at this hour: widen its logon hours"},
    {0x531, "the account may not log in from this machine: change its workstations"},
    {0x532, "the password has expired: set a new one, and let this account's password not expire"},
    {0x533, "the account is disabled: enable it"},
    {0x568, "the account is in too many groups: remove it from some"},
    {0x701, "the account has expired: move its date of expiry"},
    {0x773, "the password has to be changed before the first login: set one without that demand"},
    {0x775, "the account is locked: unlock it, and find out who tries wrong passwords"},
    {LDAP_SUB_BINDING,
     "channel binding failed: something between here and the directory opens TLS, or the directory "
     "demands what cannot be had: connect directly"},
};

static const struct ldap_meaning *ldap_find_meaning(int result)
{
    for (isize i = 0; i < COUNT(ldap_meanings); i++) {
        if (ldap_meanings[i].code == result) {
            return &ldap_meanings[i];
        }
    }
    return NULL;
}

const char *ldap_result_name(int result)
{
    const struct ldap_meaning *meaning = ldap_find_meaning(result);
    return meaning ? meaning->name : "";
}

// AD's sub-code, "...AcceptSecurityContext error, data 52e, v2580"; 0: there is none.
static u64 ldap_sub_code(const struct ldap_message *m)
{
    isize at = str_find(m->diagnostic, S("data "));
    if (m->result != LDAP_INVALID_CREDENTIALS || at < 0) {
        return 0;
    }
    str digits;
    bool found;
    u64 code;
    (void)str_cut(str_from_index(m->diagnostic, at + 5), ',', &digits, &found);
    return str_to_u64_hex(digits, &code) ? code : 0;
}

err ldap_result_err(const struct ldap_message *m)
{
    if (ldap_is_disconnection(m)) {
        return FAIL(LDAP_DISCONNECTED);
    }
    // We ask for StartTLS only, where "unavailable" means that there is no certificate.
    if (m->op == LDAP_EXTENDED_RESPONSE) {
        return m->result ? FAIL(LDAP_START_TLS) : OK;
    }
    if (m->result == LDAP_OPERATIONS_ERROR &&
        (str_find(m->diagnostic, S("successful bind")) >= 0 ||
         str_find(m->diagnostic, S("without authentication")) >= 0)) {
        return FAIL(LDAP_RIGHTS); // a search before any bind, in the words of AD and of Samba
    }
    if (ldap_sub_code(m) == LDAP_SUB_BINDING) {
        return FAIL(LDAP_BINDING); // the password was right
    }
    const struct ldap_meaning *meaning = ldap_find_meaning(m->result);
    return meaning ? (err){meaning->error} : FAIL(LDAP_REFUSED);
}

bool ldap_refuses_method(const struct ldap_message *m)
{
    u64 code = ldap_sub_code(m);
    return m->result == LDAP_AUTH_METHOD || m->result == LDAP_STRONGER_AUTH ||
           m->result == LDAP_CONFIDENTIALITY || m->result == LDAP_INAPPROPRIATE_AUTH ||
           code == LDAP_SUB_PARAMETER || code == LDAP_SUB_BINDING;
}

static str ldap_sub_text(const struct ldap_message *m)
{
    u64 code = ldap_sub_code(m);
    for (isize i = 0; code && i < COUNT(ldap_sub_codes); i++) {
        if (ldap_sub_codes[i].code == code) {
            return str_from(ldap_sub_codes[i].text);
        }
    }
    return S("");
}

// AD's words have line ends and tabs in them.
static void ldap_put_line(struct buf *b, str s)
{
    for (isize i = 0; i < s.n; i++) {
        buf_put_byte(b, s.p[i] < ' ' || s.p[i] == 0x7f ? ' ' : s.p[i]);
    }
}

void ldap_put_reason(struct buf *b, const struct ldap_message *m)
{
    str sub = ldap_sub_text(m), name = str_from(ldap_result_name(m->result));
    buf_put(b, sub);
    buf_put(b, sub.n ? S(" (") : S(""));
    buf_put(b, name.n ? name : S("result"));
    buf_put_byte(b, ' ');
    buf_put_i64(b, m->result);
    if (m->diagnostic.n) {
        buf_put(b, S(": "));
        ldap_put_line(b, m->diagnostic);
    }
    if (m->uri.n) {
        buf_put(b, S(", "));
        ldap_put_line(b, m->uri);
    }
    buf_put(b, sub.n ? S(")") : S(""));
}

// RFC 4514, section 2.4.
static void ldap_put_escaped(struct buf *b, str value)
{
    for (isize i = 0; i < value.n; i++) {
        u8 c = value.p[i];
        bool edge = (c == ' ' && (i == 0 || i == value.n - 1)) || (c == '#' && i == 0);
        if (c == 0) {
            buf_put(b, S("\\00"));
            continue;
        }
        if (edge || str_find_byte(S("\"+,;<>\\"), c) >= 0) {
            buf_put_byte(b, '\\');
        }
        buf_put_byte(b, c);
    }
}

void ldap_put_base(struct buf *b, str domain)
{
    str rest = str_trim(domain);
    bool first = true;
    while (rest.n) {
        str label;
        bool more;
        rest = str_cut(rest, '.', &label, &more);
        if (label.n) { // a dot at the end is that of an absolute name
            buf_put(b, first ? S("DC=") : S(",DC="));
            ldap_put_escaped(b, label);
            first = false;
        }
    }
}

str ldap_dn_name(str dn)
{
    str head, value;
    bool found;
    str rest = str_cut(dn, '=', &head, &found);
    if (!found) {
        return dn;
    }
    (void)str_cut(rest, ',', &value, &found);
    return value;
}
