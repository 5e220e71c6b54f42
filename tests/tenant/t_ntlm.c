// SPDX-License-Identifier: Apache-2.0
// The server's side of NTLMv2; see t_ntlm.h. Checked: names, NTProofStr, the MIC where the client's
// AV flags promise one (an option demands it), the channel binding as the option wants it, the
// echoed target information and timestamp. NTLMv1 and LM are refused.
#include "t_ntlm.h"

#include <string.h>

#include "t_ber.h"
#include "t_md.h"

#define FLAG_UNICODE 0x1u
#define FLAG_OEM 0x2u
#define FLAG_TARGET 0x4u
#define FLAG_SIGN_SEAL 0x30u
#define FLAG_NTLM 0x200u
#define FLAG_ALWAYS_SIGN 0x8000u
#define FLAG_DOMAIN 0x10000u
#define FLAG_EXTENDED 0x80000u
#define FLAG_TARGET_INFO 0x800000u
#define FLAG_VERSION 0x2000000u
#define FLAG_128 0x20000000u
#define FLAG_KEY_EXCH 0x40000000u
#define FLAG_56 0x80000000u

#define AV_FLAGS 6
#define AV_TIME 7
#define AV_TARGET 9
#define AV_BINDING 10
#define MIC_AT 72

static const u8 signature[8] = "NTLMSSP";

static u32 get(const u8 *p, int bytes)
{
    u32 v = 0;
    for (int i = bytes - 1; i >= 0; i--) {
        v = v << 8 | p[i];
    }
    return v;
}

static void put(struct t_buf *b, u64 v, int bytes)
{
    for (int i = 0; i < bytes; i++) {
        t_buf_byte(b, (u8)(v >> (8 * i)));
    }
}

// ASCII and two-byte UTF-8 suffice for names here.
static void put_utf16(struct t_buf *b, str s, bool upper)
{
    for (isize i = 0; i < s.n; i++) {
        u32 c = s.p[i];
        if (c >= 0xC2 && c < 0xE0 && i + 1 < s.n) {
            c = (c & 31) << 6 | (s.p[++i] & 63u);
        } else if (c >= 0xE0 && c < 0xF0 && i + 2 < s.n) {
            c = (c & 15) << 12 | (s.p[i + 1] & 63u) << 6 | (s.p[i + 2] & 63u);
            i += 2;
        }
        c = upper && c >= 'a' && c <= 'z' ? c - 32 : c;
        put(b, c, 2);
    }
}

static bool starts_message(str m, u32 type)
{
    return m.n >= 12 && memcmp(m.p, signature, 8) == 0 && get(m.p + 8, 4) == type;
}

// ---- the challenge
// -------------------------------------------------------------------------------

static void put_av(struct t_buf *b, u32 id, str text)
{
    struct t_buf value = {0};
    put_utf16(&value, text, false);
    put(b, id, 2);
    put(b, (u64)value.n, 2);
    t_buf_put(b, t_buf_str(&value));
    t_buf_free(&value);
}

static void put_target_info(const struct tenant *t, struct t_buf *b)
{
    struct t_buf host = {0};
    t_buf_z(&host, "ex01.");
    t_buf_put(&host, t->o.domain);
    put_av(b, 2, t->o.netbios);
    put_av(b, 1, S("EX01"));
    put_av(b, 4, t->o.domain);
    put_av(b, 3, t_buf_str(&host));
    put_av(b, 5, t->o.domain);
    put(b, AV_TIME, 2);
    put(b, 8, 2);
    put(b, (u64)(t->now_ms + 11644473600000) * 10000, 8);
    put(b, 0, 4);
    t_buf_free(&host);
}

static void make_challenge(struct tenant *t, struct t_link *l, u32 offered)
{
    struct t_buf name = {0}, info = {0}, *b = &l->sent;
    put_utf16(&name, t->o.netbios, false);
    put_target_info(t, &info);
    t->ntlm_turn = t->ntlm_turn * 6364136223846793005u + t->o.seed + 1442695040888963407u;
    for (int i = 0; i < 8; i++) {
        l->challenge[i] = (u8)(t->ntlm_turn >> (8 * i));
    }
    u32 flags = FLAG_UNICODE | FLAG_TARGET | FLAG_NTLM | FLAG_DOMAIN | FLAG_EXTENDED |
                FLAG_TARGET_INFO |
                (offered & (FLAG_ALWAYS_SIGN | FLAG_VERSION | FLAG_128 | FLAG_56 | FLAG_KEY_EXCH |
                            (l->directory ? 0 : FLAG_SIGN_SEAL)));
    b->n = 0;
    t_buf_put(b, str_make(signature, 8));
    put(b, 2, 4);
    put(b, (u64)name.n, 2);
    put(b, (u64)name.n, 2);
    put(b, 56, 4);
    put(b, flags, 4);
    t_buf_put(b, str_make(l->challenge, 8));
    put(b, 0, 8);
    put(b, (u64)info.n, 2);
    put(b, (u64)info.n, 2);
    put(b, (u64)(56 + name.n), 4);
    put(b, 0x0F0000004563000Au, 8);
    t_buf_put(b, t_buf_str(&name));
    t_buf_put(b, t_buf_str(&info));
    t_buf_free(&name);
    t_buf_free(&info);
}

