// SPDX-License-Identifier: Apache-2.0
// Logging in on a connection (see conn_auth.h; spec/wire-ntlm.md sections 2, 7, 11).
//
// The last message of NTLM and the cookies of the answer before it stand behind the machine's own
// headers in the exchange until they have been sent; then they are wiped. So a login needs no
// memory of its own, and a request that is made once more begins with the headers of the machine.
// What the far side sends in a login is read to its end, at most CONN_DRAIN_BYTES.
#include "net/conn_auth.h"

#include "net/auth.h"
#include "net/conn_parts.h"
#include "net/crypto.h"
#include "net/exchange_head.h"

enum conn_auth_turn conn_auth_turn(const struct conn *conn, const struct http_auth *a, i64 now_ms)
{
    if (!a || (conn && conn->authenticated)) {
        return CONN_AUTH_NOW; // no login is needed
    }
    return auth_is_quiet(a, now_ms) ? CONN_AUTH_QUIET
           : auth_may_try(a)        ? CONN_AUTH_NOW
                                    : CONN_AUTH_WAIT;
}

void conn_auth_claim(struct conn *conn)
{
    struct http_auth *a = conn->auth;
    if (a && !a->proven && !a->probing && !conn->authenticated) {
        conn->probing = a->probing = true;
    }
}

// Whether a login may leave now.
static err login_check(struct conn *conn)
{
    const struct http_auth *a = conn->auth;
    if (a->failed) {
        auth_put_facts(&conn->facts, a);
        return FAIL(AUTH_REFUSED);
    }
    // It was proven when this connection was chosen, and another one has been refused since; or
    // this is another user now.
    bool mine = conn->identity == a->identity && (a->proven || conn->probing);
    return mine ? OK : FAIL(AUTH_AGAIN);
}

err conn_auth_start(struct conn *conn)
{
    struct http_auth *a = conn->auth;
    struct talk *t = &conn->talk;
    if (conn->authenticated) {
        return OK;
    }
    TRY(login_check(conn));
    t->credential = a->scheme == AUTH_BASIC;
    if (a->scheme != AUTH_BASIC && a->scheme != AUTH_NONE) {
        conn->state = CONN_AUTH_SEND;
    }
    return OK;
}

static enum auth_scheme login_scheme(const struct http_auth *a)
{
    return a->scheme == AUTH_UNKNOWN ? AUTH_NTLM : a->scheme;
}

// ---- the first message

static isize login_put_first(struct conn_env *env, struct conn *conn)
{
    struct talk *t = &conn->talk;
    u8 bytes[256]; // 54 of base64 in a line of 24, more with SPNEGO: 124 in 29
    struct buf line = buf_over(bytes, COUNT(bytes));
    auth_put_first(&line, login_scheme(conn->auth));
    ASSERT(!line.full);
    struct exchange_extras extras = {
        .user_agent = env->settings->user_agent, .line = buf_str(&line), .empty_body = true};
    buf_reset(&env->compose);
    exchange_put_request(&env->compose, t->x, &extras);
    ASSERT(!env->compose.full); // exchange_check() and the limits of its parts
    t->head_sent = true;
    return conn_put(conn, buf_str(&env->compose));
}

static enum talk_result login_send(struct conn_env *env, struct conn *conn, i64 now_ms)
{
    struct talk *t = &conn->talk;
    isize left = conn_flush(conn);
    if (left == 0 && !t->head_sent) {
        left = login_put_first(env, conn);
        left = left < 0 ? left : conn_flush(conn);
    }
    if (left < 0) {
        return talk_fail_wire(env, conn);
    }
    if (left == 0) {
        t->step_deadline_ms = now_ms + talk_first_byte_ms(t);
        conn->state = CONN_AUTH_HEAD;
    }
    return TALK_WORKING;
}

// ---- the answer to it

// Once more on a connection of its own, at once; where that has been done, after a pause.
static enum talk_result login_again(struct conn_env *env, struct conn *conn, err e)
{
    conn->talk.again = true;
    return talk_fail(env, conn, e, S(""));
}

// The answer to the challenge goes behind the headers of the exchange.
static err login_put_last(struct conn_env *env, struct conn *conn, str token)
{
    struct talk *t = &conn->talk;
    u8 hash[TLS_END_POINT_BYTES];
    struct auth_answer answer = {.scheme = login_scheme(conn->auth),
                                 .token = token,
                                 .host = conn->dest->url.host,
                                 .scratch = &env->compose};
    if (conn->tls_open) {
        answer.end_point = str_make(hash, tls_server_end_point(conn->tls, hash));
    }
    t->headers_bytes = t->x->headers.n;
    t->login = true;
    TRY(auth_put_last(&t->x->headers, conn->auth, &answer));
    auth_put_cookies(&t->x->headers, &env->head);
    return t->x->headers.full ? FAIL(HTTP_REQUEST_BAD) : OK;
}

