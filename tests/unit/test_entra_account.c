// SPDX-License-Identifier: Apache-2.0
// source/outlook/entra_account: clouds, which proof counts, what of a record is taken, certificate
// files, and the federated token, which another may replace while it is open.
#include "test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "entra_key.h"
#include "os/os.h"
#include "source/outlook/entra_account.h"

#define TENANT_GUID "9f2c0000-1111-2222-3333-444455556666"
#define CLIENT_GUID "11111111-2222-3333-4444-555555555555"
#define NOW_S 1800000000

static u8 detail_bytes[EXCHANGE_DETAIL_BYTES];
static struct buf detail;
static struct entra_account account;

static str told(void)
{
    return buf_str(&detail);
}

static err read_fields(const struct entra_identity *identity, str tenant, str client, str secret)
{
    detail = buf_over(detail_bytes, COUNT(detail_bytes));
    struct entra_fields fields = {tenant, client, secret};
    return entra_account_read(&account, identity, &fields, &detail);
}

static void test_cloud_find(void)
{
    CHECK_STR(str_from(entra_cloud_at(0)->name), S("global"));
    CHECK(!entra_cloud_at(4) && !entra_cloud_at(-1) && !entra_cloud_find(S("moon")));
    CHECK_STR(str_from(entra_cloud_find(S("US-Gov"))->graph), S("https://graph.microsoft.us"));
    CHECK_STR(str_from(entra_cloud_find(S("us-gov-dod"))->graph),
              S("https://dod-graph.microsoft.us"));
    CHECK_STR(str_from(entra_cloud_find(S("china"))->login), S("https://login.chinacloudapi.cn"));
    for (int i = 0; entra_cloud_at(i); i++) {
        const struct entra_cloud *c = entra_cloud_at(i);
        const char *urls[] = {c->login, c->graph, c->ews};
        for (isize u = 0; u < COUNT(urls); u++) {
            CHECK(str_starts(str_from(urls[u]), S("https://")) &&
                  !str_ends(str_from(urls[u]), S("/")));
        }
        CHECK(entra_cloud_of_login(str_from(c->login)) != NULL);
    }
    CHECK(entra_cloud_of_login(S("https://login.microsoftonline.com/")) == entra_cloud_at(0));
    CHECK(entra_cloud_of_login(S("https://LOGIN.microsoftonline.us")) == entra_cloud_at(1));
    CHECK(entra_cloud_of_login(S("https://login.partner.microsoftonline.cn/")) ==
          entra_cloud_at(3));
    CHECK(!entra_cloud_of_login(S("https://login.example.test/")) && !entra_cloud_of_login(S("x")));
}

static void test_account_read_missing(void)
{
    CHECK_ERR(read_fields(NULL, S(" "), S(""), S("")), ENTRA_FIELDS);
    CHECK_STR(told(), S("'Tenant ID' is empty; 'Client ID' is empty; 'Client Secret Value' is "
                        "empty"));
    CHECK_ERR(read_fields(NULL, S(TENANT_GUID), S("\t"), S("s")), ENTRA_FIELDS);
    CHECK_STR(told(), S("'Client ID' is empty"));
    // With another proof nobody misses the secret.
    struct entra_identity file = {.token_name = "token"};
    CHECK_ERR(read_fields(&file, S(""), S(CLIENT_GUID), S("")), ENTRA_FIELDS);
    CHECK_STR(told(), S("'Tenant ID' is empty"));
    CHECK(account.tenant.n == 0 && account.proof == ENTRA_PROOF_NONE);
}