// ---- the answer to it
// ----------------------------------------------------------------------------

// The bytes of a fields record; false: it does not lie within.
static bool fields(str m, isize at, str *out)
{
    u32 n = get(m.p + at, 2), offset = get(m.p + at + 4, 4);
    if (n == 0) {
        *out = (str){0};
        return true;
    }
    if (offset > m.n || (isize)n > m.n - (isize)offset) {
        return false;
    }
    *out = str_slice(m, (isize)offset, (isize)offset + (isize)n);
    return true;
}

static bool find_av(str list, u32 wanted, str *value)
{
    while (list.n >= 4) {
        u32 id = get(list.p, 2), n = get(list.p + 2, 2);
        if (id == 0 || (isize)n > list.n - 4) {
            return false;
        }
        if (id == wanted) {
            *value = str_slice(list, 4, 4 + (isize)n);
            return true;
        }
        list = str_from_index(list, 4 + (isize)n);
    }
    return false;
}

static void put_narrow(struct t_buf *b, str utf16)
{
    for (isize i = 0; i + 1 < utf16.n; i += 2) {
        u32 c = get(utf16.p + i, 2);
        if (c < 0x80) {
            t_buf_byte(b, (u8)c);
        } else {
            t_buf_byte(b, (u8)(0xC0 | (c >> 6 & 31)));
            t_buf_byte(b, (u8)(0x80 | (c & 63)));
        }
    }
}

// MD5 over the gss_channel_bindings structure of tls-server-end-point (RFC 5929).
static void binding_of(const struct tenant *t, u8 out[T_MD_BYTES])
{
    struct t_buf b = {0};
    str prefix = S("tls-server-end-point:");
    t_buf_fill(&b, 0, 16);
    put(&b, (u64)(prefix.n + t->o.certificate_hash.n), 4);
    t_buf_put(&b, prefix);
    t_buf_put(&b, t->o.certificate_hash);
    t_md5(t_buf_str(&b), out);
    t_buf_free(&b);
}

static bool is_zero(str s)
{
    for (isize i = 0; i < s.n; i++) {
        if (s.p[i] != 0) {
            return false;
        }
    }
    return true;
}

static bool binding_ok(const struct tenant *t, const struct t_link *l, str info)
{
    str value = {0};
    bool given = find_av(info, AV_BINDING, &value) && value.n == T_MD_BYTES && !is_zero(value);
    if (t->o.binding == T_BINDING_OFF || !l->tls || t->o.certificate_hash.n == 0) {
        return true;
    }
    if (!given) {
        return t->o.binding == T_BINDING_ALLOWED;
    }
    u8 wanted[T_MD_BYTES];
    binding_of(t, wanted);
    return str_eq(value, str_make(wanted, T_MD_BYTES));
}

static void rc4_key(const u8 key[16], str in, u8 out[16])
{
    u8 s[256], j = 0;
    for (int i = 0; i < 256; i++) {
        s[i] = (u8)i;
    }
    for (int i = 0; i < 256; i++) {
        j = (u8)(j + s[i] + key[i % 16]);
        u8 swap = s[i];
        s[i] = s[j];
        s[j] = swap;
    }
    u8 a = 0, b = 0;
    for (int k = 0; k < 16; k++) {
        a++;
        b = (u8)(b + s[a]);
        u8 swap = s[a];
        s[a] = s[b];
        s[b] = swap;
        out[k] = (u8)(in.p[k] ^ s[(u8)(s[a] + s[b])]);
    }
}

