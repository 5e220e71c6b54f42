// SPDX-License-Identifier: Apache-2.0
// net/ntlm: the vectors of spec/wire-ntlm.md 9 (MS-NLMP 4.2.4; our own with time, MIC and channel
// binding; Chromium's), forms of names, upper case, and challenges that are damaged, cut at every
// byte or lie about their offsets.
#include "test.h"

#include "base/buf.h"
#include "hex.h"
#include "limits.h"
#include "net/crypto.h"
#include "net/ntlm.h"
#include "stack.h"

#define CHALLENGE_A                                                                                \
    "4e544c4d53535000020000000c000c003800000033828ae20123456789abcdef0000000000000000240024004400" \
    "0000060070170000000f53006500720076006500720002000c0044006f006d00610069006e0001000c0053006500" \
    "720076006500720000000000"
#define CHALLENGE_B                                                                                \
    "4e544c4d53535000020000000e000e0038000000058289a2112233445566778800000000000000008c008c004600" \
    "00000a0063450000000f4500580041004d0050004c00450002000e004500580041004d0050004c00450001000800" \
    "4500580030003100040018006500780061006d0070006c0065002e00740065007300740003002200650078003000" \
    "31002e006500780061006d0070006c0065002e007400650073007400050018006500780061006d0070006c006500" \
    "2e0074006500730074000700080040f69d0408cfda0100000000"
#define NEGOTIATE_B \
    "4e544c4d5353500001000000078208a2000000000000000000000000000000000a00614a0000000f"
#define AUTHENTICATE_B                                                                             \
    "4e544c4d5353500003000000180018006c00000008010801840000000e000e005800000006000600660000000000" \
    "00006c000000000000008c010000058288a20a00614a0000000fae2a175e467e7c973cc0a9b50cfa2ff345005800" \
    "41004d0050004c0045007300760063000000000000000000000000000000000000000000000000001a4ba3923f28" \
    "4d218a95d3b4f5ca1e41010100000000000040f69d0408cfda01a0a1a2a3a4a5a6a70000000002000e0045005800" \
    "41004d0050004c004500010008004500580030003100040018006500780061006d0070006c0065002e0074006500" \
    "730074000300220065007800300031002e006500780061006d0070006c0065002e00740065007300740005001800" \
    "6500780061006d0070006c0065002e0074006500730074000700080040f69d0408cfda0106000400020000000a00" \
    "100054ad27466f74290c538b922d4d1a967f09002c0048005400540050002f006d00610069006c002e0065007800" \
    "61006d0070006c0065002e0074006500730074000000000000000000"
#define NEGOTIATE_C "4e544c4d53535000010000000782080000000000200000000000000020000000"
#define AUTHENTICATE_C                                                                             \
    "4e544c4d535350000300000018001800580000008a008a00700000000c000c00fa00000008000800060100001000" \
    "10000e0100000000000058000000038208000000000000000000f7361633f0ad9bdf4a7c421bc6b824a300000000" \
    "00000000000000000000000000000000000000008c0260dbef690662af9c42d50782d2ed0101000000000000800b" \
    "c8fd00d4d201aaaaaaaaaaaaaaaa0000000002000c0044006f006d00610069006e0001000c005300650072007600" \
    "6500720006000400020000000a0010006586e99d81c2fc984e47172fd4dd03100900160048005400540050002f00" \
    "530065007200760065007200000000000000000044006f006d00610069006e005500730065007200"             \
    "43004f004d0050005500540045005200"

static u8 memory[KIB(64)];
static struct buf bytes = {memory, 0, COUNT(memory), false};

static str unhex(const char *text)
{
    return test_guarded(hex_put(&bytes, text));
}

static void check_hex(str got, const char *want)
{
    u8 text[2048];
    struct buf hex = buf_over(text, COUNT(text));
    buf_put_hex(&hex, got);
    CHECK_STR(buf_str(&hex), str_from(want));
}

// The setup of vector B.
static struct ntlm_setup setup_b(void)
{
    struct ntlm_setup s = {.user = S("EXAMPLE\\svc"),
                           .password = S("Passw0rd"),
                           .service = S("HTTP"),
                           .host = S("mail.example.test"),
                           .client = {0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7}};
    bytes.n = 0;
    ntlm_binding(unhex("7a027ea4ab80fe222822766d925e3e1d72a7a47e252d8640b2f5af9c1073c338"),
                 s.binding);
    return s;
}

