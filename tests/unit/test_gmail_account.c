// SPDX-License-Identifier: Apache-2.0
// source/gmail/gmail_account and configure(): key files in all their forms, with real keys and a
// real signature, and what people are told about those that do not serve.
#include "test.h"

#include "codec/base64.h"
#include "codec/json_write.h"
#include "gmail_case.h"
#include "gmail_key.h"
#include "source/gmail/gmail_error.h"
#include "source/gmail/gmail_token.h"

#define FIELDS(key)                                                                       \
    "\"type\":\"service_account\",\"project_id\":\"demo\",\"private_key_id\":\"a1b2\","   \
    "\"private_key\":\"" key "\",\"client_email\":\"sync@demo.iam.gserviceaccount.com\"," \
    "\"client_id\":\"1045\""
#define MORE                                                                                 \
    ",\"auth_uri\":\"https://accounts.google.com/o/oauth2/auth\",\"token_uri\":"             \
    "\"https://oauth2.googleapis.com/token\",\"auth_provider_x509_cert_url\":\"https://x\"," \
    "\"client_x509_cert_url\":\"https://y\",\"universe_domain\":\"googleapis.com\","         \
    "\"subject\":\"a\",\"scopes\":[\"a\",\"b\"],\"additional_claims\":{\"a\":{\"b\":1}}"
#define ACCOUNT "{" FIELDS(GMAIL_KEY_PKCS8) "}"

static _Alignas(16) u8 memory[KIB(256)];
static struct arena arena;
static struct plan plan;
static struct source source;
static u8 detail_bytes[512];
static struct buf detail;
static const struct dest dest = {.label = "x", .url = {.path = S("/")}};

static struct gmail_case settings_of(str account)
{
    return (struct gmail_case){
        .service_account = account,
        .subject = S("admin@example.test"),
        .customer_id = S("C01"),
        .document_level_security = true,
        .token = &dest,
        .directory = &dest,
        .gmail = &dest,
    };
}

static err open_with(const struct gmail_case *settings)
{
    memset(memory, 0, sizeof memory);
    arena = arena_over(memory, COUNT(memory));
    plan = (struct plan){.arena = &arena};
    source = (struct source){0};
    detail = buf_over(detail_bytes, COUNT(detail_bytes));
    return gmail_case_open(&plan, settings, &source, &detail);
}

static err open_account(str account)
{
    struct gmail_case settings = settings_of(account);
    return open_with(&settings);
}

// A JSON string that holds the JSON.
static str wrapped(str json)
{
    static u8 bytes[GMAIL_ACCOUNT_BYTES * 3];
    struct buf b = buf_over(bytes, COUNT(bytes));
    struct json_write w = json_write_to(&b);
    json_write_string(&w, json);
    ASSERT(!b.full);
    return buf_str(&b);
}

static bool told(const char *words)
{
    return str_find(buf_str(&detail), str_from(words)) >= 0;
}

static void check_good(str account)
{
    CHECK_OK(open_account(account));
    if (!source.state) {
        fprintf(stderr, "%.*s\n", (int)detail.n, (const char *)detail.p);
        return;
    }
    struct gmail *g = source.state;
    CHECK_STR(g->account.email, S("sync@demo.iam.gserviceaccount.com"));
    CHECK_STR(g->account.client_id, S("1045"));
    CHECK_STR(g->account.key_id, S("a1b2"));
    CHECK_STR(g->account.token_uri, S("https://oauth2.googleapis.com/token"));
    u8 bytes[4096];
    struct buf jwt = buf_over(bytes, COUNT(bytes));
    gmail_token_put_claims(g, GMAIL_CALL_TOKEN_MAILBOX, S("ann@example.test"), 1720174830, &jwt);
    u8 raw[512], text[700];
    struct buf signature = buf_over(raw, COUNT(raw)), encoded = buf_over(text, COUNT(text));
    CHECK_OK(crypto_sign_rs256(g->account.key, buf_str(&jwt), &signature));
    base64_encode_url(&encoded, buf_str(&signature));
    CHECK_STR(buf_str(&encoded), S(GMAIL_KEY_SIGNATURE));
    source.ops->release(g);
    CHECK(g->account.email.n == 0 && g->account.key && !g->run.configured);
    CHECK_ERR(crypto_sign_rs256(g->account.key, S("x"), &signature), CRYPTO_SIGN);
    source.ops->release(g);
}

static void test_account_forms(void)
{
    check_good(S(ACCOUNT));
    check_good(S("{" FIELDS(GMAIL_KEY_PKCS1) MORE "}"));
    check_good(S(" \n\t" ACCOUNT "\r\n"));
    check_good(S("\xef\xbb\xbf" ACCOUNT));
    check_good(wrapped(S(ACCOUNT)));
    check_good(wrapped(S("\n{" FIELDS(GMAIL_KEY_PKCS8) MORE "}\n")));
    check_good(S("{" FIELDS(GMAIL_KEY_PKCS8) ",\"token_uri\":null}"));
}

