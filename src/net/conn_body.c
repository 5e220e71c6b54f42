// SPDX-License-Identifier: Apache-2.0
// The body of an answer on its way to the machine (see conn_parts.h): framing off, inflated where
// it is packed, and no faster than the machine takes it.
#include "net/conn_parts.h"

i64 talk_answer_bytes(const struct talk *t)
{
    return t->x->answer_bytes ? t->x->answer_bytes : EXCHANGE_ANSWER_BYTES;
}

// Gives the front of `piece` to the machine. *taken: how much it took. Machines skip what they do
// not know, so that an answer without end is for them one like any other: it ends here.
err talk_feed(struct conn_env *env, struct talk *t, str piece, isize *taken, i64 now_ms)
{
    str rest = piece;
    *taken = 0;
    if (piece.n > talk_answer_bytes(t) - t->fed_bytes) {
        return FAIL(HTTP_BODY_SIZE);
    }
    err e = t->ops->body(t->st, t->x, &rest);
    ASSERT(rest.n >= 0 && rest.n <= piece.n);
    *taken = piece.n - rest.n;
    t->fed_bytes += *taken;
    env->progress = env->progress || *taken > 0;
    t->blocked = rest.n > 0;
    t->blocked_since_ms = t->blocked ? now_ms : 0;
    return e;
}

// Feeds what is inflated, then inflates more of *piece. Stops when the machine blocks.
static err talk_inflate(struct conn_env *env, struct talk *t, str *piece, i64 now_ms)
{
    struct conn_inflater *z = t->inflater;
    for (bool more = true; more;) {
        if (z->taken < z->out.n) {
            isize taken;
            TRY(talk_feed(env, t, str_from_index(buf_str(&z->out), z->taken), &taken, now_ms));
            z->taken += taken;
            if (t->blocked || !t->x) {
                return OK;
            }
        }
        buf_reset(&z->out);
        z->taken = 0;
        isize before = piece->n;
        if (piece->n == 0 && z->ended) {
            return OK;
        }
        TRY(gzip_read(z->reader, piece, &z->out, &z->ended));
        more = z->out.n > 0 || piece->n < before;
    }
    return OK;
}

// One piece of content. *moved: something was taken.
static err talk_piece(struct conn_env *env, struct conn *conn, i64 now_ms, bool *moved)
{
    struct talk *t = &conn->talk;
    str in = conn_in(conn), piece = {0};
    err e = http1_body_next(&t->body, &in, &piece);
    if (!err_ok(e)) {
        t->body.keep_alive = false; // where the next answer begins is not known any more
        return e;
    }
    if (t->inflating) {
        str rest = piece;
        e = talk_inflate(env, t, &rest, now_ms);
        if (rest.n) {
            http1_body_unread(&t->body, &in, piece, piece.n - rest.n);
        }
    } else if (piece.n) {
        isize taken;
        e = talk_feed(env, t, piece, &taken, now_ms);
        if (taken < piece.n) {
            http1_body_unread(&t->body, &in, piece, taken);
        }
    }
    *moved = in.n < conn->in_to - conn->in_from;
    conn->in_from = conn->in_to - in.n;
    return e;
}

static enum talk_result talk_eof(struct conn_env *env, struct conn *conn)
{
    err e = http1_body_eof(&conn->talk.body);
    if (err_ok(e) && conn_was_cut(conn)) {
        e = FAIL(HTTP_CUT); // RFC 9112, section 9.8: without TLS's ending the body may be cut
    }
    return err_ok(e) ? TALK_WORKING : talk_fail(env, conn, e, S(""));
}

static enum talk_result talk_finish(struct conn_env *env, struct conn *conn, i64 now_ms)
{
    struct talk *t = &conn->talk;
    if (t->inflating && !t->inflater->ended && t->body.data_bytes > 0) {
        return talk_fail(env, conn, FAIL(GZIP_CORRUPT), S("it ends too early"));
    }
    err e = t->ops->end(t->st, t->x);
    return t->x ? talk_judge(env, conn, e, now_ms) : TALK_WORKING;
}

enum talk_result talk_body(struct conn_env *env, struct conn *conn, i64 now_ms)
{
    struct talk *t = &conn->talk;
    t->more = true;
    for (isize total = 0; total < CONN_TURN_BYTES;) {
        bool moved = true;
        while (moved) {
            moved = false;
            err e = OK;
            if (!t->body.done && (conn->in_from < conn->in_to || t->inflating)) {
                e = talk_piece(env, conn, now_ms, &moved);
            } else if (t->inflating) {
                e = talk_inflate(env, t, &(str){0}, now_ms); // what the machine had left
            }
            if (!t->x) {
                return TALK_WORKING; // cancelled by its own machine
            }
            if (!err_ok(e)) {
                return talk_judge(env, conn, e, now_ms);
            }
            if (t->blocked) {
                t->more = false;
                return TALK_WORKING;
            }
            if (t->body.done) {
                return talk_finish(env, conn, now_ms);
            }
        }
        isize got = conn_fill(conn);
        if (got == OS_AGAIN) {
            t->more = false;
            return TALK_WORKING;
        }
        if (got < 0) {
            return talk_fail_wire(env, conn);
        }
        if (got == 0 && talk_eof(env, conn) == TALK_FAILED) {
            return TALK_FAILED;
        }
        total += got;
        talk_idle_clock(env, conn, now_ms);
    }
    return TALK_WORKING;
}
