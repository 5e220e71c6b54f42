// SPDX-License-Identifier: Apache-2.0
// source/outlook/outlook_bind: which login is tried when, by the form of the name, what the
// directory offers and what it refuses; that the password goes out where it may and nowhere else;
// and NTLM's last message, whose binding, service and integrity code are computed here once more.
#include "test.h"

#include <string.h>

#include "codec/ber.h"
#include "codec/spnego.h"
#include "hex.h"
#include "net/crypto.h"
#include "source/outlook/outlook_bind.h"

// wire-ntlm.md 9 B: with a time, so that nothing but the client's challenge is free.
#define CHALLENGE                                                                                  \
    "4e544c4d53535000020000000e000e0038000000058289a2112233445566778800000000000000008c008c004600" \
    "00000a0063450000000f4500580041004d0050004c00450002000e004500580041004d0050004c00450001000800" \
    "4500580030003100040018006500780061006d0070006c0065002e00740065007300740003002200650078003000" \
    "31002e006500780061006d0070006c0065002e007400650073007400050018006500780061006d0070006c006500" \
    "2e0074006500730074000700080040f69d0408cfda0100000000"
#define CERTIFICATE_HASH "7a027ea4ab80fe222822766d925e3e1d72a7a47e252d8640b2f5af9c1073c338"

enum { ENTRY_BYTES = 256, SENT_BYTES = KIB(4) };

static struct {
    struct outlook_bind b;
    struct exchange x;
    u8 detail[1024], sent_bytes[SENT_BYTES], memory[KIB(4)];
    struct buf sent, bytes;
    str credentials;
    int id;
    err error;
} t;

// The next message: which, whether the password is in it.
static char put(void)
{
    t.sent = buf_over(t.sent_bytes, COUNT(t.sent_bytes));
    memset(t.sent_bytes, 0xee, sizeof t.sent_bytes);
    enum outlook_bind_step step = t.b.step;
    t.error = outlook_bind_put(&t.b, ++t.id, &t.sent);
    CHECK_OK(t.error);
    str s = buf_str(&t.sent);
    isize whole;
    CHECK_OK(ldap_message_bytes(s, &whole));
    CHECK(whole == s.n);
    CHECK((str_find(s, S("Passw0rd")) >= 0) == (step == OUTLOOK_BIND_SIMPLE));
    bool spnego = str_find(s, S("GSS-SPNEGO")) >= 0, ntlm = str_find(s, S("NTLMSSP")) >= 0;
    CHECK(spnego == ntlm);
    switch (step) {
    case OUTLOOK_BIND_ROOT:
        CHECK(str_find(s, S("supportedSASLMechanisms")) >= 0);
        return 'r';
    case OUTLOOK_BIND_SIMPLE:
        return 's';
    case OUTLOOK_BIND_NEGOTIATE:
        CHECK(str_find(s, S("NTLMSSP\0\1")) >= 0);
        return 'n';
    case OUTLOOK_BIND_AUTHENTICATE:
        CHECK(str_find(s, S("NTLMSSP\0\3")) >= 0);
        return 'a';
    case OUTLOOK_BIND_DONE:
        break;
    }
    return '.';
}

static char begin(enum outlook_ldap_bind kind, const char *user, bool tls)
{
    struct outlook_bind_setup setup = {.kind = kind,
                                       .user = str_from(user),
                                       .password = S("Passw0rd"),
                                       .host = S("dc.example.test"),
                                       .tls = tls};
    memset(&t, 0, sizeof t);
    t.bytes = buf_over(t.memory, COUNT(t.memory));
    t.x.detail = buf_over(t.detail, COUNT(t.detail));
    if (tls) {
        str hash = hex_put(&t.bytes, CERTIFICATE_HASH);
        memcpy(t.x.end_point, hash.p, (size_t)hash.n);
        t.x.end_point_bytes = hash.n;
    }
    t.credentials = hex_put(&t.bytes, CHALLENGE);
    outlook_bind_begin(&t.b, &setup);
    return put();
}

static err hear(struct ldap_message *m, bool *more)
{
    m->id = t.id;
    return t.error = outlook_bind_take(&t.b, m, &t.x, more);
}

