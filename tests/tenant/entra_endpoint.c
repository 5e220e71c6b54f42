// SPDX-License-Identifier: Apache-2.0
// Entra's v2 token endpoint for client credentials, with the codes that clients branch on, and the
// document by which libraries find it (spec/wire-graph.md 1).
#include <stdio.h>
#include <string.h>

#include "entra.h"
#include "ews.h"

#define ASSERTION_TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// ---- errors
// --------------------------------------------------------------------------------------

static void put_guid(struct t_buf *b, u64 r)
{
    u64 s = ews_mix(r);
    t_buf_printf(b, "%08x-%04x-4%03x-8%03x-%012llx", (unsigned)r, (unsigned)(r >> 32 & 0xFFFF),
                 (unsigned)(r >> 48 & 0xFFF), (unsigned)(s & 0xFFF), (unsigned long long)(s >> 16));
}

void entra_error_out(const struct tenant *t, struct t_response *r, int status, const char *error,
                     int code, str text)
{
    struct t_buf date = {0}, trace = {0}, correlation = {0}, b = {0};
    t_put_iso_date(&date, t->now_ms); // 2024-07-05T10:20:30.000Z
    date.p[10] = ' ';
    date.n = 19;
    t_buf_byte(&date, 'Z');
    put_guid(&trace, ews_mix((u64)t->now_ms + (u64)code));
    put_guid(&correlation, ews_mix((u64)t->now_ms * 3 + (u64)code));
    t_buf_printf(&b, "AADSTS%d: ", code);
    t_buf_put(&b, text);
    t_buf_z(&b, "\r\nTrace ID: ");
    t_buf_put(&b, t_buf_str(&trace));
    t_buf_z(&b, "\r\nCorrelation ID: ");
    t_buf_put(&b, t_buf_str(&correlation));
    t_buf_z(&b, "\r\nTimestamp: ");
    t_buf_put(&b, t_buf_str(&date));
    r->status = status;
    r->own.n = 0;
    struct t_writer w = {.b = &r->own};
    t_json_open(&w, '{');
    t_json_put_member(&w, "error", str_from(error));
    t_json_put_member(&w, "error_description", t_buf_str(&b));
    t_json_key(&w, "error_codes");
    t_buf_printf(&r->own, "[%d]", code);
    t_json_put_member(&w, "timestamp", t_buf_str(&date));
    t_json_put_member(&w, "trace_id", t_buf_str(&trace));
    t_json_put_member(&w, "correlation_id", t_buf_str(&correlation));
    b.n = 0;
    t_buf_printf(&b, "https://login.microsoftonline.com/error?code=%d", code);
    t_json_put_member(&w, "error_uri", t_buf_str(&b));
    t_json_close(&w, '}');
    t_response_header(r, "Content-Type: application/json; charset=utf-8");
    t_response_header(r, "Cache-Control: no-store, no-cache");
    t_buf_free(&date);
    t_buf_free(&trace);
    t_buf_free(&correlation);
    t_buf_free(&b);
}

// Which status and which error go with a code; what is not here is invalid_client with 401.
static void refuse(struct tenant *t, struct t_response *r, struct entra_error e)
{
    static const struct {
        int code, status;
        const char *error;
    } kinds[] = {
        {700016, 400, "unauthorized_client"},   {7000112, 400, "unauthorized_client"},
        {70003, 400, "unsupported_grant_type"}, {90002, 400, "invalid_request"},
        {900023, 400, "invalid_request"},       {900144, 400, "invalid_request"},
        {9002313, 400, "invalid_request"},      {50059, 400, "invalid_request"},
        {70011, 400, "invalid_scope"},          {1002012, 400, "invalid_scope"},
        {28002, 400, "invalid_scope"},          {500011, 400, "invalid_resource"},
    };
    int status = 401;
    const char *error = "invalid_client";
    for (isize i = 0; i < COUNT(kinds); i++) {
        if (kinds[i].code == e.code) {
            status = kinds[i].status;
            error = kinds[i].error;
        }
    }
    t->entra->refused++;
    entra_error_out(t, r, status, error, e.code, str_from(e.text));
}

