// SPDX-License-Identifier: Apache-2.0
// Schemes, header lines and the counting of refusals (see auth.h; spec: RFC 9110 section 11, RFC
// 7617, MS-NTHT, RFC 4559).
//
// The first try goes straight to NTLM: its first message holds no secret, what comes back lists all
// schemes, and Exchange nearly always has it. Basic without TLS is only used where the
// configuration allows it, because it shows the password to everybody on the way.
#include "net/auth.h"

#include "codec/base64.h"
#include "codec/spnego.h"
#include "net/crypto.h"
#include "net/ntlm.h"
#include "os/os.h"

#define AUTH_BIT(scheme) ((u32)1 << (scheme))

void auth_set(struct http_auth *a, str user, struct secret password)
{
    *a = (struct http_auth){
        .user = user,
        .password = password,
        .only_basic = a->only_basic,
        .allow_basic = a->allow_basic,
        .scheme = a->only_basic ? AUTH_BASIC : AUTH_UNKNOWN,
        .identity = a->identity + 1 ? a->identity + 1 : 1,
    };
}

// ---- what the server says

// Cuts at the first comma outside quotes.
static str auth_cut_element(str s, str *element)
{
    bool quoted = false;
    for (isize i = 0; i < s.n; i++) {
        quoted = quoted != (s.p[i] == '"');
        i += quoted && s.p[i] == '\\'; // what it quotes is no end of a string
        if (i < s.n && s.p[i] == ',' && !quoted) {
            *element = str_trim(str_slice(s, 0, i));
            return str_from_index(s, i + 1);
        }
    }
    *element = str_trim(s);
    return str_slice(s, s.n, s.n);
}

static u32 auth_schemes_named(str name)
{
    return str_eq_nocase(name, S("NTLM"))        ? AUTH_BIT(AUTH_NTLM)
           : str_eq_nocase(name, S("Negotiate")) ? AUTH_BIT(AUTH_NEGOTIATE) | AUTH_BIT(AUTH_SPNEGO)
           : str_eq_nocase(name, S("Basic"))     ? AUTH_BIT(AUTH_BASIC)
                                                 : 0;
}

void auth_read_offer(const struct http_head *head, enum auth_scheme asked, struct auth_offer *out)
{
    *out = (struct auth_offer){0};
    for (isize i = 0; i < head->header_count; i++) {
        str value = head->headers[i].value;
        if (!str_eq_nocase(head->headers[i].name, S("www-authenticate"))) {
            continue;
        }
        while (value.n) {
            str element;
            value = auth_cut_element(value, &element);
            // A scheme, maybe with a token or its first parameter; or a further parameter, whose
            // name is followed by "=" and is no scheme.
            isize end = 0;
            while (end < element.n && !str_is_space(element.p[end])) {
                end++;
            }
            u32 schemes = auth_schemes_named(str_slice(element, 0, end));
            out->schemes |= schemes;
            if (schemes & AUTH_BIT(asked) && asked != AUTH_BASIC && out->token.n == 0) {
                out->token = str_trim(str_from_index(element, end));
            }
        }
    }
}

void auth_put_offer(struct buf *b, const struct http_head *head)
{
    int count = 0;
    for (isize i = 0; i < head->header_count && count < 4; i++) {
        if (str_eq_nocase(head->headers[i].name, S("www-authenticate"))) {
            str word;
            bool found;
            (void)str_cut(head->headers[i].value, ' ', &word, &found);
            buf_put(b, count++ ? S(", ") : S("it offers "));
            buf_put(b, word.n <= 40 ? word : str_slice(word, 0, 40));
        }
    }
    buf_put(b, count ? S("") : S("it offers nothing"));
}

