// SPDX-License-Identifier: Apache-2.0
// NTLMv2 messages (see ntlm.h; [MS-NLMP] 2.2.1, 3.3.2; spec/wire-ntlm.md 3-7). Everything on the
// wire is little-endian; strings are UTF-16LE. The third message is built in place: the response to
// the challenge is hashed where it stands, and the integrity code is put in at the end.
#include "net/ntlm.h"

#include <string.h>

#include "codec/charset.h"
#include "codec/md4.h"
#include "limits.h"
#include "net/crypto.h"

enum {
    NTLM_UNICODE = 0x00000001,
    NTLM_OEM = 0x00000002,
    NTLM_REQUEST_TARGET = 0x00000004,
    NTLM_NTLM = 0x00000200,
    NTLM_ALWAYS_SIGN = 0x00008000,
    NTLM_EXTENDED_SECURITY = 0x00080000,
    NTLM_TARGET_INFO = 0x00800000,
    NTLM_VERSION = 0x02000000,
    NTLM_128 = 0x20000000,
};
#define NTLM_56 0x80000000u

// Neither signing, sealing nor key exchange: TLS does that.
#define NTLM_OFFER                                                                        \
    ((u32)(NTLM_UNICODE | NTLM_OEM | NTLM_REQUEST_TARGET | NTLM_NTLM | NTLM_ALWAYS_SIGN | \
           NTLM_EXTENDED_SECURITY | NTLM_VERSION | NTLM_128) |                            \
     NTLM_56)

#define NTLM_SIGNATURE S("NTLMSSP\0")
#define NTLM_OUR_VERSION S("\x0a\0\x61\x4a\0\0\0\x0f") // Windows 10, NTLM revision 15

enum { NTLM_TYPE_NEGOTIATE = 1, NTLM_TYPE_CHALLENGE = 2, NTLM_TYPE_AUTHENTICATE = 3 };

enum { // pairs of the target information
    NTLM_AV_END = 0,
    NTLM_AV_DOMAIN = 2,
    NTLM_AV_FLAGS = 6,
    NTLM_AV_TIME = 7,
    NTLM_AV_TARGET = 9,
    NTLM_AV_BINDING = 10,
};
#define NTLM_AV_FLAG_MIC 2u

enum { // places in a challenge
    NTLM_CHALLENGE_TARGET = 12,
    NTLM_CHALLENGE_FLAGS = 20,
    NTLM_CHALLENGE_NONCE = 24,
    NTLM_CHALLENGE_OLD = 32, // the length of those without target information
    NTLM_CHALLENGE_INFO = 40,
    NTLM_CHALLENGE_HEAD = 48,
};

enum { // places in an AUTHENTICATE
    NTLM_AUTH_LM = 12,
    NTLM_AUTH_NT = 20,
    NTLM_AUTH_DOMAIN = 28,
    NTLM_AUTH_USER = 36,
    NTLM_AUTH_WORKSTATION = 44,
    NTLM_AUTH_KEY = 52,
    NTLM_AUTH_FLAGS = 60,
    NTLM_AUTH_VERSION = 64,
    NTLM_AUTH_MIC = 72,
    NTLM_AUTH_HEAD = 88,
};
#define NTLM_LM_BYTES 24
#define NTLM_HASH_BYTES 16

static void ntlm_put(struct buf *b, u64 value, int bytes)
{
    for (int i = 0; i < bytes; i++) {
        buf_put_byte(b, (u8)(value >> 8 * i));
    }
}

static u32 ntlm_get(str m, isize at, int bytes)
{
    u32 value = 0;
    for (int i = 0; i < bytes; i++) {
        value |= (u32)m.p[at + i] << 8 * i;
    }
    return value;
}

u64 ntlm_filetime(i64 unix_ms)
{
    return (u64)(unix_ms + 11644473600000) * 10000;
}

