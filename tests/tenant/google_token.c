// SPDX-License-Identifier: Apache-2.0
// Google's token endpoint for service accounts with domain-wide delegation: the JWT bearer grant of
// RFC 7523 with Google's answers (spec/wire-gmail.md 2). The signature is really checked.
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "google.h"

#define GRANT "urn:ietf:params:oauth:grant-type:jwt-bearer"
#define AUDIENCE "https://oauth2.googleapis.com/token"
#define SKEW_S 300 // how far a clock may be off

static const struct {
    const char *name;
    int scope;
} scopes[] = {
    {"https://www.googleapis.com/auth/admin.directory.user.readonly", T_SCOPE_DIRECTORY},
    {"https://www.googleapis.com/auth/admin.directory.user", T_SCOPE_DIRECTORY},
    {"https://www.googleapis.com/auth/gmail.readonly", T_SCOPE_GMAIL},
    {"https://www.googleapis.com/auth/gmail.modify", T_SCOPE_GMAIL},
    {"https://mail.google.com/", T_SCOPE_GMAIL},
    {"https://www.googleapis.com/auth/gmail.metadata", T_SCOPE_METADATA},
};

// An assertion, taken apart. Slices point into the assertion, header and claims into their buffers.
struct jwt {
    str text; // what is signed
    struct t_buf header, claims, signature;
    str header_json, claims_json;
};

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
           t_base64_decode(&j->header, header) && t_base64_decode(&j->claims, claims) &&
           t_base64_decode(&j->signature, signature) &&
           t_json_whole(t_buf_str(&j->header), &j->header_json) &&
           t_json_whole(t_buf_str(&j->claims), &j->claims_json);
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

// NULL: the assertion is genuine and current. Otherwise what Google says, as invalid_grant.
static const char *check_assertion(const struct tenant *t, const struct jwt *j)
{
    if (!member_is(j->claims_json, "iss", t->o.client_email)) {
        return "Invalid grant: account not found";
    }
    if (!member_is(j->header_json, "alg", S("RS256")) ||
        !member_is(j->header_json, "typ", S("JWT")) ||
        !member_is(j->header_json, "kid", t->o.key_id) ||
        !t->o.verify(t->o.verify_st, j->text, t_buf_str(&j->signature))) {
        return "Invalid JWT Signature.";
    }
    if (!member_is(j->claims_json, "aud", S(AUDIENCE)) &&
        !member_is(j->claims_json, "aud", t->o.token_uri)) {
        return "Invalid JWT: Failed audience check. The right audience is " AUDIENCE;
    }
    i64 iat = t_json_i64(j->claims_json, "iat", -1);
    i64 exp = t_json_i64(j->claims_json, "exp", -1);
    i64 now = t->now_ms / 1000;
    if (iat < 0 || exp <= iat || exp - iat > 3600 || iat > now + SKEW_S || exp < now - SKEW_S) {
        return "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable "
               "timeframe. Check your iat and exp values in the JWT claim.";
    }
    return NULL;
}

// Bits of the scopes asked for; -1: one that does not exist; 0: none.
static int read_scopes(str claims)
{
    struct t_buf b = {0};
    int bits = 0;
    t_json_get_text(claims, "scope", &b);
    str rest = t_buf_str(&b);
    while (rest.n > 0 && bits >= 0) {
        str name;
        bool found = false;
        rest = str_cut(rest, ' ', &name, &found);
        int bit = -1;
        for (isize i = 0; i < COUNT(scopes); i++) {
            bit = str_eq(name, str_from(scopes[i].name)) ? scopes[i].scope : bit;
        }
        bits = name.n == 0 ? bits : bit < 0 ? -1 : bits | bit;
    }
    t_buf_free(&b);
    return bits;
}

// Who the token is for; false: refused, and answered.
static bool find_subject(struct tenant *t, str claims, int *mailbox, struct t_response *r)
{
    struct t_buf b = {0};
    bool given = t_json_get_text(claims, "sub", &b);
    str sub = t_buf_str(&b);
    *mailbox = !given                           ? T_MAILBOX_NONE
               : str_eq_nocase(sub, t->o.admin) ? T_MAILBOX_ADMIN
                                                : content_mailbox(t, sub);
    enum t_state state = *mailbox >= 0 ? t->users[*mailbox].state : T_USER_OK;
    bool unknown = given && *mailbox == T_MAILBOX_NONE;
    t_buf_free(&b);
    if (unknown || state == T_USER_SUSPENDED || state == T_USER_DELETED) {
        token_error(r, 400, "invalid_grant", "Invalid email or User ID");
        return false;
    }
    return state != T_USER_UNAUTHORIZED;
}

