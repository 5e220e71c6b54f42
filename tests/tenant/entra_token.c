// SPDX-License-Identifier: Apache-2.0
// The tokens that the fake Entra gave: JWTs in form, whose "signature" is a keyed hash.
#include <stdio.h>

#include "base/hash.h"
#include "entra.h"
#include "graph.h"

#define SIGNATURE_BYTES 256

const str entra_resources[ENTRA_RESOURCES] = {
    [ENTRA_GRAPH] = S("https://graph.microsoft.com"),
    [ENTRA_EXCHANGE] = S("https://outlook.office365.com"),
};

static const struct {
    int role;
    enum entra_resource resource;
    const char *name;
} roles[] = {
    {GRAPH_ROLE_USERS, ENTRA_GRAPH, "User.Read.All"},
    {GRAPH_ROLE_MAIL, ENTRA_GRAPH, "Mail.Read"},
    {GRAPH_ROLE_CALENDAR, ENTRA_GRAPH, "Calendars.Read"},
    {GRAPH_ROLE_CONTACTS, ENTRA_GRAPH, "Contacts.Read"},
    {GRAPH_ROLE_TASKS, ENTRA_GRAPH, "Tasks.Read.All"},
    {GRAPH_ROLE_SETTINGS, ENTRA_GRAPH, "MailboxSettings.Read"},
    {GRAPH_ROLE_EWS, ENTRA_EXCHANGE, "full_access_as_app"},
};

// The "signature": a keyed hash, as long as that of RS256.
static void put_signature(struct t_buf *b, u64 secret, str text)
{
    struct t_buf raw = {0};
    for (u64 i = 0; i < SIGNATURE_BYTES / 8; i++) {
        u64 h = hash_siphash((struct hash_key){secret, i}, text);
        t_buf_put(&raw, str_make(&h, (isize)sizeof(h)));
    }
    isize at = b->n;
    t_base64_put(b, t_buf_str(&raw), true);
    while (b->n > at && b->p[b->n - 1] == '=') {
        b->n--;
    }
    t_buf_free(&raw);
}

static void put_part(struct t_buf *b, const struct t_buf *json)
{
    t_base64_put(b, t_buf_str(json), true);
    while (b->n > 0 && b->p[b->n - 1] == '=') {
        b->n--;
    }
}

static void put_claims(const struct tenant *t, const struct entra_token *k, i64 place,
                       struct t_buf *json)
{
    struct t_writer w = {.b = json};
    struct t_buf b = {0};
    t_json_open(&w, '{');
    t_json_put_member(&w, "aud", entra_resources[k->resource]);
    t_buf_z(&b, "https://sts.windows.net/");
    t_buf_put(&b, t->o.tenant_id);
    t_buf_byte(&b, '/');
    t_json_put_member(&w, "iss", t_buf_str(&b));
    t_json_put_number(&w, "iat", t->now_ms / 1000 - 300);
    t_json_put_number(&w, "nbf", t->now_ms / 1000 - 300);
    t_json_put_number(&w, "exp", k->expires_ms / 1000);
    t_json_put_member(&w, "aio", S("k2RgYLi0bN1iB62d0q6BxQkMAA=="));
    t_json_put_member(&w, "app_displayname", S("mailferry"));
    t_json_put_member(&w, "appid", t->o.app_id);
    t_json_put_member(&w, "appidacr", S("1"));
    t_json_put_member(&w, "idtyp", S("app"));
    t_json_key(&w, "roles");
    t_json_open(&w, '[');
    for (isize i = 0; i < COUNT(roles); i++) {
        if (roles[i].resource == k->resource && (k->roles & roles[i].role)) {
            t_json_item(&w);
            t_json_put_string(json, str_from(roles[i].name));
        }
    }
    t_json_close(&w, ']');
    t_json_put_member(&w, "tid", t->o.tenant_id);
    b.n = 0;
    t_buf_printf(&b, "%llx", (unsigned long long)place);
    t_json_put_member(&w, "uti", t_buf_str(&b));
    t_json_put_member(&w, "ver", S("1.0"));
    // As long as a real one, which a client must have room for.
    b.n = 0;
    for (int i = 0; i < 40; i++) {
        t_buf_printf(&b, "%016llx", (unsigned long long)(k->secret * (u64)(2 * i + 3)));
    }
    t_json_put_member(&w, "xms_idrel", t_buf_str(&b));
    t_json_close(&w, '}');
    t_buf_free(&b);
}

