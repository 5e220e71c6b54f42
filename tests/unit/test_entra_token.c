// SPDX-License-Identifier: Apache-2.0
// source/outlook/entra_token and entra_roles: the request with each proof, answers, life and
// renewal, refusals by the APIs, and what a token's roles say. Real signatures:
// tests/interop/entra_oracle.py.
#include "test.h"

#include "codec/base64.h"
#include "os/os.h"
#include "source/outlook/entra_token.h"
#include "stack.h"

#define TENANT "9f2c0000-1111-2222-3333-444455556666"
#define CLIENT "11111111-2222-3333-4444-555555555555"
#define UNIX_S 1720174830

// ---- what is below

static i64 mono_ms = 1000;
static int wiped, pss_signed, pkcs1_signed;
static u8 random_byte = 7;
static str token_file;

i64 os_mono_ms(void)
{
    return mono_ms;
}

i64 os_unix_us(void)
{
    return (i64)UNIX_S * 1000000 + 999999;
}

void os_entropy(void *p, isize n)
{
    memset(p, random_byte++, (size_t)n);
}

err os_file_read_in(int folder_fd, const char *name, struct buf *out, struct buf *detail)
{
    CHECK(folder_fd == 9 && strcmp(name, "token") == 0);
    if (!token_file.n) {
        buf_put(detail, S("token: Permission denied"));
        return FAIL(FILE_UNREADABLE);
    }
    buf_put(out, token_file);
    return buf_check(out);
}

void crypto_wipe(void *p, isize n)
{
    memset(p, 0, (size_t)n);
    wiped++;
}

static bool key_is_broken;

static err sign(struct buf *signature, int *count)
{
    *count += 1;
    buf_put(signature, S("signature"));
    return key_is_broken ? FAIL(CRYPTO_SIGN) : OK;
}

err crypto_sign_rs256(struct crypto_key *key, str in, struct buf *signature)
{
    ASSERT(key && in.n);
    return sign(signature, &pkcs1_signed);
}

err crypto_sign_ps256(struct crypto_key *key, str in, struct buf *signature)
{
    ASSERT(key && in.n);
    return sign(signature, &pss_signed);
}

err crypto_key_read(struct crypto_key *key, str pem)
{
    (void)key;
    (void)pem;
    return OK;
}

void crypto_key_free(struct crypto_key *key)
{
    (void)key;
}

err crypto_certificate_read(struct crypto_key *key, str pem, struct crypto_certificate *out)
{
    (void)key;
    (void)pem;
    (void)out;
    return FAIL(CRYPTO_CERTIFICATE);
}

// ---- the rig

static u8 target[512], headers[EXCHANGE_HEADERS_BYTES], detail[EXCHANGE_DETAIL_BYTES];
static struct dest login;
static struct exchange x;
static struct entra_token t;
static struct entra_account account;

static void restart(const struct entra_identity *identity, str tenant, str secret)
{
    struct buf told = buf_over(detail, COUNT(detail));
    struct entra_fields fields = {tenant, S(CLIENT), secret};
    memset(&t, 0, sizeof t);
    CHECK_OK(entra_account_read(&account, identity, &fields, &told));
}

static void new_exchange(void)
{
    x = (struct exchange){.target = buf_over(target, COUNT(target)),
                          .headers = buf_over(headers, COUNT(headers)),
                          .detail = buf_over(detail, COUNT(detail))};
}

static err ask(enum entra_resource resource, int cloud)
{
    new_exchange();
    return entra_token_ask(&t, &account,
                           &(struct entra_where){&login, entra_cloud_at(cloud), resource}, &x);
}

// ---- asking

static void test_token_ask_secret(void)
{
    restart(NULL, S(TENANT), S("aB~3/x+y"));
    CHECK_OK(ask(ENTRA_GRAPH, 0));
    CHECK(x.dest == &login && t.asking && t.asked_ms == mono_ms);
    CHECK_STR(x.method, S("POST"));
    CHECK_STR(buf_str(&x.target), S("/" TENANT "/oauth2/v2.0/token"));
    CHECK_STR(buf_str(&x.headers), S("Content-Type: application/x-www-form-urlencoded\r\n"
                                     "Accept: application/json\r\n"));
    CHECK_STR(x.body, S("grant_type=client_credentials&client_id=" CLIENT
                        "&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default"
                        "&client_secret=aB~3%2Fx%2By"));
    restart(NULL, S("example.onmicrosoft.com"), S("a b&c=d%\xc3\xa9"));
    CHECK_OK(ask(ENTRA_EWS, 3));
    CHECK_STR(buf_str(&x.target), S("/example.onmicrosoft.com/oauth2/v2.0/token"));
    CHECK(str_ends(x.body, S("&scope=https%3A%2F%2Fpartner.outlook.cn%2F.default"
                             "&client_secret=a+b%26c%3Dd%25%C3%A9")));
}

