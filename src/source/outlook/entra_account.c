// SPDX-License-Identifier: Apache-2.0
// The application that mailferry is to Entra ID (see entra_account.h). Tenant and client are
// checked to the byte, because they go into paths and claims; of secrets and keys nothing is told
// but what is wrong with them. Bounds: ENTRA_TENANT_BYTES, ENTRA_CLIENT_BYTES, ENTRA_SECRET_BYTES,
// ENTRA_FILE_BYTES.
#include "source/outlook/entra_account.h"

#include <string.h>

#include "base/date.h"
#include "codec/http1.h"
#include "codec/url.h"
#include "os/os.h"
#include "source/outlook/outlook_schema.h"

// ---- clouds

// Microsoft, "Microsoft Graph deployments in national clouds" and "Authenticate an EWS
// application".
static const struct entra_cloud entra_clouds[] = {
    {"global", "https://login.microsoftonline.com", "https://graph.microsoft.com",
     "https://outlook.office365.com"},
    {"us-gov", "https://login.microsoftonline.us", "https://graph.microsoft.us",
     "https://outlook.office365.us"},
    {"us-gov-dod", "https://login.microsoftonline.us", "https://dod-graph.microsoft.us",
     "https://webmail.apps.mil"},
    {"china", "https://login.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn",
     "https://partner.outlook.cn"},
};

// Other names of the same hosts, which workload identity may write into AZURE_AUTHORITY_HOST.
static const struct {
    const char *host;
    int cloud;
} entra_hosts[] = {
    {"login.microsoftonline.com", 0}, {"login.microsoft.com", 0},
    {"login.windows.net", 0},         {"login.microsoftonline.us", 1},
    {"login.chinacloudapi.cn", 3},    {"login.partner.microsoftonline.cn", 3},
};

const struct entra_cloud *entra_cloud_at(int i)
{
    return i >= 0 && i < COUNT(entra_clouds) ? &entra_clouds[i] : NULL;
}

const struct entra_cloud *entra_cloud_find(str name)
{
    for (isize i = 0; i < COUNT(entra_clouds); i++) {
        if (str_eq_nocase(name, str_from(entra_clouds[i].name))) {
            return &entra_clouds[i];
        }
    }
    return NULL;
}

const struct entra_cloud *entra_cloud_of_login(str s)
{
    struct url url;
    if (!err_ok(url_parse(s, &url))) {
        return NULL;
    }
    for (isize i = 0; i < COUNT(entra_hosts); i++) {
        if (str_eq_nocase(url.host, str_from(entra_hosts[i].host))) {
            return &entra_clouds[entra_hosts[i].cloud];
        }
    }
    return NULL;
}

// ---- the certificate

// The block of the first private key, from its BEGIN line to the end of its END line: what else is
// in the file need not fit into the memory of a key. Empty: there is none.
static str account_find_key(str pem)
{
    str begin = S("-----BEGIN ");
    str kind = S("PRIVATE KEY-----");
    for (isize at = str_find(pem, begin); at >= 0; at = str_find(pem, begin)) {
        pem = str_from_index(pem, at);
        isize line = str_find_byte(pem, '\n');
        str first = str_trim_end(str_slice(pem, 0, line < 0 ? pem.n : line));
        if (str_ends(first, kind)) {
            isize end = str_find(pem, S("-----END "));
            str rest = str_from_index(pem, end < 0 ? pem.n : end);
            isize last = str_find(rest, kind);
            return last < 0 ? (str){0} : str_slice(pem, 0, end + last + kind.n);
        }
        pem = str_from_index(pem, begin.n);
    }
    return (str){0};
}

static err account_fail_certificate(err e, struct buf *detail)
{
    buf_put(detail, str_from(err_what(e)));
    buf_put(detail, S("; "));
    buf_put(detail, str_from(err_todo(e)));
    return FAIL(ENTRA_CERTIFICATE);
}

err entra_identity_read(struct entra_identity *identity, struct crypto_key *key, str pem, i64 now_s,
                        struct buf *detail)
{
    struct crypto_certificate c;
    err e = crypto_key_read(key, account_find_key(pem));
    if (err_ok(e)) {
        e = crypto_certificate_read(key, pem, &c);
    }
    if (!err_ok(e)) {
        crypto_key_free(key);
        return account_fail_certificate(e, detail);
    }
    if (c.not_after_s <= now_s) {
        crypto_key_free(key);
        buf_put(detail, S("it was valid until "));
        date_put_iso_us(detail, c.not_after_s * 1000000);
        return FAIL(ENTRA_CERTIFICATE_EXPIRED);
    }
    identity->key = key;
    identity->not_after_s = c.not_after_s;
    memcpy(identity->thumbprint, c.thumbprint, sizeof identity->thumbprint);
    return OK;
}

bool entra_identity_has_proof(const struct entra_identity *identity)
{
    return identity && (identity->key || identity->token_name);
}

// ---- fields of a record

static bool account_is_hex(u8 c)
{
    u8 low = str_lower_byte(c);
    return str_is_digit(c) || (low >= 'a' && low <= 'f');
}

static bool account_is_guid(str s)
{
    if (s.n != 36) {
        return false;
    }
    for (isize i = 0; i < s.n; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? s.p[i] != '-' : !account_is_hex(s.p[i])) {
            return false;
        }
    }
    return true;
}

// A domain of at least two labels of letters, digits and '-' (RFC 1035, section 2.3.1).
static bool account_is_domain(str s)
{
    bool more = s.n < ENTRA_TENANT_BYTES;
    int labels = 0;
    while (more) {
        str label;
        s = str_cut(s, '.', &label, &more);
        labels++;
        if (label.n == 0 || label.n > 63 || label.p[0] == '-' || label.p[label.n - 1] == '-') {
            return false;
        }
        for (isize i = 0; i < label.n; i++) {
            u8 low = str_lower_byte(label.p[i]);
            if (!str_is_digit(low) && !(low >= 'a' && low <= 'z') && low != '-') {
                return false;
            }
        }
    }
    return labels > 1;
}