// A result, after which the next message is sent; '!': an error, '.': bound.
static char answer_with(int result, const char *words)
{
    bool more;
    bool root = t.b.step == OUTLOOK_BIND_ROOT;
    struct ldap_message m = {.op = root ? LDAP_DONE : LDAP_BIND_RESPONSE,
                             .result = result,
                             .diagnostic = str_from(words)};
    m.credentials = result == LDAP_SASL_IN_PROGRESS ? t.credentials : (str){0};
    err e = hear(&m, &more);
    if (!err_ok(e)) {
        return '!';
    }
    CHECK(more);
    return t.b.step == OUTLOOK_BIND_DONE ? '.' : put();
}

static char answer(int result)
{
    return answer_with(result, "");
}

// The root DSE with these mechanisms.
static char offers(const char *const *mechanisms, int count)
{
    u8 bytes[ENTRY_BYTES];
    struct buf b = buf_over(bytes, COUNT(bytes));
    isize attribute = ber_open(&b, BER_SEQUENCE);
    ber_put(&b, BER_OCTETS, S("supportedSASLMechanisms"));
    isize values = ber_open(&b, BER_SET);
    for (int i = 0; i < count; i++) {
        ber_put(&b, BER_OCTETS, str_from(mechanisms[i]));
    }
    ber_close(&b, values);
    ber_close(&b, attribute);
    struct ldap_message m = {.op = LDAP_ENTRY, .attributes = buf_str(&b)};
    bool more;
    CHECK_OK(hear(&m, &more));
    CHECK(!more);
    return answer(LDAP_SUCCESS);
}

static const char *const spnego[] = {"GSSAPI", "gss-spnego", "EXTERNAL"};
static const char *const others[] = {"GSSAPI", "DIGEST-MD5"};

static void facts(str want)
{
    struct buf b = buf_over(t.memory, COUNT(t.memory));
    outlook_bind_put_facts(&b, &t.b);
    CHECK_STR(buf_str(&b), want);
}

static void test_bind_simple_comes_first_over_tls(void)
{
    static const char *const users[] = {"EXAMPLE\\svc", "svc@example.test",
                                        "CN=svc\\, the,CN=Users,DC=example,DC=test"};
    for (isize i = 0; i < COUNT(users); i++) {
        CHECK(begin(OUTLOOK_LDAP_BIND_AUTO, users[i], true) == 's');
        CHECK(answer(LDAP_SUCCESS) == '.');
        facts(S("by simple bind"));
        CHECK(begin(OUTLOOK_LDAP_BIND_AUTO, users[i], true) == 's');
        CHECK(answer_with(LDAP_INVALID_CREDENTIALS, "data 52e, v1") == '!'); // and nothing else
        CHECK_ERR(t.error, LDAP_CREDENTIALS);
    }
    CHECK(begin(OUTLOOK_LDAP_BIND_SIMPLE, "svc", true) == 's');
    CHECK(answer(LDAP_SASL_IN_PROGRESS) == '!'); // of what?
    CHECK_ERR(t.error, LDAP_REFUSED);
}

// What refuses the kind of login leads to the other one, once it is offered.
static void test_bind_ntlm_where_simple_is_refused(void)
{
    static const int results[] = {7, 8, 13, 48, 49};
    for (isize i = 0; i < COUNT(results); i++) {
        const char *words = results[i] == 49 ? "80090308: x, data 57, v4563" : "no";
        CHECK(begin(OUTLOOK_LDAP_BIND_AUTO, "EXAMPLE\\svc", true) == 's');
        CHECK(answer_with(results[i], words) == 'r');
        CHECK(offers(spnego, COUNT(spnego)) == 'n');
        CHECK(answer(LDAP_SASL_IN_PROGRESS) == 'a');
        CHECK(answer(LDAP_SUCCESS) == '.');
        facts(S("by NTLM, bound to the certificate"));
        CHECK(begin(OUTLOOK_LDAP_BIND_AUTO, "EXAMPLE\\svc", true) == 's');
        CHECK(answer_with(results[i], words) == 'r');
        CHECK(offers(others, COUNT(others)) == '!');
        CHECK(err_class(t.error) == ERR_CLASS_CONFIG && t.x.detail.n > 0);
        CHECK(!err_is(t.error, ERR_LDAP_NEEDS_TLS)); // there is TLS
        CHECK(begin(OUTLOOK_LDAP_BIND_SIMPLE, "EXAMPLE\\svc", true) == 's');
        CHECK(answer_with(results[i], words) == '!');
        CHECK(begin(OUTLOOK_LDAP_BIND_AUTO, "CN=svc,DC=test", true) == 's');
        CHECK(answer_with(results[i], words) == '!');
    }
    // No circle: both are refused.
    CHECK(begin(OUTLOOK_LDAP_BIND_AUTO, "EXAMPLE\\svc", true) == 's');
    CHECK(answer(7) == 'r');
    CHECK(offers(spnego, COUNT(spnego)) == 'n');
    CHECK(answer(7) == '!');
    CHECK_ERR(t.error, LDAP_METHOD);
}