static const struct entra_identity certificate = {
    .key = (struct crypto_key *)&account,
    .thumbprint = {0xfb, 0xff, 0xfe, 1, 2, 3},
};

static str part(str assertion, int i, u8 *memory, isize cap)
{
    struct buf out = buf_over(memory, cap);
    str piece = {0};
    bool more = true;
    for (int k = 0; k <= i; k++) {
        CHECK(more);
        assertion = str_cut(assertion, '.', &piece, &more);
    }
    base64_decode(&(struct base64_decoder){0}, &out, piece);
    return buf_str(&out);
}

#define ASSERTION                                                                             \
    "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer" \
    "&client_assertion="

static str assertion_of(void)
{
    isize at = str_find(x.body, S(ASSERTION));
    CHECK(at > 0 && str_find(x.body, S("client_secret")) < 0);
    return str_from_index(x.body, at + S(ASSERTION).n);
}

static void test_token_ask_certificate(void)
{
    u8 bytes[1024];
    random_byte = 0xa0;
    restart(&certificate, S(TENANT), S("not used"));
    CHECK_OK(ask(ENTRA_GRAPH, 0));
    str assertion = assertion_of();
    CHECK(pss_signed == 1 && pkcs1_signed == 0);
    CHECK_STR(part(assertion, 0, bytes, COUNT(bytes)),
              S("{\"typ\":\"JWT\",\"alg\":\"PS256\",\"x5t#S256\":"
                "\"-__-AQIDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}"));
    CHECK_STR(part(assertion, 1, bytes, COUNT(bytes)),
              S("{\"aud\":\"https://login.microsoftonline.com/" TENANT "/oauth2/v2.0/token\","
                "\"iss\":\"" CLIENT "\",\"sub\":\"" CLIENT "\","
                "\"jti\":\"a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0\","
                "\"nbf\":1720174770,\"iat\":1720174830,\"exp\":1720175370}"));
    CHECK_STR(part(assertion, 2, bytes, COUNT(bytes)), S("signature"));
    // Another attempt is another assertion.
    CHECK_OK(ask(ENTRA_GRAPH, 0));
    CHECK(str_find(part(assertion_of(), 1, bytes, COUNT(bytes)), S("\"jti\":\"a1a1")) > 0);

    struct entra_identity old = certificate;
    old.pkcs1 = true;
    restart(&old, S(TENANT), S(""));
    CHECK_OK(ask(ENTRA_GRAPH, 1));
    CHECK(pkcs1_signed == 1);
    CHECK(str_find(part(assertion_of(), 0, bytes, COUNT(bytes)), S("\"RS256\"")) > 0);
    CHECK(str_find(part(assertion_of(), 1, bytes, COUNT(bytes)),
                   S("\"aud\":\"https://login.microsoftonline.us/" TENANT "/")) > 0);

    // The longest tenant, and the largest signature: there is room.
    u8 long_tenant[253];
    memset(long_tenant, 'a', sizeof long_tenant);
    for (isize i = 60; i < COUNT(long_tenant); i += 61) {
        long_tenant[i] = '.';
    }
    restart(&certificate, str_make(long_tenant, COUNT(long_tenant)), S(""));
    CHECK_OK(ask(ENTRA_GRAPH, 3));
    key_is_broken = true;
    CHECK_ERR(ask(ENTRA_GRAPH, 0), CRYPTO_SIGN);
    CHECK(!t.asking && t.request_bytes == 0);
    key_is_broken = false;
}

