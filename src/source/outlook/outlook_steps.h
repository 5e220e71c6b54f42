// SPDX-License-Identifier: Apache-2.0
// The steps of the source (source.h), each passed on to the modules that a run's way leads through:
// EWS or Graph for mailboxes, LDAP or Graph for the directory. Where EWS is asked with a token, its
// mailboxes ask for that, and its lanes wait for it.
#ifndef SOURCE_OUTLOOK_OUTLOOK_STEPS_H
#define SOURCE_OUTLOOK_OUTLOOK_STEPS_H

#include "source/outlook/graph_fetch.h"
#include "source/outlook/graph_listing.h"
#include "source/outlook/graph_users.h"
#include "source/outlook/outlook_directory.h"
#include "source/outlook/outlook_fetch.h"
#include "source/outlook/outlook_listing.h"

// Room for either way.
union outlook_accounts {
    struct outlook_directory directory;
    struct graph_users users;
};
union outlook_any_mailbox {
    struct outlook_mailbox ews;
    struct graph_box graph;
};
union outlook_any_fetch {
    struct outlook_fetch ews;
    struct graph_fetch graph;
};

enum step outlook_accounts_next(void *src, void *st, i64 now_ms, struct exchange *x);
err outlook_accounts_head(void *src, void *st, struct exchange *x, const struct http_head *head);
err outlook_accounts_body(void *src, void *st, struct exchange *x, str *in,
                          const struct account_sink *to);
err outlook_accounts_end(void *src, void *st, struct exchange *x);
bool outlook_accounts_fail(void *src, void *st, struct exchange *x, err e);
err outlook_accounts_send(void *src, void *st, struct buf *room, bool *last);

// The ping is the beginning of the walk: a login, and the first page.
enum step outlook_ping_next(void *src, void *st, i64 now_ms, struct exchange *x);
err outlook_ping_body(void *src, void *st, struct exchange *x, str *in);

enum step outlook_mailbox_next(void *src, struct mailbox *m, i64 now_ms, struct exchange *x);
err outlook_mailbox_head(void *src, struct mailbox *m, struct exchange *x,
                         const struct http_head *head);
err outlook_mailbox_body(void *src, struct mailbox *m, struct exchange *x, str *in);
err outlook_mailbox_end(void *src, struct mailbox *m, struct exchange *x);
void outlook_mailbox_fail(void *src, struct mailbox *m, struct exchange *x, err e);
void outlook_mailbox_close(void *src, struct mailbox *m);

enum step outlook_lane_next(void *src, struct fetch *f, i64 now_ms, struct exchange *x);
err outlook_lane_head(void *src, struct fetch *f, struct exchange *x, const struct http_head *head);
err outlook_lane_body(void *src, struct fetch *f, struct exchange *x, str *in);
err outlook_lane_end(void *src, struct fetch *f, struct exchange *x);
void outlook_lane_fail(void *src, struct fetch *f, struct exchange *x, err e);

#endif