static void test_bind_name_without_a_domain(void)
{
    CHECK(begin(OUTLOOK_LDAP_BIND_AUTO, "svc", true) == 'r');
    CHECK(offers(spnego, COUNT(spnego)) == 'n');
    CHECK(answer(LDAP_SASL_IN_PROGRESS) == 'a');
    CHECK(answer(LDAP_SUCCESS) == '.');
    CHECK(begin(OUTLOOK_LDAP_BIND_AUTO, "svc", true) == 'r');
    CHECK(offers(others, COUNT(others)) == 's');
    CHECK(answer(LDAP_SUCCESS) == '.');
    CHECK(begin(OUTLOOK_LDAP_BIND_AUTO, "svc", true) == 'r');
    CHECK(answer(50) == 'n'); // strangers may not read it: it is tried
    CHECK(answer(80) == 's');
    CHECK(answer(LDAP_SUCCESS) == '.');
    CHECK(begin(OUTLOOK_LDAP_BIND_AUTO, "svc", true) == 'r');
    CHECK(offers(spnego, COUNT(spnego)) == 'n');
    CHECK(answer(LDAP_SASL_IN_PROGRESS) == 'a');
    CHECK(answer(LDAP_STRONGER_AUTH) == 's'); // signing
    CHECK(answer(LDAP_STRONGER_AUTH) == '!');
    CHECK(begin(OUTLOOK_LDAP_BIND_AUTO, "svc", true) == 'r');
    CHECK(offers(spnego, COUNT(spnego)) == 'n');
    CHECK(answer(LDAP_SASL_IN_PROGRESS) == 'a');
    CHECK(answer_with(LDAP_INVALID_CREDENTIALS, "data 52e, v1") == '!'); // accounts get locked
    CHECK_ERR(t.error, LDAP_CREDENTIALS);
    CHECK(begin(OUTLOOK_LDAP_BIND_SIMPLE, "svc", true) == 's');
}

// Without TLS the password leaves only where nothing else is offered.
static void test_bind_without_tls(void)
{
    CHECK(begin(OUTLOOK_LDAP_BIND_AUTO, "EXAMPLE\\svc", false) == 'r');
    CHECK(offers(spnego, COUNT(spnego)) == 'n');
    CHECK(answer(LDAP_SASL_IN_PROGRESS) == 'a');
    CHECK(answer(LDAP_SUCCESS) == '.');
    facts(S("by NTLM, not signed"));
    for (int late = 0; late < 2; late++) {
        CHECK(begin(OUTLOOK_LDAP_BIND_AUTO, "svc@example.test", false) == 'r');
        CHECK(offers(spnego, COUNT(spnego)) == 'n');
        CHECK(!late || answer(LDAP_SASL_IN_PROGRESS) == 'a');
        CHECK(answer_with(LDAP_STRONGER_AUTH, "00002028: turn on integrity checking") == '!');
        CHECK_ERR(t.error, LDAP_NEEDS_TLS);
        CHECK(str_find(str_from(err_todo(t.error)), S("ldaps://")) >= 0);
        CHECK(str_find(buf_str(&t.x.detail), S("integrity")) >= 0);
    }
    CHECK(begin(OUTLOOK_LDAP_BIND_AUTO, "svc@example.test", false) == 'r');
    CHECK(answer(51) == '!'); // busy: it may offer what it cannot say now
    CHECK_ERR(t.error, LDAP_BUSY);
    CHECK(begin(OUTLOOK_LDAP_BIND_AUTO, "svc@example.test", false) == 'r');
    CHECK(answer(50) == 'n');
    CHECK(answer(80) == '!');
    CHECK(begin(OUTLOOK_LDAP_BIND_AUTO, "svc@example.test", false) == 'r');
    CHECK(answer(50) == 'n');
    CHECK(answer(7) == 's');
    CHECK(begin(OUTLOOK_LDAP_BIND_AUTO, "EXAMPLE\\svc", false) == 'r');
    CHECK(offers(others, COUNT(others)) == 's');
    CHECK(answer(LDAP_STRONGER_AUTH) == '!');
    CHECK_ERR(t.error, LDAP_NEEDS_TLS);
    CHECK(begin(OUTLOOK_LDAP_BIND_AUTO, "cn=svc,dc=test", false) == 's');
    CHECK(begin(OUTLOOK_LDAP_BIND_SIMPLE, "EXAMPLE\\svc", false) == 's');
    CHECK(begin(OUTLOOK_LDAP_BIND_NTLM, "EXAMPLE\\svc", false) == 'n');
}

