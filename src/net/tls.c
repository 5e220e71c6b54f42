// SPDX-License-Identifier: Apache-2.0
// The TLS engine of one connection (see tls.h): opening, handshake, reading, writing, closing, and
// turning what mbedTLS returns into errors that say what to do.
//
// Random bytes come from the kernel at every call: no generator whose state could leak, be forked
// or want memory at a reseed. AES-GCM is offered first: on machines with AES instructions it is ten
// times as fast as ChaCha20 in portable C. CBC suites close the list for old Exchange servers.
// After a failure the connection only names its error; the first one sticks.
#include "net/tls_internal.h"

#include <mbedtls/error.h>
#include <mbedtls/ssl_ciphersuites.h>
#include <psa/crypto.h>
#include <string.h>

#include "net/crypto.h"

// What the wire's callback says to mbedTLS when the socket broke; a number of its network module,
// which is not part of the build.
#define TLS_RET_BROKEN (-0x0050)

static const int tls_suites[] = {
    MBEDTLS_TLS1_3_AES_128_GCM_SHA256,
    MBEDTLS_TLS1_3_AES_256_GCM_SHA384,
    MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
    0,
};

static const char *tls_protocols[] = {"http/1.1", NULL};

int tls_random(void *unused, unsigned char *p, size_t n)
{
    (void)unused;
    os_entropy(p, (isize)n);
    return 0;
}

// TLS 1.3 draws its randomness through PSA.
psa_status_t mbedtls_psa_external_get_random(mbedtls_psa_external_random_context_t *unused, u8 *p,
                                             size_t n, size_t *got)
{
    (void)unused;
    os_entropy(p, (isize)n);
    *got = n;
    return PSA_SUCCESS;
}

struct tls_global *tls_init(struct plan *plan, int connections)
{
    struct tls_global *g = plan_take_n(
        plan, "TLS sessions", struct tls_global, 1,
        "tickets that make the next handshake short, 4 KiB for each of 16 destinations");
    g->conns = plan_take_n(plan, "TLS connections", struct tls_conn, connections,
                           "one a socket: configuration, verification, facts of an error");
    u8 *heaps = plan_take(
        plan, "TLS heaps", TLS_HEAP_BYTES, connections,
        "all that mbedTLS allocates for a connection: records of 16 KiB both ways");
    u8 *reads = plan_take(plan, "TLS read buffers", TLS_READ_BYTES, connections,
                          "encrypted bytes read ahead; without TLS, what is not yet sent");
    g->count = connections;
    for (int i = 0; i < connections; i++) {
        struct tls_conn *c = &g->conns[i];
        c->global = g;
        tls_heap_init(&c->heap, heaps + i * TLS_HEAP_BYTES, TLS_HEAP_BYTES);
        c->heap.unix_s = &g->unix_s;
        c->in = reads + i * TLS_READ_BYTES;
        c->facts = buf_over(c->facts_bytes, TLS_FACTS_BYTES);
    }
    tls_heap_enter(&g->conns[0].heap);
    ASSERT(psa_crypto_init() == PSA_SUCCESS);
    tls_heap_leave();
    // Nothing may be allocated for the life of the process: heaps are wiped.
    ASSERT(g->conns[0].heap.used == 0);
    return g;
}

void tls_clock_set(struct tls_global *g, i64 unix_s)
{
    g->unix_s = unix_s;
}

struct tls_conn *tls_conn_at(struct tls_global *g, int index)
{
    ASSERT(index >= 0 && index < g->count);
    return &g->conns[index];
}

static int tls_recv(void *st, unsigned char *p, size_t n)
{
    struct tls_conn *c = st;
    if (c->in_from == c->in_to) {
        isize got = c->wire.recv(c->wire.st, c->in, TLS_READ_BYTES);
        c->dry = got == OS_AGAIN;
        if (got <= 0) {
            return got == 0 ? 0 : got == OS_AGAIN ? MBEDTLS_ERR_SSL_WANT_READ : TLS_RET_BROKEN;
        }
        c->in_from = 0;
        c->in_to = got;
    }
    isize have = c->in_to - c->in_from;
    isize take = have < (isize)n ? have : (isize)n;
    memcpy(p, c->in + c->in_from, (size_t)take);
    c->in_from += take;
    return (int)take;
}

static int tls_send(void *st, const unsigned char *p, size_t n)
{
    struct tls_conn *c = st;
    isize sent = c->wire.send(c->wire.st, str_make(p, (isize)n));
    if (sent < 0) {
        return sent == OS_AGAIN ? MBEDTLS_ERR_SSL_WANT_WRITE : TLS_RET_BROKEN;
    }
    return (int)sent;
}