static void test_account_read_tenant(void)
{
    static const char *const good[] = {TENANT_GUID,
                                       "9F2C0000-1111-2222-3333-44445555666A",
                                       " example.onmicrosoft.com\r\n",
                                       "a.b",
                                       "xn--bcher-kva.example",
                                       "1.2.3"};
    static const char *const bad[] = {
        "common",
        "organizations",
        "consumers",
        "example",
        ".",
        "a.",
        ".a",
        "a..b",
        "-a.b",
        "a-.b",
        "a.b/c",
        "a.b?x",
        "a.b#",
        "a.b%2f",
        "a b.c",
        "a.b\r\nHost: x",
        "\xc3\xa9.test",
        "a_b.test",
        "9f2c0000-1111-2222-3333-44445555666",
        "9f2c0000-1111-2222-3333-4444555566667",
        "9f2c0000_1111-2222-3333-444455556666",
        "{9f2c0000-1111-2222-3333-444455556666}",
        "https://login.microsoftonline.com/x.test",
        "../x.test",
    };
    for (isize i = 0; i < COUNT(good); i++) {
        CHECK_OK(read_fields(NULL, test_guarded(str_from(good[i])), S(CLIENT_GUID), S("s")));
        CHECK_STR(account.tenant, str_trim(str_from(good[i])));
    }
    for (isize i = 0; i < COUNT(bad); i++) {
        CHECK_ERR(read_fields(NULL, test_guarded(str_from(bad[i])), S(CLIENT_GUID), S("s")),
                  ENTRA_TENANT);
        CHECK(account.tenant.n == 0 && str_starts(told(), S("'Tenant ID' has ")));
    }
    // Length: 253 is the most of a domain; labels have at most 63.
    static u8 bytes[400];
    for (isize n = 50; n <= 400; n += 50) {
        memset(bytes, 'a', sizeof bytes);
        for (isize i = 10; i < n; i += 11) {
            bytes[i] = '.';
        }
        bytes[n - 1] = 'a';
        CHECK(err_ok(read_fields(NULL, str_make(bytes, n), S(CLIENT_GUID), S("s"))) == (n <= 250));
    }
    memset(bytes, 'a', sizeof bytes);
    bytes[63] = '.';
    CHECK_OK(read_fields(NULL, str_make(bytes, 66), S(CLIENT_GUID), S("s")));
    bytes[63] = 'a';
    bytes[64] = '.';
    CHECK_ERR(read_fields(NULL, str_make(bytes, 67), S(CLIENT_GUID), S("s")), ENTRA_TENANT);
}

static void test_account_read_client_and_secret(void)
{
    static const char *const bad[] = {"app", "a.example", "api://" CLIENT_GUID, CLIENT_GUID "0"};
    for (isize i = 0; i < COUNT(bad); i++) {
        CHECK_ERR(read_fields(NULL, S(TENANT_GUID), str_from(bad[i]), S("s")), ENTRA_CLIENT);
    }
    // What was pasted into the wrong field is not repeated.
    CHECK_ERR(read_fields(NULL, S(TENANT_GUID), S("aB~3/x+y.secret"), S("s")), ENTRA_CLIENT);
    CHECK_STR(told(), S("'Client ID' has 15 characters"));
    CHECK_OK(read_fields(NULL, S(TENANT_GUID), S(" " CLIENT_GUID "\n"), S("aB~3/x+y.q _-")));
    CHECK_STR(account.client_id, S(CLIENT_GUID));
    CHECK_STR(account.secret, S("aB~3/x+y.q _-"));
    CHECK_ERR(read_fields(NULL, S(TENANT_GUID), S(CLIENT_GUID), S("a\r\nb")), ENTRA_SECRET);
    CHECK_STR(told(), S("'Client Secret Value' has 4 characters"));
    static u8 long_secret[ENTRA_SECRET_BYTES + 1];
    memset(long_secret, 's', sizeof long_secret);
    CHECK_OK(read_fields(NULL, S(TENANT_GUID), S(CLIENT_GUID),
                         str_make(long_secret, ENTRA_SECRET_BYTES)));
    CHECK_ERR(read_fields(NULL, S(TENANT_GUID), S(CLIENT_GUID),
                          str_make(long_secret, ENTRA_SECRET_BYTES + 1)),
              ENTRA_SECRET);
    CHECK_OK(read_fields(NULL, S(TENANT_GUID), S(CLIENT_GUID), S("s")));
    entra_account_wipe(&account);
    const u8 *p = (const u8 *)&account;
    bool wiped = true;
    for (isize i = 0; i < (isize)sizeof account; i++) {
        wiped = wiped && p[i] == 0;
    }
    CHECK(wiped);
}

static enum entra_proof proof_of(const struct entra_identity *identity, str secret)
{
    CHECK_OK(read_fields(identity, S(TENANT_GUID), S(CLIENT_GUID), secret));
    CHECK((account.secret.n > 0) == (account.proof == ENTRA_PROOF_SECRET));
    return account.proof;
}

