// SPDX-License-Identifier: Apache-2.0
// What the Google services share; see google.h and spec/wire-gmail.md 8.
#include "google.h"

#include <stdio.h>
#include <string.h>

static const char *status_name(int status, const char *reason)
{
    if (strcmp(reason, "failedPrecondition") == 0 || status == 412) {
        return "FAILED_PRECONDITION";
    }
    switch (status) {
    case 400:
        return "INVALID_ARGUMENT";
    case 401:
        return "UNAUTHENTICATED";
    case 403:
        return "PERMISSION_DENIED";
    case 404:
        return "NOT_FOUND";
    case 429:
        return "RESOURCE_EXHAUSTED";
    case 503:
        return "UNAVAILABLE";
    case 504:
        return "DEADLINE_EXCEEDED";
    default:
        return "INTERNAL";
    }
}

static bool is_usage(const char *reason)
{
    static const char *const names[] = {"rateLimitExceeded", "userRateLimitExceeded",
                                        "quotaExceeded", "dailyLimitExceeded",
                                        "accessNotConfigured"};
    for (isize i = 0; i < COUNT(names); i++) {
        if (strcmp(reason, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void put_details(struct t_writer *w, const char *reason)
{
    const char *detail = strcmp(reason, "insufficientPermissions") == 0
                             ? "ACCESS_TOKEN_SCOPE_INSUFFICIENT"
                         : strcmp(reason, "accessNotConfigured") == 0 ? "SERVICE_DISABLED"
                                                                      : NULL;
    if (detail) {
        t_json_key(w, "details");
        t_json_open(w, '[');
        t_json_item(w);
        t_json_open(w, '{');
        t_json_put_member(w, "@type", S("type.googleapis.com/google.rpc.ErrorInfo"));
        t_json_put_member(w, "reason", str_from(detail));
        t_json_put_member(w, "domain", S("googleapis.com"));
        t_json_close(w, '}');
        t_json_close(w, ']');
    }
}

void google_error(struct t_response *r, int status, const char *reason, const char *message)
{
    r->status = status;
    r->own.n = 0;
    struct t_writer w = {.b = &r->own, .pretty = true};
    t_json_open(&w, '{');
    t_json_key(&w, "error");
    t_json_open(&w, '{');
    t_json_put_number(&w, "code", status);
    t_json_put_member(&w, "message", str_from(message));
    t_json_key(&w, "errors");
    t_json_open(&w, '[');
    t_json_item(&w);
    t_json_open(&w, '{');
    t_json_put_member(&w, "message", str_from(message));
    t_json_put_member(&w, "domain", str_from(is_usage(reason) ? "usageLimits" : "global"));
    t_json_put_member(&w, "reason", str_from(reason));
    if (status == 401) {
        t_json_put_member(&w, "location", S("Authorization"));
        t_json_put_member(&w, "locationType", S("header"));
    }
    t_json_close(&w, '}');
    t_json_close(&w, ']');
    t_json_put_member(&w, "status", str_from(status_name(status, reason)));
    put_details(&w, reason);
    t_json_close(&w, '}');
    t_json_close(&w, '}');
    t_buf_byte(&r->own, '\n');
    if (status == 401) {
        t_response_header(r, "WWW-Authenticate: Bearer realm=\"https://accounts.google.com/\", "
                             "error=\"invalid_token\"");
    }
    t_response_header(r, "Content-Type: application/json; charset=UTF-8");
}

void token_error(struct t_response *r, int status, const char *error, const char *description)
{
    r->status = status;
    r->own.n = 0;
    struct t_writer w = {.b = &r->own, .pretty = true};
    t_json_open(&w, '{');
    t_json_put_member(&w, "error", str_from(error));
    t_json_put_member(&w, "error_description", str_from(description));
    t_json_close(&w, '}');
    t_response_header(r, "Content-Type: application/json; charset=utf-8");
    t_response_header(r, "Cache-Control: no-cache, no-store, max-age=0, must-revalidate");
}

// "ya29.c.c0AY", the place in the table (8 hex digits), the secret (16), filling.
static struct t_token *find_token(struct tenant *t, str bearer)
{
    static const char prefix[] = "ya29.c.c0AY";
    isize n = (isize)sizeof(prefix) - 1;
    u64 place = 0, secret = 0;
    if (bearer.n < n + 24 || !str_starts(bearer, str_from(prefix)) ||
        !str_to_u64_hex(str_slice(bearer, n, n + 8), &place) ||
        !str_to_u64_hex(str_slice(bearer, n + 8, n + 24), &secret) ||
        place >= (u64)t->token_count || t->tokens[place].secret != secret) {
        return NULL;
    }
    return &t->tokens[place];
}

const struct t_token *google_authorize(struct tenant *t, const struct t_request *q,
                                       struct t_response *r, int scopes)
{
    str value = t_request_header(q, "authorization");
    if (!str_starts_nocase(value, S("bearer "))) {
        google_error(
            r, 401, "required",
            "Request is missing required authentication credential. Expected OAuth 2 access "
            "token, login cookie or other valid authentication credential.");
        return NULL;
    }
    const struct t_token *k = find_token(t, str_trim(str_from_index(value, 7)));
    if (!k || k->revoked || t->now_ms >= k->expires_ms) {
        google_error(
            r, 401, "authError",
            "Request had invalid authentication credentials. Expected OAuth 2 access token, "
            "login cookie or other valid authentication credential.");
        return NULL;
    }
    if ((k->scopes & scopes) == 0) {
        google_error(r, 403, "insufficientPermissions",
                     "Request had insufficient authentication scopes.");
        return NULL;
    }
    return k;
}

// `a,b(c,d/e)` becomes the lines a, b/c, b/d/e.
static bool spell_out(str spec, struct t_buf *paths)
{
    struct t_buf prefix = {0};
    isize lengths[8];
    int depth = 0;
    bool ok = true;
    isize start = 0; // of the current name within `prefix`
    for (isize i = 0; i <= spec.n && ok; i++) {
        u8 c = i < spec.n ? spec.p[i] : ',';
        bool named = prefix.n > start;
        if (c == '(') {
            ok = named && depth < (int)COUNT(lengths);
            if (ok) {
                t_buf_byte(&prefix, '/');
                lengths[depth++] = start;
                start = prefix.n;
            }
        } else if (c == ',' || c == ')') {
            if (named) {
                t_buf_put(paths, t_buf_str(&prefix));
                t_buf_byte(paths, '\n');
            } else {
                ok = i > 0 && spec.p[i - 1] == ')';
            }
            prefix.n = start;
            if (c == ')') {
                ok = ok && depth > 0;
                start = depth > 0 ? lengths[--depth] : 0;
                prefix.n = start;
            }
        } else {
            t_buf_byte(&prefix, c);
        }
    }
    t_buf_free(&prefix);
    return ok && depth == 0;
}

// Component by component: is one of the two paths the beginning of the other?
static bool is_compatible(str a, str b)
{
    bool more_a = true, more_b = true;
    while (more_a && more_b) {
        str x, y;
        a = str_cut(a, '/', &x, &more_a);
        b = str_cut(b, '/', &y, &more_b);
        if (!str_eq(x, y) && !str_eq(x, S("*"))) {
            return false;
        }
    }
    return true;
}

static bool is_known(str path, const char *const *known)
{
    for (; *known; known++) {
        if (is_compatible(path, str_from(*known))) {
            return true;
        }
    }
    return false;
}

bool google_fields(const struct t_request *q, const char *const *known, struct t_fields *f,
                   struct t_response *r)
{
    *f = (struct t_fields){0};
    struct t_buf spec = {0};
    f->all = !t_query_get(q->query, "fields", 0, &spec) || spec.n == 0;
    bool ok = f->all || spell_out(t_buf_str(&spec), &f->paths);
    str bad = t_buf_str(&spec);
    str rest = t_buf_str(&f->paths);
    while (ok && rest.n > 0) {
        bool found = false;
        rest = str_cut(rest, '\n', &bad, &found);
        ok = is_known(bad, known);
    }
    if (!ok) {
        char text[256];
        snprintf(text, sizeof(text), "Invalid field selection %.*s",
                 (int)(bad.n < 200 ? bad.n : 200), (const char *)bad.p);
        google_error(r, 400, "invalidParameter", text);
        t_buf_free(&f->paths);
    }
    t_buf_free(&spec);
    return ok;
}

bool google_wants(const struct t_fields *f, const char *path)
{
    str rest = t_buf_str(&f->paths), line;
    bool wanted = f->all;
    while (!wanted && rest.n > 0) {
        bool found = false;
        rest = str_cut(rest, '\n', &line, &found);
        wanted = is_compatible(line, str_from(path));
    }
    return wanted;
}

struct t_writer google_writer(const struct t_request *q, struct t_response *r)
{
    struct t_buf v = {0};
    bool compact = t_query_get(q->query, "prettyPrint", 0, &v) &&
                   str_eq_nocase(t_buf_str(&v), S("false"));
    t_buf_free(&v);
    return (struct t_writer){.b = &r->own, .pretty = !compact};
}

void google_finish(const struct t_request *q, struct t_response *r, bool may_gzip)
{
    t_response_header(r, "Content-Type: application/json; charset=UTF-8");
    t_response_header(r, "Vary: Origin, X-Origin, Referer");
    bool asked = str_contains_nocase(t_request_header(q, "accept-encoding"), S("gzip")) &&
                 str_contains_nocase(t_request_header(q, "user-agent"), S("gzip"));
    if (may_gzip && asked && r->own.n > 200) {
        struct t_buf packed = {0};
        if (t_gzip(t_buf_str(&r->own), &packed)) {
            t_buf_free(&r->own);
            r->own = packed;
            t_response_header(r, "Content-Encoding: gzip");
        }
    }
}

bool google_number(const struct t_request *q, const char *name, i64 max, i64 *n,
                   struct t_response *r)
{
    struct t_buf v = {0};
    bool given = t_query_get(q->query, name, 0, &v);
    bool ok = !given || (str_to_i64(t_buf_str(&v), n) && *n >= 1);
    if (!ok) {
        char text[256];
        snprintf(text, sizeof(text), "Invalid value at '%s' (TYPE_INT32), \"%.*s\"", name,
                 (int)(v.n < 100 ? v.n : 100), (const char *)v.p);
        google_error(r, 400, "badRequest", text);
    } else if (*n > max) {
        *n = max; // Google lowers silently
    }
    t_buf_free(&v);
    return ok;
}
