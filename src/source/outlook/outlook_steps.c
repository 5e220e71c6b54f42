// SPDX-License-Identifier: Apache-2.0
// Which way a step goes (see outlook_steps.h). It does not change while a machine lives: the way is
// decided before the first mailbox is opened.
#include "source/outlook/outlook_steps.h"

static bool steps_by_ldap(const struct outlook *o)
{
    return o->run.way == OUTLOOK_WAY_SERVER;
}

static bool steps_by_graph(const struct outlook *o)
{
    return o->run.way == OUTLOOK_WAY_GRAPH;
}

// ---- the directory

enum step outlook_accounts_next(void *src, void *st, i64 now_ms, struct exchange *x)
{
    return steps_by_ldap(src) ? outlook_directory_next(src, st, now_ms, x)
                              : graph_users_next(src, st, now_ms, x);
}

err outlook_accounts_head(void *src, void *st, struct exchange *x, const struct http_head *head)
{
    return steps_by_ldap(src) ? outlook_directory_head(src, st, x, head)
                              : graph_users_head(src, st, x, head);
}

err outlook_accounts_body(void *src, void *st, struct exchange *x, str *in,
                          const struct account_sink *to)
{
    return steps_by_ldap(src) ? outlook_directory_body(src, st, x, in, to)
                              : graph_users_body(src, st, x, in, to);
}

err outlook_accounts_end(void *src, void *st, struct exchange *x)
{
    return steps_by_ldap(src) ? outlook_directory_end(src, st, x) : graph_users_end(src, st, x);
}

bool outlook_accounts_fail(void *src, void *st, struct exchange *x, err e)
{
    return steps_by_ldap(src) ? outlook_directory_fail(src, st, x, e)
                              : graph_users_fail(src, st, x, e);
}

err outlook_accounts_send(void *src, void *st, struct buf *room, bool *last)
{
    return outlook_directory_send(src, st, room, last); // HTTP has no such step
}

enum step outlook_ping_next(void *src, void *st, i64 now_ms, struct exchange *x)
{
    union outlook_accounts *u = st;
    if (steps_by_ldap(src)) {
        u->directory.probe = true;
    } else {
        u->users.probe = true;
    }
    enum step step = outlook_accounts_next(src, st, now_ms, x);
    x->timeout_ms = OUTLOOK_PING_MS;
    return step;
}

static bool steps_take_nobody(void *st, const struct account *a)
{
    (void)st;
    (void)a;
    return true;
}

err outlook_ping_body(void *src, void *st, struct exchange *x, str *in)
{
    struct account_sink sink = {.take = steps_take_nobody};
    return outlook_accounts_body(src, st, x, in, &sink);
}

// ---- a mailbox

enum step outlook_mailbox_next(void *src, struct mailbox *m, i64 now_ms, struct exchange *x)
{
    struct outlook *o = src;
    if (steps_by_graph(o)) {
        return graph_listing_next(o, m, now_ms, x);
    }
    enum step step = o->run.way == OUTLOOK_WAY_CLOUD_EWS
                         ? outlook_token_step(o, ENTRA_EWS, m, now_ms, x)
                         : STEP_DONE;
    if (step != STEP_DONE) {
        if (step == STEP_FAILED) { // it cannot be asked for, and would not be for ever
            outlook_mailbox_refuse(o, m, o->run.token_error, &x->detail);
        }
        return step;
    }
    return outlook_listing_next(src, m, now_ms, x);
}

err outlook_mailbox_head(void *src, struct mailbox *m, struct exchange *x,
                         const struct http_head *head)
{
    if (steps_by_graph(src)) {
        return graph_listing_head(src, m, x, head);
    }
    if (outlook_token_is_asking(src, m)) {
        outlook_token_head(src, m, head);
        return OK;
    }
    return outlook_listing_head(src, m, x, head);
}

err outlook_mailbox_body(void *src, struct mailbox *m, struct exchange *x, str *in)
{
    if (steps_by_graph(src)) {
        return graph_listing_body(src, m, x, in);
    }
    if (outlook_token_is_asking(src, m)) {
        outlook_token_body(src, m, in);
        return OK;
    }
    return outlook_listing_body(src, m, x, in);
}

err outlook_mailbox_end(void *src, struct mailbox *m, struct exchange *x)
{
    if (steps_by_graph(src)) {
        return graph_listing_end(src, m, x);
    }
    return outlook_token_is_asking(src, m) ? outlook_token_end(src, m, x)
                                           : outlook_listing_end(src, m, x);
}

void outlook_mailbox_fail(void *src, struct mailbox *m, struct exchange *x, err e)
{
    if (steps_by_graph(src)) {
        graph_listing_fail(src, m, x, e);
        return;
    }
    if (outlook_token_fail(src, m)) {
        return;
    }
    outlook_token_stop(src, m);
    outlook_listing_fail(src, m, x, e);
}

void outlook_mailbox_close(void *src, struct mailbox *m)
{
    if (steps_by_graph(src)) {
        graph_listing_close(src, m);
        return;
    }
    outlook_token_stop(src, m);
    outlook_listing_close(src, m);
}

// ---- a lane

enum step outlook_lane_next(void *src, struct fetch *f, i64 now_ms, struct exchange *x)
{
    return steps_by_graph(src) ? graph_fetch_next(src, f, now_ms, x)
                               : outlook_fetch_next(src, f, now_ms, x);
}

err outlook_lane_head(void *src, struct fetch *f, struct exchange *x, const struct http_head *head)
{
    return steps_by_graph(src) ? graph_fetch_head(src, f, x, head)
                               : outlook_fetch_head(src, f, x, head);
}

err outlook_lane_body(void *src, struct fetch *f, struct exchange *x, str *in)
{
    return steps_by_graph(src) ? graph_fetch_body(src, f, x, in)
                               : outlook_fetch_body(src, f, x, in);
}

err outlook_lane_end(void *src, struct fetch *f, struct exchange *x)
{
    return steps_by_graph(src) ? graph_fetch_end(src, f, x) : outlook_fetch_end(src, f, x);
}

void outlook_lane_fail(void *src, struct fetch *f, struct exchange *x, err e)
{
    if (steps_by_graph(src)) {
        graph_fetch_fail(src, f, x, e);
    } else {
        outlook_fetch_fail(src, f, x, e);
    }
}
