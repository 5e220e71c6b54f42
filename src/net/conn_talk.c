// SPDX-License-Identifier: Apache-2.0
// The exchange itself (see conn_talk.h): RFC 9112 on the wire, the machine's operations above. The
// body of an answer is in conn_body.c, a login before a request in conn_auth.c.
//
// The answer is watched for while the request is still being sent, because a server may refuse a
// body before it has come (413): what it said is then read, and the connection is closed after it.
// A machine that leaves bytes is asked again in a later turn; until then nothing is read, so that
// the far side's window closes, and no deadline runs, since the delay is ours.
#include "net/conn_talk.h"

#include "net/conn_auth.h"
#include "net/conn_parts.h"
#include "net/crypto.h"
#include "net/exchange_head.h"
#include "net/retry.h"

static void talk_note(struct conn *conn, bool judged)
{
    const struct talk *t = &conn->talk;
    bool gone = err_is(conn->error, ERR_NET_RESET) || err_is(conn->error, ERR_NET_CLOSED);
    conn_auth_forget(conn);
    conn->outcome = (struct talk_outcome){
        .started = t->started,
        .stale = conn->kept && !t->answered && gone,
        .again = t->again,
        .judged = judged,
        .status = t->status,
        .retry_after_ms = t->retry_after_ms,
    };
}

enum talk_result talk_fail(struct conn_env *env, struct conn *conn, err e, str fact)
{
    conn_set_error(conn, e, fact);
    talk_note(conn, false);
    conn_close(env, conn);
    return TALK_FAILED;
}

enum talk_result talk_fail_wire(struct conn_env *env, struct conn *conn)
{
    err e = conn->tls_open ? tls_error(conn->tls, &conn->facts) : OK;
    return talk_fail(env, conn, err_ok(e) ? FAIL(NET_RESET) : e, S(""));
}

static void talk_release_inflater(struct talk *t)
{
    if (t->inflater) {
        conn_wipe_inflater(t->inflater);
        t->inflater = NULL;
    }
}

// Nobody waits for the rest of the answer. A little of it is read, because a new connection costs
// as much as many answers.
static void talk_leave(struct conn_env *env, struct conn *conn, i64 now_ms)
{
    struct talk *t = &conn->talk;
    talk_release_inflater(t);
    t->x = NULL;
    t->blocked = false;
    t->more = false;
    bool small = t->body.framing != HTTP_LENGTH || t->body.left <= CONN_DRAIN_BYTES;
    bool keep = t->sent && !t->early && t->body.keep_alive && conn->key >= 0 && small;
    if (!keep) {
        conn_close(env, conn);
        return;
    }
    conn->kept = true;
    conn->used_ms = now_ms;
    conn->state = t->body.done ? CONN_IDLE : CONN_DRAIN;
    conn->deadline_ms = now_ms + (t->body.done ? env->settings->keep_alive_ms : (i64)CONN_DRAIN_MS);
    // Bytes that nobody asked for would be taken for the next answer. TLS may hold some back;
    // tickets of TLS 1.3 are read on the way.
    if (t->body.done &&
        (conn->in_from != conn->in_to || (conn->tls_open && conn_fill(conn) != OS_AGAIN))) {
        conn_close(env, conn);
    }
    conn_wipe_idle(conn);
}

// The machine has judged: the exchange is over for it, not yet for the connection.
enum talk_result talk_judge(struct conn_env *env, struct conn *conn, err e, i64 now_ms)
{
    if (!err_ok(e)) {
        conn_set_error(conn, e, S(""));
        // A success that the machine cannot use may be the answer to another request, and the next
        // answer then that to this one.
        conn->talk.body.keep_alive = conn->talk.body.keep_alive && conn->talk.status >= 300;
    }
    env->progress = true;
    talk_note(conn, true);
    talk_leave(env, conn, now_ms);
    return err_ok(e) ? TALK_DONE : TALK_FAILED;
}

void talk_idle_clock(struct conn_env *env, struct conn *conn, i64 now_ms)
{
    conn->talk.step_deadline_ms = now_ms + env->settings->idle_timeout_ms;
}

i64 talk_first_byte_ms(const struct talk *t)
{
    return t->x->first_byte_ms ? t->x->first_byte_ms : EXCHANGE_FIRST_BYTE_MS;
}