// Nothing of the key is left in the memory that was used for reading.
static void test_account_wiped(void)
{
    CHECK_OK(open_account(wrapped(S(ACCOUNT))));
    str all = str_make(memory, COUNT(memory));
    CHECK(str_find(all, S("BEGIN PRIVATE")) < 0 && str_find(all, S("MII")) < 0);
    source.ops->release(source.state);
    CHECK_ERR(open_account(S("{" FIELDS(GMAIL_KEY_PKCS8) ",\"zzz\":1}")),
              GMAIL_ACCOUNT_UNKNOWN_FIELD);
    CHECK(str_find(all, S("BEGIN PRIVATE")) < 0);
}

static void test_account_not_json(void)
{
    static const str bad[] = {
        S(""),
        S("  "),
        S("{"),
        S("{]"),
        S("[]"),
        S("7"),
        S("null"),
        S("\"\""),
        S("\"x\""),
        S("\"{\""),
        S("\"[]\""),
        S("\"\\\"{}\\\"\""),
        S("/etc/key.json"),
        S("{'type':'service_account'}"),
        S(ACCOUNT "x"),
    };
    for (isize i = 0; i < COUNT(bad); i++) {
        CHECK_ERR(open_account(test_guarded(bad[i])), GMAIL_ACCOUNT_JSON);
        CHECK(told("GMail service account"));
        CHECK(!told("BEGIN"));
    }
    // Cut anywhere it is an error, and never a trap.
    str whole = S(ACCOUNT);
    for (isize n = 0; n < whole.n; n += n < 60 ? 1 : 97) {
        CHECK_ERR(open_account(test_guarded(str_slice(whole, 0, n))), GMAIL_ACCOUNT_JSON);
    }
    str cover = wrapped(whole);
    for (isize n = 0; n < cover.n; n += n < 60 ? 1 : 97) {
        CHECK_ERR(open_account(test_guarded(str_slice(cover, 0, n))), GMAIL_ACCOUNT_JSON);
    }
}

static void test_account_too_large(void)
{
    static u8 bytes[GMAIL_ACCOUNT_BYTES + 100];
    struct buf b = buf_over(bytes, COUNT(bytes));
    buf_put(&b, S("{\"type\":\""));
    buf_put_fill(&b, 'x', GMAIL_ACCOUNT_BYTES);
    buf_put(&b, S("\"}"));
    CHECK_ERR(open_account(wrapped(buf_str(&b))), GMAIL_ACCOUNT_JSON);
    CHECK(told("too long"));
    b = buf_over(bytes, COUNT(bytes));
    buf_put(&b, S("{\"scopes\":["));
    for (int i = 0; i < 200; i++) {
        buf_put(&b, i ? S(",1") : S("1"));
    }
    buf_put(&b, S("]}"));
    CHECK_ERR(open_account(buf_str(&b)), GMAIL_ACCOUNT_JSON);
}

static void test_account_unknown_field(void)
{
    CHECK_ERR(open_account(S("{" FIELDS(GMAIL_KEY_PKCS8) ",\"installed\":{}}")),
              GMAIL_ACCOUNT_UNKNOWN_FIELD);
    CHECK(told("unexpected field \"installed\"; allowed are type, project_id, private_key_id, "
               "private_key, "
               "client_email, client_id, auth_uri, token_uri, auth_provider_x509_cert_url, "
               "client_x509_cert_url, subject, scopes, additional_claims, universe_domain"));
    CHECK_ERR(open_account(S("{\"Type\":1}")), GMAIL_ACCOUNT_UNKNOWN_FIELD);
    // A key of the right name is not searched for in values.
    CHECK_ERR(open_account(S("{\"additional_claims\":{\"zzz\":1}}")), GMAIL_ACCOUNT_FIELD);
}

static void test_account_fields(void)
{
    static const struct {
        str json;
        const char *words;
    } rows[] = {
        {S("{}"), "\"client_email\" is missing"},
        {S("{\"client_email\":null}"), "\"client_email\" is missing"},
        {S("{\"client_email\":7}"), "\"client_email\" is not text"},
        {S("{\"client_email\":\"\"}"), "\"client_email\" is empty"},
        {S("{\"client_email\":\"a\\r\\nb\"}"), "\"client_email\" is empty or has control"},
        {S("{\"client_email\":\"a@b\"}"), "\"private_key_id\" is missing"},
        {S("{\"client_email\":\"a@b\",\"private_key_id\":\"k\"}"), "\"private_key\" is missing"},
        {S("{\"client_email\":\"a@b\",\"private_key_id\":\"k\",\"private_key\":7}"),
         "\"private_key\" is not"},
        {S("{\"client_email\":\"a@b\",\"private_key_id\":\"k\",\"token_uri\":7}"),
         "\"token_uri\" is not"},
        {S("{\"type\":\"authorized_user\"}"), "\"type\" is not \"service_account\""},
        {S("{\"type\":7}"), "\"type\" is not \"service_account\""},
    };
    for (isize i = 0; i < COUNT(rows); i++) {
        CHECK_ERR(open_account(rows[i].json), GMAIL_ACCOUNT_FIELD);
        if (!told(rows[i].words)) {
            CHECK_STR(buf_str(&detail), str_from(rows[i].words));
        }
    }
}