static void test_token_ask_file(void)
{
    struct entra_identity pod = {.token_folder_fd = 9, .token_name = "token"};
    restart(&pod, S(TENANT), S(""));
    token_file = S("eyJ.eyJ-_.c2ln\n");
    CHECK_OK(ask(ENTRA_GRAPH, 0));
    CHECK_STR(assertion_of(), S("eyJ.eyJ-_.c2ln"));
    token_file = S("new.new.new");
    CHECK_OK(ask(ENTRA_GRAPH, 0));
    CHECK_STR(assertion_of(), S("new.new.new"));
    token_file = (str){0};
    CHECK_ERR(ask(ENTRA_GRAPH, 0), ENTRA_TOKEN_FILE);
    CHECK_STR(buf_str(&x.detail), S("token: Permission denied"));
    CHECK(!t.asking && x.body.n == 0);
    static u8 large[ENTRA_FILE_BYTES];
    memset(large, 'a', sizeof large);
    large[10] = large[20] = '.';
    token_file = str_make(large, COUNT(large));
    CHECK_OK(ask(ENTRA_GRAPH, 0)); // the largest has room beside the rest
    token_file = S("");
}

static void test_token_ask_longest_secret(void)
{
    u8 secret[ENTRA_SECRET_BYTES];
    memset(secret, '/', sizeof secret);
    restart(NULL, S(TENANT), str_make(secret, COUNT(secret)));
    CHECK_OK(ask(ENTRA_GRAPH, 0));
    CHECK(str_ends(x.body, S("%2F%2F%2F")));
}

// ---- the answer

static err answer(int status, str body, const char *retry_after)
{
    struct http_head head = {.status = status};
    if (retry_after) {
        head.headers[0] = (struct http_header){S("Retry-After"), str_from(retry_after)};
        head.header_count = 1;
    }
    str in = test_guarded(body);
    entra_token_head(&t, &head);
    while (in.n) { // in pieces
        str piece = str_slice(in, 0, in.n < 100 ? in.n : 100);
        in = str_from_index(in, piece.n);
        entra_token_body(&t, &piece);
        CHECK(piece.n == 0);
    }
    err e = entra_token_end(&t, &account, &x);
    bool clean = true;
    for (isize i = 0; i < COUNT(t.request); i++) {
        clean = clean && t.request[i] == 0;
    }
    for (isize i = 0; i < COUNT(t.answer); i++) {
        clean = clean && t.answer[i] == 0;
    }
    CHECK(clean);
    return e;
}

static err ask_and_answer(int status, str body, const char *retry_after)
{
    CHECK_OK(ask(ENTRA_GRAPH, 0));
    return answer(status, body, retry_after);
}

static void test_token_end(void)
{
    restart(NULL, S(TENANT), S("s"));
    mono_ms = 1000000;
    CHECK_OK(ask_and_answer(200,
                            S("{\"token_type\":\"Bearer\",\"expires_in\":3599,"
                              "\"ext_expires_in\":3599,\"access_token\":\"eyJ0\"}"),
                            NULL));
    CHECK(t.generation == 1 && !t.asking && t.expires_ms == 1000000 + 3599000 &&
          t.renew_ms == t.expires_ms - 300000 && t.roles == 0);
    CHECK(entra_token_is_usable(&t, t.expires_ms - 1) && !entra_token_is_usable(&t, t.expires_ms));
    CHECK(!entra_token_is_due(&t, t.renew_ms - 1) && entra_token_is_due(&t, t.renew_ms));
    new_exchange();
    entra_token_header(&t, &x);
    CHECK_STR(buf_str(&x.headers), S("Authorization: Bearer eyJ0\r\n"));

    // The old one is used while a new one is asked for, and when that fails.
    CHECK_OK(ask(ENTRA_GRAPH, 0));
    CHECK(entra_token_is_usable(&t, 1000000) && t.asking);
    CHECK_ERR(answer(503, S(""), NULL), ENTRA_BUSY);
    CHECK(t.asking && entra_token_is_usable(&t, 1000000)); // this machine comes again
    entra_token_stop(&t);
    CHECK(!t.asking && entra_token_is_usable(&t, 1000000));

    CHECK_OK(ask_and_answer(200, S("{\"access_token\":\"a\",\"expires_in\":100}"), NULL));
    CHECK(t.expires_ms == 1000000 + 100000 && t.renew_ms == 1000000 + 50000);
    CHECK_OK(ask_and_answer(200, S("{\"access_token\":\"a\"}"), NULL));
    CHECK(t.expires_ms == 1000000 + 600000);
    CHECK_OK(ask_and_answer(200, S("{\"access_token\":\"a\",\"expires_in\":9223372036854775807}"),
                            NULL));
    CHECK(t.expires_ms == 1000000 + 86400000);
    CHECK_OK(ask_and_answer(200, S("{\"access_token\":\"a\",\"expires_in\":-1}"), NULL));
    CHECK(t.expires_ms == 1000000 + 600000 && t.generation == 5);
    CHECK_OK(ask_and_answer(200, S("{\"access_token\":\"a\",\"expires_in\":1}"), NULL));
    CHECK(t.expires_ms == 1000000 + 60000 && !entra_token_is_due(&t, 1000000 + 20000));
}