// A 401 with a challenge, or with the schemes that there are instead.
static enum talk_result login_take_offer(struct conn_env *env, struct conn *conn)
{
    struct talk *t = &conn->talk;
    struct http_auth *a = conn->auth;
    struct auth_offer offer;
    auth_read_offer(&env->head, login_scheme(a), &offer);
    err e = OK;
    if (offer.token.n) {
        if (!t->body.keep_alive) {
            return login_again(env, conn, FAIL(AUTH_CLOSED));
        }
        a->scheme = login_scheme(a);
        e = login_put_last(env, conn, offer.token);
        t->credential = err_ok(e);
        if (err_is(e, ERR_SPNEGO_REJECTED) && !a->proven) {
            conn_auth_forget(conn);
            offer.token.n = 0;
        }
    }
    if (offer.token.n == 0) {
        // What has worked before works again, or this is not the server that it was.
        e = a->proven ? FAIL(AUTH_BROKEN) : auth_choose(a, &offer, conn->tls_open);
        t->credential = a->scheme == AUTH_BASIC;
        if (!err_ok(e)) {
            auth_put_offer(&conn->facts, &env->head);
        }
    }
    if (!err_ok(e)) {
        return talk_fail(env, conn, e, S(""));
    }
    if (!t->body.keep_alive) {
        return login_again(env, conn, FAIL(AUTH_BROKEN));
    }
    conn->state = CONN_AUTH_BODY;
    return TALK_WORKING;
}

static enum talk_result login_take_head(struct conn_env *env, struct conn *conn, i64 now_ms)
{
    struct talk *t = &conn->talk;
    int status = env->head.status;
    if (status != 401 && (status < 200 || status > 299)) {
        return talk_take_head(env, conn, now_ms); // it would have said the same to the request
    }
    err e = http1_body_start(&t->body, &env->head, (t->x->flags & EXCHANGE_HEAD) != 0);
    if (!err_ok(e)) {
        return talk_fail(env, conn, e, S(""));
    }
    if (status == 401) {
        return login_take_offer(env, conn);
    }
    // The server does not care who asks.
    conn->authenticated = true;
    if (conn->auth->scheme == AUTH_UNKNOWN) {
        conn->auth->scheme = AUTH_NONE;
        auth_accept(conn->auth);
        conn_release_probe(env, conn);
    }
    if (!t->body.keep_alive) {
        return login_again(env, conn, FAIL(AUTH_BROKEN));
    }
    conn->state = CONN_AUTH_BODY;
    return TALK_WORKING;
}

// More of the answer, or the end of this step.
static enum talk_result login_fill(struct conn_env *env, struct conn *conn, i64 now_ms)
{
    struct talk *t = &conn->talk;
    isize got = conn_fill(conn);
    t->more = got > 0;
    if (got == OS_AGAIN) {
        return TALK_WORKING;
    }
    if (got < 0) {
        return talk_fail_wire(env, conn);
    }
    if (got == 0) {
        return talk_fail(env, conn, t->answered ? FAIL(HTTP_CUT) : FAIL(NET_CLOSED), S(""));
    }
    t->answered = true;
    talk_idle_clock(env, conn, now_ms);
    return TALK_WORKING;
}

static enum talk_result login_head(struct conn_env *env, struct conn *conn, i64 now_ms)
{
    struct talk *t = &conn->talk;
    isize used;
    err why = OK;
    enum http_more more = HTTP_MORE;
    if (conn->in_from < conn->in_to) {
        more = http1_read_head(conn_in(conn), &env->head, &used, &why);
    }
    if (more == HTTP_BAD) {
        return talk_fail(env, conn, why, S(""));
    }
    if (more == HTTP_MORE) {
        bool whole = conn->in_to - conn->in_from == CONN_IN_BYTES;
        return whole ? talk_fail(env, conn, FAIL(HTTP_HEAD_SIZE), S(""))
                     : login_fill(env, conn, now_ms);
    }
    conn->in_from += used;
    if (env->head.status < 200) {
        bool bad = ++t->interim > CONN_INTERIM_MAX || env->head.status == 101;
        return bad ? talk_fail(env, conn, FAIL(HTTP_INTERIM), S("")) : TALK_WORKING;
    }
    return login_take_head(env, conn, now_ms);
}