// base: NTOWFv2 applied to the proof.
static bool mic_ok(const struct t_link *l, str m, const u8 base[T_MD_BYTES], u32 flags)
{
    u8 key[16], mic[T_MD_BYTES];
    str encrypted;
    if (m.n < MIC_AT + T_MD_BYTES) {
        return false;
    }
    memcpy(key, base, 16);
    // Without signing or sealing no key is exchanged, whatever the flag and the field say (MS-NLMP
    // 3.1.5.1.2).
    if ((flags & FLAG_KEY_EXCH) && (flags & FLAG_SIGN_SEAL)) {
        if (!fields(m, 52, &encrypted) || encrypted.n != 16) {
            return false;
        }
        rc4_key(base, encrypted, key);
    }
    struct t_buf all = {0};
    t_buf_put(&all, t_buf_str(&l->negotiate));
    t_buf_put(&all, t_buf_str(&l->sent));
    isize from = all.n;
    t_buf_put(&all, m);
    memset(all.p + from + MIC_AT, 0, T_MD_BYTES);
    t_hmac_md5(str_make(key, 16), t_buf_str(&all), mic);
    t_buf_free(&all);
    return memcmp(mic, m.p + MIC_AT, T_MD_BYTES) == 0;
}

static void ntowf(const struct tenant *t, str user, str domain, u8 out[T_MD_BYTES])
{
    struct t_buf password = {0}, name = {0}, narrow = {0};
    u8 hash[T_MD_BYTES];
    put_utf16(&password, t->o.account_password, false);
    t_md4(t_buf_str(&password), hash);
    put_narrow(&narrow, user);
    put_utf16(&name, t_buf_str(&narrow), true);
    t_buf_put(&name, domain); // as it was sent
    t_hmac_md5(str_make(hash, T_MD_BYTES), t_buf_str(&name), out);
    t_buf_free(&password);
    t_buf_free(&name);
    t_buf_free(&narrow);
}

static bool names_ok(const struct tenant *t, str user, str domain)
{
    struct t_buf u = {0}, d = {0}, whole = {0};
    put_narrow(&u, user);
    put_narrow(&d, domain);
    if (d.n > 0) {
        t_buf_put(&whole, t_buf_str(&d));
        t_buf_byte(&whole, '\\');
    }
    t_buf_put(&whole, t_buf_str(&u));
    // The DNS name of the domain is as good as its NetBIOS name.
    bool ok = account_is(t, t_buf_str(&whole)) ||
              (str_eq_nocase(t_buf_str(&d), t->o.domain) && account_is(t, t_buf_str(&u)));
    t_buf_free(&u);
    t_buf_free(&d);
    t_buf_free(&whole);
    return ok;
}

// What the client says of itself beside the proof.
static bool promises_ok(const struct tenant *t, const struct t_link *l, str m, str info,
                        const u8 base[T_MD_BYTES], u32 flags)
{
    str value = {0}, time = {0}, ours = {0};
    u32 av_flags = find_av(info, AV_FLAGS, &value) && value.n == 4 ? get(value.p, 4) : 0;
    bool mic = (av_flags & 2) != 0;
    str sent = {0};
    fields(t_buf_str(&l->sent), 40, &sent);
    find_av(sent, AV_TIME, &ours);
    bool echoed = find_av(info, 2, &value) && find_av(info, AV_TIME, &time) && str_eq(time, ours);
    bool signed_right = mic ? mic_ok(l, m, base, flags) : !t->o.mic_required;
    return echoed && signed_right && binding_ok(t, l, info);
}

static enum account_result authenticate(struct tenant *t, struct t_link *l, str m)
{
    str nt, user, domain;
    if (m.n < 64 || !fields(m, 20, &nt) || !fields(m, 28, &domain) || !fields(m, 36, &user) ||
        nt.n < 16 + 28 + 4) {
        return ACCOUNT_WRONG;
    }
    u32 flags = get(m.p + 60, 4);
    u8 key[T_MD_BYTES], proof[T_MD_BYTES], base[T_MD_BYTES];
    if (!(flags & FLAG_UNICODE) || !names_ok(t, user, domain)) {
        return ACCOUNT_UNKNOWN;
    }
    ntowf(t, user, domain, key);
    struct t_buf b = {0};
    str temp = str_from_index(nt, 16);
    t_buf_put(&b, str_make(l->challenge, 8));
    t_buf_put(&b, temp);
    t_hmac_md5(str_make(key, T_MD_BYTES), t_buf_str(&b), proof);
    t_buf_free(&b);
    bool right = memcmp(proof, nt.p, T_MD_BYTES) == 0 && temp.p[0] == 1 && temp.p[1] == 1;
    t_hmac_md5(str_make(key, T_MD_BYTES), str_make(proof, T_MD_BYTES), base);
    if (right && !promises_ok(t, l, m, str_from_index(temp, 28), base, flags)) {
        return ACCOUNT_UNBOUND; // no failed logon: the password was right
    }
    return account_note(t, right ? ACCOUNT_OK : ACCOUNT_WRONG);
}