static void test_token_end_refuses(void)
{
    static const char *const bodies[] = {
        "",
        "{}",
        "[]",
        "<html>",
        "{\"id_token\":\"a\"}",
        "{\"access_token\":7}",
        "{\"access_token\":\"\"}",
        "{\"access_token\":\"a b\"}",
        "{\"access_token\":\"a\\r\\nX: y\"}",
        "{\"access_token\":\"a\\u00e9\"}",
        "{\"access_token\":\"a\",\"token_type\":\"pop\"}",
        "{\"access_token\":\"a\",\"token_type\":7}",
        "{\"access_token\":\"a\"} x",
    };
    for (isize i = 0; i < COUNT(bodies); i++) {
        restart(NULL, S(TENANT), S("s"));
        CHECK_ERR(ask_and_answer(200, str_from(bodies[i]), NULL), ENTRA_ANSWER);
        CHECK(!entra_token_is_usable(&t, 0) && t.generation == 0 && t.asking);
    }
    // Too long for its memory, and longer than the answer's.
    static u8 bytes[3 * ENTRA_ANSWER_BYTES];
    const isize sizes[] = {ENTRA_TOKEN_BYTES, ENTRA_TOKEN_BYTES + 1, ENTRA_ANSWER_BYTES,
                           2 * ENTRA_ANSWER_BYTES};
    for (isize i = 0; i < COUNT(sizes); i++) {
        struct buf body = buf_over(bytes, COUNT(bytes));
        buf_put(&body, S("{\"access_token\":\""));
        buf_put_fill(&body, 'a', sizes[i]);
        buf_put(&body, S("\"}"));
        restart(NULL, S(TENANT), S("s"));
        CHECK(err_ok(ask_and_answer(200, buf_str(&body), NULL)) == (i == 0));
        new_exchange();
        entra_token_header(&t, &x);
        CHECK(!x.headers.full);
    }
}

static void test_token_end_errors(void)
{
    restart(NULL, S(TENANT), S("s"));
    CHECK_ERR(
        ask_and_answer(401, S("{\"error\":\"invalid_client\",\"error_codes\":[7000215]}"), NULL),
        ENTRA_SECRET_WRONG);
    CHECK(!t.asking && x.retry_at_ms == 0);
    mono_ms = 5000;
    CHECK_ERR(ask_and_answer(429, S(""), "17"), ENTRA_BUSY);
    CHECK(t.asking && x.retry_at_ms == 5000 + 17000);
    CHECK_ERR(ask_and_answer(503, S(""), NULL), ENTRA_BUSY);
    CHECK(x.retry_at_ms == 0);
    CHECK_ERR(ask_and_answer(400, S("{\"error\":\"invalid_client\"}"), "17"), ENTRA_REFUSED);
    CHECK(x.retry_at_ms == 0);
}

// Neither a bad answer nor a refusal ends the token that there is: it is used until its own end,
// and a new one is asked for some time later.
static void test_token_outlives_its_renewal(void)
{
    restart(NULL, S(TENANT), S("s"));
    mono_ms = 1000;
    CHECK_OK(ask_and_answer(
        200, S("{\"access_token\":\"h.eyJyb2xlcyI6WyJNYWlsLlJlYWQiXX0.s\",\"expires_in\":3600}"),
        NULL));
    i64 end_ms = t.expires_ms;
    mono_ms = t.renew_ms;
    static const char *const bodies[] = {"<html>", "{\"access_token\":\"a b\"}",
                                         "{\"access_token\":\"x\",\"token_type\":\"pop\"}"};
    for (isize i = 0; i < COUNT(bodies); i++) {
        CHECK_ERR(ask_and_answer(200, str_from(bodies[i]), NULL), ENTRA_ANSWER);
        CHECK(entra_token_is_usable(&t, mono_ms) && t.expires_ms == end_ms && t.generation == 1);
        CHECK(t.roles == (ENTRA_ROLE_KNOWN | ENTRA_ROLE_MAIL));
        new_exchange();
        entra_token_header(&t, &x);
        CHECK(str_find(buf_str(&x.headers), S("h.eyJyb2xlcyI6WyJNYWlsLlJlYWQiXX0.s\r\n")) > 0);
    }
    CHECK(entra_token_outlives(&t, mono_ms) && !entra_token_is_due(&t, mono_ms) &&
          entra_token_is_due(&t, mono_ms + ENTRA_RETRY_MS) &&
          entra_token_is_usable(&t, mono_ms + ENTRA_RETRY_MS));
    CHECK(!entra_token_outlives(&t, end_ms) && t.expires_ms == end_ms);
}

