// SPDX-License-Identifier: Apache-2.0
// TLS for the tenant's server; see tls.h. AES-GCM comes first in the server's preference, because
// it has instructions of its own on every machine that we measure on.
#include "tls.h"

#include <string.h>

#include "mbedtls/ctr_drbg.h"
#include "mbedtls/entropy.h"
#include "mbedtls/pk.h"
#include "mbedtls/sha1.h"
#include "mbedtls/sha256.h"
#include "mbedtls/ssl.h"
#include "mbedtls/ssl_ticket.h"
#include "psa/crypto.h"
#include "test_keys.h"

static struct {
    mbedtls_entropy_context entropy;
    mbedtls_ctr_drbg_context random;
    mbedtls_x509_crt chain;
    mbedtls_pk_context key, account, application, federation;
    mbedtls_ssl_config config;
    mbedtls_ssl_ticket_context tickets;
    long long resumed;
} tls;

static const int suites[] = {
    MBEDTLS_TLS1_3_AES_128_GCM_SHA256,
    MBEDTLS_TLS1_3_AES_256_GCM_SHA384,
    MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    0,
};

static int parse_ticket(void *ctx, mbedtls_ssl_session *session, unsigned char *buf, size_t len)
{
    int rc = mbedtls_ssl_ticket_parse(ctx, session, buf, len);
    tls.resumed += rc == 0 ? 1 : 0;
    return rc;
}

static int parse_pem(mbedtls_pk_context *key, const char *pem)
{
    mbedtls_pk_init(key);
    return mbedtls_pk_parse_key(key, (const unsigned char *)pem, strlen(pem) + 1, NULL, 0,
                                mbedtls_ctr_drbg_random, &tls.random);
}

static void configure(enum t_tls_versions versions)
{
    mbedtls_ssl_conf_rng(&tls.config, mbedtls_ctr_drbg_random, &tls.random);
    mbedtls_ssl_conf_ciphersuites(&tls.config, suites);
    mbedtls_ssl_conf_min_tls_version(&tls.config, versions == T_TLS_13
                                                      ? MBEDTLS_SSL_VERSION_TLS1_3
                                                      : MBEDTLS_SSL_VERSION_TLS1_2);
    mbedtls_ssl_conf_max_tls_version(&tls.config, versions == T_TLS_12
                                                      ? MBEDTLS_SSL_VERSION_TLS1_2
                                                      : MBEDTLS_SSL_VERSION_TLS1_3);
}

bool tls_init(enum t_tls_versions versions, bool tickets)
{
    mbedtls_entropy_init(&tls.entropy);
    mbedtls_ctr_drbg_init(&tls.random);
    mbedtls_x509_crt_init(&tls.chain);
    mbedtls_ssl_config_init(&tls.config);
    mbedtls_ssl_ticket_init(&tls.tickets);
    const unsigned char *pem = (const unsigned char *)test_keys_server_certificate;
    bool ok =
        psa_crypto_init() == PSA_SUCCESS &&
        mbedtls_ctr_drbg_seed(&tls.random, mbedtls_entropy_func, &tls.entropy, NULL, 0) == 0 &&
        mbedtls_x509_crt_parse(&tls.chain, pem, strlen(test_keys_server_certificate) + 1) == 0 &&
        parse_pem(&tls.key, test_keys_server_key) == 0 &&
        parse_pem(&tls.account, test_keys_account_key) == 0 &&
        parse_pem(&tls.application, test_keys_app_key) == 0 &&
        parse_pem(&tls.federation, test_keys_federation_key) == 0 &&
        mbedtls_ssl_config_defaults(&tls.config, MBEDTLS_SSL_IS_SERVER,
                                    MBEDTLS_SSL_TRANSPORT_STREAM,
                                    MBEDTLS_SSL_PRESET_DEFAULT) == 0 &&
        mbedtls_ssl_conf_own_cert(&tls.config, &tls.chain, &tls.key) == 0;
    if (ok) {
        configure(versions);
    }
    if (ok && tickets) {
        ok = mbedtls_ssl_ticket_setup(&tls.tickets, mbedtls_ctr_drbg_random, &tls.random,
                                      MBEDTLS_CIPHER_AES_256_GCM, 86400) == 0;
        mbedtls_ssl_conf_session_tickets_cb(&tls.config, mbedtls_ssl_ticket_write, parse_ticket,
                                            &tls.tickets);
    }
    return ok;
}

void tls_close(void)
{
    mbedtls_ssl_config_free(&tls.config);
    mbedtls_ssl_ticket_free(&tls.tickets);
    mbedtls_x509_crt_free(&tls.chain);
    mbedtls_pk_free(&tls.key);
    mbedtls_pk_free(&tls.account);
    mbedtls_pk_free(&tls.application);
    mbedtls_pk_free(&tls.federation);
    mbedtls_ctr_drbg_free(&tls.random);
    mbedtls_entropy_free(&tls.entropy);
}

long long tls_resumed(void)
{
    return tls.resumed;
}

static int take_received(void *ctx, unsigned char *buf, size_t len)
{
    struct t_session *s = ctx;
    isize n = s->rx_n - s->rx_at;
    if (n == 0) {
        return MBEDTLS_ERR_SSL_WANT_READ;
    }
    n = n < (isize)len ? n : (isize)len;
    memcpy(buf, s->rx + s->rx_at, (size_t)n);
    s->rx_at += n;
    return (int)n;
}