static str field(str m, isize at)
{
    isize n = m.p[at] | m.p[at + 1] << 8, from = m.p[at + 4] | m.p[at + 5] << 8;
    return str_slice(m, from, from + n);
}

static void test_hmac_md5(void)
{
    u8 out[16]; // RFC 2202
    str key = S("\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b");
    crypto_hmac_md5(key, (str[]){S("Hi "), (str){0}, S("There")}, 3, out);
    check_hex(str_make(out, 16), "9294727a3638bb1c13f48ef8158bfc9d");
    crypto_hmac_md5(S("Jefe"), (str[]){S("what do ya want for nothing?")}, 1, out);
    check_hex(str_make(out, 16), "750c783e6ab0b503eaa86e310a5db738");
    crypto_hmac_md5((str){0}, NULL, 0, out);
    check_hex(str_make(out, 16), "74e6f7298a9c2d168935f58c001bad88");
}

// MS-NLMP 4.2.4: the steps, since we neither leave the MIC out nor exchange keys.
static void test_vector_a(void)
{
    u8 key[16], proof[16], out[16];
    bytes.n = 0;
    CHECK_OK(ntlm_key(S("Password"), S("User"), S("D\0o\0m\0a\0i\0n\0"), key));
    check_hex(str_make(key, 16), "0c868a403bfd7a93a3001ef22ef02e3f");
    str nonce = unhex("0123456789abcdef"), client = unhex("aaaaaaaaaaaaaaaa");
    str temp = unhex("01010000000000000000000000000000aaaaaaaaaaaaaaaa0000000002000c0044006f006d00"
                     "610069006e0001000c005300650072007600650072000000000000000000");
    crypto_hmac_md5(str_make(key, 16), (str[]){nonce, temp}, 2, proof);
    check_hex(str_make(proof, 16), "68cd0ab851e51c96aabc927bebef6a1c");
    crypto_hmac_md5(str_make(key, 16), (str[]){nonce, client}, 2, out);
    check_hex(str_make(out, 16), "86c35097ac9cec102554764a57cccc19");
    crypto_hmac_md5(str_make(key, 16), (str[]){str_make(proof, 16)}, 1, out);
    check_hex(str_make(out, 16), "8de40ccadbc14a82f15cb0ad0de95ca3");
}

static void test_vector_b(void)
{
    u8 message[1024], key[16];
    struct ntlm_setup s = setup_b();
    struct buf out = buf_over(message, COUNT(message));
    check_hex(str_make(s.binding, 16), "54ad27466f74290c538b922d4d1a967f");
    CHECK_OK(ntlm_key(s.password, S("svc"), S("E\0X\0A\0M\0P\0L\0E\0"), key));
    check_hex(str_make(key, 16), "975e8b8519439a009fe849b79864ddf1");
    ntlm_put_negotiate(&out);
    check_hex(buf_str(&out), NEGOTIATE_B);
    CHECK(out.n == NTLM_NEGOTIATE_BYTES);
    buf_reset(&out);
    buf_put(&out, S("before")); // what is there already is not touched
    CHECK_OK(ntlm_put_authenticate(&out, &s, unhex(NEGOTIATE_B), unhex(CHALLENGE_B)));
    CHECK(str_starts(buf_str(&out), S("before")));
    check_hex(str_from_index(buf_str(&out), 6), AUTHENTICATE_B);
}

// Every room that is too small is said, and leaves nothing.
static void test_vector_b_room(void)
{
    u8 message[396];
    struct ntlm_setup s = setup_b();
    str negotiate = unhex(NEGOTIATE_B), challenge = unhex(CHALLENGE_B);
    for (isize room = 0; room <= COUNT(message); room++) {
        struct buf out = buf_over(message + COUNT(message) - room, room);
        err e = ntlm_put_authenticate(&out, &s, negotiate, challenge);
        CHECK(room == COUNT(message) ? err_ok(e) : err_is(e, ERR_BUF_FULL) && out.n == 0);
    }
}