err auth_choose(struct http_auth *a, const struct auth_offer *offer, bool tls)
{
    static const enum auth_scheme order[] = {AUTH_NTLM, AUTH_NEGOTIATE, AUTH_SPNEGO};
    a->tried |= AUTH_BIT(a->scheme == AUTH_UNKNOWN ? AUTH_NTLM : a->scheme);
    a->scheme = AUTH_UNKNOWN;
    for (isize i = 0; i < COUNT(order); i++) {
        if (offer->schemes & AUTH_BIT(order[i]) & ~a->tried) {
            a->scheme = order[i];
            return OK;
        }
    }
    bool broken = offer->schemes & AUTH_BIT(AUTH_NTLM);
    bool basic = offer->schemes & AUTH_BIT(AUTH_BASIC);
    a->tried = 0; // whoever comes next begins anew
    if (!broken && basic && (tls || a->allow_basic)) {
        a->scheme = AUTH_BASIC;
        return OK;
    }
    return broken ? FAIL(AUTH_BROKEN) : basic ? FAIL(AUTH_PLAIN) : FAIL(AUTH_SCHEME);
}

// ---- header lines

// Code points beyond U+00FF have no place in Latin-1: false, and nothing is appended.
static bool auth_put_latin1(struct buf *b, str s)
{
    isize start = b->n;
    for (isize i = 0; i < s.n; i++) {
        u8 c = s.p[i];
        if (c == 0xc2 || c == 0xc3) {
            c = (u8)(i + 1 < s.n ? (c & 3) << 6 | (s.p[++i] & 0x3f) : 0);
        } else if (c >= 0x80) {
            b->n = start;
            return false;
        }
        buf_put_byte(b, c);
    }
    return true;
}

// Whether UTF-8 and Latin-1 differ, and the latter has all of it.
static bool auth_has_latin1(const struct http_auth *a)
{
    str parts[] = {a->user, a->password.hidden};
    u8 highest = 0;
    for (isize i = 0; i < COUNT(parts); i++) {
        for (isize k = 0; k < parts[i].n; k++) {
            highest = parts[i].p[k] > highest ? parts[i].p[k] : highest;
        }
    }
    return highest == 0xc2 || highest == 0xc3; // what the first byte of such a letter is
}

err auth_put_basic(struct buf *b, const struct http_auth *a)
{
    u8 bytes[AUTH_BASIC_BYTES];
    struct buf plain = buf_over(bytes, COUNT(bytes));
    str parts[] = {a->user, S(":"), a->password.hidden};
    bool good = str_find_byte(a->user, ':') < 0;
    for (isize i = 0; i < COUNT(parts) && good; i++) {
        if (!a->latin1) {
            buf_put(&plain, parts[i]);
        } else {
            good = auth_put_latin1(&plain, parts[i]);
        }
    }
    good = good && !plain.full;
    if (good) {
        buf_put(b, S("Authorization: Basic "));
        base64_encode(b, buf_str(&plain));
        buf_put(b, S("\r\n"));
    }
    crypto_wipe(bytes, COUNT(bytes));
    return good ? OK : FAIL(AUTH_NAME);
}

static void auth_put_line(struct buf *b, enum auth_scheme scheme, str token)
{
    buf_put(b, scheme == AUTH_NTLM ? S("Authorization: NTLM ") : S("Authorization: Negotiate "));
    base64_encode(b, token);
    buf_put(b, S("\r\n"));
}

#define AUTH_WRAP_BYTES 64 // what SPNEGO puts around a short token

void auth_put_first(struct buf *b, enum auth_scheme scheme)
{
    u8 bytes[NTLM_NEGOTIATE_BYTES], wrapped_bytes[NTLM_NEGOTIATE_BYTES + AUTH_WRAP_BYTES];
    struct buf token = buf_over(bytes, COUNT(bytes));
    struct buf wrapped = buf_over(wrapped_bytes, COUNT(wrapped_bytes));
    ntlm_put_negotiate(&token);
    if (scheme == AUTH_SPNEGO) {
        spnego_put_init(&wrapped, buf_str(&token));
    }
    auth_put_line(b, scheme, scheme == AUTH_SPNEGO ? buf_str(&wrapped) : buf_str(&token));
    ASSERT(!token.full && !wrapped.full);
}

// The message of NTLM in what the server has sent, decoded at the start of `scratch`.
static err auth_take_challenge(const struct auth_answer *answer, str *challenge, bool *bare)
{
    struct base64_decoder decoder = {0};
    base64_decode(&decoder, answer->scratch, answer->token);
    str token = buf_str(answer->scratch);
    if (answer->scratch->full || decoder.ignored) {
        return FAIL(NTLM_CHALLENGE);
    }
    *challenge = token;
    *bare = answer->scheme == AUTH_NTLM || spnego_is_bare(token);
    if (!*bare) {
        TRY(spnego_token(token, challenge));
    }
    return challenge->n ? OK : FAIL(AUTH_BROKEN);
}