void ntlm_binding(str certificate_hash, u8 out[NTLM_BINDING_BYTES])
{
    u8 memory[128]; // the addresses' types and lengths, none; the data: 21 bytes and 64 at most
    struct buf b = buf_over(memory, COUNT(memory));
    str prefix = S("tls-server-end-point:");
    buf_put_fill(&b, 0, 16);
    ntlm_put(&b, (u64)(prefix.n + certificate_hash.n), 4);
    buf_put(&b, prefix);
    buf_put(&b, certificate_hash);
    ASSERT(!b.full);
    crypto_md5(buf_str(&b), out);
}

void ntlm_put_negotiate(struct buf *out)
{
    buf_put(out, NTLM_SIGNATURE);
    ntlm_put(out, NTLM_TYPE_NEGOTIATE, 4);
    ntlm_put(out, NTLM_OFFER, 4);
    buf_put_fill(out, 0, 16); // neither domain nor workstation
    buf_put(out, NTLM_OUR_VERSION);
}

// ---- text

// Simple upper case of one UTF-16 unit in the scripts of names: Latin, Greek, Cyrillic. Every
// `step`th from first to last is `less` above its capital (modulo 2^16).
static u16 ntlm_upper(u16 unit)
{
    static const struct {
        u16 first, last, less, step;
    } cases[] = {
        {0x61, 0x7a, 0x20, 1},   {0xe0, 0xf6, 0x20, 1},   {0xf8, 0xfe, 0x20, 1},
        {0xff, 0xff, 0xff87, 1}, {0x101, 0x12f, 1, 2},    {0x133, 0x137, 1, 2},
        {0x13a, 0x148, 1, 2},    {0x14b, 0x177, 1, 2},    {0x17a, 0x17e, 1, 2},
        {0x1a1, 0x1a5, 1, 2},    {0x1b0, 0x1b0, 1, 1},    {0x1ce, 0x1dc, 1, 2},
        {0x1df, 0x1ef, 1, 2},    {0x1f9, 0x21f, 1, 2},    {0x223, 0x233, 1, 2},
        {0x3ac, 0x3ac, 0x26, 1}, {0x3ad, 0x3af, 0x25, 1}, {0x3b1, 0x3c1, 0x20, 1},
        {0x3c2, 0x3c2, 0x1f, 1}, {0x3c3, 0x3cb, 0x20, 1}, {0x3cc, 0x3cc, 0x40, 1},
        {0x3cd, 0x3ce, 0x3f, 1}, {0x430, 0x44f, 0x20, 1}, {0x450, 0x45f, 0x50, 1},
        {0x461, 0x481, 1, 2},    {0x48b, 0x4bf, 1, 2},    {0x4c2, 0x4ce, 1, 2},
        {0x4cf, 0x4cf, 0xf, 1},  {0x4d1, 0x52f, 1, 2},    {0x1e01, 0x1e95, 1, 2},
        {0x1ea1, 0x1eff, 1, 2},
    };
    for (isize i = 0; i < COUNT(cases); i++) {
        if (unit >= cases[i].first && unit <= cases[i].last &&
            (unit - cases[i].first) % cases[i].step == 0) {
            return (u16)(unit - cases[i].less);
        }
    }
    return unit;
}

err ntlm_put_utf16(struct buf *b, str text, bool upper)
{
    while (text.n) {
        u32 ch;
        isize used = charset_utf8_next(text, &ch);
        if (ch == CHARSET_NONE) {
            return FAIL(NTLM_NAME);
        }
        text = str_from_index(text, used);
        if (ch >= 0x10000) {
            ntlm_put(b, 0xd800 + ((ch - 0x10000) >> 10), 2);
            ch = 0xdc00 + (ch & 0x3ff);
        }
        ntlm_put(b, upper ? ntlm_upper((u16)ch) : (u16)ch, 2);
    }
    return OK;
}