static void test_bind_ntlm_alone(void)
{
    static const struct {
        int result;
        const char *words;
        u16 code;
    } refusals[] = {
        {7, "", ERR_LDAP_METHOD},
        {8, "", ERR_LDAP_SIGNING},
        {49, "80090346: LdapErr: x, data 80090346, v2580", ERR_LDAP_BINDING},
        {49, "data 52e, v2580", ERR_LDAP_CREDENTIALS},
        {52, "", ERR_LDAP_BUSY},
        {14, "", ERR_NTLM_CHALLENGE},
    };
    for (isize i = 0; i < COUNT(refusals); i++) {
        CHECK(begin(OUTLOOK_LDAP_BIND_NTLM, "EXAMPLE\\svc", true) == 'n');
        CHECK(answer(LDAP_SASL_IN_PROGRESS) == 'a');
        CHECK(answer_with(refusals[i].result, refusals[i].words) == '!');
        CHECK(t.error.code == refusals[i].code);
    }
    CHECK(begin(OUTLOOK_LDAP_BIND_NTLM, "EXAMPLE\\svc", true) == 'n');
    CHECK(answer(LDAP_SUCCESS) == '!'); // of what?
    CHECK_ERR(t.error, NTLM_CHALLENGE);
    CHECK(begin(OUTLOOK_LDAP_BIND_NTLM, "EXAMPLE\\svc", true) == 'n');
    t.credentials = (str){0};
    CHECK(answer(LDAP_SASL_IN_PROGRESS) == '!');
    CHECK(begin(OUTLOOK_LDAP_BIND_NTLM, "EXAMPLE\\svc", true) == 'n');
    static u8 large[NTLM_CHALLENGE_BYTES + 1];
    t.credentials = str_make(large, sizeof large);
    CHECK(answer(LDAP_SASL_IN_PROGRESS) == '!');
    CHECK_ERR(t.error, NTLM_CHALLENGE);
}

// ---- the last message

static str ntlm_field(str m, isize at)
{
    isize n = m.p[at] | m.p[at + 1] << 8, from = m.p[at + 4] | m.p[at + 5] << 8;
    return str_slice(m, from, from + n);
}

static void check_mic(str first, str challenge, str last)
{
    u8 key[16], session[16], mic[16], copy[KIB(1)];
    str user = S("svc"), domain = ntlm_field(last, 28), nt = ntlm_field(last, 20);
    CHECK_OK(ntlm_key(S("Passw0rd"), user, domain, key));
    str nonce = str_slice(challenge, 24, 32), temp = str_from_index(nt, 16);
    u8 proof[16];
    crypto_hmac_md5(str_make(key, 16), (str[]){nonce, temp}, 2, proof);
    CHECK_STR(str_make(proof, 16), str_slice(nt, 0, 16));
    crypto_hmac_md5(str_make(key, 16), (str[]){str_make(proof, 16)}, 1, session);
    memcpy(copy, last.p, (size_t)last.n);
    memset(copy + 72, 0, 16);
    crypto_hmac_md5(str_make(session, 16), (str[]){first, challenge, str_make(copy, last.n)}, 3,
                    mic);
    CHECK_STR(str_make(mic, 16), str_slice(last, 72, 88));
}

// The token of a bind; SPNEGO goes around it as it did around the challenge.
static str token_in(str message, bool bare)
{
    isize at = str_find(message, S("GSS-SPNEGO")) + 10;
    str rest = str_from_index(message, at), credentials, token;
    CHECK(ber_take(&rest, BER_OCTETS, &credentials) && rest.n == 0);
    CHECK(spnego_is_bare(credentials) == bare);
    CHECK_OK(spnego_token(credentials, &token));
    return token;
}