// ---- the endpoint
// --------------------------------------------------------------------------------

static bool is_guid(str s)
{
    bool ok = s.n == 36;
    for (isize i = 0; i < s.n && ok; i++) {
        u8 c = str_lower_byte(s.p[i]);
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        ok = dash ? c == '-' : str_is_digit(c) || (c >= 'a' && c <= 'f');
    }
    return ok;
}

static struct entra_error check_tenant(const struct tenant *t, str name)
{
    bool ours = str_eq_nocase(name, t->o.tenant_id) || str_eq_nocase(name, t->o.domain);
    if (str_eq_nocase(name, S("common")) || str_eq_nocase(name, S("organizations"))) {
        return entra_fail(50059, "No tenant-identifying information found in either the request or "
                                 "implied by any provided credentials.");
    }
    if (!is_guid(name) && str_find_byte(name, '.') < 0) {
        return entra_fail(900023,
                          "Specified tenant identifier '%.*s' is neither a valid DNS name, nor a "
                          "valid external domain.",
                          (int)(name.n < 80 ? name.n : 80), (const char *)name.p);
    }
    if (!ours || t->entra->no_tenant) {
        return entra_fail(90002,
                          "Tenant '%.*s' not found. Check to make sure you have the correct tenant "
                          "ID and are signing into the correct cloud. Check with your subscription "
                          "administrator, this may happen if there are no active subscriptions for "
                          "the tenant.",
                          (int)(name.n < 80 ? name.n : 80), (const char *)name.p);
    }
    return (struct entra_error){0};
}

// Which resource a scope names; the principal need not be in the tenant.
static struct entra_error check_scope(const struct tenant *t, str scope, enum entra_resource *found)
{
    const int n = (int)(scope.n < 120 ? scope.n : 120);
    const char *text = (const char *)scope.p;
    if (scope.n == 0) {
        return entra_fail(900144, "The request body must contain the following parameter: "
                                  "'scope'.");
    }
    if (str_find_byte(scope, ' ') >= 0) {
        return entra_fail(28002,
                          "Provided value for the input parameter scope '%.*s' is not valid when "
                          "requesting an access token. Please specify a valid scope.",
                          n, text);
    }
    if (!str_ends(scope, S("/.default"))) {
        return str_find(scope, S("://")) < 0
                   ? entra_fail(70011,
                                "The provided request must include a 'scope' input parameter. The "
                                "provided value for the input parameter 'scope' is not valid. The "
                                "scope %.*s is not valid.",
                                n, text)
                   : entra_fail(1002012,
                                "The provided value for scope %.*s is not valid. Client "
                                "credential flows must have a scope value with /.default suffixed "
                                "to the resource identifier (application ID URI).",
                                n, text);
    }
    str name = str_slice(scope, 0, scope.n - 9);
    for (int i = 0; i < ENTRA_RESOURCES; i++) {
        if (str_eq_nocase(name, entra_resources[i]) && !t->entra->missing[i]) {
            *found = (enum entra_resource)i;
            return (struct entra_error){0};
        }
    }
    return entra_fail(
        500011,
        "The resource principal named %.*s was not found in the tenant named Example. "
        "This can happen if the application has not been installed by the "
        "administrator of the tenant or consented to by any user in the tenant. You "
        "might have sent your authentication request to the wrong tenant.",
        (int)(name.n < 80 ? name.n : 80), (const char *)name.p);
}