// The alert that the far side sent last (RFC 8446, section 6), in its own name.
static str tls_alert_name(u8 alert)
{
    switch (alert) {
    case MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE:
        return S("handshake_failure");
    case MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION:
        return S("protocol_version");
    case MBEDTLS_SSL_ALERT_MSG_INSUFFICIENT_SECURITY:
        return S("insufficient_security");
    case MBEDTLS_SSL_ALERT_MSG_INTERNAL_ERROR:
        return S("internal_error");
    case MBEDTLS_SSL_ALERT_MSG_UNRECOGNIZED_NAME:
        return S("unrecognized_name");
    case MBEDTLS_SSL_ALERT_MSG_CERT_REQUIRED:
        return S("certificate_required");
    case MBEDTLS_SSL_ALERT_MSG_ACCESS_DENIED:
        return S("access_denied");
    default:
        return S("see RFC 8446, section 6");
    }
}

static err tls_alert_error(struct tls_conn *c)
{
    u8 alert = c->ssl.private_in_msg ? c->ssl.private_in_msg[1] : 0;
    buf_put(&c->facts, S("the server sent the alert "));
    buf_put_u64(&c->facts, alert);
    buf_put(&c->facts, S(" ("));
    buf_put(&c->facts, tls_alert_name(alert));
    buf_put(&c->facts, S(")"));
    if (c->ready || alert == MBEDTLS_SSL_ALERT_MSG_INTERNAL_ERROR) {
        return FAIL(TLS_BROKEN);
    }
    return alert == MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION ? FAIL(TLS_VERSION)
                                                           : FAIL(TLS_HANDSHAKE);
}

static bool tls_is_gone(int ret)
{
    return ret == MBEDTLS_ERR_SSL_CONN_EOF || ret == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY ||
           ret == TLS_RET_BROKEN;
}

// What mbedTLS refuses by itself. Its numbers of X.509 are about bytes of a certificate that it
// does not take (among them extensions that are critical and unknown to it); the others say that
// somebody else wrote a part of the handshake: a value that may not be there (the sign of TLS 1.3
// in an answer of TLS 1.2: RFC 8446, section 4.1.3), a signature or a Finished that is not right.
static err tls_refusal(int ret)
{
    int high = -(-ret & 0xff80);
    if (high <= MBEDTLS_ERR_X509_FEATURE_UNAVAILABLE && high > MBEDTLS_ERR_X509_BAD_INPUT_DATA) {
        return FAIL(TLS_CERTIFICATE);
    }
    // A message that fits no buffer of mbedTLS, or more authorities than it follows.
    if (high == MBEDTLS_ERR_SSL_BAD_INPUT_DATA || high == MBEDTLS_ERR_X509_FATAL_ERROR) {
        return FAIL(TLS_HEAP);
    }
    bool forged = high == MBEDTLS_ERR_SSL_ILLEGAL_PARAMETER ||
                  high == MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE ||
                  high == MBEDTLS_ERR_ECP_VERIFY_FAILED || high == MBEDTLS_ERR_RSA_VERIFY_FAILED;
    return forged ? FAIL(TLS_FORGED) : FAIL(TLS_HANDSHAKE);
}

static err tls_ret_error(struct tls_conn *c, int ret)
{
    if (tls_is_gone(ret)) {
        buf_put(&c->facts, c->ready ? S("") : S("during the TLS handshake"));
        return FAIL(NET_RESET);
    }
    // First of all: a root that found no room looks like one that is not trusted.
    if (c->heap.denied && !c->ready) {
        return FAIL(TLS_HEAP);
    }
    if (ret == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE) {
        return tls_alert_error(c);
    }
    if (ret == MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION) {
        return FAIL(TLS_VERSION);
    }
    if (ret == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED || ret == MBEDTLS_ERR_SSL_BAD_CERTIFICATE) {
        // What a certificate may be used for is checked after tls_verify_look() has seen it.
        u32 late = mbedtls_ssl_get_verify_result(&c->ssl);
        c->flags |= late == UINT32_MAX ? 0 : late; // all bits: there is no result
        if (c->flags) {
            return tls_verify_error(c);
        }
    }
    if ((ret == MBEDTLS_ERR_SSL_INVALID_RECORD || ret == MBEDTLS_ERR_SSL_UNEXPECTED_RECORD) &&
        c->ssl.private_state <= MBEDTLS_SSL_SERVER_HELLO) {
        return FAIL(TLS_NOT_TLS); // not even the first record was one
    }
    const char *high = mbedtls_high_level_strerr(ret);
    const char *low = mbedtls_low_level_strerr(ret);
    buf_put(&c->facts, str_from(high ? high : low ? low : "unknown reason"));
    return c->ready ? FAIL(TLS_BROKEN) : tls_refusal(ret);
}