static err auth_put_authenticate(struct buf *b, const struct http_auth *a,
                                 const struct auth_answer *answer)
{
    str challenge;
    bool bare;
    TRY(auth_take_challenge(answer, &challenge, &bare));
    struct ntlm_setup setup = {.user = a->user,
                               .password = a->password.hidden,
                               .service = S("HTTP"),
                               .host = answer->host,
                               .now = ntlm_filetime(os_unix_us() / 1000)};
    if (answer->end_point.n) {
        ntlm_binding(answer->end_point, setup.binding);
    }
    os_entropy(setup.client, sizeof setup.client);
    u8 first_bytes[NTLM_NEGOTIATE_BYTES];
    struct buf first = buf_over(first_bytes, COUNT(first_bytes));
    ntlm_put_negotiate(&first);
    struct buf *s = answer->scratch;
    isize from = s->n;
    TRY(ntlm_put_authenticate(s, &setup, buf_str(&first), challenge));
    str token = str_from_index(buf_str(s), from);
    if (!bare) {
        from = s->n;
        spnego_put_response(s, token);
        token = str_from_index(buf_str(s), from);
    }
    TRY(buf_check(s));
    auth_put_line(b, answer->scheme, token);
    return OK;
}

err auth_put_last(struct buf *b, const struct http_auth *a, const struct auth_answer *answer)
{
    struct buf *s = answer->scratch;
    buf_reset(s);
    err e = auth_put_authenticate(b, a, answer);
    crypto_wipe(s->p, s->cap);
    buf_reset(s);
    return e;
}

void auth_put_cookies(struct buf *b, const struct http_head *head)
{
    int count = 0;
    for (isize i = 0; i < head->header_count; i++) {
        str pair;
        bool found;
        (void)str_cut(head->headers[i].value, ';', &pair, &found);
        pair = str_trim(pair);
        if (str_eq_nocase(head->headers[i].name, S("set-cookie")) && str_find_byte(pair, '=') > 0) {
            buf_put(b, count++ ? S("; ") : S("Cookie: "));
            buf_put(b, pair);
        }
    }
    buf_put(b, count ? S("\r\n") : S(""));
}

// ---- how often

bool auth_may_try(const struct http_auth *a)
{
    return !a->failed && (a->proven || !a->probing);
}

bool auth_is_quiet(const struct http_auth *a, i64 now_ms)
{
    return !a->proven && now_ms < a->quiet_until_ms;
}

void auth_accept(struct http_auth *a)
{
    a->proven = true;
    a->refusals = 0;
    a->tried = 0;
}

enum auth_verdict auth_refuse(struct http_auth *a, u32 epoch, bool locked)
{
    bool news = epoch == a->epoch, worked = a->proven || !news;
    if (news) {
        a->epoch++;
        a->refusals++;
        a->proven = false;
        a->latin1 = a->latin1 || (a->scheme == AUTH_BASIC && !worked && auth_has_latin1(a));
    }
    a->locked = a->locked || locked;
    a->failed = a->failed || locked || a->refusals >= AUTH_REFUSALS_MAX;
    return a->failed ? AUTH_NO_MORE : worked ? AUTH_LATER : AUTH_ONCE_MORE;
}

void auth_put_facts(struct buf *b, const struct http_auth *a)
{
    static const char *const names[] = {
        [AUTH_UNKNOWN] = "",
        [AUTH_NONE] = "",
        [AUTH_NTLM] = " by NTLM",
        [AUTH_NEGOTIATE] = " by NTLM in Negotiate",
        [AUTH_SPNEGO] = " by NTLM in Negotiate",
        [AUTH_BASIC] = " by Basic",
    };
    buf_put(b, S("as "));
    buf_put(b, a->user.n <= 100 ? a->user : S("(a long name)"));
    buf_put(b, str_from(names[a->scheme]));
    buf_put(b, a->locked ? S(": the server says that the account is locked") : S(""));
}