static void test_account_read_proof(void)
{
    struct crypto_key *key = (struct crypto_key *)&account; // only whether there is one
    struct entra_identity none = {0};
    struct entra_identity certificate = {.key = key};
    struct entra_identity file = {.token_name = "t"};
    struct entra_identity pod = {.token_name = "t", .token_by_environment = true};
    CHECK(proof_of(&none, S("s")) == ENTRA_PROOF_SECRET);
    CHECK(proof_of(NULL, S("s")) == ENTRA_PROOF_SECRET);
    CHECK(proof_of(&certificate, S("s")) == ENTRA_PROOF_KEY);
    CHECK(proof_of(&certificate, S("")) == ENTRA_PROOF_KEY);
    CHECK(proof_of(&file, S("s")) == ENTRA_PROOF_FILE);
    CHECK(proof_of(&pod, S("s")) == ENTRA_PROOF_SECRET);
    CHECK(proof_of(&pod, S("")) == ENTRA_PROOF_FILE);
    CHECK(!entra_identity_has_proof(NULL) && !entra_identity_has_proof(&none));
    CHECK(entra_identity_has_proof(&certificate) && entra_identity_has_proof(&pod));
}

// ---- the certificate

static _Alignas(16) u8 memory[KIB(256)];
static struct arena arena;
static struct plan plan;

static err read_identity(struct entra_identity *identity, str pem, i64 now_s)
{
    arena = arena_over(memory, sizeof memory);
    plan = (struct plan){.arena = &arena};
    detail = buf_over(detail_bytes, COUNT(detail_bytes));
    *identity = (struct entra_identity){0};
    return entra_identity_read(identity, crypto_key_take(&plan), test_guarded(pem), now_s, &detail);
}

static void check_identity(str pem)
{
    struct entra_identity identity;
    u8 hex_bytes[64];
    struct buf hex = buf_over(hex_bytes, COUNT(hex_bytes));
    CHECK_OK(read_identity(&identity, pem, NOW_S));
    CHECK(identity.key && identity.not_after_s > NOW_S);
    buf_put_hex(&hex, str_make(identity.thumbprint, 32));
    CHECK_STR(buf_str(&hex), S(ENTRA_THUMBPRINT));
}

static void test_identity_read(void)
{
    check_identity(S(ENTRA_KEY_PEM ENTRA_CERTIFICATE_PEM));
    check_identity(S(ENTRA_CERTIFICATE_PEM ENTRA_KEY_PEM));
    check_identity(S("Bag Attributes\r\n    friendlyName: x\n" ENTRA_CERTIFICATE_OTHER
                     "subject=CN=x\n" ENTRA_CERTIFICATE_PEM "Key Attributes\n" ENTRA_KEY_PEM));
}

static void test_identity_read_refuses(void)
{
    static const struct {
        str pem, words;
    } bad[] = {
        {S(""), S("the private key cannot be read")},
        {S(ENTRA_CERTIFICATE_PEM), S("the private key cannot be read")},
        {S(ENTRA_KEY_PEM), S("there is no certificate that can be read")},
        {S(ENTRA_KEY_PEM ENTRA_CERTIFICATE_OTHER), S("the certificate does not belong to")},
        {S("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"),
         S("the private key is encrypted")},
        {S("-----BEGIN PRIVATE KEY-----\nMIIE"), S("the private key cannot be read")},
        {S("-----BEGIN PRIVATE KEY-----"), S("the private key cannot be read")},
        {S("-----BEGIN -----BEGIN "), S("the private key cannot be read")},
    };
    struct entra_identity identity;
    for (isize i = 0; i < COUNT(bad); i++) {
        CHECK_ERR(read_identity(&identity, bad[i].pem, NOW_S), ENTRA_CERTIFICATE);
        CHECK(str_starts(told(), bad[i].words) && !identity.key && str_find(told(), S("MII")) < 0);
    }
    CHECK_ERR(read_identity(&identity, S(ENTRA_KEY_PEM ENTRA_CERTIFICATE_OLD), NOW_S),
              ENTRA_CERTIFICATE_EXPIRED);
    CHECK_STR(told(), S("it was valid until 2021-01-01T00:00:00+00:00"));
    CHECK_OK(read_identity(&identity, S(ENTRA_KEY_PEM ENTRA_CERTIFICATE_OLD), 1609459199));
    CHECK_ERR(read_identity(&identity, S(ENTRA_KEY_PEM ENTRA_CERTIFICATE_OLD), 1609459200),
              ENTRA_CERTIFICATE_EXPIRED);
    // The new one beside the old one: the first that belongs to the key counts.
    CHECK_OK(read_identity(&identity, S(ENTRA_CERTIFICATE_PEM ENTRA_CERTIFICATE_OLD ENTRA_KEY_PEM),
                           NOW_S));
}

// ---- the federated token

static char folder[64];

static void spill(const char *name, str s)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    CHECK(fd >= 0 && write(fd, s.p, (size_t)s.n) == s.n);
    close(fd);
}