static void test_account_key(void)
{
    static const struct {
        str json;
        const char *words;
    } rows[] = {
        {S("{" FIELDS("hunter2") "}"), "private_key: "},
        {S("{" FIELDS("") "}"), "private_key: "},
        {S("{" FIELDS("-----BEGIN PRIVATE KEY-----\\nAAAA\\n-----END PRIVATE KEY-----\\n") "}"),
         "private_key: "},
        {S("{" FIELDS(GMAIL_KEY_EC) "}"), "RSA"},
        {S("{" FIELDS("-----BEGIN ENCRYPTED PRIVATE KEY-----\\nAAAA\\n-----END ENCRYPTED PRIVATE "
                      "KEY-----") "}"),
         "encrypted"},
    };
    for (isize i = 0; i < COUNT(rows); i++) {
        CHECK_ERR(open_account(rows[i].json), GMAIL_ACCOUNT_KEY);
        CHECK(told(rows[i].words) && !told("hunter2"));
    }
}

static void test_open_subject(void)
{
    static const str good[] = {S("a@b.c"),        S("admin@example.test"),
                               S("\xc3\xa9@x.y"), S("a@@b.c"),
                               S("a@b@c.d"),      S("a.b@c.d"),
                               S("a@b..c"),       S("@@@.a")};
    static const str bad[] = {S(""),        S("a@b"),     S("@b.c"),    S("a@.c"),
                              S("a@b."),    S("a b@c.d"), S("a@b.c\n"), S(" a@b.c"),
                              S("a@b.\tc"), S("a.b@c"),   S("abc"),     S("a@b.c\v")};
    for (isize i = 0; i < COUNT(good); i++) {
        struct gmail_case settings = settings_of(S(ACCOUNT));
        settings.subject = good[i];
        CHECK_OK(open_with(&settings));
        source.ops->release(source.state);
    }
    for (isize i = 0; i < COUNT(bad); i++) {
        struct gmail_case settings = settings_of(S(ACCOUNT));
        settings.subject = bad[i];
        CHECK_ERR(open_with(&settings), GMAIL_SUBJECT);
        CHECK(told("subject \""));
    }
    struct gmail_case settings = settings_of(S(ACCOUNT));
    settings.customer_id = S("");
    CHECK_ERR(open_with(&settings), GMAIL_CUSTOMER_ID);
}

// ---- gmail_token_uri(), which has no memory but the caller's

static err uri_of(str account, struct buf *out)
{
    static u8 bytes[200];
    *out = buf_over(bytes, COUNT(bytes));
    detail = buf_over(detail_bytes, COUNT(detail_bytes));
    return gmail_token_uri(test_guarded(account), out, &detail);
}

static void test_token_uri(void)
{
    struct buf out;
    static const str usual[] = {S(ACCOUNT),
                                S("{}"),
                                S("{" FIELDS(GMAIL_KEY_PKCS8) MORE "}"),
                                S("{\"token_uri\":null}"),
                                S("{\"token_uri\":7}"),
                                S("{\"x\":{\"token_uri\":\"https://no\"}}")};
    for (isize i = 0; i < COUNT(usual); i++) {
        CHECK_OK(uri_of(usual[i], &out));
        CHECK_STR(buf_str(&out), S("https://oauth2.googleapis.com/token"));
        CHECK_OK(uri_of(wrapped(usual[i]), &out));
        CHECK_STR(buf_str(&out), S("https://oauth2.googleapis.com/token"));
    }
    str other = S(
        "\xef\xbb\xbf{\"token_uri\":\"https:\\/\\/t.example.test:8443\\/\\u0074oken\"} \n");
    CHECK_OK(uri_of(other, &out));
    CHECK_STR(buf_str(&out), S("https://t.example.test:8443/token"));
    CHECK_OK(uri_of(wrapped(str_from_index(other, 3)), &out));
    CHECK_STR(buf_str(&out), S("https://t.example.test:8443/token"));
    static const str bad[] = {S(""),        S("{"),       S("{\"token_uri\":\"https://x\""),
                              S("x"),       S("\""),      S("\"{\""),
                              S("\"{}\"}"), S("\"\\x\""), S("{}{}")};
    for (isize i = 0; i < COUNT(bad); i++) {
        CHECK_ERR(uri_of(bad[i], &out), GMAIL_ACCOUNT_JSON);
    }
    u8 small[10];
    struct buf full = buf_over(small, COUNT(small));
    CHECK_ERR(gmail_token_uri(S("{}"), &full, &detail), BUF_FULL);
}

static const struct test_case cases[] = {
    CASE(test_account_forms),     CASE(test_account_wiped),         CASE(test_account_not_json),
    CASE(test_account_too_large), CASE(test_account_unknown_field), CASE(test_account_fields),
    CASE(test_account_key),       CASE(test_open_subject),          CASE(test_token_uri),
};

TEST_MAIN(cases)
