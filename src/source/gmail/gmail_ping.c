// SPDX-License-Identifier: Apache-2.0
// The ping (see gmail_ping.h). A refusal becomes GMAIL_PING_DIRECTORY or GMAIL_PING_PROFILE, whose
// words name the API and the three fields to look at; Google's own words follow in the detail. What
// may pass by itself (time-outs, 5xx, quotas) stays what it is: the credentials are not to blame.
#include "source/gmail/gmail_ping.h"

#include "codec/json.h"

enum { PING_NODES = 128 };

static const struct retry_policy ping_policy = {.attempts = 3, .base_ms = 2000, .max_ms = 4000};

static bool ping_is_token(const struct gmail_ping *p)
{
    return p->step == GMAIL_PING_TOKEN_DIRECTORY || p->step == GMAIL_PING_TOKEN_GMAIL;
}

static enum gmail_call ping_call(const struct gmail_ping *p)
{
    switch (p->step) {
    case GMAIL_PING_TOKEN_DIRECTORY:
        return GMAIL_CALL_TOKEN_DIRECTORY;
    case GMAIL_PING_USERS:
        return GMAIL_CALL_USERS;
    case GMAIL_PING_TOKEN_GMAIL:
        return GMAIL_CALL_TOKEN_PROFILE;
    case GMAIL_PING_PROFILE:
    case GMAIL_PING_DONE:
    case GMAIL_PING_FAILED:
        break;
    }
    return GMAIL_CALL_PROFILE;
}

static void ping_ask_users(struct gmail *g, struct gmail_ping *p, struct exchange *x)
{
    x->dest = g->settings.directory;
    x->method = S("GET");
    buf_put(&x->target, S("/admin/directory/v1/users?customer="));
    url_put_encoded(&x->target, g->run.customer_id);
    buf_put(&x->target, S("&maxResults=1&fields=users(primaryEmail)&prettyPrint=false"));
    exchange_header(x, S("Accept"), S("application/json"));
    gmail_token_header(&p->token, x);
}

static void ping_ask_profile(struct gmail *g, struct gmail_ping *p, struct exchange *x)
{
    x->dest = g->settings.gmail;
    x->method = S("GET");
    buf_put(&x->target, S("/gmail/v1/users/"));
    url_put_encoded(&x->target, g->run.subject);
    buf_put(&x->target, S("/profile?prettyPrint=false"));
    exchange_header(x, S("Accept"), S("application/json"));
    gmail_token_header(&p->token, x);
}

static void ping_end_now(struct gmail_ping *p, enum gmail_ping_step step)
{
    p->step = step;
    gmail_token_wipe(&p->token);
    crypto_wipe(p->answer_bytes, GMAIL_ANSWER_BYTES); // answers that tokens came in
}

enum step gmail_ping_next(void *src, void *st, i64 now_ms, struct exchange *x)
{
    struct gmail *g = src;
    struct gmail_ping *p = st;
    gmail_answer_start(&p->answer, p->answer_bytes, GMAIL_ANSWER_BYTES);
    x->retry = &ping_policy;
    x->timeout_ms = GMAIL_PING_MS;
    x->answer_bytes = EXCHANGE_TOKEN_BYTES;
    switch (p->step) {
    case GMAIL_PING_TOKEN_DIRECTORY:
    case GMAIL_PING_TOKEN_GMAIL:
        p->token.asked_ms = now_ms;
        if (!err_ok(gmail_token_ask(g, &p->token, ping_call(p), g->run.subject, x))) {
            ping_end_now(p, GMAIL_PING_FAILED);
            return STEP_FAILED;
        }
        return STEP_REQUEST;
    case GMAIL_PING_USERS:
        ping_ask_users(g, p, x);
        return STEP_REQUEST;
    case GMAIL_PING_PROFILE:
        ping_ask_profile(g, p, x);
        return STEP_REQUEST;
    case GMAIL_PING_DONE:
        return STEP_DONE;
    case GMAIL_PING_FAILED:
        return STEP_FAILED;
    }
    return STEP_FAILED;
}

err gmail_ping_head(void *src, void *st, struct exchange *x, const struct http_head *head)
{
    (void)src;
    (void)x;
    struct gmail_ping *p = st;
    gmail_answer_head(&p->answer, head);
    return OK;
}

err gmail_ping_body(void *src, void *st, struct exchange *x, str *in)
{
    (void)src;
    (void)x;
    struct gmail_ping *p = st;
    gmail_answer_take(&p->answer, in);
    return OK;
}

static bool ping_is_object(const struct gmail_answer *a)
{
    struct json_node nodes[PING_NODES];
    struct json j;
    return err_ok(json_parse(&j, buf_str(&a->text), nodes, PING_NODES)) &&
           json_type(&j, 0) == JSON_OBJECT;
}

static err ping_refused(const struct gmail_ping *p, err e)
{
    bool directory = p->step == GMAIL_PING_TOKEN_DIRECTORY || p->step == GMAIL_PING_USERS;
    if (err_class(e) == ERR_CLASS_RETRY) {
        return e;
    }
    return directory ? FAIL(GMAIL_PING_DIRECTORY) : FAIL(GMAIL_PING_PROFILE);
}

err gmail_ping_end(void *src, void *st, struct exchange *x)
{
    struct gmail_ping *p = st;
    if (p->answer.status != 200) {
        err e = gmail_error_judge(src, ping_call(p), &p->answer, x);
        if (err_is(e, ERR_GMAIL_NO_MAILBOX)) { // the token was taken, that is what was asked
            ping_end_now(p, GMAIL_PING_DONE);
            return OK;
        }
        return ping_refused(p, e);
    }
    if (ping_is_token(p)) {
        TRY(gmail_token_read(&p->token, &p->answer));
    } else if (!ping_is_object(&p->answer)) {
        return FAIL(GMAIL_ANSWER); // a login page, say
    }
    if (p->step == GMAIL_PING_PROFILE) {
        ping_end_now(p, GMAIL_PING_DONE);
    } else {
        p->step = (enum gmail_ping_step)(p->step + 1);
    }
    return OK;
}

bool gmail_ping_fail(void *src, void *st, struct exchange *x, err e)
{
    (void)src;
    (void)x;
    (void)e; // the caller keeps it
    ping_end_now(st, GMAIL_PING_FAILED);
    return false;
}