static void issue(struct tenant *t, int mailbox, int bits, struct t_response *r)
{
    if (t->token_count == t->token_cap) {
        t->token_cap = t->token_cap * 2 + 64;
        t->tokens = t_resize(t->tokens, t->token_cap * (isize)sizeof(*t->tokens));
    }
    i64 place = t->token_count++;
    u64 secret = hash_siphash((struct hash_key){t->o.seed, 7},
                              str_make(&place, (isize)sizeof(place)));
    t->tokens[place] = (struct t_token){.secret = secret,
                                        .mailbox = mailbox,
                                        .scopes = bits,
                                        .expires_ms = t->now_ms + t->o.token_ttl_s * 1000};
    t->stats.tokens_issued++;
    struct t_writer w = {.b = &r->own};
    t_json_open(&w, '{');
    t_json_key(&w, "access_token");
    // As long as a real one, which a client must have room for.
    t_buf_printf(&r->own, "\"ya29.c.c0AY%08llx%016llx", (unsigned long long)place,
                 (unsigned long long)secret);
    for (int i = 0; i < 60; i++) {
        t_buf_printf(&r->own, "%016llx", (unsigned long long)(secret * (u64)(2 * i + 3)));
    }
    t_buf_byte(&r->own, '"');
    t_json_put_number(&w, "expires_in", t->o.token_ttl_s > 0 ? t->o.token_ttl_s - 1 : 0);
    t_json_put_member(&w, "token_type", S("Bearer"));
    t_json_close(&w, '}');
    t_response_header(r, "Content-Type: application/json; charset=UTF-8");
    t_response_header(r, "Cache-Control: no-cache, no-store, max-age=0, must-revalidate");
}

static void grant(struct tenant *t, str assertion, struct t_response *r)
{
    static const char unauthorized[] = "Client is unauthorized to retrieve access tokens using "
                                       "this method, or client not authorized "
                                       "for any of the scopes requested.";
    struct jwt j;
    const char *error = jwt_open(&j, assertion) ? check_assertion(t, &j)
                                                : "Invalid JWT: Malformed assertion.";
    int bits = error ? 0 : read_scopes(j.claims_json);
    int mailbox = T_MAILBOX_NONE;
    if (error) {
        token_error(r, 400, "invalid_grant", error);
    } else if (bits < 0) {
        token_error(r, 400, "invalid_scope", "Invalid OAuth scope or ID token audience provided.");
    } else if (bits == 0 || (bits & ~t->allowed_scopes) != 0) {
        token_error(r, 401, "unauthorized_client", unauthorized);
    } else if (find_subject(t, j.claims_json, &mailbox, r)) {
        issue(t, mailbox, bits, r);
    } else if (r->own.n == 0) {
        token_error(r, 401, "unauthorized_client", unauthorized);
    }
    jwt_close(&j);
}

void token_handle(struct tenant *t, const struct t_request *q, struct t_response *r)
{
    struct t_buf type = {0}, assertion = {0};
    if (!t_request_is(q, "POST")) {
        r->status = 404; // Google's page for people
        t_buf_z(&r->own, "<!DOCTYPE html><html><title>Error 404 (Not Found)!!1</title></html>\n");
        t_response_header(r, "Content-Type: text/html; charset=UTF-8");
    } else if (!str_starts_nocase(t_request_header(q, "content-type"),
                                  S("application/x-www-form-urlencoded"))) {
        token_error(r, 400, "invalid_request", "The request is not form-encoded.");
    } else if (!t_query_get(q->body, "grant_type", 0, &type)) {
        token_error(r, 400, "invalid_request", "Required parameter is missing: grant_type");
    } else if (!str_eq(t_buf_str(&type), S(GRANT))) {
        token_error(r, 400, "unsupported_grant_type", "Invalid grant_type");
    } else if (!t_query_get(q->body, "assertion", 0, &assertion)) {
        token_error(r, 400, "invalid_request", "Required parameter is missing: assertion");
    } else {
        grant(t, t_buf_str(&assertion), r);
    }
    t_buf_free(&type);
    t_buf_free(&assertion);
}