static err put_file(struct buf *out)
{
    detail = buf_over(detail_bytes, COUNT(detail_bytes));
    return entra_account_put_file(&account, out, &detail);
}

static void test_account_put_file(void)
{
    static u8 bytes[ENTRA_REQUEST_BYTES];
    struct entra_identity identity = {.token_name = "token"};
    snprintf(folder, sizeof folder, "/tmp/test_entra.%d", (int)getpid());
    CHECK(mkdir(folder, 0700) == 0);
    detail = buf_over(detail_bytes, COUNT(detail_bytes));
    identity.token_folder_fd = os_folder_open(folder, &detail);
    CHECK(identity.token_folder_fd >= 0);
    CHECK_OK(read_fields(&identity, S(TENANT_GUID), S(CLIENT_GUID), S("")));
    struct buf out = buf_over(bytes, COUNT(bytes));
    CHECK_ERR(put_file(&out), ENTRA_TOKEN_FILE);
    CHECK_STR(told(), S("token: No such file or directory"));

    // As Kubernetes does it: token -> ..data/token, ..data -> a folder that is replaced.
    char path[200], to[200];
    snprintf(path, sizeof path, "%s/..one", folder);
    CHECK(mkdir(path, 0700) == 0);
    snprintf(path, sizeof path, "%s/..two", folder);
    CHECK(mkdir(path, 0700) == 0);
    spill("..one/token", S("aaa.bbb.c-_9\n"));
    spill("..two/token", S(" \r\neyJh.eyJp.c2ln \n"));
    snprintf(path, sizeof path, "%s/token", folder);
    CHECK(symlink("..data/token", path) == 0);
    snprintf(path, sizeof path, "%s/..data", folder);
    CHECK(symlink("..one", path) == 0);
    buf_put(&out, S("x="));
    CHECK_OK(put_file(&out));
    CHECK_STR(buf_str(&out), S("x=aaa.bbb.c-_9"));
    snprintf(to, sizeof to, "%s/..new", folder);
    CHECK(symlink("..two", to) == 0 && rename(to, path) == 0);
    buf_reset(&out);
    CHECK_OK(put_file(&out));
    CHECK_STR(buf_str(&out), S("eyJh.eyJp.c2ln"));

    static const char *const bad[] = {"",         " \n",      "a.b",      "a.b.c.d",
                                      ".b.c",     "a b.c.d",  "a.b.c\n.", "a.b.c&scope=x",
                                      "a.b.c%26", "a.b.\xff", "{\"a\":1}"};
    for (isize i = 0; i < COUNT(bad); i++) {
        spill("..two/token", str_from(bad[i]));
        buf_reset(&out);
        CHECK_ERR(put_file(&out), ENTRA_TOKEN_FILE);
        CHECK(out.n == 0 && told().n > 0 && str_find(told(), S("scope")) < 0);
    }
    spill("..two/token", S("a.b."));
    CHECK_OK(put_file(&out)); // without a signature: not ours to judge
    static u8 large[ENTRA_FILE_BYTES + 1];
    memset(large, 'a', sizeof large);
    large[1] = large[3] = '.';
    spill("..two/token", str_make(large, ENTRA_FILE_BYTES));
    buf_reset(&out);
    CHECK_OK(put_file(&out));
    CHECK(out.n == ENTRA_FILE_BYTES);
    spill("..two/token", str_make(large, ENTRA_FILE_BYTES + 1));
    buf_reset(&out);
    CHECK_ERR(put_file(&out), ENTRA_TOKEN_FILE);
    CHECK_STR(told(), S("token is too long for a token"));
    for (isize i = 0; i < COUNT(bytes); i++) {
        CHECK(i < out.n || bytes[i] == 0); // nothing of any file is left behind
    }
    // A pipe in its place is not waited for.
    snprintf(path, sizeof path, "%s/..two/token", folder);
    CHECK(unlink(path) == 0 && mkfifo(path, 0600) == 0);
    CHECK_ERR(put_file(&out), ENTRA_TOKEN_FILE);
    os_close(identity.token_folder_fd);
    snprintf(path, sizeof path, "rm -rf %s", folder);
    CHECK(system(path) == 0);
}

static const struct test_case cases[] = {
    CASE(test_cloud_find),
    CASE(test_account_read_missing),
    CASE(test_account_read_tenant),
    CASE(test_account_read_client_and_secret),
    CASE(test_account_read_proof),
    CASE(test_identity_read),
    CASE(test_identity_read_refuses),
    CASE(test_account_put_file),
};

TEST_MAIN(cases)