// ---- what the APIs say to it

static void test_token_refuse(void)
{
    restart(NULL, S(TENANT), S("s"));
    str good = S("{\"access_token\":\"a\",\"expires_in\":3600}");
    CHECK_OK(ask_and_answer(200, good, NULL));
    CHECK_OK(entra_token_refuse(&t, 1));
    CHECK(entra_token_is_due(&t, mono_ms) && !entra_token_is_usable(&t, mono_ms));
    CHECK_OK(entra_token_refuse(&t, 1)); // by another request with the same one
    CHECK_OK(ask_and_answer(200, good, NULL));
    CHECK_OK(entra_token_refuse(&t, 1)); // of the old token, after the new one came
    CHECK(entra_token_is_usable(&t, mono_ms) && t.generation == 2);
    CHECK_ERR(entra_token_refuse(&t, 2), ENTRA_REVOKED);
    for (u32 i = 3; i < 6; i++) { // one that had worked may be refused again and again
        CHECK_OK(ask_and_answer(200, good, NULL));
        entra_token_accept(&t, i - 1); // too late: of the former one
        entra_token_accept(&t, i);
        CHECK_OK(entra_token_refuse(&t, i));
    }
    entra_token_wipe(&t);
    CHECK(t.generation == 0 && t.text[0] == 0);
}

// ---- roles

static u32 roles_of(str payload, const char *head, const char *tail)
{
    static u8 bytes[ENTRA_TOKEN_BYTES];
    struct buf token = buf_over(bytes, COUNT(bytes));
    buf_put(&token, str_from(head));
    base64_encode_url(&token, payload);
    buf_put(&token, str_from(tail));
    CHECK(!token.full);
    return entra_roles_read(test_guarded(buf_str(&token)));
}

static u32 roles_in(const char *payload)
{
    return roles_of(str_from(payload), "eyJ0eXAiOiJKV1QifQ.", ".c2ln");
}

static void test_roles_read(void)
{
    const u32 known = ENTRA_ROLE_KNOWN;
    CHECK(roles_in("{\"aud\":\"x\",\"roles\":[\"Mail.Read\",\"User.Read.All\"]}") ==
          (known | ENTRA_ROLE_MAIL | ENTRA_ROLE_USERS));
    CHECK(roles_in("{\"roles\":[\"Mail.ReadWrite\",\"Calendars.ReadWrite\",\"Contacts.ReadWrite\","
                   "\"Tasks.ReadWrite.All\",\"Directory.ReadWrite.All\"],\"tid\":\"\"}") ==
          (known | ENTRA_ROLES_GRAPH));
    CHECK(roles_in("{\"roles\":[\"Calendars.Read\",\"Contacts.Read\",\"Tasks.Read.All\","
                   "\"Directory.Read.All\"]}") == (known | (ENTRA_ROLES_GRAPH & ~1u)));
    CHECK(roles_in("{\"roles\":[\"full_access_as_app\"]}") == (known | ENTRA_ROLES_EWS));
    CHECK(roles_in("{\"roles\":[\"Mail.ReadBasic.All\"]}") == (known | ENTRA_ROLE_MAIL_BASIC));
    CHECK(roles_in("{}") == known && roles_in("{\"roles\":[]}") == known);
    CHECK(roles_in("{\"roles\":[7,null,{\"roles\":[\"Mail.Read\"]},\"mail.read\",\"Mail.Rea\","
                   "\"Mail.Read \",[\"Mail.Read\"]]}") == known);
    CHECK(roles_in("{\"roles\":\"Mail.Read\",\"x\":{\"roles\":[\"Mail.Read\"]}}") == known);
    static u8 bytes[ENTRA_TOKEN_BYTES * 2 / 3]; // many, and what matters at the end
    struct buf b = buf_over(bytes, COUNT(bytes));
    buf_put(&b, S("{\"roles\":["));
    for (int i = 0; i < 60; i++) {
        buf_put(&b, S("\"Something.With.A.Name.Longer.Than.Any.That.Matters.To.Us.All\","));
    }
    buf_put(&b, S("\"Mail.Read\"]}"));
    CHECK(!b.full && roles_of(buf_str(&b), "h.", ".s") == (known | ENTRA_ROLE_MAIL));
}

