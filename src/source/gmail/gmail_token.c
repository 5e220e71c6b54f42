// SPDX-License-Identifier: Apache-2.0
// Tokens by JWT bearer assertion (see gmail_token.h). Owned by a mailbox or the directory; bounds
// are GMAIL_TOKEN_BYTES and GMAIL_ASSERTION_BYTES; a token with bytes that may not stand in a
// header is refused. RFC 7515 (JWS), RFC 7523; spec/wire-gmail.md 2.
#include "source/gmail/gmail_token.h"

#include <string.h>

#include "codec/base64.h"
#include "codec/json_write.h"
#include "net/bearer.h"
#include "os/os.h"

enum {
    TOKEN_LIFE_S = 3600,       // the most that Google allows
    TOKEN_CLAIMS_BYTES = 1536, // issuer, user (320), scope, audience, two times
    TOKEN_SIGNATURE_BYTES = 512,
};

bool gmail_token_is_usable(const struct gmail_token *t, i64 now_ms)
{
    return t->bytes && now_ms < t->expires_ms;
}

bool gmail_token_is_due(const struct gmail_token *t, i64 now_ms)
{
    return !t->bytes || now_ms >= t->renew_ms;
}

// ---- asking

static void token_put_part(struct buf *out, const struct buf *json)
{
    if (json->full) {
        out->full = true;
    }
    base64_encode_url(out, buf_str(json));
}

void gmail_token_put_claims(const struct gmail *g, enum gmail_call call, str user, i64 unix_s,
                            struct buf *out)
{
    u8 bytes[TOKEN_CLAIMS_BYTES];
    struct buf json = buf_over(bytes, COUNT(bytes));
    struct json_write w = json_write_to(&json);
    json_write_object(&w);
    json_write_member(&w, S("typ"), S("JWT"));
    json_write_member(&w, S("alg"), S("RS256"));
    json_write_member(&w, S("kid"), g->account.key_id);
    json_write_object_end(&w);
    token_put_part(out, &json);
    buf_put_byte(out, '.');

    json = buf_over(bytes, COUNT(bytes));
    w = json_write_to(&json);
    json_write_object(&w);
    json_write_key(&w, S("iat"));
    json_write_i64(&w, unix_s);
    json_write_key(&w, S("exp"));
    json_write_i64(&w, unix_s + TOKEN_LIFE_S);
    json_write_member(&w, S("iss"), g->account.email);
    // Google's constant, also where the request goes to another address (a proxy, a test).
    json_write_member(&w, S("aud"), GMAIL_TOKEN_URI);
    json_write_member(&w, S("scope"), gmail_error_scope(call));
    json_write_member(&w, S("sub"), user);
    json_write_object_end(&w);
    token_put_part(out, &json);
}

err gmail_token_ask(struct gmail *g, struct gmail_token *t, enum gmail_call call, str user,
                    struct exchange *x)
{
    u8 bytes[TOKEN_SIGNATURE_BYTES];
    struct buf signature = buf_over(bytes, COUNT(bytes));
    struct buf body = buf_over(t->request, GMAIL_ASSERTION_BYTES);
    str form = S("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=");
    buf_put(&body, form);
    gmail_token_put_claims(g, call, user, os_unix_us() / 1000000, &body);
    TRY(buf_check(&body));
    TRY(crypto_sign_rs256(g->account.key, str_from_index(buf_str(&body), form.n), &signature));
    buf_put_byte(&body, '.');
    base64_encode_url(&body, buf_str(&signature));
    TRY(buf_check(&body));

    x->dest = &g->run.token_dest;
    x->method = S("POST");
    buf_put(&x->target, g->run.token_target);
    exchange_header(x, S("Content-Type"), S("application/x-www-form-urlencoded"));
    exchange_header(x, S("Accept"), S("application/json"));
    x->body = buf_str(&body);
    x->answer_bytes = EXCHANGE_TOKEN_BYTES;
    return OK;
}

void gmail_token_header(const struct gmail_token *t, struct exchange *x)
{
    bearer_put_header(str_make(t->text, t->bytes), x);
}

// ---- the answer

// The token that there is stays, unless another one is here.
err gmail_token_read(struct gmail_token *t, const struct gmail_answer *a)
{
    // The request is over: its memory is free.
    struct buf text = buf_over(t->request, GMAIL_TOKEN_BYTES);
    i64 life_ms;
    if (a->text.full || !bearer_read(buf_str(&a->text), &text, &life_ms)) {
        return FAIL(TOKEN_ANSWER);
    }
    i64 early_ms = life_ms / 2 < GMAIL_RENEW_MS ? life_ms / 2 : GMAIL_RENEW_MS;
    memcpy(t->text, text.p, (size_t)text.n);
    crypto_wipe(text.p, text.n);
    t->bytes = text.n;
    t->generation++;
    t->expires_ms = t->asked_ms + life_ms;
    t->renew_ms = t->expires_ms - early_ms;
    t->wanted = false;
    return OK;
}

_Static_assert(sizeof(((struct gmail_token *)0)->request) >= GMAIL_TOKEN_BYTES,
               "a token fits where its request was");

// ---- what the APIs say to it

void gmail_token_accept(struct gmail_token *t, u32 generation)
{
    if (generation == t->generation && t->bytes) {
        t->refusals = 0;
    }
}

err gmail_token_refuse(struct gmail_token *t, u32 generation)
{
    if (generation != t->generation || !t->bytes) {
        return OK; // an older one: its successor is here or under way
    }
    t->bytes = 0;
    t->wanted = true;
    if (t->refusals > 0) {
        return FAIL(TOKEN_REVOKED);
    }
    t->refusals++;
    return OK;
}

void gmail_token_wipe(struct gmail_token *t)
{
    crypto_wipe(t, sizeof *t);
}
