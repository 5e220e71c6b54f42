// SPDX-License-Identifier: Apache-2.0
// Reading bearer tokens (see bearer.h). Pure; an answer of more than BEARER_NODES JSON values is
// none.
#include "net/bearer.h"

#include "codec/json.h"

enum {
    BEARER_NODES = 64,
    BEARER_LIFE_UNKNOWN_S = 600, // of a token that does not say how long it lives
    BEARER_LIFE_MIN_S = 60, // one that is due as soon as it comes would be asked for again for ever
    BEARER_LIFE_MAX_S = 86400,
};

// What may follow "Bearer " in a header (RFC 6750, section 2.1).
static bool bearer_is_clean(str s)
{
    for (isize i = 0; i < s.n; i++) {
        if (s.p[i] <= ' ' || s.p[i] >= 0x7f) {
            return false;
        }
    }
    return s.n > 0;
}

static bool bearer_is_type(const struct json *j)
{
    u8 word[16];
    struct buf kind = buf_over(word, COUNT(word));
    int type = json_get(j, 0, S("token_type"));
    return type < 0 ||
           (json_put_string(j, type, &kind) && str_eq_nocase(buf_str(&kind), S("bearer")));
}

bool bearer_read(str answer, struct buf *text, i64 *life_ms)
{
    struct json_node nodes[BEARER_NODES];
    struct json j;
    i64 life_s;
    buf_reset(text);
    if (!err_ok(json_parse(&j, answer, nodes, BEARER_NODES)) || !bearer_is_type(&j) ||
        !json_put_string(&j, json_get(&j, 0, S("access_token")), text) || text->full ||
        !bearer_is_clean(buf_str(text))) {
        return false;
    }
    if (!json_i64(&j, json_get(&j, 0, S("expires_in")), &life_s) || life_s < 1) {
        life_s = BEARER_LIFE_UNKNOWN_S;
    }
    life_s = life_s > BEARER_LIFE_MIN_S ? life_s : BEARER_LIFE_MIN_S;
    *life_ms = (life_s < BEARER_LIFE_MAX_S ? life_s : BEARER_LIFE_MAX_S) * 1000;
    return true;
}

void bearer_put_header(str token, struct exchange *x)
{
    buf_put(&x->headers, S("Authorization: Bearer "));
    buf_put(&x->headers, token);
    buf_put(&x->headers, S("\r\n"));
}
