// SPDX-License-Identifier: Apache-2.0
// Hashes against published vectors; private keys, RS256, PS256 and certificates against the openssl
// program, which makes the keys and checks the signatures (so that no key is kept in the tree).
// Without it those are skipped.
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
    CHECK_ERR(crypto_key_read(key, (str){0}), CRYPTO_KEY_SYNTAX);
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
        // The same key, the other way, and back again in the next round.
        buf_reset(&signature);
        CHECK_OK(crypto_sign_ps256(key, S("header.claims"), &signature));
        spill("signature", buf_str(&signature));
        CHECK(
            run("openssl dgst -sha256 -verify public -sigopt rsa_padding_mode:pss "
                "-sigopt rsa_pss_saltlen:32 -sigopt rsa_mgf1_md:sha256 -signature signature text"));
    }
    struct buf small = buf_over(bytes, 100);
    CHECK_ERR(crypto_sign_rs256(key, S("header.claims"), &small), BUF_FULL);
    CHECK_ERR(crypto_sign_ps256(key, S("header.claims"), &small), BUF_FULL);
    crypto_key_free(key);
    CHECK_ERR(crypto_sign_ps256(key, S("header.claims"), &small), CRYPTO_SIGN);
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

// ---- certificates

static str read_hex(const char *name, u8 out[64])
{
    str text = slurp(name);
    isize at = str_find_byte(text, '=');
    struct buf hex = buf_over(out, 64);
    for (isize i = at + 1; at >= 0 && i < text.n; i++) {
        if (text.p[i] != ':' && text.p[i] != '\n') {
            buf_put_byte(&hex, str_lower_byte(text.p[i]));
        }
    }
    return buf_str(&hex);
}

static void check_certificate(struct crypto_key *key, str pem)
{
    struct crypto_certificate c;
    u8 want[64], got[64];
    struct buf hex = buf_over(got, COUNT(got));
    CHECK_OK(crypto_certificate_read(key, pem, &c));
    buf_put_hex(&hex, str_make(c.thumbprint, 32));
    CHECK_STR(buf_str(&hex), read_hex("thumbprint", want));
    CHECK(c.not_before_s == 1577836800 && c.not_after_s == 4733510399);
}

// The certificate among others, before and behind the key, at each size that a key may have.
static void test_certificate_read(void)
{
    static u8 bytes[40000];
    CHECK(run("openssl req -x509 -newkey rsa:2048 -nodes -keyout other.key -out other.pem -subj "
              "/CN=other"));
    for (int bits = 2048; bits <= 4096; bits += 1024) {
        char command[500];
        snprintf(
            command, sizeof command,
            "rm -rf ca && mkdir ca && : >ca/index && openssl req -newkey rsa:%d -nodes -keyout "
            "own.key -out own.csr -subj /CN=app && printf '[ca]\\ndefault_ca=c\\n[c]\\n"
            "database=ca/index\\nnew_certs_dir=ca\\nrand_serial=yes\\ndefault_md=sha256\\n"
            "policy=p\\n[p]\\ncommonName=supplied\\n' >ca.conf && openssl ca -batch -config "
            "ca.conf -selfsign -keyfile own.key -in own.csr -notext -out own.pem -startdate "
            "20200101000000Z -enddate 21191231235959Z",
            bits);
        CHECK(run(command));
        CHECK(run("openssl x509 -in own.pem -noout -fingerprint -sha256 >thumbprint"));
        CHECK(run("cat own.pem own.key >first; cat own.key other.pem own.pem >last;"
                  "sed 's/$/\\r/' last >crlf"));
        restart();
        struct crypto_key *key = crypto_key_take(&plan);
        CHECK_OK(crypto_key_read(key, slurp("first")));
        for (int i = 0; i < 20; i++) { // nothing is left behind in the heap
            check_certificate(key, slurp("first"));
            check_certificate(key, slurp("last"));
            check_certificate(key, slurp("crlf"));
        }
        struct crypto_certificate c;
        CHECK_ERR(crypto_certificate_read(key, slurp("other.pem"), &c), CRYPTO_CERTIFICATE_KEY);
        CHECK_ERR(crypto_certificate_read(key, slurp("own.key"), &c), CRYPTO_CERTIFICATE);
        CHECK_ERR(crypto_certificate_read(key, (str){0}, &c), CRYPTO_CERTIFICATE);
        // Each cut, and each of some bytes flipped: refused, or the same certificate as before.
        str pem = slurp("own.pem");
        memcpy(bytes, pem.p, (size_t)pem.n);
        for (isize n = 0; n < pem.n - 2; n += 7) {
            CHECK_ERR(crypto_certificate_read(key, str_make(bytes, n), &c), CRYPTO_CERTIFICATE);
        }
        CHECK_OK(crypto_certificate_read(key, str_make(bytes, pem.n), &c));
        // One too many, and one that is too long, do not hide the right one.
        memset(bytes, 'A', sizeof bytes);
        struct buf b = buf_over(bytes, COUNT(bytes));
        buf_put(&b, S("-----BEGIN CERTIFICATE-----"));
        b.n += 3 * CRYPTO_DER_BYTES;
        buf_put(&b, S("-----END CERTIFICATE-----"));
        CHECK_ERR(crypto_certificate_read(key, buf_str(&b), &c), CRYPTO_CERTIFICATE);
        buf_put(&b, pem);
        check_certificate(key, buf_str(&b));
        crypto_key_free(key);
        CHECK_ERR(crypto_certificate_read(key, pem, &c), CRYPTO_CERTIFICATE_KEY);
    }
    // Keys of another kind are nobody's.
    CHECK(run("openssl ecparam -genkey -name prime256v1 -noout -out ec.key && openssl req -x509 "
              "-key ec.key -out ec.pem -subj /CN=ec"));
    struct crypto_key *key = crypto_key_take(&plan);
    struct crypto_certificate c;
    CHECK_OK(crypto_key_read(key, slurp("own.key")));
    CHECK_ERR(crypto_certificate_read(key, slurp("ec.pem"), &c), CRYPTO_CERTIFICATE_KEY);
}

static const struct test_case cases[] = {
    CASE(test_hashes),
    CASE(test_wipe),
    CASE(test_key_read_refuses),
};

static const struct test_case openssl_cases[] = {
    CASE(test_sign),
    CASE(test_key_read_other_kinds),
    CASE(test_certificate_read),
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