_Static_assert((int)EXCHANGE_END_POINT_BYTES == (int)TLS_END_POINT_BYTES, "one is the other's");

void talk_start(struct conn_env *env, struct conn *conn, struct exchange *x, i64 now_ms)
{
    i64 timeout_ms = x->timeout_ms ? x->timeout_ms : EXCHANGE_TIMEOUT_MS;
    conn->talk = (struct talk){.x = x, .retry_after_ms = -1, .deadline_ms = now_ms + timeout_ms};
    conn->state = x->flags & EXCHANGE_STREAM ? CONN_STREAM : CONN_SEND;
    conn->talk.asks = true;
    if (conn->state == CONN_STREAM && conn->tls_open) {
        x->end_point_bytes = tls_server_end_point(conn->tls, x->end_point);
    }
    conn->error = OK;
    buf_reset(&conn->facts);
    talk_idle_clock(env, conn, now_ms);
    if (conn->auth && conn->state == CONN_SEND) {
        conn->error = conn_auth_start(conn);
    }
    for (int i = 0; (x->flags & EXCHANGE_GZIP) && !conn->talk.inflater && i < GZIP_READERS; i++) {
        if (!env->inflaters[i].used) {
            conn->talk.inflater = &env->inflaters[i];
            conn->talk.inflater->used = true;
        }
    }
}

// ---- sending

// The request with its login. False: see conn->error.
static bool talk_put_request(struct conn *conn, struct buf *b, struct exchange_extras *extras)
{
    u8 bytes[2 * AUTH_BASIC_BYTES]; // in base64, with the name of the header
    struct buf line = buf_over(bytes, COUNT(bytes));
    err e = conn_auth_put_line(conn, &line);
    e = err_ok(e) ? buf_check(&line) : e;
    if (err_ok(e)) {
        extras->line = buf_str(&line);
        exchange_put_request(b, conn->talk.x, extras);
        conn_auth_forget(conn);
    } else {
        conn_set_error(conn, e, S(""));
    }
    crypto_wipe(bytes, COUNT(bytes));
    return err_ok(e);
}

// The head and as much of the body as fits behind it go together: a small request is one packet.
static isize talk_send_head(struct conn_env *env, struct conn *conn)
{
    struct talk *t = &conn->talk;
    struct buf *b = &env->compose;
    buf_reset(b);
    conn->echo = (conn->echo + 1) % 4;
    struct exchange_extras extras = {
        .user_agent = env->settings->user_agent,
        .offer_gzip = t->inflater != NULL,
        .echo = conn->echo,
    };
    if (!conn->auth) {
        exchange_put_request(b, t->x, &extras);
    } else if (!talk_put_request(conn, b, &extras)) {
        return OS_BROKEN;
    }
    ASSERT(!b->full); // exchange_check() and the limits of its parts
    if (!(t->x->flags & EXCHANGE_CHUNKED)) {
        isize room = buf_room(b);
        t->body_sent = t->x->body.n < room ? t->x->body.n : room;
        buf_put(b, str_slice(t->x->body, 0, t->body_sent));
    }
    t->head_sent = t->started = true;
    isize put = conn_put(conn, buf_str(b));
    crypto_wipe(b->p, b->n); // headers of machines hold tokens, and bodies passwords
    return put;
}

#define TALK_CHUNK_HEAD 8 // six hex digits, CRLF
#define TALK_CHUNK_TAIL 7 // CRLF, and the last chunk "0", CRLF, CRLF

// One chunk of what the machine has; 0 when it has nothing now.
static isize talk_send_chunk(struct conn_env *env, struct conn *conn)
{
    struct talk *t = &conn->talk;
    struct buf part = buf_over(env->compose.p + TALK_CHUNK_HEAD,
                               env->compose.cap - TALK_CHUNK_HEAD - TALK_CHUNK_TAIL);
    bool last = false;
    err e = t->ops->send(t->st, &part, &last);
    if (!err_ok(e)) {
        conn_set_error(conn, e, S(""));
        return OS_BROKEN;
    }
    t->chunks_ended = last;
    if (part.n == 0 && !last) {
        t->blocked = true;
        return 0;
    }
    struct buf *b = &env->compose;
    buf_reset(b);
    for (int shift = 20; shift >= 0; shift -= 4) {
        buf_put_byte(b, (u8) "0123456789abcdef"[part.n >> shift & 15]);
    }
    buf_put(b, S("\r\n"));
    b->n = part.n ? b->n + part.n : 0;
    buf_put(b, part.n ? S("\r\n") : S(""));
    buf_put(b, last ? S("0\r\n\r\n") : S(""));
    return conn_put(conn, buf_str(b));
}