// ---- SPNEGO
// --------------------------------------------------------------------------------------

static const u8 spnego_oid[] = {0x2B, 6, 1, 5, 5, 2};
static const u8 ntlmssp_oid[] = {0x2B, 6, 1, 4, 1, 0x82, 0x37, 2, 2, 0x0A};

// NegTokenResp: state, the mechanism (in the first), a token (if any).
static void put_answer(struct t_buf *out, u8 state, bool first, str token)
{
    struct t_ber w = {.b = out};
    t_ber_open(&w, 0xA1);
    t_ber_open(&w, 0x30);
    t_ber_open(&w, 0xA0);
    t_ber_put_int(&w, 0x0A, state);
    t_ber_close(&w);
    if (first) {
        t_ber_open(&w, 0xA1);
        t_ber_put(&w, 0x06, str_make(ntlmssp_oid, (isize)sizeof(ntlmssp_oid)));
        t_ber_close(&w);
    }
    if (token.n > 0) {
        t_ber_open(&w, 0xA2);
        t_ber_put(&w, 0x04, token);
        t_ber_close(&w);
    }
    t_ber_close(&w);
    t_ber_close(&w);
}

// The token in a NegTokenInit whose mechanisms include NTLM, or in a NegTokenResp. Nothing more is
// taken: what is not encoded as the RFC says is refused.
static bool unwrap(str message, str *token)
{
    str body, oid, list, part, mechanisms = {0};
    u8 tag = 0;
    bool init = t_ber_take(&message, 0x60, &body);
    if (init) {
        if (!t_ber_take(&body, 0x06, &oid) ||
            !str_eq(oid, str_make(spnego_oid, (isize)sizeof(spnego_oid))) ||
            !t_ber_take(&body, 0xA0, &list)) {
            return false;
        }
    } else if (!t_ber_take(&message, 0xA1, &list)) {
        return false;
    }
    if (message.n > 0 || !t_ber_take(&list, 0x30, &body) || list.n > 0) {
        return false;
    }
    *token = (str){0};
    while (t_ber_next(&body, &tag, &part)) {
        if (tag == 0xA0 && init && !t_ber_take(&part, 0x30, &mechanisms)) {
            return false;
        }
        if (tag == 0xA2 && !t_ber_take(&part, 0x04, token)) {
            return false;
        }
    }
    bool ntlm = !init;
    while (t_ber_take(&mechanisms, 0x06, &oid)) {
        ntlm = ntlm || str_eq(oid, str_make(ntlmssp_oid, (isize)sizeof(ntlmssp_oid)));
    }
    return body.n == 0 && ntlm && token->n > 0;
}

enum t_ntlm_step t_ntlm_step(struct tenant *t, struct t_link *l, str message, struct t_buf *answer,
                             enum account_result *why)
{
    str m = message;
    bool wrapped = message.n > 0 && (message.p[0] == 0x60 || message.p[0] == 0xA1);
    *why = ACCOUNT_WRONG;
    if (wrapped && !unwrap(message, &m)) {
        return T_NTLM_REFUSED;
    }
    if (starts_message(m, 1) && m.n >= 16) {
        u32 flags = get(m.p + 12, 4);
        l->negotiate.n = 0;
        t_buf_put(&l->negotiate, m);
        make_challenge(t, l, flags);
        l->ntlm = 1;
        if (wrapped) {
            put_answer(answer, 1, true, t_buf_str(&l->sent));
        } else {
            t_buf_put(answer, t_buf_str(&l->sent));
        }
        return T_NTLM_CONTINUE;
    }
    if (!starts_message(m, 3) || l->ntlm != 1) {
        l->ntlm = 0;
        return T_NTLM_REFUSED;
    }
    *why = authenticate(t, l, m);
    l->ntlm = *why == ACCOUNT_OK ? 2 : 0;
    if (wrapped) {
        put_answer(answer, *why == ACCOUNT_OK ? 0 : 2, false, (str){0});
    }
    return *why == ACCOUNT_OK ? T_NTLM_DONE : T_NTLM_REFUSED;
}