static void test_roles_read_opaque(void)
{
    static const char *const tokens[] = {
        "",
        "a",
        ".",
        "..",
        "...",
        "a.b",
        "EwBwA8l6BAAU",
        "h.e30",
        "h..s",
        "h.bnVsbA.s",
        "h.e30.s.t",
        "h.e3.s",
        "h.eyJyb2xlcyI6WyJNYWlsLlJlYWQiXQ.s",
        "h.ey!.s",
        "h.e30 .s",
    };
    for (isize i = 0; i < COUNT(tokens); i++) {
        CHECK(entra_roles_read(test_guarded(str_from(tokens[i]))) == 0);
    }
    CHECK(entra_roles_read(S("h.e30.s")) == ENTRA_ROLE_KNOWN);
    CHECK(roles_in("{\"roles\":[\"Mail.Read\"]} x") == 0);
    CHECK(roles_of(S("{\"roles\":[\"Mail.Read\"]}"), "h.", "") == 0);
}

static void test_roles_missing(void)
{
    u8 bytes[200];
    struct buf b = buf_over(bytes, COUNT(bytes));
    u32 have = ENTRA_ROLE_KNOWN | ENTRA_ROLE_MAIL_BASIC | ENTRA_ROLE_CALENDARS;
    u32 missing = entra_roles_missing(have, ENTRA_ROLES_GRAPH);
    entra_roles_put(&b, missing);
    CHECK_STR(buf_str(&b), S("Mail.Read, Contacts.Read, Tasks.Read.All, User.Read.All"));
    CHECK(entra_roles_missing(ENTRA_ROLES_GRAPH | ENTRA_ROLE_KNOWN, ENTRA_ROLES_GRAPH) == 0);
    CHECK(entra_roles_missing(0, ENTRA_ROLES_GRAPH) == 0);
    buf_reset(&b);
    entra_roles_put(&b, entra_roles_missing(ENTRA_ROLE_KNOWN, ENTRA_ROLES_EWS));
    CHECK_STR(buf_str(&b), S("full_access_as_app"));
}

// The roles are read when a token comes.
static void test_token_end_reads_roles(void)
{
    restart(NULL, S(TENANT), S("s"));
    CHECK_OK(
        ask_and_answer(200, S("{\"access_token\":\"h.eyJyb2xlcyI6WyJNYWlsLlJlYWQiXX0.s\"}"), NULL));
    CHECK(t.roles == (ENTRA_ROLE_KNOWN | ENTRA_ROLE_MAIL));
    CHECK_OK(ask_and_answer(200, S("{\"access_token\":\"opaque\"}"), NULL));
    CHECK(t.roles == 0);
}

static void ask_again(void *st)
{
    (void)st;
    CHECK_OK(ask(ENTRA_GRAPH, 0));
}

// Who finds an assertion can use it for minutes.
static void test_token_ask_leaves_no_assertion(void)
{
    u8 kept[40];
    random_byte = 0xa0;
    restart(&certificate, S(TENANT), S(""));
    CHECK_OK(ask(ENTRA_GRAPH, 0));
    str assertion = assertion_of();
    memcpy(kept, assertion.p + assertion.n - COUNT(kept), sizeof kept); // with its signature
    random_byte = 0xa0;
    CHECK(!stack_keeps(ask_again, NULL, str_make(kept, COUNT(kept))));
    CHECK(str_ends(assertion_of(), str_make(kept, COUNT(kept))));
}

static const struct test_case cases[] = {
    CASE(test_token_ask_secret),
    CASE(test_token_ask_certificate),
    CASE(test_token_ask_file),
    CASE(test_token_ask_longest_secret),
    CASE(test_token_end),
    CASE(test_token_end_refuses),
    CASE(test_token_end_errors),
    CASE(test_token_refuse),
    CASE(test_roles_read),
    CASE(test_roles_read_opaque),
    CASE(test_roles_missing),
    CASE(test_token_end_reads_roles),
    CASE(test_token_outlives_its_renewal),
    CASE(test_token_ask_leaves_no_assertion),
};

TEST_MAIN(cases)