err ntlm_key(str password, str user, str domain_utf16, u8 out[NTLM_HASH_BYTES])
{
    u8 secret[NTLM_TEXT_BYTES], name[NTLM_TEXT_BYTES], hash[NTLM_HASH_BYTES];
    struct buf s = buf_over(secret, COUNT(secret)), n = buf_over(name, COUNT(name));
    err e = ntlm_put_utf16(&s, password, false);
    err e2 = ntlm_put_utf16(&n, user, true);
    bool good = err_ok(e) && err_ok(e2) && !s.full && !n.full;
    if (good) {
        md4(buf_str(&s), hash);
        crypto_hmac_md5(str_make(hash, COUNT(hash)), (str[]){buf_str(&n), domain_utf16}, 2, out);
    }
    crypto_wipe(secret, sizeof secret);
    crypto_wipe(hash, sizeof hash);
    return good ? OK : FAIL(NTLM_NAME);
}

// ---- the challenge

struct ntlm_challenge {
    u32 flags;
    str nonce;
    str target; // UTF-16
    str info;   // pairs, with their end
    str time;   // of a pair; empty: the server does not say it
    str domain; // likewise
    u32 av_flags;
};

static bool ntlm_read_field(str m, isize at, str *out)
{
    isize bytes = (isize)ntlm_get(m, at, 2), from = (isize)ntlm_get(m, at + 4, 4);
    *out = (str){0};
    if (bytes && bytes > m.n - from) {
        return false;
    }
    *out = bytes ? str_slice(m, from, from + bytes) : *out;
    return true;
}

// Takes a pair off the front of *info. False: there is no whole one.
static bool ntlm_take_pair(str *info, u32 *id, str *value)
{
    if (info->n < 4) {
        return false;
    }
    isize bytes = (isize)ntlm_get(*info, 2, 2);
    if (bytes > info->n - 4) {
        return false;
    }
    *id = ntlm_get(*info, 0, 2);
    *value = str_slice(*info, 4, 4 + bytes);
    *info = str_from_index(*info, 4 + bytes);
    return true;
}

static bool ntlm_read_pairs(struct ntlm_challenge *c)
{
    str rest = c->info, value;
    u32 id;
    do {
        if (!ntlm_take_pair(&rest, &id, &value)) {
            return false;
        }
        if ((id == NTLM_AV_TIME && value.n != 8) || (id == NTLM_AV_FLAGS && value.n != 4)) {
            return false;
        }
        if (id == NTLM_AV_TIME) {
            c->time = value;
        } else if (id == NTLM_AV_FLAGS) {
            c->av_flags = ntlm_get(value, 0, 4);
        } else if (id == NTLM_AV_DOMAIN) {
            c->domain = value;
        }
    } while (id != NTLM_AV_END);
    return true;
}

static err ntlm_read_challenge(str m, struct ntlm_challenge *c)
{
    *c = (struct ntlm_challenge){0};
    if (m.n < NTLM_CHALLENGE_OLD || m.n > NTLM_CHALLENGE_BYTES || !str_starts(m, NTLM_SIGNATURE) ||
        ntlm_get(m, NTLM_SIGNATURE.n, 4) != NTLM_TYPE_CHALLENGE) {
        return FAIL(NTLM_CHALLENGE);
    }
    u32 need = NTLM_UNICODE | NTLM_TARGET_INFO;
    c->flags = ntlm_get(m, NTLM_CHALLENGE_FLAGS, 4);
    c->nonce = str_slice(m, NTLM_CHALLENGE_NONCE, NTLM_CHALLENGE_NONCE + 8);
    if ((c->flags & need) != need || m.n < NTLM_CHALLENGE_HEAD) {
        return FAIL(NTLM_OLD);
    }
    if (!ntlm_read_field(m, NTLM_CHALLENGE_TARGET, &c->target) ||
        !ntlm_read_field(m, NTLM_CHALLENGE_INFO, &c->info)) {
        return FAIL(NTLM_CHALLENGE);
    }
    if (!c->info.n) {
        return FAIL(NTLM_OLD);
    }
    return ntlm_read_pairs(c) ? OK : FAIL(NTLM_CHALLENGE);
}