void entra_token_issue(struct tenant *t, enum entra_resource resource, struct t_response *r)
{
    struct entra *e = t->entra;
    if (e->token_count == e->token_cap) {
        e->token_cap = e->token_cap * 2 + 64;
        e->tokens = t_resize(e->tokens, e->token_cap * (isize)sizeof(*e->tokens));
    }
    i64 place = e->token_count++;
    u64 secret = hash_siphash((struct hash_key){t->o.seed, 13},
                              str_make(&place, (isize)sizeof(place)));
    struct entra_token *k = &e->tokens[place];
    *k = (struct entra_token){.secret = secret,
                              .expires_ms = t->now_ms + e->token_ttl_s * 1000,
                              .roles = e->roles,
                              .resource = resource};
    e->issued[resource]++;
    struct t_buf header = {0}, claims = {0}, token = {0};
    t_buf_printf(&header,
                 "{\"typ\":\"JWT\",\"nonce\":\"%016llx\",\"alg\":\"RS256\","
                 "\"x5t\":\"q-23falevZhhD3hm9CQbkP5MQyU\",\"kid\":"
                 "\"q-23falevZhhD3hm9CQbkP5MQyU\"}",
                 (unsigned long long)ews_mix(secret));
    put_claims(t, k, place, &claims);
    put_part(&token, &header);
    t_buf_byte(&token, '.');
    put_part(&token, &claims);
    struct t_buf signature = {0};
    put_signature(&signature, secret, t_buf_str(&token));
    t_buf_byte(&token, '.');
    t_buf_put(&token, t_buf_str(&signature));
    i64 life = e->token_ttl_s > 0 ? e->token_ttl_s - 1 : 0;
    struct t_writer w = {.b = &r->own};
    t_json_open(&w, '{');
    t_json_put_member(&w, "token_type", S("Bearer"));
    t_json_put_number(&w, "expires_in", life);
    t_json_put_number(&w, "ext_expires_in", life);
    t_json_put_member(&w, "access_token", t_buf_str(&token));
    t_json_close(&w, '}');
    t_response_header(r, "Content-Type: application/json; charset=utf-8");
    t_response_header(r, "Cache-Control: no-store, no-cache");
    t_response_header(r, "Pragma: no-cache");
    t_buf_free(&header);
    t_buf_free(&claims);
    t_buf_free(&token);
    t_buf_free(&signature);
}

// The place in the table that the claims name, if the signature is ours; -1.
static i64 find_place(const struct entra *e, str bearer)
{
    str header, claims;
    bool one = false, two = false;
    str rest = str_cut(bearer, '.', &header, &one);
    str signature = str_cut(rest, '.', &claims, &two);
    struct t_buf json = {0}, uti = {0}, want = {0};
    str whole;
    u64 place = 0;
    bool ok = one && two && t_base64_decode(&json, claims) &&
              t_json_whole(t_buf_str(&json), &whole) && t_json_get_text(whole, "uti", &uti) &&
              str_to_u64_hex(t_buf_str(&uti), &place) && place < (u64)e->token_count;
    if (ok) {
        put_signature(&want, e->tokens[place].secret,
                      str_slice(bearer, 0, header.n + 1 + claims.n));
        ok = str_eq(t_buf_str(&want), signature);
    }
    t_buf_free(&json);
    t_buf_free(&uti);
    t_buf_free(&want);
    return ok ? (i64)place : -1;
}

const struct entra_token *entra_token_find(struct tenant *t, str bearer,
                                           enum entra_resource resource, const char **why)
{
    const struct entra *e = t->entra;
    i64 place = find_place(e, bearer);
    const struct entra_token *k = place < 0 ? NULL : &e->tokens[place];
    *why = bearer.n == 0                    ? "Access token is empty."
           : str_find_byte(bearer, '.') < 0 ? "IDX14100: JWT is not well formed, there are no dots "
                                              "(.)."
           : !k                             ? "Access token validation failure. Invalid signature."
           : k->resource != resource        ? "Access token validation failure. Invalid audience."
           : t->now_ms >= k->expires_ms     ? "Lifetime validation failed, the token is expired."
           : k->revoked                     ? "Access token has expired or is not yet valid."
                                            : NULL;
    return *why ? NULL : k;
}
