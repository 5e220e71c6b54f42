// SPDX-License-Identifier: Apache-2.0
// Tokens by client credentials (see entra_token.h). The request is a form whose values are all
// encoded; of the proofs, the assertion (RFC 7523) is signed here, at most ENTRA_ASSERTION_S long.
// A token with bytes that may not stand in a header is refused. Bounds: ENTRA_REQUEST_BYTES,
// ENTRA_ANSWER_BYTES, ENTRA_TOKEN_BYTES. spec/wire-graph.md 1; Microsoft, "Microsoft identity
// platform application authentication certificate credentials".
#include "source/outlook/entra_token.h"

#include <string.h>

#include "codec/base64.h"
#include "codec/json_write.h"
#include "net/bearer.h"
#include "net/retry.h"
#include "os/os.h"
#include "source/outlook/entra_error.h"

enum {
    TOKEN_CLAIMS_BYTES = 1024,    // a URL with the tenant (320), the client twice, jti, three times
    TOKEN_ASSERTION_BYTES = 2560, // header and claims encoded (1,600), a signature (683)
    TOKEN_SIGNATURE_BYTES = 512,
    TOKEN_CLOCK_S = 60, // an assertion is valid so long before it is made: clocks differ
};

bool entra_token_is_usable(const struct entra_token *t, i64 now_ms)
{
    return t->bytes && now_ms < t->expires_ms;
}

bool entra_token_is_due(const struct entra_token *t, i64 now_ms)
{
    return !t->bytes || now_ms >= t->renew_ms;
}

// ---- asking

static void token_put_part(struct buf *out, const struct buf *json)
{
    out->full = out->full || json->full;
    base64_encode_url(out, buf_str(json));
}

// The audience is the cloud's own, also where the request goes to another address (a proxy, a
// test).
void entra_token_put_claims(const struct entra_account *a, const struct entra_cloud *cloud,
                            i64 unix_s, str id, struct buf *out)
{
    u8 bytes[TOKEN_CLAIMS_BYTES], print_bytes[48], url_bytes[ENTRA_TENANT_BYTES + 64];
    struct buf json = buf_over(bytes, COUNT(bytes));
    struct buf print = buf_over(print_bytes, COUNT(print_bytes));
    struct buf url = buf_over(url_bytes, COUNT(url_bytes));
    struct json_write w = json_write_to(&json);
    base64_encode_url(&print, str_make(a->identity->thumbprint, 32));
    json_write_object(&w);
    json_write_member(&w, S("typ"), S("JWT"));
    json_write_member(&w, S("alg"), a->identity->pkcs1 ? S("RS256") : S("PS256"));
    json_write_member(&w, S("x5t#S256"), buf_str(&print));
    json_write_object_end(&w);
    token_put_part(out, &json);
    buf_put_byte(out, '.');

    buf_put(&url, str_from(cloud->login));
    buf_put_byte(&url, '/');
    buf_put(&url, a->tenant);
    buf_put(&url, S("/oauth2/v2.0/token"));
    json = buf_over(bytes, COUNT(bytes));
    w = json_write_to(&json);
    json_write_object(&w);
    json_write_member(&w, S("aud"), buf_str(&url));
    json_write_member(&w, S("iss"), a->client_id);
    json_write_member(&w, S("sub"), a->client_id);
    json_write_member(&w, S("jti"), id);
    json_write_key(&w, S("nbf"));
    json_write_i64(&w, unix_s - TOKEN_CLOCK_S);
    json_write_key(&w, S("iat"));
    json_write_i64(&w, unix_s);
    json_write_key(&w, S("exp"));
    json_write_i64(&w, unix_s - TOKEN_CLOCK_S + ENTRA_ASSERTION_S);
    json_write_object_end(&w);
    out->full = out->full || url.full;
    token_put_part(out, &json);
}

static err token_put_signed(const struct entra_account *a, const struct entra_cloud *cloud,
                            struct buf *text)
{
    u8 random[16], id_bytes[32], signature_bytes[TOKEN_SIGNATURE_BYTES];
    struct buf id = buf_over(id_bytes, COUNT(id_bytes));
    struct buf signature = buf_over(signature_bytes, COUNT(signature_bytes));
    os_entropy(random, COUNT(random));
    buf_put_hex(&id, str_make(random, COUNT(random)));
    entra_token_put_claims(a, cloud, os_unix_us() / 1000000, buf_str(&id), text);
    TRY(buf_check(text));
    TRY(a->identity->pkcs1 ? crypto_sign_rs256(a->identity->key, buf_str(text), &signature)
                           : crypto_sign_ps256(a->identity->key, buf_str(text), &signature));
    buf_put_byte(text, '.');
    base64_encode_url(text, buf_str(&signature));
    return buf_check(text);
}

// Whoever has it is this app for ten minutes: it stays in the request alone.
static err token_put_assertion(const struct entra_account *a, const struct entra_cloud *cloud,
                               struct buf *body)
{
    u8 bytes[TOKEN_ASSERTION_BYTES];
    struct buf text = buf_over(bytes, COUNT(bytes));
    err e = token_put_signed(a, cloud, &text);
    if (err_ok(e)) {
        buf_put(body, buf_str(&text)); // base64url and dots: nothing to encode
    }
    crypto_wipe(bytes, COUNT(bytes));
    return e;
}

static err token_put_proof(const struct entra_account *a, const struct entra_cloud *cloud,
                           struct buf *body, struct buf *detail)
{
    if (a->proof == ENTRA_PROOF_SECRET) {
        buf_put(body, S("&client_secret="));
        url_put_form(body, a->secret);
        return OK;
    }
    ASSERT(a->proof != ENTRA_PROOF_NONE);
    buf_put(body, S("&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3A"
                    "jwt-bearer&client_assertion="));
    return a->proof == ENTRA_PROOF_KEY ? token_put_assertion(a, cloud, body)
                                       : entra_account_put_file(a, body, detail);
}

