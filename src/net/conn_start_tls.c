// SPDX-License-Identifier: Apache-2.0
// Asking a directory for TLS (see conn_start_tls.h). The directory may not say anything behind its
// answer before the handshake: whatever does come there was put in by somebody on the way, so that
// it would be taken for the first bytes inside TLS, and ends the connection (as CVE-2011-0411).
#include "net/conn_start_tls.h"

#include "codec/ldap.h"

#define START_TLS_ID 1
#define START_TLS_BUSY 51 // RFC 4511, appendix A.1: the only result that is weather here
#define START_TLS_NAME S("1.3.6.1.4.1.1466.20037")

static enum conn_result start_tls_fail(struct conn *conn, err e, str fact)
{
    conn_set_error(conn, e, fact);
    return CONN_FAILED;
}

enum conn_result conn_start_tls_send(struct conn_env *env, struct conn *conn)
{
    isize left = conn_flush(conn);
    // What waits to leave may be the request to a proxy; it has gone when its answer is here.
    if (left == 0 && !conn->asked) {
        conn->asked = true;
        buf_reset(&env->compose);
        ldap_put_start_tls(&env->compose, START_TLS_ID);
        left = conn_put(conn, buf_str(&env->compose));
        left = left < 0 ? left : conn_flush(conn);
    }
    if (left < 0) {
        return start_tls_fail(conn, FAIL(NET_RESET), S(": at StartTLS"));
    }
    conn->state = left ? CONN_START_TLS_SEND : CONN_START_TLS_READ;
    return left ? CONN_WORKING : CONN_READY;
}

static enum conn_result start_tls_judge(struct conn *conn, const struct ldap_message *m)
{
    bool named = m->name.n == 0 || str_eq(m->name, START_TLS_NAME); // AD names it, others do not
    if (m->op != LDAP_EXTENDED_RESPONSE || ldap_is_disconnection(m) || m->id != START_TLS_ID ||
        !named) {
        return start_tls_fail(conn, FAIL(START_TLS_ANSWER), S(""));
    }
    if (m->result != LDAP_SUCCESS) {
        buf_put(&conn->facts, S(": "));
        ldap_put_reason(&conn->facts, m);
        err e = m->result == START_TLS_BUSY ? FAIL(LDAP_BUSY) : ldap_result_err(m);
        return start_tls_fail(conn, e, S(""));
    }
    if (conn->in_from != conn->in_to) {
        return start_tls_fail(conn, FAIL(START_TLS_INJECTED), S(""));
    }
    conn->in_from = conn->in_to = 0;
    conn->state = CONN_TLS;
    return CONN_READY;
}

enum conn_result conn_start_tls_read(struct conn *conn)
{
    isize got = conn_fill(conn);
    if (got == OS_AGAIN) {
        return CONN_WORKING;
    }
    if (got <= 0) {
        return start_tls_fail(conn, FAIL(NET_RESET), S(": at StartTLS"));
    }
    isize bytes = 0;
    struct ldap_message m;
    str in = conn_in(conn);
    if (!err_ok(ldap_message_bytes(in, &bytes)) || bytes > CONN_IN_BYTES) {
        return start_tls_fail(conn, FAIL(START_TLS_ANSWER), S(""));
    }
    if (bytes == 0 || bytes > in.n) {
        return CONN_READY; // fill again: the length is told by the first few bytes
    }
    if (!err_ok(ldap_message_read(str_slice(in, 0, bytes), &m))) {
        return start_tls_fail(conn, FAIL(START_TLS_ANSWER), S(""));
    }
    conn->in_from += bytes;
    return start_tls_judge(conn, &m);
}