static struct entra_error check_secret(const struct tenant *t, str secret)
{
    const struct entra *e = t->entra;
    str want = e->secret ? str_from(e->secret) : t->o.app_secret;
    if (!str_eq(secret, want)) {
        return entra_fail(7000215,
                          "Invalid client secret provided. Ensure the secret being sent in the "
                          "request is the client secret value, not the client secret ID, for a "
                          "secret added to app '%.*s'.",
                          (int)t->o.app_id.n, (const char *)t->o.app_id.p);
    }
    if (e->secret_expired) {
        return entra_fail(7000222,
                          "The provided client secret keys for app '%.*s' are expired. Visit the "
                          "Azure portal to create new keys for your app, or consider using "
                          "certificate credentials for added security.",
                          (int)t->o.app_id.n, (const char *)t->o.app_id.p);
    }
    return (struct entra_error){0};
}

static struct entra_error check_client(const struct tenant *t, str id)
{
    if (id.n == 0) {
        return entra_fail(900144, "The request body must contain the following parameter: "
                                  "'client_id'.");
    }
    if (t->entra->no_app || !str_eq_nocase(id, t->o.app_id)) {
        return entra_fail(700016,
                          "Application with identifier '%.*s' was not found in the directory "
                          "'Example'. This can happen if the application has not been installed by "
                          "the administrator of the tenant or consented to by any user in the "
                          "tenant. You may have sent your authentication request to the wrong "
                          "tenant.",
                          (int)(id.n < 80 ? id.n : 80), (const char *)id.p);
    }
    if (t->entra->app_disabled) {
        return entra_fail(7000112, "Application '%.*s'(mailferry) is disabled.", (int)id.n,
                          (const char *)id.p);
    }
    return (struct entra_error){0};
}

static struct entra_error check_credential(struct tenant *t, const struct t_request *q,
                                           str endpoint, enum entra_credential *kind)
{
    struct t_buf secret = {0}, type = {0}, assertion = {0};
    bool has_secret = t_query_get(q->body, "client_secret", 0, &secret) && secret.n > 0;
    bool has_assertion = t_query_get(q->body, "client_assertion", 0, &assertion) && assertion.n > 0;
    t_query_get(q->body, "client_assertion_type", 0, &type);
    struct entra_error e;
    *kind = ENTRA_SECRET;
    if (has_assertion && !str_eq(t_buf_str(&type), S(ASSERTION_TYPE))) {
        e = entra_fail(900144, "The request body must contain the following parameter: "
                               "'client_assertion_type'.");
    } else if (has_assertion && !has_secret) {
        e = entra_assertion_check(t, t_buf_str(&assertion), endpoint, kind);
    } else if (has_secret && !has_assertion) {
        e = check_secret(t, t_buf_str(&secret));
    } else {
        e = entra_fail(7000218, "The request body must contain the following parameter: "
                                "'client_assertion' or 'client_secret'.");
    }
    t_buf_free(&secret);
    t_buf_free(&type);
    t_buf_free(&assertion);
    return e;
}

// Is everything right? Says for which resource and with which credential.
static struct entra_error check(struct tenant *t, const struct t_request *q, str name,
                                enum entra_resource *resource, enum entra_credential *kind)
{
    struct t_buf grant = {0}, id = {0}, scope = {0}, endpoint = {0};
    str host = t_request_header(q, "host");
    t_buf_z(&endpoint, q->link && !q->link->tls ? "http://" : "https://");
    t_buf_put(&endpoint, host);
    t_buf_put(&endpoint, q->path);
    bool given = t_query_get(q->body, "grant_type", 0, &grant);
    t_query_get(q->body, "client_id", 0, &id);
    t_query_get(q->body, "scope", 0, &scope);
    struct entra_error e = check_tenant(t, name);
    if (!e.code && !given) {
        e = entra_fail(900144, "The request body must contain the following parameter: "
                               "'grant_type'.");
    }
    if (!e.code && !str_eq(t_buf_str(&grant), S("client_credentials"))) {
        e = entra_fail(70003, "The app requested an unsupported grant type '%.*s'.",
                       (int)(grant.n < 80 ? grant.n : 80), (const char *)grant.p);
    }
    e = e.code ? e : check_client(t, t_buf_str(&id));
    struct entra_error of_scope = check_scope(t, t_buf_str(&scope), resource);
    bool early = of_scope.code != 500011;
    e = e.code ? e : early ? of_scope : e;
    e = e.code ? e : check_credential(t, q, t_buf_str(&endpoint), kind);
    e = e.code ? e : of_scope;
    t_buf_free(&grant);
    t_buf_free(&id);
    t_buf_free(&scope);
    t_buf_free(&endpoint);
    return e;
}

