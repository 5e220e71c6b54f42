// SPDX-License-Identifier: Apache-2.0
// Client assertions: JWTs that an application signs with the key of its certificate, or that
// another issuer signs for it (workload identity federation). Signatures are really checked, by the
// owner of the model (t_options.verify_key).
#include <stdarg.h>
#include <stdio.h>

#include "base/hash.h"
#include "entra.h"

#define SKEW_S 300       // how far a clock may be off
#define LIFE_MAX_S 86400 // of an assertion

struct jwt {
    str text; // what is signed
    struct t_buf header, claims, signature;
    str header_json, claims_json;
};

struct entra_error entra_fail(int code, const char *format, ...)
{
    struct entra_error e = {.code = code};
    va_list args;
    va_start(args, format);
    vsnprintf(e.text, sizeof(e.text), format, args);
    va_end(args);
    return e;
}

static bool jwt_open(struct jwt *j, str assertion)
{
    *j = (struct jwt){0};
    str header, claims, signature;
    bool one = false, two = false, three = false;
    str rest = str_cut(assertion, '.', &header, &one);
    rest = str_cut(rest, '.', &claims, &two);
    str_cut(rest, '.', &signature, &three);
    if (!one || !two || three) {
        return false;
    }
    j->text = str_slice(assertion, 0, header.n + 1 + claims.n);
    return str_find_byte(assertion, '=') < 0 && str_find_byte(assertion, '+') < 0 &&
           str_find_byte(assertion, '/') < 0 && t_base64_decode(&j->header, header) &&
           t_base64_decode(&j->claims, claims) && t_base64_decode(&j->signature, signature) &&
           t_json_whole(t_buf_str(&j->header), &j->header_json) &&
           t_json_whole(t_buf_str(&j->claims), &j->claims_json) &&
           t_json_is_object(j->header_json) && t_json_is_object(j->claims_json);
}

static void jwt_close(struct jwt *j)
{
    t_buf_free(&j->header);
    t_buf_free(&j->claims);
    t_buf_free(&j->signature);
}

static bool member_is(str object, const char *key, str want)
{
    struct t_buf b = {0};
    bool same = t_json_get_text(object, key, &b) && str_eq(t_buf_str(&b), want);
    t_buf_free(&b);
    return same;
}

// A thumbprint as x5t and x5t#S256 have it: base64url without padding. 1 right, 0 wrong, -1 absent.
static int thumbprint(str header, const char *key, str want)
{
    struct t_buf b = {0}, raw = {0};
    int result = -1;
    if (t_json_get_text(header, key, &b)) {
        result = want.n > 0 && t_base64_decode(&raw, t_buf_str(&b)) && str_eq(t_buf_str(&raw), want)
                     ? 1
                     : 0;
    }
    t_buf_free(&b);
    t_buf_free(&raw);
    return result;
}

// A NumericDate in whole seconds: libraries send fractions, too. -1: absent, or no number.
static i64 seconds(str claims, const char *key)
{
    str v, whole;
    bool fraction = false;
    i64 n = -1;
    bool ok = t_json_get(claims, key, &v);
    str_cut(ok ? v : (str){0}, '.', &whole, &fraction);
    return ok && str_to_i64(whole, &n) ? n : -1;
}

static struct entra_error check_times(const struct tenant *t, const struct jwt *j)
{
    i64 now = t->now_ms / 1000;
    i64 exp = seconds(j->claims_json, "exp");
    i64 nbf = seconds(j->claims_json, "nbf");
    nbf = nbf < 0 ? seconds(j->claims_json, "iat") : nbf;
    if (exp < 0) {
        return entra_fail(50027, "JWT token is invalid or malformed.");
    }
    if (exp < now - SKEW_S || nbf > now + SKEW_S || exp - (nbf < 0 ? now : nbf) > LIFE_MAX_S) {
        return entra_fail(700024,
                          "Client assertion is not within its valid time range. Current time: "
                          "%lld, assertion valid from %lld, expiry time of assertion %lld. Review "
                          "the documentation at https://learn.microsoft.com/entra/identity-"
                          "platform/certificate-credentials .",
                          (long long)now, (long long)nbf, (long long)exp);
    }
    return (struct entra_error){0};
}

// https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token or /{tenant}/v2.0, the tenant's id
// or name; also with this server's own address.
static bool is_audience(const struct tenant *t, const struct jwt *j, str endpoint)
{
    const str names[] = {t->o.tenant_id, t->o.domain};
    struct t_buf aud = {0}, want = {0};
    bool found = t_json_get_text(j->claims_json, "aud", &aud) &&
                 str_eq_nocase(t_buf_str(&aud), endpoint);
    for (isize i = 0; i < COUNT(names) && !found; i++) {
        for (int form = 0; form < 2 && !found; form++) {
            want.n = 0;
            t_buf_z(&want, "https://login.microsoftonline.com/");
            t_buf_put(&want, names[i]);
            t_buf_z(&want, form ? "/v2.0" : "/oauth2/v2.0/token");
            found = str_eq_nocase(t_buf_str(&aud), t_buf_str(&want));
        }
    }
    t_buf_free(&aud);
    t_buf_free(&want);
    return found;
}