static void test_bind_last_message(void)
{
    for (int kind = 0; kind < 4; kind++) {
        bool tls = kind & 1, bare = kind & 2;
        u8 first_bytes[64], wrapped_bytes[512];
        struct buf first = buf_over(first_bytes, COUNT(first_bytes));
        struct buf wrapped = buf_over(wrapped_bytes, COUNT(wrapped_bytes));
        CHECK(begin(OUTLOOK_LDAP_BIND_NTLM, "EXAMPLE\\svc", tls) == 'n');
        buf_put(&first, token_in(buf_str(&t.sent), false));
        str challenge = t.credentials;
        if (!bare) {
            spnego_put_response(&wrapped, challenge);
            t.credentials = buf_str(&wrapped);
        }
        CHECK(answer(LDAP_SASL_IN_PROGRESS) == 'a');
        str message = buf_str(&t.sent);
        check_mic(buf_str(&first), challenge, token_in(message, bare));
        static const u8 binding[] = {0x54, 0xad, 0x27, 0x46, 0x6f, 0x74, 0x29, 0x0c,
                                     0x53, 0x8b, 0x92, 0x2d, 0x4d, 0x1a, 0x96, 0x7f};
        CHECK((str_find(message, str_make(binding, 16)) >= 0) == tls);
        CHECK(str_find(message, S("l\0d\0a\0p\0/\0d\0c\0.\0e\0x\0")) >= 0);
        // Nothing of what it was put together from is left behind it.
        for (isize i = message.n; i < t.sent.cap; i++) {
            CHECK(t.sent_bytes[i] == 0);
        }
        CHECK(t.b.challenge_bytes == 0 && t.b.challenge[0] == 0);
    }
}

static void test_bind_last_message_is_impossible(void)
{
    CHECK(begin(OUTLOOK_LDAP_BIND_NTLM, "EXAMPLE\\svc", true) == 'n');
    static const char *const texts[] = {"NTLMSSP", "no", "\xa1\x07\x30\x05\xa0\x03\x0a\x01\x02"};
    static const u16 codes[] = {ERR_SPNEGO_SYNTAX, ERR_SPNEGO_SYNTAX, ERR_SPNEGO_REJECTED};
    for (isize i = 0; i < COUNT(texts); i++) {
        bool more;
        struct ldap_message m = {.op = LDAP_BIND_RESPONSE,
                                 .result = LDAP_SASL_IN_PROGRESS,
                                 .credentials = str_from(texts[i])};
        t.b.step = OUTLOOK_BIND_NEGOTIATE;
        CHECK_OK(hear(&m, &more));
        struct buf room = buf_over(t.sent_bytes, COUNT(t.sent_bytes));
        CHECK(outlook_bind_put(&t.b, 9, &room).code == codes[i] && room.n == 0);
    }
    // Too little room.
    for (isize cap = 0; cap < 800; cap += 37) {
        CHECK(begin(OUTLOOK_LDAP_BIND_NTLM, "EXAMPLE\\svc", true) == 'n');
        bool more;
        struct ldap_message m = {.op = LDAP_BIND_RESPONSE,
                                 .result = LDAP_SASL_IN_PROGRESS,
                                 .credentials = t.credentials};
        CHECK_OK(hear(&m, &more));
        struct buf room = buf_over(t.sent_bytes, cap);
        CHECK_ERR(outlook_bind_put(&t.b, 2, &room), BUF_FULL);
        CHECK(room.n == 0);
    }
}

static void test_bind_names(void)
{
    static const char *const dns[] = {"CN=svc", "cn=svc,dc=test", "2.5.4.3=svc", "OU-x=1"};
    static const char *const others_[] = {"",   "svc",   "EXAMPLE\\svc", "svc@example.test",
                                          "=x", "a b=c", "EX\\a=b",      "svc@a=b"};
    for (isize i = 0; i < COUNT(dns); i++) {
        CHECK(outlook_bind_is_dn(test_guarded(str_from(dns[i]))));
    }
    for (isize i = 0; i < COUNT(others_); i++) {
        CHECK(!outlook_bind_is_dn(test_guarded(str_from(others_[i]))));
    }
}

static const struct test_case cases[] = {
    CASE(test_bind_simple_comes_first_over_tls),
    CASE(test_bind_ntlm_where_simple_is_refused),
    CASE(test_bind_name_without_a_domain),
    CASE(test_bind_without_tls),
    CASE(test_bind_ntlm_alone),
    CASE(test_bind_last_message),
    CASE(test_bind_last_message_is_impossible),
    CASE(test_bind_names),
};
TEST_MAIN(cases)
