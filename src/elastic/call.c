// SPDX-License-Identifier: Apache-2.0
// One request to Elasticsearch with its whole answer (see call.h, spec/elastic-protocol.md 5).
//
// An attempt that brings 408, 429 or 5xx is told to the loop as weather, which sends the request
// again; when the attempts are used up its status is the result all the same. Of answers that are
// no 2xx only the front is kept whatever `front` says: it holds the server's reason. The answer is
// emptied before each attempt, so that it is never a mixture of two.
#include "elastic/call.h"

#include "limits.h"
#include "net/retry.h"

enum call_state { CALL_ASKING, CALL_WHOLE, CALL_FAILED };

// For those who have a patience of their own: the preflight's wait for a cluster that starts.
static const struct retry_policy call_once = {.attempts = 1, .base_ms = 1, .max_ms = 1};

void elastic_call_init(struct elastic_call *c, const struct elastic *es, str method)
{
    *c = (struct elastic_call){
        .es = es,
        .method = method,
        .target = buf_over(c->target.p, c->target.cap),
        .body = buf_over(c->body.p, c->body.cap),
        .answer = buf_over(c->answer.p, c->answer.cap),
        .detail = buf_over(c->detail.p, c->detail.cap),
    };
}

static bool call_is_success(const struct elastic_call *c)
{
    return c->status >= 200 && c->status <= 299;
}

static enum step call_fail_now(struct elastic_call *c, err e, str what)
{
    c->error = e;
    c->state = CALL_FAILED;
    buf_reset(&c->detail);
    elastic_put_cut(&c->detail, what, what.n);
    return STEP_FAILED;
}

static enum step call_next(void *st, i64 now_ms, struct exchange *x)
{
    (void)now_ms;
    struct elastic_call *c = st;
    switch ((enum call_state)c->state) {
    case CALL_ASKING:
        break;
    case CALL_WHOLE:
        return STEP_DONE;
    case CALL_FAILED:
        return STEP_FAILED;
    }
    if (c->target.full || c->body.full) {
        return call_fail_now(c, FAIL(CALL_REQUEST), c->target.full ? S("address") : S("body"));
    }
    c->status = 0;
    buf_reset(&c->answer);
    buf_put(&x->target, buf_str(&c->target));
    bool head = str_eq(c->method, S("HEAD"));
    bool get = str_eq(c->method, S("GET"));
    x->flags |= head ? EXCHANGE_HEAD : EXCHANGE_GZIP;
    x->send_empty_body = !head && !get;
    elastic_request(c->es, x, c->method, buf_str(&c->body), false);
    if (c->once) {
        x->retry = &call_once;
    }
    if (c->unique) {
        x->flags |= EXCHANGE_NO_RESEND;
    }
    return STEP_REQUEST;
}

static err call_head(void *st, struct exchange *x, const struct http_head *head)
{
    (void)x;
    struct elastic_call *c = st;
    c->status = head->status;
    return OK;
}

static err call_body(void *st, struct exchange *x, str *in)
{
    struct elastic_call *c = st;
    if (!c->front && call_is_success(c) && in->n > buf_room(&c->answer)) {
        elastic_put_cut(&x->detail, S("more than "), 10);
        if (buf_room(&x->detail) > 20) {
            buf_put_i64(&x->detail, c->answer.cap);
            buf_put(&x->detail, S(" bytes"));
        }
        return FAIL(CALL_TOO_LARGE);
    }
    elastic_keep(&c->answer, in);
    return OK;
}

static err call_end(void *st, struct exchange *x)
{
    struct elastic_call *c = st;
    c->state = CALL_WHOLE;
    err e = retry_status_error(c->status);
    if (!err_ok(e) && err_class(e) == ERR_CLASS_RETRY) {
        elastic_put_reason(&x->detail, buf_str(&c->answer));
        c->state = CALL_ASKING; // asked again, or else fail() makes it the result
        return e;
    }
    return OK;
}

static void call_fail(void *st, struct exchange *x, err e)
{
    struct elastic_call *c = st;
    if (err_is(e, ERR_HTTP_BUSY) && c->status) {
        c->state = CALL_WHOLE;
        return;
    }
    (void)call_fail_now(c, e, buf_str(&x->detail));
}

const struct machine_ops elastic_call_ops = {
    .name = "elasticsearch call",
    .next = call_next,
    .head = call_head,
    .body = call_body,
    .end = call_end,
    .fail = call_fail,
};

bool elastic_call_is_ok(const struct elastic_call *c)
{
    return c->state == CALL_WHOLE && call_is_success(c);
}

static err call_status_error(int status)
{
    err e = elastic_status_error(status);
    if (status == 404 || status == 409) {
        return status == 404 ? FAIL(ES_NOT_FOUND) : FAIL(ES_CONFLICT);
    }
    return err_is(e, ERR_HTTP_BUSY) ? FAIL(ES_BUSY) : e;
}

err elastic_call_error(struct elastic_call *c)
{
    if (!err_ok(c->error)) {
        return c->error;
    }
    err e = call_status_error(c->status);
    if (err_ok(e)) {
        return OK;
    }
    str path;
    bool query;
    (void)str_cut(buf_str(&c->target), '?', &path, &query);
    buf_reset(&c->detail);
    struct buf words = buf_over(c->detail.p, c->detail.cap);
    elastic_put_cut(&words, c->method, c->method.n);
    elastic_put_cut(&words, S(" "), 1);
    elastic_put_cut(&words, path, CALL_PATH_BYTES);
    elastic_put_cut(&words, S(": status "), 9);
    if (buf_room(&words) >= 4) {
        buf_put_i64(&words, c->status);
    }
    struct elastic_error reason = elastic_error_of(buf_str(&c->answer));
    if (reason.type.n || reason.reason.n) {
        elastic_put_cut(&words, S(": "), 2);
        elastic_put_error(&words, &reason);
    }
    c->detail = words;
    return e;
}