// Bytes or chunks that went out now; 0: wait. OS_BROKEN.
static isize talk_send_some(struct conn_env *env, struct conn *conn)
{
    struct talk *t = &conn->talk;
    isize left = conn_flush(conn);
    if (left) {
        return left < 0 ? OS_BROKEN : 0;
    }
    if (!t->head_sent) {
        return talk_send_head(env, conn);
    }
    if (t->body_sent < t->x->body.n && !(t->x->flags & EXCHANGE_CHUNKED)) {
        isize sent = conn_send(conn, str_from_index(t->x->body, t->body_sent));
        t->body_sent += sent > 0 ? sent : 0;
        return sent;
    }
    if ((t->x->flags & EXCHANGE_CHUNKED) && !t->chunks_ended) {
        return talk_send_chunk(env, conn);
    }
    t->sent = true;
    return 0;
}

static enum talk_result talk_send(struct conn_env *env, struct conn *conn, i64 now_ms)
{
    struct talk *t = &conn->talk;
    if (t->head_sent && conn->readable) {
        conn->state = CONN_HEAD; // an answer, or the end, before all was sent
        return TALK_WORKING;
    }
    t->more = true;
    for (isize total = 0; total < CONN_TURN_BYTES;) {
        isize sent = talk_send_some(env, conn);
        if (sent < 0 && !err_ok(conn->error)) {
            return talk_fail(env, conn, conn->error, S(""));
        }
        if (sent < 0) {
            // The far side has closed; what it said before may still be there to read.
            t->early = true;
            conn->readable = true;
            conn->state = CONN_HEAD;
            t->more = false;
            return TALK_WORKING;
        }
        total += sent;
        if (sent == 0) {
            t->more = false;
            t->blocked_since_ms = t->blocked ? now_ms : 0;
            break;
        }
        talk_idle_clock(env, conn, now_ms);
    }
    if (t->sent) {
        t->step_deadline_ms = now_ms + talk_first_byte_ms(t);
        conn->state = CONN_HEAD;
    }
    return TALK_WORKING;
}

// ---- the head of the answer

// Redirects are never followed: where one leads is said.
static enum talk_result talk_redirect(struct conn_env *env, struct conn *conn, i64 now_ms)
{
    bool found;
    str location = http1_header(&env->head, S("location"), &found);
    struct url url;
    if (err_ok(url_parse(location, &url))) {
        buf_put(&conn->facts, url.tls ? S("to https://") : S("to http://"));
        exchange_put_host(&conn->facts, &url);
    } else {
        buf_put(&conn->facts, S("to another path of the same server"));
    }
    // ASP.NET, and so Exchange, answers an error of its own like this (spec/wire-ews.md 14).
    bool error_page = str_find(location, S("aspxerrorpath=")) >= 0;
    return talk_judge(env, conn, error_page ? FAIL(HTTP_BUSY) : FAIL(HTTP_REDIRECT), now_ms);
}