static enum tls_state tls_fail(struct tls_conn *c, int ret)
{
    if (err_ok(c->error)) {
        c->error = tls_ret_error(c, ret);
        if (c->offered && !c->ready) {
            // A server that was changed may stumble over its old session: only what a full
            // handshake says is final.
            tls_session_drop(c);
            c->error = c->verified ? c->error : FAIL(TLS_BROKEN);
        }
    }
    return TLS_FAILED;
}

static int tls_configure(struct tls_conn *c)
{
    bool verify = c->peer.trust->verify;
    int ret = mbedtls_ssl_config_defaults(&c->config, MBEDTLS_SSL_IS_CLIENT,
                                          MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT);
    if (ret) {
        return ret;
    }
    mbedtls_ssl_conf_rng(&c->config, tls_random, NULL);
    mbedtls_ssl_conf_min_tls_version(&c->config, MBEDTLS_SSL_VERSION_TLS1_2);
    mbedtls_ssl_conf_ciphersuites(&c->config, tls_suites);
    mbedtls_ssl_conf_authmode(&c->config,
                              verify ? MBEDTLS_SSL_VERIFY_REQUIRED : MBEDTLS_SSL_VERIFY_NONE);
    mbedtls_ssl_conf_ca_cb(&c->config, tls_verify_find_root, c);
    mbedtls_ssl_conf_verify(&c->config, tls_verify_look, c);
    mbedtls_ssl_conf_session_tickets(&c->config, MBEDTLS_SSL_SESSION_TICKETS_ENABLED);
    mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(
        &c->config, MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED);
    ret = c->peer.other ? 0 : mbedtls_ssl_conf_alpn_protocols(&c->config, tls_protocols);
    if (ret) {
        return ret;
    }
    ret = mbedtls_ssl_setup(&c->ssl, &c->config);
    if (ret) {
        return ret;
    }
    mbedtls_ssl_set_bio(&c->ssl, c, tls_send, tls_recv, NULL);
    // An address is no name (RFC 6066, section 3): it is not sent, and tls_verify_look() compares
    // it.
    struct os_addr literal;
    if (os_addr_parse(c->peer.host, &literal)) {
        return mbedtls_ssl_set_hostname(&c->ssl, NULL);
    }
    u8 storage[MBEDTLS_SSL_MAX_HOST_NAME_LEN + 1];
    struct buf name = buf_over(storage, COUNT(storage));
    buf_put_lower(&name, str_ends(c->peer.host, S("."))
                             ? str_slice(c->peer.host, 0, c->peer.host.n - 1)
                             : c->peer.host);
    buf_put_byte(&name, 0);
    return name.full ? MBEDTLS_ERR_SSL_BAD_INPUT_DATA
                     : mbedtls_ssl_set_hostname(&c->ssl, (const char *)storage);
}

err tls_open(struct tls_conn *c, const struct tls_peer *peer, const struct tls_wire *wire)
{
    ASSERT(!c->open);
    c->peer = *peer;
    c->wire = *wire;
    c->open = true;
    c->ready = c->offered = c->resumed = c->cut = c->verified = c->self_signed = c->distrusted =
        false;
    c->in_from = c->in_to = c->flushing = c->distrust_after_s = 0;
    c->flags = 0;
    c->error = OK;
    c->heap.denied = 0;
    buf_reset(&c->facts);
    tls_heap_enter(&c->heap);
    mbedtls_ssl_config_init(&c->config);
    mbedtls_ssl_init(&c->ssl);
    int ret = tls_configure(c);
    if (ret) {
        (void)tls_fail(c, ret);
    } else {
        c->offered = tls_session_offer(c);
    }
    tls_heap_leave();
    return c->error;
}

enum tls_state tls_handshake(struct tls_conn *c)
{
    ASSERT(c->open);
    tls_heap_enter(&c->heap);
    int ret = mbedtls_ssl_handshake(&c->ssl);
    enum tls_state state = TLS_READY;
    if (ret == MBEDTLS_ERR_SSL_WANT_READ) {
        state = TLS_WANT_READ;
    } else if (ret == MBEDTLS_ERR_SSL_WANT_WRITE) {
        state = TLS_WANT_WRITE;
    } else if (ret) {
        state = tls_fail(c, ret);
    } else {
        c->ready = true;
        // A full handshake shows certificates, an abbreviated one does not.
        c->resumed = c->offered && !c->verified && c->peer.trust->verify;
        if (mbedtls_ssl_get_version_number(&c->ssl) == MBEDTLS_SSL_VERSION_TLS1_2 && !c->resumed) {
            tls_session_keep(c); // 1.3 sends its tickets later
        }
    }
    tls_heap_leave();
    return state;
}