// Chromium's, which has another order of fields and a workstation: the same response, and a MIC
// over its message by the same key.
static void test_vector_c(void)
{
    u8 message[1024], key[16], session[16], mic[16];
    bytes.n = 0;
    struct ntlm_setup s = {.user = S("Domain\\User"),
                           .password = S("Password"),
                           .service = S("HTTP"),
                           .host = S("Server"),
                           .now = 131400439870000000};
    memset(s.client, 0xaa, sizeof s.client);
    ntlm_binding(unhex("ea05fefecc6b0bd571dbbc5baa3ed45386d0446835f7b74c85621b9983475f95"),
                 s.binding);
    check_hex(str_make(s.binding, 16), "6586e99d81c2fc984e47172fd4dd0310");
    str negotiate = unhex(NEGOTIATE_C), challenge = unhex(CHALLENGE_A);
    struct buf out = buf_over(message, COUNT(message));
    CHECK_OK(ntlm_put_authenticate(&out, &s, negotiate, challenge));
    str theirs = hex_put(&bytes, AUTHENTICATE_C), ours = buf_str(&out);
    CHECK(theirs.n == 286);
    CHECK(str_eq(field(ours, 20), field(theirs, 20)) && field(ours, 20).n == 138);
    CHECK(str_eq(field(ours, 12), field(theirs, 12)) && str_eq(field(ours, 28), field(theirs, 28)));
    CHECK(str_eq(field(ours, 36), field(theirs, 36)) && field(ours, 44).n == 0);
    CHECK_OK(ntlm_key(s.password, S("User"), field(theirs, 28), key));
    crypto_hmac_md5(str_make(key, 16), (str[]){str_slice(field(ours, 20), 0, 16)}, 1, session);
    check_hex(str_make(session, 16), "623dbd071be7a530b6a95c2eb4982470");
    check_hex(str_slice(theirs, 72, 88), "f7361633f0ad9bdf4a7c421bc6b824a3");
    memset(bytes.p + bytes.n - theirs.n + 72, 0, 16);
    crypto_hmac_md5(str_make(session, 16), (str[]){negotiate, challenge, theirs}, 3, mic);
    check_hex(str_make(mic, 16), "f7361633f0ad9bdf4a7c421bc6b824a3");
    // Ours, checked in the same way.
    u8 said[16];
    memcpy(said, message + 72, 16);
    memset(message + 72, 0, 16);
    crypto_hmac_md5(str_make(session, 16), (str[]){negotiate, challenge, ours}, 3, mic);
    CHECK(memcmp(mic, said, 16) == 0);
}

static void test_user_forms(void)
{
    static const struct {
        str user, domain, name;
    } forms[] = {
        {S("EXAMPLE\\svc"), S("E\0X\0A\0M\0P\0L\0E\0"), S("s\0v\0c\0")},
        {S("Example\\svc"), S("E\0x\0a\0m\0p\0l\0e\0"), S("s\0v\0c\0")},
        {S("s@e.t"), S(""), S("s\0@\0e\0.\0t\0")},
        {S("svc"), S("E\0X\0A\0M\0P\0L\0E\0"), S("s\0v\0c\0")}, // of the challenge
        {S("\\svc"), S(""), S("s\0v\0c\0")},
        {S("D\\a@b"), S("D\0"), S("a\0@\0b\0")},
        {S("\xf0\x9f\x98\x80"), S("E\0X\0A\0M\0P\0L\0E\0"), S("\x3d\xd8\x00\xde")},
    };
    u8 message[1024];
    for (isize i = 0; i < COUNT(forms); i++) {
        struct ntlm_setup s = setup_b();
        struct buf out = buf_over(message, COUNT(message));
        s.user = forms[i].user;
        CHECK_OK(ntlm_put_authenticate(&out, &s, unhex(NEGOTIATE_B), unhex(CHALLENGE_B)));
        CHECK_STR(field(buf_str(&out), 28), forms[i].domain);
        CHECK_STR(field(buf_str(&out), 36), forms[i].name);
    }
}

static void check_upper(str text, str want)
{
    u8 a_memory[256], b_memory[256];
    struct buf a = buf_over(a_memory, COUNT(a_memory)), b = buf_over(b_memory, COUNT(b_memory));
    CHECK_OK(ntlm_put_utf16(&a, text, true));
    CHECK_OK(ntlm_put_utf16(&b, want, false));
    CHECK(str_eq(buf_str(&a), buf_str(&b)));
}