// GET /{tenant}/v2.0/.well-known/openid-configuration
static void discover(struct tenant *t, const struct t_request *q, str name, struct t_response *r)
{
    static const struct {
        const char *key, *path;
    } members[] = {
        {"token_endpoint", "/oauth2/v2.0/token"},
        {"authorization_endpoint", "/oauth2/v2.0/authorize"},
        {"device_authorization_endpoint", "/oauth2/v2.0/devicecode"},
        {"jwks_uri", "/discovery/v2.0/keys"},
        {"issuer", "/v2.0"},
    };
    struct entra_error e = check_tenant(t, name);
    if (e.code) {
        refuse(t, r, e);
        return;
    }
    struct t_writer w = {.b = &r->own};
    struct t_buf b = {0};
    t_json_open(&w, '{');
    for (isize i = 0; i < COUNT(members); i++) {
        b.n = 0;
        t_buf_z(&b, q->link && !q->link->tls ? "http://" : "https://");
        t_buf_put(&b, t_request_header(q, "host"));
        t_buf_byte(&b, '/');
        t_buf_put(&b, t->o.tenant_id);
        t_buf_z(&b, members[i].path);
        t_json_put_member(&w, members[i].key, t_buf_str(&b));
    }
    t_json_close(&w, '}');
    t_response_header(r, "Content-Type: application/json; charset=utf-8");
    t_buf_free(&b);
}

static void grant(struct tenant *t, const struct t_request *q, str name, struct t_response *r)
{
    struct entra *e = t->entra;
    enum entra_resource resource = ENTRA_GRAPH;
    enum entra_credential kind = ENTRA_SECRET;
    struct entra_error error = check(t, q, name, &resource, &kind);
    if (error.code) {
        refuse(t, r, error);
        return;
    }
    entra_token_issue(t, resource, r);
    i64 *by = kind == ENTRA_SECRET        ? &e->by_secret
              : kind == ENTRA_CERTIFICATE ? &e->by_certificate
                                          : &e->by_federation;
    ++*by;
}

void entra_handle(struct tenant *t, const struct t_request *q, struct t_response *r)
{
    struct t_buf name = {0};
    bool named = t_path_part(q->path, 0, &name);
    str rest = str_from_index(q->path, q->path.n > 0 ? 1 : 0), head;
    bool found = false;
    rest = str_cut(rest, '/', &head, &found);
    r->delay_ms += t->entra->latency_ms;
    if (named && t_request_is(q, "GET") &&
        str_eq(rest, S("v2.0/.well-known/openid-configuration"))) {
        discover(t, q, t_buf_str(&name), r);
    } else if (!named || !str_eq(rest, S("oauth2/v2.0/token"))) {
        r->status = 404;
        t_buf_z(&r->own, "<html><body>404 - File or directory not found.</body></html>");
        t_response_header(r, "Content-Type: text/html");
    } else if (!t_request_is(q, "POST")) {
        r->status = 405;
        t_response_header(r, "Allow: POST");
    } else if (!str_starts_nocase(t_request_header(q, "content-type"),
                                  S("application/x-www-form-urlencoded"))) {
        refuse(t, r, entra_fail(9002313, "Invalid request. Request is malformed or invalid."));
    } else {
        grant(t, q, t_buf_str(&name), r);
    }
    t_buf_free(&name);
}