static void account_put_label(struct buf *detail, enum outlook_field field)
{
    buf_put(detail, S("'"));
    buf_put(detail, str_from(outlook_schema.fields[field].label));
    buf_put(detail, S("'"));
}

static err account_fail_missing(const bool missing[3], struct buf *detail)
{
    static const enum outlook_field fields[] = {OUTLOOK_FIELD_TENANT_ID, OUTLOOK_FIELD_CLIENT_ID,
                                                OUTLOOK_FIELD_CLIENT_SECRET};
    bool first = true;
    for (isize i = 0; i < COUNT(fields); i++) {
        if (missing[i]) {
            buf_put(detail, first ? S("") : S("; "));
            account_put_label(detail, fields[i]);
            buf_put(detail, S(" is empty"));
            first = false;
        }
    }
    return FAIL(ENTRA_FIELDS);
}

// `s` as far as it may be shown: what somebody pasted into the wrong field may be a secret.
static err account_fail_field(err e, enum outlook_field field, str s, struct buf *detail)
{
    account_put_label(detail, field);
    buf_put(detail, S(" has "));
    buf_put_i64(detail, s.n);
    buf_put(detail, S(" characters"));
    return e;
}

static enum entra_proof account_choose(const struct entra_identity *identity, bool secret)
{
    static const struct entra_identity none;
    const struct entra_identity *i = identity ? identity : &none;
    return i->key                                      ? ENTRA_PROOF_KEY
           : i->token_name && !i->token_by_environment ? ENTRA_PROOF_FILE
           : secret                                    ? ENTRA_PROOF_SECRET
           : i->token_name                             ? ENTRA_PROOF_FILE
                                                       : ENTRA_PROOF_NONE;
}

static str account_keep(u8 *to, isize cap, str s)
{
    struct buf b = buf_over(to, cap);
    buf_put(&b, s);
    ASSERT(!b.full); // its length was looked at
    return buf_str(&b);
}

err entra_account_read(struct entra_account *a, const struct entra_identity *identity,
                       const struct entra_fields *fields, struct buf *detail)
{
    str tenant = str_trim(fields->tenant);
    str client = str_trim(fields->client_id);
    str secret = fields->secret;
    entra_account_wipe(a);
    enum entra_proof proof = account_choose(identity, secret.n > 0);
    bool missing[3] = {!tenant.n, !client.n, proof == ENTRA_PROOF_NONE};
    if (missing[0] || missing[1] || missing[2]) {
        return account_fail_missing(missing, detail);
    }
    if (!account_is_guid(tenant) && !account_is_domain(tenant)) {
        return account_fail_field(FAIL(ENTRA_TENANT), OUTLOOK_FIELD_TENANT_ID, tenant, detail);
    }
    if (!account_is_guid(client)) {
        return account_fail_field(FAIL(ENTRA_CLIENT), OUTLOOK_FIELD_CLIENT_ID, client, detail);
    }
    bool used = proof == ENTRA_PROOF_SECRET;
    if (used && (secret.n > ENTRA_SECRET_BYTES || !http1_is_field_value(secret))) {
        return account_fail_field(FAIL(ENTRA_SECRET), OUTLOOK_FIELD_CLIENT_SECRET, secret, detail);
    }
    a->identity = identity;
    a->proof = proof;
    a->tenant = account_keep(a->tenant_bytes, ENTRA_TENANT_BYTES, tenant);
    a->client_id = account_keep(a->client_bytes, ENTRA_CLIENT_BYTES, client);
    a->secret = account_keep(a->secret_bytes, ENTRA_SECRET_BYTES, used ? secret : (str){0});
    return OK;
}

void entra_account_wipe(struct entra_account *a)
{
    crypto_wipe(a, sizeof *a);
}

// ---- the federated token

static bool account_is_jwt(str s)
{
    int dots = 0;
    for (isize i = 0; i < s.n; i++) {
        u8 low = str_lower_byte(s.p[i]);
        bool letter = str_is_digit(low) || (low >= 'a' && low <= 'z') || low == '-' || low == '_';
        if (!letter && low != '.') {
            return false;
        }
        dots += low == '.';
    }
    return dots == 2 && s.p[0] != '.';
}

static err account_fail_file(str why, struct buf *detail)
{
    buf_put(detail, why);
    return FAIL(ENTRA_TOKEN_FILE);
}

err entra_account_put_file(const struct entra_account *a, struct buf *out, struct buf *detail)
{
    isize room = buf_room(out);
    struct buf file = buf_over(out->p + out->n, room < ENTRA_FILE_BYTES ? room : ENTRA_FILE_BYTES);
    err e = os_file_read_in(a->identity->token_folder_fd, a->identity->token_name, &file, detail);
    if (!err_ok(e)) {
        crypto_wipe(file.p, file.n);
        return err_is(e, ERR_BUF_FULL) ? account_fail_file(S(" is too long for a token"), detail)
                                       : FAIL(ENTRA_TOKEN_FILE);
    }
    str token = str_trim(buf_str(&file));
    if (!account_is_jwt(token)) {
        crypto_wipe(file.p, file.n);
        return account_fail_file(token.n ? S("it does not hold a JWT") : S("it is empty"), detail);
    }
    memmove(out->p + out->n, token.p, (size_t)token.n);
    out->n += token.n;
    crypto_wipe(out->p + out->n, file.n - token.n); // what was moved away from
    return OK;
}