static void test_upper(void)
{
    check_upper(S("azAZ09@.-_{`"), S("AZAZ09@.-_{`"));
    check_upper(S("\u00e0\u00f6\u00f7\u00f8\u00fe\u00ff\u00df"),
                S("\u00c0\u00d6\u00f7\u00d8\u00de\u0178\u00df"));
    check_upper(S("\u0101\u0100\u0107\u0131\u013a\u0142\u0138\u0151\u017a\u017e\u01b0\u0219"),
                S("\u0100\u0100\u0106\u0131\u0139\u0141\u0138\u0150\u0179\u017d\u01af\u0218"));
    check_upper(S("\u03ac\u03af\u03b1\u03c1\u03c2\u03c3\u03ce\u03cc"),
                S("\u0386\u038a\u0391\u03a1\u03a3\u03a3\u038f\u038c"));
    check_upper(S("\u0430\u044f\u0451\u045f\u0491\u04cf\u04d1\u0410"),
                S("\u0410\u042f\u0401\u040f\u0490\u04c0\u04d0\u0410"));
    check_upper(S("\u1ea1\u1ef9\u4e2d\U0001f600\U00010428"),
                S("\u1ea0\u1ef8\u4e2d\U0001f600\U00010428"));
}

static void test_utf16_surrogates(void)
{
    u8 text[16];
    struct buf b = buf_over(text, COUNT(text));
    CHECK_OK(ntlm_put_utf16(&b, S("\U00010000\U0010ffff\uffff"), false));
    check_hex(buf_str(&b), "00d800dcffdbffdfffff");
    CHECK_ERR(ntlm_put_utf16(&b, S("a\xed\xa0\x80"), false), NTLM_NAME);
    CHECK_ERR(ntlm_put_utf16(&b, S("\xff"), false), NTLM_NAME);
}

static void test_names_refused(void)
{
    u8 message[8192], longest[NTLM_TEXT_BYTES];
    memset(longest, 'a', sizeof longest);
    str too_long = str_make(longest, COUNT(longest)), bad = S("a\xff");
    for (int i = 0; i < 7; i++) {
        struct ntlm_setup s = setup_b();
        struct buf out = buf_over(message, COUNT(message));
        str *which[] = {&s.user, &s.password, &s.host, &s.user, &s.password, &s.host};
        if (i < 6) {
            *which[i] = i < 3 ? bad : too_long;
        } else {
            s.user = S("a\xff\\b");
        }
        err e = ntlm_put_authenticate(&out, &s, unhex(NEGOTIATE_B), unhex(CHALLENGE_B));
        if (i == 5) {
            CHECK_OK(e); // a host of this length is only strange
        } else {
            CHECK_ERR(e, NTLM_NAME);
            CHECK(out.n == 0);
        }
    }
}

static err answer(str challenge)
{
    static u8 message[KIB(16)];
    struct ntlm_setup s = setup_b();
    struct buf out = buf_over(message, COUNT(message));
    err e = ntlm_put_authenticate(&out, &s, S(""), test_guarded(challenge));
    CHECK(err_ok(e) ? out.n > 88 : out.n == 0);
    return e;
}

static void poke(str m, isize at, u32 value, int n)
{
    for (int i = 0; i < n; i++) {
        memory[m.p - memory + at + i] = (u8)(value >> 8 * i);
    }
}

static void test_challenge_refused(void)
{
    static const struct {
        isize at;
        u32 value;
        int bytes;
        enum err_code want;
    } damage[] = {
        {0, 'n', 1, ERR_NTLM_CHALLENGE},
        {8, 1, 4, ERR_NTLM_CHALLENGE},
        {20, 0xa2898204, 4, ERR_NTLM_OLD}, // not Unicode
        {20, 0xa2098205, 4, ERR_NTLM_OLD}, // no target information, it says
        {40, 0, 2, ERR_NTLM_OLD},          // there is none
        {40, 0x8d, 2, ERR_NTLM_CHALLENGE}, // it ends behind the message
        {44, 0xffffffff, 4, ERR_NTLM_CHALLENGE},
        {44, 211, 4, ERR_NTLM_CHALLENGE},
        {16, 0xfffffff0, 4, ERR_NTLM_CHALLENGE},
        {12, 0xffff, 2, ERR_NTLM_CHALLENGE},
        {40, 0x88, 2, ERR_NTLM_CHALLENGE},   // pairs without their end
        {72, 0xffff, 2, ERR_NTLM_CHALLENGE}, // a pair that is too long
        {72, 0x0f, 2, ERR_NTLM_CHALLENGE},   // pairs out of step
        {196, 4, 2, ERR_NTLM_CHALLENGE},     // a time of four bytes
    };
    for (isize i = 0; i < COUNT(damage); i++) {
        bytes.n = 0;
        str m = hex_put(&bytes, CHALLENGE_B);
        poke(m, damage[i].at, damage[i].value, damage[i].bytes);
        u8 copy[256];
        memcpy(copy, m.p, (size_t)m.n);
        err e = answer(str_make(copy, m.n));
        if (e.code != damage[i].want) {
            fprintf(stderr, "damage %d: %s\n", (int)i, err_name(e));
        }
        CHECK(e.code == damage[i].want);
    }
}