// The rest of the answer is read and dropped; then comes the request, or another scheme.
static enum talk_result login_body(struct conn_env *env, struct conn *conn, i64 now_ms)
{
    struct talk *t = &conn->talk;
    while (!t->body.done && conn->in_from < conn->in_to) {
        str in = conn_in(conn), piece;
        err e = http1_body_next(&t->body, &in, &piece);
        if (!err_ok(e)) {
            return talk_fail(env, conn, e, S(""));
        }
        t->drained_bytes += conn->in_to - conn->in_from - in.n;
        conn->in_from = conn->in_to - in.n;
    }
    if (t->drained_bytes > CONN_DRAIN_BYTES) {
        return talk_fail(env, conn, FAIL(AUTH_BROKEN), S("an answer to a login is too long"));
    }
    if (!t->body.done) {
        return login_fill(env, conn, now_ms);
    }
    if (conn->in_from != conn->in_to) {
        return talk_fail(env, conn, FAIL(HTTP_OTHER_ANSWER), S(""));
    }
    bool ready = t->credential || conn->authenticated;
    t->body = (struct http_body){0};
    t->head_sent = t->answered = false;
    t->interim = 0;
    conn->state = ready ? CONN_SEND : CONN_AUTH_SEND;
    return TALK_WORKING;
}

enum talk_result talk_login(struct conn_env *env, struct conn *conn, i64 now_ms)
{
    struct talk *t = &conn->talk;
    enum talk_result result = TALK_WORKING;
    t->more = true;
    // Ends: each round takes bytes off what the far side has sent, of which there is a bound, or
    // moves on to the next state; each scheme is tried once.
    while (result == TALK_WORKING && t->more && conn->state != CONN_SEND) {
        if (conn->state == CONN_AUTH_SEND) {
            result = login_send(env, conn, now_ms);
            t->more = conn->state == CONN_AUTH_HEAD && conn->readable;
        } else if (conn->state == CONN_AUTH_HEAD) {
            result = login_head(env, conn, now_ms);
        } else if (conn->state == CONN_AUTH_BODY) {
            result = login_body(env, conn, now_ms);
        } else {
            break; // the machine has got the answer
        }
    }
    return result;
}

// ---- the request itself

err conn_auth_put_line(struct conn *conn, struct buf *b)
{
    const struct http_auth *a = conn->auth;
    if (!conn->talk.credential) {
        return OK;
    }
    TRY(login_check(conn));
    conn->auth_epoch = a->epoch;
    if (a->scheme != AUTH_BASIC) {
        return OK;
    }
    return conn->tls_open || a->allow_basic ? auth_put_basic(b, a) : FAIL(AUTH_PLAIN);
}

void conn_auth_forget(struct conn *conn)
{
    struct talk *t = &conn->talk;
    if (t->login && t->x) {
        struct buf *h = &t->x->headers;
        crypto_wipe(h->p + t->headers_bytes, h->cap - t->headers_bytes);
        h->n = t->headers_bytes;
        h->full = false;
    }
    t->login = false;
}

// Nobody has looked at the login: the front door says so, or is in the way.
static bool login_is_weather(int status)
{
    return status == 407 || status == 408 || status == 425 || status == 429 || status > 500;
}

static err login_refused(struct conn_env *env, struct conn *conn, i64 now_ms)
{
    struct talk *t = &conn->talk;
    struct http_auth *a = conn->auth;
    if (conn->authenticated || !t->credential) {
        // The server has forgotten who this is, or asks now what it has not asked before.
        conn->authenticated = false;
        t->again = true;
        a->scheme = a->scheme == AUTH_NONE ? AUTH_UNKNOWN : a->scheme;
        a->proven = a->proven && a->scheme != AUTH_UNKNOWN;
        return FAIL(AUTH_AGAIN);
    }
    bool locked = str_contains_nocase(conn_in(conn), S("locked out"));
    enum auth_verdict verdict = auth_refuse(a, conn->auth_epoch, locked);
    auth_put_facts(&conn->facts, a);
    switch (verdict) {
    case AUTH_LATER:
        t->retry_after_ms = t->retry_after_ms > AUTH_PAUSE_MS ? t->retry_after_ms : AUTH_PAUSE_MS;
        a->quiet_until_ms = now_ms + t->retry_after_ms;
        return FAIL(AUTH_AGAIN);
    case AUTH_ONCE_MORE:
        t->again = true;
        break;
    case AUTH_NO_MORE:
        break;
    }
    env->progress = true; // those who wait hear of it
    return FAIL(AUTH_REFUSED);
}

err conn_auth_judge(struct conn_env *env, struct conn *conn, i64 now_ms)
{
    struct talk *t = &conn->talk;
    struct http_auth *a = conn->auth;
    if (conn->identity != a->identity) {
        return t->status == 401 ? FAIL(AUTH_AGAIN) : OK; // says nothing about the user of now
    }
    if (t->status == 401) {
        return login_refused(env, conn, now_ms);
    }
    if (conn->authenticated) {
        return OK;
    }
    if (login_is_weather(t->status)) {
        t->body.keep_alive = t->body.keep_alive && a->scheme != AUTH_NTLM &&
                             a->scheme != AUTH_NEGOTIATE && a->scheme != AUTH_SPNEGO;
    } else if (t->credential || a->scheme == AUTH_NONE) {
        auth_accept(a);
        conn->authenticated = t->credential && a->scheme != AUTH_BASIC;
    }
    conn_release_probe(env, conn);
    return OK;
}
