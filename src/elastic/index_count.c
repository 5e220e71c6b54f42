// SPDX-License-Identifier: Apache-2.0
// The machine after a sync: POST /<index>/_refresh (not on serverless, where it is not for us),
// then POST /<index>/_count (see index.h). Both answer silently with nothing where the key has no
// right.
#include "elastic/index.h"

enum count_state { COUNT_START, COUNT_REFRESH, COUNT_COUNT, COUNT_DONE, COUNT_FAILED };

static enum step count_next(void *st, i64 now_ms, struct exchange *x)
{
    (void)now_ms;
    struct index_count *c = st;
    buf_reset(&c->answer);
    switch ((enum count_state)c->state) {
    case COUNT_START:
        c->error = OK;
        c->documents = -1;
        c->state = c->es->serverless ? COUNT_COUNT : COUNT_REFRESH;
        break;
    case COUNT_REFRESH:
    case COUNT_COUNT:
        break;
    case COUNT_DONE:
        return STEP_DONE;
    case COUNT_FAILED:
        return STEP_FAILED;
    }
    buf_put(&x->target, S("/"));
    url_put_encoded(&x->target, c->index);
    buf_put(&x->target, c->state == COUNT_REFRESH ? S("/_refresh") : S("/_count"));
    x->send_empty_body = true;
    elastic_request(c->es, x, S("POST"), S(""), false);
    return STEP_REQUEST;
}

static err count_head(void *st, struct exchange *x, const struct http_head *head)
{
    (void)x;
    struct index_count *c = st;
    c->status = head->status;
    return OK;
}

static err count_body(void *st, struct exchange *x, str *in)
{
    (void)x;
    struct index_count *c = st;
    elastic_keep(&c->answer, in);
    return OK;
}

static err count_end(void *st, struct exchange *x)
{
    struct index_count *c = st;
    err e = elastic_status_error(c->status);
    if (!err_ok(e)) {
        elastic_put_reason(&x->detail, buf_str(&c->answer));
        return e;
    }
    if (c->state == COUNT_REFRESH) {
        c->state = COUNT_COUNT;
        return OK;
    }
    struct json_node nodes[ELASTIC_NODES];
    struct json j;
    i64 count;
    if (!err_ok(json_parse(&j, buf_str(&c->answer), nodes, COUNT(nodes))) ||
        !json_i64(&j, json_get(&j, 0, S("count")), &count) || count < 0) {
        return FAIL(ES_ANSWER);
    }
    c->documents = count;
    c->state = COUNT_DONE;
    return OK;
}

static void count_fail(void *st, struct exchange *x, err e)
{
    struct index_count *c = st;
    if (c->state == COUNT_REFRESH) {
        c->state = COUNT_COUNT; // the count may be behind; whoever reads it is told of no error
        return;
    }
    c->error = e;
    c->state = COUNT_FAILED;
    buf_reset(&c->detail);
    elastic_put_cut(&c->detail, buf_str(&x->detail), x->detail.n);
}

const struct machine_ops index_count_ops = {
    .name = "elasticsearch count",
    .next = count_next,
    .head = count_head,
    .body = count_body,
    .end = count_end,
    .fail = count_fail,
};