static void test_challenge_cut(void)
{
    u8 whole[256];
    bytes.n = 0;
    str m = hex_put(&bytes, CHALLENGE_B);
    memcpy(whole, m.p, (size_t)m.n);
    for (isize n = 0; n < m.n; n++) {
        err e = answer(str_make(whole, n));
        CHECK(err_is(e, n >= 32 && n < 48 ? ERR_NTLM_OLD : ERR_NTLM_CHALLENGE));
    }
    CHECK_OK(answer(str_make(whole, m.n)));
}

static void test_challenge_large(void)
{
    static u8 large[NTLM_CHALLENGE_BYTES + 1];
    bytes.n = 0;
    str m = hex_put(&bytes, CHALLENGE_B);
    memcpy(large, m.p, (size_t)m.n);
    CHECK_OK(answer(str_make(large, COUNT(large) - 1)));
    CHECK_ERR(answer(str_make(large, COUNT(large))), NTLM_CHALLENGE);
}

// The server's flags, target and binding give way to ours; pairs that are not known stay.
static void test_pairs_replaced(void)
{
    u8 message[1024];
    struct ntlm_setup s = setup_b();
    str challenge = unhex("4e544c4d5353500002000000 0000000000000000 058289a2 1122334455667788"
                          "0000000000000000 3200320038000000 0000000000000000"
                          "0600040001000000 63000100aa 0a00020055aa 0900040041004200"
                          "0800030001020307000800 1112131415161718 00000000");
    struct buf out = buf_over(message, COUNT(message));
    CHECK_OK(ntlm_put_authenticate(&out, &s, unhex(NEGOTIATE_B), challenge));
    str pairs = str_from_index(field(buf_str(&out), 20), 16 + 28);
    check_hex(pairs,
              "63000100aa080003000102030700080011121314151617180600040003000000"
              "0a00100054ad27466f74290c538b922d4d1a967f"
              "09002c0048005400540050002f006d00610069006c002e006500780061006d0070006c0065002e"
              "00740065007300740000000000"
              "00000000");
    CHECK_STR(field(buf_str(&out), 28), S("E\0X\0A\0M\0P\0L\0E\0"));
}

// A challenge of these flags with the target name "AB" and these pairs.
static str make_challenge(u32 flags, const char *pairs_hex)
{
    bytes.n = 0;
    str pairs = hex_put(&bytes, pairs_hex);
    u8 message[512];
    struct buf m = buf_over(message, COUNT(message));
    hex_put(&m, "4e544c4d5353500002000000 0400040030000000");
    for (int i = 0; i < 4; i++) {
        buf_put_byte(&m, (u8)(flags >> 8 * i));
    }
    hex_put(&m, "1122334455667788 0000000000000000");
    buf_put_byte(&m, (u8)pairs.n);
    hex_put(&m, "000000 34000000 41004200");
    buf_put(&m, pairs);
    return test_guarded(buf_str(&m));
}

#define FLAGS_B 0xa2898205

static void test_domain_of_challenge(void)
{
    static const struct {
        const char *pairs;
        str want;
    } rows[] = {{"02000400 43004400 00000000", S("C\0D\0")},
                {"01000400 43004400 00000000", S("A\0B\0")},
                {"02000000 00000000", S("A\0B\0")}};
    u8 message[1024];
    for (isize i = 0; i < COUNT(rows); i++) {
        struct ntlm_setup s = setup_b();
        struct buf out = buf_over(message, COUNT(message));
        s.user = S("svc");
        CHECK_OK(ntlm_put_authenticate(&out, &s, S(""), make_challenge(FLAGS_B, rows[i].pairs)));
        CHECK_STR(field(buf_str(&out), 28), rows[i].want);
    }
}