static bool talk_is_redirect(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static err talk_check_encoding(struct talk *t, const struct http_head *head)
{
    bool found;
    str coding = http1_header(head, S("content-encoding"), &found);
    if (!found || coding.n == 0 || str_eq_nocase(coding, S("identity"))) {
        return OK;
    }
    bool gzip = str_eq_nocase(coding, S("gzip")) || str_eq_nocase(coding, S("x-gzip"));
    if (!gzip || !t->inflater) {
        return FAIL(HTTP_ENCODING);
    }
    struct conn_inflater *z = t->inflater;
    z->reader = gzip_reader_start(z->memory);
    z->ended = false;
    z->taken = 0;
    buf_reset(&z->out);
    t->inflating = true;
    return OK;
}

// Whether all of the request has left. TLS may have flushed the rest of a record while it was read,
// and then nobody has noticed yet.
static bool talk_is_sent(struct conn *conn)
{
    struct talk *t = &conn->talk;
    bool whole = t->x->flags & EXCHANGE_CHUNKED ? t->chunks_ended : t->body_sent == t->x->body.n;
    t->sent = t->sent || (t->head_sent && whole && conn_is_flushed(conn));
    return t->sent;
}

// The head is in env->head. The machine sees it before anything else happens to the connection.
enum talk_result talk_take_head(struct conn_env *env, struct conn *conn, i64 now_ms)
{
    struct talk *t = &conn->talk;
    struct http_head *head = &env->head;
    t->status = head->status;
    t->retry_after_ms = retry_after_ms(head, os_unix_us() / 1000000);
    t->early = t->early || !talk_is_sent(conn);
    if (exchange_is_other(t->x, head, conn->echo)) {
        return talk_fail(env, conn, FAIL(HTTP_OTHER_ANSWER), S(""));
    }
    // No server can have done what it has not heard: this is the answer to another request.
    if (t->early && t->status >= 200 && t->status <= 299) {
        return talk_fail(env, conn, FAIL(HTTP_EARLY), S(""));
    }
    err e = http1_body_start(&t->body, head, (t->x->flags & EXCHANGE_HEAD) != 0);
    if (err_ok(e) && t->body.framing == HTTP_LENGTH && t->body.left > talk_answer_bytes(t)) {
        e = FAIL(HTTP_BODY_SIZE);
    }
    if (!err_ok(e)) {
        return talk_fail(env, conn, e, S(""));
    }
    if (conn->auth) {
        e = conn_auth_judge(env, conn, now_ms);
        if (!err_ok(e)) {
            return talk_fail(env, conn, e, S(""));
        }
    }
    if (talk_is_redirect(t->status)) {
        return talk_redirect(env, conn, now_ms);
    }
    e = talk_check_encoding(t, head);
    if (!err_ok(e)) {
        return talk_judge(env, conn, e, now_ms);
    }
    conn->state = CONN_BODY;
    e = t->ops->head(t->st, t->x, head);
    if (!t->x) {
        return TALK_WORKING; // cancelled
    }
    return err_ok(e) ? TALK_WORKING : talk_judge(env, conn, e, now_ms);
}

static enum talk_result talk_fill_head(struct conn_env *env, struct conn *conn, i64 now_ms)
{
    struct talk *t = &conn->talk;
    if (conn->in_to - conn->in_from == CONN_IN_BYTES) {
        return talk_fail(env, conn, FAIL(HTTP_HEAD_SIZE), S(""));
    }
    isize got = conn_fill(conn);
    if (got == OS_AGAIN) {
        t->more = false;
        if (!t->sent && !t->early) {
            conn->state = CONN_SEND; // it was a ticket of TLS, or nothing
        }
        return TALK_WORKING;
    }
    if (got < 0 && !t->answered) {
        return talk_fail_wire(env, conn);
    }
    if (got <= 0) {
        return talk_fail(env, conn, t->answered ? FAIL(HTTP_CUT) : FAIL(NET_CLOSED), S(""));
    }
    t->answered = t->more = true;
    talk_idle_clock(env, conn, now_ms);
    return TALK_WORKING;
}

static enum talk_result talk_head(struct conn_env *env, struct conn *conn, i64 now_ms)
{
    struct talk *t = &conn->talk;
    isize used;
    err why = OK;
    enum http_more more = HTTP_MORE;
    if (conn->in_from < conn->in_to) {
        more = http1_read_head(conn_in(conn), &env->head, &used, &why);
    }
    if (more == HTTP_MORE) {
        return talk_fill_head(env, conn, now_ms);
    }
    if (more == HTTP_BAD) {
        return talk_fail(env, conn, why, S(""));
    }
    conn->in_from += used;
    t->more = true;
    if (env->head.status >= 200) {
        return talk_take_head(env, conn, now_ms);
    }
    // 101 would change the protocol, which nobody asked for.
    if (++t->interim > CONN_INTERIM_MAX || env->head.status == 101) {
        return talk_fail(env, conn, FAIL(HTTP_INTERIM), S(""));
    }
    if (!t->sent && !t->early && conn->in_from == conn->in_to) {
        conn->state = CONN_SEND;
        conn->readable = false;
    }
    return TALK_WORKING;
}

// ---- deadlines

// The time that the machine has blocked does not count.
static void talk_shift_deadlines(struct talk *t, i64 now_ms)
{
    if (t->blocked_since_ms) {
        t->deadline_ms += now_ms - t->blocked_since_ms;
        t->step_deadline_ms += now_ms - t->blocked_since_ms;
    }
}

static err talk_overdue(const struct conn *conn, i64 now_ms)
{
    const struct talk *t = &conn->talk;
    if (now_ms >= t->deadline_ms) {
        return FAIL(NET_TIMEOUT_EXCHANGE);
    }
    if (now_ms < t->step_deadline_ms) {
        return OK;
    }
    bool waits = conn->state == CONN_HEAD
                     ? t->sent
                     : conn->state == CONN_AUTH_HEAD || (conn->state == CONN_STREAM && t->started);
    bool first = waits && !t->answered;
    return first ? FAIL(NET_TIMEOUT_FIRST_BYTE) : FAIL(NET_TIMEOUT_IDLE);
}

enum talk_result talk_step(struct conn_env *env, struct conn *conn, i64 now_ms)
{
    struct talk *t = &conn->talk;
    talk_shift_deadlines(t, now_ms);
    t->blocked = false; // ask again
    t->blocked_since_ms = 0;
    enum talk_result result = TALK_WORKING;
    if (!err_ok(conn->error)) {
        return talk_fail(env, conn, conn->error, S("")); // it could not even begin
    }
    // Ends: a head fills a buffer of fixed size; the other states run once unless they change, and
    // only what has arrived meanwhile changes them.
    for (bool again = true; again && result == TALK_WORKING && t->x;) {
        enum conn_state before = conn->state;
        if (before == CONN_SEND) {
            result = talk_send(env, conn, now_ms);
        } else if (before == CONN_HEAD) {
            result = talk_head(env, conn, now_ms);
        } else if (before == CONN_BODY) {
            result = talk_body(env, conn, now_ms);
        } else if (before == CONN_STREAM) {
            result = talk_stream(env, conn, now_ms);
        } else {
            result = talk_login(env, conn, now_ms);
        }
        again = conn->state != before || (before == CONN_HEAD && t->more);
    }
    if (result == TALK_WORKING && t->x) {
        err e = talk_overdue(conn, now_ms);
        return err_ok(e) ? TALK_WORKING : talk_fail(env, conn, e, S(""));
    }
    return result;
}

void talk_rest(struct conn_env *env, struct conn *conn, i64 now_ms)
{
    struct talk *t = &conn->talk;
    bool open = now_ms < conn->deadline_ms;
    for (bool more = true; open && more;) {
        while (open && conn->state == CONN_DRAIN && !t->body.done && conn->in_from < conn->in_to) {
            str in = conn_in(conn), piece;
            open = err_ok(http1_body_next(&t->body, &in, &piece));
            t->drained_bytes += conn->in_to - conn->in_from - in.n;
            conn->in_from = conn->in_to - in.n;
        }
        if (open && conn->state == CONN_DRAIN && t->body.done) {
            conn->state = CONN_IDLE;
            conn->deadline_ms = now_ms + env->settings->keep_alive_ms;
            env->progress = true;
            conn_wipe_idle(conn);
        }
        open = open && t->drained_bytes <= CONN_DRAIN_BYTES &&
               (conn->state == CONN_DRAIN || conn->in_from == conn->in_to);
        isize got = open && conn->readable ? conn_fill(conn) : OS_AGAIN;
        more = got > 0;
        open = open && (got > 0 || got == OS_AGAIN); // else it was closed meanwhile
    }
    if (!open) {
        conn_close(env, conn);
        env->progress = true; // its place is free
    }
}

i64 talk_deadline_ms(const struct conn *conn)
{
    const struct talk *t = &conn->talk;
    if (conn->state < CONN_SEND || !t->x) {
        return conn->state == CONN_CONNECT && conn->addr_deadline_ms < conn->deadline_ms
                   ? conn->addr_deadline_ms
                   : conn->deadline_ms;
    }
    return t->blocked                             ? INT64_MAX
           : t->deadline_ms < t->step_deadline_ms ? t->deadline_ms
                                                  : t->step_deadline_ms;
}