// ---- the answer

static void ntlm_put_pair(struct buf *out, u32 id, str value)
{
    ntlm_put(out, id, 2);
    ntlm_put(out, (u64)value.n, 2);
    buf_put(out, value);
}

// The server's pairs with ours instead of those of the same kind: that there is a MIC, to which TLS
// connection it belongs, and to which service.
static err ntlm_put_pairs(struct buf *out, const struct ntlm_setup *setup,
                          const struct ntlm_challenge *c)
{
    str rest = c->info, value;
    u32 id;
    while (ntlm_take_pair(&rest, &id, &value) && id != NTLM_AV_END) {
        if (id != NTLM_AV_FLAGS && id != NTLM_AV_TARGET && id != NTLM_AV_BINDING) {
            ntlm_put_pair(out, id, value);
        }
    }
    ntlm_put(out, NTLM_AV_FLAGS, 2);
    ntlm_put(out, 4, 2);
    ntlm_put(out, c->av_flags | NTLM_AV_FLAG_MIC, 4);
    ntlm_put_pair(out, NTLM_AV_BINDING, str_make(setup->binding, NTLM_BINDING_BYTES));
    ntlm_put_pair(out, NTLM_AV_TARGET, (str){0});
    isize spn = out->n;
    TRY(ntlm_put_utf16(out, setup->service, false));
    TRY(ntlm_put_utf16(out, S("/"), false));
    TRY(ntlm_put_utf16(out, setup->host, false));
    if (!out->full) {
        out->p[spn - 2] = (u8)(out->n - spn);
        out->p[spn - 1] = (u8)((out->n - spn) >> 8);
    }
    ntlm_put_pair(out, NTLM_AV_END, (str){0});
    return OK;
}

// The response to the challenge: its proof, and what is proven.
static err ntlm_put_response(struct buf *out, const struct ntlm_setup *setup,
                             const struct ntlm_challenge *c, const u8 key[NTLM_HASH_BYTES])
{
    u8 *proof = buf_grab(out, NTLM_HASH_BYTES);
    isize from = out->n;
    ntlm_put(out, 0x0101, 8); // the version of the response, and reserved bytes
    if (c->time.n) {
        buf_put(out, c->time);
    } else {
        ntlm_put(out, setup->now, 8);
    }
    buf_put(out, str_make(setup->client, NTLM_CLIENT_BYTES));
    ntlm_put(out, 0, 4);
    TRY(ntlm_put_pairs(out, setup, c));
    ntlm_put(out, 0, 4);
    TRY(buf_check(out));
    str proven[] = {c->nonce, str_make(out->p + from, out->n - from)};
    crypto_hmac_md5(str_make(key, NTLM_HASH_BYTES), proven, COUNT(proven), proof);
    return OK;
}

// `EXAMPLE\svc` has a domain, `svc@example.test` needs none, `svc` is of the challenge's.
static err ntlm_put_names(struct buf *out, const struct ntlm_setup *setup,
                          const struct ntlm_challenge *c, isize *domain_bytes, str *name)
{
    isize start = out->n, slash = str_find_byte(setup->user, '\\');
    *name = setup->user;
    if (slash >= 0) {
        *name = str_from_index(setup->user, slash + 1);
        TRY(ntlm_put_utf16(out, str_slice(setup->user, 0, slash), false));
    } else if (str_find_byte(setup->user, '@') < 0) {
        buf_put(out, c->domain.n ? c->domain : c->target);
    }
    *domain_bytes = out->n - start;
    return ntlm_put_utf16(out, *name, false);
}

struct ntlm_places {
    isize domain, user, lm, nt, end; // from the start of the message
};