static int put_to_send(void *ctx, const unsigned char *buf, size_t len)
{
    struct t_session *s = ctx;
    isize n = TLS_TX_BYTES - s->tx_n;
    if (n == 0) {
        return MBEDTLS_ERR_SSL_WANT_WRITE;
    }
    n = n < (isize)len ? n : (isize)len;
    memcpy(s->tx + s->tx_n, buf, (size_t)n);
    s->tx_n += n;
    return (int)n;
}

void tls_session_open(struct t_session *s, bool plain)
{
    *s = (struct t_session){
        .rx = t_alloc(TLS_RX_BYTES), .tx = t_alloc(TLS_TX_BYTES), .ready = plain};
    if (plain) {
        return;
    }
    mbedtls_ssl_context *ssl = t_alloc((isize)sizeof(*ssl));
    mbedtls_ssl_init(ssl);
    int rc = mbedtls_ssl_setup(ssl, &tls.config);
    ASSERT(rc == 0);
    mbedtls_ssl_set_bio(ssl, s, put_to_send, take_received, NULL);
    s->ssl = ssl;
}

void tls_session_free(struct t_session *s)
{
    if (s->ssl) {
        mbedtls_ssl_free(s->ssl);
        t_free(s->ssl);
    }
    t_free(s->rx);
    t_free(s->tx);
    *s = (struct t_session){0};
}

static bool is_wait(int rc)
{
    return rc == MBEDTLS_ERR_SSL_WANT_READ || rc == MBEDTLS_ERR_SSL_WANT_WRITE ||
           rc == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET;
}

int tls_handshake(struct t_session *s)
{
    int rc = mbedtls_ssl_handshake(s->ssl);
    s->ready = rc == 0;
    return rc == 0 ? 1 : is_wait(rc) ? T_TLS_MORE : T_TLS_FAILED;
}

isize tls_read(struct t_session *s, u8 *out, isize cap)
{
    if (!s->ssl) {
        int rc = take_received(s, out, (size_t)cap);
        return rc > 0 ? rc : T_TLS_MORE;
    }
    int rc = mbedtls_ssl_read(s->ssl, out, (size_t)cap);
    if (rc > 0) {
        return rc;
    }
    return rc == 0 || rc == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY ? T_TLS_CLOSED
           : is_wait(rc)                                      ? T_TLS_MORE
                                                              : T_TLS_FAILED;
}

isize tls_write(struct t_session *s, const u8 *p, isize n)
{
    if (!s->ssl) {
        int rc = put_to_send(s, p, (size_t)n);
        return rc > 0 ? rc : T_TLS_MORE;
    }
    int rc = mbedtls_ssl_write(s->ssl, p, (size_t)n);
    return rc > 0 ? rc : is_wait(rc) ? T_TLS_MORE : T_TLS_FAILED;
}

void tls_say_close(struct t_session *s)
{
    if (s->ssl && s->ready) {
        (void)mbedtls_ssl_close_notify(s->ssl);
    }
}

bool tls_verify_account(void *unused, str text, str signature)
{
    (void)unused;
    unsigned char hash[32];
    return mbedtls_sha256(text.p, (size_t)text.n, hash, 0) == 0 &&
           mbedtls_pk_verify(&tls.account, MBEDTLS_MD_SHA256, hash, sizeof(hash), signature.p,
                             (size_t)signature.n) == 0;
}

str tls_certificate_hash(void)
{
    static unsigned char hash[32];
    bool ok = mbedtls_sha256(tls.chain.raw.p, tls.chain.raw.len, hash, 0) == 0;
    return str_make(hash, ok ? (isize)sizeof(hash) : 0);
}

bool tls_verify_key(void *unused, enum t_key key, bool pss, str text, str signature)
{
    (void)unused;
    mbedtls_pk_context *pk = key == T_KEY_APPLICATION ? &tls.application : &tls.federation;
    mbedtls_pk_rsassa_pss_options options = {.mgf1_hash_id = MBEDTLS_MD_SHA256,
                                             .expected_salt_len = 32}; // RFC 7518, section 3.5
    unsigned char hash[32];
    return mbedtls_sha256(text.p, (size_t)text.n, hash, 0) == 0 &&
           mbedtls_pk_verify_ext(pss ? MBEDTLS_PK_RSASSA_PSS : MBEDTLS_PK_RSA,
                                 pss ? &options : NULL, pk, MBEDTLS_MD_SHA256, hash, sizeof(hash),
                                 signature.p, (size_t)signature.n) == 0;
}

bool tls_application_hashes(str *sha1, str *sha256)
{
    static unsigned char one[20], two[32];
    mbedtls_x509_crt crt;
    mbedtls_x509_crt_init(&crt);
    const unsigned char *pem = (const unsigned char *)test_keys_app_certificate;
    bool ok = mbedtls_x509_crt_parse(&crt, pem, strlen(test_keys_app_certificate) + 1) == 0 &&
              mbedtls_sha1(crt.raw.p, crt.raw.len, one) == 0 &&
              mbedtls_sha256(crt.raw.p, crt.raw.len, two, 0) == 0;
    mbedtls_x509_crt_free(&crt);
    *sha1 = str_make(one, ok ? (isize)sizeof(one) : 0);
    *sha256 = str_make(two, ok ? (isize)sizeof(two) : 0);
    return ok;
}