isize tls_read(struct tls_conn *c, void *p, isize n)
{
    ASSERT(c->ready && n > 0);
    isize result = OS_AGAIN;
    bool again = true;
    tls_heap_enter(&c->heap);
    for (int rounds = 0; again; rounds++) {
        c->dry = false;
        int ret = mbedtls_ssl_read(&c->ssl, p, (size_t)n);
        // TLS 1.3 says "want read" after the first half of handling a ticket, with bytes at hand.
        again = ret == MBEDTLS_ERR_SSL_WANT_READ && !c->dry;
        if (ret > 0) {
            result = ret;
        } else if (ret == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET) {
            tls_session_keep(c);
            again = true;
        } else if (ret == 0 || ret == MBEDTLS_ERR_SSL_CONN_EOF) {
            c->cut = true;
            result = 0;
        } else if (ret == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
            result = 0;
        } else if (ret != MBEDTLS_ERR_SSL_WANT_READ && ret != MBEDTLS_ERR_SSL_WANT_WRITE) {
            (void)tls_fail(c, ret);
            result = OS_BROKEN;
        }
        // Each round takes bytes off the wire, but a server could send tickets without end.
        if (again && rounds == TLS_READ_ROUNDS_MAX) {
            again = false;
            buf_put(&c->facts, S("the server sends tickets and no data"));
            c->error = FAIL(TLS_BROKEN);
            result = OS_BROKEN;
        }
    }
    tls_heap_leave();
    return result;
}

// mbedTLS encrypts into a buffer of its own and then wants to be called with the same arguments
// until that is sent; while it is sending it looks at the length only, never at the bytes.
static isize tls_push(struct tls_conn *c, const u8 *p, isize n)
{
    bool continued = c->flushing > 0;
    tls_heap_enter(&c->heap);
    int ret = mbedtls_ssl_write(&c->ssl, p, (size_t)n);
    while (ret == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET) {
        // A ticket whose reading had to wait until the record was flushed is read by the write.
        tls_session_keep(c);
        ret = continued && c->ssl.private_out_left == 0 ? (int)n
                                                        : mbedtls_ssl_write(&c->ssl, p, (size_t)n);
    }
    tls_heap_leave();
    if (ret >= 0) {
        c->flushing = 0;
        return ret;
    }
    if (ret != MBEDTLS_ERR_SSL_WANT_WRITE && ret != MBEDTLS_ERR_SSL_WANT_READ) {
        (void)tls_fail(c, ret);
        return OS_BROKEN;
    }
    c->flushing = n;
    return n;
}

isize tls_write(struct tls_conn *c, str s)
{
    ASSERT(c->ready && s.n > 0);
    if (c->flushing) {
        return 0;
    }
    int max = mbedtls_ssl_get_max_out_record_payload(&c->ssl);
    ASSERT(max > 0);
    return tls_push(c, s.p, s.n < max ? s.n : max);
}

bool tls_is_flushed(const struct tls_conn *c)
{
    return !c->flushing || c->ssl.private_out_left == 0;
}

enum tls_state tls_flush(struct tls_conn *c)
{
    // A ticket that was read meanwhile may have flushed the record: mbedTLS would take the same
    // call for another one then, and send what happens to lie in c->in.
    if (tls_is_flushed(c)) {
        c->flushing = 0;
        return TLS_READY;
    }
    isize pushed = tls_push(c, c->in, c->flushing);
    return pushed < 0 ? TLS_FAILED : c->flushing ? TLS_WANT_WRITE : TLS_READY;
}

void tls_close(struct tls_conn *c)
{
    if (!c->open) {
        return;
    }
    tls_heap_enter(&c->heap);
    if (c->ready && err_ok(c->error) && !c->flushing) {
        (void)mbedtls_ssl_close_notify(&c->ssl); // a courtesy: whether it arrives does not matter
    }
    mbedtls_ssl_free(&c->ssl);
    mbedtls_ssl_config_free(&c->config);
    tls_heap_leave();
    tls_heap_reset(&c->heap);
    crypto_wipe(c->in, TLS_READ_BYTES);
    c->open = c->ready = false;
}

bool tls_was_cut(const struct tls_conn *c)
{
    return c->cut;
}

err tls_error(const struct tls_conn *c, struct buf *detail)
{
    buf_put(detail, buf_str(&c->facts));
    return c->error;
}

bool tls_is_resumed(const struct tls_conn *c)
{
    return c->resumed;
}

const char *tls_version_name(const struct tls_conn *c)
{
    return c->ready ? mbedtls_ssl_get_version(&c->ssl) : "";
}

isize tls_heap_peak_bytes(const struct tls_conn *c)
{
    return c->heap.peak;
}

struct buf tls_spare(struct tls_conn *c)
{
    ASSERT(!c->open);
    return buf_over(c->in, TLS_READ_BYTES);
}
