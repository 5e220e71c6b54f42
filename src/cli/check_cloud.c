// SPDX-License-Identifier: Apache-2.0
// The hops of Exchange Online for `check`: Entra ID (a token, and what it permits), Microsoft Graph
// (one page of the users), the way that mailboxes would be read, and one of them.
#include <string.h>

#include "cli/check_internal.h"
#include "source/outlook/graph_check.h"
#include "source/outlook/outlook_check.h"

static const char *const entra_place = "Entra ID";
static const char *const graph_place = "Microsoft Graph";
static const char *const online_place = "Exchange Online";

// What the token lacks, and whether mailboxes can be read nevertheless.
static void cloud_tell_token(struct check *c)
{
    const void *src = c->s->source->state;
    graph_check_put_token(check_found(c), src);
    check_tell(c, CHECK_OK, entra_place, "token");
    if (graph_check_put_missing(check_found(c), src)) {
        buf_put(&c->found,
                S(": not named by the token; add them to the app in Entra admin centre > "
                  "App registrations > the app > API permissions, and grant admin "
                  "consent"));
        check_tell(c, CHECK_WARN, graph_place, "permissions");
    }
}

// false: what comes behind cannot be looked at.
static bool cloud_check_users(struct check *c)
{
    const void *src = c->s->source->state;
    memset(c->state, 0, (size_t)c->s->source->ops->accounts_bytes);
    enum check_end end = check_ask(c, &check_accounts_ops, c);
    if (graph_check_has_token(src)) {
        cloud_tell_token(c);
    }
    if (end == CHECK_CUT_OFF) {
        return false;
    }
    if (!err_ok(c->error) || c->accounts == 0) {
        err e = err_ok(c->error) ? FAIL(JOB_DIRECTORY_EMPTY) : c->error;
        bool token = graph_check_has_token(src);
        check_tell_error(c, token ? graph_place : entra_place, token ? "users" : "token", e,
                         buf_str(&c->detail));
        return false;
    }
    check_put_accounts(c);
    check_tell(c, CHECK_OK, graph_place, "users");
    return true;
}

static bool cloud_is_open(struct mailbox *m)
{
    return graph_check_mailbox(m);
}

static bool cloud_is_open_by_ews(struct mailbox *m)
{
    u8 bytes[128];
    struct buf unseen = buf_over(bytes, COUNT(bytes));
    return outlook_check_folders(m, &unseen);
}

static void cloud_check_mailbox(struct check *c, const char *place)
{
    int opened;
    c->mailbox_open = graph_check_is_ews(c->s->source->state) ? cloud_is_open_by_ews
                                                              : cloud_is_open;
    if (check_mailboxes(c, &opened) == CHECK_CUT_OFF) {
        return;
    }
    if (opened < 0) {
        buf_put(check_found(c), S("none of the first users has one: name one with --mailbox ADDR"));
        check_tell(c, CHECK_WARN, place, "mailbox");
        return;
    }
    if (!err_ok(c->error)) {
        bool own = !err_ok(c->mailbox.error);
        check_tell_error(c, place, "mailbox", c->error,
                         own ? buf_str(&c->mailbox.detail) : buf_str(&c->detail));
        return;
    }
    buf_put(check_found(c), S("that of "));
    buf_put(&c->found, check_mailbox(c, opened));
    buf_put(&c->found, S(" may be read"));
    check_tell(c, CHECK_OK, place, "mailbox");
}

void check_cloud(struct check *c)
{
    const void *src = c->s->source->state;
    if (!cloud_check_users(c) || c->s->watch.stopped) {
        return;
    }
    if (graph_check_put_way(check_found(c), src)) {
        bool ews = graph_check_is_ews(src);
        check_tell(c, ews ? CHECK_WARN : CHECK_OK, online_place, "way");
        cloud_check_mailbox(c, ews ? online_place : graph_place);
    }
}