static void ntlm_fill_head(u8 *message, const struct ntlm_places *at, u32 flags)
{
    flags &= (NTLM_OFFER | NTLM_TARGET_INFO) & ~(u32)NTLM_OEM;
    const struct {
        isize place, from, to;
    } fields[] = {
        {NTLM_AUTH_LM, at->lm, at->nt},           {NTLM_AUTH_NT, at->nt, at->end},
        {NTLM_AUTH_DOMAIN, at->domain, at->user}, {NTLM_AUTH_USER, at->user, at->lm},
        {NTLM_AUTH_WORKSTATION, at->lm, at->lm},  {NTLM_AUTH_KEY, at->end, at->end},
    };
    struct buf head = buf_over(message, NTLM_AUTH_HEAD);
    buf_put(&head, NTLM_SIGNATURE);
    ntlm_put(&head, NTLM_TYPE_AUTHENTICATE, 4);
    for (isize i = 0; i < COUNT(fields); i++) {
        ASSERT(fields[i].place == head.n);
        ntlm_put(&head, (u64)(fields[i].to - fields[i].from), 2);
        ntlm_put(&head, (u64)(fields[i].to - fields[i].from), 2);
        ntlm_put(&head, (u64)fields[i].from, 4);
    }
    ASSERT(head.n == NTLM_AUTH_FLAGS);
    ntlm_put(&head, flags, 4);
    buf_put(&head, flags & NTLM_VERSION ? NTLM_OUR_VERSION : S("\0\0\0\0\0\0\0\0"));
    buf_put_fill(&head, 0, NTLM_HASH_BYTES);
    ASSERT(head.n == NTLM_AUTH_HEAD && !head.full);
}

static err ntlm_build(struct buf *out, const struct ntlm_setup *setup,
                      const struct ntlm_challenge *c, u8 session[NTLM_HASH_BYTES])
{
    u8 key[NTLM_HASH_BYTES];
    isize start = out->n, domain_bytes;
    struct ntlm_places at = {.domain = NTLM_AUTH_HEAD};
    str name;
    buf_put_fill(out, 0, NTLM_AUTH_HEAD);
    TRY(ntlm_put_names(out, setup, c, &domain_bytes, &name));
    TRY(buf_check(out));
    at.user = at.domain + domain_bytes;
    at.lm = out->n - start;
    at.nt = at.lm + NTLM_LM_BYTES;
    buf_put_fill(out, 0, NTLM_LM_BYTES); // no LMv2 response where there is a MIC
    str domain = str_make(out->p + start + at.domain, domain_bytes);
    TRY(ntlm_key(setup->password, name, domain, key));
    err e = ntlm_put_response(out, setup, c, key);
    if (err_ok(e)) {
        at.end = out->n - start;
        ntlm_fill_head(out->p + start, &at, c->flags);
        str proof = str_make(out->p + start + at.nt, NTLM_HASH_BYTES);
        crypto_hmac_md5(str_make(key, NTLM_HASH_BYTES), &proof, 1, session);
    }
    crypto_wipe(key, sizeof key);
    return e;
}

err ntlm_put_authenticate(struct buf *out, const struct ntlm_setup *setup, str negotiate,
                          str challenge)
{
    struct ntlm_challenge c;
    u8 session[NTLM_HASH_BYTES], mic[NTLM_HASH_BYTES];
    isize start = out->n;
    TRY(ntlm_read_challenge(challenge, &c));
    // So that no field's length outgrows its two bytes.
    if (setup->user.n > NTLM_TEXT_BYTES || setup->host.n > NTLM_TEXT_BYTES) {
        return FAIL(NTLM_NAME);
    }
    err e = ntlm_build(out, setup, &c, session);
    if (!err_ok(e)) {
        out->n = start;
        return e;
    }
    str parts[] = {negotiate, challenge, str_make(out->p + start, out->n - start)};
    crypto_hmac_md5(str_make(session, NTLM_HASH_BYTES), parts, COUNT(parts), mic);
    memcpy(out->p + start + NTLM_AUTH_MIC, mic, sizeof mic);
    crypto_wipe(session, sizeof session);
    return OK;
}