static struct entra_error check_jti(struct tenant *t, const struct jwt *j)
{
    struct t_buf jti = {0};
    bool given = t_json_get_text(j->claims_json, "jti", &jti) && jti.n > 0;
    u64 hash = hash_siphash((struct hash_key){t->o.seed, 11}, t_buf_str(&jti));
    // Entra does not refuse it, but a test may want to know.
    t->entra->repeated += given && hash == t->entra->last_jti ? 1 : 0;
    t->entra->last_jti = hash;
    t_buf_free(&jti);
    return given ? (struct entra_error){0}
                 : entra_fail(50027, "JWT token is invalid or malformed.");
}

static struct entra_error check_certificate(struct tenant *t, const struct jwt *j, str endpoint)
{
    bool pss = member_is(j->header_json, "alg", S("PS256"));
    int x5t = thumbprint(j->header_json, "x5t", t->o.app_sha1);
    int x5t256 = thumbprint(j->header_json, "x5t#S256", t->o.app_sha256);
    bool right = (x5t == 1 || x5t256 == 1) && x5t != 0 && x5t256 != 0;
    if (t->entra->no_certificate || !right) {
        return entra_fail(700027, "Client assertion contains an invalid signature. [Reason - The "
                                  "key was not found., Please visit the Azure Portal, Graph "
                                  "Explorer or directly use MS Graph to see configured keys for "
                                  "app]");
    }
    if (!(pss || member_is(j->header_json, "alg", S("RS256"))) ||
        !member_is(j->header_json, "typ", S("JWT")) || !t->o.verify_key ||
        !t->o.verify_key(t->o.verify_st, T_KEY_APPLICATION, pss, j->text,
                         t_buf_str(&j->signature))) {
        return entra_fail(700027, "Client assertion contains an invalid signature. [Reason - The "
                                  "key used is found but the signature does not match.]");
    }
    if (!is_audience(t, j, endpoint)) {
        return entra_fail(700023, "Client assertion audience claim does not match Realm issuer. "
                                  "Review the documentation at https://learn.microsoft.com/entra/"
                                  "identity-platform/certificate-credentials .");
    }
    if (!member_is(j->claims_json, "sub", t->o.app_id)) {
        return entra_fail(700021, "Client assertion application identifier doesn't match "
                                  "'client_id' parameter. Review the documentation at "
                                  "https://learn.microsoft.com/entra/identity-platform/"
                                  "certificate-credentials .");
    }
    struct entra_error e = check_times(t, j);
    return e.code ? e : check_jti(t, j);
}

static struct entra_error check_federation(struct tenant *t, const struct jwt *j)
{
    const struct entra *e = t->entra;
    struct t_buf claim = {0};
    str v, one;
    isize at = 0;
    bool audience = member_is(j->claims_json, "aud", str_from(e->audience));
    if (t_json_get(j->claims_json, "aud", &v) && t_json_is_array(v)) { // Kubernetes gives a list
        while (t_json_element(v, &at, &one)) {
            claim.n = 0;
            audience = audience || (t_json_text(one, &claim) &&
                                    str_eq(t_buf_str(&claim), str_from(e->audience)));
        }
    }
    t_json_get_text(j->claims_json, "sub", &claim);
    struct entra_error error = {0};
    if (e->no_federation || !member_is(j->claims_json, "iss", str_from(e->issuer))) {
        t_json_get_text(j->claims_json, "iss", &claim);
        error = entra_fail(700211,
                           "No matching federated identity record found for presented assertion "
                           "issuer '%.*s'.",
                           (int)(claim.n < 200 ? claim.n : 200), (const char *)claim.p);
    } else if (!audience) {
        error = entra_fail(700212, "No matching federated identity record found for presented "
                                   "assertion audience.");
    } else if (!str_eq(t_buf_str(&claim), str_from(e->subject))) {
        error = entra_fail(700213,
                           "No matching federated identity record found for presented assertion "
                           "subject '%.*s'.",
                           (int)(claim.n < 200 ? claim.n : 200), (const char *)claim.p);
    } else if (!member_is(j->header_json, "alg", S("RS256")) || !t->o.verify_key ||
               !t->o.verify_key(t->o.verify_st, T_KEY_FEDERATION, false, j->text,
                                t_buf_str(&j->signature))) {
        error = entra_fail(50013, "Assertion failed signature validation. [Reason - The key was "
                                  "not found.]");
    } else {
        error = check_times(t, j);
    }
    t_buf_free(&claim);
    return error;
}

struct entra_error entra_assertion_check(struct tenant *t, str assertion, str endpoint,
                                         enum entra_credential *kind)
{
    struct jwt j;
    struct entra_error e;
    if (!jwt_open(&j, assertion)) {
        e = entra_fail(50027, "JWT token is invalid or malformed.");
    } else {
        // An application signs for itself; everything else comes from somebody else.
        bool own = member_is(j.claims_json, "iss", t->o.app_id);
        *kind = own ? ENTRA_CERTIFICATE : ENTRA_FEDERATION;
        e = own ? check_certificate(t, &j, endpoint) : check_federation(t, &j);
    }
    jwt_close(&j);
    return e;
}