static err token_put_form(const struct entra_account *a, const struct entra_where *where,
                          struct buf *body, struct buf *detail)
{
    buf_put(body, S("grant_type=client_credentials&client_id="));
    url_put_form(body, a->client_id);
    buf_put(body, S("&scope="));
    url_put_form(body,
                 str_from(where->resource == ENTRA_EWS ? where->cloud->ews : where->cloud->graph));
    url_put_form(body, S("/.default"));
    TRY(token_put_proof(a, where->cloud, body, detail));
    return buf_check(body);
}

err entra_token_ask(struct entra_token *t, const struct entra_account *a,
                    const struct entra_where *where, struct exchange *x)
{
    struct buf body = buf_over(t->request, ENTRA_REQUEST_BYTES);
    entra_token_stop(t);
    err e = token_put_form(a, where, &body, &x->detail);
    t->request_bytes = body.n;
    if (!err_ok(e)) {
        entra_token_stop(t);
        return e;
    }
    t->asking = true;
    t->asked_ms = os_mono_ms();
    x->dest = where->login;
    x->method = S("POST");
    buf_put_byte(&x->target, '/');
    buf_put(&x->target, a->tenant); // a GUID or a domain: nothing to encode
    buf_put(&x->target, S("/oauth2/v2.0/token"));
    exchange_header(x, S("Content-Type"), S("application/x-www-form-urlencoded"));
    exchange_header(x, S("Accept"), S("application/json"));
    x->body = buf_str(&body);
    x->answer_bytes = EXCHANGE_TOKEN_BYTES;
    return OK;
}

void entra_token_header(const struct entra_token *t, struct exchange *x)
{
    bearer_put_header(str_make(t->text, t->bytes), x);
}

// ---- the answer

void entra_token_head(struct entra_token *t, const struct http_head *head)
{
    i64 wait_ms = head->status >= 400 ? retry_after_ms(head, os_unix_us() / 1000000) : -1;
    t->status = head->status;
    t->retry_at_ms = wait_ms >= 0 ? os_mono_ms() + wait_ms : 0;
    t->answer_bytes = 0;
}

// Cut where it is longer than its memory: it is no JSON then, and the status alone decides.
void entra_token_body(struct entra_token *t, str *in)
{
    struct buf answer = buf_over(t->answer, ENTRA_ANSWER_BYTES);
    answer.n = t->answer_bytes;
    isize room = buf_room(&answer);
    buf_put(&answer, str_slice(*in, 0, in->n < room ? in->n : room));
    t->answer_bytes = answer.n;
    *in = str_from_index(*in, in->n);
}

// The token that there is stays, unless another one is here.
static err token_read(struct entra_token *t)
{
    // The request is over: its memory is wiped next.
    struct buf text = buf_over(t->request, ENTRA_TOKEN_BYTES);
    i64 life_ms;
    bool given = bearer_read(str_make(t->answer, t->answer_bytes), &text, &life_ms);
    t->request_bytes = text.n > t->request_bytes ? text.n : t->request_bytes;
    if (!given) {
        return FAIL(ENTRA_ANSWER);
    }
    i64 early_ms = life_ms / 2 < ENTRA_RENEW_MS ? life_ms / 2 : ENTRA_RENEW_MS;
    memcpy(t->text, text.p, (size_t)text.n);
    t->bytes = text.n;
    t->generation++;
    t->roles = entra_roles_read(buf_str(&text));
    t->expires_ms = t->asked_ms + life_ms;
    t->renew_ms = t->expires_ms - early_ms;
    return OK;
}

_Static_assert(ENTRA_REQUEST_BYTES >= ENTRA_TOKEN_BYTES, "a token fits where its request was");

err entra_token_end(struct entra_token *t, const struct entra_account *a, struct exchange *x)
{
    err e = t->status == 200
                ? token_read(t)
                : entra_error_judge(a, t->status, str_make(t->answer, t->answer_bytes), x);
    bool again = err_class(e) == ERR_CLASS_RETRY;
    if (again && t->retry_at_ms) {
        x->retry_at_ms = t->retry_at_ms;
    }
    entra_token_stop(t);
    t->asking = again;
    return e;
}

void entra_token_stop(struct entra_token *t)
{
    crypto_wipe(t->request, t->request_bytes);
    crypto_wipe(t->answer, t->answer_bytes);
    t->request_bytes = t->answer_bytes = 0;
    t->asking = false;
    t->status = 0;
    t->retry_at_ms = 0;
}

bool entra_token_outlives(struct entra_token *t, i64 now_ms)
{
    if (!entra_token_is_usable(t, now_ms)) {
        return false;
    }
    t->renew_ms = now_ms + ENTRA_RETRY_MS;
    return true;
}

// ---- what the APIs say to it

void entra_token_accept(struct entra_token *t, u32 generation)
{
    if (generation == t->generation && t->bytes) {
        t->refusals = 0;
    }
}

err entra_token_refuse(struct entra_token *t, u32 generation)
{
    if (generation != t->generation || !t->bytes) {
        return OK; // an older one: its successor is here or under way
    }
    t->bytes = 0;
    if (t->refusals > 0) {
        return FAIL(ENTRA_REVOKED);
    }
    t->refusals++;
    return OK;
}

void entra_token_wipe(struct entra_token *t)
{
    crypto_wipe(t, sizeof *t);
}