static void test_pairs_refused(void)
{
    CHECK_OK(answer(make_challenge(FLAGS_B, "07000800 1112131415161718 00000000")));
    CHECK_ERR(answer(make_challenge(FLAGS_B, "07000400 11121314 00000000")), NTLM_CHALLENGE);
    CHECK_ERR(answer(make_challenge(FLAGS_B, "06000200 0100 00000000")), NTLM_CHALLENGE);
    CHECK_ERR(answer(make_challenge(FLAGS_B, "07000800 1112131415161718")), NTLM_CHALLENGE);
    CHECK_ERR(answer(make_challenge(FLAGS_B, "00")), NTLM_CHALLENGE);
    // A pair that ends behind the message, by one byte to five.
    for (int bytes_said = 5; bytes_said < 10; bytes_said++) {
        char pairs[40];
        snprintf(pairs, sizeof pairs, "0100%02x00 41424344", bytes_said);
        CHECK_ERR(answer(make_challenge(FLAGS_B, pairs)), NTLM_CHALLENGE);
    }
}

// Only what both sides want, never OEM text, signing, sealing or keys; a version where there is
// one.
static void test_flags(void)
{
    static const u32 rows[][2] = {{0xe28a8233, 0xa2888201}, // of vector A
                                  {0xffffffff, 0xa2888205},
                                  {0x00800001, 0x00800001},
                                  {FLAGS_B, 0xa2888205}};
    u8 message[1024];
    for (isize i = 0; i < COUNT(rows); i++) {
        struct ntlm_setup s = setup_b();
        struct buf out = buf_over(message, COUNT(message));
        CHECK_OK(ntlm_put_authenticate(&out, &s, S(""), make_challenge(rows[i][0], "00000000")));
        u32 flags = 0;
        for (int k = 3; k >= 0; k--) {
            flags = flags << 8 | message[60 + k];
        }
        CHECK(flags == rows[i][1]);
        check_hex(str_make(message + 64, 8),
                  flags & 0x02000000 ? "0a00614a0000000f" : "0000000000000000");
    }
}

static void test_key_refused(void)
{
    u8 key[16], longest[NTLM_TEXT_BYTES / 2 + 1];
    memset(longest, 'a', sizeof longest);
    str most = str_make(longest, COUNT(longest) - 1), more = str_make(longest, COUNT(longest));
    CHECK_OK(ntlm_key(most, most, S(""), key));
    CHECK_ERR(ntlm_key(more, S("a"), S(""), key), NTLM_NAME);
    CHECK_ERR(ntlm_key(S("a"), more, S(""), key), NTLM_NAME);
    CHECK_ERR(ntlm_key(S("\xff"), S("a"), S(""), key), NTLM_NAME);
    CHECK_ERR(ntlm_key(S("a"), S("\xff"), S(""), key), NTLM_NAME);
}

// A domain that would outgrow the two bytes of its length.
static void test_domain_too_long(void)
{
    static u8 user[KIB(40)], message[KIB(128)];
    struct ntlm_setup s = setup_b();
    struct buf out = buf_over(message, COUNT(message));
    memset(user, 'a', sizeof user);
    user[COUNT(user) - 2] = '\\';
    s.user = str_make(user, COUNT(user));
    CHECK_ERR(ntlm_put_authenticate(&out, &s, S(""), unhex(CHALLENGE_B)), NTLM_NAME);
    CHECK(out.n == 0 && !out.full);
}

static void test_filetime(void)
{
    CHECK(ntlm_filetime(0) == 116444736000000000);
    CHECK(ntlm_filetime(1720174830500) == 133646484305000000);
}

static void make_key(void *st)
{
    u8 key[16];
    (void)st;
    CHECK_OK(ntlm_key(S("Secret of svc"), S("svc"), S("D\0"), key));
}

static void test_key_leaves_no_password(void)
{
    CHECK(!stack_keeps(make_key, NULL, S("S\0e\0c\0r\0e\0t\0 \0o\0f\0")));
}

static const struct test_case cases[] = {
    CASE(test_hmac_md5),
    CASE(test_vector_a),
    CASE(test_vector_b),
    CASE(test_vector_b_room),
    CASE(test_vector_c),
    CASE(test_user_forms),
    CASE(test_upper),
    CASE(test_utf16_surrogates),
    CASE(test_names_refused),
    CASE(test_challenge_refused),
    CASE(test_challenge_cut),
    CASE(test_challenge_large),
    CASE(test_pairs_replaced),
    CASE(test_filetime),
    CASE(test_domain_of_challenge),
    CASE(test_pairs_refused),
    CASE(test_flags),
    CASE(test_key_refused),
    CASE(test_key_leaves_no_password),
    CASE(test_domain_too_long),
};
TEST_MAIN(cases)
