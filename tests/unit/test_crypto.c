// SPDX-License-Identifier: Apache-2.0
// Hashes against published vectors; private keys and RS256 against the openssl program, which makes
// the keys and checks the signatures (so that no key is kept in the tree). Without it those are
// skipped.
#include "test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "limits.h"
#include "net/crypto.h"

static char folder[64];
static _Alignas(16) u8 memory[MIB(1)];
static struct arena arena;
static struct plan plan;

static void restart(void)
{
    arena = arena_over(memory, sizeof memory);
    plan = (struct plan){.arena = &arena};
}

static bool run(const char *command)
{
    char line[1000];
    snprintf(line, sizeof line, "cd %s && (%s) >>log 2>&1", folder, command);
    return system(line) == 0;
}

static str slurp(const char *name)
{
    static u8 bytes[20000];
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    isize n = fd < 0 ? 0 : read(fd, bytes, sizeof bytes);
    close(fd);
    return test_guarded(str_make(bytes, n > 0 ? n : 0));
}

static void spill(const char *name, str s)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    CHECK(write(fd, s.p, (size_t)s.n) == s.n);
    close(fd);
}

static void test_hashes(void)
{
    u8 hash[32], text[64];
    struct buf hex = buf_over(text, COUNT(text));
    crypto_sha256(S("abc"), hash); // FIPS 180-4
    buf_put_hex(&hex, str_make(hash, 32));
    CHECK_STR(buf_str(&hex), S("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
    buf_reset(&hex);
    crypto_sha256((str){0}, hash);
    buf_put_hex(&hex, str_make(hash, 32));
    CHECK_STR(buf_str(&hex), S("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
    buf_reset(&hex);
    crypto_md5(S("message digest"), hash); // RFC 1321
    buf_put_hex(&hex, str_make(hash, 16));
    CHECK_STR(buf_str(&hex), S("f96b697d7cb7938d525a2f31aaf161d0"));
}

static void test_wipe(void)
{
    u8 bytes[4] = {1, 2, 3, 4};
    crypto_wipe(bytes + 1, 2);
    CHECK(bytes[0] == 1 && bytes[1] == 0 && bytes[2] == 0 && bytes[3] == 4);
}

static void test_key_read_refuses(void)
{
    restart();
    struct crypto_key *key = crypto_key_take(&plan);
    const char *bad[] = {"", "-----BEGIN PRIVATE KEY-----\n",
                         "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
                         "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"};
    for (isize i = 0; i < COUNT(bad); i++) {
        CHECK_ERR(crypto_key_read(key, str_from(bad[i])), CRYPTO_KEY_SYNTAX);
    }
    static u8 large[100000];
    memset(large, 'A', sizeof large);
    CHECK_ERR(crypto_key_read(key, str_make(large, sizeof large)), CRYPTO_KEY_SYNTAX);
}

static void check_signature(const char *name)
{
    restart();
    struct crypto_key *key = crypto_key_take(&plan);
    u8 bytes[1024];
    for (int i = 0; i < 20; i++) { // one after another in the same memory, bad ones in between
        CHECK_OK(crypto_key_read(key, slurp(name)));
        if (i % 2) {
            struct buf none = buf_over(bytes, COUNT(bytes));
            CHECK_ERR(crypto_key_read(key, S("x")), CRYPTO_KEY_SYNTAX);
            CHECK_ERR(crypto_sign_rs256(key, S("header.claims"), &none), CRYPTO_SIGN);
        }
    }
    CHECK_OK(crypto_key_read(key, slurp(name)));
    char command[200];
    for (int i = 0; i < 3; i++) {
        struct buf signature = buf_over(bytes, COUNT(bytes));
        CHECK_OK(crypto_sign_rs256(key, S("header.claims"), &signature));
        CHECK(signature.n >= 256 && signature.n <= 512);
        spill("signature", buf_str(&signature));
        snprintf(command, sizeof command,
                 "openssl pkey -in %s -pubout -out public && "
                 "openssl dgst -sha256 -verify public -signature signature text",
                 name);
        CHECK(run(command));
    }
    struct buf small = buf_over(bytes, 100);
    CHECK_ERR(crypto_sign_rs256(key, S("header.claims"), &small), BUF_FULL);
    crypto_key_free(key);
    bool wiped = true; // all that follows the key's own struct was its heap
    for (isize i = arena.n - CRYPTO_HEAP_BYTES + 16; i < arena.n; i++) {
        wiped = wiped && memory[i] == 0;
    }
    CHECK(wiped);
}

static void test_sign(void)
{
    spill("text", S("header.claims"));
    const int bits[] = {2048, 3072, 4096};
    for (isize i = 0; i < COUNT(bits); i++) {
        char command[200];
        snprintf(command, sizeof command,
                 "openssl genrsa -out pkcs8.pem %d && openssl rsa -traditional -in pkcs8.pem -out "
                 "pkcs1.pem",
                 bits[i]);
        CHECK(run(command));
        CHECK(str_find(slurp("pkcs8.pem"), S("BEGIN PRIVATE KEY")) >= 0);
        CHECK(str_find(slurp("pkcs1.pem"), S("BEGIN RSA PRIVATE KEY")) >= 0);
        check_signature("pkcs8.pem");
        check_signature("pkcs1.pem");
    }
    CHECK(run("sed 's/$/\\r/' pkcs8.pem >crlf.pem")); // as a Windows editor saves it
    check_signature("crlf.pem");
}

static void test_key_read_other_kinds(void)
{
    restart();
    struct crypto_key *key = crypto_key_take(&plan);
    CHECK(
        run("openssl genrsa -out short.pem 1024; openssl genrsa -out plain.pem 2048;"
            "openssl ecparam -genkey -name prime256v1 -noout -out ec1.pem;"
            "openssl pkey -in ec1.pem -out ec8.pem; openssl genpkey -algorithm ed25519 -out ed.pem;"
            "openssl pkey -in plain.pem -aes128 -passout pass:x -out locked8.pem;"
            "openssl rsa -traditional -in plain.pem -aes128 -passout pass:x -out locked1.pem"));
    const char *kinds[] = {"short.pem", "ec1.pem", "ec8.pem", "ed.pem"};
    for (isize i = 0; i < COUNT(kinds); i++) {
        CHECK_ERR(crypto_key_read(key, slurp(kinds[i])), CRYPTO_KEY_KIND);
    }
    CHECK_ERR(crypto_key_read(key, slurp("locked8.pem")), CRYPTO_KEY_ENCRYPTED);
    CHECK_ERR(crypto_key_read(key, slurp("locked1.pem")), CRYPTO_KEY_ENCRYPTED);
}

static const struct test_case cases[] = {
    CASE(test_hashes),
    CASE(test_wipe),
    CASE(test_key_read_refuses),
};

static const struct test_case openssl_cases[] = {
    CASE(test_sign),
    CASE(test_key_read_other_kinds),
};

int main(void)
{
    snprintf(folder, sizeof folder, "/tmp/test_crypto.%d", (int)getpid());
    int failed = test_main(__FILE__, cases, COUNT(cases));
    if (mkdir(folder, 0700) == 0 && run("openssl version")) {
        failed |= test_main(__FILE__, openssl_cases, COUNT(openssl_cases));
    } else {
        printf("SKIP test_crypto:openssl_cases there is no openssl program\n");
    }
    char line[100];
    snprintf(line, sizeof line, "rm -rf %s", folder);
    return system(line) != 0 || failed;
}
