// SPDX-License-Identifier: Apache-2.0
// Sessions for resumption: the last one of each destination, serialised, outside the connections'
// heaps. A place is found by the destination's number, so a session that began without verification
// is never offered where verification is asked. One that is larger than its place is not kept.
#include "net/tls_internal.h"
#include "net/crypto.h"

static struct tls_session *session_find(struct tls_global *g, int key)
{
    for (int i = 0; i < TLS_SESSIONS_MAX; i++) {
        if (g->sessions[i].key == key) {
            return &g->sessions[i];
        }
    }
    return NULL;
}

bool tls_session_offer(struct tls_conn *c)
{
    struct tls_session *place = c->peer.session < 0 ? NULL
                                                    : session_find(c->global, c->peer.session + 1);
    if (!place) {
        return false;
    }
    mbedtls_ssl_session session;
    mbedtls_ssl_session_init(&session);
    int ret = mbedtls_ssl_session_load(&session, place->data, (size_t)place->bytes);
    if (ret == 0) {
        ret = mbedtls_ssl_set_session(&c->ssl, &session);
    }
    mbedtls_ssl_session_free(&session);
    return ret == 0;
}

void tls_session_keep(struct tls_conn *c)
{
    if (c->peer.session < 0) {
        return;
    }
    mbedtls_ssl_session session;
    mbedtls_ssl_session_init(&session);
    struct tls_global *g = c->global;
    struct tls_session *place = session_find(g, c->peer.session + 1);
    if (!place) {
        place = &g->sessions[g->next_session];
        g->next_session = (g->next_session + 1) % TLS_SESSIONS_MAX;
    }
    size_t bytes = 0;
    place->key = 0;
    if (mbedtls_ssl_get_session(&c->ssl, &session) == 0 &&
        mbedtls_ssl_session_save(&session, place->data, TLS_SESSION_BYTES, &bytes) == 0) {
        place->key = c->peer.session + 1;
        place->bytes = (isize)bytes;
    }
    mbedtls_ssl_session_free(&session);
}

void tls_session_drop(struct tls_conn *c)
{
    struct tls_session *place = c->peer.session < 0 ? NULL
                                                    : session_find(c->global, c->peer.session + 1);
    if (place) {
        crypto_wipe(place, (isize)sizeof *place);
    }
}
