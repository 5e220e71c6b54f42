// SPDX-License-Identifier: Apache-2.0
// What `mailferry check` wants to know of Exchange Online, beyond the steps of source.h: what the
// tokens permit, which way the run takes, and how far the opening of a mailbox came.
#ifndef SOURCE_OUTLOOK_GRAPH_CHECK_H
#define SOURCE_OUTLOOK_GRAPH_CHECK_H

#include "base/buf.h"
#include "source/work.h"

bool graph_check_is_cloud(const void *src); // struct source's state
bool graph_check_has_token(const void *src);

// "by its secret; permissions: Mail.Read, User.Read.All"
void graph_check_put_token(struct buf *b, const void *src);
// What Graph needs and the token does not name; false: nothing.
bool graph_check_put_missing(struct buf *b, const void *src);

// The way to the mailboxes is decided: true, and which one it is.
bool graph_check_put_way(struct buf *b, const void *src);
bool graph_check_is_ews(const void *src); // it is EWS, which Microsoft is closing

// Whether the calendars of this mailbox are known, read by Graph.
bool graph_check_mailbox(const struct mailbox *m);

#endif
